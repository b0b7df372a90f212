/* Options by their SQL names, from constant values; the facts are in csv_options.def and csv_write_options.def. */
#include "io/csv_internal.h"

#include "base/number.h"

typedef enum option_kind {
    KIND_TEXT,
    KIND_CHARACTER,
    KIND_CHOICE,
    KIND_NEW_LINE,
    KIND_BOOL,
    KIND_INTEGER,
    KIND_TYPES,
    KIND_LIST,
    KIND_CANDIDATES,
    KIND_BYTE,
    KIND_COUNT,
    KIND_SIZE,
    KIND_COMPRESSION,
    KIND_ENCODING,
    KIND_FILE_NAME,
    KIND_IGNORED,
    KIND_OFF /* only false is supported */
} option_kind;

typedef struct option {
    const char *name;
    option_kind kind;
    size_t offset; /* of the field in the options */
    const char *text;
} option;

static const option read_options[] = {
#define OPTION(name, kind, field, text) {name, KIND_##kind, offsetof(csv_options, field), text},
#include "io/csv_options.def"
#undef OPTION
};

static const option write_options[] = {
#define OPTION(name, kind, field, text) {name, KIND_##kind, offsetof(csv_write_options, field), text},
#include "io/csv_write_options.def"
#undef OPTION
};

/* What one value is set from. */
typedef struct setting {
    const option *option;
    arena *arena;
    const column *value;
    size_t row;
    csv_options *read; /* NULL when a writer's option is set */
    void *field;
} setting;

static size_t row_of(const column *value, size_t row)
{
    return value->encoding == COLUMN_CONSTANT ? 0 : row;
}

static bp_status wrong(const setting *setting, const char *wanted, bp_error *err)
{
    return error_set(err, BP_BIND_ERROR, "option %s wants %s", setting->option->name, wanted);
}

static bool as_text(const column *value, size_t row, string_view *out)
{
    if (value->type.id != TYPE_VARCHAR || column_is_null(value, row)) return false;
    *out = string_ref_view(&((const string_ref *)value->values)[row_of(value, row)]);
    return true;
}

static bool as_bool(const column *value, size_t row, bool *out)
{
    string_view text;
    int64_t number = 0;

    if (column_is_null(value, row)) return false;
    if (value->type.id == TYPE_BOOLEAN) {
        *out = bitmap_get(value->values, row_of(value, row));
        return true;
    }
    if (as_text(value, row, &text)) {
        *out = string_equal_nocase(text, STRING_VIEW("true")) || string_equal_nocase(text, STRING_VIEW("1")) ||
               string_equal_nocase(text, STRING_VIEW("on"));
        return *out || string_equal_nocase(text, STRING_VIEW("false")) || string_equal_nocase(text, STRING_VIEW("0")) ||
               string_equal_nocase(text, STRING_VIEW("off"));
    }
    if (!type_is_integer(value->type)) return false;
    memcpy(&number, (const char *)value->values + row_of(value, row) * physical_width(type_physical(value->type)), 1);
    *out = number != 0;
    return number == 0 || number == 1;
}

static bool as_integer(const column *value, size_t row, int64_t *out)
{
    size_t at = row_of(value, row);

    if (column_is_null(value, row)) return false;
    switch (type_physical(value->type)) {
    case PHYSICAL_INT8: *out = ((const int8_t *)value->values)[at]; return true;
    case PHYSICAL_INT16: *out = ((const int16_t *)value->values)[at]; return true;
    case PHYSICAL_INT32: *out = ((const int32_t *)value->values)[at]; return type_is_integer(value->type);
    case PHYSICAL_INT64: *out = ((const int64_t *)value->values)[at]; return type_is_integer(value->type);
    case PHYSICAL_UINT32: *out = ((const uint32_t *)value->values)[at]; return type_is_integer(value->type);
    default: return false;
    }
}

/* '\t', '\n' and their like may be spelled out. */
static string_view spelled(string_view text)
{
    static const struct {
        const char *spelling, *meaning;
    } known[] = {{"\\t", "\t"}, {"\\n", "\n"}, {"\\r", "\r"}, {"\\r\\n", "\r\n"}, {"tab", "\t"}};

    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        if (string_equal(text, string_view_of(known[i].spelling))) return string_view_of(known[i].meaning);
    }
    return text;
}

