/* Every relation, type, shape and processor level against one comparison at a time, on random values thick with equal ones, NaN, both zeros and
 * extremes. The order is that of SQL: NaN equals itself and is greatest, -0.0 is 0.0, text by bytes, a month of an interval has 30 days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "compute/compare.h"

#define ROWS 200
#define WIDEST 16

static uint64_t seed = 88172645463325252u;

static BP_WRAPS uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static const char *const texts[] = {"",        "a", "b", "ab", "twelve bytes", "twelve bytes and more", "twelve bytes and less",
                                    "\xc3\xa4"};

/* A value of the type at `out`: few different ones, so that many pairs are equal. */
static void random_value(physical_type type, void *out)
{
    static const double reals[] = {0.0, -0.0, 1.5, -1.5, 1e300, -1e300, __builtin_inf(), -__builtin_inf(), __builtin_nan("")};
    uint64_t pick = next_random() % 9;

    if (type == PHYSICAL_STRING) {
        string_ref ref = string_ref_of(texts[pick % 8], strlen(texts[pick % 8]));
        memcpy(out, &ref, sizeof ref);
    } else if (type == PHYSICAL_FLOAT64) {
        memcpy(out, &reals[pick], 8);
    } else if (type == PHYSICAL_FLOAT32) {
        float real = (float)(pick == 4 ? 1e30 : pick == 5 ? -1e30 : reals[pick]);
        memcpy(out, &real, 4);
    } else if (type == PHYSICAL_INTERVAL) {
        interval value = {.months = (int32_t)(pick % 3), .days = (int32_t)(pick % 2) * 30, .micros = pick == 7 ? -1 : 0};
        memcpy(out, &value, sizeof value);
    } else {
        static const unsigned char bytes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
        memset(out, bytes[pick % 5], physical_width(type));
        memset(out, bytes[next_random() % 5], 1);
    }
}

#define ORDER_AS(type)                                                                                                             \
    do {                                                                                                                           \
        type a, b;                                                                                                                 \
        memcpy(&a, left, sizeof a);                                                                                                \
        memcpy(&b, right, sizeof b);                                                                                               \
        return (a > b) - (a < b);                                                                                                  \
    } while (0)

static int order_of_reals(double a, double b)
{
    if (a != a || b != b) return (a != a) - (b != b);
    return (a > b) - (a < b);
}

/* -1, 0, 1: dull on purpose. */
static int order_of(physical_type type, const void *left, const void *right)
{
    switch (type) {
    case PHYSICAL_INT8: ORDER_AS(int8_t);
    case PHYSICAL_INT16: ORDER_AS(int16_t);
    case PHYSICAL_INT32: ORDER_AS(int32_t);
    case PHYSICAL_INT64: ORDER_AS(int64_t);
    case PHYSICAL_INT128: ORDER_AS(int128);
    case PHYSICAL_UINT8: ORDER_AS(uint8_t);
    case PHYSICAL_UINT16: ORDER_AS(uint16_t);
    case PHYSICAL_UINT32: ORDER_AS(uint32_t);
    case PHYSICAL_UINT64: ORDER_AS(uint64_t);
    case PHYSICAL_UINT128: ORDER_AS(uint128);
    case PHYSICAL_FLOAT32: {
        float a, b;
        memcpy(&a, left, 4);
        memcpy(&b, right, 4);
        return order_of_reals((double)a, (double)b);
    }
    case PHYSICAL_FLOAT64: {
        double a, b;
        memcpy(&a, left, 8);
        memcpy(&b, right, 8);
        return order_of_reals(a, b);
    }
    case PHYSICAL_STRING: {
        string_ref a, b;
        size_t least;
        int order;
        memcpy(&a, left, sizeof a);
        memcpy(&b, right, sizeof b);
        least = a.size < b.size ? a.size : b.size;
        order = least ? memcmp(string_ref_data(&a), string_ref_data(&b), least) : 0;
        if (order == 0) order = (a.size > b.size) - (a.size < b.size);
        return (order > 0) - (order < 0);
    }
    default: {
        interval a, b;
        int64_t days_a, days_b;
        memcpy(&a, left, sizeof a);
        memcpy(&b, right, sizeof b);
        days_a = a.months * 30 + a.days;
        days_b = b.months * 30 + b.days;
        if (days_a != days_b) return days_a > days_b ? 1 : -1; /* the test's microseconds are less than a day */
        return (a.micros > b.micros) - (a.micros < b.micros);
    }
    }
}

