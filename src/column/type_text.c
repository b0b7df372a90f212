/* Types as SQL text, both ways.
 *
 *   type     = base { "[" [digits] "]" }
 *   base     = name [ "(" … ")" ]          DECIMAL(p[,s]), VARCHAR(n): n is read and ignored, ENUM('a', …)
 *            | STRUCT "(" field type {"," field type} ")"  | ROW the same | TUPLE "(" type {"," type} ")" | MAP "(" type "," type ")"
 *
 * Recursive descent, LIMIT_TYPE_DEPTH levels at most. */
#include "type.h"

#include "base/config.h"

/* Printing -------------------------------------------------------------------------------------------------------------------- */
static const char *const sql_names[TYPE_ID_COUNT] = {
#define TYPE(name, sql_name, physical) sql_name,
#include "types.def"
#undef TYPE
};

static const char *const unit_suffixes[4] = {"_S", "_MS", "", "_NS"};

static bool print_within(builder *out, data_type type, int depth);

/* Words that must be quoted as a field name, since a type or a clause could begin with them. */
static bool is_reserved(string_view name)
{
    static const char words[] =
        " all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create "
        "default deferrable desc describe distinct do else end except false fetch for foreign from group having in "
        "initially intersect into lambda lateral leading limit not null offset on only or order pivot placing "
        "primary qualify references returning select show some summarize symmetric table then to trailing true "
        "union unique unpivot using variadic when where window with ";
    char wanted[24] = " ";

    if (name.size > sizeof wanted - 3) return false;
    for (size_t i = 0; i < name.size; i++) wanted[i + 1] = (char)ascii_lower((unsigned char)name.data[i]);
    wanted[name.size + 1] = ' ';
    return strstr(words, wanted) != NULL;
}

static bool is_plain_name(string_view name)
{
    if (name.size == 0 || ascii_is_digit((unsigned char)name.data[0])) return false;
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '_') return false;
    }
    return !is_reserved(name);
}

static bool print_quoted(builder *out, string_view text, char quote)
{
    bool done = builder_byte(out, quote);

    for (size_t i = 0; i < text.size && done; i++) {
        if (text.data[i] == quote) done = builder_byte(out, quote);
        done = done && builder_byte(out, text.data[i]);
    }
    return done && builder_byte(out, quote);
}

static bool print_fields(builder *out, data_type type, int depth)
{
    bool named = type_child_count(type) == 0 || (type.detail->names && type.detail->names[0].size);
    bool done = named ? builder_literal(out, "STRUCT(") : builder_literal(out, "TUPLE(");

    for (size_t i = 0; i < type_child_count(type) && done; i++) {
        string_view name = type.detail->names ? type.detail->names[i] : (string_view){NULL, 0};

        if (i) builder_literal(out, ", ");
        if (name.size) {
            if (is_plain_name(name))
                builder_text(out, name);
            else
                print_quoted(out, name, '"');
            builder_byte(out, ' ');
        }
        done = print_within(out, type.detail->children[i], depth + 1);
    }
    return done && builder_byte(out, ')');
}

static bool print_map(builder *out, data_type type, int depth)
{
    const data_type *pair = type.detail->children[0].detail->children;

    return builder_literal(out, "MAP(") && print_within(out, pair[0], depth + 1) && builder_literal(out, ", ") &&
           print_within(out, pair[1], depth + 1) && builder_byte(out, ')');
}

static bool print_labels(builder *out, data_type type)
{
    bool done = builder_literal(out, "ENUM(");

    for (size_t i = 0; type.detail && i < type.detail->child_count && done; i++) {
        if (i) builder_literal(out, ", ");
        done = print_quoted(out, type.detail->names[i], '\'');
    }
    return done && builder_byte(out, ')');
}

