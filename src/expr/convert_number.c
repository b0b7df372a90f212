/* Casts among BOOLEAN, integers, floats and decimals.
 *
 * The ten machine types go to compute/cast.h, which converts all rows and tells whether one did not fit; only then are the rows looked for. 128-bit integers and decimals go through one int128 or double a row, with short cuts for the pairs that queries are
 * made of (integer or DECIMAL in 64 bits to DECIMAL in 64 bits, to DOUBLE). DOUBLE -> integer rounds half to even, decimal -> integer half away. */
#include <math.h>

#include "convert_internal.h"

#include "base/error.h"
#include "base/number.h"
#include "compute/cast.h"

/* Half floats by the compiler's own type. */
static double float16_to_double(uint16_t bits)
{
    _Float16 half;

    memcpy(&half, &bits, sizeof half);
    return (double)half;
}

static uint16_t float16_from_double(double value)
{
    _Float16 half = (_Float16)value;
    uint16_t bits;

    memcpy(&bits, &half, sizeof bits);
    return bits;
}

/* one value at a time --------------------------------------------------------------------------------------------------------------- */
number_lane number_lane_at(const column *in, size_t row)
{
    const void *values = in->values;

    switch (type_physical(in->type)) {
    case PHYSICAL_BIT: return (number_lane){.integer = bitmap_get(values, row)};
    case PHYSICAL_INT8: return (number_lane){.integer = ((const int8_t *)values)[row]};
    case PHYSICAL_INT16: return (number_lane){.integer = ((const int16_t *)values)[row]};
    case PHYSICAL_INT32: return (number_lane){.integer = ((const int32_t *)values)[row]};
    case PHYSICAL_INT64: return (number_lane){.integer = ((const int64_t *)values)[row]};
    case PHYSICAL_INT128: return (number_lane){.integer = ((const int128 *)values)[row]};
    case PHYSICAL_UINT8: return (number_lane){.integer = ((const uint8_t *)values)[row]};
    case PHYSICAL_UINT16: return (number_lane){.integer = ((const uint16_t *)values)[row]};
    case PHYSICAL_UINT32: return (number_lane){.integer = ((const uint32_t *)values)[row]};
    case PHYSICAL_UINT64: return (number_lane){.integer = ((const uint64_t *)values)[row]};
    case PHYSICAL_FLOAT16: return (number_lane){.is_float = true, .real = float16_to_double(((const uint16_t *)values)[row])};
    case PHYSICAL_FLOAT32: return (number_lane){.is_float = true, .real = (double)((const float *)values)[row]};
    case PHYSICAL_FLOAT64: return (number_lane){.is_float = true, .real = ((const double *)values)[row]};
    default: return (number_lane){0};
    }
}

/* Rounds half to even; false: no such int128. */
static bool real_to_integer(double value, int128 *out)
{
    double rounded = rint(value);

    if (!(rounded >= -0x1p127 && rounded < 0x1p127)) return false;
    *out = (int128)rounded;
    return true;
}

static bool store_integer(int128 value, physical_type physical, void *values, size_t row)
{
#define STORE(name, type, low, high)                                                                                               \
    case PHYSICAL_##name:                                                                                                          \
        if (value < (low) || value > (high)) return false;                                                                         \
        ((type *)values)[row] = (type)value;                                                                                       \
        return true;
    switch (physical) {
        STORE(INT8, int8_t, INT8_MIN, INT8_MAX)
        STORE(INT16, int16_t, INT16_MIN, INT16_MAX)
        STORE(INT32, int32_t, INT32_MIN, INT32_MAX)
        STORE(INT64, int64_t, INT64_MIN, INT64_MAX)
        STORE(UINT8, uint8_t, 0, UINT8_MAX)
        STORE(UINT16, uint16_t, 0, UINT16_MAX)
        STORE(UINT32, uint32_t, 0, UINT32_MAX)
        STORE(UINT64, uint64_t, 0, (int128)UINT64_MAX)
    case PHYSICAL_UINT128:
        if (value < 0) return false;
        ((uint128 *)values)[row] = (uint128)value;
        return true;
    case PHYSICAL_INT128: ((int128 *)values)[row] = value; return true;
    default: return false;
    }
#undef STORE
}

