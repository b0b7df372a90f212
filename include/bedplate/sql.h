/* SQL in process: connections, statements, results.
 *
 * A connection holds tables, views and registered data in its context. Connection, statement and result are for one thread at a
 * time (a second thread gets BP_BUSY); different connections of different contexts run side by side. Results are read as Arrow
 * record batches (struct arrays); text is UTF-8 and need not end in NUL. */
#ifndef BEDPLATE_SQL_H
#define BEDPLATE_SQL_H

#include "arrow.h"
#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bp_connection bp_connection;
typedef struct bp_statement bp_statement;
typedef struct bp_result bp_result;

/* A new connection to an empty in-memory catalog. End it with bp_connection_free(), after its statements and results. */
BP_MUST_USE BP_API bp_status bp_connection_new(bp_connection **out, bp_context *context, bp_error *err);
BP_API void bp_connection_free(bp_connection *connection);
/* The context the connection was made in; borrowed. */
BP_API bp_context *bp_connection_context(bp_connection *connection);

/* Parse and bind the first statement of sql[0..size). *consumed (may be NULL) is the number of bytes up to and including its `;`
 * and the white space behind it, so that a script is run by calling again with the rest. An empty rest gives *out = NULL and BP_OK.
 * Errors: BP_SYNTAX_ERROR, BP_BIND_ERROR, … with err->position relative to `sql`. */
BP_MUST_USE BP_API bp_status bp_prepare(bp_statement **out, bp_connection *connection, const char *sql, size_t size,
                                        size_t *consumed, bp_error *err);
BP_API void bp_statement_free(bp_statement *statement);

/* Parameters, numbered from 1: `?` and `$1` first, by their numbers; `$name` parameters after them, in order of appearance. */
BP_API size_t bp_statement_parameter_count(const bp_statement *statement);
/* The name of a parameter ("id" for $id, "1" for $1 and `?`); NULL when out of range. Borrowed. */
BP_API const char *bp_statement_parameter_name(const bp_statement *statement, size_t number);
/* Bind one value: `array` holds one row of the type that `schema` says. Both are moved in (released by the statement) on success
 * and on failure. */
BP_MUST_USE BP_API bp_status bp_statement_bind_arrow(bp_statement *statement, size_t number, struct ArrowSchema *schema,
                                                     struct ArrowArray *array, bp_error *err);
BP_MUST_USE BP_API bp_status bp_statement_bind_null(bp_statement *statement, size_t number, bp_error *err);
BP_MUST_USE BP_API bp_status bp_statement_bind_bool(bp_statement *statement, size_t number, int value, bp_error *err);
BP_MUST_USE BP_API bp_status bp_statement_bind_int64(bp_statement *statement, size_t number, int64_t value, bp_error *err);
BP_MUST_USE BP_API bp_status bp_statement_bind_double(bp_statement *statement, size_t number, double value, bp_error *err);
BP_MUST_USE BP_API bp_status bp_statement_bind_text(bp_statement *statement, size_t number, const char *text, size_t size,
                                                    bp_error *err);
BP_MUST_USE BP_API bp_status bp_statement_bind_blob(bp_statement *statement, size_t number, const void *bytes, size_t size,
                                                    bp_error *err);

/* Run a prepared statement with the parameters bound so far. A query's result streams: batches are computed as they are asked
 * for. A statement can be executed again once its earlier result has been freed. */
BP_MUST_USE BP_API bp_status bp_execute(bp_result **out, bp_statement *statement, bp_error *err);

/* Prepare and execute one statement (the text must hold just one; parameters are not allowed). */
BP_MUST_USE BP_API bp_status bp_query(bp_result **out, bp_connection *connection, const char *sql, size_t size, bp_error *err);

typedef enum bp_result_kind {
    BP_RESULT_ROWS = 0,    /* a query: batches */
    BP_RESULT_CHANGED = 1, /* INSERT, CREATE TABLE AS …: bp_result_rows_changed() */
    BP_RESULT_NOTHING = 2  /* CREATE VIEW, DROP, SET … */
} bp_result_kind;
BP_API bp_result_kind bp_result_get_kind(const bp_result *result);
BP_API int64_t bp_result_rows_changed(const bp_result *result);

BP_API size_t bp_result_column_count(const bp_result *result);
/* Column name, and SQL type as text ("DECIMAL(15,2)"); NULL when out of range. Borrowed. */
BP_API const char *bp_result_column_name(const bp_result *result, size_t index);
BP_API const char *bp_result_column_type(const bp_result *result, size_t index);

/* The result's schema (a struct type), and its next batch; out->release == NULL after the last. The caller releases both; they may
 * outlive the result, the connection and the context. */
