/* What a file holds, before any row is read: its schema, and where its messages stand. A file says so in its footer; a stream is walked from message to message, past their
 * bodies. Of each message the metadata are read, for the number of rows. */
#include "base/cancel.h"
#include "ipc_internal.h"

#define FOOTER_END (4 + IPC_MAGIC_SIZE)
#define ROWS_MOST UINT32_MAX /* of a batch */

void ipc_contents_free(ipc_contents *contents)
{
    memory *memory = contents ? contents->arena.memory : NULL;

    if (!contents) return;
    memory_free(memory, contents->batches.items, contents->batches.capacity * sizeof(ipc_block));
    memory_free(memory, contents->dictionary_blocks.items, contents->dictionary_blocks.capacity * sizeof(ipc_block));
    arena_clear(&contents->arena);
    memory_delete(memory, contents);
}

static bp_status add_block(ipc_blocks *blocks, ipc_block block, memory *memory, bp_error *err)
{
    if (blocks->count == blocks->capacity) {
        size_t wanted = 2 * blocks->capacity + 16;
        ipc_block *larger = memory_resize(memory, blocks->items, blocks->capacity * sizeof block, wanted * sizeof block);
        if (!larger) return error_no_memory(err, memory, wanted * sizeof block);
        blocks->items = larger;
        blocks->capacity = wanted;
    }
    blocks->items[blocks->count++] = block;
    return BP_OK;
}

static bp_status add_dictionary(ipc_contents *contents, const ipc_reader *reader, bp_error *err)
{
    int64_t id = flat_integer(&reader->header, DICTIONARY_ID, 8, 0);
    ipc_block block = {.offset = reader->offset,
                       .dictionaries = contents->dictionary_blocks.count,
                       .is_delta = flat_integer(&reader->header, DICTIONARY_IS_DELTA, 1, 0) != 0};

    for (const ipc_dictionary *at = contents->dictionaries; at; at = at->next)
        if (at->id == id) block.dictionary = at;
    return add_block(&contents->dictionary_blocks, block, contents->arena.memory, err);
}

static bp_status add_batch(ipc_contents *contents, const ipc_reader *reader, bp_error *err)
{
    int64_t rows = flat_integer(&reader->header, BATCH_LENGTH, 8, 0);
    ipc_block block = {.offset = reader->offset, .rows = (uint64_t)rows, .dictionaries = contents->dictionary_blocks.count};

    if (rows < 0)
        return error_set(err, BP_BAD_FORMAT, "the Arrow data are damaged: the batch at byte %llu has %lld rows",
                         (unsigned long long)reader->offset, (long long)rows);
    if (rows > ROWS_MOST)
        return error_set(err, BP_LIMIT, "the batch at byte %llu of the Arrow data has %lld rows, more than 4,294,967,295",
                         (unsigned long long)reader->offset, (long long)rows);
    return rows ? add_block(&contents->batches, block, contents->arena.memory, err) : BP_OK;
}

/* Note the message that is open. */
static bp_status add_message(ipc_contents *contents, const ipc_reader *reader, ipc_message wanted, bp_error *err)
{
    bp_status status;

    if (reader->kind == IPC_SCHEMA || (wanted && reader->kind != wanted))
        return error_set(err, BP_BAD_FORMAT,
                         "the Arrow data are damaged: the message at byte %llu is not of the kind that should be there",
                         (unsigned long long)reader->offset);
    status = reader->kind == IPC_DICTIONARY ? add_dictionary(contents, reader, err) : add_batch(contents, reader, err);
    if (!status && reader->bytes.broken)
        status = error_set(err, BP_BAD_FORMAT, "the Arrow data are damaged: the message at byte %llu has metadata that are none",
                           (unsigned long long)reader->offset);
    return status;
}

/* Streams -------------------------------------------------------------------------------------------------------------------------------- */
static bp_status walk_stream(ipc_contents *contents, ipc_reader *reader, file *file, bp_error *err)
{
    bool end = false;
    bp_status status = ipc_reader_open(reader, file, 0, &end, err);

    if (status == BP_BAD_FORMAT || (!status && (end || reader->kind != IPC_SCHEMA)))
        return error_set(
            err, BP_BAD_FORMAT,
            "this is neither an Arrow file, which begins with ARROW1, nor an Arrow stream, which begins with a schema");
    if (status) return status;
    if ((status = ipc_read_schema(contents, &reader->header, err))) return status;
    for (;;) {
        if ((status = cancel_check(&file->context->cancel, err))) return status;
        if ((status = ipc_reader_open(reader, file, reader->end, &end, err)) || end) return status;
        if ((status = add_message(contents, reader, IPC_NO_MESSAGE, err))) return status;
    }
}

