/* Merging sorted runs: a tree of losers (Knuth 5.4.1) over a cursor a run. A batch is picked row by row, as (page, row), and gathered at once; so a page must
 * stay until the batch is out. A cursor has two of them, and a batch ends early before one would need a third.
 *
 * One thread: pages are unpacked where they are needed, and memory stays at two pages a run. (Cutting the output so that several threads could merge would
 * read the pages on every cut twice.) */
#include "sort_internal.h"

#include "column/gather_parts.h"

#define PAGES_A_RUN 4 /* of memory: two pages and their key rows */
#define NO_CURSOR UINT32_MAX

typedef struct merge_page {
    spill_page page;
    char *keys;
    size_t keys_size;
} merge_page;

typedef struct merge_cursor {
    spill_run *run;
    size_t next_page, end_page;
    merge_page pages[2];
    unsigned current;
    bool turned; /* the other page has rows of the batch being picked */
    bool ended;
    size_t row; /* in the current page; its row_count: the next page is to be read */
    uint64_t prefix; /* of that row's key */
} merge_cursor;

struct sort_merge {
    bp_context *context;
    data_type *types; /* with the place's */
    size_t column_count;
    sort_layout layout;
    merge_cursor *cursors;
    size_t cursor_count;
    uint32_t *losers; /* [0] is the winner */
    uint32_t waiting; /* the cursor that needs a page before picking goes on, or NO_CURSOR */
    bool started;
    const column **parts; /* a column's in all pages: two a cursor */
    arena arena; /* of these */
    arena batch;
};

size_t sort_merge_most(bp_context *context, size_t page_size)
{
    size_t most = memory_available(context->memory) / 2 / PAGES_A_RUN / page_size;

    return most < 2 ? 2 : most > 512 ? 512 : most;
}

size_t sort_merge_page_size(bp_context *context, size_t runs)
{
    size_t size = memory_available(context->memory) / 2 / PAGES_A_RUN / runs;

    return size < SPILL_PAGE_LEAST ? SPILL_PAGE_LEAST : size > SORT_PAGE_SIZE ? SORT_PAGE_SIZE : size;
}

static bp_status merge_layout(sort_merge *merge, const schema *schema, const sort_spec *specs, size_t spec_count, bp_error *err)
{
    bool *nullable = arena_new_array(&merge->arena, bool, spec_count + 1);

    merge->column_count = schema->count + 1;
    merge->types = arena_new_array(&merge->arena, data_type, merge->column_count);
    if (!nullable || !merge->types) return error_no_memory(err, merge->context->memory, merge->column_count * sizeof(data_type));
    if (schema->count) memcpy(merge->types, schema->types, schema->count * sizeof *merge->types);
    merge->types[schema->count] = type_of(TYPE_UINT128);
    memset(nullable, true, spec_count); /* the same for all pages */
    return sort_layout_init(&merge->layout, schema, specs, spec_count, nullable, &merge->arena, err);
}

bp_status sort_merge_new(sort_merge **out, bp_context *context, const schema *schema, const sort_spec *specs, size_t spec_count,
                         spill_run **runs, size_t run_count, bp_error *err)
{
    sort_merge *made = memory_new(context->memory, sort_merge);
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->context = context;
    arena_init(&made->arena, context->memory);
    arena_init(&made->batch, context->memory);
    if ((status = merge_layout(made, schema, specs, spec_count, err))) goto done;
    made->cursors = arena_new_array(&made->arena, merge_cursor, run_count + 1);
    made->losers = arena_new_array(&made->arena, uint32_t, run_count + 1);
    made->parts = arena_new_array(&made->arena, const column *, 2 * run_count + 1);
    if (!made->cursors || !made->losers || !made->parts) {
        status = error_no_memory(err, context->memory, run_count * sizeof *made->cursors);
        goto done;
    }
    made->cursor_count = run_count;
    for (size_t i = 0; i < run_count; i++) {
        made->cursors[i].run = runs[i];
        made->cursors[i].end_page = spill_run_pages(runs[i]);
    }
    *out = made;
    made = NULL;
done:
    sort_merge_free(made);
    return status;
}

