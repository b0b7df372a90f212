/* The binder: from the syntax tree to a plan. Shared by its files: bind_query.c (WITH, set operations, ORDER BY, LIMIT), bind_select.c (SELECT), bind_from.c
 * (tables and joins), bind_function.c (table functions), bind_expression.c.
 *
 * Names are looked up in scopes. A scope is the columns that FROM gave; each has the table name it can be qualified by, and a plan-wide id. */
#ifndef SQL_BINDER_H
#define SQL_BINDER_H

#include "session.h"

typedef struct scope_column {
    string_view table; /* alias or name; empty: none */
    string_view name;
    column_id id;
    data_type type;
    bool hidden; /* the right side of USING: only reached by its table's name */
    bool merged; /* the left side of USING in a RIGHT or FULL join: without its table's name it means merged_id */
    column_id merged_id;
} scope_column;

/* What the column's name means without a table before it. */
static inline column_id unqualified_id(const scope_column *column)
{
    return column->merged ? column->merged_id : column->id;
}

typedef struct scope {
    scope_column *columns;
    size_t count, capacity;
    const struct scope *outer; /* of the query around this one, when it is itself an outer scope */
} scope;

/* A bound query: a node and the names of its outputs. */
typedef struct relation {
    plan_id node;
    string_view *names; /* one an output */
    size_t count;
} relation;

/* A WITH query in reach (bind_with.c). */
typedef struct cte {
    string_view name;
    syntax_id node;
    const scope *around; /* of the query whose WITH it is: what is around that */
    bool recursive; /* WITH RECURSIVE: it may use its own name */
    relation rows; /* as its first use was bound; node 0: not yet, or each use is bound anew */
    plan_id kept; /* KEEP of its rows; 0: there is none */
    bool in_step; /* the name stands for the rows that came last … */
    uint32_t working; /* … of this recursion */
    size_t uses; /* in the step */
    struct cte *outer; /* next one to look at */
} cte;

typedef struct alias {
    string_view name;
    syntax_id item; /* its expression */
    bool being_bound; /* an alias must not be defined by itself */
} alias;

/* A subquery to be joined to the rows above the aggregation. */
typedef struct late_join {
    join_kind kind; /* SINGLE, MARK or EXISTS */
    plan_id inner; /* 0: it has been joined elsewhere */
    bool dependent; /* its expressions name columns of the query around it */
    expr_id *conjuncts; /* MARK, EXISTS: needle = column */
    size_t conjunct_count;
    column_id mark;
} late_join;
typedef struct late_joins {
    late_join *items;
    size_t count;
} late_joins;

/* The parameters of a lambda around an expression. */
typedef struct lambda_scope {
    const string_view *names;
    const column_id *ids;
    size_t count;
    const struct lambda_scope *outer;
} lambda_scope;

/* The groups that GROUPING(…) asks about: those of the set being bound, then those that are NULL in it. */
typedef struct grouping_context {
    const expr_id *groups, *absent;
    size_t group_count, absent_count;
} grouping_context;

/* GROUP BY with several grouping sets: its expressions, and which of them each set has. */
typedef struct grouping_sets {
    syntax_id *nodes;
    size_t count;
    uint64_t *masks;
    size_t mask_count;
} grouping_sets;

/* What an expression may use, and what binding it gathers. */
typedef struct expression_context {
    const scope *scope;
    const scope *outer; /* of the queries around: a name found only there makes the query a dependent one */
    const char *clause; /* "WHERE", for messages */
    bool is_condition; /* WHERE, HAVING, QUALIFY: only rows for which it is true count */
    alias *aliases; /* SELECT's, to be used where FROM has no such column */
    size_t alias_count;
    bool aliases_first; /* ORDER BY */
    const grouping_context *grouping; /* NULL: GROUPING(…) cannot stand here */
    const scope_column *chosen; /* what COLUMNS(…) means while one of its copies is bound */
    string_view lambda_name, lambda_value; /* a lambda's parameter and the text it stands for, in COLUMNS(lambda …) */
    struct aggregates *aggregates; /* gathered; NULL: none allowed */
    struct windows *windows; /* likewise */
    plan_id *input; /* the node whose rows the expression sees: subqueries are joined to it; NULL: none can be */
    late_joins
        *late; /* gathered: subqueries outside of aggregates where there may be an aggregation; NULL: joined to input at once */
    struct unnests *unnests; /* gathered; NULL: none allowed */
    bool unnest_below; /* those met now stand below the aggregation */
    const lambda_scope *lambda;
} expression_context;

