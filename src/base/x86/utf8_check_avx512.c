/* utf8_valid() 64 bytes a step; see utf8_check_lookup.h. */
#include <immintrin.h>
#include <string.h>

#include "base/utf8_check_internal.h"
#include "utf8_check_lookup.h"

#define BLOCK 64

static inline __m512i load(const char *at)
{
    return _mm512_loadu_si512(at);
}

/* The errors of the bytes at `at`; three bytes before them can be read. */
static inline __m512i block_errors(const char *at, __m512i bytes)
{
    const __m512i low_half = _mm512_set1_epi8(0x0f);
    const __m512i first_high_table = _mm512_broadcast_i32x4(_mm_setr_epi8(LOOKUP_FIRST_HIGH));
    const __m512i first_low_table = _mm512_broadcast_i32x4(_mm_setr_epi8(LOOKUP_FIRST_LOW));
    const __m512i second_high_table = _mm512_broadcast_i32x4(_mm_setr_epi8(LOOKUP_SECOND_HIGH));
    __m512i before = load(at - 1);
    __m512i first_high = _mm512_shuffle_epi8(first_high_table, _mm512_and_si512(_mm512_srli_epi16(before, 4), low_half));
    __m512i first_low = _mm512_shuffle_epi8(first_low_table, _mm512_and_si512(before, low_half));
    __m512i second_high = _mm512_shuffle_epi8(second_high_table, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low_half));
    __m512i pairs = _mm512_and_si512(_mm512_and_si512(first_high, first_low), second_high);
    /* Bit 7 where a 3-byte lead stands two back or a 4-byte lead three back. */
    __m512i third = _mm512_subs_epu8(load(at - 2), _mm512_set1_epi8(0xe0 - 0x80));
    __m512i fourth = _mm512_subs_epu8(load(at - 3), _mm512_set1_epi8(0xf0 - 0x80));
    __m512i due = _mm512_and_si512(_mm512_or_si512(third, fourth), _mm512_set1_epi8((char)0x80));

    return _mm512_xor_si512(due, pairs);
}

/* The bytes [data, data + size), size <= BLOCK, with `context` readable bytes before them (0 or 3) and zeros behind. */
static inline __m512i edge_errors(const char *data, size_t size, size_t context)
{
    char buffer[3 + BLOCK];

    memset(buffer, 0, sizeof buffer);
    memcpy(buffer + 3 - context, data - context, context + size);
    return block_errors(buffer + 3, load(buffer + 3));
}

/* size >= BLOCK */
bool utf8_valid_avx512(const char *data, size_t size)
{
    const char *at = data + BLOCK, *end = data + size;
    __m512i errors = edge_errors(data, BLOCK, 0);
    uint32_t tail;

    for (; end - at >= BLOCK; at += BLOCK) {
        __m512i bytes = load(at);

        memcpy(&tail, at - 4, 4);
        if (!_mm512_movepi8_mask(bytes) && !(tail & 0x80808000u)) continue; /* ASCII, and nothing open before it */
        errors = _mm512_or_si512(errors, block_errors(at, bytes));
        if (_mm512_test_epi64_mask(errors, errors) != 0) return false;
    }
    /* The rest with zeros behind it: a character cut off is one followed by ASCII. With a full block left out, only zeros. */
    errors = _mm512_or_si512(errors, edge_errors(at, (size_t)(end - at), 3));
    return !(_mm512_test_epi64_mask(errors, errors) != 0);
}
