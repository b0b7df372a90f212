/* Columns as Arrow arrays.
 *
 * All of one exported batch (the structs of its children, their lists of buffers, and every copied buffer) lies in one region, which
 * also holds the regions of columns that are shown in place. Root and children each hold one reference to it, so a consumer may move
 * a child out and release it long after the root, as the standard allows. Schemas are made the same way.
 *
 * In place leave: numbers, dates, times, bits and validity of columns that have an owner. Copied: the same without an owner, texts
 * (as offsets and bytes), intervals, decimals of up to 18 digits (to 128 bits), UUIDs (to big-endian), lists' offsets. */
#include "arrow.h"

#include "base/config.h"
#include "column_copy.h"

#include <errno.h>
#include <stdio.h>

/* Schemas ---------------------------------------------------------------------------------------------------------------------- */
static void release_schema(struct ArrowSchema *schema)
{
    region *region = schema->private_data;

    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
    if (schema->dictionary && schema->dictionary->release) schema->dictionary->release(schema->dictionary);
    schema->release = NULL;
    region_release(region);
}

static const char *put_text(region *region, string_view text)
{
    return arena_copy(region_arena(region), text).data;
}

static const char *const scalar_formats[TYPE_ID_COUNT] = {
    [TYPE_NULL] = "n",    [TYPE_BOOLEAN] = "b",      [TYPE_INT8] = "c",    [TYPE_INT16] = "s",      [TYPE_INT32] = "i",
    [TYPE_INT64] = "l",   [TYPE_INT128] = "d:38,0",  [TYPE_UINT8] = "C",   [TYPE_UINT16] = "S",     [TYPE_UINT32] = "I",
    [TYPE_UINT64] = "L",  [TYPE_UINT128] = "d:38,0", [TYPE_FLOAT16] = "e", [TYPE_FLOAT32] = "f",    [TYPE_FLOAT64] = "g",
    [TYPE_VARCHAR] = "u", [TYPE_BLOB] = "z",         [TYPE_DATE] = "tdD",  [TYPE_INTERVAL] = "tin", [TYPE_UUID] = "w:16",
    [TYPE_ENUM] = "I",    [TYPE_LIST] = "+l",        [TYPE_STRUCT] = "+s", [TYPE_MAP] = "+m",
};

static const char unit_letters[4] = {'s', 'm', 'u', 'n'};

/* Formats with parameters; NULL: no memory. */
static const char *format_of(region *region, data_type type)
{
    arena *arena = region_arena(region);
    char unit = unit_letters[type.unit & 3];
    string_view zone;

    switch (type.id) {
    case TYPE_DECIMAL:
        if (type.precision > 38) return arena_format(arena, "d:%d,%d,256", type.precision, type.scale).data;
        return arena_format(arena, "d:%d,%d", type.precision, type.scale).data;
    case TYPE_TIME: return arena_format(arena, "tt%c", unit).data;
    case TYPE_TIMESTAMP: return arena_format(arena, "ts%c:", unit).data;
    case TYPE_TIMESTAMP_TZ:
        zone = type.detail && type.detail->zone.size ? type.detail->zone : STRING_VIEW("UTC");
        return arena_format(arena, "ts%c:%.*s", unit, STRING_ARGUMENTS(zone)).data;
    case TYPE_DURATION: return arena_format(arena, "tD%c", unit).data;
    case TYPE_ARRAY: return arena_format(arena, "+w:%u", (unsigned)type.fixed_size).data;
    default: return scalar_formats[type.id];
    }
}

/* {"ARROW:extension:name": "arrow.uuid", "ARROW:extension:metadata": ""}: a count, then sizes and bytes, in the machine's byte order. */
static const char *uuid_metadata(region *region)
{
    static const char *const texts[] = {"ARROW:extension:name", "arrow.uuid", "ARROW:extension:metadata", ""};
    char *metadata = arena_allocate(region_arena(region), 96), *at = metadata;
    int32_t number = 2;

    if (!metadata) return NULL;
    memcpy(at, &number, 4);
    at += 4;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        number = (int32_t)strlen(texts[i]);
        memcpy(at, &number, 4);
        memcpy(at + 4, texts[i], (size_t)number);
        at += 4 + number;
    }
    return metadata;
}

