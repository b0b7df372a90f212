/* date_part() and the functions named after the parts.
 *
 * A part of a DATE or TIMESTAMP column is one loop a part and type, made below from one expression; the calendar is inlined, so a loop pays
 * only for what its part needs. Parts of TIME and INTERVAL, and parts that rows name, go value by value through base/temporal.
 *
 * Measured (Zen 5, one core of a busy machine, loops over 2,048 values, million values a second): of a DATE year 407, month 376, day 436, dayofweek 369,
 * week 186, epoch 963; of a TIMESTAMP year 289, month 272, week 148, hour 471, second 391. */
#include "function_time.h"

typedef bool (*part_loop)(const void *values, void *out, size_t rows);

/* `date` is the day, `micros` the whole timestamp: 0 for a DATE. */
#define PART_LOOP(part, result, of_date, of_stamp)                                                                                 \
    static bool date_##part(const void *values, void *out, size_t rows)                                                            \
    {                                                                                                                              \
        const int32_t *in = values;                                                                                                \
        result *to = out;                                                                                                          \
        unsigned infinite = 0;                                                                                                     \
        for (size_t row = 0; row < rows; row++) {                                                                                  \
            int32_t date = in[row];                                                                                                \
            infinite |= date_is_infinite(date);                                                                                    \
            to[row] = (result)(of_date);                                                                                           \
        }                                                                                                                          \
        return infinite;                                                                                                           \
    }                                                                                                                              \
    static bool stamp_##part(const void *values, void *out, size_t rows)                                                           \
    {                                                                                                                              \
        const int64_t *in = values;                                                                                                \
        result *to = out;                                                                                                          \
        unsigned infinite = 0;                                                                                                     \
        for (size_t row = 0; row < rows; row++) {                                                                                  \
            int64_t micros = in[row];                                                                                              \
            UNUSED int32_t date = stamp_day(micros);                                                                               \
            infinite |= stamp_is_infinite(micros);                                                                                 \
            to[row] = (result)(of_stamp);                                                                                          \
        }                                                                                                                          \
        return infinite;                                                                                                           \
    }
#define DAY_LOOP(part, expression) PART_LOOP(part, int64_t, expression, expression)

/* Years counted in hundreds or thousands, from 1 and (before the year 1) from -1. */
static inline int64_t count_years(int64_t year, int64_t span)
{
    return year > 0 ? (year - 1) / span + 1 : year / span - 1;
}

static inline int64_t year_week(int64_t date)
{
    calendar_day thursday = calendar_split(thursday_of(date));
    int64_t week = thursday.day_of_year / 7 + 1;

    return (int64_t)thursday.year * 100 + (thursday.year > 0 ? week : -week);
}

DAY_LOOP(YEAR, calendar_split(date).year)
DAY_LOOP(MONTH, calendar_split(date).month)
DAY_LOOP(DAY, calendar_split(date).day)
DAY_LOOP(DECADE, calendar_split(date).year / 10)
DAY_LOOP(CENTURY, count_years(calendar_split(date).year, 100))
DAY_LOOP(MILLENNIUM, count_years(calendar_split(date).year, 1000))
DAY_LOOP(QUARTER, (calendar_split(date).month + 2) / 3)
DAY_LOOP(DAY_OF_WEEK, (weekday_of(date) + 1) % 7)
DAY_LOOP(ISO_DAY_OF_WEEK, weekday_of(date) + 1)
DAY_LOOP(DAY_OF_YEAR, calendar_split(date).day_of_year + 1)
DAY_LOOP(WEEK, calendar_split(thursday_of(date)).day_of_year / 7 + 1)
DAY_LOOP(ISO_YEAR, calendar_split(thursday_of(date)).year)
DAY_LOOP(YEAR_WEEK, year_week(date))
DAY_LOOP(ERA, calendar_split(date).year > 0)
DAY_LOOP(TIMEZONE, 0)
PART_LOOP(HOUR, int64_t, 0, stamp_of_day(micros) / MICROS_PER_HOUR)
PART_LOOP(MINUTE, int64_t, 0, (uint32_t)(stamp_of_day(micros) / MICROS_PER_MINUTE) % 60)
PART_LOOP(SECOND, int64_t, 0, (uint32_t)(stamp_of_day(micros) / MICROS_PER_SECOND) % 60)
PART_LOOP(MILLISECOND, int64_t, 0, stamp_of_day(micros) % MICROS_PER_MINUTE / 1000)
PART_LOOP(MICROSECOND, int64_t, 0, stamp_of_day(micros) % MICROS_PER_MINUTE)
PART_LOOP(NANOSECOND, int64_t, 0, stamp_of_day(micros) % MICROS_PER_MINUTE * NANOS_PER_MICRO)
PART_LOOP(EPOCH, double, (double)date * 86400.0, (double)micros / 1e6)
PART_LOOP(JULIAN, double, (double)date + 2440588.0,
          (double)date + 2440588.0 + (double)stamp_of_day(micros) / (double)MICROS_PER_DAY)

