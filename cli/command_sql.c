/* bedplate sql: options, where the text comes from, where the output goes. */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* Ctrl-C: the running call ends. The handler sets a flag as well, for what lies between calls. */
static bp_context *interrupted_context;
static volatile sig_atomic_t interrupts;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupts = 1;
    if (interrupted_context) bp_context_cancel(interrupted_context);
}

bool was_interrupted(void)
{
    return interrupts != 0;
}

void reset_interrupt(void)
{
    interrupts = 0;
}

/* Calls of the system end too (no SA_RESTART). Who started us with SIGINT ignored keeps it so. */
static void handle_interrupt(bp_context *context)
{
    struct sigaction action = {.sa_handler = on_interrupt}, before;

    interrupted_context = context;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(SIGINT, &action, NULL);
}

/* values -------------------------------------------------------------------------------------------------------------------------- */
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

bool check_format(const char *format)
{
    const char *name;

    for (size_t i = 0; (name = bp_print_format(i)); i++)
        if (strcmp(name, format) == 0) return true;
    fprintf(stderr, "error: there is no output format \"%s\"; there are", format);
    for (size_t i = 0; (name = bp_print_format(i)); i++) fprintf(stderr, " %s", name);
    fputc('\n', stderr);
    return false;
}

bool read_number(const char *text, size_t most, size_t *out)
{
    size_t number = 0;

    for (const char *at = text; *at; at++) {
        if (*at < '0' || *at > '9' || number > most / 10) return false;
        number = number * 10 + (size_t)(*at - '0');
    }
    *out = number;
    return *text && number <= most;
}

/* How many letters must be changed, put in or left out; counted up to 3. */
static size_t distance(const char *left, const char *right)
{
    size_t row[64], rights = strlen(right);

    if (rights >= sizeof row / sizeof *row || strlen(left) > rights + 2 || rights > strlen(left) + 2) return 3;
    for (size_t j = 0; j <= rights; j++) row[j] = j;
    for (size_t i = 0; left[i]; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < rights; j++) {
            size_t change = corner + (left[i] != right[j]), drop = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            corner = row[j + 1];
            row[j + 1] = change < drop ? change : drop;
        }
    }
    return row[rights];
}

const char *nearest_name(const char *text, const char *(*name_at)(size_t index))
{
    const char *best = NULL, *name;
    size_t best_distance = 3;

    for (size_t i = 0; (name = name_at(i)); i++) {
        size_t letters = strlen(text), found = distance(text, name);
        if (letters >= 3 && strncmp(name, text, letters) == 0) found = 0; /* the beginning of it */
        if (found >= best_distance || found >= letters) continue;
        best = name;
        best_distance = found;
    }
    return best;
}

/* options ------------------------------------------------------------------------------------------------------------------------- */
typedef enum option_kind {
    OPTION_QUERY,
    OPTION_FILE,
    OPTION_FORMAT,
    OPTION_OUTPUT,
    OPTION_NULL_TEXT,
    OPTION_NO_HEADER,
    OPTION_MAX_ROWS,
    OPTION_COLOUR,
    OPTION_SETTING,
    OPTION_SET,
    OPTION_TIMER,
    OPTION_HELP
} option_kind;

typedef struct option_row {
    const char *name;
    const char *argument; /* NULL: none */
    option_kind kind;
    const char *setting; /* of the context */
    const char *text;
} option_row;

static const option_row options_table[] = {
#define OPTION(name, argument, kind, setting, text) {name, argument, OPTION_##kind, setting, text},
#include "options.def"
#undef OPTION
};
#define OPTION_COUNT (sizeof options_table / sizeof *options_table)

static const char *option_name_at(size_t index)
{
    return index < OPTION_COUNT ? options_table[index].name : NULL;
}

static void print_usage(FILE *stream)
{
    fputs("usage: bedplate sql [-c QUERY | -f FILE.sql] [OPTION …]\n", stream);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const option_row *row = &options_table[i];
        char left[64];

        snprintf(left, sizeof left, "%s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
        fprintf(stream, "  %-24s %s\n", left, row->text);
    }
}

static int usage_error(const char *what, const char *argument)
{
    fprintf(stderr, "error: %s \"%s\"\n", what, argument);
    print_usage(stderr);
    return EXIT_USAGE;
}

static int unknown_option(const char *argument)
{
    const char *near = nearest_name(argument, option_name_at);

    if (!near) return usage_error("there is no option", argument);
    fprintf(stderr, "error: there is no option \"%s\"; did you mean %s?\n", argument, near);
    return EXIT_USAGE;
}

static bool take_colour(sql_options *options, const char *when)
{
    if (strcmp(when, "always") != 0 && strcmp(when, "never") != 0 && strcmp(when, "auto") != 0) {
        fprintf(stderr, "error: --color wants auto, always or never, not \"%s\"\n", when);
        return false;
    }
    if (strcmp(when, "auto") != 0) options->colour = strcmp(when, "always") == 0;
    return true;
}

