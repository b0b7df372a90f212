/* Arithmetic on numbers. An operation that does not fit its type fails in that row: integers never wrap.
 *
 * Kernels that can fail return the first failing row, or KERNEL_NO_ROW. `failed` NULL: rows behind the first failing one may be unwritten.
 * Else all rows are worked, `failed` gets a bit for each failing one, and the value there is unspecified. A row that fails in DIVIDE or
 * REMAINDER has either a zero divisor or is min // -1. `out` may be an operand of the same width. */
#ifndef COMPUTE_ARITHMETIC_H
#define COMPUTE_ARITHMETIC_H

#include "kernel.h"

typedef enum arithmetic_op {
    ARITHMETIC_ADD,
    ARITHMETIC_SUBTRACT,
    ARITHMETIC_MULTIPLY,
    ARITHMETIC_DIVIDE,      /* integers truncate, zero fails; floats as IEEE */
    ARITHMETIC_REMAINDER,   /* the dividend's sign; integers: zero fails, min % -1 is 0; floats: fmod */
    ARITHMETIC_BIT_AND,     /* this and the following: integers only */
    ARITHMETIC_BIT_OR,
    ARITHMETIC_BIT_XOR,
    ARITHMETIC_SHIFT_LEFT,  /* fails for a negative value or count and when bits are lost; 0 << anything is 0 */
    ARITHMETIC_SHIFT_RIGHT, /* arithmetic; fails for a negative count; past the width 0 or -1 */
    ARITHMETIC_BINARY_COUNT
} arithmetic_op;

typedef enum arithmetic_unary_op {
    ARITHMETIC_NEGATE, /* unsigned: anything but 0 fails */
    ARITHMETIC_ABSOLUTE,
    ARITHMETIC_BIT_NOT, /* integers only */
    ARITHMETIC_UNARY_COUNT
} arithmetic_unary_op;

/* All integers of 8 to 128 bits, FLOAT32, FLOAT64. FLOAT16 is computed in another type. */
bool arithmetic_has_kernel(arithmetic_op op, physical_type type);
MUST_USE size_t arithmetic_binary(void *out, arithmetic_op op, physical_type type, const void *left, const void *right,
                                  operand_shape shape, const uint64_t *validity, size_t rows, uint64_t *failed);
MUST_USE size_t arithmetic_unary(void *out, arithmetic_unary_op op, physical_type type, const void *in, const uint64_t *validity,
                                 size_t rows, uint64_t *failed);

/* Decimals: as the integers INT64 or INT128 (ADD, SUBTRACT, MULTIPLY), and |result| < 10^digits. Scales are the caller's: add and subtract
 * want equal ones, those of a product add. */
MUST_USE size_t arithmetic_decimal(void *out, arithmetic_op op, physical_type type, const void *left, const void *right,
                                   operand_shape shape, unsigned digits, const uint64_t *validity, size_t rows, uint64_t *failed);

#endif
