/* The rows of a block of text: by the quick scan where all rows are alike, else by the state machine or laid out anew. See csv_internal.h. */
#include "io/csv_internal.h"

#define SCAN_PIECE 16384 /* bytes between looks at the room for ends */
#define BYTES_OF_FIELD 5 /* of dense tables: room for ends is taken for as many at once */
#define TAIL_PIECE 1024 /* bytes looked at behind a block for the end of its last row */

void csv_rows_init(csv_rows *rows, memory *memory)
{
    *rows = (csv_rows){.memory = memory};
}

void csv_rows_clear(csv_rows *rows)
{
    csv_numbers_clear(&rows->ends, rows->memory);
    csv_numbers_clear(&rows->laid_out, rows->memory);
    memory_free(rows->memory, rows->bad, rows->bad_capacity * sizeof *rows->bad);
    rows->bad = NULL;
    rows->bad_count = rows->bad_capacity = 0;
}

static bp_status add_bad(csv_rows *rows, csv_reject_kind kind, size_t begin, size_t end, size_t field_count, bp_error *err)
{
    if (rows->bad_count == rows->bad_capacity) {
        size_t wanted = rows->bad_capacity ? rows->bad_capacity * 2 : 8;
        void *bad = memory_resize(rows->memory, rows->bad, rows->bad_capacity * sizeof *rows->bad, wanted * sizeof *rows->bad);
        if (!bad) return error_no_memory(err, rows->memory, wanted * sizeof *rows->bad);
        rows->bad = bad;
        rows->bad_capacity = wanted;
    }
    rows->bad[rows->bad_count++] = (csv_bad_row){.row = (uint32_t)rows->row_count,
                                                 .begin = (uint32_t)begin,
                                                 .end = (uint32_t)end,
                                                 .field_count = (uint32_t)field_count,
                                                 .kind = kind};
    return BP_OK;
}

static size_t without_return(const char *text, size_t begin, size_t end)
{
    return end > begin && text[end - 1] == '\r' ? end - 1 : end;
}

/* Lay out a row of `count` fields that end at ends[0..]; one that does not fit is put aside. */
static bp_status add_row(csv_rows *rows, const csv_dialect *dialect, const char *text, size_t begin, const uint32_t *ends,
                         size_t count, bp_error *err)
{
    size_t columns = rows->column_count, end = without_return(text, begin, ends[count - 1]);
    csv_numbers *out = &rows->laid_out;
    bp_status status;
    uint32_t *slots;

    if (count == 1 && end == begin && columns > 1) return BP_OK; /* an empty line */
    if (count == columns + 1 && end == (size_t)ends[count - 2] + 1) { /* a delimiter at the end of the row */
        count--;
        end = (size_t)ends[count - 1] - rows->trail;
    }
    if (count > columns && dialect->strict) return add_bad(rows, CSV_REJECT_TOO_MANY_COLUMNS, begin, end, count, err);
    if (count < columns && dialect->strict && !dialect->null_padding)
        return add_bad(rows, CSV_REJECT_MISSING_COLUMNS, begin, end, count, err);
    if ((status = csv_numbers_reserve(out, rows->memory, out->count + columns + 1, err))) return status;
    slots = out->items + out->count;
    slots[0] = (uint32_t)begin - 1;
    for (size_t c = 0; c < columns; c++) {
        uint32_t trail = c == columns - 1 ? 0 : rows->trail;
        if (c >= count)
            slots[c + 1] = slots[c]; /* ends before it begins */
        else if (c == count - 1)
            slots[c + 1] = (uint32_t)end + trail;
        else
            slots[c + 1] = ends[c];
    }
    if (count > columns) slots[columns] = ends[columns - 1] - rows->trail; /* cut */
    out->count += columns + 1;
    rows->row_count++;
    return BP_OK;
}

/* Whether all rows of the ends have column_count fields: then there are as many row ends as rows, and each column_count-th end is one. */
static bool all_alike(const csv_rows *rows, const char *text, char new_line, size_t new_lines)
{
    const uint32_t *ends = rows->ends.items + 1;
    size_t columns = rows->column_count, count = rows->ends.count - 1;
    unsigned char other = 0;

    if (count != new_lines * columns) return false;
    for (size_t i = columns - 1; i < count; i += columns) other |= (unsigned char)(text[ends[i]] ^ new_line);
    return !other;
}

