/* RECURSIVE: a scan of the base's rows and of those of each round. A round is made when a worker asks for more than there is, so a LIMIT above ends a recursion that
 * would never end by itself. Each chunk of a round is a morsel.
 *
 * Claims come one after the other under a lock, and the worker that needs a round makes it there: the threads of the pool are free then, or the round runs on that
 * worker alone; none of them claims here.
 *
 * UNION without ALL: rows that were there already are dropped from each round, by a table of all rows so far. */
#include "recursive.h"

#include "group_table.h"

typedef struct recursive_scan {
    scan base;
    bp_context *context;
    recursion *recursion;
    step *step;
    mutex lock;
    table *rows; /* of the present round */
    size_t chunk; /* of them: the next to be claimed */
    uint64_t morsel;
    arena arena; /* the keys' layout */
    key_layout layout;
    group_table seen;
    uint64_t seen_rows; /* looked at */
    bool failed;
} recursive_scan;

struct scan_worker {
    recursive_scan *scan;
    table *rows; /* retained */
    size_t chunk, begin;
    arena arena;
};

static void recursive_free(scan *self)
{
    recursive_scan *scan = (recursive_scan *)self;

    recursion_step_free(scan->step);
    table_release(scan->rows);
    if (scan->recursion->distinct) group_table_clear(&scan->seen);
    arena_clear(&scan->arena);
    mutex_clear(&scan->lock);
    memory_delete(scan->context->memory, scan);
}

/* each row once ------------------------------------------------------------------------------------------------------------------------------- */
#define PIECE_ROWS 2048

typedef struct piece {
    char *packed;
    uint64_t hashes[PIECE_ROWS];
    uint32_t groups[PIECE_ROWS];
    uint32_t fresh[PIECE_ROWS];
} piece;

/* The rows of a batch that were not there yet, into `out`. */
static bp_status add_fresh(recursive_scan *scan, const batch *in, piece *piece, arena *arena, table *out, bp_error *err)
{
    size_t known = scan->seen.count, count = 0;
    batch fresh;
    bp_status status;

    if ((status = key_pack(&scan->layout, in->columns, in->row_count, piece->packed, piece->hashes, arena, err)) ||
        (status = group_table_insert(&scan->seen, piece->packed, piece->hashes, in->row_count, scan->seen_rows, NULL, true,
                                     piece->groups, err)))
        return status;
    scan->seen_rows += in->row_count;
    for (size_t i = 0; i < in->row_count; i++)
        if (piece->groups[i] == known + count) piece->fresh[count++] = (uint32_t)i; /* groups are numbered as they appear */
    if (!count) return BP_OK;
    if ((status = batch_gather(&fresh, in, piece->fresh, count, arena, err))) return status;
    return table_append(out, &fresh, err);
}

static bp_status drop_known(recursive_scan *scan, const table *all, table *out, bp_error *err)
{
    memory *memory = scan->context->memory;
    piece *piece = memory_new(memory, struct piece);
    size_t bytes = PIECE_ROWS * scan->layout.width;
    bp_status status = BP_OK;
    arena arena;

    arena_init(&arena, memory);
    if (!piece || !(piece->packed = memory_allocate(memory, bytes))) status = error_no_memory(err, memory, bytes);
    for (size_t i = 0; i < table_chunk_count(all) && !status; i++) {
        const batch *chunk = table_chunk(all, i);
        for (size_t begin = 0; begin < chunk->row_count && !status; begin += PIECE_ROWS) {
            size_t rows = chunk->row_count - begin < PIECE_ROWS ? chunk->row_count - begin : PIECE_ROWS;
            batch part;
            arena_reset(&arena);
            if ((status = cancel_check(&scan->context->cancel, err))) break;
            status = batch_slice(&part, chunk, begin, rows, &arena, err);
            if (!status) status = add_fresh(scan, &part, piece, &arena, out, err);
        }
    }
    if (!status) status = table_finish(out, err);
    arena_clear(&arena);
    if (piece) memory_free(memory, piece->packed, piece->packed ? bytes : 0);
    if (piece) memory_delete(memory, piece);
    return status;
}

