/* A batch: columns of the same number of rows; and a schema: their names and types. */
#ifndef COLUMN_BATCH_H
#define COLUMN_BATCH_H

#include "column.h"

typedef struct schema {
    size_t count;
    string_view *names;
    data_type *types;
} schema;

/* Names and types for `count` columns, zeroed, in `arena`. */
MUST_USE bp_status schema_new(schema *out, arena *arena, size_t count, bp_error *err);
MUST_USE bp_status schema_copy(schema *out, const schema *in, arena *arena, bp_error *err);
/* Index of a column by name (ASCII case ignored, exact match preferred); SIZE_MAX: none. */
size_t schema_find(const schema *schema, string_view name);

typedef struct batch {
    size_t row_count;
    size_t column_count;
    column *columns; /* the array belongs to the producer */
} batch;

/* Views of rows [begin, begin + rows) of each column; the array and copied bits are in `arena`. */
MUST_USE bp_status batch_slice(batch *out, const batch *in, size_t begin, size_t rows, arena *arena, bp_error *err);

#endif
