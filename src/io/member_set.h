/* A set of keys that says "surely not" or "perhaps": what one side of a join tells the scans of the other side.
 *
 * Integers, dates, times and short decimals are 64-bit numbers in the order of their values, texts are their hashes. A set whose numbers lie close together is
 * a bitmap over their range and exact; any other is a Bloom filter whose blocks are one word: four bits of the word that the hash names. At
 * 16 bits a key about one stranger in a hundred passes.
 *
 *   member_set_note() for every column of keys, member_set_open(), member_set_add() for every column again */
#ifndef IO_MEMBER_SET_H
#define IO_MEMBER_SET_H

#include "column/column.h"

typedef struct member_set {
    uint64_t count; /* keys noted, with repetitions */
    uint64_t least, most;
    uint64_t *words; /* the bitmap, bit 0 being `least`, or the blocks */
    bool exact;
    uint8_t shift; /* block = hash >> shift */
} member_set;

bool member_set_takes(data_type type);
/* The values of a FLAT column as such numbers, numbers[0..length); those under a NULL are any. */
void member_numbers(const column *values, uint64_t *numbers);
/* Columns of a type that it takes; NULLs are no members. */
MUST_USE bp_status member_set_note(member_set *set, const column *keys, arena *scratch, bp_error *err);
/* Room for what was noted, in `arena`. */
MUST_USE bp_status member_set_open(member_set *set, arena *arena, bp_error *err);
MUST_USE bp_status member_set_add(member_set *set, const column *keys, arena *scratch, bp_error *err);

/* The rows among selection[0..count) that may be members stay, in their order; returns how many. `values` is FLAT; rows that are NULL are not asked for. */
size_t member_set_select(const member_set *set, const column *values, uint32_t *selection, size_t count);
/* Whether a member may lie between two values of FLAT columns, both included. */
bool member_set_meets(const member_set *set, const column *low, const column *high);

#endif
