/* + - * / // % and the unary operators on all numeric types.
 *
 * + - * and / of floats are kernels of compute/arithmetic.h, which compute with wrapping and tell whether a row overflowed; only then are the rows
 * looked at one by one, those that are not NULL, to name the first. Decimals are the same operations on their int64 or int128, plus a bound of digits. */
#include <math.h>

#include "function_internal.h"

#include "base/number.h"
#include "compute/arithmetic.h"

/* The first four as enum arithmetic has them. */
typedef enum operation { OPERATION_ADD, OPERATION_SUBTRACT, OPERATION_MULTIPLY, OPERATION_DIVIDE, OPERATION_MODULO } operation;

static const char *const operation_words[] = {"addition", "subtraction", "multiplication", "division", "modulo"};
static const char *const operation_signs[] = {"+", "-", "*", "//", "%"};

/* failures ------------------------------------------------------------------------------------------------------------------------- */
static void print_operands(builder *text, const column *arguments, operation op, size_t row)
{
    column_print_value(text, &arguments[0], row_of(&arguments[0], row));
    builder_format(text, " %s ", operation_signs[op]);
    column_print_value(text, &arguments[1], row_of(&arguments[1], row));
}

static bp_status overflow_at(const function_call *call, const column *arguments, operation op, data_type type, size_t row,
                             bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, call->context->memory, 1000);
    type_print(&text, type);
    builder_literal(&text, " (");
    print_operands(&text, arguments, op, row);
    if ((status = builder_status(&text, err)) && status != BP_LIMIT) goto done;
    status = error_set(err, BP_OUT_OF_RANGE, "Overflow in %s of %.*s)", operation_words[op], STRING_ARGUMENTS(builder_view(&text)));
done:
    builder_clear(&text);
    return status;
}

static bp_status zero_at(const function_call *call, const column *arguments, operation op, size_t row, bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, call->context->memory, 1000);
    print_operands(&text, arguments, op, row);
    builder_byte(&text, 0);
    if ((status = builder_status(&text, err)) && status != BP_LIMIT) goto done;
    status = division_by_zero(call, text.data, err);
done:
    builder_clear(&text);
    return status;
}

/* One row again: does it overflow the type, or a decimal's digits? */
static bool overflows(const column *arguments, operation op, data_type type, size_t row)
{
    size_t left_row = row_of(&arguments[0], row), right_row = row_of(&arguments[1], row);
    size_t width = physical_width(type_physical(type));
    const char *left = (const char *)arguments[0].values + left_row * width,
               *right = (const char *)arguments[1].values + right_row * width;
    _Alignas(16) char result[16];
    int128 value, limit;

    if (arithmetic_slices(result, (arithmetic)op, type_physical(type), left, right, OPERANDS_VECTORS, 1)) return true;
    if (type.id != TYPE_DECIMAL) return false;
    limit = (int128)number_power10(type.precision);
    if (width == 8) {
        int64_t narrow;
        memcpy(&narrow, result, 8);
        value = narrow;
    } else {
        memcpy(&value, result, 16);
    }
    return value >= limit || value <= -limit;
}

/* A decimal result has too many digits somewhere. */
static bool past_digits(const column *out, size_t rows)
{
    if (out->type.id != TYPE_DECIMAL) return false;
    if (type_physical(out->type) == PHYSICAL_INT64)
        return arithmetic_beyond(out->values, (int64_t)number_power10(out->type.precision), rows);
    const int128 *values = out->values;
    int128 limit = (int128)number_power10(out->type.precision);
    for (size_t i = 0; i < rows; i++)
        if (values[i] >= limit || values[i] <= -limit) return true;
    return false;
}

/* Two constants are one row. */
static operand_shape shape_of(const column *arguments)
{
    bool left_one = arguments[0].encoding == COLUMN_CONSTANT, right_one = arguments[1].encoding == COLUMN_CONSTANT;

    return left_one == right_one ? OPERANDS_VECTORS : left_one ? OPERANDS_LEFT_CONSTANT : OPERANDS_RIGHT_CONSTANT;
}

