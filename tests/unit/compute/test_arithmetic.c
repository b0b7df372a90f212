/* Arithmetic at every level against one row at a time in a wider type; values thick with extremes, and with factors around those that the fast product takes;
 * all counts of rows from 0 to 200, all shapes, begins that no vector is aligned to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "compute/arithmetic.h"

#define ROWS 200

static uint64_t seed = 88172645463325252u;

static BP_WRAPS uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static const physical_type integers[] = {PHYSICAL_INT8,  PHYSICAL_INT16,  PHYSICAL_INT32,  PHYSICAL_INT64,
                                         PHYSICAL_UINT8, PHYSICAL_UINT16, PHYSICAL_UINT32, PHYSICAL_UINT64};

static bool is_signed(physical_type type)
{
    return type >= PHYSICAL_INT8 && type <= PHYSICAL_INT64;
}

static int128 integer_at(physical_type type, const char *values, size_t row)
{
    size_t width = physical_width(type);
    uint64_t bits = 0;

    memcpy(&bits, values + row * width, width);
    if (is_signed(type) && width < 8 && bits >> (width * 8 - 1)) bits |= ~UINT64_C(0) << (width * 8);
    return is_signed(type) ? (int128)(int64_t)bits : (int128)bits;
}

/* Of up to `bits` significant bits, so that many slices have no overflow and some have one. */
static void random_integer(physical_type type, char *out, unsigned bits)
{
    static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0xff};
    uint64_t value = next_random() >> (64 - bits);

    if (next_random() % 2 && is_signed(type)) value = 0 - value;
    memcpy(out, &value, physical_width(type));
    if (bits == 64 && next_random() % 2) {
        memset(out, edges[next_random() % 4], physical_width(type));
        memset(out + physical_width(type) - 1, edges[next_random() % 4], 1);
    }
}

static void check_integers(arithmetic operation, physical_type type, const char *left, const char *right, operand_shape shape,
                           size_t rows)
{
    _Alignas(16) char out[(ROWS + 1) * 8];
    size_t width = physical_width(type);
    int128 least = is_signed(type) ? -((int128)1 << (width * 8 - 1)) : 0, most = least + (((int128)1 << (width * 8)) - 1);
    bool wanted = false, told = arithmetic_slices(out, operation, type, left, right, shape, rows);

    for (size_t row = 0; row < rows; row++) {
        int128 a = integer_at(type, left, shape == OPERANDS_LEFT_CONSTANT ? 0 : row);
        int128 b = integer_at(type, right, shape == OPERANDS_RIGHT_CONSTANT ? 0 : row), exact;
        bool past = __builtin_mul_overflow(a, b, &exact) && operation == ARITHMETIC_MULTIPLY;
        if (operation != ARITHMETIC_MULTIPLY) exact = operation == ARITHMETIC_ADD ? a + b : a - b;
        wanted |= past || exact < least || exact > most;
        if (memcmp(&exact, out + row * width, width) != 0)
            fail_msg("type %d operation %d row %zu of %zu at %s", (int)type, (int)operation, row, rows,
                     cpu_level_name(cpu_level()));
    }
    if (told != wanted)
        fail_msg("type %d operation %d, %zu rows at %s: overflow %d", (int)type, (int)operation, rows, cpu_level_name(cpu_level()),
                 told);
}

static void check_type(physical_type type, size_t rows)
{
    static const unsigned sizes[] = {7, 15, 30, 31, 32, 33, 62, 64};
    char left[(ROWS + 1) * 8], right[(ROWS + 1) * 8];
    size_t width = physical_width(type);
    unsigned left_bits = sizes[next_random() % 8], right_bits = sizes[next_random() % 8];

    for (size_t i = 0; i <= rows; i++) {
        random_integer(type, left + i * width, left_bits);
        random_integer(type, right + i * width, right_bits);
    }
    for (arithmetic operation = ARITHMETIC_ADD; operation <= ARITHMETIC_MULTIPLY; operation++)
        for (operand_shape shape = OPERANDS_VECTORS; shape <= OPERANDS_LEFT_CONSTANT; shape++)
            check_integers(operation, type, left + width * (rows % 2), right, shape, rows);
}

static void test_integers(void **state)
{
    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (size_t t = 0; t < ARRAY_LENGTH(integers); t++)
            for (size_t rows = 0; rows <= ROWS; rows++) check_type(integers[t], rows);
    }
    cpu_force_level(CPU_AVX512);
}

