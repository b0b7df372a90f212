/* Correlated subqueries: the WHERE of the subquery compares an expression of its own with one of the query around it.
 *
 *   (SELECT sum(x) FROM u WHERE u.k = t.k)   becomes   t SINGLE JOIN (SELECT k, sum(x), true FROM u GROUP BY k) ON t.k = k
 *
 * While the subquery is bound, its WHERE finds names of the outer query as well; the conjuncts that use them are kept out of the filter. Each must be
 * `own = outer`: the own sides become `keys`, grouped by or put out beside the item, and the equalities become the join's conditions. Where no row joins,
 * the marker is NULL: an aggregate without GROUP BY has its value over nothing (count 0), anything else is NULL.
 *
 *   EXISTS (SELECT … FROM u WHERE u.k = t.k AND u.v <> t.v)   becomes   t EXISTS JOIN (SELECT k, v FROM u) ON t.k = k AND v <> t.v
 *
 * so there the conjuncts may have any form: the columns of u that they use are put out like keys. */
#include "bind_expression.h"

#include "expr/aggregate.h"

/* columns -------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct side_search {
    const scope *outer;
    bool uses_outer, uses_own;
} side_search;

static bool look_for_sides(void *data, const expr_pool *pool, expr_id id)
{
    side_search *search = data;
    const expr_node *node = expr_at(pool, id);
    bool found = false;

    if (node->kind != EXPR_COLUMN) return true;
    for (size_t i = 0; i < search->outer->count && !found; i++)
        found = search->outer->columns[i].id == node->column || unqualified_id(&search->outer->columns[i]) == node->column;
    search->uses_outer |= found;
    search->uses_own |= !found;
    return true;
}

static bp_status sides_of(const binder *binder, const scope *outer, expr_id expr, side_search *out, bp_error *err)
{
    *out = (side_search){.outer = outer};
    return expr_walk(&binder->plan->exprs, expr, look_for_sides, out, err);
}

/* own = outer, either way round; *found false: another form. */
static bp_status split_equality(const binder *binder, const scope *outer, expr_id conjunct, expr_id *own, expr_id *other,
                                bool *found, bp_error *err)
{
    const expr_pool *pool = &binder->plan->exprs;
    const expr_node *node = expr_at(pool, conjunct);
    side_search left, right;
    bp_status status;

    *found = false;
    if (node->kind != EXPR_COMPARE || node->op != COMPARE_EQUAL) return BP_OK;
    if ((status = sides_of(binder, outer, expr_child(pool, conjunct, 0), &left, err)) ||
        (status = sides_of(binder, outer, expr_child(pool, conjunct, 1), &right, err)))
        return status;
    if ((left.uses_own && left.uses_outer) || (right.uses_own && right.uses_outer) || left.uses_outer == right.uses_outer)
        return BP_OK;
    *own = expr_child(pool, conjunct, left.uses_outer);
    *other = expr_child(pool, conjunct, !left.uses_outer);
    *found = true;
    return BP_OK;
}

/* The subquery's own columns in an expression. */
typedef struct own_columns {
    const scope *outer;
    column_id *ids;
    data_type *types;
    size_t count, capacity;
} own_columns;

static bool list_own(void *data, const expr_pool *pool, expr_id id)
{
    own_columns *own = data;
    const expr_node *node = expr_at(pool, id);
    bool known = false;

    if (node->kind != EXPR_COLUMN) return true;
    for (size_t i = 0; i < own->outer->count && !known; i++)
        known = own->outer->columns[i].id == node->column || unqualified_id(&own->outer->columns[i]) == node->column;
    for (size_t i = 0; i < own->count && i < own->capacity && !known; i++) known = own->ids[i] == node->column;
    if (known) return true;
    if (own->count < own->capacity) {
        own->ids[own->count] = node->column;
        own->types[own->count] = node->type;
    }
    own->count++;
    return true;
}

