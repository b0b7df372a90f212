/* Tables as Arrow IPC. Rows gather until there is a batch of them, which is exported as the C data interface has it (column/arrow.h) and written buffer by buffer, so
 * that both ways out of the library have one conversion. How the rows came does not show in the file. */
#include "column/batch_bytes.h"
#include "column/column_builder.h"
#include "column/region.h"
#include "ipc_internal.h"

#define PREFIX_SIZE 8
#define BODY_ALIGNMENT 64
#define BATCH_PART 16 /* a batch under construction is at most such a part of the memory limit */

typedef struct ipc_writer {
    target base;
    byte_sink sink;
    ipc_write_options options; /* the container is settled */
    arena arena; /* schema, format */
    schema schema;
    struct ArrowSchema exported;
    arrow_format format;
    region *region; /* rows under construction */
    column_builder *builders;
    size_t row_count;
    double bytes; /* of these rows, about */
    ipc_body *body;
    builder metadata;
    builder dictionaries, batches; /* blocks of the footer */
    int64_t next_dictionary;
    uint64_t position; /* bytes written */
    bool finished;
} ipc_writer;

static void writer_free(target *self)
{
    ipc_writer *writer = (ipc_writer *)self;

    for (size_t i = 0; writer->builders && i < writer->schema.count; i++) column_builder_clear(&writer->builders[i]);
    if (writer->exported.release) writer->exported.release(&writer->exported);
    ipc_body_free(writer->body);
    region_release(writer->region);
    builder_clear(&writer->metadata);
    builder_clear(&writer->dictionaries);
    builder_clear(&writer->batches);
    arena_clear(&writer->arena);
    memory_delete(self->context->memory, writer);
}

/* Messages -------------------------------------------------------------------------------------------------------------------------------- */
static bp_status write_bytes(ipc_writer *writer, const void *bytes, size_t size, bp_error *err)
{
    writer->position += size;
    return writer->sink.write(writer->sink.data, bytes, size, err);
}

/* The table of a message whose header is to be linked. */
static size_t begin_message(ipc_writer *writer, ipc_message kind, uint64_t body_size)
{
    flat_field fields[] = {{MESSAGE_VERSION, 2, IPC_VERSION_5},
                           {MESSAGE_HEADER_TYPE, 1,
                            kind == IPC_SCHEMA       ? 1
                            : kind == IPC_DICTIONARY ? 2
                                                     : 3},
                           {MESSAGE_HEADER, 0, 0},
                           {MESSAGE_BODY_SIZE, 8, (int64_t)body_size}};
    size_t table;

    builder_reset(&writer->metadata);
    flat_write_root(&writer->metadata);
    table = flat_write_table(&writer->metadata, fields, ARRAY_LENGTH(fields));
    flat_link_root(&writer->metadata, table);
    return table;
}

/* Prefix and metadata, filled up so that the body begins at a multiple of 64 bytes. */
static bp_status write_metadata(ipc_writer *writer, size_t *size, bp_error *err)
{
    uint64_t end = writer->position + PREFIX_SIZE + writer->metadata.size;
    uint32_t prefix[2] = {IPC_CONTINUATION};
    bp_status status;

    builder_fill(&writer->metadata, 0, (BODY_ALIGNMENT - end % BODY_ALIGNMENT) % BODY_ALIGNMENT);
    if ((status = builder_status(&writer->metadata, err))) return status;
    if (writer->metadata.size > INT32_MAX - PREFIX_SIZE)
        return error_set(err, BP_LIMIT, "Arrow: the columns need over 2 GiB of metadata");
    prefix[1] = (uint32_t)writer->metadata.size;
    *size = writer->metadata.size + PREFIX_SIZE;
    if ((status = write_bytes(writer, prefix, sizeof prefix, err))) return status;
    return write_bytes(writer, writer->metadata.data, writer->metadata.size, err);
}

static bp_status write_schema(ipc_writer *writer, bp_error *err)
{
    size_t message = begin_message(writer, IPC_SCHEMA, 0), size;

    flat_link(&writer->metadata, message, MESSAGE_HEADER, ipc_write_schema(&writer->metadata, &writer->exported, &writer->format));
    return write_metadata(writer, &size, err);
}

