/* Unicode: values from the Unicode Character Database (UnicodeData.txt, GraphemeBreakTest.txt, EastAsianWidth.txt of 14.0), picked by hand,
 * and DuckDB 2.0.0's upper, lower, reverse and strip_accents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/unicode.h"

static void test_case(void **state)
{
    static const uint32_t rows[][4] = {/* code point, upper, lower, title */
                                       {'a', 'A', 'a', 'A'},
                                       {0xdf, 0x1e9e, 0xdf, 0xdf},
                                       {0x1e9e, 0x1e9e, 0xdf, 0x1e9e},
                                       {0xff, 0x178, 0xff, 0x178},
                                       {0x130, 0x130, 'i', 0x130},
                                       {0x131, 'I', 0x131, 'I'},
                                       {0x149, 0x149, 0x149, 0x149},
                                       {0x1c5, 0x1c4, 0x1c6, 0x1c5},
                                       {0x1c6, 0x1c4, 0x1c6, 0x1c5},
                                       {0x3a3, 0x3a3, 0x3c3, 0x3a3},
                                       {0x3c2, 0x3a3, 0x3c2, 0x3a3},
                                       {0x10d0, 0x1c90, 0x10d0, 0x10d0},
                                       {0x1f80, 0x1f88, 0x1f80, 0x1f88},
                                       {0x1f88, 0x1f88, 0x1f80, 0x1f88},
                                       {0x212a, 0x212a, 'k', 0x212a},
                                       {0xfb01, 0xfb01, 0xfb01, 0xfb01},
                                       {0xab70, 0x13a0, 0xab70, 0x13a0},
                                       {0x10400, 0x10400, 0x10428, 0x10400},
                                       {0x1e943, 0x1e921, 0x1e943, 0x1e921},
                                       {0x4e00, 0x4e00, 0x4e00, 0x4e00}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(unicode_upper(rows[i][0]), rows[i][1]);
        assert_int_equal(unicode_lower(rows[i][0]), rows[i][2]);
        assert_int_equal(unicode_title(rows[i][0]), rows[i][3]);
    }
    assert_int_equal(unicode_upper(0x7fffffff), 0x7fffffff);
}

static void test_classes(void **state)
{
    assert_true(unicode_is_alpha('z') && unicode_is_alpha(0x4e00) && unicode_is_alpha(0x2160) && !unicode_is_alpha('1') &&
                !unicode_is_alpha(0x378));
    assert_true(unicode_is_digit(0x0665) && !unicode_is_digit(0xb2) && unicode_is_numeric(0xb2) && unicode_is_numeric(0x2160));
    assert_true(unicode_is_space(0xa0) && unicode_is_space(0x3000) && unicode_is_space('\t') && !unicode_is_space(0x200b));
    assert_true(unicode_is_upper(0x410) && unicode_is_lower(0x430) && !unicode_is_upper(0x1c5));
    assert_true(unicode_is_punctuation('!') && unicode_is_punctuation(0x3001) && !unicode_is_punctuation('$'));
    assert_true(unicode_is_mark(0x301) && unicode_is_mark(0x93f) && !unicode_is_mark('a'));
    assert_string_equal(unicode_version, "14.0.0");
}

static void check_width(const char *text, size_t width, size_t clusters)
{
    assert_int_equal(unicode_text_width(string_view_of(text)), width);
    assert_int_equal(unicode_grapheme_count(string_view_of(text)), clusters);
}

