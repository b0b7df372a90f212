/* SELECT while it is bound, shared by bind_select.c (clause by clause), bind_select_groups.c (the aggregation) and bind_select_sets.c (grouping sets). */
#ifndef SQL_BIND_SELECT_INTERNAL_H
#define SQL_BIND_SELECT_INTERNAL_H

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

MUST_USE bp_status select_no_memory(const select_state *state, bp_error *err);
bool is_aggregate_column(const select_state *state, const expr_node *node);
/* FROM and WHERE: the rows that are grouped. */
MUST_USE bp_status bind_rows(select_state *state, bp_error *err);
/* The same, as another reader of rows that have been bound: under column ids of its own. */
MUST_USE bp_status read_shared_rows(select_state *state, bp_error *err);
/* FROM to HAVING, for one grouping set. */
MUST_USE bp_status bind_below(select_state *state, syntax_id order, bp_error *err);
/* Windows to the projected items. */
MUST_USE bp_status bind_above(select_state *state, bool *hidden, bp_error *err);
/* The AGGREGATE node; what is above it then names its columns. */
MUST_USE bp_status aggregate_select(select_state *state, bp_error *err);
MUST_USE bp_status bind_sets(select_state *state, syntax_id order, bool *hidden, bp_error *err);

#endif
