/* LZ4 frames. A block is packed greedily: a table remembers where each four bytes, by their hash, were seen last; a match found there is taken as far as it goes.
 * Where nothing is found the steps grow, so that bytes that do not pack cost little.
 *
 *   frame: 0x184d2204, flags, kind of blocks, int64 size in full, check byte; blocks: uint32 size (high bit: bytes as they are), bytes; uint32 0 */
#include "codec_lz4.h"

#define FRAME_MAGIC UINT32_C(0x184d2204)
#define FRAME_FLAGS 0x68 /* version 1, independent blocks, with the size in full */
#define FRAME_BLOCKS 0x60 /* of at most 1 MiB */
#define BLOCK_MOST ((size_t)1 << 20)
#define STORED UINT32_C(0x80000000)
#define HASH_BITS 12
#define MATCH_LEAST 4
#define DISTANCE_MOST 65535
#define TAIL_LITERALS 5 /* the last bytes of a block are literals */
#define TAIL_MATCHES 12 /* no match begins behind here */
#define SKIP_BITS 6 /* so many misses until the step grows by one */

static uint32_t load32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, 4);
    return value;
}

static uint64_t load64(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, 8);
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

/* Blocks --------------------------------------------------------------------------------------------------------------------------------- */
static uint8_t *put_length(uint8_t *to, size_t length)
{
    for (; length >= 255; length -= 255) *to++ = 255;
    *to++ = (uint8_t)length;
    return to;
}

/* Literals, and a match of `length` bytes `distance` back; length 0: the end of the block. */
static uint8_t *put_sequence(uint8_t *to, const uint8_t *literals, size_t count, size_t distance, size_t length)
{
    size_t extra = length ? length - MATCH_LEAST : 0;

    *to++ = (uint8_t)((count < 15 ? count : 15) << 4 | (extra < 15 ? extra : 15));
    if (count >= 15) to = put_length(to, count - 15);
    if (count) memcpy(to, literals, count);
    to += count;
    if (!length) return to;
    *to++ = (uint8_t)distance;
    *to++ = (uint8_t)(distance >> 8);
    return extra >= 15 ? put_length(to, extra - 15) : to;
}

static size_t match_length(const uint8_t *at, const uint8_t *earlier, const uint8_t *end)
{
    const uint8_t *begin = at;

    while (at + 8 <= end) {
        uint64_t difference = load64(at) ^ load64(earlier);
        if (difference) return (size_t)(at - begin) + (size_t)__builtin_ctzll(difference) / 8;
        at += 8;
        earlier += 8;
    }
    while (at < end && *at == *earlier) at++, earlier++;
    return (size_t)(at - begin);
}

static BP_WRAPS uint32_t hash_of(uint32_t four)
{
    return four * UINT32_C(2654435761) >> (32 - HASH_BITS);
}

/* What a block may need at most. */
static size_t block_bound(size_t size)
{
    return size + size / 255 + 16;
}

/* `to` has block_bound(size) bytes. Returns how many were written. */
static size_t encode_block(uint8_t *to, const uint8_t *bytes, size_t size)
{
    uint32_t seen[1 << HASH_BITS] = {0}; /* places in the block */
    const uint8_t *literals = bytes, *at = bytes + 1, *end = bytes + size;
    uint8_t *begin = to;
    size_t misses = (size_t)1 << SKIP_BITS;

    while (size > TAIL_MATCHES && at < end - TAIL_MATCHES) {
        uint32_t four = load32(at), *slot = &seen[hash_of(four)];
        const uint8_t *earlier = bytes + *slot;
        size_t length;
        *slot = (uint32_t)(at - bytes);
        if ((size_t)(at - earlier) > DISTANCE_MOST || load32(earlier) != four) {
            at += misses++ >> SKIP_BITS;
            continue;
        }
        while (at > literals && earlier > bytes && at[-1] == earlier[-1]) at--, earlier--;
        length = MATCH_LEAST + match_length(at + MATCH_LEAST, earlier + MATCH_LEAST, end - TAIL_LITERALS);
        to = put_sequence(to, literals, (size_t)(at - literals), (size_t)(at - earlier), length);
        at += length;
        literals = at;
        misses = (size_t)1 << SKIP_BITS;
        if (at < end - TAIL_MATCHES) seen[hash_of(load32(at - 2))] = (uint32_t)(at - 2 - bytes);
    }
    return (size_t)(put_sequence(to, literals, (size_t)(end - literals), 0, 0) - begin);
}

static void put_number(builder *out, uint64_t value, size_t bytes)
{
    builder_append(out, &value, bytes);
}

static bool append_block(builder *out, const uint8_t *bytes, size_t size)
{
    size_t packed;
    uint32_t mark;

    if (!builder_reserve(out, 4 + block_bound(size))) return false;
    packed = encode_block((uint8_t *)out->data + out->size + 4, bytes, size);
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
    uint64_t full_size = size;

    memcpy(header + 2, &full_size, 8);
    put_number(out, FRAME_MAGIC, 4);
    builder_append(out, header, sizeof header);
    builder_byte(out, (char)(short_xxhash32(header, sizeof header) >> 8));
    for (size_t at = 0; at < size; at += BLOCK_MOST) {
        size_t part = size - at < BLOCK_MOST ? size - at : BLOCK_MOST;
        if (!builder_goes_on(out) || !append_block(out, bytes + at, part)) return builder_status(out, err);
    }
    put_number(out, 0, 4);
    return builder_status(out, err);
}
