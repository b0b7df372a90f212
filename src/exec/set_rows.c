/* The rows of INTERSECT and EXCEPT, from how often each is on the left and on the right. */
#include "exec.h"

#define REPEATS 4096 /* rows put out at a time */

typedef struct set_rows {
    operator base;
    set_kind kind;
    bool all;
} set_rows;

struct operator_worker {
    bp_context *context;
    arena arena;
    size_t row;     /* next input row */
    uint64_t given; /* how often it has been put out already */
    uint32_t selection[REPEATS];
};

static void set_rows_free(operator *self)
{
    memory_delete(self->context->memory, (set_rows *)self);
}

static bp_status set_rows_worker_new(operator_worker **out, operator *self, bp_error *err)
{
    *out = memory_new(self->context->memory, operator_worker);
    if (!*out) return error_no_memory(err, self->context->memory, sizeof **out);
    (*out)->context = self->context;
    arena_init(&(*out)->arena, self->context->memory);
    return BP_OK;
}

static void set_rows_worker_free(operator_worker *worker)
{
    arena_clear(&worker->arena);
    memory_delete(worker->context->memory, worker);
}

static uint64_t repeats(const set_rows *set, int64_t left, int64_t right)
{
    int64_t times;

    if (set->kind == PLAN_INTERSECT)
        times = left < right ? left : right;
    else
        times = set->all ? left - right : left * (right == 0);
    if (times < 0) times = 0;
    return set->all || times == 0 ? (uint64_t)times : 1;
}

static bp_status set_rows_process(operator *self, operator_worker *worker, const batch *in, batch *out, bool *more, bp_error *err)
{
    const set_rows *set = (const set_rows *)self;
    size_t count = in->column_count - 2, selected = 0;
    const int64_t *left, *right;
    batch rows = {.row_count = in->row_count, .column_count = count, .columns = in->columns};
    column counts[2];
    bp_status status;

    *out = (batch){0};
    arena_reset(&worker->arena);
    for (size_t i = 0; i < 2; i++)
        if ((status = column_flatten(&counts[i], &in->columns[count + i], &worker->arena, err))) return status;
    left = counts[0].values;
    right = counts[1].values;
    if (!*more) worker->row = worker->given = 0;
    for (; worker->row < in->row_count; worker->row++, worker->given = 0) {
        uint64_t wanted = repeats(set, left[worker->row], right[worker->row]);
        for (; worker->given < wanted && selected < REPEATS; worker->given++) worker->selection[selected++] = (uint32_t)worker->row;
        if (worker->given < wanted) break;
    }
    *more = worker->row < in->row_count;
    return selected ? batch_gather(out, &rows, worker->selection, selected, &worker->arena, err) : BP_OK;
}

static const operator_class set_rows_class = {
    .name = "SET",
    .free = set_rows_free,
    .worker_new = set_rows_worker_new,
    .worker_free = set_rows_worker_free,
    .process = set_rows_process,
};

bp_status set_rows_new(operator **out, bp_context *context, set_kind kind, bool all, bp_error *err)
{
    set_rows *set = memory_new(context->memory, set_rows);

    *out = NULL;
    if (!set) return error_no_memory(err, context->memory, sizeof *set);
    set->base = (operator){.class = &set_rows_class, .context = context};
    set->kind = kind;
    set->all = all;
    *out = &set->base;
    return BP_OK;
}
