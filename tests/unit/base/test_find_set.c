/* The search for several needles at every level against one that compares at each place: texts of few letters, all sizes from 0 to 200 at odd addresses in
 * blocks that end with them, needles of all sizes and numbers, with and without case; and texts made to be slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/find_set.h"

#define MOST 200

static uint64_t seed = 88172645463325252u;

static BP_WRAPS size_t random_below(size_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % limit;
}

static bool same(char text, char needle, bool no_case)
{
    return (no_case ? ascii_lower((unsigned char)text) : (unsigned char)text) ==
           (no_case ? ascii_lower((unsigned char)needle) : (unsigned char)needle);
}

static bool stands_dully(string_view text, string_view needle, size_t at, bool no_case)
{
    size_t i = 0;

    while (i < needle.size && at + i < text.size && same(text.data[at + i], needle.data[i], no_case)) i++;
    return i == needle.size;
}

static size_t find_dully(string_view text, const string_view *needles, size_t count, bool no_case)
{
    for (size_t at = 0; at < text.size; at++)
        for (size_t i = 0; i < count; i++)
            if (stands_dully(text, needles[i], at, no_case)) return at;
    return SIZE_MAX;
}

static void fill(char *out, size_t size, const char *letters, size_t count)
{
    for (size_t i = 0; i < size; i++) out[i] = letters[random_below(count)];
}

static void check_size(size_t size, bool no_case)
{
    static const char letters[] = "aAbB@`\xe1\xc1k\xe2"; /* what differs from a letter by the bit of its case, and no letters */
    char texts[FIND_SET_NEEDLES][FIND_SET_BYTES], *text = malloc(size ? size : 1);
    string_view needles[FIND_SET_NEEDLES];
    size_t count = 1 + random_below(FIND_SET_NEEDLES), least = 1 + random_below(FIND_SET_BYTES), found, wanted;
    size_t kinds = 2 + random_below(sizeof letters - 2);
    find_set set;

    assert_non_null(text);
    fill(text, size, letters, kinds);
    for (size_t i = 0; i < count; i++) {
        needles[i] = (string_view){texts[i], least + random_below(FIND_SET_BYTES - least + 1)};
        fill(texts[i], needles[i].size, letters, kinds);
        if (i % 3 == 0 && needles[i].size <= size)
            memcpy(texts[i], text + random_below(size - needles[i].size + 1), needles[i].size);
    }
    find_set_init(&set, needles, count, no_case);
    found = find_set_place(&set, (string_view){text, size});
    wanted = find_dully((string_view){text, size}, needles, count, no_case);
    if (found != wanted)
        fail_msg("%zu needles in %zu bytes at %s: found %zu, not %zu", count, size, cpu_level_name(cpu_level()), found, wanted);
    free(text);
}

static void test_all(void **state)
{
    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (size_t round = 0; round < 40; round++)
            for (size_t size = 0; size <= MOST; size++) check_size(size, round % 2);
    }
    cpu_force_level(CPU_AVX512);
}

/* Every place looks like all eight needles but for one byte: no more than eight comparisons of a few bytes a place. */
static void test_slow_texts(void **state)
{
    static char texts[FIND_SET_NEEDLES][FIND_SET_BYTES];
    string_view needles[FIND_SET_NEEDLES];
    size_t size = (size_t)1 << 20;
    char *text = malloc(size);
    find_set set;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', size);
    memset(texts, 'a', sizeof texts);
    for (size_t i = 0; i < FIND_SET_NEEDLES; i++) {
        texts[i][2 + i] = 'b';
        needles[i] = (string_view){texts[i], FIND_SET_BYTES};
    }
    find_set_init(&set, needles, FIND_SET_NEEDLES, false);
    assert_true(find_set_place(&set, (string_view){text, size}) == SIZE_MAX);
    memcpy(text + size - FIND_SET_BYTES, texts[FIND_SET_NEEDLES - 1], FIND_SET_BYTES);
    assert_true(find_set_place(&set, (string_view){text, size}) == size - FIND_SET_BYTES);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all), cmocka_unit_test(test_slow_texts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
