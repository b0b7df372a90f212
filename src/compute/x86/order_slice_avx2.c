/* Sort keys with the instructions of this level. */
#include "compute/order_slice_kernels.h"

const order_kernel order_kernels_avx2[PHYSICAL_TYPE_COUNT] = ORDER_TABLE;