/* Products around 2^63, alone among small ones: (2^63 - 1) = 7^2 * 73 * 127 * 337 * 92737 * 649657. */
static void test_products(void **state)
{
    static const struct {
        int64_t left, right;
        bool past;
    } cases[] = {{153092023, 60247241209, false},
                 {-153092023, 60247241209, false},
                 {INT64_C(1) << 31, INT64_C(1) << 32, true},
                 {INT64_C(-1) << 31, INT64_C(1) << 32, false},
                 {INT64_C(1) << 31, (INT64_C(1) << 32) - 1, false},
                 {INT64_MIN, -1, true},
                 {INT64_MIN, 1, false},
                 {INT64_MAX, 1, false},
                 {INT64_MAX, -1, false},
                 {INT64_MAX, 2, true},
                 {3037000500, 3037000500, true},
                 {3037000499, 3037000499, false},
                 {0, INT64_MIN, false}};

    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
            int64_t left[33], right[33], out[33];
            for (size_t row = 0; row < 33; row++) left[row] = right[row] = (int64_t)row;
            left[i] = cases[i].left, right[i] = cases[i].right;
            assert_int_equal(arithmetic_slices(out, ARITHMETIC_MULTIPLY, PHYSICAL_INT64, left, right, OPERANDS_VECTORS, 33),
                             cases[i].past);
        }
    }
    cpu_force_level(CPU_AVX512);
}

static void test_floats(void **state)
{
    static const double reals[] = {0.0, -0.0, 1.5, -1.5, 3.0, 1e300, __builtin_inf(), 1e-310, 0.1};
    double left[ROWS], right[ROWS], out[ROWS], plain[ROWS];
    float left_narrow[ROWS], right_narrow[ROWS], out_narrow[ROWS], plain_narrow[ROWS];

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        left[i] = reals[next_random() % 9], right[i] = reals[next_random() % 9];
        left_narrow[i] = (float)reals[next_random() % 5], right_narrow[i] = (float)reals[next_random() % 5];
    }
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (arithmetic operation = ARITHMETIC_ADD; operation <= ARITHMETIC_DIVIDE; operation++)
            for (operand_shape shape = OPERANDS_VECTORS; shape <= OPERANDS_LEFT_CONSTANT; shape++) {
                cpu_force_level(CPU_SCALAR);
                assert_false(arithmetic_slices(plain, operation, PHYSICAL_FLOAT64, left, right, shape, ROWS));
                assert_false(arithmetic_slices(plain_narrow, operation, PHYSICAL_FLOAT32, left_narrow, right_narrow, shape, ROWS));
                cpu_force_level(level);
                assert_false(arithmetic_slices(out, operation, PHYSICAL_FLOAT64, left, right, shape, ROWS));
                assert_false(arithmetic_slices(out_narrow, operation, PHYSICAL_FLOAT32, left_narrow, right_narrow, shape, ROWS));
                for (size_t i = 0; i < ROWS; i++) /* which sign a NaN has is the processor's affair */
                    assert_true((plain[i] != plain[i] && out[i] != out[i]) || memcmp(&plain[i], &out[i], 8) == 0);
                for (size_t i = 0; i < ROWS; i++)
                    assert_true((plain_narrow[i] != plain_narrow[i] && out_narrow[i] != out_narrow[i]) ||
                                memcmp(&plain_narrow[i], &out_narrow[i], 4) == 0);
            }
    }
    cpu_force_level(CPU_SCALAR);
    assert_false(arithmetic_slices(out, ARITHMETIC_DIVIDE, PHYSICAL_FLOAT64, reals + 2, reals + 4, OPERANDS_VECTORS, 1));
    assert_true(out[0] == 0.5);
    cpu_force_level(CPU_AVX512);
}

static void test_beyond(void **state)
{
    int64_t values[ROWS];

    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (size_t rows = 0; rows <= ROWS; rows++) {
            for (size_t i = 0; i < ROWS; i++) values[i] = i % 2 ? 99 : -99;
            assert_false(arithmetic_beyond(values, 100, rows));
            if (!rows) continue;
            values[rows - 1] = rows % 2 ? 100 : -100;
            assert_true(arithmetic_beyond(values, 100, rows));
            values[rows - 1] = rows % 2 ? INT64_MIN : INT64_MAX;
            assert_true(arithmetic_beyond(values, INT64_C(1000000000000000000), rows));
        }
    }
    cpu_force_level(CPU_AVX512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
