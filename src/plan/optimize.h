/* Optimizer passes: each takes a right plan and leaves a right one with the same result. One pass a file. */
#ifndef PLAN_OPTIMIZE_H
#define PLAN_OPTIMIZE_H

#include "plan.h"

/* Constants are computed, conditions that are always true go. */
MUST_USE bp_status optimize_fold(plan *plan, bp_error *err);
/* What every branch of an OR says comes out of it. */
MUST_USE bp_status optimize_branches(plan *plan, bp_error *err);
/* Conditions move towards the scans: through projections, sorts, unions, aggregations (on groups) and to the sides of joins. */
MUST_USE bp_status optimize_filters(plan *plan, bp_error *err);
/* An outer join whose rows without a partner do not pass `conjunct`, which stands above it, keeps none (a part of the filters' pass). */
MUST_USE bp_status outer_join_narrow(plan *plan, plan_id id, expr_id conjunct, bp_error *err);
/* Aggregates of whole files that their statistics answer become constants. */
MUST_USE bp_status optimize_metadata(plan *plan, bp_error *err);
/* Semi joins sink, inner joins come in the cheapest order, the smaller side is built. */
MUST_USE bp_status optimize_joins(plan *plan, bp_error *err);
/* Columns that nothing above uses are not read, not computed, not carried. */
MUST_USE bp_status optimize_columns(plan *plan, bp_error *err);
/* DISTINCT aggregates over one argument: groups with it first, then aggregates of what is left. */
MUST_USE bp_status optimize_distinct(plan *plan, bp_error *err);
/* LIMIT over SORT becomes one node. */
MUST_USE bp_status optimize_top_n(plan *plan, bp_error *err);
/* Scans learn which joins above drop the rows whose key has no partner. The last pass: it notes node numbers. */
MUST_USE bp_status optimize_join_filters(plan *plan, bp_error *err);

#endif
