/* Sorting rows in memory: numbers of rows are sorted by their key rows; whoever wants the rows gathers them from their chunks, so that payload is moved once.
 *
 *   key rows --the first 8 bytes that differ anywhere--> entries (prefix, row)
 *   pieces of up to 65,536 entries: radix sort by byte, stable; runs of equal prefix by the whole key
 *   pieces merged by twos, every merge cut into pieces of output (merge path: Green, Odeh, Birk 2014)
 *
 * Every step is one parallel_for over pieces that do not depend on the number of threads. Ties stay in row order. Bytes that are the same in all rows
 * are left out of the prefix, so that a few narrow keys fit into it and no row is compared by its whole key. */
#include "sort_internal.h"

#include "column/gather_parts.h"

#define MOST_PIECE 65536 /* rows */
#define LEAST_PIECE 4096
#define STEP_BYTES ((size_t)1 << 20) /* of key rows, encoded between two looks at cancel */
#define STEP_LEAST_ROWS ((size_t)64)
#define BLOCK_ROWS 4096

/* chunks -------------------------------------------------------------------------------------------------------------------------------------- */
static inline size_t chunk_of(const sorted_rows *sort, size_t row)
{
    size_t chunk = sort->block_chunks[row / BLOCK_ROWS];

    while (row >= sort->starts[chunk + 1]) chunk++;
    return chunk;
}

static bp_status flatten_chunk(sorted_rows *sort, size_t chunk, bp_error *err)
{
    const batch *rows = table_chunk(sort->rows, chunk);
    size_t count = sort->schema->count;
    bp_status status = BP_OK;

    sort->starts[chunk + 1] = sort->starts[chunk] + rows->row_count;
    for (size_t i = 0; i < count && !status; i++) {
        column *flat = &sort->flat[chunk * count + i];
        status = column_flatten(flat, &rows->columns[i], &sort->arena, err);
        sort->parts[i * sort->chunk_count + chunk] = flat;
    }
    return status;
}

static bp_status lay_out_chunks(sorted_rows *sort, bp_error *err)
{
    size_t chunks = table_chunk_count(sort->rows), count = sort->schema->count, blocks;
    bp_status status = BP_OK;

    sort->chunk_count = chunks;
    sort->row_count = table_row_count(sort->rows);
    blocks = sort->row_count / BLOCK_ROWS + 1;
    if (sort->row_count >= UINT32_MAX) return error_set(err, BP_LIMIT, "a sort of over %u rows in memory", UINT32_MAX - 1);
    sort->starts = arena_new_array(&sort->arena, size_t, chunks + 1);
    sort->block_chunks = arena_new_array(&sort->arena, uint32_t, blocks);
    sort->flat = arena_new_array(&sort->arena, column, chunks * count + 1);
    sort->parts = arena_new_array(&sort->arena, const column *, chunks *count + 1);
    if (!sort->starts || !sort->block_chunks || !sort->flat || !sort->parts)
        return error_no_memory(err, sort->context->memory, chunks * count * sizeof(column));
    for (size_t chunk = 0; chunk < chunks && !status; chunk++) status = flatten_chunk(sort, chunk, err);
    for (size_t block = 0, chunk = 0; block < blocks && !status; block++) {
        while (chunk + 1 < chunks && block * BLOCK_ROWS >= sort->starts[chunk + 1]) chunk++;
        sort->block_chunks[block] = (uint32_t)chunk;
    }
    return status;
}

static bp_status make_layout(sorted_rows *sort, const sort_spec *specs, size_t spec_count, bp_error *err)
{
    bool *nullable = arena_new_array(&sort->arena, bool, spec_count + 1);

    if (!nullable) return error_no_memory(err, sort->context->memory, spec_count);
    for (size_t i = 0; i < spec_count; i++)
        for (size_t chunk = 0; chunk < sort->chunk_count; chunk++)
            nullable[i] |= sort->flat[chunk * sort->schema->count + specs[i].column].validity != NULL;
    return sort_layout_init(&sort->layout, sort->schema, specs, spec_count, nullable, &sort->arena, err);
}

/* the prefix ---------------------------------------------------------------------------------------------------------------------------------- */
/* Few rows are cut too, for the other threads. */
static size_t piece_size_for(size_t rows)
{
    size_t size = MOST_PIECE;

    while (size > LEAST_PIECE && rows < 2 * size) size /= 2;
    return size;
}

static size_t piece_count(const sorted_rows *sort)
{
    return (sort->row_count + sort->piece_size - 1) / sort->piece_size;
}

static size_t piece_rows(const sorted_rows *sort, uint64_t piece)
{
    size_t left = sort->row_count - (size_t)piece * sort->piece_size;

    return left < sort->piece_size ? left : sort->piece_size;
}

