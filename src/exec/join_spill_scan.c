/* Rows with places: written in the order of morsels, and read back morsel by morsel, each merged by place from all runs. Several workers read at once,
 * each its own morsel. */
#include "join_spill.h"

bp_status join_placed_schema(schema *out, const schema *side, bool placed, arena *arena, bp_error *err)
{
    bp_status status = schema_new(out, arena, side->count + placed, err);

    if (status) return status;
    if (side->count) memcpy(out->types, side->types, side->count * sizeof *side->types);
    if (placed) out->types[side->count] = type_of(TYPE_UINT128);
    return BP_OK;
}

uint64_t join_placed_morsels(spill_run *const *runs, size_t count)
{
    uint64_t end = 0;

    for (size_t i = 0; i < count; i++) {
        size_t pages = spill_run_pages(runs[i]);
        if (pages && spill_run_page_order(runs[i], pages - 1) >= end) end = spill_run_page_order(runs[i], pages - 1) + 1;
    }
    return end;
}

/* writing --------------------------------------------------------------------------------------------------------------------------------- */
bp_status join_placed_append(spill_run *run, const batch *rows, bp_error *err)
{
    const column *places = &rows->columns[rows->column_count - 1];
    bp_status status = BP_OK;
    arena scratch = {0};

    for (size_t begin = 0, end = 0; begin < rows->row_count && !status; begin = end) {
        uint64_t morsel = join_morsel_of(join_place_of(places, begin));
        batch piece = *rows;
        for (end = begin + 1; end < rows->row_count && join_morsel_of(join_place_of(places, end)) == morsel;) end++;
        if (end - begin < rows->row_count) {
            if (begin == 0) arena_init(&scratch, spill_run_memory(run));
            status = batch_slice(&piece, rows, begin, end - begin, &scratch, err);
        }
        if (!status) status = spill_run_order(run, morsel, err);
        if (!status) status = spill_run_append(run, &piece, err);
    }
    if (scratch.memory) arena_clear(&scratch);
    return status;
}

#define MERGED_ROWS 8192 /* at once */

bp_status join_placed_merge(spill_run *into, bp_context *context, const schema *schema, spill_run **runs, size_t count,
                            bp_error *err)
{
    sort_merge *merge = NULL;
    bp_status status = sort_merge_new(&merge, context, schema, NULL, 0, runs, count, err);
    batch rows;

    while (!status && !(status = sort_merge_next(merge, MERGED_ROWS, &rows, err)) && rows.row_count)
        status = join_placed_append(into, &rows, err);
    sort_merge_free(merge);
    return status;
}

/* reading --------------------------------------------------------------------------------------------------------------------------------- */
typedef struct placed_scan {
    scan base;
    bp_context *context;
    schema schema; /* without the place; names are empty */
    spill_run **runs;
    size_t run_count;
    uint64_t *morsels; /* those that have rows, rising */
    size_t morsel_count;
    _Atomic uint64_t next_morsel;
    arena arena;
} placed_scan;

typedef struct placed_worker {
    placed_scan *scan;
    spill_run **runs; /* those with pages of the morsel */
    sort_merge *merge; /* NULL: the morsel is over */
} placed_worker;

static void placed_free(scan *self)
{
    placed_scan *scan = (placed_scan *)self;

    arena_clear(&scan->arena);
    memory_delete(scan->context->memory, scan);
}

static void placed_worker_free(scan_worker *self)
{
    placed_worker *worker = (placed_worker *)self;
    memory *memory = worker->scan->context->memory;

    sort_merge_free(worker->merge);
    memory_free(memory, worker->runs, (worker->scan->run_count + 1) * sizeof *worker->runs);
    memory_delete(memory, worker);
}

static bp_status placed_worker_new(scan_worker **out, scan *self, bp_error *err)
{
    placed_scan *scan = (placed_scan *)self;
    memory *memory = scan->context->memory;
    placed_worker *worker = memory_new(memory, placed_worker);

    *out = NULL;
    if (!worker) return error_no_memory(err, memory, sizeof *worker);
    worker->scan = scan;
    worker->runs = memory_allocate_array(memory, scan->run_count + 1, sizeof *worker->runs);
    if (!worker->runs) {
        placed_worker_free((scan_worker *)worker);
        return error_no_memory(err, memory, scan->run_count * sizeof *worker->runs);
    }
    *out = (scan_worker *)worker;
    return BP_OK;
}

