/* Split-block Bloom filters, read and written: 32-byte blocks of eight words; a value sets one bit in each word of one block. Its hash is XXH64 of the value as PLAIN
 * stores it; the upper half chooses the block, the lower half times eight odd numbers the bits. Only that block is read. */
#include <math.h>

#include "parquet_internal.h"
#include "parquet_write_internal.h"

#define PRIME_1 UINT64_C(0x9e3779b185ebca87)
#define PRIME_2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define PRIME_3 UINT64_C(0x165667b19e3779f9)
#define PRIME_4 UINT64_C(0x85ebca77c2b2ae63)
#define PRIME_5 UINT64_C(0x27d4eb2f165667c5)
#define HEADER_MOST 64
#define BLOCK_BYTES 32
#define WRITTEN_MOST ((size_t)1 << 24) /* bytes of a filter */

static const uint32_t salts[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

static inline uint64_t rotate(uint64_t value, unsigned by)
{
    return value << by | value >> (64 - by);
}

static inline BP_WRAPS uint64_t one_round(uint64_t state, uint64_t input)
{
    return rotate(state + input * PRIME_2, 31) * PRIME_1;
}

static inline uint64_t load(const uint8_t *at, size_t size)
{
    uint64_t value = 0;

    memcpy(&value, at, size);
    return value;
}

static BP_WRAPS uint64_t xxh64(const uint8_t *at, size_t size)
{
    const uint8_t *end = at + size;
    uint64_t hash = PRIME_5, lanes[4] = {PRIME_1 + PRIME_2, PRIME_2, 0, 0 - PRIME_1};

    if (size >= 32) {
        for (; end - at >= 32; at += 32)
            for (size_t i = 0; i < 4; i++) lanes[i] = one_round(lanes[i], load(at + 8 * i, 8));
        hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
        for (size_t i = 0; i < 4; i++) hash = (hash ^ one_round(0, lanes[i])) * PRIME_1 + PRIME_4;
    }
    hash += size;
    for (; end - at >= 8; at += 8) hash = rotate(hash ^ one_round(0, load(at, 8)), 27) * PRIME_1 + PRIME_4;
    if (end - at >= 4) {
        hash = rotate(hash ^ load(at, 4) * PRIME_1, 23) * PRIME_2 + PRIME_3;
        at += 4;
    }
    for (; at < end; at++) hash = rotate(hash ^ *at * PRIME_5, 11) * PRIME_1;
    hash = (hash ^ hash >> 33) * PRIME_2;
    hash = (hash ^ hash >> 29) * PRIME_3;
    return hash ^ hash >> 32;
}

/* The hash of the value as it would be stored; false: not for this type. Floats have two zeros, and are left out. */
static bool hash_of(const parquet_leaf *leaf, const column *values, size_t row, uint64_t *hash)
{
    const char *at = (const char *)values->values + row * leaf->width;
    int32_t narrow;

    switch ((parquet_convert)leaf->convert) {
    case CONVERT_REF: {
        string_view text = string_ref_view((const string_ref *)values->values + row);
        *hash = xxh64((const uint8_t *)text.data, text.size);
        return true;
    }
    case CONVERT_NONE:
        if (leaf->physical != PARQUET_INT32 && leaf->physical != PARQUET_INT64) return false;
        *hash = xxh64((const uint8_t *)at, leaf->width);
        return true;
    case CONVERT_TO_8: narrow = leaf->type.id == TYPE_INT8 ? *(const int8_t *)at : *(const uint8_t *)at; break;
    case CONVERT_TO_16:
        narrow = leaf->type.id == TYPE_INT16 ? ((const int16_t *)values->values)[row] : ((const uint16_t *)values->values)[row];
        break;
    case CONVERT_32_TO_64: narrow = (int32_t)((const int64_t *)values->values)[row]; break;
    default: return false;
    }
    *hash = xxh64((const uint8_t *)&narrow, sizeof narrow);
    return true;
}

/* Bytes of blocks, and where they begin; 0: a filter that we do not know. */
static uint64_t read_header(const uint8_t *bytes, size_t size, size_t *header_size)
{
    thrift in = thrift_over(bytes, size);
    int64_t block_bytes = 0;
    bool known = true;

    thrift_begin(&in);
    while (thrift_next(&in)) {
        if (in.field == 1) {
            block_bytes = thrift_integer(&in);
            continue;
        }
        thrift_begin(&in); /* unions: their first member is the only one there is */
        while (thrift_next(&in)) {
            known &= in.field == 1;
            thrift_skip(&in);
        }
    }
    *header_size = in.bytes.position;
    return in.bad || !known || block_bytes < 32 || block_bytes % 32 ? 0 : (uint64_t)block_bytes;
}

BP_WRAPS bp_status parquet_bloom_excludes(bool *excludes, const parquet_leaf *leaf, const parquet_chunk *chunk, file *file,
                                          const column *values, size_t row, bp_error *err)
{
    uint64_t hash, block_bytes, end = file_size(file), at = (uint64_t)chunk->bloom_offset;
    uint8_t header[HEADER_MOST];
    size_t count, header_size;
    uint32_t block[8];
    bp_status status;

    *excludes = false;
    if (at >= end || !hash_of(leaf, values, row, &hash)) return BP_OK;
    if ((status = file_read_at(file, at, header, end - at < sizeof header ? (size_t)(end - at) : sizeof header, &count, err)))
        return status;
    block_bytes = read_header(header, count, &header_size);
    if (block_bytes == 0 || block_bytes > end - at - header_size) return BP_OK;
    at += header_size + ((hash >> 32) * (block_bytes / 32) >> 32) * 32;
    if ((status = file_read_at(file, at, block, sizeof block, &count, err))) return status;
    if (count != sizeof block) return BP_OK;
    for (size_t i = 0; i < 8; i++)
        if (!(block[i] & (uint32_t)1 << ((uint32_t)hash * salts[i] >> 27))) *excludes = true;
    return BP_OK;
}

/* Writing ------------------------------------------------------------------------------------------------------------------------------ */
/* A power of two, which some readers ask for. With eight bits a value the share of wrong answers is (1 - e^(-8 n / m))^8. */
static size_t bytes_for(size_t count, double ratio)
{
    double bits = ratio < 1 ? -8.0 * (double)count / log(1 - pow(ratio, 0.125)) : 0;
    size_t bytes = BLOCK_BYTES;

    while (bytes < WRITTEN_MOST && (double)bytes * 8 < bits) bytes *= 2;
    return bytes;
}

static void put_header(builder *out, size_t bytes)
{
    thrift_writer header = thrift_writer_over(out);

    thrift_put_int(&header, 1, (int32_t)bytes);
    for (int32_t field = 2; field <= 4; field++) { /* by blocks, XXH64, not packed */
        thrift_put_struct(&header, field);
        thrift_put_struct(&header, 1);
        thrift_put_end(&header);
        thrift_put_end(&header);
    }
    thrift_put_end(&header);
}

static uint64_t stored_hash(const write_leaf *leaf, const char *value)
{
    string_view text;

    if (leaf->physical != PARQUET_BYTE_ARRAY) return xxh64((const uint8_t *)value, leaf->width);
    text = string_ref_view((const string_ref *)value);
    return xxh64((const uint8_t *)text.data, text.size);
}

BP_WRAPS bp_status parquet_bloom_put(builder *out, const write_leaf *leaf, const write_dictionary *dictionary, double ratio,
                                     bp_error *err)
{
    size_t bytes = bytes_for(dictionary->count, ratio);
    char *blocks;

    put_header(out, bytes);
    if (!builder_fill(out, 0, bytes)) return builder_status(out, err);
    blocks = out->data + out->size - bytes;
    for (size_t i = 0; i < dictionary->count; i++) {
        uint64_t hash = stored_hash(leaf, (const char *)dictionary->entries.data + i * leaf->width);
        char *at = blocks + ((hash >> 32) * (bytes / BLOCK_BYTES) >> 32) * BLOCK_BYTES;
        uint32_t block[8];
        memcpy(block, at, sizeof block);
        for (size_t word = 0; word < 8; word++) block[word] |= (uint32_t)1 << ((uint32_t)hash * salts[word] >> 27);
        memcpy(at, block, sizeof block);
    }
    return BP_OK;
}
