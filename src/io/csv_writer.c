/* Tables as CSV: a quote only where a field needs one (it holds the delimiter, the quote, a line end, begins like a comment, or would be
 * read as NULL), floats in the shortest text that reads back the same, ISO dates.
 *
 * Rows are put together in a builder, field by field; numbers go straight into room that was reserved for the row. Large batches are cut into pieces that
 * workers write side by side. */
#include "io/csv_internal.h"

#include "base/number.h"
#include "base/temporal.h"

#define FLUSH_SIZE ((size_t)1 << 18)
#define PIECE_ROWS 4096 /* of a large batch, written by one worker */
#define NUMBER_ROOM 64 /* more than any number, date or timestamp has as text */

void csv_write_options_init(csv_write_options *out)
{
    *out = (csv_write_options){.delimiter = STRING_VIEW(","),
                               .quote = '"',
                               .escape = '"',
                               .header = true,
                               .null_text = STRING_VIEW(""),
                               .new_line = STRING_VIEW("\n")};
}

/* What a field is checked for, as a table of bytes. */
typedef struct quoting {
    bool needs[256];
    bool safe_numbers; /* no number, date or timestamp can hold the delimiter */
    const csv_write_options *options;
} quoting;

static void quoting_init(quoting *out, const csv_write_options *options)
{
    static const char number_characters[] = "0123456789+-.:einfatyBC() ";

    *out = (quoting){.options = options};
    for (size_t i = 0; i < options->delimiter.size; i++) out->needs[(unsigned char)options->delimiter.data[i]] = true;
    out->safe_numbers =
        options->delimiter.size == 1 && !memchr(number_characters, options->delimiter.data[0], sizeof number_characters - 1);
    out->needs['\n'] = out->needs['\r'] = true;
    if (options->quote >= 0) out->needs[(unsigned char)options->quote] = true;
    if (options->escape >= 0) out->needs[(unsigned char)options->escape] = true;
}

static bool needs_quote(const quoting *quoting, string_view text)
{
    if (text.size == 0) return string_equal(text, quoting->options->null_text);
    if (text.data[0] == '#') return true; /* a sniffer would take it for a comment */
    for (size_t i = 0; i < text.size; i++) {
        if (quoting->needs[(unsigned char)text.data[i]]) return true;
    }
    return text.size == quoting->options->null_text.size && string_equal(text, quoting->options->null_text);
}

static bp_status write_quoted(builder *out, const csv_write_options *options, string_view text, bp_error *err)
{
    char quote = (char)options->quote, escape = (char)(options->escape >= 0 ? options->escape : options->quote);
    size_t begin = 0;

    if (options->quote < 0)
        return error_set(err, BP_BAD_ARGUMENT, "'%.*s' cannot be written without quotes; set another delim or a quote",
                         STRING_ARGUMENTS(string_view_slice(text, 0, text.size < 80 ? text.size : 80)));
    builder_byte(out, quote);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != quote && text.data[i] != escape) continue;
        builder_append(out, text.data + begin, i - begin);
        builder_byte(out, escape);
        begin = i;
    }
    builder_append(out, text.data + begin, text.size - begin);
    builder_byte(out, quote);
    return BP_OK;
}

static bp_status write_text(builder *out, const quoting *quoting, string_view text, bool always, bp_error *err)
{
    if (always || needs_quote(quoting, text)) return write_quoted(out, quoting->options, text, err);
    builder_append(out, text.data, text.size);
    return BP_OK;
}

