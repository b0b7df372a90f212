/* A field's text as a value: unquoting, NULL texts, and every type in its general form. The usual forms are read in csv_fast.h. */
#include "io/csv_internal.h"

#include "base/number.h"
#include "base/temporal.h"

#define NUMBER_TEXT_SIZE 512 /* of a number with another point or with grouped digits */

char *csv_heap_take(csv_heap *heap, size_t size)
{
    char *bytes = heap->next;

    if (LIKELY((size_t)(heap->end - heap->next) >= size + 16)) {
        heap->next += size;
        return bytes;
    }
    bytes = arena_allocate_aligned(heap->arena, size + 16 > 65536 ? size + 16 : 65536, 16);
    if (!bytes) return NULL;
    heap->overflow += size + 16 > 65536 ? size + 16 : 65536;
    heap->next = bytes + size;
    heap->end = bytes + (size + 16 > 65536 ? size + 16 : 65536);
    return bytes;
}

bool csv_is_null_text(const csv_rules *rules, string_view text)
{
    if (text.size == 0) return rules->null_empty;
    if (!(rules->null_lengths >> (text.size < 63 ? text.size : 63) & 1)) return false;
    for (size_t i = 0; i < rules->null_count; i++) {
        if (string_equal(rules->nulls[i], text)) return true;
    }
    return false;
}

/* Unescape inside[0..size) into out; the length, or SIZE_MAX: a quote in it is not escaped. */
static size_t unescape(char *out, string_view inside, const csv_rules *rules)
{
    size_t written = 0;

    for (size_t i = 0; i < inside.size; i++) {
        unsigned char c = (unsigned char)inside.data[i];
        if (c == rules->escape && i + 1 < inside.size) {
            unsigned char next = (unsigned char)inside.data[i + 1];
            if (next == rules->quote || next == rules->escape) {
                c = next;
                i++;
            } else if (c == rules->quote) {
                return SIZE_MAX;
            }
        } else if (c == rules->quote) {
            return SIZE_MAX;
        }
        out[written++] = (char)c;
    }
    return written;
}

static string_view without_blanks(string_view text)
{
    while (text.size && text.data[0] == ' ') text.data++, text.size--;
    while (text.size && text.data[text.size - 1] == ' ') text.size--;
    return text;
}

csv_cell csv_unquote(string_view *text, bool *quoted, const csv_rules *rules, bool odd, csv_heap *heap)
{
    string_view inside = odd ? without_blanks(*text) : *text;
    size_t size;
    char *out;

    *quoted = false;
    if (rules->quote < 0 || inside.size < 2 || (unsigned char)inside.data[0] != rules->quote) return CSV_CELL_VALUE;
    if ((unsigned char)inside.data[inside.size - 1] != rules->quote) return CSV_CELL_VALUE; /* broken: literal */
    inside = string_view_slice(inside, 1, inside.size - 1);
    if (!memchr(inside.data, rules->escape >= 0 ? rules->escape : rules->quote, inside.size) &&
        !memchr(inside.data, rules->quote, inside.size)) {
        *text = inside;
        *quoted = true;
        return CSV_CELL_VALUE;
    }
    out = csv_heap_take(heap, inside.size);
    if (!out) return CSV_CELL_NO_MEMORY;
    size = unescape(out, inside, rules);
    if (size == SIZE_MAX) return CSV_CELL_VALUE;
    *text = (string_view){out, size};
    *quoted = true;
    return CSV_CELL_VALUE;
}

/* Types ------------------------------------------------------------------------------------------------------------------------------ */
bool csv_type_supported(data_type type)
{
    switch ((type_id)type.id) {
    case TYPE_BOOLEAN:
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
    case TYPE_INT128:
    case TYPE_UINT8:
    case TYPE_UINT16:
    case TYPE_UINT32:
    case TYPE_UINT64:
    case TYPE_UINT128:
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
    case TYPE_VARCHAR:
    case TYPE_BLOB:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMP_TZ:
    case TYPE_INTERVAL:
    case TYPE_UUID:
    case TYPE_ENUM: return true;
    case TYPE_DECIMAL: return type.precision <= NUMBER_DECIMAL_DIGITS;
    default: return false;
    }
}

