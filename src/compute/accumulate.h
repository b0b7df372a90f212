/* Sums, minima, maxima and counts of slices with validity, into states that go on from slice to slice.
 *
 * Same bits for every CPU level and every split of the rows: integer sums are exact in 128 bits; a float sum runs over 8 lanes, row r of all
 * rows so far (NULLs count) in lane r % 8, added up in one fixed order at the end; float minima and maxima give 0.0 for both zeros and one NaN.
 * NaN is the greatest. */
#ifndef COMPUTE_ACCUMULATE_H
#define COMPUTE_ACCUMULATE_H

#include "kernel.h"

/* All zero: nothing yet. */
typedef struct integer_sum {
    int128 sum;      /* of INT128 and UINT128 values: modulo 2^128 with … */
    int64_t carries; /* … the words above: the total fits int128 when this is the sign of `sum` repeated */
    uint64_t count;
} integer_sum;

typedef struct float_sum {
    double lanes[8];
    uint64_t position; /* rows so far */
    uint64_t count;    /* with a value */
} float_sum;

/* count 0: no value yet. Integers are kept in `integer` (uint128 as its bits), floats in `real`. */
typedef struct extreme {
    uint64_t count;
    union {
        int128 integer;
        double real;
    };
} extreme;

/* Integers of all widths; BIT counts as 0 and 1. */
void accumulate_integer_sum(integer_sum *state, physical_type type, const void *values, const uint64_t *validity, size_t rows);
/* FLOAT16, FLOAT32, FLOAT64. */
void accumulate_float_sum(float_sum *state, physical_type type, const void *values, const uint64_t *validity, size_t rows);
/* Integers and floats. */
void accumulate_min(extreme *state, physical_type type, const void *values, const uint64_t *validity, size_t rows);
void accumulate_max(extreme *state, physical_type type, const void *values, const uint64_t *validity, size_t rows);
uint64_t accumulate_count(const uint64_t *validity, size_t rows);

void accumulate_integer_combine(integer_sum *into, const integer_sum *from);
/* False: the total does not fit int128. */
MUST_USE bool accumulate_integer_result(const integer_sum *state, int128 *out);
double accumulate_float_result(const float_sum *state);

/* By groups: state of row i is at states + groups[i] * stride. Rows are taken in order. */
typedef struct group_integer { /* sum modulo 2^128, and how often it passed the ends */
    int128 sum;
    int64_t carries;
    uint64_t count;
} group_integer;
typedef struct group_float {
    double sum; /* in row order */
    uint64_t count;
} group_float;

void accumulate_groups_count(void *states, size_t stride, const uint32_t *groups, const uint64_t *validity,
                             size_t rows); /* uint64_t */
void accumulate_groups_integer(void *states, size_t stride, const uint32_t *groups, physical_type type, const void *values,
                               const uint64_t *validity, size_t rows); /* group_integer */
void accumulate_groups_float(void *states, size_t stride, const uint32_t *groups, physical_type type, const void *values,
                             const uint64_t *validity, size_t rows); /* group_float */
void accumulate_groups_min(void *states, size_t stride, const uint32_t *groups, physical_type type, const void *values,
                           const uint64_t *validity, size_t rows); /* extreme */
void accumulate_groups_max(void *states, size_t stride, const uint32_t *groups, physical_type type, const void *values,
                           const uint64_t *validity, size_t rows); /* extreme */

#endif
