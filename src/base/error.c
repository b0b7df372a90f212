/* Errors: fixed inline text, so that reporting one never needs memory. */
#define _GNU_SOURCE
#include "error.h"

#include "utf8_check.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const status_names[] = {
    [BP_OK] = "ok",
    [BP_NO_MEMORY] = "out of memory",
    [BP_OVER_BUDGET] = "over memory limit",
    [BP_IO_ERROR] = "input/output error",
    [BP_BAD_FORMAT] = "bad format",
    [BP_BAD_ARGUMENT] = "bad argument",
    [BP_SYNTAX_ERROR] = "syntax error",
    [BP_BIND_ERROR] = "bind error",
    [BP_CONVERSION] = "conversion error",
    [BP_OUT_OF_RANGE] = "out of range",
    [BP_NOT_FOUND] = "not found",
    [BP_EXISTS] = "already exists",
    [BP_NOT_SUPPORTED] = "not supported",
    [BP_LIMIT] = "limit exceeded",
    [BP_CANCELLED] = "cancelled",
    [BP_TIMEOUT] = "timeout",
    [BP_BUSY] = "busy",
    [BP_CONSTRAINT] = "constraint",
    [BP_INTERNAL] = "internal error",
};

const char *bp_status_name(bp_status status)
{
    return (size_t)status < ARRAY_LENGTH(status_names) ? status_names[status] : "unknown status";
}

const char *error_of_system(char text[ERROR_SYSTEM_SIZE], int error_number)
{
    return strerror_r(error_number, text, ERROR_SYSTEM_SIZE);
}

/* Cut a message that filled its buffer back to the end of its last whole UTF-8 character. */
static void cut_at_character(char *text, size_t size)
{
    size_t length = strlen(text), back = 0;

    if (length + 1 < size) return;
    while (back < 3 && back < length && ((unsigned char)text[length - 1 - back] & 0xc0) == 0x80) back++;
    if (back < length && (unsigned char)text[length - 1 - back] >= 0xc0) text[length - 1 - back] = '\0';
}

/* Messages quote what they complain of; bytes of it that are no UTF-8 are shown as ?. */
static void mend_text(char *text, size_t size)
{
    char *at = text;
    size_t left;

    cut_at_character(text, size);
    for (left = strlen(text); left;) {
        size_t good = utf8_find_invalid(at, left);
        at += good, left -= good;
        if (left) *at++ = '?', left--;
    }
}

PRINTF_LIKE(3, 0)
static void error_fill(bp_error *err, bp_status status, const char *format, va_list arguments)
{
    err->status = status;
    err->position = -1;
    err->line = 0;
    err->column = 0;
    vsnprintf(err->message, sizeof err->message, format, arguments);
    mend_text(err->message, sizeof err->message);
}

bp_status error_set(bp_error *err, bp_status status, const char *format, ...)
{
    va_list arguments;

    if (!err) return status;
    va_start(arguments, format);
    error_fill(err, status, format, arguments);
    va_end(arguments);
    return status;
}

bp_status error_set_at(bp_error *err, bp_status status, size_t position, const char *format, ...)
{
    va_list arguments;

    if (!err) return status;
    va_start(arguments, format);
    error_fill(err, status, format, arguments);
    va_end(arguments);
    err->position = (int64_t)position;
    return status;
}

bp_status error_set_line(bp_error *err, bp_status status, uint64_t line, uint64_t column, const char *format, ...)
{
    va_list arguments;

    if (!err) return status;
    va_start(arguments, format);
    error_fill(err, status, format, arguments);
    va_end(arguments);
    err->line = (int64_t)line;
    err->column = (int64_t)column;
    return status;
}

void error_prefix(bp_error *err, const char *format, ...)
{
    char prefix[BP_ERROR_MESSAGE_SIZE];
    char message[BP_ERROR_MESSAGE_SIZE];
    va_list arguments;

    if (!err) return;
    va_start(arguments, format);
    vsnprintf(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    memcpy(message, err->message, sizeof message);
    snprintf(err->message, sizeof err->message, "%.*s: %.*s", (int)(sizeof prefix / 2), prefix, (int)(sizeof message - 1), message);
    mend_text(err->message, sizeof err->message);
}

void error_clear(bp_error *err)
{
    if (!err) return;
    err->status = BP_OK;
    err->position = -1;
    err->line = 0;
    err->column = 0;
    err->message[0] = '\0';
}

bp_status error_no_memory(bp_error *err, const memory *memory, size_t size_bytes)
{
    size_t limit = memory_limit(memory), used = memory_used(memory), refused = memory_refused(memory);

    if (refused > size_bytes) size_bytes = refused; /* callers that made several requests name the first */
    if (refused || size_bytes > limit || used > limit - size_bytes)
        return error_set(err, BP_OVER_BUDGET, "memory limit reached: %zu more bytes needed, %zu of %zu in use; raise memory_limit",
                         size_bytes, used, limit);
    return error_set(err, BP_NO_MEMORY, "the system has no memory left: %zu bytes refused", size_bytes);
}

bp_status error_internal(bp_error *err, const char *file, int line, const char *what)
{
    return error_set(err, BP_INTERNAL, "internal error: %s (%s:%d); please report it", what, file, line);
}

void error_suggest(bp_error *err, string_view wanted, error_name_function name, const void *data, size_t count)
{
    size_t best_distance = 2 + wanted.size / 4, length;
    string_view best = {NULL, 0};

    if (!err) return;
    for (size_t i = 0; i < count; i++) {
        string_view candidate = name(data, i);
        size_t distance = string_edit_distance(wanted, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    if (!best.data) return;
    length = strlen(err->message);
    snprintf(err->message + length, sizeof err->message - length, "; did you mean \"%.*s\"?", STRING_ARGUMENTS(best));
    mend_text(err->message, sizeof err->message);
}
