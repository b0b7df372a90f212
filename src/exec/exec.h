/* The makers of operators and sinks, for lower.c: one file each. Expressions name columns by position in the input; arrays are in the plan's
 * arena and outlive the operator. */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H

#include "column/table.h"
#include "expr/evaluate.h"
#include "operator.h"

/* A column of a scan whose values must be among key `key` of a join that has been built when the scan opens. */
typedef struct joined_column {
    const sink *build;
    uint32_t key;
    uint32_t position; /* among the scan's columns */
} joined_column;

/* streaming */
/* Rows on which the condition is true (0: any), and of these at least those that the joins can use. */
MUST_USE bp_status filter_new(operator** out, bp_context *context, const expr_pool *pool, expr_id condition,
                              const joined_column *joined, size_t joined_count, bp_error *err);
MUST_USE bp_status project_new(operator** out, bp_context *context, const expr_pool *pool, expr_id *exprs, size_t count,
                               bp_error *err);

/* INTERSECT and EXCEPT over rows that are followed by two BIGINT columns, how often the row is on the left and on the right: puts the row out as
 * often as the set operation says. */
MUST_USE bp_status set_rows_new(operator** out, bp_context *context, set_kind kind, bool all, bp_error *err);

/* Rows of columns followed by `list_count` lists: each row as often as its longest list has elements, with elements in place of lists (NULL from a
 * list's end on), then, with ordinality, the element's number from 1. outer: rows without elements come once. */
MUST_USE bp_status unnest_new(operator** out, bp_context *context, size_t list_count, bool ordinality, bool outer, bp_error *err);

/* The scan's filters restated for io where they can be, in the plan's arena. */
MUST_USE bp_status scan_filters_of(plan *plan, const plan_node *node, scan_request *request, bp_error *err);

/* collect: all rows in row order, kept as a table. With limit: rows offset … offset + limit - 1 only, and no more morsels than needed; with percent
 * (not negative) the limit is that part of all rows, rounded down.
 * collect_make_scan(sink) is the scan_maker over what was kept. */
MUST_USE bp_status collect_new(sink **out, bp_context *context, const schema *schema, uint64_t offset, uint64_t limit,
                               double percent, bp_error *err);
void collect_worker_free(sink_worker *worker); /* for sinks that collect through it */
/* Before it runs: its rows may go to a temporary file, and are then read through collect_make_scan() alone. */
void collect_allow_spill(sink *sink);
/* Before it runs: rows of tables that its batches come from are kept by reference (table_share_runs()). */
void collect_share_runs(sink *sink);
table *collect_table(sink *sink); /* after finish; borrowed */
table *collect_take(sink *sink); /* after finish; moved to the caller */
bp_status collect_make_scan(void *sink, scan **out, bp_error *err);
/* After finish, in place of the table: the run (borrowed) when rows were spilled, else NULL. */
struct spill_run *collect_run(sink *sink);
/* After finish: the table goes to a temporary file. */
MUST_USE bp_status collect_spill_result(sink *sink, bp_error *err);

/* For sinks that collect through it and spill in their own way: the rows collected so far, which are the caller's then, in row order. `worker` with its
 * present morsel; NULL: finished morsels only. */
typedef struct collected_rows {
    uint64_t morsel, first_row; /* counted within the morsel */
    table *rows;
} collected_rows;
typedef struct collected {
    memory *memory;
    collected_rows *parts;
    size_t count, capacity;
} collected;
MUST_USE bp_status collect_take_held(collected *out, sink *sink, sink_worker *worker, uint64_t morsel, bp_error *err);
void collected_clear(collected *held); /* a zeroed one is fine */

/* sort: rows in the order of the keys, ties by row order. */
typedef struct sort_spec {
    uint32_t column; /* position in the input */
    bool descending, nulls_first;
} sort_spec;
MUST_USE bp_status sort_all_new(sink **out, bp_context *context, const schema *schema, const sort_spec *keys, size_t key_count,
                                bp_error *err);
