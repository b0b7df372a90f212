/* Buffers of a builder: values as in a FLAT column, and validity words from the first NULL on. Bits behind `length` may be anything. */
#include "column_builder.h"

#include "base/config.h"

#define FIRST_CAPACITY 64

static memory *memory_of(const column_builder *builder)
{
    return builder->arena->memory;
}

static size_t values_size(const column_builder *builder, size_t rows)
{
    return builder->physical == PHYSICAL_BIT ? bitmap_words(rows) * 8 : rows * physical_width(builder->physical);
}

static bool has_values(const column_builder *builder)
{
    return builder->physical == PHYSICAL_BIT || physical_width(builder->physical) > 0;
}

/* Making and ending ----------------------------------------------------------------------------------------------------------- */
static bp_status init_within(column_builder *builder, data_type type, arena *arena, int depth, bp_error *err)
{
    bp_status status = BP_OK;

    *builder = (column_builder){.type = type, .physical = type_physical(type), .arena = arena};
    if (depth > LIMIT_TYPE_DEPTH) return error_set(err, BP_LIMIT, "a data type is nested over %d levels", LIMIT_TYPE_DEPTH);
    if (type_child_count(type) == 0) return BP_OK;
    builder->children = arena_new_array(arena, column_builder, type_child_count(type));
    if (!builder->children) return error_no_memory(err, arena->memory, type_child_count(type) * sizeof *builder);
    builder->child_count = type_child_count(type);
    for (size_t i = 0; i < builder->child_count && !status; i++)
        status = init_within(&builder->children[i], type.detail->children[i], arena, depth + 1, err);
    return status;
}

bp_status column_builder_init(column_builder *builder, data_type type, arena *arena, bp_error *err)
{
    return init_within(builder, type, arena, 0, err);
}

void column_builder_clear(column_builder *builder)
{
    for (size_t i = 0; i < builder->child_count; i++) column_builder_clear(&builder->children[i]);
    if (builder->values && !builder->lent)
        memory_free(memory_of(builder), builder->values, values_size(builder, builder->capacity));
    if (builder->validity) memory_free(memory_of(builder), builder->validity, bitmap_words(builder->capacity) * 8);
    *builder = (column_builder){.type = builder->type, .physical = builder->physical, .arena = builder->arena};
}

/* Room ------------------------------------------------------------------------------------------------------------------------ */
static bp_status grow(column_builder *builder, size_t rows, bp_error *err)
{
    size_t capacity = builder->capacity ? builder->capacity : FIRST_CAPACITY, old = builder->capacity;
    void *block;

    while (capacity < rows) capacity *= 2;
    if (builder
            ->validity) { /* first, and at its own size: a failure of the second leaves it larger than needed, which must be known */
        block = memory_allocate(memory_of(builder), bitmap_words(capacity) * 8);
        if (!block) return error_no_memory(err, memory_of(builder), bitmap_words(capacity) * 8);
    } else {
        block = NULL;
    }
    if (has_values(builder)) {
        void *values =
            memory_resize(memory_of(builder), builder->values, values_size(builder, old), values_size(builder, capacity));
        if (!values) {
            memory_free(memory_of(builder), block, bitmap_words(capacity) * 8);
            return error_no_memory(err, memory_of(builder), values_size(builder, capacity));
        }
        builder->values = values;
    }
    if (block) {
        memcpy(block, builder->validity, bitmap_words(old) * 8);
        memory_free(memory_of(builder), builder->validity, bitmap_words(old) * 8);
        builder->validity = block;
    }
    builder->capacity = capacity;
    return BP_OK;
}

bp_status column_builder_reserve(column_builder *builder, size_t extra, bp_error *err)
{
    size_t rows;

    if (ckd_add(&rows, builder->length, extra) || rows > SIZE_MAX / 128)
        return error_set(err, BP_LIMIT, "a column cannot have %zu more rows", extra);
    if (rows <= builder->capacity) return BP_OK;
    return builder->lent ? ERROR_INTERNAL(err, "a column has more rows than its room") : grow(builder, rows, err);
}

size_t column_builder_room(const column_builder *builder, size_t capacity)
{
    return values_size(builder, capacity);
}

