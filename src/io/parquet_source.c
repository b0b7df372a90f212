/* The source of class "read_parquet": the footers of all files, read once; which of a file's columns is which of the schema's. */
#include "base/hash.h"
#include "parquet_scan.h"

#define SAMPLE_PIECES 2 /* each unpacks a page of the columns looked at, and their dictionaries */

static const source_class parquet_source_class;

static void source_end(source *base)
{
    parquet_source *source = (parquet_source *)base;
    memory *memory = base->context->memory;

    for (size_t i = 0; source->files && i < source->file_count; i++) parquet_footer_free(source->files[i].footer);
    arena_clear(&source->arena);
    memory_delete(memory, source);
}

static bool describe(const source *base, builder *out)
{
    const parquet_source *source = (const parquet_source *)base;

    return source_describe_files(out, source->files[0].path, source->file_count);
}

static const source_class parquet_source_class = {.name = "read_parquet",
                                                  .free = source_end,
                                                  .scan_open = parquet_scan_open,
                                                  .column_facts = parquet_column_facts,
                                                  .describe = describe};

bp_status parquet_file_open(file *out, const parquet_source *source, size_t number, bp_error *err)
{
    const parquet_file *file = &source->files[number];
    bp_status status = file_open(out, source->base.context, file->path, err);

    if (status || file_identity_equal(&out->identity, &file->identity)) return status;
    file_close(out);
    return error_set(err, BP_IO_ERROR, "\"%.*s\" has changed since its footer was read; run the query again",
                     STRING_ARGUMENTS(file->path));
}

static bp_status read_footer(parquet_source *source, parquet_file *out, bp_error *err)
{
    file file = {0};
    bp_status status = file_open(&file, source->base.context, out->path, err);

    if (status) return status;
    status = parquet_footer_read(&out->footer, &file, source->options.binary_as_string, err);
    out->identity = file.identity;
    file_close(&file);
    return status;
}

static bp_status take_files(parquet_source *source, const string_view *paths, size_t count, bp_error *err)
{
    bp_status status;

    source->files = arena_new_array(&source->arena, parquet_file, count);
    if (!source->files) return error_no_memory(err, source->arena.memory, count * sizeof *source->files);
    source->file_count = count;
    for (size_t i = 0; i < count; i++) {
        source->files[i].path = arena_copy(&source->arena, paths[i]);
        if (!source->files[i].path.data) return error_no_memory(err, source->arena.memory, paths[i].size);
        if ((status = cancel_check(&source->base.context->cancel, err))) return status;
        if ((status = read_footer(source, &source->files[i], err))) return status;
    }
    return BP_OK;
}

/* The schema ----------------------------------------------------------------------------------------------------------------------- */
static const parquet_node *column_node(const parquet_footer *footer, size_t column)
{
    return &footer->nodes[footer->columns[column]];
}

/* The file's column of that name: the first one whose name is the same, else one but for the case of letters. */
static uint32_t find_column(const parquet_footer *footer, string_view name)
{
    uint32_t near = PARQUET_NO_COLUMN;

    for (size_t i = 0; i < footer->column_count; i++) {
        if (string_equal(column_node(footer, i)->name, name)) return (uint32_t)i;
        if (near == PARQUET_NO_COLUMN && string_equal_nocase(column_node(footer, i)->name, name)) near = (uint32_t)i;
    }
    return near;
}

/* Columns of all files in order of appearance, or those of the first. */
typedef struct gathering {
    string_view *names;
    data_type *types;
    uint32_t *leaf_counts;
    size_t count, capacity;
} gathering;

