/* Aggregates that keep values of any type: cells of fixed width in the state's arena, in room that doubles. Texts are copied; lists, structs and maps are
 * kept as the texts of nested_key.h, whose order and equality are theirs. */
#ifndef EXPR_AGGREGATE_CELLS_H
#define EXPR_AGGREGATE_CELLS_H

#include "aggregate_rows.h"

/* The type whose cells stand for values of `type`: itself, BLOB for nested ones. */
data_type cell_type(data_type type);
/* An argument as a column of its cell type (itself, or made in `scratch`), and back. */
MUST_USE bp_status cells_from(column *out, const column *in, size_t rows, arena *scratch, bp_error *err);
MUST_USE bp_status cells_to(column *out, data_type type, const column *cells, arena *arena, bp_error *err);

typedef struct cell_list {
    char *cells;
    uint8_t *nulls; /* one byte a cell; NULL: no NULLs so far */
    size_t count, capacity;
} cell_list;
#define CELL_LIST_SIZE 32

/* `type` is a cell type, `in` a FLAT or CONSTANT column of it. */
MUST_USE bp_status cell_list_add(cell_list *list, const aggregate_state_call *call, const column *in, size_t row, bp_error *err);
/* The cells of `from` behind those of `into`; texts stay where they are. */
MUST_USE bp_status cell_list_append(cell_list *into, const aggregate_state_call *call, data_type type, const cell_list *from,
                                    bp_error *err);
/* The cells as a FLAT column; a view but for BIT values and validity, which are made in `arena`. */
MUST_USE bp_status cell_list_column(column *out, data_type type, const cell_list *list, arena *arena, bp_error *err);
/* The numbers of the cells in the order of their values, equal ones in theirs; NULL: no memory. */
MUST_USE bp_status cell_list_order(uint32_t **out, const aggregate_state_call *call, const column *cells, arena *arena,
                                   bp_error *err);

/* The value at a fraction (negative: from the greatest down) of the order of at least one value, between two when need be; `room` for as many keys. */
MUST_USE bp_status double_quantile(double *out, const double *values, size_t count, double fraction, uint64_t *room, cancel *cancel,
                                   bp_error *err);

/* What a bind leaves for these aggregates. */
typedef struct cells_bind {
    data_type type; /* of the first argument */
    data_type cells;
    data_type by, by_cells; /* of the second, for arg_min(x, y, n) */
    const double *fractions; /* quantiles */
    size_t fraction_count;
    bool many; /* fractions come as a list */
    size_t limit; /* min(x, n) */
    bool few; /* the n values fit the state as keys */
} cells_bind;

#endif
