/* UNNEST: in SELECT's list, where each call becomes a column of an UNNEST node put below the items, and in FROM, where the node stands on the tables before it, so that the
 * list may be one of theirs. range() and generate_series() over columns or times are UNNEST of the lists that they make. */
#include "bind_expression.h"

static bool is_name(string_view name, const char *wanted)
{
    return string_equal_nocase(name, string_view_of(wanted));
}

/* options: recursive := true, max_depth := 2 ------------------------------------------------------------------------------------------------- */
static bp_status depth_option(int64_t *depth, binder *binder, syntax_id argument, bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, argument);
    syntax_id value = syntax_child(binder->tree, argument, 0);
    bp_status status;

    if (is_name(node->text, "recursive") && syntax_kind_of(binder->tree, value) == SYNTAX_BOOLEAN) {
        if (syntax_at(binder->tree, value)->option) *depth = INT64_MAX;
        return BP_OK;
    }
    if (!is_name(node->text, "max_depth"))
        return error_set_at(err, BP_BIND_ERROR, node->begin,
                            "unnest() knows the options recursive := true and max_depth := n, not %.*s",
                            STRING_ARGUMENTS(node->text));
    if ((status = integer_constant(depth, binder, value, err))) return status;
    if (*depth < 1) return error_set_at(err, BP_BIND_ERROR, node->begin, "unnest(): max_depth is at least 1");
    return BP_OK;
}

/* The list (or struct) of a call's arguments, and how many levels are to go. */
static bp_status read_arguments(syntax_id *list, int64_t *depth, binder *binder, syntax_id call, bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, call);
    syntax_id arguments = syntax_child(binder->tree, call, SLOT_CALL_ARGUMENTS);
    size_t count = arguments ? syntax_at(binder->tree, arguments)->count : 0;
    bp_status status;

    *list = syntax_child(binder->tree, call, SLOT_CALL_RECEIVER);
    *depth = 1;
    for (size_t i = 0; i < count; i++) {
        syntax_id argument = syntax_children(binder->tree, arguments)[i];
        if (syntax_kind_of(binder->tree, argument) == SYNTAX_ARGUMENT) {
            if ((status = depth_option(depth, binder, argument, err))) return status;
        } else if (*list) {
            return error_set_at(err, BP_BIND_ERROR, node->begin, "unnest() takes one list; write unnest() for each of several");
        } else {
            *list = argument;
        }
    }
    if (!*list) return error_set_at(err, BP_BIND_ERROR, node->begin, "unnest() takes a list");
    return BP_OK;
}

static bp_status to_list(expr_id *list, binder *binder, data_type element, bp_error *err)
{
    type_detail *detail = arena_new(binder->arena, type_detail);
    data_type *child = arena_new(binder->arena, data_type), type = type_of(TYPE_LIST);

    if (!detail || !child) return error_no_memory(err, binder->context->memory, sizeof *detail);
    *child = element;
    *detail = (type_detail){.child_count = 1, .children = child};
    type.detail = detail;
    return expr_cast(list, &binder->plan->exprs, *list, type, false, err);
}

/* A LIST whose elements are what the levels leave: lists in lists are flattened first. */
static bp_status flat_levels(expr_id *list, binder *binder, int64_t depth, bp_error *err)
{
    expr_pool *pool = &binder->plan->exprs;
    expr_id flat;
    bp_status status;

    for (bool first = true;; first = false) {
        data_type type = expr_type(pool, *list), element;
        if (type.id == TYPE_NULL && (status = to_list(list, binder, type_of(TYPE_INT32), err))) return status;
        if (type.id == TYPE_ARRAY && (status = to_list(list, binder, type.detail->children[0], err))) return status;
        type = expr_type(pool, *list);
        if (type.id != TYPE_LIST)
            return error_set_at(err, BP_BIND_ERROR, pool->position, "UNNEST() can only be applied to lists, structs and NULL");
        element = type.detail->children[0];
        if (!first) depth--;
        if (depth == 1 || (element.id != TYPE_LIST && element.id != TYPE_ARRAY)) return BP_OK;
        if ((status = expr_call(&flat, pool, STRING_VIEW("flatten"), list, 1, err))) return status;
        *list = flat;
    }
}

