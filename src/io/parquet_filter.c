/* What statistics exclude: by row group, by page.
 *
 * Statistics bound the values that are there, by the type's order. Floats are left out of it where NaN could pass, for statistics do not tell of NaN,
 * and ours is greater than every number. Bounds of texts may be shortened, which keeps them bounds. Statistics that cannot be read exclude nothing. */
#include "parquet_internal.h"

typedef struct limits {
    column low, high;
    bool has_low, has_high;
    bool all_null, no_null;
    bool is_float;
} limits;

static bool is_there(const column *values, size_t row)
{
    return values && row < values->length && !column_is_null(values, row);
}

static bool is_nan(const column *value, size_t row)
{
    if (value->type.id == TYPE_FLOAT64) {
        double number = ((const double *)value->values)[row];
        return number != number;
    }
    if (value->type.id == TYPE_FLOAT32) {
        float number = ((const float *)value->values)[row];
        return number != number;
    }
    return false;
}

/* No value between the limits passes [row 0, row 1]. */
static bool outside_range(const scan_filter *filter, const limits *is)
{
    bool has_low = is_there(filter->values, 0), has_high = is_there(filter->values, 1);
    int order;

    if (has_high && is->has_low) {
        order = column_value_compare(&is->low, 0, filter->values, 1);
        if (order > 0 || (order == 0 && !filter->high_inclusive)) return true;
    }
    if (has_low && is->has_high && (!is->is_float || (has_high && !is_nan(filter->values, 1)))) {
        order = column_value_compare(&is->high, 0, filter->values, 0);
        if (order < 0 || (order == 0 && !filter->low_inclusive)) return true;
    }
    return false;
}

static bool outside_list(const scan_filter *filter, const limits *is)
{
    if (!filter->values || (!is->has_low && !is->has_high)) return false;
    for (size_t i = 0; i < filter->values->length; i++) {
        if (!is_there(filter->values, i)) continue;
        if (is_nan(filter->values, i)) return false;
        if (is->has_low && column_value_compare(filter->values, i, &is->low, 0) < 0) continue;
        if (is->has_high && column_value_compare(filter->values, i, &is->high, 0) > 0) continue;
        return false;
    }
    return true;
}

static bool outside_members(const scan_filter *filter, const limits *is)
{
    return filter->members->count == 0 || (is->has_low && is->has_high && !member_set_meets(filter->members, &is->low, &is->high));
}

static bool excludes(const scan_filter *filter, const limits *is)
{
    switch (filter->kind) {
    case FILTER_IS_NULL: return is->no_null;
    case FILTER_NOT_NULL: return is->all_null;
    case FILTER_RANGE: return is->all_null || outside_range(filter, is);
    case FILTER_IN: return is->all_null || outside_list(filter, is);
    case FILTER_MEMBERS: return is->all_null || outside_members(filter, is);
    }
    return false;
}

bool parquet_has_order(const parquet_leaf *leaf, bool is_old)
{
    bool is_signed =
        leaf->type.id != TYPE_UINT8 && leaf->type.id != TYPE_UINT16 && leaf->type.id != TYPE_UINT32 && leaf->type.id != TYPE_UINT64;

    if (leaf->convert == CONVERT_INT96 || leaf->convert == CONVERT_INTERVAL || leaf->convert == CONVERT_HALF) return false;
    return !is_old || (is_signed && leaf->convert < CONVERT_REF);
}

static void set_limits(limits *out, const parquet_leaf *leaf, const string_view *low, const string_view *high, arena *arena)
{
    out->is_float = leaf->type.id == TYPE_FLOAT32 || leaf->type.id == TYPE_FLOAT64;
    out->has_low = low && parquet_statistic_value(leaf, *low, arena, &out->low) && !is_nan(&out->low, 0);
    out->has_high = high && parquet_statistic_value(leaf, *high, arena, &out->high) && !is_nan(&out->high, 0);
}

