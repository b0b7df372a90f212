/* bedplate: the command. Results go to standard output, everything else to standard error. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const char usage[] = "usage: bedplate COMMAND [ARGUMENT …]\n"
                            "  sql    ask questions of CSV files and tables in SQL (bedplate sql --help)\n"
                            "  info   version, threads, limits\n"
                            "bedplate --version prints the version.\n";

int main(int count, char **arguments)
{
    signal(SIGPIPE, SIG_IGN); /* a closed pipe shows as a failed write, and the exit code says so */
    if (count < 2 || strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0) {
        fputs(usage, count < 2 ? stderr : stdout);
        return count < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(arguments[1], "--version") == 0) {
        printf("bedplate %s\n", bp_version());
        return EXIT_DONE;
    }
    if (strcmp(arguments[1], "sql") == 0) return command_sql(count - 2, arguments + 2);
    if (strcmp(arguments[1], "info") == 0) return command_info(count - 2, arguments + 2);
    if (strcmp(arguments[1], "tokenize") == 0 || strcmp(arguments[1], "ml") == 0 || strcmp(arguments[1], "quantum") == 0)
        fprintf(stderr, "error: bedplate %s: this version does not have it yet\n", arguments[1]);
    else
        fprintf(stderr, "error: there is no command \"%s\"\n%s", arguments[1], usage);
    return EXIT_USAGE;
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
    return EXIT_DONE;
}