/* The first page of the run that is of the morsel, or of a later one. */
static size_t first_page(const spill_run *run, uint64_t morsel)
{
    size_t low = 0, high = spill_run_pages(run);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spill_run_page_order(run, middle) < morsel)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_morsel(const spill_run *run, size_t page, uint64_t morsel)
{
    return page < spill_run_pages(run) && spill_run_page_order(run, page) == morsel;
}

static bp_status open_morsel(placed_worker *worker, uint64_t morsel, bp_error *err)
{
    const placed_scan *scan = worker->scan;
    size_t count = 0;
    bp_status status;

    sort_merge_free(worker->merge);
    worker->merge = NULL;
    for (size_t i = 0; i < scan->run_count; i++)
        if (has_morsel(scan->runs[i], first_page(scan->runs[i], morsel), morsel)) worker->runs[count++] = scan->runs[i];
    if ((status = sort_merge_new(&worker->merge, scan->context, &scan->schema, NULL, 0, worker->runs, count, err))) return status;
    for (size_t i = 0; i < count; i++)
        sort_merge_range(worker->merge, i, first_page(worker->runs[i], morsel), first_page(worker->runs[i], morsel + 1));
    return BP_OK;
}

static bp_status placed_claim(scan *self, scan_worker *worker_base, uint64_t *morsel, bool *end, bp_error *err)
{
    placed_scan *scan = (placed_scan *)self;

    *morsel = atomic_fetch_add_explicit(&scan->next_morsel, 1, memory_order_relaxed);
    *end = *morsel >= scan->morsel_count;
    return *end ? BP_OK : open_morsel((placed_worker *)worker_base, scan->morsels[*morsel], err);
}

static bp_status placed_next(scan *self, scan_worker *worker_base, batch *out, bp_error *err)
{
    placed_worker *worker = (placed_worker *)worker_base;
    bp_status status;

    (void)self;
    *out = (batch){0};
    if (!worker->merge) return BP_OK;
    if ((status = sort_merge_next(worker->merge, worker->scan->context->config.batch_size, out, err))) return status;
    if (out->row_count) {
        out->column_count--; /* the place */
        return BP_OK;
    }
    sort_merge_free(worker->merge);
    worker->merge = NULL;
    return BP_OK;
}

static double placed_progress(const scan *self)
{
    const placed_scan *scan = (const placed_scan *)self;
    double claimed = (double)atomic_load_explicit(&scan->next_morsel, memory_order_relaxed);

    return scan->morsel_count ? claimed / (double)scan->morsel_count : 1;
}

static const scan_class placed_class = {
    .free = placed_free,
    .worker_new = placed_worker_new,
    .worker_free = placed_worker_free,
    .claim = placed_claim,
    .next = placed_next,
    .progress = placed_progress,
};

/* The morsels that have rows: a bit each, for they are few (one in tens of thousands of rows) and close together. */
static bp_status list_morsels(placed_scan *scan, bp_error *err)
{
    size_t end = (size_t)join_placed_morsels(scan->runs, scan->run_count);
    uint64_t *present = arena_new_array(&scan->arena, uint64_t, bitmap_words(end));

    if (!present) return error_no_memory(err, scan->arena.memory, end / 8);
    for (size_t i = 0; i < scan->run_count; i++)
        for (size_t page = 0; page < spill_run_pages(scan->runs[i]); page++) {
            uint64_t morsel = spill_run_page_order(scan->runs[i], page);
            scan->morsel_count += !bitmap_get(present, (size_t)morsel);
            bitmap_set(present, (size_t)morsel);
        }
    scan->morsels = arena_new_array(&scan->arena, uint64_t, scan->morsel_count + 1);
    if (!scan->morsels) return error_no_memory(err, scan->arena.memory, scan->morsel_count * sizeof *scan->morsels);
    for (size_t morsel = 0, at = 0; at < scan->morsel_count; morsel++)
        if (bitmap_get(present, morsel)) scan->morsels[at++] = morsel;
    return BP_OK;
}

bp_status join_placed_scan_new(scan **out, bp_context *context, const data_type *types, size_t column_count, spill_run **runs,
                               size_t run_count, bp_error *err)
{
    placed_scan *made = memory_new(context->memory, placed_scan);
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->base.class = &placed_class;
    made->context = context;
    made->runs = runs;
    made->run_count = run_count;
    arena_init(&made->arena, context->memory);
    if ((status = schema_new(&made->schema, &made->arena, column_count - 1, err))) goto done;
    if (column_count > 1) memcpy(made->schema.types, types, (column_count - 1) * sizeof *types);
    if ((status = list_morsels(made, err))) goto done;
    made->base.morsel_estimate = made->morsel_count;
    *out = &made->base;
    made = NULL;
done:
    if (made) placed_free(&made->base);
    return status;
}
