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

/* expressions -------------------------------------------------------------------------------------------------------------------------- */
static void clear_positions(lowering *state)
{
    memset(state->positions, 0xff, state->plan->column_count * sizeof *state->positions);
}

void place_outputs(lowering *state, plan_id node, size_t first)
{
    const plan_node *from = plan_at(state->plan, node);

    for (size_t i = 0; i < from->output_count; i++) state->positions[from->outputs[i]] = (uint32_t)(first + i);
}

void place_only(lowering *state, plan_id node)
{
    clear_positions(state);
    place_outputs(state, node, 0);
}

static bp_status remap(lowering *state, expr_id *expr, bp_error *err)
{
    return expr_remap(expr, &state->plan->exprs, *expr, state->positions, state->plan->column_count, err);
}

bp_status remap_all(lowering *state, expr_id **out, const expr_id *exprs, size_t count, bp_error *err)
{
    expr_id *mapped = arena_new_array(&state->plan->arena, expr_id, count);
    bp_status status;

    if (!mapped) return error_no_memory(err, state->context->memory, count * sizeof *mapped);
    for (size_t i = 0; i < count; i++) {
        mapped[i] = exprs[i];
        if ((status = remap(state, &mapped[i], err))) return status;
    }
    *out = mapped;
    return BP_OK;
}

bp_status conjunction(lowering *state, expr_id *out, const expr_id *conjuncts, size_t count, bp_error *err)
{
    bp_status status;

    if ((status = expr_and(out, &state->plan->exprs, conjuncts, count, err))) return status;
    return remap(state, out, err);
}

static bool is_identity(const lowering *state, const expr_id *mapped, size_t count, size_t input_count)
{
    for (size_t i = 0; i < count; i++) {
        const expr_node *node = expr_at(&state->plan->exprs, mapped[i]);
        if (node->kind != EXPR_COLUMN || node->column != i) return false;
    }
    return count == input_count;
}

bp_status project_mapped(lowering *state, plan_id node, pipeline *pipeline, expr_id *mapped, size_t count, size_t input_count,
                         bp_error *err)
{
    operator *operator;
    bp_status status;

    state->open[node] = pipeline;
    if (is_identity(state, mapped, count, input_count)) return BP_OK;
    if ((status = project_new(&operator, state->context, &state->plan->exprs, mapped, count, err))) return status;
    return add_operator(state, node, pipeline, operator, err);
}

bp_status outputs_schema(lowering *state, const plan_node *node, schema **out, bp_error *err)
{
    schema *made = arena_new(&state->plan->arena, schema);
    bp_status status;

    if (!made) return error_no_memory(err, state->context->memory, sizeof *made);
    if ((status = schema_new(made, &state->plan->arena, node->output_count, err))) return status;
    for (size_t i = 0; i < node->output_count; i++) {
        made->names[i] = state->plan->columns[node->outputs[i]].name;
        made->types[i] = state->plan->columns[node->outputs[i]].type;
    }
    *out = made;
    return BP_OK;
}

