/* Parts of dates, times and intervals: taking one out, cutting down to it, counting it between two times.
 *
 * Decades, centuries and millennia follow DuckDB, division towards zero included: decade of 44 BC (year -43) is -4, its century -1. */
#include "temporal_internal.h"

#define MICROS_PER_MINUTE (60 * MICROS_PER_SECOND)
#define MICROS_PER_HOUR (60 * MICROS_PER_MINUTE)

static const char *const part_aliases[DATE_PART_COUNT] = {
#define PART(name, aliases) aliases,
#include "date_parts.def"
#undef PART
};

/* The word of `aliases` at *at, which moves behind it; empty at the end. */
static string_view next_word(const char **at)
{
    const char *begin = *at, *end = begin;

    while (*end && *end != ' ') end++;
    *at = *end ? end + 1 : end;
    return (string_view){begin, (size_t)(end - begin)};
}

bool date_part_parse(string_view text, date_part *out)
{
    for (int part = 0; part < DATE_PART_COUNT; part++) {
        const char *at = part_aliases[part];

        for (string_view word = next_word(&at); word.size; word = next_word(&at)) {
            if (!string_equal_nocase(word, text)) continue;
            *out = (date_part)part;
            return true;
        }
    }
    return false;
}

string_view date_part_name(date_part part)
{
    const char *at = (unsigned)part < DATE_PART_COUNT ? part_aliases[part] : "";

    return next_word(&at);
}

bool date_part_is_double(date_part part)
{
    return part == PART_EPOCH || part == PART_JULIAN;
}

/* Dates ----------------------------------------------------------------------------------------------------------------------- */

/* 0 = Monday. */
static int weekday(int32_t date)
{
    int64_t days = (int64_t)date + 3; /* 1970-01-01 was a Thursday */

    return (int)(days - floor_divide(days, 7) * 7);
}

static int64_t monday_of(int32_t date)
{
    return (int64_t)date - weekday(date);
}

/* The Monday of the ISO year's first week, the one with 4 January. */
static int64_t first_monday(int64_t year)
{
    int64_t fourth = civil_to_days(year, 1, 4), shifted = fourth + 3;

    return fourth - (shifted - floor_divide(shifted, 7) * 7);
}

static int64_t iso_year(int32_t date)
{
    int64_t year = civil_from_days(date).year;

    if (date >= first_monday(year + 1)) return year + 1;
    return date < first_monday(year) ? year - 1 : year;
}

static int64_t iso_week(int32_t date)
{
    return (date - first_monday(iso_year(date))) / 7 + 1;
}

/* Years counted in hundreds or thousands, from 1 and (before the year 1) from -1. */
static int64_t count_years(int64_t year, int64_t span)
{
    return year > 0 ? (year - 1) / span + 1 : year / span - 1;
}

int64_t date_part_of_date(date_part part, int32_t date)
{
    civil_date civil = civil_from_days(date);
    int64_t year = civil.year;

    switch (part) {
    case PART_YEAR: return year;
    case PART_MONTH: return civil.month;
    case PART_DAY: return civil.day;
    case PART_DECADE: return year / 10;
    case PART_CENTURY: return count_years(year, 100);
    case PART_MILLENNIUM: return count_years(year, 1000);
    case PART_QUARTER: return (civil.month - 1) / 3 + 1;
    case PART_DAY_OF_WEEK: return (weekday(date) + 1) % 7;
    case PART_ISO_DAY_OF_WEEK: return weekday(date) + 1;
    case PART_DAY_OF_YEAR: return date - civil_to_days(year, 1, 1) + 1;
    case PART_WEEK: return iso_week(date);
    case PART_ISO_YEAR: return iso_year(date);
    case PART_YEAR_WEEK: return iso_year(date) * 100 + (iso_year(date) > 0 ? iso_week(date) : -iso_week(date));
    case PART_ERA: return year > 0;
    case PART_EPOCH: return (int64_t)date * 86400;
    case PART_JULIAN: return (int64_t)date + 2440588;
    default: return 0;
    }
}

int64_t date_part_of_time(date_part part, int64_t micros)
{
    switch (part) {
    case PART_HOUR: return micros / MICROS_PER_HOUR;
    case PART_MINUTE: return micros / MICROS_PER_MINUTE % 60;
    case PART_SECOND: return micros / MICROS_PER_SECOND % 60;
    case PART_MILLISECOND: return micros % MICROS_PER_MINUTE / 1000;
    case PART_MICROSECOND: return micros % MICROS_PER_MINUTE;
    case PART_NANOSECOND: return micros % MICROS_PER_MINUTE * 1000;
    case PART_EPOCH: return micros / MICROS_PER_SECOND;
    default: return 0;
    }
}

