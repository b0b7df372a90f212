/* Text as lists, structs and maps: what printing made of them, and looser forms.
 *
 *   [a, b]  {k: v, k: v}  (v, v)  {k=v, k=v}
 *
 * Members may stand in single or double quotes, where \ keeps the next character; bare ones end at a comma or bracket that is not inside brackets or quotes of their own, and bare
 * NULL is NULL. One level is split at a time: the members of all rows are a column of texts, which is cast in turn. */
#include "convert_internal.h"

#include "base/error.h"
#include "column/column_builder.h"

typedef struct text_scan {
    const char *at, *end;
    arena *arena;
    bool no_memory;
} text_scan;

typedef struct text_token {
    string_view text;
    bool quoted;
} text_token;

static void skip_space(text_scan *scan)
{
    while (scan->at < scan->end && ascii_is_space((unsigned char)*scan->at)) scan->at++;
}

static bool take(text_scan *scan, char wanted)
{
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != wanted) return false;
    scan->at++;
    return true;
}

/* Behind the quote that ends what begins at `at`; NULL: it does not end. */
static const char *quote_end(const char *at, const char *end)
{
    char quote = *at++;

    while (at < end && *at != quote) at += *at == '\\' && at + 1 < end ? 2 : 1;
    return at < end ? at + 1 : NULL;
}

static bool unquote(text_scan *scan, const char *begin, const char *end, string_view *out)
{
    char *copy = arena_allocate_aligned(scan->arena, (size_t)(end - begin) + 1, 1);
    size_t size = 0;

    scan->no_memory |= copy == NULL;
    if (!copy) return false;
    for (const char *at = begin; at < end; at++) {
        if (*at == '\\' && at + 1 < end) at++;
        copy[size++] = *at;
    }
    *out = (string_view){copy, size};
    return true;
}

/* The end of a bare member: a stop that is not inside brackets or quotes; NULL: there is none. */
static const char *bare_end(const char *at, const char *end, const char *stops)
{
    size_t depth = 0;

    while (at < end) {
        if (depth == 0 && strchr(stops, *at) && *at) return at;
        if (*at == '[' || *at == '{' || *at == '(') depth++;
        if ((*at == ']' || *at == '}' || *at == ')') && depth) depth--;
        if ((*at == '\'' || *at == '"') && depth) {
            at = quote_end(at, end);
            if (!at) return NULL;
        } else {
            at++;
        }
    }
    return NULL;
}

/* The next member or key; scan->at is the stop behind it. */
static bool take_token(text_scan *scan, const char *stops, text_token *out)
{
    const char *begin, *end;

    skip_space(scan);
    begin = scan->at;
    out->quoted = begin < scan->end && (*begin == '\'' || *begin == '"') && (end = quote_end(begin, scan->end)) != NULL;
    if (out->quoted) {
        if (!unquote(scan, begin + 1, end - 1, &out->text)) return false;
        scan->at = end;
        skip_space(scan);
        return scan->at < scan->end && *scan->at && strchr(stops, *scan->at);
    }
    end = bare_end(begin, scan->end, stops);
    if (!end) return false;
    scan->at = end;
    while (end > begin && ascii_is_space((unsigned char)end[-1])) end--;
    out->text = (string_view){begin, (size_t)(end - begin)};
    return true;
}

static bool is_null(text_token token)
{
    return !token.quoted && string_equal_nocase(token.text, STRING_VIEW("NULL"));
}

/* Cancel is looked at now and then: a text may hold millions of members. */
static bp_status put_token(column_builder *to, text_token token, bp_error *err)
{
    bp_status status = to->length % 16384 == 0 ? cancel_check_of(to->arena->memory, err) : BP_OK;

    if (status) return status;
    return is_null(token) ? column_builder_append_null(to, err) : column_builder_append_text(to, token.text, err);
}

typedef struct nested_reading {
    column_builder *members; /* one a child: texts */
    size_t member_count;
    data_type to;
    arena *arena;
} nested_reading;

