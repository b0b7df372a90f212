/* Foreign Arrow arrays, well-formed and malformed, against the specification of the C data interface
 * (https://arrow.apache.org/docs/format/CDataInterface.html) and of the columnar layouts (…/format/Columnar.html). Expected texts are by hand. */
#include "column_support.h"

#include "base/config.h"

static void import_text(char *out, size_t size, memory *account, foreign *in)
{
    region *owner = NULL;
    bp_error err = {0};
    column column;
    bp_status status = arrow_import_column(&column, &owner, account, &in->schema, &in->array, &err);

    assert_null(in->array.release);
    if (status) {
        assert_null(owner);
        assert_int_equal(err.status, status);
        snprintf(out, size, "!%d %s", status, err.message);
    } else {
        assert_ptr_equal(column.owner, owner);
        assert_int_equal(column_validate(&column, 1, NULL), BP_OK);
        assert_int_equal(in->array_released, 0);
        column_to_text(out, size, account, &column);
        region_release(owner);
    }
    assert_int_equal(in->array_released, 1);
    assert_int_equal(in->schema_released, 0); /* stays the caller's */
}

static void assert_imports(memory *account, foreign *in, const char *expected)
{
    char text[1024];

    import_text(text, sizeof text, account, in);
    if (strcmp(text, expected)) fail_msg("format %s: \"%s\", expected \"%s\"", in->schema.format, text, expected);
}

/* The failure has this status, and words of it are in the message. */
static void assert_refused(memory *account, foreign *in, bp_status status, const char *words)
{
    char text[1200], wanted[16];

    import_text(text, sizeof text, account, in);
    snprintf(wanted, sizeof wanted, "!%d ", status);
    if (strncmp(text, wanted, strlen(wanted)) || !strstr(text, words))
        fail_msg("format %s: \"%s\", expected status %d and \"%s\"", in->schema.format ? in->schema.format : "NULL", text, status,
                 words);
}

/* Formats ----------------------------------------------------------------------------------------------------------------------------- */
#define BYTES(...) ((const uint8_t[]){__VA_ARGS__})
#define VALUES(type, ...) ((const type[]){__VA_ARGS__})

/* Flat formats of two rows, and a third that is NULL. */
static void test_flat_formats(void **state)
{
    static const uint8_t validity = 3;
    const struct {
        const char *format, *type;
        const void *values;
        const char *expected;
    } cases[] = {
        {"b", "BOOLEAN", BYTES(5), "true|false|~"},
        {"c", "TINYINT", VALUES(int8_t, -128, 127, 1), "-128|127|~"},
        {"C", "UTINYINT", VALUES(uint8_t, 0, 255, 1), "0|255|~"},
        {"s", "SMALLINT", VALUES(int16_t, -32768, 32767, 1), "-32768|32767|~"},
        {"S", "USMALLINT", VALUES(uint16_t, 0, 65535, 1), "0|65535|~"},
        {"i", "INTEGER", VALUES(int32_t, INT32_MIN, INT32_MAX, 1), "-2147483648|2147483647|~"},
        {"I", "UINTEGER", VALUES(uint32_t, 0, UINT32_MAX, 1), "0|4294967295|~"},
        {"l", "BIGINT", VALUES(int64_t, INT64_MIN, INT64_MAX, 1), "-9223372036854775808|9223372036854775807|~"},
        {"L", "UBIGINT", VALUES(uint64_t, 0, UINT64_MAX, 1), "0|18446744073709551615|~"},
        {"e", "HALF", VALUES(uint16_t, 0x3c00, 0xc100, 1), "1.0|-2.5|~"},
        {"f", "FLOAT", VALUES(float, 1.5F, -0.1F, 1), "1.5|-0.1|~"},
        {"g", "DOUBLE", VALUES(double, 1e300, -0.1, 1), "1e+300|-0.1|~"},
        {"tdD", "DATE", VALUES(int32_t, 0, -1, 1), "1970-01-01|1969-12-31|~"},
        {"tdm", "DATE", VALUES(int64_t, 86400000, -1, 1), "1970-01-02|1969-12-31|~"},
        {"tts", NULL, VALUES(int32_t, 1, 86399, 1), "00:00:01|23:59:59|~"},
        {"ttm", NULL, VALUES(int32_t, 1001, 0, 1), "00:00:01.001|00:00:00|~"},
        {"ttu", "TIME", VALUES(int64_t, 1000001, 0, 1), "00:00:01.000001|00:00:00|~"},
        {"ttn", NULL, VALUES(int64_t, 1000000001, 0, 1), "00:00:01.000000001|00:00:00|~"},
        {"tss:", NULL, VALUES(int64_t, 0, -1, 1), "1970-01-01 00:00:00|1969-12-31 23:59:59|~"},
        {"tsm:", NULL, VALUES(int64_t, 1, -1, 1), "1970-01-01 00:00:00.001|1969-12-31 23:59:59.999|~"},
        {"tsu:", "TIMESTAMP", VALUES(int64_t, 1, 2, 1), "1970-01-01 00:00:00.000001|1970-01-01 00:00:00.000002|~"},
        {"tsn:", NULL, VALUES(int64_t, 1, 1000, 1), "1970-01-01 00:00:00.000000001|1970-01-01 00:00:00.000001|~"},
        {"tsu:UTC", "TIMESTAMP WITH TIME ZONE", VALUES(int64_t, 0, 1000000, 1), "1970-01-01 00:00:00+00|1970-01-01 00:00:01+00|~"},
        {"tss:+02:00", NULL, VALUES(int64_t, 0, 1, 1), "1970-01-01 02:00:00+02|1970-01-01 02:00:01+02|~"},
        {"tiM", "INTERVAL", VALUES(int32_t, 14, -1, 1), "1 year 2 months|-1 month|~"},
        {"tiD", "INTERVAL", VALUES(int32_t, 1, 1500, -2, 0, 1, 1), "1 day 00:00:01.5|-2 days|~"},
        {"d:5,2", "DECIMAL(5,2)", VALUES(int64_t, 12345, 0, -1, -1, 1, 0), "123.45|-0.01|~"},
        {"d:5,2,128", "DECIMAL(5,2)", VALUES(int64_t, 12345, 0, -1, -1, 1, 0), "123.45|-0.01|~"},
        {"d:9,4,32", "DECIMAL(9,4)", VALUES(int32_t, 12345, -1, 1), "1.2345|-0.0001|~"},
        {"d:18,0,64", "DECIMAL(18,0)", VALUES(int64_t, 999999999999999999, -1, 1), "999999999999999999|-1|~"},
        {"d:18,0,32", "DECIMAL(18,0)", VALUES(int32_t, 7, -7, 1), "7|-7|~"},
        {"d:20,1,64", "DECIMAL(20,1)", VALUES(int64_t, 12, -12, 1), "1.2|-1.2|~"},
        {"d:38,38", "DECIMAL(38,38)", VALUES(int64_t, 1, 0, -1, -1, 1, 0),
         "0.00000000000000000000000000000000000001|-0.00000000000000000000000000000000000001|~"},
        {"d:76,1,256", "DECIMAL(76,1)", VALUES(int64_t, 15, 0, 0, 0, -15, -1, -1, -1, 0, 0, 0, 0), "1.5|-1.5|~"},
        {"d:5,2,256", "DECIMAL(5,2)", VALUES(int64_t, 15, 0, 0, 0, -15, -1, -1, -1, 0, 0, 0, 0), "0.15|-0.15|~"},
        {"d:3,5", "DECIMAL(5,5)", VALUES(int64_t, 123, 0, -1, -1, 0, 0), "0.00123|-0.00001|~"},
        {"d:18,20", "DECIMAL(20,20)", VALUES(int64_t, 123, 0, -1, -1, 0, 0), "0.00000000000000000123|-0.00000000000000000001|~"},
        {"w:3", "BLOB", "abcdefghi", "abc|def|~"},
        {"w:0", "BLOB", "", "||~"},
    };
    char type[64];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        foreign in;
        foreign_init(&in, cases[i].format, 3, 2);
        in.buffers[0] = &validity;
        in.buffers[1] = cases[i].values;
        assert_imports(*state, &in, cases[i].expected);
        if (!cases[i].type) continue;
        {
            struct ArrowSchema *fields[1] = {&in.schema};
            struct ArrowSchema table = {.format = "+s", .n_children = 1, .children = fields, .release = foreign_schema_release};
            schema schema;
            arena arena;

            arena_init(&arena, *state);
            assert_int_equal(arrow_import_schema(&schema, &arena, &table, NULL), BP_OK);
            type_to_text(type, sizeof type, *state, schema.types[0]);
            assert_string_equal(type, cases[i].type);
            arena_clear(&arena);
        }
    }
}

