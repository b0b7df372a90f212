/* CSV files as tables, and tables as CSV: options, the reader (a `source` of class "read_csv"), what the sniffer found, rejected
 * rows, and the writer. Option names, defaults and results follow DuckDB's read_csv where this header says nothing else. */
#ifndef IO_CSV_H
#define IO_CSV_H

#include "io/source.h"
#include "io/target.h"

/* An option that may be left to the sniffer. */
typedef enum csv_choice { CSV_AUTO = -1, CSV_NO = 0, CSV_YES = 1 } csv_choice;
#define CSV_NO_CHARACTER (-2) /* quote, escape, comment: "there is none"; CSV_AUTO: the sniffer looks */

typedef enum csv_new_line { CSV_NEW_LINE_ANY, CSV_NEW_LINE_LF, CSV_NEW_LINE_CRLF, CSV_NEW_LINE_CR } csv_new_line;
typedef enum csv_compression {
    CSV_COMPRESSION_AUTO,
    CSV_COMPRESSION_NONE,
    CSV_COMPRESSION_GZIP,
    CSV_COMPRESSION_ZSTD
} csv_compression;
typedef enum csv_encoding { CSV_ENCODING_UTF8, CSV_ENCODING_LATIN1, CSV_ENCODING_UTF16 } csv_encoding;

typedef struct csv_text_list {
    const string_view *items;
    size_t count;
} csv_text_list;

/* Column types the user gives: by name when `names` is set, else by position. */
typedef struct csv_type_list {
    const string_view *names;
    const data_type *types;
    size_t count;
} csv_type_list;

/* Set with csv_options_init() and csv_options_set(), or field by field. Texts are borrowed: a source copies what it keeps. */
typedef struct csv_options {
    string_view delimiter;        /* 1 … 4 bytes; empty: the sniffer looks */
    int quote, escape, comment;   /* a byte, CSV_AUTO or CSV_NO_CHARACTER */
    csv_choice header;
    csv_new_line new_line;
    bool auto_detect;             /* false: what is not given takes its default (`,` `"` header=false), nothing is sniffed */
    bool all_varchar;
    int64_t sample_size;          /* rows the sniffer looks at; -1: all */
    int64_t skip;                 /* lines before the header; -1: the sniffer looks for a preamble */
    csv_type_list columns;        /* names and types of all columns: no header is needed and none of the names are sniffed */
    csv_type_list types;          /* overrides of some columns */
    csv_text_list names;          /* column names, the first ones */
    data_type const *candidates;  /* auto_type_candidates; NULL: the usual */
    size_t candidate_count;
    csv_text_list null_texts;     /* nullstr; NULL: the empty text */
    csv_text_list force_not_null; /* columns where a null text is an empty string */
    bool allow_quoted_nulls;      /* default true: "" is NULL as well */
    string_view date_format, timestamp_format; /* strptime codes; empty: ISO, and the sniffer looks at others */
    char decimal_separator;       /* '.' */
    char thousands;               /* 0: none */
    bool ignore_errors;           /* rows that do not fit are left out */
    bool store_rejects;           /* … and recorded; implies ignore_errors */
    uint64_t rejects_limit;       /* of recorded errors a scan; 0: none */
    string_view rejects_table, rejects_scan; /* table names for exec; "reject_errors", "reject_scans" */
    bool null_padding;            /* short rows end in NULLs */
    bool strict_mode;             /* default true; false: odd quoting and rows that are too long are read as well as may be */
    size_t max_line_size;         /* bytes; default and hard maximum of one field: LIMIT_CSV_FIELD_SIZE */
    csv_compression compression;
    csv_encoding encoding;
    string_view filename_column;  /* name of an extra last column with the path; empty: none */
    bool union_by_name;
    bool normalize_names;
    uint64_t files_to_sniff;      /* 1 */
    bool parallel;                /* false: one worker at a time */
} csv_options;

void csv_options_init(csv_options *out);
/* Set one option by its SQL name (delim, sep, header, nullstr, columns, …) from row 0 of `value`: VARCHAR, BOOLEAN, an integer, LIST of VARCHAR
 * or STRUCT of VARCHAR, as the option needs. Texts are copied into `arena`. BP_BIND_ERROR: unknown option (the message names the nearest), or a
 * value that does not fit. */
MUST_USE bp_status csv_options_set(csv_options *options, arena *arena, string_view name, const column *value, bp_error *err);
/* Option `index`'s name and one sentence about it, for completion and the guide; false past the last. */
bool csv_option_at(size_t index, string_view *name, string_view *text);

