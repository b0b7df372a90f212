/* See order_slice.h. */
#include "order_slice.h"

#include "order_slice_kernels.h"

static const order_kernel plain_kernels[PHYSICAL_TYPE_COUNT] = ORDER_TABLE;

bool order_slice_has_kernel(physical_type type)
{
    return plain_kernels[type] != NULL;
}

void order_slice(void *out, physical_type type, const void *values, bool descending, size_t rows)
{
    order_kernel kernel = plain_kernels[type];
#if KERNEL_SIMD
    cpu_kind level = cpu_level();

    if (level >= CPU_AVX512)
        kernel = order_kernels_avx512[type];
    else if (level >= CPU_AVX2)
        kernel = order_kernels_avx2[type];
#endif
    kernel(out, values, descending ? UINT64_MAX : 0, rows);
}
