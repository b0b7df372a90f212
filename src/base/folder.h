/* Folders that files are written into: made, put in place, taken away. Paths are checked as those of files are (base/file.h). */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include "arena.h"
#include "context.h"
#include "error.h"

typedef enum folder_state { FOLDER_ABSENT, FOLDER_EMPTY, FOLDER_FILLED, FOLDER_IS_FILE } folder_state;

/* What there is at the path. */
MUST_USE bp_status folder_look(folder_state *out, bp_context *context, string_view path, bp_error *err);
/* With the folders above it; one that exists is fine. */
MUST_USE bp_status folder_make(bp_context *context, string_view path, bp_error *err);
/* A new folder `path`.tmp-<random>; its name is in the arena. */
MUST_USE bp_status folder_make_beside(string_view *out, arena *arena, bp_context *context, string_view path, bp_error *err);
/* A file or folder gets another name: an empty folder or a file of that name is replaced. */
MUST_USE bp_status folder_rename(bp_context *context, string_view from, string_view to, bp_error *err);
/* A file, or a folder with all that is in it, as far as possible. */
void folder_remove(bp_context *context, string_view path);

#endif
