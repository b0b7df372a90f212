/* Folder listings and patterns of file names, always in the same order: by bytes of the whole path.
 *
 *   *  any bytes but '/'     ?  one character     [a-z] [!a-z]  one of a set     {a,b*}  alternatives, may nest
 *   ** as a whole path component: any number of folders, also none     \x  x itself
 * Names that begin with '.' match only a pattern component that begins with '.'. Links to folders are not followed by `**`. A bracket or
 * brace without its partner stands for itself. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include "arena.h"
#include "context.h"
#include "error.h"

typedef struct file_list {
    string_view *paths; /* each with a NUL behind it; in the arena */
    size_t count;
} file_list;

/* Whether the text has any of * ? [ { : an existing file of exactly that name comes first, though: see glob_expand(). */
bool glob_is_pattern(string_view text);
/* Whether a whole name or path matches a pattern without braces. */
bool glob_match(string_view pattern, string_view text);
/* All files (not folders) that match, sorted, none twice. A text that is no pattern, or names something that exists (so that names with
 * brackets can be used), is the only answer. Nothing found: BP_NOT_FOUND naming the pattern. A folder that may not be read: BP_IO_ERROR,
 * rather than fewer files. */
MUST_USE bp_status glob_expand(file_list *out, arena *arena, bp_context *context, string_view pattern, bp_error *err);
/* Names in a folder, without "." and "..", sorted. */
MUST_USE bp_status glob_list(file_list *out, arena *arena, bp_context *context, string_view folder, bp_error *err);

#endif
