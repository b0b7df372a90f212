/* One row by a state machine: every dialect, every oddity, a byte at a time. The quick scan (csv_index.h) is for text that is regular; this is
 * for the rest, for the sniffer, and what the quick scan is tested against.
 *
 * A field is quoted when its first byte that is no blank is a quote. In quotes only the escape and the quote mean something. A quote is
 * *broken* when its closing one is not followed by (blanks and) a delimiter or row end, or when there is no closing one: then the field
 * is taken literally, to its next delimiter, and the row is marked; whether that is an error is for the caller to say. */
#include "io/csv_internal.h"

#define CANCEL_STEP ((size_t)1 << 18)

typedef struct reader {
    csv_window *window;
    const csv_dialect *dialect;
    csv_numbers *ends;
    memory *memory;
    csv_row_shape *shape;
    size_t position;
    bool row_done;
    bool comment; /* the row ends in a comment: its line is still to be skipped */
} reader;

/* Whether there is a byte at `position`, reading on if need be. */
static bp_status has_byte(reader *reader, size_t position, bool *out, bp_error *err)
{
    csv_window *window = reader->window;
    bp_status status;

    while (position >= window->size && !window->at_end) {
        if (position - reader->shape->begin > reader->dialect->maximum_row) {
            reader->shape->too_long = true;
            break;
        }
        if ((status = window->more(window, window->data, err))) return status;
    }
    *out = position < window->size;
    return BP_OK;
}

/* A field may have millions of bytes, and the sniffer reads it once a dialect. */
static bp_status stop_if_cancelled(const reader *reader, bp_error *err)
{
    return reader->window->cancel ? cancel_check(reader->window->cancel, err) : BP_OK;
}

static bool is_new_line(const reader *reader, char c, char next)
{
    if (c == '\n') return reader->dialect->new_line != CSV_NEW_LINE_CR;
    if (c != '\r') return false;
    switch (reader->dialect->new_line) {
    case CSV_NEW_LINE_LF: return false;
    case CSV_NEW_LINE_CRLF: return next == '\n';
    case CSV_NEW_LINE_ANY:
    case CSV_NEW_LINE_CR: return true;
    }
    return false;
}

static bool ends_in_two(const reader *reader, char c, char next)
{
    return c == '\r' && next == '\n' && reader->dialect->new_line != CSV_NEW_LINE_CR;
}

typedef enum mark { MARK_NONE, MARK_DELIMITER, MARK_ROW_END, MARK_COMMENT, MARK_FILE_END } mark;

/* What stands at `position`, outside quotes. */
static bp_status look(reader *reader, size_t position, mark *out, bp_error *err)
{
    const csv_dialect *dialect = reader->dialect;
    bool there, next_there;
    const char *text;
    bp_status status;
    char c;

    *out = MARK_NONE;
    if ((status = has_byte(reader, position, &there, err))) return status;
    if (!there) {
        *out = MARK_FILE_END;
        return BP_OK;
    }
    c = reader->window->text[position];
    if (dialect->delimiter_size && c == dialect->delimiter[0]) {
        if (dialect->delimiter_size > 1) {
            if ((status = has_byte(reader, position + dialect->delimiter_size - 1, &there, err))) return status;
        }
        text = reader->window->text;
        if (there && memcmp(text + position, dialect->delimiter, dialect->delimiter_size) == 0) *out = MARK_DELIMITER;
        if (*out) return BP_OK;
    }
    if (c == '\n' || c == '\r') {
        if ((status = has_byte(reader, position + 1, &next_there, err))) return status;
        if (is_new_line(reader, c, next_there ? reader->window->text[position + 1] : '\n')) *out = MARK_ROW_END;
    } else if ((unsigned char)c == dialect->comment) { /* no conversion: comment may be CSV_NO_CHARACTER */
        *out = MARK_COMMENT;
    }
    return BP_OK;
}

static bp_status add_end(reader *reader, size_t position, bp_error *err)
{
    csv_numbers *ends = reader->ends;
    bp_status status;

    if (ends->count >= ends->capacity && (status = csv_numbers_reserve(ends, reader->memory, ends->count + 1, err))) return status;
    ends->items[ends->count++] = (uint32_t)position;
    reader->shape->field_count++;
    return BP_OK;
}

/* The field ends at `position`, where `mark` stands. */
static bp_status end_field(reader *reader, size_t position, mark mark, bp_error *err)
{
    csv_row_shape *shape = reader->shape;
    const char *text = reader->window->text;
    size_t last = mark == MARK_DELIMITER ? position + reader->dialect->delimiter_size - 1 : position;
    bp_status status = add_end(reader, last, err);

    if (status) return status;
    reader->position = last + 1;
    if (mark == MARK_DELIMITER) return BP_OK;
    reader->row_done = true;
    shape->end = position;
    reader->comment = mark == MARK_COMMENT;
    if (mark == MARK_FILE_END) reader->position = position;
    if (mark == MARK_ROW_END && position + 1 < reader->window->size && ends_in_two(reader, text[position], text[position + 1]))
        reader->position = position + 2;
    shape->next = reader->position;
    return BP_OK;
}

