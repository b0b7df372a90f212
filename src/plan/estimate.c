/* See estimate.h. */
#include "estimate.h"

#include <math.h>

#include "expr/evaluate.h"

#define SAMPLE_ROWS 2048
#define SAMPLED_ROWS 4096 /* smaller tables are read whole by anything soon enough */
#define UNKNOWN_ROWS 1000.0
#define ROUNDS 10
#define WORKING_ROWS 1e9 /* few, but another set each round: what they are joined with is to be built, once, and they to probe it */

/* Shares ---------------------------------------------------------------------------------------------------------------------------- */
static double share_of(const plan *plan, expr_id conjunct)
{
    const expr_node *node = expr_at(&plan->exprs, conjunct);

    if (node->kind == EXPR_COMPARE && (node->op == COMPARE_EQUAL || node->op == COMPARE_NOT_DISTINCT)) return 0.1;
    if (node->kind == EXPR_IN && node->op == 0) return fmin(0.1 * node->child_count, 0.5);
    if (node->kind == EXPR_IS_NULL) return node->op ? 0.9 : 0.1;
    if (node->kind == EXPR_NOT || node->kind == EXPR_OR || (node->kind == EXPR_COMPARE && node->op == COMPARE_NOT_EQUAL))
        return 0.6;
    return ESTIMATE_CONDITION;
}

static double shares_of(const plan *plan, const expr_id *conjuncts, size_t count)
{
    double share = 1;

    for (size_t i = 0; i < count; i++) share *= share_of(plan, conjuncts[i]);
    return share;
}

/* Sampling -------------------------------------------------------------------------------------------------------------------------- */
typedef struct sample {
    plan *plan;
    size_t *columns; /* of the source: those that the filters name */
    size_t column_count;
    expr_id condition; /* over them by position */
    scan *scan;
    scan_worker *worker;
    evaluator *evaluator;
    size_t rows, kept;
} sample;

static bp_status sample_condition(sample *out, const plan_node *node, bp_error *err)
{
    plan *plan = out->plan;
    size_t count = node->scan.filter_count;
    uint32_t *positions = arena_new_array(&plan->arena, uint32_t, plan->column_count);
    uint64_t *used = arena_allocate_zeroed(&plan->arena, (bitmap_words(plan->column_count) + 1) * sizeof *used);
    bp_status status;

    out->columns = arena_new_array(&plan->arena, size_t, node->output_count);
    if (!positions || !used || !out->columns)
        return error_no_memory(err, plan->context->memory, plan->column_count * sizeof *positions);
    memset(positions, 0xff, plan->column_count * sizeof *positions);
    for (size_t i = 0; i < count; i++)
        if ((status = plan_expr_columns(plan, node->scan.filters[i], used, err))) return status;
    for (size_t i = 0; i < node->output_count; i++) {
        if (!bitmap_get(used, node->outputs[i])) continue;
        positions[node->outputs[i]] = (uint32_t)out->column_count;
        out->columns[out->column_count++] = node->scan.source_columns[i];
    }
    out->condition = node->scan.filters[0];
    if (count > 1 && (status = expr_and(&out->condition, &plan->exprs, node->scan.filters, count, err))) return status;
    return expr_remap(&out->condition, &plan->exprs, out->condition, positions, plan->column_count, err);
}

static bp_status count_piece(sample *sample, bp_error *err)
{
    const uint32_t *selection;
    size_t kept;
    batch batch;
    bp_status status = sample->scan->class->next(sample->scan, sample->worker, &batch, err);

    if (status || !batch.row_count) return status;
    if ((status = evaluator_filter(sample->evaluator, &batch, &selection, &kept, err))) return status;
    sample->rows += batch.row_count;
    sample->kept += kept;
    return BP_OK;
}

static bp_status count_pieces(sample *sample, size_t pieces, bp_error *err)
{
    uint64_t step = (sample->scan->morsel_estimate + pieces - 1) / pieces, morsel;
    bp_status status = BP_OK;
    bool end = false;

    while (!status) {
        if ((status = sample->scan->class->claim(sample->scan, sample->worker, &morsel, &end, err)) || end) break;
        if (morsel % step == step / 2) status = count_piece(sample, err);
    }
    return status;
}

static bool can_sample(const plan *plan, const plan_node *node)
{
    if (!node->scan.source->sample_pieces || node->scan.source->row_count < SAMPLED_ROWS) return false;
    for (size_t i = 0; i < node->scan.filter_count; i++) {
        const expr_node *expr = expr_at(&plan->exprs, node->scan.filters[i]);
        if (expr->can_fail || expr->is_volatile) return false;
    }
    return true;
}

static bp_status run_sample(sample *sample, source *source, bp_error *err)
{
    scan_request request = {.columns = sample->columns,
                            .column_count = sample->column_count,
                            .batch_size = SAMPLE_ROWS / source->sample_pieces,
                            .row_limit = UINT64_MAX,
                            .pieces = source->sample_pieces};
    bp_status status = source->class->scan_open(&sample->scan, source, &request, err);

    if (!status) status = sample->scan->class->worker_new(&sample->worker, sample->scan, err);
    if (!status)
        status = evaluator_new(&sample->evaluator, sample->plan->context, &sample->plan->exprs, &sample->condition, 1, err);
    if (!status) status = count_pieces(sample, source->sample_pieces, err);
    evaluator_free(sample->evaluator);
    if (sample->worker) sample->scan->class->worker_free(sample->worker);
    scan_free(sample->scan);
    return status;
}

