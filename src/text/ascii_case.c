/* Long texts in a loop that the compiler turns into vector code, the last bytes by words that overlap: of texts as short as most are, a loop over single
 * bytes would take the larger part of the time. */
#include "ascii_case.h"

#define STEP 32

/* Of `size` bytes, a multiple of STEP; returns the bits that any byte has. */
VECTORISED static unsigned char flip_steps(char *out, const char *in, size_t size, unsigned char first)
{
    unsigned char seen = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)in[i];
        seen |= c;
        out[i] = (char)(c ^ ((unsigned char)(c - first) < 26 ? 0x20 : 0));
    }
    return seen;
}

static inline uint64_t flip_word(char *out, const char *in, size_t size, unsigned char first)
{
    uint64_t word = 0, flipped;

    memcpy(&word, in, size);
    flipped = ascii_flip8(word, first);
    memcpy(out, &flipped, size);
    return word;
}

bool ascii_flip(char *out, const char *in, size_t size, unsigned char first)
{
    size_t at = size / STEP * STEP;
    uint64_t seen = at ? flip_steps(out, in, at, first) * UINT64_C(0x0101010101010101) : 0;

    for (; size - at >= 8; at += 8) seen |= flip_word(out + at, in + at, 8, first);
    if (at < size && size >= 8)
        seen |= flip_word(out + size - 8, in + size - 8, 8, first);
    else if (at < size)
        seen |= flip_word(out + at, in + at, size - at, first);
    return !(seen & UINT64_C(0x8080808080808080));
}
