/* The structural scan and count, 64 bytes an instruction. See csv_index.h. */
#include <immintrin.h>

#include "io/csv_index.h"

static inline uint64_t prefix_xor(uint64_t bits)
{
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8(-1), 0);

    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* The positions of the set bits, 16 at a time: the bytes 0 … 63 compressed by the mask, widened, moved by the base. Writes up to
 * 15 more than it counts. */
static inline size_t write_positions(uint32_t *out, uint64_t bits, size_t base, __m512i numbers)
{
    size_t count = (size_t)__builtin_popcountll(bits);
    __m512i packed = _mm512_maskz_compress_epi8(bits, numbers);
    __m512i start = _mm512_set1_epi32((int)base);

    _mm512_storeu_si512(out, _mm512_add_epi32(start, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    if (count > 16) {
        _mm512_storeu_si512(out + 16, _mm512_add_epi32(start, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1))));
        if (count > 32) {
            _mm512_storeu_si512(out + 32, _mm512_add_epi32(start, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2))));
            _mm512_storeu_si512(out + 48, _mm512_add_epi32(start, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3))));
        }
    }
    return count;
}

size_t csv_index_avx512(const char *text, size_t begin, size_t end, const csv_marks *marks, csv_index_state *state, uint32_t *ends)
{
    const __m512i quote = _mm512_set1_epi8(marks->quote), delimiter = _mm512_set1_epi8(marks->delimiter),
                  new_line = _mm512_set1_epi8(marks->new_line), comment = _mm512_set1_epi8(marks->comment),
                  carriage_return = _mm512_set1_epi8('\r');
    const uint64_t quotes_count = marks->has_quote ? ~UINT64_C(0) : 0, comments_count = marks->has_comment ? ~UINT64_C(0) : 0;
    const bool return_is_new_line = marks->new_line == '\r';
    static const uint8_t number[64] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                       22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
                                       44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    const __m512i numbers = _mm512_loadu_si512(number);
    __m512i every = _mm512_setzero_si512();
    csv_index_state now = *state;
    uint64_t irregular = 0;
    uint32_t *out = ends;
    size_t i;

    for (i = begin; i + 64 <= end; i += 64) {
        __m512i bytes = _mm512_loadu_si512(text + i);
        csv_masks masks = {.quotes = _mm512_cmpeq_epi8_mask(bytes, quote) & quotes_count,
                           .delimiters = _mm512_cmpeq_epi8_mask(bytes, delimiter),
                           .new_lines = _mm512_cmpeq_epi8_mask(bytes, new_line),
                           .returns = _mm512_cmpeq_epi8_mask(bytes, carriage_return),
                           .comments = _mm512_cmpeq_epi8_mask(bytes, comment) & comments_count};
        uint64_t separators = csv_index_step(&masks, prefix_xor(masks.quotes), 64, &now, return_is_new_line, &irregular);

        every = _mm512_or_si512(every, bytes);
        out += write_positions(out, separators, i, numbers);
        if (UNLIKELY(irregular)) return SIZE_MAX;
    }
    if (i < end) {
        unsigned count = (unsigned)(end - i);
        __mmask64 valid = (UINT64_C(1) << count) - 1;
        __m512i bytes = _mm512_maskz_loadu_epi8(valid, text + i);
        csv_masks masks = {.quotes = _mm512_mask_cmpeq_epi8_mask(valid, bytes, quote) & quotes_count,
                           .delimiters = _mm512_mask_cmpeq_epi8_mask(valid, bytes, delimiter),
                           .new_lines = _mm512_mask_cmpeq_epi8_mask(valid, bytes, new_line),
                           .returns = _mm512_mask_cmpeq_epi8_mask(valid, bytes, carriage_return),
                           .comments = _mm512_mask_cmpeq_epi8_mask(valid, bytes, comment) & comments_count};
        uint64_t separators = csv_index_step(&masks, prefix_xor(masks.quotes), count, &now, return_is_new_line, &irregular);

        every = _mm512_or_si512(every, bytes);
        out += write_positions(out, separators, i, numbers);
        if (irregular) return SIZE_MAX;
    }
    now.non_ascii |= _mm512_movepi8_mask(every);
    *state = now;
    return (size_t)(out - ends);
}

/* What is looked for, once in each byte of a register. */
typedef struct vectors {
    __m512i quote, delimiter, new_line, comment, carriage_return;
    uint64_t quotes_count, comments_count; /* all ones, or 0: there is none */
    __m512i odd, other; /* bytes besides CR that make 64 bytes more than delimiters and row ends; a CR when there is none */
} vectors;

