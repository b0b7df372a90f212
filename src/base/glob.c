/* Patterns against the file system.
 *
 *   pattern --braces--> patterns without braces --components--> steps (folder reached so far, component to match next)
 *
 * Steps wait on a stack in memory, so deep trees do not deepen the C stack. The order of work does not matter: what is found is sorted. */
#define _GNU_SOURCE
#include "glob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bytes.h"
#include "file.h"
#include "file_internal.h"
#include "glob_internal.h"

/* A growing array of strings that live elsewhere. */
typedef struct string_list {
    string_view *items;
    size_t count, capacity;
} string_list;

typedef struct step {
    string_view path;
    size_t component;
} step;

typedef struct walk {
    bp_context *context;
    arena scratch; /* all paths on the way */
    string_list patterns;
    string_list components; /* of the pattern at work */
    string_list found;
    step *steps;
    size_t step_count, step_capacity;
} walk;

/* growing ---------------------------------------------------------------------------------------------------------------------- */
static bp_status grow(void *items, size_t *capacity, size_t item_size, memory *memory, bp_error *err)
{
    size_t wanted = *capacity ? *capacity * 2 : 32;
    void *old, *grown;

    memcpy(&old, items, sizeof old); /* `items` points to a pointer of any type */
    grown = memory_resize(memory, old, *capacity * item_size, wanted * item_size);
    if (!grown) return error_no_memory(err, memory, wanted * item_size);
    memcpy(items, &grown, sizeof grown);
    *capacity = wanted;
    return BP_OK;
}

static bp_status push_string(string_list *list, memory *memory, string_view text, bp_error *err)
{
    bp_status status = list->count < list->capacity ? BP_OK : grow(&list->items, &list->capacity, sizeof *list->items, memory, err);

    if (!status) list->items[list->count++] = text;
    return status;
}

static bp_status push_step(walk *walk, string_view path, size_t component, bp_error *err)
{
    bp_status status = BP_OK;

    if (walk->step_count == walk->step_capacity)
        status = grow(&walk->steps, &walk->step_capacity, sizeof *walk->steps, walk->context->memory, err);
    if (!status) walk->steps[walk->step_count++] = (step){path, component};
    return status;
}

static bp_status found_file(walk *walk, string_view path, bp_error *err)
{
    if (walk->found.count >= LIMIT_GLOB_FILES)
        return error_set(err, BP_LIMIT, "a file pattern matches more than %d files", LIMIT_GLOB_FILES);
    return push_string(&walk->found, walk->context->memory, path, err);
}

static void walk_clear(walk *walk)
{
    memory *memory = walk->context->memory;

    memory_free(memory, walk->patterns.items, walk->patterns.capacity * sizeof(string_view));
    memory_free(memory, walk->components.items, walk->components.capacity * sizeof(string_view));
    memory_free(memory, walk->found.items, walk->found.capacity * sizeof(string_view));
    memory_free(memory, walk->steps, walk->step_capacity * sizeof(step));
    arena_clear(&walk->scratch);
}

/* braces ----------------------------------------------------------------------------------------------------------------------- */
/* The brace that ends the group whose beginning is at `at`, or SIZE_MAX; with stop_at_comma, `at` is inside the group, and a comma of its
 * own level ends as well. */
static size_t group_end(string_view pattern, size_t at, bool stop_at_comma)
{
    size_t depth = 0;

    for (size_t i = at; i < pattern.size; i++) {
        char byte = pattern.data[i];
        if (byte == '\\') i++;
        if (byte == '{') depth++;
        if (byte == '}' && depth-- == (stop_at_comma ? 0 : 1)) return i;
        if (byte == ',' && depth == 0 && stop_at_comma) return i;
    }
    return SIZE_MAX;
}

/* The first group that is closed; false: there is none. */
static bool find_group(string_view pattern, size_t *begin, size_t *end)
{
    for (size_t i = 0; i < pattern.size; i++) {
        if (pattern.data[i] == '\\')
            i++;
        else if (pattern.data[i] == '{' && (*end = group_end(pattern, i, false)) != SIZE_MAX)
            return *begin = i, true;
    }
    return false;
}

/* Put a pattern for each alternative of the first group in place of patterns[index]. */
static bp_status expand_group(walk *walk, size_t index, size_t begin, size_t end, bp_error *err)
{
    string_view pattern = walk->patterns.items[index];
    size_t from = begin + 1;
    bp_status status = BP_OK;

    for (bool first = true; from <= end && !status; first = false) {
        size_t to = group_end(pattern, from, true);
        string_view made = arena_format(&walk->scratch, "%.*s%.*s%.*s", (int)begin, pattern.data, (int)(to - from),
                                        pattern.data + from, (int)(pattern.size - end - 1), pattern.data + end + 1);

        if (!made.data) return error_no_memory(err, walk->context->memory, pattern.size);
        if (first)
            walk->patterns.items[index] = made;
        else if (walk->patterns.count >= LIMIT_GLOB_ALTERNATIVES)
            return error_set(err, BP_LIMIT, "the braces of a file pattern stand for more than %d patterns",
                             LIMIT_GLOB_ALTERNATIVES);
        else
            status = push_string(&walk->patterns, walk->context->memory, made, err);
        from = to + 1;
    }
    return status;
}

