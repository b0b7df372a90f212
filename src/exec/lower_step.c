/* Recursions: the step is lowered anew for each round, over the rows of the one before; what is the same in all rounds runs once:
 *
 *   the right side of a join whose left side varies is built once and probed in each round
 *   any other node that stays the same below one that varies has its rows kept
 *
 * What a round's lowering takes from the plan's arena and expressions is given back before the next. */
#include "lower_internal.h"
#include "recursive.h"

/* which nodes ---------------------------------------------------------------------------------------------------------------------------------- */
bp_status nodes_that_vary(bool **out, plan *plan, const plan_id *order, size_t count, uint32_t number, bp_error *err)
{
    bool *varies = arena_new_array(&plan->arena, bool, plan->node_count);

    if (!varies) return error_no_memory(err, plan->context->memory, plan->node_count);
    for (size_t i = 0; i < count; i++) {
        const plan_node *node = plan_at(plan, order[i]);
        varies[order[i]] = (node->kind == PLAN_WORKING && node->working.number == number) ||
                           (node->children[0] && varies[node->children[0]]) || (node->children[1] && varies[node->children[1]]);
    }
    *out = varies;
    return BP_OK;
}

/* Whether rows of a round of any recursion around the node are below it: bits, a recursion each. */
static bp_status free_workings(uint64_t **out, size_t *words, plan *plan, const plan_id *order, size_t count, bp_error *err)
{
    uint64_t *all;

    *words = bitmap_words(plan->working_count + 1);
    *out = all = arena_allocate_zeroed(&plan->arena, plan->node_count * *words * sizeof(uint64_t));
    if (!all) return error_no_memory(err, plan->context->memory, plan->node_count * *words * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        const plan_node *node = plan_at(plan, order[i]);
        uint64_t *own = all + order[i] * *words;
        for (size_t child = 0; child < 2; child++)
            for (size_t word = 0; node->children[child] && word < *words; word++)
                own[word] |= all[node->children[child] * *words + word];
        if (node->kind == PLAN_WORKING) bitmap_set(own, node->working.number);
        if (node->kind == PLAN_RECURSIVE) bitmap_put(own, node->recursive.number, false);
    }
    return BP_OK;
}

static bool none_set(const uint64_t *bits, size_t words)
{
    for (size_t i = 0; i < words; i++)
        if (bits[i]) return false;
    return true;
}

bp_status nodes_to_lower(bool **out, plan *plan, const plan_id *order, size_t count, plan_id root, sink *const *kept, bp_error *err)
{
    bool *here = arena_new_array(&plan->arena, bool, plan->node_count);
    uint64_t *workings;
    size_t words;
    bp_status status;

    if (!here) return error_no_memory(err, plan->context->memory, plan->node_count);
    if ((status = free_workings(&workings, &words, plan, order, count, err))) return status;
    here[root] = true;
    for (size_t i = count; i-- > 0;) { /* parents first */
        const plan_node *node = plan_at(plan, order[i]);
        bool done = node->kind == PLAN_KEEP && kept && kept[order[i]];
        if (node->kind == PLAN_KEEP && none_set(workings + order[i] * words, words)) here[order[i]] = true;
        if (done) here[order[i]] = false;
        if (!here[order[i]]) continue;
        for (size_t child = 0; child < (node->kind == PLAN_RECURSIVE ? 1 : 2); child++)
            if (node->children[child]) here[node->children[child]] = true;
    }
    *out = here;
    return BP_OK;
}

/* a round ------------------------------------------------------------------------------------------------------------------------------------------- */
struct step {
    recursion *recursion;
    lowering state;
    kept_table working;
    lowered fixed; /* runs once */
    plan_id *order;
    size_t count;
    bool *here, *varies;
    sink **fixed_rows; /* of nodes that stay the same below others that vary, but for right sides of joins; one a node */
    bool begun; /* the first round is over */
    arena_mark mark; /* with `exprs`: what the plan was before a round */
    expr_pool exprs;
};

bp_status recursion_step_new(step **out, recursion *recursion, bp_error *err)
{
    plan *plan = recursion->plan;
    step *made = memory_new(plan->context->memory, step);
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, plan->context->memory, sizeof *made);
    made->recursion = recursion;
    made->working.context = plan->context;
    made->fixed = (lowered){.plan = plan, .profile = recursion->profile};
    if ((status = lowering_init(&made->state, NULL, plan, err)) ||
        (status = plan_post_order_of(plan, recursion->step, &made->order, &made->count, err)) ||
        (status = nodes_to_lower(&made->here, plan, made->order, made->count, recursion->step, recursion->kept, err)) ||
        (status = nodes_that_vary(&made->varies, plan, made->order, made->count, recursion->number, err)))
        goto done;
    made->fixed_rows = arena_new_array(&plan->arena, sink *, plan->node_count);
    made->state.built = arena_new_array(&plan->arena, built_join, plan->node_count);
    if (!made->fixed_rows || !made->state.built) {
        status = error_no_memory(err, plan->context->memory, plan->node_count * sizeof(void *));
        goto done;
    }
    memcpy(made->state.kept, recursion->kept, plan->node_count * sizeof(sink *));
    made->state.working = &made->working;
    made->state.working_number = recursion->number;
    made->state.fixed = &made->fixed;
    *out = made;
    made = NULL;
