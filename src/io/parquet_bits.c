/* The packed stream of small integers: RLE / bit-packing hybrid.
 *
 * Packed values lie little-endian, least significant bit first. A value of up to 32 bits that begins anywhere in a byte lies within eight
 * bytes, so one unaligned load, a shift and a mask fetch it; pages have eight spare bytes behind. */
#include "parquet_bits.h"

#include "base/cpu.h"
#include "parquet_internal.h"

/* RLE / bit-packing hybrid ------------------------------------------------------------------------------------------------------- */
void parquet_runs_init(parquet_runs *out, const uint8_t *bytes, size_t size, unsigned width)
{
    *out = (parquet_runs){.at = bytes, .end = bytes + size, .width = (uint8_t)width};
}

/* Begin the next run. A packed run may claim more than there are bytes (its last group is padded): it is cut to them. */
static bool next_run(parquet_runs *runs)
{
    uint64_t header, bytes = ((uint64_t)runs->width + 7) / 8, value = 0;

    if (!parquet_varint(&runs->at, runs->end, &header)) return false;
    runs->is_packed = header & 1;
    if (!runs->is_packed) {
        if ((uint64_t)(runs->end - runs->at) < bytes) return false;
        for (uint64_t i = 0; i < bytes; i++) value |= (uint64_t)runs->at[i] << (8 * i);
        runs->at += bytes;
        runs->value = (uint32_t)value;
        runs->left = header >> 1;
        return runs->width == 0 || runs->width == 32 || value < (uint64_t)1 << runs->width;
    }
    header >>= 1;
    if (header > UINT32_MAX) return false;
    runs->packed = runs->at;
    runs->packed_at = 0;
    runs->left = header * 8;
    bytes = header * runs->width;
    if (bytes > (uint64_t)(runs->end - runs->at)) {
        bytes = (uint64_t)(runs->end - runs->at);
        runs->left = bytes * 8 / runs->width;
    }
    runs->at += bytes;
    return true;
}

/* The width is a constant of each copy of this loop, so shifts and masks are too. */
#define UNPACK(bits)                                                                                                               \
    case bits:                                                                                                                     \
        for (; count >= 8; count -= 8, in += bits, out += 8)                                                                       \
            for (unsigned i = 0; i < 8; i++)                                                                                       \
                out[i] = (uint32_t)(parquet_load64(in + i * bits / 8) >> (i * bits % 8)) & (uint32_t)((UINT64_C(1) << bits) - 1);  \
        break

/* Whole groups of eight from the beginning of a byte. */
static void unpack_groups(const uint8_t *in, unsigned width, uint32_t *out, size_t count)
{
#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
    if (width && width <= PARQUET_UNPACK_MOST && count >= 32 && cpu_level() >= CPU_AVX2) {
        parquet_unpack_avx2(in, width, out, count / 8);
        return;
    }
#endif
    switch (width) {
        UNPACK(1);
        UNPACK(2);
        UNPACK(3);
        UNPACK(4);
        UNPACK(5);
        UNPACK(6);
        UNPACK(7);
        UNPACK(8);
        UNPACK(9);
        UNPACK(10);
        UNPACK(11);
        UNPACK(12);
        UNPACK(13);
        UNPACK(14);
        UNPACK(15);
        UNPACK(16);
        UNPACK(17);
        UNPACK(18);
        UNPACK(19);
        UNPACK(20);
    default: {
        uint64_t mask = (UINT64_C(1) << width) - 1;
        for (size_t i = 0; i < count; i++) out[i] = (uint32_t)(parquet_load64(in + i * width / 8) >> (i * width % 8) & mask);
    }
    }
}

