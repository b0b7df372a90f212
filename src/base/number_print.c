/* Numbers -> text: two digits at a time from a table of pairs; floating point through its shortest or its exact digits. */
#include "number_internal.h"

const char number_digit_pairs[201] =
    "000102030405060708091011121314151617181920212223242526272829303132333435363738394041424344454647484950515253545556575859606162"
    "63646"
    "566676869707172737475767778798081828384858687888990919293949596979899";

void number_write_digits(char *out, uint64_t value, unsigned count)
{
    for (; count >= 2; count -= 2, value /= 100) memcpy(out + count - 2, number_digit_pairs + 2 * (value % 100), 2);
    if (count) *out = (char)('0' + value % 10);
}

size_t number_print_uint64(char *out, uint64_t value)
{
    unsigned count = count_digits64(value);

    number_write_digits(out, value, count);
    return count;
}

size_t number_print_int64(char *out, int64_t value)
{
    if (value >= 0) return number_print_uint64(out, (uint64_t)value);
    *out = '-';
    return 1 + number_print_uint64(out + 1, 0 - (uint64_t)value);
}

size_t number_print_uint128(char *out, uint128 value)
{
    static const uint64_t chunk = UINT64_C(10000000000000000000);
    size_t size;

    if (value <= UINT64_MAX) return number_print_uint64(out, (uint64_t)value);
    size = number_print_uint128(out, value / chunk); /* 39 digits: one level, or two */
    number_write_digits(out + size, (uint64_t)(value % chunk), 19);
    return size + 19;
}

size_t number_print_int128(char *out, int128 value)
{
    if (value >= 0) return number_print_uint128(out, (uint128)value);
    *out = '-';
    return 1 + number_print_uint128(out + 1, 0 - (uint128)value);
}

size_t number_print_decimal(char *out, int128 value, unsigned scale)
{
    char digits[NUMBER_INT128_SIZE];
    size_t size = number_print_uint128(digits, value < 0 ? 0 - (uint128)value : (uint128)value), whole, length = 0;

    if (value < 0) out[length++] = '-';
    whole = size > scale ? size - scale : 0;
    if (whole)
        memcpy(out + length, digits, whole);
    else
        out[length] = '0';
    length += whole ? whole : 1;
    if (scale == 0) return length;
    out[length++] = '.';
    if (size < scale) memset(out + length, '0', scale - size), length += scale - size;
    memcpy(out + length, digits + whole, size - whole);
    return length + size - whole;
}

size_t number_print_hex(char *out, uint64_t value, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned count = value ? (67 - (unsigned)__builtin_clzll(value)) / 4 : 1;

    for (unsigned i = count; i-- > 0; value >>= 4) out[i] = digits[value & 15];
    return count;
}

void number_print_hex_bytes(char *out, const void *data, size_t size, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

/* Floating point -------------------------------------------------------------------------------------------------------------- */

static size_t write_exponent(char *out, int exponent)
{
    unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);
    size_t size = 2;

    out[0] = 'e';
    out[1] = exponent < 0 ? '-' : '+';
    if (magnitude >= 100) out[size++] = (char)('0' + magnitude / 100);
    memcpy(out + size, number_digit_pairs + 2 * (magnitude % 100), 2);
    return size + 2;
}

/* digits * 10^exponent, in plain form where the first digit stands for 10^-4 … 10^15. */
static size_t print_shortest(char *out, uint64_t digits, int exponent)
{
    char text[20];
    size_t count = number_print_uint64(text, digits), size;
    int first = exponent + (int)count - 1;

    if (first < -4 || first >= 16) {
        size = 1;
        out[0] = text[0];
        if (count > 1) {
            out[1] = '.';
            memcpy(out + 2, text + 1, count - 1);
            size = count + 1;
        }
        return size + write_exponent(out + size, first);
    }
    if (first < 0) {
        memcpy(out, "0.0000", 6);
        size = (size_t)(1 - first);
        memcpy(out + size, text, count);
        return size + count;
    }
    if (exponent >= 0) {
        memcpy(out, text, count);
        memset(out + count, '0', (size_t)exponent);
        size = count + (size_t)exponent;
        memcpy(out + size, ".0", 2);
        return size + 2;
    }
    size = (size_t)first + 1;
    memcpy(out, text, size);
    out[size] = '.';
    memcpy(out + size + 1, text + size, count - size);
    return count + 1;
}

/* "inf", "nan" and zeros; 0: another value. */
static size_t print_special(char *out, double value)
{
    if (value != value) return memcpy(out, "nan", 3), (size_t)3;
    if (value == 0) return memcpy(out, "0.0", 3), (size_t)3;
    if (value > 1.7976931348623157e308) return memcpy(out, "inf", 3), (size_t)3;
    return 0;
}

