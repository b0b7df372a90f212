/* Numbers: hand values from the definitions (two's complement ranges, decimal rounding), DuckDB 2.0's text forms, and random bit patterns
 * against the C library's strtod, strtof and printf. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/number.h"

#define ENDS(text) (text), (text) + strlen(text)

/* A generator of its own, so that the tests of base/random and this one stay apart. */
static uint64_t next_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void test_integers(void **state)
{
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;

    assert_int_equal(number_parse_int8(ENDS("-128"), &i8), NUMBER_OK);
    assert_int_equal(i8, -128);
    assert_int_equal(number_parse_int8(ENDS("128"), &i8), NUMBER_OVERFLOW);
    assert_int_equal(number_parse_int8(ENDS("-129"), &i8), NUMBER_OVERFLOW);
    assert_int_equal(number_parse_uint8(ENDS("255"), &u8), NUMBER_OK);
    assert_int_equal(u8, 255);
    assert_int_equal(number_parse_uint8(ENDS("256"), &u8), NUMBER_OVERFLOW);
    assert_int_equal(number_parse_uint8(ENDS("-0"), &u8), NUMBER_OK);
    assert_int_equal(number_parse_uint8(ENDS("-1"), &u8), NUMBER_OVERFLOW);
    assert_int_equal(number_parse_int16(ENDS("+32767"), &i16), NUMBER_OK);
    assert_int_equal(i16, 32767);
    assert_int_equal(number_parse_int16(ENDS("-32769"), &i16), NUMBER_OVERFLOW);
    assert_int_equal(number_parse_uint16(ENDS("00065535"), &u16), NUMBER_OK);
    assert_int_equal(u16, 65535);
    assert_int_equal(number_parse_int32(ENDS("-2147483648"), &i32), NUMBER_OK);
    assert_int_equal(i32, INT32_MIN);
    assert_int_equal(number_parse_int32(ENDS("2147483648"), &i32), NUMBER_OVERFLOW);
    assert_int_equal(number_parse_uint32(ENDS("4294967295"), &u32), NUMBER_OK);
    assert_int_equal(u32, UINT32_MAX);
    assert_int_equal(number_parse_int64(ENDS("-9223372036854775808"), &i64), NUMBER_OK);
    assert_true(i64 == INT64_MIN);
    assert_int_equal(number_parse_int64(ENDS("9223372036854775808"), &i64), NUMBER_OVERFLOW);
    assert_int_equal(number_parse_uint64(ENDS("18446744073709551615"), &u64), NUMBER_OK);
    assert_true(u64 == UINT64_MAX);
    assert_int_equal(number_parse_uint64(ENDS("18446744073709551616"), &u64), NUMBER_OVERFLOW);
    assert_int_equal(number_parse_uint64(ENDS("00000000000000000000000000000000000000000000000000001"), &u64), NUMBER_OK);
    assert_true(u64 == 1);
}

static void test_integers_bad(void **state)
{
    static const char *const bad[] = {"", "-", "+", "1 ", " 1", "1.0", "1e3", "--1", "12345678a", "a", "1_000", "0x10"};
    static const char nul[3] = {'1', 0, '2'};
    int64_t value = 77;

    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(number_parse_int64(ENDS(bad[i]), &value), NUMBER_BAD);
        assert_int_equal(value, 77);
    }
    assert_int_equal(number_parse_int64(nul, nul + 3, &value), NUMBER_BAD);
    /* Too long but not a number is still no number. */
    assert_int_equal(number_parse_int64(ENDS("99999999999999999999999999999999999999999999999999x"), &value), NUMBER_BAD);
    assert_int_equal(number_parse_int64(ENDS("99999999999999999999999999999999999999999999999999"), &value), NUMBER_OVERFLOW);
}

