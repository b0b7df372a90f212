/* Cutting times down to a part (date_trunc, last_day, time_bucket) and counting parts between two times (date_diff, date_sub).
 *
 * As in function_time_part.c the common parts are loops with the calendar inlined; rows whose result is no timestamp are found afterwards, and the
 * rare parts (and those that rows name) go value by value through base/temporal.
 *
 * Measured likewise: date_trunc of a DATE to month 399, year 384, week 743; of a TIMESTAMP to hour 468, day 638, month 302; date_diff of DATEs in days 2,461,
 * months 131, years 167; of TIMESTAMPs in hours 291, days 435, months 104. */
#include "function_time.h"

/* date_trunc: days ---------------------------------------------------------------------------------------------------------------------------- */
/* Days before 1 January, 1 April, 1 July, 1 October; for leap years one more from April on. */
static inline int64_t quarter_start(int64_t date)
{
    static const uint16_t before[4] = {0, 90, 181, 273};
    calendar_day split = calendar_split(date);
    uint32_t quarter = (split.month - 1) / 3;

    return date - split.day_of_year + before[quarter] + (quarter && calendar_is_leap(split.year));
}

/* Loops over days of either type; the result is a timestamp, or too far: then the flag is up. Infinity stays. */
typedef bool (*cut_loop)(const void *values, int64_t *to, size_t rows);

#define CUT_LOOP(name, in_type, day, infinite, expression)                                                                         \
    static bool name(const void *values, int64_t *to, size_t rows)                                                                 \
    {                                                                                                                              \
        const in_type *in = values;                                                                                                \
        unsigned bad = 0;                                                                                                          \
        for (size_t row = 0; row < rows; row++) {                                                                                  \
            in_type value = in[row];                                                                                               \
            int64_t date = day, start = expression;                                                                                \
            bad |= (start < -STAMP_DAYS) | (start > STAMP_DAYS);                                                                   \
            to[row] = infinite ? (value > 0 ? TIMESTAMP_INFINITY : TIMESTAMP_MINUS_INFINITY)                                       \
                               : (int64_t)((uint64_t)start * (uint64_t)MICROS_PER_DAY);                                            \
        }                                                                                                                          \
        return bad;                                                                                                                \
    }