static bp_status expand_braces(walk *walk, string_view pattern, bp_error *err)
{
    size_t begin, end;
    bp_status status = push_string(&walk->patterns, walk->context->memory, pattern, err);

    for (size_t i = 0; i < walk->patterns.count && !status; i++)
        while (!status && find_group(walk->patterns.items[i], &begin, &end)) status = expand_group(walk, i, begin, end, err);
    return status;
}

/* folders ---------------------------------------------------------------------------------------------------------------------- */
/* path/name, with a NUL behind it; data NULL: no memory. */
static string_view join(walk *walk, string_view path, string_view name)
{
    bool slash = path.size > 0 && path.data[path.size - 1] != '/';

    return arena_format(&walk->scratch, "%.*s%s%.*s", STRING_ARGUMENTS(path), slash ? "/" : "", STRING_ARGUMENTS(name));
}

static bp_status open_folder(DIR **out, bp_context *context, string_view path, bp_error *err)
{
    int descriptor = file_call_open(context, path.size ? path.data : ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);

    *out = descriptor >= 0 ? fdopendir(descriptor) : NULL;
    if (*out) return BP_OK;
    return file_error(err, "read the folder", path.size ? path : STRING_VIEW("."), errno);
}

/* The next name; *name empty: the end. */
static bp_status next_entry(struct dirent **out, DIR *folder, string_view path, bp_error *err)
{
    do {
        errno = 0;
        *out = readdir(folder);
        if (!*out) return errno ? file_error(err, "read the folder", path, errno) : BP_OK;
    } while (strcmp((*out)->d_name, ".") == 0 || strcmp((*out)->d_name, "..") == 0);
    return BP_OK;
}

typedef enum entry_kind { ENTRY_FILE, ENTRY_FOLDER, ENTRY_LINK_TO_FOLDER, ENTRY_GONE } entry_kind;

static entry_kind kind_of(const struct dirent *entry, DIR *folder)
{
    struct stat info;
    bool link = entry->d_type == DT_LNK;

    if (entry->d_type == DT_DIR) return ENTRY_FOLDER;
    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) return ENTRY_FILE;
    if (entry->d_type == DT_UNKNOWN && fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0)
        link = S_ISLNK(info.st_mode);
    if (fstatat(dirfd(folder), entry->d_name, &info, 0)) return ENTRY_GONE;
    if (!S_ISDIR(info.st_mode)) return ENTRY_FILE;
    return link ? ENTRY_LINK_TO_FOLDER : ENTRY_FOLDER;
}

/* walking ---------------------------------------------------------------------------------------------------------------------- */
static bp_status take_entry(walk *walk, step at, string_view name, entry_kind kind, bp_error *err)
{
    string_view wanted = walk->components.items[at.component], path;
    bool deep = glob_is_double_star(wanted), last = at.component + 1 == walk->components.count;

    if (deep ? kind != ENTRY_FOLDER || name.data[0] == '.' : !glob_match_component(wanted, name)) return BP_OK;
    if (kind == ENTRY_GONE || (!deep && last != (kind == ENTRY_FILE))) return BP_OK;
    path = join(walk, at.path, name);
    if (!path.data) return error_no_memory(err, walk->context->memory, at.path.size + name.size + 2);
    if (path.size >= LIMIT_PATH_SIZE) return file_check_path(path, err);
    if (!deep && last) return found_file(walk, path, err);
    return push_step(walk, path, deep ? at.component : at.component + 1, err);
}

static bp_status walk_folder(walk *walk, step at, bp_error *err)
{
    struct dirent *entry;
    DIR *folder;
    bp_status status = open_folder(&folder, walk->context, at.path, err);

    if (status == BP_NOT_FOUND) return BP_OK; /* a component that is a name, or gone meanwhile */
    if (status) return status;
    while (!(status = next_entry(&entry, folder, at.path, err)) && entry)
        if ((status = take_entry(walk, at, string_view_of(entry->d_name), kind_of(entry, folder), err))) break;
    closedir(folder);
    return status;
}

/* A component that is a plain name: go there without reading the folder. */
static bp_status walk_name(walk *walk, step at, bp_error *err)
{
    string_view wanted = walk->components.items[at.component], path;
    char *name = arena_allocate(&walk->scratch, wanted.size + 1);
    size_t size = 0;

    if (!name) return error_no_memory(err, walk->context->memory, wanted.size + 1);
    for (size_t i = 0; i < wanted.size; i++) {
        if (wanted.data[i] == '\\' && i + 1 < wanted.size) i++;
        name[size++] = wanted.data[i];
    }
    path = join(walk, at.path, (string_view){name, size});
    if (!path.data) return error_no_memory(err, walk->context->memory, at.path.size + size + 2);
    if (at.component + 1 < walk->components.count) return push_step(walk, path, at.component + 1, err);
    return file_exists(path) && !file_is_directory(path) ? found_file(walk, path, err) : BP_OK;
}

