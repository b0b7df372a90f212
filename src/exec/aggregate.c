/* AGGREGATE: hash aggregation as a sink.
 *
 * Same bits for any number of threads: when some state depends on order (float sums, first, list), every morsel is aggregated by itself and the
 * morsels' sets are combined in morsel order; otherwise each worker keeps one set for all its morsels, and the order of combining does not matter.
 * The groups come out by their first row's place in the input while there are at most ORDERED_GROUPS of them, else by hash partition and then place:
 * both depend on the data alone.
 *
 * DISTINCT aggregates go through an aggregation of their own over (groups, arguments) with no aggregates, whose groups are then fed, in order,
 * to the final states. Aggregates that depend on order and have an ORDER BY go through a sort of (groups, arguments, keys) likewise; with both, the
 * distinct rows (of arguments and keys) are sorted. */
#include "aggregate_internal.h"

#include <stdlib.h>

#define ORDERED_GROUPS 200000
#define PARTITIONS 64
#define FEED_ROWS 2048
#define MOST_COLUMNS 64
#define PARTITION_MINIMUM 50000 /* groups in all sets, from which combining runs in parallel */

struct sink_worker {
    aggregate_sink *sink;
    aggregate_set *set;
    aggregate_scratch scratch;
    uint64_t morsel;
    uint64_t rows; /* of the present morsel so far */
    sink_worker **distincts; /* one an aggregate, of the sink's distincts; NULL: not DISTINCT */
    sink_worker **sorts; /* of the sink's sorts, while rows come to them directly */
    arena filtered; /* rows that a FILTER leaves */
};

/* the sink's life ------------------------------------------------------------------------------------------------------------------- */
static void aggregate_free(sink *self)
{
    aggregate_sink *sink = (aggregate_sink *)self;
    memory *memory = self->context->memory;

    for (size_t i = 0; i < sink->set_count; i++) aggregate_set_free(sink->sets[i]);
    for (size_t i = 0; i < sink->source_count; i++) aggregate_set_free(sink->sources[i]);
    memory_free(memory, sink->sets, sink->set_capacity * sizeof *sink->sets);
    memory_free(memory, sink->sources, sink->source_count * sizeof *sink->sources);
    for (size_t i = 0; i < sink->plan.aggregate_count; i++) {
        if (sink->distincts) sink_free(sink->distincts[i]);
        if (sink->sorts) sink_free(sink->sorts[i]);
    }
    mutex_clear(&sink->lock);
    arena_clear(&sink->plan.arena);
    memory_delete(memory, sink);
}

static void aggregate_worker_free(sink_worker *worker)
{
    aggregate_sink *sink = worker->sink;
    memory *memory = sink->base.context->memory;

    aggregate_set_free(worker->set);
    aggregate_scratch_clear(&worker->scratch, &sink->plan);
    for (size_t i = 0; i < sink->plan.aggregate_count; i++) {
        if (worker->distincts && worker->distincts[i]) aggregate_worker_free(worker->distincts[i]);
        if (worker->sorts && worker->sorts[i]) sink->sorts[i]->class->worker_free(worker->sorts[i]);
    }
    memory_free(memory, worker->distincts, sink->plan.aggregate_count * sizeof *worker->distincts);
    memory_free(memory, worker->sorts, sink->plan.aggregate_count * sizeof *worker->sorts);
    arena_clear(&worker->filtered);
    memory_delete(memory, worker);
}

static bp_status aggregate_worker_new(sink_worker **out, sink *self, bp_error *err)
{
    aggregate_sink *sink = (aggregate_sink *)self;
    memory *memory = self->context->memory;
    sink_worker *worker = memory_new(memory, sink_worker);
    bp_status status = BP_OK;

    *out = NULL;
    if (!worker) return error_no_memory(err, memory, sizeof *worker);
    worker->sink = sink;
    arena_init(&worker->filtered, memory);
    worker->distincts = memory_allocate_array(memory, sink->plan.aggregate_count, sizeof *worker->distincts);
    worker->sorts = memory_allocate_array(memory, sink->plan.aggregate_count, sizeof *worker->sorts);
    if (!worker->distincts || !worker->sorts) status = error_no_memory(err, memory, sizeof *worker);
    for (size_t i = 0; i < sink->plan.aggregate_count && !status; i++) {
        struct sink *sort = sink->sorts[i];
        if (sink->distincts[i])
            status = aggregate_worker_new(&worker->distincts[i], sink->distincts[i], err);
        else if (sort)
            status = sort->class->worker_new(&worker->sorts[i], sort, err);
    }
    if (status)
        aggregate_worker_free(worker);
    else
        *out = worker;
    return status;
}

