/* BRANCHES: what every branch of an OR says stands outside it, where it can sink and join.
 *
 *   (a AND x) OR (a AND y)                  becomes   a AND (x OR y)
 *   (r1 AND s1) OR (r2 AND s2)              gets      (r1 OR r2) AND (s1 OR s2) beside it, where r's are about one input and s's about another
 *
 * The second kind is implied, so it only drops rows early. Conjuncts that can fail stay where they are: they might have been spared. */
#include "optimize.h"

typedef struct factoring {
    plan *plan;
    plan_id *makers; /* of each column: the lowest node that puts it out */
    expr_id *conjuncts; /* the result */
    size_t count, capacity;
} factoring;

/* A branch of the OR: its conjuncts; those taken out are 0. */
typedef struct branch {
    expr_id *conjuncts;
    size_t count;
} branch;

static bp_status add(factoring *state, expr_id conjunct, bp_error *err)
{
    if (state->count == state->capacity) {
        size_t capacity = state->capacity * 2 + 8;
        expr_id *larger = arena_new_array(&state->plan->arena, expr_id, capacity);
        if (!larger) return error_no_memory(err, state->plan->context->memory, capacity * sizeof *larger);
        if (state->count) memcpy(larger, state->conjuncts, state->count * sizeof *larger);
        state->conjuncts = larger;
        state->capacity = capacity;
    }
    state->conjuncts[state->count++] = conjunct;
    return BP_OK;
}

/* The one node whose columns the expression uses; 0: none, or several. */
typedef struct only_maker {
    const plan_id *makers;
    plan_id found;
    bool several;
} only_maker;

static bool look_at_maker(void *data, const expr_pool *pool, expr_id id)
{
    only_maker *search = data;
    const expr_node *node = expr_at(pool, id);

    if (node->kind != EXPR_COLUMN) return true;
    search->several |= search->found && search->found != search->makers[node->column];
    search->found = search->makers[node->column];
    return true;
}

static bp_status maker_of(const factoring *state, expr_id conjunct, plan_id *out, bp_error *err)
{
    only_maker search = {.makers = state->makers};
    bp_status status = expr_walk(&state->plan->exprs, conjunct, look_at_maker, &search, err);

    *out = search.several ? 0 : search.found;
    return status;
}

static bool may_move(const plan *plan, expr_id conjunct)
{
    const expr_node *node = expr_at(&plan->exprs, conjunct);

    return !node->can_fail && !node->is_volatile;
}

static size_t place_of(const plan *plan, const branch *branch, expr_id conjunct)
{
    for (size_t i = 0; i < branch->count; i++)
        if (branch->conjuncts[i] && expr_equal(&plan->exprs, branch->conjuncts[i], conjunct)) return i;
    return SIZE_MAX;
}

static bp_status take_common(factoring *state, branch *branches, size_t count, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < branches[0].count; i++) {
        expr_id conjunct = branches[0].conjuncts[i];
        size_t in = 0;
        if (!may_move(state->plan, conjunct)) continue;
        while (in < count && place_of(state->plan, &branches[in], conjunct) != SIZE_MAX) in++;
        if (in < count) continue;
        if ((status = add(state, conjunct, err))) return status;
        for (size_t b = 0; b < count; b++) branches[b].conjuncts[place_of(state->plan, &branches[b], conjunct)] = 0;
    }
    return BP_OK;
}

/* The conjuncts of a branch that are left, or (maker) those of them that are about it, as one expression; 0: there are none. */
static bp_status join_branch(factoring *state, const branch *branch, plan_id maker, expr_id *out, bp_error *err)
{
    expr_id *kept = arena_new_array(&state->plan->arena, expr_id, branch->count);
    size_t count = 0;
    bp_status status;

    *out = 0;
    if (!kept) return error_no_memory(err, state->plan->context->memory, branch->count * sizeof *kept);
    for (size_t i = 0; i < branch->count; i++) {
        plan_id of = 0;
        if (!branch->conjuncts[i]) continue;
        if (maker && (status = maker_of(state, branch->conjuncts[i], &of, err))) return status;
        if (!maker || (of == maker && may_move(state->plan, branch->conjuncts[i]))) kept[count++] = branch->conjuncts[i];
    }
    if (count == 1) *out = kept[0];
    return count > 1 ? expr_and(out, &state->plan->exprs, kept, count, err) : BP_OK;
}

