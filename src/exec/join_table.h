/* From a join's only key, a number of at most 64 bits, to the group of rows with that key: integers, dates and the like, the usual keys.
 *
 *   direct   the keys lie close together: group = key - least; no key is stored, nothing is compared
 *   hashed   slots[hash >> shift] = (key, group + 1), linear probing, at most half full: one line of the cache a probe
 *
 * Against packed keys in a group_table a probe is 3 (hashed) to 5 (direct) times faster. */
#ifndef EXEC_JOIN_TABLE_H
#define EXEC_JOIN_TABLE_H

#include "base/context.h"
#include "base/threads.h"
#include "column/column.h"

#define JOIN_NO_GROUP UINT32_MAX
#define JOIN_PARALLEL_ROWS 131072 /* fewer right rows are done with before another thread is awake */

typedef struct join_slot {
    uint64_t key;
    uint32_t group; /* + 1; 0: empty */
} join_slot;

typedef struct join_table {
    bool direct;
    uint64_t least, last; /* the last group of a direct table */
    join_slot *slots;
    size_t slot_mask;
    uint8_t shift;
    size_t group_count;
} join_table;

/* parallel_for(), but on this thread for less than JOIN_PARALLEL_ROWS right rows. */
MUST_USE bp_status join_for(bp_context *context, size_t rows, uint64_t pieces, parallel_function function, void *data,
                            bp_error *err);

bool join_table_takes(data_type type);
/* groups_of_row[row] = the group of keys[row]; rows whose groups_of_row is JOIN_NO_GROUP on entry have no key. `keyed` is the number of all others. */
MUST_USE bp_status join_table_make(join_table *out, bp_context *context, const uint64_t *keys, size_t rows, size_t keyed,
                                   uint32_t *groups_of_row, arena *arena, bp_error *err);
/* groups[row] = the group, or JOIN_NO_GROUP; of a direct table perhaps a group without rows. `values` is FLAT; NULLs have none. */
void join_table_find(const join_table *table, const column *values, const uint64_t *keys, uint32_t *groups);
/* Say another number than the group from here on: group i becomes to[i]. Not for direct tables. */
void join_table_rename(join_table *table, const uint32_t *to);

#endif