/* Make the columns that the other conjuncts use keys without an outer side. */
static bp_status put_out_columns(correlation *correlation, binder *binder, bp_error *err)
{
    own_columns own = {.outer = correlation->outer};
    expr_id *keys, *sides;
    bp_status status;

    for (int pass = 0; pass < 2; pass++) { /* counted, with some twice; then listed */
        own.capacity = own.count;
        own.count = 0;
        own.ids = arena_new_array(binder->arena, column_id, own.capacity);
        own.types = arena_new_array(binder->arena, data_type, own.capacity);
        if (!own.ids || !own.types) return error_no_memory(err, binder->context->memory, own.capacity * sizeof *own.types);
        for (size_t i = 0; i < correlation->other_count; i++)
            if ((status = expr_walk(&binder->plan->exprs, correlation->others[i], list_own, &own, err))) return status;
    }
    keys = arena_new_array(binder->arena, expr_id, correlation->count + own.count);
    sides = arena_new_array(binder->arena, expr_id, correlation->count + own.count);
    if (!keys || !sides) return error_no_memory(err, binder->context->memory, (correlation->count + own.count) * sizeof *keys);
    memcpy(keys, correlation->keys, correlation->count * sizeof *keys);
    memcpy(sides, correlation->outer_sides, correlation->count * sizeof *sides);
    correlation->keys = keys;
    correlation->outer_sides = sides;
    for (size_t i = 0; i < own.count; i++, correlation->count++) {
        sides[correlation->count] = 0;
        if ((status = expr_column(&keys[correlation->count], &binder->plan->exprs, own.ids[i], own.types[i], err))) return status;
    }
    return BP_OK;
}

bp_status take_correlated(correlation *correlation, binder *binder, expr_id *conjuncts, size_t *count, bp_error *err)
{
    size_t kept = 0;
    bp_status status;

    correlation->keys = arena_new_array(binder->arena, expr_id, *count);
    correlation->outer_sides = arena_new_array(binder->arena, expr_id, *count);
    correlation->others = arena_new_array(binder->arena, expr_id, *count);
    if (!correlation->keys || !correlation->outer_sides || !correlation->others)
        return error_no_memory(err, binder->context->memory, *count * sizeof(expr_id));
    for (size_t i = 0; i < *count; i++) {
        side_search search;
        bool found;
        if ((status = sides_of(binder, correlation->outer, conjuncts[i], &search, err))) return status;
        if (!search.uses_outer) {
            conjuncts[kept++] = conjuncts[i];
            continue;
        }
        if ((status = split_equality(binder, correlation->outer, conjuncts[i], &correlation->keys[correlation->count],
                                     &correlation->outer_sides[correlation->count], &found, err)))
            return status;
        if (found)
            correlation->count++;
        else if (correlation->exists)
            correlation->others[correlation->other_count++] = conjuncts[i];
        else
            return error_set(
                err, BP_NOT_SUPPORTED,
                "a subquery other than EXISTS may use columns of the query around it only as `its own expression = outer "
                "expression`; a join says more");
    }
    *count = kept;
    return correlation->other_count ? put_out_columns(correlation, binder, err) : BP_OK;
}

/* the value over nothing ------------------------------------------------------------------------------------------------------------------------- */
typedef struct empty_value {
    const aggregates *aggregates;
} empty_value;

