/* Every test is also a test of running out: repeat a function with its 1st, 2nd, 3rd … allocation (or read, write, open) failing, once
 * and from then on, until it passes untouched. Each time the status must say so, and all memory must be back. See oom/README.md.
 *
 *     static bp_status read_it(void *data, bp_error *err) { … one whole life: make, use, free … }
 *     oom_run(context->memory, read_it, NULL, BP_OK);
 *     faults_run(context, read_it, NULL, BP_OK);
 *
 * Include after <cmocka.h>. In builds without BEDPLATE_CHECKS nothing fails, and each function runs twice. */
#ifndef TESTS_OOM_H
#define TESTS_OOM_H

#include "base/context.h"

#define OOM_MOST 200000 /* a function that still fails then never passes */

typedef bp_status (*oom_function)(void *data, bp_error *err);

/* A failure must be told in the returned status and in the error alike, in words. */
static inline void oom_check_told(bp_status status, const bp_error *err)
{
    if (!status) return;
    assert_int_equal(err->status, status);
    assert_true(strlen(err->message) > 0);
}

/* One run with a fault set. True: the fault struck. */
static inline bool oom_once(memory *memory, oom_function function, void *data, bp_status expected, uint64_t nth, bool from_then_on)
{
    size_t before = memory_used(memory);
    bp_error err = {.status = BP_OK};
    bp_status status;
    bool struck;

    memory_fail_at(memory, nth, from_then_on);
    status = function(data, &err);
    struck = memory_fault_seen(memory);
    memory_fail_at(memory, 0, false);
    if (memory_used(memory) != before)
        fail_msg("allocation %llu: %zu bytes in use before, %zu after", (unsigned long long)nth, before, memory_used(memory));
    /* A function may also get by without what it was refused (a cache, a thread): then it must be right. */
    if (status != expected && !(struck && (status == BP_NO_MEMORY || status == BP_OVER_BUDGET)))
        fail_msg("allocation %llu: status %d (%s), expected %d", (unsigned long long)nth, status, err.message, expected);
    oom_check_told(status, &err);
    return struck;
}

static inline void oom_run(memory *memory, oom_function function, void *data, bp_status expected)
{
    for (int mode = 0; mode < 2; mode++) {
        uint64_t nth = 1;
        while (oom_once(memory, function, data, expected, nth, mode == 1)) {
            assert_true(nth < OOM_MOST);
            nth++;
        }
    }
}

/* The same for one call of the system. An effect that must not be noticed (EINTR, short reads and writes) is one where `expected` has to
 * come out; others may also end in BP_IO_ERROR. */
static inline void fault_run(struct bp_context *context, fault_point point, fault_effect effect, oom_function function, void *data,
                             bp_status expected)
{
    bool harmless = effect == FAULT_INTERRUPT || effect == FAULT_SHORT;

    for (int mode = 0; mode < 2; mode++) {
        bool struck = true;
        for (uint64_t nth = 1; struck; nth++) {
            size_t before = memory_used(context->memory);
            bp_error err = {.status = BP_OK};
            bp_status status;

            assert_true(nth < OOM_MOST);
            fault_at(context, point, nth, effect, mode == 1);
            status = function(data, &err);
            struck = fault_seen(context, point);
            fault_clear(context);
            assert_int_equal(memory_used(context->memory), before);
            if (status != expected && (harmless || !struck || status != BP_IO_ERROR))
                fail_msg("point %d, effect %d, call %llu: status %d (%s)", point, effect, (unsigned long long)nth, status,
                         err.message);
            oom_check_told(status, &err);
        }
    }
}

/* All effects that files can have. A file that ends early is noticed by file_read_at() alone, so END is not among them. */
static inline void faults_run(struct bp_context *context, oom_function function, void *data, bp_status expected)
{
    static const fault_point points[] = {FAULT_OPEN, FAULT_READ, FAULT_WRITE, FAULT_SYNC, FAULT_RENAME};

    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        fault_run(context, points[i], FAULT_FAIL, function, data, expected);
        if (points[i] == FAULT_RENAME) continue;
        fault_run(context, points[i], FAULT_INTERRUPT, function, data, expected);
        if (points[i] == FAULT_WRITE) fault_run(context, points[i], FAULT_NO_SPACE, function, data, expected);
        if (points[i] == FAULT_READ || points[i] == FAULT_WRITE)
            fault_run(context, points[i], FAULT_SHORT, function, data, expected);
    }
}

#endif
