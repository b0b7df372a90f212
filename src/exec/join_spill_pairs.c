/* Pairs of partitions of a join beyond memory: see join_spill.h. A pair is joined as any join is: a table of the right rows, probed page by page. Pairs are
 * independent of each other, so several workers take them. */
#include "join_spill.h"

#define GROWTH 3 /* right rows in memory, copied once while their table is made, take about so many times their bytes in a page */
#define ROW_COST 48 /* … and so many bytes a row for the table */
#define FORCED_ROWS 32 /* with the setting spill=always a pair of more right rows is too large */
#define PARTED_BITS 4 /* a pair that is too large becomes so many (2^) */
#define DEPTH_MOST 4

/* what all pairs share ---------------------------------------------------------------------------------------------------------------------- */
/* What joined rows have without their keys: left columns, right ones, a mark, and the place. */
static bp_status joined_types(data_type **out, size_t *count, const join_spec *spec, bool left, bool right, bool mark, arena *arena,
                              bp_error *err)
{
    size_t keys = spec->key_count, at = 0;
    data_type *types = arena_new_array(arena, data_type, spec->left->count + spec->right->count + 2);

    if (!types) return error_no_memory(err, arena->memory, (spec->left->count + spec->right->count) * sizeof *types);
    for (size_t i = keys; left && i < spec->left->count; i++) types[at++] = spec->left->types[i];
    for (size_t i = keys; right && i < spec->right->count; i++) types[at++] = spec->right->types[i];
    if (mark) types[at++] = type_of(TYPE_BOOLEAN);
    types[at++] = type_of(TYPE_UINT128);
    *out = types;
    *count = at;
    return BP_OK;
}

/* These rows are read after the left side's sink is gone, so all is the build's. */
static bp_status prepare_end(join_spill *spill, const join_spec *spec, bp_error *err)
{
    bp_status status =
        joined_types(&spill->end_types, &spill->end_count, spec, join_puts_left(spec->kind), true, false, &spill->arena, err);

    if (status) return status;
    spill->at_end = memory_allocate_array(spill->context->memory, (size_t)1 << spill->bits, sizeof *spill->at_end);
    return spill->at_end ? BP_OK : error_no_memory(err, spill->context->memory, sizeof *spill->at_end << spill->bits);
}

bp_status join_pairs_init(join_pairs *out, join_spill *spill, const join_spec *spec, const schema *left, spill_file *file,
                          bp_error *err)
{
    bp_context *context = spill->context;
    size_t count = (size_t)1 << spill->bits, workers = parallel_workers(context, count);
    bp_status status;

    *out = (join_pairs){.context = context, .spill = spill, .file = file, .spec = *spec, .left = left, .count = count};
    arena_init(&out->arena, context->memory);
    status = joined_types(&out->out_types, &out->out_count, spec, true, join_puts_right(spec->kind), join_puts_mark(spec->kind),
                          &out->arena, err);
    if (status) return status;
    if (join_puts_right_at_end(spec->kind) && (status = prepare_end(spill, spec, err))) return status;
    out->spec.left = left;
    out->spec.right = &spill->right;
    out->spec.hidden_left = 1;
    out->page_size = sort_merge_page_size(context, count * workers);
    out->budget = memory_available(context->memory) / 4 * 3 / workers;
    out->out = memory_allocate_array(context->memory, count, sizeof *out->out);
    return out->out ? BP_OK : error_no_memory(err, context->memory, count * sizeof *out->out);
}

void join_pairs_clear(join_pairs *pairs)
{
    if (!pairs->context) return;
    for (size_t i = 0; pairs->out && i < pairs->count; i++) spill_run_free(pairs->out[i]);
    memory_free(pairs->context->memory, pairs->out, pairs->out ? pairs->count * sizeof *pairs->out : 0);
    arena_clear(&pairs->arena);
    *pairs = (join_pairs){0};
}

bool join_pairs_fits(const join_pairs *pairs, uint64_t rows, uint64_t bytes)
{
    if (pairs->context->config.spill == SPILL_ALWAYS) return rows <= FORCED_ROWS;
    return bytes * GROWTH + rows * ROW_COST <= pairs->budget;
}