/* Bloom filters answer for single values only. */
static bp_status bloom_excludes(bool *none, const parquet_leaf *leaf, const parquet_chunk *chunk, file *file,
                                const scan_filter *filter, bp_error *err)
{
    const column *values = filter->values;
    bool one = filter->kind == FILTER_RANGE && is_there(values, 0) && is_there(values, 1) && filter->low_inclusive &&
               filter->high_inclusive && column_value_equal(values, 0, values, 1);
    size_t count = one ? 1 : filter->kind == FILTER_IN && values ? values->length : 0;
    bp_status status;

    *none = false;
    if (count == 0 || count > 64 || chunk->bloom_offset <= 0) return BP_OK;
    for (size_t i = 0; i < count; i++) {
        bool excluded;
        if (!is_there(values, i)) continue;
        if ((status = parquet_bloom_excludes(&excluded, leaf, chunk, file, values, i, err))) return status;
        if (!excluded) return BP_OK;
    }
    *none = true;
    return BP_OK;
}

bp_status parquet_prune_group(bool *none, const parquet_footer *footer, size_t row_group, size_t leaf_index, file *file,
                              const scan_filter *filter, arena *arena, bp_error *err)
{
    const parquet_leaf *leaf = &footer->leaves[leaf_index];
    const parquet_statistics *told;
    limits is = {0};
    parquet_chunk chunk;
    bp_status status;

    *none = false;
    if ((status = parquet_chunk_of(&chunk, footer, row_group, leaf_index, err))) return status;
    told = &chunk.statistics;
    is.no_null = told->null_count == 0 || leaf->max_definition == 0;
    is.all_null = told->null_count >= 0 && (uint64_t)told->null_count == chunk.value_count && leaf->max_definition > 0;
    if (parquet_has_order(leaf, told->is_old))
        set_limits(&is, leaf, told->has_low ? &told->low : NULL, told->has_high ? &told->high : NULL, arena);
    *none = excludes(filter, &is);
    if (*none) return BP_OK;
    return bloom_excludes(none, leaf, &chunk, file, filter, err);
}

/* The page index --------------------------------------------------------------------------------------------------------------------- */
typedef struct page_index {
    size_t count; /* pages */
    uint64_t *first_rows;
    bool *is_null;
    string_view *lows, *highs;
    int64_t *null_counts; /* NULL: not told */
} page_index;

static bp_status load_index(file *file, int64_t offset, int64_t size, arena *arena, const uint8_t **out, bool *usable,
                            bp_error *err)
{
    uint64_t end = file_size(file);
    uint8_t *bytes;
    size_t count;
    bp_status status;

    *usable = offset > 0 && size > 0 && (uint64_t)offset < end && (uint64_t)size <= end - (uint64_t)offset;
    if (!*usable) return BP_OK;
    if (!(bytes = arena_allocate(arena, (size_t)size))) return error_no_memory(err, arena->memory, (size_t)size);
    if ((status = file_read_at(file, (uint64_t)offset, bytes, (size_t)size, &count, err))) return status;
    *usable = count == (size_t)size;
    *out = bytes;
    return BP_OK;
}

/* Pages and their first rows; false: not as it should be. */
static bool read_offsets(const uint8_t *bytes, size_t size, arena *arena, page_index *out)
{
    thrift in = thrift_over(bytes, size);

    thrift_begin(&in);
    while (thrift_next(&in)) {
        if (in.field != 1 || out->first_rows) {
            thrift_skip(&in);
            continue;
        }
        out->count = thrift_list(&in, THRIFT_STRUCT);
        out->first_rows = arena_new_array(arena, uint64_t, out->count + 1);
        if (!out->first_rows) return false;
        for (size_t i = 0; i < out->count && !in.bad; i++) {
            thrift_begin(&in);
            while (thrift_next(&in)) {
                if (in.field == 3)
                    out->first_rows[i] = (uint64_t)thrift_integer(&in);
                else
                    thrift_skip(&in);
            }
            if (i && out->first_rows[i] < out->first_rows[i - 1]) return false;
        }
    }
    return !in.bad && out->count && out->first_rows[0] == 0;
}

