/* Conjuncts on a scan's columns, restated as (column, range or set) so that io can skip rows by them. What cannot be restated is left out: the
 * filter operator above the scan checks every conjunct. */
#include "column/concatenate.h"
#include "exec.h"

static bool column_of_scan(const plan_node *node, const expr_node *expr, size_t *source_column)
{
    if (expr->kind != EXPR_COLUMN) return false;
    for (size_t i = 0; i < node->output_count; i++) {
        if (node->outputs[i] != expr->column) continue;
        *source_column = node->scan.source_columns[i];
        return true;
    }
    return false;
}

/* Rows 0 and 1 are low and high; the missing one is NULL. */
static bp_status range_values(plan *plan, const column *value, bool is_low, bool is_high, const column **out, bp_error *err)
{
    column low = is_low ? *value : column_nulls(value->type, 1), high = is_high ? *value : column_nulls(value->type, 1), flat[2];
    const column *parts[2] = {&flat[0], &flat[1]};
    column *joined = arena_new(&plan->arena, column);
    bp_status status;

    if (!joined) return error_no_memory(err, plan->context->memory, sizeof *joined);
    if ((status = column_flatten(&flat[0], &low, &plan->arena, err))) return status;
    if ((status = column_flatten(&flat[1], &high, &plan->arena, err))) return status;
    *out = joined;
    return column_concatenate(joined, value->type, parts, 2, &plan->arena, err);
}

static bp_status of_comparison(plan *plan, const plan_node *node, expr_id conjunct, scan_filter *out, bool *usable, bp_error *err)
{
    const expr_pool *pool = &plan->exprs;
    const expr_node *left = expr_at(pool, expr_child(pool, conjunct, 0)), *right = expr_at(pool, expr_child(pool, conjunct, 1));
    compare_op op = (compare_op)expr_at(pool, conjunct)->op;
    bool low, high;

    if (left->kind == EXPR_LITERAL) {
        const expr_node *other = left;
        left = right;
        right = other;
        op = compare_op_swapped(op);
    }
    if (right->kind != EXPR_LITERAL || column_is_null(right->literal, 0) || !column_of_scan(node, left, &out->column)) return BP_OK;
    low = op == COMPARE_EQUAL || op == COMPARE_GREATER || op == COMPARE_GREATER_EQUAL;
    high = op == COMPARE_EQUAL || op == COMPARE_LESS || op == COMPARE_LESS_EQUAL;
    if (!low && !high) return BP_OK;
    *usable = true;
    out->kind = FILTER_RANGE;
    out->low_inclusive = op != COMPARE_GREATER;
    out->high_inclusive = op != COMPARE_LESS;
    return range_values(plan, right->literal, low, high, &out->values, err);
}

static void sift_down(const column *values, uint32_t *rows, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        uint32_t moved = rows[at];
        if (child + 1 < count && column_value_compare(values, rows[child], values, rows[child + 1]) < 0) child++;
        if (column_value_compare(values, moved, values, rows[child]) >= 0) return;
        rows[at] = rows[child];
        rows[child] = moved;
    }
}

/* The list as scans want it: without NULL, in order. */
static bp_status sort_list(plan *plan, column *values, bp_error *err)
{
    uint32_t *rows = arena_new_array(&plan->arena, uint32_t, values->length);
    column given = *values;
    size_t count = 0;

    if (!rows) return error_no_memory(err, plan->context->memory, values->length * sizeof *rows);
    for (size_t i = 0; i < given.length; i++)
        if (!column_is_null(&given, i)) rows[count++] = (uint32_t)i;
    for (size_t i = count / 2; i-- > 0;) sift_down(&given, rows, i, count);
    for (size_t end = count; end-- > 1;) {
        uint32_t greatest = rows[0];
        rows[0] = rows[end];
        rows[end] = greatest;
        sift_down(&given, rows, 0, end);
    }
    return column_gather(values, &given, rows, count, &plan->arena, err);
}

static bp_status of_list(plan *plan, const plan_node *node, expr_id conjunct, scan_filter *out, bool *usable, bp_error *err)
{
    const expr_pool *pool = &plan->exprs;
    const expr_node *in = expr_at(pool, conjunct);
    size_t count = in->child_count - 1;
    const column **parts;
    column *joined;
    bp_status status;

    if (in->op || !column_of_scan(node, expr_at(pool, expr_child(pool, conjunct, 0)), &out->column)) return BP_OK;
    parts = arena_new_array(&plan->arena, const column *, count);
    joined = arena_new(&plan->arena, column);
    if (!parts || !joined) return error_no_memory(err, plan->context->memory, count * sizeof *parts);
    for (size_t i = 0; i < count; i++) {
        column *flat = arena_new(&plan->arena, column);
        if (!flat) return error_no_memory(err, plan->context->memory, sizeof *flat);
        if ((status = column_flatten(flat, expr_at(pool, expr_child(pool, conjunct, i + 1))->literal, &plan->arena, err)))
            return status;
        parts[i] = flat;
    }
    *usable = true;
    out->kind = FILTER_IN;
    out->values = joined;
    if ((status = column_concatenate(joined, parts[0]->type, parts, count, &plan->arena, err))) return status;
    return sort_list(plan, joined, err);
}

static bp_status restate(plan *plan, const plan_node *node, expr_id conjunct, scan_filter *out, bool *usable, bp_error *err)
{
    const expr_node *expr = expr_at(&plan->exprs, conjunct);

    *usable = false;
    *out = (scan_filter){0};
    if (expr->kind == EXPR_COMPARE) return of_comparison(plan, node, conjunct, out, usable, err);
    if (expr->kind == EXPR_IN) return of_list(plan, node, conjunct, out, usable, err);
    if (expr->kind == EXPR_IS_NULL) {
        out->kind = expr->op ? FILTER_NOT_NULL : FILTER_IS_NULL;
        *usable = column_of_scan(node, expr_at(&plan->exprs, expr_child(&plan->exprs, conjunct, 0)), &out->column);
    }
    return BP_OK;
}

bp_status scan_filters_of(plan *plan, const plan_node *node, scan_request *request, bp_error *err)
{
    scan_filter *filters = arena_new_array(&plan->arena, scan_filter, node->scan.filter_count);
    bp_status status;

    if (!filters) return error_no_memory(err, plan->context->memory, node->scan.filter_count * sizeof *filters);
    request->filters = filters;
    for (size_t i = 0; i < node->scan.filter_count; i++) {
        bool usable;
        if ((status = restate(plan, node, node->scan.filters[i], &filters[request->filter_count], &usable, err))) return status;
        request->filter_count += usable;
    }
    return BP_OK;
}
