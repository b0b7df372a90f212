/* TOP N: ORDER BY with a limit. A worker holds the rows that can still be among the first `wanted`; when it holds SLACK rows too many it keeps the best of them, and
 * from then on drops rows whose key is past the worst of those before anything of them is copied. Ties are decided by the rows' places, so the result
 * does not depend on who saw which row. */
#include "order_key.h"

#include "column/concatenate.h"

#define SLACK 1024

typedef struct kept_rows {
    table *rows; /* finished or growing; NULL: none yet */
    char *keys;
    uint64_t *places; /* morsel << 32 | row */
    size_t count, capacity;
} kept_rows;

typedef struct top_sink {
    sink base;
    const schema *schema;
    sort_layout layout;
    arena arena;
    uint64_t offset;
    size_t wanted; /* offset + limit */
    table *result;
} top_sink;

struct sink_worker {
    top_sink *sink;
    kept_rows kept;
    bool has_worst;
    uint64_t worst; /* prefix of the worst row that can still be wanted */
    uint64_t morsel, rows;
    arena scratch;
};

/* kept rows ----------------------------------------------------------------------------------------------------------------------------------- */
static void kept_clear(const top_sink *top, kept_rows *kept)
{
    memory *memory = top->base.context->memory;

    table_release(kept->rows);
    memory_free(memory, kept->keys, kept->capacity * top->layout.width);
    memory_free(memory, kept->places, kept->capacity * sizeof(uint64_t));
    *kept = (kept_rows){0};
}

static bp_status kept_reserve(const top_sink *top, kept_rows *kept, size_t extra, bp_error *err)
{
    memory *memory = top->base.context->memory;
    size_t wanted = kept->capacity ? kept->capacity : 256, width = top->layout.width;
    char *keys;
    uint64_t *places;

    while (wanted < kept->count + extra) wanted *= 2;
    if (wanted == kept->capacity) return BP_OK;
    keys = memory_allocate(memory, wanted * width);
    places = memory_allocate(memory, wanted * sizeof *places);
    if (!keys || !places) {
        memory_free(memory, keys, wanted * width);
        memory_free(memory, places, wanted * sizeof *places);
        return error_no_memory(err, memory, wanted * width);
    }
    if (kept->count) memcpy(keys, kept->keys, kept->count * width);
    if (kept->count) memcpy(places, kept->places, kept->count * sizeof *places);
    memory_free(memory, kept->keys, kept->capacity * width);
    memory_free(memory, kept->places, kept->capacity * sizeof *places);
    kept->keys = keys;
    kept->places = places;
    kept->capacity = wanted;
    return BP_OK;
}

/* One batch of FLAT columns over all kept rows, in `arena`. */
static bp_status kept_batch(const top_sink *top, kept_rows *kept, batch *out, arena *arena, bp_error *err)
{
    size_t count = top->schema->count, chunks;
    column *columns = arena_new_array(arena, column, count);
    const column **parts;
    bp_status status;

    if ((status = table_finish(kept->rows, err))) return status;
    chunks = table_chunk_count(kept->rows);
    parts = arena_new_array(arena, const column *, chunks);
    if (!columns || !parts) return error_no_memory(err, arena->memory, count * sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        for (size_t chunk = 0; chunk < chunks; chunk++) {
            column *flat = arena_new(arena, column);
            if (!flat) return error_no_memory(err, arena->memory, sizeof *flat);
            if ((status = column_flatten(flat, &table_chunk(kept->rows, chunk)->columns[i], arena, err))) return status;
            parts[chunk] = flat;
        }
        if ((status = column_concatenate(&columns[i], top->schema->types[i], parts, chunks, arena, err))) return status;
    }
    *out = (batch){.row_count = kept->count, .column_count = count, .columns = columns};
    return BP_OK;
}

typedef struct ranking {
    const top_sink *top;
    const kept_rows *kept;
    const batch *rows;
} ranking;

