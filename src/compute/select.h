/* From a mask to a selection vector: the numbers of the set bits. */
#ifndef COMPUTE_SELECT_H
#define COMPUTE_SELECT_H

#include "kernel.h"

#define SELECT_ROOM 64 /* entries behind the last row that `out` must have room for */

/* out[0 … result) = the set bits among the first `rows` of `bits`, rising. */
size_t select_rows(uint32_t *out, const uint64_t *bits, size_t rows);

#endif
