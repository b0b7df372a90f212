/* What sniffing found out about a file is kept in the context's memory, so that the next statement about the same unchanged file, with options of the
 * same values, does not look at it again. What is kept is no source but its facts, some hundred bytes for a file of twenty columns: a source is
 * made from them as quickly as it is found (4 µs against 880), nothing of it is shared between statements, and memory.c drops the facts
 * when it needs room. A first attempt kept sources in the session: that is memory which a statement leaves behind.
 *
 *   key: format | path | identity of the file | options by value       then: dialect | what was found | columns
 *
 * Not kept: several files, pipes, types with details, sample_size=-1 (a source that was settled), and files changed just now, since one that is
 * written again within a tick of the clock looks unchanged. */
#include "io/csv_internal.h"

/* Facts as bytes ------------------------------------------------------------------------------------------------------------------ */
static void put_number(builder *out, uint64_t number)
{
    builder_append(out, &number, sizeof number);
}

static void put_text(builder *out, string_view text)
{
    put_number(out, text.size);
    builder_text(out, text);
}

static void put_list(builder *out, const csv_text_list *list)
{
    put_number(out, list->count);
    for (size_t i = 0; i < list->count; i++) put_text(out, list->items[i]);
}

static uint64_t type_number(data_type type)
{
    return type.id | (uint64_t)type.precision << 8 | (uint64_t)(uint8_t)type.scale << 16 | (uint64_t)type.unit << 24 |
           (uint64_t)type.fixed_size << 32;
}

static data_type type_of_number(uint64_t number)
{
    return (data_type){.id = (uint8_t)number,
                       .precision = (uint8_t)(number >> 8),
                       .scale = (int8_t)(uint8_t)(number >> 16),
                       .unit = (uint8_t)(number >> 24),
                       .fixed_size = (uint32_t)(number >> 32)};
}

/* False: a type has details. */
static bool put_types(builder *out, const string_view *names, const data_type *types, size_t count)
{
    bool plain = true;

    put_number(out, count * 2 + (names != NULL));
    for (size_t i = 0; i < count; i++) {
        if (names) put_text(out, names[i]);
        put_number(out, type_number(types[i]));
        plain &= types[i].detail == NULL;
    }
    return plain;
}

static bool put_options(builder *out, const csv_options *options)
{
    const int64_t numbers[] = {options->quote,
                               options->escape,
                               options->comment,
                               options->header,
                               options->new_line,
                               options->auto_detect,
                               options->all_varchar,
                               options->sample_size,
                               options->skip,
                               options->allow_quoted_nulls,
                               options->decimal_separator,
                               options->thousands,
                               options->ignore_errors,
                               options->store_rejects,
                               (int64_t)options->rejects_limit,
                               options->null_padding,
                               options->strict_mode,
                               (int64_t)options->max_line_size,
                               options->compression,
                               options->encoding,
                               options->union_by_name,
                               options->normalize_names,
                               (int64_t)options->files_to_sniff,
                               options->parallel,
                               options->candidates != NULL};
    bool plain;

    builder_append(out, numbers, sizeof numbers);
    put_text(out, options->delimiter);
    plain = put_types(out, options->columns.names, options->columns.types, options->columns.count);
    plain &= put_types(out, options->types.names, options->types.types, options->types.count);
    plain &= put_types(out, NULL, options->candidates, options->candidate_count);
    put_list(out, &options->names);
    put_list(out, &options->null_texts);
    put_list(out, &options->force_not_null);
    put_text(out, options->date_format);
    put_text(out, options->timestamp_format);
    put_text(out, options->rejects_table);
    put_text(out, options->rejects_scan);
    put_text(out, options->filename_column);
    return plain;
}

static bool put_key(builder *out, string_view path, const file_identity *identity, const csv_options *options)
{
    put_text(out, STRING_VIEW("read_csv 1"));
    put_text(out, path);
    put_number(out, identity->device);
    put_number(out, identity->inode);
    put_number(out, identity->size);
    put_number(out, (uint64_t)identity->modified_ns);
    return put_options(out, options) && out->status == BP_OK;
}

typedef struct facts {
    csv_dialect dialect;
    csv_new_line new_line;
    bool mixed_new_lines, header, null_padding, whole_file;
    uint64_t skip, sample_rows, data_start, field_count, column_count;
} facts;

