/* JSON: RFC 8259's grammar by hand-made texts (each valid one with the compact form it must read to), every scan level on the same random bytes,
 * strings and escapes across blocks and windows, and every allocation failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/json.h"

/* Read `text` and write what comes, compactly. */
static bp_status copy_events(memory *account, string_view text, unsigned options, unsigned indent, builder *out, bp_error *err)
{
    json_reader reader = {0};
    json_writer writer;
    json_event event;
    bp_status status = json_reader_init(&reader, account, text, options, err);

    json_writer_init(&writer, out, indent);
    while (status == BP_OK && (status = json_next(&reader, &event, err)) == BP_OK && event != JSON_END) {
        switch (event) {
        case JSON_OBJECT_BEGIN: (void)json_write_object_begin(&writer); break;
        case JSON_OBJECT_END: (void)json_write_object_end(&writer); break;
        case JSON_ARRAY_BEGIN: (void)json_write_array_begin(&writer); break;
        case JSON_ARRAY_END: (void)json_write_array_end(&writer); break;
        case JSON_KEY: (void)json_write_key(&writer, reader.text); break;
        case JSON_STRING: (void)json_write_string(&writer, reader.text); break;
        case JSON_NUMBER: (void)json_write_raw(&writer, reader.text); break;
        case JSON_TRUE: (void)json_write_bool(&writer, true); break;
        case JSON_FALSE: (void)json_write_bool(&writer, false); break;
        default: (void)json_write_null(&writer);
        }
    }
    if (status == BP_OK) {
        assert_int_equal(json_next(&reader, &event, err), BP_OK); /* the end stays the end */
        assert_int_equal(event, JSON_END);
        status = builder_status(out, err);
    } else if (reader.failure) { /* and so does a failure */
        bp_error again;

        assert_int_equal(json_next(&reader, &event, &again), status);
        if (err) assert_string_equal(again.message, err->message);
    }
    json_reader_clear(&reader);
    return status;
}

static void check_good(const char *source, size_t size, unsigned options, const char *wanted)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);

    for (int level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        builder out;
        bp_error err = {0};

        (void)cpu_force_level((cpu_kind)level);
        builder_init(&out, account, 1 << 20);
        if (copy_events(account, (string_view){source, size}, options, 0, &out, &err)) fail_msg("%s: %s", source, err.message);
        assert_int_equal(out.size, strlen(wanted));
        assert_memory_equal(out.data, wanted, out.size);
        builder_clear(&out);
    }
    memory_release(account);
}

static void check_bad(const char *source, size_t size, unsigned options, int64_t position)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);

    for (int level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        builder out;
        bp_error err = {0};

        (void)cpu_force_level((cpu_kind)level);
        builder_init(&out, account, 1 << 20);
        if (copy_events(account, (string_view){source, size}, options, 0, &out, &err) != BP_BAD_FORMAT)
            fail_msg("accepted: %s", source);
        if (err.position != position) fail_msg("%s: at %d, not %d: %s", source, (int)err.position, (int)position, err.message);
        builder_clear(&out);
    }
    memory_release(account);
}

#define GOOD(source, wanted) check_good("" source, sizeof(source) - 1, 0, wanted)
#define BAD(source, position) check_bad("" source, sizeof(source) - 1, 0, position)

