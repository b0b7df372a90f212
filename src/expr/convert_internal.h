/* What the files of the casts share. A cast kernel fills `out` for all rows (those under a NULL too, with anything) and reports the rows
 * that cannot be converted in `bad`; convert.c turns those into NULLs (TRY_CAST) or into an error about the first of them. */
#ifndef EXPR_CONVERT_INTERNAL_H
#define EXPR_CONVERT_INTERNAL_H

#include "expr_internal.h"
#include "text_room.h"

typedef struct conversion {
    bp_context *context;
    arena *arena;
    const column *in; /* FLAT */
    data_type to;
    size_t rows;
    void *values; /* of the result: zeroed, wide enough */
    uint64_t *bad; /* zeroed: bit set: cannot be converted */
    bool any_bad;
    bool overflow; /* the value was of the right kind but too large: for the message */
} conversion;

typedef bp_status (*conversion_kernel)(conversion *work, bp_error *err);

static inline bool conversion_skips(const conversion *work, size_t row)
{
    return work->in->validity && !bitmap_get(work->in->validity, row);
}
static inline void conversion_bad(conversion *work, size_t row)
{
    bitmap_set(work->bad, row);
    work->any_bad = true;
}

bp_status convert_numbers(conversion *work, bp_error *err); /* BOOLEAN, integers, floats, decimals among each other */
bp_status convert_from_text(conversion *work, bp_error *err); /* VARCHAR to all scalar types */
bp_status convert_to_instants(conversion *work, bp_error *err); /* VARCHAR to TIMESTAMP WITH TIME ZONE: offsets and zones count */
/* A timestamp in another unit, rounded to the nearest, halves away from zero; false: it does not fit. */
bool convert_stamp(int64_t value, time_unit from, time_unit to, int64_t *out);
bp_status convert_to_text(conversion *work, bp_error *err); /* all types to VARCHAR */
bp_status convert_times(conversion *work, bp_error *err); /* dates, times, timestamps, durations, intervals */

/* Text to LIST, ARRAY, STRUCT, MAP; `in` is FLAT. */
bp_status convert_text_to_nested(column *out, const column *in, data_type to, bool try_cast, bp_context *context, arena *arena,
                                 bp_error *err);

/* One value of a number column, for the slow ways: integers and decimals as int128 with scale, floats as double. */
typedef struct number_lane {
    bool is_float;
    int128 integer;
    double real;
} number_lane;
number_lane number_lane_at(const column *in, size_t row);
/* Store it as type `to` at row; false: does not fit. */
bool number_lane_store(number_lane lane, int from_scale, data_type to, void *values, size_t row);

#endif
