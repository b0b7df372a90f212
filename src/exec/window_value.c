/* Ranks, and values taken from other rows of the partition or frame.
 *
 * Ranks are written to their rows' places at once. A value function only finds, for each row, the row whose value it takes; the values themselves are
 * gathered when the result is put out. */
#include "window_internal.h"

#include "column/concatenate.h"

/* ranks ------------------------------------------------------------------------------------------------------------------------------ */
typedef struct rank_job {
    const window_work *work;
    void *out; /* int64_t or double, a row's */
} rank_job;

/* Which of n parts of about equal size the i-th of `rows` is in: the first ones have one row more. */
static int64_t tile_of(uint64_t i, uint64_t rows, uint64_t n)
{
    uint64_t small = rows / n, larger = rows % n, boundary = larger * (small + 1);

    return (int64_t)(i < boundary ? i / (small + 1) : larger + (i - boundary) / small) + 1;
}

static bp_status put_tile(const rank_job *job, uint32_t row, size_t i, size_t rows, bp_error *err)
{
    const column *parts = window_child(job->work, 0);
    int64_t count;

    ((int64_t *)job->out)[row] = 0; /* NULL */
    if (column_is_null(parts, row)) return BP_OK;
    count = ((const int64_t *)parts->values)[row];
    if (count <= 0) return error_set(err, BP_OUT_OF_RANGE, "Argument for ntile must be greater than zero");
    ((int64_t *)job->out)[row] = tile_of(i, rows, (uint64_t)count);
    return BP_OK;
}

static size_t peers_end(const uint8_t *begins, size_t place, size_t end)
{
    for (place++; place < end && !(begins[place] & ROW_BEGINS_PEERS); place++) {
    }
    return place;
}

static bp_status rank_partition(const rank_job *job, size_t begin, size_t end, bp_error *err)
{
    const row_order *order = &job->work->sort->order;
    int64_t *numbers = job->out, dense = 0;
    double *parts = job->out, rows = (double)(end - begin);
    bp_status status = BP_OK;

    for (size_t peers = begin, after; peers < end && !status; peers = after) {
        after = peers_end(order->begins, peers, end);
        dense++;
        for (size_t place = peers; place < after && !status; place++) {
            uint32_t row = order->rows[place];
            switch (job->work->spec->call->kind) {
            case WINDOW_ROW_NUMBER: numbers[row] = (int64_t)(place - begin + 1); break;
            case WINDOW_RANK: numbers[row] = (int64_t)(peers - begin + 1); break;
            case WINDOW_DENSE_RANK: numbers[row] = dense; break;
            case WINDOW_PERCENT_RANK: parts[row] = rows > 1 ? (double)(peers - begin) / (rows - 1) : 0; break;
            case WINDOW_CUME_DIST: parts[row] = (double)(after - begin) / rows; break;
            default: status = put_tile(job, row, place - begin, end - begin, err); break;
            }
        }
    }
    return status;
}

static bp_status rank_task(void *data, size_t worker, uint64_t task, bp_error *err)
{
    const rank_job *job = data;
    const window_sort *sort = job->work->sort;
    bp_status status = BP_OK;

    (void)worker;
    for (size_t i = sort->tasks[task]; i < sort->tasks[task + 1] && !status; i++)
        status = rank_partition(job, sort->partitions[i], sort->partitions[i + 1], err);
    return status;
}

/* ntile of NULL has left 0. */
static bp_status note_nulls(column *out, const window_work *work, bp_error *err)
{
    size_t words = bitmap_words(out->length) + 1;
    uint64_t *validity;

    if (work->spec->call->kind != WINDOW_NTILE || !window_child(work, 0)->validity) return BP_OK;
    validity = arena_allocate_zeroed(work->arena, words * 8);
    if (!validity) return error_no_memory(err, work->context->memory, words * 8);
    for (size_t row = 0; row < out->length; row++)
        if (((const int64_t *)out->values)[row]) bitmap_set(validity, row);
    out->validity = validity;
    return BP_OK;
}

