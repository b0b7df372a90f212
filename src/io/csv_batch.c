/* Batches: rows of a worker's block become columns.
 *
 * A batch's memory is one block of the worker's region, used again for the next batch unless a consumer has kept the region; so a
 * streaming query stays in the processor's cache. Text is copied once, out of the block into the batch, where it does not fit the
 * string_ref itself: a consumer that keeps three columns of a wide file keeps their bytes, not the file's.
 *
 * Columns with filters are parsed first; only the rows that pass are parsed in the other columns. */
#include "io/csv_scan.h"
#include "io/row_filter.h"

#define KEPT_REGION_SIZE ((size_t)4 << 20)
#define KEPT_BATCHES 8 /* a kept region is at most this many batches long */

static size_t value_bytes(data_type type, size_t rows)
{
    physical_type physical = type_physical(type);

    return physical == PHYSICAL_BIT ? bitmap_words(rows) * 8 : rows * physical_width(physical);
}

/* Memory for the columns of `rows` rows and about as much text as the last batch had. While nobody keeps the region it is used again from its
 * start; once somebody does, batches are put one behind the other into larger regions, since small blocks of fresh pages are dear. */
static bp_status ready_region(csv_scan *scan, csv_worker *worker, size_t rows, bp_error *err)
{
    memory *memory = scan->source->base.context->memory;
    size_t size = (worker->heap_estimate += worker->heap.overflow) + 4096;
    bool kept = worker->region && region_is_shared(worker->region);
    char *block;

    for (size_t i = 0; i < scan->parsed_count; i++)
        size += value_bytes(worker->parsed[i].type, rows) + bitmap_words(rows) * 8 + 128;
    worker->heap.overflow = 0;
    if (kept && (size_t)(worker->heap.end - worker->heap.next) >= size) return BP_OK;
    if (kept) {
        region_release(worker->region);
        worker->region = NULL;
        if (size < KEPT_REGION_SIZE) size = size * KEPT_BATCHES < KEPT_REGION_SIZE ? size * KEPT_BATCHES : KEPT_REGION_SIZE;
    }
    if (!worker->region && !(worker->region = region_new(memory))) return error_no_memory(err, memory, size);
    arena_reset(region_arena(worker->region));
    block = arena_allocate_aligned(region_arena(worker->region), size, 64);
    if (!block) return error_no_memory(err, memory, size);
    worker->heap = (csv_heap){.next = block, .end = block + size, .arena = region_arena(worker->region)};
    return BP_OK;
}

/* From the block while it lasts: fixed parts are taken before text. */
static void *take(csv_worker *worker, size_t size)
{
    uintptr_t next = ((uintptr_t)worker->heap.next + 63) & ~(uintptr_t)63;

    if (next + size <= (uintptr_t)worker->heap.end) {
        worker->heap.next += next - (uintptr_t)worker->heap.next + size;
        return worker->heap.next - size;
    }
    return arena_allocate_aligned(worker->heap.arena, size, 64);
}

/* What a batch is made from: rows of a slot matrix. */
typedef struct cut {
    const uint32_t *slots; /* of its first row */
    size_t stride, rows;
    bool dropped_any;
    uint64_t *dropped; /* rows with a value that does not fit (ignore_errors) */
} cut;

static void place_of_row(const csv_scan *scan, const csv_worker *worker, size_t begin, size_t end, csv_place *out)
{
    *out = (csv_place){
        .file = worker->file, .column = SIZE_MAX, .row_offset = worker->offset + begin, .field_offset = worker->offset + begin};
    if (end > worker->window.size) end = worker->window.size;
    out->row_text = (string_view){worker->rows.text + begin, end > begin ? end - begin : 0};
    if (out->row_text.size && out->row_text.data[out->row_text.size - 1] == '\r') out->row_text.size--;
}

/* A row that is not like the others stands here. */
static bp_status pass_bad_row(csv_scan *scan, csv_worker *worker, bp_error *err)
{
    const csv_bad_row *bad = &worker->rows.bad[worker->bad++];
    csv_place place;

    place_of_row(scan, worker, bad->begin, bad->end, &place);
    place.kind = bad->kind;
    place.fields_found = bad->field_count;
    if (scan->settling) return BP_OK;
    if (!scan->source->options.ignore_errors) return csv_error(scan->source, &place, err);
    return csv_reject_add(scan->source, &place, err);
}

