/* Parquet that we write is read back to the same rows: every type, nested, with NULLs, repeated values and runs, under any options, whole and in pieces. The
 * first bytes choose options and types, the rest are the values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/context.h"
#include "column/column_builder.h"
#include "io/parquet.h"
#include "io/parquet_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())
#define COLUMNS_MOST 4
#define DEPTH_MOST 4

static bp_context *context;
static char path[64];
static cursor input;

static unsigned pick(unsigned limit)
{
    uint8_t byte = 0;

    (void)!cursor_u8(&input, &byte);
    return byte % limit;
}

/* Types ---------------------------------------------------------------------------------------------------------------------------- */
static data_type pick_flat(void)
{
    static const uint8_t ids[] = {TYPE_BOOLEAN, TYPE_INT8,   TYPE_INT16,  TYPE_INT32,     TYPE_INT64,   TYPE_UINT8,
                                  TYPE_UINT16,  TYPE_UINT32, TYPE_UINT64, TYPE_FLOAT32,   TYPE_FLOAT64, TYPE_VARCHAR,
                                  TYPE_BLOB,    TYPE_DATE,   TYPE_TIME,   TYPE_TIMESTAMP, TYPE_UUID,    TYPE_INTERVAL};
    unsigned choice = pick((unsigned)ARRAY_LENGTH(ids) + 4);

    if (choice < ARRAY_LENGTH(ids)) return type_of((type_id)ids[choice]);
    switch (choice - ARRAY_LENGTH(ids)) {
    case 0: return type_decimal(9, 2);
    case 1: return type_decimal(18, 3);
    case 2: return type_decimal(38, 10);
    default: return type_timestamp(UNIT_NANO); /* milliseconds are read as microseconds */
    }
}

static data_type pick_type(arena *arena, unsigned depth)
{
    static const string_view names[] = {{"x", 1}, {"y.z", 3}, {"list", 4}};
    type_detail *detail;
    data_type *children;
    data_type type = {0};
    unsigned kind = depth < DEPTH_MOST ? pick(6) : 0;

    if (kind < 3) return pick_flat();
    detail = arena_new(arena, type_detail);
    children = arena_new_array(arena, data_type, 3);
    REQUIRE(detail && children);
    type = (data_type){.id = kind == 3 ? TYPE_LIST : kind == 4 ? TYPE_STRUCT : TYPE_MAP, .detail = detail};
    detail->child_count = kind == 4 ? 1 + pick(3) : 1;
    for (size_t i = 0; i < detail->child_count && kind != 5; i++) children[i] = pick_type(arena, depth + 1);
    detail->children = children;
    detail->names = kind == 4 ? names : NULL;
    if (kind == 5) {
        static const string_view entry_names[] = {{"key", 3}, {"value", 5}};
        type_detail *entry = arena_new(arena, type_detail);
        data_type *pair = arena_new_array(arena, data_type, 2);
        REQUIRE(entry && pair);
        pair[0] = type_of(TYPE_VARCHAR);
        pair[1] = pick_type(arena, depth + 1);
        *entry = (type_detail){.child_count = 2, .children = pair, .names = entry_names};
        children[0] = (data_type){.id = TYPE_STRUCT, .detail = entry};
    }
    return type;
}

/* Values --------------------------------------------------------------------------------------------------------------------------- */
static void append_text(column_builder *builder)
{
    static const char *const pieces[] = {"a", "common beginning ", "\xc3\xa9", "\xf0\x9f\x98\x80", "", "z", "0123456789", "\x7f"};
    char text[128];
    size_t size = 0;

    for (unsigned count = pick(7); count; count--) {
        const char *piece = pieces[pick((unsigned)ARRAY_LENGTH(pieces))];
        memcpy(text + size, piece, strlen(piece));
        size += strlen(piece);
    }
    REQUIRE(column_builder_append_text(builder, (string_view){text, size}, NULL) == BP_OK);
}

