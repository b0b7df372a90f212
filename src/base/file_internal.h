/* What file.c, file_writer.c and glob.c share. */
#ifndef BASE_FILE_INTERNAL_H
#define BASE_FILE_INTERNAL_H

#include "bytes.h"
#include "clock.h"
#include "config.h"
#include "context.h"
#include "error.h"

/* A path with a NUL behind it. */
typedef struct path_text {
    char text[LIMIT_PATH_SIZE];
} path_text;

/* 'cannot VERB "path": reason' with the status that fits errno's value. */
bp_status file_error(bp_error *err, const char *verb, string_view path, int error_number);
/* Not empty, not too long, no NUL inside. */
MUST_USE bp_status file_check_path(string_view path, bp_error *err);
/* The same, and the context may reach files (enable_external_access). */
MUST_USE bp_status file_check_access(const bp_context *context, string_view path, bp_error *err);
MUST_USE bp_status file_path_text(path_text *out, string_view path, bp_error *err);
/* `before` and 16 random hexadecimal digits; false: no room. */
bool file_random_name(char *out, size_t size, const char *before);
/* open() with its fault. */
int file_call_open(bp_context *context, const char *path, int flags, unsigned mode);

#endif
