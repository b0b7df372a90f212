/* Running scripts, and telling what went wrong where. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cli.h"

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int exit_code_of(bp_status status)
{
    switch (status) {
    case BP_NO_MEMORY:
    case BP_OVER_BUDGET:
    case BP_TIMEOUT: return EXIT_LIMITED;
    case BP_CANCELLED: return EXIT_INTERRUPTED;
    default: return EXIT_ERROR;
    }
}

/* The line of the text that holds byte `position`, with a caret below it. */
static void show_caret(const char *text, size_t size, size_t position)
{
    size_t begin = position, end = position;

    while (begin > 0 && text[begin - 1] != '\n') begin--;
    while (end < size && text[end] != '\n') end++;
    if (end - begin > 200) return;
    fprintf(stderr, "  %.*s\n  ", (int)(end - begin), text + begin);
    for (size_t i = begin; i < position; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80) fputc(text[i] == '\t' ? '\t' : ' ', stderr);
    fputs("^\n", stderr);
}

int report_error(const char *name, const char *text, size_t size, const bp_error *err)
{
    size_t line = 1, column = 1;

    if (!text || err->position < 0 || (size_t)err->position > size) {
        fprintf(stderr, "error: %s\n", err->message);
        return exit_code_of(err->status);
    }
    for (size_t i = 0; i < (size_t)err->position; i++) {
        column = text[i] == '\n' ? 1 : column + (((unsigned char)text[i] & 0xc0) != 0x80);
        line += text[i] == '\n';
    }
    fprintf(stderr, "error: %s:%zu:%zu: %s\n", name, line, column, err->message);
    show_caret(text, size, (size_t)err->position);
    return exit_code_of(err->status);
}

static int put_bytes(void *data, const char *bytes, size_t size)
{
    sql_session *session = data;

    session->write_failed = fwrite(bytes, 1, size, session->output) != size;
    return session->write_failed;
}

static bp_status run_statement(sql_session *session, bp_statement *statement, bp_error *err)
{
    double start = now_seconds();
    bp_result *result;
    bp_status status;

    if ((status = bp_execute(&result, statement, err))) return status;
    status = bp_result_print(result, &session->options.print, put_bytes, session, err);
    bp_result_free(result);
    if (session->options.timer && !status) fprintf(stderr, "%.3f s\n", now_seconds() - start);
    return status;
}

int run_script(sql_session *session, const char *name, const char *text, size_t size)
{
    size_t at = 0;
    bp_error err;

    while (at < size) {
        bp_statement *statement;
        size_t consumed = 0;
        bp_status status = bp_prepare(&statement, session->connection, text + at, size - at, &consumed, &err);
        if (!status && !statement) return EXIT_DONE;
        if (!status) status = run_statement(session, statement, &err);
        bp_statement_free(statement);
        if (session->write_failed) return errno == EPIPE ? EXIT_PIPE : report_error(NULL, NULL, 0, &err);
        if (status) {
            if (err.position >= 0) err.position += (int64_t)at;
            return report_error(name, text, size, &err);
        }
        at += consumed;
    }
    return EXIT_DONE;
}
