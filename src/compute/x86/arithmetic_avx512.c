/* Arithmetic with the instructions of this level. */
#include "compute/arithmetic_kernels.h"

const arithmetic_kernel arithmetic_kernels_avx512[PHYSICAL_TYPE_COUNT][ARITHMETIC_COUNT] = {ARITHMETIC_ROWS};

bool arithmetic_beyond_avx512(const int64_t *values, int64_t limit, size_t rows)
{
    return beyond(values, limit, rows);
}
