/* Lists from lists: joined, cut, repeated, reversed, chosen from, flattened, put side by side. */
#include "list_kernel.h"

#include "column/concatenate.h"

/* Several sources as parts of one row of elements. */
typedef struct joined_sources {
    list_source *sources;
    const column **parts;
    size_t *bases; /* where each part begins, less where its stretch begins: base + offset is an item */
    size_t total;
} joined_sources;

/* May wrap; a list's offset brings it back. */
static BP_WRAPS size_t wrapping_base(size_t total, size_t begin)
{
    return total - begin;
}

static bp_status join_sources(joined_sources *out, const function_call *call, const column *arguments, size_t count, size_t extra,
                              bp_error *err)
{
    bp_status status;

    *out = (joined_sources){.sources = arena_new_array(call->arena, list_source, count + extra),
                            .parts = arena_new_array(call->arena, const column *, count + extra),
                            .bases = arena_new_array(call->arena, size_t, count + extra)};
    if (!out->sources || !out->parts || !out->bases) return call_no_memory(call, count * sizeof(list_source), err);
    for (size_t i = 0; i < count; i++) {
        if ((status = list_source_init(&out->sources[i], call, &arguments[i], err))) return status;
        out->parts[i] = &out->sources[i].elements;
        out->bases[i] = wrapping_base(out->total, out->sources[i].begin);
        out->total += out->sources[i].elements.length;
    }
    return BP_OK;
}

/* Add single values, one a row, as the part behind the `count` there are. Row r's is item bases[count] + r. */
static bp_status join_values(joined_sources *joined, const function_call *call, const column *values, size_t count, bp_error *err)
{
    column *flat = &joined->sources[count].elements, whole = *values;
    bp_status status;

    whole.length = call->rows;
    if ((status = column_flatten(flat, &whole, call->arena, err))) return status;
    joined->parts[count] = flat;
    joined->bases[count] = joined->total;
    joined->total += call->rows;
    return BP_OK;
}

static BP_WRAPS size_t item_at(const joined_sources *joined, size_t part, list_view list)
{
    return joined->bases[part] + list.offset;
}

/* concatenation ------------------------------------------------------------------------------------------------------------------------- */
static bool is_untyped_null(const column *arguments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (arguments[i].encoding != COLUMN_CONSTANT || !column_is_null(&arguments[i], 0) ||
            list_element_type(arguments[i].type).id != TYPE_NULL)
            return false;
    return true;
}

