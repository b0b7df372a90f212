/* What the functions of dates and times share: the calendar as their loops inline it, and what they do about infinity.
 *
 * The calendar here is base/temporal's (a test holds them equal) in the form that runs fastest over columns: eras of 400 years that begin on
 * 1 March, and divisions that are multiplications (Neri and Schneider, "Euclidean affine functions and their application to calendar
 * algorithms"). Every int32 day, so every bit pattern below a NULL, gives some answer and no undefined behaviour.
 *
 * A value that is infinite has no parts: loops compute something, tell that they met one, and only then are the rows looked at. */
#ifndef EXPR_FUNCTION_TIME_H
#define EXPR_FUNCTION_TIME_H

#include "base/temporal.h"
#include "base/zone.h"
#include "function_internal.h"

#define MICROS_PER_HOUR (3600 * MICROS_PER_SECOND)
#define MICROS_PER_MINUTE (60 * MICROS_PER_SECOND)
#define NANOS_PER_MICRO 1000
/* Days whose midnight is a timestamp: -106751991 … 106751991. */
#define STAMP_DAYS 106751991

typedef struct calendar_day {
    int32_t year;
    uint32_t month, day; /* from 1 */
    uint32_t day_of_year; /* from 0 */
} calendar_day;

static inline bool calendar_is_leap(int32_t year)
{
    return year % 25 != 0 ? (year & 3) == 0 : (year & 15) == 0;
}

static inline calendar_day calendar_split(int64_t date)
{
    /* 14,701 eras more make every day positive. */
    uint64_t quarters = 4 * (uint64_t)(date + 719468 + INT64_C(14701) * 146097) + 3, century = quarters / 146097;
    uint32_t of_century = (uint32_t)(quarters - century * 146097) / 4;
    uint64_t product = UINT64_C(2939745) * (4 * of_century + 3);
    uint32_t from_march = (uint32_t)product / 2939745 / 4; /* 0: 1 March */
    uint32_t packed = 2141 * from_march + 197913, after_new_year = from_march >= 306;
    calendar_day out;

    out.year = (int32_t)(100 * century + (product >> 32)) - 400 * 14701 + (int32_t)after_new_year;
    out.month = (packed >> 16) - 12 * after_new_year;
    out.day = (packed & 0xffff) / 2141 + 1;
    out.day_of_year = after_new_year ? from_march - 306 : from_march + 59 + calendar_is_leap(out.year);
    return out;
}

/* The reverse; month and day are taken as valid, the year as one of a date. */
static inline int64_t calendar_days(int64_t year, uint32_t month, uint32_t day)
{
    uint32_t early = month <= 2;
    uint64_t years = (uint64_t)(year + 400 * 14701) - early, century = years / 100;
    uint64_t of_years = 1461 * years / 4 - century + century / 4, of_months = (979 * (early ? month + 12 : month) - 2919) / 32;

    return (int64_t)(of_years + of_months + day) - 1 - 719468 - INT64_C(14701) * 146097;
}
static inline uint32_t calendar_month_days(int32_t year, uint32_t month)
{
    return month == 2 ? 28u + calendar_is_leap(year) : 30 + ((month + (month >> 3)) & 1);
}
/* A finite day some months on, cut to the month's end; false: out of range. */
static inline bool calendar_plus_months(int32_t date, int64_t months, int32_t *out)
{
    calendar_day from = calendar_split(date);
    int64_t total = (int64_t)from.year * 12 + (int64_t)from.month - 1 + months, year, days;
    uint32_t month, last;

    if (total < -INT64_C(5877641) * 12 || total > INT64_C(5881580) * 12 + 11) return false;
    year = (total + 12 * INT64_C(400) * 14701) / 12 - 400 * 14701;
    month = (uint32_t)(total - year * 12) + 1;
    last = calendar_month_days((int32_t)year, month);
    days = calendar_days(year, month, from.day < last ? from.day : last);
    *out = (int32_t)days;
    return days > DATE_MINUS_INFINITY && days < DATE_INFINITY;
}

