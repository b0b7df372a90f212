/* Results as text for people and for the web: box tables, JSON, Markdown, HTML, lines. */
#ifndef SQL_FORMAT_TEXT_H
#define SQL_FORMAT_TEXT_H

#include "io/target.h"

typedef enum text_format { TEXT_BOX, TEXT_JSON, TEXT_JSONL, TEXT_MARKDOWN, TEXT_HTML, TEXT_LINE } text_format;

typedef struct text_options {
    text_format format;
    const char *null_text; /* NULL: the format's own */
    size_t most_rows;      /* BOX: 0: all */
    size_t width;          /* BOX: 0: no bound */
    bool no_header;        /* no column names: BOX MARKDOWN HTML */
    bool dim_null;         /* BOX: NULL in faint letters */
    bool show_count;       /* BOX: the number of rows below, when it is 0 or over ten */
} text_options;

/* The schema is borrowed. Rows are handed to the sink at the end of each write, but those of a box at the finish, since its widths depend on all of them. */
MUST_USE bp_status text_writer_new(target **out, bp_context *context, byte_sink sink, const schema *schema,
                                   const text_options *options, bp_error *err);

#endif
