/* A result as a table in a box. */
#ifndef SQL_FORMAT_BOX_H
#define SQL_FORMAT_BOX_H

#include "format_text.h"

/* Cells are kept as text until the end, since widths depend on all that are shown; of rows that are not shown only a bounded number is kept. */
typedef struct format_box {
    const schema *schema; /* borrowed */
    text_options options;
    builder head; /* names, types, and the rows shown at the top: each cell with a NUL behind it */
    builder tail; /* the last rows */
    uint64_t row_count;
    size_t head_limit, tail_limit, tail_rows;
    size_t *widths; /* a column's widest cell among those of `head`, at last among all that are shown */
    size_t column; /* of the next cell */
    size_t left, right; /* columns shown: [0, left) and [right, count) */
    size_t head_at, tail_at; /* printed up to here */
    bool begun;
} format_box;

MUST_USE bp_status format_box_init(format_box *box, memory *memory, const schema *schema, const text_options *options,
                                   bp_error *err);
void format_box_clear(format_box *box);

/* Names and types, once, before the first row. */
void format_box_header(format_box *box, builder *scratch);
/* The next cell of the present row, and the end of the row. */
void format_box_cell(format_box *box, string_view text, bool null);
void format_box_row_end(format_box *box);
MUST_USE bp_status format_box_status(const format_box *box, bp_error *err);
/* The next part of the box, a few thousand rows, so that a large one can be interrupted; *more: there is another. */
MUST_USE bp_status format_box_print(format_box *box, builder *out, bool *more, bp_error *err);

#endif
