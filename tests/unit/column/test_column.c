/* Columns: bitmaps against bit-by-bit loops; slices, gathers, copies, flattening and concatenation against values one by one, for random
 * columns of every type and encoding; order and validation by hand. */
#include "column_support.h"

#include "base/config.h"
#include "column/region.h"

/* Bitmaps ----------------------------------------------------------------------------------------------------------------------------- */
static void test_bitmaps(void **state)
{
    uint64_t in[4], other[4], out[5], wanted[5];
    random_stream random = random_new(7, 1);

    (void)state;
    for (int round = 0; round < 2000; round++) {
        size_t offset = random_below(&random, 70), rows = random_below(&random, 180 - offset), at = random_below(&random, 80),
               count = 0;

        for (int i = 0; i < 4; i++) in[i] = random_uint64(&random), other[i] = random_uint64(&random);
        bitmap_copy(out, (const uint8_t *)in, offset, rows);
        for (size_t i = 0; i < rows; i++) assert_int_equal(bitmap_get(out, i), bitmap_get(in, offset + i));
        for (size_t i = 0; i < rows; i++) count += bitmap_get(in, i);
        assert_int_equal(bitmap_count(in, rows), count);
        bitmap_and(out, in, other, rows);
        for (size_t i = 0; i < rows; i++) assert_int_equal(bitmap_get(out, i), bitmap_get(in, i) && bitmap_get(other, i));
        bitmap_and(out, NULL, other, rows);
        for (size_t i = 0; i < rows; i++) assert_int_equal(bitmap_get(out, i), bitmap_get(other, i));
        for (int i = 0; i < 5; i++) out[i] = wanted[i] = random_uint64(&random);
        bitmap_write(out, at, round % 3 ? in : NULL, rows);
        for (size_t i = 0; i < rows; i++) bitmap_put(wanted, at + i, round % 3 ? bitmap_get(in, i) : true);
        assert_memory_equal(out, wanted, sizeof out); /* bits around stay */
    }
    bitmap_fill(out, 70, true);
    assert_int_equal(bitmap_count(out, 70), 70);
    bitmap_unset(out, 69);
    assert_int_equal(bitmap_count(out, 70), 69);
}

/* What operators do ------------------------------------------------------------------------------------------------------------------- */
typedef void (*column_test)(const column *in, struct arena *arena, random_stream *random);

/* Run it on FLAT, CONSTANT and DICTIONARY columns of every type. */
static void for_samples(memory *account, column_test test)
{
    static const size_t sizes[] = {0, 1, 64, 100};
    random_stream random = random_new(11, 5);
    data_type types[SAMPLE_TYPES_MOST];
    struct arena arena;
    size_t count;

    arena_init(&arena, account);
    count = sample_types(types, &arena);
    for (size_t t = 0; t < count; t++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int nulls = 0; nulls < 2; nulls++) {
                uint32_t codes[100];
                uint64_t validity[2] = {random_uint64(&random), random_uint64(&random)};
                column flat, other;

                make_random(&flat, types[t], sizes[s], nulls, &random, &arena);
                assert_int_equal(column_validate(&flat, 1, NULL), BP_OK);
                test(&flat, &arena, &random);
                if (!sizes[s]) continue;
                other = flat;
                other.encoding = COLUMN_CONSTANT;
                other.length = 77;
                test(&other, &arena, &random);
                if (nulls || types[t].id == TYPE_NULL) continue;
                for (size_t i = 0; i < 100; i++) codes[i] = (uint32_t)random_below(&random, sizes[s]);
                other = (column){.type = types[t],
                                 .encoding = COLUMN_DICTIONARY,
                                 .length = 100,
                                 .validity = validity,
                                 .values = codes,
                                 .children = &flat,
                                 .child_count = 1};
                test(&other, &arena, &random);
            }
    arena_clear(&arena);
}

static void check_slice(const column *in, struct arena *arena, random_stream *random)
{
    size_t begin = random_below(random, in->length + 1), rows = random_below(random, in->length - begin + 1);
    column out;

    assert_int_equal(column_slice(&out, in, begin, rows, arena, NULL), BP_OK);
    assert_int_equal(out.length, rows);
    for (size_t i = 0; i < rows; i++) assert_true(column_value_equal(&out, i, in, begin + i));
    assert_int_equal(column_validate(&out, 1, NULL), BP_OK);
}

