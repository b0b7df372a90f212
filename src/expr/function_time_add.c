/* + - * / of dates, times and intervals.
 *
 * A sum that leaves the range is an error, an infinite date or timestamp stays infinite. DATE + INTERVAL is a TIMESTAMP, as in DuckDB. Months are added
 * first (31 January + 1 month is the end of February), then days, then time. */
#include <math.h>

#include "function_time.h"

typedef enum direction { FORWARD = 1, BACKWARD = -1 } direction;

/* DATE and INTEGER ------------------------------------------------------------------------------------------------------------------------------ */
static bp_status date_overflow(bp_error *err)
{
    return error_set(err, BP_OUT_OF_RANGE, "Date out of range: dates lie between 5877642-06-25 (BC) and 5881580-07-10");
}

static bp_status run_days(direction sign, const function_call *call, const column *dates, const column *days, column *out,
                          bp_error *err)
{
    int32_t *to = call_values(call, out, 4);

    if (!to) return call_no_memory(call, call->rows * 4, err);
    for (size_t row = 0; row < call->rows; row++) {
        int32_t date = VALUE(dates, int32_t, row);
        int64_t moved = date + (int64_t)sign * VALUE(days, int32_t, row);
        if (UNLIKELY(!date_is_finite(date))) moved = date;
        to[row] = (int32_t)moved;
        if (UNLIKELY(moved <= DATE_MINUS_INFINITY || moved >= DATE_INFINITY) && date_is_finite(date) && !call_skips(call, row))
            return date_overflow(err);
    }
    return BP_OK;
}

KERNEL(time_date_plus_days)
{
    (void)count;
    return run_days(FORWARD, call, &arguments[0], &arguments[1], out, err);
}
KERNEL(time_days_plus_date)
{
    (void)count;
    return run_days(FORWARD, call, &arguments[1], &arguments[0], out, err);
}
KERNEL(time_date_minus_days)
{
    (void)count;
    return run_days(BACKWARD, call, &arguments[0], &arguments[1], out, err);
}

KERNEL(time_date_minus_date)
{
    int64_t *to = call_values(call, out, 8);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++)
        to[row] = (int64_t)VALUE(&arguments[0], int32_t, row) - VALUE(&arguments[1], int32_t, row);
    return BP_OK;
}

/* with INTERVAL ----------------------------------------------------------------------------------------------------------------------------------- */
/* timestamp_add_interval() with the calendar inlined. */
static inline bool stamp_plus(int64_t micros, interval by, int64_t *out)
{
    int64_t more;
    int32_t day;

    *out = micros;
    if (UNLIKELY(stamp_is_infinite(micros))) return true;
    if (by.months) {
        int64_t of_day = stamp_of_day(micros);
        if (!calendar_plus_months(stamp_day(micros), by.months, &day) || ckd_mul(&micros, (int64_t)day, MICROS_PER_DAY) ||
            ckd_add(&micros, micros, of_day))
            return false;
    }
    return !ckd_mul(&more, (int64_t)by.days, MICROS_PER_DAY) && !ckd_add(out, micros, more) && !ckd_add(out, *out, by.micros) &&
           *out < TIMESTAMP_INFINITY && *out > TIMESTAMP_MINUS_INFINITY;
}

/* Timestamps of nanoseconds. */
static bool nanos_plus(int64_t nanos, interval by, int64_t *out)
{
    int64_t nanos_per_day = MICROS_PER_DAY * NANOS_PER_MICRO, day = divide_down(nanos, nanos_per_day),
            rest = nanos - day * nanos_per_day;
    int128 sum;
    int32_t moved;

    *out = nanos;
    if (!timestamp_is_finite(nanos)) return true;
    if (!date_add_months((int32_t)day, by.months, &moved)) return false;
    sum = ((int128)moved + by.days) * nanos_per_day + rest + (int128)by.micros * NANOS_PER_MICRO;
    *out = (int64_t)sum;
    return sum > TIMESTAMP_MINUS_INFINITY && sum < TIMESTAMP_INFINITY;
}