/* a pair in memory ---------------------------------------------------------------------------------------------------------------------------- */
static bp_status feed_build(sink *build, spill_run *right, size_t begin, size_t end, bp_error *err)
{
    sink_worker *worker;
    spill_reader reader;
    bool enough = false;
    bp_status status = build->class->worker_new(&worker, build, err);
    batch page;

    if (status) return status;
    spill_reader_init(&reader, right, begin, end);
    while (!status && !(status = spill_reader_next(&reader, &page, err)) && page.row_count)
        status = build->class->consume(build, worker, 0, &page, &enough, err);
    spill_reader_clear(&reader);
    if (!status) status = build->class->morsel_end(build, worker, 0, &enough, err);
    if (!status) status = build->class->finish(build, &worker, 1, err);
    build->class->worker_free(worker);
    return status;
}

bp_status join_pairs_build(sink **out, join_pairs *pairs, const join_spec *spec, spill_run *right, size_t begin, size_t end,
                           bp_error *err)
{
    bp_status status = join_build_new(out, pairs->context, spec, err);
    join_build *build;

    if (status) return status;
    status = feed_build(*out, right, begin, end, err);
    if (status) {
        sink_free(*out);
        *out = NULL;
        return status;
    }
    build = (join_build *)*out;
    build->has_null_key = atomic_load(&pairs->spill->has_null_key); /* of all partitions */
    build->is_empty = pairs->spill->row_count == 0;
    return BP_OK;
}

bp_status join_prober_init(join_prober *out, join_pairs *pairs, const join_spec *spec, sink *build, bp_error *err)
{
    bp_status status;

    *out = (join_prober){0};
    if ((status = join_probe_new(&out->probe, pairs->context, spec, build, err))) return status;
    return out->probe->class->worker_new(&out->worker, out->probe, err);
}

void join_prober_clear(join_prober *prober)
{
    if (prober->worker) prober->probe->class->worker_free(prober->worker);
    operator_free(prober->probe);
    *prober = (join_prober){0};
}

bp_status join_prober_push(join_prober *prober, const batch *left, join_taker take, void *data, bp_error *err)
{
    operator *probe = prober->probe;
    bp_status status = BP_OK;
    bool more = false;

    do {
        batch out;
        if ((status = cancel_check(&probe->context->cancel, err))) return status;
        status = probe->class->process(probe, prober->worker, left, &out, &more, err);
        if (!status && out.row_count) status = take(data, &out, err);
    } while (!status && more);
    return status;
}

/* Without column `from`, and with it (or its replacement) at the end. */
static bp_status put_with_place(spill_run *run, const batch *rows, size_t from, const column *places, size_t count, bp_error *err)
{
    memory *memory = spill_run_memory(run);
    column *columns = memory_allocate_array(memory, rows->column_count + 1, sizeof *columns);
    size_t at = 0;
    bp_status status;

    if (!columns) return error_no_memory(err, memory, rows->column_count * sizeof *columns);
    for (size_t i = 0; at + 1 < count; i++)
        if (i != from) columns[at++] = rows->columns[i];
    columns[at++] = *places;
    status = join_placed_append(run, &(batch){.row_count = rows->row_count, .column_count = at, .columns = columns}, err);
    memory_free(memory, columns, (rows->column_count + 1) * sizeof *columns);
    return status;
}

/* The left place stands behind the left columns; a right one comes last and is dropped. */
bp_status join_pairs_put(join_pairs *pairs, spill_run *out, const batch *joined, bp_error *err)
{
    size_t place = pairs->left->count - pairs->spec.key_count - 1;

    return put_with_place(out, joined, place, &joined->columns[place], pairs->out_count, err);
}

/* The number of each row among all right rows, as a place in morsels of JOIN_END_MORSEL. */
static bp_status end_places(const join_pairs *pairs, const column *places, size_t rows, column *out, arena *arena, bp_error *err)
{
    uint128 *numbered = arena_new_array(arena, uint128, rows);

    if (!numbered) return error_no_memory(err, arena->memory, rows * sizeof *numbered);
    for (size_t i = 0; i < rows; i++) {
        uint128 place = join_place_of(places, i);
        uint64_t row = pairs->spill->first_rows[join_morsel_of(place)] + (uint64_t)place;
        numbered[i] = (uint128)(row / JOIN_END_MORSEL) << 64 | row % JOIN_END_MORSEL;
    }
    *out = (column){.type = type_of(TYPE_UINT128), .length = rows, .values = numbered};
    return BP_OK;
}

