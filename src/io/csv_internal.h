/* What the CSV files of this folder share.
 *
 *   csv_options.c  options by name            csv_index.{h,c}, x86/   where fields end (quick scan of regular text)
 *   csv_input.c    bytes of a file, decoded   csv_rows.c              rows of a block: quick scan, state machine, ragged rows
 *   csv_sniff*.c   dialect, header, types     csv_value.c, csv_column.c  a field's value; a column of a batch
 *   csv_source.c   the source, settling       csv_scan.c              blocks, workers, batches, filters
 *   csv_count.c    rows of a block, when no column is wanted      csv_known.c  what sniffing found, for the next statement
 *   csv_error.c    errors and rejects         csv_writer.c            tables as text
 */
#ifndef IO_CSV_INTERNAL_H
#define IO_CSV_INTERNAL_H

#include "base/context.h"
#include "io/csv.h"
#include "io/csv_index.h"
#include "io/csv_input.h"

#define CSV_PADDING 64      /* readable bytes before and behind a window's text: values are loaded by whole words */
#define CSV_ROW_MAXIMUM ((size_t)1 << 30) /* bytes of one row: positions fit 32 bits with room */
#define CSV_NO_FIELD UINT32_MAX

typedef struct csv_dialect {
    char delimiter[4];
    uint8_t delimiter_size;     /* 0: a line is one field */
    int quote, escape, comment; /* a byte or CSV_NO_CHARACTER */
    csv_new_line new_line;      /* LF and CRLF are read alike; CR and ANY: a lone CR ends a row as well */
    bool strict;                /* broken quotes and long rows are errors; else taken literally, and cut */
    bool null_padding;
    size_t maximum_row;         /* bytes of a row */
} csv_dialect;

/* Growing arrays ------------------------------------------------------------------------------------------------------------------ */
typedef struct csv_numbers {
    uint32_t *items;
    size_t count, capacity;
} csv_numbers;

MUST_USE bp_status csv_numbers_reserve(csv_numbers *numbers, memory *memory, size_t capacity, bp_error *err);
void csv_numbers_clear(csv_numbers *numbers, memory *memory);

/* Window: a piece of the file's text in memory, that can be made longer ---------------------------------------------------------------- */
typedef struct csv_window csv_window;
struct csv_window {
    memory *memory;
    cancel *cancel; /* looked at in long rows; NULL: never */
    char *block; /* CSV_PADDING, text, CSV_PADDING */
    size_t block_size;
    char *text; /* block + CSV_PADDING */
    size_t size;
    uint64_t offset; /* of text[0] in the file's (decoded) text */
    bool at_end; /* text[size] is the end of the file */
    /* Append at least one byte, or set at_end. NULL: what is there is all. */
    bp_status (*more)(csv_window *window, void *data, bp_error *err);
    void *data;
};

void csv_window_init(csv_window *window, memory *memory);
void csv_window_clear(csv_window *window);
/* Room for `size` bytes of text; the text that is there stays. */
MUST_USE bp_status csv_window_reserve(csv_window *window, size_t size, bp_error *err);

/* Rows of a block --------------------------------------------------------------------------------------------------------------------- */
/* A row that is not like the others: it stands before row `row` of the good ones. */
typedef struct csv_bad_row {
    uint32_t row;
    uint32_t begin, end; /* in the window's text */
    uint32_t field_count;
    csv_reject_kind kind;
} csv_bad_row;

/*  Field c of row r is text[base[r * stride + c] + 1, base[r * stride + c + 1] - trail), the last one ending at its row's end without
 *  `trail` and perhaps with a CR; an end before its begin: the field is missing. When all rows are alike, base is ends - 1 and the stride the
 *  number of columns; else rows are laid out anew with one more slot, for where they begin. */
