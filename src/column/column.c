/* Views, gathers and flattening of columns: what every operator does all day. Deep copies: column_copy.c; order: column_compare.c.
 *
 * Nested columns are walked by recursion as deep as their type, at most LIMIT_TYPE_DEPTH levels. */
#include "column.h"

#include "base/cancel.h"

#include "base/config.h"

/* Room for `count` items of `width` bytes, or out-of-memory in *status. */
static void *room(arena *arena, size_t count, size_t width, bp_status *status, bp_error *err)
{
    size_t size;
    void *block = ckd_mul(&size, count, width) ? NULL : arena_allocate_aligned(arena, size ? size : 1, 64);

    if (!block) *status = error_no_memory(err, arena->memory, count * width);
    return block;
}

static bp_status too_deep(bp_error *err)
{
    return error_set(err, BP_LIMIT, "a column is nested over %d levels", LIMIT_TYPE_DEPTH);
}

static bp_status bits_slice(const uint64_t **out, const uint64_t *in, size_t begin, size_t rows, arena *arena, bool *copied,
                            bp_error *err)
{
    bp_status status = BP_OK;
    uint64_t *bits;

    *out = in ? in + begin / 64 : NULL;
    if (!in || begin % 64 == 0) return BP_OK;
    if (!(bits = room(arena, bitmap_words(rows), 8, &status, err))) return status;
    bitmap_copy(bits, (const uint8_t *)in, begin, rows);
    *out = bits;
    *copied = true;
    return BP_OK;
}

size_t column_null_count(const column *column)
{
    if (column->type.id == TYPE_NULL) return column->length;
    if (!column->validity || column->length == 0) return 0;
    if (column->encoding == COLUMN_CONSTANT) return column->validity[0] & 1 ? 0 : column->length;
    return column->length - bitmap_count(column->validity, column->length);
}

column column_nulls(data_type type, size_t rows)
{
    static const uint64_t zeros[8]; /* a value of any width, and its validity */

    return (column){.type = type, .encoding = COLUMN_CONSTANT, .length = rows, .validity = zeros, .values = zeros};
}

/* Slices ---------------------------------------------------------------------------------------------------------------------- */
static bp_status slice_within(column *out, const column *in, size_t begin, size_t rows, arena *arena, int depth, bp_error *err);

static bp_status slice_children(column *out, const column *in, size_t begin, size_t rows, arena *arena, int depth, bp_error *err)
{
    size_t per_row = type_physical(in->type) == PHYSICAL_ARRAY ? in->type.fixed_size : 1;
    bp_status status = BP_OK;
    column *children = room(arena, in->child_count, sizeof *children, &status, err);

    if (!children) return status;
    for (size_t i = 0; i < in->child_count && !status; i++)
        status = slice_within(&children[i], &in->children[i], begin * per_row, rows * per_row, arena, depth + 1, err);
    out->children = children;
    out->owner = NULL; /* the array of children is the arena's */
    return status;
}

static bp_status slice_values(column *out, const column *in, size_t begin, size_t rows, arena *arena, int depth, bp_error *err)
{
    physical_type physical = in->encoding == COLUMN_DICTIONARY ? PHYSICAL_UINT32 : type_physical(in->type);
    const uint64_t *bits = NULL;
    bool copied = false;
    bp_status status;

    switch (physical) {
    case PHYSICAL_NONE: return BP_OK;
    case PHYSICAL_BIT:
        status = bits_slice(&bits, in->values, begin, rows, arena, &copied, err);
        out->values = bits;
        if (copied) out->owner = NULL;
        return status;
    case PHYSICAL_STRUCT:
    case PHYSICAL_ARRAY: return slice_children(out, in, begin, rows, arena, depth, err);
    default: out->values = (const char *)in->values + begin * physical_width(physical); return BP_OK;
    }
}

