/* COPY table TO 'file', COPY (query) TO 'file', COPY table FROM 'file'; the format is named by FORMAT or by the file's ending (io/format.h), CSV when neither
 * says anything. */
#include "base/file_writer.h"
#include "base/glob.h"
#include "io/format.h"
#include "copy_options.h"
#include "statement.h"

static string_view format_name_at(const void *data, size_t index)
{
    (void)data;
    return string_view_of(format_at(index)->name);
}

static size_t format_count(void)
{
    size_t count = 0;

    while (format_at(count)) count++;
    return count;
}

/* FORMAT name, FORMAT 'name'. */
static bp_status format_option(const file_format **out, binder *binder, const syntax_node *option, syntax_id node, bp_error *err)
{
    const column *value;
    string_view name = STRING_VIEW("");
    bp_status status;

    if (node && (status = option_value(&value, binder, node, err))) return status;
    if (node && value->type.id == TYPE_VARCHAR && !column_is_null(value, 0)) name = string_ref_view(value->values);
    if ((*out = format_of_name(name))) return BP_OK;
    status = error_set_at(err, BP_NOT_SUPPORTED, option->begin, "COPY: there is no file format \"%.*s\"", STRING_ARGUMENTS(name));
    error_suggest(err, name, format_name_at, NULL, format_count());
    return status;
}

/* The format of a COPY, and the list of its options. */
static bp_status format_of(const file_format **out, binder *binder, string_view path, syntax_id list, bp_error *err)
{
    const syntax *tree = binder->tree;
    bp_status status;

    *out = NULL;
    for (size_t i = 0; list && i < syntax_at(tree, list)->count; i++) {
        syntax_id id = syntax_children(tree, list)[i];
        const syntax_node *option = syntax_at(tree, id);
        if (!string_equal_nocase(option->text, STRING_VIEW("format"))) continue;
        if ((status = format_option(out, binder, option, syntax_child(tree, id, 0), err))) return status;
    }
    if (!*out) *out = format_of_path(path);
    if (!*out) *out = format_of_name(STRING_VIEW("csv"));
    return BP_OK;
}

/* Options but FORMAT: COPY's own go to `own` (NULL: COPY FROM has none), others to `set`. */
typedef bp_status (*option_setter)(void *options, arena *arena, string_view name, const column *value, bp_error *err);

static bp_status set_option(binder *binder, syntax_id id, copy_options *own, option_setter set, void *options, bp_error *err)
{
    const syntax_node *option = syntax_at(binder->tree, id);
    syntax_id node = syntax_child(binder->tree, id, 0);
    const column *value;
    bool known = false;
    bp_status status;

    if (node) {
        if ((status = copy_option_value(&value, binder, node, err))) return status;
    } else {
        expr_id yes;
        if ((status = expr_bool(&yes, &binder->plan->exprs, true, err)) ||
            (status = expr_constant_value(&value, &binder->plan->exprs, yes, err)))
            return status;
    }
    status = own ? copy_options_set(own, option->text, value, &known, err) : BP_OK;
    if (!status && !known) status = set(options, binder->arena, option->text, value, err);
    if (status && err && err->position < 0) err->position = option->begin;
    return status;
}

static bp_status each_option(binder *binder, syntax_id list, copy_options *own, option_setter set, void *options, bp_error *err)
{
    const syntax *tree = binder->tree;
    bp_status status = BP_OK;

    for (size_t i = 0; list && i < syntax_at(tree, list)->count && !status; i++) {
        syntax_id id = syntax_children(tree, list)[i];
        if (!string_equal_nocase(syntax_at(tree, id)->text, STRING_VIEW("format")))
            status = set_option(binder, id, own, set, options, err);
    }
    return status;
}

static bp_status path_of(string_view *out, binder *binder, syntax_id node, bp_error *err)
{
    const column *value;
    bp_status status;

    if ((status = constant_of(&value, binder, node, err))) return status;
    if (value->type.id != TYPE_VARCHAR || column_is_null(value, 0))
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, node)->begin, "COPY wants a file name");
    *out = string_ref_view(value->values);
    return BP_OK;
}

/* TO ------------------------------------------------------------------------------------------------------------------------------------------------ */
static bp_status write_bytes(void *data, const char *bytes, size_t size, bp_error *err)
{
    return file_writer_write(data, bytes, size, err);
}

/* What is written where. */
typedef struct copy_target {
    string_view path;
    const file_format *format;
    void *options;
    copy_options own;
    arena *arena;
} copy_target;