static bp_status aggregate_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err);

/* consuming ------------------------------------------------------------------------------------------------------------------------- */
/* The columns of an aggregate that is fed later: groups, arguments, ORDER BY keys when it has a sort. */
static size_t later_columns(const aggregate_sink *sink, size_t index)
{
    const aggregate_call *call = sink->plan.specs[index].call;

    return sink->plan.group_count + call->argument_count + (sink->sorts[index] ? call->order_count : 0);
}

/* Which column of the input the i-th of those is. */
static size_t later_column(const aggregate_sink *sink, size_t index, size_t i)
{
    const aggregate_spec *spec = &sink->plan.specs[index];
    size_t groups = sink->plan.group_count, arguments = spec->call->argument_count;

    if (i < groups) return i;
    return spec->first + (i - groups) + (i - groups >= arguments ? spec->call->has_filter : 0);
}

/* The rows of the batch that the aggregate's FILTER leaves, in the worker's arena. */
static bp_status filter_rows(batch *part, sink_worker *worker, const column *filter, bp_error *err)
{
    arena *arena = &worker->filtered;
    uint32_t *selection;
    size_t kept = 0;

    arena_reset(arena);
    selection = arena_new_array(arena, uint32_t, part->row_count);
    if (!selection) return error_no_memory(err, arena->memory, part->row_count * sizeof(uint32_t));
    for (size_t row = 0; row < part->row_count; row++) {
        selection[kept] = (uint32_t)row;
        kept += !column_is_null(filter, row) && bitmap_get(filter->values, filter->encoding == COLUMN_CONSTANT ? 0 : row);
    }
    if (kept) return batch_gather(part, part, selection, kept, arena, err);
    part->row_count = 0;
    return BP_OK;
}

/* Rows for a DISTINCT aggregate's own aggregation, or for its sort. */
static bp_status feed_aside(aggregate_sink *sink, sink_worker *worker, size_t index, uint64_t morsel, const batch *in,
                            bp_error *err)
{
    const aggregate_spec *spec = &sink->plan.specs[index];
    struct sink *distinct = sink->distincts[index], *sort = sink->sorts[index];
    size_t count = later_columns(sink, index);
    column columns[MOST_COLUMNS];
    batch part = {.row_count = in->row_count, .column_count = count, .columns = columns};
    uint64_t rows_before;
    bool enough = false;
    bp_status status;

    for (size_t i = 0; i < count; i++) columns[i] = in->columns[later_column(sink, index, i)];
    if (spec->call->has_filter &&
        (status = filter_rows(&part, worker, &in->columns[spec->first + spec->call->argument_count], err)))
        return status;
    if (!distinct) return part.row_count ? sort->class->consume(sort, worker->sorts[index], morsel, &part, &enough, err) : BP_OK;
    rows_before = worker->distincts[index]->rows;
    status = part.row_count ? aggregate_consume(distinct, worker->distincts[index], morsel, &part, &enough, err) : BP_OK;
    worker->distincts[index]->rows = rows_before + in->row_count;
    return status;
}

static bp_status aggregate_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err)
{
    aggregate_sink *sink = (aggregate_sink *)self;
    bp_status status;

    (void)enough;
    if (!worker->set) {
        if ((status = aggregate_set_new(&worker->set, &sink->plan, err))) return status;
        worker->set->morsel = morsel;
    }
    status = aggregate_set_add(worker->set, in, (morsel << 32) + worker->rows, sink->fed_later, &worker->scratch, err);
    for (size_t i = 0; i < sink->plan.aggregate_count && !status; i++)
        if (sink->fed_later[i]) status = feed_aside(sink, worker, i, morsel, in, err);
    worker->rows += in->row_count;
    return status;
}

