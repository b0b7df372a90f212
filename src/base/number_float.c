/* Text -> double and float, correctly rounded.
 *
 * The text is read once into up to 19 digits w and a power of ten q. Then, cheapest first:
 *   1. w and 10^|q| are exact doubles: one multiplication or division (Clinger).
 *   2. w times the 128-bit power of ten (Eisel and Lemire): decides unless the product lies too near a rounding boundary, which the
 *      algorithm's authors prove cannot happen for a whole w of up to 64 bits.
 *   3. Over 19 digits, with w and w + 1 rounding differently: the digits (768 at most; more only say "a little above") are compared with
 *      the halfway point between neighbours as exact big integers. */
#include "number_internal.h"

/* What differs between the formats. */
typedef struct float_format {
    unsigned mantissa_bits; /* without the hidden one */
    int bias;               /* as subtracted: -1023 */
    int infinite_power;
    int tie_first, tie_last; /* powers of ten at which w * 10^q can lie exactly between two neighbours */
    int smallest_power, largest_power;
} float_format;

static const float_format format_double = {52, -1023, 0x7ff, -4, 23, -342, 308};
static const float_format format_float = {23, -127, 0xff, -17, 10, -65, 38};

/* A number as written. */
typedef struct float_text {
    const char *digits;  /* first digit or the point … */
    const char *end;     /* … up to here: digits and at most one point */
    uint64_t mantissa;   /* the first 19 significant digits */
    int64_t exponent;    /* of ten, for mantissa */
    bool negative;
    bool truncated;      /* there were more than 19 */
} float_text;

static inline uint64_t make_bits(const float_format *format, uint64_t mantissa, int power)
{
    return (mantissa & ((UINT64_C(1) << format->mantissa_bits) - 1)) | (uint64_t)power << format->mantissa_bits;
}

/* w * 2^-lz … * 10^q rounded to the format; w != 0. */
static uint64_t scale(const float_format *format, uint64_t w, int64_t q)
{
    unsigned lead, upper, cut;
    power128 product, second;
    uint64_t mantissa;
    int power;

    if (q < format->smallest_power) return 0;
    if (q > format->largest_power) return make_bits(format, 0, format->infinite_power);
    lead = (unsigned)__builtin_clzll(w);
    w <<= lead;
    product = multiply64(w, power_of_ten((int)q).high);
    if ((product.high & (UINT64_MAX >> (format->mantissa_bits + 3))) == UINT64_MAX >> (format->mantissa_bits + 3)) {
        /* Powers -27 … -1 are used rounded up. */
        second = multiply64(w, power_of_ten((int)q).low + (q < 0 && q >= -27));
        if (ckd_add(&product.low, product.low, second.high)) product.high++;
    }
    upper = (unsigned)(product.high >> 63);
    cut = upper + 64 - format->mantissa_bits - 3;
    mantissa = product.high >> cut;
    power = (int)(((152170 + 65536) * q) >> 16) + 63 + (int)upper - (int)lead - format->bias;
    if (power <= 0) { /* subnormal */
        if (1 - power >= 64) return 0;
        mantissa >>= 1 - power;
        mantissa = (mantissa + (mantissa & 1)) >> 1;
        return mantissa; /* a carry into the hidden bit makes the smallest normal by itself */
    }
    if (product.low <= 1 && q >= format->tie_first && q <= format->tie_last && (mantissa & 3) == 1 &&
        mantissa << cut == product.high)
        mantissa &= ~UINT64_C(1); /* exactly between: to even */
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    if (mantissa >= UINT64_C(2) << format->mantissa_bits) {
        mantissa = UINT64_C(1) << format->mantissa_bits;
        power++;
    }
    if (power >= format->infinite_power) return make_bits(format, 0, format->infinite_power);
    return make_bits(format, mantissa, power);
}

/* All significant digits, 768 at most; returns the power of ten of the result. */
static int64_t read_digits(const float_text *text, big *out)
{
    uint64_t chunk = 0;
    unsigned chunk_digits = 0, count = 0;
    int64_t exponent = text->exponent;
    bool more = false;

    big_set(out, 0);
    for (const char *at = text->digits; at < text->end; at++) {
        if (*at == '.' || (count == 0 && *at == '0')) continue;
        if (++count > 768) {
            more |= *at != '0';
            continue;
        }
        chunk = chunk * 10 + (uint64_t)(*at - '0');
        if (++chunk_digits == 19) {
            big_multiply_add(out, number_powers64[19], chunk);
            chunk = chunk_digits = 0;
        }
        if (count > 19) exponent--;
    }
    big_multiply_add(out, number_powers64[chunk_digits], chunk);
    if (more) { /* a 1 behind the rest: above, never equal */
        big_multiply_add(out, 10, 1);
        exponent--;
    }
    return exponent;
}

