/* The footer: "…PAR1", before it its size, before that FileMetaData in Thrift.
 *
 * A footer of a wide file is mostly its column chunks (columns times row groups). They are passed over once, their places noted; a scan
 * decodes those of the columns that it reads. Notes are 4 bytes for a chunk of at least one byte, so the file's size justifies them. What the pass found is
 * known to the next statement (parquet_known.c), which decodes the schema alone. */
#include "base/utf8_check.h"
#include "parquet_internal.h"

#define TRAILER 8
#define FIRST_READ ((size_t)64 << 10)

static bp_status damaged(bp_error *err, const char *what)
{
    return error_set(err, BP_BAD_FORMAT, "the footer is damaged: %s", what);
}

/* Elements of the schema -------------------------------------------------------------------------------------------------------- */
static void read_unit(thrift *in, parquet_element *out)
{
    thrift_begin(in);
    while (thrift_next(in)) {
        out->unit = in->field == 1 ? UNIT_MILLI : in->field == 2 ? UNIT_MICRO : UNIT_NANO;
        thrift_skip(in);
    }
}

static void read_logical_fields(thrift *in, parquet_element *out, int logical)
{
    thrift_begin(in);
    while (thrift_next(in)) {
        bool is_time = logical == PARQUET_LOGICAL_TIME || logical == PARQUET_LOGICAL_TIMESTAMP;
        if (logical == PARQUET_LOGICAL_DECIMAL && in->field == 1)
            out->scale = (int32_t)thrift_integer(in);
        else if (logical == PARQUET_LOGICAL_DECIMAL && in->field == 2)
            out->precision = (int32_t)thrift_integer(in);
        else if (is_time && in->field == 1)
            out->utc = thrift_bool(in);
        else if (is_time && in->field == 2)
            read_unit(in, out);
        else if (logical == PARQUET_LOGICAL_INTEGER && in->field == 1)
            out->bits = (uint8_t)thrift_integer(in);
        else if (logical == PARQUET_LOGICAL_INTEGER && in->field == 2)
            out->is_signed = thrift_bool(in);
        else
            thrift_skip(in);
    }
}

static void read_logical(thrift *in, parquet_element *out)
{
    thrift_begin(in);
    while (thrift_next(in)) {
        if (in->field < PARQUET_LOGICAL_INTERVAL && in->type == THRIFT_STRUCT) {
            out->logical_told = (uint8_t)in->field;
            read_logical_fields(in, out, in->field);
        } else {
            thrift_skip(in);
        }
    }
}

/* ConvertedType, from before there were logical types. */
static void apply_converted(parquet_element *element)
{
    static const uint8_t logical_of[] = {
        PARQUET_LOGICAL_STRING,  PARQUET_LOGICAL_MAP,       PARQUET_LOGICAL_MAP,       PARQUET_LOGICAL_LIST,
        PARQUET_LOGICAL_ENUM,    PARQUET_LOGICAL_DECIMAL,   PARQUET_LOGICAL_DATE,      PARQUET_LOGICAL_TIME,
        PARQUET_LOGICAL_TIME,    PARQUET_LOGICAL_TIMESTAMP, PARQUET_LOGICAL_TIMESTAMP, PARQUET_LOGICAL_INTEGER,
        PARQUET_LOGICAL_INTEGER, PARQUET_LOGICAL_INTEGER,   PARQUET_LOGICAL_INTEGER,   PARQUET_LOGICAL_INTEGER,
        PARQUET_LOGICAL_INTEGER, PARQUET_LOGICAL_INTEGER,   PARQUET_LOGICAL_INTEGER,   PARQUET_LOGICAL_JSON,
        PARQUET_LOGICAL_BSON,    PARQUET_LOGICAL_INTERVAL};
    int converted = element->converted;

    element->logical = element->logical_told;
    if (element->logical || converted < 0 || converted >= (int)ARRAY_LENGTH(logical_of)) return;
    element->logical = logical_of[converted];
    if (converted >= 11 && converted <= 18) {
        element->is_signed = converted >= 15;
        element->bits = (uint8_t)(8u << ((unsigned)(converted - 11) % 4));
    }
    if (converted >= 7 && converted <= 10)
        element->unit = converted & 1 ? UNIT_MILLI : UNIT_MICRO; /* TIMESTAMP, as DuckDB has it */
}