#define CUT_DAYS(part, expression)                                                                                                 \
    CUT_LOOP(cut_date_##part, int32_t, value, date_is_infinite(value), expression)                                                 \
    CUT_LOOP(cut_stamp_##part, int64_t, stamp_day(value), stamp_is_infinite(value), expression)

CUT_DAYS(DAY, date)
CUT_DAYS(WEEK, date - weekday_of(date))
CUT_DAYS(MONTH, date - calendar_split(date).day + 1)
CUT_DAYS(QUARTER, quarter_start(date))
CUT_DAYS(YEAR, date - calendar_split(date).day_of_year)

static cut_loop day_loop(date_part part, bool of_date)
{
    switch (part) {
    case PART_DAY:
    case PART_DAY_OF_WEEK:
    case PART_ISO_DAY_OF_WEEK:
    case PART_DAY_OF_YEAR:
    case PART_JULIAN: return of_date ? cut_date_DAY : cut_stamp_DAY;
    case PART_HOUR:
    case PART_MINUTE:
    case PART_SECOND:
    case PART_EPOCH:
    case PART_MILLISECOND:
    case PART_MICROSECOND:
    case PART_NANOSECOND: return of_date ? cut_date_DAY : NULL;
    case PART_WEEK:
    case PART_YEAR_WEEK: return of_date ? cut_date_WEEK : cut_stamp_WEEK;
    case PART_MONTH: return of_date ? cut_date_MONTH : cut_stamp_MONTH;
    case PART_QUARTER: return of_date ? cut_date_QUARTER : cut_stamp_QUARTER;
    case PART_YEAR: return of_date ? cut_date_YEAR : cut_stamp_YEAR;
    default: return NULL;
    }
}

/* date_trunc: the clock. The day's beginning is subtracted, so that every width divides; infinity stays, and nothing can leave the range but
 * in the first, cut day of all. */
#define CLOCK_LOOP(part, width)                                                                                                    \
    static bool cut_stamp_##part(const void *values, int64_t *to, size_t rows)                                                     \
    {                                                                                                                              \
        const int64_t *in = values;                                                                                                \
        unsigned bad = 0;                                                                                                          \
        for (size_t row = 0; row < rows; row++) {                                                                                  \
            int64_t value = in[row];                                                                                               \
            int64_t rest = stamp_of_day(value) % (width);                                                                          \
            bad |= value < INT64_MIN + (width);                                                                                    \
            to[row] = stamp_is_infinite(value) ? value : (int64_t)((uint64_t)value - (uint64_t)rest);                              \
        }                                                                                                                          \
        return bad;                                                                                                                \
    }
CLOCK_LOOP(HOUR, MICROS_PER_HOUR)
CLOCK_LOOP(MINUTE, MICROS_PER_MINUTE)
CLOCK_LOOP(SECOND, MICROS_PER_SECOND)
CLOCK_LOOP(MILLISECOND, 1000)

static cut_loop clock_loop(date_part part)
{
    switch (part) {
    case PART_HOUR: return cut_stamp_HOUR;
    case PART_MINUTE: return cut_stamp_MINUTE;
    case PART_SECOND:
    case PART_EPOCH: return cut_stamp_SECOND;
    case PART_MILLISECOND: return cut_stamp_MILLISECOND;
    default: return NULL;
    }
}

/* One DATE or timestamp by the general way; false: out of range. */
static bool cut_one(const column *in, size_t row, date_part part, int64_t *out)
{
    int32_t date;

    if (in->type.id != TYPE_DATE) return date_trunc_timestamp(part, VALUE(in, int64_t, row), out);
    return date_trunc_date(part, VALUE(in, int32_t, row), &date) && timestamp_make(out, date, 0);
}

static bool is_cuttable(date_part part)
{
    return part != PART_ERA && part != PART_TIMEZONE && part != PART_TIMEZONE_HOUR && part != PART_TIMEZONE_MINUTE;
}

static bp_status not_cuttable(const char *function, date_part part, bp_error *err)
{
    string_view name = date_part_name(part);

    return error_set(err, BP_NOT_SUPPORTED, "Specifier type not implemented for %s: \"%.*s\" has no beginning and no length",
                     function, STRING_ARGUMENTS(name));
}

static bp_status run_cut(date_part part, const function_call *call, const column *in, column *out, bp_error *err)
{
    int64_t *to = call_values(call, out, 8);
    cut_loop loop = day_loop(part, in->type.id == TYPE_DATE);

    if (!to) return call_no_memory(call, call->rows * 8, err);
    if (!loop && in->type.id != TYPE_DATE) loop = clock_loop(part);
    if (loop && !loop(in->values, to, call->rows)) return BP_OK;
    for (size_t row = 0; row < call->rows; row++) {
        to[row] = 0;
        if (!call_skips(call, row) && !cut_one(in, row, part, &to[row])) return time_out_of_range(call, in, row, err);
    }
    return BP_OK;
}

static bp_status cut_interval_at(const column *in, size_t row, date_part part, interval *out, bp_error *err)
{
    if (date_trunc_interval(part, VALUE(in, interval, row), out)) return BP_OK;
    return error_set(err, BP_NOT_SUPPORTED, "an INTERVAL cannot be cut down to \"%s\"", date_part_name(part).data);
}

/* The part is named row by row, or it is an interval that is cut. */
static bp_status run_cut_each(const date_part *bound, const function_call *call, const column *arguments, column *out,
                              bp_error *err)
{
    const column *in = &arguments[1];
    bool spans = in->type.id == TYPE_INTERVAL;
    char *to = call_values(call, out, spans ? 16 : 8);
    date_part part = bound ? *bound : PART_DAY;
    bp_status status;

    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        if (!spans) memset(to + row * 8, 0, 8);
        if (call_skips(call, row)) continue;
        if (!bound && (status = time_parse_part(text_value(&arguments[0], row), &part, err))) return status;
        if (!is_cuttable(part)) return not_cuttable("date_trunc", part, err);
        if (spans)
            status = cut_interval_at(in, row, part, (interval *)(void *)to + row, err);
        else
            status = cut_one(in, row, part, (int64_t *)(void *)to + row) ? BP_OK : time_out_of_range(call, in, row, err);
        if (status) return status;
    }
    return BP_OK;
}

bp_status bind_date_trunc(function_binding *binding, bp_error *err)
{
    date_part part;
    bool known;
    bp_status status;

    if ((status = time_bind_part(binding, 0, &part, &known, err)) || !known) return status;
    if (!is_cuttable(part)) return not_cuttable("date_trunc", part, err);
    return time_keep_part(binding, part, err);
}

KERNEL(time_date_trunc)
{
    date_part part;

    (void)count;
    if (!time_bound_part(call, &part)) return run_cut_each(NULL, call, arguments, out, err);
    if (arguments[1].type.id == TYPE_INTERVAL) return run_cut_each(&part, call, arguments, out, err);
    return run_cut(part, call, &arguments[1], out, err);
}

/* last_day --------------------------------------------------------------------------------------------------------------------------------------- */
static inline int64_t month_end(int64_t date)
{
    calendar_day split = calendar_split(date);

    return date - split.day + calendar_month_days(split.year, split.month);
}

KERNEL(time_last_day)
{
    const column *in = &arguments[0];
    bool of_date = in->type.id == TYPE_DATE;
    int32_t *to = call_values(call, out, 4);
    unsigned infinite = 0;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 4, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t date = of_date ? VALUE(in, int32_t, row) : stamp_day(VALUE(in, int64_t, row)), end = month_end(date);
        bool endless = of_date ? date_is_infinite((int32_t)date) : stamp_is_infinite(VALUE(in, int64_t, row));
        infinite |= endless;
        to[row] = (int32_t)end;
        if (UNLIKELY(end >= DATE_INFINITY) && !endless && !call_skips(call, row))
            return error_set(err, BP_OUT_OF_RANGE, "Date out of range: the last day of this month is past 5881580-07-10");
    }
    return infinite ? time_hide_infinite(call, in, out, err) : BP_OK;
}

