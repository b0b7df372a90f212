/* Which rows a frame has: for each place a span of places, of which EXCLUDE may leave up to three parts.
 *
 * RANGE with an offset compares the ORDER BY key with a value that was computed per row (key - offset, key + offset): both as sort keys' bytes, so one
 * memcmp tells. The search for a bound begins where the last one was found, since bounds rise with their rows nearly always, and doubles its steps. Rows
 * whose key is NULL are no matter of offsets: their frame has their peers at that side. */
#include "order_key.h"
#include "window_internal.h"

bool window_frame_is_whole(const window_call *call)
{
    const window_frame *frame = &call->frame;
    bool all_peers = call->key_count == 0 && frame->unit != WINDOW_ROWS;

    if (frame->exclusion != WINDOW_EXCLUDE_NOTHING) return false;
    return (frame->start == WINDOW_UNBOUNDED_PRECEDING || (all_peers && frame->start == WINDOW_CURRENT_ROW)) &&
           (frame->end == WINDOW_UNBOUNDED_FOLLOWING || (all_peers && frame->end == WINDOW_CURRENT_ROW));
}

bool window_frame_is_running(const window_call *call)
{
    const window_frame *frame = &call->frame;

    return frame->exclusion == WINDOW_EXCLUDE_NOTHING && frame->start == WINDOW_UNBOUNDED_PRECEDING &&
           frame->end == WINDOW_CURRENT_ROW;
}

bool window_fixed_number(const column *numbers, int64_t *out)
{
    const int64_t *values = numbers->values;

    if (numbers->validity || numbers->length == 0) return false;
    for (size_t row = 1; row < numbers->length; row++)
        if (values[row] != values[0]) return false;
    *out = values[0];
    return true;
}

/* keys of RANGE ------------------------------------------------------------------------------------------------------------------------ */
typedef struct encode_job {
    const window_work *work;
    sort_layout layout;
    sort_spec spec;
    char *bytes;
} encode_job;

#define PIECE_ROWS 65536

static bp_status encode_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    encode_job *job = data;
    size_t begin = (size_t)piece * PIECE_ROWS, left = job->work->all->row_count - begin;
    batch part;
    arena scratch;
    bp_status status;

    (void)worker;
    arena_init(&scratch, job->work->context->memory);
    status = batch_slice(&part, job->work->all, begin, left < PIECE_ROWS ? left : PIECE_ROWS, &scratch, err);
    if (!status) status = sort_encode(&job->layout, &part, job->bytes + begin * job->layout.width, &scratch, err);
    arena_clear(&scratch);
    return status;
}

/* A column of the input as bytes that memcmp orders as the sort does. */
static bp_status encode_column(char **out, range_bound *range, const window_work *work, uint32_t column, bp_error *err)
{
    const sort_key *key = &work->spec->call->keys[0];
    encode_job job = {.work = work, .spec = {.column = column, .descending = key->descending}};
    memory *memory = work->context->memory;
    size_t rows = work->all->row_count;
    bool nullable = false;
    arena arena;
    bp_status status;

    arena_init(&arena, memory);
    if ((status = sort_layout_init(&job.layout, work->schema, &job.spec, 1, &nullable, &arena, err))) goto done;
    range->width = job.layout.width;
    *out = job.bytes = memory_allocate(memory, rows * range->width);
    if (!job.bytes) {
        status = error_no_memory(err, memory, rows * range->width);
        goto done;
    }
    status = parallel_for(work->context, (rows + PIECE_ROWS - 1) / PIECE_ROWS, encode_piece, &job, err);
done:
    arena_clear(&arena);
    return status;
}