static bp_status slice_within(column *out, const column *in, size_t begin, size_t rows, arena *arena, int depth, bp_error *err)
{
    bool copied = false;
    bp_status status;

    CHECK(begin <= in->length && rows <= in->length - begin);
    if (depth > LIMIT_TYPE_DEPTH) return too_deep(err);
    *out = *in;
    out->length = rows;
    if (in->encoding == COLUMN_CONSTANT || rows == in->length) return BP_OK;
    if ((status = slice_values(out, in, begin, rows, arena, depth, err))) return status;
    status = bits_slice(&out->validity, in->validity, begin, rows, arena, &copied, err);
    if (copied) out->owner = NULL;
    return status;
}

bp_status column_slice(column *out, const column *in, size_t begin, size_t rows, arena *arena, bp_error *err)
{
    return slice_within(out, in, begin, rows, arena, 0, err);
}

/* Gathers --------------------------------------------------------------------------------------------------------------------- */
static void gather_bits(uint64_t *out, const uint64_t *in, const uint32_t *selection, size_t count)
{
    for (size_t base = 0; base < count; base += 64) {
        size_t end = count - base < 64 ? count - base : 64;
        uint64_t word = 0;

        for (size_t i = 0; i < end; i++) {
            uint32_t row = selection[base + i];
            word |= ((in[row / 64] >> (row % 64)) & 1) << i;
        }
        out[base / 64] = word;
    }
}

typedef struct wide_value {
    uint64_t words[2];
} wide_value;
typedef struct widest_value {
    uint64_t words[4];
} widest_value;

#define GATHER(type)                                                                                                               \
    for (size_t i = 0; i < count; i++) ((type *)out)[i] = ((const type *)in)[selection[i]]

static void gather_values(void *out, const void *in, size_t width, const uint32_t *selection, size_t count)
{
    switch (width) {
    case 1: GATHER(uint8_t); break;
    case 2: GATHER(uint16_t); break;
    case 4: GATHER(uint32_t); break;
    case 8: GATHER(uint64_t); break;
    case 16: GATHER(wide_value); break;
    case 32: GATHER(widest_value); break;
    }
}

/* Long columns come step by step, between which cancel is looked at: 10^8 values from anywhere take seconds. */
#define STEP ((size_t)1 << 18) /* a multiple of 64 */

static bp_status gather_steps(void *out, const void *in, size_t width, bool bits, const uint32_t *selection, size_t count,
                              const memory *account, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t begin = 0; begin < count && !status; begin += STEP) {
        size_t rows = count - begin < STEP ? count - begin : STEP;
        if (bits)
            gather_bits((uint64_t *)out + begin / 64, in, selection + begin, rows);
        else
            gather_values((char *)out + begin * width, in, width, selection + begin, rows);
        if (rows == STEP) status = cancel_check_of(account, err);
    }
    return status;
}

static bp_status gather_within(column *out, const column *in, const uint32_t *selection, size_t count, arena *arena, int depth,
                               bp_error *err);

/* The elements of the selected rows of an ARRAY: row r has elements r * size … r * size + size - 1. */
static bp_status gather_elements(column *out, const column *in, uint32_t size, const uint32_t *selection, size_t count,
                                 arena *arena, int depth, bp_error *err)
{
    size_t total = 0, bytes = 0;
    uint32_t *elements = NULL;
    bp_status status;

    if (ckd_mul(&total, count, size) || in->length > UINT32_MAX || ckd_mul(&bytes, total, sizeof *elements))
        return error_set(err, BP_LIMIT, "an ARRAY column has over 4,294,967,295 elements in a batch");
    elements = memory_allocate(arena->memory, bytes);
    if (!elements) return error_no_memory(err, arena->memory, bytes);
    for (size_t i = 0, at = 0; i < count; i++)
        for (uint32_t k = 0; k < size; k++) elements[at++] = selection[i] * size + k;
    status = gather_within(out, in, elements, total, arena, depth + 1, err);
    memory_free(arena->memory, elements, bytes);
    return status;
}

static bp_status gather_children(column *out, const column *in, const uint32_t *selection, size_t count, arena *arena, int depth,
                                 bp_error *err)
{
    bp_status status = BP_OK;
    column *children = room(arena, in->child_count, sizeof *children, &status, err);

    if (!children) return status;
    out->children = children;
    if (type_physical(in->type) == PHYSICAL_ARRAY)
        return gather_elements(children, in->children, in->type.fixed_size, selection, count, arena, depth, err);
    for (size_t i = 0; i < in->child_count && !status; i++)
        status = gather_within(&children[i], &in->children[i], selection, count, arena, depth + 1, err);
    return status;
}

