/* The directory of a join's right side: from key to rows.
 *
 * Keys are numbered first, those that are one number by a join_table, others by a group_table; then the rows are put in the order of their groups. All but
 * the numbering of what needs a hash table is done by several workers: over chunks where each row stands for itself, and over ranges of groups, where each
 * worker looks at all rows and writes those of its range, which needs no lock and gives the same directory for any number of them. */
#include "join_internal.h"

#include "base/threads.h"

#define PACK_ROWS 2048
#define CHECK_ROWS 65536
#define MOST_RANGES 64
#define FILL_STEP ((size_t)1 << 20)

/* keys as packed rows ------------------------------------------------------------------------------------------------------------------ */
/* Insert the keys of `rows` packed rows, but for those that match nothing; groups_of_row gets the groups, JOIN_NO_GROUP for those. */
static bp_status insert_packed(join_build *build, char *packed, uint64_t *hashes, size_t rows, size_t first_row,
                               uint32_t *groups_of_row, uint64_t *positions, uint32_t *groups, bp_error *err)
{
    size_t width = build->keys.width, kept = 0;
    bp_status status;

    for (size_t i = 0; i < rows; i++) {
        groups_of_row[first_row + i] = JOIN_NO_GROUP;
        if (join_key_is_null(build, packed + i * width)) {
            build->has_null_key = true;
            continue;
        }
        if (kept != i) {
            memcpy(packed + kept * width, packed + i * width, width);
            hashes[kept] = hashes[i];
        }
        positions[kept++] = first_row + i;
    }
    status = group_table_insert(&build->groups, packed, hashes, kept, 0, positions, build->keys.has_nested, groups, err);
    for (size_t i = 0; i < kept && !status; i++) groups_of_row[positions[i]] = groups[i];
    return status;
}

static bp_status insert_chunk(join_build *build, const batch *chunk, size_t first_row, uint32_t *groups_of_row, arena *scratch,
                              bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t begin = 0; begin < chunk->row_count && !status; begin += PACK_ROWS) {
        size_t rows = chunk->row_count - begin < PACK_ROWS ? chunk->row_count - begin : PACK_ROWS;
        char *packed;
        uint64_t *hashes, *positions;
        uint32_t *groups;
        batch keys = {.row_count = chunk->row_count, .column_count = build->spec.key_count, .columns = chunk->columns}, part;

        arena_reset(scratch);
        packed = arena_allocate_aligned(scratch, rows * build->keys.width, 64);
        hashes = arena_new_array(scratch, uint64_t, rows);
        positions = arena_new_array(scratch, uint64_t, rows);
        groups = arena_new_array(scratch, uint32_t, rows);
        if (!packed || !hashes || !positions || !groups) return error_no_memory(err, scratch->memory, rows * build->keys.width);
        if ((status = batch_slice(&part, &keys, begin, rows, scratch, err))) return status;
        if ((status = key_pack(&build->keys, part.columns, rows, packed, hashes, scratch, err))) return status;
        status = insert_packed(build, packed, hashes, rows, first_row + begin, groups_of_row, positions, groups, err);
    }
    return status;
}

/* rows by group ------------------------------------------------------------------------------------------------------------------------ */
typedef struct directory_work {
    join_build *build;
    const uint32_t *groups_of_row;
    size_t groups, ranges;
    bool any_row; /* all that is asked is whether a key has a row */
    atomic_bool repeated; /* a key occurs twice, and that matters */
} directory_work;

/* The groups of a range: begin and how many. */
static uint32_t range_of(const directory_work *work, uint64_t range, uint32_t *begin)
{
    uint64_t each = (work->groups + work->ranges - 1) / work->ranges,
             first = range * each < work->groups ? range * each : work->groups;

    *begin = (uint32_t)first;
    return (uint32_t)(work->groups - first < each ? work->groups - first : each);
}

/* memset() that stops. */
static bp_status fill(const join_build *build, uint32_t *values, size_t count, int byte, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t at = 0; at < count && !status; at += FILL_STEP) {
        memset(values + at, byte, (count - at < FILL_STEP ? count - at : FILL_STEP) * sizeof *values);
        status = cancel_check(&build->base.context->cancel, err);
    }
    return status;
}

