/* The command, shared by its files: main.c (commands, info), command_sql.c (options of `bedplate sql`), run_sql.c (statements and scripts), output.c
 * (where results go), progress.c, and at a terminal shell.c with dot_command.c, shell_complete.c and the editor (edit.h). */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bedplate/bedplate.h"
#include "text_buffer.h"

/* Exit codes. */
enum { EXIT_DONE = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_LIMITED = 3, EXIT_INTERRUPTED = 130, EXIT_PIPE = 141 };

/* Where results go. A named file is written under another name and takes its place when it is whole. */
typedef struct output {
    FILE *stream; /* NULL: not open */
    const char *name; /* for messages; borrowed while open */
    char *target; /* NULL: no file that could be replaced: standard output, a device, a pipe */
    char *temporary;
    int failed; /* the errno of the first write that failed; 0: none */
    bool full; /* it has a result in a format that is whole by itself */
} output;

/* path NULL: standard output. False: an error was printed. */
bool output_open(output *output, const char *path);
/* keep: the file takes its place, else it vanishes. What went wrong in writing is printed, except a closed pipe; the exit code, EXIT_DONE if all is well. */
int output_close(output *output, bool keep);

typedef struct sql_options {
    const char *query; /* -c */
    const char *file; /* -f */
    const char *output; /* --output; NULL: standard output */
    bp_print_options print; /* as asked for; effective_options() fits it to where results go */
    bool timer;
    bool terminal; /* standard output is one */
    bool colour; /* on standard output */
} sql_options;

#define BY_TERMINAL SIZE_MAX /* most_rows and width of print: as the terminal has it, else no bound */

/* A sign of life on standard error while a statement runs for long. */
typedef struct progress {
    bool wanted; /* standard error is a terminal */
    bool shown;
    double start, last; /* seconds; `last`: drawn */
} progress;

typedef struct sql_session {
    bp_context *context;
    bp_connection *connection;
    sql_options options;
    output output;
    progress progress;
    text_buffer null_text; /* of .null */
    bool live; /* standard error is a terminal that can move its cursor */
} sql_session;

int command_sql(int count, char **arguments);
int command_info(int count, char **arguments);
int command_completions(int count, char **arguments);

/* Ctrl-C since the last reset. */
bool was_interrupted(void);
void reset_interrupt(void);

double now_seconds(void);
void progress_begin(progress *progress, bool wanted);
/* The context's poll function; `data` is the session. */
int progress_poll(void *data);
/* Take the line away, before anything else is written. */
void progress_clear(progress *progress);

/* Run a text statement by statement; `name` is for messages ("query.sql", "-c", "<stdin>"). Stops at the first error; the exit code. */
int run_script(sql_session *session, const char *name, const char *text, size_t size);
/* The same of a file descriptor, each statement as soon as it is there. */
int run_stream(sql_session *session, const char *name, int file);
int run_file(sql_session *session, const char *path); /* "-": standard input */
/* The interactive shell; the exit code. */
int run_shell(sql_session *session);
/* "error: …" with FILE:LINE:COLUMN and a caret where the position is known; the exit code for that error. */
int report_error(const char *name, const char *text, size_t size, const bp_error *err);

/* False: leave the shell. */
bool run_dot_command(sql_session *session, const char *line);
/* The dot command number `index`, what stands behind it and what it does; NULL when index is past the last. */
const char *dot_command_at(size_t index, const char **arguments, const char **help);
/* Tables and views by name. */
typedef void (*table_function)(void *data, const char *name);
void for_each_table(sql_session *session, table_function found, void *data);

/* A context setting from the command line; prints the error. */
bool set_setting(bp_context *context, const char *name, const char *value);
/* Whether bp_print_format() has it; prints what there is if not. */
bool check_format(const char *format);
/* A decimal number from 0 to `most`. */
bool read_number(const char *text, size_t most, size_t *out);
/* The name that `text` was perhaps meant to be: at most 2 letters differ; NULL: none is near. */
const char *nearest_name(const char *text, const char *(*name_at)(size_t index));

#endif
