/* Substring search, 32 places a step; a text with fewer takes two loads that overlap, so that no byte behind it is read. */
#include <immintrin.h>

#include "base/find_internal.h"

static inline uint64_t hits_32(const char *begins, const char *ends, __m256i first, __m256i last)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)begins);
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)ends);

    return (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(_mm256_cmpeq_epi8(a, first), _mm256_cmpeq_epi8(b, last)));
}

static inline uint64_t hits_of(__m128i a, __m128i b, __m256i first, __m256i last)
{
    return (uint32_t)_mm_movemask_epi8(
        _mm_and_si128(_mm_cmpeq_epi8(a, _mm256_castsi256_si128(first)), _mm_cmpeq_epi8(b, _mm256_castsi256_si128(last))));
}

static inline uint64_t hits_16(const char *begins, const char *ends, __m256i first, __m256i last)
{
    return hits_of(_mm_loadu_si128((const __m128i *)(const void *)begins), _mm_loadu_si128((const __m128i *)(const void *)ends),
                   first, last);
}

static inline uint64_t hits_8(const char *begins, const char *ends, __m256i first, __m256i last)
{
    return hits_of(_mm_loadl_epi64((const __m128i *)(const void *)begins), _mm_loadl_epi64((const __m128i *)(const void *)ends),
                   first, last) &
           0xff;
}

/* 8 … 31 places. */
static inline uint64_t hits_of_few(const char *begins, const char *ends, size_t places, __m256i first, __m256i last)
{
    if (places >= 16)
        return hits_16(begins, ends, first, last) | hits_16(begins + places - 16, ends + places - 16, first, last) << (places - 16);
    return hits_8(begins, ends, first, last) | hits_8(begins + places - 8, ends + places - 8, first, last) << (places - 8);
}

size_t find_avx2(const char *text, size_t size, const char *needle, size_t needle_size)
{
    const __m256i first = _mm256_set1_epi8(needle[0]), last = _mm256_set1_epi8(needle[needle_size - 1]);
    size_t places = size - needle_size + 1, at = 0, spent = 0, place;
    const char *ends = text + needle_size - 1;

    if (places < 8) return find_plain(text, size, needle, needle_size);
    if (places < 32)
        return find_settles(hits_of_few(text, ends, places, first, last), text, 0, size, needle, needle_size, &spent, &place)
                   ? place
                   : SIZE_MAX;
    for (;; at = at + 64 <= places ? at + 32 : places - 32) { /* the last step goes over some places again */
        if (find_settles(hits_32(text + at, ends + at, first, last), text, at, size, needle, needle_size, &spent, &place))
            return place;
        if (at + 32 == places) return SIZE_MAX;
    }
}
