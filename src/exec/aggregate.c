/* AGGREGATE: hash aggregation as a sink.
 *
 * Same bits for any number of threads: when some state depends on order (float sums, first, list), every morsel is aggregated by itself and the
 * morsels' sets are combined in morsel order; otherwise each worker keeps one set for all its morsels, and the order of combining does not matter.
 * Where a morsel has hardly two rows of a group, a worker sets the rows of its further morsels aside by hash (row_blocks.h) and does not look them up twice; they
 * are aggregated in the end, partition by partition, within each morsel by morsel order as before (aggregate_combine.c), so this changes no bit.
 * The groups come out by their first row's place in the input while there are at most ORDERED_GROUPS of them, else by hash partition and then place:
 * both depend on the data alone.
 *
 * DISTINCT aggregates go through an aggregation of their own over (groups, arguments) with no aggregates, whose groups are then fed, in order,
 * to the final states. Aggregates that depend on order and have an ORDER BY go through a sort of (groups, arguments, keys) likewise; with both, the
 * distinct rows (of arguments and keys) are sorted. */
#include "aggregate_internal.h"

#include "column/batch_bytes.h"

#define FEED_ROWS 2048
#define MOST_COLUMNS 64
/* Rows are set aside from the next morsel on when a set of one morsel has so many groups, and fewer than so many rows of each; or when a set of many morsels
 * has outgrown the cache. States of fixed bytes are combined about as fast as rows are added, lists are not. (10,000 groups in morsels of 65,536 rows: correlations took
 * 58 ns a row set aside, 47 by sets; medians 64 and 96.) */
#define ASIDE_GROUPS 4096
#define ASIDE_ROWS 8
#define ASIDE_ROWS_PLAIN 4
#define ASIDE_LARGE ((size_t)4 << 20)
/* What is set aside is written when it is so many rows or more, and memory is short of so many bytes. */
#define SPILL_ROWS 8192
#define SPILL_AHEAD ((size_t)4 << 20)