static bool print_within(builder *out, data_type type, int depth)
{
    if (depth > LIMIT_TYPE_DEPTH) return builder_literal(out, "...");
    switch (type.id) {
    case TYPE_NULL: return builder_literal(out, "\"NULL\""); /* not the value NULL */
    case TYPE_DECIMAL: return builder_format(out, "DECIMAL(%d,%d)", type.precision, type.scale);
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
    case TYPE_DURATION: return builder_format(out, "%s%s", sql_names[type.id], unit_suffixes[type.unit & 3]);
    case TYPE_ENUM: return print_labels(out, type);
    case TYPE_LIST: return print_within(out, type.detail->children[0], depth + 1) && builder_literal(out, "[]");
    case TYPE_ARRAY:
        return print_within(out, type.detail->children[0], depth + 1) && builder_format(out, "[%u]", (unsigned)type.fixed_size);
    case TYPE_STRUCT: return print_fields(out, type, depth);
    case TYPE_MAP: return print_map(out, type, depth);
    default: return builder_text(out, string_view_of(sql_names[type.id]));
    }
}

bool type_print(builder *out, data_type type)
{
    if (type.id == TYPE_NULL) return builder_literal(out, "\"NULL\""); /* as DuckDB writes the type of NULL */
    return print_within(out, type, 0);
}

/* Parsing --------------------------------------------------------------------------------------------------------------------- */
typedef struct type_alias {
    const char *name;
    uint8_t id;
    uint8_t unit;
} type_alias;

/* Lower case, one blank between words. */
static const type_alias aliases[] = {
    {"null", TYPE_NULL, 0},
    {"boolean", TYPE_BOOLEAN, 0},
    {"bool", TYPE_BOOLEAN, 0},
    {"logical", TYPE_BOOLEAN, 0},
    {"tinyint", TYPE_INT8, 0},
    {"int1", TYPE_INT8, 0},
    {"smallint", TYPE_INT16, 0},
    {"int2", TYPE_INT16, 0},
    {"int16", TYPE_INT16, 0},
    {"short", TYPE_INT16, 0},
    {"integer", TYPE_INT32, 0},
    {"int", TYPE_INT32, 0},
    {"int4", TYPE_INT32, 0},
    {"int32", TYPE_INT32, 0},
    {"signed", TYPE_INT32, 0},
    {"integral", TYPE_INT32, 0},
    {"bigint", TYPE_INT64, 0},
    {"int8", TYPE_INT64, 0},
    {"int64", TYPE_INT64, 0},
    {"long", TYPE_INT64, 0},
    {"oid", TYPE_INT64, 0},
    {"hugeint", TYPE_INT128, 0},
    {"int128", TYPE_INT128, 0},
    {"utinyint", TYPE_UINT8, 0},
    {"uint8", TYPE_UINT8, 0},
    {"usmallint", TYPE_UINT16, 0},
    {"uint16", TYPE_UINT16, 0},
    {"uinteger", TYPE_UINT32, 0},
    {"uint32", TYPE_UINT32, 0},
    {"ubigint", TYPE_UINT64, 0},
    {"uint64", TYPE_UINT64, 0},
    {"uhugeint", TYPE_UINT128, 0},
    {"uint128", TYPE_UINT128, 0},
    {"half", TYPE_FLOAT16, 0},
    {"float16", TYPE_FLOAT16, 0},
    {"float", TYPE_FLOAT32, 0},
    {"float4", TYPE_FLOAT32, 0},
    {"float32", TYPE_FLOAT32, 0},
    {"real", TYPE_FLOAT32, 0},
    {"double", TYPE_FLOAT64, 0},
    {"double precision", TYPE_FLOAT64, 0},
    {"float8", TYPE_FLOAT64, 0},
    {"float64", TYPE_FLOAT64, 0},
    {"decimal", TYPE_DECIMAL, 0},
    {"dec", TYPE_DECIMAL, 0},
    {"numeric", TYPE_DECIMAL, 0},
    {"varchar", TYPE_VARCHAR, 0},
    {"char", TYPE_VARCHAR, 0},
    {"bpchar", TYPE_VARCHAR, 0},
    {"nvarchar", TYPE_VARCHAR, 0},
    {"character", TYPE_VARCHAR, 0},
    {"character varying", TYPE_VARCHAR, 0},
    {"text", TYPE_VARCHAR, 0},
    {"string", TYPE_VARCHAR, 0},
    {"blob", TYPE_BLOB, 0},
    {"bytea", TYPE_BLOB, 0},
    {"binary", TYPE_BLOB, 0},
    {"varbinary", TYPE_BLOB, 0},
    {"bytes", TYPE_BLOB, 0},
    {"date", TYPE_DATE, 0},
    {"time", TYPE_TIME, UNIT_MICRO},
    {"time without time zone", TYPE_TIME, UNIT_MICRO},
    {"time_s", TYPE_TIME, UNIT_SECOND},
    {"time_ms", TYPE_TIME, UNIT_MILLI},
    {"time_ns", TYPE_TIME, UNIT_NANO},
    {"timestamp", TYPE_TIMESTAMP, UNIT_MICRO},
    {"timestamp without time zone", TYPE_TIMESTAMP, UNIT_MICRO},
    {"timestamp_us", TYPE_TIMESTAMP, UNIT_MICRO},
    {"datetime", TYPE_TIMESTAMP, UNIT_MICRO},
    {"timestamp_s", TYPE_TIMESTAMP, UNIT_SECOND},
    {"timestamp_ms", TYPE_TIMESTAMP, UNIT_MILLI},
    {"timestamp_ns", TYPE_TIMESTAMP, UNIT_NANO},
    {"timestamp with time zone", TYPE_TIMESTAMP_TZ, UNIT_MICRO},
    {"timestamptz", TYPE_TIMESTAMP_TZ, UNIT_MICRO},
    {"duration", TYPE_DURATION, UNIT_MICRO},
    {"duration_s", TYPE_DURATION, UNIT_SECOND},
    {"duration_ms", TYPE_DURATION, UNIT_MILLI},
    {"duration_ns", TYPE_DURATION, UNIT_NANO},
    {"interval", TYPE_INTERVAL, 0},
    {"uuid", TYPE_UUID, 0},
    {"guid", TYPE_UUID, 0},
    {"enum", TYPE_ENUM, 0},
    {"struct", TYPE_STRUCT, 0},
    {"row", TYPE_STRUCT, 0},
    {"tuple", TYPE_STRUCT, 0},
    {"map", TYPE_MAP, 0},
};

