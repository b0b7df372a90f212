/* The levels of utf8_valid(), for its dispatch and its tests. */
#ifndef BASE_UTF8_CHECK_INTERNAL_H
#define BASE_UTF8_CHECK_INTERNAL_H

#include "macros.h"

bool utf8_valid_plain(const char *data, size_t size);
bool utf8_valid_avx2(const char *data, size_t size);
bool utf8_valid_avx512(const char *data, size_t size);

#endif
