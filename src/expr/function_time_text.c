/* Times as text and text as times by a format: strftime, strptime, try_strptime; the names of days and months. */
#include "function_time.h"

/* dayname, monthname ------------------------------------------------------------------------------------------------------------------------------ */
/* Names are short enough to lie in the string_ref itself. */
static bp_status run_names(const char *const *names, size_t name_count, bool months, const function_call *call, const column *in,
                           column *out, bp_error *err)
{
    string_ref *to = call_values(call, out, 16), refs[12] = {0};
    bool of_date = in->type.id == TYPE_DATE, infinite = false;

    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t i = 0; i < name_count; i++) refs[i] = string_ref_of(names[i], strlen(names[i]));
    for (size_t row = 0; row < call->rows; row++) {
        int32_t date = of_date ? VALUE(in, int32_t, row) : stamp_day(VALUE(in, int64_t, row));
        infinite |= of_date ? date_is_infinite(date) : stamp_is_infinite(VALUE(in, int64_t, row));
        to[row] = refs[months ? calendar_split(date).month - 1 : (weekday_of(date) + 1) % 7];
    }
    return infinite ? time_hide_infinite(call, in, out, err) : BP_OK;
}

KERNEL(time_dayname)
{
    (void)count;
    return run_names(temporal_day_names, 7, false, call, &arguments[0], out, err);
}
KERNEL(time_monthname)
{
    (void)count;
    return run_names(temporal_month_names, 12, true, call, &arguments[0], out, err);
}

/* formats --------------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status check_format(string_view format, bool parsing, bp_error *err)
{
    bp_status status = temporal_check_format(format, parsing, err);

    if (status && err) err->position = -1; /* it is a byte of the format, not of the statement */
    return status;
}

/* Whether the format has one of the codes in `letters`. */
static bool has_code(string_view format, const char *letters)
{
    for (size_t i = 0; i + 1 < format.size; i++) {
        if (format.data[i] != '%') continue;
        i += format.data[i + 1] == '-' && i + 2 < format.size ? 2 : 1;
        if (format.data[i] != 0 && strchr(letters, format.data[i])) return true;
    }
    return false;
}

/* strftime: the format may stand on either side. */
static size_t format_place(const column *arguments)
{
    return arguments[0].type.id == TYPE_VARCHAR ? 0 : 1;
}

bp_status bind_strftime(function_binding *binding, bp_error *err)
{
    size_t place = binding->wanted[0].id == TYPE_VARCHAR ? 0 : 1;
    const column *value;
    string_view *kept;
    bp_status status;

    if (!expr_is_constant(binding->pool, binding->arguments[place])) return BP_OK;
    if ((status = expr_constant_value(&value, binding->pool, binding->arguments[place], err))) return status;
    if (value->type.id != TYPE_VARCHAR || column_is_null(value, 0)) return BP_OK;
    if ((status = check_format(string_ref_view(value->values), false, err))) return status;
    if (!(kept = arena_new(binding->pool->arena, string_view)))
        return error_no_memory(err, binding->pool->context->memory, sizeof *kept);
    *kept = string_ref_view(value->values);
    binding->bind_data = kept;
    binding->cannot_fail = true;
    return BP_OK;
}

/* The day and the nanoseconds of the day of a DATE or timestamp of micros or nanos. */
static void split_time(const column *in, size_t row, int32_t *day, int64_t *nanos)
{
    int64_t value = in->type.id == TYPE_DATE ? 0 : VALUE(in, int64_t, row), micros = value, rest = 0;

    *nanos = 0;
    if (in->type.id == TYPE_DATE) {
        *day = VALUE(in, int32_t, row);
        return;
    }
    if (in->type.unit == UNIT_NANO && timestamp_is_finite(value)) {
        micros = divide_down(value, NANOS_PER_MICRO);
        rest = value - micros * NANOS_PER_MICRO;
    }
    timestamp_split(micros, day, nanos);
    *nanos = *nanos * NANOS_PER_MICRO + rest;
}

/* A format in its steps, kept as long as rows have the same. */
typedef struct format_memo {
    string_view format;
    temporal_step *steps;
    size_t count, room;
} format_memo;