static void test_good(void **state)
{
    GOOD("{}", "{}");
    GOOD(" [ ] ", "[]");
    GOOD("[[],{},[{}]]", "[[],{},[{}]]");
    GOOD("{\"a\":1,\"b\":[true,false,null],\"a\":\"x\"}", "{\"a\":1,\"b\":[true,false,null],\"a\":\"x\"}");
    GOOD("\t\n\r {\"\" : \"\" }\n", "{\"\":\"\"}");
    GOOD("0", "0");
    GOOD("-0", "-0");
    GOOD("[-1.5e+3,0.25,1E5,10,123e-7]", "[-1.5e+3,0.25,1E5,10,123e-7]");
    GOOD("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"",
         "\"\\\"\\\\/\\b\\f\\n\\r\\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    GOOD("\"\\u0000\\u001f\\u007f\"", "\"\\u0000\\u001f\x7f\"");
    GOOD("\xef\xbb\xbf[1]", "[1]");
    GOOD("\"\xc3\xa9\xf0\x9f\x98\x80\"", "\"\xc3\xa9\xf0\x9f\x98\x80\"");
    GOOD("[\"{\",\"[,:]\",\"\\\\\"]", "[\"{\",\"[,:]\",\"\\\\\"]");
    check_good("NaN", 3, JSON_NAMES, "NaN");
    check_good("[-Infinity,Infinity]", 20, JSON_NAMES, "[-Infinity,Infinity]");
    check_good("{}\n[1] 2\"a\"true", 15, JSON_SEQUENCE, "{}\n[1]\n2\n\"a\"\ntrue");
    check_good("  ", 2, JSON_SEQUENCE, "");
}

static void test_bad(void **state)
{
    BAD("", 0);
    BAD("  ", 2);
    BAD("[", 1);
    BAD("[1", 2);
    BAD("[1,", 3);
    BAD("[1,]", 3);
    BAD("[,1]", 1);
    BAD("[1 2]", 3);
    BAD("[1:2]", 2);
    BAD("]", 0);
    BAD("[}", 1);
    BAD("{]", 1);
    BAD("{\"a\"", 4);
    BAD("{\"a\":", 5);
    BAD("{\"a\":}", 5);
    BAD("{\"a\" 1}", 5);
    BAD("{\"a\":1,}", 7);
    BAD("{\"a\":1 \"b\":2}", 7);
    BAD("{a:1}", 1);
    BAD("{1:1}", 1);
    BAD("{\"a\":1}}", 7);
    BAD("1 2", 2);
    BAD("\"abc", 0);
    BAD("[\"abc\\\"]", 1);
    BAD("\"a\nb\"", 2);
    BAD("\"a\\x\"", 2);
    BAD("\"\\u12g4\"", 1);
    BAD("\"\\u123\"", 1);
    BAD("\"\\ud800\"", 1);
    BAD("\"\\udc00\"", 1);
    BAD("\"\\ud800\\u0041\"", 1);
    BAD("01", 0);
    BAD("-", 0);
    BAD("+1", 0);
    BAD("1.", 0);
    BAD(".5", 0);
    BAD("1e", 0);
    BAD("1e+", 0);
    BAD("1.5.2", 0);
    BAD("0x10", 0);
    BAD("[1\f]", 1);
    BAD("[\f1]", 1);
    BAD("[1,\x1a]", 3);
    BAD("[1\0]", 1);
    BAD("tru", 0);
    BAD("truex", 0);
    BAD("nulll", 0);
    BAD("NaN", 0);
    BAD("[Infinity]", 1);
    BAD("-Infinity", 0);
    BAD("'a'", 0);
    BAD("[1,\\\"a\"]", 3);
    BAD("\"\xff\"", 1);
    BAD("[\"\xed\xa0\x80\"]", 2);
    BAD("// x\n1", 0);
    check_bad("{} ]", 4, JSON_SEQUENCE, 3);
}

static void test_line_and_column(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    builder out;
    bp_error err;

    builder_init(&out, account, 1000);
    assert_int_equal(copy_events(account, STRING_VIEW("{\n \"\xc3\xa9\": x}"), 0, 0, &out, &err), BP_BAD_FORMAT);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 7);
    assert_int_equal(err.position, 9);
    builder_clear(&out);
    memory_release(account);
}

