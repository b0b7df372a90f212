/* WINDOW: all rows are collected; then each sort order is made once (row_order.h), and each call evaluated in it; a row's results go to its place in the
 * input, so the rows come out in the order in which they came.
 *
 * Only columns that calls use are put side by side; all others stay in the chunks they came in, and the results are gathered to these chunks. */
#include "window_internal.h"

#include "base/error.h"
#include "column/batch_bytes.h"
#include "column/concatenate.h"
#include "spill.h"

#define TASK_ROWS 65536

/* What finish() works with. */
typedef struct window_run {
    const window_sink *sink;
    table *rows;
    table *result;
    batch all;
    window_sort *sorts; /* one a spec; those of later ones with the same keys stay empty */
    size_t *sort_of; /* a spec's */
    window_result *results;
    arena arena;
} window_run;

static void window_free(sink *self)
{
    window_sink *window = (window_sink *)self;

    sink_free(window->rows);
    table_release(window->result);
    window_spilled_clear(&window->spilled, self->context);
    arena_clear(&window->arena);
    memory_delete(self->context->memory, window);
}

static bp_status window_worker_new(sink_worker **out, sink *self, bp_error *err)
{
    sink *rows = ((window_sink *)self)->rows;

    return rows->class->worker_new(out, rows, err);
}

static bp_status window_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err)
{
    sink *rows = ((window_sink *)self)->rows;

    return rows->class->consume(rows, worker, morsel, in, enough, err);
}

static bp_status window_morsel_end(sink *self, sink_worker *worker, uint64_t morsel, bool *enough, bp_error *err)
{
    sink *rows = ((window_sink *)self)->rows;

    return rows->class->morsel_end(rows, worker, morsel, enough, err);
}

/* the input -------------------------------------------------------------------------------------------------------------------------- */
static size_t child_count(const window_call *call)
{
    return window_end_at(call) + window_bound_children(call, call->frame.end);
}

static bp_status concatenate_column(window_run *run, size_t column_index, bp_error *err)
{
    size_t chunks = table_chunk_count(run->rows);
    const column **parts = arena_new_array(&run->arena, const column *, chunks + 1);
    bp_status status;

    if (!parts) return error_no_memory(err, run->arena.memory, chunks * sizeof *parts);
    for (size_t i = 0; i < chunks; i++) {
        column *flat = arena_new(&run->arena, column);
        if (!flat) return error_no_memory(err, run->arena.memory, sizeof *flat);
        if ((status = column_flatten(flat, &table_chunk(run->rows, i)->columns[column_index], &run->arena, err))) return status;
        parts[i] = flat;
    }
    if (chunks == 1) { /* it is side by side already */
        run->all.columns[column_index] = *parts[0];
        return BP_OK;
    }
    return column_concatenate(&run->all.columns[column_index], run->sink->schema->types[column_index], parts, chunks, &run->arena,
                              err);
}

/* The columns that calls use over all rows; the others are NULLs that nobody looks at. */
static bp_status concatenate_used(window_run *run, bp_error *err)
{
    const window_sink *window = run->sink;
    size_t count = window->schema->count, rows = table_row_count(run->rows);
    bool *used = arena_new_array(&run->arena, bool, count + 1);
    bp_status status;

    if (rows >= UINT32_MAX / 2) return error_set(err, BP_LIMIT, "windows over more than %u rows", UINT32_MAX / 2 - 1);
    run->all = (batch){.row_count = rows, .column_count = count, .columns = arena_new_array(&run->arena, column, count + 1)};
    if (!used || !run->all.columns) return error_no_memory(err, run->arena.memory, count * sizeof(column));
    for (size_t i = 0; i < window->spec_count; i++)
        for (size_t j = 0; j < child_count(window->specs[i].call); j++) used[window->specs[i].columns[j]] = true;
    for (size_t i = 0; i < count; i++) {
        if (!used[i])
            run->all.columns[i] = column_nulls(window->schema->types[i], rows);
        else if ((status = concatenate_column(run, i, err)))
            return status;
    }
    return BP_OK;
}

/* sort orders ------------------------------------------------------------------------------------------------------------------------ */
static bool same_sort(const window_spec *left, const window_spec *right)
{
    const window_call *one = left->call, *other = right->call;

    if (one->partition_count != other->partition_count || one->key_count != other->key_count) return false;
    for (size_t i = 0; i < one->partition_count; i++)
        if (left->columns[one->own_count + i] != right->columns[other->own_count + i]) return false;
    for (size_t i = 0; i < one->key_count; i++)
        if (left->columns[window_keys_at(one) + i] != right->columns[window_keys_at(other) + i] ||
            one->keys[i].descending != other->keys[i].descending || one->keys[i].nulls_first != other->keys[i].nulls_first)
            return false;
    return true;
}

