/* The formats that files of tables have: how each is named, read and written. One row a format in format.c; SQL's read_…() functions, paths used as tables,
 * COPY and the command's --format find them here. */
#ifndef IO_FORMAT_H
#define IO_FORMAT_H

#include "io/source.h"
#include "io/target.h"

typedef struct file_format {
    const char *name; /* of FORMAT in COPY */
    const char *const *other_names; /* NULL-ended */
    const char *const *functions; /* table functions that read it; NULL-ended */
    const char *const *endings; /* of paths, ".csv" first; NULL-ended */
    /* Reading: the usual options, in `arena`; one option by its SQL name from row 0 of `value` (BP_BIND_ERROR: unknown, or it does not fit); a source over
     * the files. */
    MUST_USE bp_status (*read_options_new)(void **out, arena *arena, bp_error *err);
    MUST_USE bp_status (*read_option_set)(void *options, arena *arena, string_view name, const column *value, bp_error *err);
    MUST_USE bp_status (*source_new)(source **out, bp_context *context, const string_view *paths, size_t count, const void *options,
                                     bp_error *err);
    /* Which columns are expected, before options are set; NULL: the files say it themselves. The schema must live as long as the options. */
    void (*expect)(void *options, const schema *schema);
    /* Writing likewise. `path` is the file's name, as far as it matters (compression by ending); it may be empty. Schema and options are copied. */
    MUST_USE bp_status (*write_options_new)(void **out, arena *arena, bp_error *err);
    MUST_USE bp_status (*write_option_set)(void *options, arena *arena, string_view name, const column *value, bp_error *err);
    MUST_USE bp_status (*target_new)(target **out, bp_context *context, byte_sink sink, string_view path, const schema *schema,
                                     const void *options, bp_error *err);
} file_format;

/* Format `index` of all; NULL past the last. */
const file_format *format_at(size_t index);
/* By name, by the name of a function, by the ending of a path (case ignored); NULL: none. */
const file_format *format_of_name(string_view name);
const file_format *format_of_function(string_view name);
const file_format *format_of_path(string_view path);

#endif
