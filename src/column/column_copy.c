/* Deep copies. Every string's and list's bytes are laid out anew in row order, without gaps; a dictionary's text is copied once and
 * shared by the rows of the copy. */
#include "column_copy.h"

#include "base/cancel.h"
#include "base/config.h"

#define CHECK_ROWS 65536

static bp_status copy_within(column *out, const column *in, data_type type, arena *arena, int depth, bp_error *err);

static void *room(arena *arena, size_t count, size_t width, bp_status *status, bp_error *err)
{
    size_t size;
    void *block = ckd_mul(&size, count, width) ? NULL : arena_allocate_aligned(arena, size ? size : 1, 64);

    if (!block) *status = error_no_memory(err, arena->memory, count * width);
    return block;
}

static bool row_is_valid(const column *in, size_t row)
{
    return !in->validity || bitmap_get(in->validity, row);
}

static bp_status copy_strings(column *out, const column *in, arena *arena, bp_error *err)
{
    const string_ref *from = in->values;
    size_t total = 0;
    bp_status status = BP_OK;
    string_ref *to = room(arena, in->length, sizeof *to, &status, err);
    char *bytes;

    if (!to) return status;
    for (size_t i = 0; i < in->length; i++)
        if (from[i].size > STRING_REF_INLINE && row_is_valid(in, i)) total += from[i].size;
    bytes = arena_allocate_aligned(arena, total ? total : 1, 1);
    if (!bytes) return error_no_memory(err, arena->memory, total);
    for (size_t i = 0; i < in->length; i++) {
        to[i] = row_is_valid(in, i) ? from[i] : (string_ref){0};
        if (to[i].size <= STRING_REF_INLINE) continue;
        if ((status = cancel_copy(arena->memory, bytes, from[i].pointer, from[i].size, err))) return status;
        if (i % CHECK_ROWS == 0 && (status = cancel_check_of(arena->memory, err))) return status;
        to[i].pointer = bytes;
        bytes += from[i].size;
    }
    out->values = to;
    return BP_OK;
}

/* Give `to` the entries of `from` packed one behind the other. *contiguous: the elements lay so already, from *first on. */
static size_t pack_entries(list_entry *to, const column *in, size_t *first, bool *contiguous)
{
    const list_entry *from = in->values;
    size_t total = 0;

    *first = 0;
    *contiguous = true;
    for (size_t i = 0; i < in->length; i++) {
        uint32_t size = row_is_valid(in, i) ? from[i].size : 0;

        to[i] = (list_entry){(uint32_t)total, size};
        if (size == 0) continue;
        if (total == 0) *first = from[i].offset;
        if (from[i].offset != *first + total) *contiguous = false;
        total += size;
    }
    return total;
}

static bp_status gather_elements(column *out, const column *in, size_t total, arena *arena, bp_error *err)
{
    const list_entry *entries = in->values;
    size_t at = 0;
    uint32_t *elements = memory_allocate_array(arena->memory, total, sizeof *elements);
    bp_status status;

    if (!elements) return error_no_memory(err, arena->memory, total * sizeof *elements);
    for (size_t i = 0; i < in->length; i++)
        for (uint32_t k = 0; k < entries[i].size && row_is_valid(in, i); k++) elements[at++] = entries[i].offset + k;
    status = column_gather(out, &in->children[0], elements, total, arena, err);
    memory_free(arena->memory, elements, total * sizeof *elements);
    return status;
}

bp_status column_list_elements(column *elements, list_entry *to, const column *in, data_type type, arena *arena, bp_error *err)
{
    size_t first;
    bool contiguous;
    size_t total = pack_entries(to, in, &first, &contiguous);

    if (total > UINT32_MAX) return error_set(err, BP_LIMIT, "a list column has over 4,294,967,295 elements in a batch");
    if (in->child_count == 0) {
        *elements = column_nulls(type, 0);
        return BP_OK;
    }
    if (contiguous) return column_slice(elements, &in->children[0], first, total, arena, err);
    return gather_elements(elements, in, total, arena, err);
}

static bp_status copy_lists(column *out, const column *in, arena *arena, int depth, bp_error *err)
{
    data_type type = out->type.detail->children[0];
    struct arena scratch;
    column elements, *child;
    bp_status status = BP_OK;
    list_entry *to;

    arena_init(&scratch, arena->memory);
    if (!(to = room(arena, in->length, sizeof *to, &status, err))) goto done;
    if (!(child = room(arena, 1, sizeof *child, &status, err))) goto done;
    status = column_list_elements(&elements, to, in, type, &scratch, err);
    if (!status) status = copy_within(child, &elements, type, arena, depth + 1, err);
    out->values = to;
    out->children = child;
    out->child_count = 1;
done:
    arena_clear(&scratch);
    return status;
}

