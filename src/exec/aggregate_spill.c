/* Rows set aside on disk: a worker whose memory becomes scarce writes the rows it has set aside to a run a partition (spill.h) and goes on. A part of the
 * result reads its run page by page before the rows still in memory: both are in the order of their positions, so it meets the same rows in the same order as without
 * spilling.
 *
 *   a run's columns: position | keys… | values of the columns that a row set aside has */
#include "aggregate_internal.h"

bp_status aggregate_spill_columns(aggregate_plan *plan, bp_error *err)
{
    size_t keys = plan->group_count;

    plan->spill_count = 1 + keys + plan->rows.column_count;
    plan->spill_types = arena_new_array(&plan->arena, data_type, plan->spill_count);
    if (!plan->spill_types) return error_no_memory(err, plan->context->memory, plan->spill_count * sizeof(data_type));
    plan->spill_types[0] = type_of(TYPE_UINT64);
    for (size_t i = 0; i < keys; i++) plan->spill_types[1 + i] = plan->group_types[i];
    for (size_t i = 0; i < plan->rows.column_count; i++) plan->spill_types[1 + keys + i] = plan->rows.types[i];
    return BP_OK;
}

/* writing -------------------------------------------------------------------------------------------------------------------------- */
/* The file is the first spilling worker's doing; all share it. */
static bp_status open_file(aggregate_sink *sink, bp_error *err)
{
    bp_status status = BP_OK;

    mutex_lock(&sink->lock);
    if (!sink->file) status = spill_file_new(&sink->file, sink->base.context, err);
    mutex_unlock(&sink->lock);
    return status;
}

static bp_status write_block(aggregate_sink *sink, spill_run *run, const row_block *block, arena *scratch, bp_error *err)
{
    const aggregate_plan *plan = &sink->plan;
    column *columns = arena_new_array(scratch, column, plan->spill_count);
    batch rows = {.row_count = block->count, .column_count = plan->spill_count, .columns = columns};
    bp_status status;

    if (!columns) return error_no_memory(err, scratch->memory, plan->spill_count * sizeof *columns);
    columns[0] = (column){.type = plan->spill_types[0], .length = block->count, .values = block->positions};
    if ((status = key_unpack(&plan->keys, block->keys, block->count, columns + 1, scratch, err))) return status;
    if ((status = row_block_columns(columns + 1 + plan->group_count, &plan->rows, block, 0, block->count, scratch, err)))
        return status;
    return spill_run_append(run, &rows, err);
}

static bp_status write_partition(aggregate_sink *sink, aside *aside, size_t partition, size_t page_size, arena *scratch,
                                 bp_error *err)
{
    const aggregate_plan *plan = &sink->plan;
    spill_run **run = &aside->runs[partition];
    bp_status status = BP_OK;

    if (!aside->blocks->first[partition]) return BP_OK;
    if (!*run && (status = spill_run_new(run, sink->file, plan->spill_types, plan->spill_count, page_size, err))) return status;
    for (const row_block *block = aside->blocks->first[partition]; block && !status; block = block->next) {
        arena_reset(scratch);
        status = write_block(sink, *run, block, scratch, err);
    }
    return status ? status : cancel_check(&sink->base.context->cancel, err);
}

bp_status aggregate_spill(aggregate_sink *sink, aside *aside, bp_error *err)
{
    size_t page_size = spill_page_size(sink->base.context, ROW_PARTITIONS * sink->base.context->config.threads);
    arena scratch;
    bp_status status = open_file(sink, err);

    if (status) return status;
    arena_init(&scratch, sink->base.context->memory);
    for (size_t partition = 0; partition < ROW_PARTITIONS && !status; partition++)
        status = write_partition(sink, aside, partition, page_size, &scratch, err);
    arena_clear(&scratch);
    if (!status) row_blocks_forget(aside->blocks);
    return status;
}

bp_status aggregate_spill_finish(aside *aside, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t partition = 0; partition < ROW_PARTITIONS && !status; partition++)
        if (aside->runs[partition]) status = spill_run_finish(aside->runs[partition], err);
    return status;
}

/* a worker's rows ------------------------------------------------------------------------------------------------------------------ */
bp_status aside_new(aside **out, const aggregate_plan *plan, bp_error *err)
{
    memory *memory = plan->context->memory;
    aside *made = memory_new(memory, struct aside);
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, memory, sizeof *made);
    made->memory = memory;
    if ((status = row_blocks_new(&made->blocks, memory, &plan->rows, err)))
        aside_free(made);
    else
        *out = made;
    return status;
}

static void free_loaded(row_block *block)
{
    for (row_block *next; block && block->loaded.memory; block = next) {
        next = block->next;
        row_block_free(block);
    }
}