/* Numbers and times of the usual types into `out`; 0: not one of those. */
static size_t print_number(char *out, const column *column, size_t at)
{
    const void *values = column->values;
    int128 wide;

    switch ((type_id)column->type.id) {
    case TYPE_INT8: return number_print_int64(out, ((const int8_t *)values)[at]);
    case TYPE_INT16: return number_print_int64(out, ((const int16_t *)values)[at]);
    case TYPE_INT32: return number_print_int64(out, ((const int32_t *)values)[at]);
    case TYPE_INT64: return number_print_int64(out, ((const int64_t *)values)[at]);
    case TYPE_UINT8: return number_print_uint64(out, ((const uint8_t *)values)[at]);
    case TYPE_UINT16: return number_print_uint64(out, ((const uint16_t *)values)[at]);
    case TYPE_UINT32: return number_print_uint64(out, ((const uint32_t *)values)[at]);
    case TYPE_UINT64: return number_print_uint64(out, ((const uint64_t *)values)[at]);
    case TYPE_INT128: return number_print_int128(out, ((const int128 *)values)[at]);
    case TYPE_FLOAT32: return number_print_float(out, ((const float *)values)[at]);
    case TYPE_FLOAT64: return number_print_double(out, ((const double *)values)[at]);
    case TYPE_DATE: return temporal_print_date(out, ((const int32_t *)values)[at]);
    case TYPE_TIMESTAMP: return temporal_print_timestamp(out, ((const int64_t *)values)[at], (time_unit)column->type.unit);
    case TYPE_DECIMAL:
        if (column->type.precision > NUMBER_DECIMAL_DIGITS || column->type.scale < 0) return 0;
        if (type_physical(column->type) == PHYSICAL_INT64)
            wide = ((const int64_t *)values)[at];
        else
            wide = ((const int128 *)values)[at];
        return number_print_decimal(out, wide, (unsigned)column->type.scale);
    default: return 0;
    }
}

static bool has_format(const csv_write_options *options, data_type type)
{
    if (type.id == TYPE_DATE) return options->date_format.size > 0;
    return (type.id == TYPE_TIMESTAMP || type.id == TYPE_TIMESTAMP_TZ) && options->timestamp_format.size > 0;
}

/* A date or timestamp as the user wants it, into `out`. */
static bool print_formatted(builder *out, const csv_write_options *options, const column *column, size_t at)
{
    int32_t days;
    int64_t nanos = 0, micros, value;

    if (column->type.id == TYPE_DATE)
        return temporal_format(out, options->date_format, ((const int32_t *)column->values)[at], 0, 0, STRING_VIEW(""));
    value = ((const int64_t *)column->values)[at];
    if (!timestamp_convert(value, (time_unit)column->type.unit, UNIT_MICRO, &micros)) return false;
    timestamp_split(micros, &days, &nanos);
    nanos *= 1000;
    if (column->type.unit == UNIT_NANO) nanos += ((value % 1000) + 1000) % 1000;
    return temporal_format(out, options->timestamp_format, days, nanos, 0, STRING_VIEW("UTC"));
}

static bp_status write_value(builder *out, builder *scratch, const quoting *quoting, const column *column, size_t row, bool always,
                             bp_error *err)
{
    size_t at = column->encoding == COLUMN_CONSTANT ? 0 : row, size;
    const struct column *flat = column;

    if (column_is_null(column, row)) {
        builder_text(out, quoting->options->null_text);
        return BP_OK;
    }
    if (column->encoding == COLUMN_DICTIONARY) {
        at = ((const uint32_t *)column->values)[row];
        flat = &column->children[0];
        if (column_is_null(flat, at)) {
            builder_text(out, quoting->options->null_text);
            return BP_OK;
        }
    }
    if (flat->type.id == TYPE_VARCHAR)
        return write_text(out, quoting, string_ref_view(&((const string_ref *)flat->values)[at]), always, err);
    if (flat->type.id == TYPE_BOOLEAN && !always) {
        builder_text(out, bitmap_get(flat->values, at) ? STRING_VIEW("true") : STRING_VIEW("false"));
        return BP_OK;
    }
    builder_reset(scratch);
    if (has_format(quoting->options, flat->type)) {
        if (!print_formatted(scratch, quoting->options, flat, at)) return builder_status(scratch, err);
        return write_text(out, quoting, builder_view(scratch), always, err);
    }
    if (!always && quoting->safe_numbers && builder_reserve(out, NUMBER_ROOM) &&
        (size = print_number(out->data + out->size, flat, at))) {
        out->size += size;
        return BP_OK;
    }
    if (!column_print_value(scratch, flat, at)) return builder_status(scratch, err);
    return write_text(out, quoting, builder_view(scratch), always, err);
}

static bool is_forced(const csv_write_options *options, string_view name)
{
    for (size_t i = 0; i < options->force_quote.count; i++) {
        string_view item = options->force_quote.items[i];
        if (string_equal(item, STRING_VIEW("*")) || string_equal_nocase(item, name)) return true;
    }
    return false;
}

/* A text that is mostly one byte. */
static inline void write_short(builder *out, string_view text)
{
    if (text.size == 1)
        builder_byte(out, text.data[0]);
    else
        builder_text(out, text);
}

