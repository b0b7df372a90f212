/* Running a lowered plan and handing out its rows in order.
 *
 * The first morsel of the last pipeline is pulled by the caller itself, batch by batch, so that small results and the first rows come at once and without
 * a copy. If there are more, the rest runs in windows: several morsels at a time are computed in parallel and kept, then handed out in morsel order. When
 * memory becomes scarce a worker leaves its morsel where it is, and the reader goes on with it when its turn comes.
 *
 * Who wants Arrow arrays gets them made by the workers of the window, each from the morsels that it has just computed: on the caller's thread, between
 * windows, that was a tenth of the work of reading a Parquet file while all other processors waited. */
#include "query.h"

#include "exec.h"
#include "lower.h"

#define WINDOW_MORSELS 4 /* a worker and window */
#define LEAST_EXPORTED (TABLE_CHUNK_ROWS / 8) /* rows of a batch that makes an array by itself */

typedef struct window_slot {
    uint64_t morsel;
    table *rows;
    size_t worker;
    bool left; /* after these rows the worker's chain goes on with the morsel's others */
    struct ArrowArray *arrays; /* instead of rows, where those are wanted; what has left is zero */
    size_t array_count, array_capacity;
} window_slot;

struct query {
    plan *plan;
    bp_context *context;
    lowered lowered;
    batch rest; /* of the caller's own chain: rows from rest_at on are still to be exported */
    size_t rest_at, rest_worker;
    bool started, in_first, handed_out, ended;
    bool exports; /* windows give arrays */
    scan *scan;
    size_t worker_count;
    chain **chains; /* worker_count; made when first needed */
    arrow_kept *kept; /* worker_count */
    window_slot *slots; /* of the present window, in morsel order */
    size_t slot_count, slot_capacity;
    size_t slot_at, chunk_at; /* what is handed out next; chunk: or array */
    size_t used_before; /* bytes of memory, when the window began */
    mutex lock;
    size_t claims_left; /* of the window */
    bool scan_ended;
    arena arena;
};

/* The last pipeline is one stage more. */
static void number_stages(lowered *lowered)
{
    for (size_t i = 0; i < lowered->pipeline_count; i++) {
        lowered->pipelines[i]->stage = i;
        lowered->pipelines[i]->stage_count = lowered->pipeline_count + 1;
    }
    lowered->result->stage = lowered->pipeline_count;
    lowered->result->stage_count = lowered->pipeline_count + 1;
}

bp_status query_new(query **out, plan *plan, bool profile, bp_error *err)
{
    query *made = memory_new(plan->context->memory, query);
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, plan->context->memory, sizeof *made);
    made->plan = plan;
    made->context = plan->context;
    arena_init(&made->arena, plan->context->memory);
    mutex_init(&made->lock);
    status = lower_plan(&made->lowered, plan, profile, err);
    if (status) {
        query_free(made);
        return status;
    }
    number_stages(&made->lowered);
    *out = made;
    return BP_OK;
}

static void slot_clear(const query *query, window_slot *slot)
{
    for (size_t i = 0; i < slot->array_count; i++)
        if (slot->arrays[i].release) slot->arrays[i].release(&slot->arrays[i]);
    memory_free(query->context->memory, slot->arrays, slot->array_capacity * sizeof *slot->arrays);
    table_release(slot->rows);
}

static void clear_window(query *query)
{
    for (size_t i = 0; i < query->slot_count; i++) slot_clear(query, &query->slots[i]);
    query->slot_count = query->slot_at = query->chunk_at = 0;
}

static void close_scan(query *query)
{
    for (size_t i = 0; query->chains && i < query->worker_count; i++) chain_free(query->chains[i]);
    memory_free(query->context->memory, query->chains, query->worker_count * sizeof *query->chains);
    query->chains = NULL;
    for (size_t i = 0; query->kept && i < query->worker_count; i++) arrow_kept_clear(&query->kept[i]);
    memory_free(query->context->memory, query->kept, query->worker_count * sizeof *query->kept);
    query->kept = NULL;
    scan_free(query->scan);
    query->scan = NULL;
}

