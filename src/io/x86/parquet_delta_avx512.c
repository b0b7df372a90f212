/* Eight differences a step: a byte shuffle gives each the eight bytes that it lies in, of the `width` bytes which all eight take; then as with AVX2. */
#include <immintrin.h>

#include "io/parquet_delta.h"

static inline __m512i sums_within(__m512i x)
{
    const __m512i none = _mm512_setzero_si512();

    x = _mm512_add_epi64(x, _mm512_alignr_epi64(x, none, 7));
    x = _mm512_add_epi64(x, _mm512_alignr_epi64(x, none, 6));
    return _mm512_add_epi64(x, _mm512_alignr_epi64(x, none, 4));
}

uint64_t parquet_sum_avx512(const uint8_t *in, unsigned width, uint64_t least, uint64_t value, int64_t *out, size_t groups)
{
    const __m512i mask = _mm512_set1_epi64(width == 64 ? -1 : (long long)(((uint64_t)1 << width) - 1)),
                  each = _mm512_set1_epi64((long long)least), last = _mm512_set1_epi64(7);
    const __mmask64 taken = width == 64 ? ~(__mmask64)0 : ((__mmask64)1 << width) - 1;
    /* the bit at which each begins; its byte, eight times, and the seven behind it */
    const __m512i begins = _mm512_mullo_epi64(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), _mm512_set1_epi64((long long)width)),
                  shifts = _mm512_and_si512(begins, last),
                  places = _mm512_add_epi64(_mm512_mullo_epi64(_mm512_srli_epi64(begins, 3), _mm512_set1_epi64(0x0101010101010101)),
                                            _mm512_set1_epi64(0x0706050403020100));
    __m512i before = _mm512_set1_epi64((long long)value);

    for (size_t group = 0; group < groups; group++, in += width, out += 8) {
        __m512i words = _mm512_permutexvar_epi8(places, _mm512_maskz_loadu_epi8(taken, in)), sums;
        words = _mm512_and_si512(_mm512_srlv_epi64(words, shifts), mask);
        sums = _mm512_add_epi64(sums_within(_mm512_add_epi64(words, each)), before);
        _mm512_storeu_si512(out, sums);
        before = _mm512_permutexvar_epi64(last, sums);
    }
    return (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(before));
}
