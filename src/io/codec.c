/* gzip through zlib and zstd through libzstd, as streams. Both libraries take our allocator: each block carries its size in front, since
 * their free functions do not tell it. */
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_createDStream_advanced: a decoder with an allocator of ours */
#include "io/codec.h"

#include "codec_internal.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define SIZE_HEADER 64 /* keeps the alignment */
#define ENCODE_PIECE ((size_t)1 << 16)
#define OFFERED_MOST ((size_t)256 << 10)

void *codec_allocate_sized(void *account, size_t size)
{
    char *block = size > SIZE_MAX - SIZE_HEADER ? NULL : memory_allocate(account, size + SIZE_HEADER);

    if (!block) return NULL;
    memcpy(block, &size, sizeof size);
    return block + SIZE_HEADER;
}

void codec_free_sized(void *account, void *pointer)
{
    char *block;
    size_t size;

    if (!pointer) return;
    block = (char *)pointer - SIZE_HEADER;
    memcpy(&size, block, sizeof size);
    memory_free(account, block, size + SIZE_HEADER);
}

static void *zlib_allocate(void *account, unsigned count, unsigned size)
{
    return codec_allocate_sized(account, (size_t)count * size);
}

codec_kind codec_of_bytes(const void *bytes, size_t size)
{
    const unsigned char *b = bytes;

    if (size >= 3 && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8) return CODEC_GZIP;
    if (size >= 4 && b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd) return CODEC_ZSTD;
    return CODEC_NONE;
}

codec_kind codec_of_path(string_view path)
{
    if (string_ends_with(path, STRING_VIEW(".gz")) || string_ends_with(path, STRING_VIEW(".gzip"))) return CODEC_GZIP;
    if (string_ends_with(path, STRING_VIEW(".zst")) || string_ends_with(path, STRING_VIEW(".zstd"))) return CODEC_ZSTD;
    return CODEC_NONE;
}

const char *codec_name(codec_kind kind)
{
    switch (kind) {
    case CODEC_GZIP: return "gzip";
    case CODEC_ZSTD: return "zstd";
    case CODEC_NONE: break;
    }
    return "none";
}

/* Decoding ------------------------------------------------------------------------------------------------------------------------- */
struct codec_decoder {
    memory *memory;
    codec_kind kind;
    z_stream gzip;
    bool gzip_ready;
    bool in_frame; /* a frame has begun and not ended */
    bool had_frame;
    ZSTD_DStream *zstd;
};

bp_status codec_decoder_new(codec_decoder **out, memory *memory, codec_kind kind, bp_error *err)
{
    codec_decoder *decoder = memory_new(memory, codec_decoder);
    bp_status status = BP_OK;

    *out = NULL;
    if (!decoder) return error_no_memory(err, memory, sizeof *decoder);
    decoder->memory = memory;
    decoder->kind = kind;
    if (kind == CODEC_GZIP) {
        decoder->gzip = (z_stream){.zalloc = zlib_allocate, .zfree = codec_free_sized, .opaque = memory};
        decoder->gzip_ready = inflateInit2(&decoder->gzip, 15 + 16) == Z_OK;
        if (!decoder->gzip_ready) status = error_no_memory(err, memory, 1 << 16);
    } else if (kind == CODEC_ZSTD) {
        decoder->zstd = ZSTD_createDStream_advanced((ZSTD_customMem){codec_allocate_sized, codec_free_sized, memory});
        if (!decoder->zstd) status = error_no_memory(err, memory, 1 << 17);
    }
    if (status)
        codec_decoder_free(decoder);
    else
        *out = decoder;
    return status;
}

void codec_decoder_free(codec_decoder *decoder)
{
    if (!decoder) return;
    if (decoder->gzip_ready) inflateEnd(&decoder->gzip);
    if (decoder->zstd) ZSTD_freeDStream(decoder->zstd);
    memory_delete(decoder->memory, decoder);
}

static bp_status decode_gzip(codec_decoder *decoder, cursor *in, char *out, size_t capacity, size_t *written, bp_error *err)
{
    z_stream *stream = &decoder->gzip;
    size_t offered = cursor_left(in) < UINT32_MAX / 2 ? cursor_left(in) : UINT32_MAX / 2;
    size_t room = capacity < UINT32_MAX / 2 ? capacity : UINT32_MAX / 2;
    int result;

    if (!decoder->in_frame) {
        if (decoder->had_frame && offered &&
            in->data[in->position] != 0x1f) { /* bytes behind the last member mean nothing, as for gzip(1) */
            in->position = in->size;
            return BP_OK;
        }
        if (inflateReset(stream) != Z_OK) return ERROR_INTERNAL(err, "inflateReset");
        decoder->in_frame = offered > 0;
    }
    stream->next_in = (Bytef *)(uintptr_t)(in->data + in->position);
    stream->avail_in = (uInt)offered;
    stream->next_out = (Bytef *)out;
    stream->avail_out = (uInt)room;
    result = inflate(stream, Z_NO_FLUSH);
    in->position += offered - stream->avail_in;
    *written = room - stream->avail_out;
    if (result == Z_STREAM_END) {
        decoder->in_frame = false;
        decoder->had_frame = true;
        return BP_OK;
    }
    if (result == Z_MEM_ERROR) return error_no_memory(err, decoder->memory, 1 << 16);
    if (result == Z_OK || result == Z_BUF_ERROR) return BP_OK;
    return error_set(err, BP_BAD_FORMAT, "the gzip data are damaged: %s", stream->msg ? stream->msg : "not a gzip stream");
}