static void unpack(const parquet_runs *runs, uint32_t *out, size_t count)
{
    unsigned width = runs->width;
    uint64_t at = runs->packed_at, mask = (UINT64_C(1) << width) - 1;
    size_t groups;

    for (; count && at % 8; at++, count--, out++)
        *out = (uint32_t)(parquet_load64(runs->packed + at * width / 8) >> (at * width % 8) & mask);
    groups = count & ~(size_t)7;
    if (groups) unpack_groups(runs->packed + at / 8 * width, width, out, groups);
    at += groups;
    for (size_t i = groups; i < count; i++, at++)
        out[i] = (uint32_t)(parquet_load64(runs->packed + at * width / 8) >> (at * width % 8) & mask);
}

bool parquet_runs_read(parquet_runs *runs, uint32_t *out, size_t count)
{
    while (count) {
        size_t part;
        if (runs->left == 0) {
            if (!next_run(runs)) return false;
            continue;
        }
        part = runs->left < count ? (size_t)runs->left : count;
        if (!runs->is_packed)
            for (size_t i = 0; i < part; i++) out[i] = runs->value;
        else
            unpack(runs, out, part);
        runs->packed_at += part;
        runs->left -= part;
        out += part;
        count -= part;
    }
    return true;
}

bool parquet_runs_skip(parquet_runs *runs, size_t count)
{
    while (count) {
        size_t part;
        if (runs->left == 0) {
            if (!next_run(runs)) return false;
            continue;
        }
        part = runs->left < count ? (size_t)runs->left : count;
        runs->packed_at += part;
        runs->left -= part;
        count -= part;
    }
    return true;
}

bool parquet_runs_read_bytes(parquet_runs *runs, uint8_t *out, size_t count)
{
    while (count) {
        size_t part;
        if (runs->left == 0) {
            if (!next_run(runs)) return false;
            continue;
        }
        part = runs->left < count ? (size_t)runs->left : count;
        if (!runs->is_packed)
            memset(out, (int)runs->value, part);
        else
            for (size_t i = 0; i < part; i++) {
                uint64_t bit = (runs->packed_at + i) * runs->width;
                out[i] = (uint8_t)(parquet_load64(runs->packed + bit / 8) >> (bit % 8) & ((UINT64_C(1) << runs->width) - 1));
            }
        runs->packed_at += part;
        runs->left -= part;
        out += part;
        count -= part;
    }
    return true;
}

/* Put `count` (up to 57) bits at a place of the bitmap. */
static void put_bits(uint64_t *bits, size_t at, uint64_t word, size_t count)
{
    uint64_t mask = count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
    size_t shift = at % 64, index = at / 64;

    word &= mask;
    bits[index] = (bits[index] & ~(mask << shift)) | word << shift;
    if (shift + count > 64) bits[index + 1] = (bits[index + 1] & ~(mask >> (64 - shift))) | word >> (64 - shift);
}

bool parquet_runs_read_bits(parquet_runs *runs, uint64_t *bits, size_t at, size_t count, size_t *ones)
{
    while (count) {
        size_t part;
        if (runs->left == 0) {
            if (!next_run(runs)) return false;
            continue;
        }
        part = runs->left < count ? (size_t)runs->left : count;
        if (!runs->is_packed && runs->value && at % 64 == 0 && part >= 64) {
            part &= ~(size_t)63;
            memset(bits + at / 64, 0xff, part / 8);
            *ones += part;
        } else {
            uint64_t word;
            if (part > 56) part = 56;
            word = runs->is_packed ? parquet_load64(runs->packed + runs->packed_at / 8) >> (runs->packed_at % 8)
                   : runs->value   ? ~UINT64_C(0)
                                   : 0;
            word &= (UINT64_C(1) << part) - 1;
            put_bits(bits, at, word, part);
            *ones += (size_t)__builtin_popcountll(word);
        }
        runs->packed_at += part;
        runs->left -= part;
        at += part;
        count -= part;
    }
    return true;
}

uint32_t parquet_most(const uint32_t *values, size_t count)
{
    uint32_t most = 0;

#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
    if (cpu_level() >= CPU_AVX2) return parquet_most_avx2(values, count);
#endif
    for (size_t i = 0; i < count; i++) most = values[i] > most ? values[i] : most;
    return most;
}