static bp_status gather_payload(column *out, const column *in, const uint32_t *selection, size_t count, arena *arena, int depth,
                                bp_error *err)
{
    physical_type physical = in->encoding == COLUMN_DICTIONARY ? PHYSICAL_UINT32 : type_physical(in->type);
    bp_status status = BP_OK;
    void *values;

    switch (physical) {
    case PHYSICAL_NONE: return BP_OK;
    case PHYSICAL_STRUCT:
    case PHYSICAL_ARRAY: return gather_children(out, in, selection, count, arena, depth, err);
    case PHYSICAL_BIT:
        if (!(values = room(arena, bitmap_words(count), 8, &status, err))) return status;
        status = gather_steps(values, in->values, 0, true, selection, count, arena->memory, err);
        break;
    default:
        if (!(values = room(arena, count, physical_width(physical), &status, err))) return status;
        status = gather_steps(values, in->values, physical_width(physical), false, selection, count, arena->memory, err);
    }
    out->values = values;
    return status;
}

static bp_status gather_within(column *out, const column *in, const uint32_t *selection, size_t count, arena *arena, int depth,
                               bp_error *err)
{
    bp_status status = BP_OK;
    uint64_t *validity = NULL;

    if (depth > LIMIT_TYPE_DEPTH) return too_deep(err);
    *out = *in;
    out->length = count;
    if (in->encoding == COLUMN_CONSTANT) return BP_OK;
    out->owner = NULL;
    if (in->validity) {
        if (!(validity = room(arena, bitmap_words(count), 8, &status, err))) return status;
        if ((status = gather_steps(validity, in->validity, 0, true, selection, count, arena->memory, err))) return status;
        out->validity = validity;
    }
    return gather_payload(out, in, selection, count, arena, depth, err);
}

bp_status column_gather(column *out, const column *in, const uint32_t *selection, size_t count, arena *arena, bp_error *err)
{
    return gather_within(out, in, selection, count, arena, 0, err);
}

/* Flattening ------------------------------------------------------------------------------------------------------------------ */
static bp_status flatten_within(column *out, const column *in, arena *arena, int depth, bp_error *err);

/* Row 0 of `in` as a CONSTANT column of `rows` rows. */
static bp_status repeat_first(column *out, const column *in, size_t rows, arena *arena, bp_error *err)
{
    bp_status status = BP_OK;
    column first = *in;

    if (in->encoding == COLUMN_DICTIONARY) {
        first.length = 1;
        status = column_flatten(&first, &first, arena, err);
    }
    *out = first;
    out->encoding = COLUMN_CONSTANT;
    out->length = rows;
    return status;
}

static bp_status repeat_elements(column *child, const column *in, arena *arena, int depth, bp_error *err)
{
    size_t size = in->type.fixed_size, total = 0, bytes = 0;
    uint32_t *elements;
    bp_status status;

    if (ckd_mul(&total, in->length, size) || ckd_mul(&bytes, total, sizeof *elements))
        return error_set(err, BP_LIMIT, "an ARRAY column has too many elements");
    elements = memory_allocate(arena->memory, bytes);
    if (!elements) return error_no_memory(err, arena->memory, bytes);
    for (size_t i = 0, at = 0; i < in->length; i++)
        for (size_t k = 0; k < size; k++) elements[at++] = (uint32_t)k;
    status = gather_within(child, in->children, elements, total, arena, depth + 1, err);
    memory_free(arena->memory, elements, bytes);
    return status ? status : flatten_within(child, child, arena, depth + 1, err);
}

