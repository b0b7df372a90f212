/* Lists, structs and maps as bytes: what grouping, joining and sorting take for them.
 *
 * The bytes of two values are equal when GROUP BY takes the values as equal, memcmp orders them as ORDER BY ASC does, no value's bytes begin
 * another's, and the value can be read back. So a nested key is a text to the hash table and to the sort.
 *
 *   member of a list, array, struct:  01 value  |  02 (NULL, behind all values);  a list ends with 00
 *   number    big-endian, sign bit flipped, floats by total order (one NaN, no -0.0)
 *   text      its bytes, 00 as 01 01 and 01 as 01 02; then 00
 *   interval  its length with months of 30 days, then its three parts as they are */
#ifndef COLUMN_NESTED_KEY_H
#define COLUMN_NESTED_KEY_H

#include "column.h"

/* refs[i] = the bytes of row i, in `arena`; NULL rows: an empty text. The column may have any encoding. most: only the first so many bytes of a row are
 * wanted; 0: all. */
MUST_USE bp_status nested_keys_of(string_ref *refs, const column *in, size_t rows, size_t most, arena *arena, bp_error *err);
/* The reverse: a FLAT column of `type` from `rows` texts; rows whose bit in `validity` is off are NULL (NULL: none is). */
MUST_USE bp_status nested_keys_read(column *out, data_type type, const string_ref *refs, const uint64_t *validity, size_t rows,
                                    arena *arena, bp_error *err);

#endif
