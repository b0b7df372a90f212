/* The kernels of compute/ and the substring search of base/ on one batch in the cache, at every level of this processor: nanoseconds a row, the best of many
 * rounds in processor time.
 *
 * Built as build/plain/bench/bench_kernels. */
#define _GNU_SOURCE /* memmem */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "base/find.h"
#include "compute/arithmetic.h"
#include "compute/boolean.h"
#include "compute/cast.h"
#include "compute/hash_slice.h"
#include "compute/reduce.h"
#include "compute/match.h"
#include "compute/order_slice.h"
#include "compute/select.h"

#define ROWS 2048
#define ROUNDS 20
#define TIMES 400

static int64_t integers[ROWS], others[ROWS], results[ROWS];
static double reals[ROWS];
static uint64_t half[ROWS / 64], most[ROWS / 64]; /* masks: every second row at random, six of seven */
static uint32_t selection[ROWS + SELECT_ROOM];
static string_ref texts[ROWS]; /* of 10 … 43 bytes, as TPC-H's comments are */
static volatile size_t sink;

static double nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint32_t next_random(void)
{
    static uint32_t random = 1;

    return (random = random * 1664525u + 1013904223u) >> 8;
}

static void make_data(void)
{
    static const char *const words[16] = {"the ",       "quick ",    "ironic ",    "bold ",   "slyly ",    "regular ",
                                          "furiously ", "deposits ", "among ",     "final ",  "packages ", "special ",
                                          "requests ",  "accounts ", "carefully ", "pending "};
    static char bytes[ROWS * 64];

    for (size_t i = 0; i < ROWS; i++) {
        size_t size = 10 + next_random() % 34;
        char *text = bytes + i * 64;
        for (size_t at = 0; at < size;) {
            const char *word = words[next_random() % 16];
            memcpy(text + at, word, strlen(word));
            at += strlen(word);
        }
        texts[i] = string_ref_of(text, size);
        integers[i] = next_random(), others[i] = next_random(), reals[i] = (double)next_random() / 16;
        if (next_random() % 2) bitmap_set(half, i);
        if (i % 7) bitmap_set(most, i);
    }
}

#define MEASURE(name, ...)                                                                                                         \
    do {                                                                                                                           \
        printf("%-34s", name);                                                                                                     \
        for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {                                                          \
            double best = 1e30;                                                                                                    \
            if (level == CPU_SSE42 || cpu_force_level(level) != level) continue;                                                   \
            for (int round = 0; round < ROUNDS; round++) {                                                                         \
                double begin = nanoseconds(), time;                                                                                \
                for (int i = 0; i < TIMES; i++) __VA_ARGS__;                                                                       \
                time = (nanoseconds() - begin) / TIMES / ROWS;                                                                     \
                if (time < best) best = time;                                                                                      \
            }                                                                                                                      \
            printf("%8.2f", best);                                                                                                 \
        }                                                                                                                          \
        printf("\n");                                                                                                              \
    } while (0)

static void match_all(const match_pattern *pattern)
{
    uint64_t bits[ROWS / 64] = {0};

    for (size_t row = 0; row < ROWS;) row = match_texts(bits, pattern, texts, row, ROWS);
    sink += bits[0];
}

static void search_by_library(void)
{
    for (size_t i = 0; i < ROWS; i++) sink += memmem(string_ref_data(&texts[i]), texts[i].size, "special", 7) != NULL;
}

int main(void)
{
    match_pattern special = match_part(STRING_VIEW("special")), prefix = match_prefix(STRING_VIEW("the ")), two;
    double extreme;

    if (!match_parse(&two, STRING_VIEW("%special%requests%"))) return 1;
    make_data();
    printf("%-34s%8s%8s%8s\n", "ns a row", "scalar", "avx2", "avx512");
    MEASURE("memmem() 'special'", search_by_library());
    MEASURE("LIKE '%special%'", match_all(&special));
    MEASURE("LIKE '%special%requests%'", match_all(&two));
    MEASURE("LIKE 'the %'", match_all(&prefix));
    MEASURE("select half the rows", sink += select_rows(selection, half, ROWS));
    MEASURE("sum of int64", sink += (size_t)sum_slice(PHYSICAL_INT64, integers, NULL, ROWS));
    MEASURE("sum of int64 under a mask", sink += (size_t)sum_slice(PHYSICAL_INT64, integers, most, ROWS));
    MEASURE("greatest int64 under a mask", extreme_slice(results, true, PHYSICAL_INT64, integers, most, ROWS));
    MEASURE("least double", extreme_slice(&extreme, false, PHYSICAL_FLOAT64, reals, NULL, ROWS));
    MEASURE("int64 + int64",
            sink += arithmetic_slices(results, ARITHMETIC_ADD, PHYSICAL_INT64, integers, others, OPERANDS_VECTORS, ROWS));
    MEASURE("int64 * int64",
            sink += arithmetic_slices(results, ARITHMETIC_MULTIPLY, PHYSICAL_INT64, integers, others, OPERANDS_VECTORS, ROWS));
    MEASURE("int64 below 10^15", sink += arithmetic_beyond(integers, INT64_C(1000000000000000), ROWS));
    MEASURE("int64 to int32", sink += cast_slice(results, PHYSICAL_INT32, integers, PHYSICAL_INT64, ROWS));
    MEASURE("double to int32", sink += cast_slice(results, PHYSICAL_INT32, reals, PHYSICAL_FLOAT64, ROWS));
    MEASURE("double to int64", sink += cast_slice(results, PHYSICAL_INT64, reals, PHYSICAL_FLOAT64, ROWS));
    MEASURE("hash of int64", hash_slice((uint64_t *)results, PHYSICAL_INT64, integers, ROWS));
    MEASURE("hash of double", hash_slice((uint64_t *)results, PHYSICAL_FLOAT64, reals, ROWS));
    MEASURE("sort keys of int64", order_slice(results, PHYSICAL_INT64, integers, false, ROWS));
    MEASURE("sort keys of double", order_slice(results, PHYSICAL_FLOAT64, reals, true, ROWS));
    MEASURE("AND of bitmaps", boolean_join(half, most, ROWS / 64, true));
    return 0;
}
