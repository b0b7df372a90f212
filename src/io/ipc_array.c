/* Arrays of a batch, as the C data interface has them, over bytes that are read here.
 *
 * That interface does not say how long a buffer is; whoever imports an array must believe that it is long enough. So each buffer is held here against what its layout and the
 * node's length need, and offsets of texts against the bytes they point into; offsets and codes that point to other nodes are the import's to check, which knows their lengths.
 *
 * A field's buffers stand side by side as a rule, and are read at once. Packed buffers are unpacked behind that; those of another byte order are copied and turned, since
 * damaged metadata may show the same bytes as two buffers. */
#include "ipc_internal.h"

#define GAPS_MOST ((uint64_t)1 << 12) /* bytes between buffers that are read rather than passed over, for each buffer */
#define PREFIX_SIZE 8                 /* of packed buffers: int64 size in full */

typedef struct array_loader {
    const ipc_batch *batch;
    region *region;
    ipc_resolver resolver;
    ipc_place place;
    uint64_t span_begin, span_end; /* of the body: bytes at `span` */
    const char *span;              /* NULL: buffers are read one by one */
    bp_error *err;
} array_loader;

typedef struct buffer {
    const char *data;
    uint64_t size;
} buffer;

static bp_status bad_array(array_loader *loader, const char *what)
{
    return error_set(loader->err, BP_BAD_FORMAT, "the Arrow data are damaged: the message at byte %llu %s",
                     (unsigned long long)loader->batch->reader->offset, what);
}

static void *room(array_loader *loader, uint64_t size, bp_status *status)
{
    void *block = arena_allocate_aligned(region_arena(loader->region), size ? (size_t)size : 1, 64);

    if (!block) *status = error_no_memory(loader->err, region_arena(loader->region)->memory, (size_t)size);
    return block;
}

/* Opening ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status read_codec(ipc_batch *out, const flat_table *table, bp_error *err)
{
    flat_table compression = flat_child(table, BATCH_COMPRESSION);
    int64_t codec = flat_integer(&compression, COMPRESSION_CODEC, 1, 0),
            method = flat_integer(&compression, COMPRESSION_METHOD, 1, 0);

    out->codec = BLOCK_NONE;
    if (compression.at == 0) return BP_OK;
    if ((codec != 0 && codec != 1) || method != 0)
        return error_set(err, BP_NOT_SUPPORTED,
                         "the Arrow data are compressed in a way that this version does not know (codec %lld)", (long long)codec);
    out->codec = codec ? BLOCK_ZSTD : BLOCK_LZ4_FRAME;
    return BP_OK;
}

bp_status ipc_batch_open(ipc_batch *out, ipc_reader *reader, file *file, const ipc_contents *contents, const flat_table *table,
                         bp_error *err)
{
    bp_status status;

    *out = (ipc_batch){.reader = reader,
                       .file = file,
                       .contents = contents,
                       .rows = flat_integer(table, BATCH_LENGTH, 8, 0),
                       .nodes = flat_elements(table, BATCH_NODES, NODE_SIZE),
                       .buffers = flat_elements(table, BATCH_BUFFERS, BUFFER_SIZE),
                       .view_counts = flat_elements(table, BATCH_VIEW_COUNTS, 8)};
    if ((status = read_codec(out, table, err))) return status;
    if (reader->bytes.broken)
        return error_set(err, BP_BAD_FORMAT, "the Arrow data are damaged: the message at byte %llu has metadata that are none",
                         (unsigned long long)reader->offset);
    if (out->codec != BLOCK_NONE && !reader->decoder) return block_decoder_new(&reader->decoder, reader->memory, err);
    return BP_OK;
}

/* Buffers of a layout, those of views not counted. */
static size_t fixed_buffers(arrow_layout layout)
{
    switch (layout) {
    case LAYOUT_NULL:
    case LAYOUT_RUN_ENDS: return 0;
    case LAYOUT_STRUCT:
    case LAYOUT_FIXED_LIST: return 1;
    case LAYOUT_TEXT:
    case LAYOUT_LIST_VIEW: return 3;
    default: return 2;
    }
}

