/* Dependent joins in general: the domain is the distinct values of the left side's columns that the right side names. The right side runs once for the whole domain.
 *
 *   left:    KEEP                        the left side's rows, read by the join and by the domain
 *   domain:  KEEP(DISTINCT(READ left))
 *   right:   from the leaves up, a node that names the left side, or stands over one that does, is made anew with the domain's columns beside its own; where its
 *            child has none yet, the child is crossed with the domain (a condition that ties the two makes a hash join of it later)
 *   join:    left and right where the domain's columns are the same, NULL as well
 *
 * Aggregates get the domain as groups, windows as partitions, DISTINCT and set operations as columns, LIMIT counts within it; an aggregate without groups is
 * joined to the domain again, for the values that had no row. */
#include "dependent.h"

typedef struct domain {
    dependence *join;
    plan *plan;
    plan_id kept; /* KEEP of its values */
    plan_id *nodes; /* what became of each node of the right side */
    column_id **columns; /* the domain's among its outputs; NULL: it has none */
} domain;

static bp_status no_memory(const domain *state, bp_error *err)
{
    return error_no_memory(err, state->plan->context->memory, 4096);
}

/* the rows that are kept --------------------------------------------------------------------------------------------------------------------------- */
static bp_status keep_left(domain *state, bp_error *err)
{
    dependence *join = state->join;
    plan *plan = state->plan;
    const plan_node *left = plan_at(plan, join->left);
    column_id *outputs = left->outputs, *wanted = arena_new_array(&plan->arena, column_id, join->column_count);
    size_t count = left->output_count;
    plan_id kept, values;
    bp_status status;

    if (!wanted) return no_memory(state, err);
    if ((status = plan_keep(&kept, plan, join->left, err)) ||
        (status = plan_read(&join->left, plan, kept, plan_at(plan, kept)->outputs, count, err)))
        return status;
    memcpy(plan_at(plan, join->left)->outputs, outputs, count * sizeof *outputs);
    for (size_t i = 0; i < join->column_count; i++)
        for (size_t j = 0; j < count; j++)
            if (outputs[j] == join->columns[i]) wanted[i] = plan_at(plan, kept)->outputs[j];
    if ((status = plan_read(&values, plan, kept, wanted, join->column_count, err)) ||
        (status = plan_distinct(&values, plan, values, NULL, 0, NULL, 0, err)))
        return status;
    return plan_keep(&state->kept, plan, values, err);
}

/* The domain's rows; their columns are the node's outputs. */
static bp_status read_domain(const domain *state, plan_id *out, bp_error *err)
{
    return plan_read(out, state->plan, state->kept, plan_at(state->plan, state->kept)->outputs, state->join->column_count, err);
}

static bp_status copy_columns(const domain *state, column_id **out, const column_id *columns, bp_error *err)
{
    *out = arena_new_array(&state->plan->arena, column_id, state->join->column_count);
    if (!*out) return no_memory(state, err);
    memcpy(*out, columns, state->join->column_count * sizeof **out);
    return BP_OK;
}

/* The node, which then has the domain's columns: a copy for each row of the domain if it did not have them. */
static bp_status with_domain(const domain *state, plan_id id, plan_id *out, column_id **columns, bp_error *err)
{
    plan_id read;
    bp_status status;

    *out = state->nodes[id];
    *columns = state->columns[id];
    if (*columns) return BP_OK;
    if ((status = read_domain(state, &read, err)) ||
        (status = copy_columns(state, columns, plan_at(state->plan, read)->outputs, err)))
        return status;
    return plan_join(out, state->plan, JOIN_CROSS, read, *out, NULL, 0, err);
}

/* help ------------------------------------------------------------------------------------------------------------------------------------------------ */
static bp_status domain_exprs(const domain *state, const column_id *columns, expr_id *out, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < state->join->column_count && !status; i++) status = column_of(&out[i], state->plan, columns[i], err);
    return status;
}

/* The expressions with the domain's columns for those of the left side, and room for more. */
static bp_status rewritten(const domain *state, expr_id **out, const expr_id *exprs, size_t count, size_t room,
                           const column_id *columns, bp_error *err)
{
    plan *plan = state->plan;
    expr_id *to = arena_new_array(&plan->arena, expr_id, state->join->column_count);
    replacement replacement = {state->join->columns, to, state->join->column_count};
    bp_status status;

    *out = arena_new_array(&plan->arena, expr_id, count + room);
    if (!to || !*out) return no_memory(state, err);
    if (count) memcpy(*out, exprs, count * sizeof *exprs);
    if ((status = domain_exprs(state, columns, to, err))) return status;
    for (size_t i = 0; i < count; i++)
        if ((status = replace_columns(&(*out)[i], plan, &replacement, err))) return status;
    return BP_OK;
}

