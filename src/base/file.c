/* Reading files, and nameless temporary files.
 *
 * A regular file has the size that it had when it was opened: what is appended later is not seen, so a scan reads one state; less than
 * that is an error. Files of /proc say size 0 and have text: they are read as a pipe is. Pipes are opened without blocking and
 * waited for with poll() 20 ms at a time, so that a call on a silent pipe can be cancelled. */
#define _GNU_SOURCE
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cancel.h"
#include "clock.h"
#include "file_internal.h"
#include "random.h"

#define READ_PIECE ((size_t)1 << 30) /* one system call moves no more */
#define WAIT_MS 20
#define QUIET_NS INT64_C(100000000) /* since the file was changed */

/* messages and paths ----------------------------------------------------------------------------------------------------------- */
bp_status file_error(bp_error *err, const char *verb, string_view path, int error_number)
{
    char reason[ERROR_SYSTEM_SIZE];
    bp_status status = error_number == ENOENT || error_number == ENOTDIR ? BP_NOT_FOUND
                       : error_number == ENOMEM                          ? BP_NO_MEMORY
                                                                         : BP_IO_ERROR;

    return error_set(err, status, "cannot %s \"%.*s\": %s", verb, path.size > 600 ? 600 : (int)path.size, path.data,
                     error_of_system(reason, error_number));
}

bp_status file_check_path(string_view path, bp_error *err)
{
    if (path.size == 0) return error_set(err, BP_BAD_ARGUMENT, "a file name is empty");
    if (path.size > LIMIT_PATH_SIZE - 1)
        return error_set(err, BP_LIMIT, "a file name has %zu bytes; at most %d are possible", path.size, LIMIT_PATH_SIZE - 1);
    if (memchr(path.data, '\0', path.size)) return error_set(err, BP_BAD_ARGUMENT, "a file name contains a NUL byte");
    return BP_OK;
}

bp_status file_check_access(const bp_context *context, string_view path, bp_error *err)
{
    if (!context->config.enable_external_access)
        return error_set(err, BP_IO_ERROR, "\"%.*s\": files are out of reach (the setting enable_external_access is false)",
                         path.size > 600 ? 600 : (int)path.size, path.data);
    return file_check_path(path, err);
}

bp_status file_path_text(path_text *out, string_view path, bp_error *err)
{
    bp_status status = file_check_path(path, err);

    out->text[0] = '\0';
    if (status) return status;
    memcpy(out->text, path.data, path.size);
    out->text[path.size] = '\0';
    return BP_OK;
}

bool file_random_name(char *out, size_t size, const char *before)
{
    return snprintf(out, size, "%s%016llx", before, (unsigned long long)random_system_seed()) < (int)size;
}

