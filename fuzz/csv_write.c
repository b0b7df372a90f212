/* CSV that we write is read back to the same rows: any text, NULL or empty, under any delimiter, quote, escape and NULL text that the writer
 * takes. The first bytes choose the options and the types, the rest are the values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/context.h"
#include "column/column_builder.h"
#include "io/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())
#define COLUMNS_MOST 4

static bp_context *context;
static char path[64];
static cursor input;

static unsigned pick(unsigned limit)
{
    uint8_t byte = 0;

    (void)!cursor_u8(&input, &byte);
    return byte % limit;
}

/* Text of up to 15 characters, most of them such as mean something in CSV. */
static bp_status append_text(column_builder *builder)
{
    static const char *const pieces[] = {",", ";", "|",   "\t",   ":", "\"", "'",        "\\",           "\n", "\r",
                                         " ", "#", "\\N", "NULL", "a", "1",  "\xc3\xa9", "\xef\xbb\xbf", "-",  "x"};
    char text[64];
    size_t size = 0;

    for (unsigned count = pick(16); count; count--) {
        const char *piece = pieces[pick((unsigned)ARRAY_LENGTH(pieces))];
        memcpy(text + size, piece, strlen(piece));
        size += strlen(piece);
    }
    return column_builder_append_text(builder, (string_view){text, size}, NULL);
}

static bp_status append_value(column_builder *builder)
{
    uint64_t value[2] = {0, 0};

    if (!pick(5)) return column_builder_append_null(builder, NULL);
    if (builder->type.id == TYPE_VARCHAR) return append_text(builder);
    for (size_t i = 0; i < 8; i++) value[0] = value[0] << 8 | pick(256);
    if (builder->type.id == TYPE_BOOLEAN) value[0] &= 1;
    if (builder->type.id == TYPE_DECIMAL) value[0] %= 10000;
    return column_builder_append_value(builder, value, NULL);
}

static void make_batch(batch *out, schema *schema, arena *arena)
{
    static const string_view names[] = {{"a", 1}, {"b,\"'\\;", 7}, {"c d", 3}, {"1", 1}};
    const data_type types[] = {type_of(TYPE_VARCHAR), type_of(TYPE_INT64),     type_of(TYPE_FLOAT64),
                               type_of(TYPE_BOOLEAN), type_of(TYPE_TIMESTAMP), type_decimal(4, 2)};
    size_t count = 1 + pick(COLUMNS_MOST), rows = pick(20);
    column_builder builder;

    REQUIRE(schema_new(schema, arena, count, NULL) == BP_OK);
    *out = (batch){.row_count = rows, .column_count = count, .columns = arena_new_array(arena, column, count)};
    REQUIRE(out->columns);
    for (size_t i = 0; i < count; i++) {
        schema->names[i] = names[i];
        schema->types[i] = pick(2) ? types[pick((unsigned)ARRAY_LENGTH(types))] : types[0];
        REQUIRE(column_builder_init(&builder, schema->types[i], arena, NULL) == BP_OK);
        for (size_t row = 0; row < rows; row++) REQUIRE(append_value(&builder) == BP_OK);
        REQUIRE(column_builder_finish(&builder, &out->columns[i], NULL) == BP_OK);
        column_builder_clear(&builder);
    }
}

typedef struct dialect {
    csv_write_options write;
    csv_options read;
    string_view null_text;
    string_view forced;
} dialect;

static void make_dialect(dialect *out)
{
    static const string_view delimiters[] = {{",", 1}, {";", 1}, {"|", 1}, {"\t", 1}, {"::", 2}, {", ", 2}};
    static const string_view null_texts[] = {{"", 0}, {"NULL", 4}, {"\\N", 2}, {"-", 1}, {"1", 1}};
    int quote = pick(2) ? '"' : '\'', escape = pick(3) ? quote : '\\';

    csv_write_options_init(&out->write);
    csv_options_init(&out->read);
    out->write.delimiter = out->read.delimiter = delimiters[pick((unsigned)ARRAY_LENGTH(delimiters))];
    out->write.quote = out->read.quote = quote;
    out->write.escape = out->read.escape = escape;
    out->null_text = null_texts[pick((unsigned)ARRAY_LENGTH(null_texts))];
    out->write.null_text = out->null_text;
    out->read.null_texts = (csv_text_list){&out->null_text, 1};
    out->read.allow_quoted_nulls = false;
    if (pick(2)) out->write.new_line = STRING_VIEW("\r\n");
    out->forced = STRING_VIEW("*");
    if (!pick(4)) out->write.force_quote = (csv_text_list){&out->forced, 1};
    out->read.header = CSV_YES;
    out->read.all_varchar = true;
    out->read.auto_detect = false;
    out->read.comment = CSV_NO_CHARACTER;
}

