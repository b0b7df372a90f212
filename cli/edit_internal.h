/* Shared by the files of the editor: edit.c (keys), edit_change.c (moving and changing), edit_search.c, edit_draw.c. */
#ifndef CLI_EDIT_INTERNAL_H
#define CLI_EDIT_INTERNAL_H

#include "edit.h"
#include "edit_terminal.h"

#define UNDO_STEPS 100

typedef struct undo_step {
    char *text;
    size_t size, cursor;
} undo_step;

/* What the last key did, for joining what belongs together: a run of typed letters is one undo, kills in a row make one text to yank. */
typedef enum edit_action { ACTION_OTHER, ACTION_TYPE, ACTION_KILL, ACTION_VERTICAL, ACTION_COMPLETE } edit_action;

struct editor {
    edit_terminal terminal;
    edit_hooks hooks;
    const history *history;
    text_buffer text;
    size_t cursor;
    text_buffer killed;
    edit_action last, now;
    undo_step undo[UNDO_STEPS];
    size_t undo_count;
    size_t history_at; /* the entry shown; history->count: the new text */
    text_buffer draft; /* the new text, while an entry is shown */
    size_t wanted_column; /* of a run of moves up and down */
    const char *prompt, *more_prompt;
    bool done;
    edit_result result;
    /* what is on the screen */
    size_t shown_first; /* the first row of the text that is shown */
    size_t shown_cursor; /* the cursor's row, counted from that */
    size_t shown_columns; /* the terminal's width then */
    text_buffer screen; /* being written */
    unsigned char *colours;
    size_t colours_capacity;
};

/* edit_draw.c: everything anew; the prompt in the first row may be another. */
void edit_draw(editor *editor, const char *prompt);
/* The cursor behind the text, on a row of its own. */
void edit_draw_leave(editor *editor);
/* The screen was cleared or written on: the next drawing begins where the cursor is. */
void edit_draw_forget(editor *editor);
/* Words in columns, below the text. */
void edit_draw_words(editor *editor, const edit_candidates *words);

/* edit_change.c */
size_t edit_next(const editor *editor, size_t at);
size_t edit_previous(const editor *editor, size_t at);
void edit_replace(editor *editor, size_t begin, size_t end, const char *bytes, size_t size);
void edit_insert(editor *editor, const char *bytes, size_t size);
void edit_kill(editor *editor, size_t begin, size_t end, bool forward);
void edit_yank(editor *editor);
void edit_undo(editor *editor);
void edit_undo_clear(editor *editor);
size_t edit_word_left(const editor *editor);
size_t edit_word_right(const editor *editor);
size_t edit_line_begin(const editor *editor);
size_t edit_line_end(const editor *editor);
bool edit_line_up(editor *editor);
bool edit_line_down(editor *editor);
void edit_transpose(editor *editor);
void edit_change_case(editor *editor, int how); /* 'u', 'l', 'c' */
void edit_set(editor *editor, const char *bytes, size_t size);

/* edit_search.c: Ctrl-R; returns the key that ended the search, to be obeyed as usual, or 0. */
int edit_search(editor *editor);

#endif