static void test_slices(void **state)
{
    for (int round = 0; round < 5; round++) for_samples(*state, check_slice);
}

static void check_gather(const column *in, struct arena *arena, random_stream *random)
{
    uint32_t selection[130];
    size_t count = in->length ? random_below(random, 130) : 0;
    column out;

    for (size_t i = 0; i < count; i++) selection[i] = (uint32_t)random_below(random, in->length);
    assert_int_equal(column_gather(&out, in, selection, count, arena, NULL), BP_OK);
    assert_int_equal(out.length, count);
    for (size_t i = 0; i < count; i++) assert_true(column_value_equal(&out, i, in, selection[i]));
    assert_int_equal(column_validate(&out, 1, NULL), BP_OK);
}

static void test_gathers(void **state)
{
    for_samples(*state, check_gather);
}

static void check_flatten(const column *in, struct arena *arena, random_stream *random)
{
    column out = *in;
    size_t nulls = 0;

    (void)random;
    assert_int_equal(column_flatten(&out, &out, arena, NULL), BP_OK); /* in its own place */
    assert_int_equal(out.encoding, COLUMN_FLAT);
    assert_same_column(&out, in);
    assert_int_equal(column_validate(&out, 1, NULL), BP_OK);
    for (size_t i = 0; i < in->length; i++) nulls += column_is_null(in, i);
    assert_int_equal(column_null_count(in), nulls);
    assert_int_equal(column_null_count(&out), nulls);
}

static void test_flatten(void **state)
{
    for_samples(*state, check_flatten);
}

/* A copy shares nothing: it stays when the original's memory is overwritten. */
static void check_copy(const column *in, struct arena *arena, random_stream *random)
{
    struct arena apart;
    column twin, copy;

    (void)random;
    arena_init(&apart, arena->memory);
    assert_int_equal(column_copy(&twin, in, &apart, NULL), BP_OK);
    assert_int_equal(column_copy(&copy, &twin, arena, NULL), BP_OK);
    arena_clear(&apart);
    assert_int_equal(copy.encoding, COLUMN_FLAT);
    assert_same_column(&copy, in);
    assert_int_equal(column_validate(&copy, 1, NULL), BP_OK);
}

static void test_copies(void **state)
{
    for_samples(*state, check_copy);
}

static void check_concatenate(const column *in, struct arena *arena, random_stream *random)
{
    const column *parts[3];
    column flat, slice, out;
    size_t begin = in->length / 3;

    (void)random;
    assert_int_equal(column_flatten(&flat, in, arena, NULL), BP_OK);
    assert_int_equal(column_slice(&slice, &flat, begin, in->length - begin, arena, NULL), BP_OK);
    parts[0] = &slice, parts[1] = &flat, parts[2] = &slice;
    assert_int_equal(column_concatenate(&out, in->type, parts, 3, arena, NULL), BP_OK);
    assert_int_equal(out.length, 2 * slice.length + flat.length);
    for (size_t i = 0; i < slice.length; i++) {
        assert_true(column_value_equal(&out, i, in, begin + i));
        assert_true(column_value_equal(&out, slice.length + flat.length + i, in, begin + i));
    }
    for (size_t i = 0; i < flat.length; i++) assert_true(column_value_equal(&out, slice.length + i, in, i));
    assert_int_equal(column_validate(&out, 1, NULL), BP_OK);
    assert_int_equal(column_concatenate(&out, in->type, NULL, 0, arena, NULL), BP_OK);
    assert_int_equal(out.length, 0);
}

static void test_concatenate(void **state)
{
    for_samples(*state, check_concatenate);
}

