/* Dates, times and intervals -> text, as DuckDB casts them to VARCHAR. */
#include "temporal_internal.h"

static char *put2(char *out, unsigned value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
    return out + 2;
}

static char *put_text(char *out, const char *text, size_t size)
{
    memcpy(out, text, size);
    return out + size;
}
#define PUT_LITERAL(out, literal) put_text(out, "" literal, sizeof(literal) - 1)

/* At least four digits. */
static char *put_year(char *out, uint32_t year)
{
    if (year <= 9999) {
        out = put2(out, year / 100);
        return put2(out, year % 100);
    }
    return out + number_print_uint64(out, year);
}

/* Years before 1 are counted backwards and marked. */
static char *put_civil(char *out, civil_date date)
{
    out = put_year(out, date.year > 0 ? (uint32_t)date.year : (uint32_t)(1 - date.year));
    *out++ = '-';
    out = put2(out, date.month);
    *out++ = '-';
    out = put2(out, date.day);
    return date.year > 0 ? out : PUT_LITERAL(out, " (BC)");
}

static size_t print_infinity(char *out, bool positive)
{
    return (size_t)((positive ? PUT_LITERAL(out, "infinity") : PUT_LITERAL(out, "-infinity")) - out);
}

size_t temporal_print_date(char *out, int32_t date)
{
    if (!date_is_finite(date)) return print_infinity(out, date > 0);
    return (size_t)(put_civil(out, civil_from_days(date)) - out);
}

/* ".123456" without trailing zeros; nothing for 0. */
static char *put_fraction(char *out, uint32_t fraction, unsigned digits)
{
    if (fraction == 0) return out;
    *out = '.';
    for (unsigned i = digits; i > 0; i--, fraction /= 10) out[i] = (char)('0' + fraction % 10);
    while (out[digits] == '0') digits--;
    return out + digits + 1;
}

/* `value` units of a day, or of any positive length. */
static char *put_clock(char *out, uint64_t value, time_unit unit)
{
    uint64_t per_second = (uint64_t)temporal_per_second(unit), seconds = value / per_second, hours = seconds / 3600;

    out = hours < 100 ? put2(out, (unsigned)hours) : out + number_print_uint64(out, hours);
    *out++ = ':';
    out = put2(out, (unsigned)(seconds / 60 % 60));
    *out++ = ':';
    out = put2(out, (unsigned)(seconds % 60));
    return put_fraction(out, (uint32_t)(value % per_second), 3 * (unsigned)unit);
}

size_t temporal_print_time(char *out, int64_t value, time_unit unit)
{
    char *at = out;

    if (value < 0) *at++ = '-';
    return (size_t)(put_clock(at, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, unit) - out);
}

/* Any number of days since 1970, also those of seconds past the range of dates. */
static char *put_days(char *out, int64_t days)
{
    int64_t cycles = floor_divide(days, 146097); /* 400 years repeat */
    civil_date date = civil_from_days((int32_t)(days - cycles * 146097));
    int64_t year = date.year + cycles * 400;

    if (year > INT32_MIN + 1 && year < INT32_MAX) {
        date.year = (int32_t)year;
        return put_civil(out, date);
    }
    out += number_print_uint64(out, year > 0 ? (uint64_t)year : (uint64_t)(1 - year));
    *out++ = '-';
    out = put2(out, date.month);
    *out++ = '-';
    out = put2(out, date.day);
    return year > 0 ? out : PUT_LITERAL(out, " (BC)");
}

size_t temporal_print_timestamp(char *out, int64_t value, time_unit unit)
{
    int64_t per_day = 86400 * temporal_per_second(unit), days = floor_divide(value, per_day);
    char *at;

    if (!timestamp_is_finite(value)) return print_infinity(out, value > 0);
    at = put_days(out, days);
    *at++ = ' ';
    /* Wraps where days * per_day would not fit: only the difference counts. */
    return (size_t)(put_clock(at, (uint64_t)value - (uint64_t)days * (uint64_t)per_day, unit) - out);
}

static char *put_offset(char *out, int32_t seconds)
{
    uint32_t magnitude = (uint32_t)(seconds < 0 ? -(int64_t)seconds : seconds);

    *out++ = seconds < 0 ? '-' : '+';
    out = put2(out, magnitude / 3600 % 100);
    if (magnitude % 3600 == 0) return out;
    *out++ = ':';
    out = put2(out, magnitude / 60 % 60);
    if (magnitude % 60 == 0) return out;
    *out++ = ':';
    return put2(out, magnitude % 60);
}

size_t temporal_print_timestamp_tz(char *out, int64_t value, time_unit unit, int32_t offset_seconds)
{
    int64_t shifted;
    size_t size;

    if (!timestamp_is_finite(value)) return print_infinity(out, value > 0);
    if (ckd_add(&shifted, value, offset_seconds * temporal_per_second(unit)) || !timestamp_is_finite(shifted)) {
        shifted = value; /* within a day of the range's end: as UTC */
        offset_seconds = 0;
    }
    size = temporal_print_timestamp(out, shifted, unit);
    return size + (size_t)(put_offset(out + size, offset_seconds) - (out + size));
}

/* " 3 days", the blank only behind something. */
static char *put_count(char *out, const char *begin, int64_t count, const char *word)
{
    if (count == 0) return out;
    if (out > begin) *out++ = ' ';
    out += number_print_int64(out, count);
    *out++ = ' ';
    out = put_text(out, word, strlen(word));
    if (count != 1 && count != -1) *out++ = 's';
    return out;
}

size_t temporal_print_interval(char *out, interval value)
{
    char *at = out;

    at = put_count(at, out, value.months / 12, "year");
    at = put_count(at, out, value.months % 12, "month");
    at = put_count(at, out, value.days, "day");
    if (value.micros || at == out) {
        if (at > out) *at++ = ' ';
        at += temporal_print_time(at, value.micros, UNIT_MICRO);
    }
    return (size_t)(at - out);
}

size_t temporal_print_duration(char *out, int64_t value, time_unit unit)
{
    int64_t per_day = 86400 * temporal_per_second(unit), rest = value % per_day;
    char *at = put_count(out, out, value / per_day, "day");

    if (rest || at == out) {
        if (at > out) *at++ = ' ';
        at += temporal_print_time(at, rest, unit);
    }
    return (size_t)(at - out);
}
