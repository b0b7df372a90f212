/* bedplate completions SHELL: the files of completions/, for who has the command without them (a wheel installs no files for shells). */
#include <string.h>

#include "cli.h"

static const struct completions {
    const char *shell, *text;
} completions[] = {
#include "completions.inc"
};

int command_completions(int count, char **arguments)
{
    for (size_t i = 0; count == 1 && i < sizeof completions / sizeof *completions; i++) {
        if (strcmp(arguments[0], completions[i].shell) != 0) continue;
        fputs(completions[i].text, stdout);
        return output_close(&(output){.stream = stdout, .name = "standard output"}, true);
    }
    fputs("usage: bedplate completions bash|zsh|fish\n"
          "  for bash: source <(bedplate completions bash), in ~/.bashrc\n",
          stderr);
    return EXIT_USAGE;
}
