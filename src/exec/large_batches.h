/* Whether expressions can be given large batches. */
#ifndef EXEC_LARGE_BATCHES_H
#define EXEC_LARGE_BATCHES_H

#include "expr/expr.h"

/* Yes when what they make and read is of fixed width, so that neither its memory nor the time until the next look at cancel grows with more than the rows. */
MUST_USE bp_status takes_large_batches(bool *out, const expr_pool *pool, const expr_id *exprs, size_t count, bp_error *err);

#endif