static void use_as_they_are(csv_rows *rows)
{
    rows->base = rows->ends.items; /* the free slot before the first end */
    rows->ends.items[0] = (uint32_t)rows->begin - 1;
    rows->stride = rows->column_count;
    rows->row_count = (rows->ends.count - 1) / rows->column_count;
}

/* Rows of different shapes: each laid out anew. The text's end may stand for the last row's end. */
static bp_status lay_out_ends(csv_rows *rows, const csv_window *window, const csv_dialect *dialect, char new_line, bp_error *err)
{
    const uint32_t *ends = rows->ends.items + 1;
    size_t count = rows->ends.count - 1, first = 0, begin = rows->begin;
    bp_status status;

    for (size_t i = 0; i < count; i++) {
        if (ends[i] < window->size && window->text[ends[i]] != new_line) continue;
        if ((status = add_row(rows, dialect, window->text, begin, ends + first, i + 1 - first, err))) return status;
        begin = (size_t)ends[i] + 1;
        first = i + 1;
    }
    return BP_OK;
}

/* By the state machine. */
static bp_status find_odd(csv_rows *rows, csv_window *window, const csv_dialect *dialect, size_t block_end, bp_error *err)
{
    size_t position = rows->begin;
    csv_row_shape shape;
    bp_status status;
    bool there = true;

    rows->odd = true;
    rows->ascii = false;
    rows->escapes = true;
    for (;;) {
        while (position >= window->size && !window->at_end) {
            if (position >= block_end) break;
            if ((status = window->more(window, window->data, err))) return status;
        }
        there = position < window->size && position < block_end;
        if (!there) break;
        rows->ends.count = 1;
        if ((status = csv_row_read(&shape, window, dialect, position, &rows->ends, rows->memory, err))) return status;
        position = shape.next;
        if (shape.too_long || shape.end - shape.begin > dialect->maximum_row) {
            if ((status = add_bad(rows, CSV_REJECT_LINE_SIZE, shape.begin, shape.end, shape.field_count, err))) return status;
        } else if (shape.broken_quote && dialect->strict) {
            if ((status = add_bad(rows, CSV_REJECT_UNQUOTED, shape.begin, shape.end, shape.field_count, err))) return status;
        } else if (shape.field_count) {
            if ((status = add_row(rows, dialect, window->text, shape.begin, rows->ends.items + 1, shape.field_count, err)))
                return status;
        }
    }
    rows->end = position;
    return BP_OK;
}

typedef struct quick {
    csv_rows *rows;
    csv_window *window;
    csv_marks marks;
    csv_index_state state;
    csv_index_function *scan;
    size_t position;
    size_t new_lines;
    bool irregular;
} quick;

/* Scan text[position, to). */
static bp_status quick_scan(quick *quick, size_t to, bp_error *err)
{
    csv_numbers *ends = &quick->rows->ends;
    bp_status status;

    while (quick->position < to && !quick->irregular) {
        size_t piece = to - quick->position < SCAN_PIECE ? to - quick->position : SCAN_PIECE, found;
        if ((status = csv_numbers_reserve(ends, quick->rows->memory, ends->count + piece + 64, err))) return status;
        found = quick->scan(quick->window->text, quick->position, quick->position + piece, &quick->marks, &quick->state,
                            ends->items + ends->count);
        if (found == SIZE_MAX) {
            quick->irregular = true;
            return BP_OK;
        }
        ends->count += found;
        quick->position += piece;
    }
    return BP_OK;
}

/* The text has ended: a last row without a row end gets one there. */
static void quick_end(quick *quick)
{
    csv_numbers *ends = &quick->rows->ends;
    size_t size = quick->window->size;
    bool open = ends->count > 1 ? ends->items[ends->count - 1] + 1 < size || quick->window->text[size - 1] != quick->marks.new_line
                                : quick->rows->begin < size;

    if (quick->state.in_quote) quick->irregular = true;
    if (open) {
        ends->items[ends->count++] = (uint32_t)size; /* scanning left room */
        quick->new_lines++;
    }
    quick->rows->end = size;
}

