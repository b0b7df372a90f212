/* DELTA_BINARY_PACKED: the first value, then blocks of miniblocks of packed differences.
 *
 * Differences are unpacked and summed in one go, eight a step where a miniblock allows (its size is a multiple of eight), so that each value is written once.
 * (Three columns of 1.8 million values: 10 ms of a scan that took 17.) */
#include "parquet_delta.h"

#include "base/cpu.h"
#include "parquet_internal.h"

#define MOST_BLOCK_VALUES (1u << 20)

static uint64_t unzigzag(uint64_t value)
{
    return (value >> 1) ^ (0 - (value & 1));
}

bool parquet_delta_init(parquet_delta *out, const uint8_t *bytes, size_t size)
{
    uint64_t block_size, miniblocks, total, first;

    *out = (parquet_delta){.at = bytes, .end = bytes + size, .first = true};
    if (!parquet_varint(&out->at, out->end, &block_size) || !parquet_varint(&out->at, out->end, &miniblocks) ||
        !parquet_varint(&out->at, out->end, &total) || !parquet_varint(&out->at, out->end, &first))
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
        if (!parquet_varint(&delta->at, delta->end, &least)) return false;
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
    uint64_t bit = index * width, word = parquet_load64(packed + bit / 8) >> (bit % 8);

    if (width + bit % 8 > 64) word |= (uint64_t)packed[bit / 8 + 8] << (64 - bit % 8);
    return width == 64 ? word : word & ((UINT64_C(1) << width) - 1);
}

/* The reference of the kernels: every width, from any bit on. */
BP_WRAPS static void sum_plainly(parquet_delta *delta, int64_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        delta->value += delta->least + (delta->width ? packed_value(delta->packed, delta->packed_at + i, delta->width) : 0);
        out[i] = (int64_t)delta->value;
    }
    delta->packed_at += (uint32_t)count;
}

static void sum_groups(parquet_delta *delta, int64_t *out, size_t groups)
{
#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
    cpu_kind level = cpu_level();
    const uint8_t *in = delta->packed + (size_t)delta->packed_at / 8 * delta->width;

    if (level >= CPU_AVX2 && (delta->width <= PARQUET_SUM_MOST || delta->width == 64)) {
        delta->value = level >= CPU_AVX512 ? parquet_sum_avx512(in, delta->width, delta->least, delta->value, out, groups)
                                           : parquet_sum_avx2(in, delta->width, delta->least, delta->value, out, groups);
        delta->packed_at += (uint32_t)groups * 8;
        return;
    }
#endif
    sum_plainly(delta, out, groups * 8);
}

/* Values of the present miniblock. */
static void sum_part(parquet_delta *delta, int64_t *out, size_t count)
{
    size_t lead = (8 - delta->packed_at % 8) % 8, groups;

    if (lead > count) lead = count;
    if (lead) sum_plainly(delta, out, lead);
    groups = (count - lead) / 8;
    if (groups) sum_groups(delta, out + lead, groups);
    if (count > lead + groups * 8) sum_plainly(delta, out + lead + groups * 8, count - lead - groups * 8);
}

bool parquet_delta_read(parquet_delta *delta, int64_t *out, size_t count)
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
        sum_part(delta, out, part);
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
