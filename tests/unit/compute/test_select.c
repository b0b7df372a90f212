/* Selection vectors at every level against a loop over the bits: all counts of rows, sparse, dense, empty and full masks, bits behind the last row set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "compute/select.h"

#define ROWS 700

static uint64_t seed = 88172645463325252u;

static BP_WRAPS uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* 0: none, 1: one in 16, 2: half, 3: all but few, 4: all, 5: whole words of none or all. */
static uint64_t random_word(unsigned kind)
{
    uint64_t a = next_random(), b = next_random(), c = next_random(), d = next_random();
    uint64_t words[] = {0, a & b & c & d, a, a | b | c | d, UINT64_MAX, a & 1 ? UINT64_MAX : 0};

    return words[kind];
}

static void check(const uint64_t *bits, size_t rows)
{
    uint32_t out[ROWS + SELECT_ROOM + 1];
    size_t wanted = 0, count;

    out[rows + SELECT_ROOM] = 0xabababab;
    count = select_rows(out, bits, rows);
    for (size_t row = 0; row < rows; row++) {
        if (!bitmap_get(bits, row)) continue;
        if (wanted >= count || out[wanted] != row) fail_msg("row %zu of %zu at %s", row, rows, cpu_level_name(cpu_level()));
        wanted++;
    }
    assert_int_equal(count, wanted);
    assert_int_equal(out[rows + SELECT_ROOM], 0xabababab);
}

static void test_all(void **state)
{
    uint64_t bits[ROWS / 64 + 1];

    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (unsigned kind = 0; kind < 6; kind++)
            for (size_t rows = 0; rows <= ROWS; rows += rows < 200 ? 1 : 37) {
                for (size_t i = 0; i < ARRAY_LENGTH(bits); i++) bits[i] = random_word(kind);
                check(bits, rows);
            }
    }
    cpu_force_level(CPU_AVX512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