/* The interval of a row, with the sign; false: it has no negative. */
static inline bool interval_at(const column *in, size_t row, direction sign, interval *out)
{
    *out = VALUE(in, interval, row);
    return sign == FORWARD || interval_negate(*out, out);
}

/* A DATE or TIMESTAMP of any unit. */
static bp_status run_stamp_plus(direction sign, const function_call *call, const column *stamps, const column *intervals,
                                column *out, bp_error *err)
{
    int64_t *to = call_values(call, out, 8);
    bool nanos = stamps->type.id != TYPE_DATE && stamps->type.unit == UNIT_NANO;

    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        interval by;
        int64_t stamp;
        bool fits = time_stamp_at(stamps, row, &stamp) && interval_at(intervals, row, sign, &by) &&
                    (nanos ? nanos_plus(stamp, by, &to[row]) : stamp_plus(stamp, by, &to[row]));
        if (LIKELY(fits)) continue;
        to[row] = 0;
        if (!call_skips(call, row)) return time_out_of_range(call, stamps, row, err);
    }
    return BP_OK;
}

KERNEL(time_stamp_plus)
{
    (void)count;
    return run_stamp_plus(FORWARD, call, &arguments[0], &arguments[1], out, err);
}
KERNEL(time_plus_stamp)
{
    (void)count;
    return run_stamp_plus(FORWARD, call, &arguments[1], &arguments[0], out, err);
}
KERNEL(time_stamp_minus)
{
    (void)count;
    return run_stamp_plus(BACKWARD, call, &arguments[0], &arguments[1], out, err);
}

/* A time of day goes round the clock; days and months of the interval do not count. */
static bp_status run_clock_plus(direction sign, const function_call *call, const column *times, const column *intervals,
                                column *out, bp_error *err)
{
    int64_t *to = call_values(call, out, 8);

    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t by = VALUE(intervals, interval, row).micros % MICROS_PER_DAY;
        int64_t sum = VALUE(times, int64_t, row) % MICROS_PER_DAY + (sign == FORWARD ? by : -by);
        to[row] = sum - divide_down(sum, MICROS_PER_DAY) * MICROS_PER_DAY;
    }
    return BP_OK;
}

KERNEL(time_clock_plus)
{
    (void)count;
    return run_clock_plus(FORWARD, call, &arguments[0], &arguments[1], out, err);
}
KERNEL(time_plus_clock)
{
    (void)count;
    return run_clock_plus(FORWARD, call, &arguments[1], &arguments[0], out, err);
}
KERNEL(time_clock_minus)
{
    (void)count;
    return run_clock_plus(BACKWARD, call, &arguments[0], &arguments[1], out, err);
}

/* DATE + TIME */
static bp_status run_join(const function_call *call, const column *dates, const column *times, column *out, bp_error *err)
{
    int64_t *to = call_values(call, out, 8);

    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        if (LIKELY(timestamp_make(&to[row], VALUE(dates, int32_t, row), VALUE(times, int64_t, row)))) continue;
        to[row] = 0;
        if (!call_skips(call, row)) return time_out_of_range(call, dates, row, err);
    }
    return BP_OK;
}

KERNEL(time_date_plus_clock)
{
    (void)count;
    return run_join(call, &arguments[0], &arguments[1], out, err);
}
KERNEL(time_clock_plus_date)
{
    (void)count;
    return run_join(call, &arguments[1], &arguments[0], out, err);
}

/* differences --------------------------------------------------------------------------------------------------------------------------------------- */
KERNEL(time_stamp_minus_stamp)
{
    interval *to = call_values(call, out, 16);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t left = VALUE(&arguments[0], int64_t, row), right = VALUE(&arguments[1], int64_t, row);
        if (LIKELY(timestamp_subtract(left, right, &to[row])) || call_skips(call, row)) continue;
        if (!timestamp_is_finite(left) || !timestamp_is_finite(right))
            return error_set(err, BP_OUT_OF_RANGE, "Cannot subtract infinite timestamps: there is no such interval");
        return error_set(err, BP_OUT_OF_RANGE, "Overflow in subtraction of timestamps: they lie more than 292,000 years apart");
    }
    return BP_OK;
}

