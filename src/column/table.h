/* A table in memory: chunks of columns with a reference count. Chunks are immutable once appended, so readers need no lock; what CREATE
 * TABLE, DataFrames, results of materialising operators and registered Arrow data are held in. */
#ifndef COLUMN_TABLE_H
#define COLUMN_TABLE_H

#include "batch.h"

#define TABLE_CHUNK_ROWS 65536 /* what appending aims at; fewer where there are over 64 columns */

typedef struct table table;

MUST_USE bp_status table_new(table **out, memory *memory, const schema *schema, bp_error *err);
table *table_retain(table *table);
void table_release(table *table);
const schema *table_schema(const table *table);
size_t table_row_count(const table *table);
size_t table_chunk_count(const table *table);
/* The chunk's columns; valid as long as the table. Chunks have 1 … 2^31-1 rows. */
const batch *table_chunk(const table *table, size_t index);

/* Append a copy of the batch's rows (columns with an owner are kept by reference when the batch is larger than what operators pass on). Rows gather
 * in a chunk under construction until it has TABLE_CHUNK_ROWS. One thread. */
MUST_USE bp_status table_append(table *table, const batch *batch, bp_error *err);
/* For rows that are soon done with: before the first append. Batches that go on in memory where the last one ended, as those of a scan of a table do, are kept
 * by reference, however small. What they are kept in lives as long as this table, with columns that are not in it. */
MUST_USE bp_status table_share_runs(table *table, bp_error *err);
/* Close the chunk under construction: from here on it shows in table_chunk(). */
MUST_USE bp_status table_finish(table *table, bp_error *err);
/* Move all chunks of `other` (finished) behind those of `into`; `other` is left empty. */
MUST_USE bp_status table_concatenate(table *into, table *other, bp_error *err);

/* A new table of the rows of `old`, then of `more` (both finished, of the same types). Chunks are shared; small ones at the end are written
 * together, so that many small appends cost no more than a constant factor in all. Readers of `old` see no change. */
MUST_USE bp_status table_extended(table **out, const table *old, const table *more, bp_error *err);

#endif
