/* Numbers and text, exactly and without a locale: integers of every width, double and float, decimals.
 *
 * Parsers take [begin, end) or a string_view, accept no white space, and tell "not a number" from "does not fit". Printers write into
 * a buffer of the stated size, write no NUL, and return the length. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "macros.h"
#include "string.h"

typedef enum number_result {
    NUMBER_OK = 0,
    NUMBER_BAD,      /* not a number of this kind; *out is not written */
    NUMBER_OVERFLOW, /* a number, but out of range; *out is not written (double and float: ±inf is) */
    NUMBER_INEXACT   /* decimals: digits behind the scale were rounded away; *out is written */
} number_result;

/* Options of the general parsers, added up. */
enum {
    NUMBER_UNDERSCORES = 1, /* one '_' between two digits: 1_000_000 (integers only) */
    NUMBER_NO_SIGN = 2,     /* neither '+' nor '-' in front */
    NUMBER_NO_PLUS = 4,     /* '+' is refused */
    NUMBER_NO_NAMES = 8     /* floats: 'inf', 'infinity', 'nan' are refused */
};

/* Integers -------------------------------------------------------------------------------------------------------------------- */

/* The whole text is [+-]digits (at least one digit). "-0" is a fine unsigned. */
number_result number_parse_int8(const char *begin, const char *end, int8_t *out);
number_result number_parse_int16(const char *begin, const char *end, int16_t *out);
number_result number_parse_int32(const char *begin, const char *end, int32_t *out);
number_result number_parse_int64(const char *begin, const char *end, int64_t *out);
number_result number_parse_int128(const char *begin, const char *end, int128 *out);
number_result number_parse_uint8(const char *begin, const char *end, uint8_t *out);
number_result number_parse_uint16(const char *begin, const char *end, uint16_t *out);
number_result number_parse_uint32(const char *begin, const char *end, uint32_t *out);
number_result number_parse_uint64(const char *begin, const char *end, uint64_t *out);
number_result number_parse_uint128(const char *begin, const char *end, uint128 *out);

/* Read [sign]digits at *cursor and move *cursor behind them (not on NUMBER_BAD); on NUMBER_OVERFLOW, past 2^128-1, all digits are passed. */
number_result number_scan_integer(const char **cursor, const char *end, unsigned options, uint128 *magnitude, bool *negative);
/* '0x' forms are not known here: digits of base 2 … 16 without prefix, whole text. */
number_result number_parse_base(const char *begin, const char *end, unsigned base, unsigned options, uint64_t *out);

