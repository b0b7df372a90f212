/* The pool: every piece once, rising, the lowest failure, nested and cancelled jobs, few threads, and children of fork(). */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/context.h"

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#ifdef UNDER_TSAN
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "die_after_fork=0"; /* children of this test start threads */
}
#define ROUNDS 20
#else
#define ROUNDS 200
#endif

static bp_context *make_context(const char *threads)
{
    bp_context *context;

    assert_int_equal(context_new(&context, NULL), BP_OK);
    assert_int_equal(config_set(context, "threads", threads, NULL), BP_OK);
    return context;
}

#define PIECES 1000

typedef struct tally {
    bp_context *context;
    atomic_int runs[PIECES];
    atomic_int inside[64]; /* a worker number */
    atomic_bool clash;
    atomic_bool nested_wrong;
    uint64_t fail_from, fail_to; /* pieces that fail */
    atomic_int begun;
} tally;

static bp_status count_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    tally *tally = data;

    if (worker >= 64 || piece >= PIECES || atomic_fetch_add(&tally->inside[worker], 1) != 0) atomic_store(&tally->clash, true);
    atomic_fetch_add(&tally->begun, 1);
    atomic_fetch_add(&tally->runs[piece], 1);
    if (piece % 37 == 0) nanosleep(&(struct timespec){0, 20000}, NULL);
    atomic_fetch_sub(&tally->inside[worker], 1);
    if (piece >= tally->fail_from && piece < tally->fail_to) return error_set(err, BP_CONVERSION, "piece %d", (int)piece);
    return BP_OK;
}

static void test_every_piece_once(void **state)
{
    static const char *const threads[] = {"1", "2", "3", "7", "16"};
    static const uint64_t pieces[] = {0, 1, 2, 3, 16, PIECES};

    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        bp_context *context = make_context(threads[i]);
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            tally tally = {.context = context};
            assert_int_equal(parallel_for(context, pieces[k], count_piece, &tally, NULL), BP_OK);
            for (uint64_t piece = 0; piece < PIECES; piece++) assert_int_equal(tally.runs[piece], piece < pieces[k]);
            assert_false(tally.clash);
        }
        context_free(context);
    }
}

static void test_lowest_failure_wins(void **state)
{
    bp_context *context = make_context("4");

    for (int round = 0; round < ROUNDS; round++) {
        tally tally = {.context = context, .fail_from = 5 + (uint64_t)round % 50, .fail_to = PIECES};
        char expected[20];
        bp_error err;

        snprintf(expected, sizeof expected, "piece %d", (int)tally.fail_from);
        assert_int_equal(parallel_for(context, PIECES, count_piece, &tally, &err), BP_CONVERSION);
        assert_int_equal(err.status, BP_CONVERSION);
        assert_string_equal(err.message, expected);
        assert_true((uint64_t)tally.begun <= tally.fail_from + 4); /* each of 4 workers has at most one more piece */
    }
    context_free(context);
}

static bp_status nest(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    tally *outer = data;
    tally inner = {.context = outer->context};

    (void)worker, (void)piece;
    if (parallel_workers(outer->context, 10) != 1 || parallel_for(outer->context, 10, count_piece, &inner, err)) return BP_INTERNAL;
    for (int i = 0; i < 10; i++)
        if (inner.runs[i] != 1 || inner.clash) return error_set(err, BP_INTERNAL, "nested job wrong");
    return BP_OK;
}

static void test_nested(void **state)
{
    bp_context *context = make_context("3");
    tally tally = {.context = context};
    bp_error err = {0};

    assert_int_equal(parallel_workers(context, 10), 3);
    assert_int_equal(parallel_workers(context, 2), 2);
    assert_int_equal(parallel_workers(context, 0), 1);
    assert_int_equal(parallel_for(context, 50, nest, &tally, &err), BP_OK);
    context_free(context);
}

static bp_status count_worker(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    (void)err;
    return worker == piece ? count_piece(data, worker, piece, err) : BP_INTERNAL;
}

static void test_run(void **state)
{
    bp_context *context = make_context("5");

    for (int round = 0; round < ROUNDS; round++) {
        tally tally = {.context = context};
        assert_int_equal(parallel_run(context, 5, count_worker, &tally, NULL), BP_OK);
        for (int i = 0; i < 6; i++) assert_int_equal(tally.runs[i], i < 5);
    }
    context_free(context);
}

static void test_no_threads_to_be_had(void **state)
{
#ifdef BEDPLATE_CHECKS
    bp_context *context = make_context("6");

    for (int i = 0; i < 2; i++) {
        tally tally = {.context = context};
        fault_at(context, FAULT_THREAD_START, (uint64_t)i + 1, FAULT_FAIL, true); /* none, then one */
        assert_int_equal(parallel_for(context, 100, count_piece, &tally, NULL), BP_OK);
        assert_int_equal(tally.begun, 100);
    }
    fault_clear(context);
    context_free(context);
#endif
}

