/* SORT: rows are collected; in the end they are sorted in memory (sort_rows.c) and gathered once into a table.
 *
 * When memory becomes scarce, a worker takes all that is collected by then, sorts it and writes it as a run, while others go on; in the end the runs are merged
 * (sort_merge.c) as they are read. Rows carry their place in the input (morsel, row) into the file: by it the merge breaks ties, so the order is the same
 * whichever rows were together in a run. Runs too many for one merge are merged into longer ones first. */
#include <stdlib.h>

#include "sort_internal.h"

#include "column/batch_bytes.h"

#define PIECE_ROWS 65536      /* gathered at once into the result, in parallel */
#define WRITTEN_ROWS 8192     /* … into a run */
#define ROW_COST 64           /* bytes that sorting a row needs beside it: its key, two entries */

typedef struct sort_sink {
    sink base;
    const schema *schema;
    const sort_spec *specs;
    size_t spec_count;
    sink *rows; /* a COLLECT */
    table *result;
    bool may_spill;
    _Atomic size_t held_rows; /* about: of which so much was not written yet */
    _Atomic size_t held_bytes;
    mutex lock; /* of the file and the list of runs */
    spill_file *file;
    spill_run **runs;
    size_t run_count, run_capacity;
    data_type *types; /* of a run */
} sort_sink;

static void sort_free(sink *self)
{
    sort_sink *sort = (sort_sink *)self;
    memory *memory = self->context->memory;

    sink_free(sort->rows);
    table_release(sort->result);
    for (size_t i = 0; i < sort->run_count; i++) spill_run_free(sort->runs[i]);
    memory_free(memory, sort->runs, sort->run_capacity * sizeof *sort->runs);
    memory_free(memory, sort->types, (sort->schema->count + 1) * sizeof *sort->types);
    spill_file_free(sort->file);
    mutex_clear(&sort->lock);
    memory_delete(memory, sort);
}

static bp_status sort_worker_new(sink_worker **out, sink *self, bp_error *err)
{
    sink *rows = ((sort_sink *)self)->rows;

    return rows->class->worker_new(out, rows, err);
}

/* runs -------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status need_file(sort_sink *sort, bp_error *err)
{
    const schema *schema = sort->schema;
    memory *memory = sort->base.context->memory;
    bp_status status = BP_OK;

    mutex_lock(&sort->lock);
    if (!sort->types) {
        sort->types = memory_allocate(memory, (schema->count + 1) * sizeof *sort->types);
        if (!sort->types) {
            status = error_no_memory(err, memory, (schema->count + 1) * sizeof *sort->types);
        } else {
            if (schema->count) memcpy(sort->types, schema->types, schema->count * sizeof *sort->types);
            sort->types[schema->count] = type_of(TYPE_UINT128);
        }
    }
    if (!status && !sort->file) status = spill_file_new(&sort->file, sort->base.context, err);
    mutex_unlock(&sort->lock);
    return status;
}

/* The run (moved in, also on failure) joins the others. */
static bp_status add_run(sort_sink *sort, spill_run *run, bp_error *err)
{
    memory *memory = sort->base.context->memory;
    bp_status status = BP_OK;

    mutex_lock(&sort->lock);
    if (sort->run_count == sort->run_capacity) {
        size_t wanted = sort->run_capacity ? 2 * sort->run_capacity : 16;
        spill_run **larger = memory_resize(memory, sort->runs, sort->run_capacity * sizeof *larger, wanted * sizeof *larger);
        if (larger) {
            sort->runs = larger;
            sort->run_capacity = wanted;
        } else {
            status = error_no_memory(err, memory, wanted * sizeof *larger);
        }
    }
    if (!status) sort->runs[sort->run_count++] = run;
    mutex_unlock(&sort->lock);
    if (status) spill_run_free(run);
    return status;
}

