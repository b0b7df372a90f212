/* FILTERS: every conjunct of a FILTER, and every one-sided conjunct of an inner join, sinks as far as it may.
 *
 *   through PROJECT (columns written out), SORT, DISTINCT, FILTER, UNION (both sides), AGGREGATE (if it names groups only), WINDOW (if it names
 *   columns only by which all its windows are partitioned), and to the side of a JOIN that it is about; an equality between the sides of an inner join becomes a pair of it; in a SCAN it stays.
 *
 * Rows that are kept for several readers (KEEP), each of which filters them, are filtered by the OR of those conditions before they are kept.
 *
 * An outer join whose rows without a partner do not pass becomes an inner one (optimize_outer.c), so that conditions about either side sink.
 *
 * Of an OR that must stay above an AGGREGATE or WINDOW, what its branches say about groups or partitions sinks beside it.
 *
 * A conjunct that can fail never sinks below a join, so it is not tried on rows that the join would have dropped. LIMIT stops everything. */
#include "optimize.h"

#define PARTED 64

typedef struct sinking {
    plan *plan;
    size_t words;
    uint64_t *used, *side, *keys; /* scratch, a bit a column */
    expr_id parted[PARTED]; /* the last conditions of which a part has sunk: a FILTER that was made on the way down is met again */
    size_t parted_count;
} sinking;

static bool fits(const sinking *state, plan_id side)
{
    const plan_node *node = plan_at(state->plan, side);

    memset(state->side, 0, state->words * 8);
    for (size_t i = 0; i < node->output_count; i++) bitmap_set(state->side, node->outputs[i]);
    for (size_t i = 0; i < state->words; i++)
        if (state->used[i] & ~state->side[i]) return false;
    return true;
}

/* The columns of the conjunct into state->used. */
static bp_status note_columns(sinking *state, expr_id conjunct, bp_error *err)
{
    memset(state->used, 0, state->words * 8);
    return plan_expr_columns(state->plan, conjunct, state->used, err);
}

/* Replace column ids from[i] by expressions to[i]. */
typedef struct substitution {
    const column_id *from;
    const expr_id *to;
    size_t count;
} substitution;

static bp_status substitute_node(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    const substitution *substitution = data;
    const expr_node *node = expr_at(pool, *id);

    (void)err;
    for (size_t i = 0; node->kind == EXPR_COLUMN && i < substitution->count; i++) {
        if (node->column != substitution->from[i]) continue;
        *id = substitution->to[i];
        break;
    }
    return BP_OK;
}

static bp_status substitute(sinking *state, expr_id *conjunct, const column_id *from, const expr_id *to, size_t count,
                            bp_error *err)
{
    substitution substitution = {from, to, count};

    return expr_rewrite(conjunct, &state->plan->exprs, *conjunct, substitute_node, &substitution, err);
}

static bool is_volatile(const plan *plan, const expr_id *exprs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (expr_at(&plan->exprs, exprs[i])->is_volatile) return true;
    return false;
}

static bp_status append_conjunct(plan *plan, expr_id **list, size_t *count, expr_id conjunct, bp_error *err)
{
    expr_id *longer = arena_allocate(&plan->arena, (*count + 1) * sizeof *longer);
    bp_status status;

    if ((status = cancel_check(&plan->context->cancel, err))) return status; /* 100,000 conjuncts are copied as often */
    if (!longer) return error_no_memory(err, plan->context->memory, (*count + 1) * sizeof *longer);
    if (*count) memcpy(longer, *list, *count * sizeof *longer);
    longer[(*count)++] = conjunct;
    *list = longer;
    return BP_OK;
}

