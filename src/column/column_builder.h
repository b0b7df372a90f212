/* Making columns value by value or piece by piece.
 *
 * Values gather in buffers that grow by doubling; column_builder_finish() moves them into the arena at their exact size. Texts over
 * STRING_REF_INLINE bytes go into the arena at once and are never copied again. A nested builder has one builder a child: fill the
 * children, then close the row:
 *
 *     LIST     append elements to child 0, then column_builder_close_row()        a row is what was added since the last close
 *     MAP      the same: child 0 is a STRUCT of key and value
 *     STRUCT   append one value to each child, then column_builder_close_row()
 *     ARRAY    append fixed_size elements to child 0, then column_builder_close_row()
 *
 * After a failed append a builder is as column_builder_truncate() to its former length makes it, or can be cleared. */
#ifndef COLUMN_COLUMN_BUILDER_H
#define COLUMN_COLUMN_BUILDER_H

#include "column.h"

typedef struct column_builder {
    data_type type;
    physical_type physical;
    arena *arena; /* borrowed: of texts, of the children, of finished columns */
    size_t length;
    size_t capacity; /* rows that fit in values and validity */
    void *values;
    uint64_t *validity; /* NULL until the first NULL */
    bool lent; /* values lie in memory of another */
    struct column_builder *children;
    size_t child_count;
} column_builder;

/* `type` is borrowed: its details must live as long as the columns made. */
MUST_USE bp_status column_builder_init(column_builder *builder, data_type type, arena *arena, bp_error *err);
void column_builder_clear(column_builder *builder); /* a zeroed one is fine */

/* Room for `extra` more rows (not for texts or children). */
MUST_USE bp_status column_builder_reserve(column_builder *builder, size_t extra, bp_error *err);

/* For those who know how many rows there will be, so that values are written where they stay: values move into `room`, memory of the caller's for
 * `capacity` rows, which column_builder_room() bytes are; past those nothing may be appended. Not for nested types. */
size_t column_builder_room(const column_builder *builder, size_t capacity);
MUST_USE bp_status column_builder_lend(column_builder *builder, void *room, size_t capacity, bp_error *err);

/* One row. NULL: of any type, children are filled up. */
MUST_USE bp_status column_builder_append_null(column_builder *builder, bp_error *err);
/* *value is of the physical type (a bool for BIT); not for texts and nested types. */
MUST_USE bp_status column_builder_append_value(column_builder *builder, const void *value, bp_error *err);
/* VARCHAR and BLOB. The text is copied. */
MUST_USE bp_status column_builder_append_text(column_builder *builder, string_view text, bp_error *err);
MUST_USE bp_status column_builder_close_row(column_builder *builder, bp_error *err);

/* Rows [begin, begin + count) of a column of the same type and any encoding, deep. */
MUST_USE bp_status column_builder_append_rows(column_builder *builder, const column *in, size_t begin, size_t count, bp_error *err);

/* Drop the rows behind the first `length`. */
void column_builder_truncate(column_builder *builder, size_t length);
/* The rows as a FLAT column that views the builder's buffers, until it is changed; arrays of children are in `arena`. */
MUST_USE bp_status column_builder_view(const column_builder *builder, column *out, arena *arena, bp_error *err);
/* The rows as a FLAT column in the arena; the builder is empty again and keeps its buffers. */
MUST_USE bp_status column_builder_finish(column_builder *builder, column *out, bp_error *err);
/* The same, but values that lie in lent room stay there. The builder can only be cleared. */
MUST_USE bp_status column_builder_leave(column_builder *builder, column *out, bp_error *err);

#endif
