/* Scans: morsels, batches, late reading.
 *
 * A row group of up to four times the setting morsel_rows is one morsel; larger ones are cut into morsels of twice that setting, wherever their pages are: a
 * worker's readers only go forward, and a worker claims morsels in rising order, so each unpacks a page at most once, and passes over the pages of others by
 * their headers alone. What several workers need of a group they do several times: dictionaries, and pages that morsels share. (Two workers over groups of
 * 250,000 rows took 15 % more processor time when these were cut in two.)
 *
 * Columns with filters are read first, batch by batch. Of the others only the stretch from the first row that passes to the last is read, and none where
 * no row passes; pages that fall wholly between are never unpacked, and of codes and plain values only those of rows that pass are looked at.
 *
 * A batch lies in two regions of the worker, which are used again unless a consumer has kept them: one has the columns that an Arrow array shows in place, the
 * other those that it copies, so that arrays do not keep what they do not show. Dictionaries and pages that its texts point into are regions of their own, which
 * the batch's region holds until it ends or is used again. */
#include "base/cancel.h"
#include "column/arrow.h"
#include "io/row_filter.h"
#include "parquet_room.h"
#include "parquet_scan.h"

typedef struct scanned_group {
    uint32_t file, row_group;
    uint64_t first_morsel;
} scanned_group;

typedef struct parquet_scan {
    scan base;
    parquet_source *source;
    size_t *columns; /* wanted ones, then those that filters alone need */
    size_t column_count, read_count;
    scan_filter *filters;
    size_t *filter_places;
    size_t filter_count;
    size_t batch_size;
    uint64_t morsel_rows;
    scanned_group *groups;
    size_t group_count, listed_count; /* room; those that are read */
    uint64_t morsel_count;
    _Atomic uint64_t next_morsel;
} parquet_scan;

/* Which entries of a dictionary pass a filter. */
typedef struct passing {
    uint64_t *bits;
    size_t capacity; /* words */
    uint64_t dictionary; /* parquet_reader.dictionary_number + 1; 0: none yet */
} passing;

enum { ROOM_SHOWN, ROOM_COPIED, ROOM_COUNT };

typedef struct parquet_worker {
    parquet_scan *scan;
    file file;
    bool has_group;
    uint32_t file_number, row_group;
    block_decoder *decoder;
    parquet_reader *readers; /* of the leaves of the read columns */
    size_t *first_reader; /* of each read column; SIZE_MAX: not stored */
    size_t reader_count;
    uint64_t dictionaries;
    uint64_t row, end; /* of the row group: the morsel's rows left */
    uint64_t file_row; /* of the row group's first row in its file */
    batch_room rooms[ROOM_COUNT];
    column *columns; /* read ones, then those of the batch */
    bool *is_read;
    uint32_t *selection, *shifted;
    passing *passing;
    filter_trial *trials; /* one a filter, of this morsel */
} parquet_worker;

/* Ends ---------------------------------------------------------------------------------------------------------------------------- */
static memory *memory_of(const parquet_scan *scan)
{
    return scan->source->base.context->memory;
}

static void scan_end(scan *base)
{
    parquet_scan *scan = (parquet_scan *)base;
    memory *memory = memory_of(scan);

    memory_free(memory, scan->columns, (scan->column_count + scan->filter_count + 1) * sizeof *scan->columns);
    memory_free(memory, scan->filters, (scan->filter_count + 1) * sizeof *scan->filters);
    memory_free(memory, scan->filter_places, (scan->filter_count + 1) * sizeof *scan->filter_places);
    memory_free(memory, scan->groups, (scan->group_count + 1) * sizeof *scan->groups);
    source_release(&scan->source->base);
    memory_delete(memory, scan);
}

static void close_group(parquet_worker *worker)
{
    for (size_t i = 0; i < worker->reader_count; i++) parquet_reader_close(&worker->readers[i]);
    worker->has_group = false;
}

