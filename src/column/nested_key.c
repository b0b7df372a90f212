/* Writing and reading the bytes of nested keys; see the header for their layout. Recursion goes as deep as the type, at most LIMIT_TYPE_DEPTH. */
#include "nested_key.h"

#include "base/config.h"
#include "column_builder.h"

enum { MARK_END = 0, MARK_VALUE = 1, MARK_NULL = 2 };

/* writing ---------------------------------------------------------------------------------------------------------------------------- */
static bool put_number(builder *out, uint64_t value, size_t width)
{
    value = __builtin_bswap64(value << (64 - 8 * width));
    return builder_append(out, &value, width);
}

static bool put_wide(builder *out, uint128 value)
{
    return put_number(out, (uint64_t)(value >> 64), 8) && put_number(out, (uint64_t)value, 8);
}

/* IEEE bits of any width to an unsigned number of the same order, and back. */
static uint64_t order_bits(uint64_t bits, uint64_t sign)
{
    return bits & sign ? ~bits & (sign | (sign - 1)) : bits | sign;
}

static uint64_t unorder_bits(uint64_t ordered, uint64_t sign)
{
    return ordered & sign ? ordered & ~sign : ~ordered & (sign | (sign - 1));
}

static bool put_double(builder *out, double value)
{
    uint64_t bits;

    value = value != value ? __builtin_nan("") : value + 0.0; /* -0.0 + 0.0 is 0.0 */
    memcpy(&bits, &value, sizeof bits);
    return put_number(out, order_bits(bits, (uint64_t)1 << 63), 8);
}

static bool put_float(builder *out, float value)
{
    uint32_t bits;

    value = value != value ? __builtin_nanf("") : value + 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return put_number(out, order_bits(bits, (uint64_t)1 << 31), 4);
}

static bool put_half(builder *out, uint16_t bits)
{
    if ((bits & 0x7c00) == 0x7c00 && (bits & 0x3ff)) bits = 0x7e00; /* one NaN */
    if (bits == 0x8000) bits = 0;
    return put_number(out, order_bits(bits, 0x8000), 2);
}

static bool put_int256(builder *out, const uint64_t *words)
{
    return put_number(out, words[3] ^ (uint64_t)1 << 63, 8) && put_number(out, words[2], 8) && put_number(out, words[1], 8) &&
           put_number(out, words[0], 8);
}

static bool put_text(builder *out, string_view text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= 1 && !builder_byte(out, 1)) return false;
        if (!builder_byte(out, (char)(c <= 1 ? c + 1 : c))) return false;
    }
    return builder_byte(out, 0);
}

static bool put_interval(builder *out, interval value)
{
    int128 length = ((int128)value.months * 30 + value.days) * 86400000000 + value.micros;

    return put_wide(out, (uint128)length ^ (uint128)1 << 127) && put_number(out, (uint32_t)value.months, 4) &&
           put_number(out, (uint32_t)value.days, 4) && put_number(out, (uint64_t)value.micros, 8);
}

static bool put_member(builder *out, const column *in, size_t row);

static bool put_members(builder *out, const column *in, size_t begin, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!put_member(out, in, begin + i)) return false;
    return true;
}

#define VALUE(type) (((const type *)in->values)[row])
#define SIGNED(type, unsigned_type, bits)                                                                                          \
    put_number(out, (unsigned_type)((unsigned_type)VALUE(type) ^ (unsigned_type)((unsigned_type)1 << (bits - 1))), bits / 8)

