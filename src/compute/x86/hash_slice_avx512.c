/* Hashes with the instructions of this level. */
#include "compute/hash_slice_kernels.h"

const hash_kernel hash_kernels_avx512[PHYSICAL_TYPE_COUNT] = HASH_TABLE;

void hash_combine_avx512(uint64_t *out, const uint64_t *more, size_t rows)
{
    combine(out, more, rows);
}