static bool read_texts(thrift *in, arena *arena, size_t wanted, string_view **out)
{
    size_t count = thrift_list(in, THRIFT_BINARY);

    if (count != wanted || !(*out = arena_new_array(arena, string_view, count))) return false;
    for (size_t i = 0; i < count; i++) (*out)[i] = thrift_binary(in);
    return true;
}

static bool read_limits(const uint8_t *bytes, size_t size, arena *arena, page_index *out)
{
    thrift in = thrift_over(bytes, size);
    size_t count;

    thrift_begin(&in);
    while (thrift_next(&in)) {
        switch (in.field) {
        case 1:
            count = thrift_list(&in, THRIFT_TRUE);
            if (count != out->count || !(out->is_null = arena_new_array(arena, bool, count))) return false;
            for (size_t i = 0; i < count; i++) out->is_null[i] = thrift_bool_element(&in);
            break;
        case 2:
            if (!read_texts(&in, arena, out->count, &out->lows)) return false;
            break;
        case 3:
            if (!read_texts(&in, arena, out->count, &out->highs)) return false;
            break;
        case 5:
            count = thrift_list(&in, THRIFT_I64);
            if (count != out->count || !(out->null_counts = arena_new_array(arena, int64_t, count))) return false;
            for (size_t i = 0; i < count; i++) out->null_counts[i] = thrift_integer(&in);
            break;
        default: thrift_skip(&in);
        }
    }
    return !in.bad && out->is_null && out->lows && out->highs;
}

static bool page_excluded(const page_index *index, size_t page, const parquet_leaf *leaf, const scan_filter *filter, arena *arena)
{
    limits is = {.all_null = index->is_null[page], .no_null = index->null_counts && index->null_counts[page] == 0};

    if (!is.all_null && parquet_has_order(leaf, false)) set_limits(&is, leaf, &index->lows[page], &index->highs[page], arena);
    return excludes(filter, &is);
}

bp_status parquet_prune_rows(uint64_t *begin, uint64_t *end, const parquet_footer *footer, size_t row_group, size_t leaf_index,
                             file *file, const scan_filter *filter, arena *arena, bp_error *err)
{
    const parquet_leaf *leaf = &footer->leaves[leaf_index];
    page_index index = {0};
    const uint8_t *offsets, *bounds;
    parquet_chunk chunk;
    size_t first, last;
    bool usable;
    bp_status status;

    if ((status = parquet_chunk_of(&chunk, footer, row_group, leaf_index, err))) return status;
    if ((status = load_index(file, chunk.offset_index, chunk.offset_index_size, arena, &offsets, &usable, err)) || !usable)
        return status;
    if ((status = load_index(file, chunk.column_index, chunk.column_index_size, arena, &bounds, &usable, err)) || !usable)
        return status;
    if (!read_offsets(offsets, (size_t)chunk.offset_index_size, arena, &index) ||
        !read_limits(bounds, (size_t)chunk.column_index_size, arena, &index))
        return BP_OK;
    index.first_rows[index.count] = UINT64_MAX;
    for (first = 0; index.first_rows[first + 1] <= *begin; first++) continue;
    for (; first < index.count && index.first_rows[first] < *end; first++) {
        if (!page_excluded(&index, first, leaf, filter, arena)) break;
        *begin = index.first_rows[first + 1] < *end ? index.first_rows[first + 1] : *end;
    }
    if (*begin >= *end) return BP_OK;
    for (last = index.count - 1; last > first && index.first_rows[last] >= *end; last--) continue;
    for (; last > first && page_excluded(&index, last, leaf, filter, arena); last--) *end = index.first_rows[last];
    return BP_OK;
}
