/* UNPIVOT: a row for each of some columns of a row, with the column's name and its value: an UNNEST of two lists side by side, the values and the names. */
#include "bind_query.h"

typedef struct unpivot {
    binder *binder;
    syntax_id node;
    scope from; /* the table's columns */
    expr_id *values;
    select_item *items;
    size_t count;
} unpivot;

static bp_status no_memory(const unpivot *state, bp_error *err)
{
    return error_no_memory(err, state->binder->context->memory, 4096);
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
    state->values = arena_new_array(binder->arena, expr_id, state->count);
    if (!state->values) return no_memory(state, err);
    for (size_t i = 0; i < state->count; i++) {
        const select_item *item = &state->items[i];
        if (item->node && syntax_kind_of(binder->tree, item->node) == SYNTAX_ROW)
            return not_yet(binder, item->node, "UNPIVOT of several columns at once", err);
        context.chosen = item->repeated ? &item->column : NULL;
        status = item->expr   ? BP_OK
                 : item->node ? bind_expression(&state->values[i], binder, &context, item->node, err)
                              : column_expr(&state->values[i], binder, item->column.id, err);
        if (item->expr) state->values[i] = item->expr;
        if (status) return status;
    }
    return BP_OK;
}

static bool is_unpivoted(const unpivot *state, column_id id)
{
    for (size_t i = 0; i < state->count; i++) {
        const expr_node *value = expr_at(&state->binder->plan->exprs, state->values[i]);
        if (value->kind == EXPR_COLUMN && value->column == id) return true;
    }
    return false;
}

/* Lists of the names and of the values, and the columns that their elements become. */
static bp_status unnest_both(const unpivot *state, const string_view names[2], plan_id *node, column_id made[2], bp_error *err)
{
    expr_pool *pool = &state->binder->plan->exprs;
    expr_id *texts = arena_new_array(state->binder->arena, expr_id, state->count), lists[2];
    bp_status status;

    if (!texts) return no_memory(state, err);
    for (size_t i = 0; i < state->count; i++)
        if ((status = expr_text(&texts[i], pool, state->items[i].name, err))) return status;
    if ((status = expr_call(&lists[0], pool, STRING_VIEW("list_value"), texts, state->count, err)) ||
        (status = expr_call(&lists[1], pool, STRING_VIEW("list_value"), state->values, state->count, err)))
        return status;
    for (size_t i = 0; i < 2; i++)
        if ((status = plan_add_column(&made[i], state->binder->plan, names[i], expr_type(pool, lists[i]).detail->children[0], err)))
            return status;
    return plan_unnest(node, state->binder->plan, *node, lists, made, 2, false, false, err);
}

bp_status bind_unpivot(plan_id *out, scope *scope, binder *binder, syntax_id node, bp_error *err)
{
    unpivot state = {.binder = binder, .node = node};
    syntax_id values = syntax_child(binder->tree, node, SLOT_UNPIVOT_VALUES);
    string_view names[2] = {syntax_at(binder->tree, syntax_child(binder->tree, node, SLOT_UNPIVOT_NAME))->text};
    column_id made[2] = {0};
    expr_id there;
    bp_status status;

    if (syntax_at(binder->tree, values)->count != 1) return not_yet(binder, values, "UNPIVOT of several columns at once", err);
    names[1] = syntax_at(binder->tree, syntax_child(binder->tree, values, 0))->text;
    if ((status = bind_one_table(out, &state.from, binder, syntax_child(binder->tree, node, SLOT_UNPIVOT_TABLE), err)) ||
        (status = bind_values_of(&state, err)) || (status = unnest_both(&state, names, out, made, err)))
        return status;
    for (size_t i = 0; i < state.from.count; i++) {
        if (is_unpivoted(&state, state.from.columns[i].id)) continue;
        if ((status = scope_add(scope, binder, state.from.columns[i], err))) return status;
    }
    for (size_t i = 0; i < 2; i++)
        if ((status = scope_add(scope, binder,
                                (scope_column){.name = names[i], .id = made[i], .type = binder->plan->columns[made[i]].type}, err)))
            return status;
    if (syntax_has(binder->tree, node, SYNTAX_FLAG_INCLUDE_NULLS)) return BP_OK;
    if ((status = column_expr(&there, binder, made[1], err)) ||
        (status = expr_is_null(&there, &binder->plan->exprs, there, true, err)))
        return status;
    return plan_filter_by(out, binder->plan, *out, &there, 1, err);
}