static void test_depth(void **state)
{
    static char text[3 * (JSON_DEPTH + 1)];
    memory *account = memory_account_new(NULL, SIZE_MAX);

    for (int extra = -1; extra <= 1; extra++) {
        size_t depth = (size_t)(JSON_DEPTH + extra);
        builder out;

        for (size_t i = 0; i < depth; i++) text[i] = '[', text[2 * depth - 1 - i] = ']';
        builder_init(&out, account, 1 << 20);
        assert_int_equal(copy_events(account, (string_view){text, 2 * depth}, 0, 0, &out, NULL), extra > 0 ? BP_LIMIT : BP_OK);
        if (extra <= 0) assert_memory_equal(out.data, text, 2 * depth);
        builder_clear(&out);
    }
    memory_release(account);
}

/* A string with an escape, moved over the edges of blocks and windows. */
static void test_edges(void **state)
{
    static char text[40000];
    memory *account = memory_account_new(NULL, SIZE_MAX);

    for (size_t pad = 16200; pad < 16500; pad++) {
        static const char tail[] = "[\"\\\\\\\\\\\\\\\"x\",12345678901,\"\\ud83d\\ude00\",true]";
        static const char wanted[] = "[\"\\\\\\\\\\\\\\\"x\",12345678901,\"\xf0\x9f\x98\x80\",true]";
        builder out;
        bp_error err = {0};

        memset(text, pad % 2 ? ' ' : '\n', pad);
        memcpy(text + pad, tail, sizeof tail - 1);
        (void)cpu_force_level((cpu_kind)(pad % 4));
        builder_init(&out, account, 1 << 20);
        assert_int_equal(copy_events(account, (string_view){text, pad + sizeof tail - 1}, 0, 0, &out, &err), BP_OK);
        assert_int_equal(out.size, sizeof wanted - 1);
        assert_memory_equal(out.data, wanted, out.size);
        builder_clear(&out);
    }
    /* One string over several windows. */
    for (size_t size = 39000; size < 39070; size++) {
        builder out;

        memset(text, 'a', size);
        text[0] = text[size - 1] = '"';
        if (size % 2) text[20000] = '\\', text[20001] = 'n';
        builder_init(&out, account, 1 << 20);
        assert_int_equal(copy_events(account, (string_view){text, size}, 0, 0, &out, NULL), BP_OK);
        assert_int_equal(out.size, size);
        assert_memory_equal(out.data, text, size);
        builder_clear(&out);
    }
    (void)cpu_force_level(CPU_AVX512);
    memory_release(account);
}

/* Random texts of JSON's own bytes: all levels say the same; what is accepted reads back from its compact and its indented form. */
static void test_random(void **state)
{
    static const char *const pieces[] = {"{",        "}",       "[",      "]",         ",",    ":",   "\"", "\\",   "\"a\"",
                                         "\"k\":",   "1",       "-2.5e3", "true",      "null", " ",   "\n", "\\\"", "\\\\",
                                         "\xc3\xa9", "\\u0041", "[1,2]",  "{\"x\":0}", "\x01", "abc", ",",  "[",    "]"};
    memory *account = memory_account_new(NULL, SIZE_MAX);
    uint64_t seed = 77;
    int accepted = 0;

    for (int i = 0; i < 40000; i++) {
        char text[600];
        size_t size = 0, count = (seed >> 40) % 60;
        builder first, other;
        bp_error first_err = {0}, err = {0};
        bp_status wanted = BP_OK;

        if (i % 2) memcpy(text, "[\"", size = 2);
        for (size_t j = 0; j < count; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            const char *piece = pieces[(seed >> 33) % ARRAY_LENGTH(pieces)];
            memcpy(text + size, piece, strlen(piece));
            size += strlen(piece);
        }
        if (i % 2) memcpy(text + size, "\"]", 2), size += 2;
        builder_init(&first, account, 1 << 20);
        for (int level = CPU_SCALAR; level <= CPU_AVX512; level++) {
            builder *out = level == CPU_SCALAR ? &first : &other;

            (void)cpu_force_level((cpu_kind)level);
            if (level != CPU_SCALAR) builder_init(&other, account, 1 << 20);
            bp_status status = copy_events(account, (string_view){text, size}, i % 3 ? 0 : JSON_SEQUENCE, 0, out,
                                           level == CPU_SCALAR ? &first_err : &err);
            if (level == CPU_SCALAR) {
                wanted = status;
                continue;
            }
            assert_int_equal(status, wanted);
            if (status) assert_int_equal(err.position, first_err.position);
            assert_int_equal(other.size, first.size);
            if (other.size) assert_memory_equal(other.data, first.data, other.size);
            builder_clear(&other);
        }
        if (wanted == BP_OK && first.size) {
            builder indented, again;

            accepted++;
            builder_init(&indented, account, 1 << 20);
            builder_init(&again, account, 1 << 20);
            assert_int_equal(copy_events(account, builder_view(&first), JSON_SEQUENCE, 2, &indented, NULL), BP_OK);
            assert_int_equal(copy_events(account, builder_view(&indented), JSON_SEQUENCE, 0, &again, NULL), BP_OK);
            assert_int_equal(again.size, first.size);
            assert_memory_equal(again.data, first.data, first.size);
            builder_clear(&indented);
            builder_clear(&again);
        }
        builder_clear(&first);
    }
    assert_true(accepted > 1000);
    memory_release(account);
}

