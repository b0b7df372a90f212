/* Statements that are no queries: CREATE, DROP, SET and their like. */
#include "statement.h"

bp_status binder_alone(binder *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err)
{
    bp_status status;

    *out = (binder){.session = session, .context = session->context, .tree = tree, .parameters = parameters};
    if ((status = plan_new(&out->plan, session->context, err))) return status;
    out->arena = &out->plan->arena;
    return BP_OK;
}

static string_view entry_name_at(const void *data, size_t index)
{
    return ((const catalog *)data)->entries[index]->name;
}

static bp_status no_such_table(const session *session, string_view name, uint32_t position, bp_error *err)
{
    bp_status status = error_set_at(err, BP_NOT_FOUND, position, "there is no table \"%.*s\"", STRING_ARGUMENTS(name));

    error_suggest(err, name, entry_name_at, &session->catalog, session->catalog.count);
    return status;
}

bp_status table_entry(catalog_entry **out, session *session, const syntax *tree, syntax_id table, bp_error *err)
{
    const syntax_node *node = syntax_at(tree, table);

    *out = catalog_find(&session->catalog, node->text);
    if (!*out) return no_such_table(session, node->text, node->begin, err);
    if ((*out)->kind == CATALOG_TABLE) return BP_OK;
    return error_set_at(err, BP_BIND_ERROR, node->begin, "\"%.*s\" is a %s; rows can only be changed in tables",
                        STRING_ARGUMENTS(node->text), (*out)->kind == CATALOG_VIEW ? "view" : "registered table");
}

/* Whether CREATE … has nothing to do (IF NOT EXISTS), or may not. */
static bp_status check_name(session *session, const syntax *tree, bool *there, bp_error *err)
{
    const syntax_node *node = syntax_at(tree, tree->root);
    const catalog_entry *entry = catalog_find(&session->catalog, node->text);

    *there = entry && (node->flags & SYNTAX_FLAG_IF_NOT_EXISTS);
    if (!entry || *there || (node->flags & SYNTAX_FLAG_OR_REPLACE)) return BP_OK;
    return error_set_at(err, BP_EXISTS, node->begin,
                        "\"%.*s\" is there already; CREATE OR REPLACE replaces it, IF NOT EXISTS keeps it",
                        STRING_ARGUMENTS(node->text));
}

