/* FILTER: keeps the rows on which the condition is true. Rows move only when some are dropped: the rest is gathered into fresh columns. */
#include "exec.h"

typedef struct filter_operator {
    operator base;
    const expr_pool *pool;
    expr_id condition; /* columns by position */
} filter_operator;

struct operator_worker {
    bp_context *context;
    evaluator *evaluator;
    arena arena; /* of the batch put out */
};

static void filter_free(operator *self)
{
    filter_operator *filter = (filter_operator *)self;

    memory_delete(self->context->memory, filter);
}

static void filter_worker_free(operator_worker *worker)
{
    if (!worker) return;
    evaluator_free(worker->evaluator);
    arena_clear(&worker->arena);
    memory_delete(worker->context->memory, worker);
}

static bp_status filter_worker_new(operator_worker **out, operator *self, bp_error *err)
{
    const filter_operator *filter = (const filter_operator *)self;
    operator_worker *worker = memory_new(self->context->memory, operator_worker);
    bp_status status;

    *out = NULL;
    if (!worker) return error_no_memory(err, self->context->memory, sizeof *worker);
    worker->context = self->context;
    arena_init(&worker->arena, self->context->memory);
    if ((status = evaluator_new(&worker->evaluator, self->context, filter->pool, &filter->condition, 1, err))) goto done;
    *out = worker;
    worker = NULL;
done:
    filter_worker_free(worker);
    return status;
}

static bp_status filter_process(operator *self, operator_worker *worker, const batch *in, batch *out, bool *more, bp_error *err)
{
    const uint32_t *selection;
    size_t count;
    bp_status status;

    (void)self;
    *more = false;
    if ((status = evaluator_filter(worker->evaluator, in, &selection, &count, err))) return status;
    if (count == in->row_count) {
        *out = *in;
        return BP_OK;
    }
    *out = (batch){0};
    if (count == 0) return BP_OK;
    arena_reset(&worker->arena);
    return batch_gather(out, in, selection, count, &worker->arena, err);
}

static const operator_class filter_class = {
    .name = "FILTER",
    .free = filter_free,
    .worker_new = filter_worker_new,
    .worker_free = filter_worker_free,
    .process = filter_process,
};

bp_status filter_new(operator **out, bp_context *context, const expr_pool *pool, expr_id condition, bp_error *err)
{
    filter_operator *filter = memory_new(context->memory, filter_operator);

    *out = NULL;
    if (!filter) return error_no_memory(err, context->memory, sizeof *filter);
    filter->base = (operator){.class = &filter_class, .context = context};
    filter->pool = pool;
    filter->condition = condition;
    *out = &filter->base;
    return BP_OK;
}
