/* Substring search, 64 places a step; the last ones under a mask, so that no byte behind the text is read. */
#include <immintrin.h>

#include "base/find_internal.h"

size_t find_avx512(const char *text, size_t size, const char *needle, size_t needle_size)
{
    const __m512i first = _mm512_set1_epi8(needle[0]), last = _mm512_set1_epi8(needle[needle_size - 1]);
    size_t places = size - needle_size + 1, at = 0, spent = 0, place;
    const char *ends = text + needle_size - 1;

    for (; at < places; at += 64) {
        __mmask64 mask = places - at >= 64 ? ~UINT64_C(0) : _bzhi_u64(~UINT64_C(0), (unsigned)(places - at));
        __m512i a = _mm512_maskz_loadu_epi8(mask, text + at), b = _mm512_maskz_loadu_epi8(mask, ends + at);
        __mmask64 hits = _mm512_mask_cmpeq_epi8_mask(_mm512_mask_cmpeq_epi8_mask(mask, a, first), b, last);
        if (find_settles(hits, text, at, size, needle, needle_size, &spent, &place)) return place;
    }
    return SIZE_MAX;
}