static bp_status schema_no_memory(region *region, bp_error *err)
{
    return error_no_memory(err, region_arena(region)->memory, sizeof(struct ArrowSchema));
}

static bp_status export_type(struct ArrowSchema *out, region *region, string_view name, data_type type, int depth, bp_error *err);

static bp_status export_members(struct ArrowSchema *out, region *region, const string_view *names, const data_type *types,
                                size_t count, int depth, bp_error *err)
{
    struct ArrowSchema **pointers = arena_new_array(region_arena(region), struct ArrowSchema *, count);
    struct ArrowSchema *children = arena_new_array(region_arena(region), struct ArrowSchema, count);
    bp_status status = BP_OK;

    if (!pointers || !children) return schema_no_memory(region, err);
    for (size_t i = 0; i < count; i++) pointers[i] = &children[i];
    out->children = pointers;
    out->n_children = (int64_t)count;
    for (size_t i = 0; i < count && !status; i++)
        status = export_type(&children[i], region, names ? names[i] : STRING_VIEW("item"), types[i], depth + 1, err);
    return status;
}

static bp_status export_map_type(struct ArrowSchema *out, region *region, data_type type, int depth, bp_error *err)
{
    static const string_view entries = {"entries", 7};
    bp_status status = export_members(out, region, &entries, type.detail->children, 1, depth, err);

    if (status) return status;
    out->children[0]->flags = 0; /* neither entries nor keys may be NULL */
    out->children[0]->children[0]->flags = 0;
    return BP_OK;
}

/* Fill `out` and give it a reference to the region once it is whole enough to be released. */
static bp_status export_type(struct ArrowSchema *out, region *region, string_view name, data_type type, int depth, bp_error *err)
{
    *out = (struct ArrowSchema){.flags = ARROW_FLAG_NULLABLE, .release = release_schema, .private_data = region_retain(region)};
    if (depth > LIMIT_TYPE_DEPTH) return error_set(err, BP_LIMIT, "a data type is nested over %d levels", LIMIT_TYPE_DEPTH);
    out->format = format_of(region, type);
    out->name = put_text(region, name);
    if (!out->format || !out->name) return schema_no_memory(region, err);
    if (type.id == TYPE_UUID && !(out->metadata = uuid_metadata(region))) return schema_no_memory(region, err);
    if (type.id == TYPE_ENUM) {
        out->dictionary = arena_new(region_arena(region), struct ArrowSchema);
        if (!out->dictionary) return schema_no_memory(region, err);
        out->flags |= ARROW_FLAG_DICTIONARY_ORDERED;
        return export_type(out->dictionary, region, STRING_VIEW(""), type_of(TYPE_VARCHAR), depth + 1, err);
    }
    if (type.id == TYPE_MAP) return export_map_type(out, region, type, depth, err);
    if (type_is_nested(type))
        return export_members(out, region, type.id == TYPE_STRUCT ? type.detail->names : NULL, type.detail->children,
                              type_child_count(type), depth, err);
    return BP_OK;
}

bp_status arrow_export_schema(struct ArrowSchema *out, memory *memory, const schema *schema, bp_error *err)
{
    region *region = region_new(memory);
    bp_status status;

    *out = (struct ArrowSchema){0};
    if (!region) return error_no_memory(err, memory, sizeof(struct ArrowSchema));
    *out = (struct ArrowSchema){.format = "+s", .name = "", .release = release_schema, .private_data = region_retain(region)};
    status = export_members(out, region, schema->names, schema->types, schema->count, 0, err);
    if (status) {
        release_schema(out);
        *out = (struct ArrowSchema){0};
    }
    region_release(region);
    return status;
}

