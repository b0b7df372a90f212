/* Fault injection: each point counts down in the context, so tests that run at once in different contexts do not meet. */
#include "fault.h"

#include <errno.h>

#include "context.h"

#ifdef BEDPLATE_CHECKS
void fault_at(bp_context *context, fault_point point, uint64_t nth, fault_effect effect, bool from_then_on)
{
    atomic_store(&context->faults.points[point].effect, (int)effect);
    atomic_store(&context->faults.points[point].from_then_on, from_then_on);
    atomic_store(&context->faults.points[point].seen, false);
    atomic_store(&context->faults.points[point].countdown, nth);
}

bool fault_seen(const bp_context *context, fault_point point)
{
    return atomic_load(&context->faults.points[point].seen);
}

static int error_number(fault_point point, fault_effect effect)
{
    if (effect == FAULT_INTERRUPT) return EINTR;
    if (effect == FAULT_NO_SPACE) return ENOSPC;
    if (point == FAULT_THREAD_START) return EAGAIN;
    return point == FAULT_OPEN ? EACCES : EIO;
}

fault_effect fault_strikes(bp_context *context, fault_point point)
{
    fault_effect effect = (fault_effect)atomic_load(&context->faults.points[point].effect);
    uint64_t left = atomic_load(&context->faults.points[point].countdown), next;
    uint64_t again = effect == FAULT_INTERRUPT ? 2 : 1; /* a call that is always interrupted would never end */

    do {
        if (!left) return FAULT_NONE;
        next = left > 1 ? left - 1 : atomic_load(&context->faults.points[point].from_then_on) ? again : 0;
    } while (!atomic_compare_exchange_weak(&context->faults.points[point].countdown, &left, next));
    if (left > 1) return FAULT_NONE;
    atomic_store(&context->faults.points[point].seen, true);
    errno = error_number(point, effect);
    return effect;
}
#else
void fault_at(bp_context *context, fault_point point, uint64_t nth, fault_effect effect, bool from_then_on)
{
    (void)context, (void)point, (void)nth, (void)effect, (void)from_then_on;
}

bool fault_seen(const bp_context *context, fault_point point)
{
    (void)context, (void)point;
    return false;
}

fault_effect fault_strikes(bp_context *context, fault_point point)
{
    (void)context, (void)point;
    return FAULT_NONE;
}
#endif

void fault_clear(bp_context *context)
{
    for (int point = 0; point < FAULT_POINT_COUNT; point++) fault_at(context, (fault_point)point, 0, FAULT_NONE, false);
}
