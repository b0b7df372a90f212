/* Dependent joins whose right side names the left one only in conditions: those move up into the join, and the right side puts out what they need.
 *
 * From the leaves up each node is made anew with the conditions that wait above it. `own = outer` passes everything: its own side becomes a group, a partition, a key
 * of DISTINCT beside the others. A condition on the left side alone passes as well. Any other passes filters, projections and inner joins only, for above an
 * aggregate its rows cannot be told apart any more. What does not fit is left to dependent_domain.c: nothing here changes a node in place. */
#include "dependent.h"

/* A condition on its way up. */
typedef struct waiting {
    expr_id own, outer; /* own = outer; own 0: `outer` is a condition on the left side alone */
    expr_id other; /* any other condition; 0: one of the above */
} waiting;

typedef struct hoisted {
    plan_id node;
    waiting *waiting;
    size_t count;
} hoisted;

typedef struct hoisting {
    dependence *join;
    plan *plan;
    hoisted *made; /* one a node of the plan as it was */
    plan_id root; /* of the right side, without what EXISTS does not ask for */
    plan_id whole; /* an aggregate without groups from which only projections lead to the root; 0: none */
    bool failed;
} hoisting;

static bp_status no_memory(const hoisting *state, bp_error *err)
{
    return error_no_memory(err, state->plan->context->memory, 4096);
}

/* conditions ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status split_condition(waiting *out, const hoisting *state, expr_id conjunct, bp_error *err)
{
    const expr_pool *pool = &state->plan->exprs;
    const expr_node *node = expr_at(pool, conjunct);
    expr_sides whole, sides[2];
    bp_status status;

    *out = (waiting){.other = conjunct};
    if ((status = sides_of_expr(&whole, state->join, conjunct, err))) return status;
    if (!whole.own) {
        *out = (waiting){.outer = conjunct};
        return BP_OK;
    }
    if (node->kind != EXPR_COMPARE || node->op != COMPARE_EQUAL) return BP_OK;
    for (size_t i = 0; i < 2; i++)
        if ((status = sides_of_expr(&sides[i], state->join, expr_child(pool, conjunct, i), err))) return status;
    for (size_t i = 0; i < 2; i++)
        if (sides[i].own && !sides[i].outer && !sides[1 - i].own)
            *out = (waiting){.own = expr_child(pool, conjunct, i), .outer = expr_child(pool, conjunct, 1 - i)};
    return BP_OK;
}

/* Take the conditions that name the left side out of `conjuncts`. */
static bp_status take_conditions(hoisting *state, hoisted *to, expr_id *conjuncts, size_t *count, bp_error *err)
{
    waiting *all = arena_new_array(&state->plan->arena, waiting, to->count + *count);
    size_t kept = 0;
    bp_status status;

    if (!all) return no_memory(state, err);
    if (to->count) memcpy(all, to->waiting, to->count * sizeof *all);
    for (size_t i = 0; i < *count; i++) {
        expr_sides sides;
        if ((status = sides_of_expr(&sides, state->join, conjuncts[i], err))) return status;
        if (!sides.outer)
            conjuncts[kept++] = conjuncts[i];
        else if ((status = split_condition(&all[to->count++], state, conjuncts[i], err)))
            return status;
    }
    *count = kept;
    to->waiting = all;
    return BP_OK;
}

/* The own sides of all; *out NULL: there are conditions of another form. */
static bp_status own_sides(const hoisting *state, const hoisted *of, expr_id **out, size_t *count, bp_error *err)
{
    expr_id *own = arena_new_array(&state->plan->arena, expr_id, of->count);

    *out = NULL;
    *count = 0;
    if (!own) return no_memory(state, err);
    for (size_t i = 0; i < of->count; i++) {
        if (of->waiting[i].other) return BP_OK;
        if (of->waiting[i].own) own[(*count)++] = of->waiting[i].own;
    }
    *out = own;
    return BP_OK;
}

/* The own sides are now columns[first …] in that order. */
static bp_status renew_own(const hoisting *state, hoisted *of, const column_id *columns, bp_error *err)
{
    waiting *all = arena_new_array(&state->plan->arena, waiting, of->count);
    bp_status status;

    if (!all) return no_memory(state, err);
    memcpy(all, of->waiting, of->count * sizeof *all);
    for (size_t i = 0, next = 0; i < of->count; i++)
        if (all[i].own && (status = column_of(&all[i].own, state->plan, columns[next++], err))) return status;
    of->waiting = all;
    return BP_OK;
}

