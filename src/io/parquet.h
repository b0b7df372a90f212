/* Parquet files as a source, and what their footers say as tables. */
#ifndef IO_PARQUET_H
#define IO_PARQUET_H

#include "source.h"

typedef struct parquet_options {
    string_view filename_column; /* name of an extra column with the path; empty: none */
    int hive_partitioning;       /* -1: when every path has the same key=value folders */
    bool union_by_name;          /* columns that a file lacks are NULL there; else every file has all columns of the first */
    bool binary_as_string;       /* bytes without a logical type are text */
    bool file_row_number;        /* an extra column: the number of the row in its file, from 0 */
} parquet_options;

void parquet_options_init(parquet_options *out);
/* By its SQL name, from row 0 of `value`. BP_BIND_ERROR: unknown (the nearest is named), or a value that does not fit. */
MUST_USE bp_status parquet_options_set(parquet_options *options, arena *arena, string_view name, const column *value,
                                       bp_error *err);

/* A source over `count` files (a glob's result, in its order), whose footers are read now; the rest is read by scans. A file that has changed
 * meanwhile is an error. */
MUST_USE bp_status parquet_source_new(source **out, bp_context *context, const string_view *paths, size_t count,
                                      const parquet_options *options, bp_error *err);

/* Tables about files: "parquet_schema" (a row an element of the schema), "parquet_metadata" (a row a column chunk), "parquet_file_metadata",
 * "parquet_kv_metadata". Columns are DuckDB's. */
typedef enum parquet_fact { PARQUET_SCHEMA, PARQUET_METADATA, PARQUET_FILE_METADATA, PARQUET_KV_METADATA } parquet_fact;
MUST_USE bp_status parquet_facts_new(source **out, bp_context *context, const string_view *paths, size_t count, parquet_fact fact,
                                     bp_error *err);

#endif
