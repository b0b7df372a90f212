/* LZ4 frames around the blocks of codec_lz77.c.
 *
 *   frame: 0x184d2204, flags, kind of blocks, int64 size in full, check byte; blocks: uint32 size (high bit: bytes as they are), bytes; uint32 0 */
#include "codec_lz4.h"

#include "codec_block.h"

#define FRAME_MAGIC UINT32_C(0x184d2204)
#define FRAME_FLAGS 0x68 /* version 1, independent blocks, with the size in full */
#define FRAME_BLOCKS 0x60 /* of at most 1 MiB */
#define BLOCK_MOST ((size_t)1 << 20)
#define STORED UINT32_C(0x80000000)

static uint32_t load32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, 4);
    return value;
}

/* xxHash32 of fewer than 16 bytes with seed 0: the header's check. */
static BP_WRAPS uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static BP_WRAPS uint32_t short_xxhash32(const uint8_t *bytes, size_t size)
{
    uint32_t hash = UINT32_C(374761393) + (uint32_t)size;
    size_t at = 0;

    for (; at + 4 <= size; at += 4) hash = rotate(hash + load32(bytes + at) * UINT32_C(3266489917), 17) * UINT32_C(668265263);
    for (; at < size; at++) hash = rotate(hash + bytes[at] * UINT32_C(374761393), 11) * UINT32_C(2654435761);
    hash = (hash ^ hash >> 15) * UINT32_C(2246822519);
    hash = (hash ^ hash >> 13) * UINT32_C(3266489917);
    return hash ^ hash >> 16;
}

static void put_number(builder *out, uint64_t value, size_t bytes)
{
    builder_append(out, &value, bytes);
}

static bool append_block(builder *out, const uint8_t *bytes, size_t size, uint32_t *table)
{
    size_t packed;
    uint32_t mark;

    if (!builder_reserve(out, 4 + lz4_bound(size))) return false;
    packed = lz4_encode(bytes, size, (uint8_t *)out->data + out->size + 4, table);
    mark = (uint32_t)packed;
    if (packed >= size) {
        packed = size;
        mark = (uint32_t)size | STORED;
        memcpy(out->data + out->size + 4, bytes, size);
    }
    memcpy(out->data + out->size, &mark, 4);
    out->size += 4 + packed;
    return true;
}

bp_status lz4_frame_encode(builder *out, const uint8_t *bytes, size_t size, bp_error *err)
{
    uint8_t header[10] = {FRAME_FLAGS, FRAME_BLOCKS};
    size_t table_size = LZ77_TABLE_SIZE * sizeof(uint32_t);
    uint32_t *table = memory_allocate(out->memory, table_size);
    uint64_t full_size = size;

    if (!table) return error_no_memory(err, out->memory, table_size);
    memcpy(header + 2, &full_size, 8);
    put_number(out, FRAME_MAGIC, 4);
    builder_append(out, header, sizeof header);
    builder_byte(out, (char)(short_xxhash32(header, sizeof header) >> 8));
    for (size_t at = 0; at < size && builder_goes_on(out); at += BLOCK_MOST) {
        size_t part = size - at < BLOCK_MOST ? size - at : BLOCK_MOST;
        if (!append_block(out, bytes + at, part, table)) break;
    }
    put_number(out, 0, 4);
    memory_free(out->memory, table, table_size);
    return builder_status(out, err);
}
