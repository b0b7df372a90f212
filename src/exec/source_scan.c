/* See source_scan.h. Sources that apply filters themselves are told the joins' keys; of all others the FILTER above the scan asks. */
#include "source_scan.h"

#include "lower.h"

/* Smaller batches are somebody's wish, as in tests, and stay. */
#define LEAST_WIDENED 1024

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

bool pipeline_widen_scan(pipeline *pipeline)
{
    source_scan *from = pipeline->make_scan_data;

    if (pipeline->make_scan != source_scan_open || pipeline->operator_count) return false;
    if (from->request.batch_size < LEAST_WIDENED || from->request.batch_size >= TABLE_CHUNK_ROWS) return false;
    from->request.batch_size = TABLE_CHUNK_ROWS;
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
