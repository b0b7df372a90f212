/* Values as JSON. */
#ifndef SQL_FORMAT_JSON_H
#define SQL_FORMAT_JSON_H

#include "column/column.h"

/* Append a value: lists as arrays, structs and maps as objects, rows without names as arrays; numbers and truth as they are, everything else as text.
 * `scratch` is for texts in between. */
void json_put_value(builder *out, builder *scratch, const column *column, size_t row);

#endif
