/* Counting, walking, decoding and encoding UTF-8; checking it is base/utf8_check. */
#include "utf8.h"

static inline uint64_t load64(const char *at)
{
    uint64_t value;

    memcpy(&value, at, 8);
    return value;
}

static const uint64_t high_bits = UINT64_C(0x8080808080808080);

bool utf8_is_ascii(const char *data, size_t size)
{
    const char *end = data + size;
    uint64_t seen = 0;

    for (; end - data >= 32; data += 32) {
        seen = load64(data) | load64(data + 8) | load64(data + 16) | load64(data + 24);
        if (seen & high_bits) return false;
    }
    for (; end - data >= 8; data += 8) seen |= load64(data);
    for (; data < end; data++) seen |= (uint64_t)(*data & 0x80);
    return !(seen & high_bits);
}

/* Bytes of eight that are continuation bytes (10xxxxxx). */
static inline unsigned count_continuations(uint64_t word)
{
    return (unsigned)__builtin_popcountll(word >> 7 & ~(word >> 6) & UINT64_C(0x0101010101010101));
}

size_t utf8_count(const char *data, size_t size)
{
    const char *end = data + size;
    size_t count = size;

    for (; end - data >= 8; data += 8) count -= count_continuations(load64(data));
    for (; data < end; data++) count -= (*data & 0xc0) == 0x80;
    return count;
}

size_t utf8_offset(const char *data, size_t size, size_t index)
{
    const char *at = data, *end = data + size;

    for (; end - at >= 8; at += 8) { /* whole words while the character begins behind them */
        size_t begins = 8 - count_continuations(load64(at));

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
