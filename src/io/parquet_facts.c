/* What footers say, as tables in DuckDB's columns: the builders of a table are filled row by row. */
#include "column/column_builder.h"
#include "column/table.h"
#include "parquet_internal.h"

typedef struct fact_column {
    const char *name;
    type_id type;
} fact_column;

static const fact_column schema_columns[] = {{"file_name", TYPE_VARCHAR},
                                             {"name", TYPE_VARCHAR},
                                             {"type", TYPE_VARCHAR},
                                             {"type_length", TYPE_VARCHAR},
                                             {"repetition_type", TYPE_VARCHAR},
                                             {"num_children", TYPE_INT64},
                                             {"converted_type", TYPE_VARCHAR},
                                             {"scale", TYPE_INT64},
                                             {"precision", TYPE_INT64},
                                             {"field_id", TYPE_INT64},
                                             {"logical_type", TYPE_VARCHAR},
                                             {"duckdb_type", TYPE_VARCHAR},
                                             {"column_id", TYPE_INT64}};
static const fact_column chunk_columns[] = {{"file_name", TYPE_VARCHAR},
                                            {"row_group_id", TYPE_INT64},
                                            {"row_group_num_rows", TYPE_INT64},
                                            {"row_group_num_columns", TYPE_INT64},
                                            {"row_group_bytes", TYPE_INT64},
                                            {"column_id", TYPE_INT64},
                                            {"file_offset", TYPE_INT64},
                                            {"num_values", TYPE_INT64},
                                            {"path_in_schema", TYPE_VARCHAR},
                                            {"type", TYPE_VARCHAR},
                                            {"stats_min", TYPE_VARCHAR},
                                            {"stats_max", TYPE_VARCHAR},
                                            {"stats_null_count", TYPE_INT64},
                                            {"stats_distinct_count", TYPE_INT64},
                                            {"stats_min_value", TYPE_VARCHAR},
                                            {"stats_max_value", TYPE_VARCHAR},
                                            {"compression", TYPE_VARCHAR},
                                            {"encodings", TYPE_VARCHAR},
                                            {"index_page_offset", TYPE_INT64},
                                            {"dictionary_page_offset", TYPE_INT64},
                                            {"data_page_offset", TYPE_INT64},
                                            {"total_compressed_size", TYPE_INT64},
                                            {"total_uncompressed_size", TYPE_INT64},
                                            {"bloom_filter_offset", TYPE_INT64},
                                            {"bloom_filter_length", TYPE_INT64},
                                            {"min_is_exact", TYPE_BOOLEAN},
                                            {"max_is_exact", TYPE_BOOLEAN},
                                            {"row_group_compressed_bytes", TYPE_INT64},
                                            {"column_index_offset", TYPE_INT64},
                                            {"column_index_length", TYPE_INT64},
                                            {"offset_index_offset", TYPE_INT64},
                                            {"offset_index_length", TYPE_INT64}};
static const fact_column file_columns[] = {
    {"file_name", TYPE_VARCHAR},    {"created_by", TYPE_VARCHAR},     {"num_rows", TYPE_INT64},    {"num_row_groups", TYPE_INT64},
    {"format_version", TYPE_INT64}, {"file_size_bytes", TYPE_UINT64}, {"footer_size", TYPE_UINT64}};
static const fact_column kv_columns[] = {{"file_name", TYPE_VARCHAR}, {"key", TYPE_BLOB}, {"value", TYPE_BLOB}};

static const struct {
    const fact_column *columns;
    size_t count;
} facts[] = {{schema_columns, ARRAY_LENGTH(schema_columns)},
             {chunk_columns, ARRAY_LENGTH(chunk_columns)},
             {file_columns, ARRAY_LENGTH(file_columns)},
             {kv_columns, ARRAY_LENGTH(kv_columns)}};

static const char *const physical_names[] = {"BOOLEAN", "INT32",  "INT64",      "INT96",
                                             "FLOAT",   "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"};
static const char *const repetition_names[] = {"REQUIRED", "OPTIONAL", "REPEATED"};
static const char *const converted_names[] = {"UTF8",
                                              "MAP",
                                              "MAP_KEY_VALUE",
                                              "LIST",
                                              "ENUM",
                                              "DECIMAL",
                                              "DATE",
                                              "TIME_MILLIS",
                                              "TIME_MICROS",
                                              "TIMESTAMP_MILLIS",
                                              "TIMESTAMP_MICROS",
                                              "UINT_8",
                                              "UINT_16",
                                              "UINT_32",
                                              "UINT_64",
                                              "INT_8",
                                              "INT_16",
                                              "INT_32",
                                              "INT_64",
                                              "JSON",
                                              "BSON",
                                              "INTERVAL"};
