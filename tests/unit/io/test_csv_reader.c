/* The CSV reader from files to values. Types and values that DuckDB shares were observed with DuckDB 2.0.0 on the same texts; the others follow from
 * RFC 4180 and io/csv.h, by hand. */
#include "csv_support.h"

/* Dialect, header and types of small files. */
static const struct {
    const char *text, *expected;
} sniffed[] = {
    {"a,b\n1,2\n\n3,4\n", "a BIGINT,b BIGINT\n1|2\n3|4\n"},
    {"a\n1\n\n3\n", "a BIGINT\n1\n~\n3\n"},
    {"1,2\n3,4\n", "column0 BIGINT,column1 BIGINT\n1|2\n3|4\n"},
    {"x,y\nz,w\n", "x VARCHAR,y VARCHAR\nz|w\n"},
    {"a,b\n", "a VARCHAR,b VARCHAR\n"},
    {"", "column0 VARCHAR\n"},
    {"abc", "abc VARCHAR\n"},
    {"1", "column0 BIGINT\n1\n"},
    {"a,b\n1,\"\"\n2,\n", "a BIGINT,b VARCHAR\n1|~\n2|~\n"},
    {"a,b\n1,2", "a BIGINT,b BIGINT\n1|2\n"},
    {"a,b\r1,2\r3,4\r", "a BIGINT,b BIGINT\n1|2\n3|4\n"},
    {"a,b\r\n1,2\n3,4\r\n", "a BIGINT,b BIGINT\n1|2\n3|4\n"},
    {"\xef\xbb\xbf"
     "a,b\n1,2\n",
     "a BIGINT,b BIGINT\n1|2\n"},
    {"a;b\n1,5;2\n", "a VARCHAR,b BIGINT\n1,5|2\n"},
    {"a|b\n1|2\n", "a BIGINT,b BIGINT\n1|2\n"},
    {"a\tb\n1\t2\n", "a BIGINT,b BIGINT\n1|2\n"},
    {"a,b\n1,'x,y'\n2,'z'\n", "a BIGINT,b VARCHAR\n1|x,y\n2|z\n"},
    {"a,b\n1,\"x\ny\"\n2,\"p\"\"q\"\n", "a BIGINT,b VARCHAR\n1|x\ny\n2|p\"q\n"},
    {"a,b\n1,\"x\\\"y\"\n2,\"pq\"\n", "a BIGINT,b VARCHAR\n1|x\"y\n2|pq\n"},
    {"a,b\n1,\"x\"y\n2,z\n", "a BIGINT,b VARCHAR\n1|\"x\"y\n2|z\n"},
    {"a,b\n1,x\"y\n2,z\n", "a BIGINT,b VARCHAR\n1|x\"y\n2|z\n"},
    {"a,b\n1,\"unterminated\n", "a BIGINT,b VARCHAR\n1|\"unterminated\n"},
    {"a,b\n1,2\n3,4,\n", "a BIGINT,b BIGINT\n1|2\n3|4\n"},
    {"title of it\n\nfoo,bar\n1,2\n3,4\n", "foo BIGINT,bar BIGINT\n1|2\n3|4\n"},
    {"# c\na,b\n1,2\n", "a BIGINT,b BIGINT\n1|2\n"},
    {"#a,b\n1,2\n3,4\n", "#a BIGINT,b BIGINT\n1|2\n3|4\n"},
    {"a,a,b\n1,2,3\n", "a BIGINT,a_1 BIGINT,b BIGINT\n1|2|3\n"},
    {"a,,c\n1,2,3\n", "a BIGINT,column1 BIGINT,c BIGINT\n1|2|3\n"},
    {"a,b\n1,2\n3\n", "a BIGINT,b BIGINT\n1|2\n3|~\n"},
    {"a\n007\n", "a VARCHAR\n007\n"},
    {"a\n+1\n", "a VARCHAR\n+1\n"},
    {"a\n1\n1.5\n", "a DOUBLE\n1.0\n1.5\n"},
    {"a\n1\nx\n", "a VARCHAR\n1\nx\n"},
    {"a\n 1\n 2 \n", "a BIGINT\n1\n2\n"},
    {"a\n99999999999999999999\n", "a HUGEINT\n99999999999999999999\n"},
    {"a\n-9223372036854775808\n9223372036854775807\n", "a BIGINT\n-9223372036854775808\n9223372036854775807\n"},
    {"a\nnan\ninf\n", "a DOUBLE\nnan\ninf\n"},
    {"a\ntrue\nF\n", "a BOOLEAN\ntrue\nfalse\n"},
    {"a\nY\nN\n", "a VARCHAR\nY\nN\n"},
    {"a\n2020-01-01\n2020-02-29\n", "a DATE\n2020-01-01\n2020-02-29\n"},
    {"a\n2020-13-01\n", "a VARCHAR\n2020-13-01\n"},
    {"a\n01/02/2020\n31/12/2020\n", "a DATE\n2020-02-01\n2020-12-31\n"},
    {"a\n12/31/2020\n", "a DATE\n2020-12-31\n"},
    {"a\n2020-01-01 10:00:00\n", "a TIMESTAMP\n2020-01-01 10:00:00\n"},
    {"a\n01/02/2020 10:11:12 PM\n", "a TIMESTAMP\n2020-01-02 22:11:12\n"},
    {"a\n2020-01-01\n2020-01-01 10:00:00\n", "a VARCHAR\n2020-01-01\n2020-01-01 10:00:00\n"},
    {"a\n10:00:00.5\n", "a TIME\n10:00:00.5\n"},
    {"a:b\n1:2\n3:4\n", "a:b VARCHAR\n1:2\n3:4\n"},
};

