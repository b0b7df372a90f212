/* Values as bytes that compare as they do: the numbers of sort keys. */
#ifndef COMPUTE_ORDER_SLICE_H
#define COMPUTE_ORDER_SLICE_H

#include "kernel.h"

/* Integers of 8 … 64 bits, FLOAT32 and FLOAT64. */
bool order_slice_has_kernel(physical_type type);
/* out: as many bytes a row as the type has, the most significant first; memcmp() of two has the sign of their comparison (NaN greatest, -0.0 as 0.0), or with
 * `descending` the opposite one. */
void order_slice(void *out, physical_type type, const void *values, bool descending, size_t rows);

#endif
