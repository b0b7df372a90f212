/* ASCII letters in the other case. */
#ifndef TEXT_ASCII_CASE_H
#define TEXT_ASCII_CASE_H

#include "base/macros.h"
#include "base/string.h"

/* Eight bytes of ASCII with the letters from `first` ('a' or 'A') on in the other case: a letter has bit 7 set after adding to pass its
 * first and clear after adding to pass its last. */
static inline BP_WRAPS uint64_t ascii_flip8(uint64_t word, unsigned char first)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t from_first = word + ones * (uint64_t)(0x80 - first), past_last = word + ones * (uint64_t)(0x7f - (first + 25));

    return word ^ ((from_first & ~past_last & (ones << 7)) >> 2);
}

/* A whole text likewise, to where it does not overlap `in`. False: it is not of ASCII alone, and what was written means nothing. */
bool ascii_flip(char *out, const char *in, size_t size, unsigned char first);

#endif
