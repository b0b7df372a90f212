/* The terminal as the editor sees it: raw mode, its size, keys. */
#ifndef CLI_EDIT_TERMINAL_H
#define CLI_EDIT_TERMINAL_H

#include <signal.h>
#include <termios.h>

#include "text_buffer.h"

/* A key is a character's code point, or one of these; KEY_ALT is added for a key behind Escape. */
enum {
    KEY_ALT = 0x1000000,
    KEY_UP = 0x110000,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_PASTE, /* edit_terminal_paste() has the text */
    KEY_RESIZE,
    KEY_CLOSED, /* the terminal is gone */
    KEY_UNKNOWN
};

#define CONTROL(letter) ((letter) & 0x1f)

typedef struct edit_terminal {
    struct termios saved;
    bool raw;
    sigset_t outside; /* the signal mask while waiting for a key */
    unsigned char bytes[4096]; /* read, not yet taken */
    size_t at, count;
    size_t columns, rows;
} edit_terminal;

/* Raw mode on and off. */
bool edit_terminal_begin(edit_terminal *terminal);
void edit_terminal_end(edit_terminal *terminal);
/* Ask for the size again. */
void edit_terminal_measure(edit_terminal *terminal);
int edit_terminal_key(edit_terminal *terminal);
/* Whether another key is there already. */
bool edit_terminal_pending(edit_terminal *terminal);
/* Append what was pasted, up to the mark of its end: line breaks as \n, no other control characters but tabs, well-formed UTF-8. */
void edit_terminal_paste(edit_terminal *terminal, text_buffer *out);
/* Append a code point as UTF-8. */
void edit_put_character(text_buffer *out, int code);
void edit_terminal_write(const char *bytes, size_t size);
/* Stop as Ctrl-Z does, and come back. */
void edit_terminal_suspend(edit_terminal *terminal);

#endif
