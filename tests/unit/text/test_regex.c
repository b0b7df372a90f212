/* Regular expressions: regex_cases.inc holds patterns, texts and spans as Python's re gives them (made at random, where re and RE2 agree: ASCII classes, $
 * as \Z, no repeated part that may be empty); the others are from RE2 as DuckDB 2.0.1 shows it, and from arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/config.h"
#include "oom.h"
#include "text/regex_internal.h"

typedef struct regex_case {
    const char *pattern, *text, *expected;
} regex_case;

static const regex_case cases[] = {
#define REGEX_CASE(pattern, text, expected) {pattern, text, expected},
#include "regex_cases.inc"
};

#define GROUPS 10

/* The spans as "0,3 . 1,2", or "-". */
static void print_spans(char *out, size_t size, const regex_span *spans, size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count && at < size; i++) {
        const char *blank = i ? " " : "";
        if (spans[i].begin == SIZE_MAX)
            at += (size_t)snprintf(out + at, size - at, "%s.", blank);
        else
            at += (size_t)snprintf(out + at, size - at, "%s%zu,%zu", blank, spans[i].begin, spans[i].end);
    }
}

static void run_case(memory *account, const char *pattern, unsigned flags, string_view text, size_t from, char *out, size_t size)
{
    regex *regex;
    regex_span spans[GROUPS];
    bp_error err = {0};
    bool found, tested;

    if (regex_new(&regex, account, string_view_of(pattern), flags, &err)) {
        snprintf(out, size, "error: %s", err.message);
        return;
    }
    size_t count = regex_group_count(regex) + 1 < GROUPS ? regex_group_count(regex) + 1 : GROUPS;
    assert_int_equal(regex_find(regex, text, from, spans, count, &found, NULL, &err), BP_OK);
    assert_int_equal(regex_test(regex, text, &tested, NULL, &err), BP_OK);
    if (!from) assert_int_equal(found, tested);
    if (found)
        print_spans(out, size, spans, count);
    else
        snprintf(out, size, "-");
    regex_free(regex);
}

static void spans_are_those_of_python(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char got[400];
        run_case(account, cases[i].pattern, 0, string_view_of(cases[i].text), 0, got, sizeof got);
        if (strcmp(got, cases[i].expected) == 0) continue;
        print_error("/%s/ in \"%s\": %s, not %s\n", cases[i].pattern, cases[i].text, got, cases[i].expected);
        wrong++;
    }
    memory_release(account);
    assert_int_equal(wrong, 0);
}

/* Random patterns over few letters: groups, loops in loops, lazy ones, assertions. */
static uint32_t draw(uint32_t *random, uint32_t below)
{
    *random = *random * 1664525u + 1013904223u;
    return (*random >> 16) % below;
}

static void put_pattern(builder *out, uint32_t *random, int depth)
{
    static const char *const atoms[] = {"a", "b", ".", "[ab]", "\xc3\x9f", "[^a]", "^", "$", "\\b", "", "\\pL", "ab"};
    static const char *const repeats[] = {"", "", "", "*", "+", "?", "*?", "+?", "??", "{0,2}", "{2}"};
    uint32_t kind = draw(random, 6);

    if (depth == 0 || kind < 2) {
        uint32_t atom = draw(random, ARRAY_LENGTH(atoms));
        builder_text(out, string_view_of(atoms[atom]));
    } else if (kind < 4) {
        put_pattern(out, random, depth - 1);
        put_pattern(out, random, depth - 1);
    } else {
        builder_literal(out, "(");
        put_pattern(out, random, depth - 1);
        if (kind == 5) builder_literal(out, "|");
        if (kind == 5) put_pattern(out, random, depth - 1);
        builder_literal(out, ")");
        builder_text(out, string_view_of(repeats[draw(random, ARRAY_LENGTH(repeats))]));
    }
}

static void put_text(builder *out, uint32_t *random)
{
    static const char *const letters[] = {"a", "b", "ab", "\xc3\x9f", "\n", " "};

    for (uint32_t i = draw(random, 16); i-- > 0;) builder_text(out, string_view_of(letters[draw(random, 6)]));
}

