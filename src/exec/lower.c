/* Lowering walks the plan from the leaves to the root (no recursion: a stack of visits) and keeps, for each node, the open pipeline that puts out the
 * node's columns in the node's order. Streaming nodes add an operator to it; breakers end it with a sink and open a new one over the sink's result.
 * A join's right side comes first and is built before anything on its left runs, so that scans there can use its keys.
 *
 * Expressions are remapped here: column ids become positions in the batch that the operator sees. */
#include "lower_internal.h"
#include "source_scan.h"

/* lists ------------------------------------------------------------------------------------------------------------------------------- */
static bp_status append_pipeline(lowering *state, pipeline ***list, size_t *count, size_t *capacity, pipeline *pipeline,
                                 bp_error *err)
{
    memory *memory = state->context->memory;

    if (*count == *capacity) {
        size_t wanted = *capacity ? *capacity * 2 : 8;
        struct pipeline **larger = memory_resize(memory, *list, *capacity * sizeof *larger, wanted * sizeof *larger);
        if (!larger) return error_no_memory(err, memory, wanted * sizeof *larger);
        *list = larger;
        *capacity = wanted;
    }
    (*list)[(*count)++] = pipeline;
    return BP_OK;
}

bp_status open_pipeline(lowering *state, plan_id node, scan_maker maker, void *data, bp_error *err)
{
    pipeline *made;
    bp_status status;

    if ((status = pipeline_new(&made, state->context, err))) return status;
    status = append_pipeline(state, &state->out->streams, &state->out->stream_count, &state->out->stream_capacity, made, err);
    if (status) {
        pipeline_free(made);
        return status;
    }
    made->make_scan = maker;
    made->make_scan_data = data;
    made->scan_node = node;
    made->profile = state->out->profile;
    state->open[node] = made;
    return BP_OK;
}

bp_status end_pipeline(lowering *state, plan_id node, pipeline *pipeline, sink *sink, bp_error *err)
{
    lowered *out = state->out;
    bp_status status = append_pipeline(state, &out->pipelines, &out->pipeline_count, &out->pipeline_capacity, pipeline, err);

    if (status) {
        sink_free(sink);
        return status;
    }
    sink->node = node;
    pipeline->sink = sink;
    for (size_t i = 0; i < out->stream_count; i++)
        if (out->streams[i] == pipeline) out->streams[i] = out->streams[--out->stream_count];
    return BP_OK;
}

bp_status add_operator(lowering *state, plan_id node, pipeline *pipeline, operator *operator, bp_error *err)
{
    bp_status status;

    operator->node = node;
    if ((status = pipeline_add(pipeline, operator, err))) return status;
    state->open[node] = pipeline;
    return BP_OK;
}

/* leaves -------------------------------------------------------------------------------------------------------------------------------- */
static bp_status make_dual_scan(void *data, scan **out, bp_error *err)
{
    return dual_scan_new(out, data, err);
}

static bp_status lower_scan(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    size_t joined; /* columns that the scan itself cannot ask joins for */
    source_scan *from;
    expr_id condition = 0;
    operator *operator;
    bp_status status;

    if ((status = source_scan_new(&from, state->plan, node, state->builds, err))) return status;
    if ((status = open_pipeline(state, id, source_scan_open, from, err))) return status;
    joined = node->scan.source->exact_filters ? 0 : from->joined_count;
    if (node->scan.filter_count == 0 && joined == 0) return BP_OK;
    place_only(state, id);
    if (node->scan.filter_count && (status = conjunction(state, &condition, node->scan.filters, node->scan.filter_count, err)))
        return status;
    if ((status = filter_new(&operator, state->context, &state->plan->exprs, condition, from->joined, joined, err))) return status;
    return add_operator(state, id, state->open[id], operator, err);
}

bp_status make_table_scan(void *data, scan **out, bp_error *err)
{
    kept_table *kept = data;

    return table_scan_new(out, kept->context, kept->table, err);
}

/* A new table that lives as long as the lowered plan. */
static bp_status keep_table(lowering *state, kept_table **out, const schema *types, bp_error *err)
{
    kept_table *kept = arena_new(&state->plan->arena, kept_table);

    if (!kept) return error_no_memory(err, state->context->memory, sizeof *kept);
    kept->context = state->context;
    kept->next = state->out->tables;
    state->out->tables = kept;
    *out = kept;
    return table_new(&kept->table, state->context->memory, types, err);
}

