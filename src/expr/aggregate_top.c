/* min(x, n), max(x, n), arg_min(x, y, n), arg_max(x, y, n): the n first values in an order, as a list. A state keeps up to twice what is wanted, then drops
 * all but the best; of equal ones those that came first stay.
 *
 * Up to MOST_FEW numbers of up to 8 bytes are kept in the state itself, in order, as keys (aggregate_keys.h; complements for the greatest, so that the least key is
 * the first wanted). (The two greatest of each of 100,000 groups: 80 ns a row the other way, 4 ns so.) */
#include "aggregate_cells.h"
#include "aggregate_keys.h"

#include "column/concatenate.h"
#include "list_kernel.h"

#define MOST_WANTED 1000000

#define MOST_FEW 7

typedef struct top_state {
    union {
        struct {
            cell_list values, by; /* by: only with a second argument */
        };
        struct {
            uint64_t few_count;
            uint64_t few[MOST_FEW];
        };
    };
} top_state;

static const cells_bind *bound(const aggregate_state_call *call)
{
    return call->bind_data;
}

/* A number of up to 8 bytes. */
static bool has_key(data_type type)
{
    switch (type_physical(type)) {
    case PHYSICAL_INT8:
    case PHYSICAL_INT16:
    case PHYSICAL_INT32:
    case PHYSICAL_INT64:
    case PHYSICAL_UINT8:
    case PHYSICAL_UINT16:
    case PHYSICAL_UINT32:
    case PHYSICAL_UINT64:
    case PHYSICAL_FLOAT32:
    case PHYSICAL_FLOAT64: return true;
    default: return false;
    }
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
    bp_status status;

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
    if ((status = bind_limit(binding, has_by ? 2 : 1, made, err))) return status;
    made->few = !has_by && has_key(made->type) && made->limit <= MOST_FEW;
    return BP_OK;
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

/* few numbers as keys ------------------------------------------------------------------------------------------------------------------------- */
static ALWAYS_INLINE void few_add(top_state *state, size_t limit, uint64_t key)
{
    size_t hole = state->few_count;

    if (hole == limit && key >= state->few[limit - 1]) return;
    if (hole == limit)
        hole--;
    else
        state->few_count++;
    for (; hole > 0 && state->few[hole - 1] > key; hole--) state->few[hole] = state->few[hole - 1];
    state->few[hole] = key;
}

#define FEW_ROWS(type, key_of)                                                                                                     \
    for (size_t i = 0; i < rows; i++) {                                                                                            \
        uint64_t key = key_of(((const type *)in->values)[row_at(in, selection, i)]);                                               \
        few_add((top_state *)(void *)state_at(states, stride, groups, i), limit, key ^ flip);                                      \
    }

static void few_update(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups, const column *in,
                       const uint32_t *selection, size_t rows, bool greatest)
{
    size_t limit = bound(call)->limit;
    uint64_t flip = greatest ? UINT64_MAX : 0;

    switch (type_physical(in->type)) {
    case PHYSICAL_INT8: FEW_ROWS(int8_t, key_of_integer) break;
    case PHYSICAL_INT16: FEW_ROWS(int16_t, key_of_integer) break;
    case PHYSICAL_INT32: FEW_ROWS(int32_t, key_of_integer) break;
    case PHYSICAL_INT64: FEW_ROWS(int64_t, key_of_integer) break;
    case PHYSICAL_UINT8: FEW_ROWS(uint8_t, (uint64_t)) break;
    case PHYSICAL_UINT16: FEW_ROWS(uint16_t, (uint64_t)) break;
    case PHYSICAL_UINT32: FEW_ROWS(uint32_t, (uint64_t)) break;
    case PHYSICAL_UINT64: FEW_ROWS(uint64_t, (uint64_t)) break;
    case PHYSICAL_FLOAT32: FEW_ROWS(float, key_of_double) break;
    default: FEW_ROWS(double, key_of_double) break;
    }
}

static void few_join(const aggregate_state_call *call, char *into, size_t into_stride, const uint32_t *into_groups,
                     const char *from, size_t from_stride, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const top_state *add = (const top_state *)(const void *)(from + i * from_stride);
        for (size_t j = 0; j < add->few_count; j++)
            few_add((top_state *)(void *)(into + into_groups[i] * into_stride), bound(call)->limit, add->few[j]);
    }
}

