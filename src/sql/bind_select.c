/* SELECT: FROM, WHERE, GROUP BY, the items, HAVING, DISTINCT and the ORDER BY that belongs to it.
 *
 * Items, HAVING and ORDER BY are bound over FROM's columns first; each aggregate call in them becomes a column id of the AGGREGATE node to come. Then what equals
 * a GROUP BY expression is replaced by that group's column, and a column of FROM that is left over is the well-known error. */
#include "binder.h"

typedef struct order_item {
    sort_key key;
    size_t item; /* SIZE_MAX: not one of the items */
} order_item;

typedef struct select_state {
    binder *binder;
    syntax_id select;
    scope scope;
    plan_id node;
    select_item *items;
    size_t count;
    expr_id *exprs;
    alias *aliases;
    expr_id *groups;
    size_t group_count;
    bool grouped;
    expr_id having;
    order_item *order;
    size_t order_count;
    expr_id *on; /* DISTINCT ON */
    size_t on_count;
    aggregates aggregates;
    late_joins late;
    unnests unnests;
} select_state;

static bp_status no_memory(const select_state *state, bp_error *err)
{
    return error_no_memory(err, state->binder->context->memory, 4096);
}

static const syntax_id *list_of(const binder *binder, syntax_id list, size_t *count)
{
    *count = list ? syntax_at(binder->tree, list)->count : 0;
    return list ? syntax_children(binder->tree, list) : NULL;
}

static expression_context context_for(select_state *state, const char *clause, bool aggregates)
{
    return (expression_context){.scope = &state->scope,
                                .outer = state->binder->outer,
                                .clause = clause,
                                .aliases = state->aliases,
                                .alias_count = state->count,
                                .aggregates = aggregates ? &state->aggregates : NULL,
                                .input = &state->node,
                                .late = aggregates ? &state->late : NULL};
}

/* clauses below the aggregation ------------------------------------------------------------------------------------------------------------ */
static bp_status bind_where(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    syntax_id where = syntax_child(binder->tree, state->select, SLOT_SELECT_WHERE);
    expression_context context = context_for(state, "WHERE", false);
    expr_id condition, *conjuncts = NULL;
    size_t count = 0;
    bp_status status;

    if (!where) return BP_OK;
    if ((status = bind_expression(&condition, binder, &context, where, err))) return status;
    if (expr_type(&binder->plan->exprs, condition).id != TYPE_BOOLEAN &&
        (status = expr_cast_implicit(&condition, &binder->plan->exprs, condition, type_of(TYPE_BOOLEAN), err)))
        return status;
    if ((status = plan_conjuncts(binder->plan, condition, &conjuncts, &count, err))) return status;
    return plan_filter_by(&state->node, binder->plan, state->node, conjuncts, count, err);
}

/* `1`, `2`: the place of an item; SIZE_MAX: not a number. */
static bp_status item_place(const select_state *state, syntax_id node, const char *clause, size_t *out, bp_error *err)
{
    const syntax_node *syntax = syntax_at(state->binder->tree, node);
    size_t place = 0;

    *out = SIZE_MAX;
    if (syntax->kind != SYNTAX_NUMBER || syntax->option != NUMBER_INTEGER) return BP_OK;
    for (size_t i = 0; i < syntax->text.size && place <= LIMIT_COLUMNS; i++)
        place = place * 10 + (size_t)(syntax->text.data[i] - '0');
    if (place < 1 || place > state->count)
        return error_set_at(err, BP_BIND_ERROR, syntax->begin, "%s %.*s: SELECT has the items 1 to %zu", clause,
                            STRING_ARGUMENTS(syntax->text), state->count);
    *out = place - 1;
    return BP_OK;
}

static bp_status bind_item(select_state *state, size_t index, bool aggregates, expr_id *out, bp_error *err)
{
    expression_context context = context_for(state, aggregates ? "SELECT" : "GROUP BY", aggregates);
    const select_item *item = &state->items[index];

    if (item->expr) {
        *out = item->expr;
        return BP_OK;
    }
    if (!item->node) return column_expr(out, state->binder, item->column.id, err);
    context.unnests = &state->unnests;
    context.unnest_below = !aggregates || syntax_has(state->binder->tree, state->select, SYNTAX_FLAG_GROUP_ALL);
    return bind_expression(out, state->binder, &context, item->node, err);
}

