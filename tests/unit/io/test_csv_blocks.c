/* Any block size, batch size, number of threads and SIMD level gives the same rows. Files are made at random from values that are
 * known, so what must come out is the values themselves. */
#include "csv_support.h"

#include "base/random.h"
#include "io/csv_index.h"

#define COLUMNS 4

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* A random field as it is meant, and as it stands in the file. */
static void random_field(uint64_t *state, builder *meant, builder *written)
{
    static const char alphabet[] = "abc,\"\n xyz;|\r";
    char text[40];
    size_t size = next_random(state) % sizeof text;
    bool quote = next_random(state) % 4 == 0;

    if (next_random(state) % 3 == 0)
        size = (size_t)snprintf(text, sizeof text, "%d", (int)next_random(state));
    else
        for (size_t i = 0; i < size; i++) text[i] = alphabet[next_random(state) % (sizeof alphabet - 1)];
    for (size_t i = 0; i < size; i++) quote |= strchr(",\"\n\r", text[i]) != NULL;
    quote |= size && text[0] == ' ';
    if (size == 0) builder_byte(meant, '~');
    builder_append(meant, text, size);
    if (quote) builder_byte(written, '"');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"') builder_byte(written, '"');
        builder_byte(written, text[i]);
    }
    if (quote) builder_byte(written, '"');
}

static void random_file(uint64_t seed, builder *meant, builder *written)
{
    uint64_t state = seed;
    size_t rows = next_random(&state) % 200;
    bool returns = next_random(&state) % 2;

    builder_literal(meant, "c0 VARCHAR,c1 VARCHAR,c2 VARCHAR,c3 VARCHAR\n");
    builder_literal(written, "c0,c1,c2,c3\n");
    for (size_t row = 0; row < rows; row++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            if (c) builder_byte(meant, '|'), builder_byte(written, ',');
            random_field(&state, meant, written);
        }
        builder_byte(meant, '\n');
        if (returns) builder_byte(written, '\r');
        builder_byte(written, '\n');
    }
    if (next_random(&state) % 2) written->size -= 1 + returns;
}

static void test_any_cut_gives_the_same(void **state)
{
    static const struct {
        size_t block, batch;
        cpu_kind level;
    } ways[] = {
        {1 << 20, 2048, CPU_AVX512}, {64, 3, CPU_AVX2}, {1000, 64, CPU_SCALAR}, {331, 1, CPU_AVX512}, {97, 2048, CPU_AVX512}};
    world *world = *state;
    csv_options options;

    csv_options_init(&options);
    options.all_varchar = true;
    options.header = CSV_YES;
    options.delimiter = STRING_VIEW(",");
    options.quote = options.escape = '"';
    for (uint64_t seed = 1; seed <= 150; seed++) {
        builder meant, written;
        builder_init(&meant, world->context->memory, SIZE_MAX);
        builder_init(&written, world->context->memory, SIZE_MAX);
        random_file(seed, &meant, &written);
        write_bytes(world, written.data, written.size);
        for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
            bp_error err = {0};
            builder out;
            set_size(world, "csv_block_size", ways[i].block);
            cpu_force_level(ways[i].level);
            builder_init(&out, world->context->memory, SIZE_MAX);
            if (read_file(&out, world, &options, ways[i].batch, &err)) fail_msg("seed %d, way %zu: %s", (int)seed, i, err.message);
            if (out.size != meant.size || memcmp(out.data, meant.data, out.size))
                fail_msg("seed %d, way %zu differs", (int)seed, i);
            builder_clear(&out);
        }
        builder_clear(&meant);
        builder_clear(&written);
    }
    cpu_force_level(CPU_AVX512);
}

/* Each level finds the same ends, or the same doubt, in any bytes. */
static void test_levels_agree(void **state)
{
    static const char alphabet[] = "ab,\"\n\r#,,,\n";
    static const csv_marks marks = {',', '\n', '"', '#', true, true};
    static uint32_t ends[2][1024];
    static char text[512 + 64];
    uint64_t seed = 7;

    for (int round = 0; round < 20000; round++) {
        size_t size = next_random(&seed) % 400, rare = 1 + next_random(&seed) % 30;
        size_t begin = size ? next_random(&seed) % (size < 70 ? size : 70) : 0;
        csv_index_state states[2] = {{.after_separator = 1}, {.after_separator = 1}};
        size_t counts[2];

        for (size_t i = 0; i < sizeof text; i++)
            text[i] = next_random(&seed) % rare ? (char)('a' + next_random(&seed) % 26)
                                                : alphabet[next_random(&seed) % (sizeof alphabet - 1)];
        counts[0] = csv_index_plain(text, begin, size, &marks, &states[0], ends[0]);
        for (int level = CPU_AVX2; level <= CPU_AVX512; level++) {
            if (cpu_force_level((cpu_kind)level) != (cpu_kind)level) continue;
            states[1] = (csv_index_state){.after_separator = 1};
            counts[1] = csv_index_best()(text, begin, size, &marks, &states[1], ends[1]);
            assert_int_equal(counts[0], counts[1]);
            if (counts[0] == SIZE_MAX) continue;
            assert_memory_equal(ends[0], ends[1], counts[0] * 4);
            assert_int_equal(states[0].in_quote, states[1].in_quote);
            assert_int_equal(states[0].after_separator, states[1].after_separator);
            assert_int_equal(states[0].after_closing, states[1].after_closing);
            assert_int_equal(states[0].after_return, states[1].after_return);
            assert_int_equal(states[0].new_lines, states[1].new_lines);
            assert_int_equal(states[0].escapes != 0, states[1].escapes != 0);
        }
        cpu_force_level(CPU_AVX512);
    }
}

