/* Schemas in IPC metadata as the C data interface has them, so that column/arrow_format.h says what each part becomes.
 *
 * A schema may not say more than its bytes justify: fields, and the bytes of names and zones, which writers may share, are counted. A dictionary within itself is refused, so
 * that reading dictionaries ends. */
#include "base/config.h"
#include "ipc_internal.h"

#define FIELD_LEAST 8   /* bytes of metadata that a field takes at least, when tables are shared as far as can be */
#define TEXT_SHARING 16 /* how often the bytes of a name may be used */
#define NAME_SHOWN 60

typedef struct schema_reader {
    ipc_contents *contents;
    size_t fields_left, text_left;
    string_view column; /* the outermost field, for errors */
    bp_error *err;
} schema_reader;

static bp_status bad_schema(schema_reader *reader, const char *what)
{
    if (!reader->column.size) return error_set(reader->err, BP_BAD_FORMAT, "the schema of the Arrow data is damaged: %s", what);
    return error_set(reader->err, BP_BAD_FORMAT, "column \"%.*s\": the schema of the Arrow data is damaged: %s",
                     STRING_ARGUMENTS(reader->column), what);
}

static bp_status no_memory(schema_reader *reader, size_t size)
{
    return error_no_memory(reader->err, reader->contents->arena.memory, size);
}