static void read_element(thrift *in, parquet_element *out)
{
    *out = (parquet_element){
        .physical = PARQUET_GROUP, .repetition = -1, .converted = -1, .scale = -1, .precision = -1, .field_id = INT64_MIN};
    thrift_begin(in);
    while (thrift_next(in)) {
        int64_t value = in->field == 4 || in->field == 10 ? 0 : thrift_integer(in);
        switch (in->field) {
        case 1: out->physical = value >= 0 && value <= PARQUET_FIXED ? (int8_t)value : (int8_t)64; break;
        case 2: out->type_length = value > 0 && value <= INT32_MAX ? (uint32_t)value : 0; break;
        case 3: out->repetition = value >= 0 && value <= PARQUET_REPEATED ? (int8_t)value : (int8_t)64; break;
        case 4: out->name = thrift_binary(in); break;
        case 5: out->child_count = value >= 0 && value <= INT32_MAX ? (uint32_t)value : UINT32_MAX; break;
        case 6: out->converted = value >= 0 && value < 64 ? (int8_t)value : (int8_t)-1; break;
        case 7: out->scale = (int32_t)value; break;
        case 8: out->precision = (int32_t)value; break;
        case 9: out->field_id = value; break;
        case 10: read_logical(in, out); break;
        default: in->bad = true; /* there are no more fields, and those that come would not be integers for certain */
        }
    }
    apply_converted(out);
}

static bp_status read_elements(thrift *in, parquet_footer *footer, bp_error *err)
{
    size_t count = thrift_list(in, THRIFT_STRUCT);

    if (count == 0) return damaged(err, "it has no schema");
    if (count > (size_t)4 * LIMIT_COLUMNS)
        return error_set(err, BP_LIMIT, "the schema has %zu elements; at most %d are read", count, 4 * LIMIT_COLUMNS);
    footer->elements = arena_new_array(&footer->arena, parquet_element, count);
    if (!footer->elements) return error_no_memory(err, footer->memory, count * sizeof *footer->elements);
    footer->element_count = count;
    for (size_t i = 0; i < count && !in->bad; i++) {
        read_element(in, &footer->elements[i]);
        if (!utf8_valid(footer->elements[i].name.data, footer->elements[i].name.size))
            return damaged(err, "a column's name is not UTF-8");
    }
    return in->bad ? damaged(err, "its schema cannot be read") : BP_OK;
}

/* Row groups --------------------------------------------------------------------------------------------------------------------- */
static bp_status note_chunks(thrift *in, parquet_footer *footer, parquet_row_group *group, bp_error *err)
{
    size_t count = thrift_list(in, THRIFT_STRUCT);
    uint32_t *chunks = arena_new_array(&footer->arena, uint32_t, count);

    if (!chunks) return error_no_memory(err, footer->memory, count * sizeof *chunks);
    for (size_t i = 0; i < count && !in->bad; i++) {
        chunks[i] = (uint32_t)in->bytes.position;
        in->type = THRIFT_STRUCT;
        thrift_skip(in);
    }
    group->chunks = chunks;
    group->chunk_count = (uint32_t)count;
    return BP_OK;
}

static bp_status read_row_group(thrift *in, parquet_footer *footer, parquet_row_group *group, bp_error *err)
{
    bp_status status = BP_OK;
    int64_t rows = -1;

    thrift_begin(in);
    while (!status && thrift_next(in)) {
        switch (in->field) {
        case 1: status = note_chunks(in, footer, group, err); break;
        case 2: group->total_size = thrift_integer(in); break;
        case 3: rows = thrift_integer(in); break;
        case 5: group->file_offset = thrift_integer(in); break;
        case 6: group->compressed_size = thrift_integer(in); break;
        default: thrift_skip(in);
        }
    }
    if (status) return status;
    if (rows < 0) return damaged(err, "a row group does not tell its rows");
    group->row_count = (uint64_t)rows;
    return BP_OK;
}

