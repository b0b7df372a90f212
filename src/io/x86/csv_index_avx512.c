/* The structural scan and count, 64 bytes an instruction. See csv_index.h. */
#include <immintrin.h>
#include <string.h>

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

/* Counting -----------------------------------------------------------------------------------------------------------------------
 * In three steps over a piece that stays in the first cache: masks of 64 bytes each; what is inside quotes and what is doubtful, for eight masks
 * at once; the fields of rows. No step has a branch that depends on the text, but that the second is left out where there are no quotes. One register
 * at a time it was 10.8 GB/s for lineitem, which has quotes in each row, since so many of the masks did not fit the processor's registers. */
#define GROUP ((size_t)512) /* bytes whose eight masks fill a register */
#define GROUPS 8            /* of a piece */

typedef struct count_masks {
    _Alignas(64) uint64_t quotes[8 * GROUPS], separators[8 * GROUPS], new_lines[8 * GROUPS], returns[8 * GROUPS];
} count_masks;

typedef struct counting {
    csv_marks marks;
    bool in_quote;
    __m512i columns, pattern; /* pattern: a bit, and then each columns-th */
    __m512i separators, closing, returns; /* of the eight masks before; the last one is what matters */
    __m512i left, rows, doubts; /* left: the same eight times; rows: eight sums */
} counting;

/* The first step. *quoted and *returns tell whether there are quotes and CRs. */
static ALWAYS_INLINE void count_find(count_masks *masks, const char *text, size_t groups, const csv_marks *marks, bool *quoted,
                                     bool *returns)
{
    const __m512i quote = _mm512_set1_epi8(marks->quote), delimiter = _mm512_set1_epi8(marks->delimiter),
                  new_line = _mm512_set1_epi8('\n'), carriage_return = _mm512_set1_epi8('\r');
    const uint64_t quotes_count = marks->has_quote ? ~UINT64_C(0) : 0;
    __m512i zero = _mm512_set1_epi8(1);
    uint64_t quotes = 0;

    for (size_t i = 0; i < groups * 8; i++) {
        __m512i bytes = _mm512_loadu_si512(text + i * 64);
        uint64_t ends = _mm512_cmpeq_epi8_mask(bytes, new_line);
        zero = _mm512_min_epu8(zero, _mm512_xor_si512(bytes, carriage_return));
        quotes |= masks->quotes[i] = _mm512_cmpeq_epi8_mask(bytes, quote) & quotes_count;
        masks->new_lines[i] = ends;
        masks->separators[i] = ends | _mm512_cmpeq_epi8_mask(bytes, delimiter);
    }
    *quoted = quotes != 0;
    *returns = _mm512_testn_epi8_mask(zero, zero) != 0;
    for (size_t i = 0; *returns && i < groups * 8; i++)
        masks->returns[i] = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text + i * 64), carriage_return);
}

/* Each mask moved by one bit, as if the eight and the one before them were one number. */
static ALWAYS_INLINE __m512i shift_in(__m512i masks, __m512i before)
{
    return _mm512_shldi_epi64(masks, _mm512_alignr_epi64(masks, before, 7), 1);
}

/* For each of eight masks of quotes the bits that are inside. */
static ALWAYS_INLINE __m512i insides(counting *now, __m512i quotes)
{
    __m512i inside = _mm512_xor_si512(quotes, _mm512_slli_epi64(quotes, 1));
    unsigned odd, before;

    inside = _mm512_xor_si512(inside, _mm512_slli_epi64(inside, 2));
    inside = _mm512_xor_si512(inside, _mm512_slli_epi64(inside, 4));
    inside = _mm512_xor_si512(inside, _mm512_slli_epi64(inside, 8));
    inside = _mm512_xor_si512(inside, _mm512_slli_epi64(inside, 16));
    inside = _mm512_xor_si512(inside, _mm512_slli_epi64(inside, 32));
    odd = _mm512_movepi64_mask(inside); /* masks with an odd number of quotes; then: up to here */
    odd ^= odd << 1;
    odd ^= odd << 2;
    odd ^= odd << 4;
    before = odd << 1 ^ (now->in_quote ? 0xff : 0);
    now->in_quote ^= odd >> 7 & 1;
    return _mm512_mask_xor_epi64(inside, (__mmask8)before, inside, _mm512_set1_epi64(-1));
}

