#include "folder.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_internal.h"
#include "glob.h"

#define DEPTH_MOST 64 /* of folders that are removed: partitions nest no deeper */
#define NAME_TRIES 100

bp_status folder_look(folder_state *out, bp_context *context, string_view path, bp_error *err)
{
    path_text text;
    struct stat info;
    file_list names;
    arena scratch;
    bp_status status = file_check_access(context, path, err);

    *out = FOLDER_ABSENT;
    if (status || (status = file_path_text(&text, path, err))) return status;
    if (lstat(text.text, &info)) return errno == ENOENT ? BP_OK : file_error(err, "look at", path, errno);
    *out = FOLDER_IS_FILE;
    if (stat(text.text, &info) || !S_ISDIR(info.st_mode)) return BP_OK;
    arena_init(&scratch, context->memory);
    status = glob_list(&names, &scratch, context, path, err);
    *out = names.count ? FOLDER_FILLED : FOLDER_EMPTY;
    arena_clear(&scratch);
    return status;
}

static bp_status make_one(const char *path, bp_error *err)
{
    struct stat info;
    int error_number;

    if (mkdir(path, 0777) == 0) return BP_OK;
    error_number = errno;
    if (error_number == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return BP_OK;
    return file_error(err, "make the folder", string_view_of(path), error_number);
}

bp_status folder_make(bp_context *context, string_view path, bp_error *err)
{
    path_text text;
    bp_status status = file_check_access(context, path, err);

    if (status || (status = file_path_text(&text, path, err))) return status;
    for (size_t i = 1; i < path.size && !status; i++) {
        if (text.text[i] != '/') continue;
        text.text[i] = '\0';
        status = make_one(text.text, err);
        text.text[i] = '/';
    }
    return status ? status : make_one(text.text, err);
}

bp_status folder_make_beside(string_view *out, arena *arena, bp_context *context, string_view path, bp_error *err)
{
    path_text text;
    bp_status status = file_check_access(context, path, err);

    if (status || (status = file_path_text(&text, path, err))) return status;
    for (int i = 0; i < NAME_TRIES; i++) {
        if (!file_random_name(text.text + path.size, sizeof text.text - path.size, ".tmp-"))
            return error_set(err, BP_LIMIT, "the name of the folder \"%.600s\" is too long", text.text);
        if (mkdir(text.text, 0777) == 0) {
            *out = arena_copy(arena, string_view_of(text.text));
            return out->data ? BP_OK : error_no_memory(err, arena->memory, path.size);
        }
        if (errno != EEXIST) break;
    }
    return file_error(err, "make the folder", string_view_of(text.text), errno);
}

bp_status folder_rename(bp_context *context, string_view from, string_view to, bp_error *err)
{
    path_text old, new;
    bp_status status = file_check_access(context, to, err);

    if (status || (status = file_path_text(&old, from, err)) || (status = file_path_text(&new, to, err))) return status;
    if (fault_strikes(context, FAULT_RENAME) || rename(old.text, new.text)) return file_error(err, "write", to, errno);
    return BP_OK;
}

static void remove_within(bp_context *context, string_view path, int depth)
{
    file_list names;
    arena scratch;
    path_text text;
    struct stat info;

    if (file_path_text(&text, path, NULL) || depth > DEPTH_MOST) return;
    if (lstat(text.text, &info) || !S_ISDIR(info.st_mode)) {
        unlink(text.text);
        return;
    }
    arena_init(&scratch, context->memory);
    if (glob_list(&names, &scratch, context, path, NULL) == BP_OK)
        for (size_t i = 0; i < names.count; i++) {
            string_view below = arena_format(&scratch, "%.*s/%.*s", STRING_ARGUMENTS(path), STRING_ARGUMENTS(names.paths[i]));
            if (below.data) remove_within(context, below, depth + 1);
        }
    arena_clear(&scratch);
    rmdir(text.text);
}

void folder_remove(bp_context *context, string_view path)
{
    if (file_check_access(context, path, NULL) == BP_OK) remove_within(context, path, 0);
}
