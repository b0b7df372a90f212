/* min(x, n), max(x, n), arg_min(x, y, n), arg_max(x, y, n): the n first values in an order, as a list. A state keeps up to twice what is wanted, then drops
 * all but the best; of equal ones those that came first stay. */
#include "aggregate_cells.h"

#include "column/concatenate.h"
#include "list_kernel.h"

#define MOST_WANTED 1000000

typedef struct top_state {
    cell_list values, by; /* by: only with a second argument */
} top_state;

static const cells_bind *bound(const aggregate_state_call *call)
{
    return call->bind_data;
}

static bp_status bind_limit(function_binding *binding, size_t index, cells_bind *made, bp_error *err)
{
    expr_pool *pool = binding->pool;
    const column *value;
    expr_id cast;
    int64_t limit;
    bp_status status;

    if (!expr_is_constant(pool, binding->arguments[index]))
        return error_set(err, BP_BIND_ERROR, "how many values are wanted must be a constant");
    if ((status = expr_cast(&cast, pool, binding->arguments[index], type_of(TYPE_INT64), false, err))) return status;
    if ((status = expr_constant_value(&value, pool, cast, err))) return status;
    if (column_is_null(value, 0)) return error_set(err, BP_BIND_ERROR, "Invalid input for MIN/MAX: n value cannot be NULL");
    limit = *(const int64_t *)value->values;
    if (limit <= 0) return error_set(err, BP_BIND_ERROR, "Invalid input for MIN/MAX: n value must be > 0");
    if (limit >= MOST_WANTED) return error_set(err, BP_BIND_ERROR, "Invalid input for MIN/MAX: n value must be < %d", MOST_WANTED);
    made->limit = (size_t)limit;
    return BP_OK;
}

static bp_status bind_top_of(function_binding *binding, bool has_by, bp_error *err)
{
    cells_bind *made = arena_new(binding->pool->arena, cells_bind);

    if (!made) return error_no_memory(err, binding->pool->arena->memory, sizeof *made);
    made->type = binding->wanted[0] = expr_type(binding->pool, binding->arguments[0]);
    made->cells = cell_type(made->type);
    if (has_by) {
        made->by = binding->wanted[1] = expr_type(binding->pool, binding->arguments[1]);
        made->by_cells = cell_type(made->by);
    }
    binding->bind_data = made;
    if (!list_type_of(&binding->result, made->type, binding->pool->arena))
        return error_no_memory(err, binding->pool->arena->memory, sizeof(data_type));
    return bind_limit(binding, has_by ? 2 : 1, made, err);
}

bp_status bind_top(function_binding *binding, bp_error *err)
{
    return bind_top_of(binding, false, err);
}

bp_status bind_top_by(function_binding *binding, bp_error *err)
{
    return bind_top_of(binding, true, err);
}

AGGREGATE_INIT(top_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(top_state *)(void *)(states + i * stride) = (top_state){0};
}

/* Cells items[0 … count) become the list, in that order. */
static bp_status keep_items(const aggregate_state_call *call, cell_list *list, data_type type, const uint32_t *items, size_t count,
                            bp_error *err)
{
    physical_type physical = type_physical(type);
    size_t width = physical == PHYSICAL_BIT ? 1 : physical_width(physical);
    char *copy = memory_allocate(call->context->memory, count * width + 1);
    uint8_t *nulls = memory_allocate(call->context->memory, count + 1);
    bp_status status = BP_OK;

    if (!copy || !nulls) {
        status = error_no_memory(err, call->context->memory, count * width);
    } else {
        for (size_t i = 0; i < count; i++) {
            memcpy(copy + i * width, list->cells + items[i] * width, width);
            nulls[i] = list->nulls ? list->nulls[items[i]] : 0;
        }
        if (count) memcpy(list->cells, copy, count * width); /* an empty list has no cells */
        if (list->nulls) memcpy(list->nulls, nulls, count);
        list->count = count;
    }
    memory_free(call->context->memory, copy, count * width + 1);
    memory_free(call->context->memory, nulls, count + 1);
    return status;
}

static bp_status prune(const aggregate_state_call *call, top_state *state, bool greatest, bp_error *err)
{
    const cells_bind *bind = bound(call);
    bool has_by = bind->by.id != TYPE_NULL;
    cell_list *keys = has_by ? &state->by : &state->values;
    list_order order = {.descending = greatest};
    size_t kept = keys->count < bind->limit ? keys->count : bind->limit;
    uint32_t *items;
    column cells;
    arena scratch;
    bp_status status;

    arena_init(&scratch, call->context->memory);
    if ((status = cell_list_column(&cells, has_by ? bind->by_cells : bind->cells, keys, &scratch, err))) goto done;
    items = arena_allocate(&scratch, (2 * keys->count + 1) * sizeof *items);
    if (!items) {
        status = error_no_memory(err, scratch.memory, keys->count * sizeof *items);
        goto done;
    }
    for (size_t i = 0; i < keys->count; i++) items[i] = (uint32_t)i;
    order.elements = &cells;
    if ((status = list_sort_items(&order, items, items + keys->count, keys->count, &call->context->cancel, err))) goto done;
    if (has_by && (status = keep_items(call, &state->by, bind->by_cells, items, kept, err))) goto done;
    status = keep_items(call, &state->values, bind->cells, items, kept, err);
done:
    arena_clear(&scratch);
    return status;
}