static bp_status run_binary(operation op, const function_call *call, const column *arguments, column *out, bp_error *err)
{
    physical_type physical = type_physical(out->type);
    void *values = arena_allocate_aligned(call->arena, call->rows * physical_width(physical) + 64, 64);
    bool flagged;

    if (!values) return call_no_memory(call, call->rows * 16, err);
    out->values = values;
    flagged = arithmetic_slices(values, (arithmetic)op, physical, arguments[0].values, arguments[1].values, shape_of(arguments),
                                call->rows);
    if (LIKELY(!flagged && !past_digits(out, call->rows))) return BP_OK;
    for (size_t row = 0; row < call->rows; row++)
        if (!call_skips(call, row) && overflows(arguments, op, out->type, row))
            return overflow_at(call, arguments, op, out->type, row, err);
    return BP_OK;
}

KERNEL(arithmetic_add)
{
    (void)count;
    return run_binary(OPERATION_ADD, call, arguments, out, err);
}
KERNEL(arithmetic_subtract)
{
    (void)count;
    return run_binary(OPERATION_SUBTRACT, call, arguments, out, err);
}
KERNEL(arithmetic_multiply)
{
    (void)count;
    return run_binary(OPERATION_MULTIPLY, call, arguments, out, err);
}

/* binding: types of the results ------------------------------------------------------------------------------------------------------- */
/* N was unified; a signed and an unsigned type of which neither holds the other meet in BIGINT, as overload resolution has it in DuckDB. */
static void widen_mixed_signs(function_binding *binding)
{
    data_type left = expr_type(binding->pool, binding->arguments[0]), right = expr_type(binding->pool, binding->arguments[1]);

    if (!type_is_integer(left) || !type_is_integer(right) || !type_is_integer(binding->result)) return;
    if (type_is_signed_integer(left) == type_is_signed_integer(right)) return;
    if (binding->result.id == left.id || binding->result.id == right.id || binding->result.id == TYPE_INT128) return;
    binding->result = binding->wanted[0] = binding->wanted[1] = type_of(TYPE_INT64);
}

static data_type argument_decimal(const function_binding *binding, size_t index)
{
    data_type type = expr_type(binding->pool, binding->arguments[index]);

    return type.id == TYPE_DECIMAL || type_is_integer(type) ? decimal_of(type) : binding->wanted[index];
}

static void half_floats_widen(function_binding *binding)
{
    if (binding->result.id != TYPE_FLOAT16) return;
    binding->result = type_of(TYPE_FLOAT32);
    for (size_t i = 0; i < binding->count; i++) binding->wanted[i] = binding->result;
}

bp_status bind_add(function_binding *binding, bp_error *err)
{
    data_type left, right;
    int scale, whole, precision;

    (void)err;
    half_floats_widen(binding);
    widen_mixed_signs(binding);
    if (type_is_float(binding->result)) binding->cannot_fail = true;
    if (binding->result.id != TYPE_DECIMAL) return BP_OK;
    left = argument_decimal(binding, 0), right = argument_decimal(binding, 1);
    scale = left.scale > right.scale ? left.scale : right.scale;
    whole =
        left.precision - left.scale > right.precision - right.scale ? left.precision - left.scale : right.precision - right.scale;
    precision = whole + scale + 1;
    binding->cannot_fail = precision <= 38;
    if (precision > 38) precision = 38;
    binding->result = type_decimal((unsigned)precision, scale);
    binding->wanted[0] = binding->wanted[1] = binding->result;
    return BP_OK;
}

bp_status bind_multiply(function_binding *binding, bp_error *err)
{
    data_type left, right;
    int scale, precision;

    half_floats_widen(binding);
    widen_mixed_signs(binding);
    if (type_is_float(binding->result)) binding->cannot_fail = true;
    if (binding->result.id != TYPE_DECIMAL) return BP_OK;
    left = argument_decimal(binding, 0), right = argument_decimal(binding, 1);
    scale = left.scale + right.scale;
    precision = left.precision + right.precision;
    if (scale > 38)
        return error_set(
            err, BP_BIND_ERROR,
            "the product needs %d digits behind the point, DECIMAL has at most 38: cast a side to DOUBLE or to a smaller scale",
            scale);
    binding->cannot_fail = precision <= 38;
    if (precision > 18 && left.precision <= 18 && right.precision <= 18 && scale < 18) precision = 18, binding->cannot_fail = false;
    if (precision > 38) precision = 38;
    binding->result = type_decimal((unsigned)precision, scale);
    binding->wanted[0] = type_decimal((unsigned)precision, left.scale);
    binding->wanted[1] = type_decimal((unsigned)precision, right.scale);
    return BP_OK;
}