bp_status exprs_schema(lowering *state, const expr_id *exprs, size_t count, schema **out, bp_error *err)
{
    schema *made = arena_new(&state->plan->arena, schema);
    bp_status status;

    if (!made) return error_no_memory(err, state->context->memory, sizeof *made);
    if ((status = schema_new(made, &state->plan->arena, count, err))) return status;
    for (size_t i = 0; i < count; i++) made->types[i] = expr_type(&state->plan->exprs, exprs[i]);
    *out = made;
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

/* aggregation ----------------------------------------------------------------------------------------------------------------------------- */
#define SHARING_AGGREGATES 64 /* before one: a query may have 10,000 */

static bool same_children(const expr_pool *pool, expr_id left, expr_id right)
{
    size_t count = expr_at(pool, left)->child_count;

    if (count == 0 || expr_at(pool, right)->child_count != count) return false;
    for (size_t i = 0; i < count; i++)
        if (!expr_equal(pool, expr_child(pool, left, i), expr_child(pool, right, i))) return false;
    return true;
}

/* Where the columns of an aggregate begin: at `end` of all so far, or where those of one before it with the same children do. (Setting rows aside copies them.) */
static size_t first_column(const expr_pool *pool, const expr_id *aggregates, const aggregate_spec *specs, size_t index, size_t end)
{
    for (size_t i = index; i > 0 && index - i < SHARING_AGGREGATES; i--)
        if (same_children(pool, aggregates[i - 1], aggregates[index])) return specs[i - 1].first;
    return end;
}

bp_status aggregate_over(lowering *state, plan_id id, plan_id child, const expr_id *groups, size_t group_count,
                         const expr_id *aggregates, size_t aggregate_count, bp_error *err)
{
    const expr_pool *pool = &state->plan->exprs;
    size_t total = group_count, at = group_count;
    aggregate_spec *specs = arena_new_array(&state->plan->arena, aggregate_spec, aggregate_count);
    expr_id *inputs, *mapped = NULL;
    schema *input;
    sink *sink;
    bp_status status;

    for (size_t i = 0; i < aggregate_count; i++) total += expr_at(pool, aggregates[i])->child_count;
    inputs = arena_new_array(&state->plan->arena, expr_id, total);
    if (!specs || !inputs) return error_no_memory(err, state->context->memory, total * sizeof *inputs);
    if (group_count) memcpy(inputs, groups, group_count * sizeof *inputs);
    for (size_t i = 0; i < aggregate_count; i++) {
        const expr_node *node = expr_at(pool, aggregates[i]);
        size_t first = first_column(pool, aggregates, specs, i, at);
        specs[i] = (aggregate_spec){.call = node->aggregate, .result = node->type, .first = (uint32_t)first};
        if (first < at) continue;
        for (size_t j = 0; j < node->child_count; j++) inputs[at++] = expr_child(pool, aggregates[i], j);
    }
    total = at;
    place_only(state, child);
    if ((status = exprs_schema(state, inputs, total, &input, err))) return status;
    if ((status = remap_all(state, &mapped, inputs, total, err))) return status;
    if ((status = project_mapped(state, id, state->open[child], mapped, total, plan_at(state->plan, child)->output_count, err)))
        return status;
    if ((status = aggregate_new(&sink, state->context, input, group_count, specs, aggregate_count, err))) return status;
    if ((status = end_pipeline(state, id, state->open[id], sink, err))) return status;
    return open_pipeline(state, id, aggregate_make_scan, sink, err);
}

static bp_status lower_aggregate(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);

    return aggregate_over(state, id, node->children[0], node->aggregate.groups, node->aggregate.group_count,
                          node->aggregate.aggregates, node->aggregate.aggregate_count, err);
}

bp_status output_exprs(lowering *state, plan_id id, expr_id **out, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    expr_id *exprs = arena_new_array(&state->plan->arena, expr_id, node->output_count);
    bp_status status = BP_OK;

    if (!exprs) return error_no_memory(err, state->context->memory, node->output_count * sizeof *exprs);
    for (size_t i = 0; i < node->output_count && !status; i++)
        status = expr_column(&exprs[i], &state->plan->exprs, node->outputs[i], state->plan->columns[node->outputs[i]].type, err);
    *out = exprs;
    return status;
}

/* DISTINCT: a group a row. DISTINCT ON: the first of every other column, over rows already sorted by the keys. */
static bp_status lower_distinct(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    plan_id child = node->children[0];
    size_t count = node->output_count, on_count = node->distinct.on_count;
    expr_id *columns, *firsts, *mapped = NULL;
    bp_status status;

    if ((status = output_exprs(state, child, &columns, err))) return status;
    if (on_count == 0) return aggregate_over(state, id, child, columns, count, NULL, 0, err);
    firsts = arena_new_array(&state->plan->arena, expr_id, count);
    mapped = arena_new_array(&state->plan->arena, expr_id, count);
    if (!firsts || !mapped) return error_no_memory(err, state->context->memory, count * sizeof *firsts);
    for (size_t i = 0; i < count && !status; i++)
        status = expr_aggregate(&firsts[i], &state->plan->exprs, STRING_VIEW("first"), &columns[i], 1, false, 0, NULL, 0, err);
    if (!status) status = aggregate_over(state, id, child, node->distinct.on, on_count, firsts, count, err);
    for (size_t i = 0; i < count && !status; i++)
        status =
            expr_column(&mapped[i], &state->plan->exprs, (uint32_t)(on_count + i), expr_type(&state->plan->exprs, columns[i]), err);
    return status ? status : project_mapped(state, id, state->open[id], mapped, count, on_count + count, err);
}

