/* The box: which rows and columns are shown, how wide, and the lines around them.
 *
 *   head  name… type… row 0 … row head_limit-1          each cell ends in NUL; a NULL begins with the byte NULL_MARK
 *   tail  the rows behind them, of which the last tail_limit are shown
 *
 * Columns that do not fit are made narrower as long as each has NARROW columns of the terminal; then columns in the middle are left out. */
#include "format_box.h"

#include "text/unicode.h"

#define NULL_MARK '\x01' /* control characters of the data are kept as escapes, so the byte is free */
#define NARROW 20
#define FEW_ROWS 10 /* up to here a reader counts at a glance */

void format_box_init(format_box *box, memory *memory, const schema *schema, const text_options *options)
{
    size_t most = options->most_rows;

    *box = (format_box){.schema = schema, .options = *options};
    box->head_limit = most ? (most + 1) / 2 : SIZE_MAX;
    box->tail_limit = most / 2;
    builder_init(&box->head, memory, SIZE_MAX / 2);
    builder_init(&box->tail, memory, SIZE_MAX / 2);
}

void format_box_clear(format_box *box)
{
    builder_clear(&box->head);
    builder_clear(&box->tail);
}

bp_status format_box_status(const format_box *box, bp_error *err)
{
    bp_status status = builder_status(&box->head, err);

    return status ? status : builder_status(&box->tail, err);
}

/* keeping -------------------------------------------------------------------------------------------------------------------------------- */
/* Control characters would break the box, or command the terminal: they are shown as their escapes. */
static void keep_text(builder *out, string_view text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i], next = i + 1 < text.size ? (unsigned char)text.data[i + 1] : 0;

        if (c == '\n') {
            builder_literal(out, "\\n");
        } else if (c == '\t') {
            builder_literal(out, "\\t");
        } else if (c < 0x20 || c == 0x7f) {
            builder_format(out, "\\x%02x", c);
        } else if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
            builder_format(out, "\\u%04x", next);
            i++;
        } else {
            builder_byte(out, (char)c);
        }
    }
    builder_byte(out, '\0');
}

void format_box_header(format_box *box, builder *scratch)
{
    for (size_t i = 0; i < box->schema->count; i++) keep_text(&box->head, box->schema->names[i]);
    for (size_t i = 0; i < box->schema->count; i++) {
        builder_reset(scratch);
        type_print(scratch, box->schema->types[i]);
        for (size_t j = 0; j < scratch->size; j++) scratch->data[j] = (char)ascii_lower((unsigned char)scratch->data[j]);
        keep_text(&box->head, builder_view(scratch));
    }
}

void format_box_cell(format_box *box, string_view text, bool null)
{
    builder *out = box->row_count < box->head_limit ? &box->head : &box->tail;

    if (null) builder_byte(out, NULL_MARK);
    keep_text(out, text);
}

/* Behind `cells` cells of `text`. */
static size_t skip_cells(string_view text, size_t at, size_t cells)
{
    for (; cells && at < text.size; cells--) {
        const char *end = memchr(text.data + at, '\0', text.size - at);
        at = end ? (size_t)(end - text.data) + 1 : text.size;
    }
    return at;
}

/* Drop the rows of the tail that can no more be shown; now and then, so that a row is moved less than once. */
static void shorten_tail(format_box *box)
{
    size_t drop = box->tail_rows - box->tail_limit;
    size_t at = skip_cells(builder_view(&box->tail), 0, drop * box->schema->count);

    memmove(box->tail.data, box->tail.data + at, box->tail.size - at);
    box->tail.size -= at;
    box->tail_rows = box->tail_limit;
}

void format_box_row_end(format_box *box)
{
    if (box->row_count++ < box->head_limit) return;
    if (++box->tail_rows >= 2 * box->tail_limit + 256 && box->tail.status == BP_OK) shorten_tail(box);
}

/* widths ---------------------------------------------------------------------------------------------------------------------------------- */
typedef struct box_columns {
    size_t *widths;
    size_t count, left, right; /* shown: [0, left) and [right, count) */
} box_columns;

static string_view next_cell(string_view text, size_t *at, bool *null)
{
    string_view cell = string_view_of(text.data + *at);

    *at += cell.size + 1;
    *null = cell.size && cell.data[0] == NULL_MARK;
    return *null ? string_view_slice(cell, 1, cell.size) : cell;
}

static void widen(box_columns *columns, string_view text)
{
    for (size_t at = 0, i = 0; at < text.size; i = (i + 1) % columns->count) {
        bool null;
        size_t width = unicode_text_width(next_cell(text, &at, &null));

        if (width > columns->widths[i]) columns->widths[i] = width;
    }
}

static size_t width_within(const box_columns *columns, size_t cap)
{
    size_t total = 1;

    for (size_t i = 0; i < columns->count; i++) total += (columns->widths[i] < cap ? columns->widths[i] : cap) + 3;
    return total;
}

static void narrow(box_columns *columns, size_t cap)
{
    for (size_t i = 0; i < columns->count; i++)
        if (columns->widths[i] > cap) columns->widths[i] = cap;
}

/* From both ends, as many as fit beside the column of dots. */
static void leave_out(box_columns *columns, size_t limit)
{
    size_t used = 1 + 4;

    columns->left = 0;
    columns->right = columns->count;
    for (bool front = true; columns->left < columns->right; front = !front) {
        used += columns->widths[front ? columns->left : columns->right - 1] + 3;
        if (used > limit && columns->left > 0) return;
        if (front)
            columns->left++;
        else
            columns->right--;
    }
}

