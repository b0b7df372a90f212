/* GROUP BY: its expressions, grouping sets, GROUP BY ALL, and how items, HAVING and ORDER BY come to stand above the AGGREGATE node. */
#include "bind_select.h"

/* groups ----------------------------------------------------------------------------------------------------------------------------------------- */
/* The item that a bare name in GROUP BY means, which is no column of FROM; SIZE_MAX: none. */
static bp_status item_of_alias(const select_state *state, syntax_id node, size_t *out, bp_error *err)
{
    const syntax_node *syntax = syntax_at(state->binder->tree, node);
    const scope_column *column;
    bp_status status;

    *out = SIZE_MAX;
    if (syntax->kind != SYNTAX_COLUMN) return BP_OK;
    if ((status = scope_find(&column, &state->scope, (string_view){0}, syntax->text, syntax->begin, err)) || column) return status;
    for (size_t i = 0; i < state->count && *out == SIZE_MAX; i++)
        if (state->aliases[i].item && string_equal_nocase(state->aliases[i].name, syntax->text)) *out = i;
    return BP_OK;
}

static bp_status bind_group(select_state *state, syntax_id node, expr_id *out, bp_error *err)
{
    expression_context context = select_context(state, "GROUP BY", false);
    size_t place;
    bp_status status;

    context.unnests = &state->unnests;
    context.unnest_below = true;
    if ((status = select_item_place(state, node, "GROUP BY", &place, err))) return status;
    if (place == SIZE_MAX && (status = item_of_alias(state, node, &place, err))) return status;
    if (place == SIZE_MAX) return bind_expression(out, state->binder, &context, node, err);
    if ((status = select_bind_item(state, place, false, out, err))) return status;
    state->grouped_items[place] = *out;
    return BP_OK;
}

/* One of several grouping sets: its expressions are groups, the others are NULL. */
static bp_status bind_set_groups(select_state *state, bp_error *err)
{
    const grouping_sets *sets = state->sets;
    bp_status status = BP_OK;

    state->groups = arena_new_array(state->binder->arena, expr_id, sets->count + 1);
    state->absent = arena_new_array(state->binder->arena, expr_id, sets->count + 1);
    if (!state->groups || !state->absent) return select_no_memory(state, err);
    for (size_t i = 0; i < sets->count && !status; i++)
        status = bind_group(
            state, sets->nodes[i],
            sets->masks[state->set] >> i & 1 ? &state->groups[state->group_count++] : &state->absent[state->absent_count++], err);
    state->grouped = true;
    return status;
}

bp_status select_bind_groups(select_state *state, bp_error *err)
{
    syntax_id list = syntax_child(state->binder->tree, state->select, SLOT_SELECT_GROUP);
    size_t count, total = state->count;
    const syntax_id *nodes = select_list_of(state->binder, list, &count);
    bp_status status = BP_OK;

    if (state->sets) return bind_set_groups(state, err);
    for (size_t i = 0; i < count; i++)
        total += syntax_kind_of(state->binder->tree, nodes[i]) == SYNTAX_ROW ? syntax_at(state->binder->tree, nodes[i])->count : 1;
    state->groups = arena_new_array(state->binder->arena, expr_id, total + 1);
    if (!state->groups) return select_no_memory(state, err);
    for (size_t i = 0; i < count && !status; i++) {
        bool row = syntax_kind_of(state->binder->tree, nodes[i]) == SYNTAX_ROW; /* (a, b) and () */
        for (size_t j = 0; j < (row ? syntax_at(state->binder->tree, nodes[i])->count : 1) && !status; j++)
            status = bind_group(state, row ? syntax_children(state->binder->tree, nodes[i])[j] : nodes[i],
                                &state->groups[state->group_count++], err);
    }
    state->grouped = count > 0 || syntax_has(state->binder->tree, state->select, SYNTAX_FLAG_GROUP_ALL);
    return status;
}

static bool is_aggregate_column(const select_state *state, const expr_node *node)
{
    for (size_t i = 0; i < state->aggregates.count; i++)
        if (node->kind == EXPR_COLUMN && node->column == state->aggregates.ids[i]) return true;
    return false;
}

typedef struct aggregate_search {
    const select_state *state;
    bool found, window;
} aggregate_search;

