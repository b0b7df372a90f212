/* Reading foreign schemas: format strings by table and by hand, children, dictionaries and the extension types that have a type of ours
 * (arrow.uuid, arrow.bool8). Other extensions are their storage: arrow.json is VARCHAR. */
#include "arrow_format.h"

#include "base/config.h"
#include "base/utf8_check.h"

typedef struct format_reader {
    arena *arena;
    string_view column; /* the outermost named field, for errors */
    bp_error *err;
} format_reader;

static bp_status bad_format(format_reader *reader, const char *what)
{
    if (!reader->column.size) return error_set(reader->err, BP_BAD_FORMAT, "an ArrowSchema is malformed: %s", what);
    return error_set(reader->err, BP_BAD_FORMAT, "column \"%.*s\": its ArrowSchema is malformed: %s",
                     STRING_ARGUMENTS(reader->column), what);
}

static bp_status reader_no_memory(format_reader *reader, size_t size)
{
    return error_no_memory(reader->err, reader->arena->memory, size);
}

/* Formats without parameters --------------------------------------------------------------------------------------------------- */
static const struct simple_format {
    const char *format;
    uint8_t id, unit, layout, width;
} simple_formats[] = {
    {"n", TYPE_NULL, 0, LAYOUT_NULL, 0},
    {"b", TYPE_BOOLEAN, 0, LAYOUT_BITS, 0},
    {"c", TYPE_INT8, 0, LAYOUT_SAME, 1},
    {"C", TYPE_UINT8, 0, LAYOUT_SAME, 1},
    {"s", TYPE_INT16, 0, LAYOUT_SAME, 2},
    {"S", TYPE_UINT16, 0, LAYOUT_SAME, 2},
    {"i", TYPE_INT32, 0, LAYOUT_SAME, 4},
    {"I", TYPE_UINT32, 0, LAYOUT_SAME, 4},
    {"l", TYPE_INT64, 0, LAYOUT_SAME, 8},
    {"L", TYPE_UINT64, 0, LAYOUT_SAME, 8},
    {"e", TYPE_FLOAT16, 0, LAYOUT_SAME, 2},
    {"f", TYPE_FLOAT32, 0, LAYOUT_SAME, 4},
    {"g", TYPE_FLOAT64, 0, LAYOUT_SAME, 8},
    {"u", TYPE_VARCHAR, 0, LAYOUT_TEXT, 4},
    {"U", TYPE_VARCHAR, 0, LAYOUT_TEXT, 8},
    {"vu", TYPE_VARCHAR, 0, LAYOUT_TEXT_VIEW, 16},
    {"z", TYPE_BLOB, 0, LAYOUT_TEXT, 4},
    {"Z", TYPE_BLOB, 0, LAYOUT_TEXT, 8},
    {"vz", TYPE_BLOB, 0, LAYOUT_TEXT_VIEW, 16},
    {"tdD", TYPE_DATE, 0, LAYOUT_SAME, 4},
    {"tdm", TYPE_DATE, 0, LAYOUT_DATE64, 8},
    {"tts", TYPE_TIME, UNIT_SECOND, LAYOUT_TIME32, 4},
    {"ttm", TYPE_TIME, UNIT_MILLI, LAYOUT_TIME32, 4},
    {"ttu", TYPE_TIME, UNIT_MICRO, LAYOUT_SAME, 8},
    {"ttn", TYPE_TIME, UNIT_NANO, LAYOUT_SAME, 8},
    {"tDs", TYPE_DURATION, UNIT_SECOND, LAYOUT_SAME, 8},
    {"tDm", TYPE_DURATION, UNIT_MILLI, LAYOUT_SAME, 8},
    {"tDu", TYPE_DURATION, UNIT_MICRO, LAYOUT_SAME, 8},
    {"tDn", TYPE_DURATION, UNIT_NANO, LAYOUT_SAME, 8},
    {"tiM", TYPE_INTERVAL, 0, LAYOUT_MONTHS, 4},
    {"tiD", TYPE_INTERVAL, 0, LAYOUT_DAY_TIME, 8},
    {"tin", TYPE_INTERVAL, 0, LAYOUT_MONTH_DAY_NANO, 16},
    {"+l", TYPE_LIST, 0, LAYOUT_LIST, 4},
    {"+L", TYPE_LIST, 0, LAYOUT_LIST, 8},
    {"+vl", TYPE_LIST, 0, LAYOUT_LIST_VIEW, 4},
    {"+vL", TYPE_LIST, 0, LAYOUT_LIST_VIEW, 8},
    {"+m", TYPE_MAP, 0, LAYOUT_LIST, 4},
    {"+s", TYPE_STRUCT, 0, LAYOUT_STRUCT, 0},
    {"+r", TYPE_NULL, 0, LAYOUT_RUN_ENDS, 0},
};

