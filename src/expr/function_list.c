/* Lists: making one, its length, one element, a stretch, and looking for a value. */
#include "list_kernel.h"

#include "column/concatenate.h"
#include "text/utf8.h"

/* list_value ----------------------------------------------------------------------------------------------------------------------------- */
/* All values, argument by argument; element i of row r is number i * rows + r. */
KERNEL(list_value)
{
    list_picks picks;
    column *parts = arena_new_array(call->arena, column, count + 1), none = column_nulls(list_element_type(out->type), 0);
    const column **list = arena_new_array(call->arena, const column *, count + 1);
    bp_status status;

    if (!parts || !list) return call_no_memory(call, count * sizeof *parts, err);
    if ((status = list_picks_init(&picks, call, count * call->rows, err))) return status;
    list[0] = &none;
    for (size_t i = 0; i < count; i++) {
        if (i % 4096 == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
        if ((status = column_flatten(&parts[i], &arguments[i], call->arena, err))) return status;
        list[i] = &parts[i];
    }
    for (size_t row = 0; row < call->rows; row++) {
        for (size_t i = 0; i < count; i++)
            if ((status = list_pick(&picks, i * call->rows + row, err))) return status;
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, list, count ? count : 1, out, err);
}

/* length --------------------------------------------------------------------------------------------------------------------------------- */
KERNEL(list_length)
{
    int64_t *to = call_values(call, out, 8);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) to[row] = (int64_t)list_at(&arguments[0], row).size;
    return BP_OK;
}

/* array_length(list, 1): the only dimension there is. */
KERNEL(list_length_of)
{
    for (size_t row = 0; row < call->rows; row++)
        if (!call_skips(call, row) && VALUE(&arguments[1], int64_t, row) != 1)
            return error_set(err, BP_OUT_OF_RANGE, "array_length(): only dimension 1 is there, not %lld",
                             (long long)VALUE(&arguments[1], int64_t, row));
    return list_length(call, arguments, count, out, err);
}

/* one element ---------------------------------------------------------------------------------------------------------------------------- */
/* Where an index from 1 (negative: from the end) lies among `size`; SIZE_MAX: nowhere. */
static size_t place_of(int64_t index, size_t size)
{
    if (index > 0 && (uint64_t)index <= size) return (size_t)index - 1;
    if (index < 0 && index >= -(int64_t)size) return size - (size_t)-index;
    return SIZE_MAX;
}

/* The elements items[row]; rows whose bit is off in `validity` are NULL whatever the element is. */
static bp_status gather_valid(const function_call *call, const column *elements, const uint32_t *items, uint64_t *validity,
                              column *out, bp_error *err)
{
    column made;
    bp_status status;

    if (elements->length == 0) {
        column nulls = column_nulls(out->type, call->rows);
        return column_flatten(out, &nulls, call->arena, err);
    }
    if ((status = column_gather(&made, elements, items, call->rows, call->arena, err))) return status;
    if ((status = column_flatten(&made, &made, call->arena, err))) return status;
    for (size_t i = 0; i < bitmap_words(call->rows) && made.validity; i++) validity[i] &= made.validity[i];
    made.type = out->type;
    made.validity = validity;
    made.owner = NULL;
    *out = made;
    return BP_OK;
}

KERNEL(list_extract)
{
    uint64_t *validity = call_own_validity(call, out);
    uint32_t *items = arena_new_array(call->arena, uint32_t, call->rows + 1);
    column elements = list_elements(&arguments[0]);

    (void)count;
    if (!validity || !items) return call_no_memory(call, call->rows * sizeof *items, err);
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(&arguments[0], row);
        size_t place = call_skips(call, row) ? SIZE_MAX : place_of(VALUE(&arguments[1], int64_t, row), list.size);
        if (place == SIZE_MAX)
            bitmap_unset(validity, row);
        else
            items[row] = (uint32_t)(list.offset + place);
    }
    return gather_valid(call, &elements, items, validity, out, err);
}

/* Bytes [*begin, *end) of characters first … last, from 1. */
static string_view characters(string_view text, size_t first, size_t last)
{
    size_t begin = utf8_offset(text.data, text.size, first - 1), end = utf8_offset(text.data, text.size, last);

    return string_view_slice(text, begin, end);
}

