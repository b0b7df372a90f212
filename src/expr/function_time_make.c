/* Making dates, times, timestamps and intervals of numbers, and the time of the statement. */
#include <math.h>

#include "function_time.h"

#include "base/number.h"

/* of fields --------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status no_such_date(int64_t year, int64_t month, int64_t day, bp_error *err)
{
    return error_set(err, BP_CONVERSION, "Date out of range: %lld-%lld-%lld is no day of the calendar", (long long)year,
                     (long long)month, (long long)day);
}

bp_status time_make_day(const function_call *call, const column *arguments, size_t row, int32_t *out, bp_error *err)
{
    int64_t year = VALUE(&arguments[0], int64_t, row), month = VALUE(&arguments[1], int64_t, row),
            day = VALUE(&arguments[2], int64_t, row);

    *out = 0;
    if (call_skips(call, row) || date_make(out, year, month, day)) return BP_OK;
    return no_such_date(year, month, day, err);
}

/* Hour, minute and seconds with fraction; 60 seconds that rounding makes go on to the next minute. */
bp_status time_make_clock(const function_call *call, const column *arguments, size_t row, int64_t *out, bp_error *err)
{
    int64_t hour = VALUE(&arguments[0], int64_t, row), minute = VALUE(&arguments[1], int64_t, row);
    double seconds = VALUE(&arguments[2], double, row), micros;
    char text[NUMBER_DOUBLE_SIZE];
    int size;

    *out = 0;
    if (call_skips(call, row)) return BP_OK;
    if (!isfinite(seconds)) return error_set(err, BP_CONVERSION, "Time out of range: seconds must be a finite number");
    micros = round(seconds * 1e6);
    if (hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && micros >= 0 && micros <= 60e6) {
        *out = (hour * 60 + minute) * MICROS_PER_MINUTE + (int64_t)micros;
        if (*out <= MICROS_PER_DAY) return BP_OK;
    }
    *out = 0;
    size = (int)number_print_double(text, seconds);
    return error_set(err, BP_CONVERSION, "Time out of range: %lld:%lld:%.*s is no time of a day", (long long)hour,
                     (long long)minute, size, text);
}

KERNEL(time_make_date)
{
    int32_t *to = call_values(call, out, 4);
    bp_status status = BP_OK;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 4, err);
    for (size_t row = 0; row < call->rows && !status; row++) status = time_make_day(call, arguments, row, &to[row], err);
    return status;
}

/* Days since 1970 are a date already. */
KERNEL(time_make_date_of_days)
{
    (void)count, (void)err;
    out->values = arguments[0].values;
    out->encoding = arguments[0].encoding;
    return BP_OK;
}

KERNEL(time_make_time)
{
    int64_t *to = call_values(call, out, 8);
    bp_status status = BP_OK;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows && !status; row++) status = time_make_clock(call, arguments, row, &to[row], err);
    return status;
}

KERNEL(time_make_timestamp)
{
    int64_t *to = call_values(call, out, 8);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t clock;
        int32_t date;
        bp_status status;
        if ((status = time_make_day(call, arguments, row, &date, err))) return status;
        if ((status = time_make_clock(call, arguments + 3, row, &clock, err))) return status;
        if (timestamp_make(&to[row], date, clock)) continue;
        return error_set(err, BP_CONVERSION, "Date and time not in timestamp range: the day of year %lld is too far",
                         (long long)VALUE(&arguments[0], int64_t, row));
    }
    return BP_OK;
}

