/* Comparisons: two slices to a bitmap. Floats by total order: NaN = NaN, NaN greatest, -0.0 = 0.0. Strings by bytes. Intervals with
 * 1 month = 30 days, 1 day = 24 hours. */
#ifndef COMPUTE_COMPARE_H
#define COMPUTE_COMPARE_H

#include "kernel.h"

/* What holds between left and right. */
typedef enum comparison {
    COMPARISON_EQUAL,
    COMPARISON_NOT_EQUAL,
    COMPARISON_LESS,
    COMPARISON_LESS_EQUAL,
    COMPARISON_GREATER,
    COMPARISON_GREATER_EQUAL
} comparison;

/* False for types without a kernel: INT256, nested types, NULL. */
bool compare_has_kernel(physical_type type);
/* out = left `relation` right for each row. A constant operand is one value (BIT: bit 0). Rows without a value give any bit. */
void compare_slices(uint64_t *out, comparison relation, physical_type type, const void *left, const void *right,
                    operand_shape shape, size_t rows);

#endif
