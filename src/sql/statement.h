/* Statements, shared by session.c (queries), statement.c (tables, views, settings), statement_insert.c, statement_copy.c, statement_explain.c. */
#ifndef SQL_STATEMENT_H
#define SQL_STATEMENT_H

#include "bind_query.h"

/* A query on its way: bound, optimised, lowered; bound again when types are settled. */
typedef struct query_job {
    session *session;
    const syntax *tree;
    syntax_id node;
    const parameters *parameters;
    plan *plan;
    query *query;
    bool profile;
    int rounds;
    /* Other than a plain query: makes the plan. */
    bp_status (*bind)(plan **out, struct query_job *job, bp_error *err);
    void *bind_data;
} query_job;

/* `bound` may be NULL; it is moved in, also on failure. Ends with query_job_clear() in any case. */
MUST_USE bp_status query_job_start(query_job *job, session *session, const syntax *tree, syntax_id query,
                                   const parameters *parameters, plan *bound, bp_error *err);
MUST_USE bp_status query_job_bind(query_job *job, bp_error *err);
void query_job_clear(query_job *job);
MUST_USE bp_status query_job_settle(query_job *job, bp_error *err);
MUST_USE bp_status query_job_prepare_stream(query_job *job, bp_error *err);
bool query_job_can_retry(const query_job *job, bp_status status);
/* All rows as a table, whatever types turn out wrong on the way. */
MUST_USE bp_status query_job_collect(query_job *job, table **out, bp_error *err);

MUST_USE bp_status execute_other(outcome *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err);
MUST_USE bp_status execute_insert(outcome *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err);
MUST_USE bp_status execute_copy(outcome *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err);
MUST_USE bp_status execute_explain(outcome *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err);
/* Check the rows against the table's constraints and append them: all or none. Types fit already. */
MUST_USE bp_status insert_rows(outcome *out, session *session, catalog_entry *entry, table *rows, bp_error *err);
/* sources[i]: which of `count` values, in the order of the list, goes to table column i; SIZE_MAX: none. `statement` is for messages. */
MUST_USE bp_status match_listed(size_t *sources, const syntax *tree, syntax_id list, const catalog_entry *entry, size_t count,
                                const char *statement, bp_error *err);
/* The relation's columns, in the order of the list (0: of the table), become the table's: cast, the others their defaults. */
MUST_USE bp_status project_into_table(relation *relation, binder *binder, const catalog_entry *entry, syntax_id list,
                                      const char *statement, bp_error *err);
/* The entry of a TABLE node that must be a base table. */
MUST_USE bp_status table_entry(catalog_entry **out, session *session, const syntax *tree, syntax_id table, bp_error *err);
/* A binder outside of queries, for constants of statements: over an own plan that plan_free() ends. */
MUST_USE bp_status binder_alone(binder *out, session *session, const syntax *tree, const parameters *parameters, bp_error *err);

#endif
