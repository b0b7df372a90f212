/* FROM: tables, views, WITH queries, files, table functions, subqueries and joins. */
#include "bind_query.h"

#include <stdio.h>

#include "base/hash.h"
#include "io/format.h"

static const syntax_id *list_of(const binder *binder, syntax_id list, size_t *count)
{
    *count = list ? syntax_at(binder->tree, list)->count : 0;
    return list ? syntax_children(binder->tree, list) : NULL;
}

/* Names that were met, case apart: a table of 1 + numbers of columns, of mask + 1 entries; `repeats` counts by column. */
typedef struct met_names {
    const scope *scope;
    uint32_t *places, *repeats;
    size_t first, mask;
} met_names;

/* Where the name is, or the empty place where it belongs. */
static uint32_t *place_of_name(const met_names *met, string_view name)
{
    uint64_t hash = 0, word = 0;
    size_t at;

    for (size_t i = 0; i < name.size; i++) {
        word = word << 8 | ascii_lower((unsigned char)name.data[i]);
        if (i % 8 == 7 || i + 1 == name.size) hash = hash_combine(hash, word); /* each name is met here: eight letters at once */
    }
    for (at = hash & met->mask; met->places[at]; at = (at + 1) & met->mask)
        if (string_equal_nocase(met->scope->columns[met->first + met->places[at] - 1].name, name)) break;
    return &met->places[at];
}

/* Columns of one name, as SELECT * over a join has, get names of their own when the query is a table: x, x_1, x_2. */
static bp_status part_names(scope *scope, size_t first, binder *binder, bp_error *err)
{
    size_t count = scope->count - first;
    met_names met = {.scope = scope, .first = first, .mask = 15};

    while (met.mask < count * 2) met.mask = met.mask * 2 + 1;
    met.places = arena_allocate_zeroed(binder->arena, (met.mask + 1) * sizeof *met.places);
    met.repeats = arena_allocate_zeroed(binder->arena, (count + 1) * sizeof *met.repeats);
    if (!met.places || !met.repeats) return error_no_memory(err, binder->context->memory, (met.mask + 1) * sizeof *met.places);
    for (size_t i = 0; i < count; i++) {
        string_view name = scope->columns[first + i].name, numbered = name;
        uint32_t *place = place_of_name(&met, name), *taken = place;
        while (*taken) {
            char number[16], *text = arena_allocate(binder->arena, name.size + sizeof number);
            size_t digits = (size_t)snprintf(number, sizeof number, "_%u", ++met.repeats[*place - 1]);
            if (!text) return error_no_memory(err, binder->context->memory, name.size + sizeof number);
            memcpy(text, name.data, name.size);
            memcpy(text + name.size, number, digits);
            numbered = (string_view){text, name.size + digits};
            taken = place_of_name(&met, numbered);
        }
        scope->columns[first + i].name = numbered;
        *taken = (uint32_t)i + 1;
    }
    return BP_OK;
}

/* The alias of a table and its columns' new names, over the scope columns from `first` on. */
static bp_status apply_alias(scope *scope, size_t first, binder *binder, syntax_id table, string_view own_name, bp_error *err)
{
    syntax_id alias = syntax_child(binder->tree, table, SLOT_TABLE_ALIAS);
    string_view name = alias ? syntax_at(binder->tree, alias)->text : own_name;
    size_t count = 0;
    const syntax_id *names = list_of(binder, alias, &count);

    if (count > scope->count - first)
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, alias)->begin,
                            "\"%.*s\" has %zu columns, but %zu names are given", STRING_ARGUMENTS(name), scope->count - first,
                            count);
    for (size_t i = first; i < scope->count; i++) {
        scope->columns[i].table = name;
        if (i - first < count) scope->columns[i].name = syntax_at(binder->tree, names[i - first])->text;
    }
    return part_names(scope, first, binder, err);
}

/* leaves ------------------------------------------------------------------------------------------------------------------------------------- */
bp_status scan_source(plan_id *out, scope *scope, binder *binder, source *source, bp_error *err)
{
    const plan_node *node;
    bp_status status;

    if ((status = plan_scan(out, binder->plan, source, NULL, 0, err))) return status;
    node = plan_at(binder->plan, *out);
    for (size_t i = 0; i < node->output_count && !status; i++)
        status = scope_add(scope, binder,
                           (scope_column){.name = source->schema.names[i], .id = node->outputs[i], .type = source->schema.types[i]},
                           err);
    return status;
}

