/* Parquet files, row group by row group.
 *
 *   batches --table_append--> a row group's rows --parallel_for over its columns--> chunks --byte_sink--> the file
 *
 * Rows are kept by reference where their owner lets us (column/table.h). A row group ends with its rows or bytes, never by time or threads, so the bytes of the
 * file depend on the rows alone. Where columns are fewer than threads would like, several row groups are encoded at once. The page index is kept until the end,
 * as the format wants it near the footer. */
#include "parquet_write_internal.h"

#define GROUPS_MOST 8 /* encoded at once */
#define COST_ROWS 1024
#define TASKS_A_WORKER 4 /* that many columns are wanted, so that no worker waits long for the last one */

typedef struct pending_group {
    table *rows;
    uint64_t bytes;
} pending_group;

typedef struct parquet_writer {
    target base;
    byte_sink sink;
    arena arena;
    schema columns;
    parquet_write_options options;
    write_schema schema;
    uint64_t group_bytes; /* the most of a row group */
    table *rows; /* of the row group that grows */
    uint64_t row_count, bytes; /* of it */
    pending_group pending[GROUPS_MOST];
    size_t pending_count, pending_most;
    parquet_encoder *encoders; /* one a worker */
    size_t encoder_count;
    write_group *groups;
    size_t group_count, group_capacity;
    uint64_t offset; /* of the file's next byte */
    bool finished;
} parquet_writer;

/* How large rows are ------------------------------------------------------------------------------------------------------------------ */
static uint64_t text_bytes(const string_ref *texts, size_t count)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < count; i++) bytes += texts[i].size;
    return bytes;
}

/* About how many bytes the rows have; elements of lists are counted by their average. */
static uint64_t column_bytes(const column *column, size_t depth)
{
    uint64_t bytes = 0, elements = 0;
    size_t rows = column->encoding == COLUMN_CONSTANT ? 1 : column->length, each;

    if (column->length == 0 || depth > LIMIT_TYPE_DEPTH || column->type.id == TYPE_NULL) return 0;
    if (column->encoding == COLUMN_DICTIONARY) {
        if (column->children[0].length == 0) return 4 * (uint64_t)rows;
        return 4 * (uint64_t)rows + column_bytes(&column->children[0], depth + 1) / column->children[0].length * rows;
    }
    each = physical_width(type_physical(column->type));
    bytes = (each ? each : 1) * (uint64_t)rows;
    switch (type_physical(column->type)) {
    case PHYSICAL_STRING:
        if (column->encoding == COLUMN_FLAT || !column_is_null(column, 0)) bytes += text_bytes(column->values, rows);
        break;
    case PHYSICAL_LIST:
        for (size_t i = 0; i < rows; i++) elements += column_is_null(column, i) ? 0 : ((const list_entry *)column->values)[i].size;
        if (elements) bytes += (column_bytes(&column->children[0], depth + 1) / column->children[0].length + 1) * elements;
        break;
    case PHYSICAL_STRUCT:
    case PHYSICAL_ARRAY:
        for (size_t i = 0; i < column->child_count; i++) bytes += column_bytes(&column->children[i], depth + 1);
        break;
    default: break;
    }
    return column->encoding == COLUMN_CONSTANT ? bytes * column->length : bytes;
}

static uint64_t batch_bytes(const batch *batch)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < batch->column_count; i++) bytes += column_bytes(&batch->columns[i], 0);
    return bytes;
}

/* Encoding ----------------------------------------------------------------------------------------------------------------------------- */
typedef struct chunk_task {
    uint64_t cost; /* about */
    uint32_t group, leaf;
} chunk_task;

typedef struct encoding_job {
    parquet_writer *writer;
    write_chunk *chunks; /* of all groups, each with all leaves */
    chunk_task *tasks; /* the longest first, so that workers end together */
} encoding_job;

