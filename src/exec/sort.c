/* SORT: all rows are collected; then numbers of rows are sorted by their key rows, and the columns gathered once.
 *
 *   entries (first 8 key bytes, row) --radix sort by byte, stable--> runs of equal prefix --merge sort by the whole key--> order --gather--> result
 *
 * Ties stay in row order. Bytes of the prefix that are the same in all rows cost nothing. */
#include "order_key.h"

#include "column/concatenate.h"

#define GATHER_ROWS 65536

typedef struct sort_entry {
    uint64_t prefix;
    uint32_t row;
} sort_entry;

typedef struct sort_sink {
    sink base;
    const schema *schema;
    const sort_spec *specs;
    size_t spec_count;
    sink *rows; /* a COLLECT */
    arena arena;
    sort_layout layout;
    batch all; /* the collected rows, one FLAT column over all of them each */
    char *keys;
    size_t keys_size;
    sort_entry *entries, *other;
    table *result;
} sort_sink;

static void sort_free(sink *self)
{
    sort_sink *sort = (sort_sink *)self;
    size_t bytes = sort->all.row_count * sizeof(sort_entry);

    sink_free(sort->rows);
    table_release(sort->result);
    memory_free(self->context->memory, sort->keys, sort->keys_size);
    memory_free(self->context->memory, sort->entries, bytes);
    memory_free(self->context->memory, sort->other, bytes);
    arena_clear(&sort->arena);
    memory_delete(self->context->memory, sort);
}

static bp_status sort_worker_new(sink_worker **out, sink *self, bp_error *err)
{
    sink *rows = ((sort_sink *)self)->rows;

    return rows->class->worker_new(out, rows, err);
}

static bp_status sort_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err)
{
    sink *rows = ((sort_sink *)self)->rows;

    return rows->class->consume(rows, worker, morsel, in, enough, err);
}

static bp_status sort_morsel_end(sink *self, sink_worker *worker, uint64_t morsel, bool *enough, bp_error *err)
{
    sink *rows = ((sort_sink *)self)->rows;

    return rows->class->morsel_end(rows, worker, morsel, enough, err);
}

/* ordering ------------------------------------------------------------------------------------------------------------------------------------ */
static void radix_pass(const sort_entry *from, sort_entry *to, size_t count, unsigned shift)
{
    size_t places[256] = {0}, total = 0;

    for (size_t i = 0; i < count; i++) places[(from[i].prefix >> shift) & 0xff]++;
    for (size_t i = 0; i < 256; i++) {
        size_t here = places[i];
        places[i] = total;
        total += here;
    }
    for (size_t i = 0; i < count; i++) to[places[(from[i].prefix >> shift) & 0xff]++] = from[i];
}

/* Stable, by prefix; the result is in entries. */
static void radix_sort(sort_sink *sort, size_t count)
{
    uint64_t differing = 0;

    for (size_t i = 1; i < count; i++) differing |= sort->entries[i].prefix ^ sort->entries[0].prefix;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        sort_entry *swap = sort->entries;
        if (!((differing >> shift) & 0xff)) continue;
        radix_pass(sort->entries, sort->other, count, shift);
        sort->entries = sort->other;
        sort->other = swap;
    }
}

static bool is_before_or_tied(const sort_sink *sort, const sort_entry *left, const sort_entry *right)
{
    const char *keys = sort->keys;
    size_t width = sort->layout.width;

    if (left->prefix != right->prefix) return left->prefix < right->prefix;
    return sort_compare(&sort->layout, keys + left->row * width, sort->all.columns, left->row, keys + right->row * width,
                        sort->all.columns, right->row) <= 0;
}

