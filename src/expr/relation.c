/* Comparing two columns into bits: compute's kernels for the values, NULLs here. Types without a kernel (nested, wide decimals) go row by row. */
#include "evaluate_internal.h"

#include "base/error.h"
#include "compute/compare.h"

static const comparison comparisons[] = {
    [COMPARE_EQUAL] = COMPARISON_EQUAL,         [COMPARE_NOT_DISTINCT] = COMPARISON_EQUAL,
    [COMPARE_NOT_EQUAL] = COMPARISON_NOT_EQUAL, [COMPARE_DISTINCT] = COMPARISON_NOT_EQUAL,
    [COMPARE_LESS] = COMPARISON_LESS,           [COMPARE_LESS_EQUAL] = COMPARISON_LESS_EQUAL,
    [COMPARE_GREATER] = COMPARISON_GREATER,     [COMPARE_GREATER_EQUAL] = COMPARISON_GREATER_EQUAL,
};

static bool holds(comparison relation, int order)
{
    switch (relation) {
    case COMPARISON_EQUAL: return order == 0;
    case COMPARISON_NOT_EQUAL: return order != 0;
    case COMPARISON_LESS: return order < 0;
    case COMPARISON_LESS_EQUAL: return order <= 0;
    case COMPARISON_GREATER: return order > 0;
    default: return order >= 0;
    }
}

/* Row by row: nested values (NULLs inside are equal and greatest), half floats, wide decimals. */
static void compare_values(uint64_t *out, comparison relation, const column *left, const column *right, size_t rows)
{
    memset(out, 0, bitmap_words(rows) * 8);
    for (size_t row = 0; row < rows; row++) {
        size_t left_row = left->encoding == COLUMN_CONSTANT ? 0 : row, right_row = right->encoding == COLUMN_CONSTANT ? 0 : row;
        if (column_is_null(left, left_row) || column_is_null(right, right_row)) continue;
        if (holds(relation, column_value_compare(left, left_row, right, right_row))) bitmap_set(out, row);
    }
}

static void compare_values_of(uint64_t *out, compare_op op, const column *left, const column *right, size_t rows)
{
    physical_type physical = type_physical(left->type);
    operand_shape shape = left->encoding == COLUMN_CONSTANT    ? OPERANDS_LEFT_CONSTANT
                          : right->encoding == COLUMN_CONSTANT ? OPERANDS_RIGHT_CONSTANT
                                                               : OPERANDS_VECTORS;

    if (compare_has_kernel(physical))
        compare_slices(out, comparisons[op], physical, left->values, right->values, shape, rows);
    else
        compare_values(out, comparisons[op], left, right, rows);
}

/* A column's validity as words, also of a constant; NULL: no NULLs. */
static bp_status validity_words(const column *in, size_t rows, arena *arena, const uint64_t **out, bp_error *err)
{
    uint64_t *none;

    *out = in->validity;
    if (in->encoding == COLUMN_FLAT && in->type.id != TYPE_NULL) return BP_OK;
    *out = NULL;
    if (!column_is_null(in, 0)) return BP_OK;
    none = arena_allocate_zeroed(arena, (bitmap_words(rows) + 1) * 8);
    *out = none;
    return none ? BP_OK : error_no_memory(err, arena->memory, rows / 8);
}

/* IS [NOT] DISTINCT FROM: NULLs equal each other and nothing else. `bits` hold "different" or "equal" of the values. */
static void distinct_bits(uint64_t *bits, const uint64_t *left, const uint64_t *right, bool distinct, size_t rows)
{
    for (size_t i = 0; i < bitmap_words(rows); i++) {
        uint64_t a = left ? left[i] : ~(uint64_t)0, b = right ? right[i] : ~(uint64_t)0;
        bits[i] = distinct ? (a & b & bits[i]) | (a ^ b) : (a & b & bits[i]) | (~a & ~b);
    }
}

static bool is_null_constant(const column *column)
{
    return column->type.id == TYPE_NULL || (column->encoding == COLUMN_CONSTANT && column_is_null(column, 0));
}

bp_status relation_compare(column *out, compare_op op, const column *left, const column *right, size_t rows, arena *arena,
                           bp_error *err)
{
    bool distinct = op == COMPARE_DISTINCT || op == COMPARE_NOT_DISTINCT;
    uint64_t *bits = arena_allocate(arena, (bitmap_words(rows) + 1) * 8), *both;
    const uint64_t *left_valid, *right_valid;
    column one;
    bp_status status;

    if (!bits) return error_no_memory(err, arena->memory, rows / 8);
    *out = (column){.type = type_of(TYPE_BOOLEAN), .encoding = COLUMN_FLAT, .length = rows, .values = bits};
    if (!distinct && (is_null_constant(left) || is_null_constant(right))) {
        *out = column_nulls(out->type, rows);
        return BP_OK;
    }
    if ((status = validity_words(left, rows, arena, &left_valid, err))) return status;
    if ((status = validity_words(right, rows, arena, &right_valid, err))) return status;
    if (is_null_constant(left) || is_null_constant(right)) {
        memset(bits, 0, bitmap_words(rows) * 8);
        distinct_bits(bits, left_valid, right_valid, op == COMPARE_DISTINCT, rows);
        return BP_OK;
    }
    one = *left;
    if (left->encoding == COLUMN_CONSTANT && right->encoding == COLUMN_CONSTANT) one.encoding = COLUMN_FLAT; /* rows is 1 */
    compare_values_of(bits, op, &one, right, rows);
    if (distinct) {
        distinct_bits(bits, left_valid, right_valid, op == COMPARE_DISTINCT, rows);
        return BP_OK;
    }
    out->validity = left_valid ? left_valid : right_valid;
    if (left_valid && right_valid) {
        both = arena_allocate(arena, (bitmap_words(rows) + 1) * 8);
        if (!both) return error_no_memory(err, arena->memory, rows / 8);
        bitmap_and(both, left_valid, right_valid, rows);
        out->validity = both;
    }
    return BP_OK;
}
