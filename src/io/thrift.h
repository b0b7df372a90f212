/* Thrift's compact protocol, reading: what Parquet's footers, page headers and indexes are written in.
 *
 *   thrift_begin(t);                            of a struct: of the document, of a field, of a list's element
 *   while (thrift_next(t)) switch (t->field) {
 *   case 1: rows = thrift_integer(t); break;    each field is read by one call …
 *   default: thrift_skip(t);                    … or passed over
 *   }
 *
 * A failure (bytes end, a type that is not what was asked for, nesting too deep) is remembered in `bad`: from there on every read gives
 * 0 or nothing and thrift_next() gives false, so a caller looks once at the end. Nothing here allocates or recurses. */
#ifndef IO_THRIFT_H
#define IO_THRIFT_H

#include "base/bytes.h"

#define THRIFT_DEPTH 32 /* structs within structs; Parquet nests 6 */

typedef enum thrift_type {
    THRIFT_STOP,
    THRIFT_TRUE,
    THRIFT_FALSE,
    THRIFT_BYTE,
    THRIFT_I16,
    THRIFT_I32,
    THRIFT_I64,
    THRIFT_DOUBLE,
    THRIFT_BINARY,
    THRIFT_LIST,
    THRIFT_SET,
    THRIFT_MAP,
    THRIFT_STRUCT,
    THRIFT_UUID
} thrift_type;

typedef struct thrift {
    cursor bytes;
    int32_t field; /* of the present struct; -1 in a struct without fields read yet */
    uint8_t type;  /* thrift_type of the present field or element */
    bool bad;
    uint8_t depth;
    int32_t outer[THRIFT_DEPTH]; /* fields of the structs around */
} thrift;

static inline thrift thrift_over(const void *data, size_t size)
{
    return (thrift){.bytes = cursor_over(data, size), .field = 0, .type = THRIFT_STRUCT};
}

void thrift_begin(thrift *thrift);
/* The next field of the struct begun last; false: it is over, and the struct around it goes on. */
bool thrift_next(thrift *thrift);
/* The present field's value. */
int64_t thrift_integer(thrift *thrift); /* of 8 … 64 bits */
bool thrift_bool(thrift *thrift);
bool thrift_bool_element(thrift *thrift); /* of a list: a byte of its own */
string_view thrift_binary(thrift *thrift); /* within the bytes read */
/* The number of elements of a list of `element` (bool: THRIFT_TRUE), at most as many as bytes are left; read each as a field. */
size_t thrift_list(thrift *thrift, thrift_type element);
void thrift_skip(thrift *thrift);

#endif