typedef struct csv_rows {
    memory *memory;
    const char *text;
    const uint32_t *base;
    size_t stride, row_count, column_count;
    uint32_t trail; /* bytes of a delimiter but the last */
    bool odd; /* found by the state machine: blanks around quotes, other escapes, broken quotes may be there */
    bool escapes; /* there may be doubled quotes */
    bool ascii;
    size_t begin, end; /* the text of these rows; the next block's first row begins at `end` */
    csv_bad_row *bad;
    size_t bad_count, bad_capacity;
    csv_numbers ends; /* one free slot, then the ends */
    csv_numbers laid_out;
} csv_rows;

void csv_rows_init(csv_rows *rows, memory *memory);
void csv_rows_clear(csv_rows *rows);
/* The rows that begin in text[begin, block_end) of the window, which is made longer as they need. column_count 0: whatever each row has (the
 * sniffer: every row is laid out, see csv_rows_each). */
MUST_USE bp_status csv_rows_find(csv_rows *rows, csv_window *window, const csv_dialect *dialect, size_t column_count, size_t begin,
                                 size_t block_end, bp_error *err);

/* What the quick scan looks for; false: the dialect is not for it. */
bool csv_marks_of(csv_marks *out, const csv_dialect *dialect);

/* One row by the state machine, for the sniffer and for rows of another shape: fields' ends (as in csv_index.h, the last one at the row's
 * end) are appended to `ends`. */
typedef struct csv_row_shape {
    size_t begin, next; /* the row, and where the next one begins */
    size_t end; /* without its line end */
    size_t field_count; /* 0: a comment line */
    bool broken_quote, quoted, escaped; /* a quote that is none; some field is quoted; … with an escape */
    bool unterminated; /* the file ended inside quotes */
    bool too_long;
} csv_row_shape;

MUST_USE bp_status csv_row_read(csv_row_shape *out, csv_window *window, const csv_dialect *dialect, size_t begin, csv_numbers *ends,
                                memory *memory, bp_error *err);

/* Values ------------------------------------------------------------------------------------------------------------------------------ */
/* How the text of every field is understood. */
typedef struct csv_rules {
    int quote, escape;
    bool strict;
    bool allow_quoted_nulls;
    bool plain_numbers; /* '.' is the point and nothing groups thousands */
    char decimal_separator, thousands;
    bool null_empty; /* the empty text is one of the null texts */
    const string_view *nulls; /* the others */
    size_t null_count;
    bool null_numbers; /* one of them may be read as a number or a date */
    uint64_t null_lengths; /* bit n: one has n bytes (63: or more) */
    string_view date_format, timestamp_format; /* that the user gives: the sniffer looks for no other */
} csv_rules;

/* How a column of the schema is read. */
typedef struct csv_column {
    string_view name;
    data_type type;
    bool given; /* by the user: never widened */
    bool not_null; /* force_not_null */
    string_view format; /* strptime codes of dates and timestamps; empty: ISO */
} csv_column;

typedef enum csv_cell { CSV_CELL_VALUE, CSV_CELL_NULL, CSV_CELL_BAD, CSV_CELL_NO_MEMORY } csv_cell;

/* A value of the column's type from text that is neither NULL nor quoted any more, in its physical form; BOOLEAN as a byte; strings are not
 * for this function. False: it does not fit. */
MUST_USE bool csv_value_parse(const csv_column *column, const csv_rules *rules, string_view text, void *out);
/* Whether the type can be read from CSV at all. */
bool csv_type_supported(data_type type);
/* The type that an inferred column widens to when a value does not fit; VARCHAR at last. What fit before fits the wider type too. */
data_type csv_type_wider(const csv_column *column);

typedef struct csv_heap { /* bytes that live as long as the batch */
    char *next, *end;
    arena *arena;
    size_t overflow; /* bytes that had to be taken from the arena */
} csv_heap;
MUST_USE char *csv_heap_take(csv_heap *heap, size_t size); /* `size` bytes, and 16 more may be written; NULL: no memory */
/* A field's text without its quotes; what must be unescaped is written to the heap. `odd` as in csv_rows. */
csv_cell csv_unquote(string_view *text, bool *quoted, const csv_rules *rules, bool odd, csv_heap *heap);
bool csv_is_null_text(const csv_rules *rules, string_view text);

