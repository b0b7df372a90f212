/* Arrow out: schemas, batches and tables as Arrow C structs. */
#include "arrow.h"

#include <stdatomic.h>
#include <stdio.h>

/* schemas ---------------------------------------------------------------------------------------------------------------------------------------- */
/* What a struct owns: one block with everything in it. */
typedef struct exported {
    arena arena; /* of all that the struct shows */
    memory *memory; /* retained */
    region *owner; /* retained, or NULL */
} exported;

static exported *exported_new(memory *memory)
{
    exported *made = memory_new(memory, exported);

    if (!made) return NULL;
    made->memory = memory_retain(memory);
    arena_init(&made->arena, memory);
    return made;
}

static void exported_free(exported *exported)
{
    memory *memory = exported->memory;

    region_release(exported->owner);
    arena_clear(&exported->arena);
    memory_delete(memory, exported);
    memory_release(memory);
}

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i] && schema->children[i]->release) schema->children[i]->release(schema->children[i]);
    if (schema->dictionary && schema->dictionary->release) schema->dictionary->release(schema->dictionary);
    if (schema->private_data) exported_free(schema->private_data);
    schema->release = NULL;
}

static const char *unit_letter(data_type type)
{
    static const char *const letters[] = {"s", "m", "u", "n"};

    return letters[type.unit & 3];
}

/* The format string of a type; NULL: no memory. */
static const char *format_of(data_type type, arena *arena)
{
    switch ((type_id)type.id) {
    case TYPE_NULL: return "n";
    case TYPE_BOOLEAN: return "b";
    case TYPE_INT8: return "c";
    case TYPE_INT16: return "s";
    case TYPE_INT32: return "i";
    case TYPE_INT64: return "l";
    case TYPE_UINT8: return "C";
    case TYPE_UINT16: return "S";
    case TYPE_UINT32: return "I";
    case TYPE_UINT64: return "L";
    case TYPE_INT128: return "d:38,0";
    case TYPE_FLOAT16: return "e";
    case TYPE_FLOAT32: return "f";
    case TYPE_FLOAT64: return "g";
    case TYPE_DECIMAL:
        return arena_format(arena, type.precision > 38 ? "d:%u,%d,256" : "d:%u,%d", (unsigned)type.precision, (int)type.scale).data;
    case TYPE_VARCHAR: return "u";
    case TYPE_BLOB: return "z";
    case TYPE_DATE: return "tdD";
    case TYPE_TIME: return arena_format(arena, "tt%s", type.unit == UNIT_NANO ? "n" : "u").data;
    case TYPE_TIMESTAMP: return arena_format(arena, "ts%s:", unit_letter(type)).data;
    case TYPE_TIMESTAMP_TZ:
        return type.detail && type.detail->zone.size
                   ? arena_format(arena, "ts%s:%.*s", unit_letter(type), STRING_ARGUMENTS(type.detail->zone)).data
                   : arena_format(arena, "ts%s:UTC", unit_letter(type)).data;
    case TYPE_DURATION: return arena_format(arena, "tD%s", unit_letter(type)).data;
    case TYPE_INTERVAL: return "tin";
    case TYPE_UUID: return "w:16";
    case TYPE_ENUM: return "I";
    case TYPE_LIST: return "+l";
    case TYPE_ARRAY: return arena_format(arena, "+w:%u", type.fixed_size).data;
    case TYPE_STRUCT: return "+s";
    case TYPE_MAP: return "+m";
    default: return "u"; /* UHUGEINT: as text */
    }
}

