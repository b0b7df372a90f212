/* Joins by order: POSITIONAL and ASOF, made of what there is.
 *
 *   a POSITIONAL JOIN b    the rows of each are numbered, and a FULL JOIN of the numbers puts them side by side
 *   a ASOF JOIN b          a.k = b.k AND a.t >= b.t, of all b that fit the last: both sides' keys are put into one table, a window over it in the order of t gives each row of a
 *                          the number of the last row of b before it, and b is joined by that number
 *
 * So ASOF costs a sort of both sides, never their product. Of several b with the same t the first counts. RIGHT and FULL JOIN join by that number as they are,
 * so rows of b whose number nobody got are kept too, also those with NULL keys. */
#include "bind_query.h"

bp_status join_by_position(plan_id *out, binder *binder, plan_id left, plan_id right, bp_error *err)
{
    plan *plan = binder->plan;
    column_id numbers[2];
    expr_id sides[2], equal;
    bp_status status;

    if ((status = plan_number_rows(&left, plan, left, NULL, 0, &numbers[0], err)) ||
        (status = plan_number_rows(&right, plan, right, NULL, 0, &numbers[1], err)) ||
        (status = column_expr(&sides[0], binder, numbers[0], err)) || (status = column_expr(&sides[1], binder, numbers[1], err)) ||
        (status = expr_compare(&equal, &plan->exprs, COMPARE_EQUAL, sides[0], sides[1], err)))
        return status;
    return plan_join(out, plan, JOIN_FULL, left, right, &equal, 1, err);
}

/* ASOF -------------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct asof {
    binder *binder;
    plan *plan;
    plan_id sides[2];
    size_t key_count;
    expr_id *keys[2]; /* key_count and the ordered one behind them, a side each */
    compare_op op; /* left op right, of the ordered ones */
    bool keeps_right; /* RIGHT, FULL: also rows that cannot match */
    column_id *right; /* the right side's outputs */
    size_t right_count;
    plan_id kept; /* KEEP: the right side's columns, the row's number, keys, ordered */
} asof;

static bp_status no_memory(const asof *join, bp_error *err)
{
    return error_no_memory(err, join->binder->context->memory, 4096);
}

static bp_status is_of(const asof *join, expr_id expr, plan_id side, bool *out, bp_error *err)
{
    size_t words = bitmap_words(join->plan->column_count) + 1;
    uint64_t *used = arena_new_array(join->binder->arena, uint64_t, words);
    const plan_node *node = plan_at(join->plan, side);
    bp_status status;

    if (!used) return no_memory(join, err);
    if ((status = plan_expr_columns(join->plan, expr, used, err))) return status;
    for (size_t i = 0; i < node->output_count; i++) bitmap_put(used, node->outputs[i], false);
    *out = true;
    for (size_t i = 0; i < words; i++) *out = *out && !used[i];
    return BP_OK;
}

/* The one inequality, the left side's expression on its left. */
static bp_status read_order(asof *join, expr_id condition, bool *fits, bp_error *err)
{
    const expr_pool *pool = &join->plan->exprs;
    const expr_node *node = expr_at(pool, condition);
    compare_op op = (compare_op)node->op;
    bp_status status;

    *fits = false;
    if (node->kind != EXPR_COMPARE || op < COMPARE_LESS || op > COMPARE_GREATER_EQUAL) return BP_OK;
    for (size_t swapped = 0; swapped < 2 && !*fits; swapped++) {
        expr_id left = expr_child(pool, condition, swapped), right = expr_child(pool, condition, 1 - swapped);
        bool left_fits, right_fits;
        if ((status = is_of(join, left, join->sides[0], &left_fits, err)) ||
            (status = is_of(join, right, join->sides[1], &right_fits, err)))
            return status;
        *fits = left_fits && right_fits;
        join->keys[0][join->key_count] = left;
        join->keys[1][join->key_count] = right;
        join->op = swapped ? compare_op_swapped(op) : op;
    }
    return BP_OK;
}

static bp_status read_conditions(asof *join, const expr_id *conjuncts, size_t count, uint32_t position, bp_error *err)
{
    plan_id trial; /* only to tell equalities between the sides from the rest */
    plan_node node;
    bool fits = false;
    bp_status status;

    if ((status = plan_join(&trial, join->plan, JOIN_INNER, join->sides[0], join->sides[1], conjuncts, count, err))) return status;
    node = *plan_at(join->plan, trial);
    join->key_count = node.join.pair_count;
    for (size_t i = 0; i < 2; i++) {
        join->keys[i] = arena_new_array(join->binder->arena, expr_id, join->key_count + 1);
        if (!join->keys[i]) return no_memory(join, err);
        for (size_t j = 0; j < join->key_count; j++) join->keys[i][j] = i ? node.join.pairs[j].right : node.join.pairs[j].left;
    }
    if (node.join.residual_count == 1 && (status = read_order(join, node.join.residual[0], &fits, err))) return status;
    if (fits) return BP_OK;
    return error_set_at(err, BP_BIND_ERROR, position,
                        "ASOF JOIN wants equalities between the two sides and one condition with <, <=, > or >= between them; "
                        "others belong into WHERE or a subquery");
}

