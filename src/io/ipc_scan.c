/* Scans of Arrow files.
 *
 * A morsel is up to twice the setting morsel_rows rows of one batch. Of a batch only the columns that are wanted are read, each when it is first needed: those with filters
 * first, the others when a row has passed. What a worker has read of a batch stays until it goes on to another; columns are made of it morsel by morsel. */
#include "base/cancel.h"
#include "ipc_scan.h"
#include "row_filter.h"

typedef struct scanned_batch {
    uint32_t file, batch;
    uint64_t first_morsel;
} scanned_batch;

typedef struct ipc_scan {
    scan base;
    ipc_source *source;
    size_t *columns; /* wanted ones, then those that filters alone need */
    size_t column_count, read_count;
    scan_filter *filters;
    size_t *filter_places;
    size_t filter_count;
    size_t batch_size;
    uint64_t morsel_rows;
    scanned_batch *batches;
    size_t batch_count;
    uint64_t morsel_count;
    ipc_dictionaries *dictionaries; /* of each file */
    _Atomic uint64_t next_morsel;
} ipc_scan;

/* A read column: the array of the batch, and the morsel's rows of it. */
typedef struct read_column {
    region *bytes; /* what `array` lies in; NULL: not read yet */
    struct ArrowArray array;
    region *rows; /* NULL: not made yet */
    column column;
} read_column;

typedef struct ipc_worker {
    ipc_scan *scan;
    file file;
    bool in_file, has_batch;
    uint32_t file_number, batch_number;
    ipc_reader reader;
    ipc_batch batch;
    ipc_place *places; /* of the read columns in the batch */
    read_column *read;
    uint64_t begin, row, end; /* of the batch: the morsel's rows, and the next of them */
    arena arena; /* of the batch that is handed out */
    uint32_t *selection;
} ipc_worker;

/* Ends ------------------------------------------------------------------------------------------------------------------------------------ */
static memory *memory_of(const ipc_scan *scan)
{
    return scan->base.source->context->memory;
}

static void scan_end(scan *base)
{
    ipc_scan *scan = (ipc_scan *)base;
    memory *memory = memory_of(scan);

    for (size_t i = 0; scan->dictionaries && i < scan->source->file_count; i++) ipc_dictionaries_clear(&scan->dictionaries[i]);
    memory_free(memory, scan->dictionaries, scan->source->file_count * sizeof *scan->dictionaries);
    memory_free(memory, scan->columns, (scan->column_count + scan->filter_count + 1) * sizeof *scan->columns);
    memory_free(memory, scan->filters, (scan->filter_count + 1) * sizeof *scan->filters);
    memory_free(memory, scan->filter_places, (scan->filter_count + 1) * sizeof *scan->filter_places);
    memory_free(memory, scan->batches, (scan->batch_count + 1) * sizeof *scan->batches);
    source_release(base->source);
    memory_delete(memory, scan);
}

static void drop_rows(ipc_worker *worker)
{
    for (size_t i = 0; i < worker->scan->read_count; i++) {
        region_release(worker->read[i].rows);
        worker->read[i].rows = NULL;
    }
}

static void leave_batch(ipc_worker *worker)
{
    drop_rows(worker);
    for (size_t i = 0; i < worker->scan->read_count; i++) {
        region_release(worker->read[i].bytes);
        worker->read[i].bytes = NULL;
    }
    worker->has_batch = false;
}

static void leave_file(ipc_worker *worker)
{
    if (!worker->in_file) return;
    leave_batch(worker);
    ipc_dictionaries_leave(&worker->scan->dictionaries[worker->file_number]);
    file_close(&worker->file);
    worker->in_file = false;
}