static bp_status init_bound(window_frames *frames, size_t side, uint8_t bound, size_t child, bp_error *err)
{
    const window_work *work = frames->work;
    range_bound *range = &frames->ranges[side];
    bp_status status;

    if (window_bound_children(work->spec->call, bound) == 0) return BP_OK;
    if (frames->frame.unit != WINDOW_RANGE) {
        frames->offsets[side] = window_child(work, child);
        if (!window_fixed_number(frames->offsets[side], &frames->fixed[side])) frames->fixed[side] = -1;
        return BP_OK;
    }
    range->valid_keys = window_child(work, child)->validity;
    range->valid_values = window_child(work, child + 1)->validity;
    if ((status = encode_column(&range->keys, range, work, work->spec->columns[child], err))) return status;
    return encode_column(&range->values, range, work, work->spec->columns[child + 1], err);
}

bp_status window_frames_init(window_frames *frames, const window_work *work, bp_error *err)
{
    const window_call *call = work->spec->call;
    bp_status status;

    *frames = (window_frames){.work = work, .frame = call->frame};
    status = init_bound(frames, 0, call->frame.start, window_start_at(call), err);
    if (!status) status = init_bound(frames, 1, call->frame.end, window_end_at(call), err);
    if (status) window_frames_clear(frames);
    return status;
}

void window_frames_clear(window_frames *frames)
{
    for (size_t side = 0; frames->work && side < 2; side++) {
        range_bound *range = &frames->ranges[side];
        size_t size = frames->work->all->row_count * range->width;
        memory_free(frames->work->context->memory, range->keys, size);
        memory_free(frames->work->context->memory, range->values, size);
        *range = (range_bound){0};
    }
}

/* a partition -------------------------------------------------------------------------------------------------------------------------- */
void frame_cursor_init(frame_cursor *cursor, const window_frames *frames)
{
    *cursor = (frame_cursor){.frames = frames};
    arena_init(&cursor->arena, frames->work->context->memory);
}

void frame_cursor_clear(frame_cursor *cursor)
{
    arena_clear(&cursor->arena);
}

static bp_status note_groups(frame_cursor *cursor, bp_error *err)
{
    const uint8_t *begins = cursor->frames->work->sort->order.begins;
    size_t count = 0;

    for (size_t place = cursor->begin; place < cursor->end; place++) count += (begins[place] & ROW_BEGINS_PEERS) != 0;
    arena_reset(&cursor->arena);
    cursor->groups = arena_new_array(&cursor->arena, uint32_t, count + 1);
    if (!cursor->groups) return error_no_memory(err, cursor->arena.memory, count * sizeof(uint32_t));
    cursor->group_count = 0;
    for (size_t place = cursor->begin; place < cursor->end; place++)
        if (begins[place] & ROW_BEGINS_PEERS) cursor->groups[cursor->group_count++] = (uint32_t)place;
    cursor->groups[cursor->group_count] = (uint32_t)cursor->end;
    return BP_OK;
}

/* NULL keys stand together at one end. */
static void note_valid(frame_cursor *cursor)
{
    const uint32_t *rows = cursor->frames->work->sort->order.rows;
    const range_bound *start = &cursor->frames->ranges[0], *end = &cursor->frames->ranges[1];
    const uint64_t *valid = start->keys ? start->valid_keys : end->valid_keys;

    cursor->valid_begin = cursor->begin;
    cursor->valid_end = cursor->end;
    while (valid && cursor->valid_begin < cursor->end && !bitmap_get(valid, rows[cursor->valid_begin])) cursor->valid_begin++;
    while (valid && cursor->valid_end > cursor->valid_begin && !bitmap_get(valid, rows[cursor->valid_end - 1])) cursor->valid_end--;
}

bp_status frame_cursor_enter(frame_cursor *cursor, size_t partition, bp_error *err)
{
    const window_sort *sort = cursor->frames->work->sort;

    cursor->begin = sort->partitions[partition];
    cursor->end = sort->partitions[partition + 1];
    cursor->peers_begin = cursor->peers_end = cursor->begin;
    cursor->groups_seen = 0;
    if (cursor->frames->frame.unit == WINDOW_RANGE) note_valid(cursor);
    cursor->near[0] = cursor->near[1] = cursor->valid_begin;
    return cursor->frames->frame.unit == WINDOW_GROUPS ? note_groups(cursor, err) : BP_OK;
}