/* The conjunct stays right above what node `id` is: a FILTER takes the id, the node moves below it. */
static bp_status stay_above(sinking *state, plan_id id, expr_id conjunct, bp_error *err)
{
    plan *plan = state->plan;
    plan_id moved;
    plan_node copy;
    bp_status status;

    if (plan_at(plan, id)->kind == PLAN_FILTER)
        return append_conjunct(plan, &plan_at(plan, id)->filter.conjuncts, &plan_at(plan, id)->filter.conjunct_count, conjunct,
                               err);
    if ((status = plan_filter_by(&moved, plan, id, &conjunct, 1, err))) return status;
    copy = *plan_at(plan, id);
    *plan_at(plan, id) = *plan_at(plan, moved);
    plan_at(plan, id)->children[0] = moved;
    *plan_at(plan, moved) = copy;
    return BP_OK;
}

/* left = right between the sides of an inner join. */
static bp_status try_equal_pair(sinking *state, plan_node *node, expr_id conjunct, bool *done, bp_error *err)
{
    plan *plan = state->plan;
    const expr_node *expr = expr_at(&plan->exprs, conjunct);
    join_pair *pairs;
    bp_status status;

    *done = false;
    if (expr->kind != EXPR_COMPARE || expr->op != COMPARE_EQUAL) return BP_OK;
    for (int swapped = 0; swapped < 2 && !*done; swapped++) {
        expr_id left = expr_child(&plan->exprs, conjunct, (size_t)swapped),
                right = expr_child(&plan->exprs, conjunct, (size_t)(1 - swapped));
        if (expr_is_constant(&plan->exprs, left) || expr_is_constant(&plan->exprs, right)) return BP_OK;
        if ((status = note_columns(state, left, err))) return status;
        if (!fits(state, node->children[0])) continue;
        if ((status = note_columns(state, right, err))) return status;
        if (!fits(state, node->children[1])) continue;
        pairs = arena_new_array(&plan->arena, join_pair, node->join.pair_count + 1);
        if (!pairs) return error_no_memory(err, plan->context->memory, sizeof *pairs);
        if (node->join.pair_count) memcpy(pairs, node->join.pairs, node->join.pair_count * sizeof *pairs);
        pairs[node->join.pair_count++] = (join_pair){.left = left, .right = right};
        node->join.pairs = pairs;
        *done = true;
    }
    return BP_OK;
}

static bool may_sink_left(join_kind kind)
{
    return kind != JOIN_RIGHT && kind != JOIN_FULL;
}

static bool may_sink_right(join_kind kind)
{
    return kind == JOIN_INNER || kind == JOIN_CROSS || kind == JOIN_RIGHT;
}

/* *next: the side it sinks to; 0: *done tells whether the join took it. */
static bp_status sink_to_join(sinking *state, plan_id id, expr_id conjunct, plan_id *next, bool *done, bp_error *err)
{
    plan_node *node = plan_at(state->plan, id);
    join_kind kind;
    bp_status status = outer_join_narrow(state->plan, id, conjunct, err);

    *next = 0;
    *done = false;
    if (status) return status;
    kind = (join_kind)node->join.kind;
    if (expr_at(&state->plan->exprs, conjunct)->can_fail) return BP_OK;
    if ((status = note_columns(state, conjunct, err))) return status;
    if (may_sink_left(kind) && fits(state, node->children[0]))
        *next = node->children[0];
    else if (may_sink_right(kind) && fits(state, node->children[1]))
        *next = node->children[1];
    if (*next || (kind != JOIN_INNER && kind != JOIN_CROSS)) return BP_OK;
    if ((status = try_equal_pair(state, node, conjunct, done, err))) return status;
    node = plan_at(state->plan, id);
    if (!*done) {
        *done = true;
        status = append_conjunct(state->plan, &node->join.residual, &node->join.residual_count, conjunct, err);
    }
    node->join.kind = JOIN_INNER;
    return status;
}

static bp_status sink_conjunct(sinking *state, plan_id id, expr_id conjunct, bp_error *err);

static bool was_parted(sinking *state, expr_id conjunct)
{
    for (size_t i = 0; i < PARTED && i < state->parted_count; i++)
        if (state->parted[i] == conjunct) return true;
    state->parted[state->parted_count++ % PARTED] = conjunct;
    return false;
}

