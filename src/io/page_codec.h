/* Pages of temporary files: compressed fast, for a moment, by the same process that reads them back. zstd at its lowest level (measured on key rows and
 * texts: about 0.6 GB/s in, 1.5 GB/s out, a third of the size); what does not get smaller by an eighth is stored as it is. */
#ifndef IO_PAGE_CODEC_H
#define IO_PAGE_CODEC_H

#include "base/bytes.h"

typedef struct page_codec page_codec;

/* Makes what packing and unpacking need at once, so that neither fails for memory when it has become scarce; for one thread at a time. */
MUST_USE bp_status page_codec_new(page_codec **out, memory *memory, bp_error *err);
void page_codec_free(page_codec *codec); /* NULL is fine */

/* The page packed into `out`, which has room for `capacity` bytes; *packed 0: it does not fit into them. */
MUST_USE bp_status page_pack(page_codec *codec, const void *page, size_t size, char *out, size_t capacity, size_t *packed,
                             bp_error *err);
/* Exactly `size` bytes. BP_BAD_FORMAT: damaged. */
MUST_USE bp_status page_unpack(page_codec *codec, const char *packed, size_t packed_size, void *page, size_t size, bp_error *err);

#endif