static bp_status set_text(const setting *setting, bp_error *err)
{
    string_view text;

    if (!as_text(setting->value, setting->row, &text)) return wrong(setting, "a text", err);
    text = arena_copy(setting->arena, spelled(text));
    if (!text.data) return error_no_memory(err, setting->arena->memory, 64);
    *(string_view *)setting->field = text;
    return BP_OK;
}

static bp_status set_character(const setting *setting, bp_error *err)
{
    string_view text;

    if (!as_text(setting->value, setting->row, &text)) return wrong(setting, "a text of one character, or ''", err);
    text = spelled(text);
    if (text.size > 1) return wrong(setting, "a text of one byte, or ''", err);
    *(int *)setting->field = text.size ? (unsigned char)text.data[0] : CSV_NO_CHARACTER;
    return BP_OK;
}

static bp_status set_byte(const setting *setting, bp_error *err)
{
    string_view text;

    if (!as_text(setting->value, setting->row, &text) || text.size > 1) return wrong(setting, "a text of one byte", err);
    *(char *)setting->field = text.size ? text.data[0] : 0;
    return BP_OK;
}

static bp_status set_bool(const setting *setting, bp_error *err)
{
    bool value;

    if (!as_bool(setting->value, setting->row, &value)) return wrong(setting, "true or false", err);
    if (setting->option->kind == KIND_CHOICE)
        *(csv_choice *)setting->field = value ? CSV_YES : CSV_NO;
    else
        *(bool *)setting->field = value;
    return BP_OK;
}

static bp_status set_number(const setting *setting, bp_error *err)
{
    int64_t value;

    if (!as_integer(setting->value, setting->row, &value)) return wrong(setting, "a whole number", err);
    if (setting->option->kind == KIND_INTEGER) {
        *(int64_t *)setting->field = value;
        return value >= -1 ? BP_OK : wrong(setting, "a number of at least -1", err);
    }
    if (value < 0) return wrong(setting, "a number of at least 0", err);
    if (setting->option->kind == KIND_SIZE)
        *(size_t *)setting->field = (size_t)value;
    else
        *(uint64_t *)setting->field = (uint64_t)value;
    return BP_OK;
}

/* One of a few words: *index. */
static bp_status one_of(const setting *setting, const char *const *words, const int *values, size_t count, int *out, bp_error *err)
{
    string_view text;

    if (!as_text(setting->value, setting->row, &text)) return wrong(setting, "a text", err);
    for (size_t i = 0; i < count; i++) {
        *out = values[i];
        if (string_equal_nocase(text, string_view_of(words[i]))) return BP_OK;
    }
    return error_set(err, BP_BIND_ERROR, "option %s cannot be '%.*s'; it may be '%s', '%s' or '%s'", setting->option->name,
                     STRING_ARGUMENTS(text), words[0], words[1], words[2]);
}

static bp_status set_word(const setting *setting, bp_error *err)
{
    static const char *const lines[] = {"\\n", "\\r\\n", "\\r", "\n", "\r\n", "\r"};
    static const int line_values[] = {CSV_NEW_LINE_LF, CSV_NEW_LINE_CRLF, CSV_NEW_LINE_CR,
                                      CSV_NEW_LINE_LF, CSV_NEW_LINE_CRLF, CSV_NEW_LINE_CR};
    static const char *const codecs[] = {"none", "gzip", "zstd", "auto", "auto_detect", "uncompressed", "infer"};
    static const int codec_values[] = {CSV_COMPRESSION_NONE, CSV_COMPRESSION_GZIP, CSV_COMPRESSION_ZSTD, CSV_COMPRESSION_AUTO,
                                       CSV_COMPRESSION_AUTO, CSV_COMPRESSION_NONE, CSV_COMPRESSION_AUTO};
    static const char *const encodings[] = {"utf-8", "latin-1", "utf-16", "utf8", "latin1", "utf16", "iso-8859-1"};
    static const int encoding_values[] = {CSV_ENCODING_UTF8,   CSV_ENCODING_LATIN1, CSV_ENCODING_UTF16, CSV_ENCODING_UTF8,
                                          CSV_ENCODING_LATIN1, CSV_ENCODING_UTF16,  CSV_ENCODING_LATIN1};
    bp_status status;
    int value = 0;

    switch (setting->option->kind) {
    case KIND_NEW_LINE:
        if ((status = one_of(setting, lines, line_values, ARRAY_LENGTH(lines), &value, err))) return status;
        *(csv_new_line *)setting->field = (csv_new_line)value;
        return BP_OK;
    case KIND_COMPRESSION:
        if ((status = one_of(setting, codecs, codec_values, ARRAY_LENGTH(codecs), &value, err))) return status;
        *(csv_compression *)setting->field = (csv_compression)value;
        return BP_OK;
    default:
        if ((status = one_of(setting, encodings, encoding_values, ARRAY_LENGTH(encodings), &value, err))) return status;
        *(csv_encoding *)setting->field = (csv_encoding)value;
        return BP_OK;
    }
}

