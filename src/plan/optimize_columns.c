/* COLUMNS: from the root down, the set of ids that are used above; scans, projections and aggregations make only those. A shared id set serves the whole plan, since
 * ids are plan-wide: an id is needed if any node above its maker uses it. */
#include "optimize.h"

typedef struct pruning {
    plan *plan;
    uint64_t *needed; /* a bit a column */
} pruning;

static bp_status need_all(pruning *state, const expr_id *exprs, size_t count, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < count && !status; i++) status = plan_expr_columns(state->plan, exprs[i], state->needed, err);
    return status;
}

static bp_status need_keys(pruning *state, const sort_key *keys, size_t count, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < count && !status; i++) status = plan_expr_columns(state->plan, keys[i].expr, state->needed, err);
    return status;
}

static void need_outputs(pruning *state, plan_id id)
{
    const plan_node *node = plan_at(state->plan, id);

    for (size_t i = 0; i < node->output_count; i++) bitmap_set(state->needed, node->outputs[i]);
}

static bool is_needed(const pruning *state, column_id id)
{
    return bitmap_get(state->needed, id);
}

static void prune_scan(pruning *state, plan_node *node)
{
    size_t kept = 0;

    for (size_t i = 0; i < node->output_count; i++) {
        if (!is_needed(state, node->outputs[i])) continue;
        node->outputs[kept] = node->outputs[i];
        node->scan.source_columns[kept++] = node->scan.source_columns[i];
    }
    node->output_count = kept;
}

static bp_status prune_project(pruning *state, plan_node *node, bp_error *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < node->output_count; i++) {
        if (!is_needed(state, node->outputs[i])) continue;
        node->outputs[kept] = node->outputs[i];
        node->project.exprs[kept++] = node->project.exprs[i];
    }
    node->output_count = kept;
    return need_all(state, node->project.exprs, kept, err);
}

static bp_status prune_aggregate(pruning *state, plan_node *node, bp_error *err)
{
    size_t groups = node->aggregate.group_count, kept = 0;
    bp_status status;

    for (size_t i = 0; i < node->aggregate.aggregate_count; i++) {
        if (!is_needed(state, node->outputs[groups + i])) continue;
        node->outputs[groups + kept] = node->outputs[groups + i];
        node->aggregate.aggregates[kept++] = node->aggregate.aggregates[i];
    }
    node->aggregate.aggregate_count = kept;
    node->output_count = groups + kept;
    if ((status = need_all(state, node->aggregate.groups, groups, err))) return status;
    return need_all(state, node->aggregate.aggregates, kept, err);
}

static bp_status need_join(pruning *state, const plan_node *node, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < node->join.pair_count; i++) {
        if ((status = plan_expr_columns(state->plan, node->join.pairs[i].left, state->needed, err))) return status;
        if ((status = plan_expr_columns(state->plan, node->join.pairs[i].right, state->needed, err))) return status;
    }
    return need_all(state, node->join.residual, node->join.residual_count, err);
}

static void prune_read(pruning *state, plan_node *node)
{
    size_t kept = 0;

    for (size_t i = 0; i < node->output_count; i++) {
        if (!is_needed(state, node->outputs[i])) continue;
        node->outputs[kept] = node->outputs[i];
        node->read.columns[kept++] = node->read.columns[i];
    }
    node->output_count = kept;
    for (size_t i = 0; i < kept; i++) bitmap_set(state->needed, node->read.columns[i]);
}

static bp_status prune_window(pruning *state, plan_node *node, bp_error *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < node->window.expr_count; i++) {
        if (!is_needed(state, node->window.made[i])) continue;
        node->window.made[kept] = node->window.made[i];
        node->window.exprs[kept++] = node->window.exprs[i];
    }
    node->window.expr_count = kept;
    return need_all(state, node->window.exprs, kept, err);
}

