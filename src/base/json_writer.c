/* The writer: punctuation comes by itself from two flags, "behind a name" and "nothing in this level yet". */
#include "json.h"
#include "number.h"

bool json_quote(builder *out, string_view text)
{
    static const char escaped[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
    const char *plain = text.data, *end = plain + text.size;

    if (!builder_byte(out, '"')) return false;
    for (const char *at = plain; at < end; at++) {
        unsigned char byte = (unsigned char)*at;
        char escape[6] = {'\\', 'u', '0', '0', 0, 0};
        const char *found;
        size_t size = 2;

        if (byte >= ' ' && byte != '"' && byte != '\\') continue;
        found = byte ? strchr(escaped, *at) : NULL;
        if (found) {
            escape[1] = letters[found - escaped];
        } else {
            number_print_hex_bytes(escape + 4, &byte, 1, false);
            size = 6;
        }
        if (!builder_append(out, plain, (size_t)(at - plain)) || !builder_append(out, escape, size)) return false;
        plain = at + 1;
    }
    return builder_append(out, plain, (size_t)(end - plain)) && builder_byte(out, '"');
}

void json_writer_init(json_writer *writer, builder *out, unsigned indent)
{
    *writer = (json_writer){.out = out, .indent = indent, .first = true};
}

static bool new_line(json_writer *writer)
{
    if (!writer->indent) return true;
    return builder_byte(writer->out, '\n') && builder_fill(writer->out, ' ', writer->indent * writer->depth);
}

/* What stands before a value or a name. At the top, values are lines. */
static bool separate(json_writer *writer)
{
    bool first = writer->first;

    if (writer->after_key) {
        writer->after_key = false;
        return true;
    }
    writer->first = false;
    if (writer->depth == 0) return first || builder_byte(writer->out, '\n');
    return (first || builder_byte(writer->out, ',')) && new_line(writer);
}

static bool begin(json_writer *writer, char bracket)
{
    bool done = separate(writer) && builder_byte(writer->out, bracket);

    writer->depth++; /* also when the builder failed: levels go on being counted right */
    writer->first = true;
    return done;
}

static bool finish(json_writer *writer, char bracket)
{
    bool empty = writer->first;

    CHECK(writer->depth > 0 && !writer->after_key);
    if (writer->depth) writer->depth--;
    writer->first = false;
    return (empty || new_line(writer)) && builder_byte(writer->out, bracket);
}

bool json_write_object_begin(json_writer *writer)
{
    return begin(writer, '{');
}

bool json_write_object_end(json_writer *writer)
{
    return finish(writer, '}');
}

bool json_write_array_begin(json_writer *writer)
{
    return begin(writer, '[');
}

bool json_write_array_end(json_writer *writer)
{
    return finish(writer, ']');
}

bool json_write_key(json_writer *writer, string_view key)
{
    bool done;

    CHECK(!writer->after_key);
    done = separate(writer) && json_quote(writer->out, key) && builder_byte(writer->out, ':');
    writer->after_key = true;
    return done && (!writer->indent || builder_byte(writer->out, ' '));
}

bool json_write_raw(json_writer *writer, string_view json)
{
    return separate(writer) && builder_text(writer->out, json);
}

bool json_write_string(json_writer *writer, string_view text)
{
    return separate(writer) && json_quote(writer->out, text);
}

bool json_write_int64(json_writer *writer, int64_t value)
{
    char text[NUMBER_INT64_SIZE];

    return json_write_raw(writer, (string_view){text, number_print_int64(text, value)});
}

bool json_write_uint64(json_writer *writer, uint64_t value)
{
    char text[NUMBER_INT64_SIZE];

    return json_write_raw(writer, (string_view){text, number_print_uint64(text, value)});
}

bool json_write_double(json_writer *writer, double value)
{
    char text[NUMBER_DOUBLE_SIZE];

    if (value != value) return json_write_raw(writer, STRING_VIEW("NaN"));
    if (value - value != 0) return json_write_raw(writer, value > 0 ? STRING_VIEW("Infinity") : STRING_VIEW("-Infinity"));
    return json_write_raw(writer, (string_view){text, number_print_double(text, value)});
}

bool json_write_bool(json_writer *writer, bool value)
{
    return json_write_raw(writer, value ? STRING_VIEW("true") : STRING_VIEW("false"));
}

bool json_write_null(json_writer *writer)
{
    return json_write_raw(writer, STRING_VIEW("null"));
}