static bp_status look_at_signals(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    sigset_t blocked;

    (void)data, (void)piece, (void)err;
    if (worker == 0) {
        nanosleep(&(struct timespec){0, 2000000}, NULL);
        return BP_OK;
    }
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    return sigismember(&blocked, SIGINT) == 1 && sigismember(&blocked, SIGALRM) == 1 ? BP_OK : BP_INTERNAL;
}

static void test_signals_are_blocked_in_workers(void **state)
{
    bp_context *context = make_context("2");
    sigset_t before, after;

    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(parallel_for(context, 8, look_at_signals, NULL, NULL), BP_OK);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
    context_free(context);
}

/* cancellation ------------------------------------------------------------------------------------------------------------------ */
static bp_status work_until_cancelled(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    bp_context *context = data;
    bp_status status = BP_OK;

    (void)worker, (void)piece;
    while (!status) status = cancel_check(&context->cancel, err);
    return status;
}

/* The caller's piece ends at once, so that it has to poll while it waits. */
static bp_status work_on_threads_only(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    if (worker) return work_until_cancelled(data, worker, piece, err);
    nanosleep(&(struct timespec){0, 1000000}, NULL);
    return BP_OK;
}

typedef struct poller {
    int calls, cancel_at;
    pthread_t thread;
    bool wrong_thread;
} poller;

static int poll_count(void *data)
{
    poller *poller = data;

    if (!pthread_equal(pthread_self(), poller->thread)) poller->wrong_thread = true;
    return ++poller->calls >= poller->cancel_at;
}

static void test_poll_cancels(void **state)
{
    parallel_function functions[] = {work_until_cancelled, work_on_threads_only};

    for (int i = 0; i < 2; i++) {
        bp_context *context = make_context("3");
        poller poller = {.cancel_at = 3, .thread = pthread_self()};
        int64_t start = clock_monotonic_ns(), elapsed;
        bp_error err;

        context->cancel.poll = poll_count;
        context->cancel.poll_data = &poller;
        assert_true(cancel_begin(&context->cancel, 0));
        assert_int_equal(parallel_run(context, 3, functions[i], context, &err), BP_CANCELLED);
        cancel_end(&context->cancel);
        elapsed = clock_monotonic_ns() - start;
        assert_int_equal(poller.calls, 3);
        assert_false(poller.wrong_thread);
        assert_in_range(elapsed / 1000000, 40, 1000); /* the third poll is due after 60 ms */
        context_free(context);
    }
}

static void *request_later(void *data)
{
    nanosleep(&(struct timespec){0, 30000000}, NULL);
    cancel_request(&((bp_context *)data)->cancel);
    return NULL;
}

static void test_request_from_another_thread(void **state)
{
    bp_context *context = make_context("2");
    pthread_t thread;
    bp_error err;

    assert_true(cancel_begin(&context->cancel, 0));
    assert_int_equal(pthread_create(&thread, NULL, request_later, context), 0);
    assert_int_equal(parallel_for(context, 1000000, work_until_cancelled, context, &err), BP_CANCELLED);
    pthread_join(thread, NULL);
    cancel_end(&context->cancel);
    assert_int_equal(parallel_for(context, 2, count_piece, &(tally){.context = context}, &err), BP_OK); /* it is over */
    context_free(context);
}

static void test_deadline(void **state)
{
    bp_context *context = make_context("2");
    int64_t start = clock_monotonic_ns();
    bp_error err;

    assert_true(cancel_begin(&context->cancel, 50000000));
    assert_int_equal(parallel_for(context, 4, work_until_cancelled, context, &err), BP_TIMEOUT);
    cancel_end(&context->cancel);
    assert_in_range((clock_monotonic_ns() - start) / 1000000, 50, 1000);
    assert_non_null(strstr(err.message, "50 ms"));
    context_free(context);
}

/* fork -------------------------------------------------------------------------------------------------------------------------- */
static int child_works(bp_context *context)
{
    tally tally = {.context = context};

    alarm(60); /* a hang ends the child */
    if (parallel_for(context, 200, count_piece, &tally, NULL) || tally.begun != 200 || tally.clash) return 1;
    context_free(context);
    return 0;
}

static void expect_child(pid_t child)
{
    int result = -1;

    assert_true(child > 0);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
}

/* The parent used its pool; another thread is in the middle of jobs of its own context at each fork. */
static void *keep_busy(void *data)
{
    atomic_bool *stop = data;
    bp_context *context = make_context("3");

    while (!atomic_load(stop)) assert_int_equal(parallel_for(context, 50, count_piece, &(tally){.context = context}, NULL), BP_OK);
    context_free(context);
    return NULL;
}

UNUSED static void test_fork(void **state)
{
    bp_context *context = make_context("3");
    atomic_bool stop = false;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, keep_busy, &stop), 0);
    for (int i = 0; i < (ROUNDS + 1) / 2; i++) {
        pid_t child;
        assert_int_equal(parallel_for(context, 20, count_piece, &(tally){.context = context}, NULL), BP_OK);
        if ((child = fork()) == 0) _exit(child_works(context));
        expect_child(child);
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    context_free(context);
}

