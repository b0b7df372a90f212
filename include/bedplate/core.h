/* Bedplate: status codes, errors and the context that every call works in.
 *
 * A context owns a memory budget, a pool of threads and a cancel flag. Everything made from a context must be freed before it.
 * One context serves one call at a time, except bp_context_cancel(), which any thread and any signal handler may call. */
#ifndef BEDPLATE_CORE_H
#define BEDPLATE_CORE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BP_VERSION_MAJOR 0
#define BP_VERSION_MINOR 1
#define BP_VERSION_PATCH 0

#if defined(__GNUC__)
#define BP_API __attribute__((visibility("default")))
#define BP_MUST_USE __attribute__((warn_unused_result))
#else
#define BP_API
#define BP_MUST_USE
#endif

/* What a call came to. BP_OK is 0; every other value is a failure, and then the bp_error says what was wrong. */
typedef enum bp_status {
    BP_OK = 0,
    BP_NO_MEMORY = 1,      /* the system refused memory */
    BP_OVER_BUDGET = 2,    /* the request would pass the context's memory limit; nothing was allocated */
    BP_IO_ERROR = 3,       /* the operating system reported an error on a file */
    BP_BAD_FORMAT = 4,     /* a file or buffer is not what it claims to be */
    BP_BAD_ARGUMENT = 5,   /* a call's argument is wrong: NULL handle, negative size, unknown option */
    BP_SYNTAX_ERROR = 6,   /* SQL or another text does not parse */
    BP_BIND_ERROR = 7,     /* a name or a type in a query does not fit: unknown column, wrong argument types */
    BP_CONVERSION = 8,     /* a value cannot be cast: 'abc' as an integer */
    BP_OUT_OF_RANGE = 9,   /* overflow, or division by zero where that is an error */
    BP_NOT_FOUND = 10,     /* no such file, table, function, setting */
    BP_EXISTS = 11,        /* a table or view of that name is there already */
    BP_NOT_SUPPORTED = 12, /* a feature that this version does not have */
    BP_LIMIT = 13,         /* a hard limit: text length, nesting depth, columns (see docs/limits) */
    BP_CANCELLED = 14,     /* bp_context_cancel(), or Ctrl-C */
    BP_TIMEOUT = 15,       /* the deadline passed */
    BP_BUSY = 16,          /* the handle is in use by another call */
    BP_CONSTRAINT = 17,    /* a value breaks a rule of the table: NOT NULL, wrong number of columns */
    BP_INTERNAL = 18       /* a defect of Bedplate: please report it */
} bp_status;

#define BP_ERROR_MESSAGE_SIZE 1024

/* Why a call failed. The caller owns it (the stack is fine); no call needs one. Text is UTF-8, cut at a character, NUL-terminated. */
typedef struct bp_error {
    bp_status status;
    int64_t position; /* byte in the parsed text (SQL, JSON …) where the trouble begins; -1: does not apply */
    int64_t line; /* line in the input file, from 1; 0: does not apply */
    int64_t column; /* column (field or character) in that line, from 1; 0: does not apply */
    char message[BP_ERROR_MESSAGE_SIZE];
} bp_error;

typedef struct bp_context bp_context;

/* The name of a status: "out of range". Never NULL. */
BP_API const char *bp_status_name(bp_status status);

/* The library's version as text, "0.1.0". */
BP_API const char *bp_version(void);

/* A new context with default limits (80 % of the machine's or the control group's memory, as many threads as processors). *out
 * belongs to the caller, who ends it with bp_context_free(); NULL on failure: BP_NO_MEMORY. Starts no thread. */
BP_MUST_USE BP_API bp_status bp_context_new(bp_context **out, bp_error *err);

/* End a context. Connections, statements and results made from it must have been freed; exported Arrow data may live on. NULL is fine. */
BP_API void bp_context_free(bp_context *context);

/* Ask the running call to stop; it returns BP_CANCELLED within milliseconds. Async-signal-safe and thread-safe. The request lasts
 * until the running call ends; with no call running it has no effect. */
BP_API void bp_context_cancel(bp_context *context);

/* Change a setting by name (threads, memory_limit, temp_directory, timeout …; `bedplate info` lists them), the value as text:
 * ("memory_limit", "512MB"). BP_NOT_FOUND: no such setting (the message names the nearest); BP_BAD_ARGUMENT: bad value. */
BP_MUST_USE BP_API bp_status bp_context_set(bp_context *context, const char *name, const char *value, bp_error *err);

/* A setting's present value as text into `text` (`size` bytes with the NUL, cut when longer). */
BP_MUST_USE BP_API bp_status bp_context_get(bp_context *context, const char *name, char *text, size_t size, bp_error *err);

/* The settings there are: the name of number `index` (from 0) and in *text (may be NULL) what it does. NULL when index is past the last. */
BP_API const char *bp_setting_name(size_t index, const char **text);

/* Bytes in use and the most that were in use since the context was made. Thread-safe. */
BP_API size_t bp_context_memory_used(const bp_context *context);
BP_API size_t bp_context_memory_peak(const bp_context *context);
BP_MUST_USE BP_API bp_status bp_context_set_memory_limit(bp_context *context, size_t bytes, bp_error *err);

/* The setting timeout is for each call alone. After begin it is for all calls until end together, counted from begin, since a statement that is
 * prepared, executed and printed takes several; begin again counts anew. Only while no call runs. */
BP_API void bp_context_timeout_begin(bp_context *context);
BP_API void bp_context_timeout_end(bp_context *context);

/* A function that long calls run about every 20 ms on the calling thread: it may look for signals and returns nonzero to cancel.
 * NULL takes it away. */
typedef int (*bp_poll_function)(void *data);
BP_API void bp_context_set_poll(bp_context *context, bp_poll_function poll, void *data);

/* Progress of the running query, 0 to 1; negative when unknown. Any thread may ask, and so may the poll function. It counts the stages of
 * the query alike, so it runs unevenly; it is a sign of life, not a forecast. Costs one store a morsel (tens of thousands of rows). */
BP_API double bp_context_progress(const bp_context *context);

/* For terminals: the end of the character, as a reader sees one (a letter with its marks, an emoji sequence), that begins at byte `begin`
 * of the UTF-8 text, and in *width (may be NULL) the columns it takes: 0, 1 or 2. `size` when begin is at or past the end. */
BP_API size_t bp_text_cluster(const char *text, size_t size, size_t begin, int *width);

#ifdef __cplusplus
}
#endif
#endif