/* Whether a column of node `id` numbers rows: then it is far from the ends of its type. */
static bool numbers_rows(const plan *plan, plan_id id, column_id column)
{
    const plan_node *node;
    size_t at = 0;
    uint8_t kind;

    if (!(id = plan_origin(plan, id, &column)) || (node = plan_at(plan, id))->kind != PLAN_WINDOW) return false;
    while (node->window.made[at] != column) at++;
    kind = expr_at(&plan->exprs, node->window.exprs[at])->window->kind;
    return kind == WINDOW_ROW_NUMBER || kind == WINDOW_RANK || kind == WINDOW_DENSE_RANK;
}

/* Whether the expression over node `id` adds a little to the number of a row, or takes it away: that is said to be able to fail, but does not. */
static bool moves_row_number(const plan *plan, plan_id id, expr_id expr)
{
    const expr_pool *pool = &plan->exprs;
    const expr_node *node = expr_at(pool, expr);
    bool moves = node->kind == EXPR_CALL && node->child_count == 2 && node->type.id == TYPE_INT64 &&
                 (!strcmp(node->call.function->name, "+") || !strcmp(node->call.function->name, "-"));

    for (size_t i = 0; moves && i < 2; i++) {
        const expr_node *child = expr_at(pool, expr_child(pool, expr, i));
        if (child->kind == EXPR_LITERAL && child->type.id == TYPE_INT64 && !column_is_null(child->literal, 0)) {
            int64_t value = ((const int64_t *)child->literal->values)[0];
            moves = value >= INT32_MIN && value <= INT32_MAX;
        } else {
            moves = child->kind == EXPR_COLUMN && numbers_rows(plan, id, child->column);
        }
    }
    return moves;
}

/* An equality that can fail stays above the join. When it compares with the number of a neighbouring row (rn = other.rn + 1) it does not fail, and TRY() of it says
 * the same: that sinks, and becomes a pair of the join. */
static bp_status sink_row_numbers(sinking *state, plan_id id, expr_id conjunct, bp_error *err)
{
    expr_pool *pool = &state->plan->exprs;
    const expr_node *expr = expr_at(pool, conjunct);
    expr_id sides[2], tried;
    bp_status status;

    if (expr->kind != EXPR_COMPARE || expr->op != COMPARE_EQUAL || !expr->can_fail) return BP_OK;
    for (size_t i = 0; i < 2; i++) {
        sides[i] = expr_child(pool, conjunct, i);
        if (!expr_at(pool, sides[i])->can_fail) continue;
        if (!moves_row_number(state->plan, id, sides[i])) return BP_OK;
        if ((status = expr_try(&sides[i], pool, sides[i], err))) return status;
    }
    if (was_parted(state, conjunct)) return BP_OK;
    if ((status = expr_compare(&tried, pool, COMPARE_EQUAL, sides[0], sides[1], err))) return status;
    return sink_conjunct(state, id, tried, err);
}

static bp_status sink_to_union(sinking *state, plan_id id, expr_id conjunct, bp_error *err)
{
    plan *plan = state->plan;
    size_t count = plan_at(plan, id)->output_count;
    expr_id *columns = arena_new_array(&plan->arena, expr_id, count);
    bp_status status = BP_OK;

    if (!columns) return error_no_memory(err, plan->context->memory, count * sizeof *columns);
    for (size_t side = 0; side < 2 && !status; side++) {
        plan_id child = plan_at(plan, id)->children[side];
        expr_id written = conjunct;
        for (size_t i = 0; i < count && !status; i++) {
            column_id column = plan_at(plan, child)->outputs[i];
            status = expr_column(&columns[i], &plan->exprs, column, plan->columns[column].type, err);
        }
        if (!status) status = substitute(state, &written, plan_at(plan, id)->outputs, columns, count, err);
        if (!status) status = sink_conjunct(state, child, written, err);
    }
    return status;
}

