/* The common forms of numbers and dates, read by whole words. Each returns false for anything else, and then csv_value_parse() decides.
 *
 * Text is loaded 8 bytes at a time and may be read up to 16 bytes past its end (CSV_PADDING). A digit XOR '0' is 0 … 9; any other byte has, in
 * itself or after adding 0x76, its top bit set. */
#ifndef IO_CSV_FAST_H
#define IO_CSV_FAST_H

#include <string.h>

#include "base/macros.h"

#define CSV_ZEROS UINT64_C(0x3030303030303030)
#define CSV_TOPS UINT64_C(0x8080808080808080)

static ALWAYS_INLINE uint64_t csv_load(const char *text)
{
    uint64_t word;

    memcpy(&word, text, 8);
    return word;
}

static ALWAYS_INLINE BP_WRAPS bool csv_all_digits(uint64_t digits)
{
    return (((digits + UINT64_C(0x7676767676767676)) | digits) & CSV_TOPS) == 0;
}

/* Eight digits (values 0 … 9, the first in the lowest byte) as a number. */
static ALWAYS_INLINE BP_WRAPS uint64_t csv_join_digits(uint64_t digits)
{
    digits = digits * 10 + (digits >> 8);
    return (uint32_t)((((digits & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064)) +
                       (((digits >> 16) & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001))) >>
                      32);
}

/* digits: 1 to 16 of them. */
static ALWAYS_INLINE bool csv_fast_digits(const char *digits, size_t count, uint64_t *out)
{
    uint64_t first, second;

    if (LIKELY(count - 1 < 8)) {
        first = (csv_load(digits) ^ CSV_ZEROS) << (64 - 8 * count);
        *out = csv_join_digits(first);
        return csv_all_digits(first);
    }
    if (count - 1 >= 16) return false;
    first = (csv_load(digits) ^ CSV_ZEROS) << (128 - 8 * count);
    second = csv_load(digits + count - 8) ^ CSV_ZEROS;
    *out = csv_join_digits(first) * 100000000 + csv_join_digits(second);
    return csv_all_digits(first) && csv_all_digits(second);
}

static ALWAYS_INLINE bool csv_fast_int64(const char *text, size_t size, int64_t *out)
{
    size_t negative = *text == '-';
    uint64_t value;

    if (UNLIKELY(!csv_fast_digits(text + negative, size - negative, &value))) return false;
    *out = (int64_t)((value ^ (0 - (uint64_t)negative)) + negative);
    return true;
}

/* [digits][.digits], at most 15 digits with a point or 16 without: *digits without the point, *places behind it. */
static ALWAYS_INLINE BP_WRAPS bool csv_fast_decimal(const char *text, size_t size, uint64_t *digits, unsigned *places)
{
    if (LIKELY(size - 1 < 8)) {
        uint64_t word = csv_load(text), dots = word ^ UINT64_C(0x2e2e2e2e2e2e2e2e), joined;
        unsigned at;
        dots = (dots - UINT64_C(0x0101010101010101)) & ~dots & CSV_TOPS & (~UINT64_C(0) >> (64 - 8 * size));
        *places = 0;
        if (!dots) return csv_fast_digits(text, size, digits);
        at = (unsigned)__builtin_ctzll(dots) & 56; /* 8 times the point's place */
        word ^= CSV_ZEROS;
        joined = (word & ((UINT64_C(1) << at) - 1)) | (word >> at >> 8) << at;
        if (UNLIKELY(size == 1)) return false;
        joined <<= 72 - 8 * size;
        *places = (unsigned)size - 1 - at / 8;
        *digits = csv_join_digits(joined);
        return csv_all_digits(joined);
    }
    if (size - 1 < 16) {
        uint64_t low = csv_load(text), high = csv_load(text + size - 8), dots, first, second;
        unsigned at;
        /* a point among the last 8 bytes only: in longer numbers the places are few */
        dots = high ^ UINT64_C(0x2e2e2e2e2e2e2e2e);
        dots = (dots - UINT64_C(0x0101010101010101)) & ~dots & CSV_TOPS;
        *places = 0;
        if (!dots) return csv_fast_digits(text, size, digits);
        at = (unsigned)__builtin_ctzll(dots) & 56;
        high ^= CSV_ZEROS;
        low = (low ^ CSV_ZEROS) << (128 - 8 * size); /* the bytes before the last 8 */
        second = (high & ((UINT64_C(1) << at) - 1)) << 8 | (high >> at >> 8) << at << 8;
        first = low;
        *places = 7 - at / 8;
        /* seven digits in `second`, its first byte empty */
        *digits = csv_join_digits(first) * 10000000 + csv_join_digits(second);
        return csv_all_digits(first) && csv_all_digits(second);
    }
    return false;
}

static const double csv_powers[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Exact: fewer than 2^53 in the digits and a power of ten that is a double, so one division rounds once. */
static ALWAYS_INLINE bool csv_fast_double(const char *text, size_t size, double *out)
{
    size_t negative = *text == '-';
    uint64_t digits;
    unsigned places;
    double value;

    if (UNLIKELY(!csv_fast_decimal(text + negative, size - negative, &digits, &places))) return false;
    value = (double)digits;
    if (places) value /= csv_powers[places];
    *out = negative ? -value : value;
    return true;
}

/* YYYY-MM-DD, from year 1. */
static ALWAYS_INLINE BP_WRAPS bool csv_fast_date(const char *text, size_t size, int32_t *out)
{
    static const uint16_t days_before[12] = {306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275}; /* from 1 March */
    static const uint8_t month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t word;
    uint16_t pair;
    uint32_t year, month, day, shifted;

    if (UNLIKELY(size != 10)) return false;
    word = csv_load(text) ^ UINT64_C(0x2d30302d30303030); /* "0000-00-" */
    memcpy(&pair, text + 8, 2);
    pair ^= 0x3030;
    if (UNLIKELY(((word + UINT64_C(0x7f76767f76767676)) | word) & CSV_TOPS)) return false;
    if (UNLIKELY(((uint32_t)(pair + 0x7676) | pair) & 0x8080)) return false;
    year = (uint32_t)(word & 0xff) * 1000 + (uint32_t)(word >> 8 & 0xff) * 100 + (uint32_t)(word >> 16 & 0xff) * 10 +
           (uint32_t)(word >> 24 & 0xff);
    month = (uint32_t)(word >> 40 & 0xff) * 10 + (uint32_t)(word >> 48 & 0xff) - 1;
    day = (uint32_t)(pair & 0xff) * 10 + (pair >> 8) - 1U;
    if (UNLIKELY(month >= 12 || year == 0)) return false;
    if (UNLIKELY(day >= month_days[month])) {
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        if (!(leap && month == 1 && day == 28)) return false;
    }
    shifted = year - (month < 2); /* years begin in March, the leap day comes last */
    *out = (int32_t)(shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + days_before[month] + day) - 719468;
    return true;
}

#endif
