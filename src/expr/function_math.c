/* Functions of numbers: roots, logarithms, angles, rounding, bits. Those of one or two DOUBLEs are one line each; where they are not defined they
 * give what IEEE 754 has for it, NaN or an infinity, as DuckDB does. */
#include <math.h>

#include "function_internal.h"

#include "base/number.h"

/* one DOUBLE -------------------------------------------------------------------------------------------------------------------------- */
#define MATH(name, expression)                                                                                                     \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        double *to = call_values(call, out, 8);                                                                                    \
        (void)count;                                                                                                               \
        if (!to) return call_no_memory(call, call->rows * 8, err);                                                                 \
        for (size_t row = 0; row < call->rows; row++) {                                                                            \
            double x = VALUE(&arguments[0], double, row);                                                                          \
            to[row] = (expression);                                                                                                \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }

#define PI 3.14159265358979323846

MATH(math_cbrt, cbrt(x))
MATH(math_exp, exp(x))
MATH(math_tanh, tanh(x))
MATH(math_sinh, sinh(x))
MATH(math_cosh, cosh(x))
MATH(math_asinh, asinh(x))
MATH(math_atan, atan(x))
MATH(math_degrees, x * (180 / PI))
MATH(math_radians, x *(PI / 180))
MATH(math_sqrt, sqrt(x))
MATH(math_ln, log(x))
MATH(math_log10, log10(x))
MATH(math_log2, log2(x))
MATH(math_sin, sin(x))
MATH(math_cos, cos(x))
MATH(math_tan, tan(x))
MATH(math_cot, 1 / tan(x))
MATH(math_asin, asin(x))
MATH(math_acos, acos(x))
MATH(math_acosh, acosh(x))
MATH(math_atanh, atanh(x))
MATH(math_gamma, tgamma(x))

/* lgamma() writes a global; the reentrant form does not. */
extern double lgamma_r(double x, int *sign);
KERNEL(math_lgamma)
{
    double *to = call_values(call, out, 8);
    int sign;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        double x = VALUE(&arguments[0], double, row);
        to[row] = lgamma_r(x, &sign);
    }
    return BP_OK;
}

/* To the next even integer away from zero. */
static double to_even(double x)
{
    double away = x < 0 ? ceil(-x) : ceil(x);

    if (fmod(away, 2) != 0) away += 1;
    return x < 0 ? -away : away;
}
MATH(math_even, to_even(x))

/* two DOUBLEs ------------------------------------------------------------------------------------------------------------------------- */
#define MATH2(name, expression)                                                                                                    \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        double *to = call_values(call, out, 8);                                                                                    \
        (void)count;                                                                                                               \
        if (!to) return call_no_memory(call, call->rows * 8, err);                                                                 \
        for (size_t row = 0; row < call->rows; row++) {                                                                            \
            double x = VALUE(&arguments[0], double, row), y = VALUE(&arguments[1], double, row);                                   \
            to[row] = (expression);                                                                                                \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }
MATH2(math_pow, pow(x, y))
MATH2(math_atan2, atan2(x, y))
MATH2(math_nextafter, nextafter(x, y))

MATH2(math_log_base, log10(y) / log10(x))

KERNEL(math_pi)
{
    double *to = call_values(call, out, 8);

    (void)arguments, (void)count;
    if (!to) return call_no_memory(call, 8, err);
    for (size_t row = 0; row < call->rows; row++) to[row] = PI;
    return BP_OK;
}

/* tests of floats -------------------------------------------------------------------------------------------------------------------- */
#define FLOAT_TEST(name, condition)                                                                                                \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        uint64_t *bits = call_bits(call, out);                                                                                     \
        (void)count;                                                                                                               \
        if (!bits) return call_no_memory(call, call->rows / 8, err);                                                               \
        for (size_t row = 0; row < call->rows; row++) {                                                                            \
            double x = VALUE(&arguments[0], double, row);                                                                          \
            if (condition) bitmap_set(bits, row);                                                                                  \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }
FLOAT_TEST(math_isnan, isnan(x))
FLOAT_TEST(math_isinf, isinf(x))
FLOAT_TEST(math_isfinite, isfinite(x))