static void worker_end(scan_worker *base)
{
    parquet_worker *worker = (parquet_worker *)base;
    parquet_scan *scan = worker->scan;
    memory *memory = memory_of(scan);

    if (worker->readers) close_group(worker);
    for (size_t i = 0; worker->passing && i < scan->filter_count; i++)
        memory_free(memory, worker->passing[i].bits, worker->passing[i].capacity * sizeof(uint64_t));
    for (size_t i = 0; i < ROOM_COUNT; i++) batch_room_clear(&worker->rooms[i]);
    memory_free(memory, worker->readers, (worker->reader_count + 1) * sizeof *worker->readers);
    memory_free(memory, worker->first_reader, (scan->read_count + 1) * sizeof *worker->first_reader);
    memory_free(memory, worker->columns, (scan->read_count + scan->column_count + 1) * sizeof *worker->columns);
    memory_free(memory, worker->is_read, (scan->read_count + 1) * sizeof *worker->is_read);
    memory_free(memory, worker->selection, scan->batch_size * sizeof *worker->selection);
    memory_free(memory, worker->shifted, scan->batch_size * sizeof *worker->shifted);
    memory_free(memory, worker->passing, (scan->filter_count + 1) * sizeof *worker->passing);
    memory_free(memory, worker->trials, (scan->filter_count + 1) * sizeof *worker->trials);
    block_decoder_free(worker->decoder);
    file_close(&worker->file);
    memory_delete(memory, worker);
}

/* A worker ------------------------------------------------------------------------------------------------------------------------- */
static bp_status worker_make(scan_worker **out, scan *base, bp_error *err)
{
    parquet_scan *scan = (parquet_scan *)base;
    const parquet_source *source = scan->source;
    memory *memory = memory_of(scan);
    parquet_worker *worker = memory_new(memory, parquet_worker);
    bp_status status;

    *out = NULL;
    if (!worker) return error_no_memory(err, memory, sizeof *worker);
    worker->scan = scan;
    for (size_t i = 0; i < ROOM_COUNT; i++) worker->rooms[i].memory = memory;
    for (size_t i = 0; i < scan->read_count; i++)
        if (scan->columns[i] < source->stored_count) worker->reader_count += source->leaf_counts[scan->columns[i]];
    worker->readers = memory_allocate_array(memory, worker->reader_count + 1, sizeof *worker->readers);
    worker->first_reader = memory_allocate_array(memory, scan->read_count + 1, sizeof *worker->first_reader);
    worker->columns = memory_allocate_array(memory, scan->read_count + scan->column_count + 1, sizeof *worker->columns);
    worker->is_read = memory_allocate_array(memory, scan->read_count + 1, sizeof *worker->is_read);
    worker->selection = memory_allocate_array(memory, scan->batch_size, sizeof *worker->selection);
    worker->shifted = memory_allocate_array(memory, scan->batch_size, sizeof *worker->shifted);
    worker->passing = memory_allocate_array(memory, scan->filter_count + 1, sizeof *worker->passing);
    worker->trials = memory_allocate_array(memory, scan->filter_count + 1, sizeof *worker->trials);
    if (!worker->readers || !worker->first_reader || !worker->columns || !worker->is_read || !worker->selection ||
        !worker->shifted || !worker->passing || !worker->trials) {
        status = error_no_memory(err, memory, worker->reader_count * sizeof *worker->readers);
        goto done;
    }
    status = block_decoder_new(&worker->decoder, memory, err);
done:
    if (status)
        worker_end((scan_worker *)worker);
    else
        *out = (scan_worker *)worker;
    return status;
}

/* Rooms --------------------------------------------------------------------------------------------------------------------------------- */
static bp_status ready_rooms(parquet_worker *worker, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < ROOM_COUNT && !status; i++) status = batch_room_ready(&worker->rooms[i], err);
    return status;
}

