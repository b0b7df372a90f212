/* Functions of text. Positions and lengths count code points; `strlen` and `bit_length` count bytes. Results that are a part of an argument point into it. */
#define _GNU_SOURCE /* memmem */
#include "function_internal.h"

#include "base/number.h"
#include "text/utf8.h"

bp_status text_too_long(bp_error *err, const char *function)
{
    return error_set(err, BP_OUT_OF_RANGE, "the result of %s() would be longer than 1 GiB", function);
}

/* long texts ---------------------------------------------------------------------------------------------------------------------- */
#define LONG_STEP ((size_t)4 << 20) /* between two looks at cancel */

size_t text_count(const function_call *call, string_view text)
{
    size_t count = 0, meter = 0;

    for (size_t done = 0, step; done < text.size; done += step) {
        step = text.size - done < LONG_STEP ? text.size - done : LONG_STEP;
        count += utf8_count(text.data + done, step);
        if (step == LONG_STEP && call_stops(call, &meter, step)) break;
    }
    return count;
}

/* The byte where character `index` begins. */
static size_t text_offset(const function_call *call, string_view text, size_t index)
{
    size_t meter = 0, done = 0;

    while (text.size - done > LONG_STEP) {
        size_t count = utf8_count(text.data + done, LONG_STEP);
        if (count > index || call_stops(call, &meter, LONG_STEP)) break;
        index -= count;
        done += LONG_STEP;
    }
    while (done && done < text.size && ((unsigned char)text.data[done] & 0xc0) == 0x80)
        done++; /* of a character that was counted */
    return done + utf8_offset(text.data + done, text.size - done < LONG_STEP + 4 ? text.size - done : LONG_STEP + 4, index);
}

/* counts -------------------------------------------------------------------------------------------------------------------------- */
static uint32_t first_code_point(string_view text)
{
    uint32_t code_point = 0;

    if (text.size) utf8_decode(text.data, text.data + text.size, &code_point);
    return code_point;
}

TEXT_TO(text_length, int64_t, text_count(call, text))
TEXT_TO(text_strlen, int64_t, text.size)
TEXT_TO(text_bit_length, int64_t, text.size * 8)
TEXT_TO(text_unicode, int32_t, text.size ? (int32_t)first_code_point(text) : -1)
TEXT_TO(text_ascii, int32_t, first_code_point(text))

/* parts: views of the argument -------------------------------------------------------------------------------------------------------- */
/* Code points [begin, end) of text, begin and end within it. */
static string_view cut(const function_call *call, string_view text, int64_t begin, int64_t end)
{
    size_t from, to;

    if (end <= begin) return (string_view){text.data, 0};
    if (text.size < LONG_STEP && utf8_is_ascii(text.data, text.size)) {
        from = (size_t)begin < text.size ? (size_t)begin : text.size;
        to = (size_t)end < text.size ? (size_t)end : text.size;
    } else {
        from = text_offset(call, text, (size_t)begin);
        to = from + text_offset(call, string_view_slice(text, from, text.size), (size_t)(end - begin));
    }
    return (string_view){text.data + from, to - from};
}

bool text_substring_range(int64_t size, int64_t position, int64_t length, int64_t *begin, int64_t *end)
{
    if (length > INT32_MAX) length = INT32_MAX;
    if (length < INT32_MIN) length = INT32_MIN;
    if (position > INT32_MAX) return false;
    if (position < -(int64_t)INT32_MAX) position = -(int64_t)INT32_MAX;
    *begin = position > 0 ? position - 1 : position < 0 ? size + position : -1;
    *end = *begin + length;
    if (length < 0) {
        int64_t swap = *begin;
        *begin = *end, *end = swap;
    }
    if (*begin < 0) *begin = 0;
    if (*end > size) *end = size;
    return *begin < *end;
}

static string_view substring(const function_call *call, string_view text, int64_t position, int64_t length)
{
    int64_t begin, end;

    if (!text_substring_range((int64_t)text_count(call, text), position, length, &begin, &end)) return (string_view){text.data, 0};
    return cut(call, text, begin, end);
}

static string_view left_part(const function_call *call, string_view text, int64_t length)
{
    int64_t size = (int64_t)text_count(call, text);

    return cut(call, text, 0, length >= 0 ? (length < size ? length : size) : size + length);
}

static string_view right_part(const function_call *call, string_view text, int64_t length)
{
    int64_t size = (int64_t)text_count(call, text);

    if (length < 0) return -length >= size ? (string_view){text.data, 0} : cut(call, text, -length, size);
    return cut(call, text, length < size ? size - length : 0, size);
}

