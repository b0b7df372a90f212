/* Writing walks the columns in depth first order and patches each head when all that belongs to it is there; opening walks the heads. */
#include "batch_bytes.h"

#include "base/cancel.h"
#include "base/config.h"
#include "column_copy.h"

typedef struct block_head {
    uint64_t base; /* the address for which texts' pointers are right */
    uint64_t size, row_count, column_count;
} block_head;

/* Offsets are from the block's first byte; 0: there is none. */
typedef struct column_head {
    uint64_t length, validity, values;
    uint64_t end; /* of all that belongs to the column: where its sibling stands */
    uint32_t child_count;
    uint32_t encoding;
    uint64_t children;
} column_head;

#define DEPTH_MOST (2 * LIMIT_TYPE_DEPTH) /* of columns: each level may have a dictionary */

/* writing ----------------------------------------------------------------------------------------------------------------------------- */
static bool align(builder *out)
{
    return builder_fill(out, 0, (BATCH_BYTES_ALIGNMENT - out->size % BATCH_BYTES_ALIGNMENT) % BATCH_BYTES_ALIGNMENT);
}

/* Room for `size` bytes that the caller fills; their offset. */
static bp_status take_room(builder *out, size_t size, uint64_t *offset, bp_error *err)
{
    if (align(out) && builder_reserve(out, size)) {
        *offset = out->size;
        out->size += size;
    }
    return builder_status(out, err);
}

static bp_status write_bytes(builder *out, const void *bytes, size_t size, uint64_t *offset, bp_error *err)
{
    if (align(out)) *offset = out->size;
    builder_append(out, bytes, size);
    return builder_status(out, err);
}

static bool row_is_valid(const column *in, size_t row)
{
    return !in->validity || bitmap_get(in->validity, row);
}

static bp_status total_of_texts(size_t *total, const column *in, bp_error *err)
{
    const string_ref *from = in->values;

    *total = 0;
    for (size_t i = 0; i < in->length; i++)
        if (from[i].size > STRING_REF_INLINE && row_is_valid(in, i) && ckd_add(total, *total, from[i].size))
            return error_set(err, BP_LIMIT, "the texts of a batch are too long to be written as one block");
    return BP_OK;
}

#define ROWS_BETWEEN_LOOKS 4096

/* Offsets stand for addresses: the block's base is 0. */
static bp_status write_texts(builder *out, const column *in, column_head *head, bp_error *err)
{
    const string_ref *from = in->values;
    size_t total, refs;
    uint64_t at;
    string_ref *to;
    bp_status status = total_of_texts(&total, in, err);

    if (status) return status;
    if (ckd_mul(&refs, in->length, sizeof *from) || ckd_add(&total, total, refs))
        return error_set(err, BP_LIMIT, "too many texts in a batch");
    if ((status = take_room(out, total, &head->values, err))) return status;
    to = (string_ref *)(void *)(out->data + head->values);
    at = head->values + refs;
    for (size_t i = 0; i < in->length; i++) {
        to[i] = row_is_valid(in, i) ? from[i] : (string_ref){0};
        if (to[i].size <= STRING_REF_INLINE) continue;
        if ((status = cancel_copy(out->memory, out->data + at, from[i].pointer, from[i].size, err))) return status;
        if (i % ROWS_BETWEEN_LOOKS == 0 && !builder_goes_on(out)) return builder_status(out, err);
        to[i].pointer = (const char *)(uintptr_t)at;
        at += from[i].size;
    }
    return BP_OK;
}

static bp_status write_column(builder *out, const column *in, data_type type, int depth, bp_error *err);

static bp_status write_lists(builder *out, const column *in, data_type type, column_head *head, int depth, bp_error *err)
{
    data_type element = type.detail->children[0];
    size_t size;
    column elements;
    arena scratch;
    bp_status status;

    if (ckd_mul(&size, in->length, sizeof(list_entry))) return error_set(err, BP_LIMIT, "too many lists in a batch");
    if ((status = take_room(out, size, &head->values, err))) return status;
    arena_init(&scratch, out->memory);
    status = column_list_elements(&elements, (list_entry *)(void *)(out->data + head->values), in, element, &scratch, err);
    if (!status && align(out)) {
        head->child_count = 1;
        head->children = out->size;
        status = write_column(out, &elements, element, depth + 1, err);
    }
    arena_clear(&scratch);
    return status ? status : builder_status(out, err);
}

