/* SELECT with several grouping sets: what stands above FROM and WHERE is bound once for each set. The rows below are computed once and kept, unless they are a mere scan, or depend on a
 * query around: TPC-DS joins up to five tables below a ROLLUP of nine sets. */
#include "bind_select_internal.h"

/* Several grouping sets: all one behind the other. */
static bp_status union_sets(select_state *state, select_state *sets, size_t count, bool *hidden, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < count; i++) {
        if ((status = bind_above(&sets[i], hidden, err))) return status;
        if (i && (status = plan_set(&sets[i].node, state->binder->plan, PLAN_UNION, true, state->node, sets[i].node, err)))
            return status;
        *state = sets[i];
    }
    return BP_OK;
}

/* Columns of a set for the union: all groups, NULL where it is without one; then what else its node puts out. */
static bp_status set_columns(select_state *state, expr_id **out, size_t *count, bp_error *err)
{
    binder *binder = state->binder;
    const plan_node *node = plan_at(binder->plan, state->node);
    size_t groups = state->sets->count, present = 0, absent = 0;
    expr_id *columns = arena_new_array(binder->arena, expr_id, groups + node->output_count);
    bp_status status = BP_OK;

    if (!columns) return select_no_memory(state, err);
    for (size_t i = 0; i < groups && !status; i++)
        status = state->sets->masks[state->set] >> i & 1
                     ? column_expr(&columns[i], binder, node->outputs[present++], err)
                     : expr_null(&columns[i], &binder->plan->exprs, expr_type(&binder->plan->exprs, state->absent[absent++]), err);
    *out = columns;
    *count = groups + node->output_count - present;
    for (size_t i = groups; i < *count && !status; i++) {
        node = plan_at(binder->plan, state->node);
        status = column_expr(&columns[i], binder, node->outputs[present + i - groups], err);
    }
    return status;
}

/* Everything that was bound, in one list: windows' children, items, ORDER BY, DISTINCT ON, QUALIFY. */
typedef struct expr_list {
    expr_id *ids;
    size_t count;
} expr_list;

static bp_status list_exprs(const select_state *state, expr_list *out, bp_error *err)
{
    const expr_pool *pool = &state->binder->plan->exprs;
    size_t total = state->count + state->order_count + state->on_count + 1;

    for (size_t i = 0; i < state->windows.count; i++) total += expr_at(pool, state->windows.calls[i])->child_count;
    *out = (expr_list){arena_new_array(state->binder->arena, expr_id, total), 0};
    if (!out->ids) return select_no_memory(state, err);
    for (size_t i = 0; i < state->windows.count; i++)
        for (size_t j = 0; j < expr_at(pool, state->windows.calls[i])->child_count; j++)
            out->ids[out->count++] = expr_child(pool, state->windows.calls[i], j);
    for (size_t i = 0; i < state->count; i++) out->ids[out->count++] = state->exprs[i];
    for (size_t i = 0; i < state->order_count; i++) out->ids[out->count++] = state->order[i].key.expr;
    for (size_t i = 0; i < state->on_count; i++) out->ids[out->count++] = state->on[i];
    if (state->qualify) out->ids[out->count++] = state->qualify;
    return BP_OK;
}

/* The reverse. */
static bp_status unlist_exprs(select_state *state, const expr_id *merged, bp_error *err)
{
    expr_pool *pool = &state->binder->plan->exprs;
    bp_status status;

    for (size_t i = 0; i < state->windows.count; i++) {
        size_t children = expr_at(pool, state->windows.calls[i])->child_count;
        if ((status = expr_window_over(&state->windows.calls[i], pool, state->windows.calls[i], merged, err))) return status;
        merged += children;
    }
    for (size_t i = 0; i < state->count; i++) state->exprs[i] = *merged++;
    for (size_t i = 0; i < state->order_count; i++) state->order[i].key.expr = *merged++;
    for (size_t i = 0; i < state->on_count; i++) state->on[i] = *merged++;
    if (state->qualify) state->qualify = *merged;
    return BP_OK;
}

/* With windows: they come over the rows of all sets. */
static bp_status merge_sets(select_state *state, select_state *all, size_t count, bp_error *err)
{
    binder *binder = state->binder;
    grouped_set *sets = arena_new_array(binder->arena, grouped_set, count);
    size_t column_count = 0, expr_count = 0;
    expr_id *merged;
    bp_status status;

    if (!sets) return select_no_memory(state, err);
    for (size_t i = 0; i < count; i++) {
        size_t columns = 0;
        expr_id *made = NULL;
        expr_list list;
        if ((status = set_columns(&all[i], &made, &columns, err)) || (status = list_exprs(&all[i], &list, err))) return status;
        if (all[i].unnests.count) return not_yet(binder, state->select, "unnest() beside windows over several grouping sets", err);
        if (i && (columns != column_count || list.count != expr_count || all[i].windows.count != all[0].windows.count))
            return not_yet(binder, state->select, "these windows over several grouping sets", err);
        column_count = columns;
        expr_count = list.count;
        sets[i] = (grouped_set){all[i].node, made, all[i].windows.ids, all[i].windows.count, list.ids};
    }
    merged = arena_new_array(binder->arena, expr_id, expr_count);
    if (!merged) return select_no_memory(state, err);
    *state = all[0];
    if ((status = unite_sets(&state->node, binder, sets, count, column_count, expr_count, merged, err))) return status;
    return unlist_exprs(state, merged, err);
}

