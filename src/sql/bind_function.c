/* Table functions and files by path. */
#include "base/glob.h"
#include "binder.h"
#include "io/format.h"
#include "io/parquet.h"
#include "io/range_source.h"

/* arguments ------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct call_arguments {
    syntax_id *positional;
    size_t count;
    syntax_id *named; /* ARGUMENT nodes */
    size_t named_count;
} call_arguments;

static bp_status split_arguments(call_arguments *out, binder *binder, syntax_id call, bp_error *err)
{
    syntax_id list = syntax_child(binder->tree, call, SLOT_CALL_ARGUMENTS);
    size_t count = list ? syntax_at(binder->tree, list)->count : 0;

    *out = (call_arguments){0};
    out->positional = arena_new_array(binder->arena, syntax_id, count);
    out->named = arena_new_array(binder->arena, syntax_id, count);
    if (!out->positional || !out->named) return error_no_memory(err, binder->context->memory, count * sizeof(syntax_id));
    for (size_t i = 0; i < count; i++) {
        syntax_id node = syntax_children(binder->tree, list)[i];
        if (syntax_kind_of(binder->tree, node) == SYNTAX_ARGUMENT)
            out->named[out->named_count++] = node;
        else
            out->positional[out->count++] = node;
    }
    return BP_OK;
}

static bp_status wants_arguments(const binder *binder, syntax_id call, const call_arguments *arguments, size_t least, size_t most,
                                 bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, call);

    if (arguments->count >= least && arguments->count <= most) return BP_OK;
    return error_set_at(err, BP_BIND_ERROR, node->begin, "%.*s() takes %zu to %zu arguments, not %zu", STRING_ARGUMENTS(node->text),
                        least, most, arguments->count);
}

/* files ------------------------------------------------------------------------------------------------------------------------------------------- */
/* The files that patterns mean, in order; a pattern without a match is an error. */
static bp_status expand_paths(file_list *out, binder *binder, const string_view *patterns, size_t count, uint32_t position,
                              bp_error *err)
{
    bp_status status;

    *out = (file_list){0};
    for (size_t i = 0; i < count; i++) {
        file_list found;
        string_view *all;
        if ((status = glob_expand(&found, binder->arena, binder->context, patterns[i], err))) {
            if (err && err->position < 0) err->position = position;
            return status;
        }
        all = arena_new_array(binder->arena, string_view, out->count + found.count);
        if (!all) return error_no_memory(err, binder->context->memory, found.count * sizeof *all);
        if (out->count) memcpy(all, out->paths, out->count * sizeof *all);
        if (found.count) memcpy(all + out->count, found.paths, found.count * sizeof *all);
        out->paths = all;
        out->count += found.count;
    }
    return BP_OK;
}

/* The first argument: a text or a list of texts. */
static bp_status path_argument(file_list *out, binder *binder, syntax_id node, bp_error *err)
{
    uint32_t position = syntax_at(binder->tree, node)->begin;
    const column *value, *texts;
    string_view *patterns;
    size_t first = 0, count = 1;
    bp_status status;

    if ((status = constant_of(&value, binder, node, err))) return status;
    texts = value;
    if (!column_is_null(value, 0) && value->type.id == TYPE_LIST) {
        const list_entry *entry = value->values;
        texts = &value->children[0];
        first = entry->offset;
        count = entry->size;
    }
    if (texts->type.id != TYPE_VARCHAR || column_is_null(value, 0))
        return error_set_at(err, BP_BIND_ERROR, position, "a file name, or a list of file names, is wanted here");
    patterns = arena_new_array(binder->arena, string_view, count);
    if (!patterns) return error_no_memory(err, binder->context->memory, count * sizeof *patterns);
    for (size_t i = 0; i < count; i++) patterns[i] = string_ref_view((const string_ref *)texts->values + first + i);
    return expand_paths(out, binder, patterns, count, position, err);
}

/* In a second binding of a statement: the source that the first had in this place, settled since. */
static bool overridden(source **out, const binder *binder)
{
    const session *session = binder->session;

    if (binder->plan->source_count >= session->override_count) return false;
    *out = source_retain(session->overrides[binder->plan->source_count]);
    return true;
}

/* read_…(files, option = value …): the files, and each option set. */
static bp_status reader_arguments(file_list *files, binder *binder, syntax_id call, const file_format *format, void *options,
                                  bp_error *err)
{
    call_arguments arguments;
    bp_status status;

    if ((status = split_arguments(&arguments, binder, call, err))) return status;
    if ((status = wants_arguments(binder, call, &arguments, 1, 1, err))) return status;
    if ((status = path_argument(files, binder, arguments.positional[0], err))) return status;
    for (size_t i = 0; i < arguments.named_count; i++) {
        const syntax_node *named = syntax_at(binder->tree, arguments.named[i]);
        const column *value;
        if ((status = option_value(&value, binder, syntax_child(binder->tree, arguments.named[i], 0), err))) return status;
        if ((status = format->read_option_set(options, binder->arena, named->text, value, err))) {
            if (err && err->position < 0) err->position = named->begin;
            return status;
        }
    }
    return BP_OK;
}

