/* METADATA: an aggregation without groups of nothing but count, min and max over a whole file becomes the row that the file's own statistics give.
 *
 * Asked are sources that keep such statistics (source_class.column_facts). If one aggregate cannot be answered the file is read for it, and then the
 * others cost next to nothing: the node stays as it is. */
#include "optimize.h"

/* The scan below, through projections. */
static const plan_node *scan_below(const plan *plan, const plan_node *node)
{
    const plan_node *below = plan_at(plan, node->children[0]);

    while (below->kind == PLAN_PROJECT) below = plan_at(plan, below->children[0]);
    return below->kind == PLAN_SCAN && below->scan.filter_count == 0 && below->scan.source->class->column_facts ? below : NULL;
}

/* The column of the source that expression `expr` over `below` is; false: it is something else. */
static bool source_column(const plan *plan, plan_id below_id, expr_id expr, size_t *out)
{
    for (;;) {
        const expr_node *node = expr_at(&plan->exprs, expr);
        const plan_node *below = plan_at(plan, below_id);
        size_t position;
        if (node->kind != EXPR_COLUMN || (position = plan_find_output(plan, below_id, node->column)) == SIZE_MAX) return false;
        if (below->kind == PLAN_SCAN) {
            *out = below->scan.source_columns[position];
            return true;
        }
        expr = below->project.exprs[position];
        below_id = below->children[0];
    }
}

typedef enum question { QUESTION_OTHER, QUESTION_ROWS, QUESTION_COUNT, QUESTION_LOW, QUESTION_HIGH } question;

static question question_of(const aggregate_call *call)
{
    string_view name = string_view_of(call->function->name);

    if (call->has_filter || call->order_count) return QUESTION_OTHER;
    if (string_equal(name, STRING_VIEW("count")) || string_equal(name, STRING_VIEW("count_star"))) {
        if (call->argument_count == 0) return QUESTION_ROWS;
        return call->argument_count == 1 && !call->distinct ? QUESTION_COUNT : QUESTION_OTHER;
    }
    if (call->argument_count != 1) return QUESTION_OTHER;
    if (string_equal(name, STRING_VIEW("min"))) return QUESTION_LOW;
    return string_equal(name, STRING_VIEW("max")) ? QUESTION_HIGH : QUESTION_OTHER;
}

static bp_status count_literal(plan *plan, uint64_t count, expr_id *out, bp_error *err)
{
    int64_t value = (int64_t)count;

    return expr_literal(out, &plan->exprs, &(column){.type = type_of(TYPE_INT64), .length = 1, .values = &value}, err);
}

/* The aggregate's value as a literal; *out 0: it is not known. */
static bp_status answer(plan *plan, const source *source, question question, size_t column, data_type type, expr_id *out,
                        bp_error *err)
{
    source_column_facts facts = {0};
    const struct column *limit;
    bp_status status;

    *out = 0;
    if (question == QUESTION_ROWS) return count_literal(plan, source->row_count, out, err);
    if ((status = source->class->column_facts(&facts, source, column, &plan->arena, err))) return status;
    if (question == QUESTION_COUNT)
        return facts.has_null_count ? count_literal(plan, source->row_count - facts.null_count, out, err) : BP_OK;
    if (!facts.has_limits) return BP_OK;
    limit = question == QUESTION_LOW ? facts.low : facts.high;
    if (!limit) return expr_null(out, &plan->exprs, type, err);
    return type_equal(limit->type, type) ? expr_literal(out, &plan->exprs, limit, err) : BP_OK;
}

/* All answers, or *known false. */
static bp_status answer_all(plan *plan, const plan_node *node, const plan_node *scan, expr_id *cells, bool *known, bp_error *err)
{
    bp_status status;

    *known = false;
    for (size_t i = 0; i < node->aggregate.aggregate_count; i++) {
        expr_id aggregate = node->aggregate.aggregates[i];
        question question = question_of(expr_at(&plan->exprs, aggregate)->aggregate);
        size_t column = 0;
        if (question == QUESTION_OTHER) return BP_OK;
        if (question != QUESTION_ROWS && !source_column(plan, node->children[0], expr_child(&plan->exprs, aggregate, 0), &column))
            return BP_OK;
        status = answer(plan, scan->scan.source, question, column, expr_type(&plan->exprs, aggregate), &cells[i], err);
        if (status || cells[i] == 0) return status;
    }
    *known = true;
    return BP_OK;
}

static bp_status try_aggregate(plan *plan, plan_node *node, bp_error *err)
{
    size_t count = node->aggregate.aggregate_count;
    const plan_node *scan;
    expr_id *cells;
    bool known;
    bp_status status;

    if (node->aggregate.group_count || count == 0 || !(scan = scan_below(plan, node))) return BP_OK;
    if (!scan->scan.source->row_count_exact || scan->scan.source->row_count > INT64_MAX) return BP_OK;
    if (!(cells = arena_new_array(&plan->arena, expr_id, count)))
        return error_no_memory(err, plan->arena.memory, count * sizeof *cells);
    if ((status = answer_all(plan, node, scan, cells, &known, err)) || !known) return status;
    *node = (plan_node){.kind = PLAN_VALUES,
                        .outputs = node->outputs,
                        .output_count = node->output_count,
                        .row_estimate = 1,
                        .values = {.cells = cells, .row_count = 1}};
    return BP_OK;
}

bp_status optimize_metadata(plan *plan, bp_error *err)
{
    plan_id *order;
    size_t count;
    bp_status status = plan_post_order(plan, &order, &count, err);

    for (size_t i = 0; i < count && !status; i++) {
        plan_node *node = plan_at(plan, order[i]);
        if (node->kind == PLAN_AGGREGATE) status = try_aggregate(plan, node, err);
    }
    return status;
}
