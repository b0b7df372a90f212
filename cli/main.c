/* bedplate: the command. Results go to standard output, everything else to standard error. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct command {
    const char *name, *text;
    int (*run)(int count, char **arguments);
} commands[] = {
#define COMMAND(name, text) {#name, text, command_##name},
#include "commands.def"
#undef COMMAND
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static const char *command_name_at(size_t index)
{
    return index < COMMAND_COUNT ? commands[index].name : NULL;
}

static void print_usage(FILE *stream)
{
    fputs("usage: bedplate COMMAND [ARGUMENT …]\n", stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++) fprintf(stream, "  %-12s %s\n", commands[i].name, commands[i].text);
    fputs("bedplate --version prints the version.\n", stream);
}

static int unknown_command(const char *name)
{
    const char *near = nearest_name(name, command_name_at);

    if (strcmp(name, "tokenize") == 0 || strcmp(name, "ml") == 0 || strcmp(name, "quantum") == 0) {
        fprintf(stderr, "error: bedplate %s: this version does not have it yet\n", name);
    } else if (near) {
        fprintf(stderr, "error: there is no command \"%s\"; did you mean %s?\n", name, near);
    } else {
        fprintf(stderr, "error: there is no command \"%s\"\n", name);
        print_usage(stderr);
    }
    return EXIT_USAGE;
}

/* What was printed has arrived, or why not. */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    if (errno == EPIPE) return EXIT_PIPE;
    fprintf(stderr, "error: standard output: %s\n", strerror(errno));
    return code == EXIT_DONE ? EXIT_ERROR : code;
}

int main(int count, char **arguments)
{
    signal(SIGPIPE, SIG_IGN); /* a closed pipe shows as a failed write, and the exit code says so */
    if (count < 2 || strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0) {
        print_usage(count < 2 ? stderr : stdout);
        return finish(count < 2 ? EXIT_USAGE : EXIT_DONE);
    }
    if (strcmp(arguments[1], "--version") == 0) {
        printf("bedplate %s\n", bp_version());
        return finish(EXIT_DONE);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(arguments[1], commands[i].name) == 0) return commands[i].run(count - 2, arguments + 2);
    return unknown_command(arguments[1]);
}

static void print_json_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20)
            printf("\\u%04x", (unsigned)(unsigned char)*text);
        else
            printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    }
    putchar('"');
}

int command_info(int count, char **arguments)
{
    bool json = count == 1 && strcmp(arguments[0], "--json") == 0;
    bp_context *context;
    bp_error err;
    const char *name;

    if (count > json) {
        fputs("usage: bedplate info [--json]\n", stderr);
        return EXIT_USAGE;
    }
    if (bp_context_new(&context, &err)) return report_error(NULL, NULL, 0, &err);
    if (json)
        printf("{\"version\": \"%s\"", bp_version());
    else
        printf("%-24s %s\n", "version", bp_version());
    for (size_t i = 0; (name = bp_setting_name(i, NULL)); i++) {
        char value[1024];
        if (bp_context_get(context, name, value, sizeof value, &err)) continue;
        if (!json) {
            printf("%-24s %s\n", name, value);
            continue;
        }
        printf(", \"%s\": ", name);
        print_json_text(value);
    }
    if (json) puts("}");
    bp_context_free(context);
    return finish(EXIT_DONE);
}