/* / : FLOAT stays FLOAT, all else is DOUBLE; with the setting integer_division integers stay what they are. */
bp_status bind_bitwise(function_binding *binding, bp_error *err)
{
    (void)err;
    widen_mixed_signs(binding);
    return BP_OK;
}

/* FLOAT only when an argument is FLOAT and none DOUBLE. */
static bool is_single_quotient(const function_binding *binding)
{
    bool single = false;

    for (size_t i = 0; i < binding->count; i++) {
        data_type type = expr_type(binding->pool, binding->arguments[i]);
        if (type.id == TYPE_FLOAT64) return false;
        single |= type.id == TYPE_FLOAT32;
    }
    return single;
}

bp_status bind_divide(function_binding *binding, bp_error *err)
{
    (void)err;
    if (binding->pool->context->config.integer_division && type_is_integer(binding->result)) {
        widen_mixed_signs(binding);
        return BP_OK;
    }
    binding->cannot_fail = true;
    binding->result = type_of(is_single_quotient(binding) ? TYPE_FLOAT32 : TYPE_FLOAT64);
    binding->wanted[0] = binding->wanted[1] = binding->result;
    return BP_OK;
}

bp_status bind_integer_divide(function_binding *binding, bp_error *err)
{
    (void)err;
    widen_mixed_signs(binding);
    if (!type_is_integer(binding->result) && binding->result.id != TYPE_FLOAT32) binding->result = type_of(TYPE_FLOAT64);
    binding->wanted[0] = binding->wanted[1] = binding->result;
    return BP_OK;
}

bp_status bind_modulo(function_binding *binding, bp_error *err)
{
    (void)err;
    half_floats_widen(binding);
    widen_mixed_signs(binding);
    if (type_is_float(binding->result)) binding->cannot_fail = true;
    return BP_OK;
}

/* division ----------------------------------------------------------------------------------------------------------------------------- */
/* A zero divisor: an error, or, with error_on_division_by_zero off, a NULL in a validity made at the first. */
static bp_status meet_zero(const function_call *call, const column *arguments, operation op, size_t row, column *out,
                           uint64_t **validity, bp_error *err)
{
    if (call->context->config.error_on_division_by_zero) return zero_at(call, arguments, op, row, err);
    if (!*validity && !(*validity = call_own_validity(call, out))) return call_no_memory(call, call->rows, err);
    bitmap_unset(*validity, row);
    return BP_OK;
}

