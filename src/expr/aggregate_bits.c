/* bit_and, bit_or, bit_xor of integers. */
#include "aggregate_rows.h"

#include "function_internal.h"

typedef struct bits_state {
    int128 bits;
    bool seen;
} bits_state;

/* The argument's type, for the result. */
bp_status bind_bits(function_binding *binding, bp_error *err)
{
    data_type *type = arena_new(binding->pool->arena, data_type);

    if (!type) return error_no_memory(err, binding->pool->arena->memory, sizeof *type);
    *type = binding->wanted[0];
    binding->bind_data = type;
    return BP_OK;
}

AGGREGATE_INIT(bits_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(bits_state *)(void *)(states + i * stride) = (bits_state){0};
}

#define BITS(name, operator)                                                                                                       \
    AGGREGATE_UPDATE(name##_update)                                                                                                \
    {                                                                                                                              \
        (void)call, (void)argument_count, (void)err;                                                                               \
        for (size_t i = 0; i < rows; i++) {                                                                                        \
            bits_state *state = (bits_state *)(void *)state_at(states, stride, groups, i);                                         \
            int128 value = column_integer(&arguments[0], row_at(&arguments[0], selection, i));                                     \
            state->bits = state->seen ? state->bits operator value : value;                                                        \
            state->seen = true;                                                                                                    \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }                                                                                                                              \
    AGGREGATE_COMBINE(name##_combine)                                                                                              \
    {                                                                                                                              \
        (void)call, (void)err;                                                                                                     \
        for (size_t i = 0; i < count; i++) {                                                                                       \
            bits_state *to = (bits_state *)(void *)(into + into_groups[i] * into_stride);                                          \
            const bits_state *add = (const bits_state *)(const void *)(from + i * from_stride);                                    \
            if (!add->seen) continue;                                                                                              \
            to->bits = to->seen ? to->bits operator add->bits : add->bits;                                                         \
            to->seen = true;                                                                                                       \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }
BITS(bit_and, &)
BITS(bit_or, |)
BITS(bit_xor, ^)

AGGREGATE_FINISH(bits_finish)
{
    data_type type = *(const data_type *)call->bind_data;
    uint64_t *validity;

    if (!new_results(out, count, 16, &validity, arena)) return error_no_memory(err, call->context->memory, count * 16);
    for (size_t i = 0; i < count; i++) {
        const bits_state *state = (const bits_state *)(const void *)(states + i * stride);
        if (!column_integer_store((void *)(uintptr_t)out->values, type, i, state->bits))
            return ERROR_INTERNAL(err, "bits that do not fit their own type");
        if (!state->seen) bitmap_unset(validity, i);
    }
    return BP_OK;
}