static bool holds(comparison relation, int order)
{
    bool truths[] = {order == 0, order != 0, order < 0, order <= 0, order > 0, order >= 0};

    return truths[relation];
}

static const physical_type types[] = {PHYSICAL_INT8,    PHYSICAL_INT16,   PHYSICAL_INT32,  PHYSICAL_INT64,   PHYSICAL_INT128,
                                      PHYSICAL_UINT8,   PHYSICAL_UINT16,  PHYSICAL_UINT32, PHYSICAL_UINT64,  PHYSICAL_UINT128,
                                      PHYSICAL_FLOAT32, PHYSICAL_FLOAT64, PHYSICAL_STRING, PHYSICAL_INTERVAL};

static void check_rows(physical_type type, const char *left, const char *right, size_t rows)
{
    size_t width = physical_width(type);

    for (comparison relation = COMPARISON_EQUAL; relation <= COMPARISON_GREATER_EQUAL; relation++)
        for (operand_shape shape = OPERANDS_VECTORS; shape <= OPERANDS_LEFT_CONSTANT; shape++) {
            uint64_t out[ROWS / 64 + 2];
            memset(out, 0xab, sizeof out);
            compare_slices(out, relation, type, left, right, shape, rows);
            for (size_t row = 0; row < rows; row++) {
                size_t a = shape == OPERANDS_LEFT_CONSTANT ? 0 : row, b = shape == OPERANDS_RIGHT_CONSTANT ? 0 : row;
                bool wanted = holds(relation, order_of(type, left + a * width, right + b * width));
                if (bitmap_get(out, row) != wanted)
                    fail_msg("type %d relation %d shape %d row %zu of %zu at %s", (int)type, (int)relation, (int)shape, row, rows,
                             cpu_level_name(cpu_level()));
            }
            if (rows % 64) assert_int_equal(out[rows / 64] >> (rows % 64), 0);
        }
}

static void test_all(void **state)
{
    static const size_t counts[] = {1, 2, 63, 64, 65, 127, 128, 130, ROWS};
    char left[ROWS * WIDEST], right[ROWS * WIDEST];

    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            size_t width = physical_width(types[t]);
            assert_true(compare_has_kernel(types[t]));
            for (size_t i = 0; i < ROWS; i++) {
                random_value(types[t], left + i * width);
                random_value(types[t], right + i * width);
            }
            for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) check_rows(types[t], left, right, counts[i]);
        }
    }
    cpu_force_level(CPU_AVX512);
}

static void test_bits(void **state)
{
    const uint64_t left[] = {0xff00ff00ff00ff00u, 5}, right[] = {0xf0f0f0f0f0f0f0f0u, 4}, one = 1;
    uint64_t out[2];

    (void)state;
    compare_slices(out, COMPARISON_EQUAL, PHYSICAL_BIT, left, right, OPERANDS_VECTORS, 67);
    assert_true(out[0] == ~(left[0] ^ right[0]) && out[1] == 6);
    compare_slices(out, COMPARISON_LESS, PHYSICAL_BIT, left, right, OPERANDS_VECTORS, 67);
    assert_true(out[0] == (~left[0] & right[0]) && out[1] == 0);
    compare_slices(out, COMPARISON_GREATER_EQUAL, PHYSICAL_BIT, left, &one, OPERANDS_RIGHT_CONSTANT, 67);
    assert_true(out[0] == left[0] && out[1] == 5);
}

static void test_types_without_kernels(void **state)
{
    (void)state;
    assert_false(compare_has_kernel(PHYSICAL_LIST));
    assert_false(compare_has_kernel(PHYSICAL_STRUCT));
    assert_false(compare_has_kernel(PHYSICAL_INT256));
    assert_false(compare_has_kernel(PHYSICAL_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_types_without_kernels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
