/* Running statements and scripts, and telling what went wrong where.
 *
 * A stream is cut into statements as its bytes come, so that a statement runs before the next one has been written:
 *
 *   buffer  [line's beginning … at … searched … size)      at: the next statement; searched: no semicolon before here ends it
 *
 * Bytes before the present line are dropped; line and column of what is left are counted on. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

#define TERMINAL_ROWS 40 /* of a box at a terminal */
#define READ_SIZE 65536
#define LONG_LINE 4096 /* of a longer one the beginning is not kept for messages */
#define STATEMENT_MOST 2000000 /* more is over the library's limit in any case, which bp_prepare() explains */

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

/* errors -------------------------------------------------------------------------------------------------------------------------- */
#define SHOWN_BEFORE 60 /* bytes of a long line before the caret, and … */
#define SHOWN_BEHIND 100 /* … behind it */

static size_t character_begin(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80) at--;
    return at;
}

/* A line of the text as a terminal may see it: what would command it shows as ?. */
static void show_line(const char *text, size_t size, bool cut_before, bool cut_behind)
{
    fputs(cut_before ? "  …" : "  ", stderr);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        fputc((c < 0x20 && c != '\t') || c == 0x7f ? '?' : c, stderr);
    }
    fputs(cut_behind ? "…\n" : "\n", stderr);
}

/* As many columns as the bytes [begin, end) take, tabs as they are. */
static void show_space(const char *text, size_t begin, size_t end)
{
    for (size_t next; begin < end; begin = next) {
        int width;

        next = bp_text_cluster(text, end, begin, &width);
        if (text[begin] == '\t') {
            fputc('\t', stderr);
            continue;
        }
        if ((unsigned char)text[begin] < 0x20) width = 1;
        for (int column = 0; column < width; column++) fputc(' ', stderr);
    }
}

/* The line of the text that holds byte `position`, or what is near in a long one, with a caret below it. */
static void show_caret(const char *text, size_t size, size_t position)
{
    size_t begin = position, end = position;
    bool cut_before, cut_behind;

    while (begin > 0 && text[begin - 1] != '\n' && position - begin <= SHOWN_BEFORE) begin--;
    while (end < size && text[end] != '\n' && end - position <= SHOWN_BEHIND) end++;
    if (end < size) end = character_begin(text, end);
    cut_before = begin > 0 && text[begin - 1] != '\n';
    cut_behind = end < size && text[end] != '\n';
    if (cut_before) begin = character_begin(text, begin);
    if (end > begin && end > position && text[end - 1] == '\r') end--;
    show_line(text + begin, end - begin, cut_before, cut_behind);
    fputs(cut_before ? "   " : "  ", stderr);
    show_space(text, begin, position);
    fputs("^\n", stderr);
}

typedef struct script {
    const char *name;
    size_t line, column; /* of the text's first byte, from 1 */
} script;

static int report_at(const script *script, const char *text, size_t size, const bp_error *err)
{
    size_t line = script->line, column = script->column;

    if (!text || err->position < 0 || (size_t)err->position > size) {
        fprintf(stderr, "error: %s\n", err->message);
        return exit_code_of(err->status);
    }
    for (size_t i = 0; i < (size_t)err->position; i++) {
        column = text[i] == '\n' ? 1 : column + (((unsigned char)text[i] & 0xc0) != 0x80);
        line += text[i] == '\n';
    }
    fprintf(stderr, "error: %s:%zu:%zu: %s\n", script->name, line, column, err->message);
    show_caret(text, size, (size_t)err->position);
    return exit_code_of(err->status);
}

int report_error(const char *name, const char *text, size_t size, const bp_error *err)
{
    return report_at(&(script){name, 1, 1}, text, size, err);
}

static int interrupted(void)
{
    fputs("error: interrupted\n", stderr);
    return EXIT_INTERRUPTED;
}