static bp_status order_rows(window_run *run, window_sort *sort, const window_spec *spec, bp_error *err)
{
    const window_call *call = spec->call;
    size_t count = call->partition_count + call->key_count;
    sort_spec *specs = arena_new_array(&run->arena, sort_spec, count + 1);

    if (!specs) return error_no_memory(err, run->arena.memory, count * sizeof *specs);
    for (size_t i = 0; i < count; i++) specs[i].column = spec->columns[call->own_count + i];
    for (size_t i = 0; i < call->key_count; i++) {
        specs[call->partition_count + i].descending = call->keys[i].descending;
        specs[call->partition_count + i].nulls_first = call->keys[i].nulls_first;
    }
    return row_order_init(&sort->order, run->sink->base.context, run->sink->schema, &run->all, specs, call->partition_count, count,
                          err);
}

/* Where partitions begin, and how they make up tasks. */
static bp_status cut_tasks(window_run *run, window_sort *sort, bp_error *err)
{
    size_t rows = sort->order.row_count, count = 0;

    for (size_t place = 0; place < rows; place++) count += sort->order.begins[place] & ROW_BEGINS_PARTITION;
    sort->partitions = arena_new_array(&run->arena, uint32_t, count + 1);
    sort->tasks = arena_new_array(&run->arena, uint32_t, rows / TASK_ROWS + 2);
    if (!sort->partitions || !sort->tasks) return error_no_memory(err, run->arena.memory, count * sizeof(uint32_t));
    for (size_t place = 0; place < rows; place++)
        if (sort->order.begins[place] & ROW_BEGINS_PARTITION) sort->partitions[sort->partition_count++] = (uint32_t)place;
    sort->partitions[count] = (uint32_t)rows;
    for (size_t i = 0, begin = 0; i < count; i++) {
        if (sort->partitions[i + 1] - begin < TASK_ROWS && i + 1 < count) continue;
        begin = sort->partitions[i + 1];
        sort->tasks[++sort->task_count] = (uint32_t)i + 1;
    }
    return BP_OK;
}

static bp_status make_sorts(window_run *run, bp_error *err)
{
    const window_sink *window = run->sink;
    bp_status status;

    for (size_t i = 0; i < window->spec_count; i++) {
        size_t same = 0;
        while (same < i && (run->sort_of[same] != same || !same_sort(&window->specs[same], &window->specs[i]))) same++;
        run->sort_of[i] = same;
        if (same < i) continue;
        if ((status = order_rows(run, &run->sorts[i], &window->specs[i], err))) return status;
        if ((status = cut_tasks(run, &run->sorts[i], err))) return status;
    }
    return BP_OK;
}

/* calls ------------------------------------------------------------------------------------------------------------------------------ */
static bp_status evaluate(window_run *run, size_t index, bp_error *err)
{
    const window_sink *window = run->sink;
    window_work work = {.context = window->base.context,
                        .schema = window->schema,
                        .all = &run->all,
                        .sort = &run->sorts[run->sort_of[index]],
                        .spec = &window->specs[index],
                        .arena = &run->arena};

    switch (work.spec->call->kind) {
    case WINDOW_AGGREGATE: return window_aggregate(&run->results[index], &work, err);
    case WINDOW_LAG:
    case WINDOW_LEAD:
    case WINDOW_FIRST_VALUE:
    case WINDOW_LAST_VALUE:
    case WINDOW_NTH_VALUE: return window_value(&run->results[index], &work, err);
    default: return window_rank(&run->results[index], &work, err);
    }
}

/* the output ------------------------------------------------------------------------------------------------------------------------- */
/* A chunk of the input with its results. */
typedef struct output_job {
    const window_run *run;
    const size_t *begins; /* a chunk's first row */
    batch *chunks;
    region **regions;
} output_job;

/* Rows without a value: the gathered column gets a validity in which they are not. */
static bp_status unset_missing(column *out, const uint32_t *places, size_t rows, arena *arena, bp_error *err)
{
    uint64_t *validity = arena_allocate(arena, (bitmap_words(rows) + 1) * 8);

    if (!validity) return error_no_memory(err, arena->memory, rows / 8);
    if (out->validity)
        memcpy(validity, out->validity, bitmap_words(rows) * 8);
    else
        memset(validity, 0xff, (bitmap_words(rows) + 1) * 8);
    for (size_t i = 0; i < rows; i++)
        if (places[i] == WINDOW_NO_VALUE) bitmap_unset(validity, i);
    out->validity = validity;
    return BP_OK;
}