/* One row's list: *bad: it is none. */
static bp_status read_list(nested_reading *work, text_scan *scan, bool *bad, bp_error *err)
{
    size_t before = work->members[0].length;
    text_token token;
    bp_status status;

    *bad = true;
    if (!take(scan, '[')) return BP_OK;
    if (!take(scan, ']')) {
        do {
            if (!take_token(scan, ",]", &token)) return BP_OK;
            if ((status = put_token(&work->members[0], token, err))) return status;
        } while (*scan->at++ == ',');
    }
    skip_space(scan);
    *bad = scan->at != scan->end || (work->to.id == TYPE_ARRAY && work->members[0].length - before != work->to.fixed_size);
    return BP_OK;
}

static bp_status read_map(nested_reading *work, text_scan *scan, bool *bad, bp_error *err)
{
    text_token key, value;
    bp_status status;

    *bad = true;
    if (!take(scan, '{')) return BP_OK;
    if (!take(scan, '}')) {
        do {
            if (!take_token(scan, "=", &key)) return BP_OK;
            scan->at++;
            if (!take_token(scan, ",}", &value) || is_null(key)) return BP_OK;
            if ((status = put_token(&work->members[0], key, err)) || (status = put_token(&work->members[1], value, err)))
                return status;
        } while (*scan->at++ == ',');
    }
    skip_space(scan);
    *bad = scan->at != scan->end;
    return BP_OK;
}

static size_t field_of(data_type type, string_view name)
{
    for (size_t i = 0; i < type.detail->child_count; i++)
        if (string_equal_nocase(type.detail->names[i], name)) return i;
    return SIZE_MAX;
}

/* {k: v} by name or (v, v) by place, into tokens[field]; a field left out is NULL. */
static bool scan_fields(nested_reading *work, text_scan *scan, text_token *tokens)
{
    bool named = take(scan, '{');
    size_t at = 0;

    if (!named && !take(scan, '(')) return false;
    for (size_t i = 0; i < work->member_count; i++) tokens[i] = (text_token){.text = STRING_VIEW("NULL")};
    if (take(scan, named ? '}' : ')')) return scan->at == scan->end;
    do {
        text_token key;
        size_t field = at++;
        if (named) {
            if (!take_token(scan, ":", &key)) return false;
            field = field_of(work->to, key.text);
            scan->at++;
        }
        if (field >= work->member_count || !take_token(scan, named ? ",}" : ",)", &tokens[field])) return false;
    } while (*scan->at++ == ',');
    skip_space(scan);
    return scan->at == scan->end;
}

static bp_status read_struct(nested_reading *work, text_scan *scan, bool *bad, bp_error *err)
{
    text_token *tokens = arena_new_array(work->arena, text_token, work->member_count + 1);
    bp_status status = BP_OK;

    if (!tokens) return error_no_memory(err, work->arena->memory, work->member_count * sizeof *tokens);
    *bad = !scan_fields(work, scan, tokens);
    for (size_t i = 0; i < work->member_count && !status; i++)
        status = *bad ? column_builder_append_null(&work->members[i], err) : put_token(&work->members[i], tokens[i], err);
    return status;
}

/* Members of a row that proved bad go again, but an ARRAY needs its number. */
static bp_status drop_row(nested_reading *work, size_t before, bp_error *err)
{
    bp_status status = BP_OK;

    if (work->to.id == TYPE_STRUCT) return BP_OK;
    for (size_t i = 0; i < work->member_count; i++) column_builder_truncate(&work->members[i], before);
    for (size_t i = 0; work->to.id == TYPE_ARRAY && i < work->to.fixed_size && !status; i++)
        status = column_builder_append_null(&work->members[0], err);
    return status;
}

static bp_status bad_text(bp_context *context, string_view text, data_type to, bp_error *err)
{
    builder message;
    bp_status status;

    builder_init(&message, context->memory, BP_ERROR_MESSAGE_SIZE);
    builder_format(&message, "Type VARCHAR with value '%.*s' can't be cast to the destination type ",
                   text.size < 100 ? (int)text.size : 100, text.data);
    type_print(&message, to);
    status = builder_status(&message, err);
    if (!status || status == BP_LIMIT) status = error_set(err, BP_CONVERSION, "%.*s", STRING_ARGUMENTS(builder_view(&message)));
    builder_clear(&message);
    return status;
}