static bool names_side_only(const sinking *state)
{
    for (size_t i = 0; i < state->words; i++)
        if (state->used[i] & ~state->side[i]) return false;
    return true;
}

/* The columns of an AGGREGATE's groups into state->side. */
static void note_groups(sinking *state, const plan_node *node)
{
    memset(state->side, 0, state->words * 8);
    for (size_t i = 0; i < node->aggregate.group_count; i++) bitmap_set(state->side, node->outputs[i]);
}

/* The columns by which every window is partitioned into state->side: conditions about them drop whole partitions. */
static void note_partitions(sinking *state, const plan_node *node)
{
    const expr_pool *pool = &state->plan->exprs;

    memset(state->side, 0xff, state->words * 8);
    for (size_t i = 0; i < node->window.expr_count; i++) {
        const window_call *call = expr_at(pool, node->window.exprs[i])->window;
        memset(state->keys, 0, state->words * 8);
        for (size_t j = 0; j < call->partition_count; j++) {
            const expr_node *key = expr_at(pool, expr_child(pool, node->window.exprs[i], call->own_count + j));
            if (key->kind == EXPR_COLUMN) bitmap_set(state->keys, key->column);
        }
        for (size_t word = 0; word < state->words; word++) state->side[word] &= state->keys[word];
    }
}

/* The conjuncts of an OR's branch that name columns of state->side only and cannot fail, as one expression; 0: there are none. */
static bp_status branch_about_side(sinking *state, expr_id branch, expr_id *out, bp_error *err)
{
    plan *plan = state->plan;
    expr_id *conjuncts = NULL;
    size_t count = 0, kept = 0;
    bp_status status = plan_conjuncts(plan, branch, &conjuncts, &count, err);

    *out = 0;
    if (status) return status;
    for (size_t i = 0; i < count; i++) {
        const expr_node *node = expr_at(&plan->exprs, conjuncts[i]);
        if (node->can_fail || node->is_volatile) continue;
        if ((status = note_columns(state, conjuncts[i], err))) return status;
        if (names_side_only(state)) conjuncts[kept++] = conjuncts[i];
    }
    if (kept == 1) *out = conjuncts[0];
    return kept > 1 ? expr_and(out, &plan->exprs, conjuncts, kept, err) : BP_OK;
}

/* What the OR `conjunct` says about the columns of state->side; *out 0: nothing, since one of its branches says nothing about them. */
static bp_status or_about_side(sinking *state, expr_id conjunct, expr_id *out, bp_error *err)
{
    plan *plan = state->plan;
    size_t count = expr_at(&plan->exprs, conjunct)->child_count;
    expr_id *parts;
    bp_status status;

    *out = 0;
    parts = arena_new_array(&plan->arena, expr_id, count);
    if (!parts) return error_no_memory(err, plan->context->memory, count * sizeof *parts);
    for (size_t i = 0; i < count; i++)
        if ((status = branch_about_side(state, expr_child(&plan->exprs, conjunct, i), &parts[i], err)) || !parts[i]) return status;
    return expr_or(out, &plan->exprs, parts, count, err);
}

/* Whether the conjunct names state->side only, so that it may pass the node. If it does not, a part of it may sink by itself. */
static bp_status passes_side(sinking *state, plan_id id, expr_id conjunct, bool *passes, bp_error *err)
{
    expr_id part;
    bp_status status;

    if ((status = note_columns(state, conjunct, err))) return status;
    *passes = names_side_only(state);
    if (*passes || expr_at(&state->plan->exprs, conjunct)->kind != EXPR_OR || was_parted(state, conjunct)) return BP_OK;
    if ((status = or_about_side(state, conjunct, &part, err)) || !part) return status;
    return sink_conjunct(state, id, part, err);
}

/* Of a MARK or EXISTS join only the rows with a mark, or without: a SEMI or ANTI join, and the mark a constant. A MARK may be NULL, and where it is
 * neither it nor its negation holds; so only EXISTS becomes ANTI. */
