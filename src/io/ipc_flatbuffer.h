/* Flatbuffers, as far as Arrow's metadata need them: tables whose fields have numbers, vectors and texts, all by offsets within one block of bytes.
 *
 *   root:  uint32 offset of a table
 *   table: int32 back to its vtable, fields;  vtable: uint16 its size, uint16 the table's, then the place of each field in the table, 0: default
 *   vector: uint32 count, elements;  text: a vector of bytes with a NUL behind
 *   a table, vector or text as a field or element: uint32 forward from where it stands
 *
 * Reading trusts nothing: each access is checked, and what does not lie within the bytes marks them `broken` and reads as the default, so that a
 * reader may go on and look at the mark once. Writing goes forward: a table first, with its offsets 0, then what they point to. */
#ifndef IO_IPC_FLATBUFFER_H
#define IO_IPC_FLATBUFFER_H

#include "base/bytes.h"

typedef struct flat_bytes {
    const uint8_t *data;
    size_t size;
    bool broken;
} flat_bytes;

typedef struct flat_table {
    flat_bytes *bytes;
    size_t at; /* 0: there is none; every field has its default */
    size_t vtable;
    size_t slots;
} flat_table;

typedef struct flat_vector {
    flat_bytes *bytes;
    size_t at; /* of element 0 */
    size_t count;
} flat_vector;

flat_table flat_root(flat_bytes *bytes);
/* Scalars of 1, 2, 4 or 8 bytes. */
int64_t flat_integer(const flat_table *table, unsigned slot, unsigned width, int64_t fallback);
flat_table flat_child(const flat_table *table, unsigned slot);
string_view flat_text(const flat_table *table, unsigned slot);
/* `width` is that of an element: 4 for offsets. */
flat_vector flat_elements(const flat_table *table, unsigned slot, size_t width);
flat_table flat_element_table(const flat_vector *vector, size_t index);
/* An int64 `offset` bytes behind the beginning of element `index`, which is within the vector. */
int64_t flat_element_integer(const flat_vector *vector, size_t index, size_t width, size_t offset, unsigned bytes);

/* Writing: positions count from the beginning of the builder, which is that of the flatbuffer. Failures are the builder's. */
typedef struct flat_field {
    unsigned slot;
    unsigned width; /* 1, 2, 4, 8; 0: an offset, set by flat_link() */
    int64_t value;
} flat_field;

void flat_write_root(builder *out);
/* Fields in rising order of slots. */
size_t flat_write_table(builder *out, const flat_field *fields, size_t count);
/* `count` zeroed elements of `width` bytes, aligned to 8 when that is a multiple of 8. The position is that of the count. */
size_t flat_write_vector(builder *out, size_t count, size_t width);
size_t flat_write_text(builder *out, string_view text);
/* The table's offset at `slot`, element `index` of a vector of offsets, and the root come to point to `target`. */
void flat_link(builder *out, size_t table, unsigned slot, size_t target);
void flat_link_element(builder *out, size_t vector, size_t index, size_t target);
void flat_link_root(builder *out, size_t target);
/* Overwrite `bytes` bytes at `offset` of element `index`. */
void flat_put_element(builder *out, size_t vector, size_t index, size_t width, size_t offset, unsigned bytes, int64_t value);

#endif
