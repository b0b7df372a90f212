/* JOINS: semi joins that keep few rows sink to the input that they are about; inner joins are put in the order that makes the fewest rows (optimize_join_order.c); the smaller
 * side is built. */
#include "optimize_joins.h"

#include <math.h>

#define GROUPED_COST 0.25 /* of a row grouped, a row built being 1 */
#define SEMI_ROUNDS 8
#define SEMI_SHARE 0.25 /* a semi join with at most this share of the input's rows sinks to it; others come after the inner joins */

/* Semi joins ------------------------------------------------------------------------------------------------------------------------- */
typedef struct column_search {
    const plan_node *nodes[2];
    bool foreign;
} column_search;

static bool look_for_foreign(void *data, const expr_pool *pool, expr_id id)
{
    column_search *search = data;
    const expr_node *node = expr_at(pool, id);
    bool found = node->kind != EXPR_COLUMN;

    for (size_t n = 0; n < 2; n++)
        for (size_t i = 0; i < search->nodes[n]->output_count && !found; i++) found = search->nodes[n]->outputs[i] == node->column;
    search->foreign |= !found;
    return found;
}

/* Whether all columns of the expression are among the outputs of either node. */
static bp_status is_about(const plan *plan, expr_id expr, plan_id one, plan_id other, bool *out, bp_error *err)
{
    column_search search = {.nodes = {plan_at(plan, one), plan_at(plan, other)}};
    bp_status status = expr_walk(&plan->exprs, expr, look_for_foreign, &search, err);

    *out = !search.foreign;
    return status;
}

/* Whether the semi join `id` can be asked of this input of the node below it, and is worth it. */
static bp_status semi_fits(const plan *plan, plan_id id, plan_id input, bool *out, bp_error *err)
{
    const plan_node *node = plan_at(plan, id);
    bp_status status;

    *out = node->join.pair_count > 0 && plan_at(plan, node->children[1])->row_estimate <= SEMI_SHARE * plan_base_rows(plan, input);
    for (size_t i = 0; i < node->join.pair_count && *out; i++) {
        if (expr_at(&plan->exprs, node->join.pairs[i].left)->can_fail) *out = false;
        if (*out && (status = is_about(plan, node->join.pairs[i].left, input, input, out, err))) return status;
    }
    for (size_t i = 0; i < node->join.residual_count && *out; i++) {
        if (expr_at(&plan->exprs, node->join.residual[i])->can_fail) *out = false;
        if (*out && (status = is_about(plan, node->join.residual[i], input, node->children[1], out, err))) return status;
    }
    return BP_OK;
}

/* How many of the inputs of a node a semi join above it may sink to. */
static size_t inputs_below(const plan_node *node)
{
    if (node->kind == PLAN_PROJECT || node->kind == PLAN_SORT) return 1;
    if (node->kind != PLAN_JOIN) return 0;
    if (node->join.kind == JOIN_INNER || node->join.kind == JOIN_CROSS) return 2;
    return node->join.kind != JOIN_RIGHT && node->join.kind != JOIN_FULL;
}

static bp_status copy_outputs(plan *plan, plan_node *node, const plan_node *from, bp_error *err)
{
    node->outputs = arena_new_array(&plan->arena, column_id, from->output_count);
    if (!node->outputs) return error_no_memory(err, plan->context->memory, from->output_count * sizeof *node->outputs);
    if (from->output_count) memcpy(node->outputs, from->outputs, from->output_count * sizeof *node->outputs);
    node->output_count = from->output_count;
    return BP_OK;
}

