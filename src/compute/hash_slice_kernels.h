/* The loops of hash_slice, built once a level: by hash_slice.c and, with the instructions of their level, by x86/hash_slice_avx2.c and x86/hash_slice_avx512.c. */
#include "base/hash.h"
#include "compute/compute_internal.h"

#define HASH(name, type, wide)                                                                                                     \
    VECTORISED BP_WRAPS static void hash_##name(uint64_t *out, const void *values, size_t rows)                                    \
    {                                                                                                                              \
        const type *from = values;                                                                                                 \
        for (size_t i = 0; i < rows; i++) out[i] = hash_uint64((uint64_t)(wide)from[i]);                                           \
    }
HASH(int8, int8_t, int64_t)
HASH(int16, int16_t, int64_t)
HASH(int32, int32_t, int64_t)
HASH(int64, int64_t, int64_t)
HASH(uint8, uint8_t, uint64_t)
HASH(uint16, uint16_t, uint64_t)
HASH(uint32, uint32_t, uint64_t)
HASH(uint64s, uint64_t, uint64_t)

/* As hash_double(), by masks. */
#define HASH_REALS(name, type)                                                                                                     \
    VECTORISED BP_WRAPS static void hash_##name(uint64_t *out, const void *values, size_t rows)                                    \
    {                                                                                                                              \
        const type *from = values;                                                                                                 \
        for (size_t i = 0; i < rows; i++) {                                                                                        \
            double value = (double)from[i];                                                                                        \
            uint64_t bits, number = value == value ? ~UINT64_C(0) : 0, zero = value == 0 ? ~UINT64_C(0) : 0;                       \
            memcpy(&bits, &value, 8);                                                                                              \
            out[i] = hash_uint64((bits & number & ~zero) | (UINT64_C(0x7ff8000000000000) & ~number));                              \
        }                                                                                                                          \
    }
HASH_REALS(float32, float)
HASH_REALS(float64, double)

VECTORISED BP_WRAPS static void combine(uint64_t *out, const uint64_t *more, size_t rows)
{
    for (size_t i = 0; i < rows; i++) out[i] = hash_combine(out[i], more[i]);
}

#define HASH_TABLE                                                                                                                 \
    {[PHYSICAL_INT8] = hash_int8,      [PHYSICAL_INT16] = hash_int16,    [PHYSICAL_INT32] = hash_int32,                            \
     [PHYSICAL_INT64] = hash_int64,    [PHYSICAL_UINT8] = hash_uint8,    [PHYSICAL_UINT16] = hash_uint16,                          \
     [PHYSICAL_UINT32] = hash_uint32,  [PHYSICAL_UINT64] = hash_uint64s, [PHYSICAL_FLOAT32] = hash_float32,                        \
     [PHYSICAL_FLOAT64] = hash_float64}
