/* Results as text. All formats but BOX are written row by row; BOX is format_box.c. */
#include "format_result.h"

#include "format_box.h"
#include "format_json.h"

static const char *const format_names[FORMAT_COUNT] = {"box", "csv", "tsv", "json", "jsonl", "markdown", "html", "line"};

bool text_format_find(text_format *out, string_view name)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (!string_equal_nocase(name, string_view_of(format_names[i]))) continue;
        *out = (text_format)i;
        return true;
    }
    return false;
}

const char *text_format_name(text_format format)
{
    return format_names[format];
}

struct text_writer {
    bp_context *context;
    memory *memory;
    const schema *schema;
    text_options options;
    builder cell; /* one value's text */
    format_box box; /* BOX */
    bool is_plan; /* BOX of what EXPLAIN gives: the text as it is, which has its own lines */
    uint64_t row_count;
};

static bool shows_plan(const schema *schema, const text_options *options)
{
    return options->format == FORMAT_BOX && schema->count == 2 && string_equal(schema->names[0], STRING_VIEW("explain_key")) &&
           string_equal(schema->names[1], STRING_VIEW("explain_value"));
}

bp_status text_writer_new(text_writer **out, bp_context *context, const schema *schema, const text_options *options, bp_error *err)
{
    memory *memory = context->memory;
    text_writer *writer = memory_new(memory, text_writer);
    bp_status status;

    *out = NULL;
    if (!writer) return error_no_memory(err, memory, sizeof *writer);
    writer->context = context;
    writer->memory = memory;
    writer->schema = schema;
    writer->options = *options;
    writer->is_plan = shows_plan(schema, options);
    builder_init(&writer->cell, memory, SIZE_MAX / 2);
    if ((status = format_box_init(&writer->box, memory, schema, options, err))) {
        text_writer_free(writer);
        return status;
    }
    *out = writer;
    return BP_OK;
}

void text_writer_free(text_writer *writer)
{
    if (!writer) return;
    builder_clear(&writer->cell);
    format_box_clear(&writer->box);
    memory_delete(writer->memory, writer);
}

static const char *null_text(const text_writer *writer)
{
    if (writer->options.null_text) return writer->options.null_text;
    return writer->options.format == FORMAT_BOX || writer->options.format == FORMAT_LINE ? "NULL" : "";
}

/* The text of a value, in writer->cell. */
static string_view cell_text(text_writer *writer, const column *column, size_t row)
{
    writer->cell.size = 0; /* no reset: a failure is remembered until somebody looks at the status */
    if (column_is_null(column, row))
        builder_text(&writer->cell, string_view_of(null_text(writer)));
    else
        column_print_value(&writer->cell, column, row);
    return builder_view(&writer->cell);
}

/* CSV ----------------------------------------------------------------------------------------------------------------------------------------------- */
static void put_csv(builder *out, string_view text, char separator, bool null)
{
    bool quoted = !null && text.size == 0;

    for (size_t i = 0; i < text.size && !quoted; i++)
        quoted = text.data[i] == separator || text.data[i] == '"' || text.data[i] == '\n' || text.data[i] == '\r';
    if (!quoted) {
        builder_text(out, text);
        return;
    }
    builder_byte(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"') builder_byte(out, '"');
        builder_byte(out, text.data[i]);
    }
    builder_byte(out, '"');
}

static void csv_header(text_writer *writer, builder *out, char separator)
{
    for (size_t i = 0; i < writer->schema->count; i++) {
        if (i) builder_byte(out, separator);
        put_csv(out, writer->schema->names[i], separator, false);
    }
    builder_byte(out, '\n');
}

static void csv_row(text_writer *writer, const batch *batch, size_t row, builder *out, char separator)
{
    for (size_t i = 0; i < batch->column_count; i++) {
        if (i) builder_byte(out, separator);
        put_csv(out, cell_text(writer, &batch->columns[i], row), separator, column_is_null(&batch->columns[i], row));
    }
    builder_byte(out, '\n');
}