void aside_free(aside *aside)
{
    if (!aside) return;
    for (size_t partition = 0; partition < ROW_PARTITIONS; partition++) {
        if (aside->blocks) free_loaded(aside->blocks->first[partition]);
        spill_run_free(aside->runs[partition]);
    }
    row_blocks_free(aside->blocks);
    memory_delete(aside->memory, aside);
}

/* reading -------------------------------------------------------------------------------------------------------------------------- */
/* The page's keys, copied so that their texts stay, packed and hashed. */
static bp_status load_keys(row_block *block, const aggregate_plan *plan, const batch *page, arena *arena, bp_error *err)
{
    column *keys = arena_new_array(arena, column, plan->group_count);
    bp_status status = BP_OK;

    block->positions = arena_allocate(arena, block->count * sizeof(uint64_t));
    block->hashes = arena_allocate(arena, block->count * sizeof(uint64_t));
    block->keys = arena_allocate(arena, block->count * plan->keys.width);
    if (!keys || !block->positions || !block->hashes || !block->keys)
        return error_no_memory(err, arena->memory, block->count * plan->keys.width);
    memcpy(block->positions, page->columns[0].values, block->count * sizeof(uint64_t));
    for (size_t i = 0; i < plan->group_count && !status; i++) status = column_copy(&keys[i], &page->columns[1 + i], arena, err);
    return status ? status : key_pack(&plan->keys, keys, block->count, block->keys, block->hashes, arena, err);
}

static bp_status load_values(row_block *block, const aggregate_plan *plan, const batch *page, arena *arena, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < plan->rows.column_count; i++) {
        column copy;
        if ((status = column_copy(&copy, &page->columns[1 + plan->group_count + i], arena, err))) return status;
        block->columns[i] = (row_block_column){.values = (char *)(uintptr_t)copy.values,
                                               .validity = (uint64_t *)(uintptr_t)copy.validity,
                                               .has_nulls = copy.validity != NULL};
    }
    return BP_OK;
}

/* A page's rows as a block in an arena of its own, which the block holds. */
static bp_status load_block(row_block **out, const aggregate_plan *plan, const batch *page, bp_error *err)
{
    row_block *block;
    arena arena;
    bp_status status;

    *out = NULL;
    arena_init(&arena, plan->context->memory);
    block = arena_allocate_zeroed(&arena, sizeof *block + plan->rows.column_count * sizeof block->columns[0]);
    if (!block) return error_no_memory(err, arena.memory, sizeof *block);
    block->count = block->capacity = page->row_count;
    status = load_keys(block, plan, page, &arena, err);
    if (!status) status = load_values(block, plan, page, &arena, err);
    if (status) {
        arena_clear(&arena);
        return status;
    }
    block->loaded = arena;
    *out = block;
    return BP_OK;
}

static bp_status load_page(aside *aside, size_t partition, const aggregate_plan *plan, bp_error *err)
{
    aside_cursor *cursor = &aside->cursors[partition];
    row_blocks *blocks = aside->blocks;
    spill_page page = {0};
    row_block *block;
    bp_status status = spill_page_read(&page, aside->runs[partition], cursor->next_page, err);

    if (!status) status = load_block(&block, plan, &page.rows, err);
    spill_page_clear(&page);
    if (status) return status;
    cursor->next_page++;
    if (blocks->first[partition])
        cursor->tail->next = block;
    else
        blocks->first[partition] = block;
    cursor->tail = block;
    return BP_OK;
}

/* Behind the last page come the blocks that were in memory. */
static void end_pages(aside *aside, size_t partition)
{
    aside_cursor *cursor = &aside->cursors[partition];

    if (aside->blocks->first[partition])
        cursor->tail->next = cursor->rest;
    else
        aside->blocks->first[partition] = cursor->rest;
    spill_run_free(aside->runs[partition]);
    aside->runs[partition] = NULL;
}

/* Whether the rows of the first one's morsel end within the pages loaded so far. */
static bool holds_morsel(const aside *aside, size_t partition)
{
    const row_block *first = aside->blocks->first[partition], *tail = aside->cursors[partition].tail;

    return first && row_morsel(tail, tail->count - 1) != row_morsel(first, aside->blocks->begin[partition]);
}

bp_status aside_load(aside *aside, size_t partition, const aggregate_plan *plan, bp_error *err)
{
    aside_cursor *cursor = &aside->cursors[partition];
    bp_status status;

    if (!aside->runs[partition]) return BP_OK;
    if (!cursor->begun) {
        cursor->begun = true;
        cursor->rest = aside->blocks->first[partition];
        aside->blocks->first[partition] = NULL;
    }
    while (!holds_morsel(aside, partition)) {
        if (cursor->next_page == spill_run_pages(aside->runs[partition])) {
            end_pages(aside, partition);
            return BP_OK;
        }
        if ((status = load_page(aside, partition, plan, err))) return status;
    }
    return BP_OK;
}