static bp_status keep(void *data, const char *bytes, size_t size, bp_error *err)
{
    builder_append(data, bytes, size);
    return builder_status(data, err);
}

static bp_status write_file(const batch *rows, const schema *schema, const dialect *dialect, builder *out)
{
    target *writer;
    FILE *file;
    bp_status status = csv_writer_new(&writer, context, (byte_sink){keep, out}, schema, &dialect->write, NULL);

    if (status) return status;
    status = target_write(writer, rows, NULL);
    if (!status) status = target_finish(writer, NULL);
    target_free(writer);
    if (status) return status;
    file = fopen(path, "wb");
    REQUIRE(file && fwrite(out->data, 1, out->size, file) == out->size && fclose(file) == 0);
    return BP_OK;
}

static void same_value(const column *read, size_t read_row, const column *written, size_t row)
{
    builder text;

    REQUIRE(column_is_null(read, read_row) == column_is_null(written, row));
    if (column_is_null(written, row)) return;
    builder_init(&text, context->memory, 1 << 16);
    REQUIRE(column_print_value(&text, written, row));
    REQUIRE(string_equal(builder_view(&text), string_ref_view((const string_ref *)read->values + read_row)));
    builder_clear(&text);
}

static void same_batch(const batch *read, const batch *written, size_t first)
{
    REQUIRE(first + read->row_count <= written->row_count);
    for (size_t i = 0; i < read->column_count; i++) {
        arena arena;
        column flat;

        arena_init(&arena, context->memory);
        REQUIRE(column_flatten(&flat, &read->columns[i], &arena, NULL) == BP_OK);
        for (size_t row = 0; row < read->row_count; row++) same_value(&flat, row, &written->columns[i], first + row);
        arena_clear(&arena);
    }
}

static void read_file(const batch *written, const schema *schema, const dialect *dialect)
{
    static const size_t columns[COLUMNS_MOST] = {0, 1, 2, 3};
    string_view paths[1] = {string_view_of(path)};
    scan_request request = {.columns = columns, .column_count = schema->count, .batch_size = 7, .row_limit = UINT64_MAX};
    scan_worker *worker;
    source *source;
    scan *scan;
    uint64_t morsel;
    size_t rows = 0;
    bool end = false;
    batch read;

    REQUIRE(csv_source_new(&source, context, paths, 1, &dialect->read, NULL) == BP_OK);
    REQUIRE(source->schema.count == schema->count);
    for (size_t i = 0; i < schema->count; i++) REQUIRE(string_equal(source->schema.names[i], schema->names[i]));
    REQUIRE(source->class->scan_open(&scan, source, &request, NULL) == BP_OK);
    REQUIRE(scan->class->worker_new(&worker, scan, NULL) == BP_OK);
    for (;;) {
        REQUIRE(scan->class->claim(scan, worker, &morsel, &end, NULL) == BP_OK);
        if (end) break;
        for (;;) {
            REQUIRE(scan->class->next(scan, worker, &read, NULL) == BP_OK);
            if (!read.row_count) break;
            same_batch(&read, written, rows);
            rows += read.row_count;
        }
    }
    REQUIRE(rows == written->row_count);
    scan->class->worker_free(worker);
    scan_free(scan);
    source_release(source);
}

static void begin(void)
{
    int descriptor;

    REQUIRE(bp_context_new(&context, NULL) == BP_OK);
    REQUIRE(bp_context_set(context, "csv_block_size", "64", NULL) == BP_OK);
    strcpy(path, "/tmp/bedplate_fuzz_csv_write_XXXXXX");
    descriptor = mkstemp(path);
    REQUIRE(descriptor >= 0);
    close(descriptor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dialect dialect;
    builder out;
    schema schema;
    arena arena;
    batch rows;

    if (size < 4 || size > 1 << 14) return 0;
    if (!context) begin();
    input = cursor_over(data, size);
    arena_init(&arena, context->memory);
    builder_init(&out, context->memory, 1 << 20);
    make_dialect(&dialect);
    make_batch(&rows, &schema, &arena);
    if (write_file(&rows, &schema, &dialect, &out) == BP_OK) read_file(&rows, &schema, &dialect);
    builder_clear(&out);
    arena_clear(&arena);
    return 0;
}