static bp_status add_relation(scope *scope, binder *binder, const relation *relation, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < relation->count && !status; i++) {
        column_id id = plan_at(binder->plan, relation->node)->outputs[i];
        status = scope_add(scope, binder,
                           (scope_column){.name = relation->names[i], .id = id, .type = binder->plan->columns[id].type}, err);
    }
    return status;
}

static bp_status rename_columns(relation *relation, const string_view *names, size_t count, string_view table, bp_error *err)
{
    if (count > relation->count)
        return error_set(err, BP_BIND_ERROR, "\"%.*s\" has %zu columns, but %zu names are given", STRING_ARGUMENTS(table),
                         relation->count, count);
    for (size_t i = 0; i < count; i++) relation->names[i] = names[i];
    return BP_OK;
}

/* A view is bound from its text anew, in its own tree, and sees nothing of the query around it. */
static bp_status bind_view(plan_id *out, scope *scope, binder *outer, const catalog_entry *view, bp_error *err)
{
    binder binder = *outer;
    syntax *tree;
    relation relation;
    bp_status status;

    if ((status = sql_parse_statement(&tree, outer->arena, view->sql, NULL, err))) return status;
    binder.tree = tree;
    binder.ctes = NULL;
    binder.outer = NULL;
    if ((status = bind_query(&relation, &binder, tree->root, err))) {
        error_prefix(err, "in the view \"%.*s\"", STRING_ARGUMENTS(view->name));
        if (err) err->position = -1;
        return status;
    }
    if ((status = rename_columns(&relation, view->view_columns, view->view_column_count, view->name, err))) return status;
    *out = relation.node;
    return add_relation(scope, outer, &relation, err);
}

static bp_status bind_with(plan_id *out, scope *scope, binder *binder, cte *with, bp_error *err)
{
    relation relation;
    bp_status status = bind_cte(&relation, binder, with, err);

    if (status) return status;
    *out = relation.node;
    return add_relation(scope, binder, &relation, err);
}

static string_view table_name_at(const void *data, size_t index)
{
    return ((const catalog *)data)->entries[index]->name;
}

static bp_status table_not_found(const binder *binder, string_view name, uint32_t position, bp_error *err)
{
    const catalog *catalog = &binder->session->catalog;
    bp_status status = error_set_at(err, BP_NOT_FOUND, position, "there is no table \"%.*s\"", STRING_ARGUMENTS(name));

    error_suggest(err, name, table_name_at, catalog, catalog->count);
    return status;
}

static bp_status scan_path(plan_id *out, scope *scope, binder *binder, string_view path, uint32_t position, bp_error *err)
{
    source *source;
    bp_status status;

    if ((status = bind_path(&source, binder, path, position, err))) return status;
    status = scan_source(out, scope, binder, source, err);
    source_release(source); /* the plan retains it */
    return status;
}

static bp_status bind_entry(plan_id *out, scope *scope, binder *binder, catalog_entry *entry, bp_error *err)
{
    source *source;
    bp_status status;

    if (entry->kind == CATALOG_VIEW) return bind_view(out, scope, binder, entry, err);
    if ((status = catalog_entry_source(&source, &binder->session->catalog, entry, err))) return status;
    return scan_source(out, scope, binder, source, err);
}

static bp_status bind_replacement(plan_id *out, scope *scope, binder *binder, string_view name, bool *found, bp_error *err)
{
    source *source = NULL;
    bp_status status;

    *found = false;
    if (!binder->session->replacement) return BP_OK;
    if ((status = binder->session->replacement(binder->session->replacement_data, name, &source, err)) || !source) return status;
    *found = true;
    status = scan_source(out, scope, binder, source, err);
    source_release(source);
    return status;
}

static bp_status check_qualifier(const binder *binder, syntax_id table, bp_error *err)
{
    syntax_id qualifier = syntax_child(binder->tree, table, SLOT_TABLE_QUALIFIER);
    string_view name;

    if (!qualifier) return BP_OK;
    name = syntax_at(binder->tree, qualifier)->text;
    if (string_equal_nocase(name, STRING_VIEW("main")) || string_equal_nocase(name, STRING_VIEW("memory"))) return BP_OK;
    return error_set_at(err, BP_NOT_FOUND, syntax_at(binder->tree, qualifier)->begin,
                        "there is no schema \"%.*s\"; this version has one, \"main\"", STRING_ARGUMENTS(name));
}

