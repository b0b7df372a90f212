#include "thrift_writer.h"

static void put_varint(builder *out, uint64_t value)
{
    char bytes[10];
    size_t size = 0;

    for (; value >= 0x80; value >>= 7) bytes[size++] = (char)(value | 0x80);
    bytes[size++] = (char)value;
    builder_append(out, bytes, size);
}

static void put_zigzag(builder *out, int64_t value)
{
    put_varint(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static void put_header(thrift_writer *writer, int32_t field, thrift_type type)
{
    int32_t step = field - writer->field;

    CHECK(step > 0);
    if (step <= 15) {
        builder_byte(writer->out, (char)(step << 4 | (int32_t)type));
    } else {
        builder_byte(writer->out, (char)type);
        put_zigzag(writer->out, field);
    }
    writer->field = field;
}

void thrift_put_int(thrift_writer *writer, int32_t field, int32_t value)
{
    put_header(writer, field, THRIFT_I32);
    put_zigzag(writer->out, value);
}

void thrift_put_long(thrift_writer *writer, int32_t field, int64_t value)
{
    put_header(writer, field, THRIFT_I64);
    put_zigzag(writer->out, value);
}

void thrift_put_short(thrift_writer *writer, int32_t field, int16_t value)
{
    put_header(writer, field, THRIFT_I16);
    put_zigzag(writer->out, value);
}

void thrift_put_byte(thrift_writer *writer, int32_t field, int8_t value)
{
    put_header(writer, field, THRIFT_BYTE);
    builder_byte(writer->out, (char)value);
}

void thrift_put_bool(thrift_writer *writer, int32_t field, bool value)
{
    put_header(writer, field, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_put_text(thrift_writer *writer, int32_t field, string_view bytes)
{
    put_header(writer, field, THRIFT_BINARY);
    thrift_put_element_text(writer, bytes);
}

void thrift_put_struct(thrift_writer *writer, int32_t field)
{
    put_header(writer, field, THRIFT_STRUCT);
    thrift_put_element_struct(writer);
}

void thrift_put_end(thrift_writer *writer)
{
    builder_byte(writer->out, THRIFT_STOP);
    writer->field = writer->depth ? writer->outer[--writer->depth] : 0;
}

void thrift_put_list(thrift_writer *writer, int32_t field, thrift_type element, size_t count)
{
    put_header(writer, field, THRIFT_LIST);
    if (count < 15) {
        builder_byte(writer->out, (char)(count << 4 | (size_t)element));
        return;
    }
    builder_byte(writer->out, (char)(0xf0 | (int)element));
    put_varint(writer->out, count);
}

void thrift_put_element_int(thrift_writer *writer, int64_t value)
{
    put_zigzag(writer->out, value);
}

void thrift_put_element_text(thrift_writer *writer, string_view bytes)
{
    put_varint(writer->out, bytes.size);
    builder_append(writer->out, bytes.data, bytes.size);
}

void thrift_put_element_bool(thrift_writer *writer, bool value)
{
    builder_byte(writer->out, value ? 1 : 2);
}

void thrift_put_element_struct(thrift_writer *writer)
{
    CHECK(writer->depth < THRIFT_DEPTH);
    writer->outer[writer->depth++] = writer->field;
    writer->field = 0;
}