/* The day of a timestamp of micros, rounded down: 86,400,000,000 = 2^13 * 10,546,875, so the dividend becomes small and positive. */
static inline int32_t stamp_day(int64_t micros)
{
    return (int32_t)((int64_t)((uint64_t)((micros >> 13) + INT64_C(106751992) * 10546875) / 10546875) - 106751992);
}
static inline int64_t stamp_of_day(int64_t micros)
{
    return (int64_t)((uint64_t)micros - (uint64_t)stamp_day(micros) * (uint64_t)MICROS_PER_DAY);
}
/* Rounded down; divisor > 0. */
static inline int64_t divide_down(int64_t value, int64_t divisor)
{
    return value / divisor - (value % divisor < 0);
}
/* 0 = Monday. */
static inline uint32_t weekday_of(int64_t date)
{
    return (uint32_t)((uint64_t)(date + 3 + INT64_C(306783379) * 7) % 7);
}
/* The Thursday of a day's week: it has the week's year. */
static inline int64_t thursday_of(int64_t date)
{
    return date - weekday_of(date) + 3;
}
static inline bool date_is_infinite(int32_t date)
{
    return date == DATE_INFINITY || date == DATE_MINUS_INFINITY;
}
static inline bool stamp_is_infinite(int64_t stamp)
{
    return stamp == TIMESTAMP_INFINITY || stamp == TIMESTAMP_MINUS_INFINITY;
}
static inline bool is_stamp(data_type type)
{
    return type.id == TYPE_TIMESTAMP || type.id == TYPE_TIMESTAMP_TZ;
}

/* A DATE or timestamp of micros at a row as a timestamp; false: a day too far. */
bool time_stamp_at(const column *in, size_t row, int64_t *micros);
/* Rows whose DATE or timestamp is infinite become NULL. */
bp_status time_hide_infinite(const function_call *call, const column *in, column *out, bp_error *err);
/* "Date and time not in timestamp range" and the value at fault. */
bp_status time_out_of_range(const function_call *call, const column *in, size_t row, bp_error *err);

/* The part that an argument names. In a bind: *known tells that it is constant; an unknown name is an error, NULL is not (then *known is false). */
bp_status time_bind_part(const function_binding *binding, size_t index, date_part *part, bool *known, bp_error *err);
bp_status time_parse_part(string_view text, date_part *part, bp_error *err);
/* Whether the type has the part: else BP_NOT_SUPPORTED. */
bp_status time_check_part(data_type type, date_part part, bp_error *err);
/* The part of a column, as BIGINT or DOUBLE. */
bp_status time_run_part(date_part part, const function_call *call, const column *in, column *out, bp_error *err);
/* bind_data that holds a part: NULL is none, for rows name it. */
static inline bool time_bound_part(const function_call *call, date_part *part)
{
    if (!call->bind_data) return false;
    *part = *(const date_part *)call->bind_data;
    return true;
}
/* A zone being used on row after row: opened once as long as the name stays, and its offset looked up once as long as the times stay in one span. */
typedef struct zone_memo {
    const zone *zone;
    char name[64];
    size_t name_size;
    zone_span utc, local;
} zone_memo;
/* bound: opened when the call was bound, or NULL. */
zone_memo time_zone_memo(const zone *bound);
bp_status time_zone_named(zone_memo *memo, const function_call *call, string_view name, bp_error *err);
/* Between an instant and the wall clock, in micros; infinity stays. False: out of range. */
bool time_zone_to_local(zone_memo *memo, int64_t instant, int64_t *local);
bool time_zone_to_instant(zone_memo *memo, int64_t local, int64_t *instant);
/* Open a zone that is constant, as bind_data. */
bp_status time_bind_zone(function_binding *binding, size_t index, bp_error *err);

/* time_bucket() of one value. third (may be NULL): an origin or a shift. */
bp_status time_check_bucket(interval width, bp_error *err);
bool time_bucket_of(interval width, int64_t micros, const column *third, size_t row, int64_t *out);
#define BUCKET_ORIGIN_DAYS INT64_C(946857600000000) /* 2000-01-03, a Monday */
#define BUCKET_ORIGIN_MONTHS INT64_C(946684800000000) /* 2000-01-01 */

/* A day of year, month and day, a time of hour, minute and seconds; 0 for a row with a NULL. */
bp_status time_make_day(const function_call *call, const column *arguments, size_t row, int32_t *out, bp_error *err);
bp_status time_make_clock(const function_call *call, const column *arguments, size_t row, int64_t *out, bp_error *err);

/* Keep the part for the kernel. */
bp_status time_keep_part(function_binding *binding, date_part part, bp_error *err);

#endif
