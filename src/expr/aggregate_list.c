/* Aggregates over all values of a group, of any type: list, mode, entropy, histogram, quantiles, mad. */
#include "aggregate_cells.h"

#include "column/concatenate.h"
#include "list_kernel.h"

#include <math.h>

static const cells_bind *bound(const aggregate_state_call *call)
{
    return call->bind_data;
}

static const cell_list *list_at_state(const char *states, size_t stride, size_t index)
{
    return (const cell_list *)(const void *)(states + index * stride);
}

static bp_status no_memory(const aggregate_state_call *call, size_t size, bp_error *err)
{
    return error_no_memory(err, call->context->memory, size);
}

/* collecting ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status new_bind(function_binding *binding, cells_bind **out, bp_error *err)
{
    cells_bind *made = arena_new(binding->pool->arena, cells_bind);

    if (!made) return error_no_memory(err, binding->pool->arena->memory, sizeof *made);
    made->type = expr_type(binding->pool, binding->arguments[0]);
    made->cells = cell_type(made->type);
    binding->wanted[0] = made->type;
    binding->bind_data = *out = made;
    return BP_OK;
}

AGGREGATE_INIT(cells_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(cell_list *)(void *)(states + i * stride) = (cell_list){0};
}

/* Values of 4 or 8 bytes without NULLs, which most are. */
#define ADD_PLAIN(type)                                                                                                            \
    for (size_t i = 0; i < rows && !status; i++) {                                                                                 \
        cell_list *list = (cell_list *)(void *)state_at(states, stride, groups, i);                                                \
        size_t row = row_at(in, selection, i);                                                                                     \
        if (list->count == list->capacity || list->nulls)                                                                          \
            status = cell_list_add(list, call, in, row, err);                                                                      \
        else                                                                                                                       \
            ((type *)(void *)list->cells)[list->count++] = ((const type *)in->values)[row];                                        \
    }

static bool is_plain(const column *in, size_t width)
{
    physical_type physical = type_physical(in->type);

    return !in->validity && physical != PHYSICAL_BIT && physical != PHYSICAL_LIST && physical_width(physical) == width;
}

static bp_status add_plain(const aggregate_state_call *call, char *states, size_t stride, const uint32_t *groups, const column *in,
                           const uint32_t *selection, size_t rows, bp_error *err)
{
    bp_status status = BP_OK;

    if (is_plain(in, 8))
        ADD_PLAIN(uint64_t)
    else
        ADD_PLAIN(uint32_t)
    return status;
}

AGGREGATE_UPDATE(cells_update)
{
    column cells;
    arena scratch;
    bp_status status;

    (void)argument_count;
    if (is_plain(&arguments[0], 8) || is_plain(&arguments[0], 4))
        return add_plain(call, states, stride, groups, &arguments[0], selection, rows, err);
    arena_init(&scratch, call->context->memory);
    status = cells_from(&cells, &arguments[0], arguments[0].length, &scratch, err);
    for (size_t i = 0; i < rows && !status; i++)
        status = cell_list_add((cell_list *)(void *)state_at(states, stride, groups, i), call, &cells, row_at(&cells, selection, i),
                               err);
    arena_clear(&scratch);
    return status;
}

AGGREGATE_COMBINE(cells_combine)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < count && !status; i++)
        status = cell_list_append((cell_list *)(void *)(into + into_groups[i] * into_stride), call, bound(call)->cells,
                                  list_at_state(from, from_stride, i), err);
    return status;
}

/* A LIST column of the values of each group's list; entries over all of them joined. */
static bp_status join_lists(const aggregate_state_call *call, column *parts, size_t count, data_type type, column *out,
                            arena *arena, bp_error *err)
{
    const column **list = arena_new_array(arena, const column *, count + 1);
    list_entry *entries = arena_new_array(arena, list_entry, count + 4);
    column *child = arena_new(arena, column), joined;
    size_t total = 0;
    bp_status status;

    if (!list || !entries || !child) return no_memory(call, count * sizeof *entries, err);
    for (size_t i = 0; i < count; i++) {
        list[i] = &parts[i];
        if (total + parts[i].length > UINT32_MAX) return error_set(err, BP_LIMIT, "lists of over 4,294,967,295 elements in all");
        entries[i] = (list_entry){(uint32_t)total, (uint32_t)parts[i].length};
        total += parts[i].length;
    }
    if ((status = column_concatenate(&joined, cell_type(type), list, count, arena, err))) return status;
    if ((status = cells_to(child, type, &joined, arena, err))) return status;
    out->values = entries;
    out->children = child;
    out->child_count = 1;
    return BP_OK;
}