static bp_status write_rows(query *query, target *target, uint64_t *rows, bp_error *err)
{
    batch batch;
    bp_status status;

    if (target->takes_large && (status = query_widen(query, err))) return status;
    for (*rows = 0;; *rows += batch.row_count) {
        if ((status = query_next(query, &batch, err)) || batch.row_count == 0) return status;
        if ((status = target_write(target, &batch, err))) return status;
    }
}

static bp_status copy_to_file(query_job *job, const copy_target *to, uint64_t *rows, bp_error *err)
{
    bp_context *context = job->session->context;
    file_writer file = {0};
    target *target = NULL;
    bp_status status;

    if ((status =
             file_writer_open(&file, context, to->path, to->own.use_tmp_file == 0 ? FILE_WRITE_PLAIN : FILE_WRITE_ATOMIC, err)))
        return status;
    status =
        to->format->target_new(&target, context, (byte_sink){write_bytes, &file}, to->path, &job->plan->result, to->options, err);
    if (!status) status = write_rows(job->query, target, rows, err);
    if (!status) status = target_finish(target, err);
    if (!status) status = file_writer_finish(&file, err);
    target_free(target);
    file_writer_clear(&file);
    return status;
}

static bp_status copy_to_files(query_job *job, const copy_target *to, uint64_t *rows, bp_error *err)
{
    files_options options;
    target *target;
    bp_status status;

    if ((status = copy_options_files(&options, &to->own, to->path, to->format, &job->plan->result, to->arena, err))) return status;
    if ((status = files_target_new(&target, job->session->context, &options, to->format, to->options, &job->plan->result, err)))
        return status;
    status = write_rows(job->query, target, rows, err);
    if (!status) status = target_finish(target, err);
    target_free(target);
    return status;
}

static bp_status copy_rows(query_job *job, const copy_target *to, uint64_t *rows, bp_error *err)
{
    return copy_options_many_files(&to->own) ? copy_to_files(job, to, rows, err) : copy_to_file(job, to, rows, err);
}

/* COPY t: a SELECT * of it is what a query over the table node is. */
static bp_status bind_copied(plan **out, query_job *job, bp_error *err)
{
    syntax_id source = syntax_child(job->tree, job->tree->root, SLOT_COPY_SOURCE);
    binder binder;
    relation relation;
    bp_status status;

    *out = NULL;
    if ((status = binder_alone(&binder, job->session, job->tree, job->parameters, err))) return status;
    status = syntax_kind_of(job->tree, source) == SYNTAX_QUERY
                 ? bind_query(&relation, &binder, source, err)
                 : bind_whole_table(&relation, &binder, source, syntax_child(job->tree, job->tree->root, SLOT_COPY_COLUMNS), err);
    if (!status) status = plan_finish(binder.plan, relation.node, relation.names, err);
    if (status)
        plan_free(binder.plan);
    else
        *out = binder.plan;
    return status;
}

static bp_status copy_to(outcome *out, session *session, binder *binder, bp_error *err)
{
    const syntax *tree = binder->tree;
    syntax_id options = syntax_child(tree, tree->root, SLOT_COPY_OPTIONS);
    query_job job = {.session = session, .tree = tree, .parameters = binder->parameters, .bind = bind_copied};
    copy_target to = {.arena = binder->arena};
    uint64_t rows = 0;
    bp_status status;

    copy_options_init(&to.own);
    if ((status = path_of(&to.path, binder, syntax_child(tree, tree->root, SLOT_COPY_PATH), err))) return status;
    if ((status = format_of(&to.format, binder, to.path, options, err))) return status;
    if (!to.format->target_new)
        return error_set_at(err, BP_NOT_SUPPORTED, syntax_at(tree, tree->root)->begin, "COPY: this version does not write %s files",
                            to.format->name);
    if ((status = to.format->write_options_new(&to.options, binder->arena, err))) return status;
    if ((status = each_option(binder, options, &to.own, to.format->write_option_set, to.options, err))) return status;
    if (!(status = query_job_bind(&job, err)) && !(status = query_job_prepare_stream(&job, err)))
        status = copy_rows(&job, &to, &rows, err);
    if (query_job_can_retry(&job, status) && !(status = query_job_settle(&job, err))) status = copy_rows(&job, &to, &rows, err);
    query_job_clear(&job);
    if (!status) *out = (struct outcome){.kind = OUTCOME_CHANGED, .rows_changed = (int64_t)rows};
    return status;
}

/* FROM ------------------------------------------------------------------------------------------------------------------------------------------------ */
typedef struct copy_source {
    catalog_entry *entry;
    source *source;
    syntax_id list; /* of column names; 0: all */
} copy_source;