/* rounding ------------------------------------------------------------------------------------------------------------------------- */
typedef enum rounding { ROUND_HALF_AWAY, ROUND_FLOOR, ROUND_CEIL, ROUND_TRUNC } rounding;

static double round_real(rounding how, double x)
{
    return how == ROUND_HALF_AWAY ? round(x) : how == ROUND_FLOOR ? floor(x) : how == ROUND_CEIL ? ceil(x) : trunc(x);
}

static int128 round_integer(rounding how, int128 value, int128 unit)
{
    int128 quotient = value / unit, rest = value % unit;

    if (how == ROUND_FLOOR && rest < 0) quotient--;
    if (how == ROUND_CEIL && rest > 0) quotient++;
    if (how == ROUND_HALF_AWAY && (rest < 0 ? -rest : rest) >= unit - (rest < 0 ? -rest : rest)) quotient += value < 0 ? -1 : 1;
    return quotient;
}

/* A DECIMAL with fewer digits behind the point, those of the result's type, and with zeros for the last `tens` before it. */
static bp_status round_decimals(rounding how, const function_call *call, const column *in, unsigned tens, column *out,
                                bp_error *err)
{
    bool narrow_in = type_physical(in->type) == PHYSICAL_INT64, narrow_out = type_physical(out->type) == PHYSICAL_INT64;
    int drop = in->type.scale - out->type.scale;
    unsigned zeros = (drop > 0 ? (unsigned)drop : 0) + tens;
    int128 unit = zeros <= 38 ? (int128)number_power10(zeros) : 0, limit = (int128)number_power10(out->type.precision);
    void *values = arena_allocate_aligned(call->arena, call->rows * 16 + 64, 64);

    if (!values) return call_no_memory(call, call->rows * 16, err);
    out->values = values;
    for (size_t row = 0; row < call->rows; row++) {
        int128 value = narrow_in ? VALUE(in, int64_t, row) : VALUE(in, int128, row);
        if (zeros) value = unit ? round_integer(how, value, unit) * (int128)number_power10(tens) : 0;
        if (tens && !call_skips(call, row) && (value >= limit || value <= -limit))
            return error_set(err, BP_OUT_OF_RANGE, "Overflow in round(): the rounded value does not fit its type");
        if (narrow_out)
            ((int64_t *)values)[row] = (int64_t)value;
        else
            ((int128 *)values)[row] = value;
    }
    return BP_OK;
}

static bp_status round_values(rounding how, const function_call *call, const column *in, column *out, bp_error *err)
{
    double *to;

    if (out->type.id == TYPE_DECIMAL) return round_decimals(how, call, in, 0, out, err);
    if (type_is_integer(out->type)) {
        *out = *in;
        out->length = call->rows;
        return BP_OK;
    }
    to = call_values(call, out, 8);
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        if (out->type.id == TYPE_FLOAT32)
            ((float *)to)[row] = (float)round_real(how, (double)VALUE(in, float, row));
        else
            to[row] = round_real(how, VALUE(in, double, row));
    }
    return BP_OK;
}

/* A signed type that holds the values of an unsigned one: as DuckDB's overloads have it, BIGINT, and HUGEINT for UBIGINT. */
static data_type signed_for(data_type type)
{
    if (!type_is_integer(type) || type_is_signed_integer(type) || type.id == TYPE_UINT128) return type;
    return type_of(type.id == TYPE_UINT64 ? TYPE_INT128 : TYPE_INT64);
}

bp_status bind_bit_count(function_binding *binding, bp_error *err)
{
    type_id id = (type_id)binding->wanted[0].id;

    (void)err;
    if (id == TYPE_UINT64 || id == TYPE_INT128 || id == TYPE_UINT128) binding->result = type_of(TYPE_INT16);
    return BP_OK;
}

/* gcd and lcm: BIGINT, or HUGEINT when an argument does not fit that. */
bp_status bind_wide_integer(function_binding *binding, bp_error *err)
{
    bool wide = false;

    (void)err;
    for (size_t i = 0; i < binding->count; i++) {
        type_id id = (type_id)expr_type(binding->pool, binding->arguments[i]).id;
        wide |= id == TYPE_UINT64 || id == TYPE_INT128 || id == TYPE_UINT128;
    }
    binding->result = type_of(wide ? TYPE_INT128 : TYPE_INT64);
    for (size_t i = 0; i < binding->count; i++) binding->wanted[i] = binding->result;
    return BP_OK;
}