/* For list_concat() a NULL among the lists is left out, for || it makes all NULL (the caller's validity). Nothing but the word NULL: NULL. */
static bp_status concat_lists(const function_call *call, const column *arguments, size_t count, bool strict, column *out,
                              bp_error *err)
{
    joined_sources joined;
    list_picks picks;
    bp_status status;

    if (!strict && (count == 0 || is_untyped_null(arguments, count))) {
        *out = column_nulls(out->type, call->rows);
        return BP_OK;
    }
    if ((status = join_sources(&joined, call, arguments, count, 0, err))) return status;
    if ((status = list_picks_init(&picks, call, joined.total, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        for (size_t i = 0; i < count; i++) {
            list_view list = list_at(&arguments[i], row);
            if ((status = list_pick_run(&picks, item_at(&joined, i, list), list.size, err))) return status;
        }
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, joined.parts, count, out, err);
}

KERNEL(list_concat)
{
    return concat_lists(call, arguments, count, false, out, err);
}

KERNEL(list_join)
{
    return concat_lists(call, arguments, count, true, out, err);
}

/* list_append(list, value) and list_prepend(value, list): a NULL list is taken as empty. */
static bp_status add_value(const function_call *call, const column *list, const column *value, bool front, column *out,
                           bp_error *err)
{
    joined_sources joined;
    list_picks picks;
    bp_status status;

    if ((status = join_sources(&joined, call, list, 1, 1, err))) return status;
    if ((status = join_values(&joined, call, value, 1, err))) return status;
    if ((status = list_picks_init(&picks, call, joined.total, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view old = list_at(list, row);
        if (front && (status = list_pick(&picks, joined.bases[1] + row, err))) return status;
        if ((status = list_pick_run(&picks, item_at(&joined, 0, old), old.size, err))) return status;
        if (!front && (status = list_pick(&picks, joined.bases[1] + row, err))) return status;
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, joined.parts, 2, out, err);
}

KERNEL(list_append)
{
    (void)count;
    return add_value(call, &arguments[0], &arguments[1], false, out, err);
}

KERNEL(list_prepend)
{
    (void)count;
    return add_value(call, &arguments[1], &arguments[0], true, out, err);
}

KERNEL(list_push_front)
{
    (void)count;
    return add_value(call, &arguments[0], &arguments[1], true, out, err);
}

/* Without the last (or the first) element: other bounds over the same elements. */
static bp_status drop_one(const function_call *call, const column *list, bool front, column *out, bp_error *err)
{
    list_entry *entries = arena_new_array(call->arena, list_entry, call->rows + 4);
    column elements = list_elements(list);

    if (!entries) return call_no_memory(call, call->rows * sizeof *entries, err);
    for (size_t row = 0; row < call->rows; row++) {
        list_view old = list_at(list, row);
        if (old.size) entries[row] = (list_entry){(uint32_t)(old.offset + front), (uint32_t)(old.size - 1)};
    }
    return list_result(call, entries, &elements, out, err);
}

KERNEL(list_pop_back)
{
    (void)count;
    return drop_one(call, &arguments[0], false, out, err);
}

KERNEL(list_pop_front)
{
    (void)count;
    return drop_one(call, &arguments[0], true, out, err);
}

/* size ------------------------------------------------------------------------------------------------------------------------------------ */
#define MOST_ELEMENTS ((int64_t)1 << 31)

static bp_status too_many(const char *name, bp_error *err)
{
    return error_set(err, BP_OUT_OF_RANGE, "%s(): a list may have at most %lld elements", name, (long long)MOST_ELEMENTS);
}

/* NULL where the list is, whatever the other arguments are. True: that is everywhere, and `out` is made. */
static bool null_where_list_is(const function_call *call, const column *list, column *out)
{
    if (list->encoding != COLUMN_CONSTANT) {
        out->validity = list->validity;
        return false;
    }
    out->validity = NULL;
    if (!column_is_null(list, 0)) return false;
    *out = column_nulls(out->type, call->rows);
    return true;
}

/* list_resize(list, size [, value]): a size of NULL is 0. */
KERNEL(list_resize)
{
    joined_sources joined;
    list_picks picks;
    column nulls = column_nulls(list_element_type(out->type), call->rows);
    bp_status status;

    if ((status = join_sources(&joined, call, arguments, 1, 1, err))) return status;
    if ((status = join_values(&joined, call, count == 3 ? &arguments[2] : &nulls, 1, err))) return status;
    if ((status = list_picks_init(&picks, call, joined.total, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view old = list_at(&arguments[0], row);
        int64_t wanted = column_is_null(&arguments[1], row) ? 0 : VALUE(&arguments[1], int64_t, row);
        size_t kept;
        if (!column_is_null(&arguments[0], row)) {
            if (wanted < 0) return error_set(err, BP_OUT_OF_RANGE, "list_resize(): a size of %lld is negative", (long long)wanted);
            if (wanted > MOST_ELEMENTS) return too_many("list_resize", err);
            kept = old.size < (size_t)wanted ? old.size : (size_t)wanted;
            if ((status = list_pick_run(&picks, item_at(&joined, 0, old), kept, err))) return status;
            for (size_t i = kept; i < (size_t)wanted; i++)
                if ((status = list_pick(&picks, joined.bases[1] + row, err))) return status;
        }
        list_close(&picks, row);
    }
    if (null_where_list_is(call, &arguments[0], out)) return BP_OK;
    return list_picks_finish(&picks, joined.parts, 2, out, err);
}

KERNEL(list_repeat)
{
    list_picks picks;
    column elements = list_elements(&arguments[0]);
    const column *parts[1] = {&elements};
    bp_status status;

    (void)count;
    if ((status = list_picks_init(&picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view old = list_at(&arguments[0], row);
        int64_t times = call_skips(call, row) ? 0 : VALUE(&arguments[1], int64_t, row);
        if (old.size && times > MOST_ELEMENTS / (int64_t)old.size) return too_many("repeat", err);
        for (int64_t i = 0; i < times && old.size; i++)
            if ((status = list_pick_run(&picks, old.offset, old.size, err))) return status;
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, parts, 1, out, err);
}

/* order ----------------------------------------------------------------------------------------------------------------------------------- */
KERNEL(list_reverse)
{
    list_picks picks;
    column elements = list_elements(&arguments[0]);
    const column *parts[1] = {&elements};
    bp_status status;

    (void)count;
    if ((status = list_picks_init(&picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view old = list_at(&arguments[0], row);
        for (size_t i = old.size; i-- > 0;)
            if ((status = list_pick(&picks, old.offset + i, err))) return status;
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, parts, 1, out, err);
}

static bp_status sort_flag(const function_binding *binding, size_t index, const char *first, const char *second, bool *is_second,
                           bp_error *err)
{
    string_view text;

    if (index >= binding->count) return BP_OK;
    if (!binding_text(binding, index, &text))
        return error_set(err, BP_BIND_ERROR, "the order of a list sort must be a constant text");
    *is_second = string_equal_nocase(text, string_view_of(second));
    if (*is_second || string_equal_nocase(text, string_view_of(first))) return BP_OK;
    return error_set(err, BP_BIND_ERROR, "the order of a list sort is '%s' or '%s', not '%.*s'", first, second,
                     STRING_ARGUMENTS(text));
}

static bp_status keep_order(function_binding *binding, list_order order, bp_error *err)
{
    list_order *kept = arena_new(binding->pool->arena, list_order);

    if (!kept) return error_no_memory(err, binding->pool->arena->memory, sizeof *kept);
    *kept = order;
    binding->bind_data = kept;
    return BP_OK;
}

bp_status bind_list_sort(function_binding *binding, bp_error *err)
{
    list_order order = {.nulls_first = binding->pool->context->config.nulls_first};
    bool last = !order.nulls_first;
    bp_status status;

    if ((status = sort_flag(binding, 1, "ASC", "DESC", &order.descending, err))) return status;
    if ((status = sort_flag(binding, 2, "NULLS FIRST", "NULLS LAST", &last, err))) return status;
    order.nulls_first = !last;
    return keep_order(binding, order, err);
}

bp_status bind_list_reverse_sort(function_binding *binding, bp_error *err)
{
    list_order order = {.descending = true, .nulls_first = binding->pool->context->config.nulls_first};
    bool last = !order.nulls_first;
    bp_status status = sort_flag(binding, 1, "NULLS FIRST", "NULLS LAST", &last, err);

    order.nulls_first = !last;
    return status ? status : keep_order(binding, order, err);
}

/* The elements of each row in the order of bind_data. */
static bp_status sort_rows(const function_call *call, const column *lists, list_picks *picks, const column *elements, bp_error *err)
{
    list_order order = *(const list_order *)call->bind_data;
    uint32_t *scratch = NULL;
    size_t room = 0;
    bp_status status;

    order.elements = elements;
    if ((status = list_picks_init(picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view old = list_at(lists, row);
        if (old.size > room) {
            room = old.size * 2;
            scratch = arena_allocate(call->arena, room * sizeof *scratch);
            if (!scratch) return call_no_memory(call, room * sizeof *scratch, err);
        }
        if ((status = list_pick_run(picks, old.offset, old.size, err))) return status;
        status = list_sort_items(&order, picks->items + picks->count - old.size, scratch, old.size, &call->context->cancel, err);
        if (status) return status;
        list_close(picks, row);
    }
    return BP_OK;
}

KERNEL(list_sort)
{
    list_picks picks;
    column elements = list_elements(&arguments[0]);
    const column *parts[1] = {&elements};
    bp_status status;

    (void)count;
    if ((status = sort_rows(call, &arguments[0], &picks, &elements, err))) return status;
    return list_picks_finish(&picks, parts, 1, out, err);
}

KERNEL(list_grade_up)
{
    list_picks picks;
    column elements = list_elements(&arguments[0]), places = {.type = type_of(TYPE_INT64)};
    int64_t *values;
    bp_status status;

    (void)count;
    if ((status = sort_rows(call, &arguments[0], &picks, &elements, err))) return status;
    values = arena_new_array(call->arena, int64_t, picks.count + 8);
    if (!values) return call_no_memory(call, picks.count * 8, err);
    for (size_t row = 0; row < call->rows; row++)
        for (size_t i = 0; i < picks.entries[row].size; i++) {
            size_t at = picks.entries[row].offset + i;
            if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
            values[at] = (int64_t)(picks.items[at] - list_at(&arguments[0], row).offset + 1);
        }
    places.length = picks.count;
    places.values = values;
    return list_result(call, picks.entries, &places, out, err);
}

/* without repetitions ------------------------------------------------------------------------------------------------------------------------ */
/* Of one row the first of every value that is not NULL: their items, sorted by value. */
static bp_status distinct_items(const function_call *call, list_view list, uint32_t **out, size_t *count, bp_error *err)
{
    list_order order = {.elements = list.elements};
    uint32_t *items;
    size_t valid;
    bp_status status;

    *count = 0;
    if ((status = list_sorted_row(call, list, out, &valid, err))) return status;
    items = *out;
    for (size_t i = 0; i < valid; i++) { /* equal ones are in list order: the first of a run is the first there is */
        if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
        if (*count == 0 || list_order_compare(&order, items[*count - 1], items[i]) != 0) items[(*count)++] = items[i];
    }
    return BP_OK;
}

/* Numbers in rising order (heap sort: no memory, no bad case). */
static bp_status sort_numbers_rising(const function_call *call, uint32_t *items, size_t count, bp_error *err)
{
    bp_status status;

    for (size_t begin = count / 2, end = count; end > 1;) {
        uint32_t moving;
        size_t at, child;
        if ((begin + end) % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
        if (begin > 0) {
            moving = items[--begin];
            at = begin;
        } else {
            moving = items[--end];
            items[end] = items[0];
            at = 0;
        }
        while ((child = 2 * at + 1) < end) {
            if (child + 1 < end && items[child] < items[child + 1]) child++;
            if (moving >= items[child]) break;
            items[at] = items[child];
            at = child;
        }
        items[at] = moving;
    }
    return BP_OK;
}

KERNEL(list_distinct)
{
    list_picks picks;
    column elements = list_elements(&arguments[0]);
    const column *parts[1] = {&elements};
    bp_status status;

    (void)count;
    if ((status = list_picks_init(&picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        uint32_t *items;
        size_t kept;
        if ((status = distinct_items(call, list_at(&arguments[0], row), &items, &kept, err))) return status;
        if ((status = sort_numbers_rising(call, items, kept, err))) return status;
        for (size_t i = 0; i < kept; i++)
            if ((status = list_pick(&picks, items[i], err))) return status;
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, parts, 1, out, err);
}

KERNEL(list_unique)
{
    uint64_t *to = call_values(call, out, 8);
    bp_status status;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        uint32_t *items;
        size_t kept;
        if ((status = distinct_items(call, list_at(&arguments[0], row), &items, &kept, err))) return status;
        to[row] = kept;
    }
    return BP_OK;
}

/* What is in both, once, in the order of the first. */
KERNEL(list_intersect)
{
    list_picks picks;
    column elements = list_elements(&arguments[0]);
    const column *parts[1] = {&elements};
    bp_status status;

    (void)count;
    if (null_where_list_is(call, &arguments[0], out)) return BP_OK;
    if ((status = list_picks_init(&picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view left = list_at(&arguments[0], row), right = list_at(&arguments[1], row);
        list_order order = {.elements = left.elements};
        uint32_t *items;
        size_t kept, common = 0;
        if ((status = distinct_items(call, left, &items, &kept, err))) return status;
        uint32_t *both = arena_allocate(call->arena, (kept + right.size + 1) * sizeof *both);
        if (!both) return call_no_memory(call, kept * sizeof *both, err);
        for (size_t i = 0; i < right.size && kept; i++) {
            if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
            size_t place = column_is_null(right.elements, right.offset + i)
                               ? SIZE_MAX
                               : list_find_sorted(&order, items, kept, right.elements, right.offset + i);
            if (place != SIZE_MAX) both[common++] = items[place];
        }
        if ((status = sort_numbers_rising(call, both, common, err))) return status;
        for (size_t i = 0; i < common; i++)
            if ((i == 0 || both[i] != both[i - 1]) && (status = list_pick(&picks, both[i], err))) return status;
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, parts, 1, out, err);
}

/* chosen elements ----------------------------------------------------------------------------------------------------------------------------- */
/* list_select(list, [places from 1]): NULL where there is none. */
KERNEL(list_select)
{
    joined_sources joined;
    list_picks picks;
    column nulls = column_nulls(list_element_type(out->type), call->rows);
    bp_status status;

    (void)count;
    if ((status = join_sources(&joined, call, arguments, 1, 1, err))) return status;
    if ((status = join_values(&joined, call, &nulls, 1, err))) return status;
    if ((status = list_picks_init(&picks, call, joined.total, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(&arguments[0], row), places = list_at(&arguments[1], row);
        column flat;
        if (places.size && (status = column_flatten(&flat, places.elements, call->arena, err))) return status;
        for (size_t i = 0; i < places.size && !call_skips(call, row); i++) {
            bool null = column_is_null(&flat, places.offset + i);
            int64_t place = null ? 0 : ((const int64_t *)flat.values)[places.offset + i];
            bool there = place > 0 && (uint64_t)place <= list.size;
            size_t item = there ? item_at(&joined, 0, list) + (size_t)place - 1 : joined.bases[1] + row;
            if ((status = list_pick(&picks, item, err))) return status;
        }
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, joined.parts, 2, out, err);
}

/* list_where(list, [flags]) */
KERNEL(list_where)
{
    joined_sources joined;
    list_picks picks;
    column nulls = column_nulls(list_element_type(out->type), call->rows);
    bp_status status;

    (void)count;
    if ((status = join_sources(&joined, call, arguments, 1, 1, err))) return status;
    if ((status = join_values(&joined, call, &nulls, 1, err))) return status;
    if ((status = list_picks_init(&picks, call, joined.total, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(&arguments[0], row), flags = list_at(&arguments[1], row);
        column flat;
        if (flags.size && (status = column_flatten(&flat, flags.elements, call->arena, err))) return status;
        for (size_t i = 0; i < flags.size && !call_skips(call, row); i++) {
            if (column_is_null(&flat, flags.offset + i))
                return error_set(err, BP_OUT_OF_RANGE, "list_where(): NULLs are not allowed among the flags");
            if (!bitmap_get(flat.values, flags.offset + i)) continue;
            if ((status = list_pick(&picks, i < list.size ? item_at(&joined, 0, list) + i : joined.bases[1] + row, err)))
                return status;
        }
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, joined.parts, 2, out, err);
}

/* levels --------------------------------------------------------------------------------------------------------------------------------------- */
KERNEL(list_flatten)
{
    list_picks picks;
    column inner = list_elements(&arguments[0]), flat, elements;
    const column *parts[1] = {&elements};
    bp_status status;

    (void)count;
    if ((status = column_flatten(&flat, &inner, call->arena, err))) return status;
    elements = list_elements(&flat);
    if ((status = list_picks_init(&picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view outer = list_at(&arguments[0], row);
        for (size_t i = 0; i < outer.size; i++) {
            list_view one = list_at(&flat, outer.offset + i);
            if ((status = list_pick_run(&picks, one.offset, one.size, err))) return status;
        }
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, parts, 1, out, err);
}

/* list_zip(a, b, … [, truncate]): TUPLEs, as many as the longest list has (with truncate: the shortest). */
bp_status bind_list_zip(function_binding *binding, bp_error *err)
{
    arena *arena = binding->pool->arena;
    size_t count = binding->count;
    type_detail *detail = arena_new(arena, type_detail);
    data_type *types = arena_new_array(arena, data_type, count + 1), row = type_of(TYPE_STRUCT);
    string_view *names = arena_new_array(arena, string_view, count + 1);

    if (!detail || !types || !names) return error_no_memory(err, arena->memory, count * sizeof *types);
    if (count && expr_type(binding->pool, binding->arguments[count - 1]).id == TYPE_BOOLEAN) count--;
    if (count == 0) return error_set(err, BP_BIND_ERROR, "list_zip() takes at least one list");
    for (size_t i = 0; i < count; i++) {
        data_type type = expr_type(binding->pool, binding->arguments[i]);
        if (type.id != TYPE_LIST && type.id != TYPE_ARRAY && type.id != TYPE_NULL)
            return error_set(err, BP_BIND_ERROR, "list_zip() takes lists, and a BOOLEAN behind them");
        types[i] = list_element_type(type);
        names[i] = STRING_VIEW("");
        if (!list_type_of(&binding->wanted[i], types[i], arena)) return error_no_memory(err, arena->memory, sizeof(data_type));
    }
    *detail = (type_detail){.child_count = count, .children = types, .names = names};
    row.detail = detail;
    return list_type_of(&binding->result, row, arena) ? BP_OK : error_no_memory(err, arena->memory, sizeof(data_type));
}

/* Elements of one list, NULL from its end on, laid under the entries of the result. */
static bp_status zip_column(const function_call *call, const column *list, const list_entry *entries, column *out, bp_error *err)
{
    joined_sources joined;
    list_picks picks;
    column nulls = column_nulls(list_element_type(list->type), call->rows), made = *list;
    bp_status status;

    if ((status = join_sources(&joined, call, list, 1, 1, err))) return status;
    if ((status = join_values(&joined, call, &nulls, 1, err))) return status;
    if ((status = list_picks_init(&picks, call, joined.total, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view one = list_at(list, row);
        for (size_t i = 0; i < entries[row].size; i++) {
            size_t item = i < one.size ? item_at(&joined, 0, one) + i : joined.bases[1] + row;
            if ((status = list_pick(&picks, item, err))) return status;
        }
        list_close(&picks, row);
    }
    if ((status = list_picks_finish(&picks, joined.parts, 2, &made, err))) return status;
    *out = made.children[0];
    return BP_OK;
}

KERNEL(list_zip)
{
    size_t lists = out->type.detail->children[0].detail->child_count;
    list_entry *entries = arena_new_array(call->arena, list_entry, call->rows + 4);
    column *fields = arena_new_array(call->arena, column, lists), rows = {.type = out->type.detail->children[0]};
    size_t total = 0;
    bp_status status;

    if (!entries || !fields) return call_no_memory(call, call->rows * sizeof *entries, err);
    for (size_t row = 0; row < call->rows; row++) {
        bool cut = count > lists && !column_is_null(&arguments[lists], row) &&
                   bitmap_get(arguments[lists].values, row_of(&arguments[lists], row));
        size_t size = list_at(&arguments[0], row).size;
        for (size_t i = 1; i < lists; i++) {
            size_t other = list_at(&arguments[i], row).size;
            if (cut ? other < size : other > size) size = other;
        }
        entries[row] = (list_entry){(uint32_t)total, (uint32_t)size};
        total += size;
    }
    if (total > UINT32_MAX) return too_many("list_zip", err);
    for (size_t i = 0; i < lists; i++)
        if ((status = zip_column(call, &arguments[i], entries, &fields[i], err))) return status;
    rows.length = total;
    rows.children = fields;
    rows.child_count = lists;
    return list_result(call, entries, &rows, out, err);
}
