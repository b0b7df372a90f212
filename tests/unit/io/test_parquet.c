/* The Parquet reader on bytes made by hand from the format's documents: decoders one by one, then whole files of a small writer below. What peers write
 * is read in tests/peer/test_parquet.py. */
#include "csv_support.h"

#include "io/parquet_internal.h"

/* Bit streams ------------------------------------------------------------------------------------------------------------------------ */
/* Encodings.md: the numbers 0 to 7 in three bits. */
static void test_packed_run(void **state)
{
    uint8_t bytes[32] = {3, 0x88, 0xc6, 0xfa};
    uint32_t values[8], more;
    parquet_runs runs;

    (void)state;
    parquet_runs_init(&runs, bytes, 4, 3);
    assert_true(parquet_runs_read(&runs, values, 3));
    assert_true(parquet_runs_read(&runs, values + 3, 5));
    for (uint32_t i = 0; i < 8; i++) assert_int_equal(values[i], i);
    assert_false(parquet_runs_read(&runs, &more, 1));
}

static void test_runs(void **state)
{
    uint8_t bytes[48] = {20, 5, 3, 0x88, 0xc6, 0xfa, 4, 1}; /* ten fives, 0 … 7, two ones */
    uint32_t values[20];
    parquet_runs runs;

    (void)state;
    parquet_runs_init(&runs, bytes, 8, 3);
    assert_true(parquet_runs_skip(&runs, 9));
    assert_true(parquet_runs_read(&runs, values, 11));
    assert_int_equal(values[0], 5);
    assert_int_equal(values[1], 0);
    assert_int_equal(values[8], 7);
    assert_int_equal(values[10], 1);
    assert_false(parquet_runs_skip(&runs, 1));
}

static void test_every_width(void **state)
{
    uint8_t bytes[600] = {(64 / 8) << 1 | 1};
    uint32_t values[64];

    (void)state;
    for (unsigned width = 1; width <= 32; width++) {
        uint32_t mask = width == 32 ? UINT32_MAX : (1u << width) - 1;
        parquet_runs runs;
        memset(bytes + 1, 0, sizeof bytes - 1);
        for (unsigned i = 0; i < 64; i++)
            for (unsigned bit = 0; bit < width; bit++)
                if ((i * 0x9e3779b9u & mask) >> bit & 1) bytes[1 + (i * width + bit) / 8] |= (uint8_t)(1 << (i * width + bit) % 8);
        for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
            cpu_force_level(level);
            parquet_runs_init(&runs, bytes, 1 + 8 * width, width);
            assert_true(parquet_runs_read(&runs, values, 5));
            assert_true(parquet_runs_read(&runs, values + 5, 59));
            for (unsigned i = 0; i < 64; i++) assert_int_equal(values[i], i * 0x9e3779b9u & mask);
        }
    }
}

static void test_bits_of_levels(void **state)
{
    uint8_t bytes[40] = {200, 1, 1, 5, 0xff, 0x0f}; /* a hundred ones, then 12 ones and four zeros */
    uint64_t bits[4] = {0};
    size_t ones = 0;
    parquet_runs runs;

    (void)state;
    parquet_runs_init(&runs, bytes, 6, 1);
    assert_true(parquet_runs_read_bits(&runs, bits, 3, 116, &ones));
    assert_int_equal(ones, 112);
    assert_false(bitmap_get(bits, 2));
    assert_true(bitmap_get(bits, 3));
    assert_true(bitmap_get(bits, 114));
    assert_false(bitmap_get(bits, 115));
    assert_false(parquet_runs_read_bits(&runs, bits, 0, 1, &ones));
}

/* Runs that lie: no bytes, a value too wide, a header without end. */
static void test_hostile_runs(void **state)
{
    const uint8_t cases[][24] = {{0}, {2}, {4, 9}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    const size_t sizes[] = {0, 1, 2, 11};
    uint32_t value;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        parquet_runs runs;
        parquet_runs_init(&runs, cases[i], sizes[i], 3);
        assert_false(parquet_runs_read(&runs, &value, 1));
    }
}