static bp_status put_end_rows(join_pairs *pairs, scan *scan, scan_worker *worker, spill_run *at_end, arena *scratch, bp_error *err)
{
    size_t left_place = join_puts_left(pairs->spec.kind) ? pairs->left->count - pairs->spec.key_count - 1 : SIZE_MAX;
    bp_status status;
    column places;
    batch rows;

    while (!(status = scan->class->next(scan, worker, &rows, err)) && rows.row_count) {
        arena_reset(scratch);
        if ((status = cancel_check(&pairs->context->cancel, err))) return status;
        if ((status = end_places(pairs, &rows.columns[rows.column_count - 1], rows.row_count, &places, scratch, err)))
            return status;
        if ((status = put_with_place(at_end, &rows, left_place, &places, pairs->spill->end_count, err))) return status;
    }
    return status;
}

bp_status join_pairs_put_at_end(join_pairs *pairs, sink *build, spill_run *at_end, bp_error *err)
{
    scan *scan = NULL;
    scan_worker *worker = NULL;
    bool end = false;
    uint64_t morsel;
    bp_status status;
    arena scratch;

    arena_init(&scratch, pairs->context->memory);
    if ((status = join_right_make_scan(build, &scan, err))) goto done;
    if ((status = scan->class->worker_new(&worker, scan, err))) goto done;
    while (!(status = scan->class->claim(scan, worker, &morsel, &end, err)) && !end)
        if ((status = put_end_rows(pairs, scan, worker, at_end, &scratch, err))) break;
done:
    if (worker) scan->class->worker_free(worker);
    scan_free(scan);
    arena_clear(&scratch);
    return status;
}

typedef struct put_data {
    join_pairs *pairs;
    spill_run *out;
} put_data;

static bp_status put_joined(void *data, const batch *joined, bp_error *err)
{
    put_data *put = data;

    return join_pairs_put(put->pairs, put->out, joined, err);
}

static bp_status join_whole(join_pairs *pairs, const join_part *part, bp_error *err)
{
    put_data put = {pairs, part->out};
    join_prober prober = {0};
    spill_reader reader = {0};
    sink *build = NULL;
    batch page;
    bp_status status = join_pairs_build(&build, pairs, &pairs->spec, part->right, 0, spill_run_pages(part->right), err);

    if (status) goto done;
    if ((status = join_prober_init(&prober, pairs, &pairs->spec, build, err))) goto done;
    spill_reader_init(&reader, part->left, 0, spill_run_pages(part->left));
    while (!status && !(status = spill_reader_next(&reader, &page, err)) && page.row_count)
        status = join_prober_push(&prober, &page, put_joined, &put, err);
    if (!status && part->at_end) status = join_pairs_put_at_end(pairs, build, part->at_end, err);
done:
    spill_reader_clear(&reader);
    join_prober_clear(&prober);
    sink_free(build);
    return status;
}

/* pairs that are too large -------------------------------------------------------------------------------------------------------------------- */
static bp_status join_part_of(join_pairs *pairs, const join_part *part, unsigned shift, size_t depth, bp_error *err);

/* What becomes of a pair that was parted again. */
typedef struct subparts {
    spill_partitions left, right;
    spill_run *out[1 << PARTED_BITS], *at_end[1 << PARTED_BITS];
} subparts;

static void subparts_clear(subparts *parts)
{
    for (size_t i = 0; i < 1 << PARTED_BITS; i++) {
        spill_run_free(parts->out[i]);
        spill_run_free(parts->at_end[i]);
    }
    spill_partitions_clear(&parts->left);
    spill_partitions_clear(&parts->right);
}

static bp_status part_run(join_pairs *pairs, spill_partitions *out, spill_run *run, const schema *types, unsigned shift,
                          bp_error *err)
{
    join_parter parter;
    bp_status status = join_parter_init(&parter, pairs->spill, pairs->file, types, PARTED_BITS, shift, err);

    if (!status) status = join_parter_append_run(&parter, run, err);
    if (!status) {
        *out = parter.parts;
        parter.parts = (spill_partitions){0};
    }
    join_parter_clear(&parter);
    return status;
}

static bp_status new_run(spill_run **out, const join_pairs *pairs, bool at_end, bp_error *err)
{
    return spill_run_new(out, at_end ? pairs->spill->file : pairs->file, at_end ? pairs->spill->end_types : pairs->out_types,
                         at_end ? pairs->spill->end_count : pairs->out_count, pairs->page_size, err);
}

