/* A column: `length` values of one type. The engines meet here.
 *
 *   encoding FLAT        values[row], validity bit `row`
 *            CONSTANT    values[0], validity bit 0, for every row (literals; length may be anything). STRUCT and ARRAY: row 0 of the
 *                        children; a NULL may have no children at all (column_nulls())
 *            DICTIONARY  values are uint32_t codes into children[0] (a FLAT column of the same type); validity is of the codes
 *
 *   children may have any encoding, but for a dictionary, which is FLAT and has no NULL that a valid code points to.
 *
 *   validity NULL: no row is NULL; else words of 64 rows, bit set = there is a value. Values under a NULL are unspecified but readable
 *            (integers: any; string_ref: size 0 or valid bytes; list_entry: within the child; codes: within the dictionary).
 *   bits past `length` in the last word of validity and of BIT values are unspecified.
 *
 * Ownership: a column is a view. Its memory belongs to whoever produced it (an arena, a table, a scan) and in a pipeline stays valid
 * until that producer is called again. When `owner` is set, whoever wants to keep the column may region_retain() it instead of
 * copying: as long as the region lives, everything that the column reaches lives. */
#ifndef COLUMN_COLUMN_H
#define COLUMN_COLUMN_H

#include "region.h"
#include "type.h"

typedef enum column_encoding { COLUMN_FLAT, COLUMN_CONSTANT, COLUMN_DICTIONARY } column_encoding;

typedef struct column {
    data_type type;
    uint8_t encoding; /* column_encoding */
    size_t length;
    const uint64_t *validity;
    const void *values;
    const struct column *children; /* LIST, ARRAY, MAP: 1; STRUCT: one a field; DICTIONARY: the dictionary */
    size_t child_count;
    region *owner; /* borrowed; NULL: must be copied to be kept */
} column;

/* bitmaps: words of 64 rows ---------------------------------------------------------------------------------------------------- */
static inline size_t bitmap_words(size_t rows)
{
    return (rows + 63) / 64;
}
static inline bool bitmap_get(const uint64_t *bitmap, size_t row)
{
    return (bitmap[row / 64] >> (row % 64)) & 1;
}
static inline void bitmap_set(uint64_t *bitmap, size_t row)
{
    bitmap[row / 64] |= (uint64_t)1 << (row % 64);
}
static inline void bitmap_unset(uint64_t *bitmap, size_t row)
{
    bitmap[row / 64] &= ~((uint64_t)1 << (row % 64));
}
static inline void bitmap_put(uint64_t *bitmap, size_t row, bool bit)
{
    uint64_t mask = (uint64_t)1 << (row % 64);
    bitmap[row / 64] = (bitmap[row / 64] & ~mask) | (bit ? mask : 0);
}
/* Set bits among the first `rows`. */
size_t bitmap_count(const uint64_t *bitmap, size_t rows);
/* out[0..rows) = bits [offset, offset+rows) of `in`, whose words are given byte-wise as Arrow has them. */
void bitmap_copy(uint64_t *out, const uint8_t *in, size_t offset, size_t rows);
void bitmap_fill(uint64_t *bitmap, size_t rows, bool bit);
/* out = left AND right over `rows`; either may be NULL (all set), not both. */
void bitmap_and(uint64_t *out, const uint64_t *left, const uint64_t *right, size_t rows);

/* Bits [at, at + rows) of `out` = the first `rows` bits of `in` (NULL: ones). Bits around them stay. */
void bitmap_write(uint64_t *out, size_t at, const uint64_t *in, size_t rows);

/* columns ---------------------------------------------------------------------------------------------------------------------- */
static inline bool column_is_null(const column *column, size_t row)
{
    if (column->type.id == TYPE_NULL) return true;
    return column->validity && !bitmap_get(column->validity, column->encoding == COLUMN_CONSTANT ? 0 : row);
}

size_t column_null_count(const column *column);
/* Rows [begin, begin + rows) as a view. Bits are copied into `arena` when begin is not a multiple of 64. */
MUST_USE bp_status column_slice(column *out, const column *in, size_t begin, size_t rows, arena *arena, bp_error *err);
/* A FLAT column of the same values in `arena` (or *in itself, when it is flat already). */
MUST_USE bp_status column_flatten(column *out, const column *in, arena *arena, bp_error *err);
/* The rows selection[0..count) in that order, in `arena`; strings and list elements are shared with `in`, not copied. */
MUST_USE bp_status column_gather(column *out, const column *in, const uint32_t *selection, size_t count, arena *arena,
                                 bp_error *err);
/* A deep copy, FLAT, that shares nothing with `in`: strings compact, nested too. */
MUST_USE bp_status column_copy(column *out, const column *in, arena *arena, bp_error *err);
/* `rows` NULLs (CONSTANT). Static memory only. */
column column_nulls(data_type type, size_t rows);
/* Values equal in the sense of GROUP BY (NULL = NULL, NaN = NaN, -0.0 = 0.0). Columns of the same type. For tests and small use. */
bool column_value_equal(const column *left, size_t left_row, const column *right, size_t right_row);
/* Order of two values as ORDER BY ASC NULLS LAST has it: -1, 0, 1. */
int column_value_compare(const column *left, size_t left_row, const column *right, size_t right_row);

/* Level 0: lengths and pointers fit each other; level 1: offsets, codes and UTF-8 are right as well. What a scan of foreign data owes. */
MUST_USE bp_status column_validate(const column *column, int level, bp_error *err);

/* One value as text, as CSV output and CAST to VARCHAR print it; NULL prints nothing and returns true. */
bool column_print_value(builder *out, const column *column, size_t row);

#endif