static void test_column_nulls(void **state)
{
    data_type types[SAMPLE_TYPES_MOST];
    struct arena arena;
    size_t count;

    arena_init(&arena, *state);
    count = sample_types(types, &arena);
    for (size_t t = 0; t < count; t++) {
        uint32_t selection[2] = {4, 0};
        column nulls = column_nulls(types[t], 5), out;

        assert_int_equal(column_null_count(&nulls), 5);
        assert_int_equal(column_flatten(&out, &nulls, &arena, NULL), BP_OK);
        assert_int_equal(column_validate(&out, 1, NULL), BP_OK);
        assert_int_equal(column_null_count(&out), 5);
        assert_int_equal(column_copy(&out, &nulls, &arena, NULL), BP_OK);
        assert_int_equal(column_null_count(&out), 5);
        assert_int_equal(column_gather(&out, &nulls, selection, 2, &arena, NULL), BP_OK);
        assert_int_equal(column_null_count(&out), 2);
    }
    arena_clear(&arena);
}

/* Order ------------------------------------------------------------------------------------------------------------------------------- */
static void assert_ascending(const column *column)
{
    for (size_t i = 0; i < column->length; i++)
        for (size_t k = 0; k < column->length; k++)
            if (column_value_compare(column, i, column, k) != (i > k) - (i < k))
                fail_msg("rows %zu and %zu are out of order", i, k);
}

/* engine.md: NaN greatest of the numbers, NULL behind everything, -0.0 = 0.0; nested values NULL = NULL. */
static void test_order_of_scalars(void **state)
{
    const double doubles[] = {-1.0 / 0.0, -1.5, 0.0, 1e300, 1.0 / 0.0, 0.0 / 0.0, 0},
                 zeros[] = {0.0, -0.0, 0.0 / 0.0, -(0.0 / 0.0)};
    const int128 wide[] = {-((int128)1 << 100), -1, 0, (int128)1 << 100};
    const uint64_t widest[] = {0, 0, 0, UINT64_MAX, 5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}, validity = 0x3f;
    const interval intervals[] = {{0, 0, 1}, {0, 1, 0}, {1, 0, -1}, {1, 0, 0}};
    const interval same[] = {{1, 0, 0}, {0, 30, 0}, {0, 29, INT64_C(86400000000)}};
    const uint64_t bits = 2;
    const string_ref texts[] = {string_ref_of("", 0),
                                string_ref_of("a", 1),
                                string_ref_of("a\0", 2),
                                string_ref_of("abcdefghijklmnop", 16),
                                string_ref_of("abcdefghijklmnoq", 16),
                                string_ref_of("b", 1),
                                string_ref_of("\xff", 1)};
    column column = {.type = type_of(TYPE_FLOAT64), .length = 7, .values = doubles, .validity = &validity};

    (void)state;
    assert_ascending(&column);
    column = (struct column){.type = type_of(TYPE_FLOAT64), .length = 4, .values = zeros};
    assert_true(column_value_equal(&column, 0, &column, 1));
    assert_true(column_value_equal(&column, 2, &column, 3));
    column = (struct column){.type = type_of(TYPE_INT128), .length = 4, .values = wide};
    assert_ascending(&column);
    column = (struct column){.type = type_decimal(60, 0), .length = 4, .values = widest};
    assert_ascending(&column);
    column = (struct column){.type = type_of(TYPE_INTERVAL), .length = 4, .values = intervals};
    assert_ascending(&column);
    column = (struct column){.type = type_of(TYPE_INTERVAL), .length = 3, .values = same};
    assert_true(column_value_equal(&column, 0, &column, 1) && column_value_equal(&column, 1, &column, 2));
    column = (struct column){.type = type_of(TYPE_BOOLEAN), .length = 2, .values = &bits};
    assert_ascending(&column);
    column = (struct column){.type = type_of(TYPE_VARCHAR), .length = 7, .values = texts};
    assert_ascending(&column);
}

static void test_order_of_lists(void **state)
{
    const int32_t numbers[] = {1, 1, 2, 1, 0, 2}; /* [] [1] [1, 2] [1, NULL] [2] NULL */
    const uint64_t element_validity = 0x2f, validity = 31;
    const list_entry entries[] = {{0, 0}, {0, 1}, {1, 2}, {3, 2}, {5, 1}, {0, 0}};
    static data_type child_type = {.id = TYPE_INT32};
    static const type_detail detail = {.child_count = 1, .children = &child_type};
    column elements = {.type = child_type, .length = 6, .values = numbers, .validity = &element_validity};
    column lists = {.type = {.id = TYPE_LIST, .detail = &detail},
                    .length = 6,
                    .values = entries,
                    .validity = &validity,
                    .children = &elements,
                    .child_count = 1};

    (void)state;
    assert_ascending(&lists);
}

