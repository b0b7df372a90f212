/* Aggregates over windows. What a frame asks decides the way:
 *
 *   WHOLE     the frame is the partition: one state a partition
 *   RUNNING   from the partition's first row to the row or its last peer, of aggregates whose states are plain (aggregate_is_plain): a state a row,
 *             then each is combined into the next: with one call for a run of rows
 *   TREE      any other frame: a segment tree a partition (segment_tree.h)
 *   LIST      DISTINCT over frames that do not begin with the partition, and ORDER BY in the argument where it matters: the frame's rows are listed
 *
 * DISTINCT over frames that begin with the partition only drops rows whose arguments came before. Results are made in the order of places (WHOLE: of partitions), in
 * each task's own arena, and concatenated. The order of all additions follows from the sort order and the fixed shape of trees: the same bits for any number of
 * threads. */
#include "column/concatenate.h"
#include "segment_tree.h"
#include "window_internal.h"

#define MOST_ARGUMENTS 16

typedef enum aggregate_way { WAY_WHOLE, WAY_RUNNING, WAY_TREE, WAY_LIST } aggregate_way;

/* What a task leaves: results side by side. */
typedef struct task_result {
    column *parts;
    size_t count, capacity;
} task_result;

typedef struct aggregate_job {
    const window_work *work;
    const aggregate_call *call;
    const aggregate_overload *function;
    aggregate_way way;
    bool whole; /* one result a partition */
    bool plain; /* states and their results are their fixed bytes */
    size_t stride;
    window_frames frames;
    argument_order order;
    uint8_t *counted; /* DISTINCT by dropping: places that count; NULL: all */
    task_result *results; /* a task's */
    arena *arenas; /* a task's, for its results */
    uint32_t *places; /* the result's: row -> place among the results */
} aggregate_job;

/* Rows at places [begin, begin + count), with numbers from 0. */
typedef struct row_block {
    column arguments[MOST_ARGUMENTS];
    segment_rows rows;
    size_t selected_count;
} row_block;

/* rows ------------------------------------------------------------------------------------------------------------------------------- */
/* Whether FILTER and NULLs leave the row in. */
static bool row_counts(const aggregate_job *job, uint32_t row)
{
    if (job->call->has_filter) {
        const column *filter = window_child(job->work, job->call->argument_count);
        if (column_is_null(filter, row) || !bitmap_get(filter->values, row)) return false;
    }
    for (size_t i = 0; job->function->skips_nulls && i < job->call->argument_count; i++)
        if (column_is_null(window_child(job->work, i), row)) return false;
    return true;
}

static bool all_count(const aggregate_job *job)
{
    if (job->call->has_filter || job->counted) return false;
    for (size_t i = 0; job->function->skips_nulls && i < job->call->argument_count; i++) {
        const column *argument = window_child(job->work, i);
        if (argument->validity || argument->type.id == TYPE_NULL) return false;
    }
    return true;
}

static bp_status select_block(row_block *block, const aggregate_job *job, size_t begin, size_t count, bool want_before,
                              arena *arena, bp_error *err)
{
    const uint32_t *rows = job->work->sort->order.rows;
    uint32_t *selected = arena_allocate(arena, count * sizeof *selected + 16), *before = NULL;
    size_t kept = 0;

    block->rows.selected = selected;
    if (!selected) return error_no_memory(err, arena->memory, count * sizeof *selected);
    if (all_count(job)) {
        for (size_t i = 0; i < count; i++) selected[i] = (uint32_t)i;
        block->selected_count = count;
        return BP_OK;
    }
    if (want_before && !(before = arena_allocate(arena, (count + 1) * sizeof *before)))
        return error_no_memory(err, arena->memory, count * sizeof *before);
    for (size_t i = 0; i < count; i++) {
        bool counts = job->counted ? job->counted[begin + i] : row_counts(job, rows[begin + i]);
        if (before) before[i] = (uint32_t)kept;
        selected[kept] = (uint32_t)i;
        kept += counts;
    }
    if (before) before[count] = (uint32_t)kept;
    block->rows.before = before;
    block->selected_count = kept;
    return BP_OK;
}