/* value * 10^-from_scale as an integer * 10^-scale; false: past the digits. */
static bool rescale(int128 value, int from_scale, data_type to, int128 *out)
{
    int128 limit = (int128)number_power10(to.precision);

    if (to.scale < from_scale) {
        value = number_round_decimal(value, (unsigned)(from_scale - to.scale));
    } else if (to.scale > from_scale &&
               __builtin_mul_overflow(value, (int128)number_power10((unsigned)(to.scale - from_scale)), &value)) {
        return false;
    }
    *out = value;
    return value < limit && value > -limit;
}

static bool store_real(double value, data_type to, void *values, size_t row)
{
    if (to.id == TYPE_FLOAT64) {
        ((double *)values)[row] = value;
    } else if (to.id == TYPE_FLOAT32) {
        ((float *)values)[row] = (float)value;
        return !isinf((float)value) || isinf(value);
    } else {
        ((uint16_t *)values)[row] = float16_from_double(value);
        return isinf(value) || !isinf(float16_to_double(((uint16_t *)values)[row]));
    }
    return true;
}

bool number_lane_store(number_lane lane, int from_scale, data_type to, void *values, size_t row)
{
    int128 integer = lane.integer;

    if (to.id == TYPE_BOOLEAN) {
        bitmap_put(values, row, lane.is_float ? lane.real != 0 : integer != 0);
        return true;
    }
    if (type_is_float(to))
        return store_real(lane.is_float ? lane.real : number_decimal_to_double(integer, (unsigned)from_scale), to, values, row);
    if (to.id == TYPE_DECIMAL) {
        if (lane.is_float ? number_decimal_from_double(lane.real, to.precision, (unsigned)to.scale, &integer) == NUMBER_BAD ||
                                number_decimal_from_double(lane.real, to.precision, (unsigned)to.scale, &integer) == NUMBER_OVERFLOW
                          : !rescale(integer, from_scale, to, &integer))
            return false;
        return store_integer(integer, type_physical(to), values, row);
    }
    if (lane.is_float && !real_to_integer(lane.real, &integer)) return false;
    if (from_scale) integer = number_round_decimal(integer, (unsigned)from_scale);
    return store_integer(integer, type_physical(to), values, row);
}

/* short cuts -------------------------------------------------------------------------------------------------------------------------- */
/* int64 -> int64 times a power of ten, |result| < limit. */
VECTORISED static bool scale_up(const int64_t *in, int64_t *out, size_t rows, int64_t factor, int64_t limit)
{
    int64_t most = (limit - 1) / factor;
    unsigned any = 0;

    for (size_t i = 0; i < rows; i++) {
        any |= (unsigned)((in[i] > most) | (in[i] < -most));
        out[i] = (int64_t)((uint64_t)in[i] * (uint64_t)factor);
    }
    return any;
}

/* in / unit, a power of ten over 1, rounded half away from zero. */
static void round_off(const int64_t *in, int64_t *out, size_t rows, int64_t unit)
{
    for (size_t i = 0; i < rows; i++) {
        int64_t rest = in[i] % unit;
        out[i] = in[i] / unit + (2 * rest >= unit) - (2 * rest <= -unit);
    }
}

/* Exact powers of ten divide with one rounding when the digits fit 53 bits. */
static const double exact_power10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

VECTORISED static bool decimal64_to_double(const int64_t *in, double *out, size_t rows, double divisor)
{
    unsigned any = 0;

    for (size_t i = 0; i < rows; i++) {
        any |= (unsigned)((in[i] > INT64_C(9007199254740992)) | (in[i] < -INT64_C(9007199254740992)));
        out[i] = (double)in[i] / divisor;
    }
    return any;
}

/* The values as int64, widened into `buffer` when they are narrower; NULL: not an integer of at most 64 signed bits. */
static bp_status as_int64(const conversion *work, const int64_t **out, bp_error *err)
{
    type_id from = (type_id)work->in->type.id;
    int64_t *buffer;

    *out = NULL;
    if (type_physical(work->in->type) == PHYSICAL_INT64) {
        *out = work->in->values;
        return BP_OK;
    }
    if (from > TYPE_UINT32 || from < TYPE_INT8 || !cast_has_kernel(type_physical(work->in->type), PHYSICAL_INT64)) return BP_OK;
    buffer = arena_allocate(work->arena, work->rows * 8 + 8);
    if (!buffer) return error_no_memory(err, work->arena->memory, work->rows * 8);
    cast_slice(buffer, PHYSICAL_INT64, work->in->values, type_physical(work->in->type), work->rows);
    *out = buffer;
    return BP_OK;
}