/* Buffers that views of the next array point into; too many: they are not there. */
static size_t view_buffers(const ipc_batch *batch, size_t view)
{
    int64_t count = view < batch->view_counts.count ? flat_element_integer(&batch->view_counts, view, 8, 0, 8) : 0;

    return count < 0 || (uint64_t)count > batch->buffers.count ? batch->buffers.count : (size_t)count;
}

void ipc_batch_skip(const ipc_batch *batch, ipc_place *place, const struct ArrowSchema *schema, const arrow_format *format)
{
    place->node++;
    place->buffer += fixed_buffers(format->layout);
    if (format->layout == LAYOUT_TEXT_VIEW) place->buffer += view_buffers(batch, place->view++);
    if (format->layout == LAYOUT_DICTIONARY) return;
    for (size_t i = 0; i < format->child_count; i++) ipc_batch_skip(batch, place, schema->children[i], &format->children[i]);
}

/* Buffers ---------------------------------------------------------------------------------------------------------------------------------- */
/* The place of buffer `index` in the body. */
static bp_status place_of(array_loader *loader, size_t index, uint64_t *offset, uint64_t *size)
{
    const ipc_batch *batch = loader->batch;
    int64_t told_offset, told_size;

    if (index >= batch->buffers.count) return bad_array(loader, "has fewer buffers than its schema wants");
    told_offset = flat_element_integer(&batch->buffers, index, BUFFER_SIZE, 0, 8);
    told_size = flat_element_integer(&batch->buffers, index, BUFFER_SIZE, 8, 8);
    *offset = (uint64_t)told_offset;
    *size = (uint64_t)told_size;
    if (told_size == 0) return BP_OK;
    if (told_offset < 0 || told_size < 0 || *offset > batch->reader->body_size || *size > batch->reader->body_size - *offset)
        return bad_array(loader, "has a buffer that reaches out of its body");
    return BP_OK;
}

static bp_status read_body(array_loader *loader, const char **out, uint64_t offset, uint64_t size)
{
    const ipc_batch *batch = loader->batch;
    size_t lead = (size_t)(offset % 64), count = 0;
    bp_status status = BP_OK;
    char *block = room(loader, size + lead, &status);

    if (!block) return status;
    *out = block + lead; /* aligned as in the body */
    status = file_read_at(batch->file, batch->reader->body + offset, block + lead, (size_t)size, &count, loader->err);
    return status || count == size ? status : bad_array(loader, "is cut");
}

/* Read the buffers [first, end) at once when little lies between them. */
static bp_status read_span(array_loader *loader, size_t first, size_t end)
{
    uint64_t sum = 0, offset, size;
    bp_status status = BP_OK;

    loader->span_begin = UINT64_MAX;
    for (size_t i = first; i < end; i++) {
        if ((status = place_of(loader, i, &offset, &size))) return status;
        if (size == 0) continue;
        sum += size;
        if (offset < loader->span_begin) loader->span_begin = offset;
        if (offset + size > loader->span_end) loader->span_end = offset + size;
    }
    if (sum == 0 || loader->span_end - loader->span_begin > sum + (end - first) * GAPS_MOST) return BP_OK;
    return read_body(loader, &loader->span, loader->span_begin, loader->span_end - loader->span_begin);
}