/* Only rows that can match: without NULL in their keys. */
static bp_status drop_null_keys(const asof *join, plan_id *node, const expr_id *keys, bp_error *err)
{
    expr_id *there = arena_new_array(join->binder->arena, expr_id, join->key_count + 1);
    bp_status status;

    if (!there) return no_memory(join, err);
    for (size_t i = 0; i <= join->key_count; i++)
        if ((status = expr_is_null(&there[i], &join->plan->exprs, keys[i], true, err))) return status;
    return plan_filter_by(node, join->plan, *node, there, join->key_count + 1, err);
}

/* The right side's rows, numbered, with keys: kept, for the window and the join read them. */
static bp_status keep_right(asof *join, bp_error *err)
{
    plan *plan = join->plan;
    size_t total = join->right_count + 1 + join->key_count + 1;
    expr_id *exprs = arena_new_array(join->binder->arena, expr_id, total);
    plan_id node = join->sides[1];
    column_id number;
    bp_status status;

    if (!exprs) return no_memory(join, err);
    if (!join->keeps_right && (status = drop_null_keys(join, &node, join->keys[1], err))) return status;
    if ((status = plan_number_rows(&node, plan, node, NULL, 0, &number, err))) return status;
    for (size_t i = 0; i < join->right_count; i++)
        if ((status = column_expr(&exprs[i], join->binder, join->right[i], err))) return status;
    if ((status = column_expr(&exprs[join->right_count], join->binder, number, err))) return status;
    memcpy(exprs + join->right_count + 1, join->keys[1], (join->key_count + 1) * sizeof *exprs);
    if ((status = plan_project(&node, plan, node, exprs, NULL, total, err))) return status;
    return plan_keep(&join->kept, plan, node, err);
}

/* One side of the table of both: the left side's columns, keys, ordered, whose turn it is among equals, the right row's number. */
static bp_status gather_side(const asof *join, bool right, plan_id *out, bp_error *err)
{
    plan *plan = join->plan;
    const plan_node *left = plan_at(plan, join->sides[0]);
    bool strict = join->op == COMPARE_LESS || join->op == COMPARE_GREATER;
    size_t left_count = left->output_count, keys = join->key_count + 1, at = 0;
    column_id *outputs = left->outputs;
    expr_id *exprs = arena_new_array(join->binder->arena, expr_id, left_count + keys + 2);
    const column_id *kept = NULL;
    plan_id node = join->sides[0];
    bp_status status;

    if (!exprs) return no_memory(join, err);
    if (right) {
        const plan_node *keep = plan_at(plan, join->kept);
        if ((status = plan_read(&node, plan, join->kept, keep->outputs + join->right_count, keys + 1, err))) return status;
        kept = plan_at(plan, node)->outputs; /* number, keys, ordered */
    }
    for (; at < left_count; at++) {
        status = right ? expr_null(&exprs[at], &plan->exprs, plan->columns[outputs[at]].type, err)
                       : column_expr(&exprs[at], join->binder, outputs[at], err);
        if (status) return status;
    }
    for (size_t i = 0; i < keys; i++) {
        exprs[at + i] = join->keys[0][i];
        if (right && (status = column_expr(&exprs[at + i], join->binder, kept[1 + i], err))) return status;
    }
    if (right && join->keeps_right && (status = drop_null_keys(join, &node, exprs + at, err))) return status;
    at += keys;
    if ((status = expr_bool(&exprs[at++], &plan->exprs, right == strict, err))) return status;
    status = right ? column_expr(&exprs[at++], join->binder, kept[0], err)
                   : expr_null(&exprs[at++], &plan->exprs, type_of(TYPE_INT64), err);
    return status ? status : plan_project(out, plan, node, exprs, NULL, at, err);
}