static bool comes_before(const ranking *ranking, uint32_t left, uint32_t right)
{
    size_t width = ranking->top->layout.width;
    int order = sort_compare(&ranking->top->layout, ranking->kept->keys + left * width, ranking->rows->columns, left,
                             ranking->kept->keys + right * width, ranking->rows->columns, right);

    return order ? order < 0 : ranking->kept->places[left] < ranking->kept->places[right];
}

static void sift_down(const ranking *ranking, uint32_t *heap, size_t count, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        uint32_t moving;
        if (child >= count) return;
        if (child + 1 < count && comes_before(ranking, heap[child], heap[child + 1])) child++;
        if (!comes_before(ranking, heap[at], heap[child])) return;
        moving = heap[at];
        heap[at] = heap[child];
        heap[child] = moving;
        at = child;
    }
}

/* The numbers of the best `most` of `count` rows, in order: a heap of the best so far, its worst on top, that every other row is held
 * against; then heap sort. No memory, no bad case. */
static void rank_rows(const ranking *ranking, uint32_t *order, size_t count, size_t most)
{
    for (size_t i = 0; i < most; i++) order[i] = (uint32_t)i;
    for (size_t i = most / 2; i-- > 0;) sift_down(ranking, order, most, i);
    for (size_t i = most; i < count; i++) {
        if (!comes_before(ranking, (uint32_t)i, order[0])) continue;
        order[0] = (uint32_t)i;
        sift_down(ranking, order, most, 0);
    }
    for (size_t end = most; end > 1; end--) {
        uint32_t worst = order[0];
        order[0] = order[end - 1];
        order[end - 1] = worst;
        sift_down(ranking, order, end - 1, 0);
    }
}

/* Keep the best `wanted` rows, in order. */
static bp_status kept_prune(const top_sink *top, kept_rows *kept, arena *scratch, bp_error *err)
{
    size_t most = kept->count < top->wanted ? kept->count : top->wanted, width = top->layout.width;
    ranking ranking = {.top = top, .kept = kept};
    kept_rows best = {0};
    uint32_t *order;
    batch rows, chosen;
    bp_status status;

    if (kept->count == 0) return BP_OK;
    arena_reset(scratch);
    order = arena_new_array(scratch, uint32_t, most);
    if (!order) return error_no_memory(err, scratch->memory, most * sizeof *order);
    if ((status = kept_batch(top, kept, &rows, scratch, err))) return status;
    ranking.rows = &rows;
    if (most) rank_rows(&ranking, order, kept->count, most);
    if ((status = kept_reserve(top, &best, most, err))) goto done;
    for (size_t i = 0; i < most; i++) {
        memcpy(best.keys + i * width, kept->keys + order[i] * width, width);
        best.places[i] = kept->places[order[i]];
    }
    best.count = most;
    if ((status = table_new(&best.rows, top->base.context->memory, top->schema, err))) goto done;
    if ((status = batch_gather(&chosen, &rows, order, most, scratch, err))) goto done;
    if ((status = table_append(best.rows, &chosen, err)) || (status = table_finish(best.rows, err))) goto done;
    kept_clear(top, kept);
    *kept = best;
    best = (kept_rows){0};
done:
    kept_clear(top, &best);
    return status;
}

/* the sink -------------------------------------------------------------------------------------------------------------------------------------- */
static void top_free(sink *self)
{
    top_sink *top = (top_sink *)self;

    table_release(top->result);
    arena_clear(&top->arena);
    memory_delete(self->context->memory, top);
}

static bp_status top_worker_new(sink_worker **out, sink *self, bp_error *err)
{
    *out = memory_new(self->context->memory, sink_worker);
    if (!*out) return error_no_memory(err, self->context->memory, sizeof **out);
    (*out)->sink = (top_sink *)self;
    arena_init(&(*out)->scratch, self->context->memory);
    return BP_OK;
}