static bp_status rewritten_keys(const domain *state, sort_key **out, const sort_key *keys, size_t count, const column_id *columns,
                                bp_error *err)
{
    expr_id *exprs = arena_new_array(&state->plan->arena, expr_id, count);
    bp_status status;

    *out = arena_new_array(&state->plan->arena, sort_key, count);
    if (!*out || !exprs) return no_memory(state, err);
    for (size_t i = 0; i < count; i++) exprs[i] = keys[i].expr;
    if ((status = rewritten(state, &exprs, exprs, count, 0, columns, err))) return status;
    for (size_t i = 0; i < count; i++) {
        (*out)[i] = keys[i];
        (*out)[i].expr = exprs[i];
    }
    return BP_OK;
}

/* left = right, NULL as well, for each column of the domain. */
static bp_status equal_domains(const domain *state, const column_id *left, const column_id *right, expr_id *out, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < state->join->column_count && !status; i++) {
        expr_id sides[2];
        if ((status = column_of(&sides[0], state->plan, left[i], err)) ||
            (status = column_of(&sides[1], state->plan, right[i], err)))
            return status;
        status = expr_compare(&out[i], &state->plan->exprs, COMPARE_NOT_DISTINCT, sides[0], sides[1], err);
    }
    return status;
}

/* nodes --------------------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status domain_filter(domain *state, plan_id id, bp_error *err)
{
    plan_node node = *plan_at(state->plan, id);
    plan_id child;
    expr_id *conjuncts;
    bp_status status;

    if ((status = with_domain(state, node.children[0], &child, &state->columns[id], err)) ||
        (status = rewritten(state, &conjuncts, node.filter.conjuncts, node.filter.conjunct_count, 0, state->columns[id], err)))
        return status;
    return plan_filter_by(&state->nodes[id], state->plan, child, conjuncts, node.filter.conjunct_count, err);
}

/* PROJECT of `exprs` (count) and the domain's columns, which are behind them. */
static bp_status project_with(domain *state, plan_id id, plan_id child, expr_id *exprs, size_t count, const column_id *columns,
                              const column_id *outputs, bp_error *err)
{
    size_t own = state->join->column_count;
    bp_status status;

    if ((status = domain_exprs(state, columns, exprs + count, err)) ||
        (status = plan_project(&state->nodes[id], state->plan, child, exprs, NULL, count + own, err)))
        return status;
    if (count) memcpy(plan_at(state->plan, state->nodes[id])->outputs, outputs, count * sizeof *outputs);
    return copy_columns(state, &state->columns[id], plan_at(state->plan, state->nodes[id])->outputs + count, err);
}

static bp_status domain_project(domain *state, plan_id id, bp_error *err)
{
    plan_node node = *plan_at(state->plan, id);
    plan_id child;
    column_id *columns;
    expr_id *exprs;
    bp_status status;

    if ((status = with_domain(state, node.children[0], &child, &columns, err)) ||
        (status = rewritten(state, &exprs, node.project.exprs, node.output_count, state->join->column_count, columns, err)))
        return status;
    return project_with(state, id, child, exprs, node.output_count, columns, node.outputs, err);
}

