/* What was typed before: entries of one or more lines, kept in a file between sessions. */
#ifndef CLI_HISTORY_H
#define CLI_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#define HISTORY_ENTRIES 5000
#define HISTORY_ENTRY_SIZE 65536 /* a longer text is not kept */

typedef struct history {
    char **entries; /* oldest first */
    size_t count, capacity;
    char **added; /* of this session, for merging with what other shells wrote */
    size_t added_count, added_capacity;
    char *path; /* NULL: kept in memory alone */
} history;

/* Read the file: $BEDPLATE_HISTORY (empty: none), $XDG_STATE_HOME/bedplate/history, or ~/.bedplate_history. What cannot be read is an empty history. */
void history_open(history *history);
/* Put a text at the end (an equal one is taken from its earlier place) and save. */
void history_add(history *history, const char *text, size_t size);
void history_clear(history *history);

#endif