static bp_status read_source(source **out, binder *binder, syntax_id call, const file_format *format, bp_error *err)
{
    void *options;
    file_list files = {0};
    bp_status status;

    if (overridden(out, binder)) return BP_OK;
    if ((status = format->read_options_new(&options, binder->arena, err))) return status;
    if ((status = reader_arguments(&files, binder, call, format, options, err))) return status;
    return format->source_new(out, binder->context, files.paths, files.count, options, err);
}

/* parquet_schema('…') and its like: the footers are read now, into a table. */
static bp_status parquet_facts_of(source **out, binder *binder, syntax_id call, int fact, bp_error *err)
{
    call_arguments arguments;
    file_list files = {0};
    bp_status status;

    if (overridden(out, binder)) return BP_OK;
    if ((status = split_arguments(&arguments, binder, call, err))) return status;
    if ((status = wants_arguments(binder, call, &arguments, 1, 1, err))) return status;
    if (arguments.named_count)
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, arguments.named[0])->begin, "%.*s() has no options",
                            STRING_ARGUMENTS(syntax_at(binder->tree, call)->text));
    if ((status = path_argument(&files, binder, arguments.positional[0], err))) return status;
    return parquet_facts_new(out, binder->context, files.paths, files.count, (parquet_fact)fact, err);
}

bp_status option_value(const column **out, binder *binder, syntax_id node, bp_error *err)
{
    const syntax *tree = binder->tree;
    const syntax_node *syntax = syntax_at(tree, node);

    if (syntax->kind == SYNTAX_STRUCT_VALUE) return struct_constant(out, binder, node, err);
    if (syntax->kind == SYNTAX_COLUMN) { /* a bare word is its text: header = true is a BOOLEAN already, delim = tab not */
        string_ref *text = arena_new(binder->arena, string_ref);
        column *value = arena_new(binder->arena, column);
        if (!text || !value) return error_no_memory(err, binder->context->memory, sizeof *value);
        *text = string_ref_of(syntax->text.data, syntax->text.size);
        *value = (column){.type = type_of(TYPE_VARCHAR), .encoding = COLUMN_CONSTANT, .length = 1, .values = text};
        *out = value;
        return BP_OK;
    }
    return constant_of(out, binder, node, err);
}

/* {'a': 'INTEGER', 'b': 'VARCHAR'} as a STRUCT value of constants. */
bp_status struct_constant(const column **out, binder *binder, syntax_id node, bp_error *err)
{
    const syntax_node *syntax = syntax_at(binder->tree, node);
    column *children = arena_new_array(binder->arena, column, syntax->count), *value = arena_new(binder->arena, column);
    data_type *types = arena_new_array(binder->arena, data_type, syntax->count);
    string_view *names = arena_new_array(binder->arena, string_view, syntax->count);
    type_detail *detail = arena_new(binder->arena, type_detail);
    bp_status status;

    if (!children || !value || !types || !names || !detail)
        return error_no_memory(err, binder->context->memory, syntax->count * sizeof *children);
    for (size_t i = 0; i < syntax->count; i++) {
        syntax_id field = syntax_children(binder->tree, node)[i];
        const column *constant;
        if ((status = constant_of(&constant, binder, syntax_child(binder->tree, field, 0), err))) return status;
        if ((status = column_flatten(&children[i], constant, binder->arena, err))) return status;
        types[i] = constant->type;
        names[i] = syntax_at(binder->tree, field)->text;
    }
    *detail = (type_detail){.child_count = syntax->count, .children = types, .names = names};
    *value =
        (column){.type = {.id = TYPE_STRUCT, .detail = detail}, .length = 1, .children = children, .child_count = syntax->count};
    *out = value;
    return BP_OK;
}

/* A path as a table: its ending says what it is, any other file is read as CSV; with the usual options. */
bp_status bind_path(source **out, binder *binder, string_view path, uint32_t position, bp_error *err)
{
    const file_format *format = format_of_path(path);
    file_list files = {0};
    void *options;
    bp_status status;

    if (string_ends_with(path, STRING_VIEW(".json")) || string_ends_with(path, STRING_VIEW(".jsonl")) ||
        string_ends_with(path, STRING_VIEW(".ndjson")))
        return error_set_at(err, BP_NOT_SUPPORTED, position, "'%.*s': this version does not read JSON files as tables",
                            STRING_ARGUMENTS(path));
    if (overridden(out, binder)) return BP_OK;
    if (!format) format = format_of_name(STRING_VIEW("csv"));
    if ((status = expand_paths(&files, binder, &path, 1, position, err))) return status;
    if ((status = format->read_options_new(&options, binder->arena, err))) return status;
    status = format->source_new(out, binder->context, files.paths, files.count, options, err);
    if (err && status && err->position < 0 && err->line == 0) err->position = position;
    return status;
}

