/* The evaluator: runs expressions over batches. One evaluator per worker; buffers are made once and reused for each batch.
 *
 * Common subexpressions of the roots are computed once per batch. NULLs, constants and dictionaries are dealt with here, so that kernels see
 * FLAT or CONSTANT arguments and need not look at validity. CASE, AND, OR, COALESCE evaluate their later children on the rows left only, so an
 * excluded row raises nothing. */
#ifndef EXPR_EVALUATE_H
#define EXPR_EVALUATE_H

#include "base/context.h"
#include "expr.h"

typedef struct evaluator evaluator;

/* COLUMN nodes hold positions in the input batch. The pool must outlive the evaluator and not change while evaluators run. */
MUST_USE bp_status evaluator_new(evaluator **out, bp_context *context, const expr_pool *pool, const expr_id *roots,
                                 size_t root_count, bp_error *err);
void evaluator_free(evaluator *evaluator);

/* out[i] = root i over the batch: length batch->row_count, any encoding; columns taken through are views of the input. Valid until the next run.
 * err->position is the failing node's byte in the SQL text where known. */
MUST_USE bp_status evaluator_run(evaluator *evaluator, const batch *in, column *out, bp_error *err);

/* Root 0 is BOOLEAN: the rows where it is true, rising. *selection is the evaluator's, valid until its next run; NULL when all rows pass. */
MUST_USE bp_status evaluator_filter(evaluator *evaluator, const batch *in, const uint32_t **selection, size_t *count,
                                    bp_error *err);

#endif
