/* FILTER: keeps the rows on which the condition is true and whose keys joins further on may find. Rows move only when some are dropped: the rest is gathered
 * into fresh columns. */
#include "exec.h"
#include "io/row_filter.h"
#include "large_batches.h"

typedef struct filter_operator {
    operator base;
    const expr_pool *pool;
    expr_id condition; /* columns by position; 0: none */
    const joined_column *joined;
    size_t joined_count;
} filter_operator;

struct operator_worker {
    bp_context *context;
    evaluator *evaluator;
    arena arena; /* of the batch put out */
    filter_trial *trials; /* one a joined column */
    size_t trial_count;
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
    memory_free(worker->context->memory, worker->trials, worker->trial_count * sizeof *worker->trials);
    arena_clear(&worker->arena);
    memory_delete(worker->context->memory, worker);
}

static bp_status filter_worker_new(operator_worker **out, operator *self, bp_error *err)
{
    const filter_operator *filter = (const filter_operator *)self;
    operator_worker *worker = memory_new(self->context->memory, operator_worker);
    bp_status status = BP_OK;

    *out = NULL;
    if (!worker) return error_no_memory(err, self->context->memory, sizeof *worker);
    worker->context = self->context;
    arena_init(&worker->arena, self->context->memory);
    worker->trial_count = filter->joined_count;
    worker->trials = memory_allocate_array(self->context->memory, worker->trial_count, sizeof *worker->trials);
    if (!worker->trials) status = error_no_memory(err, self->context->memory, worker->trial_count * sizeof *worker->trials);
    if (!status && filter->condition)
        status = evaluator_new(&worker->evaluator, self->context, filter->pool, &filter->condition, 1, err);
    if (status) goto done;
    *out = worker;
    worker = NULL;
done:
    filter_worker_free(worker);
    return status;
}

/* Of the rows selected (NULL: the first *count) those stay that the joins may have partners for. */
static bp_status keep_joined(const filter_operator *filter, operator_worker *worker, const batch *in, const uint32_t **selection,
                             size_t *count, bp_error *err)
{
    uint32_t *kept = arena_new_array(&worker->arena, uint32_t, *count);
    bp_status status;

    if (!kept) return error_no_memory(err, worker->context->memory, *count * sizeof *kept);
    for (size_t i = 0; i < *count; i++) kept[i] = *selection ? (*selection)[i] : (uint32_t)i;
    for (size_t i = 0; i < filter->joined_count && *count; i++) {
        const joined_column *joined = &filter->joined[i];
        scan_filter members = {.kind = FILTER_MEMBERS, .members = join_build_members(joined->build, joined->key)};
        if (!members.members || filter_trial_fails(&worker->trials[i])) continue;
        worker->trials[i].tried += *count;
        if ((status = row_filter_apply(&members, &in->columns[joined->position], kept, count, &worker->arena, err))) return status;
        worker->trials[i].passed += *count;
    }
    *selection = kept;
    return BP_OK;
}

static bp_status filter_process(operator *self, operator_worker *worker, const batch *in, batch *out, bool *more, bp_error *err)
{
    const filter_operator *filter = (const filter_operator *)self;
    const uint32_t *selection = NULL;
    size_t count = in->row_count;
    bp_status status;

    *more = false;
    if (filter->condition && (status = evaluator_filter(worker->evaluator, in, &selection, &count, err))) return status;
    arena_reset(&worker->arena);
    if (filter->joined_count && count && (status = keep_joined(filter, worker, in, &selection, &count, err))) return status;
    if (count == in->row_count) {
        *out = *in;
        return BP_OK;
    }
    *out = (batch){0};
    if (count == 0) return BP_OK;
    return batch_gather(out, in, selection, count, &worker->arena, err);
}

static const operator_class filter_class = {
    .name = "FILTER",
    .free = filter_free,
    .worker_new = filter_worker_new,
    .worker_free = filter_worker_free,
    .process = filter_process,
};

bp_status filter_new(operator **out, bp_context *context, const expr_pool *pool, expr_id condition, const joined_column *joined,
                     size_t joined_count, bp_error *err)
{
    filter_operator *filter;
    bool large;
    bp_status status = takes_large_batches(&large, pool, &condition, condition ? 1 : 0, err);

    *out = NULL;
    if (status) return status;
    filter = memory_new(context->memory, filter_operator);
    if (!filter) return error_no_memory(err, context->memory, sizeof *filter);
    filter->base = (operator){.class = &filter_class, .context = context, .takes_large = large};
    filter->pool = pool;
    filter->condition = condition;
    filter->joined = joined;
    filter->joined_count = joined_count;
    *out = &filter->base;
    return BP_OK;
}
