/* Skewness and kurtosis by central moments, combined by Pébay's formulas ("Formulas for Robust, One-Pass Parallel Computation of Covariances and Arbitrary-Order
 * Statistical Moments", 2008); sums with a second double for what the first lost (Neumaier 1974); geometric and weighted means. All depend on order in their
 * last bits, so states belong to morsels. */
#include "aggregate_rows.h"

#include <math.h>

/* central moments --------------------------------------------------------------------------------------------------------------------------- */
typedef struct shape_state {
    double count, mean;
    double second, third, fourth; /* sums of powers of the differences from the mean */
} shape_state;

AGGREGATE_INIT(shape_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(shape_state *)(void *)(states + i * stride) = (shape_state){0};
}

static void shape_join(shape_state *to, const shape_state *add)
{
    double a = to->count, b = add->count, n = a + b, delta = add->mean - to->mean, step = delta / n, square = step * step;

    if (b == 0) return;
    if (a == 0) {
        *to = *add;
        return;
    }
    to->fourth += add->fourth + delta * step * square * a * b * (a * a - a * b + b * b) +
                  6 * square * (a * a * add->second + b * b * to->second) + 4 * step * (a * add->third - b * to->third);
    to->third += add->third + delta * square * a * b * (a - b) + 3 * step * (a * add->second - b * to->second);
    to->second += add->second + delta * step * a * b;
    to->mean += step * b;
    to->count = n;
}

AGGREGATE_UPDATE(shape_update)
{
    (void)call, (void)argument_count, (void)err;
    for (size_t i = 0; i < rows; i++) {
        shape_state one = {.count = 1, .mean = argument_double(&arguments[0], row_at(&arguments[0], selection, i))};
        shape_join((shape_state *)(void *)state_at(states, stride, groups, i), &one);
    }
    return BP_OK;
}

AGGREGATE_COMBINE(shape_combine)
{
    (void)call, (void)err;
    for (size_t i = 0; i < count; i++)
        shape_join((shape_state *)(void *)(into + into_groups[i] * into_stride),
                   (const shape_state *)(const void *)(from + i * from_stride));
    return BP_OK;
}

/* Each gives NaN where there is no result. */
static double skewness_of(const shape_state *state)
{
    double n = state->count, variance = state->second / n;

    if (n <= 2) return NAN;
    return sqrt(n * (n - 1)) / (n - 2) * (state->third / n) / (variance * sqrt(variance));
}

static double kurtosis_pop_of(const shape_state *state)
{
    double n = state->count, variance = state->second / n;

    return n <= 1 ? NAN : state->fourth / n / (variance * variance) - 3;
}

static double kurtosis_of(const shape_state *state)
{
    double n = state->count;

    return n <= 3 ? NAN : (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * kurtosis_pop_of(state) + 6);
}

static bp_status shape_finish(const aggregate_state_call *call, const char *states, size_t stride, size_t count,
                              double (*figure)(const shape_state *state), column *out, arena *arena, bp_error *err)
{
    uint64_t *validity;

    if (!new_results(out, count, sizeof(double), &validity, arena)) return error_no_memory(err, call->context->memory, count * 8);
    for (size_t i = 0; i < count; i++) {
        double value = figure((const shape_state *)(const void *)(states + i * stride));
        ((double *)(uintptr_t)out->values)[i] = value;
        if (value != value) bitmap_unset(validity, i);
    }
    return BP_OK;
}

AGGREGATE_FINISH(skewness_finish)
{
    return shape_finish(call, states, stride, count, skewness_of, out, arena, err);
}

AGGREGATE_FINISH(kurtosis_finish)
{
    return shape_finish(call, states, stride, count, kurtosis_of, out, arena, err);
}

AGGREGATE_FINISH(kurtosis_pop_finish)
{
    return shape_finish(call, states, stride, count, kurtosis_pop_of, out, arena, err);
}

/* compensated sums --------------------------------------------------------------------------------------------------------------------------- */
typedef struct careful_state {
    double sum, lost;
    double weights, weights_lost; /* weighted_avg */
    uint64_t count;
} careful_state;