/* order and limits ------------------------------------------------------------------------------------------------------------------------- */
/* SORT, or LIMIT with keys. Keys that are not columns are computed beside the columns and dropped afterwards. */
static bp_status sort_over(lowering *state, plan_id id, const sort_key *keys, size_t key_count, uint64_t offset, uint64_t limit,
                           bp_error *err)
{
    plan_id child = plan_at(state->plan, id)->children[0];
    size_t count = plan_at(state->plan, child)->output_count, total = count;
    bool limited = limit != UINT64_MAX;
    expr_id *inputs, *mapped = NULL, *columns;
    sort_spec *specs = arena_new_array(&state->plan->arena, sort_spec, key_count);
    schema *types;
    sink *sink;
    bp_status status;

    if ((status = output_exprs(state, child, &columns, err))) return status;
    inputs = arena_new_array(&state->plan->arena, expr_id, count + key_count);
    if (!inputs || !specs) return error_no_memory(err, state->context->memory, (count + key_count) * sizeof *inputs);
    if (count) memcpy(inputs, columns, count * sizeof *inputs);
    place_only(state, child);
    for (size_t i = 0; i < key_count; i++) {
        const expr_node *node = expr_at(&state->plan->exprs, keys[i].expr);
        specs[i] = (sort_spec){.descending = keys[i].descending, .nulls_first = keys[i].nulls_first};
        if (node->kind == EXPR_COLUMN) {
            specs[i].column = state->positions[node->column];
        } else {
            specs[i].column = (uint32_t)total;
            inputs[total++] = keys[i].expr;
        }
    }
    if ((status = exprs_schema(state, inputs, total, &types, err))) return status;
    if ((status = remap_all(state, &mapped, inputs, total, err))) return status;
    if ((status = project_mapped(state, id, state->open[child], mapped, total, count, err))) return status;
    if ((status = limited ? top_n_new(&sink, state->context, types, specs, key_count, offset, limit, err)
                          : sort_all_new(&sink, state->context, types, specs, key_count, err)))
        return status;
    if (!limited) sort_all_allow_spill(sink);
    if ((status = end_pipeline(state, id, state->open[id], sink, err))) return status;
    if ((status = open_pipeline(state, id, limited ? top_n_make_scan : sort_all_make_scan, sink, err))) return status;
    if (total == count) return BP_OK;
    for (size_t i = 0; i < count; i++)
        if ((status = expr_column(&mapped[i], &state->plan->exprs, (uint32_t)i, expr_type(&state->plan->exprs, columns[i]), err)))
            return status;
    return project_mapped(state, id, state->open[id], mapped, count, total, err);
}

#define FIXED_COST 16 /* bytes of a value that every worker of a top-N holds, about */
#define TEXT_COST 128

/* Whether the rows that a top-N holds are few beside the memory limit; else all rows are sorted, which may use temporary files. */
static bool fits_top_n(const lowering *state, const plan_node *node)
{
    const plan_node *child = plan_at(state->plan, node->children[0]);
    double rows = (double)node->limit.offset + (double)node->limit.limit, row = FIXED_COST;

    for (size_t i = 0; i < child->output_count; i++) {
        data_type type = state->plan->columns[child->outputs[i]].type;
        row += type_physical(type) == PHYSICAL_STRING || type_is_nested(type) ? TEXT_COST : FIXED_COST;
    }
    return rows * row * (double)state->context->config.threads <= (double)(memory_limit(state->context->memory) / 16);
}