static void test_wide_integers(void **state)
{
    char text[NUMBER_INT128_SIZE + 1] = "";
    int128 i128;
    uint128 u128;

    assert_int_equal(number_parse_int128(ENDS("-170141183460469231731687303715884105728"), &i128), NUMBER_OK);
    assert_true(i128 == (int128)((uint128)1 << 127));
    assert_int_equal(number_print_int128(text, i128), 40);
    assert_string_equal(text, "-170141183460469231731687303715884105728");
    assert_int_equal(number_parse_int128(ENDS("170141183460469231731687303715884105728"), &i128), NUMBER_OVERFLOW);
    assert_int_equal(number_parse_uint128(ENDS("340282366920938463463374607431768211455"), &u128), NUMBER_OK);
    assert_true(u128 == ~(uint128)0);
    assert_int_equal(number_parse_uint128(ENDS("340282366920938463463374607431768211456"), &u128), NUMBER_OVERFLOW);
    memset(text, 0, sizeof text);
    assert_int_equal(number_print_uint128(text, ~(uint128)0), 39);
    assert_string_equal(text, "340282366920938463463374607431768211455");
}

static void test_scan(void **state)
{
    const char *text = "1_000_000_ rest", *at = text;
    uint128 magnitude;
    bool negative;
    uint64_t value;

    assert_int_equal(number_scan_integer(&at, text + 15, NUMBER_UNDERSCORES, &magnitude, &negative), NUMBER_OK);
    assert_true(magnitude == 1000000 && !negative && at == text + 9);
    at = text = "-7";
    assert_int_equal(number_scan_integer(&at, text + 2, NUMBER_NO_SIGN, &magnitude, &negative), NUMBER_BAD);
    assert_true(at == text);
    at = text = "+7";
    assert_int_equal(number_scan_integer(&at, text + 2, NUMBER_NO_PLUS, &magnitude, &negative), NUMBER_BAD);
    assert_int_equal(number_parse_base(ENDS("fF_0"), 16, NUMBER_UNDERSCORES, &value), NUMBER_OK);
    assert_int_equal(value, 0xff0);
    assert_int_equal(number_parse_base(ENDS("102"), 2, 0, &value), NUMBER_BAD);
    assert_int_equal(number_parse_base(ENDS("10000000000000000"), 16, 0, &value), NUMBER_OVERFLOW);
    assert_int_equal(number_parse_base(ENDS("1__0"), 16, NUMBER_UNDERSCORES, &value), NUMBER_BAD);
    assert_int_equal(number_parse_base(ENDS("1_"), 16, NUMBER_UNDERSCORES, &value), NUMBER_BAD);
}

static void test_random_integers(void **state)
{
    uint64_t seed = 1;
    char buffer[64], expected[32];

    memset(buffer, '7', sizeof buffer);
    for (int i = 0; i < 300000; i++) {
        uint64_t bits = next_random(&seed);
        int64_t value = (int64_t)bits >> (next_random(&seed) & 63), parsed = 0, fast = 0;
        size_t size = number_print_int64(buffer + 32, value);

        (void)snprintf(expected, sizeof expected, "%lld", (long long)value);
        assert_int_equal(size, strlen(expected));
        assert_memory_equal(buffer + 32, expected, size);
        assert_int_equal(number_parse_int64(buffer + 32, buffer + 32 + size, &parsed), NUMBER_OK);
        assert_true(parsed == value);
        if (number_fast_int64(buffer + 32, buffer + 32 + size, buffer, &fast))
            assert_true(fast == value);
        else
            assert_true(size - (value < 0) > 16);
        buffer[32 + (bits & 15) % size] = (char)(bits >> 8 & 127);
        if (number_fast_int64(buffer + 32, buffer + 32 + size, buffer, &fast)) {
            assert_int_equal(number_parse_int64(buffer + 32, buffer + 32 + size, &parsed), NUMBER_OK);
            assert_true(parsed == fast);
        }
    }
}

static double parse(const char *text)
{
    double value = -1;

    if (number_parse_double(ENDS(text), &value) == NUMBER_BAD) return NAN;
    return value;
}

