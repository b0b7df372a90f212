/* Running statements.
 *
 * Types that come from a sample may turn out wrong late (see io/source.h). Then nothing has left yet: the sources are settled, the statement is bound again over
 * them (session->overrides, in the order in which the binder asks for sources), and run again. A result that would stream rows from such a source is
 * settled before its first row. */
#include "statement.h"

#include "base/clock.h"

void session_init(session *session, bp_context *context)
{
    *session = (struct session){.context = context};
    catalog_init(&session->catalog, context);
}

void session_forget_overrides(session *session)
{
    for (size_t i = 0; i < session->override_count; i++) source_release(session->overrides[i]);
    memory_free(session->context->memory, session->overrides, session->override_capacity * sizeof *session->overrides);
    session->overrides = NULL;
    session->override_count = session->override_capacity = 0;
}

void session_clear(session *session)
{
    if (!session->context) return;
    session_forget_overrides(session);
    catalog_clear(&session->catalog);
    *session = (struct session){0};
}

void outcome_clear(outcome *outcome)
{
    query_free(outcome->query);
    plan_free(outcome->plan);
    *outcome = (struct outcome){0};
}

/* parameters ------------------------------------------------------------------------------------------------------------------------------------- */
bp_status session_parameters(string_view **names, size_t *count, arena *arena, const syntax *tree, bp_error *err)
{
    size_t most = tree->parameter_count + (size_t)tree->node_count;
    string_view *found = arena_new_array(arena, string_view, most);

    *names = found;
    *count = tree->parameter_count;
    if (!found) return error_no_memory(err, arena->memory, most * sizeof *found);
    for (size_t i = 0; i < *count; i++)
        if (!(found[i] = arena_format(arena, "%zu", i + 1)).data) return error_no_memory(err, arena->memory, 8);
    for (syntax_id id = 1; id < tree->node_count; id++) {
        const syntax_node *node = syntax_at(tree, id);
        size_t at = tree->parameter_count;
        bp_status status;
        if (node->kind != SYNTAX_PARAMETER || node->option) continue;
        if ((status = cancel_check_of(arena->memory, err))) return status;
        while (at < *count && !string_equal_nocase(found[at], node->text)) at++;
        if (at < *count) continue;
        if (!(found[at] = arena_copy(arena, node->text)).data) return error_no_memory(err, arena->memory, node->text.size + 1);
        (*count)++;
    }
    return BP_OK;
}

/* settling ---------------------------------------------------------------------------------------------------------------------------------------- */
static bool is_unsettled(const source *source)
{
    return source->class->settle && !source->settled;
}

static size_t source_index(const plan *plan, const source *source)
{
    for (size_t i = 0; i < plan->source_count; i++)
        if (plan->sources[i] == source) return i;
    return SIZE_MAX;
}

/* The plan's sources become the overrides of the next binding. */
static bp_status override_with(session *session, const plan *plan, bp_error *err)
{
    source **overrides = memory_allocate_array(session->context->memory, plan->source_count, sizeof *overrides);

    if (!overrides) return error_no_memory(err, session->context->memory, plan->source_count * sizeof *overrides);
    for (size_t i = 0; i < plan->source_count; i++) overrides[i] = source_retain(plan->sources[i]);
    session_forget_overrides(session);
    session->overrides = overrides;
    session->override_count = session->override_capacity = plan->source_count;
    return BP_OK;
}

/* Settle what the plan scans. *changed: a source was replaced, so the statement must be bound again. */
static bp_status settle_sources(session *session, plan *plan, bool *changed, bp_error *err)
{
    plan_id *order;
    size_t count;
    bp_status status;

    *changed = false;
    if ((status = override_with(session, plan, err))) return status;
    if ((status = plan_post_order(plan, &order, &count, err))) return status;
    for (size_t i = 0; i < count; i++) {
        const plan_node *node = plan_at(plan, order[i]);
        source *settled;
        size_t index;
        if (node->kind != PLAN_SCAN || !is_unsettled(node->scan.source)) continue;
        if ((status =
                 node->scan.source->class->settle(&settled, node->scan.source, node->scan.source_columns, node->output_count, err)))
            return status;
        index = source_index(plan, node->scan.source);
        *changed |= settled != node->scan.source;
        source_release(session->overrides[index]);
        session->overrides[index] = settled;
    }
    return BP_OK;
}

static bool met_misfit(const plan *plan)
{
    for (size_t i = 0; i < plan->source_count; i++)
        if (is_unsettled(plan->sources[i]) && atomic_load(&plan->sources[i]->misfit)) return true;
    return false;
}

