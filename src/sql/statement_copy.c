/* COPY table TO 'file.csv', COPY (query) TO 'file.csv', COPY table FROM 'file.csv'. */
#include "base/file_writer.h"
#include "base/glob.h"
#include "io/csv.h"
#include "statement.h"

static bp_status no_format(const syntax_node *option, bp_error *err)
{
    return error_set_at(err, BP_NOT_SUPPORTED, option->begin, "COPY: this version has FORMAT csv");
}

/* Options but FORMAT go to `set`. */
typedef bp_status (*option_setter)(void *options, arena *arena, string_view name, const column *value, bp_error *err);

static bp_status each_option(binder *binder, syntax_id list, option_setter set, void *options, bp_error *err)
{
    const syntax *tree = binder->tree;
    bp_status status;

    for (size_t i = 0; list && i < syntax_at(tree, list)->count; i++) {
        syntax_id id = syntax_children(tree, list)[i], node = syntax_child(tree, id, 0);
        const syntax_node *option = syntax_at(tree, id);
        const column *value;
        if (string_equal_nocase(option->text, STRING_VIEW("format"))) {
            if (!node || !string_equal_nocase(syntax_at(tree, node)->text, STRING_VIEW("csv"))) return no_format(option, err);
            continue;
        }
        if (node) {
            if ((status = option_value(&value, binder, node, err))) return status;
        } else {
            expr_id yes;
            if ((status = expr_bool(&yes, &binder->plan->exprs, true, err)) ||
                (status = expr_constant_value(&value, &binder->plan->exprs, yes, err)))
                return status;
        }
        if ((status = set(options, binder->arena, option->text, value, err))) {
            if (err && err->position < 0) err->position = option->begin;
            return status;
        }
    }
    return BP_OK;
}

static bp_status set_write_option(void *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return csv_write_options_set(options, arena, name, value, err);
}

static bp_status set_read_option(void *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return csv_options_set(options, arena, name, value, err);
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

static bp_status write_rows(query *query, csv_writer *writer, uint64_t *rows, bp_error *err)
{
    batch batch;
    bp_status status;

    for (*rows = 0;; *rows += batch.row_count) {
        if ((status = query_next(query, &batch, err)) || batch.row_count == 0) return status;
        if ((status = csv_writer_write(writer, &batch, err))) return status;
    }
}

static bp_status copy_to_file(query_job *job, string_view path, const csv_write_options *options, uint64_t *rows, bp_error *err)
{
    file_writer file = {0};
    csv_writer *writer = NULL;
    bp_status status;

    if ((status = file_writer_open(&file, job->session->context, path, FILE_WRITE_ATOMIC, err))) return status;
    status = csv_writer_new(&writer, job->session->context, (csv_sink){write_bytes, &file}, &job->plan->result, options, err);
    if (!status) status = write_rows(job->query, writer, rows, err);
    if (!status) status = csv_writer_finish(writer, err);
    if (!status) status = file_writer_finish(&file, err);
    csv_writer_free(writer);
    file_writer_clear(&file);
    return status;
}

static csv_compression compression_of(string_view path)
{
    if (string_ends_with(path, STRING_VIEW(".gz"))) return CSV_COMPRESSION_GZIP;
    return string_ends_with(path, STRING_VIEW(".zst")) ? CSV_COMPRESSION_ZSTD : CSV_COMPRESSION_NONE;
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
    query_job job = {.session = session, .tree = tree, .parameters = binder->parameters, .bind = bind_copied};
    csv_write_options options;
    string_view path;
    uint64_t rows = 0;
    bp_status status;

    csv_write_options_init(&options);
    if ((status = path_of(&path, binder, syntax_child(tree, tree->root, SLOT_COPY_PATH), err))) return status;
    if ((status = each_option(binder, syntax_child(tree, tree->root, SLOT_COPY_OPTIONS), set_write_option, &options, err)))
        return status;
    if (options.compression == CSV_COMPRESSION_AUTO) options.compression = compression_of(path);
    if (!(status = query_job_bind(&job, err)) && !(status = query_job_prepare_stream(&job, err)))
        status = copy_to_file(&job, path, &options, &rows, err);
    if (query_job_can_retry(&job, status) && !(status = query_job_settle(&job, err)))
        status = copy_to_file(&job, path, &options, &rows, err);
    query_job_clear(&job);
    if (!status) *out = (struct outcome){.kind = OUTCOME_CHANGED, .rows_changed = (int64_t)rows};
    return status;
}

/* FROM ------------------------------------------------------------------------------------------------------------------------------------------------ */
typedef struct copy_source {
    catalog_entry *entry;
    source *source;
} copy_source;

static bp_status bind_copy_from(plan **out, query_job *job, bp_error *err)
{
    const copy_source *from = job->bind_data;
    const schema *schema = table_schema(from->entry->table);
    binder binder;
    plan_id node;
    bp_status status;

    *out = NULL;
    if ((status = binder_alone(&binder, job->session, job->tree, job->parameters, err))) return status;
    status = plan_scan(&node, binder.plan, from->source, NULL, 0, err);
    if (!status && plan_at(binder.plan, node)->output_count != schema->count)
        status = error_set(err, BP_BIND_ERROR, "the table has %zu columns, the file %zu", schema->count,
                           plan_at(binder.plan, node)->output_count);
    if (!status) status = cast_outputs(&node, &binder, schema->types, err);
    if (!status) status = plan_finish(binder.plan, node, schema->names, err);
    if (status)
        plan_free(binder.plan);
    else
        *out = binder.plan;
    return status;
}

static bp_status copy_from(outcome *out, session *session, binder *binder, bp_error *err)
{
    const syntax *tree = binder->tree;
    copy_source from = {0};
    query_job job = {
        .session = session, .tree = tree, .parameters = binder->parameters, .bind = bind_copy_from, .bind_data = &from};
    csv_options options;
    string_view path;
    file_list files;
    table *rows = NULL;
    bp_status status;

    if (syntax_child(tree, tree->root, SLOT_COPY_COLUMNS)) return not_yet(binder, tree->root, "COPY t(columns) FROM", err);
    if ((status = table_entry(&from.entry, session, tree, syntax_child(tree, tree->root, SLOT_COPY_SOURCE), err))) return status;
    csv_options_init(&options);
    if ((status = path_of(&path, binder, syntax_child(tree, tree->root, SLOT_COPY_PATH), err))) return status;
    options.columns = (csv_type_list){.names = table_schema(from.entry->table)->names,
                                      .types = table_schema(from.entry->table)->types,
                                      .count = table_schema(from.entry->table)->count};
    if ((status = each_option(binder, syntax_child(tree, tree->root, SLOT_COPY_OPTIONS), set_read_option, &options, err)))
        return status;
    if ((status = glob_expand(&files, binder->arena, session->context, path, err))) return status;
    if ((status = csv_source_new(&from.source, session->context, files.paths, files.count, &options, err))) return status;
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
