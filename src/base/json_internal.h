/* The structural scan of base/json, shared by its levels.
 *
 * A block is 64 bytes. Each level says in 64-bit masks where its backslashes, quotes, operators and white space are; from there on the work
 * is the same (after Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019): backslashes decide which quotes are escaped, a
 * running xor over the quotes which bytes are inside strings. Positions are written of
 *   - { } [ ] : , outside strings, the quotes at both ends of strings, and the first byte of every other run of bytes (numbers, words, junk). */
#ifndef BASE_JSON_INTERNAL_H
#define BASE_JSON_INTERNAL_H

#include "macros.h"

#define JSON_BLOCK 64

typedef struct json_masks {
    uint64_t backslash, quote, operators, space;
} json_masks;

/* What a block leaves to the next: all 0 at the start. */
typedef struct json_carry {
    uint64_t escape; /* 1: the first byte is escaped */
    uint64_t string; /* all ones: it is inside a string */
    uint64_t scalar; /* 1: a scalar goes on */
} json_carry;

/* The bytes behind an odd number of backslashes. */
static inline BP_WRAPS uint64_t json_escaped(uint64_t backslash, uint64_t *carry)
{
    const uint64_t odd = UINT64_C(0xaaaaaaaaaaaaaaaa);
    uint64_t starts, codes, escaped;

    if (!backslash) {
        escaped = *carry;
        *carry = 0;
        return escaped;
    }
    /* Subtraction carries along each run; where it ends tells the run's length odd from even. */
    starts = backslash & ~*carry;
    codes = ((starts << 1 | odd) - starts) ^ odd;
    escaped = codes ^ (backslash | *carry);
    *carry = (codes & backslash) >> 63;
    return escaped;
}

static inline uint64_t json_prefix_xor(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
}

/* The positions to be written, as a mask. */
static inline uint64_t json_structure(json_masks masks, json_carry *carry)
{
    uint64_t quote = masks.quote & ~json_escaped(masks.backslash, &carry->escape);
    uint64_t inside = json_prefix_xor(quote) ^ carry->string; /* the opening quote and the content */
    uint64_t scalar = ~(masks.operators | masks.space | quote);
    uint64_t first = scalar & ~(scalar << 1 | carry->scalar);

    carry->string = (uint64_t)((int64_t)inside >> 63);
    carry->scalar = scalar >> 63;
    return ((masks.operators | first) & ~inside) | quote;
}

/* Write offset + the number of each bit. Up to 64 entries of `index` behind the last may be overwritten. */
static inline size_t json_emit(uint32_t *index, uint64_t bits, uint32_t offset)
{
    size_t count = (size_t)__builtin_popcountll(bits);

    for (size_t i = 0; i < count; i += 4) {
        for (size_t j = 0; j < 4; j++) { /* past the last bit: any number, to be overwritten */
            index[i + j] = offset + (bits ? (uint32_t)__builtin_ctzll(bits) : 0);
            bits &= bits - (bits != 0);
        }
    }
    return count;
}

/* Scan `blocks` blocks; returns how many positions were written, relative to data. `index` has room for 64 a block and 64 more. */
size_t json_scan_plain(const char *data, size_t blocks, json_carry *carry, uint32_t *index);
size_t json_scan_avx2(const char *data, size_t blocks, json_carry *carry, uint32_t *index);
size_t json_scan_avx512(const char *data, size_t blocks, json_carry *carry, uint32_t *index);
/* At the processor's level. */
size_t json_scan(const char *data, size_t blocks, json_carry *carry, uint32_t *index);

#endif
