/* Binding SELECT, shared by bind_select.c (the clauses and their order), bind_select_groups.c (GROUP BY and what stands above it) and
 * bind_select_rows.c (rows that several grouping sets read). */
#ifndef SQL_BIND_SELECT_H
#define SQL_BIND_SELECT_H

#include "bind_query.h"

typedef struct order_item {
    sort_key key;
    size_t item; /* SIZE_MAX: not one of the items */
} order_item;

/* The rows below several grouping sets, bound once. */
typedef struct shared_rows {
    plan_id kept; /* KEEP */
    const scope *scope; /* of FROM, as it was bound */
    const uint32_t *places; /* a column id of the scope -> its place among the KEEP's outputs */
} shared_rows;

typedef struct select_state {
    binder *binder;
    syntax_id select;
    scope scope;
    plan_id node;
    select_item *items;
    size_t count;
    expr_id *exprs;
    alias *aliases;
    const grouping_sets *sets; /* NULL: one set, of all groups */
    size_t set;
    const shared_rows *shared; /* NULL: FROM and WHERE are bound for this set alone */
    expr_id *groups;
    size_t group_count;
    expr_id *grouped_items; /* one an item: the group that it was named as by its place or alias; 0: none */
    size_t *first_late; /* where each item's subqueries begin in `late` */
    expr_id *absent; /* groups of other sets: NULL in this one */
    size_t absent_count;
    grouping_context grouping;
    bool grouped;
    expr_id having, qualify;
    order_item *order;
    size_t order_count;
    expr_id *on; /* DISTINCT ON */
    size_t on_count;
    aggregates aggregates;
    windows windows;
    late_joins late;
    unnests unnests;
} select_state;

static inline bp_status select_no_memory(const select_state *state, bp_error *err)
{
    return error_no_memory(err, state->binder->context->memory, 4096);
}

static inline const syntax_id *select_list_of(const binder *binder, syntax_id list, size_t *count)
{
    *count = list ? syntax_at(binder->tree, list)->count : 0;
    return list ? syntax_children(binder->tree, list) : NULL;
}

/* What expressions of a clause see; `aggregates`: whether they may have some, and windows. */
expression_context select_context(select_state *state, const char *clause, bool aggregates);
/* `1`, `2`: the place of an item; SIZE_MAX: not a number. */
MUST_USE bp_status select_item_place(const select_state *state, syntax_id node, const char *clause, size_t *out, bp_error *err);
/* An item's expression, over FROM's columns. */
MUST_USE bp_status select_bind_item(select_state *state, size_t index, bool aggregates, expr_id *out, bp_error *err);

/* FROM and WHERE: the rows that are grouped. */
MUST_USE bp_status select_bind_rows(select_state *state, bp_error *err);
/* The rows of `first`, to be read by each grouping set; *out is NULL when each must have its own. */
MUST_USE bp_status select_share_rows(const shared_rows **out, const select_state *first, bp_error *err);
/* As select_bind_rows() over shared rows, under column ids of its own. */
MUST_USE bp_status select_read_rows(select_state *state, bp_error *err);

/* GROUP BY: the groups' expressions. */
MUST_USE bp_status select_bind_groups(select_state *state, bp_error *err);
/* GROUP BY ALL: every item without an aggregate; beside aggregates, constants are no groups. */
MUST_USE bp_status select_group_by_all(select_state *state, bp_error *err);
/* The AGGREGATE node, and all that was bound so far over its columns instead of FROM's. */
MUST_USE bp_status select_aggregate(select_state *state, bp_error *err);

#endif