/* A value that is not NULL, of a FLAT or CONSTANT column. A flat switch over the physical types. */
static bool put_value(builder *out, const column *in, size_t row)
{
    const list_entry *entry;

    switch (type_physical(in->type)) {
    case PHYSICAL_NONE: return true;
    case PHYSICAL_BIT: return builder_byte(out, (char)bitmap_get(in->values, row));
    case PHYSICAL_INT8: return SIGNED(int8_t, uint8_t, 8);
    case PHYSICAL_INT16: return SIGNED(int16_t, uint16_t, 16);
    case PHYSICAL_INT32: return SIGNED(int32_t, uint32_t, 32);
    case PHYSICAL_INT64: return SIGNED(int64_t, uint64_t, 64);
    case PHYSICAL_INT128: return put_wide(out, (uint128)VALUE(int128) ^ (uint128)1 << 127);
    case PHYSICAL_UINT8: return put_number(out, VALUE(uint8_t), 1);
    case PHYSICAL_UINT16: return put_number(out, VALUE(uint16_t), 2);
    case PHYSICAL_UINT32: return put_number(out, VALUE(uint32_t), 4);
    case PHYSICAL_UINT64: return put_number(out, VALUE(uint64_t), 8);
    case PHYSICAL_UINT128: return put_wide(out, VALUE(uint128));
    case PHYSICAL_INT256: return put_int256(out, (const uint64_t *)in->values + 4 * row);
    case PHYSICAL_FLOAT16: return put_half(out, VALUE(uint16_t));
    case PHYSICAL_FLOAT32: return put_float(out, VALUE(float));
    case PHYSICAL_FLOAT64: return put_double(out, VALUE(double));
    case PHYSICAL_STRING: return put_text(out, string_ref_view(&VALUE(string_ref)));
    case PHYSICAL_INTERVAL: return put_interval(out, VALUE(interval));
    case PHYSICAL_LIST:
        entry = &VALUE(list_entry);
        return put_members(out, in->children, entry->offset, entry->size) && builder_byte(out, MARK_END);
    case PHYSICAL_STRUCT:
        for (size_t i = 0; i < in->child_count; i++)
            if (!put_member(out, &in->children[i], row)) return false;
        return true;
    case PHYSICAL_ARRAY: return put_members(out, in->children, row * in->type.fixed_size, in->type.fixed_size);
    }
    return true;
}

/* The column and row that really hold the value. */
static const column *settle(const column *in, size_t *row)
{
    if (in->encoding == COLUMN_DICTIONARY) {
        *row = ((const uint32_t *)in->values)[*row];
        return settle(in->children, row); /* a dictionary is FLAT: one level */
    }
    if (in->encoding == COLUMN_CONSTANT) *row = 0;
    return in;
}

static bool put_member(builder *out, const column *in, size_t row)
{
    if (column_is_null(in, row)) return builder_byte(out, MARK_NULL);
    in = settle(in, &row);
    return builder_byte(out, MARK_VALUE) && put_value(out, in, row);
}

/* Rows one behind the other in `bytes`; ends[i] is where row i ends. */
static bp_status put_rows(builder *bytes, const column *in, size_t rows, size_t *ends, bp_error *err)
{
    for (size_t i = 0; i < rows; i++) {
        size_t row = i, begin = bytes->size;
        const column *holder = settle(in, &row);
        if (!column_is_null(in, i) && !put_value(bytes, holder, row)) break;
        if (bytes->size - begin > UINT32_MAX)
            return error_set(err, BP_LIMIT, "a list, struct or map of over 4 GiB cannot be a key");
        ends[i] = bytes->size;
    }
    return builder_status(bytes, err);
}

#define WIDEST 40 /* bytes appended at once */

/* The same, of each row the first `most` bytes: written into a builder that refuses what goes far beyond. */
static bp_status put_beginnings(builder *bytes, const column *in, size_t rows, size_t most, size_t *ends, bp_error *err)
{
    builder one;
    bp_status status = BP_OK;

    builder_init(&one, bytes->memory, most + WIDEST);
    for (size_t i = 0; i < rows && !status; i++) {
        size_t row = i;
        const column *holder = settle(in, &row);
        builder_reset(&one);
        if (!column_is_null(in, i)) (void)put_value(&one, holder, row);
        if (one.status != BP_OK && one.status != BP_LIMIT) status = builder_status(&one, err);
        builder_append(bytes, one.data, one.size < most ? one.size : most);
        ends[i] = bytes->size;
    }
    builder_clear(&one);
    return status ? status : builder_status(bytes, err);
}

