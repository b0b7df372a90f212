/* A table in memory as a source.
 *
 * Morsel i is rows [i * morsel_rows, (i + 1) * morsel_rows) of the whole table, so it may begin in the midst of a chunk and run over
 * several; its batches are views of at most batch_size rows, each of one chunk. No row is copied, but for validity bits when a chunk's
 * length is no multiple of 64. Filters are left to the query: there are no statistics to skip by. */
#include "column/table.h"
#include "source.h"

#define SAMPLE_PIECES 16

typedef struct table_source {
    source base;
    table *table;  /* retained */
    size_t *starts; /* chunk -> its first row; one more entry: the number of rows */
    size_t chunk_count;
} table_source;

typedef struct table_scan {
    scan base;
    size_t *columns;
    size_t column_count;
    size_t batch_size, morsel_rows;
    _Atomic uint64_t next_morsel;
} table_scan;

typedef struct table_worker {
    arena arena; /* the present batch */
    size_t chunk; /* where the morsel goes on */
    size_t next, end; /* its rows left, counted over the whole table */
    memory *memory;
} table_worker;

static const source_class table_source_class;
static const scan_class table_scan_class;

/* The source ------------------------------------------------------------------------------------------------------------------- */
static void source_end(source *base)
{
    table_source *source = (table_source *)base;
    memory *memory = base->context->memory;

    memory_free(memory, source->starts, (source->chunk_count + 1) * sizeof *source->starts);
    table_release(source->table);
    memory_delete(memory, source);
}

bp_status table_source_new(source **out, bp_context *context, table *table, bp_error *err)
{
    size_t chunk_count = table_chunk_count(table);
    table_source *source = memory_new(context->memory, table_source);
    bp_status status = BP_OK;

    *out = NULL;
    if (!source) return error_no_memory(err, context->memory, sizeof *source);
    source->base = (struct source){.class = &table_source_class,
                                   .context = context,
                                   .schema = *table_schema(table),
                                   .row_count = table_row_count(table),
                                   .row_count_exact = true,
                                   .version = table_row_count(table),
                                   .sample_pieces = SAMPLE_PIECES,
                                   .settled = true};
    atomic_init(&source->base.misfit, false);
    atomic_init(&source->base.references, 1);
    source->table = table_retain(table);
    source->chunk_count = chunk_count;
    source->starts = memory_allocate_array(context->memory, chunk_count + 1, sizeof *source->starts);
    if (!source->starts) {
        status = error_no_memory(err, context->memory, (chunk_count + 1) * sizeof *source->starts);
        goto done;
    }
    for (size_t i = 0; i < chunk_count; i++) source->starts[i + 1] = source->starts[i] + table_chunk(table, i)->row_count;
    *out = &source->base;
    source = NULL;
done:
    if (source) source_release(&source->base);
    return status;
}

/* The scan --------------------------------------------------------------------------------------------------------------------- */
static void scan_end(scan *base)
{
    table_scan *scan = (table_scan *)base;
    memory *memory = base->source->context->memory;

    memory_free(memory, scan->columns, scan->column_count * sizeof *scan->columns);
    source_release(base->source);
    memory_delete(memory, scan);
}

static bp_status scan_open(scan **out, source *base, const scan_request *request, bp_error *err)
{
    memory *memory = base->context->memory;
    table_scan *scan = memory_new(memory, table_scan);
    bp_status status = BP_OK;

    *out = NULL;
    if (!scan) return error_no_memory(err, memory, sizeof *scan);
    scan->base = (struct scan){.class = &table_scan_class, .source = source_retain(base)};
    scan->morsel_rows = base->context->config.morsel_rows ? base->context->config.morsel_rows : TABLE_CHUNK_ROWS;
    scan->base.morsel_estimate = (base->row_count + scan->morsel_rows - 1) / scan->morsel_rows;
    scan->batch_size = request->batch_size ? request->batch_size : 1;
    atomic_init(&scan->next_morsel, 0);
    scan->column_count = request->column_count;
    scan->columns = memory_allocate_array(memory, request->column_count, sizeof *scan->columns);
    if (!scan->columns) {
        status = error_no_memory(err, memory, request->column_count * sizeof *scan->columns);
        goto done;
    }
    if (request->column_count) memcpy(scan->columns, request->columns, request->column_count * sizeof *scan->columns);
    *out = &scan->base;
    scan = NULL;
done:
    if (scan) scan_end(&scan->base);
    return status;
}

