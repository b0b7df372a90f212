/* Options by their SQL names, from constant values. */
#include "column/table.h"
#include "ipc_internal.h"

typedef enum option_kind { KIND_NAME, KIND_BOOL, KIND_CONTAINER, KIND_COMPRESSION, KIND_LEVEL, KIND_ROWS } option_kind;

typedef struct option {
    const char *name;
    option_kind kind;
    size_t offset;
    const char *text;
} option;

static const option read_options[] = {
#define OPTION(name, kind, field, text) {name, KIND_##kind, offsetof(ipc_read_options, field), text},
#include "ipc_read_options.def"
#undef OPTION
};

static const option write_options[] = {
#define OPTION(name, kind, field, text) {name, KIND_##kind, offsetof(ipc_write_options, field), text},
#include "ipc_write_options.def"
#undef OPTION
};

typedef struct word {
    const char *name;
    int value;
} word;

static const word containers[] = {{"file", IPC_FILE}, {"stream", IPC_STREAM}};
static const word compressions[] = {
    {"none", IPC_UNCOMPRESSED}, {"uncompressed", IPC_UNCOMPRESSED}, {"lz4", IPC_LZ4}, {"lz4_frame", IPC_LZ4}, {"zstd", IPC_ZSTD}};

#define ROWS_MOST INT32_MAX
#define NAME_ROOM 64

void ipc_read_options_init(ipc_read_options *out)
{
    *out = (ipc_read_options){0};
}

void ipc_write_options_init(ipc_write_options *out)
{
    *out = (ipc_write_options){.batch_rows = TABLE_CHUNK_ROWS};
}

static string_view option_name(const void *data, size_t index)
{
    return string_view_of(((const option *)data)[index].name);
}

static bool as_word(const column *value, const word *words, size_t count, int *out)
{
    if (value->type.id != TYPE_VARCHAR || column_is_null(value, 0)) return false;
    for (size_t i = 0; i < count; i++) {
        if (!string_equal_nocase(string_ref_view(value->values), string_view_of(words[i].name))) continue;
        *out = words[i].value;
        return true;
    }
    return false;
}

static bool as_integer(const column *value, int64_t most, int64_t *out)
{
    if (column_is_null(value, 0)) return false;
    if (value->type.id == TYPE_INT32)
        *out = *(const int32_t *)value->values;
    else if (value->type.id == TYPE_INT64)
        *out = *(const int64_t *)value->values;
    else
        return false;
    return *out >= 1 && *out <= most;
}

/* One of `count` options by name; NULL: none, and `err` says which is nearest. */
static const option *find_option(const option *options, size_t count, string_view name, const char *what, bp_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (string_equal_nocase(name, string_view_of(options[i].name))) return &options[i];
    error_set(err, BP_BIND_ERROR, "%s no option \"%.*s\"", what, STRING_ARGUMENTS(name));
    error_suggest(err, name, option_name, options, count);
    return NULL;
}

bp_status ipc_read_options_set(ipc_read_options *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    const option *option = find_option(read_options, ARRAY_LENGTH(read_options), name, "read_arrow() has", err);
    bool on = value->type.id == TYPE_BOOLEAN && !column_is_null(value, 0) && bitmap_get(value->values, 0);
    string_view text;

    if (!option) return BP_BIND_ERROR;
    if (option->kind == KIND_NAME && value->type.id == TYPE_VARCHAR && !column_is_null(value, 0)) {
        text = arena_copy(arena, string_ref_view(value->values));
        if (!text.data) return error_no_memory(err, arena->memory, NAME_ROOM);
        *(string_view *)((char *)options + option->offset) = text;
        return BP_OK;
    }
    if (value->type.id != TYPE_BOOLEAN || column_is_null(value, 0))
        return error_set(err, BP_BIND_ERROR, "option %s wants true or false%s", option->name,
                         option->kind == KIND_NAME ? ", or the name of a column" : "");
    if (option->kind == KIND_NAME)
        *(string_view *)((char *)options + option->offset) = on ? STRING_VIEW("filename") : (string_view){0};
    else
        *(bool *)((char *)options + option->offset) = on;
    return BP_OK;
}

static bp_status set_value(const option *option, void *field, const column *value, bp_error *err)
{
    const char *wanted = NULL;
    int64_t number = 0;
    int chosen = 0;

    switch (option->kind) {
    case KIND_NAME:
    case KIND_BOOL: break; /* of reading */
    case KIND_CONTAINER:
        if (!as_word(value, containers, ARRAY_LENGTH(containers), &chosen)) wanted = "'file' or 'stream'";
        if (!wanted) *(ipc_container *)field = (ipc_container)chosen;
        break;
    case KIND_COMPRESSION:
        if (!as_word(value, compressions, ARRAY_LENGTH(compressions), &chosen)) wanted = "'none', 'lz4' or 'zstd'";
        if (!wanted) *(ipc_compression *)field = (ipc_compression)chosen;
        break;
    case KIND_LEVEL:
        if (!as_integer(value, 22, &number)) wanted = "a number from 1 to 22";
        if (!wanted) *(int *)field = (int)number;
        break;
    case KIND_ROWS:
        if (!as_integer(value, ROWS_MOST, &number)) wanted = "a number of rows from 1 to 2147483647";
        if (!wanted) *(size_t *)field = (size_t)number;
        break;
    }
    return wanted ? error_set(err, BP_BIND_ERROR, "option %s wants %s", option->name, wanted) : BP_OK;
}

bp_status ipc_write_options_set(ipc_write_options *options, string_view name, const column *value, bp_error *err)
{
    const option *option = find_option(write_options, ARRAY_LENGTH(write_options), name, "writing Arrow IPC has", err);

    return option ? set_value(option, (char *)options + option->offset, value, err) : BP_BIND_ERROR;
}
