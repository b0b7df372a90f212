/* SELECT: FROM, WHERE, GROUP BY, the items, HAVING, DISTINCT and the ORDER BY that belongs to it.
 *
 * Items, HAVING and ORDER BY are bound over FROM's columns first; each aggregate call in them becomes a column id of the AGGREGATE node to come. Then what equals
 * a GROUP BY expression is replaced by that group's column, and a column of FROM that is left over is the well-known error. */
#include "bind_select_internal.h"

bp_status select_no_memory(const select_state *state, bp_error *err)
{
    return error_no_memory(err, state->binder->context->memory, 4096);
}

static const syntax_id *list_of(const binder *binder, syntax_id list, size_t *count)
{
    *count = list ? syntax_at(binder->tree, list)->count : 0;
    return list ? syntax_children(binder->tree, list) : NULL;
}

/* NULL without GROUP BY. */
static const grouping_context *grouping_of(select_state *state)
{
    state->grouping = (grouping_context){state->groups, state->absent, state->group_count, state->absent_count};
    return state->grouped ? &state->grouping : NULL;
}

static expression_context context_for(select_state *state, const char *clause, bool aggregates)
{
    return (expression_context){.scope = &state->scope,
                                .outer = state->binder->outer,
                                .clause = clause,
                                .aliases = state->aliases,
                                .alias_count = state->count,
                                .aggregates = aggregates ? &state->aggregates : NULL,
                                .windows = aggregates ? &state->windows : NULL,
                                .grouping = aggregates ? grouping_of(state) : NULL,
                                .input = &state->node,
                                .late = aggregates ? &state->late : NULL};
}

static expression_context condition_for(select_state *state, const char *clause, bool aggregates)
{
    expression_context context = context_for(state, clause, aggregates);

    context.is_condition = true;
    return context;
}

/* clauses below the aggregation ------------------------------------------------------------------------------------------------------------ */
/* WHERE COLUMNS(…) …: it must hold for each of the columns. */
static bp_status bind_repeated_where(select_state *state, expression_context *context, syntax_id where, syntax_id columns,
                                     expr_id *out, bp_error *err)
{
    binder *binder = state->binder;
    select_item *items;
    expr_id *parts;
    size_t count;
    bp_status status;

    if ((status = columns_meant(&items, &count, binder, &state->scope, columns, err))) return status;
    parts = arena_new_array(binder->arena, expr_id, count);
    if (!parts) return select_no_memory(state, err);
    for (size_t i = 0; i < count; i++) {
        context->chosen = &items[i].column;
        if ((status = bind_expression(&parts[i], binder, context, where, err))) return status;
    }
    return expr_and(out, &binder->plan->exprs, parts, count, err);
}

/* Conditions without a subquery that cannot fail come first, so that subqueries meet the rows that are left. Columns from `first_new` on are made by subqueries. */
static bp_status filter_before_subqueries(select_state *state, size_t first_new, expr_id *conjuncts, size_t *count, bp_error *err)
{
    plan *plan = state->binder->plan;
    uint64_t *used = arena_new_array(state->binder->arena, uint64_t, bitmap_words(plan->column_count) + 1);
    expr_id *first = arena_new_array(state->binder->arena, expr_id, *count);
    size_t first_count = 0, kept = 0;
    bp_status status;

    if (!used || !first) return select_no_memory(state, err);
    for (size_t i = 0; i < *count; i++) {
        const expr_node *node = expr_at(&plan->exprs, conjuncts[i]);
        bool waits = node->can_fail || node->is_volatile;
        memset(used, 0, bitmap_words(plan->column_count) * sizeof *used);
        if ((status = plan_expr_columns(plan, conjuncts[i], used, err))) return status;
        for (size_t id = first_new; id < plan->column_count && !waits; id++) waits = bitmap_get(used, id);
        if (waits)
            conjuncts[kept++] = conjuncts[i];
        else
            first[first_count++] = conjuncts[i];
    }
    *count = kept;
    return first_count ? plan_filter_by(&state->node, plan, state->node, first, first_count, err) : BP_OK;
}

static bp_status apply_joins(select_state *state, const late_joins *joins, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < joins->count && !status; i++)
        if (joins->items[i].inner) status = late_join_apply(&state->node, state->binder, &joins->items[i], err);
    return status;
}