static void test_numbers(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    json_reader reader;
    json_event event;
    json_number_value value;
    int64_t integer = 0;

    assert_int_equal(
        json_reader_init(&reader, account,
                         STRING_VIEW("[9223372036854775807,18446744073709551615,18446744073709551616,-1,1.0,1e400,2.5]"), 0, NULL),
        BP_OK);
    assert_int_equal(json_expect(&reader, JSON_ARRAY_BEGIN, NULL), BP_OK);
    assert_int_equal(json_expect(&reader, JSON_NUMBER, NULL), BP_OK);
    value = json_number(&reader);
    assert_true(value.kind == JSON_INT64 && value.as_int64 == INT64_MAX);
    assert_int_equal(json_expect(&reader, JSON_NUMBER, NULL), BP_OK);
    value = json_number(&reader);
    assert_true(value.kind == JSON_UINT64 && value.as_uint64 == UINT64_MAX);
    assert_false(json_number_int64(&reader, &integer));
    assert_int_equal(json_expect(&reader, JSON_NUMBER, NULL), BP_OK);
    value = json_number(&reader);
    assert_true(value.kind == JSON_DOUBLE && value.as_double == 18446744073709551616.0 && !value.overflow);
    assert_int_equal(json_expect(&reader, JSON_NUMBER, NULL), BP_OK);
    assert_true(json_number_int64(&reader, &integer) && integer == -1);
    assert_int_equal(json_expect(&reader, JSON_NUMBER, NULL), BP_OK);
    assert_true(json_number(&reader).kind == JSON_DOUBLE && !json_number_int64(&reader, &integer));
    assert_int_equal(json_expect(&reader, JSON_NUMBER, NULL), BP_OK);
    assert_true(json_number(&reader).overflow);
    assert_int_equal(json_next(&reader, &event, NULL), BP_OK);
    assert_true(json_number_double(&reader) == 2.5);
    json_reader_clear(&reader);
    memory_release(account);
}

static void test_skip_and_expect(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    json_reader reader;
    json_event event;
    bp_error err;

    assert_int_equal(json_reader_init(&reader, account, STRING_VIEW("{\"a\":{\"b\":[1,{\"c\":2}]},\"d\":[[],5],\"e\":7}"), 0, NULL),
                     BP_OK);
    assert_int_equal(json_expect(&reader, JSON_OBJECT_BEGIN, NULL), BP_OK);
    assert_int_equal(json_next(&reader, &event, NULL), BP_OK);
    assert_int_equal(json_skip(&reader, event, NULL), BP_OK); /* a key: with its value */
    assert_int_equal(json_expect(&reader, JSON_KEY, NULL), BP_OK);
    assert_true(string_equal(reader.text, STRING_VIEW("d")) && reader.depth == 1 && reader.position == 23);
    assert_int_equal(json_next(&reader, &event, NULL), BP_OK);
    assert_int_equal(json_skip(&reader, event, NULL), BP_OK); /* an array */
    assert_int_equal(json_expect(&reader, JSON_KEY, NULL), BP_OK);
    assert_true(string_equal(reader.text, STRING_VIEW("e")));
    assert_int_equal(json_expect(&reader, JSON_STRING, &err), BP_BAD_FORMAT);
    assert_string_equal(err.message, "JSON: a string must stand here, not a number");
    assert_int_equal(json_next(&reader, &event, NULL), BP_BAD_FORMAT);
    json_reader_clear(&reader);
    json_reader_clear(&reader);
    memory_release(account);
}