/* nodes ---------------------------------------------------------------------------------------------------------------------------------------- */
/* The node over another child, which it passes on, with what it makes itself behind. */
static bp_status over_child(const hoisting *state, plan_id *out, plan_id id, plan_id child, const column_id *made,
                            size_t made_count, bp_error *err)
{
    plan *plan = state->plan;
    plan_node copy = *plan_at(plan, id);
    size_t passed = plan_at(plan, child)->output_count;

    copy.children[0] = child;
    copy.output_count = passed + made_count;
    copy.outputs = arena_new_array(&plan->arena, column_id, copy.output_count);
    if (!copy.outputs) return no_memory(state, err);
    if (passed) memcpy(copy.outputs, plan_at(plan, child)->outputs, passed * sizeof(column_id));
    if (made_count) memcpy(copy.outputs + passed, made, made_count * sizeof(column_id));
    return plan_add_node(out, plan, &copy, err);
}

static bp_status hoist_filter(hoisting *state, plan_id id, hoisted *out, bp_error *err)
{
    plan *plan = state->plan;
    const plan_node *node = plan_at(plan, id);
    size_t count = node->filter.conjunct_count;
    expr_id *conjuncts = arena_new_array(&plan->arena, expr_id, count);
    bp_status status;

    if (!conjuncts) return no_memory(state, err);
    memcpy(conjuncts, node->filter.conjuncts, count * sizeof *conjuncts);
    *out = state->made[node->children[0]];
    if ((status = take_conditions(state, out, conjuncts, &count, err))) return status;
    return count ? plan_filter_by(&out->node, plan, out->node, conjuncts, count, err) : BP_OK;
}

/* The columns of the right side that other conditions name, each once. */
typedef struct own_search {
    const dependence *join;
    column_id *ids;
    size_t count, capacity;
} own_search;

static bool note_own(void *data, const expr_pool *pool, expr_id id)
{
    own_search *own = data;
    const expr_node *node = expr_at(pool, id);
    bool known = node->kind != EXPR_COLUMN || is_outer_column(own->join, node->column);

    for (size_t i = 0; i < own->count && !known; i++) known = own->ids[i] == node->column;
    if (!known && own->count < own->capacity) own->ids[own->count++] = node->column;
    return true;
}

static bp_status columns_of_others(const hoisting *state, const hoisted *of, own_search *own, bp_error *err)
{
    bp_status status = BP_OK;

    *own = (own_search){.join = state->join, .capacity = plan_at(state->plan, of->node)->output_count};
    own->ids = arena_new_array(&state->plan->arena, column_id, own->capacity);
    if (!own->ids) return no_memory(state, err);
    for (size_t i = 0; i < of->count && !status; i++)
        if (of->waiting[i].other) status = expr_walk(&state->plan->exprs, of->waiting[i].other, note_own, own, err);
    return status;
}

/* What waits, over the columns that a PROJECT has made of the own sides (owns first) and of the columns that others name. */
static bp_status rename_waiting(const hoisting *state, hoisted *of, const column_id *owns, const own_search *own,
                                const column_id *renamed, bp_error *err)
{
    plan *plan = state->plan;
    expr_id *columns = arena_new_array(&plan->arena, expr_id, own->count);
    replacement replacement = {own->ids, columns, own->count};
    bp_status status;

    if (!columns) return no_memory(state, err);
    for (size_t i = 0; i < own->count; i++)
        if ((status = column_of(&columns[i], plan, renamed[i], err))) return status;
    if ((status = renew_own(state, of, owns, err))) return status;
    for (size_t i = 0; i < of->count; i++)
        if (of->waiting[i].other && (status = replace_columns(&of->waiting[i].other, plan, &replacement, err))) return status;
    return BP_OK;
}