/* What the query itself would meet again, if it comes so far: a file that is damaged is its matter. */
static bool is_of_the_data(bp_status status)
{
    return status == BP_IO_ERROR || status == BP_BAD_FORMAT || status == BP_NOT_SUPPORTED;
}

/* The share of rows that pass the scan's filters. */
static bp_status sample_scan(plan *plan, const plan_node *node, double *share, bp_error *err)
{
    sample sample = {.plan = plan};
    bp_status status = sample_condition(&sample, node, err);

    *share = shares_of(plan, node->scan.filters, node->scan.filter_count);
    if (status) return status;
    if ((status = run_sample(&sample, node->scan.source, err))) {
        if (!is_of_the_data(status)) return status;
        error_clear(err);
        return BP_OK;
    }
    if (sample.rows) *share = ((double)sample.kept + 0.5) / ((double)sample.rows + 1);
    return BP_OK;
}

/* Nodes ----------------------------------------------------------------------------------------------------------------------------- */
double plan_base_rows(const plan *plan, plan_id id)
{
    for (;;) {
        const plan_node *node = plan_at(plan, id);
        bool passes = node->kind == PLAN_FILTER || node->kind == PLAN_PROJECT || node->kind == PLAN_SORT ||
                      node->kind == PLAN_KEEP || node->kind == PLAN_READ ||
                      (node->kind == PLAN_JOIN && !join_puts_right((join_kind)node->join.kind));
        if (node->kind == PLAN_SCAN) return fmax((double)node->scan.source->row_count, 1);
        if (!passes) return fmax(node->row_estimate, 1);
        id = node->children[0];
    }
}

static double rows_of(const plan *plan, plan_id id)
{
    double rows = plan_at(plan, id)->row_estimate;

    return rows < 0 ? UNKNOWN_ROWS : rows;
}

static double join_rows(const plan *plan, const plan_node *node)
{
    double left = rows_of(plan, node->children[0]), right = rows_of(plan, node->children[1]), both;
    double left_base = plan_base_rows(plan, node->children[0]), right_base = plan_base_rows(plan, node->children[1]);
    double residual = shares_of(plan, node->join.residual, node->join.residual_count);
    double matched = fmin(1, right / fmax(fmin(left_base, right_base), 1)) * residual; /* of the left rows */

    both = left * right * residual;
    if (node->join.pair_count) both /= fmax(fmin(left_base, right_base), 1);
    switch ((join_kind)node->join.kind) {
    case JOIN_INNER:
    case JOIN_CROSS: return both;
    case JOIN_LEFT: return fmax(both, left);
    case JOIN_RIGHT: return fmax(both, right);
    case JOIN_FULL: return fmax(both, left + right);
    case JOIN_SEMI: return left * matched;
    case JOIN_ANTI: return left * fmax(1 - matched, 0.1);
    case JOIN_RIGHT_SEMI:
    case JOIN_RIGHT_ANTI: return right;
    case JOIN_MARK:
    case JOIN_EXISTS:
    case JOIN_SINGLE: return left;
    }
    return left;
}

/* Groups of so many rows: their 3/4th power, with more keys their 7/8th. Square roots are the same on every processor. */
static double group_rows(double rows, size_t keys)
{
    double power = sqrt(rows * sqrt(rows));

    return keys == 0 ? 1 : keys == 1 ? power : sqrt(rows * power);
}

bp_status plan_estimate_node(plan *plan, plan_id id, bp_error *err)
{
    plan_node *node = plan_at(plan, id);
    double below = node->children[0] ? rows_of(plan, node->children[0]) : 1, rows = below, share = 1;
    bp_status status = BP_OK;

    switch ((plan_kind)node->kind) {
    case PLAN_SCAN:
        if (node->sampled) return BP_OK;
        node->sampled = node->scan.filter_count && can_sample(plan, node);
        if (node->sampled)
            status = sample_scan(plan, node, &share, err);
        else
            share = shares_of(plan, node->scan.filters, node->scan.filter_count);
        rows = (double)node->scan.source->row_count * share;
        node = plan_at(plan, id);
        break;
    case PLAN_VALUES: rows = (double)node->values.row_count; break;
    case PLAN_FILTER: rows = below * shares_of(plan, node->filter.conjuncts, node->filter.conjunct_count); break;
    case PLAN_AGGREGATE: rows = group_rows(below, node->aggregate.group_count); break;
    case PLAN_DISTINCT: rows = group_rows(below, node->distinct.on_count ? node->distinct.on_count : node->output_count); break;
    case PLAN_JOIN: rows = join_rows(plan, node); break;
    case PLAN_LIMIT:
        if (node->limit.percent < 0) rows = fmin(below, (double)node->limit.limit);
        break;
    case PLAN_SET:
        if (node->set.kind == PLAN_UNION) rows = below + rows_of(plan, node->children[1]);
        break;
    case PLAN_UNNEST: rows = below * 4; break;
    case PLAN_RECURSIVE: rows = below * ROUNDS; break;
    case PLAN_WORKING: rows = WORKING_ROWS; break;
    default: break;
    }
    node->row_estimate = fmax(rows, 1);
    return status;
}

bp_status plan_estimate(plan *plan, bp_error *err)
{
    plan_id *order;
    size_t count;
    bp_status status = plan_post_order(plan, &order, &count, err);

    for (size_t i = 0; i < count && !status; i++) status = plan_estimate_node(plan, order[i], err);
    return status;
}