/* Where one column is wanted structs do not go apart. */
static bp_status flat_list(expr_id *list, binder *binder, int64_t depth, bp_error *err)
{
    const expr_pool *pool = &binder->plan->exprs;
    bp_status status;

    if (expr_type(pool, *list).id == TYPE_STRUCT)
        return error_set_at(err, BP_NOT_SUPPORTED, pool->position,
                            "unnest() of a struct gives columns: it stands alone in SELECT's list");
    if ((status = flat_levels(list, binder, depth, err))) return status;
    if (depth != INT64_MAX || expr_type(pool, *list).detail->children[0].id != TYPE_STRUCT) return BP_OK;
    return error_set_at(err, BP_NOT_SUPPORTED, pool->position,
                        "unnest() of structs, recursive, gives columns: it stands alone in SELECT's list");
}

/* SELECT ------------------------------------------------------------------------------------------------------------------------------------------ */
bool is_unnest(string_view name)
{
    return is_name(name, "unnest");
}

bp_status enter_unnest(walk *walk, frame *frame, bp_error *err)
{
    const syntax_node *node = syntax_at(walk->binder->tree, frame->node);
    int64_t depth;

    if (!walk->context->unnests || walk->inside_aggregate)
        return error_set_at(err, BP_BIND_ERROR, node->begin, "UNNEST not supported here: it stands in SELECT's list or in FROM");
    if (walk->inside_unnest)
        return error_set_at(err, BP_BIND_ERROR, node->begin,
                            "Nested UNNEST calls are not supported - use UNNEST(x, recursive := true) to fully unnest a list");
    frame->operands = arena_new_array(walk->binder->arena, syntax_id, 1);
    if (!frame->operands) return error_no_memory(err, walk->binder->context->memory, sizeof(syntax_id));
    frame->operand_count = frame->argument_count = 1;
    walk->inside_unnest++;
    return read_arguments(&frame->operands[0], &depth, walk->binder, frame->node, err);
}

static bp_status add_unnest(unnests *all, binder *binder, expr_id list, bool below, bp_error *err)
{
    unnest_call *larger = arena_new_array(binder->arena, unnest_call, all->count + 1);
    data_type element = expr_type(&binder->plan->exprs, list).detail->children[0];
    bp_status status;

    if (!larger) return error_no_memory(err, binder->context->memory, (all->count + 1) * sizeof *larger);
    if (all->count) memcpy(larger, all->calls, all->count * sizeof *larger);
    larger[all->count] = (unnest_call){.list = list, .below = below};
    if ((status = plan_add_column(&larger[all->count].id, binder->plan, STRING_VIEW("unnest"), element, err))) return status;
    all->calls = larger;
    all->count++;
    return BP_OK;
}

/* The call's column: the same list twice is unnested once. */
bp_status combine_unnest(walk *walk, const frame *frame, expr_id list, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    unnests *all = walk->context->unnests;
    syntax_id argument;
    int64_t depth;
    size_t at = 0;
    bp_status status;

    walk->inside_unnest--;
    if ((status = read_arguments(&argument, &depth, binder, frame->node, err))) return status;
    if ((status = flat_list(&list, binder, depth, err))) return status;
    while (at < all->count && !expr_equal(&binder->plan->exprs, all->calls[at].list, list)) at++;
    if (at == all->count && (status = add_unnest(all, binder, list, walk->context->unnest_below, err))) return status;
    return column_expr(out, binder, all->calls[at].id, err);
}

bp_status unnests_apply(plan_id *node, binder *binder, const unnests *all, bool below, bp_error *err)
{
    expr_id *lists = arena_new_array(binder->arena, expr_id, all->count + 1);
    column_id *made = arena_new_array(binder->arena, column_id, all->count + 1);
    size_t count = 0;

    if (!lists || !made) return error_no_memory(err, binder->context->memory, all->count * sizeof *lists);
    for (size_t i = 0; i < all->count; i++) {
        if (all->calls[i].below != below) continue;
        lists[count] = all->calls[i].list;
        made[count++] = all->calls[i].id;
    }
    return count ? plan_unnest(node, binder->plan, *node, lists, made, count, false, false, err) : BP_OK;
}

bp_status struct_of_unnest(expr_id *out, binder *binder, expression_context *context, syntax_id node, bool *found, bp_error *err)
{
    expr_pool *pool = &binder->plan->exprs;
    syntax_id argument;
    data_type type;
    int64_t depth;
    size_t at = 0;
    bp_error ignored;
    bp_status status;

    *found = false;
    if (syntax_kind_of(binder->tree, node) != SYNTAX_CALL || !is_unnest(syntax_at(binder->tree, node)->text)) return BP_OK;
    if ((status = read_arguments(&argument, &depth, binder, node, err))) return status;
    if (bind_expression(out, binder, context, argument, &ignored)) return BP_OK; /* reported when the item is bound */
    type = expr_type(pool, *out);
    *found = type.id == TYPE_STRUCT;
    if (*found || depth == 1) return BP_OK;
    while ((type.id == TYPE_LIST || type.id == TYPE_ARRAY) && type.detail) type = type.detail->children[0];
    if (type.id != TYPE_STRUCT || depth != INT64_MAX) return BP_OK;
    *found = true;
    if ((status = flat_levels(out, binder, depth, err))) return status;
    while (at < context->unnests->count && !expr_equal(pool, context->unnests->calls[at].list, *out)) at++;
    if (at == context->unnests->count && (status = add_unnest(context->unnests, binder, *out, context->unnest_below, err)))
        return status;
    return column_expr(out, binder, context->unnests->calls[at].id, err);
}

