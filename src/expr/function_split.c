/* Texts cut into lists, and paths into their parts. The parts point into the argument. */
#include "function_internal.h"
#include "text_list.h"

#include "text/utf8.h"

/* An empty separator cuts between all characters. */
static bp_status split_text(const function_call *call, text_list *list, string_view rest, string_view separator, bp_error *err)
{
    bp_status status;

    for (size_t part = 1;; part++) {
        size_t found = text_find(call, rest, separator), end;
        if (part % 65536 == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
        if (!separator.size) found = rest.size ? (size_t)(utf8_next(rest.data, rest.data + rest.size) - rest.data) : 0;
        end = found + separator.size;
        if (found == SIZE_MAX || (!separator.size && found >= rest.size)) return text_list_add(list, rest, err);
        if ((status = text_list_add(list, string_view_slice(rest, 0, found), err))) return status;
        rest = string_view_slice(rest, end, rest.size);
    }
}

/* A NULL separator cuts nothing; a NULL text gives NULL. */
KERNEL(text_split)
{
    uint64_t *validity = call_own_validity(call, out);
    text_list list;
    bp_status status;

    (void)count;
    if (!validity) return call_no_memory(call, call->rows / 8, err);
    if ((status = text_list_init(&list, call->arena, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++, text_list_end_row(&list)) {
        if (column_is_null(&arguments[0], row)) {
            bitmap_unset(validity, row);
            continue;
        }
        if (column_is_null(&arguments[1], row))
            status = text_list_add(&list, TEXT(0), err);
        else
            status = split_text(call, &list, TEXT(0), TEXT(1), err);
        if (status) return status;
    }
    return text_list_finish(&list, out, err);
}

/* paths ------------------------------------------------------------------------------------------------------------------------------------ */
/* What separates the parts of a path: an option of the functions. */
static bool is_separator(char c, string_view option)
{
    bool slash = !string_equal(option, STRING_VIEW("backslash"));
    bool backslash = !string_equal(option, STRING_VIEW("system")) && !string_equal(option, STRING_VIEW("forward_slash"));

    return (slash && c == '/') || (backslash && c == '\\');
}

static string_view option_at(const column *arguments, size_t count, size_t index, size_t row)
{
    return index < count ? TEXT(index) : STRING_VIEW("both_slash");
}

/* The next part from *at on; a separator at the very begin is a part of its own. False: there is none. */
static bool next_part(string_view path, string_view option, size_t *at, string_view *out)
{
    size_t begin;

    if (*at == 0 && path.size && is_separator(path.data[0], option)) {
        *out = string_view_slice(path, 0, 1);
        *at = 1;
        return true;
    }
    while (*at < path.size && is_separator(path.data[*at], option)) (*at)++;
    begin = *at;
    while (*at < path.size && !is_separator(path.data[*at], option)) (*at)++;
    *out = string_view_slice(path, begin, *at);
    return begin < *at;
}

KERNEL(text_parse_path)
{
    text_list list;
    bp_status status;

    if ((status = text_list_init(&list, call->arena, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++, text_list_end_row(&list)) {
        string_view part, option;
        if (call_skips(call, row)) continue;
        option = option_at(arguments, count, 1, row);
        for (size_t at = 0; next_part(TEXT(0), option, &at, &part);)
            if ((status = text_list_add(&list, part, err))) return status;
    }
    return text_list_finish(&list, out, err);
}

/* The byte of the last separator, or SIZE_MAX. */
static size_t last_separator(string_view path, string_view option)
{
    for (size_t at = path.size; at-- > 0;)
        if (is_separator(path.data[at], option)) return at;
    return SIZE_MAX;
}

/* The first part, when something separates it from the rest. */
static string_view dir_name(string_view path, string_view option)
{
    string_view part;
    size_t at = 0;

    if (!next_part(path, option, &at, &part) || (at == path.size && last_separator(path, option) == SIZE_MAX)) part.size = 0;
    return part;
}

/* All before the last separator; a separator alone is itself. */
static string_view dir_path(string_view path, string_view option)
{
    size_t last = last_separator(path, option);

    if (last == SIZE_MAX) return (string_view){path.data, 0};
    return path.size == 1 ? path : string_view_slice(path, 0, last);
}

static string_view file_name(string_view path, string_view option, bool trim_extension)
{
    size_t last = last_separator(path, option);
    string_view name = string_view_slice(path, last == SIZE_MAX ? 0 : last + 1, path.size);

    for (size_t at = name.size; trim_extension && at-- > 0;)
        if (name.data[at] == '.') return string_view_slice(name, 0, at);
    return name;
}

static bool flag_at(const column *column, size_t row)
{
    return bitmap_get(column->values, row_of(column, row));
}

TEXT_PART(text_parse_dirname, dir_name(text, option_at(arguments, count, 1, row)))
TEXT_PART(text_parse_dirpath, dir_path(text, option_at(arguments, count, 1, row)))
TEXT_PART(text_parse_filename, file_name(text, option_at(arguments, count, 1, row), false))
TEXT_PART(text_parse_filename_trim, file_name(text, option_at(arguments, count, 2, row), flag_at(&arguments[1], row)))