static bp_status write_children(builder *out, const column *in, data_type type, column_head *head, int depth, bp_error *err)
{
    bp_status status = BP_OK;

    if (!align(out)) return builder_status(out, err);
    head->child_count = (uint32_t)in->child_count;
    head->children = out->size;
    for (size_t i = 0; i < in->child_count && !status; i++)
        status = write_column(out, &in->children[i], type.detail->children[i], depth + 1, err);
    return status;
}

/* A FLAT column, or the codes of a dictionary with it. */
static bp_status write_rows(builder *out, const column *in, data_type type, column_head *head, int depth, bp_error *err)
{
    bool coded = in->encoding == COLUMN_DICTIONARY;
    physical_type physical = coded ? PHYSICAL_UINT32 : type_physical(type);
    size_t words = bitmap_words(in->length) * 8;
    bp_status status;

    if (physical == PHYSICAL_NONE) return BP_OK;
    if (in->validity && (status = write_bytes(out, in->validity, words, &head->validity, err))) return status;
    switch (physical) {
    case PHYSICAL_BIT: return write_bytes(out, in->values, words, &head->values, err);
    case PHYSICAL_STRING: return write_texts(out, in, head, err);
    case PHYSICAL_LIST: return write_lists(out, in, type, head, depth, err);
    case PHYSICAL_STRUCT:
    case PHYSICAL_ARRAY: return write_children(out, in, type, head, depth, err);
    default: break;
    }
    status = write_bytes(out, in->values, in->length * physical_width(physical), &head->values, err);
    if (status || !coded) return status;
    if (!align(out)) return builder_status(out, err);
    head->child_count = 1;
    head->children = out->size;
    return write_column(out, &in->children[0], type, depth + 1, err);
}

/* What is written of a column: the rows of a constant are one, of a long dictionary's codes their texts. */
static bp_status rows_to_write(column *out, const column *in, arena *scratch, bp_error *err)
{
    *out = *in;
    if (in->encoding == COLUMN_CONSTANT) {
        out->length = 1;
        return column_flatten(out, out, scratch, err);
    }
    if (in->encoding == COLUMN_DICTIONARY && in->children[0].length > in->length) return column_flatten(out, in, scratch, err);
    return BP_OK;
}

static bp_status write_column(builder *out, const column *in, data_type type, int depth, bp_error *err)
{
    column_head head = {.length = in->length, .encoding = in->encoding};
    uint64_t at = 0;
    column rows;
    arena scratch;
    bp_status status;

    if (depth > DEPTH_MOST) return error_set(err, BP_LIMIT, "a column is nested over %d levels", LIMIT_TYPE_DEPTH);
    if ((status = write_bytes(out, &head, sizeof head, &at, err))) return status;
    arena_init(&scratch, out->memory);
    if (in->encoding == COLUMN_CONSTANT && (in->length == 0 || column_is_null(in, 0))) {
        head.validity = at; /* all NULL: nothing more to say */
    } else {
        if ((status = rows_to_write(&rows, in, &scratch, err))) goto done;
        if (in->encoding == COLUMN_DICTIONARY) head.encoding = rows.encoding;
        if ((status = write_rows(out, &rows, type, &head, depth, err))) goto done;
    }
    if (!align(out)) status = builder_status(out, err);
    head.end = out->size;
    if (!status) memcpy(out->data + at, &head, sizeof head);
done:
    arena_clear(&scratch);
    return status;
}

bp_status batch_bytes_write(builder *out, const batch *in, bp_error *err)
{
    block_head head = {.row_count = in->row_count, .column_count = in->column_count};
    bp_status status = BP_OK;

    CHECK(out->size == 0);
    if (!builder_append(out, &head, sizeof head)) return builder_status(out, err);
    for (size_t i = 0; i < in->column_count && !status; i++)
        status = write_column(out, &in->columns[i], in->columns[i].type, 0, err);
    head.size = out->size;
    if (!status) memcpy(out->data, &head, sizeof head);
    return status;
}

/* how large ---------------------------------------------------------------------------------------------------------------------------- */
#define TEXT_GUESS 16 /* bytes behind the ref of a text in a list */
#define LIST_GUESS 4 /* elements of a list in a list */