typedef struct type_reader {
    arena *arena;
    string_view text;
    size_t at;
    int depth;
    bp_error *err;
} type_reader;

static bp_status read_type(type_reader *reader, data_type *out);

static bp_status reader_error(type_reader *reader, size_t at, const char *wanted)
{
    size_t left = reader->text.size - at;

    if (left == 0) return error_set_at(reader->err, BP_SYNTAX_ERROR, at, "a data type ends where %s should be", wanted);
    return error_set_at(reader->err, BP_SYNTAX_ERROR, at, "in a data type, \"%.*s\" stands where %s should be",
                        (int)(left > 20 ? 20 : left), reader->text.data + at, wanted);
}

static bp_status reader_no_memory(type_reader *reader, size_t size)
{
    return error_no_memory(reader->err, reader->arena->memory, size);
}

static void skip_space(type_reader *reader)
{
    while (reader->at < reader->text.size && ascii_is_space((unsigned char)reader->text.data[reader->at])) reader->at++;
}

/* Take `c` if it is next. */
static bool take(type_reader *reader, char c)
{
    skip_space(reader);
    if (reader->at == reader->text.size || reader->text.data[reader->at] != c) return false;
    reader->at++;
    return true;
}

static string_view take_word(type_reader *reader)
{
    size_t begin;

    skip_space(reader);
    begin = reader->at;
    while (reader->at < reader->text.size) {
        unsigned char c = (unsigned char)reader->text.data[reader->at];
        if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '_' && c < 0x80) break;
        reader->at++;
    }
    return string_view_slice(reader->text, begin, reader->at);
}