/* Counting finds what the ends say: each row has the columns, or it has not, at all levels. */
static void test_counting_agrees(void **state)
{
    static const char alphabet[] = "ab,\"\n\r#,,,\n";
    static uint32_t ends[1024];
    static char text[512 + 64];
    size_t accepted = 0;
    uint64_t seed = 11;

    for (int round = 0; round < 20000; round++) {
        size_t size = next_random(&seed) % 400, rare = 1 + next_random(&seed) % 30, columns = 1 + next_random(&seed) % 90;
        size_t begin = size ? next_random(&seed) % (size < 70 ? size : 70) : 0, half, found, fields = 0;
        csv_marks marks = {',', '\n', '"', '#', next_random(&seed) % 4, next_random(&seed) % 2};
        csv_index_state index = {.after_separator = 1};
        bool alike;

        if (round % 2) columns = 1 + columns % 4;
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = next_random(&seed) % rare ? (char)('a' + next_random(&seed) % 26)
                                                : alphabet[next_random(&seed) % (sizeof alphabet - 1)];
        for (size_t i = begin; round % 3 && i < size; i++) { /* most rows as they should be */
            bool separator = text[i] == ',' || text[i] == '\n';
            if (separator) text[i] = ++fields % columns ? ',' : '\n';
            if (text[i] == '"' || text[i] == '\r' || text[i] == '#') text[i] = 'q';
        }
        half = begin + (size > begin ? next_random(&seed) % (size - begin) : 0);
        found = csv_index_plain(text, begin, size, &marks, &index, ends);
        alike = found != SIZE_MAX;
        fields = 0;
        for (size_t i = 0; alike && i < found; i++) {
            fields++;
            if (text[ends[i]] != '\n') continue;
            alike = fields == columns;
            fields = 0;
        }
        for (int level = CPU_SCALAR; level <= CPU_AVX512; level++) {
            csv_count_state count = {.index = {.after_separator = 1}, .left = columns - 1};
            bool counted;
            if (cpu_force_level((cpu_kind)level) != (cpu_kind)level) continue;
            counted = csv_count_best()(text, begin, half, &marks, columns, &count) &&
                      csv_count_best()(text, half, size, &marks, columns, &count);
            if (alike && fields < columns) assert_true(counted);
            if (!alike) assert_true(!counted);
            if (!counted || !alike) continue;
            accepted += level == CPU_SCALAR; /* the one that is everywhere */
            assert_int_equal(count.index.new_lines, index.new_lines);
            if (fields < columns) assert_int_equal(count.left, columns - 1 - fields);
            assert_int_equal(count.index.in_quote, index.in_quote);
            assert_int_equal(count.index.after_separator, index.after_separator);
            assert_int_equal(count.index.after_closing, index.after_closing);
            assert_int_equal(count.index.after_return, index.after_return);
        }
        cpu_force_level(CPU_AVX512);
    }
    assert_true(accepted > 3000);
}

/* How many rows a scan of these columns gives, one after the other. */
static bp_status rows_of(source *source, size_t column_count, uint64_t *rows, bp_error *err)
{
    const size_t columns[] = {0};
    const scan_request request = {.columns = columns, .column_count = column_count, .batch_size = 7, .row_limit = UINT64_MAX};
    scan_worker *worker = NULL;
    scan *scan = NULL;
    uint64_t morsel;
    bp_status status;
    bool end = false;
    batch batch;

    *rows = 0;
    if ((status = source->class->scan_open(&scan, source, &request, err))) return status;
    if ((status = scan->class->worker_new(&worker, scan, err))) goto done;
    while ((status = scan->class->claim(scan, worker, &morsel, &end, err)) == BP_OK && !end) {
        do {
            if ((status = scan->class->next(scan, worker, &batch, err))) goto done;
            *rows += batch.row_count;
        } while (batch.row_count);
    }
done:
    if (worker) scan->class->worker_free(worker);
    scan_free(scan);
    return status;
}

static bool rows_agree(source *source, bp_status *how)
{
    bp_error errors[2] = {{0}, {0}};
    uint64_t rows[2];
    bp_status counted = rows_of(source, 0, &rows[0], &errors[0]), read = rows_of(source, 1, &rows[1], &errors[1]);

    *how = read;
    return counted == read && strcmp(errors[0].message, errors[1].message) == 0 && (read || rows[0] == rows[1]);
}