/* A value does not fit its column. BP_OK: the row is dropped. */
static bp_status refuse_value(csv_scan *scan, csv_worker *worker, cut *cut, const csv_parse *parse, size_t schema_column,
                              size_t row, bp_error *err)
{
    const uint32_t *slots = cut->slots + row * cut->stride;
    size_t fields = worker->rows.column_count;
    string_view field = csv_parse_field(parse, row);
    csv_place place;

    if (!parse->column->given && !parse->bad_encoding && parse->column->type.id != TYPE_VARCHAR &&
        !scan->source->options.ignore_errors) {
        atomic_store(&scan->source->base.misfit, true);
        return error_set(err, BP_CONVERSION, "\"%.*s\": column \"%.*s\" is not what its sample looked like: '%.*s'",
                         STRING_ARGUMENTS(scan->source->files[worker->file].path), STRING_ARGUMENTS(parse->column->name),
                         STRING_ARGUMENTS(field));
    }
    place_of_row(scan, worker, (size_t)(uint32_t)(slots[0] + 1), slots[fields], &place);
    place.kind = parse->bad_encoding ? CSV_REJECT_ENCODING : CSV_REJECT_CAST;
    place.column = schema_column;
    place.field_text = field;
    place.field_offset = worker->offset + (uint64_t)(field.data - worker->rows.text);
    place.type = parse->column->type;
    if (!scan->source->options.ignore_errors) return csv_error(scan->source, &place, err);
    if (!cut->dropped) {
        cut->dropped = arena_allocate_zeroed(worker->heap.arena, bitmap_words(cut->rows) * 8);
        if (!cut->dropped) return error_no_memory(err, scan->source->base.context->memory, bitmap_words(cut->rows) * 8);
    }
    cut->dropped_any = true;
    bitmap_set(cut->dropped, row);
    return csv_reject_add(scan->source, &place, err);
}

static void widen(csv_column *column)
{
    column->type = csv_type_wider(column);
    column->format = (string_view){0};
}

/* Parse one column of the cut into worker->columns[index]. */
static bp_status parse_column(csv_scan *scan, csv_worker *worker, cut *cut, size_t index, bp_error *err)
{
    const csv_file *file = &scan->source->files[worker->file];
    csv_column *how = &worker->parsed[index];
    column *out = &worker->columns[index];
    size_t schema_column = scan->columns[index], rows = cut->rows, row = 0;
    uint32_t field = file->fields ? file->fields[schema_column] : (uint32_t)schema_column;
    size_t words = bitmap_words(rows) * 8;
    csv_parse parse;
    bp_status status;

    if (field == CSV_NO_FIELD) {
        *out = column_nulls(how->type, rows);
        return BP_OK;
    }
    parse = (csv_parse){.text = worker->rows.text,
                        .slots = cut->slots + field,
                        .stride = cut->stride,
                        .trail = worker->rows.trail,
                        .last = field + 1 == worker->rows.column_count,
                        .odd = worker->rows.odd,
                        .escapes = worker->rows.escapes,
                        .check_utf8 = worker->check_utf8,
                        .column = how,
                        .rules = &scan->source->rules,
                        .heap = &worker->heap};
    parse.values = take(worker, value_bytes(how->type, rows));
    parse.validity = take(worker, words);
    if (!parse.values || !parse.validity)
        return error_no_memory(err, scan->source->base.context->memory, value_bytes(how->type, rows));
    memset(parse.validity, 0xff, words);
    if (how->type.id == TYPE_BOOLEAN) memset(parse.values, 0, words);
    while ((row = csv_parse_rows(&parse, row, rows)) < rows) {
        if (scan->settling && !how->given && how->type.id != TYPE_VARCHAR) {
            widen(how);
            if (how->type.id == TYPE_VARCHAR) return BP_OK; /* nothing more to find out */
            parse.values = take(worker, value_bytes(how->type, rows)); /* values of the wider type go on from this row */
            if (!parse.values) return error_no_memory(err, scan->source->base.context->memory, value_bytes(how->type, rows));
            continue;
        }
        if (scan->settling) return BP_OK;
        if ((status = refuse_value(scan, worker, cut, &parse, schema_column, row, err))) return status;
        parse.bad_encoding = false;
        bitmap_unset(parse.validity, row);
        parse.null_count++;
        if (how->type.id != TYPE_BOOLEAN) {
            size_t width = physical_width(type_physical(how->type));
            memset((char *)parse.values + row * width, 0, width);
        }
        row++;
    }
    if (row == SIZE_MAX) return error_no_memory(err, scan->source->base.context->memory, 65536);
    *out = (column){.type = how->type,
                    .length = rows,
                    .values = parse.values,
                    .validity = parse.null_count ? parse.validity : NULL,
                    .owner = worker->region};
    return BP_OK;
}

static bp_status file_name_column(csv_scan *scan, csv_worker *worker, size_t index, size_t rows, bp_error *err)
{
    string_view path = scan->source->files[worker->file].path;
    string_ref *value = take(worker, sizeof *value);

    if (!value) return error_no_memory(err, scan->source->base.context->memory, sizeof *value);
    *value = string_ref_of(path.data, path.size);
    worker->columns[index] = (column){.type = type_of(TYPE_VARCHAR), .encoding = COLUMN_CONSTANT, .length = rows, .values = value};
    return BP_OK;
}

static bp_status make_column(csv_scan *scan, csv_worker *worker, cut *cut, size_t index, bp_error *err)
{
    if (scan->columns[index] == scan->source->column_count) return file_name_column(scan, worker, index, cut->rows, err);
    return parse_column(scan, worker, cut, index, err);
}