static bp_status bind_table(plan_id *out, scope *scope, binder *binder, syntax_id table, bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, table);
    size_t first = scope->count;
    catalog_entry *entry;
    bool found = false;
    cte *with = binder->ctes;
    bp_status status;

    if ((status = check_qualifier(binder, table, err))) return status;
    while (with && !string_equal_nocase(with->name, node->text)) with = with->outer;
    entry = catalog_find(&binder->session->catalog, node->text);
    if (node->flags & SYNTAX_FLAG_PATH)
        status = scan_path(out, scope, binder, node->text, node->begin, err);
    else if (with)
        status = bind_with(out, scope, binder, with, err);
    else if (entry)
        status = bind_entry(out, scope, binder, entry, err);
    else if (!(status = bind_replacement(out, scope, binder, node->text, &found, err)) && !found)
        status = format_of_path(node->text) ? scan_path(out, scope, binder, node->text, node->begin, err)
                                            : table_not_found(binder, node->text, node->begin, err);
    return status ? status : apply_alias(scope, first, binder, table, node->text, err);
}

static bp_status bind_table_query(plan_id *out, scope *scope, binder *binder, syntax_id table, bp_error *err)
{
    size_t first = scope->count;
    relation relation;
    bp_status status;

    if ((status = bind_query(&relation, binder, syntax_child(binder->tree, table, SLOT_TABLE_QUERY), err))) return status;
    *out = relation.node;
    if ((status = add_relation(scope, binder, &relation, err))) return status;
    return apply_alias(scope, first, binder, table, (string_view){0}, err);
}

/* joins ---------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status bind_unsampled(plan_id *out, scope *scope, binder *binder, syntax_id table, bp_error *err)
{
    size_t first = scope->count;
    bool found;
    bp_status status;

    switch (syntax_kind_of(binder->tree, table)) {
    case SYNTAX_TABLE: return bind_table(out, scope, binder, table, err);
    case SYNTAX_TABLE_QUERY: return bind_table_query(out, scope, binder, table, err);
    case SYNTAX_TABLE_FUNCTION: {
        syntax_id call = syntax_child(binder->tree, table, SLOT_TABLE_CALL);
        *out = 0;
        if ((status = bind_list_table(out, scope, first, binder, table, false, &found, err))) return status;
        if (!found && (status = bind_table_function(out, scope, binder, call, err))) return status;
        return apply_alias(scope, first, binder, table, syntax_at(binder->tree, call)->text, err);
    }
    case SYNTAX_PIVOT: return not_yet(binder, table, "PIVOT", err);
    case SYNTAX_UNPIVOT:
        if ((status = bind_unpivot(out, scope, binder, table, err))) return status;
        return apply_alias(scope, first, binder, table, (string_view){0}, err);
    default: return not_yet(binder, table, syntax_kind_name(syntax_kind_of(binder->tree, table)), err);
    }
}

bp_status bind_one_table(plan_id *out, scope *scope, binder *binder, syntax_id table, bp_error *err)
{
    syntax_id sample = syntax_child(binder->tree, table, SLOT_TABLE_SAMPLE);
    bp_status status = bind_unsampled(out, scope, binder, table, err);

    return status || !sample ? status : bind_sample(out, binder, sample, err);
}

/* One join in the making: the scope's columns [first_left, first_right) are the left side's, from first_right on the right's. */
typedef struct joining {
    binder *binder;
    scope *scope;
    syntax_id join;
    plan_id left, right;
    size_t first_left, first_right;
    join_kind kind;
    bool asof, positional;
    bool dependent; /* the right side names columns of the left: LATERAL, written or not */
    late_joins subqueries; /* of ON */
    expr_id *conjuncts;
    size_t conjunct_count;
} joining;

static scope side_scope(const joining *joining, bool right)
{
    size_t begin = right ? joining->first_right : joining->first_left, end = right ? joining->scope->count : joining->first_right;

    return (scope){.columns = joining->scope->columns + begin, .count = end - begin};
}