BP_MUST_USE BP_API bp_status bp_result_schema(bp_result *result, struct ArrowSchema *out, bp_error *err);
BP_MUST_USE BP_API bp_status bp_result_next(bp_result *result, struct ArrowArray *out, bp_error *err);
/* Move the result into a stream, which then owns it: *result becomes NULL. */
BP_MUST_USE BP_API bp_status bp_result_stream(bp_result **result, struct ArrowArrayStream *out, bp_error *err);
BP_API void bp_result_free(bp_result *result);

/* Takes the next bytes; returns 0, or anything else to stop (the call then gives BP_IO_ERROR). */
typedef int (*bp_write_function)(void *data, const char *bytes, size_t size);

/* How a result is written: as text, or as the bytes of a file (arrow, parquet). */
typedef struct bp_print_options {
    const char *format;    /* box csv tsv json jsonl markdown html line arrow parquet; NULL: box */
    const char *null_text; /* NULL: NULL in box and line, else empty (JSON: null) */
    size_t most_rows;      /* box: more are cut in the middle; 0: all */
    size_t width;          /* box: columns of the terminal; 0: as wide as it gets */
    int no_header;         /* box csv tsv markdown html: 1: leave column names out */
    int dim_null;          /* box: 1: NULL in a terminal's faint letters */
    int show_count;        /* box: 1: a last line says how many rows, when it is none or more than ten */
    const char *path; /* the file that is written, or NULL; arrow: a stream, or a file when this ends in .arrow, .feather or .ipc */
} bp_print_options;

/* The format number `index` (from 0); NULL when index is past the last. */
BP_API const char *bp_print_format(size_t index);
/* 1: what the format gives is no text, and each result is whole by itself: two behind each other are of no use. */
BP_API int bp_print_format_is_binary(const char *format);

/* Write all rows that are left. options NULL: a box with everything. */
BP_MUST_USE BP_API bp_status bp_result_print(bp_result *result, const bp_print_options *options, bp_write_function write,
                                             void *data, bp_error *err);

/* Make a table's data visible under `name` until it is unregistered or replaced. The stream is moved in (its release callback runs
 * when nothing uses the data any more) and read on the first scan. Batches are used in place, without a copy. */
BP_MUST_USE BP_API bp_status bp_register_arrow(bp_connection *connection, const char *name, struct ArrowArrayStream *stream,
                                               bp_error *err);
BP_MUST_USE BP_API bp_status bp_unregister(bp_connection *connection, const char *name, bp_error *err);

/* Called when a table name is not known, so that a host language can offer its variables: fill `out` and return 1, or return 0. */
typedef int (*bp_replacement_function)(void *data, const char *name, struct ArrowArrayStream *out);
BP_API void bp_connection_set_replacement(bp_connection *connection, bp_replacement_function function, void *data);

/* Words that fit at byte `position` of an unfinished statement, for completion: keywords, tables, columns, functions. Calls `found`
 * for each, in order, with the start of the word that it would replace. */
typedef void (*bp_completion_function)(void *data, const char *word, size_t replace_from);
BP_MUST_USE BP_API bp_status bp_complete(bp_connection *connection, const char *sql, size_t size, size_t position,
                                         bp_completion_function found, void *data, bp_error *err);

/* What stands where in a text of SQL, for colours and for finding the end of statements. Nothing is judged. */
typedef enum bp_token_kind {
    BP_TOKEN_END = 0, /* of the text */
    BP_TOKEN_SPACE = 1,
    BP_TOKEN_COMMENT = 2,
    BP_TOKEN_KEYWORD = 3,
    BP_TOKEN_NAME = 4,
    BP_TOKEN_NUMBER = 5,
    BP_TOKEN_STRING = 6,
    BP_TOKEN_PARAMETER = 7,
    BP_TOKEN_OPERATOR = 8, /* and punctuation */
    BP_TOKEN_SEMICOLON = 9, /* ends a statement */
    BP_TOKEN_BAD = 10 /* a byte that begins nothing */
} bp_token_kind;

/* The token that begins at byte `position`. *end (may be NULL): the byte behind it. *open (may be NULL): 1 when more text could still
 * belong to it: a string without its closing quote, a comment in the last line. */
BP_API bp_token_kind bp_scan_token(const char *sql, size_t size, size_t position, size_t *end, int *open);

/* Whether sql[0..size) ends in a whole statement (a `;` outside strings, comments and parentheses): 1, or 0. */
BP_API int bp_statement_is_complete(const char *sql, size_t size);

#ifdef __cplusplus
}
#endif
#endif
