/* The editor: from keys to what they do. The table `bindings` is the manual. */
#include "edit.h"

#include <stdlib.h>
#include <string.h>

#include "edit_internal.h"

/* moving ------------------------------------------------------------------------------------------------------------------------- */
static void go_left(editor *editor)
{
    editor->cursor = edit_previous(editor, editor->cursor);
}

static void go_right(editor *editor)
{
    editor->cursor = edit_next(editor, editor->cursor);
}

static void go_word_left(editor *editor)
{
    editor->cursor = edit_word_left(editor);
}

static void go_word_right(editor *editor)
{
    editor->cursor = edit_word_right(editor);
}

static void go_line_begin(editor *editor)
{
    editor->cursor = edit_line_begin(editor);
}

static void go_line_end(editor *editor)
{
    editor->cursor = edit_line_end(editor);
}

static void go_begin(editor *editor)
{
    editor->cursor = 0;
}

static void go_end(editor *editor)
{
    editor->cursor = editor->text.size;
}

/* history ------------------------------------------------------------------------------------------------------------------------ */
static void show_entry(editor *editor, size_t at)
{
    if (editor->history_at == editor->history->count) {
        text_buffer_reset(&editor->draft);
        text_buffer_append(&editor->draft, text_buffer_text(&editor->text), editor->text.size);
    }
    editor->history_at = at;
    if (at < editor->history->count)
        edit_set(editor, editor->history->entries[at], strlen(editor->history->entries[at]));
    else
        edit_set(editor, text_buffer_text(&editor->draft), editor->draft.size);
}

static void older(editor *editor)
{
    if (editor->history_at > 0) show_entry(editor, editor->history_at - 1);
}

static void newer(editor *editor)
{
    if (editor->history_at < editor->history->count) show_entry(editor, editor->history_at + 1);
}

static void go_up(editor *editor)
{
    if (!edit_line_up(editor)) older(editor);
}

static void go_down(editor *editor)
{
    if (!edit_line_down(editor)) newer(editor);
}

static void oldest(editor *editor)
{
    if (editor->history->count && editor->history_at > 0) show_entry(editor, 0);
}

static void newest(editor *editor)
{
    if (editor->history_at < editor->history->count) show_entry(editor, editor->history->count);
}

/* changing ----------------------------------------------------------------------------------------------------------------------- */
static void delete_left(editor *editor)
{
    size_t begin = edit_previous(editor, editor->cursor);

    if (begin < editor->cursor) edit_replace(editor, begin, editor->cursor, "", 0);
}

static void delete_right(editor *editor)
{
    size_t end = edit_next(editor, editor->cursor);

    if (end > editor->cursor) edit_replace(editor, editor->cursor, end, "", 0);
}

static void finish(editor *editor, edit_result result)
{
    editor->done = true;
    editor->result = result;
}

static void delete_or_end(editor *editor)
{
    if (editor->text.size)
        delete_right(editor);
    else
        finish(editor, EDIT_END);
}

/* At the end of a line its line break goes, as the next line is what follows. */
static void kill_line(editor *editor)
{
    size_t end = edit_line_end(editor);

    if (end == editor->cursor && end < editor->text.size) end++;
    edit_kill(editor, editor->cursor, end, true);
}

static void kill_line_left(editor *editor)
{
    edit_kill(editor, edit_line_begin(editor), editor->cursor, false);
}

static void kill_word(editor *editor)
{
    edit_kill(editor, editor->cursor, edit_word_right(editor), true);
}

static void kill_word_left(editor *editor)
{
    edit_kill(editor, edit_word_left(editor), editor->cursor, false);
}

/* As in a Unix terminal: up to white space. */
static void kill_big_word_left(editor *editor)
{
    size_t begin = editor->cursor;

    while (begin > 0 && strchr(" \t\n", editor->text.data[begin - 1])) begin--;
    while (begin > 0 && !strchr(" \t\n", editor->text.data[begin - 1])) begin--;
    edit_kill(editor, begin, editor->cursor, false);
}

static void upper_word(editor *editor)
{
    edit_change_case(editor, 'u');
}

static void lower_word(editor *editor)
{
    edit_change_case(editor, 'l');
}

static void capital_word(editor *editor)
{
    edit_change_case(editor, 'c');
}

static void new_line(editor *editor)
{
    edit_insert(editor, "\n", 1);
}

static void paste(editor *editor)
{
    text_buffer pasted = {0};

    edit_terminal_paste(&editor->terminal, &pasted);
    if (pasted.size && !pasted.failed) edit_insert(editor, pasted.data, pasted.size);
    text_buffer_clear(&pasted);
}

