/* Blocks through the libraries. zstd and brotli take our allocator; libdeflate 1.14 has one for the whole process only, so its state of
 * a fixed size is charged to the account instead. */
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_createDCtx_advanced: a decoder with an allocator of ours */
#include "codec_block.h"

#include <brotli/decode.h>
#include <libdeflate.h>
#include <zstd.h>

#include "codec_internal.h"

#define DEFLATE_STATE ((size_t)16 << 10)

struct block_decoder {
    memory *memory;
    ZSTD_DCtx *zstd;
    struct libdeflate_decompressor *deflate;
};

const char *block_codec_name(block_codec codec)
{
    static const char *const names[] = {"uncompressed", "Snappy", "gzip", "Brotli", "zstd", "LZ4", "LZ4 (Hadoop)", "LZ4 frame"};

    return names[codec];
}

bp_status block_decoder_new(block_decoder **out, memory *memory, bp_error *err)
{
    *out = memory_new(memory, block_decoder);
    if (!*out) return error_no_memory(err, memory, sizeof **out);
    (*out)->memory = memory;
    return BP_OK;
}

void block_decoder_free(block_decoder *decoder)
{
    if (!decoder) return;
    if (decoder->zstd) ZSTD_freeDCtx(decoder->zstd);
    if (decoder->deflate) {
        libdeflate_free_decompressor(decoder->deflate);
        memory_discharge(decoder->memory, DEFLATE_STATE);
    }
    memory_delete(decoder->memory, decoder);
}

/* The most that a byte can stand for: Snappy 64 bytes for 3, LZ4 255 for 1, deflate 1032 for 1. A zstd block of 4 bytes can be 128 KiB, but most
 * frames tell their size. Brotli has no bound worth the name below 16 MiB a meta-block. */
bool block_size_possible(block_codec codec, const uint8_t *bytes, size_t size, uint64_t full_size)
{
    uint64_t told;

    switch (codec) {
    case BLOCK_NONE: return size == full_size;
    case BLOCK_SNAPPY: return snappy_full_size(bytes, size, &told) && told == full_size && full_size / 22 <= size;
    case BLOCK_LZ4:
    case BLOCK_LZ4_HADOOP:
    case BLOCK_LZ4_FRAME: return full_size / 256 <= size;
    case BLOCK_GZIP: return full_size / 1040 <= size;
    case BLOCK_ZSTD:
        told = ZSTD_getFrameContentSize(bytes, size);
        if (told == ZSTD_CONTENTSIZE_ERROR) return false;
        return (told == ZSTD_CONTENTSIZE_UNKNOWN || told <= full_size) && full_size / 43000 <= size;
    case BLOCK_BROTLI: return full_size / ((uint64_t)1 << 24) <= size;
    }
    return false;
}

static bp_status damaged(block_codec codec, bp_error *err)
{
    return error_set(err, BP_BAD_FORMAT, "the %s data are damaged", block_codec_name(codec));
}

static bp_status decode_zstd(block_decoder *decoder, const uint8_t *bytes, size_t size, char *out, size_t full_size, bp_error *err)
{
    size_t result;

    if (!decoder->zstd)
        decoder->zstd = ZSTD_createDCtx_advanced((ZSTD_customMem){codec_allocate_sized, codec_free_sized, decoder->memory});
    if (!decoder->zstd) return error_no_memory(err, decoder->memory, (size_t)1 << 17);
    result = ZSTD_decompressDCtx(decoder->zstd, out, full_size, bytes, size);
    if (ZSTD_isError(result)) return error_set(err, BP_BAD_FORMAT, "the zstd data are damaged: %s", ZSTD_getErrorName(result));
    return result == full_size ? BP_OK : damaged(BLOCK_ZSTD, err);
}

/* Members one after the other; some writers put zlib's header where gzip's is meant. */
static bp_status decode_gzip(block_decoder *decoder, const uint8_t *bytes, size_t size, char *out, size_t full_size, bp_error *err)
{
    size_t done = 0, at = 0;

    if (!decoder->deflate) {
        if (!memory_charge(decoder->memory, DEFLATE_STATE)) return error_no_memory(err, decoder->memory, DEFLATE_STATE);
        decoder->deflate = libdeflate_alloc_decompressor();
        if (!decoder->deflate) {
            memory_discharge(decoder->memory, DEFLATE_STATE);
            return error_no_memory(err, decoder->memory, DEFLATE_STATE);
        }
    }
    do {
        size_t taken, made;
        enum libdeflate_result result;
        if (size - at >= 2 && bytes[at] == 0x1f)
            result =
                libdeflate_gzip_decompress_ex(decoder->deflate, bytes + at, size - at, out + done, full_size - done, &taken, &made);
        else
            result =
                libdeflate_zlib_decompress_ex(decoder->deflate, bytes + at, size - at, out + done, full_size - done, &taken, &made);
        if (result != LIBDEFLATE_SUCCESS || taken == 0) return damaged(BLOCK_GZIP, err);
        at += taken;
        done += made;
    } while (done < full_size && at < size);
    return done == full_size ? BP_OK : damaged(BLOCK_GZIP, err);
}

static bp_status decode_brotli(block_decoder *decoder, const uint8_t *bytes, size_t size, char *out, size_t full_size,
                               bp_error *err)
{
    BrotliDecoderState *state = BrotliDecoderCreateInstance(codec_allocate_sized, codec_free_sized, decoder->memory);
    size_t room = full_size;
    uint8_t *to = (uint8_t *)out;
    BrotliDecoderResult result;
    bool no_memory;

    if (!state) return error_no_memory(err, decoder->memory, (size_t)1 << 15);
    result = BrotliDecoderDecompressStream(state, &size, &bytes, &room, &to, NULL);
    no_memory = result == BROTLI_DECODER_RESULT_ERROR &&
                BrotliDecoderGetErrorCode(state) <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                BrotliDecoderGetErrorCode(state) >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
    BrotliDecoderDestroyInstance(state);
    if (no_memory) return error_no_memory(err, decoder->memory, (size_t)1 << 24);
    return result == BROTLI_DECODER_RESULT_SUCCESS && room == 0 ? BP_OK : damaged(BLOCK_BROTLI, err);
}

bp_status block_decode(block_decoder *decoder, block_codec codec, const uint8_t *bytes, size_t size, char *out, size_t full_size,
                       bp_error *err)
{
    bool fine = false;

    switch (codec) {
    case BLOCK_NONE:
        fine = size == full_size;
        if (fine && size) memcpy(out, bytes, size);
        break;
    case BLOCK_SNAPPY: fine = snappy_decode(bytes, size, (uint8_t *)out, full_size); break;
    case BLOCK_LZ4: fine = lz4_decode(bytes, size, (uint8_t *)out, full_size); break;
    case BLOCK_LZ4_HADOOP:
        fine = lz4_hadoop_decode(bytes, size, (uint8_t *)out, full_size) || lz4_decode(bytes, size, (uint8_t *)out, full_size);
        break;
    case BLOCK_LZ4_FRAME: fine = lz4_frame_decode(bytes, size, (uint8_t *)out, full_size); break;
    case BLOCK_ZSTD: return decode_zstd(decoder, bytes, size, out, full_size, err);
    case BLOCK_GZIP: return decode_gzip(decoder, bytes, size, out, full_size, err);
    case BLOCK_BROTLI: return decode_brotli(decoder, bytes, size, out, full_size, err);
    }
    return fine ? BP_OK : damaged(codec, err);
}

uint32_t block_crc32(const uint8_t *bytes, size_t size)
{
    return libdeflate_crc32(0, bytes, size);
}