static bp_status bind_group(select_state *state, syntax_id node, expr_id *out, bp_error *err)
{
    expression_context context = context_for(state, "GROUP BY", false);
    size_t place;
    bp_status status;

    context.unnests = &state->unnests;
    context.unnest_below = true;
    if ((status = item_place(state, node, "GROUP BY", &place, err))) return status;
    return place == SIZE_MAX ? bind_expression(out, state->binder, &context, node, err) : bind_item(state, place, false, out, err);
}

static bp_status bind_groups(select_state *state, bp_error *err)
{
    size_t count;
    const syntax_id *nodes = list_of(state->binder, syntax_child(state->binder->tree, state->select, SLOT_SELECT_GROUP), &count);
    bp_status status = BP_OK;

    state->groups = arena_new_array(state->binder->arena, expr_id, count + state->count);
    if (!state->groups) return no_memory(state, err);
    for (size_t i = 0; i < count && !status; i++) {
        if (syntax_kind_of(state->binder->tree, nodes[i]) == SYNTAX_ROW && syntax_at(state->binder->tree, nodes[i])->count == 0)
            continue; /* () */
        status = bind_group(state, nodes[i], &state->groups[state->group_count++], err);
    }
    state->grouped = count > 0 || syntax_has(state->binder->tree, state->select, SYNTAX_FLAG_GROUP_ALL);
    return status;
}

/* items ---------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status note_aliases(select_state *state, bp_error *err)
{
    state->aliases = arena_new_array(state->binder->arena, alias, state->count);
    state->exprs = arena_new_array(state->binder->arena, expr_id, state->count);
    if (!state->aliases || !state->exprs) return no_memory(state, err);
    for (size_t i = 0; i < state->count; i++)
        state->aliases[i] = (alias){.name = state->items[i].name, .item = state->items[i].node};
    return BP_OK;
}

/* unnest(struct) becomes an item a field. */
static bp_status expand_structs(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    expression_context context = context_for(state, "SELECT", true);
    bp_status status;

    context.unnests = &state->unnests;
    for (size_t i = 0; i < state->count; i++) {
        select_item *items;
        expr_id value;
        size_t fields;
        bool found = false;
        if (!state->items[i].node) continue;
        if ((status = struct_of_unnest(&value, binder, &context, state->items[i].node, &found, err))) return status;
        if (!found) continue;
        fields = expr_type(&binder->plan->exprs, value).detail->child_count;
        items = arena_new_array(binder->arena, select_item, state->count + fields);
        if (!items) return no_memory(state, err);
        memcpy(items, state->items, i * sizeof *items);
        for (size_t j = 0; j < fields; j++)
            if ((status = struct_item(&items[i + j], binder, value, j, err))) return status;
        memcpy(items + i + fields, state->items + i + 1, (state->count - i - 1) * sizeof *items);
        state->items = items;
        state->count += fields - 1;
        i += fields - 1;
    }
    return BP_OK;
}

static bp_status bind_items(select_state *state, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < state->count && !status; i++) {
        state->aliases[i].being_bound = true; /* SELECT a + 1 AS a: a is FROM's */
        status = bind_item(state, i, true, &state->exprs[i], err);
        state->aliases[i].being_bound = false;
    }
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
    bool found;
} aggregate_search;

static bool look_for_aggregate(void *data, const expr_pool *pool, expr_id id)
{
    aggregate_search *search = data;

    search->found |= is_aggregate_column(search->state, expr_at(pool, id));
    return !search->found;
}

/* GROUP BY ALL: every item without an aggregate. */
static bp_status group_by_all(select_state *state, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < state->count; i++) {
        aggregate_search search = {.state = state};
        if ((status = expr_walk(&state->binder->plan->exprs, state->exprs[i], look_for_aggregate, &search, err))) return status;
        if (!search.found) state->groups[state->group_count++] = state->exprs[i];
    }
    return BP_OK;
}

static bp_status bind_having(select_state *state, bp_error *err)
{
    expression_context context = context_for(state, "HAVING", true);
    syntax_id having = syntax_child(state->binder->tree, state->select, SLOT_SELECT_HAVING);
    bp_status status;

    if (!having) return BP_OK;
    state->grouped = true;
    if ((status = bind_expression(&state->having, state->binder, &context, having, err))) return status;
    return expr_cast_implicit(&state->having, &state->binder->plan->exprs, state->having, type_of(TYPE_BOOLEAN), err);
}

