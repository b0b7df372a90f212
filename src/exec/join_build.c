/* The build side of a hash join: collects the right rows and has their keys indexed (join_index.c). */
#include "join_spill.h"

#include "column/batch_bytes.h"

#define ROW_COST 48 /* bytes that the table needs for a row, about */

static void build_free(sink *self)
{
    join_build *build = (join_build *)self;

    sink_free(build->rows);
    join_spill_free(build->spill);
    group_table_clear(&build->groups);
    mutex_clear(&build->lock);
    join_payload_clear(&build->payload);
    arena_clear(&build->arena);
    memory_delete(self->context->memory, build);
}

/* Rows are collected by the inner sink; what it has when memory becomes scarce is parted. */
typedef struct build_worker {
    bp_context *context;
    sink_worker *rows; /* the inner sink's */
    join_parter *parter; /* NULL: this worker has written nothing */
} build_worker;

static void build_worker_free(sink_worker *self)
{
    build_worker *worker = (build_worker *)self;

    if (worker->rows) collect_worker_free(worker->rows);
    join_spill_parter_free(worker->parter);
    memory_delete(worker->context->memory, worker);
}

static bp_status build_worker_new(sink_worker **out, sink *self, bp_error *err)
{
    sink *rows = ((join_build *)self)->rows;
    build_worker *worker = memory_new(self->context->memory, build_worker);
    bp_status status;

    *out = NULL;
    if (!worker) return error_no_memory(err, self->context->memory, sizeof *worker);
    worker->context = self->context;
    status = rows->class->worker_new(&worker->rows, rows, err);
    if (status)
        build_worker_free((sink_worker *)worker);
    else
        *out = (sink_worker *)worker;
    return status;
}

static bp_status need_spill(join_build *build, build_worker *worker, bp_error *err)
{
    bp_status status = BP_OK;

    mutex_lock(&build->lock);
    if (!build->spill) status = join_spill_new(&build->spill, build, err);
    mutex_unlock(&build->lock);
    return status || worker->parter ? status : join_spill_parter(&worker->parter, build->spill, err);
}

static bp_status spill_held(join_build *build, build_worker *worker, uint64_t morsel, bp_error *err)
{
    collected held = {0};
    bp_status status = need_spill(build, worker, err);

    atomic_store(&build->held_rows, 0);
    atomic_store(&build->held_bytes, 0);
    if (!status) status = collect_take_held(&held, build->rows, worker->rows, morsel, err);
    if (!status) status = join_spill_rows(worker->parter, &held, err);
    collected_clear(&held);
    return status;
}

/* Whether to write what is held: when its table would not fit any more. Less than a thirty-second of the limit is not worth it: then some other operator or
 * worker holds the memory. */
static bool should_spill(join_build *build, bool spilling)
{
    bp_context *context = build->base.context;
    size_t bytes = atomic_load_explicit(&build->held_bytes, memory_order_relaxed);
    size_t rows = atomic_load_explicit(&build->held_rows, memory_order_relaxed);

    if (!spill_pressure(context, spilling ? 0 : bytes + rows * ROW_COST)) return false;
    return context->config.spill == SPILL_ALWAYS || bytes >= memory_limit(context->memory) / 32;
}

static bp_status build_consume(sink *self, sink_worker *worker_base, uint64_t morsel, const batch *in, bool *enough, bp_error *err)
{
    join_build *build = (join_build *)self;
    build_worker *worker = (build_worker *)worker_base;
    bp_status status = build->rows->class->consume(build->rows, worker->rows, morsel, in, enough, err);

    if (status || !build->may_spill) return status;
    atomic_fetch_add_explicit(&build->held_rows, in->row_count, memory_order_relaxed);
    atomic_fetch_add_explicit(&build->held_bytes, batch_bytes_size(in), memory_order_relaxed);
    return should_spill(build, worker->parter != NULL) ? spill_held(build, worker, morsel, err) : BP_OK;
}

static bp_status build_morsel_end(sink *self, sink_worker *worker, uint64_t morsel, bool *enough, bp_error *err)
{
    sink *rows = ((join_build *)self)->rows;

    return rows->class->morsel_end(rows, ((build_worker *)worker)->rows, morsel, enough, err);
}

/* finishing ------------------------------------------------------------------------------------------------------------------------- */
static bp_status collect_members(join_build *build, const table *rows, size_t key, bp_error *err)
{
    member_set *set = &build->members[key];
    bp_status status = BP_OK;
    arena scratch;

    arena_init(&scratch, build->base.context->memory);
    for (size_t i = 0; i < table_chunk_count(rows) && !status; i++) {
        arena_reset(&scratch);
        status = cancel_check(&build->base.context->cancel, err);
        if (!status) status = member_set_note(set, &table_chunk(rows, i)->columns[key], &scratch, err);
    }
    if (!status) status = member_set_open(set, &build->arena, err);
    for (size_t i = 0; i < table_chunk_count(rows) && !status; i++) {
        arena_reset(&scratch);
        status = cancel_check(&build->base.context->cancel, err);
        if (!status) status = member_set_add(set, &table_chunk(rows, i)->columns[key], &scratch, err);
    }
    arena_clear(&scratch);
    return status;
}