/* The UNNEST calls of one SELECT. */
typedef struct unnest_call {
    expr_id list;
    column_id id; /* of its elements */
    bool below; /* the aggregation */
} unnest_call;
typedef struct unnests {
    unnest_call *calls;
    size_t count;
} unnests;

/* The aggregate calls of one SELECT: each becomes a column of the AGGREGATE node. */
typedef struct aggregates {
    expr_id *calls;
    column_id *ids;
    size_t count, capacity;
} aggregates;

/* The window calls of one SELECT: each becomes a column of the WINDOW node. */
typedef struct windows {
    expr_id *calls;
    column_id *ids;
    size_t count, capacity;
    syntax_id definitions; /* the WINDOW clause, a LIST of WINDOW_DEFINITION; 0: none */
    bool keep_twins; /* equal calls stay several */
} windows;

/* Where the VALUES of an INSERT go: one type and default a column of them. */
typedef struct values_target {
    syntax_id values;
    const data_type *types;
    const expr_id *defaults;
    size_t count;
} values_target;

typedef struct binder {
    session *session;
    bp_context *context;
    const syntax *tree;
    const parameters *parameters;
    plan *plan;
    arena *arena; /* the plan's */
    cte *ctes;
    cte *recursive; /* the query that is to be bound next is this one's */
    const scope *outer; /* scope of the query around the one being bound */
    const values_target *target; /* NULL but in INSERT … VALUES */
    size_t *outer_names; /* how many names were found in queries around so far; NULL: there was none around yet */
    size_t depth; /* of nested queries, views, subqueries */
} binder;

MUST_USE bp_status bind_query(relation *out, binder *binder, syntax_id query, bp_error *err);
MUST_USE bp_status bind_select(relation *out, binder *binder, syntax_id select, syntax_id order, bp_error *err);
MUST_USE bp_status bind_values(relation *out, binder *binder, syntax_id values, bp_error *err);
MUST_USE bp_status bind_from(plan_id *out, scope *scope, binder *binder, syntax_id list, bp_error *err);
/* A table function: read_csv('…'), range(…). */
MUST_USE bp_status bind_table_function(plan_id *out, scope *scope, binder *binder, syntax_id call, bp_error *err);
size_t table_function_count(void);
string_view table_function_name(size_t index);
/* Scan a source: its columns join the scope. */
MUST_USE bp_status scan_source(plan_id *out, scope *scope, binder *binder, source *source, bp_error *err);
/* Constants of options: a bare word is its text, {'a': …} a STRUCT. */
MUST_USE bp_status option_value(const column **out, binder *binder, syntax_id node, bp_error *err);
MUST_USE bp_status struct_constant(const column **out, binder *binder, syntax_id node, bp_error *err);
MUST_USE bp_status integer_constant(int64_t *out, binder *binder, syntax_id node, bp_error *err);
/* A source for a path by its ending ('file.csv'). */
MUST_USE bp_status bind_path(source **out, binder *binder, string_view path, uint32_t position, bp_error *err);
MUST_USE bp_status bind_expression(expr_id *out, binder *binder, expression_context *context, syntax_id node, bp_error *err);
MUST_USE bp_status bind_type(data_type *out, binder *binder, syntax_id type, bp_error *err);
/* SELECT's items with stars written out: expressions with names. */
typedef struct select_item {
    syntax_id node; /* its expression; 0: `expr`, or `column` as it is */
    expr_id expr; /* bound already; 0: none */
    scope_column column; /* also what COLUMNS means in `node` */
    string_view name;
    bool repeated; /* one copy of an expression with COLUMNS */
} select_item;
/* The field of a struct as an item. */
MUST_USE bp_status struct_item(select_item *out, binder *binder, expr_id value, size_t field, bp_error *err);
/* What unnest(struct), or unnest(list of structs, recursive := true), in SELECT's list stands for: a value whose fields are items. *found false: it is no such call. */
MUST_USE bp_status struct_of_unnest(expr_id *out, binder *binder, expression_context *context, syntax_id node, bool *found,
                                    bp_error *err);
MUST_USE bp_status expand_items(select_item **out, size_t *count, binder *binder, const scope *scope, syntax_id items,
                                bp_error *err);

/* The columns that a star stands for. */
MUST_USE bp_status expand_star_node(select_item **out, size_t *count, binder *binder, const scope *scope, syntax_id star,
                                    bp_error *err);
MUST_USE bp_status find_columns_node(syntax_id *out, binder *binder, syntax_id node, bp_error *err);
MUST_USE bp_status columns_meant(select_item **out, size_t *count, binder *binder, const scope *scope, syntax_id columns,
                                 bp_error *err);
