/* Ask a CSV file a question with a parameter, and read the rows from Arrow batches.
 *
 *   cc query_csv.c $(pkg-config --cflags --libs bedplate) -o query_csv && ./query_csv */
#include <stdio.h>
#include <string.h>

#include <bedplate/bedplate.h>

static const char path[] = "example_cities.csv";

static int write_file(void)
{
    FILE *file = fopen(path, "w");

    if (!file) return -1;
    fputs("city,country,people\nLagos,Nigeria,15388000\nKyoto,Japan,1463723\nOsaka,Japan,2691000\nBergen,Norway,291940\n", file);
    return fclose(file);
}

/* Row `row` of a utf8 column ("u": offsets of 32 bits). */
static void print_text(const struct ArrowArray *column, int64_t row)
{
    const int32_t *offsets = (const int32_t *)column->buffers[1] + column->offset;
    const char *bytes = column->buffers[2];

    printf("%.*s", (int)(offsets[row + 1] - offsets[row]), bytes + offsets[row]);
}

static bp_status print_rows(bp_result *result, bp_error *err)
{
    struct ArrowArray batch;
    bp_status status;

    for (;;) {
        if ((status = bp_result_next(result, &batch, err)) || !batch.release) return status;
        for (int64_t row = 0; row < batch.length; row++) {
            const int64_t *people = (const int64_t *)batch.children[1]->buffers[1] + batch.children[1]->offset;
            print_text(batch.children[0], row);
            printf(": %lld\n", (long long)people[row]);
        }
        batch.release(&batch);
    }
}

int main(void)
{
    static const char sql[] = "SELECT city, people FROM 'example_cities.csv' WHERE country = $country ORDER BY people DESC";
    bp_context *context = NULL;
    bp_connection *connection = NULL;
    bp_statement *statement = NULL;
    bp_result *result = NULL;
    bp_error err = {0};
    bp_status status;

    if (write_file()) return 1;
    if ((status = bp_context_new(&context, &err))) goto done;
    if ((status = bp_connection_new(&connection, context, &err))) goto done;
    if ((status = bp_prepare(&statement, connection, sql, strlen(sql), NULL, &err))) goto done;
    if ((status = bp_statement_bind_text(statement, 1, "Japan", 5, &err))) goto done;
    if ((status = bp_execute(&result, statement, &err))) goto done;
    status = print_rows(result, &err);
done:
    if (status) fprintf(stderr, "error: %s\n", err.message);
    bp_result_free(result);
    bp_statement_free(statement);
    bp_connection_free(connection);
    bp_context_free(context);
    remove(path);
    return status != BP_OK;
}