static bp_status decode_zstd(codec_decoder *decoder, cursor *in, char *out, size_t capacity, size_t *written, bp_error *err)
{
    ZSTD_inBuffer input = {in->data + in->position, cursor_left(in), 0};
    ZSTD_outBuffer output = {out, capacity, 0};
    size_t result;

    if (!decoder->in_frame && input.size == 0) return BP_OK;
    result = ZSTD_decompressStream(decoder->zstd, &output, &input);
    in->position += input.pos;
    *written = output.pos;
    if (ZSTD_isError(result)) {
        if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
            return error_no_memory(err, decoder->memory, (size_t)1 << 20);
        return error_set(err, BP_BAD_FORMAT, "the zstd data are damaged: %s", ZSTD_getErrorName(result));
    }
    decoder->in_frame = result != 0;
    return BP_OK;
}

bp_status codec_decode(codec_decoder *decoder, cursor *in, char *out, size_t capacity, size_t *written, bp_error *err)
{
    *written = 0;
    if (decoder->kind == CODEC_GZIP) return decode_gzip(decoder, in, out, capacity, written, err);
    if (decoder->kind == CODEC_ZSTD) return decode_zstd(decoder, in, out, capacity, written, err);
    *written = cursor_left(in) < capacity ? cursor_left(in) : capacity;
    return cursor_copy(in, out, *written) ? BP_OK : ERROR_INTERNAL(err, "copying");
}

bp_status codec_decoder_finish(codec_decoder *decoder, bp_error *err)
{
    if (!decoder->in_frame) return BP_OK;
    return error_set(err, BP_BAD_FORMAT, "the %s data end too early: the file is cut", codec_name(decoder->kind));
}

/* Encoding ------------------------------------------------------------------------------------------------------------------------- */
struct codec_encoder {
    memory *memory;
    codec_kind kind;
    z_stream gzip;
    bool gzip_ready;
    ZSTD_CStream *zstd;
};

bp_status codec_encoder_new(codec_encoder **out, memory *memory, codec_kind kind, int level, bp_error *err)
{
    codec_encoder *encoder = memory_new(memory, codec_encoder);
    bp_status status = BP_OK;

    *out = NULL;
    if (!encoder) return error_no_memory(err, memory, sizeof *encoder);
    encoder->memory = memory;
    encoder->kind = kind;
    if (kind == CODEC_GZIP) {
        encoder->gzip = (z_stream){.zalloc = zlib_allocate, .zfree = codec_free_sized, .opaque = memory};
        encoder->gzip_ready = deflateInit2(&encoder->gzip, level ? level : 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
        if (!encoder->gzip_ready) status = error_no_memory(err, memory, 1 << 18);
    } else if (kind == CODEC_ZSTD) {
        encoder->zstd = ZSTD_createCStream_advanced((ZSTD_customMem){codec_allocate_sized, codec_free_sized, memory});
        if (!encoder->zstd || ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, level ? level : 3)))
            status = error_no_memory(err, memory, 1 << 18);
    }
    if (status)
        codec_encoder_free(encoder);
    else
        *out = encoder;
    return status;
}

void codec_encoder_free(codec_encoder *encoder)
{
    if (!encoder) return;
    if (encoder->gzip_ready) deflateEnd(&encoder->gzip);
    if (encoder->zstd) ZSTD_freeCStream(encoder->zstd);
    memory_delete(encoder->memory, encoder);
}

static bp_status encode_gzip(codec_encoder *encoder, const char *bytes, size_t size, bool finish, builder *out, bp_error *err)
{
    z_stream *stream = &encoder->gzip;
    int result;

    do {
        uInt offered =
            (uInt)(size < OFFERED_MOST ? size : OFFERED_MOST); /* a few milliseconds of work between two looks at cancel */
        if (!builder_goes_on(out) || !builder_reserve(out, ENCODE_PIECE)) return builder_status(out, err);
        stream->next_in = (Bytef *)(uintptr_t)bytes;
        stream->avail_in = offered;
        stream->next_out = (Bytef *)out->data + out->size;
        stream->avail_out = (uInt)ENCODE_PIECE;
        result = deflate(stream, finish && offered == size ? Z_FINISH : Z_NO_FLUSH);
        if (result == Z_STREAM_ERROR) return ERROR_INTERNAL(err, "deflate");
        out->size += ENCODE_PIECE - stream->avail_out;
        bytes += offered - stream->avail_in;
        size -= offered - stream->avail_in;
    } while (size || stream->avail_out == 0 || (finish && result != Z_STREAM_END));
    return BP_OK;
}

static bp_status encode_zstd(codec_encoder *encoder, const char *bytes, size_t size, bool finish, builder *out, bp_error *err)
{
    ZSTD_inBuffer input = {bytes, size, 0};
    size_t left;

    do {
        ZSTD_outBuffer output;
        if (!builder_goes_on(out) || !builder_reserve(out, ENCODE_PIECE)) return builder_status(out, err);
        output = (ZSTD_outBuffer){out->data + out->size, ENCODE_PIECE, 0};
        left = ZSTD_compressStream2(encoder->zstd, &output, &input, finish ? ZSTD_e_end : ZSTD_e_continue);
        out->size += output.pos;
        if (!ZSTD_isError(left)) continue;
        if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) return error_no_memory(err, encoder->memory, (size_t)1 << 20);
        return error_set(err, BP_INTERNAL, "zstd cannot compress: %s", ZSTD_getErrorName(left));
    } while (input.pos < input.size || (finish && left));
    return BP_OK;
}

bp_status codec_encode(codec_encoder *encoder, const char *bytes, size_t size, bool finish, builder *out, bp_error *err)
{
    if (encoder->kind == CODEC_GZIP) return encode_gzip(encoder, bytes, size, finish, out, err);
    if (encoder->kind == CODEC_ZSTD) return encode_zstd(encoder, bytes, size, finish, out, err);
    builder_append(out, bytes, size);
    return builder_status(out, err);
}
