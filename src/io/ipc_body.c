/* The body of a message: nodes and buffers of an exported array, in the order of the schema's fields, parents first. Buffers are written where they lie; packed ones
 * lie in builders of their own. Each begins at a multiple of 64 bytes of the body. */
#include "base/threads.h"
#include "codec.h"
#include "codec_lz4.h"
#include "ipc_internal.h"

#define ALIGNMENT 64
#define PACK_LEAST 64 /* smaller buffers are written as they are */
#define PARALLEL_LEAST ((uint64_t)1 << 18) /* bytes to pack that are worth waking threads */

typedef struct piece {
    const void *data;
    uint64_t size;
    builder packed; /* what is written instead, when it is not empty */
} piece;

/* What one worker packs with. */
typedef struct packer {
    codec_encoder *encoder; /* of zstd; made at first use */
    builder scratch; /* encoders want more room than what comes out */
} packer;

struct ipc_body {
    bp_context *context;
    ipc_compression compression;
    packer *packers;
    size_t worker_count;
    int level;
    int64_t rows;
    int64_t *nodes; /* length and NULLs of each */
    size_t node_count, node_capacity;
    piece *pieces;
    size_t piece_count, piece_capacity;
    uint64_t size;
};

bp_status ipc_body_new(ipc_body **out, bp_context *context, ipc_compression compression, int level, bp_error *err)
{
    ipc_body *body = memory_new(context->memory, ipc_body);

    *out = NULL;
    if (!body) return error_no_memory(err, context->memory, sizeof *body);
    *body = (ipc_body){.context = context, .compression = compression, .level = level};
    body->worker_count = parallel_workers(context, SIZE_MAX);
    body->packers = memory_allocate_array(context->memory, body->worker_count, sizeof(packer));
    if (!body->packers) {
        ipc_body_free(body);
        return error_no_memory(err, context->memory, sizeof(packer));
    }
    for (size_t i = 0; i < body->worker_count; i++) builder_init(&body->packers[i].scratch, context->memory, SIZE_MAX);
    *out = body;
    return BP_OK;
}

void ipc_body_free(ipc_body *body)
{
    memory *memory = body ? body->context->memory : NULL;

    if (!body) return;
    for (size_t i = 0; body->packers && i < body->worker_count; i++) {
        codec_encoder_free(body->packers[i].encoder);
        builder_clear(&body->packers[i].scratch);
    }
    memory_free(memory, body->packers, body->worker_count * sizeof(packer));
    for (size_t i = 0; i < body->piece_capacity; i++) builder_clear(&body->pieces[i].packed);
    memory_free(memory, body->pieces, body->piece_capacity * sizeof(piece));
    memory_free(memory, body->nodes, body->node_capacity * NODE_SIZE);
    memory_delete(memory, body);
}

/* Gathering ------------------------------------------------------------------------------------------------------------------------------- */
static bp_status add_node(ipc_body *body, const struct ArrowArray *array, bp_error *err)
{
    memory *memory = body->context->memory;

    if (body->node_count == body->node_capacity) {
        size_t wanted = 2 * body->node_capacity + 16;
        int64_t *larger = memory_resize(memory, body->nodes, body->node_capacity * NODE_SIZE, wanted * NODE_SIZE);
        if (!larger) return error_no_memory(err, memory, wanted * NODE_SIZE);
        body->nodes = larger;
        body->node_capacity = wanted;
    }
    body->nodes[2 * body->node_count] = array->length;
    body->nodes[2 * body->node_count + 1] = array->null_count;
    body->node_count++;
    return BP_OK;
}

static bp_status add_piece(ipc_body *body, const void *data, uint64_t size, bp_error *err)
{
    memory *memory = body->context->memory;
    piece *piece;

    if (body->piece_count == body->piece_capacity) {
        size_t wanted = 2 * body->piece_capacity + 16;
        struct piece *larger = memory_resize(memory, body->pieces, body->piece_capacity * sizeof *larger, wanted * sizeof *larger);
        if (!larger) return error_no_memory(err, memory, wanted * sizeof *larger);
        for (size_t i = body->piece_capacity; i < wanted; i++) builder_init(&larger[i].packed, memory, SIZE_MAX);
        body->pieces = larger;
        body->piece_capacity = wanted;
    }
    piece = &body->pieces[body->piece_count++];
    piece->data = data;
    piece->size = data ? size : 0;
    builder_reset(&piece->packed);
    return BP_OK;
}

/* Buffers behind the validity. */
static bp_status add_values(ipc_body *body, const arrow_format *format, const struct ArrowArray *array, bp_error *err)
{
    uint64_t rows = (uint64_t)array->length, offsets = (rows + 1) * format->width;
    bp_status status;

    switch (format->layout) {
    case LAYOUT_NULL:
    case LAYOUT_STRUCT:
    case LAYOUT_FIXED_LIST: return BP_OK;
    case LAYOUT_BITS: return add_piece(body, array->buffers[1], (rows + 7) / 8, err);
    case LAYOUT_LIST: return add_piece(body, array->buffers[1], offsets, err);
    case LAYOUT_TEXT: /* of 32 bits, as all that is exported */
        if ((status = add_piece(body, array->buffers[1], offsets, err))) return status;
        return add_piece(body, array->buffers[2], (uint64_t)((const int32_t *)array->buffers[1])[rows], err);
    default: return add_piece(body, array->buffers[1], rows * format->width, err);
    }
}

