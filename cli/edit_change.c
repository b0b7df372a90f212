/* Moving and changing: all positions are bytes at the beginning of what a reader sees as one character (bp_text_cluster). */
#include <stdlib.h>
#include <string.h>

#include "bedplate/bedplate.h"
#include "edit_internal.h"

#define UNDO_BYTES 8388608 /* of all steps together */

/* positions ---------------------------------------------------------------------------------------------------------------------- */
size_t edit_next(const editor *editor, size_t at)
{
    return bp_text_cluster(editor->text.data, editor->text.size, at, NULL);
}

/* Clusters are found forwards, so from the beginning of the line. */
size_t edit_previous(const editor *editor, size_t at)
{
    size_t begin = at, next;

    if (at == 0) return 0;
    if (editor->text.data[at - 1] == '\n') return at - 1;
    while (begin > 0 && editor->text.data[begin - 1] != '\n') begin--;
    while ((next = edit_next(editor, begin)) < at) begin = next;
    return begin;
}

size_t edit_line_begin(const editor *editor)
{
    size_t at = editor->cursor;

    while (at > 0 && editor->text.data[at - 1] != '\n') at--;
    return at;
}

size_t edit_line_end(const editor *editor)
{
    size_t at = editor->cursor;

    while (at < editor->text.size && editor->text.data[at] != '\n') at++;
    return at;
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

size_t edit_word_left(const editor *editor)
{
    size_t at = editor->cursor;

    while (at > 0 && !is_word_byte(editor->text.data[at - 1])) at--;
    while (at > 0 && is_word_byte(editor->text.data[at - 1])) at--;
    return at;
}

size_t edit_word_right(const editor *editor)
{
    size_t at = editor->cursor, size = editor->text.size;

    while (at < size && !is_word_byte(editor->text.data[at])) at++;
    while (at < size && is_word_byte(editor->text.data[at])) at++;
    return at;
}

/* Columns from the beginning of the line to `at`. */
static size_t column_of(const editor *editor, size_t at)
{
    size_t column = 0, i = edit_line_begin(editor);

    while (i < at) {
        int width;
        i = bp_text_cluster(editor->text.data, editor->text.size, i, &width);
        column += (size_t)width;
    }
    return column;
}

/* The position in the line that begins at `at` that is nearest to the wanted column. */
static size_t position_at(const editor *editor, size_t at, size_t column)
{
    size_t seen = 0;

    while (at < editor->text.size && editor->text.data[at] != '\n' && seen < column) {
        int width;
        at = bp_text_cluster(editor->text.data, editor->text.size, at, &width);
        seen += (size_t)width;
    }
    return at;
}

static void want_column(editor *editor)
{
    if (editor->last != ACTION_VERTICAL) editor->wanted_column = column_of(editor, editor->cursor);
    editor->now = ACTION_VERTICAL;
}

bool edit_line_up(editor *editor)
{
    size_t begin = edit_line_begin(editor);

    if (begin == 0) return false;
    want_column(editor);
    editor->cursor = begin - 1;
    editor->cursor = position_at(editor, edit_line_begin(editor), editor->wanted_column);
    return true;
}

bool edit_line_down(editor *editor)
{
    size_t end = edit_line_end(editor);

    if (end == editor->text.size) return false;
    want_column(editor);
    editor->cursor = position_at(editor, end + 1, editor->wanted_column);
    return true;
}

/* undo ----------------------------------------------------------------------------------------------------------------------------- */
static void forget_oldest(editor *editor)
{
    free(editor->undo[0].text);
    memmove(editor->undo, editor->undo + 1, (editor->undo_count - 1) * sizeof *editor->undo);
    editor->undo_count--;
}

/* Before a change: keep the text as it is. */
static void remember(editor *editor)
{
    size_t total = editor->text.size;
    char *copy = malloc(editor->text.size + 1);

    if (!copy) return;
    memcpy(copy, text_buffer_text(&editor->text), editor->text.size + 1);
    for (size_t i = 0; i < editor->undo_count; i++) total += editor->undo[i].size;
    for (; editor->undo_count && (editor->undo_count == UNDO_STEPS || total > UNDO_BYTES); forget_oldest(editor))
        total -= editor->undo[0].size;
    editor->undo[editor->undo_count++] = (undo_step){copy, editor->text.size, editor->cursor};
}

void edit_undo(editor *editor)
{
    undo_step *step;

    if (editor->undo_count == 0) return;
    step = &editor->undo[--editor->undo_count];
    text_buffer_replace(&editor->text, 0, editor->text.size, step->text, step->size);
    editor->cursor = step->cursor;
    free(step->text);
}

void edit_undo_clear(editor *editor)
{
    while (editor->undo_count) free(editor->undo[--editor->undo_count].text);
}

/* changes -------------------------------------------------------------------------------------------------------------------------- */
void edit_replace(editor *editor, size_t begin, size_t end, const char *bytes, size_t size)
{
    remember(editor);
    if (text_buffer_replace(&editor->text, begin, end, bytes, size)) editor->cursor = begin + size;
}

void edit_insert(editor *editor, const char *bytes, size_t size)
{
    if (editor->last != ACTION_TYPE || editor->now != ACTION_TYPE) remember(editor);
    if (text_buffer_replace(&editor->text, editor->cursor, editor->cursor, bytes, size)) editor->cursor += size;
}

void edit_set(editor *editor, const char *bytes, size_t size)
{
    edit_undo_clear(editor);
    if (text_buffer_replace(&editor->text, 0, editor->text.size, bytes, size)) editor->cursor = size;
}

void edit_kill(editor *editor, size_t begin, size_t end, bool forward)
{
    if (begin == end) return;
    if (editor->last != ACTION_KILL) text_buffer_reset(&editor->killed);
    editor->now = ACTION_KILL;
    if (forward)
        text_buffer_append(&editor->killed, editor->text.data + begin, end - begin);
    else
        text_buffer_replace(&editor->killed, 0, 0, editor->text.data + begin, end - begin);
    edit_replace(editor, begin, end, "", 0);
}

void edit_yank(editor *editor)
{
    if (editor->killed.size) edit_insert(editor, editor->killed.data, editor->killed.size);
}

/* The character before the cursor changes places with the one under it; at the end of a line, the two before it. */
void edit_transpose(editor *editor)
{
    size_t middle = editor->cursor == edit_line_end(editor) ? edit_previous(editor, editor->cursor) : editor->cursor;
    size_t begin = edit_previous(editor, middle), end = edit_next(editor, middle);
    text_buffer swapped = {0};

    if (middle <= edit_line_begin(editor) || end == middle) return;
    text_buffer_append(&swapped, editor->text.data + middle, end - middle);
    text_buffer_append(&swapped, editor->text.data + begin, middle - begin);
    if (!swapped.failed) edit_replace(editor, begin, end, swapped.data, swapped.size);
    text_buffer_clear(&swapped);
}

/* ASCII letters of the word ahead. */
void edit_change_case(editor *editor, int how)
{
    size_t end = edit_word_right(editor);
    bool first = true;

    if (end == editor->cursor) return;
    remember(editor);
    for (size_t i = editor->cursor; i < end; i++) {
        char c = editor->text.data[i];
        bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';

        if (!lower && !upper) continue;
        if ((how == 'u' || (how == 'c' && first)) && lower) c = (char)(c - 32);
        if ((how == 'l' || (how == 'c' && !first)) && upper) c = (char)(c + 32);
        editor->text.data[i] = c;
        first = false;
    }
    editor->cursor = end;
}
