/* The history file: one entry a line, a line break in it as \n and a backslash as \\.
 *
 * Each new entry is saved at once: the file is read again, the session's own entries are put behind what is there (so shells side by side
 * do not take each other's entries away), and the whole replaces the file by rename. The file is for its owner alone. */
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text_buffer.h"

#define FILE_SIZE_MOST 16777216

static char *copy_text(const char *text, size_t size)
{
    char *copy = malloc(size + 1);

    if (!copy) return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

/* lists ------------------------------------------------------------------------------------------------------------------------ */
static void list_remove(char **entries, size_t *count, size_t at)
{
    free(entries[at]);
    memmove(entries + at, entries + at + 1, (*count - at - 1) * sizeof *entries);
    --*count;
}

static void list_forget(char **entries, size_t *count, const char *entry)
{
    for (size_t i = *count; entry && i-- > 0;)
        if (strcmp(entries[i], entry) == 0) list_remove(entries, count, i);
}

/* Moves `entry` in; beyond the limit the oldest goes. */
static void list_push(char ***entries, size_t *count, size_t *capacity, char *entry)
{
    if (!entry) return;
    if (*count == HISTORY_ENTRIES) list_remove(*entries, count, 0);
    if (*count == *capacity) {
        size_t wanted = *capacity ? *capacity * 2 : 64;
        char **larger = realloc(*entries, wanted * sizeof *larger);
        if (!larger) {
            free(entry);
            return;
        }
        *entries = larger;
        *capacity = wanted;
    }
    (*entries)[(*count)++] = entry;
}

static void list_free(char **entries, size_t count)
{
    for (size_t i = 0; i < count; i++) free(entries[i]);
    free(entries);
}

/* the place of the file ------------------------------------------------------------------------------------------------------------ */
static char *join(const char *folder, const char *name)
{
    text_buffer path = {0};

    text_buffer_add(&path, folder);
    text_buffer_add(&path, name);
    if (!path.failed) return path.data;
    text_buffer_clear(&path);
    return NULL;
}

static char *find_path(void)
{
    const char *own = getenv("BEDPLATE_HISTORY"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *folder;

    if (own) return *own ? copy_text(own, strlen(own)) : NULL;
    if (state && state[0] == '/' && (folder = join(state, "/bedplate"))) {
        char *path = mkdir(folder, 0700) == 0 || errno == EEXIST ? join(folder, "/history") : NULL;
        free(folder);
        if (path) return path;
    }
    return home && home[0] == '/' ? join(home, "/.bedplate_history") : NULL;
}

/* reading --------------------------------------------------------------------------------------------------------------------------- */
static bool read_file(const char *path, text_buffer *out)
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = -1;

    if (file < 0) return false;
    if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= FILE_SIZE_MOST)
        while (text_buffer_reserve(out, 65536) && (got = read(file, out->data + out->size, 65536)) > 0) {
            out->size += (size_t)got;
            out->data[out->size] = '\0';
        }
    close(file);
    return got == 0;
}

/* A line of the file as it was typed; control characters are left out, a terminal would obey them. NULL: nothing is left. */
static char *decode(const char *line, size_t size)
{
    char *text = malloc(size + 1);
    size_t used = 0;

    if (!text) return NULL;
    for (size_t i = 0; i < size; i++) {
        char c = line[i];
        if (c == '\\' && i + 1 < size) {
            c = line[++i];
            if (c == 'n') c = '\n';
        } else if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f) {
            continue;
        }
        text[used++] = c;
    }
    text[used] = '\0';
    if (used) return text;
    free(text);
    return NULL;
}

static void load(history *history)
{
    text_buffer file = {0};

    if (read_file(history->path, &file)) {
        for (size_t at = 0; at < file.size;) {
            const char *end = memchr(file.data + at, '\n', file.size - at);
            size_t size = end ? (size_t)(end - file.data) - at : file.size - at;

            if (size && size <= 2 * HISTORY_ENTRY_SIZE)
                list_push(&history->entries, &history->count, &history->capacity, decode(file.data + at, size));
            at += size + 1;
        }
    }
    text_buffer_clear(&file);
}

/* writing --------------------------------------------------------------------------------------------------------------------------- */
static void encode(text_buffer *out, const char *entry)
{
    for (;;) {
        size_t plain = strcspn(entry, "\n\\");

        text_buffer_append(out, entry, plain);
        entry += plain;
        if (!*entry) break;
        text_buffer_add(out, *entry == '\n' ? "\\n" : "\\\\");
        entry++;
    }
    text_buffer_append(out, "\n", 1);
}

static bool write_all(int file, const text_buffer *content)
{
    for (size_t at = 0; at < content->size;) {
        ssize_t put = write(file, content->data + at, content->size - at);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        at += (size_t)put;
    }
    return true;
}

/* Replace the file by a new one; through a symbolic link, the file that it leads to. */
static void replace_file(const char *path, const text_buffer *content)
{
    struct stat about;
    char *target = realpath(path, NULL);
    text_buffer temporary = {0};
    int file = -1;
    bool whole = false;

    if (target && (stat(target, &about) || !S_ISREG(about.st_mode))) goto done;
    text_buffer_add(&temporary, target ? target : path);
    text_buffer_format(&temporary, ".%ld", (long)getpid());
    if (temporary.failed || content->failed) goto done;
    file = open(temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) goto done;
    whole = write_all(file, content);
    if (close(file)) whole = false;
    if (!whole || rename(temporary.data, target ? target : path)) unlink(temporary.data);
done:
    text_buffer_clear(&temporary);
    free(target);
}

static void add_unique(history *history, const char *entry)
{
    list_forget(history->entries, &history->count, entry);
    list_push(&history->entries, &history->count, &history->capacity, copy_text(entry, strlen(entry)));
}

static void save(history *history)
{
    text_buffer content = {0};

    list_free(history->entries, history->count);
    history->entries = NULL;
    history->count = history->capacity = 0;
    load(history);
    for (size_t i = 0; i < history->added_count; i++) add_unique(history, history->added[i]);
    for (size_t i = 0; i < history->count; i++) encode(&content, history->entries[i]);
    replace_file(history->path, &content);
    text_buffer_clear(&content);
}

void history_open(history *history)
{
    history->path = find_path();
    if (history->path) load(history);
}

void history_add(history *history, const char *text, size_t size)
{
    char *entry;

    while (size && (text[size - 1] == '\n' || text[size - 1] == ' ')) size--;
    if (size == 0 || size > HISTORY_ENTRY_SIZE || memchr(text, 0, size)) return;
    entry = copy_text(text, size);
    if (!entry) return;
    list_forget(history->added, &history->added_count, entry);
    list_push(&history->added, &history->added_count, &history->added_capacity, copy_text(text, size));
    if (history->path)
        save(history);
    else
        add_unique(history, entry);
    free(entry);
}

void history_clear(history *history)
{
    list_free(history->entries, history->count);
    list_free(history->added, history->added_count);
    free(history->path);
    *history = (struct history){0};
}
