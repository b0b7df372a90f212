/* Every row of functions.def and of aggregates.def carries an example and what it gives, written by hand after DuckDB's documentation: each is run as SQL here, through the
 * public interface, so that a row whose kernel, signature or text is wrong fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bedplate/bedplate.h"
#include "expr/aggregate.h"
#include "expr/function.h"

/* The one value of a text column (utf8 or large_utf8) of a batch. */
static void first_text(const struct ArrowSchema *schema, const struct ArrowArray *batch, char *out, size_t size)
{
    const struct ArrowArray *column = batch->children[0];
    int64_t row = column->offset;
    bool large = schema->children[0]->format[0] == 'U';
    int64_t begin = large ? ((const int64_t *)column->buffers[1])[row] : ((const int32_t *)column->buffers[1])[row];
    int64_t end = large ? ((const int64_t *)column->buffers[1])[row + 1] : ((const int32_t *)column->buffers[1])[row + 1];

    snprintf(out, size, "%.*s", (int)(end - begin), (const char *)column->buffers[2] + begin);
}

/* The example's value as text into `out`, or the error's message; `from` is what it is over. */
static void run_example(bp_connection *connection, const char *example, const char *from, char *out, size_t size)
{
    char sql[1024];
    bp_result *result = NULL;
    bp_error err = {0};
    struct ArrowSchema schema = {0};
    struct ArrowArray batch = {0};

    snprintf(sql, sizeof sql, "SELECT CAST((%s) AS VARCHAR) %s", example, from);
    if (bp_query(&result, connection, sql, strlen(sql), &err) || bp_result_schema(result, &schema, &err) ||
        bp_result_next(result, &batch, &err))
        snprintf(out, size, "error: %s", err.message);
    else if (!batch.release || batch.length != 1)
        snprintf(out, size, "not one row");
    else
        first_text(&schema, &batch, out, size);
    if (batch.release) batch.release(&batch);
    if (schema.release) schema.release(&schema);
    bp_result_free(result);
}

static void every_example_gives_its_result(void **state)
{
    bp_context *context;
    bp_connection *connection;
    size_t wrong = 0;

    (void)state;
    assert_int_equal(bp_context_new(&context, NULL), BP_OK);
    assert_int_equal(bp_connection_new(&connection, context, NULL), BP_OK);
    for (size_t i = 0; i < scalar_function_count(); i++) {
        const scalar_overload *row = scalar_function_at(i);
        char text[2048];
        run_example(connection, row->example, "", text, sizeof text);
        if (strcmp(text, row->example_result) == 0) continue;
        print_error("%s: %s gave %s, not %s\n", row->name, row->example, text, row->example_result);
        wrong++;
    }
    for (size_t i = 0; i < aggregate_function_count(); i++) {
        const aggregate_overload *row = aggregate_function_at(i);
        char text[2048];
        run_example(connection, row->example, "FROM (SELECT x, 10 * x AS y FROM (VALUES (1), (2), (3), (3), (NULL)) AS v(x)) AS t",
                    text, sizeof text);
        if (strcmp(text, row->example_result) == 0) continue;
        print_error("%s: %s gave %s, not %s\n", row->name, row->example, text, row->example_result);
        wrong++;
    }
    bp_connection_free(connection);
    bp_context_free(context);
    assert_int_equal(wrong, 0);
}

/* Finding a name bisects: the table must be sorted by lower-case bytes. */
static void the_table_is_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < scalar_function_count(); i++)
        assert_true(string_compare_nocase(string_view_of(scalar_function_at(i - 1)->name),
                                          string_view_of(scalar_function_at(i)->name)) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_table_is_sorted), cmocka_unit_test(every_example_gives_its_result)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
