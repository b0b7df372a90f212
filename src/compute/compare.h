/* Comparisons: two slices to a bitmap. Floats by total order: NaN = NaN, NaN greatest, -0.0 = 0.0. Strings by bytes. Intervals with
 * 1 month = 30 days, 1 day = 24 hours. */
#ifndef COMPUTE_COMPARE_H
#define COMPUTE_COMPARE_H

#include "kernel.h"

/* In the order of expr's compare_op. */
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
/* IS DISTINCT FROM (`distinct`) or IS NOT DISTINCT FROM, from what COMPARISON_EQUAL gave. Validities may be NULL; out may be `equal`. */
void compare_distinct(uint64_t *out, const uint64_t *equal, const uint64_t *left_validity, const uint64_t *right_validity,
                      bool distinct, size_t rows);

/* One pair: negative, 0, positive. */
int compare_interval(const interval *left, const interval *right);
int compare_double(double left, double right);

#endif