#define DIVISION_LOOP(number, is_zero, overflowed)                                                                                 \
    {                                                                                                                              \
        number *to = values;                                                                                                       \
        for (size_t row = 0; row < call->rows; row++) {                                                                            \
            number a, b;                                                                                                           \
            to[row] = 0;                                                                                                           \
            if (call_skips(call, row)) continue;                                                                                   \
            a = VALUE(&arguments[0], number, row), b = VALUE(&arguments[1], number, row);                                          \
            if (UNLIKELY(is_zero)) {                                                                                               \
                if ((status = meet_zero(call, arguments, op, row, out, &validity, err))) return status;                            \
                continue;                                                                                                          \
            }                                                                                                                      \
            if (UNLIKELY(overflowed)) {                                                                                            \
                if (op == OPERATION_MODULO) continue;                                                                              \
                return overflow_at(call, arguments, op, out->type, row, err);                                                      \
            }                                                                                                                      \
            to[row] = (number)(op == OPERATION_MODULO ? a % b : a / b);                                                            \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }

static bp_status run_integer_division(operation op, const function_call *call, const column *arguments, column *out, bp_error *err)
{
    void *values = arena_allocate_aligned(call->arena, call->rows * 16 + 64, 64);
    uint64_t *validity = NULL;
    bp_status status;

    if (!values) return call_no_memory(call, call->rows * 16, err);
    out->values = values;
    switch (type_physical(out->type)) {
    case PHYSICAL_INT8: DIVISION_LOOP(int8_t, b == 0, b == -1 && a == INT8_MIN)
    case PHYSICAL_INT16: DIVISION_LOOP(int16_t, b == 0, b == -1 && a == INT16_MIN)
    case PHYSICAL_INT32: DIVISION_LOOP(int32_t, b == 0, b == -1 && a == INT32_MIN)
    case PHYSICAL_INT64: DIVISION_LOOP(int64_t, b == 0, b == -1 && a == INT64_MIN)
    case PHYSICAL_INT128: DIVISION_LOOP(int128, b == 0, b == -1 && a == (int128)((uint128)1 << 127))
    case PHYSICAL_UINT8: DIVISION_LOOP(uint8_t, b == 0, false)
    case PHYSICAL_UINT16: DIVISION_LOOP(uint16_t, b == 0, false)
    case PHYSICAL_UINT32: DIVISION_LOOP(uint32_t, b == 0, false)
    case PHYSICAL_UINT64: DIVISION_LOOP(uint64_t, b == 0, false)
    case PHYSICAL_UINT128: DIVISION_LOOP(uint128, b == 0, false)
    default: return ERROR_INTERNAL(err, "integer division of another type");
    }
}

static bp_status run_float_modulo(const function_call *call, const column *arguments, column *out, bp_error *err)
{
    bool narrow = out->type.id == TYPE_FLOAT32;
    void *values = call_values(call, out, narrow ? 4 : 8);

    if (!values) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        if (narrow)
            ((float *)values)[row] = fmodf(VALUE(&arguments[0], float, row), VALUE(&arguments[1], float, row));
        else
            ((double *)values)[row] = fmod(VALUE(&arguments[0], double, row), VALUE(&arguments[1], double, row));
    }
    return BP_OK;
}

KERNEL(arithmetic_divide)
{
    physical_type physical = type_physical(out->type);
    void *values;

    (void)count;
    if (type_is_integer(out->type)) return run_integer_division(OPERATION_DIVIDE, call, arguments, out, err);
    values = call_values(call, out, physical_width(physical));
    if (!values) return call_no_memory(call, call->rows * 8, err);
    arithmetic_slices(values, ARITHMETIC_DIVIDE, physical, arguments[0].values, arguments[1].values, shape_of(arguments),
                      call->rows);
    return BP_OK;
}

