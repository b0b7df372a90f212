/* Looks at a few thousand rows of a table, spread over it, for the share of them that its filters keep; at all rows of small files, whose pages must be unpacked
 * whole anyway: what is sorted by the column that is asked about (calendars are) would look the same in a few places.
 *
 * What was seen of data that can be told from all others (source.lasting_version) is kept in the context's memory under version and conditions, so that
 * statements about the same files look once: unpacking a page of each column and its dictionary takes most of a statement's planning. */
#include "estimate_internal.h"

#include "expr/evaluate.h"

#define SAMPLE_ROWS 2048
#define SAMPLED_ROWS 4096 /* smaller tables are read whole by anything soon enough */
#define WHOLE_ROWS ((uint64_t)128 << 10) /* of a file whose shares are kept; about 1 ms */
#define KEY_SIZE ((size_t)4 << 10) /* longer conditions are not kept */

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

static bp_status count_batch(sample *sample, const batch *batch, bp_error *err)
{
    const uint32_t *selection;
    size_t kept;
    bp_status status = evaluator_filter(sample->evaluator, batch, &selection, &kept, err);

    sample->rows += batch->row_count;
    sample->kept += status ? 0 : kept;
    return status;
}

/* The first batch of the morsel that was claimed last, or (whole) all of them. */
static bp_status count_morsel(sample *sample, bool whole, bp_error *err)
{
    batch batch;
    bp_status status;

    do {
        if ((status = sample->scan->class->next(sample->scan, sample->worker, &batch, err)) || !batch.row_count) return status;
        if ((status = count_batch(sample, &batch, err))) return status;
    } while (whole);
    return BP_OK;
}

static bp_status count_morsels(sample *sample, size_t pieces, bp_error *err)
{
    uint64_t step = pieces ? (sample->scan->morsel_estimate + pieces - 1) / pieces : 1, morsel;
    bp_status status = BP_OK;
    bool end = false;

    while (!status) {
        if ((status = sample->scan->class->claim(sample->scan, sample->worker, &morsel, &end, err)) || end) break;
        if (!pieces || morsel % step == step / 2) status = count_morsel(sample, !pieces, err);
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
    bool whole = source->lasting_version && source->row_count <= WHOLE_ROWS;
    size_t pieces = whole ? 0 : source->sample_pieces;
    scan_request request = {.columns = sample->columns,
                            .column_count = sample->column_count,
                            .batch_size = whole ? SAMPLE_ROWS : SAMPLE_ROWS / pieces,
                            .row_limit = UINT64_MAX,
                            .pieces = pieces};
    bp_status status = source->class->scan_open(&sample->scan, source, &request, err);

    if (!status) status = sample->scan->class->worker_new(&sample->worker, sample->scan, err);
    if (!status)
        status = evaluator_new(&sample->evaluator, sample->plan->context, &sample->plan->exprs, &sample->condition, 1, err);
    if (!status) status = count_morsels(sample, pieces, err);
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

/* What is kept -------------------------------------------------------------------------------------------------------------------- */
static string_view name_of(const void *data, uint32_t column)
{
    const plan *plan = data;

    return plan->columns[column].name;
}

/* False: the share cannot be kept. */
static bool put_key(builder *out, const plan *plan, const plan_node *node)
{
    const source *source = node->scan.source;
    bool fine = source->lasting_version && builder_literal(out, "share 1 ") &&
                builder_append(out, &source->version, sizeof source->version) &&
                builder_append(out, &source->row_count, sizeof source->row_count);

    for (size_t i = 0; fine && i < node->scan.filter_count; i++)
        fine = expr_print(out, &plan->exprs, node->scan.filters[i], name_of, plan) && builder_byte(out, '&');
    return fine;
}

static bool take_known(memory *memory, const builder *key, double *share)
{
    memory_kept *kept = memory_kept_take(memory, key->data, key->size);

    if (!kept) return false;
    if (kept->size == key->size + sizeof *share) memcpy(share, kept->bytes + key->size, sizeof *share);
    memory_kept_return(memory, kept);
    return true;
}

static bp_status look(plan *plan, const plan_node *node, double *share, bp_error *err)
{
    sample sample = {.plan = plan};
    bp_status status = sample_condition(&sample, node, err);

    if (status) return status;
    if ((status = run_sample(&sample, node->scan.source, err))) {
        if (!is_of_the_data(status)) return status;
        error_clear(err);
        return BP_OK;
    }
    if (sample.rows) *share = ((double)sample.kept + 0.5) / ((double)sample.rows + 1);
    return BP_OK;
}

bp_status estimate_sample(plan *plan, plan_id id, double *share, bp_error *err)
{
    plan_node node = *plan_at(plan, id);
    memory *memory = plan->context->memory;
    builder key;
    bool keep;
    bp_status status = BP_OK;

    if (!can_sample(plan, &node)) return BP_OK;
    plan_at(plan, id)->sampled = true;
    builder_init(&key, memory, KEY_SIZE);
    keep = put_key(&key, plan, &node);
    if (!keep || !take_known(memory, &key, share)) {
        size_t key_size = key.size;
        status = look(plan, &node, share, err);
        if (keep && !status && builder_append(&key, share, sizeof *share)) memory_keep(memory, key.data, key.size, key_size);
    }
    builder_clear(&key);
    return status;
}
