/* The source of class "read_csv": options and files taken over, sniffed once; scans are opened on it; its types settled when a query needs that.
 *
 * Why settling is a pass of its own. Types come from a sample; DuckDB and Polars fail when a later value does not fit, perhaps after
 * minutes. Here nothing fails for that. Checking the whole file at once would double the time of every query, for files that are nearly
 * always what they look like. So a scan trusts the sample, and says so when it was wrong (source->misfit); as long as no row has left, which is
 * so for every aggregate, sort, join build and CREATE TABLE, the query is simply run again on the settled source. Only a result that
 * streams out while the file is still read needs the pass beforehand, and it parses just the columns of that query which are neither text
 * nor given by the user. A source over files that were wholly in the sample is settled from the start. */
#include "io/csv_internal.h"

#include "base/number.h"

void csv_options_init(csv_options *out)
{
    *out = (csv_options){.quote = CSV_AUTO,
                         .escape = CSV_AUTO,
                         .comment = CSV_AUTO,
                         .header = CSV_AUTO,
                         .auto_detect = true,
                         .sample_size = 20480,
                         .skip = -1,
                         .allow_quoted_nulls = true,
                         .decimal_separator = '.',
                         .rejects_table = STRING_VIEW("reject_errors"),
                         .rejects_scan = STRING_VIEW("reject_scans"),
                         .strict_mode = true,
                         .max_line_size = LIMIT_CSV_FIELD_SIZE,
                         .files_to_sniff = 1,
                         .parallel = true};
}

/* Copies into the source's arena ------------------------------------------------------------------------------------------------------ */
static bool copy_text(string_view *text, arena *arena)
{
    if (!text->size) return true;
    *text = arena_copy(arena, *text);
    return text->data != NULL;
}

static bool copy_list(csv_text_list *list, arena *arena)
{
    string_view *items = arena_new_array(arena, string_view, list->count + 1);

    if (!items) return false;
    for (size_t i = 0; i < list->count; i++) {
        items[i] = list->items[i];
        if (!copy_text(&items[i], arena)) return false;
    }
    list->items = items;
    return true;
}

static bp_status copy_types(csv_type_list *list, arena *arena, bp_error *err)
{
    string_view *names = list->names ? arena_new_array(arena, string_view, list->count + 1) : NULL;
    data_type *types = arena_new_array(arena, data_type, list->count + 1);
    bp_status status;

    if (!types || (list->names && !names)) return error_no_memory(err, arena->memory, list->count * sizeof *types);
    for (size_t i = 0; i < list->count; i++) {
        if ((status = type_copy(&types[i], arena, list->types[i], err))) return status;
        if (!names) continue;
        names[i] = list->names[i];
        if (!copy_text(&names[i], arena)) return error_no_memory(err, arena->memory, names[i].size);
    }
    list->names = names;
    list->types = types;
    return BP_OK;
}

static bp_status copy_options(csv_source *source, const csv_options *options, bp_error *err)
{
    arena *arena = &source->arena;
    csv_options *own = &source->options;
    data_type *candidates = NULL;
    bp_status status;

    *own = *options;
    if ((status = copy_types(&own->columns, arena, err)) || (status = copy_types(&own->types, arena, err))) return status;
    if (options->candidates) {
        candidates = arena_new_array(arena, data_type, options->candidate_count + 1);
        if (!candidates) return error_no_memory(err, arena->memory, sizeof *candidates);
        memcpy(candidates, options->candidates, options->candidate_count * sizeof *candidates);
        own->candidates = candidates;
    }
    if (copy_list(&own->names, arena) && copy_list(&own->null_texts, arena) && copy_list(&own->force_not_null, arena) &&
        copy_text(&own->delimiter, arena) && copy_text(&own->date_format, arena) && copy_text(&own->timestamp_format, arena) &&
        copy_text(&own->rejects_table, arena) && copy_text(&own->rejects_scan, arena) && copy_text(&own->filename_column, arena))
        return BP_OK;
    return error_no_memory(err, arena->memory, 4096);
}

