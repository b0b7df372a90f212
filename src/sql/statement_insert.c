/* INSERT: a query whose columns are brought into the table's order and types, collected, checked, and appended; all rows or none. */
#include "statement.h"

typedef struct insertion {
    session *session;
    const syntax *tree;
    const parameters *parameters;
    catalog_entry *entry;
} insertion;

bp_status match_listed(size_t *sources, const syntax *tree, syntax_id list, const catalog_entry *entry, size_t count,
                       const char *statement, bp_error *err)
{
    const schema *schema = table_schema(entry->table);

    for (size_t i = 0; i < schema->count; i++) sources[i] = SIZE_MAX;
    if (syntax_at(tree, list)->count != count)
        return error_set_at(err, BP_BIND_ERROR, syntax_at(tree, list)->begin, "%s names %u columns, but %zu values are given",
                            statement, syntax_at(tree, list)->count, count);
    for (size_t i = 0; i < count; i++) {
        const syntax_node *name = syntax_at(tree, syntax_children(tree, list)[i]);
        size_t index = schema_find(schema, name->text);
        if (index == SIZE_MAX)
            return error_set_at(err, BP_BIND_ERROR, name->begin, "the table \"%.*s\" has no column \"%.*s\"",
                                STRING_ARGUMENTS(entry->name), STRING_ARGUMENTS(name->text));
        if (sources[index] != SIZE_MAX)
            return error_set_at(err, BP_BIND_ERROR, name->begin, "the column \"%.*s\" is named twice",
                                STRING_ARGUMENTS(name->text));
        sources[index] = i;
    }
    return BP_OK;
}

static bp_status match_names(const insertion *insertion, const relation *relation, size_t *sources, bp_error *err)
{
    const schema *schema = table_schema(insertion->entry->table);

    for (size_t i = 0; i < relation->count; i++) {
        size_t index = schema_find(schema, relation->names[i]);
        if (index == SIZE_MAX)
            return error_set(err, BP_BIND_ERROR, "INSERT BY NAME: the table \"%.*s\" has no column \"%.*s\"",
                             STRING_ARGUMENTS(insertion->entry->name), STRING_ARGUMENTS(relation->names[i]));
        sources[index] = i;
    }
    return BP_OK;
}

static bp_status match_columns(const insertion *insertion, const relation *relation, size_t *sources, bp_error *err)
{
    const syntax *tree = insertion->tree;
    const schema *schema = table_schema(insertion->entry->table);
    syntax_id list = syntax_child(tree, tree->root, SLOT_INSERT_COLUMNS);

    for (size_t i = 0; i < schema->count; i++) sources[i] = SIZE_MAX;
    if (list) return match_listed(sources, tree, list, insertion->entry, relation->count, "INSERT", err);
    if (syntax_has(tree, tree->root, SYNTAX_FLAG_INSERT_BY_NAME)) return match_names(insertion, relation, sources, err);
    if (relation->count != schema->count)
        return error_set_at(err, BP_BIND_ERROR, syntax_at(tree, tree->root)->begin,
                            "the table \"%.*s\" has %zu columns, but %zu values are given",
                            STRING_ARGUMENTS(insertion->entry->name), schema->count, relation->count);
    for (size_t i = 0; i < schema->count; i++) sources[i] = i;
    return BP_OK;
}

/* DEFAULT's expression, parsed anew from its text; NULL without one. */
static bp_status default_value(expr_id *out, binder *outer, const catalog_entry *entry, size_t index, bp_error *err)
{
    binder binder = *outer;
    expression_context context = {.clause = "DEFAULT"};
    syntax *tree;
    bp_status status;

    if (!entry->default_text || entry->default_text[index].size == 0)
        return expr_null(out, &binder.plan->exprs, table_schema(entry->table)->types[index], err);
    if ((status = sql_parse_expression(&tree, binder.arena, entry->default_text[index], err))) return status;
    binder.tree = tree;
    return bind_expression(out, &binder, &context, tree->root, err);
}