#define FEW_VALUES(type, of_key)                                                                                                   \
    for (size_t j = 0; j < state->few_count; j++) ((type *)values)[at++] = (type)of_key(state->few[j] ^ flip);                     \
    break;

/* The state's numbers into values[at …]; returns the place behind them. */
static size_t few_values(void *values, size_t at, const top_state *state, data_type type, uint64_t flip)
{
    switch (type_physical(type)) {
    case PHYSICAL_INT8: FEW_VALUES(int8_t, integer_of_key)
    case PHYSICAL_INT16: FEW_VALUES(int16_t, integer_of_key)
    case PHYSICAL_INT32: FEW_VALUES(int32_t, integer_of_key)
    case PHYSICAL_INT64: FEW_VALUES(int64_t, integer_of_key)
    case PHYSICAL_UINT8: FEW_VALUES(uint8_t, (uint64_t))
    case PHYSICAL_UINT16: FEW_VALUES(uint16_t, (uint64_t))
    case PHYSICAL_UINT32: FEW_VALUES(uint32_t, (uint64_t))
    case PHYSICAL_UINT64: FEW_VALUES(uint64_t, (uint64_t))
    case PHYSICAL_FLOAT32: FEW_VALUES(float, double_of_key)
    default: FEW_VALUES(double, double_of_key)
    }
    return at;
}

static bp_status few_result(const aggregate_state_call *call, const char *states, size_t stride, size_t count, bool greatest,
                            column *out, arena *arena, bp_error *err)
{
    data_type type = bound(call)->type;
    column *child = arena_new(arena, column);
    list_entry *entries = arena_new_array(arena, list_entry, count + 4);
    uint64_t *validity = arena_allocate(arena, (bitmap_words(count) + 1) * 8);
    char *values = arena_allocate_aligned(arena, count * MOST_FEW * 8 + 16, 64);
    size_t total = 0;

    if (!child || !entries || !validity || !values) return error_no_memory(err, arena->memory, count * MOST_FEW * 8);
    memset(validity, 0xff, (bitmap_words(count) + 1) * 8);
    for (size_t i = 0; i < count; i++) {
        const top_state *state = (const top_state *)(const void *)(states + i * stride);
        entries[i] = (list_entry){(uint32_t)total, (uint32_t)state->few_count};
        if (state->few_count == 0) bitmap_unset(validity, i);
        total = few_values(values, total, state, type, greatest ? UINT64_MAX : 0);
    }
    *child = (column){.type = type, .length = total, .values = values};
    *out = (column){.length = count, .validity = validity, .values = entries, .children = child, .child_count = 1};
    return BP_OK;
}

/* any values ---------------------------------------------------------------------------------------------------------------------------------- */
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

    if (bound(call)->few) {
        few_update(call, states, stride, groups, &arguments[0], selection, rows, greatest);
        return BP_OK;
    }
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

    if (bind->few) {
        few_join(call, into, into_stride, into_groups, from, from_stride, count);
        return BP_OK;
    }
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
    column *parts, *child, joined;
    const column **list;
    list_entry *entries;
    uint64_t *validity;
    aggregate_state_call own = {.context = call->context, .arena = arena, .bind_data = call->bind_data};
    size_t total = 0;
    bp_status status;

    if (bind->few) return few_result(call, states, stride, count, greatest, out, arena, err);
    parts = arena_new_array(arena, column, count + 1);
    child = arena_new(arena, column);
    list = arena_new_array(arena, const column *, count + 1);
    entries = arena_new_array(arena, list_entry, count + 4);
    validity = arena_allocate(arena, (bitmap_words(count) + 1) * 8);
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
