/* The evaluator's outside: making it, running its steps over a batch, handing out the roots.
 *
 * Buffers come from an arena that is reset at each run and keeps its largest block; its next block is made as large as all that the last run
 * used, so after a few batches a run allocates nothing. */
#include "evaluate_internal.h"

#include "base/error.h"
#include "compute/select.h"

bp_status evaluator_new_nested(evaluator **out, bp_context *context, const expr_pool *pool, const expr_id *roots, size_t root_count,
                               unsigned try_depth, bp_error *err)
{
    bp_status status;
    evaluator *self = memory_new(context->memory, evaluator);

    *out = NULL;
    if (!self) return error_no_memory(err, context->memory, sizeof *self);
    self->context = context;
    self->pool = pool;
    self->try_depth = try_depth;
    arena_init(&self->program, context->memory);
    arena_init(&self->buffers, context->memory);
    if ((status = evaluator_compile(self, roots, root_count, err))) goto done;
    *out = self;
    self = NULL;
done:
    evaluator_free(self);
    return status;
}

bp_status evaluator_new(evaluator **out, bp_context *context, const expr_pool *pool, const expr_id *roots, size_t root_count,
                        bp_error *err)
{
    return evaluator_new_nested(out, context, pool, roots, root_count, 0, err);
}

void evaluator_free(evaluator *self)
{
    bp_context *context;

    if (!self) return;
    context = self->context;
    for (size_t i = 0; i < self->step_count; i++) {
        const step *step = &self->steps[i];
        if (step->state && step->node->call.function->state_clear) step->node->call.function->state_clear(step->state, context);
        if (step->entries) entry_results_clear(step->entries);
        if (step->inner) evaluator_free(step->inner); /* at most EVALUATOR_TRY_DEPTH deep */
    }
    arena_clear(&self->buffers);
    arena_clear(&self->program);
    memory_delete(context->memory, self);
}

static void reset_buffers(arena *buffers)
{
    size_t used = arena_size(buffers);

    if (used > buffers->block_size) buffers->block_size = used;
    arena_reset(buffers);
}

static bp_status begin_run(evaluator *self, const batch *in, bp_error *err)
{
    if (self->column_limit > in->column_count) return ERROR_INTERNAL(err, "an expression's column is not in its batch");
    reset_buffers(&self->buffers);
    self->in = in;
    self->sets[0].count = in->row_count;
    for (size_t i = 0; i < self->input_count; i++) self->slots[self->inputs[i]] = in->columns[self->slot_inputs[self->inputs[i]]];
    return BP_OK;
}

#define CHECK_STEPS 16 /* a query of 10,000 columns has as many steps */
#define CHECK_ROWS 16384 /* a step of more is looked behind at once */

static bp_status run_steps(evaluator *self, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < self->step_count; i++) {
        const step *step = &self->steps[i];
        if (self->sets[step->set].count == 0) {
            self->slots[step->slot] = column_nulls(step->type, 0);
            if (step->set_true) self->sets[step->set_true].count = 0;
            if (step->set_rest) self->sets[step->set_rest].count = 0;
            continue;
        }
        status = step_run(self, step, err);
        if (!status && ((i + 1) % CHECK_STEPS == 0 || self->in->row_count > CHECK_ROWS))
            status = cancel_check(&self->context->cancel, err);
        if (UNLIKELY(status)) {
            if (err && err->position < 0 && step->position != UINT32_MAX) err->position = step->position;
            return status;
        }
    }
    return status;
}

bp_status evaluator_run(evaluator *self, const batch *in, column *out, bp_error *err)
{
    bp_status status;

    if ((status = begin_run(self, in, err))) return status;
    if ((status = run_steps(self, err))) return status;
    for (size_t i = 0; i < self->root_count; i++) {
        out[i] = self->slots[self->roots[i]];
        out[i].length = in->row_count;
    }
    return BP_OK;
}

bp_status evaluator_filter(evaluator *self, const batch *in, const uint32_t **selection, size_t *count, bp_error *err)
{
    const uint64_t *values, *validity;
    const column *root;
    uint32_t *rows;
    bp_status status;

    *selection = NULL;
    *count = 0;
    if ((status = begin_run(self, in, err)) || (status = run_steps(self, err))) return status;
    root = &self->slots[self->roots[0]];
    if (root->encoding == COLUMN_CONSTANT) {
        if (!in->row_count || column_is_null(root, 0) || !bitmap_get(root->values, 0)) return BP_OK;
        *count = in->row_count;
        return BP_OK;
    }
    if ((status = truth_words(root, in->row_count, &self->buffers, &values, &validity, err))) return status;
    if (validity) {
        uint64_t *both = arena_allocate(&self->buffers, bitmap_words(in->row_count) * 8);
        if (!both) return error_no_memory(err, self->buffers.memory, bitmap_words(in->row_count) * 8);
        for (size_t i = 0; i < bitmap_words(in->row_count); i++) both[i] = values[i] & validity[i];
        values = both;
    }
    rows = arena_allocate(&self->buffers, (in->row_count + SELECT_ROOM) * sizeof *rows);
    if (!rows) return error_no_memory(err, self->buffers.memory, (in->row_count + SELECT_ROOM) * sizeof *rows);
    *count = select_rows(rows, values, in->row_count);
    if (*count != in->row_count) *selection = rows;
    return BP_OK;
}
