/* Names and literals: what an expression's leaves mean. */
#include "bind_expression.h"

/* scopes ---------------------------------------------------------------------------------------------------------------------------------- */
bp_status scope_add(scope *scope, binder *binder, scope_column column, bp_error *err)
{
    if (scope->count == scope->capacity) {
        size_t wanted = scope->capacity ? scope->capacity * 2 : 16;
        scope_column *larger = arena_new_array(binder->arena, scope_column, wanted);
        if (!larger) return error_no_memory(err, binder->context->memory, wanted * sizeof *larger);
        if (scope->count) memcpy(larger, scope->columns, scope->count * sizeof *larger);
        scope->columns = larger;
        scope->capacity = wanted;
    }
    scope->columns[scope->count++] = column;
    return BP_OK;
}

bp_status scope_find(const scope_column **out, const scope *scope, string_view table, string_view name, uint32_t position,
                     bp_error *err)
{
    const scope_column *found = NULL;

    *out = NULL;
    for (size_t i = 0; scope && i < scope->count; i++) {
        const scope_column *column = &scope->columns[i];
        if (!string_equal_nocase(column->name, name)) continue;
        if (table.size ? !string_equal_nocase(column->table, table) : column->hidden) continue;
        if (found && table.size == 0 && unqualified_id(found) != unqualified_id(column))
            return error_set_at(err, BP_BIND_ERROR, position,
                                "the column \"%.*s\" is in \"%.*s\" and in \"%.*s\"; write which is meant", STRING_ARGUMENTS(name),
                                STRING_ARGUMENTS(found->table), STRING_ARGUMENTS(column->table));
        if (!found) found = column;
    }
    *out = found;
    return BP_OK;
}

static string_view scope_name_at(const void *data, size_t index)
{
    return ((const scope *)data)->columns[index].name;
}

static bool has_table(const scope *scope, string_view table)
{
    for (size_t i = 0; i < scope->count; i++)
        if (string_equal_nocase(scope->columns[i].table, table)) return true;
    return false;
}

bp_status column_not_found(const expression_context *context, string_view table, string_view name, uint32_t position, bp_error *err)
{
    bp_status status;

    if (table.size && context->scope && !has_table(context->scope, table))
        return error_set_at(err, BP_BIND_ERROR, position, "there is no table \"%.*s\" in FROM", STRING_ARGUMENTS(table));
    if (!context->scope || context->scope->count == 0)
        return error_set_at(err, BP_BIND_ERROR, position, "column \"%.*s\" not found: there is no FROM that could have it",
                            STRING_ARGUMENTS(name));
    status = error_set_at(err, BP_BIND_ERROR, position, "column \"%.*s\" not found in FROM", STRING_ARGUMENTS(name));
    error_suggest(err, name, scope_name_at, context->scope, context->scope->count);
    return status;
}

bp_status column_expr(expr_id *out, binder *binder, column_id id, bp_error *err)
{
    return expr_column(out, &binder->plan->exprs, id, binder->plan->columns[id].type, err);
}

/* names ------------------------------------------------------------------------------------------------------------------------------------ */
static alias *find_alias(const expression_context *context, string_view name)
{
    for (size_t i = 0; i < context->alias_count; i++)
        if (context->aliases[i].item && !context->aliases[i].being_bound && string_equal_nocase(context->aliases[i].name, name))
            return &context->aliases[i];
    return NULL;
}