static bp_status try_mark(sinking *state, plan_id id, expr_id conjunct, bool *done, bp_error *err)
{
    plan *plan = state->plan;
    const plan_node *node = plan_at(plan, id);
    const expr_node *expr = expr_at(&plan->exprs, conjunct);
    bool negated = expr->kind == EXPR_NOT;
    size_t count = node->output_count;
    expr_id *exprs;
    column_id *outputs = node->outputs;
    plan_id moved;
    plan_node copy;
    bp_status status;

    *done = false;
    if (!join_puts_mark((join_kind)node->join.kind) || (negated && node->join.kind != JOIN_EXISTS)) return BP_OK;
    if (negated) expr = expr_at(&plan->exprs, expr_child(&plan->exprs, conjunct, 0));
    if (expr->kind != EXPR_COLUMN || expr->column != node->join.mark) return BP_OK;
    exprs = arena_new_array(&plan->arena, expr_id, count);
    if (!exprs) return error_no_memory(err, plan->context->memory, count * sizeof *exprs);
    for (size_t i = 0; i + 1 < count; i++)
        if ((status = expr_column(&exprs[i], &plan->exprs, outputs[i], plan->columns[outputs[i]].type, err))) return status;
    if ((status = expr_bool(&exprs[count - 1], &plan->exprs, !negated, err))) return status;
    if ((status = plan_project(&moved, plan, id, exprs, NULL, count, err))) return status;
    copy = *plan_at(plan, id);
    copy.join.kind = negated ? JOIN_ANTI : JOIN_SEMI;
    copy.outputs = plan_at(plan, moved)->outputs; /* the new node's own go: what it puts out is called as before */
    copy.output_count--;
    memcpy(copy.outputs, outputs, copy.output_count * sizeof *outputs);
    *plan_at(plan, id) = *plan_at(plan, moved);
    plan_at(plan, id)->outputs = outputs;
    plan_at(plan, id)->children[0] = moved;
    *plan_at(plan, moved) = copy;
    *done = true;
    return BP_OK;
}

/* A condition that columns written out have made constant: true says nothing, otherwise there are no rows. False: it is neither. */
static bool try_constant(plan *plan, plan_id id, expr_id conjunct)
{
    const expr_node *expr = expr_at(&plan->exprs, conjunct);
    plan_node *node = plan_at(plan, id);

    if (expr->kind != EXPR_LITERAL || expr->type.id != TYPE_BOOLEAN) return false;
    if (!column_is_null(expr->literal, 0) && bitmap_get(expr->literal->values, 0)) return true;
    node->kind = PLAN_VALUES;
    node->children[0] = node->children[1] = 0;
    memset(&node->values, 0, sizeof node->values);
    return true;
}

