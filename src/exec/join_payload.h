/* The right columns that a join puts out, found by the numbers of their rows.
 *
 * Partners come from anywhere, so with a large right side every value read is a miss of the cache: columns of fixed width stand row by row then,
 *
 *   rows + row * row_width + field.offset … one value; + field.mark … a byte, 1 unless the value is NULL (only of columns that have NULLs)
 *
 * which costs one miss a partner instead of one a column. Nested columns and bits, and all columns where they fit the cache or need no copy, are columns:
 * each one FLAT over all rows. A whole join of 10^7 rows with 10^7, six columns put out of the right side: 1.3 s in user mode against 1.9. */
#ifndef EXEC_JOIN_PAYLOAD_H
#define EXEC_JOIN_PAYLOAD_H

#include "base/context.h"
#include "column/table.h"

typedef struct join_field {
    size_t width; /* 0: a column */
    size_t offset;
    size_t mark; /* 0: never NULL (values stand before marks) */
} join_field;

typedef struct join_payload {
    batch columns;       /* those in rows have a type and a length only */
    arena *arenas;       /* of each column: they are made at once */
    join_field *fields;  /* of each column */
    size_t row_width;    /* 0: there are no rows */
    char *rows;
} join_payload;

/* Of the columns from `first_column` on; `rows` must live as long. What was made is freed by join_payload_clear(), whatever is returned. */
MUST_USE bp_status join_payload_make(join_payload *out, bp_context *context, const table *rows, size_t first_column, arena *arena,
                                     bp_error *err);
void join_payload_clear(join_payload *payload);
/* out[i] = the values of column i in the rows selection[0 … count), in `arena`; texts are shared. There must be a row. */
MUST_USE bp_status join_payload_gather(column *out, const join_payload *payload, const uint32_t *selection, size_t count,
                                       arena *arena, bp_error *err);

#endif