/* A text, or a list of texts. *elements and [*first, +*count) are the rows. */
static bool as_rows(const setting *setting, const column **elements, size_t *first, size_t *count)
{
    const column *value = setting->value;
    const list_entry *entry;

    if (value->type.id == TYPE_VARCHAR) {
        *elements = value;
        *first = setting->row;
        *count = !column_is_null(value, setting->row);
        return true;
    }
    if (value->type.id != TYPE_LIST || column_is_null(value, setting->row)) return false;
    entry = &((const list_entry *)value->values)[row_of(value, setting->row)];
    *elements = &value->children[0];
    *first = entry->offset;
    *count = entry->size;
    return true;
}

static bp_status read_texts(const setting *setting, string_view **items, size_t *count, bp_error *err)
{
    const column *elements;
    size_t first;

    if (!as_rows(setting, &elements, &first, count)) return wrong(setting, "a text or a list of texts", err);
    *items = arena_new_array(setting->arena, string_view, *count + 1);
    if (!*items) return error_no_memory(err, setting->arena->memory, *count * sizeof **items);
    for (size_t i = 0; i < *count; i++) {
        string_view text;
        if (!as_text(elements, first + i, &text)) return wrong(setting, "a list of texts", err);
        (*items)[i] = arena_copy(setting->arena, text);
        if (!(*items)[i].data) return error_no_memory(err, setting->arena->memory, text.size);
    }
    return BP_OK;
}

static bp_status set_list(const setting *setting, bp_error *err)
{
    string_view *items;
    size_t count;
    bp_status status = read_texts(setting, &items, &count, err);

    if (status == BP_OK) *(csv_text_list *)setting->field = (csv_text_list){items, count};
    return status;
}

static bp_status parse_types(const setting *setting, const string_view *texts, size_t count, data_type **types, bp_error *err)
{
    bp_status status;

    *types = arena_new_array(setting->arena, data_type, count + 1);
    if (!*types) return error_no_memory(err, setting->arena->memory, count * sizeof **types);
    for (size_t i = 0; i < count; i++) {
        if ((status = type_parse(&(*types)[i], setting->arena, texts[i], err))) {
            error_prefix(err, "option %s", setting->option->name);
            return status;
        }
    }
    return BP_OK;
}

/* {'name': 'TYPE', …} */
static bp_status types_from_struct(const setting *setting, csv_type_list *out, bp_error *err)
{
    const column *value = setting->value;
    const type_detail *detail = value->type.detail;
    string_view *names, *texts;
    data_type *types;
    bp_status status;

    if (!detail) return wrong(setting, "a struct of type names", err);
    names = arena_new_array(setting->arena, string_view, detail->child_count + 1);
    texts = arena_new_array(setting->arena, string_view, detail->child_count + 1);
    if (!names || !texts) return error_no_memory(err, setting->arena->memory, detail->child_count * sizeof *names);
    for (size_t i = 0; i < detail->child_count; i++) {
        names[i] = arena_copy(setting->arena, detail->names[i]);
        if (!names[i].data) return error_no_memory(err, setting->arena->memory, detail->names[i].size);
        if (!as_text(&value->children[i], row_of(value, setting->row), &texts[i]))
            return wrong(setting, "type names as texts", err);
    }
    if ((status = parse_types(setting, texts, detail->child_count, &types, err))) return status;
    *out = (csv_type_list){names, types, detail->child_count};
    return BP_OK;
}

