/* Completion: where the cursor is decides what fits.
 *
 *   .mo|            dot commands                 'data/fl|      file names
 *   .mode |         what this command takes      SELECT na|     keywords, tables, columns, functions (bp_complete) */
#include "shell_complete.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

typedef struct words {
    edit_candidates *out;
    const char *prefix;
    size_t size;
} words;

static void offer(const words *words, const char *word)
{
    if (strncmp(word, words->prefix, words->size) == 0) edit_candidates_add(words->out, word, strlen(word));
}

/* files --------------------------------------------------------------------------------------------------------------------------- */
static bool is_folder(const char *folder, const struct dirent *entry)
{
    text_buffer path = {0};
    struct stat about;
    bool found = entry->d_type == DT_DIR;

    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) return found;
    text_buffer_add(&path, folder);
    text_buffer_add(&path, "/");
    text_buffer_add(&path, entry->d_name);
    found = !path.failed && stat(path.data, &about) == 0 && S_ISDIR(about.st_mode);
    text_buffer_clear(&path);
    return found;
}

static void offer_files_of(const char *folder, const words *words, bool quoted)
{
    DIR *listing = opendir(folder);
    const struct dirent *entry;

    while (listing && (entry = readdir(listing))) {
        const char *name = entry->d_name;
        text_buffer word = {0};

        if (strncmp(name, words->prefix, words->size) != 0 || (name[0] == '.' && words->size == 0)) continue;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (quoted && strchr(name, '\''))) continue;
        text_buffer_add(&word, name);
        if (is_folder(folder, entry)) text_buffer_add(&word, "/");
        if (!word.failed) edit_candidates_add(words->out, word.data, word.size);
        text_buffer_clear(&word);
    }
    if (listing) closedir(listing);
}

/* The path text[begin..position); quoted: a whole name gets its quote. */
static void offer_files(const char *text, size_t begin, size_t position, bool quoted, edit_candidates *out)
{
    text_buffer folder = {0};
    size_t name = position;
    words words = {.out = out};

    while (name > begin && text[name - 1] != '/') name--;
    text_buffer_append(&folder, text + begin, name - begin);
    if (folder.size == 0) text_buffer_add(&folder, "./");
    words.prefix = text + name;
    words.size = position - name;
    out->replace_from = name;
    if (!folder.failed) offer_files_of(folder.data, &words, quoted);
    text_buffer_clear(&folder);
    if (quoted && out->count == 1 && out->words[0][0] && text[position] != '\'') {
        text_buffer closed = {0};
        text_buffer_add(&closed, out->words[0]);
        if (closed.size && closed.data[closed.size - 1] != '/' && text_buffer_add(&closed, "'")) {
            free(out->words[0]);
            out->words[0] = closed.data;
        } else {
            text_buffer_clear(&closed);
        }
    }
}

/* dot commands -------------------------------------------------------------------------------------------------------------------- */
static void offer_table(void *data, const char *name)
{
    offer(data, name);
}

static void offer_argument(sql_session *session, const char *command, size_t size, const words *words)
{
    const char *name;

    if (strncmp(command, "mode", size) == 0 && size == 4)
        for (size_t i = 0; (name = bp_print_format(i)); i++) offer(words, name);
    if (strncmp(command, "set", size) == 0 && size == 3)
        for (size_t i = 0; (name = bp_setting_name(i, NULL)); i++) offer(words, name);
    if (strncmp(command, "schema", size) == 0 && size == 6) for_each_table(session, offer_table, (void *)(uintptr_t)words);
    if (strncmp(command, "help", size) == 0 && size == 4)
        for (size_t i = 0; (name = dot_command_at(i, NULL, NULL)); i++) offer(words, name);
    if ((strncmp(command, "timer", size) == 0 && size == 5) || (strncmp(command, "headers", size) == 0 && size == 7)) {
        offer(words, "on");
        offer(words, "off");
    }
}

static void offer_dot(sql_session *session, const char *text, size_t position, edit_candidates *out)
{
    size_t end = 1, begin = position;
    words words = {.out = out};
    const char *name;

    while (end < position && text[end] != ' ') end++;
    if (end == position) { /* in the command itself */
        words.prefix = text + 1;
        words.size = position - 1;
        out->replace_from = 1;
        for (size_t i = 0; (name = dot_command_at(i, NULL, NULL)); i++) offer(&words, name);
        return;
    }
    if (strncmp(text + 1, "read ", 5) == 0 || strncmp(text + 1, "output ", 7) == 0) {
        while (end < position && text[end] == ' ') end++;
        offer_files(text, end, position, false, out);
        return;
    }
    while (begin > end && text[begin - 1] != ' ') begin--;
    words.prefix = text + begin;
    words.size = position - begin;
    out->replace_from = begin;
    offer_argument(session, text + 1, end - 1, &words);
}

/* SQL ----------------------------------------------------------------------------------------------------------------------------- */
typedef struct sql_words {
    edit_candidates *out;
    bool lower; /* what is being typed begins with a small letter */
} sql_words;

static void offer_word(void *data, const char *word, size_t replace_from)
{
    const sql_words *words = data;
    size_t size = strlen(word);
    char small[32];

    words->out->replace_from = replace_from;
    if (words->lower && size < sizeof small && word[0] >= 'A' && word[0] <= 'Z' &&
        bp_scan_token(word, size, 0, NULL, NULL) == BP_TOKEN_KEYWORD) {
        for (size_t i = 0; i < size; i++) small[i] = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] + 32) : word[i];
        edit_candidates_add(words->out, small, size);
        return;
    }
    edit_candidates_add(words->out, word, size);
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

/* Where the string begins that the cursor is in; `position` if it is in none. */
static size_t string_around(const char *text, size_t size, size_t position)
{
    size_t end = 0;
    int open = 0;

    for (size_t at = 0; at < position; at = end) {
        bp_token_kind kind = bp_scan_token(text, size, at, &end, &open);
        if (kind == BP_TOKEN_STRING && text[at] == '\'' && at < position && (position < end || open)) return at;
    }
    return position;
}

void shell_complete(sql_session *session, const char *text, size_t size, size_t position, edit_candidates *out)
{
    sql_words words = {.out = out};
    size_t string, begin = position;
    bp_error err;

    if (*text == '.') {
        offer_dot(session, text, position, out);
        return;
    }
    string = string_around(text, size, position);
    if (string < position) {
        offer_files(text, string + 1, position, true, out);
        return;
    }
    while (begin > 0 && is_word_byte(text[begin - 1])) begin--;
    words.lower = begin < position && text[begin] >= 'a' && text[begin] <= 'z';
    if (bp_complete(session->connection, text, size, position, offer_word, &words, &err)) out->count = 0;
}