static void append_fixed(column_builder *builder)
{
    uint64_t words[4] = {0};
    unsigned bytes = 1 + pick(8);
    interval interval;

    for (unsigned i = 0; i < bytes; i++) words[0] = words[0] << 8 | pick(256);
    if (pick(2)) words[0] = 0 - words[0];
    switch (builder->type.id) {
    case TYPE_BOOLEAN: words[0] &= 1; break;
    case TYPE_TIME: words[0] %= (uint64_t)MICROS_PER_DAY; break;
    case TYPE_UUID: words[1] = words[0] * 3; break;
    case TYPE_DECIMAL:
        words[0] %= builder->type.precision == 9 ? 1000000000 : 1000000000000000000;
        if (pick(2)) {
            words[0] = 0 - words[0];
            words[1] = words[0] ? ~UINT64_C(0) : 0;
        }
        break;
    case TYPE_INTERVAL:
        interval =
            (struct interval){(int32_t)(words[0] & 0xffff), (int32_t)(words[0] >> 16 & 0xffff), (int64_t)(words[0] >> 32) * 1000};
        REQUIRE(column_builder_append_value(builder, &interval, NULL) == BP_OK);
        return;
    default: break;
    }
    REQUIRE(column_builder_append_value(builder, words, NULL) == BP_OK);
}

static void append_value(column_builder *builder, bool nullable, unsigned depth)
{
    if (nullable && !pick(5)) {
        REQUIRE(column_builder_append_null(builder, NULL) == BP_OK);
        return;
    }
    REQUIRE(depth < 32);
    switch (builder->type.id) {
    case TYPE_VARCHAR:
    case TYPE_BLOB: append_text(builder); return;
    case TYPE_LIST:
    case TYPE_MAP:
        for (unsigned count = pick(4); count; count--)
            append_value(&builder->children[0], builder->type.id == TYPE_LIST, depth + 1);
        break;
    case TYPE_STRUCT:
        for (size_t i = 0; i < builder->child_count; i++) append_value(&builder->children[i], nullable || i > 0, depth + 1);
        break;
    default: append_fixed(builder); return;
    }
    REQUIRE(column_builder_close_row(builder, NULL) == BP_OK);
}

/* Values, then rows of them again, which makes runs and dictionaries. */
static void make_column(column *out, data_type type, size_t rows, arena *arena)
{
    column_builder builder;
    column first;

    REQUIRE(column_builder_init(&builder, type, arena, NULL) == BP_OK);
    for (size_t row = 0; row < rows; row++) append_value(&builder, true, 0);
    REQUIRE(column_builder_finish(&builder, &first, NULL) == BP_OK);
    REQUIRE(column_builder_append_rows(&builder, &first, 0, rows, NULL) == BP_OK);
    for (unsigned repeats = pick(8); repeats && rows; repeats--) {
        size_t row = pick((unsigned)rows), count = 1 + pick(40);
        for (size_t i = 0; i < count; i++)
            REQUIRE(column_builder_append_rows(&builder, &first, (row + i * pick(2)) % rows, 1, NULL) == BP_OK);
    }
    REQUIRE(column_builder_finish(&builder, out, NULL) == BP_OK);
    column_builder_clear(&builder);
}

static void make_batch(batch *out, schema *schema, arena *arena)
{
    static const string_view names[] = {{"a", 1}, {"b.c", 3}, {"\xc3\xa9", 2}, {"list", 4}};
    size_t count = 1 + pick(COLUMNS_MOST), rows = pick(40);

    REQUIRE(schema_new(schema, arena, count, NULL) == BP_OK);
    *out = (batch){.row_count = SIZE_MAX, .column_count = count, .columns = arena_new_array(arena, column, count)};
    REQUIRE(out->columns);
    for (size_t i = 0; i < count; i++) {
        schema->names[i] = names[i];
        schema->types[i] = pick_type(arena, 0);
        make_column(&out->columns[i], schema->types[i], rows, arena);
        if (out->columns[i].length < out->row_count) out->row_count = out->columns[i].length;
    }
}

static void pick_options(parquet_write_options *out)
{
    static const block_codec codecs[] = {BLOCK_NONE, BLOCK_SNAPPY, BLOCK_GZIP, BLOCK_ZSTD, BLOCK_LZ4};

    parquet_write_options_init(out);
    out->codec = codecs[pick((unsigned)ARRAY_LENGTH(codecs))];
    out->second_version = pick(2);
    if (pick(2)) out->row_group_rows = 1 + pick(60);
    if (!pick(4)) out->row_group_bytes = 1 + 16 * pick(200);
    if (!pick(4)) out->dictionary_entries = pick(8);
    if (!pick(4)) out->dictionary_bytes = pick(100);
    out->bloom_filter = pick(2);
    out->page_index = pick(2);
}