/* CREATE TABLE ------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status column_constraint(catalog_entry *entry, size_t index, const syntax *tree, syntax_id constraint, bp_error *err)
{
    const syntax_node *node = syntax_at(tree, constraint);
    syntax_id expression = syntax_child(tree, constraint, SLOT_CONSTRAINT_EXPRESSION);
    string_view text;

    switch ((syntax_constraint)node->option) {
    case CONSTRAINT_NOT_NULL: entry->not_null[index] = true; return BP_OK;
    case CONSTRAINT_NULL: return BP_OK;
    case CONSTRAINT_DEFAULT:
        text = string_view_slice(tree->source, syntax_at(tree, expression)->begin, syntax_at(tree, expression)->end);
        entry->default_text[index] = arena_copy(&entry->arena, text);
        return entry->default_text[index].data ? BP_OK : error_no_memory(err, entry->arena.memory, text.size);
    default: return error_set_at(err, BP_NOT_SUPPORTED, node->begin, "of the constraints this version has NOT NULL and DEFAULT");
    }
}

static bp_status define_columns(catalog_entry *entry, schema *out, binder *binder, syntax_id parts, bp_error *err)
{
    const syntax *tree = binder->tree;
    size_t count = syntax_at(tree, parts)->count;
    bp_status status;

    if (count > LIMIT_COLUMNS) return error_set(err, BP_LIMIT, "a table of %zu columns; the limit is %d", count, LIMIT_COLUMNS);
    if ((status = schema_new(out, &entry->arena, count, err))) return status;
    entry->not_null = arena_new_array(&entry->arena, bool, count);
    entry->default_text = arena_new_array(&entry->arena, string_view, count);
    if (!entry->not_null || !entry->default_text) return error_no_memory(err, entry->arena.memory, count * sizeof(string_view));
    for (size_t i = 0; i < count; i++) {
        syntax_id part = syntax_children(tree, parts)[i], type = syntax_child(tree, part, 0);
        data_type bound;
        if (syntax_kind_of(tree, part) != SYNTAX_COLUMN_DEFINITION)
            return error_set_at(err, BP_NOT_SUPPORTED, syntax_at(tree, part)->begin,
                                "constraints of a whole table are not there yet");
        if (!type)
            return error_set_at(err, BP_BIND_ERROR, syntax_at(tree, part)->begin, "the column \"%.*s\" needs a type",
                                STRING_ARGUMENTS(syntax_at(tree, part)->text));
        if (schema_find(&(schema){.count = i, .names = out->names, .types = out->types}, syntax_at(tree, part)->text) != SIZE_MAX)
            return error_set_at(err, BP_BIND_ERROR, syntax_at(tree, part)->begin, "two columns are named \"%.*s\"",
                                STRING_ARGUMENTS(syntax_at(tree, part)->text));
        if ((status = bind_type(&bound, binder, type, err)) || (status = type_copy(&out->types[i], &entry->arena, bound, err)))
            return status;
        out->names[i] = arena_copy(&entry->arena, syntax_at(tree, part)->text);
        if (!out->names[i].data) return error_no_memory(err, entry->arena.memory, syntax_at(tree, part)->text.size);
        for (size_t j = 1; j < syntax_at(tree, part)->count; j++)
            if ((status = column_constraint(entry, i, tree, syntax_children(tree, part)[j], err))) return status;
    }
    return BP_OK;
}

static bp_status new_empty_table(catalog_entry *entry, session *session, const syntax *tree, const parameters *parameters,
                                 bp_error *err)
{
    binder binder;
    schema schema;
    bp_status status;

    if ((status = binder_alone(&binder, session, tree, parameters, err))) return status;
    status = define_columns(entry, &schema, &binder, syntax_child(tree, tree->root, SLOT_CREATE_PARTS), err);
    if (!status) status = table_new(&entry->table, session->context->memory, &schema, err);
    if (!status) status = table_finish(entry->table, err);
    plan_free(binder.plan);
    return status;
}

static bp_status table_from_query(catalog_entry *entry, session *session, const syntax *tree, const parameters *parameters,
                                  bp_error *err)
{
    query_job job;
    bp_status status =
        query_job_start(&job, session, tree, syntax_child(tree, tree->root, SLOT_CREATE_QUERY), parameters, NULL, err);

    if (!status) status = query_job_collect(&job, &entry->table, err);
    query_job_clear(&job);
    return status;
}

static bp_status create_table(outcome *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err)
{
    const syntax_node *node = syntax_at(tree, tree->root);
    bool from_query = syntax_child(tree, tree->root, SLOT_CREATE_QUERY) != 0, there;
    catalog_entry *entry;
    bp_status status;

    if ((status = check_name(session, tree, &there, err)) || there) return status;
    if (from_query && syntax_child(tree, tree->root, SLOT_CREATE_PARTS))
        return error_set_at(err, BP_NOT_SUPPORTED, node->begin,
                            "CREATE TABLE with column names and AS: name the columns in the query instead");
    if ((status = catalog_entry_new(&entry, &session->catalog, CATALOG_TABLE, node->text, err))) return status;
    status = from_query ? table_from_query(entry, session, tree, parameters, err)
                        : new_empty_table(entry, session, tree, parameters, err);
    if (status) {
        catalog_entry_free(&session->catalog, entry);
        return status;
    }
    if (from_query) *out = (struct outcome){.kind = OUTCOME_CHANGED, .rows_changed = (int64_t)table_row_count(entry->table)};
    return catalog_publish(&session->catalog, entry, node->flags & SYNTAX_FLAG_OR_REPLACE, err);
}

/* CREATE VIEW, DROP ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status fill_view(catalog_entry *entry, const syntax *tree, syntax_id query, bp_error *err)
{
    syntax_id names = syntax_child(tree, tree->root, SLOT_CREATE_PARTS);
    size_t count = names ? syntax_at(tree, names)->count : 0;

    entry->sql =
        arena_copy(&entry->arena, string_view_slice(tree->source, syntax_at(tree, query)->begin, syntax_at(tree, query)->end));
    entry->view_columns = arena_new_array(&entry->arena, string_view, count);
    if (!entry->sql.data || !entry->view_columns) return error_no_memory(err, entry->arena.memory, 4096);
    entry->view_column_count = count;
    for (size_t i = 0; i < count; i++) {
        entry->view_columns[i] = arena_copy(&entry->arena, syntax_at(tree, syntax_children(tree, names)[i])->text);
        if (!entry->view_columns[i].data) return error_no_memory(err, entry->arena.memory, 4096);
    }
    return BP_OK;
}

static bp_status create_view(session *session, const syntax *tree, bp_error *err)
{
    const syntax_node *node = syntax_at(tree, tree->root);
    syntax_id query = syntax_child(tree, tree->root, SLOT_CREATE_QUERY);
    catalog_entry *entry;
    plan *plan;
    bool there;
    bp_status status;

    if ((status = check_name(session, tree, &there, err)) || there) return status;
    if ((status = bind_statement_query(&plan, session, tree, query, NULL, err))) return status; /* it must be right today */
    plan_free(plan);
    if ((status = catalog_entry_new(&entry, &session->catalog, CATALOG_VIEW, node->text, err))) return status;
    if ((status = fill_view(entry, tree, query, err))) {
        catalog_entry_free(&session->catalog, entry);
        return status;
    }
    return catalog_publish(&session->catalog, entry, node->flags & SYNTAX_FLAG_OR_REPLACE, err);
}

