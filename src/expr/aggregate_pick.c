/* Aggregates that pick one of the values: min, max, first, last, any_value, arg_min, arg_max. A value is kept as the 16 bytes that the widest plain type has; the bytes
 * of a long text are copied into the state's arena, into room that is used again when a later text fits. Lists, structs and maps are kept as cells. */
#include "aggregate_cells.h"

#include <math.h>

#include "compute/reduce.h"

typedef struct kept_value {
    _Alignas(16) unsigned char bytes[16];
    bool seen;
    bool null; /* first and last may keep a NULL */
    uint32_t room; /* bytes of a text's copy */
} kept_value;

typedef struct pick_state {
    kept_value value;
    kept_value by; /* arg_min, arg_max */
} pick_state;

AGGREGATE_INIT(pick_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) memset(states + i * stride, 0, sizeof(kept_value));
}

AGGREGATE_INIT(pick_by_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) memset(states + i * stride, 0, sizeof(pick_state));
}

static bp_status keep_text(const aggregate_state_call *call, kept_value *kept, const string_ref *text, bp_error *err)
{
    string_ref copy = *text, old;

    if (text->size > STRING_REF_INLINE) {
        char *room;
        memcpy(&old, kept->bytes, sizeof old);
        room = kept->room >= text->size ? (char *)(uintptr_t)old.pointer : arena_allocate_aligned(call->arena, text->size, 1);
        if (!room) return error_no_memory(err, call->arena->memory, text->size);
        if (kept->room < text->size) kept->room = text->size;
        memcpy(room, text->pointer, text->size);
        copy.pointer = room;
    } else {
        kept->room = 0; /* the pointer is overwritten by inline text */
    }
    memcpy(kept->bytes, &copy, sizeof copy);
    return BP_OK;
}

/* Keep the value of a row; a NULL too. */
static bp_status keep(const aggregate_state_call *call, kept_value *kept, const column *in, size_t row, bp_error *err)
{
    physical_type physical = type_physical(in->type);
    size_t width;

    kept->seen = true;
    kept->null = column_is_null(in, row);
    if (kept->null) return BP_OK;
    if (in->encoding == COLUMN_CONSTANT) row = 0;
    if (physical == PHYSICAL_STRING) return keep_text(call, kept, (const string_ref *)in->values + row, err);
    if (physical == PHYSICAL_BIT) {
        kept->bytes[0] = bitmap_get(in->values, row);
        return BP_OK;
    }
    width = physical_width(physical);
    memcpy(kept->bytes, (const char *)in->values + row * width, width);
    return BP_OK;
}

/* The kept value as a column of one row, to compare by. */
static column kept_column(const kept_value *kept, data_type type)
{
    return (column){.type = type, .encoding = COLUMN_FLAT, .length = 1, .values = kept->bytes};
}

static bp_status keep_kept(const aggregate_state_call *call, kept_value *to, const kept_value *from, data_type type, bp_error *err)
{
    column one = kept_column(from, type);

    to->seen = true;
    to->null = from->null;
    return from->null ? BP_OK : keep(call, to, &one, 0, err);
}

/* The cell types of both arguments, then the first's own type: for combine and finish. */
bp_status bind_pick(function_binding *binding, bp_error *err)
{
    data_type type = expr_type(binding->pool, binding->arguments[0]);
    data_type *types = arena_new_array(binding->pool->arena, data_type, 3);

    if (!types) return error_no_memory(err, binding->pool->arena->memory, 2 * sizeof *types);
    if (type_physical(type) == PHYSICAL_INT256)
        return error_set(err, BP_NOT_SUPPORTED, "aggregates that pick a decimal of over 38 digits are not there yet");
    types[0] = cell_type(type);
    types[2] = type;
    binding->wanted[0] = type;
    if (binding->count > 1) {
        binding->wanted[1] = expr_type(binding->pool, binding->arguments[1]);
        types[1] = cell_type(binding->wanted[1]);
    }
    binding->result = type;
    binding->bind_data = types;
    return BP_OK;
}

/* Run `update` over the arguments' cells, which nested values have to be made into first. */
typedef bp_status (*pick_update)(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                                 const column *arguments, const uint32_t *selection, size_t rows, bp_error *err);

