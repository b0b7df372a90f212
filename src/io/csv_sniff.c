/* The dialect: which delimiter, quote and escape make the first rows look most like a table.
 *
 * Each candidate that could be (its characters occur) cuts a piece of the text into rows. Its score is the share of rows that have as many
 * fields as the most common count of two or more, less a penalty for quotes that are broken. The best score wins, then the earlier candidate.
 * Below half there is no delimiter: a line is a field. Rows before the first one of the common shape are a preamble and skipped; where a
 * user has not said how ragged rows are to be taken, short rows are padded with NULLs and the widest row of the sample counts. */
#include "io/csv_sniff.h"

#define DIALECT_ROWS 100
#define DIALECT_BYTES ((size_t)1 << 14)
#define QUICK_PIECE ((size_t)1 << 14)

/* Samples ------------------------------------------------------------------------------------------------------------------------------ */
void csv_sample_clear(csv_sample *sample)
{
    csv_numbers_clear(&sample->ends, sample->memory);
    csv_numbers_clear(&sample->found, sample->memory);
    memory_free(sample->memory, sample->rows, sample->capacity * sizeof *sample->rows);
    sample->rows = NULL;
    sample->count = sample->capacity = 0;
}

static bp_status sample_grow(csv_sample *sample, bp_error *err)
{
    size_t wanted = sample->capacity ? sample->capacity * 2 : 128;
    void *rows =
        memory_resize(sample->memory, sample->rows, sample->capacity * sizeof *sample->rows, wanted * sizeof *sample->rows);

    if (!rows) return error_no_memory(err, sample->memory, wanted * sizeof *sample->rows);
    sample->rows = rows;
    sample->capacity = wanted;
    return BP_OK;
}

/* A row that the quick scan has found: its fields end at ends[0, count), the last one at the row's end. */
static bp_status add_quick_row(csv_sample *sample, const csv_dialect *dialect, size_t begin, const uint32_t *ends, size_t count,
                               bp_error *err)
{
    const char *text = sample->window->text;
    size_t line_end = ends[count - 1], end = line_end, field = begin;
    csv_row_shape *shape;
    bp_status status;
    uint32_t *out;

    if (sample->count == sample->capacity && (status = sample_grow(sample, err))) return status;
    if ((status = csv_numbers_reserve(&sample->ends, sample->memory, sample->ends.count + count, err))) return status;
    if (end > begin && text[end - 1] == '\r' && dialect->new_line != CSV_NEW_LINE_CR) end--;
    sample->rows[sample->count].first = sample->ends.count;
    shape = &sample->rows[sample->count++].shape;
    *shape = (csv_row_shape){.begin = begin, .end = end, .next = line_end + 1, .field_count = count};
    out = sample->ends.items + sample->ends.count;
    sample->ends.count += count;
    for (size_t i = 0; i < count; i++) {
        shape->quoted |= dialect->quote >= 0 && (unsigned char)text[field] == dialect->quote;
        field = (size_t)ends[i] + 1;
        out[i] = ends[i];
    }
    out[count - 1] = (uint32_t)end;
    return BP_OK;
}

typedef struct quick_sample {
    csv_marks marks;
    csv_index_function *scan; /* NULL: the dialect or the text is not for it */
    size_t row_limit, end; /* rows begin before `end` */
} quick_sample;

/* Whole rows from *position on, as many as are in the window's next piece. */
static bp_status sample_quickly(csv_sample *sample, const csv_dialect *dialect, quick_sample *quick, size_t *position,
                                bp_error *err)
{
    csv_window *window = sample->window;
    csv_index_state state = {.after_separator = 1};
    size_t size = window->size - *position < QUICK_PIECE ? window->size - *position : QUICK_PIECE, first = 0, count;
    bp_status status;

    if ((status = csv_numbers_reserve(&sample->found, sample->memory, size + 64, err))) return status;
    count = quick->scan(window->text, *position, *position + size, &quick->marks, &state, sample->found.items);
    if (dialect->new_line == CSV_NEW_LINE_LF && memchr(window->text + *position, '\r', size))
        count = SIZE_MAX; /* part of a field */
    if (count == SIZE_MAX) {
        quick->scan = NULL;
        return BP_OK;
    }
    for (size_t i = 0; i < count && sample->count < quick->row_limit && *position < quick->end; i++) {
        const uint32_t *ends = sample->found.items;
        if (window->text[ends[i]] != quick->marks.new_line) continue;
        if ((status = add_quick_row(sample, dialect, *position, ends + first, i + 1 - first, err))) return status;
        *position = (size_t)ends[i] + 1;
        first = i + 1;
    }
    return BP_OK;
}

