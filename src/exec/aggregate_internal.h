/* Aggregation, shared by its files: aggregate.c (the sink), aggregate_set.c (groups with states), aggregate_scan.c (the result). */
#ifndef EXEC_AGGREGATE_INTERNAL_H
#define EXEC_AGGREGATE_INTERNAL_H

#include "exec.h"
#include "expr/aggregate.h"
#include "group_table.h"

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
    arena arena;
} aggregate_plan;

/* Groups and their states: of a worker, of a morsel, of a partition, of the result. */
typedef struct aggregate_set {
    const aggregate_plan *plan;
    group_table groups;
    char *states;
    size_t state_capacity; /* groups */
    arena arena; /* what states hold beyond their fixed size */
    uint64_t morsel; /* order among sets to be combined */
} aggregate_set;

MUST_USE bp_status aggregate_set_new(aggregate_set **out, const aggregate_plan *plan, bp_error *err);
void aggregate_set_free(aggregate_set *set);
/* One group without keys, there from the start. */
MUST_USE bp_status aggregate_set_single(aggregate_set *set, bp_error *err);

/* Scratch of one worker. */
typedef struct aggregate_scratch {
    char *packed;
    uint64_t *hashes;
    uint32_t *groups;
    uint32_t *selection, *selected_groups;
    uint64_t *mask; /* the rows that one aggregate sees */
    size_t capacity; /* rows */
    arena arena;
} aggregate_scratch;
MUST_USE bp_status aggregate_scratch_reserve(aggregate_scratch *scratch, const aggregate_plan *plan, size_t rows, bp_error *err);
void aggregate_scratch_clear(aggregate_scratch *scratch, const aggregate_plan *plan);

/* Rows of a batch (groups first, then aggregate arguments) into the set; `position` is that of its first row. Aggregates whose bit of `skip` is
 * set are left out (DISTINCT and ordered ones are fed later). */
MUST_USE bp_status aggregate_set_add(aggregate_set *set, const batch *in, uint64_t position, const bool *skip,
                                     aggregate_scratch *scratch, bp_error *err);
/* All groups of `from` whose hash's top bits are `partition` of `partitions` (a power of two) into `into`; far strings and state memory of `from` are
 * referred to, so it must live on. */
MUST_USE bp_status aggregate_set_combine(aggregate_set *into, const aggregate_set *from, size_t partition, size_t partitions,
                                         aggregate_scratch *scratch, bp_error *err);
/* Rows of (groups…, arguments…) to the states of one aggregate; the groups are there already, in one of the `count` parts that combining made. */
MUST_USE bp_status aggregate_set_feed(aggregate_set **parts, size_t count, size_t index, const column *columns, size_t rows,
                                      aggregate_scratch *scratch, bp_error *err);
/* Groups and states in the order of the groups' first rows. The table is no longer searchable afterwards. */
MUST_USE bp_status aggregate_set_order(aggregate_set *set, bp_error *err);

/* Rows [begin, begin + rows) of the result: group columns, then aggregates, in `arena`. */
MUST_USE bp_status aggregate_set_emit(const aggregate_set *set, size_t begin, size_t rows, column *out, arena *arena,
                                      bp_error *err);

/* The result's parts, in order. */
typedef struct aggregate_sink {
    sink base;
    aggregate_plan plan;
    mutex lock;
    aggregate_set **sets; /* filled by the workers; after finish: the parts of the result, in order */
    size_t set_count, set_capacity;
    aggregate_set **sources; /* kept alive because the result refers to them */
    size_t source_count;
    bool *fed_later; /* one an aggregate: DISTINCT or with ORDER BY */
    struct sink **distincts; /* one an aggregate: the set of (groups, arguments, keys), or NULL */
    struct sink **sorts; /* one an aggregate: the rows of (groups, arguments, keys) by its ORDER BY, or NULL */
} aggregate_sink;

MUST_USE bp_status aggregate_scan_new(scan **out, const aggregate_sink *sink, bp_error *err);

#endif