/* Metadata are there: out with them and the body, and a block into the footer's list. */
static bp_status write_message(ipc_writer *writer, builder *blocks, bp_error *err)
{
    struct {
        int64_t offset;
        int32_t metadata_size, unused;
        int64_t body_size;
    } block = {.offset = (int64_t)writer->position, .body_size = (int64_t)ipc_body_size(writer->body)};
    size_t size;
    bp_status status = write_metadata(writer, &size, err);

    if (status || (status = ipc_body_write(writer->body, writer->sink, err))) return status;
    writer->position += (uint64_t)block.body_size;
    block.metadata_size = (int32_t)size;
    if (writer->options.container == IPC_FILE) builder_append(blocks, &block, sizeof block);
    return builder_status(blocks, err);
}

static bp_status write_dictionary(ipc_writer *writer, const arrow_format *format, const struct ArrowArray *array, bp_error *err)
{
    flat_field fields[] = {{DICTIONARY_ID, 8, writer->next_dictionary++}, {DICTIONARY_DATA, 0, 0}};
    bp_status status = ipc_body_take(writer->body, format, array, false, err);
    size_t message, table;

    if (status) return status;
    message = begin_message(writer, IPC_DICTIONARY, ipc_body_size(writer->body));
    table = flat_write_table(&writer->metadata, fields, ARRAY_LENGTH(fields));
    flat_link(&writer->metadata, message, MESSAGE_HEADER, table);
    flat_link(&writer->metadata, table, DICTIONARY_DATA, ipc_body_describe(writer->body, &writer->metadata));
    return write_message(writer, &writer->dictionaries, err);
}

/* Dictionaries within an array of no rows, in the order in which the schema numbers them. Recursion follows the exported types. */
static bp_status write_dictionaries(ipc_writer *writer, const arrow_format *format, const struct ArrowArray *array, bp_error *err)
{
    bp_status status = BP_OK;

    if (format->layout == LAYOUT_DICTIONARY) return write_dictionary(writer, &format->children[0], array->dictionary, err);
    for (size_t i = 0; i < (size_t)array->n_children && !status; i++)
        status = write_dictionaries(writer, &format->children[i], array->children[i], err);
    return status;
}

/* Rows ------------------------------------------------------------------------------------------------------------------------------------ */
/* An empty region, and builders in it: those of nested columns have their parts there, so that they end with it. */
static bp_status begin_rows(ipc_writer *writer, bp_error *err)
{
    bp_status status = BP_OK;

    writer->row_count = 0;
    writer->bytes = 0;
    for (size_t i = 0; i < writer->schema.count; i++) column_builder_clear(&writer->builders[i]);
    region_reset(writer->region);
    for (size_t i = 0; i < writer->schema.count && !status; i++)
        status = column_builder_init(&writer->builders[i], writer->schema.types[i], region_arena(writer->region), err);
    return status;
}

/* The rows gathered, as a batch whose columns the region owns. */
static bp_status finish_rows(ipc_writer *writer, batch *out, bp_error *err)
{
    bp_status status = BP_OK;

    *out = (batch){.row_count = writer->row_count, .column_count = writer->schema.count};
    out->columns = arena_new_array(region_arena(writer->region), column, writer->schema.count);
    if (!out->columns) return error_no_memory(err, writer->base.context->memory, writer->schema.count * sizeof(column));
    for (size_t i = 0; i < writer->schema.count && !status; i++) {
        status = column_builder_finish(&writer->builders[i], &out->columns[i], err);
        out->columns[i].owner = writer->region;
    }
    return status;
}

static bp_status export_rows(ipc_writer *writer, struct ArrowArray *out, const batch *batch, size_t begin, size_t rows,
                             bp_error *err)
{
    memory *memory = writer->base.context->memory;
    struct batch part;
    arena scratch;
    bp_status status;

    arena_init(&scratch, memory);
    status = batch_slice(&part, batch, begin, rows, &scratch, err);
    if (!status) status = arrow_export_batch(out, memory, &writer->schema, &part, err);
    arena_clear(&scratch);
    return status;
}