/* current_date and its like are functions that are written without parentheses. */
static bool is_bare_function(string_view name)
{
    static const char *const names[] = {"current_date", "current_time",   "current_timestamp", "localtime", "localtimestamp",
                                        "current_user", "current_schema", "current_catalog",   "user",      "session_user"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (string_equal_nocase(name, string_view_of(names[i]))) return true;
    return false;
}

/* A column of the nearest query around that has it; *out NULL: none. */
static bp_status find_outer(const walk *walk, string_view table, string_view name, uint32_t position, const scope_column **out,
                            bp_error *err)
{
    bp_status status = BP_OK;

    *out = NULL;
    for (const scope *around = walk->context->outer; around && !*out && !status; around = around->outer)
        status = scope_find(out, around, table, name, position, err);
    if (*out) ++*walk->binder->outer_names;
    return status;
}

/* A table's name as a value: a struct of its columns. *found false: there is no such table in the scope. */
static bp_status bind_row(walk *walk, const scope *scope, string_view table, bool *found, bp_error *err)
{
    binder *binder = walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    expr_id *arguments, row;
    size_t count = 0;
    bp_status status;

    *found = scope && has_table(scope, table);
    if (!*found) return BP_OK;
    arguments = arena_new_array(binder->arena, expr_id, 2 * scope->count);
    if (!arguments) return error_no_memory(err, binder->context->memory, 2 * scope->count * sizeof *arguments);
    for (size_t i = 0; i < scope->count; i++) {
        const scope_column *column = &scope->columns[i];
        if (!string_equal_nocase(column->table, table)) continue;
        if ((status = expr_text(&arguments[count], pool, column->name, err)) ||
            (status = column_expr(&arguments[count + 1], binder, column->id, err)))
            return status;
        count += 2;
    }
    if ((status = expr_call(&row, pool, STRING_VIEW("struct_pack"), arguments, count, err))) return status;
    return walk_push_result(walk, row, err);
}

/* A name that only queries around have: a column of theirs, else a row of theirs. */
static bp_status bind_outer(walk *walk, const syntax_node *syntax, bp_error *err)
{
    const scope_column *column;
    bool found = false;
    expr_id expr;
    bp_status status;

    if ((status = find_outer(walk, (string_view){0}, syntax->text, syntax->begin, &column, err))) return status;
    if (column) {
        if ((status = column_expr(&expr, walk->binder, unqualified_id(column), err))) return status;
        return walk_push_result(walk, expr, err);
    }
    for (const scope *around = walk->context->outer; around && !found; around = around->outer)
        if ((status = bind_row(walk, around, syntax->text, &found, err))) return status;
    if (!found) return column_not_found(walk->context, (string_view){0}, syntax->text, syntax->begin, err);
    ++*walk->binder->outer_names;
    return BP_OK;
}

size_t place_of(string_view digits)
{
    size_t place = 0;

    for (size_t i = 0; i < digits.size && place <= LIMIT_COLUMNS; i++) place = place * 10 + (size_t)(digits.data[i] - '0');
    return place <= LIMIT_COLUMNS ? place : LIMIT_COLUMNS + 1u;
}

const scope_column *scope_column_at(const scope *scope, string_view place)
{
    size_t wanted = place_of(place), count = 0;

    for (size_t i = 0; scope && i < scope->count; i++)
        if (!scope->columns[i].hidden && ++count == wanted) return &scope->columns[i];
    return NULL;
}

static bp_status bind_position(expr_id *out, const walk *walk, const syntax_node *node, bp_error *err)
{
    const scope_column *column = scope_column_at(walk->context->scope, node->text);

    if (column) return column_expr(out, walk->binder, unqualified_id(column), err);
    return error_set_at(err, BP_BIND_ERROR, node->begin, "#%.*s: FROM has no column at this place", STRING_ARGUMENTS(node->text));
}

static bp_status bind_bare(walk *walk, syntax_id node, alias **alias, bool *is_leaf, bp_error *err)
{
    const expression_context *context = walk->context;
    const syntax_node *syntax = syntax_at(walk->binder->tree, node);
    const scope_column *column;
    column_id parameter;
    bool is_row;
    expr_id expr;
    bp_status status;

    *is_leaf = true;
    if (lambda_column(context, syntax->text, &parameter)) {
        if ((status = column_expr(&expr, walk->binder, parameter, err))) return status;
        return walk_push_result(walk, expr, err);
    }
    if (context->aliases_first && !walk->inside_aggregate && (*alias = find_alias(context, syntax->text))) return BP_OK;
    if ((status = scope_find(&column, context->scope, (string_view){0}, syntax->text, syntax->begin, err))) return status;
    if (column) {
        if ((status = column_expr(&expr, walk->binder, unqualified_id(column), err))) return status;
        return walk_push_result(walk, expr, err);
    }
    if ((*alias = find_alias(context, syntax->text))) return BP_OK;
    if (context->lambda_name.size && string_equal_nocase(syntax->text, context->lambda_name)) {
        if ((status = expr_text(&expr, &walk->binder->plan->exprs, context->lambda_value, err))) return status;
        return walk_push_result(walk, expr, err);
    }
    if (!syntax_has(walk->binder->tree, node, SYNTAX_FLAG_QUOTED) && is_bare_function(syntax->text)) {
        if ((status = expr_call(&expr, &walk->binder->plan->exprs, syntax->text, NULL, 0, err))) return status;
        return walk_push_result(walk, expr, err);
    }
    if ((status = bind_row(walk, context->scope, syntax->text, &is_row, err)) || is_row) return status;
    return bind_outer(walk, syntax, err);
}

/* The last two parts of a dotted name are table and column; a schema before them must be the one there is. */
static bool dotted_name(const syntax *tree, syntax_id node, string_view *table, string_view *name)
{
    syntax_id before = syntax_child(tree, node, 0);

    *name = syntax_at(tree, node)->text;
    *table = syntax_at(tree, before)->text;
    if (syntax_kind_of(tree, before) == SYNTAX_COLUMN) return true;
    if (syntax_kind_of(tree, before) != SYNTAX_FIELD) return false;
    before = syntax_child(tree, before, 0);
    if (syntax_kind_of(tree, before) == SYNTAX_FIELD && string_equal_nocase(syntax_at(tree, before)->text, STRING_VIEW("main")) &&
        syntax_kind_of(tree, syntax_child(tree, before, 0)) == SYNTAX_COLUMN)
        return string_equal_nocase(syntax_at(tree, syntax_child(tree, before, 0))->text, STRING_VIEW("memory"));
    return syntax_kind_of(tree, before) == SYNTAX_COLUMN && string_equal_nocase(syntax_at(tree, before)->text, STRING_VIEW("main"));
}

bp_status bind_name(walk *walk, syntax_id node, alias **alias, bool *is_leaf, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    const scope_column *column = NULL, *base = NULL;
    string_view table, name;
    column_id parameter;
    syntax_id before;
    expr_id expr;
    bp_status status;

    *alias = NULL;
    if (syntax_kind_of(tree, node) == SYNTAX_COLUMN) return bind_bare(walk, node, alias, is_leaf, err);
    *is_leaf = false;
    if (!dotted_name(tree, node, &table, &name)) return BP_OK;
    if (syntax_kind_of(tree, syntax_child(tree, node, 0)) == SYNTAX_COLUMN && lambda_column(walk->context, table, &parameter))
        return BP_OK; /* a field of a parameter */
    if ((status = scope_find(&column, walk->context->scope, table, name, syntax_at(tree, node)->begin, err))) return status;
    if (!column) { /* a field of a struct column, or an error */
        before = syntax_child(tree, node, 0);
        if (syntax_kind_of(tree, before) != SYNTAX_COLUMN) return BP_OK;
        if ((status = scope_find(&base, walk->context->scope, (string_view){0}, table, syntax_at(tree, node)->begin, err)))
            return status;
        if (base && base->type.id == TYPE_STRUCT) return BP_OK;
        if ((status = find_outer(walk, table, name, syntax_at(tree, node)->begin, &column, err))) return status;
        if (!column && !base && (status = find_outer(walk, (string_view){0}, table, syntax_at(tree, node)->begin, &base, err)))
            return status;
        if (!column && base) return BP_OK; /* what is no struct says so when the field is bound */
        if (!column) return column_not_found(walk->context, table, name, syntax_at(tree, node)->begin, err);
    }
    *is_leaf = true;
    if ((status = column_expr(&expr, walk->binder, column->id, err))) return status;
    return walk_push_result(walk, expr, err);
}

/* literals ----------------------------------------------------------------------------------------------------------------------------------- */
static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static bp_status blob_literal(expr_id *out, binder *binder, string_view digits, bp_error *err)
{
    size_t size = digits.size / 2;
    char *bytes = arena_allocate_aligned(binder->arena, size + 1, 1);
    string_ref ref;

    if (!bytes) return error_no_memory(err, binder->context->memory, size);
    for (size_t i = 0; i < size; i++) bytes[i] = (char)(hex_digit(digits.data[2 * i]) * 16 + hex_digit(digits.data[2 * i + 1]));
    ref = string_ref_of(bytes, size);
    return expr_literal(out, &binder->plan->exprs,
                        &(column){.type = type_of(TYPE_BLOB), .encoding = COLUMN_CONSTANT, .length = 1, .values = &ref}, err);
}

/* Text has no type of its own, as a quoted literal: where a DATE is wanted it is one. */
static bp_status parameter_literal(expr_id *out, binder *binder, const column *value, bp_error *err)
{
    if (value->type.id != TYPE_VARCHAR || (value->validity && !(value->validity[0] & 1)))
        return expr_literal(out, &binder->plan->exprs, value, err);
    return expr_text(out, &binder->plan->exprs, string_ref_view(value->values), err);
}

/* Where $1, $2 … lie among the names, which begin with all the numbers there are; another name: 0. */
static size_t place_of_number(string_view name)
{
    size_t number = 0;

    for (size_t i = 0; i < name.size; i++) {
        if (!ascii_is_digit((unsigned char)name.data[i]) || number > LIMIT_PARAMETERS) return 0;
        number = number * 10 + (size_t)(name.data[i] - '0');
    }
    return number ? number - 1 : 0;
}

static bp_status parameter_value(expr_id *out, binder *binder, const syntax_node *node, bp_error *err)
{
    const parameters *parameters = binder->parameters;

    for (size_t i = place_of_number(node->text); parameters && i < parameters->count; i++) {
        if (!string_equal_nocase(parameters->names[i], node->text)) continue;
        if (parameters->values[i]) return parameter_literal(out, binder, parameters->values[i], err);
    }
    return error_set_at(err, BP_BIND_ERROR, node->begin, "the parameter $%.*s has no value", STRING_ARGUMENTS(node->text));
}

bp_status bind_leaf(walk *walk, syntax_id id, bool *is_leaf, bp_error *err)
{
    binder *binder = walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    const syntax_node *node = syntax_at(binder->tree, id);
    expr_id expr = 0;
    bp_status status;

    *is_leaf = true;
    switch ((syntax_kind)node->kind) {
    case SYNTAX_NULL_VALUE: status = expr_null(&expr, pool, type_of(TYPE_NULL), err); break;
    case SYNTAX_BOOLEAN: status = expr_bool(&expr, pool, node->option, err); break;
    case SYNTAX_NUMBER: status = expr_number(&expr, pool, node->text, err); break;
    case SYNTAX_STRING: status = expr_text(&expr, pool, node->text, err); break;
    case SYNTAX_BLOB: status = blob_literal(&expr, binder, node->text, err); break;
    case SYNTAX_PARAMETER: status = parameter_value(&expr, binder, node, err); break;
    case SYNTAX_STAR:
        status = error_set_at(err, BP_BIND_ERROR, node->begin, "* stands only in SELECT's list and in count(*)");
        break;
    case SYNTAX_DEFAULT:
        status = error_set_at(err, BP_BIND_ERROR, node->begin, "DEFAULT stands only in VALUES of an INSERT");
        break;
    case SYNTAX_POSITION: status = bind_position(&expr, walk, node, err); break;
    case SYNTAX_COLUMNS:
        status = walk->context->chosen
                     ? column_expr(&expr, binder, walk->context->chosen->id, err)
                     : error_set_at(err, BP_BIND_ERROR, node->begin, "COLUMNS(…) stands only in SELECT's list and in WHERE");
        break;
    case SYNTAX_LAMBDA:
        status = error_set_at(err, BP_BIND_ERROR, node->begin,
                              "a lambda stands only behind a list, as in list_transform(l, lambda x: x + 1)");
        break;
    case SYNTAX_COLLATE: status = not_yet(binder, id, "collations", err); break;
    case SYNTAX_ARGUMENT: status = not_yet(binder, id, "named arguments of scalar functions", err); break;
    case SYNTAX_GROUPING: status = not_yet(binder, id, "ROLLUP, CUBE and GROUPING SETS", err); break;
    default: *is_leaf = false; return BP_OK;
    }
    return status ? status : walk_push_result(walk, expr, err);
}

bp_status not_yet(const binder *binder, syntax_id node, const char *what, bp_error *err)
{
    return error_set_at(err, BP_NOT_SUPPORTED, syntax_at(binder->tree, node)->begin, "%s: this version does not have it yet", what);
}
