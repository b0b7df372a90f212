/* CPU detection by CPUID, one row of a table for each instruction set that a level needs, and the one global that remembers it.
 *
 * A level counts only with all levels below it, and the vector levels only when the operating system saves their registers (XCR0). */
#include "cpu.h"

#include <stdatomic.h>
#include <string.h>

#include "config.h"

static const char *const level_names[] = {"scalar", "sse42", "avx2", "avx512"};

#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
#include <cpuid.h>

enum { EBX = 1, ECX = 2, EDX = 3 }; /* indices into the four answers of CPUID */

static const struct {
    uint8_t level;
    uint8_t answer;
    uint8_t bit;
    uint32_t leaf;
} features[] = {
    {CPU_SSE42, ECX, 0, 1},   /* SSE3 */
    {CPU_SSE42, ECX, 9, 1},   /* SSSE3 */
    {CPU_SSE42, ECX, 13, 1},  /* CMPXCHG16B */
    {CPU_SSE42, ECX, 19, 1},  /* SSE4.1 */
    {CPU_SSE42, ECX, 20, 1},  /* SSE4.2 */
    {CPU_SSE42, ECX, 23, 1},  /* POPCNT */
    {CPU_SSE42, ECX, 0, 0x80000001}, /* LAHF, SAHF */
    {CPU_AVX2, ECX, 1, 1},    /* PCLMULQDQ */
    {CPU_AVX2, ECX, 12, 1},   /* FMA */
    {CPU_AVX2, ECX, 22, 1},   /* MOVBE */
    {CPU_AVX2, ECX, 28, 1},   /* AVX */
    {CPU_AVX2, ECX, 29, 1},   /* F16C */
    {CPU_AVX2, EBX, 3, 7},    /* BMI1 */
    {CPU_AVX2, EBX, 5, 7},    /* AVX2 */
    {CPU_AVX2, EBX, 8, 7},    /* BMI2 */
    {CPU_AVX2, ECX, 5, 0x80000001},  /* LZCNT */
    {CPU_AVX512, EBX, 16, 7}, /* F */
    {CPU_AVX512, EBX, 17, 7}, /* DQ */
    {CPU_AVX512, EBX, 21, 7}, /* IFMA */
    {CPU_AVX512, EBX, 28, 7}, /* CD */
    {CPU_AVX512, EBX, 30, 7}, /* BW */
    {CPU_AVX512, EBX, 31, 7}, /* VL */
    {CPU_AVX512, ECX, 1, 7},  /* VBMI */
    {CPU_AVX512, ECX, 6, 7},  /* VBMI2 */
    {CPU_AVX512, ECX, 10, 7}, /* VPCLMULQDQ */
    {CPU_AVX512, ECX, 12, 7}, /* BITALG */
    {CPU_AVX512, ECX, 14, 7}, /* VPOPCNTDQ */
};

/* Which registers the system saves: XCR0, or 0 when it does not say. */
static uint32_t saved_registers(void)
{
    unsigned answers[4] = {0}, low, high;

    if (!__get_cpuid(1, &answers[0], &answers[EBX], &answers[ECX], &answers[EDX]) || !(answers[ECX] >> 27 & 1)) return 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool has_feature(uint32_t leaf, uint8_t answer, uint8_t bit)
{
    unsigned answers[4] = {0};

    if (!__get_cpuid_count(leaf, 0, &answers[0], &answers[EBX], &answers[ECX], &answers[EDX])) return false;
    return answers[answer] >> bit & 1;
}

static cpu_kind detect(void)
{
    uint32_t saved = saved_registers();
    cpu_kind level = CPU_AVX512;

    if ((saved & 0xe6) != 0xe6) level = CPU_AVX2; /* XMM, YMM, masks, ZMM low and high */
    if ((saved & 0x06) != 0x06) level = CPU_SSE42;
    for (size_t i = 0; i < ARRAY_LENGTH(features); i++)
        if (features[i].level <= level && !has_feature(features[i].leaf, features[i].answer, features[i].bit))
            level = (cpu_kind)(features[i].level - 1);
    return level;
}
#else
static cpu_kind detect(void)
{
    return CPU_SCALAR;
}
#endif

/* The detected level, and the level in use, each plus one; 0: not asked yet. Threads that ask at once find the same. */
static atomic_int detected_level;
static atomic_int used_level;

cpu_kind cpu_level_detected(void)
{
    int level = atomic_load_explicit(&detected_level, memory_order_relaxed);

    if (!level) {
        level = (int)detect() + 1;
        atomic_store_explicit(&detected_level, level, memory_order_relaxed);
    }
    return (cpu_kind)(level - 1);
}

/* BEDPLATE_CPU; a word that is no level changes nothing. */
static cpu_kind level_of_environment(void)
{
    const char *wanted = config_environment("BEDPLATE_CPU");

    for (int i = 0; wanted && i < (int)ARRAY_LENGTH(level_names); i++)
        if (strcmp(wanted, level_names[i]) == 0) return (cpu_kind)i;
    return CPU_AVX512;
}

cpu_kind cpu_force_level(cpu_kind level)
{
    cpu_kind detected = cpu_level_detected();

    if (level > detected) level = detected;
    atomic_store_explicit(&used_level, (int)level + 1, memory_order_relaxed);
    return level;
}

cpu_kind cpu_level(void)
{
    int level = atomic_load_explicit(&used_level, memory_order_relaxed);

    return LIKELY(level) ? (cpu_kind)(level - 1) : cpu_force_level(level_of_environment());
}

const char *cpu_level_name(cpu_kind level)
{
    return (size_t)level < ARRAY_LENGTH(level_names) ? level_names[level] : "unknown";
}
