/* The parts of the pass JOINS. */
#ifndef PLAN_OPTIMIZE_JOINS_H
#define PLAN_OPTIMIZE_JOINS_H

#include "estimate.h"
#include "optimize.h"

#define BUILD_COST 2.0 /* of a row built, a row probed being 1 */
#define LEAST_GAIN 1000.0 /* what another order than the written one must save */

/* Whether a node is an inner or cross join whose place may change. */
bool joins_reorderable(const plan *plan, plan_id id);
/* Put the reorderable joins that begin at `root` in the cheapest order; nodes below have their estimates. */
MUST_USE bp_status joins_order(plan *plan, plan_id root, bp_error *err);
/* The tree `made` takes the place of `root`, with its columns in the order they had. */
MUST_USE bp_status joins_project_in_place(plan *plan, plan_id root, plan_id made, bp_error *err);

#endif