/* In `arena`. */
static bp_status load_block(row_block *block, const aggregate_job *job, size_t begin, size_t count, bool want_before, arena *arena,
                            bp_error *err)
{
    const uint32_t *rows = job->work->sort->order.rows;
    bp_status status;

    block->rows = (segment_rows){.arguments = block->arguments, .argument_count = job->call->argument_count};
    for (size_t i = 0; i < job->call->argument_count; i++)
        if ((status = column_gather(&block->arguments[i], window_child(job->work, i), rows + begin, count, arena, err)))
            return status;
    return select_block(block, job, begin, count, want_before, arena, err);
}

/* results ---------------------------------------------------------------------------------------------------------------------------- */
static bool is_fixed(data_type type)
{
    return !type_is_nested(type) && type_physical(type) != PHYSICAL_STRING;
}

/* Finish the states: plain ones at once; of others the results are copied away from the states' memory and from what finishing needed. */
static bp_status put_results(const aggregate_job *job, uint64_t task, const aggregate_state_call *call, const char *states,
                             size_t count, bp_error *err)
{
    task_result *result = &job->results[task];
    arena *arena = &job->arenas[task];
    data_type type = job->work->spec->result;
    column made;
    bp_status status;

    if (count == 0) return BP_OK;
    if (result->count == result->capacity) {
        size_t wanted = result->capacity ? result->capacity * 2 : 4;
        column *larger = arena_new_array(arena, column, wanted);
        if (!larger) return error_no_memory(err, arena->memory, wanted * sizeof *larger);
        if (result->count) memcpy(larger, result->parts, result->count * sizeof *larger);
        result->parts = larger;
        result->capacity = wanted;
    }
    status = job->function->finish(call, states, job->stride, count, &made, job->plain ? arena : call->arena, err);
    if (status) return status;
    made.type = type;
    made.length = count;
    if (job->plain)
        result->parts[result->count] = made;
    else if ((status = column_copy(&result->parts[result->count], &made, arena, err)))
        return status;
    result->count++;
    return BP_OK;
}

static bp_status new_states(char **out, const aggregate_job *job, const aggregate_state_call *call, size_t count, bp_error *err)
{
    *out = arena_allocate_array(call->arena, count, job->stride);
    if (!*out) return error_no_memory(err, call->arena->memory, count * job->stride);
    job->function->init(call, *out, job->stride, count);
    return BP_OK;
}

/* WHOLE ------------------------------------------------------------------------------------------------------------------------------ */
/* The partition of each place of [begin, end), counted from the task's first. */
static void number_partitions(const aggregate_job *job, size_t begin, size_t end, size_t *partition, uint32_t first,
                              uint32_t *groups)
{
    const window_sort *sort = job->work->sort;

    for (size_t place = begin; place < end; place++) {
        while (place >= sort->partitions[*partition + 1]) (*partition)++;
        groups[place - begin] = (uint32_t)*partition - first;
        job->places[sort->order.rows[place]] = (uint32_t)*partition;
    }
}

static bp_status whole_task(void *data, size_t worker, uint64_t task, bp_error *err)
{
    const aggregate_job *job = data;
    const window_sort *sort = job->work->sort;
    uint32_t first = sort->tasks[task], last = sort->tasks[task + 1];
    uint32_t groups[WINDOW_BLOCK_ROWS];
    size_t partition = first, end = sort->partitions[last];
    arena held, scratch;
    aggregate_state_call call = {.context = job->work->context, .arena = &held, .bind_data = job->call->bind_data};
    char *states;
    bp_status status;

    (void)worker;
    arena_init(&held, job->work->context->memory);
    arena_init(&scratch, job->work->context->memory);
    if ((status = new_states(&states, job, &call, last - first, err))) goto done;
    for (size_t begin = sort->partitions[first]; begin < end; begin += WINDOW_BLOCK_ROWS) {
        size_t count = end - begin < WINDOW_BLOCK_ROWS ? end - begin : WINDOW_BLOCK_ROWS;
        row_block block;
        arena_reset(&scratch);
        if ((status = cancel_check(&job->work->context->cancel, err))) goto done;
        if ((status = load_block(&block, job, begin, count, false, &scratch, err))) goto done;
        number_partitions(job, begin, begin + count, &partition, first, groups);
        for (size_t i = 0; i < block.selected_count; i++) groups[i] = groups[block.rows.selected[i]];
        if (block.selected_count &&
            (status = job->function->update(&call, states, job->stride, groups, block.arguments, job->call->argument_count,
                                            block.rows.selected, block.selected_count, err)))
            goto done;
    }
    status = put_results(job, task, &call, states, last - first, err);
done:
    arena_clear(&scratch);
    arena_clear(&held);
    return status;
}

