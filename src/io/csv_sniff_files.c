/* Sniffing the files of a source: dialect, header, names, types; and where each file's rows begin.
 *
 * The first file is looked at in full: its dialect from the top; its types from a sample, the top of the file and pieces spread over the rest.
 * A small file is its own sample, and then the types are final. The other files are opened too: their headers are compared, so that columns in
 * another order are found by name; with union_by_name each is sniffed like the first and the columns are united. */
#include "io/csv_sniff.h"

#include "base/hash.h"
#include "base/utf8_check.h"

#define TOP_SIZE                                                                                                                   \
    ((size_t)1 << 19)     /* bytes of the sample at the top of a file; a file of up to twice that is looked at as a whole */
#define PIECE_SIZE ((size_t)1 << 15)   /* of each further piece */
#define PIECE_COUNT 8
#define GUESS_ROWS 128                 /* rows whose values are looked at one by one; the others are parsed as what was found */
#define READ_SIZE ((size_t)1 << 16)
#define CHECK_ROWS 256 /* 512 and more: a tenth slower for flights */

/* A file that is being sniffed. */
typedef struct open_file {
    csv_source *source;
    size_t number;
    csv_input input;
    csv_window window;
    size_t begin; /* of the text behind a mark and skipped lines */
    csv_dialect_result dialect;
    csv_sample sample;
    csv_guess *guesses;
    csv_column *columns; /* as the file has them */
    uint32_t *names, *suffixes; /* column + 1 by the hash of its name, 0: empty; the last suffix tried for a column's name */
    size_t name_mask;
    size_t column_count;
    bool header, whole;
    uint64_t data_start, sample_rows;
} open_file;

/* `size` more bytes, or fewer: then what there is in a stream, or all that is left. */
static bp_status read_some(csv_window *window, csv_input *input, size_t size, bp_error *err)
{
    bool plain = csv_input_is_plain(input);
    size_t count;
    uint64_t left = plain ? file_size(input->file) - window->size : UINT64_MAX; /* the window begins where the file does */
    bp_status status;

    if (left < size) size = (size_t)left;
    if ((status = csv_window_reserve(window, window->size + size, err))) return status;
    if (plain)
        status = csv_input_read_at(input, window->size, window->text + window->size, size, &count, err);
    else
        status = csv_input_read(input, window->text + window->size, size, &count, err);
    if (status) return status;
    window->size += count;
    window->at_end = count == 0 || count == left;
    memset(window->text + window->size, 0, CSV_PADDING);
    return BP_OK;
}

static bp_status read_more(csv_window *window, void *data, bp_error *err)
{
    return read_some(window, data, window->size < READ_SIZE ? READ_SIZE : window->size, err);
}

/* Whether the file goes on behind its top. */
static bool has_rest(const open_file *file, size_t begin)
{
    return csv_input_is_plain(&file->input) && file_size(file->input.file) >= begin + 2 * TOP_SIZE;
}

/* Room at once for what will be looked at; of large files always the same, so that the memory's kept block fits. */
static size_t window_size(const open_file *file)
{
    if (!csv_input_is_plain(&file->input)) return READ_SIZE;
    return has_rest(file, 0) ? TOP_SIZE + READ_SIZE : (size_t)file_size(file->input.file);
}

static void close_file(open_file *file)
{
    memory *memory = file->source->base.context->memory;

    memory_free(memory, file->guesses, (file->column_count + 1) * sizeof *file->guesses);
    csv_sample_clear(&file->sample);
    csv_window_clear(&file->window);
    csv_input_close(&file->input);
}

/* Past a byte order mark and the lines that the user wants skipped. */
static bp_status skip_lines(open_file *file, int64_t lines, bp_error *err)
{
    csv_window *window = &file->window;
    size_t position = 0;
    bp_status status;

    while (window->size < READ_SIZE && !window->at_end) {
        if ((status = read_more(window, &file->input, err))) return status;
    }
    if (window->size >= 3 && memcmp(window->text, "\xef\xbb\xbf", 3) == 0) position = 3;
    while (lines > 0) {
        if (position + 1 >= window->size && !window->at_end) {
            if ((status = read_more(window, &file->input, err))) return status;
            continue;
        }
        if (position >= window->size) break;
        if (window->text[position] == '\n')
            lines--;
        else if (window->text[position] == '\r' && !(position + 1 < window->size && window->text[position + 1] == '\n'))
            lines--;
        position++;
    }
    file->begin = position;
    return BP_OK;
}

