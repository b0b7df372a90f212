/* count, sum, avg: the figures that most queries ask for.
 *
 * Integers and decimals add up in 192 bits, so that only the total can overflow, not the way to it. Doubles add up in row order for each group; without groups
 * in eight fixed lanes by place (place mod 8), which are folded in a fixed order: the same bits whatever the batch size. */
#include "aggregate_rows.h"

#include "compute/reduce.h"

/* The rows that count, and those among them whose bit is set. */
static size_t count_mask(const uint64_t *mask, size_t rows)
{
    return mask ? bitmap_count(mask, rows) : rows;
}
static size_t count_both(const uint64_t *bits, const uint64_t *mask, size_t rows)
{
    size_t count = 0;

    for (size_t word = 0; word < bitmap_words(rows); word++)
        count += (size_t)__builtin_popcountll(bits[word] & kernel_valid(mask, word, rows));
    return count;
}
/* Whether all rows are at hand as words. */
static bool takes_words(const column *argument, const uint32_t *groups, const uint32_t *selection)
{
    return !groups && !selection && argument->encoding == COLUMN_FLAT;
}

/* Whether row i is that of group groups[i]. */
static bool is_straight(const column *argument, const uint32_t *groups, const uint32_t *selection)
{
    return groups && !selection && argument->encoding == COLUMN_FLAT;
}

/* count --------------------------------------------------------------------------------------------------------------------------------- */
typedef struct count_state {
    int64_t count;
} count_state;

AGGREGATE_INIT(count_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) ((count_state *)(void *)(states + i * stride))->count = 0;
}

AGGREGATE_UPDATE(count_update)
{
    (void)arguments, (void)argument_count, (void)selection, (void)err;
    if (!groups) {
        ((count_state *)(void *)states)->count += (int64_t)count_mask(call->mask, rows);
        return BP_OK;
    }
    for (size_t i = 0; i < rows; i++) ((count_state *)(void *)(states + groups[i] * stride))->count++;
    return BP_OK;
}

/* count_if(x): the rows where x is true. */
AGGREGATE_UPDATE(count_if_update)
{
    (void)argument_count, (void)err;
    if (takes_words(&arguments[0], groups, selection)) {
        ((count_state *)(void *)states)->count += (int64_t)count_both(arguments[0].values, call->mask, rows);
        return BP_OK;
    }
    for (size_t i = 0; i < rows; i++)
        ((count_state *)(void *)state_at(states, stride, groups, i))->count +=
            bitmap_get(arguments[0].values, row_at(&arguments[0], selection, i));
    return BP_OK;
}

AGGREGATE_COMBINE(count_combine)
{
    (void)call, (void)err;
    for (size_t i = 0; i < count; i++)
        ((count_state *)(void *)(into + into_groups[i] * into_stride))->count +=
            ((const count_state *)(const void *)(from + i * from_stride))->count;
    return BP_OK;
}

AGGREGATE_FINISH(count_finish)
{
    uint64_t *validity;

    if (!new_results(out, count, sizeof(int64_t), &validity, arena)) return error_no_memory(err, call->context->memory, count * 8);
    for (size_t i = 0; i < count; i++)
        ((int64_t *)(uintptr_t)out->values)[i] = ((const count_state *)(const void *)(states + i * stride))->count;
    out->validity = NULL;
    return BP_OK;
}

/* exact sums ------------------------------------------------------------------------------------------------------------------------------ */
typedef struct exact_state {
    int128 low;
    int64_t high; /* the sum is high * 2^128 + low: mostly 0, and not looked at */
    uint64_t count;
} exact_state;

AGGREGATE_INIT(exact_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(exact_state *)(void *)(states + i * stride) = (exact_state){0};
}

static inline void exact_sum(exact_state *state, int128 value)
{
    if (UNLIKELY(__builtin_add_overflow(state->low, value, &state->low))) state->high += value < 0 ? -1 : 1;
}

static inline void exact_add(exact_state *state, int128 value)
{
    exact_sum(state, value);
    state->count++;
}

/* All rows of a batch by their groups come often enough for a loop without the questions. */
#define ADD_ROWS(type)                                                                                                             \
    do {                                                                                                                           \
        const type *values = arguments[0].values;                                                                                  \
        if (is_straight(&arguments[0], groups, selection)) {                                                                       \
            for (size_t i = 0; i < rows; i++) exact_add((exact_state *)(void *)(states + groups[i] * stride), (int128)values[i]);  \
            break;                                                                                                                 \
        }                                                                                                                          \
        for (size_t i = 0; i < rows; i++)                                                                                          \
            exact_add((exact_state *)(void *)state_at(states, stride, groups, i),                                                  \
                      (int128)values[row_at(&arguments[0], selection, i)]);                                                        \
    } while (0)