/* system calls with their faults; each tries again after a signal ---------------------------------------------------------------- */
int file_call_open(bp_context *context, const char *path, int flags, unsigned mode)
{
    int descriptor;

    do {
        descriptor = fault_strikes(context, FAULT_OPEN) ? -1 : open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    } while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

static ssize_t call_read(bp_context *context, int descriptor, void *buffer, size_t size, int64_t offset)
{
    fault_effect effect = fault_strikes(context, FAULT_READ);

    if (effect == FAULT_END) return 0;
    if (effect == FAULT_SHORT && size > 1) size = 1;
    if (effect == FAULT_FAIL || effect == FAULT_INTERRUPT || effect == FAULT_NO_SPACE) return -1;
    if (size > READ_PIECE) size = READ_PIECE;
    return offset < 0 ? read(descriptor, buffer, size) : pread(descriptor, buffer, size, offset);
}

static ssize_t call_write_at(bp_context *context, int descriptor, const void *data, size_t size, int64_t offset)
{
    fault_effect effect = fault_strikes(context, FAULT_WRITE);

    if (effect == FAULT_SHORT && size > 1) size = 1;
    if (effect == FAULT_FAIL || effect == FAULT_INTERRUPT || effect == FAULT_NO_SPACE) return -1;
    return pwrite(descriptor, data, size > READ_PIECE ? READ_PIECE : size, offset);
}

/* opening ---------------------------------------------------------------------------------------------------------------------- */
static file_identity identity_of(const struct stat *info)
{
    return (file_identity){.device = (uint64_t)info->st_dev,
                           .inode = (uint64_t)info->st_ino,
                           .size = (uint64_t)info->st_size,
                           .modified_ns = (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec};
}

bool file_identity_equal(const file_identity *left, const file_identity *right)
{
    return left->device == right->device && left->inode == right->inode && left->size == right->size &&
           left->modified_ns == right->modified_ns;
}

bool file_identity_rests(const file_identity *identity)
{
    return clock_wall_ns() - identity->modified_ns > QUIET_NS;
}

/* Standard input that is a socket cannot be opened by its name. */
static int open_for_reading(bp_context *context, const char *path)
{
    int descriptor = file_call_open(context, path, O_RDONLY | O_NONBLOCK, 0);

    if (descriptor < 0 && errno == ENXIO && (strcmp(path, "/dev/stdin") == 0 || strcmp(path, "/dev/fd/0") == 0))
        return fcntl(0, F_DUPFD_CLOEXEC, 3);
    return descriptor;
}

static bp_status take_path(file *out, string_view path, bp_error *err)
{
    out->path = memory_allocate(out->context->memory, path.size + 1);
    if (!out->path) return error_no_memory(err, out->context->memory, path.size + 1);
    memcpy(out->path, path.data, path.size);
    out->path[path.size] = '\0';
    out->path_size = path.size;
    return BP_OK;
}

static bp_status look_at_kind(file *out, bp_error *err)
{
    struct stat info;
    char byte;

    if (fstat(out->descriptor, &info)) return file_error(err, "look at", file_path(out), errno);
    if (S_ISDIR(info.st_mode))
        return error_set(err, BP_BAD_ARGUMENT, "\"%.600s\" is a folder, not a file; for the files in it write \"%.300s/*\"",
                         out->path, out->path);
    out->identity = identity_of(&info);
    out->sequential = !S_ISREG(info.st_mode);
    if (!out->sequential) out->size = (uint64_t)info.st_size;
    if (!out->sequential && out->size == 0) out->sequential = pread(out->descriptor, &byte, 1, 0) == 1; /* /proc */
    return BP_OK;
}

/* Without asking whether the context may. */
static bp_status open_any(file *out, bp_context *context, string_view path, bp_error *err)
{
    bp_status status;

    memset(out, 0, sizeof *out);
    out->context = context;
    if ((status = file_check_path(path, err)) || (status = take_path(out, path, err))) goto done;
    out->descriptor = open_for_reading(context, out->path);
    if (out->descriptor < 0) {
        status = file_error(err, "open", path, errno);
        goto done;
    }
    out->is_open = true;
    if ((status = look_at_kind(out, err))) goto done;
    if (!out->sequential) file_advise(out, FILE_SEQUENTIAL, 0, 0);
done:
    if (status) file_close(out);
    return status;
}

bp_status file_open(file *out, bp_context *context, string_view path, bp_error *err)
{
    bp_status status = file_check_access(context, path, err);

    memset(out, 0, sizeof *out);
    return status ? status : open_any(out, context, path, err);
}

/* A file without a name, or where the file system cannot do that, one whose name is taken away at once. */
static int open_nameless(bp_context *context, const char *folder)
{
    char path[sizeof context->config.temp_directory + 64];
    size_t size;
    int descriptor = file_call_open(context, folder, O_TMPFILE | O_RDWR, 0600);

    if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return descriptor;
    size = strlen(folder);
    memcpy(path, folder, size);
    if (!file_random_name(path + size, sizeof path - size, "/bedplate-")) return -1;
    descriptor = file_call_open(context, path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (descriptor >= 0) unlink(path);
    return descriptor;
}

bp_status file_open_temporary(file *out, bp_context *context, bp_error *err)
{
    const char *folder = context->config.temp_directory;
    bp_status status;

    memset(out, 0, sizeof *out);
    out->context = context;
    out->temporary = true;
    if ((status = take_path(out, string_view_of(folder), err))) goto done;
    out->descriptor = open_nameless(context, folder);
    if (out->descriptor < 0 && errno == ENOENT && mkdir(folder, 0700) == 0) out->descriptor = open_nameless(context, folder);
    if (out->descriptor < 0)
        status = file_error(err, "make a temporary file in (see the setting temp_directory)", string_view_of(folder), errno);
    out->is_open = out->descriptor >= 0;
done:
    if (status) file_close(out);
    return status;
}

void file_close(file *file)
{
    if (file->temporary) atomic_fetch_sub_explicit(&file->context->temporary_bytes, file_size(file), memory_order_relaxed);
    if (file->is_open) close(file->descriptor);
    if (file->path) memory_free(file->context->memory, file->path, file->path_size + 1);
    memset(file, 0, sizeof *file);
}

/* reading ---------------------------------------------------------------------------------------------------------------------- */
static bp_status cut_error(const file *file, uint64_t offset, bp_error *err)
{
    return error_set(err, BP_IO_ERROR, "\"%.600s\" was cut while it was read: it ends before byte %llu of the %llu it had",
                     file->path, (unsigned long long)offset, (unsigned long long)file_size(file));
}

bp_status file_read_at(file *file, uint64_t offset, void *buffer, size_t size, size_t *count, bp_error *err)
{
    uint64_t end = file_size(file);
    size_t done = 0;

    *count = 0;
    if (file->sequential)
        return error_set(err, BP_NOT_SUPPORTED, "\"%.600s\" is a pipe or device: it can be read from its beginning only",
                         file->path);
    if (offset >= end) return BP_OK;
    if (size > end - offset) size = (size_t)(end - offset);
    while (done < size) {
        ssize_t moved = call_read(file->context, file->descriptor, (char *)buffer + done, size - done, (int64_t)(offset + done));
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0) return file_error(err, "read", file_path(file), errno);
        if (moved == 0) return cut_error(file, offset + done, err);
        done += (size_t)moved;
    }
    *count = size;
    return BP_OK;
}

/* Wait until there is something to read, or the end. */
static bp_status wait_readable(file *file, bp_error *err)
{
    struct pollfd wanted = {.fd = file->descriptor, .events = POLLIN};
    bp_status status = BP_OK;
    int ready;

    while (!status) {
        ready = poll(&wanted, 1, WAIT_MS);
        if (ready > 0) return BP_OK;
        if (ready < 0 && errno != EINTR) return file_error(err, "wait for", file_path(file), errno);
        status = cancel_look(&file->context->cancel, err);
    }
    return status;
}

static bp_status read_sequential(file *file, void *buffer, size_t size, size_t *count, bp_error *err)
{
    bp_status status;
    ssize_t moved;

    for (;;) {
        if ((status = wait_readable(file, err))) return status;
        moved = call_read(file->context, file->descriptor, buffer, size, -1);
        if (moved >= 0) break;
        if (errno != EINTR && errno != EAGAIN) return file_error(err, "read", file_path(file), errno);
    }
    *count = (size_t)moved;
    return BP_OK;
}

bp_status file_read(file *file, void *buffer, size_t size, size_t *count, bp_error *err)
{
    bp_status status;

    *count = 0;
    if (size == 0) return BP_OK;
    status = file->sequential ? read_sequential(file, buffer, size, count, err)
                              : file_read_at(file, file->position, buffer, size, count, err);
    file->position += *count;
    return status;
}

bp_status file_read_full(file *file, void *buffer, size_t size, size_t *count, bp_error *err)
{
    size_t moved;
    bp_status status;

    for (*count = 0; *count < size; *count += moved) {
        status = file_read(file, (char *)buffer + *count, size - *count, &moved, err);
        if (status) return status;
        if (moved == 0) break;
    }
    return BP_OK;
}

/* Fill the builder to the end of the file. */
static bp_status read_rest(builder *out, file *file, bp_error *err)
{
    size_t moved = 1, room = file->sequential ? 65536 : (size_t)file->size;
    bp_status status;

    while (moved > 0) {
        if (!builder_reserve(out, room + 1)) return builder_status(out, err);
        status = file_read(file, out->data + out->size, out->capacity - out->size - 1, &moved, err);
        if (status) return status;
        out->size += moved;
        room = file->sequential ? 65536 : 0;
    }
    out->data[out->size] = '\0';
    return BP_OK;
}

static bp_status read_whole(char **data, size_t *size, size_t *capacity, bp_context *context, string_view path, size_t limit,
                            bp_error *err)
{
    file file;
    builder text;
    bp_status status;

    *data = NULL, *size = 0, *capacity = 0;
    builder_init(&text, context->memory, limit < SIZE_MAX / 4 ? limit + 2 : SIZE_MAX / 4);
    if ((status = open_any(&file, context, path, err))) goto done;
    if (!file.sequential && file.size > limit) status = BP_LIMIT;
    if (!status) status = read_rest(&text, &file, err);
    if (!status && text.size > limit) status = BP_LIMIT;
    if (status == BP_LIMIT)
        error_set(err, BP_LIMIT, "\"%.*s\" is too large: more than %zu bytes", path.size > 600 ? 600 : (int)path.size, path.data,
                  limit);
    if (status) goto done;
    *data = text.data, *size = text.size, *capacity = text.capacity;
    builder_init(&text, context->memory, 0); /* moved to the caller */
done:
    builder_clear(&text);
    file_close(&file);
    return status;
}

bp_status file_read_all(char **data, size_t *size, size_t *capacity, bp_context *context, string_view path, size_t limit,
                        bp_error *err)
{
    bp_status status = file_check_access(context, path, err);

    *data = NULL, *size = 0, *capacity = 0;
    return status ? status : read_whole(data, size, capacity, context, path, limit, err);
}

bp_status file_read_system(char **data, size_t *size, size_t *capacity, bp_context *context, string_view path, size_t limit,
                           bp_error *err)
{
    return read_whole(data, size, capacity, context, path, limit, err);
}

/* temporary files -------------------------------------------------------------------------------------------------------------- */
/* Count the bytes in before they are written, as memory is. */
static bp_status charge_space(file *file, size_t size, bp_error *err)
{
    bp_context *context = file->context;
    uint64_t limit = context->config.max_temp_directory_size;
    uint64_t before = atomic_fetch_add_explicit(&context->temporary_bytes, size, memory_order_relaxed);

    if (before <= limit && size <= limit - before) return BP_OK;
    atomic_fetch_sub_explicit(&context->temporary_bytes, size, memory_order_relaxed);
    return error_set(
        err, BP_OVER_BUDGET,
        "%zu bytes more for temporary files in \"%.600s\" would pass max_temp_directory_size (%llu bytes, %llu in use); "
        "set it higher, or memory_limit, so that less is spilled",
        size, file->path, (unsigned long long)limit, (unsigned long long)before);
}

bp_status file_append(file *file, const void *data, size_t size, uint64_t *offset, bp_error *err)
{
    size_t done = 0;
    bp_status status;

    if (!file->temporary) return ERROR_INTERNAL(err, "file_append on a file that is not temporary");
    if ((status = charge_space(file, size, err))) return status;
    *offset = atomic_fetch_add_explicit(&file->end, size, memory_order_relaxed);
    while (done < size) {
        ssize_t moved =
            call_write_at(file->context, file->descriptor, (const char *)data + done, size - done, (int64_t)(*offset + done));
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0) return file_error(err, "write a temporary file in", file_path(file), errno);
        done += (size_t)moved;
    }
    return BP_OK;
}

#define PIPE_PIECE ((size_t)1 << 16)

bp_status file_settle_pipe(file *file, bp_error *err)
{
    memory *memory = file->context->memory;
    struct file copy = {0}, pipe;
    bp_status status;
    uint64_t offset;
    size_t count = 0;
    char *piece;

    if (!file->sequential) return BP_OK;
    if (!(piece = memory_allocate(memory, PIPE_PIECE))) return error_no_memory(err, memory, PIPE_PIECE);
    if ((status = file_open_temporary(&copy, file->context, err))) goto done;
    do {
        if ((status = file_read_full(file, piece, PIPE_PIECE, &count, err))) goto done;
        if (count && (status = file_append(&copy, piece, count, &offset, err))) goto done;
        if ((status = cancel_check(&file->context->cancel, err))) goto done;
    } while (count);
    pipe = *file;
    *file = copy;
    copy = pipe;
done:
    file_close(&copy);
    memory_free(memory, piece, PIPE_PIECE);
    return status;
}

void file_advise(file *file, file_advice advice, uint64_t offset, uint64_t size)
{
    static const int advices[] = {[FILE_SEQUENTIAL] = POSIX_FADV_SEQUENTIAL,
                                  [FILE_RANDOM] = POSIX_FADV_RANDOM,
                                  [FILE_WILL_NEED] = POSIX_FADV_WILLNEED,
                                  [FILE_DONT_NEED] = POSIX_FADV_DONTNEED};

    if (file->is_open && !file->sequential) posix_fadvise(file->descriptor, (off_t)offset, (off_t)size, advices[advice]);
}

/* questions -------------------------------------------------------------------------------------------------------------------- */
static bool stat_path(string_view path, struct stat *info)
{
    path_text text;

    return file_path_text(&text, path, NULL) == BP_OK && stat(text.text, info) == 0;
}

bool file_exists(string_view path)
{
    struct stat info;

    return stat_path(path, &info);
}

bool file_is_directory(string_view path)
{
    struct stat info;

    return stat_path(path, &info) && S_ISDIR(info.st_mode);
}

bp_status file_identify(file_identity *out, bp_context *context, string_view path, bp_error *err)
{
    struct stat info;
    path_text text;
    bp_status status = file_check_access(context, path, err);

    memset(out, 0, sizeof *out);
    if (status || (status = file_path_text(&text, path, err))) return status;
    if (stat(text.text, &info)) return file_error(err, "look at", path, errno);
    *out = identity_of(&info);
    return BP_OK;
}

bp_status file_remove(bp_context *context, string_view path, bp_error *err)
{
    path_text text;
    bp_status status = file_check_access(context, path, err);

    if (status || (status = file_path_text(&text, path, err))) return status;
    return unlink(text.text) ? file_error(err, "remove", path, errno) : BP_OK;
}