static bool read_simple(arrow_format *out, string_view format)
{
    for (size_t i = 0; i < ARRAY_LENGTH(simple_formats); i++) {
        const struct simple_format *row = &simple_formats[i];
        if (!string_equal(string_view_of(row->format), format)) continue;
        out->type = (data_type){.id = row->id, .unit = row->unit};
        out->layout = (arrow_layout)row->layout;
        out->width = row->width;
        return true;
    }
    return false;
}

/* Formats with parameters ------------------------------------------------------------------------------------------------------- */
/* Digits up to `stop` or the end, moving *at behind them. */
static bool read_digits(string_view format, size_t *at, int32_t *out)
{
    size_t begin = *at;

    while (*at < format.size && format.data[*at] != ',') ++*at;
    return number_parse_int32(format.data + begin, format.data + *at, out) == NUMBER_OK;
}

/* d:precision,scale[,bits] */
static bp_status read_decimal(format_reader *reader, arrow_format *out, string_view format)
{
    int32_t precision = 0, scale = 0, bits = 128;
    size_t at = 2;
    bool good = read_digits(format, &at, &precision) && at++ < format.size && read_digits(format, &at, &scale);

    if (good && at < format.size) {
        at++;
        good = read_digits(format, &at, &bits) && at == format.size;
    }
    if (!good || (bits != 32 && bits != 64 && bits != 128 && bits != 256))
        return bad_format(reader, "a decimal format wants d:precision,scale or d:precision,scale,bits");
    if (precision < 1 || precision > 76 || scale > 76) return bad_format(reader, "a decimal has 1 to 76 digits");
    if (scale < 0)
        return bad_format(reader, "a decimal with a negative scale is not supported; cast it to one of scale 0 and more digits");
    out->type = type_decimal((unsigned)(precision > scale ? precision : scale), (int)scale); /* 0.00123 has 5 digits in SQL */
    out->width = (uint32_t)bits / 8;
    out->layout = out->width == physical_width(type_physical(out->type)) ? LAYOUT_SAME : LAYOUT_DECIMAL;
    return BP_OK;
}

/* ts[smun]:zone */
static bp_status read_timestamp(format_reader *reader, arrow_format *out, string_view format)
{
    static const char units[] = "smun";
    const char *unit = format.size >= 4 && format.data[3] == ':' ? memchr(units, format.data[2], 4) : NULL;
    string_view zone;
    type_detail *detail;

    if (!unit) return bad_format(reader, "a timestamp format wants ts, one of s m u n, a colon and perhaps a time zone");
    out->layout = LAYOUT_SAME;
    out->width = 8;
    out->type = type_timestamp((time_unit)(unit - units));
    if (format.size == 4) return BP_OK;
    zone = string_view_slice(format, 4, format.size);
    if (!utf8_valid(zone.data, zone.size) || zone.size > 256) return bad_format(reader, "the time zone is not a name");
    detail = arena_new(reader->arena, type_detail);
    if (!detail) return reader_no_memory(reader, sizeof *detail);
    detail->zone = arena_copy(reader->arena, zone);
    if (!detail->zone.data) return reader_no_memory(reader, zone.size);
    out->type.id = TYPE_TIMESTAMP_TZ;
    out->type.detail = detail;
    return BP_OK;
}

/* w:bytes, and +w:elements */
static bp_status read_fixed(format_reader *reader, arrow_format *out, string_view format, size_t at)
{
    int32_t size = 0;

    if (!read_digits(format, &at, &size) || at != format.size || size < 0)
        return bad_format(reader, "a fixed size is not a number");
    if (format.data[0] == '+') {
        out->type = type_of(TYPE_ARRAY);
        out->type.fixed_size = (uint32_t)size;
        out->layout = LAYOUT_FIXED_LIST;
    } else {
        out->type = type_of(TYPE_BLOB);
        out->layout = LAYOUT_FIXED_BYTES;
        out->width = (uint32_t)size;
    }
    return BP_OK;
}

