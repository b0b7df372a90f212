/* Results as text: box tables, CSV, JSON, Markdown, HTML, lines. */
#ifndef SQL_FORMAT_RESULT_H
#define SQL_FORMAT_RESULT_H

#include "base/context.h"
#include "column/batch.h"

typedef enum text_format {
    FORMAT_BOX,
    FORMAT_CSV,
    FORMAT_TSV,
    FORMAT_JSON,
    FORMAT_JSONL,
    FORMAT_MARKDOWN,
    FORMAT_HTML,
    FORMAT_LINE,
    FORMAT_COUNT
} text_format;

typedef struct text_options {
    text_format format;
    const char *null_text; /* NULL: the format's own */
    size_t most_rows;      /* BOX: 0: all */
    size_t width;          /* BOX: 0: no bound */
    bool no_header;        /* no column names: BOX CSV TSV MARKDOWN HTML */
    bool dim_null;         /* BOX: NULL in faint letters */
    bool show_count;       /* BOX: the number of rows below, when it is 0 or over ten */
} text_options;

/* A format by name; false: there is none of that name. */
bool text_format_find(text_format *out, string_view name);
const char *text_format_name(text_format format);

typedef struct text_writer text_writer;

/* Text is appended to `out`, which the caller empties between calls. The schema is borrowed. */
MUST_USE bp_status text_writer_new(text_writer **out, bp_context *context, const schema *schema, const text_options *options,
                                   bp_error *err);
void text_writer_free(text_writer *writer);
MUST_USE bp_status text_writer_begin(text_writer *writer, builder *out, bp_error *err);
MUST_USE bp_status text_writer_rows(text_writer *writer, const batch *batch, builder *out, bp_error *err);
/* *more: call again for the next part. */
MUST_USE bp_status text_writer_end(text_writer *writer, builder *out, bool *more, bp_error *err);

#endif