TEXT_PART(text_substring, substring(call, text, INTEGER(1), count == 3 ? INTEGER(2) : INT32_MAX))
TEXT_PART(text_left, left_part(call, text, INTEGER(1) < -INT32_MAX ? -INT32_MAX : INTEGER(1)))
TEXT_PART(text_right, right_part(call, text, INTEGER(1) < -INT32_MAX ? -INT32_MAX : INTEGER(1)))

/* trimming: characters out of a set ------------------------------------------------------------------------------------------------ */
static bool in_characters(string_view set, const char *at, size_t length)
{
    for (const char *each = set.data; each < set.data + set.size;) {
        const char *next = utf8_next(each, set.data + set.size);
        if ((size_t)(next - each) == length && memcmp(each, at, length) == 0) return true;
        each = next;
    }
    return false;
}

/* DuckDB's trim takes blanks of Unicode's class Zs away; others only what stands in the set. */
static bool trims(string_view set, const char *at, size_t length)
{
    uint32_t code_point;

    if (set.data) return in_characters(set, at, length);
    utf8_decode(at, at + length, &code_point);
    return code_point == ' ' || code_point == 0xa0 || code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200a) ||
           code_point == 0x202f || code_point == 0x205f || code_point == 0x3000;
}

static string_view trim_text(const function_call *call, string_view text, string_view set, bool left, bool right)
{
    const char *begin = text.data, *end = begin + text.size;
    size_t meter = 0;

    while (left && begin < end && trims(set, begin, (size_t)(utf8_next(begin, end) - begin))) {
        begin = utf8_next(begin, end);
        if (call_stops(call, &meter, set.size + 4)) break;
    }
    while (right && end > begin) {
        const char *last = utf8_previous(end, begin);
        if (!trims(set, last, (size_t)(end - last)) || call_stops(call, &meter, set.size + 4)) break;
        end = last;
    }
    return (string_view){begin, (size_t)(end - begin)};
}

/* An empty set trims nothing: its data must not be NULL, which stands for blanks. */
static string_view trim_set(const column *arguments, size_t count, size_t row)
{
    string_view set = {NULL, 0};

    if (count == 2) set = text_value(&arguments[1], row);
    if (count == 2 && !set.data) set.data = "";
    return set;
}
TEXT_PART(text_trim, trim_text(call, text, trim_set(arguments, count, row), true, true))
TEXT_PART(text_ltrim, trim_text(call, text, trim_set(arguments, count, row), true, false))
TEXT_PART(text_rtrim, trim_text(call, text, trim_set(arguments, count, row), false, true))

/* searching ------------------------------------------------------------------------------------------------------------------------- */
/* The byte where needle first stands in text, or SIZE_MAX. */
size_t text_find(const function_call *call, string_view text, string_view needle)
{
    size_t window = needle.size < LONG_STEP / 2 ? LONG_STEP : needle.size * 2, meter = 0;

    if (!needle.size) return 0;
    for (size_t begin = 0; needle.size <= text.size - begin; begin += window - needle.size + 1) {
        size_t size = text.size - begin < window ? text.size - begin : window;
        const char *found = memmem(text.data + begin, size, needle.data, needle.size);
        if (found) return (size_t)(found - text.data);
        if (size < window || call_stops(call, &meter, size)) break;
    }
    return SIZE_MAX;
}

static int64_t position_of(const function_call *call, string_view text, string_view needle)
{
    size_t found = text_find(call, text, needle);

    return found == SIZE_MAX ? 0 : (int64_t)text_count(call, string_view_slice(text, 0, found)) + 1;
}

TEXT_TO(text_position, int64_t, position_of(call, text, TEXT(1)))

#define TEXT_TEST(name, condition)                                                                                                 \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        uint64_t *bits = call_bits(call, out);                                                                                     \
        bp_status status;                                                                                                          \
        size_t meter = 0;                                                                                                          \
        (void)count;                                                                                                               \
        if (!bits) return call_no_memory(call, call->rows / 8, err);                                                               \
        for (size_t row = 0; row < call->rows; row++) {                                                                            \
            string_view text, other;                                                                                               \
            if (call_skips(call, row)) continue;                                                                                   \
            text = TEXT(0), other = TEXT(1);                                                                                       \
            if (condition) bitmap_set(bits, row);                                                                                  \
            if ((status = call_worked(call, &meter, text.size, err))) return status;                                               \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }
TEXT_TEST(text_contains, text_find(call, text, other) != SIZE_MAX)
TEXT_TEST(text_starts_with, string_starts_with(text, other))
TEXT_TEST(text_ends_with, string_ends_with(text, other))

/* One part of a separated text: part `index` (from 1; negative from the end; none: empty). */
static string_view split_part(const function_call *call, string_view text, string_view separator, int64_t index)
{
    size_t total = 1, from = 0, meter = 0;
    string_view rest = text;

    if (!separator.size) { /* every character is a part */
        int64_t size = (int64_t)text_count(call, text);
        if (index < 0) index += size + 1;
        return index <= 0 || index > size ? (string_view){text.data, 0} : cut(call, text, index - 1, index);
    }
    if (index < 0) {
        for (size_t found; (found = text_find(call, rest, separator)) != SIZE_MAX && !call_stops(call, &meter, found + 16); total++)
            rest = string_view_slice(rest, found + separator.size, rest.size);
        index += (int64_t)total + 1;
    }
    if (index <= 0) return (string_view){text.data, 0};
    rest = text;
    for (int64_t i = 1;; i++) {
        size_t found = text_find(call, rest, separator);
        if (i == index) return found == SIZE_MAX ? rest : string_view_slice(rest, 0, found);
        if (found == SIZE_MAX || call_stops(call, &meter, found + 16)) return (string_view){text.data, from};
        rest = string_view_slice(rest, found + separator.size, rest.size);
    }
}
TEXT_PART(text_split_part, split_part(call, text, TEXT(1), INTEGER(2)))

/* made texts: through a builder, then into the arena --------------------------------------------------------------------------------- */
bp_status text_store(const function_call *call, text_room *room, const builder *text, const char *name, string_ref *out,
                     bp_error *err)
{
    bp_status status;
    char *place;

    if (text->status == BP_LIMIT) return text_too_long(err, name);
    if ((status = builder_status(text, err))) return status;
    if (!(place = text_reserve(room, text->size + 1))) return call_no_memory(call, text->size, err);
    status = cancel_copy(call->context->memory, place, text->data, text->size, err);
    *out = text_commit(room, text->size);
    return status;
}

bp_status text_make_each(text_maker maker, const char *name, const function_call *call, const column *arguments, size_t count,
                         column *out, bp_error *err)
{
    string_ref *to = call_values(call, out, 16);
    text_room room = {.arena = call->arena};
    builder text;
    size_t meter = 0;
    bp_status status = BP_OK;

    if (!to) return call_no_memory(call, call->rows * 16, err);
    builder_init(&text, call->context->memory, MOST_TEXT);
    for (size_t row = 0; row < call->rows && !status; row++) {
        if (call_skips(call, row)) continue;
        builder_reset(&text);
        maker(&text, call, arguments, count, row);
        if ((status = call_worked(call, &meter, text.size, err))) break;
        status = text_store(call, &room, &text, name, &to[row], err);
    }
    builder_clear(&text);
    return status;
}

#define REPEAT_STEP ((size_t)1 << 18)
TEXT_MADE(text_repeat)
{
    string_view part = TEXT(0);
    int64_t times = INTEGER(1);
    size_t total, most, meter = 0;

    if (times <= 0 || !part.size) return true;
    if (ckd_mul(&total, part.size, (size_t)times) || total > MOST_TEXT) return builder_reserve(text, MOST_TEXT + 1);
    if (!builder_reserve(text, total)) return false;
    most = REPEAT_STEP > part.size ? REPEAT_STEP / part.size * part.size : part.size;
    builder_text(text, part);
    while (text->size < total &&
           !call_stops(call, &meter, most)) { /* what is there already, again: a byte at a time takes seconds */
        size_t more = text->size < most ? text->size : most;
        builder_append(text, text->data, more < total - text->size ? more : total - text->size);
    }
    return text->size == total;
}

TEXT_MADE(text_replace)
{
    string_view rest = TEXT(0), old = TEXT(1), new = TEXT(2);
    size_t found, meter = 0;

    while (old.size && (found = text_find(call, rest, old)) != SIZE_MAX) {
        builder_append(text, rest.data, found);
        if (!builder_text(text, new) || call_stops(call, &meter, found + 64)) return false;
        rest = string_view_slice(rest, found + old.size, rest.size);
    }
    return builder_text(text, rest);
}

