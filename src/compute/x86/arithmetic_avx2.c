/* Arithmetic with the instructions of this level. */
#include "compute/arithmetic_kernels.h"

const arithmetic_kernel arithmetic_kernels_avx2[PHYSICAL_TYPE_COUNT][ARITHMETIC_COUNT] = {ARITHMETIC_ROWS};
