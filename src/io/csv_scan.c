/* A scan of a CSV source: what is wanted of it, its workers, and the pass that settles types. Blocks are in csv_block.c, batches in csv_batch.c. */
#include "io/csv_scan.h"

#include "base/cancel.h"

static void scan_end(scan *base)
{
    csv_scan *scan = (csv_scan *)base;
    memory *memory = scan->source->base.context->memory;

    csv_open_file_release(scan, scan->current);
    csv_window_clear(&scan->carry);
    mutex_clear(&scan->lock);
    memory_free(memory, scan->columns, (scan->parsed_count + 1) * sizeof *scan->columns);
    memory_free(memory, scan->filters, (scan->filter_count + 1) * sizeof *scan->filters);
    memory_free(memory, scan->filter_places, (scan->filter_count + 1) * sizeof *scan->filter_places);
    source_release(&scan->source->base);
    memory_delete(memory, scan);
}

static void worker_end(scan_worker *base)
{
    csv_worker *worker = (csv_worker *)base;
    csv_scan *scan;
    memory *memory;

    if (!worker) return;
    scan = worker->scan;
    memory = scan->source->base.context->memory;
    csv_window_clear(&worker->window);
    csv_rows_clear(&worker->rows);
    csv_numbers_clear(&worker->selected_slots, memory);
    memory_free(memory, worker->parsed, (scan->parsed_count + 1) * sizeof *worker->parsed);
    memory_free(memory, worker->columns, (scan->parsed_count + scan->column_count + 1) * sizeof *worker->columns);
    memory_free(memory, worker->selection, scan->batch_size * sizeof *worker->selection);
    region_release(worker->region);
    memory_delete(memory, worker);
}

static bp_status worker_make(scan_worker **out, scan *base, bp_error *err)
{
    csv_scan *scan = (csv_scan *)base;
    memory *memory = scan->source->base.context->memory;
    csv_worker *worker = memory_new(memory, csv_worker);

    *out = NULL;
    if (!worker) return error_no_memory(err, memory, sizeof *worker);
    worker->scan = scan;
    csv_window_init(&worker->window, memory);
    worker->window.cancel = &scan->source->base.context->cancel;
    csv_rows_init(&worker->rows, memory);
    worker->parsed = memory_allocate_array(memory, scan->parsed_count + 1, sizeof *worker->parsed);
    worker->columns = memory_allocate_array(memory, scan->parsed_count + scan->column_count + 1, sizeof *worker->columns);
    worker->selection = memory_allocate(memory, scan->batch_size * sizeof *worker->selection);
    if (!worker->parsed || !worker->columns || !worker->selection) {
        worker_end((scan_worker *)worker);
        return error_no_memory(err, memory, scan->batch_size * sizeof *worker->selection);
    }
    for (size_t i = 0; i < scan->parsed_count; i++) {
        if (scan->columns[i] < scan->source->column_count)
            worker->parsed[i] = scan->source->columns[scan->columns[i]];
        else
            worker->parsed[i].type = type_of(TYPE_VARCHAR); /* the file name */
    }
    *out = (scan_worker *)worker;
    return BP_OK;
}

static bp_status claim(scan *base, scan_worker *worker, uint64_t *morsel, bool *end, bp_error *err)
{
    csv_scan *scan = (csv_scan *)base;
    csv_worker *mine = (csv_worker *)worker;
    bp_status status;

    if (!scan->source->options.parallel) { /* one morsel at a time: a worker that comes while another has one ends */
        bool busy;
        mutex_lock(&scan->lock);
        if (mine->claimed) scan->busy--;
        mine->claimed = false;
        busy = scan->busy > 0;
        scan->busy += !busy;
        mutex_unlock(&scan->lock);
        *morsel = 0;
        *end = busy;
        if (busy) return BP_OK;
        mine->claimed = true;
    }
    status = csv_block_claim(scan, mine, morsel, end, err);
    return status;
}

static bp_status next(scan *base, scan_worker *worker, batch *out, bp_error *err)
{
    return csv_batch_next((csv_scan *)base, (csv_worker *)worker, out, err);
}

static double progress(const scan *base)
{
    const csv_scan *scan = (const csv_scan *)base;
    double done = (double)atomic_load_explicit(&scan->done_bytes, memory_order_relaxed);

    if (!scan->total_bytes) return -1;
    return done < (double)scan->total_bytes ? done / (double)scan->total_bytes : 1;
}

static const scan_class csv_scan_class = {
    .free = scan_end, .worker_new = worker_make, .worker_free = worker_end, .claim = claim, .next = next, .progress = progress};

/* Columns asked for, then those that only filters need. */
static void place_columns(csv_scan *scan, const scan_request *request)
{
    for (size_t i = 0; i < request->column_count; i++) scan->columns[i] = request->columns[i];
    scan->parsed_count = request->column_count;
    for (size_t f = 0; f < request->filter_count; f++) {
        size_t place = 0;
        scan->filters[f] = request->filters[f];
        while (place < scan->parsed_count && scan->columns[place] != request->filters[f].column) place++;
        if (place == scan->parsed_count) scan->columns[scan->parsed_count++] = request->filters[f].column;
        scan->filter_places[f] = place;
    }
    for (size_t i = 0; i < scan->parsed_count; i++) {
        size_t column = scan->columns[i];
        scan->text_wanted |= column < scan->source->column_count && scan->source->columns[column].type.id == TYPE_VARCHAR;
    }
}

