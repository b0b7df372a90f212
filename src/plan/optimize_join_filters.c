/* JOIN FILTERS: a join that drops the left rows without a partner tells the scans on its left which keys have one (sideways information passing).
 *
 * The key is followed from the join's left input down to scans: through PROJECT, FILTER, SORT, DISTINCT, UNNEST, UNION (both sides), AGGREGATE (a group's rows go
 * together) and joins; where a join below equates it with a column of its other side, to that side as well. So a filter on one table reaches all
 * that are joined with it, and an aggregation for a few outer rows, such as a correlated subquery becomes, reads only the rows of their groups.
 *
 * What holds all the way down: rows that the filter drops would only make rows that the join drops. The kinds of joins below that keep this are listed
 * in passes_left() and passes_right(). A row that is dropped early raises no error, as with any other condition. */
#include "optimize.h"

#define LEAST_ROWS 1000 /* smaller tables are read whole */
#define USELESS_SHARE 0.9 /* of the keys on the right: where nearly all are there, nearly all rows pass */

/* Rows of `node` whose `column` is not among the keys are not wanted. */
typedef struct wish {
    plan_id node;
    column_id column;
} wish;

typedef struct passing {
    plan *plan;
    plan_id join;
    uint32_t pair;
    wish *wishes;
    size_t count, capacity;
} passing;

static bp_status add_wish(passing *state, plan_id node, column_id column, bp_error *err)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->wishes[i].node == node && state->wishes[i].column == column) return BP_OK;
    if (state->count == state->capacity) {
        size_t capacity = state->capacity ? state->capacity * 2 : 16;
        wish *larger = arena_new_array(&state->plan->arena, wish, capacity);
        if (!larger) return error_no_memory(err, state->plan->context->memory, capacity * sizeof *larger);
        if (state->count) memcpy(larger, state->wishes, state->count * sizeof *larger);
        state->wishes = larger;
        state->capacity = capacity;
    }
    state->wishes[state->count++] = (wish){node, column};
    return BP_OK;
}

static bool is_column(const plan *plan, expr_id expr, column_id *out)
{
    const expr_node *node = expr_at(&plan->exprs, expr);

    *out = node->column;
    return node->kind == EXPR_COLUMN;
}

/* Left rows without a partner leave no trace. */
static bool drops_left(join_kind kind)
{
    return kind == JOIN_INNER || kind == JOIN_SEMI || kind == JOIN_RIGHT || kind == JOIN_RIGHT_SEMI || kind == JOIN_RIGHT_ANTI;
}

/* Unwanted left rows only make unwanted rows, and right rows with their keys matter to no others. */
static bool passes_left(join_kind kind)
{
    return kind != JOIN_RIGHT && kind != JOIN_FULL && kind != JOIN_RIGHT_SEMI && kind != JOIN_RIGHT_ANTI && kind != JOIN_MARK;
}

static bool passes_right(join_kind kind)
{
    return kind == JOIN_INNER || kind == JOIN_CROSS || kind == JOIN_RIGHT || kind == JOIN_RIGHT_SEMI || kind == JOIN_RIGHT_ANTI;
}

static bp_status pass_to_join(passing *state, plan_id id, column_id column, bp_error *err)
{
    const plan *plan = state->plan;
    const plan_node *node = plan_at(plan, id);
    join_kind kind = (join_kind)node->join.kind;
    size_t side = plan_find_output(plan, node->children[0], column) != SIZE_MAX ? 0 : 1;
    bp_status status;

    if (!(side == 0 ? passes_left(kind) : passes_right(kind))) return BP_OK;
    if ((status = add_wish(state, node->children[side], column, err))) return status;
    for (size_t i = 0; i < node->join.pair_count; i++) {
        const join_pair *pair = &node->join.pairs[i];
        column_id one, other;
        if (!is_column(plan, side == 0 ? pair->left : pair->right, &one) || one != column) continue;
        if (!is_column(plan, side == 0 ? pair->right : pair->left, &other)) continue;
        if ((status = add_wish(state, node->children[1 - side], other, err))) return status;
    }
    return BP_OK;
}

static bool has_volatile(const plan *plan, const plan_node *project)
{
    for (size_t i = 0; i < project->output_count; i++)
        if (expr_at(&plan->exprs, project->project.exprs[i])->is_volatile) return true;
    return false;
}