/* Characters of `from` become those at the same place of `to`, or go. */
TEXT_MADE(text_translate)
{
    string_view source = TEXT(0), from = TEXT(1), to = TEXT(2);
    const char *end = source.data + source.size;
    size_t meter = 0;

    for (const char *at = source.data, *next; at < end && !call_stops(call, &meter, from.size + 1); at = next) {
        size_t place = 0;
        const char *each = from.data, *from_end = from.data + from.size;
        next = utf8_next(at, end);
        for (; each < from_end; each = utf8_next(each, from_end), place++)
            if ((size_t)(utf8_next(each, from_end) - each) == (size_t)(next - at) && memcmp(each, at, (size_t)(next - at)) == 0)
                break;
        if (each >= from_end) {
            builder_append(text, at, (size_t)(next - at));
        } else {
            string_view mapped = cut(call, to, (int64_t)place, (int64_t)place + 1);
            builder_text(text, mapped);
        }
    }
    return text->status == BP_OK;
}

static bool pad(const function_call *call, builder *text, string_view source, int64_t length, string_view fill, bool left)
{
    int64_t size = (int64_t)utf8_count(source.data, source.size), missing = length - size;
    int64_t fill_size = (int64_t)utf8_count(fill.data, fill.size);
    size_t meter = 0;

    if (length <= 0) return true;
    if (missing <= 0) return builder_text(text, cut(call, source, 0, length));
    if ((size_t)missing > MOST_TEXT) return builder_reserve(text, MOST_TEXT + 1);
    if (!left && !builder_text(text, source)) return false;
    while (missing > 0 && fill.size) {
        if (!builder_text(text, missing >= fill_size ? fill : cut(call, fill, 0, missing))) return false;
        if (call_stops(call, &meter, fill.size + 16)) return false;
        missing -= fill_size;
    }
    return left ? builder_text(text, source) : true;
}

TEXT_MADE(text_lpad)
{
    return pad(call, text, TEXT(0), INTEGER(1), TEXT(2), true);
}
TEXT_MADE(text_rpad)
{
    return pad(call, text, TEXT(0), INTEGER(1), TEXT(2), false);
}

KERNEL(text_chr)
{
    string_ref *to = call_values(call, out, 16);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        char bytes[UTF8_MAX_SIZE] = {0};
        int32_t code_point = VALUE(&arguments[0], int32_t, row);
        to[row] = string_ref_of(bytes, 0);
        if (call_skips(call, row)) continue;
        if (code_point < 0 || code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000))
            return error_set(err, BP_OUT_OF_RANGE, "chr(): %d is no code point: 0 to 1114111, without 55296 to 57343", code_point);
        to[row] = string_ref_of(bytes, utf8_encode(bytes, (uint32_t)code_point)); /* inline: at most four bytes */
    }
    return BP_OK;
}

/* concatenation: arguments come as text ----------------------------------------------------------------------------------------------- */
TEXT_MADE(text_concat)
{
    for (size_t i = 0; i < count; i++)
        if (!column_is_null(&arguments[i], row) && !builder_text(text, TEXT(i))) return false;
    return true;
}

TEXT_MADE(text_concat_ws)
{
    bool first = true;

    if (column_is_null(&arguments[0], row)) return true;
    for (size_t i = 1; i < count; i++) {
        if (column_is_null(&arguments[i], row)) continue;
        if (!first) builder_text(text, TEXT(0));
        if (!builder_text(text, TEXT(i))) return false;
        first = false;
    }
    return true;
}

/* concat_ws(NULL, …) is NULL. */
KERNEL(text_concat_ws_null)
{
    bp_status status = text_concat_ws(call, arguments, count, out, err);

    if (!status && arguments[0].validity && arguments[0].encoding == COLUMN_FLAT) out->validity = arguments[0].validity;
    if (!status && (arguments[0].encoding == COLUMN_CONSTANT || arguments[0].type.id == TYPE_NULL) &&
        column_is_null(&arguments[0], 0))
        *out = column_nulls(out->type, call->rows);
    return status;
}

/* Every argument becomes VARCHAR. */
bp_status bind_all_text(function_binding *binding, bp_error *err)
{
    (void)err;
    for (size_t i = 0; i < binding->count; i++) binding->wanted[i] = type_of(TYPE_VARCHAR);
    return BP_OK;
}