/* Behind the block: up to the end of the row that its last byte belongs to. */
static bp_status quick_tail(quick *quick, size_t block_end, const csv_dialect *dialect, bp_error *err)
{
    csv_numbers *ends = &quick->rows->ends;
    csv_window *window = quick->window;
    size_t seen = ends->count;
    bp_status status;

    if (seen > 1 && ends->items[seen - 1] == block_end - 1 && window->text[block_end - 1] == quick->marks.new_line) {
        quick->rows->end = block_end;
        return BP_OK;
    }
    while (!quick->irregular) {
        size_t left = window->size - quick->position;
        if (left == 0) {
            if (window->at_end) {
                quick_end(quick);
                return BP_OK;
            }
            if (window->size - quick->rows->begin > dialect->maximum_row + block_end) break;
            if ((status = window->more(window, window->data, err))) return status;
            continue;
        }
        if ((status = quick_scan(quick, quick->position + (left < TAIL_PIECE ? left : TAIL_PIECE), err))) return status;
        if (quick->irregular) return BP_OK;
        for (; seen < ends->count; seen++) {
            if (window->text[ends->items[seen]] != quick->marks.new_line) continue;
            quick->rows->end = (size_t)ends->items[seen] + 1;
            quick->new_lines++;
            ends->count = seen + 1;
            return BP_OK;
        }
    }
    quick->irregular = true; /* a row without end: the state machine says what is wrong */
    return BP_OK;
}

bool csv_marks_of(csv_marks *out, const csv_dialect *dialect)
{
    char new_line = dialect->new_line == CSV_NEW_LINE_CR ? '\r' : '\n';

    if (dialect->delimiter_size > 1 || (dialect->quote >= 0 && dialect->escape != dialect->quote)) return false;
    *out = (csv_marks){.new_line = new_line, .has_quote = dialect->quote >= 0, .has_comment = dialect->comment >= 0};
    out->delimiter = dialect->delimiter_size ? dialect->delimiter[0] : new_line;
    out->quote = (char)(out->has_quote ? dialect->quote : out->delimiter);
    out->comment = (char)(out->has_comment ? dialect->comment : out->delimiter);
    return true;
}

static bp_status find_quick(csv_rows *rows, csv_window *window, const csv_dialect *dialect, csv_marks marks, size_t block_end,
                            bool *irregular, bp_error *err)
{
    quick quick = {.rows = rows, .window = window, .marks = marks, .scan = csv_index_best(), .position = rows->begin};
    size_t span = (block_end < window->size ? block_end : window->size) - rows->begin;
    size_t room = block_end > window->size || rows->begin > window->size || span < 2 * SCAN_PIECE
                      ? 2
                      : span / BYTES_OF_FIELD + SCAN_PIECE + 128;
    bp_status status;

    quick.state.after_separator = 1;
    rows->ends.count = 1;
    if ((status = csv_numbers_reserve(&rows->ends, rows->memory, room, err))) return status;
    while (window->size < block_end && !window->at_end) {
        if ((status = window->more(window, window->data, err))) return status;
    }
    if ((status = quick_scan(&quick, block_end < window->size ? block_end : window->size, err))) return status;
    quick.new_lines = quick.state.new_lines;
    if (!quick.irregular && (status = quick_tail(&quick, block_end, dialect, err))) return status;
    *irregular = quick.irregular;
    if (quick.irregular) return BP_OK;
    rows->escapes = quick.state.escapes != 0;
    rows->ascii = quick.state.non_ascii == 0;
    if (window->at_end) window->text[window->size] = marks.new_line; /* padding: the end of the text ends the last row */
    if (all_alike(rows, window->text, marks.new_line, quick.new_lines)) {
        use_as_they_are(rows);
        return BP_OK;
    }
    return lay_out_ends(rows, window, dialect, marks.new_line, err);
}

bp_status csv_rows_find(csv_rows *rows, csv_window *window, const csv_dialect *dialect, size_t column_count, size_t begin,
                        size_t block_end, bp_error *err)
{
    csv_marks marks;
    bool irregular = true;
    bp_status status;

    rows->column_count = column_count;
    rows->trail = dialect->delimiter_size ? dialect->delimiter_size - 1U : 0;
    rows->row_count = rows->bad_count = rows->laid_out.count = 0;
    rows->begin = rows->end = begin;
    rows->odd = false;
    if (begin >= block_end) return BP_OK;
    if (csv_marks_of(&marks, dialect)) {
        if ((status = find_quick(rows, window, dialect, marks, block_end, &irregular, err))) return status;
    }
    if (irregular && (status = find_odd(rows, window, dialect, block_end, err))) return status;
    rows->text = window->text;
    if (rows->laid_out.count || !rows->row_count) {
        rows->base = rows->laid_out.items;
        rows->stride = column_count + 1;
    }
    return BP_OK;
}
