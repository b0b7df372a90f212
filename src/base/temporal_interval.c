/* Text -> intervals: '1 year 2 months', '3 days 04:05:06.7', '1.5 hours ago', and ISO 8601's 'P1Y2M3DT4H5M6.7S'.
 *
 * A number with a unit is a count of months, days or micros. What a fraction leaves goes down as DuckDB sends it: of years to whole months
 * (nearest), of quarters to days (nearest), of months to days and on to micros, of weeks and days to micros. */
#include "temporal_internal.h"

/* A number as read: whole + fraction / 10^18, both with the sign. */
typedef struct amount {
    int64_t whole;
    int64_t fraction;
} amount;

#define FRACTION_ONE INT64_C(1000000000000000000)

typedef enum unit_field { FIELD_MONTHS, FIELD_DAYS, FIELD_MICROS } unit_field;

typedef struct unit_row {
    date_part part;
    unit_field field;
    int64_t size;
} unit_row;

static const unit_row units[] = {
    {PART_MILLENNIUM, FIELD_MONTHS, 12000},
    {PART_CENTURY, FIELD_MONTHS, 1200},
    {PART_DECADE, FIELD_MONTHS, 120},
    {PART_YEAR, FIELD_MONTHS, 12},
    {PART_QUARTER, FIELD_MONTHS, 3},
    {PART_MONTH, FIELD_MONTHS, 1},
    {PART_WEEK, FIELD_DAYS, 7},
    {PART_DAY, FIELD_DAYS, 1},
    {PART_HOUR, FIELD_MICROS, INT64_C(3600000000)},
    {PART_MINUTE, FIELD_MICROS, 60000000},
    {PART_SECOND, FIELD_MICROS, 1000000},
    {PART_MILLISECOND, FIELD_MICROS, 1000},
    {PART_MICROSECOND, FIELD_MICROS, 1},
};

static int64_t round_fraction(int128 value)
{
    int128 half = FRACTION_ONE / 2;

    return (int64_t)((value + (value < 0 ? -half : half)) / FRACTION_ONE);
}

static bool add_int32(int32_t *sum, int64_t value)
{
    return value >= INT32_MIN && value <= INT32_MAX && !ckd_add(sum, *sum, (int32_t)value);
}

static bool add_micros(interval *sum, int128 micros)
{
    return micros >= INT64_MIN && micros <= INT64_MAX && !ckd_add(&sum->micros, sum->micros, (int64_t)micros);
}

/* A fraction of days, in units of 10^-18: whole days and micros. */
static bool add_days(interval *sum, int128 days)
{
    return add_int32(&sum->days, (int64_t)(days / FRACTION_ONE)) &&
           add_micros(sum, round_fraction(days % FRACTION_ONE * MICROS_PER_DAY));
}

static bool add_amount(interval *sum, amount value, date_part part)
{
    const unit_row *unit = NULL;
    int64_t whole;

    for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
        if (units[i].part == part) unit = &units[i];
    }
    if (!unit || ckd_mul(&whole, value.whole, unit->size)) return false;
    switch (unit->field) {
    case FIELD_MONTHS:
        if (!add_int32(&sum->months, whole)) return false;
        if (part == PART_MONTH) return add_days(sum, (int128)value.fraction * 30);
        if (part == PART_QUARTER) return add_int32(&sum->days, round_fraction((int128)value.fraction * 90));
        return add_int32(&sum->months, round_fraction((int128)value.fraction * unit->size));
    case FIELD_DAYS: return add_int32(&sum->days, whole) && add_days(sum, (int128)value.fraction * unit->size);
    default:
        if (unit->size == 1) return add_micros(sum, whole);
        return add_micros(sum, (int128)whole + round_fraction((int128)value.fraction * unit->size));
    }
}

/* [-]digits[.digits]; no sign but '-'. NUMBER_BAD: none there. */
static number_result take_amount(const char **at, const char *end, amount *out, bool *negative)
{
    bool overflow = false;
    const char *start;

    *out = (amount){0, 0};
    *negative = *at < end && **at == '-';
    *at += *negative;
    start = *at;
    for (; *at < end && ascii_is_digit((unsigned char)**at); ++*at) {
        if (ckd_mul(&out->whole, out->whole, (int64_t)10) || ckd_add(&out->whole, out->whole, (int64_t)(**at - '0')))
            overflow = true;
    }
    if (*at == start) return NUMBER_BAD;
    if (*at < end && **at == '.') {
        ++*at;
        out->fraction = take_fraction(at, end, 18);
    }
    if (*negative) *out = (amount){-out->whole, -out->fraction};
    return overflow ? NUMBER_OVERFLOW : NUMBER_OK;
}

