/* Schemas as IPC metadata: an exported ArrowSchema, and beside it what arrow_format_read() made of it. Dictionaries are numbered in the order in which
 * their fields stand. */
#include "ipc_internal.h"

typedef struct schema_writer {
    builder *out;
    int64_t next_dictionary;
} schema_writer;

static size_t write_numbers(builder *out, ipc_type type, const int64_t values[2])
{
    flat_field fields[2];
    size_t count = 0;

    for (unsigned slot = 0; slot < 2; slot++)
        if (ipc_parameters[type].width[slot]) fields[count++] = (flat_field){slot, ipc_parameters[type].width[slot], values[slot]};
    return flat_write_table(out, fields, count);
}

static size_t write_decimal(builder *out, const arrow_format *format)
{
    flat_field fields[] = {{DECIMAL_PRECISION, 4, format->type.precision},
                           {DECIMAL_SCALE, 4, format->type.scale},
                           {DECIMAL_BITS, 4, 8 * (int64_t)format->width}};

    return flat_write_table(out, fields, ARRAY_LENGTH(fields));
}

static size_t write_timestamp(builder *out, data_type type)
{
    bool has_zone = type.id == TYPE_TIMESTAMP_TZ;
    flat_field fields[] = {{TIMESTAMP_UNIT, 2, type.unit}, {TIMESTAMP_ZONE, 0, 0}};
    size_t table = flat_write_table(out, fields, has_zone ? 2 : 1);

    if (has_zone) flat_link(out, table, TIMESTAMP_ZONE, flat_write_text(out, type.detail->zone));
    return table;
}

static ipc_type number_of(const struct ArrowSchema *schema, const arrow_format *format)
{
    const ipc_known_format *known = ipc_format_of_text(string_view_of(schema->format));

    if (known) return known->type;
    switch (format->type.id) {
    case TYPE_DECIMAL: return IPC_TYPE_DECIMAL;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMP_TZ: return IPC_TYPE_TIMESTAMP;
    case TYPE_ARRAY: return IPC_TYPE_FIXED_LIST;
    default: return IPC_TYPE_FIXED_BINARY;
    }
}

static size_t write_type(builder *out, ipc_type number, const struct ArrowSchema *schema, const arrow_format *format)
{
    const ipc_known_format *known = ipc_format_of_text(string_view_of(schema->format));

    if (known) return write_numbers(out, number, known->values);
    switch (number) {
    case IPC_TYPE_DECIMAL: return write_decimal(out, format);
    case IPC_TYPE_TIMESTAMP: return write_timestamp(out, format->type);
    case IPC_TYPE_FIXED_LIST: return write_numbers(out, number, (const int64_t[]){format->type.fixed_size, 0});
    default: return write_numbers(out, number, (const int64_t[]){format->width, 0});
    }
}

/* A text of the schema's metadata: int32 size, bytes. */
static string_view take_text(const char **at)
{
    int32_t size;
    string_view text;

    memcpy(&size, *at, 4);
    text = (string_view){*at + 4, (size_t)size};
    *at += 4 + size;
    return text;
}

/* The pairs of an exported schema (int32 count, then keys and values) as a vector of tables. */
static size_t write_metadata(builder *out, const char *metadata)
{
    static const flat_field fields[] = {{PAIR_KEY, 0, 0}, {PAIR_VALUE, 0, 0}};
    const char *at = metadata + 4;
    size_t vector;
    int32_t count;

    memcpy(&count, metadata, 4);
    vector = flat_write_vector(out, (size_t)count, 4);
    for (int32_t i = 0; i < count; i++) {
        size_t pair = flat_write_table(out, fields, ARRAY_LENGTH(fields));
        flat_link_element(out, vector, (size_t)i, pair);
        flat_link(out, pair, PAIR_KEY, flat_write_text(out, take_text(&at)));
        flat_link(out, pair, PAIR_VALUE, flat_write_text(out, take_text(&at)));
    }
    return vector;
}

static size_t write_codes(schema_writer *writer, const struct ArrowSchema *schema, const arrow_format *format)
{
    bool ordered = schema->flags & ARROW_FLAG_DICTIONARY_ORDERED;
    flat_field fields[] = {{CODES_ID, 8, writer->next_dictionary++}, {CODES_TYPE, 0, 0}, {CODES_ORDERED, 1, ordered}};
    size_t table = flat_write_table(writer->out, fields, ARRAY_LENGTH(fields));
    const int64_t integer[] = {8 * (int64_t)format->width, format->is_signed};

    flat_link(writer->out, table, CODES_TYPE, write_numbers(writer->out, IPC_TYPE_INT, integer));
    return table;
}

static size_t write_field(schema_writer *writer, const struct ArrowSchema *schema, const arrow_format *format);

static size_t write_fields(schema_writer *writer, const struct ArrowSchema *schema, const arrow_format *format)
{
    size_t vector = flat_write_vector(writer->out, (size_t)schema->n_children, 4);

    for (size_t i = 0; i < (size_t)schema->n_children; i++)
        flat_link_element(writer->out, vector, i, write_field(writer, schema->children[i], &format->children[i]));
    return vector;
}

/* Recursion follows an exported schema, LIMIT_TYPE_DEPTH levels at most. The field of a dictionary is that of its values. */
static size_t write_field(schema_writer *writer, const struct ArrowSchema *schema, const arrow_format *format)
{
    bool is_dictionary = format->layout == LAYOUT_DICTIONARY;
    const struct ArrowSchema *value = is_dictionary ? schema->dictionary : schema;
    const arrow_format *value_format = is_dictionary ? &format->children[0] : format;
    ipc_type number = number_of(value, value_format);
    flat_field fields[7] = {{FIELD_NAME, 0, 0},
                            {FIELD_NULLABLE, 1, (schema->flags & ARROW_FLAG_NULLABLE) != 0},
                            {FIELD_TYPE_NUMBER, 1, number},
                            {FIELD_TYPE, 0, 0}};
    size_t count = 4, table;

    if (is_dictionary) fields[count++] = (flat_field){FIELD_DICTIONARY, 0, 0};
    fields[count++] = (flat_field){FIELD_CHILDREN, 0, 0};
    if (schema->metadata) fields[count++] = (flat_field){FIELD_METADATA, 0, 0};
    table = flat_write_table(writer->out, fields, count);
    flat_link(writer->out, table, FIELD_NAME, flat_write_text(writer->out, string_view_of(schema->name)));
    flat_link(writer->out, table, FIELD_TYPE, write_type(writer->out, number, value, value_format));
    if (is_dictionary) flat_link(writer->out, table, FIELD_DICTIONARY, write_codes(writer, schema, format));
    flat_link(writer->out, table, FIELD_CHILDREN, write_fields(writer, value, value_format));
    if (schema->metadata) flat_link(writer->out, table, FIELD_METADATA, write_metadata(writer->out, schema->metadata));
    return table;
}

size_t ipc_write_schema(builder *out, const struct ArrowSchema *schema, const arrow_format *format)
{
    static const flat_field fields[] = {{SCHEMA_ENDIANNESS, 2, 0}, {SCHEMA_FIELDS, 0, 0}};
    schema_writer writer = {.out = out};
    size_t table = flat_write_table(out, fields, ARRAY_LENGTH(fields));

    flat_link(out, table, SCHEMA_FIELDS, write_fields(&writer, schema, format));
    return table;
}