static NO_INLINE bp_status bind_where(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    syntax_id where = syntax_child(binder->tree, state->select, SLOT_SELECT_WHERE);
    expression_context context = condition_for(state, "WHERE", false);
    expr_id condition, *conjuncts = NULL;
    size_t count = 0, first_new = binder->plan->column_count;
    late_joins subqueries = {0};
    syntax_id columns;
    bp_status status;

    if (!where) return BP_OK;
    context.late = &subqueries;
    if ((status = find_columns_node(&columns, binder, where, err))) return status;
    status = columns ? bind_repeated_where(state, &context, where, columns, &condition, err)
                     : bind_expression(&condition, binder, &context, where, err);
    if (status) return status;
    if (expr_type(&binder->plan->exprs, condition).id != TYPE_BOOLEAN &&
        (status = expr_cast_implicit(&condition, &binder->plan->exprs, condition, type_of(TYPE_BOOLEAN), err)))
        return status;
    if ((status = plan_conjuncts(binder->plan, condition, &conjuncts, &count, err))) return status;
    if (subqueries.count && (status = filter_before_subqueries(state, first_new, conjuncts, &count, err))) return status;
    if ((status = apply_joins(state, &subqueries, err))) return status;
    return count ? plan_filter_by(&state->node, binder->plan, state->node, conjuncts, count, err) : BP_OK;
}

/* `1`, `2`: the place of an item; SIZE_MAX: not a number. */
static bp_status item_place(const select_state *state, syntax_id node, const char *clause, size_t *out, bp_error *err)
{
    const syntax_node *syntax = syntax_at(state->binder->tree, node);
    size_t place;

    *out = SIZE_MAX;
    if (syntax->kind != SYNTAX_NUMBER || syntax->option != NUMBER_INTEGER) return BP_OK;
    place = place_of(syntax->text);
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

    if (aggregates && state->grouped_items && state->grouped_items[index]) { /* bound as a group: a subquery in it is joined once */
        *out = state->grouped_items[index];
        return BP_OK;
    }
    if (item->expr) {
        *out = item->expr;
        return BP_OK;
    }
    if (!item->node) return column_expr(out, state->binder, item->column.id, err);
    if (item->repeated) context.chosen = &item->column;
    context.unnests = &state->unnests;
    context.unnest_below = !aggregates || syntax_has(state->binder->tree, state->select, SYNTAX_FLAG_GROUP_ALL);
    return bind_expression(out, state->binder, &context, item->node, err);
}

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
    expression_context context = context_for(state, "GROUP BY", false);
    size_t place;
    bp_status status;

    context.unnests = &state->unnests;
    context.unnest_below = true;
    if ((status = item_place(state, node, "GROUP BY", &place, err))) return status;
    if (place == SIZE_MAX && (status = item_of_alias(state, node, &place, err))) return status;
    if (place == SIZE_MAX) return bind_expression(out, state->binder, &context, node, err);
    if ((status = bind_item(state, place, false, out, err))) return status;
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

static NO_INLINE bp_status bind_groups(select_state *state, bp_error *err)
{
    syntax_id list = syntax_child(state->binder->tree, state->select, SLOT_SELECT_GROUP);
    size_t count, total = state->count;
    const syntax_id *nodes = list_of(state->binder, list, &count);
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

/* items ---------------------------------------------------------------------------------------------------------------------------------------- */
static NO_INLINE bp_status note_aliases(select_state *state, bp_error *err)
{
    state->aliases = arena_new_array(state->binder->arena, alias, state->count);
    state->exprs = arena_new_array(state->binder->arena, expr_id, state->count);
    state->grouped_items = arena_new_array(state->binder->arena, expr_id, state->count);
    state->first_late = arena_new_array(state->binder->arena, size_t, state->count + 1);
    if (!state->aliases || !state->exprs || !state->grouped_items || !state->first_late) return select_no_memory(state, err);
    for (size_t i = 0; i < state->count; i++)
        state->aliases[i] = (alias){.name = state->items[i].name, .item = state->items[i].repeated ? 0 : state->items[i].node};
    return BP_OK;
}

/* unnest(struct) becomes an item a field. */
static NO_INLINE bp_status expand_structs(select_state *state, bp_error *err)
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
        if (!items) return select_no_memory(state, err);
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

static NO_INLINE bp_status bind_items(select_state *state, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < state->count && !status; i++) {
        state->aliases[i].being_bound = true; /* SELECT a + 1 AS a: a is FROM's */
        state->first_late[i] = state->late.count;
        status = bind_item(state, i, true, &state->exprs[i], err);
        state->aliases[i].being_bound = false;
    }
    state->first_late[state->count] = state->late.count;
    return status;
}

