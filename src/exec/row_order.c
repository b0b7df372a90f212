/* Ordering rows for windows; see the header. */
#include "row_order.h"

#include "base/hash.h"
#include "order_key.h"

#define PIECE_ROWS 65536
#define BUCKET_ROWS 16384
#define MOST_BUCKETS 1024
#define PLACES 8 /* bytes sorted by at a time */
#define WHOLE_TEXT 12 /* a text's bytes in its key row: see order_key.h */

typedef struct sort_entry {
    uint64_t prefix;
    uint32_t row;
} sort_entry;

typedef struct ordering {
    bp_context *context;
    const batch *all;
    row_order *order;
    sort_layout layout, equal; /* of all keys; of the PARTITION BY keys alone */
    char *keys;
    uint16_t *bucket_of; /* a row's; NULL: one bucket */
    uint32_t *places; /* bucket by bucket: for each piece where its rows go */
    size_t bucket_count;
    uint32_t *bucket_ends;
    bool *inexact; /* a piece's, key by key: bytes that are equal do not say that the values are */
    size_t sure_width; /* the bytes of a key row up to the first such key, it included; SIZE_MAX: there is none */
    arena arena;
} ordering;

static size_t piece_count(const ordering *work)
{
    return (work->all->row_count + PIECE_ROWS - 1) / PIECE_ROWS;
}

static size_t piece_end(const ordering *work, uint64_t piece)
{
    size_t end = (size_t)(piece + 1) * PIECE_ROWS;

    return end < work->all->row_count ? end : work->all->row_count;
}

/* keys and buckets ------------------------------------------------------------------------------------------------------------------- */
static bp_status make_layouts(ordering *work, const schema *schema, const sort_spec *specs, size_t equal_count, size_t count,
                              bp_error *err)
{
    bool *nullable = arena_new_array(&work->arena, bool, count + 1);
    bp_status status;

    if (!nullable) return error_no_memory(err, work->context->memory, count);
    for (size_t i = 0; i < count; i++) nullable[i] = work->all->columns[specs[i].column].validity != NULL;
    if ((status = sort_layout_init(&work->layout, schema, specs, count, nullable, &work->arena, err))) return status;
    work->equal = work->layout;
    work->equal.count = equal_count;
    if (equal_count < count) work->equal.width = work->layout.offsets[equal_count];
    work->equal.has_text = false;
    for (size_t i = 0; i < equal_count; i++) {
        data_type type = work->layout.types[i];
        work->equal.has_text |= type_physical(type) == PHYSICAL_STRING || type_is_nested(type);
    }
    return BP_OK;
}

/* Texts that go on behind their bytes in the key row, or hold the byte that fills it up. */
static bool has_open_text(const column *texts, size_t begin, size_t end)
{
    const string_ref *refs = texts->values;

    for (size_t row = begin; row < end; row++) {
        if (column_is_null(texts, row)) continue;
        if (refs[row].size > WHOLE_TEXT || memchr(string_ref_data(&refs[row]), 0, refs[row].size)) return true;
    }
    return false;
}

static void note_inexact(ordering *work, uint64_t piece, size_t begin, size_t end)
{
    bool *inexact = work->inexact + piece * work->layout.count;

    for (size_t i = 0; i < work->layout.count; i++) {
        data_type type = work->layout.types[i];
        inexact[i] = type_is_nested(type) ||
                     (type_physical(type) == PHYSICAL_STRING && has_open_text(&work->all->columns[work->layout.specs[i].column], begin, end));
    }
}

static void find_sure_width(ordering *work)
{
    work->sure_width = SIZE_MAX;
    for (size_t i = 0; i < work->layout.count && work->sure_width == SIZE_MAX; i++)
        for (size_t piece = 0; piece < piece_count(work); piece++)
            if (work->inexact[piece * work->layout.count + i])
                work->sure_width = i + 1 < work->layout.count ? work->layout.offsets[i + 1] : work->layout.width;
}