/* Where the values of a read column go. */
static batch_room *room_of(parquet_worker *worker, size_t place)
{
    data_type type = worker->scan->source->base.schema.types[worker->scan->columns[place]];

    return &worker->rooms[arrow_export_copies(type) ? ROOM_COPIED : ROOM_SHOWN];
}

/* Morsels --------------------------------------------------------------------------------------------------------------------------- */
/* Rows of a morsel of this row group. */
static uint64_t rows_of_morsel(const parquet_scan *scan, uint64_t group_rows)
{
    return group_rows <= 2 * scan->morsel_rows ? group_rows : scan->morsel_rows;
}

static const scanned_group *group_of(const parquet_scan *scan, uint64_t morsel)
{
    size_t low = 0, high = scan->listed_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (scan->groups[middle].first_morsel <= morsel)
            low = middle;
        else
            high = middle;
    }
    return &scan->groups[low];
}

static const parquet_node *node_of(const parquet_worker *worker, size_t place, uint32_t *id)
{
    const parquet_scan *scan = worker->scan;
    const parquet_file *file = &scan->source->files[worker->file_number];
    size_t column = scan->columns[place];

    if (column >= scan->source->stored_count || scan->source->hive_of[column] != SIZE_MAX ||
        file->columns[column] == PARQUET_NO_COLUMN)
        return NULL;
    *id = file->footer->columns[file->columns[column]];
    return &file->footer->nodes[*id];
}

static bp_status open_readers(parquet_worker *worker, bp_error *err)
{
    const parquet_scan *scan = worker->scan;
    const parquet_footer *footer = scan->source->files[worker->file_number].footer;
    size_t next = 0;
    bp_status status;

    for (size_t i = 0; i < scan->read_count; i++) {
        uint32_t id;
        const parquet_node *node = node_of(worker, i, &id);
        worker->first_reader[i] = node ? next : SIZE_MAX;
        for (size_t leaf = 0; node && leaf < node->leaf_count; leaf++, next++) {
            if (next == worker->reader_count) return ERROR_INTERNAL(err, "readers of Parquet columns");
            status = parquet_reader_open(&worker->readers[next], footer, worker->row_group, node->first_leaf + leaf, &worker->file,
                                         worker->decoder, ++worker->dictionaries, worker->reader_count, err);
            if (status) return status;
        }
    }
    return BP_OK;
}

static bp_status enter_group(parquet_worker *worker, const scanned_group *group, bp_error *err)
{
    const parquet_source *source = worker->scan->source;
    const parquet_footer *footer = source->files[group->file].footer;
    bp_status status;

    if (worker->has_group && worker->file_number == group->file && worker->row_group == group->row_group) return BP_OK;
    close_group(worker);
    if (!worker->file.is_open || worker->file_number != group->file) {
        file_close(&worker->file);
        if (worker->reader_count && (status = parquet_file_open(&worker->file, source, group->file, err))) return status;
    }
    worker->file_number = group->file;
    worker->row_group = group->row_group;
    worker->file_row = 0;
    for (size_t i = 0; i < group->row_group; i++) worker->file_row += footer->row_groups[i].row_count;
    if ((status = open_readers(worker, err))) return status;
    worker->has_group = true;
    return BP_OK;
}

