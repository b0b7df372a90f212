/* Arrow's flat layouts: numbers where they lie, or converted; texts as string_ref whose bytes stay where they are.
 *
 * Texts are checked as UTF-8 in one sweep over all bytes of the rows, and then only for rows that begin within a character. Should the
 * sweep fail each row is checked by itself, since bytes under a NULL may be anything. */
#include "arrow_import_internal.h"

#include "base/utf8_check.h"

bp_status array_values_in_place(array_reader *reader, const void **out, const void *buffer, size_t begin, size_t length,
                                size_t width)
{
    const char *from = length ? (const char *)buffer + begin * width : NULL;
    size_t alignment = width > 16 ? 16 : width;
    bp_status status = BP_OK;
    void *copy;

    *out = from;
    if (from && (uintptr_t)from % alignment == 0) return BP_OK;
    if (!(copy = array_room(reader, length, width, &status))) return status;
    if (from) memcpy(copy, from, length * width);
    *out = copy;
    return BP_OK;
}

static bp_status read_bits(array_reader *reader, column *out, const uint8_t *buffer, const array_rows *rows)
{
    bp_status status = BP_OK;
    uint64_t *bits;

    if (rows->length && rows->begin % 64 == 0 && rows->length % 64 == 0 && (uintptr_t)buffer % 8 == 0) {
        out->values = buffer + rows->begin / 8;
        return BP_OK;
    }
    if (!(bits = array_room(reader, bitmap_words(rows->length), 8, &status))) return status;
    if (rows->length) bitmap_copy(bits, buffer, rows->begin, rows->length);
    out->values = bits;
    return BP_OK;
}

static bp_status read_bool8(array_reader *reader, column *out, const uint8_t *from, size_t length)
{
    bp_status status = BP_OK;
    uint64_t *bits = array_room(reader, bitmap_words(length), 8, &status);

    if (!bits) return status;
    bitmap_fill(bits, length, false);
    for (size_t i = 0; i < length; i++)
        if (from[i]) bitmap_set(bits, i);
    out->values = bits;
    return BP_OK;
}

