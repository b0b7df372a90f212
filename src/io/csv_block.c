/* Blocks: claimed in order, loaded and cut into rows in parallel.
 *
 * A plain file is cut at fixed bytes, every config.csv_block_size. A block's rows are those that *begin* in it; the last one may end behind
 * it. Where its first row begins is known for certain only when the block before has been cut into rows, since a line feed may stand in
 * quotes. So each worker
 *   1. claims a block and reads it,
 *   2. guesses where its first row begins (behind the first line feed; when the first quote looks like a closing one: behind that) and cuts
 *      the block into rows from there,
 *   3. waits for the true start from the block before, which is being cut at the same time; if the guess was wrong, cuts again from there,
 *   4. publishes where the next block's first row begins.
 * No row is ever parsed from an unproven start, and the rows of a block depend on the bytes alone. Nobody waits for long: all of this
 * happens within the claim, and whoever is waited for has claimed before. A block within a row longer than a block has no rows.
 *
 * Text that has to be decoded comes in order anyway: the worker that claims takes the lock, decodes a block's worth, cuts it into rows and leaves the
 * rest behind the last whole row to the next. Only values are parsed in parallel then; decoding is the slowest part by far. */
#include "io/csv_scan.h"

#include "base/cancel.h"
#include "text/utf8.h"

#define TAIL_SIZE ((size_t)1 << 14) /* read behind a block for the end of its last row */
#define QUOTE_NEAR ((size_t)1 << 13) /* a quote farther on says little about what the block begins in */

void csv_open_file_release(csv_scan *scan, csv_open_file *file)
{
    memory *memory = scan->source->base.context->memory;

    if (!file || atomic_fetch_sub(&file->references, 1) != 1) return;
    csv_input_close(&file->input);
    memory_free(memory, file->row_starts, (size_t)(file->block_count + 1) * sizeof *file->row_starts);
    memory_delete(memory, file);
}

/* The next file of the scan becomes the current one. Under the lock. */
static bp_status open_next(csv_scan *scan, bp_error *err)
{
    memory *memory = scan->source->base.context->memory;
    csv_open_file *file = memory_new(memory, csv_open_file);
    bp_status status;
    uint64_t size;

    if (!file) return error_no_memory(err, memory, sizeof *file);
    atomic_init(&file->references, 1);
    file->number = scan->next_file;
    if ((status = csv_file_open(&file->input, scan->source, file->number, err))) goto done;
    if (csv_input_is_plain(&file->input)) {
        size = file_size(file->input.file);
        file->block_count = (size + scan->block_size - 1) / scan->block_size;
        if (file->block_count >= SIZE_MAX / 16)
            status = error_no_memory(err, memory, SIZE_MAX);
        else if (!(file->row_starts = memory_allocate_array(memory, (size_t)(file->block_count + 1), sizeof *file->row_starts)))
            status = error_no_memory(err, memory, (size_t)(file->block_count + 1) * sizeof *file->row_starts);
        if (status) goto done;
        atomic_store(&file->row_starts[0], scan->source->files[file->number].data_start + 1);
    } else {
        scan->carry.size = 0;
        scan->carry.at_end = false;
    }
    scan->next_file++;
    scan->current = file;
    file = NULL;
done:
    csv_open_file_release(scan, file);
    return status;
}

/* Plain files ------------------------------------------------------------------------------------------------------------------------ */
static bp_status read_more_plain(csv_window *window, void *data, bp_error *err)
{
    csv_open_file *file = data;
    size_t extra = window->size < TAIL_SIZE ? TAIL_SIZE : window->size, count;
    bp_status status;

    if ((status = csv_window_reserve(window, window->size + extra, err))) return status;
    if ((status = csv_input_read_at(&file->input, window->offset + window->size, window->text + window->size, extra, &count, err)))
        return status;
    window->size += count;
    if (count == 0 || window->offset + window->size >= file_size(file->input.file)) window->at_end = true;
    memset(window->text + window->size, 0, CSV_PADDING);
    return BP_OK;
}

/* Behind the first row end that is likely to be one. */
size_t csv_guess_row_start(const csv_window *window, const csv_dialect *dialect)
{
    const char *text = window->text, *found;
    char new_line = dialect->new_line == CSV_NEW_LINE_CR ? '\r' : '\n';
    size_t near = window->size < QUOTE_NEAR ? window->size : QUOTE_NEAR;
    const char *quote = dialect->quote >= 0 ? memchr(text, dialect->quote, near) : NULL;
    size_t from = 0;

    if (quote && quote > text && quote + 1 < text + window->size) {
        char before = quote[-1], behind = quote[1], delimiter = dialect->delimiter_size ? dialect->delimiter[0] : '\n';
        bool closes = behind == delimiter || behind == '\n' || behind == '\r';
        bool opens = before == delimiter || before == '\n' || before == '\r';
        if (closes && !opens) from = (size_t)(quote - text) + 1;
    }
    found = memchr(text + from, new_line, window->size - from);
    return found ? (size_t)(found - text) + 1 : window->size;
}