bp_status csv_write_batch(builder *out, const batch *batch, const schema *schema, const csv_write_options *options, bp_error *err)
{
    bool *forced = memory_allocate_array(out->memory, batch->column_count + 1, sizeof *forced);
    bp_status status = BP_OK;
    builder scratch;
    quoting quoting;

    if (!forced) return error_no_memory(err, out->memory, batch->column_count);
    quoting_init(&quoting, options);
    builder_init(&scratch, out->memory, SIZE_MAX);
    for (size_t c = 0; c < batch->column_count; c++) forced[c] = is_forced(options, schema->names[c]);
    for (size_t row = 0; row < batch->row_count; row++) {
        for (size_t c = 0; c < batch->column_count; c++) {
            if (c) write_short(out, options->delimiter);
            if ((status = write_value(out, &scratch, &quoting, &batch->columns[c], row, forced[c], err))) goto done;
        }
        write_short(out, options->new_line);
    }
    status = builder_status(out, err);
done:
    builder_clear(&scratch);
    memory_free(out->memory, forced, batch->column_count + 1);
    return status;
}

/* The writer ----------------------------------------------------------------------------------------------------------------------------- */
typedef struct csv_writer {
    target base;
    byte_sink sink;
    arena arena;
    schema schema;
    csv_write_options options;
    codec_encoder *encoder;
    builder text, coded;
    bool finished;
} csv_writer;

/* Hand over what has gathered. */
static bp_status flush(csv_writer *writer, bool finish, bp_error *err)
{
    builder *ready = &writer->text;
    bp_status status;

    if (writer->encoder) {
        status = codec_encode(writer->encoder, writer->text.data, writer->text.size, finish, &writer->coded, err);
        if (status) return status;
        ready = &writer->coded;
    }
    if (ready->size && (status = writer->sink.write(writer->sink.data, ready->data, ready->size, err))) return status;
    builder_reset(&writer->text);
    builder_reset(&writer->coded);
    return BP_OK;
}

static bp_status write_header(csv_writer *writer, bp_error *err)
{
    const csv_write_options *options = &writer->options;
    bp_status status;
    quoting quoting;

    quoting_init(&quoting, options);
    for (size_t c = 0; c < writer->schema.count; c++) {
        if (c) builder_text(&writer->text, options->delimiter);
        if ((status =
                 write_text(&writer->text, &quoting, writer->schema.names[c], is_forced(options, writer->schema.names[c]), err)))
            return status;
    }
    builder_text(&writer->text, options->new_line);
    return builder_status(&writer->text, err);
}

static bool keep_text(arena *arena, string_view *text)
{
    *text = arena_copy(arena, *text);
    return text->data != NULL;
}

static bp_status copy_write_options(csv_writer *writer, const csv_write_options *options, bp_error *err)
{
    csv_write_options *own = &writer->options;
    string_view *items = arena_new_array(&writer->arena, string_view, options->force_quote.count + 1);
    bool copied = items != NULL;
    bp_status status;

    *own = *options;
    for (size_t i = 0; copied && i < options->force_quote.count; i++) {
        items[i] = options->force_quote.items[i];
        copied = keep_text(&writer->arena, &items[i]);
    }
    own->force_quote.items = items;
    if (!copied || !keep_text(&writer->arena, &own->delimiter) || !keep_text(&writer->arena, &own->null_text) ||
        !keep_text(&writer->arena, &own->new_line) || !keep_text(&writer->arena, &own->date_format) ||
        !keep_text(&writer->arena, &own->timestamp_format))
        return error_no_memory(err, writer->base.context->memory, 4096);
    if (own->delimiter.size == 0) return error_set(err, BP_BAD_ARGUMENT, "delim must not be empty when CSV is written");
    if (own->date_format.size && (status = temporal_check_format(own->date_format, false, err))) return status;
    if (own->timestamp_format.size && (status = temporal_check_format(own->timestamp_format, false, err))) return status;
    return BP_OK;
}

static void writer_free(target *self)
{
    csv_writer *writer = (csv_writer *)self;

    codec_encoder_free(writer->encoder);
    builder_clear(&writer->text);
    builder_clear(&writer->coded);
    arena_clear(&writer->arena);
    memory_delete(self->context->memory, writer);
}

