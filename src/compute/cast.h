/* Casts among integers of 8 … 64 bits, FLOAT32 and FLOAT64. Floats become integers by rounding half to even. */
#ifndef COMPUTE_CAST_H
#define COMPUTE_CAST_H

#include "kernel.h"

bool cast_has_kernel(physical_type from, physical_type to);
/* Converts all rows; true: a value, which may be one under a NULL, does not fit, and its result is any. A finite double past the floats does not fit. */
bool cast_slice(void *out, physical_type to, const void *in, physical_type from, size_t rows);
/* Sets the bits of the rows that do not fit. */
void cast_misfits(uint64_t *bad, physical_type to, const void *in, physical_type from, size_t rows);

#endif