/* Sign of digits * 10^exponent - (the point halfway between `bits` and the next). */
static int compare_halfway(const float_format *format, const big *digits, int64_t exponent, uint64_t bits)
{
    uint64_t mantissa = make_bits(format, bits, 0);
    int power = (int)(bits >> format->mantissa_bits);
    big left = *digits, right;
    int64_t shift;

    if (power)
        mantissa |= UINT64_C(1) << format->mantissa_bits;
    else
        power = 1;
    big_set(&right, 2 * mantissa + 1);
    if (exponent >= 0)
        big_multiply_power5(&left, (unsigned)exponent);
    else
        big_multiply_power5(&right, (unsigned)-exponent);
    /* left * 2^exponent against right * 2^(power + bias - mantissa_bits - 1) */
    shift = exponent - (power + format->bias - (int)format->mantissa_bits - 1);
    if (shift > 0)
        big_shift_left(&left, (unsigned)shift);
    else
        big_shift_left(&right, (unsigned)-shift);
    return big_compare(&left, &right);
}

static NO_INLINE uint64_t scale_exactly(const float_format *format, const float_text *text, uint64_t guess)
{
    uint64_t infinite = make_bits(format, 0, format->infinite_power);
    big digits;
    int64_t exponent = read_digits(text, &digits);
    int order;

    for (; guess < infinite; guess++) {
        order = compare_halfway(format, &digits, exponent, guess);
        if (order < 0 || (order == 0 && !(guess & 1))) break;
    }
    for (; guess > 0; guess--) {
        order = compare_halfway(format, &digits, exponent, guess - 1);
        if (order > 0 || (order == 0 && !(guess & 1))) break;
    }
    return guess;
}

static uint64_t to_bits(const float_format *format, const float_text *text)
{
    uint64_t bits;

    if (text->mantissa == 0) return 0;
    bits = scale(format, text->mantissa, text->exponent);
    if (text->truncated && bits != scale(format, text->mantissa + 1, text->exponent)) return scale_exactly(format, text, bits);
    return bits;
}

/* Over 19 digits: the first 19 significant ones again, and what power they have. */
static void cut_digits(float_text *text, const char *point)
{
    const char *at = text->digits;
    unsigned count = 0;
    uint64_t mantissa = 0;

    while (at < text->end && (*at == '0' || *at == '.')) at++;
    for (; at < text->end && count < 19; at++) {
        if (*at == '.') continue;
        mantissa = mantissa * 10 + (uint64_t)(*at - '0');
        count++;
    }
    if (at == text->end) return; /* leading zeros made it long: the running value is right */
    text->mantissa = mantissa;
    text->truncated = true;
    if (!point || at <= point)
        text->exponent += (point ? point : text->end) - at;
    else
        text->exponent -= at - point - 1;
}

/* Digits behind *at, eight at a time. */
static inline BP_WRAPS const char *run_of_digits(const char *at, const char *end, uint64_t *value)
{
    uint64_t chunk, sum = *value;

    for (; end - at >= 8; at += 8) {
        memcpy(&chunk, at, 8);
        if (!number_are_digits8(chunk)) break;
        sum = sum * 100000000 + number_digits8(chunk);
    }
    for (; at < end && ascii_is_digit((unsigned char)*at); at++) sum = sum * 10 + (uint64_t)(*at - '0');
    *value = sum;
    return at;
}

/* e[sign]digits at `at`: its value, saturated; `at` itself when it is no exponent. */
static const char *scan_exponent(const char *at, const char *end, int64_t *exponent)
{
    const char *start = at;
    bool negative = false;
    int64_t value = 0;

    *exponent = 0;
    if (at == end || (*at | 0x20) != 'e') return start;
    at++;
    if (at < end && (*at == '-' || *at == '+')) negative = *at++ == '-';
    if (at == end || !ascii_is_digit((unsigned char)*at)) return start;
    for (; at < end && ascii_is_digit((unsigned char)*at); at++) {
        if (value < INT64_C(100000000000000)) value = value * 10 + (*at - '0');
    }
    *exponent = negative ? -value : value;
    return at;
}

