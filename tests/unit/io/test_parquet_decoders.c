/* Decoders of packed differences, of texts packed by them, and of byte streams, held against what a slow writer below was given, at every level of processors. */
#include "csv_support.h"

#include "base/random.h"
#include "io/parquet_internal.h"
#include "io/parquet_streams.h"

#define SPARE 32
#define MINIBLOCK 32
#define BLOCK (4 * MINIBLOCK)
#define MOST_VALUES 3000

/* Writing: Encodings.md, word by word -------------------------------------------------------------------------------------------------- */
typedef struct page {
    uint8_t bytes[MOST_VALUES * 210];
    size_t size;
    int64_t given[MOST_VALUES], found[MOST_VALUES]; /* values of a test */
} page;

static void put_varint(page *page, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) page->bytes[page->size++] = (uint8_t)(value | 0x80);
    page->bytes[page->size++] = (uint8_t)value;
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static void put_packed(page *page, const uint64_t *values, size_t count, unsigned width)
{
    memset(page->bytes + page->size, 0, count * width / 8);
    for (size_t i = 0; i < count; i++)
        for (unsigned bit = 0; bit < width; bit++)
            if (values[i] >> bit & 1) page->bytes[page->size + (i * width + bit) / 8] |= (uint8_t)(1 << (i * width + bit) % 8);
    page->size += count * width / 8;
}

static unsigned width_of(const uint64_t *values, size_t count)
{
    uint64_t any = 0;

    for (size_t i = 0; i < count; i++) any |= values[i];
    return any ? 64 - (unsigned)__builtin_clzll(any) : 0;
}

/* One block of differences from `before` on. Its last miniblock is filled up; those behind have a width of 0 and nothing else. */
BP_WRAPS static void put_block(page *page, int64_t before, const int64_t *values, size_t count)
{
    uint64_t differences[BLOCK];
    int64_t least = INT64_MAX;

    for (size_t i = 0; i < BLOCK; i++) {
        size_t at = i < count ? i : count - 1;
        differences[i] = (uint64_t)values[at] - (uint64_t)(at ? values[at - 1] : before);
        if ((int64_t)differences[i] < least) least = (int64_t)differences[i];
    }
    for (size_t i = 0; i < BLOCK; i++) differences[i] -= (uint64_t)least;
    put_varint(page, zigzag(least));
    for (size_t i = 0; i < BLOCK; i += MINIBLOCK)
        page->bytes[page->size++] = i < count ? (uint8_t)width_of(differences + i, MINIBLOCK) : 0;
    for (size_t i = 0; i < count; i += MINIBLOCK)
        put_packed(page, differences + i, MINIBLOCK, width_of(differences + i, MINIBLOCK));
}

static void put_deltas(page *page, const int64_t *values, size_t count)
{
    put_varint(page, BLOCK);
    put_varint(page, BLOCK / MINIBLOCK);
    put_varint(page, count);
    put_varint(page, zigzag(count ? values[0] : 0));
    for (size_t i = 1; i < count; i += BLOCK) put_block(page, values[i - 1], values + i, count - i < BLOCK ? count - i : BLOCK);
}

/* Differences --------------------------------------------------------------------------------------------------------------------------- */
static void expect_deltas(page *page, size_t count, size_t piece)
{
    uint8_t *exact = malloc(page->size + 8); /* a sanitizer sees what is read behind */
    int64_t *values = page->found;
    const uint8_t *end;
    parquet_delta delta;

    memcpy(exact, page->bytes, page->size);
    memset(exact + page->size, 0xff, 8);
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) continue;
        assert_true(parquet_delta_init(&delta, exact, page->size));
        assert_true(parquet_delta_end(&delta, &end));
        assert_ptr_equal(end, exact + page->size);
        for (size_t at = 0; at < count; at += piece)
            assert_true(parquet_delta_read(&delta, values + at, count - at < piece ? count - at : piece));
        assert_memory_equal(values, page->given, count * sizeof *values);
        assert_false(parquet_delta_read(&delta, values, 1));
    }
    cpu_force_level(CPU_AVX512);
    free(exact);
}

