/* What the workers made becomes one result: sets of groups with states, and rows set aside by hash.
 *
 * With few groups the sets are combined in one go; else partition by partition, in parallel, each taking its groups of the sets and its rows set aside in
 * the order of their morsels. A partition's groups so come to stand in the order of their first rows nearly always; where not, they are sorted.
 *
 * The result is read in the order of first rows while there are at most ORDERED_GROUPS groups of ORDERED_BYTES, else part by part. As soon as the parts made
 * have more than that, the other ones wait until they are read, and each is dropped after that: its memory, still in the cache, goes to the next one. (10,000,000
 * groups of six keys: 40 % of the time was the system's, for pages of groups' tables.) */
#include "aggregate_internal.h"

#include <stdlib.h>

#define ORDERED_GROUPS 200000
#define ORDERED_BYTES ((size_t)16 << 20)
/* … or of so many times fewer groups when states hold texts or lists, which are not among the bytes counted. */
#define LARGE_STATES 16
#define PARTITION_MINIMUM 50000 /* groups in all sets, from which combining runs in parallel */

static int by_morsel(const void *left, const void *right)
{
    uint64_t a = (*(aggregate_set *const *)left)->morsel, b = (*(aggregate_set *const *)right)->morsel;

    return (a > b) - (a < b);
}

static size_t group_total(aggregate_set *const *sets, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) total += sets[i]->groups.count;
    return total;
}

/* Of its groups; counted only until they are many. */
static size_t bytes_of(const aggregate_set *set)
{
    size_t rows = set->groups.count * (set->plan->keys.width + set->plan->stride);

    return rows > ORDERED_BYTES ? rows : rows + group_table_text_bytes(&set->groups, ORDERED_BYTES);
}

/* Whether the groups of all sets together may be more than are put in order: a group counts in each of its sets. */
static bool may_be_large(aggregate_set *const *sets, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count && total <= ORDERED_BYTES; i++) total += bytes_of(sets[i]);
    return total > ORDERED_BYTES;
}

static size_t most_ordered(const aggregate_plan *plan)
{
    for (size_t i = 0; i < plan->aggregate_count; i++)
        if (type_physical(plan->specs[i].result) == PHYSICAL_STRING || type_is_nested(plan->specs[i].result))
            return ORDERED_GROUPS / LARGE_STATES;
    return ORDERED_GROUPS;
}

/* Whether the parts made so far have more groups than are put in order. */
static bool are_many(aggregate_sink *sink)
{
    return atomic_load_explicit(&sink->made_groups, memory_order_relaxed) > most_ordered(&sink->plan) ||
           atomic_load_explicit(&sink->made_bytes, memory_order_relaxed) > ORDERED_BYTES;
}

/* rows set aside ------------------------------------------------------------------------------------------------------------------- */
/* The rows of a partition that are next in order: whose they are; NULL: there are none. */
static bp_status next_aside(row_blocks **out, uint64_t *morsel, const aggregate_sink *sink, size_t partition, bp_error *err)
{
    bp_status status;

    *out = NULL;
    *morsel = UINT64_MAX;
    for (size_t i = 0; i < sink->aside_count; i++) {
        row_blocks *blocks = sink->asides[i]->blocks;
        if ((status = aside_load(sink->asides[i], partition, &sink->plan, err))) return status;
        if (!blocks->first[partition] || row_morsel(blocks->first[partition], blocks->begin[partition]) >= *morsel) continue;
        *morsel = row_morsel(blocks->first[partition], blocks->begin[partition]);
        *out = blocks;
    }
    return BP_OK;
}

/* How many rows from the partition's first on are of its first one's morsel. */
static size_t rows_of_morsel(const row_blocks *blocks, size_t partition, uint64_t morsel)
{
    const row_block *block = blocks->first[partition];
    size_t begin = blocks->begin[partition], rows = 0;

    for (; block; block = block->next, begin = 0) {
        size_t end = begin;
        if (row_morsel(block, block->count - 1) == morsel)
            end = block->count;
        else
            while (row_morsel(block, end) == morsel) end++;
        rows += end - begin;
        if (end < block->count) break;
    }
    return rows;
}

