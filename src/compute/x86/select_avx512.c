/* Selection vectors, 64 rows a step: the numbers 0 … 63 as bytes are packed by the word's bits and then widened, 16 at a time as long as there are some. */
#include <immintrin.h>

#include "compute/compute_internal.h"

static inline void store(uint32_t *out, __m128i numbers, __m512i row)
{
    _mm512_storeu_si512(out, _mm512_add_epi32(row, _mm512_cvtepu8_epi32(numbers)));
}

size_t select_words_avx512(uint32_t *out, const uint64_t *bits, size_t words, uint32_t row)
{
    uint32_t *begin = out;
    uint8_t iota[64];
    __m512i numbers;

    for (unsigned i = 0; i < 64; i++) iota[i] = (uint8_t)i;
    numbers = _mm512_loadu_si512(iota);
    for (size_t word = 0; word < words; word++, row += 64) {
        unsigned count = (unsigned)_mm_popcnt_u64(bits[word]);
        __m512i packed = _mm512_maskz_compress_epi8(bits[word], numbers), rows = _mm512_set1_epi32((int)row);
        store(out, _mm512_castsi512_si128(packed), rows);
        if (count > 16) store(out + 16, _mm512_extracti32x4_epi32(packed, 1), rows);
        if (count > 32) {
            store(out + 32, _mm512_extracti32x4_epi32(packed, 2), rows);
            store(out + 48, _mm512_extracti32x4_epi32(packed, 3), rows);
        }
        out += count;
    }
    return (size_t)(out - begin);
}
