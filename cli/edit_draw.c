/* Drawing: the whole text each time, in one write.
 *
 *   text --layout--> rows (prompt or wrapped, bytes [begin, end)) --window of the screen's height around the cursor--> the terminal
 *
 * A text of an ordinary size is a few hundred bytes to the terminal; drawing only what changed was not worth its cases. */
#include <stdlib.h>
#include <string.h>

#include "bedplate/bedplate.h"
#include "edit_internal.h"

#define TAB_COLUMNS 4
#define LISTED_WORDS 200

typedef struct draw_row {
    size_t begin, end, width;
    const char *prompt; /* NULL: the row above goes on here */
} draw_row;

typedef struct draw_layout {
    draw_row *rows;
    size_t count, capacity;
    size_t cursor_row, cursor_column;
    size_t columns;
    bool failed;
} draw_layout;

static const char *const colour_codes[EDIT_COLOUR_COUNT] = {
    [EDIT_PLAIN] = "\x1b[0m",    [EDIT_KEYWORD] = "\x1b[32m",   [EDIT_STRING] = "\x1b[33m", [EDIT_NUMBER] = "\x1b[36m",
    [EDIT_COMMENT] = "\x1b[90m", [EDIT_PARAMETER] = "\x1b[35m", [EDIT_BAD] = "\x1b[31m",
};

/* layout ---------------------------------------------------------------------------------------------------------------------------- */
static size_t width_of(const char *text)
{
    size_t size = strlen(text), at = 0, total = 0;

    while (at < size) {
        int width;
        at = bp_text_cluster(text, size, at, &width);
        total += (size_t)width;
    }
    return total;
}

/* A prompt that would leave no room for text is not shown. */
static const char *fitting(const draw_layout *layout, const char *prompt)
{
    return width_of(prompt) + 8 <= layout->columns ? prompt : "";
}

static void begin_row(draw_layout *layout, size_t begin, const char *prompt)
{
    if (layout->count == layout->capacity) {
        size_t wanted = layout->capacity ? layout->capacity * 2 : 16;
        draw_row *larger = realloc(layout->rows, wanted * sizeof *larger);
        if (!larger) {
            layout->failed = true;
            return;
        }
        layout->rows = larger;
        layout->capacity = wanted;
    }
    layout->rows[layout->count++] = (draw_row){begin, begin, prompt ? width_of(prompt) : 0, prompt};
}

static size_t cluster_at(const editor *editor, size_t at, size_t *width)
{
    int columns;
    size_t next = bp_text_cluster(editor->text.data, editor->text.size, at, &columns);

    *width = editor->text.data[at] == '\t' ? TAB_COLUMNS : (size_t)columns;
    return next;
}

static void lay_out(draw_layout *layout, const editor *editor, const char *prompt)
{
    size_t at = 0, size = editor->text.size;

    begin_row(layout, 0, fitting(layout, prompt));
    while (!layout->failed) {
        draw_row *row = &layout->rows[layout->count - 1];
        bool line_ends = at == size || editor->text.data[at] == '\n';
        size_t width = 0, next = line_ends ? at + 1 : cluster_at(editor, at, &width);

        row->end = at;
        if (row->width + width > layout->columns || (at == editor->cursor && row->width == layout->columns)) {
            begin_row(layout, at, NULL);
            if (layout->failed) return;
            row = &layout->rows[layout->count - 1];
        }
        if (at == editor->cursor) {
            layout->cursor_row = layout->count - 1;
            layout->cursor_column = row->width;
        }
        if (at == size) return;
        if (line_ends) begin_row(layout, next, fitting(layout, editor->more_prompt));
        row = &layout->rows[layout->count - 1];
        row->width += width;
        at = next;
    }
}

/* colours ---------------------------------------------------------------------------------------------------------------------------- */
static bool paint(editor *editor)
{
    size_t size = editor->text.size;

    if (!editor->hooks.paint || size == 0) return false;
    if (editor->colours_capacity < size) {
        unsigned char *larger = realloc(editor->colours, size * 2);
        if (!larger) return false;
        editor->colours = larger;
        editor->colours_capacity = size * 2;
    }
    memset(editor->colours, EDIT_PLAIN, size);
    editor->hooks.paint(editor->hooks.data, editor->text.data, size, editor->colours);
    return true;
}

/* rows ------------------------------------------------------------------------------------------------------------------------------- */
static void put(editor *editor, const char *text)
{
    text_buffer_add(&editor->screen, text);
}

