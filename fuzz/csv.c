/* Any bytes as a CSV file, under options taken from the first bytes: nothing may crash, and two ways of cutting the file must give the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "base/hash.h"
#include "io/csv.h"

static bp_context *context;
static char path[64];

static bp_status consume(const csv_options *options, size_t batch_size, uint64_t *rows, builder *out, bp_error *err)
{
    string_view paths[1] = {string_view_of(path)};
    size_t columns[256];
    scan_request request = {.columns = columns, .batch_size = batch_size, .row_limit = UINT64_MAX};
    scan_worker *worker = NULL;
    source *source = NULL;
    scan *scan = NULL;
    uint64_t morsel;
    bp_status status;
    bool end = false;
    batch batch;

    if ((status = csv_source_new(&source, context, paths, 1, options, err))) return status;
    request.column_count = source->schema.count < 256 ? source->schema.count : 256;
    for (size_t i = 0; i < request.column_count; i++) columns[i] = i;
    if ((status = source->class->scan_open(&scan, source, &request, err))) goto done;
    if ((status = scan->class->worker_new(&worker, scan, err))) goto done;
    while ((status = scan->class->claim(scan, worker, &morsel, &end, err)) == BP_OK && !end) {
        while ((status = scan->class->next(scan, worker, &batch, err)) == BP_OK && batch.row_count) {
            *rows += batch.row_count;
            for (size_t row = 0; row < batch.row_count; row++) {
                for (size_t c = 0; c < batch.column_count; c++) {
                    if (!column_is_null(&batch.columns[c], row)) column_print_value(out, &batch.columns[c], row);
                    builder_byte(out, '|');
                }
            }
        }
        if (status) break;
    }
done:
    if (worker) scan->class->worker_free(worker);
    scan_free(scan);
    source_release(source);
    return status;
}

static void set_block(size_t size)
{
    char text[32];

    snprintf(text, sizeof text, "%zu", size);
    if (bp_context_set(context, "csv_block_size", text, NULL)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    csv_options options;
    builder outputs[2];
    bp_status statuses[2];
    uint64_t rows[2] = {0, 0};
    FILE *file;

    if (size < 2 || size > 1 << 16) return 0;
    if (!context) {
        int descriptor;
        if (bp_context_new(&context, NULL)) abort();
        strcpy(path, "/tmp/bedplate_fuzz_csv_XXXXXX");
        descriptor = mkstemp(path);
        if (descriptor < 0) abort();
        close(descriptor);
    }
    file = fopen(path, "wb");
    if (!file || fwrite(data + 2, 1, size - 2, file) != size - 2) abort();
    fclose(file);
    csv_options_init(&options);
    options.all_varchar = data[0] & 1;
    options.null_padding = data[0] & 2;
    options.ignore_errors = data[0] & 4;
    options.strict_mode = !(data[0] & 8);
    if (data[0] & 16) options.escape = '\\';
    if (data[0] & 32) options.comment = '#';
    if (data[0] & 64) options.delimiter = STRING_VIEW("::");
    if (data[0] & 128) options.encoding = data[1] & 1 ? CSV_ENCODING_LATIN1 : CSV_ENCODING_UTF16;
    if (data[1] & 2) options.header = CSV_YES;
    if (data[1] & 4) options.store_rejects = true;
    if (data[1] & 8) options.auto_detect = false;
    for (int i = 0; i < 2; i++) {
        set_block(i ? 1 << 20 : 64);
        builder_init(&outputs[i], context->memory, SIZE_MAX);
        statuses[i] = consume(&options, i ? 2048 : 3, &rows[i], &outputs[i], NULL);
    }
    if (statuses[0] != statuses[1]) abort();
    if (statuses[0] == BP_OK && (rows[0] != rows[1] || outputs[0].size != outputs[1].size ||
                                 (outputs[0].size && memcmp(outputs[0].data, outputs[1].data, outputs[0].size))))
        abort();
    builder_clear(&outputs[0]);
    builder_clear(&outputs[1]);
    return 0;
}