/* Encodings.md, example 2: 7 5 3 1 2 3 4 5, whose differences are -2 -2 -2 1 1 1 1, less the least: 0 0 0 3 3 3 3, in two bits. */
static void test_delta(void **state)
{
    uint8_t bytes[64] = {128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0, 'x'};
    const int64_t expected[] = {7, 5, 3, 1, 2, 3, 4, 5};
    const uint8_t *end;
    int64_t values[8];
    parquet_delta delta;

    (void)state;
    assert_true(parquet_delta_init(&delta, bytes, 19));
    assert_true(parquet_delta_end(&delta, &end));
    assert_int_equal(*end, 'x');
    assert_true(parquet_delta_read(&delta, values, 3));
    assert_true(parquet_delta_read(&delta, values + 3, 5));
    for (size_t i = 0; i < 8; i++) assert_int_equal(values[i], expected[i]);
    assert_false(parquet_delta_read(&delta, values, 1));
}

static void test_hostile_delta(void **state)
{
    uint8_t many_values[32] = {128, 1, 4, 0xff, 0xff, 0xff, 0xff, 7, 0}, no_miniblocks[32] = {128, 1, 0, 8, 0},
            wide[32] = {8, 1, 8, 0, 0, 65, 0, 0};
    const uint8_t *end;
    int64_t value[2];
    parquet_delta delta;

    (void)state;
    assert_true(parquet_delta_init(&delta, many_values, 9));
    assert_false(parquet_delta_end(&delta, &end));
    assert_true(parquet_delta_read(&delta, value, 1));
    assert_false(parquet_delta_read(&delta, value, 1));
    assert_false(parquet_delta_init(&delta, no_miniblocks, 5));
    assert_false(parquet_delta_init(&delta, wide, 2));
    assert_true(parquet_delta_init(&delta, wide, 8));
    assert_false(parquet_delta_read(&delta, value, 2));
}

/* Blocks ------------------------------------------------------------------------------------------------------------------------------ */
/* Big-endian two's complement of every size, its sign spread over the bytes in front. */
static void put_decimal(uint8_t *to, size_t size, int64_t value)
{
    for (size_t i = 0; i < size; i++) {
        size_t shift = 8 * (size - 1 - i);
        to[i] = (uint8_t)((shift < 64 ? value >> shift : value >> 63) & 0xff);
    }
}

static void test_decimals(void **state)
{
    static const int64_t values[] = {0, 1, -1, 127, -128, 32767, -32768, 99999, -99999};
    parquet_leaf leaf = {.convert = CONVERT_DECIMAL};

    (void)state;
    for (leaf.width = 8; leaf.width <= 16; leaf.width += 8) {
        for (size_t size = 3; size <= 24; size++) {
            uint8_t bytes[ARRAY_LENGTH(values)][24];
            string_ref refs[ARRAY_LENGTH(values)];
            int128 wide[ARRAY_LENGTH(values)];
            int64_t narrow[ARRAY_LENGTH(values)];
            for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
                put_decimal(bytes[i], size, values[i]);
                refs[i] = string_ref_of((const char *)bytes[i], size);
            }
            assert_int_equal(
                parquet_convert_values(&leaf, refs, ARRAY_LENGTH(values), leaf.width == 8 ? (void *)narrow : wide, NULL), BP_OK);
            for (size_t i = 0; i < ARRAY_LENGTH(values); i++) assert_true((leaf.width == 8 ? narrow[i] : wide[i]) == values[i]);
        }
    }
}

static void test_odd_decimals(void **state)
{
    parquet_leaf narrow = {.convert = CONVERT_DECIMAL, .width = 8};
    string_ref refs[2] = {string_ref_of("", 0), string_ref_of("\x80", 1)}, large = string_ref_of("\x01\0\0\0\0\0\0\0\0", 9);
    int64_t out[2];

    (void)state;
    assert_int_equal(parquet_convert_values(&narrow, refs, 2, out, NULL), BP_OK);
    assert_int_equal(out[0], 0);
    assert_int_equal(out[1], -128);
    assert_int_equal(parquet_convert_values(&narrow, &large, 1, out, NULL), BP_BAD_FORMAT);
}