/* range ----------------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status range_of(source **out, binder *binder, syntax_id call, bool inclusive, bp_error *err)
{
    int64_t numbers[3] = {0, 0, 1};
    call_arguments arguments;
    bp_status status;

    if ((status = split_arguments(&arguments, binder, call, err))) return status;
    if ((status = wants_arguments(binder, call, &arguments, 1, 3, err))) return status;
    for (size_t i = 0; i < arguments.count; i++)
        if ((status = integer_constant(&numbers[arguments.count == 1 ? 1 : i], binder, arguments.positional[i], err)))
            return status;
    if (numbers[2] == 0)
        return error_set_at(err, BP_OUT_OF_RANGE, syntax_at(binder->tree, call)->begin, "%.*s(): the step cannot be 0",
                            STRING_ARGUMENTS(syntax_at(binder->tree, call)->text));
    return range_source_new(out, binder->context, inclusive ? "generate_series" : "range", numbers[0], numbers[1], numbers[2],
                            inclusive, err);
}

bp_status integer_constant(int64_t *out, binder *binder, syntax_id node, bp_error *err)
{
    expression_context context = {.clause = "a constant"};
    expr_id expr;
    const column *value;
    bp_status status;

    if ((status = bind_expression(&expr, binder, &context, node, err))) return status;
    if ((status = expr_cast_implicit(&expr, &binder->plan->exprs, expr, type_of(TYPE_INT64), err))) return status;
    if ((status = expr_constant_value(&value, &binder->plan->exprs, expr, err))) return status;
    if (column_is_null(value, 0))
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, node)->begin, "a number is wanted, not NULL");
    *out = *(const int64_t *)value->values;
    return BP_OK;
}

/* the table of functions --------------------------------------------------------------------------------------------------------------------------------- */
static bp_status series_of(source **out, binder *binder, syntax_id call, int inclusive, bp_error *err)
{
    return range_of(out, binder, call, inclusive, err);
}

/* Functions that read no files of rows; those of a format come from io/format.h. `which` is for the binding function. */
static const struct {
    const char *name;
    bp_status (*bind)(source **out, binder *binder, syntax_id call, int which, bp_error *err);
    int which;
} functions[] = {
    {"generate_series", series_of, true},
    {"parquet_file_metadata", parquet_facts_of, PARQUET_FILE_METADATA},
    {"parquet_kv_metadata", parquet_facts_of, PARQUET_KV_METADATA},
    {"parquet_metadata", parquet_facts_of, PARQUET_METADATA},
    {"parquet_schema", parquet_facts_of, PARQUET_SCHEMA},
    {"range", series_of, false},
    {"unnest", NULL, 0}, /* bind_unnest.c takes it before */
};

static size_t format_function_count(void)
{
    size_t count = 0;

    for (size_t i = 0; format_at(i); i++)
        for (const char *const *name = format_at(i)->functions; *name; name++) count++;
    return count;
}

size_t table_function_count(void)
{
    return ARRAY_LENGTH(functions) + format_function_count();
}

string_view table_function_name(size_t index)
{
    if (index < ARRAY_LENGTH(functions)) return string_view_of(functions[index].name);
    index -= ARRAY_LENGTH(functions);
    for (size_t i = 0; format_at(i); i++)
        for (const char *const *name = format_at(i)->functions; *name; name++)
            if (index-- == 0) return string_view_of(*name);
    return STRING_VIEW("");
}

static string_view function_name_at(const void *data, size_t index)
{
    (void)data;
    return table_function_name(index);
}

static bp_status function_source(source **out, binder *binder, syntax_id call, bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, call);
    const file_format *format = format_of_function(node->text);
    bp_status status;

    if (format) return read_source(out, binder, call, format, err);
    for (size_t i = 0; i < ARRAY_LENGTH(functions); i++)
        if (functions[i].bind && string_equal_nocase(node->text, string_view_of(functions[i].name)))
            return functions[i].bind(out, binder, call, functions[i].which, err);
    status = error_set_at(err, BP_BIND_ERROR, node->begin, "there is no table function \"%.*s\"", STRING_ARGUMENTS(node->text));
    error_suggest(err, node->text, function_name_at, NULL, table_function_count());
    return status;
}

bp_status bind_table_function(plan_id *out, scope *scope, binder *binder, syntax_id call, bp_error *err)
{
    source *source = NULL;
    bp_status status = function_source(&source, binder, call, err);

    if (!status) status = scan_source(out, scope, binder, source, err);
    source_release(source);
    return status;
}