/* left.name = right.name becomes a conjunct; unqualified, the name means one column from here on. */
static bp_status use_column(joining *joining, string_view name, uint32_t position, bp_error *err)
{
    binder *binder = joining->binder;
    scope left = side_scope(joining, false), right = side_scope(joining, true);
    const scope_column *columns[2];
    expr_id sides[2];
    bp_status status;

    if ((status = scope_find(&columns[0], &left, (string_view){0}, name, position, err))) return status;
    if ((status = scope_find(&columns[1], &right, (string_view){0}, name, position, err))) return status;
    for (size_t i = 0; i < 2; i++)
        if (!columns[i])
            return error_set_at(err, BP_BIND_ERROR, position, "USING (%.*s): the %s side of the join has no such column",
                                STRING_ARGUMENTS(name), i ? "right" : "left");
    for (size_t i = 0; i < 2; i++)
        if ((status = column_expr(&sides[i], binder, unqualified_id(columns[i]), err))) return status;
    binder->plan->exprs.position = position;
    status =
        expr_compare(&joining->conjuncts[joining->conjunct_count++], &binder->plan->exprs, COMPARE_EQUAL, sides[0], sides[1], err);
    joining->scope->columns[columns[1] - joining->scope->columns].hidden = true;
    if (joining->kind == JOIN_RIGHT) { /* the right column is never NULL for the join's sake */
        scope_column *named = &joining->scope->columns[columns[0] - joining->scope->columns];
        named->merged = true;
        named->merged_id = unqualified_id(columns[1]);
    }
    return status;
}

/* ASOF … USING (k, t): of the last column, left >= right. */
static bp_status order_last(joining *joining, bp_error *err)
{
    expr_pool *pool = &joining->binder->plan->exprs;
    expr_id *last = &joining->conjuncts[joining->conjunct_count - 1];

    return expr_compare(last, pool, COMPARE_GREATER_EQUAL, expr_child(pool, *last, 0), expr_child(pool, *last, 1), err);
}

static bp_status join_using(joining *joining, syntax_id list, bp_error *err)
{
    size_t count;
    const syntax_id *names = list_of(joining->binder, list, &count);
    bp_status status = BP_OK;

    joining->conjuncts = arena_new_array(joining->binder->arena, expr_id, count);
    if (!joining->conjuncts) return error_no_memory(err, joining->binder->context->memory, count * sizeof(expr_id));
    for (size_t i = 0; i < count && !status; i++)
        status = use_column(joining, syntax_at(joining->binder->tree, names[i])->text,
                            syntax_at(joining->binder->tree, names[i])->begin, err);
    if (!status && joining->asof && count) status = order_last(joining, err);
    return status;
}

static bp_status join_natural(joining *joining, bp_error *err)
{
    scope left = side_scope(joining, false), right = side_scope(joining, true);
    uint32_t position = syntax_at(joining->binder->tree, joining->join)->begin;
    bp_status status;

    joining->conjuncts = arena_new_array(joining->binder->arena, expr_id, left.count);
    if (!joining->conjuncts) return error_no_memory(err, joining->binder->context->memory, left.count * sizeof(expr_id));
    for (size_t i = 0; i < left.count; i++) {
        const scope_column *other;
        if (left.columns[i].hidden) continue;
        if ((status = scope_find(&other, &right, (string_view){0}, left.columns[i].name, position, err))) return status;
        if (other && (status = use_column(joining, left.columns[i].name, position, err))) return status;
    }
    if (joining->conjunct_count == 0)
        return error_set_at(err, BP_BIND_ERROR, position, "NATURAL JOIN: the two sides have no column name in common");
    return BP_OK;
}

static bp_status join_on(joining *joining, syntax_id condition, bp_error *err)
{
    binder *binder = joining->binder;
    scope both = {.columns = joining->scope->columns + joining->first_left, .count = joining->scope->count - joining->first_left};
    expression_context context = {.scope = &both, .outer = binder->outer, .clause = "ON", .late = &joining->subqueries};
    expr_id expr;
    bp_status status;

    if ((status = bind_expression(&expr, binder, &context, condition, err))) return status;
    if ((status = expr_cast_implicit(&expr, &binder->plan->exprs, expr, type_of(TYPE_BOOLEAN), err))) return status;
    return plan_conjuncts(binder->plan, expr, &joining->conjuncts, &joining->conjunct_count, err);
}

static void join_kind_of(joining *joining)
{
    static const join_kind kinds[] = {[SYNTAX_JOIN_INNER] = JOIN_INNER, [SYNTAX_JOIN_LEFT] = JOIN_LEFT,
                                      [SYNTAX_JOIN_RIGHT] = JOIN_RIGHT, [SYNTAX_JOIN_FULL] = JOIN_FULL,
                                      [SYNTAX_JOIN_SEMI] = JOIN_SEMI,   [SYNTAX_JOIN_ANTI] = JOIN_ANTI,
                                      [SYNTAX_JOIN_CROSS] = JOIN_CROSS};
    const syntax_node *node = syntax_at(joining->binder->tree, joining->join);

    joining->asof = node->flags & SYNTAX_FLAG_ASOF;
    joining->positional = node->option == SYNTAX_JOIN_POSITIONAL;
    joining->kind = joining->positional ? JOIN_FULL : kinds[node->option];
}