void sort_merge_range(sort_merge *merge, size_t index, size_t begin, size_t end)
{
    merge->cursors[index].next_page = begin;
    merge->cursors[index].end_page = end;
}

void sort_merge_free(sort_merge *merge)
{
    if (!merge) return;
    for (size_t i = 0; i < merge->cursor_count; i++)
        for (size_t k = 0; k < 2; k++) {
            merge_page *page = &merge->cursors[i].pages[k];
            memory_free(merge->context->memory, page->keys, page->keys_size);
            spill_page_clear(&page->page);
        }
    arena_clear(&merge->arena);
    arena_clear(&merge->batch);
    memory_delete(merge->context->memory, merge);
}

/* cursors ------------------------------------------------------------------------------------------------------------------------------------ */
static const batch *page_of(const merge_cursor *cursor)
{
    return &cursor->pages[cursor->current].page.rows;
}

static uint128 place_of(const merge_cursor *cursor)
{
    const batch *rows = page_of(cursor);
    const char *values = rows->columns[rows->column_count - 1].values;
    uint128 place;

    memcpy(&place, values + cursor->row * sizeof place, sizeof place);
    return place;
}

/* Without keys the place is all there is to compare: a number that rises with it, and nearly always tells two apart without a look at the pages. */
static uint64_t prefix_of_place(uint128 place)
{
    uint64_t morsel = (uint64_t)(place >> 64), row = (uint64_t)place;

    if (morsel >= UINT32_MAX) return UINT64_MAX;
    return morsel << 32 | (row < UINT32_MAX ? row : UINT32_MAX);
}

static void note_prefix(const sort_merge *merge, merge_cursor *cursor)
{
    if (merge->layout.count)
        cursor->prefix = sort_prefix(cursor->pages[cursor->current].keys + cursor->row * merge->layout.width);
    else
        cursor->prefix = prefix_of_place(place_of(cursor));
}

static bp_status encode_page(const sort_merge *merge, merge_page *page, bp_error *err)
{
    memory *memory = merge->context->memory;
    size_t size = page->page.rows.row_count * merge->layout.width;
    bp_status status;
    arena scratch;

    if (size > page->keys_size) {
        memory_free(memory, page->keys, page->keys_size);
        page->keys_size = 0;
        page->keys = memory_allocate(memory, size);
        if (!page->keys) return error_no_memory(err, memory, size);
        page->keys_size = size;
    }
    arena_init(&scratch, memory);
    status = sort_encode(&merge->layout, &page->page.rows, page->keys, &scratch, err);
    arena_clear(&scratch);
    return status;
}

/* The run's next page, in place of the one before the current. */
static bp_status turn_page(const sort_merge *merge, merge_cursor *cursor, bp_error *err)
{
    merge_page *page = &cursor->pages[cursor->current ^ 1];
    bp_status status;

    cursor->row = 0;
    cursor->ended = cursor->next_page == cursor->end_page;
    if (cursor->ended) return BP_OK;
    if ((status = spill_page_read(&page->page, cursor->run, cursor->next_page++, err))) return status;
    if ((status = encode_page(merge, page, err))) return status;
    cursor->current ^= 1;
    cursor->turned = true;
    note_prefix(merge, cursor);
    return BP_OK;
}

static bool is_before(const sort_merge *merge, uint32_t left_index, uint32_t right_index)
{
    const merge_cursor *left = &merge->cursors[left_index], *right = &merge->cursors[right_index];
    size_t width = merge->layout.width;
    uint128 left_place, right_place;
    int order = 0;

    if (left->ended || right->ended) return !left->ended;
    if (left->prefix != right->prefix) return left->prefix < right->prefix;
    if (merge->layout.count)
        order = sort_compare(&merge->layout, left->pages[left->current].keys + left->row * width, page_of(left)->columns, left->row,
                             right->pages[right->current].keys + right->row * width, page_of(right)->columns, right->row);
    if (order) return order < 0;
    left_place = place_of(left);
    right_place = place_of(right);
    return left_place != right_place ? left_place < right_place : left_index < right_index;
}

