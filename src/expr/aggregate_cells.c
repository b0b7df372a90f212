/* Keeping values of any type; see the header. */
#include "aggregate_cells.h"

#include "column/nested_key.h"
#include "list_kernel.h"

data_type cell_type(data_type type)
{
    return type_is_nested(type) ? type_of(TYPE_BLOB) : type;
}

bp_status cells_from(column *out, const column *in, size_t rows, arena *scratch, bp_error *err)
{
    string_ref *refs;
    size_t count = in->encoding == COLUMN_CONSTANT ? 1 : rows;
    bp_status status;

    *out = *in;
    if (!type_is_nested(in->type)) return BP_OK;
    refs = arena_new_array(scratch, string_ref, count + 1);
    if (!refs) return error_no_memory(err, scratch->memory, count * sizeof *refs);
    if ((status = nested_keys_of(refs, in, count, 0, scratch, err))) return status;
    out->type = type_of(TYPE_BLOB);
    out->values = refs;
    out->children = NULL;
    out->child_count = 0;
    return BP_OK;
}

bp_status cells_to(column *out, data_type type, const column *cells, arena *arena, bp_error *err)
{
    if (type_is_nested(type)) return nested_keys_read(out, type, cells->values, cells->validity, cells->length, arena, err);
    *out = *cells;
    out->type = type;
    return BP_OK;
}

/* Bits are kept as bytes. */
static size_t cell_width(data_type type)
{
    physical_type physical = type_physical(type);

    return physical == PHYSICAL_BIT ? 1 : physical_width(physical);
}

static bp_status reserve(cell_list *list, const aggregate_state_call *call, size_t width, size_t extra, bp_error *err)
{
    size_t wanted = list->capacity ? list->capacity * 2 : 4;
    char *cells;
    uint8_t *nulls = NULL;
    bp_status status;

    if (list->count + extra <= list->capacity) return BP_OK;
    while (wanted < list->count + extra) wanted *= 2;
    if (wanted > UINT32_MAX) return error_set(err, BP_LIMIT, "an aggregate keeps over 4,294,967,295 values of a group");
    cells = arena_allocate(call->arena, wanted * width + 16);
    if (list->nulls) nulls = arena_allocate_zeroed(call->arena, wanted);
    if (!cells || (list->nulls && !nulls)) return error_no_memory(err, call->arena->memory, wanted * width);
    if ((status = cancel_copy(call->context->memory, cells, list->cells, list->count * width, err))) return status;
    if (nulls) memcpy(nulls, list->nulls, list->count);
    list->cells = cells;
    list->nulls = nulls;
    list->capacity = wanted;
    return BP_OK;
}

static bp_status note_null(cell_list *list, const aggregate_state_call *call, size_t index, bp_error *err)
{
    if (!list->nulls) list->nulls = arena_allocate_zeroed(call->arena, list->capacity);
    if (!list->nulls) return error_no_memory(err, call->arena->memory, list->capacity);
    list->nulls[index] = 1;
    return BP_OK;
}

static bp_status put_text(char *to, const aggregate_state_call *call, string_ref text, bp_error *err)
{
    if (text.size > STRING_REF_INLINE) {
        char *copy = arena_allocate_aligned(call->arena, text.size, 1);
        if (!copy) return error_no_memory(err, call->arena->memory, text.size);
        memcpy(copy, text.pointer, text.size);
        text.pointer = copy;
    }
    memcpy(to, &text, sizeof text);
    return BP_OK;
}