/* What an id has become after a projection of `old` to `now`. */
static column_id renamed(column_id id, const column_id *old, const column_id *now, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (old[i] == id) return now[i];
    return id;
}

/* FULL JOIN … USING: the column that the name means is whichever side has it. */
static bp_status merge_used_columns(joining *joining, plan_id *node, bp_error *err)
{
    binder *binder = joining->binder;
    scope *scope = joining->scope;
    size_t outputs = plan_at(binder->plan, *node)->output_count, total = outputs;
    expr_id *exprs = arena_new_array(binder->arena, expr_id, outputs + joining->conjunct_count);
    string_view *names = arena_new_array(binder->arena, string_view, outputs + joining->conjunct_count);
    column_id *old = arena_new_array(binder->arena, column_id, outputs);
    bp_status status;

    if (!exprs || !names || !old) return error_no_memory(err, binder->context->memory, outputs * sizeof *exprs);
    for (size_t i = 0; i < outputs; i++) {
        old[i] = plan_at(binder->plan, *node)->outputs[i];
        names[i] = binder->plan->columns[old[i]].name;
        if ((status = column_expr(&exprs[i], binder, old[i], err))) return status;
    }
    for (size_t i = 0; i < joining->conjunct_count; i++) {
        expr_id sides[2] = {expr_child(&binder->plan->exprs, joining->conjuncts[i], 0),
                            expr_child(&binder->plan->exprs, joining->conjuncts[i], 1)};
        if ((status = expr_coalesce(&exprs[total++], &binder->plan->exprs, sides, 2, err))) return status;
    }
    if ((status = plan_project(node, binder->plan, *node, exprs, names, total, err))) return status;
    for (size_t i = joining->first_left; i < scope->count; i++) {
        scope_column *column = &scope->columns[i];
        column->id = renamed(column->id, old, plan_at(binder->plan, *node)->outputs, outputs);
        if (column->merged) column->merged_id = renamed(column->merged_id, old, plan_at(binder->plan, *node)->outputs, outputs);
    }
    for (size_t used = 0; used < joining->conjunct_count; used++) {
        expr_id side = expr_child(&binder->plan->exprs, joining->conjuncts[used], 0);
        while (expr_at(&binder->plan->exprs, side)->kind == EXPR_CAST) side = expr_child(&binder->plan->exprs, side, 0);
        for (size_t i = joining->first_left; i < joining->first_right; i++) {
            column_id id =
                renamed(expr_at(&binder->plan->exprs, side)->column, old, plan_at(binder->plan, *node)->outputs, outputs);
            if (scope->columns[i].hidden || unqualified_id(&scope->columns[i]) != id) continue;
            scope->columns[i].merged = true;
            scope->columns[i].merged_id = plan_at(binder->plan, *node)->outputs[outputs + used];
            break;
        }
    }
    return BP_OK;
}

static bp_status join_plainly(const joining *joining, plan_id *out, bp_error *err)
{
    plan *plan = joining->binder->plan;
    uint32_t position = syntax_at(joining->binder->tree, joining->join)->begin;

    if (joining->dependent && (joining->asof || joining->positional))
        return error_set_at(err, BP_BIND_ERROR, position,
                            "the right side of an ASOF or POSITIONAL JOIN cannot use columns of the left");
    if (joining->positional) return join_by_position(out, joining->binder, joining->left, joining->right, err);
    if (joining->asof)
        return join_asof(out, joining->binder, joining->kind, joining->left, joining->right, joining->conjuncts,
                         joining->conjunct_count, position, err);
    if (joining->dependent)
        return plan_dependent_join(out, plan, joining->kind, joining->left, joining->right, joining->conjuncts,
                                   joining->conjunct_count, 0, err);
    return plan_join(out, plan, joining->kind, joining->left, joining->right, joining->conjuncts, joining->conjunct_count, err);
}

