/* Filters of a scan on parsed columns: the selection is cut down to the rows that pass. The order of values is ORDER BY's (NaN last and equal to
 * itself, -0.0 = 0.0). The usual types have loops of their own; column_value_compare() does the rest. */
#include "row_filter.h"

#define TRIAL_ROWS 8192
#define FEW_LISTED 16 /* values of a list that are all compared */

static bool is_there(const column *values, size_t row)
{
    return values && row < values->length && !column_is_null(values, row);
}

/* Bounds as numbers; strictness is kept beside. */
typedef struct bounds {
    bool has_low, has_high, low_inclusive, high_inclusive;
} bounds;

static bounds bounds_of(const scan_filter *filter)
{
    return (bounds){is_there(filter->values, 0), is_there(filter->values, 1), filter->low_inclusive, filter->high_inclusive};
}

/* Whole numbers: between closed bounds is one comparison of what lies above the low one. */
#define WHOLE_RANGE(name, type, unsigned_type, least, most)                                                                        \
    static size_t name(const column *column, const scan_filter *filter, uint32_t *selection, size_t count)                         \
    {                                                                                                                              \
        const type *values = column->values, *limits = filter->values->values;                                                     \
        bounds b = bounds_of(filter);                                                                                              \
        type low = b.has_low ? limits[0] : (least), high = b.has_high ? limits[1] : (most);                                        \
        unsigned_type span;                                                                                                        \
        size_t kept = 0;                                                                                                           \
                                                                                                                                   \
        if (low > high || (low == (most) && b.has_low && !b.low_inclusive)) return 0;                                              \
        if (high == (least) && b.has_high && !b.high_inclusive) return 0;                                                          \
        if (b.has_low && !b.low_inclusive) low++;                                                                                  \
        if (b.has_high && !b.high_inclusive) high--;                                                                               \
        if (low > high) return 0;                                                                                                  \
        span = (unsigned_type)high - (unsigned_type)low;                                                                           \
        for (size_t i = 0; i < count; i++) {                                                                                       \
            uint32_t row = selection[i];                                                                                           \
            selection[kept] = row;                                                                                                 \
            kept += (unsigned_type)((unsigned_type)values[row] - (unsigned_type)low) <= span;                                      \
        }                                                                                                                          \
        return kept;                                                                                                               \
    }

WHOLE_RANGE(range_int32, int32_t, uint32_t, INT32_MIN, INT32_MAX)
WHOLE_RANGE(range_int64, int64_t, uint64_t, INT64_MIN, INT64_MAX)

static inline bool less_double(double left, double right)
{
    return left < right || (right != right && left == left);
}

static size_t range_double(const column *column, const scan_filter *filter, uint32_t *selection, size_t count)
{
    const double *values = column->values, *limits = filter->values->values;
    bounds b = bounds_of(filter);
    double low = b.has_low ? limits[0] : 0, high = b.has_high ? limits[1] : 0;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t row = selection[i];
        double value = values[row];
        bool pass = !b.has_low || (b.low_inclusive ? !less_double(value, low) : less_double(low, value));
        pass &= !b.has_high || (b.high_inclusive ? !less_double(high, value) : less_double(value, high));
        selection[kept] = row;
        kept += pass;
    }
    return kept;
}

static bool passes_range(const scan_filter *filter, const column *column, size_t row)
{
    bounds b = bounds_of(filter);

    if (b.has_low) {
        int order = column_value_compare(column, row, filter->values, 0);
        if (order < 0 || (order == 0 && !b.low_inclusive)) return false;
    }
    if (b.has_high) {
        int order = column_value_compare(column, row, filter->values, 1);
        if (order > 0 || (order == 0 && !b.high_inclusive)) return false;
    }
    return true;
}

/* Whether one of the sorted values is the row's. */
static bool passes_list(const scan_filter *filter, const column *column, size_t row)
{
    size_t begin = 0, end = filter->values->length;

    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        int order = column_value_compare(column, row, filter->values, middle);
        if (order == 0) return true;
        if (order < 0)
            end = middle;
        else
            begin = middle + 1;
    }
    return false;
}

/* Whole numbers: few are all compared, among many the last that is not greater is looked for; neither with a branch on the values. */
#define WHOLE_LIST(name, type)                                                                                                     \
    static size_t name(const column *column, const scan_filter *filter, uint32_t *selection, size_t count)                         \
    {                                                                                                                              \
        const type *values = column->values, *listed = filter->values->values;                                                     \
        size_t length = filter->values->length, kept = 0;                                                                          \
                                                                                                                                   \
        for (size_t i = 0; i < count; i++) {                                                                                       \
            uint32_t row = selection[i];                                                                                           \
            type value = values[row];                                                                                              \
            unsigned found = 0;                                                                                                    \
            if (length <= FEW_LISTED) {                                                                                            \
                for (size_t k = 0; k < length; k++) found |= value == listed[k];                                                   \
            } else {                                                                                                               \
                const type *at = listed;                                                                                           \
                for (size_t left = length; left > 1; left -= left / 2) at += at[left / 2] <= value ? left / 2 : 0;                 \
                found = *at == value;                                                                                              \
            }                                                                                                                      \
            selection[kept] = row;                                                                                                 \
            kept += found;                                                                                                         \
        }                                                                                                                          \
        return kept;                                                                                                               \
    }