static bp_status worker_new(scan_worker **out, scan *base, bp_error *err)
{
    memory *memory = base->source->context->memory;
    table_worker *worker = memory_new(memory, table_worker);

    *out = (scan_worker *)worker;
    if (!worker) return error_no_memory(err, memory, sizeof *worker);
    arena_init(&worker->arena, memory);
    worker->memory = memory;
    return BP_OK;
}

static void worker_free(scan_worker *base)
{
    table_worker *worker = (table_worker *)base;

    if (!worker) return;
    arena_clear(&worker->arena);
    memory_delete(worker->memory, worker);
}

/* The chunk that has `row`. */
static size_t find_chunk(const table_source *source, size_t row)
{
    size_t low = 0, high = source->chunk_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (source->starts[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bp_status claim(scan *base, scan_worker *worker_base, uint64_t *morsel, bool *end, bp_error *err)
{
    table_scan *scan = (table_scan *)base;
    table_worker *worker = (table_worker *)worker_base;
    const table_source *source = (const table_source *)base->source;
    size_t total = source->starts[source->chunk_count];

    *morsel = atomic_fetch_add_explicit(&scan->next_morsel, 1, memory_order_relaxed);
    *end = *morsel >= base->morsel_estimate;
    worker->next = worker->end = 0;
    if (*end) return BP_OK;
    worker->next = (size_t)*morsel * scan->morsel_rows;
    worker->end = total - worker->next < scan->morsel_rows ? total : worker->next + scan->morsel_rows;
    worker->chunk = find_chunk(source, worker->next);
    return BP_OK;
}

static bp_status next(scan *base, scan_worker *worker_base, batch *out, bp_error *err)
{
    table_scan *scan = (table_scan *)base;
    table_worker *worker = (table_worker *)worker_base;
    const table_source *source = (const table_source *)base->source;
    const batch *chunk;
    size_t begin, rows;
    bp_status status = BP_OK;

    *out = (batch){.column_count = scan->column_count};
    if (worker->next == worker->end) return BP_OK;
    while (worker->next >= source->starts[worker->chunk + 1]) worker->chunk++;
    chunk = table_chunk(source->table, worker->chunk);
    begin = worker->next - source->starts[worker->chunk];
    rows = chunk->row_count - begin;
    if (rows > worker->end - worker->next) rows = worker->end - worker->next;
    if (rows > scan->batch_size) rows = scan->batch_size;
    arena_reset(&worker->arena);
    out->columns = arena_new_array(&worker->arena, column, scan->column_count);
    if (!out->columns) return error_no_memory(err, worker->memory, scan->column_count * sizeof(column));
    for (size_t i = 0; i < scan->column_count && !status; i++)
        status = column_slice(&out->columns[i], &chunk->columns[scan->columns[i]], begin, rows, &worker->arena, err);
    if (status) return status;
    worker->next += rows;
    out->row_count = rows;
    return BP_OK;
}

static double progress(const scan *base)
{
    const table_scan *scan = (const table_scan *)base;
    double claimed = (double)atomic_load_explicit(&scan->next_morsel, memory_order_relaxed);

    if (base->morsel_estimate == 0 || claimed >= (double)base->morsel_estimate) return 1;
    return claimed / (double)base->morsel_estimate;
}

static const source_class table_source_class = {.name = "table", .free = source_end, .scan_open = scan_open};
static const scan_class table_scan_class = {
    .free = scan_end, .worker_new = worker_new, .worker_free = worker_free, .claim = claim, .next = next, .progress = progress};
