/* The structural scan and count, 64 bytes in two registers. See csv_index.h. */
#include <immintrin.h>
#include <string.h>

#include "io/csv_index.h"

typedef struct pair {
    __m256i low, high;
} pair;

static inline uint64_t prefix_xor(uint64_t bits)
{
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8(-1), 0);

    return (uint64_t)_mm_cvtsi128_si64(product);
}

static inline pair load_pair(const char *bytes)
{
    return (pair){_mm256_loadu_si256((const __m256i *)(const void *)bytes),
                  _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32))};
}

static inline uint64_t equal_mask(pair bytes, __m256i wanted)
{
    uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes.low, wanted));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes.high, wanted));

    return (uint64_t)high << 32 | low;
}

/* What is looked for, once in each byte of a register. */
typedef struct vectors {
    __m256i quote, delimiter, new_line, comment, carriage_return;
    uint64_t quotes_count, comments_count; /* all ones, or 0: there is none */
} vectors;

static inline vectors vectors_of(const csv_marks *marks)
{
    return (vectors){.quote = _mm256_set1_epi8(marks->quote),
                     .delimiter = _mm256_set1_epi8(marks->delimiter),
                     .new_line = _mm256_set1_epi8(marks->new_line),
                     .comment = _mm256_set1_epi8(marks->comment),
                     .carriage_return = _mm256_set1_epi8('\r'),
                     .quotes_count = marks->has_quote ? ~UINT64_C(0) : 0,
                     .comments_count = marks->has_comment ? ~UINT64_C(0) : 0};
}

static inline csv_masks masks_of(pair bytes, const vectors *wanted, uint64_t valid)
{
    return (csv_masks){.quotes = equal_mask(bytes, wanted->quote) & wanted->quotes_count & valid,
                       .delimiters = equal_mask(bytes, wanted->delimiter) & valid,
                       .new_lines = equal_mask(bytes, wanted->new_line) & valid,
                       .returns = equal_mask(bytes, wanted->carriage_return) & valid,
                       .comments = equal_mask(bytes, wanted->comment) & wanted->comments_count & valid};
}

/* Eight positions without a branch, then eight more while there are: writes up to 7 more than it counts. */
static inline size_t write_positions(uint32_t *out, uint64_t bits, size_t base)
{
    size_t count = (size_t)__builtin_popcountll(bits);

    for (size_t done = 0; done < count; done += 8) {
        for (unsigned k = 0; k < 8; k++) {
            out[done + k] = (uint32_t)(base + _tzcnt_u64(bits));
            bits = _blsr_u64(bits);
        }
    }
    return count;
}

size_t csv_index_avx2(const char *text, size_t begin, size_t end, const csv_marks *marks, csv_index_state *state, uint32_t *ends)
{
    const vectors wanted = vectors_of(marks);
    const bool return_is_new_line = marks->new_line == '\r';
    csv_index_state now = *state;
    uint64_t irregular = 0;
    uint32_t *out = ends;
    char last[64] = {0};

    for (size_t i = begin; i < end; i += 64) {
        unsigned count = end - i < 64 ? (unsigned)(end - i) : 64;
        uint64_t valid = ~UINT64_C(0);

        pair bytes;
        csv_masks masks;
        uint64_t separators;

        if (LIKELY(count == 64)) {
            bytes = load_pair(text + i);
        } else {
            memcpy(last, text + i, count);
            bytes = load_pair(last);
            valid = (UINT64_C(1) << count) - 1;
        }
        masks = masks_of(bytes, &wanted, valid);
        separators = csv_index_step(&masks, prefix_xor(masks.quotes), count, &now, return_is_new_line, &irregular);
        now.non_ascii |= (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(bytes.low, bytes.high));
        out += write_positions(out, separators, i);
        if (UNLIKELY(irregular)) return SIZE_MAX;
    }
    *state = now;
    return (size_t)(out - ends);
}

bool csv_count_avx2(const char *text, size_t begin, size_t end, const csv_marks *marks, size_t columns, csv_count_state *state)
{
    const vectors wanted = vectors_of(marks);
    const bool return_is_new_line = marks->new_line == '\r';
    csv_count_state now = *state;
    uint64_t irregular = 0;
    char last[64] = {0};

    for (size_t i = begin; i < end; i += 64) {
        unsigned count = end - i < 64 ? (unsigned)(end - i) : 64;
        uint64_t valid = ~UINT64_C(0), separators;
        const char *bytes = text + i;
        csv_masks masks;

        if (UNLIKELY(count < 64)) {
            bytes = memcpy(last, bytes, count);
            valid = (UINT64_C(1) << count) - 1;
        }
        masks = masks_of(load_pair(bytes), &wanted, valid);
        separators = csv_index_step(&masks, prefix_xor(masks.quotes), count, &now.index, return_is_new_line, &irregular);
        irregular |= csv_count_step(separators, separators & masks.new_lines, columns, &now.left);
    }
    *state = now;
    return !irregular;
}
