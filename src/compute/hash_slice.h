/* Hashes of slices: the same values as base/hash.h gives one at a time. */
#ifndef COMPUTE_HASH_SLICE_H
#define COMPUTE_HASH_SLICE_H

#include "kernel.h"

/* Integers of 8 … 64 bits (by value, whatever their width), FLOAT32 and FLOAT64. */
bool hash_slice_has_kernel(physical_type type);
void hash_slice(uint64_t *out, physical_type type, const void *values, size_t rows);
/* out[i] = hash_combine(out[i], more[i]) */
void hash_combine_slice(uint64_t *out, const uint64_t *more, size_t rows);

#endif