/* Which part of `held` has row `number` of them all: starts[i] is part i's first. */
static size_t part_of_row(const size_t *starts, size_t count, size_t number)
{
    size_t low = 0, high = count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (starts[middle] <= number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The sorted rows with their places in the input, piece by piece. */
static bp_status write_sorted(spill_run *run, const sorted_rows *sorted, const collected *held, const size_t *starts, bp_error *err)
{
    size_t columns = sorted->schema->count;
    bp_status status = BP_OK;
    arena scratch;

    arena_init(&scratch, sorted->context->memory);
    for (size_t begin = 0; begin < sorted->row_count && !status; begin += WRITTEN_ROWS) {
        size_t rows = sorted->row_count - begin < WRITTEN_ROWS ? sorted->row_count - begin : WRITTEN_ROWS;
        uint32_t *numbers;
        uint128 *places;
        column *all;
        batch piece;

        arena_reset(&scratch);
        numbers = arena_new_array(&scratch, uint32_t, rows);
        places = arena_new_array(&scratch, uint128, rows);
        all = arena_new_array(&scratch, column, columns + 1);
        if (!numbers || !places || !all) status = error_no_memory(err, scratch.memory, rows * sizeof *places);
        if (!status) status = sorted_rows_gather(sorted, begin, rows, &piece, numbers, &scratch, err);
        if (status) break;
        for (size_t i = 0; i < rows; i++) {
            size_t part = part_of_row(starts, held->count, numbers[i]);
            places[i] = (uint128)held->parts[part].morsel << 64 | (held->parts[part].first_row + numbers[i] - starts[part]);
        }
        if (columns) memcpy(all, piece.columns, columns * sizeof *all);
        all[columns] = (column){.type = type_of(TYPE_UINT128), .length = rows, .values = places};
        status = spill_run_append(run, &(batch){.row_count = rows, .column_count = columns + 1, .columns = all}, err);
    }
    arena_clear(&scratch);
    return status;
}

/* All parts as one table, and where each begins in it; the parts are empty then. */
static bp_status join_parts(sort_sink *sort, collected *held, table **out, size_t *starts, bp_error *err)
{
    bp_status status = table_new(out, sort->base.context->memory, sort->schema, err);

    for (size_t i = 0; i < held->count && !status; i++) {
        starts[i] = table_row_count(*out);
        status = table_concatenate(*out, held->parts[i].rows, err);
    }
    return status;
}

static bp_status sort_to_run(sort_sink *sort, collected *held, bp_error *err)
{
    bp_context *context = sort->base.context;
    size_t *starts = memory_allocate_array(context->memory, held->count + 1, sizeof *starts);
    sorted_rows sorted = {0};
    table *rows = NULL;
    spill_run *run = NULL;
    bp_status status = starts ? BP_OK : error_no_memory(err, context->memory, held->count * sizeof *starts);

    if (!status) status = join_parts(sort, held, &rows, starts, err);
    if (status) goto done;
    status = sorted_rows_make(&sorted, context, sort->schema, sort->specs, sort->spec_count, rows, err);
    rows = NULL;
    if (!status) status = spill_run_new(&run, sort->file, sort->types, sort->schema->count + 1, SORT_PAGE_SIZE, err);
    if (!status) status = write_sorted(run, &sorted, held, starts, err);
    if (!status) status = spill_run_finish(run, err);
    if (status) goto done;
    status = add_run(sort, run, err);
    run = NULL;
done:
    spill_run_free(run);
    sorted_rows_clear(&sorted);
    table_release(rows);
    memory_free(context->memory, starts, (held->count + 1) * sizeof *starts);
    return status;
}

/* The share of the rows taken goes from what is held. */
static void note_taken(sort_sink *sort, size_t rows)
{
    size_t held = atomic_load(&sort->held_rows), bytes = atomic_load(&sort->held_bytes);
    size_t share = held ? (size_t)((double)bytes / (double)held * (double)rows) : 0;

    atomic_fetch_sub(&sort->held_rows, rows < held ? rows : held);
    atomic_fetch_sub(&sort->held_bytes, share < bytes ? share : bytes);
}

static bp_status spill_held(sort_sink *sort, sink_worker *worker, uint64_t morsel, bp_error *err)
{
    collected held = {0};
    size_t rows = 0;
    bp_status status = need_file(sort, err);

    if (!status) status = collect_take_held(&held, sort->rows, worker, morsel, err);
    for (size_t i = 0; i < held.count; i++) rows += table_row_count(held.parts[i].rows);
    note_taken(sort, rows);
    if (!status && rows) status = sort_to_run(sort, &held, err);
    collected_clear(&held);
    return status;
}

/* Whether to write a run: when sorting and gathering what is held would not fit any more. Once there are runs nothing is gathered into memory. A run is not
 * worth its cursor below a thirty-second of the limit: then some other operator or worker holds the memory. */
static bool should_spill(const sort_sink *sort)
{
    bp_context *context = sort->base.context;
    size_t bytes = atomic_load_explicit(&sort->held_bytes, memory_order_relaxed);
    size_t rows = atomic_load_explicit(&sort->held_rows, memory_order_relaxed);

    if (!spill_pressure(context, rows * ROW_COST + (sort->file ? 0 : bytes))) return false;
    return context->config.spill == SPILL_ALWAYS || bytes >= memory_limit(context->memory) / 32;
}

static bp_status sort_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err)
{
    sort_sink *sort = (sort_sink *)self;
    bp_status status = sort->rows->class->consume(sort->rows, worker, morsel, in, enough, err);

    if (status || !sort->may_spill) return status;
    atomic_fetch_add_explicit(&sort->held_rows, in->row_count, memory_order_relaxed);
    atomic_fetch_add_explicit(&sort->held_bytes, batch_bytes_size(in), memory_order_relaxed);
    return should_spill(sort) ? spill_held(sort, worker, morsel, err) : BP_OK;
}

static bp_status sort_morsel_end(sink *self, sink_worker *worker, uint64_t morsel, bool *enough, bp_error *err)
{
    sink *rows = ((sort_sink *)self)->rows;

    return rows->class->morsel_end(rows, worker, morsel, enough, err);
}

/* finishing in memory ------------------------------------------------------------------------------------------------------------------------- */
/* Piece by piece, in parallel, into regions that the result then keeps. */
typedef struct gather_job {
    const sorted_rows *sorted;
    bool has_text; /* texts stay in the collected table, which the regions keep */
    batch *pieces;
    region **regions;
} gather_job;

static void release_table(void *rows)
{
    table_release(rows);
}

static bp_status gather_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    gather_job *job = data;
    const sorted_rows *sorted = job->sorted;
    memory *memory = sorted->context->memory;
    size_t begin = (size_t)piece * PIECE_ROWS, left = sorted->row_count - begin, rows = left < PIECE_ROWS ? left : PIECE_ROWS;
    region *region = region_new(memory);
    uint32_t *numbers = memory_allocate(memory, rows * sizeof *numbers);
    bp_status status = BP_OK;

    (void)worker;
    job->regions[piece] = region;
    if (!region || !numbers || (job->has_text && !region_on_end(region, release_table, sorted->rows))) {
        status = error_no_memory(err, memory, rows * sizeof *numbers);
        goto done;
    }
    if (job->has_text) table_retain(sorted->rows);
    status = sorted_rows_gather(sorted, begin, rows, &job->pieces[piece], numbers, region_arena(region), err);
    for (size_t i = 0; i < sorted->schema->count && !status; i++) job->pieces[piece].columns[i].owner = region;
done:
    memory_free(memory, numbers, rows * sizeof *numbers);
    return status;
}