/* What the node uses of its children; what only it makes and nobody needs goes. */
static bp_status visit(pruning *state, plan_id id, bp_error *err)
{
    plan_node *node = plan_at(state->plan, id);
    bp_status status;

    switch ((plan_kind)node->kind) {
    case PLAN_SCAN:
        if ((status = need_all(state, node->scan.filters, node->scan.filter_count, err))) return status;
        prune_scan(state, node);
        return BP_OK;
    case PLAN_FILTER: return need_all(state, node->filter.conjuncts, node->filter.conjunct_count, err);
    case PLAN_PROJECT: return prune_project(state, node, err);
    case PLAN_AGGREGATE: return prune_aggregate(state, node, err);
    case PLAN_DISTINCT:
        if (node->distinct.on_count == 0) need_outputs(state, node->children[0]); /* every column counts */
        if ((status = need_keys(state, node->distinct.keys, node->distinct.key_count, err))) return status;
        return need_all(state, node->distinct.on, node->distinct.on_count, err);
    case PLAN_JOIN: return need_join(state, node, err);
    case PLAN_WINDOW: return prune_window(state, node, err);
    case PLAN_READ: prune_read(state, node); return BP_OK;
    case PLAN_UNNEST:
        return need_all(state, node->unnest.lists, node->unnest.list_count, err); /* each decides how often rows come */
    case PLAN_SORT: return need_keys(state, node->sort.keys, node->sort.key_count, err);
    case PLAN_LIMIT: return need_keys(state, node->limit.keys, node->limit.key_count, err);
    case PLAN_SET:
    case PLAN_RECURSIVE:
        need_outputs(state, node->children[0]);
        need_outputs(state, node->children[1]);
        return BP_OK;
    default: return BP_OK;
    }
}

/* UNNEST and WINDOW put out what their child still does, then their own. */
static bp_status pass_on_with(pruning *state, plan_node *node, const plan_node *child, const column_id *made, size_t own,
                              bp_error *err)
{
    column_id *outputs = arena_new_array(&state->plan->arena, column_id, child->output_count + own);

    if (!outputs) return error_no_memory(err, state->plan->context->memory, own * sizeof *outputs);
    if (child->output_count) memcpy(outputs, child->outputs, child->output_count * sizeof *outputs);
    if (own) memcpy(outputs + child->output_count, made, own * sizeof *outputs);
    node->outputs = outputs;
    node->output_count = child->output_count + own;
    return BP_OK;
}

/* Bottom up: nodes that pass columns on put out what their children still do. */
static bp_status pass_on(pruning *state, plan_id id, bp_error *err)
{
    plan_node *node = plan_at(state->plan, id);
    const plan_node *child = plan_at(state->plan, node->children[0]), *right = plan_at(state->plan, node->children[1]);
    size_t kept = 0;

    switch ((plan_kind)node->kind) {
    case PLAN_FILTER:
    case PLAN_DISTINCT:
    case PLAN_SORT:
    case PLAN_LIMIT:
    case PLAN_KEEP:
        node->outputs = child->outputs;
        node->output_count = child->output_count;
        return BP_OK;
    case PLAN_WINDOW: return pass_on_with(state, node, child, node->window.made, node->window.expr_count, err);
    case PLAN_UNNEST:
        return pass_on_with(state, node, child, node->unnest.made, node->unnest.list_count + node->unnest.ordinality, err);
    case PLAN_JOIN: break;
    default: return BP_OK;
    }
    for (size_t i = 0; join_puts_left((join_kind)node->join.kind) && i < child->output_count; i++)
        node->outputs[kept++] = child->outputs[i];
    if (join_puts_mark((join_kind)node->join.kind))
        node->outputs[kept++] = node->join.mark;
    else if (join_puts_right((join_kind)node->join.kind))
        for (size_t i = 0; i < right->output_count; i++) node->outputs[kept++] = right->outputs[i];
    node->output_count = kept;
    return BP_OK;
}