static bp_status export_type(struct ArrowSchema *out, memory *memory, string_view name, data_type type, bp_error *err)
{
    exported *own = exported_new(memory);
    size_t children = type.id == TYPE_ENUM || !type.detail ? 0 : type.detail->child_count;
    bp_status status = BP_OK;

    memset(out, 0, sizeof *out);
    if (!own) return error_no_memory(err, memory, sizeof *own);
    out->release = release_schema;
    out->private_data = own;
    out->flags = ARROW_FLAG_NULLABLE;
    out->format = format_of(type, &own->arena);
    out->name = arena_copy(&own->arena, name).data;
    out->children = arena_new_array(&own->arena, struct ArrowSchema *, children);
    if (!out->format || !out->name || !out->children) status = error_no_memory(err, memory, 256);
    if (type.id == TYPE_TIMESTAMP_TZ || type.id == TYPE_LIST) children = type.id == TYPE_LIST ? children : 0;
    for (size_t i = 0; i < children && !status; i++) {
        string_view child_name = type.id == TYPE_STRUCT ? type.detail->names[i]
                                 : type.id == TYPE_MAP  ? STRING_VIEW("entries")
                                                        : STRING_VIEW("item");
        if (!(out->children[i] = arena_new(&own->arena, struct ArrowSchema))) return error_no_memory(err, memory, 64);
        status = export_type(out->children[i], memory, child_name, type.detail->children[i], err);
        if (!status) out->n_children = (int64_t)i + 1;
    }
    if (!status && type.id == TYPE_ENUM) {
        out->dictionary = arena_new(&own->arena, struct ArrowSchema);
        status = out->dictionary ? export_type(out->dictionary, memory, STRING_VIEW(""), type_of(TYPE_VARCHAR), err)
                                 : error_no_memory(err, memory, 64);
    }
    if (status) release_schema(out);
    return status;
}

bp_status arrow_export_schema(struct ArrowSchema *out, memory *memory, const schema *schema, bp_error *err)
{
    type_detail detail = {.child_count = schema->count, .children = schema->types, .names = schema->names};

    return export_type(out, memory, STRING_VIEW(""), (data_type){.id = TYPE_STRUCT, .detail = &detail}, err);
}

/* arrays ------------------------------------------------------------------------------------------------------------------------------------------- */
static void release_array(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++)
        if (array->children[i] && array->children[i]->release) array->children[i]->release(array->children[i]);
    if (array->dictionary && array->dictionary->release) array->dictionary->release(array->dictionary);
    if (array->private_data) exported_free(array->private_data);
    array->release = NULL;
}

static bp_status export_column(struct ArrowArray *out, memory *memory, const column *in, bp_error *err);

static bp_status copy_bytes(const void **out, exported *own, const void *bytes, size_t size, bp_error *err)
{
    void *copy = arena_allocate_aligned(&own->arena, size + 8, 64);

    if (!copy) return error_no_memory(err, own->memory, size);
    if (size) memcpy(copy, bytes, size);
    *out = copy;
    return BP_OK;
}

/* Offsets and bytes of texts. */
static bp_status export_texts(struct ArrowArray *out, exported *own, const column *in, bp_error *err)
{
    const string_ref *texts = in->values;
    int32_t *offsets = arena_allocate_aligned(&own->arena, (in->length + 1) * sizeof *offsets, 64);
    size_t total = 0;
    char *bytes;

    if (!offsets) return error_no_memory(err, own->memory, in->length * 4);
    for (size_t i = 0; i < in->length; i++) {
        offsets[i] = (int32_t)total;
        if (!column_is_null(in, i)) total += texts[i].size;
        if (total > INT32_MAX) return error_set(err, BP_LIMIT, "a batch with over 2 GiB of text; ask for fewer rows at a time");
    }
    offsets[in->length] = (int32_t)total;
    bytes = arena_allocate_aligned(&own->arena, total + 1, 64);
    if (!bytes) return error_no_memory(err, own->memory, total);
    for (size_t i = 0; i < in->length; i++)
        if (!column_is_null(in, i) && texts[i].size) memcpy(bytes + offsets[i], string_ref_data(&texts[i]), texts[i].size);
    out->buffers[1] = offsets;
    out->buffers[2] = bytes;
    out->n_buffers = 3;
    return BP_OK;
}

/* Decimals of 18 digits and fewer are widened to 128 bits. */
static bp_status export_decimals(struct ArrowArray *out, exported *own, const column *in, bp_error *err)
{
    const int64_t *values = in->values;
    int128 *wide = arena_allocate_aligned(&own->arena, in->length * sizeof *wide + 16, 64);

    if (!wide) return error_no_memory(err, own->memory, in->length * 16);
    for (size_t i = 0; i < in->length; i++) wide[i] = values[i];
    out->buffers[1] = wide;
    return BP_OK;
}

static bp_status check_huge(const column *in, bp_error *err)
{
    const int128 limit = (int128)10000000000000000000u * (int128)10000000000000000000u; /* 10^38 */
    const int128 *values = in->values;

    for (size_t i = 0; i < in->length; i++)
        if (!column_is_null(in, i) && (values[i] >= limit || values[i] <= -limit))
            return error_set(err, BP_OUT_OF_RANGE,
                             "a HUGEINT of 39 digits does not fit Arrow's decimal128(38,0); cast it to VARCHAR or DOUBLE");
    return BP_OK;
}