/* Cut off what no row of passes the filters, as statistics tell: all, or stretches at both ends. */
static bp_status prune(parquet_worker *worker, const scanned_group *group, uint64_t *begin, uint64_t *end, bp_error *err)
{
    const parquet_scan *scan = worker->scan;
    const parquet_footer *footer = scan->source->files[group->file].footer;
    bp_status status = BP_OK;
    bool none = false;
    arena arena;

    arena_init(&arena, memory_of(scan));
    for (size_t f = 0; f < scan->filter_count && *begin < *end && !status; f++) {
        uint32_t id;
        const parquet_node *node = node_of(worker, scan->filter_places[f], &id);
        if (!node || !parquet_is_flat(footer, node) || node->type.id == TYPE_NULL) continue;
        status =
            parquet_prune_group(&none, footer, group->row_group, node->first_leaf, &worker->file, &scan->filters[f], &arena, err);
        if (none) *begin = *end;
        if (!status && !none)
            status = parquet_prune_rows(begin, end, footer, group->row_group, node->first_leaf, &worker->file, &scan->filters[f],
                                        &arena, err);
    }
    arena_clear(&arena);
    if (status && status != BP_CANCELLED) error_prefix(err, "\"%.*s\"", STRING_ARGUMENTS(scan->source->files[group->file].path));
    return status;
}

static bp_status claim(scan *base, scan_worker *worker_base, uint64_t *morsel, bool *end, bp_error *err)
{
    parquet_scan *scan = (parquet_scan *)base;
    parquet_worker *worker = (parquet_worker *)worker_base;
    const scanned_group *group;
    uint64_t rows, morsel_rows;
    bp_status status;

    *morsel = atomic_fetch_add_explicit(&scan->next_morsel, 1, memory_order_relaxed);
    worker->row = worker->end = 0;
    memset(worker->trials, 0, (scan->filter_count + 1) * sizeof *worker->trials);
    *end = *morsel >= scan->morsel_count;
    if (*end) return BP_OK;
    group = group_of(scan, *morsel);
    rows = scan->source->files[group->file].footer->row_groups[group->row_group].row_count;
    if ((status = enter_group(worker, group, err))) return status;
    morsel_rows = rows_of_morsel(scan, rows);
    worker->row = (*morsel - group->first_morsel) * morsel_rows;
    worker->end = rows - worker->row < morsel_rows ? rows : worker->row + morsel_rows;
    if (scan->filter_count && (status = prune(worker, group, &worker->row, &worker->end, err))) return status;
    for (size_t i = 0; i < worker->reader_count && worker->row < worker->end; i++) {
        parquet_reader *reader = &worker->readers[i];
        if (reader->memory) parquet_reader_skip(reader, worker->row - reader->row - reader->skip);
    }
    return BP_OK;
}

/* Columns ---------------------------------------------------------------------------------------------------------------------------- */
static void skip_column(parquet_worker *worker, size_t place, uint64_t rows)
{
    uint32_t id;
    const parquet_node *node = node_of(worker, place, &id);

    for (size_t i = 0; node && i < node->leaf_count; i++)
        parquet_reader_skip(&worker->readers[worker->first_reader[place] + i], rows);
}

/* Columns that no file holds. */
static bp_status made_column(parquet_worker *worker, size_t place, size_t offset, size_t rows, column *out, bp_error *err)
{
    batch_room *room = room_of(worker, place);
    size_t column_index = worker->scan->columns[place];
    const parquet_source *source = worker->scan->source;
    const parquet_file *file = &source->files[worker->file_number];

    if (source->hive_of[column_index] != SIZE_MAX) {
        const column *value = &file->hive[source->hive_of[column_index]];
        if (value->type.id == TYPE_VARCHAR && !column_is_null(value, 0))
            return batch_room_text(room, string_ref_view(value->values), rows, out, err);
        return batch_room_number(room, value, rows, out, err);
    }
    if (column_index == source->name_column) return batch_room_text(room, file->path, rows, out, err);
    if (column_index == source->row_number_column)
        return batch_room_row_numbers(room, worker->file_row + worker->row + offset, rows, out, err);
    *out = column_nulls(source->base.schema.types[column_index], rows);
    return BP_OK;
}