static bp_status gather_result(sort_sink *sort, const sorted_rows *sorted, bp_error *err)
{
    size_t pieces = (sorted->row_count + PIECE_ROWS - 1) / PIECE_ROWS;
    gather_job job = {.sorted = sorted};
    bp_status status;
    arena scratch;

    arena_init(&scratch, sorted->context->memory);
    for (size_t i = 0; i < sort->schema->count; i++) job.has_text |= type_physical(sort->schema->types[i]) == PHYSICAL_STRING;
    job.pieces = arena_new_array(&scratch, batch, pieces + 1);
    job.regions = arena_new_array(&scratch, region *, pieces + 1);
    status = job.pieces && job.regions ? BP_OK : error_no_memory(err, scratch.memory, pieces * sizeof(batch));
    if (!status) status = table_new(&sort->result, scratch.memory, sort->schema, err);
    if (!status) status = parallel_for(sorted->context, pieces, gather_piece, &job, err);
    for (size_t i = 0; i < pieces && !status; i++) status = table_append(sort->result, &job.pieces[i], err);
    if (!status) status = table_finish(sort->result, err);
    for (size_t i = 0; job.regions && i < pieces; i++) region_release(job.regions[i]);
    arena_clear(&scratch);
    return status;
}

static bp_status finish_in_memory(sort_sink *sort, sink_worker **workers, size_t worker_count, bp_error *err)
{
    sorted_rows sorted;
    bp_status status = sort->rows->class->finish(sort->rows, workers, worker_count, err);

    if (status) return status;
    status =
        sorted_rows_make(&sorted, sort->base.context, sort->schema, sort->specs, sort->spec_count, collect_take(sort->rows), err);
    if (!status) status = gather_result(sort, &sorted, err);
    sorted_rows_clear(&sorted);
    return status;
}

