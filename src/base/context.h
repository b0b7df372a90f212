/* The context: what everything that allocates or runs long is given. One call at a time runs in it; that call's worker threads share
 * it. Public face: bedplate/core.h. */
#ifndef BASE_CONTEXT_H
#define BASE_CONTEXT_H

#include "cancel.h"
#include "config.h"
#include "error.h"
#include "fault.h"
#include "memory.h"
#include "threads.h"
#include "trace.h"

struct bp_context {
    memory *memory; /* the root account; outlives the context as long as something holds a reference (exported Arrow data) */
    config config;
    cancel cancel;
    thread_pool *threads; /* made with the context, its threads at the first large job */
    trace trace;
    int64_t statement_micros; /* when the statement began, microseconds since 1970 in UTC: now(), current_date … agree within it */
    _Atomic uint64_t random_seed; /* by setseed(); 0: the setting `seed` */
    _Atomic uint64_t random_streams; /* begun so far by random() and its like */
    _Atomic uint64_t temporary_bytes; /* in temporary files: at most config.max_temp_directory_size */
    fault_plan faults; /* used in builds with BEDPLATE_CHECKS only */
};

/* bp_context_new() and bp_context_free() of bedplate/core.h. */
MUST_USE bp_status context_new(bp_context **out, bp_error *err);
void context_free(bp_context *context);

#endif