static void test_width(void **state)
{
    check_width("", 0, 0);
    check_width("abc", 3, 3);
    check_width("a\r\nb", 2, 3);
    check_width("e\xcc\x81", 1, 1); /* e and acute */
    check_width("\xe6\xbc\xa2\xe5\xad\x97", 4, 2); /* two ideographs */
    check_width("\xef\xbc\xa1", 2, 1); /* full-width A */
    check_width("\xef\xbd\xb1", 1, 1); /* half-width katakana */
    check_width("\xed\x95\x9c", 2, 1); /* a Hangul syllable */
    check_width("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2, 1); /* the same as jamo */
    check_width("\xf0\x9f\x98\x80", 2, 1); /* a face */
    check_width("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", 2, 1); /* a family */
    check_width("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xab", 3, 2); /* flag and half a flag */
    check_width("\xe2\x9d\xa4\xef\xb8\x8f", 2, 1); /* heart with the emoji selector */
    check_width("\xe2\x9d\xa4", 1, 1);
    check_width("\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd", 2, 1); /* thumb with a skin tone */
    check_width("\xe0\xa4\x95\xe0\xa4\xbf", 1, 1); /* ka with a spacing vowel sign */
    check_width("\xf0\x9f\x98\x80\xe2\x80\x8d\xe2\x80\x8d\xf0\x9f\x98\x80", 4, 2); /* two joiners join nothing */
    check_width("\xd8\x80\x61", 1, 1); /* a prepended sign */
    assert_int_equal(unicode_width(0), 0);
    assert_int_equal(unicode_width(0xad), 1);
    assert_int_equal(unicode_width(0x200b), 0);
    assert_int_equal(unicode_width(0x2a700), 2);
}

typedef bool (*append_function)(builder *out, string_view text);

/* With every allocation failing once and from then on, until it passes; small limits are refused, not overrun. */
static void check_append(append_function append, const char *text, const char *wanted)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    string_view view = string_view_of(text);
    builder out;

    for (uint64_t nth = 1;; nth++) {
        builder_init(&out, account, 1000);
        memory_fail_at(account, nth, nth % 2);
        if (append(&out, view)) break;
        assert_int_equal(builder_status(&out, NULL), BP_NO_MEMORY);
        builder_clear(&out);
    }
    memory_fail_at(account, 0, false);
    assert_int_equal(out.size, strlen(wanted));
    if (out.size) assert_memory_equal(out.data, wanted, out.size);
    builder_clear(&out);
    if (strlen(wanted) > 1) {
        builder_init(&out, account, strlen(wanted) - 1);
        assert_false(append(&out, view));
        assert_int_equal(builder_status(&out, NULL), BP_LIMIT);
        builder_clear(&out);
    }
    memory_release(account);
}

static void test_mapping(void **state)
{
    check_append(unicode_append_upper, "", "");
    check_append(unicode_append_upper, "Hello, World [`{@]!", "HELLO, WORLD [`{@]!");
    check_append(unicode_append_lower, "Hello, World [`{@]!", "hello, world [`{@]!");
    check_append(unicode_append_upper,
                 "stra\xc3\x9f"
                 "e",
                 "STRA\xe1\xba\x9e"
                 "E");
    check_append(unicode_append_lower, "\xc4\xb0\xce\xa3", "i\xcf\x83");
    check_append(unicode_append_upper, "\xc9\x90", "\xe2\xb1\xaf"); /* two bytes become three */
    check_append(unicode_append_upper, "a\xff\xc3", "A\xff\xc3"); /* no characters: kept */
    check_append(unicode_append_reversed, "abc", "cba");
    check_append(unicode_append_reversed, "ae\xcc\x81\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa",
                 "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"
                 "e\xcc\x81"
                 "a");
    check_append(unicode_append_unaccented,
                 "\xc3\xa9"
                 "e\xcc\x81\xe1\xbb\xb1",
                 "eeu");
    check_append(unicode_append_unaccented, "\xed\x95\x9c\xc5\x82\xef\xac\x81",
                 "\xed\x95\x9c\xc5\x82\xef\xac\x81"); /* Hangul, l with stroke, fi */
    check_append(unicode_append_unaccented, "\xe0\xa4\x95\xe0\xa4\xbf\xcd\x84", "\xe0\xa4\x95");
}

/* Each ASCII byte through the words of eight, at each place. */
static void test_ascii_words(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);

    for (int c = 0; c < 128; c++) {
        for (size_t place = 0; place < 8; place++) {
            char text[] = "aZ09{@[`";
            builder out;

            text[place] = (char)c;
            builder_init(&out, account, 100);
            assert_true(unicode_append_upper(&out, (string_view){text, 8}) && unicode_append_lower(&out, (string_view){text, 8}));
            assert_int_equal(out.data[place], ascii_upper((unsigned char)c));
            assert_int_equal(out.data[8 + place], ascii_lower((unsigned char)c));
            builder_clear(&out);
        }
    }
    memory_release(account);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_case), cmocka_unit_test(test_classes),
                                              cmocka_unit_test(test_width), cmocka_unit_test(test_mapping),
                                              cmocka_unit_test(test_ascii_words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