static void worker_end(scan_worker *base)
{
    ipc_worker *worker = (ipc_worker *)base;
    ipc_scan *scan = worker->scan;
    memory *memory = memory_of(scan);

    leave_file(worker);
    ipc_reader_clear(&worker->reader);
    arena_clear(&worker->arena);
    memory_free(memory, worker->places, (scan->read_count + 1) * sizeof *worker->places);
    memory_free(memory, worker->read, (scan->read_count + 1) * sizeof *worker->read);
    memory_free(memory, worker->selection, scan->batch_size * sizeof *worker->selection);
    memory_delete(memory, worker);
}

static bp_status worker_make(scan_worker **out, scan *base, bp_error *err)
{
    ipc_scan *scan = (ipc_scan *)base;
    memory *memory = memory_of(scan);
    ipc_worker *worker = memory_new(memory, ipc_worker);

    *out = NULL;
    if (!worker) return error_no_memory(err, memory, sizeof *worker);
    worker->scan = scan;
    ipc_reader_init(&worker->reader, memory);
    arena_init(&worker->arena, memory);
    worker->places = memory_allocate_array(memory, scan->read_count + 1, sizeof *worker->places);
    worker->read = memory_allocate_array(memory, scan->read_count + 1, sizeof *worker->read);
    worker->selection = memory_allocate_array(memory, scan->batch_size, sizeof *worker->selection);
    *out = (scan_worker *)worker;
    if (worker->places && worker->read && worker->selection) return BP_OK;
    worker_end(*out);
    *out = NULL;
    return error_no_memory(err, memory, scan->batch_size * sizeof *worker->selection);
}

/* Morsels ---------------------------------------------------------------------------------------------------------------------------------- */
static const ipc_file *file_of(const ipc_worker *worker)
{
    return &worker->scan->source->files[worker->file_number];
}

static file *open_file(ipc_worker *worker)
{
    ipc_file *file = &worker->scan->source->files[worker->file_number];

    return file->pipe.is_open ? &file->pipe : &worker->file;
}

static bp_status enter_file(ipc_worker *worker, uint32_t number, bp_error *err)
{
    ipc_scan *scan = worker->scan;
    const ipc_file *entered = &scan->source->files[number];
    bp_status status = BP_OK;

    if (worker->in_file && worker->file_number == number) return BP_OK;
    leave_file(worker);
    if (!entered->pipe.is_open) {
        if ((status = file_open(&worker->file, scan->base.source->context, entered->path, err))) return status;
        if (!file_identity_equal(&worker->file.identity, &entered->identity))
            status = error_set(err, BP_IO_ERROR, "\"%.*s\" has changed since its schema was read; run the query again",
                               STRING_ARGUMENTS(entered->path));
    }
    if (!status) status = ipc_dictionaries_enter(&scan->dictionaries[number], entered->contents, err);
    worker->in_file = !status;
    worker->file_number = number;
    if (status) file_close(&worker->file);
    return status;
}

/* Where the read columns stand in the batch that was opened. */
static void place_columns(ipc_worker *worker)
{
    const ipc_scan *scan = worker->scan;
    const ipc_contents *contents = file_of(worker)->contents;
    ipc_place place = {0};

    for (size_t field = 0; field < contents->format.child_count; field++) {
        for (size_t i = 0; i < scan->read_count; i++)
            if (scan->columns[i] < scan->source->stored_count && file_of(worker)->columns[scan->columns[i]] == field)
                worker->places[i] = place;
        ipc_batch_skip(&worker->batch, &place, contents->schema.children[field], &contents->format.children[field]);
    }
}

static bp_status enter_batch(ipc_worker *worker, const scanned_batch *entered, bp_error *err)
{
    const ipc_contents *contents;
    bp_status status;
    bool end;

    if (worker->has_batch && worker->file_number == entered->file && worker->batch_number == entered->batch) {
        drop_rows(worker);
        return BP_OK;
    }
    if ((status = enter_file(worker, entered->file, err))) return status;
    leave_batch(worker);
    contents = file_of(worker)->contents;
    status = ipc_reader_open(&worker->reader, open_file(worker), contents->batches.items[entered->batch].offset, &end, err);
    if (!status) status = ipc_batch_open(&worker->batch, &worker->reader, open_file(worker), contents, &worker->reader.header, err);
    if (status) {
        error_prefix(err, "\"%.*s\"", STRING_ARGUMENTS(file_of(worker)->path));
        return status;
    }
    place_columns(worker);
    worker->has_batch = true;
    worker->batch_number = entered->batch;
    return BP_OK;
}

