/* The probe side of a hash join: each left row finds its partners.
 *
 * For a batch the keys are looked up at once. Then candidates are listed, pairs of (left row, right row), in left order and, for one left row, in right
 * order; where an outcome hangs on "no partner passed", the row's candidates are closed by a marker (right = NONE). The residual condition is tried on
 * the candidates, and one pass over the list decides what is put out. A list is cut at CANDIDATES and goes on in the next call. */
#include "join_spill.h"

#define CANDIDATES 4096
#define NONE JOIN_NO_GROUP

typedef struct join_probe {
    operator base;
    join_spec spec;
    join_build *build; /* borrowed: its pipeline has run before this one */
} join_probe;

struct operator_worker {
    bp_context *context;
    arena arena;       /* of the batch put out */
    arena keys;        /* of the input batch: packed keys, groups */
    evaluator *residual;
    uint32_t *groups;  /* of each left row, or with unique keys its partner; NONE: no partner. NULL: CROSS */
    bool *key_nulls;   /* MARK: the key holds a NULL */
    size_t row;        /* next left row to list */
    size_t match;      /* and its next partner */
    bool row_matched;  /* a partner of the row before the cut passed */
    uint32_t left[CANDIDATES], right[CANDIDATES];
    uint64_t passed[CANDIDATES / 64];
};

static void probe_free(operator *self)
{
    memory_delete(self->context->memory, (join_probe *)self);
}

static void probe_worker_free(operator_worker *worker)
{
    evaluator_free(worker->residual);
    arena_clear(&worker->arena);
    arena_clear(&worker->keys);
    memory_delete(worker->context->memory, worker);
}

static bp_status probe_worker_new(operator_worker **out, operator *self, bp_error *err)
{
    const join_probe *probe = (const join_probe *)self;
    operator_worker *worker = memory_new(self->context->memory, operator_worker);
    bp_status status = BP_OK;

    *out = NULL;
    if (!worker) return error_no_memory(err, self->context->memory, sizeof *worker);
    worker->context = self->context;
    arena_init(&worker->arena, self->context->memory);
    arena_init(&worker->keys, self->context->memory);
    if (probe->spec.residual)
        status = evaluator_new(&worker->residual, self->context, probe->spec.pool, &probe->spec.residual, 1, err);
    if (status)
        probe_worker_free(worker);
    else
        *out = worker;
    return status;
}

/* looking up -------------------------------------------------------------------------------------------------------------------------- */
static bp_status look_up_number(const join_build *build, operator_worker *worker, const batch *in, bp_error *err)
{
    uint64_t *numbers = arena_allocate(&worker->keys, in->row_count * sizeof *numbers);
    column flat;
    bp_status status;

    if (!numbers) return error_no_memory(err, worker->context->memory, in->row_count * sizeof *numbers);
    if ((status = column_flatten(&flat, &in->columns[0], &worker->keys, err))) return status;
    flat.length = in->row_count; /* a constant's may be any */
    member_numbers(&flat, numbers);
    join_table_find(&build->numbers, &flat, numbers, worker->groups);
    for (size_t i = 0; i < in->row_count && flat.validity; i++) worker->key_nulls[i] = column_is_null(&flat, i);
    return BP_OK;
}

static bp_status look_up_packed(const join_build *build, operator_worker *worker, const batch *in, bp_error *err)
{
    size_t rows = in->row_count, width = build->keys.width;
    char *packed = arena_allocate_aligned(&worker->keys, rows * width, 64);
    uint64_t *hashes = arena_new_array(&worker->keys, uint64_t, rows);
    bp_status status;

    if (!packed || !hashes) return error_no_memory(err, worker->context->memory, rows * width);
    if ((status = key_pack(&build->keys, in->columns, rows, packed, hashes, &worker->keys, err))) return status;
    group_table_find(&build->groups, packed, hashes, rows, worker->groups);
    for (size_t i = 0; i < rows && build->null_mask; i++) {
        worker->key_nulls[i] = join_key_is_null(build, packed + i * width);
        if (worker->key_nulls[i]) worker->groups[i] = NONE;
    }
    return BP_OK;
}

static bp_status look_up(const join_probe *probe, operator_worker *worker, const batch *in, bp_error *err)
{
    const join_build *build = probe->build;
    size_t rows = in->row_count;
    bp_status status;

    worker->row = worker->match = 0;
    worker->row_matched = false;
    worker->groups = NULL;
    if (probe->spec.key_count == 0) return BP_OK;
    arena_reset(&worker->keys);
    worker->groups = arena_allocate(&worker->keys, rows * sizeof *worker->groups);
    worker->key_nulls = arena_new_array(&worker->keys, bool, rows);
    if (!worker->groups || !worker->key_nulls) return error_no_memory(err, worker->context->memory, rows * sizeof *worker->groups);
    status = build->by_number ? look_up_number(build, worker, in, err) : look_up_packed(build, worker, in, err);
    for (size_t i = 0; i < rows && !status && !build->starts && build->order; i++)
        if (worker->groups[i] != NONE) worker->groups[i] = build->order[worker->groups[i]];
    return status;
}

