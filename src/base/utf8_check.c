/* UTF-8 checking at the processor's level: plain C here, 32 and 64 bytes a step in x86/utf8_check_avx2.c and x86/utf8_check_avx512.c. */
#include <string.h>

#include "cpu.h"
#include "utf8_check.h"
#include "utf8_check_internal.h"

static inline uint64_t load64(const char *at)
{
    uint64_t value;

    memcpy(&value, at, 8);
    return value;
}

unsigned utf8_check_character(const unsigned char *at, const unsigned char *end, unsigned *bad)
{
    unsigned char lead = at[0], low = 0x80, high = 0xbf;
    unsigned length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;

    *bad = 1;
    if (lead == 0xe0) low = 0xa0; /* no overlong forms */
    if (lead == 0xed) high = 0x9f; /* no surrogates */
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f; /* nothing over U+10FFFF */
    for (unsigned i = 1; i < length; i++, low = 0x80, high = 0xbf) {
        if (end - at <= (ptrdiff_t)i || at[i] < low || at[i] > high) return 0;
        *bad = i + 1;
    }
    return length;
}

size_t utf8_find_invalid(const char *data, size_t size)
{
    const unsigned char *begin = (const unsigned char *)data, *at = begin, *end = at + size;
    unsigned length, bad;

    while (at < end) {
        if (end - at >= 8 && !(load64((const char *)at) & UINT64_C(0x8080808080808080))) {
            at += 8;
            continue;
        }
        length = utf8_check_character(at, end, &bad);
        if (length == 0) break;
        at += length;
    }
    return (size_t)(at - begin);
}

bool utf8_valid_plain(const char *data, size_t size)
{
    return utf8_find_invalid(data, size) == size;
}

bool utf8_valid(const char *data, size_t size)
{
#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
    if (size >= 64) {
        cpu_kind level = cpu_level();

        if (level >= CPU_AVX512) return utf8_valid_avx512(data, size);
        if (level >= CPU_AVX2) return utf8_valid_avx2(data, size);
    }
#endif
    return utf8_valid_plain(data, size);
}
