/* Compressed bytes, in streams: gzip (several members too) and zstd (several frames too). What the libraries allocate is charged to the
 * account. The caller owns input and output; a decoder reads on wherever the input is cut. */
#ifndef IO_CODEC_H
#define IO_CODEC_H

#include "base/bytes.h"

typedef enum codec_kind { CODEC_NONE, CODEC_GZIP, CODEC_ZSTD } codec_kind;

/* By the first bytes of a file; by the ending of its name (.gz, .gzip, .zst, .zstd). */
codec_kind codec_of_bytes(const void *bytes, size_t size);
codec_kind codec_of_path(string_view path);
const char *codec_name(codec_kind kind);

typedef struct codec_decoder codec_decoder;

MUST_USE bp_status codec_decoder_new(codec_decoder **out, memory *memory, codec_kind kind, bp_error *err);
void codec_decoder_free(codec_decoder *decoder); /* NULL is fine */
/* Take bytes from `in` (moved forward) and put up to `capacity` into `out`. *written 0 with bytes left in `in` happens only where a frame
 * ends: call again. */
MUST_USE bp_status codec_decode(codec_decoder *decoder, cursor *in, char *out, size_t capacity, size_t *written, bp_error *err);
/* At the end of the input: an error when it ends within a frame. */
MUST_USE bp_status codec_decoder_finish(codec_decoder *decoder, bp_error *err);

typedef struct codec_encoder codec_encoder;

/* level 0: the codec's usual. */
MUST_USE bp_status codec_encoder_new(codec_encoder **out, memory *memory, codec_kind kind, int level, bp_error *err);
void codec_encoder_free(codec_encoder *encoder); /* NULL is fine */
/* Compress `size` bytes; what is ready is appended to `out`. `finish`: end the stream. */
MUST_USE bp_status codec_encode(codec_encoder *encoder, const char *bytes, size_t size, bool finish, builder *out, bp_error *err);

#endif