static void test_sniffing(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(sniffed); i++) expect(*state, sniffed[i].text, NULL, sniffed[i].expected);
}

static void test_nul_bytes_are_text(void **state)
{
    world *world = *state;
    bp_error err = {0};
    builder out;

    write_bytes(world, "a,b\n1,x\0y\n", 10);
    builder_init(&out, world->context->memory, SIZE_MAX);
    assert_int_equal(read_file(&out, world, NULL, 2048, &err), BP_OK);
    assert_int_equal(out.size, strlen("a BIGINT,b VARCHAR\n1|x?y\n"));
    assert_memory_equal(out.data, "a BIGINT,b VARCHAR\n1|x\0y\n", out.size);
    builder_clear(&out);
}

static void test_multi_byte_delimiter(void **state)
{
    csv_options options;

    csv_options_init(&options);
    options.delimiter = STRING_VIEW("::");
    expect(*state, "a::b\n1::2:x\n::3\n", &options, "a BIGINT,b VARCHAR\n1|2:x\n~|3\n");
    options.null_padding = true;
    expect(*state, "a::b::c\n1::2\n3::4::5\n6\n", &options, "a BIGINT,b BIGINT,c BIGINT\n1|2|~\n3|4|5\n6|~|~\n");
}

static csv_options with_columns(const string_view *names, const data_type *types, size_t count)
{
    csv_options options;

    csv_options_init(&options);
    options.auto_detect = false;
    options.header = CSV_YES;
    options.columns = (csv_type_list){names, types, count};
    return options;
}

static void test_given_types(void **state)
{
    const string_view names[] = {STRING_VIEW("i"), STRING_VIEW("d"), STRING_VIEW("u"), STRING_VIEW("f"), STRING_VIEW("b")};
    const data_type types[] = {type_of(TYPE_INT16), type_decimal(6, 2), type_of(TYPE_UINT8), type_of(TYPE_FLOAT32),
                               type_of(TYPE_BOOLEAN)};
    csv_options options = with_columns(names, types, 5);

    /* decimals are rounded half away from zero */
    expect(
        *state, "i,d,u,f,b\n-32768,12.345,255,0.1,1\n7,-0.5,0,1e3,no\n,,,,\n", &options,
        "i SMALLINT,d DECIMAL(6,2),u UTINYINT,f FLOAT,b BOOLEAN\n-32768|12.35|255|0.1|true\n7|-0.50|0|1000.0|false\n~|~|~|~|~\n");
    expect_error(*state, "i,d,u,f,b\n1,1,1,1,1\n1,1,256,1,1\n", &options, BP_CONVERSION, "'256' is not a UTINYINT", 3, 3);
    expect_error(*state, "i,d,u,f,b\n32768,1,1,1,1\n", &options, BP_CONVERSION, "column \"i\"", 2, 1);
    expect_error(*state, "i,d,u,f,b\n1,12345.6,1,1,1\n", &options, BP_CONVERSION, "1,12345.6,1,1,1", 2, 2);
}

