/* Snappy and LZ4, compressing. Both are sequences of literals and a match, and share the search: greedy, one candidate for each hash of four bytes, within
 * 64 KiB back. Where nothing is found the steps grow, so that bytes that do not repeat are passed quickly. The formats are drawn in codec_snappy.c and
 * codec_lz4.c. */
#include "codec_block.h"

#define MATCH_LEAST 4
#define MATCH_FURTHEST 65535
#define MATCH_TAIL 16 /* bytes at the end that are always literals: LZ4 wants 12, and loads of eight bytes need no check */

/* Writes one sequence at `to` and returns its end. */
typedef uint8_t *(*match_sequence)(uint8_t *to, const uint8_t *literals, size_t literal_size, size_t offset, size_t match_size);

static ALWAYS_INLINE uint32_t match_load_4(const uint8_t *at)
{
    uint32_t word;

    memcpy(&word, at, 4);
    return word;
}

static ALWAYS_INLINE uint64_t match_load_8(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, 8);
    return word;
}

static ALWAYS_INLINE BP_WRAPS uint32_t match_hash(uint32_t word, unsigned bits)
{
    return word * UINT32_C(2654435761) >> (32 - bits);
}

/* How many bytes agree, with `limit` - 8 readable. */
static ALWAYS_INLINE size_t match_size(const uint8_t *at, const uint8_t *earlier, const uint8_t *limit)
{
    const uint8_t *begin = at;

    while (at < limit) {
        uint64_t different = match_load_8(at) ^ match_load_8(earlier);
        if (different) return (size_t)(at - begin) + (size_t)__builtin_ctzll(different) / 8;
        at += 8;
        earlier += 8;
    }
    return (size_t)(at - begin);
}

/* Sequences of all matches of `bytes`, which are at most 2^31; *literals is where the bytes that are left begin. `table` is zeroed here. */
static ALWAYS_INLINE uint8_t *match_all(const uint8_t *bytes, size_t size, uint32_t *table, uint8_t *to, const uint8_t **literals,
                                        match_sequence put)
{
    const uint8_t *at = bytes, *from = bytes, *limit = bytes + size;
    unsigned bits = LZ77_TABLE_BITS;

    *literals = bytes;
    if (size < MATCH_TAIL + MATCH_LEAST) return to;
    while (bits > 8 && (size_t)1 << bits > 2 * size) bits--;
    memset(table, 0, sizeof *table << bits);
    limit -= MATCH_TAIL;
    for (at++; at < limit;) {
        const uint8_t *earlier;
        size_t length, step = 32;
        uint32_t word;

        for (;; at += step++ >> 5) { /* the first candidate of a fresh table is byte 0, which is a candidate like any other */
            uint32_t *slot;
            if (at >= limit) goto done;
            word = match_load_4(at);
            slot = &table[match_hash(word, bits)];
            earlier = bytes + *slot;
            *slot = (uint32_t)(at - bytes);
            if (match_load_4(earlier) == word && at - earlier <= MATCH_FURTHEST) break;
        }
        while (at > from && earlier > bytes && at[-1] == earlier[-1]) at--, earlier--;
        length = MATCH_LEAST + match_size(at + MATCH_LEAST, earlier + MATCH_LEAST, limit);
        to = put(to, from, (size_t)(at - from), (size_t)(at - earlier), length);
        at += length;
        from = at;
        if (at < limit) table[match_hash(match_load_4(at - 2), bits)] = (uint32_t)(at - 2 - bytes);
    }
done:
    *literals = from;
    return to;
}

/* Literals with up to 15 bytes written past them, when they may be read past, too. */
static ALWAYS_INLINE void match_copy(uint8_t *to, const uint8_t *from, size_t size)
{
    size_t done = 0;

    do {
        memcpy(to + done, from + done, 16);
        done += 16;
    } while (done < size);
}

