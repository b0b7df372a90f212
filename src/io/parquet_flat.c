/* Rows of a column that is not nested: validity comes straight from the definition levels, which have one bit, values go straight into the batch.
 *
 * Values that are there lie dense in the page; where rows are NULL they are moved apart afterwards, from the last to the first. Text from pages with
 * codes stays codes, as a DICTIONARY column that shares the page's dictionary; a batch that meets both kinds of pages, or whose dictionary is as large
 * as half its row group (so that nobody would gain by it), is written out. The dictionary's owner is its own region: by it consumers know the dictionary
 * again in the next batch, and keep what they made of its entries.
 *
 * Where only some rows are wanted, codes are unpacked for all and looked up for those (dictionaries of numbers are larger than the first caches: a look-up
 * costs more than an unpacked code), and PLAIN values are taken where they lie. Other pages, and those with NULLs, are read whole and picked from. */
#include "parquet_internal.h"

#define SPREAD_LOOP(type)                                                                                                          \
    do {                                                                                                                           \
        type *all = values;                                                                                                        \
        for (size_t i = rows; i-- > 0 && dense <= i;) {                                                                            \
            bool there = bitmap_get(validity, at + i);                                                                             \
            dense -= there;                                                                                                        \
            all[i] = there ? all[dense] : (type){0};                                                                               \
        }                                                                                                                          \
    } while (0)

typedef struct wide {
    uint64_t words[4];
} wide;

static void spread_bits(uint64_t *values, const uint64_t *validity, size_t at, size_t rows, size_t dense)
{
    for (size_t i = rows; i-- > 0;) {
        bool there = bitmap_get(validity, at + i);
        dense -= there;
        bitmap_put(values, at + i, there && bitmap_get(values, at + dense));
    }
}

void parquet_spread(void *values, size_t width, const uint64_t *validity, size_t at, size_t rows, size_t dense)
{
    switch (width) {
    case 0: spread_bits(values, validity, at, rows, dense); break;
    case 1: SPREAD_LOOP(uint8_t); break;
    case 2: SPREAD_LOOP(uint16_t); break;
    case 4: SPREAD_LOOP(uint32_t); break;
    case 8: SPREAD_LOOP(uint64_t); break;
    case 16: SPREAD_LOOP(uint128); break;
    default: SPREAD_LOOP(wide); break;
    }
}

void parquet_reader_skip(parquet_reader *reader, uint64_t rows)
{
    reader->skip += rows;
}

static bp_status bad_levels(bp_error *err)
{
    return error_set(err, BP_BAD_FORMAT, "it has fewer definition levels than values");
}

bp_status parquet_flat_settle(parquet_reader *reader, bp_error *err)
{
    uint64_t bits[64], skipped;
    bp_status status;

    while (reader->skip) {
        size_t rows, dense;
        if (reader->page_left == 0) {
            if ((status = parquet_page_next(reader, reader->skip, &skipped, err))) return status;
            reader->skip -= skipped;
            reader->row += skipped;
            continue;
        }
        rows = reader->skip < reader->page_left ? (size_t)reader->skip : (size_t)reader->page_left;
        if (reader->leaf->max_definition && rows > 64 * ARRAY_LENGTH(bits)) rows = 64 * ARRAY_LENGTH(bits);
        dense = rows;
        if (reader->leaf->max_definition) {
            dense = 0;
            if (!parquet_runs_read_bits(&reader->definitions, bits, 0, rows, &dense)) return bad_levels(err);
        }
        if ((status = parquet_values_skip(reader, dense, err))) return status;
        reader->page_left -= rows;
        reader->skip -= rows;
        reader->row += rows;
    }
    return BP_OK;
}

typedef enum text_form { FORM_UNKNOWN, FORM_CODES, FORM_VALUES } text_form;

typedef struct filling {
    parquet_reader *reader;
    const parquet_target *target;
    size_t rows, done, null_count;
    void *values;
    uint32_t *codes;
    uint64_t *validity;
    text_form form;
} filling;

static bp_status no_room(const filling *to, size_t size, bp_error *err)
{
    return error_no_memory(err, to->target->arena->memory, size);
}

static bp_status make_values(filling *to, bp_error *err)
{
    size_t width = to->reader->leaf->width, size = width ? to->rows * width : bitmap_words(to->rows) * 8 + 8;

    if (to->values) return BP_OK;
    to->values = arena_allocate_aligned(to->target->arena, size + 16, 64);
    if (!to->values) return no_room(to, size, err);
    if (!width) memset(to->values, 0, size);
    return BP_OK;
}

/* Codes read so far become values. */
static bp_status write_out(filling *to, bp_error *err)
{
    const string_ref *dictionary = to->reader->dictionary.values;
    string_ref *texts;
    bp_status status = make_values(to, err);

    if (status) return status;
    texts = to->values;
    for (size_t i = 0; i < to->done; i++)
        texts[i] = to->validity && !bitmap_get(to->validity, i) ? (string_ref){0} : dictionary[to->codes[i]];
    to->form = FORM_VALUES;
    return BP_OK;
}