/* Children for the flat form of a CONSTANT column. */
static bp_status repeat_children(column *out, const column *in, arena *arena, int depth, bp_error *err)
{
    physical_type physical = type_physical(in->type);
    size_t per_row = physical == PHYSICAL_ARRAY ? in->type.fixed_size : physical == PHYSICAL_LIST ? 0 : 1;
    size_t count = type_child_count(in->type);
    bp_status status = BP_OK;
    column *children = room(arena, count, sizeof *children, &status, err);

    if (!children) return status;
    for (size_t i = 0; i < count && !status; i++) {
        if (in->child_count == 0) {
            children[i] = column_nulls(in->type.detail->children[i], in->length * per_row);
            status = flatten_within(&children[i], &children[i], arena, depth + 1, err);
        } else if (physical == PHYSICAL_ARRAY) {
            status = repeat_elements(&children[i], in, arena, depth, err);
        } else {
            status = repeat_first(&children[i], &in->children[i], in->length, arena, err);
            if (!status) status = flatten_within(&children[i], &children[i], arena, depth + 1, err);
        }
    }
    out->children = children;
    out->child_count = count;
    return status;
}

#define FILL(type)                                                                                                                 \
    for (size_t i = 0; i < count; i++) ((type *)out)[i] = *(const type *)value

static void fill_values(void *out, const void *value, size_t width, size_t count)
{
    switch (width) {
    case 1: memset(out, *(const uint8_t *)value, count); break;
    case 2: FILL(uint16_t); break;
    case 4: FILL(uint32_t); break;
    case 8: FILL(uint64_t); break;
    case 16: FILL(wide_value); break;
    case 32: FILL(widest_value); break;
    }
}

static bp_status flatten_constant(column *out, const column *in, arena *arena, int depth, bp_error *err)
{
    physical_type physical = type_physical(in->type);
    size_t width = physical_width(physical);
    bool is_null = column_is_null(in, 0);
    bp_status status = BP_OK;
    uint64_t *validity;
    void *values = NULL;

    *out = (column){.type = in->type, .length = in->length, .children = in->children, .child_count = in->child_count};
    if (physical == PHYSICAL_NONE) return BP_OK;
    if (is_null) {
        if (!(validity = room(arena, bitmap_words(in->length), 8, &status, err))) return status;
        bitmap_fill(validity, in->length, false);
        out->validity = validity;
    }
    if (physical == PHYSICAL_BIT) {
        if (!(values = room(arena, bitmap_words(in->length), 8, &status, err))) return status;
        bitmap_fill(values, in->length, bitmap_get(in->values, 0));
    } else if (width) {
        if (!(values = room(arena, in->length, width, &status, err))) return status;
        for (size_t begin = 0; begin < in->length && !status; begin += STEP) {
            size_t rows = in->length - begin < STEP ? in->length - begin : STEP;
            fill_values((char *)values + begin * width, in->values, width, rows);
            if (rows == STEP) status = cancel_check_of(arena->memory, err);
        }
        if (status) return status;
    }
    out->values = values;
    if (physical == PHYSICAL_STRUCT || physical == PHYSICAL_ARRAY || (physical == PHYSICAL_LIST && in->child_count == 0))
        return repeat_children(out, in, arena, depth, err);
    return BP_OK;
}

static bp_status flatten_dictionary(column *out, const column *in, arena *arena, int depth, bp_error *err)
{
    bp_status status = gather_within(out, in->children, in->values, in->length, arena, depth, err);

    if (status) return status;
    out->validity = in->validity; /* a dictionary has no NULLs of its own */
    out->type = in->type;
    return BP_OK;
}

static bp_status flatten_within(column *out, const column *in, arena *arena, int depth, bp_error *err)
{
    column from = *in; /* out may be in */

    if (depth > LIMIT_TYPE_DEPTH) return too_deep(err);
    switch ((column_encoding)from.encoding) {
    case COLUMN_CONSTANT: return flatten_constant(out, &from, arena, depth, err);
    case COLUMN_DICTIONARY: return flatten_dictionary(out, &from, arena, depth, err);
    case COLUMN_FLAT: break;
    }
    *out = from;
    return BP_OK;
}

bp_status column_flatten(column *out, const column *in, arena *arena, bp_error *err)
{
    return flatten_within(out, in, arena, 0, err);
}