/* of one number -------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status run_count(time_unit unit, const function_call *call, const column *in, column *out, bp_error *err)
{
    static const char *const words[] = {"seconds", "milliseconds", "microseconds", "nanoseconds"};
    int64_t *to = call_values(call, out, 8);

    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t value = VALUE(in, int64_t, row);
        if (LIKELY(timestamp_is_finite(value) && value != INT64_MIN &&
                   timestamp_convert(value, unit, (time_unit)out->type.unit, &to[row])))
            continue;
        to[row] = 0;
        if (call_skips(call, row)) continue;
        return error_set(err, BP_CONVERSION, "Timestamp %s out of range: %lld", words[unit], (long long)value);
    }
    return BP_OK;
}

KERNEL(time_timestamp_of_micros)
{
    (void)count;
    return run_count(UNIT_MICRO, call, &arguments[0], out, err);
}
KERNEL(time_timestamp_of_millis)
{
    (void)count;
    return run_count(UNIT_MILLI, call, &arguments[0], out, err);
}
KERNEL(time_timestamp_of_nanos)
{
    (void)count;
    return run_count(UNIT_NANO, call, &arguments[0], out, err);
}

static bp_status double_out_of_range(const char *what, double value, bp_error *err)
{
    char text[NUMBER_DOUBLE_SIZE];
    int size = (int)number_print_double(text, value);

    return error_set(err, BP_OUT_OF_RANGE, "%s: %.*s", what, size, text);
}

KERNEL(time_to_timestamp)
{
    int64_t *to = call_values(call, out, 8);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        double micros = rint(VALUE(&arguments[0], double, row) * 1e6);
        to[row] = 0;
        if (LIKELY(micros > -9223372036854775807.0 && micros < 9223372036854775807.0))
            to[row] = (int64_t)micros;
        else if (!call_skips(call, row))
            return double_out_of_range("Epoch seconds out of range for TIMESTAMP WITH TIME ZONE", VALUE(&arguments[0], double, row),
                                       err);
    }
    return BP_OK;
}

/* intervals ----------------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status too_long(int64_t count, const char *word, bp_error *err)
{
    return error_set(err, BP_OUT_OF_RANGE, "Interval value %lld %s out of range", (long long)count, word);
}

typedef enum interval_field { FIELD_MONTHS, FIELD_DAYS, FIELD_MICROS } interval_field;

static bp_status run_units(interval_field field, int64_t size, const char *word, const function_call *call, const column *in,
                           column *out, bp_error *err)
{
    interval *to = call_values(call, out, 16);

    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t total;
        bool fits = !ckd_mul(&total, VALUE(in, int64_t, row), size) &&
                    (field == FIELD_MICROS || (total >= INT32_MIN && total <= INT32_MAX));
        if (UNLIKELY(!fits)) {
            if (call_skips(call, row)) continue;
            return too_long(VALUE(in, int64_t, row), word, err);
        }
        to[row] = field == FIELD_MONTHS ? (interval){(int32_t)total, 0, 0}
                  : field == FIELD_DAYS ? (interval){0, (int32_t)total, 0}
                                        : (interval){0, 0, total};
    }
    return BP_OK;
}

#define UNIT_KERNEL(word, field, size)                                                                                             \
    KERNEL(time_to_##word)                                                                                                         \
    {                                                                                                                              \
        (void)count;                                                                                                               \
        return run_units(field, size, #word, call, &arguments[0], out, err);                                                       \
    }
UNIT_KERNEL(millennia, FIELD_MONTHS, 12000)
UNIT_KERNEL(centuries, FIELD_MONTHS, 1200)
UNIT_KERNEL(decades, FIELD_MONTHS, 120)
UNIT_KERNEL(years, FIELD_MONTHS, 12)
UNIT_KERNEL(quarters, FIELD_MONTHS, 3)
UNIT_KERNEL(months, FIELD_MONTHS, 1)
UNIT_KERNEL(weeks, FIELD_DAYS, 7)
UNIT_KERNEL(days, FIELD_DAYS, 1)
UNIT_KERNEL(hours, FIELD_MICROS, MICROS_PER_HOUR)
UNIT_KERNEL(minutes, FIELD_MICROS, MICROS_PER_MINUTE)
UNIT_KERNEL(microseconds, FIELD_MICROS, 1)

/* Seconds and milliseconds come with a fraction. */
static bp_status run_fractions(double size, const char *what, const function_call *call, const column *in, column *out,
                               bp_error *err)
{
    interval *to = call_values(call, out, 16);

    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        double count = VALUE(in, double, row), micros = rint(count * size);
        if (LIKELY(micros >= -9223372036854775808.0 && micros < 9223372036854775808.0))
            to[row] = (interval){0, 0, (int64_t)micros};
        else if (!call_skips(call, row))
            return double_out_of_range(what, count, err);
    }
    return BP_OK;
}

KERNEL(time_to_seconds)
{
    (void)count;
    return run_fractions(1e6, "Interval value of seconds out of range", call, &arguments[0], out, err);
}
KERNEL(time_to_milliseconds)
{
    (void)count;
    return run_fractions(1e3, "Interval value of milliseconds out of range", call, &arguments[0], out, err);
}

/* the statement's time ----------------------------------------------------------------------------------------------------------------------------------------- */
/* All of these agree within a statement: the moment it began, in UTC. */
KERNEL(time_now)
{
    int64_t *to = call_values(call, out, 8);

    (void)arguments, (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) to[row] = call->context->statement_micros;
    return BP_OK;
}

KERNEL(time_today)
{
    int32_t *to = call_values(call, out, 4);

    (void)arguments, (void)count;
    if (!to) return call_no_memory(call, call->rows * 4, err);
    for (size_t row = 0; row < call->rows; row++) to[row] = stamp_day(call->context->statement_micros);
    return BP_OK;
}

KERNEL(time_time_of_day)
{
    int64_t *to = call_values(call, out, 8);

    (void)arguments, (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) to[row] = stamp_of_day(call->context->statement_micros);
    return BP_OK;
}
