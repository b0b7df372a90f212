/* Tables and builders: what is appended comes back in order, cut into chunks; big batches with an owner are kept by reference; a failed append
 * leaves what was there; extending shares. */
#include "column_support.h"

#include "base/config.h"
#include "column/region.h"

static const string_view names[2] = {{"a", 1}, {"b", 1}};

static table *new_table(memory *account, data_type *types, size_t count)
{
    schema schema = {.count = count, .names = (string_view *)(uintptr_t)names, .types = types};
    table *table;

    assert_int_equal(table_new(&table, account, &schema, NULL), BP_OK);
    return table;
}

/* The integers first, first + 1 …: rows are told by their number. */
static void append_numbers(table *table, size_t first, size_t rows)
{
    int64_t *values = malloc((rows + 1) * sizeof *values);
    column column = {.type = type_of(TYPE_INT64), .length = rows, .values = values};
    batch batch = {.row_count = rows, .column_count = 1, .columns = &column};

    for (size_t i = 0; i < rows; i++) values[i] = (int64_t)(first + i);
    assert_int_equal(table_append(table, &batch, NULL), BP_OK);
    free(values);
}

static void assert_numbers(const table *table, size_t rows)
{
    size_t row = 0;

    for (size_t i = 0; i < table_chunk_count(table); i++) {
        const batch *chunk = table_chunk(table, i);
        assert_true(chunk->row_count > 0);
        for (size_t k = 0; k < chunk->row_count; k++) assert_int_equal(((const int64_t *)chunk->columns[0].values)[k], row++);
    }
    assert_int_equal(row, rows);
    assert_int_equal(table_row_count(table), rows);
}

static void test_chunks(void **state)
{
    static const size_t pieces[] = {1, 0, 7, TABLE_CHUNK_ROWS - 8, 1, TABLE_CHUNK_ROWS, 3 * TABLE_CHUNK_ROWS + 5, 100};
    data_type type = type_of(TYPE_INT64);
    table *table = new_table(*state, &type, 1);
    size_t total = 0;

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        append_numbers(table, total, pieces[i]);
        total += pieces[i];
    }
    assert_int_equal(table_finish(table, NULL), BP_OK);
    assert_int_equal(table_finish(table, NULL), BP_OK); /* again: nothing to do */
    assert_numbers(table, total);
    assert_int_equal(table_chunk_count(table), (total + TABLE_CHUNK_ROWS - 1) / TABLE_CHUNK_ROWS);
    table_release(table);
}

/* Chunks that get room for all their rows at once, well and badly used; texts and NULLs come before and after that. */
static void test_room(void **state)
{
    static const size_t totals[] = {TABLE_CHUNK_ROWS / 8 - 1, TABLE_CHUNK_ROWS / 4, TABLE_CHUNK_ROWS * 7 / 8, TABLE_CHUNK_ROWS + 3};
    data_type types[2] = {type_of(TYPE_VARCHAR), type_of(TYPE_BOOLEAN)};

    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
        table *table = new_table(*state, types, 2);
        for (size_t row = 0; row < totals[i]; row += 64) {
            size_t rows = totals[i] - row < 64 ? totals[i] - row : 64;
            uint64_t validity = ~(row * 5), bits = row * 3;
            string_ref texts[64];
            column columns[2] = {{.type = types[0], .length = rows, .values = texts, .validity = &validity},
                                 {.type = types[1], .length = rows, .values = &bits}};
            batch batch = {.row_count = rows, .column_count = 2, .columns = columns};
            for (size_t k = 0; k < rows; k++) texts[k] = string_ref_of("a text of over twelve bytes", 13 + (row + k) % 8);
            assert_int_equal(table_append(table, &batch, NULL), BP_OK);
        }
        assert_int_equal(table_finish(table, NULL), BP_OK);
        assert_int_equal(table_row_count(table), totals[i]);
        for (size_t row = 0, chunk = 0, at = 0; row < totals[i]; row++, at++) {
            const column *columns;
            if (at == table_chunk(table, chunk)->row_count) chunk++, at = 0;
            columns = table_chunk(table, chunk)->columns;
            assert_int_equal(column_is_null(&columns[0], at), (row / 64 * 64 * 5) >> (row % 64) & 1);
            assert_int_equal(bitmap_get(columns[1].values, at), (row / 64 * 64 * 3) >> (row % 64) & 1);
            if (!column_is_null(&columns[0], at)) assert_int_equal(((const string_ref *)columns[0].values)[at].size, 13 + row % 8);
        }
        table_release(table);
    }
}