/* Counting rows and reading them tell the same, also of files that are not as they should be. */
static void test_count_is_what_is_read(void **state)
{
    static const char odd[] = ",\"\n\r#x";
    static const size_t blocks[] = {1 << 20, 64, 1000, 331, 97, 16};
    world *world = *state;
    size_t good = 0, bad = 0;
    uint64_t random = 5;
    csv_options options;

    for (uint64_t seed = 1; seed <= 300; seed++) {
        string_view path = string_view_of(world->path);
        builder meant, written;
        source *source = NULL;
        bp_error err = {0};
        bp_status how;

        csv_options_init(&options);
        options.all_varchar = true;
        options.header = CSV_YES;
        options.delimiter = STRING_VIEW(",");
        options.quote = options.escape = '"';
        options.auto_detect = seed % 3 != 0;
        options.ignore_errors = seed % 5 == 0;
        options.null_padding = seed % 7 == 0;
        options.strict_mode = seed % 11 != 0;
        builder_init(&meant, world->context->memory, SIZE_MAX);
        builder_init(&written, world->context->memory, SIZE_MAX);
        random_file(seed, &meant, &written);
        for (unsigned i = next_random(&random) % 3; i > 0; i--) {
            size_t at = 12 + next_random(&random) % (written.size + 1);
            if (at < written.size) written.data[at] = odd[next_random(&random) % (sizeof odd - 1)];
        }
        write_bytes(world, written.data, written.size);
        cpu_force_level(seed % 2 ? CPU_AVX512 : seed % 4 ? CPU_AVX2 : CPU_SCALAR);
        assert_int_equal(csv_source_new(&source, world->context, &path, 1, &options, &err), BP_OK);
        for (size_t i = 0; i < ARRAY_LENGTH(blocks); i++) {
            set_size(world, "csv_block_size", blocks[i]);
            if (!rows_agree(source, &how)) fail_msg("seed %d, blocks of %zu", (int)seed, blocks[i]);
        }
        how ? bad++ : good++;
        source_release(source);
        builder_clear(&meant);
        builder_clear(&written);
    }
    cpu_force_level(CPU_AVX512);
    assert_true(good > 50 && bad > 25);
}

/* Seven threads on small blocks: each morsel's rows, put together in the order of the morsels, are the file's. */
typedef struct parallel {
    scan *scan;
    uint64_t first[1 << 16], rows[1 << 16];
    atomic_bool wrong;
} parallel;

static bp_status count_rows(void *data, size_t number, uint64_t piece, bp_error *err)
{
    parallel *job = data;
    scan *scan = job->scan;
    scan_worker *worker;
    uint64_t morsel;
    bp_status status;
    bool end;
    batch batch;

    if ((status = scan->class->worker_new(&worker, scan, err))) return status;
    while ((status = scan->class->claim(scan, worker, &morsel, &end, err)) == BP_OK && !end) {
        for (;;) {
            if ((status = scan->class->next(scan, worker, &batch, err)) || !batch.row_count) break;
            const int64_t *values = batch.columns[0].values;
            if (!job->rows[morsel]) job->first[morsel] = (uint64_t)values[0];
            for (size_t i = 0; i < batch.row_count; i++) {
                if ((uint64_t)values[i] != job->first[morsel] + job->rows[morsel] + i) atomic_store(&job->wrong, true);
            }
            job->rows[morsel] += batch.row_count;
        }
        if (status) break;
    }
    scan->class->worker_free(worker);
    return status;
}

static void test_threads(void **state)
{
    world *world = *state;
    string_view path = string_view_of(world->path);
    FILE *file = fopen(world->path, "wb");
    parallel *job = calloc(1, sizeof *job);
    const size_t columns[] = {0};
    const scan_request request = {.columns = columns, .column_count = 1, .batch_size = 100, .row_limit = UINT64_MAX};
    source *source = NULL;
    csv_options options;
    bp_error err = {0};
    uint64_t next = 0;

    fputs("a,b\n", file);
    for (int i = 0; i < 100000; i++) fprintf(file, i % 3 ? "%d,\"line\nline,\n\"\"%d\n\"\n" : "%d,%d\n", i, i);
    fclose(file);
    set_size(world, "threads", 7);
    set_size(world, "csv_block_size", 500);
    csv_options_init(&options);
    assert_int_equal(csv_source_new(&source, world->context, &path, 1, &options, &err), BP_OK);
    for (int round = 0; round < 5; round++) {
        memset(job, 0, sizeof *job);
        next = 0;
        assert_int_equal(source->class->scan_open(&job->scan, source, &request, &err), BP_OK);
        assert_int_equal(parallel_run(world->context, parallel_workers(world->context, 7), count_rows, job, &err), BP_OK);
        assert_false(atomic_load(&job->wrong));
        for (size_t i = 0; i < ARRAY_LENGTH(job->rows); i++) {
            if (job->rows[i]) assert_int_equal(job->first[i], next);
            next += job->rows[i];
        }
        assert_int_equal(next, 100000);
        scan_free(job->scan);
    }
    source_release(source);
    free(job);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {TEST(test_any_cut_gives_the_same), TEST(test_levels_agree), TEST(test_counting_agrees),
                                       TEST(test_count_is_what_is_read), TEST(test_threads)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