/* A row for each row of the domain, of which the grouped ones in `node` have their aggregates and the others those of no rows. */
static bp_status fill_domain(domain *state, plan_id id, plan_id grouped, const column_id *columns, const column_id *made,
                             bp_error *err)
{
    plan *plan = state->plan;
    plan_node old = *plan_at(plan, id);
    size_t count = old.output_count, own = state->join->column_count, total = plan_at(plan, grouped)->output_count;
    expr_id *exprs, *conjuncts = arena_new_array(&plan->arena, expr_id, own), choice[3];
    column_id marker, *of_read;
    plan_id read;
    bp_status status;

    if (!conjuncts) return no_memory(state, err);
    if ((status = exprs_of_outputs(&exprs, plan, grouped, 1, err)) || (status = expr_bool(&exprs[total], &plan->exprs, true, err)))
        return status;
    of_read = plan_at(plan, grouped)->outputs;
    if ((status = plan_project(&grouped, plan, grouped, exprs, NULL, total + 1, err))) return status;
    marker = plan_at(plan, grouped)->outputs[total];
    memcpy(plan_at(plan, grouped)->outputs, of_read, total * sizeof *of_read);
    if ((status = read_domain(state, &read, err)) || (status = copy_columns(state, &of_read, plan_at(plan, read)->outputs, err)) ||
        (status = equal_domains(state, of_read, columns, conjuncts, err)) ||
        (status = plan_join(&grouped, plan, JOIN_LEFT, read, grouped, conjuncts, own, err)))
        return status;
    exprs = arena_new_array(&plan->arena, expr_id, count + own);
    if (!exprs) return no_memory(state, err);
    if ((status = column_of(&choice[0], plan, marker, err)) ||
        (status = expr_is_null(&choice[0], &plan->exprs, choice[0], false, err)))
        return status;
    for (size_t i = 0; i < count; i++)
        if ((status = aggregate_of_nothing(&choice[1], plan, old.aggregate.aggregates[i], err)) ||
            (status = column_of(&choice[2], plan, made[i], err)) || (status = expr_case(&exprs[i], &plan->exprs, choice, 3, err)))
            return status;
    return project_with(state, id, grouped, exprs, count, of_read, old.outputs, err);
}

static bp_status domain_aggregate(domain *state, plan_id id, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    size_t groups = node.aggregate.group_count, aggregates = node.aggregate.aggregate_count, own = state->join->column_count;
    plan_id child, made;
    column_id *columns, *outputs;
    expr_id *all, *calls;
    bp_status status;

    if ((status = with_domain(state, node.children[0], &child, &columns, err)) ||
        (status = rewritten(state, &all, node.aggregate.groups, groups, own, columns, err)) ||
        (status = rewritten(state, &calls, node.aggregate.aggregates, aggregates, 0, columns, err)) ||
        (status = domain_exprs(state, columns, all + groups, err)) ||
        (status = plan_aggregate(&made, plan, child, all, groups + own, calls, aggregates, err)))
        return status;
    outputs = plan_at(plan, made)->outputs;
    if ((status = copy_columns(state, &columns, outputs + groups, err))) return status;
    if (groups == 0) return fill_domain(state, id, made, columns, outputs + own, err);
    memcpy(outputs, node.outputs, groups * sizeof *outputs);
    if (aggregates) memcpy(outputs + groups + own, node.outputs + groups, aggregates * sizeof *outputs);
    state->nodes[id] = made;
    state->columns[id] = columns;
    return BP_OK;
}

/* Without ON: over just the columns there were, and the domain's. */
static bp_status domain_distinct(domain *state, plan_id id, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    size_t on = node.distinct.on_count, own = state->join->column_count;
    plan_id child;
    column_id *columns;
    expr_id *exprs;
    bp_status status;

    if ((status = with_domain(state, node.children[0], &child, &columns, err))) return status;
    if (on == 0) {
        exprs = arena_new_array(&plan->arena, expr_id, node.output_count + own);
        if (!exprs) return no_memory(state, err);
        for (size_t i = 0; i < node.output_count; i++)
            if ((status = column_of(&exprs[i], plan, node.outputs[i], err))) return status;
        if ((status = project_with(state, id, child, exprs, node.output_count, columns, node.outputs, err))) return status;
        return plan_distinct(&state->nodes[id], plan, state->nodes[id], NULL, 0, NULL, 0, err);
    }
    state->columns[id] = columns;
    if ((status = rewritten(state, &exprs, node.distinct.on, on, own, columns, err)) ||
        (status = domain_exprs(state, columns, exprs + on, err)))
        return status;
    return plan_distinct(&state->nodes[id], plan, child, exprs, on + own, NULL, 0, err);
}

