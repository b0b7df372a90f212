/* range() and generate_series() as values: lists of BIGINT or TIMESTAMP. */
#include "list_kernel.h"

#define MOST_NUMBERS ((uint64_t)1 << 28)

static bp_status too_long(bp_error *err)
{
    return error_set(err, BP_OUT_OF_RANGE, "range(): a list may have at most %llu numbers; use range() in FROM",
                     (unsigned long long)MOST_NUMBERS);
}

/* How many numbers lie from `start` to `end`. A step of 0 leads nowhere. */
static BP_WRAPS uint64_t numbers_between(int64_t start, int64_t end, int64_t step, bool inclusive)
{
    uint64_t width = step > 0 ? (uint64_t)step : 0 - (uint64_t)step, span;

    if (step == 0 || (step > 0 ? start > end : start < end) || (!inclusive && start == end)) return 0;
    span = step > 0 ? (uint64_t)end - (uint64_t)start : (uint64_t)start - (uint64_t)end;
    return inclusive ? span / width + 1 : (span - 1) / width + 1;
}

typedef struct row_range {
    int64_t start, step;
    uint64_t count;
} row_range;

static row_range range_of_row(const column *arguments, size_t count, size_t row, bool inclusive)
{
    int64_t start = count == 1 ? 0 : VALUE(&arguments[0], int64_t, row), end = VALUE(&arguments[count > 1], int64_t, row);
    int64_t step = count == 3 ? VALUE(&arguments[2], int64_t, row) : 1;

    return (row_range){start, step, numbers_between(start, end, step, inclusive)};
}

static BP_WRAPS bp_status number_lists(const function_call *call, const column *arguments, size_t count, bool inclusive,
                                       column *out, bp_error *err)
{
    list_entry *entries = arena_new_array(call->arena, list_entry, call->rows + 4);
    column numbers = {.type = type_of(TYPE_INT64)};
    uint64_t total = 0;
    int64_t *to;

    if (!entries) return call_no_memory(call, call->rows * sizeof *entries, err);
    for (size_t row = 0; row < call->rows; row++) {
        uint64_t size = call_skips(call, row) ? 0 : range_of_row(arguments, count, row, inclusive).count;
        if (size > MOST_NUMBERS || total + size >= UINT32_MAX) return too_long(err);
        entries[row] = (list_entry){(uint32_t)total, (uint32_t)size};
        total += size;
    }
    to = arena_allocate_aligned(call->arena, (size_t)total * 8 + 64, 64);
    if (!to) return call_no_memory(call, (size_t)total * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        row_range range = {0};
        bp_status status = cancel_check(&call->context->cancel, err);
        if (status) return status;
        if (entries[row].size) range = range_of_row(arguments, count, row, inclusive);
        for (uint64_t i = 0; i < range.count; i++) {
            if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
            to[entries[row].offset + i] = (int64_t)((uint64_t)range.start + i * (uint64_t)range.step);
        }
    }
    numbers.length = (size_t)total;
    numbers.values = to;
    return list_result(call, entries, &numbers, out, err);
}

KERNEL(list_range)
{
    return number_lists(call, arguments, count, false, out, err);
}

KERNEL(list_series)
{
    return number_lists(call, arguments, count, true, out, err);
}

/* timestamps ------------------------------------------------------------------------------------------------------------------------------- */
static bool interval_is_zero(interval value)
{
    return value.months == 0 && value.days == 0 && value.micros == 0;
}

static bool interval_goes_back(interval step, bool *mixed)
{
    bool up = step.months > 0 || step.days > 0 || step.micros > 0, down = step.months < 0 || step.days < 0 || step.micros < 0;

    *mixed = up && down;
    return down;
}

/* The instants of one row, appended to *values of *capacity. */
typedef struct instants {
    int64_t *values;
    size_t count, capacity;
} instants;

static bp_status add_instant(const function_call *call, instants *all, int64_t value, bp_error *err)
{
    size_t wanted = all->capacity ? all->capacity * 2 : 256;
    int64_t *larger;
    bp_status status;

    if (all->count % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
    if (all->count >= MOST_NUMBERS) return too_long(err);
    if (all->count == all->capacity) {
        larger = arena_allocate(call->arena, wanted * sizeof *larger);
        if (!larger) return call_no_memory(call, wanted * sizeof *larger, err);
        if ((status = cancel_copy(call->context->memory, larger, all->values, all->count * sizeof *larger, err))) return status;
        all->values = larger;
        all->capacity = wanted;
    }
    all->values[all->count++] = value;
    return BP_OK;
}

static bp_status add_instants(const function_call *call, instants *all, int64_t start, int64_t end, interval step, bool inclusive,
                              bp_error *err)
{
    bool mixed, back = interval_goes_back(step, &mixed);
    bp_status status;

    if (interval_is_zero(step)) return BP_OK;
    if (mixed) return error_set(err, BP_OUT_OF_RANGE, "range(): the parts of the step must all go forwards or all backwards");
    if (start == INT64_MAX || start == -INT64_MAX || end == INT64_MAX || end == -INT64_MAX)
        return error_set(err, BP_OUT_OF_RANGE, "range(): a series cannot begin or end at infinity");
    for (int64_t at = start; inclusive && at == end ? true : back ? at > end : at < end;) {
        if ((status = add_instant(call, all, at, err))) return status;
        if (!timestamp_add_interval(at, step, &at)) break;
    }
    return BP_OK;
}

static bp_status instant_lists(const function_call *call, const column *arguments, bool inclusive, column *out, bp_error *err)
{
    list_entry *entries = arena_new_array(call->arena, list_entry, call->rows + 4);
    column values = {.type = list_element_type(out->type)};
    instants all = {0};
    bp_status status;

    if (!entries) return call_no_memory(call, call->rows * sizeof *entries, err);
    for (size_t row = 0; row < call->rows; row++) {
        size_t begin = all.count;
        if (!call_skips(call, row) &&
            (status = add_instants(call, &all, VALUE(&arguments[0], int64_t, row), VALUE(&arguments[1], int64_t, row),
                                   VALUE(&arguments[2], interval, row), inclusive, err)))
            return status;
        entries[row] = (list_entry){(uint32_t)begin, (uint32_t)(all.count - begin)};
    }
    values.length = all.count;
    values.values = all.values ? (const void *)all.values : (const void *)entries;
    return list_result(call, entries, &values, out, err);
}

/* Dates are taken as their midnights. */
bp_status bind_range_of_dates(function_binding *binding, bp_error *err)
{
    (void)err;
    binding->wanted[0] = binding->wanted[1] = type_of(TYPE_TIMESTAMP);
    return BP_OK;
}

KERNEL(list_range_times)
{
    (void)count;
    return instant_lists(call, arguments, false, out, err);
}

KERNEL(list_series_times)
{
    (void)count;
    return instant_lists(call, arguments, true, out, err);
}