/* The character at an index; an empty text where there is none. */
KERNEL(text_extract)
{
    string_ref *to = call_values(call, out, 16);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        string_view text;
        size_t place;
        if (call_skips(call, row)) continue;
        text = text_value(&arguments[0], row);
        place = place_of(VALUE(&arguments[1], int64_t, row), utf8_count(text.data, text.size));
        if (place != SIZE_MAX) text = characters(text, place + 1, place + 1);
        to[row] = place == SIZE_MAX ? string_ref_of("", 0) : string_ref_of(text.data, text.size);
    }
    return BP_OK;
}

/* a stretch ------------------------------------------------------------------------------------------------------------------------------ */
/* l[:2] comes with the least and l[2:] with the greatest integer in the open place. */
typedef struct stretch {
    int64_t first, last, step; /* from 1; empty: beyond each other */
} stretch;

static int64_t from_end(int64_t index, int64_t size)
{
    return index < 0 ? (index < -size - 1 ? -1 : size + index + 1) : index;
}

static stretch stretch_of(int64_t begin, int64_t end, int64_t step, size_t length)
{
    int64_t size = (int64_t)length;
    bool back = step < 0;
    stretch found = {.step = step};

    if (begin == INT64_MIN) begin = back ? size : 1;
    if (end == INT64_MAX) end = back ? 1 : size;
    found.first = from_end(begin, size);
    found.last = from_end(end, size);
    if (back) {
        if (found.first > size) found.first = size;
        if (found.last < 1) found.last = 1;
        if (found.first < 1) found.last = found.first + 1;
    } else {
        if (found.first < 1) found.first = 1;
        if (found.last > size) found.last = size;
    }
    return found;
}

/* The list's own elements, other bounds: nothing is copied. */
KERNEL(list_slice)
{
    list_entry *entries = arena_new_array(call->arena, list_entry, call->rows + 4);
    column elements = list_elements(&arguments[0]);

    (void)count;
    if (!entries) return call_no_memory(call, call->rows * sizeof *entries, err);
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(&arguments[0], row);
        stretch part;
        if (call_skips(call, row)) continue;
        part = stretch_of(VALUE(&arguments[1], int64_t, row), VALUE(&arguments[2], int64_t, row), 1, list.size);
        if (part.first > part.last) continue;
        entries[row] = (list_entry){(uint32_t)(list.offset + (size_t)part.first - 1), (uint32_t)(part.last - part.first + 1)};
    }
    return list_result(call, entries, &elements, out, err);
}

static bp_status pick_stretch(list_picks *picks, list_view list, stretch part, bp_error *err)
{
    bool back = part.step < 0;
    uint64_t span, step = back ? 0 - (uint64_t)part.step : (uint64_t)part.step;
    bp_status status = BP_OK;

    if (back ? part.first < part.last : part.first > part.last) return BP_OK;
    if (step == 0) return error_set(err, BP_OUT_OF_RANGE, "a slice's step cannot be zero");
    span = (uint64_t)(back ? part.first - part.last : part.last - part.first);
    for (uint64_t i = 0; i <= span && !status; i += step) {
        size_t place = (size_t)(back ? (uint64_t)part.first - i : (uint64_t)part.first + i);
        status = list_pick(picks, list.offset + place - 1, err);
        if (step > span) break; /* i + step might wrap */
    }
    return status;
}

