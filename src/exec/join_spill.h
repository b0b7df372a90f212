/* Hash joins beyond memory, shared by their files.
 *
 *   join_spill.c         when the right side meets pressure, its rows go to partitions by the hash of their keys
 *   join_spill_probe.c   the left side of such a join: its rows go to partitions likewise, in place of streaming through the join
 *   join_spill_pairs.c   partitions joined pair by pair, each as a join in memory; those too large are parted again
 *   join_spill_chunks.c  … and those that parting does not make smaller (one key) are joined chunk by chunk of their right rows
 *   join_spill_scan.c    the joined rows in the order, and in the morsels, that they would have had without all this
 *
 * Every left row carries its place (morsel << 64 | row in it) as its last column, hidden from conditions, and so does what is joined: a run's pages stand
 * in the order of morsels, and a morsel's rows are merged by place from all runs. So results do not depend on whether the join was spilled. Right rows have
 * a place where they may be put out at the end. */
#ifndef EXEC_JOIN_SPILL_H
#define EXEC_JOIN_SPILL_H

#include "join_internal.h"
#include "sort_internal.h"

#define JOIN_END_MORSEL 65536 /* right rows put out at the end are counted off in morsels of so many build rows */

typedef struct join_spill {
    bp_context *context;
    const join_build *build;
    arena arena;
    spill_file *file;
    schema right;  /* the right side's columns, and behind them the place if has_places */
    bool has_places;
    unsigned bits;
    spill_partitions parts; /* after finish: of all workers */
    _Atomic bool has_null_key;
    uint64_t row_count;
    uint64_t *first_rows; /* kinds that put right rows at the end: of each morsel of the right side, counted over all */
    spill_run **at_end; /* after all probing, a partition each: right rows to be put out at the end */
    data_type *end_types; /* of these, with the place last */
    size_t end_count;
} join_spill;

/* Rows on their way to partitions: one writer. */
typedef struct join_parter {
    join_spill *spill;
    spill_partitions parts;
    _Atomic bool *has_null_key; /* told of keys that match nothing; NULL: nobody asks */
    arena scratch;
} join_parter;

/* bits and shift as spill_partitions has them. The parter must not move. */
MUST_USE bp_status join_parter_init(join_parter *out, join_spill *spill, spill_file *file, const schema *types, unsigned bits,
                                    unsigned shift, bp_error *err);
void join_parter_clear(join_parter *parter); /* a zeroed one is fine */
/* Rows with their keys first. */
MUST_USE bp_status join_parter_append(join_parter *parter, const batch *rows, bp_error *err);
/* The same for rows without the place that they are to have as their last column: row i is number first + i of the morsel. */
MUST_USE bp_status join_parter_append_placed(join_parter *parter, const batch *rows, uint64_t morsel, uint64_t first,
                                             bp_error *err);
/* All pages of a run. */
MUST_USE bp_status join_parter_append_run(join_parter *parter, spill_run *run, bp_error *err);

/* The first partitions are by the hash's bits below this one: group_table's slots are by the lowest bits, those of join_table by the highest of
 * another hash. */
#define JOIN_SPILL_SHIFT 40
#define JOIN_SPILL_BITS 7 /* at most: fewer where a worker's share of the limit is small, for each partition has buffers */
#define JOIN_SPILL_BITS_LEAST 3
#define JOIN_SPILL_PARTITION_SHARE ((size_t)192 << 10)
#define JOIN_SPILL_FORCED_BITS 2 /* with the setting spill=always */

/* The right side ---------------------------------------------------------------------------------------------------------------------- */
/* Whoever meets pressure first makes it. */
MUST_USE bp_status join_spill_new(join_spill **out, const join_build *build, bp_error *err);
void join_spill_free(join_spill *spill); /* NULL is fine */
/* A worker's parter for right rows. */
MUST_USE bp_status join_spill_parter(join_parter **out, join_spill *spill, bp_error *err);
void join_spill_parter_free(join_parter *parter); /* NULL is fine */
/* What is held goes to the partitions. */
MUST_USE bp_status join_spill_rows(join_parter *parter, collected *held, bp_error *err);
/* After the last rows. */
MUST_USE bp_status join_spill_finish(join_spill *spill, join_parter **parters, size_t count, bp_error *err);

/* The left side ----------------------------------------------------------------------------------------------------------------------- */
/* A sink that takes the rows that the probe would have taken, and joins them when it is finished; then the scan of what the probe would have put out. */
MUST_USE bp_status join_spill_probe_new(sink **out, bp_context *context, const join_spec *spec, const join_build *build,
                                        bp_error *err);
