/* Boolean operations with the instructions of this level. */
#include "compute/boolean_kernels.h"

const boolean_kernels boolean_kernels_avx512 = BOOLEAN_TABLE;