/* The partners of a left row: how many, and the n-th. */
static inline size_t partner_count(const join_build *build, const operator_worker *worker, size_t row)
{
    uint32_t group;

    if (!worker->groups) return build->row_count;
    group = worker->groups[row];
    if (group == NONE) return 0;
    return build->starts ? build->starts[group + 1] - build->starts[group] : 1;
}

static inline uint32_t partner_at(const join_build *build, const operator_worker *worker, size_t row, size_t index)
{
    uint32_t group;

    if (!worker->groups) return (uint32_t)index;
    group = worker->groups[row];
    return build->starts ? build->order[build->starts[group] + index] : group;
}

/* listing ----------------------------------------------------------------------------------------------------------------------------- */
static bool wants_markers(join_kind kind)
{
    return kind == JOIN_LEFT || kind == JOIN_FULL || kind == JOIN_SINGLE || kind == JOIN_SEMI || kind == JOIN_ANTI ||
           kind == JOIN_EXISTS;
}

/* With unique keys and nothing to ask of a pair, left rows that have a partner are put out with it: the lists are the answer. */
static bool has_plain_pairs(const join_probe *probe)
{
    const join_build *build = probe->build;

    return probe->spec.kind == JOIN_INNER && probe->spec.key_count && !build->starts && !probe->spec.residual;
}

static size_t list_partners(operator_worker *worker, size_t rows)
{
    size_t begin = worker->row, end = rows - begin < CANDIDATES ? rows : begin + CANDIDATES, count = 0;

    for (size_t row = begin; row < end; row++) {
        uint32_t partner = worker->groups[row];
        worker->left[count] = (uint32_t)row;
        worker->right[count] = partner;
        count += partner != NONE;
    }
    worker->row = end;
    return count;
}

/* Fill the lists from where the last call stopped; returns their length. */
static size_t list_candidates(const join_probe *probe, operator_worker *worker, size_t rows)
{
    bool markers = wants_markers(probe->spec.kind);
    bool one_is_enough = !probe->spec.residual && !join_puts_right(probe->spec.kind);
    size_t count = 0;

    for (; worker->row < rows; worker->row++, worker->match = 0) {
        size_t partners = partner_count(probe->build, worker, worker->row);
        if (one_is_enough && partners > 1) partners = 1;
        for (; worker->match < partners && count < CANDIDATES; worker->match++, count++) {
            worker->left[count] = (uint32_t)worker->row;
            worker->right[count] = partner_at(probe->build, worker, worker->row, worker->match);
        }
        if (worker->match < partners || (markers && count == CANDIDATES)) break;
        if (markers) {
            worker->left[count] = (uint32_t)worker->row;
            worker->right[count++] = NONE;
        }
    }
    return count;
}

/* Whether rising rows are all rows, each once. */
static bool is_whole(const uint32_t *selection, size_t count, size_t rows)
{
    for (size_t i = 0; i < count && count == rows; i++)
        if (selection[i] != i) return false;
    return count == rows;
}

/* The right columns are NULL where there is no partner. */
static bp_status blank_partners(column *columns, size_t column_count, const uint32_t *right, size_t count, arena *arena,
                                bp_error *err)
{
    for (size_t i = 0; i < column_count; i++) {
        uint64_t *validity = arena_new_array(arena, uint64_t, bitmap_words(count));
        if (!validity) return error_no_memory(err, arena->memory, count / 8);
        for (size_t row = 0; row < count; row++)
            if (right[row] != NONE && !column_is_null(&columns[i], row)) bitmap_set(validity, row);
        columns[i].validity = validity;
    }
    return BP_OK;
}

