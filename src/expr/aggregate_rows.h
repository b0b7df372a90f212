/* What the files of aggregate functions share: walking rows of arguments to groups' states. */
#ifndef EXPR_AGGREGATE_ROWS_H
#define EXPR_AGGREGATE_ROWS_H

#include "aggregate.h"
#include "base/error.h"

#define AGGREGATE_INIT(name) void name(const aggregate_state_call *call, char *states, size_t stride, size_t count)
#define AGGREGATE_UPDATE(name)                                                                                                     \
    bp_status name(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups, const column *arguments, \
                   size_t argument_count, const uint32_t *selection, size_t rows, bp_error *err)
#define AGGREGATE_COMBINE(name)                                                                                                    \
    bp_status name(const aggregate_state_call *call, char *into, size_t into_stride, const uint32_t *into_groups,                  \
                   const char *from, size_t from_stride, size_t count, bp_error *err)
#define AGGREGATE_FINISH(name)                                                                                                     \
    bp_status name(const aggregate_state_call *call, const char *states, size_t stride, size_t count, column *out, arena *arena,   \
                   bp_error *err)

/* The i-th row's place in an argument, and its group's state. */
static inline size_t row_at(const column *argument, const uint32_t *selection, size_t index)
{
    return argument->encoding == COLUMN_CONSTANT ? 0 : selection ? selection[index] : index;
}
static inline char *state_at(char *states, size_t stride, const uint32_t *groups, size_t index)
{
    return groups ? states + groups[index] * stride : states;
}

/* Values and a validity with all bits set, for `count` results; false: no memory. */
static inline bool new_results(column *out, size_t count, size_t width, uint64_t **validity, arena *arena)
{
    void *values = arena_allocate_aligned(arena, count * width + 16, 64);
    uint64_t *bits = arena_allocate(arena, (bitmap_words(count) + 1) * 8);

    if (!values || !bits) return false;
    memset(bits, 0xff, (bitmap_words(count) + 1) * 8);
    *out = (column){.length = count, .values = values, .validity = bits};
    *validity = bits;
    return true;
}

/* An argument of any numeric type as a double. */
double argument_double(const column *argument, size_t row);

#endif
