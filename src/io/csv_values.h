/* Many fields of a column as values at once: the common forms of numbers and dates, 4 or 8 fields a register.
 *
 * The same forms as in csv_fast.h, but fewer of them: what a kernel does not take, the loops of csv_column.c take one by one, so that both ways
 * must only agree on the values. Levels: AVX2, AVX-512 (x86/csv_values_*.c, which share x86/csv_lanes.h); there is no plain one. */
#ifndef IO_CSV_VALUES_H
#define IO_CSV_VALUES_H

#include "io/csv_internal.h"

#define CSV_VALUES_AT_ONCE 64

/* The fields of rows [row, row + count), at most CSV_VALUES_AT_ONCE, into parse->values. Bit i of the answer: row + i has no value yet. */
typedef uint64_t csv_values_function(const csv_parse *parse, size_t row, size_t count);

typedef struct csv_values_kernels {
    csv_values_function *int64; /* -?[0-9]{1,15} and 16 digits without a sign */
    csv_values_function *float64; /* the same with a point among the last 8 bytes */
    csv_values_function *decimal64; /* the same with exactly the column's scale of digits behind the point */
    csv_values_function *date; /* YYYY-MM-DD, but for 29 February */
} csv_values_kernels;

extern const csv_values_kernels csv_values_avx2, csv_values_avx512;

#endif
