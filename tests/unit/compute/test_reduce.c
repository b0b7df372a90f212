/* Sums and extremes at every level against one row at a time, on random values thick with extremes, both zeros and NaN; all counts of rows from 1 to 200,
 * without and with masks, begins that no vector is aligned to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "compute/reduce.h"

#define ROWS 200

static uint64_t seed = 88172645463325252u;

static BP_WRAPS uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static const physical_type types[] = {PHYSICAL_INT8,   PHYSICAL_INT16,  PHYSICAL_INT32,  PHYSICAL_INT64,   PHYSICAL_UINT8,
                                      PHYSICAL_UINT16, PHYSICAL_UINT32, PHYSICAL_UINT64, PHYSICAL_FLOAT32, PHYSICAL_FLOAT64};

static bool is_float(physical_type type)
{
    return type == PHYSICAL_FLOAT32 || type == PHYSICAL_FLOAT64;
}

/* `numbers`: how many of the floats can be drawn, NaN last; with few of them, all are NaN or all are zeros in some slices. */
static void random_value(physical_type type, void *out, unsigned numbers)
{
    static const double reals[] = {-0.0, 0.0,   __builtin_nan(""), -__builtin_nan("7"), __builtin_inf(), -__builtin_inf(), 1.5,
                                   -1.5, 1e-310};
    static const unsigned char bytes[] = {0x00, 0x7f, 0x80, 0xff};
    uint64_t pick = next_random();

    if (type == PHYSICAL_FLOAT64) {
        memcpy(out, &reals[pick % numbers], 8);
    } else if (type == PHYSICAL_FLOAT32) {
        float real = (float)reals[pick % numbers];
        memcpy(out, &real, 4);
    } else {
        memcpy(out, &pick, physical_width(type));
        if (pick >> 62) memset(out, bytes[pick >> 60 & 3], physical_width(type));
    }
}

static int128 integer_at(physical_type type, const char *values, size_t row)
{
    size_t width = physical_width(type);
    bool is_signed = type >= PHYSICAL_INT8 && type <= PHYSICAL_INT64;
    uint64_t bits = 0;

    memcpy(&bits, values + row * width, width);
    if (is_signed && width < 8 && bits >> (width * 8 - 1)) bits |= ~UINT64_C(0) << (width * 8);
    return is_signed ? (int128)(int64_t)bits : (int128)bits;
}

static double real_at(physical_type type, const char *values, size_t row)
{
    double wide;
    float narrow;

    if (type == PHYSICAL_FLOAT64) {
        memcpy(&wide, values + row * 8, 8);
        return wide;
    }
    memcpy(&narrow, values + row * 4, 4);
    return (double)narrow;
}

/* The place of a float in the order: NaN 2, infinity 1, then by value with -0.0 before 0.0. */
static int order_of_reals(double a, double b)
{
    if (a != a || b != b) return (a != a) - (b != b);
    if (a == 0 && b == 0) return (__builtin_signbit(b) != 0) - (__builtin_signbit(a) != 0);
    return (a > b) - (a < b);
}

static int order_of(physical_type type, const char *left, size_t left_row, const char *right, size_t right_row)
{
    int128 a, b;

    if (is_float(type)) return order_of_reals(real_at(type, left, left_row), real_at(type, right, right_row));
    a = integer_at(type, left, left_row), b = integer_at(type, right, right_row);
    return (a > b) - (a < b);
}

static void check_extreme(physical_type type, const char *values, const uint64_t *valid, size_t rows, bool greatest)
{
    _Alignas(8) char out[8];
    size_t best = SIZE_MAX;

    for (size_t row = 0; row < rows; row++) {
        int order;
        if (valid && !bitmap_get(valid, row)) continue;
        order = best == SIZE_MAX ? 1 : order_of(type, values, row, values, best);
        if (best == SIZE_MAX || (greatest ? order > 0 : order < 0)) best = row;
    }
    if (best == SIZE_MAX) return;
    extreme_slice(out, greatest, type, values, valid, rows);
    if (order_of(type, out, 0, values, best) != 0)
        fail_msg("type %d, %zu rows, greatest %d at %s", (int)type, rows, greatest, cpu_level_name(cpu_level()));
    if (is_float(type) && real_at(type, out, 0) != real_at(type, out, 0)) { /* one NaN for all */
        double wide = __builtin_nan("");
        float narrow = __builtin_nanf("");
        assert_memory_equal(out, type == PHYSICAL_FLOAT64 ? (void *)&wide : (void *)&narrow, physical_width(type));
    }
}

static void check_sum(physical_type type, const char *values, const uint64_t *valid, size_t rows)
{
    int128 wanted = 0;

    for (size_t row = 0; row < rows; row++)
        if (!valid || bitmap_get(valid, row)) wanted += integer_at(type, values, row);
    if (sum_slice(type, values, valid, rows) != wanted)
        fail_msg("sum of type %d, %zu rows at %s", (int)type, rows, cpu_level_name(cpu_level()));
}

static void check_rows(physical_type type, size_t rows)
{
    _Alignas(8) static char values[(ROWS + 1) * 8];
    size_t width = physical_width(type);
    unsigned numbers = (unsigned[]){9, 9, 2, 4}[rows % 4];
    uint64_t valid[ROWS / 64 + 1];
    char *begin = values + width * (rows % 2);

    for (size_t i = 0; i <= rows; i++) random_value(type, values + i * width, numbers);
    for (size_t i = 0; i < ARRAY_LENGTH(valid); i++) valid[i] = (rows % 3 ? next_random() : UINT64_MAX) & (i == 1 ? 0 : UINT64_MAX);
    for (int masked = 0; masked < 2; masked++) {
        const uint64_t *mask = masked ? valid : NULL;
        check_extreme(type, begin, mask, rows, false);
        check_extreme(type, begin, mask, rows, true);
        if (!is_float(type)) check_sum(type, begin, mask, rows);
    }
}

static void test_all(void **state)
{
    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (size_t t = 0; t < ARRAY_LENGTH(types); t++) {
            assert_true(extreme_has_kernel(types[t]));
            assert_int_equal(sum_has_kernel(types[t]), !is_float(types[t]));
            for (size_t rows = 1; rows <= ROWS; rows++) check_rows(types[t], rows);
        }
    }
    cpu_force_level(CPU_AVX512);
}

/* The extremes of 64 bits add up without loss. */
static void test_extreme_sums(void **state)
{
    static int64_t lows[1000];
    static uint64_t highs[1000];

    (void)state;
    for (size_t i = 0; i < 1000; i++) lows[i] = INT64_MIN, highs[i] = UINT64_MAX;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        assert_true(sum_slice(PHYSICAL_INT64, lows, NULL, 1000) == (int128)INT64_MIN * 1000);
        assert_true(sum_slice(PHYSICAL_UINT64, highs, NULL, 1000) == (int128)UINT64_MAX * 1000);
    }
    cpu_force_level(CPU_AVX512);
    assert_false(sum_has_kernel(PHYSICAL_INT128) || extreme_has_kernel(PHYSICAL_STRING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all), cmocka_unit_test(test_extreme_sums)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
