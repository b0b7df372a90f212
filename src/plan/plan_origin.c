/* Where columns come from: through the nodes that pass them on, under other names too. */
#include "plan.h"

/* Below a PROJECT or AGGREGATE: the column that output `at` is; false: it is computed. */
static bool column_below(const plan *plan, const plan_node *node, size_t at, column_id *out)
{
    const expr_node *expr;

    if (node->kind == PLAN_AGGREGATE && at >= node->aggregate.group_count) return false;
    expr = expr_at(&plan->exprs, node->kind == PLAN_PROJECT ? node->project.exprs[at] : node->aggregate.groups[at]);
    if (expr->kind != EXPR_COLUMN) return false;
    *out = expr->column;
    return true;
}

plan_id plan_origin(const plan *plan, plan_id id, column_id *column)
{
    for (;;) {
        const plan_node *node = plan_at(plan, id);
        size_t at = plan_find_output(plan, id, *column);
        if (at == SIZE_MAX) return 0;
        switch ((plan_kind)node->kind) {
        case PLAN_FILTER:
        case PLAN_SORT:
        case PLAN_LIMIT:
        case PLAN_DISTINCT:
        case PLAN_KEEP: id = node->children[0]; break;
        case PLAN_READ:
            *column = node->read.columns[at];
            id = node->children[0];
            break;
        case PLAN_PROJECT:
        case PLAN_AGGREGATE:
            if (!column_below(plan, node, at, column)) return id;
            id = node->children[0];
            break;
        case PLAN_JOIN:
        case PLAN_WINDOW: {
            size_t side = plan_find_output(plan, node->children[0], *column) == SIZE_MAX;
            if (side && (node->kind == PLAN_WINDOW || plan_find_output(plan, node->children[1], *column) == SIZE_MAX)) return id;
            id = node->children[side];
            break;
        }
        default: return id;
        }
    }
}