/* FULL: the domain's columns come from whichever side has them. */
static bp_status merge_full(domain *state, plan_id id, const plan_node *old, const column_id *left, const column_id *right,
                            bp_error *err)
{
    plan *plan = state->plan;
    size_t own = state->join->column_count, count = old->output_count;
    expr_id *exprs = arena_new_array(&plan->arena, expr_id, count + own);
    bp_status status;

    if (!exprs) return no_memory(state, err);
    for (size_t i = 0; i < count; i++)
        if ((status = column_of(&exprs[i], plan, old->outputs[i], err))) return status;
    for (size_t i = 0; i < own; i++) {
        expr_id sides[2];
        if ((status = column_of(&sides[0], plan, left[i], err)) || (status = column_of(&sides[1], plan, right[i], err)) ||
            (status = expr_coalesce(&exprs[count + i], &plan->exprs, sides, 2, err)))
            return status;
    }
    if ((status = plan_project(&state->nodes[id], plan, state->nodes[id], exprs, NULL, count + own, err))) return status;
    memcpy(plan_at(plan, state->nodes[id])->outputs, old->outputs, count * sizeof(column_id));
    return copy_columns(state, &state->columns[id], plan_at(plan, state->nodes[id])->outputs + count, err);
}

/* The conditions of a join, with `more` for those between the domains of its sides. */
static bp_status join_conjuncts(const domain *state, const plan_node *node, size_t more, expr_id **out, size_t *count,
                                bp_error *err)
{
    size_t pairs = node->join.pair_count, residual = node->join.residual_count;
    bp_status status;

    *count = pairs + residual;
    *out = arena_new_array(&state->plan->arena, expr_id, *count + more);
    if (!*out) return no_memory(state, err);
    for (size_t i = 0; i < pairs; i++) {
        const join_pair *pair = &node->join.pairs[i];
        status = expr_compare(&(*out)[i], &state->plan->exprs, pair->null_safe ? COMPARE_NOT_DISTINCT : COMPARE_EQUAL, pair->left,
                              pair->right, err);
        if (status) return status;
    }
    if (residual) memcpy(*out + pairs, node->join.residual, residual * sizeof **out);
    return BP_OK;
}

static bool is_inner(const plan_node *node)
{
    return node->join.kind == JOIN_INNER || node->join.kind == JOIN_CROSS;
}

/* The sides that get the domain: those that have it; else one, for the condition that names it; and a side of which rows are put out without a partner. */
static bp_status domain_join(domain *state, plan_id id, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    bool has_right = state->columns[node.children[1]] != NULL, has_left = state->columns[node.children[0]] != NULL;
    bool left_side = has_left || (node.join.kind != JOIN_RIGHT && (!is_inner(&node) || !has_right));
    bool right_side = has_right || node.join.kind == JOIN_RIGHT || node.join.kind == JOIN_FULL;
    plan_id sides[2] = {state->nodes[node.children[0]], state->nodes[node.children[1]]};
    column_id *columns[2] = {NULL, NULL};
    expr_id *conjuncts;
    size_t count;
    join_kind kind = node.join.kind == JOIN_CROSS ? JOIN_INNER : (join_kind)node.join.kind;
    dependence inner = {.plan = plan, .mark = node.join.mark};
    bp_status status;

    if (node.join.kind == JOIN_MARK && has_right)
        return ERROR_INTERNAL(err, "a MARK join's right side names columns of a query around it");
    if (left_side && (status = with_domain(state, node.children[0], &sides[0], &columns[0], err))) return status;
    if (right_side && (status = with_domain(state, node.children[1], &sides[1], &columns[1], err))) return status;
    if ((status = join_conjuncts(state, &node, state->join->column_count, &conjuncts, &count, err))) return status;
    if (columns[0] && columns[1]) {
        if ((status = equal_domains(state, columns[0], columns[1], conjuncts + count, err))) return status;
        count += state->join->column_count;
    }
    state->columns[id] = node.join.kind == JOIN_RIGHT || !columns[0] ? columns[1] : columns[0];
    if ((status = rewritten(state, &conjuncts, conjuncts, count, 0, state->columns[id], err))) return status;
    if ((status = join_now(&state->nodes[id], &inner, kind, sides[0], sides[1], conjuncts, count, err))) return status;
    return node.join.kind == JOIN_FULL ? merge_full(state, id, &node, columns[0], columns[1], err) : BP_OK;
}

static bp_status domain_sort(domain *state, plan_id id, bp_error *err)
{
    plan_node node = *plan_at(state->plan, id);
    plan_id child;
    sort_key *keys;
    bp_status status;

    if ((status = with_domain(state, node.children[0], &child, &state->columns[id], err)) ||
        (status = rewritten_keys(state, &keys, node.sort.keys, node.sort.key_count, state->columns[id], err)))
        return status;
    return plan_sort(&state->nodes[id], state->plan, child, keys, node.sort.key_count, err);
}