/* // of floats is plain division, but a zero divisor is no value. */
KERNEL(arithmetic_integer_divide)
{
    uint64_t *validity = NULL;
    bp_status status;

    if (type_is_integer(out->type)) return run_integer_division(OPERATION_DIVIDE, call, arguments, out, err);
    if ((status = arithmetic_divide(call, arguments, count, out, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        double divisor =
            out->type.id == TYPE_FLOAT32 ? (double)VALUE(&arguments[1], float, row) : VALUE(&arguments[1], double, row);
        if (divisor != 0 || call_skips(call, row)) continue;
        if ((status = meet_zero(call, arguments, OPERATION_DIVIDE, row, out, &validity, err))) return status;
    }
    return BP_OK;
}

KERNEL(arithmetic_modulo)
{
    (void)count;
    if (type_is_float(out->type)) return run_float_modulo(call, arguments, out, err);
    return run_integer_division(OPERATION_MODULO, call, arguments, out, err);
}

/* unary -------------------------------------------------------------------------------------------------------------------------------- */
static bp_status unary_overflow(const function_call *call, const char *what, const column *in, size_t row, bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, call->context->memory, 1000);
    type_print(&text, in->type);
    builder_literal(&text, " (");
    column_print_value(&text, in, row_of(in, row));
    if ((status = builder_status(&text, err)) && status != BP_LIMIT) goto done;
    status = error_set(err, BP_OUT_OF_RANGE, "Overflow in %s of %.*s)", what, STRING_ARGUMENTS(builder_view(&text)));
done:
    builder_clear(&text);
    return status;
}

#define UNARY_LOOP(type, bad, expression, what)                                                                                    \
    {                                                                                                                              \
        type *to = values;                                                                                                         \
        for (size_t row = 0; row < call->rows; row++) {                                                                            \
            type a = VALUE(in, type, row);                                                                                         \
            to[row] = a;                                                                                                           \
            if (UNLIKELY(bad)) {                                                                                                   \
                if (call_skips(call, row)) continue;                                                                               \
                return unary_overflow(call, what, in, row, err);                                                                   \
            }                                                                                                                      \
            to[row] = (type)(expression);                                                                                          \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }

#define UNARY_KERNEL(name, signed_expression, unsigned_bad, unsigned_expression, float_expression, what)                           \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        const column *in = &arguments[0];                                                                                          \
        void *values = arena_allocate_aligned(call->arena, call->rows * 16 + 64, 64);                                              \
        (void)count;                                                                                                               \
        if (!values) return call_no_memory(call, call->rows * 16, err);                                                            \
        out->values = values;                                                                                                      \
        switch (type_physical(out->type)) {                                                                                        \
        case PHYSICAL_INT8: UNARY_LOOP(int8_t, a == INT8_MIN, signed_expression, what)                                             \
        case PHYSICAL_INT16: UNARY_LOOP(int16_t, a == INT16_MIN, signed_expression, what)                                          \
        case PHYSICAL_INT32: UNARY_LOOP(int32_t, a == INT32_MIN, signed_expression, what)                                          \
        case PHYSICAL_INT64: UNARY_LOOP(int64_t, a == INT64_MIN, signed_expression, what)                                          \
        case PHYSICAL_INT128: UNARY_LOOP(int128, a == (int128)((uint128)1 << 127), signed_expression, what)                        \
        case PHYSICAL_UINT8: UNARY_LOOP(uint8_t, unsigned_bad, unsigned_expression, what)                                          \
        case PHYSICAL_UINT16: UNARY_LOOP(uint16_t, unsigned_bad, unsigned_expression, what)                                        \
        case PHYSICAL_UINT32: UNARY_LOOP(uint32_t, unsigned_bad, unsigned_expression, what)                                        \
        case PHYSICAL_UINT64: UNARY_LOOP(uint64_t, unsigned_bad, unsigned_expression, what)                                        \
        case PHYSICAL_UINT128: UNARY_LOOP(uint128, unsigned_bad, unsigned_expression, what)                                        \
        case PHYSICAL_FLOAT32: UNARY_LOOP(float, false, float_expression, what)                                                    \
        case PHYSICAL_FLOAT64: UNARY_LOOP(double, false, float_expression, what)                                                   \
        default: return ERROR_INTERNAL(err, what);                                                                                 \
        }                                                                                                                          \
    }

UNARY_KERNEL(arithmetic_negate, -a, a != 0, a, -a, "negation")
UNARY_KERNEL(arithmetic_absolute, a < 0 ? -a : a, false, a, fabs((double)a), "abs()")

KERNEL(arithmetic_identity)
{
    (void)count, (void)err;
    *out = arguments[0];
    out->length = call->rows;
    return BP_OK;
}

bp_status bind_unary(function_binding *binding, bp_error *err)
{
    (void)err;
    half_floats_widen(binding);
    binding->cannot_fail = type_is_float(binding->result) || binding->result.id == TYPE_DECIMAL;
    return BP_OK;
}

KERNEL(arithmetic_sign)
{
    int8_t *to = call_values(call, out, 1);

    (void)count;
    if (!to) return call_no_memory(call, call->rows, err);
    for (size_t row = 0; row < call->rows; row++) {
        double value;
        if (arguments[0].type.id == TYPE_DECIMAL) {
            int128 exact = type_physical(arguments[0].type) == PHYSICAL_INT64 ? VALUE(&arguments[0], int64_t, row)
                                                                              : VALUE(&arguments[0], int128, row);
            to[row] = (int8_t)((exact > 0) - (exact < 0));
            continue;
        }
        value = VALUE(&arguments[0], double, row);
        to[row] = (int8_t)((value > 0) - (value < 0));
    }
    return BP_OK;
}

bp_status bind_sign(function_binding *binding, bp_error *err)
{
    (void)err;
    if (binding->wanted[0].id != TYPE_DECIMAL) binding->wanted[0] = type_of(TYPE_FLOAT64);
    return BP_OK;
}