/* What the sniffer decided: the row of sniff_csv(). */
typedef struct csv_sniff {
    string_view delimiter;
    int quote, escape, comment; /* a byte or CSV_NO_CHARACTER */
    csv_new_line new_line;
    bool mixed_new_lines;
    uint64_t skip; /* lines before the header or first row */
    bool header;
    bool null_padding; /* rows of the sample were ragged: short ones are padded */
    string_view date_format, timestamp_format; /* empty: ISO */
    schema columns; /* without the file name column */
    uint64_t sample_rows;
    bool whole_file; /* the sample was everything: the types are final */
} csv_sniff;

/* A source over `count` files (a glob's result, in its order), which are opened and sniffed now. The files are opened again by each
 * scan; one that has changed meanwhile is an error.
 *
 * Types come from a sample, so a value further on may not fit. The source never fails for that: its class has `settle` (see
 * io/source.h), which reads the wanted columns once and gives a source with types that hold for every row; a scan that meets such a
 * value sets `source->misfit` and returns BP_CONVERSION. Types given by the user are never changed: there a value that does not fit
 * is an error with file, line and column, or a rejected row. */
MUST_USE bp_status csv_source_new(source **out, bp_context *context, const string_view *paths, size_t count,
                                  const csv_options *options, bp_error *err);
/* The same for one file, which is not looked at again when it has not changed since a source was made of it with the same options. */
MUST_USE bp_status csv_source_known(source **out, bp_context *context, string_view path, const csv_options *options, bp_error *err);
/* What was found; `source` must be of class "read_csv". Valid as long as the source. */
const csv_sniff *csv_source_sniff(const source *source);
/* A call of read_csv() that reads this file with everything spelled out (the Prompt of sniff_csv). */
bool csv_source_prompt(const source *source, builder *out);

/* A row that was left out (store_rejects). */
typedef enum csv_reject_kind {
    CSV_REJECT_CAST,
    CSV_REJECT_MISSING_COLUMNS,
    CSV_REJECT_TOO_MANY_COLUMNS,
    CSV_REJECT_UNQUOTED,
    CSV_REJECT_LINE_SIZE,
    CSV_REJECT_ENCODING
} csv_reject_kind;
typedef struct csv_reject {
    uint64_t file; /* index of the path */
    uint64_t line; /* from 1 */
    uint64_t line_position; /* byte of the file where the row begins */
    uint64_t byte_position; /* byte of the file where the field begins */
    uint64_t column; /* from 1; 0: the whole row */
    csv_reject_kind kind;
    string_view column_name, text, message; /* text: the row */
} csv_reject;
/* The rejected rows of all scans of this source so far, in order of file and position. Call with no scan running. */
MUST_USE bp_status csv_source_rejects(source *source, const csv_reject **rejects, size_t *count, bp_error *err);
string_view csv_reject_kind_name(csv_reject_kind kind); /* "CAST", "MISSING COLUMNS", as DuckDB's reject_errors has them */
string_view csv_source_path(const source *source, size_t index);

/* Writing ------------------------------------------------------------------------------------------------------------------------ */
typedef struct csv_write_options {
    string_view delimiter; /* "," */
    int quote, escape; /* '"'; CSV_NO_CHARACTER: never quotes (text that needs it is an error) */
    bool header; /* true */
    string_view null_text; /* "" */
    csv_text_list force_quote; /* columns; one "*": all */
    string_view date_format, timestamp_format; /* strftime codes; empty: ISO */
    string_view new_line; /* "\n" */
    csv_compression compression; /* AUTO: by the file's name, which io/format.c knows: here the same as NONE */
} csv_write_options;

void csv_write_options_init(csv_write_options *out);
/* As csv_options_set(), for COPY … TO: header, delim, sep, quote, escape, nullstr, null, force_quote, dateformat, timestampformat,
 * new_line, compression. */
MUST_USE bp_status csv_write_options_set(csv_write_options *options, arena *arena, string_view name, const column *value,
                                         bp_error *err);
/* The header is written at once. Schema and options are copied. */
MUST_USE bp_status csv_writer_new(target **out, bp_context *context, byte_sink sink, const schema *schema,
                                  const csv_write_options *options, bp_error *err);
/* One batch as text, for the pieces of a parallel write and for output to the terminal: no header, appended to `out`. */
MUST_USE bp_status csv_write_batch(builder *out, const batch *batch, const schema *schema, const csv_write_options *options,
                                   bp_error *err);

#endif
