/* See estimate.h. */
#include "estimate.h"

#include <math.h>

#include "estimate_internal.h"

#define UNKNOWN_ROWS 1000.0
#define ROUNDS 10
#define WORKING_ROWS 1e9 /* few, but another set each round: what they are joined with is to be built, once, and they to probe it */

/* Shares ---------------------------------------------------------------------------------------------------------------------------- */
static double share_of(const plan *plan, expr_id conjunct)
{
    const expr_node *node = expr_at(&plan->exprs, conjunct);

    if (node->kind == EXPR_COMPARE && (node->op == COMPARE_EQUAL || node->op == COMPARE_NOT_DISTINCT)) return 0.1;
    if (node->kind == EXPR_IN && node->op == 0) return fmin(0.1 * node->child_count, 0.5);
    if (node->kind == EXPR_IS_NULL) return node->op ? 0.9 : 0.1;
    if (node->kind == EXPR_NOT || node->kind == EXPR_OR || (node->kind == EXPR_COMPARE && node->op == COMPARE_NOT_EQUAL))
        return 0.6;
    return ESTIMATE_CONDITION;
}

static double shares_of(const plan *plan, const expr_id *conjuncts, size_t count)
{
    double share = 1;

    for (size_t i = 0; i < count; i++) share *= share_of(plan, conjuncts[i]);
    return share;
}

/* Nodes ----------------------------------------------------------------------------------------------------------------------------- */
double plan_base_rows(const plan *plan, plan_id id)
{
    for (;;) {
        const plan_node *node = plan_at(plan, id);
        bool passes = node->kind == PLAN_FILTER || node->kind == PLAN_PROJECT || node->kind == PLAN_SORT ||
                      node->kind == PLAN_KEEP || node->kind == PLAN_READ ||
                      (node->kind == PLAN_JOIN && !join_puts_right((join_kind)node->join.kind));
        if (node->kind == PLAN_SCAN) return fmax((double)node->scan.source->row_count, 1);
        if (!passes) return fmax(node->row_estimate, 1);
        id = node->children[0];
    }
}

static double rows_of(const plan *plan, plan_id id)
{
    double rows = plan_at(plan, id)->row_estimate;

    return rows < 0 ? UNKNOWN_ROWS : rows;
}

static double join_rows(const plan *plan, const plan_node *node)
{
    double left = rows_of(plan, node->children[0]), right = rows_of(plan, node->children[1]), both;
    double left_base = plan_base_rows(plan, node->children[0]), right_base = plan_base_rows(plan, node->children[1]);
    double residual = shares_of(plan, node->join.residual, node->join.residual_count);
    double matched = fmin(1, right / fmax(fmin(left_base, right_base), 1)) * residual; /* of the left rows */

    both = left * right * residual;
    if (node->join.pair_count) both /= fmax(fmin(left_base, right_base), 1);
    switch ((join_kind)node->join.kind) {
    case JOIN_INNER:
    case JOIN_CROSS: return both;
    case JOIN_LEFT: return fmax(both, left);
    case JOIN_RIGHT: return fmax(both, right);
    case JOIN_FULL: return fmax(both, left + right);
    case JOIN_SEMI: return left * matched;
    case JOIN_ANTI: return left * fmax(1 - matched, 0.1);
    case JOIN_RIGHT_SEMI:
    case JOIN_RIGHT_ANTI: return right;
    case JOIN_MARK:
    case JOIN_EXISTS:
    case JOIN_SINGLE: return left;
    }
    return left;
}

/* Groups of so many rows: their 3/4th power, with more keys their 7/8th. Square roots are the same on every processor. */
static double group_rows(double rows, size_t keys)
{
    double power = sqrt(rows * sqrt(rows));

    return keys == 0 ? 1 : keys == 1 ? power : sqrt(rows * power);
}

bp_status plan_estimate_node(plan *plan, plan_id id, bp_error *err)
{
    plan_node *node = plan_at(plan, id);
    double below = node->children[0] ? rows_of(plan, node->children[0]) : 1, rows = below, share = 1;
    bp_status status = BP_OK;

    switch ((plan_kind)node->kind) {
    case PLAN_SCAN:
        if (node->sampled) return BP_OK;
        share = shares_of(plan, node->scan.filters, node->scan.filter_count);
        if (node->scan.filter_count) status = estimate_sample(plan, id, &share, err);
        node = plan_at(plan, id);
        rows = (double)node->scan.source->row_count * share;
        break;
    case PLAN_VALUES: rows = (double)node->values.row_count; break;
    case PLAN_FILTER: rows = below * shares_of(plan, node->filter.conjuncts, node->filter.conjunct_count); break;
    case PLAN_AGGREGATE: rows = group_rows(below, node->aggregate.group_count); break;
    case PLAN_DISTINCT: rows = group_rows(below, node->distinct.on_count ? node->distinct.on_count : node->output_count); break;
    case PLAN_JOIN: rows = join_rows(plan, node); break;
    case PLAN_LIMIT:
        if (node->limit.percent < 0) rows = fmin(below, (double)node->limit.limit);
        break;
    case PLAN_SET:
        if (node->set.kind == PLAN_UNION) rows = below + rows_of(plan, node->children[1]);
        break;
    case PLAN_UNNEST: rows = below * 4; break;
    case PLAN_RECURSIVE: rows = below * ROUNDS; break;
    case PLAN_WORKING: rows = WORKING_ROWS; break;
    default: break;
    }
    node->row_estimate = fmax(rows, 1);
    return status;
}

bp_status plan_estimate(plan *plan, bp_error *err)
{
    plan_id *order;
    size_t count;
    bp_status status = plan_post_order(plan, &order, &count, err);

    for (size_t i = 0; i < count && !status; i++) status = plan_estimate_node(plan, order[i], err);
    return status;
}
