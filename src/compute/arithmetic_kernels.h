/* The loops of arithmetic, in plain C that compilers vectorise: they compute with wrapping and gather a flag, so that no row needs a branch. Built once a
 * level: by arithmetic.c and, with the instructions of their level, by x86/arithmetic_avx2.c and x86/arithmetic_avx512.c. */
#include "compute/compute_internal.h"

/* The statements that are done with each row i, whose operands are a and b. */
#define ARITHMETIC_SHAPES(type, ...)                                                                                               \
    do {                                                                                                                           \
        if (shape == OPERANDS_LEFT_CONSTANT) {                                                                                     \
            type a = left[0];                                                                                                      \
            for (size_t i = 0; i < rows; i++) {                                                                                    \
                type b = right[i];                                                                                                 \
                __VA_ARGS__;                                                                                                       \
            }                                                                                                                      \
        } else if (shape == OPERANDS_RIGHT_CONSTANT) {                                                                             \
            type b = right[0];                                                                                                     \
            for (size_t i = 0; i < rows; i++) {                                                                                    \
                type a = left[i];                                                                                                  \
                __VA_ARGS__;                                                                                                       \
            }                                                                                                                      \
        } else {                                                                                                                   \
            for (size_t i = 0; i < rows; i++) {                                                                                    \
                type a = left[i], b = right[i];                                                                                    \
                __VA_ARGS__;                                                                                                       \
            }                                                                                                                      \
        }                                                                                                                          \
    } while (0)

#define ARITHMETIC(name, type)                                                                                                     \
    VECTORISED BP_WRAPS static bool name(void *out, const void *left_values, const void *right_values, operand_shape shape,        \
                                         size_t rows)                                                                              \
    {                                                                                                                              \
        const type *left = left_values, *right = right_values;                                                                     \
        type *to = out;

/* expression and overflow in terms of a, b, r. A signed flag is up by its sign bit, an unsigned one by any bit. */
#define CHECKED(name, type, compute, overflowed)                                                                                   \
    ARITHMETIC(name, type)                                                                                                         \
    type flag = 0;                                                                                                                 \
    ARITHMETIC_SHAPES(type, UNUSED type r = (type)(compute); flag |= (type)(overflowed); to[i] = r);                               \
    return (type) - 1 > 0 ? flag != 0 : (flag >> (sizeof(type) * 8 - 1)) != 0;                                                     \
    }

#define ADD_SUBTRACT(suffix, type, wide)                                                                                           \
    CHECKED(add_##suffix, type, (wide)a + (wide)b, (a ^ r) & (b ^ r))                                                              \
    CHECKED(subtract_##suffix, type, (wide)a - (wide)b, (a ^ b) & (a ^ r))
#define ADD_SUBTRACT_UNSIGNED(suffix, type, wide)                                                                                  \
    CHECKED(add_##suffix, type, (wide)a + (wide)b, r < a)                                                                          \
    CHECKED(subtract_##suffix, type, (wide)a - (wide)b, a < b)
#define MULTIPLY(suffix, type, wide)                                                                                               \
    CHECKED(multiply_##suffix, type, (wide)a *(wide)b, (wide)a *(wide)b != (wide)r ? (type)((type) - 1 > 0 ? 1 : -1) : 0)
#define FLOATS(name, type, op)                                                                                                     \
    ARITHMETIC(name, type)                                                                                                         \
    ARITHMETIC_SHAPES(type, to[i] = a op b);                                                                                       \
    return false;                                                                                                                  \
    }

ADD_SUBTRACT(int32, int32_t, uint32_t)
ADD_SUBTRACT(int64, int64_t, uint64_t)
MULTIPLY(int32, int32_t, int64_t)
FLOATS(add_float32, float, +)
FLOATS(add_float64, double, +)
FLOATS(subtract_float32, float, -)
FLOATS(subtract_float64, double, -)
FLOATS(multiply_float32, float, *)
FLOATS(multiply_float64, double, *)
FLOATS(divide_float32, float, /)
FLOATS(divide_float64, double, /)

/* Products of 64 bits have no vector instruction that tells of overflow. Where there are vectors, factors that are small enough for any product to fit are
 * told first: by their product as doubles, where there are conversions of 64 bits, which is off by less than one part in 2^50; else by their upper halves. */
#if defined(__AVX512DQ__)
#define IS_LARGE(a, b) (__builtin_fabs((double)a * (double)b) >= 0x1p62)
#elif defined(__AVX2__)
#define IS_LARGE(a, b) (((((uint64_t)a + 0x80000000u) | ((uint64_t)b + 0x80000000u)) >> 32) != 0)
#endif
#ifdef IS_LARGE
ARITHMETIC(multiply_small, int64_t)
uint64_t large = 0;
ARITHMETIC_SHAPES(int64_t, to[i] = (int64_t)((uint64_t)a * (uint64_t)b); large |= IS_LARGE(a, b));
return large;
}
#else
static bool multiply_small(UNUSED void *out, UNUSED const void *left, UNUSED const void *right, UNUSED operand_shape shape,
                           UNUSED size_t rows)
{
    return true;
}
#endif
MULTIPLY(large_int64, int64_t, int128)
static bool multiply_int64(void *out, const void *left, const void *right, operand_shape shape, size_t rows)
{
    return multiply_small(out, left, right, shape, rows) && multiply_large_int64(out, left, right, shape, rows);
}

VECTORISED BP_WRAPS static bool beyond(const int64_t *values, int64_t limit, size_t rows)
{
    uint64_t any = 0;

    for (size_t i = 0; i < rows; i++) any |= (uint64_t)values[i] + (uint64_t)limit - 1 > 2 * (uint64_t)limit - 2;
    return any;
}

#define OPERATIONS(suffix) {add_##suffix, subtract_##suffix, multiply_##suffix, NULL}
#define FLOAT_OPERATIONS(suffix) {add_##suffix, subtract_##suffix, multiply_##suffix, divide_##suffix}
#define ARITHMETIC_ROWS                                                                                                            \
    [PHYSICAL_INT32] = OPERATIONS(int32), [PHYSICAL_INT64] = OPERATIONS(int64), [PHYSICAL_FLOAT32] = FLOAT_OPERATIONS(float32),    \
    [PHYSICAL_FLOAT64] = FLOAT_OPERATIONS(float64)