/* Stable merge sort, bottom up; small runs by insertion. */
static void merge_sort(const sort_sink *sort, sort_entry *entries, sort_entry *other, size_t count)
{
    sort_entry *from = entries, *to = other;

    for (size_t begin = 0; begin < count; begin += 16) {
        size_t end = count - begin < 16 ? count : begin + 16;
        for (size_t i = begin + 1; i < end; i++) {
            sort_entry moving = entries[i];
            size_t hole = i;
            for (; hole > begin && !is_before_or_tied(sort, &entries[hole - 1], &moving); hole--) entries[hole] = entries[hole - 1];
            entries[hole] = moving;
        }
    }
    for (size_t width = 16; width < count; width *= 2) {
        sort_entry *swap = from;
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            size_t middle = count - begin < width ? count : begin + width,
                   end = count - begin < 2 * width ? count : begin + 2 * width;
            size_t left = begin, right = middle, at = begin;
            while (left < middle && right < end)
                to[at++] = is_before_or_tied(sort, &from[left], &from[right]) ? from[left++] : from[right++];
            while (left < middle) to[at++] = from[left++];
            while (right < end) to[at++] = from[right++];
        }
        from = to;
        to = swap;
    }
    if (from != entries) memcpy(entries, from, count * sizeof *entries);
}

static bp_status sort_ties(sort_sink *sort, size_t count, bp_error *err)
{
    bp_status status;

    if (sort->layout.width <= 8 && !sort->layout.has_text) return BP_OK;
    for (size_t begin = 0; begin < count;) {
        size_t end = begin + 1;
        while (end < count && sort->entries[end].prefix == sort->entries[begin].prefix) end++;
        if (end - begin > 1) merge_sort(sort, sort->entries + begin, sort->other + begin, end - begin);
        if (end - begin > 4096 && (status = cancel_check(&sort->base.context->cancel, err))) return status;
        begin = end;
    }
    return BP_OK;
}

/* finishing ------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status concatenate_rows(sort_sink *sort, const table *rows, bp_error *err)
{
    size_t chunks = table_chunk_count(rows), count = sort->schema->count;
    const column **parts = arena_new_array(&sort->arena, const column *, chunks);
    column *columns = arena_new_array(&sort->arena, column, count);
    bp_status status;

    if (!parts || !columns) return error_no_memory(err, sort->base.context->memory, chunks * sizeof *parts);
    if (table_row_count(rows) >= UINT32_MAX) return error_set(err, BP_LIMIT, "a sort of over %u rows", UINT32_MAX - 1);
    for (size_t i = 0; i < count; i++) {
        for (size_t chunk = 0; chunk < chunks; chunk++) {
            column *flat = arena_new(&sort->arena, column);
            if (!flat) return error_no_memory(err, sort->base.context->memory, sizeof *flat);
            if ((status = column_flatten(flat, &table_chunk(rows, chunk)->columns[i], &sort->arena, err))) return status;
            parts[chunk] = flat;
        }
        if ((status = column_concatenate(&columns[i], sort->schema->types[i], parts, chunks, &sort->arena, err))) return status;
    }
    sort->all = (batch){.row_count = table_row_count(rows), .column_count = count, .columns = columns};
    return BP_OK;
}

static bp_status make_layout(sort_sink *sort, bp_error *err)
{
    bool *nullable = arena_new_array(&sort->arena, bool, sort->spec_count);

    if (!nullable) return error_no_memory(err, sort->base.context->memory, sort->spec_count);
    for (size_t i = 0; i < sort->spec_count; i++) nullable[i] = sort->all.columns[sort->specs[i].column].validity != NULL;
    return sort_layout_init(&sort->layout, sort->schema, sort->specs, sort->spec_count, nullable, &sort->arena, err);
}

static bp_status make_entries(sort_sink *sort, bp_error *err)
{
    memory *memory = sort->base.context->memory;
    size_t count = sort->all.row_count;
    bp_status status;
    arena scratch;

    sort->keys_size = count * sort->layout.width;
    sort->keys = memory_allocate(memory, sort->keys_size);
    sort->entries = memory_allocate(memory, count * sizeof(sort_entry));
    sort->other = memory_allocate(memory, count * sizeof(sort_entry));
    if (!sort->keys || !sort->entries || !sort->other) return error_no_memory(err, memory, sort->keys_size);
    arena_init(&scratch, memory);
    status = sort_encode(&sort->layout, &sort->all, sort->keys, &scratch, err);
    arena_clear(&scratch);
    for (size_t i = 0; i < count && !status; i++)
        sort->entries[i] = (sort_entry){sort_prefix(sort->keys + i * sort->layout.width), (uint32_t)i};
    return status;
}

/* Piece by piece, in parallel, into regions that the result then keeps. */
typedef struct gather_job {
    sort_sink *sort;
    batch *pieces;
    region **regions;
} gather_job;

