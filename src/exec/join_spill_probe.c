/* The left side of a join whose right side is in temporary files: see join_spill.h. */
#include "join_spill.h"

#include "column/batch_bytes.h"

/* What is parted at once: so few rows that they take little room, so many that a partition's share is more than a few. */
#define KEPT_ROWS 32768
#define KEPT_PART 64 /* of the memory limit */

typedef struct probe_sink {
    sink base;
    join_spec spec;
    join_spill *spill;
    schema left; /* with the place */
    spill_file *file;
    spill_partitions parts; /* of all workers */
    join_pairs pairs;
    arena arena;
} probe_sink;

struct sink_worker {
    probe_sink *sink;
    join_parter parter;
    table *kept; /* rows of the present morsel that are not parted yet */
    size_t kept_rows, kept_bytes;
    uint64_t parted; /* … and how many are */
};

static void probe_free(sink *self)
{
    probe_sink *sink = (probe_sink *)self;

    spill_partitions_clear(&sink->parts);
    join_pairs_clear(&sink->pairs);
    spill_file_free(sink->file);
    arena_clear(&sink->arena);
    memory_delete(self->context->memory, sink);
}

static void probe_worker_free(sink_worker *worker)
{
    table_release(worker->kept);
    join_parter_clear(&worker->parter);
    memory_delete(worker->sink->base.context->memory, worker);
}

static bp_status probe_worker_new(sink_worker **out, sink *self, bp_error *err)
{
    probe_sink *sink = (probe_sink *)self;
    bp_context *context = self->context;
    sink_worker *worker = memory_new(context->memory, sink_worker);
    bp_status status;

    *out = NULL;
    if (!worker) return error_no_memory(err, context->memory, sizeof *worker);
    worker->sink = sink;
    status = join_parter_init(&worker->parter, sink->spill, sink->file, &sink->left, sink->spill->bits, JOIN_SPILL_SHIFT, err);
    if (status)
        probe_worker_free(worker);
    else
        *out = worker;
    return status;
}

static bp_status part_kept(sink_worker *worker, uint64_t morsel, bp_error *err)
{
    bp_status status = worker->kept ? table_finish(worker->kept, err) : BP_OK;

    for (size_t i = 0; worker->kept && i < table_chunk_count(worker->kept) && !status; i++) {
        const batch *rows = table_chunk(worker->kept, i);
        status = join_parter_append_placed(&worker->parter, rows, morsel, worker->parted, err);
        worker->parted += rows->row_count;
    }
    table_release(worker->kept);
    worker->kept = NULL;
    worker->kept_rows = worker->kept_bytes = 0;
    return status;
}

static bp_status probe_consume(sink *self, sink_worker *worker, uint64_t morsel, const batch *in, bool *enough, bp_error *err)
{
    bp_status status;

    *enough = false;
    if (!worker->kept && (status = table_new(&worker->kept, self->context->memory, worker->sink->spec.left, err))) return status;
    if ((status = table_append(worker->kept, in, err))) return status;
    worker->kept_rows += in->row_count;
    worker->kept_bytes += batch_bytes_size(in);
    if (worker->kept_rows < KEPT_ROWS && worker->kept_bytes < memory_limit(self->context->memory) / KEPT_PART) return BP_OK;
    return part_kept(worker, morsel, err);
}

static bp_status probe_morsel_end(sink *self, sink_worker *worker, uint64_t morsel, bool *enough, bp_error *err)
{
    bp_status status = part_kept(worker, morsel, err);

    (void)self;
    *enough = false;
    worker->parted = 0;
    return status;
}

static bp_status probe_finish(sink *self, sink_worker **workers, size_t worker_count, bp_error *err)
{
    probe_sink *sink = (probe_sink *)self;
    bp_status status = spill_partitions_init(&sink->parts, sink->file, sink->left.types, sink->left.count, sink->spill->bits,
                                             JOIN_SPILL_SHIFT, SPILL_PAGE_LEAST, err);

    for (size_t i = 0; i < worker_count && !status; i++) {
        status = spill_partitions_finish(&workers[i]->parter.parts, err);
        if (!status) status = spill_partitions_join(&sink->parts, &workers[i]->parter.parts, err);
    }
    if (!status) status = spill_partitions_finish(&sink->parts, err);
    if (!status) status = join_pairs_init(&sink->pairs, sink->spill, &sink->spec, &sink->left, sink->file, err);
    if (!status) status = join_pairs_run(&sink->pairs, &sink->parts, err);
    spill_partitions_clear(&sink->parts);
    return status;
}

/* The parts are those of the right side. */
static void probe_spilled(const sink *self, uint64_t *bytes, uint64_t *parts)
{
    *bytes = spill_file_size(((const probe_sink *)self)->file);
    *parts = 0;
}

static const sink_class probe_sink_class = {
    .name = "JOIN PROBE",
    .free = probe_free,
    .worker_new = probe_worker_new,
    .worker_free = probe_worker_free,
    .consume = probe_consume,
    .morsel_end = probe_morsel_end,
    .finish = probe_finish,
    .spilled = probe_spilled,
};

bp_status join_spill_probe_new(sink **out, bp_context *context, const join_spec *spec, const join_build *build, bp_error *err)
{
    probe_sink *made = memory_new(context->memory, probe_sink);
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->base = (sink){.class = &probe_sink_class, .context = context};
    made->spec = *spec;
    made->spill = build->spill;
    arena_init(&made->arena, context->memory);
    if ((status = join_placed_schema(&made->left, spec->left, true, &made->arena, err))) goto done;
    if ((status = spill_file_new(&made->file, context, err))) goto done;
    *out = &made->base;
    made = NULL;
done:
    if (made) probe_free(&made->base);
    return status;
}

bp_status join_spill_probe_make_scan(void *self, scan **out, bp_error *err)
{
    probe_sink *sink = self;

    return join_placed_scan_new(out, sink->base.context, sink->pairs.out_types, sink->pairs.out_count, sink->pairs.out,
                                sink->pairs.count, err);
}
