/* Four differences a step: each is loaded with the seven bytes behind it, shifted and masked, and summed within the register: what comes from the step
 * before is added last, so that steps overlap. */
#include <immintrin.h>
#include <string.h>

#include "io/parquet_delta.h"

static inline __m256i load_words(const uint8_t *in, const size_t *places)
{
    long long words[4];

    for (unsigned i = 0; i < 4; i++) memcpy(&words[i], in + places[i], 8);
    return _mm256_set_epi64x(words[3], words[2], words[1], words[0]);
}

static inline __m256i sums_within(__m256i x)
{
    const __m256i none = _mm256_setzero_si256();

    x = _mm256_add_epi64(x, _mm256_slli_si256(x, 8));
    return _mm256_add_epi64(x, _mm256_blend_epi32(none, _mm256_permute4x64_epi64(x, 0x50), 0xf0));
}

uint64_t parquet_sum_avx2(const uint8_t *in, unsigned width, uint64_t least, uint64_t value, int64_t *out, size_t groups)
{
    const __m256i mask = _mm256_set1_epi64x(width == 64 ? -1 : (long long)(((uint64_t)1 << width) - 1)),
                  each = _mm256_set1_epi64x((long long)least);
    __m256i before = _mm256_set1_epi64x((long long)value), shifts[2];
    size_t places[8];
    long long bits[8];

    for (unsigned i = 0; i < 8; i++) {
        places[i] = i * width / 8;
        bits[i] = i * width % 8;
    }
    shifts[0] = _mm256_set_epi64x(bits[3], bits[2], bits[1], bits[0]);
    shifts[1] = _mm256_set_epi64x(bits[7], bits[6], bits[5], bits[4]);
    for (size_t group = 0; group < groups; group++, in += width, out += 8) {
        for (unsigned half = 0; half < 2; half++) {
            __m256i words = _mm256_srlv_epi64(load_words(in, places + 4 * half), shifts[half]);
            __m256i sums = sums_within(_mm256_add_epi64(_mm256_and_si256(words, mask), each));
            sums = _mm256_add_epi64(sums, before);
            _mm256_storeu_si256((__m256i *)(void *)(out + 4 * half), sums);
            before = _mm256_permute4x64_epi64(sums, 0xff);
        }
    }
    return (uint64_t)_mm256_extract_epi64(before, 0);
}
