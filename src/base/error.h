/* Filling a bp_error. Every function takes err == NULL and returns the status, so that `return error_set(err, …)` reads well. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "bedplate/core.h"
#include "macros.h"
#include "memory.h"
#include "string.h"

/* Write status and message (printf format, cut at a UTF-8 character); position, line and column become "does not apply". */
bp_status error_set(bp_error *err, bp_status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same with a byte position in the parsed text. */
bp_status error_set_at(bp_error *err, bp_status status, size_t position, const char *format, ...) PRINTF_LIKE(4, 5);

/* The same with line and column (from 1) of an input file; column 0: the whole line. */
bp_status error_set_line(bp_error *err, bp_status status, uint64_t line, uint64_t column, const char *format, ...)
    PRINTF_LIKE(5, 6);

/* Put "prefix: " before the message that is there. */
void error_prefix(bp_error *err, const char *format, ...) PRINTF_LIKE(2, 3);

void error_clear(bp_error *err);

/* What the system calls an errno value: "No such file or directory", in `text` or in memory of its own. */
#define ERROR_SYSTEM_SIZE 128
const char *error_of_system(char text[ERROR_SYSTEM_SIZE], int error_number);

/* After memory_allocate() and its like returned NULL: BP_OVER_BUDGET, naming what was wanted and the limit, when the budget would
 * not have allowed `size_bytes`, else BP_NO_MEMORY. */
bp_status error_no_memory(bp_error *err, const memory *memory, size_t size_bytes);

/* A defect of ours that must not kill the process. */
bp_status error_internal(bp_error *err, const char *file, int line, const char *what);
#define ERROR_INTERNAL(err, what) error_internal(err, __FILE__, __LINE__, what)

/* Append to the message the best of `count` names within edit distance 1 + length / 4 of `wanted`, as
 * "; did you mean \"best\"?"; nothing when none is near. */
typedef string_view (*error_name_function)(const void *data, size_t index);
void error_suggest(bp_error *err, string_view wanted, error_name_function name, const void *data, size_t count);

#endif