bp_status csv_wait_for_start(csv_scan *scan, csv_open_file *file, uint64_t block, uint64_t *start, bp_error *err)
{
    bp_status status;

    for (unsigned turn = 1;; turn++) {
        *start = atomic_load_explicit(&file->row_starts[block], memory_order_acquire);
        if (*start || atomic_load_explicit(&scan->failed, memory_order_relaxed)) return BP_OK;
        if (turn < 64) continue;
        thread_yield();
        if (turn % 64 == 0 && (status = cancel_check(&scan->source->base.context->cancel, err))) return status;
    }
}

static bp_status load_plain(csv_scan *scan, csv_worker *worker, csv_open_file *file, uint64_t block, bp_error *err)
{
    csv_window *window = &worker->window;
    csv_rows *rows = &worker->rows;
    const csv_dialect *dialect = &scan->source->dialect;
    uint64_t begin = block * scan->block_size, size = file_size(file->input.file), start;
    uint64_t end = size - begin < scan->block_size ? size : begin + scan->block_size;
    uint64_t offset = begin ? begin - 1 : 0; /* with the byte before: it may end a row */
    size_t wanted = (size_t)((end + TAIL_SIZE < size ? end + TAIL_SIZE : size) - offset), guess, fields, count;
    bool counted = false;
    bp_status status;

    fields = scan->source->files[file->number].field_count;
    *window = (csv_window){.memory = window->memory,
                           .cancel = window->cancel,
                           .block = window->block,
                           .block_size = window->block_size,
                           .text = window->text,
                           .offset = offset,
                           .more = read_more_plain,
                           .data = file};
    if (scan->parsed_count == 0 && ((status = csv_block_count(scan, worker, file, block, end, &counted, err)) || counted))
        return status;
    window->offset = offset;
    start = atomic_load_explicit(&file->row_starts[block], memory_order_acquire);
    if (start > end) goto empty; /* within a long row */
    if ((status = csv_window_reserve(window, wanted, err))) return status;
    if ((status = csv_input_read_at(&file->input, offset, window->text, wanted, &count, err))) return status;
    window->size = count;
    window->at_end = offset + count >= size;
    memset(window->text + count, 0, CSV_PADDING);
    guess = start ? (size_t)(start - 1 - offset) : csv_guess_row_start(window, dialect);
    if ((status = csv_rows_find(rows, window, dialect, fields, guess, (size_t)(end - offset), err))) return status;
    if (!start) {
        if ((status = csv_wait_for_start(scan, file, block, &start, err)) || !start) return status;
        if (start > end) goto empty;
        if (start - 1 - offset != guess &&
            (status = csv_rows_find(rows, window, dialect, fields, (size_t)(start - 1 - offset), (size_t)(end - offset), err)))
            return status;
    }
    atomic_store_explicit(&file->row_starts[block + 1], offset + rows->end + 1, memory_order_release);
    return BP_OK;
empty:
    rows->row_count = rows->bad_count = 0;
    rows->begin = rows->end = 0;
    atomic_store_explicit(&file->row_starts[block + 1], start, memory_order_release);
    return BP_OK;
}

/* Streams ------------------------------------------------------------------------------------------------------------------------------ */
static bp_status read_more_stream(csv_window *window, void *data, bp_error *err)
{
    csv_open_file *file = data;
    bp_status status;
    size_t count;

    if ((status = csv_window_reserve(window, window->size + TAIL_SIZE, err))) return status;
    if ((status = csv_input_read(&file->input, window->text + window->size, TAIL_SIZE, &count, err))) return status;
    window->size += count;
    window->at_end = count == 0;
    memset(window->text + window->size, 0, CSV_PADDING);
    return BP_OK;
}

/* Pass over the text before the first row. */
static bp_status skip_to_data(csv_scan *scan, csv_window *window, csv_open_file *file, bp_error *err)
{
    uint64_t start = scan->source->files[file->number].data_start;
    bp_status status;

    while (file->position < start) {
        size_t cut;
        if (!window->size) {
            if (window->at_end) return BP_OK;
            if ((status = read_more_stream(window, file, err))) return status;
        }
        cut = start - file->position < window->size ? (size_t)(start - file->position) : window->size;
        window->size -= cut;
        memmove(window->text, window->text + cut, window->size + CSV_PADDING);
        file->position += cut;
    }
    return BP_OK;
}