/* RUNNING ---------------------------------------------------------------------------------------------------------------------------- */
/* Identity, for combining states[i] into states[i + 1]. */
static void fill_identity(uint32_t *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) groups[i] = (uint32_t)i;
}

/* Places [begin, begin + count): each state has its own row; now all before it in its partition are added. `carry` is the state of the place before. */
static bp_status run_states(const aggregate_job *job, const aggregate_state_call *call, size_t begin, size_t count, char *states,
                            const char *carry, const uint32_t *identity, bp_error *err)
{
    const uint8_t *begins = job->work->sort->order.begins;
    size_t stride = job->stride;
    bp_status status = BP_OK;

    if (!(begins[begin] & ROW_BEGINS_PARTITION))
        status = job->function->combine(call, states, stride, identity, carry, stride, 1, err);
    for (size_t at = 0; at < count && !status;) {
        size_t end = at + 1;
        while (end < count && !(begins[begin + end] & ROW_BEGINS_PARTITION)) end++;
        if (end - at > 1)
            status = job->function->combine(call, states + (at + 1) * stride, stride, identity, states + at * stride, stride,
                                            end - at - 1, err);
        at = end;
    }
    return status;
}

static bp_status running_block(const aggregate_job *job, uint64_t task, size_t begin, size_t count, const uint32_t *identity,
                               char *carry, arena *scratch, bp_error *err)
{
    aggregate_state_call call = {.context = job->work->context, .arena = scratch, .bind_data = job->call->bind_data};
    row_block block;
    char *states;
    bp_status status;

    arena_reset(scratch);
    if ((status = cancel_check(&job->work->context->cancel, err))) return status;
    if ((status = load_block(&block, job, begin, count, false, scratch, err))) return status;
    if ((status = new_states(&states, job, &call, count, err))) return status;
    if (block.selected_count &&
        (status = job->function->update(&call, states, job->stride, block.rows.selected, block.arguments, job->call->argument_count,
                                        block.rows.selected, block.selected_count, err)))
        return status;
    if ((status = run_states(job, &call, begin, count, states, carry, identity, err))) return status;
    memcpy(carry, states + (count - 1) * job->stride, job->stride);
    return put_results(job, task, &call, states, count, err);
}

/* ROWS: a row has the result of its own place; else that of its last peer. */
static void note_places(const aggregate_job *job, size_t begin, size_t end)
{
    const row_order *order = &job->work->sort->order;
    bool peers = job->way == WAY_RUNNING && job->work->spec->call->frame.unit != WINDOW_ROWS;
    size_t last = end;

    for (size_t place = end; place-- > begin;) {
        if (!peers || last == end || order->begins[place + 1] & ROW_BEGINS_PEERS) last = place;
        job->places[order->rows[place]] = (uint32_t)last;
    }
}