bp_status column_builder_lend(column_builder *builder, void *room, size_t capacity, bp_error *err)
{
    memory *memory = memory_of(builder);
    size_t old = builder->capacity;

    if (builder->validity) {
        uint64_t *validity = memory_resize(memory, builder->validity, bitmap_words(old) * 8, bitmap_words(capacity) * 8);
        if (!validity) return error_no_memory(err, memory, bitmap_words(capacity) * 8);
        builder->validity = validity;
    }
    if (builder->values) {
        memcpy(room, builder->values, values_size(builder, builder->length));
        memory_free(memory, builder->values, values_size(builder, old));
    }
    builder->values = room;
    builder->capacity = capacity;
    builder->lent = true;
    return BP_OK;
}

/* Validity words, with ones for the rows so far. Needs a capacity. */
static bp_status need_validity(column_builder *builder, bp_error *err)
{
    if (builder->validity) return BP_OK;
    builder->validity = memory_allocate(memory_of(builder), bitmap_words(builder->capacity) * 8);
    if (!builder->validity) return error_no_memory(err, memory_of(builder), bitmap_words(builder->capacity) * 8);
    memset(builder->validity, 0xff, bitmap_words(builder->capacity) * 8);
    return BP_OK;
}

/* One row ---------------------------------------------------------------------------------------------------------------------- */
static uint32_t list_end(const column_builder *builder)
{
    const list_entry *entries = builder->values;

    if (builder->length == 0) return 0;
    return entries[builder->length - 1].offset + entries[builder->length - 1].size;
}

static bp_status fill_null_children(column_builder *builder, bp_error *err)
{
    size_t rows = builder->physical == PHYSICAL_STRUCT ? 1 : builder->physical == PHYSICAL_ARRAY ? builder->type.fixed_size : 0;
    bp_status status = BP_OK;

    for (size_t i = 0; i < builder->child_count; i++)
        for (size_t k = 0; k < rows && !status; k++) status = column_builder_append_null(&builder->children[i], err);
    return status;
}

bp_status column_builder_append_null(column_builder *builder, bp_error *err)
{
    size_t row = builder->length, width = physical_width(builder->physical);
    bp_status status;

    if ((status = column_builder_reserve(builder, 1, err))) return status;
    if (builder->physical != PHYSICAL_NONE && (status = need_validity(builder, err))) return status;
    if ((status = fill_null_children(builder, err))) return status;
    if (builder->physical == PHYSICAL_BIT)
        bitmap_unset(builder->values, row);
    else if (builder->physical == PHYSICAL_LIST)
        ((list_entry *)builder->values)[row] = (list_entry){list_end(builder), 0};
    else if (width)
        memset((char *)builder->values + row * width, 0, width);
    if (builder->validity) bitmap_unset(builder->validity, row);
    builder->length++;
    return BP_OK;
}

bp_status column_builder_append_value(column_builder *builder, const void *value, bp_error *err)
{
    size_t row = builder->length, width = physical_width(builder->physical);
    bp_status status = column_builder_reserve(builder, 1, err);

    if (status) return status;
    if (builder->physical == PHYSICAL_BIT)
        bitmap_put(builder->values, row, *(const bool *)value);
    else
        memcpy((char *)builder->values + row * width, value, width);
    if (builder->validity) bitmap_set(builder->validity, row);
    builder->length++;
    return BP_OK;
}

bp_status column_builder_append_text(column_builder *builder, string_view text, bp_error *err)
{
    string_ref ref;

    if (text.size > UINT32_MAX) return error_set(err, BP_LIMIT, "a text of %zu bytes is over 4 GiB", text.size);
    if (text.size > STRING_REF_INLINE) {
        char *copy = arena_allocate_aligned(builder->arena, text.size, 1);
        if (!copy) return error_no_memory(err, memory_of(builder), text.size);
        memcpy(copy, text.data, text.size);
        text.data = copy;
    }
    ref = string_ref_of(text.data, text.size);
    return column_builder_append_value(builder, &ref, err);
}

static bp_status close_list(column_builder *builder, bp_error *err)
{
    uint32_t begin = list_end(builder);
    list_entry entry = {begin, (uint32_t)builder->children[0].length - begin};

    if (builder->children[0].length > UINT32_MAX) return error_set(err, BP_LIMIT, "a list column has over 4,294,967,295 elements");
    return column_builder_append_value(builder, &entry, err);
}

