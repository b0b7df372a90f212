/* A running recursion: lower_step.c makes its rounds, recursive.c hands out their rows. */
#ifndef EXEC_RECURSIVE_H
#define EXEC_RECURSIVE_H

#include "exec.h"

typedef struct recursion {
    plan *plan;
    plan_id step;
    uint32_t number; /* of its WORKING nodes */
    bool distinct; /* UNION: each row once */
    const schema *types;
    sink *base; /* a collect sink with the first rows */
    sink *const *kept; /* what has been lowered around it; one a node */
    profile_row *profile;
} recursion;

typedef struct step step;
MUST_USE bp_status recursion_step_new(step **out, recursion *recursion, bp_error *err);
void recursion_step_free(step *step); /* NULL is fine */
/* The step's rows over those of the last round. The table is the caller's. */
MUST_USE bp_status recursion_round(step *step, table *working, table **out, bp_error *err);

/* A scan_maker: the base's rows, then each round's, as they are wanted. */
bp_status recursion_make_scan(void *recursion, scan **out, bp_error *err);

#endif