static bp_status read_row_groups(thrift *in, parquet_footer *footer, bp_error *err)
{
    size_t count = thrift_list(in, THRIFT_STRUCT);
    bp_status status = BP_OK;

    footer->row_groups = arena_new_array(&footer->arena, parquet_row_group, count);
    if (!footer->row_groups) return error_no_memory(err, footer->memory, count * sizeof *footer->row_groups);
    footer->row_group_count = count;
    for (size_t i = 0; i < count && !status && !in->bad; i++) status = read_row_group(in, footer, &footer->row_groups[i], err);
    footer->groups_end = in->bytes.position;
    return status;
}

/* The whole ----------------------------------------------------------------------------------------------------------------------- */
static bp_status decode(parquet_footer *footer, bp_error *err)
{
    thrift in = thrift_over(footer->bytes, footer->size);
    int64_t rows = -1;
    bool encrypted = false;
    bp_status status = BP_OK;

    thrift_begin(&in);
    while (!status && thrift_next(&in)) {
        switch (in.field) {
        case 1: footer->version = thrift_integer(&in); break;
        case 2: status = read_elements(&in, footer, err); break;
        case 3: rows = thrift_integer(&in); break;
        case 4:
            if (footer->groups_end)
                in.bytes.position = footer->groups_end;
            else
                status = read_row_groups(&in, footer, err);
            break;
        case 5:
            footer->kv_position = in.bytes.position;
            thrift_skip(&in);
            break;
        case 6: footer->created_by = thrift_binary(&in); break;
        case 7:
            footer->has_column_orders = true;
            footer->column_order_count = thrift_list(&in, THRIFT_STRUCT);
            for (size_t i = 0; i < footer->column_order_count; i++) {
                in.type = THRIFT_STRUCT;
                thrift_skip(&in);
            }
            break;
        case 8:
            encrypted = true;
            thrift_skip(&in);
            break;
        default: thrift_skip(&in);
        }
    }
    if (status) return status;
    if (in.bad) return damaged(err, "its Thrift structures cannot be read");
    if (!footer->elements) return damaged(err, "it has no schema");
    if (!utf8_valid(footer->created_by.data, footer->created_by.size)) footer->created_by = (string_view){0};
    if (rows < 0) return damaged(err, "it does not tell its rows");
    if (encrypted) return error_set(err, BP_NOT_SUPPORTED, "the file is encrypted, which is not read yet");
    footer->row_count = (uint64_t)rows;
    return BP_OK;
}

static bp_status check_counts(const parquet_footer *footer, bp_error *err)
{
    uint64_t rows = 0;

    for (size_t i = 0; i < footer->row_group_count; i++) {
        const parquet_row_group *group = &footer->row_groups[i];
        if (group->chunk_count != footer->leaf_count)
            return error_set(err, BP_BAD_FORMAT, "row group %zu has %u columns, the schema %zu", i, group->chunk_count,
                             footer->leaf_count);
        if (ckd_add(&rows, rows, group->row_count)) return damaged(err, "its row groups have too many rows");
    }
    if (rows > INT64_MAX) return damaged(err, "its row groups have too many rows");
    return BP_OK;
}

void parquet_footer_free(parquet_footer *footer)
{
    if (!footer) return;
    memory_free(footer->memory, footer->bytes, footer->size);
    arena_clear(&footer->arena);
    memory_delete(footer->memory, footer);
}

