/* UNNEST: a row for each element of its lists. */
#include "exec.h"

#define MOST_ROWS 2048 /* put out at a time */

typedef struct unnest {
    operator base;
    size_t list_count;
    bool ordinality, outer;
} unnest;

struct operator_worker {
    bp_context *context;
    arena arena; /* of the batch put out */
    arena input; /* the lists, FLAT, of the batch taken in */
    column *lists;
    size_t row; /* next input row */
    size_t given; /* elements of it that have been put out */
    uint32_t rows[MOST_ROWS]; /* of the input, one an output row */
    uint32_t numbers[MOST_ROWS]; /* of the element, from 0 */
};

static void unnest_free(operator *self)
{
    memory_delete(self->context->memory, (unnest *)self);
}

static bp_status unnest_worker_new(operator_worker **out, operator *self, bp_error *err)
{
    *out = memory_new(self->context->memory, operator_worker);
    if (!*out) return error_no_memory(err, self->context->memory, sizeof **out);
    (*out)->context = self->context;
    arena_init(&(*out)->arena, self->context->memory);
    arena_init(&(*out)->input, self->context->memory);
    return BP_OK;
}

static void unnest_worker_free(operator_worker *worker)
{
    arena_clear(&worker->arena);
    arena_clear(&worker->input);
    memory_delete(worker->context->memory, worker);
}

static list_entry list_of_row(const column *list, size_t row)
{
    if (column_is_null(list, row) || list->child_count == 0) return (list_entry){0, 0};
    return ((const list_entry *)list->values)[row];
}

static bp_status begin_batch(const unnest *self, operator_worker *worker, const batch *in, bp_error *err)
{
    size_t first = in->column_count - self->list_count;
    bp_status status = BP_OK;

    worker->row = worker->given = 0;
    arena_reset(&worker->input);
    worker->lists = arena_new_array(&worker->input, column, self->list_count);
    if (!worker->lists) return error_no_memory(err, worker->input.memory, self->list_count * sizeof(column));
    for (size_t i = 0; i < self->list_count && !status; i++)
        status = column_flatten(&worker->lists[i], &in->columns[first + i], &worker->input, err);
    return status;
}

/* How often a row comes. */
static size_t row_size(const unnest *self, const operator_worker *worker, size_t row)
{
    size_t most = self->outer;

    for (size_t i = 0; i < self->list_count; i++) {
        size_t size = list_of_row(&worker->lists[i], row).size;
        if (size > most) most = size;
    }
    return most;
}

/* The next output rows; *more: there are further ones. */
static size_t choose_rows(const unnest *self, operator_worker *worker, size_t row_count, bool *more)
{
    size_t chosen = 0;

    for (; worker->row < row_count; worker->row++, worker->given = 0) {
        size_t size = row_size(self, worker, worker->row);
        for (; worker->given < size && chosen < MOST_ROWS; worker->given++, chosen++) {
            worker->rows[chosen] = (uint32_t)worker->row;
            worker->numbers[chosen] = (uint32_t)worker->given;
        }
        if (worker->given < size) break;
    }
    *more = worker->row < row_count;
    return chosen;
}

/* The elements of a list for the chosen rows. */
static bp_status gather_elements(operator_worker *worker, const column *list, size_t count, column *out, bp_error *err)
{
    arena *arena = &worker->arena;
    data_type type = list->type.detail->children[0];
    uint32_t *items = arena_new_array(arena, uint32_t, count);
    uint64_t *validity = arena_allocate_zeroed(arena, (bitmap_words(count) + 1) * 8);
    column made;
    bool any = false;
    bp_status status;

    if (!items || !validity) return error_no_memory(err, arena->memory, count * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        list_entry entry = list_of_row(list, worker->rows[i]);
        if (worker->numbers[i] >= entry.size) continue;
        items[i] = entry.offset + worker->numbers[i];
        bitmap_set(validity, i);
        any = true;
    }
    if (!any) {
        *out = column_nulls(type, count);
        return BP_OK;
    }
    if ((status = column_gather(&made, list->children, items, count, arena, err))) return status;
    if ((status = column_flatten(&made, &made, arena, err))) return status;
    for (size_t i = 0; i < bitmap_words(count) && made.validity; i++) validity[i] &= made.validity[i];
    made.validity = validity;
    made.owner = NULL;
    *out = made;
    return BP_OK;
}

static bp_status number_elements(const unnest *self, operator_worker *worker, size_t count, column *out, bp_error *err)
{
    int64_t *numbers = arena_new_array(&worker->arena, int64_t, count);
    uint64_t *validity = arena_allocate_zeroed(&worker->arena, (bitmap_words(count) + 1) * 8);

    if (!numbers || !validity) return error_no_memory(err, worker->arena.memory, count * sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        bool there = false;
        for (size_t j = 0; j < self->list_count; j++) there |= list_of_row(&worker->lists[j], worker->rows[i]).size > 0;
        numbers[i] = (int64_t)worker->numbers[i] + 1;
        bitmap_put(validity, i, there);
    }
    *out = (column){.type = type_of(TYPE_INT64), .length = count, .values = numbers, .validity = validity};
    return BP_OK;
}

static bp_status put_out(const unnest *self, operator_worker *worker, const batch *in, size_t count, batch *out, bp_error *err)
{
    size_t passed = in->column_count - self->list_count, total = in->column_count + self->ordinality;
    column *columns = arena_new_array(&worker->arena, column, total);
    bp_status status = BP_OK;

    if (!columns) return error_no_memory(err, worker->arena.memory, total * sizeof *columns);
    for (size_t i = 0; i < passed && !status; i++)
        status = column_gather(&columns[i], &in->columns[i], worker->rows, count, &worker->arena, err);
    for (size_t i = 0; i < self->list_count && !status; i++)
        status = gather_elements(worker, &worker->lists[i], count, &columns[passed + i], err);
    if (self->ordinality && !status) status = number_elements(self, worker, count, &columns[total - 1], err);
    *out = (batch){.row_count = count, .column_count = total, .columns = columns};
    return status;
}

static bp_status unnest_process(operator *self, operator_worker *worker, const batch *in, batch *out, bool *more, bp_error *err)
{
    const unnest *node = (const unnest *)self;
    size_t count;
    bp_status status;

    *out = (batch){0};
    arena_reset(&worker->arena);
    if (!*more && (status = begin_batch(node, worker, in, err))) return status;
    count = choose_rows(node, worker, in->row_count, more);
    return count ? put_out(node, worker, in, count, out, err) : BP_OK;
}

static const operator_class unnest_class = {
    .name = "UNNEST",
    .free = unnest_free,
    .worker_new = unnest_worker_new,
    .worker_free = unnest_worker_free,
    .process = unnest_process,
};

bp_status unnest_new(operator **out, bp_context *context, size_t list_count, bool ordinality, bool outer, bp_error *err)
{
    unnest *made = memory_new(context->memory, unnest);

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->base = (operator){.class = &unnest_class, .context = context};
    made->list_count = list_count;
    made->ordinality = ordinality;
    made->outer = outer;
    *out = &made->base;
    return BP_OK;
}
