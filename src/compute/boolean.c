/* Three-valued logic. With t = value and valid, f = valid and not value, AND is t & t or f | f, OR is t | t or f & f. Two words a step are all
 * the arithmetic there is: at 2,048 rows a batch (32 words) no SIMD level was worth a file. */
#include "boolean.h"

typedef struct truth {
    uint64_t is_true, is_false;
} truth;

static inline truth truth_of(const uint64_t *values, const uint64_t *validity, size_t word, size_t rows)
{
    uint64_t valid = kernel_valid(validity, word, rows);

    return (truth){values[word] & valid, ~values[word] & valid};
}

static inline void put_truth(uint64_t *out, uint64_t *out_validity, size_t word, uint64_t is_true, uint64_t is_false)
{
    out[word] = is_true;
    out_validity[word] = is_true | is_false;
}

void boolean_and(uint64_t *out, uint64_t *out_validity, const uint64_t *left, const uint64_t *left_validity, const uint64_t *right,
                 const uint64_t *right_validity, size_t rows)
{
    for (size_t i = 0; i < bitmap_words(rows); i++) {
        truth a = truth_of(left, left_validity, i, rows), b = truth_of(right, right_validity, i, rows);
        put_truth(out, out_validity, i, a.is_true & b.is_true, a.is_false | b.is_false);
    }
}

void boolean_or(uint64_t *out, uint64_t *out_validity, const uint64_t *left, const uint64_t *left_validity, const uint64_t *right,
                const uint64_t *right_validity, size_t rows)
{
    for (size_t i = 0; i < bitmap_words(rows); i++) {
        truth a = truth_of(left, left_validity, i, rows), b = truth_of(right, right_validity, i, rows);
        put_truth(out, out_validity, i, a.is_true | b.is_true, a.is_false & b.is_false);
    }
}

void boolean_xor(uint64_t *out, uint64_t *out_validity, const uint64_t *left, const uint64_t *left_validity, const uint64_t *right,
                 const uint64_t *right_validity, size_t rows)
{
    for (size_t i = 0; i < bitmap_words(rows); i++) {
        truth a = truth_of(left, left_validity, i, rows), b = truth_of(right, right_validity, i, rows);
        put_truth(out, out_validity, i, (a.is_true & b.is_false) | (a.is_false & b.is_true),
                  (a.is_true & b.is_true) | (a.is_false & b.is_false));
    }
}

void boolean_not(uint64_t *out, const uint64_t *in, const uint64_t *validity, size_t rows)
{
    boolean_is_false(out, in, validity, rows);
}

void boolean_is_true(uint64_t *out, const uint64_t *in, const uint64_t *validity, size_t rows)
{
    for (size_t i = 0; i < bitmap_words(rows); i++) out[i] = truth_of(in, validity, i, rows).is_true;
}

void boolean_is_false(uint64_t *out, const uint64_t *in, const uint64_t *validity, size_t rows)
{
    for (size_t i = 0; i < bitmap_words(rows); i++) out[i] = truth_of(in, validity, i, rows).is_false;
}

void boolean_is_null(uint64_t *out, const uint64_t *validity, size_t rows)
{
    for (size_t i = 0; i < bitmap_words(rows); i++) out[i] = ~kernel_valid(validity, i, rows) & kernel_word_mask(i, rows);
}

size_t boolean_count(const uint64_t *in, const uint64_t *validity, size_t rows)
{
    size_t count = 0;

    for (size_t i = 0; i < bitmap_words(rows); i++) count += (size_t)__builtin_popcountll(truth_of(in, validity, i, rows).is_true);
    return count;
}

bool boolean_any(const uint64_t *in, const uint64_t *validity, size_t rows)
{
    for (size_t i = 0; i < bitmap_words(rows); i++)
        if (truth_of(in, validity, i, rows).is_true) return true;
    return false;
}

bool boolean_all(const uint64_t *in, const uint64_t *validity, size_t rows)
{
    for (size_t i = 0; i < bitmap_words(rows); i++)
        if (truth_of(in, validity, i, rows).is_false) return false;
    return true;
}
