/* How results are written: as text (format_text.h), or in a file format (io/format.h), by name. */
#ifndef SQL_FORMAT_RESULT_H
#define SQL_FORMAT_RESULT_H

#include "format_text.h"

typedef struct result_options {
    const char *format; /* one of result_format_name() */
    const char *path;   /* the file's name, when there is one: may decide what is written (see io/format.h); NULL: none */
    text_options text;  /* all but its format; null_text and no_header also for csv and tsv */
} result_options;

/* Format `index` of all; NULL past the last. */
const char *result_format_name(size_t index);
/* No text: a file or a pipe takes it, one result each. */
bool result_format_is_binary(const char *name);

/* The schema is borrowed. BP_BAD_ARGUMENT: there is no such format. */
MUST_USE bp_status result_target_new(target **out, bp_context *context, byte_sink sink, const schema *schema,
                                     const result_options *options, bp_error *err);

#endif
