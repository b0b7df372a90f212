/* Hashes of slices at every level against base/hash.h, a value at a time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "compute/hash_slice.h"

#define ROWS 200

static uint64_t seed = 88172645463325252u;

static BP_WRAPS uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint64_t expected(physical_type type, const void *values, size_t row)
{
    switch (type) {
    case PHYSICAL_INT8: return hash_uint64((uint64_t)(int64_t)((const int8_t *)values)[row]);
    case PHYSICAL_INT16: return hash_uint64((uint64_t)(int64_t)((const int16_t *)values)[row]);
    case PHYSICAL_INT32: return hash_uint64((uint64_t)(int64_t)((const int32_t *)values)[row]);
    case PHYSICAL_UINT8: return hash_uint64(((const uint8_t *)values)[row]);
    case PHYSICAL_UINT16: return hash_uint64(((const uint16_t *)values)[row]);
    case PHYSICAL_UINT32: return hash_uint64(((const uint32_t *)values)[row]);
    case PHYSICAL_FLOAT32: return hash_double((double)((const float *)values)[row]);
    case PHYSICAL_FLOAT64: return hash_double(((const double *)values)[row]);
    default: return hash_uint64(((const uint64_t *)values)[row]);
    }
}

static void random_values(physical_type type, void *out)
{
    static const double reals[] = {0.0, -0.0, 1.5, -1.5, INFINITY, -INFINITY, NAN, 1e-310};

    for (size_t i = 0; i < ROWS; i++) {
        if (type == PHYSICAL_FLOAT64)
            ((double *)out)[i] = i % 2 ? (double)next_random() : reals[next_random() % ARRAY_LENGTH(reals)];
        else if (type == PHYSICAL_FLOAT32)
            ((float *)out)[i] = i % 2 ? (float)next_random() : (float)reals[next_random() % ARRAY_LENGTH(reals)];
        else
            ((uint64_t *)out)[i] = next_random();
    }
}

static void test_every_level(void **state)
{
    _Alignas(8) char values[ROWS * 8];
    uint64_t hashes[ROWS], more[ROWS], joined[ROWS];

    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) continue;
        for (physical_type type = PHYSICAL_NONE; type <= PHYSICAL_ARRAY; type++) {
            if (!hash_slice_has_kernel(type)) continue;
            for (size_t rows = 0; rows <= ROWS; rows++) {
                random_values(type, values);
                hash_slice(hashes, type, values, rows);
                for (size_t i = 0; i < rows; i++) {
                    assert_true(hashes[i] == expected(type, values, i));
                    more[i] = next_random();
                    joined[i] = hashes[i];
                }
                hash_combine_slice(joined, more, rows);
                for (size_t i = 0; i < rows; i++) assert_true(joined[i] == hash_combine(hashes[i], more[i]));
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
