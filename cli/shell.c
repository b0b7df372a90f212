/* The shell: reads lines until a statement is whole, runs it, goes on after errors. Dot commands begin a line. */
#include <string.h>

#include "cli.h"

#define STATEMENT_SIZE 1000000

static const char help[] = ".help                 this text\n"
                           ".tables               names of tables and views\n"
                           ".schema TABLE         columns of a table\n"
                           ".mode FORMAT          box csv tsv json jsonl markdown html line\n"
                           ".timer on|off         print the time of each statement\n"
                           ".read FILE            run a file\n"
                           ".quit                 leave (also Ctrl-D)\n";

static void run_text(sql_session *session, const char *text)
{
    run_script(session, "<shell>", text, strlen(text));
    fflush(session->output);
}

static void read_file(sql_session *session, const char *path)
{
    static char text[STATEMENT_SIZE];
    FILE *stream = fopen(path, "rb");
    size_t size;

    if (!stream) {
        fprintf(stderr, "error: %s could not be opened\n", path);
        return;
    }
    size = fread(text, 1, sizeof text - 1, stream);
    fclose(stream);
    text[size] = '\0';
    run_script(session, path, text, size);
}

static const char *argument_of(const char *line)
{
    const char *space = strchr(line, ' ');

    return space ? space + 1 : "";
}

static bool begins(const char *line, const char *command)
{
    size_t size = strlen(command);

    return strncmp(line, command, size) == 0 && (line[size] == '\0' || line[size] == ' ');
}

/* False: leave. */
static bool run_dot_command(sql_session *session, const char *line)
{
    static char mode[32], text[512];

    if (begins(line, ".quit") || begins(line, ".exit")) return false;
    if (begins(line, ".help")) {
        fputs(help, session->output);
    } else if (begins(line, ".tables")) {
        run_text(session, "SHOW TABLES");
    } else if (begins(line, ".schema")) {
        snprintf(text, sizeof text, "DESCRIBE %s", argument_of(line));
        run_text(session, text);
    } else if (begins(line, ".mode")) {
        snprintf(mode, sizeof mode, "%s", argument_of(line));
        session->options.print.format = mode;
    } else if (begins(line, ".timer")) {
        session->options.timer = strcmp(argument_of(line), "on") == 0;
    } else if (begins(line, ".read")) {
        read_file(session, argument_of(line));
    } else {
        fprintf(stderr, "error: there is no command %s; .help lists them\n", line);
    }
    return true;
}

int run_shell(sql_session *session)
{
    static char text[STATEMENT_SIZE];
    size_t size = 0;

    printf("bedplate %s; .help for help\n", bp_version());
    for (;;) {
        fputs(size ? "   ...> " : "bedplate> ", stdout);
        fflush(stdout);
        if (!fgets(text + size, (int)(sizeof text - size), stdin)) break;
        if (size == 0 && text[0] == '.') {
            text[strcspn(text, "\r\n")] = '\0';
            if (!run_dot_command(session, text)) return EXIT_DONE;
            continue;
        }
        size += strlen(text + size);
        if (!bp_statement_is_complete(text, size)) continue;
        run_text(session, text);
        size = 0;
    }
    fputc('\n', stdout);
    return EXIT_DONE;
}
