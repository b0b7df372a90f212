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

/* What a tag byte says, in 64 bits: which of the next two bytes are an offset (16 bits of mask), what is added to it (16), how long the element is (8),
 * the least offset of a copy that 16 bytes at a time can make (8). A literal has that as its offset, so that one test lets it pass; tags of other
 * elements ask for more than any offset they could have. */
#define KIND(tag) ((uint64_t)(tag) & 3)
#define COUNT(tag) ((uint64_t)(tag) >> 2)
#define IS_FAST(tag) (KIND(tag) != 3 && (KIND(tag) != 0 || COUNT(tag) < 60))
#define LENGTH(tag) (KIND(tag) == 1 ? 4 + (COUNT(tag) & 7) : COUNT(tag) + 1)
#define LEAST(tag) (LENGTH(tag) < 16 ? LENGTH(tag) : 16)
#define MASK(tag) ((uint64_t)((1U << (8 * KIND(tag))) - 1))
#define BASE(tag) (KIND(tag) == 0 ? LEAST(tag) : KIND(tag) == 1 ? COUNT(tag) >> 3 << 8 : 0)
#define E1(tag) (IS_FAST(tag) ? MASK(tag) | BASE(tag) << 16 | LENGTH(tag) << 32 | LEAST(tag) << 40 : (uint64_t)255 << 40)
#define E4(tag) E1(tag), E1((tag) + 1), E1((tag) + 2), E1((tag) + 3)
#define E16(tag) E4(tag), E4((tag) + 4), E4((tag) + 8), E4((tag) + 12)
#define E64(tag) E16(tag), E16((tag) + 16), E16((tag) + 32), E16((tag) + 48)

static const uint64_t elements[256] = {E64(0), E64(64), E64(128), E64(192)};

#define FAST_IN 68 /* bytes that may be read from the place of an element on */
#define FAST_OUT 84 /* and written */

#define PAIRS_WORTH 32 /* bytes of pairs in a row: then the next are tried soon */
#define SINGLES_FEW 4
#define SINGLES_MANY 128

/* Numbers are a short literal and a copy in turn, nearly without exception: their low bytes are new, the others are those of a number before. Both lie in
 * eight bytes and are taken in one round, so that where the next pair begins costs one load, not two (a fifth less time for dictionaries of 64-bit
 * numbers). Stops in front of anything else, and of a copy that reads what its literal writes. */
static void decode_pairs(const uint8_t **in, const uint8_t *end, uint8_t **to_place, const uint8_t *out, const uint8_t *to_end)
{
    const uint8_t *at = *in;
    uint8_t *to = *to_place;

    while (at < end && to < to_end) {
        uint64_t word, literal, element;
        size_t literal_length, offset, length;
        const uint8_t *from;
        uint8_t copied[16];

        memcpy(&word, at, 8);
        if ((word & 3) != 0 || (word & 0xff) > 3 << 2) break; /* the literal, its copy's tag and offset: at most eight bytes */
        literal_length = (word >> 2 & 63) + 1;
        literal = word >> 8;
        word = literal >> (8 * literal_length);
        element = elements[word & 0xff];
        offset = (word >> 8 & (element & 0xffff)) + (element >> 16 & 0xffff);
        length = element >> 32 & 0xff;
        if (UNLIKELY(((word & 3) == 0) | (offset < literal_length + (element >> 40)) |
                     (offset > (size_t)(to - out) + literal_length)))
            break;
        from = to + literal_length - offset;
        memcpy(copied, from, 16); /* before the literal is stored: a load that it covers in part would wait for it */
        memcpy(to, &literal, 8);
        to += literal_length;
        memcpy(to, copied, 16);
        if (UNLIKELY(length > 16))
            for (size_t done = 16; done < 64; done += 16) memcpy(to + done, from + done, 16);
        at += literal_length + 2 + (word & 3);
        to += length;
    }
    *in = at;
    *to_place = to;
}

/* Up to `most` elements far from both ends, which nearly all are, once 16 bytes stand in `out`; stops in front of one that is not of that kind. What
 * comes next nobody can foretell, so literals and copies go through the same instructions. Where the next element begins is all that the next round
 * waits for: it is computed from the tag alone. */
static void decode_fast(const uint8_t **in, const uint8_t *end, uint8_t **to_place, const uint8_t *out, const uint8_t *to_end,
                        size_t most)
{
    const uint8_t *at = *in;
    uint8_t *to = *to_place;

    for (; at < end && to < to_end && most; most--) {
        uint32_t word;
        uint64_t element;
        size_t kind, offset, length;
        const uint8_t *from;

        memcpy(&word, at, 4);
        element = elements[word & 0xff];
        kind = word & 3;
        offset = (word >> 8 & (element & 0xffff)) + (element >> 16 & 0xffff);
        length = element >> 32 & 0xff;
        if (UNLIKELY((offset < element >> 40) | (offset > (size_t)(to - out)))) break;
        from = kind ? to - offset : at + 1;
        memcpy(to, from, 16);
        if (UNLIKELY(length > 16))
            for (size_t done = 16; done < 64; done += 16) memcpy(to + done, from + done, 16);
        at += kind ? kind + 1 : (word >> 2 & 63) + 2;
        to += length;
    }
    *in = at;
    *to_place = to;
}

bool snappy_decode(const uint8_t *bytes, size_t size, uint8_t *out, size_t full_size)
{
    const uint8_t *at = bytes, *end = bytes + size, *fast_end;
    uint8_t *to = out, *to_end = out + full_size, *to_fast_end;
    uint64_t told;

    if (!snappy_full_size(bytes, size, &told) || told != full_size) return false;
    while (*at++ >= 0x80) continue;
    fast_end = size > FAST_IN ? end - FAST_IN : bytes;
    to_fast_end = full_size > FAST_OUT ? to_end - FAST_OUT : out;
    while (at < end) {
        if (to - out >= 16) {
            const uint8_t *before = at;
            decode_pairs(&at, fast_end, &to, out, to_fast_end);
            decode_fast(&at, fast_end, &to, out, to_fast_end, at - before > PAIRS_WORTH ? SINGLES_FEW : SINGLES_MANY);
        }
        if (at < end && !decode_element(&at, end, &to, out, to_end)) return false;
    }
    return to == to_end;
}
