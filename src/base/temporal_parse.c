/* Text -> dates, times, timestamps: the general forms, and the fixed ones that CSV files are full of.
 *
 * The take_…() functions read one part at *at and move behind it. */
#include "temporal_internal.h"

int64_t take_fraction(const char **at, const char *end, unsigned digits)
{
    int64_t value;
    unsigned count = take_digits(at, end, digits, &value);

    for (; count < digits; count++) value *= 10;
    while (*at < end && ascii_is_digit((unsigned char)**at)) ++*at;
    return value;
}

static bool take_byte(const char **at, const char *end, char byte)
{
    if (*at == end || **at != byte) return false;
    ++*at;
    return true;
}

static bool take_word(const char **at, const char *end, string_view word)
{
    if ((size_t)(end - *at) < word.size || !string_equal_nocase((string_view){*at, word.size}, word)) return false;
    *at += word.size;
    return true;
}

static void skip_spaces(const char **at, const char *end)
{
    while (*at < end && ascii_is_space((unsigned char)**at)) ++*at;
}

static bool take_infinity(const char **at, const char *end, bool *negative)
{
    const char *start = *at;

    *negative = take_byte(at, end, '-');
    if (take_word(at, end, STRING_VIEW("infinity")) || take_word(at, end, STRING_VIEW("inf"))) return true;
    *at = start;
    return false;
}

/* Y-M-D with one of "-/ \" twice, then perhaps " (BC)". */
static number_result take_civil(const char **at, const char *end, int32_t *date)
{
    bool negative = take_byte(at, end, '-');
    int64_t year, month, day;
    char separator;

    if (!take_digits(at, end, 9, &year) || *at == end) return NUMBER_BAD;
    separator = *(*at)++;
    if (separator != '-' && separator != '/' && separator != ' ' && separator != '\\') return NUMBER_BAD;
    if (!take_digits(at, end, 2, &month) || !take_byte(at, end, separator)) return NUMBER_BAD;
    if (!take_digits(at, end, 2, &day)) return NUMBER_BAD;
    if (*at < end && ascii_is_digit((unsigned char)**at)) return NUMBER_BAD;
    if (take_word(at, end, STRING_VIEW(" (BC)"))) {
        if (negative || year == 0) return NUMBER_OVERFLOW;
        year = 1 - year;
    } else if (negative) {
        year = -year;
    }
    return date_make(date, year, month, day) ? NUMBER_OK : NUMBER_OVERFLOW;
}

/* A date or one of the names. */
static number_result take_date(const char **at, const char *end, int32_t *date)
{
    bool negative;

    if (take_infinity(at, end, &negative)) {
        *date = negative ? DATE_MINUS_INFINITY : DATE_INFINITY;
        return NUMBER_OK;
    }
    if (take_word(at, end, STRING_VIEW("epoch"))) {
        *date = 0;
        return NUMBER_OK;
    }
    return take_civil(at, end, date);
}

/* H:M[:S[.f…]] as nanos of the day; 24:00:00 is the last. */
static number_result take_time(const char **at, const char *end, int64_t *nanos)
{
    int64_t hour, minute, second = 0, fraction = 0, micros;

    if (!take_digits(at, end, 9, &hour) || !take_byte(at, end, ':') || !take_digits(at, end, 2, &minute)) return NUMBER_BAD;
    if (take_byte(at, end, ':')) {
        if (!take_digits(at, end, 2, &second)) return NUMBER_BAD;
        if (take_byte(at, end, '.')) fraction = take_fraction(at, end, 9);
    }
    if (*at < end && ascii_is_digit((unsigned char)**at)) return NUMBER_BAD;
    if (!time_make(&micros, hour, minute, second, 0) || micros * 1000 + fraction > MICROS_PER_DAY * 1000) return NUMBER_OVERFLOW;
    *nanos = micros * 1000 + fraction;
    return NUMBER_OK;
}

bool take_offset(const char **at, const char *end, int32_t *seconds)
{
    const char *start = *at;
    int64_t hour, minute = 0, second = 0;
    bool negative, colon;

    *seconds = 0;
    if (*at == end || (**at != '+' && **at != '-')) return false;
    negative = *(*at)++ == '-';
    if (take_digits(at, end, 2, &hour) != 2) goto none;
    colon = take_byte(at, end, ':');
    if (*at < end && ascii_is_digit((unsigned char)**at)) {
        if (take_digits(at, end, 2, &minute) != 2) goto none;
        colon = take_byte(at, end, ':');
        if (*at < end && ascii_is_digit((unsigned char)**at)) {
            if (take_digits(at, end, 2, &second) != 2) goto none;
            colon = false;
        }
    }
    if (colon || hour > 23 || minute > 59 || second > 59) goto none;
    *seconds = (int32_t)((hour * 60 + minute) * 60 + second) * (negative ? -1 : 1);
    return true;
none:
    *at = start;
    return false;
}