static bp_status take_number(type_reader *reader, uint32_t *out, uint32_t most)
{
    size_t begin;
    uint32_t value = 0;

    skip_space(reader);
    begin = reader->at;
    for (; reader->at < reader->text.size && ascii_is_digit((unsigned char)reader->text.data[reader->at]); reader->at++) {
        value = value * 10 + (uint32_t)(reader->text.data[reader->at] - '0');
        if (value > most)
            return error_set_at(reader->err, BP_SYNTAX_ERROR, begin, "a number in a data type is over %u", (unsigned)most);
    }
    if (reader->at == begin) return reader_error(reader, begin, "a number");
    *out = value;
    return BP_OK;
}

/* A text in quotes, the quote doubled inside. */
static bp_status take_quoted(type_reader *reader, char quote, string_view *out)
{
    size_t begin, size = 0;
    char *copy;

    if (!take(reader, quote)) return reader_error(reader, reader->at, quote == '"' ? "a name" : "a text in single quotes");
    begin = reader->at;
    copy = arena_allocate_aligned(reader->arena, reader->text.size - begin + 1, 1);
    if (!copy) return reader_no_memory(reader, reader->text.size);
    for (; reader->at < reader->text.size; reader->at++) {
        if (reader->text.data[reader->at] == quote) {
            if (reader->at + 1 == reader->text.size || reader->text.data[reader->at + 1] != quote) break;
            reader->at++;
        }
        copy[size++] = reader->text.data[reader->at];
    }
    if (!take(reader, quote)) return reader_error(reader, reader->at, "the closing quote");
    copy[size] = '\0';
    *out = (string_view){copy, size};
    return BP_OK;
}

static bool alias_is(const char *alias, string_view word)
{
    return string_equal_nocase(string_view_of(alias), word);
}

static const type_alias *find_alias(string_view name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(aliases); i++)
        if (alias_is(aliases[i].name, name)) return &aliases[i];
    return NULL;
}

/* The longest alias of several words that begins here, else the one word. */
static const type_alias *take_name(type_reader *reader)
{
    char joined[40];
    const type_alias *best = NULL;
    size_t size = 0, after = reader->at;

    for (int words = 0; words < 4; words++) {
        string_view word = take_word(reader);
        const type_alias *found;

        if (word.size == 0 || size + word.size + 1 > sizeof joined) break;
        if (size) joined[size++] = ' ';
        memcpy(joined + size, word.data, word.size);
        size += word.size;
        if ((found = find_alias((string_view){joined, size}))) {
            best = found;
            after = reader->at;
        }
    }
    reader->at = after;
    return best;
}

static string_view alias_at(const void *data, size_t index)
{
    return string_view_of(((const type_alias *)data)[index].name);
}

static bp_status unknown_type(type_reader *reader, size_t begin)
{
    string_view word;

    reader->at = begin;
    word = take_word(reader);
    if (word.size == 0) return reader_error(reader, reader->at, "the name of a type");
    error_set_at(reader->err, BP_NOT_FOUND, begin, "there is no data type \"%.*s\"", STRING_ARGUMENTS(word));
    error_suggest(reader->err, word, alias_at, aliases, ARRAY_LENGTH(aliases));
    return BP_NOT_FOUND;
}

/* (p), (p, s) or nothing: DECIMAL is DECIMAL(18,3). */
static bp_status read_decimal(type_reader *reader, data_type *out)
{
    uint32_t precision = 18, scale = 3;
    size_t begin = reader->at;
    bp_status status;

    if (take(reader, '(')) {
        scale = 0;
        if ((status = take_number(reader, &precision, 1000))) return status;
        if (take(reader, ',') && (status = take_number(reader, &scale, 1000))) return status;
        if (!take(reader, ')')) return reader_error(reader, reader->at, "\")\"");
    }
    if (precision < 1 || precision > 38 || scale > precision)
        return error_set_at(reader->err, BP_BIND_ERROR, begin,
                            "DECIMAL(%u,%u): the precision must be 1 to 38, the scale 0 to the precision", (unsigned)precision,
                            (unsigned)scale);
    *out = type_decimal(precision, (int)scale);
    return BP_OK;
}

