/* Expressions and schemas as lowering sees them: column ids become positions in the batch that an operator reads. */
#include "lower_internal.h"

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

bp_status remap(lowering *state, expr_id *expr, bp_error *err)
{
    return expr_remap(expr, &state->plan->exprs, *expr, state->positions, state->plan->column_count, err);
}

/* A copy of `exprs` in the plan's arena with positions for ids. */
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

/* Put a projection of mapped expressions on the pipeline, unless it would change nothing. */
bp_status project_mapped(lowering *state, plan_id node, pipeline *pipeline, expr_id *mapped, size_t count,
                                size_t input_count, bp_error *err)
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

/* The schema of `count` mapped or unmapped expressions. */
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

/* Columns of a node as expressions. */
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