static bp_status gather_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    gather_job *job = data;
    sort_sink *sort = job->sort;
    size_t begin = (size_t)piece * GATHER_ROWS, left = sort->all.row_count - begin, rows = left < GATHER_ROWS ? left : GATHER_ROWS;
    region *region = region_new(sort->base.context->memory);
    uint32_t *selection;
    bp_status status;

    (void)worker;
    if (!region) return error_no_memory(err, sort->base.context->memory, rows * sizeof *selection);
    job->regions[piece] = region;
    selection = arena_new_array(region_arena(region), uint32_t, rows);
    if (!selection) return error_no_memory(err, sort->base.context->memory, rows * sizeof *selection);
    for (size_t i = 0; i < rows; i++) selection[i] = sort->entries[begin + i].row;
    if ((status = batch_gather(&job->pieces[piece], &sort->all, selection, rows, region_arena(region), err))) return status;
    return BP_OK;
}

static bp_status gather_result(sort_sink *sort, bp_error *err)
{
    size_t pieces = (sort->all.row_count + GATHER_ROWS - 1) / GATHER_ROWS;
    gather_job job = {.sort = sort};
    bp_status status;

    job.pieces = arena_new_array(&sort->arena, batch, pieces);
    job.regions = arena_new_array(&sort->arena, region *, pieces);
    if (!job.pieces || !job.regions) return error_no_memory(err, sort->base.context->memory, pieces * sizeof(batch));
    status = table_new(&sort->result, sort->base.context->memory, sort->schema, err);
    if (!status) status = parallel_for(sort->base.context, pieces, gather_piece, &job, err);
    for (size_t i = 0; i < pieces && !status; i++) status = table_append(sort->result, &job.pieces[i], err);
    if (!status) status = table_finish(sort->result, err);
    for (size_t i = 0; i < pieces; i++) region_release(job.regions[i]);
    return status;
}

static bp_status sort_finish(sink *self, sink_worker **workers, size_t worker_count, bp_error *err)
{
    sort_sink *sort = (sort_sink *)self;
    bp_status status;

    if ((status = sort->rows->class->finish(sort->rows, workers, worker_count, err))) return status;
    if ((status = concatenate_rows(sort, collect_table(sort->rows), err))) return status;
    if ((status = make_layout(sort, err)) || (status = make_entries(sort, err))) return status;
    radix_sort(sort, sort->all.row_count);
    if ((status = sort_ties(sort, sort->all.row_count, err))) return status;
    return gather_result(sort, err);
}

static const sink_class sort_class = {
    .name = "SORT",
    .free = sort_free,
    .worker_new = sort_worker_new,
    .worker_free = collect_worker_free,
    .consume = sort_consume,
    .morsel_end = sort_morsel_end,
    .finish = sort_finish,
};

bp_status sort_all_new(sink **out, bp_context *context, const schema *schema, const sort_spec *keys, size_t key_count,
                       bp_error *err)
{
    sort_sink *sort = memory_new(context->memory, sort_sink);
    bp_status status;

    *out = NULL;
    if (!sort) return error_no_memory(err, context->memory, sizeof *sort);
    sort->base = (sink){.class = &sort_class, .context = context};
    sort->schema = schema;
    sort->specs = keys;
    sort->spec_count = key_count;
    arena_init(&sort->arena, context->memory);
    status = collect_new(&sort->rows, context, schema, 0, UINT64_MAX, -1, err);
    if (status)
        sort_free(&sort->base);
    else
        *out = &sort->base;
    return status;
}

table *sort_all_table(sink *self)
{
    return ((sort_sink *)self)->result;
}

bp_status sort_all_make_scan(void *self, scan **out, bp_error *err)
{
    sort_sink *sort = self;

    return table_scan_new(out, sort->base.context, sort->result, err);
}
