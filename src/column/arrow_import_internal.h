/* What the files of the Arrow import share. */
#ifndef COLUMN_ARROW_IMPORT_INTERNAL_H
#define COLUMN_ARROW_IMPORT_INTERNAL_H

#include "arrow_format.h"

typedef struct array_reader {
    region *region; /* holds the foreign arrays and what is made of them */
    string_view column; /* the top column's name, for errors */
    bp_error *err;
} array_reader;

/* The rows to read of one array: `begin` counts from the start of its buffers (its own offset is added), so a buffer is to hold at
 * least begin + length values. */
typedef struct array_rows {
    const struct ArrowArray *array;
    size_t begin;
    size_t length;
} array_rows;

bp_status array_bad(array_reader *reader, const char *format, ...) PRINTF_LIKE(2, 3);
bp_status array_no_memory(array_reader *reader, size_t size);
/* `count` items of the region, aligned to 64; NULL: *status is set. */
MUST_USE void *array_room(array_reader *reader, size_t count, size_t width, bp_status *status);
/* The buffer at index, which may only be missing when nothing is to be read from it. */
MUST_USE bp_status array_buffer(array_reader *reader, const array_rows *rows, int64_t index, bool needed, const void **out);

static inline arena *array_arena(array_reader *reader)
{
    return region_arena(reader->region);
}
static inline bool array_row_is_valid(const column *column, size_t row)
{
    return !column->validity || bitmap_get(column->validity, row);
}

/* Values of layouts without children, for a column whose type, length and validity are set. */
MUST_USE bp_status array_read_values(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows);

/* Values at `begin` of a buffer for a kernel of values `width` wide: in place when aligned, else a copy. */
MUST_USE bp_status array_values_in_place(array_reader *reader, const void **out, const void *buffer, size_t begin, size_t length,
                                         size_t width);

#endif
