/* Pipelines: what they own, and running one.
 *
 *   worker:  claim morsel -> scan next -> operator 0 -> … -> operator n-1 -> sink consume … -> sink morsel_end -> claim …
 *
 * A chain is pulled: the deepest operator that has more to say about its input speaks first, then the one above it, and the scan last. */
#include "base/clock.h"
#include "operator.h"

/* making ------------------------------------------------------------------------------------------------------------------------- */
bp_status pipeline_new(pipeline **out, bp_context *context, bp_error *err)
{
    *out = memory_new(context->memory, pipeline);
    if (!*out) return error_no_memory(err, context->memory, sizeof **out);
    (*out)->context = context;
    return BP_OK;
}

void operator_free(operator *operator)
{
    if (operator) operator->class->free(operator);
}

void sink_free(sink *sink)
{
    if (sink) sink->class->free(sink);
}

void pipeline_free(pipeline *pipeline)
{
    if (!pipeline) return;
    for (size_t i = 0; i < pipeline->operator_count; i++) operator_free(pipeline->operators[i]);
    sink_free(pipeline->sink);
    for (size_t i = 0; i < pipeline->detour_count; i++) sink_free(pipeline->detours[i]);
    memory_free(pipeline->context->memory, pipeline->detours, pipeline->detour_capacity * sizeof(sink *));
    memory_free(pipeline->context->memory, pipeline->operators, pipeline->operator_capacity * sizeof(operator *));
    memory_delete(pipeline->context->memory, pipeline);
}

/* Room for one more pointer. */
static bp_status grow(bp_context *context, void *array_pointer, size_t count, size_t *capacity, bp_error *err)
{
    void **array = array_pointer;
    size_t wanted = *capacity ? *capacity * 2 : 4;
    void *larger;

    if (count < *capacity) return BP_OK;
    larger = memory_resize(context->memory, *array, *capacity * sizeof(void *), wanted * sizeof(void *));
    if (!larger) return error_no_memory(err, context->memory, wanted * sizeof(void *));
    *array = larger;
    *capacity = wanted;
    return BP_OK;
}

bp_status pipeline_add(pipeline *pipeline, operator *operator, bp_error *err)
{
    bp_status status = grow(pipeline->context, &pipeline->operators, pipeline->operator_count, &pipeline->operator_capacity, err);

    if (status) {
        operator_free(operator);
        return status;
    }
    pipeline->operators[pipeline->operator_count++] = operator;
    return BP_OK;
}

/* chains ------------------------------------------------------------------------------------------------------------------------- */
typedef struct chain_level {
    operator_worker *worker;
    batch in;
    bool more; /* the operator has not finished with `in` */
} chain_level;

struct chain {
    pipeline *pipeline;
    operator **operators; /* the pipeline's that stream */
    scan *scan; /* borrowed */
    scan_worker *scan_worker;
    size_t level_count;
    chain_level levels[];
};

static size_t chain_size(size_t level_count)
{
    return sizeof(chain) + level_count * sizeof(chain_level);
}

bp_status chain_new(chain **out, pipeline *pipeline, scan *scan, bp_error *err)
{
    memory *memory = pipeline->context->memory;
    size_t levels = pipeline->operator_count - pipeline->first_operator;
    chain *made = memory_allocate_zeroed(memory, chain_size(levels));
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, memory, chain_size(levels));
    made->pipeline = pipeline;
    made->operators = pipeline->operators + pipeline->first_operator;
    made->scan = scan;
    made->level_count = levels;
    if ((status = scan->class->worker_new(&made->scan_worker, scan, err))) goto done;
    for (size_t i = 0; i < made->level_count; i++) {
        operator *operator = made->operators[i];
        if ((status = operator->class->worker_new(&made->levels[i].worker, operator, err))) goto done;
    }
    *out = made;
    made = NULL;
done:
    chain_free(made);
    return status;
}

void chain_free(chain *chain)
{
    if (!chain) return;
    for (size_t i = 0; i < chain->level_count; i++)
        if (chain->levels[i].worker) chain->operators[i]->class->worker_free(chain->levels[i].worker);
    if (chain->scan_worker) chain->scan->class->worker_free(chain->scan_worker);
    memory_free(chain->pipeline->context->memory, chain, chain_size(chain->level_count));
}

bp_status chain_claim(chain *chain, uint64_t *morsel, bool *end, bp_error *err)
{
    for (size_t i = 0; i < chain->level_count; i++) chain->levels[i].more = false;
    return chain->scan->class->claim(chain->scan, chain->scan_worker, morsel, end, err);
}