/* VALUES: cells are constant, so they are evaluated now. */
static bp_status lower_values(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    size_t count = node->output_count;
    column *row = arena_new_array(&state->plan->arena, column, count);
    kept_table *kept = NULL;
    schema *types;
    bp_status status;

    if (!row) return error_no_memory(err, state->context->memory, count * sizeof *row);
    if ((status = outputs_schema(state, node, &types, err))) return status;
    if ((status = keep_table(state, &kept, types, err))) return status;
    for (size_t i = 0; i < node->values.row_count; i++) {
        for (size_t j = 0; j < count; j++) {
            const column *cell;
            if ((status = expr_constant_value(&cell, &state->plan->exprs, node->values.cells[i * count + j], err))) return status;
            row[j] = *cell;
        }
        if ((status = table_append(kept->table, &(batch){.row_count = 1, .column_count = count, .columns = row}, err)))
            return status;
    }
    if ((status = table_finish(kept->table, err))) return status;
    return open_pipeline(state, id, make_table_scan, kept, err);
}

/* streaming ----------------------------------------------------------------------------------------------------------------------------- */
static bp_status lower_filter(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    plan_id child = node->children[0];
    expr_id condition;
    operator *operator;
    bp_status status;

    place_only(state, child);
    if ((status = conjunction(state, &condition, node->filter.conjuncts, node->filter.conjunct_count, err))) return status;
    if ((status = filter_new(&operator, state->context, &state->plan->exprs, condition, NULL, 0, err))) return status;
    return add_operator(state, id, state->open[child], operator, err);
}

static bp_status lower_project(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    plan_id child = node->children[0];
    expr_id *mapped = NULL;
    bp_status status;

    place_only(state, child);
    if ((status = remap_all(state, &mapped, node->project.exprs, node->output_count, err))) return status;
    return project_mapped(state, id, state->open[child], mapped, node->output_count, plan_at(state->plan, child)->output_count,
                          err);
}

/* The child's columns, then the lists; then the operator. */
static bp_status lower_unnest(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    plan_id child = node->children[0];
    size_t passed = plan_at(state->plan, child)->output_count, lists = node->unnest.list_count;
    expr_id *inputs = arena_new_array(&state->plan->arena, expr_id, passed + lists), *columns, *mapped = NULL;
    operator *operator;
    bp_status status;

    if (!inputs) return error_no_memory(err, state->context->memory, (passed + lists) * sizeof *inputs);
    if ((status = output_exprs(state, child, &columns, err))) return status;
    if (passed) memcpy(inputs, columns, passed * sizeof *inputs);
    memcpy(inputs + passed, node->unnest.lists, lists * sizeof *inputs);
    place_only(state, child);
    if ((status = remap_all(state, &mapped, inputs, passed + lists, err))) return status;
    if ((status = project_mapped(state, id, state->open[child], mapped, passed + lists, passed, err))) return status;
    node = plan_at(state->plan, id);
    if ((status = unnest_new(&operator, state->context, lists, node->unnest.ordinality, node->unnest.outer, err))) return status;
    return add_operator(state, id, state->open[id], operator, err);
}

/* kept rows --------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status lower_keep(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    schema *types;
    bp_status status;

    if ((status = outputs_schema(state, node, &types, err))) return status;
    if ((status = collect_new(&state->kept[id], state->context, types, 0, UINT64_MAX, -1, err))) return status;
    collect_allow_spill(state->kept[id]);
    return end_pipeline(state, id, state->open[node->children[0]], state->kept[id], err);
}

/* Some columns of the kept rows. */
static bp_status lower_read(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    plan_id keep = node->children[0];
    size_t count = node->output_count;
    expr_id *columns = arena_new_array(&state->plan->arena, expr_id, count), *mapped = NULL;
    bp_status status;

    if (!columns) return error_no_memory(err, state->context->memory, count * sizeof *columns);
    for (size_t i = 0; i < count; i++)
        if ((status = expr_column(&columns[i], &state->plan->exprs, node->read.columns[i],
                                  state->plan->columns[node->read.columns[i]].type, err)))
            return status;
    if ((status = open_pipeline(state, id, collect_make_scan, state->kept[keep], err))) return status;
    place_only(state, keep);
    if ((status = remap_all(state, &mapped, columns, count, err))) return status;
    return project_mapped(state, id, state->open[id], mapped, count, plan_at(state->plan, keep)->output_count, err);
}

/* The rows that the last round of a recursion has made. */
static bp_status lower_working(lowering *state, plan_id id, bp_error *err)
{
    if (!state->working || plan_at(state->plan, id)->working.number != state->working_number)
        return ERROR_INTERNAL(err, "a WORKING node outside of its recursion's step");
    return open_pipeline(state, id, make_table_scan, state->working, err);
}

