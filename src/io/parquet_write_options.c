/* Options of the writer by their SQL names, from constant values. */
#include "base/config.h"
#include "option_value.h"
#include "parquet_internal.h"
#include "parquet_writer.h"

#define DICTIONARY_PAGE_MOST ((uint64_t)1 << 30)
#define ZSTD_LEVEL_LEAST (-131072)
#define ZSTD_LEVEL_MOST 22

typedef enum option_kind {
    KIND_ROWS,
    KIND_BYTES,
    KIND_CODEC,
    KIND_LEVEL,
    KIND_VERSION,
    KIND_COUNT,
    KIND_PAGE,
    KIND_BOOL,
    KIND_RATIO,
    KIND_PAIRS,
    KIND_FIELDS
} option_kind;

typedef struct option {
    const char *name;
    option_kind kind;
    size_t offset;
} option;

static const option options_known[] = {
#define OPTION(name, kind, field, text) {name, KIND_##kind, offsetof(parquet_write_options, field)},
#include "parquet_write_options.def"
#undef OPTION
};

void parquet_write_options_init(parquet_write_options *out)
{
    *out = (parquet_write_options){.row_group_rows = 122880,
                                   .codec = BLOCK_SNAPPY,
                                   .level = 3,
                                   .dictionary_entries = UINT64_MAX,
                                   .dictionary_bytes = (uint64_t)1 << 20,
                                   .bloom_filter = true,
                                   .bloom_ratio = 0.01,
                                   .page_index = true};
}

/* What one value is set from. */
typedef struct setting {
    const option *option;
    parquet_write_options *options;
    arena *arena;
    const column *value;
    void *field;
} setting;

static bp_status wrong(const setting *setting, const char *wanted, bp_error *err)
{
    return error_set(err, BP_BIND_ERROR, "option %s wants %s", setting->option->name, wanted);
}

static bool as_integer(const column *value, int64_t *out)
{
    if (column_is_null(value, 0) || !type_is_integer(value->type)) return false;
    switch (type_physical(value->type)) {
    case PHYSICAL_INT8: *out = *(const int8_t *)value->values; return true;
    case PHYSICAL_INT16: *out = *(const int16_t *)value->values; return true;
    case PHYSICAL_INT32: *out = *(const int32_t *)value->values; return true;
    case PHYSICAL_INT64: *out = *(const int64_t *)value->values; return true;
    default: return false;
    }
}

/* A constant number with or without a point. */
static bool as_double(const column *value, double *out)
{
    int64_t whole;

    if (column_is_null(value, 0)) return false;
    if (value->type.id == TYPE_FLOAT64) {
        *out = *(const double *)value->values;
        return true;
    }
    if (value->type.id == TYPE_DECIMAL && type_physical(value->type) == PHYSICAL_INT64) {
        *out = (double)*(const int64_t *)value->values;
        for (int i = 0; i < value->type.scale; i++) *out /= 10;
        return true;
    }
    if (!as_integer(value, &whole)) return false;
    *out = (double)whole;
    return true;
}

static bp_status set_count(const setting *setting, uint64_t most, const char *wanted, bp_error *err)
{
    int64_t number;

    if (!as_integer(setting->value, &number) || number < 0 || (uint64_t)number > most) return wrong(setting, wanted, err);
    *(uint64_t *)setting->field = (uint64_t)number;
    return BP_OK;
}

static bp_status set_bytes(const setting *setting, bp_error *err)
{
    string_view text;

    if (!option_text(setting->value, &text))
        return set_count(setting, UINT64_MAX, "a number of bytes, or a text such as '64MB'", err);
    return config_parse_bytes(text, setting->field) ? BP_OK : wrong(setting, "a number of bytes, or a text such as '64MB'", err);
}