BP_WRAPS static void test_deltas_of_every_width(void **state)
{
    static const size_t pieces[] = {1, 7, 8, 33, 1024, MOST_VALUES};
    random_stream random = random_new(5, 6);
    page *page = malloc(sizeof *page);

    (void)state;
    for (unsigned width = 0; width <= 64; width++) {
        int64_t *values = page->given;
        size_t count = 2 + random_below(&random, 3 * BLOCK);
        uint64_t value = random_below(&random, UINT64_MAX), step = random_below(&random, 1 << 20);

        for (size_t i = 0; i < count; i++) {
            values[i] = (int64_t)value;
            value += step + (width ? random_below(&random, UINT64_MAX) >> (64 - width) : 0);
        }
        page->size = 0;
        put_deltas(page, values, count);
        for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) expect_deltas(page, count, pieces[i]);
    }
    free(page);
}

/* Streams -------------------------------------------------------------------------------------------------------------------------------- */
static void test_streams(void **state)
{
    random_stream random = random_new(7, 8);

    (void)state;
    for (size_t width = 1; width <= 17; width++)
        for (size_t count = 0; count < 70; count = count < 40 ? count + 1 : count + 17) {
            size_t stride = count + random_below(&random, 3);
            uint8_t *in = malloc(stride * width + 1), *out = malloc(count * width + 1);
            for (size_t i = 0; i < stride * width; i++) in[i] = (uint8_t)random_below(&random, 256);
            for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
                if (cpu_force_level(level) != level) continue;
                memset(out, 0x5a, count * width + 1);
                parquet_streams_join(in, stride, width, out, count);
                for (size_t i = 0; i < count * width; i++) assert_int_equal(out[i], in[i % width * stride + i / width]);
                assert_int_equal(out[count * width], 0x5a);
            }
            free(in);
            free(out);
        }
    cpu_force_level(CPU_AVX512);
}

/* Texts ---------------------------------------------------------------------------------------------------------------------------------- */
typedef struct text_case {
    char bytes[MOST_VALUES][200];
    int64_t sizes[MOST_VALUES], shared[MOST_VALUES], own[MOST_VALUES];
    string_ref refs[MOST_VALUES];
    size_t count;
    page page;
} text_case;

/* Many sizes, and beginnings that are shared by up to all of the text before. */
static void make_texts(text_case *test, random_stream *random, size_t count, size_t most, bool ascii)
{
    test->count = count;
    for (size_t i = 0; i < count; i++) {
        size_t shared = i ? random_below(random, (uint64_t)test->sizes[i - 1] + 1) : 0, size = shared;
        if (shared > most) shared = size = most;
        size += random_below(random, most - size + 1) / 2;
        if (!ascii) shared -= shared % 2, size -= (size - shared) % 2;
        if (i) memcpy(test->bytes[i], test->bytes[i - 1], shared);
        for (size_t k = shared; k < size; k++)
            test->bytes[i][k] = ascii ? (char)('a' + random_below(random, 26)) : (char)(k % 2 ? 0xa4 : 0xc3);
        test->sizes[i] = (int64_t)size;
        test->shared[i] = (int64_t)shared;
        test->own[i] = (int64_t)(size - shared);
    }
}

static void put_texts(text_case *test, bool whole)
{
    test->page.size = 0;
    if (!whole) put_deltas(&test->page, test->shared, test->count);
    put_deltas(&test->page, whole ? test->sizes : test->own, test->count);
    for (size_t i = 0; i < test->count; i++) {
        size_t from = whole ? 0 : (size_t)test->shared[i], size = (size_t)test->sizes[i] - from;
        memcpy(test->page.bytes + test->page.size, test->bytes[i] + from, size);
        test->page.size += size;
    }
    memset(test->page.bytes + test->page.size, 0, SPARE);
}

static bool keep_nothing(void *data, region *region)
{
    (void)data, (void)region;
    return true;
}