/* Arrays ------------------------------------------------------------------------------------------------------------------------ */
static void release_array(struct ArrowArray *array)
{
    region *region = array->private_data;

    for (int64_t i = 0; i < array->n_children; i++)
        if (array->children[i]->release) array->children[i]->release(array->children[i]);
    if (array->dictionary && array->dictionary->release) array->dictionary->release(array->dictionary);
    array->release = NULL;
    region_release(region);
}

static void release_owner(void *owner)
{
    region_release(owner);
}

typedef struct array_maker {
    region *region; /* of the export */
    string_view name; /* of the column, for errors */
    arrow_kept *kept;
    bp_error *err;
} array_maker;

static bp_status maker_no_memory(array_maker *maker, size_t size)
{
    return error_no_memory(maker->err, region_arena(maker->region)->memory, size);
}

/* `size` bytes of the export; *status is set on failure. */
static void *buffer_room(array_maker *maker, size_t count, size_t width, bp_status *status)
{
    size_t size;
    void *room = ckd_mul(&size, count, width) ? NULL : arena_allocate_aligned(region_arena(maker->region), size ? size : 1, 64);

    if (!room) *status = maker_no_memory(maker, count * width);
    return room;
}

/* Show `data` in place, or a copy of it. */
static bp_status put_buffer(array_maker *maker, const void **out, const void *data, size_t size, bool in_place)
{
    bp_status status = BP_OK;
    void *copy;

    *out = data;
    if (in_place && data) return BP_OK;
    if (!(copy = buffer_room(maker, size, 1, &status))) return status;
    if (size) memcpy(copy, data, size);
    *out = copy;
    return BP_OK;
}

static bool row_is_valid(const column *in, size_t row)
{
    return !in->validity || bitmap_get(in->validity, row);
}

/* Texts: 32-bit offsets, as the format says; the bytes of a batch may not pass 2 GiB. */
static bp_status export_texts(array_maker *maker, struct ArrowArray *out, const column *in)
{
    arrow_texts texts = arrow_texts_of(in, maker->kept, region_arena(maker->region)->memory);
    bp_status status = BP_OK;
    size_t total;
    int32_t *offsets;
    char *bytes;

    if (!(offsets = buffer_room(maker, in->length + 1, sizeof *offsets, &status))) return status;
    total = arrow_texts_offsets(&texts, offsets);
    if (total > INT32_MAX)
        return error_set(maker->err, BP_LIMIT,
                         "column \"%.*s\": a batch has over 2 GiB of text; it must be read in smaller batches",
                         STRING_ARGUMENTS(maker->name));
    if (!(bytes = buffer_room(maker, total + ARROW_TEXTS_SPARE, 1, &status))) return status;
    arrow_texts_lay(&texts, offsets, bytes);
    out->buffers[1] = offsets;
    out->buffers[2] = bytes;
    return BP_OK;
}

/* Copies with a change of form, one a function ------------------------------------------------------------------------------------ */
static bp_status widen_decimals(array_maker *maker, struct ArrowArray *out, const column *in)
{
    const int64_t *from = in->values;
    bp_status status = BP_OK;
    int128 *to = buffer_room(maker, in->length, sizeof *to, &status);

    if (!to) return status;
    for (size_t i = 0; i < in->length; i++) to[i] = from[i];
    out->buffers[1] = to;
    return BP_OK;
}

static bp_status narrow_times(array_maker *maker, struct ArrowArray *out, const column *in)
{
    const int64_t *from = in->values;
    bp_status status = BP_OK;
    int32_t *to = buffer_room(maker, in->length, sizeof *to, &status);

    if (!to) return status;
    for (size_t i = 0; i < in->length; i++) to[i] = (int32_t)from[i]; /* a day has 86,400,000 ms */
    out->buffers[1] = to;
    return BP_OK;
}

