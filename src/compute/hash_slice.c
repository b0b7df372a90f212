/* See hash_slice.h. */
#include "hash_slice.h"

#include "hash_slice_kernels.h"

static const hash_kernel plain_kernels[PHYSICAL_TYPE_COUNT] = HASH_TABLE;

bool hash_slice_has_kernel(physical_type type)
{
    return plain_kernels[type] != NULL;
}

void hash_slice(uint64_t *out, physical_type type, const void *values, size_t rows)
{
    hash_kernel kernel = plain_kernels[type];
#if KERNEL_SIMD
    cpu_kind level = cpu_level();

    if (level >= CPU_AVX512)
        kernel = hash_kernels_avx512[type];
    else if (level >= CPU_AVX2)
        kernel = hash_kernels_avx2[type];
#endif
    kernel(out, values, rows);
}

void hash_combine_slice(uint64_t *out, const uint64_t *more, size_t rows)
{
#if KERNEL_SIMD
    cpu_kind level = cpu_level();

    if (level >= CPU_AVX512) {
        hash_combine_avx512(out, more, rows);
        return;
    }
    if (level >= CPU_AVX2) {
        hash_combine_avx2(out, more, rows);
        return;
    }
#endif
    combine(out, more, rows);
}