static bp_status set_types(const setting *setting, bp_error *err)
{
    csv_type_list list;
    string_view *texts;
    data_type *types;
    bp_status status;
    size_t count;

    if (setting->value->type.id == TYPE_STRUCT) {
        if ((status = types_from_struct(setting, &list, err))) return status;
    } else {
        if (setting->field == &setting->read->columns) return wrong(setting, "a struct of names and types, {'a': 'INTEGER'}", err);
        if ((status = read_texts(setting, &texts, &count, err))) return status;
        if ((status = parse_types(setting, texts, count, &types, err))) return status;
        list = (csv_type_list){NULL, types, count};
    }
    *(csv_type_list *)setting->field = list;
    return BP_OK;
}

static bp_status set_candidates(const setting *setting, bp_error *err)
{
    string_view *texts;
    data_type *types;
    bp_status status;
    size_t count;

    if ((status = read_texts(setting, &texts, &count, err))) return status;
    if ((status = parse_types(setting, texts, count, &types, err))) return status;
    setting->read->candidates = types;
    setting->read->candidate_count = count;
    return BP_OK;
}

static bp_status set_file_name(const setting *setting, bp_error *err)
{
    bool wanted;

    if (setting->value->type.id == TYPE_VARCHAR) return set_text(setting, err);
    if (!as_bool(setting->value, setting->row, &wanted)) return wrong(setting, "true, false or a name", err);
    *(string_view *)setting->field = wanted ? STRING_VIEW("filename") : STRING_VIEW("");
    return BP_OK;
}

static bp_status refuse_true(const setting *setting, bp_error *err)
{
    bool value;

    if (!as_bool(setting->value, setting->row, &value)) return wrong(setting, "true or false", err);
    return value ? error_set(err, BP_NOT_SUPPORTED, "option %s=true is not supported", setting->option->name) : BP_OK;
}

static bp_status set(const setting *setting, bp_error *err)
{
    switch (setting->option->kind) {
    case KIND_TEXT: return set_text(setting, err);
    case KIND_CHARACTER: return set_character(setting, err);
    case KIND_BYTE: return set_byte(setting, err);
    case KIND_CHOICE:
    case KIND_BOOL: return set_bool(setting, err);
    case KIND_INTEGER:
    case KIND_COUNT:
    case KIND_SIZE: return set_number(setting, err);
    case KIND_NEW_LINE:
    case KIND_COMPRESSION:
    case KIND_ENCODING: return set_word(setting, err);
    case KIND_LIST: return set_list(setting, err);
    case KIND_TYPES: return set_types(setting, err);
    case KIND_CANDIDATES: return set_candidates(setting, err);
    case KIND_FILE_NAME: return set_file_name(setting, err);
    case KIND_OFF: return refuse_true(setting, err);
    case KIND_IGNORED: break;
    }
    return BP_OK;
}

static bp_status unknown(const option *options, size_t count, string_view name, bp_error *err)
{
    size_t best = 0, distance = SIZE_MAX;

    for (size_t i = 0; i < count; i++) {
        size_t here = string_edit_distance(name, string_view_of(options[i].name));
        if (here < distance) best = i, distance = here;
    }
    if (distance > 1 + name.size / 3)
        return error_set(err, BP_BIND_ERROR, "there is no CSV option \"%.*s\"", STRING_ARGUMENTS(name));
    return error_set(err, BP_BIND_ERROR, "there is no CSV option \"%.*s\"; did you mean \"%s\"?", STRING_ARGUMENTS(name),
                     options[best].name);
}

static bp_status set_by_name(const option *options, size_t count, setting setting, void *target, string_view name, bp_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!string_equal_nocase(name, string_view_of(options[i].name))) continue;
        setting.option = &options[i];
        setting.field = (char *)target + options[i].offset;
        return set(&setting, err);
    }
    return unknown(options, count, name, err);
}

bp_status csv_options_set(csv_options *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return set_by_name(read_options, ARRAY_LENGTH(read_options), (setting){.arena = arena, .value = value, .read = options},
                       options, name, err);
}

bp_status csv_write_options_set(csv_write_options *options, arena *arena, string_view name, const column *value, bp_error *err)
{
    return set_by_name(write_options, ARRAY_LENGTH(write_options), (setting){.arena = arena, .value = value}, options, name, err);
}

bool csv_option_at(size_t index, string_view *name, string_view *text)
{
    if (index >= ARRAY_LENGTH(read_options)) return false;
    *name = string_view_of(read_options[index].name);
    *text = string_view_of(read_options[index].text);
    return true;
}
