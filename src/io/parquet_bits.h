/* Kernels of packed values, for the levels of processors. */
#ifndef IO_PARQUET_BITS_H
#define IO_PARQUET_BITS_H

#include "base/macros.h"

/* Groups of eight values of 1 … PARQUET_UNPACK_MOST bits from the beginning of a byte; 28 bytes behind the last are readable. */
#define PARQUET_UNPACK_MOST 25
void parquet_unpack_avx2(const uint8_t *in, unsigned width, uint32_t *out, size_t groups);
/* The greatest of the values; 0: there are none. */
uint32_t parquet_most(const uint32_t *values, size_t count);
uint32_t parquet_most_avx2(const uint32_t *values, size_t count);

#endif
