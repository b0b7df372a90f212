/* COPY's own options; those of formats are set by them (io/format.h). */
#include "copy_options.h"

#include "io/option_value.h"

typedef enum option_kind { KIND_COLUMNS, KIND_BOOL, KIND_CHOICE, KIND_TEXT, KIND_BYTES, KIND_COUNT, KIND_OFF } option_kind;

typedef struct option {
    const char *name;
    option_kind kind;
    size_t offset;
} option;

static const option options_known[] = {
#define OPTION(name, kind, field) {name, KIND_##kind, offsetof(copy_options, field)},
#include "copy_options.def"
#undef OPTION
};

void copy_options_init(copy_options *out)
{
    *out = (copy_options){.hive_names = true, .use_tmp_file = -1};
}

/* Values ------------------------------------------------------------------------------------------------------------------------------- */
/* A name or a text in a list. */
static bp_status name_of(string_ref *out, binder *binder, syntax_id node, bp_error *err)
{
    const column *value;
    bp_status status;

    if (syntax_kind_of(binder->tree, node) == SYNTAX_COLUMN && syntax_at(binder->tree, node)->count == 0) {
        string_view text = syntax_at(binder->tree, node)->text;
        *out = string_ref_of(text.data, text.size);
        return BP_OK;
    }
    if ((status = option_value(&value, binder, node, err))) return status;
    if (value->type.id != TYPE_VARCHAR || column_is_null(value, 0))
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, node)->begin, "COPY wants the name of a column here");
    *out = *(const string_ref *)value->values;
    return BP_OK;
}

/* A value of one row in the arena: a text when `list` is false, else a list of texts. */
static bp_status texts_value(const column **out, binder *binder, const string_ref *texts, size_t count, bool list, bp_error *err)
{
    column *values = arena_new_array(binder->arena, column, 2);
    list_entry *entry = arena_new(binder->arena, list_entry);
    type_detail *detail = arena_new(binder->arena, type_detail);
    data_type *element = arena_new(binder->arena, data_type);

    if (!values || !entry || !detail || !element) return error_no_memory(err, binder->context->memory, 2 * sizeof *values);
    *element = type_of(TYPE_VARCHAR);
    *entry = (list_entry){0, (uint32_t)count};
    *detail = (type_detail){.child_count = 1, .children = element};
    values[0] = (column){.type = *element, .length = count, .values = texts};
    values[1] =
        (column){.type = {.id = TYPE_LIST, .detail = detail}, .length = 1, .values = entry, .children = values, .child_count = 1};
    *out = list ? &values[1] : &values[0];
    return BP_OK;
}

bp_status copy_option_value(const column **out, binder *binder, syntax_id node, bp_error *err)
{
    const syntax *tree = binder->tree;
    syntax_kind kind = syntax_kind_of(tree, node);
    size_t count = kind == SYNTAX_ROW ? syntax_at(tree, node)->count : 1;
    string_ref *texts;
    bp_status status;

    if (kind != SYNTAX_ROW && kind != SYNTAX_STAR) return option_value(out, binder, node, err);
    texts = arena_new_array(binder->arena, string_ref, count + 1);
    if (!texts) return error_no_memory(err, binder->context->memory, count * sizeof *texts);
    texts[0] = string_ref_of("*", 1);
    for (size_t i = 0; kind == SYNTAX_ROW && i < count; i++)
        if ((status = name_of(&texts[i], binder, syntax_children(tree, node)[i], err))) return status;
    return texts_value(out, binder, texts, count, kind == SYNTAX_ROW, err);
}

static bool as_count(const column *value, bool bytes, uint64_t *out)
{
    string_view text;
    int64_t number = -1;

    if (bytes && option_text(value, &text)) return config_parse_bytes(text, out);
    if (column_is_null(value, 0)) return false;
    if (value->type.id == TYPE_INT32) number = *(const int32_t *)value->values;
    if (value->type.id == TYPE_INT64) number = *(const int64_t *)value->values;
    *out = (uint64_t)number;
    return number > 0;
}

static bp_status set(void *field, const option *option, const column *value, bp_error *err)
{
    bool on = false;

    switch (option->kind) {
    case KIND_COLUMNS:
        *(const column **)field = value;
        if (value->type.id == TYPE_VARCHAR || value->type.id == TYPE_LIST) return BP_OK;
        return error_set(err, BP_BIND_ERROR, "option %s wants columns: (a, b), or * for all", option->name);
    case KIND_TEXT:
        return option_text(value, field) ? BP_OK : error_set(err, BP_BIND_ERROR, "option %s wants a text", option->name);
    case KIND_BYTES:
        return as_count(value, true, field)
                   ? BP_OK
                   : error_set(err, BP_BIND_ERROR, "option %s wants a number of bytes, or a text such as '64MB'", option->name);
    case KIND_COUNT:
        return as_count(value, false, field)
                   ? BP_OK
                   : error_set(err, BP_BIND_ERROR, "option %s wants a number of at least 1", option->name);
    case KIND_BOOL:
    case KIND_CHOICE:
    case KIND_OFF: break;
    }
    if (!option_bool(value, &on)) return error_set(err, BP_BIND_ERROR, "option %s wants true or false", option->name);
    if (option->kind == KIND_OFF && on) return error_set(err, BP_NOT_SUPPORTED, "option %s=true is not supported", option->name);
    if (option->kind == KIND_CHOICE)
        *(int *)field = on;
    else
        *(bool *)field = on;
    return BP_OK;
}