/* Under the lock: hand a set over to the sink. */
static bp_status hand_over(aggregate_sink *sink, aggregate_set *set, bp_error *err)
{
    memory *memory = sink->base.context->memory;

    if (sink->set_count == sink->set_capacity) {
        size_t wanted = sink->set_capacity ? sink->set_capacity * 2 : 16;
        aggregate_set **larger = memory_resize(memory, sink->sets, sink->set_capacity * sizeof *larger, wanted * sizeof *larger);
        if (!larger) return error_no_memory(err, memory, wanted * sizeof *larger);
        sink->sets = larger;
        sink->set_capacity = wanted;
    }
    sink->sets[sink->set_count++] = set;
    return BP_OK;
}

static bp_status hand_over_worker(aggregate_sink *sink, sink_worker *worker, bp_error *err)
{
    bp_status status;

    if (!worker->set) return BP_OK;
    mutex_lock(&sink->lock);
    status = hand_over(sink, worker->set, err);
    mutex_unlock(&sink->lock);
    if (!status) worker->set = NULL;
    return status;
}

static bp_status aggregate_morsel_end(sink *self, sink_worker *worker, uint64_t morsel, bool *enough, bp_error *err)
{
    aggregate_sink *sink = (aggregate_sink *)self;
    bp_status status = BP_OK;

    worker->rows = 0;
    if (sink->plan.ordered) status = hand_over_worker(sink, worker, err);
    for (size_t i = 0; i < sink->plan.aggregate_count && !status; i++) {
        struct sink *sort = sink->sorts[i];
        if (sink->distincts[i])
            status = aggregate_morsel_end(sink->distincts[i], worker->distincts[i], morsel, enough, err);
        else if (sort)
            status = sort->class->morsel_end(sort, worker->sorts[i], morsel, enough, err);
    }
    return status;
}

/* finishing ------------------------------------------------------------------------------------------------------------------------- */
static int by_morsel(const void *left, const void *right)
{
    uint64_t a = (*(aggregate_set *const *)left)->morsel, b = (*(aggregate_set *const *)right)->morsel;

    return (a > b) - (a < b);
}

typedef struct combine_job {
    aggregate_sink *sink;
    aggregate_set **parts;
    size_t partitions;
} combine_job;

static bp_status combine_partition(void *data, size_t worker, uint64_t partition, bp_error *err)
{
    combine_job *job = data;
    aggregate_sink *sink = job->sink;
    aggregate_scratch scratch = {0};
    bp_status status;

    (void)worker;
    if ((status = aggregate_set_new(&job->parts[partition], &sink->plan, err))) return status;
    for (size_t i = 0; i < sink->set_count && !status; i++)
        status = aggregate_set_combine(job->parts[partition], sink->sets[i], (size_t)partition, job->partitions, &scratch, err);
    aggregate_scratch_clear(&scratch, &sink->plan);
    return status;
}

/* The sets become sources, which the parts refer to: strings and states' memory. */
static bp_status keep_sources(aggregate_sink *sink, bp_error *err)
{
    memory *memory = sink->base.context->memory;
    size_t count = sink->source_count + sink->set_count;
    aggregate_set **all = memory_resize(memory, sink->sources, sink->source_count * sizeof *all, count * sizeof *all);

    if (!all) return error_no_memory(err, memory, count * sizeof *all);
    if (sink->set_count) memcpy(all + sink->source_count, sink->sets, sink->set_count * sizeof *all);
    sink->sources = all;
    sink->source_count = count;
    sink->set_count = 0;
    return BP_OK;
}

static bp_status combine_into(aggregate_sink *sink, size_t partitions, bp_error *err)
{
    memory *memory = sink->base.context->memory;
    combine_job job = {.sink = sink, .partitions = partitions};
    bp_status status;

    job.parts = memory_allocate_array(memory, partitions, sizeof *job.parts);
    if (!job.parts) return error_no_memory(err, memory, partitions * sizeof *job.parts);
    status = parallel_for(sink->base.context, partitions, combine_partition, &job, err);
    if (!status) status = keep_sources(sink, err);
    if (status) {
        for (size_t i = 0; i < partitions; i++) aggregate_set_free(job.parts[i]);
        memory_free(memory, job.parts, partitions * sizeof *job.parts);
        return status;
    }
    memory_free(memory, sink->sets, sink->set_capacity * sizeof *sink->sets);
    sink->sets = job.parts;
    sink->set_count = sink->set_capacity = partitions;
    return BP_OK;
}

static size_t group_total(const aggregate_sink *sink)
{
    size_t total = 0;

    for (size_t i = 0; i < sink->set_count; i++) total += sink->sets[i]->groups.count;
    return total;
}

