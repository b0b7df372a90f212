/* UTF-8: Unicode's own examples of well- and ill-formed bytes (table 3-7 and section 3.9), every code point there and back, and the
 * processor levels against the plain C on random bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "text/utf8.h"

static void test_every_code_point(void **state)
{
    for (uint32_t code_point = 0; code_point < 0x110000; code_point++) {
        char bytes[UTF8_MAX_SIZE];
        uint32_t back;
        unsigned size = utf8_encode(bytes, code_point);

        if (code_point >= 0xd800 && code_point < 0xe000) {
            assert_memory_equal(bytes, "\xef\xbf\xbd", 3);
            continue;
        }
        assert_int_equal(size, code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4);
        assert_int_equal(utf8_decode(bytes, bytes + size, &back), size);
        assert_int_equal(back, code_point);
        assert_int_equal(utf8_find_invalid(bytes, size), size);
        for (unsigned cut = 1; cut < size; cut++) { /* cut off: the whole rest is one maximal subpart */
            assert_int_equal(utf8_decode(bytes, bytes + cut, &back), cut);
            assert_int_equal(back, UTF8_REPLACEMENT);
        }
    }
}

/* Bytes, the first bad one, and how far a decoder goes on there. */
static void test_ill_formed(void **state)
{
    static const struct {
        const char *bytes;
        size_t bad_at;
        unsigned skip;
    } rows[] = {{"\xc0\xaf", 0, 1},
                {"a\xc1\x81", 1, 1},
                {"\xe0\x9f\x80", 0, 1},
                {"\xed\xa0\x80", 0, 1},
                {"\xf0\x8f\x80\x80", 0, 1},
                {"\xf4\x90\x80\x80", 0, 1},
                {"\xf5\x80\x80\x80", 0, 1},
                {"\x80", 0, 1},
                {"ab\xbf", 2, 1},
                {"\xe1\x80\xe2", 0, 2},
                {"\xf1\x80\x80\x41", 0, 3},
                {"\xff", 0, 1},
                {"\xc3", 0, 1},
                {"\xe2\x82", 0, 2},
                {"\xf0\x9f\x98", 0, 3},
                {"\xc3\xa9\xc3", 2, 1}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        size_t size = strlen(rows[i].bytes);
        uint32_t code_point;

        assert_false(utf8_valid(rows[i].bytes, size));
        assert_int_equal(utf8_find_invalid(rows[i].bytes, size), rows[i].bad_at);
        assert_int_equal(utf8_decode(rows[i].bytes + rows[i].bad_at, rows[i].bytes + size, &code_point), rows[i].skip);
    }
}

/* Random valid text with one byte changed, at every level and offset, cut anywhere. */
static void test_levels(void **state)
{
    static char text[400];
    uint64_t seed = 9;

    for (int i = 0; i < 60000; i++) {
        size_t size = 0, length = (size_t)(seed >> 33) % 300, start = (size_t)i % 64;
        bool ascii = i % 5 == 0;

        while (size < length) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint32_t code_point = (uint32_t)(seed >> 40) >> (ascii ? 17 : (seed >> 20) % 20);
            size += utf8_encode(text + start + size, code_point);
        }
        if (i % 3 && size) text[start + (seed >> 12) % size] = (char)(seed >> 5);
        if (i % 7 == 0 && size) size -= (seed >> 50) % size % 4;
        size_t bad = utf8_find_invalid(text + start, size);
        for (int level = CPU_SCALAR; level <= CPU_AVX512; level++) {
            (void)cpu_force_level((cpu_kind)level);
            assert_int_equal(utf8_valid(text + start, size), bad == size);
        }
        bool is_ascii = true;
        for (size_t j = 0; j < size; j++) is_ascii &= !(text[start + j] & 0x80);
        assert_int_equal(utf8_is_ascii(text + start, size), is_ascii);
    }
    (void)cpu_force_level(CPU_AVX512);
}

static void test_walking(void **state)
{
    const char *text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80zzzzzzzzzz\xc3\xa9";
    size_t size = strlen(text), offsets[] = {0, 1, 3, 6, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    const char *at = text;

    assert_int_equal(utf8_count(text, size), 15);
    for (size_t i = 0; i < ARRAY_LENGTH(offsets); i++) {
        assert_int_equal(utf8_offset(text, size, i), offsets[i]);
        assert_ptr_equal(at, text + offsets[i]);
        if (i) assert_ptr_equal(utf8_previous(at, text), text + offsets[i - 1]);
        at = utf8_next(at, text + size);
    }
    assert_ptr_equal(at, text + size);
    assert_int_equal(utf8_offset(text, size, 15), size);
    assert_int_equal(utf8_offset(text, size, 1000), size);
    assert_int_equal(utf8_offset(text, 0, 0), 0);
    assert_int_equal(utf8_count(NULL, 0), 0);
    assert_true(utf8_valid(NULL, 0));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_code_point), cmocka_unit_test(test_ill_formed),
                                              cmocka_unit_test(test_levels), cmocka_unit_test(test_walking)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
