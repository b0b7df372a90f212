/* AGGREGATE: hash aggregation as a sink.
 *
 * Same bits for any number of threads: when some state depends on order (float sums, first, list), every morsel is aggregated by itself and the
 * morsels' sets are combined in morsel order; otherwise each worker keeps one set for all its morsels, and the order of combining does not matter.
 * The groups come out by their first row's place in the input while there are at most ORDERED_GROUPS of them, else by hash partition and then place:
 * both depend on the data alone.
 *
 * DISTINCT aggregates go through an aggregation of their own over (groups, arguments) with no aggregates, whose groups are then fed, in order,
 * to the final states. */
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
    if (sink->distincts)
        for (size_t i = 0; i < sink->plan.aggregate_count; i++) sink_free(sink->distincts[i]);
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
    if (worker->distincts) {
        for (size_t i = 0; i < sink->plan.aggregate_count; i++)
            if (worker->distincts[i]) aggregate_worker_free(worker->distincts[i]);
        memory_free(memory, worker->distincts, sink->plan.aggregate_count * sizeof *worker->distincts);
    }
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
    worker->distincts = memory_allocate_array(memory, sink->plan.aggregate_count, sizeof *worker->distincts);
    if (!worker->distincts) status = error_no_memory(err, memory, sizeof *worker);
    for (size_t i = 0; i < sink->plan.aggregate_count && !status; i++)
        if (sink->distincts[i]) status = aggregate_worker_new(&worker->distincts[i], sink->distincts[i], err);
    if (status)
        aggregate_worker_free(worker);
    else
        *out = worker;
    return status;
}

static bp_status aggregate_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err);