static bp_status keep_dictionary(const filling *to, bp_error *err)
{
    if (to->target->keep(to->target->keep_data, to->reader->dictionary_region)) return BP_OK;
    return no_room(to, 64, err);
}

/* A dictionary beyond this is worth nothing to anyone: who reads the row group in turn with others sees this many rows of it at a time. */
#define MOST_ENTRIES 65536

static bool keeps_codes(const filling *to)
{
    const parquet_reader *reader = to->reader;
    uint64_t entries = reader->dictionary.length;

    if (!reader->is_codes || reader->leaf->convert != CONVERT_REF || entries == 0) return false;
    return entries <= to->rows || (entries <= MOST_ENTRIES && entries <= reader->row_count / 2);
}

static bp_status choose_form(filling *to, bp_error *err)
{
    bool codes = keeps_codes(to);

    if (to->form == FORM_CODES && !codes) return write_out(to, err);
    if (to->form != FORM_UNKNOWN) return BP_OK;
    to->form = codes ? FORM_CODES : FORM_VALUES;
    if (!codes) return make_values(to, err);
    to->codes = arena_allocate_aligned(to->target->arena, to->rows * sizeof *to->codes, 64);
    if (!to->codes) return no_room(to, to->rows * sizeof *to->codes, err);
    return keep_dictionary(to, err);
}

/* Rows of the present page. */
static bp_status fill(filling *to, size_t rows, bp_error *err)
{
    parquet_reader *reader = to->reader;
    size_t dense = rows, width = reader->leaf->width;
    bp_status status;

    if ((status = choose_form(to, err))) return status;
    if (to->validity) {
        dense = 0;
        if (!parquet_runs_read_bits(&reader->definitions, to->validity, to->done, rows, &dense)) return bad_levels(err);
        to->null_count += rows - dense;
    }
    if (to->form == FORM_CODES) {
        if ((status = parquet_codes_read(reader, dense, to->codes + to->done, err))) return status;
        if (dense < rows) parquet_spread(to->codes + to->done, sizeof *to->codes, to->validity, to->done, rows, dense);
        return BP_OK;
    }
    if ((status = parquet_values_read(reader, to->target, dense, (char *)to->values + to->done * width, width ? 0 : to->done, err)))
        return status;
    if (dense < rows) parquet_spread((char *)to->values + to->done * width, width, to->validity, to->done, rows, dense);
    return BP_OK;
}

/* The dictionary's column is copied: it shall live as long as the batch, which is longer than the reader. */
static bp_status as_dictionary(const filling *to, column *out, bp_error *err)
{
    column *dictionary = arena_new(to->target->arena, column);

    if (!dictionary) return no_room(to, sizeof *dictionary, err);
    *dictionary = to->reader->dictionary;
    out->encoding = COLUMN_DICTIONARY;
    out->values = to->codes;
    out->children = dictionary;
    out->child_count = 1;
    return BP_OK;
}

/* Some rows -------------------------------------------------------------------------------------------------------------------------- */
/* Rows of a page that are wanted: row selection[i] - first of it. */
typedef struct wanted_rows {
    const uint32_t *selection;
    size_t first, count;
} wanted_rows;

#define PICK_LOOP(type)                                                                                                            \
    do {                                                                                                                           \
        for (size_t i = 0; i < wanted->count; i++)                                                                                 \
            memcpy((char *)out + i * sizeof(type), (const char *)from + (wanted->selection[i] - wanted->first) * sizeof(type),     \
                   sizeof(type));                                                                                                  \
    } while (0)

/* `from` may be a page, where values are not aligned. */
static void pick_values(const void *from, size_t width, const wanted_rows *wanted, void *out)
{
    switch (width) {
    case 1: PICK_LOOP(uint8_t); break;
    case 2: PICK_LOOP(uint16_t); break;
    case 4: PICK_LOOP(uint32_t); break;
    case 8: PICK_LOOP(uint64_t); break;
    case 16: PICK_LOOP(uint128); break;
    default: PICK_LOOP(wide); break;
    }
}

/* A page with NULLs, or in an encoding that cannot jump. */
static bp_status fill_from_all(filling *to, size_t rows, size_t dense, const uint64_t *levels, const wanted_rows *wanted,
                               bp_error *err)
{
    size_t width = to->form == FORM_CODES ? sizeof *to->codes : to->reader->leaf->width;
    void *all = arena_allocate_aligned(to->target->arena, rows * width + 16, 64), *out = to->values;
    bp_status status;

    if (!all) return no_room(to, rows * width, err);
    status = to->form == FORM_CODES ? parquet_codes_read(to->reader, dense, all, err)
                                    : parquet_values_read(to->reader, to->target, dense, all, 0, err);
    if (status) return status;
    if (dense < rows) parquet_spread(all, width, levels, 0, rows, dense);
    if (to->form == FORM_CODES) out = to->codes;
    pick_values(all, width, wanted, (char *)out + to->done * width);
    return BP_OK;
}