size_t number_print_double(char *out, double value)
{
    bool negative = __builtin_signbit(value) && value == value;
    double magnitude = negative ? -value : value;
    uint64_t digits;
    int32_t exponent;
    size_t size;

    if (negative) *out++ = '-';
    size = print_special(out, magnitude);
    if (!size) {
        number_shortest_double(magnitude, &digits, &exponent);
        size = print_shortest(out, digits, exponent);
    }
    return size + negative;
}

size_t number_print_float(char *out, float value)
{
    bool negative = __builtin_signbit(value) && value == value;
    float magnitude = negative ? -value : value;
    uint32_t digits;
    int32_t exponent;
    size_t size;

    if (negative) *out++ = '-';
    size = print_special(out, (double)magnitude);
    if (!size) {
        number_shortest_float(magnitude, &digits, &exponent);
        size = print_shortest(out, digits, exponent);
    }
    return size + negative;
}

/* Exact digits: a double is m * 2^e = m * 5^-e / 10^-e, so 767 significant digits at most. ----------------------------------------- */

#define EXACT_DIGITS 1120 /* 309 in front of the point and 1,074 zeros or digits behind never come together */

typedef struct exact_text {
    char digits[EXACT_DIGITS]; /* with room in front for a carry */
    size_t count;
    int point; /* the decimal point stands behind this many digits; may be negative or past count */
} exact_text;

static void exact_digits(double magnitude, exact_text *text)
{
    uint64_t bits, mantissa, chunks[64];
    size_t chunk_count = 0;
    int power;
    big number;

    memcpy(&bits, &magnitude, 8);
    mantissa = bits & ((UINT64_C(1) << 52) - 1);
    power = (int)(bits >> 52);
    mantissa |= power ? UINT64_C(1) << 52 : 0;
    power = (power ? power : 1) - 1075;
    if (mantissa) {
        int zeros = __builtin_ctzll(mantissa);

        mantissa >>= zeros;
        power += zeros;
    }
    big_set(&number, mantissa);
    if (power >= 0)
        big_shift_left(&number, (unsigned)power);
    else
        big_multiply_power5(&number, (unsigned)-power);
    while (number.count) chunks[chunk_count++] = big_divide(&number, UINT64_C(10000000000000000000));
    text->count = 0;
    if (chunk_count) text->count = number_print_uint64(text->digits, chunks[--chunk_count]);
    for (; chunk_count > 0; text->count += 19) number_write_digits(text->digits + text->count, chunks[--chunk_count], 19);
    text->point = (int)text->count + (power < 0 ? power : 0);
}

/* Keep `keep` digits (may be 0 or negative: none), half to even. */
static void exact_round(exact_text *text, int keep)
{
    size_t kept = keep < 0 ? 0 : (size_t)keep;
    bool up = false;

    if (keep < 0) text->count = 0;
    if (kept >= text->count) return;
    if (text->digits[kept] != '5')
        up = text->digits[kept] > '5';
    else {
        for (size_t i = kept + 1; i < text->count && !up; i++) up = text->digits[i] != '0';
        up |= kept > 0 && (text->digits[kept - 1] & 1);
    }
    text->count = kept;
    if (!up) return;
    while (kept > 0 && text->digits[kept - 1] == '9') text->digits[--kept] = '0';
    if (kept > 0) {
        text->digits[kept - 1]++;
        return;
    }
    memmove(text->digits + 1, text->digits, text->count);
    text->digits[0] = '1';
    text->count++;
    text->point++;
}

static char digit_at(const exact_text *text, int index)
{
    return index >= 0 && (size_t)index < text->count ? text->digits[index] : '0';
}

size_t number_print_fixed(char *out, double value, unsigned places)
{
    bool negative = __builtin_signbit(value);
    exact_text text;
    size_t size = 0;

    CHECK(places <= 100);
    exact_digits(negative ? -value : value, &text);
    exact_round(&text, text.point + (int)places);
    if (negative) out[size++] = '-';
    if (text.point <= 0) out[size++] = '0';
    for (int i = 0; i < text.point; i++) out[size++] = digit_at(&text, i);
    if (places) out[size++] = '.';
    for (int i = 0; i < (int)places; i++) out[size++] = digit_at(&text, text.point + i);
    return size;
}

size_t number_print_scientific(char *out, double value, unsigned places)
{
    bool negative = __builtin_signbit(value);
    exact_text text;
    size_t size = 0;

    CHECK(places <= 100);
    exact_digits(negative ? -value : value, &text);
    exact_round(&text, (int)places + 1);
    if (text.count == 0) text.point = 1; /* zero */
    if (negative) out[size++] = '-';
    out[size++] = digit_at(&text, 0);
    if (places) out[size++] = '.';
    for (unsigned i = 1; i <= places; i++) out[size++] = digit_at(&text, (int)i);
    return size + write_exponent(out + size, text.point - 1);
}
