/* Casts among DATE, TIME, TIMESTAMP with and without zone (of every unit), DURATION and INTERVAL. Infinity stays infinity; towards a coarser unit
 * timestamps are rounded, halves away from zero, others down; towards a finer one a value may not fit. Zones: a TIMESTAMP WITH TIME ZONE is an instant in UTC. */
#include "convert_internal.h"
#include "function_time.h"

#include "base/error.h"

static int64_t source_int64(const column *in, size_t row)
{
    return ((const int64_t *)in->values)[row];
}

bool convert_stamp(int64_t value, time_unit from, time_unit to, int64_t *out)
{
    int64_t factor, rest;

    if (from <= to || !timestamp_is_finite(value)) return timestamp_convert(value, from, to, out);
    factor = temporal_per_second(from) / temporal_per_second(to);
    rest = value % factor;
    *out = value / factor + (rest >= factor / 2) - (rest <= -(factor / 2));
    return true;
}

static bool date_to_stamp(int32_t date, time_unit unit, int64_t *out)
{
    int64_t seconds_per_day = 86400;

    if (!date_is_finite(date)) {
        *out = date == DATE_INFINITY ? TIMESTAMP_INFINITY : TIMESTAMP_MINUS_INFINITY;
        return true;
    }
    return timestamp_convert(date * seconds_per_day, UNIT_SECOND, unit, out);
}

/* A timestamp of any unit as day and micros of the day. */
static bool stamp_parts(int64_t stamp, time_unit unit, int32_t *date, int64_t *micros_of_day)
{
    int64_t micros;

    *micros_of_day = 0;
    if (!timestamp_is_finite(stamp)) {
        *date = stamp == TIMESTAMP_INFINITY ? DATE_INFINITY : DATE_MINUS_INFINITY;
        return true;
    }
    if (!convert_stamp(stamp, unit, UNIT_MICRO, &micros)) return false;
    timestamp_split(micros, date, micros_of_day);
    return true;
}

static bool to_interval(const column *in, size_t row, interval *out)
{
    int64_t micros;

    if (!timestamp_convert(source_int64(in, row), (time_unit)in->type.unit, UNIT_MICRO, &micros)) return false;
    *out = (interval){0, 0, micros};
    if (in->type.id == TYPE_DURATION) *out = (interval){0, (int32_t)(micros / MICROS_PER_DAY), micros % MICROS_PER_DAY};
    return true;
}

static bool convert_one(const conversion *work, size_t row)
{
    const column *in = work->in;
    time_unit from_unit = (time_unit)in->type.unit, to_unit = (time_unit)work->to.unit;
    int64_t *out = (int64_t *)work->values + row, micros_of_day;
    int32_t date;

    if (work->to.id == TYPE_INTERVAL) return to_interval(in, row, (interval *)work->values + row);
    if (in->type.id == TYPE_DATE) return date_to_stamp(((const int32_t *)in->values)[row], to_unit, out);
    if (work->to.id == TYPE_DATE || (work->to.id == TYPE_TIME && in->type.id != TYPE_TIME)) {
        if (!stamp_parts(source_int64(in, row), from_unit, &date, &micros_of_day)) return false;
        if (work->to.id == TYPE_TIME) return date_is_finite(date) && timestamp_convert(micros_of_day, UNIT_MICRO, to_unit, out);
        ((int32_t *)work->values)[row] = date;
        return true;
    }
    if (in->type.id == TYPE_TIMESTAMP || in->type.id == TYPE_TIMESTAMP_TZ)
        return convert_stamp(source_int64(in, row), from_unit, to_unit, out);
    return timestamp_convert(source_int64(in, row), from_unit, to_unit, out);
}

bp_status convert_times(conversion *work, bp_error *err)
{
    (void)err;
    for (size_t row = 0; row < work->rows; row++)
        if (!conversion_skips(work, row) && !convert_one(work, row)) conversion_bad(work, row);
    return BP_OK;
}

/* text to instants ------------------------------------------------------------------------------------------------------------------------------- */
/* "2024-01-31 10:00:00 Europe/Berlin": the zone behind the last blank. */
static bool split_zone(string_view text, string_view *local, string_view *zone)
{
    size_t at;

    text = string_trim(text);
    for (at = text.size; at && text.data[at - 1] != ' ';) at--;
    *local = string_trim((string_view){text.data, at});
    *zone = (string_view){text.data + at, text.size - at};
    return at && zone->size && ascii_is_alpha((unsigned char)*zone->data) && memchr(local->data, ':', local->size);
}

static number_result parse_in_zone(const conversion *work, string_view text, zone_memo *memo, int64_t *out, bp_status *status)
{
    function_call call = {.context = work->context, .arena = work->arena};
    string_view local, zone;
    number_result result;
    int64_t micros;
    bool zoned;

    if (!split_zone(text, &local, &zone)) return NUMBER_BAD;
    if ((result = temporal_parse_timestamp(local, UNIT_MICRO, &micros, &zoned)) || zoned) return result ? result : NUMBER_BAD;
    if ((*status = time_zone_named(memo, &call, zone, NULL)) == BP_NOT_FOUND || *status == BP_BAD_FORMAT) *status = BP_OK;
    if (*status || !memo->zone) return NUMBER_BAD;
    return time_zone_to_instant(memo, micros, &micros) && timestamp_convert(micros, UNIT_MICRO, (time_unit)work->to.unit, out)
               ? NUMBER_OK
               : NUMBER_OVERFLOW;
}

bp_status convert_to_instants(conversion *work, bp_error *err)
{
    zone_memo memo = time_zone_memo(NULL);
    bp_status status = BP_OK;

    for (size_t row = 0; row < work->rows; row++) {
        int64_t *out = (int64_t *)work->values + row;
        number_result result;
        string_view text;
        bool zoned;
        if (conversion_skips(work, row)) continue;
        text = string_ref_view((const string_ref *)work->in->values + row);
        result = temporal_parse_timestamp(text, (time_unit)work->to.unit, out, &zoned);
        if (result == NUMBER_BAD) result = parse_in_zone(work, text, &memo, out, &status);
        if (status) return error_set(err, status, "the rules of a time zone could not be read");
        if (!result) continue;
        if (!work->any_bad) work->overflow = result == NUMBER_OVERFLOW;
        conversion_bad(work, row);
    }
    return BP_OK;
}