static const scanned_batch *batch_of(const ipc_scan *scan, uint64_t morsel)
{
    size_t low = 0, high = scan->batch_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (scan->batches[middle].first_morsel <= morsel)
            low = middle;
        else
            high = middle;
    }
    return &scan->batches[low];
}

static bp_status claim(scan *base, scan_worker *worker_base, uint64_t *morsel, bool *end, bp_error *err)
{
    ipc_scan *scan = (ipc_scan *)base;
    ipc_worker *worker = (ipc_worker *)worker_base;
    const scanned_batch *batch;
    uint64_t rows;
    bp_status status = BP_OK;

    *morsel = atomic_fetch_add_explicit(&scan->next_morsel, 1, memory_order_relaxed);
    *end = *morsel >= scan->morsel_count;
    worker->begin = worker->row = worker->end = 0;
    if (*end) return BP_OK;
    batch = batch_of(scan, *morsel);
    rows = scan->source->files[batch->file].contents->batches.items[batch->batch].rows;
    if (scan->read_count && (status = enter_batch(worker, batch, err))) return status;
    worker->begin = worker->row = (*morsel - batch->first_morsel) * scan->morsel_rows;
    worker->end = rows - worker->row < scan->morsel_rows ? rows : worker->row + scan->morsel_rows;
    return BP_OK;
}

/* Columns ---------------------------------------------------------------------------------------------------------------------------------- */
static void release_array(struct ArrowArray *array)
{
    region_release(array->private_data);
    array->release = NULL;
}

static bp_status read_bytes(ipc_worker *worker, size_t place, size_t field, bp_error *err)
{
    const ipc_contents *contents = file_of(worker)->contents;
    read_column *read = &worker->read[place];
    ipc_dictionary_place dictionaries = {.dictionaries = &worker->scan->dictionaries[worker->file_number],
                                         .contents = contents,
                                         .file = open_file(worker),
                                         .before = contents->batches.items[worker->batch_number].dictionaries};
    region *bytes = region_new(memory_of(worker->scan));
    bp_status status;

    if (!bytes) return error_no_memory(err, memory_of(worker->scan), sizeof *read);
    status = ipc_batch_read(&worker->batch, &read->array, bytes, worker->places[place], contents->schema.children[field],
                            &contents->format.children[field], (ipc_resolver){ipc_dictionary_find, &dictionaries}, err);
    if (status)
        region_release(bytes);
    else
        read->bytes = bytes;
    return status;
}

/* The morsel's rows of a stored column. */
static bp_status make_rows(ipc_worker *worker, size_t place, size_t field, bp_error *err)
{
    read_column *read = &worker->read[place];
    struct ArrowArray array;
    bp_status status = read->bytes ? BP_OK : read_bytes(worker, place, field, err);

    if (!status) {
        array = read->array;
        array.offset = (int64_t)worker->begin;
        array.length = (int64_t)(worker->end - worker->begin);
        if (array.null_count) array.null_count = -1; /* of these rows it is not known */
        array.release = release_array;
        array.private_data = region_retain(read->bytes);
        if (read->array.length < (int64_t)worker->end) {
            release_array(&array);
            status =
                error_set(err, BP_BAD_FORMAT, "the Arrow data are damaged: column \"%.*s\" has %lld rows where its batch has %lld",
                          STRING_ARGUMENTS(file_of(worker)->contents->format.children[field].name), (long long)read->array.length,
                          (long long)worker->batch.rows);
        } else {
            status = arrow_import_column(&read->column, &read->rows, memory_of(worker->scan),
                                         file_of(worker)->contents->schema.children[field], &array, err);
        }
    }
    if (status) error_prefix(err, "\"%.*s\"", STRING_ARGUMENTS(file_of(worker)->path));
    return status;
}

