/* Snappy: the full size as a varint, then elements, each a tag byte of 2 bits of kind and 6 of length:
 *   00 literal (lengths from 61 on have 1 … 4 bytes of their own)    01 copy, 4 … 11 bytes, 11 bits of offset
 *   10 copy, 16 bits of offset                                       11 copy, 32 bits of offset */
#include "codec_block.h"
#include "codec_copy.h"

bool snappy_full_size(const uint8_t *bytes, size_t size, uint64_t *full_size)
{
    *full_size = 0;
    for (size_t i = 0; i < size && i < 5; i++) {
        *full_size |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
        if (bytes[i] < 0x80) return true;
    }
    return false;
}

static uint32_t load_bytes(const uint8_t *at, size_t count)
{
    uint32_t value = 0;

    for (size_t i = 0; i < count; i++) value |= (uint32_t)at[i] << (8 * i);
    return value;
}

bool snappy_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size)
{
    const uint8_t *at = bytes, *end = bytes + size;
    uint8_t *to = out, *to_end = out + full_size;
    uint64_t told;

    if (!snappy_full_size(bytes, size, &told) || told != full_size) return false;
    while (*at++ >= 0x80) continue;
    while (at < end) {
        uint8_t tag = *at++;
        size_t length, offset, extra;

        if ((tag & 3) == 0) {
            length = (size_t)(tag >> 2) + 1;
            if (UNLIKELY(length > 60)) {
                extra = length - 60;
                if ((size_t)(end - at) < extra) return false;
                length = (size_t)load_bytes(at, extra) + 1;
                at += extra;
            }
            if (length > (size_t)(end - at) || length > (size_t)(to_end - to)) return false;
            if (LIKELY((size_t)(end - at) >= length + 16))
                copy_wide(to, at, length); /* `out` has spare bytes */
            else
                memcpy(to, at, length);
            at += length;
            to += length;
            continue;
        }
        extra = (tag & 3) == 3 ? 4 : (size_t)(tag & 3);
        if ((size_t)(end - at) < extra) return false;
        if ((tag & 3) == 1) {
            length = 4 + ((size_t)(tag >> 2) & 7);
            offset = (size_t)(tag >> 5) << 8 | *at;
        } else {
            length = (size_t)(tag >> 2) + 1;
            offset = load_bytes(at, extra);
        }
        at += extra;
        if (offset == 0 || offset > (size_t)(to - out) || length > (size_t)(to_end - to)) return false;
        copy_match(to, offset, length);
        to += length;
    }
    return to == to_end;
}