static bool counts(string_view name)
{
    static const char *const names[] = {"count", "count_star", "count_if", "countif", "approx_count_distinct", "regr_count"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (string_equal_nocase(name, string_view_of(names[i]))) return true;
    return false;
}

static bp_status empty_aggregate(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    const aggregates *all = ((empty_value *)data)->aggregates;
    const expr_node *node = expr_at(pool, *id);
    data_type type = node->type;
    expr_id zero;
    bp_status status;

    for (size_t i = 0; node->kind == EXPR_COLUMN && i < all->count; i++) {
        if (all->ids[i] != node->column) continue;
        if (!counts(string_view_of(expr_at(pool, all->calls[i])->aggregate->function->name))) return expr_null(id, pool, type, err);
        if ((status = expr_int64(&zero, pool, 0, err))) return status;
        return expr_cast(id, pool, zero, type, false, err);
    }
    return BP_OK;
}

bp_status value_over_nothing(expr_id *out, binder *binder, const aggregates *aggregates, expr_id item, bp_error *err)
{
    empty_value value = {.aggregates = aggregates};

    return expr_rewrite(out, &binder->plan->exprs, item, empty_aggregate, &value, err);
}

/* joining ---------------------------------------------------------------------------------------------------------------------------------------- */
/* outer side = key, one for each key and `extra` more. */
bp_status correlated_conjuncts(expr_id **out, binder *binder, const correlation *correlation, size_t extra, bp_error *err)
{
    bp_status status = BP_OK;

    *out = arena_new_array(binder->arena, expr_id, correlation->count + extra);
    if (!*out) return error_no_memory(err, binder->context->memory, (correlation->count + extra) * sizeof **out);
    for (size_t i = 0; i < correlation->count && !status; i++) {
        expr_id key;
        if ((status = column_expr(&key, binder, correlation->key_outputs[i], err))) return status;
        status = expr_compare(&(*out)[i], &binder->plan->exprs, COMPARE_EQUAL, correlation->outer_sides[i], key, err);
    }
    return status;
}

/* One row for each combination of the keys, the first. */
bp_status first_of_keys(plan_id *node, binder *binder, const correlation *correlation, bp_error *err)
{
    expr_id *on = arena_new_array(binder->arena, expr_id, correlation->count);
    bp_status status;

    if (!on) return error_no_memory(err, binder->context->memory, correlation->count * sizeof *on);
    for (size_t i = 0; i < correlation->count; i++)
        if ((status = column_expr(&on[i], binder, correlation->key_outputs[i], err))) return status;
    return plan_distinct(node, binder->plan, *node, on, correlation->count, NULL, 0, err);
}

typedef struct key_names {
    const correlation *correlation;
    const plan *plan;
} key_names;

/* A column of the subquery becomes the one that it put out. */
static bp_status name_key_output(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    const key_names *names = data;
    const expr_node *node = expr_at(pool, *id);
    const correlation *correlation = names->correlation;

    for (size_t i = 0; node->kind == EXPR_COLUMN && i < correlation->count; i++) {
        column_id output = correlation->key_outputs[i];
        if (correlation->outer_sides[i] || expr_at(pool, correlation->keys[i])->column != node->column) continue;
        return expr_column(id, pool, output, names->plan->columns[output].type, err);
    }
    return BP_OK;
}

static bp_status bind_correlated_exists(walk *walk, const relation *inner, const correlation *correlation, expr_id *out,
                                        bp_error *err)
{
    binder *binder = walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    key_names names = {.correlation = correlation, .plan = binder->plan};
    size_t count = 0;
    expr_id *conjuncts = arena_new_array(binder->arena, expr_id, correlation->count + correlation->other_count), key;
    column_id mark;
    bp_status status;

    if (!conjuncts) return error_no_memory(err, binder->context->memory, correlation->count * sizeof *conjuncts);
    for (size_t i = 0; i < correlation->count; i++) {
        if (!correlation->outer_sides[i]) continue;
        if ((status = column_expr(&key, binder, correlation->key_outputs[i], err))) return status;
        if ((status = expr_compare(&conjuncts[count++], pool, COMPARE_EQUAL, correlation->outer_sides[i], key, err))) return status;
    }
    for (size_t i = 0; i < correlation->other_count; i++)
        if ((status = expr_rewrite(&conjuncts[count++], pool, correlation->others[i], name_key_output, &names, err))) return status;
    if ((status = join_to_rows(walk, JOIN_EXISTS, inner->node, conjuncts, count, &mark, err))) return status;
    return column_expr(out, binder, mark, err);
}

bp_status bind_correlated(walk *walk, relation *inner, const correlation *correlation, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    expr_id *conjuncts, marker, choice[3];
    column_id item = plan_at(binder->plan, inner->node)->outputs[0], mark;
    bp_status status;

    if (correlation->exists) return bind_correlated_exists(walk, inner, correlation, out, err);
    if ((status = correlated_conjuncts(&conjuncts, binder, correlation, 0, err))) return status;
    if ((status = join_to_rows(walk, JOIN_SINGLE, inner->node, conjuncts, correlation->count, &mark, err))) return status;
    if ((status = column_expr(&marker, binder, correlation->marker, err))) return status;
    if (!correlation->empty) return column_expr(out, binder, item, err);
    if ((status = expr_is_null(&choice[0], pool, marker, false, err)) || (status = column_expr(&choice[2], binder, item, err)))
        return status;
    choice[1] = correlation->empty;
    return expr_case(out, pool, choice, 3, err);
}