/* Let the conjunct, which holds for the rows that node `id` puts out, sink as far as it may. Unions nest as deep as queries do: so does this. */
static bp_status sink_conjunct(sinking *state, plan_id id, expr_id conjunct, bp_error *err)
{
    plan *plan = state->plan;
    plan_id filter = 0; /* passed, right above */
    bp_status status = BP_OK;

    for (;;) {
        plan_node *node = plan_at(plan, id);
        plan_id next = 0;
        bool done = false;
        if (expr_at(&plan->exprs, conjunct)->is_volatile) return stay_above(state, id, conjunct, err);
        switch ((plan_kind)node->kind) {
        case PLAN_SCAN: return append_conjunct(plan, &node->scan.filters, &node->scan.filter_count, conjunct, err);
        case PLAN_SORT: next = node->children[0]; break;
        case PLAN_DISTINCT: next = node->distinct.on_count ? 0 : node->children[0]; break;
        case PLAN_PROJECT:
            if (is_volatile(plan, node->project.exprs, node->output_count)) break;
            if ((status = substitute(state, &conjunct, node->outputs, node->project.exprs, node->output_count, err))) return status;
            if ((status = expr_fold(&conjunct, &plan->exprs, conjunct, err))) return status;
            next = plan_at(plan, id)->children[0];
            if (try_constant(plan, next, conjunct)) return BP_OK;
            break;
        case PLAN_AGGREGATE:
            if (!node->aggregate.group_count) break;
            note_groups(state, node);
            if ((status = passes_side(state, id, conjunct, &done, err))) return status;
            if (!done) break;
            node = plan_at(plan, id);
            if ((status = substitute(state, &conjunct, node->outputs, node->aggregate.groups, node->aggregate.group_count, err)))
                return status;
            next = plan_at(plan, id)->children[0];
            break;
        case PLAN_WINDOW:
            if (expr_at(&plan->exprs, conjunct)->can_fail) break;
            note_partitions(state, node);
            if ((status = passes_side(state, id, conjunct, &done, err))) return status;
            if (done) next = plan_at(plan, id)->children[0];
            break;
        case PLAN_SET:
            if (node->set.kind == PLAN_UNION && !expr_at(&plan->exprs, conjunct)->can_fail)
                return sink_to_union(state, id, conjunct, err);
            break;
        case PLAN_JOIN:
            if ((status = try_mark(state, id, conjunct, &done, err)) || done) return status;
            if ((status = sink_row_numbers(state, id, conjunct, err))) return status;
            if ((status = sink_to_join(state, id, conjunct, &next, &done, err)) || done) return status;
            break;
        case PLAN_FILTER: /* what may fail is asked after what stands here */
            if (!expr_at(&plan->exprs, conjunct)->can_fail)
                next = node->children[0];
            else if (plan_at(plan, node->children[0])->kind == PLAN_JOIN)
                status = sink_row_numbers(state, node->children[0], conjunct, err);
            if (status) return status;
            break;
        default: break;
        }
        if (!next) return stay_above(state, filter ? filter : id, conjunct, err);
        filter = plan_at(plan, id)->kind == PLAN_FILTER ? id : 0;
        id = next;
    }
}

/* Take a FILTER (and those right below it) away and let its conjuncts sink from where it was. */
static bp_status sink_filter(sinking *state, plan_id id, bp_error *err)
{
    plan *plan = state->plan;
    expr_id *conjuncts = NULL;
    size_t count = 0;
    bp_status status;

    while (plan_at(plan, id)->kind == PLAN_FILTER) {
        plan_node filter = *plan_at(plan, id);
        expr_id *all = arena_new_array(&plan->arena, expr_id, count + filter.filter.conjunct_count);
        if (!all) return error_no_memory(err, plan->context->memory, count * sizeof *all);
        if (filter.filter.conjunct_count)
            memcpy(all, filter.filter.conjuncts, filter.filter.conjunct_count * sizeof *all); /* the inner ones come first */
        if (count) memcpy(all + filter.filter.conjunct_count, conjuncts, count * sizeof *all);
        conjuncts = all;
        count += filter.filter.conjunct_count;
        *plan_at(plan, id) = *plan_at(plan, filter.children[0]);
        plan_at(plan, filter.children[0])->kind = PLAN_NONE; /* it is here now */
    }
    for (size_t i = 0; i < count; i++)
        if ((status = sink_conjunct(state, id, conjuncts[i], err))) return status;
    return BP_OK;
}

/* Conjuncts of an inner join's ON that are about one side. */
static bp_status sink_residual(sinking *state, plan_id id, bp_error *err)
{
    plan *plan = state->plan;
    plan_node *node = plan_at(plan, id);
    expr_id *residual = node->join.residual;
    size_t count = node->join.residual_count, kept = 0;
    bp_status status;

    if (node->join.kind != JOIN_INNER) return BP_OK;
    for (size_t i = 0; i < count; i++) {
        plan_id side = 0;
        if ((status = note_columns(state, residual[i], err))) return status;
        for (size_t j = 0; j < 2 && !side && !expr_at(&plan->exprs, residual[i])->can_fail; j++)
            if (fits(state, plan_at(plan, id)->children[j])) side = plan_at(plan, id)->children[j];
        if (!side)
            residual[kept++] = residual[i];
        else if ((status = sink_conjunct(state, side, residual[i], err)))
            return status;
    }
    plan_at(plan, id)->join.residual_count = kept;
    return BP_OK;
}