/* Key rows of a piece, and how many of its rows go to each bucket. */
static bp_status encode_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    ordering *work = data;
    size_t begin = (size_t)piece * PIECE_ROWS, rows = piece_end(work, piece) - begin, width = work->layout.width;
    uint32_t *counts = work->places + piece * work->bucket_count;
    char *keys = work->keys + begin * width;
    unsigned shift = work->bucket_of ? 64 - (unsigned)__builtin_ctzll(work->bucket_count) : 0;
    batch part;
    arena scratch;
    bp_status status;

    (void)worker;
    arena_init(&scratch, work->context->memory);
    if ((status = batch_slice(&part, work->all, begin, rows, &scratch, err))) goto done;
    if ((status = sort_encode(&work->layout, &part, keys, &scratch, err))) goto done;
    if (work->layout.has_text) note_inexact(work, piece, begin, begin + rows);
    if (!work->bucket_of) goto done;
    for (size_t i = 0; i < rows; i++) {
        uint16_t bucket = (uint16_t)(hash_bytes(keys + i * width, work->equal.width) >> shift);
        work->bucket_of[begin + i] = bucket;
        counts[bucket]++;
    }
done:
    arena_clear(&scratch);
    return status;
}

/* Counts become places: bucket by bucket, in each piece by piece. */
static void place_buckets(ordering *work)
{
    uint32_t total = 0;

    for (size_t bucket = 0; bucket < work->bucket_count; bucket++) {
        for (size_t piece = 0; piece < piece_count(work); piece++) {
            uint32_t *place = &work->places[piece * work->bucket_count + bucket], count = *place;
            *place = total;
            total += count;
        }
        work->bucket_ends[bucket] = total;
    }
}

static bp_status spread_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    ordering *work = data;
    uint32_t *places = work->places + piece * work->bucket_count;
    size_t end = piece_end(work, piece);

    (void)worker, (void)err;
    for (size_t row = (size_t)piece * PIECE_ROWS; row < end; row++)
        work->order->rows[places[work->bucket_of[row]]++] = (uint32_t)row;
    return BP_OK;
}

/* sorting a bucket ------------------------------------------------------------------------------------------------------------------- */
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

/* Stable, by the low `bytes` bytes of the prefixes; the result is in *entries. */
static void radix_sort(sort_entry **entries, sort_entry **other, size_t count, size_t bytes)
{
    for (unsigned shift = 0; shift < 8 * bytes; shift += 8) {
        sort_entry *swap = *entries;
        radix_pass(*entries, *other, count, shift);
        *entries = *other;
        *other = swap;
    }
}

static int compare_rows(const ordering *work, const sort_layout *layout, uint32_t left, uint32_t right)
{
    size_t width = work->layout.width;

    return sort_compare(layout, work->keys + left * width, work->all->columns, left, work->keys + right * width, work->all->columns,
                        right);
}

/* Stable merge sort, bottom up. */
static void sort_by_comparing(const ordering *work, sort_entry *entries, sort_entry *other, size_t count)
{
    sort_entry *from = entries, *to = other;

    for (size_t width = 1; width < count; width *= 2) {
        sort_entry *swap = from;
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            size_t middle = count - begin < width ? count : begin + width;
            size_t end = count - begin < 2 * width ? count : begin + 2 * width;
            size_t left = begin, right = middle, at = begin;
            while (left < middle && right < end)
                to[at++] = compare_rows(work, &work->layout, from[left].row, from[right].row) <= 0 ? from[left++] : from[right++];
            while (left < middle) to[at++] = from[left++];
            while (right < end) to[at++] = from[right++];
        }
        from = to;
        to = swap;
    }
    if (from != entries) memcpy(entries, from, count * sizeof *entries);
}