static void test_ragged_rows_are_errors(void **state)
{
    const string_view names[] = {STRING_VIEW("a"), STRING_VIEW("b")};
    const data_type types[] = {type_of(TYPE_INT32), type_of(TYPE_VARCHAR)};
    csv_options options = with_columns(names, types, 2);

    expect_error(*state, "a,b\n1,x\n2\n3,z\n", &options, BP_BAD_FORMAT, "expected 2 columns but found 1", 3, 0);
    expect_error(*state, "a,b\n1,\"x\ny\"\n2,q,r\n", &options, BP_BAD_FORMAT, "expected 2 columns but found 3", 4, 0);
    expect_error(*state, "a,b\n1,\"x\"y\n", &options, BP_BAD_FORMAT, "a quote is not closed", 2, 0);
    options.quote = options.escape = '"';
    options.strict_mode = false;
    expect(*state, "a,b\n1,\"x\"y\n2,q,r\n", &options, "a INTEGER,b VARCHAR\n1|\"x\"y\n2|q\n");
    options.strict_mode = true;
    options.ignore_errors = true;
    expect(*state, "a,b\n1,x\n2\nq,w\n3,z\n", &options, "a INTEGER,b VARCHAR\n1|x\n3|z\n");
    options.ignore_errors = false;
    options.null_padding = true;
    expect(*state, "a,b\n1,x\n2\n", &options, "a INTEGER,b VARCHAR\n1|x\n2|~\n");
}

static void test_rejects(void **state)
{
    world *world = *state;
    const string_view names[] = {STRING_VIEW("a"), STRING_VIEW("b")}, path = string_view_of(world->path);
    const data_type types[] = {type_of(TYPE_INT32), type_of(TYPE_INT32)};
    csv_options options = with_columns(names, types, 2);
    const csv_reject *rejects;
    source *source = NULL;
    size_t count;
    builder out;

    options.store_rejects = true;
    write_text(world, "a,b\n1,2\nx,3\n4\n5,6,7\n8,y\n");
    builder_init(&out, world->context->memory, SIZE_MAX);
    assert_int_equal(csv_source_new(&source, world->context, &path, 1, &options, NULL), BP_OK);
    assert_int_equal(print_source(&out, source, NULL, 0, 2048, NULL), BP_OK);
    assert_int_equal(csv_source_rejects(source, &rejects, &count, NULL), BP_OK);
    assert_int_equal(count, 4);
    assert_int_equal(rejects[0].line, 3);
    assert_int_equal(rejects[0].column, 1);
    assert_int_equal(rejects[0].line_position, 8);
    assert_true(string_equal(rejects[0].text, STRING_VIEW("x,3")));
    assert_int_equal(rejects[1].kind, CSV_REJECT_MISSING_COLUMNS);
    assert_int_equal(rejects[2].kind, CSV_REJECT_TOO_MANY_COLUMNS);
    assert_int_equal(rejects[2].line, 5);
    assert_int_equal(rejects[3].column, 2);
    assert_int_equal(rejects[3].byte_position, 22);
    builder_clear(&out);
    source_release(source);
}

