/* The pull reader: a state machine over the positions of the structural scan (json_internal.h), 16 KiB of text at a time so that they stay
 * in the cache. A string's two quotes are neighbours in the index, so its end is found without looking at its bytes; they are looked at
 * once, eight at a time, for escapes and control characters.
 *
 * A tokenizer.json of 5.9 MB, numbers parsed, on one Zen 4 core: 280 MB/s plain, 730 with AVX2, 980 with AVX-512; in compact form (3.9 MB of
 * the same events) 215, 540, 690. */
#include "json.h"
#include "json_internal.h"
#include "number.h"
#include "utf8_check.h"

#define WINDOW_BLOCKS 256

/* What may come next. */
enum {
    STATE_VALUE, /* a value */
    STATE_TOP, /* a value, or the end of the text */
    STATE_FIRST_KEY, /* a name or '}' */
    STATE_KEY, /* a name */
    STATE_FIRST_ELEMENT, /* a value or ']' */
    STATE_AFTER, /* ',' or what ends the object or array */
    STATE_DONE, /* the end of the text */
    STATE_FAILED
};

/* Failures -------------------------------------------------------------------------------------------------------------------- */

/* Line and column, both from 1; the column in characters. */
static void find_line(const json_reader *reader, bp_error *err)
{
    size_t line_begin = 0, column = 1;
    int64_t line = 1;

    for (size_t i = 0; i < reader->failure_position; i++) {
        if (reader->data[i] != '\n') continue;
        line++;
        line_begin = i + 1;
    }
    for (size_t i = line_begin; i < reader->failure_position; i++) column += (reader->data[i] & 0xc0) != 0x80;
    err->line = line;
    err->column = (int64_t)column;
}

static NO_INLINE bp_status report(const json_reader *reader, bp_error *err)
{
    if (reader->failure == BP_NO_MEMORY) return error_no_memory(err, reader->memory, reader->scratch.wanted);
    (void)error_set_at(err, reader->failure, reader->failure_position, "JSON: %s", reader->failure_text);
    if (err) find_line(reader, err);
    return reader->failure;
}

static NO_INLINE bp_status fail(json_reader *reader, bp_status status, size_t position, const char *text, bp_error *err)
{
    reader->state = STATE_FAILED;
    reader->failure = status;
    reader->failure_text = text;
    reader->failure_position = position;
    return report(reader, err);
}

static bp_status bad(json_reader *reader, size_t position, const char *text, bp_error *err)
{
    return fail(reader, BP_BAD_FORMAT, position, text, err);
}

/* Positions ------------------------------------------------------------------------------------------------------------------- */

/* Scan the next window that has positions; false: the text is over. */
static NO_INLINE bool refill(json_reader *reader)
{
    json_carry carry = {reader->carry[0], reader->carry[1], reader->carry[2]};

    reader->index_next = reader->index_count = 0;
    while (reader->index_count == 0 && reader->window_end < reader->size) {
        size_t left = reader->size - reader->window_end, blocks = left / JSON_BLOCK;

        reader->window_base = reader->window_end;
        if (blocks) {
            if (blocks > WINDOW_BLOCKS) blocks = WINDOW_BLOCKS;
            reader->index_count = json_scan(reader->data + reader->window_base, blocks, &carry, reader->index);
            reader->window_end += blocks * JSON_BLOCK;
        } else { /* the tail, with blanks behind */
            char tail[JSON_BLOCK];

            memset(tail, ' ', sizeof tail);
            memcpy(tail, reader->data + reader->window_base, left);
            reader->index_count = json_scan(tail, 1, &carry, reader->index);
            reader->window_end = reader->size;
        }
    }
    reader->carry[0] = carry.escape;
    reader->carry[1] = carry.string;
    reader->carry[2] = carry.scalar;
    return reader->index_count > 0;
}

static inline bool next_position(json_reader *reader, size_t *position)
{
    if (UNLIKELY(reader->index_next == reader->index_count) && !refill(reader)) return false;
    *position = reader->window_base + reader->index[reader->index_next++];
    return true;
}

/* Strings --------------------------------------------------------------------------------------------------------------------- */