/* About what a value of the type needs. */
static size_t value_size(data_type type, int depth)
{
    physical_type physical = type_physical(type);
    size_t inner = 0, times = physical == PHYSICAL_ARRAY ? type.fixed_size : physical == PHYSICAL_LIST ? LIST_GUESS : 1;

    for (size_t i = 0; i < type_child_count(type) && depth < LIMIT_TYPE_DEPTH; i++)
        inner += value_size(type.detail->children[i], depth + 1);
    return physical_width(physical) + (physical == PHYSICAL_STRING ? TEXT_GUESS : 0) + inner * times;
}

static size_t texts_size(const column *in, size_t rows)
{
    const string_ref *refs = in->values;
    size_t size = 0;

    for (size_t i = 0; i < rows; i++)
        if (refs[i].size > STRING_REF_INLINE && row_is_valid(in, i)) size += refs[i].size;
    return size;
}

/* The elements of lists are many more than those of these rows when the column is a slice: they are not looked at. */
static size_t lists_size(const column *in, data_type type, size_t rows)
{
    const list_entry *entries = in->values;
    size_t elements = 0;

    for (size_t i = 0; i < rows; i++)
        if (row_is_valid(in, i)) elements += entries[i].size;
    return elements * value_size(type.detail->children[0], 0);
}

static size_t column_size(const column *in, data_type type, int depth)
{
    physical_type physical = type_physical(type);
    size_t rows = in->encoding == COLUMN_CONSTANT ? 1 : in->length;
    size_t size = sizeof(column_head) + rows / 8;

    if (depth > DEPTH_MOST || (in->encoding == COLUMN_CONSTANT && (in->length == 0 || column_is_null(in, 0)))) return size;
    if (in->encoding == COLUMN_DICTIONARY) {
        const column *dictionary = &in->children[0];
        if (dictionary->length > rows) return size + rows * value_size(type, 0);
        return size + rows * sizeof(uint32_t) + column_size(dictionary, type, depth + 1);
    }
    size += rows * physical_width(physical);
    if (physical == PHYSICAL_STRING) return size + texts_size(in, rows);
    if (physical == PHYSICAL_LIST) return size + lists_size(in, type, rows);
    for (size_t i = 0; i < in->child_count; i++) size += column_size(&in->children[i], type.detail->children[i], depth + 1);
    return size;
}

size_t batch_bytes_size(const batch *in)
{
    size_t size = sizeof(block_head);

    for (size_t i = 0; i < in->column_count; i++) size += column_size(&in->columns[i], in->columns[i].type, 0);
    return size;
}

/* opening ----------------------------------------------------------------------------------------------------------------------------- */
typedef struct block {
    char *bytes;
    size_t size;
    uint64_t moved; /* what addresses of texts change by */
    arena *arena;
} block;

static bp_status damaged(bp_error *err)
{
    return error_set(err, BP_BAD_FORMAT, "a block of rows is damaged, or not of these types");
}

/* Whether count * width bytes lie in the block from `offset` on. */
static bool lies_within(const block *block, uint64_t offset, uint64_t count, size_t width)
{
    uint64_t size;

    if (offset % BATCH_BYTES_ALIGNMENT || ckd_mul(&size, count, (uint64_t)width)) return false;
    return offset <= block->size && size <= block->size - offset;
}

static bool move_texts(const block *block, const column_head *head, size_t rows)
{
    string_ref *refs = (string_ref *)(void *)(block->bytes + head->values);
    uint64_t first = (uint64_t)(uintptr_t)block->bytes;

    for (size_t i = 0; i < rows; i++) {
        uint64_t at;
        if (refs[i].size <= STRING_REF_INLINE) continue;
        at = (uint64_t)(uintptr_t)refs[i].pointer + block->moved - first;
        if (at > block->size || refs[i].size > block->size - at) return false;
        refs[i].pointer = block->bytes + at;
    }
    return true;
}

static bp_status open_column(column *out, const block *block, uint64_t at, data_type type, bool entries, int depth, uint64_t *end,
                             bp_error *err);

/* Where the children's lengths follow from the column's, they must be those. */
static bool children_fit(const column *out, physical_type physical, size_t rows)
{
    uint64_t wanted = rows;

    if (physical != PHYSICAL_STRUCT && physical != PHYSICAL_ARRAY) return true;
    if (physical == PHYSICAL_ARRAY && ckd_mul(&wanted, wanted, (uint64_t)out->type.fixed_size)) return false;
    for (size_t i = 0; i < out->child_count; i++)
        if (out->children[i].length < wanted) return false;
    return true;
}