static bp_status encode_chunk(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    encoding_job *job = data;
    parquet_writer *writer = job->writer;
    const chunk_task *task = &job->tasks[piece];
    const write_leaf *leaf = &writer->schema.leaves[task->leaf];
    write_chunk *chunk = &job->chunks[task->group * writer->schema.leaf_count + task->leaf];
    parquet_encoder *encoder = &writer->encoders[worker];
    bp_status status = BP_OK;

    if (!encoder->packer) status = parquet_encoder_open(encoder, writer->base.context, &writer->options, err);
    if (!status) status = parquet_chunk_encode(chunk, encoder, leaf, writer->pending[task->group].rows, err);
    if (status && status != BP_CANCELLED && status != BP_TIMEOUT)
        error_prefix(err, "column \"%.*s\"", STRING_ARGUMENTS(leaf->path[0]));
    return status;
}

/* About how long a column takes, by the sizes of its first rows. */
static uint64_t leaf_cost(const table *rows, const write_leaf *leaf)
{
    const column *first = &table_chunk(rows, 0)->columns[leaf->column];
    size_t count = first->length < COST_ROWS ? first->length : COST_ROWS;

    if (leaf->physical != PARQUET_BYTE_ARRAY || leaf->step_count > 1 || first->encoding != COLUMN_FLAT ||
        leaf->convert == WRITE_ENUM)
        return (uint64_t)count * leaf->width * leaf->step_count;
    return 16 * (uint64_t)count + text_bytes(first->values, count);
}

static void order_tasks(chunk_task *tasks, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        chunk_task moving = tasks[i];
        size_t hole = i;
        for (; hole > 0 && tasks[hole - 1].cost < moving.cost; hole--) tasks[hole] = tasks[hole - 1];
        tasks[hole] = moving;
    }
}

static void list_tasks(const parquet_writer *writer, chunk_task *tasks)
{
    size_t count = 0;

    for (size_t group = 0; group < writer->pending_count; group++)
        for (size_t leaf = 0; leaf < writer->schema.leaf_count; leaf++)
            tasks[count++] =
                (chunk_task){leaf_cost(writer->pending[group].rows, &writer->schema.leaves[leaf]), (uint32_t)group, (uint32_t)leaf};
    order_tasks(tasks, count);
}

/* Writing ------------------------------------------------------------------------------------------------------------------------------ */
static bp_status put(parquet_writer *writer, const char *bytes, size_t size, bp_error *err)
{
    writer->offset += size;
    return size ? writer->sink.write(writer->sink.data, bytes, size, err) : BP_OK;
}

static bool keep(parquet_writer *writer, string_view *out, const char *bytes, size_t size)
{
    *out = arena_copy(&writer->arena, (string_view){bytes, size});
    return out->data != NULL;
}

static bp_status note_chunk(parquet_writer *writer, write_chunk_facts *facts, const write_chunk *chunk, bp_error *err)
{
    builder offsets;
    bool kept = true;

    *facts = (write_chunk_facts){.offset = writer->offset,
                                 .page_bytes = chunk->page_bytes,
                                 .full_size = chunk->full_size,
                                 .slot_count = chunk->slot_count,
                                 .null_count = chunk->null_count,
                                 .distinct_count = chunk->distinct_count,
                                 .data_offset = chunk->data_offset,
                                 .bloom_size = chunk->bytes.size - chunk->page_bytes,
                                 .codec = (uint8_t)chunk->codec,
                                 .encoding = (uint8_t)chunk->encoding,
                                 .least_exact = chunk->least_exact,
                                 .greatest_exact = chunk->greatest_exact,
                                 .page_count = (uint32_t)chunk->page_count};
    builder_init(&offsets, writer->base.context->memory, SIZE_MAX);
    if (writer->options.page_index) parquet_put_offset_index(&offsets, chunk, writer->offset);
    if (chunk->has_least) kept &= keep(writer, &facts->least, chunk->extremes.data, chunk->least_size);
    if (chunk->has_greatest)
        kept &=
            keep(writer, &facts->greatest, chunk->extremes.data + (chunk->has_least ? chunk->least_size : 0), chunk->greatest_size);
    if (chunk->column_index.size) kept &= keep(writer, &facts->column_index, chunk->column_index.data, chunk->column_index.size);
    if (offsets.size) kept &= keep(writer, &facts->offset_index, offsets.data, offsets.size);
    kept &= !offsets.status;
    builder_clear(&offsets);
    return kept ? BP_OK : error_no_memory(err, writer->base.context->memory, 4096);
}