static void test_doubles(void **state)
{
    static const char *const good[] = {
        "0",
        "-0",
        "1",
        "1.",
        ".5",
        "+1.5e3",
        "1e5",
        "1E-5",
        "123456789012345678901234567890",
        "0.1",
        "1e-400",
        "1e22",
        "1e23",
        "9007199254740993",
        "9007199254740992.99999999999999999999999999999",
        "9007199254740993.00000000000000000000000000000000000000000000000000000001",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "8.5e-320",
        "0.000000000000000000000000000000000000000000000000000001e54",
        "6.9294956446009195e15",
        "3."
        "23788391330290128958835241250153217486303766942310805990129704955230197067067656578683574258779955786061577655983828343551"
        "43910841531692526891905643964595773946180389283653051434639551003566966656292020173313440317300443693602052583458034314716"
        "60032699580731300954848363975548690010751530018881758184174569652173110473696022749934638425380623369774736560008997404060"
        "96749802838919187896396857543922220641698146269011334252400272438594165105129355260142115533343022523729152384332233132613"
        "84314778235911424088000307751706259156707286570031519536642607698224949379518458015308952384398197084033899378732414634842"
        "05608000027270531106827387907791444918534771598750162812548862768493201518991668028251730299953143924168545708663913273994"
        "694463908672332763671875E-319",
        "1000000000000000000000000000000000000000000000000000000000000000000000000000e-50",
        "00000000000000000000000000000000000000000012.5"};

    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        double wanted = strtod(good[i], NULL), got = parse(good[i]);

        assert_memory_equal(&got, &wanted, sizeof got);
    }
    assert_true(isinf(parse("inf")) && parse("-Infinity") == -INFINITY && isnan(parse("nAn")));
    assert_true(isnan(parse("nan")) && parse("1e400") == INFINITY);
}

static void test_doubles_bad(void **state)
{
    static const char *const bad[] = {"",      ".",  "e5", "1e",  "1e+", "-",   "+-1", "1.2.3",
                                      "infin", "na", "1f", "0x1", "1 ",  "1_0", "--1"};
    double value = 3, infinite;

    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) assert_int_equal(number_parse_double(ENDS(bad[i]), &value), NUMBER_BAD);
    assert_true(value == 3);
    assert_int_equal(number_parse_double(ENDS("-1e999"), &infinite), NUMBER_OVERFLOW);
    assert_true(infinite == -INFINITY);
    const char *at = "1.5e+x";
    assert_int_equal(number_scan_double(&at, at + 6, NUMBER_NO_NAMES, &value), NUMBER_OK);
    assert_true(value == 1.5 && *at == 'e');
}

static void check_double(double value)
{
    char text[NUMBER_DOUBLE_SIZE + 1], expected[64];
    double back = 0;
    uint64_t digits;
    int32_t exponent;
    int places = 0;
    size_t size = number_print_double(text, value);

    assert_in_range(size, 3, 24);
    text[size] = 0;
    assert_true(strtod(text, NULL) == value);
    assert_int_equal(number_parse_double(text, text + size, &back), NUMBER_OK);
    assert_memory_equal(&back, &value, sizeof value);
    /* The shortest that printf finds has the same number of digits, and its digits are the nearest. */
    number_shortest_double(fabs(value), &digits, &exponent);
    do (void)snprintf(expected, sizeof expected, "%.*e", places, fabs(value));
    while (strtod(expected, NULL) != fabs(value) && ++places < 20);
    size = number_print_uint64(text, digits);
    assert_int_equal(size, places + 1);
    assert_memory_equal(text, expected, 1);
    assert_memory_equal(text + 1, expected + 2, size - 1);
}

