/* Segment tree: the states of an aggregate over runs of rows, so that the state of any run of rows is combined from few of them.
 *
 *   level 1   state 0: rows 0 … 15    state 1: rows 16 … 31   …
 *   level 2   state 0: rows 0 … 255   …                          and so on, until a level has at most 16 states
 *
 * Its shape depends on the number of rows alone, and the parts of a run are combined from its first row to its last: the same bits for any number of
 * threads, and aggregates that mind the order (list, string_agg, first) get theirs. */
#ifndef EXEC_SEGMENT_TREE_H
#define EXEC_SEGMENT_TREE_H

#include "base/context.h"
#include "expr/aggregate.h"

#define SEGMENT_FANOUT 16
#define SEGMENT_LEVELS 8 /* 16^8 rows are more than there can be */

/* The rows that an aggregate may see: arguments with NULLs and what FILTER says. */
typedef struct segment_rows {
    const column *arguments; /* FLAT or CONSTANT */
    size_t argument_count;
    const uint32_t *selected; /* rows that count, rising */
    const uint32_t *before; /* how many of them come before each row, then all of them; NULL: all rows count, selected[i] is i */
} segment_rows;

typedef struct segment_tree {
    const aggregate_overload *function;
    aggregate_state_call call; /* whose arena the tree's states use */
    size_t stride;
    const segment_rows *rows;
    size_t first, row_count; /* its rows are first … first + row_count - 1 of `rows` */
    char *levels[SEGMENT_LEVELS]; /* levels[0]: level 1 */
    size_t counts[SEGMENT_LEVELS];
    size_t level_count;
} segment_tree;

/* States in `arena`, which lives as long as the tree and all states made from it. */
MUST_USE bp_status segment_tree_init(segment_tree *tree, bp_context *context, const aggregate_call *call, const segment_rows *rows,
                                     size_t first, size_t row_count, arena *arena, bp_error *err);
/* Add the rows [begin, end), counted as in `rows`, to the state, which has been initialised; what it needs it takes from the call's arena. */
MUST_USE bp_status segment_tree_add(const segment_tree *tree, size_t begin, size_t end, const aggregate_state_call *call,
                                    char *state, bp_error *err);
/* Bytes from one state of this function to the next. */
size_t segment_stride(const aggregate_overload *function);

#endif
