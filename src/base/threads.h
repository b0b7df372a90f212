/* One pool of threads, and parallel_for over it.
 *
 * No thread starts before the first job that wants more than one; when one cannot be started, the job runs on those there are. After
 * fork() the child finds its pool gone and makes a new one; no lock of the parent's is ever waited for. A call that was running when the
 * process forked ends in the child with BP_CANCELLED. A nested parallel_for runs on the calling thread. Workers have stacks of 1 MiB
 * and block all signals. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include "error.h"
#include "macros.h"

typedef struct thread_pool thread_pool;
struct bp_context;

MUST_USE bp_status thread_pool_new(thread_pool **out, struct bp_context *context, bp_error *err);
void thread_pool_free(thread_pool *pool);

/* Work on one piece: `worker` is 0 … workers-1, and no two pieces run at once with the same worker number (index per-thread state
 * by it); worker 0 is the calling thread. */
typedef bp_status (*parallel_function)(void *data, size_t worker, uint64_t piece, bp_error *err);

/* How many workers parallel_for(context, pieces, …) would use: at most the setting `threads`, at most `pieces`, at least 1. */
size_t parallel_workers(struct bp_context *context, uint64_t pieces);

/* Run function(data, worker, piece) for all pieces 0 … pieces-1, handed out in rising order. When one fails or the call is cancelled no
 * new piece is begun; the failure of the lowest piece is returned (so errors do not depend on timing among the pieces that ran).
 * Polls cancellation between pieces and while waiting. One piece, one thread or a nested call: runs here, no thread is woken. */
MUST_USE bp_status parallel_for(struct bp_context *context, uint64_t pieces, parallel_function function, void *data, bp_error *err);

/* Run function(data, worker, worker) once on each of `workers` workers (at most parallel_workers()); each takes work from a shared place
 * itself until there is none. They must not wait for each other: a thread that is late, or could not be started, has its turn taken
 * by another one after its own. Failures: that of the lowest worker number is returned, and no further worker begins; those that
 * run see nothing of it (a flag in `data` can tell them). */
MUST_USE bp_status parallel_run(struct bp_context *context, size_t workers, parallel_function function, void *data, bp_error *err);

/* Let others run: for the rare short wait on what another worker is about to publish. */
void thread_yield(void);

/* Plain locks for the few shared places (queues of morsels, catalogs); safe to hold briefly, never across parallel_for. A lock that was
 * held by another thread at fork() is free in the child. */
typedef struct mutex {
    void *implementation[8]; /* a pthread_mutex_t and a fork generation fit */
} mutex;
void mutex_init(mutex *mutex);
void mutex_clear(mutex *mutex);
void mutex_lock(mutex *mutex);
void mutex_unlock(mutex *mutex);

#endif
