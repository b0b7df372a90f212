/* Casts among BOOLEAN, integers, floats, decimals and times. (Text is expr's.) Failing rows as in arithmetic.h.
 *
 *   float -> integer   half to even; NaN and what does not fit fails       float64 -> float32, float16   past the largest finite one fails
 *   decimal -> …       half away from zero                                 number -> BOOLEAN             not zero (NaN is true) */
#ifndef COMPUTE_CAST_H
#define COMPUTE_CAST_H

#include "base/temporal.h"
#include "kernel.h"

/* From and to BIT, all integers, FLOAT16, FLOAT32, FLOAT64. */
MUST_USE size_t cast_number(void *out, physical_type to, const void *in, physical_type from, const uint64_t *validity, size_t rows,
                            uint64_t *failed);

/* A decimal's type: INT64 or INT128, digits <= 38, scale 0 … digits. */
typedef struct decimal_shape {
    physical_type type;
    unsigned digits, scale;
} decimal_shape;

MUST_USE size_t cast_decimal(void *out, decimal_shape to, const void *in, decimal_shape from, const uint64_t *validity, size_t rows,
                             uint64_t *failed);
/* `from`, `to` as in cast_number(). */
MUST_USE size_t cast_to_decimal(void *out, decimal_shape to, const void *in, physical_type from, const uint64_t *validity,
                                size_t rows, uint64_t *failed);
MUST_USE size_t cast_from_decimal(void *out, physical_type to, const void *in, decimal_shape from, const uint64_t *validity,
                                  size_t rows, uint64_t *failed);

/* int64 timestamps, times, durations: finer units checked, coarser ones rounded down; the two infinities stay. */
MUST_USE size_t cast_time_unit(int64_t *out, time_unit to, const int64_t *in, time_unit from, const uint64_t *validity, size_t rows,
                               uint64_t *failed);
MUST_USE size_t cast_date_to_timestamp(int64_t *out, time_unit unit, const int32_t *in, const uint64_t *validity, size_t rows,
                                       uint64_t *failed);
MUST_USE size_t cast_timestamp_to_date(int32_t *out, const int64_t *in, time_unit unit, const uint64_t *validity, size_t rows,
                                       uint64_t *failed);

/* Half precision, round to nearest even; infinity past 65504 + half a step. */
uint16_t cast_float16_of(double value);

#endif