bp_status nested_keys_of(string_ref *refs, const column *in, size_t rows, size_t most, arena *arena, bp_error *err)
{
    size_t *ends = arena_new_array(arena, size_t, rows);
    builder bytes;
    char *kept;
    bp_status status;

    if (!ends) return error_no_memory(err, arena->memory, rows * sizeof *ends);
    builder_init(&bytes, arena->memory, (size_t)1 << 40);
    status = most ? put_beginnings(&bytes, in, rows, most, ends, err) : put_rows(&bytes, in, rows, ends, err);
    if (status) goto done;
    kept = arena_allocate_aligned(arena, bytes.size + 1, 1);
    if (!kept) {
        status = error_no_memory(err, arena->memory, bytes.size);
        goto done;
    }
    if (bytes.size) memcpy(kept, bytes.data, bytes.size);
    for (size_t i = 0; i < rows; i++) {
        size_t begin = i ? ends[i - 1] : 0;
        refs[i] = string_ref_of(kept + begin, ends[i] - begin);
    }
done:
    builder_clear(&bytes);
    return status;
}

/* reading ---------------------------------------------------------------------------------------------------------------------------- */
/* The bytes are our own, so a read past the end is a defect. */
static bp_status broken(bp_error *err)
{
    return ERROR_INTERNAL(err, "the bytes of a nested key end too early");
}

static bp_status get_number(cursor *from, size_t width, uint64_t *out, bp_error *err)
{
    uint64_t value = 0;

    if (!cursor_copy(from, &value, width)) return broken(err);
    *out = __builtin_bswap64(value) >> (64 - 8 * width);
    return BP_OK;
}

static bp_status get_wide(cursor *from, uint128 flip, column_builder *to, bp_error *err)
{
    uint64_t high = 0, low = 0;
    uint128 value;
    bp_status status;

    if ((status = get_number(from, 8, &high, err)) || (status = get_number(from, 8, &low, err))) return status;
    value = ((uint128)high << 64 | low) ^ flip;
    return column_builder_append_value(to, &value, err);
}

static bp_status get_int256(cursor *from, column_builder *to, bp_error *err)
{
    uint64_t words[4] = {0};
    bp_status status = BP_OK;

    for (size_t i = 4; i-- > 0 && !status;) status = get_number(from, 8, &words[i], err);
    words[3] ^= (uint64_t)1 << 63;
    return status ? status : column_builder_append_value(to, words, err);
}

/* An integer of up to 8 bytes, whose low bytes lie first in memory. */
static bp_status get_integer(cursor *from, size_t width, uint64_t flip, column_builder *to, bp_error *err)
{
    uint64_t value = 0;
    bp_status status = get_number(from, width, &value, err);

    value ^= flip;
    return status ? status : column_builder_append_value(to, &value, err);
}

static bp_status get_float(cursor *from, size_t width, column_builder *to, bp_error *err)
{
    uint64_t value = 0;
    bp_status status = get_number(from, width, &value, err);

    value = unorder_bits(value, (uint64_t)1 << (8 * width - 1));
    return status ? status : column_builder_append_value(to, &value, err);
}

static bp_status get_text(cursor *from, column_builder *to, bp_error *err)
{
    builder text;
    uint8_t c = 0;
    bp_status status = BP_OK;

    builder_init(&text, to->arena->memory, UINT32_MAX);
    for (;;) {
        if (!cursor_u8(from, &c)) status = broken(err);
        if (status || c == 0) break;
        if (c == 1) {
            if (!cursor_u8(from, &c)) status = broken(err);
            c--;
        }
        builder_byte(&text, (char)c);
    }
    if (!status) status = builder_status(&text, err);
    if (!status) status = column_builder_append_text(to, builder_view(&text), err);
    builder_clear(&text);
    return status;
}