static bp_status swap_uuids(array_maker *maker, struct ArrowArray *out, const column *in)
{
    const uint128 *from = in->values;
    bp_status status = BP_OK;
    uint64_t *to = buffer_room(maker, in->length, 16, &status);

    if (!to) return status;
    for (size_t i = 0; i < in->length; i++) {
        to[2 * i] = __builtin_bswap64((uint64_t)(from[i] >> 64));
        to[2 * i + 1] = __builtin_bswap64((uint64_t)from[i]);
    }
    out->buffers[1] = to;
    return BP_OK;
}

typedef struct arrow_interval {
    int32_t months;
    int32_t days;
    int64_t nanos;
} arrow_interval;

static bp_status export_intervals(array_maker *maker, struct ArrowArray *out, const column *in)
{
    const interval *from = in->values;
    bp_status status = BP_OK;
    arrow_interval *to = buffer_room(maker, in->length, sizeof *to, &status);

    if (!to) return status;
    for (size_t i = 0; i < in->length; i++) {
        to[i] = (arrow_interval){from[i].months, from[i].days, 0};
        if (row_is_valid(in, i) && ckd_mul(&to[i].nanos, from[i].micros, (int64_t)1000))
            return error_set(maker->err, BP_OUT_OF_RANGE,
                             "column \"%.*s\": an interval of over 292 years in microseconds does not fit Arrow's",
                             STRING_ARGUMENTS(maker->name));
    }
    out->buffers[1] = to;
    return BP_OK;
}

/* HUGEINT and UHUGEINT: in place as decimal128, when no value has a 39th digit. */
static bp_status export_huge(array_maker *maker, struct ArrowArray *out, const column *in, bool in_place)
{
    const uint128 limit = number_power10(38);
    bool is_signed = in->type.id == TYPE_INT128;
    const uint128 *values = in->values;

    for (size_t i = 0; i < in->length; i++) {
        bool negative = is_signed && (int128)values[i] < 0;
        uint128 size = negative ? -values[i] : values[i];
        if (size >= limit && row_is_valid(in, i))
            return error_set(maker->err, BP_OUT_OF_RANGE,
                             "column \"%.*s\": a %s of 39 digits does not fit Arrow's decimal128(38, 0)",
                             STRING_ARGUMENTS(maker->name), is_signed ? "HUGEINT" : "UHUGEINT");
    }
    return put_buffer(maker, &out->buffers[1], in->values, in->length * 16, in_place);
}

static bp_status export_within(array_maker *maker, struct ArrowArray *out, const column *in, bool owned, int depth);

static bp_status make_children(array_maker *maker, struct ArrowArray *out, size_t count)
{
    bp_status status = BP_OK;
    struct ArrowArray **pointers = buffer_room(maker, count, sizeof *pointers, &status);
    struct ArrowArray *children = pointers ? buffer_room(maker, count, sizeof *children, &status) : NULL;

    if (!children) return status;
    for (size_t i = 0; i < count; i++) {
        children[i] = (struct ArrowArray){0};
        pointers[i] = &children[i];
    }
    out->children = pointers;
    out->n_children = (int64_t)count;
    return BP_OK;
}

/* Labels of an ENUM as the dictionary of its codes. */
static bp_status export_labels(array_maker *maker, struct ArrowArray *out, data_type type)
{
    size_t count = type.detail ? type.detail->child_count : 0;
    bp_status status = BP_OK;
    string_ref *refs = buffer_room(maker, count, sizeof *refs, &status);
    struct ArrowArray *dictionary = refs ? buffer_room(maker, 1, sizeof *dictionary, &status) : NULL;
    column labels = {.type = type_of(TYPE_VARCHAR), .length = count, .values = refs};

    if (!dictionary) return status;
    for (size_t i = 0; i < count; i++) refs[i] = string_ref_of(type.detail->names[i].data, type.detail->names[i].size);
    *dictionary = (struct ArrowArray){0};
    out->dictionary = dictionary;
    return export_within(maker, dictionary, &labels, false, 1);
}