/* Pieces of a batch, each to a builder of its own. */
typedef struct pieces {
    const csv_writer *writer;
    const batch *batch;
    builder *texts;
} pieces;

static bp_status write_piece(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    const pieces *pieces = data;
    size_t begin = (size_t)piece * PIECE_ROWS, left = pieces->batch->row_count - begin;
    batch part;
    arena arena;
    bp_status status;

    (void)worker;
    arena_init(&arena, pieces->writer->base.context->memory);
    status = batch_slice(&part, pieces->batch, begin, left < PIECE_ROWS ? left : PIECE_ROWS, &arena, err);
    if (!status) status = csv_write_batch(&pieces->texts[piece], &part, &pieces->writer->schema, &pieces->writer->options, err);
    arena_clear(&arena);
    return status;
}

/* A large batch by all workers. */
static bp_status write_pieces(csv_writer *writer, const batch *batch, bp_error *err)
{
    bp_context *context = writer->base.context;
    size_t count = (batch->row_count + PIECE_ROWS - 1) / PIECE_ROWS;
    pieces pieces = {writer, batch, memory_allocate_array(context->memory, count, sizeof(builder))};
    bp_status status;

    if (!pieces.texts) return error_no_memory(err, context->memory, count * sizeof(builder));
    for (size_t i = 0; i < count; i++) builder_init(&pieces.texts[i], context->memory, SIZE_MAX);
    status = parallel_for(context, count, write_piece, &pieces, err);
    for (size_t i = 0; i < count && !status; i++) {
        if (writer->encoder) {
            builder_append(&writer->text, pieces.texts[i].data, pieces.texts[i].size);
            status = builder_status(&writer->text, err);
            if (!status) status = flush(writer, false, err);
        } else if (!(status = flush(writer, false, err)) && pieces.texts[i].size) {
            status = writer->sink.write(writer->sink.data, pieces.texts[i].data, pieces.texts[i].size, err);
        }
        builder_clear(&pieces.texts[i]);
    }
    for (size_t i = 0; i < count; i++) builder_clear(&pieces.texts[i]);
    memory_free(context->memory, pieces.texts, count * sizeof(builder));
    return status;
}

static bp_status writer_write(target *self, const batch *batch, bp_error *err)
{
    csv_writer *writer = (csv_writer *)self;
    bp_status status;

    if (batch->row_count > 2 * PIECE_ROWS && parallel_workers(self->context, 2) > 1) return write_pieces(writer, batch, err);
    status = csv_write_batch(&writer->text, batch, &writer->schema, &writer->options, err);
    if (!status && writer->text.size >= FLUSH_SIZE) status = flush(writer, false, err);
    self->waiting = writer->text.size;
    return status;
}

static bp_status writer_finish(target *self, bp_error *err)
{
    csv_writer *writer = (csv_writer *)self;

    if (writer->finished) return BP_OK;
    writer->finished = true;
    return flush(writer, true, err);
}

static const target_class writer_class = {.free = writer_free, .write = writer_write, .finish = writer_finish};

bp_status csv_writer_new(target **out, bp_context *context, byte_sink sink, const schema *schema, const csv_write_options *options,
                         bp_error *err)
{
    csv_writer *writer = memory_new(context->memory, csv_writer);
    codec_kind codec = options->compression == CSV_COMPRESSION_GZIP   ? CODEC_GZIP
                       : options->compression == CSV_COMPRESSION_ZSTD ? CODEC_ZSTD
                                                                      : CODEC_NONE;
    bp_status status;

    *out = NULL;
    if (!writer) return error_no_memory(err, context->memory, sizeof *writer);
    writer->base = (target){.class = &writer_class, .context = context};
    writer->sink = sink;
    arena_init(&writer->arena, context->memory);
    builder_init(&writer->text, context->memory, SIZE_MAX);
    builder_init(&writer->coded, context->memory, SIZE_MAX);
    if ((status = schema_copy(&writer->schema, schema, &writer->arena, err))) goto done;
    if ((status = copy_write_options(writer, options, err))) goto done;
    if (codec != CODEC_NONE && (status = codec_encoder_new(&writer->encoder, context->memory, codec, 0, err))) goto done;
    if (options->header && (status = write_header(writer, err))) goto done;
    *out = &writer->base;
    writer = NULL;
done:
    if (writer) writer_free(&writer->base);
    return status;
}