/* date_diff ---------------------------------------------------------------------------------------------------------------------------------------- */
/* Either side may be constant: then its step is 0. False: a value is infinite or the difference does not fit. */
typedef bool (*difference_loop)(const void *left, size_t left_step, const void *right, size_t right_step, int64_t *to, size_t rows);

#define DIFFERENCE_LOOP(name, type, bad_value, expression)                                                                         \
    static bool name(const void *left_values, size_t left_step, const void *right_values, size_t right_step, int64_t *to,          \
                     size_t rows)                                                                                                  \
    {                                                                                                                              \
        const type *left = left_values, *right = right_values;                                                                     \
        unsigned bad = 0;                                                                                                          \
        for (size_t row = 0; row < rows; row++, left += left_step, right += right_step) {                                          \
            type a = *left, b = *right;                                                                                            \
            bad |= (unsigned)bad_value(a) | (unsigned)bad_value(b);                                                                \
            to[row] = expression;                                                                                                  \
        }                                                                                                                          \
        return !bad;                                                                                                               \
    }
#define DIFFERENCE_DAYS(part, expression_of)                                                                                       \
    DIFFERENCE_LOOP(difference_date_##part, int32_t, date_is_infinite, expression_of((int64_t)a, (int64_t)b))                      \
    DIFFERENCE_LOOP(difference_stamp_##part, int64_t, stamp_is_infinite,                                                           \
                    expression_of((int64_t)stamp_day(a), (int64_t)stamp_day(b)))

static inline int64_t month_number(int64_t date)
{
    calendar_day split = calendar_split(date);

    return (int64_t)split.year * 12 + split.month - 1;
}
#define DAYS_APART(a, b) ((b) - (a))
#define WEEKS_APART(a, b) (((b) - (a)) / 7)
#define MONTHS_APART(a, b) (month_number(b) - month_number(a))
#define YEARS_APART(a, b) ((int64_t)calendar_split(b).year - calendar_split(a).year)
#define QUARTERS_APART(a, b) (month_number(b) / 3 - month_number(a) / 3)
#define SPANS_APART(a, b, years) ((int64_t)calendar_split(b).year / (years) - calendar_split(a).year / (years))
#define DECADES_APART(a, b) SPANS_APART(a, b, 10)
#define CENTURIES_APART(a, b) SPANS_APART(a, b, 100)
#define MILLENNIA_APART(a, b) SPANS_APART(a, b, 1000)
#define ISO_YEARS_APART(a, b) ((int64_t)calendar_split(thursday_of(b)).year - calendar_split(thursday_of(a)).year)
DIFFERENCE_DAYS(DAY, DAYS_APART)
DIFFERENCE_DAYS(WEEK, WEEKS_APART)
DIFFERENCE_DAYS(MONTH, MONTHS_APART)
DIFFERENCE_DAYS(QUARTER, QUARTERS_APART)
DIFFERENCE_DAYS(YEAR, YEARS_APART)
DIFFERENCE_DAYS(DECADE, DECADES_APART)
DIFFERENCE_DAYS(CENTURY, CENTURIES_APART)
DIFFERENCE_DAYS(MILLENNIUM, MILLENNIA_APART)
DIFFERENCE_DAYS(ISO_YEAR, ISO_YEARS_APART)

#define CLOCK_APART(part, width)                                                                                                   \
    DIFFERENCE_LOOP(difference_stamp_##part, int64_t, stamp_is_infinite, divide_down(b, width) - divide_down(a, width))
CLOCK_APART(HOUR, MICROS_PER_HOUR)
CLOCK_APART(MINUTE, MICROS_PER_MINUTE)
CLOCK_APART(SECOND, MICROS_PER_SECOND)
CLOCK_APART(MILLISECOND, 1000)

static difference_loop difference_of(date_part part, bool of_date)
{
    switch (part) {
    case PART_DAY:
    case PART_DAY_OF_WEEK:
    case PART_ISO_DAY_OF_WEEK:
    case PART_DAY_OF_YEAR:
    case PART_JULIAN: return of_date ? difference_date_DAY : difference_stamp_DAY;
    case PART_WEEK:
    case PART_YEAR_WEEK: return of_date ? difference_date_WEEK : difference_stamp_WEEK;
    case PART_MONTH: return of_date ? difference_date_MONTH : difference_stamp_MONTH;
    case PART_QUARTER: return of_date ? difference_date_QUARTER : difference_stamp_QUARTER;
    case PART_YEAR: return of_date ? difference_date_YEAR : difference_stamp_YEAR;
    case PART_DECADE: return of_date ? difference_date_DECADE : difference_stamp_DECADE;
    case PART_CENTURY: return of_date ? difference_date_CENTURY : difference_stamp_CENTURY;
    case PART_MILLENNIUM: return of_date ? difference_date_MILLENNIUM : difference_stamp_MILLENNIUM;
    case PART_ISO_YEAR: return of_date ? difference_date_ISO_YEAR : difference_stamp_ISO_YEAR;
    case PART_HOUR: return of_date ? NULL : difference_stamp_HOUR;
    case PART_MINUTE: return of_date ? NULL : difference_stamp_MINUTE;
    case PART_SECOND:
    case PART_EPOCH: return of_date ? NULL : difference_stamp_SECOND;
    case PART_MILLISECOND: return of_date ? NULL : difference_stamp_MILLISECOND;
    default: return NULL;
    }
}

/* Micros in a part of the clock; 0: it is none. */
static int64_t clock_width(date_part part)
{
    switch (part) {
    case PART_HOUR: return MICROS_PER_HOUR;
    case PART_MINUTE: return MICROS_PER_MINUTE;
    case PART_SECOND:
    case PART_EPOCH: return MICROS_PER_SECOND;
    case PART_MILLISECOND: return 1000;
    case PART_MICROSECOND: return 1;
    default: return 0;
    }
}

/* The same with days and weeks; 0: months, or none. */
static int64_t whole_width(date_part part)
{
    switch (part) {
    case PART_WEEK:
    case PART_YEAR_WEEK: return 7 * MICROS_PER_DAY;
    case PART_DAY:
    case PART_DAY_OF_WEEK:
    case PART_ISO_DAY_OF_WEEK:
    case PART_DAY_OF_YEAR:
    case PART_JULIAN: return MICROS_PER_DAY;
    default: return clock_width(part);
    }
}

typedef enum counting { COUNT_BOUNDARIES, COUNT_WHOLE } counting;
static const char *const counting_names[] = {"date_diff", "date_sub"};

/* Between two TIMEs. */
static bp_status times_apart(counting how, date_part part, int64_t left, int64_t right, int64_t *out, bp_error *err)
{
    int64_t width = clock_width(part);

    *out = 0;
    if (part == PART_NANOSECOND) {
        *out = (right - left) * NANOS_PER_MICRO;
        return BP_OK;
    }
    if (!width)
        return error_set(err, BP_NOT_SUPPORTED, "\"time\" units \"%.*s\" not recognized: a TIME has no such part",
                         STRING_ARGUMENTS(date_part_name(part)));
    *out = how == COUNT_WHOLE ? (right - left) / width : right / width - left / width;
    return BP_OK;
}

/* Between two finite DATEs or timestamps; false: it does not fit. */
static bool apart(counting how, date_part part, const column *arguments, size_t row, int64_t *out)
{
    bool of_date = arguments[0].type.id == TYPE_DATE;
    int64_t left, right, width;
    difference_loop loop;

    if (of_date && how == COUNT_BOUNDARIES && clock_width(part) && part != PART_MICROSECOND) {
        *out = ((int64_t)VALUE(&arguments[1], int32_t, row) - VALUE(&arguments[0], int32_t, row)) *
               (MICROS_PER_DAY / clock_width(part));
        return true;
    }
    if ((loop = how == COUNT_BOUNDARIES ? difference_of(part, of_date) : NULL)) {
        const char *values[2] = {arguments[0].values, arguments[1].values};
        size_t bytes = of_date ? 4 : 8;
        return loop(values[0] + bytes * row_of(&arguments[0], row), 0, values[1] + bytes * row_of(&arguments[1], row), 0, out, 1);
    }
    if (!time_stamp_at(&arguments[0], row, &left) || !time_stamp_at(&arguments[1], row, &right)) return false;
    if (how == COUNT_WHOLE && (width = whole_width(part))) {
        int128 count = ((int128)right - left) / width;
        *out = (int64_t)count;
        return count >= INT64_MIN && count <= INT64_MAX;
    }
    return how == COUNT_BOUNDARIES ? date_diff_timestamp(part, left, right, out) : date_sub_timestamp(part, left, right, out);
}

static bool is_finite_at(const column *in, size_t row)
{
    return in->type.id == TYPE_DATE ? date_is_finite(VALUE(in, int32_t, row)) : timestamp_is_finite(VALUE(in, int64_t, row));
}

/* arguments: left, right; names: the parts of rows, or NULL when `part` is that of all. */
static bp_status run_count_each(counting how, const column *names, date_part part, const function_call *call,
                                const column *arguments, column *out, bp_error *err)
{
    int64_t *to = call_values(call, out, 8);
    uint64_t *validity = call_own_validity(call, out);
    bool of_time = arguments[0].type.id == TYPE_TIME;
    bp_status status;

    if (!to || !validity) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        to[row] = 0;
        if (call_skips(call, row)) continue;
        if (!of_time && (!is_finite_at(&arguments[0], row) || !is_finite_at(&arguments[1], row))) {
            bitmap_unset(validity, row);
            continue;
        }
        if (names && (status = time_parse_part(text_value(names, row), &part, err))) return status;
        if (!is_cuttable(part)) return not_cuttable(counting_names[how], part, err);
        if (of_time) {
            status = times_apart(how, part, VALUE(&arguments[0], int64_t, row), VALUE(&arguments[1], int64_t, row), &to[row], err);
            if (status) return status;
        } else if (!apart(how, part, arguments, row, &to[row])) {
            return error_set(err, BP_OUT_OF_RANGE, "Overflow in %s(): the two times are too far apart to count in \"%.*s\"",
                             counting_names[how], STRING_ARGUMENTS(date_part_name(part)));
        }
    }
    return BP_OK;
}

static bp_status run_count(counting how, const function_call *call, const column *arguments, column *out, bp_error *err)
{
    date_part part = PART_DAY;
    bool bound = time_bound_part(call, &part);
    difference_loop loop = bound && how == COUNT_BOUNDARIES && arguments[1].type.id != TYPE_TIME
                               ? difference_of(part, arguments[1].type.id == TYPE_DATE)
                               : NULL;

    if (loop) {
        int64_t *to = call_values(call, out, 8);
        if (!to) return call_no_memory(call, call->rows * 8, err);
        if (loop(arguments[1].values, arguments[1].encoding != COLUMN_CONSTANT, arguments[2].values,
                 arguments[2].encoding != COLUMN_CONSTANT, to, call->rows))
            return BP_OK;
    }
    return run_count_each(how, bound ? NULL : &arguments[0], part, call, &arguments[1], out, err);
}

KERNEL(time_date_diff)
{
    (void)count;
    return run_count(COUNT_BOUNDARIES, call, arguments, out, err);
}
KERNEL(time_date_sub)
{
    (void)count;
    return run_count(COUNT_WHOLE, call, arguments, out, err);
}

bp_status bind_date_diff(function_binding *binding, bp_error *err)
{
    date_part part;
    bool known;
    bp_status status;

    if ((status = time_bind_part(binding, 0, &part, &known, err)) || !known) return status;
    if (!is_cuttable(part)) return not_cuttable("date_diff", part, err);
    return time_keep_part(binding, part, err);
}

/* time_bucket ------------------------------------------------------------------------------------------------------------------------------------------ */
bp_status time_check_bucket(interval width, bp_error *err)
{
    if (width.months && (width.days || width.micros))
        return error_set(err, BP_NOT_SUPPORTED,
                         "Month intervals cannot have day or time component: a bucket is of months, or of days and time");
    if (width.months < 0 || (!width.months && ((int128)width.days * MICROS_PER_DAY + width.micros) <= 0))
        return error_set(err, BP_NOT_SUPPORTED, "Period must be greater than 0: this is no width of a bucket");
    return BP_OK;
}

/* Buckets of months, the usual width beside those of hours and days, with the calendar inlined. */
static inline bool bucket_from(interval width, int64_t micros, int64_t origin, int64_t *out)
{
    int64_t first, month;

    if (!width.months || stamp_is_infinite(micros)) return time_bucket_timestamp(width, micros, origin, out);
    first = month_number(stamp_day(origin));
    month = first + divide_down(month_number(stamp_day(micros)) - first, width.months) * width.months;
    if (month < -INT64_C(292000) * 12 || month > INT64_C(295000) * 12) return time_bucket_timestamp(width, micros, origin, out);
    first = divide_down(month, 12);
    return !ckd_mul(out, calendar_days(first, (uint32_t)(month - first * 12) + 1, 1), MICROS_PER_DAY);
}

/* The third argument: nothing, where buckets begin, or by how much they are shifted. False: out of range. */
bool time_bucket_of(interval width, int64_t micros, const column *third, size_t row, int64_t *out)
{
    int64_t origin = width.months ? BUCKET_ORIGIN_MONTHS : BUCKET_ORIGIN_DAYS, shifted;
    interval shift;

    if (third && third->type.id == TYPE_INTERVAL) {
        return interval_negate(VALUE(third, interval, row), &shift) && timestamp_add_interval(micros, shift, &shifted) &&
               time_bucket_timestamp(width, shifted, origin, &shifted) &&
               timestamp_add_interval(shifted, VALUE(third, interval, row), out);
    }
    if (third && third->type.id == TYPE_TIME)
        origin = VALUE(third, int64_t, row);
    else if (third && !time_stamp_at(third, row, &origin))
        return false;
    return bucket_from(width, micros, origin, out);
}

static void bucket_store(void *values, data_type type, size_t row, int64_t micros)
{
    if (type.id == TYPE_DATE)
        ((int32_t *)values)[row] = micros == TIMESTAMP_INFINITY         ? DATE_INFINITY
                                   : micros == TIMESTAMP_MINUS_INFINITY ? DATE_MINUS_INFINITY
                                                                        : stamp_day(micros);
    else
        ((int64_t *)values)[row] = type.id == TYPE_TIME ? stamp_of_day(micros) : micros;
}

/* width, value[, origin or shift] */
KERNEL(time_time_bucket)
{
    const column *in = &arguments[1], *third = count == 3 ? &arguments[2] : NULL;
    bool pointed = third && (third->type.id == TYPE_DATE || is_stamp(third->type));
    size_t width_bytes = in->type.id == TYPE_DATE ? 4 : 8;
    void *values = call_values(call, out, width_bytes);
    uint64_t *validity = pointed ? call_own_validity(call, out) : NULL;
    bool checked = false;
    bp_status status;

    if (!values || (pointed && !validity)) return call_no_memory(call, call->rows * 8, err);
    memset(values, 0, call->rows * width_bytes);
    for (size_t row = 0; row < call->rows; row++) {
        interval width;
        int64_t micros, start;
        if (call_skips(call, row)) continue;
        width = VALUE(&arguments[0], interval, row);
        if ((arguments[0].encoding != COLUMN_CONSTANT || !checked) && (status = time_check_bucket(width, err))) return status;
        checked = true;
        if (pointed && !is_finite_at(third, row)) {
            bitmap_unset(validity, row);
            continue;
        }
        if (!time_stamp_at(in, row, &micros) || !time_bucket_of(width, micros, third, row, &start))
            return time_out_of_range(call, in, row, err);
        bucket_store(values, in->type, row, start);
    }
    return BP_OK;
}
