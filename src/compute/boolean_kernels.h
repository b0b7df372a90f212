/* The loops of boolean, built once a level: by boolean.c and, with the instructions of their level, by x86/boolean_avx2.c and x86/boolean_avx512.c. */
#include "compute/compute_internal.h"

VECTORISED static void join_words(uint64_t *out, const uint64_t *in, size_t words, bool is_or)
{
    if (is_or)
        for (size_t i = 0; i < words; i++) out[i] |= in[i];
    else
        for (size_t i = 0; i < words; i++) out[i] &= in[i];
}

VECTORISED static void invert_words(uint64_t *out, const uint64_t *in, size_t words)
{
    for (size_t i = 0; i < words; i++) out[i] = ~in[i];
}

/* AND is true where all are, false where one is; OR the other way round: `flip` exchanges the two. */
VECTORISED static void step_words(uint64_t *all, uint64_t *any, const uint64_t *values, const uint64_t *validity, size_t words,
                                  uint64_t flip)
{
    for (size_t i = 0; i < words; i++) {
        uint64_t value = values[i] ^ flip;
        all[i] &= value & validity[i];
        any[i] |= ~value & validity[i];
    }
}

VECTORISED static void step_valid_words(uint64_t *all, uint64_t *any, const uint64_t *values, size_t words, uint64_t flip)
{
    for (size_t i = 0; i < words; i++) {
        uint64_t value = values[i] ^ flip;
        all[i] &= value;
        any[i] |= ~value;
    }
}

#define BOOLEAN_TABLE {join_words, invert_words, step_words, step_valid_words}
