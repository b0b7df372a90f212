/* The thread pool.
 *
 * One job at a time, on the caller's stack. The caller posts it, works on it as worker 0, takes it down, and waits for those who joined:
 *
 *   caller   post ── run pieces ─────────────────────── take down ── wait ── done
 *   thread         └─ wake ── join (number 1, 2 …) ── run pieces ── leave
 *
 * Pieces are claimed from an atomic counter, so they begin in rising order: when piece p fails, all below p have begun, which is why the
 * lowest failure does not depend on timing. A thread that wakes after the job was taken down never joins, so nobody waits for it.
 *
 * Until two threads have begun a job's pieces: under 1 µs when the second still spins, 20 to 60 µs when it sleeps, most of it the system's waking
 * of an idle virtual processor (2 processors, Zen 5; test_threads prints it). So threads spin for SPIN_NS after a job, then sleep. */
#define _GNU_SOURCE
#include "threads.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "context.h"
#include "fork.h"
#include "machine.h"

#define STACK_SIZE ((size_t)1 << 20)
#define SPIN_NS 20000
#define WAKE_INTERVAL_NS 20000000
#define NO_FAILURE UINT64_MAX
#define STOPPED_BETWEEN (UINT64_MAX - 1) /* the "piece" of a cancellation seen between pieces: any piece's failure goes first */

typedef struct job {
    parallel_function function;
    void *data;
    uint64_t pieces;
    bool by_worker; /* parallel_run: the worker's number is the piece's */
    size_t workers; /* most that may join, the caller included */
    _Atomic uint64_t next;
    _Atomic uint64_t failed; /* the lowest failing piece so far */
    /* guarded by the pool's lock: */
    size_t joined; /* so many numbers are given out */
    size_t inside; /* threads at work, the caller not counted */
    bp_status status; /* of piece `failed` */
    bp_error error;
} job;

struct thread_pool {
    bp_context *context; /* borrowed */
    _Atomic uint64_t generation; /* of fork(), when the pool was made */
    atomic_bool busy; /* a job runs; a parallel_for that comes now is nested */
    bool may_spin; /* there is more than one processor */
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job was posted, or stopping */
    pthread_cond_t done; /* the last thread left a job */
    atomic_uint epoch; /* of jobs: changes when one is posted */
    /* guarded by the lock: */
    job *job;
    bool stopping;
    size_t thread_count;
    pthread_t threads[LIMIT_THREADS];
};

/* locks ------------------------------------------------------------------------------------------------------------------------ */
typedef struct mutex_parts {
    pthread_mutex_t lock;
    _Atomic uint64_t generation;
} mutex_parts;

_Static_assert(sizeof(mutex_parts) <= sizeof(mutex), "mutex has room for its parts");

#define GENERATION_CHANGING UINT64_MAX

void mutex_init(mutex *mutex)
{
    mutex_parts *parts = (mutex_parts *)mutex;

    pthread_mutex_init(&parts->lock, NULL);
    atomic_init(&parts->generation, fork_generation());
}

void mutex_clear(mutex *mutex)
{
    mutex_parts *parts = (mutex_parts *)mutex;

    if (atomic_load(&parts->generation) == fork_generation()) pthread_mutex_destroy(&parts->lock);
}

/* In a child: make the lock anew, one thread does, others wait for it. */
NO_INLINE static void mutex_renew(mutex_parts *parts, uint64_t generation)
{
    uint64_t old = atomic_load(&parts->generation);

    if (old != GENERATION_CHANGING && old != generation &&
        atomic_compare_exchange_strong(&parts->generation, &old, GENERATION_CHANGING)) {
        pthread_mutex_init(&parts->lock, NULL);
        atomic_store(&parts->generation, generation);
    }
    while (atomic_load(&parts->generation) != generation) sched_yield();
}

void mutex_lock(mutex *mutex)
{
    mutex_parts *parts = (mutex_parts *)mutex;
    uint64_t generation = fork_generation();

    if (UNLIKELY(atomic_load_explicit(&parts->generation, memory_order_acquire) != generation)) mutex_renew(parts, generation);
    pthread_mutex_lock(&parts->lock);
}

void mutex_unlock(mutex *mutex)
{
    pthread_mutex_unlock(&((mutex_parts *)mutex)->lock);
}

/* pool ------------------------------------------------------------------------------------------------------------------------- */
/* Locks and conditions as new: at the beginning, and in a child, where the parent's threads are gone and its locks may be held by them
 * for ever. Theirs are not destroyed, since that could wait. */
