/* Decimals: text and doubles -> integers of a scale, and back. */
#include "number_internal.h"

/* A decimal text taken apart: digits [digits, end) with a point at most, value = digits * 10^exponent. */
typedef struct decimal_text {
    const char *digits, *end;
    int64_t whole;       /* digits in front of the decimal point, the exponent included; may be negative */
    int64_t count;       /* digits in all */
    bool negative;
} decimal_text;

uint128 number_power10(unsigned n)
{

    CHECK(n <= NUMBER_DECIMAL_DIGITS);
    return n < 20 ? (uint128)number_powers64[n] : (uint128)number_powers64[19] * number_powers64[n - 19];
}

static bool split(const char *begin, const char *end, decimal_text *text)
{
    const char *at = begin, *point = NULL;
    int64_t exponent = 0;
    bool minus = false;

    text->negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    text->digits = at;
    for (; at < end && (ascii_is_digit((unsigned char)*at) || (*at == '.' && !point)); at++) {
        if (*at == '.') point = at;
    }
    text->end = at;
    text->count = at - text->digits - (point != NULL);
    text->whole = point ? point - text->digits : text->count;
    if (text->count == 0) return false;
    if (at == end) return true;
    if ((*at | 0x20) != 'e') return false;
    if (++at < end && (*at == '-' || *at == '+')) minus = *at++ == '-';
    if (at == end) return false;
    for (; at < end; at++) {
        if (!ascii_is_digit((unsigned char)*at)) return false;
        if (exponent < INT64_C(100000000000000)) exponent = exponent * 10 + (*at - '0');
    }
    text->whole += minus ? -exponent : exponent;
    return true;
}

/* value * 10^zeros; false: past 10 * tenth. */
static bool append_zeros(uint128 *value, int64_t zeros, uint128 tenth)
{
    if (*value == 0) return true;
    for (; zeros > 0; zeros--) {
        if (*value >= tenth) return false;
        *value *= 10;
    }
    return true;
}

/* [-]digits[.digits], 18 digits at most and none behind the scale, in 64 bits. False: another form, or it does not fit. */
static bool parse_short(const char *begin, const char *end, unsigned precision, unsigned scale, int128 *out)
{
    bool negative = begin < end && *begin == '-';
    const char *at = begin + negative, *digits = at, *point;
    uint64_t value = 0;
    size_t behind = 0;

    if (end - at > 18) return false;
    for (; at < end && ascii_is_digit((unsigned char)*at); at++) value = value * 10 + (uint64_t)(*at - '0');
    if (at == digits) return false;
    if (at < end) {
        if (*at != '.') return false;
        for (point = at++; at < end && ascii_is_digit((unsigned char)*at); at++) value = value * 10 + (uint64_t)(*at - '0');
        if (at != end) return false;
        behind = (size_t)(at - point - 1);
    }
    if (behind > scale || scale - behind > 18 || precision > 18) return false;
    if (ckd_mul(&value, value, number_powers64[scale - behind]) || value >= number_powers64[precision]) return false;
    *out = negative ? -(int128)value : (int128)value;
    return true;
}

number_result number_parse_decimal(const char *begin, const char *end, unsigned precision, unsigned scale, int128 *out)
{
    uint128 value = 0, limit = number_power10(precision), tenth = number_power10(precision - 1);
    decimal_text text;
    int64_t keep, seen = 0;
    bool round_up = false, inexact = false;

    if (LIKELY(parse_short(begin, end, precision, scale, out))) return NUMBER_OK;
    if (!split(begin, end, &text)) return NUMBER_BAD;
    keep = text.whole + (int64_t)scale; /* this many digits count; the next one rounds */
    for (const char *at = text.digits; at < text.end; at++) {
        unsigned digit = (unsigned)(*at - '0');

        if (*at == '.') continue;
        if (seen < keep) {
            if (UNLIKELY(value >= tenth)) return NUMBER_OVERFLOW;
            value = value * 10 + digit;
        } else {
            if (seen == keep) round_up = digit >= 5;
            inexact |= digit != 0;
        }
        seen++;
    }
    if (keep > seen && !append_zeros(&value, keep - seen, tenth)) return NUMBER_OVERFLOW;
    value += round_up;
    if (value >= limit) return NUMBER_OVERFLOW;
    *out = text.negative ? -(int128)value : (int128)value;
    return inexact ? NUMBER_INEXACT : NUMBER_OK;
}

number_result number_decimal_shape(const char *begin, const char *end, unsigned *precision, unsigned *scale)
{
    decimal_text text;
    int64_t leading = 0, behind, digits;

    if (!split(begin, end, &text)) return NUMBER_BAD;
    for (const char *at = text.digits; at < text.end && leading < text.whole && *at == '0'; at++) leading++;
    behind = text.count - text.whole;
    if (behind < 0) behind = 0;
    digits = (text.whole > leading ? text.whole - leading : 0) + behind;
    if (digits == 0) digits = 1;
    if (digits > NUMBER_DECIMAL_DIGITS) return NUMBER_OVERFLOW;
    *precision = (unsigned)digits;
    *scale = (unsigned)behind;
    return NUMBER_OK;
}

double number_decimal_to_double(int128 value, unsigned scale)
{
    uint128 magnitude = value < 0 ? -(uint128)value : (uint128)value;
    char text[NUMBER_DECIMAL_SIZE];
    double result = 0;

    if (magnitude <= UINT64_MAX) {
        result = number_scale_double((uint64_t)magnitude, -(int64_t)scale);
    } else {
        size_t size = number_print_decimal(text, value, scale); /* with its sign: the least value has no positive twin */

        (void)number_parse_double(text, text + size, &result);
        return result;
    }
    return value < 0 ? -result : result;
}

/* As round() of the C library, without it: from 2^52 on every double is whole. */
static double round_half_away(double value)
{
    double magnitude = value < 0 ? -value : value, whole;

    if (!(magnitude < 4503599627370496.0)) return value;
    whole = (double)(int64_t)magnitude;
    if (magnitude - whole >= 0.5) whole += 1;
    return value < 0 ? -whole : whole;
}

number_result number_decimal_from_double(double value, unsigned precision, unsigned scale, int128 *out)
{
    double scaled = value * number_scale_double(1, scale);
    double limit = number_scale_double(1, precision);
    double whole;

    if (value != value) return NUMBER_BAD;
    if (scaled >= limit || scaled <= -limit) return NUMBER_OVERFLOW;
    whole = round_half_away(scaled);
    if (whole >= limit || whole <= -limit) return NUMBER_OVERFLOW;
    *out = (int128)whole;
    return whole == scaled ? NUMBER_OK : NUMBER_INEXACT;
}

int128 number_round_decimal(int128 value, unsigned digits)
{
    int128 power, rest;

    if (digits > NUMBER_DECIMAL_DIGITS) return 0;
    power = (int128)number_power10(digits);
    rest = value % power;
    value /= power;
    if (rest < 0 && -rest >= power - -rest) return value - 1;
    if (rest > 0 && rest >= power - rest) return value + 1;
    return value;
}