AGGREGATE_UPDATE(exact_update)
{
    physical_type physical = type_physical(arguments[0].type);

    (void)argument_count;
    if (rows == 0) return BP_OK;
    if (takes_words(&arguments[0], groups, selection) && sum_has_kernel(physical)) {
        exact_state *state = (exact_state *)(void *)states;
        exact_add(state, sum_slice(physical, arguments[0].values, call->mask, rows));
        state->count += count_mask(call->mask, rows) - 1;
        return BP_OK;
    }
    switch (physical) {
    case PHYSICAL_BIT:
        for (size_t i = 0; i < rows; i++)
            exact_add((exact_state *)(void *)state_at(states, stride, groups, i),
                      bitmap_get(arguments[0].values, row_at(&arguments[0], selection, i)));
        return BP_OK;
    case PHYSICAL_INT8: ADD_ROWS(int8_t); return BP_OK;
    case PHYSICAL_INT16: ADD_ROWS(int16_t); return BP_OK;
    case PHYSICAL_INT32: ADD_ROWS(int32_t); return BP_OK;
    case PHYSICAL_INT64: ADD_ROWS(int64_t); return BP_OK;
    case PHYSICAL_UINT8: ADD_ROWS(uint8_t); return BP_OK;
    case PHYSICAL_UINT16: ADD_ROWS(uint16_t); return BP_OK;
    case PHYSICAL_UINT32: ADD_ROWS(uint32_t); return BP_OK;
    case PHYSICAL_UINT64: ADD_ROWS(uint64_t); return BP_OK;
    case PHYSICAL_INT128: ADD_ROWS(int128); return BP_OK;
    case PHYSICAL_UINT128: break; /* over 2^127 a value is not an int128 */
    default: return ERROR_INTERNAL(err, "sum of a type without an exact sum");
    }
    for (size_t i = 0; i < rows; i++) {
        exact_state *state = (exact_state *)(void *)state_at(states, stride, groups, i);
        uint128 value = ((const uint128 *)arguments[0].values)[row_at(&arguments[0], selection, i)];
        exact_add(state, (int128)value);
        state->high += (int128)value < 0; /* 2^128 less than it is */
    }
    return BP_OK;
}

AGGREGATE_COMBINE(exact_combine)
{
    (void)call, (void)err;
    for (size_t i = 0; i < count; i++) {
        exact_state *to = (exact_state *)(void *)(into + into_groups[i] * into_stride);
        const exact_state *add = (const exact_state *)(const void *)(from + i * from_stride);
        exact_sum(to, add->low);
        to->high += add->high;
        to->count += add->count;
    }
    return BP_OK;
}

static bool exact_fits(const exact_state *state)
{
    return state->high == 0;
}

AGGREGATE_FINISH(exact_finish)
{
    uint64_t *validity;

    if (!new_results(out, count, sizeof(int128), &validity, arena)) return error_no_memory(err, call->context->memory, count * 16);
    for (size_t i = 0; i < count; i++) {
        const exact_state *state = (const exact_state *)(const void *)(states + i * stride);
        if (state->count && !exact_fits(state))
            return error_set(err, BP_OUT_OF_RANGE, "Out of Range: sum() is past 128 bits; cast the values to DOUBLE first");
        ((int128 *)(uintptr_t)out->values)[i] = state->low;
        if (!state->count) bitmap_unset(validity, i);
    }
    return BP_OK;
}

static double exact_double(const exact_state *state)
{
    if (exact_fits(state)) return (double)state->low;
    return (double)state->high * 0x1p128 + (double)state->low;
}

/* avg of integers and decimals: bind_data holds the power of ten of the scale, or NULL. */
AGGREGATE_FINISH(exact_average_finish)
{
    const double *unit = call->bind_data;
    uint64_t *validity;

    if (!new_results(out, count, sizeof(double), &validity, arena)) return error_no_memory(err, call->context->memory, count * 8);
    for (size_t i = 0; i < count; i++) {
        const exact_state *state = (const exact_state *)(const void *)(states + i * stride);
        double sum = exact_double(state);
        ((double *)(uintptr_t)out->values)[i] =
            state->count ? (unit ? sum / (double)state->count / *unit : sum / (double)state->count) : 0;
        if (!state->count) bitmap_unset(validity, i);
    }
    return BP_OK;
}