static bp_status update_cells(pick_update update, const aggregate_state_call *call, char *states, size_t stride,
                              const uint32_t *groups, const column *arguments, size_t argument_count, const uint32_t *selection,
                              size_t rows, bp_error *err)
{
    column cells[2];
    arena scratch;
    bool nested = false;
    bp_status status = BP_OK;

    for (size_t i = 0; i < argument_count; i++) nested |= type_is_nested(arguments[i].type);
    if (!nested) return update(call, states, stride, groups, arguments, selection, rows, err);
    arena_init(&scratch, call->context->memory);
    for (size_t i = 0; i < argument_count && !status; i++)
        status = cells_from(&cells[i], &arguments[i], arguments[i].length, &scratch, err);
    if (!status) status = update(call, states, stride, groups, cells, selection, rows, err);
    arena_clear(&scratch);
    return status;
}

/* min, max ----------------------------------------------------------------------------------------------------------------------------------- */
#define PICK_NUMBERS(type, tidy, better)                                                                                           \
    do {                                                                                                                           \
        const type *values = argument->values;                                                                                     \
        for (size_t i = 0; i < rows; i++) {                                                                                        \
            kept_value *kept = (kept_value *)(void *)state_at(states, stride, groups, i);                                          \
            type value = values[row_at(argument, selection, i)], held;                                                             \
            memcpy(&held, kept->bytes, sizeof held);                                                                               \
            value = (tidy);                                                                                                        \
            if (kept->seen && !(better)) continue;                                                                                 \
            memcpy(kept->bytes, &value, sizeof value);                                                                             \
            kept->seen = true;                                                                                                     \
        }                                                                                                                          \
    } while (0)

#define PICK_EITHER(type)                                                                                                          \
    do {                                                                                                                           \
        if (greatest)                                                                                                              \
            PICK_NUMBERS(type, value, value > held);                                                                               \
        else                                                                                                                       \
            PICK_NUMBERS(type, value, value < held);                                                                               \
    } while (0)

/* NaN is the greatest: a number is less than it, and nothing is greater. Which NaN and which zero it is must not depend on who comes first, so that every
 * split of the rows gives the same bits: one NaN stands for all, and -0.0 is less than 0.0. */
#define ONE_NAN(type) (value == value ? value : (type)__builtin_nan(""))
#define PICK_FLOATS(type)                                                                                                          \
    do {                                                                                                                           \
        if (greatest)                                                                                                              \
            PICK_NUMBERS(type, ONE_NAN(type),                                                                                      \
                         value > held || (value != value && held == held) || (value == held && signbit(held)));                    \
        else                                                                                                                       \
            PICK_NUMBERS(type, ONE_NAN(type),                                                                                      \
                         value < held || (held != held && value == value) || (value == held && signbit(value)));                   \
    } while (0)

static bp_status pick_by_order(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                               const column *argument, const uint32_t *selection, size_t rows, bool greatest, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < rows; i++) {
        kept_value *kept = (kept_value *)(void *)state_at(states, stride, groups, i);
        size_t row = row_at(argument, selection, i);
        column held = kept_column(kept, argument->type);
        if (kept->seen &&
            (greatest ? column_value_compare(argument, row, &held, 0) <= 0 : column_value_compare(argument, row, &held, 0) >= 0))
            continue;
        if ((status = keep(call, kept, argument, row, err))) return status;
    }
    return BP_OK;
}

static bp_status pick_extreme(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                              const column *argument, const uint32_t *selection, size_t rows, bool greatest, bp_error *err)
{
    physical_type physical = type_physical(argument->type);
    _Alignas(16) unsigned char best[16];
    column one;

    if (!groups && !selection && rows > 1 && argument->encoding == COLUMN_FLAT && extreme_has_kernel(physical)) {
        extreme_slice(best, greatest, physical, argument->values, call->mask, rows);
        one = (column){.type = argument->type, .length = 1, .values = best};
        argument = &one;
        rows = 1;
    }
    switch (physical) {
    case PHYSICAL_INT8: PICK_EITHER(int8_t); return BP_OK;
    case PHYSICAL_INT16: PICK_EITHER(int16_t); return BP_OK;
    case PHYSICAL_INT32: PICK_EITHER(int32_t); return BP_OK;
    case PHYSICAL_INT64: PICK_EITHER(int64_t); return BP_OK;
    case PHYSICAL_UINT8: PICK_EITHER(uint8_t); return BP_OK;
    case PHYSICAL_UINT16: PICK_EITHER(uint16_t); return BP_OK;
    case PHYSICAL_UINT32: PICK_EITHER(uint32_t); return BP_OK;
    case PHYSICAL_UINT64: PICK_EITHER(uint64_t); return BP_OK;
    case PHYSICAL_INT128: PICK_EITHER(int128); return BP_OK;
    case PHYSICAL_FLOAT32: PICK_FLOATS(float); return BP_OK;
    case PHYSICAL_FLOAT64: PICK_FLOATS(double); return BP_OK;
    default: return pick_by_order(call, states, stride, groups, argument, selection, rows, greatest, err);
    }
}