static bp_status read_format(format_reader *reader, arrow_format *out, string_view format)
{
    if (read_simple(out, format)) return BP_OK;
    if (string_starts_with(format, STRING_VIEW("d:"))) return read_decimal(reader, out, format);
    if (string_starts_with(format, STRING_VIEW("ts"))) return read_timestamp(reader, out, format);
    if (string_starts_with(format, STRING_VIEW("w:"))) return read_fixed(reader, out, format, 2);
    if (string_starts_with(format, STRING_VIEW("+w:"))) return read_fixed(reader, out, format, 3);
    if (string_starts_with(format, STRING_VIEW("+u")))
        return error_set(reader->err, BP_NOT_SUPPORTED,
                         "column \"%.*s\": Arrow unions are not supported; read it as a struct or cast it first",
                         STRING_ARGUMENTS(reader->column));
    if (!utf8_valid(format.data, format.size)) return bad_format(reader, "its format is not text");
    return error_set(reader->err, BP_BAD_FORMAT, "column \"%.*s\": there is no Arrow format \"%.*s\"",
                     STRING_ARGUMENTS(reader->column), (int)(format.size > 40 ? 40 : format.size), format.data);
}

/* Metadata: a count, then sizes and bytes of keys and values; int32 in the machine's byte order. There is no total size to check against:
 * the counts are the producer's word. */
static bool metadata_has(const char *at, string_view wanted_key, string_view wanted_value)
{
    int32_t pairs, size[2];
    const char *text[2];

    if (!at) return false;
    memcpy(&pairs, at, 4);
    at += 4;
    for (int32_t i = 0; i < pairs; i++) {
        for (int part = 0; part < 2; part++) {
            memcpy(&size[part], at, 4);
            if (size[part] < 0) return false;
            text[part] = at + 4;
            at += 4 + size[part];
        }
        if (string_equal((string_view){text[0], (size_t)size[0]}, wanted_key) &&
            string_equal((string_view){text[1], (size_t)size[1]}, wanted_value))
            return true;
    }
    return false;
}

/* Children ---------------------------------------------------------------------------------------------------------------------- */
static bp_status read_within(format_reader *reader, arrow_format *out, const struct ArrowSchema *in, int depth);

static bp_status check_children(format_reader *reader, const arrow_format *out, const struct ArrowSchema *in)
{
    int64_t wanted = out->layout == LAYOUT_RUN_ENDS                                                                      ? 2
                     : out->layout == LAYOUT_LIST || out->layout == LAYOUT_LIST_VIEW || out->layout == LAYOUT_FIXED_LIST ? 1
                                                                                                                         : 0;

    if (in->n_children < 0) return bad_format(reader, "it has a negative number of children");
    if (out->layout != LAYOUT_STRUCT && in->n_children != wanted)
        return bad_format(reader, "its number of children does not fit its format");
    if (in->n_children > LIMIT_COLUMNS)
        return error_set(reader->err, BP_LIMIT, "an Arrow struct has %lld fields, more than %d", (long long)in->n_children,
                         LIMIT_COLUMNS);
    if (in->n_children && !in->children) return bad_format(reader, "its children are missing");
    return BP_OK;
}

static bp_status read_children(format_reader *reader, arrow_format *out, const struct ArrowSchema *in, int depth)
{
    bp_status status = check_children(reader, out, in);

    if (status) return status;
    out->child_count = (size_t)in->n_children;
    out->children = arena_new_array(reader->arena, arrow_format, out->child_count);
    if (!out->children) return reader_no_memory(reader, out->child_count * sizeof *out->children);
    for (size_t i = 0; i < out->child_count && !status; i++)
        status = read_within(reader, &out->children[i], in->children[i], depth + 1);
    return status;
}

/* The type of a nested format from those of its children. A map's pair is named key and value whatever the producer calls it. */
static bp_status make_nested(format_reader *reader, arrow_format *out)
{
    bool is_struct = out->type.id == TYPE_STRUCT, is_map = out->type.id == TYPE_MAP;
    type_detail *detail = arena_new(reader->arena, type_detail);
    data_type *types = arena_new_array(reader->arena, data_type, out->child_count);
    string_view *names = is_struct ? arena_new_array(reader->arena, string_view, out->child_count) : NULL;

    if (!detail || !types || (is_struct && !names)) return reader_no_memory(reader, out->child_count * sizeof *types);
    if (is_map && (out->children[0].layout != LAYOUT_STRUCT || out->children[0].child_count != 2))
        return bad_format(reader, "a map wants a struct of two fields");
    for (size_t i = 0; i < out->child_count; i++) {
        types[i] = out->children[i].type;
        if (names) names[i] = out->children[i].name;
    }
    if (is_map) {
        string_view *pair = (string_view *)(uintptr_t)types[0].detail->names; /* made above, in our arena */
        pair[0] = STRING_VIEW("key");
        pair[1] = STRING_VIEW("value");
    }
    *detail = (type_detail){.child_count = out->child_count, .children = types, .names = names};
    out->type.detail = detail;
    return BP_OK;
}