static bool take_max_rows(sql_options *options, const char *value)
{
    if (read_number(value, SIZE_MAX / 4, &options->print.most_rows)) return true;
    fprintf(stderr, "error: --max-rows wants a number, not \"%s\"\n", value);
    return false;
}

static bool take_option(sql_session *session, const option_row *row, const char *value)
{
    sql_options *options = &session->options;

    switch (row->kind) {
    case OPTION_QUERY: options->query = value; return true;
    case OPTION_FILE: options->file = value; return true;
    case OPTION_FORMAT: options->print.format = value; return check_format(value);
    case OPTION_OUTPUT: options->output = value; return true;
    case OPTION_NULL_TEXT: options->print.null_text = value; return true;
    case OPTION_NO_HEADER: options->print.no_header = 1; return true;
    case OPTION_MAX_ROWS: return take_max_rows(options, value);
    case OPTION_COLOUR: return take_colour(options, value);
    case OPTION_SETTING: return set_setting(session->context, row->setting, value);
    case OPTION_SET: return set_pair(session->context, value);
    case OPTION_TIMER: options->timer = true; return true;
    case OPTION_HELP: return true;
    }
    return false;
}

/* The option of an argument "--name" or "--name=value"; *value: behind the equals sign, or NULL. */
static const option_row *find_option(const char *argument, const char **value)
{
    const char *equals = strncmp(argument, "--", 2) == 0 ? strchr(argument, '=') : NULL;
    size_t size = equals ? (size_t)(equals - argument) : strlen(argument);

    *value = equals ? equals + 1 : NULL;
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(options_table[i].name) == size && memcmp(options_table[i].name, argument, size) == 0) return &options_table[i];
    return NULL;
}

static int read_options(sql_session *session, int count, char **arguments)
{
    for (int i = 0; i < count; i++) {
        const char *value, *argument = arguments[i];
        const option_row *row = find_option(argument, &value);

        if (!row && argument[0] == '-') return unknown_option(argument);
        if (!row) return usage_error("database files are not there yet:", argument);
        if (!row->argument && value) return usage_error("no value is wanted behind", row->name);
        if (row->argument && !value && ++i == count) return usage_error("a value is missing behind", argument);
        if (row->argument && !value) value = arguments[i];
        if (!take_option(session, row, value)) return EXIT_USAGE;
    }
    if (session->options.query && session->options.file) return usage_error("-c and -f do not go together:", session->options.file);
    return EXIT_DONE;
}

static bool asks_for_help(int count, char **arguments)
{
    for (int i = 0; i < count; i++)
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0) return true;
    return false;
}

/* the terminal -------------------------------------------------------------------------------------------------------------------- */
static bool is_live(int file)
{
    const char *terminal = getenv("TERM");

    return isatty(file) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

static bool wants_colour(void)
{
    const char *refused = getenv("NO_COLOR");

    return is_live(STDOUT_FILENO) && !(refused && *refused);
}

static int run(sql_session *session)
{
    sql_options *options = &session->options;
    int code, closed;

    options->terminal = isatty(STDOUT_FILENO);
    if (!output_open(&session->output, options->output)) return EXIT_ERROR;
    session->live = is_live(STDERR_FILENO);
    handle_interrupt(session->context);
    bp_context_set_poll(session->context, progress_poll, session);
    if (options->query)
        code = run_script(session, "-c", options->query, strlen(options->query));
    else if (options->file)
        code = run_file(session, options->file);
    else
        code = isatty(STDIN_FILENO) ? run_shell(session) : run_stream(session, "<stdin>", STDIN_FILENO);
    closed = output_close(&session->output, code == EXIT_DONE);
    return code == EXIT_DONE ? closed : code;
}

int command_sql(int count, char **arguments)
{
    sql_session session = {
        .options = {.print = {.format = "box", .most_rows = BY_TERMINAL, .width = BY_TERMINAL}, .colour = wants_colour()}};
    bp_error err;
    int code;

    if (asks_for_help(count, arguments)) {
        print_usage(stdout);
        return output_close(&(output){.stream = stdout, .name = "standard output"}, true);
    }
    if (bp_context_new(&session.context, &err)) return report_error(NULL, NULL, 0, &err);
    code = read_options(&session, count, arguments);
    if (code == EXIT_DONE && bp_connection_new(&session.connection, session.context, &err))
        code = report_error(NULL, NULL, 0, &err);
    if (code == EXIT_DONE) code = run(&session);
    bp_connection_free(session.connection);
    text_buffer_clear(&session.null_text);
    interrupted_context = NULL;
    bp_context_free(session.context);
    return code;
}
