/* Working beyond memory: rows in temporary files.
 *
 *   spill_file        one nameless file of an operator; pages are appended by several threads at once
 *   spill_run         a sequence of batches in it: append … finish, then read by any number of readers
 *   spill_partitions  runs by the high bits of a hash, written side by side
 *   spill_pressure()  whether an operator should write what it holds
 *
 * A page is a block of column/batch_bytes, packed by io/page_codec, with a check sum. Its directory entry stays in memory (64 bytes a page of a quarter of a
 * megabyte: 100 GB of pages need 25 MB).
 *
 * Results must never depend on whether or when something was spilled. So a run keeps its rows in an order that the data give: each page belongs to an
 * `order` (a morsel's number, a chunk's) that the writer announces, and finishing puts pages into rising order and, within one, as they were written. Runs
 * of several workers, each order being one worker's, are joined by moving their directories. */
#ifndef EXEC_SPILL_H
#define EXEC_SPILL_H

#include "base/context.h"
#include "column/batch.h"

/* Whether an operator that still needs `planned` bytes beside what it holds should spill instead: when they and a reserve for others (a quarter of the
 * limit, at most 256 MiB) are not to be had. Setting `spill`: "always" says yes, "never" no. An operator asks it between batches, so several that hold rows
 * at once share what there is: whoever asks next gives way. */
bool spill_pressure(bp_context *context, size_t planned);
/* The pages that fit `runs` runs being written at once: SPILL_PAGE_MOST, or less when memory is scarce. */
#define SPILL_PAGE_MOST ((size_t)256 << 10)
#define SPILL_PAGE_LEAST ((size_t)8 << 10)
size_t spill_page_size(bp_context *context, size_t runs);

/* The file ------------------------------------------------------------------------------------------------------------------------------ */
typedef struct spill_file spill_file;
/* Open it, and make what a first page needs. BP_IO_ERROR names temp_directory. Thread-safe from then on. */
MUST_USE bp_status spill_file_new(spill_file **out, bp_context *context, bp_error *err);
void spill_file_free(spill_file *file); /* after its runs and readers; NULL is fine */
uint64_t spill_file_size(const spill_file *file); /* bytes written; NULL: none */

/* Runs ---------------------------------------------------------------------------------------------------------------------------------- */
typedef struct spill_run spill_run;
/* Rows of these types, which the run borrows, in pages of about page_size bytes (a row may be larger). */
MUST_USE bp_status spill_run_new(spill_run **out, spill_file *file, const data_type *types, size_t column_count, size_t page_size,
                                 bp_error *err);
void spill_run_free(spill_run *run); /* NULL is fine */
/* One thread at a time. Rows gather in a buffer until they make a page. */
MUST_USE bp_status spill_run_append(spill_run *run, const batch *rows, bp_error *err);
/* What is appended from here on is of that order (0 at first); the page under construction ends when it was of another. */
MUST_USE bp_status spill_run_order(spill_run *run, uint64_t order, bp_error *err);
/* The last page is written, the buffer freed, pages stand in order. Appending may go on afterwards, with another finish. */
MUST_USE bp_status spill_run_finish(spill_run *run, bp_error *err);
/* The pages of `from` (finished, of the same file and types) go to `into`, which is to be finished after the last of them; `from` is empty then. */
MUST_USE bp_status spill_run_join(spill_run *into, spill_run *from, bp_error *err);
uint64_t spill_run_rows(const spill_run *run);
size_t spill_run_bytes(const spill_run *run); /* of its pages in memory: what it needs to be read whole */
size_t spill_run_pages(const spill_run *run);
size_t spill_run_page_rows(const spill_run *run, size_t page);
memory *spill_run_memory(const spill_run *run);
uint64_t spill_run_page_order(const spill_run *run, size_t page);

/* Reading: of finished runs, from several threads. ---------------------------------------------------------------------------------------- */
/* One page in memory; zeroed: empty. */
typedef struct spill_page {
    batch rows; /* valid until the next read or clear */
    memory *memory;
    char *bytes;
    size_t size, capacity;
    arena arena; /* of the columns' heads */
} spill_page;
/* The system is told to read the page behind it ahead. */
MUST_USE bp_status spill_page_read(spill_page *page, spill_run *run, size_t index, bp_error *err);
void spill_page_clear(spill_page *page);

/* The batches of pages [begin, end), one after the other. */
typedef struct spill_reader {
    spill_run *run;
    size_t next, end;
    spill_page page;
} spill_reader;
void spill_reader_init(spill_reader *reader, spill_run *run, size_t begin_page, size_t end_page);
void spill_reader_clear(spill_reader *reader); /* a zeroed one is fine */
/* The next batch, valid until the next call; row_count 0: the end. */
MUST_USE bp_status spill_reader_next(spill_reader *reader, batch *out, bp_error *err);

/* Partitions ---------------------------------------------------------------------------------------------------------------------------- */
/* 2^bits runs of one writer (each worker has its own, and they are joined in the end): a row goes to the one that the `bits` bits of its hash from `shift`
 * down say, i.e. hash >> (shift - bits) & (2^bits - 1), shift 64 being the highest; a partition that is still too large is parted again by shift - bits. */
typedef struct spill_partitions {
    bp_context *context;
    unsigned bits, shift;
    spill_run **runs; /* 2^bits */
    uint32_t *counts; /* of the batch's rows in each, then where its rows begin */
} spill_partitions;
#define SPILL_PARTITION_BITS_MOST 10
MUST_USE bp_status spill_partitions_init(spill_partitions *out, spill_file *file, const data_type *types, size_t column_count,
                                         unsigned bits, unsigned shift, size_t page_size, bp_error *err);
void spill_partitions_clear(spill_partitions *partitions); /* a zeroed one is fine */
/* Up to 65,536 rows with their hashes; within a partition rows keep their order. */
MUST_USE bp_status spill_partitions_append(spill_partitions *partitions, const batch *rows, const uint64_t *hashes, bp_error *err);
MUST_USE bp_status spill_partitions_order(spill_partitions *partitions, uint64_t order, bp_error *err);
MUST_USE bp_status spill_partitions_finish(spill_partitions *partitions, bp_error *err);
/* Each run of `from` (finished) to that of `into`, which is to be finished after the last of them. */
MUST_USE bp_status spill_partitions_join(spill_partitions *into, spill_partitions *from, bp_error *err);

#endif