/* Validation -------------------------------------------------------------------------------------------------------------------------- */
static void test_validate(void **state)
{
    static data_type child_type = {.id = TYPE_INT32};
    static const type_detail detail = {.child_count = 1, .children = &child_type};
    const string_ref texts[] = {string_ref_of("\xc3\xa9", 2), string_ref_of("\xc3", 1)};
    const list_entry good[] = {{0, 2}, {2, 0}}, bad[] = {{0, 2}, {1, 2}}, wrapping[] = {{UINT32_MAX, 2}};
    const uint32_t codes[] = {0, 2};
    const int32_t numbers[] = {1, 2};
    const uint64_t first_only = 1;
    column elements = {.type = child_type, .length = 2, .values = numbers}, column = {.type = child_type, .length = 2};
    bp_error err;

    (void)state;
    assert_int_equal(column_validate(&column, 0, &err), BP_BAD_FORMAT);
    assert_non_null(strstr(err.message, "a column of 2 rows has no values"));
    column.length = 0;
    assert_int_equal(column_validate(&column, 0, &err), BP_OK);
    column.encoding = 9;
    assert_int_equal(column_validate(&column, 0, &err), BP_BAD_FORMAT);
    column = (struct column){.type = type_of(TYPE_VARCHAR), .length = 2, .values = texts};
    assert_int_equal(column_validate(&column, 0, &err), BP_OK);
    assert_int_equal(column_validate(&column, 1, &err), BP_BAD_FORMAT);
    assert_non_null(strstr(err.message, "row 1: the text is not UTF-8"));
    column.validity = &first_only;
    assert_int_equal(column_validate(&column, 1, &err), BP_OK);
    column = (struct column){
        .type = {.id = TYPE_LIST, .detail = &detail}, .length = 2, .values = good, .children = &elements, .child_count = 1};
    assert_int_equal(column_validate(&column, 0, &err), BP_OK);
    column.values = bad;
    assert_int_equal(column_validate(&column, 0, &err), BP_BAD_FORMAT);
    column.values = wrapping;
    column.length = 1;
    assert_int_equal(column_validate(&column, 0, &err), BP_BAD_FORMAT);
    column.child_count = 0;
    assert_int_equal(column_validate(&column, 0, &err), BP_BAD_FORMAT);
    column = (struct column){
        .type = child_type, .encoding = COLUMN_DICTIONARY, .length = 2, .values = codes, .children = &elements, .child_count = 1};
    assert_int_equal(column_validate(&column, 0, &err), BP_BAD_FORMAT);
    assert_non_null(strstr(err.message, "row 1: the code is past the dictionary"));
    column.children = NULL;
    assert_int_equal(column_validate(&column, 0, &err), BP_BAD_FORMAT);
}