static void fit(box_columns *columns, size_t limit)
{
    size_t cap = limit > NARROW + 4 ? NARROW : limit > 8 ? limit - 4 : 4;

    columns->left = columns->right = columns->count;
    if (!limit || width_within(columns, SIZE_MAX) <= limit) return;
    if (width_within(columns, cap) <= limit) {
        while (width_within(columns, cap + 1) <= limit) cap++;
        narrow(columns, cap);
        return;
    }
    narrow(columns, cap);
    leave_out(columns, limit);
}

/* lines ------------------------------------------------------------------------------------------------------------------------------------ */
static bool is_right_aligned(data_type type)
{
    return type_is_numeric(type);
}

static bool is_shown(const box_columns *columns, size_t index)
{
    return index < columns->left || index >= columns->right;
}

static void rule(const box_columns *columns, builder *out, const char *left, const char *middle, const char *right)
{
    builder_text(out, string_view_of(left));
    for (size_t i = 0; i < columns->count; i++) {
        if (!is_shown(columns, i) && i > columns->left) continue;
        if (i) builder_text(out, string_view_of(middle));
        for (size_t j = 0; j < (is_shown(columns, i) ? columns->widths[i] : 1) + 2; j++) builder_literal(out, "─");
    }
    builder_text(out, string_view_of(right));
    builder_byte(out, '\n');
}

/* The part of a text that fits, with room for an ellipsis; *width: of that part. */
static string_view cut(string_view text, size_t room, size_t *width)
{
    size_t end = 0;

    *width = 0;
    while (end < text.size) {
        size_t next = unicode_grapheme_end(text, end), more = unicode_text_width(string_view_slice(text, end, next));

        if (*width + more > room - 1) break;
        *width += more;
        end = next;
    }
    return string_view_slice(text, 0, end);
}

static void put_padded(builder *out, string_view text, size_t width, bool right, bool dim)
{
    size_t shown = unicode_text_width(text);
    bool whole = shown <= width;
    string_view part = whole ? text : cut(text, width, &shown);

    if (!whole) shown++;
    builder_byte(out, ' ');
    if (right) builder_fill(out, ' ', width - shown);
    if (dim) builder_literal(out, "\x1b[2m");
    builder_text(out, part);
    if (!whole) builder_literal(out, "…");
    if (dim) builder_literal(out, "\x1b[0m");
    if (!right) builder_fill(out, ' ', width - shown);
    builder_literal(out, " │");
}

/* The next row of `text`; *at moves behind it. */
static void put_row(const format_box *box, const box_columns *columns, builder *out, string_view text, size_t *at, bool header)
{
    builder_literal(out, "│");
    for (size_t i = 0; i < columns->count; i++) {
        bool null;
        string_view cell = next_cell(text, at, &null);

        if (is_shown(columns, i))
            put_padded(out, cell, columns->widths[i], !header && is_right_aligned(box->schema->types[i]),
                       null && box->options.dim_null);
        else if (i == columns->left)
            builder_literal(out, " … │");
    }
    builder_byte(out, '\n');
}

static void put_dots(const format_box *box, const box_columns *columns, builder *out)
{
    builder_literal(out, "│");
    for (size_t i = 0; i < columns->count; i++) {
        if (is_shown(columns, i))
            put_padded(out, STRING_VIEW("·"), columns->widths[i], is_right_aligned(box->schema->types[i]), false);
        else if (i == columns->left)
            builder_literal(out, " … │");
    }
    builder_byte(out, '\n');
}

static void put_counted(builder *out, uint64_t count, const char *what)
{
    builder_format(out, "%llu %s%s", (unsigned long long)count, what, count == 1 ? "" : "s");
}

static void put_counts(const format_box *box, const box_columns *columns, builder *out)
{
    bool rows_cut = box->options.most_rows && box->row_count > box->options.most_rows;
    size_t shown = columns->left + columns->count - columns->right;
    bool many = box->options.show_count && (box->row_count == 0 || box->row_count > FEW_ROWS);

    if (!rows_cut && !many && shown == columns->count) return;
    put_counted(out, box->row_count, "row");
    if (rows_cut) builder_format(out, " (%zu shown)", box->options.most_rows);
    builder_literal(out, ", ");
    put_counted(out, columns->count, "column");
    if (shown < columns->count) builder_format(out, " (%zu shown)", shown);
    builder_byte(out, '\n');
}

static void print_box(format_box *box, const box_columns *columns, builder *out)
{
    string_view head = builder_view(&box->head), tail = builder_view(&box->tail);
    size_t at = 0, tail_at = 0;

    rule(columns, out, "┌", "┬", "┐");
    if (box->options.no_header) {
        at = skip_cells(head, 0, 2 * columns->count);
    } else {
        put_row(box, columns, out, head, &at, true);
        put_row(box, columns, out, head, &at, true);
        rule(columns, out, "├", "┼", "┤");
    }
    while (at < head.size) put_row(box, columns, out, head, &at, false);
    if (box->options.most_rows && box->row_count > box->options.most_rows) put_dots(box, columns, out);
    while (tail_at < tail.size) put_row(box, columns, out, tail, &tail_at, false);
    rule(columns, out, "└", "┴", "┘");
    put_counts(box, columns, out);
}

bp_status format_box_print(format_box *box, builder *out, bp_error *err)
{
    box_columns columns = {.count = box->schema->count};
    bp_status status;

    if ((status = format_box_status(box, err))) return status;
    columns.widths = memory_allocate_zeroed(out->memory, columns.count * sizeof(size_t));
    if (!columns.widths) return error_no_memory(err, out->memory, columns.count * sizeof(size_t));
    if (box->tail_rows > box->tail_limit) shorten_tail(box);
    widen(&columns, builder_view(&box->head));
    widen(&columns, builder_view(&box->tail));
    fit(&columns, box->options.width);
    print_box(box, &columns, out);
    memory_free(out->memory, columns.widths, columns.count * sizeof(size_t));
    return builder_status(out, err);
}
