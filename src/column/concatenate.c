/* Concatenation: fixed-width values by memcpy, bits by shifting, lists by moving their offsets, structs field by field. Depth is bounded by
 * LIMIT_TYPE_DEPTH, so the recursion over child types is. */
#include "concatenate.h"

#include "base/cancel.h"

static size_t total_length(const column *const *parts, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) total += parts[i]->length;
    return total;
}

/* Set bits [at, at + rows) of `out` (zero so far) to those of `bits`, or to ones when it is NULL. */
static void put_bits(uint64_t *out, size_t at, const uint64_t *bits, size_t rows)
{
    for (size_t done = 0; done < rows; done += 64) {
        size_t left = rows - done, to = at + done;
        uint64_t word = bits ? bits[done / 64] : UINT64_MAX;
        if (left < 64) word &= ((uint64_t)1 << left) - 1;
        out[to / 64] |= word << (to % 64);
        if (to % 64 && left > 64 - to % 64) out[to / 64 + 1] |= word >> (64 - to % 64);
    }
}

static bp_status join_bits(const uint64_t **out, const column *const *parts, size_t count, bool validity, arena *arena,
                           bp_error *err)
{
    size_t words = bitmap_words(total_length(parts, count)) + 1, at = 0;
    uint64_t *bits = arena_allocate_array(arena, words, sizeof *bits);
    bp_status status = BP_OK;

    if (!bits) return error_no_memory(err, arena->memory, words * sizeof *bits);
    for (size_t i = 0; i < count && !status; at += parts[i++]->length) {
        put_bits(bits, at, validity ? parts[i]->validity : parts[i]->values, parts[i]->length);
        status = cancel_check_of(arena->memory, err);
    }
    *out = bits;
    return status;
}

static bp_status join_values(column *out, const column *const *parts, size_t count, arena *arena, bp_error *err)
{
    size_t width = physical_width(type_physical(out->type)), bytes = out->length * width;
    char *values = arena_allocate_aligned(arena, bytes, 64), *to = values;
    bp_status status = BP_OK;

    if (!values) return error_no_memory(err, arena->memory, bytes);
    for (size_t i = 0; i < count && !status; i++) {
        size_t part = parts[i]->length * width;
        status = cancel_copy(arena->memory, to, parts[i]->values, part, err);
        if (!status) status = cancel_check_of(arena->memory, err);
        to += part;
    }
    out->values = values;
    return status;
}

static void shift_lists(column *out, const column *const *parts, size_t count)
{
    list_entry *entries = (list_entry *)(uintptr_t)out->values;
    size_t row = 0, base = 0;

    for (size_t i = 0; i < count; base += parts[i++]->children[0].length)
        for (size_t end = row + parts[i]->length; row < end; row++) entries[row].offset += (uint32_t)base;
}

static bp_status join_children(column *out, const column *const *parts, size_t count, arena *arena, bp_error *err)
{
    size_t children = count ? parts[0]->child_count : 0;
    column *joined = arena_allocate_array(arena, children, sizeof *joined);
    const column **child_parts = arena_allocate_array(arena, count, sizeof *child_parts);
    bp_status status;

    if (!joined || !child_parts) return error_no_memory(err, arena->memory, count * sizeof *child_parts);
    for (size_t child = 0; child < children; child++) {
        for (size_t i = 0; i < count; i++) {
            column *flat = arena_new(arena, column);
            if (!flat) return error_no_memory(err, arena->memory, sizeof *flat);
            if ((status = column_flatten(flat, &parts[i]->children[child], arena, err))) return status;
            child_parts[i] = flat;
        }
        if ((status = column_concatenate(&joined[child], child_parts[0]->type, child_parts, count, arena, err))) return status;
    }
    out->children = joined;
    out->child_count = children;
    return BP_OK;
}

bp_status column_concatenate(column *out, data_type type, const column *const *parts, size_t count, arena *arena, bp_error *err)
{
    physical_type physical = type_physical(type);
    bool has_nulls = false;
    bp_status status;

    *out = (column){.type = type, .length = total_length(parts, count)};
    for (size_t i = 0; i < count; i++) has_nulls |= parts[i]->validity != NULL;
    if (has_nulls && (status = join_bits(&out->validity, parts, count, true, arena, err))) return status;
    if (physical == PHYSICAL_BIT) return join_bits((const uint64_t **)&out->values, parts, count, false, arena, err);
    if (physical_width(physical) && (status = join_values(out, parts, count, arena, err))) return status;
    if (physical == PHYSICAL_LIST || physical == PHYSICAL_STRUCT || physical == PHYSICAL_ARRAY) {
        if ((status = join_children(out, parts, count, arena, err))) return status;
        if (physical == PHYSICAL_LIST) shift_lists(out, parts, count);
    }
    return BP_OK;
}