/* Codes of NULL rows are made 0: consumers check every index. */
static bp_status export_codes(array_maker *maker, struct ArrowArray *out, const column *in, bool in_place)
{
    bp_status status = put_buffer(maker, &out->buffers[1], in->values, in->length * 4, in_place && !in->validity);

    if (!status && in->validity) {
        uint32_t *codes = (uint32_t *)(uintptr_t)out->buffers[1];
        for (size_t i = 0; i < in->length; i++)
            if (!bitmap_get(in->validity, i)) codes[i] = 0;
    }
    return status ? status : export_labels(maker, out, in->type);
}

/* Lists whose elements lie in row order without gaps give their child as it is; others are packed first. */
static bool is_packed(const column *in)
{
    const list_entry *entries = in->values;

    for (size_t i = 0; i < in->length; i++) {
        if (in->validity && !bitmap_get(in->validity, i) && entries[i].size) return false;
        if (i && entries[i].offset != entries[i - 1].offset + entries[i - 1].size) return false;
    }
    return true;
}

static bp_status export_lists(array_maker *maker, struct ArrowArray *out, const column *in, bool owned, int depth)
{
    const list_entry *entries;
    column packed = *in, elements;
    bp_status status = BP_OK;
    int32_t *offsets;
    size_t first, total;

    if (!is_packed(in)) {
        if ((status = column_pack_lists(&packed, in, region_arena(maker->region), maker->err))) return status;
        owned = true;
    }
    entries = packed.values;
    first = in->length ? entries[0].offset : 0;
    total = in->length ? entries[in->length - 1].offset + (size_t)entries[in->length - 1].size - first : 0;
    if (total > INT32_MAX)
        return error_set(maker->err, BP_LIMIT,
                         "column \"%.*s\": a batch has over 2,147,483,647 list elements; it must be read in smaller batches",
                         STRING_ARGUMENTS(maker->name));
    if (!(offsets = buffer_room(maker, in->length + 1, sizeof *offsets, &status))) return status;
    for (size_t i = 0; i < in->length; i++) offsets[i] = (int32_t)(entries[i].offset - first);
    offsets[in->length] = (int32_t)total;
    out->buffers[1] = offsets;
    if ((status = make_children(maker, out, 1))) return status;
    if ((status = column_slice(&elements, &packed.children[0], first, total, region_arena(maker->region), maker->err)))
        return status;
    return export_within(maker, out->children[0], &elements, owned, depth + 1);
}

static bp_status export_children(array_maker *maker, struct ArrowArray *out, const column *in, bool owned, int depth)
{
    bp_status status = make_children(maker, out, in->child_count);

    for (size_t i = 0; i < in->child_count && !status; i++)
        status = export_within(maker, out->children[i], &in->children[i], owned, depth + 1);
    return status;
}

/* `in` is flat, or texts by codes. values_owned: its values stay valid as long as the export; owned: those of its children do. A switch over the types. */
static bp_status export_payload(array_maker *maker, struct ArrowArray *out, const column *in, bool values_owned, bool owned,
                                int depth)
{
    physical_type physical = type_physical(in->type);

    switch (in->type.id) {
    case TYPE_NULL: return BP_OK;
    case TYPE_BOOLEAN: return put_buffer(maker, &out->buffers[1], in->values, bitmap_words(in->length) * 8, values_owned);
    case TYPE_INT128:
    case TYPE_UINT128: return export_huge(maker, out, in, values_owned);
    case TYPE_DECIMAL:
        if (physical == PHYSICAL_INT64) return widen_decimals(maker, out, in);
        break;
    case TYPE_TIME:
        if (in->type.unit <= UNIT_MILLI) return narrow_times(maker, out, in);
        break;
    case TYPE_VARCHAR:
    case TYPE_BLOB: return export_texts(maker, out, in);
    case TYPE_INTERVAL: return export_intervals(maker, out, in);
    case TYPE_UUID: return swap_uuids(maker, out, in);
    case TYPE_ENUM: return export_codes(maker, out, in, values_owned);
    case TYPE_LIST:
    case TYPE_MAP: return export_lists(maker, out, in, owned, depth);
    case TYPE_STRUCT:
    case TYPE_ARRAY: return export_children(maker, out, in, owned, depth);
    default: break;
    }
    return put_buffer(maker, &out->buffers[1], in->values, in->length * physical_width(physical), values_owned);
}

