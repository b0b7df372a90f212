/* TABLESAMPLE and USING SAMPLE. Each row draws a number, by which those are kept: rows below a share, or those with the least numbers. With a seed the number is a
 * hash of the row's own number and the seed, so the same rows come whatever the number of threads and the size of batches; without one it is random(). */
#include "bind_query.h"

/* A number from 0 up to below 1 for each row. */
static bp_status draw(expr_id *out, plan_id *node, binder *binder, syntax_id seed, bp_error *err)
{
    expr_pool *pool = &binder->plan->exprs;
    expr_id parts[2], hash;
    column_id number;
    int64_t value;
    bp_status status;

    if (!seed) return expr_call(out, pool, STRING_VIEW("random"), NULL, 0, err);
    if ((status = integer_constant(&value, binder, seed, err)) ||
        (status = plan_number_rows(node, binder->plan, *node, NULL, 0, &number, err)) ||
        (status = column_expr(&parts[0], binder, number, err)) || (status = expr_int64(&parts[1], pool, value, err)) ||
        (status = expr_call(&hash, pool, STRING_VIEW("hash"), parts, 2, err)) ||
        (status = expr_cast(&parts[0], pool, hash, type_of(TYPE_FLOAT64), false, err)) ||
        (status = expr_double(&parts[1], pool, 18446744073709551616.0, err)))
        return status;
    return expr_call(out, pool, STRING_VIEW("/"), parts, 2, err);
}

/* The drawn number as a column behind the others, so that what is above sees one value. */
static bp_status add_draw(plan_id *node, binder *binder, expr_id drawn, column_id *out, bp_error *err)
{
    size_t count = plan_at(binder->plan, *node)->output_count;
    column_id *outputs = plan_at(binder->plan, *node)->outputs;
    expr_id *exprs = arena_new_array(binder->arena, expr_id, count + 1);
    bp_status status;

    if (!exprs) return error_no_memory(err, binder->context->memory, count * sizeof *exprs);
    for (size_t i = 0; i < count; i++)
        if ((status = column_expr(&exprs[i], binder, outputs[i], err))) return status;
    exprs[count] = drawn;
    if ((status = plan_project(node, binder->plan, *node, exprs, NULL, count + 1, err))) return status;
    if (count) memcpy(plan_at(binder->plan, *node)->outputs, outputs, count * sizeof *outputs);
    *out = plan_at(binder->plan, *node)->outputs[count];
    return BP_OK;
}

bp_status bind_sample(plan_id *node, binder *binder, syntax_id sample, bp_error *err)
{
    const syntax_node *syntax = syntax_at(binder->tree, sample);
    bool share = syntax->flags & SYNTAX_FLAG_PERCENT;
    syntax_id size = syntax_child(binder->tree, sample, 0), seed = syntax->count > 1 ? syntax_child(binder->tree, sample, 1) : 0;
    double percent = 0;
    uint64_t rows = 0;
    column_id column = 0;
    expr_id drawn, sides[2];
    bp_status status;

    if (syntax->text.size && !string_equal_nocase(syntax->text, STRING_VIEW("reservoir")) &&
        !string_equal_nocase(syntax->text, STRING_VIEW("bernoulli")) && !string_equal_nocase(syntax->text, STRING_VIEW("system")))
        return error_set_at(err, BP_BIND_ERROR, syntax->begin,
                            "\"%.*s\" is no method of sampling; reservoir, bernoulli and system are",
                            STRING_ARGUMENTS(syntax->text));
    if ((status = bind_count(&rows, &percent, binder, size, share, "a sample", err)) ||
        (status = draw(&drawn, node, binder, seed, err)) || (status = add_draw(node, binder, drawn, &column, err)) ||
        (status = column_expr(&sides[0], binder, column, err)))
        return status;
    if (share) {
        if ((status = expr_double(&sides[1], &binder->plan->exprs, percent / 100, err)) ||
            (status = expr_compare(&sides[0], &binder->plan->exprs, COMPARE_LESS, sides[0], sides[1], err)))
            return status;
        return plan_filter_by(node, binder->plan, *node, sides, 1, err);
    }
    if ((status = plan_sort(node, binder->plan, *node, &(sort_key){.expr = sides[0]}, 1, err))) return status;
    return plan_limit(node, binder->plan, *node, 0, rows, -1, err);
}
