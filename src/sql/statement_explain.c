/* EXPLAIN and EXPLAIN ANALYZE: the optimised plan as text, with rows and times of each node when the query has run. */
#include "statement.h"

static bool note_profile(void *data, plan_id node, builder *out)
{
    uint64_t rows, nanoseconds;

    query_profile_at(data, node, &rows, &nanoseconds);
    return builder_format(out, "  (%llu rows, %.3f ms)", (unsigned long long)rows, (double)nanoseconds / 1e6);
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
    bool analyze = syntax_has(tree, tree->root, SYNTAX_FLAG_ANALYZE);
    query_job job = {.session = session, .tree = tree, .node = statement, .parameters = parameters, .profile = analyze};
    builder text;
    bp_status status;

    if (syntax_kind_of(tree, statement) != SYNTAX_QUERY)
        return error_set_at(err, BP_NOT_SUPPORTED, syntax_at(tree, statement)->begin,
                            "EXPLAIN of anything but a query is not there yet");
    builder_init(&text, session->context->memory, LIMIT_SQL_SIZE * 16u);
    if (!(status = query_job_bind(&job, err)) && analyze) status = run_to_end(&job, err);
    if (!status) status = plan_explain(job.plan, &text, analyze ? note_profile : NULL, job.query, err);
    if (!status) status = text_outcome(out, session, tree, analyze ? "analyzed_plan" : "logical_plan", builder_view(&text), err);
    builder_clear(&text);
    query_job_clear(&job);
    return status;
}