bp_status copy_options_set(copy_options *options, string_view name, const column *value, bool *known, bp_error *err)
{
    *known = true;
    for (size_t i = 0; i < ARRAY_LENGTH(options_known); i++)
        if (string_equal_nocase(name, string_view_of(options_known[i].name)))
            return set((char *)options + options_known[i].offset, &options_known[i], value, err);
    *known = false;
    return BP_OK;
}

/* Folders ------------------------------------------------------------------------------------------------------------------------------ */
bool copy_options_many_files(const copy_options *options)
{
    return options->partition_by || options->file_bytes || options->groups_per_file || options->per_thread_output;
}

static bp_status add_column(files_options *out, uint32_t *columns, const schema *schema, string_view name, bp_error *err)
{
    size_t index = schema_find(schema, name);

    if (index == SIZE_MAX)
        return error_set(err, BP_BIND_ERROR, "PARTITION_BY: there is no column \"%.*s\" among those that are written",
                         STRING_ARGUMENTS(name));
    for (size_t i = 0; i < out->partition_count; i++)
        if (columns[i] == index)
            return error_set(err, BP_BIND_ERROR, "PARTITION_BY: the column \"%.*s\" is named twice", STRING_ARGUMENTS(name));
    columns[out->partition_count++] = (uint32_t)index;
    return BP_OK;
}

static bp_status set_partition(files_options *out, const column *value, const schema *schema, arena *arena, bp_error *err)
{
    bool is_list = value->type.id == TYPE_LIST;
    const list_entry *entry = value->values;
    const column *texts = is_list ? &value->children[0] : value;
    size_t first = is_list ? entry->offset : 0, count = is_list ? entry->size : 1;
    uint32_t *columns = arena_new_array(arena, uint32_t, schema->count + 1);
    bp_status status = BP_OK;

    if (!columns) return error_no_memory(err, arena->memory, schema->count * sizeof *columns);
    out->partition_columns = columns;
    if (column_is_null(value, 0) || count == 0 || texts->type.id != TYPE_VARCHAR)
        return error_set(err, BP_BIND_ERROR, "option partition_by wants columns: (a, b), or * for all");
    for (size_t i = first; i < first + count && !status; i++) {
        string_view name = string_ref_view((const string_ref *)texts->values + i);
        if (!is_list && string_equal(name, STRING_VIEW("*")))
            for (size_t c = 0; c < schema->count && !status; c++) status = add_column(out, columns, schema, schema->names[c], err);
        else
            status = add_column(out, columns, schema, name, err);
    }
    return status;
}

bp_status copy_options_files(files_options *out, const copy_options *options, string_view path, const file_format *format,
                             const schema *columns, arena *arena, bp_error *err)
{
    string_view extension = string_view_of(format->endings[0] + 1);

    *out = (files_options){.folder = path,
                           .write_partition_columns = options->write_partition_columns,
                           .hive_names = options->hive_names,
                           .file_pattern = options->file_pattern.size ? options->file_pattern
                                           : options->append          ? STRING_VIEW("{uuid}")
                                                                      : STRING_VIEW("data_{i}"),
                           .extension = options->extension.size ? options->extension : extension,
                           .file_bytes = options->file_bytes,
                           .groups_per_file = options->groups_per_file,
                           .existing = options->overwrite             ? FILES_OVERWRITE
                                       : options->overwrite_or_ignore ? FILES_OVERWRITE_OR_IGNORE
                                       : options->append              ? FILES_APPEND
                                                                      : FILES_REFUSE};
    if (options->overwrite + options->overwrite_or_ignore + options->append > 1)
        return error_set(err, BP_BIND_ERROR, "COPY takes one of OVERWRITE, OVERWRITE_OR_IGNORE and APPEND");
    if (options->partition_by && options->per_thread_output)
        return error_set(err, BP_NOT_SUPPORTED, "COPY takes PARTITION_BY or PER_THREAD_OUTPUT, not both");
    if (memchr(out->file_pattern.data, '/', out->file_pattern.size) || memchr(out->extension.data, '/', out->extension.size))
        return error_set(err, BP_BIND_ERROR, "FILENAME_PATTERN and FILE_EXTENSION name files, they cannot have a '/'");
    return options->partition_by ? set_partition(out, options->partition_by, columns, arena, err) : BP_OK;
}