/* Key rows of [begin, begin + rows), chunk by chunk: only the columns of keys are looked at. */
static bp_status encode_rows(const sorted_rows *sort, size_t begin, size_t rows, char *keys, bp_error *err)
{
    size_t width = sort->layout.width, end = begin + rows, count = sort->schema->count;
    bp_status status = BP_OK;
    arena scratch;

    arena_init(&scratch, sort->context->memory);
    for (size_t chunk = chunk_of(sort, begin); begin < end && !status; chunk++) {
        size_t from = begin - sort->starts[chunk], next = sort->starts[chunk + 1] < end ? sort->starts[chunk + 1] : end;
        batch part = {.row_count = next - begin, .column_count = count};
        arena_reset(&scratch);
        part.columns = arena_new_array(&scratch, column, count);
        if (!part.columns) status = error_no_memory(err, scratch.memory, count * sizeof(column));
        for (size_t i = 0; i < sort->layout.count && !status; i++) {
            size_t key = sort->layout.specs[i].column;
            status = column_slice(&part.columns[key], &sort->flat[chunk * count + key], from, next - begin, &scratch, err);
        }
        if (!status) status = sort_encode(&sort->layout, &part, keys, &scratch, err);
        keys += (next - begin) * width;
        begin = next;
    }
    arena_clear(&scratch);
    return status;
}

static void note_differing(uint64_t *differing, const char *first_key, const char *keys, size_t rows, size_t width)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t word = 0; word < width / 8; word++) {
            uint64_t first, here;
            memcpy(&first, first_key + 8 * word, 8);
            memcpy(&here, keys + row * width + 8 * word, 8);
            differing[word] |= first ^ here;
        }
}

/* Key rows of a piece, and the bits in which they differ from its first one. */
static bp_status encode_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    sorted_rows *sort = data;
    size_t width = sort->layout.width, begin = (size_t)piece * sort->piece_size, end = begin + piece_rows(sort, piece), rows;
    size_t step = width && STEP_BYTES / width > STEP_LEAST_ROWS ? STEP_BYTES / width : STEP_LEAST_ROWS;
    const char *first = sort->keys + begin * width;
    bp_status status = BP_OK;

    (void)worker;
    for (; begin < end && !status; begin += rows) {
        char *keys = sort->keys + begin * width;

        rows = end - begin < step ? end - begin : step;
        if ((status = encode_rows(sort, begin, rows, keys, err))) break;
        note_differing(sort->differing + piece * (width / 8), first, keys, rows, width);
        status = cancel_check(&sort->context->cancel, err);
    }
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
static void choose_places(sorted_rows *sort)
{
    size_t width = sort->layout.width, deciding = deciding_width(&sort->layout), different = 0;

    for (size_t at = 0; at < deciding; at++) {
        bool differs = false;
        for (size_t piece = 0; piece < piece_count(sort) && !differs; piece++) {
            const char *bits = (const char *)(sort->differing + piece * (width / 8));
            differs = bits[at] != 0 || sort->keys[piece * sort->piece_size * width + at] != sort->keys[at];
        }
        if (!differs) continue;
        if (different < 8) sort->places[different] = (uint32_t)at;
        different++;
    }
    sort->place_count = different < 8 ? different : 8;
    sort->is_exact = different <= 8 && !sort->layout.has_text;
}

static inline uint64_t prefix_of(const sorted_rows *sort, const char *key)
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

static int compare_rows(const sorted_rows *sort, uint32_t left, uint32_t right)
{
    size_t width = sort->layout.width, count = sort->schema->count, one = chunk_of(sort, left), other = chunk_of(sort, right);

    return sort_compare(&sort->layout, sort->keys + left * width, sort->flat + one * count, left - sort->starts[one],
                        sort->keys + right * width, sort->flat + other * count, right - sort->starts[other]);
}

static bool is_before_or_tied(const sorted_rows *sort, const sort_entry *left, const sort_entry *right)
{
    if (left->prefix != right->prefix || sort->is_exact) return left->prefix <= right->prefix;
    return compare_rows(sort, left->row, right->row) <= 0;
}

/* Rows put out between looks at cancel: long texts take a cache line after the other to compare. */
#define ROWS_BETWEEN_LOOKS 256

static bp_status look(const sorted_rows *sort, size_t at, bp_error *err)
{
    return at % ROWS_BETWEEN_LOOKS ? BP_OK : cancel_check(&sort->context->cancel, err);
}

/* Stable merge sort, bottom up; small runs by insertion. */
static bp_status merge_sort(const sorted_rows *sort, sort_entry *entries, sort_entry *other, size_t count, bp_error *err)
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

static bp_status sort_ties(const sorted_rows *sort, sort_entry *entries, sort_entry *other, size_t count, bp_error *err)
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
    sorted_rows *sort = data;
    size_t begin = (size_t)piece * sort->piece_size, rows = piece_rows(sort, piece);
    sort_entry *entries = sort->entries + begin, *other = sort->other + begin;

    (void)worker;
    for (size_t i = 0; i < rows; i++)
        entries[i] = (sort_entry){prefix_of(sort, sort->keys + (begin + i) * sort->layout.width), (uint32_t)(begin + i)};
    radix_sort(entries, other, rows);
    return sort_ties(sort, entries, other, rows, err);
}

