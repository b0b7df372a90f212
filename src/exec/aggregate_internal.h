/* Aggregation, shared by its files: aggregate.c (the sink), aggregate_set.c (groups with states), aggregate_combine.c (what the workers made becomes
 * one result), aggregate_spill.c (rows set aside on disk), aggregate_scan.c (reading the result). */
#ifndef EXEC_AGGREGATE_INTERNAL_H
#define EXEC_AGGREGATE_INTERNAL_H

#include "exec.h"
#include "expr/aggregate.h"
#include "group_table.h"
#include "row_blocks.h"
#include "spill.h"

#define AGGREGATE_STATE_ALIGNMENT 16

/* What all workers share, fixed at the start. */
typedef struct aggregate_plan {
    bp_context *context;
    size_t group_count;
    const data_type *group_types;
    key_layout keys;
    size_t aggregate_count;
    const aggregate_spec *specs;
    uint32_t *state_offsets; /* one an aggregate: bytes into a group's state */
    size_t stride; /* bytes of a group's states */
    bool ordered; /* some states belong to one morsel */
    bool plain; /* all states are nothing but their bytes */
    const bool *fed_later; /* one an aggregate: DISTINCT or with ORDER BY */
    bool feeds_later; /* some are */
    bool sets_aside; /* rows may be set aside by hash: there are keys, and all arguments can be kept */
    row_layout rows; /* those rows' columns: the children of the aggregates that are not fed later */
    uint32_t *row_columns; /* one an aggregate: where its children begin among them */
    data_type *spill_types; /* of the same rows in a file */
    size_t spill_count;
    arena arena;
} aggregate_plan;

/* Groups and their states: of a worker, of a morsel, of a partition, of the result. */
typedef struct aggregate_set {
    const aggregate_plan *plan;
    group_table groups;
    char *states;
    size_t state_capacity; /* groups */
    arena arena; /* what states hold beyond their fixed size */
    uint64_t morsel; /* order among sets to be combined: of its first row */
    size_t *starts; /* ROW_PARTITIONS + 1, where each partition's groups begin; NULL: groups are in no such order */
    uint32_t *partials; /* of a set that takes rows set aside: a group's number among the partial states, UINT32_MAX: none */
    size_t partial_capacity; /* groups */
} aggregate_set;

MUST_USE bp_status aggregate_set_new(aggregate_set **out, const aggregate_plan *plan, bp_error *err);
/* Room for so many groups, so that none is moved when they come. */
MUST_USE bp_status aggregate_set_reserve(aggregate_set *set, size_t groups, bp_error *err);
void aggregate_set_free(aggregate_set *set);
/* One group without keys, there from the start. */
MUST_USE bp_status aggregate_set_single(aggregate_set *set, bp_error *err);

/* Scratch of one worker. */
typedef struct aggregate_scratch {
    char *packed;
    uint64_t *hashes;
    uint32_t *groups;
    uint32_t *selection, *selected_groups;
    uint32_t *partial_groups, *partial_of; /* where ordered states' rows go, and the groups whose partial states those are */
    uint64_t *mask; /* the rows that one aggregate sees */
    size_t capacity; /* rows */
    arena arena;
} aggregate_scratch;
MUST_USE bp_status aggregate_scratch_reserve(aggregate_scratch *scratch, const aggregate_plan *plan, size_t rows, bp_error *err);
void aggregate_scratch_clear(aggregate_scratch *scratch, const aggregate_plan *plan);

/* Pack and hash the batch's group columns into the scratch. */
MUST_USE bp_status aggregate_pack(const aggregate_plan *plan, const batch *in, aggregate_scratch *scratch, bp_error *err);
/* Rows of a batch (groups first, then aggregate arguments) into the set; `position` is that of its first row. Aggregates that are fed later are left out. */
MUST_USE bp_status aggregate_set_add(aggregate_set *set, const batch *in, uint64_t position, aggregate_scratch *scratch,
                                     bp_error *err);
/* All rows of one morsel and partition: `rows` of them from row `begin` of the block on. Morsels come in rising order. What ordered states
 * of known groups get is gathered in partial states first, so that the bits are those of combining a set a morsel. */
MUST_USE bp_status aggregate_set_add_aside(aggregate_set *set, const row_block *block, size_t begin, size_t rows,
                                           aggregate_scratch *scratch, bp_error *err);
/* Groups [begin, end) of `from` into `into`; far strings and state memory of `from` are referred to, so it must live on. */
MUST_USE bp_status aggregate_set_combine(aggregate_set *into, const aggregate_set *from, size_t begin, size_t end,
                                         aggregate_scratch *scratch, bp_error *err);
/* Rows of (groups…, arguments…) to the states of one aggregate; the groups are there already, in one of the `count` parts that combining made. */
MUST_USE bp_status aggregate_set_feed(aggregate_set **parts, size_t count, size_t index, const column *columns, size_t rows,
                                      aggregate_scratch *scratch, bp_error *err);
