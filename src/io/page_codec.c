/* One shot in each direction; libzstd takes our allocator. */
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_createCCtx_advanced: a state with an allocator of ours */
#include "page_codec.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "codec_internal.h"

#define LEVEL (-5)
#define STATE_SIZE ((size_t)1 << 20) /* about: for the message when there is no memory */

struct page_codec {
    memory *memory;
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
};

bp_status page_codec_new(page_codec **out, memory *memory, bp_error *err)
{
    ZSTD_customMem allocator = {codec_allocate_sized, codec_free_sized, memory};
    page_codec *made = memory_new(memory, page_codec);
    bp_status status = BP_OK;

    *out = NULL;
    if (!made) return error_no_memory(err, memory, sizeof *made);
    made->memory = memory;
    made->packer = ZSTD_createCCtx_advanced(allocator);
    made->unpacker = ZSTD_createDCtx_advanced(allocator);
    if (!made->packer || !made->unpacker || ZSTD_isError(ZSTD_CCtx_setParameter(made->packer, ZSTD_c_compressionLevel, LEVEL)))
        status = error_no_memory(err, memory, STATE_SIZE);
    if (status)
        page_codec_free(made);
    else
        *out = made;
    return status;
}

void page_codec_free(page_codec *codec)
{
    if (!codec) return;
    ZSTD_freeCCtx(codec->packer);
    ZSTD_freeDCtx(codec->unpacker);
    memory_delete(codec->memory, codec);
}

bp_status page_pack(page_codec *codec, const void *page, size_t size, char *out, size_t capacity, size_t *packed, bp_error *err)
{
    size_t result = ZSTD_compress2(codec->packer, out, capacity, page, size);

    *packed = 0;
    if (!ZSTD_isError(result)) {
        *packed = result;
        return BP_OK;
    }
    if (ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall) return BP_OK;
    if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) return error_no_memory(err, codec->memory, STATE_SIZE);
    return error_set(err, BP_INTERNAL, "zstd cannot compress a page: %s", ZSTD_getErrorName(result));
}

bp_status page_unpack(page_codec *codec, const char *packed, size_t packed_size, void *page, size_t size, bp_error *err)
{
    size_t result = ZSTD_decompressDCtx(codec->unpacker, page, size, packed, packed_size);

    if (!ZSTD_isError(result) && result == size) return BP_OK;
    if (ZSTD_isError(result) && ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
        return error_no_memory(err, codec->memory, STATE_SIZE);
    return error_set(err, BP_BAD_FORMAT, "a page of a temporary file is damaged");
}
