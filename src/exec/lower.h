/* Lowering: from the plan to pipelines. */
#ifndef EXEC_LOWER_H
#define EXEC_LOWER_H

#include "column/table.h"
#include "operator.h"

/* A table made while lowering (VALUES); in the plan's arena. */
typedef struct kept_table {
    bp_context *context;
    table *table;
    struct kept_table *next;
} kept_table;

typedef struct lowered {
    plan *plan;           /* borrowed */
    pipeline **pipelines; /* owned; those with a sink in the order in which they must run */
    size_t pipeline_count, pipeline_capacity;
    pipeline **streams;   /* owned; without a sink: read by a union's scan, or the result */
    size_t stream_count, stream_capacity;
    kept_table *tables;   /* owned */
    pipeline *result;     /* borrowed from streams: puts out the root's columns in order */
    profile_row *profile; /* one a plan node; NULL: not wanted */
} lowered;

MUST_USE bp_status lower_plan(lowered *out, plan *plan, bool profile, bp_error *err);
void lowered_clear(lowered *lowered);
/* All rows are going to be kept: the scan's batches may be as large as a table's chunks, which are then kept as they are. There must be nothing but the
 * scan, or, through_operators, only operators that take large batches. Whether it changed the scan. */
bool pipeline_widen_scan(pipeline *pipeline, bool through_operators);
/* Whether the open pipeline's scan, or one of a union below it, is of this source. */
bool pipeline_reads_source(const pipeline *pipeline, const source *source);

#endif
