/* Casts from and to VARCHAR. Text is read with the blanks around it left out; numbers also in the forms '1.5' (rounded for integers), '1e3', '0x1F',
 * '1_000'. Printing is column_print_value()'s, with short cuts for integers and doubles. */
#include "convert_internal.h"

#include <math.h>

#include "base/error.h"
#include "base/number.h"
#include "base/temporal.h"

static string_view text_at(const conversion *work, size_t row)
{
    return string_trim(string_ref_view(&((const string_ref *)work->in->values)[row]));
}

/* numbers ---------------------------------------------------------------------------------------------------------------------------- */
/* "1_000" without the underscores, into a buffer of the text's size; false: an underscore not between two digits. */
static bool without_underscores(string_view *text, char *buffer, size_t size)
{
    size_t length = 0;

    if (text->size > size || !memchr(text->data, '_', text->size)) return false;
    for (size_t i = 0; i < text->size; i++) {
        if (text->data[i] != '_') {
            buffer[length++] = text->data[i];
        } else if (i == 0 || i + 1 == text->size || !ascii_is_digit((unsigned char)text->data[i - 1]) ||
                   !ascii_is_digit((unsigned char)text->data[i + 1])) {
            return false;
        }
    }
    *text = (string_view){buffer, length};
    return true;
}

/* Digits with a point or an exponent, as an integer, half away from zero; or 0x1f, 0b11. */
static number_result parse_odd_integer(string_view text, int128 *out)
{
    const char *end = text.data + text.size;
    char buffer[128];
    uint64_t hex;
    bool negative = text.size && text.data[0] == '-';
    number_result result;

    if (without_underscores(&text, buffer, sizeof buffer)) end = text.data + text.size;
    if (text.size > 2 + (size_t)negative && text.data[negative] == '0' &&
        ((text.data[negative + 1] | 0x20) == 'x' || (text.data[negative + 1] | 0x20) == 'b')) {
        unsigned base = (text.data[negative + 1] | 0x20) == 'x' ? 16 : 2;
        result = number_parse_base(text.data + negative + 2, end, base, NUMBER_NO_SIGN, &hex);
        *out = negative ? -(int128)hex : (int128)hex;
        return result;
    }
    result = number_parse_decimal(text.data, end, 38, 0, out);
    return result == NUMBER_INEXACT ? NUMBER_OK : result;
}

static number_result parse_integer(string_view text, data_type to, void *values, size_t row)
{
    const char *begin = text.data, *end = text.data + text.size;
    number_result result;
    int128 value;

    if (!text.size) return NUMBER_BAD;
    switch (to.id) {
    case TYPE_INT8: result = number_parse_int8(begin, end, (int8_t *)values + row); break;
    case TYPE_INT16: result = number_parse_int16(begin, end, (int16_t *)values + row); break;
    case TYPE_INT32: result = number_parse_int32(begin, end, (int32_t *)values + row); break;
    case TYPE_INT64: result = number_parse_int64(begin, end, (int64_t *)values + row); break;
    case TYPE_INT128: result = number_parse_int128(begin, end, (int128 *)values + row); break;
    case TYPE_UINT8: result = number_parse_uint8(begin, end, (uint8_t *)values + row); break;
    case TYPE_UINT16: result = number_parse_uint16(begin, end, (uint16_t *)values + row); break;
    case TYPE_UINT32: result = number_parse_uint32(begin, end, (uint32_t *)values + row); break;
    case TYPE_UINT64: result = number_parse_uint64(begin, end, (uint64_t *)values + row); break;
    default: result = number_parse_uint128(begin, end, (uint128 *)values + row); break;
    }
    if (result != NUMBER_BAD) return result;
    result = parse_odd_integer(text, &value);
    if (result) return result;
    return number_lane_store((number_lane){.integer = value}, 0, to, values, row) ? NUMBER_OK : NUMBER_OVERFLOW;
}

