/* Subqueries in expressions, shared by bind_subquery.c and bind_subquery_row.c. */
#ifndef SQL_BIND_SUBQUERY_H
#define SQL_BIND_SUBQUERY_H

#include "bind_expression.h"

/* A subquery that is to be joined. */
typedef struct subquery {
    plan_id node;
    bool dependent;
} subquery;

/* The query within an expression; each call binds it anew, under new columns. */
MUST_USE bp_status bind_inner(walk *walk, syntax_id query, relation *out, bool *dependent, bp_error *err);
/* Where it is joined: to the rows below the aggregation, inside an aggregate or when there is none; else above it, later. */
MUST_USE bp_status join_to_rows(walk *walk, join_kind kind, subquery inner, expr_id *conjuncts, size_t count, column_id *mark,
                                bp_error *err);
/* Whether what is being bound stands in a condition, below nothing but AND and OR: NULL is as good as false. */
bool only_truth_counts(const walk *walk);
/* (x, y …) IN (SELECT …) of as many columns, the row `needle` a STRUCT; `op` is what ANY compares by. With `only_truth` false may stand for NULL. */
MUST_USE bp_status row_in_query(walk *walk, syntax_id node, const subquery *inner, expr_id needle, compare_op op, bool only_truth,
                                expr_id *out, bp_error *err);

#endif
