/* What is wrong with a row, in words, and the list of rows left out.
 *
 * Line numbers are not carried along while reading: when an error is to be told, the file's text is read again up to its place and its
 * lines are counted. */
#include "io/csv_internal.h"

#define COUNT_SIZE ((size_t)1 << 16)
#define ROW_TEXT_SHOWN 120

/* The line (from 1) that byte `offset` of the text stands in; 0: it cannot be told any more. */
static uint64_t line_of(const csv_source *source, size_t file, uint64_t offset)
{
    memory *memory = source->base.context->memory;
    char *piece = memory_allocate(memory, COUNT_SIZE);
    csv_input input = {0};
    uint64_t line = 1, position = 0;
    bool after_return = false;
    size_t count = 1;

    if (!piece || csv_file_open(&input, source, file, NULL)) goto failed;
    while (position < offset && count) {
        size_t wanted = offset - position < COUNT_SIZE ? (size_t)(offset - position) : COUNT_SIZE;
        if (wanted < 4) wanted = 4;
        if (csv_input_read(&input, piece, wanted, &count, NULL)) goto failed;
        if (count > offset - position) count = (size_t)(offset - position);
        for (size_t i = 0; i < count; i++) { /* LF, CRLF and CR alone */
            if (piece[i] == '\n') line += !after_return;
            after_return = piece[i] == '\r';
            line += after_return;
        }
        position += count;
    }
done:
    csv_input_close(&input);
    memory_free(memory, piece, COUNT_SIZE);
    return line;
failed:
    line = 0;
    goto done;
}

static string_view shown(string_view text)
{
    if (text.size > ROW_TEXT_SHOWN) text.size = ROW_TEXT_SHOWN;
    while (text.size && (text.data[text.size - 1] & 0xc0) == 0x80) text.size--;
    if (text.size && (unsigned char)text.data[text.size - 1] >= 0xc0) text.size--;
    return text;
}

static string_view column_name(const csv_source *source, const csv_place *place)
{
    return place->column < source->column_count ? source->columns[place->column].name : STRING_VIEW("");
}

/* The sentence without file and line. */
static void describe(const csv_source *source, const csv_place *place, builder *out)
{
    string_view name = column_name(source, place), text = shown(place->field_text);

    switch (place->kind) {
    case CSV_REJECT_CAST:
        if (place->field_text.size > LIMIT_CSV_FIELD_SIZE) {
            builder_format(out, "column \"%.*s\": a field of %zu bytes; at most %d are read; a quote may be open",
                           STRING_ARGUMENTS(name), place->field_text.size, LIMIT_CSV_FIELD_SIZE);
            break;
        }
        builder_format(out, "column \"%.*s\": '%.*s' is not a %s", STRING_ARGUMENTS(name), STRING_ARGUMENTS(text), "");
        type_print(out, place->type);
        break;
    case CSV_REJECT_MISSING_COLUMNS:
    case CSV_REJECT_TOO_MANY_COLUMNS:
        builder_format(out, "expected %zu columns but found %zu", source->files[place->file].field_count, place->fields_found);
        break;
    case CSV_REJECT_UNQUOTED: builder_literal(out, "a quote is not closed, or text follows a closing quote"); break;
    case CSV_REJECT_LINE_SIZE:
        builder_format(out, "the row is longer than %zu bytes (max_line_size); a quote may be open", source->dialect.maximum_row);
        break;
    case CSV_REJECT_ENCODING:
        builder_format(out, "column \"%.*s\" is not valid UTF-8 at byte %llu of the file", STRING_ARGUMENTS(name),
                       (unsigned long long)place->field_offset);
        break;
    }
}

static const char *advice(csv_reject_kind kind)
{
    switch (kind) {
    case CSV_REJECT_CAST: return "give the column another type with types, name the text in nullstr, or set ignore_errors=true";
    case CSV_REJECT_MISSING_COLUMNS:
        return "set null_padding=true to fill up with NULLs, or ignore_errors=true to leave such rows out";
    case CSV_REJECT_TOO_MANY_COLUMNS: return "set strict_mode=false to cut such rows, or ignore_errors=true to leave them out";
    case CSV_REJECT_UNQUOTED: return "set strict_mode=false or another quote, or ignore_errors=true to leave such rows out";
    case CSV_REJECT_LINE_SIZE: return "raise max_line_size, or check the quote";
    case CSV_REJECT_ENCODING: return "set encoding='latin-1' or 'utf-16', or ignore_errors=true";
    }
    return "";
}