void join_build_want_members(sink *build, size_t key)
{
    ((join_build *)build)->wants_members[key] = true;
}

const member_set *join_build_members(const sink *build, size_t key)
{
    return ((const join_build *)build)->spill ? NULL : &((const join_build *)build)->members[key];
}

void join_build_allow_spill(sink *build)
{
    ((join_build *)build)->may_spill = true;
}

static bp_status finish_spilled(join_build *build, build_worker **workers, size_t worker_count, bp_error *err)
{
    memory *memory = build->base.context->memory;
    join_parter **parters = memory_allocate_array(memory, worker_count, sizeof *parters);
    bp_status status =
        parters ? spill_held(build, workers[0], 0, err) : error_no_memory(err, memory, worker_count * sizeof *parters);

    for (size_t i = 0; i < worker_count && !status; i++) parters[i] = workers[i]->parter;
    if (!status) status = join_spill_finish(build->spill, parters, worker_count, err);
    memory_free(memory, parters, worker_count * sizeof *parters);
    return status;
}

static bp_status collect_rows(join_build *build, build_worker **workers, size_t worker_count, bp_error *err)
{
    memory *memory = build->base.context->memory;
    sink_worker **inner = memory_allocate_array(memory, worker_count, sizeof *inner);
    bp_status status;

    if (!inner) return error_no_memory(err, memory, worker_count * sizeof *inner);
    for (size_t i = 0; i < worker_count; i++) inner[i] = workers[i]->rows;
    status = build->rows->class->finish(build->rows, inner, worker_count, err);
    memory_free(memory, inner, worker_count * sizeof *inner);
    return status;
}

static bp_status build_finish(sink *self, sink_worker **workers, size_t worker_count, bp_error *err)
{
    join_build *build = (join_build *)self;
    bool marks = join_puts_right_at_end(build->spec.kind);
    const table *rows;
    bp_status status;

    if (build->spill) return finish_spilled(build, (build_worker **)workers, worker_count, err);
    if ((status = collect_rows(build, (build_worker **)workers, worker_count, err))) return status;
    rows = collect_table(build->rows);
    build->row_count = table_row_count(rows);
    build->is_empty = build->row_count == 0;
    if (build->row_count >= UINT32_MAX) return error_set(err, BP_LIMIT, "a join's right side of over %u rows", UINT32_MAX - 1);
    status = join_payload_make(&build->payload, self->context, rows, build->spec.key_count, &build->arena, err);
    if (status) return status;
    if (build->spec.key_count && (status = join_index_keys(build, rows, err))) return status;
    for (size_t key = 0; key < build->spec.key_count; key++)
        if (build->wants_members[key] && (status = collect_members(build, rows, key, err))) return status;
    if (marks) {
        build->matched = arena_allocate_array(&build->arena, bitmap_words(build->row_count), sizeof *build->matched);
        if (!build->matched) return error_no_memory(err, self->context->memory, build->row_count / 8);
    }
    return BP_OK;
}

static void build_spilled(const sink *self, uint64_t *bytes, uint64_t *parts)
{
    const join_spill *spill = ((const join_build *)self)->spill;

    *bytes = spill ? spill_file_size(spill->file) : 0;
    *parts = spill ? (uint64_t)1 << spill->bits : 0;
}

static const sink_class build_class = {
    .name = "JOIN BUILD",
    .free = build_free,
    .worker_new = build_worker_new,
    .worker_free = build_worker_free,
    .consume = build_consume,
    .morsel_end = build_morsel_end,
    .finish = build_finish,
    .spilled = build_spilled,
};

bp_status join_build_new(sink **out, bp_context *context, const join_spec *spec, bp_error *err)
{
    join_build *build = memory_new(context->memory, join_build);
    bp_status status;

    *out = NULL;
    if (!build) return error_no_memory(err, context->memory, sizeof *build);
    build->base = (sink){.class = &build_class, .context = context};
    build->spec = *spec;
    mutex_init(&build->lock);
    arena_init(&build->arena, context->memory);
    build->wants_members = arena_new_array(&build->arena, bool, spec->key_count);
    build->members = arena_new_array(&build->arena, member_set, spec->key_count);
    if (!build->wants_members || !build->members) {
        build_free(&build->base);
        return error_no_memory(err, context->memory, spec->key_count * sizeof *build->members);
    }
    build->by_number = spec->key_count == 1 && !spec->null_safe[0] && join_table_takes(spec->right->types[0]);
    status = spec->key_count > 64 ? error_set(err, BP_LIMIT, "a join over %zu keys; at most 64", spec->key_count) : BP_OK;
    for (size_t i = 0; i < spec->key_count && !status; i++)
        if (!spec->null_safe[i]) build->null_mask |= (uint64_t)1 << i;
    if (!status) status = key_layout_init(&build->keys, spec->right->types, spec->key_count, &build->arena, err);
    if (!status) status = group_table_init(&build->groups, context, &build->keys, err);
    if (!status) status = collect_new(&build->rows, context, spec->right, 0, UINT64_MAX, -1, err);
    if (status) {
        build_free(&build->base);
        return status;
    }
    collect_share_runs(build->rows);
    *out = &build->base;
    return BP_OK;
}