void query_free(query *query)
{
    memory *memory;

    if (!query) return;
    memory = query->context->memory;
    clear_window(query);
    memory_free(memory, query->slots, query->slot_capacity * sizeof *query->slots);
    close_scan(query);
    lowered_clear(&query->lowered);
    mutex_clear(&query->lock);
    arena_clear(&query->arena);
    memory_delete(memory, query);
}

static bp_status make_chain(query *query, size_t worker, bp_error *err)
{
    if (query->chains[worker]) return BP_OK;
    return chain_new(&query->chains[worker], query->lowered.result, query->scan, err);
}

bool query_streams_source(const query *query, const source *source)
{
    return pipeline_reads_source(query->lowered.result, source);
}

static bp_status open_scan(query *query, bp_error *err)
{
    pipeline *last = query->lowered.result;
    bp_status status = pipeline_open(last, &query->scan, err);

    if (status) return status;
    query->worker_count = query->scan->morsel_estimate > 1 ? parallel_workers(query->context, query->scan->morsel_estimate) : 1;
    query->chains = memory_allocate_array(query->context->memory, query->worker_count, sizeof *query->chains);
    query->kept = memory_allocate_array(query->context->memory, query->worker_count, sizeof *query->kept);
    if (!query->chains || !query->kept)
        return error_no_memory(err, query->context->memory, query->worker_count * sizeof *query->kept);
    return make_chain(query, 0, err);
}

static bp_status claim_first(query *query, bp_error *err)
{
    bool end;
    uint64_t morsel;
    bp_status status = chain_claim(query->chains[0], &morsel, &end, err);

    if (status) return status;
    query->in_first = !end;
    query->ended = end;
    return BP_OK;
}

/* Run what the last pipeline reads, open it, and claim its first morsel. */
bp_status query_start(query *query, bp_error *err)
{
    lowered *lowered = &query->lowered;
    bp_status status;

    query->started = true;
    for (size_t i = 0; i < lowered->pipeline_count; i++)
        if ((status = pipeline_run(lowered->pipelines[i], err))) return status;
    if ((status = open_scan(query, err))) return status;
    return claim_first(query, err);
}

/* What is opened anew has read nothing yet but what a claim reads. The caller's own first morsel is left out with several workers: who wants large
 * batches waits for all of them. */
bp_status query_widen(query *query, bp_error *err)
{
    bp_status status;

    CHECK(!query->handed_out);
    if (query->ended || !pipeline_widen_scan(query->lowered.result, true)) return BP_OK;
    if (!query->started) return BP_OK;
    close_scan(query);
    query->in_first = false;
    if ((status = open_scan(query, err))) return status;
    return query->worker_count == 1 ? claim_first(query, err) : BP_OK;
}

/* windows ------------------------------------------------------------------------------------------------------------------------------ */
/* Results must not need more memory than there is only because others are faster at filling windows than the reader at emptying them: beyond a
 * quarter of the limit a window that has a morsel for each worker gets no more. */
static bool window_is_heavy(const query *query)
{
    const memory *memory = query->context->memory;

    return query->slot_count >= query->worker_count && memory_used(memory) > memory_limit(memory) / 4;
}

/* Take a morsel of this window: numbers rise in claim order, so slots are in morsel order as well. */
static bp_status claim_slot(query *query, size_t worker, window_slot **out, bp_error *err)
{
    bool end = true;
    uint64_t morsel = 0;
    bp_status status = BP_OK;

    *out = NULL;
    mutex_lock(&query->lock);
    if (query->claims_left && !query->scan_ended && !window_is_heavy(query)) {
        status = chain_claim(query->chains[worker], &morsel, &end, err);
        query->scan_ended |= end;
        query->claims_left--;
        if (!status && !end) {
            *out = &query->slots[query->slot_count++];
            **out = (window_slot){.morsel = morsel, .worker = worker};
        }
    }
    mutex_unlock(&query->lock);
    return status;
}

