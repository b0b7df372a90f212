/* Files. Read by pread, never mapped: a mapped file that another process cuts would kill us. Every message names the path and the
 * system's reason. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdatomic.h>

#include "arena.h"
#include "context.h"
#include "error.h"

/* Tells whether a path still means the same unchanged file: for caches. */
typedef struct file_identity {
    uint64_t device, inode, size;
    int64_t modified_ns;
} file_identity;
bool file_identity_equal(const file_identity *left, const file_identity *right);
/* Whether the last change is so long ago that another one would show: a file that is written again within a tick of the clock looks unchanged. */
bool file_identity_rests(const file_identity *identity);

/* An open file. Zeroed: closed. Reading at an offset may be done by several threads at once. */
typedef struct file {
    bp_context *context;
    char *path; /* owned, with NUL: for messages */
    size_t path_size;
    int descriptor; /* meaningful when is_open */
    bool is_open;
    bool sequential; /* a pipe, terminal or socket: has no size; only file_read() */
    bool temporary;
    uint64_t size; /* of a regular file when it was opened (see file_size()) */
    file_identity identity;
    _Atomic uint64_t end; /* temporary: bytes appended so far */
    uint64_t position; /* of file_read() */
} file;

/* Open for reading: a regular file, or something sequential ("/dev/stdin", a FIFO, a process substitution). A folder is
 * BP_BAD_ARGUMENT, no such file BP_NOT_FOUND, else BP_IO_ERROR. Opening a FIFO waits for its writer. */
MUST_USE bp_status file_open(file *out, bp_context *context, string_view path, bp_error *err);
/* A nameless file in config.temp_directory to write and read back; gone when it is closed or the process dies. */
MUST_USE bp_status file_open_temporary(file *out, bp_context *context, bp_error *err);
void file_close(file *file); /* a zeroed one is fine; can be opened again */

/* Bytes now (temporary: appended). */
static inline uint64_t file_size(const file *file)
{
    return file->temporary ? atomic_load_explicit(&file->end, memory_order_relaxed) : file->size;
}
static inline string_view file_path(const file *file)
{
    return (string_view){file->path, file->path_size};
}

/* Up to `size` bytes from `offset`; *count is less only at the end that the file had when it was opened. A file that has become shorter
 * since is BP_IO_ERROR: "… was cut while it was read". Not for sequential files. */
MUST_USE bp_status file_read_at(file *file, uint64_t offset, void *buffer, size_t size, size_t *count, bp_error *err);
/* The next bytes, as many as come at once but at least one; *count 0: the end. Polls cancellation while a pipe is silent. One thread. */
MUST_USE bp_status file_read(file *file, void *buffer, size_t size, size_t *count, bp_error *err);
/* `size` bytes or fewer at the end, waiting for all of them. One thread. */
MUST_USE bp_status file_read_full(file *file, void *buffer, size_t size, size_t *count, bp_error *err);
/* A whole file into one block of memory_allocate(context->memory, *capacity), with a NUL behind the *size bytes; more than `limit` bytes: BP_LIMIT. */
MUST_USE bp_status file_read_all(char **data, size_t *size, size_t *capacity, bp_context *context, string_view path, size_t limit,
                                 bp_error *err);

/* The same for what belongs to the system and is named by us, not by a user (the tz database): whatever enable_external_access says. */
MUST_USE bp_status file_read_system(char **data, size_t *size, size_t *capacity, bp_context *context, string_view path,
                                    size_t limit, bp_error *err);

/* A pipe becomes a temporary file of all that comes out of it, which can be read anywhere; other files stay as they are. One thread. */
MUST_USE bp_status file_settle_pipe(file *file, bp_error *err);

/* Temporary files: write at the end; *offset is where. Several threads may append and read at once. */
MUST_USE bp_status file_append(file *file, const void *data, size_t size, uint64_t *offset, bp_error *err);

typedef enum file_advice { FILE_SEQUENTIAL, FILE_RANDOM, FILE_WILL_NEED, FILE_DONT_NEED } file_advice;
/* A hint about bytes [offset, offset + size), size 0: to the end. Never fails. */
void file_advise(file *file, file_advice advice, uint64_t offset, uint64_t size);

/* Questions about a path. file_exists(): anything is there and may be looked at. */
bool file_exists(string_view path);
bool file_is_directory(string_view path);
MUST_USE bp_status file_identify(file_identity *out, bp_context *context, string_view path, bp_error *err);
MUST_USE bp_status file_remove(bp_context *context, string_view path, bp_error *err);

#endif