static bp_status add_array(ipc_body *body, const arrow_format *format, const struct ArrowArray *array, bp_error *err)
{
    bool has_nulls = array->n_buffers && array->null_count;
    bp_status status = add_node(body, array, err);

    if (!status && format->layout != LAYOUT_NULL)
        status = add_piece(body, has_nulls ? array->buffers[0] : NULL, ((uint64_t)array->length + 7) / 8, err);
    if (!status) status = add_values(body, format, array, err);
    for (size_t i = 0; i < (size_t)array->n_children && !status; i++)
        status = add_array(body, &format->children[i], array->children[i], err);
    return status;
}

/* Packing --------------------------------------------------------------------------------------------------------------------------------- */
static bp_status encode(ipc_body *body, packer *packer, const piece *piece, bp_error *err)
{
    bp_status status;

    builder_reset(&packer->scratch);
    if (body->compression == IPC_LZ4) return lz4_frame_encode(&packer->scratch, piece->data, piece->size, err);
    if (!packer->encoder && (status = codec_encoder_new(&packer->encoder, body->context->memory, CODEC_ZSTD, body->level, err)))
        return status;
    return codec_encode(packer->encoder, piece->data, piece->size, true, &packer->scratch, err);
}

/* An int64 of the size in full and a frame, or -1 and the bytes as they are when that is no smaller. */
static bp_status pack(void *data, size_t worker, uint64_t index, bp_error *err)
{
    ipc_body *body = data;
    piece *piece = &body->pieces[index];
    packer *packer = &body->packers[worker];
    string_view bytes = {piece->data, piece->size};
    int64_t full_size = -1;
    bp_status status;

    if (piece->size == 0) return BP_OK;
    if (piece->size >= PACK_LEAST) {
        if ((status = encode(body, packer, piece, err))) return status;
        if (packer->scratch.size < piece->size) {
            bytes = builder_view(&packer->scratch);
            full_size = (int64_t)piece->size;
        }
    }
    builder_reserve(&piece->packed, 8 + bytes.size);
    builder_append(&piece->packed, &full_size, 8);
    builder_text(&piece->packed, bytes);
    return builder_status(&piece->packed, err);
}

static bp_status pack_all(ipc_body *body, bp_error *err)
{
    uint64_t bytes = 0;
    bp_status status = BP_OK;

    for (size_t i = 0; i < body->piece_count; i++) bytes += body->pieces[i].size;
    if (bytes >= PARALLEL_LEAST) return parallel_for(body->context, body->piece_count, pack, body, err);
    for (size_t i = 0; i < body->piece_count && !status; i++) status = pack(body, 0, i, err);
    return status;
}

static string_view bytes_of(const piece *piece)
{
    return piece->packed.size ? builder_view(&piece->packed) : (string_view){piece->data, piece->size};
}

static uint64_t padded(uint64_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

bp_status ipc_body_take(ipc_body *body, const arrow_format *format, const struct ArrowArray *array, bool is_root, bp_error *err)
{
    bp_status status = BP_OK;

    body->node_count = body->piece_count = body->size = 0;
    body->rows = array->length;
    if (!is_root) status = add_array(body, format, array, err);
    for (size_t i = 0; is_root && i < (size_t)array->n_children && !status; i++)
        status = add_array(body, &format->children[i], array->children[i], err);
    if (!status && body->compression != IPC_UNCOMPRESSED) status = pack_all(body, err);
    for (size_t i = 0; i < body->piece_count && !status; i++) body->size += padded(bytes_of(&body->pieces[i]).size);
    return status;
}

/* Out ------------------------------------------------------------------------------------------------------------------------------------ */
uint64_t ipc_body_size(const ipc_body *body)
{
    return body->size;
}

size_t ipc_body_describe(const ipc_body *body, builder *out)
{
    bool packed = body->compression != IPC_UNCOMPRESSED;
    flat_field fields[] = {{BATCH_LENGTH, 8, body->rows}, {BATCH_NODES, 0, 0}, {BATCH_BUFFERS, 0, 0}, {BATCH_COMPRESSION, 0, 0}};
    flat_field codec[] = {{COMPRESSION_CODEC, 1, body->compression == IPC_ZSTD}, {COMPRESSION_METHOD, 1, 0}};
    size_t table = flat_write_table(out, fields, packed ? 4 : 3), vector = flat_write_vector(out, body->node_count, NODE_SIZE);
    uint64_t at = 0;

    flat_link(out, table, BATCH_NODES, vector);
    for (size_t i = 0; i < 2 * body->node_count; i++) flat_put_element(out, vector, i, 8, 0, 8, body->nodes[i]);
    vector = flat_write_vector(out, body->piece_count, BUFFER_SIZE);
    flat_link(out, table, BATCH_BUFFERS, vector);
    for (size_t i = 0; i < body->piece_count; i++) {
        uint64_t size = bytes_of(&body->pieces[i]).size;
        flat_put_element(out, vector, i, BUFFER_SIZE, 0, 8, (int64_t)at);
        flat_put_element(out, vector, i, BUFFER_SIZE, 8, 8, (int64_t)size);
        at += padded(size);
    }
    if (packed) flat_link(out, table, BATCH_COMPRESSION, flat_write_table(out, codec, ARRAY_LENGTH(codec)));
    return table;
}

bp_status ipc_body_write(const ipc_body *body, byte_sink sink, bp_error *err)
{
    static const char zeros[ALIGNMENT] = {0};
    bp_status status = BP_OK;

    for (size_t i = 0; i < body->piece_count && !status; i++) {
        string_view bytes = bytes_of(&body->pieces[i]);
        size_t rest = (size_t)(padded(bytes.size) - bytes.size);
        if (bytes.size) status = sink.write(sink.data, bytes.data, bytes.size, err);
        if (!status && rest) status = sink.write(sink.data, zeros, rest, err);
    }
    return status;
}