bp_status window_rank(window_result *out, const window_work *work, bp_error *err)
{
    rank_job job = {.work = work};
    size_t rows = work->all->row_count;
    bp_status status;

    job.out = arena_allocate_aligned(work->arena, rows * 8 + 8, 64);
    if (!job.out) return error_no_memory(err, work->context->memory, rows * 8);
    if ((status = window_tasks(work, rank_task, &job, err))) return status;
    *out = (window_result){.values = {.type = work->spec->result, .length = rows, .values = job.out}};
    return note_nulls(&out->values, work, err);
}

/* values ----------------------------------------------------------------------------------------------------------------------------- */
typedef struct value_job {
    const window_work *work;
    window_frames frames;
    uint32_t *places; /* the result's */
    bool is_fixed; /* the second argument is this number in all rows */
    int64_t fixed;
} value_job;

/* IGNORE NULLS: the places of the partition that have a value. */
typedef struct value_places {
    uint32_t *places;
    uint32_t *before; /* how many come before a place of the partition, then all of them */
    size_t count;
    size_t begin; /* of the partition */
} value_places;

static bp_status find_values(value_places *out, const window_work *work, size_t begin, size_t end, arena *arena, bp_error *err)
{
    const column *values = window_child(work, 0);
    size_t rows = end - begin;

    *out = (value_places){.begin = begin};
    if (!work->spec->call->ignore_nulls) return BP_OK;
    arena_reset(arena);
    out->places = arena_new_array(arena, uint32_t, rows);
    out->before = arena_new_array(arena, uint32_t, rows + 1);
    if (!out->places || !out->before) return error_no_memory(err, arena->memory, rows * 8);
    for (size_t i = 0; i < rows; i++) {
        out->before[i] = (uint32_t)out->count;
        if (!column_is_null(values, work->sort->order.rows[begin + i])) out->places[out->count++] = (uint32_t)(begin + i);
    }
    out->before[rows] = (uint32_t)out->count;
    return BP_OK;
}

/* How many rows that count a span has, and the place of the i-th of them. */
static size_t span_rows(const value_places *values, window_span span)
{
    if (!values->places) return span.end - span.begin;
    return values->before[span.end - values->begin] - values->before[span.begin - values->begin];
}

static size_t span_place(const value_places *values, window_span span, size_t i)
{
    return values->places ? values->places[values->before[span.begin - values->begin] + i] : span.begin + i;
}

/* lag and lead: the place `distance` rows that count away; false: there is none. */
static bool place_away(const value_places *values, size_t begin, size_t end, size_t place, uint64_t distance, bool forward,
                       size_t *out)
{
    uint64_t before, after;

    *out = place;
    if (distance == 0) return true;
    before = values->places ? values->before[place - begin] : place - begin;
    after = values->places ? values->count - values->before[place + 1 - begin] : end - place - 1;
    if (forward ? distance > after : distance > before) return false;
    if (values->places)
        *out = forward ? values->places[values->before[place + 1 - begin] + distance - 1] : values->places[before - distance];
    else
        *out = forward ? place + (size_t)distance : place - (size_t)distance;
    return true;
}

/* lag(x, -1) is lead(x, 1). *distance SIZE_MAX: NULL. */
static void distance_at(const value_job *job, uint32_t row, uint64_t *distance, bool *forward)
{
    const window_call *call = job->work->spec->call;
    int64_t number = 1;

    *forward = call->kind == WINDOW_LEAD;
    *distance = UINT64_MAX;
    if (job->is_fixed) {
        number = job->fixed;
    } else if (call->own_count > 1) {
        const column *numbers = window_child(job->work, 1);
        if (column_is_null(numbers, row)) return;
        number = ((const int64_t *)numbers->values)[row];
    }
    *forward ^= number < 0;
    *distance = number < 0 ? (uint64_t)0 - (uint64_t)number : (uint64_t)number;
}

static void shift_partition(const value_job *job, const value_places *values, size_t begin, size_t end)
{
    const window_work *work = job->work;
    const uint32_t *rows = work->sort->order.rows;
    bool has_default = work->spec->call->own_count > 2;

    for (size_t place = begin; place < end; place++) {
        uint32_t row = rows[place];
        uint64_t distance;
        bool forward;
        size_t from;
        distance_at(job, row, &distance, &forward);
        if (distance == UINT64_MAX)
            job->places[row] = WINDOW_NO_VALUE;
        else if (place_away(values, begin, end, place, distance, forward, &from))
            job->places[row] = rows[from];
        else
            job->places[row] = has_default ? (uint32_t)work->all->row_count + row : WINDOW_NO_VALUE;
    }
}