static bp_status gather_places(column *out, const column *values, const uint32_t *places, size_t rows, arena *arena, bp_error *err)
{
    uint32_t *selection = arena_allocate(arena, rows * sizeof *selection + 16);
    bool missing = false;
    bp_status status;

    if (!selection) return error_no_memory(err, arena->memory, rows * sizeof *selection);
    for (size_t i = 0; i < rows; i++) {
        bool none = places[i] == WINDOW_NO_VALUE;
        selection[i] = none ? 0 : places[i];
        missing |= none;
    }
    if ((status = column_gather(out, values, selection, rows, arena, err)) || !missing || out->type.id == TYPE_NULL) return status;
    return unset_missing(out, places, rows, arena, err);
}

/* Values of fixed width are the region's from now on; texts and elements belong to the result and are copied by the table. */
static void give_owner(column *out, region *region)
{
    out->owner = type_is_nested(out->type) || type_physical(out->type) == PHYSICAL_STRING ? NULL : region;
}

static bp_status output_chunk(void *data, size_t worker, uint64_t chunk, bp_error *err)
{
    output_job *job = data;
    const window_run *run = job->run;
    const window_sink *window = run->sink;
    const batch *in = table_chunk(run->rows, (size_t)chunk);
    size_t rows = in->row_count, begin = job->begins[chunk];
    region *region = region_new(window->base.context->memory);
    column *columns;
    bp_status status = BP_OK;

    (void)worker;
    if (!region) return error_no_memory(err, window->base.context->memory, rows);
    job->regions[chunk] = region;
    columns = arena_new_array(region_arena(region), column, window->output.count + 1);
    if (!columns) return error_no_memory(err, window->base.context->memory, rows);
    for (size_t i = 0; i < window->passed_count; i++) columns[i] = in->columns[i];
    for (size_t i = 0; i < window->spec_count && !status; i++) {
        const window_result *result = &run->results[i];
        column *out = &columns[window->passed_count + i];
        status = result->places ? gather_places(out, &result->values, result->places + begin, rows, region_arena(region), err)
                                : column_slice(out, &result->values, begin, rows, region_arena(region), err);
        if (!result->places) out->owner = NULL;
        if (!status && result->places) give_owner(out, region);
    }
    job->chunks[chunk] = (batch){.row_count = rows, .column_count = window->output.count, .columns = columns};
    return status;
}

static bp_status put_out(window_run *run, bp_error *err)
{
    const window_sink *window = run->sink;
    size_t chunks = table_chunk_count(run->rows), at = 0;
    size_t *begins = arena_new_array(&run->arena, size_t, chunks + 1);
    output_job job = {.run = run, .begins = begins};
    bp_status status;

    job.chunks = arena_new_array(&run->arena, batch, chunks + 1);
    job.regions = arena_new_array(&run->arena, region *, chunks + 1);
    if (!begins || !job.chunks || !job.regions) return error_no_memory(err, run->arena.memory, chunks * sizeof(batch));
    for (size_t i = 0; i < chunks; i++) {
        begins[i] = at;
        at += table_chunk(run->rows, i)->row_count;
    }
    status = table_new(&run->result, window->base.context->memory, &window->output, err);
    if (!status) status = parallel_for(window->base.context, chunks, output_chunk, &job, err);
    for (size_t i = 0; i < chunks && !status; i++) status = table_append(run->result, &job.chunks[i], err);
    if (!status) status = table_finish(run->result, err);
    for (size_t i = 0; i < chunks; i++) region_release(job.regions[i]);
    return status;
}

/* finishing -------------------------------------------------------------------------------------------------------------------------- */
static void clear_run(window_run *run)
{
    for (size_t i = 0; run->results && i < run->sink->spec_count; i++)
        for (size_t j = 0; j < run->results[i].arena_count; j++) arena_clear(&run->results[i].arenas[j]);
    for (size_t i = 0; run->sorts && i < run->sink->spec_count; i++) row_order_clear(&run->sorts[i].order);
    arena_clear(&run->arena);
}

/* After a sort order's last call it is needed no more. */
static void drop_sort(window_run *run, size_t index)
{
    size_t sort = run->sort_of[index];

    for (size_t i = index + 1; i < run->sink->spec_count; i++)
        if (run->sort_of[i] == sort) return;
    row_order_clear(&run->sorts[sort].order);
}