/* Which bytes of the key rows are not the same in all of a bucket's rows. Rising; returns how many. */
static size_t differing_bytes(const ordering *work, const uint32_t *rows, size_t count, uint32_t *places, uint64_t *scratch)
{
    size_t words = work->layout.width / 8, total = 0;
    const char *first = work->keys + rows[0] * work->layout.width;

    memset(scratch, 0, words * 8);
    for (size_t i = 1; i < count; i++) {
        const char *key = work->keys + rows[i] * work->layout.width;
        for (size_t word = 0; word < words; word++) {
            uint64_t left, right;
            memcpy(&left, first + 8 * word, 8);
            memcpy(&right, key + 8 * word, 8);
            scratch[word] |= left ^ right;
        }
    }
    for (size_t at = 0; at < work->layout.width; at++)
        if (((const char *)scratch)[at]) places[total++] = (uint32_t)at;
    return total;
}

/* By the bytes at `places`, from the last 8 to the first. */
static void sort_by_bytes(const ordering *work, sort_entry **entries, sort_entry **other, size_t count, const uint32_t *places,
                          size_t place_count)
{
    for (size_t end = place_count; end > 0;) {
        size_t begin = end > PLACES ? end - PLACES : 0;
        for (size_t i = 0; i < count; i++) {
            const char *key = work->keys + (*entries)[i].row * work->layout.width;
            uint64_t prefix = 0;
            for (size_t j = begin; j < end; j++) prefix = prefix << 8 | (unsigned char)key[places[j]];
            (*entries)[i].prefix = prefix;
        }
        radix_sort(entries, other, count, end - begin);
        end = begin;
    }
}

/* Rows that are alike up to a text that may go on: that decides before the keys behind it. */
static void sort_ties(const ordering *work, sort_entry *entries, sort_entry *other, size_t count)
{
    size_t width = work->layout.width;

    for (size_t begin = 0; begin < count;) {
        const char *first = work->keys + entries[begin].row * width;
        size_t end = begin + 1;
        while (end < count && memcmp(work->keys + entries[end].row * width, first, work->sure_width) == 0) end++;
        if (end - begin > 1) sort_by_comparing(work, entries + begin, other + begin, end - begin);
        begin = end;
    }
}

static void note_beginnings(const ordering *work, size_t begin, size_t end)
{
    const uint32_t *rows = work->order->rows;

    for (size_t at = begin; at < end; at++) {
        uint8_t bits = ROW_BEGINS_PARTITION | ROW_BEGINS_PEERS;
        if (at > begin && (work->equal.count == 0 || compare_rows(work, &work->equal, rows[at - 1], rows[at]) == 0))
            bits = work->layout.count > work->equal.count && compare_rows(work, &work->layout, rows[at - 1], rows[at]) != 0
                       ? ROW_BEGINS_PEERS
                       : 0;
        work->order->begins[at] = bits;
    }
}

static bp_status sort_bucket(void *data, size_t worker, uint64_t bucket, bp_error *err)
{
    ordering *work = data;
    memory *memory = work->context->memory;
    size_t begin = bucket ? work->bucket_ends[bucket - 1] : 0, end = work->bucket_ends[bucket], count = end - begin, place_count;
    uint32_t *rows = work->order->rows + begin, *places = NULL;
    sort_entry *entries = NULL, *other = NULL;
    uint64_t *scratch = NULL;
    bp_status status = BP_OK;

    (void)worker;
    if (count == 0) return BP_OK;
    entries = memory_allocate(memory, count * sizeof *entries);
    other = memory_allocate(memory, count * sizeof *other);
    places = memory_allocate(memory, work->layout.width * sizeof *places);
    scratch = memory_allocate(memory, work->layout.width);
    if (!entries || !other || !places || !scratch) {
        status = error_no_memory(err, memory, count * sizeof *entries);
        goto done;
    }
    place_count = differing_bytes(work, rows, count, places, scratch);
    for (size_t i = 0; i < count; i++) entries[i].row = rows[i];
    { /* sorting lets the two change places */
        sort_entry *from = entries, *to = other;
        sort_by_bytes(work, &from, &to, count, places, place_count);
        if (work->sure_width != SIZE_MAX) sort_ties(work, from, to, count);
        for (size_t i = 0; i < count; i++) rows[i] = from[i].row;
    }
    note_beginnings(work, begin, end);
done:
    memory_free(memory, entries, count * sizeof *entries);
    memory_free(memory, other, count * sizeof *other);
    memory_free(memory, places, work->layout.width * sizeof *places);
    memory_free(memory, scratch, work->layout.width);
    return status;
}

