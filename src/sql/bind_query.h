/* Kinds of query bodies, between bind_query.c and bind_describe.c. */
#ifndef SQL_BIND_QUERY_H
#define SQL_BIND_QUERY_H

#include "binder.h"

MUST_USE bp_status bind_one_table(plan_id *out, scope *scope, binder *binder, syntax_id table, bp_error *err);
/* A TABLE node as a relation; `columns` (0: all) is a LIST of NAME. */
MUST_USE bp_status bind_whole_table(relation *out, binder *binder, syntax_id table, syntax_id columns, bp_error *err);
MUST_USE bp_status bind_describe(relation *out, binder *binder, syntax_id body, bp_error *err);
MUST_USE bp_status bind_summarize(relation *out, binder *binder, syntax_id body, bp_error *err);
MUST_USE bp_status bind_show(relation *out, binder *binder, syntax_id body, bp_error *err);

#endif