/* INSERT … VALUES (…), nothing else: each value is cast on its own. */
static bp_status target_of(values_target *out, const insertion *insertion, binder *binder, syntax_id query, bp_error *err)
{
    const syntax *tree = insertion->tree;
    const schema *schema = table_schema(insertion->entry->table);
    syntax_id body = query ? syntax_child(tree, query, SLOT_QUERY_BODY) : 0,
              list = syntax_child(tree, tree->root, SLOT_INSERT_COLUMNS);
    size_t count = list ? syntax_at(tree, list)->count : schema->count;
    data_type *types = arena_new_array(binder->arena, data_type, count);
    expr_id *defaults = arena_new_array(binder->arena, expr_id, count);
    bp_status status;

    *out = (values_target){0};
    if (!types || !defaults) return error_no_memory(err, binder->context->memory, count * sizeof *types);
    if (!body || syntax_kind_of(tree, body) != SYNTAX_VALUES || syntax_has(tree, tree->root, SYNTAX_FLAG_INSERT_BY_NAME))
        return BP_OK;
    for (size_t i = 0; i < count; i++) {
        size_t index = list ? schema_find(schema, syntax_at(tree, syntax_children(tree, list)[i])->text) : i;
        if (index == SIZE_MAX) return BP_OK; /* match_columns() says it */
        types[i] = schema->types[index];
        if ((status = default_value(&defaults[i], binder, insertion->entry, index, err))) return status;
    }
    *out = (values_target){.values = body, .types = types, .defaults = defaults, .count = count};
    return BP_OK;
}

/* The relation becomes the table's columns, each cast to its type. */
static bp_status project_sources(relation *relation, binder *binder, const catalog_entry *entry, const size_t *sources,
                                 bp_error *err)
{
    const schema *schema = table_schema(entry->table);
    expr_id *exprs = arena_new_array(binder->arena, expr_id, schema->count);
    bp_status status = BP_OK;

    if (!exprs) return error_no_memory(err, binder->context->memory, schema->count * sizeof *exprs);
    for (size_t i = 0; i < schema->count && !status; i++) {
        status = sources[i] == SIZE_MAX
                     ? default_value(&exprs[i], binder, entry, i, err)
                     : column_expr(&exprs[i], binder, plan_at(binder->plan, relation->node)->outputs[sources[i]], err);
        if (!status) status = expr_cast(&exprs[i], &binder->plan->exprs, exprs[i], schema->types[i], false, err);
    }
    return status ? status : plan_project(&relation->node, binder->plan, relation->node, exprs, schema->names, schema->count, err);
}

bp_status project_into_table(relation *relation, binder *binder, const catalog_entry *entry, syntax_id list, const char *statement,
                             bp_error *err)
{
    size_t count = table_schema(entry->table)->count, *sources = arena_new_array(binder->arena, size_t, count);
    bp_status status = BP_OK;

    if (!sources) return error_no_memory(err, binder->context->memory, count * sizeof *sources);
    for (size_t i = 0; i < count; i++) sources[i] = i;
    if (list) status = match_listed(sources, binder->tree, list, entry, relation->count, statement, err);
    return status ? status : project_sources(relation, binder, entry, sources, err);
}