struct sink_worker {
    aggregate_sink *sink;
    aggregate_set *set;
    /* The slots of the last morsel's set, for the next one's: making and growing them anew took a third of the time of 10,000 groups a morsel. */
    group_table spare;
    size_t last_groups; /* of that set */
    aside *aside; /* NULL: rows go to the set */
    aggregate_scratch scratch;
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
    for (size_t i = 0; i < sink->part_count; i++) aggregate_set_free(sink->parts[i]);
    for (size_t i = 0; i < sink->aside_count; i++) aside_free(sink->asides[i]);
    spill_file_free(sink->file);
    memory_free(memory, sink->sets, sink->set_capacity * sizeof *sink->sets);
    memory_free(memory, sink->asides, sink->aside_capacity * sizeof *sink->asides);
    memory_free(memory, sink->order, sink->order ? (sink->order_count + 1) * sizeof *sink->order : 0);
    memory_free(memory, sink->parts, sink->part_count * sizeof *sink->parts);
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
    group_table_clear(&worker->spare);
    aside_free(worker->aside);
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

/* A set for the worker's next morsel, with room for as many groups as the last one had. */
static bp_status start_set(aggregate_sink *sink, sink_worker *worker, uint64_t morsel, bp_error *err)
{
    bp_status status = aggregate_set_new(&worker->set, &sink->plan, err);

    if (status) return status;
    worker->set->morsel = morsel;
    if (!worker->spare.slots) return BP_OK;
    group_table_pass_slots(&worker->spare, &worker->set->groups);
    group_table_reset(&worker->set->groups);
    return aggregate_set_reserve(worker->set, worker->last_groups, err);
}

/* Nothing is looked up in a morsel's set any more, unless aggregates are fed later. */
static void take_slots(sink_worker *worker)
{
    group_table *groups = &worker->set->groups;

    if (!worker->spare.memory) worker->spare = (group_table){.memory = groups->memory, .layout = groups->layout};
    group_table_pass_slots(groups, &worker->spare);
    worker->last_groups = groups->count;
}

static bp_status add_to_set(aggregate_sink *sink, sink_worker *worker, uint64_t morsel, const batch *in, bp_error *err)
{
    bp_status status;

    if (!worker->set && (status = start_set(sink, worker, morsel, err))) return status;
    return aggregate_set_add(worker->set, in, (morsel << 32) + worker->rows, &worker->scratch, err);
}

/* Whether the blocks are worth writing, and memory is scarce. */
static bool wants_spill(const aggregate_sink *sink, const row_blocks *blocks)
{
    const bp_context *context = sink->base.context;

    if (blocks->row_count < (context->config.spill == SPILL_ALWAYS ? 1 : SPILL_ROWS)) return false;
    return spill_pressure(sink->base.context, SPILL_AHEAD);
}

static bp_status set_aside(aggregate_sink *sink, sink_worker *worker, uint64_t morsel, const batch *in, bp_error *err)
{
    aggregate_scratch *scratch = &worker->scratch;
    bp_status status;

    if (wants_spill(sink, worker->aside->blocks) && (status = aggregate_spill(sink, worker->aside, err))) return status;
    if ((status = aggregate_pack(&sink->plan, in, scratch, err))) return status;
    return row_blocks_add(worker->aside->blocks, scratch->packed, scratch->hashes, (morsel << 32) + worker->rows, in,
                          &scratch->arena, err);
}

/* Whether a morsel of rows like these, each a group of its own, would be too much for each worker: where a set begins, for one cannot be left in the
 * midst of a morsel. */
static bool are_wide(const aggregate_sink *sink, const batch *in)
{
    const bp_context *context = sink->base.context;
    double row = in->row_count ? (double)batch_bytes_size(in) / (double)in->row_count : 0;
    double threads = (double)context->config.threads, available = (double)memory_available(context->memory);

    if (available < 2 * threads * (double)(ROW_PARTITIONS * row_block_bytes(context)))
        return false; /* setting aside takes most of that by itself */
    return row * (double)context->config.morsel_rows * threads > available / 4;
}

static bp_status aggregate_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err)
{
    aggregate_sink *sink = (aggregate_sink *)self;
    bp_status status;

    (void)enough;
    if (!worker->aside && !worker->set && sink->plan.sets_aside && are_wide(sink, in) &&
        (status = aside_new(&worker->aside, &sink->plan, err)))
        return status;
    status = worker->aside ? set_aside(sink, worker, morsel, in, err) : add_to_set(sink, worker, morsel, in, err);
    for (size_t i = 0; i < sink->plan.aggregate_count && !status; i++)
        if (sink->fed_later[i]) status = feed_aside(sink, worker, i, morsel, in, err);
    worker->rows += in->row_count;
    return status;
}

/* Room for one more pointer, under the lock. */
static bp_status grow_pointers(aggregate_sink *sink, void *array_pointer, size_t count, size_t *capacity, bp_error *err)
{
    memory *memory = sink->base.context->memory;
    size_t wanted = *capacity ? *capacity * 2 : 16;
    void **array = array_pointer, *larger;

    if (count < *capacity) return BP_OK;
    larger = memory_resize(memory, *array, *capacity * sizeof(void *), wanted * sizeof(void *));
    if (!larger) return error_no_memory(err, memory, wanted * sizeof(void *));
    *array = larger;
    *capacity = wanted;
    return BP_OK;
}

/* Under the lock: hand a set over to the sink. */
static bp_status hand_over(aggregate_sink *sink, aggregate_set *set, bp_error *err)
{
    bp_status status = grow_pointers(sink, &sink->sets, sink->set_count, &sink->set_capacity, err);

    if (!status) sink->sets[sink->set_count++] = set;
    return status;
}

static bp_status hand_over_set(aggregate_sink *sink, sink_worker *worker, bp_error *err)
{
    bp_status status;

    if (!worker->set) return BP_OK;
    mutex_lock(&sink->lock);
    status = hand_over(sink, worker->set, err);
    mutex_unlock(&sink->lock);
    if (!status) worker->set = NULL;
    return status;
}