static bp_status running_task(void *data, size_t worker, uint64_t task, bp_error *err)
{
    const aggregate_job *job = data;
    const window_sort *sort = job->work->sort;
    size_t begin = sort->partitions[sort->tasks[task]], end = sort->partitions[sort->tasks[task + 1]];
    uint32_t identity[WINDOW_BLOCK_ROWS];
    _Alignas(16) char carry[256];
    arena scratch;
    bp_status status = BP_OK;

    (void)worker;
    fill_identity(identity, WINDOW_BLOCK_ROWS);
    arena_init(&scratch, job->work->context->memory);
    note_places(job, begin, end);
    for (size_t at = begin; at < end && !status; at += WINDOW_BLOCK_ROWS)
        status = running_block(job, task, at, end - at < WINDOW_BLOCK_ROWS ? end - at : WINDOW_BLOCK_ROWS, identity, carry,
                               &scratch, err);
    arena_clear(&scratch);
    return status;
}

/* TREE and LIST ---------------------------------------------------------------------------------------------------------------------- */
#define FRAME_BLOCK_ROWS 256

/* A partition being evaluated frame by frame. */
typedef struct frame_state {
    const aggregate_job *job;
    uint64_t task;
    frame_cursor cursor;
    row_block block; /* the partition's rows, numbered from 0 */
    segment_tree tree;
    uint32_t *list, *marks, *zeros; /* LIST: room for the partition's rows */
    uint64_t *scratch_numbers;
    uint32_t mark, first_class;
    arena partition, scratch;
} frame_state;

static bp_status enter_list(frame_state *state, size_t begin, size_t end, bp_error *err)
{
    size_t rows = end - begin;

    state->list = arena_new_array(&state->partition, uint32_t, rows);
    state->marks = arena_new_array(&state->partition, uint32_t, rows);
    state->zeros = arena_new_array(&state->partition, uint32_t, rows);
    state->scratch_numbers = arena_new_array(&state->partition, uint64_t, rows);
    if (!state->list || !state->marks || !state->zeros || !state->scratch_numbers)
        return error_no_memory(err, state->partition.memory, rows * 8);
    state->mark = 0;
    state->first_class = argument_order_first(&state->job->order, state->job->work->sort->order.rows, begin, end);
    return BP_OK;
}

static bp_status enter_partition(frame_state *state, size_t partition, bp_error *err)
{
    const aggregate_job *job = state->job;
    size_t begin, end;
    bp_status status;

    arena_reset(&state->partition);
    if ((status = frame_cursor_enter(&state->cursor, partition, err))) return status;
    begin = state->cursor.begin;
    end = state->cursor.end;
    if ((status = load_block(&state->block, job, begin, end - begin, true, &state->partition, err))) return status;
    if (job->way == WAY_LIST) return enter_list(state, begin, end, err);
    return segment_tree_init(&state->tree, job->work->context, job->call, &state->block.rows, 0, end - begin, &state->partition,
                             err);
}

/* LIST: the frame's rows that count, without duplicates, in order. */
static bp_status add_list(frame_state *state, const aggregate_state_call *call, char *to, bp_error *err)
{
    const aggregate_job *job = state->job;
    const uint32_t *rows = job->work->sort->order.rows, *before = state->block.rows.before;
    size_t count = 0, begin = state->cursor.begin;

    for (size_t i = 0; i < state->cursor.span_count; i++)
        for (size_t place = state->cursor.spans[i].begin; place < state->cursor.spans[i].end; place++)
            if (!before || before[place - begin] != before[place - begin + 1]) state->list[count++] = (uint32_t)place;
    count = argument_order_apply(&job->order, rows, state->list, count, state->first_class, state->marks, ++state->mark,
                                 state->scratch_numbers);
    if (count == 0) return BP_OK;
    for (size_t i = 0; i < count; i++) state->list[i] -= (uint32_t)begin;
    return job->function->update(call, to, job->stride, state->zeros, state->block.arguments, job->call->argument_count,
                                 state->list, count, err);
}

static bp_status add_frame(frame_state *state, size_t place, const aggregate_state_call *call, char *to, bp_error *err)
{
    size_t begin = state->cursor.begin;
    bp_status status;

    if ((status = frame_cursor_at(&state->cursor, place, err))) return status;
    if (state->job->way == WAY_LIST) return add_list(state, call, to, err);
    for (size_t i = 0; i < state->cursor.span_count && !status; i++)
        status =
            segment_tree_add(&state->tree, state->cursor.spans[i].begin - begin, state->cursor.spans[i].end - begin, call, to, err);
    return status;
}

