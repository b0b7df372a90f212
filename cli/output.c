/* Results are written to a file of another name beside the target, which replaces the target when everything is there: whoever reads the target sees the old
 * content or the new, never half of it. What is no regular file (/dev/stdout, a named pipe) is written directly. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* Told to end, the process leaves no half file behind. */
static const char *volatile unfinished;

static void on_end(int number)
{
    const char *path = unfinished;

    if (path) unlink(path);
    signal(number, SIG_DFL);
    raise(number);
}

static void watch(const char *temporary)
{
    struct sigaction action = {.sa_handler = temporary ? on_end : SIG_DFL}, before;
    static const int numbers[] = {SIGTERM, SIGHUP};

    unfinished = temporary;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(numbers[i], &action, NULL);
}

static bool open_failed(const char *path)
{
    fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
    return false;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy) memcpy(copy, text, size);
    return copy;
}

/* A new file beside the target, with the target's mode if there is one. */
static bool open_temporary(output *output, const char *path, const struct stat *about)
{
    text_buffer name = {0};
    int file = -1;

    output->target = realpath(path, NULL); /* through a symbolic link */
    if (!output->target) output->target = copy_text(path);
    text_buffer_add(&name, output->target ? output->target : "");
    text_buffer_format(&name, ".%ld.part", (long)getpid());
    if (!output->target || name.failed) {
        text_buffer_clear(&name);
        errno = ENOMEM;
        return open_failed(path);
    }
    output->temporary = name.data;
    file = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 && about) (void)!fchmod(file, about->st_mode & 07777);
    if (file >= 0) watch(output->temporary);
    if (file >= 0) output->stream = fdopen(file, "wb");
    return output->stream || open_failed(path);
}

static void forget(output *output)
{
    if (output->temporary && unfinished == output->temporary) watch(NULL);
    free(output->target);
    free(output->temporary);
    *output = (struct output){0};
}

bool output_open(output *output, const char *path)
{
    struct stat about;
    bool there;

    *output = (struct output){.stream = path ? NULL : stdout, .name = path ? path : "standard output"};
    if (!path) return true;
    there = stat(path, &about) == 0;
    if (!there || S_ISREG(about.st_mode)) {
        if (open_temporary(output, path, there ? &about : NULL)) return true;
        forget(output);
        return false;
    }
    output->stream = fopen(path, "wb");
    return output->stream || open_failed(path);
}

int output_close(output *output, bool keep)
{
    int code = EXIT_DONE;

    if (!output->stream) return EXIT_DONE;
    if ((output->stream == stdout ? fflush(stdout) : fclose(output->stream)) && !output->failed) output->failed = errno;
    if (output->temporary && (output->failed || !keep))
        unlink(output->temporary);
    else if (output->temporary && rename(output->temporary, output->target)) {
        output->failed = errno;
        unlink(output->temporary);
    }
    if (output->failed == EPIPE) {
        code = EXIT_PIPE;
    } else if (output->failed) {
        fprintf(stderr, "error: %s: %s\n", output->name, strerror(output->failed));
        code = EXIT_ERROR;
    }
    forget(output);
    return code;
}
