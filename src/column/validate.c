/* Whether a column holds together: what a scan of foreign data owes. Recursion over child types is bounded by LIMIT_TYPE_DEPTH. */
#include "column.h"

static bp_status bad(const char *what, size_t row, bp_error *err)
{
    return error_set(err, BP_BAD_FORMAT, "row %zu: %s", row, what);
}

/* Rows of two and more bytes: continuation bytes, no surrogates, nothing past U+10FFFF, no form longer than needed (RFC 3629). */
static bool is_utf8(const unsigned char *text, size_t size)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};

    for (size_t i = 0; i < size;) {
        unsigned char first = text[i];
        size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
        uint32_t code = length == 4 ? first & 7u : length == 3 ? first & 15u : first & 31u;
        if (length == 0 || first > 0xf4 || length > size - i) return false;
        for (size_t j = 1; j < length; j++) {
            if ((text[i + j] & 0xc0) != 0x80) return false;
            code = code << 6 | (text[i + j] & 0x3fu);
        }
        if (length > 1 && (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))) return false;
        i += length;
    }
    return true;
}

static bp_status validate_texts(const column *column, size_t rows, bp_error *err)
{
    const string_ref *texts = column->values;

    for (size_t row = 0; row < rows && column->type.id == TYPE_VARCHAR; row++)
        if (!column_is_null(column, row) && !is_utf8((const unsigned char *)string_ref_data(&texts[row]), texts[row].size))
            return bad("the text is not UTF-8", row, err);
    return BP_OK;
}

static bp_status validate_lists(const column *column, size_t rows, bp_error *err)
{
    const list_entry *entries = column->values;

    if (column->child_count != 1)
        return error_set(err, BP_BAD_FORMAT, "a list column wants one child, not %zu", column->child_count);
    for (size_t row = 0; row < rows; row++)
        if ((size_t)entries[row].offset + entries[row].size > column->children[0].length)
            return bad("the list reaches past its elements", row, err);
    return BP_OK;
}

static bp_status validate_codes(const column *column, size_t rows, bp_error *err)
{
    const uint32_t *codes = column->values;

    if (column->child_count != 1) return error_set(err, BP_BAD_FORMAT, "a dictionary column without its dictionary");
    for (size_t row = 0; row < rows; row++)
        if (codes[row] >= column->children[0].length) return bad("the code is past the dictionary", row, err);
    return BP_OK;
}

bp_status column_validate(const column *column, int level, bp_error *err)
{
    physical_type physical = type_physical(column->type);
    size_t rows = column->encoding == COLUMN_CONSTANT ? (column->length ? 1 : 0) : column->length;
    bool has_values = physical != PHYSICAL_NONE && physical != PHYSICAL_STRUCT && physical != PHYSICAL_ARRAY;
    bp_status status = BP_OK;

    if (column->encoding > COLUMN_DICTIONARY)
        return error_set(err, BP_BAD_FORMAT, "a column of unknown encoding %u", column->encoding);
    if (rows && has_values && !column->values) return error_set(err, BP_BAD_FORMAT, "a column of %zu rows has no values", rows);
    if (column->child_count && !column->children) return error_set(err, BP_BAD_FORMAT, "a nested column has no children");
    if (column->encoding == COLUMN_DICTIONARY)
        status = validate_codes(column, rows, err);
    else if (physical == PHYSICAL_LIST)
        status = validate_lists(column, rows, err);
    else if (physical == PHYSICAL_STRING && level > 0)
        status = validate_texts(column, rows, err);
    for (size_t i = 0; i < column->child_count && !status; i++) status = column_validate(&column->children[i], level, err);
    return status;
}