bp_status join_spill_probe_make_scan(void *sink, scan **out, bp_error *err);

/* Pairs of partitions ------------------------------------------------------------------------------------------------------------------- */
typedef struct join_pairs {
    bp_context *context;
    join_spill *spill;
    spill_file *file; /* of what is parted again and of what is joined */
    join_spec spec; /* of a pair: sides with places */
    const schema *left; /* with the place */
    data_type *out_types; /* of joined rows, with the place last */
    size_t out_count;
    size_t budget; /* bytes of memory for the right rows of a pair */
    size_t page_size; /* of joined rows */
    arena arena;
    spill_run **out; /* a partition each */
    size_t count; /* of partitions: what is read when the right side may be gone */
} join_pairs;

/* A pair, and where what comes of it goes. */
typedef struct join_part {
    spill_run *left, *right;
    spill_run *out;
    spill_run *at_end; /* NULL: no right rows are put out at the end */
} join_part;

/* spec has the sides without places, `left` is the left one with it; borrowed. */
MUST_USE bp_status join_pairs_init(join_pairs *out, join_spill *spill, const join_spec *spec, const schema *left, spill_file *file,
                                   bp_error *err);
void join_pairs_clear(join_pairs *pairs); /* a zeroed one is fine */
/* All partitions, on as many workers as pay. */
MUST_USE bp_status join_pairs_run(join_pairs *pairs, const spill_partitions *left, bp_error *err);

/* Whether the right rows can be joined at once. */
bool join_pairs_fits(const join_pairs *pairs, uint64_t rows, uint64_t bytes);
/* A table of pages [begin, end) of right rows, to be probed as `spec` says. */
MUST_USE bp_status join_pairs_build(sink **out, join_pairs *pairs, const join_spec *spec, spill_run *right, size_t begin,
                                    size_t end, bp_error *err);
/* Probe it with a batch of left rows: each batch that comes out is handed to `take`. */
typedef bp_status (*join_taker)(void *data, const batch *joined, bp_error *err);
typedef struct join_prober {
    operator* probe;
    operator_worker *worker;
} join_prober;
MUST_USE bp_status join_prober_init(join_prober *out, join_pairs *pairs, const join_spec *spec, sink *build, bp_error *err);
void join_prober_clear(join_prober *prober); /* a zeroed one is fine */
MUST_USE bp_status join_prober_push(join_prober *prober, const batch *left, join_taker take, void *data, bp_error *err);
/* Joined rows as a probe puts them out go to the run of joined rows. */
MUST_USE bp_status join_pairs_put(join_pairs *pairs, spill_run *out, const batch *joined, bp_error *err);
/* Right rows that are put out at the end of the build go to the run of such rows. */
MUST_USE bp_status join_pairs_put_at_end(join_pairs *pairs, sink *build, spill_run *at_end, bp_error *err);
/* The right side is too large, and all of a hash. */
MUST_USE bp_status join_pairs_in_chunks(join_pairs *pairs, const join_part *part, bp_error *err);

/* Reading ------------------------------------------------------------------------------------------------------------------------------- */
/* A side's columns and behind them, if it is `placed`, the place. */
MUST_USE bp_status join_placed_schema(schema *out, const schema *side, bool placed, arena *arena, bp_error *err);
/* One more than the last morsel of runs whose pages stand in the order of morsels; 0: they are empty. */
uint64_t join_placed_morsels(spill_run *const *runs, size_t count);
/* Rows with places as last column go to a run whose pages stand in the order of morsels. */
MUST_USE bp_status join_placed_append(spill_run *run, const batch *rows, bp_error *err);
/* The runs merged into one. */
MUST_USE bp_status join_placed_merge(spill_run *into, bp_context *context, const schema *schema, spill_run **runs, size_t count,
                                     bp_error *err);
/* The rows without their places; types (with the place's) and runs are borrowed. */
MUST_USE bp_status join_placed_scan_new(scan **out, bp_context *context, const data_type *types, size_t column_count,
                                        spill_run **runs, size_t run_count, bp_error *err);

static inline uint128 join_place_of(const column *places, size_t row)
{
    uint128 place;

    memcpy(&place, (const char *)places->values + row * sizeof place, sizeof place);
    return place;
}

static inline uint64_t join_morsel_of(uint128 place)
{
    return (uint64_t)(place >> 64);
}

#endif