/* Names and types of variable number, gathered in arrays that grow in the arena. */
typedef struct member_list {
    string_view *names;
    data_type *types;
    size_t count, capacity;
} member_list;

static bp_status grow_members(type_reader *reader, member_list *list)
{
    size_t capacity = list->capacity ? list->capacity * 2 : 8;
    string_view *names;
    data_type *types;

    if (list->count < list->capacity) return BP_OK;
    names = arena_new_array(reader->arena, string_view, capacity);
    types = arena_new_array(reader->arena, data_type, capacity);
    if (!names || !types) return reader_no_memory(reader, capacity * sizeof *types);
    if (list->count) {
        memcpy(names, list->names, list->count * sizeof *names);
        memcpy(types, list->types, list->count * sizeof *types);
    }
    *list = (member_list){names, types, list->count, capacity};
    return BP_OK;
}

static bp_status make_detail(type_reader *reader, data_type *out, const data_type *children, const string_view *names, size_t count)
{
    type_detail *detail = arena_new(reader->arena, type_detail);

    if (!detail) return reader_no_memory(reader, sizeof *detail);
    *detail = (type_detail){.child_count = count, .children = children, .names = names};
    out->detail = detail;
    return BP_OK;
}

static bp_status read_labels(type_reader *reader, data_type *out)
{
    member_list list = {0};
    bp_status status;

    if (!take(reader, '(')) return reader_error(reader, reader->at, "the labels of an ENUM in parentheses");
    do {
        if ((status = grow_members(reader, &list))) return status;
        if ((status = take_quoted(reader, '\'', &list.names[list.count]))) return status;
        list.count++;
    } while (take(reader, ','));
    if (!take(reader, ')')) return reader_error(reader, reader->at, "\")\"");
    *out = type_of(TYPE_ENUM);
    return make_detail(reader, out, NULL, list.names, list.count);
}

static bp_status read_field_name(type_reader *reader, string_view *out)
{
    string_view word;

    skip_space(reader);
    if (reader->at < reader->text.size && reader->text.data[reader->at] == '"') return take_quoted(reader, '"', out);
    word = take_word(reader);
    if (word.size == 0) return reader_error(reader, reader->at, "the name of a field");
    *out = arena_copy(reader->arena, word);
    return out->data ? BP_OK : reader_no_memory(reader, word.size);
}

/* STRUCT(name type, …) or TUPLE(type, …). */
static bp_status read_fields(type_reader *reader, bool named, data_type *out)
{
    member_list list = {0};
    bp_status status;

    if (!take(reader, '(')) return reader_error(reader, reader->at, "the fields of a STRUCT in parentheses");
    do {
        if ((status = grow_members(reader, &list))) return status;
        list.names[list.count] = STRING_VIEW("");
        if (named && (status = read_field_name(reader, &list.names[list.count]))) return status;
        if ((status = read_type(reader, &list.types[list.count]))) return status;
        list.count++;
    } while (take(reader, ','));
    if (!take(reader, ')')) return reader_error(reader, reader->at, "\")\"");
    *out = type_of(TYPE_STRUCT);
    return make_detail(reader, out, list.types, list.names, list.count);
}