/* one statement -------------------------------------------------------------------------------------------------------------------- */
/* fwrite() goes on after a signal has cut a write into a full pipe short, and then Ctrl-C waits for the reader: large pieces are written here. */
static bool write_all(FILE *stream, const char *bytes, size_t size)
{
    if (size < BUFSIZ) return fwrite(bytes, 1, size, stream) == size;
    if (fflush(stream)) return false;
    while (size) {
        ssize_t put = was_interrupted() ? -1 : write(fileno(stream), bytes, size);
        if (put < 0 && (errno != EINTR || was_interrupted())) return false;
        if (put < 0) continue;
        bytes += put;
        size -= (size_t)put;
    }
    return true;
}

static int put_bytes(void *data, const char *bytes, size_t size)
{
    sql_session *session = data;

    progress_clear(&session->progress);
    if (session->output.stream == stdout && session->options.terminal)
        session->progress.wanted = false; /* rows are the sign of life */
    if (was_interrupted()) return 1;
    if (write_all(session->output.stream, bytes, size)) return 0;
    if (!was_interrupted()) session->output.failed = errno;
    return 1;
}

/* Cut to the terminal, coloured and counted for eyes alone; a file or a pipe gets all. */
static bp_print_options effective_options(const sql_session *session)
{
    bool direct = session->output.stream == stdout, terminal = direct && session->options.terminal;
    bp_print_options print = session->options.print;
    struct winsize size;

    print.show_count = terminal;
    print.path = session->output.target;
    print.dim_null = direct && session->options.colour;
    if (print.most_rows == BY_TERMINAL) print.most_rows = terminal ? TERMINAL_ROWS : 0;
    if (print.width == BY_TERMINAL) print.width = terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
    return print;
}

/* Bytes that are no text do not go to a terminal, and nothing stands behind a result that is whole by itself. */
static bp_status check_binary(sql_session *session, const char *format, bp_error *err)
{
    output *output = &session->output;

    if (output->full || (bp_print_format_is_binary(format) && output->stream == stdout && session->options.terminal)) {
        *err = (bp_error){.status = BP_BAD_ARGUMENT, .position = -1};
        snprintf(err->message, sizeof err->message,
                 output->full ? "%s: in the format %s a file holds one result; this is the second"
                              : "%s is a terminal, and %s is no text; give --output PATH or a pipe",
                 output->name, format);
        return err->status;
    }
    output->full = bp_print_format_is_binary(format);
    return BP_OK;
}

static bp_status print_statement(sql_session *session, bp_result *result, bp_error *err)
{
    bp_print_options print = effective_options(session);
    bp_status status;

    if (bp_result_get_kind(result) == BP_RESULT_ROWS && (status = check_binary(session, print.format, err))) return status;
    return bp_result_print(result, &print, put_bytes, session, err);
}

static bp_status run_statement(sql_session *session, bp_statement *statement, bp_error *err)
{
    double start = now_seconds();
    bp_result *result;
    bp_status status;

    if ((status = bp_execute(&result, statement, err))) return status;
    status = print_statement(session, result, err);
    bp_result_free(result);
    progress_clear(&session->progress);
    if (session->options.timer && !status) fprintf(stderr, "%.3f s\n", now_seconds() - start);
    return status;
}

/* The exit code of a statement that failed. */
static int failed(sql_session *session, const script *script, const char *text, size_t size, const bp_error *err)
{
    if (session->output.failed) return session->output.failed == EPIPE ? EXIT_PIPE : EXIT_ERROR; /* output_close() says why */
    if (was_interrupted()) return interrupted();
    return report_at(script, text, size, err);
}

/* The statements in text[at..size); the text before is for messages. */
static int run_part(sql_session *session, const script *script, const char *text, size_t at, size_t size)
{
    bp_error err;

    while (at < size) {
        bp_statement *statement;
        size_t consumed = 0;
        bp_status status;

        if (was_interrupted()) return interrupted();
        progress_begin(&session->progress, session->live);
        bp_context_timeout_begin(session->context);
        status = bp_prepare(&statement, session->connection, text + at, size - at, &consumed, &err);
        if (!status && statement) status = run_statement(session, statement, &err);
        bp_context_timeout_end(session->context);
        if (!status && !statement) return EXIT_DONE;
        bp_statement_free(statement);
        progress_clear(&session->progress);
        if (status) {
            if (err.position >= 0) err.position += (int64_t)at;
            return failed(session, script, text, size, &err);
        }
        at += consumed;
    }
    return EXIT_DONE;
}