static const char *const codec_names[] = {"UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW"};
static const char *const encoding_names[] = {"PLAIN",
                                             NULL,
                                             "PLAIN_DICTIONARY",
                                             "RLE",
                                             "BIT_PACKED",
                                             "DELTA_BINARY_PACKED",
                                             "DELTA_LENGTH_BYTE_ARRAY",
                                             "DELTA_BYTE_ARRAY",
                                             "RLE_DICTIONARY",
                                             "BYTE_STREAM_SPLIT"};
static const char *const logical_names[] = {NULL,
                                            "StringType()",
                                            "MapType()",
                                            "ListType()",
                                            "EnumType()",
                                            NULL,
                                            "DateType()",
                                            NULL,
                                            NULL,
                                            NULL,
                                            NULL,
                                            "NullType()",
                                            "JsonType()",
                                            "BsonType()",
                                            "UUIDType()",
                                            "Float16Type()",
                                            "VariantType()",
                                            "GeometryType()",
                                            "GeographyType()"};

/* A row under construction: each call fills the next column. */
typedef struct rows {
    column_builder builders[ARRAY_LENGTH(chunk_columns)];
    size_t count, at;
    bp_status status; /* the first failure */
    bp_error *err;
    builder text;
    arena *arena;
    string_view file_name;
} rows;

static void put_null(rows *to)
{
    if (!to->status) to->status = column_builder_append_null(&to->builders[to->at], to->err);
    to->at = (to->at + 1) % to->count;
}

static void put_text(rows *to, string_view text)
{
    if (!to->status) to->status = column_builder_append_text(&to->builders[to->at], text, to->err);
    to->at = (to->at + 1) % to->count;
}

static void put_name(rows *to, const char *name)
{
    if (name)
        put_text(to, string_view_of(name));
    else
        put_null(to);
}

static void put_number(rows *to, int64_t value)
{
    if (!to->status) to->status = column_builder_append_value(&to->builders[to->at], &value, to->err);
    to->at = (to->at + 1) % to->count;
}

static void put_number_unless(rows *to, int64_t value, int64_t none)
{
    if (value == none)
        put_null(to);
    else
        put_number(to, value);
}

static void put_bool(rows *to, bool value)
{
    if (!to->status) to->status = column_builder_append_value(&to->builders[to->at], &value, to->err);
    to->at = (to->at + 1) % to->count;
}

/* What was written into to->text. */
static void put_written(rows *to)
{
    if (!to->status) to->status = builder_status(&to->text, to->err);
    put_text(to, builder_view(&to->text));
    builder_reset(&to->text);
}

/* parquet_schema -------------------------------------------------------------------------------------------------------------------- */
static void put_logical(rows *to, const parquet_element *element)
{
    static const char *const units[][3] = {[UNIT_MILLI] = {"MilliSeconds()", "<null>", "<null>"},
                                           [UNIT_MICRO] = {"<null>", "MicroSeconds()", "<null>"},
                                           [UNIT_NANO] = {"<null>", "<null>", "NanoSeconds()"}};
    uint8_t logical = element->logical_told;
    const char *const *unit = units[element->unit >= UNIT_MILLI ? element->unit : UNIT_MILLI];

    if (logical == PARQUET_LOGICAL_DECIMAL)
        builder_format(&to->text, "DecimalType(scale=%d, precision=%d)", element->scale, element->precision);
    else if (logical == PARQUET_LOGICAL_INTEGER)
        builder_format(&to->text, "IntType(bitWidth=%u, isSigned=%d)", element->bits, element->is_signed);
    else if (logical == PARQUET_LOGICAL_TIME || logical == PARQUET_LOGICAL_TIMESTAMP)
        builder_format(&to->text, "%sType(isAdjustedToUTC=%d, unit=TimeUnit(MILLIS=%s, MICROS=%s, NANOS=%s))",
                       logical == PARQUET_LOGICAL_TIME ? "Time" : "Timestamp", element->utc, unit[0], unit[1], unit[2]);
    else {
        put_name(to, logical < ARRAY_LENGTH(logical_names) ? logical_names[logical] : NULL);
        return;
    }
    put_written(to);
}

