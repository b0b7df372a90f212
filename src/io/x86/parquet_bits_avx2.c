/* Eight packed values a step: each half of the register takes the bytes of four values, a shuffle gives each value the four bytes that it lies in, a
 * shift of its own and a mask leave it. A value of up to 25 bits lies in four bytes wherever it begins. */
#include <immintrin.h>

#include "io/parquet_bits.h"

void parquet_unpack_avx2(const uint8_t *in, unsigned width, uint32_t *out, size_t groups)
{
    uint8_t places[32];
    uint32_t shifts[8];
    __m256i shuffle, shift, mask = _mm256_set1_epi32((int)((1u << width) - 1));
    size_t upper = width * 4 / 8; /* where the fifth value begins */

    for (unsigned i = 0; i < 8; i++) {
        unsigned bit = i * width - (i < 4 ? 0 : (unsigned)upper * 8);
        shifts[i] = bit % 8;
        for (unsigned byte = 0; byte < 4; byte++) places[i * 4 + byte] = (uint8_t)(bit / 8 + byte);
    }
    shuffle = _mm256_loadu_si256((const __m256i *)(const void *)places);
    shift = _mm256_loadu_si256((const __m256i *)(const void *)shifts);
    for (size_t group = 0; group < groups; group++, in += width, out += 8) {
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)in),
                high = _mm_loadu_si128((const __m128i *)(const void *)(in + upper));
        __m256i bytes = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), shuffle);
        _mm256_storeu_si256((__m256i *)(void *)out, _mm256_and_si256(_mm256_srlv_epi32(bytes, shift), mask));
    }
}

uint32_t parquet_most_avx2(const uint32_t *values, size_t count)
{
    __m256i most = _mm256_setzero_si256();
    uint32_t lanes[8], result = 0;
    size_t i = 0;

    for (; i + 8 <= count; i += 8) most = _mm256_max_epu32(most, _mm256_loadu_si256((const __m256i *)(const void *)(values + i)));
    _mm256_storeu_si256((__m256i *)(void *)lanes, most);
    for (unsigned lane = 0; lane < 8; lane++) result = lanes[lane] > result ? lanes[lane] : result;
    for (; i < count; i++) result = values[i] > result ? values[i] : result;
    return result;
}