static bp_status read_literal(reader *reader, size_t position, bp_error *err)
{
    mark mark;
    bp_status status;

    for (;; position++) {
        if (position % CANCEL_STEP == 0 && (status = stop_if_cancelled(reader, err))) return status;
        if ((status = look(reader, position, &mark, err))) return status;
        if (mark) return end_field(reader, position, mark, err);
    }
}

/* The closing quote of the one at `position`: *closing, or *found = false. */
static bp_status find_closing(reader *reader, size_t position, size_t *closing, bool *found, bp_error *err)
{
    const csv_dialect *dialect = reader->dialect;
    bp_status status;
    bool there;

    *found = false;
    for (size_t i = position + 1;; i++) {
        unsigned char c;
        if (i % CANCEL_STEP == 0 && (status = stop_if_cancelled(reader, err))) return status;
        if ((status = has_byte(reader, i, &there, err))) return status;
        if (!there) {
            reader->shape->unterminated = true;
            return BP_OK;
        }
        c = (unsigned char)reader->window->text[i];
        if (c == dialect->escape || c == dialect->quote) {
            unsigned char next;
            if ((status = has_byte(reader, i + 1, &there, err))) return status;
            next = there ? (unsigned char)reader->window->text[i + 1] : 0;
            if (c == dialect->escape && there && (next == dialect->quote || (next == dialect->escape && c != dialect->quote))) {
                reader->shape->escaped = true;
                i++;
            } else if (c == dialect->quote) {
                *closing = i;
                *found = true;
                return BP_OK;
            }
        }
    }
}

static bp_status skip_blanks(reader *reader, size_t *position, bp_error *err)
{
    bool there;

    for (;; ++*position) {
        bp_status status = has_byte(reader, *position, &there, err);
        if (status) return status;
        if (!there || reader->window->text[*position] != ' ') return BP_OK;
        if (reader->dialect->delimiter_size && reader->dialect->delimiter[0] == ' ') return BP_OK;
    }
}

static bp_status read_field(reader *reader, bp_error *err)
{
    size_t begin = reader->position, position = begin, closing;
    bp_status status;
    bool there, found;
    mark mark;

    if (reader->dialect->quote < 0) return read_literal(reader, begin, err);
    if ((status = skip_blanks(reader, &position, err))) return status;
    if ((status = has_byte(reader, position, &there, err))) return status;
    if (!there || (unsigned char)reader->window->text[position] != reader->dialect->quote) return read_literal(reader, begin, err);
    if ((status = find_closing(reader, position, &closing, &found, err))) return status;
    if (found) {
        size_t behind = closing + 1;
        if ((status = skip_blanks(reader, &behind, err))) return status;
        if ((status = look(reader, behind, &mark, err))) return status;
        if (mark) {
            reader->shape->quoted = true;
            return end_field(reader, behind, mark, err);
        }
    }
    reader->shape->broken_quote = true;
    return read_literal(reader, begin, err);
}

/* To the end of the line that a comment stands in. */
static bp_status skip_comment(reader *reader, bp_error *err)
{
    bp_status status;

    for (size_t i = reader->position;; i++) {
        bool there, next;
        char c;
        if ((status = has_byte(reader, i, &there, err))) return status;
        if (!there) {
            reader->shape->next = i;
            return BP_OK;
        }
        if ((status = has_byte(reader, i + 1, &next, err))) return status;
        c = reader->window->text[i];
        if (!is_new_line(reader, c, next ? reader->window->text[i + 1] : '\n')) continue;
        reader->shape->next = i + (next && ends_in_two(reader, c, reader->window->text[i + 1]) ? 2 : 1);
        return BP_OK;
    }
}

bp_status csv_row_read(csv_row_shape *out, csv_window *window, const csv_dialect *dialect, size_t begin, csv_numbers *ends,
                       memory *memory, bp_error *err)
{
    reader reader = {.window = window, .dialect = dialect, .ends = ends, .memory = memory, .shape = out, .position = begin};
    bp_status status;

    *out = (csv_row_shape){.begin = begin};
    while (!reader.row_done) {
        if ((status = read_field(&reader, err))) return status;
    }
    if (!reader.comment) return BP_OK;
    if (out->end == begin) { /* a line of comment only */
        ends->count -= out->field_count;
        out->field_count = 0;
    }
    return skip_comment(&reader, err);
}