static void test_nulls(void **state)
{
    const string_view texts[] = {STRING_VIEW("NA"), STRING_VIEW("-")}, forced[] = {STRING_VIEW("b")};
    csv_options options;

    csv_options_init(&options);
    options.null_texts = (csv_text_list){texts, 2};
    expect(*state, "a,b\n1,x\nNA,-\n3,NAN\n", &options, "a BIGINT,b VARCHAR\n1|x\n~|~\n3|NAN\n");
    csv_options_init(&options);
    options.allow_quoted_nulls = false;
    expect(*state, "a,b\n\"\",2\nx,\n", &options, "a VARCHAR,b BIGINT\n|2\nx|~\n");
    csv_options_init(&options);
    options.force_not_null = (csv_text_list){forced, 1};
    expect(*state, "a,b\n1,\n2,x\n", &options, "a BIGINT,b VARCHAR\n1|\n2|x\n");
}

static void test_number_forms(void **state)
{
    csv_options options;

    csv_options_init(&options);
    options.decimal_separator = ',';
    options.thousands = '.';
    expect(*state, "a;b\n1.234,5;1\n-0,25;2\n", &options, "a DOUBLE,b BIGINT\n1234.5|1\n-0.25|2\n");
}

static void test_date_formats(void **state)
{
    csv_options options;

    csv_options_init(&options);
    options.date_format = STRING_VIEW("%m/%d/%Y");
    expect(*state, "a,b\n01/02/2020,2020-01-01\n", &options, "a DATE,b VARCHAR\n2020-01-02|2020-01-01\n");
}

/* A value that the sample did not show: the first scan says misfit, the settled source fits. */
static void test_late_misfit(void **state)
{
    world *world = *state;
    string_view path = string_view_of(world->path);
    csv_options options;
    source *source = NULL, *settled = NULL;
    const size_t columns[] = {0, 1, 2};
    bp_error err = {0};
    builder out;

    csv_options_init(&options);
    options.sample_size = 2;
    write_text(world, "a,b,c\n1,1,2020-01-01\n2,2,2020-01-02\n3,2.5,soon\n4,x,2020-01-03\n");
    builder_init(&out, world->context->memory, SIZE_MAX);
    assert_int_equal(csv_source_new(&source, world->context, &path, 1, &options, &err), BP_OK);
    assert_int_equal(source->schema.types[1].id, TYPE_INT64);
    assert_false(source->settled);
    assert_int_equal(print_source(&out, source, NULL, 0, 2048, &err), BP_CONVERSION);
    assert_true(atomic_load(&source->misfit));
    assert_int_equal(source->class->settle(&settled, source, columns, 3, &err), BP_OK);
    builder_reset(&out);
    assert_int_equal(print_source(&out, settled, NULL, 0, 2048, &err), BP_OK);
    builder_byte(&out, 0);
    assert_string_equal(out.data, "a BIGINT,b VARCHAR,c VARCHAR\n1|1|2020-01-01\n2|2|2020-01-02\n3|2.5|soon\n4|x|2020-01-03\n");
    builder_clear(&out);
    source_release(settled);
    source_release(source);
}

/* The same over many rows: the bad values lie far behind the sample, in several blocks, and several threads look. */
static void test_late_misfit_parallel(void **state)
{
    world *world = *state;
    string_view path = string_view_of(world->path);
    FILE *file = fopen(world->path, "wb");
    source *source = NULL, *settled = NULL;
    const size_t columns[] = {0, 1, 2};
    csv_options options;
    bp_error err = {0};

    fputs("a,b,c\n", file);
    for (int i = 0; i < 200000; i++) fprintf(file, i == 150001 ? "%d,2.5,%d\n" : "%d,7,%d\n", i, i);
    fclose(file);
    set_size(world, "threads", 7);
    set_size(world, "csv_block_size", 4096);
    csv_options_init(&options);
    assert_int_equal(csv_source_new(&source, world->context, &path, 1, &options, &err), BP_OK);
    assert_int_equal(source->schema.types[1].id, TYPE_INT64);
    assert_int_equal(source->class->settle(&settled, source, columns, 3, &err), BP_OK);
    assert_int_equal(settled->schema.types[0].id, TYPE_INT64);
    assert_int_equal(settled->schema.types[1].id, TYPE_FLOAT64);
    assert_int_equal(settled->schema.types[2].id, TYPE_INT64);
    source_release(settled);
    source_release(source);
}