/* `rows` rows of a column, `offset` rows behind the batch's first. */
static bp_status read_column(parquet_worker *worker, size_t place, size_t offset, size_t rows, column *out, bp_error *err)
{
    const parquet_source *source = worker->scan->source;
    const parquet_footer *footer = source->files[worker->file_number].footer;
    batch_room *room = room_of(worker, place);
    parquet_target target = {.arena = region_arena(room->region), .owner = room->region, .keep = batch_room_use, .keep_data = room};
    uint32_t id;
    const parquet_node *node = node_of(worker, place, &id);
    parquet_reader *readers;
    bp_status status;

    if (!node) return made_column(worker, place, offset, rows, out, err);
    readers = &worker->readers[worker->first_reader[place]];
    if (node->type.id == TYPE_NULL) {
        parquet_reader_skip(readers, rows);
        *out = column_nulls(node->type, rows);
        return BP_OK;
    }
    if (parquet_is_flat(footer, node)) {
        status = parquet_flat_read(readers, &target, rows, out, err);
        if (status) return parquet_reader_blame(readers, status, err);
    } else if ((status = parquet_nested_read(footer, id, readers, &target, rows, out, err))) {
        return status;
    }
    out->type = source->base.schema.types[worker->scan->columns[place]];
    return BP_OK;
}

/* Filters ------------------------------------------------------------------------------------------------------------------------------ */
/* Try the filter on each entry of a dictionary, once for the dictionary. */
static bp_status try_entries(parquet_worker *worker, size_t filter, const column *entries, uint64_t dictionary, bp_error *err)
{
    passing *passing = &worker->passing[filter];
    memory *memory = memory_of(worker->scan);
    size_t words = bitmap_words(entries->length), count = entries->length;
    uint32_t *selection;
    bp_status status;

    if (passing->dictionary == dictionary) return BP_OK;
    if (words > passing->capacity) {
        memory_free(memory, passing->bits, passing->capacity * sizeof(uint64_t));
        passing->capacity = 0;
        passing->bits = memory_allocate_array(memory, words, sizeof(uint64_t));
        if (!passing->bits) return error_no_memory(err, memory, words * 8);
        passing->capacity = words;
    }
    selection = memory_allocate_array(memory, count, sizeof *selection);
    if (!selection) return error_no_memory(err, memory, count * sizeof *selection);
    for (size_t i = 0; i < count; i++) selection[i] = (uint32_t)i;
    status = row_filter_apply(&worker->scan->filters[filter], entries, selection, &count,
                              region_arena(worker->rooms[ROOM_COPIED].region), err);
    if (words) memset(passing->bits, 0, words * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) bitmap_set(passing->bits, selection[i]);
    passing->dictionary = dictionary;
    memory_free(memory, selection, entries->length * sizeof *selection);
    return status;
}

static bp_status apply_filter(parquet_worker *worker, size_t filter, size_t *count, bp_error *err)
{
    const scan_filter *condition = &worker->scan->filters[filter];
    size_t place = worker->scan->filter_places[filter], kept = 0;
    const column *values = &worker->columns[place];
    const uint32_t *codes = values->values;
    bp_status status;

    if (values->encoding != COLUMN_DICTIONARY || condition->kind == FILTER_IS_NULL || condition->kind == FILTER_NOT_NULL)
        return row_filter_apply(condition, values, worker->selection, count, region_arena(worker->rooms[ROOM_COPIED].region), err);
    status = try_entries(worker, filter, &values->children[0], worker->readers[worker->first_reader[place]].dictionary_number, err);
    if (status) return status;
    for (size_t i = 0; i < *count; i++) {
        uint32_t row = worker->selection[i];
        worker->selection[kept] = row;
        kept += bitmap_get(worker->passing[filter].bits, codes[row]) && !column_is_null(values, row);
    }
    *count = kept;
    return BP_OK;
}