/* Under the lock. *ended: the file has no more rows. */
static bp_status load_stream(csv_scan *scan, csv_worker *worker, csv_open_file *file, bool *ended, bp_error *err)
{
    csv_window *window = &worker->window, swap;
    csv_rows *rows = &worker->rows;
    size_t rest;
    bp_status status;

    swap = *window; /* the carried text becomes this worker's, and its old block takes the next rest */
    *window = scan->carry;
    scan->carry = swap;
    window->more = read_more_stream;
    window->data = file;
    if (file->position == 0 && (status = skip_to_data(scan, window, file, err))) return status;
    window->offset = file->position;
    while (window->size < scan->block_size && !window->at_end) {
        if ((status = read_more_stream(window, file, err))) return status;
    }
    *ended = window->size == 0;
    if (*ended) return BP_OK;
    status = csv_rows_find(rows, window, &scan->source->dialect, scan->source->files[file->number].field_count, 0,
                           window->size < scan->block_size ? window->size : scan->block_size, err);
    if (status) return status;
    rest = window->size - rows->end;
    scan->carry.size = 0;
    if ((status = csv_window_reserve(&scan->carry, rest + TAIL_SIZE, err))) return status;
    memcpy(scan->carry.text, window->text + rows->end, rest);
    memset(scan->carry.text + rest, 0, CSV_PADDING);
    scan->carry.size = rest;
    scan->carry.at_end = window->at_end;
    file->position += rows->end;
    return BP_OK;
}

/* Claiming ------------------------------------------------------------------------------------------------------------------------------ */
/* Look at the encoding of what will be read as text. */
static void check_encoding(const csv_scan *scan, csv_worker *worker)
{
    const csv_rows *rows = &worker->rows;

    worker->check_utf8 =
        scan->text_wanted && rows->row_count && !rows->ascii &&
        !utf8_valid(rows->text + rows->begin, (rows->end < worker->window.size ? rows->end : worker->window.size) - rows->begin);
}

static void close_current(csv_scan *scan)
{
    csv_open_file_release(scan, scan->current);
    scan->current = NULL;
}

/* Under the lock: the next block of a plain file (*file, *block), or a block of a stream, loaded; *file NULL then. */
static bp_status take_block(csv_scan *scan, csv_worker *worker, csv_open_file **file, uint64_t *block, bool *end, bp_error *err)
{
    bp_status status;
    bool ended;

    *file = NULL;
    *end = atomic_load(&scan->failed); /* a stream that failed half way has lost its place: nobody goes on from there */
    while (!*end) {
        if (!scan->current) {
            *end = scan->next_file == scan->source->file_count;
            if (*end) return BP_OK;
            if ((status = open_next(scan, err))) return status;
        }
        worker->file = scan->current->number;
        if (scan->current->row_starts) {
            if (scan->current->next_block < scan->current->block_count) {
                *file = scan->current;
                *block = scan->current->next_block++;
                atomic_fetch_add(&scan->current->references, 1);
                return BP_OK;
            }
        } else {
            if ((status = load_stream(scan, worker, scan->current, &ended, err))) return status;
            if (!ended) return BP_OK;
        }
        close_current(scan);
    }
    return BP_OK;
}

bp_status csv_block_claim(csv_scan *scan, csv_worker *worker, uint64_t *morsel, bool *end, bp_error *err)
{
    csv_open_file *file = NULL;
    uint64_t block = 0;
    bp_status status;

    mutex_lock(&scan->lock);
    status = take_block(scan, worker, &file, &block, end, err);
    *morsel = scan->next_morsel;
    if (status == BP_OK && !*end) scan->next_morsel++;
    if (status) atomic_store(&scan->failed, true);
    mutex_unlock(&scan->lock);
    if (status || *end) return status;
    if (file) {
        status = load_plain(scan, worker, file, block, err);
        if (status)
            atomic_store(&scan->failed, true);
        else
            *end = atomic_load_explicit(&file->row_starts[block + 1], memory_order_relaxed) == 0; /* another worker has failed */
        csv_open_file_release(scan, file);
        if (status || *end) return status;
    }
    worker->offset = worker->window.offset;
    worker->row = worker->bad = 0;
    check_encoding(scan, worker);
    atomic_fetch_add_explicit(&scan->done_bytes, scan->block_size, memory_order_relaxed);
    return BP_OK;
}