static void find_peers(frame_cursor *cursor, size_t place)
{
    const uint8_t *begins = cursor->frames->work->sort->order.begins;

    while (place >= cursor->peers_end) {
        cursor->peers_begin = cursor->peers_end++;
        while (cursor->peers_end < cursor->end && !(begins[cursor->peers_end] & ROW_BEGINS_PEERS)) cursor->peers_end++;
        cursor->groups_seen++;
    }
}

/* bounds ------------------------------------------------------------------------------------------------------------------------------- */
static const char *const unit_names[] = {[WINDOW_ROWS] = "ROWS", [WINDOW_RANGE] = "RANGE", [WINDOW_GROUPS] = "GROUPS"};

static const char *bound_name(uint8_t bound)
{
    return bound == WINDOW_PRECEDING ? "PRECEDING" : "FOLLOWING";
}

/* A row's offset; as far as there are rows at most. */
static bp_status offset_at(const frame_cursor *cursor, size_t side, uint8_t bound, uint32_t row, size_t *out, bp_error *err)
{
    const column *offsets = cursor->frames->offsets[side];
    const char *unit = unit_names[cursor->frames->frame.unit];
    int64_t offset = cursor->frames->fixed[side];

    if (offset >= 0) {
        *out = (uint64_t)offset > cursor->end - cursor->begin ? cursor->end - cursor->begin : (size_t)offset;
        return BP_OK;
    }
    if (column_is_null(offsets, row))
        return error_set(err, BP_OUT_OF_RANGE, "Window %s %s expression cannot be NULL", unit, bound_name(bound));
    offset = ((const int64_t *)offsets->values)[row];
    if (offset < 0) return error_set(err, BP_OUT_OF_RANGE, "Window %s %s expression cannot be negative", unit, bound_name(bound));
    *out = (uint64_t)offset > cursor->end - cursor->begin ? cursor->end - cursor->begin : (size_t)offset;
    return BP_OK;
}

/* The place `offset` rows before or after; past: the one behind that row. */
static size_t row_bound(const frame_cursor *cursor, uint8_t bound, size_t place, size_t offset, bool past)
{
    if (bound == WINDOW_PRECEDING) return place - cursor->begin >= offset ? place - offset + past : cursor->begin;
    return cursor->end - place > offset + past ? place + offset + past : cursor->end;
}

static size_t group_bound(const frame_cursor *cursor, uint8_t bound, size_t offset, bool past)
{
    size_t group = cursor->groups_seen - 1;

    if (bound == WINDOW_PRECEDING) return group >= offset ? cursor->groups[group - offset + past] : cursor->begin;
    return cursor->group_count - group > offset + past ? cursor->groups[group + offset + past] : cursor->end;
}

/* Whether the key at `place` is before the bound (past: or at it). */
static bool key_is_before(const frame_cursor *cursor, const range_bound *range, size_t place, const char *value, bool past)
{
    uint32_t row = cursor->frames->work->sort->order.rows[place];
    int order = memcmp(range->keys + row * range->width, value, range->width);

    return past ? order <= 0 : order < 0;
}

