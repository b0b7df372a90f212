/* Messages: prefix, metadata, where the body stands. Nothing is believed: sizes are held against what is left of the file before room is made for them. */
#include "ipc_internal.h"

void ipc_reader_init(ipc_reader *out, memory *memory)
{
    *out = (ipc_reader){.memory = memory};
}

void ipc_reader_clear(ipc_reader *reader)
{
    memory_free(reader->memory, reader->metadata, reader->metadata_capacity);
    block_decoder_free(reader->decoder);
    reader->metadata = NULL;
    reader->decoder = NULL;
    reader->metadata_capacity = 0;
}

static bp_status damaged(uint64_t offset, const char *what, bp_error *err)
{
    return error_set(err, BP_BAD_FORMAT, "the Arrow data are damaged: the message at byte %llu %s", (unsigned long long)offset,
                     what);
}

static bp_status read_exactly(file *file, uint64_t offset, void *out, size_t size, bp_error *err)
{
    size_t count = 0;
    bp_status status = file_read_at(file, offset, out, size, &count, err);

    return status || count == size ? status : damaged(offset, "is cut", err);
}

static bp_status make_room(ipc_reader *reader, size_t size, bp_error *err)
{
    if (size <= reader->metadata_capacity) return BP_OK;
    memory_free(reader->memory, reader->metadata, reader->metadata_capacity);
    reader->metadata_capacity = 0;
    reader->metadata = memory_allocate(reader->memory, size);
    if (!reader->metadata) return error_no_memory(err, reader->memory, size);
    reader->metadata_capacity = size;
    return BP_OK;
}

bp_status ipc_reader_load(ipc_reader *reader, file *file, uint64_t offset, uint64_t size, bp_error *err)
{
    bp_status status;

    if (offset > file_size(file) || size > file_size(file) - offset || size > INT32_MAX)
        return error_set(err, BP_BAD_FORMAT, "the Arrow data are damaged: metadata of %llu bytes at byte %llu reach past the end",
                         (unsigned long long)size, (unsigned long long)offset);
    if ((status = make_room(reader, (size_t)size, err))) return status;
    reader->bytes = (flat_bytes){.data = (const uint8_t *)reader->metadata, .size = (size_t)size};
    return read_exactly(file, offset, reader->metadata, (size_t)size, err);
}

/* The size of the metadata at `offset`, and that of the prefix. A stream may end without saying so. */
static bp_status read_prefix(file *file, uint64_t offset, uint32_t *prefix_size, uint32_t *size, bool *end, bp_error *err)
{
    uint64_t left = file_size(file) > offset ? file_size(file) - offset : 0;
    uint32_t words[2] = {0};
    bp_status status;

    *end = left == 0;
    *prefix_size = *size = 0;
    if (*end) return BP_OK;
    if (left < 4) return damaged(offset, "is cut", err);
    if ((status = read_exactly(file, offset, words, left < 8 ? 4 : 8, err))) return status;
    if (words[0] == IPC_CONTINUATION && left < 8) return damaged(offset, "is cut", err);
    *prefix_size = words[0] == IPC_CONTINUATION ? 8 : 4; /* without the mark: before 0.15 */
    *size = words[0] == IPC_CONTINUATION ? words[1] : words[0];
    *end = *size == 0;
    return BP_OK;
}

bp_status ipc_reader_open(ipc_reader *reader, file *file, uint64_t offset, bool *end, bp_error *err)
{
    uint32_t prefix, size;
    bp_status status = read_prefix(file, offset, &prefix, &size, end, err);
    flat_table message;
    int64_t version, kind, body_size;

    if (status || *end) return status;
    reader->offset = offset;
    if ((status = ipc_reader_load(reader, file, offset + prefix, size, err))) return status;
    message = flat_root(&reader->bytes);
    version = flat_integer(&message, MESSAGE_VERSION, 2, 0);
    kind = flat_integer(&message, MESSAGE_HEADER_TYPE, 1, 0);
    body_size = flat_integer(&message, MESSAGE_BODY_SIZE, 8, 0);
    reader->header = flat_child(&message, MESSAGE_HEADER);
    if (reader->bytes.broken || reader->header.at == 0) return damaged(offset, "has metadata that are none", err);
    if (version != IPC_VERSION_4 && version != IPC_VERSION_5)
        return error_set(err, BP_NOT_SUPPORTED,
                         "the Arrow data are of metadata version %lld; versions 4 and 5 (since Arrow 0.8) are read",
                         (long long)version + 1);
    if (kind < IPC_SCHEMA || kind > IPC_BATCH)
        return error_set(err, BP_NOT_SUPPORTED, "the Arrow data hold a tensor (message kind %lld), not a table", (long long)kind);
    reader->kind = (ipc_message)kind;
    reader->body = offset + prefix + size;
    if (body_size < 0 || (uint64_t)body_size > file_size(file) - reader->body)
        return damaged(offset, "has a body that is cut", err);
    reader->body_size = (uint64_t)body_size;
    reader->end = reader->body + reader->body_size;
    return BP_OK;
}
