/* Results as text. All formats but BOX are written row by row; BOX keeps the cells' texts until the end, since widths depend on all of them. */
#include "format_result.h"

#include "format_json.h"

#include "text/unicode.h"

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
    memory *memory;
    const schema *schema;
    text_options options;
    builder cell; /* one value's text */
    builder cells; /* BOX: all cells' texts, each with a NUL behind it */
    size_t *widths; /* BOX: a column's widest cell */
    uint64_t row_count;
};

bp_status text_writer_new(text_writer **out, memory *memory, const schema *schema, const text_options *options, bp_error *err)
{
    text_writer *writer = memory_new(memory, text_writer);

    *out = NULL;
    if (!writer) return error_no_memory(err, memory, sizeof *writer);
    writer->memory = memory;
    writer->schema = schema;
    writer->options = *options;
    builder_init(&writer->cell, memory, SIZE_MAX / 2);
    builder_init(&writer->cells, memory, SIZE_MAX / 2);
    writer->widths = memory_allocate_array(memory, schema->count, sizeof(size_t));
    if (!writer->widths) {
        text_writer_free(writer);
        return error_no_memory(err, memory, schema->count * sizeof(size_t));
    }
    *out = writer;
    return BP_OK;
}

void text_writer_free(text_writer *writer)
{
    if (!writer) return;
    builder_clear(&writer->cell);
    builder_clear(&writer->cells);
    memory_free(writer->memory, writer->widths, writer->schema->count * sizeof(size_t));
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
    builder_reset(&writer->cell);
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

static void html_header(const text_writer *writer, builder *out)
{
    builder_literal(out, "<table>\n<thead><tr>");
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

/* the box -------------------------------------------------------------------------------------------------------------------------------------------------- */
static size_t shown_width(string_view text)
{
    return unicode_text_width(text);
}

/* Keep a cell: control characters would break the box, so they are shown as their escapes. */
static void keep_cell(text_writer *writer, size_t column, string_view text)
{
    size_t begin = writer->cells.size, width;

    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '\n')
            builder_literal(&writer->cells, "\\n");
        else if (c == '\t')
            builder_literal(&writer->cells, "\\t");
        else if (c < 0x20)
            builder_format(&writer->cells, "\\x%02x", c);
        else
            builder_byte(&writer->cells, (char)c);
    }
    if (writer->cells.status != BP_OK) return;
    width = shown_width((string_view){writer->cells.data + begin, writer->cells.size - begin});
    if (width > writer->widths[column]) writer->widths[column] = width;
    builder_byte(&writer->cells, '\0');
}

static void keep_row(text_writer *writer, const batch *batch, size_t row)
{
    for (size_t i = 0; i < batch->column_count; i++) keep_cell(writer, i, cell_text(writer, &batch->columns[i], row));
}

static void keep_header(text_writer *writer)
{
    for (size_t i = 0; i < writer->schema->count; i++) keep_cell(writer, i, writer->schema->names[i]);
    for (size_t i = 0; i < writer->schema->count; i++) {
        builder_reset(&writer->cell);
        type_print(&writer->cell, writer->schema->types[i]);
        for (size_t j = 0; j < writer->cell.size; j++)
            writer->cell.data[j] = (char)ascii_lower((unsigned char)writer->cell.data[j]);
        keep_cell(writer, i, builder_view(&writer->cell));
    }
}

/* How many columns, from the left, fit the width; a cell is never wider than the terminal. */
static size_t columns_that_fit(text_writer *writer)
{
    size_t total = 1, limit = writer->options.width;

    for (size_t i = 0; i < writer->schema->count; i++) {
        if (limit && writer->widths[i] + 4 > limit) writer->widths[i] = limit > 8 ? limit - 4 : 4;
        total += writer->widths[i] + 3;
        if (limit && total > limit && i > 0) return i;
    }
    return writer->schema->count;
}

static void rule(const text_writer *writer, builder *out, size_t columns, const char *left, const char *middle, const char *right)
{
    builder_text(out, string_view_of(left));
    for (size_t i = 0; i < columns; i++) {
        if (i) builder_text(out, string_view_of(middle));
        for (size_t j = 0; j < writer->widths[i] + 2; j++) builder_literal(out, "─");
    }
    builder_text(out, string_view_of(right));
    builder_byte(out, '\n');
}