bp_status bind_decimal_sum(function_binding *binding, bp_error *err)
{
    data_type type = expr_type(binding->pool, binding->arguments[0]);

    (void)err;
    if (type.id != TYPE_DECIMAL) type = type_decimal(18, 3);
    binding->wanted[0] = type;
    binding->result = type_decimal(38, type.scale);
    return BP_OK;
}

bp_status bind_decimal_average(function_binding *binding, bp_error *err)
{
    data_type type = expr_type(binding->pool, binding->arguments[0]);
    double *unit = arena_new(binding->pool->arena, double);

    if (!unit) return error_no_memory(err, binding->pool->arena->memory, sizeof *unit);
    if (type.id != TYPE_DECIMAL) type = type_decimal(18, 3);
    *unit = 1;
    for (int i = 0; i < type.scale; i++) *unit *= 10;
    binding->wanted[0] = type;
    binding->bind_data = unit;
    return BP_OK;
}

/* sums of doubles --------------------------------------------------------------------------------------------------------------------------- */
typedef struct double_state {
    double sum;
    uint64_t count;
    double *lanes; /* without groups: eight; NULL: none */
} double_state;

AGGREGATE_INIT(double_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(double_state *)(void *)(states + i * stride) = (double_state){0};
}

static double folded(const double_state *state)
{
    const double *lanes = state->lanes;

    if (!lanes) return state->sum;
    return state->sum + (((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7])));
}

/* values[0 … rows) to the lanes; the first to lane `place`. */
static void add_run(double lanes[8], size_t place, const double *values, size_t rows)
{
    size_t i = 0;

    for (; i < rows && (place & 7); i++) lanes[place++ & 7] += values[i];
    for (; i + 8 <= rows; i += 8)
        for (size_t lane = 0; lane < 8; lane++) lanes[lane] += values[i + lane];
    for (size_t lane = 0; i < rows; i++) lanes[lane++] += values[i];
}

static bp_status add_to_lanes(const aggregate_state_call *call, double_state *state, const column *argument,
                              const uint32_t *selection, size_t rows, bp_error *err)
{
    const double *values = argument->values;
    bool straight = !selection && argument->encoding == COLUMN_FLAT;
    double lanes[8], gathered[256];

    if (!state->lanes) state->lanes = arena_new_array(call->arena, double, 8);
    if (!state->lanes) return error_no_memory(err, call->arena->memory, 64);
    memcpy(lanes, state->lanes, sizeof lanes); /* on the stack they stay in registers */
    for (size_t begin = 0, count; begin < rows; begin += count) {
        count = straight || rows - begin < ARRAY_LENGTH(gathered) ? rows - begin : ARRAY_LENGTH(gathered);
        for (size_t i = 0; i < count && !straight; i++) gathered[i] = values[row_at(argument, selection, begin + i)];
        add_run(lanes, state->count, straight ? values : gathered, count);
        state->count += count;
    }
    memcpy(state->lanes, lanes, sizeof lanes);
    return BP_OK;
}

AGGREGATE_UPDATE(double_update)
{
    const double *values = arguments[0].values;

    (void)argument_count;
    if (!groups) return add_to_lanes(call, (double_state *)(void *)states, &arguments[0], selection, rows, err);
    if (is_straight(&arguments[0], groups, selection)) {
        for (size_t i = 0; i < rows; i++) {
            double_state *state = (double_state *)(void *)(states + groups[i] * stride);
            state->sum += values[i];
            state->count++;
        }
        return BP_OK;
    }
    for (size_t i = 0; i < rows; i++) {
        double_state *state = (double_state *)(void *)(states + groups[i] * stride);
        state->sum += values[row_at(&arguments[0], selection, i)];
        state->count++;
    }
    return BP_OK;
}

AGGREGATE_COMBINE(double_combine)
{
    (void)call, (void)err;
    for (size_t i = 0; i < count; i++) {
        double_state *to = (double_state *)(void *)(into + into_groups[i] * into_stride);
        const double_state *add = (const double_state *)(const void *)(from + i * from_stride);
        to->sum += folded(add);
        to->count += add->count;
    }
    return BP_OK;
}