static bp_status check_options(csv_options *options, bp_error *err)
{
    string_view delimiter = options->delimiter;
    bp_status status;

    if (options->store_rejects) options->ignore_errors = true;
    if (options->max_line_size == 0 || options->max_line_size > LIMIT_CSV_FIELD_SIZE) options->max_line_size = LIMIT_CSV_FIELD_SIZE;
    if (delimiter.size > 4) return error_set(err, BP_BAD_ARGUMENT, "delim has %zu bytes; at most 4 are allowed", delimiter.size);
    for (size_t i = 0; i < delimiter.size; i++) {
        unsigned char c = (unsigned char)delimiter.data[i];
        if (c == '\n' || c == '\r') return error_set(err, BP_BAD_ARGUMENT, "delim must not hold a line end");
        if (c == options->quote || c == options->escape || c == options->comment)
            return error_set(err, BP_BAD_ARGUMENT, "delim, quote, escape and comment must be different characters");
    }
    if (options->quote >= 0 && options->quote == options->comment)
        return error_set(err, BP_BAD_ARGUMENT, "quote and comment must be different characters");
    if (options->decimal_separator != '.' && options->decimal_separator != ',')
        return error_set(err, BP_BAD_ARGUMENT, "decimal_separator must be '.' or ','");
    if (options->thousands && options->thousands == options->decimal_separator)
        return error_set(err, BP_BAD_ARGUMENT, "thousands and decimal_separator must be different characters");
    if (options->date_format.size && (status = temporal_check_format(options->date_format, true, err))) return status;
    if (options->timestamp_format.size && (status = temporal_check_format(options->timestamp_format, true, err))) return status;
    if (options->types.names || options->types.count <= LIMIT_COLUMNS) return BP_OK;
    return error_set(err, BP_LIMIT, "types names more than %d columns", LIMIT_COLUMNS);
}

static bool looks_like_value(string_view text)
{
    static const char *const words[] = {"true", "false", "t", "f", "yes", "no", "nan", "inf", "infinity", "y", "n"};

    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (string_equal_nocase(text, string_view_of(words[i]))) return true;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (ascii_is_digit((unsigned char)text.data[i])) return true;
    }
    return false;
}

static bp_status make_rules(csv_source *source, bp_error *err)
{
    const csv_options *options = &source->options;
    csv_rules *rules = &source->rules;
    string_view *nulls = arena_new_array(&source->arena, string_view, options->null_texts.count + 1);

    if (!nulls) return error_no_memory(err, source->base.context->memory, sizeof *nulls);
    *rules = (csv_rules){.allow_quoted_nulls = options->allow_quoted_nulls,
                         .decimal_separator = options->decimal_separator,
                         .thousands = options->thousands,
                         .plain_numbers = options->decimal_separator == '.' && !options->thousands,
                         .null_empty = options->null_texts.count == 0,
                         .nulls = nulls,
                         .date_format = options->date_format,
                         .timestamp_format = options->timestamp_format};
    for (size_t i = 0; i < options->null_texts.count; i++) {
        string_view text = options->null_texts.items[i];
        if (!text.size) {
            rules->null_empty = true;
            continue;
        }
        nulls[rules->null_count++] = text;
        rules->null_lengths |= UINT64_C(1) << (text.size < 63 ? text.size : 63);
        rules->null_numbers |= looks_like_value(text);
    }
    return BP_OK;
}

static bp_status take_files(csv_source *source, const string_view *paths, size_t count, bp_error *err)
{
    source->files = arena_new_array(&source->arena, csv_file, count + 1);
    source->file_count = count;
    if (!source->files) return error_no_memory(err, source->base.context->memory, count * sizeof *source->files);
    for (size_t i = 0; i < count; i++) {
        source->files[i].path = arena_copy(&source->arena, paths[i]);
        if (!source->files[i].path.data) return error_no_memory(err, source->base.context->memory, paths[i].size);
    }
    return BP_OK;
}

