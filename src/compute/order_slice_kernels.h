/* The loops of order_slice, built once a level: by order_slice.c and, with the instructions of their level, by x86/order_slice_avx2.c and
 * x86/order_slice_avx512.c. */
#include "compute/compute_internal.h"

#define same_bytes(value) (value)
#define ORDER(name, type, swap, flip)                                                                                              \
    VECTORISED static void order_##name(void *out, const void *values, uint64_t invert, size_t rows)                               \
    {                                                                                                                              \
        const type *from = values;                                                                                                 \
        type *to = out, change = (type)(invert ^ (flip));                                                                          \
        for (size_t i = 0; i < rows; i++) to[i] = swap((type)(from[i] ^ change));                                                  \
    }
ORDER(int8, uint8_t, same_bytes, 0x80)
ORDER(int16, uint16_t, __builtin_bswap16, 0x8000)
ORDER(int32, uint32_t, __builtin_bswap32, 0x80000000u)
ORDER(int64, uint64_t, __builtin_bswap64, (uint64_t)1 << 63)
ORDER(uint8, uint8_t, same_bytes, 0)
ORDER(uint16, uint16_t, __builtin_bswap16, 0)
ORDER(uint32, uint32_t, __builtin_bswap32, 0)
ORDER(uint64, uint64_t, __builtin_bswap64, 0)

/* IEEE bits to an unsigned number of the same order: below zero all bits are turned round, else the top one is set. */
#define ORDER_REALS(name, type, bits_type, signed_type, width, swap, nan)                                                          \
    VECTORISED static void order_##name(void *out, const void *values, uint64_t invert, size_t rows)                               \
    {                                                                                                                              \
        const type *from = values;                                                                                                 \
        bits_type *to = out, change = (bits_type)invert;                                                                           \
        for (size_t i = 0; i < rows; i++) {                                                                                        \
            type value = from[i] + 0; /* -0.0 becomes 0.0 */                                                                       \
            bits_type bits, number = value == value ? (bits_type) ~(bits_type)0 : 0, below;                                        \
            memcpy(&bits, &value, width);                                                                                          \
            bits = (bits & number) | ((bits_type)(nan) & (bits_type)~number);                                                      \
            below = (bits_type)((signed_type)bits >> (width * 8 - 1));                                                             \
            bits ^= below | (bits_type)1 << (width * 8 - 1);                                                                       \
            to[i] = swap(bits ^ change);                                                                                           \
        }                                                                                                                          \
    }
ORDER_REALS(float32, float, uint32_t, int32_t, 4, __builtin_bswap32, 0x7fc00000u)
ORDER_REALS(float64, double, uint64_t, int64_t, 8, __builtin_bswap64, UINT64_C(0x7ff8000000000000))

#define ORDER_TABLE                                                                                                                \
    {[PHYSICAL_INT8] = order_int8,      [PHYSICAL_INT16] = order_int16,   [PHYSICAL_INT32] = order_int32,                          \
     [PHYSICAL_INT64] = order_int64,    [PHYSICAL_UINT8] = order_uint8,   [PHYSICAL_UINT16] = order_uint16,                        \
     [PHYSICAL_UINT32] = order_uint32,  [PHYSICAL_UINT64] = order_uint64, [PHYSICAL_FLOAT32] = order_float32,                      \
     [PHYSICAL_FLOAT64] = order_float64}
