/* Several columns of one type, one behind the other, as one FLAT column. */
#ifndef COLUMN_CONCATENATE_H
#define COLUMN_CONCATENATE_H

#include "column.h"

/* Values are copied side by side into `arena`; string bytes stay where they are. `parts` are FLAT (see column_flatten). No
 * parts: an empty column. */
MUST_USE bp_status column_concatenate(column *out, data_type type, const column *const *parts, size_t count, arena *arena,
                                      bp_error *err);

#endif