/* RFC 3629: texts that are UTF-8 and texts that are not. */
static void test_validate_utf8(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {{"", true},
                 {"a\x7f", true},
                 {"\xc2\x80", true},
                 {"\xdf\xbf", true},
                 {"\xe0\xa0\x80", true},
                 {"\xed\x9f\xbf", true},
                 {"\xee\x80\x80", true},
                 {"\xf0\x90\x80\x80", true},
                 {"\xf4\x8f\xbf\xbf", true},
                 {"\x80", false},
                 {"\xc0\x80", false},
                 {"\xc1\xbf", false},
                 {"\xc2", false},
                 {"\xc2\x41", false},
                 {"\xe0\x9f\xbf", false},
                 {"\xed\xa0\x80", false},
                 {"\xe2\x82", false},
                 {"\xf0\x8f\xbf\xbf", false},
                 {"\xf4\x90\x80\x80", false},
                 {"\xf5\x80\x80\x80", false},
                 {"\xff", false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        string_ref text = string_ref_of(cases[i].text, strlen(cases[i].text));
        column column = {.type = type_of(TYPE_VARCHAR), .length = 1, .values = &text};

        if ((column_validate(&column, 1, NULL) == BP_OK) != cases[i].good) fail_msg("case %zu", i);
    }
}

/* Batches and schemas ------------------------------------------------------------------------------------------------------------------ */
static void test_schema_find(void **state)
{
    string_view names[] = {STRING_VIEW("a"), STRING_VIEW("B"), STRING_VIEW("b"), STRING_VIEW("")};
    schema schema = {.count = 4, .names = names};

    (void)state;
    assert_int_equal(schema_find(&schema, STRING_VIEW("A")), 0);
    assert_int_equal(schema_find(&schema, STRING_VIEW("b")), 2); /* the exact one */
    assert_int_equal(schema_find(&schema, STRING_VIEW("B")), 1);
    assert_int_equal(schema_find(&schema, STRING_VIEW("")), 3);
    assert_true(schema_find(&schema, STRING_VIEW("c")) == SIZE_MAX);
}

static void end_of_region(void *data)
{
    ++*(int *)data;
}

static void test_regions(void **state)
{
    int ends[2] = {0, 0};
    region *region = region_new(*state);

    assert_false(region_is_shared(region));
    assert_true(region_on_end(region, end_of_region, &ends[0]));
    assert_true(region_on_end(region, end_of_region, &ends[1]));
    assert_ptr_equal(region_retain(region), region);
    assert_true(region_is_shared(region));
    region_release(region);
    assert_false(region_is_shared(region));
    assert_int_equal(ends[0], 0);
    region_release(region);
    assert_int_equal(ends[0] + ends[1], 2);
    region_release(NULL);
}

/* Out of memory ----------------------------------------------------------------------------------------------------------------------- */
typedef struct operands {
    memory *account;
    column *columns;
    size_t count;
} operands;

static bp_status work_on_one(const column *in, struct arena *arena, bp_error *err)
{
    const uint32_t selection[] = {0, 0};
    const column *parts[2];
    column out, flat;
    batch batch = {.row_count = in->length, .column_count = 1, .columns = &flat}, part;
    bp_status status;

    if ((status = column_slice(&out, in, 1, in->length - 1, arena, err))) return status;
    if ((status = column_gather(&out, in, selection, 2, arena, err))) return status;
    if ((status = column_flatten(&flat, in, arena, err))) return status;
    if ((status = column_copy(&out, in, arena, err))) return status;
    if ((status = batch_slice(&part, &batch, 1, 1, arena, err))) return status;
    parts[0] = parts[1] = &flat;
    return column_concatenate(&out, in->type, parts, 2, arena, err);
}

static bp_status work(void *data, bp_error *err)
{
    operands *own = data;
    bp_status status = BP_OK;

    for (size_t i = 0; i < own->count && !status; i++) {
        struct arena arena;
        arena_init(&arena, own->account);
        status = work_on_one(&own->columns[i], &arena, err);
        arena_clear(&arena);
    }
    return status;
}

static void test_out_of_memory(void **state)
{
    random_stream random = random_new(13, 5);
    data_type types[SAMPLE_TYPES_MOST];
    column columns[2 * SAMPLE_TYPES_MOST];
    operands own = {.account = *state, .columns = columns};
    struct arena arena;
    size_t count;

    arena_init(&arena, *state);
    count = sample_types(types, &arena);
    for (size_t t = 0; t < count; t++) {
        make_random(&columns[own.count++], types[t], 30, true, &random, &arena);
        columns[own.count] = columns[own.count - 1];
        columns[own.count++].encoding = COLUMN_CONSTANT;
    }
    oom_run(*state, work, &own, BP_OK);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bitmaps),      cmocka_unit_test(test_slices),           cmocka_unit_test(test_gathers),
        cmocka_unit_test(test_flatten),      cmocka_unit_test(test_copies),           cmocka_unit_test(test_concatenate),
        cmocka_unit_test(test_column_nulls), cmocka_unit_test(test_order_of_scalars), cmocka_unit_test(test_order_of_lists),
        cmocka_unit_test(test_validate),     cmocka_unit_test(test_validate_utf8),    cmocka_unit_test(test_schema_find),
        cmocka_unit_test(test_regions),      cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, account_begin, account_end);
}
