/* Sets of join keys: every member passes; of a bitmap nobody else does, of a Bloom filter few do; NULLs are no members; ranges are asked for by their ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/context.h"
#include "io/member_set.h"

#define KEYS 3000

static bp_context *context;
static arena scratch;

static int begin(void **state)
{
    (void)state;
    assert_int_equal(bp_context_new(&context, NULL), BP_OK);
    arena_init(&scratch, context->memory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_clear(&scratch);
    bp_context_free(context);
    return 0;
}

static void make(member_set *set, const column *keys)
{
    *set = (member_set){0};
    assert_true(member_set_takes(keys->type));
    assert_int_equal(member_set_note(set, keys, &scratch, NULL), BP_OK);
    assert_int_equal(member_set_open(set, &scratch, NULL), BP_OK);
    assert_int_equal(member_set_add(set, keys, &scratch, NULL), BP_OK);
}

static size_t passing(const member_set *set, const column *values)
{
    static uint32_t selection[KEYS];

    for (uint32_t i = 0; i < values->length; i++) selection[i] = i;
    return member_set_select(set, values, selection, values->length);
}

static void test_near_keys_are_exact(void **state)
{
    static int32_t members[KEYS / 2], strangers[KEYS / 2];
    column in = {.type = type_of(TYPE_INT32), .length = KEYS / 2, .values = members},
           out = {.type = type_of(TYPE_INT32), .length = KEYS / 2, .values = strangers};
    member_set set;

    (void)state;
    for (int32_t i = 0; i < KEYS / 2; i++) {
        members[i] = 2 * i - KEYS / 2; /* also below zero */
        strangers[i] = i % 2 ? 2 * i - KEYS / 2 + 1 : INT32_MAX - i;
    }
    make(&set, &in);
    assert_true(set.exact);
    assert_int_equal(passing(&set, &in), KEYS / 2);
    assert_int_equal(passing(&set, &out), 0);
}

static void test_far_keys_pass_a_few_strangers(void **state)
{
    static int64_t members[KEYS], strangers[KEYS];
    column in = {.type = type_of(TYPE_INT64), .length = KEYS, .values = members},
           out = {.type = type_of(TYPE_INT64), .length = KEYS, .values = strangers};
    member_set set;

    (void)state;
    for (int64_t i = 0; i < KEYS; i++) {
        members[i] = i * 1000000007 - 700000000000;
        strangers[i] = members[i] + 1 + i % 5;
    }
    make(&set, &in);
    assert_false(set.exact);
    assert_int_equal(passing(&set, &in), KEYS);
    assert_true(passing(&set, &out) < KEYS / 20);
}

static void test_texts(void **state)
{
    static char bytes[KEYS][24];
    static string_ref members[KEYS / 2], strangers[KEYS / 2];
    column in = {.type = type_of(TYPE_VARCHAR), .length = KEYS / 2, .values = members},
           out = {.type = type_of(TYPE_VARCHAR), .length = KEYS / 2, .values = strangers};
    member_set set;

    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        int size = snprintf(bytes[i], sizeof bytes[i], i % 3 ? "%zu" : "a longer text %zu", i);
        string_ref text = string_ref_of(bytes[i], (size_t)size);
        if (i < KEYS / 2)
            members[i] = text;
        else
            strangers[i - KEYS / 2] = text;
    }
    make(&set, &in);
    assert_int_equal(passing(&set, &in), KEYS / 2);
    assert_true(passing(&set, &out) < KEYS / 40);
}

static void test_nulls_and_nothing(void **state)
{
    int16_t keys[] = {5, 7, 9};
    uint64_t validity = 0, two = 3;
    column none = {.type = type_of(TYPE_INT16), .length = 3, .values = keys, .validity = &validity},
           some = {.type = type_of(TYPE_INT16), .length = 3, .values = keys, .validity = &two},
           all = {.type = type_of(TYPE_INT16), .length = 3, .values = keys};
    member_set set;

    (void)state;
    make(&set, &none);
    assert_int_equal(passing(&set, &all), 0);
    make(&set, &some);
    assert_int_equal(passing(&set, &all), 2);
}

static bool meets(const member_set *set, uint64_t low, uint64_t high)
{
    column ends[] = {{.type = type_of(TYPE_UINT64), .length = 1, .values = &low},
                     {.type = type_of(TYPE_UINT64), .length = 1, .values = &high}};

    return member_set_meets(set, &ends[0], &ends[1]);
}

static void test_ranges(void **state)
{
    uint64_t keys[] = {100, 163, 164, 700};
    column in = {.type = type_of(TYPE_UINT64), .length = 4, .values = keys};
    member_set set;

    (void)state;
    make(&set, &in);
    assert_true(meets(&set, 0, 100));
    assert_true(meets(&set, 0, UINT64_MAX));
    assert_true(meets(&set, 700, 701));
    assert_true(meets(&set, 160, 163));
    assert_true(meets(&set, 164, 164));
    assert_false(meets(&set, 0, 99));
    assert_false(meets(&set, 701, 900));
    assert_false(meets(&set, 101, 162));
    assert_false(meets(&set, 165, 699));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_near_keys_are_exact),
                                       cmocka_unit_test(test_far_keys_pass_a_few_strangers), cmocka_unit_test(test_texts),
                                       cmocka_unit_test(test_nulls_and_nothing), cmocka_unit_test(test_ranges)};

    return cmocka_run_group_tests(tests, begin, end);
}
