/* Comparisons, 64 bytes at a time into mask registers. See compute_internal.h. */
#include <immintrin.h>

#include "compute/compute_internal.h"

#define LOAD(at) _mm512_loadu_si512((const void *)(at))

#define KERNEL(name, type, step, word)                                                                                             \
    static void name(uint64_t *out, const void *left, size_t left_step, const void *right, size_t right_step, size_t words)        \
    {                                                                                                                              \
        const type *lefts = left, *rights = right;                                                                                 \
        for (size_t w = 0; w < words; w++, lefts += left_step, rights += right_step) {                                             \
            uint64_t bits = 0;                                                                                                     \
            for (unsigned i = 0; i < 64; i += (step)) bits |= (uint64_t)(word) << i;                                               \
            out[w] = bits;                                                                                                         \
        }                                                                                                                          \
    }
#define INTEGER(suffix, type, bits, sign)                                                                                          \
    KERNEL(equal_##suffix, type, 512 / (bits), _mm512_cmpeq_ep##sign##bits##_mask(LOAD(lefts + i), LOAD(rights + i)))              \
    KERNEL(less_##suffix, type, 512 / (bits), _mm512_cmplt_ep##sign##bits##_mask(LOAD(lefts + i), LOAD(rights + i)))
INTEGER(int8, int8_t, 8, i)
INTEGER(uint8, uint8_t, 8, u)
INTEGER(int16, int16_t, 16, i)
INTEGER(uint16, uint16_t, 16, u)
INTEGER(int32, int32_t, 32, i)
INTEGER(uint32, uint32_t, 32, u)
INTEGER(int64, int64_t, 64, i)
INTEGER(uint64, uint64_t, 64, u)

/* Total order from IEEE compares: equal, or both NaN; not (a >= b), and a is not NaN. */
#define FLOAT(suffix, type, step, kind, vector, mask)                                                                              \
    static inline mask equal_lanes_##suffix(vector a, vector b)                                                                    \
    {                                                                                                                              \
        mask nans = _mm512_cmp_##kind##_mask(a, a, _CMP_UNORD_Q);                                                                  \
        return (mask)(_mm512_cmp_##kind##_mask(a, b, _CMP_EQ_OQ) | _mm512_mask_cmp_##kind##_mask(nans, b, b, _CMP_UNORD_Q));       \
    }                                                                                                                              \
    static inline mask less_lanes_##suffix(vector a, vector b)                                                                     \
    {                                                                                                                              \
        return _mm512_mask_cmp_##kind##_mask(_mm512_cmp_##kind##_mask(a, a, _CMP_ORD_Q), a, b, _CMP_NGE_UQ);                       \
    }                                                                                                                              \
    KERNEL(equal_##suffix, type, step, equal_lanes_##suffix(_mm512_loadu_##kind(lefts + i), _mm512_loadu_##kind(rights + i)))      \
    KERNEL(less_##suffix, type, step, less_lanes_##suffix(_mm512_loadu_##kind(lefts + i), _mm512_loadu_##kind(rights + i)))
FLOAT(float32, float, 16, ps, __m512, __mmask16)
FLOAT(float64, double, 8, pd, __m512d, __mmask8)

/* Equal strings: both words equal; or, for long ones, size and prefix equal and then the bytes. Four a register. */
static void equal_string(uint64_t *out, const void *left, size_t left_step, const void *right, size_t right_step, size_t words)
{
    const string_ref *lefts = left, *rights = right;

    for (size_t w = 0; w < words; w++, lefts += left_step, rights += right_step) {
        uint64_t bits = 0, doubtful = 0;
        for (unsigned i = 0; i < 64; i += 4) {
            unsigned same = _mm512_cmpeq_epi64_mask(LOAD(lefts + i), LOAD(rights + i));
            bits |= (uint64_t)_pext_u32(same & same >> 1, 0x55) << i;
            doubtful |= (uint64_t)_pext_u32(same & ~(same >> 1), 0x55) << i;
        }
        for (; doubtful; doubtful &= doubtful - 1) {
            unsigned i = (unsigned)__builtin_ctzll(doubtful);
            bits |= (uint64_t)string_ref_equal(&lefts[i], &rights[i]) << i;
        }
        out[w] = bits;
    }
}

const compare_kernel compare_kernels_avx512[PHYSICAL_TYPE_COUNT][BASIS_COUNT] = {
    [PHYSICAL_INT8] = {equal_int8, less_int8},          [PHYSICAL_UINT8] = {equal_uint8, less_uint8},
    [PHYSICAL_INT16] = {equal_int16, less_int16},       [PHYSICAL_UINT16] = {equal_uint16, less_uint16},
    [PHYSICAL_INT32] = {equal_int32, less_int32},       [PHYSICAL_UINT32] = {equal_uint32, less_uint32},
    [PHYSICAL_INT64] = {equal_int64, less_int64},       [PHYSICAL_UINT64] = {equal_uint64, less_uint64},
    [PHYSICAL_FLOAT32] = {equal_float32, less_float32}, [PHYSICAL_FLOAT64] = {equal_float64, less_float64},
    [PHYSICAL_STRING] = {equal_string, NULL},
};
