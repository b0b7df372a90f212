/* The generation: a handler of pthread_atfork that only adds one, so nothing can hang or fail between fork() and the child's code. */
#include "fork.h"

#include <pthread.h>
#include <stdatomic.h>

static _Atomic uint64_t generation;
static pthread_once_t watching = PTHREAD_ONCE_INIT;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void watch(void)
{
    (void)pthread_atfork(NULL, NULL, count_fork); /* fails without memory alone: then a child is not noticed */
}

uint64_t fork_generation(void)
{
    pthread_once(&watching, watch);
    return atomic_load_explicit(&generation, memory_order_relaxed);
}