/* list(x) ----------------------------------------------------------------------------------------------------------------------------------------- */
bp_status bind_list_of(function_binding *binding, bp_error *err)
{
    cells_bind *made;
    bp_status status = new_bind(binding, &made, err);

    if (status) return status;
    return list_type_of(&binding->result, made->type, binding->pool->arena)
               ? BP_OK
               : error_no_memory(err, binding->pool->arena->memory, sizeof(data_type));
}

/* Groups without a row are NULL. */
AGGREGATE_FINISH(list_finish)
{
    column *parts = arena_new_array(arena, column, count + 1);
    uint64_t *validity = arena_allocate(arena, (bitmap_words(count) + 1) * 8);
    bp_status status;

    if (!parts || !validity) return no_memory(call, count * sizeof *parts, err);
    memset(validity, 0xff, (bitmap_words(count) + 1) * 8);
    for (size_t i = 0; i < count; i++) {
        const cell_list *list = list_at_state(states, stride, i);
        if ((status = cell_list_column(&parts[i], bound(call)->cells, list, arena, err))) return status;
        if (list->count == 0) bitmap_unset(validity, i);
    }
    *out = (column){.length = count, .validity = validity};
    return join_lists(call, parts, count, bound(call)->type, out, arena, err);
}

/* runs of equal values ------------------------------------------------------------------------------------------------------------------------- */
typedef struct value_runs {
    column cells;
    uint32_t *order; /* the cells by value */
} value_runs;

static bp_status runs_of(value_runs *out, const aggregate_state_call *call, const cell_list *list, arena *arena, bp_error *err)
{
    bp_status status = cell_list_column(&out->cells, bound(call)->cells, list, arena, err);

    if (status) return status;
    return cell_list_order(&out->order, call, &out->cells, arena, err);
}

