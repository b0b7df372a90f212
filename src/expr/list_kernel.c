/* Picking and gathering elements, and sorting them; see the header. */
#include "list_kernel.h"

#include "column/concatenate.h"

column list_elements(const column *argument)
{
    if (argument->child_count) return argument->children[0];
    return column_nulls(argument->type.detail ? argument->type.detail->children[0] : type_of(TYPE_NULL), 0);
}

bp_status list_source_init(list_source *out, const function_call *call, const column *argument, bp_error *err)
{
    size_t rows = argument->encoding == COLUMN_CONSTANT ? 1 : call->rows, begin = SIZE_MAX, end = 0;
    column all = list_elements(argument), slice;
    bp_status status;

    for (size_t row = 0; row < rows; row++) {
        list_view list = list_at(argument, row);
        if (list.size == 0) continue;
        if (list.offset < begin) begin = list.offset;
        if (list.offset + list.size > end) end = list.offset + list.size;
    }
    if (end == 0) begin = 0;
    if ((status = column_slice(&slice, &all, begin, end - begin, call->arena, err))) return status;
    out->begin = begin;
    return column_flatten(&out->elements, &slice, call->arena, err);
}

/* picks ------------------------------------------------------------------------------------------------------------------------------ */
bp_status list_picks_init(list_picks *out, const function_call *call, size_t expected, bp_error *err)
{
    *out = (list_picks){.call = call, .entries = arena_new_array(call->arena, list_entry, call->rows + 4)};
    if (!out->entries) return call_no_memory(call, call->rows * sizeof(list_entry), err);
    return list_picks_grow(out, expected, err);
}

bp_status list_picks_grow(list_picks *picks, size_t extra, bp_error *err)
{
    size_t wanted = picks->capacity ? picks->capacity * 2 : 64;
    uint32_t *larger;
    bp_status status;

    while (wanted < picks->count + extra) wanted *= 2;
    if (picks->count + extra <= picks->capacity) return BP_OK;
    if (picks->count + extra >= UINT32_MAX) return error_set(err, BP_LIMIT, "a batch of lists has over 4,294,967,294 elements");
    larger = arena_allocate(picks->call->arena, wanted * sizeof *larger);
    if (!larger) return call_no_memory(picks->call, wanted * sizeof *larger, err);
    if ((status = cancel_copy(picks->call->context->memory, larger, picks->items, picks->count * sizeof *larger, err)))
        return status;
    picks->items = larger;
    picks->capacity = wanted;
    return BP_OK;
}

bp_status list_pick_run(list_picks *picks, size_t begin, size_t count, bp_error *err)
{
    bp_status status;

    if (picks->capacity - picks->count < count && (status = list_picks_grow(picks, count, err))) return status;
    for (size_t done = 0, end; done < count; done = end) {
        end = count - done < LIST_CHECK_ITEMS ? count : done + LIST_CHECK_ITEMS;
        for (size_t i = done; i < end; i++) picks->items[picks->count + i] = (uint32_t)(begin + i);
        if (end < count && (status = cancel_check(&picks->call->context->cancel, err))) return status;
    }
    picks->count += count;
    return BP_OK;
}

bp_status list_result(const function_call *call, list_entry *entries, const column *elements, column *out, bp_error *err)
{
    column *child = arena_new(call->arena, column);

    if (!child) return call_no_memory(call, sizeof *child, err);
    *child = *elements;
    child->owner = NULL;
    out->values = entries;
    out->children = child;
    out->child_count = 1;
    return BP_OK;
}

bp_status list_picks_finish(const list_picks *picks, const column *const *parts, size_t part_count, column *out, bp_error *err)
{
    const function_call *call = picks->call;
    column all = *parts[0], elements;
    bp_status status;

    if (part_count > 1 && (status = column_concatenate(&all, all.type, parts, part_count, call->arena, err))) return status;
    if (picks->count == 0)
        elements = column_nulls(all.type, 0);
    else if ((status = column_gather(&elements, &all, picks->items, picks->count, call->arena, err)))
        return status;
    return list_result(call, picks->entries, &elements, out, err);
}

