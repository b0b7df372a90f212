/* Order and equality of single values, nested ones too. NULL behind everything, NaN behind every other number, -0.0 = 0.0. */
#include "base/config.h"
#include "column.h"
#include "float16.h"

/* A value without its encoding: row `row` of a flat column (or a constant's row 0, which reads alike). */
typedef struct cell {
    const column *column;
    size_t row;
} cell;

static int compare_within(const column *left, size_t left_row, const column *right, size_t right_row, int depth);

static cell cell_of(const column *column, size_t row)
{
    if (column->encoding == COLUMN_CONSTANT) return (cell){column, 0};
    if (column->encoding == COLUMN_DICTIONARY) return (cell){&column->children[0], ((const uint32_t *)column->values)[row]};
    return (cell){column, row};
}

static int compare_floats(double left, double right)
{
    bool left_nan = left != left, right_nan = right != right;

    if (left_nan || right_nan) return (int)left_nan - (int)right_nan;
    return (left > right) - (left < right);
}

static int compare_intervals(const interval *left, const interval *right)
{
    int128 day = (int128)86400 * 1000000;
    int128 a = ((int128)left->months * 30 + left->days) * day + left->micros;
    int128 b = ((int128)right->months * 30 + right->days) * day + right->micros;

    return (a > b) - (a < b);
}

static int compare_int256(const uint64_t *left, const uint64_t *right)
{
    int64_t high_left = (int64_t)left[3], high_right = (int64_t)right[3];

    if (high_left != high_right) return high_left > high_right ? 1 : -1;
    for (int i = 2; i >= 0; i--)
        if (left[i] != right[i]) return left[i] > right[i] ? 1 : -1;
    return 0;
}

static int compare_elements(const column *left, size_t left_offset, size_t left_size, const column *right, size_t right_offset,
                            size_t right_size, int depth)
{
    size_t common = left_size < right_size ? left_size : right_size;

    for (size_t i = 0; i < common; i++) {
        int order = compare_within(left, left_offset + i, right, right_offset + i, depth + 1);
        if (order) return order;
    }
    return (left_size > right_size) - (left_size < right_size);
}

static int compare_structs(cell left, cell right, int depth)
{
    for (size_t i = 0; i < left.column->child_count; i++) {
        int order = compare_within(&left.column->children[i], left.row, &right.column->children[i], right.row, depth + 1);
        if (order) return order;
    }
    return 0;
}

static int compare_lists(cell left, cell right, int depth)
{
    const list_entry *a = (const list_entry *)left.column->values + left.row;
    const list_entry *b = (const list_entry *)right.column->values + right.row;

    return compare_elements(left.column->children, a->offset, a->size, right.column->children, b->offset, b->size, depth);
}

static int compare_arrays(cell left, cell right, int depth)
{
    size_t size = left.column->type.fixed_size;

    return compare_elements(left.column->children, left.row * size, size, right.column->children, right.row * size, size, depth);
}

/* left and right of a scalar type, compared by their C type. */
#define VALUE(cell, type) (((const type *)(cell).column->values)[(cell).row])
#define COMPARE(type) ((VALUE(left, type) > VALUE(right, type)) - (VALUE(left, type) < VALUE(right, type)))

/* A flat switch over the physical types. */
static int compare_cells(cell left, cell right, int depth)
{
    switch (type_physical(left.column->type)) {
    case PHYSICAL_NONE: return 0;
    case PHYSICAL_BIT: return (int)bitmap_get(left.column->values, left.row) - (int)bitmap_get(right.column->values, right.row);
    case PHYSICAL_INT8: return COMPARE(int8_t);
    case PHYSICAL_INT16: return COMPARE(int16_t);
    case PHYSICAL_INT32: return COMPARE(int32_t);
    case PHYSICAL_INT64: return COMPARE(int64_t);
    case PHYSICAL_INT128: return COMPARE(int128);
    case PHYSICAL_UINT8: return COMPARE(uint8_t);
    case PHYSICAL_UINT16: return COMPARE(uint16_t);
    case PHYSICAL_UINT32: return COMPARE(uint32_t);
    case PHYSICAL_UINT64: return COMPARE(uint64_t);
    case PHYSICAL_UINT128: return COMPARE(uint128);
    case PHYSICAL_INT256:
        return compare_int256((const uint64_t *)left.column->values + 4 * left.row,
                              (const uint64_t *)right.column->values + 4 * right.row);
    case PHYSICAL_FLOAT16: return compare_floats(float16_value(VALUE(left, uint16_t)), float16_value(VALUE(right, uint16_t)));
    case PHYSICAL_FLOAT32: return compare_floats((double)VALUE(left, float), (double)VALUE(right, float));
    case PHYSICAL_FLOAT64: return compare_floats(VALUE(left, double), VALUE(right, double));
    case PHYSICAL_STRING: return string_ref_compare(&VALUE(left, string_ref), &VALUE(right, string_ref));
    case PHYSICAL_INTERVAL: return compare_intervals(&VALUE(left, interval), &VALUE(right, interval));
    case PHYSICAL_LIST: return compare_lists(left, right, depth);
    case PHYSICAL_STRUCT: return compare_structs(left, right, depth);
    case PHYSICAL_ARRAY: return compare_arrays(left, right, depth);
    }
    return 0;
}

static int compare_within(const column *left, size_t left_row, const column *right, size_t right_row, int depth)
{
    bool left_null = column_is_null(left, left_row), right_null = column_is_null(right, right_row);
    int order;

    CHECK(depth <= LIMIT_TYPE_DEPTH);
    if (left_null || right_null) return (int)left_null - (int)right_null;
    order = compare_cells(cell_of(left, left_row), cell_of(right, right_row), depth);
    return (order > 0) - (order < 0);
}

bool column_value_equal(const column *left, size_t left_row, const column *right, size_t right_row)
{
    return compare_within(left, left_row, right, right_row, 0) == 0;
}

int column_value_compare(const column *left, size_t left_row, const column *right, size_t right_row)
{
    return compare_within(left, left_row, right, right_row, 0);
}
