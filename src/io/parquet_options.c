/* Options by their SQL names, from constant values. */
#include "parquet_internal.h"

typedef enum option_kind { KIND_BOOL, KIND_CHOICE, KIND_NAME } option_kind;

typedef struct option {
    const char *name;
    option_kind kind;
    size_t offset;
    const char *text;
} option;

static const option options_known[] = {
#define OPTION(name, kind, field, text) {name, KIND_##kind, offsetof(parquet_options, field), text},
#include "parquet_options.def"
#undef OPTION
};

void parquet_options_init(parquet_options *out)
{
    *out = (parquet_options){.hive_partitioning = -1};
}

static string_view option_name(const void *data, size_t index)
{
    return string_view_of(((const option *)data)[index].name);
}

static bool as_bool(const column *value, bool *out)
{
    if (column_is_null(value, 0)) return false;
    if (value->type.id == TYPE_BOOLEAN) {
        *out = bitmap_get(value->values, 0);
        return true;
    }
    if (value->type.id == TYPE_INT32) {
        *out = *(const int32_t *)value->values != 0;
        return true;
    }
    return false;
}

static bp_status set_name(string_view *field, arena *arena, const column *value, bp_error *err)
{
    bool on = false;

    if (value->type.id == TYPE_VARCHAR && !column_is_null(value, 0)) {
        *field = arena_copy(arena, string_ref_view(value->values));
        return field->data ? BP_OK : error_no_memory(err, arena->memory, 64);
    }
    if (!as_bool(value, &on)) return error_set(err, BP_BIND_ERROR, "option filename wants true, false or the name of a column");
    *field = on ? STRING_VIEW("filename") : (string_view){0};
    return BP_OK;
}

bp_status parquet_options_set(parquet_options *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    const option *found = NULL;
    void *field;
    bool on;

    for (size_t i = 0; i < ARRAY_LENGTH(options_known); i++)
        if (string_equal_nocase(name, string_view_of(options_known[i].name))) found = &options_known[i];
    if (!found) {
        error_set(err, BP_BIND_ERROR, "read_parquet() has no option \"%.*s\"", STRING_ARGUMENTS(name));
        error_suggest(err, name, option_name, options_known, ARRAY_LENGTH(options_known));
        return BP_BIND_ERROR;
    }
    field = (char *)options + found->offset;
    if (found->kind == KIND_NAME) return set_name(field, arena, value, err);
    if (!as_bool(value, &on)) return error_set(err, BP_BIND_ERROR, "option %s wants true or false", found->name);
    if (found->kind == KIND_BOOL)
        *(bool *)field = on;
    else
        *(int *)field = on;
    return BP_OK;
}
