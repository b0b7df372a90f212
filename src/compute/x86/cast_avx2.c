/* Casts with the instructions of this level. */
#include "compute/cast_kernels.h"

const cast_kernel cast_kernels_avx2[PHYSICAL_TYPE_COUNT][PHYSICAL_TYPE_COUNT] = {CAST_ROWS};