/* Decimals lose their scale, FLOAT stays; integers stay for round and trunc, and are DOUBLE for floor and ceil, as DuckDB has it. */
static bp_status bind_rounding(function_binding *binding, bool integers_stay)
{
    data_type type = binding->wanted[0];

    if (type.id == TYPE_DECIMAL)
        binding->result = type_decimal(type.precision, 0);
    else if (!(type_is_integer(type) && integers_stay) && type.id != TYPE_FLOAT32)
        binding->result = binding->wanted[0] = type_of(TYPE_FLOAT64);
    return BP_OK;
}

bp_status bind_round(function_binding *binding, bp_error *err)
{
    (void)err;
    binding->result = binding->wanted[0] = signed_for(binding->wanted[0]);
    return bind_rounding(binding, true);
}

bp_status bind_trunc(function_binding *binding, bp_error *err)
{
    (void)err;
    return bind_rounding(binding, true);
}

bp_status bind_floor(function_binding *binding, bp_error *err)
{
    (void)err;
    return bind_rounding(binding, false);
}

KERNEL(math_round)
{
    (void)count;
    return round_values(ROUND_HALF_AWAY, call, &arguments[0], out, err);
}
KERNEL(math_floor)
{
    (void)count;
    return round_values(ROUND_FLOOR, call, &arguments[0], out, err);
}
KERNEL(math_ceil)
{
    (void)count;
    return round_values(ROUND_CEIL, call, &arguments[0], out, err);
}
KERNEL(math_trunc)
{
    (void)count;
    return round_values(ROUND_TRUNC, call, &arguments[0], out, err);
}

/* round(x, digits): of a DECIMAL with constant digits a DECIMAL of that scale, else DOUBLE (integers: themselves, to tens, hundreds …). */
bp_status bind_round_digits(function_binding *binding, bp_error *err)
{
    data_type type = signed_for(binding->wanted[0]);
    int64_t digits;

    (void)err;
    if (type.id == TYPE_DECIMAL && binding_int64(binding, 1, &digits)) {
        if (digits > type.scale) digits = type.scale;
        binding->result = type_decimal(type.precision + (unsigned)(digits < 0 && type.scale == 0 && type.precision < 38),
                                       digits < 0 ? 0 : (int)digits);
        return BP_OK;
    }
    if (!type_is_integer(type) && type.id != TYPE_FLOAT32) type = type_of(TYPE_FLOAT64);
    if (type.id == TYPE_UINT128) type = type_of(TYPE_FLOAT64);
    binding->result = binding->wanted[0] = type;
    return BP_OK;
}

static double round_to_digits(double x, int64_t digits)
{
    double power, scaled;

    if (digits > 308 || !isfinite(x)) return x;
    if (digits < -308) return 0;
    power = pow(10, (double)(digits < 0 ? -digits : digits));
    scaled = digits < 0 ? round(x / power) * power : round(x * power) / power;
    return isfinite(scaled) ? scaled : x;
}

static bp_status round_integer_digits(const function_call *call, const column *arguments, column *out, bp_error *err)
{
    void *values = arena_allocate_aligned(call->arena, call->rows * 16 + 64, 64);

    if (!values) return call_no_memory(call, call->rows * 16, err);
    memset(values, 0, call->rows * 16);
    out->values = values;
    for (size_t row = 0; row < call->rows; row++) {
        column one = arguments[0];
        int64_t digits = VALUE(&arguments[1], int32_t, row);
        int128 value, unit;
        if (call_skips(call, row)) continue;
        value = column_integer(&one, row_of(&one, row));
        if (digits < 0) {
            unit = digits < -38 ? 0 : (int128)number_power10((unsigned)-digits);
            value = unit ? round_integer(ROUND_HALF_AWAY, value, unit) * unit : 0;
        }
        if (!column_integer_store(values, out->type, row, value))
            return error_set(err, BP_OUT_OF_RANGE, "Overflow in round(): the rounded value does not fit its type");
    }
    return BP_OK;
}

