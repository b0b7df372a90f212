/* Foreign arrays as columns.
 *
 * Nothing is read before the struct that says where it lies has been checked: counts of buffers and children, lengths, offsets, codes.
 * What cannot be checked is that a buffer is as long as the array's length says: the C interface does not tell.
 *
 * A batch's region holds the producer's array and releases it at its end; the columns show the producer's buffers wherever the layouts
 * agree and the alignment allows. Rows are addressed from the start of the buffers: an array's own offset and those of its parents are
 * added up on the way down. Recursion follows the format, LIMIT_TYPE_DEPTH levels at most. */
#include "arrow_import_internal.h"

#include "base/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

bp_status array_bad(array_reader *reader, const char *format, ...)
{
    char what[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(reader->err, BP_BAD_FORMAT, "column \"%.*s\": its ArrowArray is malformed: %s",
                     STRING_ARGUMENTS(reader->column), what);
}

bp_status array_no_memory(array_reader *reader, size_t size)
{
    return error_no_memory(reader->err, array_arena(reader)->memory, size);
}

void *array_room(array_reader *reader, size_t count, size_t width, bp_status *status)
{
    size_t size;
    void *room = ckd_mul(&size, count, width) ? NULL : arena_allocate_aligned(array_arena(reader), size ? size : 1, 64);

    if (!room) *status = array_no_memory(reader, count * width);
    return room;
}

bp_status array_buffer(array_reader *reader, const array_rows *rows, int64_t index, bool needed, const void **out)
{
    *out = rows->array->buffers ? rows->array->buffers[index] : NULL;
    if (needed && !*out) return array_bad(reader, "buffer %lld is missing", (long long)index);
    return BP_OK;
}

/* Checks ------------------------------------------------------------------------------------------------------------------------- */
static bool buffer_count_fits(arrow_layout layout, int64_t count)
{
    switch (layout) {
    case LAYOUT_NULL:
    case LAYOUT_RUN_ENDS: return count == 0 || count == 1; /* some producers give an empty validity */
    case LAYOUT_STRUCT:
    case LAYOUT_FIXED_LIST: return count == 1;
    case LAYOUT_TEXT:
    case LAYOUT_LIST_VIEW: return count == 3;
    case LAYOUT_TEXT_VIEW: return count >= 3;
    default: return count == 2;
    }
}

/* An array against its format, children not included. */
static bp_status check_array(array_reader *reader, const arrow_format *format, const struct ArrowArray *in)
{
    int64_t end;
    size_t children = format->layout == LAYOUT_DICTIONARY ? 0 : format->child_count;

    if (!in || !in->release) return array_bad(reader, "it is missing or has been released");
    if (in->length < 0 || in->offset < 0) return array_bad(reader, "its length or offset is negative");
    if (ckd_add(&end, in->length, in->offset) || end > INT64_MAX / 64) return array_bad(reader, "its length is beyond all memory");
    if (in->null_count < -1 || in->null_count > in->length) return array_bad(reader, "its null count does not fit its length");
    if (!buffer_count_fits(format->layout, in->n_buffers))
        return array_bad(reader, "it has %lld buffers, which does not fit its format", (long long)in->n_buffers);
    if (in->n_buffers && !in->buffers) return array_bad(reader, "its buffers are missing");
    if (in->n_children < 0 || (uint64_t)in->n_children != children)
        return array_bad(reader, "it has %lld children where its schema has %zu", (long long)in->n_children, children);
    if (children && !in->children) return array_bad(reader, "its children are missing");
    if (format->layout == LAYOUT_DICTIONARY && !in->dictionary) return array_bad(reader, "its dictionary is missing");
    if (in->length > UINT32_MAX)
        return error_set(reader->err, BP_LIMIT,
                         "column \"%.*s\": an Arrow array has %lld rows, more than 4,294,967,295; give it in smaller batches",
                         STRING_ARGUMENTS(reader->column), (long long)in->length);
    return BP_OK;
}

/* Rows [begin, begin + length) as the parent counts them. */
static bp_status select_rows(array_reader *reader, array_rows *out, const arrow_format *format, const struct ArrowArray *in,
                             size_t begin, size_t length)
{
    bp_status status = check_array(reader, format, in);

    if (status) return status;
    if (begin > (size_t)in->length || length > (size_t)in->length - begin)
        return array_bad(reader, "it has %lld values where %zu are needed", (long long)in->length, begin + length);
    *out = (array_rows){in, (size_t)in->offset + begin, length};
    return BP_OK;
}

static bp_status read_validity(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows)
{
    const uint8_t *buffer = NULL;
    bp_status status = BP_OK;
    uint64_t *bits;

    if (rows->array->n_buffers && format->layout != LAYOUT_NULL && format->layout != LAYOUT_RUN_ENDS)
        buffer = rows->array->buffers[0];
    if (!buffer) {
        if (rows->array->null_count > 0 && rows->length && format->layout != LAYOUT_NULL && format->layout != LAYOUT_RUN_ENDS)
            return array_bad(reader, "it has NULLs but no validity buffer");
        return BP_OK;
    }
    if (rows->array->null_count == 0 || rows->length == 0) return BP_OK;
    if (rows->begin % 64 == 0 && rows->length % 64 == 0 && (uintptr_t)buffer % 8 == 0) {
        out->validity = (const uint64_t *)(const void *)(buffer + rows->begin / 8);
    } else {
        if (!(bits = array_room(reader, bitmap_words(rows->length), 8, &status))) return status;
        bitmap_copy(bits, buffer, rows->begin, rows->length);
        out->validity = bits;
    }
    if (bitmap_count(out->validity, rows->length) == rows->length) out->validity = NULL;
    return BP_OK;
}

/* Nested layouts ------------------------------------------------------------------------------------------------------------------ */
static bp_status read_within(array_reader *reader, column *out, const arrow_format *format, const struct ArrowArray *in,
                             size_t begin, size_t length);

static column *room_for_children(array_reader *reader, column *out, size_t count, bp_status *status)
{
    column *children = array_room(reader, count, sizeof *children, status);

    out->children = children;
    out->child_count = children ? count : 0;
    return children;
}

static bp_status read_struct(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows)
{
    bp_status status = BP_OK;
    column *children = room_for_children(reader, out, format->child_count, &status);

    for (size_t i = 0; i < format->child_count && !status; i++)
        status = read_within(reader, &children[i], &format->children[i], rows->array->children[i], rows->begin, rows->length);
    return status;
}

static bp_status read_fixed_list(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows)
{
    size_t size = format->type.fixed_size, begin, length;
    bp_status status = BP_OK;
    column *child = room_for_children(reader, out, 1, &status);

    if (!child) return status;
    if (ckd_mul(&begin, rows->begin, size) || ckd_mul(&length, rows->length, size))
        return array_bad(reader, "its length is beyond all memory");
    return read_within(reader, child, format->children, rows->array->children[0], begin, length);
}

static int64_t load_offset(const void *offsets, size_t width, size_t index)
{
    int32_t narrow;
    int64_t wide;

    if (width == 4) {
        memcpy(&narrow, (const char *)offsets + 4 * index, 4);
        return narrow;
    }
    memcpy(&wide, (const char *)offsets + 8 * index, 8);
    return wide;
}

static bp_status too_many_elements(array_reader *reader)
{
    return error_set(reader->err, BP_LIMIT,
                     "column \"%.*s\": a batch has over 4,294,967,295 list elements; give it in smaller batches",
                     STRING_ARGUMENTS(reader->column));
}

/* The part of the child that these rows use, and entries that count from its beginning. */
static bp_status read_list(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows)
{
    bp_status status = BP_OK;
    list_entry *entries = array_room(reader, rows->length, sizeof *entries, &status);
    column *child = entries ? room_for_children(reader, out, 1, &status) : NULL;
    int64_t first = 0, last = 0, next;
    const void *offsets;

    if (!child) return status;
    out->values = entries;
    if ((status = array_buffer(reader, rows, 1, rows->length > 0, &offsets))) return status;
    if (rows->length) {
        first = load_offset(offsets, format->width, rows->begin);
        last = load_offset(offsets, format->width, rows->begin + rows->length);
        if (first < 0 || last < first) return array_bad(reader, "the offsets of its lists are negative or fall");
        if (last - first > UINT32_MAX) return too_many_elements(reader);
    }
    if ((status = read_within(reader, child, format->children, rows->array->children[0], (size_t)first, (size_t)(last - first))))
        return status;
    for (size_t i = 0; i < rows->length; i++) {
        int64_t begin = load_offset(offsets, format->width, rows->begin + i);
        next = load_offset(offsets, format->width, rows->begin + i + 1);
        if (begin < first || next < begin || next > last) return array_bad(reader, "row %zu: the offsets of its lists fall", i);
        entries[i] = (list_entry){(uint32_t)(begin - first), (uint32_t)(next - begin)};
    }
    return BP_OK;
}

static bp_status read_list_view(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows)
{
    bp_status status = BP_OK;
    list_entry *entries = array_room(reader, rows->length, sizeof *entries, &status);
    column *child = entries ? room_for_children(reader, out, 1, &status) : NULL;
    const struct ArrowArray *elements = rows->array->children[0];
    const void *offsets, *sizes;

    if (!child || (status = array_buffer(reader, rows, 1, rows->length > 0, &offsets))) return status;
    if ((status = array_buffer(reader, rows, 2, rows->length > 0, &sizes))) return status;
    if (!elements) return array_bad(reader, "its child is missing");
    if (elements->length > UINT32_MAX) return too_many_elements(reader);
    if ((status = read_within(reader, child, format->children, elements, 0, elements->length < 0 ? 0 : (size_t)elements->length)))
        return status;
    for (size_t i = 0; i < rows->length; i++) {
        int64_t offset = load_offset(offsets, format->width, rows->begin + i),
                size = load_offset(sizes, format->width, rows->begin + i);

        entries[i] = (list_entry){0};
        if (!array_row_is_valid(out, i)) continue;
        if (offset < 0 || size < 0 || offset > elements->length || size > elements->length - offset)
            return array_bad(reader, "row %zu: a list view reaches past its elements", i);
        entries[i] = (list_entry){(uint32_t)offset, (uint32_t)size};
    }
    out->values = entries;
    return BP_OK;
}

static bp_status check_keys(array_reader *reader, const column *map)
{
    const list_entry *entries = map->values;
    const column *pairs = map->children;

    if (!pairs->validity && column_null_count(&pairs->children[0]) == 0) return BP_OK;
    for (size_t i = 0; i < map->length; i++)
        for (uint32_t k = 0; k < entries[i].size && array_row_is_valid(map, i); k++)
            if (column_is_null(pairs, entries[i].offset + k) || column_is_null(&pairs->children[0], entries[i].offset + k))
                return array_bad(reader, "row %zu: a key of a map is NULL", i);
    return BP_OK;
}

/* Dictionaries --------------------------------------------------------------------------------------------------------------------- */
/* A code as an unsigned number; negative ones are beyond every dictionary. A switch over widths and signs. */
static uint64_t load_code(const char *at, uint32_t width, bool is_signed)
{
    uint64_t code = 0;

    memcpy(&code, at, width);
    if (is_signed && width < 8 && code >> (8 * width - 1)) return UINT64_MAX;
    return code;
}

static bp_status read_codes(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows, size_t entries)
{
    const void *buffer;
    bp_status status = array_buffer(reader, rows, 1, rows->length > 0, &buffer);
    uint32_t *codes = status ? NULL : array_room(reader, rows->length, sizeof *codes, &status);

    if (!codes) return status;
    for (size_t i = 0; i < rows->length; i++) {
        uint64_t code = load_code((const char *)buffer + (rows->begin + i) * format->width, format->width, format->is_signed);

        codes[i] = 0;
        if (!array_row_is_valid(out, i)) continue;
        if (code >= entries) return array_bad(reader, "row %zu: its code is not in the dictionary of %zu values", i, entries);
        codes[i] = (uint32_t)code;
    }
    out->values = codes;
    return BP_OK;
}

/* Rows whose code points to a NULL are NULL themselves: a dictionary of ours has none. */
static bp_status fold_nulls(array_reader *reader, column *out, const column *dictionary)
{
    const uint32_t *codes = out->values;
    bp_status status = BP_OK;
    uint64_t *validity;

    if (!dictionary->validity) return BP_OK;
    if (!(validity = array_room(reader, bitmap_words(out->length), 8, &status))) return status;
    bitmap_fill(validity, out->length, true);
    if (out->validity) bitmap_and(validity, validity, out->validity, out->length);
    for (size_t i = 0; i < out->length; i++)
        if (!bitmap_get(dictionary->validity, codes[i])) bitmap_unset(validity, i);
    out->validity = validity;
    return BP_OK;
}

static void release_column_array(struct ArrowArray *array)
{
    array->release = NULL;
}

void arrow_array_of_column(struct ArrowArray *out, const column *column)
{
    *out = (struct ArrowArray){
        .length = (int64_t)column->length, .release = release_column_array, .private_data = (void *)(uintptr_t)column};
}

static bp_status read_entries(array_reader *reader, column *out, const arrow_format *format, const struct ArrowArray *values)
{
    bp_status status;

    if (values->release == release_column_array) {
        *out = *(const column *)values->private_data;
        return type_equal(out->type, format->type) ? BP_OK : array_bad(reader, "its dictionary is of another type");
    }
    status = read_within(reader, out, format, values, 0, values->length < 0 ? 0 : (size_t)values->length);
    return status ? status : column_flatten(out, out, array_arena(reader), reader->err);
}

static bp_status read_dictionary(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows)
{
    bp_status status = BP_OK;
    column *dictionary = array_room(reader, 1, sizeof *dictionary, &status);

    if (!dictionary) return status;
    status = read_entries(reader, dictionary, format->children, rows->array->dictionary);
    if (status) return status;
    if (dictionary->length == 0 ||
        out->type.id == TYPE_NULL) { /* no code has a value; where a parent is NULL, producers leave any code */
        *out = column_nulls(out->type, out->length);
        return BP_OK;
    }
    if ((status = read_codes(reader, out, format, rows, dictionary->length))) return status;
    if ((status = fold_nulls(reader, out, dictionary))) return status;
    dictionary->validity = NULL;
    out->encoding = COLUMN_DICTIONARY;
    out->children = dictionary;
    out->child_count = 1;
    return BP_OK;
}

/* Run ends: which run each row is in, then a gather of the values. */
static int64_t run_end(const column *ends, size_t run)
{
    switch (ends->type.id) {
    case TYPE_INT16: return ((const int16_t *)ends->values)[run];
    case TYPE_INT32: return ((const int32_t *)ends->values)[run];
    default: return ((const int64_t *)ends->values)[run];
    }
}

static bp_status expand_runs(array_reader *reader, uint32_t *selection, const column *ends, size_t value_count,
                             const array_rows *rows)
{
    int64_t before = 0, row = (int64_t)rows->begin, end = (int64_t)(rows->begin + rows->length);
    size_t at = 0;

    for (size_t run = 0; run < ends->length && row < end; run++) {
        int64_t this_end = run_end(ends, run);

        if (this_end <= before) return array_bad(reader, "run %zu: the run ends do not rise", run);
        if (this_end > row && run >= value_count) return array_bad(reader, "run %zu has no value", run);
        for (; row < this_end && row < end; row++) selection[at++] = (uint32_t)run;
        before = this_end;
    }
    return row < end ? array_bad(reader, "the run ends stop before its length") : BP_OK;
}

static bp_status read_runs(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows)
{
    const struct ArrowArray *ends_array = rows->array->children[0], *values_array = rows->array->children[1];
    size_t bytes = rows->length * sizeof(uint32_t);
    uint32_t *selection = NULL;
    column ends, values;
    bp_status status;

    if (!ends_array || !values_array || ends_array->length < 0 || values_array->length < 0)
        return array_bad(reader, "its children are missing or of negative length");
    if ((status = read_within(reader, &ends, &format->children[0], ends_array, 0, (size_t)ends_array->length))) return status;
    if (ends.validity) return array_bad(reader, "run ends are NULL");
    if ((status = read_within(reader, &values, &format->children[1], values_array, 0, (size_t)values_array->length))) return status;
    selection = memory_allocate(array_arena(reader)->memory, bytes);
    if (!selection) return array_no_memory(reader, bytes);
    status = expand_runs(reader, selection, &ends, values.length, rows);
    if (!status) status = column_gather(out, &values, selection, rows->length, array_arena(reader), reader->err);
    memory_free(array_arena(reader)->memory, selection, bytes);
    return status;
}

static bp_status read_payload(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows)
{
    bp_status status;

    switch (format->layout) {
    case LAYOUT_STRUCT: return read_struct(reader, out, format, rows);
    case LAYOUT_FIXED_LIST: return read_fixed_list(reader, out, format, rows);
    case LAYOUT_LIST:
        status = read_list(reader, out, format, rows);
        return status || format->type.id != TYPE_MAP ? status : check_keys(reader, out);
    case LAYOUT_LIST_VIEW: return read_list_view(reader, out, format, rows);
    case LAYOUT_DICTIONARY: return read_dictionary(reader, out, format, rows);
    case LAYOUT_RUN_ENDS: return read_runs(reader, out, format, rows);
    default: return array_read_values(reader, out, format, rows);
    }
}

static bp_status read_within(array_reader *reader, column *out, const arrow_format *format, const struct ArrowArray *in,
                             size_t begin, size_t length)
{
    array_rows rows = {0};
    bp_status status;

    *out = (column){.type = format->type, .length = length};
    if ((status = select_rows(reader, &rows, format, in, begin, length))) return status;
    if ((status = read_validity(reader, out, format, &rows))) return status;
    return read_payload(reader, out, format, &rows);
}

/* Entries ------------------------------------------------------------------------------------------------------------------------- */
static void release_held(void *data)
{
    struct ArrowArray *array = data;

    array->release(array);
}

/* Move the array into a new region, which releases it at its end; on failure it is released at once. */
static bp_status hold_array(array_reader *reader, struct ArrowArray **held, memory *memory, struct ArrowArray *in)
{
    bp_status status;

    if (!in->release) return error_set(reader->err, BP_BAD_FORMAT, "an ArrowArray has been released already");
    reader->region = region_new(memory);
    *held = reader->region ? arena_new(array_arena(reader), struct ArrowArray) : NULL;
    if (!*held || !region_on_end(reader->region, release_held, *held)) {
        status = error_no_memory(reader->err, memory, sizeof *in);
        in->release(in);
        in->release = NULL;
        region_release(reader->region);
        reader->region = NULL;
        return status;
    }
    **held = *in;
    in->release = NULL;
    return BP_OK;
}

/* A struct's NULLs are its fields'. */
static bp_status push_nulls(array_reader *reader, column *child, const uint64_t *nulls)
{
    bp_status status = BP_OK;
    uint64_t *validity;

    if (!nulls || child->type.id == TYPE_NULL) return BP_OK;
    if (child->encoding == COLUMN_CONSTANT && (status = column_flatten(child, child, array_arena(reader), reader->err)))
        return status;
    if (!(validity = array_room(reader, bitmap_words(child->length), 8, &status))) return status;
    bitmap_and(validity, nulls, child->validity, child->length);
    child->validity = validity;
    return BP_OK;
}

static bp_status read_batch(array_reader *reader, batch *out, const arrow_format *format, const struct ArrowArray *in)
{
    column whole = {.type = format->type};
    array_rows rows = {0};
    column *columns;
    bp_status status = select_rows(reader, &rows, format, in, 0, in->length < 0 ? 0 : (size_t)in->length);

    if (status) return status;
    whole.length = rows.length;
    if ((status = read_validity(reader, &whole, format, &rows))) return status;
    if (!(columns = array_room(reader, format->child_count, sizeof *columns, &status))) return status;
    for (size_t i = 0; i < format->child_count && !status; i++) {
        reader->column = format->children[i].name;
        status = read_within(reader, &columns[i], &format->children[i], in->children[i], rows.begin, rows.length);
        if (!status) status = push_nulls(reader, &columns[i], whole.validity);
        columns[i].owner = reader->region;
    }
    *out = (batch){.row_count = rows.length, .column_count = format->child_count, .columns = columns};
    return status;
}

static bp_status import_batch(batch *out, region **owner, memory *memory, const arrow_format *format, struct ArrowArray *in,
                              bp_error *err)
{
    array_reader reader = {.err = err};
    struct ArrowArray *held;
    bp_status status = hold_array(&reader, &held, memory, in);

    *out = (batch){0};
    *owner = NULL;
    if (!status) status = read_batch(&reader, out, format, held);
    if (status) {
        *out = (batch){0};
        region_release(reader.region);
    } else {
        *owner = reader.region;
    }
    return status;
}

bp_status arrow_import_column(column *out, region **owner, memory *memory, const struct ArrowSchema *schema, struct ArrowArray *in,
                              bp_error *err)
{
    array_reader reader = {.err = err};
    struct ArrowArray *held;
    arrow_format *format;
    bp_status status = hold_array(&reader, &held, memory, in);

    *out = (column){0};
    *owner = NULL;
    if (status) return status;
    format = arena_new(array_arena(&reader), arrow_format);
    status = format ? arrow_format_read(format, array_arena(&reader), schema, err) : array_no_memory(&reader, sizeof *format);
    if (!status) {
        reader.column = format->name;
        status = read_within(&reader, out, format, held, 0, held->length < 0 ? 0 : (size_t)held->length);
    }
    if (status) {
        *out = (column){0};
        region_release(reader.region);
        return status;
    }
    out->owner = *owner = reader.region;
    return BP_OK;
}

static bp_status want_struct(const arrow_format *format, bp_error *err)
{
    if (format->layout == LAYOUT_STRUCT) return BP_OK;
    return error_set(err, BP_BAD_FORMAT, "a table as Arrow data must be of struct type, with a field for each column");
}

bp_status arrow_import_array(batch *out, region **owner, memory *memory, const struct ArrowSchema *schema, struct ArrowArray *in,
                             bp_error *err)
{
    array_reader reader = {.err = err};
    struct ArrowArray *held;
    arrow_format *format;
    bp_status status = hold_array(&reader, &held, memory, in);

    *out = (batch){0};
    *owner = NULL;
    if (status) return status;
    format = arena_new(array_arena(&reader), arrow_format);
    status = format ? arrow_format_read(format, array_arena(&reader), schema, err) : array_no_memory(&reader, sizeof *format);
    if (!status) status = want_struct(format, err);
    if (!status) status = read_batch(&reader, out, format, held);
    if (status) {
        *out = (batch){0};
        region_release(reader.region);
        return status;
    }
    *owner = reader.region;
    return BP_OK;
}

/* Streams ---------------------------------------------------------------------------------------------------------------------------- */
static bp_status stream_failed(struct ArrowArrayStream *in, int code, bp_error *err)
{
    const char *message = in->get_last_error ? in->get_last_error(in) : NULL;

    char reason[ERROR_SYSTEM_SIZE];

    if (code == ENOMEM) return error_set(err, BP_NO_MEMORY, "the producer of an Arrow stream ran out of memory");
    if (code == ECANCELED) return error_set(err, BP_CANCELLED, "the producer of an Arrow stream was cancelled");
    return error_set(err, BP_IO_ERROR, "the producer of an Arrow stream failed: %s (error %d, %s)",
                     message && *message ? message : "it gave no reason", code, error_of_system(reason, code));
}

static bp_status read_stream_schema(arrow_format *format, table **out, arena *arena, memory *memory, struct ArrowArrayStream *in,
                                    bp_error *err)
{
    struct ArrowSchema foreign = {0};
    schema schema;
    bp_status status;
    int code = in->get_schema(in, &foreign);

    if (code) return stream_failed(in, code, err);
    if ((status = arrow_format_read(format, arena, &foreign, err))) goto done;
    if ((status = want_struct(format, err))) goto done;
    if ((status = arrow_import_schema(&schema, arena, &foreign, err))) goto done;
    status = table_new(out, memory, &schema, err);
done:
    if (foreign.release) foreign.release(&foreign);
    return status;
}

static bp_status read_stream_batch(table *table, const arrow_format *format, memory *memory, struct ArrowArrayStream *in, bool *end,
                                   bp_error *err)
{
    struct ArrowArray array = {0};
    region *owner = NULL;
    batch rows;
    bp_status status;
    int code = in->get_next(in, &array);

    if (code) return stream_failed(in, code, err);
    *end = !array.release;
    if (*end) return BP_OK;
    status = import_batch(&rows, &owner, memory, format, &array, err);
    if (!status) status = table_append(table, &rows, err);
    region_release(owner);
    return status;
}

bp_status arrow_import_stream(table **out, memory *memory, cancel *cancel, struct ArrowArrayStream *in, bp_error *err)
{
    arrow_format format;
    table *table = NULL;
    bool end = false;
    arena arena;
    bp_status status;

    *out = NULL;
    if (!in->release) return error_set(err, BP_BAD_FORMAT, "an ArrowArrayStream has been released already");
    arena_init(&arena, memory);
    status = in->get_schema && in->get_next ? read_stream_schema(&format, &table, &arena, memory, in, err)
                                            : error_set(err, BP_BAD_FORMAT, "an ArrowArrayStream lacks its functions");
    while (!status && !end && !(cancel && (status = cancel_check(cancel, err))))
        status = read_stream_batch(table, &format, memory, in, &end, err);
    if (!status) status = table_finish(table, err);
    if (!status) {
        *out = table;
        table = NULL;
    }
    table_release(table);
    arena_clear(&arena);
    in->release(in);
    in->release = NULL;
    return status;
}
