/* Aggregates that need all values of a group: median, quantiles, mode, string_agg; and approx_count_distinct. Values are kept in the state's arena, in pieces that double. */
#include "aggregate_rows.h"

#include "base/hash.h"

#include <math.h>
#include <stdlib.h>

/* quantiles of doubles ------------------------------------------------------------------------------------------------------------------------- */
typedef struct values_state {
    double *values;
    size_t count, capacity;
} values_state;

AGGREGATE_INIT(values_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(values_state *)(void *)(states + i * stride) = (values_state){0};
}

static bp_status values_reserve(const aggregate_state_call *call, values_state *state, size_t extra, bp_error *err)
{
    size_t wanted = state->capacity ? state->capacity * 2 : 4;
    double *larger;

    if (state->count + extra <= state->capacity) return BP_OK;
    while (wanted < state->count + extra) wanted *= 2;
    larger = arena_allocate_array(call->arena, wanted, sizeof *larger);
    if (!larger) return error_no_memory(err, call->arena->memory, wanted * sizeof *larger);
    if (state->count) memcpy(larger, state->values, state->count * sizeof *larger);
    state->values = larger;
    state->capacity = wanted;
    return BP_OK;
}

AGGREGATE_UPDATE(values_update)
{
    bp_status status;

    (void)argument_count;
    for (size_t i = 0; i < rows; i++) {
        values_state *state = (values_state *)(void *)state_at(states, stride, groups, i);
        if (state->count == state->capacity && (status = values_reserve(call, state, 1, err))) return status;
        state->values[state->count++] = argument_double(&arguments[0], row_at(&arguments[0], selection, i));
    }
    return BP_OK;
}

AGGREGATE_COMBINE(values_combine)
{
    bp_status status;

    for (size_t i = 0; i < count; i++) {
        values_state *to = (values_state *)(void *)(into + into_groups[i] * into_stride);
        const values_state *add = (const values_state *)(const void *)(from + i * from_stride);
        if ((status = values_reserve(call, to, add->count, err))) return status;
        if (add->count) memcpy(to->values + to->count, add->values, add->count * sizeof *add->values);
        to->count += add->count;
    }
    return BP_OK;
}

/* NaN is the greatest. */
static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    if (a != a || b != b) return (a != a) - (b != b);
    return (a > b) - (a < b);
}

static double quantile_of(const double *sorted, size_t count, double fraction, bool discrete)
{
    double place = fraction * (double)(count - 1);
    size_t low = (size_t)floor(place), high = (size_t)ceil(place);

    if (discrete) {
        size_t index = (size_t)ceil(fraction * (double)count);
        return sorted[index ? index - 1 : 0];
    }
    return low == high ? sorted[low] : sorted[low] + (sorted[high] - sorted[low]) * (place - (double)low);
}

static bp_status quantiles(const aggregate_state_call *call, const char *states, size_t stride, size_t count, double fraction,
                           bool discrete, column *out, arena *arena, bp_error *err)
{
    uint64_t *validity;

    if (!new_results(out, count, sizeof(double), &validity, arena)) return error_no_memory(err, call->context->memory, count * 8);
    for (size_t i = 0; i < count; i++) {
        const values_state *state = (const values_state *)(const void *)(states + i * stride);
        double *sorted;
        ((double *)(uintptr_t)out->values)[i] = 0;
        if (state->count == 0) {
            bitmap_unset(validity, i);
            continue;
        }
        sorted = arena_allocate_array(arena, state->count, sizeof *sorted);
        if (!sorted) return error_no_memory(err, arena->memory, state->count * sizeof *sorted);
        memcpy(sorted, state->values, state->count * sizeof *sorted);
        qsort(sorted, state->count, sizeof *sorted, by_value);
        ((double *)(uintptr_t)out->values)[i] = quantile_of(sorted, state->count, fraction, discrete);
    }
    return BP_OK;
}

AGGREGATE_FINISH(median_finish)
{
    return quantiles(call, states, stride, count, 0.5, false, out, arena, err);
}

AGGREGATE_FINISH(quantile_cont_finish)
{
    return quantiles(call, states, stride, count, *(const double *)call->bind_data, false, out, arena, err);
}

AGGREGATE_FINISH(quantile_disc_finish)
{
    return quantiles(call, states, stride, count, *(const double *)call->bind_data, true, out, arena, err);
}