/* order ------------------------------------------------------------------------------------------------------------------------------------------ */
static size_t item_of(const select_state *state, expr_id expr)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->exprs[i] == expr || expr_equal(&state->binder->plan->exprs, state->exprs[i], expr)) return i;
    return SIZE_MAX;
}

static bp_status bind_order_key(select_state *state, syntax_id node, order_item *out, bp_error *err)
{
    expression_context context = context_for(state, "ORDER BY", true);
    syntax_id key = syntax_child(state->binder->tree, node, 0);
    bp_status status;

    context.aliases_first = true;
    context.unnests = &state->unnests;
    order_flags(state->binder, node, &out->key);
    if ((status = item_place(state, key, "ORDER BY", &out->item, err))) return status;
    for (size_t i = 0; i < state->count && out->item == SIZE_MAX; i++) /* an item's name, also of a column as it is */
        if (syntax_kind_of(state->binder->tree, key) == SYNTAX_COLUMN &&
            string_equal_nocase(state->items[i].name, syntax_at(state->binder->tree, key)->text))
            out->item = i;
    if (out->item != SIZE_MAX) {
        out->key.expr = state->exprs[out->item];
        return BP_OK;
    }
    if ((status = bind_expression(&out->key.expr, state->binder, &context, key, err))) return status;
    out->item = item_of(state, out->key.expr);
    return BP_OK;
}

static bp_status bind_order(select_state *state, syntax_id order, bp_error *err)
{
    size_t count;
    const syntax_id *keys = list_of(state->binder, order, &count);
    bp_status status = BP_OK;

    state->order = arena_new_array(state->binder->arena, order_item, count + state->count);
    if (!state->order) return no_memory(state, err);
    for (size_t i = 0; i < count && !status; i++) {
        if (!syntax_has(state->binder->tree, keys[i], SYNTAX_FLAG_ALL)) {
            status = bind_order_key(state, keys[i], &state->order[state->order_count++], err);
            continue;
        }
        for (size_t item = 0; item < state->count; item++) {
            order_item *all = &state->order[state->order_count++];
            order_flags(state->binder, keys[i], &all->key);
            all->item = item;
            all->key.expr = state->exprs[item];
        }
    }
    return status;
}

static bp_status bind_distinct_on(select_state *state, bp_error *err)
{
    size_t count;
    const syntax_id *nodes =
        list_of(state->binder, syntax_child(state->binder->tree, state->select, SLOT_SELECT_DISTINCT_ON), &count);
    bp_status status = BP_OK;

    state->on = arena_new_array(state->binder->arena, expr_id, count);
    if (!state->on) return no_memory(state, err);
    for (size_t i = 0; i < count && !status; i++) {
        expression_context context = context_for(state, "DISTINCT ON", true);
        size_t place;
        if ((status = item_place(state, nodes[i], "DISTINCT ON", &place, err))) return status;
        if (place != SIZE_MAX)
            state->on[i] = state->exprs[place];
        else
            status = bind_expression(&state->on[i], state->binder, &context, nodes[i], err);
    }
    state->on_count = count;
    return status;
}

