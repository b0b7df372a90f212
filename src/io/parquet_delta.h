/* Kernels of DELTA_BINARY_PACKED, for the levels of processors. */
#ifndef IO_PARQUET_DELTA_H
#define IO_PARQUET_DELTA_H

#include "base/macros.h"

/* Groups of eight differences of `width` bits from the beginning of a byte: out[i] = out[i - 1] + least + difference i, `value` being before the first.
 * Returns the last. At most PARQUET_SUM_MOST bits, or 64, so that a difference lies in eight bytes wherever it begins. 8 bytes behind the last are
 * readable. */
#define PARQUET_SUM_MOST 57
uint64_t parquet_sum_avx2(const uint8_t *in, unsigned width, uint64_t least, uint64_t value, int64_t *out, size_t groups);
uint64_t parquet_sum_avx512(const uint8_t *in, unsigned width, uint64_t least, uint64_t value, int64_t *out, size_t groups);

#endif