static void test_month_day_nano(void **state)
{
    const struct {
        int32_t months, days;
        int64_t nanos;
    } values[2] = {{1, 2, 3000000001}, {-1, 0, -1500}};
    foreign in;

    foreign_init(&in, "tin", 2, 2);
    in.buffers[1] = values;
    assert_imports(*state, &in, "1 month 2 days 00:00:03|-1 month -00:00:00.000001");
}

static void test_null_type(void **state)
{
    foreign in;

    foreign_init(&in, "n", 3, 0);
    in.array.null_count = 3;
    assert_imports(*state, &in, "~|~|~");
    foreign_init(&in, "n", 2, 0);
    in.array.buffers = NULL;
    assert_imports(*state, &in, "~|~");
}

static void test_texts(void **state)
{
    static const char bytes[] = "onetwo and a long text of it\xc3\xa9";
    const int32_t narrow[] = {0, 3, 3, 28, 30};
    const int64_t wide[] = {0, 3, 3, 28, 30};
    const char *const formats[] = {"u", "z", "U", "Z"};

    for (size_t i = 0; i < 4; i++) {
        foreign in;

        foreign_init(&in, formats[i], 4, 3);
        in.buffers[1] = i < 2 ? (const void *)narrow : wide;
        in.buffers[2] = bytes;
        assert_imports(*state, &in,
                       i % 2 ? "one||two and a long text of it|\\xC3\\xA9" : "one||two and a long text of it|\xc3\xa9");
    }
}

/* A sliced text column begins and ends within the bytes of its parent. */
static void test_text_offset(void **state)
{
    const int32_t offsets[] = {0, 3, 6, 9};
    foreign in;

    foreign_init(&in, "u", 2, 3);
    in.buffers[1] = offsets;
    in.buffers[2] = "onetwosix";
    in.array.offset = 1;
    assert_imports(*state, &in, "two|six");
}

static void make_view(char *out, int32_t size, const char *text, int32_t buffer, int32_t offset)
{
    memset(out, 0, 16);
    memcpy(out, &size, 4);
    if (size <= 12) {
        if (size > 0) memcpy(out + 4, text, (size_t)size);
    } else {
        memcpy(out + 4, text, 4);
        memcpy(out + 8, &buffer, 4);
        memcpy(out + 12, &offset, 4);
    }
}

static void test_text_views(void **state)
{
    static const char first[] = "..a text of thirteen", second[] = "another that is long";
    const int64_t sizes[] = {20, 20};
    char views[4 * 16];
    foreign in;

    make_view(views, 3, "abc", 0, 0);
    make_view(views + 16, 18, "a te", 0, 2);
    make_view(views + 32, 20, "anot", 1, 0);
    make_view(views + 48, 12, "twelve bytes", 0, 0);
    foreign_init(&in, "vu", 4, 5);
    in.buffers[1] = views;
    in.buffers[2] = first;
    in.buffers[3] = second;
    in.buffers[4] = sizes;
    assert_imports(*state, &in, "abc|a text of thirteen|another that is long|twelve bytes");
    foreign_init(&in, "vz", 1, 3);
    in.buffers[1] = views;
    assert_imports(*state, &in, "abc");
}