static bp_status open_one(open_file *file, csv_source *source, size_t number, bp_error *err)
{
    csv_file *info = &source->files[number];
    bp_context *context = source->base.context;
    bp_status status;

    *file = (open_file){.source = source, .number = number};
    csv_window_init(&file->window, context->memory);
    file->window.cancel = &context->cancel;
    file->window.more = read_more;
    file->window.data = &file->input;
    file->sample = (csv_sample){.memory = context->memory, .window = &file->window};
    if ((status =
             csv_input_open(&file->input, context, info->path, NULL, source->options.compression, source->options.encoding, err)))
        return status;
    info->identity = file->input.file->identity;
    if (file->input.file->temporary) info->identity.size = file_size(file->input.file);
    if ((status = csv_window_reserve(&file->window, window_size(file), err))) return status;
    return skip_lines(file, source->options.skip > 0 ? source->options.skip : 0, err);
}

/* Defaults where nothing is to be sniffed. */
static void plain_dialect(csv_dialect_result *out, const csv_options *options, size_t begin)
{
    csv_dialect *dialect = &out->dialect;

    *out = (csv_dialect_result){.begin = begin, .new_line = options->new_line};
    *dialect = (csv_dialect){.delimiter = {','},
                             .delimiter_size = 1,
                             .strict = options->strict_mode,
                             .null_padding = options->null_padding,
                             .maximum_row = options->max_line_size,
                             .new_line = options->new_line};
    if (options->delimiter.size) {
        memcpy(dialect->delimiter, options->delimiter.data, options->delimiter.size);
        dialect->delimiter_size = (uint8_t)options->delimiter.size;
    }
    dialect->quote = options->quote == CSV_AUTO ? '"' : options->quote;
    dialect->escape = options->escape == CSV_AUTO ? dialect->quote : options->escape;
    dialect->comment = options->comment == CSV_AUTO ? CSV_NO_CHARACTER : options->comment;
    out->field_count = options->columns.count;
}

static bp_status find_dialect(open_file *file, bp_error *err)
{
    const csv_options *options = &file->source->options;

    if (options->auto_detect) return csv_sniff_dialect(&file->dialect, &file->window, options, file->begin, err);
    plain_dialect(&file->dialect, options, file->begin);
    return BP_OK;
}

static void use_dialect(csv_source *source, const csv_dialect *dialect)
{
    source->dialect = *dialect;
    source->rules.quote = dialect->quote;
    source->rules.escape = dialect->escape;
    source->rules.strict = dialect->strict;
}

/* Names --------------------------------------------------------------------------------------------------------------------------------- */
static string_view normal_name(string_view name, arena *arena)
{
    bool digit = name.size && ascii_is_digit((unsigned char)name.data[0]);
    char *out = arena_allocate(arena, name.size + 1);
    size_t size = 0;

    if (!out) return (string_view){0};
    if (digit) out[size++] = '_';
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool fine = c >= 0x80 || ascii_is_digit(c) || ascii_is_alpha(c);
        if (fine)
            out[size++] = (char)ascii_lower(c);
        else if (!size || out[size - 1] != '_')
            out[size++] = '_';
    }
    while (size > 1 && out[size - 1] == '_') size--;
    return (string_view){out, size};
}

/* Where a column's name is or goes: by hash, because ten thousand columns may all be named alike. */
static uint32_t *name_place(const open_file *file, string_view name)
{
    uint64_t hash = 0;

    for (size_t i = 0; i < name.size; i++) hash = hash_combine(hash, (uint64_t)ascii_lower((unsigned char)name.data[i]));
    for (size_t at = (size_t)hash & file->name_mask;; at = (at + 1) & file->name_mask) {
        uint32_t *place = &file->names[at];
        if (!*place || string_equal_nocase(file->columns[*place - 1].name, name)) return place;
    }
}

/* Names leave the library, so they are UTF-8: else an error or, where errors are ignored, ? for each wrong byte. */
static bp_status check_name(open_file *file, size_t index, string_view *name, bp_error *err)
{
    arena *arena = &file->source->arena;
    char *mended;

    if (!name->size || utf8_valid(name->data, name->size)) return BP_OK;
    if (!file->source->options.ignore_errors)
        return error_set(err, BP_BAD_FORMAT, "\"%.*s\": the name of column %zu is not UTF-8; try encoding='latin-1' or 'utf-16'",
                         STRING_ARGUMENTS(file->source->files[file->number].path), index + 1);
    if (!(mended = arena_allocate(arena, name->size))) return error_no_memory(err, arena->memory, name->size);
    memcpy(mended, name->data, name->size);
    for (size_t at = 0; (at += utf8_find_invalid(mended + at, name->size - at)) < name->size;) mended[at] = '?';
    name->data = mended;
    return BP_OK;
}

