/* Arrow IPC: what the writer writes is read back in every container and compression; cut and damaged files are errors, never more; flatbuffers and LZ4 frames by themselves. That
 * others read what is written, and are read, is tested in tests/peer/test_ipc.py. */
#include "csv_support.h"

#include "io/codec_block.h"
#include "io/codec_lz4.h"
#include "io/ipc.h"
#include "io/ipc_flatbuffer.h"

/* Flatbuffers -------------------------------------------------------------------------------------------------------------------------- */
static void test_flatbuffer(void **state)
{
    static const flat_field fields[] = {{0, 2, -3}, {2, 0, 0}, {3, 8, INT64_MIN}, {4, 1, 1}, {6, 0, 0}};
    world *world = *state;
    flat_bytes bytes = {0};
    flat_vector vector;
    flat_table root;
    size_t table, at;
    builder out;

    builder_init(&out, world->context->memory, SIZE_MAX);
    flat_write_root(&out);
    table = flat_write_table(&out, fields, ARRAY_LENGTH(fields));
    flat_link_root(&out, table);
    flat_link(&out, table, 2, flat_write_text(&out, STRING_VIEW("a text")));
    at = flat_write_vector(&out, 2, 16);
    flat_link(&out, table, 6, at);
    flat_put_element(&out, at, 1, 16, 8, 8, 77);
    assert_int_equal(out.status, BP_OK);
    bytes = (flat_bytes){.data = (const uint8_t *)out.data, .size = out.size};
    root = flat_root(&bytes);
    assert_int_equal(flat_integer(&root, 0, 2, 9), -3);
    assert_int_equal(flat_integer(&root, 1, 4, 9), 9); /* absent */
    assert_true(string_equal(flat_text(&root, 2), STRING_VIEW("a text")));
    assert_true(flat_integer(&root, 3, 8, 0) == INT64_MIN);
    assert_int_equal(flat_integer(&root, 9, 1, 5), 5); /* beyond the vtable */
    vector = flat_elements(&root, 6, 16);
    assert_int_equal(vector.count, 2);
    assert_int_equal(vector.at % 8, 0);
    assert_int_equal(flat_element_integer(&vector, 1, 16, 8, 8), 77);
    assert_false(bytes.broken);
    (void)flat_element_integer(&vector, 2, 16, 8, 8);
    assert_true(bytes.broken);
    builder_clear(&out);
}

/* LZ4 ------------------------------------------------------------------------------------------------------------------------------------ */
static void expect_packed(builder *out, const uint8_t *bytes, size_t size)
{
    uint8_t *back = malloc(size + BLOCK_SPARE);

    assert_non_null(back);
    builder_reset(out);
    assert_int_equal(lz4_frame_encode(out, bytes, size, NULL), BP_OK);
    assert_true(lz4_frame_decode((const uint8_t *)out->data, out->size, back, size));
    if (size) assert_memory_equal(back, bytes, size);
    assert_false(lz4_frame_decode((const uint8_t *)out->data, out->size, back, size ? size - 1 : 0) && size);
    assert_false(lz4_frame_decode((const uint8_t *)out->data, out->size - 1, back, size));
    free(back);
}

/* Of few different bytes, of periods, of none that pack; around the sizes where blocks begin. */
static void test_lz4_frames(void **state)
{
    static const size_t sizes[] = {
        0, 1, 4, 5, 12, 13, 14, 20, 64, 255, 300, 4096, 65535, 65536, 65600, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2100000};
    static const uint64_t masks[] = {0, 1, 0xff, UINT64_MAX};
    world *world = *state;
    uint8_t *bytes = malloc(2100000);
    builder out;

    assert_non_null(bytes);
    builder_init(&out, world->context->memory, SIZE_MAX);
    for (size_t m = 0; m < ARRAY_LENGTH(masks); m++) {
        uint64_t number = 1;
        for (size_t i = 0; i < 2100000; i++) {
            number = number * UINT64_C(6364136223846793005) + 1;
            bytes[i] = (uint8_t)((number >> 56) & masks[m]);
            if (m == 2 && i > 700) bytes[i] = bytes[i - 700 + (i >> 13)]; /* long matches at distances that move */
        }
        for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) expect_packed(&out, bytes, sizes[i]);
    }
    builder_clear(&out);
    free(bytes);
}