typedef struct forker {
    pid_t child; /* -1: not forked yet */
    int calls_in_child;
} forker;

/* The parent stops its call. In the child the call either finds that its threads are gone, or, when the calling thread had all the work
 * itself, goes on until a later poll stops it. */
static int fork_once(void *data)
{
    forker *forker = data;

    if (forker->child < 0 && (forker->child = fork()) == 0) alarm(60);
    return forker->child != 0 || ++forker->calls_in_child > 3;
}

/* A signal handler of the host language may fork inside the poll function. */
UNUSED static void test_fork_inside_a_call(void **state)
{
    bp_context *context = make_context("2");
    forker forker = {.child = -1};
    bp_status status;
    bp_error err = {0};

    context->cancel.poll = fork_once;
    context->cancel.poll_data = &forker;
    assert_true(cancel_begin(&context->cancel, 0));
    status = parallel_run(context, 2, work_on_threads_only, context, &err);
    cancel_end(&context->cancel);
    if (forker.child == 0) _exit(status == BP_CANCELLED ? child_works(context) : 2);
    assert_int_equal(status, BP_CANCELLED);
    expect_child(forker.child);
    context_free(context);
}

static mutex shared;

static void *hold_lock(void *data)
{
    atomic_int *phase = data;

    mutex_lock(&shared);
    atomic_store(phase, 1);
    while (atomic_load(phase) != 2) nanosleep(&(struct timespec){0, 100000}, NULL);
    mutex_unlock(&shared);
    return NULL;
}

static void test_lock_after_fork(void **state)
{
    atomic_int phase = 0;
    pthread_t thread;
    pid_t child;

    mutex_init(&shared);
    assert_int_equal(pthread_create(&thread, NULL, hold_lock, &phase), 0);
    while (atomic_load(&phase) != 1) nanosleep(&(struct timespec){0, 100000}, NULL);
    if ((child = fork()) == 0) {
        alarm(30);
        mutex_lock(&shared);
        mutex_unlock(&shared);
        _exit(0);
    }
    expect_child(child);
    atomic_store(&phase, 2);
    pthread_join(thread, NULL);
    mutex_clear(&shared);
}

static uint64_t guarded_total;

static bp_status add_guarded(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    (void)worker, (void)err;
    mutex_lock(data);
    guarded_total += piece;
    mutex_unlock(data);
    return BP_OK;
}

static void test_lock(void **state)
{
    bp_context *context = make_context("4");
    mutex mutex;

    mutex_init(&mutex);
    assert_int_equal(parallel_for(context, 10000, add_guarded, &mutex, NULL), BP_OK);
    assert_int_equal(guarded_total, 9999 * 10000 / 2);
    mutex_clear(&mutex);
    context_free(context);
}

/* figures (printed; the bound is generous because others may use the machine) ----------------------------------------------------- */
/* Both pieces end when both have begun: the second has to wake a thread. */
static bp_status meet(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    atomic_int *begun = data;
    int64_t start = clock_monotonic_ns();

    (void)worker, (void)piece, (void)err;
    atomic_fetch_add(begun, 1);
    while (atomic_load(begun) < 2 && clock_monotonic_ns() - start < 1000000000) {
    }
    return BP_OK;
}

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static int64_t median_job_ns(bp_context *context, int64_t pause_ns)
{
    int64_t times[101];

    for (int i = 0; i < 101; i++) {
        if (pause_ns) nanosleep(&(struct timespec){0, pause_ns}, NULL);
        atomic_int begun = 0;
        times[i] = clock_monotonic_ns();
        assert_int_equal(parallel_for(context, 2, meet, &begun, NULL), BP_OK);
        times[i] = clock_monotonic_ns() - times[i];
    }
    qsort(times, 101, sizeof *times, compare_times);
    return times[50];
}

static void test_cost(void **state)
{
    bp_context *context = make_context("2");
    int64_t awake = median_job_ns(context, 0), asleep = median_job_ns(context, 1000000);

    print_message("a job of two pieces that meet: %.1f us with threads awake, %.1f us asleep\n", (double)awake / 1e3,
                  (double)asleep / 1e3);
    assert_true(awake < 200000000 && asleep < 200000000);
    context_free(context);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_piece_once),
        cmocka_unit_test(test_lowest_failure_wins),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_no_threads_to_be_had),
        cmocka_unit_test(test_signals_are_blocked_in_workers),
        cmocka_unit_test(test_poll_cancels),
        cmocka_unit_test(test_request_from_another_thread),
        cmocka_unit_test(test_deadline),
#if !defined(__SANITIZE_THREAD__) /* TSan does not follow a fork of a process with threads */
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_fork_inside_a_call),
#endif
        cmocka_unit_test(test_lock_after_fork),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_cost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