/* The schema from the columns, with the file name behind. */
static bp_status make_schema(csv_source *source, bp_error *err)
{
    bool with_name = source->options.filename_column.size > 0;
    schema *schema = &source->base.schema;
    size_t count = source->column_count;
    bp_status status = schema_new(schema, &source->arena, count + with_name, err);

    if (status) return status;
    for (size_t i = 0; i < count; i++) {
        schema->names[i] = source->columns[i].name;
        schema->types[i] = source->columns[i].type;
    }
    if (with_name) {
        if (schema_find(schema, source->options.filename_column) < count)
            return error_set(err, BP_BIND_ERROR,
                             "the files have a column \"%.*s\" already; give filename another name, as in filename='path'",
                             STRING_ARGUMENTS(source->options.filename_column));
        schema->names[count] = source->options.filename_column;
        schema->types[count] = type_of(TYPE_VARCHAR);
    }
    source->sniff.columns = (struct schema){.count = count, .names = schema->names, .types = schema->types};
    for (size_t i = 0; i < count; i++) {
        if (!source->columns[i].format.size) continue;
        if (source->columns[i].type.id == TYPE_DATE)
            source->sniff.date_format = source->columns[i].format;
        else
            source->sniff.timestamp_format = source->columns[i].format;
    }
    return BP_OK;
}

/* Rows in all, from the bytes a row of the sample takes: good enough for join orders. */
static void estimate_rows(csv_source *source)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < source->file_count; i++) bytes += source->files[i].identity.size;
    if (source->sniff.whole_file && source->file_count == 1) {
        source->base.row_count = source->sniff.sample_rows;
        return;
    }
    source->base.row_count = bytes / (8 * (source->column_count + 1)) + 1;
}

static uint64_t version_of(const csv_source *source)
{
    uint64_t version = 0;

    for (size_t i = 0; i < source->file_count; i++) {
        const file_identity *identity = &source->files[i].identity;
        version = version * 0x9e3779b97f4a7c15 ^ identity->inode ^ (uint64_t)identity->modified_ns ^ identity->size << 20;
    }
    return version;
}

/* Whether no value can be a misfit: all types are given or text, or all rows were seen. */
static bool is_settled(const csv_source *source)
{
    if (source->sniff.whole_file || source->options.ignore_errors) return true;
    for (size_t i = 0; i < source->column_count; i++) {
        if (!source->columns[i].given && source->columns[i].type.id != TYPE_VARCHAR) return false;
    }
    return true;
}

static void source_end(source *base)
{
    csv_source *source = (csv_source *)base;
    memory *memory = base->context->memory;

    for (size_t i = 0; i < source->file_count && source->files && !source->parent; i++) csv_input_close(&source->files[i].kept);
    if (!source->parent) {
        memory_free(memory, source->own_rejects.items, source->own_rejects.capacity * sizeof *source->own_rejects.items);
        arena_clear(&source->own_rejects.arena);
        mutex_clear(&source->own_rejects.lock);
    } else {
        source_release(&source->parent->base);
    }
    arena_clear(&source->arena);
    memory_delete(memory, source);
}

static csv_source *source_alloc(bp_context *context)
{
    csv_source *source = memory_new(context->memory, csv_source);

    if (!source) return NULL;
    source->base.class = &csv_source_class;
    source->base.context = context;
    atomic_init(&source->base.references, 1);
    arena_init(&source->arena, context->memory);
    return source;
}

/* sample_size=-1: types that hold for every row from the start. */
static bp_status settle_now(source **source, bp_error *err)
{
    csv_source *first = (csv_source *)*source;
    size_t *columns = memory_allocate_array(first->base.context->memory, first->column_count + 1, sizeof *columns);
    struct source *settled = NULL;
    bp_status status;

    if (!columns) return error_no_memory(err, first->base.context->memory, first->column_count * sizeof *columns);
    for (size_t i = 0; i < first->column_count; i++) columns[i] = i;
    status = csv_source_class.settle(&settled, *source, columns, first->column_count, err);
    memory_free(first->base.context->memory, columns, (first->column_count + 1) * sizeof *columns);
    if (status) return status;
    source_release(*source);
    *source = settled;
    return BP_OK;
}

