/* The right side of a join beyond memory: see join_spill.h. What is collected when memory becomes scarce goes to partitions, each worker's its own; in the end
 * they are put together. Within a partition rows keep the order of the right side, so partners of a left row come in it. */
#include "join_spill.h"

/* parting --------------------------------------------------------------------------------------------------------------------------------- */
#define PART_ROWS 65536 /* what partitions take at once */
#define PART_ROWS_LEAST 4096

bp_status join_parter_init(join_parter *out, join_spill *spill, spill_file *file, const schema *types, unsigned bits,
                           unsigned shift, bp_error *err)
{
    size_t page_size = spill_page_size(spill->context, spill->context->config.threads << bits);

    *out = (join_parter){.spill = spill};
    arena_init(&out->scratch, spill->context->memory);
    return spill_partitions_init(&out->parts, file, types->types, types->count, bits, shift, page_size, err);
}

void join_parter_clear(join_parter *parter)
{
    if (!parter->spill) return;
    spill_partitions_clear(&parter->parts);
    arena_clear(&parter->scratch);
    *parter = (join_parter){0};
}

static void note_null_keys(join_parter *parter, const char *packed, size_t rows)
{
    const join_build *build = parter->spill->build;
    bool any = false;

    if (!parter->has_null_key || !build->null_mask) return;
    for (size_t i = 0; i < rows && !any; i++) any = join_key_is_null(build, packed + i * build->keys.width);
    if (any) atomic_store_explicit(parter->has_null_key, true, memory_order_relaxed);
}

/* At most PART_ROWS rows. */
static bp_status append_piece(join_parter *parter, const batch *rows, bp_error *err)
{
    const join_build *build = parter->spill->build;
    uint64_t *hashes = arena_new_array(&parter->scratch, uint64_t, rows->row_count);
    char *packed = arena_allocate_aligned(&parter->scratch, rows->row_count * build->keys.width + 64, 64);
    bp_status status;

    if (!hashes || !packed) return error_no_memory(err, parter->scratch.memory, rows->row_count * build->keys.width);
    if (build->spec.key_count) {
        status = key_pack(&build->keys, rows->columns, rows->row_count, packed, hashes, &parter->scratch, err);
        if (status) return status;
        note_null_keys(parter, packed, rows->row_count);
    }
    return spill_partitions_append(&parter->parts, rows, hashes, err);
}

/* Parting copies what the rows have outside of their texts, and that often when memory is scarce already. */
static size_t rows_at_once(const join_parter *parter, const batch *rows)
{
    size_t row = (rows->column_count + 2) * sizeof(uint128) + parter->spill->build->keys.width;
    size_t most = memory_available(parter->spill->context->memory) / 16 / row;

    return most < PART_ROWS_LEAST ? PART_ROWS_LEAST : most > PART_ROWS ? PART_ROWS : most;
}

bp_status join_parter_append(join_parter *parter, const batch *rows, bp_error *err)
{
    size_t step = rows_at_once(parter, rows);
    bp_status status = BP_OK;

    for (size_t begin = 0; begin < rows->row_count && !status; begin += step) {
        size_t count = rows->row_count - begin < step ? rows->row_count - begin : step;
        batch piece;
        arena_reset(&parter->scratch);
        status = batch_slice(&piece, rows, begin, count, &parter->scratch, err);
        if (!status) status = append_piece(parter, &piece, err);
    }
    return status;
}

bp_status join_parter_append_placed(join_parter *parter, const batch *rows, uint64_t morsel, uint64_t first, bp_error *err)
{
    memory *memory = parter->spill->context->memory;
    size_t columns = rows->column_count + 1;
    column *all = memory_allocate_array(memory, columns, sizeof *all);
    uint128 *places = memory_allocate_array(memory, rows->row_count + 1, sizeof *places);
    bp_status status = all && places ? BP_OK : error_no_memory(err, memory, rows->row_count * sizeof *places);

    if (!status) status = spill_partitions_order(&parter->parts, morsel, err);
    if (!status) {
        for (size_t i = 0; i < rows->row_count; i++) places[i] = (uint128)morsel << 64 | (first + i);
        if (rows->column_count) memcpy(all, rows->columns, rows->column_count * sizeof *all);
        all[columns - 1] = (column){.type = type_of(TYPE_UINT128), .length = rows->row_count, .values = places};
        status = join_parter_append(parter, &(batch){.row_count = rows->row_count, .column_count = columns, .columns = all}, err);
    }
    memory_free(memory, all, columns * sizeof *all);
    memory_free(memory, places, (rows->row_count + 1) * sizeof *places);
    return status;
}

/* Pages are of one morsel each, so the parts keep the order of the whole. */
bp_status join_parter_append_run(join_parter *parter, spill_run *run, bp_error *err)
{
    spill_reader reader;
    bp_status status = BP_OK;
    batch page;

    spill_reader_init(&reader, run, 0, spill_run_pages(run));
    for (size_t i = 0; i < spill_run_pages(run) && !status; i++) {
        status = spill_reader_next(&reader, &page, err);
        if (!status) status = spill_partitions_order(&parter->parts, spill_run_page_order(run, i), err);
        if (!status) status = join_parter_append(parter, &page, err);
    }
    spill_reader_clear(&reader);
    return status ? status : spill_partitions_finish(&parter->parts, err);
}

