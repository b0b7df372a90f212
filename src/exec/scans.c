/* Scans that are not files: the row of DUAL, a table in memory, and two pipelines one after the other. */
#include "exec.h"

/* DUAL --------------------------------------------------------------------------------------------------------------------------- */
typedef struct dual_scan {
    scan base;
    bp_context *context;
    atomic_bool claimed;
} dual_scan;

struct scan_worker {
    bp_context *context;
    bool row_left; /* DUAL */
    chain *chains[2]; /* UNION */
    size_t part;
};

static void dual_free(scan *self)
{
    memory_delete(((dual_scan *)self)->context->memory, (dual_scan *)self);
}

static bp_status worker_make(scan_worker **out, bp_context *context, bp_error *err)
{
    *out = memory_new(context->memory, scan_worker);
    if (!*out) return error_no_memory(err, context->memory, sizeof **out);
    (*out)->context = context;
    return BP_OK;
}

static bp_status dual_worker_new(scan_worker **out, scan *self, bp_error *err)
{
    return worker_make(out, ((dual_scan *)self)->context, err);
}

static void dual_worker_free(scan_worker *worker)
{
    memory_delete(worker->context->memory, worker);
}

static bp_status dual_claim(scan *self, scan_worker *worker, uint64_t *morsel, bool *end, bp_error *err)
{
    (void)err;
    *morsel = 0;
    *end = atomic_exchange(&((dual_scan *)self)->claimed, true);
    worker->row_left = !*end;
    return BP_OK;
}

static bp_status dual_next(scan *self, scan_worker *worker, batch *out, bp_error *err)
{
    (void)self, (void)err;
    *out = (batch){.row_count = worker->row_left};
    worker->row_left = false;
    return BP_OK;
}

static const scan_class dual_class = {
    .free = dual_free,
    .worker_new = dual_worker_new,
    .worker_free = dual_worker_free,
    .claim = dual_claim,
    .next = dual_next,
};

bp_status dual_scan_new(scan **out, bp_context *context, bp_error *err)
{
    dual_scan *made = memory_new(context->memory, dual_scan);

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->base = (scan){.class = &dual_class, .morsel_estimate = 1};
    made->context = context;
    *out = &made->base;
    return BP_OK;
}

/* a table ------------------------------------------------------------------------------------------------------------------------ */
bp_status table_scan_new(scan **out, bp_context *context, table *table, bp_error *err)
{
    size_t count = table_schema(table)->count;
    size_t *columns = NULL;
    source *source = NULL;
    bp_status status;

    *out = NULL;
    if ((status = table_source_new(&source, context, table, err))) goto done;
    columns = memory_allocate_array(context->memory, count, sizeof *columns);
    status = columns ? BP_OK : error_no_memory(err, context->memory, count * sizeof *columns);
    if (status) goto done;
    for (size_t i = 0; i < count; i++) columns[i] = i;
    status = source->class->scan_open(
        out, source,
        &(scan_request){
            .columns = columns, .column_count = count, .batch_size = context->config.batch_size, .row_limit = UINT64_MAX},
        err);
done:
    memory_free(context->memory, columns, count * sizeof *columns);
    source_release(source);
    return status;
}

/* UNION ALL ---------------------------------------------------------------------------------------------------------------------- */
typedef struct union_scan {
    scan base;
    bp_context *context;
    pipeline_pair *pair; /* borrowed */
    scan *scans[2];
    mutex lock;
    uint64_t next_morsel; /* numbers go on from the first part to the second */
    size_t part; /* being claimed */
} union_scan;

static void union_free(scan *self)
{
    union_scan *both = (union_scan *)self;

    scan_free(both->scans[0]);
    scan_free(both->scans[1]);
    mutex_clear(&both->lock);
    memory_delete(both->context->memory, both);
}

static void union_worker_free(scan_worker *worker)
{
    chain_free(worker->chains[0]);
    chain_free(worker->chains[1]);
    memory_delete(worker->context->memory, worker);
}

static bp_status union_worker_new(scan_worker **out, scan *self, bp_error *err)
{
    union_scan *both = (union_scan *)self;
    scan_worker *worker;
    bp_status status;

    *out = NULL;
    if ((status = worker_make(&worker, both->context, err))) return status;
    for (size_t i = 0; i < 2 && !status; i++) status = chain_new(&worker->chains[i], both->pair->parts[i], both->scans[i], err);
    if (status)
        union_worker_free(worker);
    else
        *out = worker;
    return status;
}

/* One claim at a time, so that numbers rise with the order of the parts' own morsels. */
static bp_status union_claim(scan *self, scan_worker *worker, uint64_t *morsel, bool *end, bp_error *err)
{
    union_scan *both = (union_scan *)self;
    bp_status status = BP_OK;
    uint64_t inner;

    *end = true;
    mutex_lock(&both->lock);
    while (both->part < 2 && *end && !status) {
        status = chain_claim(worker->chains[both->part], &inner, end, err);
        worker->part = both->part;
        if (!status && *end) both->part++;
    }
    *morsel = both->next_morsel;
    if (!status && !*end) both->next_morsel++;
    mutex_unlock(&both->lock);
    return status;
}

static bp_status union_next(scan *self, scan_worker *worker, batch *out, bp_error *err)
{
    (void)self;
    return chain_next(worker->chains[worker->part], out, err);
}

static const scan_class union_class = {
    .free = union_free,
    .worker_new = union_worker_new,
    .worker_free = union_worker_free,
    .claim = union_claim,
    .next = union_next,
};

bp_status union_make_scan(void *data, scan **out, bp_error *err)
{
    pipeline_pair *pair = data;
    union_scan *both = memory_new(pair->context->memory, union_scan);
    bp_status status = BP_OK;

    *out = NULL;
    if (!both) return error_no_memory(err, pair->context->memory, sizeof *both);
    both->base.class = &union_class;
    both->context = pair->context;
    both->pair = pair;
    mutex_init(&both->lock);
    for (size_t i = 0; i < 2 && !status; i++) {
        status = pipeline_open(pair->parts[i], &both->scans[i], err);
        if (!status) both->base.morsel_estimate += both->scans[i]->morsel_estimate;
    }
    if (status)
        union_free(&both->base);
    else
        *out = &both->base;
    return status;
}
