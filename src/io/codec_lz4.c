/* LZ4 blocks: sequences of a token (4 bits of literals, 4 of match length less 4; 15: more bytes follow, each added, until one is not 255), the
 * literals, 16 bits of offset, the match. The last sequence has literals alone.
 *
 * Hadoop frames them: big-endian the full size and the packed size, the block; as many as there are. */
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

bool lz4_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size)
{
    const uint8_t *at = bytes, *end = bytes + size;
    uint8_t *to = out, *to_end = out + full_size;

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
        if (at == end) return to == to_end;
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
    return full_size == 0 && size == 0;
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