/* A number beyond the type's range is infinity. */
static number_result parse_real(string_view text, data_type to, void *values, size_t row)
{
    char buffer[128];
    double value = 0;
    number_result result;

    if (!text.size) return NUMBER_BAD;
    without_underscores(&text, buffer, sizeof buffer);
    if (to.id == TYPE_FLOAT32) {
        result = number_parse_float(text.data, text.data + text.size, (float *)values + row);
        if (result == NUMBER_OVERFLOW) ((float *)values)[row] = text.data[0] == '-' ? -INFINITY : INFINITY;
        return result == NUMBER_BAD ? result : NUMBER_OK;
    }
    result = number_parse_double(text.data, text.data + text.size, &value);
    if (result == NUMBER_BAD) return result;
    if (result == NUMBER_OVERFLOW) value = text.data[0] == '-' ? -INFINITY : INFINITY;
    return number_lane_store((number_lane){.is_float = true, .real = value}, 0, to, values, row) ? NUMBER_OK : NUMBER_OVERFLOW;
}

static number_result parse_decimal(string_view text, data_type to, void *values, size_t row)
{
    char buffer[128];
    int128 value;
    number_result result;

    if (!text.size) return NUMBER_BAD;
    without_underscores(&text, buffer, sizeof buffer);
    result = number_parse_decimal(text.data, text.data + text.size, to.precision, (unsigned)to.scale, &value);
    if (result != NUMBER_OK && result != NUMBER_INEXACT) return result;
    if (type_physical(to) == PHYSICAL_INT64)
        ((int64_t *)values)[row] = (int64_t)value;
    else
        ((int128 *)values)[row] = value;
    return NUMBER_OK;
}

static number_result parse_boolean(string_view text, void *values, size_t row)
{
    static const char *const yes[] = {"true", "t", "1", "yes", "y"}, *const no[] = {"false", "f", "0", "no", "n"};

    for (size_t i = 0; i < ARRAY_LENGTH(yes); i++) {
        bool is_yes = string_equal_nocase(text, string_view_of(yes[i]));
        if (!is_yes && !string_equal_nocase(text, string_view_of(no[i]))) continue;
        bitmap_put(values, row, is_yes);
        return NUMBER_OK;
    }
    return NUMBER_BAD;
}

/* others ------------------------------------------------------------------------------------------------------------------------------ */
static number_result parse_uuid(string_view text, uint128 *out)
{
    uint128 value = 0;
    size_t digits = 0;

    if (text.size >= 2 && text.data[0] == '{' && text.data[text.size - 1] == '}') text = string_view_slice(text, 1, text.size - 1);
    for (size_t i = 0; i < text.size; i++) {
        int digit = number_hex_digit(text.data[i]);
        if (text.data[i] == '-' && digits && digits % 4 == 0) continue;
        if (digit < 0 || digits == 32) return NUMBER_BAD;
        value = value << 4 | (unsigned)digit;
        digits++;
    }
    *out = value;
    return digits == 32 ? NUMBER_OK : NUMBER_BAD;
}

#define CHECK_BYTES ((size_t)1 << 18)

/* Bytes: ASCII as it is, \xHH for the others. */
static bp_status parse_blob(conversion *work, string_view text, text_room *room, string_ref *out, bool *bad, bp_error *err)
{
    char *to = text_reserve(room, text.size + 1);
    size_t size = 0;
    bp_status status;

    *bad = false;
    if (!to) return error_no_memory(err, work->arena->memory, text.size);
    for (size_t i = 0, turn = 0; i < text.size; i++, turn++) {
        unsigned char c = (unsigned char)text.data[i];
        if (turn % CHECK_BYTES == 0 && (status = cancel_check(&work->context->cancel, err))) return status;
        if (c == '\\') {
            int high = i + 3 < text.size && (text.data[i + 1] | 0x20) == 'x' ? number_hex_digit(text.data[i + 2]) : -1;
            int low = high >= 0 ? number_hex_digit(text.data[i + 3]) : -1;
            *bad |= low < 0;
            if (low < 0) break;
            c = (unsigned char)(high * 16 + low);
            i += 3;
        } else {
            *bad |= c >= 0x80;
        }
        to[size++] = (char)c;
    }
    *out = text_commit(room, size);
    return BP_OK;
}