int64_t date_part_of_timestamp(date_part part, int64_t micros)
{
    int32_t days;
    int64_t of_day;

    timestamp_split(micros, &days, &of_day);
    switch (part) {
    case PART_HOUR:
    case PART_MINUTE:
    case PART_SECOND:
    case PART_MILLISECOND:
    case PART_MICROSECOND:
    case PART_NANOSECOND: return date_part_of_time(part, of_day);
    case PART_EPOCH: return floor_divide(micros, MICROS_PER_SECOND);
    default: return date_part_of_date(part, days);
    }
}

double date_part_double_of_timestamp(date_part part, int64_t micros)
{
    int32_t days;
    int64_t of_day;

    if (part == PART_EPOCH) return (double)micros / 1e6;
    if (part != PART_JULIAN) return (double)date_part_of_timestamp(part, micros);
    timestamp_split(micros, &days, &of_day);
    return (double)((int64_t)days + 2440588) + (double)of_day / (double)MICROS_PER_DAY;
}

int64_t date_part_of_interval(date_part part, interval value)
{
    switch (part) {
    case PART_YEAR: return value.months / 12;
    case PART_MONTH: return value.months % 12;
    case PART_DAY: return value.days;
    case PART_DECADE: return value.months / 120;
    case PART_CENTURY: return value.months / 1200;
    case PART_MILLENNIUM: return value.months / 12000;
    case PART_QUARTER: return value.months % 12 / 3 + 1;
    case PART_HOUR: return value.micros / MICROS_PER_HOUR;
    case PART_EPOCH: return (int64_t)date_part_double_of_interval(part, value);
    default: return date_part_of_time(part, value.micros);
    }
}

double date_part_double_of_interval(date_part part, interval value)
{
    int64_t whole;

    if (part != PART_EPOCH) return (double)date_part_of_interval(part, value);
    /* A year is 365.25 days, a month 30. */
    whole = (int64_t)(value.months / 12) * 31557600 + (int64_t)(value.months % 12) * 2592000 + (int64_t)value.days * 86400;
    return (double)whole + (double)value.micros / 1e6;
}

/* Cutting --------------------------------------------------------------------------------------------------------------------- */

static bool to_date(int64_t days, int32_t *out)
{
    *out = (int32_t)days;
    return days > DATE_MINUS_INFINITY && days < DATE_INFINITY;
}

bool date_trunc_date(date_part part, int32_t date, int32_t *out)
{
    civil_date civil = civil_from_days(date);

    *out = date;
    if (!date_is_finite(date)) return true;
    switch (part) {
    case PART_YEAR: return date_make(out, civil.year, 1, 1);
    case PART_MONTH: return date_make(out, civil.year, civil.month, 1);
    case PART_QUARTER: return date_make(out, civil.year, (civil.month - 1) / 3 * 3 + 1, 1);
    case PART_DECADE: return date_make(out, civil.year / 10 * 10, 1, 1);
    case PART_CENTURY: return date_make(out, civil.year / 100 * 100, 1, 1);
    case PART_MILLENNIUM: return date_make(out, civil.year / 1000 * 1000, 1, 1);
    case PART_WEEK:
    case PART_YEAR_WEEK: return to_date(monday_of(date), out);
    case PART_ISO_YEAR: return to_date(first_monday(iso_year(date)), out);
    case PART_ERA:
    case PART_TIMEZONE:
    case PART_TIMEZONE_HOUR:
    case PART_TIMEZONE_MINUTE:
    case DATE_PART_COUNT: return false;
    default: return true; /* days and what is smaller */
    }
}

/* Micros in the part; 0: it is a day or longer. */
static int64_t part_micros(date_part part)
{
    switch (part) {
    case PART_HOUR: return MICROS_PER_HOUR;
    case PART_MINUTE: return MICROS_PER_MINUTE;
    case PART_SECOND:
    case PART_EPOCH: return MICROS_PER_SECOND;
    case PART_MILLISECOND: return 1000;
    case PART_MICROSECOND:
    case PART_NANOSECOND: return 1;
    default: return 0;
    }
}

bool date_trunc_timestamp(date_part part, int64_t micros, int64_t *out)
{
    int64_t width = part_micros(part), of_day;
    int32_t days;

    *out = micros;
    if (!timestamp_is_finite(micros)) return true;
    timestamp_split(micros, &days, &of_day);
    if (width) return timestamp_make(out, days, of_day - of_day % width);
    return date_trunc_date(part, days, &days) && timestamp_make(out, days, 0);
}

/* Months in the part; 0: it is no number of months. */
static int32_t part_months(date_part part)
{
    switch (part) {
    case PART_MONTH: return 1;
    case PART_QUARTER: return 3;
    case PART_YEAR:
    case PART_ISO_YEAR: return 12;
    case PART_DECADE: return 120;
    case PART_CENTURY: return 1200;
    case PART_MILLENNIUM: return 12000;
    default: return 0;
    }
}