/* SEMI(JOIN(a, b)) becomes JOIN(SEMI(a), b): the two nodes change places. A column that a PROJECT passes on has the same id below it. */
static bp_status sink_semi(plan *plan, plan_id id, bool *sunk, bp_error *err)
{
    plan_id below = plan_at(plan, id)->children[0];
    size_t inputs = inputs_below(plan_at(plan, below));

    for (size_t side = 0; side < inputs; side++) {
        plan_node semi = *plan_at(plan, id), *node = plan_at(plan, id);
        bp_status status;
        bool fits;
        if ((status = semi_fits(plan, id, plan_at(plan, below)->children[side], &fits, err))) return status;
        if (!fits) continue;
        *node = *plan_at(plan, below); /* its outputs are the ones that the semi join passed on */
        semi.children[0] = node->children[side];
        if ((status = copy_outputs(plan, &semi, plan_at(plan, semi.children[0]), err))) return status;
        node->children[side] = below;
        *plan_at(plan, below) = semi;
        *sunk = true;
        return BP_OK;
    }
    return BP_OK;
}

/* A semi join that has sunk below another one lets that sink too; each sinks at most as deep as the plan is. */
static bp_status sink_semis(plan *plan, const plan_id *order, size_t count, bp_error *err)
{
    bool sunk = true;
    bp_status status;

    for (size_t round = 0; sunk && round < SEMI_ROUNDS; round++) {
        sunk = false;
        for (size_t i = count; i-- > 0;) { /* from the root down */
            const plan_node *node = plan_at(plan, order[i]);
            if (node->kind != PLAN_JOIN || node->join.kind != JOIN_SEMI) continue;
            if ((status = sink_semi(plan, order[i], &sunk, err))) return status;
        }
    }
    return BP_OK;
}

/* A right side's keys, as columns of a node below it. */
typedef struct key_columns {
    column_id *ids;
    size_t count;
} key_columns;

static bp_status right_keys(plan *plan, const plan_node *join, key_columns *out, bp_error *err)
{
    *out = (key_columns){.ids = arena_new_array(&plan->arena, column_id, join->join.pair_count)};
    if (!out->ids) return error_no_memory(err, plan->context->memory, join->join.pair_count * sizeof *out->ids);
    for (size_t i = 0; i < join->join.pair_count; i++) {
        const expr_node *key = expr_at(&plan->exprs, join->join.pairs[i].right);
        if (key->kind == EXPR_COLUMN) out->ids[out->count++] = key->column;
    }
    return BP_OK;
}

static bool has_key(const key_columns *keys, column_id id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->ids[i] == id) return true;
    return false;
}

/* The same columns below a PROJECT; those that it computes go. */
static void keys_below(const plan *plan, const plan_node *project, key_columns *keys)
{
    size_t kept = 0;

    for (size_t i = 0; i < keys->count; i++) {
        size_t at = 0;
        const expr_node *expr;
        while (at < project->output_count && project->outputs[at] != keys->ids[i]) at++;
        if (at == project->output_count) continue;
        expr = expr_at(&plan->exprs, project->project.exprs[at]);
        if (expr->kind == EXPR_COLUMN) keys->ids[kept++] = expr->column;
    }
    keys->count = kept;
}

/* The AGGREGATE that the right side consists of, when its groups are among the join's keys, so that no two right rows have the same keys; 0: none. */
static bp_status grouped_by_keys(plan *plan, const plan_node *join, plan_id *out, bp_error *err)
{
    plan_id id = join->children[1];
    key_columns keys;
    bp_status status = right_keys(plan, join, &keys, err);

    *out = 0;
    if (status) return status;
    while (plan_at(plan, id)->kind == PLAN_PROJECT || plan_at(plan, id)->kind == PLAN_FILTER) {
        if (plan_at(plan, id)->kind == PLAN_PROJECT) keys_below(plan, plan_at(plan, id), &keys);
        id = plan_at(plan, id)->children[0];
    }
    if (plan_at(plan, id)->kind != PLAN_AGGREGATE) return BP_OK;
    for (size_t i = 0; i < plan_at(plan, id)->aggregate.group_count; i++)
        if (!has_key(&keys, plan_at(plan, id)->outputs[i])) return BP_OK;
    *out = id;
    return BP_OK;
}

