/* What the kernels over lists share. A kernel looks at its list arguments row by row and picks elements by number; the result's elements are then
 * gathered once, whatever their type is. */
#ifndef EXPR_LIST_KERNEL_H
#define EXPR_LIST_KERNEL_H

#include "function_internal.h"

/* Loops over elements look at cancel after so many. */
#define LIST_CHECK_ITEMS ((size_t)1 << 16)

/* The elements of one row: elements[offset … offset + size). */
typedef struct list_view {
    const column *elements;
    size_t offset, size;
} list_view;

/* The list of a row, empty where it is NULL. */
static inline list_view list_at(const column *argument, size_t row)
{
    const list_entry *entry = (const list_entry *)argument->values + row_of(argument, row);

    if (column_is_null(argument, row) || argument->child_count == 0) return (list_view){NULL, 0, 0};
    return (list_view){&argument->children[0], entry->offset, entry->size};
}
/* The elements of a LIST or MAP argument; those of a NULL constant may have none, which is an empty column. */
column list_elements(const column *argument);

/* A list argument whose elements are joined with those of others: only the stretch of them that the rows use. */
typedef struct list_source {
    column elements; /* FLAT */
    size_t begin; /* where the stretch begins in the argument's elements */
} list_source;
MUST_USE bp_status list_source_init(list_source *out, const function_call *call, const column *argument, bp_error *err);

/* The result in the making: numbers of elements, row by row. */
typedef struct list_picks {
    const function_call *call;
    list_entry *entries;
    uint32_t *items;
    size_t count, capacity;
    size_t row_begin;
} list_picks;
MUST_USE bp_status list_picks_init(list_picks *out, const function_call *call, size_t expected, bp_error *err);
MUST_USE bp_status list_picks_grow(list_picks *picks, size_t extra, bp_error *err);
MUST_USE static inline bp_status list_pick(list_picks *picks, size_t item, bp_error *err)
{
    bp_status status;

    if (picks->count == picks->capacity && (status = list_picks_grow(picks, 1, err))) return status;
    if (picks->count % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&picks->call->context->cancel, err))) return status;
    picks->items[picks->count++] = (uint32_t)item;
    return BP_OK;
}
MUST_USE bp_status list_pick_run(list_picks *picks, size_t begin, size_t count, bp_error *err);
/* The picks since the last close are the list of `row`; rows come in order. */
static inline void list_close(list_picks *picks, size_t row)
{
    picks->entries[row] = (list_entry){(uint32_t)picks->row_begin, (uint32_t)(picks->count - picks->row_begin)};
    picks->row_begin = picks->count;
}
/* Items count in the elements of all parts (FLAT, of one type), one behind the other; a single part may have any encoding. */
MUST_USE bp_status list_picks_finish(const list_picks *picks, const column *const *parts, size_t part_count, column *out,
                                     bp_error *err);
/* The result's list column over these elements. */
MUST_USE bp_status list_result(const function_call *call, list_entry *entries, const column *elements, column *out, bp_error *err);

/* Sort numbers of elements by their values (NULL last), stable. `scratch` has room for as many. cancel NULL: nothing stops it. */
typedef struct list_order {
    const column *elements;
    bool descending, nulls_first;
} list_order;
int list_order_compare(const list_order *order, size_t left, size_t right);
MUST_USE bp_status list_sort_items(const list_order *order, uint32_t *items, uint32_t *scratch, size_t count, cancel *cancel,
                                   bp_error *err);
/* A row's elements that are not NULL, sorted: their numbers, *count of them, in the call's arena. */
MUST_USE bp_status list_sorted_row(const function_call *call, list_view list, uint32_t **out, size_t *count, bp_error *err);
/* The place of a value among sorted items of another column, or SIZE_MAX. */
size_t list_find_sorted(const list_order *order, const uint32_t *items, size_t count, const column *values, size_t row);

/* The element type of a LIST or ARRAY type; NULL's is NULL. */
static inline data_type list_element_type(data_type type)
{
    return type.detail ? type.detail->children[0] : type_of(TYPE_NULL);
}
/* LIST of `element` in the arena; false: no memory. */
MUST_USE bool list_type_of(data_type *out, data_type element, arena *arena);

#endif