bp_status csv_sample_read(csv_sample *sample, const csv_dialect *dialect, size_t begin, size_t row_limit, size_t byte_limit,
                          bp_error *err)
{
    quick_sample quick = {.row_limit = row_limit, .end = begin + byte_limit < begin ? SIZE_MAX : begin + byte_limit};
    csv_window *window = sample->window;
    size_t position = begin;
    bp_status status;

    sample->count = sample->ends.count = 0;
    if (csv_marks_of(&quick.marks, dialect)) quick.scan = csv_index_best();
    for (;;) {
        csv_sample_row *row;
        if (quick.scan && position < window->size && (status = sample_quickly(sample, dialect, &quick, &position, err)))
            return status;
        if (sample->count >= row_limit || position >= quick.end) break;
        while (position >= window->size && !window->at_end) {
            if ((status = window->more(window, window->data, err))) return status;
        }
        if (position >= window->size) break;
        if (sample->count == sample->capacity && (status = sample_grow(sample, err))) return status;
        row = &sample->rows[sample->count];
        row->first = sample->ends.count;
        if ((status = csv_row_read(&row->shape, window, dialect, position, &sample->ends, sample->memory, err))) return status;
        position = row->shape.next;
        if (row->shape.field_count) sample->count++;
    }
    return BP_OK;
}

string_view csv_sample_field(const csv_sample *sample, const csv_dialect *dialect, size_t row, size_t field)
{
    const csv_sample_row *here = &sample->rows[row];
    const uint32_t *ends = sample->ends.items + here->first;
    size_t begin = field ? (size_t)ends[field - 1] + 1 : here->shape.begin;
    size_t end = field + 1 == here->shape.field_count ? here->shape.end : (size_t)ends[field] + 1 - dialect->delimiter_size;

    if (field >= here->shape.field_count || end < begin) return (string_view){sample->window->text, 0};
    return (string_view){sample->window->text + begin, end - begin};
}

/* Candidates ------------------------------------------------------------------------------------------------------------------------------ */
typedef struct quoting {
    int quote, escape;
} quoting;

static const quoting quotings[] = {{'"', '"'}, {'"', '\\'}, {'\'', '\''}, {'\'', '\\'}, {CSV_NO_CHARACTER, CSV_NO_CHARACTER}};
static const char delimiters[] = {',', '|', ';', '\t', '~', '^', '\x01', '\x1f'};

typedef struct score {
    double value;
    size_t fields, widest, first; /* first: the sample's row where the table begins */
    bool broken, quoted, ragged;
} score;

static bool is_blank_row(const csv_sample *sample, size_t row)
{
    const csv_row_shape *shape = &sample->rows[row].shape;

    return shape->field_count == 1 && shape->end == shape->begin;
}

/* Fields of a row, not counting an empty one behind a last delimiter when `fields` are expected. */
static size_t fields_of(const csv_sample *sample, size_t row, size_t fields)
{
    const csv_row_shape *shape = &sample->rows[row].shape;
    const uint32_t *ends = sample->ends.items + sample->rows[row].first;
    size_t count = shape->field_count;

    if (count == fields + 1 && count > 1 && (size_t)ends[count - 2] + 1 == shape->end) return fields;
    return count;
}

/* The commonest count of fields, of at least two; of equally common ones the one met first. */
static size_t common_count(const csv_sample *sample, size_t *rows)
{
    size_t best = 0, best_rows = 0;

    for (size_t i = 0; i < sample->count; i++) {
        size_t count = sample->rows[i].shape.field_count, same = 0;
        if (count < 2 || count == best) continue;
        for (size_t k = 0; k < sample->count; k++) same += sample->rows[k].shape.field_count == count;
        if (same > best_rows) best = count, best_rows = same;
    }
    *rows = best_rows;
    return best;
}

static score score_sample(const csv_sample *sample)
{
    score score = {.first = 0};
    size_t rows = 0, alike = 0, broken = 0;

    score.fields = common_count(sample, &alike);
    alike = 0;
    for (size_t i = 0; i < sample->count; i++) {
        const csv_row_shape *shape = &sample->rows[i].shape;
        size_t fields = fields_of(sample, i, score.fields);
        if (is_blank_row(sample, i)) continue;
        rows++;
        broken += shape->broken_quote;
        score.quoted |= shape->quoted;
        if (fields == score.fields && alike++ == 0) score.first = i;
        if (alike && fields > score.widest) score.widest = fields;
        if (alike && fields != score.fields) score.ragged = true;
    }
    score.broken = broken > 0;
    score.value = rows ? ((double)alike - 0.5 * (double)broken) / (double)rows : 0;
    if (!score.fields) score.value = rows ? -0.5 * (double)broken / (double)rows : 0;
    return score;
}

