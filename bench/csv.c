/* How fast the CSV reader is, on a file given: over io/source.h alone, without the query engine.
 *
 *   csv FILE count       rows, counted
 *   csv FILE sum COLUMN  rows and the sum of one column (a number)
 *   csv FILE scan        every column parsed, batches dropped
 *   csv FILE columns     every column parsed and kept, as CREATE TABLE would
 *   csv FILE write       every column parsed, and written as CSV again into nothing
 * Threads as in the setting (BEDPLATE_THREADS=2). Five runs; prints the best and the median, and the memory's peak. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "bedplate/core.h"
#include "io/csv.h"

#define RUNS 5
#define WORKERS 64

typedef enum mode { MODE_COUNT, MODE_SUM, MODE_SCAN, MODE_COLUMNS, MODE_WRITE } mode;

typedef struct state {
    uint64_t rows;
    double sum;
    uint64_t written;
    struct kept {
        region **items;
        size_t count, capacity;
    } kept;
} state;

typedef struct job {
    scan *scan;
    mode mode;
    state workers[WORKERS];
    const schema *schema;
} job;

static double sum_column(const column *column)
{
    double sum = 0;

    for (size_t row = 0; row < column->length; row++) {
        if (column_is_null(column, row)) continue;
        if (type_physical(column->type) == PHYSICAL_FLOAT64)
            sum += ((const double *)column->values)[row];
        else if (type_physical(column->type) == PHYSICAL_INT64)
            sum += (double)((const int64_t *)column->values)[row];
    }
    return sum;
}

static void keep(struct kept *kept, region *region)
{
    if (kept->count == kept->capacity) {
        kept->capacity = kept->capacity ? kept->capacity * 2 : 64;
        kept->items = realloc(kept->items, kept->capacity * sizeof *kept->items);
    }
    kept->items[kept->count++] = region_retain(region);
}

static bp_status use(job *job, state *state, const batch *batch, memory *memory, bp_error *err)
{
    bp_status status = BP_OK;

    state->rows += batch->row_count;
    if (job->mode == MODE_SUM) state->sum += sum_column(&batch->columns[0]);
    if (job->mode == MODE_COLUMNS) keep(&state->kept, batch->columns[0].owner);
    if (job->mode == MODE_WRITE) {
        csv_write_options options;
        builder out;
        csv_write_options_init(&options);
        builder_init(&out, memory, SIZE_MAX);
        status = csv_write_batch(&out, batch, job->schema, &options, err);
        state->written += out.size;
        builder_clear(&out);
    }
    return status;
}

static bp_status work(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    job *job = data;
    scan *scan = job->scan;
    scan_worker *mine = NULL;
    uint64_t morsel;
    bp_status status;
    batch batch;
    bool end;

    if ((status = scan->class->worker_new(&mine, scan, err))) return status;
    for (;;) {
        if ((status = scan->class->claim(scan, mine, &morsel, &end, err)) || end) break;
        do {
            if ((status = scan->class->next(scan, mine, &batch, err))) goto done;
            if (batch.row_count && (status = use(job, &job->workers[worker], &batch, scan->source->context->memory, err)))
                goto done;
        } while (batch.row_count);
    }
done:
    scan->class->worker_free(mine);
    return status;
}

static void release_kept(job *job)
{
    for (size_t w = 0; w < WORKERS; w++) {
        for (size_t i = 0; i < job->workers[w].kept.count; i++) region_release(job->workers[w].kept.items[i]);
        free(job->workers[w].kept.items);
    }
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static bp_status run(bp_context *context, const char *path, mode mode, const char *column_name, double *seconds, state *total,
                     bp_error *err)
{
    string_view paths[1] = {string_view_of(path)};
    scan_request request = {.batch_size = mode == MODE_COLUMNS ? 65536 : 2048, .row_limit = UINT64_MAX};
    static job job;
    size_t columns[1024];
    source *source = NULL;
    csv_options options;
    bp_status status;
    int64_t begin = clock_monotonic_ns();

    memset(&job, 0, sizeof job);
    csv_options_init(&options);
    if ((status = csv_source_new(&source, context, paths, 1, &options, err))) return status;
    request.columns = columns;
    if (mode == MODE_SUM) {
        columns[0] = schema_find(&source->schema, string_view_of(column_name));
        request.column_count = 1;
    } else if (mode != MODE_COUNT) {
        for (size_t i = 0; i < source->schema.count; i++) columns[i] = i;
        request.column_count = source->schema.count;
    }
    if ((status = source->class->scan_open(&job.scan, source, &request, err))) return status;
    job.mode = mode;
    job.schema = &source->schema;
    status = parallel_run(context, parallel_workers(context, job.scan->morsel_estimate), work, &job, err);
    *seconds = (double)(clock_monotonic_ns() - begin) * 1e-9;
    *total = (state){0};
    for (size_t w = 0; w < WORKERS; w++) {
        total->rows += job.workers[w].rows;
        total->sum += job.workers[w].sum;
        total->written += job.workers[w].written;
    }
    release_kept(&job);
    scan_free(job.scan);
    source_release(source);
    return status;
}

int main(int argument_count, char **arguments)
{
    static const char *const modes[] = {"count", "sum", "scan", "columns", "write"};
    const char *threads = getenv("BEDPLATE_THREADS");
    bp_context *context = NULL;
    double seconds[RUNS];
    struct rusage usage;
    mode mode = MODE_COUNT;
    state total = {0};
    bp_error err = {0};
    double megabytes;
    FILE *file;

    if (argument_count < 3) return fprintf(stderr, "use: csv FILE count|sum COLUMN|scan|columns|write\n"), 2;
    for (size_t i = 0; i < ARRAY_LENGTH(modes); i++) {
        if (strcmp(arguments[2], modes[i]) == 0) mode = (enum mode)i;
    }
    file = fopen(arguments[1], "rb");
    if (!file || fseek(file, 0, SEEK_END)) return perror(arguments[1]), 1;
    megabytes = (double)ftell(file) * 1e-6;
    fclose(file);
    if (bp_context_new(&context, &err) || (threads && bp_context_set(context, "threads", threads, &err))) goto failed;
    for (size_t i = 0; i < RUNS; i++) {
        if (run(context, arguments[1], mode, argument_count > 3 ? arguments[3] : "", &seconds[i], &total, &err)) goto failed;
    }
    qsort(seconds, RUNS, sizeof *seconds, compare);
    getrusage(RUSAGE_SELF, &usage);
    printf("%s: %llu rows, sum %.17g, best %.3f s (%.2f GB/s), median %.3f s (%.2f GB/s)", arguments[2],
           (unsigned long long)total.rows, total.sum, seconds[0], megabytes / seconds[0] * 1e-3, seconds[RUNS / 2],
           megabytes / seconds[RUNS / 2] * 1e-3);
    if (mode == MODE_WRITE) printf(", written %.2f GB/s", (double)total.written * 1e-9 / seconds[0]);
    printf(", RSS peak %.0f MB, memory peak %.0f MB\n", (double)usage.ru_maxrss / 1024,
           (double)bp_context_memory_peak(context) * 1e-6);
    bp_context_free(context);
    return 0;
failed:
    fprintf(stderr, "error: %s\n", err.message);
    return 1;
}
