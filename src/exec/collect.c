/* COLLECT and LIMIT: the rows of all morsels in row order.
 *
 * Each morsel is kept by itself, in a small table; finish() joins them by morsel number. With a limit a morsel keeps at most offset + limit rows,
 * and claiming stops once the morsels 0 … k, all finished, hold that many.
 *
 * When memory becomes scarce, and who made the sink allows it, all that is kept by then goes to a temporary file, page by page under its morsel's number,
 * and in the end the rest as well: the result is a table or a run, never both. A worker takes the finished morsels of all others and its own so far, which
 * leaves nothing in memory that another operator waits for. */
#include <stdlib.h>

#include "exec.h"
#include "spill.h"

typedef struct kept_morsel {
    uint64_t morsel, row_count;
    table *rows; /* NULL: none, or taken by whoever wrote them */
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
    bool may_spill, share_runs;
    spill_file *file; /* made by whoever spills first */
    spill_run *run;   /* the result when there is a file */
} collect_sink;

struct sink_worker {
    collect_sink *sink;
    uint64_t rows; /* of the present morsel */
    uint64_t taken; /* … of which these are no longer in `kept` */
    table *kept;
    spill_run *run; /* what this worker wrote */
};

static void collect_free(sink *self)
{
    collect_sink *collect = (collect_sink *)self;

    for (size_t i = 0; i < collect->count; i++) table_release(collect->morsels[i].rows);
    memory_free(self->context->memory, collect->morsels, collect->capacity * sizeof *collect->morsels);
    table_release(collect->result);
    spill_run_free(collect->run);
    spill_file_free(collect->file);
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
    spill_run_free(worker->run);
    memory_delete(worker->sink->base.context->memory, worker);
}

/* What is held ------------------------------------------------------------------------------------------------------------------------- */
/* Under the lock: the tables of finished morsels. One more than there are: room for the caller's own. */
static bp_status take_finished(collect_sink *collect, collected_rows **out, size_t *count, size_t *capacity, bp_error *err)
{
    memory *memory = collect->base.context->memory;

    *count = 0;
    *capacity = collect->count + 1;
    *out = memory_allocate_array(memory, *capacity, sizeof **out);
    if (!*out) return error_no_memory(err, memory, *capacity * sizeof **out);
    for (size_t i = 0; i < collect->count; i++) {
        kept_morsel *from = &collect->morsels[i];
        if (!from->rows) continue;
        (*out)[(*count)++] = (collected_rows){
            .morsel = from->morsel, .first_row = from->row_count - table_row_count(from->rows), .rows = from->rows};
        from->rows = NULL;
    }
    return BP_OK;
}

static int by_place(const void *left_pointer, const void *right_pointer)
{
    const collected_rows *left = left_pointer, *right = right_pointer;

    if (left->morsel != right->morsel) return left->morsel < right->morsel ? -1 : 1;
    return left->first_row < right->first_row ? -1 : left->first_row > right->first_row;
}

bp_status collect_take_held(collected *out, sink *self, sink_worker *worker, uint64_t morsel, bp_error *err)
{
    collect_sink *collect = (collect_sink *)self;
    bp_status status;

    *out = (collected){.memory = self->context->memory};
    if (worker && worker->kept && (status = table_finish(worker->kept, err))) return status;
    mutex_lock(&collect->lock);
    status = take_finished(collect, &out->parts, &out->count, &out->capacity, err);
    mutex_unlock(&collect->lock);
    if (status) return status;
    if (worker && worker->kept) {
        out->parts[out->count++] = (collected_rows){.morsel = morsel, .first_row = worker->taken, .rows = worker->kept};
        worker->taken = worker->rows;
        worker->kept = NULL;
    }
    qsort(out->parts, out->count, sizeof *out->parts, by_place);
    return BP_OK;
}