static bp_status take_step(walk *walk, bp_error *err)
{
    step at = walk->steps[--walk->step_count];
    string_view wanted = walk->components.items[at.component];
    bp_status status = cancel_check(&walk->context->cancel, err);

    if (status) return status;
    if (!glob_is_pattern(wanted)) return walk_name(walk, at, err);
    if (glob_is_double_star(wanted) && (status = push_step(walk, at.path, at.component + 1, err))) return status;
    return walk_folder(walk, at, err);
}

static bp_status split_components(walk *walk, string_view pattern, bp_error *err)
{
    string_list *list = &walk->components;
    size_t at = 0;
    string_view component;
    bp_status status = BP_OK;

    list->count = 0;
    while (!status && glob_next_component(pattern, &at, &component))
        if (!list->count || !glob_is_double_star(component) || !glob_is_double_star(list->items[list->count - 1]))
            status = push_string(list, walk->context->memory, component, err);
    if (!status && list->count && glob_is_double_star(list->items[list->count - 1]))
        status = push_string(list, walk->context->memory, STRING_VIEW("*"), err);
    return status;
}

static bp_status walk_pattern(walk *walk, string_view pattern, bp_error *err)
{
    bp_status status = split_components(walk, pattern, err);

    if (status || !walk->components.count) return status;
    status = push_step(walk, string_starts_with(pattern, STRING_VIEW("/")) ? STRING_VIEW("/") : STRING_VIEW(""), 0, err);
    while (!status && walk->step_count) status = take_step(walk, err);
    return status;
}

/* results ---------------------------------------------------------------------------------------------------------------------- */
static int compare_paths(const void *left, const void *right)
{
    return string_compare(*(const string_view *)left, *(const string_view *)right);
}

/* Sorted, none twice, copied into the caller's arena. */
static bp_status give(file_list *out, arena *arena, string_list *list, bp_error *err)
{
    if (list->count) qsort(list->items, list->count, sizeof *list->items, compare_paths);
    out->paths = arena_allocate_array(arena, list->count ? list->count : 1, sizeof *out->paths);
    if (!out->paths) return error_no_memory(err, arena->memory, list->count * sizeof *out->paths);
    for (size_t i = 0; i < list->count; i++) {
        if (i && string_equal(list->items[i], list->items[i - 1])) continue;
        out->paths[out->count] = arena_copy(arena, list->items[i]);
        if (!out->paths[out->count].data) return error_no_memory(err, arena->memory, list->items[i].size + 1);
        out->count++;
    }
    return BP_OK;
}

static bp_status check_pattern(const bp_context *context, string_view pattern, bp_error *err)
{
    if (pattern.size > LIMIT_GLOB_SIZE)
        return error_set(err, BP_LIMIT, "a file pattern has %zu bytes; at most %d are allowed", pattern.size, LIMIT_GLOB_SIZE);
    return file_check_access(context, pattern, err);
}

bp_status glob_expand(file_list *out, arena *arena, bp_context *context, string_view pattern, bp_error *err)
{
    walk walk = {.context = context};
    bp_status status = check_pattern(context, pattern, err);

    *out = (file_list){NULL, 0};
    if (status) return status;
    arena_init(&walk.scratch, context->memory);
    if (!glob_is_pattern(pattern) || file_exists(pattern)) {
        if ((status = found_file(&walk, pattern, err))) goto done;
    } else {
        if ((status = expand_braces(&walk, pattern, err))) goto done;
        for (size_t i = 0; i < walk.patterns.count; i++)
            if ((status = walk_pattern(&walk, walk.patterns.items[i], err))) goto done;
    }
    if (walk.found.count == 0)
        status =
            error_set(err, BP_NOT_FOUND, "no file matches \"%.*s\"", pattern.size > 600 ? 600 : (int)pattern.size, pattern.data);
    else
        status = give(out, arena, &walk.found, err);
done:
    walk_clear(&walk);
    return status;
}

bp_status glob_list(file_list *out, arena *arena, bp_context *context, string_view folder, bp_error *err)
{
    walk walk = {.context = context};
    path_text path;
    struct dirent *entry;
    DIR *opened = NULL;
    bp_status status = file_check_access(context, folder, err);

    *out = (file_list){NULL, 0};
    if (status || (status = file_path_text(&path, folder, err))) return status;
    arena_init(&walk.scratch, context->memory);
    if ((status = open_folder(&opened, context, string_view_of(path.text), err))) goto done;
    while (!(status = next_entry(&entry, opened, folder, err)) && entry) {
        string_view name = arena_copy(&walk.scratch, string_view_of(entry->d_name));
        if (!name.data) status = error_no_memory(err, context->memory, 256);
        if (status || (status = found_file(&walk, name, err))) break;
    }
    if (!status) status = give(out, arena, &walk.found, err);
done:
    if (opened) closedir(opened);
    walk_clear(&walk);
    return status;
}