data_type csv_type_wider(const csv_column *column)
{
    data_type type = column->type;

    if (column->format.size) return type_of(TYPE_VARCHAR);
    switch ((type_id)type.id) {
    case TYPE_INT64: return type_of(TYPE_INT128);
    case TYPE_INT128: return type_of(TYPE_FLOAT64);
    case TYPE_TIMESTAMP: return (data_type){.id = TYPE_TIMESTAMP_TZ, .unit = type.unit};
    default: return type_of(TYPE_VARCHAR);
    }
}

/* 0 and 1 only where the user wants booleans. */
static bool parse_bool(string_view text, bool given, uint8_t *out)
{
    static const char *const words[2][4] = {{"false", "f", "no", "n"}, {"true", "t", "yes", "y"}};
    const unsigned count = given ? 4 : 3; /* a column of Y and N is not inferred to be BOOLEAN, as in DuckDB */

    for (unsigned value = 0; value < 2; value++) {
        for (unsigned i = 0; i < count; i++) {
            *out = (uint8_t)value;
            if (string_equal_nocase(text, string_view_of(words[value][i]))) return true;
        }
    }
    *out = text.size == 1 && text.data[0] == '1';
    return given && text.size == 1 && (text.data[0] == '0' || text.data[0] == '1');
}

static bool parse_uuid(string_view text, uint128 *out)
{
    uint128 value = 0;
    unsigned digits = 0;

    if (text.size && text.data[0] == '{' && text.data[text.size - 1] == '}') text = string_view_slice(text, 1, text.size - 1);
    for (size_t i = 0; i < text.size; i++) {
        int digit = number_hex_digit(text.data[i]);
        if (text.data[i] == '-' && digits && digits % 4 == 0) continue;
        if (digit < 0 || ++digits > 32) return false;
        value = value << 4 | (unsigned)digit;
    }
    *out = value;
    return digits == 32;
}

static bool parse_enum(const type_detail *detail, string_view text, uint32_t *out)
{
    for (size_t i = 0; detail && i < detail->child_count; i++) {
        *out = (uint32_t)i;
        if (string_equal(detail->names[i], text)) return true;
    }
    return false;
}

static bool parse_decimal(data_type type, string_view text, void *out)
{
    int128 value;
    number_result result = number_parse_decimal(text.data, text.data + text.size, type.precision, (unsigned)type.scale, &value);
    int64_t narrow = (int64_t)value;

    if (result != NUMBER_OK && result != NUMBER_INEXACT) return false;
    if (type_physical(type) == PHYSICAL_INT64)
        memcpy(out, &narrow, sizeof narrow);
    else
        memcpy(out, &value, sizeof value);
    return true;
}

static bool parts_to_timestamp(const temporal_parts *parts, time_unit unit, int64_t *out)
{
    int64_t micros;

    if (!timestamp_make(&micros, parts->days, parts->nanos_of_day / 1000)) return false;
    if (parts->has_zone && ckd_sub(&micros, micros, (int64_t)parts->offset_seconds * MICROS_PER_SECOND)) return false;
    if (!timestamp_convert(micros, UNIT_MICRO, unit, out)) return false;
    if (unit == UNIT_NANO) *out += parts->nanos_of_day % 1000;
    return true;
}

static bool parse_with_format(const csv_column *column, string_view text, void *out)
{
    temporal_parts parts;
    int64_t timestamp;

    if (temporal_parse_format(text, column->format, &parts, NULL) != NUMBER_OK) return false;
    if (column->type.id == TYPE_DATE) {
        memcpy(out, &parts.days, sizeof parts.days);
        return true;
    }
    if (!parts_to_timestamp(&parts, (time_unit)column->type.unit, &timestamp)) return false;
    memcpy(out, &timestamp, sizeof timestamp);
    return true;
}