bp_status csv_source_make(source **out, bp_context *context, const string_view *paths, size_t count, const csv_options *options,
                          const cursor *known, const file_identity *identity, bp_error *err)
{
    csv_source *source = source_alloc(context);
    bp_status status;

    *out = NULL;
    if (!source) return error_no_memory(err, context->memory, sizeof *source);
    source->rejects = &source->own_rejects;
    mutex_init(&source->own_rejects.lock);
    arena_init(&source->own_rejects.arena, context->memory);
    source->own_rejects.sorted = true;
    if (count == 0) {
        status = error_set(err, BP_BAD_ARGUMENT, "read_csv needs at least one file");
        goto done;
    }
    if ((status = copy_options(source, options, err))) goto done;
    if ((status = check_options(&source->options, err))) goto done;
    if ((status = make_rules(source, err))) goto done;
    if ((status = take_files(source, paths, count, err))) goto done;
    status = known ? csv_known_restore(source, *known, identity, err) : csv_sniff_files(source, err);
    if (status) goto done;
    if ((status = make_schema(source, err))) goto done;
    source->base.exact_filters = true;
    source->base.version = version_of(source);
    source->base.settled = is_settled(source);
    estimate_rows(source);
    *out = &source->base;
    source = NULL;
    if (options->sample_size < 0 && !(*out)->settled && (status = settle_now(out, err))) {
        source_release(*out);
        *out = NULL;
    }
done:
    if (source) source_end(&source->base);
    return status;
}

bp_status csv_source_new(source **out, bp_context *context, const string_view *paths, size_t count, const csv_options *options,
                         bp_error *err)
{
    return csv_source_make(out, context, paths, count, options, NULL, NULL, err);
}

/* The same source with other types. */
static bp_status with_types(source **out, csv_source *source, const size_t *columns, const data_type *types, size_t count,
                            bp_error *err)
{
    csv_source *other = source_alloc(source->base.context);
    bp_status status;

    *out = NULL;
    if (!other) return error_no_memory(err, source->base.context->memory, sizeof *other);
    other->parent = (csv_source *)source_retain(&source->base);
    other->options = source->options;
    other->dialect = source->dialect;
    other->rules = source->rules;
    other->sniff = source->sniff;
    other->files = source->files;
    other->file_count = source->file_count;
    other->rejects = source->rejects;
    other->column_count = source->column_count;
    other->columns = arena_new_array(&other->arena, csv_column, source->column_count + 1);
    if (!other->columns) {
        status = error_no_memory(err, source->base.context->memory, source->column_count * sizeof *other->columns);
        goto done;
    }
    memcpy(other->columns, source->columns, source->column_count * sizeof *other->columns);
    for (size_t i = 0; i < count; i++) {
        csv_column *column = &other->columns[columns[i]];
        if (!type_equal(column->type, types[i])) column->format = (string_view){0};
        column->type = types[i];
    }
    if ((status = make_schema(other, err))) goto done;
    other->base.row_count = source->base.row_count;
    other->base.exact_filters = source->base.exact_filters;
    other->base.version = source->base.version;
    other->base.settled = source->base.settled;
    *out = &other->base;
    other = NULL;
done:
    if (other) source_end(&other->base);
    return status;
}