static void profile_add(const chain *chain, plan_id node, uint64_t rows, int64_t since_ns)
{
    profile_row *row = &chain->pipeline->profile[node];

    atomic_fetch_add_explicit(&row->rows, rows, memory_order_relaxed);
    atomic_fetch_add_explicit(&row->nanoseconds, (uint64_t)(clock_monotonic_ns() - since_ns), memory_order_relaxed);
}

static bp_status next_of_scan(chain *chain, batch *out, bp_error *err)
{
    bool profiled = chain->pipeline->profile != NULL;
    int64_t start = profiled ? clock_monotonic_ns() : 0;
    bp_status status;

    if ((status = cancel_check(&chain->pipeline->context->cancel, err))) return status;
    status = chain->scan->class->next(chain->scan, chain->scan_worker, out, err);
    if (profiled && !status) profile_add(chain, chain->pipeline->scan_node, out->row_count, start);
    return status;
}

static bp_status process_level(chain *chain, size_t index, batch *out, bp_error *err)
{
    chain_level *level = &chain->levels[index];
    operator *operator = chain->operators[index];
    bool profiled = chain->pipeline->profile != NULL;
    int64_t start = profiled ? clock_monotonic_ns() : 0;
    bp_status status;

    if (level->more && (status = cancel_check(&chain->pipeline->context->cancel, err))) return status;
    status = operator->class->process(operator, level->worker, &level->in, out, &level->more, err);
    if (profiled && !status) profile_add(chain, operator->node, out->row_count, start);
    return status;
}

bp_status chain_next(chain *chain, batch *out, bp_error *err)
{
    size_t level = chain->level_count; /* levels at and past this one have nothing left to say */
    bp_status status;

    for (;;) {
        while (level > 0 && !chain->levels[level - 1].more) level--;
        if (level == 0) { /* ask the scan */
            if ((status = next_of_scan(chain, out, err)) || out->row_count == 0) return status;
        } else { /* ask the deepest operator that has more */
            if ((status = process_level(chain, level - 1, out, err))) return status;
        }
        while (out->row_count && level < chain->level_count) { /* carry the batch down */
            chain->levels[level].in = *out;
            if ((status = process_level(chain, level, out, err))) return status;
            level++;
        }
        if (out->row_count) return BP_OK;
        level = chain->level_count;
    }
}

#define STAGE_WORK 1000 /* progress of one pipeline, in the units of cancel.total_work */

/* running ------------------------------------------------------------------------------------------------------------------------- */
typedef struct pipeline_job {
    pipeline *pipeline;
    scan *scan;
    chain **chains; /* one a worker */
    sink_worker **sink_workers;
    atomic_bool stop; /* a failure, or the sink has enough */
} pipeline_job;

static bp_status run_morsel(pipeline_job *job, size_t worker, uint64_t morsel, bp_error *err)
{
    sink *sink = job->pipeline->sink;
    bool enough = false;
    bp_status status;
    batch out;

    while (!enough) {
        if ((status = chain_next(job->chains[worker], &out, err))) return status;
        if (out.row_count == 0) break;
        if ((status = sink->class->consume(sink, job->sink_workers[worker], morsel, &out, &enough, err))) return status;
    }
    enough = false;
    status = sink->class->morsel_end(sink, job->sink_workers[worker], morsel, &enough, err);
    if (enough) atomic_store(&job->stop, true);
    return status;
}

void pipeline_progress(const pipeline *pipeline, const scan *scan)
{
    double part = scan->class->progress ? scan->class->progress(scan) : 0;
    uint64_t done = pipeline->stage * STAGE_WORK + (part > 0 ? (uint64_t)(part * STAGE_WORK) : 0);

    atomic_store_explicit(&pipeline->context->cancel.progress, done, memory_order_relaxed);
    atomic_store_explicit(&pipeline->context->cancel.total_work, pipeline->stage_count * STAGE_WORK, memory_order_relaxed);
}

static bp_status run_worker(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    pipeline_job *job = data;
    bp_status status = BP_OK;
    uint64_t morsel;
    bool end = false;

    (void)piece;
    while (!status && !atomic_load_explicit(&job->stop, memory_order_relaxed)) {
        if ((status = chain_claim(job->chains[worker], &morsel, &end, err)) || end) break;
        status = run_morsel(job, worker, morsel, err);
        pipeline_progress(job->pipeline, job->scan);
    }
    if (status) atomic_store(&job->stop, true);
    return status;
}

