/* Stable sorting of row numbers by their keys, and merging of sorted runs. */
#ifndef COMPUTE_SORT_ROWS_H
#define COMPUTE_SORT_ROWS_H

#include "kernel.h"

/* Sort (keys[i], rows[i]) by key; pairs with equal keys keep their order. Scratch: `count` of each. The result is in keys and rows. */
void sort_numbers(uint64_t *keys, uint32_t *rows, uint64_t *key_scratch, uint32_t *row_scratch, size_t count);

/* Keys as bytes: row r's are keys[offsets[r] … offsets[r + 1]), or, with offsets NULL, the r-th `width` bytes. */
typedef struct sort_keys {
    const uint8_t *keys;
    const size_t *offsets;
    size_t width;
} sort_keys;
int sort_keys_compare(const sort_keys *keys, size_t left, size_t right);
/* The first 8 bytes as a number, shorter keys zero behind. */
uint64_t sort_keys_prefix(const sort_keys *keys, size_t row);

/* Sort row numbers by their keys, equal keys by their place in `rows`. Scratch: `count` of each. */
void sort_bytes(uint32_t *rows, const sort_keys *keys, uint64_t *prefixes, uint64_t *prefix_scratch, uint32_t *row_scratch,
                size_t count);

/* The k-way merge: a tree of losers over `run_count` runs. less(data, a, b): run a's present element goes before run b's; equal elements come
 * from the lower run first. A run that has ended is told by sort_merge_end(). */
typedef bool (*sort_merge_less)(const void *data, uint32_t left_run, uint32_t right_run);
typedef struct sort_merge {
    sort_merge_less less;
    const void *data;
    uint32_t *losers; /* run_count, the caller's; losers[0] is the winner */
    bool *ended; /* run_count, the caller's; true for runs that are empty from the start */
    uint32_t run_count;
} sort_merge;

/* With `less`, `data`, `losers`, `ended`, `run_count` (>= 1) set: find the first winner. */
void sort_merge_start(sort_merge *merge);
/* The run with the next element, or UINT32_MAX: all have ended. */
uint32_t sort_merge_winner(const sort_merge *merge);
/* The winner's run has moved to its next element, or (`ended`) has none left. */
void sort_merge_advance(sort_merge *merge, bool ended);

#endif
