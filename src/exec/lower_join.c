/* Lowering joins: the right side's pipeline ends in the rows that are built, the left side's gets the operator that probes them. */
#include "lower_internal.h"

/* What a side's pipeline puts out for the join: the keys, then its columns. */
static bp_status join_inputs(lowering *state, const plan_node *join, size_t side, expr_id **out, const schema **types,
                             bp_error *err)
{
    plan_id child = join->children[side];
    size_t keys = join->join.pair_count, count = plan_at(state->plan, child)->output_count;
    expr_id *inputs = arena_new_array(&state->plan->arena, expr_id, keys + count), *columns;
    schema *made;
    bp_status status;

    if (!inputs) return error_no_memory(err, state->context->memory, (keys + count) * sizeof *inputs);
    if ((status = output_exprs(state, child, &columns, err))) return status;
    for (size_t i = 0; i < keys; i++) inputs[i] = side ? join->join.pairs[i].right : join->join.pairs[i].left;
    if (count) memcpy(inputs + keys, columns, count * sizeof *inputs);
    if ((status = exprs_schema(state, inputs, keys + count, &made, err))) return status;
    *out = inputs;
    *types = made;
    return BP_OK;
}

static bp_status project_side(lowering *state, plan_id id, plan_id child, const expr_id *inputs, size_t count, bp_error *err)
{
    expr_id *mapped = NULL;
    bp_status status;

    place_only(state, child);
    if ((status = remap_all(state, &mapped, inputs, count, err))) return status;
    return project_mapped(state, id, state->open[child], mapped, count, plan_at(state->plan, child)->output_count, err);
}

static bp_status join_residual(lowering *state, const plan_node *node, expr_id *out, bp_error *err)
{
    *out = 0;
    if (node->join.residual_count == 0) return BP_OK;
    place_only(state, node->children[0]);
    place_outputs(state, node->children[1], plan_at(state->plan, node->children[0])->output_count);
    return conjunction(state, out, node->join.residual, node->join.residual_count, err);
}

/* RIGHT and FULL: the probed rows are kept, then come the build rows without a match. RIGHT SEMI and RIGHT ANTI: no row is put out by probing. */
static bp_status add_right_rows(lowering *state, plan_id id, sink *build, bp_error *err)
{
    pipeline_pair *pair = arena_new(&state->plan->arena, pipeline_pair);
    schema *types;
    sink *kept;
    bp_status status;

    if (!pair) return error_no_memory(err, state->context->memory, sizeof *pair);
    if ((status = outputs_schema(state, plan_at(state->plan, id), &types, err))) return status;
    if ((status = collect_new(&kept, state->context, types, 0, UINT64_MAX, -1, err))) return status;
    collect_allow_spill(kept);
    if ((status = end_pipeline(state, id, state->open[id], kept, err))) return status;
    if (!join_puts_left((join_kind)plan_at(state->plan, id)->join.kind))
        return open_pipeline(state, id, join_right_make_scan, build, err);
    pair->context = state->context;
    if ((status = open_pipeline(state, id, collect_make_scan, kept, err))) return status;
    pair->parts[0] = state->open[id];
    if ((status = open_pipeline(state, id, join_right_make_scan, build, err))) return status;
    pair->parts[1] = state->open[id];
    return open_pipeline(state, id, union_make_scan, pair, err);
}

static bp_status join_spec_of(lowering *state, const plan_node *node, join_spec *out, expr_id **left, expr_id **right,
                              bp_error *err)
{
    bool *null_safe = arena_new_array(&state->plan->arena, bool, node->join.pair_count);
    bp_status status;

    *out = (join_spec){.kind = node->join.kind == JOIN_CROSS ? JOIN_INNER : (join_kind)node->join.kind,
                       .key_count = node->join.pair_count,
                       .null_safe = null_safe,
                       .pool = &state->plan->exprs};
    if (!null_safe) return error_no_memory(err, state->context->memory, node->join.pair_count);
    for (size_t i = 0; i < node->join.pair_count; i++) null_safe[i] = node->join.pairs[i].null_safe;
    if ((status = join_inputs(state, node, 0, left, &out->left, err)) ||
        (status = join_inputs(state, node, 1, right, &out->right, err)))
        return status;
    return join_residual(state, node, &out->residual, err);
}

/* The right side's pipeline ends in the table that the left side probes; of a step's join whose right side stays the same, only in the first round. */
static bp_status build_right(lowering *state, plan_id id, join_spec *spec, const expr_id *inputs, sink **build, bp_error *err)
{
    plan_id child = plan_at(state->plan, id)->children[1];
    built_join *built = state->built && state->built[id].wanted ? &state->built[id] : NULL;
    lowered *round = state->out;
    pipeline *left = state->open[id];
    bp_status status;

    if (built && built->build) {
        *build = built->build;
        spec->right = built->right;
        return BP_OK;
    }
    if ((status = project_side(state, id, child, inputs, spec->right->count, err))) return status;
    if ((status = join_build_new(build, state->context, spec, err))) return status;
    join_build_allow_spill(*build);
    if (built) state->out = state->fixed;
    status = end_pipeline(state, id, state->open[id], *build, err);
    state->out = round;
    state->open[id] = left;
    if (built) *built = (built_join){true, *build, spec->right};
    return status;
}

bp_status lower_build(lowering *state, plan_id id, bp_error *err)
{
    join_spec spec;
    expr_id *left, *right;
    bp_status status = join_spec_of(state, plan_at(state->plan, id), &spec, &left, &right, err);

    return status ? status : build_right(state, id, &spec, right, &state->builds[id], err);
}

bp_status lower_join(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    join_spec spec;
    expr_id *left, *right;
    operator *probe;
    sink *build = state->builds[id];
    bp_status status;

    state->builds[id] = NULL; /* scans on the left know it by now; a step's next round makes another */
    if ((status = join_spec_of(state, node, &spec, &left, &right, err))) return status;
    if ((status = project_side(state, id, node->children[0], left, spec.left->count, err))) return status;
    if (!build && (status = build_right(state, id, &spec, right, &build, err))) return status;
    if ((status = join_probe_new(&probe, state->context, &spec, build, err))) return status;
    if ((status = add_operator(state, id, state->open[id], probe, err))) return status;
    return join_puts_right_at_end(spec.kind) ? add_right_rows(state, id, build, err) : BP_OK;
}
