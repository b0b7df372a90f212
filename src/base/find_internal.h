/* What the levels of find share: they tell which places of a block have the needle's first byte and, its length further, its last one. Those few are
 * compared here. A text made to have many of them costs no more than a linear search: comparisons in vain are counted, and past a bound the rest of
 * the text is left to memmem(). */
#ifndef BASE_FIND_INTERNAL_H
#define BASE_FIND_INTERNAL_H

#include "find.h"

size_t find_plain(const char *text, size_t size, const char *needle, size_t needle_size);
size_t find_avx2(const char *text, size_t size, const char *needle, size_t needle_size);
size_t find_avx512(const char *text, size_t size, const char *needle, size_t needle_size);
/* The two-way search of the C library over the text from `from` on. */
size_t find_linear(const char *text, size_t from, size_t size, const char *needle, size_t needle_size);

#define FIND_PATIENCE 4096 /* bytes compared in vain, and 16 for each byte of text gone through */

/* Of bytes whose first and last are known to be equal. */
static inline bool find_rest_equal(const char *left, const char *right, size_t size)
{
    uint64_t a[2], b[2];
    uint32_t c[2], d[2];

    if (size < 4) return size < 3 || left[1] == right[1];
    if (size > 16) return memcmp(left, right, size) == 0;
    if (size >= 8) { /* two words that overlap */
        memcpy(&a[0], left, 8), memcpy(&a[1], left + size - 8, 8);
        memcpy(&b[0], right, 8), memcpy(&b[1], right + size - 8, 8);
        return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
    }
    memcpy(&c[0], left, 4), memcpy(&c[1], left + size - 4, 4);
    memcpy(&d[0], right, 4), memcpy(&d[1], right + size - 4, 4);
    return ((c[0] ^ d[0]) | (c[1] ^ d[1])) == 0;
}

/* True: *place is the answer. False: none of `hits` (bit i: place at + i) is. */
static inline bool find_settles(uint64_t hits, const char *text, size_t at, size_t size, const char *needle, size_t needle_size,
                                size_t *spent, size_t *place)
{
    for (; hits; hits &= hits - 1) {
        *place = at + (size_t)__builtin_ctzll(hits);
        if (find_rest_equal(text + *place, needle, needle_size)) return true;
        if ((*spent += needle_size) <= FIND_PATIENCE + 16 * *place) continue;
        *place = find_linear(text, *place + 1, size, needle, needle_size);
        return true;
    }
    return false;
}

#endif