/* right rows at the end: those without a match, or with one ------------------------------------------------------------------------------ */
typedef struct right_rows_scan {
    scan base;
    const join_build *build;
    _Atomic uint64_t next_morsel;
} right_rows_scan;

struct scan_worker {
    bp_context *context;
    size_t next_row, end;
    arena arena;
};

static void right_free(scan *self)
{
    memory_delete(((right_rows_scan *)self)->build->base.context->memory, (right_rows_scan *)self);
}

static bp_status right_worker_new(scan_worker **out, scan *self, bp_error *err)
{
    bp_context *context = ((right_rows_scan *)self)->build->base.context;

    *out = memory_new(context->memory, scan_worker);
    if (!*out) return error_no_memory(err, context->memory, sizeof **out);
    (*out)->context = context;
    arena_init(&(*out)->arena, context->memory);
    return BP_OK;
}

static void right_worker_free(scan_worker *worker)
{
    arena_clear(&worker->arena);
    memory_delete(worker->context->memory, worker);
}

static bp_status right_claim(scan *self, scan_worker *worker, uint64_t *morsel, bool *end, bp_error *err)
{
    right_rows_scan *scan = (right_rows_scan *)self;

    (void)err;
    *morsel = atomic_fetch_add_explicit(&scan->next_morsel, 1, memory_order_relaxed);
    *end = *morsel >= self->morsel_estimate;
    if (*end) return BP_OK;
    worker->next_row = (size_t)*morsel * JOIN_END_MORSEL;
    worker->end =
        worker->next_row + JOIN_END_MORSEL < scan->build->row_count ? worker->next_row + JOIN_END_MORSEL : scan->build->row_count;
    return BP_OK;
}

static bp_status right_next(scan *self, scan_worker *worker, batch *out, bp_error *err)
{
    const join_build *build = ((right_rows_scan *)self)->build;
    join_kind kind = build->spec.kind;
    size_t most = worker->context->config.batch_size, right = build->payload.columns.column_count, count = 0;
    size_t left = join_puts_left(kind) ? build->spec.left->count - build->spec.key_count : 0;
    uint64_t unwanted = kind == JOIN_RIGHT_SEMI ? 0 : 1; /* the mark of rows that are not put out here */
    uint32_t *rows;
    column *columns;
    bp_status status;

    *out = (batch){0};
    arena_reset(&worker->arena);
    rows = arena_new_array(&worker->arena, uint32_t, most);
    columns = arena_new_array(&worker->arena, column, left + right);
    if (!rows || !columns) return error_no_memory(err, worker->context->memory, most * sizeof *rows);
    for (; worker->next_row < worker->end && count < most; worker->next_row++) {
        uint64_t word = atomic_load_explicit(&build->matched[worker->next_row / 64], memory_order_relaxed);
        if ((word >> (worker->next_row % 64) & 1) != unwanted) rows[count++] = (uint32_t)worker->next_row;
    }
    if (count == 0) return BP_OK;
    if ((status = join_payload_gather(columns + left, &build->payload, rows, count, &worker->arena, err))) return status;
    for (size_t i = 0; i < left; i++) columns[i] = column_nulls(build->spec.left->types[build->spec.key_count + i], count);
    *out = (batch){.row_count = count, .column_count = left + right, .columns = columns};
    return BP_OK;
}

static const scan_class right_rows_class = {
    .free = right_free,
    .worker_new = right_worker_new,
    .worker_free = right_worker_free,
    .claim = right_claim,
    .next = right_next,
};

bp_status join_right_make_scan(void *build, scan **out, bp_error *err)
{
    const join_spill *spill = ((join_build *)build)->spill;
    bp_context *context = ((join_build *)build)->base.context;
    right_rows_scan *made;

    if (spill)
        return join_placed_scan_new(out, context, spill->end_types, spill->end_count, spill->at_end, (size_t)1 << spill->bits, err);
    made = memory_new(context->memory, right_rows_scan);
    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->build = build;
    made->base =
        (scan){.class = &right_rows_class, .morsel_estimate = (made->build->row_count + JOIN_END_MORSEL - 1) / JOIN_END_MORSEL};
    *out = &made->base;
    return BP_OK;
}
