/* SORT: all rows are collected; then numbers of rows are sorted by their key rows, and the columns gathered once.
 *
 *   key rows --the first 8 bytes that differ anywhere--> entries (prefix, row)
 *   pieces of PIECE_ROWS entries: radix sort by byte, stable; runs of equal prefix by the whole key
 *   pieces merged by twos, every merge cut into pieces of output (merge path: Green, Odeh, Birk 2014)
 *   order --gather--> result
 *
 * Every step is one parallel_for over pieces that do not depend on the number of threads. Ties stay in row order. Bytes that are the same in all rows
 * are left out of the prefix, so that a few narrow keys fit into it and no row is compared by its whole key. */
#include "order_key.h"

#include "column/concatenate.h"

#define PIECE_ROWS 65536

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
    uint64_t *differing; /* a key's width for each piece: the bits that are not the same in all its rows */
    uint32_t places[8]; /* of the prefix's bytes in a key row */
    size_t place_count;
    bool is_exact; /* the prefix says all */
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

/* the prefix ---------------------------------------------------------------------------------------------------------------------------------- */
static size_t piece_count(const sort_sink *sort)
{
    return (sort->all.row_count + PIECE_ROWS - 1) / PIECE_ROWS;
}

static size_t piece_rows(const sort_sink *sort, uint64_t piece)
{
    size_t left = sort->all.row_count - (size_t)piece * PIECE_ROWS;

    return left < PIECE_ROWS ? left : PIECE_ROWS;
}

/* Key rows of a piece, and the bits in which they differ from its first one. */
static bp_status encode_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    sort_sink *sort = data;
    size_t width = sort->layout.width, rows = piece_rows(sort, piece), begin = (size_t)piece * PIECE_ROWS;
    char *keys = sort->keys + begin * width;
    uint64_t *differing = sort->differing + piece * (width / 8);
    batch part;
    arena scratch;
    bp_status status;

    (void)worker;
    arena_init(&scratch, sort->base.context->memory);
    if ((status = batch_slice(&part, &sort->all, begin, rows, &scratch, err))) goto done;
    if ((status = sort_encode(&sort->layout, &part, keys, &scratch, err))) goto done;
    for (size_t row = 0; row < rows; row++)
        for (size_t word = 0; word < width / 8; word++) {
            uint64_t first, here;
            memcpy(&first, keys + 8 * word, 8);
            memcpy(&here, keys + row * width + 8 * word, 8);
            differing[word] |= first ^ here;
        }
done:
    arena_clear(&scratch);
    return status;
}

/* How many bytes of keys decide by themselves: behind a text that may go on, only the whole text tells whether the next key counts. */
static size_t deciding_width(const sort_layout *layout)
{
    for (size_t i = 0; i + 1 < layout->count; i++)
        if (type_physical(layout->types[i]) == PHYSICAL_STRING || type_is_nested(layout->types[i])) return layout->offsets[i + 1];
    return layout->width;
}

/* The first 8 byte places at which keys differ; fewer when they differ in fewer. */
static void choose_places(sort_sink *sort)
{
    size_t width = sort->layout.width, deciding = deciding_width(&sort->layout), different = 0;

    for (size_t at = 0; at < deciding; at++) {
        bool differs = false;
        for (size_t piece = 0; piece < piece_count(sort) && !differs; piece++) {
            const char *bits = (const char *)(sort->differing + piece * (width / 8));
            differs = bits[at] != 0 || sort->keys[piece * PIECE_ROWS * width + at] != sort->keys[at];
        }
        if (!differs) continue;
        if (different < 8) sort->places[different] = (uint32_t)at;
        different++;
    }
    sort->place_count = different < 8 ? different : 8;
    sort->is_exact = different <= 8 && !sort->layout.has_text;
}

static inline uint64_t prefix_of(const sort_sink *sort, const char *key)
{
    uint64_t prefix = 0;

    for (size_t i = 0; i < sort->place_count; i++) prefix = prefix << 8 | (unsigned char)key[sort->places[i]];
    return prefix;
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

/* Stable, by prefix. */
static void radix_sort(sort_entry *entries, sort_entry *other, size_t count)
{
    sort_entry *from = entries, *to = other;
    uint64_t differing = 0;

    for (size_t i = 1; i < count; i++) differing |= entries[i].prefix ^ entries[0].prefix;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        sort_entry *swap = from;
        if (!((differing >> shift) & 0xff)) continue;
        radix_pass(from, to, count, shift);
        from = to;
        to = swap;
    }
    if (from != entries) memcpy(entries, from, count * sizeof *entries);
}

static bool is_before_or_tied(const sort_sink *sort, const sort_entry *left, const sort_entry *right)
{
    const char *keys = sort->keys;
    size_t width = sort->layout.width;

    if (left->prefix != right->prefix || sort->is_exact) return left->prefix <= right->prefix;
    return sort_compare(&sort->layout, keys + left->row * width, sort->all.columns, left->row, keys + right->row * width,
                        sort->all.columns, right->row) <= 0;
}

/* Rows put out between looks at cancel: long texts take a cache line after the other to compare. */
#define ROWS_BETWEEN_LOOKS 256

static bp_status look(const sort_sink *sort, size_t at, bp_error *err)
{
    return at % ROWS_BETWEEN_LOOKS ? BP_OK : cancel_check(&sort->base.context->cancel, err);
}