static bool look_for_aggregate(void *data, const expr_pool *pool, expr_id id)
{
    aggregate_search *search = data;

    search->found |= is_aggregate_column(search->state, expr_at(pool, id));
    search->window |= is_window_column(&search->state->windows, expr_at(pool, id));
    return !search->found;
}

/* An item with subqueries that turns out to be a group: they are joined below the aggregation instead of above it. */
static bp_status group_with_subqueries(select_state *state, size_t item, bp_error *err)
{
    for (size_t i = state->first_late[item]; i < state->first_late[item + 1]; i++) state->late.items[i].inner = 0;
    return select_bind_item(state, item, false, &state->exprs[item], err);
}

bp_status select_group_by_all(select_state *state, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < state->count; i++) {
        aggregate_search search = {.state = state};
        if ((status = expr_walk(&state->binder->plan->exprs, state->exprs[i], look_for_aggregate, &search, err))) return status;
        if (search.window)
            return error_set(err, BP_BIND_ERROR,
                             "GROUP BY ALL cannot group by a window function; use a subquery, or name the groups");
        if (search.found || (state->aggregates.count && expr_is_constant(&state->binder->plan->exprs, state->exprs[i]))) continue;
        if (state->first_late[i + 1] > state->first_late[i] && (status = group_with_subqueries(state, i, err))) return status;
        state->groups[state->group_count++] = state->exprs[i];
    }
    return BP_OK;
}

/* aggregation -------------------------------------------------------------------------------------------------------------------------------------- */
/* A group as it looks in an item of which smaller groups have been replaced already: the rewrite goes from the leaves up. */
typedef struct group_form {
    expr_id original, rewritten;
    column_id output;
    bool absent; /* NULL in this grouping set */
} group_form;

typedef struct group_replacement {
    select_state *state;
    group_form *forms; /* small expressions first */
    size_t count;
    size_t below_count; /* columns there were before the aggregation */
} group_replacement;

static bp_status replace_group(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    group_replacement *replacement = data;

    if (is_aggregate_column(replacement->state, expr_at(pool, *id))) return BP_OK;
    for (size_t i = 0; i < replacement->count; i++) {
        const group_form *form = &replacement->forms[i];
        if (!expr_equal(pool, *id, form->original) && !expr_equal(pool, *id, form->rewritten)) continue;
        pool->position = expr_at(pool, *id)->position;
        return form->absent ? expr_null(id, pool, expr_type(pool, form->original), err)
                            : column_expr(id, replacement->state->binder, form->output, err);
    }
    return BP_OK;
}

/* Constants are left where they stand, but for those that a grouping set makes NULL. */
static bool is_replaced(const expr_pool *pool, const group_form *form)
{
    return form->absent ? expr_at(pool, form->original)->kind != EXPR_LITERAL : !expr_is_constant(pool, form->original);
}

static bp_status prepare_groups(group_replacement *replacement, const column_id *outputs, bp_error *err)
{
    select_state *state = replacement->state;
    expr_pool *pool = &state->binder->plan->exprs;
    size_t total = state->group_count + state->absent_count, count = 0;
    group_form *forms = arena_new_array(state->binder->arena, group_form, total);
    bp_status status;

    if (!forms) return select_no_memory(state, err);
    for (size_t i = 0; i < total; i++) {
        bool absent = i >= state->group_count;
        group_form form = {.original = absent ? state->absent[i - state->group_count] : state->groups[i], .absent = absent};
        size_t place = count;
        if (!absent) form.output = outputs[i];
        if (!is_replaced(pool, &form)) continue;
        for (; place && expr_at(pool, forms[place - 1].original)->depth > expr_at(pool, form.original)->depth; place--)
            forms[place] = forms[place - 1];
        forms[place] = form;
        count++;
    }
    replacement->forms = forms;
    for (size_t i = 0; i < count; i++) {
        group_form *form = &forms[i];
        replacement->count = i;
        if ((status = expr_rewrite(&form->rewritten, pool, form->original, replace_group, replacement, err))) return status;
        if (expr_at(pool, form->rewritten)->kind == EXPR_COLUMN || expr_at(pool, form->rewritten)->kind == EXPR_LITERAL)
            form->rewritten = form->original; /* the same group twice */
    }
    replacement->count = count;
    return BP_OK;
}

typedef struct leftover_search {
    const uint64_t *below;
    size_t below_count; /* bits; columns that were made later are above */
    const expr_node *found;
} leftover_search;

