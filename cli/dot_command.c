/* Dot commands: one function each, named in dot_commands.def. */
#include <string.h>

#include "cli.h"

static const char *const dot_names[] = {
#define DOT(name, arguments, text) #name,
#include "dot_commands.def"
#undef DOT
};

static const char *const dot_texts[][2] = {
#define DOT(name, arguments, text) {arguments, text},
#include "dot_commands.def"
#undef DOT
};

#define DOT_COUNT (sizeof dot_names / sizeof *dot_names)

const char *dot_command_at(size_t index, const char **arguments, const char **text)
{
    if (index >= DOT_COUNT) return NULL;
    if (arguments) *arguments = dot_texts[index][0];
    if (text) *text = dot_texts[index][1];
    return dot_names[index];
}

static const char *dot_name_at(size_t index)
{
    return dot_command_at(index, NULL, NULL);
}

static FILE *out_of(const sql_session *session)
{
    return session->output.stream;
}

static bool wants(const char *what, const char *argument)
{
    fprintf(stderr, "error: %s, not \"%s\"\n", what, argument);
    return true;
}

static void run_text(sql_session *session, const char *text)
{
    run_script(session, "<shell>", text, strlen(text));
}

/* All return false to leave the shell. `argument` has no white space around it, "" when there is none. */
static bool dot_help(sql_session *session, const char *argument)
{
    const char *name, *arguments, *text;
    bool found = false;

    for (size_t i = 0; (name = dot_command_at(i, &arguments, &text)); i++) {
        char left[64];
        if (*argument && strcmp(argument + (*argument == '.'), name) != 0) continue;
        snprintf(left, sizeof left, ".%s %s", name, arguments);
        fprintf(out_of(session), "%-24s%s\n", left, text);
        found = true;
    }
    return found || wants(".help wants the name of a dot command", argument);
}

static bool dot_tables(sql_session *session, const char *argument)
{
    (void)argument;
    run_text(session, "SHOW TABLES");
    return true;
}

static void describe(void *data, const char *name)
{
    sql_session *session = data;
    text_buffer query = {0};

    fprintf(out_of(session), "%s\n", name);
    text_buffer_add(&query, "DESCRIBE ");
    text_buffer_add(&query, name);
    if (!query.failed) run_text(session, query.data);
    text_buffer_clear(&query);
}

static bool dot_schema(sql_session *session, const char *argument)
{
    text_buffer query = {0};

    if (!*argument) {
        for_each_table(session, describe, session);
        return true;
    }
    text_buffer_add(&query, "DESCRIBE ");
    text_buffer_add(&query, argument);
    if (!query.failed) run_text(session, query.data);
    text_buffer_clear(&query);
    return true;
}

static bool dot_mode(sql_session *session, const char *argument)
{
    const char *name;

    if (!*argument) {
        fprintf(out_of(session), "%s\n", session->options.print.format);
        return true;
    }
    if (!check_format(argument)) return true;
    for (size_t i = 0; (name = bp_print_format(i)); i++)
        if (strcmp(name, argument) == 0) session->options.print.format = name;
    return true;
}

/* on or off; true when it was one of them. */
static bool read_switch(const char *argument, bool *value)
{
    if (strcmp(argument, "on") != 0 && strcmp(argument, "off") != 0) return false;
    *value = strcmp(argument, "on") == 0;
    return true;
}

static bool dot_headers(sql_session *session, const char *argument)
{
    bool shown;

    if (!read_switch(argument, &shown)) return wants(".headers wants on or off", argument);
    session->options.print.no_header = !shown;
    return true;
}

static bool dot_timer(sql_session *session, const char *argument)
{
    if (!read_switch(argument, &session->options.timer)) return wants(".timer wants on or off", argument);
    return true;
}

static bool dot_null(sql_session *session, const char *argument)
{
    text_buffer_reset(&session->null_text);
    text_buffer_add(&session->null_text, argument);
    session->options.print.null_text = *argument ? session->null_text.data : NULL;
    return true;
}

static bool dot_maxrows(sql_session *session, const char *argument)
{
    session->options.print.most_rows = BY_TERMINAL;
    if (*argument && !read_number(argument, SIZE_MAX / 4, &session->options.print.most_rows))
        return wants(".maxrows wants a number", argument);
    return true;
}

static bool dot_width(sql_session *session, const char *argument)
{
    session->options.print.width = BY_TERMINAL;
    if (*argument && !read_number(argument, SIZE_MAX / 4, &session->options.print.width))
        return wants(".width wants a number of columns", argument);
    return true;
}