static void test_kept_by_reference(void **state)
{
    size_t rows = TABLE_CHUNK_ROWS / 2;
    region *region = region_new(*state);
    int64_t *values = arena_allocate_aligned(region_arena(region), rows * sizeof *values, 64);
    data_type type = type_of(TYPE_INT64);
    column column = {.type = type, .length = rows, .values = values, .owner = region};
    batch batch = {.row_count = rows, .column_count = 1, .columns = &column};
    table *table = new_table(*state, &type, 1);

    for (size_t i = 0; i < rows; i++) values[i] = 3 + (int64_t)i;
    append_numbers(table, 0, 3);
    assert_int_equal(table_append(table, &batch, NULL), BP_OK);
    region_release(region);
    append_numbers(table, rows + 3, 3);
    assert_int_equal(table_finish(table, NULL), BP_OK);
    assert_int_equal(table_chunk_count(table), 3);
    assert_ptr_equal(table_chunk(table, 1)->columns[0].values, values);
    assert_numbers(table, rows + 6);
    table_release(table);
}

/* A chunk lives as long as someone holds its region, whatever becomes of the table. */
static void test_chunk_outlives_table(void **state)
{
    data_type type = type_of(TYPE_INT64);
    table *table = new_table(*state, &type, 1);
    column kept;

    append_numbers(table, 5, 10);
    assert_int_equal(table_finish(table, NULL), BP_OK);
    kept = table_chunk(table, 0)->columns[0];
    region_retain(kept.owner);
    table_release(table);
    assert_int_equal(((const int64_t *)kept.values)[9], 14);
    region_release(kept.owner);
}

static void test_concatenate_tables(void **state)
{
    data_type type = type_of(TYPE_INT64);
    table *left = new_table(*state, &type, 1), *right = new_table(*state, &type, 1);

    append_numbers(left, 0, 70000);
    append_numbers(right, 70000, 10);
    assert_int_equal(table_finish(right, NULL), BP_OK);
    assert_int_equal(table_concatenate(left, right, NULL), BP_OK);
    assert_int_equal(table_row_count(right), 0);
    table_release(right);
    assert_numbers(left, 70010);
    table_release(left);
}

/* Many small extensions: the old table is as it was, and chunks stay few. */
static void test_extended(void **state)
{
    data_type type = type_of(TYPE_INT64);
    table *table = new_table(*state, &type, 1);
    size_t total = 0;

    assert_int_equal(table_finish(table, NULL), BP_OK);
    for (size_t i = 0; i < 300; i++) {
        struct table *more = new_table(*state, &type, 1), *both;
        size_t before = table_row_count(table), rows = i % 7;

        append_numbers(more, total, rows);
        assert_int_equal(table_finish(more, NULL), BP_OK);
        assert_int_equal(table_extended(&both, table, more, NULL), BP_OK);
        assert_int_equal(table_row_count(table), before);
        total += rows;
        table_release(more);
        table_release(table);
        table = both;
        assert_true(table_chunk_count(table) <= 12);
    }
    assert_numbers(table, total);
    table_release(table);
}

/* Every type, in many small batches of slices of any encoding. */
static void test_append_every_type(void **state)
{
    random_stream random = random_new(17, 5);
    data_type types[SAMPLE_TYPES_MOST];
    struct arena arena;
    size_t count;

    arena_init(&arena, *state);
    count = sample_types(types, &arena);
    for (size_t t = 0; t < count; t++) {
        column whole, constant, part;
        batch batch = {.column_count = 1, .columns = &part};
        table *table = new_table(*state, &types[t], 1);
        const column *made;

        make_random(&whole, types[t], 200, true, &random, &arena);
        constant = whole;
        constant.encoding = COLUMN_CONSTANT;
        for (size_t begin = 0; begin < 200; begin += batch.row_count) {
            batch.row_count = 1 + random_below(&random, 200 - begin);
            assert_int_equal(column_slice(&part, &whole, begin, batch.row_count, &arena, NULL), BP_OK);
            assert_int_equal(table_append(table, &batch, NULL), BP_OK);
        }
        part = constant;
        part.length = batch.row_count = 5;
        assert_int_equal(table_append(table, &batch, NULL), BP_OK);
        assert_int_equal(table_finish(table, NULL), BP_OK);
        made = &table_chunk(table, 0)->columns[0];
        assert_int_equal(made->length, 205);
        assert_int_equal(column_validate(made, 1, NULL), BP_OK);
        if (types[t].detail) assert_ptr_not_equal(made->type.detail, types[t].detail); /* of the table, not of the maker */
        for (size_t i = 0; i < 200; i++) assert_true(column_value_equal(made, i, &whole, i));
        for (size_t i = 0; i < 5; i++) assert_true(column_value_equal(made, 200 + i, &whole, 0));
        table_release(table);
    }
    arena_clear(&arena);
}

