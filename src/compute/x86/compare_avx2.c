/* Comparisons, 32 bytes at a time. See compute_internal.h. */
#include <immintrin.h>

#include "compute/compute_internal.h"

#define LOAD(at) _mm256_loadu_si256((const __m256i *)(const void *)(at))
#define BITS8(result) ((uint64_t)(uint32_t)_mm256_movemask_epi8(result))
#define BITS32(result) ((uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(result)))
#define BITS64(result) ((uint64_t)(uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(result)))

#define KERNEL(name, type, step, word)                                                                                             \
    static void name(uint64_t *out, const void *left, size_t left_step, const void *right, size_t right_step, size_t words)        \
    {                                                                                                                              \
        const type *lefts = left, *rights = right;                                                                                 \
        for (size_t w = 0; w < words; w++, lefts += left_step, rights += right_step) {                                             \
            uint64_t bits = 0;                                                                                                     \
            for (unsigned i = 0; i < 64; i += (step)) bits |= (word) << i;                                                         \
            out[w] = bits;                                                                                                         \
        }                                                                                                                          \
    }

static inline __m256i flip_sign(__m256i value, __m256i sign)
{
    return _mm256_xor_si256(value, sign);
}

/* Two registers of 16-bit results as 32 bits. */
static inline uint64_t bits16(__m256i low, __m256i high)
{
    return BITS8(_mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xd8));
}

#define EQUAL(bits, a, b) _mm256_cmpeq_epi##bits(a, b)
#define LESS(bits, a, b) _mm256_cmpgt_epi##bits(b, a)
#define UNSIGNED_LESS(bits, a, b, sign) _mm256_cmpgt_epi##bits(flip_sign(b, sign), flip_sign(a, sign))

KERNEL(equal_8, uint8_t, 32, BITS8(EQUAL(8, LOAD(lefts + i), LOAD(rights + i))))
KERNEL(less_int8, int8_t, 32, BITS8(LESS(8, LOAD(lefts + i), LOAD(rights + i))))
KERNEL(less_uint8, uint8_t, 32, BITS8(UNSIGNED_LESS(8, LOAD(lefts + i), LOAD(rights + i), _mm256_set1_epi8(INT8_MIN))))
KERNEL(equal_16, uint16_t, 32,
       bits16(EQUAL(16, LOAD(lefts + i), LOAD(rights + i)), EQUAL(16, LOAD(lefts + i + 16), LOAD(rights + i + 16))))
KERNEL(less_int16, int16_t, 32,
       bits16(LESS(16, LOAD(lefts + i), LOAD(rights + i)), LESS(16, LOAD(lefts + i + 16), LOAD(rights + i + 16))))
KERNEL(less_uint16, uint16_t, 32,
       bits16(UNSIGNED_LESS(16, LOAD(lefts + i), LOAD(rights + i), _mm256_set1_epi16(INT16_MIN)),
              UNSIGNED_LESS(16, LOAD(lefts + i + 16), LOAD(rights + i + 16), _mm256_set1_epi16(INT16_MIN))))
KERNEL(equal_32, uint32_t, 8, BITS32(EQUAL(32, LOAD(lefts + i), LOAD(rights + i))))
KERNEL(less_int32, int32_t, 8, BITS32(LESS(32, LOAD(lefts + i), LOAD(rights + i))))
KERNEL(less_uint32, uint32_t, 8, BITS32(UNSIGNED_LESS(32, LOAD(lefts + i), LOAD(rights + i), _mm256_set1_epi32(INT32_MIN))))
KERNEL(equal_64, uint64_t, 4, BITS64(EQUAL(64, LOAD(lefts + i), LOAD(rights + i))))
KERNEL(less_int64, int64_t, 4, BITS64(LESS(64, LOAD(lefts + i), LOAD(rights + i))))
KERNEL(less_uint64, uint64_t, 4, BITS64(UNSIGNED_LESS(64, LOAD(lefts + i), LOAD(rights + i), _mm256_set1_epi64x(INT64_MIN))))

/* Total order from IEEE compares: equal, or both NaN; not (a >= b), and a is not NaN. */
static inline __m256d equal_double(__m256d a, __m256d b)
{
    return _mm256_or_pd(_mm256_cmp_pd(a, b, _CMP_EQ_OQ),
                        _mm256_and_pd(_mm256_cmp_pd(a, a, _CMP_UNORD_Q), _mm256_cmp_pd(b, b, _CMP_UNORD_Q)));
}
static inline __m256d less_double(__m256d a, __m256d b)
{
    return _mm256_and_pd(_mm256_cmp_pd(a, b, _CMP_NGE_UQ), _mm256_cmp_pd(a, a, _CMP_ORD_Q));
}
static inline __m256 equal_float(__m256 a, __m256 b)
{
    return _mm256_or_ps(_mm256_cmp_ps(a, b, _CMP_EQ_OQ),
                        _mm256_and_ps(_mm256_cmp_ps(a, a, _CMP_UNORD_Q), _mm256_cmp_ps(b, b, _CMP_UNORD_Q)));
}
static inline __m256 less_float(__m256 a, __m256 b)
{
    return _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_NGE_UQ), _mm256_cmp_ps(a, a, _CMP_ORD_Q));
}
#define DOUBLES(result) ((uint64_t)(uint32_t)_mm256_movemask_pd(result))
#define FLOATS(result) ((uint64_t)(uint32_t)_mm256_movemask_ps(result))
KERNEL(equal_float64, double, 4, DOUBLES(equal_double(_mm256_loadu_pd(lefts + i), _mm256_loadu_pd(rights + i))))
KERNEL(less_float64, double, 4, DOUBLES(less_double(_mm256_loadu_pd(lefts + i), _mm256_loadu_pd(rights + i))))
KERNEL(equal_float32, float, 8, FLOATS(equal_float(_mm256_loadu_ps(lefts + i), _mm256_loadu_ps(rights + i))))
KERNEL(less_float32, float, 8, FLOATS(less_float(_mm256_loadu_ps(lefts + i), _mm256_loadu_ps(rights + i))))

const compare_kernel compare_kernels_avx2[PHYSICAL_TYPE_COUNT][BASIS_COUNT] = {
    [PHYSICAL_INT8] = {equal_8, less_int8},
    [PHYSICAL_UINT8] = {equal_8, less_uint8},
    [PHYSICAL_INT16] = {equal_16, less_int16},
    [PHYSICAL_UINT16] = {equal_16, less_uint16},
    [PHYSICAL_INT32] = {equal_32, less_int32},
    [PHYSICAL_UINT32] = {equal_32, less_uint32},
    [PHYSICAL_INT64] = {equal_64, less_int64},
    [PHYSICAL_UINT64] = {equal_64, less_uint64},
    [PHYSICAL_FLOAT32] = {equal_float32, less_float32},
    [PHYSICAL_FLOAT64] = {equal_float64, less_float64},
};