static int64_t buffer_count(data_type type)
{
    switch (type.id) {
    case TYPE_NULL: return 0;
    case TYPE_STRUCT:
    case TYPE_ARRAY: return 1;
    case TYPE_VARCHAR:
    case TYPE_BLOB: return 3;
    default: return 2;
    }
}

static bool is_texts_by_code(const column *in)
{
    return in->encoding == COLUMN_DICTIONARY && type_physical(in->type) == PHYSICAL_STRING;
}

bool arrow_export_copies(data_type type)
{
    switch (type.id) {
    case TYPE_VARCHAR:
    case TYPE_BLOB:
    case TYPE_INTERVAL:
    case TYPE_UUID: return true;
    case TYPE_DECIMAL: return type_physical(type) == PHYSICAL_INT64;
    case TYPE_TIME: return type.unit <= UNIT_MILLI;
    default: return false;
    }
}

static bp_status export_within(array_maker *maker, struct ArrowArray *out, const column *in, bool owned, int depth)
{
    arena *arena = region_arena(maker->region);
    bool flat = in->encoding == COLUMN_FLAT, values_owned;
    bp_status status;
    column rows;

    if (depth > LIMIT_TYPE_DEPTH + 1) return error_set(maker->err, BP_LIMIT, "a column is nested over %d levels", LIMIT_TYPE_DEPTH);
    if (in->owner && !owned && !arrow_export_copies(in->type)) {
        if (!region_on_end(maker->region, release_owner, in->owner)) return maker_no_memory(maker, 64);
        region_retain(in->owner);
        owned = true;
    }
    values_owned = owned || !flat;
    rows = *in;
    if (!is_texts_by_code(in) && (status = column_flatten(&rows, in, arena, maker->err))) return status;
    *out = (struct ArrowArray){.length = (int64_t)rows.length, .n_buffers = buffer_count(rows.type)};
    if (!(out->buffers = arena_new_array(arena, const void *, 4))) return maker_no_memory(maker, 32);
    if (rows.type.id == TYPE_NULL) {
        out->null_count = out->length;
    } else if (rows.validity && (out->null_count = (int64_t)column_null_count(&rows))) {
        status = put_buffer(maker, &out->buffers[0], rows.validity, bitmap_words(rows.length) * 8,
                            owned || in->encoding == COLUMN_CONSTANT);
    }
    /* releasable from here on: its children are zero or whole */
    out->private_data = region_retain(maker->region);
    out->release = release_array;
    return status ? status : export_payload(maker, out, &rows, values_owned, owned, depth);
}

/* About what will be copied for a batch of flat columns. Its blocks are all of one size, so that those of a result that was given back serve the next. */
static size_t copied_bytes(const batch *batch)
{
    size_t bytes = 0;

    for (size_t i = 0; i < batch->column_count; i++) {
        const column *column = &batch->columns[i];
        if (!column->owner || arrow_export_copies(column->type)) bytes += batch->row_count * 16;
    }
    return bytes;
}

