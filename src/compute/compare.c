/* Comparisons. Every relation comes from two kernels, equal and less: > is < with the sides changed, <= is > turned over.
 *
 * Whole words of 64 rows go through the kernel of the level, the last rows through a plain loop. A constant is laid out 64 times and then read
 * with step 0: one kernel serves all shapes at a cost that could not be measured (loads hit the first cache). */
#include "compare.h"

#include "compute_internal.h"

#define MICROS_A_DAY INT64_C(86400000000)

static int128 interval_micros(const interval *value)
{
    return ((int128)value->months * 30 + value->days) * MICROS_A_DAY + value->micros;
}

static int compare_interval(const interval *left, const interval *right)
{
    int128 a = interval_micros(left), b = interval_micros(right);

    return (a > b) - (a < b);
}

/* A half float's order as an integer: NaN at the top, both zeros the same. */
static inline int half_order(uint16_t bits)
{
    int magnitude = bits & 0x7fff;

    if (magnitude > 0x7c00) return 0x7fff;
    return bits & 0x8000 ? -magnitude : magnitude;
}

static inline bool string_less(const string_ref *left, const string_ref *right)
{
    uint32_t a, b;

    memcpy(&a, left->prefix, 4);
    memcpy(&b, right->prefix, 4);
    if (a != b) return __builtin_bswap32(a) < __builtin_bswap32(b); /* unused bytes are zero, and so is the order of a prefix */
    return string_ref_compare(left, right) < 0;
}

/* 64 bytes of 0 or 1 as bits */
static inline uint64_t pack_flags(const uint8_t flags[64])
{
    uint64_t out = 0, eight;

    for (unsigned i = 0; i < 8; i++) {
        memcpy(&eight, flags + 8 * i, 8);
        out |= (eight * UINT64_C(0x0102040810204080) >> 56) << (8 * i);
    }
    return out;
}

/* plain kernels: whole words, and the last `count` rows -------------------------------------------------------------------------- */
typedef uint64_t (*tail_kernel)(const void *left, const void *right, size_t count);

#define PLAIN(name, type, condition)                                                                                               \
    VECTORISED static void name(uint64_t *out, const void *left, size_t left_step, const void *right, size_t right_step,           \
                                size_t words)                                                                                      \
    {                                                                                                                              \
        const type *lefts = left, *rights = right;                                                                                 \
        for (size_t word = 0; word < words; word++, lefts += left_step, rights += right_step) {                                    \
            uint8_t flags[64];                                                                                                     \
            for (size_t i = 0; i < 64; i++) {                                                                                      \
                type a = lefts[i], b = rights[i];                                                                                  \
                flags[i] = (condition);                                                                                            \
            }                                                                                                                      \
            out[word] = pack_flags(flags);                                                                                         \
        }                                                                                                                          \
    }                                                                                                                              \
    static uint64_t name##_tail(const void *left, const void *right, size_t count)                                                 \
    {                                                                                                                              \
        const type *lefts = left, *rights = right;                                                                                 \
        uint64_t out = 0;                                                                                                          \
        for (size_t i = 0; i < count; i++) {                                                                                       \
            type a = lefts[i], b = rights[i];                                                                                      \
            out |= (uint64_t)(condition) << i;                                                                                     \
        }                                                                                                                          \
        return out;                                                                                                                \
    }

/* COMPARED(PHYSICAL, name, type, equal, less) */
#define COMPARED_TYPES(COMPARED)                                                                                                   \
    COMPARED(INT8, int8, int8_t, a == b, a < b)                                                                                    \
    COMPARED(INT16, int16, int16_t, a == b, a < b)                                                                                 \
    COMPARED(INT32, int32, int32_t, a == b, a < b)                                                                                 \
    COMPARED(INT64, int64, int64_t, a == b, a < b)                                                                                 \
    COMPARED(INT128, int128, int128, a == b, a < b)                                                                                \
    COMPARED(UINT8, uint8, uint8_t, a == b, a < b)                                                                                 \
    COMPARED(UINT16, uint16, uint16_t, a == b, a < b)                                                                              \
    COMPARED(UINT32, uint32, uint32_t, a == b, a < b)                                                                              \
    COMPARED(UINT64, uint64, uint64_t, a == b, a < b)                                                                              \
    COMPARED(UINT128, uint128, uint128, a == b, a < b)                                                                             \
    COMPARED(FLOAT16, float16, uint16_t, half_order(a) == half_order(b), half_order(a) < half_order(b))                            \
    COMPARED(FLOAT32, float32, float, (a == b) | ((a != a) & (b != b)), (a < b) | ((b != b) & (a == a)))                           \
    COMPARED(FLOAT64, float64, double, (a == b) | ((a != a) & (b != b)), (a < b) | ((b != b) & (a == a)))                          \
    COMPARED(STRING, string, string_ref, string_ref_equal(&a, &b), string_less(&a, &b))                                            \
    COMPARED(INTERVAL, interval, interval, compare_interval(&a, &b) == 0, compare_interval(&a, &b) < 0)

