/* Four fields a register. See csv_values.h. */
#include <immintrin.h>

#include "base/macros.h"

#define LANES 4

typedef __m256i lanes;
typedef __m256d float_lanes;
typedef __m256i lane_mask; /* all bits of a lane, or none */

static ALWAYS_INLINE lanes lanes_set(uint64_t value)
{
    return _mm256_set1_epi64x((long long)value);
}
static ALWAYS_INLINE lanes lanes_add(lanes a, lanes b)
{
    return _mm256_add_epi64(a, b);
}
static ALWAYS_INLINE lanes lanes_sub(lanes a, lanes b)
{
    return _mm256_sub_epi64(a, b);
}
static ALWAYS_INLINE lanes lanes_and(lanes a, lanes b)
{
    return _mm256_and_si256(a, b);
}
static ALWAYS_INLINE lanes lanes_and_not(lanes a, lanes b)
{
    return _mm256_andnot_si256(a, b);
}
static ALWAYS_INLINE lanes lanes_or(lanes a, lanes b)
{
    return _mm256_or_si256(a, b);
}
static ALWAYS_INLINE lanes lanes_xor(lanes a, lanes b)
{
    return _mm256_xor_si256(a, b);
}
static ALWAYS_INLINE lanes lanes_add_bytes(lanes a, lanes b)
{
    return _mm256_add_epi8(a, b);
}
static ALWAYS_INLINE lanes lanes_sub_bytes(lanes a, lanes b)
{
    return _mm256_sub_epi8(a, b);
}
static ALWAYS_INLINE lanes lanes_shift_left(lanes a, unsigned bits)
{
    return _mm256_slli_epi64(a, (int)bits);
}
static ALWAYS_INLINE lanes lanes_shift_right(lanes a, unsigned bits)
{
    return _mm256_srli_epi64(a, (int)bits);
}
static ALWAYS_INLINE lanes lanes_shift_left_by(lanes a, lanes bits)
{
    return _mm256_sllv_epi64(a, bits);
}
static ALWAYS_INLINE lanes lanes_multiply_low(lanes a, lanes b)
{
    return _mm256_mul_epu32(a, b);
}
static ALWAYS_INLINE lanes lanes_multiply_add_bytes(lanes a, lanes b)
{
    return _mm256_maddubs_epi16(a, b);
}
static ALWAYS_INLINE lanes lanes_multiply_add_pairs(lanes a, lanes b)
{
    return _mm256_madd_epi16(a, b);
}
static ALWAYS_INLINE lane_mask lanes_equal(lanes a, lanes b)
{
    return _mm256_cmpeq_epi64(a, b);
}
static ALWAYS_INLINE lane_mask lanes_greater(lanes a, lanes b)
{
    return _mm256_cmpgt_epi64(a, b);
}
static ALWAYS_INLINE lane_mask lanes_none_of(lanes a, lanes bits)
{
    return _mm256_cmpeq_epi64(_mm256_and_si256(a, bits), _mm256_setzero_si256());
}
static ALWAYS_INLINE lane_mask lanes_not_zero(lanes a)
{
    return _mm256_xor_si256(_mm256_cmpeq_epi64(a, _mm256_setzero_si256()), _mm256_set1_epi64x(-1));
}
static ALWAYS_INLINE lanes lanes_select(lane_mask mask, lanes a, lanes b)
{
    return _mm256_blendv_epi8(b, a, mask);
}
static ALWAYS_INLINE lane_mask lanes_mask_and(lane_mask a, lane_mask b)
{
    return _mm256_and_si256(a, b);
}
static ALWAYS_INLINE lane_mask lanes_mask_and_not(lane_mask a, lane_mask b)
{
    return _mm256_andnot_si256(a, b);
}
static ALWAYS_INLINE lane_mask lanes_mask_or(lane_mask a, lane_mask b)
{
    return _mm256_or_si256(a, b);
}
static ALWAYS_INLINE unsigned lanes_bits(lane_mask mask)
{
    return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(mask));
}
static ALWAYS_INLINE bool lanes_any(lane_mask mask)
{
    return lanes_bits(mask) != 0;
}
static ALWAYS_INLINE bool lanes_all_equal(lanes a)
{
    return lanes_bits(_mm256_cmpeq_epi64(a, _mm256_broadcastq_epi64(_mm256_castsi256_si128(a)))) == 15;
}
static ALWAYS_INLINE void lanes_store(void *out, lanes a)
{
    _mm256_storeu_si256(out, a);
}
static ALWAYS_INLINE void lanes_store_low_halves(void *out, lanes a)
{
    __m256i low = _mm256_permutevar8x32_epi32(a, _mm256_set_epi32(7, 5, 3, 1, 6, 4, 2, 0));

    _mm_storeu_si128(out, _mm256_castsi256_si128(low));
}

/* slots[i * stride] for each lane i. */
static ALWAYS_INLINE lanes lanes_gather_slots(const uint32_t *slots, size_t stride)
{
    return _mm256_set_epi64x(slots[3 * stride], slots[2 * stride], slots[stride], slots[0]);
}

/* By loads of their own: the gather instruction is slow on many processors of this level. */
static ALWAYS_INLINE lanes lanes_load_text(const char *text, lanes at)
{
    int64_t places[4], words[4];

    _mm256_storeu_si256((__m256i *)places, at);
    for (unsigned i = 0; i < 4; i++) __builtin_memcpy(&words[i], text + places[i], 8);
    return _mm256_set_epi64x(words[3], words[2], words[1], words[0]);
}

/* Of 0 to 2^52. */
static ALWAYS_INLINE float_lanes lanes_to_double(lanes a)
{
    const __m256i power = _mm256_set1_epi64x(0x4330000000000000); /* 2^52 */

    return _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(a, power)), _mm256_castsi256_pd(power));
}
static ALWAYS_INLINE float_lanes float_lanes_set(double value)
{
    return _mm256_set1_pd(value);
}
static ALWAYS_INLINE float_lanes float_lanes_load(const double *values)
{
    return _mm256_loadu_pd(values);
}
static ALWAYS_INLINE void float_lanes_store(double *out, float_lanes a)
{
    _mm256_storeu_pd(out, a);
}
static ALWAYS_INLINE float_lanes float_lanes_divide(float_lanes a, float_lanes b)
{
    return _mm256_div_pd(a, b);
}
static ALWAYS_INLINE float_lanes float_lanes_negate_where(lane_mask mask, float_lanes a)
{
    return _mm256_xor_pd(a, _mm256_and_pd(_mm256_castsi256_pd(mask), _mm256_set1_pd(-0.0)));
}

#include "io/x86/csv_lanes.h"

const csv_values_kernels csv_values_avx2 = {parse_int64, parse_float64, parse_decimal64, parse_date};