/* ":MM[:SS[.f]]" behind the hours. */
static number_result take_clock(const char **at, const char *end, amount hours, bool negative, interval *sum)
{
    int64_t minute, second = 0, micros = 0;
    int128 total;

    ++*at;
    if (hours.fraction || !take_digits(at, end, 2, &minute)) return NUMBER_BAD;
    if (*at < end && **at == ':') {
        ++*at;
        if (!take_digits(at, end, 2, &second)) return NUMBER_BAD;
        if (*at < end && **at == '.') {
            ++*at;
            micros = take_fraction(at, end, 6);
        }
    }
    if (minute > 59 || second > 59 || (*at < end && (ascii_is_digit((unsigned char)**at) || **at == ':'))) return NUMBER_BAD;
    total = ((int128)minute * 60 + second) * 1000000 + micros;
    total = (int128)hours.whole * 3600 * 1000000 + (negative ? -total : total);
    return add_micros(sum, total) ? NUMBER_OK : NUMBER_OVERFLOW;
}

static string_view take_letters(const char **at, const char *end)
{
    const char *start = *at;

    while (*at < end && ascii_is_alpha((unsigned char)**at)) ++*at;
    return (string_view){start, (size_t)(*at - start)};
}

static void skip_spaces(const char **at, const char *end)
{
    while (*at < end && ascii_is_space((unsigned char)**at)) ++*at;
}

/* One "3 days" or "04:05"; `only`: nothing stands before it, so a bare number may be seconds. */
static number_result take_item(const char **at, const char *end, bool only, interval *sum)
{
    amount value;
    bool negative;
    number_result result = take_amount(at, end, &value, &negative);
    string_view word;
    date_part part;

    if (result) return result;
    if (*at < end && **at == ':') return take_clock(at, end, value, negative, sum);
    skip_spaces(at, end);
    word = take_letters(at, end);
    if (word.size == 0) {
        if (!only || *at != end) return NUMBER_BAD;
        return add_amount(sum, value, PART_SECOND) ? NUMBER_OK : NUMBER_OVERFLOW;
    }
    if (!date_part_parse(word, &part)) return NUMBER_BAD;
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
        if (units[i].part == part) return add_amount(sum, value, part) ? NUMBER_OK : NUMBER_OVERFLOW;
    }
    return NUMBER_BAD;
}

/* Behind the P: numbers, each with its letter, in this order; a T stands before those of the clock. */
static number_result take_iso(const char *at, const char *end, interval *sum)
{
    static const struct {
        char letter;
        date_part part;
    } rows[] = {{'Y', PART_YEAR}, {'M', PART_MONTH}, {'W', PART_WEEK},   {'D', PART_DAY},
                {'T', PART_ERA},  {'H', PART_HOUR},  {'M', PART_MINUTE}, {'S', PART_SECOND}};
    size_t row = 0;
    bool negative, number = false;
    amount value;

    while (at < end) {
        if (*at == 'T' && row <= 4) {
            row = 5;
            number = false;
            at++;
            continue;
        }
        if (take_amount(&at, end, &value, &negative) != NUMBER_OK || at == end) return NUMBER_BAD;
        while (row < ARRAY_LENGTH(rows) && rows[row].letter != *at && rows[row].letter != 'T') row++;
        if (row == ARRAY_LENGTH(rows) || rows[row].letter != *at) return NUMBER_BAD;
        if (!add_amount(sum, value, rows[row++].part)) return NUMBER_OVERFLOW;
        number = true;
        at++;
    }
    return number ? NUMBER_OK : NUMBER_BAD;
}

static number_result parse_items(const char *at, const char *end, interval *sum)
{
    number_result result;
    bool only = true;

    if (at < end && *at == '@') {
        at++;
        skip_spaces(&at, end);
    }
    if (at == end) return NUMBER_BAD;
    for (; at < end; only = false) {
        if (!only && end - at == 3 && string_equal_nocase((string_view){at, 3}, STRING_VIEW("ago")))
            return interval_negate(*sum, sum) ? NUMBER_OK : NUMBER_OVERFLOW;
        if ((result = take_item(&at, end, only, sum))) return result;
        skip_spaces(&at, end);
    }
    return NUMBER_OK;
}

number_result temporal_parse_interval(string_view text, interval *out)
{
    string_view trimmed = string_trim(text);
    const char *at = trimmed.data, *end = at + trimmed.size;
    interval sum = {0, 0, 0};
    bool negative = trimmed.size > 1 && at[0] == '-' && at[1] == 'P';
    number_result result;

    at += negative;
    if (at < end && *at == 'P')
        result = take_iso(at + 1, end, &sum);
    else
        result = parse_items(at, end, &sum);
    if (result == NUMBER_OK && negative && !interval_negate(sum, &sum)) result = NUMBER_OVERFLOW;
    if (result == NUMBER_OK) *out = sum;
    return result;
}