/* the walk ------------------------------------------------------------------------------------------------------------------------------------- */
bp_status lower_node(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);

    switch ((plan_kind)node->kind) {
    case PLAN_DUAL: return open_pipeline(state, id, make_dual_scan, state->context, err);
    case PLAN_SCAN: return lower_scan(state, id, err);
    case PLAN_VALUES: return lower_values(state, id, err);
    case PLAN_FILTER: return lower_filter(state, id, err);
    case PLAN_PROJECT: return lower_project(state, id, err);
    case PLAN_AGGREGATE: return lower_aggregate(state, id, err);
    case PLAN_DISTINCT: return lower_distinct(state, id, err);
    case PLAN_JOIN: return lower_join(state, id, err);
    case PLAN_SORT: return sort_over(state, id, node->sort.keys, node->sort.key_count, 0, UINT64_MAX, err);
    case PLAN_LIMIT: return lower_limit(state, id, err);
    case PLAN_SET: return node->set.kind == PLAN_UNION ? lower_union(state, id, err) : lower_counted_set(state, id, err);
    case PLAN_WINDOW: return lower_window(state, id, err);
    case PLAN_UNNEST: return lower_unnest(state, id, err);
    case PLAN_KEEP: return lower_keep(state, id, err);
    case PLAN_READ: return lower_read(state, id, err);
    case PLAN_RECURSIVE: return lower_recursive(state, id, err);
    case PLAN_WORKING: return lower_working(state, id, err);
    case PLAN_NONE:
    case PLAN_KIND_COUNT: break;
    }
    return ERROR_INTERNAL(err, "a plan node of no kind");
}

bp_status lowering_init(lowering *state, lowered *out, plan *plan, bp_error *err)
{
    *state = (lowering){.out = out, .plan = plan, .context = plan->context};
    state->open = arena_new_array(&plan->arena, pipeline *, plan->node_count);
    state->kept = arena_new_array(&plan->arena, sink *, plan->node_count);
    state->builds = arena_new_array(&plan->arena, sink *, plan->node_count);
    state->positions = arena_new_array(&plan->arena, uint32_t, plan->column_count);
    if (state->open && state->kept && state->builds && state->positions) return BP_OK;
    return error_no_memory(err, plan->context->memory, plan->node_count * sizeof(void *));
}

typedef struct visit {
    plan_id node;
    uint8_t step;
} visit;

/* Children before parents, of a join the right one first; between its sides the join is built. here: which nodes; NULL: all. */
static bp_status lower_all(lowering *state, const bool *here, bp_error *err)
{
    plan *plan = state->plan;
    visit *stack = arena_new_array(&plan->arena, visit, plan->node_count + 1);
    bool *seen = arena_new_array(&plan->arena, bool, plan->node_count);
    size_t depth = 0;
    bp_status status = BP_OK;

    if (!stack || !seen) return error_no_memory(err, state->context->memory, plan->node_count * sizeof *stack);
    stack[depth++] = (visit){.node = plan->root};
    while (depth && !status) {
        visit *top = &stack[depth - 1];
        const plan_node *node = plan_at(plan, top->node);
        bool is_join = node->kind == PLAN_JOIN, wanted = !here || here[top->node];
        plan_id child = top->step < 2 ? node->children[is_join ? 1 - top->step : top->step] : 0;
        if (is_join && top->step == 1 && wanted) status = lower_build(state, top->node, err);
        if (top->step == 2) {
            if (wanted) status = lower_node(state, top->node, err);
            depth--;
            continue;
        }
        top->step++;
        if (!child || seen[child]) continue;
        seen[child] = true;
        stack[depth++] = (visit){.node = child};
    }
    return status;
}

bp_status lower_plan(lowered *out, plan *plan, bool profile, bp_error *err)
{
    lowering state;
    plan_id *order;
    size_t count;
    bool *here = NULL;
    bp_status status;

    *out = (lowered){.plan = plan};
    if (profile) {
        out->profile = arena_allocate_array(&plan->arena, plan->node_count, sizeof *out->profile);
        if (!out->profile) return error_no_memory(err, plan->context->memory, plan->node_count * sizeof *out->profile);
    }
    if ((status = lowering_init(&state, out, plan, err)) || (status = plan_post_order(plan, &order, &count, err))) return status;
    if (plan->working_count && (status = nodes_to_lower(&here, plan, order, count, plan->root, NULL, err))) return status;
    status = lower_all(&state, here, err);
    if (!status) out->result = state.open[plan->root];
    return status;
}

void lowered_clear(lowered *lowered)
{
    memory *memory;

    if (!lowered->plan) return;
    memory = lowered->plan->context->memory;
    for (size_t i = 0; i < lowered->stream_count; i++) pipeline_free(lowered->streams[i]);
    for (size_t i = 0; i < lowered->pipeline_count; i++) pipeline_free(lowered->pipelines[i]);
    for (kept_table *kept = lowered->tables; kept; kept = kept->next) table_release(kept->table);
    memory_free(memory, lowered->streams, lowered->stream_capacity * sizeof(pipeline *));
    memory_free(memory, lowered->pipelines, lowered->pipeline_capacity * sizeof(pipeline *));
    *lowered = (struct lowered){0};
}
