/* The tables through which kernels are reached: one a level, entries NULL where the plain one is as good. */
#ifndef COMPUTE_COMPUTE_INTERNAL_H
#define COMPUTE_COMPUTE_INTERNAL_H

#include "arithmetic.h"
#include "base/cpu.h"
#include "kernel.h"

#define PHYSICAL_TYPE_COUNT (PHYSICAL_ARRAY + 1)

/* compare: out[w] = the 64 rows of word w, for `words` whole words. An operand moves by `step` (0 or 64) values a word; step 0: 64 copies of one value. */
typedef void (*compare_kernel)(uint64_t *out, const void *left, size_t left_step, const void *right, size_t right_step,
                               size_t words);
typedef enum compare_basis { BASIS_EQUAL, BASIS_LESS, BASIS_COUNT } compare_basis;
extern const compare_kernel compare_kernels_avx2[PHYSICAL_TYPE_COUNT][BASIS_COUNT];
extern const compare_kernel compare_kernels_avx512[PHYSICAL_TYPE_COUNT][BASIS_COUNT];

/* select: the set bits of `words` words, numbered from `row` on; up to SELECT_ROOM entries behind the last are written too. */
typedef size_t (*select_kernel)(uint32_t *out, const uint64_t *bits, size_t words, uint32_t row);
size_t select_words_avx2(uint32_t *out, const uint64_t *bits, size_t words, uint32_t row);
size_t select_words_avx512(uint32_t *out, const uint64_t *bits, size_t words, uint32_t row);

/* reduce: all rows with a bit in `valid` (NULL: all) to one value; a sum is an int128. */
typedef void (*reduce_kernel)(void *out, const void *values, const uint64_t *valid, size_t rows);
typedef enum reduce_kind { REDUCE_SUM, REDUCE_LEAST, REDUCE_GREATEST, REDUCE_COUNT } reduce_kind;
extern const reduce_kernel reduce_kernels_avx2[PHYSICAL_TYPE_COUNT][REDUCE_COUNT];
extern const reduce_kernel reduce_kernels_avx512[PHYSICAL_TYPE_COUNT][REDUCE_COUNT];

/* arithmetic: true when a row overflowed. */
typedef bool (*arithmetic_kernel)(void *out, const void *left, const void *right, operand_shape shape, size_t rows);
extern const arithmetic_kernel arithmetic_kernels_avx2[PHYSICAL_TYPE_COUNT][ARITHMETIC_COUNT];
extern const arithmetic_kernel arithmetic_kernels_avx512[PHYSICAL_TYPE_COUNT][ARITHMETIC_COUNT];
bool arithmetic_beyond_avx2(const int64_t *values, int64_t limit, size_t rows);
bool arithmetic_beyond_avx512(const int64_t *values, int64_t limit, size_t rows);

/* cast: true when a value does not fit. */
typedef bool (*cast_kernel)(void *out, const void *in, size_t rows);
extern const cast_kernel cast_kernels_avx2[PHYSICAL_TYPE_COUNT][PHYSICAL_TYPE_COUNT];
extern const cast_kernel cast_kernels_avx512[PHYSICAL_TYPE_COUNT][PHYSICAL_TYPE_COUNT];

/* boolean: see boolean.h; `all` and `any` are what becomes less and more, flip is ~0 for OR. */
typedef struct boolean_kernels {
    void (*join)(uint64_t *out, const uint64_t *in, size_t words, bool is_or);
    void (*invert)(uint64_t *out, const uint64_t *in, size_t words);
    void (*step)(uint64_t *all, uint64_t *any, const uint64_t *values, const uint64_t *validity, size_t words, uint64_t flip);
    void (*step_valid)(uint64_t *all, uint64_t *any, const uint64_t *values, size_t words, uint64_t flip);
} boolean_kernels;
extern const boolean_kernels boolean_kernels_avx2, boolean_kernels_avx512;

/* hash_slice */
typedef void (*hash_kernel)(uint64_t *out, const void *values, size_t rows);
extern const hash_kernel hash_kernels_avx2[PHYSICAL_TYPE_COUNT];
extern const hash_kernel hash_kernels_avx512[PHYSICAL_TYPE_COUNT];
void hash_combine_avx2(uint64_t *out, const uint64_t *more, size_t rows);
void hash_combine_avx512(uint64_t *out, const uint64_t *more, size_t rows);

/* order_slice: invert is ~0 for descending keys. */
typedef void (*order_kernel)(void *out, const void *values, uint64_t invert, size_t rows);
extern const order_kernel order_kernels_avx2[PHYSICAL_TYPE_COUNT];
extern const order_kernel order_kernels_avx512[PHYSICAL_TYPE_COUNT];

/* `value` of `width` bytes, `rows` times in a buffer: how a constant operand becomes a vector. */
static inline void repeat_value(void *buffer, const void *value, size_t width, size_t rows)
{
    char *out = buffer;
    size_t done = 1;

    if (rows == 0) return;
    memcpy(out, value, width);
    for (; done * 2 <= rows; done *= 2) memcpy(out + done * width, out, done * width);
    if (done < rows) memcpy(out + done * width, out, (rows - done) * width);
}

#endif
