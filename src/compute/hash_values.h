/* Hashes of slices. Equal values hash alike: NaN with NaN, -0.0 with 0.0, '1 month' with '30 days'; an integer of up to 64 bits hashes alike
 * in every width; NULL is HASH_NULL. The same on every CPU level: base/hash.h of each value. */
#ifndef COMPUTE_HASH_VALUES_H
#define COMPUTE_HASH_VALUES_H

#include "kernel.h"

/* BIT, integers, floats, strings, intervals. */
bool hash_has_kernel(physical_type type);
void hash_values(uint64_t *out, physical_type type, const void *values, bool constant, const uint64_t *validity, size_t rows);
/* hashes[i] = hash_combine(hashes[i], hash of value i): the next column of a key. */
void hash_values_combine(uint64_t *hashes, physical_type type, const void *values, bool constant, const uint64_t *validity,
                         size_t rows);

#endif