static bp_status note_at_scan(passing *state, plan_node *node, size_t output, bp_error *err)
{
    scan_join_filter *longer, made = {state->join, state->pair, (uint32_t)output};
    size_t count = node->scan.join_filter_count;

    if (node->scan.source->row_count < LEAST_ROWS || node->output_count > UINT32_MAX) return BP_OK;
    for (size_t i = 0; i < count; i++)
        if (node->scan.join_filters[i].join == made.join && node->scan.join_filters[i].output == made.output) return BP_OK;
    longer = arena_new_array(&state->plan->arena, scan_join_filter, count + 1);
    if (!longer) return error_no_memory(err, state->plan->context->memory, (count + 1) * sizeof *longer);
    if (count) memcpy(longer, node->scan.join_filters, count * sizeof *longer);
    longer[count] = made;
    node->scan.join_filters = longer;
    node->scan.join_filter_count = count + 1;
    return BP_OK;
}

/* One step down. */
static bp_status pass_on(passing *state, wish wish, bp_error *err)
{
    plan_node *node = plan_at(state->plan, wish.node);
    size_t output = plan_find_output(state->plan, wish.node, wish.column);
    column_id below = wish.column;

    if (output == SIZE_MAX) return BP_OK;
    switch ((plan_kind)node->kind) {
    case PLAN_SCAN: return note_at_scan(state, node, output, err);
    case PLAN_FILTER:
    case PLAN_SORT:
    case PLAN_UNNEST: break;
    case PLAN_DISTINCT:
        if (node->distinct.on_count) return BP_OK;
        break;
    case PLAN_PROJECT:
        if (has_volatile(state->plan, node) || !is_column(state->plan, node->project.exprs[output], &below)) return BP_OK;
        break;
    case PLAN_AGGREGATE:
        if (output >= node->aggregate.group_count || !is_column(state->plan, node->aggregate.groups[output], &below)) return BP_OK;
        break;
    case PLAN_SET:
        if (node->set.kind != PLAN_UNION) return BP_OK;
        for (size_t side = 0; side < 2; side++) {
            bp_status status =
                add_wish(state, node->children[side], plan_at(state->plan, node->children[side])->outputs[output], err);
            if (status) return status;
        }
        return BP_OK;
    case PLAN_JOIN: return pass_to_join(state, wish.node, wish.column, err);
    default: return BP_OK;
    }
    return add_wish(state, node->children[0], below, err);
}

/* Rows of the table that a column comes from; negative: from no table. */
static double rows_behind(const plan *plan, plan_id id, column_id column)
{
    while (id) {
        const plan_node *node = plan_at(plan, id);
        size_t output = plan_find_output(plan, id, column);
        if (output == SIZE_MAX) return -1;
        if (node->kind == PLAN_SCAN) return (double)node->scan.source->row_count;
        if (node->kind == PLAN_PROJECT && !is_column(plan, node->project.exprs[output], &column)) return -1;
        if (node->kind == PLAN_AGGREGATE &&
            (output >= node->aggregate.group_count || !is_column(plan, node->aggregate.groups[output], &column)))
            return -1;
        if (node->kind == PLAN_SET || node->kind == PLAN_VALUES || node->kind == PLAN_WINDOW) return -1;
        id = node->children[node->kind == PLAN_JOIN && plan_find_output(plan, node->children[0], column) == SIZE_MAX];
    }
    return -1;
}

static bool is_useful(const plan *plan, const plan_node *join, const join_pair *pair)
{
    double keys = plan_at(plan, join->children[1])->row_estimate, all;
    column_id column;

    if (pair->null_safe || !member_set_takes(expr_type(&plan->exprs, pair->right))) return false;
    if (!is_column(plan, pair->right, &column) || keys <= 0) return true;
    all = rows_behind(plan, join->children[1], column);
    return all < 0 || keys < USELESS_SHARE * all;
}

static bp_status pass_pair(plan *plan, plan_id join, size_t index, bp_error *err)
{
    passing state = {.plan = plan, .join = join, .pair = (uint32_t)index};
    const plan_node *node = plan_at(plan, join);
    const join_pair *pair = &node->join.pairs[index];
    column_id column;
    bp_status status;

    if (!is_column(plan, pair->left, &column) || !is_useful(plan, node, pair)) return BP_OK;
    if ((status = add_wish(&state, node->children[0], column, err))) return status;
    for (size_t i = 0; i < state.count; i++) {
        if ((status = cancel_check(&plan->context->cancel, err))) return status;
        if ((status = pass_on(&state, state.wishes[i], err))) return status;
    }
    return BP_OK;
}

bp_status optimize_join_filters(plan *plan, bp_error *err)
{
    plan_id *order;
    size_t count;
    bp_status status = plan_post_order(plan, &order, &count, err);

    for (size_t i = 0; i < count && !status; i++) {
        const plan_node *node = plan_at(plan, order[i]);
        if (node->kind != PLAN_JOIN || !drops_left((join_kind)node->join.kind)) continue;
        for (size_t pair = 0; pair < node->join.pair_count && !status; pair++) status = pass_pair(plan, order[i], pair, err);
    }
    return status;
}