static bp_status take_format(format_memo *memo, const function_call *call, string_view format, string_view zone, bp_error *err)
{
    bp_status status;

    if (memo->steps && string_equal(memo->format, format)) return BP_OK;
    if (!call->bind_data && (status = check_format(format, false, err))) return status;
    memo->format = format;
    memo->steps = arena_new_array(call->arena, temporal_step, TEMPORAL_FORMAT_STEPS(format.size));
    if (!memo->steps) return call_no_memory(call, TEMPORAL_FORMAT_STEPS(format.size) * sizeof *memo->steps, err);
    memo->count = temporal_compile_format(format, memo->steps);
    memo->room = TEMPORAL_STEPS_SIZE(memo->count, zone) + TEMPORAL_DATE_SIZE;
    return BP_OK;
}

/* bind_data: the format is constant, and known to be good. */
KERNEL(time_strftime)
{
    size_t place = format_place(arguments);
    const column *in = &arguments[1 - place];
    string_view zone = in->type.id == TYPE_TIMESTAMP_TZ ? STRING_VIEW("UTC") : STRING_VIEW("");
    string_ref *to = call_values(call, out, 16);
    text_room room = {.arena = call->arena};
    format_memo memo = {0};
    bp_status status;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t nanos;
        int32_t day;
        char *text;
        if (call_skips(call, row)) continue;
        if ((status = take_format(&memo, call, text_value(&arguments[place], row), zone, err))) return status;
        if (!(text = text_reserve(&room, memo.room))) return call_no_memory(call, memo.room, err);
        split_time(in, row, &day, &nanos);
        to[row] = text_commit(&room, date_is_finite(day) ? temporal_print_steps(text, memo.steps, memo.count, day, nanos, 0, zone)
                                                         : temporal_print_date(text, day));
    }
    return BP_OK;
}

/* strptime ----------------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct parse_format {
    string_view text;
    temporal_step *steps;
    size_t count;
} parse_format;

typedef struct parse_formats {
    size_t count;
    parse_format *formats;
} parse_formats;

static bool add_format(parse_formats *out, string_view format, arena *arena)
{
    parse_format *made = &out->formats[out->count];

    made->text = format;
    made->steps = arena_new_array(arena, temporal_step, TEMPORAL_FORMAT_STEPS(format.size));
    if (!made->steps) return false;
    made->count = temporal_compile_format(format, made->steps);
    out->count++;
    return true;
}

static bp_status collect_formats(function_binding *binding, const column *value, parse_formats *out, bp_error *err)
{
    const column *texts = value;
    size_t first = 0, count = 1;

    if (value->type.id == TYPE_LIST) {
        const list_entry *entry = value->values;
        texts = &value->children[0];
        first = entry->offset;
        count = entry->size;
    }
    out->formats = arena_new_array(binding->pool->arena, parse_format, count + 1);
    if (!out->formats) return error_no_memory(err, binding->pool->context->memory, count * sizeof *out->formats);
    for (size_t i = 0; i < count; i++) {
        string_view format;
        bp_status status;
        if (texts->type.id != TYPE_VARCHAR || column_is_null(texts, first + i)) continue;
        format = string_ref_view((const string_ref *)texts->values + first + i);
        if ((status = check_format(format, true, err))) return status;
        if (!add_format(out, format, binding->pool->arena))
            return error_no_memory(err, binding->pool->context->memory, format.size);
    }
    return out->count ? BP_OK : error_set(err, BP_BIND_ERROR, "strptime format list must not be empty: give at least one format");
}

/* %z and %Z make the result an instant, %n one of nanoseconds. */
bp_status bind_strptime(function_binding *binding, bp_error *err)
{
    parse_formats *formats = arena_new(binding->pool->arena, parse_formats);
    const column *value;
    bp_status status;

    if (!formats) return error_no_memory(err, binding->pool->context->memory, sizeof *formats);
    if (!expr_is_constant(binding->pool, binding->arguments[1]))
        return error_set(err, BP_BIND_ERROR, "The \"format\" argument in function \"strptime\" must be a constant expression");
    if ((status = expr_constant_value(&value, binding->pool, binding->arguments[1], err))) return status;
    if (column_is_null(value, 0)) return BP_OK; /* NULL; the call is never made */
    if ((status = collect_formats(binding, value, formats, err))) return status;
    for (size_t i = 0; i < formats->count; i++) {
        if (has_code(formats->formats[i].text, "zZ")) binding->result = type_of(TYPE_TIMESTAMP_TZ);
        if (has_code(formats->formats[i].text, "n") && binding->result.id == TYPE_TIMESTAMP)
            binding->result = type_timestamp(UNIT_NANO);
    }
    binding->bind_data = formats;
    return BP_OK;
}

