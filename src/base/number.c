/* Text -> integers. One scanner reads sign and digits into a 128-bit magnitude, eight digits at a time; the widths differ only in the
 * range they accept. */
#include "number_internal.h"

typedef struct digit_run {
    uint128 value;
    bool overflow;
} digit_run;

static const char *scan_plain(const char *at, const char *end, digit_run *run)
{
    uint64_t low = 0, chunk;
    const char *start;

    while (at < end && *at == '0') at++;
    for (start = at; end - at >= 8 && at - start < 16; at += 8) {
        memcpy(&chunk, at, 8);
        if (!number_are_digits8(chunk)) break;
        low = low * 100000000 + number_digits8(chunk);
    }
    for (; at < end && at - start < 19 && ascii_is_digit((unsigned char)*at); at++) low = low * 10 + (uint64_t)(*at - '0');
    run->value = low;
    for (; at < end && ascii_is_digit((unsigned char)*at); at++) {
        uint128 digit = (uint128)(*at - '0');

        if (ckd_mul(&run->value, run->value, (uint128)10) || ckd_add(&run->value, run->value, digit)) run->overflow = true;
    }
    return at;
}

static const char *scan_underscores(const char *at, const char *end, digit_run *run)
{
    for (; at < end; at++) {
        if (*at == '_' && end - at > 1 && ascii_is_digit((unsigned char)at[1]) && ascii_is_digit((unsigned char)at[-1])) continue;
        if (!ascii_is_digit((unsigned char)*at)) break;
        if (ckd_mul(&run->value, run->value, (uint128)10) || ckd_add(&run->value, run->value, (uint128)(*at - '0')))
            run->overflow = true;
    }
    return at;
}

number_result number_scan_integer(const char **cursor, const char *end, unsigned options, uint128 *magnitude, bool *negative)
{
    const char *at = *cursor, *digits;
    digit_run run = {0, false};

    *negative = false;
    if (at < end && (*at == '-' || *at == '+')) {
        if ((options & NUMBER_NO_SIGN) || (*at == '+' && (options & NUMBER_NO_PLUS))) return NUMBER_BAD;
        *negative = *at++ == '-';
    }
    digits = at;
    if (at == end || !ascii_is_digit((unsigned char)*at)) return NUMBER_BAD;
    at = options & NUMBER_UNDERSCORES ? scan_underscores(digits, end, &run) : scan_plain(digits, end, &run);
    *cursor = at;
    *magnitude = run.value;
    return run.overflow ? NUMBER_OVERFLOW : NUMBER_OK;
}

/* The whole text, within -low … high. */
static number_result parse_ranged(const char *begin, const char *end, uint128 low, uint128 high, uint128 *magnitude, bool *negative)
{
    number_result result = number_scan_integer(&begin, end, 0, magnitude, negative);

    if (begin != end) return NUMBER_BAD;
    if (result == NUMBER_OK && *magnitude > (*negative ? low : high)) return NUMBER_OVERFLOW;
    return result;
}

#define PARSE_INTEGER(name, type, low, high)                                                                                       \
    BP_WRAPS number_result number_parse_##name(const char *begin, const char *end, type *out)                                      \
    {                                                                                                                              \
        uint128 magnitude;                                                                                                         \
        bool negative;                                                                                                             \
        number_result result = parse_ranged(begin, end, low, high, &magnitude, &negative);                                         \
                                                                                                                                   \
        if (result == NUMBER_OK) *out = (type)(negative ? 0 - magnitude : magnitude);                                              \
        return result;                                                                                                             \
    }

PARSE_INTEGER(int8, int8_t, 128, INT8_MAX)
PARSE_INTEGER(int16, int16_t, 32768, INT16_MAX)
PARSE_INTEGER(int32, int32_t, UINT64_C(2147483648), INT32_MAX)
PARSE_INTEGER(int64, int64_t, UINT64_C(9223372036854775808), INT64_MAX)
PARSE_INTEGER(int128, int128, (uint128)1 << 127, ~(uint128)0 >> 1)
PARSE_INTEGER(uint8, uint8_t, 0, UINT8_MAX)
PARSE_INTEGER(uint16, uint16_t, 0, UINT16_MAX)
PARSE_INTEGER(uint32, uint32_t, 0, UINT32_MAX)
PARSE_INTEGER(uint64, uint64_t, 0, UINT64_MAX)
PARSE_INTEGER(uint128, uint128, 0, ~(uint128)0)

int number_hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') return (c | 0x20) - 'a' + 10;
    return -1;
}

number_result number_parse_base(const char *begin, const char *end, unsigned base, unsigned options, uint64_t *out)
{
    uint64_t value = 0;
    bool overflow = false;

    if (begin == end) return NUMBER_BAD;
    for (const char *at = begin; at < end; at++) {
        int digit = number_hex_digit(*at);

        if (*at == '_' && (options & NUMBER_UNDERSCORES) && at > begin && at[-1] != '_' && end - at > 1) continue;
        if (digit < 0 || (unsigned)digit >= base) return NUMBER_BAD;
        if (ckd_mul(&value, value, (uint64_t)base) || ckd_add(&value, value, (uint64_t)digit)) overflow = true;
    }
    if (overflow) return NUMBER_OVERFLOW;
    *out = value;
    return NUMBER_OK;
}