/* Which wanted rows are there, of a page of `rows` with `dense` values. */
static void pick_levels(filling *to, size_t rows, size_t dense, const uint64_t *levels, const wanted_rows *wanted)
{
    for (size_t i = 0; i < wanted->count; i++) {
        bool there = dense == rows || bitmap_get(levels, wanted->selection[i] - wanted->first);
        bitmap_put(to->validity, to->done + i, there);
        to->null_count += !there;
    }
}

static bp_status fill_wanted(filling *to, size_t rows, const wanted_rows *wanted, bp_error *err)
{
    parquet_reader *reader = to->reader;
    const parquet_leaf *leaf = reader->leaf;
    size_t dense = rows, width = leaf->width;
    uint64_t *levels = NULL;
    bp_status status;

    if ((status = choose_form(to, err))) return status;
    if (to->validity) {
        dense = 0;
        levels = arena_allocate_aligned(to->target->arena, bitmap_words(rows) * 8 + 8, 64);
        if (!levels) return no_room(to, rows / 8, err);
        if (!parquet_runs_read_bits(&reader->definitions, levels, 0, rows, &dense)) return bad_levels(err);
        pick_levels(to, rows, dense, levels, wanted);
    }
    if (dense == rows && reader->is_codes && to->form == FORM_VALUES)
        return parquet_codes_pick(reader, to->target, rows, wanted->selection, wanted->first, wanted->count,
                                  (char *)to->values + to->done * width, err);
    if (dense == rows && reader->encoding == PARQUET_PLAIN && leaf->convert == CONVERT_NONE && !reader->is_codes) {
        const uint8_t *all;
        if (!cursor_view(&reader->bytes, rows * width, &all)) return parquet_short_page(err);
        pick_values(all, width, wanted, (char *)to->values + to->done * width);
        return parquet_check_range(leaf->type, (char *)to->values + to->done * width, wanted->count, err);
    }
    return fill_from_all(to, rows, dense, levels, wanted, err);
}

static bp_status begin_filling(filling *to, bp_error *err)
{
    bp_status status = parquet_flat_settle(to->reader, err);

    if (status || !to->reader->leaf->max_definition) return status;
    to->validity = arena_allocate_aligned(to->target->arena, bitmap_words(to->rows) * 8 + 8, 64);
    return to->validity ? BP_OK : no_room(to, to->rows / 8, err);
}

static bp_status finish_filling(const filling *to, column *out, bp_error *err)
{
    *out = (column){.type = to->reader->leaf->type,
                    .length = to->rows,
                    .values = to->values,
                    .validity = to->null_count ? to->validity : NULL,
                    .owner = to->target->owner};
    return to->form == FORM_CODES ? as_dictionary(to, out, err) : BP_OK;
}

/* Up to `rows` rows of one page, of the next when this one is done; they count as passed. */
static bp_status next_part(parquet_reader *reader, size_t rows, size_t *part, bp_error *err)
{
    uint64_t skipped;
    bp_status status;

    if (reader->page_left == 0 && (status = parquet_page_next(reader, 0, &skipped, err))) return status;
    *part = reader->page_left < rows ? (size_t)reader->page_left : rows;
    reader->page_left -= *part;
    reader->row += *part;
    return BP_OK;
}

bp_status parquet_flat_read(parquet_reader *reader, const parquet_target *target, size_t rows, column *out, bp_error *err)
{
    filling to = {.reader = reader, .target = target, .rows = rows};
    bp_status status = begin_filling(&to, err);

    if (status) return status;
    while (to.done < rows) {
        size_t part;
        if ((status = next_part(reader, rows - to.done, &part, err))) return status;
        if ((status = fill(&to, part, err))) return status;
        to.done += part;
    }
    return finish_filling(&to, out, err);
}

bp_status parquet_flat_pick(parquet_reader *reader, const parquet_target *target, const uint32_t *selection, size_t count,
                            column *out, bp_error *err)
{
    filling to = {.reader = reader, .target = target, .rows = count};
    size_t row = selection[0], end = selection[count - 1] + (size_t)1;
    bp_status status;

    parquet_reader_skip(reader, row);
    if ((status = begin_filling(&to, err))) return status;
    while (to.done < count) {
        wanted_rows wanted = {.selection = selection + to.done, .first = row};
        size_t part;
        if (reader->page_left == 0 && selection[to.done] > row) { /* pages that lie between stay packed */
            parquet_reader_skip(reader, selection[to.done] - row);
            row = wanted.first = selection[to.done];
            if ((status = parquet_flat_settle(reader, err))) return status;
        }
        if ((status = next_part(reader, end - row, &part, err))) return status;
        row += part;
        while (to.done + wanted.count < count && wanted.selection[wanted.count] < row) wanted.count++;
        if ((status = fill_wanted(&to, part, &wanted, err))) return status;
        to.done += wanted.count;
    }
    return finish_filling(&to, out, err);
}
