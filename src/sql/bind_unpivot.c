/* UNPIVOT: a row for each of some columns of a row, or of some groups of columns, with the column's name and its value: an UNNEST of lists side by side, the names
 * and the values. */
#include "bind_query.h"

typedef struct unpivot {
    binder *binder;
    syntax_id node;
    scope from; /* the table's columns */
    select_item *items;
    size_t count; /* of items: rows made of one row */
    size_t width; /* values a row made */
    expr_id *values; /* width * count: a value column after the other */
} unpivot;

static bp_status no_memory(const unpivot *state, bp_error *err)
{
    return error_no_memory(err, state->binder->context->memory, 4096);
}

static bool is_group(const unpivot *state, syntax_id node)
{
    return node && syntax_kind_of(state->binder->tree, node) == SYNTAX_ROW;
}

/* (a, b) without AS is a_b. */
static bp_status name_group(const unpivot *state, select_item *item, bp_error *err)
{
    const syntax *tree = state->binder->tree;
    syntax_id on = syntax_child(tree, state->node, SLOT_UNPIVOT_ON);
    string_view name = {0};

    for (size_t i = 0; i < syntax_at(tree, on)->count; i++) {
        syntax_id given = syntax_children(tree, on)[i];
        if (syntax_kind_of(tree, given) == SYNTAX_ALIAS && syntax_child(tree, given, 0) == item->node) return BP_OK;
    }
    for (size_t i = 0; i < syntax_at(tree, item->node)->count; i++) {
        string_view part = syntax_at(tree, syntax_children(tree, item->node)[i])->text;
        name = i ? arena_format(state->binder->arena, "%.*s_%.*s", STRING_ARGUMENTS(name), STRING_ARGUMENTS(part)) : part;
        if (i && !name.data) return no_memory(state, err);
    }
    item->name = name;
    return BP_OK;
}

static bp_status bind_group(const unpivot *state, expression_context *context, size_t at, bp_error *err)
{
    const syntax *tree = state->binder->tree;
    syntax_id group = state->items[at].node;
    bp_status status;

    for (size_t i = 0; i < state->width; i++)
        if ((status = bind_expression(&state->values[i * state->count + at], state->binder, context,
                                      syntax_children(tree, group)[i], err)))
            return status;
    return name_group(state, &state->items[at], err);
}

/* The columns that become rows. */
static bp_status bind_values_of(unpivot *state, bp_error *err)
{
    binder *binder = state->binder;
    expression_context context = {.scope = &state->from, .outer = binder->outer, .clause = "UNPIVOT"};
    bp_status status;

    if ((status = expand_items(&state->items, &state->count, binder, &state->from,
                               syntax_child(binder->tree, state->node, SLOT_UNPIVOT_ON), err)))
        return status;
    state->values = arena_new_array(binder->arena, expr_id, state->width * state->count);
    if (!state->values) return no_memory(state, err);
    for (size_t i = 0; i < state->count; i++) {
        const select_item *item = &state->items[i];
        size_t width = is_group(state, item->node) ? syntax_at(binder->tree, item->node)->count : 1;
        if (width != state->width)
            return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, item->node ? item->node : state->node)->begin,
                                "UNPIVOT has %zu names for values, but %zu columns here", state->width, width);
        context.chosen = item->repeated ? &item->column : NULL;
        status = width > 1    ? bind_group(state, &context, i, err)
                 : item->expr ? BP_OK
                 : item->node ? bind_expression(&state->values[i], binder, &context, item->node, err)
                              : column_expr(&state->values[i], binder, item->column.id, err);
        if (item->expr) state->values[i] = item->expr;
        if (status) return status;
    }
    return BP_OK;
}

static bool is_unpivoted(const unpivot *state, column_id id)
{
    for (size_t i = 0; i < state->width * state->count; i++) {
        const expr_node *value = expr_at(&state->binder->plan->exprs, state->values[i]);
        if (value->kind == EXPR_COLUMN && value->column == id) return true;
    }
    return false;
}

/* Lists of the names and of the values, and the columns that their elements become: 1 + width. */
static bp_status unnest_all(const unpivot *state, const string_view *names, plan_id *node, column_id *made, bp_error *err)
{
    expr_pool *pool = &state->binder->plan->exprs;
    size_t lists_count = 1 + state->width;
    expr_id *texts = arena_new_array(state->binder->arena, expr_id, state->count),
            *lists = arena_new_array(state->binder->arena, expr_id, lists_count);
    bp_status status;

    if (!texts || !lists) return no_memory(state, err);
    for (size_t i = 0; i < state->count; i++)
        if ((status = expr_text(&texts[i], pool, state->items[i].name, err))) return status;
    for (size_t i = 0; i < lists_count; i++) {
        const expr_id *elements = i ? state->values + (i - 1) * state->count : texts;
        if ((status = expr_call(&lists[i], pool, STRING_VIEW("list_value"), elements, state->count, err)) ||
            (status = plan_add_column(&made[i], state->binder->plan, names[i], expr_type(pool, lists[i]).detail->children[0], err)))
            return status;
    }
    return plan_unnest(node, state->binder->plan, *node, lists, made, lists_count, false, false, err);
}

/* Only rows that have all their values. */
static bp_status drop_nulls(const unpivot *state, plan_id *node, const column_id *made, bp_error *err)
{
    binder *binder = state->binder;
    expr_id *there = arena_new_array(binder->arena, expr_id, state->width);
    bp_status status;

    if (!there) return no_memory(state, err);
    for (size_t i = 0; i < state->width; i++)
        if ((status = column_expr(&there[i], binder, made[1 + i], err)) ||
            (status = expr_is_null(&there[i], &binder->plan->exprs, there[i], true, err)))
            return status;
    return plan_filter_by(node, binder->plan, *node, there, state->width, err);
}

bp_status bind_unpivot(plan_id *out, scope *scope, binder *binder, syntax_id node, bp_error *err)
{
    syntax_id values = syntax_child(binder->tree, node, SLOT_UNPIVOT_VALUES);
    unpivot state = {.binder = binder, .node = node, .width = syntax_at(binder->tree, values)->count};
    string_view *names = arena_new_array(binder->arena, string_view, 1 + state.width);
    column_id *made = arena_new_array(binder->arena, column_id, 1 + state.width);
    bp_status status;

    if (!names || !made) return no_memory(&state, err);
    names[0] = syntax_at(binder->tree, syntax_child(binder->tree, node, SLOT_UNPIVOT_NAME))->text;
    for (size_t i = 0; i < state.width; i++) names[1 + i] = syntax_at(binder->tree, syntax_children(binder->tree, values)[i])->text;
    if ((status = bind_one_table(out, &state.from, binder, syntax_child(binder->tree, node, SLOT_UNPIVOT_TABLE), err)) ||
        (status = bind_values_of(&state, err)) || (status = unnest_all(&state, names, out, made, err)))
        return status;
    for (size_t i = 0; i < state.from.count; i++) {
        if (is_unpivoted(&state, state.from.columns[i].id)) continue;
        if ((status = scope_add(scope, binder, state.from.columns[i], err))) return status;
    }
    for (size_t i = 0; i <= state.width; i++)
        if ((status = scope_add(scope, binder,
                                (scope_column){.name = names[i], .id = made[i], .type = binder->plan->columns[made[i]].type}, err)))
            return status;
    return syntax_has(binder->tree, node, SYNTAX_FLAG_INCLUDE_NULLS) ? BP_OK : drop_nulls(&state, out, made, err);
}
