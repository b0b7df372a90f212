/* Aggregate functions: states that exec's aggregate, window and ungrouped operators keep.
 *
 * States lie in an array, `stride` bytes apart; group g's state of this aggregate is at states + g * stride. The operator owns the array; whatever
 * a state needs beyond its fixed size it takes from call->arena (which lives as long as the states).
 *
 * Same bits: when `ordered` is set (float sums, first, list, string_agg, quantiles' sketches) a state belongs to one morsel; the operator combines
 * the morsels' states in rising morsel order. Others may be updated in any order. */
#ifndef EXPR_AGGREGATE_H
#define EXPR_AGGREGATE_H

#include "base/context.h"
#include "expr.h"
#include "function.h"

typedef struct aggregate_state_call {
    bp_context *context;
    arena *arena;     /* lives as long as the states */
    void *bind_data;
} aggregate_state_call;

typedef struct aggregate_overload {
    const char *name;
    const char *signature;  /* "DOUBLE -> DOUBLE" */
    size_t state_size;      /* at most 256; aligned to 16 */
    bool ordered;
    bool distinct_matters;  /* false: min, max, bool_and …: DISTINCT is ignored */
    bool skips_nulls;       /* rows with a NULL argument are left out before update sees them */
    /* Decide types and constants, as for scalar functions; may be NULL. */
    function_bind bind;
    /* `count` fresh states. */
    void (*init)(const aggregate_state_call *call, char *states, size_t stride, size_t count);
    /* Row i of the arguments goes to group groups[i] (groups NULL: all to group 0). `selection` NULL: rows 0 … rows-1, else rows selection[0 … rows-1]
     * of the arguments, and groups is indexed by 0 … rows-1. Arguments are FLAT or CONSTANT. */
    bp_status (*update)(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                        const column *arguments, size_t argument_count, const uint32_t *selection, size_t rows, bp_error *err);
    /* State i of `from` goes into group into_groups[i] of `into`; `from`'s arena lives on. */
    bp_status (*combine)(const aggregate_state_call *call, char *into, size_t into_stride, const uint32_t *into_groups,
                         const char *from, size_t from_stride, size_t count, bp_error *err);
    /* Results of `count` states as a FLAT column in `arena`. */
    bp_status (*finish)(const aggregate_state_call *call, const char *states, size_t stride, size_t count, column *out,
                        arena *arena, bp_error *err);
    const char *description;
    const char *example; /* over the table t(x) of the rows 1, 2, 3, 3, NULL: "sum(x)" */
    const char *example_result;
} aggregate_overload;

size_t aggregate_function_count(void);
const aggregate_overload *aggregate_function_at(size_t index);
bool aggregate_function_exists(string_view name);
/* Whether the states over arguments of that type are nothing but their fixed bytes, and combining two gives the same whichever is `into`. Then combining
 * states[i] into states[i + 1] for all i, in one call, makes running results: combine() takes its states in order, one after the other. */
bool aggregate_is_plain(const aggregate_overload *overload, data_type first_argument);

#endif
