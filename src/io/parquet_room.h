/* The region that columns of a batch lie in, used again by the next batch unless a consumer has kept it, and what it points into. */
#ifndef IO_PARQUET_ROOM_H
#define IO_PARQUET_ROOM_H

#include "parquet_internal.h"

typedef struct batch_room {
    memory *memory;
    region *region;
    struct region **used; /* what the batch points into; `region` holds them */
    size_t used_count, used_capacity;
    size_t batch_bytes;
} batch_room;

void batch_room_clear(batch_room *room);
/* An empty region for the next batch, of one block as large as the last batch was. */
MUST_USE bp_status batch_room_ready(batch_room *room, bp_error *err);
/* Note a region that the batch points into; `data` is the room (see parquet_target). */
MUST_USE bool batch_room_use(void *data, region *region);

/* Columns that no file holds. A constant text: */
MUST_USE bp_status batch_room_text(batch_room *room, string_view text, size_t rows, column *out, bp_error *err);
/* Row 0 of `value`, a number, a date or NULL: */
MUST_USE bp_status batch_room_number(batch_room *room, const column *value, size_t rows, column *out, bp_error *err);
/* first, first + 1 …: */
MUST_USE bp_status batch_room_row_numbers(batch_room *room, uint64_t first, size_t rows, column *out, bp_error *err);

#endif