/* Gather (left, right) pairs into a batch of left columns, then right columns, without keys; NONE gives NULLs. */
static bp_status gather_pairs(const join_probe *probe, const batch *in, const uint32_t *left, const uint32_t *right, size_t count,
                              batch *out, arena *arena, bp_error *err)
{
    const join_build *build = probe->build;
    size_t keys = probe->spec.key_count, left_count = in->column_count - keys, right_count = build->payload.columns.column_count,
           nulls = 0;
    column *columns = arena_new_array(arena, column, left_count + right_count);
    uint32_t *safe = arena_new_array(arena, uint32_t, count);
    bool whole;
    bp_status status;

    if (!columns || !safe) return error_no_memory(err, arena->memory, count * sizeof *safe);
    whole = is_whole(left, count, in->row_count);
    for (size_t i = 0; i < left_count; i++) {
        if (whole)
            columns[i] = in->columns[keys + i];
        else if ((status = column_gather(&columns[i], &in->columns[keys + i], left, count, arena, err)))
            return status;
    }
    for (size_t i = 0; i < count; i++) {
        nulls += right[i] == NONE;
        safe[i] = right[i] == NONE ? 0 : right[i];
    }
    if (build->row_count == 0) {
        for (size_t i = 0; i < right_count; i++)
            columns[left_count + i] = column_nulls(build->payload.columns.columns[i].type, count);
    } else {
        status = join_payload_gather(columns + left_count, &build->payload, safe, count, arena, err);
        if (!status && nulls) status = blank_partners(columns + left_count, right_count, right, count, arena, err);
        if (status) return status;
    }
    *out = (batch){.row_count = count, .column_count = left_count + right_count, .columns = columns};
    return BP_OK;
}

/* Without the last `hidden` of the first `left` columns. */
static void hide_columns(batch *pairs, size_t left, size_t hidden)
{
    if (hidden == 0) return;
    memmove(&pairs->columns[left - hidden], &pairs->columns[left], (pairs->column_count - left) * sizeof *pairs->columns);
    pairs->column_count -= hidden;
}

/* passed bit i = candidate i meets the residual (markers do not count). */
static bp_status try_residual(const join_probe *probe, operator_worker *worker, const batch *in, size_t count, bp_error *err)
{
    const uint32_t *selection;
    uint32_t *left, *right, *place;
    size_t real = 0, selected;
    batch pairs;
    bp_status status;

    memset(worker->passed, 0, sizeof worker->passed);
    left = arena_new_array(&worker->arena, uint32_t, count);
    right = arena_new_array(&worker->arena, uint32_t, count);
    place = arena_new_array(&worker->arena, uint32_t, count);
    if (!left || !right || !place) return error_no_memory(err, worker->context->memory, count * 12);
    for (size_t i = 0; i < count; i++) {
        if (worker->right[i] == NONE) continue;
        left[real] = worker->left[i];
        right[real] = worker->right[i];
        place[real++] = (uint32_t)i;
    }
    if (real == 0) return BP_OK;
    if ((status = gather_pairs(probe, in, left, right, real, &pairs, &worker->arena, err))) return status;
    hide_columns(&pairs, in->column_count - probe->spec.key_count, probe->spec.hidden_left);
    if ((status = evaluator_filter(worker->residual, &pairs, &selection, &selected, err))) return status;
    for (size_t i = 0; i < selected; i++) bitmap_set(worker->passed, place[selection ? selection[i] : i]);
    return BP_OK;
}

/* deciding ---------------------------------------------------------------------------------------------------------------------------- */
static void mark_build_row(join_build *build, uint32_t row)
{
    uint64_t bit = (uint64_t)1 << (row % 64);

    if (!(atomic_load_explicit(&build->matched[row / 64], memory_order_relaxed) & bit))
        atomic_fetch_or_explicit(&build->matched[row / 64], bit, memory_order_relaxed);
}

/* Keep, in place, the pairs to be put out; returns how many. */
static size_t decide(const join_probe *probe, operator_worker *worker, size_t count, bool *too_many)
{
    join_kind kind = probe->spec.kind;
    bool existence = !join_puts_right(kind), outer = kind == JOIN_LEFT || kind == JOIN_FULL || kind == JOIN_SINGLE;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t left = worker->left[i], right = worker->right[i];
        bool keep;
        if (right == NONE) {
            keep = kind == JOIN_EXISTS || (kind == JOIN_SEMI) == worker->row_matched;
            if (kind == JOIN_EXISTS)
                bitmap_put(worker->passed, kept, worker->row_matched); /* of this one, no candidate is left to ask */
            worker->row_matched = false;
        } else {
            keep = !probe->spec.residual || bitmap_get(worker->passed, i);
            if (keep && kind == JOIN_SINGLE && worker->row_matched) *too_many = true;
            if (keep && probe->build->matched) mark_build_row(probe->build, right);
            keep = keep && join_puts_left(kind);
            worker->row_matched |= keep && (existence || outer);
            keep = keep && !existence;
        }
        worker->left[kept] = left;
        worker->right[kept] = right;
        kept += keep;
    }
    return kept;
}