static bp_status pool_reset(thread_pool *pool, uint64_t generation, bp_error *err)
{
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);

    if (failed) return error_set(err, BP_NO_MEMORY, "the system refused what a thread pool needs");
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    failed = pthread_mutex_init(&pool->lock, NULL);
    failed |= pthread_cond_init(&pool->work, &attributes);
    failed |= pthread_cond_init(&pool->done, &attributes);
    pthread_condattr_destroy(&attributes);
    if (failed) return error_set(err, BP_NO_MEMORY, "the system refused what a thread pool needs");
    pool->job = NULL;
    pool->stopping = false;
    pool->thread_count = 0;
    atomic_store(&pool->busy, false);
    atomic_store(&pool->epoch, 0);
    atomic_store(&pool->generation, generation);
    return BP_OK;
}

static bool pool_is_of_parent(thread_pool *pool)
{
    return atomic_load_explicit(&pool->generation, memory_order_relaxed) != fork_generation();
}

bp_status thread_pool_new(thread_pool **out, bp_context *context, bp_error *err)
{
    thread_pool *pool = memory_new(context->memory, thread_pool);
    bp_status status;

    *out = NULL;
    if (!pool) return error_no_memory(err, context->memory, sizeof *pool);
    pool->context = context;
    pool->may_spin = machine_processors() > 1;
    if ((status = pool_reset(pool, fork_generation(), err)))
        memory_delete(context->memory, pool);
    else
        *out = pool;
    return status;
}

static void stop_threads(thread_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    atomic_fetch_add(&pool->epoch, 1);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++) pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->lock);
}

void thread_pool_free(thread_pool *pool)
{
    memory *memory;

    if (!pool) return;
    memory = pool->context->memory;
    if (!pool_is_of_parent(pool)) stop_threads(pool);
    memory_delete(memory, pool);
}

/* working ---------------------------------------------------------------------------------------------------------------------- */
static void record_failure(thread_pool *pool, job *job, uint64_t piece, bp_status status, const bp_error *error)
{
    pthread_mutex_lock(&pool->lock);
    if (piece < atomic_load(&job->failed)) {
        atomic_store(&job->failed, piece);
        job->status = status;
        job->error = *error;
    }
    pthread_mutex_unlock(&pool->lock);
}

/* Claim and run pieces until there is none, something failed, or the call is cancelled. */
static void run_pieces(thread_pool *pool, job *job, size_t worker)
{
    bp_error error;
    bp_status status;

    while (atomic_load_explicit(&job->failed, memory_order_relaxed) == NO_FAILURE) {
        uint64_t piece = STOPPED_BETWEEN;

        error_clear(&error);
        status = cancel_check(&pool->context->cancel, &error);
        if (!status) {
            piece = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed);
            if (piece >= job->pieces) return;
            status = job->function(job->data, job->by_worker ? (size_t)piece : worker, piece, &error);
        }
        if (!status) continue;
        if (!pool_is_of_parent(pool)) record_failure(pool, job, piece, status, &error);
        return;
    }
}

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Look for a new job for a short while before sleeping: a query is a row of jobs. */
static void spin_for_job(thread_pool *pool, unsigned seen)
{
    int64_t end = clock_monotonic_ns() + SPIN_NS;

    while (atomic_load_explicit(&pool->epoch, memory_order_relaxed) == seen && clock_monotonic_ns() < end)
        for (int i = 0; i < 16 && atomic_load_explicit(&pool->epoch, memory_order_relaxed) == seen; i++) pause_briefly();
}

/* With the lock held. */
static void join_job(thread_pool *pool, job *job)
{
    size_t worker;

    if (!job || job->joined >= job->workers) return;
    worker = job->joined++;
    job->inside++;
    pthread_mutex_unlock(&pool->lock);
    run_pieces(pool, job, worker);
    pthread_mutex_lock(&pool->lock);
    if (--job->inside == 0) pthread_cond_signal(&pool->done);
}