static number_result parse_enum(string_view text, data_type to, uint32_t *out)
{
    for (size_t i = 0; to.detail && i < to.detail->child_count; i++) {
        if (!string_equal(text, to.detail->names[i])) continue;
        *out = (uint32_t)i;
        return NUMBER_OK;
    }
    return NUMBER_BAD;
}

static number_result parse_duration(string_view text, data_type to, int64_t *out)
{
    interval value;
    number_result result = temporal_parse_interval(text, &value);
    int64_t micros;

    if (result) return result;
    if (value.months || __builtin_mul_overflow(MICROS_PER_DAY, (int64_t)value.days, &micros) ||
        __builtin_add_overflow(micros, value.micros, &micros))
        return NUMBER_OVERFLOW;
    return timestamp_convert(micros, UNIT_MICRO, (time_unit)to.unit, out) ? NUMBER_OK : NUMBER_OVERFLOW;
}

static number_result parse_time(string_view text, data_type to, int64_t *out)
{
    int64_t value;
    number_result result = to.unit == UNIT_NANO ? temporal_parse_time_nanos(text, out) : temporal_parse_time(text, &value);

    if (result && temporal_parse_timestamp(text, to.unit == UNIT_NANO ? UNIT_NANO : UNIT_MICRO, &value, NULL) == NUMBER_OK &&
        timestamp_is_finite(value)) { /* of a timestamp's text, the time of day */
        int64_t day = to.unit == UNIT_NANO ? MICROS_PER_DAY * 1000 : MICROS_PER_DAY;
        value = (value % day + day) % day;
        result = NUMBER_OK;
        *out = value;
    }
    if (result || to.unit == UNIT_NANO) return result;
    return timestamp_convert(value, UNIT_MICRO, (time_unit)to.unit, out) ? NUMBER_OK : NUMBER_OVERFLOW;
}

/* Digits behind a coarse unit are rounded, those behind micro- and nanoseconds cut. */
static number_result parse_stamp(string_view text, time_unit unit, int64_t *out)
{
    number_result result;

    if (unit >= UNIT_MICRO) return temporal_parse_timestamp(text, unit, out, NULL);
    if ((result = temporal_parse_timestamp(text, UNIT_MICRO, out, NULL)) == NUMBER_OVERFLOW)
        return temporal_parse_timestamp(text, unit, out, NULL); /* coarse units reach further */
    if (result) return result;
    return convert_stamp(*out, UNIT_MICRO, unit, out) ? NUMBER_OK : NUMBER_OVERFLOW;
}

static number_result parse_value(string_view text, data_type to, void *values, size_t row)
{
    switch (to.id) {
    case TYPE_BOOLEAN: return parse_boolean(text, values, row);
    case TYPE_FLOAT16:
    case TYPE_FLOAT32:
    case TYPE_FLOAT64: return parse_real(text, to, values, row);
    case TYPE_DECIMAL: return parse_decimal(text, to, values, row);
    case TYPE_DATE: return temporal_parse_date(text, (int32_t *)values + row);
    case TYPE_TIME: return parse_time(text, to, (int64_t *)values + row);
    case TYPE_TIMESTAMP: return parse_stamp(text, (time_unit)to.unit, (int64_t *)values + row);
    case TYPE_INTERVAL: return temporal_parse_interval(text, (interval *)values + row);
    case TYPE_DURATION: return parse_duration(text, to, (int64_t *)values + row);
    case TYPE_UUID: return parse_uuid(text, (uint128 *)values + row);
    case TYPE_ENUM: return parse_enum(text, to, (uint32_t *)values + row);
    default: return parse_integer(text, to, values, row);
    }
}

static bp_status text_to_blobs(conversion *work, bp_error *err)
{
    text_room room = {.arena = work->arena};
    bp_status status = BP_OK;

    for (size_t row = 0; row < work->rows && !status; row++) {
        bool bad;
        if (conversion_skips(work, row)) continue;
        status = parse_blob(work, string_ref_view(&((const string_ref *)work->in->values)[row]), &room,
                            (string_ref *)work->values + row, &bad, err);
        if (!status && bad) conversion_bad(work, row);
    }
    return status;
}