/* Converted numbers -------------------------------------------------------------------------------------------------------------- */
static int32_t load_int32(const char *at)
{
    int32_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static int64_t load_int64(const char *at)
{
    int64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static bp_status read_time32(array_reader *reader, column *out, const char *from, size_t length)
{
    bp_status status = BP_OK;
    int64_t *to = array_room(reader, length, sizeof *to, &status);

    if (!to) return status;
    for (size_t i = 0; i < length; i++) to[i] = load_int32(from + 4 * i);
    out->values = to;
    return BP_OK;
}

static bp_status read_date64(array_reader *reader, column *out, const char *from, size_t length)
{
    bp_status status = BP_OK;
    int32_t *to = array_room(reader, length, sizeof *to, &status);

    if (!to) return status;
    for (size_t i = 0; i < length; i++) {
        int64_t millis = load_int64(from + 8 * i), days = millis / 86400000 - (millis % 86400000 < 0);

        if ((days > INT32_MAX || days < INT32_MIN) && array_row_is_valid(out, i))
            return error_set(reader->err, BP_OUT_OF_RANGE, "column \"%.*s\", row %zu: a date of %lld ms is out of range",
                             STRING_ARGUMENTS(reader->column), i, (long long)millis);
        to[i] = (int32_t)days;
    }
    out->values = to;
    return BP_OK;
}

/* Sign-extend `width` bytes to 256 bits. */
static void load_wide(uint64_t words[4], const char *at, size_t width)
{
    uint64_t fill;

    if (width == 4) {
        words[0] = (uint64_t)(int64_t)load_int32(at);
        width = 8;
    } else {
        memcpy(words, at, width);
    }
    fill = words[width / 8 - 1] >> 63 ? UINT64_MAX : 0;
    for (size_t i = width / 8; i < 4; i++) words[i] = fill;
}

static bool fits(const uint64_t words[4], size_t width)
{
    uint64_t fill = words[width / 8 - 1] >> 63 ? UINT64_MAX : 0;

    for (size_t i = width / 8; i < 4; i++)
        if (words[i] != fill) return false;
    return true;
}

static bp_status too_many_digits(array_reader *reader, const column *out, size_t row)
{
    return array_bad(reader, "row %zu: a decimal has more than its %u digits", row, out->type.precision);
}

static bp_status read_decimals(array_reader *reader, column *out, const char *from, size_t from_width, size_t length)
{
    size_t to_width = physical_width(type_physical(out->type));
    bp_status status = BP_OK;
    char *to = array_room(reader, length, to_width, &status);
    uint64_t words[4];

    if (!to) return status;
    for (size_t i = 0; i < length; i++) {
        load_wide(words, from + i * from_width, from_width);
        if (!fits(words, to_width) && array_row_is_valid(out, i)) return too_many_digits(reader, out, i);
        memcpy(to + i * to_width, words, to_width);
    }
    out->values = to;
    return BP_OK;
}

/* Kernels count on a decimal's digits. Those over 38 are carried and printed only: there any bits will do. */
static bp_status check_digits(array_reader *reader, const column *out)
{
    uint128 limit = out->type.precision <= 38 ? number_power10(out->type.precision) : 0;
    bool narrow = type_physical(out->type) == PHYSICAL_INT64;

    for (size_t i = 0; i < out->length && limit; i++) {
        int128 value = narrow ? ((const int64_t *)out->values)[i] : ((const int128 *)out->values)[i];
        uint128 size = value < 0 ? -(uint128)value : (uint128)value;

        if (size >= limit && array_row_is_valid(out, i)) return too_many_digits(reader, out, i);
    }
    return BP_OK;
}

static bp_status read_intervals(array_reader *reader, column *out, arrow_layout layout, const char *from, size_t length)
{
    bp_status status = BP_OK;
    interval *to = array_room(reader, length, sizeof *to, &status);

    if (!to) return status;
    for (size_t i = 0; i < length; i++) {
        to[i] = (interval){0};
        if (layout == LAYOUT_MONTHS) {
            to[i].months = load_int32(from + 4 * i);
        } else if (layout == LAYOUT_DAY_TIME) {
            to[i].days = load_int32(from + 8 * i);
            to[i].micros = (int64_t)load_int32(from + 8 * i + 4) * 1000;
        } else {
            to[i].months = load_int32(from + 16 * i);
            to[i].days = load_int32(from + 16 * i + 4);
            to[i].micros = load_int64(from + 16 * i + 8) / 1000;
        }
    }
    out->values = to;
    return BP_OK;
}

static bp_status read_uuids(array_reader *reader, column *out, const char *from, size_t length)
{
    bp_status status = BP_OK;
    uint128 *to = array_room(reader, length, sizeof *to, &status);

    if (!to) return status;
    for (size_t i = 0; i < length; i++) {
        uint64_t high = __builtin_bswap64((uint64_t)load_int64(from + 16 * i));
        to[i] = (uint128)high << 64 | __builtin_bswap64((uint64_t)load_int64(from + 16 * i + 8));
    }
    out->values = to;
    return BP_OK;
}

/* Texts -------------------------------------------------------------------------------------------------------------------------- */
static bp_status check_rows_utf8(array_reader *reader, const column *out)
{
    const string_ref *refs = out->values;

    for (size_t i = 0; i < out->length; i++)
        if (array_row_is_valid(out, i) && !utf8_valid(string_ref_data(&refs[i]), refs[i].size))
            return array_bad(reader, "row %zu: the text is not valid UTF-8", i);
    return BP_OK;
}

static bool begins_within_character(const string_ref *ref)
{
    return ref->size && ((unsigned char)string_ref_data(ref)[0] & 0xc0) == 0x80;
}

/* The rows lie in `bytes`, one behind the other. */
static bp_status check_text(array_reader *reader, const column *out, const char *bytes, size_t size)
{
    const string_ref *refs = out->values;

    if (out->type.id != TYPE_VARCHAR || size == 0) return BP_OK;
    if (!utf8_valid(bytes, size)) return check_rows_utf8(reader, out);
    for (size_t i = 0; i < out->length; i++)
        if (begins_within_character(&refs[i]) && array_row_is_valid(out, i)) return check_rows_utf8(reader, out);
    return BP_OK;
}

static int64_t load_offset(const void *offsets, size_t width, size_t index)
{
    const char *at = (const char *)offsets + index * width;

    return width == 4 ? load_int32(at) : load_int64(at);
}

/* A text of `size` bytes where `left` can be read: one that fits into the string_ref is moved whole and cut, without a loop. */
static ALWAYS_INLINE string_ref ref_within(const char *text, size_t size, size_t left)
{
    string_ref ref = {.size = (uint32_t)size};
    uint64_t low;
    uint32_t high;

    if (size > STRING_REF_INLINE || left < STRING_REF_INLINE) return string_ref_of(text, size);
    memcpy(&low, text, 8);
    memcpy(&high, text + 8, 4);
    if (size < 8) low &= ((uint64_t)1 << 8 * size) - 1;
    if (size < STRING_REF_INLINE) high &= size > 8 ? ((uint32_t)1 << 8 * (size - 8)) - 1 : 0;
    memcpy((char *)&ref + offsetof(string_ref, prefix), &low, 8);
    memcpy((char *)&ref + offsetof(string_ref, prefix) + 8, &high, 4);
    return ref;
}

/* The texts of `out` lie between the offsets `first` and `end`; `width` is known where this is called. */
static ALWAYS_INLINE bp_status make_refs(array_reader *reader, const column *out, string_ref *refs, const char *offsets,
                                         size_t width, const char *bytes, int64_t end)
{
    int64_t last = load_offset(offsets, width, 0), next;

    for (size_t i = 0; i < out->length; i++, last = next) {
        next = load_offset(offsets, width, i + 1);
        if (next < last || next > end) return array_bad(reader, "row %zu: the offsets of its texts fall", i);
        if (next - last > UINT32_MAX)
            return error_set(reader->err, BP_LIMIT, "column \"%.*s\", row %zu: a text is over 4 GiB",
                             STRING_ARGUMENTS(reader->column), i);
        refs[i] = next > last && array_row_is_valid(out, i) ? ref_within(bytes + last, (size_t)(next - last), (size_t)(end - last))
                                                            : (string_ref){0};
    }
    return BP_OK;
}

static bp_status read_texts(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows)
{
    const void *buffer, *bytes;
    bp_status status = array_buffer(reader, rows, 1, rows->length > 0, &buffer);
    const char *offsets;
    int64_t first, end;
    string_ref *refs;

    if (status) return status;
    if (!(refs = array_room(reader, rows->length, sizeof *refs, &status))) return status;
    out->values = refs;
    if (rows->length == 0) return BP_OK;
    offsets = (const char *)buffer + rows->begin * format->width;
    first = load_offset(offsets, format->width, 0);
    end = load_offset(offsets, format->width, rows->length);
    if (first < 0 || end < first) return array_bad(reader, "the offsets of its texts are negative or fall");
    if ((status = array_buffer(reader, rows, 2, end > first, &bytes))) return status;
    status = format->width == 4 ? make_refs(reader, out, refs, offsets, 4, bytes, end)
                                : make_refs(reader, out, refs, offsets, 8, bytes, end);
    return status || !bytes ? status : check_text(reader, out, (const char *)bytes + first, (size_t)(end - first));
}

/* A view: int32 size; up to 12 bytes of text, or 4 bytes of prefix, int32 buffer, int32 offset. */
static bp_status read_view(array_reader *reader, string_ref *out, const char *view, const array_rows *rows, const int64_t *sizes,
                           size_t row)
{
    int32_t size = load_int32(view), buffer = load_int32(view + 8), offset = load_int32(view + 12);
    const void *bytes;
    bp_status status;

    if (size < 0) return array_bad(reader, "row %zu: the size of a text view is negative", row);
    if (size <= STRING_REF_INLINE) {
        *out = string_ref_of(view + 4, (size_t)size);
        return BP_OK;
    }
    if (buffer < 0 || buffer >= rows->array->n_buffers - 3)
        return array_bad(reader, "row %zu: a text view points to buffer %d, which is not there", row, buffer);
    if (offset < 0 || sizes[buffer] < offset || sizes[buffer] - offset < size)
        return array_bad(reader, "row %zu: a text view reaches past its buffer", row);
    if ((status = array_buffer(reader, rows, 2 + buffer, true, &bytes))) return status;
    *out = string_ref_of((const char *)bytes + offset, (size_t)size);
    return BP_OK;
}

static bp_status read_text_views(array_reader *reader, column *out, const array_rows *rows)
{
    int64_t last = rows->array->n_buffers - 1;
    const void *views, *sizes, *aligned = NULL;
    bp_status status = array_buffer(reader, rows, 1, rows->length > 0, &views);
    string_ref *refs;

    if (status || (status = array_buffer(reader, rows, last, last > 2 && rows->length, &sizes))) return status;
    if (!(refs = array_room(reader, rows->length, sizeof *refs, &status))) return status;
    if (sizes && last > 2 && (status = array_values_in_place(reader, &aligned, sizes, 0, (size_t)last - 2, 8))) return status;
    out->values = refs;
    for (size_t i = 0; i < rows->length; i++) {
        refs[i] = (string_ref){0};
        if (!array_row_is_valid(out, i)) continue;
        if ((status = read_view(reader, &refs[i], (const char *)views + 16 * (rows->begin + i), rows, aligned, i))) return status;
    }
    return out->type.id == TYPE_VARCHAR ? check_rows_utf8(reader, out) : BP_OK;
}

static bp_status read_fixed_bytes(array_reader *reader, column *out, const char *from, size_t width, size_t length)
{
    bp_status status = BP_OK;
    string_ref *refs = array_room(reader, length, sizeof *refs, &status);

    if (!refs) return status;
    for (size_t i = 0; i < length; i++)
        refs[i] = array_row_is_valid(out, i) ? string_ref_of(from + i * width, width) : (string_ref){0};
    out->values = refs;
    return BP_OK;
}

bp_status array_read_values(array_reader *reader, column *out, const arrow_format *format, const array_rows *rows)
{
    const void *buffer;
    const char *from;
    bp_status status;

    if (format->layout == LAYOUT_NULL) return BP_OK;
    if (format->layout == LAYOUT_TEXT) return read_texts(reader, out, format, rows);
    if (format->layout == LAYOUT_TEXT_VIEW) return read_text_views(reader, out, rows);
    status = array_buffer(reader, rows, 1, rows->length > 0 && (format->width > 0 || format->layout == LAYOUT_BITS), &buffer);
    if (status) return status;
    from = buffer ? (const char *)buffer + rows->begin * format->width : NULL;
    switch (format->layout) {
    case LAYOUT_BITS: return read_bits(reader, out, buffer, rows);
    case LAYOUT_TIME32: return read_time32(reader, out, from, rows->length);
    case LAYOUT_DATE64: return read_date64(reader, out, from, rows->length);
    case LAYOUT_BOOL8: return read_bool8(reader, out, (const uint8_t *)from, rows->length);
    case LAYOUT_DECIMAL:
        status = read_decimals(reader, out, from, format->width, rows->length);
        return status ? status : check_digits(reader, out);
    case LAYOUT_MONTHS:
    case LAYOUT_DAY_TIME:
    case LAYOUT_MONTH_DAY_NANO: return read_intervals(reader, out, format->layout, from, rows->length);
    case LAYOUT_UUID: return read_uuids(reader, out, from, rows->length);
    case LAYOUT_FIXED_BYTES: return read_fixed_bytes(reader, out, from, format->width, rows->length);
    default: status = array_values_in_place(reader, &out->values, buffer, rows->begin, rows->length, format->width);
    }
    return status || format->type.id != TYPE_DECIMAL ? status : check_digits(reader, out);
}
