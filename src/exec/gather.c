/* Gathering rows of whole batches. */
#include "exec.h"

bp_status batch_gather(batch *out, const batch *in, const uint32_t *selection, size_t count, arena *arena, bp_error *err)
{
    column *columns = arena_new_array(arena, column, in->column_count);
    bp_status status = BP_OK;

    if (!columns) return error_no_memory(err, arena->memory, in->column_count * sizeof *columns);
    for (size_t i = 0; i < in->column_count && !status; i++)
        status = column_gather(&columns[i], &in->columns[i], selection, count, arena, err);
    *out = (batch){.row_count = count, .column_count = in->column_count, .columns = columns};
    return status;
}
