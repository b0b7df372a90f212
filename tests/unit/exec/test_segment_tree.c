/* Segment trees against the same aggregate fed row by row: every length around the fan-out's powers, random runs, rows that do not count, and running out of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/context.h"
#include "base/random.h"
#include "exec/segment_tree.h"
#include "oom.h"

#define MOST_ROWS 5000

typedef struct fixture {
    bp_context *context;
    arena arena;
    expr_pool pool;
    int64_t numbers[MOST_ROWS];
    string_ref texts[MOST_ROWS];
    uint32_t selected[MOST_ROWS], before[MOST_ROWS + 1];
    column argument;
    const aggregate_call *call;
    segment_rows rows;
} fixture;

static int begin(void **state)
{
    static fixture made;
    random_stream random = random_new(7, 0);

    made = (fixture){0};
    if (context_new(&made.context, NULL)) return -1;
    arena_init(&made.arena, made.context->memory);
    if (expr_pool_init(&made.pool, made.context, &made.arena, NULL)) return -1;
    for (size_t i = 0; i < MOST_ROWS; i++) {
        made.numbers[i] = (int64_t)random_below(&random, 2001) - 1000;
        made.texts[i] = string_ref_of((const char *)"abcdefghijklmnopqrstuvwxyz" + i % 26, 1);
    }
    *state = &made;
    return 0;
}

static int end(void **state)
{
    fixture *test = *state;

    arena_clear(&test->arena);
    context_free(test->context);
    return 0;
}

/* name(argument), where one row in `every` does not count; 0: all count. */
static void prepare(fixture *test, const char *name, data_type type, const void *values, size_t every)
{
    size_t kept = 0;
    expr_id argument, call;

    assert_int_equal(expr_column(&argument, &test->pool, 0, type, NULL), BP_OK);
    assert_int_equal(expr_aggregate(&call, &test->pool, string_view_of(name), &argument, 1, false, 0, NULL, 0, NULL), BP_OK);
    test->call = expr_at(&test->pool, call)->aggregate;
    test->argument = (column){.type = type, .length = MOST_ROWS, .values = values};
    for (size_t i = 0; i < MOST_ROWS; i++) {
        test->before[i] = (uint32_t)kept;
        test->selected[kept] = (uint32_t)i;
        kept += !every || i % every != 0;
    }
    test->before[MOST_ROWS] = (uint32_t)kept;
    test->rows = (segment_rows){
        .arguments = &test->argument, .argument_count = 1, .selected = test->selected, .before = every ? test->before : NULL};
}

/* The state as text. */
static void finish(const aggregate_state_call *call, const aggregate_overload *function, const char *state, char *out, size_t size)
{
    column result;
    builder text;

    assert_int_equal(function->finish(call, state, segment_stride(function), 1, &result, call->arena, NULL), BP_OK);
    result.type = function->name[0] == 's' && function->name[1] == 't' ? type_of(TYPE_VARCHAR) : type_of(TYPE_INT128);
    result.length = 1;
    builder_init(&text, call->context->memory, 1000000);
    assert_true(column_print_value(&text, &result, 0));
    snprintf(out, size, "%.*s", (int)text.size, text.data);
    builder_clear(&text);
}

static char *new_state(const aggregate_state_call *call, const aggregate_overload *function)
{
    char *state = arena_allocate(call->arena, segment_stride(function));

    assert_non_null(state);
    function->init(call, state, segment_stride(function), 1);
    return state;
}

static void check_run(fixture *test, const segment_tree *tree, size_t from, size_t to)
{
    static const uint32_t zero;
    char expected[6000], got[6000];
    const aggregate_overload *function = test->call->function;
    arena arena;
    aggregate_state_call call = {.context = test->context, .arena = &arena, .bind_data = test->call->bind_data};
    char *slow, *fast;

    arena_init(&arena, test->context->memory);
    slow = new_state(&call, function);
    fast = new_state(&call, function);
    for (size_t row = from; row < to; row++) {
        uint32_t one = (uint32_t)row;
        if (test->rows.before && test->before[row] == test->before[row + 1]) continue;
        assert_int_equal(function->update(&call, slow, 0, &zero, &test->argument, 1, &one, 1, NULL), BP_OK);
    }
    assert_int_equal(segment_tree_add(tree, from, to, &call, fast, NULL), BP_OK);
    finish(&call, function, slow, expected, sizeof expected);
    finish(&call, function, fast, got, sizeof got);
    assert_string_equal(got, expected);
    arena_clear(&arena);
}

static void check_tree(fixture *test, size_t first, size_t count, size_t runs)
{
    random_stream random = random_new(count, 1);
    segment_tree tree;
    arena arena;

    arena_init(&arena, test->context->memory);
    assert_int_equal(segment_tree_init(&tree, test->context, test->call, &test->rows, first, count, &arena, NULL), BP_OK);
    check_run(test, &tree, first, first + count);
    for (size_t i = 0; i < runs; i++) {
        size_t from = first + random_below(&random, count + 1), to = first + random_below(&random, count + 1);
        check_run(test, &tree, from < to ? from : to, from < to ? to : from);
    }
    arena_clear(&arena);
}

static const size_t counts[] = {0, 1, 15, 16, 17, 31, 32, 33, 34, 255, 256, 257, 300, 511, 512, 513, 1000, 4095, 4096, 4097, 4990};

static void sums_are_those_of_the_rows(void **state)
{
    for (size_t every = 0; every < 4; every += 3) {
        prepare(*state, "sum", type_of(TYPE_INT64), ((fixture *)*state)->numbers, every);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) check_tree(*state, i % 2 ? 10 : 0, counts[i], 60);
    }
}

/* string_agg minds the order in which parts are put together. */
static void rows_come_in_their_order(void **state)
{
    for (size_t every = 0; every < 3; every += 2) {
        prepare(*state, "string_agg", type_of(TYPE_VARCHAR), ((fixture *)*state)->texts, every);
        for (size_t i = 0; counts[i] < 2000; i++) check_tree(*state, 3, counts[i], 40);
    }
}

static bp_status build_and_ask(void *data, bp_error *err)
{
    fixture *test = data;
    arena arena;
    segment_tree tree;
    aggregate_state_call call = {.context = test->context, .arena = &arena, .bind_data = test->call->bind_data};
    _Alignas(16) char kept[256];
    bp_status status;

    arena_init(&arena, test->context->memory);
    status = segment_tree_init(&tree, test->context, test->call, &test->rows, 0, 1000, &arena, err);
    if (!status) {
        test->call->function->init(&call, kept, segment_stride(test->call->function), 1);
        status = segment_tree_add(&tree, 5, 990, &call, kept, err);
    }
    arena_clear(&arena);
    return status;
}

static void running_out_leaks_nothing(void **state)
{
    fixture *test = *state;

    prepare(test, "string_agg", type_of(TYPE_VARCHAR), test->texts, 0);
    oom_run(test->context->memory, build_and_ask, test, BP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sums_are_those_of_the_rows, begin, end),
        cmocka_unit_test_setup_teardown(rows_come_in_their_order, begin, end),
        cmocka_unit_test_setup_teardown(running_out_leaks_nothing, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