/* The own sides, and columns that others name, are put out beside the rest. */
static bp_status hoist_project(hoisting *state, plan_id id, hoisted *out, bp_error *err)
{
    plan *plan = state->plan;
    const plan_node *node = plan_at(plan, id);
    size_t count = node->output_count, total = count, owns = 0;
    column_id *outputs = node->outputs;
    expr_id *exprs;
    own_search own;
    bp_status status;

    *out = state->made[node->children[0]];
    if ((status = columns_of_others(state, out, &own, err))) return status;
    exprs = arena_new_array(&plan->arena, expr_id, count + out->count + own.count);
    if (!exprs) return no_memory(state, err);
    if (count) memcpy(exprs, plan_at(plan, id)->project.exprs, count * sizeof *exprs);
    for (size_t i = 0; i < out->count; i++)
        if (out->waiting[i].own) exprs[total++] = out->waiting[i].own;
    owns = total - count;
    for (size_t i = 0; i < own.count; i++)
        if ((status = column_of(&exprs[total++], plan, own.ids[i], err))) return status;
    if ((status = plan_project(&out->node, plan, out->node, exprs, NULL, total, err))) return status;
    if (count) memcpy(plan_at(plan, out->node)->outputs, outputs, count * sizeof *outputs);
    outputs = plan_at(plan, out->node)->outputs + count;
    return rename_waiting(state, out, outputs, &own, outputs + owns, err);
}

/* The own sides are groups as well. */
static bp_status hoist_aggregate(hoisting *state, plan_id id, hoisted *out, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    size_t groups = node.aggregate.group_count, aggregates = node.aggregate.aggregate_count, owns;
    expr_id *own, *all;
    column_id *outputs;
    bp_status status;

    *out = state->made[node.children[0]];
    if ((status = own_sides(state, out, &own, &owns, err))) return status;
    state->failed |= !own || (groups == 0 && id != state->whole);
    if (state->failed) return BP_OK;
    all = arena_new_array(&plan->arena, expr_id, groups + owns);
    if (!all) return no_memory(state, err);
    if (groups) memcpy(all, node.aggregate.groups, groups * sizeof *all);
    if (owns) memcpy(all + groups, own, owns * sizeof *all);
    if ((status = plan_aggregate(&out->node, plan, out->node, all, groups + owns, node.aggregate.aggregates, aggregates, err)))
        return status;
    outputs = plan_at(plan, out->node)->outputs;
    if (groups) memcpy(outputs, node.outputs, groups * sizeof *outputs);
    if (aggregates) memcpy(outputs + groups + owns, node.outputs + groups, aggregates * sizeof *outputs);
    return renew_own(state, out, outputs + groups, err);
}

/* Rows that differ in an own side are different rows: it must be among the columns, as a projection below makes it. */
static bp_status hoist_distinct(hoisting *state, plan_id id, hoisted *out, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    size_t on = node.distinct.on_count, owns;
    expr_id *own, *all;
    bp_status status;

    *out = state->made[node.children[0]];
    if ((status = own_sides(state, out, &own, &owns, err))) return status;
    for (size_t i = 0; own && i < owns; i++) state->failed |= expr_at(&plan->exprs, own[i])->kind != EXPR_COLUMN;
    state->failed |= !own;
    if (state->failed) return BP_OK;
    all = arena_new_array(&plan->arena, expr_id, on + owns);
    if (!all) return no_memory(state, err);
    if (on) memcpy(all, node.distinct.on, on * sizeof *all);
    if (on && owns) memcpy(all + on, own, owns * sizeof *all);
    return plan_distinct(&out->node, plan, out->node, all, on ? on + owns : 0, node.distinct.keys, node.distinct.key_count, err);
}

static bp_status hoist_window(hoisting *state, plan_id id, hoisted *out, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    expr_id *own, *calls = arena_new_array(&plan->arena, expr_id, node.window.expr_count);
    size_t owns;
    bp_status status;

    if (!calls) return no_memory(state, err);
    *out = state->made[node.children[0]];
    if ((status = own_sides(state, out, &own, &owns, err))) return status;
    state->failed |= !own;
    for (size_t i = 0; own && i < node.window.expr_count; i++)
        if ((status = expr_window_within(&calls[i], &plan->exprs, node.window.exprs[i], own, owns, err))) return status;
    return own ? plan_window(&out->node, plan, out->node, calls, node.window.made, node.window.expr_count, err) : BP_OK;
}

static bp_status hoist_limit(hoisting *state, plan_id id, hoisted *out, bp_error *err)
{
    plan_node node = *plan_at(state->plan, id);
    expr_id *own;
    size_t owns;
    bp_status status;

    *out = state->made[node.children[0]];
    if ((status = own_sides(state, out, &own, &owns, err))) return status;
    state->failed |= !own;
    return own ? limit_within(&out->node, state->plan, out->node, &node, own, owns, err) : BP_OK;
}