/* A whole frame needs one result alone. */
static bp_status evaluate_partition(frame_state *state, bp_error *err)
{
    const aggregate_job *job = state->job;
    aggregate_state_call call = {.context = job->work->context, .arena = &state->scratch, .bind_data = job->call->bind_data};
    size_t end = job->whole ? state->cursor.begin + 1 : state->cursor.end;
    char *states;
    bp_status status = BP_OK;

    for (size_t begin = state->cursor.begin; begin < end && !status; begin += FRAME_BLOCK_ROWS) {
        size_t count = end - begin < FRAME_BLOCK_ROWS ? end - begin : FRAME_BLOCK_ROWS;
        arena_reset(&state->scratch);
        status = new_states(&states, job, &call, count, err);
        for (size_t i = 0; i < count && !status; i++) {
            status = cancel_check(&job->work->context->cancel, err);
            if (!status) status = add_frame(state, begin + i, &call, states + i * job->stride, err);
        }
        if (!status) status = put_results(job, state->task, &call, states, count, err);
    }
    return status;
}

static bp_status frame_task(void *data, size_t worker, uint64_t task, bp_error *err)
{
    const aggregate_job *job = data;
    const window_sort *sort = job->work->sort;
    frame_state state = {.job = job, .task = task};
    bp_status status = BP_OK;

    (void)worker;
    arena_init(&state.partition, job->work->context->memory);
    arena_init(&state.scratch, job->work->context->memory);
    frame_cursor_init(&state.cursor, &job->frames);
    for (size_t i = sort->tasks[task]; i < sort->tasks[task + 1] && !status; i++) {
        size_t begin = sort->partitions[i], end = sort->partitions[i + 1];
        status = enter_partition(&state, i, err);
        if (!status) status = evaluate_partition(&state, err);
        if (!job->whole) note_places(job, begin, end);
        for (size_t place = begin; job->whole && place < end; place++) job->places[sort->order.rows[place]] = (uint32_t)i;
    }
    frame_cursor_clear(&state.cursor);
    arena_clear(&state.scratch);
    arena_clear(&state.partition);
    return status;
}

/* DISTINCT by dropping ----------------------------------------------------------------------------------------------------------------- */
static bp_status count_task(void *data, size_t worker, uint64_t task, bp_error *err)
{
    const aggregate_job *job = data;
    const window_sort *sort = job->work->sort;
    const uint32_t *rows = sort->order.rows, *classes = job->order.classes;
    bp_status status = BP_OK;
    arena arena;

    (void)worker;
    arena_init(&arena, job->work->context->memory);
    for (size_t i = sort->tasks[task]; i < sort->tasks[task + 1]; i++) {
        size_t begin = sort->partitions[i], end = sort->partitions[i + 1];
        uint32_t first = argument_order_first(&job->order, rows, begin, end);
        bool *seen;
        arena_reset(&arena);
        seen = arena_new_array(&arena, bool, end - begin);
        if (!seen) {
            status = error_no_memory(err, arena.memory, end - begin);
            break;
        }
        for (size_t place = begin; place < end; place++) {
            uint32_t class = classes[rows[place]] - first;
            job->counted[place] = !seen[class] && row_counts(job, rows[place]);
            seen[class] |= job->counted[place] != 0;
        }
    }
    arena_clear(&arena);
    return status;
}

static bp_status drop_duplicates(aggregate_job *job, bp_error *err)
{
    const window_work *work = job->work;
    uint8_t *counted = arena_allocate(work->arena, work->all->row_count + 1);
    bp_status status;

    if (!counted) return error_no_memory(err, work->context->memory, work->all->row_count);
    job->counted = counted;
    status = window_tasks(work, count_task, job, err);
    argument_order_clear(&job->order);
    return status;
}