static inline vectors vectors_of(const csv_marks *marks)
{
    return (vectors){.quote = _mm512_set1_epi8(marks->quote),
                     .delimiter = _mm512_set1_epi8(marks->delimiter),
                     .new_line = _mm512_set1_epi8(marks->new_line),
                     .comment = _mm512_set1_epi8(marks->comment),
                     .carriage_return = _mm512_set1_epi8('\r'),
                     .quotes_count = marks->has_quote ? ~UINT64_C(0) : 0,
                     .comments_count = marks->has_comment ? ~UINT64_C(0) : 0,
                     .odd = _mm512_set1_epi8(marks->has_quote ? marks->quote : '\r'),
                     .other = _mm512_set1_epi8(marks->has_comment ? marks->comment : '\r')};
}

static inline csv_masks masks_of(__m512i bytes, const vectors *wanted, __mmask64 valid)
{
    return (csv_masks){.quotes = _mm512_mask_cmpeq_epi8_mask(valid, bytes, wanted->quote) & wanted->quotes_count,
                       .delimiters = _mm512_mask_cmpeq_epi8_mask(valid, bytes, wanted->delimiter),
                       .new_lines = _mm512_mask_cmpeq_epi8_mask(valid, bytes, wanted->new_line),
                       .returns = _mm512_mask_cmpeq_epi8_mask(valid, bytes, wanted->carriage_return),
                       .comments = _mm512_mask_cmpeq_epi8_mask(valid, bytes, wanted->comment) & wanted->comments_count};
}

/* Whether some byte is a quote, a comment's beginning or a CR. */
static inline bool has_odd(__m512i bytes, const vectors *wanted)
{
    __m512i zero = _mm512_min_epu8(_mm512_xor_si512(bytes, wanted->odd), _mm512_xor_si512(bytes, wanted->other));

    zero = _mm512_min_epu8(zero, _mm512_xor_si512(bytes, wanted->carriage_return));
    return _mm512_testn_epi8_mask(zero, zero) != 0;
}

/* Every `columns`-th separator must be a row end and no other: so the row ends, packed to one bit a separator, are a pattern that is known. No
 * branch: as many of 64 bytes have a row end as have none. */
static inline uint64_t count_step(uint64_t separators, uint64_t new_lines, size_t columns, uint64_t pattern, size_t *left)
{
    unsigned count = (unsigned)__builtin_popcountll(separators);
    uint64_t expected = *left < 64 ? pattern << *left : 0;

    *left += columns * (size_t)__builtin_popcountll(new_lines) - count;
    return _pext_u64(new_lines, separators) ^ _bzhi_u64(expected, count);
}

bool csv_count_avx512(const char *text, size_t begin, size_t end, const csv_marks *marks, size_t columns, csv_count_state *state)
{
    const vectors wanted = vectors_of(marks);
    const bool return_is_new_line = marks->new_line == '\r';
    csv_count_state now = *state;
    uint64_t irregular = 0, pattern = 0;
    bool pending = now.index.in_quote | now.index.after_closing | now.index.after_return;

    for (size_t bit = 0; bit < 64; bit += columns) pattern |= UINT64_C(1) << bit;
    for (size_t i = begin; i < end; i += 64) {
        unsigned count = end - i < 64 ? (unsigned)(end - i) : 64;
        __mmask64 valid = count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
        __m512i bytes = _mm512_maskz_loadu_epi8(valid, text + i);
        uint64_t separators, new_lines;

        if (LIKELY(count == 64 && !has_odd(bytes, &wanted) && !pending)) {
            new_lines = _mm512_cmpeq_epi8_mask(bytes, wanted.new_line);
            separators = new_lines | _mm512_cmpeq_epi8_mask(bytes, wanted.delimiter);
            now.index.new_lines += (size_t)__builtin_popcountll(new_lines);
            now.index.after_separator = separators >> 63;
        } else {
            csv_masks masks = masks_of(bytes, &wanted, valid);
            separators = csv_index_step(&masks, prefix_xor(masks.quotes), count, &now.index, return_is_new_line, &irregular);
            new_lines = separators & masks.new_lines;
            pending = now.index.in_quote | now.index.after_closing | now.index.after_return;
        }
        irregular |= count_step(separators, new_lines, columns, pattern, &now.left);
    }
    *state = now;
    return !irregular;
}
