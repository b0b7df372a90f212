/* The shell: takes statements and dot commands, runs them, goes on after errors.
 *
 * At a terminal that can move its cursor the editor takes them (edit.h); with TERM=dumb, or when standard output is no terminal, plain lines are read until a
 * statement is whole. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "edit.h"
#include "shell_complete.h"

static const char prompt[] = "bedplate> ", more_prompt[] = "     ...> ";

/* False: leave. */
static bool run_input(sql_session *session, const char *text, size_t size)
{
    bool stay = true;

    reset_interrupt();
    while (stay && size && (*text == '.' || *text == '\n')) { /* lines with dot commands may stand before a statement */
        text_buffer line = {0};
        const char *end = memchr(text, '\n', size);
        size_t length = end ? (size_t)(end - text) : size;

        text_buffer_append(&line, text, length);
        if (length) stay = run_dot_command(session, text_buffer_text(&line));
        text_buffer_clear(&line);
        text += length + (end != NULL);
        size -= length + (end != NULL);
    }
    if (stay && size) run_script(session, "<shell>", text, size);
    if (session->output.stream && fflush(session->output.stream) && !session->output.failed) session->output.failed = errno;
    reset_interrupt();
    return stay;
}

/* hooks of the editor ------------------------------------------------------------------------------------------------------------- */
static bool is_complete(void *data, const char *text, size_t size)
{
    (void)data;
    while (size && (*text == ' ' || *text == '\n')) text++, size--;
    return size == 0 || *text == '.' || bp_statement_is_complete(text, size);
}

static unsigned char colour_of(bp_token_kind kind)
{
    switch (kind) {
    case BP_TOKEN_KEYWORD: return EDIT_KEYWORD;
    case BP_TOKEN_STRING: return EDIT_STRING;
    case BP_TOKEN_NUMBER: return EDIT_NUMBER;
    case BP_TOKEN_COMMENT: return EDIT_COMMENT;
    case BP_TOKEN_PARAMETER: return EDIT_PARAMETER;
    case BP_TOKEN_BAD: return EDIT_BAD;
    default: return EDIT_PLAIN;
    }
}

static void paint(void *data, const char *text, size_t size, unsigned char *colours)
{
    size_t end = 0;

    (void)data;
    if (*text == '.') {
        while (end < size && text[end] != ' ') end++;
        memset(colours, EDIT_KEYWORD, end);
        return;
    }
    for (size_t at = 0; at < size; at = end) {
        bp_token_kind kind = bp_scan_token(text, size, at, &end, NULL);
        memset(colours + at, colour_of(kind), end - at);
    }
}

static void complete(void *data, const char *text, size_t size, size_t position, edit_candidates *out)
{
    shell_complete(data, text, size, position, out);
}

static int run_editor(sql_session *session)
{
    edit_hooks hooks = {session, is_complete, session->options.colour ? paint : NULL, complete};
    history history = {0};
    editor *editor = editor_new(&hooks, &history);
    edit_result result = EDIT_FAILED;
    const char *text;
    size_t size;

    history_open(&history);
    while (editor && ((result = editor_read(editor, prompt, more_prompt, &text, &size)) == EDIT_TEXT || result == EDIT_CANCELLED)) {
        if (result == EDIT_CANCELLED) continue;
        history_add(&history, text, size);
        if (!run_input(session, text, size)) break;
    }
    editor_free(editor);
    history_clear(&history);
    if (result != EDIT_FAILED) return EXIT_DONE;
    fputs("error: the terminal could not be read, or memory is short\n", stderr);
    return EXIT_ERROR;
}

/* plain lines --------------------------------------------------------------------------------------------------------------------- */
/* Append a line with its end. False: the input is over. */
static bool read_line(text_buffer *text)
{
    int c = EOF;

    while ((c = fgetc(stdin)) != EOF) {
        char byte = (char)c;
        if (!text_buffer_append(text, &byte, 1)) return false;
        if (c == '\n') return true;
    }
    return text->size > 0 && !ferror(stdin);
}

static int run_plain(sql_session *session)
{
    text_buffer text = {0};
    bool stay = true;

    while (stay) {
        fputs(text.size ? more_prompt : prompt, stderr);
        reset_interrupt();
        if (!read_line(&text)) {
            if (!was_interrupted()) break;
            clearerr(stdin);
            fputc('\n', stderr);
            text_buffer_reset(&text);
        } else if (is_complete(NULL, text.data, text.size) || feof(stdin)) {
            stay = run_input(session, text.data, text.size);
            text_buffer_reset(&text);
        }
    }
    if (stay) fputc('\n', stderr);
    text_buffer_clear(&text);
    return EXIT_DONE;
}

int run_shell(sql_session *session)
{
    bool plain = !session->live || !isatty(STDOUT_FILENO);

    fprintf(plain ? stderr : stdout, "bedplate %s; .help for help\n", bp_version());
    fflush(stdout);
    return plain ? run_plain(session) : run_editor(session);
}
