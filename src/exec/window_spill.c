/* Windows beyond memory. When all calls have PARTITION BY keys in common, rows that agree in these are all that a row's results depend on. So:
 *
 *   rows in a temporary file --hash of the common keys--> partitions of rows, each row with its place in the input
 *   each partition: read, evaluated as if it were all, written as a run that is sorted by place already
 *   the runs merged by place: the rows in the order of the input
 *
 * Order and shape of all that is computed are those of the partition, so the bits are those of the evaluation in memory. */
#include "group_table.h"
#include "sort_internal.h"
#include "spill.h"
#include "window_internal.h"

#define BITS_MOST 8
#define GROWTH 4 /* a partition being evaluated takes about so many times its bytes */

/* The positions of the columns that are PARTITION BY keys of every call; returns how many. */
static size_t common_keys(const window_sink *window, uint32_t *keys)
{
    size_t count = 0;

    if (window->spec_count == 0) return 0;
    for (size_t i = 0; i < window->specs[0].call->partition_count; i++) {
        uint32_t column = window->specs[0].columns[window->specs[0].call->own_count + i];
        bool everywhere = true;
        for (size_t j = 1; j < window->spec_count && everywhere; j++) {
            const window_spec *spec = &window->specs[j];
            everywhere = false;
            for (size_t k = 0; k < spec->call->partition_count; k++)
                everywhere |= spec->columns[spec->call->own_count + k] == column;
        }
        if (everywhere && keys) keys[count] = column;
        count += everywhere;
    }
    return count;
}

bool window_can_spill(const window_sink *window)
{
    return common_keys(window, NULL) > 0;
}

typedef struct spilling {
    window_sink *window;
    bp_context *context;
    spill_run *input;
    uint32_t *keys; /* the common ones */
    size_t key_count;
    key_layout layout;
    data_type *in_types, *out_types; /* with the place */
    spill_partitions parts;
    uint64_t next_place;
    arena arena;
} spilling;

static bp_status types_with_place(data_type **out, const schema *schema, arena *arena, bp_error *err)
{
    *out = arena_new_array(arena, data_type, schema->count + 1);
    if (!*out) return error_no_memory(err, arena->memory, schema->count * sizeof **out);
    if (schema->count) memcpy(*out, schema->types, schema->count * sizeof **out);
    (*out)[schema->count] = type_of(TYPE_UINT128);
    return BP_OK;
}

/* So many that one fits with what it needs. */
static unsigned choose_bits(const spilling *job)
{
    size_t available = memory_available(job->context->memory), bytes = spill_run_bytes(job->input);
    unsigned bits = 1;

    while (bits < BITS_MOST && (bytes >> bits) > available / 2 / GROWTH) bits++;
    return bits;
}

static bp_status prepare(spilling *job, bp_error *err)
{
    window_sink *window = job->window;
    size_t most = window->specs[0].call->partition_count;
    data_type *types = arena_new_array(&job->arena, data_type, most);
    unsigned bits = choose_bits(job);
    bp_status status;

    job->keys = arena_new_array(&job->arena, uint32_t, most);
    if (!types || !job->keys) return error_no_memory(err, job->arena.memory, most * sizeof *types);
    job->key_count = common_keys(window, job->keys);
    for (size_t i = 0; i < job->key_count; i++) types[i] = window->schema->types[job->keys[i]];
    if ((status = key_layout_init(&job->layout, types, job->key_count, &job->arena, err))) return status;
    if ((status = types_with_place(&job->in_types, window->schema, &job->arena, err))) return status;
    /* the runs outlive the job */
    if ((status = types_with_place(&job->out_types, &window->output, &window->arena, err))) return status;
    if ((status = spill_file_new(&window->spilled.file, job->context, err))) return status;
    return spill_partitions_init(&job->parts, window->spilled.file, job->in_types, window->schema->count + 1, bits, 64,
                                 spill_page_size(job->context, (size_t)1 << bits), err);
}

/* parting --------------------------------------------------------------------------------------------------------------------------------- */
#define PART_ROWS 65536 /* what partitions take at once */

/* rows->columns has room for one more. */
static bp_status add_places(batch *rows, uint64_t first, arena *arena, bp_error *err)
{
    uint128 *places = arena_new_array(arena, uint128, rows->row_count);

    if (!places) return error_no_memory(err, arena->memory, rows->row_count * sizeof *places);
    for (size_t i = 0; i < rows->row_count; i++) places[i] = first + i;
    rows->columns[rows->column_count++] = (column){.type = type_of(TYPE_UINT128), .length = rows->row_count, .values = places};
    return BP_OK;
}

static bp_status part_rows(spilling *job, const batch *in, arena *scratch, bp_error *err)
{
    size_t rows = in->row_count;
    column *keys = arena_new_array(scratch, column, job->key_count);
    uint64_t *hashes = arena_new_array(scratch, uint64_t, rows);
    char *packed = arena_allocate_aligned(scratch, rows * job->layout.width, 64);
    batch all = {
        .row_count = rows, .column_count = in->column_count, .columns = arena_new_array(scratch, column, in->column_count + 1)};
    bp_status status;

    if (!keys || !hashes || !packed || !all.columns) return error_no_memory(err, scratch->memory, rows * job->layout.width);
    for (size_t i = 0; i < job->key_count; i++) keys[i] = in->columns[job->keys[i]];
    if (in->column_count) memcpy(all.columns, in->columns, in->column_count * sizeof *all.columns);
    if ((status = key_pack(&job->layout, keys, rows, packed, hashes, scratch, err))) return status;
    if ((status = add_places(&all, job->next_place, scratch, err))) return status;
    job->next_place += rows;
    return spill_partitions_append(&job->parts, &all, hashes, err);
}