static void put_padded(builder *out, string_view text, size_t width, bool right)
{
    size_t shown = shown_width(text), end = text.size;

    if (shown > width) { /* cut, with an ellipsis */
        while (end && shown_width((string_view){text.data, end}) > width - 1) {
            end--;
            while (end && ((unsigned char)text.data[end] & 0xc0) == 0x80) end--;
        }
        shown = shown_width((string_view){text.data, end}) + 1;
    }
    builder_byte(out, ' ');
    if (right) builder_fill(out, ' ', width - shown);
    builder_append(out, text.data, end);
    if (end < text.size) builder_literal(out, "…");
    if (!right) builder_fill(out, ' ', width - shown);
    builder_byte(out, ' ');
}

/* The next row of kept cells, of which `columns` are shown; *at moves behind it. */
static void put_kept_row(const text_writer *writer, builder *out, size_t *at, size_t columns, bool show, bool header)
{
    if (show) builder_literal(out, "│");
    for (size_t i = 0; i < writer->schema->count; i++) {
        string_view text = string_view_of(writer->cells.data + *at);
        if (show && i < columns) {
            put_padded(out, text, writer->widths[i], !header && is_right_aligned(writer->schema->types[i]));
            builder_literal(out, "│");
        }
        *at += text.size + 1;
    }
    if (show) builder_byte(out, '\n');
}

static void put_dots(const text_writer *writer, builder *out, size_t columns)
{
    builder_literal(out, "│");
    for (size_t i = 0; i < columns; i++) {
        put_padded(out, STRING_VIEW("·"), writer->widths[i], is_right_aligned(writer->schema->types[i]));
        builder_literal(out, "│");
    }
    builder_byte(out, '\n');
}

static void put_box(text_writer *writer, builder *out)
{
    size_t columns = columns_that_fit(writer), at = 0, most = writer->options.most_rows;
    uint64_t rows = writer->row_count, head = most && rows > most ? (most + 1) / 2 : rows,
             tail = rows - (most && rows > most ? most / 2 : 0);

    rule(writer, out, columns, "┌", "┬", "┐");
    put_kept_row(writer, out, &at, columns, true, true);
    put_kept_row(writer, out, &at, columns, true, true);
    rule(writer, out, columns, "├", "┼", "┤");
    for (uint64_t row = 0; row < rows; row++) {
        if (row == head && head < tail) put_dots(writer, out, columns);
        put_kept_row(writer, out, &at, columns, row < head || row >= tail, false);
    }
    rule(writer, out, columns, "└", "┴", "┘");
    if (head < tail || columns < writer->schema->count) {
        builder_format(out, "%llu rows", (unsigned long long)rows);
        if (head < tail) builder_format(out, " (%zu shown)", most);
        builder_format(out, ", %zu columns", writer->schema->count);
        if (columns < writer->schema->count) builder_format(out, " (%zu shown)", columns);
        builder_byte(out, '\n');
    }
}

/* the writer -------------------------------------------------------------------------------------------------------------------------------------------------- */
bp_status text_writer_begin(text_writer *writer, builder *out, bp_error *err)
{
    switch (writer->options.format) {
    case FORMAT_BOX: keep_header(writer); return builder_status(&writer->cells, err);
    case FORMAT_CSV: csv_header(writer, out, ','); break;
    case FORMAT_TSV: csv_header(writer, out, '\t'); break;
    case FORMAT_JSON: builder_literal(out, "["); break;
    case FORMAT_MARKDOWN: markdown_header(writer, out); break;
    case FORMAT_HTML: html_header(writer, out); break;
    default: break;
    }
    return builder_status(out, err);
}

static void put_row(text_writer *writer, const batch *batch, size_t row, builder *out)
{
    switch (writer->options.format) {
    case FORMAT_BOX: keep_row(writer, batch, row); break;
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

    for (size_t row = 0; row < batch->row_count; row++) put_row(writer, batch, row, out);
    if ((status = builder_status(&writer->cell, err)) || (status = builder_status(&writer->cells, err))) return status;
    return builder_status(out, err);
}

bp_status text_writer_end(text_writer *writer, builder *out, bp_error *err)
{
    switch (writer->options.format) {
    case FORMAT_BOX: put_box(writer, out); break;
    case FORMAT_JSON: builder_literal(out, "]\n"); break;
    case FORMAT_HTML: builder_literal(out, "</tbody>\n</table>\n"); break;
    default: break;
    }
    return builder_status(out, err);
}