static bp_status min_cells(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                           const column *arguments, const uint32_t *selection, size_t rows, bp_error *err)
{
    return pick_extreme(call, states, stride, groups, &arguments[0], selection, rows, false, err);
}

AGGREGATE_UPDATE(min_update)
{
    return update_cells(min_cells, call, states, stride, groups, arguments, argument_count, selection, rows, err);
}

static bp_status max_cells(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                           const column *arguments, const uint32_t *selection, size_t rows, bp_error *err)
{
    return pick_extreme(call, states, stride, groups, &arguments[0], selection, rows, true, err);
}

AGGREGATE_UPDATE(max_update)
{
    return update_cells(max_cells, call, states, stride, groups, arguments, argument_count, selection, rows, err);
}

static bp_status combine_extreme(const aggregate_state_call *call, char *into, size_t into_stride, const uint32_t *into_groups,
                                 const char *from, size_t from_stride, size_t count, bool greatest, bp_error *err)
{
    data_type type = *(const data_type *)call->bind_data;
    bp_status status;

    for (size_t i = 0; i < count; i++) {
        const kept_value *other = (const kept_value *)(const void *)(from + i * from_stride);
        column one = kept_column(other, type);
        if (!other->seen) continue;
        status = pick_extreme(call, into, into_stride, &into_groups[i], &one, NULL, 1, greatest, err);
        if (status) return status;
    }
    return BP_OK;
}

AGGREGATE_COMBINE(min_combine)
{
    return combine_extreme(call, into, into_stride, into_groups, from, from_stride, count, false, err);
}

AGGREGATE_COMBINE(max_combine)
{
    return combine_extreme(call, into, into_stride, into_groups, from, from_stride, count, true, err);
}

/* first, last ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status first_cells(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                             const column *arguments, const uint32_t *selection, size_t rows, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < rows; i++) {
        kept_value *kept = (kept_value *)(void *)state_at(states, stride, groups, i);
        if (!kept->seen && (status = keep(call, kept, &arguments[0], row_at(&arguments[0], selection, i), err))) return status;
        if (!groups) break;
    }
    return BP_OK;
}

AGGREGATE_UPDATE(first_update)
{
    return update_cells(first_cells, call, states, stride, groups, arguments, argument_count, selection, rows, err);
}

static bp_status last_cells(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                            const column *arguments, const uint32_t *selection, size_t rows, bp_error *err)
{
    bp_status status;

    for (size_t i = groups ? 0 : rows - (rows > 0); i < rows; i++) {
        kept_value *kept = (kept_value *)(void *)state_at(states, stride, groups, i);
        if ((status = keep(call, kept, &arguments[0], row_at(&arguments[0], selection, i), err))) return status;
    }
    return BP_OK;
}

AGGREGATE_UPDATE(last_update)
{
    return update_cells(last_cells, call, states, stride, groups, arguments, argument_count, selection, rows, err);
}

static bp_status combine_place(const aggregate_state_call *call, char *into, size_t into_stride, const uint32_t *into_groups,
                               const char *from, size_t from_stride, size_t count, bool last, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < count; i++) {
        kept_value *to = (kept_value *)(void *)(into + into_groups[i] * into_stride);
        const kept_value *other = (const kept_value *)(const void *)(from + i * from_stride);
        if (!other->seen || (to->seen && !last)) continue;
        if ((status = keep_kept(call, to, other, *(const data_type *)call->bind_data, err))) return status;
    }
    return BP_OK;
}

AGGREGATE_COMBINE(first_combine)
{
    return combine_place(call, into, into_stride, into_groups, from, from_stride, count, false, err);
}

AGGREGATE_COMBINE(last_combine)
{
    return combine_place(call, into, into_stride, into_groups, from, from_stride, count, true, err);
}

/* arg_min(value, by), arg_max(value, by) --------------------------------------------------------------------------------------------------------- */
static bp_status pick_by(const aggregate_state_call *call, pick_state *state, const column *value, size_t value_row,
                         const column *by, size_t by_row, bool greatest, bp_error *err)
{
    column held = kept_column(&state->by, by->type);
    bp_status status;

    if (state->by.seen) {
        int order = column_value_compare(by, by_row, &held, 0);
        if (greatest ? order <= 0 : order >= 0) return BP_OK;
    }
    if ((status = keep(call, &state->by, by, by_row, err))) return status;
    return keep(call, &state->value, value, value_row, err);
}