/* The partition's first `rows` rows are done with. */
static void drop_rows(row_blocks *blocks, size_t partition, size_t rows)
{
    while (rows) {
        row_block *block = blocks->first[partition];
        size_t left = block->count - blocks->begin[partition];
        if (rows < left) {
            blocks->begin[partition] += rows;
            return;
        }
        rows -= left;
        blocks->begin[partition] = 0;
        blocks->first[partition] = block->next;
        if (block->loaded.memory) row_block_free(block);
    }
}

static bp_status take_aside(aggregate_set *into, row_blocks *blocks, size_t partition, uint64_t morsel, aggregate_scratch *scratch,
                            bp_error *err)
{
    size_t rows = rows_of_morsel(blocks, partition, morsel);
    bp_status status = aggregate_set_add_aside(into, blocks->first[partition], blocks->begin[partition], rows, scratch, err);

    if (!status) drop_rows(blocks, partition, rows);
    return status;
}

/* combining ------------------------------------------------------------------------------------------------------------------------ */
static bp_status take_set(const aggregate_sink *sink, aggregate_set *into, const aggregate_set *from, size_t partition,
                          aggregate_scratch *scratch, bp_error *err)
{
    bool whole = sink->part_count == 1;

    return aggregate_set_combine(into, from, whole ? 0 : from->starts[partition],
                                 whole ? from->groups.count : from->starts[partition + 1], scratch, err);
}

/* Sets and rows set aside, merged by morsel. */
static bp_status fill_part(aggregate_sink *sink, size_t partition, aggregate_set *part, aggregate_scratch *scratch, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t next = 0; !status;) {
        uint64_t morsel;
        row_blocks *blocks;
        if ((status = next_aside(&blocks, &morsel, sink, partition, err))) return status;
        if (next < sink->set_count && (!blocks || sink->sets[next]->morsel <= morsel))
            status = take_set(sink, part, sink->sets[next++], partition, scratch, err);
        else if (blocks)
            status = take_aside(part, blocks, partition, morsel, scratch, err);
        else
            break;
        if (!status) status = cancel_check(&sink->base.context->cancel, err);
    }
    return status;
}

static bp_status make_part(aggregate_sink *sink, size_t partition, bp_error *err)
{
    aggregate_scratch scratch = {0};
    aggregate_set *part;
    bp_status status;

    if ((status = aggregate_set_new(&part, &sink->plan, err))) return status;
    sink->parts[partition] = part;
    status = aggregate_set_reserve(part, atomic_load_explicit(&sink->groups_expected, memory_order_relaxed), err);
    if (!status) status = fill_part(sink, partition, part, &scratch, err);
    atomic_fetch_add_explicit(&sink->made_groups, part->groups.count, memory_order_relaxed);
    atomic_fetch_add_explicit(&sink->made_bytes, bytes_of(part), memory_order_relaxed);
    atomic_store_explicit(&sink->groups_expected, part->groups.count, memory_order_relaxed);
    aggregate_scratch_clear(&scratch, &sink->plan);
    return status;
}

/* For parallel_for. */
static bp_status make_if_few(void *data, size_t worker, uint64_t partition, bp_error *err)
{
    aggregate_sink *sink = data;
    bp_status status;

    (void)worker;
    if (sink->in_parts && are_many(sink)) return BP_OK;
    if ((status = make_part(sink, partition, err))) return status;
    return sink->in_parts && sink->file ? aggregate_set_seal(sink->parts[partition], err) : BP_OK; /* memory is scarce */
}

static bp_status partition_set(void *data, size_t worker, uint64_t index, bp_error *err)
{
    (void)worker;
    return aggregate_set_partition(((aggregate_sink *)data)->sets[index], err);
}

