/* Binding expressions, shared by its files: bind_expression.c (the walk), bind_name.c (columns, aliases, literals), bind_combine.c (operators),
 * bind_call.c (functions and aggregates), bind_subquery.c. */
#ifndef SQL_BIND_EXPRESSION_H
#define SQL_BIND_EXPRESSION_H

#include "binder.h"

typedef struct frame {
    syntax_id node;
    bool entered;
    syntax_id *operands; /* to be bound before the node is left */
    size_t operand_count, next;
    size_t result_base;
    alias *alias; /* the node names this alias */
    syntax_id lambda; /* of list_transform() and its like */
    bool is_aggregate; /* a CALL of an aggregate function … */
    size_t argument_count; /* … whose operands are arguments, FILTER, ORDER BY keys */
    const struct window_clause *window; /* OVER: behind own_count operands come those of the window */
    const window_function *function; /* with OVER: NULL: an aggregate */
    size_t own_count;
} frame;

typedef struct walk {
    binder *binder;
    expression_context *context;
    frame *frames;
    size_t frame_count, frame_capacity;
    expr_id *results;
    size_t result_count, result_capacity;
    size_t inside_aggregate; /* aggregates around the present node */
    size_t inside_window;
    size_t inside_unnest;
} walk;

MUST_USE bp_status walk_push_result(walk *walk, expr_id expr, bp_error *err);

/* A column or alias by name. *alias: it is that alias; *is_leaf: a result has been pushed; neither: a field of a struct, whose operand is to be bound. */
MUST_USE bp_status bind_name(walk *walk, syntax_id node, alias **alias, bool *is_leaf, bp_error *err);
/* Literals, parameters: pushes the result; *is_leaf false: it is none. */
MUST_USE bp_status bind_leaf(walk *walk, syntax_id node, bool *is_leaf, bp_error *err);
/* A node from its bound operands. */
MUST_USE bp_status combine(walk *walk, const frame *frame, const expr_id *operands, size_t count, expr_id *out, bp_error *err);
string_view aggregate_name(const binder *binder, syntax_id call);
MUST_USE bp_status enter_call(walk *walk, frame *frame, bp_error *err);
MUST_USE bp_status combine_call(walk *walk, const frame *frame, const expr_id *operands, size_t count, expr_id *out, bp_error *err);
/* The greatest (GREATER_EQUAL) or least (LESS_EQUAL) of the operands that are not NULL. */
MUST_USE bp_status expr_extreme(expr_id *out, expr_pool *pool, const expr_id *operands, size_t count, compare_op op, bp_error *err);
bool lambda_column(const expression_context *context, string_view name, column_id *out);
MUST_USE bp_status enter_lambda(walk *walk, frame *frame, bp_error *err);
MUST_USE bp_status combine_lambda(walk *walk, const frame *frame, const expr_id *operands, expr_id *out, bp_error *err);
MUST_USE bp_status combine_comprehension(walk *walk, const frame *frame, expr_id list, expr_id *out, bp_error *err);
/* A call with OVER: whether it may stand here, and what it is; then, with the call's own operands gathered, those of the window; then the column it becomes
 * (`aggregate`: the EXPR_AGGREGATE node, or 0). */
MUST_USE bp_status begin_window(walk *walk, frame *frame, bp_error *err);
MUST_USE bp_status enter_window(walk *walk, frame *frame, bp_error *err);
MUST_USE bp_status combine_window(walk *walk, const frame *frame, const expr_id *operands, expr_id aggregate, expr_id *out,
                                  bp_error *err);
bool is_unnest(string_view name);
MUST_USE bp_status enter_unnest(walk *walk, frame *frame, bp_error *err);
MUST_USE bp_status combine_unnest(walk *walk, const frame *frame, expr_id list, expr_id *out, bp_error *err);
MUST_USE bp_status bind_subquery(walk *walk, syntax_id node, bp_error *err);
MUST_USE bp_status enter_in_query(walk *walk, frame *frame, bp_error *err);
MUST_USE bp_status combine_in_query(walk *walk, const frame *frame, expr_id needle, expr_id *out, bp_error *err);

#endif
