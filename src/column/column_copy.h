/* What copies of nested columns share with the Arrow export and with batches as bytes. */
#ifndef COLUMN_COLUMN_COPY_H
#define COLUMN_COLUMN_COPY_H

#include "column.h"

/* A LIST or MAP column (FLAT) in `arena` whose elements, copied, lie in row order without gaps. */
MUST_USE bp_status column_pack_lists(column *out, const column *in, arena *arena, bp_error *err);
/* The elements of a FLAT LIST or MAP column in row order without gaps, as a view or gathered in `arena`, and the rows' entries in them:
 * to[in->length]. `type` is theirs, for a column that has no children. */
MUST_USE bp_status column_list_elements(column *elements, list_entry *to, const column *in, data_type type, arena *arena,
                                        bp_error *err);

#endif
