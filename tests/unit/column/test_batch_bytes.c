/* Batches as bytes: every type and encoding comes back from a block, also from one that was copied to another address; damaged blocks are refused; running
 * out of memory. */
#include "column_support.h"

#include "column/batch_bytes.h"

#define ROWS 300

static void *copy_of(memory *account, const void *bytes, size_t size)
{
    void *copy = memory_allocate(account, size);

    memcpy(copy, bytes, size);
    return copy;
}

/* Write, move, open: the same rows. And once more from the opened block. */
static void round_trip(memory *account, const column *column)
{
    batch in = {.row_count = column->length, .column_count = 1, .columns = (struct column *)(uintptr_t)column}, out;
    builder bytes;
    arena arena;
    void *first, *second;
    size_t size;

    arena_init(&arena, account);
    builder_init(&bytes, account, SIZE_MAX);
    assert_int_equal(batch_bytes_write(&bytes, &in, NULL), BP_OK);
    size = bytes.size;
    first = copy_of(account, bytes.data, size);
    builder_clear(&bytes);
    assert_int_equal(batch_bytes_open(&out, first, size, &column->type, 1, &arena, NULL), BP_OK);
    assert_int_equal(out.row_count, column->length);
    assert_same_column(&out.columns[0], column);
    if (column->encoding != COLUMN_CONSTANT) assert_int_equal(column_validate(&out.columns[0], 1, NULL), BP_OK);
    second = copy_of(account, first, size);
    memset(first, 0xee, size);
    assert_int_equal(batch_bytes_open(&out, second, size, &column->type, 1, &arena, NULL), BP_OK);
    assert_same_column(&out.columns[0], column);
    memory_free(account, first, size);
    memory_free(account, second, size);
    arena_clear(&arena);
}

static void test_every_type(void **state)
{
    data_type types[SAMPLE_TYPES_MOST];
    random_stream random = random_new(3, 0);
    arena arena;
    size_t count;

    arena_init(&arena, *state);
    count = sample_types(types, &arena);
    for (size_t i = 0; i < count; i++)
        for (size_t rows = 0; rows <= ROWS; rows = 3 * rows + 1) {
            column flat, slice, picked, constant;
            uint32_t selection[ROWS];

            make_random(&flat, types[i], rows, rows % 2, &random, &arena);
            round_trip(*state, &flat);
            if (rows == 0) continue;
            assert_int_equal(column_slice(&slice, &flat, rows / 3, rows - rows / 2, &arena, NULL), BP_OK);
            round_trip(*state, &slice);
            for (size_t k = 0; k < rows; k++) selection[k] = (uint32_t)random_below(&random, rows);
            assert_int_equal(column_gather(&picked, &flat, selection, rows, &arena, NULL), BP_OK); /* lists out of order */
            round_trip(*state, &picked);
            assert_int_equal(column_slice(&constant, &flat, rows / 2, 1, &arena, NULL), BP_OK);
            constant.encoding = COLUMN_CONSTANT;
            constant.length = rows;
            round_trip(*state, &constant);
            constant = column_nulls(types[i], rows);
            round_trip(*state, &constant);
        }
    arena_clear(&arena);
}

static void test_dictionaries(void **state)
{
    static const char *const types[] = {"VARCHAR", "BIGINT", "STRUCT(a VARCHAR, b INTEGER[])"};
    random_stream random = random_new(4, 0);
    arena arena;

    arena_init(&arena, *state);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (size_t entries = 1; entries <= 2 * ROWS; entries *= 5) {
            column dictionary, coded;
            uint32_t codes[ROWS];
            uint64_t validity[(ROWS + 63) / 64];
            data_type type;

            assert_int_equal(type_parse(&type, &arena, string_view_of(types[i]), NULL), BP_OK);
            make_random(&dictionary, type, entries, false, &random, &arena);
            for (size_t k = 0; k < ROWS; k++) codes[k] = (uint32_t)random_below(&random, entries);
            for (size_t k = 0; k < (ROWS + 63) / 64; k++) validity[k] = random_uint64(&random);
            coded = (column){.type = type,
                             .encoding = COLUMN_DICTIONARY,
                             .length = ROWS,
                             .validity = validity,
                             .values = codes,
                             .children = &dictionary,
                             .child_count = 1};
            round_trip(*state, &coded);
        }
    arena_clear(&arena);
}

/* Any byte of a head may be anything: an error, or rows that can be read. Texts are inline, so that no address comes from the noise. */
static void test_damaged(void **state)
{
    data_type types[2] = {type_of(TYPE_INT64), type_of(TYPE_BOOLEAN)};
    random_stream random = random_new(5, 0);
    column columns[2];
    batch in = {.row_count = 20, .column_count = 2, .columns = columns}, out;
    builder bytes;
    arena arena;

    arena_init(&arena, *state);
    for (int i = 0; i < 2; i++) make_random(&columns[i], types[i], 20, true, &random, &arena);
    builder_init(&bytes, *state, SIZE_MAX);
    assert_int_equal(batch_bytes_write(&bytes, &in, NULL), BP_OK);
    for (size_t i = 0; i < bytes.size; i++) {
        char *copy = copy_of(*state, bytes.data, bytes.size);
        copy[i] = (char)(copy[i] ^ (1 + (char)random_below(&random, 255)));
        if (batch_bytes_open(&out, copy, bytes.size, types, 2, &arena, NULL) == BP_OK)
            for (int k = 0; k < 2; k++) assert_int_equal(column_validate(&out.columns[k], 1, NULL), BP_OK);
        memory_free(*state, copy, bytes.size);
        copy = copy_of(*state, bytes.data, i + 1);
        if (i + 1 < bytes.size) assert_int_equal(batch_bytes_open(&out, copy, i, types, 2, &arena, NULL), BP_BAD_FORMAT);
        memory_free(*state, copy, i + 1);
    }
    types[1] = type_of(TYPE_VARCHAR);
    assert_int_equal(batch_bytes_open(&out, bytes.data, bytes.size, types, 1, &arena, NULL), BP_BAD_FORMAT);
    builder_clear(&bytes);
    arena_clear(&arena);
}

typedef struct life {
    memory *account;
    column column;
} life;

static bp_status write_and_open(void *data, bp_error *err)
{
    life *life = data;
    batch in = {.row_count = life->column.length, .column_count = 1, .columns = &life->column}, out;
    builder bytes;
    arena arena;
    bp_status status;

    arena_init(&arena, life->account);
    builder_init(&bytes, life->account, SIZE_MAX);
    status = batch_bytes_write(&bytes, &in, err);
    if (!status) status = batch_bytes_open(&out, bytes.data, bytes.size, &life->column.type, 1, &arena, err);
    if (!status) assert_same_column(&out.columns[0], &life->column);
    builder_clear(&bytes);
    arena_clear(&arena);
    return status;
}

static void test_out_of_memory(void **state)
{
    random_stream random = random_new(6, 0);
    life life = {.account = *state};
    data_type type;
    arena arena;

    arena_init(&arena, *state);
    assert_int_equal(type_parse(&type, &arena, STRING_VIEW("STRUCT(a VARCHAR[], b INTEGER[2])"), NULL), BP_OK);
    make_random(&life.column, type, 50, true, &random, &arena);
    oom_run(*state, write_and_open, &life, BP_OK);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_type, account_begin, account_end),
        cmocka_unit_test_setup_teardown(test_dictionaries, account_begin, account_end),
        cmocka_unit_test_setup_teardown(test_damaged, account_begin, account_end),
        cmocka_unit_test_setup_teardown(test_out_of_memory, account_begin, account_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
