/* The bytes of nested keys against column_value_compare(): the same order, equality, and the value back, for random lists of structs. */
#include "column_support.h"

#include "column/nested_key.h"

#define ROWS 400

/* STRUCT(a DOUBLE, b VARCHAR, c INTERVAL)[] */
static data_type rows_type(arena *arena)
{
    data_type type = {0};
    bp_error err;

    assert_int_equal(type_parse(&type, arena, string_view_of("STRUCT(a DOUBLE, b VARCHAR, c SMALLINT[2])[]"), &err), BP_OK);
    return type;
}

static void add_double(column_builder *to, random_stream *random)
{
    static const double values[] = {0.0, -0.0, 1.5, -1.5, 1e300, -1e300};
    double nan = __builtin_nan("");
    uint64_t pick = random_below(random, ARRAY_LENGTH(values) + 2);

    if (pick == ARRAY_LENGTH(values))
        assert_int_equal(column_builder_append_null(to, NULL), BP_OK);
    else
        assert_int_equal(column_builder_append_value(to, pick > ARRAY_LENGTH(values) ? &nan : &values[pick], NULL), BP_OK);
}

static void add_text(column_builder *to, random_stream *random)
{
    char text[20];
    size_t size = (size_t)random_below(random, 3) * 8 + (size_t)random_below(random, 3);

    for (size_t i = 0; i < size; i++) text[i] = (char)random_below(random, 3); /* 0, 1 and 2 are the bytes with a meaning */
    if (random_below(random, 8) == 0)
        assert_int_equal(column_builder_append_null(to, NULL), BP_OK);
    else
        assert_int_equal(column_builder_append_text(to, (string_view){text, size}, NULL), BP_OK);
}

static void add_pair(column_builder *to, random_stream *random)
{
    for (size_t i = 0; i < 2; i++) {
        int16_t value = (int16_t)((int)random_below(random, 5) - 2);
        assert_int_equal(column_builder_append_value(&to->children[0], &value, NULL), BP_OK);
    }
    assert_int_equal(column_builder_close_row(to, NULL), BP_OK);
}

static void make_rows(column *out, data_type type, arena *arena)
{
    column_builder builder;
    random_stream random = random_new(7, 0);
    bp_error err;

    assert_int_equal(column_builder_init(&builder, type, arena, &err), BP_OK);
    for (size_t row = 0; row < ROWS; row++) {
        column_builder *element = &builder.children[0];
        if (random_below(&random, 20) == 0) {
            assert_int_equal(column_builder_append_null(&builder, &err), BP_OK);
            continue;
        }
        for (uint64_t size = random_below(&random, 4); size > 0; size--) {
            if (random_below(&random, 10) == 0) {
                assert_int_equal(column_builder_append_null(element, &err), BP_OK);
                continue;
            }
            add_double(&element->children[0], &random);
            add_text(&element->children[1], &random);
            add_pair(&element->children[2], &random);
            assert_int_equal(column_builder_close_row(element, &err), BP_OK);
        }
        assert_int_equal(column_builder_close_row(&builder, &err), BP_OK);
    }
    assert_int_equal(column_builder_finish(&builder, out, &err), BP_OK);
    column_builder_clear(&builder);
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void bytes_order_as_values_do(void **state)
{
    string_ref keys[ROWS], beginnings[ROWS];
    memory *memory = *state;
    arena arena;
    column rows;

    arena_init(&arena, memory);
    make_rows(&rows, rows_type(&arena), &arena);
    assert_int_equal(nested_keys_of(keys, &rows, ROWS, 0, &arena, NULL), BP_OK);
    assert_int_equal(nested_keys_of(beginnings, &rows, ROWS, 16, &arena, NULL), BP_OK);
    for (size_t i = 0; i < ROWS; i++) {
        assert_true(beginnings[i].size == (keys[i].size < 16 ? keys[i].size : 16));
        assert_memory_equal(string_ref_data(&beginnings[i]), string_ref_data(&keys[i]), beginnings[i].size);
        for (size_t j = 0; j < ROWS; j++) {
            if (column_is_null(&rows, i) || column_is_null(&rows, j)) continue;
            assert_int_equal(sign(string_ref_compare(&keys[i], &keys[j])), column_value_compare(&rows, i, &rows, j));
        }
    }
    arena_clear(&arena);
}

static void bytes_give_the_values_back(void **state)
{
    string_ref keys[ROWS];
    memory *memory = *state;
    arena arena;
    column rows, back;

    arena_init(&arena, memory);
    make_rows(&rows, rows_type(&arena), &arena);
    assert_int_equal(nested_keys_of(keys, &rows, ROWS, 0, &arena, NULL), BP_OK);
    assert_int_equal(nested_keys_read(&back, rows.type, keys, rows.validity, ROWS, &arena, NULL), BP_OK);
    assert_true(back.length == ROWS);
    for (size_t i = 0; i < ROWS; i++) assert_true(column_value_equal(&rows, i, &back, i));
    /* a byte short: an error, not a read past the end */
    for (size_t i = 0; i < ROWS; i++)
        if (keys[i].size > 1) {
            string_ref cut = string_ref_of(string_ref_data(&keys[i]), keys[i].size - 1);
            assert_int_not_equal(nested_keys_read(&back, rows.type, &cut, NULL, 1, &arena, NULL), BP_OK);
        }
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_order_as_values_do), cmocka_unit_test(bytes_give_the_values_back)};

    return cmocka_run_group_tests(tests, account_begin, account_end);
}
