/* A DATE that is cast to a timestamp only to be compared with one is compared as a date: d <= DATE '1998-12-01' - INTERVAL 90 DAY then touches 4 bytes a row
 * instead of 8, and reaches a source as a range. The cast's error (a date 290,000 years away) goes with it: such a date has its place in the order. Nanoseconds, which end
 * in 2262, are left as they are. */
#include "expr_internal.h"

#include "base/temporal.h"

/* CAST(d AS a timestamp) of a DATE. */
static bool is_cast_date(const expr_pool *pool, expr_id id)
{
    const expr_node *node = expr_at(pool, id);

    return node->kind == EXPR_CAST && node->op == 0 && node->type.unit != UNIT_NANO &&
           (node->type.id == TYPE_TIMESTAMP || node->type.id == TYPE_TIMESTAMP_TZ) &&
           expr_type(pool, expr_child(pool, id, 0)).id == TYPE_DATE;
}

/* The day of a literal timestamp, rounded down, and whether it is its midnight; false: it is none. */
static bool literal_day(const expr_pool *pool, expr_id id, int32_t *day, bool *midnight)
{
    const expr_node *node = expr_at(pool, id);
    int64_t value, per_day, days;

    if (node->kind != EXPR_LITERAL || column_is_null(node->literal, 0)) return false;
    value = *(const int64_t *)node->literal->values;
    *midnight = true;
    *day = value > 0 ? DATE_INFINITY : DATE_MINUS_INFINITY;
    if (!timestamp_is_finite(value)) return true;
    per_day = 86400 * temporal_per_second((time_unit)node->type.unit);
    days = value / per_day - (value % per_day < 0);
    *midnight = value % per_day == 0;
    *day = (int32_t)days;
    return days > DATE_MINUS_INFINITY && days < DATE_INFINITY;
}

/* Between midnights: before the moment is up to its day, from the moment on is after its day. False: no such form. */
static bool between_midnights(compare_op *op)
{
    switch (*op) {
    case COMPARE_LESS: *op = COMPARE_LESS_EQUAL; return true;
    case COMPARE_GREATER_EQUAL: *op = COMPARE_GREATER; return true;
    default: return *op == COMPARE_LESS_EQUAL || *op == COMPARE_GREATER;
    }
}

bp_status fold_compare(expr_pool *pool, expr_id *id, bp_error *err)
{
    const expr_node *node = expr_at(pool, *id);
    expr_id left = expr_child(pool, *id, 0), right = expr_child(pool, *id, 1), literal;
    compare_op op = (compare_op)node->op;
    column value = {.type = type_of(TYPE_DATE), .encoding = COLUMN_CONSTANT, .length = 1};
    int32_t day;
    bool midnight;
    bp_status status;

    if (is_cast_date(pool, right)) {
        expr_id swap = left;
        left = right, right = swap;
        op = compare_op_swapped(op);
    }
    if (!is_cast_date(pool, left) || !literal_day(pool, right, &day, &midnight)) return BP_OK;
    if (!midnight && !between_midnights(&op)) return BP_OK;
    value.values = &day;
    pool->position = node->position;
    if ((status = expr_literal(&literal, pool, &value, err))) return status;
    return expr_compare(id, pool, op, expr_child(pool, left, 0), literal, err);
}
