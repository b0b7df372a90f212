/* utf8_valid() 32 bytes a step; see utf8_check_lookup.h. */
#include <immintrin.h>
#include <string.h>

#include "base/utf8_check_internal.h"
#include "utf8_check_lookup.h"

#define BLOCK 32

static inline __m256i load(const char *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* The errors of the bytes at `at`; three bytes before them can be read. */
static inline __m256i block_errors(const char *at, __m256i bytes)
{
    const __m256i low_half = _mm256_set1_epi8(0x0f);
    const __m256i first_high_table = _mm256_broadcastsi128_si256(_mm_setr_epi8(LOOKUP_FIRST_HIGH));
    const __m256i first_low_table = _mm256_broadcastsi128_si256(_mm_setr_epi8(LOOKUP_FIRST_LOW));
    const __m256i second_high_table = _mm256_broadcastsi128_si256(_mm_setr_epi8(LOOKUP_SECOND_HIGH));
    __m256i before = load(at - 1);
    __m256i first_high = _mm256_shuffle_epi8(first_high_table, _mm256_and_si256(_mm256_srli_epi16(before, 4), low_half));
    __m256i first_low = _mm256_shuffle_epi8(first_low_table, _mm256_and_si256(before, low_half));
    __m256i second_high = _mm256_shuffle_epi8(second_high_table, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_half));
    __m256i pairs = _mm256_and_si256(_mm256_and_si256(first_high, first_low), second_high);
    /* Bit 7 where a 3-byte lead stands two back or a 4-byte lead three back. */
    __m256i third = _mm256_subs_epu8(load(at - 2), _mm256_set1_epi8(0xe0 - 0x80));
    __m256i fourth = _mm256_subs_epu8(load(at - 3), _mm256_set1_epi8(0xf0 - 0x80));
    __m256i due = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));

    return _mm256_xor_si256(due, pairs);
}

/* The bytes [data, data + size), size <= BLOCK, with `context` readable bytes before them (0 or 3) and zeros behind. */
static inline __m256i edge_errors(const char *data, size_t size, size_t context)
{
    char buffer[3 + BLOCK];

    memset(buffer, 0, sizeof buffer);
    memcpy(buffer + 3 - context, data - context, context + size);
    return block_errors(buffer + 3, load(buffer + 3));
}

/* size >= BLOCK */
bool utf8_valid_avx2(const char *data, size_t size)
{
    const char *at = data + BLOCK, *end = data + size;
    __m256i errors = edge_errors(data, BLOCK, 0);
    uint32_t tail;

    for (; end - at >= BLOCK; at += BLOCK) {
        __m256i bytes = load(at);

        memcpy(&tail, at - 4, 4);
        if (!_mm256_movemask_epi8(bytes) && !(tail & 0x80808000u)) continue; /* ASCII, and nothing open before it */
        errors = _mm256_or_si256(errors, block_errors(at, bytes));
        if (!_mm256_testz_si256(errors, errors)) return false;
    }
    /* The rest with zeros behind it: a character cut off is one followed by ASCII. With a full block left out, only zeros. */
    errors = _mm256_or_si256(errors, edge_errors(at, (size_t)(end - at), 3));
    return !(!_mm256_testz_si256(errors, errors));
}
