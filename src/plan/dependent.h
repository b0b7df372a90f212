/* Joins whose right side sees the left row, shared by dependent_join.c, dependent_hoist.c and dependent_domain.c. */
#ifndef PLAN_DEPENDENT_H
#define PLAN_DEPENDENT_H

#include "plan.h"

typedef struct dependence {
    plan *plan;
    join_kind kind;
    plan_id left, right;
    const expr_id *conjuncts; /* of the join */
    size_t conjunct_count;
    column_id mark;
    uint64_t *outer; /* a bit a column that there was at the beginning: the left side puts it out */
    size_t outer_count; /* bits */
    plan_id *order; /* the right side's nodes, children before parents */
    size_t count;
    column_id *columns; /* of the left side that the right side names */
    size_t column_count;
} dependence;

/* Which columns an expression names. */
typedef struct expr_sides {
    bool outer, own; /* of the left side; others */
} expr_sides;

bool is_outer_column(const dependence *join, column_id id);
MUST_USE bp_status sides_of_expr(expr_sides *out, const dependence *join, expr_id expr, bp_error *err);
/* Whether the node itself, not what is below it, names columns of the left side. */
MUST_USE bp_status node_names_outer(bool *out, const dependence *join, plan_id id, bp_error *err);

/* Columns that stand for expressions. */
typedef struct replacement {
    const column_id *from;
    const expr_id *to;
    size_t count;
} replacement;
MUST_USE bp_status replace_columns(expr_id *expr, plan *plan, const replacement *replacement, bp_error *err);

MUST_USE bp_status column_of(expr_id *out, plan *plan, column_id id, bp_error *err);
MUST_USE bp_status exprs_of_outputs(expr_id **out, plan *plan, plan_id id, size_t room, bp_error *err);
/* Join, with the mark the dependence asks for. */
MUST_USE bp_status join_now(plan_id *out, const dependence *join, join_kind kind, plan_id left, plan_id right,
                            const expr_id *conjuncts, size_t count, bp_error *err);
/* The child's rows of each combination of `keys` as LIMIT would give them. */
MUST_USE bp_status limit_within(plan_id *out, plan *plan, plan_id child, const plan_node *limit, const expr_id *keys, size_t count,
                                bp_error *err);
/* What an aggregate is over no rows. */
MUST_USE bp_status aggregate_of_nothing(expr_id *out, plan *plan, expr_id aggregate, bp_error *err);

/* By moving conditions; *done false: that does not suffice. */
MUST_USE bp_status dependent_hoist(plan_id *out, dependence *join, bool *done, bp_error *err);
/* By the set of values that the right side can see. */
MUST_USE bp_status dependent_domain(plan_id *out, dependence *join, bp_error *err);

#endif