/* Builders ------------------------------------------------------------------------------------------------------------------------------ */
static void test_truncate(void **state)
{
    random_stream random = random_new(19, 5), again;
    data_type types[SAMPLE_TYPES_MOST];
    struct arena arena;
    size_t count;

    arena_init(&arena, *state);
    count = sample_types(types, &arena);
    for (size_t t = 0; t < count; t++) {
        column_builder builder;
        column whole, cut;

        again = random;
        make_random(&whole, types[t], 90, true, &again, &arena);
        assert_int_equal(column_builder_init(&builder, types[t], &arena, NULL), BP_OK);
        again = random;
        for (size_t i = 0; i < 60; i++) append_random(&builder, &again, true);
        random = again;
        column_builder_truncate(&builder, 100); /* more than there are: nothing */
        assert_int_equal(builder.length, 60);
        column_builder_truncate(&builder, 40);
        assert_int_equal(column_builder_append_rows(&builder, &whole, 40, 50, NULL), BP_OK);
        assert_int_equal(column_builder_finish(&builder, &cut, NULL), BP_OK);
        assert_same_column(&cut, &whole);
        assert_int_equal(builder.length, 0);
        assert_int_equal(column_builder_finish(&builder, &cut, NULL), BP_OK); /* empty again */
        assert_int_equal(cut.length, 0);
        column_builder_clear(&builder);
    }
    arena_clear(&arena);
}

static void test_builder_misuse(void **state)
{
    struct arena arena;
    column_builder builder;
    data_type type;
    int32_t one = 1;
    bp_error err;

    arena_init(&arena, *state);
    assert_int_equal(type_parse(&type, &arena, STRING_VIEW("STRUCT(a INTEGER, b INTEGER)"), NULL), BP_OK);
    assert_int_equal(column_builder_init(&builder, type, &arena, NULL), BP_OK);
    assert_int_equal(column_builder_append_value(&builder.children[0], &one, NULL), BP_OK);
    assert_int_equal(column_builder_close_row(&builder, &err), BP_INTERNAL); /* b is missing */
    assert_int_equal(column_builder_append_value(&builder.children[1], &one, NULL), BP_OK);
    assert_int_equal(column_builder_close_row(&builder, NULL), BP_OK);
    assert_int_equal(column_builder_reserve(&builder, SIZE_MAX, &err), BP_LIMIT);
    column_builder_clear(&builder);
    column_builder_clear(&builder);
    arena_clear(&arena);
}

/* Out of memory ------------------------------------------------------------------------------------------------------------------------- */
typedef struct appended {
    memory *account;
    data_type type;
    column column;
    bool kept;
} appended;

static bp_status append_and_extend(void *data, bp_error *err)
{
    appended *own = data;
    schema schema = {.count = 1, .names = (string_view *)(uintptr_t)names, .types = &own->type};
    batch batch = {.row_count = own->column.length, .column_count = 1, .columns = &own->column};
    table *table = NULL, *both = NULL;
    size_t before;
    bp_status status;

    if ((status = table_new(&table, own->account, &schema, err))) return status;
    for (int i = 0; i < 3 && !status; i++) {
        before = table_row_count(table);
        status = table_append(table, &batch, err);
        if (status && own->kept) assert_int_equal(table_row_count(table), before);
    }
    if (!status) status = table_finish(table, err);
    if (!status) status = table_extended(&both, table, table, err);
    if (!status) assert_int_equal(table_row_count(both), 6 * own->column.length);
    table_release(both);
    table_release(table);
    return status;
}

static void test_out_of_memory(void **state)
{
    static const char *const types[] = {"VARCHAR", "STRUCT(l VARCHAR[], u UUID)", "MAP(VARCHAR, DECIMAL(5,1))", "INTEGER[2]"};
    random_stream random = random_new(23, 5);
    struct arena arena;

    arena_init(&arena, *state);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        appended own = {.account = *state};

        assert_int_equal(type_parse(&own.type, &arena, string_view_of(types[i]), NULL), BP_OK);
        make_random(&own.column, own.type, 100, true, &random, &arena);
        oom_run(*state, append_and_extend, &own, BP_OK);
    }
    arena_clear(&arena);
}

/* Rows [begin, begin + rows) of columns "a", the row's number, and "b", whether it is odd: NULL where it is divisible by 5. */
static void append_slice(table *table, const column *whole, size_t begin, size_t rows)
{
    column slices[2];
    batch batch = {.row_count = rows, .column_count = 2, .columns = slices};
    arena scratch;

    arena_init(&scratch, region_arena(whole->owner)->memory);
    for (size_t i = 0; i < 2; i++) assert_int_equal(column_slice(&slices[i], &whole[i], begin, rows, &scratch, NULL), BP_OK);
    assert_int_equal(table_append(table, &batch, NULL), BP_OK);
    arena_clear(&scratch);
}

