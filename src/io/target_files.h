/* A table as several files in one folder: by the values of columns (folders key=value), by size, by row groups. A target over the targets of a format.
 *
 * Everything is written into a folder beside the wanted one, which is put in place at the end: after a failure nothing has changed. */
#ifndef IO_TARGET_FILES_H
#define IO_TARGET_FILES_H

#include "format.h"

/* When there are files already. */
typedef enum files_existing { FILES_REFUSE, FILES_OVERWRITE, FILES_OVERWRITE_OR_IGNORE, FILES_APPEND } files_existing;

typedef struct files_options {
    string_view folder;
    const uint32_t *partition_columns; /* in the order of the folders */
    size_t partition_count;
    bool write_partition_columns; /* into the files as well */
    bool hive_names; /* false: all in one folder */
    string_view file_pattern; /* "data_{i}": {i} the number of the file, {uuid} something new */
    string_view extension; /* "csv" */
    uint64_t file_bytes, groups_per_file; /* a file ends with so many bytes, about, or row groups; 0: not by that */
    files_existing existing;
} files_options;

/* Schema, options and those of the format (which come from its write_options_new() and must live as long as the target) as for the format's target. */
MUST_USE bp_status files_target_new(target **out, bp_context *context, const files_options *options, const file_format *format,
                                    const void *write_options, const schema *schema, bp_error *err);

#endif