static void test_snappy(void **state)
{
    /* 20 bytes: the literal "abcd", then a copy of 16 from 4 back */
    const uint8_t good[] = {20, 3 << 2, 'a', 'b', 'c', 'd', 15 << 2 | 2, 4, 0},
                  far[] = {20, 3 << 2, 'a', 'b', 'c', 'd', 15 << 2 | 2, 5, 0};
    uint8_t out[20 + BLOCK_SPARE];

    (void)state;
    assert_true(snappy_decode(good, sizeof good, out, 20));
    assert_memory_equal(out, "abcdabcdabcdabcdabcd", 20);
    assert_false(snappy_decode(good, sizeof good, out, 19));
    assert_false(snappy_decode(good, sizeof good - 1, out, 20));
    assert_false(snappy_decode(far, sizeof far, out, 20));
    assert_false(snappy_decode(NULL, 0, out, 0));
}

/* Repeats at every distance, long enough for the fast part of the decoder. */
static void test_snappy_distances(void **state)
{
    uint8_t packed[1024], out[700 + BLOCK_SPARE];

    (void)state;
    for (unsigned distance = 1; distance <= 40; distance++) {
        size_t size = 0, full = 40;
        packed[size++] = (uint8_t)((700 & 127) | 128);
        packed[size++] = 700 >> 7;
        packed[size++] = 39 << 2;
        for (unsigned i = 0; i < 40; i++) packed[size++] = (uint8_t)(i * 7 + 1);
        while (full < 700) {
            unsigned length = full % 3 == 0 ? 64 : full % 3 == 1 ? 11 : 5;
            if (length > 700 - full) length = (unsigned)(700 - full);
            if (length >= 4 && length <= 11) {
                packed[size++] = (uint8_t)(1 | (length - 4) << 2);
                packed[size++] = (uint8_t)distance;
            } else {
                packed[size++] = (uint8_t)(2 | (length - 1) << 2);
                packed[size++] = (uint8_t)distance;
                packed[size++] = 0;
            }
            full += length;
        }
        assert_true(snappy_decode(packed, size, out, 700));
        for (size_t i = 0; i < 40; i++) assert_int_equal(out[i], (uint8_t)(i * 7 + 1));
        for (size_t i = 40; i < 700; i++) assert_int_equal(out[i], out[i - distance]);
    }
}

/* A short literal and a copy in turn, as in dictionaries of numbers; copies reach back to any byte, their own literal's too. */
static void test_snappy_pairs(void **state)
{
    enum { FULL = 600 };
    uint8_t packed[1024], expected[FULL], out[FULL + BLOCK_SPARE];

    (void)state;
    for (unsigned distance = 1; distance <= 40; distance++) {
        size_t size = 0, full = 40;
        packed[size++] = (uint8_t)((FULL & 127) | 128);
        packed[size++] = FULL >> 7;
        packed[size++] = 39 << 2;
        for (unsigned i = 0; i < 40; i++) packed[size++] = expected[i] = (uint8_t)(i * 7 + 1);
        for (unsigned pair = 0; full < FULL; pair++) {
            unsigned literal = pair % 5 + 1, copied = pair % 11 == 10 ? 40 : pair % 8 + 4;
            if (literal + copied > FULL - full) literal = (unsigned)(FULL - full), copied = 0;
            packed[size++] = (uint8_t)((literal - 1) << 2);
            for (unsigned i = 0; i < literal; i++) packed[size++] = expected[full++] = (uint8_t)(pair * 5 + i);
            if (!copied) break;
            packed[size++] = (uint8_t)(copied > 11 || pair % 2 ? 2 | (copied - 1) << 2 : 1 | (copied - 4) << 2);
            packed[size++] = (uint8_t)distance;
            if ((packed[size - 2] & 3) == 2) packed[size++] = 0;
            for (unsigned i = 0; i < copied; i++, full++) expected[full] = expected[full - distance];
        }
        assert_true(snappy_decode(packed, size, out, FULL));
        assert_memory_equal(out, expected, FULL);
    }
}