/* One column of rows. */
typedef struct csv_parse {
    const char *text;
    const uint32_t *slots; /* where the field of row 0 begins (less one); its end in the next slot */
    size_t stride;
    uint32_t trail;
    bool last; /* the row's last field: a CR may stand at its end */
    bool odd, escapes;
    bool check_utf8;
    const csv_column *column;
    const csv_rules *rules;
    csv_heap *heap;
    void *values; /* of the physical type; BOOLEAN: words of bits, zeroed */
    uint64_t *validity; /* set for all rows */
    size_t null_count;
    bool bad_encoding; /* the field that stopped it is not UTF-8 */
} csv_parse;

/* Rows [row, count): the first row whose field does not fit, or count; SIZE_MAX: no memory. */
size_t csv_parse_rows(csv_parse *parse, size_t row, size_t count);
/* The raw text of a field, as it stands in the file. */
string_view csv_parse_field(const csv_parse *parse, size_t row);

/* Files and the source --------------------------------------------------------------------------------------------------------------------- */
typedef struct csv_file {
    string_view path;
    csv_input kept; /* of a pipe: its copy; else closed */
    file_identity identity; /* when it was sniffed */
    uint64_t data_start; /* where the first row begins in the file's text */
    size_t field_count; /* of its rows */
    const uint32_t *fields; /* column of the schema -> field of this file, or CSV_NO_FIELD; NULL: the same */
} csv_file;

typedef struct csv_reject_list {
    mutex lock;
    csv_reject *items;
    size_t count, capacity;
    arena arena; /* the texts */
    bool sorted;
} csv_reject_list;

typedef struct csv_source {
    source base;
    arena arena;
    struct csv_source *parent; /* a source with other types shares all else with the one it came from */
    csv_options options;
    csv_dialect dialect;
    csv_rules rules;
    csv_sniff sniff;
    csv_column *columns;
    size_t column_count; /* without the file name */
    csv_file *files;
    size_t file_count;
    csv_reject_list *rejects; /* of the first parent */
    csv_reject_list own_rejects;
} csv_source;

extern const source_class csv_source_class;

/* Sniffing: fills dialect, rules, sniff, columns, and of each file data_start, field_count and fields. */
MUST_USE bp_status csv_sniff_files(csv_source *source, bp_error *err);
/* csv_source_new(), or, when `known` is not NULL, from what was kept of the one file (csv_known.c). */
MUST_USE bp_status csv_source_make(source **out, bp_context *context, const string_view *paths, size_t count,
                                   const csv_options *options, const cursor *known, const file_identity *identity, bp_error *err);
/* In place of csv_sniff_files(). */
MUST_USE bp_status csv_known_restore(csv_source *source, cursor known, const file_identity *identity, bp_error *err);
/* Open a file of the source, making sure that it is the one that was sniffed. */
MUST_USE bp_status csv_file_open(csv_input *out, const csv_source *source, size_t file, bp_error *err);

MUST_USE bp_status csv_scan_open(scan **out, source *source, const scan_request *request, bp_error *err);
/* A pass over the columns to see which types hold: types[i] of the source's column columns[i] is widened as the values need. */
MUST_USE bp_status csv_scan_settle(csv_source *source, const size_t *columns, size_t count, data_type *types, bp_error *err);

/* Errors and rejects (csv_error.c) ------------------------------------------------------------------------------------------------------------ */
/* Where something is wrong: the row begins at row_offset, the field at field_offset of the file's text. */
typedef struct csv_place {
    size_t file;
    uint64_t row_offset, field_offset;
    string_view row_text; /* may be cut */
    size_t column; /* of the schema; SIZE_MAX: the whole row */
    size_t fields_found;
    csv_reject_kind kind;
    string_view field_text;
    data_type type;
} csv_place;

/* Fill err and return its status. */
bp_status csv_error(const csv_source *source, const csv_place *place, bp_error *err);
MUST_USE bp_status csv_reject_add(csv_source *source, const csv_place *place, bp_error *err);

#endif
