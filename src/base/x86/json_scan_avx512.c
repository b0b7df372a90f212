/* The structural scan with AVX-512: comparisons give masks at once, and the positions are packed by one compress of the bytes 0 … 63. */
#include <immintrin.h>

#include "base/json_internal.h"

static inline json_masks block_masks(const char *data)
{
    /* As in json_scan_avx2.c. */
    const __m512i spaces =
        _mm512_broadcast_i32x4(_mm_setr_epi8(' ', 100, 100, 100, 100, 100, 100, 100, 100, '\t', '\n', 100, 100, '\r', 100, 100));
    const __m512i operators = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0));
    __m512i bytes = _mm512_loadu_si512(data);
    json_masks masks;

    masks.backslash = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
    masks.quote = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
    masks.space = _mm512_cmpeq_epi8_mask(bytes, _mm512_shuffle_epi8(spaces, bytes));
    masks.operators = _mm512_cmpeq_epi8_mask(_mm512_or_si512(bytes, _mm512_set1_epi8(0x20)), _mm512_shuffle_epi8(operators, bytes));
    return masks;
}

static inline size_t emit(uint32_t *index, uint64_t bits, uint32_t offset, __m512i numbers)
{
    size_t count = (size_t)__builtin_popcountll(bits);
    __m512i packed = _mm512_maskz_compress_epi8(bits, numbers), base = _mm512_set1_epi32((int)offset);

    _mm512_storeu_si512(index, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    if (count > 16) {
        _mm512_storeu_si512(index + 16, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1))));
        if (count > 32) {
            _mm512_storeu_si512(index + 32, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2))));
            _mm512_storeu_si512(index + 48, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3))));
        }
    }
    return count;
}

size_t json_scan_avx512(const char *data, size_t blocks, json_carry *carry, uint32_t *index)
{
    char iota[64];
    __m512i numbers;
    size_t count = 0;

    for (unsigned i = 0; i < 64; i++) iota[i] = (char)i;
    numbers = _mm512_loadu_si512(iota);
    for (size_t i = 0; i < blocks; i++)
        count +=
            emit(index + count, json_structure(block_masks(data + i * JSON_BLOCK), carry), (uint32_t)(i * JSON_BLOCK), numbers);
    return count;
}
