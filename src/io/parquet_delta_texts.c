/* Texts of the two encodings that pack sizes as differences: DELTA_LENGTH_BYTE_ARRAY, whose texts lie in the page one behind the other, and DELTA_BYTE_ARRAY,
 * where the page has only what differs from the end of the text before.
 *
 * Sizes are read and checked PIECE at a time. Texts of the second kind are put together in the arena, where the first bytes of one are copied from the one before it.
 * Copies go in steps of 16 bytes and may pass the end of a text: what follows is written later, and rooms and pages have spare bytes behind. (A call of memcpy a
 * part took three times as long.) */
#include "parquet_internal.h"

#define PIECE 1024
#define STEP 16
#define MOST_STEPPED 64

static bp_status short_page(bp_error *err)
{
    return error_set(err, BP_BAD_FORMAT, "it has fewer values than it claims");
}

/* Whether none is below 0 or over 2 GiB, and all fit into `left` bytes. */
static bool sizes_fit(const int64_t *sizes, size_t count, size_t left)
{
    uint64_t any = 0, sum = 0;

    for (size_t i = 0; i < count; i++) {
        any |= (uint64_t)sizes[i];
        sum += (uint64_t)sizes[i] & INT32_MAX;
    }
    return any <= INT32_MAX && sum <= left;
}

bp_status parquet_delta_lengths_read(parquet_reader *reader, size_t count, string_ref *out, bp_error *err)
{
    int64_t sizes[PIECE];

    for (size_t done = 0; done < count;) {
        size_t part = count - done < PIECE ? count - done : PIECE;
        const char *text = (const char *)reader->bytes.data + reader->bytes.position;
        if (!parquet_delta_read(&reader->delta, sizes, part) || !sizes_fit(sizes, part, cursor_left(&reader->bytes)))
            return short_page(err);
        for (size_t i = 0; i < part; i++) {
            out[done + i] = parquet_ref(text, (uint32_t)sizes[i]);
            text += sizes[i];
        }
        reader->bytes.position = (size_t)((const uint8_t *)text - reader->bytes.data);
        done += part;
    }
    return BP_OK;
}

/* Up to STEP - 1 bytes behind both may be read and written; `from` lies before `to`, or elsewhere. */
static ALWAYS_INLINE void copy_over(char *to, const char *from, size_t size)
{
    char step[STEP];

    if (UNLIKELY(size > MOST_STEPPED)) {
        memcpy(to, from, size);
        return;
    }
    for (size_t i = 0; i < size; i += STEP) {
        memcpy(step, from + i, STEP);
        memcpy(to + i, step, STEP);
    }
}

/* Sizes of what each text shares with the one before it, and of what it has of its own. */
typedef struct delta_sizes {
    int64_t shared[PIECE], own[PIECE];
    size_t total; /* bytes of all texts */
} delta_sizes;

static bp_status read_sizes(parquet_reader *reader, delta_sizes *out, size_t count, size_t last_size, bp_error *err)
{
    uint64_t before = last_size;

    out->total = 0;
    if (!parquet_delta_read(&reader->prefixes, out->shared, count) || !parquet_delta_read(&reader->delta, out->own, count) ||
        !sizes_fit(out->own, count, cursor_left(&reader->bytes)))
        return short_page(err);
    for (size_t i = 0; i < count; i++) {
        if (out->shared[i] < 0 || (uint64_t)out->shared[i] > before) return short_page(err);
        before = (uint64_t)out->shared[i] + (uint64_t)out->own[i];
        if (before > INT32_MAX) return error_set(err, BP_BAD_FORMAT, "a value is larger than 2 GiB");
        out->total += before;
    }
    return BP_OK;
}

/* Put the texts together at `at`; *last is the one before, and then the last. */
static void put_together(parquet_reader *reader, const delta_sizes *sizes, size_t count, char *at, string_view *last,
                         string_ref *out)
{
    const char *before = last->data, *own = (const char *)reader->bytes.data + reader->bytes.position;

    for (size_t i = 0; i < count; i++) {
        size_t shared_size = (size_t)sizes->shared[i], own_size = (size_t)sizes->own[i];
        copy_over(at, before, shared_size);
        copy_over(at + shared_size, own, own_size);
        out[i] = parquet_ref(at, (uint32_t)(shared_size + own_size));
        before = at;
        at += shared_size + own_size;
        own += own_size;
    }
    *last = (string_view){before, (size_t)(at - before)};
    reader->bytes.position = (size_t)((const uint8_t *)own - reader->bytes.data);
}

/* The next call begins with it; the arena's bytes may be gone by then. */
static bp_status keep_last(parquet_reader *reader, string_view last, bp_error *err)
{
    size_t wanted = last.size + last.size / 2 + 4 * STEP;
    char *larger;

    if (last.size + STEP > reader->last_capacity) {
        larger = memory_resize(reader->memory, reader->last, reader->last_capacity, wanted);
        if (!larger) return error_no_memory(err, reader->memory, wanted);
        reader->last = larger;
        reader->last_capacity = wanted;
    }
    if (last.size) memcpy(reader->last, last.data, last.size);
    reader->last_size = last.size;
    return BP_OK;
}

bp_status parquet_delta_texts_read(parquet_reader *reader, arena *arena, size_t count, string_ref *out, bp_error *err)
{
    string_view last = {reader->last, reader->last_size};
    delta_sizes sizes;
    bp_status status;

    for (size_t done = 0; done < count;) {
        size_t part = count - done < PIECE ? count - done : PIECE;
        char *room;
        if ((status = read_sizes(reader, &sizes, part, last.size, err))) return status;
        room = arena_allocate(arena, sizes.total + 2 * STEP);
        if (!room) return error_no_memory(err, reader->memory, sizes.total);
        put_together(reader, &sizes, part, room, &last, out + done);
        done += part;
    }
    return last.data == reader->last ? BP_OK : keep_last(reader, last, err);
}