static bp_status combine_sets(aggregate_sink *sink, bp_error *err)
{
    if (sink->set_count > 1) qsort(sink->sets, sink->set_count, sizeof *sink->sets, by_morsel);
    if (sink->set_count == 1 && group_total(sink) <= ORDERED_GROUPS) return BP_OK;
    return combine_into(sink, group_total(sink) > PARTITION_MINIMUM ? PARTITIONS : 1, err);
}

/* Takes rows of (groups, arguments, …) in their order. */
typedef struct row_taker {
    aggregate_sink *sink;
    size_t index;
    aggregate_scratch scratch;
    sink_worker *sorter; /* of the aggregate's sort; NULL: rows go to the states */
} row_taker;

static bp_status take_rows(row_taker *taker, column *columns, size_t rows, bp_error *err)
{
    aggregate_sink *sink = taker->sink;
    struct sink *sort = sink->sorts[taker->index];
    batch part = {.row_count = rows, .column_count = later_columns(sink, taker->index), .columns = columns};
    bool enough = false;

    if (taker->sorter) return sort->class->consume(sort, taker->sorter, 0, &part, &enough, err);
    return aggregate_set_feed(sink->sets, sink->set_count, taker->index, columns, rows, &taker->scratch, err);
}

/* The distinct rows, in the order of their first places. */
static bp_status take_distinct(row_taker *taker, bp_error *err)
{
    aggregate_sink *distinct = (aggregate_sink *)taker->sink->distincts[taker->index];
    arena arena;
    bp_status status = BP_OK;

    arena_init(&arena, taker->sink->base.context->memory);
    for (size_t part = 0; part < distinct->set_count; part++) {
        const aggregate_set *from = distinct->sets[part];
        for (size_t begin = 0; begin < from->groups.count && !status; begin += FEED_ROWS) {
            size_t rows = from->groups.count - begin < FEED_ROWS ? from->groups.count - begin : FEED_ROWS;
            column columns[MOST_COLUMNS];
            if ((status = cancel_check(&taker->sink->base.context->cancel, err))) break;
            arena_reset(&arena);
            status = aggregate_set_emit(from, begin, rows, columns, &arena, err);
            if (!status) status = take_rows(taker, columns, rows, err);
        }
    }
    arena_clear(&arena);
    return status;
}

/* The sorted rows. */
static bp_status take_sorted(row_taker *taker, bp_error *err)
{
    const table *rows = sort_all_table(taker->sink->sorts[taker->index]);
    arena arena;
    bp_status status = BP_OK;

    arena_init(&arena, taker->sink->base.context->memory);
    for (size_t i = 0; i < table_chunk_count(rows) && !status; i++) {
        const batch *chunk = table_chunk(rows, i);
        for (size_t begin = 0; begin < chunk->row_count && !status; begin += FEED_ROWS) {
            size_t count = chunk->row_count - begin < FEED_ROWS ? chunk->row_count - begin : FEED_ROWS;
            batch part;
            if ((status = cancel_check(&taker->sink->base.context->cancel, err))) break;
            arena_reset(&arena);
            status = batch_slice(&part, chunk, begin, count, &arena, err);
            if (!status) status = take_rows(taker, part.columns, count, err);
        }
    }
    arena_clear(&arena);
    return status;
}

static bp_status order_part(void *data, size_t worker, uint64_t part, bp_error *err)
{
    (void)worker;
    return aggregate_set_order(((aggregate_sink *)data)->sets[part], err);
}

/* One part in the order of first rows when the groups are few, else the partitions, each in that order. */
static bp_status order_sets(aggregate_sink *sink, bp_error *err)
{
    bp_status status;

    if (sink->set_count > 1 && group_total(sink) <= ORDERED_GROUPS && (status = combine_into(sink, 1, err))) return status;
    return parallel_for(sink->base.context, sink->set_count, order_part, sink, err);
}

static bp_status start_empty(aggregate_sink *sink, bp_error *err)
{
    aggregate_set *empty;
    bp_status status;

    if ((status = aggregate_set_new(&empty, &sink->plan, err))) return status;
    status = hand_over(sink, empty, err);
    if (status)
        aggregate_set_free(empty);
    else if (sink->plan.group_count == 0)
        status = aggregate_set_single(empty, err);
    return status;
}