static void *thread_main(void *data)
{
    thread_pool *pool = data;
    unsigned seen = 0; /* the epoch whose job this thread has dealt with */
    bool spun = true;

    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        unsigned epoch = atomic_load(&pool->epoch);
        if (epoch != seen) {
            seen = epoch;
            join_job(pool, pool->job);
            spun = !pool->may_spin;
        } else if (!spun) {
            pthread_mutex_unlock(&pool->lock);
            spin_for_job(pool, seen);
            pthread_mutex_lock(&pool->lock);
            spun = true;
        } else {
            pthread_cond_wait(&pool->work, &pool->lock);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* starting --------------------------------------------------------------------------------------------------------------------- */
static bool start_thread(thread_pool *pool)
{
    pthread_attr_t attributes;
    sigset_t all, old;
    char name[16];
    int failed;

    if (fault_strikes(pool->context, FAULT_THREAD_START) || pthread_attr_init(&attributes)) return false;
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* inherited: signals go to the host's threads */
    failed = pthread_create(&pool->threads[pool->thread_count], &attributes, thread_main, pool);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    if (failed) return false;
    snprintf(name, sizeof name, "bedplate-%zu", pool->thread_count + 1);
    pthread_setname_np(pool->threads[pool->thread_count], name);
    pool->thread_count++;
    return true;
}

/* Have `wanted` threads, or as many as can be had. Only the thread that owns `busy` comes here. */
static void start_threads(thread_pool *pool, size_t wanted)
{
    if (wanted > LIMIT_THREADS) wanted = LIMIT_THREADS;
    while (pool->thread_count < wanted && start_thread(pool)) {
    }
}

/* jobs ------------------------------------------------------------------------------------------------------------------------- */
static void post(thread_pool *pool, job *job)
{
    size_t helpers = job->workers - 1;

    pthread_mutex_lock(&pool->lock);
    pool->job = job;
    atomic_fetch_add(&pool->epoch, 1);
    pthread_mutex_unlock(&pool->lock);
    if (helpers >= pool->thread_count)
        pthread_cond_broadcast(&pool->work);
    else
        for (size_t i = 0; i < helpers; i++) pthread_cond_signal(&pool->work);
}

static struct timespec after(int64_t nanoseconds)
{
    int64_t when = clock_monotonic_ns() + nanoseconds;

    return (struct timespec){.tv_sec = when / 1000000000, .tv_nsec = when % 1000000000};
}

/* Take the job down and wait for the threads inside, polling for cancellation meanwhile. False: this is a child that was forked inside
 * the call (by the poll function): its threads are gone. */
static bool finish(thread_pool *pool, job *job)
{
    if (pool_is_of_parent(pool)) return false;
    pthread_mutex_lock(&pool->lock);
    pool->job = NULL;
    while (job->inside) {
        struct timespec wake = after(WAKE_INTERVAL_NS);

        if (pthread_cond_timedwait(&pool->done, &pool->lock, &wake) != ETIMEDOUT) continue;
        pthread_mutex_unlock(&pool->lock);
        (void)cancel_look(&pool->context->cancel, NULL); /* what it finds, the threads find too */
        if (pool_is_of_parent(pool)) return false;
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return true;
}

static bp_status result_of(const job *job, bp_error *err)
{
    if (atomic_load(&job->failed) == NO_FAILURE) return BP_OK;
    if (err) *err = job->error;
    return job->status;
}

/* A function that fails without filling the error still has its status in it. */
static bp_status run_here(bp_context *context, const job *job, bp_error *err)
{
    bp_status status = BP_OK;

    for (uint64_t piece = 0; piece < job->pieces && !status; piece++) {
        status = cancel_check(&context->cancel, err);
        if (!status) status = job->function(job->data, job->by_worker ? (size_t)piece : 0, piece, err);
    }
    return status;
}

static bp_status run_job(bp_context *context, job *job, bp_error *err)
{
    thread_pool *pool = context->threads;
    bool idle = false;
    bp_status status = BP_OK;

    if (pool_is_of_parent(pool) && (status = pool_reset(pool, fork_generation(), err))) return status;
    if (job->workers < 2 || job->pieces < 2 || !atomic_compare_exchange_strong(&pool->busy, &idle, true))
        return run_here(context, job, err);
    start_threads(pool, job->workers - 1);
    if (pool->thread_count) post(pool, job);
    run_pieces(pool, job, 0);
    if (finish(pool, job)) {
        status = result_of(job, err);
        atomic_store(&pool->busy, false);
    } else {
        status =
            error_set(err, BP_CANCELLED, "the process was forked while the call ran: in the child it cannot go on; run it again");
    }
    return status;
}

size_t parallel_workers(bp_context *context, uint64_t pieces)
{
    size_t workers = context->config.threads;

    if (!pool_is_of_parent(context->threads) && atomic_load_explicit(&context->threads->busy, memory_order_relaxed)) return 1;
    if (workers > pieces) workers = (size_t)pieces;
    return workers ? workers : 1;
}

bp_status parallel_for(bp_context *context, uint64_t pieces, parallel_function function, void *data, bp_error *err)
{
    job job = {.function = function, .data = data, .pieces = pieces, .workers = parallel_workers(context, pieces), .joined = 1};

    atomic_init(&job.failed, NO_FAILURE);
    return run_job(context, &job, err);
}

bp_status parallel_run(bp_context *context, size_t workers, parallel_function function, void *data, bp_error *err)
{
    job job = {.function = function, .data = data, .pieces = workers, .workers = workers, .by_worker = true, .joined = 1};

    atomic_init(&job.failed, NO_FAILURE);
    return run_job(context, &job, err);
}

void thread_yield(void)
{
    sched_yield();
}