static bp_status job_workers(pipeline_job *job, size_t workers, bp_error *err)
{
    memory *memory = job->pipeline->context->memory;
    sink *sink = job->pipeline->sink;
    bp_status status = BP_OK;

    job->chains = memory_allocate_array(memory, workers, sizeof *job->chains);
    job->sink_workers = memory_allocate_array(memory, workers, sizeof *job->sink_workers);
    if (!job->chains || !job->sink_workers) return error_no_memory(err, memory, workers * sizeof(void *));
    for (size_t i = 0; i < workers && !status; i++) {
        status = chain_new(&job->chains[i], job->pipeline, job->scan, err);
        if (!status) status = sink->class->worker_new(&job->sink_workers[i], sink, err);
    }
    return status;
}

static void job_clear(pipeline_job *job, size_t workers)
{
    memory *memory = job->pipeline->context->memory;

    for (size_t i = 0; i < workers; i++) {
        if (job->chains) chain_free(job->chains[i]);
        if (job->sink_workers && job->sink_workers[i]) job->pipeline->sink->class->worker_free(job->sink_workers[i]);
    }
    memory_free(memory, job->chains, workers * sizeof *job->chains);
    memory_free(memory, job->sink_workers, workers * sizeof *job->sink_workers);
    scan_free(job->scan);
}

static void profile_spill(const pipeline *pipeline)
{
    const sink *sink = pipeline->sink;
    uint64_t bytes = 0, parts = 0;

    if (!pipeline->profile || !sink->class->spilled) return;
    sink->class->spilled(sink, &bytes, &parts);
    atomic_fetch_add_explicit(&pipeline->profile[sink->node].spilled_bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&pipeline->profile[sink->node].spilled_parts, parts, memory_order_relaxed);
}

/* All its operators stream. The scan is moved in. */
static bp_status run_streaming(pipeline *pipeline, scan *scan, bp_error *err)
{
    pipeline_job job = {.pipeline = pipeline, .scan = scan};
    bp_status status;
    size_t workers = 1;

    if (job.scan->morsel_estimate > 1) workers = parallel_workers(pipeline->context, job.scan->morsel_estimate);
    if ((status = job_workers(&job, workers, err))) goto done;
    if (workers == 1)
        status = run_worker(&job, 0, 0, err);
    else
        status = parallel_run(pipeline->context, workers, run_worker, &job, err);
    if (status) goto done;
    status = pipeline->sink->class->finish(pipeline->sink, job.sink_workers, workers, err);
    if (!status) profile_spill(pipeline);
done:
    job_clear(&job, workers);
    return status;
}

/* What comes before the operator is run into the sink (moved in, also on failure), and what is behind it goes on with the scan over that. */
static bp_status take_detour(pipeline *pipeline, size_t index, sink *sink, scan_maker make_scan, bp_error *err)
{
    struct pipeline before = *pipeline;
    bp_status status = grow(pipeline->context, &pipeline->detours, pipeline->detour_count, &pipeline->detour_capacity, err);
    scan *scan;

    if (status) {
        sink_free(sink);
        return status;
    }
    pipeline->detours[pipeline->detour_count++] = sink;
    sink->node = pipeline->operators[index]->node;
    before.operator_count = index;
    before.sink = sink;
    if ((status = before.make_scan(before.make_scan_data, &scan, err))) return status;
    if ((status = run_streaming(&before, scan, err))) return status;
    pipeline->make_scan = make_scan;
    pipeline->make_scan_data = sink;
    pipeline->scan_node = pipeline->operators[index]->node;
    pipeline->first_operator = index + 1;
    return BP_OK;
}

bp_status pipeline_open(pipeline *pipeline, scan **out, bp_error *err)
{
    bp_status status;

    *out = NULL;
    for (size_t i = pipeline->first_operator; i < pipeline->operator_count; i++) {
        operator *operator = pipeline->operators[i];
        scan_maker make_scan = NULL;
        sink *sink = NULL;
        if (!operator->class->detour) continue;
        if ((status = operator->class->detour(&sink, operator, &make_scan, err))) return status;
        if (sink && (status = take_detour(pipeline, i, sink, make_scan, err))) return status;
    }
    return pipeline->make_scan(pipeline->make_scan_data, out, err);
}

bp_status pipeline_run(pipeline *pipeline, bp_error *err)
{
    scan *scan;
    bp_status status = pipeline_open(pipeline, &scan, err);

    if (!status) status = run_streaming(pipeline, scan, err);
    pipeline->done = !status;
    return status;
}
