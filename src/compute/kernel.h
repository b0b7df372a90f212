/* What all kernels share.
 *
 * A kernel is arithmetic on slices: plain pointers and a row count. It allocates nothing, checks nothing and starts no thread. Its caller has
 * brought the operands to FLAT or CONSTANT form and combines their validity; a kernel that can fail takes that validity (NULL: every row has
 * a value), ignores the rows without a value, and names the rows that failed.
 *
 * Slices need no alignment beyond their type's. Bitmaps are words of 64 rows; what a kernel writes into a bitmap is zero behind the last row,
 * what it reads there may be anything. */
#ifndef COMPUTE_KERNEL_H
#define COMPUTE_KERNEL_H

#include "base/macros.h"
#include "column/column.h"

/* Which operands are one value for all rows. */
typedef enum operand_shape { OPERANDS_VECTORS, OPERANDS_RIGHT_CONSTANT, OPERANDS_LEFT_CONSTANT } operand_shape;

/* The first failing row of a kernel that can fail: none failed. */
#define KERNEL_NO_ROW SIZE_MAX

/* The bits of the rows that word `word` of a bitmap of `rows` really has. */
static inline uint64_t kernel_word_mask(size_t word, size_t rows)
{
    return word * 64 + 64 <= rows ? ~UINT64_C(0) : (UINT64_C(1) << (rows % 64)) - 1;
}

/* Rows of `word` with a value. */
static inline uint64_t kernel_valid(const uint64_t *validity, size_t word, size_t rows)
{
    return (validity ? validity[word] : ~UINT64_C(0)) & kernel_word_mask(word, rows);
}

/* Whether this build has the files of x86/; their functions are reached through dispatch tables alone. */
#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
#define KERNEL_SIMD 1
#else
#define KERNEL_SIMD 0
#endif

#endif