/* SEMI and ANTI JOIN: whether the dependent rows on the right are any. */
static bp_status filter_by_existence(joining *joining, plan_id right, plan_id *out, bp_error *err)
{
    binder *binder = joining->binder;
    column_id mark;
    expr_id condition;
    bp_status status;

    if ((status = plan_add_column(&mark, binder->plan, STRING_VIEW("mark"), type_of(TYPE_BOOLEAN), err)) ||
        (status = plan_dependent_join(out, binder->plan, JOIN_EXISTS, joining->left, right, NULL, 0, mark, err)) ||
        (status = column_expr(&condition, binder, mark, err)))
        return status;
    if (joining->kind == JOIN_ANTI && (status = expr_not(&condition, &binder->plan->exprs, condition, err))) return status;
    return plan_filter_by(out, binder->plan, *out, &condition, 1, err);
}

/* The subqueries of ON and its condition over one side's rows, as a table that may name the other side's columns. */
static bp_status filter_side(joining *joining, plan_id *side, bp_error *err)
{
    binder *binder = joining->binder;
    bp_status status;

    for (size_t i = 0; i < joining->subqueries.count; i++) {
        late_join join = joining->subqueries.items[i];
        join.dependent = true; /* it may name columns of the side that is not there yet */
        if ((status = late_join_apply(side, binder, &join, err))) return status;
    }
    return plan_filter_by(side, binder->plan, *side, joining->conjuncts, joining->conjunct_count, err);
}

/* The kept right side once more, its columns as the joined table has them, and a number for each row. */
static bp_status read_right(const joining *joining, plan_id keep, const column_id *columns, size_t count, plan_id *out,
                            column_id *number, bp_error *err)
{
    plan *plan = joining->binder->plan;
    bp_status status = plan_read(out, plan, keep, plan_at(plan, keep)->outputs, count + 1, err);

    if (status) return status;
    if (count) memcpy(plan_at(plan, *out)->outputs, columns, count * sizeof *columns);
    *number = plan_at(plan, *out)->outputs[count];
    return BP_OK;
}

/* Only the left side's columns and the number. */
static bp_status drop_right(const joining *joining, plan_id *node, column_id *number, bp_error *err)
{
    binder *binder = joining->binder;
    const plan_node *left = plan_at(binder->plan, joining->left);
    size_t count = left->output_count;
    column_id *columns = left->outputs;
    expr_id *exprs = arena_new_array(binder->arena, expr_id, count + 1);
    bp_status status;

    if (!exprs) return error_no_memory(err, binder->context->memory, (count + 1) * sizeof *exprs);
    for (size_t i = 0; i <= count; i++)
        if ((status = column_expr(&exprs[i], binder, i < count ? columns[i] : *number, err))) return status;
    if ((status = plan_project(node, binder->plan, *node, exprs, NULL, count + 1, err))) return status;
    if (count) memcpy(plan_at(binder->plan, *node)->outputs, columns, count * sizeof *columns);
    *number = plan_at(binder->plan, *node)->outputs[count];
    return BP_OK;
}

/* A FULL JOIN whose ON has subqueries: the right side's rows are numbered and kept, a LEFT JOIN finds each left row's numbers, and a FULL JOIN by number follows. */
static bp_status full_join_with_subqueries(joining *joining, plan_id *out, bp_error *err)
{
    binder *binder = joining->binder;
    plan *plan = binder->plan;
    plan_id node = joining->right, keep;
    const column_id *columns = plan_at(plan, node)->outputs;
    size_t count = plan_at(plan, node)->output_count;
    column_id numbers[2];
    expr_id sides[2], equal;
    bool foreign = false;
    bp_status status;

    if ((status = plan_names_foreign(plan, node, &foreign, err))) return status;
    if (foreign || joining->dependent)
        return not_yet(binder, joining->join, "subqueries in ON of a FULL JOIN whose right side uses columns from around it", err);
    if ((status = plan_number_rows(&node, plan, node, NULL, 0, &numbers[0], err)) || (status = plan_keep(&keep, plan, node, err)) ||
        (status = read_right(joining, keep, columns, count, &node, &numbers[0], err)) ||
        (status = filter_side(joining, &node, err)) ||
        (status = plan_dependent_join(out, plan, JOIN_LEFT, joining->left, node, NULL, 0, 0, err)) ||
        (status = drop_right(joining, out, &numbers[0], err)) ||
        (status = read_right(joining, keep, columns, count, &node, &numbers[1], err)))
        return status;
    for (size_t i = 0; i < 2; i++)
        if ((status = column_expr(&sides[i], binder, numbers[i], err))) return status;
    if ((status = expr_compare(&equal, &plan->exprs, COMPARE_EQUAL, sides[0], sides[1], err))) return status;
    return plan_join(out, plan, JOIN_FULL, *out, node, &equal, 1, err);
}