static bp_status finish_distinct(row_taker *taker, sink_worker **workers, size_t worker_count, bp_error *err)
{
    struct sink *distinct = taker->sink->distincts[taker->index];
    memory *memory = taker->sink->base.context->memory;
    sink_worker **own = memory_allocate_array(memory, worker_count + 1, sizeof *own);
    bp_status status;

    if (!own) return error_no_memory(err, memory, worker_count * sizeof *own);
    for (size_t i = 0; i < worker_count; i++) own[i] = workers[i]->distincts[taker->index];
    status = distinct->class->finish(distinct, own, worker_count, err);
    memory_free(memory, own, (worker_count + 1) * sizeof *own);
    return status;
}

/* The sort's rows came from the workers, or come now from the distinct ones. */
static bp_status finish_sort(row_taker *taker, sink_worker **workers, size_t worker_count, bp_error *err)
{
    aggregate_sink *sink = taker->sink;
    struct sink *sort = sink->sorts[taker->index];
    memory *memory = sink->base.context->memory;
    size_t room = worker_count + 1;
    sink_worker **own = memory_allocate_array(memory, room, sizeof *own);
    bool enough = false;
    bp_status status = BP_OK;

    if (!own) return error_no_memory(err, memory, worker_count * sizeof *own);
    for (size_t i = 0; i < worker_count; i++) own[i] = workers[i]->sorts[taker->index];
    if (sink->distincts[taker->index]) {
        worker_count = 1;
        if ((status = sort->class->worker_new(&taker->sorter, sort, err))) goto done;
        own[0] = taker->sorter;
        if ((status = take_distinct(taker, err))) goto done;
        if ((status = sort->class->morsel_end(sort, taker->sorter, 0, &enough, err))) goto done;
    }
    status = sort->class->finish(sort, own, worker_count, err);
done:
    if (taker->sorter) sort->class->worker_free(taker->sorter);
    taker->sorter = NULL;
    memory_free(memory, own, room * sizeof *own);
    return status;
}

static bp_status finish_later(aggregate_sink *sink, size_t index, sink_worker **workers, size_t worker_count, bp_error *err)
{
    row_taker taker = {.sink = sink, .index = index};
    bp_status status = BP_OK;

    if (sink->distincts[index]) status = finish_distinct(&taker, workers, worker_count, err);
    if (!status && sink->sorts[index]) status = finish_sort(&taker, workers, worker_count, err);
    if (!status) status = sink->sorts[index] ? take_sorted(&taker, err) : take_distinct(&taker, err);
    aggregate_scratch_clear(&taker.scratch, &sink->plan);
    return status;
}

static bp_status aggregate_finish(sink *self, sink_worker **workers, size_t worker_count, bp_error *err)
{
    aggregate_sink *sink = (aggregate_sink *)self;
    bp_status status = BP_OK;

    for (size_t i = 0; i < worker_count && !status; i++) status = hand_over_worker(sink, workers[i], err);
    if (!status && sink->set_count == 0) status = start_empty(sink, err);
    if (!status) status = combine_sets(sink, err);
    for (size_t i = 0; i < sink->plan.aggregate_count && !status; i++)
        if (sink->fed_later[i]) status = finish_later(sink, i, workers, worker_count, err);
    return status ? status : order_sets(sink, err);
}

/* making ---------------------------------------------------------------------------------------------------------------------------- */
static const sink_class aggregate_class = {
    .name = "AGGREGATE",
    .free = aggregate_free,
    .worker_new = aggregate_worker_new,
    .worker_free = aggregate_worker_free,
    .consume = aggregate_consume,
    .morsel_end = aggregate_morsel_end,
    .finish = aggregate_finish,
};

static bool is_distinct(const aggregate_call *call)
{
    return call->distinct && call->function->distinct_matters && call->argument_count > 0;
}

static bool is_sorted(const aggregate_call *call)
{
    return call->order_count > 0 && call->function->ordered && call->argument_count > 0;
}

