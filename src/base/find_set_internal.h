/* The levels of find_set: each is given a text of at least `least` bytes. */
#ifndef BASE_FIND_SET_INTERNAL_H
#define BASE_FIND_SET_INTERNAL_H

#include "find_set.h"

size_t find_set_plain(const find_set *set, const char *text, size_t size);
size_t find_set_avx2(const find_set *set, const char *text, size_t size);
size_t find_set_avx512(const find_set *set, const char *text, size_t size);

/* The first of `hits` (bit i: place at + i) where a needle stands, or SIZE_MAX. */
static inline size_t find_set_settle(const find_set *set, uint64_t hits, const char *text, size_t at, size_t size)
{
    for (; hits; hits &= hits - 1) {
        size_t place = at + (size_t)__builtin_ctzll(hits);
        if (find_set_has(set, text, size, place)) return place;
    }
    return SIZE_MAX;
}

#endif