static void test_out_of_memory(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);

    for (int once = 0; once < 2; once++) {
        for (uint64_t nth = 1;; nth++) {
            builder out;
            bp_status status;

            builder_init(&out, account, 1 << 20);
            memory_fail_at(account, nth, !once);
            status = copy_events(account, STRING_VIEW("{\"a\\n\":[1,\"\\u00e9\"]}"), 0, 2, &out, NULL);
            memory_fail_at(account, 0, false);
            builder_clear(&out);
            assert_int_equal(memory_used(account), 0);
            if (status == BP_OK) break;
            assert_int_equal(status, BP_NO_MEMORY);
        }
    }
    memory_release(account);
}

static void test_writer(void **state)
{
    static const char wanted[] = "{\n  \"a\": [],\n  \"b\": {\n    \"c\": [\n      1,\n      -2,\n      18446744073709551615,\n    "
                                 "  0.5,\n      1e+16,\n      NaN,\n      "
                                 "-Infinity,\n      true,\n      null\n    ]\n  },\n  \"d\": {}\n}";
    memory *account = memory_account_new(NULL, SIZE_MAX);
    json_writer writer;
    builder out;

    builder_init(&out, account, 1000);
    json_writer_init(&writer, &out, 2);
    assert_true(json_write_object_begin(&writer) && json_write_key(&writer, STRING_VIEW("a")) && json_write_array_begin(&writer) &&
                json_write_array_end(&writer) && json_write_key(&writer, STRING_VIEW("b")) && json_write_object_begin(&writer) &&
                json_write_key(&writer, STRING_VIEW("c")) && json_write_array_begin(&writer) && json_write_int64(&writer, 1) &&
                json_write_int64(&writer, -2) && json_write_uint64(&writer, UINT64_MAX) && json_write_double(&writer, 0.5) &&
                json_write_double(&writer, 1e16) && json_write_double(&writer, __builtin_nan("")) &&
                json_write_double(&writer, -__builtin_inf()) && json_write_bool(&writer, true) && json_write_null(&writer) &&
                json_write_array_end(&writer) && json_write_object_end(&writer) && json_write_key(&writer, STRING_VIEW("d")) &&
                json_write_raw(&writer, STRING_VIEW("{}")) && json_write_object_end(&writer));
    assert_int_equal(out.size, sizeof wanted - 1);
    assert_memory_equal(out.data, wanted, out.size);
    builder_clear(&out);
    builder_init(&out, account, 5);
    json_writer_init(&writer, &out, 0);
    assert_false(json_write_string(&writer, STRING_VIEW("abcdef")));
    assert_int_equal(builder_status(&out, NULL), BP_LIMIT);
    builder_clear(&out);
    memory_release(account);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_good),
                                              cmocka_unit_test(test_bad),
                                              cmocka_unit_test(test_line_and_column),
                                              cmocka_unit_test(test_depth),
                                              cmocka_unit_test(test_edges),
                                              cmocka_unit_test(test_random),
                                              cmocka_unit_test(test_numbers),
                                              cmocka_unit_test(test_skip_and_expect),
                                              cmocka_unit_test(test_out_of_memory),
                                              cmocka_unit_test(test_writer)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