string_view take_zone_name(const char **at, const char *end)
{
    const char *start = *at;

    while (*at < end) {
        unsigned char c = (unsigned char)**at;

        if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '/' && c != '_' && c != '+' && c != '-') break;
        ++*at;
    }
    return (string_view){start, (size_t)(*at - start)};
}

/* What stands behind a time: nothing, an offset, 'Z', or a blank and a name. */
static number_result take_zone(const char **at, const char *end, bool *zoned, int32_t *seconds)
{
    string_view name;
    bool utc;

    *seconds = 0;
    if (zoned) *zoned = false;
    if (take_byte(at, end, 'Z') || take_offset(at, end, seconds)) {
        if (zoned) *zoned = true;
        return NUMBER_OK;
    }
    skip_spaces(at, end);
    if (*at == end) return NUMBER_OK;
    if (take_offset(at, end, seconds)) {
        if (zoned) *zoned = true;
        return NUMBER_OK;
    }
    if (!ascii_is_space((unsigned char)(*at)[-1])) return NUMBER_BAD;
    name = take_zone_name(at, end);
    utc = string_equal_nocase(name, STRING_VIEW("UTC")) || string_equal_nocase(name, STRING_VIEW("GMT")) ||
          string_equal_nocase(name, STRING_VIEW("Z"));
    if (name.size == 0 || (zoned && !utc)) return NUMBER_BAD;
    if (zoned) *zoned = true;
    return NUMBER_OK;
}

number_result temporal_parse_date(string_view text, int32_t *date)
{
    string_view trimmed = string_trim(text);
    const char *at = trimmed.data, *end = at + trimmed.size;
    number_result result = take_date(&at, end, date);
    int64_t timestamp, of_day;

    if (result != NUMBER_BAD && at == end) return result;
    /* A timestamp's text is a date as well: its time is dropped. */
    result = temporal_parse_timestamp(trimmed, UNIT_MICRO, &timestamp, NULL);
    if (result == NUMBER_OK) timestamp_split(timestamp, date, &of_day);
    return result;
}

number_result temporal_parse_time_nanos(string_view text, int64_t *nanos)
{
    string_view trimmed = string_trim(text);
    const char *at = trimmed.data, *end = at + trimmed.size;
    int64_t value;
    int32_t seconds;
    number_result result = take_time(&at, end, &value);

    if (result == NUMBER_BAD) return result;
    if (at < end && *at != 'Z' && *at != '+' && *at != '-') return NUMBER_BAD;
    if (take_zone(&at, end, NULL, &seconds) || at != end) return NUMBER_BAD; /* an offset is passed over */
    if (result == NUMBER_OK) *nanos = value;
    return result;
}

number_result temporal_parse_time(string_view text, int64_t *micros)
{
    int64_t nanos;
    number_result result = temporal_parse_time_nanos(text, &nanos);

    if (result == NUMBER_OK) *micros = nanos / 1000;
    return result;
}

/* days and nanos of the day, less an offset, in the unit. */
static number_result assemble(int32_t days, int64_t nanos, int32_t offset, time_unit unit, int64_t *out)
{
    int128 whole = ((int128)days * 86400 - offset) * temporal_per_second(unit);
    int64_t part = nanos / (1000000000 / temporal_per_second(unit));

    whole += part;
    if (whole >= TIMESTAMP_INFINITY || whole <= TIMESTAMP_MINUS_INFINITY) return NUMBER_OVERFLOW;
    *out = (int64_t)whole;
    return NUMBER_OK;
}

number_result temporal_parse_timestamp(string_view text, time_unit unit, int64_t *timestamp, bool *zoned)
{
    string_view trimmed = string_trim(text);
    const char *at = trimmed.data, *end = at + trimmed.size;
    int32_t days, offset = 0;
    int64_t nanos = 0;
    number_result result = take_date(&at, end, &days), time_result = NUMBER_OK;

    if (zoned) *zoned = false;
    if (result == NUMBER_BAD) return result;
    if (at < end) {
        if (*at != 'T' && *at != ' ') return NUMBER_BAD;
        at++;
        skip_spaces(&at, end);
        time_result = take_time(&at, end, &nanos);
        if (time_result == NUMBER_BAD || take_zone(&at, end, zoned, &offset) || at != end) return NUMBER_BAD;
    }
    if (result || time_result) return result ? result : time_result;
    if (!date_is_finite(days)) {
        *timestamp = days > 0 ? TIMESTAMP_INFINITY : TIMESTAMP_MINUS_INFINITY;
        return NUMBER_OK;
    }
    return assemble(days, nanos, zoned ? offset : 0, unit, timestamp);
}

