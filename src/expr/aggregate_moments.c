/* Variance, covariance, correlation and regression: means and sums of products about them, by Welford's update, combined by Chan, Golub and LeVeque's formula ("Updating
 * Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979). Order matters for the last bits, so states belong to morsels. */
#include "aggregate_rows.h"

#include <math.h>

typedef struct moments_state {
    double count;
    double xy; /* sums of products of the differences from the means */
    double mean_x, mean_y; /* two and two, aligned to 16: pairs */
    double xx, yy;
} moments_state;

double argument_double(const column *argument, size_t row)
{
    return ((const double *)argument->values)[argument->encoding == COLUMN_CONSTANT ? 0 : row];
}

AGGREGATE_INIT(moments_init)
{
    (void)call;
    for (size_t i = 0; i < count; i++) *(moments_state *)(void *)(states + i * stride) = (moments_state){0};
}

AGGREGATE_UPDATE(moments_update)
{
    (void)call, (void)argument_count, (void)err;
    for (size_t i = 0; i < rows; i++) {
        moments_state *state = (moments_state *)(void *)state_at(states, stride, groups, i);
        double x = argument_double(&arguments[0], row_at(&arguments[0], selection, i)), delta = x - state->mean_x;
        state->count++;
        state->mean_x += delta / state->count;
        state->xx += delta * (x - state->mean_x);
    }
    return BP_OK;
}

typedef double double_pair
    __attribute__((vector_size(16))); /* of x, of y: one division for both, which takes longer than all else */

static inline void pair_add(moments_state *state, double_pair value)
{
    double_pair mean, squares, delta, after;

    memcpy(&mean, &state->mean_x, sizeof mean);
    memcpy(&squares, &state->xx, sizeof squares);
    state->count++;
    delta = value - mean;
    mean += delta / (double_pair){state->count, state->count};
    after = value - mean;
    squares += delta * after;
    state->xy += delta[0] * after[1];
    memcpy(&state->mean_x, &mean, sizeof mean);
    memcpy(&state->xx, &squares, sizeof squares);
}

/* Two arguments: y, x, as SQL has them. */
AGGREGATE_UPDATE(pair_update)
{
    (void)call, (void)argument_count, (void)err;
    for (size_t i = 0; i < rows; i++)
        pair_add((moments_state *)(void *)state_at(states, stride, groups, i),
                 (double_pair){argument_double(&arguments[1], row_at(&arguments[1], selection, i)),
                               argument_double(&arguments[0], row_at(&arguments[0], selection, i))});
    return BP_OK;
}

AGGREGATE_COMBINE(moments_combine)
{
    (void)call, (void)err;
    for (size_t i = 0; i < count; i++) {
        moments_state *to = (moments_state *)(void *)(into + into_groups[i] * into_stride);
        const moments_state *add = (const moments_state *)(const void *)(from + i * from_stride);
        double total = to->count + add->count, dx = add->mean_x - to->mean_x, dy = add->mean_y - to->mean_y, weight;
        if (add->count == 0) continue;
        if (to->count == 0) {
            *to = *add;
            continue;
        }
        weight = to->count * add->count / total;
        to->xx += add->xx + dx * dx * weight;
        to->yy += add->yy + dy * dy * weight;
        to->xy += add->xy + dx * dy * weight;
        to->mean_x += dx * add->count / total;
        to->mean_y += dy * add->count / total;
        to->count = total;
    }
    return BP_OK;
}

/* NULL below the least count, and where there is no value: `has_value` looks at the state and the result. */
#define MOMENTS_FINISH_WHERE(name, least, has_value, formula)                                                                      \
    AGGREGATE_FINISH(name)                                                                                                         \
    {                                                                                                                              \
        uint64_t *validity;                                                                                                        \
        if (!new_results(out, count, sizeof(double), &validity, arena))                                                            \
            return error_no_memory(err, call->context->memory, count * 8);                                                         \
        for (size_t i = 0; i < count; i++) {                                                                                       \
            const moments_state *s = (const moments_state *)(const void *)(states + i * stride);                                   \
            double result = s->count >= (least) ? (formula) : 0;                                                                   \
            ((double *)(uintptr_t)out->values)[i] = result;                                                                        \
            if (s->count < (least) || !(has_value)) bitmap_unset(validity, i);                                                     \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }
#define MOMENTS_FINISH(name, least, formula) MOMENTS_FINISH_WHERE(name, least, true, formula)

MOMENTS_FINISH(var_samp_finish, 2, s->xx / (s->count - 1))
MOMENTS_FINISH(var_pop_finish, 1, s->xx / s->count)
MOMENTS_FINISH(stddev_samp_finish, 2, sqrt(s->xx / (s->count - 1)))
MOMENTS_FINISH(stddev_pop_finish, 1, sqrt(s->xx / s->count))
MOMENTS_FINISH(sem_finish, 1, sqrt(s->xx / s->count) / sqrt(s->count))
MOMENTS_FINISH(covar_samp_finish, 2, s->xy / (s->count - 1))
MOMENTS_FINISH(covar_pop_finish, 1, s->xy / s->count)
MOMENTS_FINISH(corr_finish, 1, s->xy / sqrt(s->xx * s->yy))
MOMENTS_FINISH(regr_slope_finish, 1, s->xy / s->xx)
MOMENTS_FINISH_WHERE(regr_intercept_finish, 1, !isnan(result), s->mean_y - s->xy / s->xx * s->mean_x)
MOMENTS_FINISH_WHERE(regr_r2_finish, 1, s->xx != 0, s->yy == 0 ? 1 : s->xy * s->xy / (s->xx * s->yy))
MOMENTS_FINISH(regr_avgx_finish, 1, s->mean_x)
MOMENTS_FINISH(regr_avgy_finish, 1, s->mean_y)
MOMENTS_FINISH(regr_sxx_finish, 1, s->xx)
MOMENTS_FINISH(regr_syy_finish, 1, s->yy)
MOMENTS_FINISH(regr_sxy_finish, 1, s->xy)

/* regr_count: pairs without NULLs. */
AGGREGATE_FINISH(regr_count_finish)
{
    uint64_t *validity;

    if (!new_results(out, count, sizeof(uint32_t), &validity, arena)) return error_no_memory(err, call->context->memory, count * 4);
    out->validity = NULL;
    for (size_t i = 0; i < count; i++)
        ((uint32_t *)(uintptr_t)out->values)[i] = (uint32_t)((const moments_state *)(const void *)(states + i * stride))->count;
    return BP_OK;
}