/* The quotings that come into question: what the user gives is fixed. */
static bool quoting_fits(const quoting *quoting, const csv_options *options, string_view piece)
{
    if (options->quote != CSV_AUTO && quoting->quote != options->quote) return false;
    if (options->escape != CSV_AUTO && quoting->escape != options->escape) return false;
    if (options->quote == CSV_AUTO && quoting->quote == '\'' && !memchr(piece.data, '\'', piece.size)) return false;
    if (options->escape == CSV_AUTO && quoting->escape == '\\' && !memchr(piece.data, '\\', piece.size)) return false;
    return quoting->quote != CSV_NO_CHARACTER || options->quote == CSV_NO_CHARACTER;
}

typedef struct search {
    csv_sample sample;
    const csv_options *options;
    csv_dialect base;
    size_t begin, piece_size;
    csv_dialect best_dialect;
    score best;
    bool found, sampled; /* sampled: the sample holds the best dialect's rows */
} search;

/* The text that candidates are looked for in; reading on moves it. */
static string_view piece_of(const search *search)
{
    return (string_view){search->sample.window->text + search->begin, search->piece_size};
}

static bp_status try_dialect(search *search, const csv_dialect *dialect, bp_error *err)
{
    bp_status status = csv_sample_read(&search->sample, dialect, search->begin, DIALECT_ROWS, DIALECT_BYTES, err);
    score score;

    search->sampled = false;
    if (status) return status;
    score = score_sample(&search->sample);
    /* another quote than " must quote something and break nothing */
    if (search->found && dialect->quote == '\'' && search->options->quote == CSV_AUTO && (!score.quoted || score.broken))
        return BP_OK;
    if (search->found && score.value <= search->best.value + 1e-9) {
        bool more_quoted = score.value > search->best.value - 1e-9 && score.quoted && !search->best.quoted && !score.broken &&
                           score.fields == search->best.fields;
        if (!more_quoted) return BP_OK;
    }
    search->best = score;
    search->best_dialect = *dialect;
    search->found = search->sampled = true;
    return BP_OK;
}

static bp_status try_delimiter(search *search, string_view delimiter, bp_error *err)
{
    csv_dialect dialect = search->base;
    bool tried = false;
    bp_status status;

    memcpy(dialect.delimiter, delimiter.data, delimiter.size);
    dialect.delimiter_size = (uint8_t)delimiter.size;
    for (size_t i = 0; i < ARRAY_LENGTH(quotings); i++) {
        if (!quoting_fits(&quotings[i], search->options, piece_of(search))) continue;
        dialect.quote = quotings[i].quote;
        dialect.escape = quotings[i].escape;
        tried = true;
        if ((status = try_dialect(search, &dialect, err))) return status;
    }
    if (tried) return BP_OK;
    dialect.quote = search->options->quote == CSV_AUTO ? '"' : search->options->quote; /* an unusual pair, given */
    dialect.escape = search->options->escape == CSV_AUTO ? dialect.quote : search->options->escape;
    return try_dialect(search, &dialect, err);
}

/* Line ends: only CR, or any. */
static void sniff_new_lines(csv_dialect_result *out, const csv_options *options, string_view piece)
{
    size_t line_feeds = 0, returns = 0, pairs = 0;
    const char *first = memchr(piece.data, '\r', piece.size);

    if (!first) line_feeds = memchr(piece.data, '\n', piece.size) != NULL;
    for (size_t i = 0; first && i < piece.size; i++) {
        line_feeds += piece.data[i] == '\n';
        returns += piece.data[i] == '\r';
        pairs += piece.data[i] == '\r' && i + 1 < piece.size && piece.data[i + 1] == '\n';
    }
    out->new_line = pairs ? CSV_NEW_LINE_CRLF : line_feeds || !returns ? CSV_NEW_LINE_LF : CSV_NEW_LINE_CR;
    out->mixed_new_lines = (pairs > 0) + (line_feeds > pairs) + (returns > pairs) > 1;
    out->dialect.new_line = returns && !line_feeds ? CSV_NEW_LINE_CR : CSV_NEW_LINE_ANY;
    if (options->new_line != CSV_NEW_LINE_ANY) out->new_line = out->dialect.new_line = options->new_line;
}

