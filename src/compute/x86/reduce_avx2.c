/* Sums and extremes with the instructions of this level. */
#include "compute/reduce_kernels.h"

const reduce_kernel reduce_kernels_avx2[PHYSICAL_TYPE_COUNT][REDUCE_COUNT] = REDUCE_TABLE;
