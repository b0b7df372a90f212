/* string_agg and approx_count_distinct. */
#include "aggregate_rows.h"

#include "base/hash.h"

#include <math.h>

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

/* Values of any type are taken as text. */
bp_status bind_texts(function_binding *binding, bp_error *err)
{
    (void)err;
    binding->wanted[0] = type_of(TYPE_VARCHAR);
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
    binding->wanted[0] = type_of(TYPE_VARCHAR);
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