/* The last bytes of the file: the footer, when it is small, comes with its size in one read. */
static bp_status load(parquet_footer *footer, file *file, bp_error *err)
{
    uint64_t size = file_size(file);
    size_t first = size < FIRST_READ ? (size_t)size : FIRST_READ, count = 0;
    uint8_t *tail = memory_allocate(footer->memory, first);
    uint32_t told;
    bp_status status;

    if (!tail) return error_no_memory(err, footer->memory, first);
    if ((status = file_read_at(file, size - first, tail, first, &count, err))) goto done;
    status = BP_BAD_FORMAT;
    if (count == first && first >= TRAILER + 4 && memcmp(tail + first - 4, "PARE", 4) == 0) {
        status = error_set(err, BP_NOT_SUPPORTED, "the footer is encrypted, which is not read yet");
        goto done;
    }
    if (count != first || first < TRAILER + 4 || memcmp(tail + first - 4, "PAR1", 4) != 0) {
        error_set(err, status, "this is no Parquet file: it does not end with \"PAR1\"");
        goto done;
    }
    memcpy(&told, tail + first - TRAILER, 4);
    if (told > size - TRAILER - 4) {
        error_set(err, status, "the footer claims %u bytes in a file of %llu", told, (unsigned long long)size);
        goto done;
    }
    footer->bytes = memory_allocate(footer->memory, told);
    if (!footer->bytes) {
        status = error_no_memory(err, footer->memory, told);
        goto done;
    }
    footer->size = told;
    footer->file_size = size;
    status = BP_OK;
    if (told <= first - TRAILER)
        memcpy(footer->bytes, tail + first - TRAILER - told, told);
    else if (!(status = file_read_at(file, size - TRAILER - told, footer->bytes, told, &count, err)) && count != told)
        status = damaged(err, "it is cut");
done:
    memory_free(footer->memory, tail, first);
    return status;
}

bp_status parquet_footer_read(parquet_footer **out, file *file, bool binary_as_string, bp_error *err)
{
    memory *memory = file->context->memory;
    parquet_footer *footer = memory_new(memory, parquet_footer);
    bool known = false;
    bp_status status;

    *out = NULL;
    if (!footer) return error_no_memory(err, memory, sizeof *footer);
    footer->memory = memory;
    arena_init(&footer->arena, memory);
    if (file->sequential) {
        status = error_set(err, BP_NOT_SUPPORTED, "a Parquet file is read from its end, so it cannot come through a pipe");
        goto done;
    }
    if ((status = parquet_known_take(footer, file, &known, err))) goto done;
    if (!known && (status = load(footer, file, err))) goto done;
    if ((status = decode(footer, err))) goto done;
    if ((status = parquet_schema_build(footer, binary_as_string, err))) goto done;
    if ((status = check_counts(footer, err))) goto done;
    if (!known) parquet_known_keep(footer, file);
    *out = footer;
    footer = NULL;
done:
    if (status && status != BP_CANCELLED) error_prefix(err, "\"%.*s\"", STRING_ARGUMENTS(file_path(file)));
    parquet_footer_free(footer);
    return status;
}

/* Column chunks ------------------------------------------------------------------------------------------------------------------ */
static void read_statistics(thrift *in, parquet_statistics *out)
{
    string_view old_high = {0}, old_low = {0};

    thrift_begin(in);
    while (thrift_next(in)) {
        switch (in->field) {
        case 1: old_high = thrift_binary(in); break;
        case 2: old_low = thrift_binary(in); break;
        case 3: out->null_count = thrift_integer(in); break;
        case 4: out->distinct_count = thrift_integer(in); break;
        case 5:
            out->high = thrift_binary(in);
            out->has_high = true;
            break;
        case 6:
            out->low = thrift_binary(in);
            out->has_low = true;
            break;
        case 7: out->high_exact = thrift_bool(in), out->told_exact = true; break;
        case 8: out->low_exact = thrift_bool(in), out->told_exact = true; break;
        default: thrift_skip(in);
        }
    }
    if (out->has_high || out->has_low || !old_high.data || !old_low.data) return;
    out->is_old = out->has_high = out->has_low = true;
    out->high = old_high;
    out->low = old_low;
}

static void read_encodings(thrift *in, parquet_chunk *out)
{
    size_t count;

    out->encodings_position = in->bytes.position;
    count = thrift_list(in, THRIFT_I32);
    for (size_t i = 0; i < count && !in->bad; i++) {
        int64_t encoding = thrift_integer(in);
        if (encoding >= 0 && encoding < 32) out->encodings |= (uint32_t)1 << encoding;
    }
}

