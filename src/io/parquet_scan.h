/* The source and its scans. */
#ifndef IO_PARQUET_SCAN_H
#define IO_PARQUET_SCAN_H

#include "parquet_internal.h"

#define PARQUET_NO_COLUMN UINT32_MAX

typedef struct parquet_file {
    string_view path; /* with a NUL behind */
    file_identity identity;
    parquet_footer *footer;
    uint32_t *columns; /* of the schema's stored columns: index of the file's column; PARQUET_NO_COLUMN: it has none */
    column *hive; /* of the hive columns: constants */
} parquet_file;

/* Columns of the schema: stored ones, then the number of the row, the file name, the keys of folders. */
typedef struct parquet_source {
    source base;
    arena arena;
    parquet_options options;
    parquet_file *files;
    size_t file_count;
    size_t stored_count, hive_count;
    size_t row_number_column, name_column; /* SIZE_MAX: none */
    size_t hive_first;
    size_t *hive_of; /* of a column of the schema: which hive key gives it; SIZE_MAX: none */
    uint32_t *leaf_counts; /* of the stored columns */
} parquet_source;

MUST_USE bp_status parquet_scan_open(scan **out, source *source, const scan_request *request, bp_error *err);
/* See source_class.column_facts. */
MUST_USE bp_status parquet_column_facts(source_column_facts *out, const source *source, size_t column, arena *arena, bp_error *err);
/* Open a file of the source again; one that has changed is an error. */
MUST_USE bp_status parquet_file_open(file *out, const parquet_source *source, size_t number, bp_error *err);
/* The keys and values in a path's folders, as constants, typed alike for all files. */
MUST_USE bp_status parquet_hive_columns(parquet_source *source, schema *keys, bp_error *err);

#endif