static bp_status write_array(ipc_writer *writer, struct ArrowArray *array, bp_error *err)
{
    bp_status status = ipc_body_take(writer->body, &writer->format, array, true, err);
    size_t message;

    if (!status) {
        message = begin_message(writer, IPC_BATCH, ipc_body_size(writer->body));
        flat_link(&writer->metadata, message, MESSAGE_HEADER, ipc_body_describe(writer->body, &writer->metadata));
        status = write_message(writer, &writer->batches, err);
    }
    array->release(array);
    return status;
}

/* Rows [at, end) of a batch; those with too much text for 32-bit offsets are written in halves. */
static bp_status write_slice(ipc_writer *writer, const batch *batch, size_t at, size_t end, bp_error *err)
{
    size_t rows = end - at;
    struct ArrowArray array;
    bp_status status = BP_OK;

    while (!status && at < end) {
        if (rows > end - at) rows = end - at;
        while ((status = export_rows(writer, &array, batch, at, rows, err)) == BP_LIMIT && rows > 1) rows /= 2;
        if (status) return status;
        status = write_array(writer, &array, err);
        at += rows;
    }
    return status;
}

static bp_status write_rows(ipc_writer *writer, bp_error *err)
{
    batch batch;
    bp_status status = finish_rows(writer, &batch, err);

    if (!status) status = write_slice(writer, &batch, 0, batch.row_count, err);
    return status ? status : begin_rows(writer, err);
}

/* How many of `left` rows the batch under construction still takes: at least one when it is empty. */
static size_t rows_taken(const ipc_writer *writer, size_t left, double row_bytes)
{
    size_t rows = writer->options.batch_rows - writer->row_count;
    double by_bytes = (double)(memory_limit(writer->base.context->memory) / BATCH_PART) - writer->bytes;

    if (row_bytes > 0 && by_bytes / row_bytes < (double)rows) rows = by_bytes < 0 ? 0 : (size_t)(by_bytes / row_bytes);
    if (rows == 0 && writer->row_count == 0) rows = 1;
    return rows < left ? rows : left;
}

static bp_status writer_write(target *self, const batch *batch, bp_error *err)
{
    ipc_writer *writer = (ipc_writer *)self;
    double row_bytes = batch->row_count ? (double)batch_bytes_size(batch) / (double)batch->row_count : 0;
    bp_status status = BP_OK;

    for (size_t at = 0; at < batch->row_count && !status;) {
        size_t rows = rows_taken(writer, batch->row_count - at, row_bytes);
        if (rows == 0) {
            status = write_rows(writer, err);
            continue;
        }
        if (rows == writer->options.batch_rows) { /* a whole one that need not be gathered */
            status = write_slice(writer, batch, at, at + rows, err);
            at += rows;
            continue;
        }
        for (size_t i = 0; i < batch->column_count && !status; i++)
            status = column_builder_append_rows(&writer->builders[i], &batch->columns[i], at, rows, err);
        at += rows;
        writer->row_count += rows;
        writer->bytes += row_bytes * (double)rows;
        if (!status && writer->row_count == writer->options.batch_rows) status = write_rows(writer, err);
    }
    return status;
}

/* Beginning and end ------------------------------------------------------------------------------------------------------------------------- */
static bp_status write_beginning(ipc_writer *writer, bp_error *err)
{
    static const char magic[8] = IPC_MAGIC;
    struct ArrowArray array;
    batch batch;
    bp_status status = BP_OK;

    if (writer->options.container == IPC_FILE) status = write_bytes(writer, magic, sizeof magic, err);
    if (status || (status = write_schema(writer, err))) return status;
    if ((status = begin_rows(writer, err)) || (status = finish_rows(writer, &batch, err))) return status;
    if ((status = arrow_export_batch(&array, writer->base.context->memory, &writer->schema, &batch, err))) return status;
    status = write_dictionaries(writer, &writer->format, &array, err);
    array.release(&array);
    return status ? status : begin_rows(writer, err);
}

static size_t write_blocks(builder *out, const builder *blocks)
{
    size_t count = blocks->size / BLOCK_SIZE, vector = flat_write_vector(out, count, BLOCK_SIZE);

    if (count && out->status == BP_OK) memcpy(out->data + vector + 4, blocks->data, blocks->size);
    return vector;
}

