/* Searching for a few needles, 64 places a step; the last ones under a mask, so that no byte behind the text is read. */
#include <immintrin.h>

#include "base/find_set_internal.h"

typedef struct half_tables {
    __m512i low, high;
} half_tables;

static inline half_tables load_tables(const find_set *set, size_t position)
{
    return (half_tables){_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)set->low[position])),
                         _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)set->high[position]))};
}

/* The needles that may have these bytes. */
static inline __m512i look_up(half_tables tables, __m512i bytes)
{
    const __m512i half = _mm512_set1_epi8(15);
    __m512i low = _mm512_shuffle_epi8(tables.low, _mm512_and_si512(bytes, half));

    return _mm512_and_si512(low, _mm512_shuffle_epi8(tables.high, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), half)));
}

size_t find_set_avx512(const find_set *set, const char *text, size_t size)
{
    const half_tables first = load_tables(set, 0), second = load_tables(set, 1), last = load_tables(set, 2);
    size_t places = size - set->least + 1, place;

    for (size_t at = 0; at < places; at += 64) {
        __mmask64 mask = places - at >= 64 ? ~UINT64_C(0) : _bzhi_u64(~UINT64_C(0), (unsigned)(places - at));
        __m512i a = look_up(first, _mm512_maskz_loadu_epi8(mask, text + at));
        __m512i b = look_up(second, _mm512_maskz_loadu_epi8(mask, text + at + set->offsets[1]));
        __m512i c = look_up(last, _mm512_maskz_loadu_epi8(mask, text + at + set->offsets[2]));
        uint64_t hits = _mm512_mask_test_epi8_mask(mask, _mm512_and_si512(a, b), c);
        if (hits && (place = find_set_settle(set, hits, text, at, size)) != SIZE_MAX) return place;
    }
    return SIZE_MAX;
}