static void test_lists(void **state)
{
    const int32_t narrow[] = {1, 1, 3, 4};
    const int64_t wide[] = {1, 1, 3, 4};
    const int32_t values[] = {9, 10, 11, 12, 13};
    const uint8_t validity = 7;

    for (int i = 0; i < 2; i++) {
        foreign in, child;

        foreign_init(&child, "i", 5, 2);
        child.buffers[1] = values;
        foreign_init(&in, i ? "+L" : "+l", 3, 2);
        foreign_add(&in, &child, "item");
        in.buffers[0] = &validity;
        in.buffers[1] = i ? (const void *)wide : narrow;
        assert_imports(*state, &in, "[]|[10, 11]|[12]");
    }
}

static void test_list_views(void **state)
{
    const int32_t offsets[] = {3, 0, 99}, sizes[] = {2, 2, 99};
    const int64_t wide_offsets[] = {3, 0, 99}, wide_sizes[] = {2, 2, 99};
    const int32_t values[] = {9, 10, 11, 12, 13};
    const uint8_t validity = 3; /* the third row may say anything */

    for (int i = 0; i < 2; i++) {
        foreign in, child;

        foreign_init(&child, "i", 5, 2);
        child.buffers[1] = values;
        foreign_init(&in, i ? "+vL" : "+vl", 3, 3);
        foreign_add(&in, &child, "item");
        in.buffers[0] = &validity;
        in.buffers[1] = i ? (const void *)wide_offsets : offsets;
        in.buffers[2] = i ? (const void *)wide_sizes : sizes;
        assert_imports(*state, &in, "[12, 13]|[9, 10]|~");
    }
}

/* Offsets of a parent, its child and its grandchild add up. */
static void test_nested_offsets(void **state)
{
    const int32_t offsets[] = {0, 1, 2, 4, 5}, values[] = {0, 1, 2, 3, 4, 5, 6, 7};
    foreign in, list, child;

    foreign_init(&child, "i", 6, 2);
    child.buffers[1] = values;
    child.array.offset = 2;
    foreign_init(&list, "+l", 3, 2);
    list.buffers[1] = offsets;
    list.array.offset = 1;
    foreign_add(&list, &child, "item");
    foreign_init(&in, "+s", 2, 1);
    in.array.offset = 1;
    foreign_add(&in, &list, "l");
    assert_imports(*state, &in, "{'l': [4, 5]}|{'l': [6]}");
}

