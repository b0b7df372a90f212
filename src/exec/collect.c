/* COLLECT and LIMIT: the rows of all morsels in row order.
 *
 * Each morsel is kept by itself, in a small table; finish() joins them by morsel number. With a limit a morsel keeps at most offset + limit rows,
 * and claiming stops once the morsels 0 … k, all finished, hold that many. */
#include "exec.h"

typedef struct kept_morsel {
    uint64_t morsel;
    table *rows; /* NULL: none */
} kept_morsel;

typedef struct collect_sink {
    sink base;
    const schema *schema;
    uint64_t offset, limit, wanted; /* wanted = offset + limit, saturated */
    double percent;                 /* negative: not used */
    mutex lock;
    kept_morsel *morsels; /* in order of arrival */
    size_t count, capacity;
    uint64_t prefix_morsels, prefix_rows; /* morsels 0 … prefix_morsels-1 have ended */
    table *result;
} collect_sink;

struct sink_worker {
    collect_sink *sink;
    uint64_t morsel;
    uint64_t rows; /* of the present morsel */
    table *kept;
};

static void collect_free(sink *self)
{
    collect_sink *collect = (collect_sink *)self;

    for (size_t i = 0; i < collect->count; i++) table_release(collect->morsels[i].rows);
    memory_free(self->context->memory, collect->morsels, collect->capacity * sizeof *collect->morsels);
    table_release(collect->result);
    mutex_clear(&collect->lock);
    memory_delete(self->context->memory, collect);
}

static bp_status collect_worker_new(sink_worker **out, sink *self, bp_error *err)
{
    *out = memory_new(self->context->memory, sink_worker);
    if (!*out) return error_no_memory(err, self->context->memory, sizeof **out);
    (*out)->sink = (collect_sink *)self;
    return BP_OK;
}

void collect_worker_free(sink_worker *worker)
{
    table_release(worker->kept);
    memory_delete(worker->sink->base.context->memory, worker);
}

static bp_status collect_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err)
{
    collect_sink *collect = (collect_sink *)self;
    batch part = *in;
    bp_status status;
    arena scratch;

    (void)morsel;
    if (!worker->kept && (status = table_new(&worker->kept, self->context->memory, collect->schema, err))) return status;
    arena_init(&scratch, self->context->memory);
    status = BP_OK;
    if (in->row_count > collect->wanted - worker->rows)
        status = batch_slice(&part, in, 0, (size_t)(collect->wanted - worker->rows), &scratch, err);
    if (!status && part.row_count) status = table_append(worker->kept, &part, err);
    worker->rows += part.row_count;
    *enough = worker->rows >= collect->wanted;
    arena_clear(&scratch);
    return status;
}

/* Under the lock: note the morsel's rows; move the finished prefix on. */
static bp_status note_morsel(collect_sink *collect, uint64_t morsel, table *rows, bp_error *err)
{
    if (collect->count == collect->capacity) {
        size_t wanted = collect->capacity ? collect->capacity * 2 : 8;
        kept_morsel *larger = memory_resize(collect->base.context->memory, collect->morsels, collect->capacity * sizeof *larger,
                                            wanted * sizeof *larger);
        if (!larger) return error_no_memory(err, collect->base.context->memory, wanted * sizeof *larger);
        collect->morsels = larger;
        collect->capacity = wanted;
    }
    collect->morsels[collect->count++] = (kept_morsel){morsel, rows};
    return BP_OK;
}

static void advance_prefix(collect_sink *collect)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = collect->count; i-- > 0 && !moved;) {
            if (collect->morsels[i].morsel != collect->prefix_morsels) continue;
            collect->prefix_rows += collect->morsels[i].rows ? table_row_count(collect->morsels[i].rows) : 0;
            collect->prefix_morsels++;
            moved = true;
        }
    }
}

static bp_status collect_morsel_end(sink *self, sink_worker *worker, uint64_t morsel, bool *enough, bp_error *err)
{
    collect_sink *collect = (collect_sink *)self;
    bp_status status;

    if (worker->kept && (status = table_finish(worker->kept, err))) return status;
    mutex_lock(&collect->lock);
    status = note_morsel(collect, morsel, worker->kept, err);
    if (!status) {
        worker->kept = NULL;
        if (collect->limit != UINT64_MAX) advance_prefix(collect);
        *enough = collect->limit != UINT64_MAX && collect->prefix_rows >= collect->wanted;
    }
    mutex_unlock(&collect->lock);
    worker->rows = 0;
    return status;
}

