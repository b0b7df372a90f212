/* Types as SQL text both ways, equality, copies, and string references. Names and aliases are DuckDB 2.0's. */
#include "column_support.h"

#include "base/config.h"

static void test_parse_and_print(void **state)
{
    static const struct {
        const char *text, *printed;
    } cases[] = {
        {"int", "INTEGER"},
        {"INT4", "INTEGER"},
        {"int8", "BIGINT"},
        {"long", "BIGINT"},
        {"text", "VARCHAR"},
        {"String", "VARCHAR"},
        {"varchar(10)", "VARCHAR"},
        {"char", "VARCHAR"},
        {"numeric(5,2)", "DECIMAL(5,2)"},
        {"decimal", "DECIMAL(18,3)"},
        {"dec(7)", "DECIMAL(7,0)"},
        {"bool", "BOOLEAN"},
        {"float4", "FLOAT"},
        {"real", "FLOAT"},
        {"double precision", "DOUBLE"},
        {"float8", "DOUBLE"},
        {"bytea", "BLOB"},
        {"timestamptz", "TIMESTAMP WITH TIME ZONE"},
        {"timestamp with time zone", "TIMESTAMP WITH TIME ZONE"},
        {"datetime", "TIMESTAMP"},
        {"TIMESTAMP_S", "TIMESTAMP_S"},
        {"timestamp_ms", "TIMESTAMP_MS"},
        {"timestamp_ns", "TIMESTAMP_NS"},
        {"INTEGER[]", "INTEGER[]"},
        {"INTEGER [ 3 ] []", "INTEGER[3][]"},
        {"STRUCT(a INT, \"b c\" TEXT[])", "STRUCT(a INTEGER, \"b c\" VARCHAR[])"},
        {"row(a int)", "STRUCT(a INTEGER)"},
        {"MAP(int, text)", "MAP(INTEGER, VARCHAR)"},
        {"ENUM('a', 'it''s')", "ENUM('a', 'it''s')"},
        {" hugeint ", "HUGEINT"},
        {"uuid", "UUID"},
    };
    struct arena arena;
    char text[128];
    data_type type, again;
    bp_error err;

    arena_init(&arena, *state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (type_parse(&type, &arena, string_view_of(cases[i].text), &err)) fail_msg("%s: %s", cases[i].text, err.message);
        type_to_text(text, sizeof text, *state, type);
        if (strcmp(text, cases[i].printed)) fail_msg("%s: %s, expected %s", cases[i].text, text, cases[i].printed);
        assert_int_equal(type_parse(&again, &arena, string_view_of(text), NULL), BP_OK);
        assert_true(type_equal(type, again));
    }
    arena_clear(&arena);
}

static void test_bad_types(void **state)
{
    static const struct {
        const char *text;
        int64_t position; /* -1: any */
    } cases[] = {{"", -1},           {"integr", 0},        {"INTEGER[", -1},
                 {"INTEGER]", 7},    {"STRUCT(", -1},      {"STRUCT()", -1},
                 {"STRUCT(a)", -1},  {"MAP(INTEGER)", -1}, {"DECIMAL(39,0)", -1},
                 {"DECIMAL(0)", -1}, {"DECIMAL(5,6)", -1}, {"DECIMAL(5,2", -1},
                 {"ENUM()", -1},     {"INTEGER x", -1},    {"INTEGER[99999999999999999999]", -1},
                 {"\xff", -1},       {"[]", -1},           {"(INTEGER)", -1}};
    struct arena arena;

    arena_init(&arena, *state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        data_type type;
        bp_error err = {0};
        bp_status status = type_parse(&type, &arena, string_view_of(cases[i].text), &err);

        if (!status) fail_msg("%s is no type", cases[i].text);
        assert_true(err.message[0] && err.position >= 0 && (size_t)err.position <= strlen(cases[i].text));
        if (cases[i].position >= 0) assert_int_equal(err.position, cases[i].position);
    }
    arena_clear(&arena);
}

/* LIMIT_TYPE_DEPTH levels can be read, printed, compared and copied; one more is refused. */
static void test_depth(void **state)
{
    char text[8 * (LIMIT_TYPE_DEPTH + 2)], printed[sizeof text];
    struct arena arena;
    data_type type, copy;
    bp_error err;

    arena_init(&arena, *state);
    strcpy(text, "INTEGER");
    for (int i = 1; i < LIMIT_TYPE_DEPTH; i++) strcat(text, "[]"); /* INTEGER is a level too */
    assert_int_equal(type_parse(&type, &arena, string_view_of(text), &err), BP_OK);
    type_to_text(printed, sizeof printed, *state, type);
    assert_string_equal(printed, text);
    assert_int_equal(type_copy(&copy, &arena, type, NULL), BP_OK);
    assert_true(type_equal(copy, type));
    strcat(text, "[]");
    assert_int_equal(type_parse(&type, &arena, string_view_of(text), &err), BP_LIMIT);
    arena_clear(&arena);
}

static void test_equality(void **state)
{
    data_type types[SAMPLE_TYPES_MOST], copy;
    struct arena arena, apart;
    size_t count;

    arena_init(&arena, *state);
    count = sample_types(types, &arena);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++)
            if (type_equal(types[i], types[k]) != (i == k)) {
                char left[80], right[80];
                type_to_text(left, sizeof left, *state, types[i]);
                type_to_text(right, sizeof right, *state, types[k]);
                assert_string_equal(left, right); /* the sample names some types twice */
            }
        arena_init(&apart, *state);
        assert_int_equal(type_copy(&copy, &apart, types[i], NULL), BP_OK);
        assert_true(type_equal(copy, types[i]));
        if (types[i].detail) assert_ptr_not_equal(copy.detail, types[i].detail);
        arena_clear(&apart);
    }
    arena_clear(&arena);
}

static bp_status parse_and_copy(void *data, bp_error *err)
{
    struct arena arena;
    data_type type, copy;
    bp_status status;

    arena_init(&arena, data);
    status = type_parse(&type, &arena, STRING_VIEW("STRUCT(a ENUM('x', 'y'), m MAP(VARCHAR, DECIMAL(5,2)[3]))[]"), err);
    if (!status) status = type_copy(&copy, &arena, type, err);
    arena_clear(&arena);
    return status;
}

static void test_out_of_memory(void **state)
{
    oom_run(*state, parse_and_copy, *state, BP_OK);
}

/* Texts of every size around the inline limit, equal and ordered as their bytes are. */
static void test_string_refs(void **state)
{
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyz";
    char other[sizeof bytes];

    (void)state;
    for (size_t size = 0; size <= 20; size++)
        for (size_t changed = 0; changed <= size; changed++) {
            string_ref left = string_ref_of(bytes, size), right;

            memcpy(other, bytes, sizeof bytes);
            if (changed < size) other[changed]++;
            right = string_ref_of(other, size);
            assert_int_equal(left.size, size);
            assert_memory_equal(string_ref_data(&left), bytes, size);
            assert_int_equal(string_ref_equal(&left, &right), changed == size);
            assert_true(changed == size ? string_ref_compare(&left, &right) == 0 : string_ref_compare(&left, &right) < 0);
            right = string_ref_of(bytes, size + 1);
            assert_false(string_ref_equal(&left, &right));
            assert_true(string_ref_compare(&left, &right) < 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_print), cmocka_unit_test(test_bad_types),     cmocka_unit_test(test_depth),
        cmocka_unit_test(test_equality),        cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_string_refs),
    };

    return cmocka_run_group_tests(tests, account_begin, account_end);
}
