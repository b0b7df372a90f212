/* The verifier: run after every optimizer pass in test builds, so that a pass that breaks a plan is found where it did. */
#include "plan.h"

typedef struct verification {
    plan *plan;
    uint64_t *visible; /* ids that the present node's expressions may use */
    const char *fault;
} verification;

static bool check_column(void *data, const expr_pool *pool, expr_id id)
{
    verification *state = data;
    const expr_node *node = expr_at(pool, id);

    if (node->kind != EXPR_COLUMN) return true;
    if (node->column >= state->plan->column_count)
        state->fault = "an expression names a column that does not exist";
    else if (!bitmap_get(state->visible, node->column))
        state->fault = "an expression names a column that is not made below it";
    else if (!type_equal(node->type, state->plan->columns[node->column].type))
        state->fault = "an expression has another type for a column than the plan";
    return state->fault == NULL;
}

static void see_outputs(verification *state, plan_id id)
{
    const plan_node *node = plan_at(state->plan, id);

    for (size_t i = 0; i < node->output_count; i++) bitmap_set(state->visible, node->outputs[i]);
}

static bp_status check_all(verification *state, const expr_id *exprs, size_t count, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < count && !status && !state->fault; i++)
        status = expr_walk(&state->plan->exprs, exprs[i], check_column, state, err);
    return status;
}

static bp_status check_keys(verification *state, const sort_key *keys, size_t count, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < count && !status; i++) status = check_all(state, &keys[i].expr, 1, err);
    return status;
}

static bp_status check_join(verification *state, const plan_node *node, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < node->join.pair_count; i++) {
        if (!type_equal(expr_type(&state->plan->exprs, node->join.pairs[i].left),
                        expr_type(&state->plan->exprs, node->join.pairs[i].right)))
            state->fault = "the sides of a join pair differ in type";
        if ((status = check_all(state, &node->join.pairs[i].left, 1, err)) ||
            (status = check_all(state, &node->join.pairs[i].right, 1, err)))
            return status;
    }
    return check_all(state, node->join.residual, node->join.residual_count, err);
}

/* A node's outputs that it does not make must come from its children. */
static void check_passed_on(verification *state, const plan_node *node)
{
    bool passes = node->kind == PLAN_FILTER || node->kind == PLAN_SORT || node->kind == PLAN_LIMIT || node->kind == PLAN_DISTINCT ||
                  node->kind == PLAN_KEEP;

    for (size_t i = 0; i < node->output_count && (passes || node->kind == PLAN_JOIN); i++)
        if (!bitmap_get(state->visible, node->outputs[i]) && !(node->kind == PLAN_JOIN && node->outputs[i] == node->join.mark))
            state->fault = "a node puts out a column that its children do not";
}

/* The child's columns, then the results, which have their calls' types. */
static bp_status check_window(verification *state, const plan_node *node, bp_error *err)
{
    size_t passed = plan_at(state->plan, node->children[0])->output_count;

    if (node->output_count != passed + node->window.expr_count) {
        state->fault = "a WINDOW's outputs do not match its calls";
        return BP_OK;
    }
    for (size_t i = 0; i < node->window.expr_count && !state->fault; i++) {
        column_id made = node->outputs[passed + i];
        if (made != node->window.made[i] ||
            !type_equal(state->plan->columns[made].type, expr_type(&state->plan->exprs, node->window.exprs[i])))
            state->fault = "a WINDOW's result has another id or type than its column";
    }
    for (size_t i = 0; i < passed && !state->fault; i++)
        if (!bitmap_get(state->visible, node->outputs[i])) state->fault = "a WINDOW puts out a column that its child does not";
    return check_all(state, node->window.exprs, node->window.expr_count, err);
}

