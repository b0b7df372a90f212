/* DISTINCT and ORDER BY inside aggregates over windows: the rows are put in order once by the arguments (equal ones get the same class) and once by the
 * keys (a row's rank is its place); a frame then only compares numbers. */
#include "window_internal.h"

#include <stdlib.h>

/* The rows in order of the partitions, then of `count` children from `first` on. */
static bp_status order_by(row_order *out, const window_work *work, size_t first, size_t count, const sort_key *flags, bp_error *err)
{
    const window_call *call = work->spec->call;
    size_t total = call->partition_count + count;
    sort_spec *specs = memory_allocate_array(work->context->memory, total, sizeof *specs);
    bp_status status;

    if (!specs) return error_no_memory(err, work->context->memory, total * sizeof *specs);
    for (size_t i = 0; i < call->partition_count; i++) specs[i].column = work->spec->columns[call->own_count + i];
    for (size_t i = 0; i < count; i++)
        specs[call->partition_count + i] = (sort_spec){.column = work->spec->columns[first + i],
                                                       .descending = flags && flags[i].descending,
                                                       .nulls_first = flags && flags[i].nulls_first};
    status = row_order_init(out, work->context, work->schema, work->all, specs, call->partition_count, total, err);
    memory_free(work->context->memory, specs, total * sizeof *specs);
    return status;
}

static bp_status find_classes(argument_order *out, const window_work *work, bp_error *err)
{
    row_order order;
    uint32_t class = 0;
    bp_status status = order_by(&order, work, 0, work->spec->call->aggregate->argument_count, NULL, err);

    if (status) return status;
    out->classes = memory_allocate(out->memory, out->row_count * sizeof(uint32_t));
    if (!out->classes) status = error_no_memory(err, out->memory, out->row_count * sizeof(uint32_t));
    for (size_t place = 0; place < out->row_count && !status; place++) {
        class += (order.begins[place] & ROW_BEGINS_PEERS) != 0;
        out->classes[order.rows[place]] = class;
    }
    row_order_clear(&order);
    return status;
}

static bp_status find_ranks(argument_order *out, const window_work *work, bp_error *err)
{
    const aggregate_call *call = work->spec->call->aggregate;
    row_order order;
    bp_status status = order_by(&order, work, call->argument_count + call->has_filter, call->order_count, call->order, err);

    if (status) return status;
    out->ranks = memory_allocate(out->memory, out->row_count * sizeof(uint32_t));
    if (!out->ranks) status = error_no_memory(err, out->memory, out->row_count * sizeof(uint32_t));
    for (size_t place = 0; place < out->row_count && !status; place++) out->ranks[order.rows[place]] = (uint32_t)place;
    row_order_clear(&order);
    return status;
}

bp_status argument_order_init(argument_order *out, const window_work *work, bool distinct, bool ordered, bp_error *err)
{
    bp_status status = BP_OK;

    *out = (argument_order){.memory = work->context->memory, .row_count = work->all->row_count};
    if (distinct) status = find_classes(out, work, err);
    if (!status && ordered) status = find_ranks(out, work, err);
    if (status) argument_order_clear(out);
    return status;
}

void argument_order_clear(argument_order *order)
{
    if (!order->memory) return;
    memory_free(order->memory, order->classes, order->row_count * sizeof(uint32_t));
    memory_free(order->memory, order->ranks, order->row_count * sizeof(uint32_t));
    *order = (argument_order){0};
}

uint32_t argument_order_first(const argument_order *order, const uint32_t *rows, size_t begin, size_t end)
{
    uint32_t least = UINT32_MAX;

    if (!order->classes) return 0;
    for (size_t place = begin; place < end; place++)
        if (order->classes[rows[place]] < least) least = order->classes[rows[place]];
    return least;
}

static int by_number(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

size_t argument_order_apply(const argument_order *order, const uint32_t *rows, uint32_t *places, size_t count, uint32_t first_class,
                            uint32_t *marks, uint32_t mark, uint64_t *scratch)
{
    size_t kept = 0;

    for (size_t i = 0; order->classes && i < count; i++) {
        uint32_t class = order->classes[rows[places[i]]] - first_class;
        if (marks[class] == mark) continue;
        marks[class] = mark;
        places[kept++] = places[i];
    }
    if (order->classes) count = kept;
    if (!order->ranks) return count;
    for (size_t i = 0; i < count; i++) scratch[i] = (uint64_t)order->ranks[rows[places[i]]] << 32 | places[i];
    qsort(scratch, count, sizeof *scratch, by_number);
    for (size_t i = 0; i < count; i++) places[i] = (uint32_t)scratch[i];
    return count;
}