static void test_fixed_size_lists(void **state)
{
    const int32_t values[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint8_t validity = 2;
    foreign in, child;

    foreign_init(&child, "i", 8, 2);
    child.buffers[1] = values;
    foreign_init(&in, "+w:2", 2, 1);
    in.buffers[0] = &validity;
    in.array.offset = 1;
    foreign_add(&in, &child, "item");
    assert_imports(*state, &in, "[2, 3]|~");
    foreign_init(&child, "i", 0, 2);
    foreign_init(&in, "+w:0", 2, 1);
    foreign_add(&in, &child, "item");
    assert_imports(*state, &in, "[]|[]");
}

static void make_map(foreign *map, foreign *pairs, foreign *keys, foreign *values, const int32_t *offsets, const int32_t *numbers)
{
    foreign_init(keys, "i", 3, 2);
    keys->buffers[1] = numbers;
    foreign_init(values, "i", 3, 2);
    values->buffers[1] = numbers;
    foreign_init(pairs, "+s", 3, 1);
    foreign_add(pairs, keys, "k");
    foreign_add(pairs, values, "v");
    foreign_init(map, "+m", 2, 2);
    map->buffers[1] = offsets;
    foreign_add(map, pairs, "entries");
}

static void test_maps(void **state)
{
    const int32_t offsets[] = {0, 2, 3}, numbers[] = {7, 8, 9};
    const uint8_t validity = 5;
    foreign map, pairs, keys, values;

    make_map(&map, &pairs, &keys, &values, offsets, numbers);
    assert_imports(*state, &map, "{7=7, 8=8}|{9=9}");
    make_map(&map, &pairs, &keys, &values, offsets, numbers);
    keys.buffers[0] = &validity;
    assert_refused(*state, &map, BP_BAD_FORMAT, "row 0: a key of a map is NULL");
    make_map(&map, &pairs, &keys, &values, offsets, numbers);
    values.buffers[0] = &validity;
    assert_imports(*state, &map, "{7=7, 8=NULL}|{9=9}");
    make_map(&map, &pairs, &keys, &values, offsets, numbers);
    pairs.schema.n_children = 1;
    assert_refused(*state, &map, BP_BAD_FORMAT, "a map wants a struct of two fields");
}

static void test_dictionaries(void **state)
{
    const uint8_t codes[] = {1, 0, 2, 1}, validity = 11, all_but_first = 6;
    const int32_t offsets[] = {0, 1, 3, 6};
    foreign in, values;

    for (int i = 0; i < 2; i++) {
        foreign_init(&values, "u", 3, 3);
        values.buffers[1] = offsets;
        values.buffers[2] = "abbccc";
        if (i) values.buffers[0] = &all_but_first; /* the first entry is NULL */
        foreign_init(&in, "C", 4, 2);
        in.buffers[0] = &validity;
        in.buffers[1] = codes;
        foreign_set_dictionary(&in, &values);
        assert_imports(*state, &in, i ? "bb|~|~|bb" : "bb|a|~|bb");
    }
}

/* Codes of every width; a dictionary of a dictionary. */
static void test_code_widths(void **state)
{
    const struct {
        const char *format;
        const void *codes;
    } cases[] = {{"c", VALUES(int8_t, 1, 0)},   {"C", VALUES(uint8_t, 1, 0)}, {"s", VALUES(int16_t, 1, 0)},
                 {"S", VALUES(uint16_t, 1, 0)}, {"i", VALUES(int32_t, 1, 0)}, {"I", VALUES(uint32_t, 1, 0)},
                 {"l", VALUES(int64_t, 1, 0)},  {"L", VALUES(uint64_t, 1, 0)}};
    const int32_t numbers[] = {10, 20}, inner_codes[] = {1, 0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int nested = 0; nested < 2; nested++) {
            foreign in, values, inner;

            foreign_init(&values, "i", 2, 2);
            values.buffers[1] = nested ? inner_codes : numbers;
            foreign_init(&inner, "i", 2, 2);
            inner.buffers[1] = numbers;
            if (nested) foreign_set_dictionary(&values, &inner);
            foreign_init(&in, cases[i].format, 2, 2);
            in.buffers[1] = cases[i].codes;
            foreign_set_dictionary(&in, &values);
            assert_imports(*state, &in, nested ? "10|20" : "20|10");
        }
}

static void test_bad_codes(void **state)
{
    const int8_t codes[] = {1, -1};
    const int32_t numbers[] = {10, 20};
    const uint8_t first_only = 1;
    foreign in, values;

    for (int i = 0; i < 4; i++) {
        foreign_init(&values, "i", i == 1 ? 1 : 2, 2);
        values.buffers[1] = numbers;
        foreign_init(&in, i == 3 ? "f" : "c", i == 1 ? 1 : 2, 2);
        in.buffers[1] = codes;
        if (i == 2) in.buffers[0] = &first_only;
        foreign_set_dictionary(&in, &values);
        if (i == 0) assert_refused(*state, &in, BP_BAD_FORMAT, "row 1: its code is not in the dictionary of 2 values");
        if (i == 1) assert_refused(*state, &in, BP_BAD_FORMAT, "row 0: its code is not in the dictionary of 1 values");
        if (i == 2) assert_imports(*state, &in, "20|~"); /* under a NULL any code may stand */
        if (i == 3) assert_refused(*state, &in, BP_BAD_FORMAT, "the codes of a dictionary must be integers");
    }
    foreign_init(&in, "i", 1, 2);
    in.buffers[1] = numbers;
    in.schema.dictionary = &values.schema;
    in.array.dictionary = NULL;
    assert_refused(*state, &in, BP_BAD_FORMAT, "its dictionary is missing");
}

static void test_empty_dictionary(void **state)
{
    const int8_t codes[] = {5, 5};
    const uint8_t none = 0;
    foreign in, values;

    foreign_init(&values, "u", 0, 3);
    foreign_init(&in, "c", 2, 2);
    in.buffers[0] = &none;
    in.buffers[1] = codes;
    foreign_set_dictionary(&in, &values);
    assert_imports(*state, &in, "~|~");
}

static void make_runs(foreign *in, foreign *ends, foreign *values, const int32_t *end_numbers, int64_t runs)
{
    static const int32_t numbers[] = {10, 20, 30};

    foreign_init(ends, "i", runs, 2);
    ends->buffers[1] = end_numbers;
    ends->array.null_count = 0;
    foreign_init(values, "i", runs, 2);
    values->buffers[1] = numbers;
    foreign_init(in, "+r", 5, 0);
    foreign_add(in, ends, "run_ends");
    foreign_add(in, values, "values");
}

static void test_run_ends(void **state)
{
    const int32_t rising[] = {2, 3, 6}, falling[] = {2, 2, 6}, negative[] = {-1, 3, 6}, few[] = {1, 2, 3};
    const uint8_t validity = 5;
    foreign in, ends, values;

    make_runs(&in, &ends, &values, rising, 3);
    assert_imports(*state, &in, "10|10|20|30|30");
    make_runs(&in, &ends, &values, rising, 3);
    in.array.offset = 1;
    in.array.length = 4;
    values.buffers[0] = &validity;
    assert_imports(*state, &in, "10|~|30|30");
    make_runs(&in, &ends, &values, falling, 3);
    assert_refused(*state, &in, BP_BAD_FORMAT, "run 1: the run ends do not rise");
    make_runs(&in, &ends, &values, negative, 3);
    assert_refused(*state, &in, BP_BAD_FORMAT, "run 0: the run ends do not rise");
    make_runs(&in, &ends, &values, few, 3);
    assert_refused(*state, &in, BP_BAD_FORMAT, "the run ends stop before its length");
    make_runs(&in, &ends, &values, rising, 3);
    values.array.length = 1;
    assert_refused(*state, &in, BP_BAD_FORMAT, "run 1 has no value");
    make_runs(&in, &ends, &values, rising, 3);
    ends.buffers[0] = &validity;
    ends.array.null_count = -1;
    assert_refused(*state, &in, BP_BAD_FORMAT, "run ends are NULL");
    make_runs(&in, &ends, &values, rising, 3);
    ends.schema.format = "f";
    assert_refused(*state, &in, BP_BAD_FORMAT, "run ends must be 16, 32 or 64 bit integers");
}

/* Extensions -------------------------------------------------------------------------------------------------------------------------- */
static const char *extension(char *out, const char *name)
{
    static const char key[] = "ARROW:extension:name", other[] = "k";
    int32_t numbers[] = {2, 1, 1, (int32_t)strlen(key), (int32_t)strlen(name)};
    char *at = out;

    memcpy(at, &numbers[0], 4);
    memcpy(at += 4, &numbers[1], 4);
    memcpy(at += 4, other, 1);
    memcpy(at += 1, &numbers[2], 4);
    memcpy(at += 4, other, 1);
    memcpy(at += 1, &numbers[3], 4);
    memcpy(at += 4, key, strlen(key));
    memcpy(at += strlen(key), &numbers[4], 4);
    memcpy(at + 4, name, strlen(name));
    return out;
}

static void test_extensions(void **state)
{
    const int32_t offsets[] = {0, 7};
    char metadata[128];
    foreign in;

    foreign_init(&in, "w:16", 1, 2);
    in.buffers[1] = "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
    in.schema.metadata = extension(metadata, "arrow.uuid");
    assert_imports(*state, &in, "00112233-4455-6677-8899-aabbccddeeff");
    foreign_init(&in, "c", 3, 2);
    in.buffers[1] = VALUES(int8_t, 0, 1, -1);
    in.schema.metadata = extension(metadata, "arrow.bool8");
    assert_imports(*state, &in, "false|true|true");
    foreign_init(&in, "u", 1, 3);
    in.buffers[1] = offsets;
    in.buffers[2] = "{\"a\":1}";
    in.schema.metadata = extension(metadata, "arrow.json");
    assert_imports(*state, &in, "{\"a\":1}");
    foreign_init(&in, "i", 1, 2); /* not the storage that arrow.uuid has */
    in.buffers[1] = offsets;
    in.schema.metadata = extension(metadata, "arrow.uuid");
    assert_imports(*state, &in, "0");
}

/* Validity ---------------------------------------------------------------------------------------------------------------------------- */
static void test_validity(void **state)
{
    const int32_t values[] = {1, 2, 3};
    const uint8_t validity = 5;
    const struct {
        const uint8_t *validity;
        int64_t null_count;
        const char *expected;
    } cases[] = {
        {NULL, 0, "1|2|3"}, {NULL, -1, "1|2|3"}, {&validity, -1, "1|~|3"}, {&validity, 1, "1|~|3"}, {&validity, 0, "1|2|3"}};
    foreign in;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        foreign_init(&in, "i", 3, 2);
        in.buffers[0] = cases[i].validity;
        in.buffers[1] = values;
        in.array.null_count = cases[i].null_count;
        assert_imports(*state, &in, cases[i].expected);
    }
    foreign_init(&in, "i", 3, 2);
    in.buffers[1] = values;
    in.array.null_count = 1;
    assert_refused(*state, &in, BP_BAD_FORMAT, "it has NULLs but no validity buffer");
}