bp_status column_builder_close_row(column_builder *builder, bp_error *err)
{
    size_t wanted = (builder->length + 1) * (builder->physical == PHYSICAL_ARRAY ? builder->type.fixed_size : 1);
    bp_status status;

    if (builder->physical == PHYSICAL_LIST) return close_list(builder, err);
    for (size_t i = 0; i < builder->child_count; i++)
        if (builder->children[i].length != wanted)
            return ERROR_INTERNAL(err, "a nested row closed with children of another length");
    if ((status = column_builder_reserve(builder, 1, err))) return status;
    if (builder->validity) bitmap_set(builder->validity, builder->length);
    builder->length++;
    return BP_OK;
}

/* Many rows --------------------------------------------------------------------------------------------------------------------- */
static bp_status append_within(column_builder *builder, const column *in, size_t begin, size_t count, arena *scratch,
                               bp_error *err);

static bool row_is_valid(const column *in, size_t row)
{
    return !in->validity || bitmap_get(in->validity, row);
}

static bp_status append_texts(column_builder *builder, const column *in, bp_error *err)
{
    string_ref *to = (string_ref *)builder->values + builder->length;
    const string_ref *from = in->values;
    size_t total = 0;
    char *bytes;

    for (size_t i = 0; i < in->length; i++)
        if (from[i].size > STRING_REF_INLINE && row_is_valid(in, i)) total += from[i].size;
    if (!(bytes = arena_allocate_aligned(builder->arena, total, 1))) return error_no_memory(err, memory_of(builder), total);
    for (size_t i = 0; i < in->length; i++) {
        to[i] = row_is_valid(in, i) ? from[i] : (string_ref){0};
        if (to[i].size <= STRING_REF_INLINE) continue;
        memcpy(bytes, from[i].pointer, from[i].size);
        to[i].pointer = bytes;
        bytes += from[i].size;
    }
    return BP_OK;
}

/* Elements are taken over in runs that lie one behind the other. */
static bp_status append_lists(column_builder *builder, const column *in, arena *scratch, bp_error *err)
{
    list_entry *to = (list_entry *)builder->values + builder->length;
    const list_entry *from = in->values;
    size_t at = builder->children[0].length, run_begin = 0, run = 0;
    bp_status status = BP_OK;

    for (size_t i = 0; i < in->length && !status; i++) {
        uint32_t size = row_is_valid(in, i) ? from[i].size : 0;

        if (at + size > UINT32_MAX) return error_set(err, BP_LIMIT, "a list column has over 4,294,967,295 elements");
        to[i] = (list_entry){(uint32_t)at, size};
        at += size;
        if (size && from[i].offset != run_begin + run) {
            if (run) status = append_within(&builder->children[0], &in->children[0], run_begin, run, scratch, err);
            run_begin = from[i].offset;
            run = 0;
        }
        run += size;
    }
    if (run && !status) status = append_within(&builder->children[0], &in->children[0], run_begin, run, scratch, err);
    return status;
}

static bp_status append_children(column_builder *builder, const column *in, arena *scratch, bp_error *err)
{
    size_t per_row = builder->physical == PHYSICAL_ARRAY ? builder->type.fixed_size : 1;
    bp_status status = BP_OK;

    for (size_t i = 0; i < builder->child_count && !status; i++)
        status = append_within(&builder->children[i], &in->children[i], 0, in->length * per_row, scratch, err);
    return status;
}

/* `in` is flat. */
static bp_status append_payload(column_builder *builder, const column *in, arena *scratch, bp_error *err)
{
    size_t width = physical_width(builder->physical);

    switch (builder->physical) {
    case PHYSICAL_NONE: return BP_OK;
    case PHYSICAL_BIT: bitmap_write(builder->values, builder->length, in->values, in->length); return BP_OK;
    case PHYSICAL_STRING: return append_texts(builder, in, err);
    case PHYSICAL_LIST: return append_lists(builder, in, scratch, err);
    case PHYSICAL_STRUCT:
    case PHYSICAL_ARRAY: return append_children(builder, in, scratch, err);
    default: memcpy((char *)builder->values + builder->length * width, in->values, in->length * width); return BP_OK;
    }
}

