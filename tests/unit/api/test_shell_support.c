/* What a shell asks the library beside running statements: tokens, characters on a terminal, names of settings and formats, completion, progress.
 * Expected kinds and widths are worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bedplate/bedplate.h"

/* One letter a token: space, comment, keyword, name, number, string, parameter, operator, semicolon, bad; a capital: open. */
static const char letters[] = "escknltpo;b";

static void tokens_of(char *out, const char *sql, size_t size)
{
    size_t at = 0, end, count = 0;
    int open;
    bp_token_kind kind;

    while ((kind = bp_scan_token(sql, size, at, &end, &open)) != BP_TOKEN_END) {
        char letter = letters[kind];
        assert_true(end > at && end <= size);
        out[count++] = open && letter >= 'a' ? (char)(letter - 32) : letter;
        at = end;
    }
    assert_int_equal(at, size);
    out[count] = '\0';
}

static void test_tokens(void **state)
{
    static const struct {
        const char *sql, *tokens;
    } cases[] = {
        {"", ""},
        {"SELECT a, 1;", "ksnosl;"},
        {"select 'x;' -- c;\n;", "kstsc;"},
        {"'it''s'", "t"},
        {"'open ; ", "T"},
        {"\"name;\" \"open", "nsN"},
        {"E'\\';' x'00' $$;$$ $t$;$t$ $1 $a ?", "tstststspspsp"},
        {"$$ ; ", "T"},
        {"/* a /* ; */ ; */ 1.5e3", "csl"},
        {"/* ; ", "C"},
        {"-- to the end ;", "C"},
        {"a::INT=>b", "nokon"},
        {"\x01;\xc3\xa9", "b;n"},
        {";;", ";;"},
    };
    char found[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tokens_of(found, cases[i].sql, strlen(cases[i].sql));
        assert_string_equal(found, cases[i].tokens);
    }
    assert_int_equal(bp_scan_token(NULL, 0, 0, NULL, NULL), BP_TOKEN_END);
    assert_int_equal(bp_scan_token("a", 1, 5, NULL, NULL), BP_TOKEN_END);
}

/* Every byte sequence is cut into tokens that cover it. */
static void test_tokens_cover_any_bytes(void **state)
{
    static const char pieces[] = "'\"$/*-;\\xeE \n1a(\xc3\xff\x01.";
    char sql[24], found[64];
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t size = (size_t)(round % 20);
        for (size_t i = 0; i < size; i++) {
            seed = seed * 1664525 + 1013904223;
            sql[i] = pieces[(seed >> 16) % (sizeof pieces - 1)];
        }
        tokens_of(found, sql, size);
    }
}

static void test_clusters(void **state)
{
    static const char text[] =
        "a\xe6\x97\xa5"
        "e\xcc\x81\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xff"; /* a, 日, e with an acute, a couple, a byte that is none */
    static const size_t ends[] = {1, 4, 7, 18, 19};
    static const int widths[] = {1, 2, 1, 2};
    size_t at = 0;
    int width;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        at = bp_text_cluster(text, sizeof text - 1, at, &width);
        assert_int_equal(at, ends[i]);
        if (i < 4) assert_int_equal(width, widths[i]);
    }
    assert_int_equal(bp_text_cluster(text, sizeof text - 1, 19, &width), 19);
    assert_int_equal(width, 0);
    assert_int_equal(bp_text_cluster(NULL, 0, 0, NULL), 0);
}

static void test_names(void **state)
{
    const char *text = NULL;
    size_t count = 0;

    (void)state;
    while (bp_setting_name(count, &text)) {
        assert_non_null(text);
        count++;
    }
    assert_true(count > 10 && count < 1000);
    assert_string_equal(bp_setting_name(0, NULL), "threads");
    assert_string_equal(bp_print_format(0), "box");
    assert_null(bp_print_format(100));
}

typedef struct seen_words {
    char text[4096];
    size_t replace_from;
} seen_words;

static void see_word(void *data, const char *word, size_t replace_from)
{
    seen_words *words = data;

    words->replace_from = replace_from;
    if (strlen(words->text) + strlen(word) + 2 < sizeof words->text) {
        memcpy(words->text + strlen(words->text), word, strlen(word) + 1);
        memcpy(words->text + strlen(words->text), "|", 2);
    }
}

static void query(bp_connection *connection, const char *sql)
{
    bp_result *result;

    assert_int_equal(bp_query(&result, connection, sql, strlen(sql), NULL), BP_OK);
    bp_result_free(result);
}

static void test_names_are_completed_as_they_are_written(void **state)
{
    bp_context *context;
    bp_connection *connection;
    seen_words words = {0};

    (void)state;
    assert_int_equal(bp_context_new(&context, NULL), BP_OK);
    assert_int_equal(bp_connection_new(&connection, context, NULL), BP_OK);
    query(connection, "CREATE TABLE \"zz \"\"t\" AS SELECT 1 AS zzplain, 2 AS \"zz odd\", 3 AS \"Zz9\"");
    assert_int_equal(bp_complete(connection, "SELECT zz", 9, 9, see_word, &words, NULL), BP_OK);
    assert_string_equal(words.text, "zzplain|\"zz odd\"|Zz9|");
    assert_int_equal(words.replace_from, 7);
    words.text[0] = '\0';
    assert_int_equal(bp_complete(connection, "FROM zz", 7, 7, see_word, &words, NULL), BP_OK);
    assert_string_equal(words.text, "\"zz \"\"t\"|");
    bp_connection_free(connection);
    bp_context_free(context);
}

typedef struct seen_progress {
    bp_context *context;
    int known;
    double last;
} seen_progress;

static int look(void *data)
{
    seen_progress *seen = data;
    double now = bp_context_progress(seen->context);

    assert_true(now <= 1);
    if (now >= 0) {
        seen->known++;
        seen->last = now;
    }
    return seen->last > 0 || seen->known > 2000; /* cancels: the query is too long to be waited for */
}

static void test_progress_is_told_while_a_query_runs(void **state)
{
    static const char sql[] = "SELECT count(*) FROM range(2000000000) WHERE range % 7 = 8";
    bp_context *context;
    bp_connection *connection;
    bp_result *result = NULL;
    seen_progress seen = {0};

    (void)state;
    assert_int_equal(bp_context_new(&context, NULL), BP_OK);
    assert_int_equal(bp_connection_new(&connection, context, NULL), BP_OK);
    assert_true(bp_context_progress(context) < 0);
    assert_true(bp_context_progress(NULL) < 0);
    seen.context = context;
    bp_context_set_poll(context, look, &seen);
    assert_int_equal(bp_query(&result, connection, sql, sizeof sql - 1, NULL), BP_CANCELLED);
    assert_true(seen.last > 0);
    bp_connection_free(connection);
    bp_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_tokens_cover_any_bytes),
        cmocka_unit_test(test_clusters),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_are_completed_as_they_are_written),
        cmocka_unit_test(test_progress_is_told_while_a_query_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