/* They name a join's pair and an output of the same type. */
static void check_join_filters(verification *state, const plan_node *node)
{
    for (size_t i = 0; i < node->scan.join_filter_count && !state->fault; i++) {
        const scan_join_filter *filter = &node->scan.join_filters[i];
        const plan_node *join = plan_at(state->plan, filter->join);
        if (join->kind != PLAN_JOIN || filter->pair >= join->join.pair_count || filter->output >= node->output_count ||
            !type_equal(expr_type(&state->plan->exprs, join->join.pairs[filter->pair].right),
                        state->plan->columns[node->outputs[filter->output]].type))
            state->fault = "a SCAN's join filter names no pair of a join, or one of another type";
    }
}

static void check_read(verification *state, const plan_node *node)
{
    if (plan_at(state->plan, node->children[0])->kind != PLAN_KEEP) state->fault = "a READ's child keeps no rows";
    for (size_t i = 0; i < node->output_count && !state->fault; i++) {
        if (!bitmap_get(state->visible, node->read.columns[i]))
            state->fault = "a READ names a column that is not kept";
        else if (!type_equal(state->plan->columns[node->read.columns[i]].type, state->plan->columns[node->outputs[i]].type))
            state->fault = "a READ's output has another type than the column";
    }
}

static bp_status check_node(verification *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);

    memset(state->visible, 0, bitmap_words(state->plan->column_count) * 8);
    for (size_t i = 0; i < 2; i++)
        if (node->children[i]) see_outputs(state, node->children[i]);
    check_passed_on(state, node);
    switch ((plan_kind)node->kind) {
    case PLAN_SCAN:
        see_outputs(state, id);
        check_join_filters(state, node);
        return check_all(state, node->scan.filters, node->scan.filter_count, err);
    case PLAN_VALUES: return check_all(state, node->values.cells, node->values.row_count * node->output_count, err);
    case PLAN_FILTER: return check_all(state, node->filter.conjuncts, node->filter.conjunct_count, err);
    case PLAN_PROJECT: return check_all(state, node->project.exprs, node->output_count, err);
    case PLAN_AGGREGATE: {
        bp_status status = check_all(state, node->aggregate.groups, node->aggregate.group_count, err);
        if (node->output_count != node->aggregate.group_count + node->aggregate.aggregate_count)
            state->fault = "an AGGREGATE's outputs do not match its calls";
        return status ? status : check_all(state, node->aggregate.aggregates, node->aggregate.aggregate_count, err);
    }
    case PLAN_DISTINCT: {
        bp_status status = check_all(state, node->distinct.on, node->distinct.on_count, err);
        return status ? status : check_keys(state, node->distinct.keys, node->distinct.key_count, err);
    }
    case PLAN_JOIN: return check_join(state, node, err);
    case PLAN_SORT: return check_keys(state, node->sort.keys, node->sort.key_count, err);
    case PLAN_LIMIT: return check_keys(state, node->limit.keys, node->limit.key_count, err);
    case PLAN_UNNEST: return check_all(state, node->unnest.lists, node->unnest.list_count, err);
    case PLAN_WINDOW: return check_window(state, node, err);
    case PLAN_READ: check_read(state, node); return BP_OK;
    case PLAN_SET:
    case PLAN_RECURSIVE:
        if (plan_at(state->plan, node->children[0])->output_count != node->output_count ||
            plan_at(state->plan, node->children[1])->output_count != node->output_count)
            state->fault = "a set operation's sides differ in their number of columns";
        return BP_OK;
    default: return BP_OK;
    }
}

bp_status plan_verify(plan *plan, bp_error *err)
{
    verification state = {.plan = plan};
    plan_id *order;
    size_t count;
    bp_status status;

    state.visible = arena_new_array(&plan->arena, uint64_t, bitmap_words(plan->column_count) + 1);
    if (!state.visible) return error_no_memory(err, plan->context->memory, plan->column_count / 8);
    if ((status = plan_post_order(plan, &order, &count, err))) return status;
    for (size_t i = 0; i < count && !status && !state.fault; i++) status = check_node(&state, order[i], err);
    if (!status && plan_at(plan, plan->root)->output_count != plan->result.count)
        state.fault = "the root's columns are not the result's";
    if (!status && state.fault) status = ERROR_INTERNAL(err, state.fault);
    return status;
}