static bp_status reserve_group(parquet_writer *writer, bp_error *err)
{
    memory *memory = writer->base.context->memory;
    size_t wanted = writer->group_capacity ? writer->group_capacity * 2 : 16;
    write_group *groups;

    if (writer->group_count < writer->group_capacity) return BP_OK;
    groups = memory_resize(memory, writer->groups, writer->group_capacity * sizeof *groups, wanted * sizeof *groups);
    if (!groups) return error_no_memory(err, memory, wanted * sizeof *groups);
    writer->groups = groups;
    writer->group_capacity = wanted;
    return BP_OK;
}

static bp_status write_pending_group(parquet_writer *writer, write_chunk *chunks, size_t row_count, bp_error *err)
{
    size_t count = writer->schema.leaf_count;
    write_chunk_facts *facts;
    bp_status status = reserve_group(writer, err);

    if (status) return status;
    facts = arena_new_array(&writer->arena, write_chunk_facts, count);
    if (!facts) return error_no_memory(err, writer->arena.memory, count * sizeof *facts);
    for (size_t i = 0; i < count && !status; i++) {
        if ((status = note_chunk(writer, &facts[i], &chunks[i], err))) break;
        status = put(writer, chunks[i].bytes.data, chunks[i].bytes.size, err);
        builder_clear(&chunks[i].bytes);
    }
    writer->groups[writer->group_count++] = (write_group){row_count, facts};
    return status;
}

static void drop_pending(parquet_writer *writer)
{
    for (size_t i = 0; i < writer->pending_count; i++) table_release(writer->pending[i].rows);
    writer->pending_count = 0;
}

/* Encode and write the row groups that wait. */
static bp_status write_pending(parquet_writer *writer, bp_error *err)
{
    bp_context *context = writer->base.context;
    size_t leaf_count = writer->schema.leaf_count, count = writer->pending_count * leaf_count;
    encoding_job job = {.writer = writer};
    bp_status status = BP_OK;

    if (count == 0) return BP_OK;
    job.chunks = memory_allocate_array(context->memory, count, sizeof *job.chunks);
    job.tasks = memory_allocate_array(context->memory, count, sizeof *job.tasks);
    if (!job.chunks || !job.tasks) {
        status = error_no_memory(err, context->memory, count * sizeof *job.chunks);
        goto done;
    }
    for (size_t i = 0; i < count; i++) write_chunk_init(&job.chunks[i], context->memory);
    list_tasks(writer, job.tasks);
    status = parallel_for(context, count, encode_chunk, &job, err);
    for (size_t i = 0; i < writer->pending_count && !status; i++)
        status = write_pending_group(writer, job.chunks + i * leaf_count, table_row_count(writer->pending[i].rows), err);
done:
    for (size_t i = 0; job.chunks && i < count; i++) write_chunk_clear(&job.chunks[i]);
    if (job.chunks) memory_free(context->memory, job.chunks, count * sizeof *job.chunks);
    if (job.tasks) memory_free(context->memory, job.tasks, count * sizeof *job.tasks);
    drop_pending(writer);
    return status;
}

/* Taking rows -------------------------------------------------------------------------------------------------------------------------- */
/* What row groups that wait may hold: a share of the limit, since their chunks come on top. */
static bool pending_is_heavy(const parquet_writer *writer)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < writer->pending_count; i++) bytes += writer->pending[i].bytes;
    return bytes > memory_limit(writer->base.context->memory) / 16;
}

