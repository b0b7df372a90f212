/* Hand a table of your own to SQL through the Arrow C stream interface, without a copy, and print what a query makes of it.
 *
 *   cc arrow_table.c $(pkg-config --cflags --libs bedplate) -o arrow_table && ./arrow_table */
#include <stdio.h>
#include <string.h>

#include <bedplate/bedplate.h>

/* The data: static, so that the release callbacks have nothing to free. */
static const int64_t ids[] = {1, 2, 3, 4};
static const double weights[] = {2.5, 10.0, 0.5, 7.0};
static const void *id_buffers[] = {NULL, ids}, *weight_buffers[] = {NULL, weights}, *no_buffers[] = {NULL};

static void release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    static struct ArrowSchema columns[2], *children[2] = {&columns[0], &columns[1]};

    (void)stream;
    columns[0] = (struct ArrowSchema){.format = "l", .name = "id", .flags = ARROW_FLAG_NULLABLE, .release = release_schema};
    columns[1] = (struct ArrowSchema){.format = "g", .name = "weight", .flags = ARROW_FLAG_NULLABLE, .release = release_schema};
    *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = 2, .children = children, .release = release_schema};
    return 0;
}

/* One batch, then the end. private_data says whether it was given. */
static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    static struct ArrowArray columns[2], *children[2] = {&columns[0], &columns[1]};
    int *given = stream->private_data;

    memset(out, 0, sizeof *out);
    if (*given) return 0;
    *given = 1;
    columns[0] = (struct ArrowArray){.length = 4, .n_buffers = 2, .buffers = id_buffers, .release = release_array};
    columns[1] = (struct ArrowArray){.length = 4, .n_buffers = 2, .buffers = weight_buffers, .release = release_array};
    *out = (struct ArrowArray){
        .length = 4, .n_buffers = 1, .buffers = no_buffers, .n_children = 2, .children = children, .release = release_array};
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return NULL;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

static int write_out(void *data, const char *bytes, size_t size)
{
    (void)data;
    return fwrite(bytes, 1, size, stdout) != size;
}

int main(void)
{
    static const char sql[] =
        "SELECT id, weight, weight / sum AS share FROM parcels, (SELECT sum(weight) AS sum FROM parcels) WHERE weight > 1";
    int given = 0;
    struct ArrowArrayStream stream = {get_schema, get_next, get_last_error, release_stream, &given};
    bp_context *context = NULL;
    bp_connection *connection = NULL;
    bp_result *result = NULL;
    bp_error err = {0};
    bp_status status;

    if ((status = bp_context_new(&context, &err))) goto done;
    if ((status = bp_connection_new(&connection, context, &err))) goto done;
    if ((status = bp_register_arrow(connection, "parcels", &stream, &err))) goto done;
    if ((status = bp_query(&result, connection, sql, strlen(sql), &err))) goto done;
    status = bp_result_print(result, &(bp_print_options){.format = "csv"}, write_out, NULL, &err);
done:
    if (status) fprintf(stderr, "error: %s\n", err.message);
    bp_result_free(result);
    bp_connection_free(connection);
    bp_context_free(context);
    return status != BP_OK;
}
