/* A list of texts a row, while a kernel makes it: the texts of all rows one behind the other, views of an argument or of what lies in an arena. */
#ifndef EXPR_TEXT_LIST_H
#define EXPR_TEXT_LIST_H

#include "column/column.h"

typedef struct text_list {
    arena *arena;
    string_ref *items;
    uint64_t *validity; /* NULL until the first NULL */
    size_t count, capacity;
    list_entry *rows;
    size_t row_count;
} text_list;

/* `rows` lists are to come. */
MUST_USE bp_status text_list_init(text_list *list, arena *arena, size_t rows, bp_error *err);
/* One more text in the present list. */
MUST_USE bp_status text_list_add(text_list *list, string_view text, bp_error *err);
MUST_USE bp_status text_list_add_null(text_list *list, bp_error *err);
/* The present list is complete; the next one begins. */
void text_list_end_row(text_list *list);
/* The texts as a FLAT column. */
column text_list_items(const text_list *list, data_type type);
/* Fill out->values and its child, whose type is that of out's elements. */
MUST_USE bp_status text_list_finish(text_list *list, column *out, bp_error *err);

#endif
