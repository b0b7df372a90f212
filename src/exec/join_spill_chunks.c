/* A pair of partitions whose right rows do not fit memory and cannot be parted by their keys: they are read chunk by chunk, and all left rows probe each chunk.
 * What hangs on a left row having a partner in any chunk is known only after the last, from a bit a left row; then its row is put out.
 *
 * What a chunk gives is a run in the order of the left rows; these are merged, chunk by chunk for one left row: the order of the right rows. */
#include "join_spill.h"

typedef struct chunked_join {
    join_pairs *pairs;
    const join_part *part;
    join_spec spec; /* of a chunk */
    bool keeps_pairs; /* what a chunk gives is put out */
    uint64_t *matched; /* a bit a left row; NULL: nobody asks */
    size_t matched_words;
    spill_run **out; /* of each chunk, then of the rows known at last */
    size_t out_count, out_capacity;
    const batch *left; /* the page being probed, its first row's number, and up to where its places have been looked through */
    size_t first_left, next_left;
    spill_run *into;
} chunked_join;

static bool asks_for_matches(join_kind kind)
{
    return kind != JOIN_INNER && kind != JOIN_RIGHT && kind != JOIN_RIGHT_SEMI && kind != JOIN_RIGHT_ANTI;
}

static join_kind kind_of_chunk(join_kind kind)
{
    switch (kind) {
    case JOIN_LEFT:
    case JOIN_SINGLE: return JOIN_INNER;
    case JOIN_FULL: return JOIN_RIGHT;
    case JOIN_SEMI:
    case JOIN_ANTI:
    case JOIN_EXISTS:
    case JOIN_MARK: return JOIN_SEMI;
    default: return kind;
    }
}

static bp_status chunked_init(chunked_join *out, join_pairs *pairs, const join_part *part, bp_error *err)
{
    *out = (chunked_join){.pairs = pairs, .part = part, .spec = pairs->spec};
    out->spec.kind = kind_of_chunk(pairs->spec.kind);
    out->keeps_pairs = join_puts_right(pairs->spec.kind) && join_puts_left(pairs->spec.kind);
    if (!asks_for_matches(pairs->spec.kind)) return BP_OK;
    out->matched_words = bitmap_words((size_t)spill_run_rows(part->left)) + 1;
    out->matched = memory_allocate_array(pairs->context->memory, out->matched_words, sizeof *out->matched);
    return out->matched ? BP_OK : error_no_memory(err, pairs->context->memory, out->matched_words * sizeof *out->matched);
}

static void chunked_clear(chunked_join *job)
{
    memory *memory = job->pairs->context->memory;

    for (size_t i = 0; i < job->out_count; i++) spill_run_free(job->out[i]);
    memory_free(memory, job->out, job->out_capacity * sizeof *job->out);
    memory_free(memory, job->matched, job->matched ? job->matched_words * sizeof *job->matched : 0);
}

static bp_status add_run(chunked_join *job, bp_error *err)
{
    memory *memory = job->pairs->context->memory;
    bp_status status;

    if (job->out_count == job->out_capacity) {
        size_t wanted = job->out_capacity ? 2 * job->out_capacity : 8;
        spill_run **larger = memory_resize(memory, job->out, job->out_capacity * sizeof *larger, wanted * sizeof *larger);
        if (!larger) return error_no_memory(err, memory, wanted * sizeof *larger);
        job->out = larger;
        job->out_capacity = wanted;
    }
    status = spill_run_new(&job->into, job->pairs->file, job->pairs->out_types, job->pairs->out_count, job->pairs->page_size, err);
    if (!status) job->out[job->out_count++] = job->into;
    return status;
}

