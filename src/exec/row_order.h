/* The rows of a window's input, put in order: partition by partition, in each by the ORDER BY keys, ties by row.
 *
 *   key rows (order_key.h) --hash of the PARTITION BY bytes--> buckets of about BUCKET_ROWS rows
 *   each bucket: stable radix sort by the bytes that differ in it, 8 at a time; texts that go on behind their bytes by comparing
 *   neighbours --> where partitions and peer groups begin
 *
 * Buckets depend on the rows alone and are sorted in parallel; in which order partitions stand nobody sees, since results go back to the rows' places. */
#ifndef EXEC_ROW_ORDER_H
#define EXEC_ROW_ORDER_H

#include "exec.h"

enum { ROW_BEGINS_PARTITION = 1, ROW_BEGINS_PEERS = 2 }; /* the first row of a partition has both */

typedef struct row_order {
    memory *memory;
    size_t row_count;
    uint32_t *rows;  /* place -> row */
    uint8_t *begins; /* place -> bits above */
} row_order;

/* The first equal_count of the specs are PARTITION BY keys. `all` has FLAT columns. */
MUST_USE bp_status row_order_init(row_order *out, bp_context *context, const schema *schema, const batch *all,
                                  const sort_spec *specs, size_t equal_count, size_t count, bp_error *err);
void row_order_clear(row_order *order);

#endif