static void test_lz4(void **state)
{
    const uint8_t good[] = {0x44, 'a', 'b', 'c', 'd', 4, 0, 0x50, '1', '2', '3', '4', '5'},
                  zero[] = {0x44, 'a', 'b', 'c', 'd', 0, 0, 0};
    const uint8_t hadoop[] = {0, 0, 0, 17, 0, 0, 0, 13, 0x44, 'a', 'b', 'c', 'd', 4, 0, 0x50, '1', '2', '3', '4', '5'};
    uint8_t out[17 + BLOCK_SPARE];

    (void)state;
    assert_true(lz4_decode(good, sizeof good, out, 17));
    assert_memory_equal(out, "abcdabcdabcd12345", 17);
    assert_true(lz4_hadoop_decode(hadoop, sizeof hadoop, out, 17));
    assert_memory_equal(out, "abcdabcdabcd12345", 17);
    assert_false(lz4_decode(good, sizeof good, out, 16));
    assert_false(lz4_decode(good, sizeof good - 1, out, 17));
    assert_false(lz4_decode(zero, sizeof zero, out, 12));
    assert_false(lz4_hadoop_decode(hadoop, sizeof hadoop - 1, out, 17));
}

/* What a page claims is judged before there is room for it. */
static void test_impossible_sizes(void **state)
{
    const uint8_t bytes[16] = {0x80, 0x80, 0x80, 0x80, 1};

    (void)state;
    for (block_codec codec = BLOCK_NONE; codec <= BLOCK_LZ4_HADOOP; codec++)
        assert_false(block_size_possible(codec, bytes, sizeof bytes, (uint64_t)1 << 40));
    assert_false(block_size_possible(BLOCK_SNAPPY, bytes, sizeof bytes, (uint64_t)1 << 28));
    assert_false(block_size_possible(BLOCK_LZ4, bytes, sizeof bytes, 1 << 20));
}

/* Thrift ------------------------------------------------------------------------------------------------------------------------------ */
static void test_thrift(void **state)
{
    /* {1: i32 -3, 3: "hi", 4: true, 5: [i64 1, 2], 20: {1: false}} */
    const uint8_t bytes[] = {0x15, 5, 0x28, 2, 'h', 'i', 0x11, 0x19, 0x26, 2, 4, 0x0c, 40, 0x12, 0, 0};
    thrift in = thrift_over(bytes, sizeof bytes);

    (void)state;
    thrift_begin(&in);
    assert_true(thrift_next(&in) && in.field == 1);
    assert_int_equal(thrift_integer(&in), -3);
    assert_true(thrift_next(&in) && in.field == 3);
    assert_true(string_equal(thrift_binary(&in), STRING_VIEW("hi")));
    assert_true(thrift_next(&in) && in.field == 4 && thrift_bool(&in));
    assert_true(thrift_next(&in) && in.field == 5);
    assert_int_equal(thrift_list(&in, THRIFT_I64), 2);
    assert_int_equal(thrift_integer(&in), 1);
    assert_int_equal(thrift_integer(&in), 2);
    assert_true(thrift_next(&in) && in.field == 20);
    thrift_skip(&in);
    assert_false(thrift_next(&in));
    assert_false(in.bad);
    in = thrift_over(bytes, sizeof bytes);
    thrift_skip(&in);
    assert_false(in.bad);
    assert_int_equal(cursor_left(&in.bytes), 0);
    for (size_t size = 0; size < sizeof bytes; size++) {
        in = thrift_over(bytes, size);
        thrift_skip(&in);
        assert_true(in.bad);
    }
}

static void test_hostile_thrift(void **state)
{
    uint8_t deep[1000], list[] = {0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f};
    thrift in;

    (void)state;
    memset(deep, 0x1c, sizeof deep);
    in = thrift_over(deep, sizeof deep);
    thrift_skip(&in);
    assert_true(in.bad);
    in = thrift_over(list, sizeof list);
    thrift_begin(&in);
    assert_true(thrift_next(&in));
    assert_int_equal(thrift_list(&in, THRIFT_STRUCT), 0);
    assert_true(in.bad);
}

/* Files ------------------------------------------------------------------------------------------------------------------------------- */
/* A writer of the least that a file needs: values of Thrift, one after the other, into a builder. */
static void varint(builder *out, uint64_t value)
{
    for (; value >= 128; value >>= 7) builder_byte(out, (char)(value | 128));
    builder_byte(out, (char)value);
}