/* SINGLE over groups of the very keys finds one row at most without being asked to: it is a LEFT join. *work: what the right side costs, in rows built. */
static bp_status relax_single(plan *plan, plan_id id, double *work, bp_error *err)
{
    plan_id groups;
    bp_status status = grouped_by_keys(plan, plan_at(plan, id), &groups, err);

    *work = plan_at(plan, plan_at(plan, id)->children[1])->row_estimate;
    if (status || !groups) return status;
    *work = fmax(*work, plan_at(plan, plan_at(plan, groups)->children[0])->row_estimate * GROUPED_COST);
    if (plan_at(plan, id)->join.kind == JOIN_SINGLE) plan_at(plan, id)->join.kind = JOIN_LEFT;
    return BP_OK;
}

/* SEMI(few, many) becomes RIGHT SEMI(many, few), LEFT(few, many) RIGHT(many, few): the few are built and marked. Where the many are groups of the keys, as
 * with correlated subqueries, only the groups of the few are then computed (see optimize_join_filters.c). */
static bp_status build_the_few(plan *plan, plan_id id, bp_error *err)
{
    static const join_kind opposite[] = {[JOIN_SEMI] = JOIN_RIGHT_SEMI, [JOIN_ANTI] = JOIN_RIGHT_ANTI, [JOIN_LEFT] = JOIN_RIGHT};
    plan_node *node = plan_at(plan, id);
    plan_id left = node->children[0], right = node->children[1];
    join_kind kind = (join_kind)node->join.kind;
    plan_id moved;
    double work;
    bp_status status;

    if (node->kind != PLAN_JOIN || (kind != JOIN_SEMI && kind != JOIN_ANTI && kind != JOIN_LEFT && kind != JOIN_SINGLE))
        return BP_OK;
    if ((status = relax_single(plan, id, &work, err))) return status;
    kind = (join_kind)node->join.kind;
    if (kind == JOIN_SINGLE || plan_at(plan, left)->row_estimate + LEAST_GAIN > work) return BP_OK;
    if (kind == JOIN_LEFT) { /* a PROJECT takes its place, for the order of the columns */
        if ((status = plan_join(&moved, plan, JOIN_RIGHT, right, left, NULL, 0, err))) return status;
        plan_at(plan, moved)->join = plan_at(plan, id)->join;
        plan_at(plan, moved)->row_estimate = plan_at(plan, id)->row_estimate;
        if ((status = joins_project_in_place(plan, id, moved, err))) return status;
        node = plan_at(plan, moved);
    }
    node->join.kind = (uint8_t)opposite[kind];
    node->children[0] = right;
    node->children[1] = left;
    for (size_t i = 0; i < node->join.pair_count; i++) {
        expr_id was_left = node->join.pairs[i].left;
        node->join.pairs[i].left = node->join.pairs[i].right;
        node->join.pairs[i].right = was_left;
    }
    return BP_OK;
}

bp_status optimize_joins(plan *plan, bp_error *err)
{
    plan_id *order;
    size_t count;
    bool *inner, any = false;
    bp_status status = plan_post_order(plan, &order, &count, err);

    if (status) return status;
    for (size_t i = 0; i < count; i++) any |= plan_at(plan, order[i])->kind == PLAN_JOIN;
    if (!any) return BP_OK;
    if ((status = plan_estimate(plan, err)) || (status = sink_semis(plan, order, count, err))) return status;
    if ((status = plan_estimate(plan, err)) || (status = plan_post_order(plan, &order, &count, err))) return status;
    inner = arena_allocate_zeroed(&plan->arena, plan->node_count); /* within a region that begins above */
    if (!inner) return error_no_memory(err, plan->context->memory, plan->node_count);
    for (size_t i = count; i-- > 0 && !status;) {
        const plan_node *node = plan_at(plan, order[i]);
        if (!joins_reorderable(plan, order[i])) continue;
        for (size_t c = 0; c < 2; c++) inner[node->children[c]] = joins_reorderable(plan, node->children[c]);
    }
    for (size_t i = 0; i < count && !status; i++) { /* leaves first: their estimates are those of their new order */
        if (!inner[order[i]] && joins_reorderable(plan, order[i])) status = joins_order(plan, order[i], err);
        if (!status) status = build_the_few(plan, order[i], err);
    }
    return status;
}