/* last_value(number IGNORE NULLS) OVER (PARTITION BY keys ORDER BY ordered, turn, number DESC ROWS UNBOUNDED PRECEDING) */
static bp_status number_before(const asof *join, const column_id *columns, plan_id *node, column_id *out, bp_error *err)
{
    plan *plan = join->plan;
    expr_id *keys = arena_new_array(join->binder->arena, expr_id, join->key_count), call;
    sort_key order[3] = {{.descending = join->op == COMPARE_LESS || join->op == COMPARE_LESS_EQUAL}, {0}, {.descending = true}};
    window_definition window = {.partitions = keys,
                                .partition_count = join->key_count,
                                .keys = order,
                                .key_count = 3,
                                .frame = {.unit = WINDOW_ROWS, .start = WINDOW_UNBOUNDED_PRECEDING, .end = WINDOW_CURRENT_ROW}};
    bp_status status;

    if (!keys) return no_memory(join, err);
    for (size_t i = 0; i < join->key_count; i++)
        if ((status = column_expr(&keys[i], join->binder, columns[i], err))) return status;
    for (size_t i = 0; i < 3; i++)
        if ((status = column_expr(&order[i].expr, join->binder, columns[join->key_count + i], err))) return status;
    if ((status = expr_window(&call, &plan->exprs, window_function_find(STRING_VIEW("last_value")), &order[2].expr, 1, true,
                              &window, err)) ||
        (status = plan_add_column(out, plan, STRING_VIEW("match"), expr_type(&plan->exprs, call), err)))
        return status;
    return plan_window(node, plan, *node, &call, out, 1, err);
}

/* The left side's rows with the number of the right row that each gets; NULL: none. */
static bp_status match_rows(const asof *join, plan_id *out, column_id *match, bp_error *err)
{
    plan *plan = join->plan;
    size_t left_count = plan_at(plan, join->sides[0])->output_count, keys = join->key_count + 1;
    column_id *outputs = plan_at(plan, join->sides[0])->outputs, *columns, before;
    bool strict = join->op == COMPARE_LESS || join->op == COMPARE_GREATER;
    expr_id *exprs = arena_new_array(join->binder->arena, expr_id, left_count + 1), turn, choice[3];
    plan_id sides[2];
    bp_status status;

    if (!exprs) return no_memory(join, err);
    if ((status = gather_side(join, false, &sides[0], err)) || (status = gather_side(join, true, &sides[1], err)) ||
        (status = plan_set(out, plan, PLAN_UNION, true, sides[0], sides[1], err)))
        return status;
    columns = plan_at(plan, *out)->outputs;
    if ((status = number_before(join, columns + left_count, out, &before, err)) ||
        (status = column_expr(&turn, join->binder, columns[left_count + keys], err)))
        return status;
    if (strict && (status = expr_not(&turn, &plan->exprs, turn, err))) return status;
    if ((status = plan_filter_by(out, plan, *out, &turn, 1, err))) return status;
    for (size_t i = 0; i < left_count; i++)
        if ((status = column_expr(&exprs[i], join->binder, columns[i], err))) return status;
    if ((status = column_expr(&choice[0], join->binder, columns[left_count + keys - 1], err)) ||
        (status = expr_is_null(&choice[0], &plan->exprs, choice[0], true, err)) ||
        (status = column_expr(&choice[1], join->binder, before, err)) ||
        (status = expr_null(&choice[2], &plan->exprs, type_of(TYPE_INT64), err)) ||
        (status = expr_case(&exprs[left_count], &plan->exprs, choice, 3, err)) ||
        (status = plan_project(out, plan, *out, exprs, NULL, left_count + 1, err)))
        return status;
    memcpy(plan_at(plan, *out)->outputs, outputs, left_count * sizeof *outputs);
    *match = plan_at(plan, *out)->outputs[left_count];
    return BP_OK;
}

bp_status join_asof(plan_id *out, binder *binder, join_kind kind, plan_id left, plan_id right, const expr_id *conjuncts,
                    size_t count, uint32_t position, bp_error *err)
{
    plan *plan = binder->plan;
    asof join = {.binder = binder, .plan = plan, .sides = {left, right}, .keeps_right = kind == JOIN_RIGHT || kind == JOIN_FULL};
    plan_id read;
    column_id match = 0;
    expr_id sides[2], equal;
    bp_status status;

    join.right = plan_at(plan, right)->outputs;
    join.right_count = plan_at(plan, right)->output_count;
    if ((status = read_conditions(&join, conjuncts, count, position, err)) || (status = keep_right(&join, err)) ||
        (status = match_rows(&join, &left, &match, err)) ||
        (status = plan_read(&read, plan, join.kept, plan_at(plan, join.kept)->outputs, join.right_count + 1, err)))
        return status;
    memcpy(plan_at(plan, read)->outputs, join.right, join.right_count * sizeof *join.right);
    if ((status = column_expr(&sides[0], binder, match, err)) ||
        (status = column_expr(&sides[1], binder, plan_at(plan, read)->outputs[join.right_count], err)) ||
        (status = expr_compare(&equal, &plan->exprs, COMPARE_EQUAL, sides[0], sides[1], err)))
        return status;
    return plan_join(out, plan, kind, left, read, &equal, 1, err);
}