/* FROM ---------------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status bind_series(expr_id *out, binder *binder, const scope *scope, syntax_id call, bool *plain, bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, call);
    syntax_id list = syntax_child(binder->tree, call, SLOT_CALL_ARGUMENTS);
    size_t count = list ? syntax_at(binder->tree, list)->count : 0;
    expression_context context = {.scope = scope, .outer = binder->outer, .clause = "FROM"};
    expr_pool *pool = &binder->plan->exprs;
    expr_id *arguments = arena_new_array(binder->arena, expr_id, count + 1);
    bp_status status;

    *plain = true;
    if (!arguments) return error_no_memory(err, binder->context->memory, count * sizeof *arguments);
    for (size_t i = 0; i < count; i++) {
        if ((status = bind_expression(&arguments[i], binder, &context, syntax_children(binder->tree, list)[i], err))) return status;
        *plain = *plain && type_is_integer(expr_type(pool, arguments[i])) && expr_is_constant(pool, arguments[i]);
    }
    if (*plain) return BP_OK;
    pool->position = node->begin;
    return expr_call(out, pool, node->text, arguments, count, err);
}

/* The list that a table function stands for; *found false: it is another function, or a plain range() of numbers, which needs no list. */
static bp_status list_of_table(expr_id *out, binder *binder, const scope *scope, syntax_id table, bool *found, bp_error *err)
{
    syntax_id call = syntax_child(binder->tree, table, SLOT_TABLE_CALL), argument;
    const syntax_node *node = syntax_at(binder->tree, call);
    expression_context context = {.scope = scope, .outer = binder->outer, .clause = "FROM"};
    bool plain = false;
    int64_t depth;
    bp_status status;

    *found = false;
    if (is_name(node->text, "range") || is_name(node->text, "generate_series")) {
        status = bind_series(out, binder, scope, call, &plain, err);
        *found = !plain;
        return status;
    }
    if (!is_unnest(node->text)) return BP_OK;
    *found = true;
    if ((status = read_arguments(&argument, &depth, binder, call, err))) return status;
    if ((status = bind_expression(out, binder, &context, argument, err))) return status;
    binder->plan->exprs.position = node->begin;
    return flat_list(out, binder, depth, err);
}

bp_status bind_list_table(plan_id *node, scope *scope, size_t first_visible, binder *binder, syntax_id table, bool outer,
                          bool *found, bp_error *err)
{
    struct scope visible = {.columns = scope->columns + first_visible, .count = scope->count - first_visible};
    bool ordinality = syntax_has(binder->tree, table, SYNTAX_FLAG_ORDINALITY);
    string_view name;
    column_id made[2] = {0};
    data_type element;
    expr_id list;
    bp_status status;

    *found = false;
    if (syntax_kind_of(binder->tree, table) != SYNTAX_TABLE_FUNCTION) return BP_OK;
    if ((status = list_of_table(&list, binder, &visible, table, found, err)) || !*found) return status;
    name = syntax_at(binder->tree, syntax_child(binder->tree, table, SLOT_TABLE_CALL))->text;
    element = expr_type(&binder->plan->exprs, list).detail->children[0];
    if ((status = plan_add_column(&made[0], binder->plan, name, element, err))) return status;
    if (ordinality && (status = plan_add_column(&made[1], binder->plan, STRING_VIEW("ordinality"), type_of(TYPE_INT64), err)))
        return status;
    if (!*node && (status = plan_dual(node, binder->plan, err))) return status;
    if ((status = plan_unnest(node, binder->plan, *node, &list, made, 1, ordinality, outer, err))) return status;
    if ((status = scope_add(scope, binder, (scope_column){.name = name, .id = made[0], .type = element}, err))) return status;
    if (!ordinality) return BP_OK;
    return scope_add(scope, binder, (scope_column){.name = STRING_VIEW("ordinality"), .id = made[1], .type = type_of(TYPE_INT64)},
                     err);
}
