/* The clocks. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "macros.h"

/* Nanoseconds since some moment of the past; never goes back. For durations and deadlines. About 20 ns a call. */
int64_t clock_monotonic_ns(void);
/* The same to about 4 ms, at a third of the cost (8 ns): for looking often whether time has passed. */
int64_t clock_coarse_ns(void);
/* Nanoseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_ns(void);

#endif
