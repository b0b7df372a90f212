/* The two ways to touch bytes from outside: a cursor reads them, every read checked; a builder writes them, never past its limit. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "error.h"
#include "memory.h"
#include "string.h"

typedef struct cursor {
    const uint8_t *data;
    size_t size;
    size_t position; /* <= size */
} cursor;

static inline cursor cursor_over(const void *data, size_t size)
{
    return (cursor){data, size, 0};
}
static inline size_t cursor_left(const cursor *cursor)
{
    return cursor->size - cursor->position;
}

/* Each takes its bytes and returns true, or returns false and moves nothing. Little-endian. */
MUST_USE static inline bool cursor_skip(cursor *cursor, size_t count)
{
    if (count > cursor_left(cursor)) return false;
    cursor->position += count;
    return true;
}

MUST_USE static inline bool cursor_view(cursor *cursor, size_t count, const uint8_t **out)
{
    if (count > cursor_left(cursor)) return false;
    *out = cursor->data + cursor->position;
    cursor->position += count;
    return true;
}

MUST_USE static inline bool cursor_copy(cursor *cursor, void *out, size_t count)
{
    if (count > cursor_left(cursor)) return false;
    if (count) memcpy(out, cursor->data + cursor->position, count);
    cursor->position += count;
    return true;
}

MUST_USE static inline bool cursor_u8(cursor *cursor, uint8_t *out)
{
    return cursor_copy(cursor, out, 1);
}
MUST_USE static inline bool cursor_u16(cursor *cursor, uint16_t *out)
{
    return cursor_copy(cursor, out, 2);
}
MUST_USE static inline bool cursor_u32(cursor *cursor, uint32_t *out)
{
    return cursor_copy(cursor, out, 4);
}
MUST_USE static inline bool cursor_u64(cursor *cursor, uint64_t *out)
{
    return cursor_copy(cursor, out, 8);
}

/* Growing bytes with a hard limit. A failed append leaves the builder as it was and is remembered: further appends fail too, so a
 * writer may append many times and look at builder_status() once. */
typedef struct builder {
    memory *memory; /* borrowed */
    char *data;
    size_t size;
    size_t capacity;
    size_t limit;
    bp_status status; /* BP_OK, BP_NO_MEMORY, BP_LIMIT, or why it was told to stop: BP_CANCELLED, BP_TIMEOUT */
    size_t wanted; /* the size that was refused */
} builder;

/* Nothing is allocated before the first append. limit: the most bytes it may ever hold. */
void builder_init(builder *builder, memory *memory, size_t limit);
void builder_clear(builder *builder); /* frees; can be used again */
static inline void builder_reset(builder *builder)
{
    builder->size = 0, builder->status = BP_OK;
}

/* Room for `extra` more bytes. */
bool builder_reserve(builder *builder, size_t extra);
bool builder_append(builder *builder, const void *data, size_t size);
bool builder_fill(builder *builder, char byte, size_t count);
bool builder_format(builder *builder, const char *format, ...) PRINTF_LIKE(2, 3);
static inline bool builder_text(builder *builder, string_view text)
{
    return builder_append(builder, text.data, text.size);
}
#define builder_literal(builder, literal) builder_append(builder, "" literal, sizeof(literal) - 1)

static inline bool builder_byte(builder *builder, char byte)
{
    if (builder->size == builder->capacity && !builder_reserve(builder, 1)) return false;
    if (builder->status != BP_OK) return false;
    builder->data[builder->size++] = byte;
    return true;
}

/* For writers of long texts, about once a megabyte: false when the account's context is to stop, which is remembered like a failed append. */
bool builder_goes_on(builder *builder);

/* BP_OK, or why an append failed, written to err. */
MUST_USE bp_status builder_status(const builder *builder, bp_error *err);
static inline string_view builder_view(const builder *builder)
{
    return (string_view){builder->data, builder->size};
}

#endif
