/* Windows over several grouping sets: the sets' rows are put one behind the other first, and windows see them all.
 *
 * An expression of SELECT's list was bound once for each set, over that set's columns, and may differ between them: a group that a set is without is NULL in it,
 * GROUPING(…) a number. Over the union it is the one that belongs to the row's set, told by a column with the set's number; where all say the same, that. */
#include "binder.h"

typedef struct replacement {
    const column_id *from;
    const expr_id *to;
    size_t count;
} replacement;

static bp_status replace_column(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    const replacement *replacement = data;
    const expr_node *node = expr_at(pool, *id);

    (void)err;
    for (size_t i = 0; node->kind == EXPR_COLUMN && i < replacement->count; i++) {
        if (node->column != replacement->from[i]) continue;
        *id = replacement->to[i];
        break;
    }
    return BP_OK;
}

/* The rows of all sets: each one's columns, then its number. */
static bp_status unite(plan_id *out, binder *binder, const grouped_set *sets, size_t set_count, size_t column_count, bp_error *err)
{
    expr_id *exprs = arena_new_array(binder->arena, expr_id, column_count + 1);
    plan_id part;
    bp_status status;

    if (!exprs) return error_no_memory(err, binder->context->memory, column_count * sizeof *exprs);
    for (size_t i = 0; i < set_count; i++) {
        if (column_count) memcpy(exprs, sets[i].columns, column_count * sizeof *exprs);
        if ((status = expr_int64(&exprs[column_count], &binder->plan->exprs, (int64_t)i, err))) return status;
        if ((status = plan_project(&part, binder->plan, sets[i].node, exprs, NULL, column_count + 1, err))) return status;
        if (i == 0)
            *out = part;
        else if ((status = plan_set(out, binder->plan, PLAN_UNION, true, *out, part, err)))
            return status;
    }
    return BP_OK;
}

/* What the columns of a set, and its windows, are above the union. */
static bp_status find_replacement(replacement *out, binder *binder, const grouped_set *set, const grouped_set *first,
                                  size_t column_count, plan_id united, bp_error *err)
{
    const expr_pool *pool = &binder->plan->exprs;
    column_id *from = arena_new_array(binder->arena, column_id, column_count + set->window_count);
    expr_id *to = arena_new_array(binder->arena, expr_id, column_count + set->window_count);
    bp_status status;

    *out = (replacement){.from = from, .to = to};
    if (!from || !to) return error_no_memory(err, binder->context->memory, column_count * sizeof *to);
    for (size_t i = 0; i < column_count; i++) {
        if (expr_at(pool, set->columns[i])->kind != EXPR_COLUMN) continue; /* a group that it is without */
        from[out->count] = expr_at(pool, set->columns[i])->column;
        if ((status = column_expr(&to[out->count++], binder, plan_at(binder->plan, united)->outputs[i], err))) return status;
    }
    for (size_t i = 0; i < set->window_count; i++) {
        from[out->count] = set->windows[i];
        if ((status = column_expr(&to[out->count++], binder, first->windows[i], err))) return status;
    }
    return BP_OK;
}

/* forms[i] belongs to rows of set i. */
static bp_status choose_form(expr_id *out, binder *binder, const expr_id *forms, size_t count, expr_id number, bp_error *err)
{
    expr_pool *pool = &binder->plan->exprs;
    expr_id *choices = arena_new_array(binder->arena, expr_id, 2 * count);
    size_t different = 0, total = 0;
    bp_status status;

    *out = forms[0];
    for (size_t i = 1; i < count; i++) different += !expr_equal(pool, forms[i], forms[0]);
    if (different == 0) return BP_OK;
    if (!choices) return error_no_memory(err, binder->context->memory, count * sizeof *choices);
    for (size_t i = 0; i + 1 < count; i++) {
        expr_id literal;
        if ((status = expr_int64(&literal, pool, (int64_t)i, err))) return status;
        if ((status = expr_compare(&choices[total++], pool, COMPARE_EQUAL, number, literal, err))) return status;
        choices[total++] = forms[i];
    }
    choices[total++] = forms[count - 1];
    if ((status = expr_case(out, pool, choices, total, err))) return status;
    return expr_cast(out, pool, *out, expr_type(pool, forms[0]), false, err);
}

bp_status unite_sets(plan_id *out, binder *binder, const grouped_set *sets, size_t set_count, size_t column_count,
                     size_t expr_count, expr_id *merged, bp_error *err)
{
    replacement *replacements = arena_new_array(binder->arena, replacement, set_count);
    expr_id *forms = arena_new_array(binder->arena, expr_id, set_count), number;
    bp_status status;

    if (!replacements || !forms) return error_no_memory(err, binder->context->memory, set_count * sizeof *replacements);
    if ((status = unite(out, binder, sets, set_count, column_count, err))) return status;
    if ((status = column_expr(&number, binder, plan_at(binder->plan, *out)->outputs[column_count], err))) return status;
    for (size_t i = 0; i < set_count; i++)
        if ((status = find_replacement(&replacements[i], binder, &sets[i], &sets[0], column_count, *out, err))) return status;
    for (size_t i = 0; i < expr_count; i++) {
        for (size_t set = 0; set < set_count; set++)
            if ((status =
                     expr_rewrite(&forms[set], &binder->plan->exprs, sets[set].exprs[i], replace_column, &replacements[set], err)))
                return status;
        if ((status = choose_form(&merged[i], binder, forms, set_count, number, err))) return status;
    }
    return BP_OK;
}
