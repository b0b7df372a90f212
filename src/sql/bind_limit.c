/* LIMIT and OFFSET, and constants. Amounts that are constants make a LIMIT node; what is known only when the query runs, as LIMIT (SELECT …), numbers the rows
 * and filters by the number. */
#include "bind_query.h"

bp_status constant_of(const column **out, binder *binder, syntax_id node, bp_error *err)
{
    expression_context context = {.clause = "a constant"};
    expr_id expr;
    bp_status status;

    if ((status = bind_expression(&expr, binder, &context, node, err))) return status;
    if (!expr_is_constant(&binder->plan->exprs, expr))
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, node)->begin, "a constant is wanted here");
    return expr_constant_value(out, &binder->plan->exprs, expr, err);
}

static bp_status bind_amount(expr_id *out, plan_id *input, binder *binder, syntax_id amount, type_id type, const char *clause,
                             bp_error *err)
{
    expression_context context = {.outer = input ? binder->outer : NULL, .clause = clause, .input = input};
    bp_status status = bind_expression(out, binder, &context, amount, err);

    return status ? status : expr_cast(out, &binder->plan->exprs, *out, type_of(type), false, err);
}

static bp_status rows_of(uint64_t *out, const binder *binder, expr_id amount, uint32_t position, const char *clause, bp_error *err)
{
    const column *value;
    int64_t number;
    bp_status status;

    if ((status = expr_constant_value(&value, &binder->plan->exprs, amount, err))) return status;
    if (column_is_null(value, 0)) return BP_OK; /* LIMIT NULL: none */
    number = *(const int64_t *)value->values;
    if (number < 0)
        return error_set_at(err, BP_OUT_OF_RANGE, position, "%s %lld: it cannot be negative", clause, (long long)number);
    *out = (uint64_t)number;
    return BP_OK;
}

bp_status bind_count(uint64_t *out, double *percent, binder *binder, syntax_id node, bool percent_wanted, const char *clause,
                     bp_error *err)
{
    uint32_t position = syntax_at(binder->tree, node)->begin;
    const column *value;
    expr_id amount;
    bp_status status;

    if ((status = bind_amount(&amount, NULL, binder, node, percent_wanted ? TYPE_FLOAT64 : TYPE_INT64, clause, err))) return status;
    if (!expr_is_constant(&binder->plan->exprs, amount))
        return error_set_at(err, BP_NOT_SUPPORTED, position, "%s wants a constant", clause);
    if (!percent_wanted) return rows_of(out, binder, amount, position, clause, err);
    if ((status = expr_constant_value(&value, &binder->plan->exprs, amount, err)) || column_is_null(value, 0)) return status;
    *percent = *(const double *)value->values;
    if (*percent >= 0 && *percent <= 100) return BP_OK;
    return error_set_at(err, BP_OUT_OF_RANGE, position, "%s in percent: 0 to 100 is wanted", clause);
}

/* coalesce(amount, otherwise); a negative one fails when it is cast. */
static bp_status amount_or(expr_id *out, expr_pool *pool, expr_id amount, int64_t otherwise, bp_error *err)
{
    expr_id parts[2] = {amount};
    bp_status status;

    if ((status = expr_int64(&parts[1], pool, otherwise, err))) return status;
    if (!amount) {
        *out = parts[1];
        return BP_OK;
    }
    if ((status = expr_cast(&parts[0], pool, amount, type_of(TYPE_UINT64), false, err)) ||
        (status = expr_cast(&parts[0], pool, parts[0], type_of(TYPE_INT64), false, err)))
        return status;
    return expr_coalesce(out, pool, parts, 2, err);
}

/* The rows whose number, less the offset, is 1 to the limit; of the node's columns `count` stay. */
static bp_status limit_by_number(plan_id *node, binder *binder, const column_id *outputs, size_t count, expr_id limit,
                                 expr_id offset, bp_error *err)
{
    expr_pool *pool = &binder->plan->exprs;
    expr_id *exprs = arena_new_array(binder->arena, expr_id, count), sides[2], place, zero, keeps[2];
    column_id number;
    bp_status status;

    if (!exprs) return error_no_memory(err, binder->context->memory, count * sizeof *exprs);
    if ((status = plan_number_rows(node, binder->plan, *node, NULL, 0, &number, err)) ||
        (status = column_expr(&sides[0], binder, number, err)) || (status = amount_or(&sides[1], pool, offset, 0, err)) ||
        (status = expr_call(&place, pool, STRING_VIEW("-"), sides, 2, err)) || (status = expr_int64(&zero, pool, 0, err)) ||
        (status = expr_compare(&keeps[0], pool, COMPARE_GREATER, place, zero, err)) ||
        (status = amount_or(&sides[1], pool, limit, INT64_MAX, err)) ||
        (status = expr_compare(&keeps[1], pool, COMPARE_LESS_EQUAL, place, sides[1], err)) ||
        (status = plan_filter_by(node, binder->plan, *node, keeps, 2, err)))
        return status;
    for (size_t i = 0; i < count; i++)
        if ((status = column_expr(&exprs[i], binder, outputs[i], err))) return status;
    if ((status = plan_project(node, binder->plan, *node, exprs, NULL, count, err))) return status;
    memcpy(plan_at(binder->plan, *node)->outputs, outputs, count * sizeof *outputs);
    return BP_OK;
}

bp_status limit_outputs(relation *relation, binder *binder, syntax_id query, bp_error *err)
{
    static const char *const clauses[2] = {"LIMIT", "OFFSET"};
    syntax_id given[2] = {syntax_child(binder->tree, query, SLOT_QUERY_LIMIT),
                          syntax_child(binder->tree, query, SLOT_QUERY_OFFSET)};
    bool share = given[0] && syntax_has(binder->tree, query, SYNTAX_FLAG_PERCENT), constant = true;
    uint64_t rows[2] = {UINT64_MAX, 0};
    plan_id node = relation->node;
    expr_id amounts[2] = {0};
    double percent = -1;
    bp_status status;

    if (!given[0] && !given[1]) return BP_OK;
    if (share && (status = bind_count(&rows[0], &percent, binder, given[0], true, clauses[0], err))) return status;
    for (size_t i = share; i < 2; i++) {
        if (!given[i]) continue;
        if ((status = bind_amount(&amounts[i], &node, binder, given[i], TYPE_INT64, clauses[i], err))) return status;
        constant = constant && expr_is_constant(&binder->plan->exprs, amounts[i]);
    }
    if (!constant && share)
        return error_set_at(err, BP_NOT_SUPPORTED, syntax_at(binder->tree, given[1])->begin,
                            "OFFSET wants a constant beside a LIMIT in percent");
    if (!constant) {
        relation->node = node;
        return limit_by_number(&relation->node, binder, plan_at(binder->plan, node)->outputs, relation->count, amounts[0],
                               amounts[1], err);
    }
    for (size_t i = share; i < 2; i++)
        if (amounts[i] &&
            (status = rows_of(&rows[i], binder, amounts[i], syntax_at(binder->tree, given[i])->begin, clauses[i], err)))
            return status;
    return plan_limit(&relation->node, binder->plan, relation->node, rows[1], rows[0], percent, err);
}
