/* One value as text, as DuckDB's CAST AS VARCHAR prints it.
 *
 * Inside lists, structs and maps a text is quoted when reading it back would go wrong: when it is empty, is NULL in any case, begins
 * or ends with white space, or has one of , ' " \ { } [ ] ( ) = : in it. This holds for every value that is printed there, so for
 * times (they have colons) as well. In quotes ' and \ get a \ before them. Field names are always quoted. */
#include "base/config.h"
#include "column.h"
#include "float16.h"

static bool print_within(builder *out, const column *column, size_t row, int depth);

#define VALUE(column, type, row) (((const type *)(column)->values)[row])

static bool print_blob(builder *out, string_view bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];

        if (c >= 0x20 && c <= 0x7e && c != '\\' && c != '\'' && c != '"') {
            if (!builder_byte(out, (char)c)) return false;
        } else {
            char escape[4] = {'\\', 'x'};
            number_print_hex_bytes(escape + 2, &c, 1, true);
            if (!builder_append(out, escape, 4)) return false;
        }
    }
    return true;
}

static bool print_uuid(builder *out, uint128 value)
{
    uint8_t bytes[16];
    char text[36], hex[32];

    for (int i = 0; i < 16; i++) bytes[i] = (uint8_t)(value >> (120 - 8 * i));
    number_print_hex_bytes(hex, bytes, 16, false);
    for (int i = 0, at = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) text[at++] = '-';
        text[at++] = hex[i];
    }
    return builder_append(out, text, sizeof text);
}