static bp_status set_codec(const setting *setting, bp_error *err)
{
    static const struct {
        const char *name;
        block_codec codec;
    } known[] = {{"uncompressed", BLOCK_NONE}, {"none", BLOCK_NONE}, {"snappy", BLOCK_SNAPPY}, {"gzip", BLOCK_GZIP},
                 {"zstd", BLOCK_ZSTD},         {"lz4", BLOCK_LZ4},   {"lz4_raw", BLOCK_LZ4},   {"brotli", BLOCK_BROTLI}};
    string_view text;

    if (!option_text(setting->value, &text)) return wrong(setting, "uncompressed, snappy, gzip, zstd or lz4_raw", err);
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        if (!string_equal_nocase(text, string_view_of(known[i].name))) continue;
        if (!block_codec_encodes(known[i].codec))
            return error_set(err, BP_NOT_SUPPORTED,
                             "this version reads Parquet files with %s, but does not write them; zstd is as small",
                             block_codec_name(known[i].codec));
        setting->options->codec = known[i].codec;
        return BP_OK;
    }
    return error_set(err, BP_BIND_ERROR, "option %s cannot be '%.*s'; it may be uncompressed, snappy, gzip, zstd or lz4_raw",
                     setting->option->name, STRING_ARGUMENTS(text));
}

static bp_status set_level(const setting *setting, bp_error *err)
{
    int64_t number;

    if (!as_integer(setting->value, &number) || number < ZSTD_LEVEL_LEAST || number > ZSTD_LEVEL_MOST)
        return wrong(setting, "a number between -131072 and 22", err);
    setting->options->level = (int)number;
    setting->options->has_level = true;
    return BP_OK;
}

static bp_status set_version(const setting *setting, bp_error *err)
{
    string_view text = STRING_VIEW("");
    bool second;

    option_text(setting->value, &text);
    second = string_equal_nocase(text, STRING_VIEW("v2"));
    if (!second && !string_equal_nocase(text, STRING_VIEW("v1"))) return wrong(setting, "'V1' or 'V2'", err);
    setting->options->second_version = second;
    return BP_OK;
}

static bp_status set_ratio(const setting *setting, bp_error *err)
{
    double ratio;

    if (!as_double(setting->value, &ratio) || !(ratio > 0 && ratio <= 1))
        return wrong(setting, "a number greater than 0 and at most 1", err);
    setting->options->bloom_ratio = ratio;
    return BP_OK;
}

static bool keep_text(arena *arena, string_view *text)
{
    *text = arena_copy(arena, *text);
    return text->data != NULL;
}

static bp_status set_pairs(const setting *setting, bp_error *err)
{
    const column *value = setting->value;
    const type_detail *detail = value->type.detail;
    parquet_pair *pairs;
    builder text;
    bp_status status = BP_OK;

    if (value->type.id != TYPE_STRUCT || column_is_null(value, 0)) return wrong(setting, "a struct: {key: 'value'}", err);
    pairs = arena_new_array(setting->arena, parquet_pair, detail->child_count + 1);
    if (!pairs) return error_no_memory(err, setting->arena->memory, detail->child_count * sizeof *pairs);
    builder_init(&text, setting->arena->memory, SIZE_MAX);
    for (size_t i = 0; i < detail->child_count && !status; i++) {
        pairs[i].key = detail->names[i];
        if (column_is_null(&value->children[i], 0)) {
            status =
                error_set(err, BP_BIND_ERROR, "option kv_metadata: the value of \"%.*s\" is NULL", STRING_ARGUMENTS(pairs[i].key));
            break;
        }
        builder_reset(&text);
        column_print_value(&text, &value->children[i], 0);
        if ((status = builder_status(&text, err))) break;
        pairs[i].value = builder_view(&text);
        if (!keep_text(setting->arena, &pairs[i].key) || !keep_text(setting->arena, &pairs[i].value))
            status = error_no_memory(err, setting->arena->memory, text.size);
    }
    builder_clear(&text);
    setting->options->metadata = pairs;
    setting->options->metadata_count = detail->child_count;
    return status;
}