static bp_status domain_limit(domain *state, plan_id id, bp_error *err)
{
    plan_node node = *plan_at(state->plan, id);
    expr_id *keys = arena_new_array(&state->plan->arena, expr_id, state->join->column_count);
    plan_id child;
    bp_status status;

    if (!keys) return no_memory(state, err);
    if ((status = with_domain(state, node.children[0], &child, &state->columns[id], err)) ||
        (status = domain_exprs(state, state->columns[id], keys, err)))
        return status;
    return limit_within(&state->nodes[id], state->plan, child, &node, keys, state->join->column_count, err);
}

static bp_status domain_window(domain *state, plan_id id, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    size_t own = state->join->column_count;
    expr_id *calls, *keys = arena_new_array(&plan->arena, expr_id, own);
    plan_id child;
    bp_status status;

    if (!keys) return no_memory(state, err);
    if ((status = with_domain(state, node.children[0], &child, &state->columns[id], err)) ||
        (status = rewritten(state, &calls, node.window.exprs, node.window.expr_count, 0, state->columns[id], err)) ||
        (status = domain_exprs(state, state->columns[id], keys, err)))
        return status;
    for (size_t i = 0; i < node.window.expr_count; i++)
        if ((status = expr_window_within(&calls[i], &plan->exprs, calls[i], keys, own, err))) return status;
    return plan_window(&state->nodes[id], plan, child, calls, node.window.made, node.window.expr_count, err);
}

static bp_status domain_unnest(domain *state, plan_id id, bp_error *err)
{
    plan_node node = *plan_at(state->plan, id);
    plan_id child;
    expr_id *lists;
    bp_status status;

    if ((status = with_domain(state, node.children[0], &child, &state->columns[id], err)) ||
        (status = rewritten(state, &lists, node.unnest.lists, node.unnest.list_count, 0, state->columns[id], err)))
        return status;
    return plan_unnest(&state->nodes[id], state->plan, child, lists, node.unnest.made, node.unnest.list_count,
                       node.unnest.ordinality, node.unnest.outer, err);
}

/* Both sides put out their columns and then the domain's. */
static bp_status domain_set(domain *state, plan_id id, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    size_t own = state->join->column_count, count = node.output_count;
    plan_id sides[2];
    bp_status status;

    for (size_t side = 0; side < 2; side++) {
        plan_id from = node.children[side];
        column_id *columns, *outputs = plan_at(plan, from)->outputs;
        expr_id *exprs = arena_new_array(&plan->arena, expr_id, count + own);
        if (!exprs) return no_memory(state, err);
        if ((status = with_domain(state, from, &sides[side], &columns, err))) return status;
        for (size_t i = 0; i < count; i++)
            if ((status = column_of(&exprs[i], plan, outputs[i], err))) return status;
        if ((status = domain_exprs(state, columns, exprs + count, err)) ||
            (status = plan_project(&sides[side], plan, sides[side], exprs, NULL, count + own, err)))
            return status;
    }
    if ((status = plan_set(&state->nodes[id], plan, (set_kind)node.set.kind, node.set.all, sides[0], sides[1], err))) return status;
    memcpy(plan_at(plan, state->nodes[id])->outputs, node.outputs, count * sizeof(column_id));
    return copy_columns(state, &state->columns[id], plan_at(plan, state->nodes[id])->outputs + count, err);
}

/* Cells that name the left side are no constants: each row is a projection of the domain. */
static bp_status domain_values(domain *state, plan_id id, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    size_t own = state->join->column_count, count = node.output_count;
    bp_status status;

    for (size_t row = 0; row < node.values.row_count; row++) {
        plan_id before = state->nodes[id], read;
        expr_id *exprs;
        column_id *columns;
        if ((status = read_domain(state, &read, err)) ||
            (status = copy_columns(state, &columns, plan_at(plan, read)->outputs, err)) ||
            (status = rewritten(state, &exprs, node.values.cells + row * count, count, own, columns, err)) ||
            (status = domain_exprs(state, columns, exprs + count, err)) ||
            (status = plan_project(&state->nodes[id], plan, read, exprs, NULL, count + own, err)))
            return status;
        if (row && (status = plan_set(&state->nodes[id], plan, PLAN_UNION, true, before, state->nodes[id], err))) return status;
    }
    memcpy(plan_at(plan, state->nodes[id])->outputs, node.outputs, count * sizeof(column_id));
    return copy_columns(state, &state->columns[id], plan_at(plan, state->nodes[id])->outputs + count, err);
}

