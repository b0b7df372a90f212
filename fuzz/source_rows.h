/* What fuzz targets of file formats share: a file of the input's bytes, and all rows of a source as text. */
#ifndef FUZZ_SOURCE_ROWS_H
#define FUZZ_SOURCE_ROWS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "io/source.h"

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())
#define ROWS_MOST 20000 /* a few bytes can stand for billions of NULLs */
#define COLUMNS_MOST 64

static bp_context *context;
static char path[64];

static void set_morsel(const char *rows)
{
    REQUIRE(bp_context_set(context, "morsel_rows", rows, NULL) == BP_OK);
}

static void take_rows(const batch *batch, uint64_t *rows, builder *out)
{
    for (size_t c = 0; c < batch->column_count; c++) REQUIRE(column_validate(&batch->columns[c], 1, NULL) == BP_OK);
    for (size_t row = 0; row < batch->row_count && *rows < ROWS_MOST; row++, ++*rows) {
        for (size_t c = 0; c < batch->column_count; c++) {
            if (!column_is_null(&batch->columns[c], row)) column_print_value(out, &batch->columns[c], row);
            builder_byte(out, '|');
        }
    }
}

static bp_status read_all(source *source, size_t batch_size, uint64_t *rows, builder *out)
{
    size_t columns[COLUMNS_MOST];
    scan_request request = {.columns = columns, .batch_size = batch_size, .row_limit = UINT64_MAX};
    scan_worker *worker = NULL;
    scan *scan = NULL;
    uint64_t morsel;
    bp_status status;
    bool end = false;
    batch batch;

    request.column_count = source->schema.count < COLUMNS_MOST ? source->schema.count : COLUMNS_MOST;
    for (size_t i = 0; i < request.column_count; i++) columns[i] = i;
    if ((status = source->class->scan_open(&scan, source, &request, NULL))) return status;
    if ((status = scan->class->worker_new(&worker, scan, NULL))) goto done;
    while (*rows < ROWS_MOST && (status = scan->class->claim(scan, worker, &morsel, &end, NULL)) == BP_OK && !end) {
        while (*rows < ROWS_MOST && (status = scan->class->next(scan, worker, &batch, NULL)) == BP_OK && batch.row_count)
            take_rows(&batch, rows, out);
        if (status) break;
    }
done:
    if (worker) scan->class->worker_free(worker);
    scan_free(scan);
    return status;
}

/* Two ways of cutting the rows into morsels and batches must give the same. */
static void read_both_ways(source *source)
{
    builder first, second;
    uint64_t rows[2] = {0, 0};
    bp_status status[2];

    builder_init(&first, context->memory, (size_t)64 << 20);
    builder_init(&second, context->memory, (size_t)64 << 20);
    set_morsel("65536");
    status[0] = read_all(source, 2048, &rows[0], &first);
    set_morsel("8");
    status[1] = read_all(source, 5, &rows[1], &second);
    if (status[0] == BP_OK && status[1] == BP_OK) {
        REQUIRE(rows[0] == rows[1]);
        if (!first.status && !second.status) REQUIRE(string_equal(builder_view(&first), builder_view(&second)));
    }
    builder_clear(&first);
    builder_clear(&second);
}

static void begin(const char *name)
{
    int descriptor;

    REQUIRE(bp_context_new(&context, NULL) == BP_OK);
    REQUIRE(bp_context_set(context, "memory_limit", "256MB", NULL) == BP_OK);
    snprintf(path, sizeof path, "/tmp/bedplate_fuzz_%s_XXXXXX", name);
    descriptor = mkstemp(path);
    REQUIRE(descriptor >= 0);
    close(descriptor);
}

static void write_input(const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    REQUIRE(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

#endif
