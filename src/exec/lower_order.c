/* Lowering SORT, LIMIT and WINDOW: what needs its input's rows in an order. */
#include "lower_internal.h"

/* order and limits ------------------------------------------------------------------------------------------------------------------------- */
/* SORT, or LIMIT with keys. Keys that are not columns are computed beside the columns and dropped afterwards. */
bp_status sort_over(lowering *state, plan_id id, const sort_key *keys, size_t key_count, uint64_t offset, uint64_t limit,
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

bp_status lower_limit(lowering *state, plan_id id, bp_error *err)
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

bp_status lower_window(lowering *state, plan_id id, bp_error *err)
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