/* aggregation -------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct group_replacement {
    select_state *state;
    const column_id *outputs;
} group_replacement;

static bp_status replace_group(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    group_replacement *replacement = data;
    select_state *state = replacement->state;

    if (is_aggregate_column(state, expr_at(pool, *id))) return BP_OK;
    for (size_t i = 0; i < state->group_count; i++) {
        if (expr_is_constant(pool, state->groups[i]) || !expr_equal(pool, *id, state->groups[i])) continue;
        pool->position = expr_at(pool, *id)->position;
        return column_expr(id, state->binder, replacement->outputs[i], err);
    }
    return BP_OK;
}

typedef struct leftover_search {
    const uint64_t *below;
    const expr_node *found;
} leftover_search;

static bool look_for_leftover(void *data, const expr_pool *pool, expr_id id)
{
    leftover_search *search = data;
    const expr_node *node = expr_at(pool, id);

    if (node->kind == EXPR_COLUMN && bitmap_get(search->below, node->column)) search->found = node;
    return search->found == NULL;
}

static bp_status above_groups(group_replacement *replacement, const uint64_t *below, expr_id *expr, bp_error *err)
{
    select_state *state = replacement->state;
    leftover_search search = {.below = below};
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

static bp_status aggregate(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    plan_id below = state->node;
    uint64_t *below_bits = arena_new_array(binder->arena, uint64_t, bitmap_words(binder->plan->column_count));
    group_replacement replacement = {.state = state};
    plan_node *made;
    bp_status status;

    if (!below_bits) return no_memory(state, err);
    if ((status = plan_aggregate(&state->node, binder->plan, below, state->groups, state->group_count, state->aggregates.calls,
                                 state->aggregates.count, err)))
        return status;
    made = plan_at(binder->plan, state->node);
    for (size_t i = 0; i < state->aggregates.count; i++) made->outputs[state->group_count + i] = state->aggregates.ids[i];
    replacement.outputs = made->outputs;
    for (size_t i = 0; i < plan_at(binder->plan, below)->output_count; i++)
        bitmap_set(below_bits, plan_at(binder->plan, below)->outputs[i]);
    for (size_t i = 0; i < state->count; i++)
        if ((status = above_groups(&replacement, below_bits, &state->exprs[i], err))) return status;
    for (size_t i = 0; i < state->order_count; i++)
        if ((status = above_groups(&replacement, below_bits, &state->order[i].key.expr, err))) return status;
    for (size_t i = 0; i < state->on_count; i++)
        if ((status = above_groups(&replacement, below_bits, &state->on[i], err))) return status;
    for (size_t i = 0; i < state->unnests.count; i++)
        if (!state->unnests.calls[i].below && (status = above_groups(&replacement, below_bits, &state->unnests.calls[i].list, err)))
            return status;
    for (size_t i = 0; i < state->late.count; i++)
        if ((status = above_groups(&replacement, below_bits, &state->late.items[i].conjunct, err))) return status;
    return above_groups(&replacement, below_bits, &state->having, err);
}

static bp_status apply_late_joins(select_state *state, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < state->late.count && !status; i++)
        status = late_join_apply(&state->node, state->binder, &state->late.items[i], err);
    return status;
}

static bp_status filter_having(select_state *state, bp_error *err)
{
    expr_id *conjuncts = NULL;
    size_t count = 0;
    bp_status status;

    if (!state->having) return BP_OK;
    if ((status = plan_conjuncts(state->binder->plan, state->having, &conjuncts, &count, err))) return status;
    return plan_filter_by(&state->node, state->binder->plan, state->node, conjuncts, count, err);
}

/* the output ------------------------------------------------------------------------------------------------------------------------------------------ */
static bp_status project(select_state *state, bool *hidden, bp_error *err)
{
    binder *binder = state->binder;
    size_t total = state->count;
    expr_id *exprs = arena_new_array(binder->arena, expr_id, state->count + state->order_count + state->on_count);
    string_view *names = arena_new_array(binder->arena, string_view, state->count + state->order_count + state->on_count);

    if (!exprs || !names) return no_memory(state, err);
    for (size_t i = 0; i < state->count; i++) {
        exprs[i] = state->exprs[i];
        names[i] = state->items[i].name;
    }
    for (size_t i = 0; i < state->order_count; i++) {
        if (state->order[i].item != SIZE_MAX) continue;
        if (syntax_has(binder->tree, state->select, SYNTAX_FLAG_DISTINCT) && !state->on_count)
            return error_set(err, BP_BIND_ERROR, "with SELECT DISTINCT, ORDER BY can only use what SELECT lists");
        state->order[i].item = total;
        exprs[total++] = state->order[i].key.expr;
    }
    *hidden = total > state->count;
    for (size_t i = 0; i < state->on_count; i++) {
        size_t item = item_of(state, state->on[i]);
        if (item == SIZE_MAX) {
            item = total;
            exprs[total++] = state->on[i];
            *hidden = true;
        }
        state->on[i] = (expr_id)item; /* a place from here on */
    }
    return plan_project(&state->node, binder->plan, state->node, exprs, names, total, err);
}

