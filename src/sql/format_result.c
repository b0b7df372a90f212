/* The formats of results by name; see the header. */
#include "format_result.h"

#include "io/csv.h"
#include "io/format.h"

typedef enum result_kind { KIND_TEXT, KIND_CSV, KIND_FILE } result_kind;

static const struct {
    const char *name;
    result_kind kind;
    text_format text; /* KIND_TEXT */
} formats[] = {
    {"box", KIND_TEXT, TEXT_BOX},
    {"csv", KIND_CSV, 0},
    {"tsv", KIND_CSV, 0},
    {"json", KIND_TEXT, TEXT_JSON},
    {"jsonl", KIND_TEXT, TEXT_JSONL},
    {"markdown", KIND_TEXT, TEXT_MARKDOWN},
    {"html", KIND_TEXT, TEXT_HTML},
    {"line", KIND_TEXT, TEXT_LINE},
    {"arrow", KIND_FILE, 0},
    {"parquet", KIND_FILE, 0},
};

const char *result_format_name(size_t index)
{
    return index < ARRAY_LENGTH(formats) ? formats[index].name : NULL;
}

static size_t find_format(const char *name)
{
    size_t i = 0;

    while (i < ARRAY_LENGTH(formats) && !string_equal_nocase(string_view_of(name), string_view_of(formats[i].name))) i++;
    return i;
}

bool result_format_is_binary(const char *name)
{
    size_t index = find_format(name);

    return index < ARRAY_LENGTH(formats) && formats[index].kind == KIND_FILE;
}

static bp_status csv_target(target **out, bp_context *context, byte_sink sink, const schema *schema, const result_options *options,
                            bp_error *err)
{
    csv_write_options csv;

    csv_write_options_init(&csv);
    csv.header = !options->text.no_header;
    if (options->text.null_text) csv.null_text = string_view_of(options->text.null_text);
    if (string_equal_nocase(string_view_of(options->format), STRING_VIEW("tsv"))) csv.delimiter = STRING_VIEW("\t");
    return csv_writer_new(out, context, sink, schema, &csv, err);
}

static bp_status file_target(target **out, bp_context *context, byte_sink sink, const schema *schema, const result_options *options,
                             bp_error *err)
{
    const file_format *format = format_of_name(string_view_of(options->format));
    string_view path = options->path ? string_view_of(options->path) : STRING_VIEW("");
    void *own;
    arena arena;
    bp_status status;

    if (!format || !format->target_new)
        return error_set(err, BP_NOT_SUPPORTED, "this version does not write the format \"%s\"", options->format);
    arena_init(&arena, context->memory);
    status = format->write_options_new(&own, &arena, err);
    if (!status) status = format->target_new(out, context, sink, path, schema, own, err);
    arena_clear(&arena);
    return status;
}

static bp_status no_format(const char *name, bp_error *err)
{
    return error_set(err, BP_BAD_ARGUMENT,
                     "there is no output format \"%s\"; there are box csv tsv json jsonl markdown html line arrow parquet", name);
}

bp_status result_target_new(target **out, bp_context *context, byte_sink sink, const schema *schema, const result_options *options,
                            bp_error *err)
{
    size_t index = find_format(options->format);
    text_options text = options->text;

    *out = NULL;
    if (index == ARRAY_LENGTH(formats)) return no_format(options->format, err);
    switch (formats[index].kind) {
    case KIND_CSV: return csv_target(out, context, sink, schema, options, err);
    case KIND_FILE: return file_target(out, context, sink, schema, options, err);
    default: text.format = formats[index].text; return text_writer_new(out, context, sink, schema, &text, err);
    }
}