/* a chunk ----------------------------------------------------------------------------------------------------------------------------------- */
/* Left rows of what is joined, in their order, are found by their places. */
static bp_status note_matches(chunked_join *job, const batch *joined, bp_error *err)
{
    size_t left_place = job->pairs->left->count - job->pairs->spec.key_count - 1;
    const column *places = &joined->columns[left_place], *of_page = &job->left->columns[job->left->column_count - 1];

    for (size_t i = 0; i < joined->row_count; i++) {
        uint128 place = join_place_of(places, i);
        size_t row;
        while (join_place_of(of_page, job->next_left) != place) job->next_left++;
        row = job->first_left + job->next_left;
        if (job->pairs->spec.kind == JOIN_SINGLE && bitmap_get(job->matched, row))
            return error_set(err, BP_OUT_OF_RANGE, "a scalar subquery gave more than one row; add LIMIT 1 or an aggregate");
        bitmap_set(job->matched, row);
    }
    return BP_OK;
}

static bp_status take_joined(void *data, const batch *joined, bp_error *err)
{
    chunked_join *job = data;
    bp_status status = job->matched ? note_matches(job, joined, err) : BP_OK;

    return status || !job->keeps_pairs ? status : join_pairs_put(job->pairs, job->into, joined, err);
}

static bp_status probe_chunk(chunked_join *job, sink *build, bp_error *err)
{
    spill_run *left = job->part->left;
    join_prober prober = {0};
    spill_reader reader;
    batch page;
    bp_status status = join_prober_init(&prober, job->pairs, &job->spec, build, err);

    spill_reader_init(&reader, left, 0, spill_run_pages(left));
    job->first_left = 0;
    while (!status && !(status = spill_reader_next(&reader, &page, err)) && page.row_count) {
        job->left = &page;
        job->next_left = 0;
        status = join_prober_push(&prober, &page, take_joined, job, err);
        job->first_left += page.row_count;
    }
    spill_reader_clear(&reader);
    join_prober_clear(&prober);
    return status;
}

static bp_status join_chunk(chunked_join *job, size_t begin, size_t end, bp_error *err)
{
    sink *build = NULL;
    bp_status status = add_run(job, err);

    if (!status) status = join_pairs_build(&build, job->pairs, &job->spec, job->part->right, begin, end, err);
    if (!status) status = probe_chunk(job, build, err);
    if (!status) status = spill_run_finish(job->into, err);
    if (!status && job->part->at_end) status = join_pairs_put_at_end(job->pairs, build, job->part->at_end, err);
    sink_free(build);
    return status;
}

/* As many pages as fit, at least one. */
static size_t chunk_end(const chunked_join *job, size_t begin)
{
    const spill_run *right = job->part->right;
    uint64_t rows = spill_run_page_rows(right, begin), all = spill_run_rows(right), bytes = spill_run_bytes(right);
    size_t end = begin + 1;

    for (; end < spill_run_pages(right); end++) {
        rows += spill_run_page_rows(right, end);
        if (!join_pairs_fits(job->pairs, rows, (uint64_t)((double)bytes / (double)all * (double)rows))) break;
    }
    return end;
}

/* what is known at last ---------------------------------------------------------------------------------------------------------------------- */
/* Left rows of a page that are put out: those with a partner, without one, or all. */
static size_t choose_rows(const chunked_join *job, uint32_t *rows)
{
    join_kind kind = job->pairs->spec.kind;
    size_t count = 0;

    for (size_t i = 0; i < job->left->row_count; i++) {
        bool matched = bitmap_get(job->matched, job->first_left + i);
        rows[count] = (uint32_t)i;
        count += join_puts_mark(kind) || matched == (kind == JOIN_SEMI);
    }
    return count;
}

static bool left_key_is_null(const chunked_join *job, size_t row)
{
    for (size_t i = 0; i < job->spec.key_count; i++)
        if (!job->spec.null_safe[i] && column_is_null(&job->left->columns[i], row)) return true;
    return false;
}

/* Whether each row of the page has a partner; NULL as IN has it for MARK. */
static bp_status mark_column(const chunked_join *job, column *out, arena *arena, bp_error *err)
{
    size_t rows = job->left->row_count;
    uint64_t *values = arena_new_array(arena, uint64_t, bitmap_words(rows)), *validity = NULL;
    bool some_null = atomic_load(&job->pairs->spill->has_null_key);

    if (job->pairs->spec.kind == JOIN_MARK) validity = arena_new_array(arena, uint64_t, bitmap_words(rows));
    if (!values || (job->pairs->spec.kind == JOIN_MARK && !validity)) return error_no_memory(err, arena->memory, rows / 4);
    for (size_t i = 0; i < rows; i++) {
        bool matched = bitmap_get(job->matched, job->first_left + i);
        if (matched) bitmap_set(values, i);
        if (validity && (matched || (!some_null && !left_key_is_null(job, i)))) bitmap_set(validity, i);
    }
    *out = (column){.type = type_of(TYPE_BOOLEAN), .length = rows, .values = values, .validity = validity};
    return BP_OK;
}