/* Whether the groups of all workers, made of rows like these, would not fit beside them. */
static bool parts_need_room(const aggregate_sink *sink, const row_blocks *blocks)
{
    const aggregate_plan *plan = &sink->plan;
    size_t group = plan->keys.width + plan->stride + 4 * sizeof(uint64_t), groups;

    if (sink->file) return true;
    if (ckd_mul(&groups, (size_t)blocks->row_count, group * plan->context->config.threads)) return true;
    return spill_pressure(plan->context, groups);
}

static bp_status hand_over_aside(aggregate_sink *sink, sink_worker *worker, bp_error *err)
{
    bp_status status;

    if (!worker->aside) return BP_OK;
    if (parts_need_room(sink, worker->aside->blocks) && (status = aggregate_spill(sink, worker->aside, err))) return status;
    if ((status = aggregate_spill_finish(worker->aside, err))) return status;
    mutex_lock(&sink->lock);
    status = grow_pointers(sink, &sink->asides, sink->aside_count, &sink->aside_capacity, err);
    if (!status) sink->asides[sink->aside_count++] = worker->aside;
    mutex_unlock(&sink->lock);
    if (!status) worker->aside = NULL;
    return status;
}

/* Whether the rows of further morsels are to be set aside: the bits of the result are the same either way. */
static bool reduces_poorly(const aggregate_sink *sink, const sink_worker *worker)
{
    size_t groups = worker->set ? worker->set->groups.count : 0;

    if (!sink->plan.sets_aside || worker->aside) return false;
    if (sink->base.context->config.spill == SPILL_ALWAYS) return true;
    if (groups < ASIDE_GROUPS) return false;
    if (spill_pressure(sink->base.context, SPILL_AHEAD)) return true;
    if (!sink->plan.ordered) return groups * (sink->plan.keys.width + sink->plan.stride + 4 * sizeof(uint64_t)) >= ASIDE_LARGE;
    return groups >= worker->rows / (sink->plan.plain ? ASIDE_ROWS_PLAIN : ASIDE_ROWS);
}

static bp_status aggregate_morsel_end(sink *self, sink_worker *worker, uint64_t morsel, bool *enough, bp_error *err)
{
    aggregate_sink *sink = (aggregate_sink *)self;
    bp_status status = BP_OK;

    if (reduces_poorly(sink, worker)) status = aside_new(&worker->aside, &sink->plan, err);
    worker->rows = 0;
    if (worker->set && sink->plan.ordered && !sink->plan.feeds_later) take_slots(worker);
    if (!status && sink->plan.ordered) status = hand_over_set(sink, worker, err);
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
    return aggregate_set_feed(sink->parts, sink->part_count, taker->index, columns, rows, &taker->scratch, err);
}

static bp_status take_part(row_taker *taker, aggregate_sink *distinct, size_t part, arena *arena, bp_error *err)
{
    size_t size;
    bp_status status;

    if ((status = aggregate_part_open(distinct, part, err))) return status;
    size = aggregate_part_size(distinct, part);
    for (size_t begin = 0; begin < size && !status; begin += FEED_ROWS) {
        size_t rows = size - begin < FEED_ROWS ? size - begin : FEED_ROWS;
        column columns[MOST_COLUMNS];
        if ((status = cancel_check(&taker->sink->base.context->cancel, err))) break;
        arena_reset(arena);
        status = aggregate_emit(distinct, part, begin, rows, columns, arena, err);
        if (!status) status = take_rows(taker, columns, rows, err);
    }
    aggregate_part_close(distinct, part);
    return status;
}

/* The distinct rows, in the order of their first places. */
static bp_status take_distinct(row_taker *taker, bp_error *err)
{
    aggregate_sink *distinct = (aggregate_sink *)taker->sink->distincts[taker->index];
    arena arena;
    bp_status status = BP_OK;

    arena_init(&arena, taker->sink->base.context->memory);
    for (size_t part = 0; part < aggregate_part_count(distinct) && !status; part++)
        status = take_part(taker, distinct, part, &arena, err);
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

    for (size_t i = 0; i < worker_count && !status; i++) {
        status = hand_over_set(sink, workers[i], err);
        if (!status) status = hand_over_aside(sink, workers[i], err);
    }
    if (!status && sink->set_count == 0) status = start_empty(sink, err);
    if (!status) status = aggregate_combine(sink, err);
    for (size_t i = 0; i < sink->plan.aggregate_count && !status; i++)
        if (sink->fed_later[i]) status = finish_later(sink, i, workers, worker_count, err);
    return status ? status : aggregate_order(sink, err);
}