static void make_whole(column *out, region *region, size_t rows)
{
    int64_t *numbers = arena_new_array(region_arena(region), int64_t, rows);
    uint64_t *odd = arena_new_array(region_arena(region), uint64_t, bitmap_words(rows));
    uint64_t *validity = arena_new_array(region_arena(region), uint64_t, bitmap_words(rows));

    for (size_t row = 0; row < rows; row++) {
        numbers[row] = (int64_t)row;
        bitmap_put(odd, row, row % 2);
        bitmap_put(validity, row, row % 5 != 0);
    }
    out[0] = (column){.type = type_of(TYPE_INT64), .length = rows, .values = numbers, .owner = region};
    out[1] = (column){.type = type_of(TYPE_BOOLEAN), .length = rows, .values = odd, .validity = validity, .owner = region};
}

static void assert_odd(const table *table)
{
    for (size_t i = 0; i < table_chunk_count(table); i++) {
        const batch *chunk = table_chunk(table, i);
        for (size_t row = 0; row < chunk->row_count; row++) {
            int64_t number = ((const int64_t *)chunk->columns[0].values)[row];
            assert_int_equal(column_is_null(&chunk->columns[1], row), number % 5 == 0);
            assert_int_equal(bitmap_get(chunk->columns[1].values, row), number % 2);
        }
    }
}

/* Each list: the lengths of slices of one whole, ended by 0; a first one is copied, what goes on from it at whole words is not. */
static void test_runs(void **state)
{
    static const size_t slices[][8] = {{128, 64, 192, 1, 0}, {64, 7, 5, 64, 64, 0}, {3, 3, 0}, {64, 64, 0}};
    static const size_t chunks[] = {2, 3, 1, 2};
    data_type types[] = {type_of(TYPE_INT64), type_of(TYPE_BOOLEAN)};

    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        region *region = region_new(*state);
        table *table = new_table(*state, types, 2);
        column whole[2];
        size_t row = 0;
        make_whole(whole, region, 512);
        assert_int_equal(table_share_runs(table, NULL), BP_OK);
        for (const size_t *rows = slices[i]; *rows; row += *rows++) append_slice(table, whole, row, *rows);
        region_release(region);
        assert_int_equal(table_finish(table, NULL), BP_OK);
        assert_numbers(table, row);
        assert_odd(table);
        assert_int_equal(table_chunk_count(table), chunks[i]);
        table_release(table);
    }
}

/* What was closed does not grow: somebody may be reading it. */
static void test_run_ends(void **state)
{
    data_type types[] = {type_of(TYPE_INT64), type_of(TYPE_BOOLEAN)};
    region *region = region_new(*state);
    table *table = new_table(*state, types, 2);
    column whole[2];

    make_whole(whole, region, 512);
    assert_int_equal(table_share_runs(table, NULL), BP_OK);
    append_slice(table, whole, 0, 64);
    append_slice(table, whole, 64, 64);
    assert_int_equal(table_finish(table, NULL), BP_OK);
    assert_int_equal(table_chunk_count(table), 2);
    append_slice(table, whole, 128, 64);
    append_slice(table, whole, 192, 64);
    assert_int_equal(table_chunk(table, 1)->row_count, 64);
    assert_int_equal(table_finish(table, NULL), BP_OK);
    assert_numbers(table, 256);
    assert_int_equal(table_chunk(table, 2)->row_count, 128);
    table_release(table);
    region_release(region);
}

static void test_out_of_memory_by_reference(void **state)
{
    region *region = region_new(*state);
    size_t rows = TABLE_CHUNK_ROWS / 2;
    appended own = {.account = *state, .type = type_of(TYPE_INT64), .kept = true};

    own.column = (column){.type = own.type, .length = rows, .owner = region};
    own.column.values = arena_allocate_zeroed(region_arena(region), rows * 8);
    oom_run(*state, append_and_extend, &own, BP_OK);
    region_release(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_kept_by_reference),
        cmocka_unit_test(test_chunk_outlives_table),
        cmocka_unit_test(test_concatenate_tables),
        cmocka_unit_test(test_extended),
        cmocka_unit_test(test_append_every_type),
        cmocka_unit_test(test_truncate),
        cmocka_unit_test(test_builder_misuse),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_run_ends),
        cmocka_unit_test(test_out_of_memory_by_reference),
    };

    return cmocka_run_group_tests(tests, account_begin, account_end);
}
