/* Which instructions this processor has, asked once. Kernels are chosen by cpu_level(). */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include "macros.h"

typedef enum cpu_kind {
    CPU_SCALAR, /* plain C: any processor, and every build of kind=scalar */
    CPU_SSE42,  /* x86-64-v2 */
    CPU_AVX2,   /* x86-64-v3 (AVX2 BMI1 BMI2 LZCNT MOVBE FMA F16C) and PCLMULQDQ */
    CPU_AVX512  /* x86-64-v4 (F BW CD VL DQ) and VBMI VBMI2 IFMA BITALG VPOPCNTDQ VPCLMULQDQ */
} cpu_kind;

/* The level in use: the lowest of what processor and system offer, BEDPLATE_CPU=scalar|sse42|avx2|avx512, and cpu_force_level(). */
cpu_kind cpu_level(void);
/* What processor and operating system offer, whatever is forced. */
cpu_kind cpu_level_detected(void);
/* For tests: use at most this level from now on (CPU_AVX512: as detected). Returns what is in use then. Not while kernels run. */
cpu_kind cpu_force_level(cpu_kind level);
/* "scalar", "sse42", "avx2", "avx512". */
const char *cpu_level_name(cpu_kind level);

#endif