/* making ---------------------------------------------------------------------------------------------------------------------------- */
static void aggregate_spilled(const sink *self, uint64_t *bytes, uint64_t *parts)
{
    const aggregate_sink *sink = (const aggregate_sink *)self;

    *bytes = spill_file_size(sink->file);
    *parts = sink->file ? ROW_PARTITIONS : 0;
}

static const sink_class aggregate_class = {
    .name = "AGGREGATE",
    .free = aggregate_free,
    .worker_new = aggregate_worker_new,
    .worker_free = aggregate_worker_free,
    .consume = aggregate_consume,
    .morsel_end = aggregate_morsel_end,
    .finish = aggregate_finish,
    .spilled = aggregate_spilled,
};

static bool is_distinct(const aggregate_call *call)
{
    return call->distinct && call->function->distinct_matters && call->argument_count > 0;
}

static bool is_sorted(const aggregate_call *call)
{
    return call->order_count > 0 && call->function->ordered && call->argument_count > 0;
}

static bp_status lay_out_states(aggregate_sink *sink, const schema *input, bp_error *err)
{
    aggregate_plan *plan = &sink->plan;

    plan->plain = true;
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
        plan->feeds_later |= sink->fed_later[i];
        if (sink->fed_later[i]) continue;
        plan->ordered |= call->function->ordered;
        plan->plain &= call->argument_count == 0 || aggregate_is_plain(call->function, input->types[plan->specs[i].first]);
    }
    if (plan->stride == 0) plan->stride = AGGREGATE_STATE_ALIGNMENT;
    plan->fed_later = sink->fed_later;
    return BP_OK;
}

static size_t child_count(const aggregate_spec *spec)
{
    return spec->call->argument_count + spec->call->has_filter;
}

/* Which columns a row set aside has. Aggregates whose columns are the same share them. */
static bp_status lay_out_rows(aggregate_plan *plan, const schema *input, bp_error *err)
{
    size_t total = 0, *placed; /* of a column of the input: 1 + the last aggregate laid out whose columns begin with it */
    uint32_t *sources;
    data_type *types;

    for (size_t i = 0; i < plan->aggregate_count; i++) total += child_count(&plan->specs[i]);
    sources = arena_new_array(&plan->arena, uint32_t, total);
    types = arena_new_array(&plan->arena, data_type, total);
    placed = arena_new_array(&plan->arena, size_t, input->count + 1);
    plan->row_columns = arena_new_array(&plan->arena, uint32_t, plan->aggregate_count);
    if (!sources || !types || !placed || !plan->row_columns)
        return error_no_memory(err, plan->context->memory, total * sizeof *types);
    plan->rows = (row_layout){.keys = &plan->keys, .types = types, .sources = sources};
    plan->sets_aside = plan->group_count > 0;
    for (size_t i = 0; i < plan->aggregate_count; i++) {
        const aggregate_spec *spec = &plan->specs[i];
        size_t same = placed[spec->first];
        if (plan->fed_later[i]) continue;
        if (same && child_count(&plan->specs[same - 1]) == child_count(spec)) {
            plan->row_columns[i] = plan->row_columns[same - 1];
            continue;
        }
        placed[spec->first] = i + 1;
        plan->row_columns[i] = (uint32_t)plan->rows.column_count;
        for (size_t j = 0; j < child_count(spec); j++) {
            size_t at = plan->rows.column_count++;
            sources[at] = spec->first + (uint32_t)j;
            types[at] = input->types[sources[at]];
            plan->sets_aside &= row_layout_takes(types[at]);
        }
    }
    row_layout_finish(&plan->rows, row_block_bytes(plan->context));
    return aggregate_spill_columns(plan, err);
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
    if ((status = lay_out_states(sink, input, err)) || (status = lay_out_rows(&sink->plan, input, err))) goto done;
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