/* queries -------------------------------------------------------------------------------------------------------------------------------------------- */
bp_status session_bind(plan **out, session *session, const syntax *tree, const parameters *parameters, bp_error *err)
{
    syntax_kind kind = tree->root ? syntax_kind_of(tree, tree->root) : SYNTAX_NONE;

    *out = NULL;
    session->context->statement_micros = clock_wall_ns() / 1000;
    session_forget_overrides(session);
    return kind == SYNTAX_QUERY ? bind_statement_query(out, session, tree, tree->root, parameters, err) : BP_OK;
}

bp_status query_job_start(query_job *job, session *session, const syntax *tree, syntax_id query, const parameters *parameters,
                          plan *bound, bp_error *err)
{
    *job = (query_job){.session = session, .tree = tree, .node = query, .parameters = parameters, .plan = bound};
    return query_job_bind(job, err);
}

/* Bind (unless it is bound), optimise and lower. */
bp_status query_job_bind(query_job *job, bp_error *err)
{
    bp_status status;

    if (!job->plan) {
        status = job->bind ? job->bind(&job->plan, job, err)
                           : bind_statement_query(&job->plan, job->session, job->tree, job->node, job->parameters, err);
        if (status) return status;
    }
    if ((status = plan_optimize(job->plan, err))) return status;
    return query_new(&job->query, job->plan, job->profile, err);
}

void query_job_clear(query_job *job)
{
    query_free(job->query);
    plan_free(job->plan);
    job->query = NULL;
    job->plan = NULL;
}

/* Settle, and bind again where that changed a source; at most a few rounds, since settled sources never change again. */
bp_status query_job_settle(query_job *job, bp_error *err)
{
    bool changed;
    bp_status status;

    if ((status = settle_sources(job->session, job->plan, &changed, err))) return status;
    query_job_clear(job);
    job->rounds++;
    if (job->rounds > 8) return ERROR_INTERNAL(err, "types of a file keep changing");
    return query_job_bind(job, err);
}

bool query_job_can_retry(const query_job *job, bp_status status)
{
    return status == BP_CONVERSION && job->plan && met_misfit(job->plan);
}

/* Before rows leave: a streamed source must not fail any more. */
bp_status query_job_prepare_stream(query_job *job, bp_error *err)
{
    bool streams = false;

    for (size_t i = 0; i < job->plan->source_count; i++)
        streams |= is_unsettled(job->plan->sources[i]) && query_streams_source(job->query, job->plan->sources[i]);
    return streams ? query_job_settle(job, err) : BP_OK;
}

bp_status query_job_collect(query_job *job, table **out, bp_error *err)
{
    bp_status status;

    for (;;) {
        status = query_collect(job->query, out, err);
        if (!query_job_can_retry(job, status)) return status;
        if ((status = query_job_settle(job, err))) return status;
    }
}

bp_status session_next_array(outcome *outcome, struct ArrowArray *out, bp_error *err)
{
    return query_next_array(outcome->query, out, err);
}

bp_status session_next(session *session, outcome *outcome, batch *out, bp_error *err)
{
    (void)session;
    return query_next(outcome->query, out, err);
}

/* The first batch is computed at once, so that a misfit below a breaker is met while nothing has left. */
static bp_status execute_query(outcome *out, session *session, const syntax *tree, const parameters *parameters, plan *bound,
                               bp_error *err)
{
    query_job job;
    bp_status status;

    status = query_job_start(&job, session, tree, tree->root, parameters, bound, err);
    if (!status) status = query_job_prepare_stream(&job, err);
    while (!status) {
        status = query_start(job.query, err);
        if (!query_job_can_retry(&job, status)) break;
        if (!(status = query_job_settle(&job, err))) status = query_job_prepare_stream(&job, err);
    }
    if (status) {
        query_job_clear(&job);
        return status;
    }
    *out = (struct outcome){.kind = OUTCOME_ROWS, .plan = job.plan, .query = job.query};
    return BP_OK;
}

bp_status session_execute(outcome *out, session *session, const syntax *tree, const parameters *parameters, plan *bound,
                          bp_error *err)
{
    *out = (struct outcome){.kind = OUTCOME_NOTHING};
    session->context->statement_micros = clock_wall_ns() / 1000;
    if (!bound) session_forget_overrides(session);
    if (tree->root && syntax_kind_of(tree, tree->root) == SYNTAX_QUERY)
        return execute_query(out, session, tree, parameters, bound, err);
    CHECK(!bound);
    return execute_other(out, session, tree, parameters, err);
}