static bp_status add_field_id(const setting *setting, parquet_field_id *ids, size_t *count, string_view path, const column *value,
                              bp_error *err)
{
    int64_t number;

    if (!as_integer(value, &number) || number < 0 || number > INT32_MAX)
        return error_set(err, BP_BIND_ERROR, "option field_ids: the id of \"%.*s\" must be a number from 0 to 2147483647",
                         STRING_ARGUMENTS(path));
    for (size_t i = 0; i < *count; i++)
        if (ids[i].id == (int32_t)number)
            return error_set(err, BP_BIND_ERROR, "option field_ids: %d stands twice, for \"%.*s\" and for \"%.*s\"", (int)number,
                             STRING_ARGUMENTS(ids[i].path), STRING_ARGUMENTS(path));
    ids[*count] = (parquet_field_id){path, (int32_t)number};
    if (!keep_text(setting->arena, &ids[*count].path)) return error_no_memory(err, setting->arena->memory, path.size);
    ++*count;
    return BP_OK;
}

static bp_status set_fields(const setting *setting, bp_error *err)
{
    const column *value = setting->value;
    const type_detail *detail = value->type.detail;
    parquet_field_id *ids;
    string_view text;
    size_t count = 0;
    bp_status status = BP_OK;

    if (option_text(value, &text) && string_equal_nocase(text, STRING_VIEW("auto"))) {
        setting->options->number_fields = true;
        return BP_OK;
    }
    if (value->type.id != TYPE_STRUCT || column_is_null(value, 0)) return wrong(setting, "'auto' or a struct: {column: 1}", err);
    ids = arena_new_array(setting->arena, parquet_field_id, detail->child_count + 1);
    if (!ids) return error_no_memory(err, setting->arena->memory, detail->child_count * sizeof *ids);
    for (size_t i = 0; i < detail->child_count && !status; i++)
        status = add_field_id(setting, ids, &count, detail->names[i], &value->children[i], err);
    setting->options->field_ids = ids;
    setting->options->field_id_count = count;
    return status;
}

static bp_status set(const setting *setting, bp_error *err)
{
    switch (setting->option->kind) {
    case KIND_ROWS: return set_count(setting, UINT64_MAX, "a number of rows", err);
    case KIND_COUNT: return set_count(setting, UINT64_MAX, "a number of at least 0", err);
    case KIND_PAGE: return set_count(setting, DICTIONARY_PAGE_MOST, "a number of bytes, at most 1073741824", err);
    case KIND_BYTES: return set_bytes(setting, err);
    case KIND_CODEC: return set_codec(setting, err);
    case KIND_LEVEL: return set_level(setting, err);
    case KIND_VERSION: return set_version(setting, err);
    case KIND_RATIO: return set_ratio(setting, err);
    case KIND_PAIRS: return set_pairs(setting, err);
    case KIND_FIELDS: return set_fields(setting, err);
    case KIND_BOOL: break;
    }
    return option_bool(setting->value, setting->field) ? BP_OK : wrong(setting, "true or false", err);
}

static string_view option_name(const void *data, size_t index)
{
    return string_view_of(((const option *)data)[index].name);
}

bp_status parquet_write_options_set(parquet_write_options *options, arena *arena, string_view name, const column *value,
                                    bp_error *err)
{
    for (size_t i = 0; i < ARRAY_LENGTH(options_known); i++) {
        const option *option = &options_known[i];
        if (string_equal_nocase(name, string_view_of(option->name)))
            return set(&(setting){option, options, arena, value, (char *)options + option->offset}, err);
    }
    error_set(err, BP_BIND_ERROR, "there is no option \"%.*s\" for Parquet files", STRING_ARGUMENTS(name));
    error_suggest(err, name, option_name, options_known, ARRAY_LENGTH(options_known));
    return BP_BIND_ERROR;
}