/* Keep the rows selection[0..count) of the columns made so far (made[i] set). */
static bp_status gather(csv_scan *scan, csv_worker *worker, const bool *made, size_t count, bp_error *err)
{
    for (size_t i = 0; i < scan->parsed_count; i++) {
        column out;
        bp_status status;
        if (!made[i]) continue;
        status = column_gather(&out, &worker->columns[i], worker->selection, count, worker->heap.arena, err);
        if (status) return status;
        out.owner = worker->columns[i].owner;
        worker->columns[i] = out;
    }
    return BP_OK;
}

/* The slots of the selected rows, one behind the other, so that the loops of csv_column.c need not know of selections. */
static bp_status select_slots(csv_worker *worker, cut *cut, size_t count, bp_error *err)
{
    csv_numbers *out = &worker->selected_slots;
    size_t width = worker->rows.column_count + 1;
    bp_status status = csv_numbers_reserve(out, worker->rows.memory, count * width, err);

    if (status) return status;
    for (size_t i = 0; i < count; i++) memcpy(out->items + i * width, cut->slots + worker->selection[i] * cut->stride, width * 4);
    cut->slots = out->items;
    cut->stride = width;
    cut->rows = count;
    return BP_OK;
}

static void drop_rows(csv_worker *worker, cut *cut, size_t *count)
{
    *count = 0;
    for (size_t row = 0; row < cut->rows; row++) {
        if (!bitmap_get(cut->dropped, row)) worker->selection[(*count)++] = (uint32_t)row;
    }
}

/* Filters: parse their columns, cut down the rows. */
static bp_status apply_filters(csv_scan *scan, csv_worker *worker, cut *cut, bool *made, bp_error *err)
{
    size_t count = cut->rows;
    bp_status status;

    for (size_t row = 0; row < cut->rows; row++) worker->selection[row] = (uint32_t)row;
    for (size_t f = 0; f < scan->filter_count && count; f++) {
        size_t index = scan->filter_places[f];
        if (!made[index] && (status = make_column(scan, worker, cut, index, err))) return status;
        made[index] = true;
        status = row_filter_apply(&scan->filters[f], &worker->columns[index], worker->selection, &count, worker->heap.arena, err);
        if (status) return status;
    }
    if (cut->dropped_any) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            if (!bitmap_get(cut->dropped, worker->selection[i])) worker->selection[kept++] = worker->selection[i];
        }
        count = kept;
        cut->dropped = NULL;
        cut->dropped_any = false;
    }
    if (count == cut->rows) return BP_OK;
    if (count && (status = gather(scan, worker, made, count, err))) return status;
    if (!count) {
        cut->rows = 0;
        return BP_OK;
    }
    return select_slots(worker, cut, count, err);
}

/* Columns of rows [worker->row, +rows), at most a batch. */
static bp_status make_batch(csv_scan *scan, csv_worker *worker, size_t rows, size_t *left, bp_error *err)
{
    cut cut = {.slots = worker->rows.base + worker->row * worker->rows.stride, .stride = worker->rows.stride, .rows = rows};
    bool *made;
    bp_status status;

    *left = rows;
    if (scan->parsed_count == 0) return BP_OK;
    if ((status = ready_region(scan, worker, rows, err))) return status;
    made = take(worker, scan->parsed_count);
    if (!made) return error_no_memory(err, scan->source->base.context->memory, scan->parsed_count);
    memset(made, 0, scan->parsed_count);
    if (scan->filter_count && (status = apply_filters(scan, worker, &cut, made, err))) return status;
    *left = cut.rows;
    if (!cut.rows) return BP_OK;
    for (size_t i = 0; i < scan->column_count; i++) {
        if (made[i]) continue;
        if ((status = make_column(scan, worker, &cut, i, err))) return status;
        made[i] = true;
    }
    if (cut.dropped_any) {
        drop_rows(worker, &cut, left);
        if (*left && (status = gather(scan, worker, made, *left, err))) return status;
    }
    return BP_OK;
}

bp_status csv_batch_next(csv_scan *scan, csv_worker *worker, batch *out, bp_error *err)
{
    const csv_rows *rows = &worker->rows;
    bp_status status;

    *out = (batch){.column_count = scan->column_count, .columns = worker->columns};
    while (out->row_count == 0) {
        size_t count = rows->row_count - worker->row;
        if (worker->bad < rows->bad_count) {
            size_t before = rows->bad[worker->bad].row - worker->row;
            if (before == 0) {
                if ((status = pass_bad_row(scan, worker, err))) return status;
                continue;
            }
            if (before < count) count = before;
        }
        if (count == 0) return BP_OK;
        if (count > scan->batch_size) count = scan->batch_size;
        if ((status = make_batch(scan, worker, count, &out->row_count, err))) return status;
        worker->row += count;
    }
    return BP_OK;
}
