/* Scans of sources, with filters that are known when they open: the keys of joins that have been built by then. */
#ifndef EXEC_SOURCE_SCAN_H
#define EXEC_SOURCE_SCAN_H

#include "exec.h"

typedef struct source_scan {
    source *source;
    scan_request request;
    scan_filter *filters; /* the request's, with room behind them for those of joins; NULL without joins */
    const joined_column *joined;
    size_t joined_count;
} source_scan;

/* Of a SCAN node, in the plan's arena; `builds` are the joins' build sides by node. */
MUST_USE bp_status source_scan_new(source_scan **out, plan *plan, const plan_node *node, sink *const *builds, bp_error *err);
/* The scan_maker. */
bp_status source_scan_open(void *source_scan, scan **out, bp_error *err);

#endif