/* order ------------------------------------------------------------------------------------------------------------------------------ */
int list_order_compare(const list_order *order, size_t left, size_t right)
{
    bool left_null = column_is_null(order->elements, left), right_null = column_is_null(order->elements, right);
    int compared;

    if (left_null || right_null) return order->nulls_first ? (int)right_null - (int)left_null : (int)left_null - (int)right_null;
    compared = column_value_compare(order->elements, left, order->elements, right);
    return order->descending ? -compared : compared;
}

static void insertion_sort(const list_order *order, uint32_t *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t moving = items[i];
        size_t hole = i;
        for (; hole > 0 && list_order_compare(order, items[hole - 1], moving) > 0; hole--) items[hole] = items[hole - 1];
        items[hole] = moving;
    }
}

static inline bp_status check_at(size_t at, cancel *cancel, bp_error *err)
{
    return cancel && at % LIST_CHECK_ITEMS == 0 ? cancel_check(cancel, err) : BP_OK;
}

/* Two sorted runs, [begin, middle) and [middle, end), into one. */
static bp_status merge_runs(const list_order *order, const uint32_t *from, uint32_t *to, size_t begin, size_t middle, size_t end,
                            cancel *cancel, bp_error *err)
{
    size_t left = begin, right = middle;
    bp_status status;

    for (size_t at = begin; at < end; at++) {
        bool from_left = right == end || (left < middle && list_order_compare(order, from[left], from[right]) <= 0);
        if ((status = check_at(at, cancel, err))) return status;
        to[at] = from_left ? from[left++] : from[right++];
    }
    return BP_OK;
}

bp_status list_sort_items(const list_order *order, uint32_t *items, uint32_t *scratch, size_t count, cancel *cancel, bp_error *err)
{
    uint32_t *from = items, *to = scratch;
    bp_status status;

    for (size_t begin = 0; begin < count; begin += 8) {
        if ((status = check_at(begin, cancel, err))) return status;
        insertion_sort(order, items + begin, count - begin < 8 ? count - begin : 8);
    }
    for (size_t width = 8; width < count; width *= 2) {
        uint32_t *swap = from;
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            size_t middle = count - begin < width ? count : begin + width,
                   end = count - begin < 2 * width ? count : begin + 2 * width;
            if ((status = merge_runs(order, from, to, begin, middle, end, cancel, err))) return status;
        }
        from = to;
        to = swap;
    }
    if (from != items) memcpy(items, from, count * sizeof *items);
    return BP_OK;
}

bp_status list_sorted_row(const function_call *call, list_view list, uint32_t **out, size_t *count, bp_error *err)
{
    uint32_t *items = arena_allocate(call->arena, (2 * list.size + 1) * sizeof *items);
    list_order order = {.elements = list.elements};
    bp_status status;

    *count = 0;
    *out = items;
    if (!items) return call_no_memory(call, list.size * sizeof *items, err);
    for (size_t i = 0; i < list.size; i++) {
        if ((status = check_at(i, &call->context->cancel, err))) return status;
        if (!column_is_null(list.elements, list.offset + i)) items[(*count)++] = (uint32_t)(list.offset + i);
    }
    return list_sort_items(&order, items, items + list.size, *count, &call->context->cancel, err);
}

size_t list_find_sorted(const list_order *order, const uint32_t *items, size_t count, const column *values, size_t row)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int compared = column_value_compare(order->elements, items[middle], values, row);
        if (compared == 0) return middle;
        if (compared < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

bool list_type_of(data_type *out, data_type element, arena *arena)
{
    type_detail *detail = arena_new(arena, type_detail);
    data_type *child = arena_new(arena, data_type);

    if (!detail || !child) return false;
    *child = element;
    *detail = (type_detail){.child_count = 1, .children = child};
    *out = type_of(TYPE_LIST);
    out->detail = detail;
    return true;
}