bp_status convert_from_text(conversion *work, bp_error *err)
{
    if (work->to.id == TYPE_BLOB) return text_to_blobs(work, err);
    if (work->to.id == TYPE_TIMESTAMP_TZ) return convert_to_instants(work, err);
    for (size_t row = 0; row < work->rows; row++) {
        number_result result;
        if (conversion_skips(work, row)) continue;
        result = parse_value(work->to.id == TYPE_BOOLEAN ? string_ref_view(&((const string_ref *)work->in->values)[row])
                                                         : text_at(work, row),
                             work->to, work->values, row);
        if (!result) continue;
        if (!work->any_bad) work->overflow = result == NUMBER_OVERFLOW;
        conversion_bad(work, row);
    }
    return BP_OK;
}

/* to text ----------------------------------------------------------------------------------------------------------------------------- */
static size_t print_simple(char *out, const column *in, size_t row)
{
    const void *values = in->values;

    switch (type_physical(in->type)) {
    case PHYSICAL_INT8: return number_print_int64(out, ((const int8_t *)values)[row]);
    case PHYSICAL_INT16: return number_print_int64(out, ((const int16_t *)values)[row]);
    case PHYSICAL_INT32: return number_print_int64(out, ((const int32_t *)values)[row]);
    case PHYSICAL_INT64: return number_print_int64(out, ((const int64_t *)values)[row]);
    case PHYSICAL_UINT8: return number_print_uint64(out, ((const uint8_t *)values)[row]);
    case PHYSICAL_UINT16: return number_print_uint64(out, ((const uint16_t *)values)[row]);
    case PHYSICAL_UINT32: return number_print_uint64(out, ((const uint32_t *)values)[row]);
    case PHYSICAL_UINT64: return number_print_uint64(out, ((const uint64_t *)values)[row]);
    case PHYSICAL_FLOAT32: return number_print_float(out, ((const float *)values)[row]);
    case PHYSICAL_FLOAT64: return number_print_double(out, ((const double *)values)[row]);
    default: return SIZE_MAX;
    }
}

static bp_status print_numbers(conversion *work, bp_error *err)
{
    text_room room = {.arena = work->arena};
    string_ref *out = work->values;

    for (size_t row = 0; row < work->rows; row++) {
        char *to;
        if (conversion_skips(work, row)) continue;
        to = text_reserve(&room, NUMBER_DOUBLE_SIZE);
        if (!to) return error_no_memory(err, work->arena->memory, NUMBER_DOUBLE_SIZE);
        out[row] = text_commit(&room, print_simple(to, work->in, row));
    }
    return BP_OK;
}

static bp_status print_values(conversion *work, bp_error *err)
{
    text_room room = {.arena = work->arena};
    string_ref *out = work->values;
    builder text;
    bp_status status = BP_OK;

    builder_init(&text, work->context->memory, UINT32_MAX);
    for (size_t row = 0; row < work->rows && !status; row++) {
        char *to;
        if (conversion_skips(work, row)) continue;
        builder_reset(&text);
        column_print_value(&text, work->in, row);
        if ((status = builder_status(&text, err))) break;
        to = text_reserve(&room, text.size + 1);
        if (!to) {
            status = error_no_memory(err, work->arena->memory, text.size);
            break;
        }
        status = cancel_copy(work->context->memory, to, text.data, text.size, err);
        out[row] = text_commit(&room, text.size);
    }
    builder_clear(&text);
    return status;
}

bp_status convert_to_text(conversion *work, bp_error *err)
{
    char probe[NUMBER_DOUBLE_SIZE];
    bool simple = (type_is_integer(work->in->type) || type_is_float(work->in->type)) &&
                  (!work->rows || print_simple(probe, work->in, 0) != SIZE_MAX);

    return simple ? print_numbers(work, err) : print_values(work, err);
}
