/* What copies of nested columns share with the Arrow export. */
#ifndef COLUMN_COLUMN_COPY_H
#define COLUMN_COLUMN_COPY_H

#include "column.h"

/* A LIST or MAP column (FLAT) in `arena` whose elements, copied, lie in row order without gaps. */
MUST_USE bp_status column_pack_lists(column *out, const column *in, arena *arena, bp_error *err);

#endif