/* Stable merge sort, bottom up; small runs by insertion. */
static bp_status merge_sort(const sort_sink *sort, sort_entry *entries, sort_entry *other, size_t count, bp_error *err)
{
    sort_entry *from = entries, *to = other;
    bp_status status = BP_OK;

    for (size_t begin = 0; begin < count; begin += 16) {
        size_t end = count - begin < 16 ? count : begin + 16;
        if ((status = look(sort, begin, err))) return status;
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
            while (left < middle && right < end) {
                if ((status = look(sort, at, err))) return status;
                to[at++] = is_before_or_tied(sort, &from[left], &from[right]) ? from[left++] : from[right++];
            }
            while (left < middle) to[at++] = from[left++];
            while (right < end) to[at++] = from[right++];
        }
        from = to;
        to = swap;
    }
    if (from != entries) memcpy(entries, from, count * sizeof *entries);
    return status;
}

static bp_status sort_ties(const sort_sink *sort, sort_entry *entries, sort_entry *other, size_t count, bp_error *err)
{
    bp_status status = BP_OK;

    if (sort->is_exact) return BP_OK;
    for (size_t begin = 0; begin < count && !status;) {
        size_t end = begin + 1;
        while (end < count && entries[end].prefix == entries[begin].prefix) end++;
        if (end - begin > 1) status = merge_sort(sort, entries + begin, other + begin, end - begin, err);
        begin = end;
    }
    return status;
}

static bp_status sort_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    sort_sink *sort = data;
    size_t begin = (size_t)piece * PIECE_ROWS, rows = piece_rows(sort, piece);
    sort_entry *entries = sort->entries + begin, *other = sort->other + begin;

    (void)worker;
    for (size_t i = 0; i < rows; i++)
        entries[i] = (sort_entry){prefix_of(sort, sort->keys + (begin + i) * sort->layout.width), (uint32_t)(begin + i)};
    radix_sort(entries, other, rows);
    return sort_ties(sort, entries, other, rows, err);
}

/* merging ----------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct merge_round {
    const sort_sink *sort;
    size_t run; /* rows of a sorted run: PIECE_ROWS, twice that … */
} merge_round;

/* How many of the first `place` merged entries come from the left run. */
static size_t merge_split(const sort_sink *sort, const sort_entry *left, size_t left_count, const sort_entry *right,
                          size_t right_count, size_t place)
{
    size_t low = place > right_count ? place - right_count : 0, high = place < left_count ? place : left_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_before_or_tied(sort, &left[middle], &right[place - middle - 1]))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* One piece of a round's output, from entries into other. */
static bp_status merge_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    const merge_round *round = data;
    const sort_sink *sort = round->sort;
    size_t count = sort->all.row_count, at = (size_t)piece * PIECE_ROWS, end = at + piece_rows(sort, piece);
    size_t begin = at / (2 * round->run) * (2 * round->run), middle = begin + round->run < count ? begin + round->run : count;
    size_t last = middle + round->run < count ? middle + round->run : count;
    const sort_entry *left = sort->entries + begin, *right = sort->entries + middle;
    size_t i = merge_split(sort, left, middle - begin, right, last - middle, at - begin), j = at - begin - i;
    size_t left_end = merge_split(sort, left, middle - begin, right, last - middle, end - begin),
           right_end = end - begin - left_end;
    sort_entry *to = sort->other + at;
    bp_status status;

    (void)worker;
    while (i < left_end && j < right_end) {
        if ((status = look(sort, i + j, err))) return status;
        *to++ = is_before_or_tied(sort, &left[i], &right[j]) ? left[i++] : right[j++];
    }
    while (i < left_end) *to++ = left[i++];
    while (j < right_end) *to++ = right[j++];
    return BP_OK;
}

static bp_status merge_pieces(sort_sink *sort, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t run = PIECE_ROWS; run < sort->all.row_count && !status; run *= 2) {
        sort_entry *merged = sort->other;
        merge_round round = {sort, run};
        status = parallel_for(sort->base.context, piece_count(sort), merge_piece, &round, err);
        sort->other = sort->entries;
        sort->entries = merged;
    }
    return status;
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

static bp_status sort_entries(sort_sink *sort, bp_error *err)
{
    memory *memory = sort->base.context->memory;
    size_t count = sort->all.row_count;
    bp_status status;

    sort->keys_size = count * sort->layout.width;
    sort->keys = memory_allocate(memory, sort->keys_size);
    sort->entries = memory_allocate(memory, count * sizeof(sort_entry));
    sort->other = memory_allocate(memory, count * sizeof(sort_entry));
    sort->differing = arena_allocate_zeroed(&sort->arena, piece_count(sort) * sort->layout.width);
    if (!sort->keys || !sort->entries || !sort->other || !sort->differing) return error_no_memory(err, memory, sort->keys_size);
    if ((status = parallel_for(sort->base.context, piece_count(sort), encode_piece, sort, err))) return status;
    choose_places(sort);
    if ((status = parallel_for(sort->base.context, piece_count(sort), sort_piece, sort, err))) return status;
    return merge_pieces(sort, err);
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
    size_t begin = (size_t)piece * PIECE_ROWS, rows = piece_rows(sort, piece);
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
    size_t pieces = piece_count(sort);
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
    if ((status = make_layout(sort, err))) return status;
    if (sort->all.row_count && (status = sort_entries(sort, err))) return status;
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