bp_status cell_list_add(cell_list *list, const aggregate_state_call *call, const column *in, size_t row, bp_error *err)
{
    physical_type physical = type_physical(in->type);
    size_t width = cell_width(in->type);
    char *to;
    bp_status status;

    if (list->count == list->capacity && (status = reserve(list, call, width, 1, err))) return status;
    to = list->cells + list->count * width;
    if (column_is_null(in, row)) {
        memset(to, 0, width);
        if ((status = note_null(list, call, list->count, err))) return status;
    } else if (physical == PHYSICAL_STRING) {
        if ((status = put_text(to, call, ((const string_ref *)in->values)[row], err))) return status;
    } else if (physical == PHYSICAL_BIT) {
        *to = (char)bitmap_get(in->values, row);
    } else {
        memcpy(to, (const char *)in->values + row * width, width);
    }
    list->count++;
    return BP_OK;
}

bp_status cell_list_append(cell_list *into, const aggregate_state_call *call, data_type type, const cell_list *from, bp_error *err)
{
    size_t width = cell_width(type);
    bp_status status;

    if (from->count == 0) return BP_OK;
    if ((status = reserve(into, call, width, from->count, err))) return status;
    memcpy(into->cells + into->count * width, from->cells, from->count * width);
    for (size_t i = 0; from->nulls && i < from->count; i++)
        if (from->nulls[i] && (status = note_null(into, call, into->count + i, err))) return status;
    into->count += from->count;
    return BP_OK;
}

bp_status cell_list_column(column *out, data_type type, const cell_list *list, arena *arena, bp_error *err)
{
    size_t words = bitmap_words(list->count) + 1;
    uint64_t *bits = NULL, *validity = NULL;

    *out = (column){.type = type, .length = list->count, .values = list->cells};
    if (type_physical(type) == PHYSICAL_BIT) {
        bits = arena_allocate_zeroed(arena, words * 8);
        if (!bits) return error_no_memory(err, arena->memory, words * 8);
        for (size_t i = 0; i < list->count; i++) bitmap_put(bits, i, list->cells[i] != 0);
        out->values = bits;
    }
    if (!list->nulls) return BP_OK;
    validity = arena_allocate_zeroed(arena, words * 8);
    if (!validity) return error_no_memory(err, arena->memory, words * 8);
    for (size_t i = 0; i < list->count; i++)
        if (!list->nulls[i]) bitmap_set(validity, i);
    out->validity = validity;
    return BP_OK;
}

/* order -------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct keyed_cell {
    uint64_t key; /* of the value's order */
    uint32_t item;
} keyed_cell;

#define KEYS(type, expression)                                                                                                     \
    for (size_t i = begin; i < end; i++) {                                                                                         \
        type value = ((const type *)cells->values)[i];                                                                             \
        out[i] = (keyed_cell){(expression), (uint32_t)i};                                                                          \
    }

/* IEEE bits to an unsigned number of the same order: NaN greatest, -0.0 as 0.0. */
static uint64_t ordered_double(double value)
{
    uint64_t bits;

    value = value != value ? __builtin_nan("") : value + 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static uint64_t ordered_integer(int64_t value)
{
    return (uint64_t)value ^ (uint64_t)1 << 63;
}

/* Cells [begin, end): numbers of up to 8 bytes as keys; false: the values are of another kind, or some are NULL. */
static bool make_keys(keyed_cell *out, const column *cells, size_t begin, size_t end)
{
    if (cells->validity) return false;
    switch (type_physical(cells->type)) {
    case PHYSICAL_INT8: KEYS(int8_t, ordered_integer(value)) return true;
    case PHYSICAL_INT16: KEYS(int16_t, ordered_integer(value)) return true;
    case PHYSICAL_INT32: KEYS(int32_t, ordered_integer(value)) return true;
    case PHYSICAL_INT64: KEYS(int64_t, ordered_integer(value)) return true;
    case PHYSICAL_UINT8: KEYS(uint8_t, value) return true;
    case PHYSICAL_UINT16: KEYS(uint16_t, value) return true;
    case PHYSICAL_UINT32: KEYS(uint32_t, value) return true;
    case PHYSICAL_UINT64: KEYS(uint64_t, value) return true;
    case PHYSICAL_FLOAT32: KEYS(float, ordered_double((double)value)) return true;
    case PHYSICAL_FLOAT64: KEYS(double, ordered_double(value)) return true;
    default: return false;
    }
}

static bp_status make_all_keys(keyed_cell *out, bool *made, const column *cells, cancel *cancel, bp_error *err)
{
    bp_status status = BP_OK;

    *made = true;
    for (size_t begin = 0, end; begin < cells->length && *made && !status; begin = end) {
        end = cells->length - begin < LIST_CHECK_ITEMS ? cells->length : begin + LIST_CHECK_ITEMS;
        *made = make_keys(out, cells, begin, end);
        status = cancel_check(cancel, err);
    }
    return status;
}

static void insertion_sort(keyed_cell *cells, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        keyed_cell moving = cells[i];
        size_t hole = i;
        for (; hole > 0 && cells[hole - 1].key > moving.key; hole--) cells[hole] = cells[hole - 1];
        cells[hole] = moving;
    }
}