static bool look_for_leftover(void *data, const expr_pool *pool, expr_id id)
{
    leftover_search *search = data;
    const expr_node *node = expr_at(pool, id);

    if (node->kind == EXPR_COLUMN && node->column < search->below_count && bitmap_get(search->below, node->column))
        search->found = node;
    return search->found == NULL;
}

static bp_status above_groups(group_replacement *replacement, const uint64_t *below, expr_id *expr, bp_error *err)
{
    select_state *state = replacement->state;
    leftover_search search = {.below = below, .below_count = replacement->below_count};
    string_view name;
    bp_status status;

    if (!*expr) return BP_OK;
    if ((status = expr_rewrite(expr, &state->binder->plan->exprs, *expr, replace_group, replacement, err))) return status;
    if ((status = expr_walk(&state->binder->plan->exprs, *expr, look_for_leftover, &search, err)) || !search.found) return status;
    name = state->binder->plan->columns[search.found->column].name;
    status = error_set(err, BP_BIND_ERROR,
                       "the column \"%.*s\" must stand in GROUP BY or inside an aggregate such as any_value(\"%.*s\")",
                       STRING_ARGUMENTS(name), STRING_ARGUMENTS(name));
    if (err && search.found->position != UINT32_MAX) err->position = search.found->position;
    return status;
}

/* A subquery above the aggregation sees groups, also where it names columns of the query around it. */
static bp_status join_above_groups(group_replacement *replacement, const uint64_t *below, late_join *join, bp_error *err)
{
    plan *plan = replacement->state->binder->plan;
    plan_id *order;
    size_t count;
    bp_status status;

    for (size_t i = 0; join->inner && i < join->conjunct_count; i++)
        if ((status = above_groups(replacement, below, &join->conjuncts[i], err))) return status;
    if (!join->inner || !join->dependent) return BP_OK;
    if ((status = plan_post_order_of(plan, join->inner, &order, &count, err))) return status;
    for (size_t i = 0; i < count; i++) {
        expr_id *slot;
        for (size_t j = 0; (slot = plan_expr_slot(plan_at(plan, order[i]), j)); j++) {
            expr_id expr = *slot;
            if ((status = above_groups(replacement, below, &expr, err))) return status;
            *plan_expr_slot(plan_at(plan, order[i]), j) = expr;
        }
    }
    return BP_OK;
}

bp_status select_aggregate(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    plan_id below = state->node;
    uint64_t *below_bits = arena_new_array(binder->arena, uint64_t, bitmap_words(binder->plan->column_count));
    group_replacement replacement = {.state = state, .below_count = binder->plan->column_count};
    plan_node *made;
    bp_status status;

    if (!below_bits) return select_no_memory(state, err);
    if ((status = plan_aggregate(&state->node, binder->plan, below, state->groups, state->group_count, state->aggregates.calls,
                                 state->aggregates.count, err)))
        return status;
    made = plan_at(binder->plan, state->node);
    for (size_t i = 0; i < state->aggregates.count; i++) made->outputs[state->group_count + i] = state->aggregates.ids[i];
    if ((status = prepare_groups(&replacement, made->outputs, err))) return status;
    for (size_t i = 0; i < plan_at(binder->plan, below)->output_count; i++)
        bitmap_set(below_bits, plan_at(binder->plan, below)->outputs[i]);
    for (size_t i = 0; i < state->count; i++)
        if ((status = above_groups(&replacement, below_bits, &state->exprs[i], err))) return status;
    for (size_t i = 0; i < state->order_count; i++)
        if ((status = above_groups(&replacement, below_bits, &state->order[i].key.expr, err))) return status;
    for (size_t i = 0; i < state->on_count; i++)
        if ((status = above_groups(&replacement, below_bits, &state->on[i], err))) return status;
    for (size_t i = 0; i < state->windows.count; i++)
        if ((status = above_groups(&replacement, below_bits, &state->windows.calls[i], err))) return status;
    if ((status = above_groups(&replacement, below_bits, &state->qualify, err))) return status;
    for (size_t i = 0; i < state->unnests.count; i++)
        if (!state->unnests.calls[i].below && (status = above_groups(&replacement, below_bits, &state->unnests.calls[i].list, err)))
            return status;
    for (size_t i = 0; i < state->late.count; i++)
        if ((status = join_above_groups(&replacement, below_bits, &state->late.items[i], err))) return status;
    return above_groups(&replacement, below_bits, &state->having, err);
}