static void test_encodings(void **state)
{
    world *world = *state;
    csv_options options;

    write_bytes(world, "a\n1\xff\n", 5);
    expect_error(world,
                 "a,b\n1,x\n2,\xff"
                 "y\n",
                 NULL, BP_BAD_FORMAT, "not valid UTF-8 at byte 10", 3, 2);
    csv_options_init(&options);
    options.encoding = CSV_ENCODING_LATIN1;
    expect(world, "a,b\n1,\xe9\n", &options, "a BIGINT,b VARCHAR\n1|é\n");
    csv_options_init(&options);
    write_bytes(world,
                "\xff\xfe"
                "a\0\n\0\xe9\0\x3d\xd8\0\xde\n\0",
                14);
    expect_file(world, &options, "a VARCHAR\né😀\n");
    write_bytes(world, "\xfe\xff\0a\0\n\0\xe9\0\n", 10);
    expect_file(world, &options, "a VARCHAR\né\n");
}

static void compress(const world *world, codec_kind kind, const char *text, size_t cut)
{
    codec_encoder *encoder = NULL;
    builder out;

    builder_init(&out, world->context->memory, SIZE_MAX);
    assert_int_equal(codec_encoder_new(&encoder, world->context->memory, kind, 0, NULL), BP_OK);
    assert_int_equal(codec_encode(encoder, text, strlen(text), true, &out, NULL), BP_OK);
    codec_encoder_free(encoder);
    write_bytes(world, out.data, out.size - cut);
    builder_clear(&out);
}

static void test_compressed(void **state)
{
    world *world = *state;
    static const codec_kind kinds[] = {CODEC_GZIP, CODEC_ZSTD};
    char *text = malloc(1 << 20), *end = text;
    bp_error err = {0};
    builder out;

    end += sprintf(end, "a,b\n");
    for (int i = 0; i < 50000; i++) end += sprintf(end, "%d,\"x\n%d\"\n", i, i * 7919 % 10007);
    for (size_t i = 0; i < 2; i++) {
        builder plain, packed;
        builder_init(&plain, world->context->memory, SIZE_MAX);
        builder_init(&packed, world->context->memory, SIZE_MAX);
        set_size(world, "csv_block_size", 10000);
        write_text(world, text);
        assert_int_equal(read_file(&plain, world, NULL, 64, &err), BP_OK);
        compress(world, kinds[i], text, 0);
        assert_int_equal(read_file(&packed, world, NULL, 64, &err), BP_OK);
        assert_int_equal(plain.size, packed.size);
        assert_memory_equal(plain.data, packed.data, plain.size);
        builder_clear(&plain);
        builder_clear(&packed);
        compress(world, kinds[i], text, 3000); /* cut */
        builder_init(&out, world->context->memory, SIZE_MAX);
        assert_int_equal(read_file(&out, world, NULL, 2048, &err), BP_BAD_FORMAT);
        assert_non_null(strstr(err.message, "cut"));
        builder_clear(&out);
    }
    free(text);
}

static void test_not_a_file(void **state)
{
    world *world = *state;
    string_view missing = STRING_VIEW("/nowhere/at/all.csv"), folder = STRING_VIEW("/tmp");
    csv_options options;
    source *source = NULL;
    bp_error err = {0};

    csv_options_init(&options);
    assert_int_equal(csv_source_new(&source, world->context, &missing, 1, &options, &err), BP_NOT_FOUND);
    assert_non_null(strstr(err.message, "/nowhere/at/all.csv"));
    assert_int_equal(csv_source_new(&source, world->context, &folder, 1, &options, &err), BP_BAD_ARGUMENT);
    assert_null(source);
}

static void test_changed_file(void **state)
{
    world *world = *state;
    string_view path = string_view_of(world->path);
    csv_options options;
    source *source = NULL;
    bp_error err = {0};
    builder out;

    csv_options_init(&options);
    builder_init(&out, world->context->memory, SIZE_MAX);
    write_text(world, "a,b\n1,2\n3,4\n");
    assert_int_equal(csv_source_new(&source, world->context, &path, 1, &options, &err), BP_OK);
    write_text(world, "a,b\n1,2\n");
    assert_int_equal(print_source(&out, source, NULL, 0, 2048, &err), BP_IO_ERROR);
    assert_non_null(strstr(err.message, "has changed"));
    builder_clear(&out);
    source_release(source);
}