/* Two sorted runs of `from`, [begin, middle) and [middle, end), into one. */
static bp_status merge_runs(const keyed_cell *from, keyed_cell *to, size_t begin, size_t middle, size_t end, cancel *cancel,
                            bp_error *err)
{
    size_t left = begin, right = middle;
    bp_status status;

    for (size_t at = begin; at < end; at++) {
        bool from_left = right == end || (left < middle && from[left].key <= from[right].key);
        if (at % LIST_CHECK_ITEMS == 0 && (status = cancel_check(cancel, err))) return status;
        to[at] = from_left ? from[left++] : from[right++];
    }
    return BP_OK;
}

/* Stable merge sort, bottom up, small runs by insertion; *sorted is the half that holds the result. */
static bp_status sort_keyed(keyed_cell **sorted, keyed_cell *cells, keyed_cell *other, size_t count, cancel *cancel, bp_error *err)
{
    bp_status status;

    for (size_t begin = 0; begin < count; begin += 16) {
        if (begin % LIST_CHECK_ITEMS == 0 && (status = cancel_check(cancel, err))) return status;
        insertion_sort(cells + begin, count - begin < 16 ? count - begin : 16);
    }
    for (size_t width = 16; width < count; width *= 2) {
        keyed_cell *swap = cells;
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            size_t middle = count - begin < width ? count : begin + width,
                   end = count - begin < 2 * width ? count : begin + 2 * width;
            if ((status = merge_runs(cells, other, begin, middle, end, cancel, err))) return status;
        }
        cells = other;
        other = swap;
    }
    *sorted = cells;
    return BP_OK;
}

/* By keys where the values have some, else by comparing them. */
static bp_status order_items(uint32_t *items, keyed_cell *keyed, const column *cells, cancel *cancel, bp_error *err)
{
    list_order order = {.elements = cells};
    bool made;
    bp_status status = make_all_keys(keyed, &made, cells, cancel, err);

    if (status) return status;
    if (made && (status = sort_keyed(&keyed, keyed, keyed + cells->length, cells->length, cancel, err))) return status;
    for (size_t i = 0; i < cells->length; i++) {
        if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(cancel, err))) return status;
        items[i] = made ? keyed[i].item : (uint32_t)i;
    }
    return made ? BP_OK : list_sort_items(&order, items, items + cells->length, cells->length, cancel, err);
}

bp_status cell_list_order(uint32_t **out, const aggregate_state_call *call, const column *cells, arena *arena, bp_error *err)
{
    size_t bytes = (2 * cells->length + 1) * sizeof(keyed_cell);
    keyed_cell *keyed = memory_allocate(arena->memory, bytes);
    bp_status status;

    *out = arena_allocate(arena, (2 * cells->length + 1) * sizeof **out);
    status =
        *out && keyed ? order_items(*out, keyed, cells, &call->context->cancel, err) : error_no_memory(err, arena->memory, bytes);
    memory_free(arena->memory, keyed, bytes);
    return status;
}