/* Rows that wait for their turn must not need all there is: nor may what takes them in have no room left. */
static bool memory_is_scarce(const query *query)
{
    const memory *memory = query->context->memory;
    size_t limit = memory_limit(memory), used = memory_used(memory);

    if (query->context->config.spill == SPILL_ALWAYS) return true;
    return used > limit / 2 && used - limit / 8 > query->used_before;
}

static bp_status export_slice(const query *query, size_t worker, struct ArrowArray *out, const batch *rows, size_t begin,
                              size_t count, bp_error *err)
{
    memory *memory = query->context->memory;
    bp_status status;
    arena scratch;
    batch part;

    if (begin == 0 && count == rows->row_count)
        return arrow_export_next(out, memory, &query->plan->result, rows, &query->kept[worker], err);
    arena_init(&scratch, memory);
    status = batch_slice(&part, rows, begin, count, &scratch, err);
    if (!status) status = arrow_export_next(out, memory, &query->plan->result, &part, &query->kept[worker], err);
    arena_clear(&scratch);
    return status;
}

/* Rows from *at on: all, or fewer when they have too much text for 32-bit offsets. */
static bp_status export_rows(const query *query, size_t worker, struct ArrowArray *out, const batch *rows, size_t *at,
                             bp_error *err)
{
    size_t count = rows->row_count - *at;
    bp_status status;

    while ((status = export_slice(query, worker, out, rows, *at, count, err)) == BP_LIMIT && count > 1) {
        error_clear(err);
        count /= 2;
    }
    if (!status) *at += count;
    return status;
}

static bp_status add_array(const query *query, window_slot *slot, const batch *rows, size_t *at, bp_error *err)
{
    memory *memory = query->context->memory;
    bp_status status = cancel_check(&query->context->cancel, err);

    if (status) return status;
    if (slot->array_count == slot->array_capacity) {
        size_t wanted = slot->array_capacity * 2 + 4;
        struct ArrowArray *larger =
            memory_resize(memory, slot->arrays, slot->array_capacity * sizeof *larger, wanted * sizeof *larger);
        if (!larger) return error_no_memory(err, memory, wanted * sizeof *larger);
        slot->arrays = larger;
        slot->array_capacity = wanted;
    }
    status = export_rows(query, slot->worker, &slot->arrays[slot->array_count], rows, at, err);
    if (!status) slot->array_count++;
    return status;
}

static bp_status add_arrays(const query *query, window_slot *slot, const batch *rows, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t at = 0; at < rows->row_count && !status;) status = add_array(query, slot, rows, &at, err);
    return status;
}

/* The rows gathered so far leave as arrays, which keep what they show in place. */
static bp_status export_gathered(const query *query, window_slot *slot, bp_error *err)
{
    bp_status status = table_finish(slot->rows, err);

    for (size_t i = 0; i < table_chunk_count(slot->rows) && !status; i++)
        status = add_arrays(query, slot, table_chunk(slot->rows, i), err);
    table_release(slot->rows);
    slot->rows = NULL;
    return status;
}

/* Large batches are exported as they come, small ones are gathered. */
static bp_status take_batch(const query *query, window_slot *slot, const batch *rows, bp_error *err)
{
    bp_status status;

    if (query->exports && rows->row_count >= LEAST_EXPORTED) {
        if (slot->rows && (status = export_gathered(query, slot, err))) return status;
        return add_arrays(query, slot, rows, err);
    }
    if (!slot->rows && (status = table_new(&slot->rows, query->context->memory, &query->plan->result, err))) return status;
    return table_append(slot->rows, rows, err);
}