static bp_status get_interval(cursor *from, column_builder *to, bp_error *err)
{
    uint64_t months = 0, days = 0, micros = 0;
    interval value;
    bp_status status;

    if (!cursor_skip(from, 16)) return broken(err);
    if ((status = get_number(from, 4, &months, err)) || (status = get_number(from, 4, &days, err)) ||
        (status = get_number(from, 8, &micros, err)))
        return status;
    value = (interval){.months = (int32_t)(uint32_t)months, .days = (int32_t)(uint32_t)days, .micros = (int64_t)micros};
    return column_builder_append_value(to, &value, err);
}

static bp_status get_value(cursor *from, column_builder *to, bp_error *err);

/* *end: the list is over. */
static bp_status get_member(cursor *from, column_builder *to, bool *end, bp_error *err)
{
    uint8_t mark;

    if (!cursor_u8(from, &mark)) return broken(err);
    *end = mark == MARK_END;
    if (mark == MARK_END) return BP_OK;
    return mark == MARK_NULL ? column_builder_append_null(to, err) : get_value(from, to, err);
}

static bp_status get_nested(cursor *from, column_builder *to, bp_error *err)
{
    size_t members = to->physical == PHYSICAL_LIST    ? SIZE_MAX
                     : to->physical == PHYSICAL_ARRAY ? to->type.fixed_size
                                                      : to->child_count;
    bool end = false;
    bp_status status = BP_OK;

    for (size_t i = 0; i < members && !end && !status; i++)
        status = get_member(from, &to->children[to->physical == PHYSICAL_STRUCT ? i : 0], &end, err);
    return status ? status : column_builder_close_row(to, err);
}

/* A flat switch over the physical types. */
static bp_status get_value(cursor *from, column_builder *to, bp_error *err)
{
    size_t width = physical_width(to->physical);
    uint8_t bit = 0;
    bool set;

    switch (to->physical) {
    case PHYSICAL_NONE: return column_builder_append_null(to, err);
    case PHYSICAL_BIT:
        if (!cursor_u8(from, &bit)) return broken(err);
        set = bit != 0;
        return column_builder_append_value(to, &set, err);
    case PHYSICAL_INT8:
    case PHYSICAL_INT16:
    case PHYSICAL_INT32:
    case PHYSICAL_INT64: return get_integer(from, width, (uint64_t)1 << (8 * width - 1), to, err);
    case PHYSICAL_UINT8:
    case PHYSICAL_UINT16:
    case PHYSICAL_UINT32:
    case PHYSICAL_UINT64: return get_integer(from, width, 0, to, err);
    case PHYSICAL_INT128: return get_wide(from, (uint128)1 << 127, to, err);
    case PHYSICAL_UINT128: return get_wide(from, 0, to, err);
    case PHYSICAL_INT256: return get_int256(from, to, err);
    case PHYSICAL_FLOAT16:
    case PHYSICAL_FLOAT32:
    case PHYSICAL_FLOAT64: return get_float(from, width, to, err);
    case PHYSICAL_STRING: return get_text(from, to, err);
    case PHYSICAL_INTERVAL: return get_interval(from, to, err);
    case PHYSICAL_LIST:
    case PHYSICAL_STRUCT:
    case PHYSICAL_ARRAY: return get_nested(from, to, err);
    }
    return BP_OK;
}

bp_status nested_keys_read(column *out, data_type type, const string_ref *refs, const uint64_t *validity, size_t rows, arena *arena,
                           bp_error *err)
{
    column_builder builder;
    bp_status status;

    if ((status = column_builder_init(&builder, type, arena, err))) return status;
    for (size_t i = 0; i < rows && !status; i++) {
        string_view bytes = string_ref_view(&refs[i]);
        cursor from = cursor_over(bytes.data, bytes.size);
        status = validity && !bitmap_get(validity, i) ? column_builder_append_null(&builder, err) : get_value(&from, &builder, err);
    }
    if (!status) status = column_builder_finish(&builder, out, err);
    column_builder_clear(&builder);
    return status;
}