static bp_status bind_insert(plan **out, query_job *job, bp_error *err)
{
    const insertion *insertion = job->bind_data;
    const schema *schema = table_schema(insertion->entry->table);
    syntax_id query = syntax_child(insertion->tree, insertion->tree->root, SLOT_INSERT_QUERY);
    relation relation = {0};
    values_target target;
    binder binder;
    size_t *sources;
    bp_status status;

    *out = NULL;
    if ((status = binder_alone(&binder, insertion->session, insertion->tree, insertion->parameters, err))) return status;
    if ((status = target_of(&target, insertion, &binder, query, err))) goto done;
    binder.target = &target;
    status = query ? bind_query(&relation, &binder, query, err) : plan_dual(&relation.node, binder.plan, err);
    if (status) goto done;
    sources = arena_new_array(binder.arena, size_t, schema->count);
    if (!sources) {
        status = error_no_memory(err, binder.context->memory, schema->count * sizeof *sources);
        goto done;
    }
    for (size_t i = 0; i < schema->count; i++) sources[i] = SIZE_MAX;
    if (query && (status = match_columns(insertion, &relation, sources, err))) goto done;
    status = project_sources(&relation, &binder, insertion->entry, sources, err);
    if (!status) status = plan_finish(binder.plan, relation.node, schema->names, err);
    if (!status) {
        *out = binder.plan;
        binder.plan = NULL;
    }
done:
    plan_free(binder.plan);
    return status;
}

static bp_status check_not_null(const catalog_entry *entry, const table *rows, bp_error *err)
{
    const schema *schema = table_schema(entry->table);

    for (size_t i = 0; entry->not_null && i < schema->count; i++) {
        for (size_t chunk = 0; entry->not_null[i] && chunk < table_chunk_count(rows); chunk++)
            if (column_null_count(&table_chunk(rows, chunk)->columns[i]))
                return error_set(err, BP_CONSTRAINT, "NOT NULL: the column \"%.*s\" of \"%.*s\" got a NULL; no row was inserted",
                                 STRING_ARGUMENTS(schema->names[i]), STRING_ARGUMENTS(entry->name));
    }
    return BP_OK;
}

/* Readers of the old rows keep them: the new table shares its chunks. */
static bp_status append_rows(session *session, catalog_entry *entry, table *rows, bp_error *err)
{
    table *larger;
    bp_status status;

    if ((status = table_extended(&larger, entry->table, rows, err))) return status;
    catalog_entry_replace_table(&session->catalog, entry, larger);
    return BP_OK;
}

bp_status insert_rows(outcome *out, session *session, catalog_entry *entry, table *rows, bp_error *err)
{
    bp_status status;

    if ((status = check_not_null(entry, rows, err))) return status;
    *out = (struct outcome){.kind = OUTCOME_CHANGED, .rows_changed = (int64_t)table_row_count(rows)};
    return append_rows(session, entry, rows, err);
}

bp_status execute_insert(outcome *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err)
{
    insertion insertion = {.session = session, .tree = tree, .parameters = parameters};
    query_job job = {.session = session, .tree = tree, .parameters = parameters, .bind = bind_insert, .bind_data = &insertion};
    const syntax_node *node = syntax_at(tree, tree->root);
    table *rows = NULL;
    bp_status status;

    if (node->flags & (SYNTAX_FLAG_OR_REPLACE | SYNTAX_FLAG_OR_IGNORE) || syntax_child(tree, tree->root, SLOT_INSERT_CONFLICT))
        return error_set_at(err, BP_NOT_SUPPORTED, node->begin,
                            "INSERT OR …, ON CONFLICT: this version has no keys that could conflict");
    if (syntax_child(tree, tree->root, SLOT_INSERT_RETURNING))
        return error_set_at(err, BP_NOT_SUPPORTED, node->begin, "INSERT … RETURNING is not there yet");
    if (syntax_child(tree, tree->root, SLOT_INSERT_WITH))
        return error_set_at(err, BP_NOT_SUPPORTED, node->begin, "WITH before INSERT is not there yet; put it before the SELECT");
    if ((status = table_entry(&insertion.entry, session, tree, syntax_child(tree, tree->root, SLOT_INSERT_TABLE), err)))
        return status;
    if (!(status = query_job_bind(&job, err))) status = query_job_collect(&job, &rows, err);
    if (!status) status = insert_rows(out, session, insertion.entry, rows, err);
    table_release(rows);
    query_job_clear(&job);
    return status;
}