/* As csv_index_step(), eight at once. */
static ALWAYS_INLINE void count_unquote(counting *now, count_masks *masks, size_t first, bool with_returns)
{
    __m512i quotes = _mm512_load_si512(masks->quotes + first), new_lines = _mm512_load_si512(masks->new_lines + first);
    __m512i inside = insides(now, quotes);
    __m512i separators = _mm512_andnot_si512(inside, _mm512_load_si512(masks->separators + first));
    __m512i returns =
        with_returns ? _mm512_andnot_si512(inside, _mm512_load_si512(masks->returns + first)) : _mm512_setzero_si512();
    __m512i opening = _mm512_and_si512(quotes, inside), closing = _mm512_andnot_si512(inside, quotes);
    __m512i after_closing = shift_in(closing, now->closing), after_separator = shift_in(separators, now->separators);
    __m512i may_open = _mm512_or_si512(after_separator, after_closing);
    __m512i may_follow = _mm512_or_si512(_mm512_or_si512(separators, opening), returns);
    __m512i doubts = _mm512_or_si512(_mm512_andnot_si512(may_open, opening), _mm512_andnot_si512(may_follow, after_closing));

    if (with_returns) doubts = _mm512_or_si512(doubts, _mm512_andnot_si512(new_lines, shift_in(returns, now->returns)));
    now->doubts = _mm512_or_si512(now->doubts, doubts);
    now->separators = separators;
    now->closing = closing;
    now->returns = returns;
    _mm512_store_si512(masks->separators + first, separators);
    _mm512_store_si512(masks->new_lines + first, _mm512_andnot_si512(inside, new_lines));
}

/* Every columns-th separator must be a row end and no other: so the row ends, packed to one bit a separator, are a pattern that is known. */
static ALWAYS_INLINE void count_rows(counting *now, const count_masks *masks, const uint64_t *packed, size_t first)
{
    const __m512i none = _mm512_setzero_si512(), all = _mm512_set1_epi64(-1);
    __m512i fields = _mm512_popcnt_epi64(_mm512_load_si512(masks->separators + first));
    __m512i ends = _mm512_popcnt_epi64(_mm512_load_si512(masks->new_lines + first));
    __m512i left = _mm512_sub_epi64(_mm512_mul_epu32(ends, now->columns), fields), before, expected;

    left = _mm512_add_epi64(left, _mm512_alignr_epi64(left, none, 7)); /* from each mask's change to the sum of those up to it */
    left = _mm512_add_epi64(left, _mm512_alignr_epi64(left, none, 6));
    left = _mm512_add_epi64(left, _mm512_alignr_epi64(left, none, 4));
    before = _mm512_add_epi64(_mm512_alignr_epi64(left, none, 7), now->left);
    now->left = _mm512_add_epi64(now->left, _mm512_permutexvar_epi64(_mm512_set1_epi64(7), left));
    now->rows = _mm512_add_epi64(now->rows, ends);
    expected = _mm512_andnot_si512(_mm512_sllv_epi64(all, fields), _mm512_sllv_epi64(now->pattern, before));
    now->doubts = _mm512_or_si512(now->doubts, _mm512_xor_si512(expected, _mm512_load_si512(packed + first)));
}

static uint64_t last_bit(__m512i masks)
{
    return (uint64_t)_mm512_movepi64_mask(masks) >> 7;
}

static void count_piece(counting *way, const char *text, size_t groups)
{
    counting now = *way;
    _Alignas(64) uint64_t packed[8 * GROUPS];
    count_masks masks;
    bool quoted, returns;

    count_find(&masks, text, groups, &now.marks, &quoted, &returns);
    if (!returns && last_bit(now.returns)) {
        memset(masks.returns, 0, sizeof masks.returns);
        returns = true;
    }
    if (returns) {
        for (size_t i = 0; i < groups; i++) count_unquote(&now, &masks, i * 8, true);
    } else if (quoted || now.in_quote || last_bit(now.closing)) {
        for (size_t i = 0; i < groups; i++) count_unquote(&now, &masks, i * 8, false);
    } else {
        now.separators = _mm512_load_si512(masks.separators + (groups - 1) * 8);
        now.closing = now.returns = _mm512_setzero_si512();
    }
    for (size_t i = 0; i < groups * 8; i++) packed[i] = _pext_u64(masks.new_lines[i], masks.separators[i]);
    for (size_t i = 0; i < groups; i++) count_rows(&now, &masks, packed, i * 8);
    *way = now;
}

