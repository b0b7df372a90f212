/* Each block decoder on any bytes and any claimed size: a block of exactly that size comes out, or an error, and nothing is written past the spare bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "io/codec_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())

static bp_context *context;
static block_decoder *decoder;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    block_codec codec;
    size_t full;
    char *out;

    if (size < 4 || size > 1 << 16) return 0;
    if (!context) {
        REQUIRE(bp_context_new(&context, NULL) == BP_OK);
        REQUIRE(block_decoder_new(&decoder, context->memory, NULL) == BP_OK);
    }
    codec = (block_codec)(data[0] % (BLOCK_LZ4_FRAME + 1));
    full = (size_t)data[1] | (size_t)data[2] << 8 | (size_t)(data[3] & 3) << 16;
    if (!block_size_possible(codec, data + 4, size - 4, full)) return 0;
    REQUIRE((out = malloc(full + BLOCK_SPARE)));
    (void)!block_decode(decoder, codec, data + 4, size - 4, out, full, NULL);
    free(out);
    return 0;
}
