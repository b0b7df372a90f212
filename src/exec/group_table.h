/* A hash table from key rows to group numbers 0, 1, 2 … in order of first appearance: what aggregation, DISTINCT, set operations and hash
 * joins look keys up in.
 *
 * A key row is the key columns packed side by side: each column's value (string_ref for text), zero where NULL, floats canonical (one NaN, no -0.0), then bytes
 * of NULL bits, which so mostly take what padding to whole words would: a key of up to 32 bits is one word. Keys that are all texts have no NULL bits: a NULL is
 * an empty text whose first byte, which no empty text has, is 1. Rows compare word by word; only far strings need a look at their bytes. Lists, structs and
 * maps are texts here: the bytes that nested_key.h makes of them.
 *
 *   slots[hash & mask] = tag (high 32 bits of the hash's top half) | group + 1;  0: empty. Linear probing, at most half full (a quarter while there are few). */
#ifndef EXEC_GROUP_TABLE_H
#define EXEC_GROUP_TABLE_H

#include "base/context.h"
#include "column/batch.h"

typedef struct key_layout {
    size_t count;
    const data_type *types; /* borrowed */
    uint32_t *offsets; /* bytes into the row */
    size_t width; /* of a row: a multiple of 8 */
    size_t nulls, null_bytes; /* where in the row the NULL bits begin, and how many bytes they are: 0 when all keys are texts */
    uint32_t *texts; /* the offsets of those that are a string_ref */
    size_t text_count;
    uint8_t *text_words; /* width / 8: 1 where the word is the second of a string_ref */
    bool has_nested; /* whose bytes lie in the scratch that key_pack was given: a table copies them */
} key_layout;

#define KEY_NULL_TEXT ((uint64_t)1 << 32) /* the first word of a string_ref: size 0, first byte 1 */

/* The offsets are in `arena`. */
MUST_USE bp_status key_layout_init(key_layout *out, const data_type *types, size_t count, arena *arena, bp_error *err);
/* Pack rows 0 … rows-1 of the columns (any encoding) into packed[rows * width] and hash them. */
MUST_USE bp_status key_pack(const key_layout *layout, const column *columns, size_t rows, char *packed, uint64_t *hashes,
                            arena *scratch, bp_error *err);
/* The hashes alone, of rows that are packed already. */
void key_hash(const key_layout *layout, const char *packed, size_t rows, uint64_t *hashes);
/* The reverse: FLAT columns in `arena` of rows given by pointer + stride; strings stay where they are. */
MUST_USE bp_status key_unpack(const key_layout *layout, const char *packed, size_t rows, column *out, arena *arena, bp_error *err);
/* Whether the row's value of that column is NULL. */
static inline bool key_is_null(const key_layout *layout, const char *row, size_t column)
{
    uint64_t head;

    if (layout->null_bytes) return (row[layout->nulls + column / 8] >> (column % 8)) & 1;
    memcpy(&head, row + layout->offsets[column], sizeof head);
    return head == KEY_NULL_TEXT;
}
bool key_equal(const key_layout *layout, const char *left, const char *right);

typedef struct group_table {
    memory *memory;
    cancel *cancel;
    const key_layout *layout; /* borrowed */
    uint64_t *slots;
    size_t slot_count; /* a power of two */
    size_t count, capacity;
    char *rows; /* capacity * width */
    uint64_t *hashes; /* capacity */
    uint64_t *firsts; /* capacity: position of the group's first row, given by the user */
    arena strings; /* copies of far strings */
} group_table;

MUST_USE bp_status group_table_init(group_table *table, bp_context *context, const key_layout *layout, bp_error *err);
void group_table_clear(group_table *table);
/* Forget the groups, keep the room. */
void group_table_reset(group_table *table);
/* Give back all room but that of the keys and their first places: nothing is looked up any more. */
MUST_USE bp_status group_table_seal(group_table *table, bp_error *err);
/* Bytes of the keys' texts that lie outside of their rows; counted up to `most`. */
size_t group_table_text_bytes(const group_table *table, size_t most);
/* The slots of a table in which nothing is looked up any more go to another one, as they are: they are for group_table_reset() to empty. */
void group_table_pass_slots(group_table *from, group_table *to);
/* Room for so many more groups. */
MUST_USE bp_status group_table_reserve(group_table *table, size_t groups, bp_error *err);
/* groups[i] = the group of packed row i, new ones appended. firsts: position of row i is first + i (or positions[i]). copy_strings: far strings
 * of new groups are copied into the table, else they must outlive it. */
MUST_USE bp_status group_table_insert(group_table *table, const char *packed, const uint64_t *hashes, size_t rows, uint64_t first,
                                      const uint64_t *positions, bool copy_strings, uint32_t *groups, bp_error *err);
/* groups[i] = the group, or UINT32_MAX: not there. */
void group_table_find(const group_table *table, const char *packed, const uint64_t *hashes, size_t rows, uint32_t *groups);

#endif