static void read_texts(text_case *test, uint8_t encoding, memory *account, size_t piece)
{
    parquet_leaf leaf = {
        .physical = PARQUET_BYTE_ARRAY, .convert = CONVERT_REF, .type = type_of(TYPE_VARCHAR), .width = sizeof(string_ref)};
    parquet_reader reader = {.leaf = &leaf, .memory = account, .encoding = encoding};
    parquet_target target = {.keep = keep_nothing};
    string_ref *refs = test->refs;
    arena arena;

    arena_init(&arena, account);
    target.arena = &arena;
    assert_int_equal(parquet_values_begin(&reader, test->page.bytes, test->page.size, NULL), BP_OK);
    for (size_t at = 0; at < test->count; at += piece) {
        size_t part = test->count - at < piece ? test->count - at : piece;
        if (at / piece % 3 == 2) { /* rows that are passed over count for those that share with them */
            assert_int_equal(parquet_values_skip(&reader, part, NULL), BP_OK);
            continue;
        }
        assert_int_equal(parquet_values_read(&reader, &target, part, refs, 0, NULL), BP_OK);
        for (size_t i = 0; i < part; i++) {
            assert_int_equal(refs[i].size, test->sizes[at + i]);
            assert_memory_equal(string_ref_data(&refs[i]), test->bytes[at + i], refs[i].size);
        }
    }
    assert_int_equal(parquet_values_read(&reader, &target, 1, refs, 0, NULL), BP_BAD_FORMAT);
    parquet_reader_close(&reader);
    arena_clear(&arena);
}

static void test_delta_texts(void **state)
{
    static const struct {
        size_t count, most;
        bool ascii;
    } cases[] = {{1, 0, true}, {40, 5, true}, {2500, 30, true}, {MOST_VALUES, 199, true}, {1100, 60, false}};
    random_stream random = random_new(11, 12);
    text_case *test = malloc(sizeof *test);

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        make_texts(test, &random, cases[i].count, cases[i].most, cases[i].ascii);
        put_texts(test, true);
        read_texts(test, PARQUET_DELTA_LENGTH_BYTE_ARRAY, *state, MOST_VALUES);
        read_texts(test, PARQUET_DELTA_LENGTH_BYTE_ARRAY, *state, 13);
        put_texts(test, false);
        read_texts(test, PARQUET_DELTA_BYTE_ARRAY, *state, MOST_VALUES);
        read_texts(test, PARQUET_DELTA_BYTE_ARRAY, *state, 13);
    }
    free(test);
}

/* Sizes that lie: below 0, more than the page has, more of the text before than that has. */
static void test_hostile_texts(void **state)
{
    static const struct {
        int64_t shared, own;
    } lies[] = {{-1, 1}, {4, 1}, {0, -1}, {0, 100}, {INT64_MIN, 1}, {0, INT64_MAX}, {0, (int64_t)1 << 40}};
    parquet_leaf leaf = {
        .physical = PARQUET_BYTE_ARRAY, .convert = CONVERT_REF, .type = type_of(TYPE_BLOB), .width = sizeof(string_ref)};
    page *page = malloc(sizeof *page);

    for (size_t i = 0; i < ARRAY_LENGTH(lies); i++) {
        int64_t shared[2] = {0, lies[i].shared}, own[2] = {3, lies[i].own};
        parquet_reader reader = {.leaf = &leaf, .memory = *state, .encoding = PARQUET_DELTA_BYTE_ARRAY};
        parquet_target target = {.keep = keep_nothing};
        string_ref refs[2];
        arena arena;

        arena_init(&arena, *state);
        target.arena = &arena;
        page->size = 0;
        put_deltas(page, shared, 2);
        put_deltas(page, own, 2);
        memset(page->bytes + page->size, 'x', 10 + SPARE);
        assert_int_equal(parquet_values_begin(&reader, page->bytes, page->size + 10, NULL), BP_OK);
        assert_int_equal(parquet_values_read(&reader, &target, 2, refs, 0, NULL), BP_BAD_FORMAT);
        parquet_reader_close(&reader);
        arena_clear(&arena);
    }
    free(page);
}

static int begin(void **state)
{
    *state = memory_account_new(NULL, SIZE_MAX);
    return *state ? 0 : -1;
}

static int end(void **state)
{
    memory_release(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deltas_of_every_width),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_delta_texts),
        cmocka_unit_test(test_hostile_texts),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