static bp_status end_group(parquet_writer *writer, bp_error *err)
{
    bp_status status;

    if (writer->row_count == 0) return BP_OK;
    if ((status = table_finish(writer->rows, err))) return status;
    writer->pending[writer->pending_count++] = (pending_group){writer->rows, writer->bytes};
    writer->rows = NULL;
    writer->row_count = writer->bytes = 0;
    if (!writer->base.prompt && writer->pending_count < writer->pending_most && !pending_is_heavy(writer)) return BP_OK;
    return write_pending(writer, err);
}

/* How many of `left` rows the row group still takes: at least one when it is empty. */
static size_t rows_taken(const parquet_writer *writer, size_t left, double row_bytes)
{
    uint64_t rows = writer->options.row_group_rows - writer->row_count;
    double by_bytes = row_bytes > 0 ? ((double)writer->group_bytes - (double)writer->bytes) / row_bytes : (double)rows;

    if (by_bytes < (double)rows) rows = by_bytes < 0 ? 0 : (uint64_t)by_bytes;
    if (rows == 0 && writer->row_count == 0) rows = 1;
    return rows < left ? (size_t)rows : left;
}

static bp_status writer_write(target *self, const batch *batch, bp_error *err)
{
    parquet_writer *writer = (parquet_writer *)self;
    double row_bytes = batch->row_count ? (double)batch_bytes(batch) / (double)batch->row_count : 0;
    arena arena;
    bp_status status = BP_OK;

    arena_init(&arena, self->context->memory);
    for (size_t at = 0; at < batch->row_count && !status;) {
        size_t rows = rows_taken(writer, batch->row_count - at, row_bytes);
        struct batch part = *batch;
        if (rows == 0) {
            status = end_group(writer, err);
            continue;
        }
        if (!writer->rows && (status = table_new(&writer->rows, self->context->memory, &writer->columns, err))) break;
        if (rows < batch->row_count && (status = batch_slice(&part, batch, at, rows, &arena, err))) break;
        if ((status = table_append(writer->rows, &part, err))) break;
        at += rows;
        writer->row_count += rows;
        writer->bytes += (uint64_t)(row_bytes * (double)rows);
        if (writer->row_count >= writer->options.row_group_rows) status = end_group(writer, err);
    }
    arena_clear(&arena);
    return status;
}

/* The page index, then the footer. */
static bp_status write_tail(parquet_writer *writer, bp_error *err)
{
    size_t leaf_count = writer->schema.leaf_count;
    builder footer;
    bp_status status = BP_OK;

    for (size_t i = 0; i < writer->group_count * leaf_count && !status; i++) {
        write_chunk_facts *facts = &writer->groups[i / leaf_count].chunks[i % leaf_count];
        facts->column_index_offset = writer->offset;
        status = put(writer, facts->column_index.data, facts->column_index.size, err);
    }
    for (size_t i = 0; i < writer->group_count * leaf_count && !status; i++) {
        write_chunk_facts *facts = &writer->groups[i / leaf_count].chunks[i % leaf_count];
        facts->offset_index_offset = writer->offset;
        status = put(writer, facts->offset_index.data, facts->offset_index.size, err);
    }
    if (status) return status;
    builder_init(&footer, writer->base.context->memory, SIZE_MAX);
    status = parquet_put_footer(&footer, &writer->schema, writer->groups, writer->group_count, &writer->options, err);
    if (!status) status = put(writer, footer.data, footer.size, err);
    builder_clear(&footer);
    return status;
}

static bp_status writer_finish(target *self, bp_error *err)
{
    parquet_writer *writer = (parquet_writer *)self;
    bp_status status;

    if (writer->finished) return BP_OK;
    writer->finished = true;
    if ((status = end_group(writer, err)) || (status = write_pending(writer, err))) return status;
    return write_tail(writer, err);
}