static bp_status filter_rows(parquet_worker *worker, size_t rows, size_t *count, bp_error *err)
{
    const parquet_scan *scan = worker->scan;
    bp_status status;

    *count = rows;
    for (size_t i = 0; i < rows; i++) worker->selection[i] = (uint32_t)i;
    for (size_t f = 0; f < scan->filter_count && *count; f++) {
        size_t place = scan->filter_places[f];
        filter_trial *trial = &worker->trials[f];
        if (scan->filters[f].kind == FILTER_MEMBERS && filter_trial_fails(trial)) continue;
        trial->tried += *count;
        if (!worker->is_read[place] && (status = read_column(worker, place, 0, rows, &worker->columns[place], err))) return status;
        worker->is_read[place] = true;
        if ((status = apply_filter(worker, f, count, err))) return status;
        trial->passed += *count;
    }
    return BP_OK;
}

/* Whether its reader can give some rows of many. */
static bool can_pick(const parquet_worker *worker, size_t place)
{
    uint32_t id;
    const parquet_node *node = node_of(worker, place, &id);
    const parquet_footer *footer = worker->scan->source->files[worker->file_number].footer;

    return node && node->type.id != TYPE_NULL && parquet_is_flat(footer, node) && footer->leaves[node->first_leaf].width > 0;
}

static bp_status pick_column(parquet_worker *worker, size_t place, size_t rows, size_t count, column *out, bp_error *err)
{
    batch_room *room = room_of(worker, place);
    parquet_target target = {.arena = region_arena(room->region), .owner = room->region, .keep = batch_room_use, .keep_data = room};
    parquet_reader *reader = &worker->readers[worker->first_reader[place]];
    bp_status status = parquet_flat_pick(reader, &target, worker->selection, count, out, err);

    if (status) return parquet_reader_blame(reader, status, err);
    parquet_reader_skip(reader, rows - worker->selection[count - 1] - 1);
    out->type = worker->scan->source->base.schema.types[worker->scan->columns[place]];
    return BP_OK;
}

/* Column `place` of the rows selected, into the batch. */
static bp_status finish_column(parquet_worker *worker, size_t place, size_t rows, size_t count, column *out, bp_error *err)
{
    region *region = room_of(worker, place)->region;
    arena *arena = region_arena(region);
    size_t lead, span;
    column part;
    bp_status status;

    if (worker->is_read[place]) {
        part = worker->columns[place];
        if (count == rows) {
            *out = part;
            return BP_OK;
        }
        status = column_gather(out, &part, worker->selection, count, arena, err);
        out->owner = region;
        return status;
    }
    if (count == rows) return read_column(worker, place, 0, rows, out, err);
    if (can_pick(worker, place)) return pick_column(worker, place, rows, count, out, err);
    lead = worker->selection[0];
    span = worker->selection[count - 1] - lead + 1;
    skip_column(worker, place, lead);
    if ((status = read_column(worker, place, lead, span, &part, err))) return status;
    skip_column(worker, place, rows - lead - span);
    if (span == count) {
        *out = part;
        return BP_OK;
    }
    for (size_t i = 0; i < count; i++) worker->shifted[i] = worker->selection[i] - (uint32_t)lead;
    status = column_gather(out, &part, worker->shifted, count, arena, err);
    out->owner = region;
    return status;
}

static bp_status next(scan *base, scan_worker *worker_base, batch *out, bp_error *err)
{
    parquet_scan *scan = (parquet_scan *)base;
    parquet_worker *worker = (parquet_worker *)worker_base;
    column *columns = worker->columns + scan->read_count;
    bp_status status;

    *out = (batch){.column_count = scan->column_count, .columns = columns};
    while (worker->row < worker->end) {
        uint64_t left = worker->end - worker->row;
        size_t rows = left < scan->batch_size ? (size_t)left : scan->batch_size, count = rows;
        if (scan->read_count) {
            if ((status = cancel_check(&base->source->context->cancel, err))) return status;
            if ((status = ready_rooms(worker, err))) return status;
            memset(worker->is_read, 0, scan->read_count * sizeof *worker->is_read);
            if (scan->filter_count && (status = filter_rows(worker, rows, &count, err))) return status;
        }
        for (size_t i = 0; i < scan->column_count && count; i++)
            if ((status = finish_column(worker, i, rows, count, &columns[i], err))) return status;
        for (size_t i = 0; i < scan->read_count; i++)
            if (!worker->is_read[i] && (count == 0 || i >= scan->column_count)) skip_column(worker, i, rows);
        worker->row += rows;
        if (count == 0) continue;
        out->row_count = count;
        return BP_OK;
    }
    return BP_OK;
}