WHOLE_LIST(listed_int32, int32_t)
WHOLE_LIST(listed_int64, int64_t)

static size_t keep_listed(const scan_filter *filter, const column *column, uint32_t *selection, size_t count)
{
    size_t kept = 0;

    if (column->encoding == COLUMN_FLAT && type_physical(column->type) == PHYSICAL_INT32)
        return listed_int32(column, filter, selection, count);
    if (column->encoding == COLUMN_FLAT && type_physical(column->type) == PHYSICAL_INT64)
        return listed_int64(column, filter, selection, count);
    for (size_t i = 0; i < count; i++) {
        selection[kept] = selection[i];
        kept += passes_list(filter, column, selection[i]);
    }
    return kept;
}

static size_t keep_not_null(const column *column, uint32_t *selection, size_t count, bool null)
{
    size_t kept = 0;

    if (!column->validity && column->type.id != TYPE_NULL) return null ? 0 : count;
    for (size_t i = 0; i < count; i++) {
        selection[kept] = selection[i];
        kept += column_is_null(column, selection[i]) == null;
    }
    return kept;
}

static size_t keep_range(const scan_filter *filter, const column *column, uint32_t *selection, size_t count)
{
    size_t kept = 0;

    if (column->encoding == COLUMN_FLAT) {
        switch (type_physical(column->type)) {
        case PHYSICAL_INT32: return range_int32(column, filter, selection, count);
        case PHYSICAL_INT64: return range_int64(column, filter, selection, count);
        case PHYSICAL_FLOAT64: return range_double(column, filter, selection, count);
        default: break;
        }
    }
    for (size_t i = 0; i < count; i++) {
        selection[kept] = selection[i];
        kept += passes_range(filter, column, selection[i]);
    }
    return kept;
}

/* A dictionary that has no more entries than there are rows: each entry is tried once. */
static bp_status try_entries(const scan_filter *filter, const column *values, uint32_t *selection, size_t *count, arena *arena,
                             bp_error *err)
{
    const column *entries = &values->children[0];
    const uint32_t *codes = values->values;
    size_t passed = entries->length, kept = 0;
    uint32_t *places = arena_new_array(arena, uint32_t, passed);
    bool *passes = arena_new_array(arena, bool, passed);
    bp_status status;

    if (!places || !passes) return error_no_memory(err, arena->memory, passed * sizeof *places);
    for (size_t i = 0; i < passed; i++) places[i] = (uint32_t)i;
    if ((status = row_filter_apply(filter, entries, places, &passed, arena, err))) return status;
    for (size_t i = 0; i < passed; i++) passes[places[i]] = true;
    for (size_t i = 0; i < *count; i++) {
        selection[kept] = selection[i];
        kept += passes[codes[selection[i]]];
    }
    *count = kept;
    return BP_OK;
}

static bp_status keep_members(const scan_filter *filter, const column *column, uint32_t *selection, size_t *count, arena *arena,
                              bp_error *err)
{
    struct column flat;
    bp_status status = column_flatten(&flat, column, arena, err);

    if (!status) *count = member_set_select(filter->members, &flat, selection, *count);
    return status;
}

bool filter_trial_fails(const filter_trial *trial)
{
    return trial->tried >= TRIAL_ROWS && trial->passed > trial->tried / 4 * 3;
}

bp_status row_filter_apply(const scan_filter *filter, const column *values, uint32_t *selection, size_t *count, arena *arena,
                           bp_error *err)
{
    *count = keep_not_null(values, selection, *count, filter->kind == FILTER_IS_NULL);
    if (values->encoding == COLUMN_DICTIONARY && filter->kind != FILTER_IS_NULL && filter->kind != FILTER_NOT_NULL &&
        values->children[0].length <= *count)
        return try_entries(filter, values, selection, count, arena, err);
    switch (filter->kind) {
    case FILTER_IS_NULL:
    case FILTER_NOT_NULL: return BP_OK;
    case FILTER_RANGE:
        if (*count && filter->values) *count = keep_range(filter, values, selection, *count);
        return BP_OK;
    case FILTER_IN: *count = keep_listed(filter, values, selection, *count); return BP_OK;
    case FILTER_MEMBERS: return keep_members(filter, values, selection, count, arena, err);
    }
    return BP_OK;
}