/* A cell of the header, or the default name; made unique by _1, _2 … */
static bp_status name_column(open_file *file, size_t index, string_view text, bp_error *err)
{
    arena *arena = &file->source->arena;
    const csv_options *options = &file->source->options;
    string_view name = string_trim(text), base;
    uint32_t first;
    bp_status status;

    if (index < options->names.count)
        name = options->names.items[index];
    else if (name.size && options->normalize_names)
        name = normal_name(name, arena);
    else if (name.size)
        name = arena_copy(arena, name);
    if ((status = check_name(file, index, &name, err))) return status;
    if (!name.size && name.data) name = arena_format(arena, "column%zu", index);
    if (name.size > LIMIT_NAME_SIZE) name.size = utf8_find_invalid(name.data, LIMIT_NAME_SIZE); /* no half character */
    base = name;
    first = name.data ? *name_place(file, base) : 0;
    while (name.data && *name_place(file, name))
        name = arena_format(arena, "%.*s_%u", STRING_ARGUMENTS(base), ++file->suffixes[first - 1]);
    if (!name.data) return error_no_memory(err, file->source->base.context->memory, text.size);
    file->columns[index].name = name;
    *name_place(file, name) = (uint32_t)index + 1;
    return BP_OK;
}

/* A cell's value: NULL or text. `heap` takes what is unescaped. */
static bp_status cell_of(open_file *file, size_t row, size_t field, string_view *text, bool *null, bp_error *err)
{
    csv_heap heap = {.arena = &file->source->arena};
    bool quoted;

    *text = csv_sample_field(&file->sample, &file->source->dialect, row, field);
    if (csv_unquote(text, &quoted, &file->source->rules, true, &heap) == CSV_CELL_NO_MEMORY)
        return error_no_memory(err, file->source->base.context->memory, text->size);
    *null = (!quoted || file->source->rules.allow_quoted_nulls) && csv_is_null_text(&file->source->rules, *text);
    return BP_OK;
}

/* Types ----------------------------------------------------------------------------------------------------------------------------------- */
static const data_type *given_type(const csv_source *source, size_t index, string_view name)
{
    const csv_options *options = &source->options;
    const csv_type_list *types = &options->types;

    if (options->columns.count) return index < options->columns.count ? &options->columns.types[index] : NULL;
    if (!types->names) return index < types->count ? &types->types[index] : NULL;
    for (size_t i = 0; i < types->count; i++) {
        if (string_equal_nocase(types->names[i], name)) return &types->types[i];
    }
    return NULL;
}

static void take_guess(open_file *file, size_t index)
{
    csv_column *column = &file->columns[index];
    const csv_options *options = &file->source->options;

    if (column->given) return;
    csv_guess_restrict(&file->guesses[index], options);
    column->type = csv_guess_type(&file->guesses[index], &column->format);
    if (column->type.id == TYPE_DATE && options->date_format.size) column->format = options->date_format;
    if ((column->type.id == TYPE_TIMESTAMP || column->type.id == TYPE_TIMESTAMP_TZ) && options->timestamp_format.size)
        column->format = options->timestamp_format;
}

/* All rows of a piece into the guess of one column. */
static bp_status guess_from_rows(open_file *file, size_t index, csv_parse *parse, size_t count, bp_error *err)
{
    for (size_t row = 0; row < count; row++) {
        string_view text = csv_parse_field(parse, row);
        bool quoted;
        if (csv_unquote(&text, &quoted, parse->rules, parse->odd, parse->heap) == CSV_CELL_NO_MEMORY)
            return error_no_memory(err, file->source->base.context->memory, text.size);
        if ((!quoted || parse->rules->allow_quoted_nulls) && csv_is_null_text(parse->rules, text)) continue;
        csv_guess_value(&file->guesses[index], parse->rules, text);
    }
    take_guess(file, index);
    return BP_OK;
}