/* The backtracking search that is not told the end finds it and the same groups. */
static void compare_open(memory *account, string_view pattern, const program *program, string_view text, regex_span whole,
                         const regex_span *wanted, size_t slots)
{
    regex_span spans[GROUPS];
    size_t end = SIZE_MAX, size = regex_backtrack_room(program, whole.begin, text.size);
    void *block = memory_allocate(account, size);
    backtrack_result result = BACKTRACK_GIVEN_UP;

    if (size) result = regex_backtrack(program, block, text, whole.begin, &end, &spans[0].begin, slots);
    if (result != BACKTRACK_GIVEN_UP) {
        assert_int_equal(result, BACKTRACK_MATCH);
        if (end != whole.end)
            fail_msg("/%.*s/ in \"%.*s\": to %zu, not %zu", STRING_ARGUMENTS(pattern), STRING_ARGUMENTS(text), end, whole.end);
        assert_memory_equal(spans, wanted, slots * sizeof(size_t));
    }
    memory_free(account, block, size);
}

static void compare_machines(memory *account, string_view pattern, string_view text, size_t *compared)
{
    parsed_regex parsed = {.memory = account};
    program program = {.memory = account};
    capture_room room = {0};
    regex_span span, spans[2][GROUPS];
    regex *regex;
    bool found;

    assert_int_equal(regex_new(&regex, account, pattern, 0, NULL), BP_OK);
    assert_int_equal(regex_find(regex, text, 0, &span, 1, &found, NULL, NULL), BP_OK);
    assert_int_equal(regex_parse(&parsed, account, pattern, 0, NULL), BP_OK);
    assert_int_equal(regex_compile(&program, account, &parsed, false, 0, NULL), BP_OK);
    if (found) {
        size_t slots = 2 * (parsed.group_count + 1 < GROUPS ? parsed.group_count + 1 : GROUPS);
        size_t size = regex_backtrack_room(&program, span.begin, span.end);
        void *block = memory_allocate(account, size);
        size_t end = span.end;
        bool done = size && regex_backtrack(&program, block, text, span.begin, &end, &spans[0][0].begin, slots) == BACKTRACK_MATCH;
        assert_int_equal(
            regex_capture_by_threads(&program, &room, account, text, span.begin, span.end, &spans[1][0].begin, slots, NULL, NULL),
            BP_OK);
        if (done && memcmp(spans[0], spans[1], slots * sizeof(size_t)))
            fail_msg("/%.*s/ in \"%.*s\"", STRING_ARGUMENTS(pattern), STRING_ARGUMENTS(text));
        memory_free(account, block, size);
        *compared += done;
        if (!parsed_regex_loops_on_nothing(&parsed)) compare_open(account, pattern, &program, text, span, spans[1], slots);
    }
    memory_free(account, room.block, room.size);
    program_clear(&program);
    parsed_regex_clear(&parsed);
    regex_free(regex);
}

static void both_machines_agree(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    builder pattern, text;
    uint32_t random = 1;
    size_t compared = 0;

    (void)state;
    builder_init(&pattern, account, SIZE_MAX / 2);
    builder_init(&text, account, SIZE_MAX / 2);
    for (int i = 0; i < 4000; i++) {
        builder_reset(&pattern);
        builder_reset(&text);
        put_pattern(&pattern, &random, 5);
        put_text(&text, &random);
        compare_machines(account, builder_view(&pattern), builder_view(&text), &compared);
    }
    assert_true(compared > 1000);
    builder_clear(&pattern);
    builder_clear(&text);
    memory_release(account);
}

