/* See source_scan.h. Sources that apply filters themselves are told the joins' keys; of all others the FILTER above the scan asks. */
#include "source_scan.h"

#include "lower.h"

/* Smaller batches are somebody's wish, as in tests, and stay. */
#define LEAST_WIDENED 1024
#define WIDENED_PART 32 /* of the memory limit */
#define VALUE_SIZE 16

static bp_status add_joined(source_scan *scan, plan *plan, const plan_node *node, sink *const *builds, bp_error *err)
{
    size_t count = node->scan.join_filter_count;
    joined_column *joined = arena_new_array(&plan->arena, joined_column, count);

    if (!joined) return error_no_memory(err, plan->context->memory, count * sizeof *joined);
    scan->joined = joined;
    for (size_t i = 0; i < count; i++) {
        const scan_join_filter *filter = &node->scan.join_filters[i];
        sink *build = builds[filter->join];
        if (!build) continue; /* in a recursion's step, whose joins are built when the scan is there */
        joined[scan->joined_count++] = (joined_column){.build = build, .key = filter->pair, .position = filter->output};
        join_build_want_members(build, filter->pair);
    }
    return BP_OK;
}

bp_status source_scan_new(source_scan **out, plan *plan, const plan_node *node, sink *const *builds, bp_error *err)
{
    source_scan *made = arena_new(&plan->arena, source_scan);
    size_t joined = node->scan.join_filter_count;
    bp_status status;

    if (!made) return error_no_memory(err, plan->context->memory, sizeof *made);
    made->source = node->scan.source;
    made->request = (scan_request){.columns = node->scan.source_columns,
                                   .column_count = node->output_count,
                                   .batch_size = plan->context->config.batch_size,
                                   .row_limit = UINT64_MAX};
    *out = made;
    if ((status = scan_filters_of(plan, node, &made->request, err)) || joined == 0) return status;
    made->filters = arena_new_array(&plan->arena, scan_filter, made->request.filter_count + joined);
    if (!made->filters)
        return error_no_memory(err, plan->context->memory, (made->request.filter_count + joined) * sizeof(scan_filter));
    if (made->request.filter_count) memcpy(made->filters, made->request.filters, made->request.filter_count * sizeof(scan_filter));
    return add_joined(made, plan, node, builds, err);
}

bp_status source_scan_open(void *source_scan, scan **out, bp_error *err)
{
    const struct source_scan *from = source_scan;
    scan_request request = from->request;

    if (from->joined_count && from->source->exact_filters) request.filters = from->filters;
    for (size_t i = 0; i < from->joined_count && from->source->exact_filters; i++) {
        const member_set *members = join_build_members(from->joined[i].build, from->joined[i].key);
        if (!members) continue;
        from->filters[request.filter_count++] =
            (scan_filter){.kind = FILTER_MEMBERS, .column = request.columns[from->joined[i].position], .members = members};
    }
    return from->source->class->scan_open(out, from->source, &request, err);
}

/* Rows of as many columns as scan and operators have, for every worker, of which no more than a small part of the limit may be made. */
static size_t rows_affordable(const pipeline *pipeline, const source_scan *from)
{
    size_t columns = from->request.column_count + 1, limit = memory_limit(pipeline->context->memory);

    for (size_t i = 0; i < pipeline->operator_count; i++) columns += pipeline->operators[i]->output.count;
    return limit / WIDENED_PART / columns / VALUE_SIZE / (pipeline->context->config.threads + 1);
}

bool pipeline_widen_scan(pipeline *pipeline, bool through_operators)
{
    source_scan *from = pipeline->make_scan_data;
    size_t rows;

    if (pipeline->make_scan != source_scan_open || (!through_operators && pipeline->operator_count)) return false;
    for (size_t i = 0; i < pipeline->operator_count; i++)
        if (!pipeline->operators[i]->takes_large) return false;
    rows = rows_affordable(pipeline, from);
    if (rows > TABLE_CHUNK_ROWS) rows = TABLE_CHUNK_ROWS;
    if (from->request.batch_size < LEAST_WIDENED || from->request.batch_size >= rows) return false;
    from->request.batch_size = rows;
    return true;
}

bool pipeline_reads_source(const pipeline *pipeline, const source *source)
{
    const pipeline_pair *pair;

    if (pipeline->make_scan == source_scan_open) return ((const source_scan *)pipeline->make_scan_data)->source == source;
    if (pipeline->make_scan != union_make_scan) return false;
    pair = pipeline->make_scan_data; /* at most UNION_DEPTH deep */
    return pipeline_reads_source(pair->parts[0], source) || pipeline_reads_source(pair->parts[1], source);
}