static bool put_source(builder *out, const csv_source *source)
{
    const csv_sniff *sniff = &source->sniff;
    facts facts;
    bool plain = true;

    memset(&facts, 0, sizeof facts); /* no byte without a value */
    facts.dialect = source->dialect;
    facts.new_line = sniff->new_line;
    facts.mixed_new_lines = sniff->mixed_new_lines;
    facts.header = sniff->header;
    facts.null_padding = sniff->null_padding;
    facts.whole_file = sniff->whole_file;
    facts.skip = sniff->skip;
    facts.sample_rows = sniff->sample_rows;
    facts.data_start = source->files[0].data_start;
    facts.field_count = source->files[0].field_count;
    facts.column_count = source->column_count;
    builder_append(out, &facts, sizeof facts);
    for (size_t i = 0; i < source->column_count; i++) {
        const csv_column *column = &source->columns[i];
        put_number(out, type_number(column->type));
        put_number(out, (uint64_t)column->given | (uint64_t)column->not_null << 1);
        put_text(out, column->name);
        put_text(out, column->format);
        plain &= column->type.detail == NULL;
    }
    return plain && source->files[0].fields == NULL && out->status == BP_OK;
}

/* Bytes as facts ------------------------------------------------------------------------------------------------------------------ */
static bool get_text(cursor *in, arena *arena, string_view *out)
{
    const uint8_t *bytes;
    uint64_t size;

    if (!cursor_u64(in, &size) || size > cursor_left(in) || !cursor_view(in, (size_t)size, &bytes)) return false;
    *out = size ? arena_copy(arena, (string_view){(const char *)bytes, (size_t)size}) : (string_view){"", 0};
    return out->data != NULL;
}

static bool get_column(cursor *in, arena *arena, csv_column *out)
{
    uint64_t type, flags;

    if (!cursor_u64(in, &type) || !cursor_u64(in, &flags)) return false;
    *out = (csv_column){.type = type_of_number(type), .given = flags & 1, .not_null = flags >> 1 & 1};
    return get_text(in, arena, &out->name) && get_text(in, arena, &out->format);
}

bp_status csv_known_restore(csv_source *source, cursor known, const file_identity *identity, bp_error *err)
{
    csv_file *file = &source->files[0];
    bool fine = true;
    facts facts;

    if (!cursor_copy(&known, &facts, sizeof facts)) return error_set(err, BP_INTERNAL, "what is known of a CSV file ends early");
    source->dialect = facts.dialect;
    source->rules.quote = facts.dialect.quote;
    source->rules.escape = facts.dialect.escape;
    source->rules.strict = facts.dialect.strict;
    source->sniff = (csv_sniff){.delimiter = {source->dialect.delimiter, source->dialect.delimiter_size},
                                .quote = facts.dialect.quote,
                                .escape = facts.dialect.escape,
                                .comment = facts.dialect.comment,
                                .new_line = facts.new_line,
                                .mixed_new_lines = facts.mixed_new_lines,
                                .skip = facts.skip,
                                .header = facts.header,
                                .null_padding = facts.null_padding,
                                .sample_rows = facts.sample_rows,
                                .whole_file = facts.whole_file};
    file->identity = *identity;
    file->data_start = facts.data_start;
    file->field_count = (size_t)facts.field_count;
    source->column_count = (size_t)facts.column_count;
    source->columns = arena_new_array(&source->arena, csv_column, source->column_count + 1);
    for (size_t i = 0; source->columns && fine && i < source->column_count; i++)
        fine = get_column(&known, &source->arena, &source->columns[i]);
    if (!source->columns || !fine)
        return error_no_memory(err, source->arena.memory, source->column_count * sizeof *source->columns);
    return BP_OK;
}

/* ---------------------------------------------------------------------------------------------------------------------------------- */
static bool may_be_kept(const csv_source *source, const file_identity *identity)
{
    const csv_file *file = &source->files[0];

    return !source->parent && !file->kept.context && file_identity_equal(&file->identity, identity) &&
           file_identity_rests(identity);
}

bp_status csv_source_known(source **out, bp_context *context, string_view path, const csv_options *options, bp_error *err)
{
    file_identity identity;
    memory_kept *kept = NULL;
    builder bytes;
    size_t key_size;
    bp_status status;

    if (options->sample_size < 0 || file_identify(&identity, context, path, NULL) || identity.size == 0)
        return csv_source_new(out, context, &path, 1, options, err);
    builder_init(&bytes, context->memory, MEMORY_KEPT_SIZE);
    if (put_key(&bytes, path, &identity, options)) kept = memory_kept_take(context->memory, bytes.data, bytes.size);
    if (kept) {
        cursor known = cursor_over(kept->bytes + kept->key_size, kept->size - kept->key_size);
        status = csv_source_make(out, context, &path, 1, options, &known, &identity, err);
        memory_kept_return(context->memory, kept);
    } else {
        status = csv_source_new(out, context, &path, 1, options, err);
        key_size = bytes.size;
        if (status == BP_OK && bytes.status == BP_OK && may_be_kept((csv_source *)*out, &identity) &&
            put_source(&bytes, (csv_source *)*out))
            memory_keep(context->memory, bytes.data, bytes.size, key_size);
    }
    builder_clear(&bytes);
    return status;
}