/* Columns that a value could still be a misfit for; their types after a look at all values. */
static bp_status settle(source **out, source *base, const size_t *wanted, size_t count, bp_error *err)
{
    csv_source *source = (csv_source *)base;
    memory *memory = base->context->memory;
    size_t *columns = memory_allocate_array(memory, count + 1, sizeof *columns), open = 0;
    data_type *types = memory_allocate_array(memory, count + 1, sizeof *types);
    bool same = true;
    bp_status status = BP_OK;

    *out = NULL;
    if (!columns || !types) {
        status = error_no_memory(err, memory, count * sizeof *types);
        goto done;
    }
    for (size_t i = 0; i < count && !base->settled; i++) {
        const csv_column *column = wanted[i] < source->column_count ? &source->columns[wanted[i]] : NULL;
        if (column && !column->given && column->type.id != TYPE_VARCHAR) columns[open++] = wanted[i];
    }
    if (open && (status = csv_scan_settle(source, columns, open, types, err))) goto done;
    for (size_t i = 0; i < open; i++) same &= type_equal(types[i], source->columns[columns[i]].type);
    if (same)
        *out = source_retain(base);
    else
        status = with_types(out, source, columns, types, open, err);
done:
    memory_free(memory, columns, (count + 1) * sizeof *columns);
    memory_free(memory, types, (count + 1) * sizeof *types);
    return status;
}

/* Telling ---------------------------------------------------------------------------------------------------------------------------------- */
bp_status csv_file_open(csv_input *out, const csv_source *source, size_t number, bp_error *err)
{
    const csv_file *file = &source->files[number];
    const csv_input *kept = file->kept.context ? &file->kept : NULL;
    bp_status status =
        csv_input_open(out, source->base.context, file->path, kept, source->options.compression, source->options.encoding, err);

    if (status || kept || file_identity_equal(&out->file->identity, &file->identity)) return status;
    csv_input_close(out);
    return error_set(err, BP_IO_ERROR, "\"%.*s\" has changed since it was first looked at; run the query again",
                     STRING_ARGUMENTS(file->path));
}

const csv_sniff *csv_source_sniff(const source *source)
{
    return &((const csv_source *)source)->sniff;
}

string_view csv_source_path(const source *base, size_t index)
{
    const csv_source *source = (const csv_source *)base;

    return index < source->file_count ? source->files[index].path : (string_view){0};
}

static bool quoted(builder *out, string_view text)
{
    builder_byte(out, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'') builder_byte(out, '\'');
        builder_byte(out, text.data[i]);
    }
    return builder_byte(out, '\'');
}

static void option_character(builder *out, const char *name, int character)
{
    char c = (char)character;

    builder_format(out, ", %s=", name);
    quoted(out, (string_view){&c, character >= 0});
}

bool csv_source_prompt(const source *base, builder *out)
{
    const csv_source *source = (const csv_source *)base;
    const csv_sniff *sniff = &source->sniff;
    static const char *const new_lines[] = {"\\n", "\\n", "\\r\\n", "\\r"};

    builder_literal(out, "FROM read_csv(");
    quoted(out, source->files[0].path);
    builder_literal(out, ", auto_detect=false, delim=");
    quoted(out, sniff->delimiter);
    option_character(out, "quote", sniff->quote);
    option_character(out, "escape", sniff->escape);
    builder_format(out, ", new_line='%s', skip=%llu", new_lines[sniff->new_line], (unsigned long long)sniff->skip);
    option_character(out, "comment", sniff->comment);
    if (sniff->null_padding) builder_literal(out, ", null_padding=true");
    if (!source->dialect.strict) builder_literal(out, ", strict_mode=false");
    builder_format(out, ", header=%s, columns={", sniff->header ? "true" : "false");
    for (size_t i = 0; i < sniff->columns.count; i++) {
        if (i) builder_literal(out, ", ");
        quoted(out, sniff->columns.names[i]);
        builder_literal(out, ": '");
        type_print(out, sniff->columns.types[i]);
        builder_byte(out, '\'');
    }
    builder_byte(out, '}');
    if (sniff->date_format.size) builder_literal(out, ", dateformat="), quoted(out, sniff->date_format);
    if (sniff->timestamp_format.size) builder_literal(out, ", timestampformat="), quoted(out, sniff->timestamp_format);
    return builder_literal(out, ");");
}

static bool describe(const source *base, builder *out)
{
    const csv_source *source = (const csv_source *)base;

    return source_describe_files(out, source->files[0].path, source->file_count);
}

const source_class csv_source_class = {
    .name = "read_csv", .free = source_end, .scan_open = csv_scan_open, .settle = settle, .describe = describe};