/* Frames by hand from the format: blocks stored as they are, then a block that refers to the one before. */
static void test_foreign_frame(void **state)
{
    static const uint8_t stored[] = {0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0, 3,   0, 0, 0x80, 'a', 'b',
                                     'c',  3,    0,    0,    0x80, 'd',  'e',  'f', 0, 0, 0,    0};
    static const uint8_t linked[] = {0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0, 4,   0,   0,   0x80, 'a', 'b', 'c', 'd', 9,
                                     0,    0,    0,    0x00, 4,    0,    0x50, 'v', 'w', 'x', 'y',  'z', 0,   0,   0,   0};
    uint8_t out[13 + BLOCK_SPARE];

    (void)state;
    assert_true(lz4_frame_decode(stored, sizeof stored, out, 6));
    assert_memory_equal(out, "abcdef", 6);
    assert_false(lz4_frame_decode(stored, sizeof stored, out, 7));
    assert_true(lz4_frame_decode(linked, sizeof linked, out, 13)); /* four bytes of the block before, then five new ones */
    assert_memory_equal(out, "abcdabcdvwxyz", 13);
}

/* Files ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status to_builder(void *data, const char *bytes, size_t size, bp_error *err)
{
    builder *out = data;

    builder_append(out, bytes, size);
    return builder_status(out, err);
}

static const uint64_t there[] = {0xb}; /* row 2 is NULL */
static const int64_t numbers[] = {1, -20, 0, 300};
static const uint64_t bits[] = {5};
static const uint32_t codes[] = {1, 0, 0, 1};
static const list_entry entries[] = {{0, 2}, {2, 0}, {2, 0}, {2, 1}};
static const int64_t decimals[] = {5, -1234, 0, 100};

static bp_status write_table(world *world, builder *out, const ipc_write_options *options, bp_error *err)
{
    static const string_view labels[] = {{"low", 3}, {"high", 4}};
    static const type_detail enum_detail = {.child_count = 2, .names = labels};
    const string_ref texts[] = {string_ref_of("short", 5), string_ref_of("longer than twelve bytes", 24), string_ref_of("", 0),
                                string_ref_of("", 0)};
    const data_type element = type_of(TYPE_INT64);
    const type_detail list_detail = {.child_count = 1, .children = &element};
    const data_type list = {.id = TYPE_LIST, .detail = &list_detail}, labelled = {.id = TYPE_ENUM, .detail = &enum_detail};
    const column elements = {.type = element, .length = 4, .values = numbers};
    column columns[] = {{.type = element, .length = 4, .values = numbers, .validity = there},
                        {.type = type_of(TYPE_VARCHAR), .length = 4, .values = texts, .validity = there},
                        {.type = type_of(TYPE_BOOLEAN), .length = 4, .values = bits},
                        {.type = type_decimal(10, 2), .length = 4, .values = decimals},
                        {.type = labelled, .length = 4, .values = codes, .validity = there},
                        {.type = list, .length = 4, .values = entries, .validity = there, .children = &elements, .child_count = 1},
                        {.type = type_of(TYPE_NULL), .length = 4}};
    string_view names[] = {STRING_VIEW("i"), STRING_VIEW("t"), STRING_VIEW("b"), STRING_VIEW("d"),
                           STRING_VIEW("e"), STRING_VIEW("l"), STRING_VIEW("n")};
    data_type types[ARRAY_LENGTH(columns)];
    const schema schema = {ARRAY_LENGTH(columns), names, types};
    const batch batch = {4, ARRAY_LENGTH(columns), columns};
    target *writer = NULL;
    bp_status status;

    for (size_t i = 0; i < ARRAY_LENGTH(columns); i++) types[i] = columns[i].type;
    status = ipc_writer_new(&writer, world->context, (byte_sink){to_builder, out}, STRING_VIEW(""), &schema, options, err);
    if (!status) status = target_write(writer, &batch, err);
    if (!status) status = target_finish(writer, err);
    target_free(writer);
    return status;
}

static bp_status read_back(builder *out, const world *world, size_t batch_size, bp_error *err)
{
    string_view path = string_view_of(world->path);
    ipc_read_options options;
    source *source = NULL;
    bp_status status;

    ipc_read_options_init(&options);
    status = ipc_source_new(&source, world->context, &path, 1, &options, err);
    if (!status) status = print_source(out, source, NULL, 0, batch_size, err);
    if (source) source_release(source);
    return status;
}

static const char expected[] = "i BIGINT,t VARCHAR,b BOOLEAN,d DECIMAL(10,2),e VARCHAR,l BIGINT[],n \"NULL\"\n"
                               "1|short|true|0.05|high|[1, -20]|~\n-20|longer than twelve bytes|false|-12.34|low|[]|~\n"
                               "~|~|true|0.00|~|~|~\n300||false|1.00|high|[0]|~\n";

