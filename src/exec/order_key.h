/* Sort keys as bytes: rows of fixed width whose memcmp order is the order wanted; for text the first 12 bytes, and for nested
 * values the first 31 of nested_key.h and whether there are more, so that equal bytes of such a key may need a look at the whole value.
 *
 *   key i: [1 byte: is it NULL]  [value: big-endian, sign bit flipped, floats by total order; all bits flipped for DESC]
 *
 * The NULL byte is left out of a key that has no NULL. */
#ifndef EXEC_ORDER_KEY_H
#define EXEC_ORDER_KEY_H

#include "exec.h"

typedef struct sort_layout {
    const sort_spec *specs; /* borrowed */
    size_t count;
    const data_type *types; /* of the keys, in `arena` */
    uint32_t *offsets; /* of each key's bytes */
    bool *nullable;
    size_t width; /* of a row: a multiple of 8 */
    bool has_text;
} sort_layout;

/* nullable[i]: key i may be NULL. */
MUST_USE bp_status sort_layout_init(sort_layout *out, const schema *schema, const sort_spec *specs, size_t count,
                                    const bool *nullable, arena *arena, bp_error *err);
/* Key rows of `rows` rows of the batch's columns into keys[rows * width]. */
MUST_USE bp_status sort_encode(const sort_layout *layout, const batch *in, char *keys, arena *scratch, bp_error *err);

/* The same of the first key alone, for a look whether a row can matter before the others are made: keys[rows * *width], zero behind the
 * key's bytes. */
MUST_USE bp_status sort_encode_first(const sort_layout *layout, const batch *in, char **keys, size_t *width, arena *scratch,
                                     bp_error *err);
/* What of a prefix is the first key's: the other bytes are zero. */
uint64_t sort_first_mask(const sort_layout *layout);

/* The first 8 bytes as a number of the same order. */
static inline uint64_t sort_prefix(const char *key)
{
    uint64_t word;

    memcpy(&word, key, 8);
    return __builtin_bswap64(word);
}

/* Order of two rows with keys and columns at hand: text columns decide where the bytes are equal. -1, 0, 1. */
int sort_compare(const sort_layout *layout, const char *left, const column *left_columns, size_t left_row, const char *right,
                 const column *right_columns, size_t right_row);

#endif
