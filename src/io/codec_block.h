/* Compressed blocks whose size in full is known beforehand: the pages of Parquet files, the buffers of Arrow IPC. */
#ifndef IO_CODEC_BLOCK_H
#define IO_CODEC_BLOCK_H

#include "base/bytes.h"

/* BLOCK_LZ4_HADOOP: blocks of LZ4 with their sizes in front, as Hadoop frames them; some writers leave the frames out.
 * BLOCK_LZ4_FRAME: the frames of LZ4's own format, as Arrow IPC has them. */
typedef enum block_codec {
    BLOCK_NONE,
    BLOCK_SNAPPY,
    BLOCK_GZIP,
    BLOCK_BROTLI,
    BLOCK_ZSTD,
    BLOCK_LZ4,
    BLOCK_LZ4_HADOOP,
    BLOCK_LZ4_FRAME
} block_codec;

const char *block_codec_name(block_codec codec);

typedef struct block_decoder block_decoder;

/* Holds the states of the libraries, made at first use; for one thread at a time. */
MUST_USE bp_status block_decoder_new(block_decoder **out, memory *memory, bp_error *err);
void block_decoder_free(block_decoder *decoder); /* NULL is fine */

/* Whether a block of `size` bytes can hold `full_size`: asked before room for them is made. */
bool block_size_possible(block_codec codec, const uint8_t *bytes, size_t size, uint64_t full_size);
/* Exactly full_size bytes into `out`, which has 16 spare bytes behind them (their content is lost). BP_BAD_FORMAT: damaged. */
MUST_USE bp_status block_decode(block_decoder *decoder, block_codec codec, const uint8_t *bytes, size_t size, char *out,
                                size_t full_size, bp_error *err);

typedef struct block_encoder block_encoder;

/* Whether blocks are written with the codec, too. */
bool block_codec_encodes(block_codec codec);
/* For one thread at a time; `level` is zstd's. BP_NOT_SUPPORTED: a codec that is only read. */
MUST_USE bp_status block_encoder_new(block_encoder **out, memory *memory, block_codec codec, int level, bp_error *err);
void block_encoder_free(block_encoder *encoder); /* NULL is fine */
/* The bytes as one block, appended. */
MUST_USE bp_status block_encode(block_encoder *encoder, const char *bytes, size_t size, builder *out, bp_error *err);

/* The check sum of Parquet's pages and of gzip. */
uint32_t block_crc32(const uint8_t *bytes, size_t size);

/* The formats written by us; false: damaged, or not of that size. */
#define BLOCK_SPARE 16
bool snappy_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size);
bool snappy_full_size(const uint8_t *bytes, size_t size, uint64_t *full_size);
bool lz4_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size);
bool lz4_hadoop_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size);
bool lz4_frame_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size);
/* At most 2^31 bytes into `out`, which has room for as many as …_bound() says; `table` has LZ77_TABLE_SIZE numbers. The size written. */
#define LZ77_TABLE_BITS 14
#define LZ77_TABLE_SIZE ((size_t)1 << LZ77_TABLE_BITS)
size_t snappy_bound(size_t size);
size_t snappy_encode(const uint8_t *bytes, size_t size, uint8_t *out, uint32_t *table);
size_t lz4_bound(size_t size);
size_t lz4_encode(const uint8_t *bytes, size_t size, uint8_t *out, uint32_t *table);

#endif
