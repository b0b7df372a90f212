/* Values as text. Expected: DuckDB 2.0.1's CAST … AS VARCHAR of the same values, but where a line says otherwise. */
#include "column_support.h"

#include "base/config.h"

static void assert_prints(memory *account, data_type type, const void *value, const char *expected)
{
    column column = {.type = type, .length = 1, .values = value};
    char text[256];

    column_to_text(text, sizeof text, account, &column);
    if (strcmp(text, expected)) fail_msg("\"%s\", expected \"%s\"", text, expected);
}

static void test_numbers(void **state)
{
    static const struct {
        double value;
        const char *expected;
    } doubles[] = {{1e15, "1000000000000000.0"}, {1e16, "1e+16"},      {1e-5, "1e-05"},
                   {0.0 / 0.0, "nan"},           {-1.0 / 0.0, "-inf"}, {-0.0, "-0.0"}};
    const float single = 123456789.0F;
    const int128 most = (int128)(~(uint128)0 >> 1);
    const uint128 unsigned_most = ~(uint128)0;

    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        assert_prints(*state, type_of(TYPE_FLOAT64), &doubles[i].value, doubles[i].expected);
    assert_prints(*state, type_of(TYPE_FLOAT32), &single, "123456790.0");
    assert_prints(*state, type_of(TYPE_INT128), &most, "170141183460469231731687303715884105727");
    assert_prints(*state, type_of(TYPE_UINT128), &unsigned_most, "340282366920938463463374607431768211455");
}

