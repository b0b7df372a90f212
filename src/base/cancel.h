/* Cancellation: a flag, a deadline, and a poll function of the host language, looked at from every loop that can run long.
 *
 * A public call that may run long is bracketed by cancel_begin() and cancel_end(). Inside, any thread asks cancel_check() at least
 * once per millisecond of work: a relaxed load when there is neither deadline nor poll function, else 8 ns for a coarse clock.
 *
 *   state   IDLE --begin--> RUNNING --request, deadline, poll--> a bp_status --end--> IDLE
 *           RUNNING ------------------------------------------------------end--> IDLE
 *
 * One word, so that a request reaches the call that runs at that moment or none, never the next one. */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <stdatomic.h>

#include "error.h"
#include "macros.h"
#include "memory.h"

enum { CANCEL_IDLE = 0, CANCEL_RUNNING = -1 };

typedef struct cancel {
    atomic_int state;            /* CANCEL_IDLE, CANCEL_RUNNING, or why to stop: BP_CANCELLED, BP_TIMEOUT */
    int64_t timeout_ns;          /* of the running call; 0: none */
    int64_t shared_since_ns;     /* calls share one timeout, which began then; 0: each has its own */
    int64_t deadline_ns;         /* on the monotonic clock; 0: none */
    bp_poll_function poll;       /* run on the calling thread only, every 20 ms */
    void *poll_data;
    int64_t next_poll_ns;        /* calling thread only */
    uint64_t owner_thread;       /* which thread that is */
    _Atomic uint64_t progress;   /* work done and … */
    _Atomic uint64_t total_work; /* … in all, in units of the running query; 0: unknown */
} cancel;

void cancel_init(cancel *cancel);
/* Start a call on this thread; timeout_ns 0: no deadline. False: a call is running already (BP_BUSY), nothing was changed, and the
 * caller must not cancel_end(). */
bool cancel_begin(cancel *cancel, int64_t timeout_ns);
void cancel_end(cancel *cancel);
/* Between calls: those that follow count together against their timeouts from now on, or each by itself again. */
void cancel_share_timeout(cancel *cancel, bool shared);
/* Async-signal-safe: ask the running call to stop. No effect when none runs. */
void cancel_request(cancel *cancel);

/* Slow part: clock, deadline, and (on the calling thread, every 20 ms) the poll function. */
bp_status cancel_look(cancel *cancel, bp_error *err);

/* BP_OK, BP_CANCELLED or BP_TIMEOUT. Cheap enough for every batch. BP_OK when no call runs. */
MUST_USE bp_status cancel_check(cancel *cancel, bp_error *err);

/* For loops that know only the account they work in: the cancel of its context. BP_OK when it has none. */
MUST_USE bp_status cancel_check_of(const memory *account, bp_error *err);

/* memcpy() that stops: a gigabyte into fresh pages takes half a second. */
MUST_USE bp_status cancel_copy(const memory *account, void *to, const void *from, size_t size, bp_error *err);

#endif