static void convert_by_kernel(conversion *work, const void *in, physical_type from)
{
    physical_type to = type_physical(work->to);

    work->any_bad = cast_slice(work->values, to, in, from, work->rows);
    if (work->any_bad) cast_misfits(work->bad, to, in, from, work->rows);
}

/* A decimal in 64 bits to an integer of at most 64. */
static bp_status convert_to_integers(conversion *work, bp_error *err)
{
    const int64_t *in = work->in->values;
    int64_t *whole;

    if (work->in->type.scale > 0) {
        whole = arena_allocate(work->arena, work->rows * 8 + 8);
        if (!whole) return error_no_memory(err, work->arena->memory, work->rows * 8);
        round_off(in, whole, work->rows, (int64_t)number_power10((unsigned)work->in->type.scale));
        in = whole;
    }
    convert_by_kernel(work, in, PHYSICAL_INT64);
    return BP_OK;
}

/* Decimals and integers in 64 bits: *done, or the slow way is to be gone. */
static bp_status convert_small_decimals(conversion *work, bool *done, bp_error *err)
{
    int from_scale = work->in->type.id == TYPE_DECIMAL ? work->in->type.scale : 0;
    const int64_t *in;
    bp_status status;

    *done = false;
    if (type_is_integer(work->to) && type_physical(work->in->type) == PHYSICAL_INT64 && from_scale >= 0 &&
        cast_has_kernel(PHYSICAL_INT64, type_physical(work->to))) {
        *done = true;
        return convert_to_integers(work, err);
    }
    if ((status = as_int64(work, &in, err)) || !in) return status;
    if (work->to.id == TYPE_FLOAT64 && from_scale <= 22)
        *done = !decimal64_to_double(in, work->values, work->rows, exact_power10[from_scale]);
    else if (work->to.id == TYPE_DECIMAL && work->to.precision <= 18 && work->to.scale >= from_scale)
        *done = !scale_up(in, work->values, work->rows, (int64_t)number_power10((unsigned)(work->to.scale - from_scale)),
                          (int64_t)number_power10(work->to.precision));
    return BP_OK;
}

static void convert_slowly(conversion *work)
{
    int scale = work->in->type.id == TYPE_DECIMAL ? work->in->type.scale : 0;
    bool wide_unsigned = work->in->type.id == TYPE_UINT128;

    for (size_t row = 0; row < work->rows; row++) {
        number_lane lane;
        if (conversion_skips(work, row)) continue;
        lane = number_lane_at(work->in, row);
        if (wide_unsigned) {
            uint128 value = ((const uint128 *)work->in->values)[row];
            lane.integer = (int128)value;
            if (type_is_float(work->to) || value > (uint128)(~(uint128)0 >> 1))
                lane = (number_lane){.is_float = true, .real = (double)value};
        }
        if (work->to.id == TYPE_UINT128 && lane.is_float) {
            double rounded = rint(lane.real);
            if (rounded >= 0 && rounded < 0x1p128)
                ((uint128 *)work->values)[row] = (uint128)rounded;
            else
                conversion_bad(work, row);
            continue;
        }
        if (!number_lane_store(lane, scale, work->to, work->values, row)) conversion_bad(work, row);
    }
}

bp_status convert_numbers(conversion *work, bp_error *err)
{
    type_id from = (type_id)work->in->type.id, to = (type_id)work->to.id;
    physical_type source = type_physical(work->in->type);
    bool done = false;
    bp_status status;

    if (from <= TYPE_FLOAT64 && to <= TYPE_FLOAT64 && cast_has_kernel(source, type_physical(work->to))) {
        convert_by_kernel(work, work->in->values, source);
        return BP_OK;
    }
    if ((to == TYPE_DECIMAL || from == TYPE_DECIMAL) && (status = convert_small_decimals(work, &done, err))) return status;
    if (!done) convert_slowly(work);
    return BP_OK;
}
