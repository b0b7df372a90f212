/* SELECT: FROM, WHERE, GROUP BY, the items, HAVING, DISTINCT and the ORDER BY that belongs to it.
 *
 * Items, HAVING and ORDER BY are bound over FROM's columns first; each aggregate call in them becomes a column id of the AGGREGATE node to come. Then what equals
 * a GROUP BY expression is replaced by that group's column, and a column of FROM that is left over is the well-known error. */
#include "bind_select.h"

/* NULL without GROUP BY. */
static const grouping_context *grouping_of(select_state *state)
{
    state->grouping = (grouping_context){state->groups, state->absent, state->group_count, state->absent_count};
    return state->grouped ? &state->grouping : NULL;
}

expression_context select_context(select_state *state, const char *clause, bool aggregates)
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
    expression_context context = select_context(state, clause, aggregates);

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

bp_status select_item_place(const select_state *state, syntax_id node, const char *clause, size_t *out, bp_error *err)
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

bp_status select_bind_item(select_state *state, size_t index, bool aggregates, expr_id *out, bp_error *err)
{
    expression_context context = select_context(state, aggregates ? "SELECT" : "GROUP BY", aggregates);
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
    expression_context context = select_context(state, "SELECT", true);
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
        status = select_bind_item(state, i, true, &state->exprs[i], err);
        state->aliases[i].being_bound = false;
    }
    state->first_late[state->count] = state->late.count;
    return status;
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
    expression_context context = select_context(state, "ORDER BY", true);
    syntax_id key = syntax_child(state->binder->tree, node, 0);
    bp_status status;

    context.aliases_first = true;
    context.unnests = &state->unnests;
    order_flags(state->binder, node, &out->key);
    if ((status = select_item_place(state, key, "ORDER BY", &out->item, err))) return status;
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
    const syntax_id *keys = select_list_of(state->binder, order, &count);
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
        select_list_of(state->binder, syntax_child(state->binder->tree, state->select, SLOT_SELECT_DISTINCT_ON), &count);
    bp_status status = BP_OK;

    state->on = arena_new_array(state->binder->arena, expr_id, count);
    if (!state->on) return select_no_memory(state, err);
    for (size_t i = 0; i < count && !status; i++) {
        expression_context context = select_context(state, "DISTINCT ON", true);
        size_t place;
        if ((status = select_item_place(state, nodes[i], "DISTINCT ON", &place, err))) return status;
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
static NO_INLINE bp_status name_items(select_state *state, bp_error *err)
{
    syntax_id items = syntax_child(state->binder->tree, state->select, SLOT_SELECT_ITEMS);
    bp_status status;

    if ((status = expand_items(&state->items, &state->count, state->binder, &state->scope, items, err))) return status;
    if ((status = expand_structs(state, err))) return status;
    return note_aliases(state, err);
}

bp_status select_bind_rows(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    syntax_id from = syntax_child(binder->tree, state->select, SLOT_SELECT_FROM);
    syntax_id sample = syntax_child(binder->tree, state->select, SLOT_SELECT_SAMPLE);
    bp_status status;

    if ((status = check_window_names(binder, state->windows.definitions, err))) return status;
    if ((status = bind_from(&state->node, &state->scope, binder, from, err))) return status;
    if (sample && (status = bind_sample(&state->node, binder, sample, err))) return status;
    if ((status = name_items(state, err))) return status;
    return bind_where(state, err);
}

/* FROM to HAVING, for one grouping set. Subqueries come back here up to LIMIT_QUERY_DEPTH deep on a small stack: the steps are kept out of this frame. */
static bp_status bind_below(select_state *state, syntax_id order, bp_error *err)
{
    binder *binder = state->binder;
    bp_status status = state->shared ? select_read_rows(state, err) : select_bind_rows(state, err);

    if (status || (state->shared && (status = name_items(state, err)))) return status;
    if ((status = select_bind_groups(state, err)) || (status = bind_items(state, err))) return status;
    if (syntax_has(binder->tree, state->select, SYNTAX_FLAG_GROUP_ALL) && (status = select_group_by_all(state, err))) return status;
    if ((status = bind_having(state, err)) || (status = bind_distinct_on(state, err)) || (status = bind_order(state, order, err)) ||
        (status = bind_qualify(state, err)))
        return status;
    if ((status = unnests_apply(&state->node, binder, &state->unnests, true, err))) return status;
    if ((state->grouped || state->aggregates.count) && (status = select_aggregate(state, err))) return status;
    if ((status = apply_joins(state, &state->late, err))) return status;
    return filter_by(state, state->having, err);
}

/* Windows to the projected items. */
static bp_status bind_above(select_state *state, bool *hidden, bp_error *err)
{
    binder *binder = state->binder;
    bp_status status;

    if ((status = windows_apply(&state->node, binder, &state->windows, err))) return status;
    if ((status = filter_by(state, state->qualify, err))) return status;
    if ((status = unnests_apply(&state->node, binder, &state->unnests, false, err))) return status;
    return project(state, hidden, err);
}

/* Several grouping sets: all one behind the other. */
static bp_status union_sets(select_state *state, select_state *sets, size_t count, bool *hidden, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < count; i++) {
        if ((status = bind_above(&sets[i], hidden, err))) return status;
        if (i && (status = plan_set(&sets[i].node, state->binder->plan, PLAN_UNION, true, state->node, sets[i].node, err)))
            return status;
        *state = sets[i];
    }
    return BP_OK;
}