static void test_random_doubles(void **state)
{
    uint64_t seed = 2;

    for (int i = 0; i < 1000000; i++) {
        uint64_t bits = next_random(&seed);
        double value, back = 0;
        char text[40];

        if (i % 3 == 1) bits &= 0xfffffffff8000000u;
        memcpy(&value, &bits, 8);
        if (!isfinite(value) || value == 0) continue;
        if (i % 20 == 0) {
            check_double(value);
            continue;
        }
        size_t size = number_print_double(text, value);
        assert_int_equal(number_parse_double(text, text + size, &back), NUMBER_OK);
        assert_memory_equal(&back, &value, sizeof value);
    }
}

/* Random texts of many lengths, near halfway points too. */
static void test_random_texts(void **state)
{
    uint64_t seed = 3;
    char text[900];

    for (int i = 0; i < 60000; i++) {
        uint64_t bits = next_random(&seed);
        int size;
        double wanted, got;

        if (i % 2) {
            size = snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)(bits >> (bits & 63)),
                            (unsigned long long)next_random(&seed), (int)(next_random(&seed) % 700) - 350);
        } else { /* between two doubles: m + 1/2 units, exactly, or a little off */
            double low, high;

            memcpy(&low, &bits, 8);
            bits++;
            memcpy(&high, &bits, 8);
            if (!isfinite(low) || !isfinite(high) || fabs(low) < 1e-290) continue;
            size = snprintf(text, sizeof text, "%.*Le", i % 4 ? 30 : 760, ((long double)low + (long double)high) / 2);
        }
        wanted = strtod(text, NULL);
        got = NAN;
        (void)number_parse_double(text, text + size, &got);
        assert_memory_equal(&got, &wanted, sizeof got);

        float wanted_float = strtof(text, NULL), got_float = NAN;
        (void)number_parse_float(text, text + size, &got_float);
        assert_memory_equal(&got_float, &wanted_float, sizeof got_float);
    }
}

static void test_random_floats(void **state)
{
    uint64_t seed = 4;

    for (int i = 0; i < 400000; i++) {
        uint32_t bits = (uint32_t)next_random(&seed);
        float value, back = 0;
        char text[NUMBER_DOUBLE_SIZE + 1], expected[40];
        int places = 0;

        if (i < 255) bits = (uint32_t)i << 23;
        memcpy(&value, &bits, 4);
        if (!isfinite(value)) continue;
        size_t size = number_print_float(text, value);
        text[size] = 0;
        assert_int_equal(number_parse_float(text, text + size, &back), NUMBER_OK);
        assert_memory_equal(&back, &value, sizeof value);
        if (i % 10 || value == 0) continue;
        do (void)snprintf(expected, sizeof expected, "%.*e", places, (double)fabsf(value));
        while (strtof(expected, NULL) != fabsf(value) && ++places < 20);
        uint32_t digits;
        int32_t exponent;
        number_shortest_float(fabsf(value), &digits, &exponent);
        size = number_print_uint64(text, digits);
        assert_int_equal(size, places + 1);
        assert_memory_equal(text + 1, expected + 2, size - 1);
    }
}

/* What DuckDB 2.0.0 prints for CAST(x AS VARCHAR). */
static void test_print_forms(void **state)
{
    static const struct {
        double value;
        const char *text;
    } forms[] = {{1, "1.0"},
                 {0.1, "0.1"},
                 {-0.0, "-0.0"},
                 {1e15, "1000000000000000.0"},
                 {1e16, "1e+16"},
                 {1.23456789012345678e17, "1.2345678901234568e+17"},
                 {1e-4, "0.0001"},
                 {1e-5, "1e-05"},
                 {1.5e-5, "1.5e-05"},
                 {1e22, "1e+22"},
                 {1e100, "1e+100"},
                 {1e-310, "1e-310"},
                 {-1234.5, "-1234.5"},
                 {INFINITY, "inf"},
                 {-INFINITY, "-inf"},
                 {NAN, "nan"},
                 {-NAN, "nan"},
                 {5e-324, "5e-324"},
                 {1.7976931348623157e308, "1.7976931348623157e+308"},
                 {9007199254740992.0, "9007199254740992.0"},
                 {0.012345, "0.012345"}};
    char text[NUMBER_DOUBLE_SIZE];

    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        size_t size = number_print_double(text, forms[i].value);

        assert_int_equal(size, strlen(forms[i].text));
        assert_memory_equal(text, forms[i].text, size);
    }
    assert_int_equal(number_print_float(text, 123456789.0f), 11);
    assert_memory_equal(text, "123456790.0", 11);
    assert_int_equal(number_print_float(text, 3.4e38f), 7);
    assert_memory_equal(text, "3.4e+38", 7);
}