/* JSON ------------------------------------------------------------------------------------------------------------------------------------------------ */
static void put_json_text(builder *out, string_view text)
{
    builder_byte(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        switch (c) {
        case '"': builder_literal(out, "\\\""); break;
        case '\\': builder_literal(out, "\\\\"); break;
        case '\n': builder_literal(out, "\\n"); break;
        case '\r': builder_literal(out, "\\r"); break;
        case '\t': builder_literal(out, "\\t"); break;
        default:
            if (c < 0x20)
                builder_format(out, "\\u%04x", c);
            else
                builder_byte(out, (char)c);
        }
    }
    builder_byte(out, '"');
}

/* NaN and the infinities are no JSON numbers: they go as texts. */
static bool is_json_number(data_type type, string_view text)
{
    return type_is_numeric(type) && text.size && text.data[text.size - 1] != 'n' && text.data[text.size - 1] != 'f' &&
           text.data[text.size - 1] != 'y';
}

static void json_row(text_writer *writer, const batch *batch, size_t row, builder *out)
{
    builder_byte(out, '{');
    for (size_t i = 0; i < batch->column_count; i++) {
        const column *column = &batch->columns[i];
        string_view text;
        if (i) builder_byte(out, ',');
        put_json_text(out, writer->schema->names[i]);
        builder_byte(out, ':');
        if (column_is_null(column, row)) {
            builder_literal(out, "null");
            continue;
        }
        if (type_is_nested(column->type)) {
            json_put_value(out, &writer->cell, column, row);
            continue;
        }
        text = cell_text(writer, column, row);
        if (column->type.id == TYPE_BOOLEAN || is_json_number(column->type, text))
            builder_text(out, text);
        else
            put_json_text(out, text);
    }
    builder_byte(out, '}');
}

/* Markdown, HTML, lines ---------------------------------------------------------------------------------------------------------------------------------- */
static void put_markdown(builder *out, string_view text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '|') builder_byte(out, '\\');
        if (text.data[i] == '\n')
            builder_literal(out, "<br>");
        else
            builder_byte(out, text.data[i]);
    }
}

static void put_html(builder *out, string_view text)
{
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case '<': builder_literal(out, "&lt;"); break;
        case '>': builder_literal(out, "&gt;"); break;
        case '&': builder_literal(out, "&amp;"); break;
        case '"': builder_literal(out, "&quot;"); break;
        default: builder_byte(out, text.data[i]);
        }
    }
}

static bool is_right_aligned(data_type type)
{
    return type_is_numeric(type);
}

static void markdown_header(const text_writer *writer, builder *out)
{
    for (size_t i = 0; i < writer->schema->count; i++) {
        builder_literal(out, "| ");
        put_markdown(out, writer->schema->names[i]);
        builder_byte(out, ' ');
    }
    builder_literal(out, "|\n");
    for (size_t i = 0; i < writer->schema->count; i++)
        builder_text(out, is_right_aligned(writer->schema->types[i]) ? STRING_VIEW("|---:") : STRING_VIEW("|---"));
    builder_literal(out, "|\n");
}

static void html_header(const text_writer *writer, builder *out, bool names)
{
    builder_text(out, names ? STRING_VIEW("<table>\n<thead><tr>") : STRING_VIEW("<table>\n<tbody>\n"));
    if (!names) return;
    for (size_t i = 0; i < writer->schema->count; i++) {
        builder_literal(out, "<th>");
        put_html(out, writer->schema->names[i]);
        builder_literal(out, "</th>");
    }
    builder_literal(out, "</tr></thead>\n<tbody>\n");
}

static void marked_row(text_writer *writer, const batch *batch, size_t row, builder *out)
{
    bool html = writer->options.format == FORMAT_HTML;

    if (html) builder_literal(out, "<tr>");
    for (size_t i = 0; i < batch->column_count; i++) {
        string_view text = cell_text(writer, &batch->columns[i], row);
        builder_text(out, html ? STRING_VIEW("<td>") : STRING_VIEW("| "));
        if (html)
            put_html(out, text);
        else
            put_markdown(out, text);
        builder_text(out, html ? STRING_VIEW("</td>") : STRING_VIEW(" "));
    }
    builder_text(out, html ? STRING_VIEW("</tr>\n") : STRING_VIEW("|\n"));
}