done:
    recursion_step_free(made);
    return status;
}

void recursion_step_free(step *step)
{
    if (!step) return;
    lowered_clear(&step->fixed);
    memory_delete(step->recursion->plan->context->memory, step);
}

/* Rows that are the same in each round, below a node that varies. */
static bp_status read_fixed(step *step, plan_id id, bp_error *err)
{
    lowering *state = &step->state;
    lowered *round = state->out;
    schema *types;
    bp_status status;

    if (!step->fixed_rows[id]) {
        if ((status = outputs_schema(state, plan_at(state->plan, id), &types, err)) ||
            (status = collect_new(&step->fixed_rows[id], state->context, types, 0, UINT64_MAX, -1, err)))
            return status;
        collect_allow_spill(step->fixed_rows[id]);
        state->out = &step->fixed;
        status = end_pipeline(state, id, state->open[id], step->fixed_rows[id], err);
        state->out = round;
        if (status) return status;
    }
    return open_pipeline(state, id, collect_make_scan, step->fixed_rows[id], err);
}

static bp_status lower_varying(step *step, plan_id id, bp_error *err)
{
    lowering *state = &step->state;
    const plan_node *node = plan_at(state->plan, id);
    bp_status status;

    for (size_t i = 0; i < 2; i++) {
        plan_id child = node->children[i];
        bool builds = node->kind == PLAN_JOIN && i == 1 && !join_puts_right_at_end((join_kind)node->join.kind);
        if (!child || step->varies[child] || !step->here[child]) continue;
        if (builds)
            state->built[id].wanted = true;
        else if ((status = read_fixed(step, child, err)))
            return status;
        node = plan_at(state->plan, id);
    }
    return lower_node(state, id, err);
}

static bp_status lower_round(step *step, lowered *round, bp_error *err)
{
    lowering *state = &step->state;
    bp_status status = BP_OK;

    for (size_t i = 0; i < step->count && !status; i++) {
        plan_id id = step->order[i];
        if (!step->here[id]) continue;
        state->out = step->varies[id] ? round : &step->fixed;
        if (step->varies[id])
            status = lower_varying(step, id, err);
        else if (!step->begun)
            status = lower_node(state, id, err);
    }
    return status;
}

static bp_status run_all(const lowered *part, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < part->pipeline_count && !status; i++) status = pipeline_run(part->pipelines[i], err);
    return status;
}

static bp_status run_round(step *step, lowered *round, table **out, bp_error *err)
{
    pipeline *last = step->state.open[step->recursion->step];
    bp_status status;

    if (!step->begun && (status = run_all(&step->fixed, err))) return status;
    if ((status = run_all(round, err)) ||
        (status = collect_new(&last->sink, step->state.context, step->recursion->types, 0, UINT64_MAX, -1, err)) ||
        (status = pipeline_run(last, err)))
        return status;
    *out = collect_take(last->sink);
    return BP_OK;
}

bp_status recursion_round(step *step, table *working, table **out, bp_error *err)
{
    plan *plan = step->recursion->plan;
    lowered round = {.plan = plan, .profile = step->recursion->profile};
    bp_status status;

    *out = NULL;
    step->working.table = working;
    if (step->begun) {
        step->mark = arena_mark_now(&plan->arena);
        step->exprs = plan->exprs;
    }
    status = lower_round(step, &round, err);
    if (!status) status = run_round(step, &round, out, err);
    lowered_clear(&round);
    if (step->begun) {
        plan->exprs = step->exprs;
        arena_rewind(&plan->arena, step->mark);
    }
    step->begun = true;
    return status;
}

bp_status lower_recursive(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    recursion *made = arena_new(&state->plan->arena, recursion);
    schema *types;
    bp_status status;

    if (!made) return error_no_memory(err, state->context->memory, sizeof *made);
    if ((status = outputs_schema(state, node, &types, err))) return status;
    *made = (recursion){.plan = state->plan,
                        .step = node->children[1],
                        .number = node->recursive.number,
                        .distinct = !node->recursive.all,
                        .types = types,
                        .kept = state->kept,
                        .profile = state->out->profile};
    if ((status = collect_new(&made->base, state->context, types, 0, UINT64_MAX, -1, err)) ||
        (status = end_pipeline(state, id, state->open[node->children[0]], made->base, err)))
        return status;
    return open_pipeline(state, id, recursion_make_scan, made, err);
}
