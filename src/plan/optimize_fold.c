/* FOLD: every expression is folded; a FILTER loses conjuncts that are true. */
#include "optimize.h"

static bp_status fold_all(plan *plan, expr_id *exprs, size_t count, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < count && !status; i++) status = expr_fold(&exprs[i], &plan->exprs, exprs[i], err);
    return status;
}

static bool is_true(const plan *plan, expr_id expr)
{
    const expr_node *node = expr_at(&plan->exprs, expr);

    return node->kind == EXPR_LITERAL && node->type.id == TYPE_BOOLEAN && !column_is_null(node->literal, 0) &&
           bitmap_get(node->literal->values, 0);
}

static bp_status fold_filter(plan *plan, plan_node *node, bp_error *err)
{
    size_t kept = 0;
    bp_status status = fold_all(plan, node->filter.conjuncts, node->filter.conjunct_count, err);

    for (size_t i = 0; i < node->filter.conjunct_count && !status; i++)
        if (!is_true(plan, node->filter.conjuncts[i])) node->filter.conjuncts[kept++] = node->filter.conjuncts[i];
    if (!status) node->filter.conjunct_count = kept;
    return status;
}

static bp_status fold_keys(plan *plan, sort_key *keys, size_t count, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < count && !status; i++) status = expr_fold(&keys[i].expr, &plan->exprs, keys[i].expr, err);
    return status;
}

bp_status optimize_fold(plan *plan, bp_error *err)
{
    plan_id *order;
    size_t count;
    bp_status status = plan_post_order(plan, &order, &count, err);

    for (size_t i = 0; i < count && !status; i++) {
        plan_node *node = plan_at(plan, order[i]);
        switch ((plan_kind)node->kind) {
        case PLAN_FILTER: status = fold_filter(plan, node, err); break;
        case PLAN_PROJECT: status = fold_all(plan, node->project.exprs, node->output_count, err); break;
        case PLAN_AGGREGATE: status = fold_all(plan, node->aggregate.groups, node->aggregate.group_count, err); break;
        case PLAN_JOIN: status = fold_all(plan, node->join.residual, node->join.residual_count, err); break;
        case PLAN_UNNEST: status = fold_all(plan, node->unnest.lists, node->unnest.list_count, err); break;
        case PLAN_SORT: status = fold_keys(plan, node->sort.keys, node->sort.key_count, err); break;
        default: break;
        }
    }
    return status;
}