typedef enum parse_outcome { PARSED, PARSE_MISMATCH, PARSE_NO_SUCH_TIME, PARSE_NO_SUCH_ZONE } parse_outcome;

static bool assemble(const temporal_parts *parts, time_unit unit, int64_t *out)
{
    int64_t micros;

    if (!timestamp_make(&micros, parts->days, parts->nanos_of_day / NANOS_PER_MICRO)) return false;
    if (!timestamp_is_finite(micros)) {
        *out = micros;
        return true;
    }
    if (ckd_sub(&micros, micros, parts->offset_seconds * MICROS_PER_SECOND) || !timestamp_convert(micros, UNIT_MICRO, unit, out))
        return false;
    return unit != UNIT_NANO || !ckd_add(out, *out, parts->nanos_of_day % NANOS_PER_MICRO);
}

/* A zone's name makes the time one of that zone's wall clock. */
static parse_outcome parse_with(string_view text, const parse_format *format, const function_call *call, zone_memo *memo,
                                time_unit unit, int64_t *out)
{
    temporal_parts parts;

    switch (temporal_parse_steps(text, format->steps, format->count, &parts, NULL)) {
    case NUMBER_OK: break;
    case NUMBER_BAD: return PARSE_MISMATCH;
    default: return PARSE_NO_SUCH_TIME;
    }
    if (!assemble(&parts, unit, out)) return PARSE_NO_SUCH_TIME;
    if (!parts.zone_name.size) return PARSED;
    if (time_zone_named(memo, call, parts.zone_name, NULL)) return PARSE_NO_SUCH_ZONE;
    return time_zone_to_instant(memo, *out, out) ? PARSED : PARSE_NO_SUCH_TIME;
}

static bp_status not_parsed(string_view text, string_view format, parse_outcome why, bp_error *err)
{
    if (text.size > 200) text.size = 200;
    switch (why) {
    case PARSE_NO_SUCH_TIME:
        return error_set(err, BP_CONVERSION, "\"%.*s\" has the form \"%.*s\" but is no such date or time", STRING_ARGUMENTS(text),
                         STRING_ARGUMENTS(format));
    case PARSE_NO_SUCH_ZONE:
        return error_set(err, BP_CONVERSION, "\"%.*s\" names an unknown time zone: write one such as Europe/Berlin or UTC",
                         STRING_ARGUMENTS(text));
    default:
        return error_set(err, BP_CONVERSION,
                         "Could not parse string \"%.*s\" according to format specifier \"%.*s\": use try_strptime() to get NULL",
                         STRING_ARGUMENTS(text), STRING_ARGUMENTS(format));
    }
}

static bp_status run_parse(bool try, const function_call *call, const column *arguments, column *out, bp_error *err)
{
    const parse_formats *formats = call->bind_data;
    int64_t *to = call_values(call, out, 8);
    uint64_t *validity = try ? call_own_validity(call, out) : NULL;
    zone_memo memo = time_zone_memo(NULL);

    if (!to || (try && !validity)) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        parse_outcome outcome = PARSE_MISMATCH, first = PARSED;
        string_view text;
        to[row] = 0;
        if (call_skips(call, row)) continue;
        text = text_value(&arguments[0], row);
        for (size_t i = 0; i < formats->count && outcome != PARSED; i++) {
            outcome = parse_with(text, &formats->formats[i], call, &memo, (time_unit)out->type.unit, &to[row]);
            if (i == 0) first = outcome;
        }
        if (outcome == PARSED) continue;
        if (!try) return not_parsed(text, formats->formats[0].text, first, err);
        bitmap_unset(validity, row);
    }
    return BP_OK;
}

KERNEL(time_strptime)
{
    (void)count;
    return run_parse(false, call, arguments, out, err);
}
KERNEL(time_try_strptime)
{
    (void)count;
    return run_parse(true, call, arguments, out, err);
}
