/* BYTE_STREAM_SPLIT: byte k of value i is byte i of stream k. */
#ifndef IO_PARQUET_STREAMS_H
#define IO_PARQUET_STREAMS_H

#include "base/macros.h"

/* `count` values of `width` bytes from streams that begin `stride` bytes apart. */
void parquet_streams_join(const uint8_t *in, size_t stride, size_t width, uint8_t *out, size_t count);

/* Kernel: 16 values a group, of 2, 4, 8 or 16 bytes. */
void parquet_streams_join_avx2(const uint8_t *in, size_t stride, size_t width, uint8_t *out, size_t groups);

#endif