static bp_status append_within(column_builder *builder, const column *in, size_t begin, size_t count, arena *scratch, bp_error *err)
{
    column rows;
    bp_status status;

    if (count == 0) return BP_OK;
    if ((status = column_slice(&rows, in, begin, count, scratch, err))) return status;
    if ((status = column_flatten(&rows, &rows, scratch, err))) return status;
    if ((status = column_builder_reserve(builder, count, err))) return status;
    if (rows.validity && builder->physical != PHYSICAL_NONE && (status = need_validity(builder, err))) return status;
    if ((status = append_payload(builder, &rows, scratch, err))) return status;
    if (builder->validity) bitmap_write(builder->validity, builder->length, rows.validity, count);
    builder->length += count;
    return BP_OK;
}

bp_status column_builder_append_rows(column_builder *builder, const column *in, size_t begin, size_t count, bp_error *err)
{
    size_t length = builder->length;
    arena scratch;
    bp_status status;

    arena_init(&scratch, memory_of(builder));
    status = append_within(builder, in, begin, count, &scratch, err);
    if (status) column_builder_truncate(builder, length);
    arena_clear(&scratch);
    return status;
}

/* Ends -------------------------------------------------------------------------------------------------------------------------- */
void column_builder_truncate(column_builder *builder, size_t length)
{
    size_t children = builder->physical == PHYSICAL_ARRAY ? length * builder->type.fixed_size : length;

    if (length < builder->length) builder->length = length;
    if (builder->physical == PHYSICAL_LIST) children = list_end(builder);
    for (size_t i = 0; i < builder->child_count; i++) column_builder_truncate(&builder->children[i], children);
}

bp_status column_builder_view(const column_builder *builder, column *out, arena *arena, bp_error *err)
{
    column *children;
    bp_status status = BP_OK;

    *out = (column){.type = builder->type, .length = builder->length, .values = builder->values, .validity = builder->validity};
    if (builder->child_count == 0) return BP_OK;
    children = arena_new_array(arena, column, builder->child_count);
    if (!children) return error_no_memory(err, arena->memory, builder->child_count * sizeof *children);
    for (size_t i = 0; i < builder->child_count && !status; i++)
        status = column_builder_view(&builder->children[i], &children[i], arena, err);
    out->children = children;
    out->child_count = builder->child_count;
    return status;
}

static bp_status move_out(const void **out, const void *from, size_t size, arena *arena, bp_error *err)
{
    void *copy = arena_allocate_aligned(arena, size, 64);

    if (!copy) return error_no_memory(err, arena->memory, size);
    if (size) memcpy(copy, from, size);
    *out = copy;
    return BP_OK;
}

static bp_status finish_children(column_builder *builder, column *out, bp_error *err)
{
    column *children = arena_new_array(builder->arena, column, builder->child_count);
    bp_status status = BP_OK;

    if (!children) return error_no_memory(err, memory_of(builder), builder->child_count * sizeof *children);
    for (size_t i = 0; i < builder->child_count && !status; i++)
        status = column_builder_finish(&builder->children[i], &children[i], err);
    out->children = children;
    out->child_count = builder->child_count;
    return status;
}

static bp_status finish_validity(const column_builder *builder, column *out, bp_error *err)
{
    const void *validity = NULL;
    bp_status status;

    if (!builder->validity || bitmap_count(builder->validity, builder->length) == builder->length) return BP_OK;
    status = move_out(&validity, builder->validity, bitmap_words(builder->length) * 8, builder->arena, err);
    out->validity = validity;
    return status;
}

bp_status column_builder_finish(column_builder *builder, column *out, bp_error *err)
{
    bp_status status;

    *out = (column){.type = builder->type, .length = builder->length};
    if (has_values(builder)) {
        status = move_out(&out->values, builder->values, values_size(builder, builder->length), builder->arena, err);
        if (status) return status;
    }
    if ((status = finish_validity(builder, out, err))) return status;
    if (builder->child_count && (status = finish_children(builder, out, err))) return status;
    builder->length = 0;
    return BP_OK;
}

bp_status column_builder_leave(column_builder *builder, column *out, bp_error *err)
{
    if (!builder->lent) return column_builder_finish(builder, out, err);
    *out = (column){.type = builder->type, .length = builder->length, .values = builder->values};
    return finish_validity(builder, out, err);
}
