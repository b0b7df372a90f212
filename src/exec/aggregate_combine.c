/* What the workers made becomes one result: sets of groups with states, and rows set aside by hash.
 *
 * With few groups the sets are combined in one go; else partition by partition, in parallel, each taking its groups of the sets and its rows set aside in
 * the order of their morsels. A partition's groups so come to stand in the order of their first rows nearly always; where not, they are sorted. The result is read
 * part by part when there are more than ORDERED_GROUPS groups, else in the order of first rows over all parts. */
#include "aggregate_internal.h"

#include <stdlib.h>

#define ORDERED_GROUPS 200000
#define PARTITION_MINIMUM 50000 /* groups in all sets, from which combining runs in parallel */

static int by_morsel(const void *left, const void *right)
{
    uint64_t a = (*(aggregate_set *const *)left)->morsel, b = (*(aggregate_set *const *)right)->morsel;

    return (a > b) - (a < b);
}

static size_t group_total(const aggregate_sink *sink)
{
    size_t total = 0;

    for (size_t i = 0; i < sink->set_count; i++) total += sink->sets[i]->groups.count;
    return total;
}

/* rows set aside ------------------------------------------------------------------------------------------------------------------- */
static uint64_t morsel_at(const row_block *block, size_t row)
{
    return block->positions[row] >> 32;
}

/* The rows of a partition that are next in order: whose they are; NULL: there are none. */
static row_blocks *next_aside(const aggregate_sink *sink, size_t partition, uint64_t *morsel)
{
    row_blocks *found = NULL;

    *morsel = UINT64_MAX;
    for (size_t i = 0; i < sink->aside_count; i++) {
        row_blocks *blocks = sink->asides[i];
        const row_block *block = blocks->first[partition];
        if (!block || morsel_at(block, blocks->begin[partition]) >= *morsel) continue;
        *morsel = morsel_at(block, blocks->begin[partition]);
        found = blocks;
    }
    return found;
}

/* How many rows from the partition's first on are of its first one's morsel. */
static size_t rows_of_morsel(const row_blocks *blocks, size_t partition, uint64_t morsel)
{
    const row_block *block = blocks->first[partition];
    size_t begin = blocks->begin[partition], rows = 0;

    for (; block; block = block->next, begin = 0) {
        size_t end = begin;
        if (morsel_at(block, block->count - 1) == morsel)
            end = block->count;
        else
            while (morsel_at(block, end) == morsel) end++;
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
        if (!block->next) blocks->last[partition] = NULL;
        row_block_free(blocks->memory, blocks->layout, block);
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
typedef struct combine_job {
    aggregate_sink *sink;
    aggregate_set **parts;
    size_t partitions; /* 1 or ROW_PARTITIONS */
} combine_job;

static bp_status take_set(const combine_job *job, aggregate_set *into, const aggregate_set *from, size_t partition,
                          aggregate_scratch *scratch, bp_error *err)
{
    bool whole = job->partitions == 1;

    return aggregate_set_combine(into, from, whole ? 0 : from->starts[partition],
                                 whole ? from->groups.count : from->starts[partition + 1], scratch, err);
}

/* Sets and rows set aside, merged by morsel. */
static bp_status combine_partition(void *data, size_t worker, uint64_t partition, bp_error *err)
{
    combine_job *job = data;
    aggregate_sink *sink = job->sink;
    aggregate_scratch scratch = {0};
    bp_status status;

    (void)worker;
    if ((status = aggregate_set_new(&job->parts[partition], &sink->plan, err))) return status;
    for (size_t next = 0; !status;) {
        uint64_t morsel;
        row_blocks *blocks = next_aside(sink, partition, &morsel);
        if (next < sink->set_count && (!blocks || sink->sets[next]->morsel <= morsel))
            status = take_set(job, job->parts[partition], sink->sets[next++], partition, &scratch, err);
        else if (blocks)
            status = take_aside(job->parts[partition], blocks, partition, morsel, &scratch, err);
        else
            break;
        if (!status) status = cancel_check(&sink->base.context->cancel, err);
    }
    aggregate_scratch_clear(&scratch, &sink->plan);
    return status;
}

static bp_status partition_set(void *data, size_t worker, uint64_t index, bp_error *err)
{
    (void)worker;
    return aggregate_set_partition(((aggregate_sink *)data)->sets[index], err);
}

/* The sets become sources, which the parts refer to: strings and states' memory. */
static bp_status keep_sources(aggregate_sink *sink, bp_error *err)
{
    memory *memory = sink->base.context->memory;
    size_t count = sink->source_count + sink->set_count;
    aggregate_set **all = memory_resize(memory, sink->sources, sink->source_count * sizeof *all, count * sizeof *all);

    if (!all) return error_no_memory(err, memory, count * sizeof *all);
    if (sink->set_count) memcpy(all + sink->source_count, sink->sets, sink->set_count * sizeof *all);
    sink->sources = all;
    sink->source_count = count;
    sink->set_count = 0;
    return BP_OK;
}

static bp_status combine_into(aggregate_sink *sink, size_t partitions, bp_error *err)
{
    memory *memory = sink->base.context->memory;
    combine_job job = {.sink = sink, .partitions = partitions};
    bp_status status = BP_OK;

    job.parts = memory_allocate_array(memory, partitions, sizeof *job.parts);
    if (!job.parts) return error_no_memory(err, memory, partitions * sizeof *job.parts);
    if (partitions > 1) status = parallel_for(sink->base.context, sink->set_count, partition_set, sink, err);
    if (!status) status = parallel_for(sink->base.context, partitions, combine_partition, &job, err);
    if (!status) status = keep_sources(sink, err);
    if (status) {
        for (size_t i = 0; i < partitions; i++) aggregate_set_free(job.parts[i]);
        memory_free(memory, job.parts, partitions * sizeof *job.parts);
        return status;
    }
    memory_free(memory, sink->sets, sink->set_capacity * sizeof *sink->sets);
    sink->sets = job.parts;
    sink->set_count = sink->set_capacity = partitions;
    return BP_OK;
}

bp_status aggregate_combine(aggregate_sink *sink, bp_error *err)
{
    if (sink->set_count > 1) qsort(sink->sets, sink->set_count, sizeof *sink->sets, by_morsel);
    if (sink->aside_count) return combine_into(sink, ROW_PARTITIONS, err);
    if (sink->set_count == 1 && group_total(sink) <= ORDERED_GROUPS) return BP_OK;
    return combine_into(sink, group_total(sink) > PARTITION_MINIMUM ? ROW_PARTITIONS : 1, err);
}

/* order ---------------------------------------------------------------------------------------------------------------------------- */
static bp_status order_part(void *data, size_t worker, uint64_t part, bp_error *err)
{
    (void)worker;
    return aggregate_set_order(((aggregate_sink *)data)->sets[part], err);
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
    for (size_t part = 0; part < sink->set_count; part++)
        for (size_t group = 0; group < sink->sets[part]->groups.count; group++)
            sink->order[at++] = (group_place){sink->sets[part]->groups.firsts[group], (uint32_t)part, (uint32_t)group};
    status = group_places_sort(sink->order, other, total, &sink->base.context->cancel, err);
done:
    memory_free(memory, other, (total + 1) * sizeof *other);
    return status;
}

bp_status aggregate_order(aggregate_sink *sink, bp_error *err)
{
    size_t total = group_total(sink);

    if (sink->set_count > 1 && total <= ORDERED_GROUPS) return order_all(sink, total, err);
    return parallel_for(sink->base.context, sink->set_count, order_part, sink, err);
}
