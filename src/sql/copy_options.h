/* The options in brackets behind COPY: those of COPY itself, and those that go to the format. */
#ifndef SQL_COPY_OPTIONS_H
#define SQL_COPY_OPTIONS_H

#include "io/target_files.h"
#include "statement.h"

typedef struct copy_options {
    const column *partition_by; /* a text, or a list of texts; NULL: not given */
    bool write_partition_columns, hive_names, per_thread_output, overwrite, overwrite_or_ignore, append, preserve_order;
    bool return_files, return_stats;
    int use_tmp_file; /* -1: not said */
    string_view file_pattern, extension;
    uint64_t file_bytes, groups_per_file;
} copy_options;

void copy_options_init(copy_options *out);
/* By name; *known false: it is not one of COPY's. */
MUST_USE bp_status copy_options_set(copy_options *options, string_view name, const column *value, bool *known, bp_error *err);
/* An option's value; (a, b) is a list of names, * the text "*". */
MUST_USE bp_status copy_option_value(const column **out, binder *binder, syntax_id node, bp_error *err);
/* Whether a folder of files is wanted, and how: checked against each other and the columns. */
bool copy_options_many_files(const copy_options *options);
MUST_USE bp_status copy_options_files(files_options *out, const copy_options *options, string_view path, const file_format *format,
                                      const schema *columns, arena *arena, bp_error *err);

#endif