/* Groups and states in the order of the groups' first rows, or of their partitions. The table is no longer searchable afterwards. */
MUST_USE bp_status aggregate_set_order(aggregate_set *set, bp_error *err);
MUST_USE bp_status aggregate_set_partition(aggregate_set *set, bp_error *err);
/* In that order, with no room left but what reading takes. */
MUST_USE bp_status aggregate_set_seal(aggregate_set *set, bp_error *err);

/* A key row or a group's states. A call of memcpy a group was a tenth of the time of many small sets. */
static ALWAYS_INLINE void group_copy(char *to, const char *from, size_t width)
{
    switch (width) {
    case 8: memcpy(to, from, 8); break;
    case 16: memcpy(to, from, 16); break;
    case 24: memcpy(to, from, 24); break;
    case 32: memcpy(to, from, 32); break;
    case 40: memcpy(to, from, 40); break;
    case 48: memcpy(to, from, 48); break;
    case 64: memcpy(to, from, 64); break;
    case 96: memcpy(to, from, 96); break;
    default: memcpy(to, from, width);
    }
}

/* A group of the result: of which part. */
typedef struct group_place {
    uint64_t first;
    uint32_t part, group;
} group_place;
/* By first rows. `other` is room for as many. */
MUST_USE bp_status group_places_sort(group_place *places, group_place *other, size_t count, cancel *cancel, bp_error *err);

/* Rows that a worker has set aside: a partition's pages in a file, then its blocks. */
typedef struct aside_cursor {
    size_t next_page;
    row_block *tail; /* the last block loaded */
    row_block *rest; /* blocks that were in memory all along */
    bool begun;
} aside_cursor;

typedef struct aside {
    memory *memory;
    row_blocks *blocks; /* while a part is made, its first blocks may be loaded ones */
    spill_run *runs[ROW_PARTITIONS]; /* NULL: nothing was written, or all is loaded */
    aside_cursor cursors[ROW_PARTITIONS];
} aside;

MUST_USE bp_status aside_new(aside **out, const aggregate_plan *plan, bp_error *err);
void aside_free(aside *aside);
/* All rows of the morsel that the partition's first row is of are in its blocks, after as many pages have been read as it takes. */
MUST_USE bp_status aside_load(aside *aside, size_t partition, const aggregate_plan *plan, bp_error *err);

typedef struct aggregate_sink {
    sink base;
    aggregate_plan plan;
    mutex lock;
    aggregate_set **sets; /* filled by the workers */
    size_t set_count, set_capacity;
    aside **asides; /* the workers' rows set aside */
    size_t aside_count, aside_capacity;
    aggregate_set **parts; /* of the result, in order; they refer to the sets' memory. NULL: not made yet, or read to its end */
    size_t part_count;
    atomic_size_t made_groups, made_bytes; /* in the parts made so far */
    atomic_size_t groups_expected; /* in the next part: as many as in the last one */
    bool in_parts; /* the result is read part by part, not in one order */
    group_place *order; /* of the groups of all parts, when these are several and the groups few; else NULL */
    size_t order_count;
    spill_file *file; /* NULL: nothing was written yet */
    bool *fed_later; /* one an aggregate: DISTINCT or with ORDER BY */
    struct sink **distincts; /* one an aggregate: the set of (groups, arguments, keys), or NULL */
    struct sink **sorts; /* one an aggregate: the rows of (groups, arguments, keys) by its ORDER BY, or NULL */
} aggregate_sink;

/* Decide spill_types. */
MUST_USE bp_status aggregate_spill_columns(aggregate_plan *plan, bp_error *err);
/* Write what is set aside in memory. */
MUST_USE bp_status aggregate_spill(aggregate_sink *sink, aside *aside, bp_error *err);
/* No more will be written. */
MUST_USE bp_status aggregate_spill_finish(aside *aside, bp_error *err);

/* The workers' sets and rows become the parts of the result; when the groups are many, those that are wanted later are made by aggregate_part_open(). */
MUST_USE bp_status aggregate_combine(aggregate_sink *sink, bp_error *err);
/* The parts' groups in the order in which they are read. */
MUST_USE bp_status aggregate_order(aggregate_sink *sink, bp_error *err);
/* Make a part of a result that is read in parts, if need be, and drop it. A part is for one thread. */
MUST_USE bp_status aggregate_part_open(aggregate_sink *sink, size_t part, bp_error *err);
void aggregate_part_close(aggregate_sink *sink, size_t part);

/* Reading: parts, each (once open) of so many groups; groups [begin, begin + rows) of a part as columns, groups first, then aggregates, in `arena`. */
size_t aggregate_part_count(const aggregate_sink *sink);
size_t aggregate_part_size(const aggregate_sink *sink, size_t part);
MUST_USE bp_status aggregate_emit(const aggregate_sink *sink, size_t part, size_t begin, size_t rows, column *out, arena *arena,
                                  bp_error *err);
MUST_USE bp_status aggregate_scan_new(scan **out, aggregate_sink *sink, bp_error *err);

#endif
