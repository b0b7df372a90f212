/* COLUMNS(…): an expression that is repeated for each column that fits: COLUMNS(*), COLUMNS(t.* EXCLUDE x), COLUMNS('regex'), COLUMNS(['a', 'b']),
 * COLUMNS(lambda c: c LIKE 'a%'); and * LIKE 'a%' in SELECT's list, which picks columns as well. While one of the copies is bound, the context's `chosen`
 * says which column COLUMNS means. */
#include "binder.h"

/* COLUMNS below `node`, not in its subqueries; *out 0: none. Several must be alike. Walks with a stack of its own. */
bp_status find_columns_node(syntax_id *out, binder *binder, syntax_id node, bp_error *err)
{
    const syntax *tree = binder->tree;
    size_t capacity = 64, count = 0;
    syntax_id *stack = arena_new_array(binder->arena, syntax_id, capacity);
    bp_status status;

    *out = 0;
    if (!stack) return error_no_memory(err, binder->context->memory, capacity * sizeof *stack);
    stack[count++] = node;
    while (count) {
        syntax_id at = stack[--count];
        const syntax_node *syntax = syntax_at(tree, at);
        bool equal = true;
        if (syntax->kind == SYNTAX_QUERY) continue;
        if (syntax->kind == SYNTAX_COLUMNS) {
            if (*out && (status = syntax_equal(&equal, tree, *out, tree, at, binder->context->memory, err))) return status;
            if (!equal)
                return error_set_at(err, BP_BIND_ERROR, syntax->begin,
                                    "one expression can only hold COLUMNS(…) of the same columns");
            *out = at;
            continue;
        }
        if (count + syntax->count > capacity) {
            size_t wanted = (count + syntax->count) * 2;
            syntax_id *larger = arena_new_array(binder->arena, syntax_id, wanted);
            if (!larger) return error_no_memory(err, binder->context->memory, wanted * sizeof *larger);
            memcpy(larger, stack, count * sizeof *larger);
            stack = larger;
            capacity = wanted;
        }
        for (size_t i = syntax->count; i-- > 0;)
            if (syntax_children(tree, at)[i]) stack[count++] = syntax_children(tree, at)[i];
    }
    return BP_OK;
}

/* Whether a condition over the column's name holds: `test` is called with the name as a text literal. */
static bp_status test_name(bool *out, binder *binder, expr_id condition, bp_error *err)
{
    const column *value;
    bp_status status;

    *out = false;
    if ((status = expr_cast_implicit(&condition, &binder->plan->exprs, condition, type_of(TYPE_BOOLEAN), err))) return status;
    if ((status = expr_constant_value(&value, &binder->plan->exprs, condition, err))) return status;
    *out = !column_is_null(value, 0) && bitmap_get(value->values, 0);
    return BP_OK;
}

static bp_status name_matches(bool *out, binder *binder, string_view name, const char *function, expr_id pattern, bp_error *err)
{
    expr_pool *pool = &binder->plan->exprs;
    expr_id arguments[2] = {0, pattern}, call;
    bp_status status;

    if ((status = expr_text(&arguments[0], pool, name, err))) return status;
    if ((status = expr_call(&call, pool, string_view_of(function), arguments, 2, err))) return status;
    return test_name(out, binder, call, err);
}

static bp_status lambda_holds(bool *out, binder *binder, string_view name, syntax_id lambda, bp_error *err)
{
    syntax_id names = syntax_child(binder->tree, lambda, 0);
    expression_context context = {.clause = "COLUMNS", .lambda_value = name};
    expr_id condition;
    bp_status status;

    if (syntax_at(binder->tree, names)->count != 1)
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, lambda)->begin,
                            "the lambda of COLUMNS(…) has one parameter");
    context.lambda_name = syntax_at(binder->tree, syntax_children(binder->tree, names)[0])->text;
    if ((status = bind_expression(&condition, binder, &context, syntax_child(binder->tree, lambda, 1), err))) return status;
    return test_name(out, binder, condition, err);
}