static bp_status part_input(spilling *job, bp_error *err)
{
    spill_reader reader;
    bp_status status = BP_OK;
    arena scratch;
    batch page;

    arena_init(&scratch, job->context->memory);
    spill_reader_init(&reader, job->input, 0, spill_run_pages(job->input));
    while (!status && !(status = spill_reader_next(&reader, &page, err)) && page.row_count)
        for (size_t begin = 0; begin < page.row_count && !status; begin += PART_ROWS) {
            size_t rows = page.row_count - begin < PART_ROWS ? page.row_count - begin : PART_ROWS;
            batch piece;
            arena_reset(&scratch);
            status = batch_slice(&piece, &page, begin, rows, &scratch, err);
            if (!status) status = part_rows(job, &piece, &scratch, err);
        }
    spill_reader_clear(&reader);
    arena_clear(&scratch);
    return status ? status : spill_partitions_finish(&job->parts, err);
}

/* evaluating ------------------------------------------------------------------------------------------------------------------------------- */
/* A partition in memory. places: one a row. */
static bp_status read_partition(spilling *job, spill_run *run, table **out, uint128 *places, bp_error *err)
{
    const schema *schema = job->window->schema;
    spill_reader reader;
    bp_status status;
    size_t at = 0;
    batch rows;

    if ((status = table_new(out, job->context->memory, schema, err))) return status;
    spill_reader_init(&reader, run, 0, spill_run_pages(run));
    while (!status && !(status = spill_reader_next(&reader, &rows, err)) && rows.row_count) {
        memcpy(places + at, rows.columns[schema->count].values, rows.row_count * sizeof *places);
        at += rows.row_count;
        rows.column_count--;
        status = table_append(*out, &rows, err);
    }
    spill_reader_clear(&reader);
    return status ? status : table_finish(*out, err);
}

static bp_status write_results(spilling *job, spill_run *run, const table *results, const uint128 *places, bp_error *err)
{
    size_t count = job->window->output.count;
    column *columns = memory_allocate_array(job->context->memory, count + 1, sizeof *columns);
    bp_status status = columns ? BP_OK : error_no_memory(err, job->context->memory, count * sizeof *columns);

    for (size_t i = 0; i < table_chunk_count(results) && !status; i++) {
        batch rows = *table_chunk(results, i);
        if (count) memcpy(columns, rows.columns, count * sizeof *columns);
        columns[count] = (column){.type = type_of(TYPE_UINT128), .length = rows.row_count, .values = places};
        places += rows.row_count;
        rows.columns = columns;
        rows.column_count = count + 1;
        status = spill_run_append(run, &rows, err);
    }
    memory_free(job->context->memory, columns, (count + 1) * sizeof *columns);
    return status ? status : spill_run_finish(run, err);
}

static bp_status evaluate_partition(spilling *job, spill_run *in, spill_run *out, bp_error *err)
{
    size_t rows = (size_t)spill_run_rows(in), bytes = rows * sizeof(uint128);
    uint128 *places = memory_allocate(job->context->memory, bytes);
    table *table = NULL, *results = NULL;
    bp_status status = places ? read_partition(job, in, &table, places, err) : error_no_memory(err, job->context->memory, bytes);

    if (!status) {
        status = window_evaluate(job->window, table, &results, err);
        table = NULL;
    }
    if (!status) status = write_results(job, out, results, places, err);
    table_release(table);
    table_release(results);
    memory_free(job->context->memory, places, bytes);
    return status;
}

static bp_status evaluate_partitions(spilling *job, bp_error *err)
{
    window_spilled *spilled = &job->window->spilled;
    size_t count = (size_t)1 << job->parts.bits, page_size = sort_merge_page_size(job->context, count);
    bp_status status = BP_OK;

    spilled->runs = memory_allocate_array(job->context->memory, count, sizeof *spilled->runs);
    if (!spilled->runs) return error_no_memory(err, job->context->memory, count * sizeof *spilled->runs);
    spilled->count = count;
    for (size_t i = 0; i < count && !status; i++) {
        status = spill_run_new(&spilled->runs[i], spilled->file, job->out_types, job->window->output.count + 1, page_size, err);
        if (!status) status = evaluate_partition(job, job->parts.runs[i], spilled->runs[i], err);
    }
    return status;
}

bp_status window_evaluate_spilled(window_sink *window, bp_error *err)
{
    spilling job = {.window = window, .context = window->base.context, .input = collect_run(window->rows)};
    bp_status status;

    arena_init(&job.arena, job.context->memory);
    status = prepare(&job, err);
    if (!status) status = part_input(&job, err);
    if (!status) status = evaluate_partitions(&job, err);
    spill_partitions_clear(&job.parts);
    arena_clear(&job.arena);
    return status;
}

bp_status window_spilled_scan(window_sink *window, scan **out, bp_error *err)
{
    return sort_merge_scan_new(out, window->base.context, &window->output, NULL, 0, window->spilled.runs, window->spilled.count,
                               err);
}

void window_spilled_clear(window_spilled *spilled, bp_context *context)
{
    for (size_t i = 0; i < spilled->count; i++) spill_run_free(spilled->runs[i]);
    memory_free(context->memory, spilled->runs, spilled->count * sizeof *spilled->runs);
    spill_file_free(spilled->file);
    *spilled = (window_spilled){0};
}