static void read_metadata(thrift *in, parquet_chunk *out)
{
    out->physical = UINT8_MAX;
    thrift_begin(in);
    while (thrift_next(in)) {
        switch (in->field) {
        case 1: out->physical = (uint8_t)thrift_integer(in); break;
        case 2: read_encodings(in, out); break;
        case 4: {
            int64_t codec = thrift_integer(in);
            out->codec = codec >= 0 && codec < 64 ? (int8_t)codec : (int8_t)-1;
            break;
        }
        case 5: out->value_count = (uint64_t)thrift_integer(in); break;
        case 6: out->total_size = thrift_integer(in); break;
        case 7: out->compressed_size = thrift_integer(in); break;
        case 9: out->data_offset = thrift_integer(in); break;
        case 10: out->index_offset = thrift_integer(in); break;
        case 11: out->dictionary_offset = thrift_integer(in); break;
        case 12: read_statistics(in, &out->statistics); break;
        case 13: out->encoding_stats_position = in->bytes.position, thrift_skip(in); break;
        case 14: out->bloom_offset = thrift_integer(in); break;
        case 15: out->bloom_size = thrift_integer(in); break;
        default:
            if (in->field == 3) out->path_position = in->bytes.position;
            if (in->field == 8) out->kv_position = in->bytes.position;
            thrift_skip(in);
        }
    }
}

static bp_status check_chunk(const parquet_chunk *chunk, const parquet_footer *footer, size_t leaf, bp_error *err)
{
    int64_t begin = chunk->dictionary_offset > 0 && chunk->dictionary_offset < chunk->data_offset ? chunk->dictionary_offset
                                                                                                  : chunk->data_offset;

    if (chunk->elsewhere) return error_set(err, BP_NOT_SUPPORTED, "the values are in another file, which is not read yet");
    if (chunk->encrypted) return error_set(err, BP_NOT_SUPPORTED, "the values are encrypted, which is not read yet");
    if (chunk->physical != footer->leaves[leaf].physical)
        return error_set(err, BP_BAD_FORMAT, "the values are stored as another type than the schema says");
    if (begin < 0 || chunk->compressed_size < 0 || chunk->value_count > INT64_MAX || (uint64_t)begin > footer->file_size ||
        (uint64_t)chunk->compressed_size > footer->file_size - (uint64_t)begin)
        return error_set(err, BP_BAD_FORMAT, "%lld bytes of values at byte %lld are not within the file",
                         (long long)chunk->compressed_size, (long long)begin);
    return BP_OK;
}

bp_status parquet_chunk_of(parquet_chunk *out, const parquet_footer *footer, size_t row_group, size_t leaf, bp_error *err)
{
    size_t position = footer->row_groups[row_group].chunks[leaf];
    thrift in = thrift_over(footer->bytes, footer->size);
    bool has_metadata = false;
    bp_status status;

    *out = (parquet_chunk){.codec = -1, .statistics = {.null_count = -1, .distinct_count = -1}};
    in.bytes.position = position;
    thrift_begin(&in);
    while (thrift_next(&in)) {
        switch (in.field) {
        case 1: out->elsewhere = thrift_binary(&in).size > 0; break;
        case 2: out->file_offset = thrift_integer(&in); break;
        case 3:
            read_metadata(&in, out);
            has_metadata = true;
            break;
        case 4: out->offset_index = thrift_integer(&in); break;
        case 5: out->offset_index_size = thrift_integer(&in); break;
        case 6: out->column_index = thrift_integer(&in); break;
        case 7: out->column_index_size = thrift_integer(&in); break;
        case 8:
            out->encrypted = true;
            thrift_skip(&in);
            break;
        default: thrift_skip(&in);
        }
    }
    if (in.bad || (!has_metadata && !out->encrypted))
        status = error_set(err, BP_BAD_FORMAT, "the footer's entry cannot be read");
    else
        status = check_chunk(out, footer, leaf, err);
    if (status) error_prefix(err, "column \"%.*s\", row group %zu", STRING_ARGUMENTS(footer->leaves[leaf].path), row_group);
    return status;
}