static void sort_morsels(kept_morsel *morsels, size_t count)
{
    /* Arrival is nearly in order: insertion sort moves each by at most the number of workers. */
    for (size_t i = 1; i < count; i++) {
        kept_morsel moving = morsels[i];
        size_t hole = i;
        for (; hole > 0 && morsels[hole - 1].morsel > moving.morsel; hole--) morsels[hole] = morsels[hole - 1];
        morsels[hole] = moving;
    }
}

/* Rows [offset, offset + limit) of `all` into the result. */
static bp_status append_window(collect_sink *collect, table *all, bp_error *err)
{
    uint64_t skip = collect->offset, left = collect->limit;
    bp_status status = BP_OK;
    arena scratch;

    arena_init(&scratch, collect->base.context->memory);
    for (size_t i = 0; i < table_chunk_count(all) && left && !status; i++) {
        const batch *chunk = table_chunk(all, i);
        uint64_t begin = skip < chunk->row_count ? skip : chunk->row_count, rows = chunk->row_count - begin;
        batch part;
        skip -= begin;
        if (rows > left) rows = left;
        left -= rows;
        if (rows == 0) continue;
        status = batch_slice(&part, chunk, (size_t)begin, (size_t)rows, &scratch, err);
        if (!status) status = table_append(collect->result, &part, err);
    }
    arena_clear(&scratch);
    if (!status) status = table_finish(collect->result, err);
    return status;
}

static bp_status collect_finish(sink *self, sink_worker **workers, size_t worker_count, bp_error *err)
{
    collect_sink *collect = (collect_sink *)self;
    table *all = NULL;
    bp_status status;

    (void)workers, (void)worker_count;
    if ((status = table_new(&all, self->context->memory, collect->schema, err))) goto done;
    sort_morsels(collect->morsels, collect->count);
    for (size_t i = 0; i < collect->count; i++)
        if (collect->morsels[i].rows && (status = table_concatenate(all, collect->morsels[i].rows, err))) goto done;
    if (collect->percent >= 0) collect->limit = (uint64_t)((double)table_row_count(all) * collect->percent / 100);
    if (collect->limit == UINT64_MAX && collect->offset == 0) {
        collect->result = all;
        all = NULL;
    } else {
        if ((status = table_new(&collect->result, self->context->memory, collect->schema, err))) goto done;
        status = append_window(collect, all, err);
    }
done:
    table_release(all);
    return status;
}

static const sink_class collect_class = {
    .name = "COLLECT",
    .free = collect_free,
    .worker_new = collect_worker_new,
    .worker_free = collect_worker_free,
    .consume = collect_consume,
    .morsel_end = collect_morsel_end,
    .finish = collect_finish,
};

bp_status collect_new(sink **out, bp_context *context, const schema *schema, uint64_t offset, uint64_t limit, double percent,
                      bp_error *err)
{
    collect_sink *collect = memory_new(context->memory, collect_sink);

    *out = NULL;
    if (!collect) return error_no_memory(err, context->memory, sizeof *collect);
    collect->base = (sink){.class = &collect_class, .context = context};
    collect->schema = schema;
    collect->offset = offset;
    collect->limit = percent >= 0 ? UINT64_MAX : limit;
    collect->percent = percent;
    collect->wanted = collect->limit > UINT64_MAX - offset ? UINT64_MAX : offset + collect->limit;
    mutex_init(&collect->lock);
    *out = &collect->base;
    return BP_OK;
}

table *collect_table(sink *self)
{
    return ((collect_sink *)self)->result;
}

table *collect_take(sink *self)
{
    collect_sink *collect = (collect_sink *)self;
    table *taken = collect->result;

    collect->result = NULL;
    return taken;
}

bp_status collect_make_scan(void *self, scan **out, bp_error *err)
{
    collect_sink *collect = self;

    return table_scan_new(out, collect->base.context, collect->result, err);
}