static bp_status make_run_ends(format_reader *reader, arrow_format *out)
{
    uint8_t ends = out->children[0].type.id;

    if (out->children[0].layout != LAYOUT_SAME || (ends != TYPE_INT16 && ends != TYPE_INT32 && ends != TYPE_INT64))
        return bad_format(reader, "run ends must be 16, 32 or 64 bit integers");
    out->type = out->children[1].type;
    return BP_OK;
}

/* `out` was read as integers: they are codes. */
static bp_status read_dictionary(format_reader *reader, arrow_format *out, const struct ArrowSchema *in, int depth)
{
    if (out->layout != LAYOUT_SAME || !type_is_integer(out->type))
        return bad_format(reader, "the codes of a dictionary must be integers");
    out->is_signed = type_is_signed_integer(out->type);
    out->layout = LAYOUT_DICTIONARY;
    out->child_count = 1;
    out->children = arena_new(reader->arena, arrow_format);
    if (!out->children) return reader_no_memory(reader, sizeof *out->children);
    bp_status status = read_within(reader, out->children, in->dictionary, depth + 1);
    out->type = out->children->type;
    return status;
}

static bp_status read_name(format_reader *reader, arrow_format *out, const struct ArrowSchema *in, int depth)
{
    string_view name = string_view_of(in->name);

    if (!utf8_valid(name.data, name.size)) return bad_format(reader, "the name is not UTF-8");
    out->name = arena_copy(reader->arena, name);
    if (!out->name.data) return reader_no_memory(reader, name.size);
    if (depth <= 1) reader->column = out->name;
    return BP_OK;
}

static bool is_extension(const struct ArrowSchema *in, const char *name)
{
    return metadata_has(in->metadata, STRING_VIEW("ARROW:extension:name"), string_view_of(name));
}

static void read_extension(arrow_format *out, const struct ArrowSchema *in)
{
    if (out->layout == LAYOUT_FIXED_BYTES && out->width == 16 && is_extension(in, "arrow.uuid")) {
        out->type = type_of(TYPE_UUID);
        out->layout = LAYOUT_UUID;
    } else if (out->type.id == TYPE_INT8 && is_extension(in, "arrow.bool8")) {
        out->type = type_of(TYPE_BOOLEAN);
        out->layout = LAYOUT_BOOL8;
    }
}

static bp_status read_within(format_reader *reader, arrow_format *out, const struct ArrowSchema *in, int depth)
{
    bp_status status;

    if (depth > LIMIT_TYPE_DEPTH)
        return error_set(reader->err, BP_LIMIT, "an Arrow type is nested over %d levels", LIMIT_TYPE_DEPTH);
    if (!in || !in->release) return bad_format(reader, "it is missing or has been released");
    if ((status = read_name(reader, out, in, depth))) return status;
    if (!in->format) return bad_format(reader, "it has no format");
    if ((status = read_format(reader, out, string_view_of(in->format)))) return status;
    if ((status = read_children(reader, out, in, depth))) return status;
    if (in->dictionary) return read_dictionary(reader, out, in, depth);
    if (out->layout == LAYOUT_RUN_ENDS) return make_run_ends(reader, out);
    if (type_is_nested(out->type)) return make_nested(reader, out);
    read_extension(out, in);
    return BP_OK;
}

bp_status arrow_format_read(arrow_format *out, arena *arena, const struct ArrowSchema *in, bp_error *err)
{
    format_reader reader = {.arena = arena, .err = err};

    *out = (arrow_format){0};
    return read_within(&reader, out, in, 0);
}

static bp_status want_struct(const arrow_format *format, bp_error *err)
{
    if (format->layout == LAYOUT_STRUCT) return BP_OK;
    return error_set(err, BP_BAD_FORMAT, "a table as Arrow data must be of struct type, with a field for each column");
}

bp_status arrow_import_schema(schema *out, arena *arena, const struct ArrowSchema *in, bp_error *err)
{
    arrow_format format;
    bp_status status = arrow_format_read(&format, arena, in, err);

    *out = (schema){0};
    if (status || (status = want_struct(&format, err))) return status;
    if ((status = schema_new(out, arena, format.child_count, err))) return status;
    for (size_t i = 0; i < format.child_count; i++) {
        out->names[i] = format.children[i].name;
        out->types[i] = format.children[i].type;
    }
    return BP_OK;
}