/* Groups in loops that may match nothing, folding, classes, flags: DuckDB 2.0.1's answers. */
static void answers_are_those_of_re2(void **state)
{
    static const struct {
        const char *pattern;
        unsigned flags;
        const char *text, *expected;
    } rows[] = {
        {"(a*)*", 0, "b", "0,0 0,0"},
        {"(a|b*)*", 0, "ab", "0,2 1,2"},
        {"(a|ab)(c|bcd|b)*", 0, "xaby", "1,3 1,2 2,3"},
        {"(?:(a)|b|X)*", 0, "aXbX", "0,4 0,1"},
        {"(?U)a+", 0, "aaa", "0,1"},
        {"(?U)a+?", 0, "aaa", "0,3"},
        {"k", REGEX_NO_CASE, "\xe2\x84\xaa", "0,3"},
        {"(?i)\\w", 0, "\xc5\xbf", "0,2"},
        {"(?i)[^s]", 0, "\xc5\xbf", "-"},
        {"(?i)\xce\xa3", 0, "\xcf\x82", "0,2"},
        {"(?i)i", 0, "\xc4\xb0", "-"},
        {"\\p{Lu}\\PL", 0, "a\xc3\x84-", "1,4"},
        {"[[:^alpha:]]", 0, "a1", "1,2"},
        {"\\Qa.b\\E", 0, "axba.b", "3,6"},
        {"a.b", REGEX_LITERAL, "axba.b", "3,6"},
        {"a{,2}", 0, "aa{,2}", "1,6"},
        {"[]a]+", 0, "x]a", "1,3"},
        {"a$", 0, "a\n", "-"},
        {"(?m)a$", 0, "a\n", "0,1"},
        {".", 0, "\n", "-"},
        {".", REGEX_DOT_NEWLINE, "\n", "0,1"},
        {"^.$", 0, "\xf0\x9f\x98\x80", "0,4"},
        {"a|abc", REGEX_WHOLE, "abc", "0,3"},
        {"\\x{1F600}", 0, "-\xf0\x9f\x98\x80", "1,5"},
        {"\\141\\x62", 0, "ab", "0,2"},
        {"(?P<year>\\d+)-(?<month>\\d+)", 0, "on 2024-05", "3,10 3,7 8,10"},
        {"a**", 0, "", "error: regular expression: bad repetition operator: ** (at byte 2)"},
        {"*a", 0, "", "error: regular expression: no argument for repetition operator: * (at byte 1)"},
        {"a{2,1}", 0, "", "error: regular expression: invalid repetition size: {2,1} (at byte 2)"},
        {"(b", 0, "", "error: regular expression: missing ): (b (at byte 1)"},
        {"a)", 0, "", "error: regular expression: unexpected ): a) (at byte 1)"},
        {"[a", 0, "", "error: regular expression: missing ]: [a (at byte 1)"},
        {"[z-a]", 0, "", "error: regular expression: invalid character class range: z-a (at byte 2)"},
        {"a\\", 0, "", "error: regular expression: trailing \\: \\ (at byte 2)"},
        {"(a)\\1", 0, "", "error: regular expression: invalid escape sequence: \\1 (at byte 4)"},
        {"(?=a)", 0, "", "error: regular expression: invalid perl operator: (?= (at byte 1)"},
    };
    memory *account = memory_account_new(NULL, SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char got[400];
        run_case(account, rows[i].pattern, rows[i].flags, string_view_of(rows[i].text), 0, got, sizeof got);
        if (strcmp(got, rows[i].expected) != 0) print_error("/%s/\n", rows[i].pattern);
        assert_string_equal(got, rows[i].expected);
    }
    memory_release(account);
}

/* A search from the middle sees what stands before. */
static void context_before_is_seen(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    char got[100];

    (void)state;
    run_case(account, "\\bb", 0, STRING_VIEW("ab b"), 1, got, sizeof got);
    assert_string_equal(got, "3,4");
    run_case(account, "^b", 0, STRING_VIEW("ab"), 1, got, sizeof got);
    assert_string_equal(got, "-");
    run_case(account, "(?m)^b", 0, STRING_VIEW("a\nb"), 2, got, sizeof got);
    assert_string_equal(got, "2,3");
    run_case(account, "a*", 0, STRING_VIEW("aab"), 1, got, sizeof got);
    assert_string_equal(got, "1,2");
    memory_release(account);
}

