/* Lowering UNION, INTERSECT and EXCEPT. */
#include "lower_internal.h"

#define UNION_DEPTH 32 /* scans that call scans: more would need a deep C stack */

static size_t union_depth(const pipeline *part)
{
    return part->make_scan == union_make_scan ? ((const pipeline_pair *)part->make_scan_data)->depth : 0;
}

/* A chain of UNION ALL nests to the left, as deep as it is long: now and then its rows are kept, and a scan of them goes on. */
static bp_status end_deep_union(lowering *state, plan_id id, bp_error *err)
{
    schema *types;
    sink *kept;
    bp_status status;

    if (union_depth(state->open[id]) < UNION_DEPTH) return BP_OK;
    if ((status = outputs_schema(state, plan_at(state->plan, id), &types, err))) return status;
    if ((status = collect_new(&kept, state->context, types, 0, UINT64_MAX, -1, err))) return status;
    collect_allow_spill(kept);
    if ((status = end_pipeline(state, id, state->open[id], kept, err))) return status;
    return open_pipeline(state, id, collect_make_scan, kept, err);
}

bp_status lower_union(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    pipeline_pair *pair = arena_new(&state->plan->arena, pipeline_pair);
    expr_id *columns;
    bp_status status;

    if (!pair) return error_no_memory(err, state->context->memory, sizeof *pair);
    pair->context = state->context;
    for (size_t i = 0; i < 2; i++) {
        if ((status = end_deep_union(state, node->children[i], err))) return status;
        pair->parts[i] = state->open[node->children[i]];
        if (union_depth(pair->parts[i]) >= pair->depth) pair->depth = union_depth(pair->parts[i]) + 1;
    }
    if ((status = open_pipeline(state, id, union_make_scan, pair, err)) || node->set.all) return status;
    if ((status = output_exprs(state, id, &columns, err))) return status;
    return aggregate_over(state, id, id, columns, node->output_count, NULL, 0, err);
}

/* A side of a counted set: its columns, then `true` in the first or second of two columns that are NULL otherwise. */
static bp_status counted_side(lowering *state, plan_id id, plan_id child, size_t mark, bp_error *err)
{
    size_t count = plan_at(state->plan, child)->output_count;
    expr_id *columns, *inputs = arena_new_array(&state->plan->arena, expr_id, count + 2), *mapped = NULL;
    bp_status status;

    if (!inputs) return error_no_memory(err, state->context->memory, count * sizeof *inputs);
    if ((status = output_exprs(state, child, &columns, err))) return status;
    if (count) memcpy(inputs, columns, count * sizeof *inputs);
    if ((status = expr_bool(&inputs[count + mark], &state->plan->exprs, true, err))) return status;
    if ((status = expr_null(&inputs[count + 1 - mark], &state->plan->exprs, type_of(TYPE_BOOLEAN), err))) return status;
    place_only(state, child);
    if ((status = remap_all(state, &mapped, inputs, count + 2, err))) return status;
    return project_mapped(state, id, state->open[child], mapped, count + 2, count, err);
}

/* INTERSECT and EXCEPT count how often a row is on the left and on the right; set_rows then puts it out as often as it should be. */
bp_status lower_counted_set(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    size_t count = node->output_count;
    pipeline_pair *pair = arena_new(&state->plan->arena, pipeline_pair);
    expr_id *inputs = arena_new_array(&state->plan->arena, expr_id, count + 2), counts[2];
    aggregate_spec *specs = arena_new_array(&state->plan->arena, aggregate_spec, 2);
    schema *types;
    operator *rows;
    sink *sink;
    bp_status status = BP_OK;

    if (!pair || !inputs || !specs) return error_no_memory(err, state->context->memory, count * sizeof *inputs);
    pair->context = state->context;
    for (size_t side = 0; side < 2; side++) {
        if ((status = counted_side(state, id, node->children[side], side, err))) return status;
        pair->parts[side] = state->open[id];
    }
    for (size_t i = 0; i < count + 2 && !status; i++)
        status = expr_column(&inputs[i], &state->plan->exprs, (uint32_t)i,
                             i < count ? state->plan->columns[node->outputs[i]].type : type_of(TYPE_BOOLEAN), err);
    for (size_t i = 0; i < 2 && !status; i++) {
        status =
            expr_aggregate(&counts[i], &state->plan->exprs, STRING_VIEW("count"), &inputs[count + i], 1, false, 0, NULL, 0, err);
        if (!status)
            specs[i] = (aggregate_spec){.call = expr_at(&state->plan->exprs, counts[i])->aggregate,
                                        .result = expr_type(&state->plan->exprs, counts[i]),
                                        .first = (uint32_t)(count + i)};
    }
    if (status || (status = exprs_schema(state, inputs, count + 2, &types, err))) return status;
    if ((status = open_pipeline(state, id, union_make_scan, pair, err))) return status;
    if ((status = aggregate_new(&sink, state->context, types, count, specs, 2, err))) return status;
    if ((status = end_pipeline(state, id, state->open[id], sink, err))) return status;
    if ((status = open_pipeline(state, id, aggregate_make_scan, sink, err))) return status;
    if ((status = set_rows_new(&rows, state->context, (set_kind)node->set.kind, node->set.all, err))) return status;
    return add_operator(state, id, state->open[id], rows, err);
}