static void put_row(editor *editor, const draw_row *row, bool coloured)
{
    unsigned char colour = EDIT_PLAIN;
    size_t width;

    if (row->prompt) put(editor, row->prompt);
    for (size_t at = row->begin, next; at < row->end; at = next) {
        next = cluster_at(editor, at, &width);
        if (coloured && editor->colours[at] != colour && editor->colours[at] < EDIT_COLOUR_COUNT) {
            colour = editor->colours[at];
            if (colour != EDIT_PLAIN) put(editor, colour_codes[EDIT_PLAIN]);
            put(editor, colour_codes[colour]);
        }
        if (editor->text.data[at] == '\t')
            put(editor, "    ");
        else
            text_buffer_append(&editor->screen, editor->text.data + at, next - at);
    }
    if (colour != EDIT_PLAIN) put(editor, colour_codes[EDIT_PLAIN]);
}

/* Only columns that were drawn in a wider terminal take more rows in a narrower one: how many are above the cursor now. */
static size_t rows_after_resize(const editor *editor, const draw_layout *before, size_t columns)
{
    size_t rows = before->cursor_column / columns;

    for (size_t i = editor->shown_first; i < before->cursor_row; i++)
        rows += before->rows[i].width > columns ? (before->rows[i].width + columns - 1) / columns : 1;
    return rows;
}

static void consider_resize(editor *editor, const char *prompt)
{
    draw_layout before = {.columns = editor->shown_columns};

    if (editor->shown_columns <= editor->terminal.columns) return;
    lay_out(&before, editor, prompt);
    if (!before.failed) editor->shown_cursor = rows_after_resize(editor, &before, editor->terminal.columns);
    free(before.rows);
}

static void choose_window(editor *editor, const draw_layout *layout)
{
    size_t height = editor->terminal.rows;

    if (layout->count <= height) editor->shown_first = 0;
    if (layout->cursor_row < editor->shown_first) editor->shown_first = layout->cursor_row;
    if (layout->cursor_row >= editor->shown_first + height) editor->shown_first = layout->cursor_row + 1 - height;
}

static void go_up(editor *editor, size_t rows)
{
    if (rows) text_buffer_format(&editor->screen, "\x1b[%zuA", rows);
}

static void draw_rows(editor *editor, const draw_layout *layout)
{
    bool coloured = paint(editor);
    size_t first, end;

    go_up(editor, editor->shown_cursor);
    put(editor, "\r\x1b[J");
    choose_window(editor, layout);
    first = editor->shown_first;
    end = layout->count - first > editor->terminal.rows ? first + editor->terminal.rows : layout->count;
    for (size_t i = first; i < end; i++) {
        if (i > first) put(editor, "\r\n");
        put_row(editor, &layout->rows[i], coloured);
    }
    go_up(editor, end - 1 - layout->cursor_row);
    put(editor, "\r");
    if (layout->cursor_column) text_buffer_format(&editor->screen, "\x1b[%zuC", layout->cursor_column);
    editor->shown_cursor = layout->cursor_row - first;
    editor->shown_columns = layout->columns;
}

void edit_draw(editor *editor, const char *prompt)
{
    draw_layout layout = {.columns = editor->terminal.columns};

    text_buffer_reset(&editor->screen);
    consider_resize(editor, prompt);
    lay_out(&layout, editor, prompt);
    if (!layout.failed) draw_rows(editor, &layout);
    free(layout.rows);
    edit_terminal_write(text_buffer_text(&editor->screen), editor->screen.size);
}

void edit_draw_forget(editor *editor)
{
    editor->shown_cursor = 0;
    editor->shown_columns = 0;
}

void edit_draw_leave(editor *editor)
{
    editor->cursor = editor->text.size;
    edit_draw(editor, editor->prompt);
    edit_terminal_write("\r\n", 2);
    edit_draw_forget(editor);
}

/* words ------------------------------------------------------------------------------------------------------------------------------ */
static void put_words(editor *editor, const edit_candidates *words, size_t count)
{
    size_t widest = 1, across, down;

    for (size_t i = 0; i < count; i++)
        if (width_of(words->words[i]) > widest) widest = width_of(words->words[i]);
    across = editor->terminal.columns / (widest + 2);
    if (across == 0) across = 1;
    down = (count + across - 1) / across;
    for (size_t row = 0; row < down; row++) {
        for (size_t i = row; i < count; i += down) {
            put(editor, words->words[i]);
            if (i + down >= count) break;
            for (size_t space = width_of(words->words[i]); space < widest + 2; space++) put(editor, " ");
        }
        put(editor, "\r\n");
    }
}

void edit_draw_words(editor *editor, const edit_candidates *words)
{
    size_t cursor = editor->cursor, count = words->count < LISTED_WORDS ? words->count : LISTED_WORDS;

    edit_draw_leave(editor);
    editor->cursor = cursor;
    text_buffer_reset(&editor->screen);
    put_words(editor, words, count);
    if (count < words->count) text_buffer_format(&editor->screen, "… and %zu more\r\n", words->count - count);
    edit_terminal_write(text_buffer_text(&editor->screen), editor->screen.size);
}