/* The first place whose key is not before the bound, among those that are not NULL; looked for from `near` on. */
static size_t search_range(const frame_cursor *cursor, const range_bound *range, size_t near, const char *value, bool past)
{
    size_t low = cursor->valid_begin, high = cursor->valid_end, step = 1;

    if (near < low || near > high) near = low;
    if (near < high && key_is_before(cursor, range, near, value, past)) {
        low = near + 1;
        while (low < high && high - low > step && key_is_before(cursor, range, low + step - 1, value, past)) {
            low += step;
            step *= 2;
        }
        if (high - low > step) high = low + step;
    } else {
        high = near;
        while (high > low && high - low > step && !key_is_before(cursor, range, high - step, value, past)) {
            high -= step;
            step *= 2;
        }
        if (high - low > step) low = high - step;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (key_is_before(cursor, range, middle, value, past))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bp_status range_offset_bound(frame_cursor *cursor, size_t side, uint8_t bound, size_t place, size_t *out, bp_error *err)
{
    const range_bound *range = &cursor->frames->ranges[side];
    uint32_t row = cursor->frames->work->sort->order.rows[place];
    const char *value = range->values + row * range->width;
    int order;

    if (range->valid_keys && !bitmap_get(range->valid_keys, row)) {
        *out = side ? cursor->peers_end : cursor->peers_begin;
        return BP_OK;
    }
    if (range->valid_values && !bitmap_get(range->valid_values, row))
        return error_set(err, BP_OUT_OF_RANGE, "Window RANGE expressions cannot be NULL");
    order = memcmp(value, range->keys + row * range->width, range->width);
    if (bound == WINDOW_PRECEDING ? order > 0 : order < 0)
        return error_set(err, BP_OUT_OF_RANGE, "Invalid RANGE %s value: it is negative", bound_name(bound));
    *out = cursor->near[side] = search_range(cursor, range, cursor->near[side], value, side == 1);
    return BP_OK;
}

/* Where the frame begins (side 0), or the place behind its end (side 1). */
static bp_status bound_at(frame_cursor *cursor, size_t side, uint8_t bound, size_t place, size_t *out, bp_error *err)
{
    uint8_t unit = cursor->frames->frame.unit;
    uint32_t row = cursor->frames->work->sort->order.rows[place];
    size_t offset = 0;
    bp_status status;

    switch (bound) {
    case WINDOW_UNBOUNDED_PRECEDING: *out = cursor->begin; return BP_OK;
    case WINDOW_UNBOUNDED_FOLLOWING: *out = cursor->end; return BP_OK;
    case WINDOW_CURRENT_ROW:
        if (unit == WINDOW_ROWS)
            *out = place + side;
        else
            *out = side ? cursor->peers_end : cursor->peers_begin;
        return BP_OK;
    default: break;
    }
    if (unit == WINDOW_RANGE) return range_offset_bound(cursor, side, bound, place, out, err);
    if ((status = offset_at(cursor, side, bound, row, &offset, err))) return status;
    *out = unit == WINDOW_ROWS ? row_bound(cursor, bound, place, offset, side == 1) : group_bound(cursor, bound, offset, side == 1);
    return BP_OK;
}

static void add_span(frame_cursor *cursor, size_t begin, size_t end)
{
    if (begin < end) cursor->spans[cursor->span_count++] = (window_span){begin, end};
}

/* The part of [begin, end) before `cut`, and that from `go_on` on. */
static void add_around(frame_cursor *cursor, size_t begin, size_t end, size_t cut, size_t kept_begin, size_t kept_end, size_t go_on)
{
    add_span(cursor, begin, end < cut ? end : cut);
    if (kept_begin >= begin && kept_end <= end) add_span(cursor, kept_begin, kept_end);
    add_span(cursor, begin > go_on ? begin : go_on, end);
}

bp_status frame_cursor_at(frame_cursor *cursor, size_t place, bp_error *err)
{
    const window_frame *frame = &cursor->frames->frame;
    size_t begin, end;
    bp_status status;

    find_peers(cursor, place);
    cursor->span_count = 0;
    if ((status = bound_at(cursor, 0, frame->start, place, &begin, err))) return status;
    if ((status = bound_at(cursor, 1, frame->end, place, &end, err))) return status;
    switch (frame->exclusion) {
    case WINDOW_EXCLUDE_CURRENT_ROW: add_around(cursor, begin, end, place, 0, 0, place + 1); break;
    case WINDOW_EXCLUDE_GROUP: add_around(cursor, begin, end, cursor->peers_begin, 0, 0, cursor->peers_end); break;
    case WINDOW_EXCLUDE_TIES: add_around(cursor, begin, end, cursor->peers_begin, place, place + 1, cursor->peers_end); break;
    default: add_span(cursor, begin, end); break;
    }
    return BP_OK;
}
