/* The loops of cast, in plain C that compilers vectorise: convert all, and remember whether one did not fit. Built once a level: by cast.c and, for the types
 * that queries convert most, with the instructions of their level by x86/cast_avx2.c and x86/cast_avx512.c. */
#include <math.h>

#include "compute/compute_internal.h"

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wtautological-compare"
#pragma clang diagnostic ignored "-Wtautological-unsigned-zero-compare"
#pragma clang diagnostic ignored "-Wimplicit-int-float-conversion"
#else
#pragma GCC diagnostic ignored "-Wtype-limits"
#endif

/* No one looks at the processor's flags of floating point, for whose sake gcc would branch. */
#if defined(__clang__)
#define WITHOUT_FLAGS
#else
#define WITHOUT_FLAGS __attribute__((optimize("O3", "no-trapping-math")))
#endif

/* Statements with `value` set `result`, and `misfit` to something other than 0 when it does not fit. */
#define PAIR(from_name, from, to_name, to, flag, ...)                                                                              \
    WITHOUT_FLAGS static bool from_name##_to_##to_name(void *out, const void *in, size_t rows)                                     \
    {                                                                                                                              \
        const from *source = in;                                                                                                   \
        to *target = out;                                                                                                          \
        flag any = 0;                                                                                                              \
        for (size_t i = 0; i < rows; i++) {                                                                                        \
            from value = source[i];                                                                                                \
            flag misfit = 0;                                                                                                       \
            to result;                                                                                                             \
            __VA_ARGS__;                                                                                                           \
            any |= misfit;                                                                                                         \
            target[i] = result;                                                                                                    \
        }                                                                                                                          \
        return any != 0;                                                                                                           \
    }

/* An integer does not fit when it does not come back; or when only one of the types has a sign and the top bit is set, which is below zero on the one side or,
 * where the other type is no wider, above all of it on the other. */
#define TOP_BIT(from, to)                                                                                                          \
    ((from)(((from) - 1 < 0) != ((to) - 1 < 0) && ((from) - 1 < 0 || sizeof(to) <= sizeof(from))                                   \
                ? (uint64_t)1 << (sizeof(from) * 8 - 1)                                                                            \
                : 0))
#define INTEGER_PAIR(f, from, t, to)                                                                                               \
    PAIR(f, from, t, to, from, result = (to)value; misfit = (from)((from)((from)result ^ value) | (value & TOP_BIT(from, to))))
#define TO_FLOAT_PAIR(f, from, t, to) PAIR(f, from, t, to, int, result = (to)value)
/* Half to even without rint(), which before SSE4.1 is a call: at 2^52 a double has no room for a fraction. */
#define FROM_FLOAT_PAIR(f, from, t, to, low, high)                                                                                 \
    PAIR(f, from, t, to, uint64_t, double wide = (double)value; double size = __builtin_fabs(wide);                                \
         double near = __builtin_copysign((size + 0x1p52) - 0x1p52, wide); double whole = size < 0x1p52 ? near : wide;             \
         bool fits = (whole >= low) & (whole < high); misfit = fits ? 0 : 1; result = (to)(fits ? whole : 0))

#define INTEGER_ROW(f, from)                                                                                                       \
    INTEGER_PAIR(f, from, int8, int8_t)                                                                                            \
    INTEGER_PAIR(f, from, int16, int16_t)                                                                                          \
    INTEGER_PAIR(f, from, int32, int32_t)                                                                                          \
    INTEGER_PAIR(f, from, int64, int64_t)                                                                                          \
    INTEGER_PAIR(f, from, uint8, uint8_t)                                                                                          \
    INTEGER_PAIR(f, from, uint16, uint16_t)                                                                                        \
    INTEGER_PAIR(f, from, uint32, uint32_t)                                                                                        \
    INTEGER_PAIR(f, from, uint64, uint64_t)                                                                                        \
    TO_FLOAT_PAIR(f, from, float32, float)                                                                                         \
    TO_FLOAT_PAIR(f, from, float64, double)
#define FLOAT_ROW(f, from)                                                                                                         \
    FROM_FLOAT_PAIR(f, from, int8, int8_t, -0x1p7, 0x1p7)                                                                          \
    FROM_FLOAT_PAIR(f, from, int16, int16_t, -0x1p15, 0x1p15)                                                                      \
    FROM_FLOAT_PAIR(f, from, int32, int32_t, -0x1p31, 0x1p31)                                                                      \
    FROM_FLOAT_PAIR(f, from, int64, int64_t, -0x1p63, 0x1p63)                                                                      \
    FROM_FLOAT_PAIR(f, from, uint8, uint8_t, 0, 0x1p8)                                                                             \
    FROM_FLOAT_PAIR(f, from, uint16, uint16_t, 0, 0x1p16)                                                                          \
    FROM_FLOAT_PAIR(f, from, uint32, uint32_t, 0, 0x1p32)                                                                          \
    FROM_FLOAT_PAIR(f, from, uint64, uint64_t, 0, 0x1p64)

INTEGER_ROW(int32, int32_t)
INTEGER_ROW(int64, int64_t)
FLOAT_ROW(float32, float)
FLOAT_ROW(float64, double)
TO_FLOAT_PAIR(float32, float, float64, double)
PAIR(float64, double, float32, float, uint64_t, double size = __builtin_fabs(value);
     bool past = (size >= 3.4028235677973366e38) & (size <= 1.7976931348623157e308); misfit = past ? 1 : 0; result = (float)value)
#define float32_to_float32 NULL
#define float64_to_float64 NULL

#define CASTS_OF(f)                                                                                                                \
    {[PHYSICAL_INT8] = f##_to_int8,      [PHYSICAL_INT16] = f##_to_int16,   [PHYSICAL_INT32] = f##_to_int32,                       \
     [PHYSICAL_INT64] = f##_to_int64,    [PHYSICAL_UINT8] = f##_to_uint8,   [PHYSICAL_UINT16] = f##_to_uint16,                     \
     [PHYSICAL_UINT32] = f##_to_uint32,  [PHYSICAL_UINT64] = f##_to_uint64, [PHYSICAL_FLOAT32] = f##_to_float32,                   \
     [PHYSICAL_FLOAT64] = f##_to_float64}
#define CAST_ROWS                                                                                                                  \
    [PHYSICAL_INT32] = CASTS_OF(int32), [PHYSICAL_INT64] = CASTS_OF(int64), [PHYSICAL_FLOAT32] = CASTS_OF(float32),                \
    [PHYSICAL_FLOAT64] = CASTS_OF(float64)
