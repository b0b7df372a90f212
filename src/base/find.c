/* Substring search. The plain version takes eight places a step within a 64-bit word; x86/find_avx2.c and x86/find_avx512.c take 32 and 64.
 *
 * In texts of 10 to 43 bytes, as the comments of TPC-H are, memmem() takes 24 ns a text, this 11, AVX2 8 and AVX-512 7; the loop around it takes 1 of them. */
#define _GNU_SOURCE /* memmem */
#include "find.h"

#include "cpu.h"
#include "find_internal.h"

#define ONES UINT64_C(0x0101010101010101)
#define LOWS UINT64_C(0x7f7f7f7f7f7f7f7f)

size_t find_linear(const char *text, size_t from, size_t size, const char *needle, size_t needle_size)
{
    const char *found = needle_size > size - from ? NULL : memmem(text + from, size - from, needle, needle_size);

    return found ? (size_t)(found - text) : SIZE_MAX;
}

/* Bit i: byte i of `word` is zero. */
static inline BP_WRAPS uint64_t zero_bytes(uint64_t word)
{
    uint64_t tops = ~(((word & LOWS) + LOWS) | word | LOWS);

    return (tops >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static inline uint64_t load(const char *at)
{
    uint64_t word;

    memcpy(&word, at, 8);
    return word;
}

BP_WRAPS size_t find_plain(const char *text, size_t size, const char *needle, size_t needle_size)
{
    uint64_t first = (unsigned char)needle[0] * ONES, last = (unsigned char)needle[needle_size - 1] * ONES;
    size_t places = size - needle_size + 1, at = 0, spent = 0, place;
    const char *ends = text + needle_size - 1;

    for (; places >= 8; at = at + 16 <= places ? at + 8 : places - 8) { /* the last step goes over some places again */
        uint64_t hits = (load(text + at) ^ first) | (load(ends + at) ^ last);
        if (((hits - ONES) & ~hits & ~LOWS) != 0 && /* most words have none, which is told sooner than which */
            find_settles(zero_bytes(hits), text, at, size, needle, needle_size, &spent, &place))
            return place;
        if (at + 8 == places) return SIZE_MAX;
    }
    for (; at < places; at++)
        if (text[at] == needle[0] && memcmp(text + at, needle, needle_size) == 0) return at;
    return SIZE_MAX;
}

find_kernel find_kernel_here(void)
{
#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
    cpu_kind level = cpu_level();

    if (level >= CPU_AVX512) return find_avx512;
    if (level >= CPU_AVX2) return find_avx2;
#endif
    return find_plain;
}

size_t string_find(string_view text, string_view needle)
{
    if (!needle.size) return 0;
    return needle.size > text.size ? SIZE_MAX : find_kernel_here()(text.data, text.size, needle.data, needle.size);
}