/* age: fields subtracted one by one; infinite: NULL. */
static bp_status run_age(const function_call *call, const column *left, const column *right, int64_t today, column *out,
                         bp_error *err)
{
    interval *to = call_values(call, out, 16);
    uint64_t *validity = call_own_validity(call, out);

    if (!to || !validity) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t first = left ? VALUE(left, int64_t, row) : today, second = VALUE(right, int64_t, row);
        if (!call_skips(call, row) && !timestamp_age(first, second, &to[row])) bitmap_unset(validity, row);
    }
    return BP_OK;
}

KERNEL(time_age)
{
    int64_t today = divide_down(call->context->statement_micros, MICROS_PER_DAY) * MICROS_PER_DAY;

    return run_age(call, count == 2 ? &arguments[0] : NULL, &arguments[count - 1], today, out, err);
}

/* INTERVAL with INTERVAL and numbers ------------------------------------------------------------------------------------------------------------------- */
typedef bool (*interval_operation)(interval left, interval right, interval *out);

static bool interval_subtract(interval left, interval right, interval *out)
{
    return !ckd_sub(&out->months, left.months, right.months) && !ckd_sub(&out->days, left.days, right.days) &&
           !ckd_sub(&out->micros, left.micros, right.micros);
}

static bp_status interval_overflow(const char *what, bp_error *err)
{
    return error_set(err, BP_OUT_OF_RANGE, "Overflow in %s of INTERVAL: months and days are 32 bits, microseconds 64", what);
}

static bp_status run_intervals(interval_operation operation, const char *what, const function_call *call, const column *arguments,
                               column *out, bp_error *err)
{
    interval *to = call_values(call, out, 16);

    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        if (LIKELY(operation(VALUE(&arguments[0], interval, row), VALUE(&arguments[1], interval, row), &to[row]))) continue;
        if (!call_skips(call, row)) return interval_overflow(what, err);
    }
    return BP_OK;
}

KERNEL(time_interval_plus)
{
    (void)count;
    return run_intervals(interval_add, "addition", call, arguments, out, err);
}
KERNEL(time_interval_minus)
{
    (void)count;
    return run_intervals(interval_subtract, "subtraction", call, arguments, out, err);
}

KERNEL(time_interval_negate)
{
    interval *to = call_values(call, out, 16);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++)
        if (!interval_negate(VALUE(&arguments[0], interval, row), &to[row]) && !call_skips(call, row))
            return interval_overflow("negation", err);
    return BP_OK;
}

/* -'5' is not taken for an interval. */
bp_status bind_negate_interval(function_binding *binding, bp_error *err)
{
    if (expr_type(binding->pool, binding->arguments[0]).id != TYPE_VARCHAR) return BP_OK;
    return error_set(err, BP_BIND_ERROR,
                     "Could not choose a best candidate function for -(STRING_LITERAL): a number or an INTERVAL? Cast it");
}

/* The factor has 32 bits, as in DuckDB. */
static bp_status run_times(const function_call *call, const column *intervals, const column *factors, column *out, bp_error *err)
{
    interval *to = call_values(call, out, 16);

    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t factor = VALUE(factors, int64_t, row);
        bool fits = factor >= INT32_MIN && factor <= INT32_MAX;
        if (LIKELY(fits && interval_multiply(VALUE(intervals, interval, row), factor, &to[row]))) continue;
        if (!call_skips(call, row)) return interval_overflow("multiplication", err);
    }
    return BP_OK;
}

KERNEL(time_interval_times)
{
    (void)count;
    return run_times(call, &arguments[0], &arguments[1], out, err);
}
KERNEL(time_times_interval)
{
    (void)count;
    return run_times(call, &arguments[1], &arguments[0], out, err);
}

