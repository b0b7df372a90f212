/* Thrift's compact protocol, writing: what thrift.h reads.
 *
 *   thrift_put_struct(w, 5); thrift_put_int(w, 1, 7); thrift_put_text(w, 4, name); thrift_put_end(w);
 *
 * The document is itself a struct: it begins with thrift_writer_over() and ends with thrift_put_end(). Fields of a struct are put in rising order.
 * Failures are the builder's, looked at once in the end. */
#ifndef IO_THRIFT_WRITER_H
#define IO_THRIFT_WRITER_H

#include "thrift.h"

typedef struct thrift_writer {
    builder *out;
    uint8_t depth; /* structs begun, without the document */
    int32_t field; /* of the present struct, put last */
    int32_t outer[THRIFT_DEPTH];
} thrift_writer;

static inline thrift_writer thrift_writer_over(builder *out)
{
    return (thrift_writer){.out = out};
}

/* Fields. */
void thrift_put_int(thrift_writer *writer, int32_t field, int32_t value); /* I32 */
void thrift_put_long(thrift_writer *writer, int32_t field, int64_t value); /* I64 */
void thrift_put_short(thrift_writer *writer, int32_t field, int16_t value);
void thrift_put_byte(thrift_writer *writer, int32_t field, int8_t value);
void thrift_put_bool(thrift_writer *writer, int32_t field, bool value);
void thrift_put_text(thrift_writer *writer, int32_t field, string_view bytes);
/* A struct's fields follow, then thrift_put_end(). */
void thrift_put_struct(thrift_writer *writer, int32_t field);
void thrift_put_end(thrift_writer *writer);
/* `count` elements of a type (bool: THRIFT_TRUE) follow. */
void thrift_put_list(thrift_writer *writer, int32_t field, thrift_type element, size_t count);

/* Elements of a list. A struct's fields follow, then thrift_put_end(). */
void thrift_put_element_int(thrift_writer *writer, int64_t value);
void thrift_put_element_text(thrift_writer *writer, string_view bytes);
void thrift_put_element_bool(thrift_writer *writer, bool value);
void thrift_put_element_struct(thrift_writer *writer);

#endif