static bp_status update_by(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                           const column *arguments, const uint32_t *selection, size_t rows, bool greatest, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < rows && !status; i++) {
        size_t by = row_at(&arguments[1], selection, i);
        if (column_is_null(&arguments[1], by)) continue; /* arg_min_null() sees them */
        status = pick_by(call, (pick_state *)(void *)state_at(states, stride, groups, i), &arguments[0],
                         row_at(&arguments[0], selection, i), &arguments[1], by, greatest, err);
    }
    return status;
}

static bp_status arg_min_cells(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                               const column *arguments, const uint32_t *selection, size_t rows, bp_error *err)
{
    return update_by(call, states, stride, groups, arguments, selection, rows, false, err);
}

AGGREGATE_UPDATE(arg_min_update)
{
    return update_cells(arg_min_cells, call, states, stride, groups, arguments, argument_count, selection, rows, err);
}

static bp_status arg_max_cells(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups,
                               const column *arguments, const uint32_t *selection, size_t rows, bp_error *err)
{
    return update_by(call, states, stride, groups, arguments, selection, rows, true, err);
}

AGGREGATE_UPDATE(arg_max_update)
{
    return update_cells(arg_max_cells, call, states, stride, groups, arguments, argument_count, selection, rows, err);
}

static bp_status combine_by(const aggregate_state_call *call, char *into, size_t into_stride, const uint32_t *into_groups,
                            const char *from, size_t from_stride, size_t count, bool greatest, bp_error *err)
{
    const data_type *types = call->bind_data;
    bp_status status = BP_OK;

    for (size_t i = 0; i < count && !status; i++) {
        const pick_state *other = (const pick_state *)(const void *)(from + i * from_stride);
        column value = kept_column(&other->value, types[0]), by = kept_column(&other->by, types[1]);
        uint64_t none = 0;
        if (other->value.null) value.validity = &none;
        if (other->by.seen)
            status = pick_by(call, (pick_state *)(void *)(into + into_groups[i] * into_stride), &value, 0, &by, 0, greatest, err);
    }
    return status;
}

AGGREGATE_COMBINE(arg_min_combine)
{
    return combine_by(call, into, into_stride, into_groups, from, from_stride, count, false, err);
}

AGGREGATE_COMBINE(arg_max_combine)
{
    return combine_by(call, into, into_stride, into_groups, from, from_stride, count, true, err);
}

/* results ------------------------------------------------------------------------------------------------------------------------------------------ */
static bp_status put_text(const kept_value *kept, string_ref *to, arena *arena, bp_error *err)
{
    memcpy(to, kept->bytes, sizeof *to);
    if (to->size > STRING_REF_INLINE) { /* the state's text may be overwritten later: results have their own */
        char *copy = arena_allocate_aligned(arena, to->size, 1);
        if (!copy) return error_no_memory(err, arena->memory, to->size);
        memcpy(copy, to->pointer, to->size);
        to->pointer = copy;
    }
    return BP_OK;
}

AGGREGATE_FINISH(pick_finish)
{
    const data_type *types = call->bind_data;
    data_type type = types[0];
    physical_type physical = type_physical(type);
    size_t width = physical == PHYSICAL_BIT ? 0 : physical_width(physical);
    column cells;
    uint64_t *validity;
    char *values;
    bp_status status;

    if (!new_results(out, count, width ? width : 1, &validity, arena))
        return error_no_memory(err, call->context->memory, count * 16);
    values = (char *)(uintptr_t)out->values;
    memset(values, 0, count * (width ? width : 1));
    out->type = type;
    for (size_t i = 0; i < count; i++) {
        const kept_value *kept = (const kept_value *)(const void *)(states + i * stride);
        if (!kept->seen || kept->null) {
            bitmap_unset(validity, i);
            continue;
        }
        if (physical == PHYSICAL_STRING) {
            if ((status = put_text(kept, (string_ref *)(void *)values + i, arena, err))) return status;
        } else if (physical == PHYSICAL_BIT) {
            bitmap_put((uint64_t *)(void *)values, i, kept->bytes[0]);
        } else {
            memcpy(values + i * width, kept->bytes, width);
        }
    }
    cells = *out;
    return cells_to(out, types[2], &cells, arena, err);
}
