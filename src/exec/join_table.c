/* See join_table.h. */
#include "join_table.h"

#include "base/hash.h"
#include "io/member_set.h"

#define DIRECT_ENTRIES 8 /* a row: a direct table may have so many groups */
#define LEAST_DIRECT 4096
#define CHECK_ROWS 65536
#define PREFETCH_ROWS 16

bool join_table_takes(data_type type)
{
    return member_set_takes(type) && type_physical(type) != PHYSICAL_STRING;
}

static void find_range(const uint64_t *keys, const uint32_t *groups_of_row, size_t rows, uint64_t *least, uint64_t *most)
{
    *least = UINT64_MAX;
    *most = 0;
    for (size_t i = 0; i < rows; i++) {
        if (groups_of_row[i] == JOIN_NO_GROUP) continue;
        if (keys[i] < *least) *least = keys[i];
        if (keys[i] > *most) *most = keys[i];
    }
}

static inline size_t home_of(const join_table *table, uint64_t key)
{
    return (size_t)(hash_uint64(key) >> table->shift);
}

/* The slot that holds the key, or the empty one where it belongs. */
static inline size_t slot_of(const join_table *table, uint64_t key)
{
    size_t at = home_of(table, key);

    while (table->slots[at].group && table->slots[at].key != key) at = (at + 1) & table->slot_mask;
    return at;
}

static bp_status fill_slots(join_table *table, bp_context *context, const uint64_t *keys, size_t rows, uint32_t *groups_of_row,
                            bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < rows; i++) {
        join_slot *slot;
        if (i % CHECK_ROWS == 0 && (status = cancel_check(&context->cancel, err))) return status;
        if (i + PREFETCH_ROWS < rows) __builtin_prefetch(&table->slots[home_of(table, keys[i + PREFETCH_ROWS])], 1);
        if (groups_of_row[i] == JOIN_NO_GROUP) continue;
        slot = &table->slots[slot_of(table, keys[i])];
        if (!slot->group) *slot = (join_slot){keys[i], (uint32_t)++table->group_count};
        groups_of_row[i] = slot->group - 1;
    }
    return BP_OK;
}

bp_status join_table_make(join_table *out, bp_context *context, const uint64_t *keys, size_t rows, size_t keyed,
                          uint32_t *groups_of_row, arena *arena, bp_error *err)
{
    uint64_t most, wanted = keyed * DIRECT_ENTRIES > LEAST_DIRECT ? keyed * DIRECT_ENTRIES : LEAST_DIRECT;
    size_t slots = 16;

    *out = (join_table){.shift = 60};
    find_range(keys, groups_of_row, rows, &out->least, &most);
    out->direct = keyed == 0 || (most - out->least < wanted && most - out->least < UINT32_MAX - 1);
    if (out->direct) {
        out->last = keyed ? most - out->least : 0;
        out->group_count = (size_t)out->last + 1;
        for (size_t i = 0; i < rows; i++)
            if (groups_of_row[i] != JOIN_NO_GROUP) groups_of_row[i] = (uint32_t)(keys[i] - out->least);
        return BP_OK;
    }
    for (; slots < 2 * keyed; slots *= 2) out->shift--;
    out->slot_mask = slots - 1;
    out->slots = arena_new_array(arena, join_slot, slots);
    if (!out->slots) return error_no_memory(err, context->memory, slots * sizeof *out->slots);
    return fill_slots(out, context, keys, rows, groups_of_row, err);
}

static void find_hashed(const join_table *table, const uint64_t *keys, size_t rows, uint32_t *groups)
{
    for (size_t i = 0; i < rows; i++) {
        if (i + PREFETCH_ROWS < rows) __builtin_prefetch(&table->slots[home_of(table, keys[i + PREFETCH_ROWS])]);
        groups[i] = table->slots[slot_of(table, keys[i])].group - 1; /* 0 becomes JOIN_NO_GROUP */
    }
}

void join_table_find(const join_table *table, const column *values, const uint64_t *keys, uint32_t *groups)
{
    size_t rows = values->length;

    if (table->direct) {
        for (size_t i = 0; i < rows; i++)
            groups[i] = keys[i] - table->least <= table->last ? (uint32_t)(keys[i] - table->least) : JOIN_NO_GROUP;
    } else {
        find_hashed(table, keys, rows, groups);
    }
    for (size_t i = 0; i < rows && values->validity; i++)
        if (column_is_null(values, i)) groups[i] = JOIN_NO_GROUP;
}

void join_table_rename(join_table *table, const uint32_t *to)
{
    for (size_t i = 0; i <= table->slot_mask; i++)
        if (table->slots[i].group) table->slots[i].group = to[table->slots[i].group - 1] + 1;
}