static const struct part_loops {
    part_loop date, stamp;
} loops[DATE_PART_COUNT] = {
#define LOOPS(part) [PART_##part] = {date_##part, stamp_##part}
    LOOPS(YEAR),
    LOOPS(MONTH),
    LOOPS(DAY),
    LOOPS(DECADE),
    LOOPS(CENTURY),
    LOOPS(MILLENNIUM),
    LOOPS(QUARTER),
    LOOPS(DAY_OF_WEEK),
    LOOPS(ISO_DAY_OF_WEEK),
    LOOPS(DAY_OF_YEAR),
    LOOPS(WEEK),
    LOOPS(ISO_YEAR),
    LOOPS(YEAR_WEEK),
    LOOPS(ERA),
    LOOPS(HOUR),
    LOOPS(MINUTE),
    LOOPS(SECOND),
    LOOPS(MILLISECOND),
    LOOPS(MICROSECOND),
    LOOPS(NANOSECOND),
    LOOPS(EPOCH),
    LOOPS(JULIAN),
    LOOPS(TIMEZONE),
    [PART_TIMEZONE_HOUR] = {date_TIMEZONE, stamp_TIMEZONE},
    [PART_TIMEZONE_MINUTE] = {date_TIMEZONE, stamp_TIMEZONE},
#undef LOOPS
};

/* shared --------------------------------------------------------------------------------------------------------------------------------- */
bool time_stamp_at(const column *in, size_t row, int64_t *micros)
{
    if (in->type.id != TYPE_DATE) {
        *micros = VALUE(in, int64_t, row);
        return true;
    }
    return timestamp_make(micros, VALUE(in, int32_t, row), 0);
}

static bool is_infinite_at(const column *in, size_t row)
{
    return in->type.id == TYPE_DATE ? date_is_infinite(VALUE(in, int32_t, row)) : stamp_is_infinite(VALUE(in, int64_t, row));
}

bp_status time_hide_infinite(const function_call *call, const column *in, column *out, bp_error *err)
{
    uint64_t *validity = call_own_validity(call, out);

    if (!validity) return call_no_memory(call, call->rows / 8, err);
    for (size_t row = 0; row < call->rows; row++)
        if (is_infinite_at(in, row)) bitmap_unset(validity, row);
    return BP_OK;
}

bp_status time_out_of_range(const function_call *call, const column *in, size_t row, bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, call->context->memory, 1000);
    column_print_value(&text, in, row_of(in, row));
    if ((status = builder_status(&text, err)) && status != BP_LIMIT) goto done;
    status = error_set(err, BP_OUT_OF_RANGE,
                       "Date and time not in timestamp range (290309-12-22 (BC) to 294247-01-10), computing with %.*s",
                       STRING_ARGUMENTS(builder_view(&text)));
done:
    builder_clear(&text);
    return status;
}

bp_status time_parse_part(string_view text, date_part *part, bp_error *err)
{
    if (date_part_parse(text, part)) return BP_OK;
    return error_set(err, BP_CONVERSION, "extract specifier \"%.*s\" not recognized: use year, month, day, hour, minute, second …",
                     STRING_ARGUMENTS(text));
}

bp_status time_bind_part(const function_binding *binding, size_t index, date_part *part, bool *known, bp_error *err)
{
    const column *value;
    bp_status status;

    *known = false;
    if (!expr_is_constant(binding->pool, binding->arguments[index])) return BP_OK;
    if ((status = expr_constant_value(&value, binding->pool, binding->arguments[index], err))) return status;
    if (value->type.id != TYPE_VARCHAR || column_is_null(value, 0)) return BP_OK;
    *known = true;
    return time_parse_part(string_ref_view(value->values), part, err);
}