static bp_status unpack(array_loader *loader, buffer *out)
{
    const ipc_batch *batch = loader->batch;
    const uint8_t *bytes = (const uint8_t *)out->data + PREFIX_SIZE;
    uint64_t packed = out->size - PREFIX_SIZE;
    bp_status status = BP_OK;
    int64_t full;
    char *to;

    if (out->size < PREFIX_SIZE) return bad_array(loader, "has a packed buffer without its size");
    memcpy(&full, out->data, PREFIX_SIZE);
    if (full == -1) {
        *out = (buffer){(const char *)bytes, packed};
        return BP_OK;
    }
    if (full < 0 || !block_size_possible(batch->codec, bytes, (size_t)packed, (uint64_t)full))
        return bad_array(loader, "has a packed buffer of an impossible size");
    if (!(to = room(loader, (uint64_t)full + BLOCK_SPARE, &status))) return status;
    status = block_decode(batch->reader->decoder, batch->codec, bytes, (size_t)packed, to, (size_t)full, loader->err);
    *out = (buffer){to, (uint64_t)full};
    return status;
}

/* The next buffer, as it is in memory. */
static bp_status next_buffer(array_loader *loader, buffer *out)
{
    uint64_t offset;
    bp_status status = place_of(loader, loader->place.buffer++, &offset, &out->size);

    out->data = NULL;
    if (status || out->size == 0) return status;
    if (loader->span)
        out->data = loader->span + (offset - loader->span_begin);
    else if ((status = read_body(loader, &out->data, offset, out->size)))
        return status;
    return loader->batch->codec == BLOCK_NONE ? BP_OK : unpack(loader, out);
}

/* Byte order ------------------------------------------------------------------------------------------------------------------------------- */
static void turn(char *to, const char *from, size_t width)
{
    for (size_t i = 0; i < width; i++) to[i] = from[width - 1 - i];
}

/* A copy whose values consist of parts of these widths, one after the other, each turned. */
static bp_status turn_buffer(array_loader *loader, buffer *in, const uint8_t *widths, size_t parts)
{
    bp_status status = BP_OK;
    char *to = in->size ? room(loader, in->size, &status) : NULL;
    size_t at = 0;

    if (!to) return status;
    memcpy(to, in->data, (size_t)in->size);
    for (size_t part = 0; at + widths[part] <= in->size; part = (part + 1) % parts) {
        turn(to + at, in->data + at, widths[part]);
        at += widths[part];
    }
    in->data = to;
    return BP_OK;
}

/* Views: the size, and for texts that are not within, the number of the buffer and the offset. */
static bp_status turn_views(array_loader *loader, buffer *in)
{
    bp_status status = BP_OK;
    char *to = in->size ? room(loader, in->size, &status) : NULL;

    if (!to) return status;
    memcpy(to, in->data, (size_t)in->size);
    for (size_t at = 0; at + 16 <= in->size; at += 16) {
        int32_t size;
        turn(to + at, in->data + at, 4);
        memcpy(&size, to + at, 4);
        if (size <= 12) continue;
        turn(to + at + 8, in->data + at + 8, 4);
        turn(to + at + 12, in->data + at + 12, 4);
    }
    in->data = to;
    return BP_OK;
}

static bp_status turn_values(array_loader *loader, buffer *in, const arrow_format *format)
{
    static const uint8_t day_time[] = {4, 4}, month_day_nano[] = {4, 4, 8};
    uint8_t width = (uint8_t)format->width;

    if (!loader->batch->contents->big_endian) return BP_OK;
    switch (format->layout) {
    case LAYOUT_BITS:
    case LAYOUT_UUID:
    case LAYOUT_BOOL8:
    case LAYOUT_FIXED_BYTES: return BP_OK;
    case LAYOUT_DAY_TIME: return turn_buffer(loader, in, day_time, 2);
    case LAYOUT_MONTH_DAY_NANO: return turn_buffer(loader, in, month_day_nano, 3);
    case LAYOUT_TEXT_VIEW: return turn_views(loader, in);
    default: return width > 1 ? turn_buffer(loader, in, &width, 1) : BP_OK;
    }
}

/* Arrays ----------------------------------------------------------------------------------------------------------------------------------- */
static void release_nothing(struct ArrowArray *array)
{
    array->release = NULL;
}

