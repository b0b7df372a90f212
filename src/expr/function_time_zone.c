/* AT TIME ZONE (timezone()), and the functions that take a zone's name. A TIMESTAMP WITH TIME ZONE is an instant; the zone makes a wall clock's time of
 * it, or an instant of a wall clock's time. */
#include "function_time.h"

/* zones over rows ------------------------------------------------------------------------------------------------------------------------------- */
zone_memo time_zone_memo(const zone *bound)
{
    return (zone_memo){.zone = bound};
}

bp_status time_zone_named(zone_memo *memo, const function_call *call, string_view name, bp_error *err)
{
    bp_status status;

    if (memo->zone && string_equal((string_view){memo->name, memo->name_size}, name)) return BP_OK;
    *memo = (zone_memo){0};
    if ((status = zone_open(&memo->zone, call->arena, call->context, name, err))) return status;
    if (name.size > sizeof memo->name) return BP_OK; /* an offset written at length: it is read again */
    memcpy(memo->name, name.data, name.size);
    memo->name_size = name.size;
    return BP_OK;
}

bool time_zone_to_local(zone_memo *memo, int64_t instant, int64_t *local)
{
    int64_t seconds = divide_down(instant, MICROS_PER_SECOND);

    *local = instant;
    if (!timestamp_is_finite(instant)) return true;
    if (seconds < memo->utc.begin || seconds >= memo->utc.end) memo->utc = zone_span_at(memo->zone, seconds);
    return !ckd_add(local, instant, memo->utc.offset * MICROS_PER_SECOND) && timestamp_is_finite(*local);
}

bool time_zone_to_instant(zone_memo *memo, int64_t local, int64_t *instant)
{
    int64_t seconds = divide_down(local, MICROS_PER_SECOND);

    *instant = local;
    if (!timestamp_is_finite(local)) return true;
    if (seconds < memo->local.begin || seconds >= memo->local.end) memo->local = zone_span_at_local(memo->zone, seconds);
    return !ckd_sub(instant, local, memo->local.offset * MICROS_PER_SECOND) && timestamp_is_finite(*instant);
}

bp_status time_bind_zone(function_binding *binding, size_t index, bp_error *err)
{
    const column *value;
    const zone *zone;
    bp_status status;

    if (!expr_is_constant(binding->pool, binding->arguments[index])) return BP_OK;
    if ((status = expr_constant_value(&value, binding->pool, binding->arguments[index], err))) return status;
    if (value->type.id != TYPE_VARCHAR || column_is_null(value, 0)) return BP_OK;
    status = zone_open(&zone, binding->pool->arena, binding->pool->context, string_ref_view(value->values), err);
    binding->bind_data = (void *)(uintptr_t)zone;
    return status;
}

/* AT TIME ZONE ------------------------------------------------------------------------------------------------------------------------------------ */
bp_status bind_timezone(function_binding *binding, bp_error *err)
{
    return time_bind_zone(binding, 0, err);
}

/* zone, DATE or TIMESTAMP -> instant; zone, instant -> TIMESTAMP */
KERNEL(time_timezone)
{
    const column *in = &arguments[1];
    bool to_local = in->type.id == TYPE_TIMESTAMP_TZ;
    zone_memo memo = time_zone_memo(call->bind_data);
    int64_t *to = call_values(call, out, 8);
    bp_status status;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t stamp;
        to[row] = 0;
        if (call_skips(call, row)) continue;
        if (!call->bind_data && (status = time_zone_named(&memo, call, text_value(&arguments[0], row), err))) return status;
        if (!time_stamp_at(in, row, &stamp) ||
            !(to_local ? time_zone_to_local(&memo, stamp, &to[row]) : time_zone_to_instant(&memo, stamp, &to[row])))
            return time_out_of_range(call, in, row, err);
    }
    return BP_OK;
}

/* make_timestamptz with a zone ----------------------------------------------------------------------------------------------------------------------- */
bp_status bind_make_timestamptz(function_binding *binding, bp_error *err)
{
    return time_bind_zone(binding, 6, err);
}

KERNEL(time_make_timestamptz)
{
    zone_memo memo = time_zone_memo(call->bind_data);
    int64_t *to = call_values(call, out, 8);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t clock;
        int32_t date;
        bp_status status;
        to[row] = 0;
        if (call_skips(call, row)) continue;
        if (!call->bind_data && (status = time_zone_named(&memo, call, text_value(&arguments[6], row), err))) return status;
        if ((status = time_make_day(call, arguments, row, &date, err))) return status;
        if ((status = time_make_clock(call, arguments + 3, row, &clock, err))) return status;
        if (!timestamp_make(&to[row], date, clock) || !time_zone_to_instant(&memo, to[row], &to[row]))
            return error_set(err, BP_CONVERSION, "Date and time not in timestamp range: the day of year %lld is too far",
                             (long long)VALUE(&arguments[0], int64_t, row));
    }
    return BP_OK;
}

/* time_bucket with a zone ------------------------------------------------------------------------------------------------------------------------------- */
bp_status bind_bucket_zone(function_binding *binding, bp_error *err)
{
    return time_bind_zone(binding, 2, err);
}

/* Days and months are the wall clock's, so a day may have 23 hours; buckets of hours are as long as they say, from the zone's origin. */
static bool bucket_in_zone(zone_memo *memo, interval width, int64_t instant, int64_t *out)
{
    int64_t local;

    if (width.micros)
        return time_zone_to_instant(memo, BUCKET_ORIGIN_DAYS, &local) && time_bucket_timestamp(width, instant, local, out);
    return time_zone_to_local(memo, instant, &local) && time_bucket_of(width, local, NULL, 0, &local) &&
           time_zone_to_instant(memo, local, out);
}

/* width, instant, zone */
KERNEL(time_bucket_zone)
{
    zone_memo memo = time_zone_memo(call->bind_data);
    int64_t *to = call_values(call, out, 8);
    bp_status status;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        to[row] = 0;
        if (call_skips(call, row)) continue;
        if ((status = time_check_bucket(VALUE(&arguments[0], interval, row), err))) return status;
        if (!call->bind_data && (status = time_zone_named(&memo, call, text_value(&arguments[2], row), err))) return status;
        if (!bucket_in_zone(&memo, VALUE(&arguments[0], interval, row), VALUE(&arguments[1], int64_t, row), &to[row]))
            return time_out_of_range(call, &arguments[1], row, err);
    }
    return BP_OK;
}
