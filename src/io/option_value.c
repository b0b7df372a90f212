/* See option_value.h. */
#include "option_value.h"

bool option_text(const column *value, string_view *out)
{
    if (value->type.id != TYPE_VARCHAR || column_is_null(value, 0)) return false;
    *out = string_ref_view(value->values);
    return true;
}

bool option_bool(const column *value, bool *out)
{
    string_view text;

    if (column_is_null(value, 0)) return false;
    if (value->type.id == TYPE_BOOLEAN) {
        *out = bitmap_get(value->values, 0);
        return true;
    }
    if (!option_text(value, &text)) return false;
    *out = string_equal_nocase(text, STRING_VIEW("true"));
    return *out || string_equal_nocase(text, STRING_VIEW("false"));
}