static bp_status bind_copy_from(plan **out, query_job *job, bp_error *err)
{
    const copy_source *from = job->bind_data;
    size_t count = from->list ? syntax_at(job->tree, from->list)->count : table_schema(from->entry->table)->count;
    relation relation = {0};
    binder binder;
    bp_status status;

    *out = NULL;
    if ((status = binder_alone(&binder, job->session, job->tree, job->parameters, err))) return status;
    status = plan_scan(&relation.node, binder.plan, from->source, NULL, 0, err);
    relation.count = status ? 0 : plan_at(binder.plan, relation.node)->output_count;
    if (!status && relation.count != count)
        status = error_set(err, BP_BIND_ERROR,
                           from->list ? "COPY names %zu columns, the file has %zu" : "the table has %zu columns, the file %zu",
                           count, relation.count);
    if (!status) status = project_into_table(&relation, &binder, from->entry, from->list, "COPY", err);
    if (!status) status = plan_finish(binder.plan, relation.node, table_schema(from->entry->table)->names, err);
    if (status)
        plan_free(binder.plan);
    else
        *out = binder.plan;
    return status;
}

/* The table's columns that the list names, in its order: what the file is expected to have. */
static bp_status listed_columns(schema *out, binder *binder, const catalog_entry *entry, syntax_id list, bp_error *err)
{
    const schema *all = table_schema(entry->table);
    size_t *sources, count = syntax_at(binder->tree, list)->count;
    bp_status status;

    sources = arena_new_array(binder->arena, size_t, all->count);
    if (!sources) return error_no_memory(err, binder->context->memory, all->count * sizeof *sources);
    if ((status = match_listed(sources, binder->tree, list, entry, count, "COPY", err))) return status;
    if ((status = schema_new(out, binder->arena, count, err))) return status;
    for (size_t i = 0; i < all->count; i++) {
        if (sources[i] == SIZE_MAX) continue;
        out->names[sources[i]] = all->names[i];
        out->types[sources[i]] = all->types[i];
    }
    return BP_OK;
}

static bp_status open_source(source **out, session *session, binder *binder, const schema *columns, bp_error *err)
{
    const syntax *tree = binder->tree;
    syntax_id list = syntax_child(tree, tree->root, SLOT_COPY_OPTIONS);
    const file_format *format;
    string_view path;
    file_list files;
    void *options;
    bp_status status;

    if ((status = path_of(&path, binder, syntax_child(tree, tree->root, SLOT_COPY_PATH), err))) return status;
    if ((status = format_of(&format, binder, path, list, err))) return status;
    if ((status = format->read_options_new(&options, binder->arena, err))) return status;
    if (format->expect) format->expect(options, columns);
    if ((status = each_option(binder, list, NULL, format->read_option_set, options, err))) return status;
    if ((status = glob_expand(&files, binder->arena, session->context, path, err))) return status;
    return format->source_new(out, session->context, files.paths, files.count, options, err);
}

static bp_status copy_from(outcome *out, session *session, binder *binder, bp_error *err)
{
    const syntax *tree = binder->tree;
    copy_source from = {0};
    query_job job = {
        .session = session, .tree = tree, .parameters = binder->parameters, .bind = bind_copy_from, .bind_data = &from};
    table *rows = NULL;
    schema listed;
    bp_status status;

    from.list = syntax_child(tree, tree->root, SLOT_COPY_COLUMNS);
    if ((status = table_entry(&from.entry, session, tree, syntax_child(tree, tree->root, SLOT_COPY_SOURCE), err))) return status;
    if (from.list && (status = listed_columns(&listed, binder, from.entry, from.list, err))) return status;
    if ((status = open_source(&from.source, session, binder, from.list ? &listed : table_schema(from.entry->table), err)))
        return status;
    if (!(status = query_job_bind(&job, err))) status = query_job_collect(&job, &rows, err);
    if (!status) status = insert_rows(out, session, from.entry, rows, err);
    table_release(rows);
    query_job_clear(&job);
    source_release(from.source);
    return status;
}

bp_status execute_copy(outcome *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err)
{
    binder binder;
    bp_status status;

    if ((status = binder_alone(&binder, session, tree, parameters, err))) return status;
    status = syntax_has(tree, tree->root, SYNTAX_FLAG_FROM) ? copy_from(out, session, &binder, err)
                                                            : copy_to(out, session, &binder, err);
    plan_free(binder.plan);
    return status;
}