static bp_status copy_children(column *out, const column *in, arena *arena, int depth, bp_error *err)
{
    bp_status status = BP_OK;
    column *children = room(arena, in->child_count, sizeof *children, &status, err);

    if (!children) return status;
    for (size_t i = 0; i < in->child_count && !status; i++)
        status = copy_within(&children[i], &in->children[i], out->type.detail->children[i], arena, depth + 1, err);
    out->children = children;
    out->child_count = in->child_count;
    return status;
}

static bp_status copy_plain(column *out, const column *in, size_t bytes, arena *arena, bp_error *err)
{
    bp_status status = BP_OK;
    void *values = room(arena, bytes, 1, &status, err);

    if (!values) return status;
    out->values = values;
    return cancel_copy(arena->memory, values, in->values, bytes, err);
}

static bp_status copy_flat(column *out, const column *in, arena *arena, int depth, bp_error *err)
{
    physical_type physical = type_physical(in->type);
    size_t bytes = bitmap_words(in->length) * 8;
    bp_status status = BP_OK;
    uint64_t *validity;

    if (in->validity && physical != PHYSICAL_NONE) {
        if (!(validity = room(arena, bytes, 1, &status, err))) return status;
        if (bytes) memcpy(validity, in->validity, bytes);
        out->validity = validity;
    }
    switch (physical) {
    case PHYSICAL_NONE: return BP_OK;
    case PHYSICAL_BIT: return copy_plain(out, in, bytes, arena, err);
    case PHYSICAL_STRING: return copy_strings(out, in, arena, err);
    case PHYSICAL_LIST: return copy_lists(out, in, arena, depth, err);
    case PHYSICAL_STRUCT:
    case PHYSICAL_ARRAY: return copy_children(out, in, arena, depth, err);
    default: return copy_plain(out, in, in->length * physical_width(physical), arena, err);
    }
}

/* Expand a copy of row 0. */
static bp_status copy_constant(column *out, const column *in, data_type type, arena *arena, int depth, bp_error *err)
{
    column one = *in;
    bp_status status;

    if (in->length == 0 || column_is_null(in, 0)) {
        one = column_nulls(type, in->length);
        return column_flatten(out, &one, arena, err);
    }
    one.length = 1;
    if ((status = column_flatten(&one, &one, arena, err))) return status;
    if ((status = copy_within(&one, &one, type, arena, depth + 1, err))) return status;
    one.encoding = COLUMN_CONSTANT;
    one.length = in->length;
    return column_flatten(out, &one, arena, err);
}

static bp_status copy_dictionary(column *out, const column *in, data_type type, arena *arena, int depth, bp_error *err)
{
    struct arena scratch;
    column shared = *in, dictionary;
    bp_status status;

    arena_init(&scratch, arena->memory);
    if (in->children[0].length <= in->length) {
        if ((status = copy_within(&dictionary, &in->children[0], type, arena, depth + 1, err))) goto done;
        shared.children = &dictionary;
        shared.type = type;
        if ((status = column_flatten(&shared, &shared, arena, err))) goto done;
        *out = shared;
        if (shared.validity) {
            uint64_t *validity = room(arena, bitmap_words(in->length), 8, &status, err);
            if (!validity) goto done;
            memcpy(validity, shared.validity, bitmap_words(in->length) * 8);
            out->validity = validity;
        }
    } else {
        if ((status = column_flatten(&shared, in, &scratch, err))) goto done;
        status = copy_within(out, &shared, type, arena, depth + 1, err);
    }
done:
    arena_clear(&scratch);
    return status;
}

static bp_status copy_within(column *out, const column *in, data_type type, arena *arena, int depth, bp_error *err)
{
    column from = *in; /* out may be in */

    if (depth > 2 * LIMIT_TYPE_DEPTH) return error_set(err, BP_LIMIT, "a column is nested over %d levels", LIMIT_TYPE_DEPTH);
    if (from.encoding == COLUMN_CONSTANT) return copy_constant(out, &from, type, arena, depth, err);
    if (from.encoding == COLUMN_DICTIONARY) return copy_dictionary(out, &from, type, arena, depth, err);
    *out = (column){.type = type, .length = from.length};
    return copy_flat(out, &from, arena, depth, err);
}

bp_status column_copy(column *out, const column *in, arena *arena, bp_error *err)
{
    data_type type;
    bp_status status = type_copy(&type, arena, in->type, err);

    return status ? status : copy_within(out, in, type, arena, 0, err);
}

bp_status column_pack_lists(column *out, const column *in, arena *arena, bp_error *err)
{
    return copy_within(out, in, in->type, arena, 0, err);
}