bool is_aggregate_column(const select_state *state, const expr_node *node)
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
    return bind_item(state, item, false, &state->exprs[item], err);
}

/* GROUP BY ALL: every item without an aggregate; beside aggregates, constants are no groups. */
static NO_INLINE bp_status group_by_all(select_state *state, bp_error *err)
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

static NO_INLINE bp_status bind_having(select_state *state, bp_error *err)
{
    expression_context context = condition_for(state, "HAVING", true);
    syntax_id having = syntax_child(state->binder->tree, state->select, SLOT_SELECT_HAVING);
    bp_status status;

    if (!having) return BP_OK;
    context.windows = NULL;
    state->grouped = true;
    if ((status = bind_expression(&state->having, state->binder, &context, having, err))) return status;
    return expr_cast_implicit(&state->having, &state->binder->plan->exprs, state->having, type_of(TYPE_BOOLEAN), err);
}

static NO_INLINE bp_status bind_qualify(select_state *state, bp_error *err)
{
    expression_context context = condition_for(state, "QUALIFY", true);
    syntax_id qualify = syntax_child(state->binder->tree, state->select, SLOT_SELECT_QUALIFY);
    bp_status status;

    if (!qualify) return BP_OK;
    if ((status = bind_expression(&state->qualify, state->binder, &context, qualify, err))) return status;
    if (state->windows.count == 0)
        return error_set_at(err, BP_BIND_ERROR, syntax_at(state->binder->tree, qualify)->begin,
                            "QUALIFY wants a window function, in it or in SELECT's list; else use WHERE or HAVING");
    return expr_cast_implicit(&state->qualify, &state->binder->plan->exprs, state->qualify, type_of(TYPE_BOOLEAN), err);
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

static NO_INLINE bp_status bind_order(select_state *state, syntax_id order, bp_error *err)
{
    size_t count;
    const syntax_id *keys = list_of(state->binder, order, &count);
    bp_status status = BP_OK;

    state->order = arena_new_array(state->binder->arena, order_item, count + state->count);
    if (!state->order) return select_no_memory(state, err);
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

static NO_INLINE bp_status bind_distinct_on(select_state *state, bp_error *err)
{
    size_t count;
    const syntax_id *nodes =
        list_of(state->binder, syntax_child(state->binder->tree, state->select, SLOT_SELECT_DISTINCT_ON), &count);
    bp_status status = BP_OK;

    state->on = arena_new_array(state->binder->arena, expr_id, count);
    if (!state->on) return select_no_memory(state, err);
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

/* HAVING or QUALIFY; 0: there is none. */
static NO_INLINE bp_status filter_by(select_state *state, expr_id condition, bp_error *err)
{
    expr_id *conjuncts = NULL;
    size_t count = 0;
    bp_status status;

    if (!condition) return BP_OK;
    if ((status = plan_conjuncts(state->binder->plan, condition, &conjuncts, &count, err))) return status;
    return plan_filter_by(&state->node, state->binder->plan, state->node, conjuncts, count, err);
}

/* the output ------------------------------------------------------------------------------------------------------------------------------------------ */
static bp_status project(select_state *state, bool *hidden, bp_error *err)
{
    binder *binder = state->binder;
    size_t total = state->count, most = state->count + state->order_count + state->on_count;
    expr_id *exprs = arena_new_array(binder->arena, expr_id, most);
    string_view *names = arena_new_array(binder->arena, string_view, most);

    if (!exprs || !names) return select_no_memory(state, err);
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

    if (!keys) return select_no_memory(state, err);
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

    if (!names) return select_no_memory(state, err);
    for (size_t i = 0; i < state->count; i++) {
        names[i] = state->items[i].name;
        if ((status = column_expr(&state->exprs[i], binder, plan_at(binder->plan, state->node)->outputs[i], err))) return status;
    }
    return plan_project(&state->node, binder->plan, state->node, state->exprs, names, state->count, err);
}

/* DISTINCT, ORDER BY, and dropping what only they needed. */
static bp_status put_out(select_state *state, bool hidden, bp_error *err)
{
    bp_status status;

    if (state->on_count) {
        if ((status = sort(state, err)) || (status = distinct(state, err))) return status;
    } else if (syntax_has(state->binder->tree, state->select, SYNTAX_FLAG_DISTINCT)) {
        if ((status = distinct(state, err))) return status;
    }
    if ((status = sort(state, err))) return status;
    return hidden ? drop_hidden(state, err) : BP_OK;
}

/* What SELECT lists, by the names of FROM's columns. */
static bp_status name_items(select_state *state, bp_error *err)
{
    syntax_id items = syntax_child(state->binder->tree, state->select, SLOT_SELECT_ITEMS);
    bp_status status;

    if ((status = expand_items(&state->items, &state->count, state->binder, &state->scope, items, err))) return status;
    if ((status = expand_structs(state, err))) return status;
    return note_aliases(state, err);
}

bp_status bind_rows(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    syntax_id select = state->select, sample = syntax_child(binder->tree, select, SLOT_SELECT_SAMPLE);
    bp_status status;

    if ((status = check_window_names(binder, state->windows.definitions, err))) return status;
    if ((status = bind_from(&state->node, &state->scope, binder, syntax_child(binder->tree, select, SLOT_SELECT_FROM), err)))
        return status;
    if (sample && (status = bind_sample(&state->node, binder, sample, err))) return status;
    if ((status = name_items(state, err))) return status;
    return bind_where(state, err);
}

/* Subqueries come back here up to LIMIT_QUERY_DEPTH deep on a small stack: the steps are kept out of this frame. */
bp_status bind_below(select_state *state, syntax_id order, bp_error *err)
{
    binder *binder = state->binder;
    syntax_id select = state->select;
    bp_status status = state->shared ? read_shared_rows(state, err) : bind_rows(state, err);

    if (status || (state->shared && (status = name_items(state, err)))) return status;
    if ((status = bind_groups(state, err)) || (status = bind_items(state, err))) return status;
    if (syntax_has(binder->tree, select, SYNTAX_FLAG_GROUP_ALL) && (status = group_by_all(state, err))) return status;
    if ((status = bind_having(state, err)) || (status = bind_distinct_on(state, err)) || (status = bind_order(state, order, err)) ||
        (status = bind_qualify(state, err)))
        return status;
    if ((status = unnests_apply(&state->node, binder, &state->unnests, true, err))) return status;
    if ((state->grouped || state->aggregates.count) && (status = aggregate_select(state, err))) return status;
    if ((status = apply_joins(state, &state->late, err))) return status;
    return filter_by(state, state->having, err);
}

/* Windows to the projected items. */
bp_status bind_above(select_state *state, bool *hidden, bp_error *err)
{
    binder *binder = state->binder;
    bp_status status;

    if ((status = windows_apply(&state->node, binder, &state->windows, err))) return status;
    if ((status = filter_by(state, state->qualify, err))) return status;
    if ((status = unnests_apply(&state->node, binder, &state->unnests, false, err))) return status;
    return project(state, hidden, err);
}

bp_status bind_select(relation *out, binder *binder, syntax_id select, syntax_id order, bp_error *err)
{
    select_state *state = arena_new(binder->arena, select_state); /* not on the C stack: subqueries nest LIMIT_QUERY_DEPTH deep */
    bool hidden = false, grouping;
    bp_status status;

    if (!state) return error_no_memory(err, binder->context->memory, sizeof *state);
    *state = (select_state){.binder = binder, .select = select};
    state->windows.definitions = syntax_child(binder->tree, select, SLOT_SELECT_WINDOWS);
    grouping = has_grouping_sets(binder, syntax_child(binder->tree, select, SLOT_SELECT_GROUP));
    status = grouping ? bind_sets(state, order, &hidden, err) : bind_below(state, order, err);
    if (!status && !grouping) status = bind_above(state, &hidden, err);
    if (status || (status = put_out(state, hidden, err))) return status;
    out->node = state->node;
    out->count = state->count;
    out->names = arena_new_array(binder->arena, string_view, state->count);
    if (!out->names) return select_no_memory(state, err);
    for (size_t i = 0; i < state->count; i++) out->names[i] = state->items[i].name;
    return BP_OK;
}
