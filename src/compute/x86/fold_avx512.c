/* Sums and extremes with the instructions of this level. */
#include "compute/fold_kernels.h"

const fold_kernel fold_kernels_avx512[PHYSICAL_TYPE_COUNT][FOLD_COUNT] = FOLD_TABLE;
