/* LZ4 as bytes are packed with it: blocks, and the frames that Arrow IPC puts around them. */
#ifndef IO_CODEC_LZ4_H
#define IO_CODEC_LZ4_H

#include "base/bytes.h"

/* One frame of `size` bytes at the end of `out`: independent blocks, the size in full in its header, no check sums but the header's. */
MUST_USE bp_status lz4_frame_encode(builder *out, const uint8_t *bytes, size_t size, bp_error *err);

#endif