/* IEEE 754 binary16: the least and greatest of each kind (values by the standard's formula). */
static void test_halves(void **state)
{
    static const struct {
        uint16_t bits;
        const char *expected;
    } cases[] = {{0, "0.0"},          {0x8000, "-0.0"},          {0x3c00, "1.0"},
                 {0x7bff, "65504.0"}, {0x0400, "6.1035156e-05"}, {0x0001, "5.9604645e-08"},
                 {0x7c00, "inf"},     {0xfc00, "-inf"},          {0x7e00, "nan"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_prints(*state, type_of(TYPE_FLOAT16), &cases[i].bits, cases[i].expected);
}

static void test_decimals(void **state)
{
    const int64_t narrow = -5, thousand = 1000;
    const int128 wide = -(int128)number_power10(37);
    const uint64_t widest[] = {0, 0, 0, (uint64_t)1 << 63}, one[] = {1, 0, 0, 0},
                   minus_one[] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};

    assert_prints(*state, type_decimal(5, 2), &narrow, "-0.05");
    assert_prints(*state, type_decimal(5, 0), &narrow, "-5");
    assert_prints(*state, type_decimal(4, 4), &thousand, "0.1000");
    assert_prints(*state, type_decimal(38, 38), &(int128){0}, "0.00000000000000000000000000000000000000");
    assert_prints(*state, type_decimal(38, 37), &wide, "-1.0000000000000000000000000000000000000");
    /* by hand: DuckDB has no 256 bits */
    assert_prints(*state, type_decimal(76, 0), widest,
                  "-57896044618658097711785492504343953926634992332820282019728792003956564819968");
    assert_prints(*state, type_decimal(76, 3), one, "0.001");
    assert_prints(*state, type_decimal(76, 1), minus_one, "-0.1");
}

static void test_times(void **state)
{
    static const struct {
        uint8_t id, unit;
        int64_t value;
        const char *expected;
    } cases[] = {{TYPE_TIME, UNIT_MICRO, 86399500000, "23:59:59.5"},
                 {TYPE_TIMESTAMP, UNIT_MICRO, 1577836800000001, "2020-01-01 00:00:00.000001"},
                 {TYPE_TIMESTAMP, UNIT_NANO, 1577836800123456789, "2020-01-01 00:00:00.123456789"},
                 {TYPE_TIMESTAMP, UNIT_SECOND, 1577836801, "2020-01-01 00:00:01"},
                 {TYPE_TIMESTAMP, UNIT_MICRO, INT64_MAX, "infinity"},
                 {TYPE_TIMESTAMP, UNIT_MICRO, -INT64_MAX, "-infinity"},
                 {TYPE_TIMESTAMP_TZ, UNIT_MICRO, 1577836800000000, "2020-01-01 00:00:00+00"}};
    static const struct {
        int32_t value;
        const char *expected;
    } dates[] = {{0, "1970-01-01"},
                 {-719162, "0001-01-01"},
                 {-735160, "0044-03-15 (BC)"},
                 {INT32_MAX, "infinity"},
                 {-INT32_MAX, "-infinity"}};
    const interval intervals[] = {{14, 3, 14706700000}, {0, -1, 0}, {0, 0, 0}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_prints(*state, (data_type){.id = cases[i].id, .unit = cases[i].unit}, &cases[i].value, cases[i].expected);
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        assert_prints(*state, type_of(TYPE_DATE), &dates[i].value, dates[i].expected);
    assert_prints(*state, type_of(TYPE_INTERVAL), &intervals[0], "1 year 2 months 3 days 04:05:06.7");
    assert_prints(*state, type_of(TYPE_INTERVAL), &intervals[1], "-1 day");
    assert_prints(*state, type_of(TYPE_INTERVAL), &intervals[2], "00:00:00");
}

/* Only fixed offsets have a clock of their own. */
static void test_zones(void **state)
{
    static const struct {
        const char *zone, *expected;
    } cases[] = {{"+02:00", "1970-01-01 02:00:00+02"}, {"-0530", "1969-12-31 18:30:00-05:30"},
                 {"+01", "1970-01-01 01:00:00+01"},    {"Europe/Berlin", "1970-01-01 00:00:00+00"},
                 {"+99:00", "1970-01-01 00:00:00+00"}, {"+", "1970-01-01 00:00:00+00"}};
    const int64_t value = 0;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        type_detail detail = {.zone = string_view_of(cases[i].zone)};
        data_type type = type_of(TYPE_TIMESTAMP_TZ);

        type.detail = &detail;
        assert_prints(*state, type, &value, cases[i].expected);
    }
}

static void test_blobs(void **state)
{
    const string_ref plain = string_ref_of("abc", 3), odd = string_ref_of("\xaa\x00'\"\\q", 6);
    const uint128 uuid = (uint128)0x0011223344556677 << 64 | 0x8899aabbccddeeff;

    assert_prints(*state, type_of(TYPE_BLOB), &plain, "abc");
    assert_prints(*state, type_of(TYPE_BLOB), &odd, "\\xAA\\x00\\x27\\x22\\x5Cq");
    assert_prints(*state, type_of(TYPE_UUID), &uuid, "00112233-4455-6677-8899-aabbccddeeff");
}

/* Nested ------------------------------------------------------------------------------------------------------------------------------ */
static void assert_list_prints(memory *account, const char *element_type, const void *values, const uint64_t *validity,
                               size_t count, const char *expected)
{
    list_entry entry = {0, (uint32_t)count};
    type_detail detail = {.child_count = 1};
    data_type type;
    struct arena arena;
    column elements;

    arena_init(&arena, account);
    assert_int_equal(type_parse(&type, &arena, string_view_of(element_type), NULL), BP_OK);
    detail.children = &type;
    elements = (column){.type = type, .length = count, .validity = validity, .values = values};
    {
        column list = {
            .type = {.id = TYPE_LIST, .detail = &detail}, .length = 1, .values = &entry, .children = &elements, .child_count = 1};
        char text[256];
        column_to_text(text, sizeof text, account, &list);
        if (strcmp(text, expected)) fail_msg("%s: \"%s\", expected \"%s\"", element_type, text, expected);
    }
    arena_clear(&arena);
}

static void test_quotes_in_lists(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {{"a", "[a]"},           {"b c", "[b c]"},       {"", "['']"},       {"null", "['null']"},
                 {"NULL", "['NULL']"},   {" x", "[' x']"},       {"a,b", "['a,b']"}, {"it's", "['it\\'s']"},
                 {"\"q\"", "['\"q\"']"}, {"a\\b", "['a\\\\b']"}, {"x=y", "['x=y']"}, {"a:b", "['a:b']"},
                 {"(1)", "['(1)']"},     {"{", "['{']"},         {"[", "['[']"},     {"tab\there", "[tab\there]"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        string_ref text = string_ref_of(cases[i].text, strlen(cases[i].text));
        assert_list_prints(*state, "VARCHAR", &text, NULL, 1, cases[i].expected);
    }
}

static void test_lists(void **state)
{
    const int32_t numbers[] = {1, 2, 3}, date = 18262;
    const int64_t time = 3723000000, stamp = 1577840523000000, decimal = 15;
    const interval day = {.days = 1};
    const uint64_t bits = 1, all_but_second = 5;
    const string_ref blob = string_ref_of("\xaa", 1);
    const uint128 uuid = (uint128)0x0011223344556677 << 64 | 0x8899aabbccddeeff;

    assert_list_prints(*state, "INTEGER", numbers, &all_but_second, 3, "[1, NULL, 3]");
    assert_list_prints(*state, "INTEGER", numbers, NULL, 0, "[]");
    assert_list_prints(*state, "DATE", &date, NULL, 1, "[2020-01-01]");
    assert_list_prints(*state, "TIME", &time, NULL, 1, "['01:02:03']");
    assert_list_prints(*state, "TIMESTAMP", &stamp, NULL, 1, "['2020-01-01 01:02:03']");
    assert_list_prints(*state, "INTERVAL", &day, NULL, 1, "[1 day]");
    assert_list_prints(*state, "BLOB", &blob, NULL, 1, "['\\\\xAA']");
    assert_list_prints(*state, "BOOLEAN", &bits, NULL, 2, "[true, false]");
    assert_list_prints(*state, "DECIMAL(3,1)", &decimal, NULL, 1, "[1.5]");
    assert_list_prints(*state, "UUID", &uuid, NULL, 1, "[00112233-4455-6677-8899-aabbccddeeff]");
}

static void append_text(column_builder *builder, const char *text)
{
    if (text)
        assert_int_equal(column_builder_append_text(builder, string_view_of(text), NULL), BP_OK);
    else
        assert_int_equal(column_builder_append_null(builder, NULL), BP_OK);
}

static void assert_builds(memory *account, const char *type_text, void (*fill)(column_builder *builder), const char *expected)
{
    column_builder builder;
    struct arena arena;
    data_type type;
    column column;
    char text[256];

    arena_init(&arena, account);
    assert_int_equal(type_parse(&type, &arena, string_view_of(type_text), NULL), BP_OK);
    assert_int_equal(column_builder_init(&builder, type, &arena, NULL), BP_OK);
    fill(&builder);
    assert_int_equal(column_builder_close_row(&builder, NULL), BP_OK);
    assert_int_equal(column_builder_finish(&builder, &column, NULL), BP_OK);
    column_builder_clear(&builder);
    column_to_text(text, sizeof text, account, &column);
    assert_string_equal(text, expected);
    arena_clear(&arena);
}

static void fill_struct(column_builder *builder)
{
    append_text(&builder->children[0], "it's");
    append_text(&builder->children[1], "x y");
    append_text(&builder->children[2], NULL);
}

static void fill_map(column_builder *builder)
{
    column_builder *pairs = &builder->children[0];

    append_text(&pairs->children[0], "k");
    append_text(&pairs->children[1], "");
    assert_int_equal(column_builder_close_row(pairs, NULL), BP_OK);
    append_text(&pairs->children[0], "a b");
    append_text(&pairs->children[1], NULL);
    assert_int_equal(column_builder_close_row(pairs, NULL), BP_OK);
}

static void fill_nested(column_builder *builder)
{
    column_builder *inner = &builder->children[0];

    append_text(&inner->children[0], "a'b");
    assert_int_equal(column_builder_close_row(inner, NULL), BP_OK);
    assert_int_equal(column_builder_append_null(inner, NULL), BP_OK);
}

static void test_structs_and_maps(void **state)
{
    assert_builds(*state, "STRUCT(a VARCHAR, b VARCHAR, \"c d\" VARCHAR)", fill_struct, "{'a': 'it\\'s', 'b': x y, 'c d': NULL}");
    assert_builds(*state, "MAP(VARCHAR, VARCHAR)", fill_map, "{k='', a b=NULL}");
    assert_builds(*state, "STRUCT(u VARCHAR)[]", fill_nested, "[{'u': 'a\\'b'}, NULL]");
    assert_builds(*state, "STRUCT(u VARCHAR)[2]", fill_nested, "[{'u': 'a\\'b'}, NULL]");
}

/* The builder's limit is told, not passed. */
static void test_limit(void **state)
{
    const string_ref text = string_ref_of("a text of more than five bytes", 30);
    column column = {.type = type_of(TYPE_VARCHAR), .length = 1, .values = &text};
    builder out;

    builder_init(&out, *state, 5);
    assert_false(column_print_value(&out, &column, 0));
    assert_int_equal(builder_status(&out, NULL), BP_LIMIT);
    assert_int_equal(out.size, 0);
    builder_clear(&out);
}

/* Out of memory ----------------------------------------------------------------------------------------------------------------------- */
typedef struct printed {
    memory *account;
    column column;
} printed;

static bp_status print_all(void *data, bp_error *err)
{
    printed *own = data;
    bp_status status;
    builder out;

    builder_init(&out, own->account, SIZE_MAX);
    for (size_t i = 0; i < own->column.length; i++)
        if (!column_print_value(&out, &own->column, i)) break;
    status = builder_status(&out, err);
    builder_clear(&out);
    return status;
}

static void test_out_of_memory(void **state)
{
    random_stream random = random_new(29, 5);
    data_type types[SAMPLE_TYPES_MOST];
    struct arena arena;
    size_t count;

    arena_init(&arena, *state);
    count = sample_types(types, &arena);
    for (size_t t = 0; t < count; t++) {
        printed own = {.account = *state};

        make_random(&own.column, types[t], 20, true, &random, &arena);
        oom_run(*state, print_all, &own, BP_OK);
    }
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),         cmocka_unit_test(test_halves),        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_times),           cmocka_unit_test(test_zones),         cmocka_unit_test(test_blobs),
        cmocka_unit_test(test_quotes_in_lists), cmocka_unit_test(test_lists),         cmocka_unit_test(test_structs_and_maps),
        cmocka_unit_test(test_limit),           cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, account_begin, account_end);
}