/* a || b: text, or lists of one type. */
bp_status bind_concat_operator(function_binding *binding, bp_error *err)
{
    bool all_bytes = binding->count > 0;

    for (size_t i = 0; i < binding->count; i++) {
        data_type type = expr_type(binding->pool, binding->arguments[i]);
        if (type_is_nested(type))
            return error_set(err, BP_BIND_ERROR, "Cannot concatenate a nested type with a text: an explicit cast is required");
        all_bytes &= type.id == TYPE_BLOB;
    }
    if (all_bytes) binding->result = type_of(TYPE_BLOB);
    for (size_t i = 0; i < binding->count; i++) binding->wanted[i] = binding->result;
    return BP_OK;
}

/* a || b of two texts: the usual case, without a builder. */
KERNEL(text_join)
{
    string_ref *to = call_values(call, out, 16);
    text_room room = {.arena = call->arena};
    size_t meter = 0;
    bp_status status;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        string_view left, right;
        char *place;
        if (call_skips(call, row)) continue;
        left = TEXT(0), right = TEXT(1);
        if (left.size + right.size > MOST_TEXT) return text_too_long(err, "||");
        place = text_reserve(&room, left.size + right.size + 1);
        if (!place) return call_no_memory(call, left.size + right.size, err);
        if ((status = cancel_copy(call->context->memory, place, left.data, left.size, err))) return status;
        if ((status = cancel_copy(call->context->memory, place + left.size, right.data, right.size, err))) return status;
        to[row] = text_commit(&room, left.size + right.size);
        if ((status = call_worked(call, &meter, left.size + right.size, err))) return status;
    }
    return BP_OK;
}

/* encodings ------------------------------------------------------------------------------------------------------------------------- */
TEXT_MADE(text_hex)
{
    string_view bytes = TEXT(0);
    size_t meter = 0;

    if (!builder_reserve(text, bytes.size * 2)) return false;
    for (size_t done = 0, step = 0; done < bytes.size && !call_stops(call, &meter, step); done += step) {
        step = bytes.size - done < LONG_STEP ? bytes.size - done : LONG_STEP;
        number_print_hex_bytes(text->data + text->size, bytes.data + done, step, true);
        text->size += step * 2;
    }
    return true;
}

static bool append_base(builder *text, uint128 value, unsigned bits)
{
    char digits[128];
    size_t size = 0;

    do {
        digits[sizeof digits - ++size] = "0123456789ABCDEF"[(unsigned)(value & ((1u << bits) - 1))];
        value >>= bits;
    } while (value && size < sizeof digits);
    return builder_append(text, digits + sizeof digits - size, size);
}

TEXT_MADE(text_hex_integer)
{
    return append_base(text, (uint128)(uint64_t)INTEGER(0), 4);
}
TEXT_MADE(text_bin_integer)
{
    return append_base(text, (uint128)(uint64_t)INTEGER(0), 1);
}

