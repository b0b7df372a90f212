/* A batch as one block of bytes, which can be written to a file, read back at another address, and used where it lies: the layout of pages in memory and
 * on disk.
 *
 *   header   base, size, rows, columns
 *   columns  one behind the other, each: a head (length, encoding, offsets, where it ends), validity words, values, bytes of texts, children likewise
 *
 * Everything is found by its offset from the block's first byte, but for one kind of value: a text of over 12 bytes has its address in its string_ref, as
 * columns want it. So the header says for which address of the block (`base`) those are right: 0 as written, and opening a block that lies elsewhere moves
 * each of them by the difference. A block may therefore be opened, written as it is, read and opened again.
 *
 * Dictionaries stay when they are no longer than the rows (each row of a shared one would bring all of it along), constants stay constants; what lists
 * refer to is packed. Types are not in the bytes: who opens a block knows its schema. */
#ifndef COLUMN_BATCH_BYTES_H
#define COLUMN_BATCH_BYTES_H

#include "batch.h"

#define BATCH_BYTES_ALIGNMENT 16 /* of a block, and of what is in it */

/* Write the batch into an empty builder. BP_LIMIT: over the builder's limit. */
MUST_USE bp_status batch_bytes_write(builder *out, const batch *in, bp_error *err);

/* About how many bytes that will be, for deciding how many rows make a page: what texts share is counted each time. */
size_t batch_bytes_size(const batch *in);

/* The columns of a block; they lie in it, and the array in `arena`. BP_BAD_FORMAT: the block does not fit the types. Codes and entries of lists are not
 * looked at: bytes from outside carry a check sum. */
MUST_USE bp_status batch_bytes_open(batch *out, void *block, size_t size, const data_type *types, size_t column_count, arena *arena,
                                    bp_error *err);

#endif