/* Which types the columns a and b are found to have. */
static void expect_types(const world *world, const csv_options *options, type_id first, type_id second)
{
    source *source = NULL;
    bp_error err = {0};
    size_t before = memory_used(world->context->memory);

    assert_int_equal(csv_source_known(&source, world->context, string_view_of(world->path), options, &err), BP_OK);
    assert_int_equal(source->schema.types[0].id, first);
    assert_int_equal(source->schema.types[1].id, second);
    source_release(source);
    assert_int_equal(memory_used(world->context->memory), before); /* nothing is left of a statement */
}

/* What is known is used as long as the file and the options' values are the same. That it is used shows when the text is changed behind its back. */
static void test_known(void **state)
{
    world *world = *state;
    const string_view null[] = {STRING_VIEW("NA")}, same_null[] = {STRING_VIEW("NA")};
    builder out;
    bp_error err = {0};
    csv_options options;

    csv_options_init(&options);
    options.null_texts = (csv_text_list){null, 1};
    write_text(world, "a,b\n1,NA\n2,5\n");
    set_changed(world, 1);
    expect_types(world, &options, TYPE_INT64, TYPE_INT64);
    write_text(world, "a,b\nx,NA\ny,z\n");
    set_changed(world, 1);
    expect_types(world, &options, TYPE_INT64, TYPE_INT64); /* known */
    options.null_texts = (csv_text_list){same_null, 1};
    expect_types(world, &options, TYPE_INT64, TYPE_INT64);
    options.all_varchar = true;
    expect_types(world, &options, TYPE_VARCHAR, TYPE_VARCHAR);
    options.all_varchar = false;
    memory_trim(world->context->memory);
    expect_types(world, &options, TYPE_VARCHAR, TYPE_VARCHAR); /* looked at anew */
    write_text(world, "a,b\n1,NA\n2,5\n");
    set_changed(world, 2);
    expect_types(world, &options, TYPE_INT64, TYPE_INT64); /* another time of change */
    write_text(world, "a,b\n1,NA\n2,text\n");
    set_changed(world, 2);
    expect_types(world, &options, TYPE_INT64, TYPE_VARCHAR); /* another size */
    write_text(world, "a,b\n3,NA\n2,5.55\n"); /* changed just now: not kept */
    expect_types(world, &options, TYPE_INT64, TYPE_FLOAT64);
    write_text(world, "a,b\n3,NA\n2,text\n");
    expect_types(world, &options, TYPE_INT64, TYPE_VARCHAR);

    write_text(world, "a,b\n1,NA\n2,5\n");
    set_changed(world, 3);
    expect_types(world, &options, TYPE_INT64, TYPE_INT64);
    unlink(world->path);
    builder_init(&out, world->context->memory, SIZE_MAX);
    assert_int_equal(read_file_so(&out, world, &options, 10, true, &err), BP_NOT_FOUND);
    write_text(world, "a,b\n1,NA\n2,5\n");
    builder_clear(&out);
}

static bp_status known_life(void *data, bp_error *err)
{
    world *world = data;
    bp_status status = BP_OK;

    for (unsigned i = 0; i < 2 && status == BP_OK; i++) {
        builder out;
        builder_init(&out, world->context->memory, SIZE_MAX);
        status = read_file_so(&out, world, NULL, 2, true, err);
        if (status == BP_OK) assert_int_equal(out.size, strlen("a BIGINT,b VARCHAR,c DATE\n1|x\ny\"z|2020-01-01\n2|~|~\n"));
        builder_clear(&out);
    }
    memory_trim(world->context->memory);
    return status;
}

