/* Folders as columns: in "…/year=2024/country=DE/x.parquet" the file's rows have year 2024 and country DE. All files must have the same keys. The
 * type of a key is BIGINT, DATE or TIMESTAMP when all its values are such, else VARCHAR. %XX stands for a byte. */
#include "base/number.h"
#include "base/temporal.h"
#include "base/utf8_check.h"
#include "parquet_scan.h"

#define MOST_KEYS 64
#define NULL_TEXT "__HIVE_DEFAULT_PARTITION__"

typedef struct pair {
    string_view key, value;
} pair;

static void sort_pairs(pair *pairs, size_t count);

/* The key=value components before the file's name. */
static size_t pairs_of(string_view path, pair *out)
{
    size_t count = 0, begin = 0;

    for (size_t i = 0; i < path.size; i++) {
        string_view part;
        const char *equals;
        if (path.data[i] != '/') continue;
        part = string_view_slice(path, begin, i);
        begin = i + 1;
        equals = part.size ? memchr(part.data, '=', part.size) : NULL;
        if (!equals || equals == part.data || count == MOST_KEYS) continue;
        out[count++] =
            (pair){{part.data, (size_t)(equals - part.data)}, {equals + 1, part.size - (size_t)(equals - part.data) - 1}};
    }
    sort_pairs(out, count);
    return count;
}

/* By the key's name, as DuckDB has the columns; the later of two that are called alike stays behind. */
static void sort_pairs(pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && string_compare(pairs[j].key, pairs[j - 1].key) < 0; j--) {
            pair moved = pairs[j];
            pairs[j] = pairs[j - 1];
            pairs[j - 1] = moved;
        }
}

static int digit_of(char c)
{
    if (ascii_is_digit((unsigned char)c)) return c - '0';
    c = (char)ascii_lower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static string_view decoded(arena *arena, string_view text)
{
    char *copy = arena_allocate(arena, text.size + 1);
    size_t size = 0;

    if (!copy) return (string_view){0};
    for (size_t i = 0; i < text.size; i++) {
        bool coded = text.data[i] == '%' && text.size - i > 2 && digit_of(text.data[i + 1]) >= 0 && digit_of(text.data[i + 2]) >= 0;
        copy[size++] = coded ? (char)(digit_of(text.data[i + 1]) * 16 + digit_of(text.data[i + 2])) : text.data[i];
        if (coded) i += 2;
    }
    return utf8_valid(copy, size) ? (string_view){copy, size} : arena_copy(arena, text);
}

static bool parse_as(type_id type, string_view text, int64_t *out)
{
    int32_t date;
    bool zoned = false;

    if (type == TYPE_INT64) return number_parse_int64(text.data, text.data + text.size, out) == NUMBER_OK;
    if (type == TYPE_TIMESTAMP) return temporal_parse_timestamp(text, UNIT_MICRO, out, &zoned) == NUMBER_OK && !zoned;
    if (temporal_parse_date(text, &date) != NUMBER_OK) return false;
    *out = date;
    return true;
}

/* The first type that all values of key number `key` have. */
static type_id type_of_key(const parquet_source *source, size_t key)
{
    static const type_id tried[] = {TYPE_DATE, TYPE_TIMESTAMP, TYPE_INT64};

    for (size_t t = 0; t < ARRAY_LENGTH(tried); t++) {
        bool fits = true;
        for (size_t i = 0; i < source->file_count && fits; i++) {
            pair pairs[MOST_KEYS];
            int64_t ignored;
            (void)pairs_of(source->files[i].path, pairs);
            fits = string_equal(pairs[key].value, STRING_VIEW(NULL_TEXT)) || parse_as(tried[t], pairs[key].value, &ignored);
        }
        if (fits) return tried[t];
    }
    return TYPE_VARCHAR;
}

static bp_status constant_of_text(column *out, arena *arena, type_id type, string_view text, bp_error *err)
{
    string_view value = decoded(arena, text);
    void *place = arena_allocate_zeroed(arena, sizeof(string_ref));
    int64_t number = 0;

    if (!value.data || !place) return error_no_memory(err, arena->memory, text.size);
    *out = column_nulls(type_of(type), 1);
    if (string_equal(text, STRING_VIEW(NULL_TEXT))) return BP_OK;
    if (type == TYPE_VARCHAR)
        *(string_ref *)place = string_ref_of(value.data, value.size);
    else if (!parse_as(type, text, &number))
        return ERROR_INTERNAL(err, "a key of a folder");
    else if (type == TYPE_DATE)
        *(int32_t *)place = (int32_t)number;
    else
        *(int64_t *)place = number;
    *out = (column){.type = type_of(type), .encoding = COLUMN_CONSTANT, .length = 1, .values = place};
    return BP_OK;
}

bp_status parquet_hive_columns(parquet_source *source, schema *keys, bp_error *err)
{
    pair first[MOST_KEYS], pairs[MOST_KEYS];
    size_t count = pairs_of(source->files[0].path, first);
    bp_status status;

    *keys = (schema){0};
    for (size_t i = 1; i < source->file_count; i++) {
        bool same = pairs_of(source->files[i].path, pairs) == count;
        for (size_t k = 0; k < count && same; k++) same = string_equal(first[k].key, pairs[k].key);
        if (same) continue;
        if (source->options.hive_partitioning < 0) return BP_OK;
        return error_set(err, BP_BIND_ERROR, "hive_partitioning: \"%.*s\" does not have the same key=value folders as \"%.*s\"",
                         STRING_ARGUMENTS(source->files[i].path), STRING_ARGUMENTS(source->files[0].path));
    }
    if ((status = schema_new(keys, &source->arena, count, err))) return status;
    for (size_t k = 0; k < count; k++) {
        keys->names[k] = decoded(&source->arena, first[k].key);
        if (!keys->names[k].data) return error_no_memory(err, source->arena.memory, first[k].key.size);
        keys->types[k] = type_of(type_of_key(source, k));
    }
    for (size_t i = 0; i < source->file_count; i++) {
        parquet_file *file = &source->files[i];
        if (!(file->hive = arena_new_array(&source->arena, column, count)))
            return error_no_memory(err, source->arena.memory, count * sizeof(column));
        (void)pairs_of(file->path, pairs);
        for (size_t k = 0; k < count; k++)
            if ((status = constant_of_text(&file->hive[k], &source->arena, (type_id)keys->types[k].id, pairs[k].value, err)))
                return status;
    }
    return BP_OK;
}
