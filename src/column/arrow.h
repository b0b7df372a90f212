/* Arrow C data and stream interface, in and out. Foreign structs are checked before anything is read through them: a malformed one is
 * BP_BAD_FORMAT, never a crash. Numbers, dates, timestamps, validity at offsets of whole words and strings' bytes are used in place. */
#ifndef COLUMN_ARROW_H
#define COLUMN_ARROW_H

#include "arrow_texts.h"
#include "base/cancel.h"
#include "batch.h"
#include "bedplate/arrow.h"
#include "table.h"

/* Types of a foreign schema (a struct type for tables). arrow.uuid and arrow.bool8 are UUID and BOOLEAN; other
 * extension types read as their storage type. */
MUST_USE bp_status arrow_import_schema(schema *out, arena *arena, const struct ArrowSchema *in, bp_error *err);

/* A batch over a foreign struct array of this schema: level-1 validated views whose owner is a new region that releases *in at its end
 * and holds the columns' types too. *in is moved from (release set to NULL), also on failure; the schema stays the caller's. */
MUST_USE bp_status arrow_import_array(batch *out, region **owner, memory *memory, const struct ArrowSchema *schema,
                                      struct ArrowArray *in, bp_error *err);
/* The same for one column of any type. */
MUST_USE bp_status arrow_import_column(column *out, region **owner, memory *memory, const struct ArrowSchema *schema,
                                       struct ArrowArray *in, bp_error *err);
/* An array that stands for a column of ours (FLAT), as the `dictionary` of arrays to be imported: many arrays then share a dictionary that was read once. The column's
 * memory must live until the array that has it is released. */
void arrow_array_of_column(struct ArrowArray *out, const column *column);
/* Read a whole stream into a table; the stream is moved from. `cancel` (may be NULL) is asked before each batch: a producer may never end. Batches of at least half a chunk are used in place, smaller ones are
 * gathered. */
MUST_USE bp_status arrow_import_stream(table **out, memory *memory, cancel *cancel, struct ArrowArrayStream *in, bp_error *err);

/* The exported structs own what they show: they hold a region or a copy, and a reference to `memory`. */
MUST_USE bp_status arrow_export_schema(struct ArrowSchema *out, memory *memory, const schema *schema, bp_error *err);
/* Columns with an owner are exported in place where the layouts agree (numbers, dates, bits), else copied. Strings leave as utf8,
 * since the schema is given before the rows: a batch with over 2 GiB of text is BP_LIMIT (arrow_export_table() halves such chunks).
 * HUGEINT and UHUGEINT leave as decimal128(38,0): a value of 39 digits is BP_OUT_OF_RANGE. */
MUST_USE bp_status arrow_export_batch(struct ArrowArray *out, memory *memory, const schema *schema, const batch *batch,
                                      bp_error *err);
/* The same for one batch of many: what was made of dictionaries is kept for the next. */
MUST_USE bp_status arrow_export_next(struct ArrowArray *out, memory *memory, const schema *schema, const batch *batch,
                                     arrow_kept *kept, bp_error *err);
/* Whether columns of this type are copied by an export wherever they lie, since the layouts differ. */
bool arrow_export_copies(data_type type);
/* A stream over a table's chunks; it retains the table. */
MUST_USE bp_status arrow_export_table(struct ArrowArrayStream *out, memory *memory, table *table, bp_error *err);

#endif