/* The next buffer, of at least `needed` bytes. */
static bp_status take_buffer(array_loader *loader, buffer *out, uint64_t needed)
{
    bp_status status = next_buffer(loader, out);

    return status || out->size >= needed ? status : bad_array(loader, "has a buffer that is shorter than its rows need");
}

static bp_status take_values(array_loader *loader, struct ArrowArray *out, const arrow_format *format, uint64_t needed)
{
    buffer values;
    bp_status status = take_buffer(loader, &values, needed);

    if (!status) status = turn_values(loader, &values, format);
    out->buffers[1] = values.data;
    return status;
}

/* `rows` + 1 offsets, which may lie anywhere; negative ones are beyond every size. */
static bool narrow_within(const char *offsets, uint64_t rows, uint64_t size)
{
    bool within = true;

    for (uint64_t i = 0; i <= rows; i++) {
        uint32_t offset;
        memcpy(&offset, offsets + 4 * i, 4);
        within &= offset <= size;
    }
    return within;
}

static bool wide_within(const char *offsets, uint64_t rows, uint64_t size)
{
    bool within = true;

    for (uint64_t i = 0; i <= rows; i++) {
        uint64_t offset;
        memcpy(&offset, offsets + 8 * i, 8);
        within &= offset <= size;
    }
    return within;
}

static bp_status take_text(array_loader *loader, struct ArrowArray *out, const arrow_format *format, uint64_t rows)
{
    bp_status status = take_values(loader, out, format, rows ? (rows + 1) * format->width : 0);
    buffer bytes;

    if (status || (status = next_buffer(loader, &bytes))) return status;
    if (rows && !(format->width == 4 ? narrow_within : wide_within)(out->buffers[1], rows, bytes.size))
        return bad_array(loader, "has texts that reach past their bytes");
    out->buffers[2] = bytes.data ? bytes.data : ""; /* all texts are empty */
    return BP_OK;
}

/* The views, their buffers, and as the C data interface has it the sizes of those. */
static bp_status take_views(array_loader *loader, struct ArrowArray *out, const arrow_format *format, uint64_t rows, size_t count)
{
    bp_status status = take_values(loader, out, format, rows * format->width);
    int64_t *sizes = status ? NULL : room(loader, (count + 1) * sizeof *sizes, &status);

    for (size_t i = 0; i < count && !status; i++) {
        buffer bytes;
        status = next_buffer(loader, &bytes);
        out->buffers[2 + i] = bytes.data ? bytes.data : "";
        if (!status) sizes[i] = (int64_t)bytes.size;
    }
    out->buffers[2 + count] = sizes;
    return status;
}

static bp_status take_list_view(array_loader *loader, struct ArrowArray *out, const arrow_format *format, uint64_t rows)
{
    bp_status status = take_values(loader, out, format, rows * format->width);
    buffer sizes;

    if (status || (status = take_buffer(loader, &sizes, rows * format->width))) return status;
    status = turn_values(loader, &sizes, format);
    out->buffers[2] = sizes.data;
    return status;
}

static bp_status take_payload(array_loader *loader, struct ArrowArray *out, const arrow_format *format, size_t views)
{
    uint64_t rows = (uint64_t)out->length;

    switch (format->layout) {
    case LAYOUT_NULL:
    case LAYOUT_RUN_ENDS:
    case LAYOUT_STRUCT:
    case LAYOUT_FIXED_LIST: return BP_OK;
    case LAYOUT_BITS: return take_values(loader, out, format, (rows + 7) / 8);
    case LAYOUT_LIST: return take_values(loader, out, format, rows ? (rows + 1) * format->width : 0);
    case LAYOUT_LIST_VIEW: return take_list_view(loader, out, format, rows);
    case LAYOUT_TEXT: return take_text(loader, out, format, rows);
    case LAYOUT_TEXT_VIEW: return take_views(loader, out, format, rows, views);
    default: return take_values(loader, out, format, rows * format->width);
    }
}

