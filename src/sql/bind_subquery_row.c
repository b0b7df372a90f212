/* (x, y) IN (SELECT a, b …): true if a row has x = a and y = b; else NULL if a row may have, some of the four being NULL; else false. The first is a hash join. So is the
 * rest where no NULLs are: of the subquery's rows only those with a NULL are looked at for any needle, and all of them only for needles with a NULL. */
#include "bind_subquery.h"

typedef struct row_search {
    walk *walk;
    syntax_id query;
    size_t width;
    expr_id *needles;
} row_search;

static bp_status no_memory(const row_search *search, bp_error *err)
{
    return error_no_memory(err, search->walk->binder->context->memory, 4096);
}

/* The fields of the row: what it was made of, where that shows. */
static bp_status take_apart(row_search *search, syntax_id node, expr_id needle, bp_error *err)
{
    const syntax *tree = search->walk->binder->tree;
    expr_pool *pool = &search->walk->binder->plan->exprs;
    bool written = syntax_kind_of(tree, syntax_child(tree, node, 0)) == SYNTAX_ROW && expr_at(pool, needle)->kind == EXPR_CALL;
    bp_status status;

    search->needles = arena_new_array(search->walk->binder->arena, expr_id, search->width);
    if (!search->needles) return no_memory(search, err);
    for (size_t i = 0; i < search->width; i++) {
        expr_id arguments[2] = {needle};
        if (written) {
            search->needles[i] = expr_child(pool, needle, i);
            continue;
        }
        if ((status = expr_int64(&arguments[1], pool, (int64_t)i + 1, err)) ||
            (status = expr_call(&search->needles[i], pool, STRING_VIEW("struct_extract_at"), arguments, 2, err)))
            return status;
    }
    return BP_OK;
}

/* An EXISTS join of the subquery on the conditions: its mark. */
static bp_status exists_where(const row_search *search, const subquery *inner, expr_id *conjuncts, size_t count, expr_id *out,
                              bp_error *err)
{
    column_id mark;
    bp_status status;

    if ((status = join_to_rows(search->walk, JOIN_EXISTS, *inner, conjuncts, count, &mark, err))) return status;
    return column_expr(out, search->walk->binder, mark, err);
}

static bp_status matches(const row_search *search, const subquery *inner, expr_id *out, bp_error *err)
{
    binder *binder = search->walk->binder;
    expr_id *equal = arena_new_array(binder->arena, expr_id, search->width), column;
    bp_status status;

    if (!equal) return no_memory(search, err);
    for (size_t i = 0; i < search->width; i++)
        if ((status = column_expr(&column, binder, plan_at(binder->plan, inner->node)->outputs[i], err)) ||
            (status = expr_compare(&equal[i], &binder->plan->exprs, COMPARE_EQUAL, search->needles[i], column, err)))
            return status;
    return exists_where(search, inner, equal, search->width, out, err);
}

static bp_status any_null(const row_search *search, const expr_id *exprs, expr_id *out, bp_error *err)
{
    expr_pool *pool = &search->walk->binder->plan->exprs;
    expr_id *nulls = arena_new_array(search->walk->binder->arena, expr_id, search->width);
    bp_status status;

    if (!nulls) return no_memory(search, err);
    for (size_t i = 0; i < search->width; i++)
        if ((status = expr_is_null(&nulls[i], pool, exprs[i], false, err))) return status;
    return expr_or(out, pool, nulls, search->width, err);
}

/* needle = column, or either NULL. */
static bp_status may_be_equal(expr_id *out, expr_pool *pool, expr_id needle, expr_id column, bp_error *err)
{
    expr_id parts[3];
    bp_status status;

    if ((status = expr_compare(&parts[0], pool, COMPARE_EQUAL, needle, column, err)) ||
        (status = expr_is_null(&parts[1], pool, needle, false, err)) ||
        (status = expr_is_null(&parts[2], pool, column, false, err)))
        return status;
    return expr_or(out, pool, parts, 3, err);
}