typedef struct arrow_interval {
    int32_t months, days;
    int64_t nanos;
} arrow_interval;

static bp_status export_intervals(struct ArrowArray *out, exported *own, const column *in, bp_error *err)
{
    const interval *values = in->values;
    arrow_interval *to = arena_allocate_aligned(&own->arena, in->length * sizeof *to + 16, 64);

    if (!to) return error_no_memory(err, own->memory, in->length * 16);
    for (size_t i = 0; i < in->length; i++) {
        to[i] = (arrow_interval){values[i].months, values[i].days, 0};
        if (!column_is_null(in, i) && __builtin_mul_overflow(values[i].micros, (int64_t)1000, &to[i].nanos))
            return error_set(err, BP_OUT_OF_RANGE, "an INTERVAL of over 292 years of hours does not fit Arrow's nanoseconds");
    }
    out->buffers[1] = to;
    return BP_OK;
}

/* Lists: offsets, and the elements in that order. */
static bp_status export_lists(struct ArrowArray *out, exported *own, const column *in, bp_error *err)
{
    const list_entry *entries = in->values;
    int32_t *offsets = arena_allocate_aligned(&own->arena, (in->length + 1) * sizeof *offsets, 64);
    size_t total = 0, at = 0;
    uint32_t *selection;
    column elements;
    bp_status status;

    if (!offsets) return error_no_memory(err, own->memory, in->length * 4);
    for (size_t i = 0; i < in->length; i++) {
        offsets[i] = (int32_t)total;
        total += column_is_null(in, i) ? 0 : entries[i].size;
        if (total > INT32_MAX)
            return error_set(err, BP_LIMIT, "a batch with over 2^31 list elements; ask for fewer rows at a time");
    }
    offsets[in->length] = (int32_t)total;
    selection = arena_new_array(&own->arena, uint32_t, total);
    out->children = arena_new_array(&own->arena, struct ArrowArray *, 1);
    if (out->children) out->children[0] = arena_new(&own->arena, struct ArrowArray);
    if (!selection || !out->children || !out->children[0]) return error_no_memory(err, own->memory, total * 4);
    for (size_t i = 0; i < in->length; i++)
        for (uint32_t j = 0; j < (column_is_null(in, i) ? 0 : entries[i].size); j++) selection[at++] = entries[i].offset + j;
    if ((status = column_gather(&elements, &in->children[0], selection, total, &own->arena, err))) return status;
    out->buffers[1] = offsets;
    out->n_children = 1;
    return export_column(out->children[0], own->memory, &elements, err);
}

static bp_status export_children(struct ArrowArray *out, exported *own, const column *in, bp_error *err)
{
    bp_status status;

    out->n_buffers = 1;
    out->children = arena_new_array(&own->arena, struct ArrowArray *, in->child_count);
    if (!out->children) return error_no_memory(err, own->memory, in->child_count * 8);
    for (size_t i = 0; i < in->child_count; i++) {
        out->children[i] = arena_new(&own->arena, struct ArrowArray);
        if (!out->children[i]) return error_no_memory(err, own->memory, sizeof(struct ArrowArray));
        if ((status = export_column(out->children[i], own->memory, &in->children[i], err))) return status;
        out->n_children = (int64_t)i + 1;
    }
    return BP_OK;
}

static bp_status export_labels(struct ArrowArray *out, exported *own, data_type type, bp_error *err)
{
    size_t count = type.detail ? type.detail->child_count : 0;
    string_ref *labels = arena_new_array(&own->arena, string_ref, count);
    column column = {.type = type_of(TYPE_VARCHAR), .length = count, .values = labels};

    out->dictionary = arena_new(&own->arena, struct ArrowArray);
    if (!labels || !out->dictionary) return error_no_memory(err, own->memory, count * 16);
    for (size_t i = 0; i < count; i++) labels[i] = string_ref_of(type.detail->names[i].data, type.detail->names[i].size);
    return export_column(out->dictionary, own->memory, &column, err);
}

