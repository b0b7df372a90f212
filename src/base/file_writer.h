/* Buffered writing of a file, from its beginning.
 *
 *   PLAIN   the file is made (or cut to nothing) at once and written in place: for /dev/stdout, pipes, devices
 *   ATOMIC  written to `name.tmp-<random>` in the same folder; file_writer_finish() syncs it, renames it to `name` and syncs the folder: whoever
 *           looks sees the old file or the whole new one, also after a crash. A name that exists and is no regular file is written PLAIN.
 *
 * After any failure, or without file_writer_finish(), file_writer_clear() removes what ATOMIC made. */
#ifndef BASE_FILE_WRITER_H
#define BASE_FILE_WRITER_H

#include "context.h"
#include "error.h"

typedef enum file_writer_mode { FILE_WRITE_PLAIN, FILE_WRITE_ATOMIC } file_writer_mode;

typedef struct file_writer {
    bp_context *context;
    char *path; /* owned: the name in the end */
    char *temporary_path; /* owned: the name until then; NULL: PLAIN */
    size_t path_capacity;
    int descriptor; /* meaningful when is_open */
    bool is_open;
    bool borrowed; /* the descriptor is not ours to close */
    bp_status failed; /* BP_OK, or the first failure: all later calls return it */
    char *buffer;
    size_t buffered;
    uint64_t written; /* bytes given so far */
} file_writer;

MUST_USE bp_status file_writer_open(file_writer *out, bp_context *context, string_view path, file_writer_mode mode, bp_error *err);
/* Over an open descriptor that stays the caller's (1: standard output); `name` is for messages. */
MUST_USE bp_status file_writer_over(file_writer *out, bp_context *context, int descriptor, const char *name, bp_error *err);
MUST_USE bp_status file_writer_write(file_writer *writer, const void *data, size_t size, bp_error *err);
/* Hand what is buffered to the system. */
MUST_USE bp_status file_writer_flush(file_writer *writer, bp_error *err);
/* Flush, sync, put in place, close: only BP_OK means that the file is written. */
MUST_USE bp_status file_writer_finish(file_writer *writer, bp_error *err);
void file_writer_clear(file_writer *writer); /* a zeroed one is fine */

#endif