/* The subquery once more, its rows with a NULL (all of them: each with `true` behind its columns). */
static bp_status bind_again(const row_search *search, bool all, subquery *out, expr_id *columns, bp_error *err)
{
    binder *binder = search->walk->binder;
    relation *relation = arena_new(binder->arena, struct relation);
    expr_id condition;
    bp_status status;

    if (!relation) return no_memory(search, err);
    if ((status = bind_inner(search->walk, search->query, relation, &out->dependent, err))) return status;
    out->node = relation->node;
    for (size_t i = 0; i < search->width; i++)
        if ((status = column_expr(&columns[i], binder, plan_at(binder->plan, out->node)->outputs[i], err))) return status;
    if (!all) {
        if ((status = any_null(search, columns, &condition, err))) return status;
        return plan_filter_by(&out->node, binder->plan, out->node, &condition, 1, err);
    }
    if ((status = expr_bool(&columns[search->width], &binder->plan->exprs, true, err)) ||
        (status = plan_project(&out->node, binder->plan, out->node, columns, NULL, search->width + 1, err)))
        return status;
    for (size_t i = 0; i <= search->width; i++)
        if ((status = column_expr(&columns[i], binder, plan_at(binder->plan, out->node)->outputs[i], err))) return status;
    return BP_OK;
}

/* Whether a row may be equal: of those with a NULL, or (`of_null_needles`) of all, for needles with a NULL: a hash join on that, so that other needles meet none. */
static bp_status may_match(const row_search *search, bool of_null_needles, expr_id *out, bp_error *err)
{
    binder *binder = search->walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    expr_id *columns = arena_new_array(binder->arena, expr_id, search->width + 1),
            *conjuncts = arena_new_array(binder->arena, expr_id, search->width + 1), choice[3], has_null;
    size_t count = search->width;
    subquery inner = {0};
    bp_status status;

    if (!columns || !conjuncts) return no_memory(search, err);
    if ((status = bind_again(search, of_null_needles, &inner, columns, err))) return status;
    for (size_t i = 0; i < search->width; i++)
        if ((status = may_be_equal(&conjuncts[i], pool, search->needles[i], columns[i], err))) return status;
    if (of_null_needles) {
        if ((status = any_null(search, search->needles, &choice[0], err)) || (status = expr_bool(&choice[1], pool, true, err)) ||
            (status = expr_null(&choice[2], pool, type_of(TYPE_BOOLEAN), err)) ||
            (status = expr_case(&has_null, pool, choice, 3, err)) ||
            (status = expr_compare(&conjuncts[count++], pool, COMPARE_EQUAL, has_null, columns[search->width], err)))
            return status;
    }
    return exists_where(search, &inner, conjuncts, count, out, err);
}

bp_status row_in_query(walk *walk, syntax_id node, const subquery *inner, expr_id needle, compare_op op, bool only_truth,
                       expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    row_search search = {.walk = walk, .query = syntax_child(binder->tree, node, 1)};
    size_t columns = plan_at(binder->plan, inner->node)->output_count;
    expr_id choice[5], may[2];
    bp_status status;

    search.width = expr_type(pool, needle).detail->child_count;
    if (search.width != columns)
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, node)->begin,
                            "the row has %zu values, the subquery %zu columns", search.width, columns);
    if (op != COMPARE_EQUAL)
        return error_set_at(err, BP_NOT_SUPPORTED, syntax_at(binder->tree, node)->begin,
                            "rows are compared with those of a subquery by IN, = ANY and <> ALL only");
    if ((status = take_apart(&search, node, needle, err)) || (status = matches(&search, inner, &choice[0], err))) return status;
    if (only_truth) {
        *out = choice[0];
        return BP_OK;
    }
    if ((status = may_match(&search, false, &may[0], err)) || (status = may_match(&search, true, &may[1], err)) ||
        (status = expr_bool(&choice[1], pool, true, err)) || (status = expr_or(&choice[2], pool, may, 2, err)) ||
        (status = expr_null(&choice[3], pool, type_of(TYPE_BOOLEAN), err)) || (status = expr_bool(&choice[4], pool, false, err)))
        return status;
    return expr_case(out, pool, choice, 5, err);
}