static bp_status gather_names(parquet_source *source, gathering *out, bp_error *err)
{
    size_t files = source->options.union_by_name ? source->file_count : 1;

    for (size_t i = 0; i < files; i++) out->capacity += source->files[i].footer->column_count;
    out->names = arena_new_array(&source->arena, string_view, out->capacity);
    out->types = arena_new_array(&source->arena, data_type, out->capacity);
    out->leaf_counts = arena_new_array(&source->arena, uint32_t, out->capacity);
    if (!out->names || !out->types || !out->leaf_counts)
        return error_no_memory(err, source->arena.memory, out->capacity * sizeof *out->names);
    for (size_t i = 0; i < files; i++) {
        const parquet_footer *footer = source->files[i].footer;
        for (size_t c = 0; c < footer->column_count; c++) {
            const parquet_node *node = column_node(footer, c);
            bool known = false;
            for (size_t k = 0; i && k < out->count && !known; k++) known = string_equal_nocase(out->names[k], node->name);
            if (known) continue;
            if (out->count == LIMIT_COLUMNS)
                return error_set(err, BP_LIMIT, "the files have over %d columns in all", LIMIT_COLUMNS);
            out->names[out->count] = node->name;
            out->types[out->count] = node->type;
            out->leaf_counts[out->count++] = node->leaf_count;
        }
    }
    return BP_OK;
}

/* Which of the file's columns the schema's are. A NULL column of one file may be anything in another. */
static bp_status map_file(parquet_source *source, size_t number, const gathering *all, bp_error *err)
{
    parquet_file *file = &source->files[number];
    size_t count = all->count;

    file->columns = arena_new_array(&source->arena, uint32_t, count);
    if (!file->columns) return error_no_memory(err, source->arena.memory, count * sizeof *file->columns);
    for (size_t i = 0; i < count; i++) {
        uint32_t found = number == 0 && i < file->footer->column_count ? (uint32_t)i : find_column(file->footer, all->names[i]);
        file->columns[i] = found;
        if (found == PARQUET_NO_COLUMN) {
            if (source->options.union_by_name || source->hive_of[i] != SIZE_MAX) continue;
            return error_set(err, BP_BIND_ERROR,
                             "\"%.*s\" has no column \"%.*s\", which \"%.*s\" has; with union_by_name = true it is NULL there",
                             STRING_ARGUMENTS(file->path), STRING_ARGUMENTS(all->names[i]),
                             STRING_ARGUMENTS(source->files[0].path));
        }
        if (source->hive_of[i] == SIZE_MAX && !type_equal(column_node(file->footer, found)->type, all->types[i]))
            return source_types_differ(source->base.context, source->files[number].path, all->names[i],
                                       column_node(file->footer, found)->type, all->types[i], err);
    }
    return BP_OK;
}

static bp_status add_column(parquet_source *source, schema *schema, size_t *at, string_view name, data_type type, bp_error *err)
{
    schema->count = *at;
    if (schema_find(schema, name) != SIZE_MAX)
        return error_set(err, BP_BIND_ERROR, "\"%.*s\" has a column \"%.*s\" already", STRING_ARGUMENTS(source->files[0].path),
                         STRING_ARGUMENTS(name));
    schema->names[*at] = name;
    schema->types[(*at)++] = type;
    return BP_OK;
}

/* Stored columns, the row number, the file name, keys of folders that no stored column is called like. */
static bp_status make_schema(parquet_source *source, const gathering *all, const schema *keys, bp_error *err)
{
    size_t most = all->count + keys->count + 2, at = all->count;
    schema *schema = &source->base.schema;
    bp_status status = schema_new(schema, &source->arena, most, err);

    if (status) return status;
    for (size_t i = 0; i < all->count; i++) {
        schema->names[i] = all->names[i];
        schema->types[i] = source->hive_of[i] != SIZE_MAX ? keys->types[source->hive_of[i]] : all->types[i];
    }
    if (source->options.file_row_number) {
        source->row_number_column = at;
        if ((status = add_column(source, schema, &at, STRING_VIEW("file_row_number"), type_of(TYPE_INT64), err))) return status;
    }
    if (source->options.filename_column.size) {
        source->name_column = at;
        if ((status = add_column(source, schema, &at, source->options.filename_column, type_of(TYPE_VARCHAR), err))) return status;
    }
    for (size_t k = 0; k < keys->count; k++) {
        bool stored = false;
        for (size_t i = 0; i < all->count; i++) stored |= source->hive_of[i] == k;
        if (stored) continue;
        source->hive_of[at] = k;
        if ((status = add_column(source, schema, &at, keys->names[k], keys->types[k], err))) return status;
    }
    schema->count = at;
    return BP_OK;
}