/* Opening ----------------------------------------------------------------------------------------------------------------------------- */
static double progress(const scan *base)
{
    const parquet_scan *scan = (const parquet_scan *)base;
    double claimed = (double)atomic_load_explicit(&scan->next_morsel, memory_order_relaxed);

    return claimed < (double)scan->morsel_count ? claimed / (double)scan->morsel_count : 1;
}

static const scan_class parquet_scan_class = {
    .free = scan_end, .worker_new = worker_make, .worker_free = worker_end, .claim = claim, .next = next, .progress = progress};

/* For a look at `pieces` places: as many row groups, spread over the files, of each the first batch. */
static void thin_out_groups(parquet_scan *scan, size_t pieces)
{
    size_t kept = 0, count = scan->group_count < pieces ? scan->group_count : pieces;

    for (size_t i = 0; i < count; i++) {
        scanned_group group = scan->groups[(2 * i + 1) * scan->group_count / (2 * count)];
        if (scan->source->files[group.file].footer->row_groups[group.row_group].row_count == 0) continue;
        group.first_morsel = kept;
        scan->groups[kept++] = group;
    }
    scan->morsel_rows = scan->batch_size;
    scan->morsel_count = kept;
    scan->listed_count = kept;
}

static bp_status list_groups(parquet_scan *scan, bp_error *err)
{
    const parquet_source *source = scan->source;
    size_t count = 0;

    for (size_t i = 0; i < source->file_count; i++) count += source->files[i].footer->row_group_count;
    scan->groups = memory_allocate_array(memory_of(scan), count + 1, sizeof *scan->groups);
    if (!scan->groups) return error_no_memory(err, memory_of(scan), count * sizeof *scan->groups);
    scan->group_count = scan->listed_count = count;
    count = 0;
    for (size_t i = 0; i < source->file_count; i++) {
        const parquet_footer *footer = source->files[i].footer;
        for (size_t group = 0; group < footer->row_group_count; group++) {
            uint64_t rows = footer->row_groups[group].row_count;
            scan->groups[count++] = (scanned_group){(uint32_t)i, (uint32_t)group, scan->morsel_count};
            if (rows) scan->morsel_count += (rows - 1) / rows_of_morsel(scan, rows) + 1;
        }
    }
    return BP_OK;
}

bp_status parquet_scan_open(scan **out, source *base, const scan_request *request, bp_error *err)
{
    bp_context *context = base->context;
    memory *memory = context->memory;
    parquet_scan *scan = memory_new(memory, parquet_scan);
    size_t filters = request->filter_count;
    bp_status status = BP_OK;

    *out = NULL;
    if (!scan) return error_no_memory(err, memory, sizeof *scan);
    scan->base = (struct scan){.class = &parquet_scan_class, .source = source_retain(base)};
    scan->source = (parquet_source *)base;
    scan->column_count = request->column_count;
    scan->filter_count = filters;
    scan->batch_size = request->batch_size ? request->batch_size : 1;
    scan->morsel_rows = 2 * (uint64_t)(context->config.morsel_rows ? context->config.morsel_rows : 1);
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
    if ((status = list_groups(scan, err))) goto done;
    if (request->pieces) thin_out_groups(scan, request->pieces);
    scan->base.morsel_estimate = scan->morsel_count;
    *out = &scan->base;
    scan = NULL;
done:
    if (scan) scan_end(&scan->base);
    return status;
}
