/* EXPLAIN [ANALYZE] [(options)]: the optimised plan as text, JSON or a picture, with rows and times of each node when the query has run. */
#include "statement.h"

typedef enum explain_format { EXPLAIN_TREE, EXPLAIN_JSON, EXPLAIN_SVG, EXPLAIN_HTML } explain_format;

static const struct {
    const char *name;
    explain_format format;
} formats[] = {{"default", EXPLAIN_TREE}, {"html", EXPLAIN_HTML}, {"json", EXPLAIN_JSON},
               {"svg", EXPLAIN_SVG},      {"text", EXPLAIN_TREE}, {"tree", EXPLAIN_TREE}};

typedef struct explain_options {
    bool analyze;
    explain_format format;
} explain_options;

static string_view format_name(const void *data, size_t index)
{
    (void)data;
    return string_view_of(formats[index].name);
}

static bp_status set_format(explain_options *options, const column *value, const syntax_node *option, bp_error *err)
{
    string_view name = STRING_VIEW("");
    bp_status status;

    if (value && value->type.id == TYPE_VARCHAR && !column_is_null(value, 0)) name = string_ref_view(value->values);
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
        if (!string_equal_nocase(name, format_name(NULL, i))) continue;
        options->format = formats[i].format;
        return BP_OK;
    }
    status = error_set_at(err, BP_BIND_ERROR, option->begin,
                          "EXPLAIN: there is no format \"%.*s\"; there are text, json, svg and html", STRING_ARGUMENTS(name));
    error_suggest(err, name, format_name, NULL, ARRAY_LENGTH(formats));
    return status;
}

/* ANALYZE [true | false], FORMAT name. */
static bp_status set_option(explain_options *options, const column *value, const syntax_node *option, bp_error *err)
{
    if (string_equal_nocase(option->text, STRING_VIEW("format"))) return set_format(options, value, option, err);
    if (!string_equal_nocase(option->text, STRING_VIEW("analyze")))
        return error_set_at(err, BP_BIND_ERROR, option->begin, "EXPLAIN has the options ANALYZE and FORMAT, not \"%.*s\"",
                            STRING_ARGUMENTS(option->text));
    if (value && (value->type.id != TYPE_BOOLEAN || column_is_null(value, 0)))
        return error_set_at(err, BP_BIND_ERROR, option->begin, "EXPLAIN: ANALYZE is true or false");
    options->analyze = !value || bitmap_get(value->values, 0);
    return BP_OK;
}

static bp_status read_options(explain_options *options, session *session, const syntax *tree, bp_error *err)
{
    syntax_id list = syntax_child(tree, tree->root, 1);
    binder binder;
    bp_status status;

    *options = (explain_options){.analyze = syntax_has(tree, tree->root, SYNTAX_FLAG_ANALYZE)};
    if (!list) return BP_OK;
    if ((status = binder_alone(&binder, session, tree, NULL, err))) return status;
    for (size_t i = 0; i < syntax_at(tree, list)->count && !status; i++) {
        syntax_id id = syntax_children(tree, list)[i], node = syntax_child(tree, id, 0);
        const column *value = NULL;
        if (node) status = option_value(&value, &binder, node, err);
        if (!status) status = set_option(options, value, syntax_at(tree, id), err);
    }
    plan_free(binder.plan);
    return status;
}

static void figures_of(void *data, plan_id node, plan_figure *out)
{
    query_profile_at(data, node, out);
}

static bp_status show(const query_job *job, const explain_options *options, builder *out, bp_error *err)
{
    plan_figures figures = options->analyze ? figures_of : NULL;

    switch (options->format) {
    case EXPLAIN_JSON: return plan_explain_json(job->plan, out, figures, job->query, err);
    case EXPLAIN_SVG:
    case EXPLAIN_HTML: return plan_explain_picture(job->plan, out, options->format == EXPLAIN_HTML, figures, job->query, err);
    default: return plan_explain(job->plan, out, figures, job->query, err);
    }
}

static bp_status run_to_end(query_job *job, bp_error *err)
{
    table *rows = NULL;
    bp_status status = query_job_collect(job, &rows, err);

    table_release(rows);
    return status;
}

/* One row: what it is, and the text. */
static bp_status text_outcome(outcome *out, session *session, const syntax *tree, const char *key, string_view text, bp_error *err)
{
    static const string_view names[] = {{"explain_key", 11}, {"explain_value", 13}};
    binder binder;
    expr_id cells[2];
    plan_id node;
    query *query;
    bp_status status;

    if ((status = binder_alone(&binder, session, tree, NULL, err))) return status;
    status = expr_text(&cells[0], &binder.plan->exprs, string_view_of(key), err);
    if (!status) status = expr_text(&cells[1], &binder.plan->exprs, text, err);
    if (!status) status = plan_values(&node, binder.plan, cells, 1, 2, names, err);
    if (!status) status = plan_finish(binder.plan, node, names, err);
    if (!status) status = query_new(&query, binder.plan, false, err);
    if (status) {
        plan_free(binder.plan);
        return status;
    }
    *out = (struct outcome){.kind = OUTCOME_ROWS, .plan = binder.plan, .query = query};
    return BP_OK;
}

bp_status execute_explain(outcome *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err)
{
    syntax_id statement = syntax_child(tree, tree->root, 0);
    query_job job = {.session = session, .tree = tree, .node = statement, .parameters = parameters};
    explain_options options;
    builder text;
    bp_status status;

    if (syntax_kind_of(tree, statement) != SYNTAX_QUERY)
        return error_set_at(err, BP_NOT_SUPPORTED, syntax_at(tree, statement)->begin,
                            "EXPLAIN of anything but a query is not there yet");
    if ((status = read_options(&options, session, tree, err))) return status;
    job.profile = options.analyze;
    builder_init(&text, session->context->memory, LIMIT_SQL_SIZE * 16u);
    if (!(status = query_job_bind(&job, err)) && options.analyze) status = run_to_end(&job, err);
    if (!status) status = show(&job, &options, &text, err);
    if (!status)
        status = text_outcome(out, session, tree, options.analyze ? "analyzed_plan" : "logical_plan", builder_view(&text), err);
    builder_clear(&text);
    query_job_clear(&job);
    return status;
}