/* The rows of a piece, which are looked at a few at a time: their text stays in the first cache while column after column goes over it. */
typedef struct checking {
    open_file *file;
    const csv_rows *rows;
    size_t row_count;
    bool *done; /* columns of which all values have been looked at */
    void *values;
    uint64_t validity[CHECK_ROWS / 64];
    csv_heap heap;
} checking;

static csv_parse parse_from(checking *checking, size_t column, size_t first)
{
    const csv_rows *rows = checking->rows;

    return (csv_parse){.text = rows->text,
                       .slots = rows->base + first * rows->stride + column,
                       .stride = rows->stride,
                       .trail = rows->trail,
                       .last = column + 1 == rows->column_count,
                       .odd = rows->odd,
                       .escapes = rows->escapes,
                       .column = &checking->file->columns[column],
                       .rules = &checking->file->source->rules,
                       .heap = &checking->heap,
                       .values = checking->values,
                       .validity = checking->validity};
}

/* Whether rows of a column are what was guessed; where not, the values of all rows are looked at. */
static bp_status check_column(checking *checking, size_t column, size_t first, size_t count, bp_error *err)
{
    open_file *file = checking->file;
    csv_parse parse = parse_from(checking, column, first);
    bp_status status;

    if (parse.column->given || (file->guesses[column].seen && parse.column->type.id == TYPE_VARCHAR)) return BP_OK;
    if (parse.column->type.id == TYPE_BOOLEAN) memset(checking->values, 0, CHECK_ROWS / 8);
    if (file->guesses[column].seen && csv_parse_rows(&parse, 0, count) == count) return BP_OK;
    parse = parse_from(checking, column, 0);
    status = guess_from_rows(file, column, &parse, checking->row_count, err);
    checking->done[column] = true;
    arena_reset(checking->heap.arena);
    checking->heap = (csv_heap){.arena = checking->heap.arena};
    return status;
}

static bp_status check_rows(open_file *file, const csv_rows *rows, size_t row_count, bp_error *err)
{
    memory *memory = file->source->base.context->memory;
    bool *done = memory_allocate_zeroed(memory, file->column_count);
    void *values = memory_allocate(memory, CHECK_ROWS * 16);
    bp_status status = BP_OK;
    arena arena;
    checking checking = {
        .file = file, .rows = rows, .row_count = row_count, .done = done, .values = values, .heap = {.arena = &arena}};

    arena_init(&arena, memory);
    if (!done || !values) status = error_no_memory(err, memory, CHECK_ROWS * 16);
    for (size_t first = 0; first < row_count && status == BP_OK; first += CHECK_ROWS) {
        size_t count = row_count - first < CHECK_ROWS ? row_count - first : CHECK_ROWS;
        for (size_t c = 0; c < file->column_count && status == BP_OK; c++) {
            if (!done[c]) status = check_column(&checking, c, first, count, err);
        }
    }
    arena_clear(&arena);
    memory_free(memory, done, file->column_count);
    memory_free(memory, values, CHECK_ROWS * 16);
    return status;
}

/* The top of the file, from its first row on. */
static bp_status check_top(open_file *file, bp_error *err)
{
    const csv_options *options = &file->source->options;
    csv_window *window = &file->window;
    size_t begin = (size_t)file->data_start, limit;
    bool rest = has_rest(file, begin);
    csv_rows rows;
    bp_status status = BP_OK;

    csv_rows_init(&rows, window->memory);
    while (window->size < begin + (rest ? 1 : 2) * TOP_SIZE && !window->at_end) {
        size_t wanted = rest && begin < READ_SIZE / 2 ? TOP_SIZE + READ_SIZE - window->size : window->size;
        if ((status = read_some(window, &file->input, wanted < READ_SIZE ? READ_SIZE : wanted, err))) return status;
    }
    limit = window->at_end && !rest ? window->size : begin + TOP_SIZE;
    if ((status = csv_rows_find(&rows, window, &file->source->dialect, file->column_count, begin, limit, err))) goto done;
    file->whole = !rest && window->at_end && rows.end >= window->size;
    file->sample_rows = rows.row_count;
    if (options->sample_size >= 0 && (uint64_t)options->sample_size < rows.row_count) {
        file->sample_rows = (uint64_t)options->sample_size;
        file->whole = false;
    }
    status = check_rows(file, &rows, (size_t)file->sample_rows, err);
done:
    csv_rows_clear(&rows);
    return status;
}

