/* A run of rows in a temporary file as a scan. Morsel i is rows [i * morsel_rows, (i + 1) * morsel_rows) of what is wanted, as with a table in memory: what is
 * computed per morsel must not depend on where the rows lie. A page on the edge of two morsels is read for each of them. */
#include "exec.h"
#include "spill.h"

typedef struct run_scan {
    scan base;
    bp_context *context;
    spill_run *run; /* borrowed */
    uint64_t *starts; /* page -> its first row; one more entry: the number of rows */
    size_t page_count, column_count;
    uint64_t first, total; /* of the rows wanted */
    size_t batch_size, morsel_rows;
    _Atomic uint64_t next_morsel;
} run_scan;

typedef struct run_worker {
    run_scan *scan;
    spill_page page;
    size_t page_index; /* of what is in `page`; page_count: nothing */
    uint64_t next, end; /* rows of the run left of the morsel */
    arena arena; /* the present batch */
} run_worker;

static void run_scan_free(scan *self)
{
    run_scan *scan = (run_scan *)self;
    memory *memory = scan->context->memory;

    memory_free(memory, scan->starts, (scan->page_count + 1) * sizeof *scan->starts);
    memory_delete(memory, scan);
}

static bp_status run_worker_new(scan_worker **out, scan *self, bp_error *err)
{
    run_scan *scan = (run_scan *)self;
    memory *memory = scan->context->memory;
    run_worker *worker = memory_new(memory, run_worker);

    *out = (scan_worker *)worker;
    if (!worker) return error_no_memory(err, memory, sizeof *worker);
    worker->scan = scan;
    worker->page_index = scan->page_count;
    arena_init(&worker->arena, memory);
    return BP_OK;
}

static void run_worker_free(scan_worker *self)
{
    run_worker *worker = (run_worker *)self;

    spill_page_clear(&worker->page);
    arena_clear(&worker->arena);
    memory_delete(worker->scan->context->memory, worker);
}

static bp_status run_claim(scan *self, scan_worker *worker_base, uint64_t *morsel, bool *end, bp_error *err)
{
    run_scan *scan = (run_scan *)self;
    run_worker *worker = (run_worker *)worker_base;
    uint64_t begin;

    (void)err;
    *morsel = atomic_fetch_add_explicit(&scan->next_morsel, 1, memory_order_relaxed);
    *end = *morsel >= self->morsel_estimate;
    worker->next = worker->end = 0;
    if (*end) return BP_OK;
    begin = *morsel * scan->morsel_rows;
    worker->next = scan->first + begin;
    worker->end = worker->next + (scan->total - begin < scan->morsel_rows ? scan->total - begin : scan->morsel_rows);
    return BP_OK;
}

/* The page that has `row`. */
static size_t find_page(const run_scan *scan, uint64_t row)
{
    size_t low = 0, high = scan->page_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (scan->starts[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bp_status run_next(scan *self, scan_worker *worker_base, batch *out, bp_error *err)
{
    run_scan *scan = (run_scan *)self;
    run_worker *worker = (run_worker *)worker_base;
    size_t page, rows;
    uint64_t begin;
    bp_status status;

    *out = (batch){.column_count = scan->column_count};
    if (worker->next == worker->end) return BP_OK;
    page = find_page(scan, worker->next);
    if (page != worker->page_index) {
        worker->page_index = scan->page_count;
        if ((status = spill_page_read(&worker->page, scan->run, page, err))) return status;
        worker->page_index = page;
    }
    begin = worker->next - scan->starts[page];
    rows = worker->page.rows.row_count - (size_t)begin;
    if (rows > worker->end - worker->next) rows = (size_t)(worker->end - worker->next);
    if (rows > scan->batch_size) rows = scan->batch_size;
    arena_reset(&worker->arena);
    if ((status = batch_slice(out, &worker->page.rows, (size_t)begin, rows, &worker->arena, err))) return status;
    worker->next += rows;
    return BP_OK;
}

static double run_progress(const scan *self)
{
    const run_scan *scan = (const run_scan *)self;
    double claimed = (double)atomic_load_explicit(&scan->next_morsel, memory_order_relaxed);

    return self->morsel_estimate ? claimed / (double)self->morsel_estimate : 1;
}

static const scan_class run_scan_class = {
    .free = run_scan_free,
    .worker_new = run_worker_new,
    .worker_free = run_worker_free,
    .claim = run_claim,
    .next = run_next,
    .progress = run_progress,
};

bp_status spill_scan_new(scan **out, bp_context *context, spill_run *run, size_t column_count, uint64_t offset, uint64_t limit,
                         bp_error *err)
{
    run_scan *made = memory_new(context->memory, run_scan);
    uint64_t rows = spill_run_rows(run);

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->base.class = &run_scan_class;
    made->context = context;
    made->run = run;
    made->column_count = column_count;
    made->page_count = spill_run_pages(run);
    made->batch_size = context->config.batch_size;
    made->morsel_rows = context->config.morsel_rows;
    made->first = offset < rows ? offset : rows;
    made->total = rows - made->first < limit ? rows - made->first : limit;
    made->base.morsel_estimate = (made->total + made->morsel_rows - 1) / made->morsel_rows;
    made->starts = memory_allocate_array(context->memory, made->page_count + 1, sizeof *made->starts);
    if (!made->starts) {
        run_scan_free(&made->base);
        return error_no_memory(err, context->memory, (spill_run_pages(run) + 1) * sizeof *made->starts);
    }
    for (size_t i = 0; i < made->page_count; i++) made->starts[i + 1] = made->starts[i] + spill_run_page_rows(run, i);
    *out = &made->base;
    return BP_OK;
}