static bp_status fill_slot(query *query, size_t worker, window_slot *slot, bp_error *err)
{
    batch rows;
    bp_status status;

    for (;;) {
        if ((status = chain_next(query->chains[worker], &rows, err))) return status;
        if (rows.row_count == 0) break;
        if ((status = take_batch(query, slot, &rows, err))) return status;
        if (!memory_is_scarce(query)) continue;
        slot->left = true;
        break;
    }
    if (!slot->rows) return BP_OK;
    return query->exports ? export_gathered(query, slot, err) : table_finish(slot->rows, err);
}

static bp_status fill_window(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    query *query = data;
    bp_status status = BP_OK;

    (void)piece;
    while (!status) {
        window_slot *slot;
        status = claim_slot(query, worker, &slot, err);
        if (status || !slot) break;
        status = fill_slot(query, worker, slot, err);
        pipeline_progress(query->lowered.result, query->scan);
        if (slot->left) break;
    }
    return status;
}

static bp_status next_window(query *query, bp_error *err)
{
    bp_status status = BP_OK;

    clear_window(query);
    if (!query->slots) {
        query->slot_capacity = query->worker_count * WINDOW_MORSELS;
        query->slots = memory_allocate_array(query->context->memory, query->slot_capacity, sizeof *query->slots);
        if (!query->slots) return error_no_memory(err, query->context->memory, query->slot_capacity * sizeof *query->slots);
    }
    query->claims_left = query->slot_capacity;
    query->used_before = memory_used(query->context->memory);
    for (size_t i = 0; i < query->worker_count && !status; i++) status = make_chain(query, i, err);
    if (status) return status;
    return query->worker_count == 1 ? fill_window(query, 0, 0, err)
                                    : parallel_run(query->context, query->worker_count, fill_window, query, err);
}

/* The next batch of the window; row_count 0: none is left. */
static bp_status next_kept(query *query, batch *out, bp_error *err)
{
    bp_status status;

    *out = (batch){0};
    for (; query->slot_at < query->slot_count; query->slot_at++, query->chunk_at = 0) {
        window_slot *slot = &query->slots[query->slot_at];
        if (slot->rows && query->chunk_at < table_chunk_count(slot->rows)) {
            *out = *table_chunk(slot->rows, query->chunk_at++);
            return BP_OK;
        }
        table_release(slot->rows);
        slot->rows = NULL;
        if (slot->left && ((status = chain_next(query->chains[slot->worker], out, err)) || out->row_count)) return status;
    }
    return BP_OK;
}

static bp_status next_in_windows(query *query, batch *out, bp_error *err)
{
    bp_status status;

    for (;;) {
        if ((status = next_kept(query, out, err)) || out->row_count) return status;
        if (query->scan_ended) {
            query->ended = true;
            return BP_OK;
        }
        if ((status = next_window(query, err))) return status;
    }
}

/* Without other workers morsels are pulled one after the other, nothing is kept. */
static bp_status next_alone(query *query, batch *out, bp_error *err)
{
    bool end;
    uint64_t morsel;
    bp_status status;

    for (;;) {
        if ((status = chain_next(query->chains[0], out, err)) || out->row_count) return status;
        if ((status = chain_claim(query->chains[0], &morsel, &end, err))) return status;
        pipeline_progress(query->lowered.result, query->scan);
        if (end) {
            query->ended = true;
            return BP_OK;
        }
    }
}

bp_status query_next(query *query, batch *out, bp_error *err)
{
    bp_status status;

    CHECK(!query->exports);
    *out = (batch){0};
    if (!query->started && (status = query_start(query, err))) return status;
    query->handed_out = true;
    if (query->ended) return BP_OK;
    if (query->worker_count == 1) return next_alone(query, out, err);
    if (query->in_first) {
        if ((status = chain_next(query->chains[0], out, err)) || out->row_count) return status;
        query->in_first = false;
    }
    return next_in_windows(query, out, err);
}