static void top_worker_free(sink_worker *worker)
{
    kept_clear(worker->sink, &worker->kept);
    arena_clear(&worker->scratch);
    memory_delete(worker->sink->base.context->memory, worker);
}

/* Rows of the batch by their places in it, which survive being gathered. */
typedef struct candidates {
    batch rows;
    char *keys; /* NULL: not made yet */
    uint32_t *places; /* NULL: 0, 1, 2 … */
} candidates;

/* Only the rows whose prefix is not past `limit`, which may have been masked to the first key; their own keys move along. */
static bp_status narrow(candidates *in, const char *prefixes, size_t stride, uint64_t limit, size_t width, arena *scratch,
                        bp_error *err)
{
    uint32_t *chosen = arena_new_array(scratch, uint32_t, in->rows.row_count);
    batch from = in->rows;
    size_t count = 0;
    bp_status status;

    if (!chosen) return error_no_memory(err, scratch->memory, from.row_count * sizeof *chosen);
    for (size_t i = 0; i < from.row_count; i++) {
        chosen[count] = (uint32_t)i;
        count += sort_prefix(prefixes + i * stride) <= limit;
    }
    if (count == from.row_count) return BP_OK;
    in->rows.row_count = count;
    if (count && (status = batch_gather(&in->rows, &from, chosen, count, scratch, err))) return status;
    for (size_t i = 0; i < count; i++) {
        if (in->keys) memmove(in->keys + i * width, in->keys + chosen[i] * width, width);
        if (in->places) chosen[i] = in->places[chosen[i]];
    }
    in->places = chosen;
    return BP_OK;
}

/* The rows of the batch that can still be wanted, with their keys: first by the first key alone, which drops nearly all, then by the prefix. */
static bp_status choose_rows(top_sink *top, sink_worker *worker, candidates *rows, bp_error *err)
{
    arena *scratch = &worker->scratch;
    size_t stride, width = top->layout.width, size;
    char *first;
    bp_status status;

    if (worker->has_worst) {
        uint64_t limit = worker->worst & sort_first_mask(&top->layout);
        if ((status = sort_encode_first(&top->layout, &rows->rows, &first, &stride, scratch, err))) return status;
        if ((status = narrow(rows, first, stride, limit, width, scratch, err)) || !rows->rows.row_count) return status;
    }
    size = rows->rows.row_count * width;
    if (!(rows->keys = arena_allocate_aligned(scratch, size, 64))) return error_no_memory(err, scratch->memory, size);
    if ((status = sort_encode(&top->layout, &rows->rows, rows->keys, scratch, err)) || !worker->has_worst) return status;
    return narrow(rows, rows->keys, width, worker->worst, width, scratch, err);
}

static bp_status keep_rows(top_sink *top, sink_worker *worker, const candidates *in, bp_error *err)
{
    kept_rows *kept = &worker->kept;
    size_t width = top->layout.width, count = in->rows.row_count;
    bp_status status;

    if ((status = kept_reserve(top, kept, count, err))) return status;
    if (!kept->rows && (status = table_new(&kept->rows, top->base.context->memory, top->schema, err))) return status;
    if ((status = table_append(kept->rows, &in->rows, err))) return status;
    memcpy(kept->keys + kept->count * width, in->keys, count * width);
    for (size_t i = 0; i < count; i++)
        kept->places[kept->count + i] = (worker->morsel << 32) + worker->rows + (in->places ? in->places[i] : i);
    kept->count += count;
    return BP_OK;
}

static bp_status top_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err)
{
    top_sink *top = (top_sink *)self;
    candidates rows = {.rows = *in};
    bp_status status;

    *enough = top->wanted == 0;
    if (*enough) return BP_OK;
    arena_reset(&worker->scratch);
    worker->morsel = morsel;
    if ((status = choose_rows(top, worker, &rows, err))) return status;
    if (rows.rows.row_count && (status = keep_rows(top, worker, &rows, err))) return status;
    worker->rows += in->row_count;
    if (worker->kept.count < top->wanted + SLACK || worker->kept.count < 2 * top->wanted) return BP_OK;
    if ((status = kept_prune(top, &worker->kept, &worker->scratch, err))) return status;
    worker->has_worst = worker->kept.count == top->wanted;
    worker->worst = worker->has_worst ? sort_prefix(worker->kept.keys + (worker->kept.count - 1) * top->layout.width) : 0;
    return BP_OK;
}

