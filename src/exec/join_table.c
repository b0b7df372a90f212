/* See join_table.h. */
#include "join_table.h"

#include "base/hash.h"
#include "io/member_set.h"

#define DIRECT_ENTRIES 8 /* a row: a direct table may have so many groups */
#define LEAST_DIRECT 4096
#define CHECK_ROWS 65536
#define PREFETCH_ROWS 16

bp_status join_for(bp_context *context, size_t rows, uint64_t pieces, parallel_function function, void *data, bp_error *err)
{
    bp_status status = BP_OK;

    if (rows >= JOIN_PARALLEL_ROWS) return parallel_for(context, pieces, function, data, err);
    for (uint64_t piece = 0; piece < pieces && !status; piece++) status = function(data, 0, piece, err);
    return status;
}

bool join_table_takes(data_type type)
{
    return member_set_takes(type) && type_physical(type) != PHYSICAL_STRING;
}

/* What is done to each block of CHECK_ROWS rows by itself. */
typedef struct block_work {
    bp_context *context;
    const uint64_t *keys;
    uint32_t *groups_of_row;
    size_t rows;
    uint64_t *least, *most; /* of each block */
    uint64_t base; /* the least of all */
} block_work;

static size_t block_end(const block_work *work, uint64_t block)
{
    size_t begin = (size_t)block * CHECK_ROWS;

    return work->rows - begin < CHECK_ROWS ? work->rows : begin + CHECK_ROWS;
}

static bp_status find_block_range(void *data, size_t worker, uint64_t block, bp_error *err)
{
    const block_work *work = data;
    uint64_t least = UINT64_MAX, most = 0;

    (void)worker;
    for (size_t i = (size_t)block * CHECK_ROWS, end = block_end(work, block); i < end; i++) {
        if (work->groups_of_row[i] == JOIN_NO_GROUP) continue;
        if (work->keys[i] < least) least = work->keys[i];
        if (work->keys[i] > most) most = work->keys[i];
    }
    work->least[block] = least;
    work->most[block] = most;
    return cancel_check(&work->context->cancel, err);
}

/* The least and the greatest key; without any, UINT64_MAX and 0. */
static bp_status find_range(block_work *work, size_t blocks, arena *arena, uint64_t *least, uint64_t *most, bp_error *err)
{
    bp_status status;

    work->least = arena_new_array(arena, uint64_t, blocks);
    work->most = arena_new_array(arena, uint64_t, blocks);
    if (!work->least || !work->most) return error_no_memory(err, arena->memory, blocks * sizeof *work->least);
    status = join_for(work->context, work->rows, blocks, find_block_range, work, err);
    *least = UINT64_MAX;
    *most = 0;
    for (size_t i = 0; i < blocks && !status; i++) {
        if (work->least[i] < *least) *least = work->least[i];
        if (work->most[i] > *most) *most = work->most[i];
    }
    return status;
}

static bp_status number_directly(void *data, size_t worker, uint64_t block, bp_error *err)
{
    const block_work *work = data;

    (void)worker;
    for (size_t i = (size_t)block * CHECK_ROWS, end = block_end(work, block); i < end; i++)
        if (work->groups_of_row[i] != JOIN_NO_GROUP) work->groups_of_row[i] = (uint32_t)(work->keys[i] - work->base);
    return cancel_check(&work->context->cancel, err);
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
    size_t slots = 16, blocks = (rows + CHECK_ROWS - 1) / CHECK_ROWS;
    block_work work = {.context = context, .keys = keys, .groups_of_row = groups_of_row, .rows = rows};
    bp_status status;

    *out = (join_table){.shift = 60};
    if ((status = find_range(&work, blocks, arena, &out->least, &most, err))) return status;
    out->direct = keyed == 0 || (most - out->least < wanted && most - out->least < UINT32_MAX - 1);
    if (out->direct) {
        out->last = keyed ? most - out->least : 0;
        out->group_count = (size_t)out->last + 1;
        work.base = out->least;
        return join_for(context, rows, blocks, number_directly, &work, err);
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