bool date_trunc_interval(date_part part, interval value, interval *out)
{
    int64_t width = part_micros(part);
    int32_t months = part_months(part);

    *out = value;
    if (width) {
        out->micros -= value.micros % width;
        return true;
    }
    out->micros = 0;
    if (months) {
        *out = (interval){value.months - value.months % months, 0, 0};
        return true;
    }
    switch (part) {
    case PART_WEEK:
    case PART_YEAR_WEEK: out->days -= value.days % 7; return true;
    case PART_DAY:
    case PART_DAY_OF_WEEK:
    case PART_ISO_DAY_OF_WEEK:
    case PART_DAY_OF_YEAR:
    case PART_JULIAN: return true;
    default: return false;
    }
}

/* Counting -------------------------------------------------------------------------------------------------------------------- */

static bool has_width(date_part part)
{
    return part < DATE_PART_COUNT && part != PART_ERA && part != PART_TIMEZONE && part != PART_TIMEZONE_HOUR &&
           part != PART_TIMEZONE_MINUTE;
}

static int64_t count_months(int32_t date)
{
    civil_date civil = civil_from_days(date);

    return (int64_t)civil.year * 12 + civil.month - 1;
}

bool date_diff_timestamp(date_part part, int64_t left, int64_t right, int64_t *out)
{
    int32_t left_day, right_day, months = part_months(part);
    int64_t width = part_micros(part), of_day;

    if (!timestamp_is_finite(left) || !timestamp_is_finite(right) || !has_width(part)) return false;
    if (part == PART_NANOSECOND) return !ckd_sub(out, right, left) && !ckd_mul(out, *out, (int64_t)1000);
    if (width) return !ckd_sub(out, floor_divide(right, width), floor_divide(left, width));
    timestamp_split(left, &left_day, &of_day);
    timestamp_split(right, &right_day, &of_day);
    if (part == PART_ISO_YEAR)
        *out = iso_year(right_day) - iso_year(left_day);
    else if (part == PART_QUARTER || part == PART_MONTH)
        *out = count_months(right_day) / months - count_months(left_day) / months;
    else if (months)
        *out = civil_from_days(right_day).year / (months / 12) - civil_from_days(left_day).year / (months / 12);
    else
        *out = ((int64_t)right_day - left_day) / (part == PART_WEEK || part == PART_YEAR_WEEK ? 7 : 1); /* distance, not Mondays */
    return true;
}

/* Whole months from left to right; left <= right. */
static int64_t months_between(int64_t left, int64_t right)
{
    int32_t left_day, right_day, moved;
    int64_t left_micros, right_micros, months;

    timestamp_split(left, &left_day, &left_micros);
    timestamp_split(right, &right_day, &right_micros);
    months = count_months(right_day) - count_months(left_day);
    if (!date_add_months(left_day, months, &moved)) return months - 1;
    return months - (moved > right_day || (moved == right_day && left_micros > right_micros));
}

bool date_sub_timestamp(date_part part, int64_t left, int64_t right, int64_t *out)
{
    int64_t width = part_micros(part);
    int32_t months = part_months(part);

    if (!timestamp_is_finite(left) || !timestamp_is_finite(right) || !has_width(part)) return false;
    if (months) {
        *out = (left <= right ? months_between(left, right) : -months_between(right, left)) / months;
        return true;
    }
    if (part == PART_NANOSECOND) return !ckd_sub(out, right, left) && !ckd_mul(out, *out, (int64_t)1000);
    if (part == PART_WEEK || part == PART_YEAR_WEEK)
        width = 7 * MICROS_PER_DAY;
    else if (!width)
        width = MICROS_PER_DAY;
    if (ckd_sub(out, right, left)) return false;
    *out /= width;
    return true;
}

bool time_bucket_timestamp(interval width, int64_t micros, int64_t origin, int64_t *out)
{
    int64_t step, offset, day_micros, of_day, months;
    int32_t day, origin_day;

    *out = micros;
    if (!timestamp_is_finite(micros)) return true;
    if (width.months > 0 && width.days == 0 && width.micros == 0) {
        timestamp_split(micros, &day, &of_day);
        timestamp_split(origin, &origin_day, &of_day);
        months = count_months(origin_day);
        months += floor_divide(count_months(day) - months, width.months) * width.months;
        return date_make(&day, floor_divide(months, 12), months - floor_divide(months, 12) * 12 + 1, 1) &&
               timestamp_make(out, day, 0);
    }
    if (width.months != 0 || ckd_mul(&day_micros, (int64_t)width.days, MICROS_PER_DAY) ||
        ckd_add(&step, day_micros, width.micros) || step <= 0)
        return false;
    /* How far the value lies behind the bucket's start: the difference of the two rests, since value - origin may overflow. */
    offset = (micros - floor_divide(micros, step) * step) - (origin - floor_divide(origin, step) * step);
    if (offset < 0) offset += step;
    return !ckd_sub(out, micros, offset) && timestamp_is_finite(*out);
}