/* Pieces spread over the rest of a plain file. Where a piece's first row begins is guessed, so only rows of the right shape count, and a wrong
 * guess can at most make a type wider than it need be. */
static bp_status check_pieces(open_file *file, bp_error *err)
{
    uint64_t size = file_size(file->input.file);
    csv_dialect dialect = file->source->dialect;
    csv_window window;
    csv_rows rows;
    bp_status status = BP_OK;

    csv_window_init(&window, file->window.memory);
    window.cancel = file->window.cancel;
    csv_rows_init(&rows, window.memory);
    dialect.strict = true;
    dialect.null_padding = false;
    for (unsigned i = 1; i <= PIECE_COUNT; i++) {
        uint64_t offset = size / (PIECE_COUNT + 1) * i;
        size_t count, begin = 0, end = PIECE_SIZE;
        if ((status = csv_window_reserve(&window, PIECE_SIZE, err))) break;
        if ((status = csv_input_read_at(&file->input, offset, window.text, PIECE_SIZE, &count, err))) break;
        window.size = count;
        window.at_end = true;
        window.offset = offset;
        while (begin < count && window.text[begin] != '\n' && window.text[begin] != '\r') begin++;
        while (begin < count && (window.text[begin] == '\n' || window.text[begin] == '\r')) begin++;
        for (end = count; end > begin && window.text[end - 1] != '\n' && window.text[end - 1] != '\r';) end--;
        window.size = end; /* whole lines only */
        memset(window.text + end, 0, CSV_PADDING);
        if (begin >= end) continue;
        if ((status = csv_rows_find(&rows, &window, &dialect, file->column_count, begin, end, err))) break;
        if (rows.bad_count) continue; /* a line feed in quotes, perhaps: not to be trusted */
        if ((status = check_rows(file, &rows, rows.row_count, err))) break;
        file->sample_rows += rows.row_count;
    }
    csv_rows_clear(&rows);
    csv_window_clear(&window);
    return status;
}

/* Header ------------------------------------------------------------------------------------------------------------------------------------ */
/* Whether row 0 of the sample names the columns: some cell does not fit its column's type; where all columns are text, or there are no
 * other rows, when no cell reads as a number, a date or a boolean (of a single row) respectively always. */
static bp_status find_header(open_file *file, bp_error *err)
{
    const csv_options *options = &file->source->options;
    bool all_text = true, misfit = false, all_names = true;
    bp_status status;

    file->header = false;
    if (file->sample.count == 0) return BP_OK;
    for (size_t c = 0; c < file->column_count; c++) {
        csv_column own = file->columns[c], *column = &own;
        uint64_t value[2];
        string_view text;
        csv_guess guess;
        string_view format;
        bool null = false;
        if ((status = cell_of(file, 0, c, &text, &null, err))) return status;
        csv_guess_init(&guess);
        if (!null) csv_guess_value(&guess, &file->source->rules, text);
        if (csv_guess_type(&guess, &format).id != TYPE_VARCHAR) all_names = false;
        if (options->columns.count && !string_equal_nocase(string_trim(text), options->columns.names[c])) all_names = false;
        if (own.given && own.type.id == TYPE_VARCHAR &&
            file->guesses[c].seen) /* asked for as text: what its values are still tells */
            own.type = csv_guess_type(&file->guesses[c], &own.format);
        if (column->type.id == TYPE_VARCHAR || column->type.id == TYPE_BLOB) continue;
        all_text = false;
        misfit |= !null && !csv_value_parse(column, &file->source->rules, text, value);
    }
    if (!all_text)
        file->header = misfit;
    else
        file->header = file->sample.count > 1 && !options->columns.count ? true : all_names;
    return BP_OK;
}

/* Take the sample's rows [from, to) into the guesses. */
static bp_status guess_rows(open_file *file, size_t from, size_t to, bp_error *err)
{
    bp_status status;

    for (size_t c = 0; c < file->column_count; c++) {
        for (size_t row = from; row < to; row++) {
            string_view text;
            bool null = false;
            if (file->sample.rows[row].shape.field_count <= c) continue;
            if ((status = cell_of(file, row, c, &text, &null, err))) return status;
            if (!null) csv_guess_value(&file->guesses[c], &file->source->rules, text);
        }
        take_guess(file, c);
    }
    return BP_OK;
}

static bool is_blank(const csv_sample_row *row)
{
    return row->shape.field_count == 1 && row->shape.end == row->shape.begin;
}

