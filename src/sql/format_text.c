/* Results as text. All formats but BOX are written row by row; BOX is format_box.c. */
#include "format_text.h"

#include "format_box.h"
#include "format_json.h"

typedef struct text_writer {
    target base;
    byte_sink sink;
    const schema *schema;
    text_options options;
    builder cell; /* one value's text */
    format_box box; /* BOX */
    bool is_plan; /* BOX of what EXPLAIN gives: the text as it is, which has its own lines */
    builder out; /* what has not been handed to the sink yet */
    uint64_t row_count;
} text_writer;

static bool shows_plan(const schema *schema, const text_options *options)
{
    return options->format == TEXT_BOX && schema->count == 2 && string_equal(schema->names[0], STRING_VIEW("explain_key")) &&
           string_equal(schema->names[1], STRING_VIEW("explain_value"));
}

static const char *null_text(const text_writer *writer)
{
    if (writer->options.null_text) return writer->options.null_text;
    return writer->options.format == TEXT_BOX || writer->options.format == TEXT_LINE ? "NULL" : "";
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
    bool html = writer->options.format == TEXT_HTML;

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
static bp_status writer_status(const text_writer *writer, bp_error *err)
{
    bp_status status;

    if ((status = builder_status(&writer->cell, err)) || (status = format_box_status(&writer->box, err))) return status;
    return builder_status(&writer->out, err);
}

static void begin(text_writer *writer)
{
    bool header = !writer->options.no_header;

    if (writer->is_plan) return;
    switch (writer->options.format) {
    case TEXT_BOX: format_box_header(&writer->box, &writer->cell); break;
    case TEXT_JSON: builder_literal(&writer->out, "["); break;
    case TEXT_MARKDOWN:
        if (header) markdown_header(writer, &writer->out);
        break;
    case TEXT_HTML: html_header(writer, &writer->out, header); break;
    default: break;
    }
}

static void box_row(text_writer *writer, const batch *batch, size_t row)
{
    if (writer->is_plan) {
        builder_text(&writer->out, cell_text(writer, &batch->columns[1], row));
        return;
    }
    for (size_t i = 0; i < batch->column_count; i++)
        format_box_cell(&writer->box, cell_text(writer, &batch->columns[i], row), column_is_null(&batch->columns[i], row));
    format_box_row_end(&writer->box);
}

static void put_row(text_writer *writer, const batch *batch, size_t row)
{
    builder *out = &writer->out;

    switch (writer->options.format) {
    case TEXT_BOX: box_row(writer, batch, row); break;
    case TEXT_JSON:
        builder_text(out, writer->row_count ? STRING_VIEW(",\n") : STRING_VIEW(""));
        json_row(writer, batch, row, out);
        break;
    case TEXT_JSONL:
        json_row(writer, batch, row, out);
        builder_byte(out, '\n');
        break;
    case TEXT_LINE: line_row(writer, batch, row, out); break;
    default: marked_row(writer, batch, row, out);
    }
    writer->row_count++;
}

static bp_status hand_out(text_writer *writer, bp_error *err)
{
    bp_status status = BP_OK;

    if (writer->out.size) status = writer->sink.write(writer->sink.data, writer->out.data, writer->out.size, err);
    builder_reset(&writer->out);
    return status;
}

static bp_status writer_write(target *self, const batch *batch, bp_error *err)
{
    text_writer *writer = (text_writer *)self;
    bp_status status;

    for (size_t row = 0; row < batch->row_count; row++) {
        if ((status = cancel_check(&self->context->cancel, err))) return status;
        put_row(writer, batch, row);
    }
    if ((status = writer_status(writer, err))) return status;
    return hand_out(writer, err);
}

/* A large box goes out in parts, so that it can be interrupted. */
static bp_status print_box(text_writer *writer, bp_error *err)
{
    bp_status status;

    for (bool more = true; more;) {
        if ((status = cancel_check(&writer->base.context->cancel, err))) return status;
        if ((status = format_box_print(&writer->box, &writer->out, &more, err))) return status;
        if ((status = hand_out(writer, err))) return status;
    }
    return BP_OK;
}

static bp_status writer_finish(target *self, bp_error *err)
{
    text_writer *writer = (text_writer *)self;
    bp_status status;

    if (!writer->is_plan && writer->options.format == TEXT_BOX) return print_box(writer, err);
    if (writer->options.format == TEXT_JSON) builder_literal(&writer->out, "]\n");
    if (writer->options.format == TEXT_HTML) builder_literal(&writer->out, "</tbody>\n</table>\n");
    if ((status = writer_status(writer, err))) return status;
    return hand_out(writer, err);
}

static void writer_free(target *self)
{
    text_writer *writer = (text_writer *)self;

    builder_clear(&writer->cell);
    builder_clear(&writer->out);
    format_box_clear(&writer->box);
    memory_delete(self->context->memory, writer);
}

static const target_class writer_class = {.free = writer_free, .write = writer_write, .finish = writer_finish};

bp_status text_writer_new(target **out, bp_context *context, byte_sink sink, const schema *schema, const text_options *options,
                          bp_error *err)
{
    memory *memory = context->memory;
    text_writer *writer = memory_new(memory, text_writer);
    bp_status status;

    *out = NULL;
    if (!writer) return error_no_memory(err, memory, sizeof *writer);
    writer->base = (target){.class = &writer_class, .context = context};
    writer->sink = sink;
    writer->schema = schema;
    writer->options = *options;
    writer->is_plan = shows_plan(schema, options);
    builder_init(&writer->cell, memory, SIZE_MAX / 2);
    builder_init(&writer->out, memory, SIZE_MAX / 2);
    if ((status = format_box_init(&writer->box, memory, schema, options, err))) {
        writer_free(&writer->base);
        return status;
    }
    begin(writer);
    *out = &writer->base;
    return BP_OK;
}