bp_status bind_fraction(function_binding *binding, bp_error *err)
{
    const column *value;
    double *fraction = arena_new(binding->pool->arena, double);
    expr_id cast;
    bp_status status;

    if (!fraction) return error_no_memory(err, binding->pool->arena->memory, sizeof *fraction);
    if (!expr_is_constant(binding->pool, binding->arguments[1]))
        return error_set(err, BP_BIND_ERROR, "a quantile's fraction must be a constant");
    if ((status = expr_cast(&cast, binding->pool, binding->arguments[1], type_of(TYPE_FLOAT64), false, err))) return status;
    if ((status = expr_constant_value(&value, binding->pool, cast, err))) return status;
    *fraction = column_is_null(value, 0) ? -1 : *(const double *)value->values;
    if (!(*fraction >= 0 && *fraction <= 1)) return error_set(err, BP_BIND_ERROR, "a quantile's fraction is between 0 and 1");
    binding->bind_data = fraction;
    return BP_OK;
}

/* string_agg -------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct text_state {
    char *text;
    size_t size, capacity;
    bool seen;
} text_state;

AGGREGATE_INIT(text_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(text_state *)(void *)(states + i * stride) = (text_state){0};
}

static bp_status text_append(const aggregate_state_call *call, text_state *state, string_view piece, bp_error *err)
{
    size_t wanted = state->capacity ? state->capacity * 2 : 32;

    if (piece.size > UINT32_MAX - state->size) return error_set(err, BP_OUT_OF_RANGE, "string_agg(): a text of over 4 GiB");
    if (state->size + piece.size > state->capacity) {
        char *larger;
        while (wanted < state->size + piece.size) wanted *= 2;
        larger = arena_allocate_aligned(call->arena, wanted, 1);
        if (!larger) return error_no_memory(err, call->arena->memory, wanted);
        if (state->size) memcpy(larger, state->text, state->size);
        state->text = larger;
        state->capacity = wanted;
    }
    if (piece.size) memcpy(state->text + state->size, piece.data, piece.size);
    state->size += piece.size;
    return BP_OK;
}

static string_view separator_of(const aggregate_state_call *call)
{
    return call->bind_data ? *(const string_view *)call->bind_data : STRING_VIEW(",");
}

static bp_status text_add(const aggregate_state_call *call, text_state *state, string_view piece, bp_error *err)
{
    bp_status status;

    if (state->seen && (status = text_append(call, state, separator_of(call), err))) return status;
    state->seen = true;
    return text_append(call, state, piece, err);
}

AGGREGATE_UPDATE(text_update)
{
    bp_status status = BP_OK;

    (void)argument_count;
    for (size_t i = 0; i < rows && !status; i++)
        status = text_add(call, (text_state *)(void *)state_at(states, stride, groups, i),
                          string_ref_view((const string_ref *)arguments[0].values + row_at(&arguments[0], selection, i)), err);
    return status;
}

AGGREGATE_COMBINE(text_combine)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < count && !status; i++) {
        const text_state *add = (const text_state *)(const void *)(from + i * from_stride);
        if (add->seen)
            status = text_add(call, (text_state *)(void *)(into + into_groups[i] * into_stride),
                              (string_view){add->text, add->size}, err);
    }
    return status;
}

AGGREGATE_FINISH(text_finish)
{
    uint64_t *validity;

    if (!new_results(out, count, sizeof(string_ref), &validity, arena))
        return error_no_memory(err, call->context->memory, count * 16);
    for (size_t i = 0; i < count; i++) {
        const text_state *state = (const text_state *)(const void *)(states + i * stride);
        ((string_ref *)(uintptr_t)out->values)[i] = string_ref_of(state->text, state->size);
        if (!state->seen) bitmap_unset(validity, i);
    }
    return BP_OK;
}

bp_status bind_separator(function_binding *binding, bp_error *err)
{
    const column *value;
    string_view *separator = arena_new(binding->pool->arena, string_view);
    bp_status status;

    if (!separator) return error_no_memory(err, binding->pool->arena->memory, sizeof *separator);
    if (!expr_is_constant(binding->pool, binding->arguments[1]))
        return error_set(err, BP_BIND_ERROR, "string_agg()'s separator must be a constant");
    if ((status = expr_constant_value(&value, binding->pool, binding->arguments[1], err))) return status;
    if (value->type.id != TYPE_VARCHAR) return error_set(err, BP_BIND_ERROR, "string_agg()'s separator must be a text");
    *separator = column_is_null(value, 0) ? STRING_VIEW("") : string_ref_view(value->values);
    binding->bind_data = separator;
    return BP_OK;
}

/* approx_count_distinct ---------------------------------------------------------------------------------------------------------------------------- */
/* HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) of 1,024 registers, with linear counting for small numbers: about 3 % off. */
#define REGISTERS 1024