/* Take empty lines out of a sample of several columns. */
static void drop_blank_rows(open_file *file)
{
    size_t kept = 0;

    if (file->column_count < 2) return;
    for (size_t i = 0; i < file->sample.count; i++) {
        if (!is_blank(&file->sample.rows[i])) file->sample.rows[kept++] = file->sample.rows[i];
    }
    file->sample.count = kept;
}

static bp_status make_columns(open_file *file, bp_error *err)
{
    memory *memory = file->source->base.context->memory;
    size_t count = file->dialect.field_count, slots = 16;

    if (!count) { /* nothing was sniffed: as many as the first row has */
        count = file->sample.count ? file->sample.rows[0].shape.field_count : 1;
        file->dialect.field_count = count;
    }
    if (count > LIMIT_COLUMNS)
        return error_set(err, BP_LIMIT, "\"%.*s\" has %zu columns; at most %d are supported",
                         STRING_ARGUMENTS(file->source->files[file->number].path), count, LIMIT_COLUMNS);
    file->columns = arena_new_array(&file->source->arena, csv_column, count + 1);
    file->guesses = memory_allocate_array(memory, count + 1, sizeof *file->guesses);
    file->column_count = count;
    while (slots < 2 * count) slots *= 2;
    file->name_mask = slots - 1;
    file->names = arena_new_array(&file->source->arena, uint32_t, slots);
    file->suffixes = arena_new_array(&file->source->arena, uint32_t, count + 1);
    if (!file->columns || !file->guesses || !file->names || !file->suffixes)
        return error_no_memory(err, memory, count * sizeof *file->columns);
    return BP_OK;
}

static bp_status name_and_type(open_file *file, bp_error *err)
{
    const csv_options *options = &file->source->options;
    bp_status status;

    for (size_t c = 0; c < file->column_count; c++) {
        csv_column *column = &file->columns[c];
        string_view text = {"", 0};
        const data_type *given;
        bool null = false;
        if (options->columns.count) {
            column->name = options->columns.names[c];
        } else {
            if (file->header && (status = cell_of(file, 0, c, &text, &null, err))) return status;
            if ((status = name_column(file, c, text, err))) return status;
        }
        given = given_type(file->source, c, column->name);
        column->given = given != NULL || options->all_varchar;
        if (given)
            column->type = *given;
        else if (options->all_varchar)
            column->type = type_of(TYPE_VARCHAR);
        if (given && !csv_type_supported(*given))
            return error_set(err, BP_NOT_SUPPORTED,
                             "column \"%.*s\": this type cannot be read from CSV; read it as VARCHAR and cast it",
                             STRING_ARGUMENTS(column->name));
        for (size_t i = 0; i < options->force_not_null.count; i++)
            column->not_null |= string_equal_nocase(options->force_not_null.items[i], column->name);
        if (column->type.id == TYPE_DATE && options->date_format.size) column->format = options->date_format;
        if ((column->type.id == TYPE_TIMESTAMP || column->type.id == TYPE_TIMESTAMP_TZ) && options->timestamp_format.size)
            column->format = options->timestamp_format;
    }
    return BP_OK;
}

/* types = {'a': …} must name columns that there are. */
static bp_status check_type_names(const open_file *file, bp_error *err)
{
    const csv_options *options = &file->source->options;

    for (size_t i = 0; options->types.names && i < options->types.count; i++) {
        bool found = false;
        for (size_t c = 0; c < file->column_count && !found; c++)
            found = string_equal_nocase(options->types.names[i], file->columns[c].name);
        if (!found)
            return error_set(err, BP_BIND_ERROR, "types names a column \"%.*s\" that the file does not have",
                             STRING_ARGUMENTS(options->types.names[i]));
    }
    return BP_OK;
}

