/* Window calls: what an EXPR_WINDOW node carries, and the table of functions that exist in windows alone. Every aggregate is a window function too.
 *
 * The node's children are, in this order, so that walks, rewrites and remaps reach all of them:
 *
 *   an aggregate's own (arguments, FILTER, ORDER BY keys), or the function's arguments
 *   PARTITION BY keys
 *   ORDER BY keys
 *   the frame's start: ROWS and GROUPS: how far (BIGINT); RANGE: the ORDER BY key and the value that bounds it, both of one type
 *   the frame's end, likewise */
#ifndef EXPR_WINDOW_CALL_H
#define EXPR_WINDOW_CALL_H

#include "aggregate.h"
#include "expr.h"

typedef enum window_kind {
    WINDOW_AGGREGATE,
#define WINDOW_FUNCTION(name, kind, arguments, description) WINDOW_##kind,
#define WINDOW_OTHER_NAME(name, kind, arguments, description)
#include "windows.def"
#undef WINDOW_FUNCTION
#undef WINDOW_OTHER_NAME
} window_kind;

typedef struct window_function {
    const char *name;
    uint8_t kind; /* window_kind */
    const char *arguments; /* "ANY, BIGINT": the first is needed, "[" begins those that are not */
    const char *description;
} window_function;

typedef enum window_unit { WINDOW_ROWS, WINDOW_RANGE, WINDOW_GROUPS } window_unit;
typedef enum window_bound {
    WINDOW_UNBOUNDED_PRECEDING,
    WINDOW_PRECEDING,
    WINDOW_CURRENT_ROW,
    WINDOW_FOLLOWING,
    WINDOW_UNBOUNDED_FOLLOWING
} window_bound;
typedef enum window_exclusion {
    WINDOW_EXCLUDE_NOTHING,
    WINDOW_EXCLUDE_CURRENT_ROW,
    WINDOW_EXCLUDE_GROUP,
    WINDOW_EXCLUDE_TIES
} window_exclusion;

typedef struct window_frame {
    uint8_t unit, start, end, exclusion;
} window_frame;

typedef struct window_call {
    uint8_t kind; /* window_kind */
    bool ignore_nulls;
    const window_function *function; /* NULL: an aggregate */
    const aggregate_call *aggregate; /* NULL: none */
    size_t own_count; /* children before the PARTITION BY keys */
    size_t partition_count, key_count;
    const sort_key *keys; /* key_count; only the flags count */
    window_frame frame;
} window_call;

/* How many children the bound has. */
static inline size_t window_bound_children(const window_call *call, uint8_t bound)
{
    if (bound != WINDOW_PRECEDING && bound != WINDOW_FOLLOWING) return 0;
    return call->frame.unit == WINDOW_RANGE ? 2 : 1;
}
/* Places among the children. */
static inline size_t window_keys_at(const window_call *call)
{
    return call->own_count + call->partition_count;
}
static inline size_t window_start_at(const window_call *call)
{
    return window_keys_at(call) + call->key_count;
}
static inline size_t window_end_at(const window_call *call)
{
    return window_start_at(call) + window_bound_children(call, call->frame.start);
}

size_t window_function_count(void);
const window_function *window_function_at(size_t index);
/* NULL: there is none of that name. */
const window_function *window_function_find(string_view name);
/* The same function, sort and frame; children are compared elsewhere. */
bool window_calls_equal(const window_call *left, const window_call *right);

/* What stands behind OVER. */
typedef struct window_definition {
    const expr_id *partitions;
    size_t partition_count;
    const sort_key *keys;
    size_t key_count;
    window_frame frame;
    expr_id start_offset, end_offset; /* 0: none */
} window_definition;

/* An aggregate (an EXPR_AGGREGATE node) over a window. */
MUST_USE bp_status expr_window_aggregate(expr_id *out, expr_pool *pool, expr_id aggregate, const window_definition *window,
                                         bp_error *err);
/* A window function. */
MUST_USE bp_status expr_window(expr_id *out, expr_pool *pool, const window_function *function, const expr_id *arguments,
                               size_t count, bool ignore_nulls, const window_definition *window, bp_error *err);
/* The window over other children, as many and of the same types. */
MUST_USE bp_status expr_window_over(expr_id *out, expr_pool *pool, expr_id window, const expr_id *children, bp_error *err);
/* The window, also partitioned by `keys`. */
MUST_USE bp_status expr_window_within(expr_id *out, expr_pool *pool, expr_id window, const expr_id *keys, size_t count,
                                      bp_error *err);

#endif
