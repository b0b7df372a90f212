/* Dependent joins: subqueries and LATERAL tables that name columns of the rows they are joined to. None is left in a plan: they are turned into ordinary joins
 * when they are built, never run once a row.
 *
 *   hoist    conditions that name the left side move up into the join (dependent_hoist.c):
 *            t SINGLE (SELECT sum(x) FROM u WHERE u.k = t.k)   becomes   t SINGLE (SELECT k, sum(x) FROM u GROUP BY k) ON t.k = k
 *   domain   everything else (dependent_domain.c, after Neumann and Kemper, "Unnesting arbitrary queries"): the distinct values of the columns that the right side
 *            names are joined in below, where it names them, and carried up: as groups, partitions, keys. The join asks for equal values.
 *
 * Subqueries nest: the inner one is built first, and what it names of the outermost query stays in its expressions until that join is built. */
#include "dependent.h"

#include "expr/aggregate.h"

/* columns -------------------------------------------------------------------------------------------------------------------------------------- */
bool is_outer_column(const dependence *join, column_id id)
{
    return id < join->outer_count && bitmap_get(join->outer, id);
}

typedef struct sides_search {
    const dependence *join;
    expr_sides found;
} sides_search;

static bool look_at_side(void *data, const expr_pool *pool, expr_id id)
{
    sides_search *search = data;
    const expr_node *node = expr_at(pool, id);
    bool outer;

    if (node->kind != EXPR_COLUMN) return true;
    outer = is_outer_column(search->join, node->column);
    search->found.outer |= outer;
    search->found.own |= !outer;
    return true;
}

bp_status sides_of_expr(expr_sides *out, const dependence *join, expr_id expr, bp_error *err)
{
    sides_search search = {.join = join};
    bp_status status = expr_walk(&join->plan->exprs, expr, look_at_side, &search, err);

    *out = search.found;
    return status;
}

bp_status node_names_outer(bool *out, const dependence *join, plan_id id, bp_error *err)
{
    expr_sides sides;
    bp_status status;

    *out = false;
    for (size_t i = 0; !*out; i++) {
        expr_id *slot = plan_expr_slot(plan_at(join->plan, id), i);
        if (!slot) return BP_OK;
        if ((status = sides_of_expr(&sides, join, *slot, err))) return status;
        *out = sides.outer;
    }
    return BP_OK;
}

static bp_status replace_column(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    const replacement *replacement = data;
    const expr_node *node = expr_at(pool, *id);

    (void)err;
    for (size_t i = 0; node->kind == EXPR_COLUMN && i < replacement->count; i++) {
        if (replacement->from[i] != node->column) continue;
        *id = replacement->to[i];
        break;
    }
    return BP_OK;
}

bp_status replace_columns(expr_id *expr, plan *plan, const replacement *replacement, bp_error *err)
{
    struct replacement copy = *replacement;

    return expr_rewrite(expr, &plan->exprs, *expr, replace_column, &copy, err);
}

bp_status column_of(expr_id *out, plan *plan, column_id id, bp_error *err)
{
    return expr_column(out, &plan->exprs, id, plan->columns[id].type, err);
}

bp_status exprs_of_outputs(expr_id **out, plan *plan, plan_id id, size_t room, bp_error *err)
{
    size_t count = plan_at(plan, id)->output_count;
    bp_status status = BP_OK;

    *out = arena_new_array(&plan->arena, expr_id, count + room);
    if (!*out) return error_no_memory(err, plan->context->memory, (count + room) * sizeof **out);
    for (size_t i = 0; i < count && !status; i++) status = column_of(&(*out)[i], plan, plan_at(plan, id)->outputs[i], err);
    return status;
}

/* pieces that both ways use ------------------------------------------------------------------------------------------------------------------------ */
bp_status join_now(plan_id *out, const dependence *join, join_kind kind, plan_id left, plan_id right, const expr_id *conjuncts,
                   size_t count, bp_error *err)
{
    plan_node *made;
    bp_status status;

    if ((status = plan_join(out, join->plan, kind, left, right, conjuncts, count, err)) || !join_puts_mark(kind)) return status;
    made = plan_at(join->plan, *out);
    made->join.mark = join->mark;
    made->outputs[made->output_count - 1] = join->mark;
    return BP_OK;
}

static bp_status compare_number(expr_id *out, plan *plan, column_id number, compare_op op, uint64_t bound, bp_error *err)
{
    expr_id sides[2];
    bp_status status;

    if ((status = column_of(&sides[0], plan, number, err)) ||
        (status = expr_int64(&sides[1], &plan->exprs, bound > INT64_MAX ? INT64_MAX : (int64_t)bound, err)))
        return status;
    return expr_compare(out, &plan->exprs, op, sides[0], sides[1], err);
}