static __m512i only_last(uint64_t bit)
{
    return _mm512_maskz_set1_epi64(0x80, (long long)(bit << 63));
}

/* Whole groups of a dialect without comments, with rows that end in LF. */
static bool count_groups(const char *text, size_t groups, const csv_marks *marks, size_t columns, csv_count_state *state)
{
    csv_index_state *index = &state->index;
    counting now = {.marks = *marks,
                    .in_quote = index->in_quote,
                    .columns = _mm512_set1_epi64((long long)columns),
                    .separators = only_last(index->after_separator),
                    .closing = only_last(index->after_closing),
                    .returns = only_last(index->after_return),
                    .left = _mm512_set1_epi64((long long)state->left),
                    .rows = _mm512_setzero_si512(),
                    .doubts = _mm512_setzero_si512()};
    uint64_t pattern = 0;

    for (size_t bit = 0; bit < 64; bit += columns) pattern |= UINT64_C(1) << bit;
    now.pattern = _mm512_set1_epi64((long long)pattern);
    while (groups) {
        size_t piece = groups < GROUPS ? groups : GROUPS;
        count_piece(&now, text, piece);
        text += piece * GROUP;
        groups -= piece;
    }
    index->in_quote = now.in_quote ? ~UINT64_C(0) : 0;
    index->after_separator = last_bit(now.separators);
    index->after_closing = last_bit(now.closing);
    index->after_return = last_bit(now.returns);
    index->new_lines += (size_t)_mm512_reduce_add_epi64(now.rows);
    state->left = (size_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(now.left));
    return !_mm512_test_epi64_mask(now.doubts, now.doubts);
}

/* Up to 64 bytes, as csv_count_plain() does. */
static bool count_any(const char *text, unsigned count, const csv_marks *marks, size_t columns, csv_count_state *state)
{
    __mmask64 valid = count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
    __m512i bytes = _mm512_maskz_loadu_epi8(valid, text);
    csv_masks masks = {.delimiters = _mm512_mask_cmpeq_epi8_mask(valid, bytes, _mm512_set1_epi8(marks->delimiter)),
                       .new_lines = _mm512_mask_cmpeq_epi8_mask(valid, bytes, _mm512_set1_epi8(marks->new_line)),
                       .returns = _mm512_mask_cmpeq_epi8_mask(valid, bytes, _mm512_set1_epi8('\r'))};
    uint64_t irregular = 0, separators;

    if (marks->has_quote) masks.quotes = _mm512_mask_cmpeq_epi8_mask(valid, bytes, _mm512_set1_epi8(marks->quote));
    if (marks->has_comment) masks.comments = _mm512_mask_cmpeq_epi8_mask(valid, bytes, _mm512_set1_epi8(marks->comment));
    separators = csv_index_step(&masks, prefix_xor(masks.quotes), count, &state->index, marks->new_line == '\r', &irregular);
    irregular |= csv_count_step(separators, separators & masks.new_lines, columns, &state->left);
    return !irregular;
}

bool csv_count_avx512(const char *text, size_t begin, size_t end, const csv_marks *marks, size_t columns, csv_count_state *state)
{
    size_t groups = end > begin ? (end - begin) / GROUP : 0;

    if (!marks->has_comment && marks->new_line == '\n') {
        if (!count_groups(text + begin, groups, marks, columns, state)) return false;
        begin += groups * GROUP;
    }
    for (; begin < end; begin += 64) {
        if (!count_any(text + begin, end - begin < 64 ? (unsigned)(end - begin) : 64, marks, columns, state)) return false;
    }
    return true;
}
