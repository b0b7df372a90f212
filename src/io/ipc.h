/* Arrow IPC files (also called Feather) and streams, read as a source and written as a target. */
#ifndef IO_IPC_H
#define IO_IPC_H

#include "source.h"
#include "target.h"

/* Reading ------------------------------------------------------------------------------------------------------------------------------ */
typedef struct ipc_read_options {
    string_view filename_column; /* name of an extra column with the path; empty: none */
    bool union_by_name; /* columns that a file lacks are NULL there; else every file has all columns of the first */
} ipc_read_options;

void ipc_read_options_init(ipc_read_options *out);
/* By its SQL name, from row 0 of `value`. BP_BIND_ERROR: unknown, or it does not fit. */
MUST_USE bp_status ipc_read_options_set(ipc_read_options *options, arena *arena, string_view name, const column *value,
                                        bp_error *err);

/* A source over `count` files or streams (a glob's result, in its order), told apart by their first bytes. Their metadata are read now, the rows by scans. What comes
 * out of a pipe is kept in a temporary file. A file that has changed meanwhile is an error. */
MUST_USE bp_status ipc_source_new(source **out, bp_context *context, const string_view *paths, size_t count,
                                  const ipc_read_options *options, bp_error *err);

/* Writing ------------------------------------------------------------------------------------------------------------------------------ */
typedef enum ipc_container { IPC_BY_PATH, IPC_FILE, IPC_STREAM } ipc_container;
typedef enum ipc_compression { IPC_UNCOMPRESSED, IPC_LZ4, IPC_ZSTD } ipc_compression;

typedef struct ipc_write_options {
    ipc_container container; /* BY_PATH: a file for .arrow, .feather and .ipc, else a stream, which any pipe takes */
    ipc_compression compression; /* of each buffer */
    int compression_level; /* of zstd; 0: the usual */
    size_t batch_rows;
} ipc_write_options;

void ipc_write_options_init(ipc_write_options *out);
/* By its SQL name, from row 0 of `value`. BP_BIND_ERROR: unknown, or it does not fit. */
MUST_USE bp_status ipc_write_options_set(ipc_write_options *options, string_view name, const column *value, bp_error *err);

/* Schema and options are copied. Batches have `batch_rows` rows, however the rows come. */
MUST_USE bp_status ipc_writer_new(target **out, bp_context *context, byte_sink sink, string_view path, const schema *schema,
                                  const ipc_write_options *options, bp_error *err);

#endif
