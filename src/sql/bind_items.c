/* SELECT's list: stars written out with EXCLUDE, REPLACE and RENAME, and the names of items. */
#include "binder.h"

/* An expression without an alias is named by its own text; a column by its own name, however it is written here. */
static bp_status name_of(string_view *out, binder *binder, const scope *scope, syntax_id node, bp_error *err)
{
    const syntax_node *syntax = syntax_at(binder->tree, node);
    builder text;
    bp_status status;

    if (syntax->kind == SYNTAX_COLUMN || syntax->kind == SYNTAX_FIELD) {
        *out = syntax->text;
        for (size_t i = 0; i < scope->count; i++)
            if (string_equal_nocase(scope->columns[i].name, syntax->text)) *out = scope->columns[i].name;
        return BP_OK;
    }
    if (syntax->kind == SYNTAX_POSITION) {
        const scope_column *column = scope_column_at(scope, syntax->text);
        *out = column ? column->name : syntax->text; /* without one binding it is an error */
        return BP_OK;
    }
    builder_init(&text, binder->context->memory, LIMIT_SQL_SIZE * 4u);
    if (!(status = syntax_print(&text, binder->tree, node, binder->arena, err))) {
        *out = arena_copy(binder->arena, builder_view(&text));
        if (!out->data) status = error_no_memory(err, binder->context->memory, text.size);
    }
    builder_clear(&text);
    return status;
}

typedef struct item_list {
    select_item *items;
    size_t count, capacity;
} item_list;

static bp_status add_item(item_list *list, binder *binder, select_item item, bp_error *err)
{
    if (list->count >= LIMIT_COLUMNS) return error_set(err, BP_LIMIT, "SELECT lists more than %d columns", LIMIT_COLUMNS);
    if (list->count == list->capacity) {
        size_t wanted = list->capacity ? list->capacity * 2 : 16;
        select_item *larger = arena_new_array(binder->arena, select_item, wanted);
        if (!larger) return error_no_memory(err, binder->context->memory, wanted * sizeof *larger);
        if (list->count) memcpy(larger, list->items, list->count * sizeof *larger);
        list->items = larger;
        list->capacity = wanted;
    }
    list->items[list->count++] = item;
    return BP_OK;
}

/* Whether a COLUMN or FIELD of EXCLUDE, REPLACE or RENAME means the column. */
static bool means(const syntax *tree, syntax_id node, const scope_column *column)
{
    const syntax_node *name = syntax_at(tree, node);
    syntax_id before = name->kind == SYNTAX_FIELD ? syntax_child(tree, node, 0) : 0;

    if (!string_equal_nocase(name->text, column->name)) return false;
    return !before || string_equal_nocase(syntax_at(tree, before)->text, column->table);
}

static syntax_id find_in(const syntax *tree, syntax_id list, const scope_column *column)
{
    for (size_t i = 0; list && i < syntax_at(tree, list)->count; i++) {
        syntax_id entry = syntax_children(tree, list)[i];
        syntax_kind kind = syntax_kind_of(tree, entry);
        bool fits = kind == SYNTAX_ALIAS    ? string_equal_nocase(syntax_at(tree, entry)->text, column->name)
                    : kind == SYNTAX_RENAME ? means(tree, syntax_child(tree, entry, 0), column)
                                            : means(tree, entry, column);
        if (fits) return entry;
    }
    return 0;
}

/* Every entry of EXCLUDE, REPLACE, RENAME must have met a column. */
static bp_status check_met(binder *binder, syntax_id list, size_t met, const char *clause, bp_error *err)
{
    if (!list || met >= syntax_at(binder->tree, list)->count) return BP_OK;
    return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, list)->begin, "%s names a column that * does not have", clause);
}

bp_status struct_item(select_item *out, binder *binder, expr_id value, size_t field, bp_error *err)
{
    expr_pool *pool = &binder->plan->exprs;
    string_view name = expr_type(pool, value).detail->names[field];
    expr_id arguments[2] = {value};
    bp_status status;

    if (name.size == 0) {
        name = arena_format(binder->arena, "element%zu", field + 1);
        if (!name.data) return error_no_memory(err, binder->context->memory, 16);
    }
    *out = (select_item){.name = name};
    if ((status = expr_int64(&arguments[1], pool, (int64_t)field + 1, err))) return status;
    return expr_call(&out->expr, pool, STRING_VIEW("struct_extract_at"), arguments, 2, err);
}

/* s.* of a struct column. *found false: there is no such column. */
static bp_status expand_struct(item_list *list, binder *binder, const scope *scope, syntax_id qualifier, bool *found, bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, qualifier);
    const scope_column *column = NULL;
    expr_id value;
    bp_status status;

    *found = false;
    if (node->kind != SYNTAX_COLUMN) return BP_OK;
    if ((status = scope_find(&column, scope, (string_view){0}, node->text, node->begin, err))) return status;
    *found = column && column->type.id == TYPE_STRUCT;
    if (!*found) return BP_OK;
    if ((status = column_expr(&value, binder, column->id, err))) return status;
    for (size_t i = 0; i < column->type.detail->child_count && !status; i++) {
        select_item item;
        status = struct_item(&item, binder, value, i, err);
        if (!status) status = add_item(list, binder, item, err);
    }
    return status;
}

