/* The Parquet writer's parts against bytes made by hand from the format's documents (Encodings.md, Thrift's compact protocol), and the block encoders against
 * our decoders. Whole files are read by others in tests/peer/test_parquet_writer.py. */
#include "csv_support.h"

#include "base/hash.h"
#include "io/parquet_write_internal.h"

static void assert_bytes(const builder *out, const uint8_t *wanted, size_t size)
{
    assert_int_equal(out->status, BP_OK);
    assert_int_equal(out->size, size);
    assert_memory_equal(out->data, wanted, size);
}

/* Field 1 of I32 1, field 17 of I64 -1 (a step over 15 has the number behind it), a struct with a true in field 2, a list of two texts. */
static void test_thrift(void **state)
{
    static const uint8_t wanted[] = {0x15, 2, 0x06, 34, 1, 0x1c, 0x21, 0, 0x19, 0x28, 1, 'a', 0, 0};
    world *world = *state;
    builder out;
    thrift_writer writer;

    builder_init(&out, world->context->memory, SIZE_MAX);
    writer = thrift_writer_over(&out);
    thrift_put_int(&writer, 1, 1);
    thrift_put_long(&writer, 17, -1);
    thrift_put_struct(&writer, 18);
    thrift_put_bool(&writer, 2, true);
    thrift_put_end(&writer);
    thrift_put_list(&writer, 19, THRIFT_BINARY, 2);
    thrift_put_element_text(&writer, STRING_VIEW("a"));
    thrift_put_element_text(&writer, STRING_VIEW(""));
    thrift_put_end(&writer);
    assert_bytes(&out, wanted, sizeof wanted);
    builder_clear(&out);
}

/* Ten fives, 0 … 7, two ones, in three bits: a run and two packed groups, the second one filled with zeros. */
static void test_runs(void **state)
{
    static const uint32_t values[] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7, 1, 1};
    static const uint8_t wanted[] = {20, 5, 5, 0x88, 0xc6, 0xfa, 0x09, 0, 0};
    world *world = *state;
    builder out;

    builder_init(&out, world->context->memory, SIZE_MAX);
    parquet_put_runs(&out, values, ARRAY_LENGTH(values), 3);
    assert_bytes(&out, wanted, sizeof wanted);
    builder_clear(&out);
}

/* Every width, with runs that begin anywhere: our reader finds the values again. */
static void test_runs_again(void **state)
{
    static uint32_t values[1000], again[1000];
    world *world = *state;

    for (unsigned width = 1; width <= 32; width++)
        for (size_t every = 1; every < 60; every += 7) {
            parquet_runs runs;
            builder out;
            for (size_t i = 0; i < 1000; i++)
                values[i] =
                    (uint32_t)((i / every * UINT64_C(2654435761)) & (width == 32 ? UINT32_MAX : ((uint32_t)1 << width) - 1));
            builder_init(&out, world->context->memory, SIZE_MAX);
            parquet_put_runs(&out, values, 1000, width);
            builder_fill(&out, 0, 32);
            parquet_runs_init(&runs, (const uint8_t *)out.data, out.size - 32, width);
            assert_true(parquet_runs_read(&runs, again, 1000));
            assert_memory_equal(values, again, sizeof values);
            builder_clear(&out);
        }
}

/* Encodings.md: 7, 5, 3, 1, 2, 3, 4, 5 with blocks of 128 in 4 miniblocks: differences -2 and 1, less their least 0 and 3, in two bits. */
static void test_delta(void **state)
{
    static const int32_t values[] = {7, 5, 3, 1, 2, 3, 4, 5};
    static const uint8_t wanted[] = {0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0};
    world *world = *state;
    builder out;

    builder_init(&out, world->context->memory, SIZE_MAX);
    parquet_put_delta(&out, values, 4, ARRAY_LENGTH(values));
    assert_bytes(&out, wanted, sizeof wanted);
    builder_clear(&out);
}