/* Every format with no rows and no buffers. */
static void test_empty(void **state)
{
    static const struct {
        const char *format;
        int buffers, children;
    } cases[] = {{"n", 0, 0},          {"b", 2, 0},   {"i", 2, 0},   {"tdm", 2, 0},  {"tts", 2, 0}, {"d:5,2", 2, 0},
                 {"d:76,0,256", 2, 0}, {"tin", 2, 0}, {"w:4", 2, 0}, {"u", 3, 0},    {"U", 3, 0},   {"vu", 3, 0},
                 {"+l", 2, 1},         {"+L", 2, 1},  {"+vl", 3, 1}, {"+w:3", 1, 1}, {"+s", 1, 1},  {"+s", 1, 0}};

    const int32_t values[3] = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int64_t offset = 0; offset < 2; offset++) {
            foreign in, child;

            foreign_init(&in, cases[i].format, 0, cases[i].buffers);
            foreign_init(&child, "i", 0, 2);
            child.buffers[1] = values;
            if (cases[i].children) foreign_add(&in, &child, "c");
            in.array.offset = offset;
            child.array.length = 3 * offset; /* as an array whose rows were sliced away has */
            assert_imports(*state, &in, "");
        }
}

/* Malformed --------------------------------------------------------------------------------------------------------------------------- */
static void damage(foreign *in, int how)
{
    switch (how) {
    case 0: in->array.length = -1; break;
    case 1: in->array.offset = -1; break;
    case 2: in->array.offset = INT64_MAX; break;
    case 3: in->array.null_count = -2; break;
    case 4: in->array.null_count = 3; break;
    case 5: in->array.n_buffers = 1; break;
    case 6: in->array.n_buffers = 3; break;
    case 7: in->array.n_buffers = -1; break;
    case 8: in->array.buffers = NULL; break;
    case 9: in->buffers[1] = NULL; break;
    case 10: in->array.n_children = 1; break;
    case 11: in->schema.n_children = -1; break;
    case 12: in->schema.n_children = 1; break;
    case 13: in->schema.format = NULL; break;
    case 14: in->schema.format = ""; break;
    case 15: in->schema.format = "\xff"; break;
    case 16: in->schema.name = "\xff"; break;
    case 17: in->schema.release = NULL; break;
    case 18: in->array.length = INT64_C(1) << 33; break;
    case 19: in->array.length = INT64_MAX; break;
    default: break;
    }
}

static void test_damaged(void **state)
{
    static const struct {
        bp_status status;
        const char *words;
    } expected[] = {
        {BP_BAD_FORMAT, "its length or offset is negative"},
        {BP_BAD_FORMAT, "its length or offset is negative"},
        {BP_BAD_FORMAT, "its length is beyond all memory"},
        {BP_BAD_FORMAT, "its null count does not fit its length"},
        {BP_BAD_FORMAT, "its null count does not fit its length"},
        {BP_BAD_FORMAT, "it has 1 buffers"},
        {BP_BAD_FORMAT, "it has 3 buffers"},
        {BP_BAD_FORMAT, "it has -1 buffers"},
        {BP_BAD_FORMAT, "its buffers are missing"},
        {BP_BAD_FORMAT, "buffer 1 is missing"},
        {BP_BAD_FORMAT, "it has 1 children where its schema has 0"},
        {BP_BAD_FORMAT, "it has a negative number of children"},
        {BP_BAD_FORMAT, "its number of children does not fit its format"},
        {BP_BAD_FORMAT, "it has no format"},
        {BP_BAD_FORMAT, "there is no Arrow format \"\""},
        {BP_BAD_FORMAT, "its format is not text"},
        {BP_BAD_FORMAT, "the name is not UTF-8"},
        {BP_BAD_FORMAT, "it is missing or has been released"},
        {BP_LIMIT, "more than 4,294,967,295"},
        {BP_BAD_FORMAT, "its length is beyond all memory"},
    };
    const int32_t values[] = {1, 2};

    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        foreign in;

        foreign_init(&in, "i", 2, 2);
        in.buffers[1] = values;
        damage(&in, (int)i);
        assert_refused(*state, &in, expected[i].status, expected[i].words);
    }
}

