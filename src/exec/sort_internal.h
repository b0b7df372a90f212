/* What the parts of SORT share: rows sorted in memory (sort_rows.c), and sorted runs merged (sort_merge.c). */
#ifndef EXEC_SORT_INTERNAL_H
#define EXEC_SORT_INTERNAL_H

#include "order_key.h"
#include "spill.h"

/* Rows in memory and the order of their numbers. The rows stay in the chunks that they came in. */
typedef struct sort_entry {
    uint64_t prefix;
    uint32_t row;
} sort_entry;

typedef struct sorted_rows {
    bp_context *context;
    const schema *schema;
    table *rows; /* owned */
    size_t row_count, chunk_count;
    size_t *starts;        /* chunk -> its first row; one more entry: the number of rows */
    uint32_t *block_chunks; /* rows are found by the chunk in which their block begins */
    column *flat;          /* chunk k's column c, FLAT: flat[k * schema->count + c] */
    const column **parts;  /* the same, a column's chunks side by side: parts[c * chunk_count + k] */
    arena arena;           /* of all these but `rows` */
    sort_layout layout;
    size_t piece_size; /* rows that are sorted at once; a power of two */
    char *keys; /* a key row each */
    size_t keys_size;
    uint64_t *differing; /* a key's width for each piece: the bits that are not the same in all its rows */
    uint32_t places[8];  /* of the prefix's bytes in a key row */
    size_t place_count;
    bool is_exact; /* the prefix says all */
    sort_entry *entries, *other;
} sorted_rows;

/* Sort the rows of `rows` (moved in, also on failure); ties stay in row order. */
MUST_USE bp_status sorted_rows_make(sorted_rows *out, bp_context *context, const schema *schema, const sort_spec *specs,
                                    size_t spec_count, table *rows, bp_error *err);
void sorted_rows_clear(sorted_rows *sorted); /* a zeroed one is fine */
/* Rows begin … begin + count - 1 of the order; texts still lie in the table. numbers[i]: which row of the table it is. */
MUST_USE bp_status sorted_rows_gather(const sorted_rows *sorted, size_t begin, size_t count, batch *out, uint32_t *numbers,
                                      arena *arena, bp_error *err);

/* Sorted runs: the rows' columns, and behind them their place in the input, a UHUGEINT, by which ties are broken; of rows of
 * the same place (but no sort makes such) those of the earlier run come first. */
typedef struct sort_merge sort_merge;
/* The pages of a run that is to be merged, and how many runs of pages of a size can be merged at once. */
#define SORT_PAGE_SIZE ((size_t)128 << 10)
size_t sort_merge_most(bp_context *context, size_t page_size);
/* The reverse: the pages with which so many runs can be merged. */
size_t sort_merge_page_size(bp_context *context, size_t runs);
/* The runs are borrowed; `schema` is without the place. */
MUST_USE bp_status sort_merge_new(sort_merge **out, bp_context *context, const schema *schema, const sort_spec *specs,
                                  size_t spec_count, spill_run **runs, size_t run_count, bp_error *err);
/* Before the first batch: of run `index` only pages [begin, end) are merged. */
void sort_merge_range(sort_merge *merge, size_t index, size_t begin, size_t end);
void sort_merge_free(sort_merge *merge);
/* Up to `most` rows, with the place as last column; valid until the next call; row_count 0: the end. */
MUST_USE bp_status sort_merge_next(sort_merge *merge, size_t most, batch *out, bp_error *err);
/* The merged rows without their places as a scan; the runs must outlive it. */
MUST_USE bp_status sort_merge_scan_new(scan **out, bp_context *context, const schema *schema, const sort_spec *specs,
                                       size_t spec_count, spill_run **runs, size_t run_count, bp_error *err);

#endif
