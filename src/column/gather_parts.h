/* Rows picked from several columns of one type, such as the chunks of a table or the pages of sorted runs. */
#ifndef COLUMN_GATHER_PARTS_H
#define COLUMN_GATHER_PARTS_H

#include "column.h"

/* Row i is parts[part_of[i]]'s row row_of[i]; FLAT, in `arena`; bytes of texts stay where they are. The parts that are picked from are FLAT. */
MUST_USE bp_status column_gather_parts(column *out, data_type type, const column *const *parts, size_t part_count,
                                       const uint32_t *part_of, const uint32_t *row_of, size_t count, arena *arena, bp_error *err);

#endif
