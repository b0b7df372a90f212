/* The plain C structural scan and count, and the choice of level. See csv_index.h. */
#include "io/csv_index.h"

#include <string.h>

#include "base/cpu.h"

/* Bit i: byte i of the 8 equals `byte`. Exact for every byte (no borrow runs into the next one). */
static inline uint64_t equal_bits(uint64_t word, uint64_t repeated)
{
    uint64_t difference = word ^ repeated;
    uint64_t low = (difference & 0x7f7f7f7f7f7f7f7f) + 0x7f7f7f7f7f7f7f7f;
    uint64_t zero = ~(low | difference | 0x7f7f7f7f7f7f7f7f); /* 0x80 where the byte is zero */

    return (zero >> 7) * 0x0102040810204080 >> 56;
}

static inline uint64_t repeat_byte(char byte)
{
    return (unsigned char)byte * UINT64_C(0x0101010101010101);
}

static uint64_t prefix_xor(uint64_t bits)
{
    for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
}

static void masks_of_64(csv_masks *masks, const char *text, const csv_marks *marks, uint64_t *non_ascii)
{
    uint64_t quote = repeat_byte(marks->quote), delimiter = repeat_byte(marks->delimiter), new_line = repeat_byte(marks->new_line),
             comment = repeat_byte(marks->comment);

    memset(masks, 0, sizeof *masks);
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, 8);
        *non_ascii |= word & 0x8080808080808080;
        masks->delimiters |= equal_bits(word, delimiter) << i;
        masks->new_lines |= equal_bits(word, new_line) << i;
        masks->returns |= equal_bits(word, repeat_byte('\r')) << i;
        masks->quotes |= equal_bits(word, quote) << i;
        masks->comments |= equal_bits(word, comment) << i;
    }
    if (!marks->has_quote) masks->quotes = 0;
    if (!marks->has_comment) masks->comments = 0;
}

static void masks_cut(csv_masks *masks, unsigned count)
{
    uint64_t valid = (UINT64_C(1) << count) - 1;

    masks->quotes &= valid;
    masks->delimiters &= valid;
    masks->new_lines &= valid;
    masks->returns &= valid;
    masks->comments &= valid;
}

size_t csv_index_plain(const char *text, size_t begin, size_t end, const csv_marks *marks, csv_index_state *state, uint32_t *ends)
{
    uint64_t irregular = 0;
    uint32_t *out = ends;
    char last[64];

    for (size_t i = begin; i < end; i += 64) {
        unsigned count = end - i < 64 ? (unsigned)(end - i) : 64;
        const char *bytes = text + i;
        csv_masks masks;
        uint64_t separators;

        if (count < 64) {
            memset(last, 0, sizeof last);
            bytes = memcpy(last, bytes, count);
        }
        masks_of_64(&masks, bytes, marks, &state->non_ascii);
        if (count < 64) masks_cut(&masks, count);
        separators = csv_index_step(&masks, prefix_xor(masks.quotes), count, state, marks->new_line == '\r', &irregular);
        if (irregular) return SIZE_MAX;
        for (; separators; separators &= separators - 1) *out++ = (uint32_t)(i + (size_t)__builtin_ctzll(separators));
    }
    return (size_t)(out - ends);
}

bool csv_count_plain(const char *text, size_t begin, size_t end, const csv_marks *marks, size_t columns, csv_count_state *state)
{
    uint64_t irregular = 0;
    char last[64];

    for (size_t i = begin; i < end; i += 64) {
        unsigned count = end - i < 64 ? (unsigned)(end - i) : 64;
        const char *bytes = text + i;
        csv_masks masks;
        uint64_t separators;

        if (count < 64) {
            memset(last, 0, sizeof last);
            bytes = memcpy(last, bytes, count);
        }
        masks_of_64(&masks, bytes, marks, &state->index.non_ascii);
        if (count < 64) masks_cut(&masks, count);
        separators = csv_index_step(&masks, prefix_xor(masks.quotes), count, &state->index, marks->new_line == '\r', &irregular);
        irregular |= csv_count_step(separators, separators & masks.new_lines, columns, &state->left);
        if (irregular) return false;
    }
    return true;
}

csv_index_function *csv_index_best(void)
{
#if !defined(BEDPLATE_SCALAR) && defined(__x86_64__)
    if (cpu_level() >= CPU_AVX512) return csv_index_avx512;
    if (cpu_level() >= CPU_AVX2) return csv_index_avx2;
#endif
    return csv_index_plain;
}

csv_count_function *csv_count_best(void)
{
#if !defined(BEDPLATE_SCALAR) && defined(__x86_64__)
    if (cpu_level() >= CPU_AVX512) return csv_count_avx512;
    if (cpu_level() >= CPU_AVX2) return csv_count_avx2;
#endif
    return csv_count_plain;
}
