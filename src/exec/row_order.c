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
    uint32_t at; /* place in the bucket before sorting: of its key row */
    uint32_t row;
} sort_entry;

typedef struct ordering {
    bp_context *context;
    const batch *all;
    row_order *order;
    sort_layout layout, equal; /* of all keys; of the PARTITION BY keys alone */
    char *keys; /* key rows, bucket by bucket, so that a bucket's are near each other */
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
        inexact[i] = type_is_nested(type) || (type_physical(type) == PHYSICAL_STRING &&
                                              has_open_text(&work->all->columns[work->layout.specs[i].column], begin, end));
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

static bp_status encode_rows(const ordering *work, size_t begin, size_t rows, char *keys, arena *scratch, bp_error *err)
{
    batch part;
    bp_status status = batch_slice(&part, work->all, begin, rows, scratch, err);

    return status ? status : sort_encode(&work->layout, &part, keys, scratch, err);
}

/* How many rows of a piece go to each bucket. The key rows are made again when their places are known, which is cheaper than keeping them twice. */
static bp_status count_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    ordering *work = data;
    size_t begin = (size_t)piece * PIECE_ROWS, rows = piece_end(work, piece) - begin, width = work->layout.width;
    uint32_t *counts = work->places + piece * work->bucket_count;
    unsigned shift = work->bucket_of ? 64 - (unsigned)__builtin_ctzll(work->bucket_count) : 0;
    arena scratch;
    char *keys;
    bp_status status = BP_OK;

    (void)worker;
    if (work->layout.has_text) note_inexact(work, piece, begin, begin + rows);
    if (!work->bucket_of) return BP_OK;
    arena_init(&scratch, work->context->memory);
    keys = arena_allocate(&scratch, rows * width);
    status = keys ? encode_rows(work, begin, rows, keys, &scratch, err) : error_no_memory(err, scratch.memory, rows * width);
    for (size_t i = 0; i < rows && !status; i++) {
        uint16_t bucket = (uint16_t)(hash_bytes(keys + i * width, work->equal.width) >> shift);
        work->bucket_of[begin + i] = bucket;
        counts[bucket]++;
    }
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
    size_t begin = (size_t)piece * PIECE_ROWS, rows = piece_end(work, piece) - begin, width = work->layout.width;
    arena scratch;
    char *keys;
    bp_status status;

    (void)worker;
    arena_init(&scratch, work->context->memory);
    if (!work->bucket_of) { /* one bucket: they stay where they are */
        status = encode_rows(work, begin, rows, work->keys + begin * width, &scratch, err);
        for (size_t i = 0; i < rows; i++) work->order->rows[begin + i] = (uint32_t)(begin + i);
        arena_clear(&scratch);
        return status;
    }
    keys = arena_allocate(&scratch, rows * width);
    status = keys ? encode_rows(work, begin, rows, keys, &scratch, err) : error_no_memory(err, scratch.memory, rows * width);
    for (size_t i = 0; i < rows && !status; i++) {
        size_t place = places[work->bucket_of[begin + i]]++;
        work->order->rows[place] = (uint32_t)(begin + i);
        memcpy(work->keys + place * width, keys + i * width, width);
    }
    arena_clear(&scratch);
    return status;
}

/* sorting a bucket ------------------------------------------------------------------------------------------------------------------- */
/* A bucket being sorted. */
typedef struct bucket {
    const ordering *work;
    const char *keys;
    size_t count, width;
    sort_entry *entries, *other;
    uint32_t *places; /* bytes that are not the same in all key rows, rising */
    size_t place_count;
    uint64_t *differing;
    bp_status status; /* why it stopped: a bucket may be all of the rows */
    bp_error *err;
} bucket;

#define STEP ((size_t)1 << 18) /* rows between looks at cancel */

static bool go_on(bucket *bucket)
{
    if (!bucket->status) bucket->status = cancel_check(&bucket->work->context->cancel, bucket->err);
    return bucket->status == BP_OK;
}

/* for (i = begin; i < count; i++), in steps; it ends early when the bucket's status says so. */
#define IN_STEPS(i, begin, count, bucket)                                                                                          \
    for (size_t i = (begin), step_end; i < (count) && go_on(bucket);)                                                              \
        for (step_end = (count) - i < STEP ? (count) : i + STEP; i < step_end; i++)