/* Divide a 256-bit magnitude by 10^18 in place, return the remainder. */
static uint64_t divide_words(uint64_t *words)
{
    const uint64_t divisor = UINT64_C(1000000000000000000);
    uint128 rest = 0;

    for (int i = 3; i >= 0; i--) {
        rest = rest << 64 | words[i];
        words[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    return (uint64_t)rest;
}

/* Decimal digits of a 256-bit integer, at most 78, and its sign. */
static size_t digits_of_int256(char digits[80], const uint64_t *value, bool *negative)
{
    uint64_t words[4], carry = 1;
    uint64_t pieces[5];
    size_t size = 0;
    int count = 0;

    memcpy(words, value, sizeof words);
    *negative = words[3] >> 63;
    for (int i = 0; i < 4 && *negative; i++) {
        words[i] = ~words[i] + carry;
        carry = carry && words[i] == 0;
    }
    do {
        pieces[count++] = divide_words(words);
    } while (count < 5 && (words[0] | words[1] | words[2] | words[3]));
    size = number_print_uint64(digits, pieces[--count]);
    while (count-- > 0) {
        uint64_t piece = pieces[count];
        for (int i = 17; i >= 0; i--, piece /= 10) digits[size + (size_t)i] = (char)('0' + piece % 10);
        size += 18;
    }
    return size;
}

/* digits * 10^-scale. */
static bool print_scaled(builder *out, const char *digits, size_t size, bool negative, int scale)
{
    size_t places = scale > 0 ? (size_t)scale : 0, whole = size > places ? size - places : 0;

    if (negative) builder_byte(out, '-');
    if (scale <= 0) return builder_append(out, digits, size);
    if (whole == 0) {
        builder_literal(out, "0.");
        return builder_fill(out, '0', places - size) && builder_append(out, digits, size);
    }
    return builder_append(out, digits, whole) && builder_byte(out, '.') && builder_append(out, digits + whole, places);
}

static bool print_decimal(builder *out, const column *column, size_t row)
{
    data_type type = column->type;
    char text[80];
    bool negative;
    size_t size;

    if (type_physical(type) == PHYSICAL_INT256) {
        size = digits_of_int256(text, (const uint64_t *)column->values + 4 * row, &negative);
        return print_scaled(out, text, size, negative, type.scale);
    }
    int128 value = type_physical(type) == PHYSICAL_INT64 ? VALUE(column, int64_t, row) : VALUE(column, int128, row);
    if (type.scale >= 0 && type.scale <= 38)
        return builder_append(out, text, number_print_decimal(text, value, (unsigned)type.scale));
    size = number_print_int128(text, value);
    negative = text[0] == '-';
    return print_scaled(out, text + negative, size - negative, negative, value ? type.scale : 0);
}

/* Only fixed offsets have their own clock; a named zone is shown in UTC, since rules of zones are not known here. */
static int32_t zone_offset(data_type type)
{
    string_view zone = type.detail ? type.detail->zone : (string_view){NULL, 0};
    int sign, hours, minutes = 0;

    if (zone.size < 3 || (zone.data[0] != '+' && zone.data[0] != '-')) return 0;
    for (size_t i = 1; i < zone.size; i++)
        if (!ascii_is_digit((unsigned char)zone.data[i]) && zone.data[i] != ':') return 0;
    sign = zone.data[0] == '-' ? -1 : 1;
    hours = (zone.data[1] - '0') * 10 + (zone.data[2] - '0');
    if (zone.size == 6 && zone.data[3] == ':') minutes = (zone.data[4] - '0') * 10 + (zone.data[5] - '0');
    if (zone.size == 5 && zone.data[3] != ':') minutes = (zone.data[3] - '0') * 10 + (zone.data[4] - '0');
    return hours > 18 || hours < 0 || minutes > 59 || minutes < 0 ? 0 : sign * (hours * 3600 + minutes * 60);
}

/* Scalars, a flat switch over the types. */
static bool print_scalar(builder *out, const column *column, size_t row)
{
    char text[TEMPORAL_INTERVAL_SIZE];
    data_type type = column->type;
    size_t size = 0;

    switch (type.id) {
    case TYPE_BOOLEAN: return bitmap_get(column->values, row) ? builder_literal(out, "true") : builder_literal(out, "false");
    case TYPE_INT8: size = number_print_int64(text, VALUE(column, int8_t, row)); break;
    case TYPE_INT16: size = number_print_int64(text, VALUE(column, int16_t, row)); break;
    case TYPE_INT32: size = number_print_int64(text, VALUE(column, int32_t, row)); break;
    case TYPE_INT64: size = number_print_int64(text, VALUE(column, int64_t, row)); break;
    case TYPE_INT128: size = number_print_int128(text, VALUE(column, int128, row)); break;
    case TYPE_UINT8: size = number_print_uint64(text, VALUE(column, uint8_t, row)); break;
    case TYPE_UINT16: size = number_print_uint64(text, VALUE(column, uint16_t, row)); break;
    case TYPE_UINT32: size = number_print_uint64(text, VALUE(column, uint32_t, row)); break;
    case TYPE_UINT64: size = number_print_uint64(text, VALUE(column, uint64_t, row)); break;
    case TYPE_UINT128: size = number_print_uint128(text, VALUE(column, uint128, row)); break;
    case TYPE_FLOAT16: size = number_print_float(text, (float)float16_value(VALUE(column, uint16_t, row))); break;
    case TYPE_FLOAT32: size = number_print_float(text, VALUE(column, float, row)); break;
    case TYPE_FLOAT64: size = number_print_double(text, VALUE(column, double, row)); break;
    case TYPE_DECIMAL: return print_decimal(out, column, row);
    case TYPE_VARCHAR: return builder_text(out, string_ref_view(&VALUE(column, string_ref, row)));
    case TYPE_BLOB: return print_blob(out, string_ref_view(&VALUE(column, string_ref, row)));
    case TYPE_DATE: size = temporal_print_date(text, VALUE(column, int32_t, row)); break;
    case TYPE_TIME: size = temporal_print_time(text, VALUE(column, int64_t, row), (time_unit)type.unit); break;
    case TYPE_TIMESTAMP: size = temporal_print_timestamp(text, VALUE(column, int64_t, row), (time_unit)type.unit); break;
    case TYPE_TIMESTAMP_TZ:
        size = temporal_print_timestamp_tz(text, VALUE(column, int64_t, row), (time_unit)type.unit, zone_offset(type));
        break;
    case TYPE_DURATION: size = temporal_print_duration(text, VALUE(column, int64_t, row), (time_unit)type.unit); break;
    case TYPE_INTERVAL: size = temporal_print_interval(text, VALUE(column, interval, row)); break;
    case TYPE_UUID: return print_uuid(out, VALUE(column, uint128, row));
    case TYPE_ENUM: return builder_text(out, type.detail->names[VALUE(column, uint32_t, row)]);
    default: return true;
    }
    return builder_append(out, text, size);
}

/* Nested values ------------------------------------------------------------------------------------------------------------------ */
static bool needs_quotes(string_view text)
{
    if (text.size == 0 || ascii_is_space((unsigned char)text.data[0]) || ascii_is_space((unsigned char)text.data[text.size - 1]))
        return true;
    for (size_t i = 0; i < text.size; i++)
        if (strchr(",'\"\\{}[]()=:", text.data[i]) && text.data[i]) return true;
    return string_equal_nocase(text, STRING_VIEW("null"));
}

static bool print_quoted(builder *out, string_view text)
{
    bool done = builder_byte(out, '\'');

    for (size_t i = 0; i < text.size && done; i++) {
        if (text.data[i] == '\'' || text.data[i] == '\\') builder_byte(out, '\\');
        done = builder_byte(out, text.data[i]);
    }
    return done && builder_byte(out, '\'');
}

static bool print_member(builder *out, const column *column, size_t row, int depth)
{
    builder text;
    bool done;

    if (column_is_null(column, row)) return builder_literal(out, "NULL");
    if (type_is_nested(column->type)) return print_within(out, column, row, depth + 1);
    if (type_is_numeric(column->type) || column->type.id == TYPE_BOOLEAN) return print_within(out, column, row, depth + 1);
    builder_init(&text, out->memory, out->limit);
    if (!print_within(&text, column, row, depth + 1)) {
        out->status = text.status;
        out->wanted = text.wanted;
        done = false;
    } else {
        done = needs_quotes(builder_view(&text)) ? print_quoted(out, builder_view(&text)) : builder_text(out, builder_view(&text));
    }
    builder_clear(&text);
    return done;
}

#define CHECK_ELEMENTS 16384

static bool print_list(builder *out, const column *elements, size_t begin, size_t count, int depth)
{
    bool done = builder_byte(out, '[');

    for (size_t i = 0; i < count && done; i++) {
        if (i % CHECK_ELEMENTS == 0 && !builder_goes_on(out)) return false;
        if (i) builder_literal(out, ", ");
        done = print_member(out, elements, begin + i, depth);
    }
    return done && builder_byte(out, ']');
}

/* Without names (a ROW): (1, x), (1,), (). */
static bool print_struct(builder *out, const column *column, size_t row, int depth)
{
    const string_view *names = column->type.detail->names;
    bool named = names && column->child_count && names[0].size, done = builder_byte(out, named ? '{' : '(');

    for (size_t i = 0; i < column->child_count && done; i++) {
        if (i) builder_literal(out, ", ");
        if (named && print_quoted(out, names[i])) builder_literal(out, ": ");
        done = print_member(out, &column->children[i], row, depth);
    }
    if (!named && column->child_count == 1) builder_byte(out, ',');
    return done && builder_byte(out, named ? '}' : ')');
}

static bool print_map(builder *out, const column *pairs, size_t begin, size_t count, int depth)
{
    bool done = builder_byte(out, '{');
    const uint32_t *codes = pairs->encoding == COLUMN_DICTIONARY ? pairs->values : NULL;
    size_t row;

    if (codes) pairs = pairs->children;
    for (size_t i = 0; i < count && done; i++) {
        row = codes ? codes[begin + i] : pairs->encoding == COLUMN_CONSTANT ? 0 : begin + i;
        if (i) builder_literal(out, ", ");
        done = print_member(out, &pairs->children[0], row, depth) && builder_byte(out, '=') &&
               print_member(out, &pairs->children[1], row, depth);
    }
    return done && builder_byte(out, '}');
}

static bool print_within(builder *out, const column *column, size_t row, int depth)
{
    const list_entry *entry;

    if (column_is_null(column, row)) return true;
    if (depth > LIMIT_TYPE_DEPTH) return builder_literal(out, "...");
    if (column->encoding == COLUMN_DICTIONARY) return print_within(out, column->children, VALUE(column, uint32_t, row), depth + 1);
    if (column->encoding == COLUMN_CONSTANT) row = 0;
    switch (column->type.id) {
    case TYPE_LIST:
        entry = &VALUE(column, list_entry, row);
        return print_list(out, column->children, entry->offset, entry->size, depth);
    case TYPE_MAP:
        entry = &VALUE(column, list_entry, row);
        return print_map(out, column->children, entry->offset, entry->size, depth);
    case TYPE_ARRAY: return print_list(out, column->children, row * column->type.fixed_size, column->type.fixed_size, depth);
    case TYPE_STRUCT: return print_struct(out, column, row, depth);
    default: return print_scalar(out, column, row);
    }
}

bool column_print_value(builder *out, const column *column, size_t row)
{
    return print_within(out, column, row, 0);
}