#define DEFINE(physical, name, type, equal, less)                                                                                  \
    PLAIN(equal_##name, type, equal)                                                                                               \
    PLAIN(less_##name, type, less)
COMPARED_TYPES(DEFINE)

static const compare_kernel plain_kernels[PHYSICAL_TYPE_COUNT][BASIS_COUNT] = {
#define ROW(physical, name, type, equal, less) [PHYSICAL_##physical] = {equal_##name, less_##name},
    COMPARED_TYPES(ROW)
#undef ROW
};
static const tail_kernel tail_kernels[PHYSICAL_TYPE_COUNT][BASIS_COUNT] = {
#define ROW(physical, name, type, equal, less) [PHYSICAL_##physical] = {equal_##name##_tail, less_##name##_tail},
    COMPARED_TYPES(ROW)
#undef ROW
};

static compare_kernel kernel_of(physical_type type, compare_basis basis)
{
#if KERNEL_SIMD
    cpu_kind level = cpu_level();

    if (level >= CPU_AVX512 && compare_kernels_avx512[type][basis]) return compare_kernels_avx512[type][basis];
    if (level >= CPU_AVX2 && compare_kernels_avx2[type][basis]) return compare_kernels_avx2[type][basis];
#endif
    return plain_kernels[type][basis];
}

bool compare_has_kernel(physical_type type)
{
    return type == PHYSICAL_BIT || plain_kernels[type][BASIS_EQUAL] != NULL;
}

/* the relation ------------------------------------------------------------------------------------------------------------------- */
typedef struct relation_plan {
    compare_basis basis;
    bool swap, flip;
} relation_plan;

static const relation_plan plans[] = {
    [COMPARISON_EQUAL] = {BASIS_EQUAL, false, false}, [COMPARISON_NOT_EQUAL] = {BASIS_EQUAL, false, true},
    [COMPARISON_LESS] = {BASIS_LESS, false, false},   [COMPARISON_LESS_EQUAL] = {BASIS_LESS, true, true},
    [COMPARISON_GREATER] = {BASIS_LESS, true, false}, [COMPARISON_GREATER_EQUAL] = {BASIS_LESS, false, true},
};

static void compare_bits(uint64_t *out, compare_basis basis, const uint64_t *left, bool left_constant, const uint64_t *right,
                         bool right_constant, size_t rows)
{
    uint64_t left_word = left[0] & 1 ? ~UINT64_C(0) : 0, right_word = right[0] & 1 ? ~UINT64_C(0) : 0;

    for (size_t i = 0; i < bitmap_words(rows); i++) {
        uint64_t a = left_constant ? left_word : left[i], b = right_constant ? right_word : right[i];
        out[i] = basis == BASIS_EQUAL ? ~(a ^ b) : ~a & b;
    }
}

/* Flip when asked, and clear what is behind the last row. */
static void finish_bits(uint64_t *out, bool flip, size_t rows)
{
    size_t words = bitmap_words(rows);

    if (flip)
        for (size_t i = 0; i < words; i++) out[i] = ~out[i];
    if (rows % 64) out[words - 1] &= kernel_word_mask(words - 1, rows);
}

void compare_slices(uint64_t *out, comparison relation, physical_type type, const void *left, const void *right,
                    operand_shape shape, size_t rows)
{
    relation_plan plan = plans[relation];
    bool left_constant = shape == OPERANDS_LEFT_CONSTANT, right_constant = shape == OPERANDS_RIGHT_CONSTANT, constant;
    size_t width = physical_width(type), words = rows / 64;
    _Alignas(64) char repeated[64 * 16];
    const void *other;

    if (rows == 0) return;
    if (plan.swap) {
        other = left, left = right, right = other;
        constant = left_constant, left_constant = right_constant, right_constant = constant;
    }
    if (type == PHYSICAL_BIT) {
        compare_bits(out, plan.basis, left, left_constant, right, right_constant, rows);
    } else {
        if (left_constant || right_constant) repeat_value(repeated, left_constant ? left : right, width, rows < 64 ? rows : 64);
        if (left_constant) left = repeated;
        if (right_constant) right = repeated;
        if (words) kernel_of(type, plan.basis)(out, left, left_constant ? 0 : 64, right, right_constant ? 0 : 64, words);
        if (rows % 64)
            out[words] = tail_kernels[type][plan.basis]((const char *)left + (left_constant ? 0 : words * 64 * width),
                                                        (const char *)right + (right_constant ? 0 : words * 64 * width), rows % 64);
    }
    finish_bits(out, plan.flip, rows);
}