typedef struct sketch_state {
    unsigned char *registers; /* NULL: none seen */
} sketch_state;

AGGREGATE_INIT(sketch_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(sketch_state *)(void *)(states + i * stride) = (sketch_state){0};
}

static uint64_t value_hash(const column *in, size_t row)
{
    physical_type physical = type_physical(in->type);
    size_t width = physical_width(physical);
    double number;

    if (physical == PHYSICAL_STRING) {
        string_view text = string_ref_view((const string_ref *)in->values + row);
        return hash_bytes(text.data, text.size);
    }
    if (physical == PHYSICAL_BIT) return hash_bytes(bitmap_get(in->values, row) ? "1" : "0", 1);
    if (physical == PHYSICAL_FLOAT64) {
        number = ((const double *)in->values)[row];
        number = number != number ? __builtin_nan("") : number + 0.0;
        return hash_bytes(&number, sizeof number);
    }
    return hash_bytes((const char *)in->values + row * width, width);
}

static unsigned char *registers_of(const aggregate_state_call *call, sketch_state *state)
{
    if (!state->registers) state->registers = arena_allocate_zeroed(call->arena, REGISTERS);
    return state->registers;
}

AGGREGATE_UPDATE(sketch_update)
{
    (void)argument_count;
    for (size_t i = 0; i < rows; i++) {
        unsigned char *registers = registers_of(call, (sketch_state *)(void *)state_at(states, stride, groups, i));
        uint64_t hash = value_hash(&arguments[0], row_at(&arguments[0], selection, i)), rest = hash >> 10;
        unsigned char rank = (unsigned char)(rest ? __builtin_ctzll(rest) + 1 : 55);
        if (!registers) return error_no_memory(err, call->arena->memory, REGISTERS);
        if (registers[hash % REGISTERS] < rank) registers[hash % REGISTERS] = rank;
    }
    return BP_OK;
}

AGGREGATE_COMBINE(sketch_combine)
{
    for (size_t i = 0; i < count; i++) {
        const sketch_state *add = (const sketch_state *)(const void *)(from + i * from_stride);
        unsigned char *registers;
        if (!add->registers) continue;
        registers = registers_of(call, (sketch_state *)(void *)(into + into_groups[i] * into_stride));
        if (!registers) return error_no_memory(err, call->arena->memory, REGISTERS);
        for (size_t j = 0; j < REGISTERS; j++)
            if (registers[j] < add->registers[j]) registers[j] = add->registers[j];
    }
    return BP_OK;
}

static int64_t sketch_estimate(const unsigned char *registers)
{
    double sum = 0, estimate, size = REGISTERS;
    size_t zeros = 0;

    if (!registers) return 0;
    for (size_t j = 0; j < REGISTERS; j++) {
        sum += ldexp(1, -registers[j]);
        zeros += registers[j] == 0;
    }
    estimate = 0.7213 / (1 + 1.079 / size) * size * size / sum;
    if (estimate <= 2.5 * size && zeros) estimate = size * log(size / (double)zeros);
    return (int64_t)(estimate + 0.5);
}

AGGREGATE_FINISH(sketch_finish)
{
    uint64_t *validity;

    if (!new_results(out, count, sizeof(int64_t), &validity, arena)) return error_no_memory(err, call->context->memory, count * 8);
    out->validity = NULL;
    for (size_t i = 0; i < count; i++)
        ((int64_t *)(uintptr_t)out->values)[i] =
            sketch_estimate(((const sketch_state *)(const void *)(states + i * stride))->registers);
    return BP_OK;
}

bp_status bind_sketch(function_binding *binding, bp_error *err)
{
    data_type type = expr_type(binding->pool, binding->arguments[0]);

    if (type_is_nested(type))
        return error_set(err, BP_NOT_SUPPORTED, "approx_count_distinct() of lists and structs is not there yet");
    binding->wanted[0] = type;
    return BP_OK;
}