static void writer_free(target *self)
{
    parquet_writer *writer = (parquet_writer *)self;
    memory *memory = self->context->memory;

    drop_pending(writer);
    table_release(writer->rows);
    if (writer->encoders) {
        for (size_t i = 0; i < writer->encoder_count; i++) parquet_encoder_close(&writer->encoders[i]);
        memory_free(memory, writer->encoders, writer->encoder_count * sizeof *writer->encoders);
    }
    memory_free(memory, writer->groups, writer->group_capacity * sizeof *writer->groups);
    arena_clear(&writer->arena);
    memory_delete(memory, writer);
}

static const target_class writer_class = {.free = writer_free, .write = writer_write, .finish = writer_finish};

/* Opening ------------------------------------------------------------------------------------------------------------------------------ */
static bool copy_metadata(parquet_writer *writer, const parquet_write_options *options)
{
    parquet_pair *pairs = arena_new_array(&writer->arena, parquet_pair, options->metadata_count + 1);

    for (size_t i = 0; pairs && i < options->metadata_count; i++) {
        const parquet_pair *pair = &options->metadata[i];
        if (!keep(writer, &pairs[i].key, pair->key.data, pair->key.size) ||
            !keep(writer, &pairs[i].value, pair->value.data, pair->value.size))
            return false;
    }
    writer->options.metadata = pairs;
    return pairs != NULL;
}

/* Limits of row groups, and how many are gathered so that each worker has enough to do. */
static void set_sizes(parquet_writer *writer, size_t workers)
{
    parquet_write_options *options = &writer->options;
    uint64_t usual, limit = memory_limit(writer->base.context->memory);
    size_t leaves = writer->schema.leaf_count, wanted = workers > 1 ? (TASKS_A_WORKER * workers + leaves - 1) / leaves : 1;

    if (options->row_group_rows == 0) options->row_group_rows = 1;
    if (ckd_mul(&usual, options->row_group_rows, UINT64_C(1024))) usual = UINT64_MAX;
    writer->group_bytes = options->row_group_bytes ? options->row_group_bytes : usual;
    if (limit / 16 < writer->group_bytes) writer->group_bytes = limit / 16;
    writer->pending_most = wanted < GROUPS_MOST ? wanted : GROUPS_MOST;
}

bp_status parquet_writer_new(target **out, bp_context *context, byte_sink sink, const schema *schema,
                             const parquet_write_options *options, bp_error *err)
{
    parquet_writer *writer = memory_new(context->memory, parquet_writer);
    bp_status status;

    *out = NULL;
    if (!writer) return error_no_memory(err, context->memory, sizeof *writer);
    writer->base = (target){.class = &writer_class, .context = context, .takes_large = true};
    writer->sink = sink;
    writer->options = *options;
    arena_init(&writer->arena, context->memory);
    if (options->has_level && options->codec != BLOCK_ZSTD) {
        status = error_set(err, BP_BIND_ERROR, "option compression_level is for zstd alone, which is chosen by compression");
        goto done;
    }
    if ((status = schema_copy(&writer->columns, schema, &writer->arena, err))) goto done;
    if ((status = parquet_write_schema(&writer->schema, &writer->columns, options, &writer->arena, err))) goto done;
    if (!copy_metadata(writer, options)) {
        status = error_no_memory(err, context->memory, 4096);
        goto done;
    }
    writer->options.field_ids = NULL; /* they are in the schema now, and borrowed */
    writer->options.field_id_count = 0;
    writer->encoder_count = parallel_workers(context, UINT64_MAX);
    writer->encoders = memory_allocate_array(context->memory, writer->encoder_count, sizeof *writer->encoders);
    if (!writer->encoders) {
        status = error_no_memory(err, context->memory, writer->encoder_count * sizeof *writer->encoders);
        goto done;
    }
    set_sizes(writer, writer->encoder_count);
    writer->base.group_rows = writer->options.row_group_rows;
    if ((status = put(writer, "PAR1", 4, err))) goto done;
    *out = &writer->base;
    writer = NULL;
done:
    if (writer) writer_free(&writer->base);
    return status;
}
