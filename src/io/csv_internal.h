/* What the CSV files of this folder share.
 *
 *   csv_options.c  options by name            csv_index.{h,c}, x86/   where fields end (quick scan of regular text)
 *   csv_input.c    bytes of a file, decoded   csv_rows.c              rows of a block: quick scan, state machine, ragged rows
 *   csv_sniff*.c   dialect, header, types     csv_value.c, csv_column.c  a field's value; a column of a batch
 *   csv_source.c   the source, settling       csv_scan.c              blocks, workers, batches, filters
 *   csv_error.c    errors and rejects         csv_writer.c            tables as text
 */
#ifndef IO_CSV_INTERNAL_H
#define IO_CSV_INTERNAL_H

#include "base/context.h"
#include "io/csv.h"
#include "io/csv_index.h"

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
    char *block;     /* CSV_PADDING, text, CSV_PADDING */
    size_t block_size;
    char *text;      /* block + CSV_PADDING */
    size_t size;
    uint64_t offset; /* of text[0] in the file's (decoded) text */
    bool at_end;     /* text[size] is the end of the file */
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
    uint32_t trail;     /* bytes of a delimiter but the last */
    bool odd;           /* found by the state machine: blanks around quotes, other escapes, broken quotes may be there */
    bool escapes;       /* there may be doubled quotes */
    bool ascii;
    size_t begin, end;  /* the text of these rows; the next block's first row begins at `end` */
    csv_bad_row *bad;
    size_t bad_count, bad_capacity;
    csv_numbers ends;   /* one free slot, then the ends */
    csv_numbers laid_out;
} csv_rows;

void csv_rows_init(csv_rows *rows, memory *memory);
void csv_rows_clear(csv_rows *rows);
/* The rows that begin in text[begin, block_end) of the window, which is made longer as they need. column_count 0: whatever each row has (the
 * sniffer: every row is laid out, see csv_rows_each). */
MUST_USE bp_status csv_rows_find(csv_rows *rows, csv_window *window, const csv_dialect *dialect, size_t column_count, size_t begin,
                                 size_t block_end, bp_error *err);

/* One row by the state machine, for the sniffer and for rows of another shape: fields' ends (as in csv_index.h, the last one at the row's
 * end) are appended to `ends`. */
typedef struct csv_row_shape {
    size_t begin, next; /* the row, and where the next one begins */
    size_t end;         /* without its line end */
    size_t field_count; /* 0: a comment line */
    bool broken_quote, quoted, escaped; /* a quote that is none; some field is quoted; … with an escape */
    bool unterminated;  /* the file ended inside quotes */
    bool too_long;
} csv_row_shape;

MUST_USE bp_status csv_row_read(csv_row_shape *out, csv_window *window, const csv_dialect *dialect, size_t begin, csv_numbers *ends,
                                memory *memory, bp_error *err);

#endif
