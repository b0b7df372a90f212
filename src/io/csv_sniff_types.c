/* The type of a column from its values: each value says which types it fits, and what fits all remains. The order of choice is BOOLEAN,
 * BIGINT, HUGEINT, DOUBLE, TIME, DATE, TIMESTAMP, TIMESTAMP WITH TIME ZONE, VARCHAR.
 *
 * Narrower than what a cast would take, so that no identifier becomes a number: no leading zeros (007), no plus sign, no hexadecimal, dates
 * only with a year of four digits or in one of the forms below, Y and N are no booleans. */
#include "io/csv_sniff.h"

#include "base/number.h"
#include "base/temporal.h"

enum {
    FITS_BOOLEAN = 1,
    FITS_INT64 = 2,
    FITS_INT128 = 4,
    FITS_DOUBLE = 8,
    FITS_TIME = 16,
    FITS_DATE = 32,
    FITS_TIMESTAMP = 64,
    FITS_TIMESTAMP_TZ = 128,
    FITS_ALL = 255
};

/* Dates that are not ISO, best first (as DuckDB prefers them), with each of three separators; then timestamps. */
static const char *const formats[] = {"%y-%m-%d",
                                      "%d-%m-%Y",
                                      "%d-%m-%y",
                                      "%m-%d-%Y",
                                      "%m-%d-%y",
                                      "%y/%m/%d",
                                      "%d/%m/%Y",
                                      "%d/%m/%y",
                                      "%m/%d/%Y",
                                      "%m/%d/%y",
                                      "%Y.%m.%d",
                                      "%y.%m.%d",
                                      "%d.%m.%Y",
                                      "%d.%m.%y",
                                      "%m.%d.%Y",
                                      "%m.%d.%y",
                                      "%d-%m-%Y %H:%M:%S",
                                      "%d/%m/%Y %H:%M:%S",
                                      "%d.%m.%Y %H:%M:%S",
                                      "%m-%d-%Y %I:%M:%S %p",
                                      "%m/%d/%Y %I:%M:%S %p",
                                      "%m-%d-%Y %H:%M:%S",
                                      "%m/%d/%Y %H:%M:%S"};
#define DATE_FORMATS 16 /* the first ones */
#define ISO_BIT (UINT32_C(1) << 31)
#define GIVEN_BIT (UINT32_C(1) << 30) /* the user's own form */

void csv_guess_init(csv_guess *guess)
{
    *guess = (csv_guess){.types = FITS_ALL, .formats = UINT32_MAX};
}

static bool is_word(string_view text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (string_equal_nocase(text, string_view_of(words[i]))) return true;
    }
    return false;
}

static uint32_t fits_number(string_view text)
{
    const char *begin = text.data, *end = begin + text.size, *digits = begin + (*begin == '-');
    uint32_t fits = 0;
    int64_t narrow;
    int128 wide;
    double value;

    if (*begin == '+' || digits == end) return 0;
    if (digits == begin && *digits == '0' && digits + 1 < end && ascii_is_digit((unsigned char)digits[1])) return 0;
    if (number_parse_int64(begin, end, &narrow) == NUMBER_OK) return FITS_INT64 | FITS_INT128 | FITS_DOUBLE;
    if (number_parse_int128(begin, end, &wide) == NUMBER_OK) return FITS_INT128 | FITS_DOUBLE;
    if (number_parse_int128(begin, end, &wide) == NUMBER_OVERFLOW) return 0; /* no type holds it without loss */
    switch (number_parse_double(begin, end, &value)) {
    case NUMBER_OK:
    case NUMBER_OVERFLOW: fits = FITS_DOUBLE; break;
    default: break;
    }
    return fits;
}

/* A whole number without separators. */
static bool is_digits(string_view text)
{
    for (size_t i = text.data[0] == '-'; i < text.size; i++)
        if (!ascii_is_digit((unsigned char)text.data[i])) return false;
    return true;
}

static uint32_t fits_other_number(const csv_rules *rules, string_view text)
{
    csv_column as_double = {.type = type_of(TYPE_FLOAT64)}, as_integer = {.type = type_of(TYPE_INT64)};
    double value;
    int64_t integer;

    if (rules->plain_numbers || is_digits(text)) return fits_number(text);
    if (text.data[0] == '+') return 0;
    if (text.size > 1 && text.data[0] == '0' && ascii_is_digit((unsigned char)text.data[1])) return 0;
    if (!csv_value_parse(&as_double, rules, text, &value)) return 0;
    return csv_value_parse(&as_integer, rules, text, &integer) ? FITS_INT64 | FITS_INT128 | FITS_DOUBLE : FITS_DOUBLE;
}

/* A colon with two digits behind: 1:2 is no time. */
static bool has_minutes(string_view text)
{
    const char *colon = memchr(text.data, ':', text.size);

    return colon && text.data + text.size - colon >= 3 && ascii_is_digit((unsigned char)colon[1]) &&
           ascii_is_digit((unsigned char)colon[2]);
}

