/* The line editor of the shell: one statement of any number of lines, with history, completion and colours. Emacs keys.
 *
 * The terminal is in raw mode only while a text is being edited, so that Ctrl-C ends a running query by its signal as ever. */
#ifndef CLI_EDIT_H
#define CLI_EDIT_H

#include "history.h"
#include "text_buffer.h"

typedef struct editor editor;

/* Words that fit at the cursor. */
typedef struct edit_candidates {
    char **words;
    size_t count, capacity;
    size_t replace_from; /* where the word begins that they replace */
} edit_candidates;

/* Add a word; false: no memory, or there are very many already. */
bool edit_candidates_add(edit_candidates *candidates, const char *word, size_t size);

/* What the editor asks its owner. All may be NULL. */
typedef struct edit_hooks {
    void *data;
    /* Whether Enter ends the text, else it begins another line. */
    bool (*is_complete)(void *data, const char *text, size_t size);
    /* For each byte the number of its colour (edit_colour). */
    void (*paint)(void *data, const char *text, size_t size, unsigned char *colours);
    void (*complete)(void *data, const char *text, size_t size, size_t position, edit_candidates *out);
} edit_hooks;

typedef enum edit_colour {
    EDIT_PLAIN,
    EDIT_KEYWORD,
    EDIT_STRING,
    EDIT_NUMBER,
    EDIT_COMMENT,
    EDIT_PARAMETER,
    EDIT_BAD,
    EDIT_COLOUR_COUNT
} edit_colour;

typedef enum edit_result {
    EDIT_TEXT, /* Enter */
    EDIT_CANCELLED, /* Ctrl-C: the text is thrown away */
    EDIT_END, /* Ctrl-D in an empty text, or the terminal is gone */
    EDIT_FAILED /* no memory, or the terminal could not be set */
} edit_result;

/* For the terminal at standard input and output; NULL: no memory. `history` is borrowed and read only. */
editor *editor_new(const edit_hooks *hooks, const history *history);
void editor_free(editor *editor);
/* Edit a new text until Enter; prompts are ASCII, the second one is for the lines behind the first. *text and *size are the editor's, until its next call. */
edit_result editor_read(editor *editor, const char *prompt, const char *more_prompt, const char **text, size_t *size);

#endif