static void release_nothing(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static bp_status copy_text(schema_reader *reader, const char **out, string_view text)
{
    if (ckd_sub(&reader->text_left, reader->text_left, text.size)) return bad_schema(reader, "its names are longer than its bytes");
    *out = arena_copy(&reader->contents->arena, text).data;
    return *out ? BP_OK : no_memory(reader, text.size);
}

/* Types ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status format_text(schema_reader *reader, const char **out, string_view format)
{
    *out = format.data;
    return format.data ? BP_OK : no_memory(reader, 64);
}

static bp_status read_decimal(schema_reader *reader, const char **out, const flat_table *type)
{
    int bits = (int)flat_integer(type, DECIMAL_BITS, 4, 128), precision = (int)flat_integer(type, DECIMAL_PRECISION, 4, 0);

    return format_text(
        reader, out,
        arena_format(&reader->contents->arena, "d:%d,%d,%d", precision, (int)flat_integer(type, DECIMAL_SCALE, 4, 0), bits));
}

static bp_status read_timestamp(schema_reader *reader, const char **out, const flat_table *type)
{
    int64_t unit = flat_integer(type, TIMESTAMP_UNIT, 2, 0);
    string_view zone = flat_text(type, TIMESTAMP_ZONE);

    if (unit < 0 || unit > 3) return bad_schema(reader, "a timestamp's unit is none of second, milli-, micro- and nanosecond");
    if (ckd_sub(&reader->text_left, reader->text_left, zone.size)) return bad_schema(reader, "its names are longer than its bytes");
    return format_text(reader, out, arena_format(&reader->contents->arena, "ts%c:%.*s", "smun"[unit], STRING_ARGUMENTS(zone)));
}

static bp_status read_type(schema_reader *reader, const char **out, int64_t number, const flat_table *type)
{
    const ipc_known_format *known;
    int64_t values[2];

    if (number == IPC_TYPE_DECIMAL) return read_decimal(reader, out, type);
    if (number == IPC_TYPE_TIMESTAMP) return read_timestamp(reader, out, type);
    if (number < 0 || number >= IPC_TYPE_COUNT)
        return error_set(reader->err, BP_NOT_SUPPORTED,
                         "column \"%.*s\" has an Arrow type, number %lld, that this version does not know",
                         STRING_ARGUMENTS(reader->column), (long long)number);
    for (unsigned slot = 0; slot < 2; slot++)
        values[slot] = ipc_parameters[number].width[slot]
                           ? flat_integer(type, slot, ipc_parameters[number].width[slot], ipc_parameters[number].fallback[slot])
                           : 0;
    if (number == IPC_TYPE_FIXED_BINARY || number == IPC_TYPE_FIXED_LIST)
        return format_text(
            reader, out,
            arena_format(&reader->contents->arena, number == IPC_TYPE_FIXED_LIST ? "+w:%lld" : "w:%lld", (long long)values[0]));
    if (number == IPC_TYPE_UNION) return format_text(reader, out, STRING_VIEW("+us:"));
    known = ipc_format_of_type((ipc_type)number, values);
    if (!known || number == IPC_TYPE_NONE) return bad_schema(reader, "a type has parameters that there are not");
    return format_text(reader, out, string_view_of(known->format));
}

/* The name of an extension type as C metadata: int32 count, then sizes and bytes of key and value. */
static bp_status read_extension(schema_reader *reader, const char **out, const flat_table *field)
{
    static const string_view key = {"ARROW:extension:name", 20};
    flat_vector pairs = flat_elements(field, FIELD_METADATA, 4);

    for (size_t i = 0; i < pairs.count && !pairs.bytes->broken; i++) {
        flat_table pair = flat_element_table(&pairs, i);
        string_view value = flat_text(&pair, PAIR_VALUE);
        int32_t numbers[3] = {1, (int32_t)key.size, (int32_t)value.size};
        char *block;
        if (!string_equal(flat_text(&pair, PAIR_KEY), key)) continue;
        if (ckd_sub(&reader->text_left, reader->text_left, value.size))
            return bad_schema(reader, "its names are longer than its bytes");
        if (!(block = arena_allocate(&reader->contents->arena, 12 + key.size + value.size))) return no_memory(reader, value.size);
        memcpy(block, numbers, 8);
        memcpy(block + 8, key.data, key.size);
        memcpy(block + 8 + key.size, numbers + 2, 4);
        if (value.size) memcpy(block + 12 + key.size, value.data, value.size);
        *out = block;
        return BP_OK;
    }
    return BP_OK;
}

/* Fields --------------------------------------------------------------------------------------------------------------------------------- */
static bp_status read_field(schema_reader *reader, struct ArrowSchema *out, const flat_table *field, int depth);

static bp_status read_fields(schema_reader *reader, struct ArrowSchema *out, const flat_vector *fields, int depth)
{
    arena *arena = &reader->contents->arena;
    struct ArrowSchema *children;
    bp_status status = BP_OK;

    if (ckd_sub(&reader->fields_left, reader->fields_left, fields->count))
        return bad_schema(reader, "it has more fields than its bytes can say");
    children = arena_new_array(arena, struct ArrowSchema, fields->count);
    out->children = arena_new_array(arena, struct ArrowSchema *, fields->count);
    if (!children || !out->children) return no_memory(reader, fields->count * sizeof *children);
    out->n_children = (int64_t)fields->count;
    for (size_t i = 0; i < fields->count && !status; i++) {
        flat_table field = flat_element_table(fields, i);
        out->children[i] = &children[i];
        status = read_field(reader, &children[i], &field, depth + 1);
    }
    return status;
}

/* The dictionary that a field uses, found by its number or made. */
static bp_status find_dictionary(schema_reader *reader, ipc_dictionary **out, int64_t id, const struct ArrowSchema *value)
{
    ipc_contents *contents = reader->contents;
    ipc_dictionary *made;

    for (*out = contents->dictionaries; *out && (*out)->id != id; *out = (*out)->next) continue;
    if (*out) return (*out)->is_open ? bad_schema(reader, "a dictionary is within itself") : BP_OK;
    if (!(made = arena_new(&contents->arena, ipc_dictionary))) return no_memory(reader, sizeof *made);
    *made = (ipc_dictionary){.id = id, .value = value, .index = contents->dictionary_count++, .next = contents->dictionaries};
    *out = contents->dictionaries = made;
    return BP_OK;
}

/* `out` becomes the codes; what was read into it are the values. */
static bp_status read_codes(schema_reader *reader, struct ArrowSchema *out, struct ArrowSchema *value, const flat_table *field)
{
    flat_table codes = flat_child(field, FIELD_DICTIONARY), type = flat_child(&codes, CODES_TYPE);
    const int64_t bits = flat_integer(&type, 0, 4, type.at ? 0 : 32), is_signed = flat_integer(&type, 1, 1, type.at ? 0 : 1) != 0;
    const ipc_known_format *known = ipc_format_of_type(IPC_TYPE_INT, (const int64_t[]){bits, is_signed});

    if (!known) return bad_schema(reader, "the codes of a dictionary are no integers of 8 to 64 bits");
    *out = (struct ArrowSchema){
        .format = known->format, .name = value->name, .flags = value->flags, .dictionary = value, .release = release_nothing};
    if (flat_integer(&codes, CODES_ORDERED, 1, 0)) out->flags |= ARROW_FLAG_DICTIONARY_ORDERED;
    return BP_OK;
}

static bp_status read_plain(schema_reader *reader, struct ArrowSchema *out, const flat_table *field, int depth)
{
    flat_table type = flat_child(field, FIELD_TYPE);
    flat_vector children = flat_elements(field, FIELD_CHILDREN, 4);
    bp_status status;

    *out = (struct ArrowSchema){.flags = flat_integer(field, FIELD_NULLABLE, 1, 0) ? ARROW_FLAG_NULLABLE : 0,
                                .release = release_nothing};
    if ((status = copy_text(reader, &out->name, flat_text(field, FIELD_NAME)))) return status;
    if (depth == 1) reader->column = string_view_of(out->name);
    if (reader->column.size > NAME_SHOWN) reader->column.size = NAME_SHOWN;
    if ((status = read_type(reader, &out->format, flat_integer(field, FIELD_TYPE_NUMBER, 1, 0), &type))) return status;
    if ((status = read_extension(reader, &out->metadata, field))) return status;
    if (field->bytes->broken) return bad_schema(reader, "an offset leads out of it");
    return read_fields(reader, out, &children, depth);
}

static bp_status read_field(schema_reader *reader, struct ArrowSchema *out, const flat_table *field, int depth)
{
    flat_table codes = flat_child(field, FIELD_DICTIONARY);
    struct ArrowSchema *value = out;
    ipc_dictionary *dictionary = NULL;
    bp_status status;

    if (depth > LIMIT_TYPE_DEPTH)
        return error_set(reader->err, BP_LIMIT, "an Arrow type is nested over %d levels", LIMIT_TYPE_DEPTH);
    if (codes.at) {
        value = arena_new(&reader->contents->arena, struct ArrowSchema);
        if (!value) return no_memory(reader, sizeof *value);
        if ((status = find_dictionary(reader, &dictionary, flat_integer(&codes, CODES_ID, 8, 0), value))) return status;
        dictionary->is_open = true;
    }
    status = read_plain(reader, value, field, depth);
    if (status || !dictionary) return status;
    dictionary->is_open = false;
    if ((status = read_codes(reader, out, value, field))) return status;
    out->private_data = dictionary;
    return BP_OK;
}

bp_status ipc_read_schema(ipc_contents *contents, const flat_table *table, bp_error *err)
{
    flat_vector fields = flat_elements(table, SCHEMA_FIELDS, 4);
    size_t size = table->bytes->size;
    schema_reader reader = {.contents = contents, .fields_left = size / FIELD_LEAST, .text_left = TEXT_SHARING * size, .err = err};
    bp_status status;

    contents->big_endian = flat_integer(table, SCHEMA_ENDIANNESS, 2, 0) == 1;
    contents->schema = (struct ArrowSchema){.format = "+s", .name = "", .release = release_nothing};
    if (table->at == 0) return bad_schema(&reader, "it is missing");
    if ((status = read_fields(&reader, &contents->schema, &fields, 0))) return status;
    if (table->bytes->broken) return bad_schema(&reader, "an offset leads out of it");
    if ((status = arrow_format_read(&contents->format, &contents->arena, &contents->schema, err))) return status;
    for (ipc_dictionary *at = contents->dictionaries; at; at = at->next)
        if ((status = arrow_format_read(&at->format, &contents->arena, at->value, err))) return status;
    return BP_OK;
}