static bp_status open_children(column *out, const block *block, const column_head *head, int depth, bp_error *err)
{
    bool coded = head->encoding == COLUMN_DICTIONARY;
    size_t count = coded ? 1 : type_child_count(out->type);
    uint64_t at = head->children;
    column *children;
    bp_status status = BP_OK;

    if (head->child_count != count) return damaged(err);
    if (count == 0) return BP_OK;
    children = arena_new_array(block->arena, column, count);
    if (!children) return error_no_memory(err, block->arena->memory, count * sizeof *children);
    for (size_t i = 0; i < count && !status; i++)
        status =
            open_column(&children[i], block, at, coded ? out->type : out->type.detail->children[i], coded, depth + 1, &at, err);
    out->children = children;
    out->child_count = count;
    return status;
}

/* entries: it is a dictionary's. */
static bp_status open_column(column *out, const block *block, uint64_t at, data_type type, bool entries, int depth, uint64_t *end,
                             bp_error *err)
{
    physical_type physical;
    column_head head;
    size_t rows;
    bp_status status;

    if (depth > DEPTH_MOST || !lies_within(block, at, 1, sizeof head)) return damaged(err);
    memcpy(&head, block->bytes + at, sizeof head);
    if (head.encoding > COLUMN_DICTIONARY || head.end <= at || (entries && head.encoding != COLUMN_FLAT)) return damaged(err);
    *end = head.end;
    if (head.encoding == COLUMN_CONSTANT && head.validity == at) {
        *out = column_nulls(type, (size_t)head.length);
        return BP_OK;
    }
    *out = (column){.type = type, .encoding = (uint8_t)head.encoding, .length = (size_t)head.length};
    physical = head.encoding == COLUMN_DICTIONARY ? PHYSICAL_UINT32 : type_physical(type);
    rows = head.encoding == COLUMN_CONSTANT ? 1 : (size_t)head.length;
    if (physical == PHYSICAL_NONE) return BP_OK;
    if (head.validity) {
        if (!lies_within(block, head.validity, bitmap_words(rows), 8)) return damaged(err);
        out->validity = (const uint64_t *)(const void *)(block->bytes + head.validity);
    }
    if (head.values) {
        size_t width = physical_width(physical);
        if (!lies_within(block, head.values, width ? rows : bitmap_words(rows), width ? width : 8)) return damaged(err);
        if (physical == PHYSICAL_STRING && !move_texts(block, &head, rows)) return damaged(err);
        out->values = block->bytes + head.values;
    } else if (physical != PHYSICAL_STRUCT && physical != PHYSICAL_ARRAY) {
        return damaged(err);
    }
    if ((status = open_children(out, block, &head, depth, err))) return status;
    return children_fit(out, physical, rows) ? BP_OK : damaged(err);
}

bp_status batch_bytes_open(batch *out, void *bytes, size_t size, const data_type *types, size_t column_count, arena *arena,
                           bp_error *err)
{
    block block = {.bytes = bytes, .size = size, .arena = arena};
    uint64_t at = sizeof(block_head);
    block_head head;
    column *columns;
    bp_status status = BP_OK;

    *out = (batch){0};
    if (size < sizeof head || (uintptr_t)bytes % BATCH_BYTES_ALIGNMENT) return damaged(err);
    memcpy(&head, bytes, sizeof head);
    if (head.size != size || head.column_count != column_count) return damaged(err);
    block.moved = (uint64_t)(uintptr_t)bytes - head.base;
    columns = arena_new_array(arena, column, column_count);
    if (!columns) return error_no_memory(err, arena->memory, column_count * sizeof *columns);
    for (size_t i = 0; i < column_count && !status; i++) {
        status = open_column(&columns[i], &block, at, types[i], false, 0, &at, err);
        if (!status && columns[i].length != head.row_count) status = damaged(err);
    }
    if (status) return status;
    head.base = (uint64_t)(uintptr_t)bytes;
    memcpy(bytes, &head, sizeof head);
    *out = (batch){.row_count = (size_t)head.row_count, .column_count = column_count, .columns = columns};
    return BP_OK;
}
