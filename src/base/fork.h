/* How code finds out that it runs in a child of fork(), where only the forking thread lives on. */
#ifndef BASE_FORK_H
#define BASE_FORK_H

#include "macros.h"

/* Rises by one in each child. Watching begins with the first call. */
uint64_t fork_generation(void);

#endif
