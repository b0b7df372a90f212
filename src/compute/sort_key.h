/* Sort keys: values as bytes whose order under memcmp() is ORDER BY's, and as 64-bit numbers.
 *
 *   a column's part of a key   one byte: NULL or not, lower first; then nothing (NULL of a text), zeros (other NULL) or the value:
 *   number      big-endian, sign flipped; floats so that NaN is greatest and the zeros are one
 *   text        its bytes with 00 as 00 FF, then 00 00: a prefix sorts first
 *   interval    its microseconds at 30 days a month, 128 bits
 * Descending turns every byte of the value over, not the NULL byte. A key of several columns is their parts one behind the other. */
#ifndef COMPUTE_SORT_KEY_H
#define COMPUTE_SORT_KEY_H

#include "kernel.h"

typedef struct sort_order {
    bool descending;
    bool nulls_first;
} sort_order;

/* BIT, integers, floats, strings, intervals. */
bool sort_key_has_kernel(physical_type type);
/* Bytes of a part; 0: it varies (text). */
size_t sort_key_width(physical_type type);

/* sizes[i] += bytes of row i's part. */
void sort_key_sizes(size_t *sizes, physical_type type, const void *values, bool constant, const uint64_t *validity, size_t rows);
/* Write row i's part at keys + positions[i] and move positions[i] behind it. */
void sort_key_append(uint8_t *keys, size_t *positions, physical_type type, const void *values, bool constant,
                     const uint64_t *validity, sort_order order, size_t rows);

/* Row i as a number that sorts alike. False: not alone, equal numbers may be different values (text, 128 bits, intervals: the number is of
 * the first 8 bytes; 64-bit values next to NULLs). */
bool sort_key_numbers(uint64_t *out, physical_type type, const void *values, bool constant, const uint64_t *validity,
                      sort_order order, size_t rows);

#endif
