/* The source of class "read_arrow": what each file holds (ipc_contents.c), and which of a file's fields is which column of the schema. */
#include "base/cancel.h"
#include "base/config.h"
#include "ipc_scan.h"

static void source_end(source *base)
{
    ipc_source *source = (ipc_source *)base;
    memory *memory = base->context->memory;

    for (size_t i = 0; source->files && i < source->file_count; i++) {
        ipc_contents_free(source->files[i].contents);
        file_close(&source->files[i].pipe);
    }
    arena_clear(&source->arena);
    memory_delete(memory, source);
}

static bool describe(const source *base, builder *out)
{
    const ipc_source *source = (const ipc_source *)base;

    return source_describe_files(out, source->files[0].path, source->file_count);
}

static const source_class ipc_source_class = {
    .name = "read_arrow", .free = source_end, .scan_open = ipc_scan_open, .describe = describe};

/* Files ----------------------------------------------------------------------------------------------------------------------------------- */
static bp_status open_contents(ipc_source *source, ipc_file *out, bp_error *err)
{
    file file = {0};
    bp_status status = file_open(&file, source->base.context, out->path, err);
    bool is_pipe;

    if (status) return status;
    is_pipe = file.sequential;
    out->identity = file.identity;
    status = file_settle_pipe(&file, err);
    if (!status) status = ipc_contents_new(&out->contents, &file, err);
    if (status) error_prefix(err, "\"%.*s\"", STRING_ARGUMENTS(out->path));
    if (status || !is_pipe)
        file_close(&file);
    else
        out->pipe = file;
    return status;
}

static bp_status take_files(ipc_source *source, const string_view *paths, size_t count, bp_error *err)
{
    bp_status status;

    source->files = arena_new_array(&source->arena, ipc_file, count);
    if (!source->files) return error_no_memory(err, source->arena.memory, count * sizeof *source->files);
    source->file_count = count;
    for (size_t i = 0; i < count; i++) {
        source->files[i].path = arena_copy(&source->arena, paths[i]);
        if (!source->files[i].path.data) return error_no_memory(err, source->arena.memory, paths[i].size);
        if ((status = cancel_check(&source->base.context->cancel, err))) return status;
        if ((status = open_contents(source, &source->files[i], err))) return status;
    }
    return BP_OK;
}

/* The schema ---------------------------------------------------------------------------------------------------------------------------------- */
/* The file's field of that name: the first one whose name is the same, else one but for the case of letters. */
static size_t find_field(const ipc_contents *contents, string_view name)
{
    size_t near = IPC_NO_COLUMN;

    for (size_t i = 0; i < contents->format.child_count; i++) {
        if (string_equal(contents->format.children[i].name, name)) return i;
        if (near == IPC_NO_COLUMN && string_equal_nocase(contents->format.children[i].name, name)) near = i;
    }
    return near;
}

/* Columns of the first file, or of all in order of appearance, and one place more. */
static bp_status gather_columns(ipc_source *source, bp_error *err)
{
    size_t files = source->options.union_by_name ? source->file_count : 1, most = 1;
    schema *schema = &source->base.schema;
    bp_status status;

    for (size_t i = 0; i < files; i++) most += source->files[i].contents->format.child_count;
    if ((status = schema_new(schema, &source->arena, most, err))) return status;
    schema->count = 0;
    for (size_t i = 0; i < files; i++) {
        const arrow_format *format = &source->files[i].contents->format;
        for (size_t c = 0; c < format->child_count; c++) {
            if (i && schema_find(schema, format->children[c].name) != SIZE_MAX) continue;
            if (schema->count == LIMIT_COLUMNS)
                return error_set(err, BP_LIMIT, "the files have over %d columns in all", LIMIT_COLUMNS);
            schema->names[schema->count] = format->children[c].name;
            schema->types[schema->count++] = format->children[c].type;
        }
    }
    source->stored_count = schema->count;
    return BP_OK;
}

