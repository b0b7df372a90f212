/* Copying in LZ77 decoders: 16 bytes at a time, which may write up to 15 bytes past the end; the caller has seen that there is room. */
#ifndef IO_CODEC_COPY_H
#define IO_CODEC_COPY_H

#include <string.h>

#include "base/macros.h"

static ALWAYS_INLINE void copy_wide(uint8_t *to, const uint8_t *from, size_t size)
{
    size_t done = 0;

    do {
        memcpy(to + done, from + done, 16);
        done += 16;
    } while (done < size);
}

/* `size` bytes from `offset` bytes back, which may overlap what is written: then the bytes between repeat. May write up to 15 bytes past the end. */
static ALWAYS_INLINE void copy_match(uint8_t *to, size_t offset, size_t size)
{
    static const uint8_t steps[] = {0, 8, 8, 6, 8, 5, 6, 7}; /* whole periods in eight bytes */
    const uint8_t *from = to - offset;
    uint64_t word;

    if (LIKELY(offset >= 16)) {
        copy_wide(to, from, size);
        return;
    }
    if (offset >= 8) { /* eight at a time never reads what is not yet written */
        for (size_t done = 0; done < size; done += 8) memcpy(to + done, from + done, 8);
        return;
    }
    word = 0;
    for (size_t i = 0; i < offset; i++) word |= (uint64_t)from[i] << (8 * i);
    for (size_t bytes = offset; bytes < 8; bytes *= 2) word |= word << (8 * bytes);
    for (size_t done = 0; done < size; done += steps[offset]) memcpy(to + done, &word, 8);
}

#endif
