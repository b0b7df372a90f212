/* list_transform, list_filter, list_reduce: functions that evaluate a body for each element of a list.
 *
 * The body is an expression over columns of its own, which no walk over the query's expressions sees; what it takes from outside are further arguments of
 * the call. Each evaluator of the query has one of its own for the body, which runs over the elements of all rows, FEED at a time. */
#include "list_kernel.h"

#include "column/concatenate.h"

#define FEED 2048

typedef struct lambda_state {
    evaluator *inner;
} lambda_state;

void lambda_clear(void *state, bp_context *context)
{
    (void)context;
    evaluator_free(((lambda_state *)state)->inner);
}

static const lambda *body_of(const function_call *call)
{
    return call->bind_data;
}

/* The body over a batch, its result copied. */
static bp_status run_body(const function_call *call, column *columns, size_t rows, column *out, bp_error *err)
{
    const lambda *body = body_of(call);
    lambda_state *state = call->state;
    batch in = {.row_count = rows, .column_count = body->first_capture + body->capture_count, .columns = columns};
    column result;
    bp_status status;

    if (!state->inner && (status = evaluator_new(&state->inner, call->context, body->pool, &body->body, 1, err))) return status;
    if ((status = evaluator_run(state->inner, &in, &result, err))) return status;
    result.length = rows;
    return column_copy(out, &result, call->arena, err);
}

/* Elements items[0 … count) with their rows and numbers, and the captures of those rows, as the body's columns from `first` on. */
static bp_status body_columns(const function_call *call, const column *arguments, size_t count, const column *elements,
                              const uint32_t *items, const uint32_t *rows, const int64_t *numbers, size_t element_count,
                              size_t first, column *columns, bp_error *err)
{
    const lambda *body = body_of(call);
    size_t given = count - body->capture_count;
    bp_status status;

    if ((status = column_gather(&columns[first], elements, items, element_count, call->arena, err))) return status;
    columns[first + 1] = (column){.type = type_of(TYPE_INT64), .length = element_count, .values = numbers};
    for (size_t i = 0; i < body->capture_count; i++) {
        column *to = &columns[body->first_capture + i];
        *to = arguments[given + i];
        to->length = element_count;
        if (arguments[given + i].encoding != COLUMN_CONSTANT &&
            (status = column_gather(to, &arguments[given + i], rows, element_count, call->arena, err)))
            return status;
    }
    return BP_OK;
}

/* All elements of all rows, in order. */
typedef struct all_elements {
    column elements;
    list_picks picks;
    uint32_t *rows;
    int64_t *numbers;
} all_elements;