bp_status window_evaluate(const window_sink *window, table *rows, table **out, bp_error *err)
{
    memory *memory = window->base.context->memory;
    window_run run = {.sink = window, .rows = rows};
    bp_status status;

    *out = NULL;
    arena_init(&run.arena, memory);
    run.sorts = arena_new_array(&run.arena, window_sort, window->spec_count + 1);
    run.sort_of = arena_new_array(&run.arena, size_t, window->spec_count + 1);
    run.results = arena_new_array(&run.arena, window_result, window->spec_count + 1);
    if (!run.sorts || !run.sort_of || !run.results) {
        status = error_no_memory(err, memory, window->spec_count * sizeof(window_sort));
        goto done;
    }
    if ((status = concatenate_used(&run, err)) || (status = make_sorts(&run, err))) goto done;
    for (size_t i = 0; i < window->spec_count && !status; i++) {
        status = evaluate(&run, i, err);
        drop_sort(&run, i);
    }
    if (!status) status = put_out(&run, err);
    if (!status) {
        *out = run.result;
        run.result = NULL;
    }
done:
    clear_run(&run);
    table_release(run.result);
    table_release(run.rows);
    return status;
}

/* What evaluating needs beside the rows: a copy of them at most (columns put side by side, then the result's), and of each row a few numbers. */
#define ROW_COST 64

static size_t cost_of(const table *rows, size_t spec_count)
{
    size_t cost = table_row_count(rows) * ROW_COST * (spec_count + 1);

    for (size_t i = 0; i < table_chunk_count(rows); i++) cost += batch_bytes_size(table_chunk(rows, i));
    return cost;
}

static bp_status window_finish(sink *self, sink_worker **workers, size_t worker_count, bp_error *err)
{
    window_sink *window = (window_sink *)self;
    bp_status status = window->rows->class->finish(window->rows, workers, worker_count, err);

    if (status) return status;
    if (collect_table(window->rows) && window_can_spill(window) &&
        spill_pressure(self->context, cost_of(collect_table(window->rows), window->spec_count)))
        status = collect_spill_result(window->rows, err);
    if (status) return status;
    if (collect_table(window->rows)) return window_evaluate(window, collect_take(window->rows), &window->result, err);
    return window_evaluate_spilled(window, err);
}

static void window_spilled_figures(const sink *self, uint64_t *bytes, uint64_t *parts)
{
    const window_sink *window = (const window_sink *)self;

    window->rows->class->spilled(window->rows, bytes, parts);
    if (!window->spilled.file) return;
    *bytes += spill_file_size(window->spilled.file);
    *parts = window->spilled.count;
}

static const sink_class window_class = {
    .name = "WINDOW",
    .free = window_free,
    .worker_new = window_worker_new,
    .worker_free = collect_worker_free,
    .consume = window_consume,
    .morsel_end = window_morsel_end,
    .finish = window_finish,
    .spilled = window_spilled_figures,
};

/* The passed columns, then the results. */
static bp_status output_schema(window_sink *window, bp_error *err)
{
    bp_status status = schema_new(&window->output, &window->arena, window->passed_count + window->spec_count, err);

    for (size_t i = 0; i < window->passed_count && !status; i++) window->output.types[i] = window->schema->types[i];
    for (size_t i = 0; i < window->spec_count && !status; i++)
        window->output.types[window->passed_count + i] = window->specs[i].result;
    return status;
}

bp_status window_new(sink **out, bp_context *context, const schema *input, size_t passed_count, const window_spec *specs,
                     size_t spec_count, bp_error *err)
{
    window_sink *window = memory_new(context->memory, window_sink);
    bp_status status;

    *out = NULL;
    if (!window) return error_no_memory(err, context->memory, sizeof *window);
    window->base = (sink){.class = &window_class, .context = context};
    window->schema = input;
    window->passed_count = passed_count;
    window->specs = specs;
    window->spec_count = spec_count;
    arena_init(&window->arena, context->memory);
    status = output_schema(window, err);
    if (!status) status = collect_new(&window->rows, context, input, 0, UINT64_MAX, -1, err);
    if (!status && window_can_spill(window)) collect_allow_spill(window->rows);
    if (status)
        window_free(&window->base);
    else
        *out = &window->base;
    return status;
}

bp_status window_make_scan(void *self, scan **out, bp_error *err)
{
    window_sink *window = self;

    if (window->spilled.count) return window_spilled_scan(window, out, err);
    return table_scan_new(out, window->base.context, window->result, err);
}