static bp_status expand_star(item_list *list, binder *binder, const scope *scope, syntax_id star, bp_error *err)
{
    const syntax *tree = binder->tree;
    syntax_id qualifier = syntax_child(tree, star, SLOT_STAR_QUALIFIER), exclude = syntax_child(tree, star, SLOT_STAR_EXCLUDE);
    syntax_id replace = syntax_child(tree, star, SLOT_STAR_REPLACE), rename = syntax_child(tree, star, SLOT_STAR_RENAME);
    size_t excluded = 0, replaced = 0, renamed = 0, before = list->count;
    bp_status status;

    for (size_t i = 0; i < scope->count; i++) {
        const scope_column *column = &scope->columns[i];
        select_item item = {.column = *column, .name = column->name};
        syntax_id entry;
        if (!qualifier) item.column.id = unqualified_id(column);
        if (qualifier ? !string_equal_nocase(column->table, syntax_at(tree, qualifier)->text) : column->hidden) continue;
        if (find_in(tree, exclude, column)) {
            excluded++;
            continue;
        }
        if ((entry = find_in(tree, replace, column))) {
            item.node = syntax_child(tree, entry, 0);
            replaced++;
        }
        if ((entry = find_in(tree, rename, column))) {
            item.name = syntax_at(tree, entry)->text;
            renamed++;
        }
        if ((status = add_item(list, binder, item, err))) return status;
    }
    if (list->count == before && excluded == 0) {
        bool found = false;
        if (qualifier && !exclude && !replace && !rename &&
            ((status = expand_struct(list, binder, scope, qualifier, &found, err)) || found))
            return status;
        if (qualifier)
            return error_set_at(err, BP_BIND_ERROR, syntax_at(tree, qualifier)->begin, "there is no table \"%.*s\" in FROM",
                                STRING_ARGUMENTS(syntax_at(tree, qualifier)->text));
        return error_set_at(err, BP_BIND_ERROR, syntax_at(tree, star)->begin, "SELECT * without FROM");
    }
    if ((status = check_met(binder, exclude, excluded, "EXCLUDE", err)) ||
        (status = check_met(binder, replace, replaced, "REPLACE", err)))
        return status;
    return check_met(binder, rename, renamed, "RENAME", err);
}

static bp_status add_expression(item_list *list, binder *binder, const scope *scope, syntax_id node, bp_error *err)
{
    select_item item = {.node = node};
    bp_status status;

    if (syntax_kind_of(binder->tree, node) == SYNTAX_ALIAS) {
        item.node = syntax_child(binder->tree, node, 0);
        item.name = syntax_at(binder->tree, node)->text;
    } else if ((status = name_of(&item.name, binder, scope, node, err))) {
        return status;
    }
    return add_item(list, binder, item, err);
}

bp_status expand_star_node(select_item **out, size_t *count, binder *binder, const scope *scope, syntax_id star, bp_error *err)
{
    item_list list = {0};
    bp_status status = expand_star(&list, binder, scope, star, err);

    *out = list.items;
    *count = list.count;
    return status;
}

/* * LIKE 'a%' */
static bool is_filtered_star(const syntax *tree, syntax_id node)
{
    return syntax_kind_of(tree, node) == SYNTAX_LIKE && syntax_kind_of(tree, syntax_child(tree, node, 0)) == SYNTAX_STAR;
}

static bp_status add_filtered_star(item_list *list, binder *binder, const scope *scope, syntax_id like, bp_error *err)
{
    select_item *items;
    size_t count;
    bp_status status;

    if ((status = expand_star_node(&items, &count, binder, scope, syntax_child(binder->tree, like, 0), err))) return status;
    if ((status = filter_star(items, &count, binder, like, err))) return status;
    for (size_t i = 0; i < count && !status; i++) status = add_item(list, binder, items[i], err);
    return status;
}

/* An expression with COLUMNS: once for each column. */
static bp_status add_repeated(item_list *list, binder *binder, const scope *scope, syntax_id node, syntax_id columns, bp_error *err)
{
    bool named = syntax_kind_of(binder->tree, node) == SYNTAX_ALIAS;
    select_item *items;
    size_t count;
    bp_status status;

    if ((status = columns_meant(&items, &count, binder, scope, columns, err))) return status;
    for (size_t i = 0; i < count && !status; i++) {
        items[i].node = named ? syntax_child(binder->tree, node, 0) : node;
        items[i].repeated = true;
        if (named) items[i].name = syntax_at(binder->tree, node)->text;
        status = add_item(list, binder, items[i], err);
    }
    return status;
}

static bp_status add_any_item(item_list *list, binder *binder, const scope *scope, syntax_id node, bp_error *err)
{
    syntax_id columns;
    bp_status status;

    if (syntax_kind_of(binder->tree, node) == SYNTAX_STAR) return expand_star(list, binder, scope, node, err);
    if (is_filtered_star(binder->tree, node)) return add_filtered_star(list, binder, scope, node, err);
    if ((status = find_columns_node(&columns, binder, node, err))) return status;
    return columns ? add_repeated(list, binder, scope, node, columns, err) : add_expression(list, binder, scope, node, err);
}

bp_status expand_items(select_item **out, size_t *count, binder *binder, const scope *scope, syntax_id items, bp_error *err)
{
    item_list list = {0};
    bp_status status = BP_OK;

    if (!items) { /* FROM alone */
        for (size_t i = 0; i < scope->count && !status; i++)
            if (!scope->columns[i].hidden) {
                select_item item = {.column = scope->columns[i], .name = scope->columns[i].name};
                item.column.id = unqualified_id(&scope->columns[i]);
                status = add_item(&list, binder, item, err);
            }
    }
    for (size_t i = 0; items && i < syntax_at(binder->tree, items)->count && !status; i++) {
        syntax_id node = syntax_children(binder->tree, items)[i];
        status = add_any_item(&list, binder, scope, node, err);
    }
    *out = list.items;
    *count = list.count;
    return status;
}
