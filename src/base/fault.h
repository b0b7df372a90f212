/* Injected faults of the operating system, in builds with BEDPLATE_CHECKS; in others every function is empty. (Memory has its own:
 * memory_fail_at().) Each point counts its calls; the nth from now takes the effect, once or from then on. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdatomic.h>

#include "macros.h"

struct bp_context;

typedef enum fault_point {
    FAULT_OPEN,         /* open a file or folder */
    FAULT_READ,         /* read, pread */
    FAULT_WRITE,        /* write, pwrite */
    FAULT_SYNC,         /* fsync */
    FAULT_RENAME,       /* rename into place */
    FAULT_THREAD_START, /* pthread_create */
    FAULT_POINT_COUNT
} fault_point;

typedef enum fault_effect {
    FAULT_NONE,
    FAULT_FAIL,      /* errno EIO (THREAD_START: EAGAIN, OPEN: EACCES) */
    FAULT_SHORT,     /* READ, WRITE: at most one byte is moved; READ at the end of a shrunken file: see END */
    FAULT_END,       /* READ: 0 bytes, as if the file had been cut */
    FAULT_INTERRUPT, /* errno EINTR: must be retried, so with from_then_on every second call is let through */
    FAULT_NO_SPACE   /* errno ENOSPC */
} fault_effect;

typedef struct fault_plan {
    struct {
        _Atomic uint64_t countdown; /* 0: off */
        atomic_int effect;
        atomic_bool from_then_on, seen;
    } points[FAULT_POINT_COUNT];
} fault_plan;

/* Make the nth call of `point` from now take `effect`; nth 0: off. */
void fault_at(struct bp_context *context, fault_point point, uint64_t nth, fault_effect effect, bool from_then_on);
void fault_clear(struct bp_context *context);
bool fault_seen(const struct bp_context *context, fault_point point);

/* For the code under test: what shall happen at this call. FAIL, INTERRUPT and NO_SPACE have set errno. */
fault_effect fault_strikes(struct bp_context *context, fault_point point);

#endif