bp_status arrow_export_next(struct ArrowArray *out, memory *memory, const schema *schema, const batch *batch, arrow_kept *kept,
                            bp_error *err)
{
    array_maker maker = {.region = region_new(memory), .kept = kept, .err = err};
    bp_status status;

    *out = (struct ArrowArray){0};
    if (!maker.region) return error_no_memory(err, memory, sizeof *out);
    arena_expect(region_arena(maker.region), copied_bytes(batch));
    *out = (struct ArrowArray){
        .length = (int64_t)batch->row_count, .n_buffers = 1, .release = release_array, .private_data = region_retain(maker.region)};
    if (!(out->buffers = arena_new_array(region_arena(maker.region), const void *, 1))) {
        status = maker_no_memory(&maker, 8);
        goto done;
    }
    if ((status = make_children(&maker, out, batch->column_count))) goto done;
    for (size_t i = 0; i < batch->column_count && !status; i++) {
        maker.name = schema->names[i];
        status = export_within(&maker, out->children[i], &batch->columns[i], false, 0);
    }
done:
    if (status) {
        release_array(out);
        *out = (struct ArrowArray){0};
    }
    region_release(maker.region);
    return status;
}

bp_status arrow_export_batch(struct ArrowArray *out, memory *memory, const schema *schema, const batch *batch, bp_error *err)
{
    arrow_kept kept = {0};
    bp_status status = arrow_export_next(out, memory, schema, batch, &kept, err);

    arrow_kept_clear(&kept);
    return status;
}

/* Streams ---------------------------------------------------------------------------------------------------------------------- */
typedef struct table_stream {
    memory *memory; /* retained */
    table *table; /* retained */
    size_t chunk, row; /* what comes next */
    bp_error error;
} table_stream;

static int errno_of(bp_status status)
{
    return status == BP_OK ? 0 : status == BP_NO_MEMORY || status == BP_OVER_BUDGET ? ENOMEM : EINVAL;
}

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    table_stream *state = stream->private_data;

    return errno_of(arrow_export_schema(out, state->memory, table_schema(state->table), &state->error));
}

static bp_status export_rows(table_stream *state, struct ArrowArray *out, const batch *chunk, size_t rows)
{
    arena scratch;
    batch part;
    bp_status status;

    arena_init(&scratch, state->memory);
    status = batch_slice(&part, chunk, state->row, rows, &scratch, &state->error);
    if (!status) status = arrow_export_batch(out, state->memory, table_schema(state->table), &part, &state->error);
    arena_clear(&scratch);
    return status;
}

/* A chunk at a time; one with too much text for 32-bit offsets leaves in halves. */
static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    table_stream *state = stream->private_data;
    const batch *chunk;
    bp_status status;
    size_t rows;

    *out = (struct ArrowArray){0};
    if (state->chunk == table_chunk_count(state->table)) return 0;
    chunk = table_chunk(state->table, state->chunk);
    rows = chunk->row_count - state->row;
    while ((status = export_rows(state, out, chunk, rows)) == BP_LIMIT && rows > 1) rows /= 2;
    if (status) return errno_of(status);
    state->row += rows;
    if (state->row == chunk->row_count) {
        state->row = 0;
        state->chunk++;
    }
    return 0;
}

static const char *stream_error(struct ArrowArrayStream *stream)
{
    table_stream *state = stream->private_data;

    return state->error.status ? state->error.message : NULL;
}

static void stream_release(struct ArrowArrayStream *stream)
{
    table_stream *state = stream->private_data;
    memory *memory = state->memory;

    table_release(state->table);
    memory_delete(memory, state);
    memory_release(memory);
    stream->release = NULL;
}

bp_status arrow_export_table(struct ArrowArrayStream *out, memory *memory, table *table, bp_error *err)
{
    table_stream *state = memory_new(memory, table_stream);

    *out = (struct ArrowArrayStream){0};
    if (!state) return error_no_memory(err, memory, sizeof *state);
    state->memory = memory_retain(memory);
    state->table = table_retain(table);
    *out = (struct ArrowArrayStream){.get_schema = stream_schema,
                                     .get_next = stream_next,
                                     .get_last_error = stream_error,
                                     .release = stream_release,
                                     .private_data = state};
    return BP_OK;
}
