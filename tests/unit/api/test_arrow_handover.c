/* Arrow structs handed to the public functions of SQL: each is released exactly once, also by calls that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bedplate/bedplate.h"

typedef struct world {
    bp_context *context;
    bp_connection *connection;
    bp_statement *statement;
} world;

static int begin(void **state)
{
    static world world;
    static const char sql[] = "SELECT ? + 1";

    assert_int_equal(bp_context_new(&world.context, NULL), BP_OK);
    assert_int_equal(bp_connection_new(&world.connection, world.context, NULL), BP_OK);
    assert_int_equal(bp_prepare(&world.statement, world.connection, sql, sizeof sql - 1, NULL, NULL), BP_OK);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    world *world = *state;

    bp_statement_free(world->statement);
    bp_connection_free(world->connection);
    bp_context_free(world->context);
    return 0;
}

static int schemas_released, arrays_released, streams_released;

static void release_schema(struct ArrowSchema *schema)
{
    schemas_released++;
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    arrays_released++;
    array->release = NULL;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    streams_released++;
    stream->release = NULL;
}

static const int32_t numbers[2] = {41, 7};
static const void *buffers[2] = {NULL, numbers};

static void make(struct ArrowSchema *schema, struct ArrowArray *array, const char *format, int64_t length)
{
    schemas_released = arrays_released = streams_released = 0;
    *schema = (struct ArrowSchema){.format = format, .name = "", .release = release_schema};
    *array = (struct ArrowArray){.length = length, .n_buffers = 2, .buffers = buffers, .release = release_array};
}

static void assert_moved(const struct ArrowSchema *schema, const struct ArrowArray *array)
{
    assert_null(schema->release);
    assert_null(array->release);
    assert_int_equal(schemas_released, 1);
    assert_int_equal(arrays_released, 1);
}

static void test_bound_value(void **state)
{
    world *world = *state;
    struct ArrowSchema schema;
    struct ArrowArray array;
    bp_result *result;

    make(&schema, &array, "i", 1);
    assert_int_equal(bp_statement_bind_arrow(world->statement, 1, &schema, &array, NULL), BP_OK);
    assert_moved(&schema, &array); /* the statement has a copy */
    assert_int_equal(bp_execute(&result, world->statement, NULL), BP_OK);
    assert_int_equal(bp_result_next(result, &array, NULL), BP_OK);
    assert_int_equal(((const int32_t *)array.children[0]->buffers[1])[0], 42);
    array.release(&array);
    bp_result_free(result);
}

static void test_refused_values(void **state)
{
    static const struct {
        const char *format;
        int64_t length;
        size_t number;
        bp_status status;
    } cases[] = {{"i", 2, 1, BP_BAD_ARGUMENT},     {"i", 0, 1, BP_BAD_ARGUMENT}, {"i", 1, 0, BP_BAD_ARGUMENT},
                 {"i", 1, 2, BP_BAD_ARGUMENT},     {"?", 1, 1, BP_BAD_FORMAT},   {"i", -1, 1, BP_BAD_FORMAT},
                 {"+ud:0", 1, 1, BP_NOT_SUPPORTED}};
    world *world = *state;
    struct ArrowSchema schema;
    struct ArrowArray array;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bp_error err;

        make(&schema, &array, cases[i].format, cases[i].length);
        assert_int_equal(bp_statement_bind_arrow(world->statement, cases[i].number, &schema, &array, &err), cases[i].status);
        assert_true(strlen(err.message) > 0);
        assert_moved(&schema, &array);
    }
    make(&schema, &array, "i", 1);
    assert_int_equal(bp_statement_bind_arrow(NULL, 1, &schema, &array, NULL), BP_BAD_ARGUMENT);
    assert_moved(&schema, &array);
    make(&schema, &array, "i", 1);
    assert_int_equal(bp_statement_bind_arrow(world->statement, 1, NULL, &array, NULL), BP_BAD_ARGUMENT);
    assert_int_equal(arrays_released, 1);
    assert_int_equal(bp_statement_bind_arrow(world->statement, 1, &schema, NULL, NULL), BP_BAD_ARGUMENT);
    assert_moved(&schema, &array);
}

static void test_refused_streams(void **state)
{
    world *world = *state;
    struct ArrowArrayStream stream;

    for (int i = 0; i < 3; i++) {
        stream = (struct ArrowArrayStream){.release = release_stream}; /* has no functions: not a stream */
        streams_released = 0;
        assert_int_equal(bp_register_arrow(i == 1 ? NULL : world->connection, i == 2 ? NULL : "a", &stream, NULL),
                         i ? BP_BAD_ARGUMENT : BP_BAD_FORMAT);
        assert_int_equal(streams_released, 1);
        assert_null(stream.release);
    }
    assert_int_equal(bp_register_arrow(world->connection, "a", NULL, NULL), BP_BAD_ARGUMENT);
    assert_int_equal(bp_unregister(world->connection, "a", NULL), BP_NOT_FOUND);
}

/* What leaves outlives result, connection and context. */
static void test_outlives(void **state)
{
    static const char sql[] = "SELECT 'a text that is not inline' AS x";
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray array;
    bp_connection *connection;
    bp_context *context;
    bp_result *result;

    (void)state;
    assert_int_equal(bp_context_new(&context, NULL), BP_OK);
    assert_int_equal(bp_connection_new(&connection, context, NULL), BP_OK);
    assert_int_equal(bp_query(&result, connection, sql, sizeof sql - 1, NULL), BP_OK);
    assert_int_equal(bp_result_stream(&result, &stream, NULL), BP_OK);
    assert_null(result);
    assert_int_equal(stream.get_schema(&stream, &schema), 0);
    assert_int_equal(stream.get_next(&stream, &array), 0);
    assert_null(stream.get_last_error(&stream));
    stream.release(&stream);
    bp_connection_free(connection);
    bp_context_free(context);
    assert_string_equal(schema.children[0]->name, "x");
    assert_memory_equal(array.children[0]->buffers[2], "a text that is not inline", 25);
    array.release(&array);
    schema.release(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bound_value),
        cmocka_unit_test(test_refused_values),
        cmocka_unit_test(test_refused_streams),
        cmocka_unit_test(test_outlives),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
