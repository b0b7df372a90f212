/* Rows in temporary files: runs come back in order whoever wrote them, partitions keep their rows together and in order, several threads write and read one
 * file, what is damaged or does not fit is an error, and every failure of memory and disk is survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/context.h"
#include "base/hash.h"
#include "base/random.h"
#include "exec/spill.h"
#include "oom.h"

static bp_context *context;

static int begin(void **state)
{
    (void)state;
    return context_new(&context, NULL) ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    context_free(context);
    return 0;
}

/* Rows of two columns, a number and a text that says it, from `first` on; the texts lie behind the refs in static memory. */
#define MOST 4096
typedef struct sample {
    int64_t numbers[MOST];
    string_ref texts[MOST];
    char bytes[MOST][24];
    column columns[2];
    batch batch;
} sample;

static const data_type types[2] = {{.id = TYPE_INT64}, {.id = TYPE_VARCHAR}};

static const batch *fill(sample *out, int64_t first, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        int size = snprintf(out->bytes[i], sizeof out->bytes[i], "number %lld", (long long)(first + (int64_t)i));
        out->numbers[i] = first + (int64_t)i;
        out->texts[i] = string_ref_of(out->bytes[i], (size_t)size);
    }
    out->columns[0] = (column){.type = types[0], .length = rows, .values = out->numbers};
    out->columns[1] = (column){.type = types[1], .length = rows, .values = out->texts};
    out->batch = (batch){.row_count = rows, .column_count = 2, .columns = out->columns};
    return &out->batch;
}

static bool row_says(const batch *rows, size_t row, int64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof text, "number %lld", (long long)number);
    const string_ref *ref = (const string_ref *)rows->columns[1].values + row;

    return ((const int64_t *)rows->columns[0].values)[row] == number && ref->size == (size_t)size &&
           memcmp(string_ref_data(ref), text, (size_t)size) == 0;
}

/* The run holds first, first + 1 … */
static bp_status expect_numbers(spill_run *run, int64_t first, size_t count, bp_error *err)
{
    spill_reader reader;
    batch rows;
    size_t seen = 0;
    bp_status status;

    spill_reader_init(&reader, run, 0, spill_run_pages(run));
    while (!(status = spill_reader_next(&reader, &rows, err)) && rows.row_count)
        for (size_t i = 0; i < rows.row_count; i++) assert_true(row_says(&rows, i, first + (int64_t)seen++));
    if (!status) assert_int_equal(seen, count);
    spill_reader_clear(&reader);
    return status;
}

/* One worker writes the even orders, another the odd ones; batches of all sizes. */
static bp_status write_two(void *data, bp_error *err)
{
    static sample sample;
    size_t page_size = *(const size_t *)data;
    spill_file *file = NULL;
    spill_run *runs[2] = {NULL, NULL};
    size_t sizes[] = {1, 700, 3, 0, 4096, 50, 1}, total = 0;
    bp_status status = spill_file_new(&file, context, err);

    for (size_t i = 0; i < 2 && !status; i++) status = spill_run_new(&runs[i], file, types, 2, page_size, err);
    for (uint64_t order = 0; order < sizeof sizes / sizeof *sizes && !status; order++) {
        spill_run *run = runs[order % 2];
        status = spill_run_order(run, order, err);
        if (!status) status = spill_run_append(run, fill(&sample, (int64_t)total, sizes[order]), err);
        total += sizes[order];
    }
    if (!status) status = spill_run_finish(runs[1], err);
    if (!status) status = spill_run_finish(runs[0], err);
    if (!status) status = spill_run_join(runs[0], runs[1], err);
    if (!status) status = spill_run_finish(runs[0], err);
    if (!status) {
        assert_int_equal(spill_run_rows(runs[0]), total);
        assert_int_equal(spill_run_rows(runs[1]), 0);
        status = expect_numbers(runs[0], 0, total, err);
    }
    for (size_t i = 0; i < 2; i++) spill_run_free(runs[i]);
    spill_file_free(file);
    return status;
}

static void test_runs(void **state)
{
    size_t sizes[] = {1, 1000, 30000, SPILL_PAGE_MOST};
    static sample sample;

    (void)state;
    fill(&sample, 0, 1);
    for (size_t i = 0; i < 4; i++) assert_int_equal(write_two(&sizes[i], NULL), BP_OK);
    assert_int_equal(atomic_load(&context->temporary_bytes), 0);
    oom_run(context->memory, write_two, &sizes[2], BP_OK);
    faults_run(context, write_two, &sizes[2], BP_OK);
    assert_int_equal(atomic_load(&context->temporary_bytes), 0);
}

static void test_space(void **state)
{
    size_t size = 1000;
    bp_error err;

    (void)state;
    assert_int_equal(config_set(context, "max_temp_directory_size", "10kB", NULL), BP_OK);
    assert_int_equal(write_two(&size, &err), BP_OVER_BUDGET);
    assert_non_null(strstr(err.message, "max_temp_directory_size"));
    assert_int_equal(atomic_load(&context->temporary_bytes), 0);
    assert_int_equal(config_set(context, "max_temp_directory_size", "unlimited", NULL), BP_OK);
    assert_int_equal(write_two(&size, NULL), BP_OK);
}