static bp_status export_values(struct ArrowArray *out, exported *own, const column *in, bp_error *err)
{
    physical_type physical = type_physical(in->type);
    bp_status status;

    switch (physical) {
    case PHYSICAL_NONE: out->n_buffers = 0; return BP_OK;
    case PHYSICAL_STRING: return export_texts(out, own, in, err);
    case PHYSICAL_INTERVAL: return export_intervals(out, own, in, err);
    case PHYSICAL_LIST: return export_lists(out, own, in, err);
    case PHYSICAL_STRUCT:
    case PHYSICAL_ARRAY: return export_children(out, own, in, err);
    default: break;
    }
    if (in->type.id == TYPE_DECIMAL && physical == PHYSICAL_INT64) return export_decimals(out, own, in, err);
    if (in->type.id == TYPE_INT128 && (status = check_huge(in, err))) return status;
    if (in->type.id == TYPE_UINT128) return error_set(err, BP_NOT_SUPPORTED, "UHUGEINT does not go into Arrow; cast it to VARCHAR");
    if (in->owner) {
        out->buffers[1] = in->values;
    } else {
        size_t bytes = physical == PHYSICAL_BIT ? bitmap_words(in->length) * 8 : in->length * physical_width(physical);
        if ((status = copy_bytes(&out->buffers[1], own, in->values, bytes, err))) return status;
    }
    return in->type.id == TYPE_ENUM ? export_labels(out, own, in->type, err) : BP_OK;
}

static bp_status export_validity(struct ArrowArray *out, exported *own, const column *in, bp_error *err)
{
    if (in->type.id == TYPE_NULL) {
        out->null_count = (int64_t)in->length;
        return BP_OK;
    }
    if (!in->validity) return BP_OK;
    out->null_count = (int64_t)column_null_count(in);
    if (out->null_count == 0) return BP_OK;
    if (in->owner) {
        out->buffers[0] = in->validity;
        return BP_OK;
    }
    return copy_bytes(&out->buffers[0], own, in->validity, bitmap_words(in->length) * 8, err);
}

static bp_status export_column(struct ArrowArray *out, memory *memory, const column *in, bp_error *err)
{
    exported *own = exported_new(memory);
    column flat;
    bp_status status;

    memset(out, 0, sizeof *out);
    if (!own) return error_no_memory(err, memory, sizeof *own);
    out->release = release_array;
    out->private_data = own;
    out->length = (int64_t)in->length;
    out->n_buffers = 2;
    out->buffers = arena_new_array(&own->arena, const void *, 3);
    status = out->buffers ? column_flatten(&flat, in, &own->arena, err) : error_no_memory(err, memory, 24);
    if (!status && in->encoding != COLUMN_FLAT) flat.owner = NULL;
    if (!status && flat.owner) own->owner = region_retain(flat.owner);
    if (!status) status = export_validity(out, own, &flat, err);
    if (!status) status = export_values(out, own, &flat, err);
    if (status) release_array(out);
    return status;
}

bp_status arrow_export_batch(struct ArrowArray *out, memory *memory, const schema *schema, const batch *batch, bp_error *err)
{
    column rows = {
        .type = {.id = TYPE_STRUCT}, .length = batch->row_count, .children = batch->columns, .child_count = batch->column_count};

    CHECK(schema->count == batch->column_count);
    (void)schema;
    return export_column(out, memory, &rows, err);
}

/* tables -------------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct table_stream {
    table *table;
    memory *memory;
    size_t next;
    bp_error error;
} table_stream;

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    table_stream *own = stream->private_data;

    return arrow_export_schema(out, own->memory, table_schema(own->table), &own->error) ? 12 : 0;
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    table_stream *own = stream->private_data;

    memset(out, 0, sizeof *out);
    if (own->next >= table_chunk_count(own->table)) return 0;
    return arrow_export_batch(out, own->memory, table_schema(own->table), table_chunk(own->table, own->next++), &own->error) ? 22
                                                                                                                             : 0;
}

static const char *stream_error(struct ArrowArrayStream *stream)
{
    return ((table_stream *)stream->private_data)->error.message;
}

static void stream_release(struct ArrowArrayStream *stream)
{
    table_stream *own = stream->private_data;
    memory *memory = own->memory;

    table_release(own->table);
    memory_delete(memory, own);
    memory_release(memory);
    stream->release = NULL;
}

bp_status arrow_export_table(struct ArrowArrayStream *out, memory *memory, table *table, bp_error *err)
{
    table_stream *own = memory_new(memory, table_stream);

    memset(out, 0, sizeof *out);
    if (!own) return error_no_memory(err, memory, sizeof *own);
    own->table = table_retain(table);
    own->memory = memory_retain(memory);
    *out = (struct ArrowArrayStream){stream_schema, stream_next, stream_error, stream_release, own};
    return BP_OK;
}