/* whole texts -------------------------------------------------------------------------------------------------------------------- */
static void enter(editor *editor)
{
    if (!editor->hooks.is_complete ||
        editor->hooks.is_complete(editor->hooks.data, text_buffer_text(&editor->text), editor->text.size))
        finish(editor, EDIT_TEXT);
    else
        new_line(editor);
}

static void cancel(editor *editor)
{
    finish(editor, EDIT_CANCELLED);
}

static void clear_screen(editor *editor)
{
    edit_terminal_write("\x1b[H\x1b[2J", 7);
    edit_draw_forget(editor);
}

static void suspend(editor *editor)
{
    size_t cursor = editor->cursor;

    edit_draw_leave(editor);
    editor->cursor = cursor;
    edit_terminal_suspend(&editor->terminal);
}

static void obey(editor *editor, int key);

static void search(editor *editor)
{
    int key = edit_search(editor);

    if (key) obey(editor, key); /* never Ctrl-R itself, which the search takes */
}

/* completion --------------------------------------------------------------------------------------------------------------------- */
bool edit_candidates_add(edit_candidates *candidates, const char *word, size_t size)
{
    char *copy;

    if (candidates->count >= 10000) return false;
    for (size_t i = 0; i < size; i++) /* a terminal would obey these */
        if ((unsigned char)word[i] < 0x20 || word[i] == 0x7f) return true;
    if (candidates->count == candidates->capacity) {
        size_t wanted = candidates->capacity ? candidates->capacity * 2 : 32;
        char **larger = realloc(candidates->words, wanted * sizeof *larger);
        if (!larger) return false;
        candidates->words = larger;
        candidates->capacity = wanted;
    }
    if (!(copy = malloc(size + 1))) return false;
    memcpy(copy, word, size);
    copy[size] = '\0';
    candidates->words[candidates->count++] = copy;
    return true;
}