/* Columns of a set for the union: all groups, NULL where it is without one; then what else its node puts out. */
static bp_status set_columns(select_state *state, expr_id **out, size_t *count, bp_error *err)
{
    binder *binder = state->binder;
    const plan_node *node = plan_at(binder->plan, state->node);
    size_t groups = state->sets->count, present = 0, absent = 0;
    expr_id *columns = arena_new_array(binder->arena, expr_id, groups + node->output_count);
    bp_status status = BP_OK;

    if (!columns) return select_no_memory(state, err);
    for (size_t i = 0; i < groups && !status; i++)
        status = state->sets->masks[state->set] >> i & 1
                     ? column_expr(&columns[i], binder, node->outputs[present++], err)
                     : expr_null(&columns[i], &binder->plan->exprs, expr_type(&binder->plan->exprs, state->absent[absent++]), err);
    *out = columns;
    *count = groups + node->output_count - present;
    for (size_t i = groups; i < *count && !status; i++) {
        node = plan_at(binder->plan, state->node);
        status = column_expr(&columns[i], binder, node->outputs[present + i - groups], err);
    }
    return status;
}

/* Everything that was bound, in one list: windows' children, items, ORDER BY, DISTINCT ON, QUALIFY. */
typedef struct expr_list {
    expr_id *ids;
    size_t count;
} expr_list;

static bp_status list_exprs(const select_state *state, expr_list *out, bp_error *err)
{
    const expr_pool *pool = &state->binder->plan->exprs;
    size_t total = state->count + state->order_count + state->on_count + 1;

    for (size_t i = 0; i < state->windows.count; i++) total += expr_at(pool, state->windows.calls[i])->child_count;
    *out = (expr_list){arena_new_array(state->binder->arena, expr_id, total), 0};
    if (!out->ids) return select_no_memory(state, err);
    for (size_t i = 0; i < state->windows.count; i++)
        for (size_t j = 0; j < expr_at(pool, state->windows.calls[i])->child_count; j++)
            out->ids[out->count++] = expr_child(pool, state->windows.calls[i], j);
    for (size_t i = 0; i < state->count; i++) out->ids[out->count++] = state->exprs[i];
    for (size_t i = 0; i < state->order_count; i++) out->ids[out->count++] = state->order[i].key.expr;
    for (size_t i = 0; i < state->on_count; i++) out->ids[out->count++] = state->on[i];
    if (state->qualify) out->ids[out->count++] = state->qualify;
    return BP_OK;
}

/* The reverse. */
static bp_status unlist_exprs(select_state *state, const expr_id *merged, bp_error *err)
{
    expr_pool *pool = &state->binder->plan->exprs;
    bp_status status;

    for (size_t i = 0; i < state->windows.count; i++) {
        size_t children = expr_at(pool, state->windows.calls[i])->child_count;
        if ((status = expr_window_over(&state->windows.calls[i], pool, state->windows.calls[i], merged, err))) return status;
        merged += children;
    }
    for (size_t i = 0; i < state->count; i++) state->exprs[i] = *merged++;
    for (size_t i = 0; i < state->order_count; i++) state->order[i].key.expr = *merged++;
    for (size_t i = 0; i < state->on_count; i++) state->on[i] = *merged++;
    if (state->qualify) state->qualify = *merged;
    return BP_OK;
}

/* With windows: they come over the rows of all sets. */
static bp_status merge_sets(select_state *state, select_state *all, size_t count, bp_error *err)
{
    binder *binder = state->binder;
    grouped_set *sets = arena_new_array(binder->arena, grouped_set, count);
    size_t column_count = 0, expr_count = 0;
    expr_id *merged;
    bp_status status;

    if (!sets) return select_no_memory(state, err);
    for (size_t i = 0; i < count; i++) {
        size_t columns = 0;
        expr_id *made = NULL;
        expr_list list;
        if ((status = set_columns(&all[i], &made, &columns, err)) || (status = list_exprs(&all[i], &list, err))) return status;
        if (all[i].unnests.count) return not_yet(binder, state->select, "unnest() beside windows over several grouping sets", err);
        if (i && (columns != column_count || list.count != expr_count || all[i].windows.count != all[0].windows.count))
            return not_yet(binder, state->select, "these windows over several grouping sets", err);
        column_count = columns;
        expr_count = list.count;
        sets[i] = (grouped_set){all[i].node, made, all[i].windows.ids, all[i].windows.count, list.ids};
    }
    merged = arena_new_array(binder->arena, expr_id, expr_count);
    if (!merged) return select_no_memory(state, err);
    *state = all[0];
    if ((status = unite_sets(&state->node, binder, sets, count, column_count, expr_count, merged, err))) return status;
    return unlist_exprs(state, merged, err);
}

static bp_status bind_sets(select_state *state, syntax_id order, bool *hidden, bp_error *err)
{
    select_state first = *state, *all;
    grouping_sets sets;
    size_t windows = 0;
    bp_status status;

    if ((status = grouping_sets_of(&sets, state->binder, syntax_child(state->binder->tree, state->select, SLOT_SELECT_GROUP), err)))
        return status;
    first.sets = &sets;
    first.windows.keep_twins = true; /* so that all sets have the same ones */
    if (sets.mask_count > 1 && (status = select_share_rows(&first.shared, &first, err))) return status;
    all = arena_new_array(state->binder->arena, select_state, sets.mask_count);
    if (!all) return select_no_memory(state, err);
    for (size_t i = 0; i < sets.mask_count; i++) {
        all[i] = first;
        all[i].set = i;
        if ((status = bind_below(&all[i], order, err))) return status;
        windows = all[i].windows.count;
    }
    status = windows ? merge_sets(state, all, sets.mask_count, err) : union_sets(state, all, sets.mask_count, hidden, err);
    if (!status && windows) status = bind_above(state, hidden, err);
    state->sets = NULL;
    return status;
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