static void test_read_back(void **state)
{
    world *world = *state;

    for (ipc_container container = IPC_FILE; container <= IPC_STREAM; container++) {
        for (ipc_compression compression = IPC_UNCOMPRESSED; compression <= IPC_ZSTD; compression++) {
            for (size_t rows = 1; rows <= 4; rows++) {
                ipc_write_options options = {.container = container, .compression = compression, .batch_rows = rows};
                bp_error err = {0};
                builder out;
                builder_init(&out, world->context->memory, SIZE_MAX);
                if (write_table(world, &out, &options, &err)) fail_msg("%s", err.message);
                write_bytes(world, out.data, out.size);
                builder_reset(&out);
                if (read_back(&out, world, rows, &err)) fail_msg("%s", err.message);
                builder_byte(&out, 0);
                assert_string_equal(out.data, expected);
                builder_clear(&out);
            }
        }
    }
}

/* A file that is cut anywhere is an error. A stream may end between two messages, and then has the rows until there. */
static void test_cut(void **state)
{
    world *world = *state;

    for (ipc_container container = IPC_FILE; container <= IPC_STREAM; container++) {
        ipc_write_options options = {.container = container, .compression = IPC_LZ4, .batch_rows = 2};
        size_t read = 0;
        builder whole, out;
        builder_init(&whole, world->context->memory, SIZE_MAX);
        builder_init(&out, world->context->memory, SIZE_MAX);
        assert_int_equal(write_table(world, &whole, &options, NULL), BP_OK);
        for (size_t size = 0; size < whole.size; size++) {
            bp_error err = {0};
            bp_status status;
            write_bytes(world, whole.data, size);
            builder_reset(&out);
            status = read_back(&out, world, 4, &err);
            if (status) assert_true(strlen(err.message) > 20);
            if (status) continue;
            assert_int_equal(container, IPC_STREAM);
            assert_memory_equal(out.data, expected, out.size);
            read++;
        }
        assert_int_equal(read, container == IPC_STREAM ? 4 : 0); /* behind the schema, the dictionary and each batch */
        builder_clear(&whole);
        builder_clear(&out);
    }
}

/* Each byte turned around: an error, or other values, but no more. */
static void test_damaged(void **state)
{
    static const char masks[] = {(char)0xff, 1, (char)0x80};
    world *world = *state;

    for (ipc_compression compression = IPC_UNCOMPRESSED; compression <= IPC_ZSTD; compression++) {
        ipc_write_options options = {
            .container = compression == IPC_LZ4 ? IPC_STREAM : IPC_FILE, .compression = compression, .batch_rows = 3};
        builder whole, out;
        builder_init(&whole, world->context->memory, SIZE_MAX);
        builder_init(&out, world->context->memory, SIZE_MAX);
        assert_int_equal(write_table(world, &whole, &options, NULL), BP_OK);
        for (size_t i = 0; i < whole.size; i++) {
            for (size_t m = 0; m < sizeof masks; m++) {
                bp_error err = {0};
                whole.data[i] ^= masks[m];
                write_bytes(world, whole.data, whole.size);
                builder_reset(&out);
                if (read_back(&out, world, 4, &err)) assert_true(strlen(err.message) > 20);
                whole.data[i] ^= masks[m];
            }
        }
        builder_clear(&whole);
        builder_clear(&out);
    }
}

/* Running out ----------------------------------------------------------------------------------------------------------------------------- */
static bp_status writing(void *data, bp_error *err)
{
    world *world = data;
    ipc_write_options options = {.container = IPC_FILE, .compression = IPC_ZSTD, .batch_rows = 3};
    bp_status status;
    builder out;

    builder_init(&out, world->context->memory, SIZE_MAX);
    status = write_table(world, &out, &options, err);
    builder_clear(&out);
    return status;
}

static bp_status reading(void *data, bp_error *err)
{
    world *world = data;
    bp_status status;
    builder out;

    builder_init(&out, world->context->memory, SIZE_MAX);
    status = read_back(&out, world, 3, err);
    builder_clear(&out);
    return status;
}

static void test_out_of_memory(void **state)
{
    world *world = *state;

    for (ipc_container container = IPC_FILE; container <= IPC_STREAM; container++) {
        ipc_write_options options = {.container = container, .compression = IPC_ZSTD, .batch_rows = 3};
        builder out;
        builder_init(&out, world->context->memory, SIZE_MAX);
        assert_int_equal(write_table(world, &out, &options, NULL), BP_OK);
        write_bytes(world, out.data, out.size);
        builder_clear(&out);
        oom_run(world->context->memory, reading, world, BP_OK);
        faults_run(world->context, reading, world, BP_OK);
    }
    oom_run(world->context->memory, writing, world, BP_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {TEST(test_flatbuffer), TEST(test_lz4_frames), TEST(test_foreign_frame), TEST(test_read_back),
                                       TEST(test_cut),        TEST(test_damaged),    TEST(test_out_of_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