/* `rows` is moved in and becomes the present round. */
static bp_status begin_round(recursive_scan *scan, table *rows, bp_error *err)
{
    table *fresh = NULL;
    bp_status status = BP_OK;

    if (scan->recursion->distinct) {
        status = table_new(&fresh, scan->context->memory, scan->recursion->types, err);
        if (!status) status = drop_known(scan, rows, fresh, err);
        table_release(rows);
        if (status) {
            table_release(fresh);
            return status;
        }
        rows = fresh;
    }
    table_release(scan->rows);
    scan->rows = rows;
    scan->chunk = 0;
    return BP_OK;
}

/* the scan -------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status recursive_worker_new(scan_worker **out, scan *self, bp_error *err)
{
    recursive_scan *scan = (recursive_scan *)self;

    *out = memory_new(scan->context->memory, scan_worker);
    if (!*out) return error_no_memory(err, scan->context->memory, sizeof **out);
    (*out)->scan = scan;
    arena_init(&(*out)->arena, scan->context->memory);
    return BP_OK;
}

static void recursive_worker_free(scan_worker *worker)
{
    table_release(worker->rows);
    arena_clear(&worker->arena);
    memory_delete(worker->scan->context->memory, worker);
}

/* Make rounds until there is a chunk to claim, or no row came. */
static bp_status reach_chunk(recursive_scan *scan, bp_error *err)
{
    bp_status status = BP_OK;

    while (!status && scan->chunk == table_chunk_count(scan->rows) && table_row_count(scan->rows)) {
        table *rows;
        if ((status = cancel_check(&scan->context->cancel, err))) break;
        status = recursion_round(scan->step, scan->rows, &rows, err);
        if (!status) status = begin_round(scan, rows, err);
    }
    return status;
}

static bp_status recursive_claim(scan *self, scan_worker *worker, uint64_t *morsel, bool *end, bp_error *err)
{
    recursive_scan *scan = (recursive_scan *)self;
    bp_status status = BP_OK;

    *end = true;
    mutex_lock(&scan->lock);
    *morsel = scan->morsel;
    if (!scan->failed) status = reach_chunk(scan, err);
    scan->failed |= status != BP_OK;
    if (!scan->failed && scan->chunk < table_chunk_count(scan->rows)) {
        *end = false;
        scan->morsel++;
        table_release(worker->rows);
        worker->rows = table_retain(scan->rows);
        worker->chunk = scan->chunk++;
        worker->begin = 0;
    }
    mutex_unlock(&scan->lock);
    return status;
}

static bp_status recursive_next(scan *self, scan_worker *worker, batch *out, bp_error *err)
{
    const batch *chunk = table_chunk(worker->rows, worker->chunk);
    size_t most = ((recursive_scan *)self)->context->config.batch_size, rows = chunk->row_count - worker->begin,
           begin = worker->begin;

    *out = (batch){0};
    if (rows > most) rows = most;
    if (!rows) return BP_OK;
    worker->begin += rows;
    arena_reset(&worker->arena);
    return batch_slice(out, chunk, begin, rows, &worker->arena, err);
}

static const scan_class recursive_class = {
    .free = recursive_free,
    .worker_new = recursive_worker_new,
    .worker_free = recursive_worker_free,
    .claim = recursive_claim,
    .next = recursive_next,
};

bp_status recursion_make_scan(void *data, scan **out, bp_error *err)
{
    recursion *recursion = data;
    bp_context *context = recursion->plan->context;
    recursive_scan *made = memory_new(context->memory, recursive_scan);
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->base = (scan){.class = &recursive_class, .morsel_estimate = 1};
    made->context = context;
    made->recursion = recursion;
    mutex_init(&made->lock);
    arena_init(&made->arena, context->memory);
    status = recursion_step_new(&made->step, recursion, err);
    if (!status && recursion->distinct) {
        status = key_layout_init(&made->layout, recursion->types->types, recursion->types->count, &made->arena, err);
        if (!status) status = group_table_init(&made->seen, context, &made->layout, err);
    }
    if (!status) status = begin_round(made, table_retain(collect_table(recursion->base)), err);
    if (status)
        recursive_free(&made->base);
    else
        *out = &made->base;
    return status;
}