static bp_status top_morsel_end(sink *self, sink_worker *worker, uint64_t morsel, bool *enough, bp_error *err)
{
    (void)self, (void)morsel, (void)enough, (void)err;
    worker->rows = 0;
    return BP_OK;
}

/* Append all that a worker holds to `into`. */
static bp_status merge_kept(const top_sink *top, kept_rows *into, kept_rows *from, bp_error *err)
{
    size_t width = top->layout.width;
    bp_status status;

    if (from->count == 0) return BP_OK;
    if ((status = kept_reserve(top, into, from->count, err))) return status;
    if (!into->rows && (status = table_new(&into->rows, top->base.context->memory, top->schema, err))) return status;
    if ((status = table_finish(from->rows, err)) || (status = table_concatenate(into->rows, from->rows, err))) return status;
    memcpy(into->keys + into->count * width, from->keys, from->count * width);
    memcpy(into->places + into->count, from->places, from->count * sizeof *from->places);
    into->count += from->count;
    return BP_OK;
}

static bp_status top_finish(sink *self, sink_worker **workers, size_t worker_count, bp_error *err)
{
    top_sink *top = (top_sink *)self;
    kept_rows all = {0};
    batch rows, part;
    arena scratch;
    bp_status status = BP_OK;

    arena_init(&scratch, self->context->memory);
    for (size_t i = 0; i < worker_count && !status; i++) status = merge_kept(top, &all, &workers[i]->kept, err);
    if (!status) status = kept_prune(top, &all, &scratch, err);
    if (!status) status = table_new(&top->result, self->context->memory, top->schema, err);
    if (!status && all.count > top->offset) {
        arena_reset(&scratch);
        status = kept_batch(top, &all, &rows, &scratch, err);
        if (!status) status = batch_slice(&part, &rows, (size_t)top->offset, all.count - (size_t)top->offset, &scratch, err);
        if (!status) status = table_append(top->result, &part, err);
    }
    if (!status) status = table_finish(top->result, err);
    kept_clear(top, &all);
    arena_clear(&scratch);
    return status;
}

static const sink_class top_class = {
    .name = "TOP N",
    .free = top_free,
    .worker_new = top_worker_new,
    .worker_free = top_worker_free,
    .consume = top_consume,
    .morsel_end = top_morsel_end,
    .finish = top_finish,
};

bp_status top_n_new(sink **out, bp_context *context, const schema *schema, const sort_spec *keys, size_t key_count, uint64_t offset,
                    uint64_t limit, bp_error *err)
{
    top_sink *top = memory_new(context->memory, top_sink);
    bool *nullable;
    bp_status status;

    *out = NULL;
    if (!top) return error_no_memory(err, context->memory, sizeof *top);
    top->base = (sink){.class = &top_class, .context = context};
    top->schema = schema;
    top->offset = offset;
    top->wanted = (size_t)(offset + limit);
    arena_init(&top->arena, context->memory);
    nullable = arena_new_array(&top->arena, bool, key_count);
    status = nullable ? BP_OK : error_no_memory(err, context->memory, key_count);
    for (size_t i = 0; i < key_count && !status; i++) nullable[i] = true;
    if (!status) status = sort_layout_init(&top->layout, schema, keys, key_count, nullable, &top->arena, err);
    if (status)
        top_free(&top->base);
    else
        *out = &top->base;
    return status;
}

bp_status top_n_make_scan(void *self, scan **out, bp_error *err)
{
    top_sink *top = self;

    return table_scan_new(out, top->base.context, top->result, err);
}
