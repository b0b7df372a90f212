/* A session: one connection's catalog and settings, and what it does with statements.
 *
 *   text --sql_parse_statement--> syntax --bind--> plan --plan_optimize--> plan --query--> batches
 *
 * A statement is bound when it is executed, with its parameters as constants; one without parameters is bound already when it is prepared, so that
 * errors come early and its columns are known. */
#ifndef SQL_SESSION_H
#define SQL_SESSION_H

#include "catalog/catalog.h"
#include "exec/query.h"
#include "syntax.h"

typedef struct session {
    bp_context *context;
    catalog catalog;
    /* Offers a source for a name that the catalog does not have; *out NULL: none. */
    bp_status (*replacement)(void *data, string_view name, source **out, bp_error *err);
    void *replacement_data;
    /* Sources that the binder takes, in the order in which it asks, in place of opening files anew: those of a binding before. */
    source **overrides;
    size_t override_count, override_capacity;
} session;

void session_init(session *session, bp_context *context);
void session_clear(session *session);

/* Parameters by number, from 0; a NULL pointer is not bound yet. Values are CONSTANT columns of length 1. */
typedef struct parameters {
    const column **values;
    size_t count;
    const string_view *names; /* "1" for $1 and ?, "id" for $id */
} parameters;

typedef enum outcome_kind { OUTCOME_ROWS, OUTCOME_CHANGED, OUTCOME_NOTHING } outcome_kind;

/* What a statement gave. Rows: the query is pulled by the user; the plan owns what it refers to. */
typedef struct outcome {
    outcome_kind kind;
    plan *plan;
    query *query;
    int64_t rows_changed;
} outcome;
void outcome_clear(outcome *outcome);

/* The names of a statement's parameters, each followed by NUL, in `arena`: first the numbers 1 … (? and $1), then names as they appear. */
MUST_USE bp_status session_parameters(string_view **names, size_t *count, arena *arena, const syntax *tree, bp_error *err);

void session_forget_overrides(session *session);

/* Bind a query without running it: for the columns of a prepared statement; *out NULL: the statement is not a query. */
MUST_USE bp_status session_bind(plan **out, session *session, const syntax *tree, const parameters *parameters, bp_error *err);
/* Run a statement. `bound` (may be NULL, moved in) is what session_bind() gave for it with the same catalog. */
MUST_USE bp_status session_execute(outcome *out, session *session, const syntax *tree, const parameters *parameters, plan *bound,
                                   bp_error *err);
/* The next batch of a result; row_count 0: the end. Sources whose types turned out wrong have been settled
 * by session_execute(), so that misfits never reach the user. */
MUST_USE bp_status session_next(session *session, outcome *outcome, batch *out, bp_error *err);
/* The same as an Arrow array; see query_next_array(). */
MUST_USE bp_status session_next_array(outcome *outcome, struct ArrowArray *out, bp_error *err);

#endif