/* ON with subqueries: they and the condition stand over the rows of an inner join; of other kinds they stand over the side that may lack a partner, as a dependent
 * table beside the other. */
static bp_status join_with_subqueries(joining *joining, plan_id *out, bp_error *err)
{
    binder *binder = joining->binder;
    bool semi = joining->kind == JOIN_SEMI || joining->kind == JOIN_ANTI, left = joining->kind == JOIN_LEFT || semi;
    plan_id *side = left ? &joining->right : &joining->left, whole;
    bp_status status;

    if (joining->kind == JOIN_INNER) {
        side = &whole;
        status = joining->dependent
                     ? plan_dependent_join(side, binder->plan, JOIN_INNER, joining->left, joining->right, NULL, 0, 0, err)
                     : plan_join(side, binder->plan, JOIN_CROSS, joining->left, joining->right, NULL, 0, err);
        if (status) return status;
    } else if (joining->kind == JOIN_FULL) {
        return full_join_with_subqueries(joining, out, err);
    }
    if ((status = filter_side(joining, side, err))) return status;
    *out = *side;
    if (joining->kind == JOIN_INNER) return BP_OK;
    if (semi) return filter_by_existence(joining, *side, out, err);
    return plan_dependent_join(out, binder->plan, JOIN_LEFT, left ? joining->left : joining->right, *side, NULL, 0, 0, err);
}

static bp_status join_sides(joining *joining, plan_id *out, bp_error *err)
{
    binder *binder = joining->binder;
    syntax_id on = syntax_child(binder->tree, joining->join, SLOT_JOIN_ON),
              used = syntax_child(binder->tree, joining->join, SLOT_JOIN_USING);
    bool natural = syntax_has(binder->tree, joining->join, SYNTAX_FLAG_NATURAL);
    bp_status status;

    join_kind_of(joining);
    status = natural ? join_natural(joining, err) : used ? join_using(joining, used, err) : on ? join_on(joining, on, err) : BP_OK;
    if (status) return status;
    if ((status = joining->subqueries.count ? join_with_subqueries(joining, out, err) : join_plainly(joining, out, err)))
        return status;
    if (joining->kind == JOIN_SEMI || joining->kind == JOIN_ANTI) joining->scope->count = joining->first_right;
    return joining->kind == JOIN_FULL && !joining->positional && (used || natural) ? merge_used_columns(joining, out, err) : BP_OK;
}

static bp_status bind_any_table(plan_id *out, scope *scope, binder *binder, syntax_id table, bp_error *err);

/* A table that may name columns of those before it, from the scope's column `first` on. */
static bp_status bind_table_beside(plan_id *out, scope *scope, size_t first, binder *binder, syntax_id table, bool *dependent,
                                   bp_error *err)
{
    outer_frame frame;
    bp_status status;

    if ((status = outer_enter(&frame, binder, scope, first, binder->outer, err))) return status;
    status = bind_any_table(out, scope, binder, table, err);
    outer_leave(&frame, binder, dependent);
    return status;
}

/* A list unnested beside the rows on the left, whose columns it may use: no join, but an UNNEST over them. *found false: an ordinary table. */
static bp_status bind_beside(plan_id *out, scope *scope, size_t first_left, binder *binder, syntax_id table, bool outer,
                             bool *found, bp_error *err)
{
    size_t first = scope->count;
    syntax_id call;
    bp_status status;

    if ((status = bind_list_table(out, scope, first_left, binder, table, outer, found, err)) || !*found) return status;
    call = syntax_child(binder->tree, table, SLOT_TABLE_CALL);
    return apply_alias(scope, first, binder, table, syntax_at(binder->tree, call)->text, err);
}