/* the whole -------------------------------------------------------------------------------------------------------------------------- */
/* ORDER BY in the argument matters to functions that mind the order. */
static bool minds_order(const aggregate_job *job)
{
    return job->call->order_count && job->function->ordered;
}

static aggregate_way choose_way(const aggregate_job *job)
{
    const window_call *call = job->work->spec->call;
    bool drops = call->frame.start == WINDOW_UNBOUNDED_PRECEDING && call->frame.exclusion == WINDOW_EXCLUDE_NOTHING;

    if (minds_order(job) || (job->call->distinct && !drops && !job->whole)) return WAY_LIST;
    if (job->whole) return WAY_WHOLE;
    return job->plain && window_frame_is_running(call) ? WAY_RUNNING : WAY_TREE;
}

static bp_status concatenate_results(window_result *out, const aggregate_job *job, bp_error *err)
{
    const window_work *work = job->work;
    size_t total = 0, at = 0;
    const column **parts;
    bp_status status;

    for (size_t i = 0; i < work->sort->task_count; i++) total += job->results[i].count;
    parts = arena_new_array(work->arena, const column *, total + 1);
    if (!parts) return error_no_memory(err, work->context->memory, total * sizeof *parts);
    for (size_t i = 0; i < work->sort->task_count; i++)
        for (size_t j = 0; j < job->results[i].count; j++) parts[at++] = &job->results[i].parts[j];
    status = column_concatenate(&out->values, work->spec->result, parts, total, work->arena, err);
    for (size_t i = 0; i < work->sort->task_count && is_fixed(work->spec->result); i++) arena_clear(&job->arenas[i]);
    return status;
}

static bp_status prepare(aggregate_job *job, bp_error *err)
{
    const window_work *work = job->work;
    size_t tasks = work->sort->task_count;
    bp_status status;

    if (job->call->argument_count > MOST_ARGUMENTS)
        return error_set(err, BP_NOT_SUPPORTED, "%s() of more than %d arguments", job->function->name, MOST_ARGUMENTS);
    job->stride = segment_stride(job->function);
    job->whole = window_frame_is_whole(work->spec->call);
    job->plain = aggregate_is_plain(job->function, job->call->argument_count ? window_child(work, 0)->type : type_of(TYPE_NULL));
    job->way = choose_way(job);
    job->results = arena_new_array(work->arena, task_result, tasks);
    job->arenas = arena_new_array(work->arena, arena, tasks);
    job->places = arena_new_array(work->arena, uint32_t, work->all->row_count);
    if (!job->results || !job->arenas || !job->places) return error_no_memory(err, work->context->memory, tasks * sizeof(arena));
    for (size_t i = 0; i < tasks; i++) arena_init(&job->arenas[i], work->context->memory);
    if ((status = argument_order_init(&job->order, work, job->call->distinct, minds_order(job), err))) return status;
    if (job->call->distinct && job->way != WAY_LIST && (status = drop_duplicates(job, err))) return status;
    job->frames = (window_frames){.work = work, .frame = work->spec->call->frame};
    return job->whole || job->way == WAY_RUNNING ? BP_OK : window_frames_init(&job->frames, work, err);
}

bp_status window_aggregate(window_result *out, const window_work *work, bp_error *err)
{
    static const parallel_function functions[] = {
        [WAY_WHOLE] = whole_task, [WAY_RUNNING] = running_task, [WAY_TREE] = frame_task, [WAY_LIST] = frame_task};
    aggregate_job job = {.work = work, .call = work->spec->call->aggregate, .function = work->spec->call->aggregate->function};
    bp_status status;

    *out = (window_result){0};
    status = prepare(&job, err);
    out->arenas = job.arenas;
    out->arena_count = job.arenas ? work->sort->task_count : 0;
    if (!status) status = window_tasks(work, functions[job.way], &job, err);
    window_frames_clear(&job.frames);
    argument_order_clear(&job.order);
    if (!status) status = concatenate_results(out, &job, err);
    out->places = job.places;
    return status;
}
