/* Philox against the vectors its authors publish with Random123 (kat_vectors, "philox4x32 10"); the distributions against their laws. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"

static void test_published_vectors(void **state)
{
    static const uint32_t vectors[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}};

    for (int i = 0; i < 3; i++) {
        uint32_t out[4];

        random_philox(vectors[i], vectors[i] + 4, out);
        assert_memory_equal(out, vectors[i] + 6, sizeof out);
    }
}

static void test_streams(void **state)
{
    random_stream one = random_new(7, 0), again = random_new(7, 0), other = random_new(7, 1);
    uint32_t block[4];
    double filled[5];

    random_block(7, 0, 0, block);
    for (int i = 0; i < 4; i++) assert_int_equal(random_uint32(&one), block[i]);
    random_block(7, 0, 1, block);
    assert_int_equal(random_uint32(&one), block[0]);
    random_seek(&again, 1);
    assert_int_equal(random_uint32(&again), block[0]);
    assert_int_not_equal(random_uint64(&other), random_uint64(&again));
    random_fill_double(7, 3, 10, filled, 5);
    one = random_new(7, 3);
    random_seek(&one, 10);
    for (int i = 0; i < 5; i++) assert_true(filled[i] == random_double(&one));
    assert_true(random_split(1, 2) != random_split(1, 3) && random_split(1, 2) == random_split(1, 2));
}

/* Chi-square with 9 and 6 degrees of freedom: above 33.7 (28.1) with probability 1e-4; the seed is fixed, so this passes or fails for good. */
static void test_below(void **state)
{
    random_stream random = random_new(42, 0);

    for (uint64_t bound = 7; bound <= 10; bound += 3) {
        double counts[10] = {0}, chi = 0;

        for (int i = 0; i < 100000; i++) counts[random_below(&random, bound)]++;
        for (uint64_t i = 0; i < bound; i++) chi += pow(counts[i] - 1e5 / (double)bound, 2) / (1e5 / (double)bound);
        assert_true(chi < (bound == 7 ? 28.1 : 33.7));
    }
    for (int i = 0; i < 1000; i++) assert_true(random_below(&random, UINT64_C(0x8000000000000001)) <= UINT64_C(0x8000000000000000));
    assert_int_equal(random_below(&random, 1), 0);
}

static void test_distributions(void **state)
{
    random_stream random = random_new(1, 1);
    double sum = 0, normal_sum = 0, normal_square = 0, normal_fourth = 0;
    int count = 200000, beyond = 0;

    for (int i = 0; i < count; i++) {
        double uniform = random_double(&random), normal = random_normal(&random);

        assert_true(uniform >= 0 && uniform < 1);
        sum += uniform;
        normal_sum += normal;
        normal_square += normal * normal;
        normal_fourth += normal * normal * normal * normal;
        beyond += fabs(normal) > 1.959963984540054;
    }
    /* Four standard errors. */
    assert_true(fabs(sum / count - 0.5) < 4 * sqrt(1 / 12.0 / count));
    assert_true(fabs(normal_sum / count) < 4 / sqrt(count));
    assert_true(fabs(normal_square / count - 1) < 4 * sqrt(2.0 / count));
    assert_true(fabs(normal_fourth / count - 3) < 4 * sqrt(96.0 / count));
    assert_true(fabs(beyond / (double)count - 0.05) < 4 * sqrt(0.05 * 0.95 / count));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_published_vectors), cmocka_unit_test(test_streams),
                                              cmocka_unit_test(test_below), cmocka_unit_test(test_distributions)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
