/* Is it UTF-8? As Unicode's table 3-7 says: no overlong forms, no surrogates, nothing over U+10FFFF. Here and not in text/utf8.h, which includes
 * it, because readers in base ask it too. */
#ifndef BASE_UTF8_CHECK_H
#define BASE_UTF8_CHECK_H

#include "macros.h"

bool utf8_valid(const char *data, size_t size);
/* The first byte that does not begin a well-formed character; size when all is well. */
size_t utf8_find_invalid(const char *data, size_t size);
/* Length of the well-formed character at `at` (< end), or 0; *bad: bytes of the maximal subpart then (1 … 3). */
unsigned utf8_check_character(const unsigned char *at, const unsigned char *end, unsigned *bad);

#endif