/* Everything about one file. */
static bp_status sniff_one(open_file *file, bp_error *err)
{
    csv_source *source = file->source;
    const csv_options *options = &source->options;
    bool types_open = options->auto_detect && !options->columns.count && !options->all_varchar;
    size_t guess_count = GUESS_ROWS;
    bp_status status;

    if ((status = find_dialect(file, err))) return status;
    use_dialect(source, &file->dialect.dialect);
    if (options->sample_size >= 0 && options->sample_size < GUESS_ROWS)
        guess_count = (size_t)options->sample_size + 1; /* and a header */
    if ((status = csv_sample_read(&file->sample, &source->dialect, file->dialect.begin, guess_count, SIZE_MAX, err))) return status;
    if ((status = make_columns(file, err))) return status;
    drop_blank_rows(file);
    for (size_t c = 0; c < file->column_count; c++) {
        const data_type *given = options->columns.count || !options->types.names ? given_type(source, c, (string_view){0}) : NULL;
        file->columns[c].type = given ? *given : type_of(TYPE_VARCHAR);
        file->columns[c].given = given || !options->auto_detect || options->all_varchar;
    }
    for (size_t c = 0; c < file->column_count; c++) csv_guess_init(&file->guesses[c]);
    if ((status = guess_rows(file, 1, file->sample.count, err))) return status;
    file->header = options->header == CSV_YES;
    if (options->header == CSV_AUTO && options->auto_detect && (status = find_header(file, err))) return status;
    if (file->header && !file->sample.count) file->header = false;
    file->data_start = file->sample.count ? file->header ? file->sample.rows[0].shape.next : file->sample.rows[0].shape.begin
                                          : file->dialect.begin;
    if ((status = name_and_type(file, err)) || (status = check_type_names(file, err))) return status;
    if (types_open && !file->header && file->sample.count && (status = guess_rows(file, 0, 1, err))) return status;
    if (!options->auto_detect) {
        for (size_t c = 0; c < file->column_count; c++) file->columns[c].given = true;
    }
    if ((status = check_top(file, err))) return status;
    if (!file->whole && csv_input_is_plain(&file->input) && options->sample_size != 0 && types_open &&
        file->sample_rows < (uint64_t)options->sample_size)
        return check_pieces(file, err);
    return BP_OK;
}

/* The source from its first file ------------------------------------------------------------------------------------------------------------ */
static void note_file(open_file *file)
{
    csv_file *info = &file->source->files[file->number];

    info->data_start = file->data_start;
    info->field_count = file->column_count;
    if (file->input.file->temporary) { /* a pipe: its copy is kept */
        info->kept = file->input;
        info->kept.file = &info->kept.own;
        file->input = (csv_input){0};
    }
}

static void note_sniff(open_file *file)
{
    csv_source *source = file->source;
    csv_sniff *sniff = &source->sniff;

    *sniff = (csv_sniff){.delimiter = {source->dialect.delimiter, source->dialect.delimiter_size},
                         .quote = source->dialect.quote,
                         .escape = source->dialect.escape,
                         .comment = source->dialect.comment,
                         .new_line = file->dialect.new_line,
                         .mixed_new_lines = file->dialect.mixed_new_lines,
                         .header = file->header,
                         .null_padding = source->dialect.null_padding,
                         .sample_rows = file->sample_rows,
                         .whole_file = file->whole};
    sniff->skip = file->dialect.skipped_lines + (source->options.skip > 0 ? (uint64_t)source->options.skip : 0);
}

static size_t find_column(const csv_column *columns, size_t count, string_view name)
{
    for (size_t i = 0; i < count; i++) {
        if (string_equal_nocase(columns[i].name, name)) return i;
    }
    return SIZE_MAX;
}

/* Field numbers of the schema's columns in a file with these columns; NULL when they are the same. */
static bp_status map_fields(csv_source *source, csv_file *info, const csv_column *columns, size_t count, bp_error *err)
{
    uint32_t *fields = arena_new_array(&source->arena, uint32_t, source->column_count + 1);
    bool same = count == source->column_count;

    if (!fields) return error_no_memory(err, source->base.context->memory, source->column_count * sizeof *fields);
    for (size_t c = 0; c < source->column_count; c++) {
        size_t found = find_column(columns, count, source->columns[c].name);
        fields[c] = found == SIZE_MAX ? CSV_NO_FIELD : (uint32_t)found;
        same &= found == c;
    }
    info->fields = same ? NULL : fields;
    return BP_OK;
}

static data_type unite(const csv_column *left, const csv_column *right)
{
    csv_column wider = *left, other = *right;

    for (unsigned i = 0; i < 4 && !type_equal(wider.type, right->type); i++) wider = (csv_column){.type = csv_type_wider(&wider)};
    for (unsigned i = 0; i < 4 && !type_equal(other.type, left->type); i++) other = (csv_column){.type = csv_type_wider(&other)};
    if (type_equal(other.type, left->type)) return left->type;
    return wider.type;
}