static void radix_pass(bucket *bucket, unsigned shift)
{
    const sort_entry *from = bucket->entries;
    sort_entry *to = bucket->other;
    size_t places[256] = {0}, total = 0;

    IN_STEPS (i, 0, bucket->count, bucket) places[(from[i].prefix >> shift) & 0xff]++;
    if (bucket->status) return;
    for (size_t i = 0; i < 256; i++) {
        size_t here = places[i];
        places[i] = total;
        total += here;
    }
    IN_STEPS (i, 0, bucket->count, bucket) to[places[(from[i].prefix >> shift) & 0xff]++] = from[i];
    bucket->other = bucket->entries;
    bucket->entries = to;
}

/* Stable, by the low `bytes` bytes of the prefixes. */
static void radix_sort(bucket *bucket, size_t bytes)
{
    for (unsigned shift = 0; shift < 8 * bytes && go_on(bucket); shift += 8) radix_pass(bucket, shift);
}

static int compare_entries(const bucket *bucket, const sort_layout *layout, const sort_entry *left, const sort_entry *right)
{
    const column *columns = bucket->work->all->columns;

    return sort_compare(layout, bucket->keys + left->at * bucket->width, columns, left->row,
                        bucket->keys + right->at * bucket->width, columns, right->row);
}

/* Stable merge sort, bottom up. */
static void sort_by_comparing(bucket *bucket, sort_entry *entries, sort_entry *other, size_t count)
{
    const sort_layout *layout = &bucket->work->layout;
    sort_entry *from = entries, *to = other;

    for (size_t width = 1; width < count; width *= 2) {
        sort_entry *swap = from;
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            if (begin % 256 == 0 && !go_on(bucket)) return;
            size_t middle = count - begin < width ? count : begin + width;
            size_t end = count - begin < 2 * width ? count : begin + 2 * width;
            size_t left = begin, right = middle, at = begin;
            while (left < middle && right < end && (at % 256 || go_on(bucket)))
                to[at++] = compare_entries(bucket, layout, &from[left], &from[right]) <= 0 ? from[left++] : from[right++];
            while (left < middle) to[at++] = from[left++];
            while (right < end) to[at++] = from[right++];
        }
        from = to;
        to = swap;
    }
    if (from != entries) memcpy(entries, from, count * sizeof *entries);
}

static void find_differing_bytes(bucket *bucket)
{
    size_t words = bucket->width / 8;

    memset(bucket->differing, 0, bucket->width);
    IN_STEPS (i, 1, bucket->count, bucket)
        for (size_t word = 0; word < words; word++) {
            uint64_t first, here;
            memcpy(&first, bucket->keys + 8 * word, 8);
            memcpy(&here, bucket->keys + i * bucket->width + 8 * word, 8);
            bucket->differing[word] |= first ^ here;
        }
    for (size_t at = 0; at < bucket->width; at++)
        if (((const char *)bucket->differing)[at]) bucket->places[bucket->place_count++] = (uint32_t)at;
}

/* By the differing bytes, from the last 8 to the first: the prefixes left behind are of the first ones. */
static void sort_by_bytes(bucket *bucket)
{
    for (size_t end = bucket->place_count; end > 0 && !bucket->status;) {
        size_t begin = end > PLACES ? (end - 1) / PLACES * PLACES : 0;
        IN_STEPS (i, 0, bucket->count, bucket) {
            const char *key = bucket->keys + bucket->entries[i].at * bucket->width;
            uint64_t prefix = 0;
            for (size_t j = begin; j < end; j++) prefix = prefix << 8 | (unsigned char)key[bucket->places[j]];
            bucket->entries[i].prefix = prefix;
        }
        radix_sort(bucket, end - begin);
        end = begin;
    }
}

/* Rows that are alike up to a text that may go on: that decides before the keys behind it. */
static void sort_ties(bucket *bucket)
{
    const sort_entry *entries = bucket->entries;

    for (size_t begin = 0; begin < bucket->count && (begin % 256 || go_on(bucket));) {
        const char *first = bucket->keys + entries[begin].at * bucket->width;
        size_t end = begin + 1;
        while (end < bucket->count && memcmp(bucket->keys + entries[end].at * bucket->width, first, bucket->work->sure_width) == 0)
            end++;
        if (end - begin > 1) sort_by_comparing(bucket, bucket->entries + begin, bucket->other + begin, end - begin);
        begin = end;
    }
}