/* arrays -------------------------------------------------------------------------------------------------------------------------------- */
/* What is left of rows that did not fit into one array. */
static bp_status export_rest(query *query, struct ArrowArray *out, bp_error *err)
{
    return export_rows(query, query->rest_worker, out, &query->rest, &query->rest_at, err);
}

/* Rows of a chain of the window that the caller goes on with, which are valid until it is asked again. */
static bp_status export_own(query *query, size_t worker, struct ArrowArray *out, const batch *rows, bp_error *err)
{
    query->rest = *rows;
    query->rest_at = 0;
    query->rest_worker = worker;
    return export_rest(query, out, err);
}

/* The next array of the window; without a release function: none is left. */
static bp_status next_kept_array(query *query, struct ArrowArray *out, bp_error *err)
{
    batch rows;
    bp_status status;

    for (; query->slot_at < query->slot_count; query->slot_at++, query->chunk_at = 0) {
        window_slot *slot = &query->slots[query->slot_at];
        if (query->chunk_at < slot->array_count) {
            *out = slot->arrays[query->chunk_at];
            slot->arrays[query->chunk_at++] = (struct ArrowArray){0};
            return BP_OK;
        }
        if (!slot->left) continue;
        if ((status = chain_next(query->chains[slot->worker], &rows, err))) return status;
        if (rows.row_count) return export_own(query, slot->worker, out, &rows, err);
    }
    return BP_OK;
}

static bp_status next_array_in_windows(query *query, struct ArrowArray *out, bp_error *err)
{
    bp_status status;

    for (;;) {
        if ((status = next_kept_array(query, out, err)) || out->release) return status;
        query->ended = query->scan_ended;
        if (query->ended) return BP_OK;
        if ((status = next_window(query, err))) return status;
    }
}

bp_status query_next_array(query *query, struct ArrowArray *out, bp_error *err)
{
    batch rows = {0};
    bp_status status;

    *out = (struct ArrowArray){0};
    if (!query->started && (status = query_start(query, err))) return status;
    if (!query->handed_out) {
        if ((status = query_widen(query, err))) return status;
        query->exports = query->worker_count > 1;
        query->handed_out = true;
    }
    if (query->rest_at < query->rest.row_count) return export_rest(query, out, err);
    if (query->ended) return BP_OK;
    if (!query->exports) {
        if ((status = query_next(query, &rows, err))) return status;
    } else if (query->in_first) {
        if ((status = chain_next(query->chains[0], &rows, err))) return status;
        query->in_first = rows.row_count > 0;
    }
    if (rows.row_count) return export_own(query, 0, out, &rows, err);
    return query->exports ? next_array_in_windows(query, out, err) : BP_OK;
}

/* collecting ---------------------------------------------------------------------------------------------------------------------------- */
bp_status query_collect(query *query, table **out, bp_error *err)
{
    lowered *lowered = &query->lowered;
    pipeline *last = lowered->result;
    bp_status status;

    CHECK(!query->started);
    *out = NULL;
    query->started = query->ended = true;
    for (size_t i = 0; i < lowered->pipeline_count; i++)
        if ((status = pipeline_run(lowered->pipelines[i], err))) return status;
    pipeline_widen_scan(last, false);
    if ((status = collect_new(&last->sink, query->context, &query->plan->result, 0, UINT64_MAX, -1, err))) return status;
    if ((status = pipeline_run(last, err))) return status;
    *out = table_retain(collect_table(last->sink));
    return BP_OK;
}

void query_profile_at(const query *query, plan_id node, plan_figure *out)
{
    const profile_row *row = query->lowered.profile ? &query->lowered.profile[node] : NULL;

    *out = (plan_figure){0};
    if (!row) return;
    out->rows = atomic_load(&row->rows);
    out->nanoseconds = atomic_load(&row->nanoseconds);
    out->spilled_bytes = atomic_load(&row->spilled_bytes);
    out->spilled_parts = atomic_load(&row->spilled_parts);
}
