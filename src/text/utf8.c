/* Counting, walking, decoding and encoding UTF-8; checking it is base/utf8_check. */
#include "utf8.h"

static inline uint64_t load64(const char *at)
{
    uint64_t value;

    memcpy(&value, at, 8);
    return value;
}

static const uint64_t high_bits = UINT64_C(0x8080808080808080), ones = UINT64_C(0x0101010101010101);

/* The last `rest` (1 … 7) of `size` bytes, zeros above them. */
static inline uint64_t load_rest(const char *data, size_t size, size_t rest)
{
    uint64_t value = 0;

    if (size >= 8) return load64(data + size - 8) >> (64 - 8 * rest);
    memcpy(&value, data + size - rest, rest);
    return value;
}

bool utf8_is_ascii(const char *data, size_t size)
{
    size_t at = 0;
    uint64_t seen = 0;

    for (; size - at >= 32; at += 32) {
        seen = load64(data + at) | load64(data + at + 8) | load64(data + at + 16) | load64(data + at + 24);
        if (seen & high_bits) return false;
    }
    for (; size - at >= 8; at += 8) seen |= load64(data + at);
    if (at < size) seen |= load_rest(data, size, size - at);
    return !(seen & high_bits);
}

/* A one in each of eight bytes that is a continuation byte (10xxxxxx). */
static inline uint64_t mark_continuations(uint64_t word)
{
    return word >> 7 & ~(word >> 6) & ones;
}

static inline BP_WRAPS unsigned sum_bytes(uint64_t counts)
{
    return (unsigned)(counts * ones >> 56);
}

#define WORDS_A_SUM 31 /* of which the eight counts together stay below 256 */

size_t utf8_count(const char *data, size_t size)
{
    size_t at = 0, count = size;

    while (size - at >= 8) {
        size_t words = (size - at) / 8 < WORDS_A_SUM ? (size - at) / 8 : WORDS_A_SUM, end = at + words * 8;
        uint64_t counts = 0;
        for (; at < end; at += 8) counts += mark_continuations(load64(data + at));
        count -= sum_bytes(counts);
    }
    return at < size ? count - sum_bytes(mark_continuations(load_rest(data, size, size - at))) : count;
}

size_t utf8_offset(const char *data, size_t size, size_t index)
{
    const char *at = data, *end = data + size;

    for (; end - at >= 8; at += 8) { /* whole words while the character begins behind them */
        size_t begins = 8 - sum_bytes(mark_continuations(load64(at)));

        if (begins > index) break;
        index -= begins;
    }
    for (; at < end; at++) {
        if ((*at & 0xc0) != 0x80 && index-- == 0) break;
    }
    return (size_t)(at - data);
}

unsigned utf8_decode(const char *at, const char *end, uint32_t *code_point)
{
    const unsigned char *bytes = (const unsigned char *)at;
    unsigned bad, length = utf8_check_character(bytes, (const unsigned char *)end, &bad);

    switch (length) {
    case 1: *code_point = bytes[0]; break;
    case 2: *code_point = (uint32_t)(bytes[0] & 0x1f) << 6 | (bytes[1] & 0x3f); break;
    case 3: *code_point = (uint32_t)(bytes[0] & 0x0f) << 12 | (uint32_t)(bytes[1] & 0x3f) << 6 | (bytes[2] & 0x3f); break;
    case 4:
        *code_point = (uint32_t)(bytes[0] & 0x07) << 18 | (uint32_t)(bytes[1] & 0x3f) << 12 | (uint32_t)(bytes[2] & 0x3f) << 6 |
                      (bytes[3] & 0x3f);
        break;
    default: *code_point = UTF8_REPLACEMENT; return bad;
    }
    return length;
}

unsigned utf8_encode(char out[UTF8_MAX_SIZE], uint32_t code_point)
{
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff)) code_point = UTF8_REPLACEMENT;
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xc0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3f));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xe0 | code_point >> 12);
        out[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code_point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code_point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code_point & 0x3f));
    return 4;
}
