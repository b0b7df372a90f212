/* Streams of bytes to values: a transposition. The plain loop is the reference, and serves widths that are no power of two. */
#include "parquet_streams.h"

#include "base/cpu.h"

static void join_plainly(const uint8_t *in, size_t stride, size_t width, uint8_t *out, size_t count)
{
    for (size_t stream = 0; stream < width; stream++, in += stride)
        for (size_t i = 0; i < count; i++) out[i * width + stream] = in[i];
}

void parquet_streams_join(const uint8_t *in, size_t stride, size_t width, uint8_t *out, size_t count)
{
    size_t done = 0;

#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
    if ((width == 2 || width == 4 || width == 8 || width == 16) && cpu_level() >= CPU_AVX2) {
        parquet_streams_join_avx2(in, stride, width, out, count / 16);
        done = count / 16 * 16;
    }
#endif
    join_plainly(in + done, stride, width, out + done * width, count - done);
}