static bp_status double_results(const aggregate_state_call *call, const char *states, size_t stride, size_t count, bool average,
                                column *out, arena *arena, bp_error *err)
{
    uint64_t *validity;

    if (!new_results(out, count, sizeof(double), &validity, arena)) return error_no_memory(err, call->context->memory, count * 8);
    for (size_t i = 0; i < count; i++) {
        const double_state *state = (const double_state *)(const void *)(states + i * stride);
        double sum = folded(state);
        ((double *)(uintptr_t)out->values)[i] = average && state->count ? sum / (double)state->count : sum;
        if (!state->count) bitmap_unset(validity, i);
    }
    return BP_OK;
}

AGGREGATE_FINISH(double_sum_finish)
{
    return double_results(call, states, stride, count, false, out, arena, err);
}

AGGREGATE_FINISH(double_average_finish)
{
    return double_results(call, states, stride, count, true, out, arena, err);
}

/* product ------------------------------------------------------------------------------------------------------------------------------------ */
AGGREGATE_INIT(product_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(double_state *)(void *)(states + i * stride) = (double_state){.sum = 1};
}

AGGREGATE_UPDATE(product_update)
{
    const double *values = arguments[0].values;

    (void)call, (void)argument_count, (void)err;
    for (size_t i = 0; i < rows; i++) {
        double_state *state = (double_state *)(void *)state_at(states, stride, groups, i);
        state->sum *= values[row_at(&arguments[0], selection, i)];
        state->count++;
    }
    return BP_OK;
}

AGGREGATE_COMBINE(product_combine)
{
    (void)call, (void)err;
    for (size_t i = 0; i < count; i++) {
        double_state *to = (double_state *)(void *)(into + into_groups[i] * into_stride);
        const double_state *other = (const double_state *)(const void *)(from + i * from_stride);
        to->sum *= other->sum;
        to->count += other->count;
    }
    return BP_OK;
}

/* bool_and, bool_or ---------------------------------------------------------------------------------------------------------------------------- */
typedef struct bool_state {
    bool seen, all, any;
} bool_state;

AGGREGATE_INIT(bool_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(bool_state *)(void *)(states + i * stride) = (bool_state){.all = true};
}

AGGREGATE_UPDATE(bool_update)
{
    (void)argument_count, (void)err;
    if (takes_words(&arguments[0], groups, selection)) {
        bool_state *state = (bool_state *)(void *)states;
        size_t all = count_mask(call->mask, rows), count = count_both(arguments[0].values, call->mask, rows);
        state->seen |= all > 0;
        state->all &= count == all;
        state->any |= count > 0;
        return BP_OK;
    }
    for (size_t i = 0; i < rows; i++) {
        bool_state *state = (bool_state *)(void *)state_at(states, stride, groups, i);
        bool value = bitmap_get(arguments[0].values, row_at(&arguments[0], selection, i));
        state->seen = true;
        state->all &= value;
        state->any |= value;
    }
    return BP_OK;
}

AGGREGATE_COMBINE(bool_combine)
{
    (void)call, (void)err;
    for (size_t i = 0; i < count; i++) {
        bool_state *to = (bool_state *)(void *)(into + into_groups[i] * into_stride);
        const bool_state *other = (const bool_state *)(const void *)(from + i * from_stride);
        to->seen |= other->seen;
        to->all &= other->all;
        to->any |= other->any;
    }
    return BP_OK;
}

static bp_status bool_results(const aggregate_state_call *call, const char *states, size_t stride, size_t count, bool all,
                              column *out, arena *arena, bp_error *err)
{
    uint64_t *validity;

    if (!new_results(out, bitmap_words(count), 8, &validity, arena)) return error_no_memory(err, call->context->memory, count);
    memset((void *)(uintptr_t)out->values, 0, bitmap_words(count) * 8);
    validity = arena_allocate(arena, (bitmap_words(count) + 1) * 8);
    if (!validity) return error_no_memory(err, call->context->memory, count);
    memset(validity, 0xff, (bitmap_words(count) + 1) * 8);
    out->validity = validity;
    out->length = count;
    for (size_t i = 0; i < count; i++) {
        const bool_state *state = (const bool_state *)(const void *)(states + i * stride);
        bitmap_put((uint64_t *)(uintptr_t)out->values, i, all ? state->all : state->any);
        if (!state->seen) bitmap_unset(validity, i);
    }
    return BP_OK;
}

AGGREGATE_FINISH(bool_and_finish)
{
    return bool_results(call, states, stride, count, true, out, arena, err);
}

AGGREGATE_FINISH(bool_or_finish)
{
    return bool_results(call, states, stride, count, false, out, arena, err);
}