static void line_row(text_writer *writer, const batch *batch, size_t row, builder *out)
{
    size_t widest = 0;

    for (size_t i = 0; i < batch->column_count; i++)
        if (writer->schema->names[i].size > widest) widest = writer->schema->names[i].size;
    if (writer->row_count) builder_byte(out, '\n');
    for (size_t i = 0; i < batch->column_count; i++) {
        builder_fill(out, ' ', widest - writer->schema->names[i].size);
        builder_text(out, writer->schema->names[i]);
        builder_literal(out, " = ");
        builder_text(out, cell_text(writer, &batch->columns[i], row));
        builder_byte(out, '\n');
    }
}

/* the writer -------------------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status text_writer_status(const text_writer *writer, const builder *out, bp_error *err)
{
    bp_status status;

    if ((status = builder_status(&writer->cell, err)) || (status = format_box_status(&writer->box, err))) return status;
    return builder_status(out, err);
}

bp_status text_writer_begin(text_writer *writer, builder *out, bp_error *err)
{
    bool header = !writer->options.no_header;

    if (writer->is_plan) return BP_OK;
    switch (writer->options.format) {
    case FORMAT_BOX: format_box_header(&writer->box, &writer->cell); return text_writer_status(writer, out, err);
    case FORMAT_CSV:
        if (header) csv_header(writer, out, ',');
        break;
    case FORMAT_TSV:
        if (header) csv_header(writer, out, '\t');
        break;
    case FORMAT_JSON: builder_literal(out, "["); break;
    case FORMAT_MARKDOWN:
        if (header) markdown_header(writer, out);
        break;
    case FORMAT_HTML: html_header(writer, out, header); break;
    default: break;
    }
    return builder_status(out, err);
}

static void box_row(text_writer *writer, const batch *batch, size_t row, builder *out)
{
    if (writer->is_plan) {
        builder_text(out, cell_text(writer, &batch->columns[1], row));
        return;
    }
    for (size_t i = 0; i < batch->column_count; i++)
        format_box_cell(&writer->box, cell_text(writer, &batch->columns[i], row), column_is_null(&batch->columns[i], row));
    format_box_row_end(&writer->box);
}

static void put_row(text_writer *writer, const batch *batch, size_t row, builder *out)
{
    switch (writer->options.format) {
    case FORMAT_BOX: box_row(writer, batch, row, out); break;
    case FORMAT_CSV: csv_row(writer, batch, row, out, ','); break;
    case FORMAT_TSV: csv_row(writer, batch, row, out, '\t'); break;
    case FORMAT_JSON:
        builder_text(out, writer->row_count ? STRING_VIEW(",\n") : STRING_VIEW(""));
        json_row(writer, batch, row, out);
        break;
    case FORMAT_JSONL:
        json_row(writer, batch, row, out);
        builder_byte(out, '\n');
        break;
    case FORMAT_LINE: line_row(writer, batch, row, out); break;
    default: marked_row(writer, batch, row, out);
    }
    writer->row_count++;
}

bp_status text_writer_rows(text_writer *writer, const batch *batch, builder *out, bp_error *err)
{
    bp_status status;

    for (size_t row = 0; row < batch->row_count; row++) {
        if ((status = cancel_check(&writer->context->cancel, err))) return status;
        put_row(writer, batch, row, out);
    }
    return text_writer_status(writer, out, err);
}

bp_status text_writer_end(text_writer *writer, builder *out, bool *more, bp_error *err)
{
    *more = false;
    if (writer->is_plan) return BP_OK;
    switch (writer->options.format) {
    case FORMAT_BOX: return format_box_print(&writer->box, out, more, err);
    case FORMAT_JSON: builder_literal(out, "]\n"); break;
    case FORMAT_HTML: builder_literal(out, "</tbody>\n</table>\n"); break;
    default: break;
    }
    return builder_status(out, err);
}