/* The SQL type of a leaf's element, or nothing for groups. */
static void put_type(rows *to, const parquet_footer *footer, size_t element)
{
    for (size_t i = 0; i < footer->leaf_count; i++) {
        if (footer->leaves[i].element != element) continue;
        type_print(&to->text, footer->leaves[i].type);
        put_written(to);
        return;
    }
    put_null(to);
}

static void schema_rows(rows *to, const parquet_footer *footer)
{
    for (size_t i = 0; i < footer->element_count && !to->status; i++) {
        const parquet_element *element = &footer->elements[i];
        bool group = element->physical == PARQUET_GROUP;
        put_text(to, to->file_name);
        put_text(to, element->name);
        put_name(to, group ? NULL : physical_names[element->physical]);
        if (element->physical == PARQUET_FIXED) {
            builder_format(&to->text, "%u", element->type_length);
            put_written(to);
        } else {
            put_null(to);
        }
        put_name(to, repetition_names[element->repetition > 0 && element->repetition < 3 ? element->repetition : 0]);
        put_number_unless(to, element->child_count, 0);
        put_name(to, element->converted >= 0 && element->converted < (int)ARRAY_LENGTH(converted_names)
                         ? converted_names[element->converted]
                         : NULL);
        put_number_unless(to, element->scale, -1);
        put_number_unless(to, element->precision, -1);
        put_number_unless(to, element->field_id, INT64_MIN);
        put_logical(to, element);
        put_type(to, footer, i);
        put_number(to, (int64_t)i);
    }
}

/* parquet_metadata ------------------------------------------------------------------------------------------------------------------ */
static void put_statistic(rows *to, const parquet_leaf *leaf, bool has, string_view bytes)
{
    column value;

    if (has && parquet_statistic_value(leaf, bytes, to->arena, &value)) {
        column_print_value(&to->text, &value, 0);
        put_written(to);
    } else {
        put_null(to);
    }
}

static void put_encodings(rows *to, uint32_t encodings)
{
    for (size_t i = 0; i < ARRAY_LENGTH(encoding_names); i++) {
        if (!(encodings >> i & 1) || !encoding_names[i]) continue;
        if (to->text.size) builder_literal(&to->text, ", ");
        builder_text(&to->text, string_view_of(encoding_names[i]));
    }
    put_written(to);
}

static void chunk_row(rows *to, const parquet_footer *footer, size_t group, size_t leaf_index)
{
    const parquet_row_group *of = &footer->row_groups[group];
    const parquet_leaf *leaf = &footer->leaves[leaf_index];
    const parquet_statistics *told;
    parquet_chunk chunk;

    if ((to->status = parquet_chunk_of(&chunk, footer, group, leaf_index, to->err))) return;
    told = &chunk.statistics;
    put_text(to, to->file_name);
    put_number(to, (int64_t)group);
    put_number(to, (int64_t)of->row_count);
    put_number(to, of->chunk_count);
    put_number(to, of->total_size);
    put_number(to, (int64_t)leaf_index);
    put_number(to, chunk.file_offset);
    put_number(to, (int64_t)chunk.value_count);
    for (size_t i = 0; i < leaf->path.size; i++) { /* parts are set off by ", " as DuckDB has it */
        if (leaf->path.data[i] == '.')
            builder_literal(&to->text, ", ");
        else
            builder_byte(&to->text, leaf->path.data[i]);
    }
    put_written(to);
    put_name(to, physical_names[leaf->physical]);
    for (size_t i = 0; i < 2; i++) {
        if (i) {
            put_number_unless(to, told->null_count, -1);
            put_number_unless(to, told->distinct_count, -1);
        }
        put_statistic(to, leaf, told->has_low && (i == 0 || !told->is_old), told->low);
        put_statistic(to, leaf, told->has_high && (i == 0 || !told->is_old), told->high);
    }
    put_name(to, chunk.codec >= 0 && chunk.codec < (int)ARRAY_LENGTH(codec_names) ? codec_names[chunk.codec] : NULL);
    put_encodings(to, chunk.encodings);
    put_number_unless(to, chunk.index_offset, 0);
    put_number_unless(to, chunk.dictionary_offset, 0);
    put_number(to, chunk.data_offset);
    put_number(to, chunk.compressed_size);
    put_number(to, chunk.total_size);
    put_number_unless(to, chunk.bloom_offset, 0);
    put_number_unless(to, chunk.bloom_size, 0);
    for (size_t i = 0; i < 2; i++) {
        if (told->told_exact)
            put_bool(to, i ? told->high_exact : told->low_exact);
        else
            put_null(to);
    }
    put_number(to, of->compressed_size);
    put_number_unless(to, chunk.column_index, 0);
    put_number_unless(to, chunk.column_index_size, 0);
    put_number_unless(to, chunk.offset_index, 0);
    put_number_unless(to, chunk.offset_index_size, 0);
}