bp_status time_keep_part(function_binding *binding, date_part part, bp_error *err)
{
    date_part *kept = arena_new(binding->pool->arena, date_part);

    if (!kept) return error_no_memory(err, binding->pool->context->memory, sizeof *kept);
    *kept = part;
    binding->bind_data = kept;
    return BP_OK;
}

/* which parts a type has ------------------------------------------------------------------------------------------------------------------- */
static bool is_clock_part(date_part part)
{
    return part == PART_HOUR || part == PART_MINUTE || part == PART_SECOND || part == PART_MILLISECOND ||
           part == PART_MICROSECOND || part == PART_NANOSECOND || part == PART_EPOCH;
}

static bool is_zone_part(date_part part)
{
    return part == PART_TIMEZONE || part == PART_TIMEZONE_HOUR || part == PART_TIMEZONE_MINUTE;
}

static bool type_has_part(data_type type, date_part part)
{
    if (type.id == TYPE_TIME) return is_clock_part(part) || is_zone_part(part);
    if (type.id == TYPE_DATE) return !is_zone_part(part);
    if (type.id != TYPE_INTERVAL) return true;
    return is_clock_part(part) || part == PART_YEAR || part == PART_MONTH || part == PART_DAY || part == PART_DECADE ||
           part == PART_CENTURY || part == PART_MILLENNIUM || part == PART_QUARTER;
}

bp_status time_check_part(data_type type, date_part part, bp_error *err)
{
    string_view name = date_part_name(part);

    if (type_has_part(type, part)) return BP_OK;
    return error_set(err, BP_NOT_SUPPORTED, "\"%s\" units \"%.*s\" not recognized: %s has no such part",
                     type.id == TYPE_TIME   ? "time"
                     : type.id == TYPE_DATE ? "date"
                                            : "interval",
                     STRING_ARGUMENTS(name),
                     type.id == TYPE_TIME   ? "a TIME"
                     : type.id == TYPE_DATE ? "a DATE"
                                            : "an INTERVAL");
}

/* computing -------------------------------------------------------------------------------------------------------------------------------- */
/* One value as DOUBLE; false: infinite, no part. */
static bool double_part(const column *in, size_t row, date_part part, double *out)
{
    if (in->type.id == TYPE_INTERVAL)
        *out = date_part_double_of_interval(part, VALUE(in, interval, row));
    else if (in->type.id == TYPE_TIME)
        *out =
            part == PART_EPOCH ? (double)VALUE(in, int64_t, row) / 1e6 : (double)date_part_of_time(part, VALUE(in, int64_t, row));
    else if (is_infinite_at(in, row))
        return false;
    else if (in->type.id == TYPE_DATE)
        loops[part].date((const int32_t *)in->values + row_of(in, row), out, 1);
    else
        loops[part].stamp((const int64_t *)in->values + row_of(in, row), out, 1);
    if ((in->type.id == TYPE_DATE || is_stamp(in->type)) && !date_part_is_double(part)) {
        int64_t whole;
        memcpy(&whole, out, sizeof whole);
        *out = (double)whole;
    }
    return true;
}

/* TIME and INTERVAL. */
static bp_status run_each(date_part part, const function_call *call, const column *in, column *out, bp_error *err)
{
    void *values = call_values(call, out, 8);

    if (!values) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        if (date_part_is_double(part))
            (void)double_part(in, row, part, (double *)values + row);
        else if (in->type.id == TYPE_TIME)
            ((int64_t *)values)[row] = date_part_of_time(part, VALUE(in, int64_t, row));
        else
            ((int64_t *)values)[row] = date_part_of_interval(part, VALUE(in, interval, row));
    }
    return BP_OK;
}

/* Timestamps of nanos as micros, rounded down, for the loops. */
static bp_status narrow(const function_call *call, const column *in, column *out, bp_error *err)
{
    int64_t *to = arena_new_array(call->arena, int64_t, call->rows + 1);
    size_t rows = in->encoding == COLUMN_CONSTANT ? 1 : call->rows;

    if (!to) return call_no_memory(call, rows * 8, err);
    for (size_t row = 0; row < rows; row++) {
        int64_t value = ((const int64_t *)in->values)[row];
        to[row] = stamp_is_infinite(value) ? value : divide_down(value, NANOS_PER_MICRO);
    }
    *out = *in;
    out->type.unit = UNIT_MICRO;
    out->values = to;
    return BP_OK;
}