/* When the prefixes hold all that differs they tell where keys change; bytes of the PARTITION BY keys come first in them. */
static void note_by_prefix(bucket *bucket, uint8_t *begins)
{
    unsigned shift = 8 * (unsigned)bucket->place_count;

    for (size_t i = 0; i < bucket->place_count && bucket->places[i] < bucket->work->equal.width && bucket->work->equal.count; i++)
        shift -= 8;
    begins[0] = ROW_BEGINS_PARTITION | ROW_BEGINS_PEERS;
    IN_STEPS (i, 1, bucket->count, bucket) {
        uint64_t changed = bucket->entries[i].prefix ^ bucket->entries[i - 1].prefix;
        bool partition = shift < 64 && changed >> shift;
        begins[i] = partition ? ROW_BEGINS_PARTITION | ROW_BEGINS_PEERS : changed ? ROW_BEGINS_PEERS : 0;
    }
}

static void note_by_comparing(bucket *bucket, uint8_t *begins)
{
    const ordering *work = bucket->work;

    begins[0] = ROW_BEGINS_PARTITION | ROW_BEGINS_PEERS;
    IN_STEPS (i, 1, bucket->count, bucket) {
        const sort_entry *left = &bucket->entries[i - 1], *right = &bucket->entries[i];
        if (work->equal.count && compare_entries(bucket, &work->equal, left, right) != 0)
            begins[i] = ROW_BEGINS_PARTITION | ROW_BEGINS_PEERS;
        else
            begins[i] = compare_entries(bucket, &work->layout, left, right) != 0 ? ROW_BEGINS_PEERS : 0;
    }
}

static void sort_rows(bucket *bucket, uint32_t *rows, uint8_t *begins)
{
    const ordering *work = bucket->work;
    bool exact = work->sure_width == SIZE_MAX;

    find_differing_bytes(bucket);
    IN_STEPS (i, 0, bucket->count, bucket) bucket->entries[i] = (sort_entry){.at = (uint32_t)i, .row = rows[i]};
    sort_by_bytes(bucket);
    if (!exact && !bucket->status) sort_ties(bucket);
    if (bucket->status) return;
    IN_STEPS (i, 0, bucket->count, bucket) rows[i] = bucket->entries[i].row;
    if (exact && bucket->place_count <= PLACES)
        note_by_prefix(bucket, begins);
    else
        note_by_comparing(bucket, begins);
}

static bp_status sort_bucket(void *data, size_t worker, uint64_t number, bp_error *err)
{
    ordering *work = data;
    memory *memory = work->context->memory;
    size_t begin = number ? work->bucket_ends[number - 1] : 0, width = work->layout.width;
    bucket bucket = {
        .work = work, .keys = work->keys + begin * width, .count = work->bucket_ends[number] - begin, .width = width, .err = err};
    size_t bytes = bucket.count * sizeof(sort_entry);
    bp_status status = BP_OK;

    (void)worker;
    if (bucket.count == 0) return BP_OK;
    bucket.entries = memory_allocate(memory, bytes);
    bucket.other = memory_allocate(memory, bytes);
    bucket.places = memory_allocate(memory, width * sizeof *bucket.places);
    bucket.differing = memory_allocate(memory, width);
    if (bucket.entries && bucket.other && bucket.places && bucket.differing) {
        sort_rows(&bucket, work->order->rows + begin, work->order->begins + begin);
        status = bucket.status;
    } else {
        status = error_no_memory(err, memory, bytes);
    }
    memory_free(memory, bucket.entries, bytes);
    memory_free(memory, bucket.other, bytes);
    memory_free(memory, bucket.places, width * sizeof *bucket.places);
    memory_free(memory, bucket.differing, width);
    return status;
}

/* the whole -------------------------------------------------------------------------------------------------------------------------- */
static bp_status fill_buckets(ordering *work, bp_error *err)
{
    bp_status status = parallel_for(work->context, piece_count(work), count_piece, work, err);

    if (status) return status;
    find_sure_width(work);
    if (work->bucket_of)
        place_buckets(work);
    else
        work->bucket_ends[0] = (uint32_t)work->all->row_count;
    return parallel_for(work->context, piece_count(work), spread_piece, work, err);
}

static bp_status order_rows(ordering *work, bp_error *err)
{
    memory *memory = work->context->memory;
    size_t rows = work->all->row_count, keys_size = rows * work->layout.width;
    bp_status status = BP_OK;

    work->bucket_count = 1;
    while (work->equal.count && work->bucket_count < MOST_BUCKETS && work->bucket_count * BUCKET_ROWS < rows)
        work->bucket_count *= 2;
    work->bucket_ends = arena_new_array(&work->arena, uint32_t, work->bucket_count);
    work->places = arena_new_array(&work->arena, uint32_t, work->bucket_count *piece_count(work));
    work->inexact = arena_new_array(&work->arena, bool, work->layout.count *piece_count(work));
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
