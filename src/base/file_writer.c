/* Writing files.
 *
 * What is not a regular file is written with SIGPIPE blocked, so that a reader that goes away is an error and not our death, and after
 * poll() in pieces of PIPE_BUF, which never block, so that a call that writes to a full pipe can be cancelled. */
#define _GNU_SOURCE
#include "file_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "file_internal.h"

#define BUFFER_SIZE ((size_t)256 << 10)
#define WRITE_PIECE ((size_t)1 << 30)
#define WAIT_MS 20
#define NAME_TRIES 100

static string_view writer_path(const file_writer *writer)
{
    return string_view_of(writer->path);
}

static bp_status fail(file_writer *writer, bp_status status)
{
    if (status && !writer->failed) writer->failed = status;
    return status;
}

static bp_status failed_before(const file_writer *writer, bp_error *err)
{
    return error_set(err, writer->failed, "cannot write \"%.600s\": an earlier write failed", writer->path);
}

/* opening ---------------------------------------------------------------------------------------------------------------------- */
/* Room for two names and the buffer. */
static bp_status make_room(file_writer *out, bp_context *context, const char *path, bp_error *err)
{
    size_t size = strlen(path) + 1;

    memset(out, 0, sizeof *out);
    out->context = context;
    out->path_capacity = size;
    out->path = memory_allocate(context->memory, size);
    out->buffer = memory_allocate(context->memory, BUFFER_SIZE);
    if (!out->path || !out->buffer) return error_no_memory(err, context->memory, size + BUFFER_SIZE);
    memcpy(out->path, path, size);
    return BP_OK;
}