static void test_bad_formats(void **state)
{
    static const struct {
        const char *format;
        bp_status status;
        const char *words;
    } cases[] = {
        {"d:0,0", BP_BAD_FORMAT, "a decimal has 1 to 76 digits"},
        {"d:77,0,256", BP_BAD_FORMAT, "a decimal has 1 to 76 digits"},
        {"d:5,77,256", BP_BAD_FORMAT, "a decimal has 1 to 76 digits"},
        {"d:5,-2", BP_BAD_FORMAT, "a negative scale is not supported"},
        {"d:5", BP_BAD_FORMAT, "a decimal format wants"},
        {"d:5,2,16", BP_BAD_FORMAT, "a decimal format wants"},
        {"d:5,2,128,", BP_BAD_FORMAT, "a decimal format wants"},
        {"d:,", BP_BAD_FORMAT, "a decimal format wants"},
        {"d:99999999999,2", BP_BAD_FORMAT, "a decimal format wants"},
        {"ts", BP_BAD_FORMAT, "a timestamp format wants"},
        {"tss", BP_BAD_FORMAT, "a timestamp format wants"},
        {"tsx:", BP_BAD_FORMAT, "a timestamp format wants"},
        {"tsu:\xff", BP_BAD_FORMAT, "the time zone is not a name"},
        {"w:", BP_BAD_FORMAT, "a fixed size is not a number"},
        {"w:-1", BP_BAD_FORMAT, "a fixed size is not a number"},
        {"w:4294967296", BP_BAD_FORMAT, "a fixed size is not a number"},
        {"w:3x", BP_BAD_FORMAT, "a fixed size is not a number"},
        {"+w:", BP_BAD_FORMAT, "a fixed size is not a number"},
        {"+ud:0", BP_NOT_SUPPORTED, "Arrow unions are not supported"},
        {"+us:0,1", BP_NOT_SUPPORTED, "Arrow unions are not supported"},
        {"ii", BP_BAD_FORMAT, "there is no Arrow format \"ii\""},
        {"td", BP_BAD_FORMAT, "there is no Arrow format \"td\""},
        {"+x", BP_BAD_FORMAT, "there is no Arrow format \"+x\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        foreign in;

        foreign_init(&in, cases[i].format, 0, 2);
        assert_refused(*state, &in, cases[i].status, cases[i].words);
    }
}

static void test_bad_offsets(void **state)
{
    static const struct {
        int32_t offsets[4];
        const char *words;
    } cases[] = {
        {{-1, 1, 2, 3}, "negative or fall"}, {{0, 2, 1, 3}, "row 1"}, {{3, 2, 1, 0}, "negative or fall"}, {{0, 9, 1, 3}, "row 0"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int list = 0; list < 2; list++) {
            foreign in, child;

            foreign_init(&in, list ? "+l" : "u", 3, list ? 2 : 3);
            in.buffers[1] = cases[i].offsets;
            if (!list) in.buffers[2] = "abc";
            foreign_init(&child, "n", 3, 0);
            if (list) foreign_add(&in, &child, "item");
            assert_refused(*state, &in, BP_BAD_FORMAT, cases[i].words);
        }
}

static void test_lists_past_elements(void **state)
{
    const int32_t offsets[] = {0, 4}, sizes[] = {4, 4}, falling[] = {-1, 0};
    foreign in, child;

    foreign_init(&child, "n", 3, 0);
    foreign_init(&in, "+l", 1, 2);
    in.buffers[1] = offsets;
    foreign_add(&in, &child, "item");
    assert_refused(*state, &in, BP_BAD_FORMAT, "it has 3 values where 4 are needed");
    for (int i = 0; i < 2; i++) {
        foreign_init(&child, "n", 3, 0);
        foreign_init(&in, "+vl", 1, 3);
        in.buffers[1] = i ? falling : offsets;
        in.buffers[2] = sizes;
        foreign_add(&in, &child, "item");
        assert_refused(*state, &in, BP_BAD_FORMAT, "row 0: a list view reaches past its elements");
    }
    foreign_init(&child, "n", 3, 0);
    foreign_init(&in, "+w:2", 2, 1);
    foreign_add(&in, &child, "item");
    assert_refused(*state, &in, BP_BAD_FORMAT, "it has 3 values where 4 are needed");
    foreign_init(&child, "n", 3, 0);
    foreign_init(&in, "+s", 4, 1);
    foreign_add(&in, &child, "a");
    assert_refused(*state, &in, BP_BAD_FORMAT, "it has 3 values where 4 are needed");
    foreign_init(&child, "n", 3, 0);
    foreign_init(&in, "+w:2000000000", INT64_C(4000000000), 1);
    foreign_add(&in, &child, "item");
    assert_refused(*state, &in, BP_BAD_FORMAT, "values where");
}

static void test_bad_views(void **state)
{
    static const struct {
        int32_t size, buffer, offset;
        const char *words;
    } cases[] = {{-1, 0, 0, "the size of a text view is negative"},
                 {13, 1, 0, "points to buffer 1"},
                 {13, -1, 0, "points to buffer -1"},
                 {13, 0, 8, "reaches past its buffer"},
                 {13, 0, -1, "reaches past its buffer"},
                 {INT32_MAX, 0, 1, "reaches past its buffer"},
                 {INT32_MIN, 0, 0, "the size of a text view is negative"}};
    const int64_t sizes[] = {20};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char view[16];
        foreign in;

        make_view(view, 13, "abcd", cases[i].buffer, cases[i].offset);
        memcpy(view, &cases[i].size, 4);
        foreign_init(&in, "vu", 1, 4);
        in.buffers[1] = view;
        in.buffers[2] = "twenty bytes of text";
        in.buffers[3] = sizes;
        assert_refused(*state, &in, BP_BAD_FORMAT, cases[i].words);
    }
}

static void test_bad_utf8(void **state)
{
    static const char bytes[] = "ok\xc3\xa9";
    const int32_t within[] = {0, 3, 4}, whole[] = {0, 2, 4};
    const uint8_t first_only = 1;
    char view[16];
    foreign in;

    foreign_init(&in, "u", 2, 3); /* the bytes are UTF-8, but a row begins within a character */
    in.buffers[1] = within;
    in.buffers[2] = bytes;
    assert_refused(*state, &in, BP_BAD_FORMAT, "row 0: the text is not valid UTF-8");
    foreign_init(&in, "u", 2, 3);
    in.buffers[1] = whole;
    in.buffers[2] = "ok\xc3\x28";
    assert_refused(*state, &in, BP_BAD_FORMAT, "row 1: the text is not valid UTF-8");
    foreign_init(&in, "u", 2, 3); /* under a NULL there may be anything */
    in.buffers[0] = &first_only;
    in.buffers[1] = whole;
    in.buffers[2] = "ok\xc3\x28";
    assert_imports(*state, &in, "ok|~");
    foreign_init(&in, "z", 2, 3);
    in.buffers[1] = whole;
    in.buffers[2] = "ok\xc3\x28";
    assert_imports(*state, &in, "ok|\\xC3(");
    make_view(view, 2, "\xc3\x28", 0, 0);
    foreign_init(&in, "vu", 1, 3);
    in.buffers[1] = view;
    assert_refused(*state, &in, BP_BAD_FORMAT, "row 0: the text is not valid UTF-8");
}

static void test_values_out_of_range(void **state)
{
    const int64_t huge_date = INT64_MAX, many_digits[] = {100000, 0}, beyond[] = {0, 1, 0, 0};
    const uint8_t none = 0;
    foreign in;

    foreign_init(&in, "tdm", 1, 2);
    in.buffers[1] = &huge_date;
    assert_refused(*state, &in, BP_OUT_OF_RANGE, "a date of 9223372036854775807 ms is out of range");
    for (int i = 0; i < 4; i++) {
        foreign_init(&in, i < 2 ? "d:5,2" : i == 2 ? "d:5,0,64" : "d:18,0", 1, 2);
        in.buffers[1] = i == 3 ? beyond : many_digits;
        if (i == 1) in.buffers[0] = &none;
        if (i == 1)
            assert_imports(*state, &in, "~");
        else
            assert_refused(*state, &in, BP_BAD_FORMAT, "row 0: a decimal has more than its");
    }
    foreign_init(&in, "d:38,0", 1, 2);
    in.buffers[1] = VALUES(uint64_t, UINT64_MAX, INT64_MAX);
    assert_refused(*state, &in, BP_BAD_FORMAT, "row 0: a decimal has more than its 38 digits");
}

/* Children that are missing, released, or themselves malformed. */
static void test_bad_children(void **state)
{
    const int32_t values[] = {1, 2};

    for (int i = 0; i < 7; i++) {
        foreign in, child;

        foreign_init(&child, "i", 2, 2);
        child.buffers[1] = values;
        foreign_init(&in, "+s", 2, 1);
        foreign_add(&in, &child, "a");
        switch (i) {
        case 0: in.array_children[0] = NULL; break;
        case 1: in.schema_children[0] = NULL; break;
        case 2: child.array.release = NULL; break;
        case 3: child.schema.release = NULL; break;
        case 4: in.array.children = NULL; break;
        case 5: in.schema.children = NULL; break;
        default: in.schema.n_children = LIMIT_COLUMNS + 1;
        }
        assert_refused(*state, &in, i == 6 ? BP_LIMIT : BP_BAD_FORMAT, i == 6 ? "fields" : "missing");
    }
}

static void nest(foreign *levels, size_t count, const int32_t *offsets)
{
    for (size_t i = 0; i < count; i++) {
        bool leaf = i + 1 == count;
        foreign_init(&levels[i], leaf ? "i" : "+l", 1, 2);
        levels[i].buffers[1] = leaf ? (const void *)&offsets[1] : offsets;
    }
    for (size_t i = 0; i + 1 < count; i++) foreign_add(&levels[i], &levels[i + 1], "item");
}

static void test_depth(void **state)
{
    static foreign levels[LIMIT_TYPE_DEPTH + 3];
    const int32_t offsets[] = {0, 1};
    char text[400] = "";

    for (int i = 0; i < LIMIT_TYPE_DEPTH; i++) strcat(text, "[");
    strcat(text, "1");
    for (int i = 0; i < LIMIT_TYPE_DEPTH; i++) strcat(text, "]");
    nest(levels, LIMIT_TYPE_DEPTH + 1, offsets);
    assert_imports(*state, &levels[0], text);
    nest(levels, LIMIT_TYPE_DEPTH, offsets);
    text[LIMIT_TYPE_DEPTH * 2] = '\0';
    assert_imports(*state, &levels[0], memmove(text, text + 1, strlen(text)));
    nest(levels, LIMIT_TYPE_DEPTH + 2, offsets);
    assert_refused(*state, &levels[0], BP_LIMIT, "nested over 64 levels");
}

/* Tables ------------------------------------------------------------------------------------------------------------------------------ */
static void test_batches(void **state)
{
    const int32_t values[] = {1, 2, 3};
    const uint8_t validity = 5;
    region *owner;
    batch rows;
    foreign in, child;
    char text[64];

    foreign_init(&child, "i", 3, 2);
    child.buffers[1] = values;
    foreign_init(&in, "+s", 3, 1);
    foreign_add(&in, &child, "a");
    in.buffers[0] = &validity; /* NULL rows of a struct that is a table are NULLs in each column */
    assert_int_equal(arrow_import_array(&rows, &owner, *state, &in.schema, &in.array, NULL), BP_OK);
    assert_int_equal(rows.row_count, 3);
    assert_int_equal(rows.column_count, 1);
    column_to_text(text, sizeof text, *state, &rows.columns[0]);
    assert_string_equal(text, "1|~|3");
    region_release(owner);
    assert_int_equal(in.array_released, 1);
    foreign_init(&in, "i", 3, 2);
    in.buffers[1] = values;
    assert_int_equal(arrow_import_array(&rows, &owner, *state, &in.schema, &in.array, NULL), BP_BAD_FORMAT);
    assert_int_equal(in.array_released, 1);
    assert_int_equal(arrow_import_array(&rows, &owner, *state, &in.schema, &in.array, NULL), BP_BAD_FORMAT); /* is gone */
    assert_int_equal(in.array_released, 1);
}

/* Whole batches without offsets are shown where they lie. */
static void test_in_place(void **state)
{
    static _Alignas(64) int64_t values[128];
    static _Alignas(64) uint64_t bits[2];
    static const char *const formats[] = {"l", "L", "g", "tsu:", "ttu", "tDn", "i", "s", "c", "tdD", "f", "b", "d:38,2"};

    for (size_t i = 0; i < 128; i++) values[i] = 0;
    bits[0] = 5, bits[1] = 0;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        bool wide = formats[i][0] == 'd';
        region *owner;
        column column;
        foreign in;

        foreign_init(&in, formats[i], wide ? 64 : 128, 2);
        in.buffers[0] = bits;
        in.buffers[1] = values;
        assert_int_equal(arrow_import_column(&column, &owner, *state, &in.schema, &in.array, NULL), BP_OK);
        assert_ptr_equal(column.values, values);
        assert_ptr_equal(column.validity, bits);
        region_release(owner);
    }
}

