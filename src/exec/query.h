/* Running a plan: lower it to pipelines, run those that others need, and stream the last one's batches. */
#ifndef EXEC_QUERY_H
#define EXEC_QUERY_H

#include "column/arrow.h"
#include "column/table.h"
#include "plan/plan.h"

typedef struct query query;

/* Lower the (optimised) plan. The plan must outlive the query. Nothing runs yet. profile: count rows and time for EXPLAIN ANALYZE. */
MUST_USE bp_status query_new(query **out, plan *plan, bool profile, bp_error *err);
void query_free(query *query);

/* Run what must run before the first row: all pipelines but the last. query_next() does it if it has not been done. */
MUST_USE bp_status query_start(query *query, bp_error *err);
/* Whether rows of this source reach the user while the source is still being read. */
bool query_streams_source(const query *query, const source *source);

/* Before the first batch is taken: all will be, by someone whom large batches suit and who does not look at cancel between them. Those of a plain scan, with
 * filters and projections of numbers, are then as large as a table's chunks. */
MUST_USE bp_status query_widen(query *query, bp_error *err);
/* The next batch of the result in row order; row_count 0: the end. Valid until the next call. */
MUST_USE bp_status query_next(query *query, batch *out, bp_error *err);
/* The same as an Arrow array of the result's rows; without a release function: the end. When no batch has been taken before, a plain scan gives them as
 * large as a table's chunks and the pool's threads make them; from then on no batch can be taken. (Small batches are for who works row by row and looks at
 * cancel between them.) */
MUST_USE bp_status query_next_array(query *query, struct ArrowArray *out, bp_error *err);

/* Run to the end into a new table with the plan's result schema. */
MUST_USE bp_status query_collect(query *query, table **out, bp_error *err);

/* After the end: what the operator lowered from a plan node did (plan_figures). */
void query_profile_at(const query *query, plan_id node, plan_figure *out);

#endif
