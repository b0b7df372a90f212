/* Selection vectors, eight rows a step: the numbers 0 … 7 as bytes are packed by the step's bits, widened, and written whole; the next step goes on
 * behind those that count. */
#include <immintrin.h>

#include "compute/compute_internal.h"

static inline size_t select_byte(uint32_t *out, unsigned bits, __m256i rows)
{
    uint64_t bytes = _pdep_u64(bits, UINT64_C(0x0101010101010101)) * 0xff;
    __m128i packed = _mm_cvtsi64_si128((long long)_pext_u64(UINT64_C(0x0706050403020100), bytes));

    _mm256_storeu_si256((__m256i *)(void *)out, _mm256_add_epi32(rows, _mm256_cvtepu8_epi32(packed)));
    return (size_t)_mm_popcnt_u32(bits);
}

size_t select_words_avx2(uint32_t *out, const uint64_t *bits, size_t words, uint32_t row)
{
    uint32_t *begin = out;

    for (size_t word = 0; word < words; word++, row += 64) {
        uint64_t left = bits[word];
        for (uint32_t i = 0; left; i += 8, left >>= 8)
            out += select_byte(out, (unsigned)left & 0xff, _mm256_set1_epi32((int)(row + i)));
    }
    return (size_t)(out - begin);
}
