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
#define PART_ROWS 4096 /* printed at once */
#define FEW_ROWS 10 /* up to here a reader counts at a glance */

bp_status format_box_init(format_box *box, memory *memory, const schema *schema, const text_options *options, bp_error *err)
{
    size_t most = options->most_rows;

    *box = (format_box){.schema = schema, .options = *options};
    box->head_limit = most ? (most + 1) / 2 : SIZE_MAX;
    box->tail_limit = most / 2;
    builder_init(&box->head, memory, SIZE_MAX / 2);
    builder_init(&box->tail, memory, SIZE_MAX / 2);
    box->widths = memory_allocate_zeroed(memory, schema->count * sizeof *box->widths);
    return box->widths ? BP_OK : error_no_memory(err, memory, schema->count * sizeof *box->widths);
}

void format_box_clear(format_box *box)
{
    if (box->widths) memory_free(box->head.memory, box->widths, box->schema->count * sizeof *box->widths);
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

/* Keep a cell at the end of `out`; those of the head are measured at once, those of the tail when it is known which are shown. */
static void keep(format_box *box, builder *out, string_view text)
{
    size_t begin = out->size, width;

    keep_text(out, text);
    if (out == &box->head && out->status == BP_OK) {
        width = unicode_text_width(string_view_slice(builder_view(out), begin, out->size - 1));
        if (width > box->widths[box->column]) box->widths[box->column] = width;
    }
    box->column = box->column + 1 == box->schema->count ? 0 : box->column + 1;
}

void format_box_header(format_box *box, builder *scratch)
{
    for (size_t i = 0; i < box->schema->count; i++) keep(box, &box->head, box->schema->names[i]);
    for (size_t i = 0; i < box->schema->count; i++) {
        scratch->size = 0;
        type_print(scratch, box->schema->types[i]);
        for (size_t j = 0; j < scratch->size; j++) scratch->data[j] = (char)ascii_lower((unsigned char)scratch->data[j]);
        keep(box, &box->head, builder_view(scratch));
    }
    if (box->options.no_header) memset(box->widths, 0, box->schema->count * sizeof *box->widths);
}

void format_box_cell(format_box *box, string_view text, bool null)
{
    builder *out = box->row_count < box->head_limit ? &box->head : &box->tail;

    if (null) builder_byte(out, NULL_MARK);
    keep(box, out, text);
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
static string_view next_cell(string_view text, size_t *at, bool *null)
{
    string_view cell = string_view_of(text.data + *at);

    *at += cell.size + 1;
    *null = cell.size && cell.data[0] == NULL_MARK;
    return *null ? string_view_slice(cell, 1, cell.size) : cell;
}

static void measure_tail(format_box *box)
{
    string_view text = builder_view(&box->tail);

    for (size_t at = 0, i = 0; at < text.size; i = (i + 1) % box->schema->count) {
        bool null;
        size_t width = unicode_text_width(next_cell(text, &at, &null));

        if (width > box->widths[i]) box->widths[i] = width;
    }
}

static size_t width_within(const format_box *box, size_t cap)
{
    size_t total = 1;

    for (size_t i = 0; i < box->schema->count; i++) total += (box->widths[i] < cap ? box->widths[i] : cap) + 3;
    return total;
}

static void narrow(format_box *box, size_t cap)
{
    for (size_t i = 0; i < box->schema->count; i++)
        if (box->widths[i] > cap) box->widths[i] = cap;
}

/* From both ends, as many as fit beside the column of dots. */
static void leave_out(format_box *box, size_t limit)
{
    size_t used = 1 + 4;

    box->left = 0;
    box->right = box->schema->count;
    for (bool front = true; box->left < box->right; front = !front) {
        used += box->widths[front ? box->left : box->right - 1] + 3;
        if (used > limit && box->left > 0) return;
        if (front)
            box->left++;
        else
            box->right--;
    }
}

static void fit(format_box *box, size_t limit)
{
    size_t cap = limit > NARROW + 4 ? NARROW : limit > 8 ? limit - 4 : 4;

    box->left = box->right = box->schema->count;
    if (!limit || width_within(box, SIZE_MAX) <= limit) return;
    if (width_within(box, cap) <= limit) {
        while (width_within(box, cap + 1) <= limit) cap++;
        narrow(box, cap);
        return;
    }
    narrow(box, cap);
    leave_out(box, limit);
}

/* lines ------------------------------------------------------------------------------------------------------------------------------------ */
static bool is_right_aligned(data_type type)
{
    return type_is_numeric(type);
}

static bool is_shown(const format_box *box, size_t index)
{
    return index < box->left || index >= box->right;
}

static void rule(const format_box *box, builder *out, const char *left, const char *middle, const char *right)
{
    builder_text(out, string_view_of(left));
    for (size_t i = 0; i < box->schema->count; i++) {
        if (!is_shown(box, i) && i > box->left) continue;
        if (i) builder_text(out, string_view_of(middle));
        for (size_t j = 0; j < (is_shown(box, i) ? box->widths[i] : 1) + 2; j++) builder_literal(out, "─");
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
static void put_row(const format_box *box, builder *out, string_view text, size_t *at, bool header)
{
    builder_literal(out, "│");
    for (size_t i = 0; i < box->schema->count; i++) {
        bool null;
        string_view cell = next_cell(text, at, &null);

        if (is_shown(box, i))
            put_padded(out, cell, box->widths[i], !header && is_right_aligned(box->schema->types[i]),
                       null && box->options.dim_null);
        else if (i == box->left)
            builder_literal(out, " … │");
    }
    builder_byte(out, '\n');
}

static void put_dots(const format_box *box, builder *out)
{
    builder_literal(out, "│");
    for (size_t i = 0; i < box->schema->count; i++) {
        if (is_shown(box, i))
            put_padded(out, STRING_VIEW("·"), box->widths[i], is_right_aligned(box->schema->types[i]), false);
        else if (i == box->left)
            builder_literal(out, " … │");
    }
    builder_byte(out, '\n');
}

static void put_counted(builder *out, uint64_t count, const char *what)
{
    builder_format(out, "%llu %s%s", (unsigned long long)count, what, count == 1 ? "" : "s");
}

static void put_counts(const format_box *box, builder *out)
{
    bool rows_cut = box->options.most_rows && box->row_count > box->options.most_rows;
    size_t shown = box->left + box->schema->count - box->right;
    bool many = box->options.show_count && (box->row_count == 0 || box->row_count > FEW_ROWS);

    if (!rows_cut && !many && shown == box->schema->count) return;
    put_counted(out, box->row_count, "row");
    if (rows_cut) builder_format(out, " (%zu shown)", box->options.most_rows);
    builder_literal(out, ", ");
    put_counted(out, box->schema->count, "column");
    if (shown < box->schema->count) builder_format(out, " (%zu shown)", shown);
    builder_byte(out, '\n');
}

static void print_top(format_box *box, builder *out)
{
    string_view head = builder_view(&box->head);

    rule(box, out, "┌", "┬", "┐");
    if (box->options.no_header) {
        box->head_at = skip_cells(head, 0, 2 * box->schema->count);
        return;
    }
    put_row(box, out, head, &box->head_at, true);
    put_row(box, out, head, &box->head_at, true);
    rule(box, out, "├", "┼", "┤");
}

static void print_bottom(const format_box *box, builder *out)
{
    rule(box, out, "└", "┴", "┘");
    put_counts(box, out);
}

/* Rows of head and tail, at most PART_ROWS of them. */
static void print_rows(format_box *box, builder *out)
{
    string_view head = builder_view(&box->head), tail = builder_view(&box->tail);
    bool dots = box->options.most_rows && box->row_count > box->options.most_rows;

    for (size_t rows = 0; rows < PART_ROWS; rows++) {
        if (box->head_at < head.size) {
            put_row(box, out, head, &box->head_at, false);
            if (box->head_at == head.size && dots) put_dots(box, out);
        } else if (box->tail_at < tail.size) {
            put_row(box, out, tail, &box->tail_at, false);
        } else {
            return;
        }
    }
}

bp_status format_box_print(format_box *box, builder *out, bool *more, bp_error *err)
{
    bp_status status;

    *more = false;
    if ((status = format_box_status(box, err))) return status;
    if (!box->begun) {
        box->begun = true;
        if (box->tail_rows > box->tail_limit) shorten_tail(box);
        measure_tail(box);
        fit(box, box->options.width);
        print_top(box, out);
    }
    print_rows(box, out);
    *more = box->head_at < box->head.size || box->tail_at < box->tail.size;
    if (!*more) print_bottom(box, out);
    return builder_status(out, err);
}