/* order[group] = the row, of a range of groups, as long as no key occurs twice; the last row, if any will do. */
static bp_status place_unique(void *data, size_t worker, uint64_t range, bp_error *err)
{
    directory_work *work = data;
    join_build *build = work->build;
    uint32_t *order = build->order, begin, count = range_of(work, range, &begin);
    bp_status status = fill(build, order + begin, count, 0xff, err);

    (void)worker;
    for (size_t at = 0; at < build->row_count && !status; at += CHECK_ROWS) {
        size_t end = build->row_count - at < CHECK_ROWS ? build->row_count : at + CHECK_ROWS;
        if (atomic_load_explicit(&work->repeated, memory_order_relaxed)) return BP_OK;
        for (size_t row = at; row < end; row++) {
            uint32_t group = work->groups_of_row[row];
            if (group - begin >= count) continue; /* JOIN_NO_GROUP is in no range */
            if (order[group] != JOIN_NO_GROUP && !work->any_row) atomic_store_explicit(&work->repeated, true, memory_order_relaxed);
            order[group] = (uint32_t)row;
        }
        status = cancel_check(&build->base.context->cancel, err);
    }
    return status;
}

/* starts[group + 2] = how many rows, of a range of groups. */
static bp_status count_rows(void *data, size_t worker, uint64_t range, bp_error *err)
{
    directory_work *work = data;
    const join_build *build = work->build;
    uint32_t begin, count = range_of(work, range, &begin), *counts = build->starts + 2;
    bp_status status = fill(build, counts + begin, count, 0, err);

    (void)worker;
    for (size_t at = 0; at < build->row_count && !status; at += CHECK_ROWS) {
        size_t end = build->row_count - at < CHECK_ROWS ? build->row_count : at + CHECK_ROWS;
        for (size_t row = at; row < end; row++)
            if (work->groups_of_row[row] - begin < count) counts[work->groups_of_row[row]]++;
        status = cancel_check(&build->base.context->cancel, err);
    }
    return status;
}

/* Rows to their places, of a range of groups; starts[group + 1] moves from the group's begin to its end. */
static bp_status place_rows(void *data, size_t worker, uint64_t range, bp_error *err)
{
    directory_work *work = data;
    const join_build *build = work->build;
    uint32_t begin, count = range_of(work, range, &begin), *next = build->starts + 1;
    bp_status status = BP_OK;

    (void)worker;
    for (size_t at = 0; at < build->row_count && !status; at += CHECK_ROWS) {
        size_t end = build->row_count - at < CHECK_ROWS ? build->row_count : at + CHECK_ROWS;
        for (size_t row = at; row < end; row++)
            if (work->groups_of_row[row] - begin < count) build->order[next[work->groups_of_row[row]]++] = (uint32_t)row;
        status = cancel_check(&build->base.context->cancel, err);
    }
    return status;
}

static bp_status sum_starts(const join_build *build, size_t groups, bp_error *err)
{
    bp_status status = BP_OK;

    build->starts[0] = build->starts[1] = 0;
    for (size_t at = 2; at < groups + 2 && !status; at += CHECK_ROWS) {
        size_t end = groups + 2 - at < CHECK_ROWS ? groups + 2 : at + CHECK_ROWS;
        for (size_t i = at; i < end; i++) build->starts[i] += build->starts[i - 1];
        status = cancel_check(&build->base.context->cancel, err);
    }
    return status;
}

/* Keys that occur once, or of which one row is enough: order[group] is the row. *unique: whether they do. */
static bp_status order_unique(directory_work *work, bool *unique, bp_error *err)
{
    join_build *build = work->build;
    bp_status status;

    build->order = arena_allocate(&build->arena, work->groups * sizeof(uint32_t));
    if (!build->order) return error_no_memory(err, build->base.context->memory, work->groups * sizeof(uint32_t));
    status = join_for(build->base.context, build->row_count, work->ranges, place_unique, work, err);
    *unique = !atomic_load(&work->repeated);
    return status;
}

/* Counting sort of the rows by group; rows of one group stay in row order. */
static bp_status order_groups(directory_work *work, size_t keyed, bp_error *err)
{
    join_build *build = work->build;
    bp_context *context = build->base.context;
    bp_status status;

    build->order = arena_allocate(&build->arena, keyed * sizeof(uint32_t));
    build->starts = arena_allocate(&build->arena, (work->groups + 2) * sizeof(uint32_t));
    if (!build->order || !build->starts) return error_no_memory(err, context->memory, (keyed + work->groups) * sizeof(uint32_t));
    if ((status = join_for(context, build->row_count, work->ranges, count_rows, work, err))) return status;
    if ((status = sum_starts(build, work->groups, err))) return status;
    return join_for(context, build->row_count, work->ranges, place_rows, work, err);
}

static bp_status make_directory(join_build *build, const uint32_t *groups_of_row, size_t groups, size_t keyed, bp_error *err)
{
    directory_work work = {.build = build, .groups_of_row = groups_of_row, .groups = groups};
    bool unique = false;
    bp_status status;

    work.any_row = !build->spec.residual && !join_puts_right(build->spec.kind);
    work.ranges = build->row_count < JOIN_PARALLEL_ROWS ? 1 : parallel_workers(build->base.context, MOST_RANGES);
    if ((work.any_row || keyed <= groups) && ((status = order_unique(&work, &unique, err)) || unique)) return status;
    return order_groups(&work, keyed, err);
}