static bool is_full(const aggregate_state_call *call, const top_state *state)
{
    return state->values.count >= 2 * bound(call)->limit + 64;
}

static bp_status top_add(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                         const column *arguments, const uint32_t *selection, size_t rows, bool greatest, bp_error *err)
{
    bool has_by = bound(call)->by.id != TYPE_NULL;
    column values, by = {0};
    arena scratch;
    bp_status status;

    arena_init(&scratch, call->context->memory);
    status = cells_from(&values, &arguments[0], arguments[0].length, &scratch, err);
    if (!status && has_by) status = cells_from(&by, &arguments[1], arguments[1].length, &scratch, err);
    for (size_t i = 0; i < rows && !status; i++) {
        top_state *state = (top_state *)(void *)state_at(states, stride, groups, i);
        if (has_by && (status = cell_list_add(&state->by, call, &by, row_at(&by, selection, i), err))) break;
        if ((status = cell_list_add(&state->values, call, &values, row_at(&values, selection, i), err))) break;
        if (is_full(call, state)) status = prune(call, state, greatest, err);
    }
    arena_clear(&scratch);
    return status;
}

AGGREGATE_UPDATE(top_least_update)
{
    (void)argument_count;
    return top_add(call, states, stride, groups, arguments, selection, rows, false, err);
}

AGGREGATE_UPDATE(top_greatest_update)
{
    (void)argument_count;
    return top_add(call, states, stride, groups, arguments, selection, rows, true, err);
}

static bp_status top_join(const aggregate_state_call *call, char *into, size_t into_stride, const uint32_t *into_groups,
                          const char *from, size_t from_stride, size_t count, bool greatest, bp_error *err)
{
    const cells_bind *bind = bound(call);
    bp_status status = BP_OK;

    for (size_t i = 0; i < count && !status; i++) {
        top_state *to = (top_state *)(void *)(into + into_groups[i] * into_stride);
        const top_state *add = (const top_state *)(const void *)(from + i * from_stride);
        if (bind->by.id != TYPE_NULL && (status = cell_list_append(&to->by, call, bind->by_cells, &add->by, err))) break;
        status = cell_list_append(&to->values, call, bind->cells, &add->values, err);
        if (!status && is_full(call, to)) status = prune(call, to, greatest, err);
    }
    return status;
}

AGGREGATE_COMBINE(top_least_combine)
{
    return top_join(call, into, into_stride, into_groups, from, from_stride, count, false, err);
}

AGGREGATE_COMBINE(top_greatest_combine)
{
    return top_join(call, into, into_stride, into_groups, from, from_stride, count, true, err);
}

static bp_status top_result(const aggregate_state_call *call, const char *states, size_t stride, size_t count, bool greatest,
                            column *out, arena *arena, bp_error *err)
{
    const cells_bind *bind = bound(call);
    column *parts = arena_new_array(arena, column, count + 1), *child = arena_new(arena, column), joined;
    const column **list = arena_new_array(arena, const column *, count + 1);
    list_entry *entries = arena_new_array(arena, list_entry, count + 4);
    uint64_t *validity = arena_allocate(arena, (bitmap_words(count) + 1) * 8);
    aggregate_state_call own = {.context = call->context, .arena = arena, .bind_data = call->bind_data};
    size_t total = 0;
    bp_status status;

    if (!parts || !child || !list || !entries || !validity) return error_no_memory(err, arena->memory, count * sizeof *parts);
    memset(validity, 0xff, (bitmap_words(count) + 1) * 8);
    for (size_t i = 0; i < count; i++) {
        top_state *copy = arena_new(arena, top_state);
        const top_state *state = (const top_state *)(const void *)(states + i * stride);
        if (!copy) return error_no_memory(err, arena->memory, sizeof *copy);
        if ((status = cell_list_append(&copy->values, &own, bind->cells, &state->values, err))) return status;
        if (bind->by.id != TYPE_NULL && (status = cell_list_append(&copy->by, &own, bind->by_cells, &state->by, err)))
            return status;
        if ((status = prune(&own, copy, greatest, err))) return status;
        if ((status = cell_list_column(&parts[i], bind->cells, &copy->values, arena, err))) return status;
        list[i] = &parts[i];
        if (total + parts[i].length > UINT32_MAX) return error_set(err, BP_LIMIT, "lists of over 4,294,967,295 elements in all");
        entries[i] = (list_entry){(uint32_t)total, (uint32_t)parts[i].length};
        total += parts[i].length;
        if (parts[i].length == 0) bitmap_unset(validity, i);
    }
    if ((status = column_concatenate(&joined, bind->cells, list, count, arena, err))) return status;
    if ((status = cells_to(child, bind->type, &joined, arena, err))) return status;
    *out = (column){.length = count, .validity = validity, .values = entries, .children = child, .child_count = 1};
    return BP_OK;
}

AGGREGATE_FINISH(top_least_finish)
{
    return top_result(call, states, stride, count, false, out, arena, err);
}

AGGREGATE_FINISH(top_greatest_finish)
{
    return top_result(call, states, stride, count, true, out, arena, err);
}