/* Which of the file's fields the schema's columns are. */
static bp_status map_file(ipc_source *source, size_t number, bp_error *err)
{
    const schema *schema = &source->base.schema;
    ipc_file *file = &source->files[number];
    const arrow_format *format = &file->contents->format;

    file->columns = arena_new_array(&source->arena, size_t, source->stored_count);
    if (!file->columns) return error_no_memory(err, source->arena.memory, source->stored_count * sizeof *file->columns);
    for (size_t i = 0; i < source->stored_count; i++) {
        size_t found = number == 0 && i < format->child_count ? i : find_field(file->contents, schema->names[i]);
        file->columns[i] = found;
        if (found == IPC_NO_COLUMN) {
            if (source->options.union_by_name) continue;
            return error_set(err, BP_BIND_ERROR,
                             "\"%.*s\" has no column \"%.*s\", which \"%.*s\" has; with union_by_name = true it is NULL there",
                             STRING_ARGUMENTS(file->path), STRING_ARGUMENTS(schema->names[i]),
                             STRING_ARGUMENTS(source->files[0].path));
        }
        if (!type_equal(format->children[found].type, schema->types[i]))
            return source_types_differ(source->base.context, file->path, schema->names[i], format->children[found].type,
                                       schema->types[i], err);
    }
    return BP_OK;
}

static bp_status add_name_column(ipc_source *source, bp_error *err)
{
    schema *schema = &source->base.schema;
    string_view name = source->options.filename_column;

    if (!name.size) return BP_OK;
    if (schema_find(schema, name) != SIZE_MAX)
        return error_set(err, BP_BIND_ERROR, "\"%.*s\" has a column \"%.*s\" already", STRING_ARGUMENTS(source->files[0].path),
                         STRING_ARGUMENTS(name));
    source->name_column = schema->count;
    schema->names[schema->count] = arena_copy(&source->arena, name);
    if (!schema->names[schema->count].data) return error_no_memory(err, source->arena.memory, name.size);
    schema->types[schema->count++] = type_of(TYPE_VARCHAR);
    return BP_OK;
}

static bp_status make_columns(ipc_source *source, bp_error *err)
{
    bp_status status = gather_columns(source, err);

    for (size_t i = 0; i < source->file_count && !status; i++) status = map_file(source, i, err);
    if (!status) status = add_name_column(source, err);
    if (!status && source->base.schema.count == 0)
        status = error_set(err, BP_NOT_SUPPORTED, "\"%.*s\" has no columns", STRING_ARGUMENTS(source->files[0].path));
    return status;
}

static bp_status count_rows(ipc_source *source, bp_error *err)
{
    for (size_t i = 0; i < source->file_count; i++) {
        const ipc_blocks *batches = &source->files[i].contents->batches;
        const file_identity *identity = &source->files[i].identity;
        for (size_t b = 0; b < batches->count; b++)
            if (ckd_add(&source->base.row_count, source->base.row_count, batches->items[b].rows))
                return error_set(err, BP_BAD_FORMAT, "the files have over 2^64 rows in all");
        source->base.version = source->base.version * UINT64_C(0x9e3779b97f4a7c15) ^ identity->inode ^
                               (uint64_t)identity->modified_ns ^ identity->size << 20;
    }
    source->base.row_count_exact = true;
    return BP_OK;
}

bp_status ipc_source_new(source **out, bp_context *context, const string_view *paths, size_t count, const ipc_read_options *options,
                         bp_error *err)
{
    ipc_source *source = memory_new(context->memory, ipc_source);
    bp_status status;

    *out = NULL;
    if (!source) return error_no_memory(err, context->memory, sizeof *source);
    source->base = (struct source){.class = &ipc_source_class, .context = context, .exact_filters = true, .settled = true};
    atomic_init(&source->base.misfit, false);
    atomic_init(&source->base.references, 1);
    arena_init(&source->arena, context->memory);
    source->options = *options;
    source->name_column = SIZE_MAX;
    if (count == 0) {
        status = error_set(err, BP_BAD_ARGUMENT, "read_arrow needs at least one file");
        goto done;
    }
    if ((status = take_files(source, paths, count, err))) goto done;
    if ((status = make_columns(source, err))) goto done;
    if ((status = count_rows(source, err))) goto done;
    *out = &source->base;
    source = NULL;
done:
    if (source) source_end(&source->base);
    return status;
}