static bp_status match_keys(parquet_source *source, const gathering *all, const schema *keys, bp_error *err)
{
    size_t count = all->count + keys->count + 2;

    source->hive_of = arena_new_array(&source->arena, size_t, count);
    if (!source->hive_of) return error_no_memory(err, source->arena.memory, count * sizeof *source->hive_of);
    for (size_t i = 0; i < count; i++) {
        source->hive_of[i] = SIZE_MAX;
        for (size_t k = 0; i < all->count && k < keys->count; k++)
            if (string_equal_nocase(all->names[i], keys->names[k])) source->hive_of[i] = k;
    }
    return BP_OK;
}

static bp_status make_columns(parquet_source *source, bp_error *err)
{
    gathering all = {0};
    schema keys = {0};
    bp_status status;

    if ((status = gather_names(source, &all, err))) return status;
    if (source->options.hive_partitioning && (status = parquet_hive_columns(source, &keys, err))) return status;
    if ((status = match_keys(source, &all, &keys, err))) return status;
    source->stored_count = all.count;
    source->leaf_counts = all.leaf_counts;
    if ((status = make_schema(source, &all, &keys, err))) return status;
    for (size_t i = 0; i < source->file_count; i++)
        if ((status = map_file(source, i, &all, err))) return status;
    return BP_OK;
}

static bp_status count_rows(parquet_source *source, bp_error *err)
{
    for (size_t i = 0; i < source->file_count; i++) {
        const parquet_footer *footer = source->files[i].footer;
        const file_identity *identity = &source->files[i].identity;
        for (size_t group = 0; group < footer->row_group_count; group++)
            if (ckd_add(&source->base.row_count, source->base.row_count, footer->row_groups[group].row_count))
                return error_set(err, BP_BAD_FORMAT, "the files have over 2^64 rows in all");
        source->base.version = hash_combine(source->base.version, hash_combine(identity->device, identity->inode));
        source->base.version = hash_combine(source->base.version, hash_combine(identity->size, (uint64_t)identity->modified_ns));
        source->base.lasting_version &= file_identity_rests(identity);
    }
    source->base.row_count_exact = true;
    return BP_OK;
}

bp_status parquet_source_new(source **out, bp_context *context, const string_view *paths, size_t count,
                             const parquet_options *options, bp_error *err)
{
    parquet_source *source = memory_new(context->memory, parquet_source);
    bp_status status;

    *out = NULL;
    if (!source) return error_no_memory(err, context->memory, sizeof *source);
    source->base = (struct source){
        .class = &parquet_source_class, .context = context, .exact_filters = true, .settled = true, .lasting_version = true};
    atomic_init(&source->base.misfit, false);
    atomic_init(&source->base.references, 1);
    arena_init(&source->arena, context->memory);
    source->options = *options;
    source->row_number_column = source->name_column = SIZE_MAX;
    if (options->filename_column.size) {
        source->options.filename_column = arena_copy(&source->arena, options->filename_column);
        if (!source->options.filename_column.data) {
            status = error_no_memory(err, context->memory, options->filename_column.size);
            goto done;
        }
    }
    if (count == 0) {
        status = error_set(err, BP_BAD_ARGUMENT, "read_parquet needs at least one file");
        goto done;
    }
    if ((status = take_files(source, paths, count, err))) goto done;
    if ((status = make_columns(source, err))) goto done;
    if ((status = count_rows(source, err))) goto done;
    source->base.sample_pieces = SAMPLE_PIECES;
    *out = &source->base;
    source = NULL;
done:
    if (source) source_end(&source->base);
    return status;
}