static bp_status merge_out(join_pairs *pairs, spill_run *into, spill_run **runs, size_t count, bool at_end, bp_error *err)
{
    schema schema = {.count = (at_end ? pairs->spill->end_count : pairs->out_count) - 1,
                     .types = at_end ? pairs->spill->end_types : pairs->out_types};

    return join_placed_merge(into, pairs->context, &schema, runs, count, err);
}

/* As many pairs as the bits of the hash below `shift` say; all that comes of them is one run again. */
static bp_status part_again(join_pairs *pairs, const join_part *part, unsigned shift, size_t depth, bp_error *err)
{
    subparts *parts = memory_new(pairs->context->memory, subparts);
    size_t count = (size_t)1 << PARTED_BITS;
    bp_status status;

    if (!parts) return error_no_memory(err, pairs->context->memory, sizeof *parts);
    status = part_run(pairs, &parts->right, part->right, &pairs->spill->right, shift, err);
    if (!status) status = part_run(pairs, &parts->left, part->left, pairs->left, shift, err);
    for (size_t i = 0; i < count && !status; i++) {
        join_part sub = {.left = parts->left.runs[i], .right = parts->right.runs[i]};
        bool in_vain = spill_run_rows(sub.right) == spill_run_rows(part->right);
        status = new_run(&parts->out[i], pairs, false, err);
        if (!status && part->at_end) status = new_run(&parts->at_end[i], pairs, true, err);
        sub.out = parts->out[i];
        sub.at_end = parts->at_end[i];
        if (!status) status = join_part_of(pairs, &sub, shift - PARTED_BITS, in_vain ? DEPTH_MOST : depth + 1, err);
    }
    if (!status) status = merge_out(pairs, part->out, parts->out, count, false, err);
    if (!status && part->at_end) status = merge_out(pairs, part->at_end, parts->at_end, count, true, err);
    subparts_clear(parts);
    memory_delete(pairs->context->memory, parts);
    return status;
}

/* Whether a pair without right rows, or without left ones, may put out any. */
static bool is_fruitless(const join_pairs *pairs, const join_part *part)
{
    join_kind kind = pairs->spec.kind;

    if (spill_run_rows(part->left) == 0) return !part->at_end || spill_run_rows(part->right) == 0;
    if (spill_run_rows(part->right)) return false;
    return kind == JOIN_INNER || kind == JOIN_SEMI || kind == JOIN_RIGHT || kind == JOIN_RIGHT_SEMI || kind == JOIN_RIGHT_ANTI;
}

/* Calls itself by way of part_again(), DEPTH_MOST deep at most. */
static bp_status join_part_of(join_pairs *pairs, const join_part *part, unsigned shift, size_t depth, bp_error *err)
{
    uint64_t rows = spill_run_rows(part->right), bytes = spill_run_bytes(part->right);
    bp_status status;

    if (is_fruitless(pairs, part))
        status = BP_OK;
    else if (join_pairs_fits(pairs, rows, bytes))
        status = join_whole(pairs, part, err);
    else if (pairs->spec.key_count && depth < DEPTH_MOST)
        status = part_again(pairs, part, shift, depth, err);
    else
        status = join_pairs_in_chunks(pairs, part, err);
    if (!status) status = spill_run_finish(part->out, err);
    return status || !part->at_end ? status : spill_run_finish(part->at_end, err);
}

/* all pairs ------------------------------------------------------------------------------------------------------------------------------------ */
typedef struct pairs_job {
    join_pairs *pairs;
    const spill_partitions *left;
} pairs_job;

static bp_status run_pair(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    pairs_job *job = data;
    join_pairs *pairs = job->pairs;
    join_spill *spill = pairs->spill;
    join_part part = {.left = job->left->runs[piece], .right = spill->parts.runs[piece]};
    bp_status status = new_run(&pairs->out[piece], pairs, false, err);

    (void)worker;
    if (!status && spill->at_end) status = new_run(&spill->at_end[piece], pairs, true, err);
    if (status) return status;
    part.out = pairs->out[piece];
    part.at_end = spill->at_end ? spill->at_end[piece] : NULL;
    return join_part_of(pairs, &part, JOIN_SPILL_SHIFT - spill->bits, 0, err);
}

bp_status join_pairs_run(join_pairs *pairs, const spill_partitions *left, bp_error *err)
{
    pairs_job job = {pairs, left};

    return parallel_for(pairs->context, pairs->count, run_pair, &job, err);
}