/* Eight bytes as digits: true when all eight are '0' … '9'. The bytes lie as loaded (first character lowest). */
static inline BP_WRAPS bool number_are_digits8(uint64_t chunk)
{
    return ((chunk & (chunk + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u)) == 0x3030303030303030u;
}
/* The value of eight digits, three multiplications. */
static inline BP_WRAPS uint32_t number_digits8(uint64_t chunk)
{
    chunk -= 0x3030303030303030u;
    chunk = chunk * 10 + (chunk >> 8);
    return (uint32_t)((((chunk & 0x000000ff000000ffu) * 0x000f424000000064u) +
                       (((chunk >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u)) >>
                      32);
}

/* For CSV: the whole text is [-] and 1 to 16 digits, and at least 16 bytes lie between `buffer` (readable from there) and `end`. False:
 * anything else; then ask number_parse_int64(). */
static inline BP_WRAPS bool number_fast_int64(const char *begin, const char *end, const char *buffer, int64_t *out)
{
    bool negative = begin < end && *begin == '-';
    const char *digits = begin + negative;
    size_t count = (size_t)(end - digits);
    uint64_t value, chunk, high;
    unsigned pad;

    if (UNLIKELY(count - 1 > 15 || end - buffer < 16)) return false;
    if (count <= 8) {
        memcpy(&chunk, end - 8, 8);
        pad = (unsigned)(8 - count) * 8;
        if (pad) chunk = (chunk >> pad << pad) | (0x3030303030303030u >> (64 - pad));
        if (UNLIKELY(!number_are_digits8(chunk))) return false;
        value = number_digits8(chunk);
    } else {
        memcpy(&chunk, end - 8, 8);
        memcpy(&high, end - 16, 8);
        pad = (unsigned)(16 - count) * 8;
        if (pad) high = (high >> pad << pad) | (0x3030303030303030u >> (64 - pad));
        if (UNLIKELY(!number_are_digits8(chunk) || !number_are_digits8(high))) return false;
        value = (uint64_t)number_digits8(high) * 100000000 + number_digits8(chunk);
    }
    *out = (int64_t)(negative ? 0 - value : value);
    return true;
}

/* Floating point -------------------------------------------------------------------------------------------------------------- */

/* [sign](digits[.digits] | .digits)[e[sign]digits], or inf, infinity, nan in any case; correctly rounded (nearest, ties to even) for
 * any length. NUMBER_OVERFLOW (a finite text past the largest double) writes ±inf; underflow to zero is NUMBER_OK. */
number_result number_parse_double(const char *begin, const char *end, double *out);
number_result number_parse_float(const char *begin, const char *end, float *out);
/* The same with options, reading a prefix: *cursor is moved behind the number. */
number_result number_scan_double(const char **cursor, const char *end, unsigned options, double *out);
/* digits * 10^exponent, correctly rounded; what a scanner that split the text itself asks. */
double number_scale_double(uint64_t digits, int64_t exponent);

/* Decimals -------------------------------------------------------------------------------------------------------------------- */

#define NUMBER_DECIMAL_DIGITS 38

/* 10^n, n = 0 … 38 */
uint128 number_power10(unsigned n);
/* Text (as for double, without names) -> the integer value * 10^scale, |value| < 10^precision, rounded half away from zero.
 * NUMBER_INEXACT when digits other than 0 were dropped. precision 1 … 38, 0 <= scale <= precision. */
number_result number_parse_decimal(const char *begin, const char *end, unsigned precision, unsigned scale, int128 *out);
/* The smallest precision and scale that hold the text exactly (its digits as written; "1.50" is 3, 2). NUMBER_OVERFLOW: over 38 digits. */
number_result number_decimal_shape(const char *begin, const char *end, unsigned *precision, unsigned *scale);
/* A decimal as the nearest double (correctly rounded), and back: value * 10^scale computed in double, then half away from zero, as DuckDB
 * does (1.115 becomes 1.12, though that double lies below). NUMBER_BAD: NaN; NUMBER_INEXACT: rounded. */
double number_decimal_to_double(int128 value, unsigned scale);
number_result number_decimal_from_double(double value, unsigned precision, unsigned scale, int128 *out);
/* value / 10^digits, half away from zero. */
int128 number_round_decimal(int128 value, unsigned digits);

/* Printing -------------------------------------------------------------------------------------------------------------------- */

#define NUMBER_INT64_SIZE 20 /* -9223372036854775808 and 18446744073709551615 */
#define NUMBER_INT128_SIZE 40
#define NUMBER_DOUBLE_SIZE 32 /* -2.2250738585072014e-308 is 24 */
#define NUMBER_DECIMAL_SIZE 42 /* sign, 38 digits and a leading "0." */
#define NUMBER_HEX_SIZE 16

size_t number_print_int64(char *out, int64_t value);
size_t number_print_uint64(char *out, uint64_t value);
size_t number_print_int128(char *out, int128 value);
size_t number_print_uint128(char *out, uint128 value);
/* The shortest text that reads back as the same value, the nearest of those: "1.0", "0.1", "1e+16", "1e-05", "inf", "-inf", "nan";
 * plain from 1e-4 up to below 1e16. As DuckDB and Python print. */
size_t number_print_double(char *out, double value);
size_t number_print_float(char *out, float value);
/* The parts of that: value = digits * 10^exponent, digits without trailing zeros; value finite, positive. */
void number_shortest_double(double value, uint64_t *digits, int32_t *exponent);
void number_shortest_float(float value, uint32_t *digits, int32_t *exponent);
/* As printf("%.*f") and ("%.*e"): exact decimal expansion, ties to even; places at most 100; the size needed is at most 311 + places
 * for _fixed and 9 + places for _scientific. value finite. */
size_t number_print_fixed(char *out, double value, unsigned places);
size_t number_print_scientific(char *out, double value, unsigned places);
/* scale 0 … 38: "-0.05", "12", "1.50". */
size_t number_print_decimal(char *out, int128 value, unsigned scale);
/* Lower-case or upper-case digits without prefix or leading zeros. */
size_t number_print_hex(char *out, uint64_t value, bool upper);
/* Two hexadecimal digits a byte; out holds 2 * size. */
void number_print_hex_bytes(char *out, const void *data, size_t size, bool upper);
/* The value of a hexadecimal digit, or -1. */
int number_hex_digit(char c);

#endif
