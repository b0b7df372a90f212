/* 16 bytes of each stream, as one row of bytes, are shuffled like a deck of cards, the first half into the second: each round moves the highest bit of a
 * byte's place to the lowest, so after one round for each bit of the stream's number that number, which was high, is low. */
#include <immintrin.h>

#include "io/parquet_streams.h"

static ALWAYS_INLINE void join_group(const uint8_t *in, size_t stride, unsigned width, uint8_t *out)
{
    __m128i deck[16], next[16];

    for (unsigned i = 0; i < width; i++) deck[i] = _mm_loadu_si128((const __m128i *)(const void *)(in + i * stride));
    for (unsigned round = 1; round < width; round *= 2) {
        for (unsigned i = 0; i < width / 2; i++) {
            next[2 * i] = _mm_unpacklo_epi8(deck[i], deck[i + width / 2]);
            next[2 * i + 1] = _mm_unpackhi_epi8(deck[i], deck[i + width / 2]);
        }
        for (unsigned i = 0; i < width; i++) deck[i] = next[i];
    }
    for (unsigned i = 0; i < width; i++) _mm_storeu_si128((__m128i *)(void *)(out + i * 16), deck[i]);
}

#define JOIN(bytes)                                                                                                                \
    case bytes:                                                                                                                    \
        for (size_t group = 0; group < groups; group++, in += 16, out += 16 * bytes) join_group(in, stride, bytes, out);           \
        break

void parquet_streams_join_avx2(const uint8_t *in, size_t stride, size_t width, uint8_t *out, size_t groups)
{
    switch (width) {
        JOIN(2);
        JOIN(4);
        JOIN(8);
        JOIN(16);
    default: break;
    }
}