/* Length, NULLs and the list of buffers. */
static bp_status take_node(array_loader *loader, struct ArrowArray *out, const arrow_format *format, size_t *views)
{
    const ipc_batch *batch = loader->batch;
    size_t index = loader->place.node++;
    bp_status status = BP_OK;

    *views = format->layout == LAYOUT_TEXT_VIEW ? view_buffers(batch, loader->place.view++) : 0;
    if (index >= batch->nodes.count) return bad_array(loader, "has fewer nodes than its schema wants");
    *out =
        (struct ArrowArray){.length = flat_element_integer(&batch->nodes, index, NODE_SIZE, 0, 8),
                            .null_count = flat_element_integer(&batch->nodes, index, NODE_SIZE, 8, 8),
                            .n_buffers = (int64_t)(fixed_buffers(format->layout) + *views + (format->layout == LAYOUT_TEXT_VIEW)),
                            .release = release_nothing};
    if (out->length < 0 || out->length > UINT32_MAX || out->null_count < -1 || out->null_count > out->length)
        return bad_array(loader, "has a node of an impossible length");
    out->buffers = room(loader, (uint64_t)(out->n_buffers + 1) * sizeof *out->buffers, &status);
    return status;
}

static bp_status take_array(array_loader *loader, struct ArrowArray *out, const struct ArrowSchema *schema,
                            const arrow_format *format);

static bp_status take_children(array_loader *loader, struct ArrowArray *out, const struct ArrowSchema *schema,
                               const arrow_format *format)
{
    bp_status status = BP_OK;
    struct ArrowArray *children = room(loader, format->child_count * sizeof *children, &status);

    out->children = children ? room(loader, format->child_count * sizeof *out->children, &status) : NULL;
    out->n_children = (int64_t)format->child_count;
    for (size_t i = 0; i < format->child_count && !status; i++) {
        out->children[i] = &children[i];
        status = take_array(loader, &children[i], schema->children[i], &format->children[i]);
    }
    return status;
}

static bp_status take_dictionary(array_loader *loader, struct ArrowArray *out, const struct ArrowSchema *schema)
{
    bp_status status = BP_OK;

    out->dictionary = room(loader, sizeof *out->dictionary, &status);
    return status
               ? status
               : loader->resolver.find(loader->resolver.data, schema->private_data, loader->region, out->dictionary, loader->err);
}

/* Recursion follows the schema, LIMIT_TYPE_DEPTH levels at most. */
static bp_status take_array(array_loader *loader, struct ArrowArray *out, const struct ArrowSchema *schema,
                            const arrow_format *format)
{
    bool has_validity = format->layout != LAYOUT_NULL && format->layout != LAYOUT_RUN_ENDS;
    buffer validity = {0};
    bp_status status;
    size_t views;

    if ((status = take_node(loader, out, format, &views))) return status;
    if (has_validity) {
        if ((status = next_buffer(loader, &validity))) return status;
        if (validity.size && out->null_count && validity.size < ((uint64_t)out->length + 7) / 8)
            return bad_array(loader, "has a buffer that is shorter than its rows need");
        out->buffers[0] = validity.data;
    }
    if ((status = take_payload(loader, out, format, views))) return status;
    if (format->layout == LAYOUT_DICTIONARY) return take_dictionary(loader, out, schema);
    return take_children(loader, out, schema, format);
}

bp_status ipc_batch_read(const ipc_batch *batch, struct ArrowArray *out, region *region, ipc_place place,
                         const struct ArrowSchema *schema, const arrow_format *format, ipc_resolver resolver, bp_error *err)
{
    array_loader loader = {.batch = batch, .region = region, .resolver = resolver, .place = place, .err = err};
    ipc_place end = place;
    bp_status status;

    ipc_batch_skip(batch, &end, schema, format);
    if ((status = read_span(&loader, place.buffer, end.buffer))) return status;
    return take_array(&loader, out, schema, format);
}