static bp_status lay_out_states(aggregate_sink *sink, bp_error *err)
{
    aggregate_plan *plan = &sink->plan;

    plan->state_offsets = arena_new_array(&plan->arena, uint32_t, plan->aggregate_count);
    sink->fed_later = arena_new_array(&plan->arena, bool, plan->aggregate_count);
    sink->distincts = arena_new_array(&plan->arena, struct sink *, plan->aggregate_count);
    sink->sorts = arena_new_array(&plan->arena, struct sink *, plan->aggregate_count);
    if (!plan->state_offsets || !sink->fed_later || !sink->distincts || !sink->sorts)
        return error_no_memory(err, plan->context->memory, plan->aggregate_count * sizeof(void *));
    for (size_t i = 0; i < plan->aggregate_count; i++) {
        const aggregate_call *call = plan->specs[i].call;
        plan->state_offsets[i] = (uint32_t)plan->stride;
        plan->stride += (call->function->state_size + AGGREGATE_STATE_ALIGNMENT - 1) & ~(size_t)(AGGREGATE_STATE_ALIGNMENT - 1);
        sink->fed_later[i] = is_distinct(call) || is_sorted(call);
        if (!sink->fed_later[i]) plan->ordered |= call->function->ordered;
    }
    if (plan->stride == 0) plan->stride = AGGREGATE_STATE_ALIGNMENT;
    return BP_OK;
}

static bp_status make_sort(aggregate_sink *sink, size_t index, const schema *rows, bp_error *err)
{
    aggregate_plan *plan = &sink->plan;
    const aggregate_call *call = plan->specs[index].call;
    sort_spec *keys = arena_new_array(&plan->arena, sort_spec, call->order_count);
    size_t first = plan->group_count + call->argument_count;

    if (!keys) return error_no_memory(err, plan->context->memory, call->order_count * sizeof *keys);
    for (size_t i = 0; i < call->order_count; i++)
        keys[i] = (sort_spec){
            .column = (uint32_t)(first + i), .descending = call->order[i].descending, .nulls_first = call->order[i].nulls_first};
    return sort_all_new(&sink->sorts[index], plan->context, rows, keys, call->order_count, err);
}

/* The sinks beside the aggregation that an aggregate fed later needs. */
static bp_status make_asides(aggregate_sink *sink, size_t index, const schema *input, bp_error *err)
{
    aggregate_plan *plan = &sink->plan;
    const aggregate_call *call = plan->specs[index].call;
    size_t count = plan->group_count + call->argument_count + (is_sorted(call) ? call->order_count : 0);
    schema *rows = arena_new(&plan->arena, schema);
    bp_status status;

    if (!rows) return error_no_memory(err, plan->context->memory, sizeof *rows);
    if (count > MOST_COLUMNS)
        return error_set(err, BP_NOT_SUPPORTED, "an aggregate with DISTINCT or ORDER BY over %d groups, arguments and keys",
                         MOST_COLUMNS);
    if ((status = schema_new(rows, &plan->arena, count, err))) return status;
    for (size_t i = 0; i < count; i++) rows->types[i] = input->types[later_column(sink, index, i)];
    if (is_distinct(call) && (status = aggregate_new(&sink->distincts[index], plan->context, rows, count, NULL, 0, err)))
        return status;
    return is_sorted(call) ? make_sort(sink, index, rows, err) : BP_OK;
}

bp_status aggregate_new(sink **out, bp_context *context, const schema *input, size_t group_count, const aggregate_spec *aggregates,
                        size_t aggregate_count, bp_error *err)
{
    aggregate_sink *sink = memory_new(context->memory, aggregate_sink);
    bp_status status;

    *out = NULL;
    if (!sink) return error_no_memory(err, context->memory, sizeof *sink);
    sink->base = (struct sink){.class = &aggregate_class, .context = context};
    sink->plan = (aggregate_plan){.context = context,
                                  .group_count = group_count,
                                  .group_types = input->types,
                                  .specs = aggregates,
                                  .aggregate_count = aggregate_count};
    arena_init(&sink->plan.arena, context->memory);
    mutex_init(&sink->lock);
    if ((status = key_layout_init(&sink->plan.keys, input->types, group_count, &sink->plan.arena, err))) goto done;
    if ((status = lay_out_states(sink, err))) goto done;
    for (size_t i = 0; i < aggregate_count && !status; i++)
        if (sink->fed_later[i]) status = make_asides(sink, i, input, err);
done:
    if (status)
        aggregate_free(&sink->base);
    else
        *out = &sink->base;
    return status;
}

bp_status aggregate_make_scan(void *self, scan **out, bp_error *err)
{
    return aggregate_scan_new(out, self, err);
}
