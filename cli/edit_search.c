/* Ctrl-R: the entries of the history that hold what has been typed, newest first; Ctrl-R again: older, Ctrl-S: newer. Letters of both cases
 * are alike. Any other key takes the entry and does what it always does; Ctrl-G and Ctrl-C give back the text from before. */
#include <string.h>

#include "edit_internal.h"

typedef struct search {
    text_buffer wanted;
    size_t at; /* the entry shown; history->count: none */
    bool failed;
} search;

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Where `wanted` begins in the text, or NULL. */
static const char *find(const char *text, const char *wanted)
{
    for (; *text; text++) {
        size_t i = 0;
        while (wanted[i] && lower(text[i]) == lower(wanted[i])) i++;
        if (!wanted[i]) return text;
    }
    return NULL;
}

static void show(editor *editor, search *search, size_t at)
{
    const char *entry = editor->history->entries[at], *found = find(entry, text_buffer_text(&search->wanted));

    search->at = at;
    edit_set(editor, entry, strlen(entry));
    if (found) editor->cursor = (size_t)(found - entry);
}

/* The next entry from `from` (inside) backwards, or forwards. */
static void look(editor *editor, search *search, size_t from, bool back)
{
    size_t count = editor->history->count;

    search->failed = false;
    if (search->wanted.size == 0) return;
    for (size_t i = from; i < count; i += back ? (size_t)-1 : 1) { /* below 0 it is past the end */
        if (!find(editor->history->entries[i], text_buffer_text(&search->wanted))) continue;
        show(editor, search, i);
        return;
    }
    search->failed = true;
}

static void draw_search(editor *editor, const search *search)
{
    text_buffer prompt = {0};

    text_buffer_format(&prompt, "(%ssearch) %s: ", search->failed ? "failed " : "", text_buffer_text(&search->wanted));
    edit_draw(editor, text_buffer_text(&prompt));
    text_buffer_clear(&prompt);
}

static void take_back(text_buffer *wanted)
{
    while (wanted->size && ((unsigned char)wanted->data[wanted->size - 1] & 0xc0) == 0x80) wanted->size--;
    if (wanted->size) wanted->size--;
    if (wanted->data) wanted->data[wanted->size] = '\0';
}

/* False: the key is not one of the search. */
static bool search_key(editor *editor, search *search, int key)
{
    size_t count = editor->history->count, from = search->at < count ? search->at : count - 1;

    if (count == 0) from = 0;
    if (key == CONTROL('R')) {
        look(editor, search, search->at < count ? search->at - 1 : from, true);
    } else if (key == CONTROL('S')) {
        if (search->at < count) look(editor, search, search->at + 1, false);
    } else if (key == 0x7f || key == CONTROL('H')) {
        take_back(&search->wanted);
        look(editor, search, count - 1, true);
    } else if (key >= 0x20 && key < KEY_UP) {
        edit_put_character(&search->wanted, key);
        look(editor, search, from, true);
    } else {
        return key == KEY_RESIZE;
    }
    return true;
}

int edit_search(editor *editor)
{
    search search = {.at = editor->history->count};
    text_buffer before = {0};
    size_t cursor = editor->cursor;
    int key;

    text_buffer_append(&before, text_buffer_text(&editor->text), editor->text.size);
    do {
        if (!edit_terminal_pending(&editor->terminal)) draw_search(editor, &search);
        key = edit_terminal_key(&editor->terminal);
    } while (search_key(editor, &search, key));
    if (key == CONTROL('G') || key == CONTROL('C')) {
        edit_set(editor, text_buffer_text(&before), before.size);
        editor->cursor = cursor;
        key = 0;
    } else if (search.at < editor->history->count) {
        if (editor->history_at == editor->history->count) { /* the way down leads back to what was being typed */
            text_buffer_reset(&editor->draft);
            text_buffer_append(&editor->draft, text_buffer_text(&before), before.size);
        }
        editor->history_at = search.at;
    }
    text_buffer_clear(&before);
    text_buffer_clear(&search.wanted);
    return key;
}
