/* The table of file formats; see the header. */
#include "io/format.h"

#include "io/csv.h"
#include "io/ipc.h"
#include "io/parquet.h"
#include "io/parquet_writer.h"

/* CSV -------------------------------------------------------------------------------------------------------------------------------- */
static bp_status csv_read_options_new(void **out, arena *arena, bp_error *err)
{
    csv_options *options = arena_new(arena, csv_options);

    *out = options;
    if (!options) return error_no_memory(err, arena->memory, sizeof *options);
    csv_options_init(options);
    return BP_OK;
}

static bp_status csv_read_option_set(void *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return csv_options_set(options, arena, name, value, err);
}

static bp_status csv_format_source(source **out, bp_context *context, const string_view *paths, size_t count, const void *options,
                                   bp_error *err)
{
    if (count == 1) return csv_source_known(out, context, paths[0], options, err);
    return csv_source_new(out, context, paths, count, options, err);
}

static void csv_expect(void *options, const schema *schema)
{
    ((csv_options *)options)->columns = (csv_type_list){.names = schema->names, .types = schema->types, .count = schema->count};
}

static bp_status csv_write_options_new(void **out, arena *arena, bp_error *err)
{
    csv_write_options *options = arena_new(arena, csv_write_options);

    *out = options;
    if (!options) return error_no_memory(err, arena->memory, sizeof *options);
    csv_write_options_init(options);
    return BP_OK;
}

static bp_status csv_write_option_set(void *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return csv_write_options_set(options, arena, name, value, err);
}

static bp_status csv_format_target(target **out, bp_context *context, byte_sink sink, string_view path, const schema *schema,
                                   const void *options, bp_error *err)
{
    csv_write_options by_path = *(const csv_write_options *)options;

    if (by_path.compression == CSV_COMPRESSION_AUTO && string_ends_with(path, STRING_VIEW(".gz")))
        by_path.compression = CSV_COMPRESSION_GZIP;
    if (by_path.compression == CSV_COMPRESSION_AUTO && string_ends_with(path, STRING_VIEW(".zst")))
        by_path.compression = CSV_COMPRESSION_ZSTD;
    return csv_writer_new(out, context, sink, schema, &by_path, err);
}

/* Parquet ------------------------------------------------------------------------------------------------------------------------------ */
static bp_status parquet_read_options_new(void **out, arena *arena, bp_error *err)
{
    parquet_options *options = arena_new(arena, parquet_options);

    *out = options;
    if (!options) return error_no_memory(err, arena->memory, sizeof *options);
    parquet_options_init(options);
    return BP_OK;
}

static bp_status parquet_read_option_set(void *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return parquet_options_set(options, arena, name, value, err);
}

static bp_status parquet_format_source(source **out, bp_context *context, const string_view *paths, size_t count,
                                       const void *options, bp_error *err)
{
    return parquet_source_new(out, context, paths, count, options, err);
}

static bp_status parquet_format_write_options_new(void **out, arena *arena, bp_error *err)
{
    parquet_write_options *options = arena_new(arena, parquet_write_options);

    *out = options;
    if (!options) return error_no_memory(err, arena->memory, sizeof *options);
    parquet_write_options_init(options);
    return BP_OK;
}

static bp_status parquet_format_write_option_set(void *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return parquet_write_options_set(options, arena, name, value, err);
}

static bp_status parquet_format_target(target **out, bp_context *context, byte_sink sink, string_view path, const schema *schema,
                                       const void *options, bp_error *err)
{
    (void)path;
    return parquet_writer_new(out, context, sink, schema, options, err);
}

/* Arrow IPC ---------------------------------------------------------------------------------------------------------------------------- */
static bp_status ipc_format_read_options_new(void **out, arena *arena, bp_error *err)
{
    ipc_read_options *options = arena_new(arena, ipc_read_options);

    *out = options;
    if (!options) return error_no_memory(err, arena->memory, sizeof *options);
    ipc_read_options_init(options);
    return BP_OK;
}

static bp_status ipc_format_read_option_set(void *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return ipc_read_options_set(options, arena, name, value, err);
}

static bp_status ipc_format_source(source **out, bp_context *context, const string_view *paths, size_t count, const void *options,
                                   bp_error *err)
{
    return ipc_source_new(out, context, paths, count, options, err);
}

static bp_status ipc_format_write_options_new(void **out, arena *arena, bp_error *err)
{
    ipc_write_options *options = arena_new(arena, ipc_write_options);

    *out = options;
    if (!options) return error_no_memory(err, arena->memory, sizeof *options);
    ipc_write_options_init(options);
    return BP_OK;
}

static bp_status ipc_format_write_option_set(void *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    (void)arena;
    return ipc_write_options_set(options, name, value, err);
}

static bp_status ipc_format_target(target **out, bp_context *context, byte_sink sink, string_view path, const schema *schema,
                                   const void *options, bp_error *err)
{
    return ipc_writer_new(out, context, sink, path, schema, options, err);
}

/* The table ---------------------------------------------------------------------------------------------------------------------------- */
static const char *const none[] = {NULL};
static const char *const csv_functions[] = {"read_csv", "read_csv_auto", NULL};
static const char *const csv_endings[] = {".csv", ".tsv", ".txt", ".csv.gz", ".csv.zst", ".tsv.gz", ".tsv.zst", NULL};
static const char *const parquet_functions[] = {"read_parquet", "parquet_scan", NULL};
static const char *const parquet_endings[] = {".parquet", NULL};
static const char *const ipc_names[] = {"ipc", "arrows", "feather", NULL};
static const char *const ipc_functions[] = {"read_arrow",   "read_ipc",       "arrow_scan", "ipc_scan",
                                            "read_feather", "scan_arrow_ipc", NULL};
static const char *const ipc_endings[] = {".arrow", ".arrows", ".feather", ".ipc", NULL};

static const file_format formats[] = {
    {"csv", none, csv_functions, csv_endings, csv_read_options_new, csv_read_option_set, csv_format_source, csv_expect,
     csv_write_options_new, csv_write_option_set, csv_format_target},
    {"parquet", none, parquet_functions, parquet_endings, parquet_read_options_new, parquet_read_option_set, parquet_format_source,
     NULL, parquet_format_write_options_new, parquet_format_write_option_set, parquet_format_target},
    {"arrow", ipc_names, ipc_functions, ipc_endings, ipc_format_read_options_new, ipc_format_read_option_set, ipc_format_source,
     NULL, ipc_format_write_options_new, ipc_format_write_option_set, ipc_format_target},
};

const file_format *format_at(size_t index)
{
    return index < ARRAY_LENGTH(formats) ? &formats[index] : NULL;
}

static bool has_name(const char *const *names, string_view name)
{
    for (; *names; names++)
        if (string_equal_nocase(name, string_view_of(*names))) return true;
    return false;
}

const file_format *format_of_name(string_view name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++)
        if (string_equal_nocase(name, string_view_of(formats[i].name)) || has_name(formats[i].other_names, name))
            return &formats[i];
    return NULL;
}

const file_format *format_of_function(string_view name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++)
        if (has_name(formats[i].functions, name)) return &formats[i];
    return NULL;
}

static bool has_ending(const char *const *endings, string_view path)
{
    for (; *endings; endings++) {
        string_view ending = string_view_of(*endings);
        if (path.size > ending.size && string_equal_nocase(string_view_slice(path, path.size - ending.size, path.size), ending))
            return true;
    }
    return false;
}

const file_format *format_of_path(string_view path)
{
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++)
        if (has_ending(formats[i].endings, path)) return &formats[i];
    return NULL;
}
