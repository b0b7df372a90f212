/* The tables through which kernels are reached: one a level, entries NULL where the plain one is as good. */
#ifndef COMPUTE_COMPUTE_INTERNAL_H
#define COMPUTE_COMPUTE_INTERNAL_H

#include "base/cpu.h"
#include "kernel.h"

#define PHYSICAL_TYPE_COUNT (PHYSICAL_ARRAY + 1)

/* compare: out[w] = the 64 rows of word w, for `words` whole words. An operand moves by `step` (0 or 64) values a word; step 0: 64 copies of one value. */
typedef void (*compare_kernel)(uint64_t *out, const void *left, size_t left_step, const void *right, size_t right_step,
                               size_t words);
typedef enum compare_basis { BASIS_EQUAL, BASIS_LESS, BASIS_COUNT } compare_basis;
typedef const compare_kernel (*compare_table)[BASIS_COUNT];
extern const compare_kernel compare_kernels_avx2[PHYSICAL_TYPE_COUNT][BASIS_COUNT];
extern const compare_kernel compare_kernels_avx512[PHYSICAL_TYPE_COUNT][BASIS_COUNT];

/* arithmetic, casts: work a block, true: some row (perhaps) failed. The plain ones are exact. */
#define BLOCK_ROWS 256
typedef bool (*block_kernel)(void *out, const void *left, const void *right, size_t count, const void *extra);

/* What run_blocks() works: widths in bytes; right_width 0: a unary kernel. */
typedef struct block_work {
    block_kernel fast, plain;
    void *out;
    const void *left, *right;
    size_t out_width, left_width, right_width;
    operand_shape shape;
    const void *extra;
    const uint64_t *validity;
    size_t rows;
    uint64_t *failed;
} block_work;
size_t run_blocks(const block_work *work);

typedef enum block_op {
    BLOCK_ADD,
    BLOCK_SUBTRACT,
    BLOCK_MULTIPLY,
    BLOCK_DIVIDE,
    BLOCK_NEGATE,
    BLOCK_ABSOLUTE,
    BLOCK_OP_COUNT
} block_op;
extern const block_kernel arithmetic_blocks_avx2[PHYSICAL_TYPE_COUNT][BLOCK_OP_COUNT];
extern const block_kernel arithmetic_blocks_avx512[PHYSICAL_TYPE_COUNT][BLOCK_OP_COUNT];
bool decimal_multiply_avx512(void *out, const void *left, const void *right, size_t count, const void *extra);

/* casts: from a stage (INT64, UINT64, INT128, UINT128, FLOAT64) to any number */
extern const block_kernel cast_blocks_avx2[2][PHYSICAL_TYPE_COUNT]; /* from INT64, FLOAT64 */
extern const block_kernel cast_blocks_avx512[2][PHYSICAL_TYPE_COUNT];

/* select */
size_t select_rows_avx2(uint32_t *out, const uint64_t *bits, const uint64_t *validity, size_t rows);
size_t select_rows_avx512(uint32_t *out, const uint64_t *bits, const uint64_t *validity, size_t rows);
typedef size_t (*compact_kernel)(void *out, const void *in, const uint64_t *mask, size_t rows);
extern const compact_kernel compact_kernels_avx2[5]; /* by the logarithm of the width */
extern const compact_kernel compact_kernels_avx512[5];
size_t compact_bits_avx2(uint64_t *out, const uint64_t *in, const uint64_t *mask, size_t rows);

/* hash: out[i] = hash_uint64(in[i]); out[i] = hash_combine(out[i], in[i]) */
void hash_words_avx512(uint64_t *out, const uint64_t *in, size_t count);
void hash_combine_words_avx512(uint64_t *out, const uint64_t *in, size_t count);

/* accumulate: whole slices without NULLs. Lanes take rows 0, 8, 16 …: `count` is a multiple of 8. */
typedef void (*lanes_kernel)(double lanes[8], const double *in, size_t count);
void sum_lanes_avx2(double lanes[8], const double *in, size_t count);
void sum_lanes_avx512(double lanes[8], const double *in, size_t count);
typedef enum reduce_op { REDUCE_SUM, REDUCE_MIN, REDUCE_MAX, REDUCE_OP_COUNT } reduce_op;
/* SUM: integers up to 64 bits, at most 2^30 rows, into an int128; MIN, MAX: of at least one row, into a value of the type (floats: canonical) */
typedef void (*reduce_kernel)(void *out, const void *in, size_t count);
extern const reduce_kernel reduce_kernels_avx2[PHYSICAL_TYPE_COUNT][REDUCE_OP_COUNT];
extern const reduce_kernel reduce_kernels_avx512[PHYSICAL_TYPE_COUNT][REDUCE_OP_COUNT];

/* text */
typedef size_t (*find_kernel)(const char *text, size_t size, const char *needle, size_t needle_size);
/* SIZE_MAX: not there. Needles of at least 1 byte; may give up with SIZE_MAX - 1 when many places look alike. */
#define FIND_GAVE_UP (SIZE_MAX - 1)
size_t find_bytes_avx2(const char *text, size_t size, const char *needle, size_t needle_size);
size_t find_bytes_avx512(const char *text, size_t size, const char *needle, size_t needle_size);
size_t count_characters_avx2(const char *text, size_t size);
size_t count_characters_avx512(const char *text, size_t size);

/* One value, `rows` (at most `room`) times in a buffer: how a constant operand becomes a vector. */
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