/* The end of the run that begins at `begin`. */
static bp_status run_end(size_t *out, const aggregate_state_call *call, const value_runs *runs, size_t begin, bp_error *err)
{
    size_t end = begin;
    bp_status status;

    do {
        if (end % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
        end++;
    } while (end < runs->cells.length && column_value_equal(&runs->cells, runs->order[begin], &runs->cells, runs->order[end]));
    *out = end;
    return BP_OK;
}

/* One value a group, cell `picked[i]` of its list (UINT32_MAX: NULL). */
static bp_status pick_values(const aggregate_state_call *call, const column *cells, const uint32_t *picked, size_t count,
                             column *out, arena *arena, bp_error *err)
{
    const column **parts = arena_new_array(arena, const column *, count + 1);
    column *ones = arena_new_array(arena, column, count + 1), joined;
    bp_status status;

    if (!parts || !ones) return no_memory(call, count * sizeof *ones, err);
    for (size_t i = 0; i < count; i++) {
        column nulls = column_nulls(bound(call)->cells, 1);
        if ((status = picked[i] == UINT32_MAX ? column_flatten(&ones[i], &nulls, arena, err)
                                              : column_slice(&ones[i], &cells[i], picked[i], 1, arena, err)))
            return status;
        parts[i] = &ones[i];
    }
    if ((status = column_concatenate(&joined, bound(call)->cells, parts, count, arena, err))) return status;
    return cells_to(out, bound(call)->type, &joined, arena, err);
}

/* mode: the most frequent value; of several the one that came first. */
bp_status bind_mode(function_binding *binding, bp_error *err)
{
    cells_bind *made;
    bp_status status = new_bind(binding, &made, err);

    binding->result = made ? made->type : binding->result;
    return status;
}

AGGREGATE_FINISH(mode_finish)
{
    column *cells = arena_new_array(arena, column, count + 1);
    uint32_t *picked = arena_new_array(arena, uint32_t, count + 1);
    bp_status status;

    if (!cells || !picked) return no_memory(call, count * sizeof *cells, err);
    for (size_t i = 0; i < count; i++) {
        value_runs runs;
        size_t most = 0;
        picked[i] = UINT32_MAX;
        if ((status = runs_of(&runs, call, list_at_state(states, stride, i), arena, err))) return status;
        cells[i] = runs.cells;
        for (size_t begin = 0, end; begin < runs.cells.length; begin = end) {
            if ((status = run_end(&end, call, &runs, begin, err))) return status;
            if (end - begin < most || (end - begin == most && runs.order[begin] > picked[i])) continue;
            most = end - begin;
            picked[i] = runs.order[begin];
        }
    }
    return pick_values(call, cells, picked, count, out, arena, err);
}

/* entropy: of the values' frequencies, in bits. Runs go in order of value, so the sum has the same bits whatever came first. */
bp_status bind_entropy(function_binding *binding, bp_error *err)
{
    cells_bind *made;

    return new_bind(binding, &made, err);
}

AGGREGATE_FINISH(entropy_finish)
{
    uint64_t *validity;
    double *to;
    bp_status status;

    if (!new_results(out, count, sizeof(double), &validity, arena)) return no_memory(call, count * 8, err);
    to = (double *)(uintptr_t)out->values;
    out->validity = NULL;
    for (size_t i = 0; i < count; i++) {
        value_runs runs;
        if ((status = runs_of(&runs, call, list_at_state(states, stride, i), arena, err))) return status;
        to[i] = 0;
        for (size_t begin = 0, end; begin < runs.cells.length; begin = end) {
            double share;
            if ((status = run_end(&end, call, &runs, begin, err))) return status;
            share = (double)(end - begin) / (double)runs.cells.length;
            to[i] -= share * log2(share);
        }
        if (to[i] == 0) to[i] = 0; /* no -0.0 */
    }
    return BP_OK;
}

/* histogram: a map of each value to how often it is there, in order of value. */
bp_status bind_histogram(function_binding *binding, bp_error *err)
{
    arena *arena = binding->pool->arena;
    type_detail *pair = arena_new(arena, type_detail);
    data_type *types = arena_new_array(arena, data_type, 2), row = type_of(TYPE_STRUCT);
    string_view *names = arena_new_array(arena, string_view, 2);
    cells_bind *made;
    bp_status status;

    if (!pair || !types || !names) return error_no_memory(err, arena->memory, sizeof *pair);
    if ((status = new_bind(binding, &made, err))) return status;
    types[0] = made->type, types[1] = type_of(TYPE_UINT64);
    names[0] = STRING_VIEW("key"), names[1] = STRING_VIEW("value");
    *pair = (type_detail){.child_count = 2, .children = types, .names = names};
    row.detail = pair;
    made->by = row;
    if (!list_type_of(&binding->result, row, arena)) return error_no_memory(err, arena->memory, sizeof row);
    binding->result.id = TYPE_MAP;
    return BP_OK;
}

/* The first cell of each run, and the runs' lengths behind *counts. */
static bp_status histogram_of(const aggregate_state_call *call, const cell_list *list, column *keys, uint64_t *counts, arena *arena,
                              bp_error *err)
{
    value_runs runs;
    size_t kept = 0;
    bp_status status;

    if ((status = runs_of(&runs, call, list, arena, err))) return status;
    for (size_t begin = 0, end; begin < runs.cells.length; begin = end) {
        if ((status = run_end(&end, call, &runs, begin, err))) return status;
        counts[kept] = end - begin;
        runs.order[kept++] = runs.order[begin];
    }
    if ((status = column_gather(keys, &runs.cells, runs.order, kept, arena, err))) return status;
    return column_flatten(keys, keys, arena, err);
}

AGGREGATE_FINISH(histogram_finish)
{
    column *keys = arena_new_array(arena, column, count + 1), *fields = arena_new_array(arena, column, 2),
           *pairs = arena_new(arena, column), lists = {0};
    uint64_t *validity = arena_allocate(arena, (bitmap_words(count) + 1) * 8), *counts;
    size_t total = 0, at = 0;
    bp_status status;

    for (size_t i = 0; i < count; i++) total += list_at_state(states, stride, i)->count;
    counts = arena_new_array(arena, uint64_t, total + 8);
    if (!keys || !fields || !pairs || !validity || !counts) return no_memory(call, total * 8, err);
    memset(validity, 0xff, (bitmap_words(count) + 1) * 8);
    for (size_t i = 0; i < count; i++) {
        const cell_list *list = list_at_state(states, stride, i);
        if ((status = histogram_of(call, list, &keys[i], counts + at, arena, err))) return status;
        at += keys[i].length;
        if (list->count == 0) bitmap_unset(validity, i);
    }
    if ((status = join_lists(call, keys, count, bound(call)->type, &lists, arena, err))) return status;
    fields[0] = lists.children[0];
    fields[1] = (column){.type = type_of(TYPE_UINT64), .length = at, .values = counts};
    *pairs = (column){.length = at, .children = fields, .child_count = 2};
    pairs->type = bound(call)->by; /* the pair's type, as bind_histogram left it */
    *out = (column){.length = count, .validity = validity, .values = lists.values, .children = pairs, .child_count = 1};
    return BP_OK;
}

/* quantiles ------------------------------------------------------------------------------------------------------------------------------------------ */
/* How quantiles between two values are computed. */
static bool is_interpolated(data_type type)
{
    return type_is_numeric(type) || type.id == TYPE_DATE || type.id == TYPE_TIMESTAMP || type.id == TYPE_TIMESTAMP_TZ ||
           type.id == TYPE_TIME;
}

static bp_status read_fractions(function_binding *binding, cells_bind *made, bp_error *err)
{
    expr_pool *pool = binding->pool;
    data_type wanted = type_of(TYPE_FLOAT64), given = expr_type(pool, binding->arguments[1]);
    const column *value, *numbers;
    list_entry entry = {0, 1};
    double *fractions;
    expr_id cast;
    bp_status status;

    made->many = given.id == TYPE_LIST || given.id == TYPE_ARRAY;
    if (made->many && !list_type_of(&wanted, type_of(TYPE_FLOAT64), pool->arena))
        return error_no_memory(err, pool->arena->memory, sizeof wanted);
    if (!expr_is_constant(pool, binding->arguments[1]))
        return error_set(err, BP_BIND_ERROR, "a quantile's fraction must be a constant");
    if ((status = expr_cast(&cast, pool, binding->arguments[1], wanted, false, err))) return status;
    if ((status = expr_constant_value(&value, pool, cast, err))) return status;
    if (column_is_null(value, 0)) return error_set(err, BP_BIND_ERROR, "a quantile's fraction cannot be NULL");
    numbers = made->many ? value->children : value;
    if (made->many) entry = *(const list_entry *)value->values;
    fractions = arena_new_array(pool->arena, double, entry.size + 1);
    if (!fractions) return error_no_memory(err, pool->arena->memory, entry.size * sizeof *fractions);
    for (size_t i = 0; i < entry.size; i++) {
        if (!column_is_null(numbers, entry.offset + i)) fractions[i] = ((const double *)numbers->values)[entry.offset + i];
        if (column_is_null(numbers, entry.offset + i) || !(fractions[i] >= -1 && fractions[i] <= 1))
            return error_set(err, BP_BIND_ERROR, "QUANTILE can only take parameters in the range [-1, 1]");
    }
    made->fractions = fractions;
    made->fraction_count = entry.size;
    binding->wanted[1] = wanted;
    return BP_OK;
}

/* Dates become timestamps and integers doubles where values between two are wanted. */
static bp_status bind_quantile_of(function_binding *binding, bool between, bool has_fraction, bp_error *err)
{
    static const double half[1] = {0.5};
    data_type type = expr_type(binding->pool, binding->arguments[0]), result;
    cells_bind *made;
    bp_status status;

    if ((status = new_bind(binding, &made, err))) return status;
    if (type.id == TYPE_NULL) made->type = made->cells = binding->wanted[0] = type = type_of(TYPE_INT32);
    if (between && type_is_numeric(type) && type.id != TYPE_DECIMAL) type = type_of(TYPE_FLOAT64);
    if (between && type.id == TYPE_DATE) type = type_of(TYPE_TIMESTAMP);
    if (between && type.id == TYPE_DECIMAL && type.precision > 38)
        return error_set(err, BP_NOT_SUPPORTED, "quantiles of decimals of over 38 digits are not there");
    made->type = binding->wanted[0] = type;
    made->cells = cell_type(type);
    made->fractions = half;
    made->fraction_count = 1;
    if (has_fraction && (status = read_fractions(binding, made, err))) return status;
    result = type;
    if (made->many && !list_type_of(&result, type, binding->pool->arena))
        return error_no_memory(err, binding->pool->arena->memory, sizeof result);
    binding->result = result;
    return BP_OK;
}

bp_status bind_quantile_disc(function_binding *binding, bp_error *err)
{
    return bind_quantile_of(binding, false, true, err);
}

bp_status bind_quantile_cont(function_binding *binding, bp_error *err)
{
    if (!is_interpolated(expr_type(binding->pool, binding->arguments[0])) &&
        expr_type(binding->pool, binding->arguments[0]).id != TYPE_NULL)
        return error_set(err, BP_BIND_ERROR, "quantile_cont() takes numbers, dates and times; use quantile_disc()");
    return bind_quantile_of(binding, true, true, err);
}

/* median of what has no middle between two values is one of the values. */
bp_status bind_median(function_binding *binding, bp_error *err)
{
    return bind_quantile_of(binding, is_interpolated(expr_type(binding->pool, binding->arguments[0])), false, err);
}

/* A negative fraction counts from the greatest value down. */
static uint32_t discrete_place(const value_runs *runs, double fraction)
{
    size_t count = runs->cells.length, index = (size_t)ceil(fabs(fraction) * (double)count);

    if (index) index--;
    return runs->order[signbit(fraction) ? count - 1 - index : index];
}

/* low + (high - low) * share in 128 bits: decimals round half away from zero, times are cut. */
static int128 between_integers(int128 low, int128 high, double share, bool round_half)
{
    double part = (double)(high - low) * share;

    return low + (int128)(round_half ? round(part) : part);
}

static void put_between(column *out, size_t to, const value_runs *runs, double fraction)
{
    size_t count = runs->cells.length, low, high;
    double place = fabs(fraction) * (double)(count - 1), share;
    uint32_t first, second;

    low = (size_t)floor(place), high = (size_t)ceil(place);
    share = place - (double)low;
    first = runs->order[signbit(fraction) ? count - 1 - low : low];
    second = runs->order[signbit(fraction) ? count - 1 - high : high];
    switch (type_physical(out->type)) {
    case PHYSICAL_FLOAT64: {
        const double *values = runs->cells.values;
        double a = values[first], b = values[second];
        ((double *)(uintptr_t)out->values)[to] = low == high ? a : a + (b - a) * share;
        break;
    }
    case PHYSICAL_INT64: {
        const int64_t *values = runs->cells.values;
        ((int64_t *)(uintptr_t)out->values)[to] =
            low == high ? values[first]
                        : (int64_t)between_integers(values[first], values[second], share, out->type.id == TYPE_DECIMAL);
        break;
    }
    default: {
        const int128 *values = runs->cells.values;
        ((int128 *)(uintptr_t)out->values)[to] =
            low == high ? values[first] : between_integers(values[first], values[second], share, true);
    }
    }
}

/* mad: the median distance from the median. ------------------------------------------------------------------------------------------------- */
bp_status bind_mad(function_binding *binding, bp_error *err)
{
    data_type type = expr_type(binding->pool, binding->arguments[0]);
    bp_status status;

    if (type.id != TYPE_NULL && !is_interpolated(type))
        return error_set(err, BP_BIND_ERROR, "mad() takes numbers, dates and times");
    status = bind_quantile_of(binding, true, false, err);
    if (!type_is_numeric(binding->result)) binding->result = type_of(TYPE_INTERVAL);
    return status;
}

#define DISTANCES(type, absolute)                                                                                                  \
    do {                                                                                                                           \
        type *distances = arena_allocate(arena, (runs.cells.length + 1) * sizeof *distances);                                      \
        type middle = *(const type *)out->values;                                                                                  \
        if (!distances) return no_memory(call, runs.cells.length * sizeof *distances, err);                                        \
        for (size_t i = 0; i < runs.cells.length; i++) {                                                                           \
            type value = ((const type *)runs.cells.values)[i];                                                                     \
            distances[i] = (absolute);                                                                                             \
        }                                                                                                                          \
        runs.cells.values = distances;                                                                                             \
    } while (0)

/* `out` holds the median, and gets the median distance. */
static bp_status median_distance(const aggregate_state_call *call, const cell_list *list, column *out, arena *arena, bp_error *err)
{
    value_runs runs;
    bp_status status;

    if ((status = runs_of(&runs, call, list, arena, err))) return status;
    put_between(out, 0, &runs, 0.5);
    switch (type_physical(out->type)) {
    case PHYSICAL_FLOAT64: DISTANCES(double, fabs(value - middle)); break;
    case PHYSICAL_INT64: DISTANCES(int64_t, value > middle ? value - middle : middle - value); break;
    default: DISTANCES(int128, value > middle ? value - middle : middle - value); break;
    }
    if ((status = cell_list_order(&runs.order, call, &runs.cells, arena, err))) return status;
    put_between(out, 0, &runs, 0.5);
    return BP_OK;
}

/* Distances of times as intervals of days and less. */
static bp_status put_spans(const aggregate_state_call *call, const column *parts, const uint32_t *picked, size_t count, column *out,
                           arena *arena, bp_error *err)
{
    const int64_t day = 86400000000, scale[] = {[UNIT_SECOND] = 1000000, [UNIT_MILLI] = 1000, [UNIT_MICRO] = 1, [UNIT_NANO] = 1};
    uint64_t *validity;

    if (!new_results(out, count, sizeof(interval), &validity, arena)) return no_memory(call, count * sizeof(interval), err);
    for (size_t i = 0; i < count; i++) {
        int64_t distance = picked[i] == UINT32_MAX ? 0 : *(const int64_t *)parts[i].values, micros;
        micros = parts[i].type.unit == UNIT_NANO ? distance / 1000 : distance;
        if (__builtin_mul_overflow(micros, scale[parts[i].type.unit], &micros))
            return error_set(err, BP_OUT_OF_RANGE, "mad(): the distance does not fit an interval");
        ((interval *)(uintptr_t)out->values)[i] = (interval){.days = (int32_t)(micros / day), .micros = micros % day};
        if (picked[i] == UINT32_MAX) bitmap_unset(validity, i);
    }
    return BP_OK;
}

AGGREGATE_FINISH(mad_finish)
{
    column *parts = arena_new_array(arena, column, count + 1);
    uint32_t *picked = arena_new_array(arena, uint32_t, count + 1);
    bp_status status;

    if (!parts || !picked) return no_memory(call, count * sizeof *parts, err);
    for (size_t i = 0; i < count; i++) {
        const cell_list *list = list_at_state(states, stride, i);
        int128 *value = arena_new(arena, int128);
        if (!value) return no_memory(call, sizeof *value, err);
        parts[i] = (column){.type = bound(call)->cells, .length = 1, .values = value};
        if (list->count == 0)
            picked[i] = UINT32_MAX;
        else if ((status = median_distance(call, list, &parts[i], arena, err)))
            return status;
    }
    if (!type_is_numeric(bound(call)->type)) return put_spans(call, parts, picked, count, out, arena, err);
    return pick_values(call, parts, picked, count, out, arena, err);
}

/* The quantiles of one group as a FLAT column of cells. */
static bp_status quantiles_of(const aggregate_state_call *call, const cell_list *list, bool between, column *out, arena *arena,
                              bp_error *err)
{
    const cells_bind *bind = bound(call);
    size_t wanted = bind->fraction_count;
    uint32_t *places = arena_new_array(arena, uint32_t, wanted + 1);
    void *values = arena_allocate_zeroed(arena, wanted * 16 + 16);
    value_runs runs;
    bp_status status;

    if (!places || !values) return no_memory(call, wanted * 16, err);
    if ((status = runs_of(&runs, call, list, arena, err))) return status;
    if (between) {
        *out = (column){.type = bind->cells, .length = wanted, .values = values};
        for (size_t i = 0; i < wanted; i++) put_between(out, i, &runs, bind->fractions[i]);
        return BP_OK;
    }
    for (size_t i = 0; i < wanted; i++) places[i] = discrete_place(&runs, bind->fractions[i]);
    if ((status = column_gather(out, &runs.cells, places, wanted, arena, err))) return status;
    return column_flatten(out, out, arena, err);
}

/* One quantile a group of doubles. */
static bp_status finish_doubles(const aggregate_state_call *call, const char *states, size_t stride, size_t count, column *out,
                                arena *arena, bp_error *err)
{
    memory *memory = call->context->memory;
    uint64_t *validity, *room;
    size_t most = 1;
    bp_status status = BP_OK;

    if (!new_results(out, count, sizeof(double), &validity, arena)) return no_memory(call, count * 8, err);
    for (size_t i = 0; i < count; i++) {
        size_t values = list_at_state(states, stride, i)->count;
        most = values > most ? values : most;
    }
    room = memory_allocate(memory, most * sizeof *room);
    if (!room) return no_memory(call, most * sizeof *room, err);
    for (size_t i = 0; i < count && !status; i++) {
        const cell_list *list = list_at_state(states, stride, i);
        double *result = (double *)(uintptr_t)out->values + i;
        *result = 0;
        if (list->count == 0)
            bitmap_unset(validity, i);
        else
            status = double_quantile(result, (const double *)(const void *)list->cells, list->count, bound(call)->fractions[0],
                                     room, &call->context->cancel, err);
    }
    memory_free(memory, room, most * sizeof *room);
    return status;
}

static bp_status finish_quantiles(const aggregate_state_call *call, const char *states, size_t stride, size_t count, bool between,
                                  column *out, arena *arena, bp_error *err)
{
    const cells_bind *bind = bound(call);
    column *parts;
    uint32_t *picked;
    uint64_t *validity;
    bp_status status;

    if (between && !bind->many && type_physical(bind->cells) == PHYSICAL_FLOAT64)
        return finish_doubles(call, states, stride, count, out, arena, err);
    parts = arena_new_array(arena, column, count + 1);
    picked = arena_new_array(arena, uint32_t, count + 1);
    validity = arena_allocate(arena, (bitmap_words(count) + 1) * 8);
    if (!parts || !picked || !validity) return no_memory(call, count * sizeof *parts, err);
    memset(validity, 0xff, (bitmap_words(count) + 1) * 8);
    for (size_t i = 0; i < count; i++) {
        const cell_list *list = list_at_state(states, stride, i);
        parts[i] = column_nulls(bind->cells, 0);
        parts[i].encoding = COLUMN_FLAT;
        if (list->count == 0) {
            bitmap_unset(validity, i);
            picked[i] = UINT32_MAX;
        } else if ((status = quantiles_of(call, list, between, &parts[i], arena, err))) {
            return status;
        }
    }
    if (!bind->many) return pick_values(call, parts, picked, count, out, arena, err);
    *out = (column){.length = count, .validity = validity};
    return join_lists(call, parts, count, bind->type, out, arena, err);
}

AGGREGATE_FINISH(quantile_disc_finish)
{
    return finish_quantiles(call, states, stride, count, false, out, arena, err);
}

AGGREGATE_FINISH(quantile_cont_finish)
{
    return finish_quantiles(call, states, stride, count, true, out, arena, err);
}

AGGREGATE_FINISH(median_finish)
{
    return finish_quantiles(call, states, stride, count, is_interpolated(bound(call)->type), out, arena, err);
}
