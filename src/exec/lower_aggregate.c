/* Lowering AGGREGATE and DISTINCT. */
#include "lower_internal.h"

#define SHARING_AGGREGATES 64 /* before one: a query may have 10,000 */

static bool same_children(const expr_pool *pool, expr_id left, expr_id right)
{
    size_t count = expr_at(pool, left)->child_count;

    if (count == 0 || expr_at(pool, right)->child_count != count) return false;
    for (size_t i = 0; i < count; i++)
        if (!expr_equal(pool, expr_child(pool, left, i), expr_child(pool, right, i))) return false;
    return true;
}

/* Where the columns of an aggregate begin: at `end` of all so far, or where those of one before it with the same children do. (Setting rows aside copies them.) */
static size_t first_column(const expr_pool *pool, const expr_id *aggregates, const aggregate_spec *specs, size_t index, size_t end)
{
    for (size_t i = index; i > 0 && index - i < SHARING_AGGREGATES; i--)
        if (same_children(pool, aggregates[i - 1], aggregates[index])) return specs[i - 1].first;
    return end;
}

/* Aggregate over mapped group expressions and aggregates of the child's pipeline. */
bp_status aggregate_over(lowering *state, plan_id id, plan_id child, const expr_id *groups, size_t group_count,
                                const expr_id *aggregates, size_t aggregate_count, bp_error *err)
{
    const expr_pool *pool = &state->plan->exprs;
    size_t total = group_count, at = group_count;
    aggregate_spec *specs = arena_new_array(&state->plan->arena, aggregate_spec, aggregate_count);
    expr_id *inputs, *mapped = NULL;
    schema *input;
    sink *sink;
    bp_status status;

    for (size_t i = 0; i < aggregate_count; i++) total += expr_at(pool, aggregates[i])->child_count;
    inputs = arena_new_array(&state->plan->arena, expr_id, total);
    if (!specs || !inputs) return error_no_memory(err, state->context->memory, total * sizeof *inputs);
    if (group_count) memcpy(inputs, groups, group_count * sizeof *inputs);
    for (size_t i = 0; i < aggregate_count; i++) {
        const expr_node *node = expr_at(pool, aggregates[i]);
        size_t first = first_column(pool, aggregates, specs, i, at);
        specs[i] = (aggregate_spec){.call = node->aggregate, .result = node->type, .first = (uint32_t)first};
        if (first < at) continue;
        for (size_t j = 0; j < node->child_count; j++) inputs[at++] = expr_child(pool, aggregates[i], j);
    }
    total = at;
    place_only(state, child);
    if ((status = exprs_schema(state, inputs, total, &input, err))) return status;
    if ((status = remap_all(state, &mapped, inputs, total, err))) return status;
    if ((status = project_mapped(state, id, state->open[child], mapped, total, plan_at(state->plan, child)->output_count, err)))
        return status;
    if ((status = aggregate_new(&sink, state->context, input, group_count, specs, aggregate_count, err))) return status;
    if ((status = end_pipeline(state, id, state->open[id], sink, err))) return status;
    return open_pipeline(state, id, aggregate_make_scan, sink, err);
}

bp_status lower_aggregate(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);

    return aggregate_over(state, id, node->children[0], node->aggregate.groups, node->aggregate.group_count,
                          node->aggregate.aggregates, node->aggregate.aggregate_count, err);
}

/* DISTINCT: a group a row. DISTINCT ON: the first of every other column, over rows already sorted by the keys. */
bp_status lower_distinct(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    plan_id child = node->children[0];
    size_t count = node->output_count, on_count = node->distinct.on_count;
    expr_id *columns, *firsts, *mapped = NULL;
    bp_status status;

    if ((status = output_exprs(state, child, &columns, err))) return status;
    if (on_count == 0) return aggregate_over(state, id, child, columns, count, NULL, 0, err);
    firsts = arena_new_array(&state->plan->arena, expr_id, count);
    mapped = arena_new_array(&state->plan->arena, expr_id, count);
    if (!firsts || !mapped) return error_no_memory(err, state->context->memory, count * sizeof *firsts);
    for (size_t i = 0; i < count && !status; i++)
        status = expr_aggregate(&firsts[i], &state->plan->exprs, STRING_VIEW("first"), &columns[i], 1, false, 0, NULL, 0, err);
    if (!status) status = aggregate_over(state, id, child, node->distinct.on, on_count, firsts, count, err);
    for (size_t i = 0; i < count && !status; i++)
        status =
            expr_column(&mapped[i], &state->plan->exprs, (uint32_t)(on_count + i), expr_type(&state->plan->exprs, columns[i]), err);
    return status ? status : project_mapped(state, id, state->open[id], mapped, count, on_count + count, err);
}
