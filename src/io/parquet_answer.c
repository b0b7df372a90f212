/* What the footers of all files say about a column as a whole: how many NULLs, the least and the greatest value.
 *
 * Limits are given where statistics are the values themselves: numbers, dates, times and decimals. Those of texts may be shortened, and those of floats do
 * not tell of NaN, which is our greatest number. One row group that does not tell leaves the column unknown. */
#include "parquet_scan.h"

static bool has_exact_limits(const parquet_leaf *leaf, const parquet_statistics *told)
{
    if (leaf->type.id == TYPE_FLOAT32 || leaf->type.id == TYPE_FLOAT64 || !parquet_has_order(leaf, told->is_old)) return false;
    if (told->told_exact && (!told->low_exact || !told->high_exact)) return false;
    return told->has_low && told->has_high && (leaf->convert < CONVERT_REF || leaf->convert == CONVERT_DECIMAL);
}

/* Widen the limits by those of one chunk; false: they are not known. */
static bool add_limits(source_column_facts *facts, const parquet_leaf *leaf, const parquet_statistics *told, arena *arena)
{
    column *limits = arena_new_array(arena, column, 2);

    if (!limits || !has_exact_limits(leaf, told) || !parquet_statistic_value(leaf, told->low, arena, &limits[0]) ||
        !parquet_statistic_value(leaf, told->high, arena, &limits[1]) || column_value_compare(&limits[0], 0, &limits[1], 0) > 0)
        return false;
    if (!facts->low || column_value_compare(&limits[0], 0, facts->low, 0) < 0) facts->low = &limits[0];
    if (!facts->high || column_value_compare(&limits[1], 0, facts->high, 0) > 0) facts->high = &limits[1];
    return true;
}

static bp_status add_group(source_column_facts *facts, const parquet_footer *footer, size_t group, uint32_t leaf_index,
                           arena *arena, bp_error *err)
{
    const parquet_leaf *leaf = &footer->leaves[leaf_index];
    uint64_t rows = footer->row_groups[group].row_count, nulls;
    parquet_chunk chunk;
    bool told;
    bp_status status;

    if (rows == 0) return BP_OK;
    if ((status = parquet_chunk_of(&chunk, footer, group, leaf_index, err))) return status;
    nulls = leaf->max_definition == 0 ? 0 : (uint64_t)chunk.statistics.null_count;
    told = nulls <= rows && chunk.value_count == rows;
    if (told) facts->null_count += nulls;
    facts->has_null_count &= told;
    if (told && nulls == rows) return BP_OK;
    facts->has_limits = facts->has_limits && chunk.value_count == rows && add_limits(facts, leaf, &chunk.statistics, arena);
    return BP_OK;
}

static bp_status add_file(source_column_facts *facts, const parquet_file *file, size_t column, arena *arena, bp_error *err)
{
    const parquet_footer *footer = file->footer;
    const parquet_node *node;
    bp_status status = BP_OK;

    if (file->columns[column] == PARQUET_NO_COLUMN) { /* NULL in all of its rows */
        facts->null_count += footer->row_count;
        return BP_OK;
    }
    node = &footer->nodes[footer->columns[file->columns[column]]];
    if (!parquet_is_flat(footer, node) || node->type.id == TYPE_NULL) facts->has_null_count = facts->has_limits = false;
    for (size_t group = 0; group < footer->row_group_count && !status && (facts->has_null_count || facts->has_limits); group++)
        status = add_group(facts, footer, group, node->first_leaf, arena, err);
    if (status) error_prefix(err, "\"%.*s\"", STRING_ARGUMENTS(file->path));
    return status;
}

bp_status parquet_column_facts(source_column_facts *out, const source *base, size_t column, arena *arena, bp_error *err)
{
    const parquet_source *source = (const parquet_source *)base;
    bp_status status = BP_OK;

    *out = (source_column_facts){0};
    if (column >= source->stored_count || source->hive_of[column] != SIZE_MAX) return BP_OK;
    out->has_null_count = out->has_limits = true;
    for (size_t i = 0; i < source->file_count && !status && (out->has_null_count || out->has_limits); i++) {
        status = cancel_check(&base->context->cancel, err);
        if (!status) status = add_file(out, &source->files[i], column, arena, err);
    }
    return status;
}