AGGREGATE_INIT(careful_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(careful_state *)(void *)(states + i * stride) = (careful_state){0};
}

static void careful_add(double *sum, double *lost, double value)
{
    double total = *sum + value;

    if (isfinite(total)) *lost += fabs(*sum) >= fabs(value) ? (*sum - total) + value : (value - total) + *sum;
    *sum = total;
}

AGGREGATE_UPDATE(careful_update)
{
    (void)call, (void)argument_count, (void)err;
    for (size_t i = 0; i < rows; i++) {
        careful_state *state = (careful_state *)(void *)state_at(states, stride, groups, i);
        careful_add(&state->sum, &state->lost, argument_double(&arguments[0], row_at(&arguments[0], selection, i)));
        state->count++;
    }
    return BP_OK;
}

AGGREGATE_UPDATE(geometric_update)
{
    (void)call, (void)argument_count, (void)err;
    for (size_t i = 0; i < rows; i++) {
        careful_state *state = (careful_state *)(void *)state_at(states, stride, groups, i);
        careful_add(&state->sum, &state->lost, log(argument_double(&arguments[0], row_at(&arguments[0], selection, i))));
        state->count++;
    }
    return BP_OK;
}

AGGREGATE_UPDATE(weighted_update)
{
    (void)call, (void)argument_count, (void)err;
    for (size_t i = 0; i < rows; i++) {
        careful_state *state = (careful_state *)(void *)state_at(states, stride, groups, i);
        double value = argument_double(&arguments[0], row_at(&arguments[0], selection, i));
        double weight = argument_double(&arguments[1], row_at(&arguments[1], selection, i));
        careful_add(&state->sum, &state->lost, value * weight);
        careful_add(&state->weights, &state->weights_lost, weight);
        state->count++;
    }
    return BP_OK;
}

AGGREGATE_COMBINE(careful_combine)
{
    (void)call, (void)err;
    for (size_t i = 0; i < count; i++) {
        careful_state *to = (careful_state *)(void *)(into + into_groups[i] * into_stride);
        const careful_state *add = (const careful_state *)(const void *)(from + i * from_stride);
        careful_add(&to->sum, &to->lost, add->sum);
        careful_add(&to->weights, &to->weights_lost, add->weights);
        to->lost += add->lost;
        to->weights_lost += add->weights_lost;
        to->count += add->count;
    }
    return BP_OK;
}

static double careful_sum(const careful_state *state)
{
    return isfinite(state->sum) ? state->sum + state->lost : state->sum;
}

static double careful_mean(const careful_state *state)
{
    return careful_sum(state) / (double)state->count;
}

static double geometric_mean(const careful_state *state)
{
    return exp(careful_mean(state));
}

static double weighted_mean(const careful_state *state)
{
    return careful_sum(state) / (isfinite(state->weights) ? state->weights + state->weights_lost : state->weights);
}

static bp_status careful_result(const aggregate_state_call *call, const char *states, size_t stride, size_t count,
                                double (*figure)(const careful_state *state), column *out, arena *arena, bp_error *err)
{
    uint64_t *validity;

    if (!new_results(out, count, sizeof(double), &validity, arena)) return error_no_memory(err, call->context->memory, count * 8);
    for (size_t i = 0; i < count; i++) {
        const careful_state *state = (const careful_state *)(const void *)(states + i * stride);
        ((double *)(uintptr_t)out->values)[i] = state->count ? figure(state) : 0;
        if (!state->count) bitmap_unset(validity, i);
    }
    return BP_OK;
}

AGGREGATE_FINISH(careful_sum_finish)
{
    return careful_result(call, states, stride, count, careful_sum, out, arena, err);
}

AGGREGATE_FINISH(careful_mean_finish)
{
    return careful_result(call, states, stride, count, careful_mean, out, arena, err);
}

AGGREGATE_FINISH(geometric_finish)
{
    return careful_result(call, states, stride, count, geometric_mean, out, arena, err);
}

AGGREGATE_FINISH(weighted_finish)
{
    return careful_result(call, states, stride, count, weighted_mean, out, arena, err);
}
