/* Searching for a few needles, 32 places a step; shorter texts are copied to where 32 bytes may be read. */
#include <immintrin.h>

#include "base/find_set_internal.h"

typedef struct half_tables {
    __m256i low, high;
} half_tables;

static inline half_tables load_tables(const find_set *set, size_t position)
{
    return (half_tables){_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)set->low[position])),
                         _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)set->high[position]))};
}

/* The needles that may have these bytes. */
static inline __m256i look_up(half_tables tables, const char *text)
{
    const __m256i half = _mm256_set1_epi8(15);
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i low = _mm256_shuffle_epi8(tables.low, _mm256_and_si256(bytes, half));

    return _mm256_and_si256(low, _mm256_shuffle_epi8(tables.high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
}

/* Of 32 places. */
static inline uint32_t hits_of(const find_set *set, const half_tables tables[3], const char *text)
{
    __m256i a = look_up(tables[0], text), b = look_up(tables[1], text + set->offsets[1]);
    __m256i all = _mm256_and_si256(_mm256_and_si256(a, b), look_up(tables[2], text + set->offsets[2]));

    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(all, _mm256_setzero_si256()));
}

size_t find_set_avx2(const find_set *set, const char *text, size_t size)
{
    const half_tables tables[3] = {load_tables(set, 0), load_tables(set, 1), load_tables(set, 2)};
    size_t places = size - set->least + 1, place;
    char copy[32 + FIND_SET_BYTES] = {0};

    if (places < 32) {
        memcpy(copy, text, places + set->least - 1);
        return find_set_settle(set, hits_of(set, tables, copy) & ((UINT32_C(1) << places) - 1), text, 0, size);
    }
    for (size_t at = 0;; at = at + 64 <= places ? at + 32 : places - 32) { /* the last step goes over some places again */
        uint32_t hits = hits_of(set, tables, text + at);
        if (hits && (place = find_set_settle(set, hits, text, at, size)) != SIZE_MAX) return place;
        if (at + 32 == places) return SIZE_MAX;
    }
}