/* shared rows -------------------------------------------------------------------------------------------------------------------------------- */
/* The places of all columns of the scope among the node's outputs; NULL: one is not among them. */
static bp_status places_of(const uint32_t **out, const select_state *rows, bp_error *err)
{
    plan *plan = rows->binder->plan;
    const plan_node *node = plan_at(plan, rows->node);
    uint32_t *places = arena_new_array(rows->binder->arena, uint32_t, plan->column_count);

    *out = NULL;
    if (!places) return select_no_memory(rows, err);
    memset(places, 0xff, plan->column_count * sizeof *places);
    for (size_t i = 0; i < node->output_count; i++) places[node->outputs[i]] = (uint32_t)i;
    for (size_t i = 0; i < rows->scope.count; i++) {
        const scope_column *column = &rows->scope.columns[i];
        if (places[column->id] == UINT32_MAX || places[unqualified_id(column)] == UINT32_MAX) return BP_OK;
    }
    *out = places;
    return BP_OK;
}

/* *shared is NULL when each set must have its own. */
static bp_status share_rows(const shared_rows **shared, const select_state *first, bp_error *err)
{
    binder *binder = first->binder;
    select_state *rows = arena_new(binder->arena, select_state);
    shared_rows *made = arena_new(binder->arena, shared_rows);
    size_t names = binder->outer_names ? *binder->outer_names : 0;
    bool cheap = false;
    bp_status status;

    *shared = NULL;
    if (!rows || !made) return select_no_memory(first, err);
    *rows = *first;
    if ((status = bind_rows(rows, err)) || (status = is_cheap_to_repeat(&cheap, binder->plan, rows->node, err))) return status;
    if (cheap || (binder->outer_names && *binder->outer_names > names)) return BP_OK;
    if ((status = places_of(&made->places, rows, err)) || !made->places) return status;
    made->scope = &rows->scope;
    *shared = made;
    return plan_keep(&made->kept, binder->plan, rows->node, err);
}

bp_status read_shared_rows(select_state *state, bp_error *err)
{
    binder *binder = state->binder;
    const shared_rows *shared = state->shared;
    const plan_node *keep = plan_at(binder->plan, shared->kept);
    scope_column *columns = arena_new_array(binder->arena, scope_column, shared->scope->count);
    const column_id *ids;
    bp_status status;

    if (!columns) return select_no_memory(state, err);
    if ((status = plan_read(&state->node, binder->plan, shared->kept, keep->outputs, keep->output_count, err))) return status;
    ids = plan_at(binder->plan, state->node)->outputs;
    for (size_t i = 0; i < shared->scope->count; i++) {
        columns[i] = shared->scope->columns[i];
        if (columns[i].merged) columns[i].merged_id = ids[shared->places[columns[i].merged_id]];
        columns[i].id = ids[shared->places[columns[i].id]];
    }
    state->scope = (scope){columns, shared->scope->count, shared->scope->count, shared->scope->outer};
    return BP_OK;
}

bp_status bind_sets(select_state *state, syntax_id order, bool *hidden, bp_error *err)
{
    select_state first = *state, *all;
    grouping_sets sets;
    size_t windows = 0;
    bp_status status;

    if ((status = grouping_sets_of(&sets, state->binder, syntax_child(state->binder->tree, state->select, SLOT_SELECT_GROUP), err)))
        return status;
    first.sets = &sets;
    first.windows.keep_twins = true; /* so that all sets have the same ones */
    if (sets.mask_count > 1 && (status = share_rows(&first.shared, &first, err))) return status;
    all = arena_new_array(state->binder->arena, select_state, sets.mask_count);
    if (!all) return select_no_memory(state, err);
    for (size_t i = 0; i < sets.mask_count; i++) {
        all[i] = first;
        all[i].set = i;
        if ((status = bind_below(&all[i], order, err))) return status;
        windows = all[i].windows.count;
    }
    status = windows ? merge_sets(state, all, sets.mask_count, err) : union_sets(state, all, sets.mask_count, hidden, err);
    if (!status && windows) status = bind_above(state, hidden, err);
    state->sets = NULL;
    return status;
}