void collected_clear(collected *held)
{
    for (size_t i = 0; i < held->count; i++) table_release(held->parts[i].rows);
    if (held->memory) memory_free(held->memory, held->parts, held->capacity * sizeof *held->parts);
    *held = (collected){0};
}

static bp_status need_file(collect_sink *collect, bp_error *err)
{
    bp_status status = BP_OK;

    mutex_lock(&collect->lock);
    if (!collect->file) status = spill_file_new(&collect->file, collect->base.context, err);
    mutex_unlock(&collect->lock);
    return status;
}

/* Parts of a morsel may be written by several workers, one after the other: each leaves nothing in its buffer, so they stand in the file in their
 * order. */
static bp_status spill_held(collect_sink *collect, sink_worker *worker, uint64_t morsel, bp_error *err)
{
    const schema *schema = collect->schema;
    collected held = {0};
    bp_status status = need_file(collect, err);

    if (!status && !worker->run)
        status = spill_run_new(&worker->run, collect->file, schema->types, schema->count, SPILL_PAGE_MOST, err);
    if (!status) status = collect_take_held(&held, &collect->base, worker, morsel, err);
    for (size_t i = 0; i < held.count && !status; i++) {
        table *rows = held.parts[i].rows;
        status = spill_run_order(worker->run, held.parts[i].morsel, err);
        for (size_t chunk = 0; chunk < table_chunk_count(rows) && !status; chunk++)
            status = spill_run_append(worker->run, table_chunk(rows, chunk), err);
        table_release(rows);
        held.parts[i].rows = NULL;
    }
    if (!status) status = spill_run_finish(worker->run, err);
    collected_clear(&held);
    return status;
}

static bp_status new_kept(sink_worker *worker, bp_error *err)
{
    const collect_sink *collect = worker->sink;
    bp_status status = table_new(&worker->kept, collect->base.context->memory, collect->schema, err);

    return status || !collect->share_runs ? status : table_share_runs(worker->kept, err);
}

static bp_status collect_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err)
{
    collect_sink *collect = (collect_sink *)self;
    batch part = *in;
    bp_status status;
    arena scratch;

    if (!worker->kept && (status = new_kept(worker, err))) return status;
    arena_init(&scratch, self->context->memory);
    status = BP_OK;
    if (in->row_count > collect->wanted - worker->rows)
        status = batch_slice(&part, in, 0, (size_t)(collect->wanted - worker->rows), &scratch, err);
    if (!status && part.row_count) status = table_append(worker->kept, &part, err);
    worker->rows += part.row_count;
    *enough = worker->rows >= collect->wanted;
    arena_clear(&scratch);
    if (!status && collect->may_spill && spill_pressure(self->context, 0)) status = spill_held(collect, worker, morsel, err);
    return status;
}

/* Under the lock: note the morsel's rows; move the finished prefix on. */
static bp_status note_morsel(collect_sink *collect, uint64_t morsel, uint64_t row_count, table *rows, bp_error *err)
{
    if (collect->count == collect->capacity) {
        size_t wanted = collect->capacity ? collect->capacity * 2 : 8;
        kept_morsel *larger = memory_resize(collect->base.context->memory, collect->morsels, collect->capacity * sizeof *larger,
                                            wanted * sizeof *larger);
        if (!larger) return error_no_memory(err, collect->base.context->memory, wanted * sizeof *larger);
        collect->morsels = larger;
        collect->capacity = wanted;
    }
    collect->morsels[collect->count++] = (kept_morsel){morsel, row_count, rows};
    return BP_OK;
}