/* the tree ----------------------------------------------------------------------------------------------------------------------------------- */
/* The cursor has another row: it plays against those that lost on its way up. */
static void replay(sort_merge *merge, uint32_t cursor)
{
    uint32_t winner = cursor;

    for (size_t node = (cursor + merge->cursor_count) / 2; node > 0; node /= 2) {
        uint32_t other = merge->losers[node];
        if (other == NO_CURSOR) { /* the first to come here, while the tree is made: waits for its match */
            merge->losers[node] = winner;
            return;
        }
        if (!is_before(merge, other, winner)) continue;
        merge->losers[node] = winner;
        winner = other;
    }
    merge->losers[0] = winner;
}

static bp_status start(sort_merge *merge, bp_error *err)
{
    bp_status status = BP_OK;

    merge->started = true;
    merge->waiting = NO_CURSOR;
    memset(merge->losers, 0xff, (merge->cursor_count + 1) * sizeof *merge->losers);
    for (uint32_t i = 0; i < merge->cursor_count && !status; i++) {
        status = turn_page(merge, &merge->cursors[i], err);
        if (!status) replay(merge, i);
    }
    return status;
}

/* Forget what the last batch needed, and read the page for which it ended. */
static bp_status go_on(sort_merge *merge, bp_error *err)
{
    uint32_t waiting = merge->waiting;
    bp_status status;

    for (size_t i = 0; i < merge->cursor_count; i++) merge->cursors[i].turned = false;
    if (waiting == NO_CURSOR) return BP_OK;
    merge->waiting = NO_CURSOR;
    if ((status = turn_page(merge, &merge->cursors[waiting], err))) return status;
    replay(merge, waiting);
    return BP_OK;
}

/* batches ------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status pick(sort_merge *merge, uint32_t *part_of, uint32_t *row_of, size_t most, size_t *count, bp_error *err)
{
    bp_status status;

    for (*count = 0; *count < most && merge->waiting == NO_CURSOR; ++*count) {
        uint32_t winner = merge->losers[0];
        merge_cursor *cursor = &merge->cursors[winner];

        if (cursor->ended) break;
        part_of[*count] = 2 * winner + cursor->current;
        row_of[*count] = (uint32_t)cursor->row++;
        if (cursor->row < page_of(cursor)->row_count) {
            note_prefix(merge, cursor);
        } else if (cursor->turned) {
            merge->waiting = winner;
            continue;
        } else if ((status = turn_page(merge, cursor, err))) {
            return status;
        }
        replay(merge, winner);
    }
    return BP_OK;
}

static bp_status gather_column(sort_merge *merge, size_t index, const batch *rows, const uint32_t *part_of, const uint32_t *row_of,
                               bp_error *err)
{
    for (size_t i = 0; i < 2 * merge->cursor_count; i++) {
        const batch *page = &merge->cursors[i / 2].pages[i % 2].page.rows;
        merge->parts[i] = page->row_count ? &page->columns[index] : NULL;
    }
    return column_gather_parts(&rows->columns[index], merge->types[index], merge->parts, 2 * merge->cursor_count, part_of, row_of,
                               rows->row_count, &merge->batch, err);
}

bp_status sort_merge_next(sort_merge *merge, size_t most, batch *out, bp_error *err)
{
    uint32_t *part_of, *row_of;
    bp_status status = merge->started ? go_on(merge, err) : start(merge, err);

    *out = (batch){.column_count = merge->column_count};
    if (status || merge->cursor_count == 0) return status;
    arena_reset(&merge->batch);
    part_of = arena_new_array(&merge->batch, uint32_t, most);
    row_of = arena_new_array(&merge->batch, uint32_t, most);
    out->columns = arena_new_array(&merge->batch, column, merge->column_count);
    if (!part_of || !row_of || !out->columns) return error_no_memory(err, merge->context->memory, most * sizeof *part_of);
    if ((status = pick(merge, part_of, row_of, most, &out->row_count, err))) return status;
    for (size_t i = 0; i < merge->column_count && out->row_count && !status; i++)
        status = gather_column(merge, i, out, part_of, row_of, err);
    return status;
}

/* the scan ------------------------------------------------------------------------------------------------------------------------------------ */
/* Morsels are those of a table of the rows, one after the other; a scan that says 1 is run by one worker. */
typedef struct merge_scan {
    scan base;
    bp_context *context;
    sort_merge *merge;
    uint64_t total, given, next_morsel;
} merge_scan;

