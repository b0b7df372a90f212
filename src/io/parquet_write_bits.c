/* Streams of packed numbers: what parquet_bits.c reads.
 *
 * Runs: a run of eight or more equal values is one varint and the value; what lies between is packed, in groups of eight, under one varint a stretch. A stretch
 * that is not the last must have whole groups, so a run gives some of its values to the stretch before it. */
#include "parquet_write_internal.h"

#define RUN_LEAST 8

static void put_varint(builder *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) builder_byte(out, (char)(value | 0x80));
    builder_byte(out, (char)value);
}

/* Groups of eight values of up to 64 bits; the last one is filled with zeros. */
#define PACK(name, type)                                                                                                           \
    static void name(builder *out, const type *values, size_t count, unsigned width)                                               \
    {                                                                                                                              \
        size_t size = (count + 7) / 8 * width;                                                                                     \
        unsigned filled = 0;                                                                                                       \
        uint64_t word = 0;                                                                                                         \
        char *to;                                                                                                                  \
        if (!builder_reserve(out, size + 8)) return;                                                                               \
        to = out->data + out->size;                                                                                                \
        for (size_t i = 0; i < count; i++) {                                                                                       \
            word |= (uint64_t)values[i] << filled;                                                                                 \
            filled += width;                                                                                                       \
            if (filled < 64) continue;                                                                                             \
            memcpy(to, &word, 8);                                                                                                  \
            to += 8;                                                                                                               \
            filled -= 64;                                                                                                          \
            word = filled ? (uint64_t)values[i] >> (width - filled) : 0;                                                           \
        }                                                                                                                          \
        for (size_t left = size - (size_t)(to - (out->data + out->size)); left > 0;) {                                             \
            size_t part = left < 8 ? left : 8;                                                                                     \
            memcpy(to, &word, part);                                                                                               \
            to += part;                                                                                                            \
            left -= part;                                                                                                          \
            word = 0;                                                                                                              \
        }                                                                                                                          \
        out->size += size;                                                                                                         \
    }
PACK(pack_32, uint32_t)
PACK(pack_8, uint8_t)
PACK(pack_64, uint64_t)

void parquet_put_run(builder *out, uint32_t value, size_t count, unsigned width)
{
    put_varint(out, (uint64_t)count << 1);
    builder_append(out, &value, (width + 7) / 8);
}

/* A stretch and, behind it, a run: the end of the values at the latest. */
#define RUNS(name, type, pack)                                                                                                     \
    void name(builder *out, const type *values, size_t count, unsigned width)                                                      \
    {                                                                                                                              \
        size_t begin = 0, at = 0;                                                                                                  \
        while (at < count) {                                                                                                       \
            size_t same = at + 1;                                                                                                  \
            while (same < count && values[same] == values[at]) same++;                                                             \
            if (same - at >= RUN_LEAST) {                                                                                          \
                size_t given = (8 - (at - begin) % 8) % 8;                                                                         \
                if (same - at - given >= RUN_LEAST) {                                                                              \
                    at += given;                                                                                                   \
                    if (at > begin) {                                                                                              \
                        put_varint(out, (uint64_t)(at - begin) / 8 << 1 | 1);                                                      \
                        pack(out, values + begin, at - begin, width);                                                              \
                    }                                                                                                              \
                    parquet_put_run(out, (uint32_t)values[at], same - at, width);                                                  \
                    begin = same;                                                                                                  \
                }                                                                                                                  \
            }                                                                                                                      \
            at = same;                                                                                                             \
        }                                                                                                                          \
        if (count > begin) {                                                                                                       \
            put_varint(out, (uint64_t)(count - begin + 7) / 8 << 1 | 1);                                                           \
            pack(out, values + begin, count - begin, width);                                                                       \
        }                                                                                                                          \
    }
RUNS(parquet_put_runs, uint32_t, pack_32)
RUNS(parquet_put_byte_runs, uint8_t, pack_8)

/* Differences -------------------------------------------------------------------------------------------------------------------------- */
#define BLOCK 128
#define MINIBLOCKS 4
#define MINIBLOCK (BLOCK / MINIBLOCKS)

static void put_zigzag(builder *out, int64_t value)
{
    put_varint(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static BP_WRAPS int64_t difference(const void *values, size_t width, size_t at)
{
    if (width == 4) {
        const uint32_t *in = values;
        return (int32_t)(in[at] - in[at - 1]);
    }
    return (int64_t)(((const uint64_t *)values)[at] - ((const uint64_t *)values)[at - 1]);
}

/* Up to BLOCK differences from the one before value `at` on. */
static BP_WRAPS void put_block(builder *out, const void *values, size_t width, size_t at, size_t count)
{
    int64_t least = difference(values, width, at);
    uint64_t offsets[BLOCK] = {0};
    uint8_t widths[MINIBLOCKS] = {0};

    for (size_t i = 1; i < count; i++) {
        int64_t step = difference(values, width, at + i);
        least = step < least ? step : least;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t offset = (uint64_t)difference(values, width, at + i) - (uint64_t)least;
        if (width == 4) offset = (uint32_t)offset;
        offsets[i] = offset;
    }
    for (size_t i = 0; i < MINIBLOCKS; i++) {
        uint64_t all = 0;
        for (size_t j = 0; j < MINIBLOCK; j++) all |= offsets[i * MINIBLOCK + j];
        widths[i] = all ? (uint8_t)(64 - __builtin_clzll(all)) : 0;
    }
    put_zigzag(out, least);
    builder_append(out, widths, sizeof widths);
    for (size_t i = 0; i * MINIBLOCK < count; i++) pack_64(out, offsets + i * MINIBLOCK, MINIBLOCK, widths[i]);
}

void parquet_put_delta(builder *out, const void *values, size_t width, size_t count)
{
    put_varint(out, BLOCK);
    put_varint(out, MINIBLOCKS);
    put_varint(out, count);
    put_zigzag(out, count == 0 ? 0 : width == 4 ? *(const int32_t *)values : *(const int64_t *)values);
    for (size_t at = 1; at < count; at += BLOCK) put_block(out, values, width, at, count - at < BLOCK ? count - at : BLOCK);
}
