/* Cancellation: a flag, a deadline, and a poll function of the host language, looked at from every loop that can run long.
 *
 * A public call that may run long is bracketed by cancel_begin() and cancel_end(). Inside, any thread asks cancel_check() at least
 * once per millisecond of work: one relaxed load when nothing happened. */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <stdatomic.h>

#include "error.h"
#include "macros.h"

typedef struct cancel {
    atomic_int requested;        /* 0, or the bp_status to return: BP_CANCELLED, BP_TIMEOUT */
    atomic_int active;           /* a call is running */
    int64_t deadline_ns;         /* on the monotonic clock; 0: none */
    bp_poll_function poll;       /* run on the calling thread only, every 20 ms */
    void *poll_data;
    int64_t next_poll_ns;        /* calling thread only */
    uint64_t owner_thread;       /* which thread that is */
    _Atomic uint64_t progress;   /* work done and … */
    _Atomic uint64_t total_work; /* … in all, in units of the running query; 0: unknown */
} cancel;

void cancel_init(cancel *cancel);
/* Start a call on this thread; timeout_ns 0: no deadline. Clears an old request. */
void cancel_begin(cancel *cancel, int64_t timeout_ns);
void cancel_end(cancel *cancel);
/* Async-signal-safe: ask the running call to stop. No effect when none runs. */
void cancel_request(cancel *cancel);

/* Slow part: clock, deadline, and (on the calling thread) the poll function. */
bp_status cancel_look(cancel *cancel, bp_error *err);

/* BP_OK, BP_CANCELLED or BP_TIMEOUT. Cheap enough for every batch. */
MUST_USE bp_status cancel_check(cancel *cancel, bp_error *err);

#endif