static bp_status number_elements(all_elements *out, const function_call *call, const column *lists, bp_error *err)
{
    bp_status status;

    out->elements = list_elements(lists);
    if ((status = list_picks_init(&out->picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(lists, row);
        if ((status = cancel_check(&call->context->cancel, err))) return status;
        if ((status = list_pick_run(&out->picks, list.offset, list.size, err))) return status;
        list_close(&out->picks, row);
    }
    out->rows = arena_allocate(call->arena, (out->picks.count + 1) * sizeof *out->rows);
    out->numbers = arena_allocate(call->arena, (out->picks.count + 1) * sizeof *out->numbers);
    if (!out->rows || !out->numbers) return call_no_memory(call, out->picks.count * 12, err);
    for (size_t row = 0; row < call->rows; row++) {
        if ((status = cancel_check(&call->context->cancel, err))) return status;
        for (size_t i = 0; i < out->picks.entries[row].size; i++) {
            if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
            out->rows[out->picks.entries[row].offset + i] = (uint32_t)row;
            out->numbers[out->picks.entries[row].offset + i] = (int64_t)i + 1;
        }
    }
    return BP_OK;
}

/* The body's result for every element. */
static bp_status map_elements(const function_call *call, const column *arguments, size_t count, all_elements *all, column *out,
                              bp_error *err)
{
    const lambda *body = body_of(call);
    column *parts, *columns = arena_new_array(call->arena, column, body->first_capture + body->capture_count);
    const column **list;
    size_t pieces;
    bp_status status;

    if (!columns) return call_no_memory(call, sizeof *columns, err);
    if ((status = number_elements(all, call, &arguments[0], err))) return status;
    pieces = (all->picks.count + FEED - 1) / FEED;
    parts = arena_new_array(call->arena, column, pieces + 1);
    list = arena_new_array(call->arena, const column *, pieces + 1);
    if (!parts || !list) return call_no_memory(call, pieces * sizeof *parts, err);
    for (size_t i = 0; i < pieces; i++) {
        size_t begin = i * FEED, rows = all->picks.count - begin < FEED ? all->picks.count - begin : FEED;
        if ((status = cancel_check(&call->context->cancel, err))) return status;
        if ((status = body_columns(call, arguments, count, &all->elements, all->picks.items + begin, all->rows + begin,
                                   all->numbers + begin, rows, 0, columns, err)))
            return status;
        if ((status = run_body(call, columns, rows, &parts[i], err))) return status;
        list[i] = &parts[i];
    }
    return column_concatenate(out, body->type, list, pieces, call->arena, err);
}

/* NULL lists stay NULL. *done: the list is the constant NULL. */
static void keep_nulls(const column *lists, size_t rows, column *out, bool *done)
{
    *done = lists->encoding == COLUMN_CONSTANT && column_is_null(lists, 0);
    if (*done)
        *out = column_nulls(out->type, rows);
    else
        out->validity = lists->encoding == COLUMN_CONSTANT ? NULL : lists->validity;
}

KERNEL(list_transform)
{
    all_elements all = {0};
    column made;
    bool done;
    bp_status status;

    keep_nulls(&arguments[0], call->rows, out, &done);
    if (done) return BP_OK;
    if ((status = map_elements(call, arguments, count, &all, &made, err))) return status;
    return list_result(call, all.picks.entries, &made, out, err);
}

KERNEL(list_filter)
{
    all_elements all = {0};
    list_picks kept;
    column made;
    const column *parts[1] = {&all.elements};
    bool done;
    bp_status status;

    keep_nulls(&arguments[0], call->rows, out, &done);
    if (done) return BP_OK;
    if ((status = map_elements(call, arguments, count, &all, &made, err))) return status;
    if ((status = list_picks_init(&kept, call, all.picks.count, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        for (size_t i = 0; i < all.picks.entries[row].size; i++) {
            size_t at = all.picks.entries[row].offset + i;
            if (column_is_null(&made, at) || !bitmap_get(made.values, at)) continue;
            if ((status = list_pick(&kept, all.picks.items[at], err))) return status;
        }
        list_close(&kept, row);
    }
    return list_picks_finish(&kept, parts, 1, out, err);
}

/* list_reduce: round k takes the k-th element of every list that has one. */
typedef struct reduction {
    const function_call *call;
    const column *arguments;
    size_t count;
    column elements, gathered; /* gathered: one value a row, so far */
    uint32_t *items, *rows;
    int64_t *numbers;
    column *columns;
} reduction;

static bp_status begin_reduction(reduction *work, const column *initial, bp_error *err)
{
    const function_call *call = work->call;
    uint32_t *firsts = arena_new_array(call->arena, uint32_t, call->rows + 1);
    column whole;

    if (!firsts) return call_no_memory(call, call->rows * sizeof *firsts, err);
    if (initial) {
        whole = *initial;
        whole.length = call->rows;
        return column_flatten(&work->gathered, &whole, call->arena, err);
    }
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(&work->arguments[0], row);
        if (list.size)
            firsts[row] = (uint32_t)list.offset;
        else if (!column_is_null(&work->arguments[0], row))
            return error_set(err, BP_OUT_OF_RANGE, "Cannot perform list_reduce on an empty input list");
    }
    whole = column_nulls(body_of(call)->type, call->rows);
    if (work->elements.length == 0) return column_flatten(&work->gathered, &whole, call->arena, err);
    return column_gather(&work->gathered, &work->elements, firsts, call->rows, call->arena, err);
}

/* *any: some list has a k-th element. */
static bp_status reduce_round(reduction *work, size_t k, bool *any, bp_error *err)
{
    const function_call *call = work->call;
    merge_piece pieces[2] = {{.values = &work->gathered, .count = call->rows}, {.to = work->rows}};
    column made, merged;
    size_t chosen = 0;
    bp_status status;

    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(&work->arguments[0], row);
        if (k >= list.size) continue;
        work->items[chosen] = (uint32_t)(list.offset + k);
        work->numbers[chosen] = (int64_t)k + 1;
        work->rows[chosen++] = (uint32_t)row;
    }
    *any = chosen > 0;
    if (!chosen) return BP_OK;
    if ((status = body_columns(call, work->arguments, work->count, &work->elements, work->items, work->rows, work->numbers, chosen,
                               1, work->columns, err)))
        return status;
    if ((status = column_gather(&work->columns[0], &work->gathered, work->rows, chosen, call->arena, err))) return status;
    if ((status = run_body(call, work->columns, chosen, &made, err))) return status;
    pieces[1].values = &made;
    pieces[1].count = chosen;
    if ((status = merge_columns(&merged, body_of(call)->type, pieces, 2, call->rows, call->arena, err))) return status;
    return column_flatten(&work->gathered, &merged, call->arena, err);
}

KERNEL(list_reduce)
{
    const lambda *body = body_of(call);
    bool has_initial = count - body->capture_count == 2, any = true;
    reduction work = {.call = call, .arguments = arguments, .count = count, .elements = list_elements(&arguments[0])};
    uint64_t *validity;
    bp_status status;

    work.items = arena_new_array(call->arena, uint32_t, call->rows + 1);
    work.rows = arena_new_array(call->arena, uint32_t, call->rows + 1);
    work.numbers = arena_new_array(call->arena, int64_t, call->rows + 1);
    work.columns = arena_new_array(call->arena, column, body->first_capture + body->capture_count);
    validity = arena_allocate(call->arena, (bitmap_words(call->rows) + 1) * 8);
    if (!work.items || !work.rows || !work.numbers || !work.columns || !validity) return call_no_memory(call, call->rows * 16, err);
    if ((status = begin_reduction(&work, has_initial ? &arguments[1] : NULL, err))) return status;
    for (size_t k = !has_initial; any; k++) {
        if ((status = cancel_check(&call->context->cancel, err)) || (status = reduce_round(&work, k, &any, err))) return status;
    }
    for (size_t i = 0; i < bitmap_words(call->rows); i++)
        validity[i] = work.gathered.validity ? work.gathered.validity[i] : ~(uint64_t)0;
    for (size_t row = 0; row < call->rows; row++)
        if (column_is_null(&arguments[0], row)) bitmap_unset(validity, row);
    *out = work.gathered;
    out->type = body->type;
    out->validity = validity;
    out->owner = NULL;
    return BP_OK;
}
