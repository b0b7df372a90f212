/* Bytes that compare as the numbers do, at every level: all pairs of random and extreme values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "compute/order_slice.h"

#define ROWS 67

static uint64_t seed = 88172645463325252u;

static BP_WRAPS uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* NaN is greatest, -0.0 is 0.0. */
static int compare_reals(double left, double right)
{
    if (left != left || right != right) return (left != left) - (right != right);
    return (left > right) - (left < right);
}

static int compare(physical_type type, const void *values, size_t i, size_t j)
{
#define BY(type)                                                                                                                   \
    return (((const type *)values)[i] > ((const type *)values)[j]) - (((const type *)values)[i] < ((const type *)values)[j])
    switch (type) {
    case PHYSICAL_INT8: BY(int8_t);
    case PHYSICAL_INT16: BY(int16_t);
    case PHYSICAL_INT32: BY(int32_t);
    case PHYSICAL_INT64: BY(int64_t);
    case PHYSICAL_UINT8: BY(uint8_t);
    case PHYSICAL_UINT16: BY(uint16_t);
    case PHYSICAL_UINT32: BY(uint32_t);
    case PHYSICAL_UINT64: BY(uint64_t);
    case PHYSICAL_FLOAT32: return compare_reals((double)((const float *)values)[i], (double)((const float *)values)[j]);
    default: return compare_reals(((const double *)values)[i], ((const double *)values)[j]);
    }
#undef BY
}

static void random_values(physical_type type, void *out)
{
    static const double reals[] = {0.0, -0.0, 1.5, -1.5, INFINITY, -INFINITY, NAN, -NAN, 1e-310, -1e-310};

    for (size_t i = 0; i < ROWS; i++) {
        double real = i % 2 ? (double)(int64_t)next_random() : reals[next_random() % ARRAY_LENGTH(reals)];
        if (type == PHYSICAL_FLOAT64)
            ((double *)out)[i] = real;
        else if (type == PHYSICAL_FLOAT32)
            ((float *)out)[i] = (float)real;
        else
            ((uint64_t *)out)[i] = i % 3 ? next_random() : i % 2 ? UINT64_C(0x7fffffffffffffff) : UINT64_C(0x8080808080808080);
    }
}

static void check(physical_type type, const void *values, const char *bytes, size_t rows, bool descending)
{
    size_t width = physical_width(type);

    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < rows; j++) {
            int wanted = compare(type, values, i, j), found = memcmp(bytes + i * width, bytes + j * width, width);
            assert_int_equal((found > 0) - (found < 0), descending ? -wanted : wanted);
        }
    }
}

static void test_every_level(void **state)
{
    _Alignas(8) char values[ROWS * 8], bytes[ROWS * 8];

    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) continue;
        for (physical_type type = PHYSICAL_NONE; type <= PHYSICAL_ARRAY; type++) {
            if (!order_slice_has_kernel(type)) continue;
            for (size_t rows = 0; rows <= ROWS; rows++) {
                random_values(type, values);
                order_slice(bytes, type, values, rows % 2, rows);
                check(type, values, bytes, rows, rows % 2);
            }
        }
    }
    cpu_force_level(CPU_AVX512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_level)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