MUST_USE bp_status filter_star(select_item *items, size_t *count, binder *binder, syntax_id like, bp_error *err);

bool has_grouping_sets(const binder *binder, syntax_id list);
MUST_USE bp_status grouping_sets_of(grouping_sets *out, binder *binder, syntax_id list, bp_error *err);

/* One of several grouping sets below windows: its rows, and what was bound over them. */
typedef struct grouped_set {
    plan_id node;
    const expr_id *columns; /* of the union, each a column of the node or a NULL */
    const column_id *windows; /* the columns that its window calls become */
    size_t window_count;
    const expr_id *exprs;
} grouped_set;
/* The union of the sets' rows, and merged[i]: what exprs[i] of all sets are over it. The windows' columns are those of the first set. */
MUST_USE bp_status unite_sets(plan_id *out, binder *binder, const grouped_set *sets, size_t set_count, size_t column_count,
                              size_t expr_count, expr_id *merged, bp_error *err);

/* An UNNEST node over *node (0: one row) when `table` is unnest(…), or range(…) of other than constant integers: its column joins the scope, of which
 * columns from `first_visible` on may be used in it. *found false: it is another table. */
MUST_USE bp_status bind_list_table(plan_id *node, scope *scope, size_t first_visible, binder *binder, syntax_id table, bool outer,
                                   bool *found, bp_error *err);
/* The UNNEST node of those calls that stand below (or above) the aggregation. */
MUST_USE bp_status unnests_apply(plan_id *node, binder *binder, const unnests *all, bool below, bp_error *err);

MUST_USE bp_status check_window_names(const binder *binder, syntax_id definitions, bp_error *err);
bool is_window_column(const windows *all, const expr_node *node);
/* The WINDOW node over *node, if there are window calls. */
MUST_USE bp_status windows_apply(plan_id *node, binder *binder, const windows *all, bp_error *err);

/* Help */
MUST_USE bp_status late_join_add(late_joins *joins, binder *binder, late_join join, bp_error *err);
/* What binds between the two calls may name `columns`, those from `first` on, as of a query around it. *dependent: it did. */
typedef struct outer_frame {
    const scope *before;
    size_t names;
} outer_frame;
MUST_USE bp_status outer_enter(outer_frame *frame, binder *binder, const scope *columns, size_t first, const scope *around,
                               bp_error *err);
void outer_leave(const outer_frame *frame, binder *binder, bool *dependent);
MUST_USE bp_status late_join_apply(plan_id *node, binder *binder, const late_join *join, bp_error *err);
/* DESC and NULLS FIRST of an ORDER_KEY. */
void order_flags(const binder *binder, syntax_id key, sort_key *out);

MUST_USE bp_status scope_add(scope *scope, binder *binder, scope_column column, bp_error *err);
/* The column that `table`.`name` means (table empty: any); *out NULL: none; two: BP_BIND_ERROR. */
MUST_USE bp_status scope_find(const scope_column **out, const scope *scope, string_view table, string_view name, uint32_t position,
                              bp_error *err);
/* A place written in digits; what is out of every range: LIMIT_COLUMNS + 1. */
size_t place_of(string_view digits);
/* #2: the second column that FROM gave; NULL: there is none. */
const scope_column *scope_column_at(const scope *scope, string_view place);
/* "column "x" not found" with what is near. */
bp_status column_not_found(const expression_context *context, string_view table, string_view name, uint32_t position,
                           bp_error *err);
MUST_USE bp_status constant_of(const column **out, binder *binder, syntax_id node, bp_error *err);
/* An expression column(id). */
MUST_USE bp_status column_expr(expr_id *out, binder *binder, column_id id, bp_error *err);
MUST_USE bp_status cast_outputs(plan_id *node, binder *binder, const data_type *types, bp_error *err);
MUST_USE bp_status expr_nullif(expr_id *out, expr_pool *pool, expr_id value, expr_id other, bp_error *err);
/* A constant integer, at least 0 (LIMIT). */
MUST_USE bp_status bind_count(uint64_t *out, double *percent, binder *binder, syntax_id node, bool percent_wanted,
                              const char *clause, bp_error *err);
bp_status not_yet(const binder *binder, syntax_id node, const char *what, bp_error *err);

/* Bind a whole statement's query into a new plan with finished root. */
MUST_USE bp_status bind_statement_query(plan **out, session *session, const syntax *tree, syntax_id query,
                                        const parameters *parameters, bp_error *err);

#endif
