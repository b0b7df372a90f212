/* Pages of temporary files: compressed fast, for a moment, by the same process that reads them back. zstd without entropy coding of literals (level -5). A
 * join of 6.4 million rows under 64 MB, processor time and bytes written, by level: 1 10.1 s, 247 MB; -1 9.1 s, 291 MB; -5 7.4 s, 490 MB; -20 6.5 s, 831 MB.
 * What does not get smaller by an eighth is stored as it is. */
#ifndef IO_PAGE_CODEC_H
#define IO_PAGE_CODEC_H

#include "base/bytes.h"

typedef struct page_codec page_codec;

/* Makes what packing and unpacking need at once, so that a page that was packed can be unpacked; for one thread at a time. */
MUST_USE bp_status page_codec_new(page_codec **out, memory *memory, bp_error *err);
void page_codec_free(page_codec *codec); /* NULL is fine */

/* The page packed into `out`, which has room for `capacity` bytes; *packed 0: it does not fit into them. */
MUST_USE bp_status page_pack(page_codec *codec, const void *page, size_t size, char *out, size_t capacity, size_t *packed,
                             bp_error *err);
/* Exactly `size` bytes. BP_BAD_FORMAT: damaged. */
MUST_USE bp_status page_unpack(page_codec *codec, const char *packed, size_t packed_size, void *page, size_t size, bp_error *err);

#endif