/* Lines at the top that begin with # and have another shape than the table are comments. */
static bool has_hash_comments(const search *search, string_view piece)
{
    size_t fields = search->best.fields, line = 0;
    char delimiter = search->best_dialect.delimiter[0];

    if (piece.size == 0 || piece.data[0] != '#') return false;
    for (size_t i = 0; i < piece.size && piece.data[line] == '#'; i++) {
        if (piece.data[i] != '\n' && piece.data[i] != '\r') continue;
        if (fields < 2) return true;
        for (size_t k = line, count = 1; k <= i; k++) {
            count += piece.data[k] == delimiter;
            if (k == i && count != fields) return true;
        }
        line = i + 1 < piece.size ? i + 1 : i;
    }
    return false;
}

static bp_status search_all(search *search, bp_error *err)
{
    bp_status status;

    search->found = false;
    if (search->options->delimiter.size) return try_delimiter(search, search->options->delimiter, err);
    for (size_t i = 0; i < ARRAY_LENGTH(delimiters); i++) {
        if (i >= 4 && search->found && search->best.value >= 0.5) break; /* the unusual ones only when the usual do not do */
        if (!memchr(piece_of(search).data, delimiters[i], search->piece_size)) continue;
        if ((status = try_delimiter(search, (string_view){&delimiters[i], 1}, err))) return status;
    }
    if (search->found && search->best.fields >= 2 && search->best.value > 0.5 - 1e-9) return BP_OK;
    search->found = false;
    return try_delimiter(search, (string_view){"", 0}, err);
}

static uint64_t count_lines(string_view text)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n' || (text.data[i] == '\r' && !(i + 1 < text.size && text.data[i + 1] == '\n'));
    return lines;
}

/* What the best dialect says about rows of other shapes. */
static void settle_shape(csv_dialect_result *out, search *search)
{
    const csv_options *options = search->options;
    score *best = &search->best;

    out->dialect = search->best_dialect;
    out->dialect.new_line = search->base.new_line;
    out->field_count = best->fields ? best->fields : 1;
    if (options->delimiter.size && search->sample.count && best->fields < 2) best->first = 0;
    if (best->broken && options->strict_mode && options->quote == CSV_AUTO) out->dialect.strict = false;
    if (!options->strict_mode) out->dialect.strict = false;
    if (best->ragged && options->columns.count == 0 && !options->ignore_errors && options->strict_mode) {
        out->ragged = true;
        out->dialect.null_padding = true;
        out->field_count = best->widest;
    }
    if (options->null_padding && best->widest > out->field_count) out->field_count = best->widest;
    if (options->columns.count) out->field_count = options->columns.count;
}

bp_status csv_sniff_dialect(csv_dialect_result *out, csv_window *window, const csv_options *options, size_t begin, bp_error *err)
{
    search search = {.options = options, .begin = begin};
    bp_status status;

    *out = (csv_dialect_result){.begin = begin};
    search.sample = (csv_sample){.memory = window->memory, .window = window};
    search.base = (csv_dialect){.quote = CSV_NO_CHARACTER,
                                .escape = CSV_NO_CHARACTER,
                                .comment = options->comment >= 0 ? options->comment : CSV_NO_CHARACTER,
                                .strict = options->strict_mode,
                                .null_padding = options->null_padding,
                                .maximum_row = options->max_line_size};
    search.piece_size = window->size - begin < DIALECT_BYTES ? window->size - begin : DIALECT_BYTES;
    sniff_new_lines(out, options, piece_of(&search));
    search.base.new_line = out->dialect.new_line;
    if ((status = search_all(&search, err))) goto done;
    if (options->comment == CSV_AUTO && has_hash_comments(&search, piece_of(&search))) {
        search.base.comment = '#';
        if ((status = search_all(&search, err))) goto done;
    }
    if (!search.sampled &&
        (status = csv_sample_read(&search.sample, &search.best_dialect, begin, DIALECT_ROWS, DIALECT_BYTES, err)))
        goto done;
    settle_shape(out, &search);
    if (options->skip < 0 && search.best.first < search.sample.count && search.best.first > 0) {
        out->begin = search.sample.rows[search.best.first].shape.begin;
        out->skipped_lines = count_lines((string_view){window->text + begin, out->begin - begin});
    }
done:
    csv_sample_clear(&search.sample);
    return status;
}
