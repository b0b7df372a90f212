/* Reading the result of an aggregation. A result in parts has a morsel a part, made when it is claimed unless it is there; others are cut into morsels of
 * morsel_rows groups. */
#include "aggregate_internal.h"

size_t aggregate_part_count(const aggregate_sink *sink)
{
    return sink->order ? 1 : sink->part_count;
}

size_t aggregate_part_size(const aggregate_sink *sink, size_t part)
{
    return sink->order ? sink->order_count : sink->parts[part]->groups.count;
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

#define EXPECT_GROUPS 16 /* ahead: they lie anywhere in the parts */

static inline void expect_group(const aggregate_sink *sink, group_place place)
{
    const aggregate_set *set = sink->parts[place.part];

    __builtin_prefetch(set->groups.rows + place.group * sink->plan.keys.width);
    __builtin_prefetch(set->states + place.group * sink->plan.stride);
}

bp_status aggregate_emit(const aggregate_sink *sink, size_t part, size_t begin, size_t rows, column *out, arena *arena,
                         bp_error *err)
{
    const aggregate_plan *plan = &sink->plan;
    size_t width = plan->keys.width, stride = plan->stride;
    char *keys, *states;

    if (!sink->order) {
        const aggregate_set *set = sink->parts[part];
        return emit_rows(plan, set->groups.rows + begin * width, set->states + begin * stride, rows, out, arena, err);
    }
    keys = arena_allocate_aligned(arena, rows * width, 64);
    states = arena_allocate_aligned(arena, rows * stride, 64);
    if (!keys || !states) return error_no_memory(err, arena->memory, rows * (width + stride));
    for (size_t i = 0; i < rows; i++) {
        group_place place = sink->order[begin + i];
        const aggregate_set *set = sink->parts[place.part];
        if (i + EXPECT_GROUPS < rows) expect_group(sink, sink->order[begin + i + EXPECT_GROUPS]);
        group_copy(keys + i * width, set->groups.rows + place.group * width, width);
        group_copy(states + i * stride, set->states + place.group * stride, stride);
    }
    return emit_rows(plan, keys, states, rows, out, arena, err);
}

typedef struct aggregate_scan {
    scan base;
    aggregate_sink *sink;
    mutex lock;
    size_t part, begin; /* the next morsel's place */
    uint64_t next_morsel;
} aggregate_scan;

struct scan_worker {
    aggregate_scan *scan;
    size_t part, begin, end; /* groups of the claimed morsel that are left */
    bool opened; /* the part is this worker's to close */
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

/* Whole parts. */
static bp_status claim_part(aggregate_scan *result, scan_worker *worker, bp_error *err)
{
    bp_status status;

    worker->opened = true;
    worker->begin = worker->end = 0;
    if ((status = aggregate_part_open(result->sink, worker->part, err))) return status;
    worker->end = aggregate_part_size(result->sink, worker->part);
    return BP_OK;
}

/* The part that the worker has read, perhaps not to its end. */
static void close_part(scan_worker *worker)
{
    if (worker->opened) aggregate_part_close(worker->scan->sink, worker->part);
    worker->opened = false;
}

static void result_worker_free(scan_worker *worker)
{
    memory *memory = worker->scan->sink->base.context->memory;

    close_part(worker);
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
    size_t most = sink->base.context->config.morsel_rows, size;

    close_part(worker);
    mutex_lock(&result->lock);
    size = sink->in_parts ? 0 : aggregate_part_size(sink, 0); /* of the one part there is */
    *end = sink->in_parts ? result->part >= sink->part_count : result->begin >= size;
    if (!*end) {
        *morsel = result->next_morsel++;
        worker->part = result->part;
        worker->begin = result->begin;
        worker->end = size - result->begin < most ? size : result->begin + most;
        result->begin = worker->end;
        result->part += sink->in_parts;
    }
    mutex_unlock(&result->lock);
    return *end || !sink->in_parts ? BP_OK : claim_part(result, worker, err);
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

bp_status aggregate_scan_new(scan **out, aggregate_sink *sink, bp_error *err)
{
    memory *memory = sink->base.context->memory;
    aggregate_scan *result = memory_new(memory, aggregate_scan);

    *out = NULL;
    if (!result) return error_no_memory(err, memory, sizeof *result);
    result->base =
        (scan){.class = &result_class,
               .morsel_estimate =
                   sink->in_parts ? sink->part_count : aggregate_part_size(sink, 0) / sink->base.context->config.morsel_rows + 1};
    result->sink = sink;
    mutex_init(&result->lock);
    *out = &result->base;
    return BP_OK;
}
