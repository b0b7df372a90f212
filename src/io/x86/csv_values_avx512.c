/* Eight fields a register. See csv_values.h. */
#include <immintrin.h>

#include "base/macros.h"

#define LANES 8

typedef __m512i lanes;
typedef __m512d float_lanes;
typedef __mmask8 lane_mask;

static ALWAYS_INLINE lanes lanes_set(uint64_t value)
{
    return _mm512_set1_epi64((long long)value);
}
static ALWAYS_INLINE lanes lanes_add(lanes a, lanes b)
{
    return _mm512_add_epi64(a, b);
}
static ALWAYS_INLINE lanes lanes_sub(lanes a, lanes b)
{
    return _mm512_sub_epi64(a, b);
}
static ALWAYS_INLINE lanes lanes_and(lanes a, lanes b)
{
    return _mm512_and_si512(a, b);
}
static ALWAYS_INLINE lanes lanes_and_not(lanes a, lanes b)
{
    return _mm512_andnot_si512(a, b);
}
static ALWAYS_INLINE lanes lanes_or(lanes a, lanes b)
{
    return _mm512_or_si512(a, b);
}
static ALWAYS_INLINE lanes lanes_xor(lanes a, lanes b)
{
    return _mm512_xor_si512(a, b);
}
static ALWAYS_INLINE lanes lanes_add_bytes(lanes a, lanes b)
{
    return _mm512_add_epi8(a, b);
}
static ALWAYS_INLINE lanes lanes_sub_bytes(lanes a, lanes b)
{
    return _mm512_sub_epi8(a, b);
}
static ALWAYS_INLINE lanes lanes_shift_left(lanes a, unsigned bits)
{
    return _mm512_slli_epi64(a, bits);
}
static ALWAYS_INLINE lanes lanes_shift_right(lanes a, unsigned bits)
{
    return _mm512_srli_epi64(a, bits);
}
static ALWAYS_INLINE lanes lanes_shift_left_by(lanes a, lanes bits)
{
    return _mm512_sllv_epi64(a, bits);
}
static ALWAYS_INLINE lanes lanes_multiply_low(lanes a, lanes b)
{
    return _mm512_mul_epu32(a, b);
}
static ALWAYS_INLINE lanes lanes_multiply_add_bytes(lanes a, lanes b)
{
    return _mm512_maddubs_epi16(a, b);
}
static ALWAYS_INLINE lanes lanes_multiply_add_pairs(lanes a, lanes b)
{
    return _mm512_madd_epi16(a, b);
}
static ALWAYS_INLINE lane_mask lanes_equal(lanes a, lanes b)
{
    return _mm512_cmpeq_epi64_mask(a, b);
}
static ALWAYS_INLINE lane_mask lanes_greater(lanes a, lanes b)
{
    return _mm512_cmpgt_epi64_mask(a, b);
}
static ALWAYS_INLINE lane_mask lanes_not_zero(lanes a)
{
    return _mm512_test_epi64_mask(a, a);
}
static ALWAYS_INLINE lane_mask lanes_none_of(lanes a, lanes bits)
{
    return _mm512_testn_epi64_mask(a, bits);
}
static ALWAYS_INLINE lanes lanes_select(lane_mask mask, lanes a, lanes b)
{
    return _mm512_mask_blend_epi64(mask, b, a);
}
static ALWAYS_INLINE lane_mask lanes_mask_and(lane_mask a, lane_mask b)
{
    return (lane_mask)(a & b);
}
static ALWAYS_INLINE lane_mask lanes_mask_and_not(lane_mask a, lane_mask b)
{
    return (lane_mask)(~a & b);
}
static ALWAYS_INLINE lane_mask lanes_mask_or(lane_mask a, lane_mask b)
{
    return (lane_mask)(a | b);
}
static ALWAYS_INLINE bool lanes_any(lane_mask mask)
{
    return mask != 0;
}
static ALWAYS_INLINE unsigned lanes_bits(lane_mask mask)
{
    return mask;
}
static ALWAYS_INLINE bool lanes_all_equal(lanes a)
{
    return _mm512_cmpneq_epi64_mask(a, _mm512_broadcastq_epi64(_mm512_castsi512_si128(a))) == 0;
}
static ALWAYS_INLINE void lanes_store(void *out, lanes a)
{
    _mm512_storeu_si512(out, a);
}
static ALWAYS_INLINE void lanes_store_low_halves(void *out, lanes a)
{
    _mm256_storeu_si256(out, _mm512_cvtepi64_epi32(a));
}

/* slots[i * stride] for each lane i. */
static ALWAYS_INLINE lanes lanes_gather_slots(const uint32_t *slots, size_t stride)
{
    const __m256i places = _mm256_mullo_epi32(_mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0), _mm256_set1_epi32((int)stride));

    return _mm512_cvtepu32_epi64(_mm256_i32gather_epi32((const int *)slots, places, 4));
}

static ALWAYS_INLINE lanes lanes_load_text(const char *text, lanes at)
{
    return _mm512_i64gather_epi64(at, text, 1);
}

static ALWAYS_INLINE float_lanes lanes_to_double(lanes a)
{
    return _mm512_cvtepi64_pd(a);
}
static ALWAYS_INLINE float_lanes float_lanes_set(double value)
{
    return _mm512_set1_pd(value);
}
static ALWAYS_INLINE float_lanes float_lanes_load(const double *values)
{
    return _mm512_loadu_pd(values);
}
static ALWAYS_INLINE void float_lanes_store(double *out, float_lanes a)
{
    _mm512_storeu_pd(out, a);
}
static ALWAYS_INLINE float_lanes float_lanes_divide(float_lanes a, float_lanes b)
{
    return _mm512_div_pd(a, b);
}
static ALWAYS_INLINE float_lanes float_lanes_negate_where(lane_mask mask, float_lanes a)
{
    return _mm512_mask_xor_pd(a, mask, a, _mm512_set1_pd(-0.0));
}

#include "io/x86/csv_lanes.h"

const csv_values_kernels csv_values_avx512 = {parse_int64, parse_float64, parse_decimal64, parse_date};