/* Files ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status bad_footer(bp_error *err, const char *what)
{
    return error_set(err, BP_BAD_FORMAT, "the Arrow file is cut or damaged: %s", what);
}

static bp_status open_footer(ipc_reader *reader, file *file, bp_error *err)
{
    char end[FOOTER_END];
    uint64_t size = file_size(file), footer;
    size_t count = 0;
    int32_t told;
    bp_status status;

    if (size < IPC_MAGIC_SIZE + 2 + FOOTER_END) return bad_footer(err, "it is too short for a footer");
    if ((status = file_read_at(file, size - FOOTER_END, end, FOOTER_END, &count, err))) return status;
    if (count != FOOTER_END || memcmp(end + 4, IPC_MAGIC, IPC_MAGIC_SIZE) != 0)
        return bad_footer(err, "it does not end with ARROW1");
    memcpy(&told, end, 4);
    footer = (uint64_t)(int64_t)told;
    if (told <= 0 || footer > size - FOOTER_END) return bad_footer(err, "its footer is larger than the file");
    return ipc_reader_load(reader, file, size - FOOTER_END - footer, footer, err);
}

/* Offsets of a footer's blocks, copied, since the reader goes on to the messages. */
static bp_status take_blocks(ipc_blocks *out, const flat_table *footer, unsigned slot, memory *memory, bp_error *err)
{
    flat_vector blocks = flat_elements(footer, slot, BLOCK_SIZE);
    bp_status status = BP_OK;

    for (size_t i = 0; i < blocks.count && !status; i++) {
        int64_t offset = flat_element_integer(&blocks, i, BLOCK_SIZE, 0, 8);
        status = offset < 0 ? bad_footer(err, "a block of its footer has a negative offset")
                            : add_block(out, (ipc_block){.offset = (uint64_t)offset}, memory, err);
    }
    return status;
}

static bp_status open_blocks(ipc_contents *contents, ipc_reader *reader, file *file, const ipc_blocks *blocks, ipc_message kind,
                             bp_error *err)
{
    bp_status status = BP_OK;
    bool end;

    for (size_t i = 0; i < blocks->count && !status; i++) {
        if ((status = cancel_check(&file->context->cancel, err))) return status;
        if ((status = ipc_reader_open(reader, file, blocks->items[i].offset, &end, err))) return status;
        status = end ? bad_footer(err, "a block of its footer is no message") : add_message(contents, reader, kind, err);
    }
    return status;
}

static bp_status read_file(ipc_contents *contents, ipc_reader *reader, file *file, bp_error *err)
{
    memory *memory = contents->arena.memory;
    ipc_blocks dictionaries = {0}, batches = {0};
    flat_table footer, schema;
    bp_status status = open_footer(reader, file, err);

    if (status) return status;
    footer = flat_root(&reader->bytes);
    schema = flat_child(&footer, FOOTER_SCHEMA);
    if ((status = ipc_read_schema(contents, &schema, err))) goto done;
    if ((status = take_blocks(&dictionaries, &footer, FOOTER_DICTIONARIES, memory, err))) goto done;
    if ((status = take_blocks(&batches, &footer, FOOTER_BATCHES, memory, err))) goto done;
    if (reader->bytes.broken) {
        status = bad_footer(err, "an offset leads out of its footer");
        goto done;
    }
    if ((status = open_blocks(contents, reader, file, &dictionaries, IPC_DICTIONARY, err))) goto done;
    status = open_blocks(contents, reader, file, &batches, IPC_BATCH, err);
done:
    memory_free(memory, dictionaries.items, dictionaries.capacity * sizeof(ipc_block));
    memory_free(memory, batches.items, batches.capacity * sizeof(ipc_block));
    return status;
}

bp_status ipc_contents_new(ipc_contents **out, file *file, bp_error *err)
{
    memory *memory = file->context->memory;
    ipc_contents *contents = memory_new(memory, ipc_contents);
    char magic[IPC_MAGIC_SIZE] = {0};
    ipc_reader reader;
    size_t count = 0;
    bp_status status;

    *out = NULL;
    if (!contents) return error_no_memory(err, memory, sizeof *contents);
    arena_init(&contents->arena, memory);
    ipc_reader_init(&reader, memory);
    if ((status = file_read_at(file, 0, magic, sizeof magic, &count, err))) goto done;
    if (count == 0)
        status = error_set(err, BP_BAD_FORMAT, "the file is empty, which is neither an Arrow file nor an Arrow stream");
    else if (memcmp(magic, "FEA1", 4) == 0)
        status = error_set(err, BP_NOT_SUPPORTED,
                           "a Feather file of version 1 is not read; write it again as version 2, which is Arrow IPC");
    else if (memcmp(magic, IPC_MAGIC, IPC_MAGIC_SIZE) == 0)
        status = read_file(contents, &reader, file, err);
    else
        status = walk_stream(contents, &reader, file, err);
    if (status) goto done;
    *out = contents;
    contents = NULL;
done:
    ipc_reader_clear(&reader);
    ipc_contents_free(contents);
    return status;
}