static bool parse_timestamp(const csv_column *column, string_view text, int64_t *out)
{
    time_unit unit =
        column->type.unit == UNIT_SECOND && column->type.id == TYPE_TIMESTAMP_TZ ? UNIT_MICRO : (time_unit)column->type.unit;
    bool zoned = false;

    if (temporal_parse_timestamp(text, unit, out, &zoned) != NUMBER_OK) return false;
    return !zoned || column->given || column->type.id == TYPE_TIMESTAMP_TZ; /* an inferred TIMESTAMP widens to one with a zone */
}

static bool parse_time(data_type type, string_view text, int64_t *out)
{
    if (type.unit == UNIT_NANO) return temporal_parse_time_nanos(text, out) == NUMBER_OK;
    return temporal_parse_time(text, out) == NUMBER_OK;
}

/* The number as it would be written with a point and without groups; false: too long for any number. */
static bool plain_number(const csv_rules *rules, string_view *text, char *out)
{
    size_t size = 0;

    if (text->size > NUMBER_TEXT_SIZE) return false;
    for (size_t i = 0; i < text->size; i++) {
        char c = text->data[i];
        if (rules->thousands && c == rules->thousands) continue;
        if (c == rules->decimal_separator)
            c = '.';
        else if (c == '.')
            return false;
        out[size++] = c;
    }
    *text = (string_view){out, size};
    return true;
}

static bool parse_number(data_type type, string_view text, void *out)
{
    const char *begin = text.data, *end = text.data + text.size;
    number_result result;

    switch ((type_id)type.id) {
    case TYPE_INT8: return number_parse_int8(begin, end, out) == NUMBER_OK;
    case TYPE_INT16: return number_parse_int16(begin, end, out) == NUMBER_OK;
    case TYPE_INT32: return number_parse_int32(begin, end, out) == NUMBER_OK;
    case TYPE_INT64: return number_parse_int64(begin, end, out) == NUMBER_OK;
    case TYPE_INT128: return number_parse_int128(begin, end, out) == NUMBER_OK;
    case TYPE_UINT8: return number_parse_uint8(begin, end, out) == NUMBER_OK;
    case TYPE_UINT16: return number_parse_uint16(begin, end, out) == NUMBER_OK;
    case TYPE_UINT32: return number_parse_uint32(begin, end, out) == NUMBER_OK;
    case TYPE_UINT64: return number_parse_uint64(begin, end, out) == NUMBER_OK;
    case TYPE_UINT128: return number_parse_uint128(begin, end, out) == NUMBER_OK;
    case TYPE_FLOAT32: result = number_parse_float(begin, end, out); return result == NUMBER_OK || result == NUMBER_OVERFLOW;
    case TYPE_FLOAT64: result = number_parse_double(begin, end, out); return result == NUMBER_OK || result == NUMBER_OVERFLOW;
    default: return parse_decimal(type, text, out);
    }
}

bool csv_value_parse(const csv_column *column, const csv_rules *rules, string_view text, void *out)
{
    char number[NUMBER_TEXT_SIZE];
    data_type type = column->type;

    if (type.id == TYPE_ENUM) return parse_enum(type.detail, text, out);
    text = string_trim(text);
    switch ((type_id)type.id) {
    case TYPE_BOOLEAN: return parse_bool(text, column->given, out);
    case TYPE_UUID: return parse_uuid(text, out);
    case TYPE_INTERVAL: return temporal_parse_interval(text, out) == NUMBER_OK;
    case TYPE_TIME: return parse_time(type, text, out);
    case TYPE_DATE:
        if (column->format.size) return parse_with_format(column, text, out);
        if (!column->given && text.size > 10) return false; /* a time behind the date is not cut off unasked */
        return temporal_parse_date(text, out) == NUMBER_OK;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMP_TZ:
        if (column->format.size) return parse_with_format(column, text, out);
        return parse_timestamp(column, text, out);
    default: break;
    }
    if (!rules->plain_numbers && !plain_number(rules, &text, number)) return false;
    return parse_number(type, text, out);
}
