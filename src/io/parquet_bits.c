/* The two packed streams of integers: RLE / bit-packing hybrid, and DELTA_BINARY_PACKED.
 *
 * Packed values lie little-endian, least significant bit first. A value of up to 32 bits that begins anywhere in a byte lies within eight
 * bytes, so one unaligned load, a shift and a mask fetch it; pages have eight spare bytes behind. */
#include "parquet_bits.h"

#include "base/cpu.h"
#include "parquet_internal.h"

static inline uint64_t load64(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, 8);
    return word;
}

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

/* RLE / bit-packing hybrid ------------------------------------------------------------------------------------------------------- */
void parquet_runs_init(parquet_runs *out, const uint8_t *bytes, size_t size, unsigned width)
{
    *out = (parquet_runs){.at = bytes, .end = bytes + size, .width = (uint8_t)width};
}

/* Begin the next run. A packed run may claim more than there are bytes (its last group is padded): it is cut to them. */
static bool next_run(parquet_runs *runs)
{
    uint64_t header, bytes = ((uint64_t)runs->width + 7) / 8, value = 0;

    if (!read_varint(&runs->at, runs->end, &header)) return false;
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
                out[i] = (uint32_t)(load64(in + i * bits / 8) >> (i * bits % 8)) & (uint32_t)((UINT64_C(1) << bits) - 1);          \
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
        for (size_t i = 0; i < count; i++) out[i] = (uint32_t)(load64(in + i * width / 8) >> (i * width % 8) & mask);
    }
    }
}

static void unpack(const parquet_runs *runs, uint32_t *out, size_t count)
{
    unsigned width = runs->width;
    uint64_t at = runs->packed_at, mask = (UINT64_C(1) << width) - 1;
    size_t groups;

    for (; count && at % 8; at++, count--, out++)
        *out = (uint32_t)(load64(runs->packed + at * width / 8) >> (at * width % 8) & mask);
    groups = count & ~(size_t)7;
    if (groups) unpack_groups(runs->packed + at / 8 * width, width, out, groups);
    at += groups;
    for (size_t i = groups; i < count; i++, at++)
        out[i] = (uint32_t)(load64(runs->packed + at * width / 8) >> (at * width % 8) & mask);
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
                out[i] = (uint8_t)(load64(runs->packed + bit / 8) >> (bit % 8) & ((UINT64_C(1) << runs->width) - 1));
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
            word = runs->is_packed ? load64(runs->packed + runs->packed_at / 8) >> (runs->packed_at % 8)
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

/* DELTA_BINARY_PACKED -------------------------------------------------------------------------------------------------------------- */
#define MOST_BLOCK_VALUES (1u << 20)

static uint64_t unzigzag(uint64_t value)
{
    return (value >> 1) ^ (0 - (value & 1));
}

bool parquet_delta_init(parquet_delta *out, const uint8_t *bytes, size_t size)
{
    uint64_t block_size, miniblocks, total, first;

    *out = (parquet_delta){.at = bytes, .end = bytes + size, .first = true};
    if (!read_varint(&out->at, out->end, &block_size) || !read_varint(&out->at, out->end, &miniblocks) ||
        !read_varint(&out->at, out->end, &total) || !read_varint(&out->at, out->end, &first))
        return false;
    if (miniblocks == 0 || miniblocks > block_size || block_size > MOST_BLOCK_VALUES || block_size % miniblocks ||
        block_size / miniblocks % 8)
        return false;
    out->miniblock_count = (uint32_t)miniblocks;
    out->miniblock_size = (uint32_t)(block_size / miniblocks);
    out->miniblock = out->miniblock_count;
    out->left = total;
    out->value = unzigzag(first);
    return true;
}

/* Begin the next miniblock. The last one may be cut off where its values end. */
static bool next_miniblock(parquet_delta *delta)
{
    uint64_t least, size;

    if (delta->miniblock == delta->miniblock_count) {
        if (!read_varint(&delta->at, delta->end, &least)) return false;
        if ((size_t)(delta->end - delta->at) < delta->miniblock_count) return false;
        delta->least = unzigzag(least);
        delta->widths = delta->at;
        delta->at += delta->miniblock_count;
        delta->miniblock = 0;
    }
    delta->width = delta->widths[delta->miniblock++];
    delta->packed = delta->at;
    delta->packed_at = 0;
    delta->miniblock_left = delta->miniblock_size;
    if (delta->width > 64) return false;
    if (delta->miniblock_left > delta->left) delta->miniblock_left = (uint32_t)delta->left;
    size = (uint64_t)delta->miniblock_size / 8 * delta->width;
    if (size > (uint64_t)(delta->end - delta->at)) {
        size = ((uint64_t)delta->miniblock_left * delta->width + 7) / 8;
        if (size > (uint64_t)(delta->end - delta->at)) return false;
    }
    delta->at += size;
    return true;
}

static inline uint64_t packed_value(const uint8_t *packed, uint64_t index, unsigned width)
{
    uint64_t bit = index * width, word = load64(packed + bit / 8) >> (bit % 8);

    if (width + bit % 8 > 64) word |= (uint64_t)packed[bit / 8 + 8] << (64 - bit % 8);
    return width == 64 ? word : word & ((UINT64_C(1) << width) - 1);
}

BP_WRAPS bool parquet_delta_read(parquet_delta *delta, int64_t *out, size_t count)
{
    if (count == 0) return true;
    if (count > delta->left) return false;
    if (delta->first) {
        delta->first = false;
        *out++ = (int64_t)delta->value;
        delta->left--;
        count--;
    }
    while (count) {
        size_t part;
        if (delta->miniblock_left == 0) {
            if (!next_miniblock(delta)) return false;
            continue;
        }
        part = delta->miniblock_left < count ? delta->miniblock_left : count;
        for (size_t i = 0; i < part; i++) {
            uint64_t packed = delta->width ? packed_value(delta->packed, delta->packed_at + i, delta->width) : 0;
            delta->value += delta->least + packed;
            out[i] = (int64_t)delta->value;
        }
        delta->packed_at += (uint32_t)part;
        delta->miniblock_left -= (uint32_t)part;
        delta->left -= part;
        out += part;
        count -= part;
    }
    return true;
}

bool parquet_delta_end(const parquet_delta *delta, const uint8_t **end)
{
    parquet_delta rest = *delta;

    if (rest.first && rest.left) rest.left--;
    rest.left -= rest.miniblock_left < rest.left ? rest.miniblock_left : rest.left;
    while (rest.left) {
        if (!next_miniblock(&rest)) return false;
        rest.left -= rest.miniblock_left;
    }
    /* a block is whole: what is left of its miniblocks has widths of 0, or is there all the same */
    *end = rest.at;
    return true;
}