typedef struct merge_worker {
    bp_context *context;
    uint64_t left; /* rows of the morsel */
} merge_worker;

static void merge_scan_free(scan *self)
{
    merge_scan *scan = (merge_scan *)self;

    sort_merge_free(scan->merge);
    memory_delete(scan->context->memory, scan);
}

static bp_status merge_worker_new(scan_worker **out, scan *self, bp_error *err)
{
    bp_context *context = ((merge_scan *)self)->context;
    merge_worker *worker = memory_new(context->memory, merge_worker);

    *out = (scan_worker *)worker;
    if (!worker) return error_no_memory(err, context->memory, sizeof *worker);
    worker->context = context;
    return BP_OK;
}

static void merge_worker_free(scan_worker *self)
{
    merge_worker *worker = (merge_worker *)self;

    memory_delete(worker->context->memory, worker);
}

static bp_status merge_claim(scan *self, scan_worker *worker_base, uint64_t *morsel, bool *end, bp_error *err)
{
    merge_scan *scan = (merge_scan *)self;
    merge_worker *worker = (merge_worker *)worker_base;
    uint64_t left = scan->total - scan->given, rows = scan->context->config.morsel_rows;

    (void)err;
    *morsel = scan->next_morsel++;
    *end = left == 0;
    worker->left = left < rows ? left : rows;
    scan->given += worker->left;
    return BP_OK;
}

static bp_status merge_scan_next(scan *self, scan_worker *worker_base, batch *out, bp_error *err)
{
    merge_scan *scan = (merge_scan *)self;
    merge_worker *worker = (merge_worker *)worker_base;
    size_t most = scan->context->config.batch_size;
    bp_status status;

    *out = (batch){0};
    if (worker->left == 0) return BP_OK;
    if (most > worker->left) most = (size_t)worker->left;
    if ((status = sort_merge_next(scan->merge, most, out, err))) return status;
    if (out->row_count == 0) return ERROR_INTERNAL(err, "merged runs have fewer rows than were written");
    worker->left -= out->row_count;
    out->column_count--; /* the place */
    return BP_OK;
}

static double merge_progress(const scan *self)
{
    const merge_scan *scan = (const merge_scan *)self;

    return scan->total ? (double)scan->given / (double)scan->total : 1;
}

static const scan_class merge_scan_class = {
    .free = merge_scan_free,
    .worker_new = merge_worker_new,
    .worker_free = merge_worker_free,
    .claim = merge_claim,
    .next = merge_scan_next,
    .progress = merge_progress,
};

bp_status sort_merge_scan_new(scan **out, bp_context *context, const schema *schema, const sort_spec *specs, size_t spec_count,
                              spill_run **runs, size_t run_count, bp_error *err)
{
    merge_scan *made = memory_new(context->memory, merge_scan);
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->base = (scan){.class = &merge_scan_class, .morsel_estimate = 1};
    made->context = context;
    for (size_t i = 0; i < run_count; i++) made->total += spill_run_rows(runs[i]);
    status = sort_merge_new(&made->merge, context, schema, specs, spec_count, runs, run_count, err);
    if (status)
        merge_scan_free(&made->base);
    else
        *out = &made->base;
    return status;
}