/* [1, NULL], [], NULL, [2]: three definition levels, one repetition level. */
static void test_levels(void **state)
{
    static const uint8_t definitions[] = {3, 2, 1, 0, 3}, repetitions[] = {0, 1, 0, 0, 0};
    static const uint64_t lists_there[] = {0xb}, elements_there[] = {0x5};
    static const list_entry entries[] = {{0, 2}, {2, 0}, {0, 0}, {2, 1}};
    static const int32_t elements[] = {1, 0, 2};
    world *world = *state;
    memory *memory = world->context->memory;
    data_type element = type_of(TYPE_INT32), type;
    type_detail detail = {.child_count = 1, .children = &element};
    column child = {.type = element, .length = 3, .values = elements, .validity = elements_there};
    column list;
    string_view name = STRING_VIEW("l");
    schema schema;
    batch batch;
    parquet_write_options options;
    write_schema made;
    write_values values = {0};
    table *rows;
    arena arena;

    type = (data_type){.id = TYPE_LIST, .detail = &detail};
    list = (column){.type = type, .length = 4, .values = entries, .validity = lists_there, .children = &child, .child_count = 1};
    schema = (struct schema){1, &name, &type};
    batch = (struct batch){4, 1, &list};
    arena_init(&arena, memory);
    parquet_write_options_init(&options);
    assert_int_equal(parquet_write_schema(&made, &schema, &options, &arena, NULL), BP_OK);
    assert_int_equal(made.leaf_count, 1);
    assert_int_equal(made.leaves[0].max_definition, 3);
    assert_int_equal(made.leaves[0].max_repetition, 1);
    assert_int_equal(table_new(&rows, memory, &schema, NULL), BP_OK);
    assert_int_equal(table_append(rows, &batch, NULL), BP_OK);
    assert_int_equal(table_finish(rows, NULL), BP_OK);
    assert_int_equal(parquet_shred(&values, &made.leaves[0], rows, memory, NULL), BP_OK);
    assert_int_equal(values.slot_count, 5);
    assert_int_equal(values.value_count, 2);
    assert_memory_equal(values.definitions.data, definitions, 5);
    assert_memory_equal(values.repetitions.data, repetitions, 5);
    assert_int_equal(((const int32_t *)values.values.data)[0], 1);
    assert_int_equal(((const int32_t *)values.values.data)[1], 2);
    write_room_clear(&values.values, memory);
    write_room_clear(&values.definitions, memory);
    write_room_clear(&values.repetitions, memory);
    table_release(rows);
    arena_clear(&arena);
}

/* A bound of a long text: cut to 64 bytes, not within a character; the greatest with its last byte that can be raised. */
static void test_bounds(void **state)
{
    world *world = *state;
    write_leaf leaf = {.type = type_of(TYPE_VARCHAR), .physical = PARQUET_BYTE_ARRAY, .order = ORDER_BYTES, .width = 16};
    char text[80];
    string_ref value;
    builder out;
    bool exact;

    memset(text, 'a', sizeof text);
    memcpy(text + 63, "\xc3\xa9", 2);
    value = string_ref_of(text, sizeof text);
    builder_init(&out, world->context->memory, SIZE_MAX);
    assert_true(parquet_extreme_bytes(&out, &leaf, &value, false, &exact));
    assert_false(exact);
    assert_int_equal(out.size, 63);
    builder_reset(&out);
    assert_true(parquet_extreme_bytes(&out, &leaf, &value, true, &exact));
    assert_int_equal(out.size, 63);
    assert_int_equal(out.data[62], 'b');
    builder_clear(&out);
}