static void advance_prefix(collect_sink *collect)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = collect->count; i-- > 0 && !moved;) {
            if (collect->morsels[i].morsel != collect->prefix_morsels) continue;
            collect->prefix_rows += collect->morsels[i].row_count;
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
    status = note_morsel(collect, morsel, worker->rows, worker->kept, err);
    if (!status) {
        worker->kept = NULL;
        if (collect->limit != UINT64_MAX) advance_prefix(collect);
        *enough = collect->limit != UINT64_MAX && collect->prefix_rows >= collect->wanted;
    }
    mutex_unlock(&collect->lock);
    worker->rows = worker->taken = 0;
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

/* All that is still in memory is written as well, and the workers' pages are put together. */
static bp_status finish_spilled(collect_sink *collect, sink_worker **workers, size_t worker_count, bp_error *err)
{
    const schema *schema = collect->schema;
    bp_status status = spill_held(collect, workers[0], 0, err);

    if (!status) status = spill_run_new(&collect->run, collect->file, schema->types, schema->count, SPILL_PAGE_MOST, err);
    for (size_t i = 0; i < worker_count && !status; i++)
        if (workers[i]->run) status = spill_run_join(collect->run, workers[i]->run, err);
    if (!status) status = spill_run_finish(collect->run, err);
    if (collect->percent >= 0) collect->limit = (uint64_t)((double)spill_run_rows(collect->run) * collect->percent / 100);
    return status;
}

static bp_status finish_in_memory(collect_sink *collect, bp_error *err)
{
    memory *memory = collect->base.context->memory;
    table *all = NULL;
    bp_status status;

    if ((status = table_new(&all, memory, collect->schema, err))) goto done;
    sort_morsels(collect->morsels, collect->count);
    for (size_t i = 0; i < collect->count; i++)
        if (collect->morsels[i].rows && (status = table_concatenate(all, collect->morsels[i].rows, err))) goto done;
    if (collect->percent >= 0) collect->limit = (uint64_t)((double)table_row_count(all) * collect->percent / 100);
    if (collect->limit == UINT64_MAX && collect->offset == 0) {
        collect->result = all;
        all = NULL;
    } else {
        if ((status = table_new(&collect->result, memory, collect->schema, err))) goto done;
        status = append_window(collect, all, err);
    }
done:
    table_release(all);
    return status;
}

static bp_status collect_finish(sink *self, sink_worker **workers, size_t worker_count, bp_error *err)
{
    collect_sink *collect = (collect_sink *)self;

    return collect->file ? finish_spilled(collect, workers, worker_count, err) : finish_in_memory(collect, err);
}

static void collect_spilled(const sink *self, uint64_t *bytes, uint64_t *parts)
{
    const collect_sink *collect = (const collect_sink *)self;

    *bytes = spill_file_size(collect->file);
    *parts = collect->file != NULL;
}

static const sink_class collect_class = {
    .name = "COLLECT",
    .free = collect_free,
    .worker_new = collect_worker_new,
    .worker_free = collect_worker_free,
    .consume = collect_consume,
    .morsel_end = collect_morsel_end,
    .finish = collect_finish,
    .spilled = collect_spilled,
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

void collect_allow_spill(sink *self)
{
    ((collect_sink *)self)->may_spill = true;
}

void collect_share_runs(sink *self)
{
    ((collect_sink *)self)->share_runs = true;
}

table *collect_table(sink *self)
{
    return ((collect_sink *)self)->result;
}

spill_run *collect_run(sink *self)
{
    return ((collect_sink *)self)->run;
}

bp_status collect_spill_result(sink *self, bp_error *err)
{
    collect_sink *collect = (collect_sink *)self;
    const schema *schema = collect->schema;
    bp_status status = need_file(collect, err);

    if (!status) status = spill_run_new(&collect->run, collect->file, schema->types, schema->count, SPILL_PAGE_MOST, err);
    for (size_t i = 0; i < table_chunk_count(collect->result) && !status; i++)
        status = spill_run_append(collect->run, table_chunk(collect->result, i), err);
    if (!status) status = spill_run_finish(collect->run, err);
    table_release(collect->result);
    collect->result = NULL;
    return status;
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

    if (collect->run)
        return spill_scan_new(out, collect->base.context, collect->run, collect->schema->count, collect->offset, collect->limit,
                              err);
    return table_scan_new(out, collect->base.context, collect->result, err);
}