bp_status limit_within(plan_id *out, plan *plan, plan_id child, const plan_node *limit, const expr_id *keys, size_t count,
                       bp_error *err)
{
    uint64_t offset = limit->limit.offset, rows = limit->limit.limit;
    expr_id conjuncts[2];
    size_t conjunct_count = 0;
    column_id number;
    bp_status status;

    if (limit->limit.percent >= 0)
        return error_set(
            err, BP_NOT_SUPPORTED,
            "LIMIT in percent is not there in a subquery that uses columns of the query around it; give a number of rows");
    if (rows == 1 && offset == 0 && count) return plan_distinct(out, plan, child, keys, count, NULL, 0, err);
    if ((status = plan_number_rows(out, plan, child, keys, count, &number, err))) return status;
    if (offset && (status = compare_number(&conjuncts[conjunct_count++], plan, number, COMPARE_GREATER, offset, err)))
        return status;
    if (rows != UINT64_MAX && (status = compare_number(&conjuncts[conjunct_count++], plan, number, COMPARE_LESS_EQUAL,
                                                       rows > UINT64_MAX - offset ? UINT64_MAX : offset + rows, err)))
        return status;
    return conjunct_count ? plan_filter_by(out, plan, *out, conjuncts, conjunct_count, err) : BP_OK;
}

bp_status aggregate_of_nothing(expr_id *out, plan *plan, expr_id aggregate, bp_error *err)
{
    static const char *const counting[] = {"count", "count_star", "count_if", "countif", "approx_count_distinct", "regr_count"};
    const expr_node *node = expr_at(&plan->exprs, aggregate);
    string_view name = string_view_of(node->aggregate->function->name);
    data_type type = node->type;
    expr_id zero;
    bp_status status;

    for (size_t i = 0; i < ARRAY_LENGTH(counting); i++) {
        if (!string_equal_nocase(name, string_view_of(counting[i]))) continue;
        if ((status = expr_int64(&zero, &plan->exprs, 0, err))) return status;
        return expr_cast(out, &plan->exprs, zero, type, false, err);
    }
    return expr_null(out, &plan->exprs, type, err);
}

/* the join ----------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status note_outer(dependence *join, bp_error *err)
{
    plan *plan = join->plan;
    const plan_node *left = plan_at(plan, join->left);

    join->outer_count = plan->column_count;
    join->outer = arena_allocate_zeroed(&plan->arena, (bitmap_words(plan->column_count) + 1) * sizeof(uint64_t));
    join->columns = arena_new_array(&plan->arena, column_id, left->output_count);
    if (!join->outer || !join->columns) return error_no_memory(err, plan->context->memory, plan->column_count / 8);
    for (size_t i = 0; i < left->output_count; i++) bitmap_set(join->outer, left->outputs[i]);
    return BP_OK;
}

/* The columns of the left side that expressions of the right name. */
static bp_status find_columns(dependence *join, bp_error *err)
{
    plan *plan = join->plan;
    size_t words = bitmap_words(plan->column_count) + 1;
    uint64_t *used = arena_allocate_zeroed(&plan->arena, words * sizeof(uint64_t));
    const plan_node *left;
    bp_status status;

    if (!used) return error_no_memory(err, plan->context->memory, words * sizeof(uint64_t));
    for (size_t i = 0; i < join->count; i++) {
        expr_id *slot;
        for (size_t j = 0; (slot = plan_expr_slot(plan_at(plan, join->order[i]), j)); j++)
            if ((status = plan_expr_columns(plan, *slot, used, err))) return status;
    }
    left = plan_at(plan, join->left);
    for (size_t i = 0; i < left->output_count; i++)
        if (bitmap_get(used, left->outputs[i])) join->columns[join->column_count++] = left->outputs[i];
    return BP_OK;
}

static bool may_depend(join_kind kind)
{
    return kind == JOIN_INNER || kind == JOIN_CROSS || kind == JOIN_LEFT || kind == JOIN_SINGLE || kind == JOIN_EXISTS;
}

bp_status plan_dependent_join(plan_id *out, plan *plan, join_kind kind, plan_id left, plan_id right, const expr_id *conjuncts,
                              size_t count, column_id mark, bp_error *err)
{
    dependence join = {
        .plan = plan, .kind = kind, .left = left, .right = right, .conjuncts = conjuncts, .conjunct_count = count, .mark = mark};
    bool done;
    bp_status status;

    if ((status = note_outer(&join, err)) || (status = plan_post_order_of(plan, right, &join.order, &join.count, err)) ||
        (status = find_columns(&join, err)))
        return status;
    if (join.column_count && !may_depend(kind))
        return error_set(
            err, BP_BIND_ERROR,
            "a table that uses columns of the tables before it (LATERAL) can be joined by CROSS, INNER and LEFT JOIN only");
    if (join.column_count == 0) return join_now(out, &join, kind, left, right, conjuncts, count, err);
    if ((status = dependent_hoist(out, &join, &done, err)) || done) return status;
    return dependent_domain(out, &join, err);
}
