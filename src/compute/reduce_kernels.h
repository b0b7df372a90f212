/* The loops of reduce, in plain C that compilers vectorise; built once a level: by reduce.c and, with the instructions of their level, by x86/reduce_avx2.c
 * and x86/reduce_avx512.c. Where only some rows of a word count, the others give the value that changes nothing. */
#include "compute/compute_internal.h"

/* The statement `all` for each row i behind `from`, or `some` where only the rows with a bit in `bits` count. */
#define REDUCE_ROWS(all, some)                                                                                                     \
    do {                                                                                                                           \
        if (!valid) {                                                                                                              \
            for (size_t i = 0; i < rows; i++) all;                                                                                 \
            break;                                                                                                                 \
        }                                                                                                                          \
        for (size_t word = 0; word * 64 < rows; word++, from += 64) {                                                              \
            uint64_t bits = kernel_valid(valid, word, rows);                                                                       \
            size_t end = rows - word * 64;                                                                                         \
            if (bits == ~UINT64_C(0))                                                                                              \
                for (size_t i = 0; i < 64; i++) all;                                                                               \
            else if (bits && end >= 64)                                                                                            \
                for (size_t i = 0; i < 64; i++) some;                                                                              \
            else if (bits)                                                                                                         \
                for (size_t i = 0; i < end; i++) some;                                                                             \
        }                                                                                                                          \
    } while (0)

/* Up to 32 bits: 2^31 rows fit 64 bits. */
#define SUM(name, type, wide)                                                                                                      \
    VECTORISED static void sum_##name(void *out, const void *values, const uint64_t *valid, size_t rows)                           \
    {                                                                                                                              \
        const type *from = values;                                                                                                 \
        wide sum = 0;                                                                                                              \
        REDUCE_ROWS(sum += from[i], sum += bits >> i & 1 ? from[i] : 0);                                                           \
        *(int128 *)out = sum;                                                                                                      \
    }
/* 64 bits in two halves, neither of which overflows in 2^31 rows. */
#define SUM_HALVES(name, type, wide)                                                                                               \
    VECTORISED BP_WRAPS static void sum_##name(void *out, const void *values, const uint64_t *valid, size_t rows)                  \
    {                                                                                                                              \
        const type *from = values;                                                                                                 \
        uint64_t low = 0;                                                                                                          \
        wide high = 0;                                                                                                             \
        REDUCE_ROWS((low += (uint32_t)from[i], high += from[i] >> 32),                                                             \
                    (low += bits >> i & 1 ? (uint32_t)from[i] : 0, high += bits >> i & 1 ? from[i] >> 32 : 0));                    \
        *(int128 *)out = (int128)high * ((int128)1 << 32) + low;                                                                   \
    }
SUM(int8, int8_t, int64_t)
SUM(int16, int16_t, int64_t)
SUM(int32, int32_t, int64_t)
SUM_HALVES(int64, int64_t, int64_t)
SUM(uint8, uint8_t, uint64_t)
SUM(uint16, uint16_t, uint64_t)
SUM(uint32, uint32_t, uint64_t)
SUM_HALVES(uint64, uint64_t, uint64_t)

/* With vectors by masks: of a condition gcc makes one of the whole step, which it then cannot vectorise. One by one the condition is faster. */
#ifdef __AVX2__
#define EITHER(type, condition, yes, no) ((type)(((yes) & -(type)(condition)) | ((no) & ~-(type)(condition))))
#else
#define EITHER(type, condition, yes, no) ((condition) ? (yes) : (no))
#endif
#define KEEP(type, value, relation)                                                                                                \
    do {                                                                                                                           \
        type key = (value);                                                                                                        \
        best = key relation best ? key : best;                                                                                     \
    } while (0)
#define PICK(name, type, relation, neutral, key_of, value_of)                                                                      \
    VECTORISED static void name(void *out, const void *values, const uint64_t *valid, size_t rows)                                 \
    {                                                                                                                              \
        const type *from = values;                                                                                                 \
        type best = neutral;                                                                                                       \
        REDUCE_ROWS(KEEP(type, key_of(from[i]), relation),                                                                         \
                    KEEP(type, EITHER(type, bits >> i & 1, key_of(from[i]), neutral), relation));                                  \
        *(type *)out = value_of(best);                                                                                             \
    }
#define EXTREME(name, type, lowest, highest, key_of, value_of)                                                                     \
    PICK(least_##name, type, <, highest, key_of, value_of)                                                                         \
    PICK(greatest_##name, type, >, lowest, key_of, value_of)
/* Floats by their bits: turned over below zero they order as integers; NaN is put above all. */
#define TURNED(bits, width) ((bits) ^ (((bits) >> (width - 1)) & INT##width##_MAX))
#define KEY32(bits) EITHER(int32_t, ((bits) & INT32_MAX) > 0x7f800000, INT32_MAX, TURNED(bits, 32))
#define KEY64(bits) EITHER(int64_t, ((bits) & INT64_MAX) > 0x7ff0000000000000, INT64_MAX, TURNED(bits, 64))
#define VALUE32(key) ((key) == INT32_MAX ? 0x7fc00000 : TURNED(key, 32))
#define VALUE64(key) ((key) == INT64_MAX ? 0x7ff8000000000000 : TURNED(key, 64))
#define SAME(value) (value)
EXTREME(int8, int8_t, INT8_MIN, INT8_MAX, SAME, SAME)
EXTREME(int16, int16_t, INT16_MIN, INT16_MAX, SAME, SAME)
EXTREME(int32, int32_t, INT32_MIN, INT32_MAX, SAME, SAME)
EXTREME(int64, int64_t, INT64_MIN, INT64_MAX, SAME, SAME)
EXTREME(uint8, uint8_t, 0, UINT8_MAX, SAME, SAME)
EXTREME(uint16, uint16_t, 0, UINT16_MAX, SAME, SAME)
EXTREME(uint32, uint32_t, 0, UINT32_MAX, SAME, SAME)
EXTREME(uint64, uint64_t, 0, UINT64_MAX, SAME, SAME)
EXTREME(float32, int32_t, INT32_MIN, INT32_MAX, KEY32, VALUE32)
EXTREME(float64, int64_t, INT64_MIN, INT64_MAX, KEY64, VALUE64)

#define REDUCE_INTEGER(name) {sum_##name, least_##name, greatest_##name}
#define REDUCE_TABLE                                                                                                               \
    {                                                                                                                              \
        [PHYSICAL_INT8] = REDUCE_INTEGER(int8),                                                                                    \
        [PHYSICAL_INT16] = REDUCE_INTEGER(int16),                                                                                  \
        [PHYSICAL_INT32] = REDUCE_INTEGER(int32),                                                                                  \
        [PHYSICAL_INT64] = REDUCE_INTEGER(int64),                                                                                  \
        [PHYSICAL_UINT8] = REDUCE_INTEGER(uint8),                                                                                  \
        [PHYSICAL_UINT16] = REDUCE_INTEGER(uint16),                                                                                \
        [PHYSICAL_UINT32] = REDUCE_INTEGER(uint32),                                                                                \
        [PHYSICAL_UINT64] = REDUCE_INTEGER(uint64),                                                                                \
        [PHYSICAL_FLOAT32] = {NULL, least_float32, greatest_float32},                                                              \
        [PHYSICAL_FLOAT64] = {NULL, least_float64, greatest_float64},                                                              \
    }
