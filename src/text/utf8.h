/* UTF-8: checking it, and walking over it. Apart from utf8_valid() and utf8_find_invalid() the functions take valid text; given other
 * bytes they still stay inside them, but the answer means nothing. */
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include "base/macros.h"
#include "base/string.h"
#include "base/utf8_check.h" /* utf8_valid(), utf8_find_invalid() */

#define UTF8_MAX_SIZE 4
#define UTF8_REPLACEMENT 0xfffdu

bool utf8_is_ascii(const char *data, size_t size);

/* Characters (code points): bytes that are not continuation bytes. */
size_t utf8_count(const char *data, size_t size);
/* The byte where character `index` (from 0) begins; size when there are no more than `index`. */
size_t utf8_offset(const char *data, size_t size, size_t index);

/* Length of the character that begins with `lead`: 1 … 4 (1 also for what cannot begin one). */
static inline unsigned utf8_length(unsigned char lead)
{
    return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Decode the character at `at` (at < end), return its length; ill-formed: *code_point = UTF8_REPLACEMENT and the length of the maximal
 * subpart (1 … 3), as WHATWG decoders do. */
unsigned utf8_decode(const char *at, const char *end, uint32_t *code_point);
/* Write a code point, return its length; surrogates and over U+10FFFF: U+FFFD. */
unsigned utf8_encode(char out[UTF8_MAX_SIZE], uint32_t code_point);

/* The next and the previous character's first byte; `end` and `begin` are the limits. */
static inline const char *utf8_next(const char *at, const char *end)
{
    unsigned length = utf8_length((unsigned char)*at);

    return (size_t)(end - at) < length ? end : at + length;
}
static inline const char *utf8_previous(const char *at, const char *begin)
{
    do {
        at--;
    } while (at > begin && ((unsigned char)*at & 0xc0) == 0x80);
    return at;
}

#endif
