/* Building and asking segment trees; see the header. */
#include "segment_tree.h"

#include "base/error.h"

#define STATE_ALIGNMENT 16
#define MOST_RUN (2 * SEGMENT_FANOUT) /* states or rows that are put together at once */
#define BUILD_ROWS 4096

static const uint32_t first_group[MOST_RUN]; /* all of a run go to one state */

size_t segment_stride(const aggregate_overload *function)
{
    return (function->state_size + STATE_ALIGNMENT - 1) & ~(size_t)(STATE_ALIGNMENT - 1);
}

/* Rows [begin, end): those of them that count are selected[*from … *to - 1]. */
static void selected_range(const segment_rows *rows, size_t begin, size_t end, size_t *from, size_t *to)
{
    *from = rows->before ? rows->before[begin] : begin;
    *to = rows->before ? rows->before[end] : end;
}

/* building --------------------------------------------------------------------------------------------------------------------------- */
static bp_status new_level(segment_tree *tree, size_t count, bp_error *err)
{
    char *states = arena_allocate_array(tree->call.arena, count, tree->stride);

    if (!states) return error_no_memory(err, tree->call.arena->memory, count * tree->stride);
    tree->function->init(&tree->call, states, tree->stride, count);
    tree->levels[tree->level_count] = states;
    tree->counts[tree->level_count++] = count;
    return BP_OK;
}

/* Level 1: BUILD_ROWS rows at a time. */
static bp_status add_leaves(segment_tree *tree, bp_error *err)
{
    const segment_rows *rows = tree->rows;
    uint32_t groups[BUILD_ROWS];
    bp_status status;

    for (size_t begin = 0; begin < tree->row_count; begin += BUILD_ROWS) {
        size_t end = tree->row_count - begin < BUILD_ROWS ? tree->row_count : begin + BUILD_ROWS, from, to;
        if ((status = cancel_check(&tree->call.context->cancel, err))) return status;
        selected_range(rows, tree->first + begin, tree->first + end, &from, &to);
        for (size_t i = from; i < to; i++) groups[i - from] = (uint32_t)((rows->selected[i] - tree->first) / SEGMENT_FANOUT);
        if (from == to) continue;
        status = tree->function->update(&tree->call, tree->levels[0], tree->stride, groups, rows->arguments, rows->argument_count,
                                        rows->selected + from, to - from, err);
        if (status) return status;
    }
    return BP_OK;
}

static bp_status add_level(segment_tree *tree, bp_error *err)
{
    size_t below = tree->level_count - 1, count = tree->counts[below];
    uint32_t groups[BUILD_ROWS];
    bp_status status = new_level(tree, (count + SEGMENT_FANOUT - 1) / SEGMENT_FANOUT, err);

    for (size_t begin = 0; begin < count && !status; begin += BUILD_ROWS) {
        size_t run = count - begin < BUILD_ROWS ? count - begin : BUILD_ROWS;
        for (size_t i = 0; i < run; i++) groups[i] = (uint32_t)((begin + i) / SEGMENT_FANOUT);
        status = tree->function->combine(&tree->call, tree->levels[below + 1], tree->stride, groups,
                                         tree->levels[below] + begin * tree->stride, tree->stride, run, err);
    }
    return status;
}

bp_status segment_tree_init(segment_tree *tree, bp_context *context, const aggregate_call *call, const segment_rows *rows,
                            size_t first, size_t row_count, arena *arena, bp_error *err)
{
    bp_status status;

    *tree = (segment_tree){.function = call->function,
                           .call = {.context = context, .arena = arena, .bind_data = call->bind_data},
                           .stride = segment_stride(call->function),
                           .rows = rows,
                           .first = first,
                           .row_count = row_count};
    if (row_count <= MOST_RUN) return BP_OK; /* its rows are looked at one by one */
    if ((status = new_level(tree, (row_count + SEGMENT_FANOUT - 1) / SEGMENT_FANOUT, err))) return status;
    if ((status = add_leaves(tree, err))) return status;
    while (tree->counts[tree->level_count - 1] > SEGMENT_FANOUT)
        if ((status = add_level(tree, err))) return status;
    return BP_OK;
}

/* asking ----------------------------------------------------------------------------------------------------------------------------- */
static bp_status add_rows(const segment_tree *tree, size_t begin, size_t end, const aggregate_state_call *call, char *state,
                          bp_error *err)
{
    const segment_rows *rows = tree->rows;
    size_t from, to;

    if (begin >= end) return BP_OK;
    selected_range(rows, begin, end, &from, &to);
    if (from == to) return BP_OK;
    return tree->function->update(call, state, tree->stride, first_group, rows->arguments, rows->argument_count,
                                  rows->selected + from, to - from, err);
}

static bp_status add_states(const segment_tree *tree, size_t level, size_t begin, size_t end, const aggregate_state_call *call,
                            char *state, bp_error *err)
{
    if (begin >= end) return BP_OK;
    return tree->function->combine(call, state, tree->stride, first_group, tree->levels[level] + begin * tree->stride, tree->stride,
                                   end - begin, err);
}

/* A run of a level's states, or of rows. */
typedef struct run {
    size_t begin, end;
} run;

static inline size_t round_up(size_t value)
{
    return (value + SEGMENT_FANOUT - 1) / SEGMENT_FANOUT;
}

bp_status segment_tree_add(const segment_tree *tree, size_t begin, size_t end, const aggregate_state_call *call, char *state,
                           bp_error *err)
{
    run right[SEGMENT_LEVELS + 1]; /* what is left behind the whole parts, level by level */
    size_t level = 0, low, high, first = tree->first;
    bp_status status;

    if (tree->level_count == 0 || end - begin <= MOST_RUN) return add_rows(tree, begin, end, call, state, err);
    low = round_up(begin - first);
    high = (end - first) / SEGMENT_FANOUT;
    right[0] = (run){first + high * SEGMENT_FANOUT, end};
    if ((status = add_rows(tree, begin, first + low * SEGMENT_FANOUT, call, state, err))) return status;
    for (;;) { /* the states [low, high) of this level are wanted */
        size_t above_low = round_up(low), above_high = high / SEGMENT_FANOUT;
        if (level + 1 == tree->level_count || above_low >= above_high) break;
        if ((status = add_states(tree, level, low, above_low * SEGMENT_FANOUT, call, state, err))) return status;
        right[level + 1] = (run){above_high * SEGMENT_FANOUT, high};
        low = above_low;
        high = above_high;
        level++;
    }
    if ((status = add_states(tree, level, low, high, call, state, err))) return status;
    for (; level > 0; level--)
        if ((status = add_states(tree, level - 1, right[level].begin, right[level].end, call, state, err))) return status;
    return add_rows(tree, right[0].begin, right[0].end, call, state, err);
}