static void field(builder *out, unsigned step, thrift_type type)
{
    builder_byte(out, (char)(step << 4 | type));
}

static void integer(builder *out, unsigned step, thrift_type type, int64_t value)
{
    field(out, step, type);
    varint(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static void text(builder *out, unsigned step, const char *value)
{
    if (step) field(out, step, THRIFT_BINARY);
    varint(out, strlen(value));
    builder_append(out, value, strlen(value));
}

static void list(builder *out, unsigned step, thrift_type type, unsigned count)
{
    field(out, step, THRIFT_LIST);
    builder_byte(out, (char)(count << 4 | type));
}

/* One column "v" in one page: how it is described, and what is in the page. */
typedef struct plan {
    int physical, repetition, converted; /* converted -1: none */
    int encoding;
    int64_t rows, values; /* of the footer, of the page */
    const void *page;
    size_t page_size;
    int64_t claimed; /* the page's full size; -1: true */
    int codec;
} plan;

static void page(builder *out, const plan *plan)
{
    integer(out, 1, THRIFT_I32, 0);
    integer(out, 1, THRIFT_I32, plan->claimed >= 0 ? plan->claimed : (int64_t)plan->page_size);
    integer(out, 1, THRIFT_I32, (int64_t)plan->page_size);
    field(out, 2, THRIFT_STRUCT);
    integer(out, 1, THRIFT_I32, plan->values);
    integer(out, 1, THRIFT_I32, plan->encoding);
    integer(out, 1, THRIFT_I32, PARQUET_RLE);
    integer(out, 1, THRIFT_I32, PARQUET_RLE);
    builder_literal(out, "\0\0");
    builder_append(out, plan->page, plan->page_size);
}

static void footer(builder *out, const plan *plan, int64_t offset, int64_t size)
{
    integer(out, 1, THRIFT_I32, 2);
    list(out, 1, THRIFT_STRUCT, 2);
    text(out, 4, "schema");
    integer(out, 1, THRIFT_I32, 1);
    builder_byte(out, 0);
    integer(out, 1, THRIFT_I32, plan->physical);
    integer(out, 2, THRIFT_I32, plan->repetition);
    text(out, 1, "v");
    if (plan->converted >= 0) integer(out, 2, THRIFT_I32, plan->converted);
    builder_byte(out, 0);
    integer(out, 1, THRIFT_I64, plan->rows);
    list(out, 1, THRIFT_STRUCT, 1);
    list(out, 1, THRIFT_STRUCT, 1);
    integer(out, 2, THRIFT_I64, offset);
    field(out, 1, THRIFT_STRUCT);
    integer(out, 1, THRIFT_I32, plan->physical);
    list(out, 1, THRIFT_I32, 1);
    varint(out, (uint64_t)plan->encoding << 1);
    list(out, 1, THRIFT_BINARY, 1);
    text(out, 0, "v");
    integer(out, 1, THRIFT_I32, plan->codec);
    integer(out, 1, THRIFT_I64, plan->rows);
    integer(out, 1, THRIFT_I64, size);
    integer(out, 1, THRIFT_I64, size);
    integer(out, 2, THRIFT_I64, offset);
    builder_literal(out, "\0\0");
    integer(out, 1, THRIFT_I64, size);
    integer(out, 1, THRIFT_I64, plan->rows);
    builder_literal(out, "\0\0");
}

static void write_file(const world *world, const plan *plan, size_t cut)
{
    builder out;
    uint32_t size;
    size_t begin;

    builder_init(&out, world->context->memory, 1 << 20);
    builder_literal(&out, "PAR1");
    page(&out, plan);
    begin = out.size;
    footer(&out, plan, 4, (int64_t)begin - 4);
    size = (uint32_t)(out.size - begin);
    builder_append(&out, &size, 4);
    builder_literal(&out, "PAR1");
    write_bytes(world, out.data, out.size - cut);
    builder_clear(&out);
}

static bp_status read_parquet(builder *out, const world *world, size_t batch_size, bp_error *err)
{
    string_view path = string_view_of(world->path);
    parquet_options options;
    source *source = NULL;
    bp_status status;

    parquet_options_init(&options);
    status = parquet_source_new(&source, world->context, &path, 1, &options, err);
    if (status == BP_OK) status = print_source(out, source, NULL, 0, batch_size, err);
    if (source) source_release(source);
    return status;
}

static void expect_rows(world *world, const plan *plan, const char *expected)
{
    for (size_t batch_size = 1; batch_size < 3000; batch_size += 2047) {
        bp_error err = {0};
        builder out;
        builder_init(&out, world->context->memory, SIZE_MAX);
        write_file(world, plan, 0);
        if (read_parquet(&out, world, batch_size, &err)) fail_msg("%s", err.message);
        builder_byte(&out, 0);
        assert_string_equal(out.data, expected);
        builder_clear(&out);
    }
}

static void expect_fault(world *world, const plan *plan, size_t cut, const char *part)
{
    size_t before = bp_context_memory_peak(world->context);
    bp_error err = {0};
    builder out;

    builder_init(&out, world->context->memory, SIZE_MAX);
    write_file(world, plan, cut);
    assert_int_not_equal(read_parquet(&out, world, 2048, &err), BP_OK);
    if (!strstr(err.message, part) || !strstr(err.message, world->path)) fail_msg("\"%s\" does not say \"%s\"", err.message, part);
    assert_true(bp_context_memory_peak(world->context) - before < 4 << 20);
    builder_clear(&out);
}

static void test_plain_file(void **state)
{
    const int32_t numbers[] = {1, -2, 3};
    const char texts[] = "\2\0\0\0hi\0\0\0\0\17\0\0\0fifteen letters";
    const char optional[] = "\2\0\0\0\3\5\7\0\0\0\10\0\0\0"; /* levels 1 0 1, then 7 and 8 */

    expect_rows(*state, &(plan){PARQUET_INT32, 0, -1, 0, 3, 3, numbers, sizeof numbers, -1, 0}, "v INTEGER\n1\n-2\n3\n");
    expect_rows(*state, &(plan){PARQUET_BYTE_ARRAY, 0, 0, 0, 3, 3, texts, sizeof texts - 1, -1, 0},
                "v VARCHAR\nhi\n\nfifteen letters\n");
    expect_rows(*state, &(plan){PARQUET_INT32, 1, 6, 0, 3, 3, optional, sizeof optional - 1, -1, 0},
                "v DATE\n1970-01-08\n~\n1970-01-09\n");
}

/* A repeated field outside of a LIST is one that is never NULL: [7, 8], [], [9]. */
static void test_repeated_file(void **state)
{
    const char bytes[] = "\2\0\0\0\3\2" /* repetition 0 1 0 0 */
                         "\2\0\0\0\3\13" /* definition 1 1 0 1 */
                         "\7\0\0\0\10\0\0\0\11\0\0\0";

    plan plan = {PARQUET_INT32, 2, -1, 0, 3, 4, bytes, sizeof bytes - 1, -1, 0};
    world *world = *state;
    bp_error err = {0};
    builder out;

    builder_init(&out, world->context->memory, SIZE_MAX);
    write_file(world, &plan, 0); /* the footer tells rows for values, so the page has one too many */
    assert_int_equal(read_parquet(&out, world, 2048, &err), BP_BAD_FORMAT);
    assert_non_null(strstr(err.message, "more than the column's 3 values"));
    builder_clear(&out);
}

static void test_damaged_files(void **state)
{
    const int32_t numbers[] = {1, -2, 3};
    const char not_text[] = "\1\0\0\0\xff";
    const char long_text[] = "\377\377\377\177x";
    plan good = {PARQUET_INT32, 0, -1, 0, 3, 3, numbers, sizeof numbers, -1, 0}, bad = good;

    expect_fault(*state, &good, 1, "does not end with \"PAR1\"");
    bad.values = 4;
    expect_fault(*state, &bad, 0, "column \"v\", page 1");
    bad = good, bad.page_size = 11;
    expect_fault(*state, &bad, 0, "fewer values than it claims");
    bad = good, bad.rows = 4;
    expect_fault(*state, &bad, 0, "the column ends after 3 values");
    bad = good, bad.rows = (int64_t)1 << 60;
    expect_fault(*state, &bad, 0, "the column ends after 3 values");
    bad = good, bad.encoding = 8;
    expect_fault(*state, &bad, 0, "there is none before it");
    bad = good, bad.encoding = 30;
    expect_fault(*state, &bad, 0, "encoding 30");
    bad = good, bad.codec = 3;
    expect_fault(*state, &bad, 0, "compressed with LZO");
    bad = good, bad.claimed = INT32_MAX;
    for (int codec = 0; codec <= 7; codec++) {
        if (codec == 3 || codec == 4) continue; /* LZO is not read; Brotli may stand for anything */
        bad.codec = codec;
        expect_fault(*state, &bad, 0, "cannot be the 2147483647");
    }
    expect_fault(*state, &(plan){PARQUET_BYTE_ARRAY, 0, 0, 0, 1, 1, not_text, sizeof not_text - 1, -1, 0}, 0, "not UTF-8");
    expect_fault(*state, &(plan){PARQUET_BYTE_ARRAY, 0, 0, 0, 1, 1, long_text, sizeof long_text - 1, -1, 0}, 0,
                 "fewer values than it claims");
    expect_fault(*state, &(plan){PARQUET_INT32, 0, 7, 0, 3, 3, numbers, sizeof numbers, -1, 0}, 0, "a time of day is out of range");
}

/* Every cut of a file, and every byte of it changed, is an error or an answer. */
static void test_every_byte(void **state)
{
    const char optional[] = "\2\0\0\0\3\5\7\0\0\0\10\0\0\0";
    const plan plan = {PARQUET_INT32, 1, -1, 0, 3, 3, optional, sizeof optional - 1, -1, 0};
    world *world = *state;
    char bytes[1024];
    size_t size;
    FILE *file;

    write_file(world, &plan, 0);
    file = fopen(world->path, "rb");
    assert_non_null(file);
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t i = 0; i < size; i++) {
        for (unsigned bit = 0; bit < 9; bit++) {
            bp_error err = {0};
            builder out;
            builder_init(&out, world->context->memory, 1 << 20);
            bytes[i] = (char)(bytes[i] ^ (bit < 8 ? 1 << bit : 0));
            write_bytes(world, bytes, bit < 8 ? size : i);
            if (read_parquet(&out, world, 2048, &err)) assert_true(err.message[0] != 0);
            bytes[i] = (char)(bytes[i] ^ (bit < 8 ? 1 << bit : 0));
            builder_clear(&out);
        }
    }
}

static bp_status whole_life(void *data, bp_error *err)
{
    world *world = data;
    bp_status status;
    builder out;

    builder_init(&out, world->context->memory, SIZE_MAX);
    status = read_parquet(&out, world, 2, err);
    builder_clear(&out);
    return status;
}

static void test_out_of_memory(void **state)
{
    const char texts[] = "\2\0\0\0hi\0\0\0\0\17\0\0\0fifteen letters";
    const plan plan = {PARQUET_BYTE_ARRAY, 0, 0, 0, 3, 3, texts, sizeof texts - 1, -1, 0};
    world *world = *state;

    write_file(world, &plan, 0);
    oom_run(world->context->memory, whole_life, world, BP_OK);
    faults_run(world->context, whole_life, world, BP_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {TEST(test_packed_run),
                                       TEST(test_runs),
                                       TEST(test_every_width),
                                       TEST(test_bits_of_levels),
                                       TEST(test_hostile_runs),
                                       TEST(test_delta),
                                       TEST(test_hostile_delta),
                                       TEST(test_decimals),
                                       TEST(test_odd_decimals),
                                       TEST(test_snappy),
                                       TEST(test_snappy_distances),
                                       TEST(test_snappy_pairs),
                                       TEST(test_lz4),
                                       TEST(test_impossible_sizes),
                                       TEST(test_thrift),
                                       TEST(test_hostile_thrift),
                                       TEST(test_plain_file),
                                       TEST(test_repeated_file),
                                       TEST(test_damaged_files),
                                       TEST(test_every_byte),
                                       TEST(test_out_of_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