static bp_status lower_limit(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    pipeline *child = state->open[node->children[0]];
    schema *types;
    sink *sink;
    bp_status status;

    if (node->limit.key_count) {
        bool few = fits_top_n(state, node);
        status = sort_over(state, id, node->limit.keys, node->limit.key_count, few ? node->limit.offset : 0,
                           few ? node->limit.limit : UINT64_MAX, err);
        if (status || few) return status;
        node = plan_at(state->plan, id);
        child = state->open[id];
    }
    if ((status = outputs_schema(state, node, &types, err))) return status;
    if ((status = collect_new(&sink, state->context, types, node->limit.offset, node->limit.limit, node->limit.percent, err)))
        return status;
    collect_allow_spill(sink);
    if ((status = end_pipeline(state, id, child, sink, err))) return status;
    return open_pipeline(state, id, collect_make_scan, sink, err);
}

/* windows ------------------------------------------------------------------------------------------------------------------------------------ */
/* What the window sink reads: the child's columns, then what calls need beside them, each once. Mapped. */
typedef struct window_inputs {
    expr_id *exprs;
    size_t count;
} window_inputs;

static uint32_t place_input(const lowering *state, window_inputs *inputs, expr_id mapped)
{
    const expr_pool *pool = &state->plan->exprs;

    for (size_t i = 0; i < inputs->count; i++)
        if (expr_equal(pool, inputs->exprs[i], mapped)) return (uint32_t)i;
    inputs->exprs[inputs->count] = mapped;
    return (uint32_t)inputs->count++;
}

/* The positions of a call's children among the inputs. */
static bp_status place_children(lowering *state, window_inputs *inputs, expr_id call, window_spec *out, bp_error *err)
{
    size_t count = expr_at(&state->plan->exprs, call)->child_count;
    uint32_t *columns = arena_new_array(&state->plan->arena, uint32_t, count);
    bp_status status;

    if (!columns) return error_no_memory(err, state->context->memory, count * sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        expr_id child = expr_child(&state->plan->exprs, call, i);
        if ((status = remap(state, &child, err))) return status;
        columns[i] = place_input(state, inputs, child);
    }
    *out = (window_spec){
        .call = expr_at(&state->plan->exprs, call)->window, .result = expr_type(&state->plan->exprs, call), .columns = columns};
    return BP_OK;
}

static bp_status lower_window(lowering *state, plan_id id, bp_error *err)
{
    const plan_node *node = plan_at(state->plan, id);
    plan_id child = node->children[0];
    size_t passed = plan_at(state->plan, child)->output_count, calls = node->window.expr_count, total = passed;
    window_spec *specs = arena_new_array(&state->plan->arena, window_spec, calls);
    window_inputs inputs;
    expr_id *columns, *mapped = NULL;
    schema *types;
    sink *sink;
    bp_status status;

    for (size_t i = 0; i < calls; i++) total += expr_at(&state->plan->exprs, node->window.exprs[i])->child_count;
    if ((status = output_exprs(state, child, &columns, err))) return status;
    place_only(state, child);
    if ((status = remap_all(state, &mapped, columns, passed, err))) return status;
    inputs = (window_inputs){arena_new_array(&state->plan->arena, expr_id, total), passed};
    if (!specs || !inputs.exprs) return error_no_memory(err, state->context->memory, total * sizeof *columns);
    if (passed) memcpy(inputs.exprs, mapped, passed * sizeof *mapped);
    for (size_t i = 0; i < calls; i++)
        if ((status = place_children(state, &inputs, node->window.exprs[i], &specs[i], err))) return status;
    if ((status = exprs_schema(state, inputs.exprs, inputs.count, &types, err))) return status;
    if ((status = project_mapped(state, id, state->open[child], inputs.exprs, inputs.count, passed, err))) return status;
    if ((status = window_new(&sink, state->context, types, passed, specs, calls, err))) return status;
    if ((status = end_pipeline(state, id, state->open[id], sink, err))) return status;
    return open_pipeline(state, id, window_make_scan, sink, err);
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
