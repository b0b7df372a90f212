/* bedplate sql: options, where the text comes from, where the output goes. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

static const char usage[] =
    "usage: bedplate sql [-c QUERY | -f FILE.sql] [OPTION …]\n"
    "  -c QUERY                 run this text, statement by statement\n"
    "  -f FILE                  run this file; without -c and -f: a shell at a terminal, else standard input\n"
    "  --format FORMAT          box csv tsv json jsonl markdown html line\n"
    "  --output PATH            write results to a file\n"
    "  --null TEXT              what NULL is printed as\n"
    "  --threads N              worker threads\n"
    "  --memory-limit SIZE      most memory: 512MB, 4GiB, 80%\n"
    "  --temp-directory DIR     folder for temporary files\n"
    "  --set NAME=VALUE         any setting\n"
    "  --timer                  print the time of each statement\n"
    "  --timeout SECONDS        stop a statement that takes longer\n";

/* Ctrl-C: the running call ends; the handler only sets a flag. */
static bp_context *interrupted_context;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    if (interrupted_context) bp_context_cancel(interrupted_context);
}

bool set_setting(bp_context *context, const char *name, const char *value)
{
    bp_error err;

    if (bp_context_set(context, name, value, &err) == BP_OK) return true;
    fprintf(stderr, "error: %s\n", err.message);
    return false;
}

static bool set_pair(bp_context *context, const char *pair)
{
    char name[256];
    const char *equals = strchr(pair, '=');

    if (!equals || (size_t)(equals - pair) >= sizeof name) {
        fprintf(stderr, "error: --set wants NAME=VALUE, not \"%s\"\n", pair);
        return false;
    }
    memcpy(name, pair, (size_t)(equals - pair));
    name[equals - pair] = '\0';
    return set_setting(context, name, equals + 1);
}

typedef struct option_row {
    const char *name;
    const char *setting; /* of the context; NULL: handled below */
} option_row;

static const option_row options_with_value[] = {
    {"-c", NULL},
    {"-f", NULL},
    {"--format", NULL},
    {"--output", NULL},
    {"--null", NULL},
    {"--set", NULL},
    {"--threads", "threads"},
    {"--memory-limit", "memory_limit"},
    {"--temp-directory", "temp_directory"},
    {"--timeout", "timeout"},
};

static bool take_option(sql_session *session, const char *name, const char *value)
{
    sql_options *options = &session->options;

    if (strcmp(name, "-c") == 0) options->query = value;
    if (strcmp(name, "-f") == 0) options->file = value;
    if (strcmp(name, "--format") == 0) options->print.format = value;
    if (strcmp(name, "--output") == 0) options->output = value;
    if (strcmp(name, "--null") == 0) options->print.null_text = value;
    return strcmp(name, "--set") != 0 || set_pair(session->context, value);
}

static int usage_error(const char *what, const char *argument)
{
    fprintf(stderr, "error: %s \"%s\"\n%s", what, argument, usage);
    return EXIT_USAGE;
}

static int read_options(sql_session *session, int count, char **arguments)
{
    for (int i = 0; i < count; i++) {
        const option_row *row = NULL;
        for (size_t j = 0; j < sizeof options_with_value / sizeof *options_with_value; j++)
            if (strcmp(arguments[i], options_with_value[j].name) == 0) row = &options_with_value[j];
        if (strcmp(arguments[i], "--timer") == 0) {
            session->options.timer = true;
        } else if (row && i + 1 < count) {
            i++;
            if (row->setting ? !set_setting(session->context, row->setting, arguments[i])
                             : !take_option(session, row->name, arguments[i]))
                return EXIT_USAGE;
        } else if (row) {
            return usage_error("a value is missing behind", arguments[i]);
        } else if (arguments[i][0] == '-') {
            return usage_error("there is no option", arguments[i]);
        } else {
            return usage_error("database files are not there yet:", arguments[i]);
        }
    }
    if (session->options.query && session->options.file) return usage_error("-c and -f do not go together:", session->options.file);
    return EXIT_DONE;
}

/* All of a stream in one block that grows; NULL: it could not be read. */
static char *read_stream(FILE *stream, size_t *size)
{
    size_t capacity = 65536, used = 0, got;
    char *text = malloc(capacity);

    while (text && (got = fread(text + used, 1, capacity - used, stream)) > 0) {
        used += got;
        if (used == capacity) {
            char *larger = realloc(text, capacity * 2);
            if (!larger) free(text);
            text = larger;
            capacity *= 2;
        }
    }
    if (text && ferror(stream)) {
        free(text);
        return NULL;
    }
    *size = used;
    return text;
}

static int run_stream(sql_session *session, const char *name, FILE *stream)
{
    size_t size = 0;
    char *text = read_stream(stream, &size);
    int code;

    if (!text) {
        fprintf(stderr, "error: %s: %s\n", name, strerror(errno ? errno : ENOMEM));
        return EXIT_ERROR;
    }
    code = run_script(session, name, text, size);
    free(text);
    return code;
}

static int run_file(sql_session *session, const char *path)
{
    FILE *stream = fopen(path, "rb");
    int code;

    if (!stream) {
        fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
        return EXIT_ERROR;
    }
    code = run_stream(session, path, stream);
    fclose(stream);
    return code;
}

static void fit_terminal(sql_options *options)
{
    struct winsize size;

    if (options->output || !isatty(STDOUT_FILENO)) return;
    options->print.most_rows = 40;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) options->print.width = size.ws_col;
}

static int run(sql_session *session)
{
    sql_options *options = &session->options;
    int code;

    fit_terminal(options);
    session->output = options->output ? fopen(options->output, "wb") : stdout;
    if (!session->output) {
        fprintf(stderr, "error: %s: %s\n", options->output, strerror(errno));
        return EXIT_ERROR;
    }
    interrupted_context = session->context;
    signal(SIGINT, on_interrupt);
    if (options->query)
        code = run_script(session, "-c", options->query, strlen(options->query));
    else if (options->file)
        code = run_file(session, options->file);
    else
        code = isatty(STDIN_FILENO) ? run_shell(session) : run_stream(session, "<stdin>", stdin);
    if (session->output != stdout ? fclose(session->output) : fflush(stdout)) {
        if (errno != EPIPE)
            fprintf(stderr, "error: %s: %s\n", options->output ? options->output : "standard output", strerror(errno));
        if (code == EXIT_DONE) code = errno == EPIPE ? EXIT_PIPE : EXIT_ERROR;
    }
    return code;
}

int command_sql(int count, char **arguments)
{
    sql_session session = {.options = {.print = {.format = "box"}}};
    bp_error err;
    int code = EXIT_DONE;

    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], "--help") != 0 && strcmp(arguments[i], "-h") != 0) continue;
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    if (bp_context_new(&session.context, &err)) return report_error(NULL, NULL, 0, &err);
    code = read_options(&session, count, arguments);
    if (code == EXIT_DONE && bp_connection_new(&session.connection, session.context, &err))
        code = report_error(NULL, NULL, 0, &err);
    if (code == EXIT_DONE) code = run(&session);
    bp_connection_free(session.connection);
    interrupted_context = NULL;
    bp_context_free(session.context);
    return code;
}
