/* Bitmaps a word of 64 rows at a time. Words are read little-endian, as Arrow's bytes lie. */
#include "column.h"

static uint64_t low_bits(size_t count)
{
    return count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
}

size_t bitmap_count(const uint64_t *bitmap, size_t rows)
{
    size_t count = 0, words = rows / 64;

    for (size_t i = 0; i < words; i++) count += (size_t)__builtin_popcountll(bitmap[i]);
    if (rows % 64) count += (size_t)__builtin_popcountll(bitmap[words] & low_bits(rows % 64));
    return count;
}

/* The `count` (1 … 64) bits from bit `offset` of the bytes at `in`; touches no byte behind the last bit's. */
static uint64_t read_bits(const uint8_t *in, size_t offset, size_t count)
{
    const uint8_t *from = in + offset / 8;
    size_t shift = offset % 8, bytes = (shift + count + 7) / 8;
    uint64_t low = 0;

    memcpy(&low, from, bytes < 8 ? bytes : 8);
    low >>= shift;
    return bytes > 8 ? low | (uint64_t)from[8] << (64 - shift) : low;
}

void bitmap_copy(uint64_t *out, const uint8_t *in, size_t offset, size_t rows)
{
    size_t words = rows / 64;

    if (offset % 8 == 0) {
        if (words) memcpy(out, in + offset / 8, words * 8);
    } else {
        for (size_t i = 0; i < words; i++) out[i] = read_bits(in, offset + i * 64, 64);
    }
    if (rows % 64) out[words] = read_bits(in, offset + words * 64, rows % 64) & low_bits(rows % 64);
}

void bitmap_fill(uint64_t *bitmap, size_t rows, bool bit)
{
    if (rows) memset(bitmap, bit ? 0xff : 0, bitmap_words(rows) * 8);
}

void bitmap_and(uint64_t *out, const uint64_t *left, const uint64_t *right, size_t rows)
{
    size_t words = bitmap_words(rows);

    if (left && right) {
        for (size_t i = 0; i < words; i++) out[i] = left[i] & right[i];
    } else if (words) {
        memmove(out, left ? left : right, words * 8);
    }
}

void bitmap_write(uint64_t *out, size_t at, const uint64_t *in, size_t rows)
{
    size_t shift = at % 64;

    out += at / 64;
    for (size_t done = 0; done < rows; done += 64, out++) {
        uint64_t mask = low_bits(rows - done), word = in ? in[done / 64] : UINT64_MAX;

        out[0] = (out[0] & ~(mask << shift)) | (word & mask) << shift;
        if (shift && mask >> (64 - shift)) out[1] = (out[1] & ~(mask >> (64 - shift))) | (word & mask) >> (64 - shift);
    }
}