/* Where an escape or a control character stands in [at, end), or end. `limit`: bytes that can be read. */
static inline BP_WRAPS const char *find_special(const char *at, const char *end, const char *limit)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7, blanks = ones * ' ';
    uint64_t word, slash;

    for (; at < end; at += 8) {
        if (UNLIKELY(limit - at < 8)) break;
        memcpy(&word, at, 8);
        if (end - at < 8) { /* what stands behind the string becomes blanks */
            unsigned keep = (unsigned)(end - at) * 8;

            word = (word & ((UINT64_C(1) << keep) - 1)) | blanks << keep;
        }
        slash = word ^ (ones * '\\');
        if (((slash - ones) & ~slash & high) | ((word - blanks) & ~word & high)) break;
    }
    for (; at < end; at++) {
        if (*at == '\\' || (unsigned char)*at < ' ') return at;
    }
    return end;
}

/* Four hexadecimal digits at `at`; -1: not such. */
static int32_t read_hex4(const char *at, const char *end)
{
    int32_t value = 0;

    if (end - at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = number_hex_digit(at[i]);

        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool append_code_point(builder *out, uint32_t code_point)
{
    char bytes[4];
    size_t size = 0;

    if (code_point < 0x80) {
        bytes[size++] = (char)code_point;
    } else {
        if (code_point < 0x800) {
            bytes[size++] = (char)(0xc0 | code_point >> 6);
        } else {
            if (code_point < 0x10000) {
                bytes[size++] = (char)(0xe0 | code_point >> 12);
            } else {
                bytes[size++] = (char)(0xf0 | code_point >> 18);
                bytes[size++] = (char)(0x80 | (code_point >> 12 & 0x3f));
            }
            bytes[size++] = (char)(0x80 | (code_point >> 6 & 0x3f));
        }
        bytes[size++] = (char)(0x80 | (code_point & 0x3f));
    }
    return builder_append(out, bytes, size);
}

/* The \u at *at (behind the backslash), with its second half when it is a surrogate pair. */
static bp_status read_unicode(json_reader *reader, const char **at, const char *end, bp_error *err)
{
    size_t position = (size_t)(*at - 1 - reader->data);
    int32_t code = read_hex4(*at + 1, end), low;

    if (code < 0) return bad(reader, position, "\\u must be followed by four hexadecimal digits", err);
    *at += 5;
    if (code >= 0xdc00 && code <= 0xdfff)
        return bad(reader, position, "the second half of a surrogate pair stands without its first", err);
    if (code >= 0xd800 && code <= 0xdbff) {
        low = end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' ? read_hex4(*at + 2, end) : -1;
        if (low < 0xdc00 || low > 0xdfff)
            return bad(reader, position, "the first half of a surrogate pair must be followed by \\u and the second half", err);
        *at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    (void)append_code_point(&reader->scratch, (uint32_t)code);
    return BP_OK;
}

/* The escape whose backslash is at *at. */
static bp_status read_escape(json_reader *reader, const char **at, const char *end, bp_error *err)
{
    char value;

    ++*at;
    switch (*at < end ? **at : '\0') {
    case '"':
    case '\\':
    case '/': value = **at; break;
    case 'b': value = '\b'; break;
    case 'f': value = '\f'; break;
    case 'n': value = '\n'; break;
    case 'r': value = '\r'; break;
    case 't': value = '\t'; break;
    case 'u': return read_unicode(reader, at, end, err);
    default:
        return bad(reader, (size_t)(*at - 1 - reader->data),
                   "no such escape; there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four digits", err);
    }
    (void)builder_byte(&reader->scratch, value);
    ++*at;
    return BP_OK;
}

/* A string with escapes, from its first special byte on, into the reader's memory. */
static NO_INLINE bp_status decode_string(json_reader *reader, const char *begin, const char *special, const char *end,
                                         bp_error *err)
{
    const char *limit = reader->data + reader->size;
    bp_status status;

    builder_reset(&reader->scratch);
    for (const char *at = begin;; special = find_special(at, end, limit)) {
        (void)builder_append(&reader->scratch, at, (size_t)(special - at));
        at = special;
        if (at == end) break;
        if (*at != '\\')
            return bad(reader, (size_t)(at - reader->data), "a control character in a string must be written as an escape", err);
        if ((status = read_escape(reader, &at, end, err))) return status;
    }
    if (reader->scratch.status != BP_OK) return fail(reader, BP_NO_MEMORY, reader->position, "", err);
    reader->text = reader->scratch.size ? builder_view(&reader->scratch) : (string_view){"", 0};
    reader->escaped = true;
    return BP_OK;
}

/* The string whose opening quote is at `position`. */
static inline bp_status read_string(json_reader *reader, size_t position, bp_error *err)
{
    const char *begin = reader->data + position + 1, *end, *special;
    size_t close;

    if (UNLIKELY(!next_position(reader, &close)))
        return bad(reader, position, "the string that begins here has no closing quote", err);
    end = reader->data + close;
    special = find_special(begin, end, reader->data + reader->size);
    if (UNLIKELY(special != end)) return decode_string(reader, begin, special, end, err);
    reader->text = (string_view){begin, (size_t)(end - begin)};
    reader->escaped = false;
    return BP_OK;
}

/* Scalars --------------------------------------------------------------------------------------------------------------------- */

/* A scalar ends at white space, an operator, a quote, or with the text. */
static inline bool ends_scalar(const json_reader *reader, const char *at)
{
    if (at == reader->data + reader->size) return true;
    switch (*at) {
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case ',':
    case ':':
    case '{':
    case '}':
    case '[':
    case ']':
    case '"': return true;
    default: return false;
    }
}

static inline const char *skip_digits(const char *at, const char *end)
{
    while (at < end && ascii_is_digit((unsigned char)*at)) at++;
    return at;
}

static bool take_word(const json_reader *reader, const char *at, string_view word)
{
    return (size_t)(reader->data + reader->size - at) >= word.size && memcmp(at, word.data, word.size) == 0 &&
           ends_scalar(reader, at + word.size);
}

/* -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)? */
static bp_status read_number(json_reader *reader, size_t position, bp_error *err)
{
    const char *begin = reader->data + position, *end = reader->data + reader->size, *at = begin + (*begin == '-'), *digits = at;

    at = skip_digits(at, end);
    if (at == digits) return bad(reader, position, "a number must have a digit behind its sign", err);
    if (*digits == '0' && at - digits > 1) return bad(reader, position, "a number must not begin with 0 before another digit", err);
    if (at < end && *at == '.') {
        digits = at + 1;
        at = skip_digits(digits, end);
        if (at == digits) return bad(reader, position, "a number must have a digit behind its point", err);
    }
    if (at < end && (*at | 0x20) == 'e') {
        digits = at + 1 + (at + 1 < end && (at[1] == '+' || at[1] == '-'));
        at = skip_digits(digits, end);
        if (at == digits) return bad(reader, position, "a number must have a digit in its exponent", err);
    }
    if (!ends_scalar(reader, at)) return bad(reader, position, "this is no number", err);
    reader->text = (string_view){begin, (size_t)(at - begin)};
    return BP_OK;
}

static bp_status read_name(json_reader *reader, size_t position, json_event *event, bp_error *err)
{
    static const struct {
        string_view word;
        json_event event;
    } words[] = {{{"true", 4}, JSON_TRUE},  {{"false", 5}, JSON_FALSE},     {{"null", 4}, JSON_NULL},
                 {{"NaN", 3}, JSON_NUMBER}, {{"Infinity", 8}, JSON_NUMBER}, {{"-Infinity", 9}, JSON_NUMBER}};

    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (!take_word(reader, reader->data + position, words[i].word)) continue;
        if (words[i].event == JSON_NUMBER && !(reader->options & JSON_NAMES))
            return bad(reader, position, "NaN and Infinity are no JSON values", err);
        *event = words[i].event;
        reader->text = (string_view){reader->data + position, words[i].word.size};
        return BP_OK;
    }
    return bad(reader, position, "this is no JSON value: there are objects, arrays, strings, numbers, true, false and null", err);
}

/* Grammar --------------------------------------------------------------------------------------------------------------------- */

static inline bool in_object(const json_reader *reader)
{
    size_t level = reader->depth - 1;

    return reader->is_object[level / 64] >> (level % 64) & 1;
}

static bp_status open_level(json_reader *reader, size_t position, bool object, bp_error *err)
{
    uint64_t bit = UINT64_C(1) << (reader->depth % 64), *word = &reader->is_object[reader->depth / 64];

    if (reader->depth == JSON_DEPTH)
        return fail(reader, BP_LIMIT, position, "objects and arrays are nested deeper than 512 levels", err);
    *word = object ? *word | bit : *word & ~bit;
    reader->depth++;
    reader->state = object ? STATE_FIRST_KEY : STATE_FIRST_ELEMENT;
    return BP_OK;
}

/* What follows a whole value. */
static inline void after_value(json_reader *reader)
{
    if (reader->depth)
        reader->state = STATE_AFTER;
    else
        reader->state = reader->options & JSON_SEQUENCE ? STATE_TOP : STATE_DONE;
}

static inline bp_status read_value(json_reader *reader, size_t position, json_event *event, bp_error *err)
{
    char first = reader->data[position];
    bp_status status;

    switch (first) {
    case '"':
        *event = JSON_STRING;
        status = read_string(reader, position, err);
        break;
    case '{': *event = JSON_OBJECT_BEGIN; return open_level(reader, position, true, err);
    case '[': *event = JSON_ARRAY_BEGIN; return open_level(reader, position, false, err);
    case '-':
        if (reader->size - position > 1 && reader->data[position + 1] == 'I') {
            status = read_name(reader, position, event, err);
            break;
        }
        __attribute__((fallthrough));
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        *event = JSON_NUMBER;
        status = read_number(reader, position, err);
        break;
    case ',':
    case ':':
    case '}':
    case ']': return bad(reader, position, "a value must stand here", err);
    default: status = read_name(reader, position, event, err);
    }
    if (status == BP_OK) after_value(reader);
    return status;
}

/* A name and its colon. */
static inline bp_status read_key(json_reader *reader, size_t position, json_event *event, bp_error *err)
{
    size_t colon;
    bp_status status;

    if (UNLIKELY(reader->data[position] != '"'))
        return bad(reader, position, "the name of a value, a string, must stand here", err);
    if ((status = read_string(reader, position, err))) return status;
    if (UNLIKELY(!next_position(reader, &colon)))
        return bad(reader, reader->size, "the text ends behind a name; ':' and a value must follow", err);
    if (UNLIKELY(reader->data[colon] != ':')) return bad(reader, colon, "':' must stand between a name and its value", err);
    *event = JSON_KEY;
    reader->state = STATE_VALUE;
    return BP_OK;
}

static bp_status close_level(json_reader *reader, json_event *event, json_event closed)
{
    *event = closed;
    reader->depth--;
    after_value(reader);
    return BP_OK;
}

/* The end of the text: fine where a value is over. */
static bp_status end_of_text(json_reader *reader, json_event *event, bp_error *err)
{
    reader->position = reader->size;
    if (reader->state == STATE_DONE || (reader->state == STATE_TOP && !reader->carry[1])) {
        *event = JSON_END;
        return BP_OK;
    }
    return bad(reader, reader->size, reader->depth ? "the text ends inside an object or array" : "there is no value in the text",
               err);
}

bp_status json_next(json_reader *reader, json_event *event, bp_error *err)
{
    size_t position;
    char first;

    if (UNLIKELY(reader->state == STATE_FAILED)) return report(reader, err);
    reader->text = (string_view){NULL, 0};
    if (UNLIKELY(!next_position(reader, &position))) return end_of_text(reader, event, err);
    first = reader->data[position];
    if (reader->state == STATE_AFTER) {
        bool object = in_object(reader);

        reader->position = position;
        if (first == (object ? '}' : ']')) return close_level(reader, event, object ? JSON_OBJECT_END : JSON_ARRAY_END);
        if (UNLIKELY(first != ','))
            return bad(reader, position,
                       object ? "',' or '}' must follow a value in an object" : "',' or ']' must follow a value in an array", err);
        if (UNLIKELY(!next_position(reader, &position))) return end_of_text(reader, event, err);
        reader->state = object ? STATE_KEY : STATE_VALUE;
    }
    reader->position = position;
    switch (reader->state) {
    case STATE_FIRST_KEY:
        if (first == '}') return close_level(reader, event, JSON_OBJECT_END);
        return read_key(reader, position, event, err);
    case STATE_KEY: return read_key(reader, position, event, err);
    case STATE_FIRST_ELEMENT:
        if (first == ']') return close_level(reader, event, JSON_ARRAY_END);
        return read_value(reader, position, event, err);
    case STATE_DONE: return bad(reader, position, "nothing but white space may follow the value", err);
    default: return read_value(reader, position, event, err);
    }
}

/* Around it ------------------------------------------------------------------------------------------------------------------- */

bp_status json_reader_init(json_reader *reader, memory *memory, string_view text, unsigned options, bp_error *err)
{
    size_t blocks = text.size / JSON_BLOCK + 1;

    *reader = (json_reader){.data = text.data ? text.data : "", .size = text.size, .memory = memory, .options = options};
    builder_init(&reader->scratch, memory, SIZE_MAX);
    reader->state = options & JSON_SEQUENCE ? STATE_TOP : STATE_VALUE;
    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) reader->window_end = 3;
    if (!(options & JSON_TRUSTED_UTF8) && !utf8_valid(reader->data, reader->size))
        return bad(reader, utf8_find_invalid(reader->data, reader->size), "the text is not UTF-8", err);
    reader->index_capacity = ((blocks < WINDOW_BLOCKS ? blocks : WINDOW_BLOCKS) + 1) * JSON_BLOCK;
    reader->index = memory_allocate(memory, reader->index_capacity * sizeof *reader->index);
    if (reader->index) return BP_OK;
    reader->scratch.wanted = reader->index_capacity * sizeof *reader->index;
    return fail(reader, BP_NO_MEMORY, 0, "", err);
}

void json_reader_clear(json_reader *reader)
{
    if (!reader->memory) return;
    memory_free(reader->memory, reader->index, reader->index_capacity * sizeof *reader->index);
    reader->index = NULL;
    builder_clear(&reader->scratch);
    reader->state = STATE_FAILED;
    reader->failure = BP_BAD_ARGUMENT;
    reader->failure_text = "the reader has been cleared";
}

const char *json_event_name(json_event event)
{
    switch (event) {
    case JSON_END: return "the end of the text";
    case JSON_OBJECT_BEGIN: return "an object";
    case JSON_OBJECT_END: return "the end of an object";
    case JSON_ARRAY_BEGIN: return "an array";
    case JSON_ARRAY_END: return "the end of an array";
    case JSON_KEY: return "a name";
    case JSON_STRING: return "a string";
    case JSON_NUMBER: return "a number";
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_NULL: return "null";
    }
    return "nothing";
}

bp_status json_expect(json_reader *reader, json_event wanted, bp_error *err)
{
    json_event event;
    bp_status status = json_next(reader, &event, err);

    if (status || event == wanted) return status;
    reader->state = STATE_FAILED;
    reader->failure = BP_BAD_FORMAT;
    reader->failure_text = "another kind of value must stand here";
    reader->failure_position = reader->position;
    (void)error_set_at(err, BP_BAD_FORMAT, reader->position, "JSON: %s must stand here, not %s", json_event_name(wanted),
                       json_event_name(event));
    if (err) find_line(reader, err);
    return BP_BAD_FORMAT;
}

bp_status json_skip(json_reader *reader, json_event event, bp_error *err)
{
    size_t depth = reader->depth;
    bp_status status;

    if (event == JSON_KEY) {
        if ((status = json_next(reader, &event, err))) return status;
        depth = reader->depth;
    }
    if (event != JSON_OBJECT_BEGIN && event != JSON_ARRAY_BEGIN) return BP_OK;
    do {
        if ((status = json_next(reader, &event, err))) return status;
    } while (reader->depth >= depth);
    return BP_OK;
}

json_number_value json_number(const json_reader *reader)
{
    const char *begin = reader->text.data, *end = begin + reader->text.size;
    json_number_value value = {.kind = JSON_INT64, .overflow = false, .as_int64 = 0};

    if (begin == end) return value;
    if (number_parse_int64(begin, end, &value.as_int64) == NUMBER_OK) return value;
    value.kind = JSON_UINT64;
    if (number_parse_uint64(begin, end, &value.as_uint64) == NUMBER_OK) return value;
    value.kind = JSON_DOUBLE;
    value.as_double = 0;
    value.overflow = number_parse_double(begin, end, &value.as_double) == NUMBER_OVERFLOW;
    return value;
}

double json_number_double(const json_reader *reader)
{
    double value = 0;

    (void)number_parse_double(reader->text.data, reader->text.data + reader->text.size, &value);
    return value;
}

bool json_number_int64(const json_reader *reader, int64_t *out)
{
    return number_parse_int64(reader->text.data, reader->text.data + reader->text.size, out) == NUMBER_OK;
}