/* the whole -------------------------------------------------------------------------------------------------------------------------- */
/* One bucket without PARTITION BY: its rows are in order from the start. */
static bp_status fill_buckets(ordering *work, bp_error *err)
{
    size_t rows = work->all->row_count;
    bp_status status;

    if ((status = parallel_for(work->context, piece_count(work), encode_piece, work, err))) return status;
    find_sure_width(work);
    if (work->bucket_of) {
        place_buckets(work);
        return parallel_for(work->context, piece_count(work), spread_piece, work, err);
    }
    for (size_t row = 0; row < rows; row++) work->order->rows[row] = (uint32_t)row;
    work->bucket_ends[0] = (uint32_t)rows;
    return BP_OK;
}

static bp_status order_rows(ordering *work, bp_error *err)
{
    memory *memory = work->context->memory;
    size_t rows = work->all->row_count, keys_size = rows * work->layout.width;
    bp_status status = BP_OK;

    work->bucket_count = 1;
    while (work->equal.count && work->bucket_count < MOST_BUCKETS && work->bucket_count * BUCKET_ROWS < rows) work->bucket_count *= 2;
    work->bucket_ends = arena_new_array(&work->arena, uint32_t, work->bucket_count);
    work->places = arena_new_array(&work->arena, uint32_t, work->bucket_count * piece_count(work));
    work->inexact = arena_new_array(&work->arena, bool, work->layout.count * piece_count(work));
    work->keys = memory_allocate(memory, keys_size);
    if (work->bucket_count > 1) work->bucket_of = memory_allocate(memory, rows * sizeof *work->bucket_of);
    if (!work->bucket_ends || !work->places || !work->inexact || !work->keys || (work->bucket_count > 1 && !work->bucket_of)) {
        status = error_no_memory(err, memory, keys_size);
        goto done;
    }
    if ((status = fill_buckets(work, err))) goto done;
    status = parallel_for(work->context, work->bucket_count, sort_bucket, work, err);
done:
    memory_free(memory, work->keys, keys_size);
    memory_free(memory, work->bucket_of, rows * sizeof *work->bucket_of);
    return status;
}

/* No keys at all: one partition of peers. */
static void leave_as_is(row_order *out)
{
    for (size_t row = 0; row < out->row_count; row++) out->rows[row] = (uint32_t)row;
    memset(out->begins, 0, out->row_count);
    if (out->row_count) out->begins[0] = ROW_BEGINS_PARTITION | ROW_BEGINS_PEERS;
}

bp_status row_order_init(row_order *out, bp_context *context, const schema *schema, const batch *all, const sort_spec *specs,
                         size_t equal_count, size_t count, bp_error *err)
{
    ordering work = {.context = context, .all = all, .order = out};
    size_t rows = all->row_count;
    bp_status status = BP_OK;

    *out = (row_order){.memory = context->memory, .row_count = rows};
    arena_init(&work.arena, context->memory);
    out->rows = memory_allocate(context->memory, rows * sizeof *out->rows);
    out->begins = memory_allocate(context->memory, rows);
    if (!out->rows || !out->begins) {
        status = error_no_memory(err, context->memory, rows * sizeof *out->rows);
        goto done;
    }
    if (count == 0 || rows == 0) {
        leave_as_is(out);
        goto done;
    }
    if ((status = make_layouts(&work, schema, specs, equal_count, count, err))) goto done;
    status = order_rows(&work, err);
done:
    arena_clear(&work.arena);
    if (status) row_order_clear(out);
    return status;
}

void row_order_clear(row_order *order)
{
    if (!order->memory) return;
    memory_free(order->memory, order->rows, order->row_count * sizeof *order->rows);
    memory_free(order->memory, order->begins, order->row_count);
    *order = (row_order){0};
}
