/* Casts at every level against one value at a time through int128 and rint(): random values, the edges of every type and their neighbours, halves, NaN and
 * infinities; all counts of rows from 0 to 200. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "compute/cast.h"

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

static bool is_signed(physical_type type)
{
    return type >= PHYSICAL_INT8 && type <= PHYSICAL_INT64;
}

/* tame: values that fit nearly everything. */
static double random_real(bool tame)
{
    static const double reals[] = {0.5,
                                   -0.5,
                                   1.5,
                                   2.5,
                                   -2.5,
                                   -0.0,
                                   127.5,
                                   -128.5,
                                   255.5,
                                   32767.5,
                                   65535.5,
                                   2147483647.5,
                                   4294967295.5,
                                   0x1p63,
                                   -0x1p63,
                                   0x1p64,
                                   0x1.fffffffffffffp62,
                                   0x1.fffffffffffffp52,
                                   0x1p52,
                                   0x1.8p52,
                                   4503599627370495.5,
                                   3.4028235677973366e38,
                                   3.5e38,
                                   -1e39,
                                   1e300,
                                   1e-310,
                                   __builtin_inf(),
                                   -__builtin_inf(),
                                   __builtin_nan(""),
                                   -0x1p31,
                                   -0x1.00000001p31,
                                   0.49999999999999994};

    return tame ? (double)(next_random() % 400) / 4 : reals[next_random() % ARRAY_LENGTH(reals)];
}

static void random_value(physical_type type, char *out, bool tame)
{
    static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0xff};
    uint64_t value = tame ? next_random() % 100 : next_random() >> (next_random() % 64);
    double real = random_real(tame);
    float narrow = (float)real;

    if (type == PHYSICAL_FLOAT64) {
        memcpy(out, &real, 8);
    } else if (type == PHYSICAL_FLOAT32) {
        memcpy(out, &narrow, 4);
    } else {
        memcpy(out, &value, physical_width(type));
        if (tame || next_random() % 3) return;
        memset(out, edges[next_random() % 4], physical_width(type));
        out[physical_width(type) - 1] = (char)edges[next_random() % 4];
    }
}

static int128 integer_at(physical_type type, const char *at)
{
    size_t width = physical_width(type);
    uint64_t bits = 0;

    memcpy(&bits, at, width);
    if (is_signed(type) && width < 8 && bits >> (width * 8 - 1)) bits |= ~UINT64_C(0) << (width * 8);
    return is_signed(type) ? (int128)(int64_t)bits : (int128)bits;
}

static double real_at(physical_type type, const char *at)
{
    double wide;
    float narrow;

    if (type == PHYSICAL_FLOAT32) {
        memcpy(&narrow, at, 4);
        return (double)narrow;
    }
    memcpy(&wide, at, 8);
    return wide;
}

/* The value's cast; false: it does not fit. */
static bool cast_dully(physical_type from, const char *in, physical_type to, char *out)
{
    int128 least = is_signed(to) ? -((int128)1 << (physical_width(to) * 8 - 1)) : 0;
    int128 most = least + (((int128)1 << (physical_width(to) * 8)) - 1), integer;
    double real = is_float(from) ? real_at(from, in) : 0;

    if (to == PHYSICAL_FLOAT64 && !is_float(from)) {
        real = (double)integer_at(from, in);
    } else if (to == PHYSICAL_FLOAT32) {
        float narrow = is_float(from) ? (float)real : (float)integer_at(from, in);
        memcpy(out, &narrow, 4);
        return !isinf(narrow) || isinf(real);
    }
    if (to == PHYSICAL_FLOAT64) {
        memcpy(out, &real, 8);
        return true;
    }
    if (is_float(from) && !(fabs(real) < 0x1p100)) return false;
    integer = is_float(from) ? (int128)rint(real) : integer_at(from, in);
    memcpy(out, &integer, physical_width(to));
    return integer >= least && integer <= most;
}

static void check_pair(physical_type from, physical_type to, size_t rows, bool tame)
{
    _Alignas(8) static char in[(ROWS + 1) * 8], out[ROWS * 8];
    size_t from_width = physical_width(from), to_width = physical_width(to);
    const char *begin = in + from_width * (rows % 2);
    uint64_t bad[ROWS / 64 + 1] = {0};
    bool misfit = false, told;

    for (size_t i = 0; i <= rows; i++) random_value(from, in + i * from_width, tame || (i && rows % 5 == 0));
    told = cast_slice(out, to, begin, from, rows);
    cast_misfits(bad, to, begin, from, rows);
    for (size_t row = 0; row < rows; row++) {
        char wanted[16];
        bool fits = cast_dully(from, begin + row * from_width, to, wanted);
        misfit |= !fits;
        if (bitmap_get(bad, row) == fits ||
            (fits && memcmp(wanted, out + row * to_width, to_width) != 0 &&
             !(is_float(to) && isnan(real_at(to, wanted)) && isnan(real_at(to, out + row * to_width)))))
            fail_msg("type %d to %d row %zu of %zu at %s", (int)from, (int)to, row, rows, cpu_level_name(cpu_level()));
    }
    if (told != misfit)
        fail_msg("type %d to %d, %zu rows at %s: misfit %d", (int)from, (int)to, rows, cpu_level_name(cpu_level()), told);
}

static void test_all(void **state)
{
    (void)state;
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) break;
        for (size_t f = 0; f < ARRAY_LENGTH(types); f++)
            for (size_t t = 0; t < ARRAY_LENGTH(types); t++) {
                assert_int_equal(cast_has_kernel(types[f], types[t]), !(f == t && is_float(types[f])));
                for (size_t rows = 0; rows <= ROWS && cast_has_kernel(types[f], types[t]); rows++)
                    check_pair(types[f], types[t], rows, rows % 2);
            }
    }
    cpu_force_level(CPU_AVX512);
    assert_false(cast_has_kernel(PHYSICAL_INT128, PHYSICAL_INT64) || cast_has_kernel(PHYSICAL_BIT, PHYSICAL_INT8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