/* Snappy --------------------------------------------------------------------------------------------------------------------------------- */
size_t snappy_bound(size_t size)
{
    return size + size / 6 + 64;
}

static ALWAYS_INLINE uint8_t *put_literal_head(uint8_t *to, size_t size)
{
    size_t last = size - 1, bytes = 0;

    if (last < 60) {
        *to++ = (uint8_t)(last << 2);
        return to;
    }
    for (uint8_t *tag = to++; last || !bytes; last >>= 8) {
        *to++ = (uint8_t)last;
        *tag = (uint8_t)((59 + ++bytes) << 2);
    }
    return to;
}

static ALWAYS_INLINE uint8_t *put_copy(uint8_t *to, size_t offset, size_t size)
{
    if (size < 12 && offset < 2048) {
        to[0] = (uint8_t)(1 | (size - 4) << 2 | offset >> 8 << 5);
        to[1] = (uint8_t)offset;
        return to + 2;
    }
    to[0] = (uint8_t)(2 | (size - 1) << 2);
    to[1] = (uint8_t)offset;
    to[2] = (uint8_t)(offset >> 8);
    return to + 3;
}

static ALWAYS_INLINE uint8_t *put_snappy(uint8_t *to, const uint8_t *literals, size_t literal_size, size_t offset, size_t size)
{
    if (literal_size) {
        to = put_literal_head(to, literal_size);
        match_copy(to, literals, literal_size);
        to += literal_size;
    }
    for (; size >= 68; size -= 64) to = put_copy(to, offset, 64);
    if (size > 64) { /* the rest must be at least 4 */
        to = put_copy(to, offset, 60);
        size -= 60;
    }
    return put_copy(to, offset, size);
}

size_t snappy_encode(const uint8_t *bytes, size_t size, uint8_t *out, uint32_t *table)
{
    const uint8_t *literals;
    uint8_t *to = out;
    size_t rest = size;

    for (; rest >= 0x80; rest >>= 7) *to++ = (uint8_t)(rest | 0x80);
    *to++ = (uint8_t)rest;
    to = match_all(bytes, size, table, to, &literals, put_snappy);
    rest = (size_t)(bytes + size - literals);
    if (rest) {
        to = put_literal_head(to, rest);
        memcpy(to, literals, rest);
        to += rest;
    }
    return (size_t)(to - out);
}

/* LZ4 ------------------------------------------------------------------------------------------------------------------------------------ */
size_t lz4_bound(size_t size)
{
    return size + size / 255 + 64;
}

static ALWAYS_INLINE uint8_t *put_more(uint8_t *to, size_t length)
{
    for (; length >= 255; length -= 255) *to++ = 255;
    *to++ = (uint8_t)length;
    return to;
}

static ALWAYS_INLINE uint8_t *put_literals(uint8_t *to, size_t size, uint8_t match)
{
    *to++ = (uint8_t)((size < 15 ? size : 15) << 4 | match);
    return size < 15 ? to : put_more(to, size - 15);
}

static ALWAYS_INLINE uint8_t *put_lz4(uint8_t *to, const uint8_t *literals, size_t literal_size, size_t offset, size_t size)
{
    size_t more = size - MATCH_LEAST;

    to = put_literals(to, literal_size, (uint8_t)(more < 15 ? more : 15));
    match_copy(to, literals, literal_size);
    to += literal_size;
    to[0] = (uint8_t)offset;
    to[1] = (uint8_t)(offset >> 8);
    to += 2;
    return more < 15 ? to : put_more(to, more - 15);
}

size_t lz4_encode(const uint8_t *bytes, size_t size, uint8_t *out, uint32_t *table)
{
    const uint8_t *literals;
    uint8_t *to = match_all(bytes, size, table, out, &literals, put_lz4);
    size_t rest = (size_t)(bytes + size - literals);

    to = put_literals(to, rest, 0);
    if (rest) memcpy(to, literals, rest);
    return (size_t)(to + rest - out);
}
