/* Cancellation. The state is the only word that several threads write; deadline and poll function are set before a call starts. */
#include "cancel.h"

#include <pthread.h>
#include <string.h>

#include "clock.h"

#define POLL_INTERVAL_NS 20000000
#define COPY_STEP ((size_t)4 << 20)

void cancel_init(cancel *cancel)
{
    memset(cancel, 0, sizeof *cancel);
    atomic_init(&cancel->state, CANCEL_IDLE);
}

static uint64_t this_thread(void)
{
    return (uint64_t)pthread_self();
}

/* The coarse clock lags by up to 4 ms; the deadline is exact by the other. */
bool cancel_begin(cancel *cancel, int64_t timeout_ns)
{
    int expected = CANCEL_IDLE;
    int64_t now = clock_monotonic_ns(), since = cancel->shared_since_ns ? cancel->shared_since_ns : now;

    /* What a request could reach begins with this exchange; the fields below are read by this call's threads only. */
    if (!atomic_compare_exchange_strong(&cancel->state, &expected, CANCEL_RUNNING)) return false;
    cancel->timeout_ns = timeout_ns > 0 ? timeout_ns : 0;
    if (timeout_ns <= 0 || ckd_add(&cancel->deadline_ns, since, timeout_ns)) cancel->deadline_ns = 0;
    cancel->owner_thread = this_thread();
    /* not set anew by every call: many short ones in a row, as when rows are fetched, must be interrupted too */
    if (!cancel->next_poll_ns) cancel->next_poll_ns = now + POLL_INTERVAL_NS;
    atomic_store_explicit(&cancel->progress, 0, memory_order_relaxed);
    atomic_store_explicit(&cancel->total_work, 0, memory_order_relaxed);
    return true;
}

void cancel_end(cancel *cancel)
{
    atomic_store(&cancel->state, CANCEL_IDLE);
}

void cancel_share_timeout(cancel *cancel, bool shared)
{
    cancel->shared_since_ns = shared ? clock_monotonic_ns() : 0;
}

/* The first reason stays. */
static void stop_for(cancel *cancel, bp_status why)
{
    int expected = CANCEL_RUNNING;

    atomic_compare_exchange_strong(&cancel->state, &expected, (int)why);
}

void cancel_request(cancel *cancel)
{
    stop_for(cancel, BP_CANCELLED);
}

static bp_status report(const cancel *cancel, int state, bp_error *err)
{
    if (state <= 0) return BP_OK;
    if (state == BP_TIMEOUT)
        return error_set(err, BP_TIMEOUT, "the time limit of %lld ms has passed; raise the setting timeout to wait longer",
                         (long long)(cancel->timeout_ns / 1000000));
    return error_set(err, (bp_status)state, "cancelled");
}

bp_status cancel_look(cancel *cancel, bp_error *err)
{
    int state = atomic_load_explicit(&cancel->state, memory_order_relaxed);
    int64_t now;

    if (state != CANCEL_RUNNING) return report(cancel, state, err);
    now = clock_coarse_ns();
    if (cancel->deadline_ns && now >= cancel->deadline_ns) stop_for(cancel, BP_TIMEOUT);
    if (cancel->poll && cancel->owner_thread == this_thread() && now >= cancel->next_poll_ns) {
        cancel->next_poll_ns = now + POLL_INTERVAL_NS;
        if (cancel->poll(cancel->poll_data)) stop_for(cancel, BP_CANCELLED);
    }
    return report(cancel, atomic_load_explicit(&cancel->state, memory_order_relaxed), err);
}

bp_status cancel_check(cancel *cancel, bp_error *err)
{
    int state = atomic_load_explicit(&cancel->state, memory_order_relaxed);

    if (LIKELY(state == CANCEL_IDLE || (state == CANCEL_RUNNING && !cancel->deadline_ns && !cancel->poll))) return BP_OK;
    return cancel_look(cancel, err);
}

bp_status cancel_check_of(const memory *account, bp_error *err)
{
    cancel *cancel = memory_cancel(account);

    return cancel ? cancel_check(cancel, err) : BP_OK;
}

bp_status cancel_copy(const memory *account, void *to, const void *from, size_t size, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t done = 0, step; done < size && !status; done += step) {
        step = size - done < COPY_STEP ? size - done : COPY_STEP;
        memcpy((char *)to + done, (const char *)from + done, step);
        if (step == COPY_STEP) status = cancel_check_of(account, err);
    }
    return status;
}