static void print_setting(sql_session *session, const char *name)
{
    char value[1024];
    bp_error err;

    if (bp_context_get(session->context, name, value, sizeof value, &err))
        fprintf(stderr, "error: %s\n", err.message);
    else
        fprintf(out_of(session), "%s = %s\n", name, value);
}

static bool dot_set(sql_session *session, const char *argument)
{
    const char *name, *space = strchr(argument, ' ');
    text_buffer left = {0};

    if (!*argument) {
        for (size_t i = 0; (name = bp_setting_name(i, NULL)); i++) print_setting(session, name);
        return true;
    }
    text_buffer_append(&left, argument, space ? (size_t)(space - argument) : strlen(argument));
    if (space)
        set_setting(session->context, text_buffer_text(&left), space + strspn(space, " ="));
    else
        print_setting(session, text_buffer_text(&left));
    text_buffer_clear(&left);
    return true;
}

static bool dot_read(sql_session *session, const char *argument)
{
    if (!*argument) return wants(".read wants the name of a file", argument);
    run_file(session, argument);
    return true;
}

static bool dot_output(sql_session *session, const char *argument)
{
    output next = {0};

    if (*argument && !output_open(&next, argument)) return true; /* results go on to where they went */
    output_close(&session->output, true);
    if (*argument)
        session->output = next;
    else
        return output_open(&session->output, NULL);
    session->output.name = "the file of .output"; /* the argument does not live that long */
    return true;
}

static bool dot_open(sql_session *session, const char *argument)
{
    bp_connection *fresh;
    bp_error err;

    if (*argument) return wants("database files are not there yet; .open begins with an empty database in memory", argument);
    if (bp_connection_new(&fresh, session->context, &err)) {
        fprintf(stderr, "error: %s\n", err.message);
        return true;
    }
    bp_connection_free(session->connection);
    session->connection = fresh;
    return true;
}

static bool dot_quit(sql_session *session, const char *argument)
{
    (void)session, (void)argument;
    return false;
}

#define dot_exit dot_quit

static bool (*const dot_functions[])(sql_session *session, const char *argument) = {
#define DOT(name, arguments, text) dot_##name,
#include "dot_commands.def"
#undef DOT
};

/* The word before an argument with white space and one pair of quotes taken off. */
static void read_argument(text_buffer *out, const char *text)
{
    size_t size;

    text += strspn(text, " \t");
    size = strlen(text);
    while (size && strchr(" \t\r", text[size - 1])) size--;
    if (size >= 2 && (text[0] == '\'' || text[0] == '"') && text[size - 1] == text[0]) text++, size -= 2;
    text_buffer_append(out, text, size);
}

static bool unknown_command(const char *name)
{
    const char *near = nearest_name(name, dot_name_at);

    fprintf(stderr, "error: there is no command .%s; ", name);
    if (near)
        fprintf(stderr, "did you mean .%s?\n", near);
    else
        fputs(".help lists them\n", stderr);
    return true;
}

bool run_dot_command(sql_session *session, const char *line)
{
    size_t letters = strcspn(line + 1, " \t\r");
    text_buffer name = {0}, argument = {0};
    bool stay = true, found = false;

    text_buffer_append(&name, line + 1, letters);
    read_argument(&argument, line + 1 + letters);
    for (size_t i = 0; i < DOT_COUNT && !name.failed && !argument.failed; i++) {
        if (strcmp(dot_names[i], name.data) != 0) continue;
        stay = dot_functions[i](session, argument.data);
        found = true;
        break;
    }
    if (!found) unknown_command(text_buffer_text(&name));
    text_buffer_clear(&name);
    text_buffer_clear(&argument);
    return stay;
}

/* tables -------------------------------------------------------------------------------------------------------------------------- */
/* Completion offers table functions too, with their bracket. */
static void keep_table(void *data, const char *word, size_t replace_from)
{
    text_buffer *names = data;
    size_t size = strlen(word);

    (void)replace_from;
    if (size && word[size - 1] != '(') text_buffer_append(names, word, size + 1);
}

/* The names are gathered first: `found` may use the connection. */
void for_each_table(sql_session *session, table_function found, void *data)
{
    text_buffer names = {0};
    bp_error err;

    if (bp_complete(session->connection, "FROM ", 5, 5, keep_table, &names, &err)) fprintf(stderr, "error: %s\n", err.message);
    for (size_t at = 0; at < names.size && !names.failed; at += strlen(names.data + at) + 1) found(data, names.data + at);
    text_buffer_clear(&names);
}