/* Conditions come out of both sides of an inner join and out of its own, of the left side of other kinds. */
static bp_status hoist_join(hoisting *state, plan_id id, hoisted *out, bp_error *err)
{
    plan *plan = state->plan;
    plan_node node = *plan_at(plan, id);
    hoisted left = state->made[node.children[0]], right = state->made[node.children[1]];
    size_t residual = node.join.residual_count, left_count, right_count;
    bool inner = node.join.kind == JOIN_INNER || node.join.kind == JOIN_CROSS;
    bp_status status;

    state->failed |= !inner && (right.count || node.join.kind == JOIN_RIGHT || node.join.kind == JOIN_FULL);
    if (state->failed) return BP_OK;
    *out =
        (hoisted){.waiting = arena_new_array(&plan->arena, waiting, left.count + right.count), .count = left.count + right.count};
    if (!out->waiting) return no_memory(state, err);
    if (left.count) memcpy(out->waiting, left.waiting, left.count * sizeof *left.waiting);
    if (right.count) memcpy(out->waiting + left.count, right.waiting, right.count * sizeof *right.waiting);
    node.join.residual = arena_new_array(&plan->arena, expr_id, residual);
    if (!node.join.residual) return no_memory(state, err);
    if (residual) memcpy(node.join.residual, plan_at(plan, id)->join.residual, residual * sizeof(expr_id));
    if (inner && (status = take_conditions(state, out, node.join.residual, &residual, err))) return status;
    node.join.residual_count = residual;
    node.children[0] = left.node;
    node.children[1] = right.node;
    left_count = plan_at(plan, left.node)->output_count;
    right_count = join_puts_right((join_kind)node.join.kind) ? plan_at(plan, right.node)->output_count : 0;
    node.output_count = left_count + right_count + join_puts_mark((join_kind)node.join.kind);
    node.outputs = arena_new_array(&plan->arena, column_id, node.output_count);
    if (!node.outputs) return no_memory(state, err);
    if (left_count) memcpy(node.outputs, plan_at(plan, left.node)->outputs, left_count * sizeof(column_id));
    if (right_count) memcpy(node.outputs + left_count, plan_at(plan, right.node)->outputs, right_count * sizeof(column_id));
    if (join_puts_mark((join_kind)node.join.kind)) node.outputs[left_count] = node.join.mark;
    return plan_add_node(&out->node, plan, &node, err);
}

static bp_status hoist_node(hoisting *state, plan_id id, hoisted *out, bp_error *err)
{
    plan_node node = *plan_at(state->plan, id);
    bool names_outer, conditions = node.kind == PLAN_FILTER || node.kind == PLAN_JOIN;
    bool below =
        (node.children[0] && state->made[node.children[0]].count) || (node.children[1] && state->made[node.children[1]].count);
    bp_status status;

    *out = (hoisted){.node = id};
    if ((status = node_names_outer(&names_outer, state->join, id, err))) return status;
    if (!names_outer && !below) return BP_OK;
    state->failed |= names_outer && !conditions;
    if (names_outer && node.kind == PLAN_JOIN) state->failed |= node.join.kind != JOIN_INNER;
    if (state->failed) return BP_OK;
    *out = state->made[node.children[0]];
    switch ((plan_kind)node.kind) {
    case PLAN_FILTER: return hoist_filter(state, id, out, err);
    case PLAN_PROJECT: return hoist_project(state, id, out, err);
    case PLAN_AGGREGATE: return hoist_aggregate(state, id, out, err);
    case PLAN_DISTINCT: return hoist_distinct(state, id, out, err);
    case PLAN_WINDOW: return hoist_window(state, id, out, err);
    case PLAN_LIMIT: return hoist_limit(state, id, out, err);
    case PLAN_JOIN: return hoist_join(state, id, out, err);
    case PLAN_SORT: return over_child(state, &out->node, id, out->node, NULL, 0, err);
    case PLAN_UNNEST:
        return over_child(state, &out->node, id, out->node, node.unnest.made, node.unnest.list_count + node.unnest.ordinality, err);
    default: state->failed = true; return BP_OK;
    }
}

