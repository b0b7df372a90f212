/* Substring search at every level against a search that compares at each place: texts of two letters, which are thick with near misses, all sizes from
 * 0 to 200 at odd addresses in blocks that end with them, needles of all sizes; and texts made to be slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/find.h"

#define MOST 200

static uint64_t seed = 88172645463325252u;

static BP_WRAPS uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static size_t find_dully(string_view text, string_view needle)
{
    for (size_t at = 0; at + needle.size <= text.size; at++) {
        size_t same = 0;
        while (same < needle.size && text.data[at + same] == needle.data[same]) same++;
        if (same == needle.size) return at;
    }
    return SIZE_MAX;
}

static void check(string_view text, string_view needle)
{
    size_t found = string_find(text, needle), wanted = find_dully(text, needle);

    if (found != wanted)
        fail_msg("%zu bytes in %zu at %s: found %zu, not %zu", needle.size, text.size, cpu_level_name(cpu_level()), found, wanted);
}

/* A text that ends where its block does, `offset` bytes from the block's begin. */
static string_view make_text(char **block, size_t size, size_t offset, unsigned letters)
{
    *block = malloc(size + offset + 1);
    assert_non_null(*block);
    for (size_t i = 0; i < size; i++) (*block)[offset + i] = (char)('a' + next_random() % letters);
    *block = realloc(*block, size + offset ? size + offset : 1);
    assert_non_null(*block);
    return (string_view){*block + offset, size};
}

static void check_size(size_t size)
{
    char *block, *other;
    string_view text = make_text(&block, size, size % 7, 2 + (unsigned)(size % 3)), absent;

    for (size_t needle = 0; needle <= size; needle += 1 + needle / 8) {
        for (unsigned i = 0; i < 4; i++) {
            size_t at = next_random() % (size - needle + 1);
            check(text, string_view_slice(text, at, at + needle));
        }
        check(text, string_view_slice(text, size - needle, size));
        absent = make_text(&other, needle, 3, 2);
        check(text, absent);
        free(other);
    }
    absent = make_text(&other, size + 1, 0, 2);
    assert_true(string_find(text, absent) == SIZE_MAX);
    free(other);
    free(block);
}

static void test_all(void **state)
{
    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (unsigned round = 0; round < 4; round++)
            for (size_t size = 0; size <= MOST; size++) check_size(size);
    }
    cpu_force_level(CPU_AVX512);
}

/* Every place has the first and the last byte, and the difference in the middle: at 1 MB by 64 KB a search without bound takes 60 G comparisons. */
static void test_slow_texts(void **state)
{
    size_t size = (size_t)1 << 20, needle_size = (size_t)1 << 16;
    char *text = malloc(size), *needle = malloc(needle_size);

    (void)state;
    assert_non_null(text);
    assert_non_null(needle);
    memset(text, 'a', size);
    memset(needle, 'a', needle_size);
    needle[needle_size / 2] = 'b';
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        text[size - needle_size / 2] = 'a';
        assert_true(string_find((string_view){text, size}, (string_view){needle, needle_size}) == SIZE_MAX);
        text[size - needle_size / 2] = 'b';
        assert_int_equal(string_find((string_view){text, size}, (string_view){needle, needle_size}), size - needle_size);
    }
    cpu_force_level(CPU_AVX512);
    free(text);
    free(needle);
}

/* Any bytes: zero and those over 127. */
static void test_bytes(void **state)
{
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)i;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (size_t i = 0; i < sizeof text; i++)
            for (size_t needle = 1; needle <= 3 && i + needle <= sizeof text; needle++)
                assert_int_equal(string_find((string_view){text, sizeof text}, (string_view){text + i, needle}), i);
    }
    cpu_force_level(CPU_AVX512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_slow_texts),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