static bp_status name_column(ipc_worker *worker, size_t rows, column *out, bp_error *err)
{
    string_view path = file_of(worker)->path;
    string_ref *value = arena_new(&worker->arena, string_ref);

    if (!value) return error_no_memory(err, memory_of(worker->scan), sizeof *value);
    *value = string_ref_of(path.data, path.size);
    *out = (column){.type = type_of(TYPE_VARCHAR), .encoding = COLUMN_CONSTANT, .length = rows, .values = value};
    return BP_OK;
}

/* `rows` rows of a column, from the worker's present row on. */
static bp_status slice_column(ipc_worker *worker, size_t place, size_t rows, column *out, bp_error *err)
{
    const ipc_source *source = worker->scan->source;
    size_t column = worker->scan->columns[place], field;
    bp_status status;

    if (column == source->name_column) return name_column(worker, rows, out, err);
    field = file_of(worker)->columns[column];
    if (field == IPC_NO_COLUMN) {
        *out = column_nulls(source->base.schema.types[column], rows);
        return BP_OK;
    }
    if (!worker->read[place].rows && (status = make_rows(worker, place, field, err))) return status;
    return column_slice(out, &worker->read[place].column, (size_t)(worker->row - worker->begin), rows, &worker->arena, err);
}

static bp_status filter_rows(ipc_worker *worker, size_t rows, size_t *count, bp_error *err)
{
    const ipc_scan *scan = worker->scan;
    column values;
    bp_status status;

    *count = rows;
    for (size_t i = 0; i < rows; i++) worker->selection[i] = (uint32_t)i;
    for (size_t f = 0; f < scan->filter_count && *count; f++) {
        if ((status = slice_column(worker, scan->filter_places[f], rows, &values, err))) return status;
        if ((status = row_filter_apply(&scan->filters[f], &values, worker->selection, count, &worker->arena, err))) return status;
    }
    return BP_OK;
}

/* The next `rows` rows, or those of them that pass. */
static bp_status next_rows(ipc_worker *worker, size_t rows, batch *out, bp_error *err)
{
    ipc_scan *scan = worker->scan;
    size_t count = rows;
    bp_status status = BP_OK;

    arena_reset(&worker->arena);
    out->columns = arena_new_array(&worker->arena, column, scan->column_count);
    if (!out->columns) return error_no_memory(err, memory_of(scan), scan->column_count * sizeof(column));
    if (scan->filter_count && (status = filter_rows(worker, rows, &count, err))) return status;
    for (size_t i = 0; i < scan->column_count && count && !status; i++) {
        status = slice_column(worker, i, rows, &out->columns[i], err);
        if (!status && count < rows) {
            column part = out->columns[i];
            status = column_gather(&out->columns[i], &part, worker->selection, count, &worker->arena, err);
            out->columns[i].owner = NULL;
        }
    }
    out->row_count = count;
    return status;
}

static bp_status next(scan *base, scan_worker *worker_base, batch *out, bp_error *err)
{
    ipc_scan *scan = (ipc_scan *)base;
    ipc_worker *worker = (ipc_worker *)worker_base;
    bp_status status;

    *out = (batch){.column_count = scan->column_count};
    while (worker->row < worker->end && out->row_count == 0) {
        uint64_t left = worker->end - worker->row;
        size_t rows = left < scan->batch_size ? (size_t)left : scan->batch_size;
        if ((status = cancel_check(&base->source->context->cancel, err))) return status;
        if ((status = next_rows(worker, rows, out, err))) return status;
        worker->row += rows;
    }
    return BP_OK;
}