/* the right side ---------------------------------------------------------------------------------------------------------------------------- */
static unsigned choose_bits(const bp_context *context)
{
    size_t share = memory_limit(context->memory) / context->config.threads;
    unsigned bits = JOIN_SPILL_BITS;

    if (context->config.spill == SPILL_ALWAYS) return JOIN_SPILL_FORCED_BITS;
    while (bits > JOIN_SPILL_BITS_LEAST && share >> bits < JOIN_SPILL_PARTITION_SHARE) bits--;
    return bits;
}

bp_status join_spill_new(join_spill **out, const join_build *build, bp_error *err)
{
    bp_context *context = build->base.context;
    join_spill *made = memory_new(context->memory, join_spill);
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->context = context;
    made->build = build;
    arena_init(&made->arena, context->memory);
    made->has_places = join_puts_right_at_end(build->spec.kind) || build->spec.right->count == 0;
    if (build->spec.key_count) made->bits = choose_bits(context);
    if ((status = join_placed_schema(&made->right, build->spec.right, made->has_places, &made->arena, err))) goto done;
    if ((status = spill_file_new(&made->file, context, err))) goto done;
    *out = made;
    made = NULL;
done:
    join_spill_free(made);
    return status;
}

void join_spill_free(join_spill *spill)
{
    memory *memory;

    if (!spill) return;
    memory = spill->context->memory;
    for (size_t i = 0; spill->at_end && i < (size_t)1 << spill->bits; i++) spill_run_free(spill->at_end[i]);
    memory_free(memory, spill->at_end, (spill->at_end ? (size_t)1 << spill->bits : 0) * sizeof *spill->at_end);
    spill_partitions_clear(&spill->parts);
    spill_file_free(spill->file);
    arena_clear(&spill->arena);
    memory_delete(memory, spill);
}

bp_status join_spill_parter(join_parter **out, join_spill *spill, bp_error *err)
{
    bp_status status;

    *out = memory_new(spill->context->memory, join_parter);
    if (!*out) return error_no_memory(err, spill->context->memory, sizeof **out);
    status = join_parter_init(*out, spill, spill->file, &spill->right, spill->bits, JOIN_SPILL_SHIFT, err);
    (*out)->has_null_key = &spill->has_null_key;
    if (status) {
        join_spill_parter_free(*out);
        *out = NULL;
    }
    return status;
}

void join_spill_parter_free(join_parter *parter)
{
    memory *memory = parter ? parter->spill->context->memory : NULL;

    if (!parter) return;
    join_parter_clear(parter);
    memory_delete(memory, parter);
}

/* Rows of a morsel may be written by several workers, one after the other: each leaves nothing in its buffers, so they stand in the file in their order. */
bp_status join_spill_rows(join_parter *parter, collected *held, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < held->count && !status; i++) {
        collected_rows *part = &held->parts[i];
        uint64_t row = part->first_row;
        for (size_t chunk = 0; chunk < table_chunk_count(part->rows) && !status; chunk++) {
            const batch *rows = table_chunk(part->rows, chunk);
            if (parter->spill->has_places)
                status = join_parter_append_placed(parter, rows, part->morsel, row, err);
            else if (!(status = spill_partitions_order(&parter->parts, part->morsel, err)))
                status = join_parter_append(parter, rows, err);
            row += rows->row_count;
        }
        table_release(part->rows);
        part->rows = NULL;
    }
    return status ? status : spill_partitions_finish(&parter->parts, err);
}

/* Places are turned into numbers of rows by where each morsel begins. */
static bp_status number_morsels(join_spill *spill, bp_error *err)
{
    uint64_t first = 0;
    size_t morsels = (size_t)join_placed_morsels(spill->parts.runs, (size_t)1 << spill->bits);

    spill->first_rows = arena_new_array(&spill->arena, uint64_t, morsels + 1);
    if (!spill->first_rows) return error_no_memory(err, spill->arena.memory, morsels * sizeof *spill->first_rows);
    for (size_t i = 0; i < (size_t)1 << spill->bits; i++) {
        const spill_run *run = spill->parts.runs[i];
        for (size_t page = 0; page < spill_run_pages(run); page++)
            spill->first_rows[spill_run_page_order(run, page)] += spill_run_page_rows(run, page);
    }
    for (size_t i = 0; i < morsels; i++) {
        uint64_t rows = spill->first_rows[i];
        spill->first_rows[i] = first;
        first += rows;
    }
    return BP_OK;
}

bp_status join_spill_finish(join_spill *spill, join_parter **parters, size_t count, bp_error *err)
{
    bp_status status = spill_partitions_init(&spill->parts, spill->file, spill->right.types, spill->right.count, spill->bits,
                                             JOIN_SPILL_SHIFT, SPILL_PAGE_LEAST, err);

    for (size_t i = 0; i < count && !status; i++)
        if (parters[i]) status = spill_partitions_join(&spill->parts, &parters[i]->parts, err);
    if (!status) status = spill_partitions_finish(&spill->parts, err);
    for (size_t i = 0; !status && i < (size_t)1 << spill->bits; i++) spill->row_count += spill_run_rows(spill->parts.runs[i]);
    return status || !join_puts_right_at_end(spill->build->spec.kind) ? status : number_morsels(spill, err);
}