KERNEL(math_round_digits)
{
    double *to;

    (void)count;
    if (out->type.id == TYPE_DECIMAL) {
        int64_t digits = VALUE(&arguments[1], int32_t, 0);
        return round_decimals(ROUND_HALF_AWAY, call, &arguments[0],
                              digits >= 0    ? 0
                              : digits < -99 ? 99
                                             : (unsigned)-digits,
                              out, err);
    }
    if (type_is_integer(out->type)) return round_integer_digits(call, arguments, out, err);
    to = call_values(call, out, 8);
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        int64_t digits = VALUE(&arguments[1], int32_t, row);
        if (out->type.id == TYPE_FLOAT32)
            ((float *)to)[row] = (float)round_to_digits((double)VALUE(&arguments[0], float, row), digits);
        else
            to[row] = round_to_digits(VALUE(&arguments[0], double, row), digits);
    }
    return BP_OK;
}

/* integers ----------------------------------------------------------------------------------------------------------------------------- */
#define BITWISE(name, op)                                                                                                          \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        size_t width = physical_width(type_physical(out->type));                                                                   \
        char *to = call_values(call, out, width);                                                                                  \
        (void)count;                                                                                                               \
        if (!to) return call_no_memory(call, call->rows * width, err);                                                             \
        for (size_t row = 0; row < call->rows; row++) {                                                                            \
            const char *a = (const char *)arguments[0].values + row_of(&arguments[0], row) * width;                                \
            const char *b = (const char *)arguments[1].values + row_of(&arguments[1], row) * width;                                \
            for (size_t i = 0; i < width; i++) to[row * width + i] = (char)(a[i] op b[i]);                                         \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }
BITWISE(math_bit_and, &)
BITWISE(math_bit_or, |)
BITWISE(math_bit_xor, ^)

KERNEL(math_bit_not)
{
    size_t width = physical_width(type_physical(out->type));
    char *to = call_values(call, out, width);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * width, err);
    for (size_t row = 0; row < call->rows; row++) {
        const char *a = (const char *)arguments[0].values + row_of(&arguments[0], row) * width;
        for (size_t i = 0; i < width; i++) to[row * width + i] = (char)~a[i];
    }
    return BP_OK;
}

KERNEL(math_bit_count)
{
    size_t width = physical_width(type_physical(arguments[0].type));
    bool wide = out->type.id == TYPE_INT16;
    void *to = call_values(call, out, wide ? 2 : 1);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 2, err);
    for (size_t row = 0; row < call->rows; row++) {
        const uint8_t *a = (const uint8_t *)arguments[0].values + row_of(&arguments[0], row) * width;
        int total = 0;
        for (size_t i = 0; i < width; i++) total += __builtin_popcount(a[i]);
        if (wide)
            ((int16_t *)to)[row] = (int16_t)total;
        else
            ((int8_t *)to)[row] = (int8_t)total;
    }
    return BP_OK;
}

/* An integer of any width at a row, and back. */
int128 column_integer(const column *in, size_t row)
{
    switch (type_physical(in->type)) {
    case PHYSICAL_INT8: return ((const int8_t *)in->values)[row];
    case PHYSICAL_INT16: return ((const int16_t *)in->values)[row];
    case PHYSICAL_INT32: return ((const int32_t *)in->values)[row];
    case PHYSICAL_INT64: return ((const int64_t *)in->values)[row];
    case PHYSICAL_UINT8: return ((const uint8_t *)in->values)[row];
    case PHYSICAL_UINT16: return ((const uint16_t *)in->values)[row];
    case PHYSICAL_UINT32: return ((const uint32_t *)in->values)[row];
    case PHYSICAL_UINT64: return ((const uint64_t *)in->values)[row];
    default: return ((const int128 *)in->values)[row];
    }
}

bool column_integer_store(void *values, data_type type, size_t row, int128 value)
{
#define STORE(physical, ctype)                                                                                                     \
    case PHYSICAL_##physical: ((ctype *)values)[row] = (ctype)value; return (int128)(ctype)value == value;
    switch (type_physical(type)) {
        STORE(INT8, int8_t)
        STORE(INT16, int16_t)
        STORE(INT32, int32_t)
        STORE(INT64, int64_t)
        STORE(UINT8, uint8_t)
        STORE(UINT16, uint16_t)
        STORE(UINT32, uint32_t)
        STORE(UINT64, uint64_t)
    default: ((int128 *)values)[row] = value; return true;
    }
#undef STORE
}