/* The number without its sign; *cursor stays when there is none. */
static bool scan_text(const char **cursor, const char *end, float_text *text)
{
    const char *at = *cursor, *point = NULL;
    int64_t exponent;
    size_t count;

    text->digits = at;
    text->mantissa = 0;
    text->truncated = false;
    text->exponent = 0;
    at = run_of_digits(at, end, &text->mantissa);
    count = (size_t)(at - text->digits);
    if (at < end && *at == '.') {
        point = at;
        at = run_of_digits(at + 1, end, &text->mantissa);
        count += (size_t)(at - point - 1);
    }
    if (count == 0) return false;
    text->end = at;
    if (UNLIKELY(count > 19)) cut_digits(text, point);
    if (!text->truncated && point) text->exponent = -(at - point - 1);
    at = scan_exponent(at, end, &exponent);
    text->exponent += exponent;
    *cursor = at;
    return true;
}

static bool scan_name(const char **cursor, const char *end, uint64_t *bits, const float_format *format)
{
    static const char names[3][9] = {"infinity", "inf", "nan"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        size_t size = strlen(names[i]);

        if ((size_t)(end - *cursor) < size || !string_equal_nocase((string_view){*cursor, size}, string_view_of(names[i])))
            continue;
        *cursor += size;
        *bits = make_bits(format, i == 2 ? UINT64_C(1) << (format->mantissa_bits - 1) : 0, format->infinite_power);
        return true;
    }
    return false;
}

static double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, 8);
    return value;
}

static const double exact_powers[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

double number_scale_double(uint64_t digits, int64_t exponent)
{
    if (digits <= UINT64_C(1) << 53 && exponent >= -22 && exponent <= 22)
        return exponent < 0 ? (double)digits / exact_powers[-exponent] : (double)digits * exact_powers[exponent];
    return digits ? double_of(scale(&format_double, digits, exponent)) : 0;
}

/* Sign, then a number or a name: into bits of the format. */
static number_result scan_float(const char **cursor, const char *end, unsigned options, const float_format *format,
                                float_text *text, uint64_t *bits)
{
    const char *at = *cursor;

    text->negative = false;
    if (at < end && (*at == '-' || *at == '+')) {
        if ((options & NUMBER_NO_SIGN) || (*at == '+' && (options & NUMBER_NO_PLUS))) return NUMBER_BAD;
        text->negative = *at++ == '-';
    }
    if (!scan_text(&at, end, text)) {
        if ((options & NUMBER_NO_NAMES) || !scan_name(&at, end, bits, format)) return NUMBER_BAD;
        *cursor = at;
        return NUMBER_OK;
    }
    *cursor = at;
    *bits = to_bits(format, text);
    return *bits >> format->mantissa_bits == (uint64_t)format->infinite_power ? NUMBER_OVERFLOW : NUMBER_OK;
}

number_result number_scan_double(const char **cursor, const char *end, unsigned options, double *out)
{
    float_text text;
    uint64_t bits;
    number_result result = scan_float(cursor, end, options, &format_double, &text, &bits);

    if (result != NUMBER_BAD) *out = text.negative ? -double_of(bits) : double_of(bits);
    return result;
}

number_result number_parse_double(const char *begin, const char *end, double *out)
{
    const char *at = begin;
    float_text text;
    uint64_t bits;
    number_result result;

    /* The usual case without the general scanner: few digits, small power. */
    text.negative = at < end && *at == '-';
    at += text.negative;
    if (LIKELY(scan_text(&at, end, &text) && at == end && !text.truncated && text.mantissa <= UINT64_C(1) << 53 &&
               text.exponent >= -22 && text.exponent <= 22)) {
        double value = number_scale_double(text.mantissa, text.exponent);

        *out = text.negative ? -value : value;
        return NUMBER_OK;
    }
    at = begin;
    result = scan_float(&at, end, 0, &format_double, &text, &bits);
    if (at != end) return NUMBER_BAD;
    if (result != NUMBER_BAD) *out = text.negative ? -double_of(bits) : double_of(bits);
    return result;
}

number_result number_parse_float(const char *begin, const char *end, float *out)
{
    float_text text;
    uint64_t bits;
    uint32_t bits32;
    number_result result = scan_float(&begin, end, 0, &format_float, &text, &bits);

    if (begin != end) return NUMBER_BAD;
    if (result == NUMBER_BAD) return result;
    bits32 = (uint32_t)bits | (text.negative ? UINT32_C(1) << 31 : 0);
    memcpy(out, &bits32, 4);
    return result;
}