/* Partitions of partitions: every row is in the run that its hash says, in the order of appending. */
static void test_partitions(void **state)
{
    static sample sample;
    static uint64_t hashes[MOST];
    spill_file *file;
    spill_partitions two[2];
    size_t next = 0, rows = 0;

    (void)state;
    assert_int_equal(spill_file_new(&file, context, NULL), BP_OK);
    for (size_t i = 0; i < 2; i++) assert_int_equal(spill_partitions_init(&two[i], file, types, 2, 3, 61, 5000, NULL), BP_OK);
    for (uint64_t order = 0; order < 20; order++) {
        size_t count = (size_t)(order * 97 % 2000);
        spill_partitions *one = &two[order % 2];
        fill(&sample, (int64_t)next, count);
        for (size_t i = 0; i < count; i++) hashes[i] = hash_uint64(next + i);
        assert_int_equal(spill_partitions_order(one, order, NULL), BP_OK);
        assert_int_equal(spill_partitions_append(one, &sample.batch, hashes, NULL), BP_OK);
        next += count;
    }
    assert_int_equal(spill_partitions_finish(&two[1], NULL), BP_OK);
    assert_int_equal(spill_partitions_join(&two[0], &two[1], NULL), BP_OK);
    assert_int_equal(spill_partitions_finish(&two[0], NULL), BP_OK);
    for (size_t part = 0; part < 8; part++) {
        spill_reader reader;
        int64_t last = -1;
        batch out;
        spill_reader_init(&reader, two[0].runs[part], 0, spill_run_pages(two[0].runs[part]));
        while (spill_reader_next(&reader, &out, NULL) == BP_OK && out.row_count)
            for (size_t i = 0; i < out.row_count; i++, rows++) {
                int64_t number = ((const int64_t *)out.columns[0].values)[i];
                assert_true(number > last && row_says(&out, i, number));
                assert_int_equal(hash_uint64((uint64_t)number) >> 58 & 7, part);
                last = number;
            }
        spill_reader_clear(&reader);
    }
    assert_int_equal(rows, next);
    for (size_t i = 0; i < 2; i++) spill_partitions_clear(&two[i]);
    spill_file_free(file);
}

/* Threads: each writes runs of its own into one file and reads them, while others do. */
static bp_status write_own(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    sample *rows = malloc(sizeof *rows);
    spill_run *run = NULL;
    bp_status status = spill_run_new(&run, data, types, 2, 3000, err);

    (void)worker;
    for (int64_t at = 0; at < 5000 && !status; at += 500)
        status = spill_run_append(run, fill(rows, (int64_t)piece * 10000 + at, 500), err);
    if (!status) status = spill_run_finish(run, err);
    if (!status) status = expect_numbers(run, (int64_t)piece * 10000, 5000, err);
    spill_run_free(run);
    free(rows);
    return status;
}

static void test_threads(void **state)
{
    spill_file *file;

    (void)state;
    assert_int_equal(config_set(context, "threads", "4", NULL), BP_OK);
    assert_int_equal(spill_file_new(&file, context, NULL), BP_OK);
    assert_int_equal(parallel_for(context, 24, write_own, file, NULL), BP_OK);
    assert_true(spill_file_size(file) > 0);
    spill_file_free(file);
}

static void test_pressure(void **state)
{
    size_t all;
    void *block;

    (void)state;
    assert_int_equal(config_set(context, "memory_limit", "100MiB", NULL), BP_OK);
    all = memory_available(context->memory);
    assert_false(spill_pressure(context, 0));
    assert_false(spill_pressure(context, all - ((size_t)25 << 20)));
    assert_true(spill_pressure(context, all - ((size_t)25 << 20) + 1));
    assert_true(spill_pressure(context, SIZE_MAX));
    block = memory_allocate(context->memory, (size_t)80 << 20);
    assert_non_null(block);
    assert_true(spill_pressure(context, 0));
    assert_int_equal(spill_page_size(context, 4), SPILL_PAGE_MOST);
    assert_int_equal(spill_page_size(context, 1000000), SPILL_PAGE_LEAST);
    assert_int_equal(config_set(context, "spill", "never", NULL), BP_OK);
    assert_false(spill_pressure(context, SIZE_MAX));
    memory_free(context->memory, block, (size_t)80 << 20);
    assert_int_equal(config_set(context, "spill", "always", NULL), BP_OK);
    assert_true(spill_pressure(context, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_runs, begin, end),       cmocka_unit_test_setup_teardown(test_space, begin, end),
        cmocka_unit_test_setup_teardown(test_partitions, begin, end), cmocka_unit_test_setup_teardown(test_threads, begin, end),
        cmocka_unit_test_setup_teardown(test_pressure, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