/* Which of the frame's rows that count is wanted, from 0; SIZE_MAX: none. */
static size_t wanted_at(const value_job *job, uint32_t row, size_t total)
{
    const column *numbers;
    int64_t number = job->fixed;

    switch (job->work->spec->call->kind) {
    case WINDOW_FIRST_VALUE: return 0;
    case WINDOW_LAST_VALUE: return total ? total - 1 : SIZE_MAX;
    default: break;
    }
    if (!job->is_fixed) {
        numbers = window_child(job->work, 1);
        if (column_is_null(numbers, row)) return SIZE_MAX;
        number = ((const int64_t *)numbers->values)[row];
    }
    return number > 0 ? (size_t)number - 1 : SIZE_MAX;
}

static bp_status pick_partition(const value_job *job, const value_places *values, frame_cursor *cursor, bp_error *err)
{
    const window_work *work = job->work;
    const uint32_t *rows = work->sort->order.rows;
    bp_status status;

    for (size_t place = cursor->begin; place < cursor->end; place++) {
        uint32_t row = rows[place];
        size_t total = 0, wanted;
        if ((status = frame_cursor_at(cursor, place, err))) return status;
        for (size_t i = 0; i < cursor->span_count; i++) total += span_rows(values, cursor->spans[i]);
        wanted = wanted_at(job, row, total);
        job->places[row] = WINDOW_NO_VALUE;
        if (wanted >= total) continue;
        for (size_t i = 0; i < cursor->span_count; i++) {
            size_t here = span_rows(values, cursor->spans[i]);
            if (wanted < here) {
                job->places[row] = rows[span_place(values, cursor->spans[i], wanted)];
                break;
            }
            wanted -= here;
        }
    }
    return BP_OK;
}

static bool is_shift(const window_call *call)
{
    return call->kind == WINDOW_LAG || call->kind == WINDOW_LEAD;
}

static bp_status value_task(void *data, size_t worker, uint64_t task, bp_error *err)
{
    const value_job *job = data;
    const window_work *work = job->work;
    const window_sort *sort = work->sort;
    frame_cursor cursor;
    value_places values;
    arena arena;
    bp_status status = BP_OK;

    (void)worker;
    arena_init(&arena, work->context->memory);
    frame_cursor_init(&cursor, &job->frames);
    for (size_t i = sort->tasks[task]; i < sort->tasks[task + 1] && !status; i++) {
        size_t begin = sort->partitions[i], end = sort->partitions[i + 1];
        if ((status = find_values(&values, work, begin, end, &arena, err))) break;
        if (is_shift(work->spec->call))
            shift_partition(job, &values, begin, end);
        else if (!(status = frame_cursor_enter(&cursor, i, err)))
            status = pick_partition(job, &values, &cursor, err);
    }
    frame_cursor_clear(&cursor);
    arena_clear(&arena);
    return status;
}

/* The argument, and behind it the defaults of lag and lead. */
static bp_status value_column(column *out, const window_work *work, bp_error *err)
{
    const column *parts[2] = {window_child(work, 0)};
    bool has_default = work->spec->call->own_count > 2;

    *out = *parts[0];
    if (!has_default) return BP_OK;
    parts[1] = window_child(work, 2);
    return column_concatenate(out, work->spec->result, parts, 2, work->arena, err);
}

bp_status window_value(window_result *out, const window_work *work, bp_error *err)
{
    value_job job = {.work = work};
    size_t rows = work->all->row_count;
    bp_status status;

    *out = (window_result){0};
    if ((status = value_column(&out->values, work, err))) return status;
    job.places = arena_new_array(work->arena, uint32_t, rows);
    if (!job.places) return error_no_memory(err, work->context->memory, rows * sizeof(uint32_t));
    if (work->spec->call->own_count > 1) job.is_fixed = window_fixed_number(window_child(work, 1), &job.fixed);
    job.frames = (window_frames){.work = work, .frame = work->spec->call->frame};
    if (!is_shift(work->spec->call) && (status = window_frames_init(&job.frames, work, err))) return status;
    status = window_tasks(work, value_task, &job, err);
    if (!is_shift(work->spec->call)) window_frames_clear(&job.frames);
    out->places = job.places;
    return status;
}