/* keys that are one number ------------------------------------------------------------------------------------------------------------- */
typedef struct number_work {
    join_build *build;
    const table *rows;
    uint64_t *numbers;
    uint32_t *groups_of_row;
    size_t *first_rows; /* of each chunk */
    _Atomic size_t keyed; /* rows whose key is not NULL */
} number_work;

/* The keys of a chunk as numbers; groups_of_row becomes JOIN_NO_GROUP where one is NULL, else 0. */
static bp_status number_chunk(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    number_work *work = data;
    const batch *chunk = table_chunk(work->rows, (size_t)piece);
    uint32_t *groups = work->groups_of_row + work->first_rows[piece];
    size_t keyed = 0;
    column flat;
    arena scratch;
    bp_status status;

    (void)worker;
    arena_init(&scratch, work->build->base.context->memory);
    if ((status = column_flatten(&flat, &chunk->columns[0], &scratch, err))) goto done;
    member_numbers(&flat, work->numbers + work->first_rows[piece]);
    for (size_t row = 0; row < chunk->row_count; row++) {
        bool null = column_is_null(&flat, row);
        groups[row] = null ? JOIN_NO_GROUP : 0;
        keyed += !null;
    }
    atomic_fetch_add_explicit(&work->keyed, keyed, memory_order_relaxed);
    status = cancel_check(&work->build->base.context->cancel, err);
done:
    arena_clear(&scratch);
    return status;
}

static bp_status number_keys(number_work *work, arena *scratch, bp_error *err)
{
    join_build *build = work->build;
    size_t chunks = table_chunk_count(work->rows), row = 0;
    bp_status status;

    work->first_rows = arena_new_array(scratch, size_t, chunks);
    if (!work->first_rows) return error_no_memory(err, scratch->memory, chunks * sizeof *work->first_rows);
    for (size_t i = 0; i < chunks; row += table_chunk(work->rows, i++)->row_count) work->first_rows[i] = row;
    status = join_for(build->base.context, build->row_count, chunks, number_chunk, work, err);
    build->has_null_key = work->keyed < build->row_count;
    return status;
}

static bp_status index_numbers(join_build *build, const table *rows, uint32_t *groups_of_row, arena *scratch, bp_error *err)
{
    memory *memory = build->base.context->memory;
    number_work work = {.build = build, .rows = rows, .groups_of_row = groups_of_row};
    bp_status status;

    work.numbers = memory_allocate(memory, build->row_count * sizeof *work.numbers);
    if (!work.numbers) return error_no_memory(err, memory, build->row_count * sizeof *work.numbers);
    status = number_keys(&work, scratch, err);
    if (!status)
        status = join_table_make(&build->numbers, build->base.context, work.numbers, build->row_count, work.keyed, groups_of_row,
                                 &build->arena, err);
    memory_free(memory, work.numbers, build->row_count * sizeof *work.numbers);
    if (!status) status = make_directory(build, groups_of_row, build->numbers.group_count, work.keyed, err);
    if (!status && !build->starts && !build->numbers.direct) {
        join_table_rename(&build->numbers, build->order);
        build->order = NULL;
    }
    return status;
}

/* all ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status index_packed(join_build *build, const table *rows, uint32_t *groups_of_row, arena *scratch, bp_error *err)
{
    size_t first_row = 0, keyed = 0;
    bp_status status;

    for (size_t i = 0; i < table_chunk_count(rows); i++) {
        const batch *chunk = table_chunk(rows, i);
        if ((status = cancel_check(&build->base.context->cancel, err))) return status;
        if ((status = insert_chunk(build, chunk, first_row, groups_of_row, scratch, err))) return status;
        first_row += chunk->row_count;
    }
    for (size_t row = 0; row < build->row_count; row++) keyed += groups_of_row[row] != JOIN_NO_GROUP;
    return make_directory(build, groups_of_row, build->groups.count, keyed, err);
}

bp_status join_index_keys(join_build *build, const table *rows, bp_error *err)
{
    memory *memory = build->base.context->memory;
    uint32_t *groups_of_row = memory_allocate(memory, build->row_count * sizeof(uint32_t));
    bp_status status;
    arena scratch;

    if (!groups_of_row) return error_no_memory(err, memory, build->row_count * sizeof(uint32_t));
    arena_init(&scratch, memory);
    status = build->by_number ? index_numbers(build, rows, groups_of_row, &scratch, err)
                              : index_packed(build, rows, groups_of_row, &scratch, err);
    arena_clear(&scratch);
    memory_free(memory, groups_of_row, build->row_count * sizeof(uint32_t));
    return status;
}