/* Writing and reading ---------------------------------------------------------------------------------------------------------------- */
static bp_status keep(void *data, const char *bytes, size_t size, bp_error *err)
{
    builder_append(data, bytes, size);
    return builder_status(data, err);
}

static void write_file(const batch *rows, const schema *schema, arena *arena, size_t times)
{
    parquet_write_options options;
    size_t piece = 1 + pick(50);
    builder bytes;
    target *writer;
    FILE *file;

    pick_options(&options);
    builder_init(&bytes, context->memory, (size_t)256 << 20);
    REQUIRE(parquet_writer_new(&writer, context, (byte_sink){keep, &bytes}, schema, &options, NULL) == BP_OK);
    for (size_t time = 0; time < times; time++)
        for (size_t at = 0; at < rows->row_count; at += piece) {
            batch part;
            size_t count = rows->row_count - at < piece ? rows->row_count - at : piece;
            REQUIRE(batch_slice(&part, rows, at, count, arena, NULL) == BP_OK);
            REQUIRE(target_write(writer, &part, NULL) == BP_OK);
        }
    REQUIRE(target_finish(writer, NULL) == BP_OK);
    target_free(writer);
    REQUIRE((file = fopen(path, "wb")));
    REQUIRE(fwrite(bytes.data, 1, bytes.size, file) == bytes.size);
    fclose(file);
    builder_clear(&bytes);
}

static void compare(const batch *written, const batch *read, uint64_t begin)
{
    for (size_t c = 0; c < read->column_count; c++) {
        REQUIRE(column_validate(&read->columns[c], 1, NULL) == BP_OK);
        REQUIRE(type_equal(read->columns[c].type, written->columns[c].type));
        for (size_t row = 0; row < read->row_count; row++)
            REQUIRE(column_value_equal(&read->columns[c], row, &written->columns[c], (size_t)((begin + row) % written->row_count)));
    }
}

static void read_file(const batch *written, size_t batch_size, size_t times)
{
    string_view paths[1] = {string_view_of(path)};
    size_t columns[COLUMNS_MOST] = {0, 1, 2, 3};
    scan_request request = {
        .columns = columns, .column_count = written->column_count, .batch_size = batch_size, .row_limit = UINT64_MAX};
    parquet_options options;
    scan_worker *worker;
    source *source;
    scan *scan;
    uint64_t morsel, rows = 0;
    bool end = false;
    batch batch;

    parquet_options_init(&options);
    REQUIRE(parquet_source_new(&source, context, paths, 1, &options, NULL) == BP_OK);
    REQUIRE(source->class->scan_open(&scan, source, &request, NULL) == BP_OK);
    REQUIRE(scan->class->worker_new(&worker, scan, NULL) == BP_OK);
    while (scan->class->claim(scan, worker, &morsel, &end, NULL) == BP_OK && !end)
        for (;;) {
            REQUIRE(scan->class->next(scan, worker, &batch, NULL) == BP_OK);
            if (batch.row_count == 0) break;
            compare(written, &batch, rows);
            rows += batch.row_count;
        }
    REQUIRE(rows == written->row_count * times);
    scan->class->worker_free(worker);
    scan_free(scan);
    source_release(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    schema schema;
    arena arena;
    batch rows;
    size_t times;

    if (!context) {
        REQUIRE(bp_context_new(&context, NULL) == BP_OK);
        REQUIRE(bp_context_set(context, "threads", "1", NULL) == BP_OK);
        snprintf(path, sizeof path, "/tmp/bedplate-fuzz-write-%d.parquet", (int)getpid());
    }
    input = cursor_over(data, size);
    arena_init(&arena, context->memory);
    make_batch(&rows, &schema, &arena);
    times = pick(16) ? 1 : 1 + pick(255);
    write_file(&rows, &schema, &arena, times);
    read_file(&rows, 2048, times);
    read_file(&rows, 1 + pick(70), times);
    remove(path);
    arena_clear(&arena);
    return 0;
}
