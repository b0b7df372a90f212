/* A running scan of CSV files; see csv_scan.c. */
#ifndef IO_CSV_SCAN_H
#define IO_CSV_SCAN_H

#include "io/csv_internal.h"

/* A file while its blocks are read: the scan holds one reference while it hands out blocks, each worker one while it loads. */
typedef struct csv_open_file {
    csv_input input;
    size_t number;
    uint64_t block_count;           /* plain files */
    uint64_t next_block;            /* under the scan's lock */
    _Atomic uint64_t
        *row_starts;   /* plain files: 1 + where the first row of block i begins; 0: not known yet; block_count + 1 of them */
    uint64_t position;              /* streams: of the carried text, in the file's text */
    atomic_size_t references;
} csv_open_file;

typedef struct csv_scan {
    scan base;
    csv_source *source;
    size_t *columns;                /* what is asked for, then columns that only filters need */
    size_t column_count, parsed_count;
    scan_filter *filters;
    size_t filter_count;
    size_t *filter_places;          /* filter i is on columns[filter_places[i]] */
    size_t batch_size, block_size;
    bool text_wanted;               /* some VARCHAR is parsed: blocks are checked for UTF-8 */
    bool settling;
    uint64_t total_bytes;
    _Atomic uint64_t done_bytes;
    atomic_bool failed;
    atomic_bool uncountable;        /* a block could not be counted without its rows: the others are not tried (csv_count.c) */
    mutex lock;
    csv_open_file *current;
    size_t next_file;
    uint64_t next_morsel;
    size_t busy;                    /* morsels in work: at most one when parallel is off */
    csv_window carry;               /* streams: text behind the last whole row */
} csv_scan;

typedef struct csv_worker {
    csv_scan *scan;
    csv_window window;
    csv_rows rows;
    size_t file;
    uint64_t offset;                /* of the window's text in the file's text */
    size_t row;                     /* next one of rows */
    size_t bad;                     /* next one of rows.bad */
    bool check_utf8;                /* the block has bytes that are not UTF-8 */
    bool claimed;
    csv_column *parsed;             /* as in the source; settling widens them */
    column *columns;                /* parsed_count, then those of the batch */
    region *region;
    csv_heap heap;
    size_t heap_estimate;           /* bytes of text a batch needs beside its values: what earlier ones needed */
    uint32_t *selection;
    csv_numbers selected_slots;
} csv_worker;

/* The block's text and rows into the worker (csv_block.c). */
MUST_USE bp_status csv_block_claim(csv_scan *scan, csv_worker *worker, uint64_t *morsel, bool *end, bp_error *err);
void csv_open_file_release(csv_scan *scan, csv_open_file *file);
/* Where the block's first row begins if what the window's first bytes look like is true. */
size_t csv_guess_row_start(const csv_window *window, const csv_dialect *dialect);
/* Wait for the block before. *start is 0 when another worker has failed. */
MUST_USE bp_status csv_wait_for_start(csv_scan *scan, csv_open_file *file, uint64_t block, uint64_t *start, bp_error *err);
/* The number of rows of a block of a plain file that ends at `end`, when no column is wanted (csv_count.c); *counted false: it must be loaded. */
MUST_USE bp_status csv_block_count(csv_scan *scan, csv_worker *worker, csv_open_file *file, uint64_t block, uint64_t end,
                                   bool *counted, bp_error *err);
/* The next batch of the worker's rows (csv_batch.c). */
MUST_USE bp_status csv_batch_next(csv_scan *scan, csv_worker *worker, batch *out, bp_error *err);
#endif