/* Nanoseconds of a timestamp of nanos, all of them. */
static bp_status run_nanos(const function_call *call, const column *in, column *out, bp_error *err)
{
    int64_t *to = call_values(call, out, 8);
    bool infinite = false;

    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t nanos = VALUE(in, int64_t, row);
        infinite |= stamp_is_infinite(nanos);
        to[row] = nanos - divide_down(nanos, INT64_C(60000000000)) * INT64_C(60000000000);
    }
    return infinite ? time_hide_infinite(call, in, out, err) : BP_OK;
}

bp_status time_run_part(date_part part, const function_call *call, const column *in, column *out, bp_error *err)
{
    column micros;
    void *values;
    bp_status status;

    if ((status = time_check_part(in->type, part, err))) return status;
    if (in->type.id == TYPE_TIME || in->type.id == TYPE_INTERVAL) return run_each(part, call, in, out, err);
    if (part == PART_NANOSECOND && in->type.unit == UNIT_NANO) return run_nanos(call, in, out, err);
    if (is_stamp(in->type) && in->type.unit == UNIT_NANO) {
        if ((status = narrow(call, in, &micros, err))) return status;
        in = &micros;
    }
    values = call_values(call, out, 8);
    if (!values) return call_no_memory(call, call->rows * 8, err);
    if (!(in->type.id == TYPE_DATE ? loops[part].date : loops[part].stamp)(in->values, values, call->rows)) return BP_OK;
    return time_hide_infinite(call, in, out, err);
}

/* date_part ---------------------------------------------------------------------------------------------------------------------------------- */
bp_status bind_date_part(function_binding *binding, bp_error *err)
{
    date_part part;
    bool known;
    bp_status status;

    if ((status = time_bind_part(binding, 0, &part, &known, err))) return status;
    if (!known) return BP_OK;
    if ((status = time_check_part(binding->wanted[1], part, err))) return status;
    binding->result = type_of(date_part_is_double(part) ? TYPE_FLOAT64 : TYPE_INT64);
    binding->cannot_fail = true;
    return time_keep_part(binding, part, err);
}

/* The part differs from row to row: DOUBLE, because some parts are. */
static bp_status run_named(const function_call *call, const column *given, column *out, bp_error *err)
{
    column arguments[2] = {given[0], given[1]};
    double *to = call_values(call, out, 8);
    uint64_t *validity = call_own_validity(call, out);
    string_view last = {NULL, 0};
    date_part part = PART_YEAR;
    bp_status status;

    if (!to || !validity) return call_no_memory(call, call->rows * 8, err);
    if (is_stamp(given[1].type) && given[1].type.unit == UNIT_NANO && (status = narrow(call, &given[1], &arguments[1], err)))
        return status;
    for (size_t row = 0; row < call->rows; row++) {
        string_view name;
        to[row] = 0;
        if (call_skips(call, row)) continue;
        name = text_value(&arguments[0], row);
        if ((arguments[1].type.id == TYPE_DATE || is_stamp(arguments[1].type)) && is_infinite_at(&arguments[1], row)) {
            bitmap_unset(validity, row);
            continue;
        }
        if (!last.data || !string_equal(last, name)) {
            if ((status = time_parse_part(name, &part, err))) return status;
            if ((status = time_check_part(arguments[1].type, part, err))) return status;
            last = name;
        }
        (void)double_part(&arguments[1], row, part, &to[row]);
    }
    return BP_OK;
}

KERNEL(time_date_part)
{
    date_part part;

    (void)count;
    return time_bound_part(call, &part) ? time_run_part(part, call, &arguments[1], out, err) : run_named(call, arguments, out, err);
}