/* Opening ----------------------------------------------------------------------------------------------------------------------------------- */
static double progress(const scan *base)
{
    const ipc_scan *scan = (const ipc_scan *)base;
    double claimed = (double)atomic_load_explicit(&scan->next_morsel, memory_order_relaxed);

    return claimed < (double)scan->morsel_count ? claimed / (double)scan->morsel_count : 1;
}

static const scan_class ipc_scan_class = {
    .free = scan_end, .worker_new = worker_make, .worker_free = worker_end, .claim = claim, .next = next, .progress = progress};

static bp_status list_batches(ipc_scan *scan, bp_error *err)
{
    const ipc_source *source = scan->source;
    size_t count = 0;

    for (size_t i = 0; i < source->file_count; i++) count += source->files[i].contents->batches.count;
    scan->batches = memory_allocate_array(memory_of(scan), count + 1, sizeof *scan->batches);
    if (!scan->batches) return error_no_memory(err, memory_of(scan), count * sizeof *scan->batches);
    scan->batch_count = count;
    count = 0;
    for (size_t i = 0; i < source->file_count; i++) {
        const ipc_blocks *batches = &source->files[i].contents->batches;
        for (size_t b = 0; b < batches->count; b++) {
            scan->batches[count++] = (scanned_batch){(uint32_t)i, (uint32_t)b, scan->morsel_count};
            scan->morsel_count += batches->items[b].rows / scan->morsel_rows + (batches->items[b].rows % scan->morsel_rows != 0);
        }
    }
    return BP_OK;
}

static bp_status make_dictionaries(ipc_scan *scan, bp_error *err)
{
    size_t count = scan->source->file_count;

    scan->dictionaries = memory_allocate_array(memory_of(scan), count, sizeof *scan->dictionaries);
    if (!scan->dictionaries) return error_no_memory(err, memory_of(scan), count * sizeof *scan->dictionaries);
    for (size_t i = 0; i < count; i++) ipc_dictionaries_init(&scan->dictionaries[i], memory_of(scan));
    return BP_OK;
}

bp_status ipc_scan_open(scan **out, source *base, const scan_request *request, bp_error *err)
{
    memory *memory = base->context->memory;
    ipc_scan *scan = memory_new(memory, ipc_scan);
    size_t filters = request->filter_count;
    bp_status status = BP_OK;

    *out = NULL;
    if (!scan) return error_no_memory(err, memory, sizeof *scan);
    scan->base = (struct scan){.class = &ipc_scan_class, .source = source_retain(base)};
    scan->source = (ipc_source *)base;
    scan->column_count = request->column_count;
    scan->filter_count = filters;
    scan->batch_size = request->batch_size ? request->batch_size : 1;
    scan->morsel_rows = 2 * (uint64_t)(base->context->config.morsel_rows ? base->context->config.morsel_rows : 1);
    atomic_init(&scan->next_morsel, 0);
    scan->columns = memory_allocate_array(memory, request->column_count + filters + 1, sizeof *scan->columns);
    scan->filters = memory_allocate_array(memory, filters + 1, sizeof *scan->filters);
    scan->filter_places = memory_allocate_array(memory, filters + 1, sizeof *scan->filter_places);
    if (!scan->columns || !scan->filters || !scan->filter_places) {
        status = error_no_memory(err, memory, (request->column_count + filters) * sizeof *scan->columns);
        goto done;
    }
    if (request->filter_count) memcpy(scan->filters, request->filters, request->filter_count * sizeof *scan->filters);
    scan->read_count = scan_place_columns(request, scan->columns, scan->filter_places);
    if ((status = list_batches(scan, err))) goto done;
    if ((status = make_dictionaries(scan, err))) goto done;
    scan->base.morsel_estimate = scan->morsel_count;
    *out = &scan->base;
    scan = NULL;
done:
    if (scan) scan_end(&scan->base);
    return status;
}