TEXT_MADE(text_bin)
{
    string_view bytes = TEXT(0);
    size_t meter = 0;

    for (size_t i = 0; i < bytes.size && !call_stops(call, &meter, 8); i++)
        for (unsigned bit = 8; bit--;) builder_byte(text, (char)('0' + (((unsigned char)bytes.data[i] >> bit) & 1)));
    return text->status == BP_OK;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

TEXT_MADE(text_to_base64)
{
    string_view bytes = TEXT(0);
    size_t meter = 0;

    for (size_t i = 0; i < bytes.size && !call_stops(call, &meter, 3); i += 3) {
        uint32_t group = 0;
        size_t left = bytes.size - i < 3 ? bytes.size - i : 3;
        for (size_t k = 0; k < 3; k++) group = group << 8 | (k < left ? (unsigned char)bytes.data[i + k] : 0);
        for (size_t k = 0; k < 4; k++) builder_byte(text, k <= left ? base64_digits[(group >> (18 - 6 * k)) & 63] : '=');
    }
    return text->status == BP_OK;
}

static bool is_plain_in_url(unsigned char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

TEXT_MADE(text_url_encode)
{
    string_view source = TEXT(0);
    char digits[2];
    size_t meter = 0;

    for (size_t i = 0; i < source.size && !call_stops(call, &meter, 2); i++) {
        unsigned char c = (unsigned char)source.data[i];
        if (is_plain_in_url(c)) {
            builder_byte(text, (char)c);
        } else {
            number_print_hex_bytes(digits, &c, 1, true);
            builder_byte(text, '%');
            builder_append(text, digits, 2);
        }
    }
    return text->status == BP_OK;
}

/* Texts that may not be well formed: decoded in a second loop with errors. */
static bp_status decode_each(const function_call *call, const column *arguments, column *out, const char *what,
                             bool (*decode)(builder *text, string_view source), bp_error *err)
{
    string_ref *to = call_values(call, out, 16);
    text_room room = {.arena = call->arena};
    builder text;
    size_t meter = 0;
    bp_status status = BP_OK;

    if (!to) return call_no_memory(call, call->rows * 16, err);
    builder_init(&text, call->context->memory, MOST_TEXT);
    for (size_t row = 0; row < call->rows && !status; row++) {
        string_view source;
        if (call_skips(call, row)) continue;
        builder_reset(&text);
        source = TEXT(0);
        if (!decode(&text, source) && text.status == BP_OK) {
            status = error_set(err, BP_CONVERSION, "Could not decode '%.*s' as %s", source.size > 64 ? 64 : (int)source.size,
                               source.data, what);
            break;
        }
        if ((status = builder_status(&text, err)) || (status = call_worked(call, &meter, source.size, err))) break;
        status = text_store(call, &room, &text, what, &to[row], err);
    }
    builder_clear(&text);
    return status;
}

#define DECODE_STEP 65536 /* bytes; a builder that is to stop says so by its status */

static bool decode_hex(builder *text, string_view source)
{
    size_t at = 0;

    if (source.size % 2) {
        int low = number_hex_digit(source.data[at++]);
        if (low < 0) return false;
        builder_byte(text, (char)low);
    }
    for (; at + 1 < source.size; at += 2) {
        if (at % DECODE_STEP < 2 && !builder_goes_on(text)) return true;
        int high = number_hex_digit(source.data[at]), low = number_hex_digit(source.data[at + 1]);
        if (high < 0 || low < 0) return false;
        builder_byte(text, (char)(high * 16 + low));
    }
    return text->status == BP_OK;
}

static bool decode_binary(builder *text, string_view source)
{
    unsigned byte = 0;
    size_t bits = (8 - source.size % 8) % 8;

    for (size_t i = 0; i < source.size; i++) {
        if (i % DECODE_STEP < 2 && !builder_goes_on(text)) return true;
        if (source.data[i] != '0' && source.data[i] != '1') return false;
        byte = byte << 1 | (unsigned)(source.data[i] - '0');
        if (++bits % 8) continue;
        builder_byte(text, (char)byte);
        byte = 0;
    }
    return text->status == BP_OK;
}

static bool decode_base64(builder *text, string_view source)
{
    uint32_t group = 0;
    size_t digits = 0, padding = 0;

    if (source.size % 4) return false;
    for (size_t i = 0; i < source.size; i++) {
        if (i % DECODE_STEP < 2 && !builder_goes_on(text)) return true;
        const char *place = source.data[i] ? strchr(base64_digits, source.data[i]) : NULL;
        if (source.data[i] == '=' && i + 2 >= source.size)
            padding++;
        else if (!place || padding)
            return false;
        group = group << 6 | (uint32_t)(padding ? 0 : place - base64_digits);
        if (++digits % 4) continue;
        for (size_t k = 0; k < 3 - padding; k++) builder_byte(text, (char)(group >> (16 - 8 * k)));
        group = 0;
    }
    return text->status == BP_OK;
}

static bool decode_url(builder *text, string_view source)
{
    for (size_t i = 0; i < source.size; i++) {
        if (i % DECODE_STEP < 2 && !builder_goes_on(text)) return true;
        int high = source.data[i] == '%' && i + 2 < source.size ? number_hex_digit(source.data[i + 1]) : -1;
        int low = high >= 0 ? number_hex_digit(source.data[i + 2]) : -1;
        builder_byte(text, low >= 0 ? (char)(high * 16 + low) : source.data[i]);
        if (low >= 0) i += 2;
    }
    return text->status == BP_OK && utf8_valid(text->data, text->size);
}

static bool decode_utf8(builder *text, string_view source)
{
    return utf8_valid(source.data, source.size) && builder_text(text, source);
}

#define DECODER(name, decode, what)                                                                                                \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        (void)count;                                                                                                               \
        return decode_each(call, arguments, out, what, decode, err);                                                               \
    }
DECODER(text_unhex, decode_hex, "hexadecimal digits")
DECODER(text_unbin, decode_binary, "binary digits")
DECODER(text_from_base64, decode_base64, "Base64")
DECODER(text_url_decode, decode_url, "an encoded URL")
DECODER(text_decode, decode_utf8, "UTF-8: the bytes are not well formed")

KERNEL(text_encode)
{
    data_type type = out->type;

    (void)count, (void)err;
    *out = arguments[0];
    out->type = type;
    out->length = call->rows;
    return BP_OK;
}
