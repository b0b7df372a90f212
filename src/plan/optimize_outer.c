/* Outer joins that need not be: a condition above one that no row of NULLs passes makes it keep only rows with a partner.
 *
 * What the condition is for such rows is found by writing NULL for the columns of the side that is filled up, and folding. Where that gives NULL or false the
 * rows are never wanted: LEFT and RIGHT become INNER, FULL becomes the kind that keeps the other side. Part of the pass FILTERS, whose conditions may then
 * sink to both sides. */
#include "optimize.h"

static bp_status write_null(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    const plan_node *absent = data; /* whose columns are NULL */
    const expr_node *node = expr_at(pool, *id);

    if (node->kind != EXPR_COLUMN) return BP_OK;
    for (size_t i = 0; i < absent->output_count; i++)
        if (absent->outputs[i] == node->column) return expr_null(id, pool, node->type, err);
    return BP_OK;
}

static bool is_null_literal(const expr_pool *pool, expr_id id)
{
    const expr_node *node = expr_at(pool, id);

    return node->kind == EXPR_LITERAL && column_is_null(node->literal, 0);
}

/* False, NULL, or a comparison with NULL. */
static bool is_never_true(const expr_pool *pool, expr_id id)
{
    const expr_node *node = expr_at(pool, id);

    if (node->kind == EXPR_LITERAL)
        return node->type.id == TYPE_BOOLEAN && (is_null_literal(pool, id) || !bitmap_get(node->literal->values, 0));
    if (node->kind != EXPR_COMPARE || node->op == COMPARE_DISTINCT || node->op == COMPARE_NOT_DISTINCT) return false;
    return is_null_literal(pool, expr_child(pool, id, 0)) || is_null_literal(pool, expr_child(pool, id, 1));
}

static bp_status rejects_nulls_of(plan *plan, expr_id conjunct, plan_id side, bool *out, bp_error *err)
{
    expr_id written;
    bp_status status = expr_rewrite(&written, &plan->exprs, conjunct, write_null, plan_at(plan, side), err);

    *out = false;
    if (status || (status = expr_fold(&written, &plan->exprs, written, err))) return status;
    *out = is_never_true(&plan->exprs, written);
    return BP_OK;
}

bp_status outer_join_narrow(plan *plan, plan_id id, expr_id conjunct, bp_error *err)
{
    join_kind kind = (join_kind)plan_at(plan, id)->join.kind;
    bool left_filled = kind == JOIN_RIGHT || kind == JOIN_FULL, right_filled = kind == JOIN_LEFT || kind == JOIN_FULL, rejects;
    bp_status status;

    if (!left_filled && !right_filled) return BP_OK;
    if (left_filled) {
        if ((status = rejects_nulls_of(plan, conjunct, plan_at(plan, id)->children[0], &rejects, err))) return status;
        left_filled = !rejects;
    }
    if (right_filled) {
        if ((status = rejects_nulls_of(plan, conjunct, plan_at(plan, id)->children[1], &rejects, err))) return status;
        right_filled = !rejects;
    }
    plan_at(plan, id)->join.kind = left_filled && right_filled ? JOIN_FULL
                                   : left_filled               ? JOIN_RIGHT
                                   : right_filled              ? JOIN_LEFT
                                                               : JOIN_INNER;
    return BP_OK;
}