static bp_status shift(const function_call *call, const column *arguments, column *out, bool left, bp_error *err)
{
    size_t width = physical_width(type_physical(out->type));
    int bits = (int)width * 8;
    char *to = call_values(call, out, width);

    if (!to) return call_no_memory(call, call->rows * width, err);
    for (size_t row = 0; row < call->rows; row++) {
        int128 value, by, result = 0;
        memset(to + row * width, 0, width);
        if (call_skips(call, row)) continue;
        value = column_integer(&arguments[0], row_of(&arguments[0], row));
        by = column_integer(&arguments[1], row_of(&arguments[1], row));
        if (left) {
            if (value < 0) return error_set(err, BP_OUT_OF_RANGE, "Cannot left-shift a negative number");
            if (by < 0) return error_set(err, BP_OUT_OF_RANGE, "Cannot left-shift by a negative number");
            if (value && (by >= bits || value > (((int128)1 << (bits < 127 ? bits : 126)) >> by)))
                return error_set(err, BP_OUT_OF_RANGE, "Overflow in left shift");
            result = value ? (int128)((uint128)value << by) : 0;
        } else if (by >= 0 && by < bits) {
            result = value >> by;
        }
        if (!column_integer_store(to, out->type, row, result)) return error_set(err, BP_OUT_OF_RANGE, "Overflow in left shift");
    }
    return BP_OK;
}

KERNEL(math_shift_left)
{
    (void)count;
    return shift(call, arguments, out, true, err);
}
KERNEL(math_shift_right)
{
    (void)count;
    return shift(call, arguments, out, false, err);
}

static uint128 magnitude(int128 value)
{
    return value < 0 ? (uint128)0 - (uint128)value : (uint128)value;
}

static uint128 greatest_divisor(uint128 a, uint128 b)
{
    while (b) {
        uint128 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bp_status divisor_or_multiple(const function_call *call, const column *arguments, column *out, bool multiple, bp_error *err)
{
    size_t width = physical_width(type_physical(out->type));
    void *to = call_values(call, out, width);

    if (!to) return call_no_memory(call, call->rows * width, err);
    for (size_t row = 0; row < call->rows; row++) {
        uint128 a, b, result;
        memset((char *)to + row * width, 0, width);
        if (call_skips(call, row)) continue;
        a = magnitude(column_integer(&arguments[0], row_of(&arguments[0], row)));
        b = magnitude(column_integer(&arguments[1], row_of(&arguments[1], row)));
        result = greatest_divisor(a, b);
        if (multiple && result && __builtin_mul_overflow(a / result, b, &result))
            return error_set(err, BP_OUT_OF_RANGE, "the least common multiple is out of range");
        if (result > ~(uint128)0 >> 1 || !column_integer_store(to, out->type, row, (int128)result))
            return error_set(err, BP_OUT_OF_RANGE, "the result of %s() is out of range", multiple ? "lcm" : "gcd");
    }
    return BP_OK;
}

KERNEL(math_gcd)
{
    (void)count;
    return divisor_or_multiple(call, arguments, out, false, err);
}
KERNEL(math_lcm)
{
    (void)count;
    return divisor_or_multiple(call, arguments, out, true, err);
}

KERNEL(math_factorial)
{
    int128 *to = call_values(call, out, 16);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        int32_t n = VALUE(&arguments[0], int32_t, row);
        int128 product = 1;
        if (call_skips(call, row)) continue;
        if (n < 0) return error_set(err, BP_OUT_OF_RANGE, "the factorial of a negative number is not defined");
        for (int32_t i = 2; i <= n; i++)
            if (__builtin_mul_overflow(product, (int128)i, &product))
                return error_set(err, BP_OUT_OF_RANGE, "%d! is out of range: HUGEINT holds factorials up to 33!", n);
        to[row] = product;
    }
    return BP_OK;
}
