/* The tables, the comparison, and the plain search, whose three loads a place do not wait for each other. A needle has few bytes and there are few, so what
 * is compared in vain is bounded by the text's size whatever the text. */
#include "find_set.h"

#include "cpu.h"
#include "find_set_internal.h"

static void allow(find_set *set, size_t position, unsigned char byte, uint8_t bit)
{
    set->bits[position][byte] |= bit;
    set->low[position][byte & 15] |= bit;
    set->high[position][byte >> 4] |= bit;
}

static void add_needle(find_set *set, size_t number, string_view needle)
{
    set->sizes[number] = (uint8_t)needle.size;
    for (size_t i = 0; i < needle.size; i++) {
        unsigned char byte = (unsigned char)needle.data[i];
        set->needles[number][i] = (char)(set->no_case ? ascii_lower(byte) : byte);
    }
    for (size_t position = 0; position < 3; position++) {
        unsigned char byte = (unsigned char)set->needles[number][set->offsets[position]];
        allow(set, position, byte, (uint8_t)(1u << number));
        if (set->no_case && ascii_is_alpha(byte)) allow(set, position, byte & 0xdf, (uint8_t)(1u << number));
    }
}

static find_set_kernel kernel_here(void)
{
#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
    cpu_kind level = cpu_level();

    if (level >= CPU_AVX512) return find_set_avx512;
    if (level >= CPU_AVX2) return find_set_avx2;
#endif
    return find_set_plain;
}

void find_set_init(find_set *out, const string_view *needles, size_t count, bool no_case)
{
    *out = (find_set){.count = count, .least = needles[0].size, .no_case = no_case, .kernel = kernel_here()};
    for (size_t i = 1; i < count; i++)
        if (needles[i].size < out->least) out->least = needles[i].size;
    out->offsets[1] = out->least > 1;
    out->offsets[2] = out->least - 1;
    for (size_t i = 0; i < count; i++) add_needle(out, i, needles[i]);
}

static bool stands_at(const find_set *set, size_t number, const char *text)
{
    const char *needle = set->needles[number];
    size_t same = 0, size = set->sizes[number];

    if (!set->no_case) return memcmp(text, needle, size) == 0;
    while (same < size && ascii_lower((unsigned char)text[same]) == (unsigned char)needle[same]) same++;
    return same == size;
}

static inline unsigned bits_at(const find_set *set, const unsigned char *at)
{
    return set->bits[0][at[0]] & set->bits[1][at[set->offsets[1]]] & set->bits[2][at[set->offsets[2]]];
}

bool find_set_has(const find_set *set, const char *text, size_t size, size_t place)
{
    unsigned bits = bits_at(set, (const unsigned char *)text + place);

    for (; bits; bits &= bits - 1) {
        size_t number = (size_t)__builtin_ctz(bits);
        if (set->sizes[number] <= size - place && stands_at(set, number, text + place)) return true;
    }
    return false;
}

size_t find_set_plain(const find_set *set, const char *text, size_t size)
{
    size_t places = size - set->least + 1;

    for (size_t at = 0; at < places; at++)
        if (bits_at(set, (const unsigned char *)text + at) && find_set_has(set, text, size, at)) return at;
    return SIZE_MAX;
}