/* consuming ------------------------------------------------------------------------------------------------------------------------- */
/* The rows that a DISTINCT aggregate's own aggregation takes: groups, then arguments; without those its FILTER drops. */
static bp_status feed_distinct(aggregate_sink *sink, sink_worker *worker, size_t index, uint64_t morsel, const batch *in,
                               bp_error *err)
{
    const aggregate_spec *spec = &sink->plan.specs[index];
    size_t group_count = sink->plan.group_count, count = group_count + spec->call->argument_count;
    arena *arena = &worker->distincts[index]->scratch.arena;
    column columns[MOST_COLUMNS];
    batch part = {.row_count = in->row_count, .column_count = count, .columns = columns};
    uint64_t rows_before = worker->distincts[index]->rows;
    bool enough;
    bp_status status;

    for (size_t i = 0; i < group_count; i++) columns[i] = in->columns[i];
    for (size_t i = 0; i < spec->call->argument_count; i++) columns[group_count + i] = in->columns[spec->first + i];
    if (spec->call->has_filter) {
        const column *filter = &in->columns[spec->first + spec->call->argument_count];
        uint32_t *selection;
        size_t kept = 0;
        if (!arena->memory) arena_init(arena, sink->base.context->memory);
        selection = arena_new_array(arena, uint32_t, in->row_count);
        if (!selection) return error_no_memory(err, arena->memory, in->row_count * sizeof(uint32_t));
        for (size_t row = 0; row < in->row_count; row++) {
            selection[kept] = (uint32_t)row;
            kept += !column_is_null(filter, row) && bitmap_get(filter->values, filter->encoding == COLUMN_CONSTANT ? 0 : row);
        }
        if (kept == 0) return BP_OK;
        if ((status = batch_gather(&part, &part, selection, kept, arena, err))) return status;
    }
    status = aggregate_consume(sink->distincts[index], worker->distincts[index], morsel, &part, &enough, err);
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
        if (sink->distincts[i]) status = feed_distinct(sink, worker, i, morsel, in, err);
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
    for (size_t i = 0; i < sink->plan.aggregate_count && !status; i++)
        if (sink->distincts[i]) status = aggregate_morsel_end(sink->distincts[i], worker->distincts[i], morsel, enough, err);
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

/* Feed the distinct (groups, arguments) to the states of aggregate `index`, in the order of their first rows. */
static bp_status feed_from_distinct(aggregate_sink *sink, size_t index, bp_error *err)
{
    aggregate_sink *distinct = (aggregate_sink *)sink->distincts[index];
    aggregate_scratch scratch = {0};
    arena arena;
    bp_status status = BP_OK;

    arena_init(&arena, sink->base.context->memory);
    for (size_t part = 0; part < distinct->set_count; part++) {
        const aggregate_set *from = distinct->sets[part];
        for (size_t begin = 0; begin < from->groups.count && !status; begin += FEED_ROWS) {
            size_t rows = from->groups.count - begin < FEED_ROWS ? from->groups.count - begin : FEED_ROWS;
            column columns[MOST_COLUMNS];
            arena_reset(&arena);
            status = aggregate_set_emit(from, begin, rows, columns, &arena, err);
            if (!status) status = aggregate_set_feed(sink->sets, sink->set_count, index, columns, rows, &scratch, err);
        }
    }
    aggregate_scratch_clear(&scratch, &sink->plan);
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

static bp_status finish_distinct(aggregate_sink *sink, size_t index, sink_worker **workers, size_t worker_count, bp_error *err)
{
    memory *memory = sink->base.context->memory;
    sink_worker **of_distinct = memory_allocate_array(memory, worker_count, sizeof(sink_worker *));
    bp_status status;

    if (!of_distinct) return error_no_memory(err, memory, worker_count * sizeof(sink_worker *));
    for (size_t i = 0; i < worker_count; i++) of_distinct[i] = workers[i]->distincts[index];
    status = sink->distincts[index]->class->finish(sink->distincts[index], of_distinct, worker_count, err);
    memory_free(memory, of_distinct, worker_count * sizeof(sink_worker *));
    return status ? status : feed_from_distinct(sink, index, err);
}

static bp_status aggregate_finish(sink *self, sink_worker **workers, size_t worker_count, bp_error *err)
{
    aggregate_sink *sink = (aggregate_sink *)self;
    bp_status status = BP_OK;

    for (size_t i = 0; i < worker_count && !status; i++) status = hand_over_worker(sink, workers[i], err);
    if (!status && sink->set_count == 0) status = start_empty(sink, err);
    if (!status) status = combine_sets(sink, err);
    for (size_t i = 0; i < sink->plan.aggregate_count && !status; i++)
        if (sink->distincts[i]) status = finish_distinct(sink, i, workers, worker_count, err);
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

static bp_status lay_out_states(aggregate_sink *sink, bp_error *err)
{
    aggregate_plan *plan = &sink->plan;

    plan->state_offsets = arena_new_array(&plan->arena, uint32_t, plan->aggregate_count);
    sink->fed_later = arena_new_array(&plan->arena, bool, plan->aggregate_count);
    sink->distincts = arena_new_array(&plan->arena, struct sink *, plan->aggregate_count);
    if (!plan->state_offsets || !sink->fed_later || !sink->distincts)
        return error_no_memory(err, plan->context->memory, plan->aggregate_count * sizeof(void *));
    for (size_t i = 0; i < plan->aggregate_count; i++) {
        const aggregate_call *call = plan->specs[i].call;
        plan->state_offsets[i] = (uint32_t)plan->stride;
        plan->stride += (call->function->state_size + AGGREGATE_STATE_ALIGNMENT - 1) & ~(size_t)(AGGREGATE_STATE_ALIGNMENT - 1);
        sink->fed_later[i] = is_distinct(call);
        if (!sink->fed_later[i]) plan->ordered |= call->function->ordered;
    }
    if (plan->stride == 0) plan->stride = AGGREGATE_STATE_ALIGNMENT;
    return BP_OK;
}

static bp_status make_distinct(aggregate_sink *sink, size_t index, const schema *input, bp_error *err)
{
    aggregate_plan *plan = &sink->plan;
    const aggregate_spec *spec = &plan->specs[index];
    size_t count = plan->group_count + spec->call->argument_count;
    data_type *types = arena_new_array(&plan->arena, data_type, count);

    if (!types) return error_no_memory(err, plan->context->memory, count * sizeof *types);
    if (count > MOST_COLUMNS)
        return error_set(err, BP_NOT_SUPPORTED, "a DISTINCT aggregate with over %d groups and arguments", MOST_COLUMNS);
    for (size_t i = 0; i < count; i++) types[i] = input->types[i < plan->group_count ? i : spec->first + (i - plan->group_count)];
    return aggregate_new(&sink->distincts[index], plan->context, &(schema){.count = count, .types = types}, count, NULL, 0, err);
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
    for (size_t i = 0; i < aggregate_count && !status; i++) {
        if (aggregates[i].call->order_count && aggregates[i].call->function->ordered)
            status = error_set(err, BP_NOT_SUPPORTED, "%s(… ORDER BY …): sort the rows in a subquery instead",
                               aggregates[i].call->function->name);
        else if (sink->fed_later[i])
            status = make_distinct(sink, i, input, err);
    }
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