static bp_status write_footer(ipc_writer *writer, bp_error *err)
{
    flat_field fields[] = {
        {FOOTER_VERSION, 2, IPC_VERSION_5}, {FOOTER_SCHEMA, 0, 0}, {FOOTER_DICTIONARIES, 0, 0}, {FOOTER_BATCHES, 0, 0}};
    builder *out = &writer->metadata;
    int32_t size;
    size_t table;

    builder_reset(out);
    flat_write_root(out);
    table = flat_write_table(out, fields, ARRAY_LENGTH(fields));
    flat_link_root(out, table);
    flat_link(out, table, FOOTER_SCHEMA, ipc_write_schema(out, &writer->exported, &writer->format));
    flat_link(out, table, FOOTER_DICTIONARIES, write_blocks(out, &writer->dictionaries));
    flat_link(out, table, FOOTER_BATCHES, write_blocks(out, &writer->batches));
    if (out->size > INT32_MAX)
        return error_set(err, BP_LIMIT, "Arrow: the footer is over 2 GiB; write larger batches, or a stream");
    size = (int32_t)out->size;
    builder_append(out, &size, 4);
    builder_literal(out, IPC_MAGIC);
    if (builder_status(out, err)) return out->status;
    return write_bytes(writer, out->data, out->size, err);
}

static bp_status writer_finish(target *self, bp_error *err)
{
    static const uint32_t end[2] = {IPC_CONTINUATION, 0};
    ipc_writer *writer = (ipc_writer *)self;
    bp_status status = BP_OK;

    if (writer->finished) return BP_OK;
    writer->finished = true;
    if (writer->row_count) status = write_rows(writer, err);
    if (!status) status = write_bytes(writer, end, sizeof end, err);
    return status || writer->options.container != IPC_FILE ? status : write_footer(writer, err);
}

static const target_class writer_class = {.free = writer_free, .write = writer_write, .finish = writer_finish};

static ipc_container container_of(string_view path)
{
    static const char *const endings[] = {".arrow", ".feather", ".ipc"};

    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
        string_view ending = string_view_of(endings[i]);
        if (path.size >= ending.size && string_equal_nocase(string_view_slice(path, path.size - ending.size, path.size), ending))
            return IPC_FILE;
    }
    return IPC_STREAM;
}

bp_status ipc_writer_new(target **out, bp_context *context, byte_sink sink, string_view path, const schema *schema,
                         const ipc_write_options *options, bp_error *err)
{
    ipc_writer *writer = memory_new(context->memory, ipc_writer);
    bp_status status;

    *out = NULL;
    if (!writer) return error_no_memory(err, context->memory, sizeof *writer);
    writer->base = (target){.class = &writer_class, .context = context, .takes_large = true};
    writer->sink = sink;
    writer->options = *options;
    if (options->container == IPC_BY_PATH) writer->options.container = container_of(path);
    arena_init(&writer->arena, context->memory);
    builder_init(&writer->metadata, context->memory, SIZE_MAX);
    builder_init(&writer->dictionaries, context->memory, SIZE_MAX);
    builder_init(&writer->batches, context->memory, SIZE_MAX);
    if ((status = schema_copy(&writer->schema, schema, &writer->arena, err))) goto done;
    if ((status = arrow_export_schema(&writer->exported, context->memory, &writer->schema, err))) goto done;
    if ((status = arrow_format_read(&writer->format, &writer->arena, &writer->exported, err))) goto done;
    if ((status = ipc_body_new(&writer->body, context, options->compression, options->compression_level, err))) goto done;
    writer->region = region_new(context->memory);
    writer->builders = arena_new_array(&writer->arena, column_builder, schema->count);
    if (!writer->region || !writer->builders) {
        status = error_no_memory(err, context->memory, schema->count * sizeof(column_builder));
        goto done;
    }
    if ((status = write_beginning(writer, err))) goto done;
    *out = &writer->base;
    writer = NULL;
done:
    if (writer) writer_free(&writer->base);
    return status;
}