/* Make `path`.tmp-<random>, a name that nobody has, with the mode that the old file has. */
static bp_status open_temporary_beside(file_writer *out, const struct stat *old, bp_error *err)
{
    size_t size = out->path_capacity + 24; /* ".tmp-" and 16 digits */
    memory *memory = out->context->memory;

    out->temporary_path = memory_allocate(memory, size);
    if (!out->temporary_path) return error_no_memory(err, memory, size);
    memcpy(out->temporary_path, out->path, out->path_capacity);
    out->descriptor = -1;
    errno = EEXIST;
    for (int i = 0; i < NAME_TRIES && out->descriptor < 0 && errno == EEXIST; i++) {
        if (!file_random_name(out->temporary_path + out->path_capacity - 1, 25, ".tmp-")) break;
        out->descriptor = file_call_open(out->context, out->temporary_path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    }
    if (out->descriptor < 0) {
        bp_status status = file_error(err, "make", writer_path(out), errno);
        memory_free(memory, out->temporary_path, size); /* nothing to remove */
        out->temporary_path = NULL;
        return status;
    }
    out->is_open = true;
    if (old) (void)!fchmod(out->descriptor, old->st_mode & 07777); /* not ours: then the new file has our mode */
    return BP_OK;
}

static bp_status open_in_place(file_writer *out, bp_error *err)
{
    out->descriptor = file_call_open(out->context, out->path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (out->descriptor < 0) return file_error(err, "write", writer_path(out), errno);
    out->is_open = true;
    return BP_OK;
}

/* A link's target is what gets replaced, not the link. A link that leads nowhere stays as it is and is written through. */
static void follow_link(path_text *path)
{
    struct stat info;
    char target[PATH_MAX];

    if (lstat(path->text, &info) || !S_ISLNK(info.st_mode) || !realpath(path->text, target)) return;
    if (strlen(target) < sizeof path->text) memcpy(path->text, target, strlen(target) + 1);
}

bp_status file_writer_open(file_writer *out, bp_context *context, string_view path, file_writer_mode mode, bp_error *err)
{
    path_text text;
    struct stat info;
    bool exists;
    bp_status status = file_check_access(context, path, err);

    memset(out, 0, sizeof *out);
    if (status || (status = file_path_text(&text, path, err))) return status;
    if (mode == FILE_WRITE_ATOMIC) follow_link(&text);
    status = make_room(out, context, text.text, err);
    if (status) goto done;
    exists = stat(out->path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        status = error_set(err, BP_BAD_ARGUMENT, "cannot write \"%.600s\": it is a folder", out->path);
    else if (mode == FILE_WRITE_ATOMIC && (exists ? S_ISREG(info.st_mode) : lstat(out->path, &info) != 0))
        status = open_temporary_beside(out, exists ? &info : NULL, err);
    else
        status = open_in_place(out, err);
done:
    if (status) file_writer_clear(out);
    return status;
}

bp_status file_writer_over(file_writer *out, bp_context *context, int descriptor, const char *name, bp_error *err)
{
    bp_status status = make_room(out, context, name, err);

    out->descriptor = descriptor;
    out->borrowed = true;
    out->is_open = true;
    if (status) file_writer_clear(out);
    return status;
}

/* writing ---------------------------------------------------------------------------------------------------------------------- */
static ssize_t call_write(bp_context *context, int descriptor, const void *data, size_t size)
{
    fault_effect effect = fault_strikes(context, FAULT_WRITE);

    if (effect == FAULT_SHORT && size > 1) size = 1;
    if (effect == FAULT_FAIL || effect == FAULT_INTERRUPT || effect == FAULT_NO_SPACE) return -1;
    return write(descriptor, data, size > WRITE_PIECE ? WRITE_PIECE : size);
}

/* write() whose SIGPIPE, if it makes one, is taken back. */
static ssize_t write_without_signal(bp_context *context, int descriptor, const void *data, size_t size)
{
    sigset_t pipe_signal, old, pending;
    bool was_pending;
    ssize_t moved;
    int error_number;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
    was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    moved = call_write(context, descriptor, data, size);
    error_number = errno;
    if (moved < 0 && error_number == EPIPE && !was_pending)
        while (sigtimedwait(&pipe_signal, NULL, &(struct timespec){0, 0}) < 0 && errno == EINTR) {
        }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = error_number;
    return moved;
}

static bp_status wait_writable(file_writer *writer, bp_error *err)
{
    struct pollfd wanted = {.fd = writer->descriptor, .events = POLLOUT};
    bp_status status = BP_OK;
    int ready;

    while (!status) {
        ready = poll(&wanted, 1, WAIT_MS);
        if (ready > 0) return BP_OK;
        if (ready < 0 && errno != EINTR) return file_error(err, "wait for", writer_path(writer), errno);
        status = cancel_look(&writer->context->cancel, err);
    }
    return status;
}

static bp_status write_out(file_writer *writer, const char *data, size_t size, bp_error *err)
{
    struct stat info;
    bool regular = fstat(writer->descriptor, &info) == 0 && S_ISREG(info.st_mode);
    bp_status status;
    ssize_t moved;

    while (size > 0) {
        if (!regular && (status = wait_writable(writer, err))) return fail(writer, status);
        moved = regular ? call_write(writer->context, writer->descriptor, data, size)
                        : write_without_signal(writer->context, writer->descriptor, data, size < PIPE_BUF ? size : PIPE_BUF);
        if (moved < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (moved < 0) return fail(writer, file_error(err, "write", writer_path(writer), errno));
        data += moved;
        size -= (size_t)moved;
    }
    return BP_OK;
}

bp_status file_writer_flush(file_writer *writer, bp_error *err)
{
    size_t size = writer->buffered;

    if (writer->failed) return failed_before(writer, err);
    writer->buffered = 0;
    return write_out(writer, writer->buffer, size, err);
}

bp_status file_writer_write(file_writer *writer, const void *data, size_t size, bp_error *err)
{
    bp_status status;

    if (writer->failed) return failed_before(writer, err);
    writer->written += size;
    if (size <= BUFFER_SIZE - writer->buffered) {
        if (size) memcpy(writer->buffer + writer->buffered, data, size);
        writer->buffered += size;
        return BP_OK;
    }
    if ((status = file_writer_flush(writer, err))) return status;
    if (size >= BUFFER_SIZE) return write_out(writer, data, size, err);
    memcpy(writer->buffer, data, size);
    writer->buffered = size;
    return BP_OK;
}

/* finishing -------------------------------------------------------------------------------------------------------------------- */
static int call_sync(bp_context *context, int descriptor)
{
    int failed;

    do {
        failed = fault_strikes(context, FAULT_SYNC) ? -1 : fsync(descriptor);
    } while (failed && errno == EINTR);
    return failed;
}

static bp_status close_descriptor(file_writer *writer, bp_error *err)
{
    int failed = writer->borrowed ? 0 : close(writer->descriptor);

    writer->is_open = false;
    return failed && errno != EINTR ? file_error(err, "write", writer_path(writer), errno) : BP_OK;
}

/* The rename is in the folder: that has to reach the disk as well. Folders that cannot be synced (some network file systems) are left. */
static bp_status sync_folder(file_writer *writer, bp_error *err)
{
    char *slash = strrchr(writer->temporary_path, '/');
    int descriptor;
    bp_status status = BP_OK;

    if (slash) slash[slash == writer->temporary_path] = '\0'; /* "/" stays */
    descriptor = open(slash ? writer->temporary_path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return BP_OK;
    if (call_sync(writer->context, descriptor) && errno != EINVAL && errno != EBADF && errno != EROFS)
        status = file_error(err, "sync the folder of", writer_path(writer), errno);
    close(descriptor);
    return status;
}

static void free_temporary_path(file_writer *writer)
{
    memory_free(writer->context->memory, writer->temporary_path, writer->path_capacity + 24);
    writer->temporary_path = NULL;
}

static bp_status put_in_place(file_writer *writer, bp_error *err)
{
    bp_status status;

    if (fault_strikes(writer->context, FAULT_RENAME) || rename(writer->temporary_path, writer->path))
        return file_error(err, "write", writer_path(writer), errno);
    status = sync_folder(writer, err);
    free_temporary_path(writer);
    return status;
}

bp_status file_writer_finish(file_writer *writer, bp_error *err)
{
    bp_status status = file_writer_flush(writer, err);

    if (status) return status;
    if (writer->temporary_path && call_sync(writer->context, writer->descriptor))
        return fail(writer, file_error(err, "write", writer_path(writer), errno));
    if ((status = close_descriptor(writer, err))) return fail(writer, status);
    return writer->temporary_path ? fail(writer, put_in_place(writer, err)) : BP_OK;
}

void file_writer_clear(file_writer *writer)
{
    memory *memory;

    if (!writer->context) return;
    memory = writer->context->memory;
    if (writer->is_open && !writer->borrowed) close(writer->descriptor);
    if (writer->temporary_path) {
        unlink(writer->temporary_path);
        free_temporary_path(writer);
    }
    memory_free(memory, writer->path, writer->path_capacity);
    memory_free(memory, writer->buffer, BUFFER_SIZE);
    memset(writer, 0, sizeof *writer);
}
