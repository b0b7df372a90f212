/* Lowering, shared by lower.c (most nodes), lower_join.c, lower_sets.c and lower_step.c (steps of recursions). */
#ifndef EXEC_LOWER_INTERNAL_H
#define EXEC_LOWER_INTERNAL_H

#include "exec.h"
#include "lower.h"

/* A join's right side that is built once for all rounds. */
typedef struct built_join {
    bool wanted;
    sink *build; /* NULL: not yet */
    const schema *right;
} built_join;

typedef struct lowering {
    lowered *out;
    plan *plan;
    bp_context *context;
    pipeline **open; /* one a node */
    sink **kept; /* of KEEP nodes */
    sink **builds; /* a node: the right side of a join whose left side is being lowered */
    uint32_t *positions; /* column id -> position; UINT32_MAX: not there */
    kept_table *working; /* in a recursion's step: the rows of the last round */
    uint32_t working_number;
    built_join *built; /* in a step: of JOIN nodes whose right side is the same in each round; one a node */
    lowered *fixed; /* in a step: pipelines that run once */
} lowering;

MUST_USE bp_status lowering_init(lowering *state, lowered *out, plan *plan, bp_error *err);
/* A new open pipeline for `node`; it is in `streams` until a sink is put on it. */
MUST_USE bp_status open_pipeline(lowering *state, plan_id node, scan_maker maker, void *data, bp_error *err);
/* End the pipeline with a sink (moved in): it runs after all that were ended before. */
MUST_USE bp_status end_pipeline(lowering *state, plan_id node, pipeline *pipeline, sink *sink, bp_error *err);
/* The operator (moved in) goes on the pipeline, which is then the node's open one. */
MUST_USE bp_status add_operator(lowering *state, plan_id node, pipeline *pipeline, operator* operator, bp_error * err);

/* state->positions: the node's outputs from `first` on, beside others; or those alone, from 0. */
void place_outputs(lowering *state, plan_id node, size_t first);
void place_only(lowering *state, plan_id node);
/* A copy of `exprs` in the plan's arena with positions for ids; likewise their conjunction. */
MUST_USE bp_status remap_all(lowering *state, expr_id **out, const expr_id *exprs, size_t count, bp_error *err);
MUST_USE bp_status conjunction(lowering *state, expr_id *out, const expr_id *conjuncts, size_t count, bp_error *err);
/* Put a projection of mapped expressions on the pipeline, unless it would change nothing. */
MUST_USE bp_status project_mapped(lowering *state, plan_id node, pipeline *pipeline, expr_id *mapped, size_t count,
                                  size_t input_count, bp_error *err);
/* Columns of a node as expressions. */
MUST_USE bp_status output_exprs(lowering *state, plan_id id, expr_id **out, bp_error *err);
/* The schema of `count` mapped or unmapped expressions; of a node's outputs. */
MUST_USE bp_status exprs_schema(lowering *state, const expr_id *exprs, size_t count, schema **out, bp_error *err);
MUST_USE bp_status outputs_schema(lowering *state, const plan_node *node, schema **out, bp_error *err);

/* Aggregate over group expressions and aggregates of the child's columns. */
MUST_USE bp_status aggregate_over(lowering *state, plan_id id, plan_id child, const expr_id *groups, size_t group_count,
                                  const expr_id *aggregates, size_t aggregate_count, bp_error *err);
MUST_USE bp_status lower_node(lowering *state, plan_id id, bp_error *err);
/* A join's right side, before its left side is lowered; then the join. */
MUST_USE bp_status lower_build(lowering *state, plan_id id, bp_error *err);
MUST_USE bp_status lower_join(lowering *state, plan_id id, bp_error *err);
MUST_USE bp_status lower_union(lowering *state, plan_id id, bp_error *err);
MUST_USE bp_status lower_counted_set(lowering *state, plan_id id, bp_error *err);
bp_status make_table_scan(void *data, scan **out, bp_error *err); /* of a kept_table */

/* Which of the nodes below `root`, in post-order, are lowered with it: not those of a recursion's step, but for what the step keeps (KEEP) that is the same in each round.
 * kept: what has been lowered already, with all below it; may be NULL. */
MUST_USE bp_status nodes_to_lower(bool **out, plan *plan, const plan_id *order, size_t count, plan_id root, sink *const *kept,
                                  bp_error *err);
/* varies[node]: its rows depend on those of the last round of the recursion `number`. */
MUST_USE bp_status nodes_that_vary(bool **out, plan *plan, const plan_id *order, size_t count, uint32_t number, bp_error *err);
MUST_USE bp_status lower_recursive(lowering *state, plan_id id, bp_error *err);

#endif
