/* The numbers of range() and generate_series() as a table of one BIGINT column, made as they are read. */
#ifndef IO_RANGE_SOURCE_H
#define IO_RANGE_SOURCE_H

#include "io/source.h"

/* begin, begin + step, … while before end (inclusive: or at it); step is not 0. The column has `name`, a static text. */
MUST_USE bp_status range_source_new(source **out, bp_context *context, const char *name, int64_t begin, int64_t end, int64_t step,
                                    bool inclusive, bp_error *err);

#endif