static void test_fixed(void **state)
{
    uint64_t seed = 5;
    char text[512], expected[512];

    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next_random(&seed);
        unsigned places = (unsigned)(next_random(&seed) % 40);
        double value;

        memcpy(&value, &bits, 8);
        if (i % 2) value = (double)(int64_t)bits / (double)(1 << (places % 30)) / (double)(bits & 0xffff);
        if (i % 5 == 0) value = (double)(bits % 2000) / 8, places %= 3; /* ties */
        if (!isfinite(value)) continue;
        text[number_print_fixed(text, value, places)] = 0;
        (void)snprintf(expected, sizeof expected, "%.*f", (int)places, value);
        assert_string_equal(text, expected);
        text[number_print_scientific(text, value, places)] = 0;
        (void)snprintf(expected, sizeof expected, "%.*e", (int)places, value);
        assert_string_equal(text, expected);
    }
}

static void check_decimal(const char *source, unsigned precision, unsigned scale, number_result wanted, const char *expected)
{
    char text[NUMBER_DECIMAL_SIZE + 1];
    int128 value = 0;

    assert_int_equal(number_parse_decimal(ENDS(source), precision, scale, &value), wanted);
    if (wanted == NUMBER_BAD || wanted == NUMBER_OVERFLOW) return;
    text[number_print_decimal(text, value, scale)] = 0;
    assert_string_equal(text, expected);
}

/* Values as DuckDB 2.0.0 casts them; the 38-digit ones by hand. */
static void test_decimals(void **state)
{
    check_decimal("1.005", 10, 2, NUMBER_INEXACT, "1.01");
    check_decimal("-1.005", 10, 2, NUMBER_INEXACT, "-1.01");
    check_decimal("0.004", 10, 2, NUMBER_INEXACT, "0.00");
    check_decimal("1e2", 10, 2, NUMBER_OK, "100.00");
    check_decimal("1.50", 10, 2, NUMBER_OK, "1.50");
    check_decimal("-.05", 10, 2, NUMBER_OK, "-0.05");
    check_decimal("5.", 10, 2, NUMBER_OK, "5.00");
    check_decimal("12345678.999", 10, 2, NUMBER_INEXACT, "12345679.00");
    check_decimal("99999999.995", 10, 2, NUMBER_OVERFLOW, NULL);
    check_decimal("123456789", 10, 2, NUMBER_OVERFLOW, NULL);
    check_decimal("1e7", 10, 2, NUMBER_OK, "10000000.00");
    check_decimal("1e8", 10, 2, NUMBER_OVERFLOW, NULL);
    check_decimal("0e999999999999999999999", 10, 2, NUMBER_OK, "0.00");
    check_decimal("1e999999999999999999999", 10, 2, NUMBER_OVERFLOW, NULL);
    check_decimal("9e-999999999999999999999", 10, 2, NUMBER_INEXACT, "0.00");
    check_decimal("1.5e-1", 10, 2, NUMBER_OK, "0.15");
    check_decimal("0.5e-2", 10, 2, NUMBER_INEXACT, "0.01");
    check_decimal("99999999999999999999999999999999999999", 38, 0, NUMBER_OK, "99999999999999999999999999999999999999");
    check_decimal("340282366920938463463374607431768211457", 38, 0, NUMBER_OVERFLOW, NULL);
    check_decimal("0.00000000000000000000000000000000000001", 38, 38, NUMBER_OK, "0.00000000000000000000000000000000000001");
    check_decimal("0000000000000000000000000000000000000000000001", 1, 0, NUMBER_OK, "1");
    static const char *const bad[] = {"", ".", "-", "1e", "1.2.3", "inf", "1 ", "1e+"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) check_decimal(bad[i], 10, 2, NUMBER_BAD, NULL);
}