static bp_status combine_into(aggregate_sink *sink, size_t partitions, bp_error *err)
{
    bp_context *context = sink->base.context;
    bp_status status;

    sink->parts = memory_allocate_array(context->memory, partitions, sizeof *sink->parts);
    if (!sink->parts) return error_no_memory(err, context->memory, partitions * sizeof *sink->parts);
    sink->part_count = partitions;
    sink->in_parts = !sink->plan.feeds_later; /* what is fed later must find all groups */
    if (partitions > 1 && (status = parallel_for(context, sink->set_count, partition_set, sink, err))) return status;
    return parallel_for(context, partitions, make_if_few, sink, err);
}

/* The only set is the only part. */
static bp_status take_single(aggregate_sink *sink, bp_error *err)
{
    sink->parts = memory_allocate_array(sink->base.context->memory, 1, sizeof *sink->parts);
    if (!sink->parts) return error_no_memory(err, sink->base.context->memory, sizeof *sink->parts);
    sink->parts[0] = sink->sets[0];
    sink->part_count = 1;
    sink->set_count = 0;
    return BP_OK;
}

bp_status aggregate_combine(aggregate_sink *sink, bp_error *err)
{
    size_t total = group_total(sink->sets, sink->set_count);
    bool large;

    if (sink->set_count > 1) qsort(sink->sets, sink->set_count, sizeof *sink->sets, by_morsel);
    if (sink->aside_count) return combine_into(sink, ROW_PARTITIONS, err);
    large = total > most_ordered(&sink->plan) || may_be_large(sink->sets, sink->set_count);
    if (sink->set_count == 1 && !large) return take_single(sink, err);
    return combine_into(sink, total > PARTITION_MINIMUM || large ? ROW_PARTITIONS : 1, err);
}

bp_status aggregate_part_open(aggregate_sink *sink, size_t part, bp_error *err)
{
    bp_status status;

    if (!sink->in_parts || sink->parts[part]) return BP_OK;
    if ((status = make_part(sink, part, err))) return status;
    return aggregate_set_order(sink->parts[part], err);
}

void aggregate_part_close(aggregate_sink *sink, size_t part)
{
    if (!sink->in_parts) return;
    aggregate_set_free(sink->parts[part]);
    sink->parts[part] = NULL;
}

/* order ---------------------------------------------------------------------------------------------------------------------------- */
static bp_status order_part(void *data, size_t worker, uint64_t part, bp_error *err)
{
    aggregate_sink *sink = data;

    (void)worker;
    return sink->parts[part] ? aggregate_set_order(sink->parts[part], err) : BP_OK;
}

/* All parts' groups in one order. */
static bp_status order_all(aggregate_sink *sink, size_t total, bp_error *err)
{
    memory *memory = sink->base.context->memory;
    group_place *other = memory_allocate_array(memory, total + 1, sizeof *other);
    size_t at = 0;
    bp_status status;

    sink->order = memory_allocate_array(memory, total + 1, sizeof *sink->order);
    sink->order_count = total;
    if (!sink->order || !other) {
        status = error_no_memory(err, memory, total * sizeof *other);
        goto done;
    }
    for (size_t part = 0; part < sink->part_count; part++)
        for (size_t group = 0; group < sink->parts[part]->groups.count; group++)
            sink->order[at++] = (group_place){sink->parts[part]->groups.firsts[group], (uint32_t)part, (uint32_t)group};
    status = group_places_sort(sink->order, other, total, &sink->base.context->cancel, err);
done:
    memory_free(memory, other, (total + 1) * sizeof *other);
    return status;
}

bp_status aggregate_order(aggregate_sink *sink, bp_error *err)
{
    size_t total = 0;

    for (size_t part = 0; part < sink->part_count; part++) total += sink->parts[part] ? sink->parts[part]->groups.count : 0;
    sink->in_parts = sink->part_count > 1 && are_many(sink);
    if (sink->part_count > 1 && !sink->in_parts) return order_all(sink, total, err);
    return parallel_for(sink->base.context, sink->part_count, order_part, sink, err);
}
