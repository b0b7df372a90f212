/* Schemas and slices of batches. */
#include "batch.h"

bp_status schema_new(schema *out, arena *arena, size_t count, bp_error *err)
{
    *out = (schema){.count = count};
    out->names = arena_new_array(arena, string_view, count);
    out->types = arena_new_array(arena, data_type, count);
    if (!out->names || !out->types) return error_no_memory(err, arena->memory, count * sizeof *out->types);
    return BP_OK;
}

bp_status schema_copy(schema *out, const schema *in, arena *arena, bp_error *err)
{
    bp_status status = schema_new(out, arena, in->count, err);

    for (size_t i = 0; i < in->count && !status; i++) {
        out->names[i] = arena_copy(arena, in->names[i]);
        if (!out->names[i].data) return error_no_memory(err, arena->memory, in->names[i].size);
        status = type_copy(&out->types[i], arena, in->types[i], err);
    }
    return status;
}

size_t schema_find(const schema *schema, string_view name)
{
    size_t found = SIZE_MAX;

    for (size_t i = 0; i < schema->count; i++) {
        if (string_equal(schema->names[i], name)) return i;
        if (found == SIZE_MAX && string_equal_nocase(schema->names[i], name)) found = i;
    }
    return found;
}

bp_status batch_slice(batch *out, const batch *in, size_t begin, size_t rows, arena *arena, bp_error *err)
{
    bp_status status = BP_OK;

    *out = (batch){.row_count = rows, .column_count = in->column_count};
    out->columns = arena_new_array(arena, column, in->column_count);
    if (!out->columns) return error_no_memory(err, arena->memory, in->column_count * sizeof *out->columns);
    for (size_t i = 0; i < in->column_count && !status; i++)
        status = column_slice(&out->columns[i], &in->columns[i], begin, rows, arena, err);
    return status;
}