static void test_decimal_rest(void **state)
{
    unsigned precision, scale;
    int128 value;

    assert_int_equal(number_decimal_shape(ENDS("1.50"), &precision, &scale), NUMBER_OK);
    assert_true(precision == 3 && scale == 2);
    assert_int_equal(number_decimal_shape(ENDS("-0.05"), &precision, &scale), NUMBER_OK);
    assert_true(precision == 2 && scale == 2);
    assert_int_equal(number_decimal_shape(ENDS("1200"), &precision, &scale), NUMBER_OK);
    assert_true(precision == 4 && scale == 0);
    assert_int_equal(number_decimal_shape(ENDS("0"), &precision, &scale), NUMBER_OK);
    assert_true(precision == 1 && scale == 0);
    assert_int_equal(number_decimal_shape(ENDS("1e38"), &precision, &scale), NUMBER_OVERFLOW);
    assert_true(number_round_decimal(25, 1) == 3 && number_round_decimal(-25, 1) == -3 && number_round_decimal(24, 1) == 2);
    assert_true(number_round_decimal((int128)(~(uint128)0 >> 1), 38) == 2); /* 1.70… */
    assert_true(number_decimal_to_double(1, 1) == 0.1 && number_decimal_to_double(-12345, 3) == -12.345);
    assert_true(number_decimal_to_double((int128)number_power10(37) * 3 + 1, 37) == 3.0);
    assert_int_equal(number_decimal_from_double(1.115, 10, 2, &value), NUMBER_INEXACT);
    assert_true(value == 112);
    assert_int_equal(number_decimal_from_double(-2.5, 10, 0, &value), NUMBER_INEXACT);
    assert_true(value == -3);
    assert_int_equal(number_decimal_from_double(1e8, 10, 2, &value), NUMBER_OVERFLOW);
    assert_int_equal(number_decimal_from_double(99999999.999, 10, 2, &value), NUMBER_OVERFLOW);
    assert_int_equal(number_decimal_from_double(NAN, 10, 2, &value), NUMBER_BAD);
    assert_int_equal(number_decimal_from_double(INFINITY, 38, 2, &value), NUMBER_OVERFLOW);
}

static void test_hex(void **state)
{
    char text[NUMBER_HEX_SIZE + 1] = "";

    assert_int_equal(number_print_hex(text, 0, false), 1);
    assert_string_equal(text, "0");
    assert_int_equal(number_print_hex(text, UINT64_MAX, true), 16);
    assert_string_equal(text, "FFFFFFFFFFFFFFFF");
    memset(text, 0, sizeof text);
    assert_int_equal(number_print_hex(text, 0x1f0, false), 3);
    assert_string_equal(text, "1f0");
    number_print_hex_bytes(text, "\x00\xab", 2, false);
    assert_memory_equal(text, "00ab", 4);
    assert_true(number_hex_digit('g') == -1 && number_hex_digit('F') == 15 && number_hex_digit('@') == -1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),      cmocka_unit_test(test_integers_bad),    cmocka_unit_test(test_wide_integers),
        cmocka_unit_test(test_scan),          cmocka_unit_test(test_random_integers), cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_doubles_bad),   cmocka_unit_test(test_random_doubles),  cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_random_floats), cmocka_unit_test(test_print_forms),     cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_decimals),      cmocka_unit_test(test_decimal_rest),    cmocka_unit_test(test_hex),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
