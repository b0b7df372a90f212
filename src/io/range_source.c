/* Morsel i is the numbers i * morsel_rows …, made batch by batch in the worker's own memory. */
#include "range_source.h"

typedef struct range_source {
    source base;
    int64_t begin, step;
    string_view name;
    data_type type;
} range_source;

typedef struct range_scan {
    scan base;
    bp_context *context;
    size_t column_count, batch_size;
    atomic_uint_fast64_t next_morsel;
} range_scan;

struct scan_worker {
    range_scan *scan;
    uint64_t row, end; /* of the claimed morsel */
    int64_t *numbers;
    column *columns;
};

static void range_free(source *self)
{
    memory_delete(self->context->memory, (range_source *)self);
}

static void range_worker_free(scan_worker *worker)
{
    range_scan *scan = worker->scan;

    memory_free(scan->context->memory, worker->numbers, scan->batch_size * sizeof(int64_t));
    memory_free(scan->context->memory, worker->columns, scan->column_count * sizeof(column));
    memory_delete(scan->context->memory, worker);
}

static bp_status range_worker_new(scan_worker **out, scan *self, bp_error *err)
{
    range_scan *scan = (range_scan *)self;
    memory *memory = scan->context->memory;
    scan_worker *worker = memory_new(memory, scan_worker);

    *out = NULL;
    if (!worker) return error_no_memory(err, memory, sizeof *worker);
    worker->scan = scan;
    worker->numbers = memory_allocate(memory, scan->batch_size * sizeof(int64_t));
    worker->columns = memory_allocate_array(memory, scan->column_count, sizeof(column));
    if (!worker->numbers || !worker->columns) {
        range_worker_free(worker);
        return error_no_memory(err, memory, scan->batch_size * sizeof(int64_t));
    }
    *out = worker;
    return BP_OK;
}

static bp_status range_claim(scan *self, scan_worker *worker, uint64_t *morsel, bool *end, bp_error *err)
{
    range_scan *scan = (range_scan *)self;
    uint64_t rows = scan->context->config.morsel_rows, total = scan->base.source->row_count;

    (void)err;
    *morsel = atomic_fetch_add(&scan->next_morsel, 1);
    *end = *morsel > total / rows || *morsel * rows >= total;
    if (*end) return BP_OK;
    worker->row = *morsel * rows;
    worker->end = total - worker->row < rows ? total : worker->row + rows;
    return BP_OK;
}

static bp_status range_next(scan *self, scan_worker *worker, batch *out, bp_error *err)
{
    range_scan *scan = (range_scan *)self;
    const range_source *source = (const range_source *)scan->base.source;
    uint64_t left = worker->end - worker->row;
    size_t rows = left < scan->batch_size ? (size_t)left : scan->batch_size;

    (void)err;
    for (size_t i = 0; i < rows; i++) /* the sum stays within [begin, end]; unsigned, since the factors alone need not */
        worker->numbers[i] = (int64_t)((uint64_t)source->begin + (worker->row + i) * (uint64_t)source->step);
    for (size_t i = 0; i < scan->column_count; i++)
        worker->columns[i] = (column){.type = type_of(TYPE_INT64), .length = rows, .values = worker->numbers};
    *out = (batch){.row_count = rows, .column_count = scan->column_count, .columns = worker->columns};
    worker->row += rows;
    return BP_OK;
}

static void range_scan_free(scan *self)
{
    range_scan *scan = (range_scan *)self;
    bp_context *context = scan->context;

    source_release(scan->base.source);
    memory_delete(context->memory, scan);
}

static double range_progress(const scan *self)
{
    const range_scan *scan = (const range_scan *)self;
    double claimed = (double)atomic_load_explicit(&scan->next_morsel, memory_order_relaxed);

    return claimed < (double)self->morsel_estimate ? claimed / (double)self->morsel_estimate : 1;
}

static const scan_class range_scan_class = {
    .free = range_scan_free,
    .worker_new = range_worker_new,
    .worker_free = range_worker_free,
    .claim = range_claim,
    .next = range_next,
    .progress = range_progress,
};

static bp_status range_scan_open(scan **out, source *self, const scan_request *request, bp_error *err)
{
    range_scan *scan = memory_new(self->context->memory, range_scan);

    *out = NULL;
    if (!scan) return error_no_memory(err, self->context->memory, sizeof *scan);
    scan->base.class = &range_scan_class;
    scan->base.source = source_retain(self);
    scan->base.morsel_estimate = self->row_count / self->context->config.morsel_rows + 1;
    scan->context = self->context;
    scan->column_count = request->column_count;
    scan->batch_size = request->batch_size;
    *out = &scan->base;
    return BP_OK;
}

static const source_class range_class = {
    .name = "range",
    .free = range_free,
    .scan_open = range_scan_open,
};

/* How many numbers there are; the distance fits 64 bits unsigned. */
static uint64_t range_count(int64_t begin, int64_t end, int64_t step, bool inclusive)
{
    uint64_t distance, stride = step > 0 ? (uint64_t)step : (uint64_t)0 - (uint64_t)step;

    if (step > 0 ? begin > end : begin < end) return 0;
    distance = step > 0 ? (uint64_t)end - (uint64_t)begin : (uint64_t)begin - (uint64_t)end;
    if (!inclusive) return distance / stride + (distance % stride != 0);
    return distance / stride + (distance / stride < UINT64_MAX);
}

bp_status range_source_new(source **out, bp_context *context, const char *name, int64_t begin, int64_t end, int64_t step,
                           bool inclusive, bp_error *err)
{
    range_source *made = memory_new(context->memory, range_source);

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->base.class = &range_class;
    made->base.context = context;
    made->begin = begin;
    made->step = step;
    made->name = string_view_of(name);
    made->type = type_of(TYPE_INT64);
    made->base.schema = (schema){.count = 1, .names = &made->name, .types = &made->type};
    made->base.row_count = range_count(begin, end, step, inclusive);
    made->base.row_count_exact = true;
    made->base.settled = true;
    atomic_init(&made->base.references, 1);
    *out = &made->base;
    return BP_OK;
}