/* finishing with runs ------------------------------------------------------------------------------------------------------------------------- */
static bp_status copy_merged(sort_merge *merge, spill_run *run, bp_error *err)
{
    bp_status status;
    batch rows;

    while (!(status = sort_merge_next(merge, WRITTEN_ROWS, &rows, err)) && rows.row_count)
        if ((status = spill_run_append(run, &rows, err))) return status;
    return status ? status : spill_run_finish(run, err);
}

/* The first `count` runs become one, which stands last. */
static bp_status merge_first(sort_sink *sort, size_t count, bp_error *err)
{
    sort_merge *merge = NULL;
    spill_run *longer = NULL;
    bp_status status = spill_run_new(&longer, sort->file, sort->types, sort->schema->count + 1, SORT_PAGE_SIZE, err);

    if (!status)
        status = sort_merge_new(&merge, sort->base.context, sort->schema, sort->specs, sort->spec_count, sort->runs, count, err);
    if (!status) status = copy_merged(merge, longer, err);
    sort_merge_free(merge);
    if (status) {
        spill_run_free(longer);
        return status;
    }
    for (size_t i = 0; i < count; i++) spill_run_free(sort->runs[i]);
    memmove(sort->runs, sort->runs + count, (sort->run_count - count) * sizeof *sort->runs);
    sort->run_count -= count;
    sort->runs[sort->run_count++] = longer;
    return BP_OK;
}

static bp_status finish_runs(sort_sink *sort, sink_worker *worker, bp_error *err)
{
    bp_status status = spill_held(sort, worker, 0, err);

    while (!status) {
        size_t most = sort_merge_most(sort->base.context, SORT_PAGE_SIZE);
        if (sort->run_count <= most) break;
        status = merge_first(sort, sort->run_count - most + 1 < most ? sort->run_count - most + 1 : most, err);
    }
    return status;
}

static bp_status sort_finish(sink *self, sink_worker **workers, size_t worker_count, bp_error *err)
{
    sort_sink *sort = (sort_sink *)self;

    return sort->file ? finish_runs(sort, workers[0], err) : finish_in_memory(sort, workers, worker_count, err);
}

static void sort_spilled(const sink *self, uint64_t *bytes, uint64_t *parts)
{
    const sort_sink *sort = (const sort_sink *)self;

    *bytes = spill_file_size(sort->file);
    *parts = sort->run_count;
}

static const sink_class sort_class = {
    .name = "SORT",
    .free = sort_free,
    .worker_new = sort_worker_new,
    .worker_free = collect_worker_free,
    .consume = sort_consume,
    .morsel_end = sort_morsel_end,
    .finish = sort_finish,
    .spilled = sort_spilled,
};

bp_status sort_all_new(sink **out, bp_context *context, const schema *schema, const sort_spec *keys, size_t key_count,
                       bp_error *err)
{
    sort_sink *sort = memory_new(context->memory, sort_sink);
    bp_status status;

    *out = NULL;
    if (!sort) return error_no_memory(err, context->memory, sizeof *sort);
    sort->base = (sink){.class = &sort_class, .context = context};
    sort->schema = schema;
    sort->specs = keys;
    sort->spec_count = key_count;
    mutex_init(&sort->lock);
    status = collect_new(&sort->rows, context, schema, 0, UINT64_MAX, -1, err);
    if (status)
        sort_free(&sort->base);
    else
        *out = &sort->base;
    return status;
}

void sort_all_allow_spill(sink *self)
{
    ((sort_sink *)self)->may_spill = true;
}

table *sort_all_table(sink *self)
{
    return ((sort_sink *)self)->result;
}

bp_status sort_all_make_scan(void *self, scan **out, bp_error *err)
{
    sort_sink *sort = self;

    if (sort->file)
        return sort_merge_scan_new(out, sort->base.context, sort->schema, sort->specs, sort->spec_count, sort->runs,
                                   sort->run_count, err);
    return table_scan_new(out, sort->base.context, sort->result, err);
}
