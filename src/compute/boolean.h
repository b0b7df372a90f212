/* AND, OR and NOT of bitmaps, word by word, with SQL's third value where operands have NULLs. */
#ifndef COMPUTE_BOOLEAN_H
#define COMPUTE_BOOLEAN_H

#include "kernel.h"

/* out &= in, or out |= in. */
void boolean_join(uint64_t *out, const uint64_t *in, size_t words, bool is_or);
void boolean_not(uint64_t *out, const uint64_t *in, size_t words);
/* One more operand (`validity` NULL: without NULLs) for rows that are known to be true or false so far: is_true and is_false go on to hold the rows of which
 * that is still, or now, known. They begin as all and none for AND, none and all for OR. */
void boolean_step(uint64_t *is_true, uint64_t *is_false, const uint64_t *values, const uint64_t *validity, size_t words,
                  bool is_or);

#endif