/* t JOIN unnest(t.l) u(x) ON condition: the condition filters; a LEFT JOIN's must be true, its rows without elements come once. */
static bp_status join_beside(joining *joining, plan_id *out, bool *found, bp_error *err)
{
    binder *binder = joining->binder;
    const syntax_node *node = syntax_at(binder->tree, joining->join);
    syntax_id on = syntax_child(binder->tree, joining->join, SLOT_JOIN_ON);
    bool left = node->option == SYNTAX_JOIN_LEFT,
         always = !on || (syntax_kind_of(binder->tree, on) == SYNTAX_BOOLEAN && syntax_at(binder->tree, on)->option);
    bp_status status;

    if (left && !always) { /* a table of its own */
        *found = false;
        return BP_OK;
    }
    status = bind_beside(out, joining->scope, joining->first_left, binder,
                         syntax_child(binder->tree, joining->join, SLOT_JOIN_RIGHT), left, found, err);
    if (status || !*found) return status;
    if ((node->option != SYNTAX_JOIN_INNER && node->option != SYNTAX_JOIN_CROSS && !left) || node->flags ||
        syntax_child(binder->tree, joining->join, SLOT_JOIN_USING))
        return not_yet(
            binder, joining->join,
            "this kind of join with unnest(…) or range(…) on its right; CROSS JOIN, JOIN … ON and LEFT JOIN … ON true are there",
            err);
    if (always) return BP_OK;
    if ((status = join_on(joining, on, err))) return status;
    return plan_filter_by(out, binder->plan, *out, joining->conjuncts, joining->conjunct_count, err);
}

/* a JOIN b JOIN c … leans to the left: the spine is walked without recursion. */
static bp_status bind_joins(plan_id *out, scope *scope, binder *binder, syntax_id join, bp_error *err)
{
    size_t first = scope->count, depth = 0;
    syntax_id leftmost = join, *spine;
    bp_status status;

    for (syntax_id at = join; syntax_kind_of(binder->tree, at) == SYNTAX_JOIN; at = syntax_child(binder->tree, at, SLOT_JOIN_LEFT))
        depth++;
    spine = arena_new_array(binder->arena, syntax_id, depth);
    if (!spine) return error_no_memory(err, binder->context->memory, depth * sizeof *spine);
    for (size_t i = depth; i-- > 0; leftmost = syntax_child(binder->tree, leftmost, SLOT_JOIN_LEFT)) spine[i] = leftmost;
    if ((status = bind_any_table(out, scope, binder, leftmost, err))) return status;
    for (size_t i = 0; i < depth; i++) {
        joining joining = {
            .binder = binder, .scope = scope, .join = spine[i], .left = *out, .first_left = first, .first_right = scope->count};
        syntax_id alias = syntax_child(binder->tree, spine[i], SLOT_JOIN_ALIAS);
        bool beside;
        if ((status = join_beside(&joining, out, &beside, err))) return status;
        if (!beside && (status = bind_table_beside(&joining.right, scope, first, binder,
                                                   syntax_child(binder->tree, spine[i], SLOT_JOIN_RIGHT), &joining.dependent, err)))
            return status;
        if (!beside && (status = join_sides(&joining, out, err))) return status;
        if (alias && (status = apply_alias(scope, first, binder, spine[i], (string_view){0}, err))) return status;
    }
    return BP_OK;
}

static bp_status bind_any_table(plan_id *out, scope *scope, binder *binder, syntax_id table, bp_error *err)
{
    bp_status status;

    if (syntax_kind_of(binder->tree, table) != SYNTAX_JOIN) return bind_one_table(out, scope, binder, table, err);
    if (++binder->depth > LIMIT_QUERY_DEPTH)
        return error_set_at(err, BP_LIMIT, syntax_at(binder->tree, table)->begin, "queries and joins nest deeper than %d levels",
                            LIMIT_QUERY_DEPTH);
    status = bind_joins(out, scope, binder, table, err);
    binder->depth--;
    return status;
}

bp_status bind_from(plan_id *out, scope *scope, binder *binder, syntax_id list, bp_error *err)
{
    size_t count;
    const syntax_id *tables = list_of(binder, list, &count);
    bp_status status;

    if (count == 0) return plan_dual(out, binder->plan, err);
    if ((status = bind_any_table(out, scope, binder, tables[0], err))) return status;
    for (size_t i = 1; i < count; i++) {
        plan_id right;
        bool beside, dependent;
        if ((status = bind_beside(out, scope, 0, binder, tables[i], false, &beside, err))) return status;
        if (beside) continue;
        if ((status = bind_table_beside(&right, scope, 0, binder, tables[i], &dependent, err))) return status;
        status = dependent ? plan_dependent_join(out, binder->plan, JOIN_INNER, *out, right, NULL, 0, 0, err)
                           : plan_join(out, binder->plan, JOIN_CROSS, *out, right, NULL, 0, err);
        if (status) return status;
    }
    return BP_OK;
}
