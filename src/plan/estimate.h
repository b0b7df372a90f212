/* How many rows a node puts out, about: for the order of joins and the side that is built.
 *
 * Scans whose source can be looked at cheaply are sampled: their filters run on rows spread over the table, so the answer depends on the data alone. Everything else is
 * guessed from fixed shares. Equality of columns keeps one in as many pairs as the smaller side has values, taken to be its rows before filters (keys
 * are joined with foreign keys). */
#ifndef PLAN_ESTIMATE_H
#define PLAN_ESTIMATE_H

#include "plan.h"

#define ESTIMATE_CONDITION 0.3 /* the share of rows that a condition keeps of which nothing is known */

/* row_estimate of every node below the root and of it, from the leaves up. */
MUST_USE bp_status plan_estimate(plan *plan, bp_error *err);
/* The same of one node whose children have theirs. */
MUST_USE bp_status plan_estimate_node(plan *plan, plan_id id, bp_error *err);
/* Rows of the leaf that a node's rows come from, before any filter; the node's own when it is not one leaf's. */
double plan_base_rows(const plan *plan, plan_id id);

/* The numbers between which all values of an expression are, as far as it is a column with statistics of whole numbers or dates. */
typedef struct value_range {
    double low, high;
    bool known;
} value_range;
MUST_USE bp_status estimate_range(plan *plan, plan_id id, expr_id expr, value_range *out, bp_error *err);

#endif