bp_status csv_error(const csv_source *source, const csv_place *place, bp_error *err)
{
    bp_status status = place->kind == CSV_REJECT_CAST        ? BP_CONVERSION
                       : place->kind == CSV_REJECT_LINE_SIZE ? BP_LIMIT
                                                             : BP_BAD_FORMAT;
    uint64_t line = line_of(source, place->file, place->row_offset);
    string_view path = source->files[place->file].path, row = shown(place->row_text);
    builder sentence;

    builder_init(&sentence, source->base.context->memory, 4096);
    describe(source, place, &sentence);
    error_set_line(err, status, line, place->column == SIZE_MAX ? 0 : place->column + 1,
                   "\"%.*s\" line %llu: %.*s; the row is: %.*s; %s", STRING_ARGUMENTS(path), (unsigned long long)line,
                   STRING_ARGUMENTS(builder_view(&sentence)), STRING_ARGUMENTS(row), advice(place->kind));
    builder_clear(&sentence);
    return status;
}

/* Rejects ------------------------------------------------------------------------------------------------------------------------------ */
string_view csv_reject_kind_name(csv_reject_kind kind)
{
    switch (kind) {
    case CSV_REJECT_CAST: return STRING_VIEW("CAST");
    case CSV_REJECT_MISSING_COLUMNS: return STRING_VIEW("MISSING COLUMNS");
    case CSV_REJECT_TOO_MANY_COLUMNS: return STRING_VIEW("TOO MANY COLUMNS");
    case CSV_REJECT_UNQUOTED: return STRING_VIEW("UNQUOTED VALUE");
    case CSV_REJECT_LINE_SIZE: return STRING_VIEW("LINE SIZE OVER MAXIMUM");
    case CSV_REJECT_ENCODING: return STRING_VIEW("INVALID ENCODING");
    }
    return STRING_VIEW("");
}

static bp_status add_locked(csv_source *source, const csv_place *place, bp_error *err)
{
    csv_reject_list *list = source->rejects;
    memory *memory = source->base.context->memory;
    builder sentence;
    csv_reject *item;

    if (list->count == list->capacity) {
        size_t wanted = list->capacity ? list->capacity * 2 : 16;
        void *items = memory_resize(memory, list->items, list->capacity * sizeof *list->items, wanted * sizeof *list->items);
        if (!items) return error_no_memory(err, memory, wanted * sizeof *list->items);
        list->items = items;
        list->capacity = wanted;
    }
    item = &list->items[list->count];
    *item = (csv_reject){.file = place->file,
                         .line_position = place->row_offset,
                         .byte_position = place->field_offset,
                         .column = place->column == SIZE_MAX ? 0 : place->column + 1,
                         .kind = place->kind};
    builder_init(&sentence, memory, 4096);
    describe(source, place, &sentence);
    item->message = arena_copy(&list->arena, builder_view(&sentence));
    item->text = arena_copy(&list->arena, place->row_text);
    item->column_name = arena_copy(&list->arena, column_name(source, place));
    builder_clear(&sentence);
    if (!item->message.data || !item->text.data || !item->column_name.data)
        return error_no_memory(err, memory, place->row_text.size);
    list->count++;
    list->sorted = false;
    return BP_OK;
}

bp_status csv_reject_add(csv_source *source, const csv_place *place, bp_error *err)
{
    csv_reject_list *list = source->rejects;
    bp_status status = BP_OK;

    if (!source->options.store_rejects) return BP_OK;
    mutex_lock(&list->lock);
    if (!source->options.rejects_limit || list->count < source->options.rejects_limit) status = add_locked(source, place, err);
    mutex_unlock(&list->lock);
    return status;
}

static bool comes_before(const csv_reject *left, const csv_reject *right)
{
    if (left->file != right->file) return left->file < right->file;
    if (left->line_position != right->line_position) return left->line_position < right->line_position;
    return left->column < right->column;
}

static void sift_down(csv_reject *items, size_t root, size_t count)
{
    for (size_t child = 2 * root + 1; child < count; root = child, child = 2 * root + 1) {
        csv_reject swap = items[root];
        if (child + 1 < count && comes_before(&items[child], &items[child + 1])) child++;
        if (!comes_before(&items[root], &items[child])) return;
        items[root] = items[child];
        items[child] = swap;
    }
}

/* Workers add in the order of their blocks' ends; told is the order of the file. */
static void sort_rejects(csv_reject *items, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) sift_down(items, i, count);
    for (size_t i = count; i-- > 1;) {
        csv_reject last = items[i];
        items[i] = items[0];
        items[0] = last;
        sift_down(items, 0, i);
    }
}

bp_status csv_source_rejects(source *base, const csv_reject **rejects, size_t *count, bp_error *err)
{
    csv_source *source = (csv_source *)base;
    csv_reject_list *list = source->rejects;

    if (!list->sorted) {
        sort_rejects(list->items, list->count);
        for (size_t i = 0; i < list->count; i++) {
            csv_reject *item = &list->items[i];
            if (i && item[-1].file == item->file && item[-1].line_position == item->line_position)
                item->line = item[-1].line;
            else if (!item->line)
                item->line = line_of(source, (size_t)item->file, item->line_position);
        }
        list->sorted = true;
    }
    *rejects = list->items;
    *count = list->count;
    return BP_OK;
}
