/* The CSV writer: what it writes, by hand from RFC 4180 and io/csv.h; and that the reader gets the same values back. */
#include "csv_support.h"

static bp_status to_builder(void *data, const char *bytes, size_t size, bp_error *err)
{
    builder *out = data;

    builder_append(out, bytes, size);
    return builder_status(out, err);
}

static const uint64_t there[] = {0xb}; /* row 2 is NULL */
static const int64_t numbers[] = {1, -20, 0, 300};
static const double doubles[] = {0.1, 1e300, 0, -2.5};
static const int32_t dates[] = {0, 18262, 0, -1};
static const int64_t decimals[] = {5, -1234, 0, 100};

static void write_rows(world *world, builder *out, const csv_write_options *options)
{
    const string_ref texts[] = {string_ref_of("plain", 5), string_ref_of("with,\"all\"\nof it", 16), string_ref_of("", 0),
                                string_ref_of("", 0)};
    column columns[] = {{.type = type_of(TYPE_INT64), .length = 4, .values = numbers, .validity = there},
                        {.type = type_of(TYPE_FLOAT64), .length = 4, .values = doubles, .validity = there},
                        {.type = type_of(TYPE_VARCHAR), .length = 4, .values = texts, .validity = there},
                        {.type = type_of(TYPE_DATE), .length = 4, .values = dates, .validity = there},
                        {.type = type_decimal(10, 2), .length = 4, .values = decimals, .validity = there}};
    string_view names[] = {STRING_VIEW("i"), STRING_VIEW("f,"), STRING_VIEW("t"), STRING_VIEW("d"), STRING_VIEW("m")};
    data_type types[] = {columns[0].type, columns[1].type, columns[2].type, columns[3].type, columns[4].type};
    const schema schema = {5, names, types};
    const batch batch = {4, 5, columns};
    target *writer = NULL;
    bp_error err = {0};

    if (csv_writer_new(&writer, world->context, (byte_sink){to_builder, out}, &schema, options, &err)) fail_msg("%s", err.message);
    if (target_write(writer, &batch, &err) || target_finish(writer, &err)) fail_msg("%s", err.message);
    target_free(writer);
}

static void expect_written(world *world, const csv_write_options *options, const char *expected)
{
    builder out;

    builder_init(&out, world->context->memory, SIZE_MAX);
    write_rows(world, &out, options);
    builder_byte(&out, 0);
    assert_string_equal(out.data, expected);
    builder_clear(&out);
}

static void test_what_is_written(void **state)
{
    const string_view forced[] = {STRING_VIEW("i")};
    csv_write_options options;

    csv_write_options_init(&options);
    expect_written(*state, &options,
                   "i,\"f,\",t,d,m\n1,0.1,plain,1970-01-01,0.05\n-20,1e+300,\"with,\"\"all\"\"\nof it\",2020-01-01,-12.34\n"
                   ",,,,\n300,-2.5,\"\",1969-12-31,1.00\n");
    options.header = false;
    options.delimiter = STRING_VIEW("-");
    options.null_text = STRING_VIEW("NA");
    options.new_line = STRING_VIEW("\r\n");
    options.force_quote = (csv_text_list){forced, 1};
    options.date_format = STRING_VIEW("%d.%m.%Y");
    expect_written(*state, &options,
                   "\"1\"-0.1-plain-01.01.1970-0.05\r\n\"-20\"-1e+300-\"with,\"\"all\"\"\nof it\"-01.01.2020-\"-12.34\"\r\n"
                   "NA-NA-NA-NA-NA\r\n\"300\"-\"-2.5\"--31.12.1969-1.00\r\n");
}

static void test_read_back(void **state)
{
    world *world = *state;
    static const csv_compression compressions[] = {CSV_COMPRESSION_NONE, CSV_COMPRESSION_GZIP, CSV_COMPRESSION_ZSTD};

    for (size_t i = 0; i < 3; i++) {
        csv_write_options options;
        csv_options read;
        builder out;
        csv_write_options_init(&options);
        csv_options_init(&read);
        read.allow_quoted_nulls = false;
        options.compression = compressions[i];
        builder_init(&out, world->context->memory, SIZE_MAX);
        write_rows(world, &out, &options);
        write_bytes(world, out.data, out.size);
        builder_clear(&out);
        expect_file(world, &read,
                    "i BIGINT,f, DOUBLE,t VARCHAR,d DATE,m DOUBLE\n1|0.1|plain|1970-01-01|0.05\n"
                    "-20|1e+300|with,\"all\"\nof it|2020-01-01|-12.34\n~|~|~|~|~\n300|-2.5||1969-12-31|1.0\n");
    }
}

static bp_status whole_life(void *data, bp_error *err)
{
    world *world = data;
    string_view names[] = {STRING_VIEW("i")};
    data_type types[] = {type_of(TYPE_INT64)};
    const schema schema = {1, names, types};
    column columns[] = {{.type = types[0], .length = 4, .values = numbers, .validity = there}};
    const batch batch = {4, 1, columns};
    csv_write_options options;
    target *writer = NULL;
    bp_status status;
    builder out;

    csv_write_options_init(&options);
    options.compression = CSV_COMPRESSION_ZSTD;
    builder_init(&out, world->context->memory, SIZE_MAX);
    status = csv_writer_new(&writer, world->context, (byte_sink){to_builder, &out}, &schema, &options, err);
    if (status == BP_OK) status = target_write(writer, &batch, err);
    if (status == BP_OK) status = target_finish(writer, err);
    target_free(writer);
    builder_clear(&out);
    return status;
}

static void test_out_of_memory(void **state)
{
    world *world = *state;

    oom_run(world->context->memory, whole_life, world, BP_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {TEST(test_what_is_written), TEST(test_read_back), TEST(test_out_of_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