/* To six digits behind the point: what PostgreSQL, and after it DuckDB, does to the rest that goes down a field. */
static double micro_rounded(double x)
{
    return rint(x * 1e6) / 1e6;
}

/* Towards zero; false: it does not fit. */
static bool whole_int32(double x, int32_t *out)
{
    if (!(x > -2147483649.0 && x < 2147483648.0)) return false;
    *out = (int32_t)x;
    return true;
}

/* Months and days with what lies behind their point, and micros. */
typedef struct scaled {
    double months, month_rest, days, day_rest, micros;
} scaled;

/* The rests of a product are taken before it is rounded, which decides the last microsecond now and then (DuckDB's compiler fuses them likewise). A
 * quotient is, as there, the product with the reciprocal. */
static scaled scale_by(interval value, double factor)
{
    scaled out = {.months = value.months * factor, .days = value.days * factor, .micros = (double)value.micros * factor};

    out.month_rest = fma(value.months, factor, -trunc(out.months));
    out.day_rest = fma(value.days, factor, -trunc(out.days));
    return out;
}

/* What is left of months goes to days (30 a month), what is left of days to time. */
static bool interval_of_scaled(scaled value, interval *out)
{
    double days, seconds, micros;
    int32_t more;

    if (!whole_int32(value.months, &out->months) || !whole_int32(value.days, &out->days)) return false;
    days = micro_rounded(value.month_rest * 30);
    seconds = micro_rounded((value.day_rest + days - (int32_t)days) * 86400);
    if (fabs(seconds) >= 86400) {
        more = (int32_t)(seconds / 86400);
        if (ckd_add(&out->days, out->days, more)) return false;
        seconds -= more * 86400.0;
    }
    if (ckd_add(&out->days, out->days, (int32_t)days)) return false;
    micros = rint(value.micros + seconds * 1e6);
    if (!(micros >= -9223372036854775808.0 && micros < 9223372036854775808.0)) return false;
    out->micros = (int64_t)micros;
    return true;
}

static bp_status run_scale(const function_call *call, const column *intervals, const column *factors, column *out, bp_error *err)
{
    interval *to = call_values(call, out, 16);

    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        scaled product = scale_by(VALUE(intervals, interval, row), VALUE(factors, double, row));
        if (LIKELY(interval_of_scaled(product, &to[row]))) continue;
        if (!call_skips(call, row)) return interval_overflow("multiplication", err);
    }
    return BP_OK;
}

KERNEL(time_interval_scale)
{
    (void)count;
    return run_scale(call, &arguments[0], &arguments[1], out, err);
}
KERNEL(time_scale_interval)
{
    (void)count;
    return run_scale(call, &arguments[1], &arguments[0], out, err);
}

/* A division by zero: an error, or NULL when the setting says so. */
KERNEL(time_interval_divide)
{
    interval *to = call_values(call, out, 16);
    bp_status status;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        interval value = VALUE(&arguments[0], interval, row);
        double divisor = VALUE(&arguments[1], double, row);
        if (call_skips(call, row)) continue;
        if (divisor == 0) {
            if ((status = division_by_zero(call, "INTERVAL / 0", err))) return status;
        } else if (!interval_of_scaled(scale_by(value, 1 / divisor), &to[row])) {
            return interval_overflow("division", err);
        }
    }
    return BP_OK;
}

/* 30 days make a month, 24 hours a day; days 0 … 29, hours below 24. */
KERNEL(time_normalized_interval)
{
    interval *to = call_values(call, out, 16);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        interval value = VALUE(&arguments[0], interval, row);
        int64_t carried = divide_down(value.micros, MICROS_PER_DAY), days = value.days + carried, months = divide_down(days, 30);
        to[row] = (interval){0, (int32_t)(days - months * 30), value.micros - carried * MICROS_PER_DAY};
        months += value.months;
        if (UNLIKELY(months < INT32_MIN || months > INT32_MAX) && !call_skips(call, row))
            return interval_overflow("normalization", err);
        to[row].months = (int32_t)months;
    }
    return BP_OK;
}
