/* A slice to one value: exact sums of integers, and the least and greatest. They are the same however the rows are split. */
#ifndef COMPUTE_REDUCE_H
#define COMPUTE_REDUCE_H

#include "kernel.h"

/* Integers of 8 … 64 bits. */
bool sum_has_kernel(physical_type type);
/* Of at most 2^31 rows, those with a bit in `valid` (NULL: all). */
int128 sum_slice(physical_type type, const void *values, const uint64_t *valid, size_t rows);

/* Integers of 8 … 64 bits, FLOAT32 and FLOAT64. */
bool extreme_has_kernel(physical_type type);
/* The least or greatest value of the rows with a bit in `valid` (NULL: all), of which there is one at least. Floats: -0.0 is less than 0.0, NaN
 * is greatest, and comes out as the one of __builtin_nan(). */
void extreme_slice(void *out, bool greatest, physical_type type, const void *values, const uint64_t *valid, size_t rows);

#endif