/* union_by_name: the columns of another file join those of the source. */
static bp_status join_columns(csv_source *source, const open_file *file, bp_error *err)
{
    csv_column *columns = arena_new_array(&source->arena, csv_column, source->column_count + file->column_count + 1);
    size_t count = source->column_count;

    if (!columns) return error_no_memory(err, source->base.context->memory, count * sizeof *columns);
    memcpy(columns, source->columns, count * sizeof *columns);
    for (size_t c = 0; c < file->column_count; c++) {
        const csv_column *theirs = &file->columns[c];
        size_t found = find_column(columns, source->column_count, theirs->name);
        if (found == SIZE_MAX) {
            columns[count++] = *theirs;
            continue;
        }
        if (columns[found].given ||
            (type_equal(columns[found].type, theirs->type) && string_equal(columns[found].format, theirs->format)))
            continue;
        if (!file->guesses[c].seen) continue;
        columns[found].type =
            columns[found].format.size || theirs->format.size ? type_of(TYPE_VARCHAR) : unite(&columns[found], theirs);
        columns[found].format = (string_view){0};
    }
    source->columns = columns;
    source->column_count = count;
    return BP_OK;
}

/* Another file of the same shape: only its header is looked at. */
static bp_status match_file(open_file *file, bp_error *err)
{
    csv_source *source = file->source;
    csv_file *info = &source->files[file->number];
    string_view path = info->path;
    bp_status status;
    size_t fields;

    file->dialect.begin = file->begin;
    file->dialect.field_count = source->column_count;
    file->data_start = file->begin;
    if ((status = csv_sample_read(&file->sample, &source->dialect, file->begin, 16, SIZE_MAX, err))) return status;
    file->column_count = source->column_count;
    file->column_count = source->column_count > 1 ? 2 : 1;
    drop_blank_rows(file);
    file->column_count = 0;
    fields = file->sample.count ? file->sample.rows[0].shape.field_count : source->column_count;
    if (fields != source->column_count && !(fields == source->column_count + 1 && !source->sniff.header) &&
        !source->dialect.null_padding)
        return error_set(err, BP_BAD_FORMAT,
                         "\"%.*s\" has %zu columns where \"%.*s\" has %zu; set union_by_name=true to unite them",
                         STRING_ARGUMENTS(path), fields, STRING_ARGUMENTS(source->files[0].path), source->column_count);
    if (source->dialect.null_padding) fields = source->column_count;
    if (source->sniff.header && file->sample.count && !source->options.columns.count) {
        file->dialect.field_count = fields;
        if ((status = make_columns(file, err))) return status;
        file->header = true;
        if ((status = name_and_type(file, err))) return status;
        if ((status = map_fields(source, info, file->columns, file->column_count, err))) return status;
        for (size_t c = 0; c < source->column_count && info->fields; c++) {
            if (info->fields[c] == CSV_NO_FIELD) info->fields = NULL; /* other names: by position */
        }
    }
    if (source->sniff.header && file->sample.count) file->data_start = file->sample.rows[0].shape.next;
    note_file(file);
    info->field_count = fields;
    return BP_OK;
}

bp_status csv_sniff_files(csv_source *source, bp_error *err)
{
    csv_column **columns_of = arena_new_array(&source->arena, csv_column *, source->file_count);
    bp_status status = BP_OK;

    if (!columns_of) return error_no_memory(err, source->base.context->memory, source->file_count * sizeof *columns_of);
    for (size_t i = 0; i < source->file_count && status == BP_OK; i++) {
        open_file file;
        status = open_one(&file, source, i, err);
        if (status == BP_OK && (i == 0 || source->options.union_by_name)) {
            csv_dialect first = source->dialect;
            if ((status = sniff_one(&file, err)) == BP_OK) {
                note_file(&file);
                if (i == 0) {
                    note_sniff(&file);
                    source->columns = file.columns;
                    source->column_count = file.column_count;
                } else {
                    use_dialect(source, &first);
                    status = join_columns(source, &file, err);
                    source->sniff.whole_file &= file.whole;
                }
                columns_of[i] = file.columns;
            }
        } else if (status == BP_OK) {
            status = match_file(&file, err);
            source->sniff.whole_file = false;
        }
        close_file(&file);
    }
    for (size_t i = 0; i < source->file_count && status == BP_OK && source->options.union_by_name; i++)
        status = map_fields(source, &source->files[i], columns_of[i], source->files[i].field_count, err);
    return status;
}