/* Year of four digits and a separator in front. */
static bool begins_iso(string_view text)
{
    if (text.size < 8) return false;
    for (unsigned i = 0; i < 4; i++) {
        if (!ascii_is_digit((unsigned char)text.data[i])) return false;
    }
    return text.data[4] == '-' || text.data[4] == '/' || text.data[4] == ' ';
}

/* Forms that the user gives. */
static uint32_t fits_given(const csv_rules *rules, string_view text, uint32_t *which)
{
    temporal_parts parts;

    *which = GIVEN_BIT;
    if (rules->date_format.size && temporal_parse_format(text, rules->date_format, &parts, NULL) == NUMBER_OK) return FITS_DATE;
    if (rules->timestamp_format.size && temporal_parse_format(text, rules->timestamp_format, &parts, NULL) == NUMBER_OK)
        return FITS_TIMESTAMP | FITS_TIMESTAMP_TZ;
    *which = 0;
    return 0;
}

static uint32_t fits_temporal(string_view text, uint32_t *which)
{
    int64_t value;
    int32_t date;
    bool zoned = false;

    *which = 0;
    if (has_minutes(text) && temporal_parse_time(text, &value) == NUMBER_OK) return FITS_TIME;
    if (begins_iso(text)) {
        if (text.size <= 10 && temporal_parse_date(text, &date) == NUMBER_OK) *which = ISO_BIT;
        if (*which) return FITS_DATE;
        if (text.size <= 10 || temporal_parse_timestamp(text, UNIT_MICRO, &value, &zoned) != NUMBER_OK) return 0;
        *which = ISO_BIT;
        return zoned ? FITS_TIMESTAMP_TZ : FITS_TIMESTAMP | FITS_TIMESTAMP_TZ;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
        temporal_parts parts;
        if (temporal_parse_format(text, string_view_of(formats[i]), &parts, NULL) == NUMBER_OK) *which |= UINT32_C(1) << i;
    }
    if (*which >> DATE_FORMATS) return FITS_TIMESTAMP;
    return *which ? FITS_DATE : 0;
}

void csv_guess_value(csv_guess *guess, const csv_rules *rules, string_view text)
{
    static const char *const booleans[] = {"true", "false", "t", "f", "yes", "no"}, *const doubles[] = {"nan", "inf", "-inf",
                                                                                                        "infinity", "-infinity"};
    uint32_t fits = 0, which = 0;
    char first;

    guess->seen = true;
    if (!guess->types) return;
    text = string_trim(text);
    first = text.size ? text.data[0] : 0;
    if (ascii_is_digit((unsigned char)first) || first == '-' || first == '.' || first == '+') {
        fits = fits_other_number(rules, text);
        if (!fits && ascii_is_digit((unsigned char)first)) fits = fits_temporal(text, &which);
        if (fits >= FITS_DATE && (fits == FITS_DATE ? rules->date_format.size : rules->timestamp_format.size)) fits = which = 0;
    } else if (is_word(text, booleans, ARRAY_LENGTH(booleans))) {
        fits = FITS_BOOLEAN;
    } else if (is_word(text, doubles, ARRAY_LENGTH(doubles))) {
        fits = FITS_DOUBLE;
    }
    if (rules->date_format.size || rules->timestamp_format.size) {
        uint32_t given_which, given = fits_given(rules, text, &given_which);
        fits |= given;
        if (given) which = given_which;
    }
    guess->types &= fits;
    if (which) guess->formats &= which;
    if (!guess->formats) guess->types &= (uint32_t)~(FITS_DATE | FITS_TIMESTAMP | FITS_TIMESTAMP_TZ);
}

static const struct {
    uint32_t bit;
    type_id type;
} order[] = {{FITS_BOOLEAN, TYPE_BOOLEAN},     {FITS_INT64, TYPE_INT64},
             {FITS_INT128, TYPE_INT128},       {FITS_DOUBLE, TYPE_FLOAT64},
             {FITS_TIME, TYPE_TIME},           {FITS_DATE, TYPE_DATE},
             {FITS_TIMESTAMP, TYPE_TIMESTAMP}, {FITS_TIMESTAMP_TZ, TYPE_TIMESTAMP_TZ}};

data_type csv_guess_type(const csv_guess *guess, string_view *format)
{
    data_type type = type_of(TYPE_VARCHAR);

    *format = (string_view){0};
    if (!guess->seen) return type;
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        if (!(guess->types & order[i].bit)) continue;
        type = type_of(order[i].type);
        if (order[i].bit >= FITS_TIME && order[i].bit != FITS_DATE) type.unit = UNIT_MICRO;
        if (order[i].bit >= FITS_DATE && !(guess->formats & (ISO_BIT | GIVEN_BIT)))
            *format = string_view_of(formats[__builtin_ctz(guess->formats)]);
        break;
    }
    return type;
}

void csv_guess_restrict(csv_guess *guess, const csv_options *options)
{
    uint32_t allowed = 0;

    if (!options->candidates) return;
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        for (size_t k = 0; k < options->candidate_count; k++) {
            if (options->candidates[k].id == order[i].type) allowed |= order[i].bit;
        }
    }
    guess->types &= allowed;
}