/* the value over nothing ---------------------------------------------------------------------------------------------------------------------------- */
/* EXISTS asks neither for order nor for what is put out, nor for more than one row. */
static plan_id without_trimmings(const plan *plan, plan_id id)
{
    for (;;) {
        const plan_node *node = plan_at(plan, id);
        bool limit = node->kind == PLAN_LIMIT && node->limit.percent < 0 && node->limit.offset == 0 && node->limit.limit > 0;
        bool distinct = node->kind == PLAN_DISTINCT && node->distinct.on_count == 0;
        if (node->kind != PLAN_PROJECT && node->kind != PLAN_SORT && !limit && !distinct) return id;
        id = node->children[0];
    }
}

static plan_id whole_aggregate(const plan *plan, plan_id id)
{
    while (plan_at(plan, id)->kind == PLAN_PROJECT) id = plan_at(plan, id)->children[0];
    return plan_at(plan, id)->kind == PLAN_AGGREGATE && plan_at(plan, id)->aggregate.group_count == 0 ? id : 0;
}

/* The projections from the aggregate up to the root, over an aggregate of no rows: one expression an output of the root. */
static bp_status values_of_nothing(const hoisting *state, expr_id **out, bp_error *err)
{
    plan *plan = state->plan;
    const plan_node *node = plan_at(plan, state->whole);
    replacement known = {node->outputs, NULL, node->output_count};
    expr_id *values = arena_new_array(&plan->arena, expr_id, known.count);
    bp_status status;

    if (!values) return no_memory(state, err);
    for (size_t i = 0; i < known.count; i++)
        if ((status = aggregate_of_nothing(&values[i], plan, plan_at(plan, state->whole)->aggregate.aggregates[i], err)))
            return status;
    known.to = values;
    for (plan_id at = state->whole; at != state->root;) {
        plan_id above = state->root;
        while (plan_at(plan, above)->children[0] != at) above = plan_at(plan, above)->children[0];
        node = plan_at(plan, above);
        values = arena_new_array(&plan->arena, expr_id, node->output_count);
        if (!values) return no_memory(state, err);
        for (size_t i = 0; i < plan_at(plan, above)->output_count; i++) {
            values[i] = plan_at(plan, above)->project.exprs[i];
            if ((status = replace_columns(&values[i], plan, &known, err))) return status;
            if ((status = expr_fold(&values[i], &plan->exprs, values[i], err))) return status;
        }
        node = plan_at(plan, above);
        known = (replacement){node->outputs, values, node->output_count};
        at = above;
    }
    *out = values;
    return BP_OK;
}

static bool all_null(const plan *plan, const expr_id *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const expr_node *node = expr_at(&plan->exprs, values[i]);
        if (node->kind != EXPR_LITERAL || !column_is_null(node->literal, 0)) return false;
    }
    return true;
}

/* The right side with a marker behind it; what the root puts out gets other names, names[i] for outputs[i], since fill_in() makes those columns. */
static bp_status mark_rows(const hoisting *state, plan_id *node, column_id **names, column_id *marker, bp_error *err)
{
    plan *plan = state->plan;
    const plan_node *root = plan_at(plan, state->root);
    column_id *outputs = plan_at(plan, *node)->outputs, *made, *wanted = root->outputs;
    size_t total = plan_at(plan, *node)->output_count, count = root->output_count;
    expr_id *exprs;
    bp_status status;

    if ((status = exprs_of_outputs(&exprs, plan, *node, 1, err)) || (status = expr_bool(&exprs[total], &plan->exprs, true, err)) ||
        (status = plan_project(node, plan, *node, exprs, NULL, total + 1, err)))
        return status;
    made = plan_at(plan, *node)->outputs;
    *names = arena_new_array(&plan->arena, column_id, count);
    if (!*names) return no_memory(state, err);
    for (size_t i = 0; i < total; i++) {
        size_t at = 0;
        while (at < count && wanted[at] != outputs[i]) at++;
        if (at < count)
            (*names)[at] = made[i];
        else
            made[i] = outputs[i];
    }
    *marker = made[total];
    return BP_OK;
}

