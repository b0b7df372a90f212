/* Table functions and files by path. */
#include "base/glob.h"
#include "binder.h"
#include "io/csv.h"
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

/* read_csv ------------------------------------------------------------------------------------------------------------------------------------------ */
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

static bp_status csv_source_over(source **out, const binder *binder, const file_list *files, const csv_options *options,
                                 bp_error *err)
{
    if (files->count == 1) return csv_source_known(out, binder->context, files->paths[0], options, err);
    return csv_source_new(out, binder->context, files->paths, files->count, options, err);
}

static bp_status set_csv_option(void *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return csv_options_set(options, arena, name, value, err);
}

static bp_status set_parquet_option(void *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return parquet_options_set(options, arena, name, value, err);
}

/* read_…(files, option = value …): the files, and each option set. */
typedef bp_status option_setter(void *options, arena *arena, string_view name, const column *value, bp_error *err);
static bp_status reader_arguments(file_list *files, binder *binder, syntax_id call, option_setter *set, void *options,
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
        if ((status = set(options, binder->arena, named->text, value, err))) {
            if (err && err->position < 0) err->position = named->begin;
            return status;
        }
    }
    return BP_OK;
}

static bp_status csv_source_of(source **out, binder *binder, syntax_id call, bp_error *err)
{
    csv_options options;
    file_list files = {0};
    bp_status status;

    if (overridden(out, binder)) return BP_OK;
    csv_options_init(&options);
    if ((status = reader_arguments(&files, binder, call, set_csv_option, &options, err))) return status;
    return csv_source_over(out, binder, &files, &options, err);
}

/* read_parquet ------------------------------------------------------------------------------------------------------------------------------------ */
static bp_status parquet_source_of(source **out, binder *binder, syntax_id call, bp_error *err)
{
    parquet_options options;
    file_list files = {0};
    bp_status status;

    if (overridden(out, binder)) return BP_OK;
    parquet_options_init(&options);
    if ((status = reader_arguments(&files, binder, call, set_parquet_option, &options, err))) return status;
    return parquet_source_new(out, binder->context, files.paths, files.count, &options, err);
}

/* parquet_schema('…') and its like: the footers are read now, into a table. */
static bp_status parquet_facts_of(source **out, binder *binder, syntax_id call, parquet_fact fact, bp_error *err)
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
    return parquet_facts_new(out, binder->context, files.paths, files.count, fact, err);
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

static bool is_parquet(string_view path)
{
    return path.size >= 8 && string_equal_nocase(string_view_slice(path, path.size - 8, path.size), STRING_VIEW(".parquet"));
}

/* Files named by a path alone, with the options that are usual for their kind. */
static bp_status plain_source(source **out, binder *binder, const file_list *files, bool parquet, bp_error *err)
{
    parquet_options parquet_options;
    csv_options options;

    csv_options_init(&options);
    parquet_options_init(&parquet_options);
    if (parquet) return parquet_source_new(out, binder->context, files->paths, files->count, &parquet_options, err);
    return csv_source_over(out, binder, files, &options, err);
}

bp_status bind_path(source **out, binder *binder, string_view path, uint32_t position, bp_error *err)
{
    file_list files = {0};
    bp_status status;

    if (string_ends_with(path, STRING_VIEW(".json")) || string_ends_with(path, STRING_VIEW(".jsonl")) ||
        string_ends_with(path, STRING_VIEW(".ndjson")) || string_ends_with(path, STRING_VIEW(".arrow")))
        return error_set_at(err, BP_NOT_SUPPORTED, position, "'%.*s': this version reads CSV and Parquet files only",
                            STRING_ARGUMENTS(path));
    if (overridden(out, binder)) return BP_OK;
    if ((status = expand_paths(&files, binder, &path, 1, position, err))) return status;
    status = plain_source(out, binder, &files, is_parquet(path), err);
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
static const char *const function_names[] = {"generate_series",
                                             "parquet_file_metadata",
                                             "parquet_kv_metadata",
                                             "parquet_metadata",
                                             "parquet_scan",
                                             "parquet_schema",
                                             "range",
                                             "read_csv",
                                             "read_csv_auto",
                                             "read_parquet",
                                             "unnest"};

static string_view function_name_at(const void *data, size_t index)
{
    return string_view_of(((const char *const *)data)[index]);
}

size_t table_function_count(void)
{
    return ARRAY_LENGTH(function_names);
}

string_view table_function_name(size_t index)
{
    return string_view_of(function_names[index]);
}

/* Parquet's functions; *known false: it is none of them. */
static bp_status parquet_function(source **out, binder *binder, syntax_id call, bool *known, bp_error *err)
{
    static const struct {
        const char *name;
        parquet_fact fact;
    } facts[] = {{"parquet_schema", PARQUET_SCHEMA},
                 {"parquet_metadata", PARQUET_METADATA},
                 {"parquet_file_metadata", PARQUET_FILE_METADATA},
                 {"parquet_kv_metadata", PARQUET_KV_METADATA}};
    string_view name = syntax_at(binder->tree, call)->text;

    *known = true;
    if (string_equal_nocase(name, STRING_VIEW("read_parquet")) || string_equal_nocase(name, STRING_VIEW("parquet_scan")))
        return parquet_source_of(out, binder, call, err);
    for (size_t i = 0; i < ARRAY_LENGTH(facts); i++)
        if (string_equal_nocase(name, string_view_of(facts[i].name)))
            return parquet_facts_of(out, binder, call, facts[i].fact, err);
    *known = false;
    return BP_OK;
}

bp_status bind_table_function(plan_id *out, scope *scope, binder *binder, syntax_id call, bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, call);
    source *source = NULL;
    bool known;
    bp_status status = parquet_function(&source, binder, call, &known, err);

    if (known) {
        if (status) return status;
    } else if (string_equal_nocase(node->text, STRING_VIEW("read_csv")) ||
               string_equal_nocase(node->text, STRING_VIEW("read_csv_auto")))
        status = csv_source_of(&source, binder, call, err);
    else if (string_equal_nocase(node->text, STRING_VIEW("range")))
        status = range_of(&source, binder, call, false, err);
    else if (string_equal_nocase(node->text, STRING_VIEW("generate_series")))
        status = range_of(&source, binder, call, true, err);
    else {
        status = error_set_at(err, BP_BIND_ERROR, node->begin, "there is no table function \"%.*s\"", STRING_ARGUMENTS(node->text));
        error_suggest(err, node->text, function_name_at, function_names, ARRAY_LENGTH(function_names));
    }
    if (status) return status;
    status = scan_source(out, scope, binder, source, err);
    source_release(source);
    return status;
}