static bp_status sort(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    sort_key *keys = arena_new_array(binder->arena, sort_key, state->order_count);
    bp_status status;

    if (!keys) return no_memory(state, err);
    for (size_t i = 0; i < state->order_count; i++) {
        keys[i] = state->order[i].key;
        if ((status = column_expr(&keys[i].expr, binder, plan_at(binder->plan, state->node)->outputs[state->order[i].item], err)))
            return status;
    }
    return state->order_count ? plan_sort(&state->node, binder->plan, state->node, keys, state->order_count, err) : BP_OK;
}

static bp_status distinct(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    bp_status status;

    for (size_t i = 0; i < state->on_count; i++)
        if ((status = column_expr(&state->on[i], binder, plan_at(binder->plan, state->node)->outputs[state->on[i]], err)))
            return status;
    return plan_distinct(&state->node, binder->plan, state->node, state->on, state->on_count, NULL, 0, err);
}

static bp_status drop_hidden(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    string_view *names = arena_new_array(binder->arena, string_view, state->count);
    bp_status status;

    if (!names) return no_memory(state, err);
    for (size_t i = 0; i < state->count; i++) {
        names[i] = state->items[i].name;
        if ((status = column_expr(&state->exprs[i], binder, plan_at(binder->plan, state->node)->outputs[i], err))) return status;
    }
    return plan_project(&state->node, binder->plan, state->node, state->exprs, names, state->count, err);
}

static bp_status put_out(select_state *state, bp_error *err)
{
    bool hidden = false;
    bp_status status;

    if ((status = project(state, &hidden, err))) return status;
    if (state->on_count) {
        if ((status = sort(state, err)) || (status = distinct(state, err))) return status;
    } else if (syntax_has(state->binder->tree, state->select, SYNTAX_FLAG_DISTINCT)) {
        if ((status = distinct(state, err))) return status;
    }
    if ((status = sort(state, err))) return status;
    return hidden ? drop_hidden(state, err) : BP_OK;
}

static bp_status refuse_what_is_not_there(const select_state *state, bp_error *err)
{
    const binder *binder = state->binder;
    syntax_id sample = syntax_child(binder->tree, state->select, SLOT_SELECT_SAMPLE),
              qualify = syntax_child(binder->tree, state->select, SLOT_SELECT_QUALIFY);

    if (sample) return not_yet(binder, sample, "USING SAMPLE", err);
    if (qualify) return not_yet(binder, qualify, "QUALIFY", err);
    return BP_OK;
}

bp_status bind_select(relation *out, binder *binder, syntax_id select, syntax_id order, bp_error *err)
{
    select_state state = {.binder = binder, .select = select};
    bp_status status;

    if ((status = refuse_what_is_not_there(&state, err))) return status;
    if ((status = bind_from(&state.node, &state.scope, binder, syntax_child(binder->tree, select, SLOT_SELECT_FROM), err)))
        return status;
    if ((status = expand_items(&state.items, &state.count, binder, &state.scope,
                               syntax_child(binder->tree, select, SLOT_SELECT_ITEMS), err)))
        return status;
    if ((status = expand_structs(&state, err)) || (status = note_aliases(&state, err))) return status;
    if ((status = bind_where(&state, err)) || (status = bind_groups(&state, err)) || (status = bind_items(&state, err)))
        return status;
    if (syntax_has(binder->tree, select, SYNTAX_FLAG_GROUP_ALL) && (status = group_by_all(&state, err))) return status;
    if ((status = bind_having(&state, err)) || (status = bind_distinct_on(&state, err)) ||
        (status = bind_order(&state, order, err)))
        return status;
    if ((status = unnests_apply(&state.node, binder, &state.unnests, true, err))) return status;
    if ((state.grouped || state.aggregates.count) && (status = aggregate(&state, err))) return status;
    if ((status = apply_late_joins(&state, err)) || (status = filter_having(&state, err))) return status;
    if ((status = unnests_apply(&state.node, binder, &state.unnests, false, err)) || (status = put_out(&state, err))) return status;
    out->node = state.node;
    out->count = state.count;
    out->names = arena_new_array(binder->arena, string_view, state.count);
    if (!out->names) return no_memory(&state, err);
    for (size_t i = 0; i < state.count; i++) out->names[i] = state.items[i].name;
    return BP_OK;
}