static bp_status put_chosen(chunked_join *job, arena *scratch, bp_error *err)
{
    const join_pairs *pairs = job->pairs;
    size_t keys = pairs->spec.key_count, left = job->left->column_count - keys, count;
    uint32_t *rows = arena_new_array(scratch, uint32_t, job->left->row_count);
    column *columns = arena_new_array(scratch, column, pairs->out_count + 1);
    batch own = {.row_count = job->left->row_count, .column_count = left, .columns = job->left->columns + keys}, chosen;
    bp_status status;

    if (!rows || !columns) return error_no_memory(err, scratch->memory, job->left->row_count * sizeof *rows);
    count = choose_rows(job, rows);
    if (count == 0) return BP_OK;
    if ((status = batch_gather(&chosen, &own, rows, count, scratch, err))) return status;
    memcpy(columns, chosen.columns, left * sizeof *columns);
    for (size_t i = left; i < pairs->out_count; i++) columns[i] = column_nulls(pairs->out_types[i - 1], count);
    if (join_puts_mark(pairs->spec.kind) && (status = mark_column(job, &columns[left], scratch, err))) return status;
    return join_pairs_put(job->pairs, job->into, &(batch){.row_count = count, .column_count = pairs->out_count, .columns = columns},
                          err);
}

static bp_status put_known_rows(chunked_join *job, bp_error *err)
{
    spill_run *left = job->part->left;
    spill_reader reader;
    arena scratch;
    batch page;
    bp_status status = add_run(job, err);

    arena_init(&scratch, job->pairs->context->memory);
    spill_reader_init(&reader, left, 0, spill_run_pages(left));
    job->first_left = 0;
    while (!status && !(status = spill_reader_next(&reader, &page, err)) && page.row_count) {
        arena_reset(&scratch);
        job->left = &page;
        status = put_chosen(job, &scratch, err);
        job->first_left += page.row_count;
    }
    spill_reader_clear(&reader);
    arena_clear(&scratch);
    return status ? status : spill_run_finish(job->into, err);
}

/* Runs of few chunks are merged at once; if there are too many, the first ones become one. */
static bp_status merge_chunks(chunked_join *job, bp_error *err)
{
    join_pairs *pairs = job->pairs;
    schema schema = {.count = pairs->out_count - 1, .types = pairs->out_types};
    bp_status status = BP_OK;

    while (!status) {
        size_t most = sort_merge_most(pairs->context, pairs->page_size), count = job->out_count < most ? job->out_count : most;
        spill_run *into = job->part->out;
        if (count < job->out_count) {
            if ((status = add_run(job, err))) break;
            into = job->into;
        }
        status = join_placed_merge(into, pairs->context, &schema, job->out, count, err);
        if (status || into == job->part->out) break;
        status = spill_run_finish(into, err);
        for (size_t i = 0; i < count; i++) spill_run_free(job->out[i]);
        job->out[0] = into;
        job->out_count -= count;
        memmove(job->out + 1, job->out + count, (job->out_count - 1) * sizeof *job->out);
    }
    return status;
}

bp_status join_pairs_in_chunks(join_pairs *pairs, const join_part *part, bp_error *err)
{
    size_t pages = spill_run_pages(part->right);
    chunked_join job;
    bp_status status = chunked_init(&job, pairs, part, err);

    for (size_t begin = 0, end; begin < pages && !status; begin = end) {
        end = chunk_end(&job, begin);
        status = join_chunk(&job, begin, end, err);
    }
    if (!status && job.matched) status = put_known_rows(&job, err);
    if (!status) status = merge_chunks(&job, err);
    chunked_clear(&job);
    return status;
}