bp_status csv_scan_open(scan **out, source *base, const scan_request *request, bp_error *err)
{
    csv_source *source = (csv_source *)base;
    bp_context *context = base->context;
    csv_scan *scan = memory_new(context->memory, csv_scan);
    size_t columns = request->column_count + request->filter_count;

    *out = NULL;
    if (!scan) return error_no_memory(err, context->memory, sizeof *scan);
    scan->base.class = &csv_scan_class;
    scan->base.source = source_retain(base);
    scan->source = source;
    mutex_init(&scan->lock);
    csv_window_init(&scan->carry, context->memory);
    scan->carry.cancel = &context->cancel;
    scan->column_count = request->column_count;
    scan->parsed_count = columns; /* for freeing; place_columns() sets it */
    scan->filter_count = request->filter_count;
    scan->batch_size = request->batch_size ? request->batch_size : 1;
    scan->block_size = context->config.csv_block_size ? context->config.csv_block_size : 1;
    scan->columns = memory_allocate_array(context->memory, columns + 1, sizeof *scan->columns);
    scan->filters = memory_allocate_array(context->memory, request->filter_count + 1, sizeof *scan->filters);
    scan->filter_places = memory_allocate_array(context->memory, request->filter_count + 1, sizeof *scan->filter_places);
    if (!scan->columns || !scan->filters || !scan->filter_places) {
        scan_end(&scan->base);
        return error_no_memory(err, context->memory, columns * sizeof *scan->columns);
    }
    place_columns(scan, request);
    if (scan->parsed_count < columns) { /* freed by its size later */
        size_t *exact =
            memory_resize(context->memory, scan->columns, (columns + 1) * sizeof *exact, (scan->parsed_count + 1) * sizeof *exact);
        if (!exact) {
            scan->parsed_count = columns;
            scan_end(&scan->base);
            return error_no_memory(err, context->memory, columns * sizeof *exact);
        }
        scan->columns = exact;
    }
    for (size_t i = 0; i < source->file_count; i++) scan->total_bytes += source->files[i].identity.size;
    scan->base.morsel_estimate = scan->total_bytes / scan->block_size + source->file_count;
    *out = &scan->base;
    return BP_OK;
}

/* Settling ------------------------------------------------------------------------------------------------------------------------------- */
typedef struct settling {
    csv_scan *scan;
    data_type *types; /* of the scan's columns, widened so far; under the scan's lock */
} settling;

static unsigned width_of(data_type type)
{
    switch ((type_id)type.id) {
    case TYPE_VARCHAR: return 3;
    case TYPE_FLOAT64: return 2;
    case TYPE_INT128:
    case TYPE_TIMESTAMP_TZ: return 1;
    default: return 0;
    }
}

static bp_status settle_worker(void *data, size_t number, uint64_t piece, bp_error *err)
{
    settling *job = data;
    csv_scan *scan = job->scan;
    scan_worker *worker = NULL;
    csv_worker *mine;
    uint64_t morsel;
    bp_status status;
    batch batch;
    bool end;

    if ((status = worker_make(&worker, &scan->base, err))) return status;
    mine = (csv_worker *)worker;
    for (;;) {
        if ((status = claim(&scan->base, worker, &morsel, &end, err)) || end) break;
        do {
            if ((status = cancel_check(&scan->source->base.context->cancel, err))) goto done;
            if ((status = csv_batch_next(scan, mine, &batch, err))) goto done;
        } while (batch.row_count);
    }
    mutex_lock(&scan->lock);
    for (size_t i = 0; i < scan->parsed_count; i++) {
        if (width_of(mine->parsed[i].type) > width_of(job->types[i])) job->types[i] = mine->parsed[i].type;
    }
    mutex_unlock(&scan->lock);
done:
    if (status) atomic_store(&scan->failed, true);
    worker_end(worker);
    return status;
}

bp_status csv_scan_settle(csv_source *source, const size_t *columns, size_t count, data_type *types, bp_error *err)
{
    bp_context *context = source->base.context;
    scan_request request = {.columns = columns, .column_count = count, .batch_size = 2048, .row_limit = UINT64_MAX};
    settling job = {.types = types};
    scan *scan = NULL;
    bp_status status;

    for (size_t i = 0; i < count; i++) types[i] = source->columns[columns[i]].type;
    if ((status = csv_scan_open(&scan, &source->base, &request, err))) return status;
    job.scan = (csv_scan *)scan;
    job.scan->settling = true;
    status = parallel_run(context, parallel_workers(context, scan->morsel_estimate), settle_worker, &job, err);
    scan_end(scan);
    return status;
}
