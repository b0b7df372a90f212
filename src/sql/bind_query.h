/* Kinds of query bodies, between bind_query.c and bind_describe.c. */
#ifndef SQL_BIND_QUERY_H
#define SQL_BIND_QUERY_H

#include "binder.h"

MUST_USE bp_status bind_one_table(plan_id *out, scope *scope, binder *binder, syntax_id table, bp_error *err);
/* A TABLE node as a relation; `columns` (0: all) is a LIST of NAME. */
MUST_USE bp_status bind_whole_table(relation *out, binder *binder, syntax_id table, syntax_id columns, bp_error *err);
/* The body of a query; `order` is the query's ORDER BY, which a SELECT sorts by itself. */
MUST_USE bp_status bind_body(relation *out, binder *binder, syntax_id body, syntax_id order, bp_error *err);
/* left := left UNION (INTERSECT, EXCEPT) right. */
MUST_USE bp_status combine_sides(relation *left, relation *right, binder *binder, syntax_id operation, bp_error *err);
/* WITH: the queries that `query` names come into reach. */
MUST_USE bp_status add_ctes(binder *binder, syntax_id query, bp_error *err);
/* Whether reading the rows of a node again costs no more than keeping them would: a scan with conditions and projections, the same each time. */
MUST_USE bp_status is_cheap_to_repeat(bool *out, plan *plan, plan_id root, bp_error *err);
MUST_USE bp_status bind_cte(relation *out, binder *binder, cte *with, bp_error *err);
bool is_recursive_body(const binder *binder, syntax_id body);
MUST_USE bp_status bind_recursive(relation *out, binder *outer, cte *with, syntax_id operation, bp_error *err);
/* What TABLESAMPLE or USING SAMPLE keeps of the node's rows; behind its columns may come others. */
MUST_USE bp_status bind_sample(plan_id *node, binder *binder, syntax_id sample, bp_error *err);
/* LIMIT and OFFSET of a query over its relation. */
MUST_USE bp_status limit_outputs(relation *relation, binder *binder, syntax_id query, bp_error *err);
MUST_USE bp_status bind_unpivot(plan_id *out, scope *scope, binder *binder, syntax_id node, bp_error *err);
MUST_USE bp_status join_by_position(plan_id *out, binder *binder, plan_id left, plan_id right, bp_error *err);
MUST_USE bp_status join_asof(plan_id *out, binder *binder, join_kind kind, plan_id left, plan_id right, const expr_id *conjuncts,
                             size_t count, uint32_t position, bp_error *err);
MUST_USE bp_status bind_describe(relation *out, binder *binder, syntax_id body, bp_error *err);
MUST_USE bp_status bind_summarize(relation *out, binder *binder, syntax_id body, bp_error *err);
MUST_USE bp_status bind_show(relation *out, binder *binder, syntax_id body, bp_error *err);

#endif
