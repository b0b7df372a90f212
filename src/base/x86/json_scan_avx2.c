/* The structural scan with AVX2: classes by one shuffle each, keyed by the low half of a byte. */
#include <immintrin.h>

#include "base/json_internal.h"

/* Bit i: byte i of the block equals its match; `low` and `high` hold the block's halves compared. */
static inline uint64_t to_mask(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline json_masks block_masks(const char *data)
{
    /* Looked up by its low half, a white space byte gives itself; an operator does once bit 5 is set ('[' and '{' become one). Form feed and
     * 0x1a pass for operators too; the reader refuses them where they stand. */
    const __m256i spaces = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(' ', 100, 100, 100, 100, 100, 100, 100, 100, '\t', '\n', 100, 100, '\r', 100, 100));
    const __m256i operators = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0));
    const __m256i bit5 = _mm256_set1_epi8(0x20), backslash = _mm256_set1_epi8('\\'), quote = _mm256_set1_epi8('"');
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)data);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(data + 32));
    json_masks masks;

    masks.backslash = to_mask(_mm256_cmpeq_epi8(low, backslash), _mm256_cmpeq_epi8(high, backslash));
    masks.quote = to_mask(_mm256_cmpeq_epi8(low, quote), _mm256_cmpeq_epi8(high, quote));
    masks.space = to_mask(_mm256_cmpeq_epi8(low, _mm256_shuffle_epi8(spaces, low)),
                          _mm256_cmpeq_epi8(high, _mm256_shuffle_epi8(spaces, high)));
    masks.operators = to_mask(_mm256_cmpeq_epi8(_mm256_or_si256(low, bit5), _mm256_shuffle_epi8(operators, low)),
                              _mm256_cmpeq_epi8(_mm256_or_si256(high, bit5), _mm256_shuffle_epi8(operators, high)));
    return masks;
}

size_t json_scan_avx2(const char *data, size_t blocks, json_carry *carry, uint32_t *index)
{
    size_t count = 0;

    for (size_t i = 0; i < blocks; i++)
        count += json_emit(index + count, json_structure(block_masks(data + i * JSON_BLOCK), carry), (uint32_t)(i * JSON_BLOCK));
    return count;
}