/* MARK: all left columns and whether the key is among the right ones: true, false, or NULL as IN has it. */
static bp_status put_marks(const join_probe *probe, operator_worker *worker, const batch *in, batch *out, bp_error *err)
{
    const join_build *build = probe->build;
    size_t keys = probe->spec.key_count, left = in->column_count - keys, rows = in->row_count;
    column *columns = arena_new_array(&worker->arena, column, left + 1);
    uint64_t *values = arena_new_array(&worker->arena, uint64_t, bitmap_words(rows));
    uint64_t *validity = arena_new_array(&worker->arena, uint64_t, bitmap_words(rows));

    if (!columns || !values || !validity) return error_no_memory(err, worker->context->memory, rows);
    for (size_t i = 0; i < rows; i++) {
        bool found = partner_count(build, worker, i) > 0, unsure = build->has_null_key || (worker->groups && worker->key_nulls[i]);
        if (found) bitmap_set(values, i);
        if (found || build->is_empty || !unsure) bitmap_set(validity, i);
    }
    if (left) memcpy(columns, in->columns + keys, left * sizeof *columns);
    columns[left] = (column){.type = type_of(TYPE_BOOLEAN), .length = rows, .values = values, .validity = validity};
    *out = (batch){.row_count = rows, .column_count = left + 1, .columns = columns};
    return BP_OK;
}

static bp_status put_left_rows(const join_probe *probe, operator_worker *worker, const batch *in, size_t count, batch *out,
                               bp_error *err)
{
    size_t keys = probe->spec.key_count;
    batch left = {.row_count = in->row_count, .column_count = in->column_count - keys, .columns = in->columns + keys};

    return batch_gather(out, &left, worker->left, count, &worker->arena, err);
}

/* EXISTS: the left rows whose candidates have all been seen, and whether one matched. */
static bp_status put_existence(const join_probe *probe, operator_worker *worker, const batch *in, size_t count, batch *out,
                               bp_error *err)
{
    column *columns;
    uint64_t *values = arena_new_array(&worker->arena, uint64_t, bitmap_words(count));
    bp_status status = put_left_rows(probe, worker, in, count, out, err);

    if (status) return status;
    columns = arena_new_array(&worker->arena, column, out->column_count + 1);
    if (!columns || !values) return error_no_memory(err, worker->context->memory, count / 8);
    memcpy(values, worker->passed, bitmap_words(count) * 8);
    if (out->column_count) memcpy(columns, out->columns, out->column_count * sizeof *columns);
    columns[out->column_count++] = (column){.type = type_of(TYPE_BOOLEAN), .length = count, .values = values};
    out->columns = columns;
    return BP_OK;
}

static bp_status probe_process(operator *self, operator_worker *worker, const batch *in, batch *out, bool *more, bp_error *err)
{
    const join_probe *probe = (const join_probe *)self;
    join_kind kind = probe->spec.kind;
    bool too_many = false;
    size_t count;
    bp_status status;

    *out = (batch){0};
    if (!*more && (status = look_up(probe, worker, in, err))) return status;
    arena_reset(&worker->arena);
    if (kind == JOIN_MARK) {
        *more = false;
        return put_marks(probe, worker, in, out, err);
    }
    if (has_plain_pairs(probe)) {
        count = list_partners(worker, in->row_count);
        *more = worker->row < in->row_count;
        return count ? gather_pairs(probe, in, worker->left, worker->right, count, out, &worker->arena, err) : BP_OK;
    }
    count = list_candidates(probe, worker, in->row_count);
    *more = worker->row < in->row_count;
    if (probe->spec.residual && count && (status = try_residual(probe, worker, in, count, err))) return status;
    count = decide(probe, worker, count, &too_many);
    if (too_many) return error_set(err, BP_OUT_OF_RANGE, "a scalar subquery gave more than one row; add LIMIT 1 or an aggregate");
    if (count == 0) return BP_OK;
    if (kind == JOIN_EXISTS) return put_existence(probe, worker, in, count, out, err);
    if (!join_puts_right(kind)) return put_left_rows(probe, worker, in, count, out, err);
    return gather_pairs(probe, in, worker->left, worker->right, count, out, &worker->arena, err);
}

/* With the right side in temporary files the left one goes there as well. */
static bp_status probe_detour(sink **out, operator *self, scan_maker *make_scan, bp_error *err)
{
    const join_probe *probe = (const join_probe *)self;

    *out = NULL;
    *make_scan = join_spill_probe_make_scan;
    return probe->build->spill ? join_spill_probe_new(out, self->context, &probe->spec, probe->build, err) : BP_OK;
}

static const operator_class probe_class = {
    .name = "JOIN",
    .free = probe_free,
    .worker_new = probe_worker_new,
    .worker_free = probe_worker_free,
    .process = probe_process,
    .detour = probe_detour,
};

bp_status join_probe_new(operator **out, bp_context *context, const join_spec *spec, sink *build, bp_error *err)
{
    join_probe *probe = memory_new(context->memory, join_probe);

    *out = NULL;
    if (!probe) return error_no_memory(err, context->memory, sizeof *probe);
    probe->base = (operator){.class = &probe_class, .context = context};
    probe->spec = *spec;
    probe->build = (join_build *)build;
    *out = &probe->base;
    return BP_OK;
}
