/* LZ4 blocks: sequences of a token (4 bits of literals, 4 of match length less 4; 15: more bytes follow, each added, until one is not 255), the
 * literals, 16 bits of offset, the match. The last sequence has literals alone.
 *
 * Hadoop frames them: big-endian the full size and the packed size, the block; as many as there are.
 *
 * LZ4's own frames: 0x184d2204, flags, kind of blocks, perhaps int64 size in full, perhaps int32 number of a dictionary, check byte; blocks: uint32 size (high bit: bytes as
 * they are), bytes, perhaps a check sum; uint32 0; perhaps a check sum. Blocks may refer to earlier ones. Check sums are passed over. */
#include "codec_block.h"
#include "codec_copy.h"

static bool more_length(const uint8_t **at, const uint8_t *end, size_t *length)
{
    uint8_t byte;

    do {
        if (*at == end) return false;
        byte = *(*at)++;
        *length += byte;
    } while (byte == 255);
    return true;
}

/* A block to `to`, where up to `room` bytes may be, behind those from `out` on that it may refer to. *made bytes were written. */
static bool decode_part(const uint8_t *bytes, size_t size, uint8_t *out, uint8_t *to, size_t room, size_t *made)
{
    const uint8_t *at = bytes, *end = bytes + size;
    uint8_t *to_begin = to, *to_end = to + room;

    *made = 0;

    while (at < end) {
        uint8_t token = *at++;
        size_t length = token >> 4, offset;

        if (length == 15 && !more_length(&at, end, &length)) return false;
        if (length > (size_t)(end - at) || length > (size_t)(to_end - to)) return false;
        if (LIKELY((size_t)(end - at) >= length + 16))
            copy_wide(to, at, length);
        else if (length)
            memcpy(to, at, length);
        at += length;
        to += length;
        if (at == end) {
            *made = (size_t)(to - to_begin);
            return true;
        }
        if (end - at < 2) return false;
        offset = (size_t)at[0] | (size_t)at[1] << 8;
        at += 2;
        length = token & 15;
        if (length == 15 && !more_length(&at, end, &length)) return false;
        length += 4;
        if (offset == 0 || offset > (size_t)(to - out) || length > (size_t)(to_end - to)) return false;
        copy_match(to, offset, length);
        to += length;
    }
    return size == 0;
}

bool lz4_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size)
{
    size_t made;

    return decode_part(bytes, size, out, out, full_size, &made) && made == full_size;
}

static uint32_t load_big(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool lz4_hadoop_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size)
{
    size_t at = 0, done = 0;

    while (done < full_size) {
        size_t full, packed;
        if (size - at < 8) return false;
        full = load_big(bytes + at);
        packed = load_big(bytes + at + 4);
        at += 8;
        if (packed > size - at || full > full_size - done || full == 0) return false;
        if (!lz4_decode(bytes + at, packed, out + done, full)) return false;
        at += packed;
        done += full;
    }
    return at == size;
}

#define FRAME_MAGIC UINT32_C(0x184d2204)
#define BLOCK_STORED UINT32_C(0x80000000)
enum { FLAG_DICTIONARY = 1, FLAG_CHECK = 4, FLAG_SIZE = 8, FLAG_BLOCK_CHECKS = 16, FLAGS_VERSION = 0xc0, VERSION_1 = 0x40 };

static bool frame_header(cursor *in, uint8_t *flags)
{
    uint32_t magic;
    uint8_t kind;

    if (!cursor_u32(in, &magic) || magic != FRAME_MAGIC || !cursor_u8(in, flags) || !cursor_u8(in, &kind)) return false;
    if ((*flags & FLAGS_VERSION) != VERSION_1 || *flags & FLAG_DICTIONARY) return false;
    return cursor_skip(in, (*flags & FLAG_SIZE ? 8 : 0) + 1);
}

/* One block; *made 0: the end of the frame. */
static bool frame_block(cursor *in, uint8_t flags, uint8_t *out, uint8_t *to, size_t room, size_t *made)
{
    const uint8_t *bytes;
    uint32_t mark;
    size_t size;

    *made = 0;
    if (!cursor_u32(in, &mark)) return false;
    if (mark == 0) return cursor_skip(in, flags & FLAG_CHECK ? 4 : 0);
    size = mark & ~BLOCK_STORED;
    if (!cursor_view(in, size, &bytes) || !cursor_skip(in, flags & FLAG_BLOCK_CHECKS ? 4 : 0)) return false;
    if (!(mark & BLOCK_STORED)) return decode_part(bytes, size, out, to, room, made) && *made;
    if (size > room || size == 0) return false;
    memcpy(to, bytes, size);
    *made = size;
    return true;
}

bool lz4_frame_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size)
{
    cursor in = cursor_over(bytes, size);
    size_t done = 0, made;
    uint8_t flags;

    if (!frame_header(&in, &flags)) return false;
    do {
        if (!frame_block(&in, flags, out, out + done, full_size - done, &made)) return false;
        done += made;
    } while (made);
    return done == full_size;
}