/* Bytes that repeat, hardly, not at all, from nearby and from afar. */
static void test_blocks(void **state)
{
    static const block_codec codecs[] = {BLOCK_NONE, BLOCK_SNAPPY, BLOCK_LZ4, BLOCK_GZIP, BLOCK_ZSTD};
    static char bytes[200000], again[200000 + BLOCK_SPARE];
    world *world = *state;
    block_decoder *decoder;
    uint64_t seed = 1;

    assert_int_equal(block_decoder_new(&decoder, world->context->memory, NULL), BP_OK);
    for (size_t kind = 0; kind < 5; kind++)
        for (size_t size = 0; size < sizeof bytes; size = size * 3 + 1) {
            for (size_t i = 0; i < size; i++) {
                seed = hash_uint64(seed);
                bytes[i] = kind == 0 ? 0 : (char)(kind == 1 ? seed >> 60 : kind == 2 ? seed >> 40 : i % 7 * (i % 11));
                if (kind == 4) bytes[i] = i >= 70000 ? bytes[i - 70000] : (char)(seed >> 40);
            }
            for (size_t c = 0; c < ARRAY_LENGTH(codecs); c++) {
                block_encoder *encoder;
                builder out;
                builder_init(&out, world->context->memory, SIZE_MAX);
                assert_int_equal(block_encoder_new(&encoder, world->context->memory, codecs[c], 3, NULL), BP_OK);
                assert_int_equal(block_encode(encoder, bytes, size, &out, NULL), BP_OK);
                assert_int_equal(block_decode(decoder, codecs[c], (const uint8_t *)out.data, out.size, again, size, NULL), BP_OK);
                assert_memory_equal(bytes, again, size);
                builder_clear(&out);
                block_encoder_free(encoder);
            }
        }
    block_decoder_free(decoder);
}

/* A file from beginning to end: every failing allocation is an error, and nothing is lost. */
static bp_status to_builder(void *data, const char *bytes, size_t size, bp_error *err)
{
    builder_append(data, bytes, size);
    return builder_status(data, err);
}

static bp_status whole_life(void *data, bp_error *err)
{
    static int64_t numbers[3000];
    static string_ref texts[3000];
    static list_entry entries[3000];
    const world *world = data;
    data_type element = type_of(TYPE_INT64);
    type_detail detail = {.child_count = 1, .children = &element};
    data_type types[] = {element, type_of(TYPE_VARCHAR), {.id = TYPE_LIST, .detail = &detail}};
    string_view names[] = {STRING_VIEW("n"), STRING_VIEW("t"), STRING_VIEW("l")};
    column columns[3], child = {.type = element, .length = 3000, .values = numbers};
    const schema schema = {3, names, types};
    const batch batch = {3000, 3, columns};
    parquet_write_options options;
    target *target = NULL;
    builder out;
    bp_status status;

    for (uint32_t i = 0; i < 3000; i++) {
        numbers[i] = (int64_t)i * 7919;
        texts[i] = i % 2 ? string_ref_of("a text of more than twelve bytes", 32) : string_ref_of("short", 5);
        entries[i] = (list_entry){i, i % 3 && i < 2990 ? 2 : 0};
    }
    columns[0] = (column){.type = types[0], .length = 3000, .values = numbers};
    columns[1] = (column){.type = types[1], .length = 3000, .values = texts};
    columns[2] = (column){.type = types[2], .length = 3000, .values = entries, .children = &child, .child_count = 1};
    parquet_write_options_init(&options);
    options.row_group_rows = 2000;
    options.second_version = true;
    builder_init(&out, world->context->memory, SIZE_MAX);
    status = parquet_writer_new(&target, world->context, (byte_sink){to_builder, &out}, &schema, &options, err);
    if (!status) status = target_write(target, &batch, err);
    if (!status) status = target_finish(target, err);
    target_free(target);
    builder_clear(&out);
    return status;
}

static void test_out_of_memory(void **state)
{
    world *world = *state;

    set_size(world, "threads", 1);
    oom_run(world->context->memory, whole_life, world, BP_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {TEST(test_thrift), TEST(test_runs),   TEST(test_runs_again), TEST(test_delta),
                                       TEST(test_levels), TEST(test_bounds), TEST(test_blocks),     TEST(test_out_of_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