/* OR over the branches; *out is 0 when one has nothing to say. */
static bp_status join_branches(factoring *state, const branch *branches, size_t count, plan_id maker, expr_id *out, bp_error *err)
{
    expr_id *parts = arena_new_array(&state->plan->arena, expr_id, count);
    bp_status status;

    *out = 0;
    if (!parts) return error_no_memory(err, state->plan->context->memory, count * sizeof *parts);
    for (size_t b = 0; b < count; b++)
        if ((status = join_branch(state, &branches[b], maker, &parts[b], err)) || !parts[b]) return status;
    return expr_or(out, &state->plan->exprs, parts, count, err);
}

static bp_status add_implied(factoring *state, const branch *branches, size_t count, bp_error *err)
{
    expr_id implied;
    bp_status status;

    for (size_t i = 0; i < branches[0].count; i++) {
        plan_id maker = 0, earlier = 0;
        bool seen = false;
        if (!branches[0].conjuncts[i]) continue;
        if ((status = maker_of(state, branches[0].conjuncts[i], &maker, err))) return status;
        for (size_t j = 0; j < i && !seen; j++) {
            if (!branches[0].conjuncts[j]) continue;
            if ((status = maker_of(state, branches[0].conjuncts[j], &earlier, err))) return status;
            seen = earlier == maker;
        }
        if (!maker || seen) continue;
        if ((status = join_branches(state, branches, count, maker, &implied, err))) return status;
        if (implied && (status = add(state, implied, err))) return status;
    }
    return BP_OK;
}

static bp_status factor_or(factoring *state, expr_id conjunct, bp_error *err)
{
    plan *plan = state->plan;
    size_t count = expr_at(&plan->exprs, conjunct)->child_count;
    branch *branches = arena_new_array(&plan->arena, branch, count);
    plan_id maker;
    expr_id rest;
    bp_status status;

    if (!branches) return error_no_memory(err, plan->context->memory, count * sizeof *branches);
    for (size_t b = 0; b < count; b++)
        if ((status = plan_conjuncts(plan, expr_child(&plan->exprs, conjunct, b), &branches[b].conjuncts, &branches[b].count, err)))
            return status;
    if ((status = take_common(state, branches, count, err))) return status;
    if ((status = join_branches(state, branches, count, 0, &rest, err)) || !rest) return status; /* a branch has no more to say */
    if ((status = maker_of(state, rest, &maker, err))) return status;
    if (!maker && (status = add_implied(state, branches, count, err))) return status;
    return add(state, rest, err);
}

static bp_status factor_all(factoring *state, expr_id **conjuncts, size_t *count, bp_error *err)
{
    bp_status status;
    bool any = false;

    for (size_t i = 0; i < *count; i++) any |= expr_at(&state->plan->exprs, (*conjuncts)[i])->kind == EXPR_OR;
    if (!any) return BP_OK;
    state->conjuncts = NULL;
    state->count = state->capacity = 0;
    for (size_t i = 0; i < *count; i++) {
        expr_id conjunct = (*conjuncts)[i];
        bool is_or = expr_at(&state->plan->exprs, conjunct)->kind == EXPR_OR;
        if ((status = is_or ? factor_or(state, conjunct, err) : add(state, conjunct, err))) return status;
    }
    *conjuncts = state->conjuncts;
    *count = state->count;
    return BP_OK;
}

bp_status optimize_branches(plan *plan, bp_error *err)
{
    factoring state = {.plan = plan};
    plan_id *order;
    size_t count;
    bp_status status = plan_post_order(plan, &order, &count, err);

    if (status) return status;
    state.makers = arena_allocate_zeroed(&plan->arena, plan->column_count * sizeof *state.makers);
    if (!state.makers && plan->column_count)
        return error_no_memory(err, plan->context->memory, plan->column_count * sizeof(plan_id));
    for (size_t i = 0; i < count; i++) {
        const plan_node *node = plan_at(plan, order[i]);
        for (size_t o = 0; o < node->output_count; o++)
            if (!state.makers[node->outputs[o]]) state.makers[node->outputs[o]] = order[i];
    }
    for (size_t i = 0; i < count && !status; i++) {
        plan_node *node = plan_at(plan, order[i]);
        if (node->kind == PLAN_FILTER)
            status = factor_all(&state, &node->filter.conjuncts, &node->filter.conjunct_count, err);
        else if (node->kind == PLAN_JOIN && node->join.kind == JOIN_INNER)
            status = factor_all(&state, &node->join.residual, &node->join.residual_count, err);
    }
    return status;
}