/* Text longer than a reference holds stays where it lies. */
static void test_texts_in_place(void **state)
{
    static const char bytes[] = "a text that is longer than twelve";
    const int32_t offsets[] = {0, sizeof bytes - 1};
    region *owner;
    column column;
    foreign in;

    foreign_init(&in, "u", 1, 3);
    in.buffers[1] = offsets;
    in.buffers[2] = bytes;
    assert_int_equal(arrow_import_column(&column, &owner, *state, &in.schema, &in.array, NULL), BP_OK);
    assert_ptr_equal(string_ref_data(column.values), bytes);
    region_release(owner);
}

/* Values that do not lie where their type wants them are copied, not read across. */
static void test_unaligned(void **state)
{
    char bytes[33];
    const int64_t values[] = {1, -1};
    foreign in;

    memcpy(bytes + 1, values, sizeof values);
    foreign_init(&in, "l", 2, 2);
    in.buffers[1] = bytes + 1;
    assert_imports(*state, &in, "1|-1");
    memcpy(bytes + 1, VALUES(int64_t, 7, 0, -7, -1), 32);
    foreign_init(&in, "d:38,0", 2, 2);
    in.buffers[1] = bytes + 1;
    assert_imports(*state, &in, "7|-7");
}

/* Out of memory ----------------------------------------------------------------------------------------------------------------------- */
static bp_status import_nested(void *data, bp_error *err)
{
    const int32_t offsets[] = {0, 2, 3}, numbers[] = {7, 8, 9};
    const uint8_t validity = 6, codes[] = {1, 0, 2};
    foreign map, pairs, keys, values, table, texts, dictionary;
    const int32_t text_offsets[] = {0, 1, 3, 20};
    region *owner;
    batch rows;
    bp_status status;

    make_map(&map, &pairs, &keys, &values, offsets, numbers);
    foreign_init(&dictionary, "u", 3, 3);
    dictionary.buffers[0] = &validity;
    dictionary.buffers[1] = text_offsets;
    dictionary.buffers[2] = "abba long text of it";
    foreign_init(&texts, "C", 3, 2);
    texts.buffers[1] = codes;
    foreign_set_dictionary(&texts, &dictionary);
    foreign_init(&table, "+s", 2, 1);
    table.buffers[0] = &validity;
    foreign_add(&table, &map, "m");
    foreign_add(&table, &texts, "d");
    status = arrow_import_array(&rows, &owner, data, &table.schema, &table.array, err);
    assert_null(table.array.release);
    if (!status) region_release(owner);
    assert_int_equal(table.array_released, 1);
    return status;
}

static void test_out_of_memory(void **state)
{
    oom_run(*state, import_nested, *state, BP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flat_formats),
        cmocka_unit_test(test_month_day_nano),
        cmocka_unit_test(test_null_type),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_text_offset),
        cmocka_unit_test(test_text_views),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_list_views),
        cmocka_unit_test(test_nested_offsets),
        cmocka_unit_test(test_fixed_size_lists),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_dictionaries),
        cmocka_unit_test(test_code_widths),
        cmocka_unit_test(test_bad_codes),
        cmocka_unit_test(test_empty_dictionary),
        cmocka_unit_test(test_run_ends),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_validity),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_bad_formats),
        cmocka_unit_test(test_bad_offsets),
        cmocka_unit_test(test_lists_past_elements),
        cmocka_unit_test(test_bad_views),
        cmocka_unit_test(test_bad_utf8),
        cmocka_unit_test(test_values_out_of_range),
        cmocka_unit_test(test_bad_children),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_texts_in_place),
        cmocka_unit_test(test_unaligned),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, account_begin, account_end);
}