static bp_status domain_keep(domain *state, plan_id id, bp_error *err)
{
    plan_node copy = *plan_at(state->plan, id);
    bp_status status;

    if ((status = with_domain(state, copy.children[0], &copy.children[0], &state->columns[id], err))) return status;
    copy.outputs = plan_at(state->plan, copy.children[0])->outputs;
    copy.output_count = plan_at(state->plan, copy.children[0])->output_count;
    return plan_add_node(&state->nodes[id], state->plan, &copy, err);
}

static bp_status domain_read(domain *state, plan_id id, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    size_t own = state->join->column_count, count = node.output_count;
    column_id *columns = arena_new_array(&plan->arena, column_id, count + own);
    bp_status status;

    if (!columns) return no_memory(state, err);
    if (count) memcpy(columns, node.read.columns, count * sizeof *columns);
    memcpy(columns + count, state->columns[node.children[0]], own * sizeof *columns);
    if ((status = plan_read(&state->nodes[id], plan, state->nodes[node.children[0]], columns, count + own, err))) return status;
    if (count) memcpy(plan_at(plan, state->nodes[id])->outputs, node.outputs, count * sizeof *columns);
    return copy_columns(state, &state->columns[id], plan_at(plan, state->nodes[id])->outputs + count, err);
}

static bp_status domain_node(domain *state, plan_id id, bp_error *err)
{
    plan_node node = *plan_at(state->plan, id);
    bool names_outer;
    bool below = (node.children[0] && state->columns[node.children[0]]) || (node.children[1] && state->columns[node.children[1]]);
    bp_status status;

    state->nodes[id] = id;
    if ((status = node_names_outer(&names_outer, state->join, id, err))) return status;
    if (!names_outer && !below) return BP_OK;
    switch ((plan_kind)node.kind) {
    case PLAN_VALUES: return domain_values(state, id, err);
    case PLAN_FILTER: return domain_filter(state, id, err);
    case PLAN_PROJECT: return domain_project(state, id, err);
    case PLAN_AGGREGATE: return domain_aggregate(state, id, err);
    case PLAN_DISTINCT: return domain_distinct(state, id, err);
    case PLAN_JOIN: return domain_join(state, id, err);
    case PLAN_SORT: return domain_sort(state, id, err);
    case PLAN_LIMIT: return domain_limit(state, id, err);
    case PLAN_SET: return domain_set(state, id, err);
    case PLAN_WINDOW: return domain_window(state, id, err);
    case PLAN_UNNEST: return domain_unnest(state, id, err);
    case PLAN_KEEP: return domain_keep(state, id, err);
    case PLAN_READ: return domain_read(state, id, err);
    case PLAN_RECURSIVE:
        return error_set(
            err, BP_NOT_SUPPORTED,
            "a recursive query that uses columns of the query around it is not there yet; let it run for all rows and join");
    default: return ERROR_INTERNAL(err, "a plan node that no query around it can reach");
    }
}

bp_status dependent_domain(plan_id *out, dependence *join, bp_error *err)
{
    plan *plan = join->plan;
    domain state = {.join = join, .plan = plan};
    size_t own = join->column_count, total = own + join->conjunct_count;
    expr_id *conjuncts = arena_new_array(&plan->arena, expr_id, total);
    bp_status status;

    state.nodes = arena_new_array(&plan->arena, plan_id, plan->node_count);
    state.columns = arena_new_array(&plan->arena, column_id *, plan->node_count);
    if (!conjuncts || !state.nodes || !state.columns) return no_memory(&state, err);
    if ((status = keep_left(&state, err))) return status;
    for (size_t i = 0; i < join->count; i++)
        if ((status = domain_node(&state, join->order[i], err))) return status;
    if ((status = equal_domains(&state, join->columns, state.columns[join->right], conjuncts, err))) return status;
    if (join->conjunct_count) memcpy(conjuncts + own, join->conjuncts, join->conjunct_count * sizeof *conjuncts);
    return join_now(out, join, join->kind == JOIN_CROSS ? JOIN_INNER : join->kind, join->left, state.nodes[join->right], conjuncts,
                    total, err);
}
