/* Values as JSON, down as deep as their type: at most LIMIT_TYPE_DEPTH levels. */
#include "format_json.h"

#include "base/config.h"
#include "base/json.h"

static void put_within(builder *out, builder *scratch, const column *column, size_t row, int depth);

static string_view text_of(builder *scratch, const column *column, size_t row)
{
    scratch->size = 0; /* no reset: a failure is remembered until somebody looks at the status */
    column_print_value(scratch, column, row);
    return builder_view(scratch);
}

/* NaN and infinities are no JSON numbers: they go as text. */
static bool is_number(data_type type, string_view text)
{
    size_t digit = text.size > 1 && text.data[0] == '-';

    return type_is_numeric(type) && text.size > digit && ascii_is_digit((unsigned char)text.data[digit]);
}

static void put_scalar(builder *out, builder *scratch, const column *column, size_t row)
{
    string_view text = text_of(scratch, column, row);

    if (column->type.id == TYPE_BOOLEAN || is_number(column->type, text))
        builder_text(out, text);
    else
        json_quote(out, text);
}

static void put_array(builder *out, builder *scratch, const column *elements, size_t begin, size_t count, int depth)
{
    builder_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i) builder_byte(out, ',');
        put_within(out, scratch, elements, begin + i, depth);
    }
    builder_byte(out, ']');
}

static void put_fields(builder *out, builder *scratch, const column *column, size_t row, int depth)
{
    const string_view *names = column->type.detail->names;
    bool named = names && column->child_count && names[0].size;

    builder_byte(out, named ? '{' : '[');
    for (size_t i = 0; i < column->child_count; i++) {
        if (i) builder_byte(out, ',');
        if (named) json_quote(out, names[i]);
        if (named) builder_byte(out, ':');
        put_within(out, scratch, &column->children[i], row, depth);
    }
    builder_byte(out, named ? '}' : ']');
}

/* The column and row that hold a value, whatever the encoding. */
static const column *holder_of(const column *column, size_t *row)
{
    if (column->encoding == COLUMN_DICTIONARY) {
        *row = ((const uint32_t *)column->values)[*row];
        return column->children;
    }
    if (column->encoding == COLUMN_CONSTANT) *row = 0;
    return column;
}

static void put_pairs(builder *out, builder *scratch, const column *pairs, size_t begin, size_t count, int depth)
{
    builder_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        size_t row = begin + i;
        const column *pair = holder_of(pairs, &row);
        if (i) builder_byte(out, ',');
        json_quote(out, text_of(scratch, &pair->children[0], row));
        builder_byte(out, ':');
        put_within(out, scratch, &pair->children[1], row, depth);
    }
    builder_byte(out, '}');
}

static void put_within(builder *out, builder *scratch, const column *column, size_t row, int depth)
{
    const list_entry *entry;

    if (column_is_null(column, row) || depth > LIMIT_TYPE_DEPTH) {
        builder_literal(out, "null");
        return;
    }
    column = holder_of(column, &row);
    entry = (const list_entry *)column->values + row;
    switch (column->type.id) {
    case TYPE_LIST: put_array(out, scratch, column->children, entry->offset, entry->size, depth + 1); break;
    case TYPE_MAP: put_pairs(out, scratch, column->children, entry->offset, entry->size, depth + 1); break;
    case TYPE_ARRAY:
        put_array(out, scratch, column->children, row * column->type.fixed_size, column->type.fixed_size, depth + 1);
        break;
    case TYPE_STRUCT: put_fields(out, scratch, column, row, depth + 1); break;
    default: put_scalar(out, scratch, column, row);
    }
}

void json_put_value(builder *out, builder *scratch, const column *column, size_t row)
{
    put_within(out, scratch, column, row, 0);
}