static bp_status read_map(type_reader *reader, data_type *out)
{
    data_type *pair = arena_new_array(reader->arena, data_type, 3);
    string_view *names = arena_new_array(reader->arena, string_view, 2);
    bp_status status;

    if (!pair || !names) return reader_no_memory(reader, 3 * sizeof *pair);
    if (!take(reader, '(')) return reader_error(reader, reader->at, "the key and value of a MAP in parentheses");
    if ((status = read_type(reader, &pair[0]))) return status;
    if (!take(reader, ',')) return reader_error(reader, reader->at, "\",\"");
    if ((status = read_type(reader, &pair[1]))) return status;
    if (!take(reader, ')')) return reader_error(reader, reader->at, "\")\"");
    names[0] = STRING_VIEW("key");
    names[1] = STRING_VIEW("value");
    pair[2] = type_of(TYPE_STRUCT);
    if ((status = make_detail(reader, &pair[2], pair, names, 2))) return status;
    *out = type_of(TYPE_MAP);
    return make_detail(reader, out, &pair[2], NULL, 1);
}

/* VARCHAR(10), TIMESTAMP(6): the number is allowed and has no meaning here. */
static bp_status skip_length(type_reader *reader)
{
    uint32_t ignored;
    bp_status status;

    if (!take(reader, '(')) return BP_OK;
    if ((status = take_number(reader, &ignored, 100000000))) return status;
    return take(reader, ')') ? BP_OK : reader_error(reader, reader->at, "\")\"");
}

static bp_status read_base(type_reader *reader, data_type *out)
{
    const type_alias *alias;
    size_t begin;

    skip_space(reader);
    begin = reader->at;
    if (reader->text.size - begin >= 6 && memcmp(reader->text.data + begin, "\"NULL\"", 6) == 0) {
        reader->at += 6;
        *out = type_of(TYPE_NULL);
        return BP_OK;
    }
    alias = take_name(reader);
    if (!alias) return unknown_type(reader, begin);
    switch (alias->id) {
    case TYPE_DECIMAL: return read_decimal(reader, out);
    case TYPE_ENUM: return read_labels(reader, out);
    case TYPE_STRUCT: return read_fields(reader, strcmp(alias->name, "tuple") != 0, out);
    case TYPE_MAP: return read_map(reader, out);
    default: *out = (data_type){.id = alias->id, .unit = alias->unit};
    }
    return alias->id == TYPE_VARCHAR ? skip_length(reader) : BP_OK;
}

/* [] and [n] behind a type. */
static bp_status read_brackets(type_reader *reader, data_type *out)
{
    int levels = 0;
    bp_status status;

    while (take(reader, '[')) {
        data_type *child = arena_new(reader->arena, data_type);
        bool is_list = take(reader, ']');
        uint32_t size = 0;

        if (!child) return reader_no_memory(reader, sizeof *child);
        if (++levels + reader->depth > LIMIT_TYPE_DEPTH)
            return error_set_at(reader->err, BP_LIMIT, reader->at, "a data type is nested over %d levels", LIMIT_TYPE_DEPTH);
        *child = *out;
        if (!is_list) {
            if ((status = take_number(reader, &size, 100000))) return status;
            if (size == 0) return reader_error(reader, reader->at, "a size of at least 1");
            if (!take(reader, ']')) return reader_error(reader, reader->at, "\"]\"");
        }
        *out = type_of(is_list ? TYPE_LIST : TYPE_ARRAY);
        out->fixed_size = size;
        if ((status = make_detail(reader, out, child, NULL, 1))) return status;
    }
    return BP_OK;
}

static bp_status read_type(type_reader *reader, data_type *out)
{
    bp_status status;

    if (++reader->depth > LIMIT_TYPE_DEPTH)
        return error_set_at(reader->err, BP_LIMIT, reader->at, "a data type is nested over %d levels", LIMIT_TYPE_DEPTH);
    status = read_base(reader, out);
    if (!status) status = read_brackets(reader, out);
    reader->depth--;
    return status;
}

bp_status type_parse(data_type *out, arena *arena, string_view text, bp_error *err)
{
    type_reader reader = {.arena = arena, .text = text, .err = err};
    data_type whole;
    bp_status status = read_type(&reader, out);

    if (status) return status;
    skip_space(&reader);
    if (reader.at != text.size) return reader_error(&reader, reader.at, "the end");
    return type_copy(&whole, arena, *out, err); /* refuses what brackets and parentheses together nest too deep */
}