static void test_filters(void **state)
{
    world *world = *state;
    string_view path = string_view_of(world->path);
    const int64_t limits[] = {3, 5};
    const string_ref list[] = {string_ref_of("a longer text than twelve", 25), string_ref_of("x", 1)};
    const column range = {.type = type_of(TYPE_INT64), .length = 2, .values = limits},
                 in = {.type = type_of(TYPE_VARCHAR), .length = 2, .values = list};
    const scan_filter filters[] = {{FILTER_RANGE, 0, &range, true, false, NULL},
                                   {FILTER_IN, 2, &in, false, false, NULL},
                                   {FILTER_NOT_NULL, 1, NULL, false, false, NULL}};
    static const char *const expected[] = {"a BIGINT,b BIGINT,c VARCHAR\n3|~|x\n3|1|a longer text than twelve\n4|9|y\n",
                                           "a BIGINT,b BIGINT,c VARCHAR\n3|~|x\n3|1|a longer text than twelve\n",
                                           "a BIGINT,b BIGINT,c VARCHAR\n3|1|a longer text than twelve\n"};
    csv_options options;
    source *source = NULL;
    bp_error err = {0};

    csv_options_init(&options);
    write_text(world, "a,b,c\n1,5,x\n3,,x\n3,1,a longer text than twelve\n4,9,y\n5,1,x\n,1,x\n");
    assert_int_equal(csv_source_new(&source, world->context, &path, 1, &options, &err), BP_OK);
    assert_true(source->exact_filters);
    for (size_t i = 0; i < 3; i++) {
        for (size_t batch_size = 1; batch_size < 8; batch_size++) {
            builder out;
            builder_init(&out, world->context->memory, SIZE_MAX);
            assert_int_equal(print_source(&out, source, filters, i + 1, batch_size, &err), BP_OK);
            builder_byte(&out, 0);
            assert_string_equal(out.data, expected[i]);
            builder_clear(&out);
        }
    }
    source_release(source);
}

static bp_status whole_life(void *data, bp_error *err)
{
    world *world = data;
    builder out;
    bp_status status;

    builder_init(&out, world->context->memory, SIZE_MAX);
    status = read_file(&out, world, NULL, 2, err);
    if (status == BP_OK)
        assert_int_equal(out.size,
                         strlen("a BIGINT,b VARCHAR,c DATE\n1|x\ny\"z|2020-01-01\n2|~|~\n3|longer than twelve bytes|2020-01-02\n"));
    builder_clear(&out);
    return status;
}

static void test_out_of_memory(void **state)
{
    world *world = *state;

    set_size(world, "threads", 1);
    set_size(world, "csv_block_size", 20);
    write_text(world, "a,b,c\n1,\"x\ny\"\"z\",2020-01-01\n2,,\n3,longer than twelve bytes,2020-01-02\n");
    oom_run(world->context->memory, whole_life, world, BP_OK);
    faults_run(world->context, whole_life, world, BP_OK);
    write_text(world, "a,b,c\n1,\"x\ny\"\"z\",2020-01-01\n2,,\n");
    set_changed(world, 0);
    oom_run(world->context->memory, known_life, world, BP_OK);
    faults_run(world->context, known_life, world, BP_OK);
    compress(world, CODEC_GZIP, "a,b,c\n1,\"x\ny\"\"z\",2020-01-01\n2,,\n3,longer than twelve bytes,2020-01-02\n", 0);
    oom_run(world->context->memory, whole_life, world, BP_OK);
    compress(world, CODEC_ZSTD, "a,b,c\n1,\"x\ny\"\"z\",2020-01-01\n2,,\n3,longer than twelve bytes,2020-01-02\n", 0);
    oom_run(world->context->memory, whole_life, world, BP_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(test_sniffing),
        TEST(test_nul_bytes_are_text),
        TEST(test_multi_byte_delimiter),
        TEST(test_given_types),
        TEST(test_ragged_rows_are_errors),
        TEST(test_rejects),
        TEST(test_nulls),
        TEST(test_number_forms),
        TEST(test_date_formats),
        TEST(test_late_misfit),
        TEST(test_late_misfit_parallel),
        TEST(test_encodings),
        TEST(test_compressed),
        TEST(test_not_a_file),
        TEST(test_changed_file),
        TEST(test_known),
        TEST(test_filters),
        TEST(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
