/* Patterns against a matcher that tries every split of the text, at every level; texts of few letters, inline and by pointer, all counts of rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "compute/match.h"

#define ROWS 200
#define LONGEST 40

static uint64_t seed = 88172645463325252u;

static BP_WRAPS uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static size_t find(const void *context, string_view text, string_view needle)
{
    (void)context;
    return string_find(text, needle);
}

static bool match(const match_pattern *pattern, string_view text)
{
    return match_text(pattern, text, find, NULL);
}

/* LIKE without _ as its definition has it. Patterns are short: the tries stay few. */
static bool like_dully(const char *pattern, string_view text)
{
    if (*pattern == 0) return text.size == 0;
    if (*pattern != '%')
        return text.size && text.data[0] == *pattern && like_dully(pattern + 1, string_view_slice(text, 1, text.size));
    for (size_t at = 0; at <= text.size; at++)
        if (like_dully(pattern + 1, string_view_slice(text, at, text.size))) return true;
    return false;
}

static char bytes[ROWS][LONGEST];
static string_ref texts[ROWS];

static void make_texts(void)
{
    for (size_t row = 0; row < ROWS; row++) {
        size_t size = next_random() % (LONGEST + 1);
        for (size_t i = 0; i < size; i++) bytes[row][i] = (char)('a' + next_random() % 3);
        texts[row] = string_ref_of(bytes[row], size);
    }
}

static void check_pattern(const char *text, size_t rows)
{
    uint64_t out[ROWS / 64 + 1] = {0};
    match_pattern pattern;

    assert_true(match_parse(&pattern, string_view_of(text)));
    assert_int_equal(match_texts(out, &pattern, texts, 0, rows), rows);
    for (size_t row = 0; row < rows; row++) {
        bool wanted = like_dully(text, string_ref_view(&texts[row]));
        if (bitmap_get(out, row) != wanted || match(&pattern, string_ref_view(&texts[row])) != wanted)
            fail_msg("'%.*s' LIKE '%s' at %s: not %d", STRING_ARGUMENTS(string_ref_view(&texts[row])), text,
                     cpu_level_name(cpu_level()), wanted);
    }
}

static void test_like(void **state)
{
    static const char *const patterns[] = {"",       "%",         "%%",     "a",       "a%",        "%a",         "%a%",
                                           "ab%",    "%ab",       "abc",    "abca%",   "abcab%",    "%abca",      "%abc%",
                                           "a%a",    "ab%ab",     "%a%b%",  "%ab%ba%", "a%b%c",     "%%a%%",      "aa%aa",
                                           "b%ab%b", "%a%b%c%a%", "aaa%aa", "%aabb%",  "%cabcabc%", "abc%abc%abc"};

    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++)
            for (size_t rows = 0; rows <= ROWS; rows += rows < 70 ? 1 : 65) {
                make_texts();
                check_pattern(patterns[i], rows);
            }
    }
    cpu_force_level(CPU_AVX512);
}

static void test_makers(void **state)
{
    match_pattern prefix = match_prefix(STRING_VIEW("abcde")), suffix = match_suffix(STRING_VIEW("de")),
                  part = match_part(STRING_VIEW("bc"));
    match_pattern none = match_part(STRING_VIEW("")), many;

    (void)state;
    assert_true(match(&prefix, STRING_VIEW("abcde")) && match(&prefix, STRING_VIEW("abcdef")));
    assert_false(match(&prefix, STRING_VIEW("abcd")) || match(&prefix, STRING_VIEW("")));
    assert_true(match(&suffix, STRING_VIEW("de")) && match(&suffix, STRING_VIEW("abcde")));
    assert_false(match(&suffix, STRING_VIEW("e")) || match(&suffix, STRING_VIEW("dee")));
    assert_true(match(&part, STRING_VIEW("bc")) && match(&part, STRING_VIEW("abcd")));
    assert_false(match(&part, STRING_VIEW("bdc")));
    assert_true(match(&none, STRING_VIEW("")) && match(&none, (string_view){NULL, 0}));
    assert_true(match_parse(&many, STRING_VIEW("%a%b%c%d%e%f%")));
    assert_false(match_parse(&many, STRING_VIEW("%a%b%c%d%e%f%g%")));
}

/* A prefix with a zero byte is not found in the zeros behind a short inline text. */
static void test_zero_bytes(void **state)
{
    string_ref rows[2] = {string_ref_of("a", 1), string_ref_of("a\0b", 3)};
    match_pattern prefix = match_prefix((string_view){"a\0", 2});
    uint64_t out = 0;

    (void)state;
    assert_int_equal(match_texts(&out, &prefix, rows, 0, 2), 2);
    assert_int_equal(out, 2);
}

/* It stops behind a megabyte and goes on from there. */
static void test_pauses(void **state)
{
    static char large[300000];
    string_ref rows[100];
    match_pattern pattern = match_part(STRING_VIEW("b"));
    uint64_t out[2] = {0};
    size_t calls = 0;

    (void)state;
    memset(large, 'a', sizeof large);
    for (size_t i = 0; i < 100; i++) rows[i] = i % 3 ? string_ref_of("b", 1) : string_ref_of(large, sizeof large);
    for (size_t row = 0; row < 100; calls++) row = match_texts(out, &pattern, rows, row, 100);
    assert_int_equal(calls, 9); /* 34 large texts, four a call */
    for (size_t i = 0; i < 100; i++) assert_int_equal(bitmap_get(out, i), i % 3 != 0);
}

/* A text of over MATCH_LONG is left to the caller. */
static void test_long(void **state)
{
    static char large[MATCH_LONG + 1];
    string_ref rows[3] = {string_ref_of("b", 1), string_ref_of(large, sizeof large), string_ref_of("b", 1)};
    match_pattern pattern = match_part(STRING_VIEW("b"));
    uint64_t out = 0;

    (void)state;
    memset(large, 'a', sizeof large);
    assert_int_equal(match_texts(&out, &pattern, rows, 0, 3), 1);
    assert_int_equal(out, 1);
    assert_int_equal(match_texts(&out, &pattern, rows, 1, 3), 1);
    assert_false(match(&pattern, string_ref_view(&rows[1])));
    assert_int_equal(match_texts(&out, &pattern, rows, 2, 3), 3);
    assert_int_equal(out, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like),   cmocka_unit_test(test_makers), cmocka_unit_test(test_zero_bytes),
        cmocka_unit_test(test_pauses), cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
