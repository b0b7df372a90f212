/* The command, shared by its files: main.c (commands, info), command_sql.c (options of `bedplate sql`), run_sql.c (scripts), shell.c (at a terminal). */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "bedplate/bedplate.h"

/* Exit codes. */
enum { EXIT_DONE = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_LIMITED = 3, EXIT_INTERRUPTED = 130, EXIT_PIPE = 141 };

typedef struct sql_options {
    const char *query; /* -c */
    const char *file; /* -f */
    const char *output; /* --output; NULL: standard output */
    bp_print_options print;
    bool timer;
} sql_options;

typedef struct sql_session {
    bp_context *context;
    bp_connection *connection;
    sql_options options;
    FILE *output;
    bool write_failed;
} sql_session;

int command_sql(int count, char **arguments);
int command_info(int count, char **arguments);

/* Run a script statement by statement; `name` is for messages ("query.sql", "-c", "<stdin>"). Stops at the first error; the exit code. */
int run_script(sql_session *session, const char *name, const char *text, size_t size);
/* The interactive shell; the exit code. */
int run_shell(sql_session *session);
/* "error: …" with FILE:LINE:COLUMN and a caret where the position is known; the exit code for that error. */
int report_error(const char *name, const char *text, size_t size, const bp_error *err);

/* A context setting from the command line; prints the error. */
bool set_setting(bp_context *context, const char *name, const char *value);

#endif