/* Fixed forms ----------------------------------------------------------------------------------------------------------------- */

static inline uint64_t load8(const char *at)
{
    uint64_t chunk;

    memcpy(&chunk, at, 8);
    return chunk;
}

/* civil_to_days() for the years 0 … 9999, in 32 bits; 400 years more keep it positive. */
static inline int32_t short_days(uint32_t year, uint32_t month, uint32_t day)
{
    static const uint16_t before_month[13] = {0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275}; /* counted from March */
    uint32_t y = year + 400 - (month <= 2);

    return (int32_t)(365 * y + y / 4 - y / 100 + y / 400 + before_month[month] + day - 1) - 719468 - 146097;
}

/* "YYYY-MM-": all its digits at once, the signs replaced by zeros: 10^4 Y + 10^1 M, in eight digits YYYY0MM0. */
static inline bool fast_days(const char *begin, int32_t *days)
{
    static const uint8_t month_days[16] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0};
    const uint64_t signs = UINT64_C(0xff0000ff00000000), dashes = UINT64_C(0x2d00002d00000000),
                   zeros = UINT64_C(0x3000003000000000);
    uint64_t chunk = load8(begin);
    uint32_t value, year, month, day, day_tens = (unsigned char)(begin[8] - '0'), day_ones = (unsigned char)(begin[9] - '0');

    if ((chunk & signs) != dashes) return false;
    chunk = (chunk & ~signs) | zeros;
    if (!number_are_digits8(chunk) || day_tens > 9 || day_ones > 9) return false;
    value = number_digits8(chunk);
    year = value / 10000;
    month = value % 10000 / 10;
    day = day_tens * 10 + day_ones;
    if (month > 12 || day == 0) return false;
    if (day > month_days[month] && !(month == 2 && day == 29 && civil_is_leap(year))) return false;
    *days = short_days(year, month, day);
    return true;
}

bool temporal_fast_date(const char *begin, const char *end, int32_t *date)
{
    return end - begin == 10 && fast_days(begin, date);
}

/* "HH:MM:SS" likewise: HH0MM0SS. */
static inline bool fast_clock(const char *begin, int64_t *seconds)
{
    const uint64_t signs = UINT64_C(0x0000ff0000ff0000), colons = UINT64_C(0x00003a00003a0000),
                   zeros = UINT64_C(0x0000300000300000);
    uint64_t chunk = load8(begin);
    uint32_t value, hour, minute, second;

    if ((chunk & signs) != colons) return false;
    chunk = (chunk & ~signs) | zeros;
    if (!number_are_digits8(chunk)) return false;
    value = number_digits8(chunk);
    hour = value / 1000000;
    minute = value / 1000 % 1000;
    second = value % 1000;
    *seconds = (int64_t)(hour * 3600 + minute * 60 + second);
    return hour < 24 && minute < 60 && second < 60;
}

/* HH:MM:SS[.1 to 6 digits] */
bool temporal_fast_time(const char *begin, const char *end, int64_t *micros)
{
    int64_t seconds, fraction = 0;

    if (end - begin < 8 || !fast_clock(begin, &seconds)) return false;
    if (end - begin >
        8) { /* the digits behind the point end the text: the last eight bytes hold them, moved to the front, zeros behind */
        unsigned digits = (unsigned)(end - begin - 9) * 8;
        uint64_t chunk = load8(end - 8);

        if (begin[8] != '.' || digits == 0 || digits > 48) return false;
        chunk = chunk >> (64 - digits) | UINT64_C(0x3030303030303030) << digits;
        if (!number_are_digits8(chunk)) return false;
        fraction = number_digits8(chunk) / 100;
    }
    *micros = seconds * MICROS_PER_SECOND + fraction;
    return true;
}

bool temporal_fast_timestamp(const char *begin, const char *end, int64_t *micros, bool *zoned)
{
    int32_t days;
    int64_t of_day;

    if (end - begin < 19 || (begin[10] != ' ' && begin[10] != 'T')) return false;
    *zoned = end[-1] == 'Z';
    if (!fast_days(begin, &days) || !temporal_fast_time(begin + 11, end - *zoned, &of_day)) return false;
    *micros = (int64_t)days * MICROS_PER_DAY + of_day;
    return true;
}
