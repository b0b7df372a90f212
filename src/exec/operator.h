/* Pipelines and their parts.
 *
 *   scan (io/source.h, or the result of an earlier pipeline) --batches--> operator --> operator … --> sink
 *
 * Each worker claims a morsel, pushes its batches through the chain, and tells the sink when the morsel is over; so whatever is kept per morsel
 * depends on the data alone. An operator may put out several batches for one (a join) or none (a filter). */
#ifndef EXEC_OPERATOR_H
#define EXEC_OPERATOR_H

#include "base/context.h"
#include "column/batch.h"
#include "io/source.h"
#include "plan/plan.h"

typedef struct operator operator;
typedef struct operator_worker operator_worker; /* one worker's state of one operator */
typedef struct sink sink;
typedef struct sink_worker sink_worker;

/* How a pipeline gets its scan when it starts, after all it depends on has finished: from a source, or from a finished sink. */
typedef bp_status (*scan_maker)(void *data, scan **out, bp_error *err);

/* Streaming operators ------------------------------------------------------------------------------------------------------------ */
typedef struct operator_class {
    const char *name;
    void (*free)(operator* self);
    MUST_USE bp_status (*worker_new)(operator_worker **out, operator* self, bp_error *err);
    void (*worker_free)(operator_worker *worker);
    /* Take `in` (valid until this operator has said it has no more for it) and put out a batch of any size up to 65,536 rows, perhaps empty.
     * *more, on entry: this call goes on with the same `in`; on return: call again
     * so (the caller may also not, and come with another `in`). The batch put out is valid until the worker's next call. */
    MUST_USE bp_status (*process)(operator* self, operator_worker *worker, const batch *in, batch *out, bool *more, bp_error *err);
    /* May be NULL. Asked when all that the pipeline depends on has run: an operator that cannot stream after all gives a sink for its input and the scan
     * of its output over that sink (*make_scan); *out is NULL when it can. */
    MUST_USE bp_status (*detour)(sink **out, operator* self, scan_maker *make_scan, bp_error *err);
} operator_class;

struct operator
{
    const operator_class *class;
    bp_context *context;
    plan_id node; /* it was lowered from, for the profile */
    schema output; /* types (names may be empty) */
    bool takes_large; /* batches larger than the setting batch_size says */
};

/* Sinks -------------------------------------------------------------------------------------------------------------------------- */
typedef struct sink_class {
    const char *name;
    void (*free)(sink *self);
    MUST_USE bp_status (*worker_new)(sink_worker **out, sink *self, bp_error *err);
    void (*worker_free)(sink_worker *worker);
    /* *enough: no further batch of this morsel is wanted. */
    MUST_USE bp_status (*consume)(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err);
    /* All batches of the morsel have come. *enough: the sink needs no morsel past those claimed so far (LIMIT). */
    MUST_USE bp_status (*morsel_end)(sink *self, sink_worker *worker, uint64_t morsel, bool *enough, bp_error *err);
    /* Once, on the calling thread, after the last morsel: may run parallel_for. `workers` are all workers' states. */
    MUST_USE bp_status (*finish)(sink *self, sink_worker **workers, size_t worker_count, bp_error *err);
    /* May be NULL. After finish(): bytes written to temporary files, and in how many parts (runs, partitions). */
    void (*spilled)(const sink *self, uint64_t *bytes, uint64_t *parts);
} sink_class;

struct sink {
    const sink_class *class;
    bp_context *context;
    plan_id node;
};

/* Pipelines ---------------------------------------------------------------------------------------------------------------------- */
typedef struct pipeline pipeline;

/* Rows put out and time spent below one plan node, summed over workers, and what its sinks wrote to temporary files. */
typedef struct profile_row {
    _Atomic uint64_t rows;
    _Atomic uint64_t nanoseconds;
    _Atomic uint64_t spilled_bytes, spilled_parts;
} profile_row;

struct pipeline {
    bp_context *context;
    scan_maker make_scan;
    void *make_scan_data;
    plan_id scan_node; /* what the scan was lowered from */
    operator** operators; /* owned, in the order of flow */
    size_t operator_count, operator_capacity;
    size_t first_operator; /* those before it took a detour: what they put out is what the scan reads */
    sink **detours; /* owned: of these */
    size_t detour_count, detour_capacity;
    sink *sink; /* owned; NULL: the last pipeline, whose batches are the result, or one that another pipeline's scan reads */
    profile_row *profile; /* one a plan node; NULL: not wanted */
    uint64_t stage, stage_count; /* its place among the pipelines of the query, for progress */
    bool done;
};

MUST_USE bp_status pipeline_new(pipeline **out, bp_context *context, bp_error *err);
void pipeline_free(pipeline *pipeline);
/* The operator is moved in, also on failure. */
MUST_USE bp_status pipeline_add(pipeline *pipeline, operator* operator, bp_error * err);
void operator_free(operator* operator);
void sink_free(sink *sink);

/* Its scan; operators that cannot stream take their detours first. Opened again, it is another scan of the same. */
MUST_USE bp_status pipeline_open(pipeline *pipeline, scan **out, bp_error *err);

/* A worker's chain: scan worker and operator workers, pulled batch by batch. */
typedef struct chain chain;
MUST_USE bp_status chain_new(chain **out, pipeline *pipeline, scan *scan, bp_error *err);
void chain_free(chain *chain);
/* Claim the next morsel; *end: there is none. */
MUST_USE bp_status chain_claim(chain *chain, uint64_t *morsel, bool *end, bp_error *err);
/* The claimed morsel's next batch behind the last operator; row_count 0: the morsel is over. */
MUST_USE bp_status chain_next(chain *chain, batch *out, bp_error *err);

/* Tell the context how far the query is: stages of equal weight, the present one as far as its scan. */
void pipeline_progress(const pipeline *pipeline, const scan *scan);

/* Run a pipeline with a sink to its end, with as many workers as pay; those whose results it reads have run. */
MUST_USE bp_status pipeline_run(pipeline *pipeline, bp_error *err);

#endif