static void file_row(rows *to, const parquet_footer *footer)
{
    put_text(to, to->file_name);
    put_text(to, footer->created_by);
    put_number(to, (int64_t)footer->row_count);
    put_number(to, (int64_t)footer->row_group_count);
    put_number(to, footer->version);
    put_number(to, (int64_t)footer->file_size);
    put_number(to, (int64_t)footer->size);
}

static void kv_rows(rows *to, const parquet_footer *footer)
{
    thrift in = thrift_over(footer->bytes, footer->size);
    size_t count;

    if (!footer->kv_position) return;
    in.bytes.position = footer->kv_position;
    in.type = THRIFT_LIST;
    count = thrift_list(&in, THRIFT_STRUCT);
    for (size_t i = 0; i < count && !in.bad && !to->status; i++) {
        string_view key = {0}, value = {0};
        thrift_begin(&in);
        while (thrift_next(&in)) {
            if (in.field == 1)
                key = thrift_binary(&in);
            else if (in.field == 2)
                value = thrift_binary(&in);
            else
                thrift_skip(&in);
        }
        put_text(to, to->file_name);
        put_text(to, key);
        if (value.data)
            put_text(to, value);
        else
            put_null(to);
    }
}

static bp_status file_facts(rows *to, bp_context *context, string_view path, parquet_fact fact, bp_error *err)
{
    parquet_footer *footer = NULL;
    file file = {0};
    bp_status status;

    if ((status = file_open(&file, context, path, err))) return status;
    if ((status = parquet_footer_read(&footer, &file, false, err))) goto done;
    to->file_name = path;
    if (fact == PARQUET_SCHEMA) schema_rows(to, footer);
    if (fact == PARQUET_FILE_METADATA) file_row(to, footer);
    if (fact == PARQUET_KV_METADATA) kv_rows(to, footer);
    for (size_t group = 0; fact == PARQUET_METADATA && group < footer->row_group_count && !to->status; group++)
        for (size_t leaf = 0; leaf < footer->leaf_count && !to->status; leaf++) chunk_row(to, footer, group, leaf);
    status = to->status;
done:
    parquet_footer_free(footer);
    file_close(&file);
    return status;
}

static bp_status as_source(source **out, bp_context *context, rows *from, const schema *schema, bp_error *err)
{
    column *columns = arena_new_array(from->arena, column, from->count);
    table *table = NULL;
    batch all = {.row_count = from->builders[0].length, .column_count = from->count, .columns = columns};
    bp_status status;

    if (!columns) return error_no_memory(err, context->memory, from->count * sizeof *columns);
    for (size_t i = 0; i < from->count; i++)
        if ((status = column_builder_finish(&from->builders[i], &columns[i], err))) return status;
    if ((status = table_new(&table, context->memory, schema, err))) return status;
    status = all.row_count ? table_append(table, &all, err) : BP_OK;
    if (!status) status = table_finish(table, err);
    if (!status) status = table_source_new(out, context, table, err);
    table_release(table);
    return status;
}

bp_status parquet_facts_new(source **out, bp_context *context, const string_view *paths, size_t count, parquet_fact fact,
                            bp_error *err)
{
    rows to = {.count = facts[fact].count, .err = err};
    size_t begun = 0;
    schema schema;
    arena arena;
    bp_status status;

    *out = NULL;
    arena_init(&arena, context->memory);
    builder_init(&to.text, context->memory, (size_t)1 << 24);
    to.arena = &arena;
    if ((status = schema_new(&schema, &arena, to.count, err))) goto done;
    for (; begun < to.count; begun++) {
        schema.names[begun] = string_view_of(facts[fact].columns[begun].name);
        schema.types[begun] = type_of(facts[fact].columns[begun].type);
        if ((status = column_builder_init(&to.builders[begun], schema.types[begun], &arena, err))) goto done;
    }
    for (size_t i = 0; i < count; i++)
        if ((status = file_facts(&to, context, paths[i], fact, err))) goto done;
    status = as_source(out, context, &to, &schema, err);
done:
    for (size_t i = 0; i < begun; i++) column_builder_clear(&to.builders[i]);
    builder_clear(&to.text);
    arena_clear(&arena);
    return status;
}