/* Above the join: the left side's columns, and those of the right side with their value over nothing where no row has joined. */
static bp_status fill_in(const hoisting *state, plan_id *node, const expr_id *values, const column_id *names, column_id marker,
                         bp_error *err)
{
    plan *plan = state->plan;
    size_t left = plan_at(plan, state->join->left)->output_count, count = plan_at(plan, state->root)->output_count;
    expr_id *exprs, choice[3];
    bp_status status;

    if ((status = exprs_of_outputs(&exprs, plan, state->join->left, count, err)) ||
        (status = column_of(&choice[0], plan, marker, err)) ||
        (status = expr_is_null(&choice[0], &plan->exprs, choice[0], false, err)))
        return status;
    for (size_t i = 0; i < count; i++) {
        choice[1] = values[i];
        if ((status = column_of(&choice[2], plan, names[i], err)) ||
            (status = expr_case(&exprs[left + i], &plan->exprs, choice, 3, err)))
            return status;
    }
    if ((status = plan_project(node, plan, *node, exprs, NULL, left + count, err))) return status;
    if (left) memcpy(plan_at(plan, *node)->outputs, plan_at(plan, state->join->left)->outputs, left * sizeof(column_id));
    if (count) memcpy(plan_at(plan, *node)->outputs + left, plan_at(plan, state->root)->outputs, count * sizeof(column_id));
    return BP_OK;
}

/* the join ------------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status join_conditions(const hoisting *state, const hoisted *right, expr_id **out, bp_error *err)
{
    expr_pool *pool = &state->plan->exprs;
    const dependence *join = state->join;
    bp_status status = BP_OK;

    *out = arena_new_array(&state->plan->arena, expr_id, join->conjunct_count + right->count);
    if (!*out) return no_memory(state, err);
    for (size_t i = 0; i < right->count && !status; i++) {
        const waiting *condition = &right->waiting[i];
        if (condition->own)
            status = expr_compare(&(*out)[i], pool, COMPARE_EQUAL, condition->outer, condition->own, err);
        else
            (*out)[i] = condition->other ? condition->other : condition->outer;
    }
    if (join->conjunct_count) memcpy(*out + right->count, join->conjuncts, join->conjunct_count * sizeof **out);
    return status;
}

/* An aggregate without groups has a row for each left row, also where nothing has joined. */
static bp_status join_whole(const hoisting *state, hoisted *right, plan_id *out, bp_error *err)
{
    const dependence *join = state->join;
    size_t count = plan_at(state->plan, state->root)->output_count;
    expr_id *conjuncts, *values = NULL;
    column_id *names = NULL, marker = 0;
    bool fill;
    bp_status status;

    if ((status = values_of_nothing(state, &values, err))) return status;
    fill = !all_null(state->plan, values, count);
    if (fill && (status = mark_rows(state, &right->node, &names, &marker, err))) return status;
    if ((status = join_conditions(state, right, &conjuncts, err))) return status;
    if ((status = join_now(out, join, join->kind == JOIN_SINGLE ? JOIN_SINGLE : JOIN_LEFT, join->left, right->node, conjuncts,
                           right->count, err)))
        return status;
    if (fill && (status = fill_in(state, out, values, names, marker, err))) return status;
    return join->conjunct_count ? plan_filter_by(out, state->plan, *out, join->conjuncts, join->conjunct_count, err) : BP_OK;
}

bp_status dependent_hoist(plan_id *out, dependence *join, bool *done, bp_error *err)
{
    plan *plan = join->plan;
    hoisting state = {.join = join, .plan = plan, .root = join->right};
    hoisted *right;
    expr_id *conjuncts;
    bp_status status;

    *done = false;
    if (join->kind == JOIN_EXISTS && !join->conjunct_count) state.root = without_trimmings(plan, join->right);
    if (join->kind != JOIN_EXISTS) state.whole = whole_aggregate(plan, join->right);
    if (state.whole && join->kind == JOIN_LEFT && join->conjunct_count) return BP_OK;
    state.made = arena_new_array(&plan->arena, hoisted, plan->node_count);
    if (!state.made) return no_memory(&state, err);
    for (size_t i = 0; i < join->count && !state.failed; i++) {
        hoisted made;
        if ((status = hoist_node(&state, join->order[i], &made, err))) return status;
        state.made[join->order[i]] = made;
        if (join->order[i] == state.root) break; /* what EXISTS does not ask for */
    }
    right = &state.made[state.root];
    if (state.failed || !right->count) return BP_OK;
    *done = true;
    if (state.whole) return join_whole(&state, right, out, err);
    if ((status = join_conditions(&state, right, &conjuncts, err))) return status;
    return join_now(out, join, join->kind, join->left, right->node, conjuncts, right->count + join->conjunct_count, err);
}
