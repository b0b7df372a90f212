/* Distances and products of two lists of numbers of equal length, of FLOAT in FLOAT and of DOUBLE in DOUBLE, added up in list order. */
#include "list_kernel.h"

#include <math.h>

typedef struct sums {
    double product, left, right, difference; /* of a * b, a * a, b * b, (a - b) * (a - b) */
} sums;

static bp_status check_lists(const char *name, list_view left, list_view right, bp_error *err)
{
    if (left.size != right.size)
        return error_set(err, BP_OUT_OF_RANGE, "%s(): list dimensions must be equal, got left length '%zu' and right length '%zu'",
                         name, left.size, right.size);
    for (size_t i = 0; i < left.size; i++)
        if (column_is_null(left.elements, left.offset + i) || column_is_null(right.elements, right.offset + i))
            return error_set(err, BP_OUT_OF_RANGE, "%s(): the lists can not contain NULL values", name);
    return BP_OK;
}

#define ADD_UP(name, type)                                                                                                         \
    static sums name(const type *left, const type *right, size_t size)                                                             \
    {                                                                                                                              \
        type product = 0, a = 0, b = 0, difference = 0;                                                                            \
        for (size_t i = 0; i < size; i++) {                                                                                        \
            type step = left[i] - right[i];                                                                                        \
            product += left[i] * right[i];                                                                                         \
            a += left[i] * left[i];                                                                                                \
            b += right[i] * right[i];                                                                                              \
            difference += step * step;                                                                                             \
        }                                                                                                                          \
        return (sums){(double)product, (double)a, (double)b, (double)difference};                                                  \
    }
ADD_UP(add_floats, float)
ADD_UP(add_doubles, double)

/* Both lists' elements, FLAT; list views count in them as they do in the arguments. */
static bp_status each_pair(const function_call *call, const column *arguments, const char *name, double (*figure)(sums sums),
                           column *out, bp_error *err)
{
    bool narrow = out->type.id == TYPE_FLOAT32;
    void *to = call_values(call, out, narrow ? 4 : 8);
    column elements[2], flat[2];
    bp_status status;

    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t i = 0; i < 2; i++) {
        elements[i] = list_elements(&arguments[i]);
        if ((status = column_flatten(&flat[i], &elements[i], call->arena, err))) return status;
    }
    for (size_t row = 0; row < call->rows; row++) {
        list_view left = list_at(&arguments[0], row), right = list_at(&arguments[1], row);
        double value;
        if (call_skips(call, row)) continue;
        left.elements = &flat[0], right.elements = &flat[1];
        if ((status = check_lists(name, left, right, err))) return status;
        value = figure(narrow ? add_floats((const float *)flat[0].values + left.offset,
                                           (const float *)flat[1].values + right.offset, left.size)
                              : add_doubles((const double *)flat[0].values + left.offset,
                                            (const double *)flat[1].values + right.offset, left.size));
        if (narrow)
            ((float *)to)[row] = (float)value;
        else
            ((double *)to)[row] = value;
    }
    return BP_OK;
}

static double distance(sums sums)
{
    return sqrt(sums.difference);
}

static double inner_product(sums sums)
{
    return sums.product;
}

static double negative_inner_product(sums sums)
{
    return -sums.product;
}

static double cosine_similarity(sums sums)
{
    double cosine = sums.product / sqrt(sums.left * sums.right);

    return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}

static double cosine_distance(sums sums)
{
    return 1 - cosine_similarity(sums);
}

#define PAIR_KERNEL(name, figure)                                                                                                  \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        (void)count;                                                                                                               \
        return each_pair(call, arguments, #name, figure, out, err);                                                                \
    }
PAIR_KERNEL(list_distance, distance)
PAIR_KERNEL(list_inner_product, inner_product)
PAIR_KERNEL(list_negative_inner_product, negative_inner_product)
PAIR_KERNEL(list_cosine_similarity, cosine_similarity)
PAIR_KERNEL(list_cosine_distance, cosine_distance)