static void limits_hold(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    char pattern[1000], got[400];

    (void)state;
    for (int depth = LIMIT_REGEX_DEPTH - 1; depth <= LIMIT_REGEX_DEPTH + 1; depth++) {
        memset(pattern, '(', (size_t)depth);
        memset(pattern + depth, ')', (size_t)depth);
        pattern[2 * depth] = 0;
        run_case(account, pattern, 0, STRING_VIEW(""), 0, got, sizeof got);
        assert_int_equal(strncmp(got, "error", 5) == 0, depth > LIMIT_REGEX_DEPTH);
    }
    for (int times = LIMIT_REGEX_REPEAT - 1; times <= LIMIT_REGEX_REPEAT + 1; times++) {
        snprintf(pattern, sizeof pattern, "a{%d}", times);
        run_case(account, pattern, 0, STRING_VIEW(""), 0, got, sizeof got);
        assert_string_equal(times > LIMIT_REGEX_REPEAT ? "error" : "-", (got[5] = 0, got));
    }
    run_case(account, "((((a{100}){10}){10}){10})", 0, STRING_VIEW(""), 0, got, sizeof got);
    assert_non_null(strstr(got, "too large"));
    run_case(account, "((((((){1000}){1000}){1000}){1000}){1000})", 0, STRING_VIEW(""), 0, got, sizeof got);
    assert_non_null(strstr(got, "too large"));
    run_case(account, "(?:(?:(?:(?:){1000}){1000}){1000}){1000}", 0, STRING_VIEW(""), 0, got, sizeof got);
    assert_non_null(strstr(got, "too large"));
    memory_release(account);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What takes a backtracking engine for ever: a megabyte in well under the time of sanitizers, and the answer is right. */
static void pathological_patterns_are_linear(void **state)
{
    static const char *const patterns[] = {"(a*)*b",  "(a+)+b",        "(a|aa)+b", "(?:a?){100}a{100}b", "(.*)(.*)(.*)(.*)x",
                                           "(a|a)*b", "\\b(?:a*)*\\bb"};
    memory *account = memory_account_new(NULL, SIZE_MAX);
    size_t size = 1000000;
    char *text = memory_allocate(account, size);

    (void)state;
    memset(text, 'a', size);
    for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++) {
        char got[100];
        double begin = seconds();
        run_case(account, patterns[i], 0, (string_view){text, size}, 0, got, sizeof got);
        assert_string_equal(got, "-");
        assert_true(seconds() - begin < 10);
    }
    memory_free(account, text, size);
    memory_release(account);
}

/* Many more states than the cache holds: they are dropped and made again, and the answer stays. */
static void full_cache_is_emptied(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    size_t size = 300000;
    char *text = memory_allocate(account, size);
    uint32_t random = 1;
    regex *regex;
    bool found;

    (void)state;
    for (size_t i = 0; i < size; i++) random = random * 1664525u + 1013904223u, text[i] = random >> 31 ? 'a' : 'b';
    /* an x in some place 20 after an a: 2^20 states */
    assert_int_equal(regex_new(&regex, account, STRING_VIEW("a[ab]{20}x"), 0, NULL), BP_OK);
    assert_int_equal(regex_test(regex, (string_view){text, size}, &found, NULL, NULL), BP_OK);
    assert_false(found);
    assert_true(memory_used(account) < 2 * (size_t)LIMIT_REGEX_CACHE_SIZE + 1000000);
    text[size - 1] = 'x';
    text[size - 22] = 'a';
    assert_int_equal(regex_test(regex, (string_view){text, size}, &found, NULL, NULL), BP_OK);
    assert_true(found);
    regex_free(regex);
    memory_free(account, text, size);
    memory_release(account);
}

static bp_status search_once(void *data, bp_error *err)
{
    regex *regex;
    regex_span spans[3];
    bool found = false;
    bp_status status = regex_new(&regex, data, STRING_VIEW("(?P<key>\\w+|[[:alpha:]]x)=(\\pL+|(?i)k{2,3})"), 0, err);

    if (status) return status;
    status = regex_find(regex, STRING_VIEW("key1=\xc3\xa4 value"), 0, spans, 3, &found, NULL, err);
    regex_free(regex);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);

    (void)state;
    oom_run(account, search_once, account, BP_OK);
    memory_release(account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_those_of_python),
        cmocka_unit_test(both_machines_agree),
        cmocka_unit_test(answers_are_those_of_re2),
        cmocka_unit_test(context_before_is_seen),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(pathological_patterns_are_linear),
        cmocka_unit_test(full_cache_is_emptied),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
