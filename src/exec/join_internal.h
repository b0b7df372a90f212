/* Hash join, shared by its files: join_build.c (the right side), join_probe.c (the left side). */
#ifndef EXEC_JOIN_INTERNAL_H
#define EXEC_JOIN_INTERNAL_H

#include "exec.h"
#include "group_table.h"
#include "join_payload.h"
#include "join_table.h"

/* The build side, after finish: rows are numbered in row order.
 *
 *   key --numbers or groups--> group --starts--> order[starts[group] … starts[group + 1]) = rows of that key, in row order
 *
 * When every key occurs once, or only whether it occurs is asked (SEMI, ANTI, MARK, EXISTS without a residual), there are no starts: order[group] is its row
 * (JOIN_NO_GROUP: none), or the group is, without order. No keys (CROSS): every row matches. */
typedef struct join_build {
    sink base;
    join_spec spec;
    sink *rows; /* a COLLECT of the right side */
    key_layout keys;
    arena arena;
    bool by_number;       /* one key, a number: found by `numbers`, else by `groups` */
    join_table numbers;
    group_table groups;
    join_payload payload; /* the right columns without keys */
    size_t row_count;
    uint32_t *starts;     /* groups.count + 1; NULL: unique keys */
    uint32_t *order;      /* row numbers; unique keys: order[group] is the row; NULL: the group itself is */
    bool is_empty;        /* there is no right row: neither here nor, of a partition of a spilled join, in the others */
    bool has_null_key;    /* some row's key holds a NULL that matches nothing */
    uint64_t null_mask;   /* key columns whose NULLs match nothing */
    bool *wants_members;  /* of a key: scans ask for the set of its values */
    member_set *members;  /* of each key */
    _Atomic uint64_t *matched; /* RIGHT, FULL, RIGHT SEMI, RIGHT ANTI: bits of rows that found a partner */
    bool may_spill;
    mutex lock;           /* of the making of `spill` */
    struct join_spill *spill; /* the rows are in temporary files, and nothing else is made here: join_spill.h */
    _Atomic size_t held_rows, held_bytes; /* collected since rows were written last: about */
} join_build;

/* The directory of the rows by their keys: once, when `row_count` is known. There are keys. */
MUST_USE bp_status join_index_keys(join_build *build, const table *rows, bp_error *err);

/* Rows of a packed key that must not match for their NULLs. A join has at most 64 keys. */
static inline bool join_key_is_null(const join_build *build, const char *row)
{
    bool any = false;

    for (uint64_t left = build->null_mask; left; left &= left - 1)
        any |= key_is_null(&build->keys, row, (size_t)__builtin_ctzll(left));
    return any;
}

#endif