/* Before it runs: its rows may go to a temporary file, and are then read through sort_all_make_scan() alone. */
void sort_all_allow_spill(sink *sink);
bp_status sort_all_make_scan(void *sink, scan **out, bp_error *err);
table *sort_all_table(sink *sink); /* after finish; borrowed */
/* Rows offset … offset + limit - 1 of that order, without sorting the others; for limits up to TOP_N_LIMIT. */
#define TOP_N_LIMIT 100000
MUST_USE bp_status top_n_new(sink **out, bp_context *context, const schema *schema, const sort_spec *keys, size_t key_count,
                             uint64_t offset, uint64_t limit, bp_error *err);
bp_status top_n_make_scan(void *sink, scan **out, bp_error *err);

/* hash aggregation: the input's first group_count columns are the groups; then the aggregates' children in order (arguments, filter, order
 * keys). No groups: one row, also over no input. Groups come out in the order of their first row. */
typedef struct aggregate_spec {
    const aggregate_call *call;
    data_type result;
    uint32_t first; /* position of its first child in the input */
} aggregate_spec;
MUST_USE bp_status aggregate_new(sink **out, bp_context *context, const schema *input, size_t group_count,
                                 const aggregate_spec *aggregates, size_t aggregate_count, bp_error *err);
bp_status aggregate_make_scan(void *sink, scan **out, bp_error *err);

/* window functions: the input's first passed_count columns go on, behind them come the results, one a spec; rows stay in their order. */
typedef struct window_spec {
    const window_call *call;
    data_type result;
    const uint32_t *columns; /* positions of the call's children in the input */
} window_spec;
MUST_USE bp_status window_new(sink **out, bp_context *context, const schema *input, size_t passed_count, const window_spec *specs,
                              size_t spec_count, bp_error *err);
bp_status window_make_scan(void *sink, scan **out, bp_error *err);

/* hash join: the build sink takes the right side, its first key_count columns being the keys; the probe takes the left side likewise and puts
 * out left columns, then right columns, both without the keys. */
typedef struct join_spec {
    join_kind kind;
    size_t key_count;
    const bool *null_safe; /* key_count */
    const schema *left; /* with keys first */
    const schema *right; /* with keys first */
    const expr_pool *pool;
    expr_id residual; /* over left columns then right columns, both without keys; 0: none */
    size_t hidden_left; /* so many of the last left columns are not seen by the residual */
} join_spec;
MUST_USE bp_status join_build_new(sink **out, bp_context *context, const join_spec *spec, bp_error *err);
/* Before it runs: its rows may go to temporary files. Then what is probed does as well, and comes out in its order all the same. */
void join_build_allow_spill(sink *build);
/* Before it runs: the set of its values of a key is going to be wanted; and when it is finished, that set, or NULL: any value may be among them. */
void join_build_want_members(sink *build, size_t key);
const member_set *join_build_members(const sink *build, size_t key);
MUST_USE bp_status join_probe_new(operator** out, bp_context *context, const join_spec *spec, sink *build, bp_error *err);
/* After all probing. RIGHT and FULL: a scan over the build rows without a match, left columns NULL; RIGHT SEMI: over those with a match, RIGHT ANTI:
 * without one, right columns alone. */
bp_status join_right_make_scan(void *build, scan **out, bp_error *err);

/* scans */
MUST_USE bp_status dual_scan_new(scan **out, bp_context *context, bp_error *err); /* one row, no columns */
/* The rows of a table as a scan; with the table's chunks as they are now. */
MUST_USE bp_status table_scan_new(scan **out, bp_context *context, table *table, bp_error *err);
/* Rows offset … offset + limit - 1 of a run (borrowed), in the same morsels as those of a table of them. */
struct spill_run;
MUST_USE bp_status spill_scan_new(scan **out, bp_context *context, struct spill_run *run, size_t column_count, uint64_t offset,
                                  uint64_t limit, bp_error *err);
/* One after another: all rows of the first pipeline, then of the second; each has no sink. */
typedef struct pipeline_pair {
    bp_context *context;
    pipeline *parts[2];
    size_t depth; /* of unions in the parts, itself included */
} pipeline_pair;
bp_status union_make_scan(void *pair, scan **out, bp_error *err);

/* gather for all columns of a batch; the column array is in `arena`. */
MUST_USE bp_status batch_gather(batch *out, const batch *in, const uint32_t *selection, size_t count, arena *arena, bp_error *err);
#endif