/* year(), month() …: the part is in the name. */
#define PART_KERNEL(name, part)                                                                                                    \
    KERNEL(time_##name)                                                                                                            \
    {                                                                                                                              \
        (void)count;                                                                                                               \
        return time_run_part(PART_##part, call, &arguments[0], out, err);                                                          \
    }
PART_KERNEL(year, YEAR)
PART_KERNEL(month, MONTH)
PART_KERNEL(day, DAY)
PART_KERNEL(decade, DECADE)
PART_KERNEL(century, CENTURY)
PART_KERNEL(millennium, MILLENNIUM)
PART_KERNEL(quarter, QUARTER)
PART_KERNEL(day_of_week, DAY_OF_WEEK)
PART_KERNEL(iso_day_of_week, ISO_DAY_OF_WEEK)
PART_KERNEL(day_of_year, DAY_OF_YEAR)
PART_KERNEL(week, WEEK)
PART_KERNEL(iso_year, ISO_YEAR)
PART_KERNEL(year_week, YEAR_WEEK)
PART_KERNEL(era, ERA)
PART_KERNEL(hour, HOUR)
PART_KERNEL(minute, MINUTE)
PART_KERNEL(second, SECOND)
PART_KERNEL(millisecond, MILLISECOND)
PART_KERNEL(microsecond, MICROSECOND)
PART_KERNEL(nanosecond, NANOSECOND)
PART_KERNEL(epoch, EPOCH)
PART_KERNEL(julian, JULIAN)
PART_KERNEL(timezone_offset, TIMEZONE)

/* epoch_ms, epoch_us, epoch_ns ------------------------------------------------------------------------------------------------------------------ */
/* Of one value in units of a second (1,000, 10^6, 10^9); false: it does not fit. Infinite ones give anything. */
static bool epoch_at(const column *in, size_t row, int64_t per_second, int64_t *out)
{
    time_unit unit = per_second == 1000 ? UNIT_MILLI : per_second == 1000000 ? UNIT_MICRO : UNIT_NANO;
    int64_t value;

    if (in->type.id == TYPE_DATE) return !ckd_mul(out, (int64_t)VALUE(in, int32_t, row), 86400 * per_second);
    if (in->type.id == TYPE_INTERVAL) {
        interval span = VALUE(in, interval, row);
        int128 days = (int128)span.months * 30 + span.days, clock = (int128)span.micros * per_second / MICROS_PER_SECOND;
        int128 scaled = days * 86400 * per_second + clock;
        *out = (int64_t)scaled;
        return scaled >= INT64_MIN && scaled <= INT64_MAX;
    }
    value = VALUE(in, int64_t, row);
    if (unit == UNIT_MILLI && is_stamp(in->type) && in->type.unit == UNIT_MICRO) { /* to the nearest, as DuckDB has it here alone */
        int64_t rest = value % 1000;
        *out = value / 1000 + (rest >= 500) - (rest <= -500);
        return true;
    }
    return timestamp_convert(value, (time_unit)in->type.unit, unit, out);
}

static bp_status run_epoch(int64_t per_second, const char *unit, const function_call *call, const column *in, column *out,
                           bp_error *err)
{
    int64_t *to = call_values(call, out, 8);
    bool infinite = false, pointed = in->type.id == TYPE_DATE || is_stamp(in->type);

    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        bool fits = epoch_at(in, row, per_second, &to[row]);
        if (pointed && is_infinite_at(in, row))
            infinite = true;
        else if (UNLIKELY(!fits) && !call_skips(call, row))
            return error_set(err, BP_OUT_OF_RANGE, "the time since 1970 does not fit a BIGINT of %s", unit);
    }
    return infinite ? time_hide_infinite(call, in, out, err) : BP_OK;
}

KERNEL(time_epoch_ms)
{
    (void)count;
    return run_epoch(1000, "milliseconds", call, &arguments[0], out, err);
}
KERNEL(time_epoch_us)
{
    (void)count;
    return run_epoch(1000000, "microseconds", call, &arguments[0], out, err);
}
KERNEL(time_epoch_ns)
{
    (void)count;
    return run_epoch(1000000000, "nanoseconds", call, &arguments[0], out, err);
}

/* isfinite, isinf -------------------------------------------------------------------------------------------------------------------------------- */
static bp_status run_infinite(bool wanted, const function_call *call, const column *in, column *out, bp_error *err)
{
    uint64_t *bits = call_bits(call, out);

    if (!bits) return call_no_memory(call, call->rows / 8, err);
    for (size_t row = 0; row < call->rows; row++)
        if (is_infinite_at(in, row) == wanted) bitmap_set(bits, row);
    return BP_OK;
}

KERNEL(time_isfinite)
{
    (void)count;
    return run_infinite(false, call, &arguments[0], out, err);
}
KERNEL(time_isinf)
{
    (void)count;
    return run_infinite(true, call, &arguments[0], out, err);
}
