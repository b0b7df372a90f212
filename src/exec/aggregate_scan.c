/* Reading the result of an aggregation: its parts, cut into morsels of whole groups. */
#include "aggregate_internal.h"

size_t aggregate_part_count(const aggregate_sink *sink)
{
    return sink->order ? 1 : sink->set_count;
}

size_t aggregate_part_size(const aggregate_sink *sink, size_t part)
{
    return sink->order ? sink->order_count : sink->sets[part]->groups.count;
}

/* Key rows and states, `rows` of each one behind the other, as columns. */
static bp_status emit_rows(const aggregate_plan *plan, const char *keys, const char *states, size_t rows, column *out, arena *arena,
                           bp_error *err)
{
    bp_status status;

    if ((status = key_unpack(&plan->keys, keys, rows, out, arena, err))) return status;
    for (size_t i = 0; i < plan->aggregate_count; i++) {
        const aggregate_call *aggregate = plan->specs[i].call;
        aggregate_state_call call = {.context = plan->context, .arena = arena, .bind_data = aggregate->bind_data};
        column *result = &out[plan->group_count + i];
        status = aggregate->function->finish(&call, states + plan->state_offsets[i], plan->stride, rows, result, arena, err);
        if (status) return status;
        result->type = plan->specs[i].result;
        result->length = rows;
    }
    return BP_OK;
}

bp_status aggregate_emit(const aggregate_sink *sink, size_t part, size_t begin, size_t rows, column *out, arena *arena,
                         bp_error *err)
{
    const aggregate_plan *plan = &sink->plan;
    size_t width = plan->keys.width, stride = plan->stride;
    char *keys, *states;

    if (!sink->order) {
        const aggregate_set *set = sink->sets[part];
        return emit_rows(plan, set->groups.rows + begin * width, set->states + begin * stride, rows, out, arena, err);
    }
    keys = arena_allocate_aligned(arena, rows * width, 64);
    states = arena_allocate_aligned(arena, rows * stride, 64);
    if (!keys || !states) return error_no_memory(err, arena->memory, rows * (width + stride));
    for (size_t i = 0; i < rows; i++) {
        group_place place = sink->order[begin + i];
        const aggregate_set *set = sink->sets[place.part];
        memcpy(keys + i * width, set->groups.rows + place.group * width, width);
        memcpy(states + i * stride, set->states + place.group * stride, stride);
    }
    return emit_rows(plan, keys, states, rows, out, arena, err);
}

typedef struct aggregate_scan {
    scan base;
    const aggregate_sink *sink;
    mutex lock;
    size_t part, begin;    /* the next morsel's place */
    uint64_t next_morsel;
} aggregate_scan;

struct scan_worker {
    aggregate_scan *scan;
    size_t part, begin, end; /* groups of the claimed morsel that are left */
    column *columns;
    size_t column_count;
    arena arena;
};

static void result_free(scan *self)
{
    aggregate_scan *result = (aggregate_scan *)self;

    mutex_clear(&result->lock);
    memory_delete(result->sink->base.context->memory, result);
}

static void result_worker_free(scan_worker *worker)
{
    memory *memory = worker->scan->sink->base.context->memory;

    memory_free(memory, worker->columns, worker->column_count * sizeof(column));
    arena_clear(&worker->arena);
    memory_delete(memory, worker);
}

static bp_status result_worker_new(scan_worker **out, scan *self, bp_error *err)
{
    aggregate_scan *result = (aggregate_scan *)self;
    const aggregate_plan *plan = &result->sink->plan;
    memory *memory = plan->context->memory;
    scan_worker *worker = memory_new(memory, scan_worker);

    *out = NULL;
    if (!worker) return error_no_memory(err, memory, sizeof *worker);
    worker->scan = result;
    worker->column_count = plan->group_count + plan->aggregate_count;
    arena_init(&worker->arena, memory);
    worker->columns = memory_allocate_array(memory, worker->column_count, sizeof(column));
    if (!worker->columns) {
        result_worker_free(worker);
        return error_no_memory(err, memory, sizeof(column));
    }
    *out = worker;
    return BP_OK;
}

static bp_status result_claim(scan *self, scan_worker *worker, uint64_t *morsel, bool *end, bp_error *err)
{
    aggregate_scan *result = (aggregate_scan *)self;
    const aggregate_sink *sink = result->sink;
    size_t most = sink->base.context->config.morsel_rows;

    (void)err;
    mutex_lock(&result->lock);
    while (result->part < aggregate_part_count(sink) && result->begin >= aggregate_part_size(sink, result->part)) {
        result->part++;
        result->begin = 0;
    }
    *end = result->part >= aggregate_part_count(sink);
    if (!*end) {
        size_t size = aggregate_part_size(sink, result->part);
        worker->part = result->part;
        worker->begin = result->begin;
        worker->end = size - result->begin < most ? size : result->begin + most;
        result->begin = worker->end;
        *morsel = result->next_morsel++;
    }
    mutex_unlock(&result->lock);
    return BP_OK;
}

static bp_status result_next(scan *self, scan_worker *worker, batch *out, bp_error *err)
{
    const aggregate_sink *sink = ((aggregate_scan *)self)->sink;
    size_t most = sink->base.context->config.batch_size, left = worker->end - worker->begin;
    size_t rows = left < most ? left : most;
    bp_status status = BP_OK;

    *out = (batch){.row_count = rows, .column_count = worker->column_count, .columns = worker->columns};
    if (rows == 0) return BP_OK;
    arena_reset(&worker->arena);
    status = aggregate_emit(sink, worker->part, worker->begin, rows, worker->columns, &worker->arena, err);
    worker->begin += rows;
    return status;
}

static const scan_class result_class = {
    .free = result_free,
    .worker_new = result_worker_new,
    .worker_free = result_worker_free,
    .claim = result_claim,
    .next = result_next,
};

bp_status aggregate_scan_new(scan **out, const aggregate_sink *sink, bp_error *err)
{
    memory *memory = sink->base.context->memory;
    aggregate_scan *result = memory_new(memory, aggregate_scan);
    size_t total = 0;

    *out = NULL;
    if (!result) return error_no_memory(err, memory, sizeof *result);
    for (size_t part = 0; part < aggregate_part_count(sink); part++) total += aggregate_part_size(sink, part);
    result->base = (scan){.class = &result_class, .morsel_estimate = total / sink->base.context->config.morsel_rows + 1};
    result->sink = sink;
    mutex_init(&result->lock);
    *out = &result->base;
    return BP_OK;
}