static int compare_words(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void sort_words(edit_candidates *candidates)
{
    size_t kept = 0;

    if (candidates->count < 2) return;
    qsort(candidates->words, candidates->count, sizeof *candidates->words, compare_words);
    for (size_t i = 0; i < candidates->count; i++) {
        if (kept && strcmp(candidates->words[kept - 1], candidates->words[i]) == 0)
            free(candidates->words[i]);
        else
            candidates->words[kept++] = candidates->words[i];
    }
    candidates->count = kept;
}

/* How much all words have in common, cut at a character. */
static size_t common_size(const edit_candidates *candidates)
{
    const char *first = candidates->words[0];
    size_t size = strlen(first);

    for (size_t i = 1; i < candidates->count; i++) {
        size_t same = 0;
        while (same < size && candidates->words[i][same] == first[same]) same++;
        size = same;
    }
    while (size && ((unsigned char)first[size] & 0xc0) == 0x80) size--;
    return size;
}

/* A word that is whole gets a space behind it, unless something must follow at once. */
static void take_word(editor *editor, const edit_candidates *candidates)
{
    const char *word = candidates->words[0];
    size_t size = strlen(word);
    char last = size ? word[size - 1] : ' ';

    edit_replace(editor, candidates->replace_from, editor->cursor, word, size);
    if (!strchr("(/'=. ", last) && (editor->cursor == editor->text.size || editor->text.data[editor->cursor] == '\n'))
        edit_insert(editor, " ", 1);
}

static bool line_is_blank(const editor *editor)
{
    for (size_t i = edit_line_begin(editor); i < editor->cursor; i++)
        if (editor->text.data[i] != ' ') return false;
    return true;
}

static void offer_words(editor *editor, edit_candidates *candidates)
{
    size_t typed = editor->cursor - candidates->replace_from, common;

    sort_words(candidates);
    if (candidates->count == 0) return;
    if (candidates->count == 1) {
        take_word(editor, candidates);
        return;
    }
    common = common_size(candidates);
    if (common > typed)
        edit_replace(editor, candidates->replace_from, editor->cursor, candidates->words[0], common);
    else
        edit_draw_words(editor, candidates);
}

static void complete(editor *editor)
{
    edit_candidates candidates = {.replace_from = editor->cursor};

    if (edit_line_begin(editor) > 0 && line_is_blank(editor)) {
        edit_insert(editor, "  ", 2);
        return;
    }
    if (!editor->hooks.complete) return;
    editor->hooks.complete(editor->hooks.data, text_buffer_text(&editor->text), editor->text.size, editor->cursor, &candidates);
    if (candidates.replace_from <= editor->cursor) offer_words(editor, &candidates);
    for (size_t i = 0; i < candidates.count; i++) free(candidates.words[i]);
    free(candidates.words);
}

/* keys --------------------------------------------------------------------------------------------------------------------------- */
static const struct binding {
    int key;
    void (*obey)(editor *editor);
} bindings[] = {
    {CONTROL('A'), go_line_begin},
    {CONTROL('B'), go_left},
    {CONTROL('C'), cancel},
    {CONTROL('D'), delete_or_end},
    {CONTROL('E'), go_line_end},
    {CONTROL('F'), go_right},
    {CONTROL('H'), delete_left},
    {CONTROL('I'), complete},
    {CONTROL('J'), enter},
    {CONTROL('K'), kill_line},
    {CONTROL('L'), clear_screen},
    {CONTROL('M'), enter},
    {CONTROL('N'), go_down},
    {CONTROL('P'), go_up},
    {CONTROL('R'), search},
    {CONTROL('T'), edit_transpose},
    {CONTROL('U'), kill_line_left},
    {CONTROL('W'), kill_big_word_left},
    {CONTROL('Y'), edit_yank},
    {CONTROL('Z'), suspend},
    {CONTROL('_'), edit_undo},
    {0x7f, delete_left},
    {KEY_UP, go_up},
    {KEY_DOWN, go_down},
    {KEY_LEFT, go_left},
    {KEY_RIGHT, go_right},
    {KEY_HOME, go_line_begin},
    {KEY_END, go_line_end},
    {KEY_DELETE, delete_right},
    {KEY_PAGE_UP, older},
    {KEY_PAGE_DOWN, newer},
    {KEY_WORD_LEFT, go_word_left},
    {KEY_WORD_RIGHT, go_word_right},
    {KEY_PASTE, paste},
    {KEY_ALT + 'b', go_word_left},
    {KEY_ALT + 'f', go_word_right},
    {KEY_ALT + 'd', kill_word},
    {KEY_ALT + 'u', upper_word},
    {KEY_ALT + 'l', lower_word},
    {KEY_ALT + 'c', capital_word},
    {KEY_ALT + 'p', older},
    {KEY_ALT + 'n', newer},
    {KEY_ALT + 'a', go_begin},
    {KEY_ALT + 'e', go_end},
    {KEY_ALT + '<', oldest},
    {KEY_ALT + '>', newest},
    {KEY_ALT + '\r', new_line},
    {KEY_ALT + '\n', new_line},
    {KEY_ALT + 0x7f, kill_word_left},
    {KEY_ALT + CONTROL('H'), kill_word_left},
};

static void type_character(editor *editor, int key)
{
    text_buffer bytes = {0};

    editor->now = ACTION_TYPE;
    edit_put_character(&bytes, key);
    if (!bytes.failed) edit_insert(editor, bytes.data, bytes.size);
    text_buffer_clear(&bytes);
}

static void obey(editor *editor, int key)
{
    editor->now = ACTION_OTHER;
    if (key == KEY_CLOSED) finish(editor, EDIT_END);
    for (size_t i = 0; i < sizeof bindings / sizeof *bindings; i++) {
        if (bindings[i].key != key) continue;
        bindings[i].obey(editor);
        return;
    }
    if (key >= 0x20 && key < KEY_UP && (key < 0x7f || key >= 0xa0)) type_character(editor, key);
}

/* the editor --------------------------------------------------------------------------------------------------------------------- */
editor *editor_new(const edit_hooks *hooks, const history *history)
{
    editor *made = calloc(1, sizeof *made);

    if (!made) return NULL;
    made->hooks = *hooks;
    made->history = history;
    return made;
}

void editor_free(editor *editor)
{
    if (!editor) return;
    edit_undo_clear(editor);
    text_buffer_clear(&editor->text);
    text_buffer_clear(&editor->killed);
    text_buffer_clear(&editor->draft);
    text_buffer_clear(&editor->screen);
    free(editor->colours);
    free(editor);
}

static void edit(editor *editor)
{
    while (!editor->done) {
        if (!edit_terminal_pending(&editor->terminal)) edit_draw(editor, editor->prompt); /* a burst of keys is drawn once */
        obey(editor, edit_terminal_key(&editor->terminal));
        editor->last = editor->now;
        if (editor->text.failed) finish(editor, EDIT_FAILED);
    }
    edit_draw_leave(editor);
}

edit_result editor_read(editor *editor, const char *prompt, const char *more_prompt, const char **text, size_t *size)
{
    edit_undo_clear(editor);
    text_buffer_reset(&editor->text);
    editor->text.failed = false;
    editor->cursor = 0;
    editor->last = ACTION_OTHER;
    editor->history_at = editor->history->count;
    editor->prompt = prompt;
    editor->more_prompt = more_prompt;
    editor->done = false;
    editor->shown_first = 0;
    edit_draw_forget(editor);
    if (!edit_terminal_begin(&editor->terminal)) return EDIT_FAILED;
    edit(editor);
    edit_terminal_end(&editor->terminal);
    *text = text_buffer_text(&editor->text);
    *size = editor->text.size;
    return editor->result;
}