static bp_status drop(session *session, const syntax *tree, bp_error *err)
{
    const syntax_node *node = syntax_at(tree, tree->root);

    if (node->option != OBJECT_TABLE && node->option != OBJECT_VIEW)
        return error_set_at(err, BP_NOT_SUPPORTED, node->begin, "DROP of anything but tables and views is not there yet");
    for (size_t i = 0; i < node->count; i++) { /* look at all before one goes */
        const syntax_node *table = syntax_at(tree, syntax_children(tree, tree->root)[i]);
        const catalog_entry *entry = catalog_find(&session->catalog, table->text);
        if (!entry && !(node->flags & SYNTAX_FLAG_IF_EXISTS)) return no_such_table(session, table->text, table->begin, err);
        if (entry && (entry->kind == CATALOG_VIEW) != (node->option == OBJECT_VIEW))
            return error_set_at(err, BP_BIND_ERROR, table->begin, "\"%.*s\" is a %s; say DROP %s", STRING_ARGUMENTS(table->text),
                                entry->kind == CATALOG_VIEW ? "view" : "table", entry->kind == CATALOG_VIEW ? "VIEW" : "TABLE");
    }
    for (size_t i = 0; i < node->count; i++)
        catalog_drop(&session->catalog, syntax_at(tree, syntax_children(tree, tree->root)[i])->text);
    return BP_OK;
}

static bp_status truncate(outcome *out, session *session, const syntax *tree, bp_error *err)
{
    catalog_entry *entry;
    table *empty;
    bp_status status;

    if ((status = table_entry(&entry, session, tree, syntax_child(tree, tree->root, 0), err))) return status;
    if ((status = table_new(&empty, session->context->memory, table_schema(entry->table), err))) return status;
    if ((status = table_finish(empty, err))) {
        table_release(empty);
        return status;
    }
    *out = (struct outcome){.kind = OUTCOME_CHANGED, .rows_changed = (int64_t)table_row_count(entry->table)};
    catalog_entry_replace_table(&session->catalog, entry, empty);
    return BP_OK;
}

/* SET ---------------------------------------------------------------------------------------------------------------------------------------------------- */
/* A setting's value as text: a bare word, a text, a number, a boolean. */
static bp_status setting_text(string_view *out, binder *binder, syntax_id node, bp_error *err)
{
    const column *value;
    builder text;
    bp_status status;

    if ((status = option_value(&value, binder, node, err))) return status;
    builder_init(&text, binder->context->memory, LIMIT_SQL_SIZE);
    column_print_value(&text, value, 0);
    if (!(status = builder_status(&text, err))) {
        *out = arena_copy(binder->arena, builder_view(&text));
        if (!out->data) status = error_no_memory(err, binder->context->memory, text.size);
    }
    builder_clear(&text);
    return status;
}

static bp_status set_setting(session *session, const syntax *tree, const parameters *parameters, bool reset, bp_error *err)
{
    const syntax_node *node = syntax_at(tree, tree->root);
    syntax_id values = reset ? 0 : syntax_child(tree, tree->root, 0);
    binder binder;
    string_view name, value = STRING_VIEW("default");
    bp_status status;

    if (!reset && node->kind == SYNTAX_SET && node->option == SCOPE_VARIABLE)
        return error_set_at(err, BP_NOT_SUPPORTED, node->begin, "SET VARIABLE is not there yet");
    if (!reset && (!values || syntax_at(tree, values)->count != 1))
        return error_set_at(err, BP_SYNTAX_ERROR, node->begin, "SET %.*s wants one value", STRING_ARGUMENTS(node->text));
    if ((status = binder_alone(&binder, session, tree, parameters, err))) return status;
    name = arena_copy(binder.arena, node->text);
    status = name.data ? BP_OK : error_no_memory(err, session->context->memory, node->text.size);
    if (!status && !reset) status = setting_text(&value, &binder, syntax_children(tree, values)[0], err);
    if (!status) status = config_set(session->context, name.data, value.data, err);
    if (status && err && err->position < 0) err->position = node->begin;
    plan_free(binder.plan);
    return status;
}

/* the switch ------------------------------------------------------------------------------------------------------------------------------------------------ */
bp_status execute_other(outcome *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err)
{
    const syntax_node *node = syntax_at(tree, tree->root);

    switch (tree->root ? (syntax_kind)node->kind : SYNTAX_NONE) {
    case SYNTAX_NONE: return BP_OK;
    case SYNTAX_CREATE_TABLE: return create_table(out, session, tree, parameters, err);
    case SYNTAX_CREATE_VIEW: return create_view(session, tree, err);
    case SYNTAX_DROP: return drop(session, tree, err);
    case SYNTAX_TRUNCATE: return truncate(out, session, tree, err);
    case SYNTAX_INSERT: return execute_insert(out, session, tree, parameters, err);
    case SYNTAX_COPY: return execute_copy(out, session, tree, parameters, err);
    case SYNTAX_EXPLAIN: return execute_explain(out, session, tree, parameters, err);
    case SYNTAX_SET: return set_setting(session, tree, parameters, false, err);
    case SYNTAX_RESET: return set_setting(session, tree, parameters, true, err);
    case SYNTAX_PRAGMA:
        if (node->flags & SYNTAX_FLAG_ASSIGN) return set_setting(session, tree, parameters, false, err);
        break;
    default: break;
    }
    return error_set_at(err, BP_NOT_SUPPORTED, node->begin, "%s: this version does not have this statement yet",
                        syntax_kind_name((syntax_kind)node->kind));
}
