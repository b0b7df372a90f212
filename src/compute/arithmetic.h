/* Sums, differences, products and quotients of two slices. */
#ifndef COMPUTE_ARITHMETIC_H
#define COMPUTE_ARITHMETIC_H

#include "kernel.h"

typedef enum arithmetic {
    ARITHMETIC_ADD,
    ARITHMETIC_SUBTRACT,
    ARITHMETIC_MULTIPLY,
    ARITHMETIC_DIVIDE,
    ARITHMETIC_COUNT
} arithmetic;

/* out = left `operation` right for each row, integers wrapping around; true: the true result of a row, which may be one without a value, is past the type.
 * All integers but INT256, FLOAT32 and FLOAT64; ARITHMETIC_DIVIDE: floats alone. A constant operand is one value. */
bool arithmetic_slices(void *out, arithmetic operation, physical_type type, const void *left, const void *right,
                       operand_shape shape, size_t rows);
/* Whether a value is not in (-limit, limit), limit > 0: a decimal of too many digits. */
bool arithmetic_beyond(const int64_t *values, int64_t limit, size_t rows);

#endif
