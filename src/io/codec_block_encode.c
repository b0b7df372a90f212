/* Blocks through the libraries, compressing; see codec_block.c about allocators. */
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_createCCtx_advanced: an encoder with an allocator of ours */
#include <libdeflate.h>
#include <zstd.h>

#include "codec_block.h"
#include "codec_internal.h"

#define DEFLATE_STATE ((size_t)1 << 20)
#define DEFLATE_LEVEL 6
#define BLOCK_MOST ((size_t)INT32_MAX)

struct block_encoder {
    memory *memory;
    block_codec codec;
    ZSTD_CCtx *zstd;
    struct libdeflate_compressor *deflate;
    uint32_t *table;
};

bool block_codec_encodes(block_codec codec)
{
    return codec != BLOCK_BROTLI && codec != BLOCK_LZ4_HADOOP;
}

static bp_status open_zstd(block_encoder *encoder, int level, bp_error *err)
{
    encoder->zstd = ZSTD_createCCtx_advanced((ZSTD_customMem){codec_allocate_sized, codec_free_sized, encoder->memory});
    if (!encoder->zstd) return error_no_memory(err, encoder->memory, (size_t)1 << 17);
    if (ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, level)))
        return error_set(err, BP_BAD_ARGUMENT, "zstd has no level %d", level);
    return BP_OK;
}

static bp_status open_deflate(block_encoder *encoder, bp_error *err)
{
    if (!memory_charge(encoder->memory, DEFLATE_STATE)) return error_no_memory(err, encoder->memory, DEFLATE_STATE);
    encoder->deflate = libdeflate_alloc_compressor(DEFLATE_LEVEL);
    if (encoder->deflate) return BP_OK;
    memory_discharge(encoder->memory, DEFLATE_STATE);
    return error_no_memory(err, encoder->memory, DEFLATE_STATE);
}

bp_status block_encoder_new(block_encoder **out, memory *memory, block_codec codec, int level, bp_error *err)
{
    block_encoder *encoder = memory_new(memory, block_encoder);
    bp_status status = BP_OK;

    *out = NULL;
    if (!encoder) return error_no_memory(err, memory, sizeof *encoder);
    *encoder = (block_encoder){.memory = memory, .codec = codec};
    switch (codec) {
    case BLOCK_ZSTD: status = open_zstd(encoder, level, err); break;
    case BLOCK_GZIP: status = open_deflate(encoder, err); break;
    case BLOCK_SNAPPY:
    case BLOCK_LZ4:
        encoder->table = memory_allocate(memory, LZ77_TABLE_SIZE * sizeof *encoder->table);
        if (!encoder->table) status = error_no_memory(err, memory, LZ77_TABLE_SIZE * sizeof *encoder->table);
        break;
    case BLOCK_NONE: break;
    case BLOCK_BROTLI:
    case BLOCK_LZ4_HADOOP:
    case BLOCK_LZ4_FRAME: /* codec_lz4_encode.c makes these */
        status = error_set(err, BP_NOT_SUPPORTED, "this version does not compress with %s", block_codec_name(codec));
        break;
    }
    if (status)
        block_encoder_free(encoder);
    else
        *out = encoder;
    return status;
}

void block_encoder_free(block_encoder *encoder)
{
    if (!encoder) return;
    if (encoder->zstd) ZSTD_freeCCtx(encoder->zstd);
    if (encoder->deflate) {
        libdeflate_free_compressor(encoder->deflate);
        memory_discharge(encoder->memory, DEFLATE_STATE);
    }
    if (encoder->table) memory_free(encoder->memory, encoder->table, LZ77_TABLE_SIZE * sizeof *encoder->table);
    memory_delete(encoder->memory, encoder);
}

static size_t bound_of(const block_encoder *encoder, size_t size)
{
    switch (encoder->codec) {
    case BLOCK_ZSTD: return ZSTD_compressBound(size);
    case BLOCK_GZIP: return libdeflate_gzip_compress_bound(encoder->deflate, size);
    case BLOCK_SNAPPY: return snappy_bound(size);
    case BLOCK_LZ4: return lz4_bound(size);
    default: return size;
    }
}

bp_status block_encode(block_encoder *encoder, const char *bytes, size_t size, builder *out, bp_error *err)
{
    size_t bound, made = 0;
    char *to;

    if (size > BLOCK_MOST)
        return error_set(err, BP_LIMIT, "a block of %zu bytes is too large to be compressed; the most is %zu", size, BLOCK_MOST);
    bound = bound_of(encoder, size);
    if (!builder_reserve(out, bound)) return builder_status(out, err);
    to = out->data + out->size;
    switch (encoder->codec) {
    case BLOCK_ZSTD:
        made = ZSTD_compress2(encoder->zstd, to, bound, bytes, size);
        if (ZSTD_isError(made)) return error_no_memory(err, encoder->memory, bound); /* the room is enough: nothing else can fail */
        break;
    case BLOCK_GZIP:
        made = libdeflate_gzip_compress(encoder->deflate, bytes, size, to, bound);
        if (made == 0) return ERROR_INTERNAL(err, "libdeflate finds the room too small");
        break;
    case BLOCK_SNAPPY: made = snappy_encode((const uint8_t *)bytes, size, (uint8_t *)to, encoder->table); break;
    case BLOCK_LZ4: made = lz4_encode((const uint8_t *)bytes, size, (uint8_t *)to, encoder->table); break;
    default:
        if (size) memcpy(to, bytes, size);
        made = size;
    }
    out->size += made;
    return BP_OK;
}
