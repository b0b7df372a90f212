/* Shared libraries opened at run time, by name: BLAS and LAPACK for learn. */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include "error.h"

typedef struct library {
    void *handle; /* NULL: not open */
} library;

/* Open the first of names[0..count) that loads ("libopenblas.so.0", or a path); symbols stay local. BP_NOT_FOUND: none; the message
 * names them all and the loader's reason for the last. */
MUST_USE bp_status library_open(library *out, const char *const *names, size_t count, bp_error *err);
/* A function of it; NULL: it has none of that name. */
typedef void (*library_function)(void);
library_function library_find(const library *library, const char *name);
void library_close(library *library); /* a zeroed one is fine */

#endif
