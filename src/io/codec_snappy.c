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

/* One element where ends are near; false: damaged. */
static bool decode_element(const uint8_t **in, const uint8_t *end, uint8_t **to_place, uint8_t *out, uint8_t *to_end)
{
    const uint8_t *at = *in;
    uint8_t tag = *at++, *to = *to_place;
    size_t length, offset, extra;

    if ((tag & 3) == 0) {
        length = (size_t)(tag >> 2) + 1;
        if (length > 60) {
            extra = length - 60;
            if ((size_t)(end - at) < extra) return false;
            length = (size_t)load_bytes(at, extra) + 1;
            at += extra;
        }
        if (length > (size_t)(end - at) || length > (size_t)(to_end - to)) return false;
        memcpy(to, at, length);
        *in = at + length;
        *to_place = to + length;
        return true;
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
    if (offset == 0 || offset > (size_t)(to - out) || length > (size_t)(to_end - to)) return false;
    copy_match(to, offset, length); /* `out` has spare bytes */
    *in = at + extra;
    *to_place = to + length;
    return true;
}

bool snappy_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size)
{
    const uint8_t *at = bytes, *end = bytes + size, *fast_end;
    uint8_t *to = out, *to_end = out + full_size, *to_fast_end;
    uint64_t told;

    if (!snappy_full_size(bytes, size, &told) || told != full_size) return false;
    while (*at++ >= 0x80) continue;
    /* Short elements far from both ends, which nearly all are: 17 bytes can be read, 80 written. What comes next nobody can foretell, so literals
     * and copies go through the same instructions: where from, how much, and how far on are chosen by masks. */
    fast_end = size > 24 ? end - 24 : bytes;
    to_fast_end = full_size > 80 ? to_end - 80 : out;
    while (at < end) {
        uint32_t loaded;
        uintptr_t word, literal, kind, length, offset, from;

        if (UNLIKELY(at >= fast_end || to >= to_fast_end)) {
            if (!decode_element(&at, end, &to, out, to_end)) return false;
            continue;
        }
        memcpy(&loaded, at, 4);
        word = loaded;
        kind = word & 3;
        literal = (uintptr_t)0 - (kind == 0); /* all ones, or zero */
        length = (word >> 2 & 63) + 1;
        offset = word >> 8 & 0xffff;
        length -= (kind & 1) * ((word >> 2 & 56) - 3); /* kind 1: three bits of length, and four are added */
        offset -= (kind & 1) * ((offset & 0xff00) - (word << 3 & 0x700));
        if (UNLIKELY((kind == 3) | (literal & (length > 16)) | (~literal & ((offset < 16) | (offset > (size_t)(to - out)))))) {
            if (!decode_element(&at, end, &to, out, to_end)) return false;
            continue;
        }
        from = (((uintptr_t)at + 1) & literal) | (((uintptr_t)to - offset) & ~literal);
        memcpy(to, (const uint8_t *)from, 16);
        if (UNLIKELY(length > 16)) copy_wide(to + 16, (const uint8_t *)from + 16, length - 16);
        at += 1 + ((length & literal) | (kind & ~literal));
        to += length;
    }
    return to == to_end;
}