KERNEL(list_slice_step)
{
    list_picks picks;
    column elements = list_elements(&arguments[0]);
    const column *parts[1] = {&elements};
    bp_status status;

    (void)count;
    if ((status = list_picks_init(&picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(&arguments[0], row);
        if (!call_skips(call, row)) {
            stretch part = stretch_of(VALUE(&arguments[1], int64_t, row), VALUE(&arguments[2], int64_t, row),
                                      VALUE(&arguments[3], int64_t, row), list.size);
            if ((status = pick_stretch(&picks, list, part, err))) return status;
        }
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, parts, 1, out, err);
}

KERNEL(text_slice)
{
    string_ref *to = call_values(call, out, 16);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        string_view text;
        stretch part;
        if (call_skips(call, row)) continue;
        text = text_value(&arguments[0], row);
        part =
            stretch_of(VALUE(&arguments[1], int64_t, row), VALUE(&arguments[2], int64_t, row), 1, utf8_count(text.data, text.size));
        text = part.first > part.last ? STRING_VIEW("") : characters(text, (size_t)part.first, (size_t)part.last);
        to[row] = string_ref_of(text.data, text.size);
    }
    return BP_OK;
}

/* looking for values ----------------------------------------------------------------------------------------------------------------------- */
/* The place (from 0) of a value, NULL a value like others; SIZE_MAX: not there. */
static bp_status find_value(const function_call *call, list_view list, const column *value, size_t row, size_t *place,
                            bp_error *err)
{
    bool null = column_is_null(value, row);
    bp_status status;

    *place = SIZE_MAX;
    for (size_t i = 0; i < list.size; i++) {
        if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
        if (column_is_null(list.elements, list.offset + i) != null) continue;
        if (!null && !column_value_equal(list.elements, list.offset + i, value, row)) continue;
        *place = i;
        return BP_OK;
    }
    return BP_OK;
}

/* An empty list has nothing, not even what is unknown; else a NULL is in it or not, nobody knows. */
KERNEL(list_contains)
{
    uint64_t *to = call_bits(call, out), *validity = call_own_validity(call, out);

    (void)count;
    if (!to || !validity) return call_no_memory(call, call->rows / 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(&arguments[0], row);
        size_t place = SIZE_MAX;
        bp_status status = BP_OK;
        if (column_is_null(&arguments[0], row) || (list.size && column_is_null(&arguments[1], row)))
            bitmap_unset(validity, row);
        else if (list.size)
            status = find_value(call, list, &arguments[1], row, &place, err);
        if (status) return status;
        if (place != SIZE_MAX) bitmap_set(to, row);
    }
    return BP_OK;
}

/* From 1; NULL: not there. A NULL is looked for too. */
KERNEL(list_position)
{
    uint64_t *validity = call_own_validity(call, out);
    int32_t *to = call_values(call, out, 4);

    (void)count;
    if (!to || !validity) return call_no_memory(call, call->rows * 4, err);
    for (size_t row = 0; row < call->rows; row++) {
        size_t place;
        bp_status status = find_value(call, list_at(&arguments[0], row), &arguments[1], row, &place, err);
        if (status) return status;
        to[row] = place == SIZE_MAX ? 0 : (int32_t)(place + 1);
        if (place == SIZE_MAX || column_is_null(&arguments[0], row)) bitmap_unset(validity, row);
    }
    return BP_OK;
}

/* How many of `wanted` (without NULLs) are in `list`: all of them, or any. */
static bp_status has_values(const function_call *call, list_view list, list_view wanted, bool all, bool *out, bp_error *err)
{
    list_order order = {.elements = list.elements};
    uint32_t *sorted;
    size_t count;
    bp_status status;

    *out = all;
    if (wanted.size == 0) return BP_OK;
    if ((status = list_sorted_row(call, list, &sorted, &count, err))) return status;
    for (size_t i = 0; i < wanted.size; i++) {
        if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
        if (column_is_null(wanted.elements, wanted.offset + i)) continue;
        if ((list_find_sorted(&order, sorted, count, wanted.elements, wanted.offset + i) != SIZE_MAX) == all) continue;
        *out = !all;
        break;
    }
    return BP_OK;
}

static bp_status has_each_row(const function_call *call, const column *lists, const column *wanted, bool all, column *out,
                              bp_error *err)
{
    uint64_t *to = call_bits(call, out);
    bp_status status;

    if (!to) return call_no_memory(call, call->rows / 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        bool has;
        if (call_skips(call, row)) continue;
        if ((status = has_values(call, list_at(lists, row), list_at(wanted, row), all, &has, err))) return status;
        if (has) bitmap_set(to, row);
    }
    return BP_OK;
}

KERNEL(list_has_any)
{
    (void)count;
    return has_each_row(call, &arguments[0], &arguments[1], false, out, err);
}

KERNEL(list_has_all)
{
    (void)count;
    return has_each_row(call, &arguments[0], &arguments[1], true, out, err);
}

/* a <@ b is b @> a. */
KERNEL(list_is_contained)
{
    (void)count;
    return has_each_row(call, &arguments[1], &arguments[0], true, out, err);
}