/* streams -------------------------------------------------------------------------------------------------------------------------- */
typedef struct reader {
    sql_session *session;
    script script;
    text_buffer buffer;
    size_t at, searched;
} reader;

/* Run the whole statements that the buffer holds. */
static int run_whole(reader *reader)
{
    const char *text = reader->buffer.data;
    int code = EXIT_DONE;

    while (code == EXIT_DONE) {
        size_t end;
        int open;
        bp_token_kind kind = bp_scan_token(text, reader->buffer.size, reader->searched, &end, &open);

        /* What reaches the end is looked at again with what follows: a minus may become a comment. */
        if (kind != BP_TOKEN_SEMICOLON && (open || end == reader->buffer.size)) return EXIT_DONE;
        reader->searched = end;
        if (kind != BP_TOKEN_SEMICOLON) continue;
        code = run_part(reader->session, &reader->script, text, reader->at, end);
        reader->at = end;
        if (reader->session->output.stream && fflush(reader->session->output.stream) && !reader->session->output.failed) {
            reader->session->output.failed = errno;
            return errno == EPIPE ? EXIT_PIPE : EXIT_ERROR;
        }
    }
    return code;
}

/* Forget the lines before the next statement. */
static void drop_done(reader *reader)
{
    size_t begin = reader->at;
    script *script = &reader->script;

    while (begin > 0 && reader->buffer.data[begin - 1] != '\n') begin--;
    if (reader->at - begin > LONG_LINE) begin = reader->at;
    for (size_t i = 0; i < begin; i++) {
        script->column =
            reader->buffer.data[i] == '\n' ? 1 : script->column + (((unsigned char)reader->buffer.data[i] & 0xc0) != 0x80);
        script->line += reader->buffer.data[i] == '\n';
    }
    text_buffer_replace(&reader->buffer, 0, begin, "", 0);
    reader->at -= begin;
    reader->searched -= begin;
}

/* Read what is there; 0 at the end, negative: errno says why, EINTR for Ctrl-C. */
static ssize_t read_more(reader *reader, int file)
{
    ssize_t got;

    if (!text_buffer_reserve(&reader->buffer, READ_SIZE)) {
        errno = ENOMEM;
        return -1;
    }
    do {
        got = read(file, reader->buffer.data + reader->buffer.size, READ_SIZE);
    } while (got < 0 && errno == EINTR && !was_interrupted());
    if (got > 0) reader->buffer.size += (size_t)got;
    reader->buffer.data[reader->buffer.size] = '\0';
    return got;
}

static int run_reader(reader *reader, int file)
{
    ssize_t got;
    int code;

    while ((got = read_more(reader, file)) > 0) {
        if ((code = run_whole(reader))) return code;
        drop_done(reader);
        if (reader->buffer.size - reader->at > STATEMENT_MOST) break;
    }
    if (got < 0 && was_interrupted()) return interrupted();
    if (got < 0) {
        fprintf(stderr, "error: %s: %s\n", reader->script.name, strerror(errno));
        return EXIT_ERROR;
    }
    return run_part(reader->session, &reader->script, text_buffer_text(&reader->buffer), reader->at, reader->buffer.size);
}

int run_stream(sql_session *session, const char *name, int file)
{
    reader reader = {.session = session, .script = {name, 1, 1}};
    int code = run_reader(&reader, file);

    text_buffer_clear(&reader.buffer);
    return code;
}

int run_script(sql_session *session, const char *name, const char *text, size_t size)
{
    return run_part(session, &(script){name, 1, 1}, text, 0, size);
}

int run_file(sql_session *session, const char *path)
{
    int file = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), code;

    if (file < 0) {
        fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
        return EXIT_ERROR;
    }
    code = run_stream(session, file == STDIN_FILENO ? "<stdin>" : path, file);
    if (file != STDIN_FILENO) close(file);
    return code;
}