/* merging ----------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct merge_round {
    const sorted_rows *sort;
    size_t run; /* rows of a sorted run: a piece's, twice that … */
} merge_round;

/* How many of the first `place` merged entries come from the left run. */
static size_t merge_split(const sorted_rows *sort, const sort_entry *left, size_t left_count, const sort_entry *right,
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
    const sorted_rows *sort = round->sort;
    size_t count = sort->row_count, at = (size_t)piece * sort->piece_size, end = at + piece_rows(sort, piece);
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

static bp_status merge_pieces(sorted_rows *sort, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t run = sort->piece_size; run < sort->row_count && !status; run *= 2) {
        sort_entry *merged = sort->other;
        merge_round round = {sort, run};
        status = parallel_for(sort->context, piece_count(sort), merge_piece, &round, err);
        sort->other = sort->entries;
        sort->entries = merged;
    }
    return status;
}

/* the whole ------------------------------------------------------------------------------------------------------------------------------------ */
static bp_status sort_entries(sorted_rows *sort, bp_error *err)
{
    memory *memory = sort->context->memory;
    size_t count = sort->row_count;
    bp_status status;

    sort->piece_size = piece_size_for(count);
    sort->keys_size = count * sort->layout.width;
    sort->keys = memory_allocate(memory, sort->keys_size);
    sort->entries = memory_allocate(memory, count * sizeof(sort_entry));
    sort->other = memory_allocate(memory, count * sizeof(sort_entry));
    sort->differing = arena_allocate_zeroed(&sort->arena, piece_count(sort) * sort->layout.width);
    if (!sort->keys || !sort->entries || !sort->other || !sort->differing) return error_no_memory(err, memory, sort->keys_size);
    if ((status = parallel_for(sort->context, piece_count(sort), encode_piece, sort, err))) return status;
    choose_places(sort);
    if ((status = parallel_for(sort->context, piece_count(sort), sort_piece, sort, err))) return status;
    return merge_pieces(sort, err);
}

/* What only sorting needs. */
static void drop_keys(sorted_rows *sort)
{
    memory *memory = sort->context->memory;

    memory_free(memory, sort->keys, sort->keys_size);
    memory_free(memory, sort->other, sort->row_count * sizeof(sort_entry));
    sort->keys = NULL;
    sort->other = NULL;
}

bp_status sorted_rows_make(sorted_rows *out, bp_context *context, const schema *schema, const sort_spec *specs, size_t spec_count,
                           table *rows, bp_error *err)
{
    bp_status status;

    *out = (sorted_rows){.context = context, .schema = schema, .rows = rows};
    arena_init(&out->arena, context->memory);
    status = lay_out_chunks(out, err);
    if (!status) status = make_layout(out, specs, spec_count, err);
    if (!status && out->row_count) status = sort_entries(out, err);
    drop_keys(out);
    if (status) sorted_rows_clear(out);
    return status;
}

void sorted_rows_clear(sorted_rows *sorted)
{
    if (!sorted->context) return;
    drop_keys(sorted);
    memory_free(sorted->context->memory, sorted->entries, sorted->row_count * sizeof(sort_entry));
    arena_clear(&sorted->arena);
    table_release(sorted->rows);
    *sorted = (sorted_rows){0};
}

bp_status sorted_rows_gather(const sorted_rows *sorted, size_t begin, size_t count, batch *out, uint32_t *numbers, arena *arena,
                             bp_error *err)
{
    size_t columns = sorted->schema->count, bytes = count * sizeof(uint32_t);
    memory *memory = arena->memory;
    uint32_t *part_of = memory_allocate(memory, bytes), *row_of = memory_allocate(memory, bytes);
    bp_status status = BP_OK;

    *out = (batch){.row_count = count, .column_count = columns, .columns = arena_new_array(arena, column, columns)};
    if (!part_of || !row_of || !out->columns) {
        status = error_no_memory(err, memory, bytes);
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        size_t row = numbers[i] = sorted->entries[begin + i].row, chunk = chunk_of(sorted, row);
        part_of[i] = (uint32_t)chunk;
        row_of[i] = (uint32_t)(row - sorted->starts[chunk]);
    }
    for (size_t i = 0; i < columns && !status; i++)
        status = column_gather_parts(&out->columns[i], sorted->schema->types[i], sorted->parts + i * sorted->chunk_count,
                                     sorted->chunk_count, part_of, row_of, count, arena, err);
done:
    memory_free(memory, part_of, bytes);
    memory_free(memory, row_of, bytes);
    return status;
}
