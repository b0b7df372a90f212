/* DISTINCT aggregates as two aggregations: when all aggregates of a node are DISTINCT over one argument, or do not mind repetitions of it (min), the rows are first grouped by the groups and the argument,
 * and what is left is aggregated without DISTINCT. Both run on all threads, as any grouping does. Groups of the first come in the order of their first rows, so
 * aggregates that mind the order, and the order of the result, are as before. */
#include "dependent.h"
#include "optimize.h"

/* The argument that all aggregates of the node have; 0: they are of another shape. */
static expr_id common_argument(const plan *plan, const plan_node *node)
{
    expr_id common = 0;
    bool any_distinct = false;

    for (size_t i = 0; i < node->aggregate.aggregate_count; i++) {
        const expr_node *expr = expr_at(&plan->exprs, node->aggregate.aggregates[i]);
        const aggregate_call *call = expr->aggregate;
        expr_id argument;
        if ((!call->distinct && call->function->distinct_matters) || call->argument_count != 1 || call->has_filter ||
            call->order_count || call->bind_data)
            return 0;
        argument = expr_child(&plan->exprs, node->aggregate.aggregates[i], 0);
        if (expr_at(&plan->exprs, argument)->is_volatile || (common && !expr_equal(&plan->exprs, common, argument))) return 0;
        common = argument;
        any_distinct = any_distinct || call->distinct;
    }
    return any_distinct ? common : 0;
}

static bp_status group_first(plan *plan, plan_id id, expr_id argument, bp_error *err)
{
    plan_node node = *plan_at(plan, id);
    size_t count = node.aggregate.group_count, calls = node.aggregate.aggregate_count;
    expr_id *groups = arena_new_array(&plan->arena, expr_id, count + 1),
            *aggregates = arena_new_array(&plan->arena, expr_id, calls);
    expr_id value;
    bp_status status;

    if (!groups || !aggregates) return error_no_memory(err, plan->context->memory, (count + 1 + calls) * sizeof *groups);
    if (count) memcpy(groups, node.aggregate.groups, count * sizeof *groups);
    groups[count] = argument;
    if ((status = plan_aggregate(&node.children[0], plan, node.children[0], groups, count + 1, NULL, 0, err))) return status;
    for (size_t i = 0; i < count; i++)
        if ((status = column_of(&groups[i], plan, plan_at(plan, node.children[0])->outputs[i], err))) return status;
    if ((status = column_of(&value, plan, plan_at(plan, node.children[0])->outputs[count], err))) return status;
    for (size_t i = 0; i < calls; i++) {
        string_view name = string_view_of(expr_at(&plan->exprs, node.aggregate.aggregates[i])->aggregate->function->name);
        if ((status = expr_aggregate(&aggregates[i], &plan->exprs, name, &value, 1, false, 0, NULL, 0, err))) return status;
    }
    node.aggregate.groups = groups;
    node.aggregate.aggregates = aggregates;
    *plan_at(plan, id) = node;
    return BP_OK;
}

bp_status optimize_distinct(plan *plan, bp_error *err)
{
    plan_id *order;
    size_t count;
    bp_status status = plan_post_order(plan, &order, &count, err);

    for (size_t i = 0; i < count && !status; i++) {
        const plan_node *node = plan_at(plan, order[i]);
        expr_id argument = node->kind == PLAN_AGGREGATE ? common_argument(plan, node) : 0;
        if (argument) status = group_first(plan, order[i], argument, err);
    }
    return status;
}