static bp_status listed(bool *out, binder *binder, string_view name, syntax_id list, bp_error *err)
{
    *out = false;
    for (size_t i = 0; i < syntax_at(binder->tree, list)->count; i++) {
        const syntax_node *entry = syntax_at(binder->tree, syntax_children(binder->tree, list)[i]);
        if (entry->kind != SYNTAX_STRING && entry->kind != SYNTAX_COLUMN)
            return error_set_at(err, BP_BIND_ERROR, entry->begin, "COLUMNS([…]) takes names of columns");
        *out |= string_equal_nocase(entry->text, name);
    }
    return BP_OK;
}

static bp_status column_fits(bool *out, binder *binder, const scope_column *column, syntax_id what, bp_error *err)
{
    expr_id pattern;
    bp_status status;

    switch (syntax_kind_of(binder->tree, what)) {
    case SYNTAX_LIST_VALUE: return listed(out, binder, column->name, what, err);
    case SYNTAX_LAMBDA: return lambda_holds(out, binder, column->name, what, err);
    case SYNTAX_STRING:
        if ((status = expr_text(&pattern, &binder->plan->exprs, syntax_at(binder->tree, what)->text, err))) return status;
        return name_matches(out, binder, column->name, "regexp_matches", pattern, err);
    default:
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, what)->begin,
                            "COLUMNS takes *, a regular expression, a list of names, or a lambda");
    }
}

static bp_status none_fits(binder *binder, syntax_id node, bp_error *err)
{
    return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, node)->begin, "no column of FROM fits here");
}

/* The columns that COLUMNS(what) means: select_item with `chosen`. */
bp_status columns_meant(select_item **out, size_t *count, binder *binder, const scope *scope, syntax_id columns, bp_error *err)
{
    syntax_id what = syntax_child(binder->tree, columns, 0);
    bp_status status = BP_OK;

    *count = 0;
    if (syntax_has(binder->tree, columns, SYNTAX_FLAG_UNPACK)) return not_yet(binder, columns, "*COLUMNS(…)", err);
    if (syntax_kind_of(binder->tree, what) == SYNTAX_STAR) {
        if (syntax_child(binder->tree, what, SLOT_STAR_REPLACE)) return not_yet(binder, what, "REPLACE in COLUMNS(*)", err);
        return expand_star_node(out, count, binder, scope, what, err);
    }
    *out = arena_new_array(binder->arena, select_item, scope->count);
    if (!*out) return error_no_memory(err, binder->context->memory, scope->count * sizeof **out);
    for (size_t i = 0; i < scope->count && !status; i++) {
        bool fits = false;
        if (scope->columns[i].hidden) continue;
        status = column_fits(&fits, binder, &scope->columns[i], what, err);
        if (!fits) continue;
        (*out)[*count] = (select_item){.column = scope->columns[i], .name = scope->columns[i].name};
        (*out)[(*count)++].column.id = unqualified_id(&scope->columns[i]);
    }
    return status || *count ? status : none_fits(binder, columns, err);
}

/* SELECT * LIKE 'a%': keep the star's columns whose names fit. */
bp_status filter_star(select_item *items, size_t *count, binder *binder, syntax_id like, bp_error *err)
{
    static const char *const functions[] = {
        [LIKE_LIKE] = "~~", [LIKE_ILIKE] = "~~*", [LIKE_SIMILAR] = "regexp_full_match", [LIKE_GLOB] = "~~~"};
    const syntax_node *node = syntax_at(binder->tree, like);
    expression_context context = {.clause = "the pattern for *"};
    size_t kept = 0;
    expr_id pattern;
    bp_status status;

    if ((status = bind_expression(&pattern, binder, &context, syntax_child(binder->tree, like, 1), err))) return status;
    for (size_t i = 0; i < *count; i++) {
        bool fits;
        if ((status = name_matches(&fits, binder, items[i].name, functions[node->option], pattern, err))) return status;
        if (fits != ((node->flags & SYNTAX_FLAG_NOT) != 0)) items[kept++] = items[i];
    }
    *count = kept;
    return kept ? BP_OK : none_fits(binder, like, err);
}
