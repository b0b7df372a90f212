/* AND, OR and NOT of bitmaps at every level, bit by bit against SQL's tables of truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "compute/boolean.h"

#define WORDS 70

static uint64_t seed = 88172645463325252u;

static BP_WRAPS uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void fill(uint64_t *words)
{
    for (size_t i = 0; i < WORDS; i++) words[i] = next_random();
}

static void check_step(size_t words, bool is_or, bool nulls)
{
    uint64_t is_true[WORDS], is_false[WORDS], values[3][WORDS], validity[3][WORDS];

    memset(is_true, is_or ? 0 : 0xff, sizeof is_true);
    memset(is_false, is_or ? 0xff : 0, sizeof is_false);
    for (size_t o = 0; o < 3; o++) {
        fill(values[o]);
        fill(validity[o]);
        boolean_step(is_true, is_false, values[o], nulls ? validity[o] : NULL, words, is_or);
    }
    for (size_t row = 0; row < words * 64; row++) {
        size_t trues = 0, falses = 0;
        for (size_t o = 0; o < 3; o++) {
            bool valid = !nulls || bitmap_get(validity[o], row), value = bitmap_get(values[o], row);
            trues += valid && value;
            falses += valid && !value;
        }
        assert_int_equal(bitmap_get(is_true, row), is_or ? trues > 0 : trues == 3);
        assert_int_equal(bitmap_get(is_false, row), is_or ? falses == 3 : falses > 0);
    }
}

static void test_every_level(void **state)
{
    uint64_t one[WORDS], other[WORDS], out[WORDS];

    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) continue;
        for (size_t words = 0; words < WORDS; words++) {
            for (unsigned mode = 0; mode < 4; mode++) check_step(words, mode & 1, mode & 2);
            for (unsigned is_or = 0; is_or < 2; is_or++) {
                fill(one);
                fill(other);
                memcpy(out, one, sizeof out);
                boolean_join(out, other, words, is_or);
                for (size_t i = 0; i < WORDS; i++)
                    assert_true(out[i] == (i >= words ? one[i] : is_or ? one[i] | other[i] : one[i] & other[i]));
            }
            boolean_not(out, one, words);
            for (size_t i = 0; i < words; i++) assert_true(out[i] == ~one[i]);
        }
    }
    cpu_force_level(CPU_AVX512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_level)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