/* The conditions right above a READ, over the columns that are kept; *out 0: there are none that can be asked early. */
static bp_status condition_of_reader(sinking *state, plan_id reader, const plan_id *order, size_t count, expr_id *out,
                                     bp_error *err)
{
    plan *plan = state->plan;
    const plan_node *read = plan_at(plan, reader);
    expr_id *columns = arena_new_array(&plan->arena, expr_id, read->output_count);
    column_id *outputs = read->outputs;
    size_t output_count = read->output_count;
    bp_status status;

    *out = 0;
    if (!columns) return error_no_memory(err, plan->context->memory, output_count * sizeof *columns);
    for (size_t i = 0; i < output_count; i++) {
        column_id kept = plan_at(plan, reader)->read.columns[i];
        if ((status = expr_column(&columns[i], &plan->exprs, kept, plan->columns[kept].type, err))) return status;
    }
    for (size_t i = 0; i < count; i++) {
        const plan_node *filter = plan_at(plan, order[i]);
        if (filter->kind != PLAN_FILTER || filter->children[0] != reader) continue;
        for (size_t j = 0; j < plan_at(plan, order[i])->filter.conjunct_count; j++) {
            expr_id both[2] = {*out, plan_at(plan, order[i])->filter.conjuncts[j]};
            if (expr_at(&plan->exprs, both[1])->can_fail || expr_at(&plan->exprs, both[1])->is_volatile) continue;
            if ((status = substitute(state, &both[1], outputs, columns, output_count, err))) return status;
            *out = both[1];
            if (both[0] && (status = expr_and(out, &plan->exprs, both, 2, err))) return status;
        }
    }
    return BP_OK;
}

/* Rows that none of the readers wants are not kept. */
static bp_status sink_to_kept(sinking *state, plan_id keep, bp_error *err)
{
    plan *plan = state->plan;
    plan_id *order;
    size_t count;
    expr_id all = 0;
    bp_status status = plan_post_order(plan, &order, &count, err);

    for (size_t i = 0; i < count && !status; i++) {
        expr_id either[2] = {all, 0};
        if (plan_at(plan, order[i])->kind != PLAN_READ || plan_at(plan, order[i])->children[0] != keep) continue;
        if ((status = condition_of_reader(state, order[i], order, count, &either[1], err)) || !either[1]) return status;
        all = either[1];
        if (either[0]) status = expr_or(&all, &plan->exprs, either, 2, err);
    }
    return all && !status ? sink_conjunct(state, plan_at(plan, keep)->children[0], all, err) : status;
}

bp_status optimize_filters(plan *plan, bp_error *err)
{
    sinking state = {.plan = plan, .words = bitmap_words(plan->column_count) + 1};
    plan_id *order;
    size_t count;
    bp_status status;

    state.used = arena_new_array(&plan->arena, uint64_t, state.words);
    state.side = arena_new_array(&plan->arena, uint64_t, state.words);
    state.keys = arena_new_array(&plan->arena, uint64_t, state.words);
    if (!state.used || !state.side || !state.keys) return error_no_memory(err, plan->context->memory, state.words * 8);
    if ((status = plan_post_order(plan, &order, &count, err))) return status;
    for (size_t i = count; i-- > 0 && !status;) { /* from the root down */
        if (plan_at(plan, order[i])->kind == PLAN_FILTER) status = sink_filter(&state, order[i], err);
        if (!status && plan_at(plan, order[i])->kind == PLAN_JOIN) status = sink_residual(&state, order[i], err);
        if (!status && plan_at(plan, order[i])->kind == PLAN_KEEP) status = sink_to_kept(&state, order[i], err);
    }
    return status;
}
