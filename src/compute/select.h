/* Selections and masks.
 *
 *   mask        a bitmap of the rows that stay
 *   selection   their numbers, rising: uint32_t indices and a count
 *
 * Widths are 1, 2, 4, 8 or 16 bytes. "Room" says how far a kernel may write. */
#ifndef COMPUTE_SELECT_H
#define COMPUTE_SELECT_H

#include "kernel.h"

/* Elements of room for the output of select_rows() and select_compact(): rows rounded up to a word. */
static inline size_t select_room(size_t rows)
{
    return (rows + 63) & ~(size_t)63;
}

/* Rows that are true (bits NULL: all; validity NULL: no NULLs) as a selection; returns the count. Room: select_room(rows). */
size_t select_rows(uint32_t *out, const uint64_t *bits, const uint64_t *validity, size_t rows);
/* The values of the mask's rows, side by side; returns their count. Room: select_room(rows) values; out may be in when it has that room. */
size_t select_compact(void *out, const void *in, size_t width, const uint64_t *mask, size_t rows);
size_t select_compact_bits(uint64_t *out, const uint64_t *in, const uint64_t *mask,
                           size_t rows); /* room: bitmap_words(rows); out may be in */

/* out[i] = in[rows[i]] */
void select_gather(void *out, const void *in, size_t width, const uint32_t *rows, size_t count);
void select_gather_bits(uint64_t *out, const uint64_t *in, const uint32_t *rows, size_t count);
/* out[rows[i]] = in[i]; other rows stay. */
void select_scatter(void *out, const void *in, size_t width, const uint32_t *rows, size_t count);
void select_scatter_bits(uint64_t *out, const uint64_t *in, const uint32_t *rows, size_t count);

/* Those entries of a selection whose row has its bit set (in a bitmap over the rows); returns the count; out may be the selection. Room: count. */
size_t select_filter(uint32_t *out, const uint32_t *selection, size_t count, const uint64_t *bits, const uint64_t *validity);
/* Both, and either, of two selections. Room: the smaller count, the sum. Not in place. */
size_t select_intersect(uint32_t *out, const uint32_t *left, size_t left_count, const uint32_t *right, size_t right_count);
size_t select_union(uint32_t *out, const uint32_t *left, size_t left_count, const uint32_t *right, size_t right_count);
/* The selection as a mask over `rows` rows. */
void select_mask(uint64_t *out, const uint32_t *selection, size_t count, size_t rows);

#endif