/* A node keeps columns that were needed below it only (a filter's, a join key's): a PROJECT above drops them where the rows are many. */
static bp_status narrow(pruning *state, plan_id id, bp_error *err)
{
    plan *plan = state->plan;
    size_t kept = 0, total = plan_at(plan, id)->output_count;
    column_id *outputs = arena_new_array(&plan->arena, column_id, total);
    expr_id *exprs = arena_new_array(&plan->arena, expr_id, total);
    plan_node copy = *plan_at(plan, id);
    plan_id moved;
    bp_status status;

    if (!outputs || !exprs) return error_no_memory(err, plan->context->memory, total * sizeof *outputs);
    for (size_t i = 0; i < total; i++) {
        column_id column = copy.outputs[i];
        if (!is_needed(state, column)) continue;
        outputs[kept] = column;
        if ((status = expr_column(&exprs[kept++], &plan->exprs, column, plan->columns[column].type, err))) return status;
    }
    if (kept == total) return BP_OK;
    if ((status = plan_project(&moved, plan, id, exprs, NULL, kept, err))) return status;
    { /* the new node and the old one change places, so that parents need not be told */
        plan_node project = *plan_at(plan, moved);
        project.outputs = outputs;
        project.children[0] = moved;
        *plan_at(plan, moved) = copy;
        *plan_at(plan, id) = project;
    }
    return BP_OK;
}

/* Which nodes' rows are stored or probed: the inputs of breakers and joins are worth narrowing. */
static bool stores_rows(const plan_node *node)
{
    return node->kind == PLAN_JOIN || node->kind == PLAN_SORT || node->kind == PLAN_WINDOW || node->kind == PLAN_KEEP ||
           (node->kind == PLAN_LIMIT && node->limit.key_count);
}

static bp_status narrow_children(pruning *state, plan_id id, const uint64_t *above, bp_error *err)
{
    bp_status status = BP_OK;
    uint64_t *saved = state->needed;
    size_t words = bitmap_words(state->plan->column_count);
    uint64_t *own = arena_new_array(&state->plan->arena, uint64_t, words + 1);

    if (!own) return error_no_memory(err, state->plan->context->memory, words * 8);
    memcpy(own, above, words * 8);
    state->needed = own;
    if (plan_at(state->plan, id)->kind == PLAN_JOIN)
        status = need_join(state, plan_at(state->plan, id), err);
    else
        status = visit(state, id, err);
    for (size_t i = 0; i < 2 && !status; i++)
        if (plan_at(state->plan, id)->children[i]) status = narrow(state, plan_at(state->plan, id)->children[i], err);
    state->needed = saved;
    return status;
}

bp_status optimize_columns(plan *plan, bp_error *err)
{
    pruning state = {.plan = plan};
    size_t words = bitmap_words(plan->column_count) + 1, count;
    plan_id *order;
    uint64_t **above;
    bp_status status;

    state.needed = arena_new_array(&plan->arena, uint64_t, words);
    if (!state.needed) return error_no_memory(err, plan->context->memory, words * 8);
    if ((status = plan_post_order(plan, &order, &count, err))) return status;
    above = arena_new_array(&plan->arena, uint64_t *, count);
    if (!above) return error_no_memory(err, plan->context->memory, count * sizeof *above);
    need_outputs(&state, plan->root);
    for (size_t i = count; i-- > 0 && !status;) { /* parents before children */
        if (stores_rows(plan_at(plan, order[i]))) {
            above[i] = arena_new_array(&plan->arena, uint64_t, words);
            if (!above[i]) return error_no_memory(err, plan->context->memory, words * 8);
            memcpy(above[i], state.needed, words * 8);
        }
        status = visit(&state, order[i], err);
    }
    for (size_t i = 0; i < count && !status; i++) {
        if ((status = pass_on(&state, order[i], err))) break;
        if (!stores_rows(plan_at(plan, order[i]))) continue;
        if ((status = narrow_children(&state, order[i], above[i], err))) break;
        status = pass_on(&state, order[i], err);
    }
    return status;
}
