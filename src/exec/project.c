/* PROJECT: computes one column an expression. */
#include "exec.h"
#include "large_batches.h"

typedef struct project_operator {
    operator base;
    const expr_pool *pool;
    expr_id *exprs; /* columns by position; in the plan's arena */
    size_t count;
} project_operator;

struct operator_worker {
    bp_context *context;
    evaluator *evaluator;
    column *columns;
    size_t count;
};

static void project_free(operator *self)
{
    memory_delete(self->context->memory, (project_operator *)self);
}

static void project_worker_free(operator_worker *worker)
{
    if (!worker) return;
    evaluator_free(worker->evaluator);
    memory_free(worker->context->memory, worker->columns, worker->count * sizeof(column));
    memory_delete(worker->context->memory, worker);
}

static bp_status project_worker_new(operator_worker **out, operator *self, bp_error *err)
{
    const project_operator *project = (const project_operator *)self;
    memory *memory = self->context->memory;
    operator_worker *worker = memory_new(memory, operator_worker);
    bp_status status;

    *out = NULL;
    if (!worker) return error_no_memory(err, memory, sizeof *worker);
    worker->context = self->context;
    worker->count = project->count;
    worker->columns = memory_allocate_array(memory, project->count, sizeof(column));
    status = worker->columns ? BP_OK : error_no_memory(err, memory, project->count * sizeof(column));
    if (status) goto done;
    if ((status = evaluator_new(&worker->evaluator, self->context, project->pool, project->exprs, project->count, err))) goto done;
    *out = worker;
    worker = NULL;
done:
    project_worker_free(worker);
    return status;
}

static bp_status project_process(operator *self, operator_worker *worker, const batch *in, batch *out, bool *more, bp_error *err)
{
    (void)self;
    *more = false;
    *out = (batch){.row_count = in->row_count, .column_count = worker->count, .columns = worker->columns};
    return evaluator_run(worker->evaluator, in, worker->columns, err);
}

static const operator_class project_class = {
    .name = "PROJECT",
    .free = project_free,
    .worker_new = project_worker_new,
    .worker_free = project_worker_free,
    .process = project_process,
};

bp_status project_new(operator **out, bp_context *context, const expr_pool *pool, expr_id *exprs, size_t count, bp_error *err)
{
    project_operator *project;
    bool large;
    bp_status status = takes_large_batches(&large, pool, exprs, count, err);

    *out = NULL;
    if (status) return status;
    project = memory_new(context->memory, project_operator);
    if (!project) return error_no_memory(err, context->memory, sizeof *project);
    project->base = (operator){.class = &project_class, .context = context, .takes_large = large};
    project->pool = pool;
    project->exprs = exprs;
    project->count = count;
    *out = &project->base;
    return BP_OK;
}
