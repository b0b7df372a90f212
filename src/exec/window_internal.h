/* Windows, shared by their files: window.c (the sink), window_spill.c (beyond memory), window_frames.c (which rows a row's frame has), window_value.c (ranks, and values of other rows),
 * window_aggregate.c and window_distinct.c (aggregates).
 *
 * A place is a row's number in a sort order (row_order.h). A partition is a run of places; a task is a run of whole partitions of about TASK_ROWS rows,
 * cut by the data alone, and what one thread takes at a time. */
#ifndef EXEC_WINDOW_INTERNAL_H
#define EXEC_WINDOW_INTERNAL_H

#include "exec.h"
#include "row_order.h"

#define WINDOW_NO_VALUE UINT32_MAX
#define WINDOW_BLOCK_ROWS 2048

/* Results that do not fit in memory: a sorted run of each hash partition (sort_internal.h), by place in the input. */
typedef struct window_spilled {
    struct spill_run **runs;
    size_t count;
    struct spill_file *file;
} window_spilled;

typedef struct window_sink {
    sink base;
    const schema *schema; /* of the input */
    size_t passed_count;
    const window_spec *specs;
    size_t spec_count;
    sink *rows; /* a COLLECT */
    schema output;
    arena arena; /* the schema's */
    table *result; /* or … */
    window_spilled spilled;
} window_sink;

/* All calls over the rows (moved in), which have whole partitions: passed columns and results, in the rows' order. */
MUST_USE bp_status window_evaluate(const window_sink *window, table *rows, table **out, bp_error *err);

/* window_spill.c: whether all calls have a PARTITION BY key in common; then, after COLLECT has spilled, each hash partition is evaluated by itself. */
bool window_can_spill(const window_sink *window);
MUST_USE bp_status window_evaluate_spilled(window_sink *window, bp_error *err);
MUST_USE bp_status window_spilled_scan(window_sink *window, scan **out, bp_error *err);
void window_spilled_clear(window_spilled *spilled, bp_context *context);

/* Windows with the same PARTITION BY and ORDER BY share it. */
typedef struct window_sort {
    row_order order;
    uint32_t *partitions; /* where they begin, then the number of rows */
    size_t partition_count;
    uint32_t *tasks; /* their first partitions, then the number of partitions */
    size_t task_count;
    uint32_t *place_of; /* row -> place */
} window_sort;

/* One call being evaluated. */
typedef struct window_work {
    bp_context *context;
    const schema *schema;
    const batch *all; /* the input; only columns that calls use are there, FLAT */
    const window_sort *sort;
    const window_spec *spec;
    arena *arena; /* for the result; of the calling thread */
} window_work;

/* What a row gets: values[places[row]]; NULL for WINDOW_NO_VALUE; places NULL: values[row]. */
typedef struct window_result {
    column values; /* FLAT */
    const uint32_t *places;
    arena *arenas; /* what the values' texts and elements are in, to be cleared after use */
    size_t arena_count;
} window_result;

static inline const column *window_child(const window_work *work, size_t child)
{
    return &work->all->columns[work->spec->columns[child]];
}

MUST_USE bp_status window_rank(window_result *out, const window_work *work, bp_error *err);
MUST_USE bp_status window_value(window_result *out, const window_work *work, bp_error *err);
MUST_USE bp_status window_aggregate(window_result *out, const window_work *work, bp_error *err);

/* The number that all rows of a BIGINT column have; false: they differ. Looking at each row's own would miss the cache each time. */
bool window_fixed_number(const column *numbers, int64_t *out);

/* Run `function` over all tasks: its piece is the task. */
static inline bp_status window_tasks(const window_work *work, parallel_function function, void *data, bp_error *err)
{
    return parallel_for(work->context, work->sort->task_count, function, data, err);
}

/* frames ----------------------------------------------------------------------------------------------------------------------------- */
/* RANGE with an offset: keys and bounding values as bytes whose order is that of the sort. */
typedef struct range_bound {
    char *keys, *values; /* a row's */
    size_t width;
    const uint64_t *valid_keys, *valid_values; /* NULL: all */
} range_bound;

typedef struct window_frames {
    const window_work *work;
    window_frame frame;
    const column *offsets[2]; /* of start and end: ROWS, GROUPS; NULL: none */
    int64_t fixed[2]; /* the offset that all rows have; negative: see offsets */
    range_bound ranges[2];
} window_frames;

typedef struct window_span {
    size_t begin, end; /* places */
} window_span;

/* Goes through the places of a partition, rising. */
typedef struct frame_cursor {
    const window_frames *frames;
    arena arena; /* of the partition */
    size_t begin, end; /* the partition */
    size_t peers_begin, peers_end; /* of the place asked last */
    uint32_t *groups; /* GROUPS: where each begins, then the partition's end */
    size_t group_count, groups_seen;
    size_t valid_begin, valid_end; /* RANGE with an offset: the places whose key is not NULL */
    size_t near[2]; /* where the last bounds were */
    window_span spans[3]; /* the frame of the place asked last … */
    size_t span_count; /* … without empty ones */
} frame_cursor;

MUST_USE bp_status window_frames_init(window_frames *frames, const window_work *work, bp_error *err);
void window_frames_clear(window_frames *frames);
void frame_cursor_init(frame_cursor *cursor, const window_frames *frames);
void frame_cursor_clear(frame_cursor *cursor);
MUST_USE bp_status frame_cursor_enter(frame_cursor *cursor, size_t partition, bp_error *err);
MUST_USE bp_status frame_cursor_at(frame_cursor *cursor, size_t place, bp_error *err);

/* The frame is the whole partition, whatever the row. */
bool window_frame_is_whole(const window_call *call);
/* From the partition's first row to the row itself or its last peer, nothing left out. */
bool window_frame_is_running(const window_call *call);

/* DISTINCT ------------------------------------------------------------------------------------------------------------------------------- */
/* What tells equal arguments apart and orders them, for aggregates with DISTINCT or ORDER BY. */
typedef struct argument_order {
    memory *memory;
    size_t row_count;
    uint32_t *
        classes; /* a row's: equal arguments within a partition have the same, a partition's are side by side; NULL: not DISTINCT */
    uint32_t *ranks; /* a row's by the aggregate's ORDER BY; NULL: none */
} argument_order;

MUST_USE bp_status argument_order_init(argument_order *out, const window_work *work, bool distinct, bool ordered, bp_error *err);
void argument_order_clear(argument_order *order);
/* Places of a partition, rising: those whose arguments came before go, the rest is put in order. Returns how many are left. `marks` has a number a row of
 * the partition, none of them `mark`; scratch has room for `count`. */
size_t argument_order_apply(const argument_order *order, const uint32_t *rows, uint32_t *places, size_t count, uint32_t first_class,
                            uint32_t *marks, uint32_t mark, uint64_t *scratch);
/* The least class of the rows at places [begin, end). */
uint32_t argument_order_first(const argument_order *order, const uint32_t *rows, size_t begin, size_t end);

#endif