static bp_status read_rows(nested_reading *work, const column *in, bool try_cast, bp_context *context, uint64_t *validity,
                           list_entry *entries, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t row = 0; row < in->length && !status; row++) {
        size_t before = work->members[0].length;
        bool null = column_is_null(in, row), bad = null;
        string_view text = null ? STRING_VIEW("") : string_ref_view((const string_ref *)in->values + row);
        text_scan scan = {.at = text.data, .end = text.data + text.size, .arena = work->arena};
        if (work->to.id == TYPE_STRUCT)
            status = read_struct(work, &scan, &bad, err);
        else if (!null)
            status = work->to.id == TYPE_MAP ? read_map(work, &scan, &bad, err) : read_list(work, &scan, &bad, err);
        if (scan.no_memory) status = error_no_memory(err, context->memory, text.size);
        if (!status && bad) {
            if (!null && !try_cast) return bad_text(context, text, work->to, err);
            bitmap_unset(validity, row);
            status = drop_row(work, before, err);
        }
        entries[row] = (list_entry){(uint32_t)before, (uint32_t)(work->members[0].length - before)};
        if (work->members[0].length > UINT32_MAX) status = error_set(err, BP_LIMIT, "lists of over 4,294,967,295 elements in all");
    }
    return status;
}

/* The members' texts as what they are to be, under the result. */
static bp_status finish_rows(nested_reading *work, column *out, bool try_cast, bp_context *context, bp_error *err)
{
    bool map = work->to.id == TYPE_MAP;
    const data_type *types = map ? work->to.detail->children[0].detail->children : work->to.detail->children;
    column *children = arena_new_array(work->arena, column, work->member_count + 1), *pair;
    bp_status status;

    if (!children) return error_no_memory(err, work->arena->memory, work->member_count * sizeof *children);
    for (size_t i = 0; i < work->member_count; i++) {
        column texts;
        if ((status = column_builder_finish(&work->members[i], &texts, err))) return status;
        if ((status = convert_column(&children[i], &texts, types[i], try_cast, context, work->arena, err))) return status;
    }
    out->children = children;
    out->child_count = work->member_count;
    if (!map) return BP_OK;
    pair = arena_new(work->arena, column);
    if (!pair) return error_no_memory(err, work->arena->memory, sizeof *pair);
    *pair = (column){.type = work->to.detail->children[0], .length = children[0].length, .children = children, .child_count = 2};
    out->children = pair;
    out->child_count = 1;
    return BP_OK;
}

bp_status convert_text_to_nested(column *out, const column *in, data_type to, bool try_cast, bp_context *context, arena *arena,
                                 bp_error *err)
{
    nested_reading work = {.to = to, .arena = arena, .member_count = to.id == TYPE_MAP ? 2 : to.detail->child_count};
    uint64_t *validity = arena_allocate(arena, (bitmap_words(in->length) + 1) * 8);
    list_entry *entries = arena_new_array(arena, list_entry, in->length + 4);
    size_t made = 0;
    bp_status status = BP_OK;

    work.members = arena_new_array(arena, column_builder, work.member_count + 1);
    if (!validity || !entries || !work.members) return error_no_memory(err, arena->memory, in->length * sizeof *entries);
    memset(validity, 0xff, (bitmap_words(in->length) + 1) * 8);
    for (; made < work.member_count && !status; made++)
        status = column_builder_init(&work.members[made], type_of(TYPE_VARCHAR), arena, err);
    *out = (column){.type = to, .length = in->length, .validity = validity};
    if (type_physical(to) == PHYSICAL_LIST) out->values = entries;
    if (!status) status = read_rows(&work, in, try_cast, context, validity, entries, err);
    if (!status) status = finish_rows(&work, out, try_cast, context, err);
    for (size_t i = 0; i < made; i++) column_builder_clear(&work.members[i]);
    return status;
}
