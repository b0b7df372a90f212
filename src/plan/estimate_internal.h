/* The parts of estimate.h. */
#ifndef PLAN_ESTIMATE_INTERNAL_H
#define PLAN_ESTIMATE_INTERNAL_H

#include "estimate.h"

/* The share of rows that pass the filters of a scan, from a look at some of them; *share stays as it is when no look is cheap enough. */
MUST_USE bp_status estimate_sample(plan *plan, plan_id id, double *share, bp_error *err);

#endif
