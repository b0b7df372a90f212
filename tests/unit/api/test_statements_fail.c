/* Statements while memory and files fail: every operator, CSV in and out, catalog, parameters. Each statement runs with its 1st, 2nd, 3rd …
 * allocation (or open, read, write, sync, rename) failing, once and from then on, until it passes. After each failure the status says
 * so in words, the same connection answers, what the statement would have changed is as it was, and all memory is back; the end of the context
 * checks that nothing leaked. Expected values: the statement's own answer when nothing fails, and the counts that the table below gives.
 *
 * Batches of 3 rows, morsels of 4 and CSV blocks of 16 bytes make few rows take every way through the operators. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/context.h"
#include "base/string.h"
#include "bedplate/bedplate.h"
#include "oom.h"

static char folder[] = "/tmp/bedplate-fail-XXXXXX";

/* `%/` in a text stands for the folder. */
typedef struct statement_case {
    const char *sql;
    const char *undo; /* brings the catalog back; NULL: the statement changes nothing */
    const char *check; /* with `undo`: a query that gives the same rows after a failure as before */
} statement_case;

#define MAKE_W "CREATE OR REPLACE TABLE w AS SELECT i, s FROM t WHERE i < 3;"

static const char *const setup =
    "SET batch_size = 3; SET morsel_rows = 4; SET csv_block_size = 16;"
    "CREATE TABLE t AS SELECT i::INTEGER AS i, 'text number ' || i AS s, i / 4 AS d, (i * 1.25)::DECIMAL(10,2) AS m,"
    " CASE WHEN i % 5 = 0 THEN NULL ELSE i % 3 END AS g, ('2020-01-0' || (i % 9 + 1))::DATE AS day FROM range(20) r(i);"
    "CREATE TABLE u AS SELECT i * 2 AS i, 'right side ' || i AS s, i % 4 AS g FROM range(12) r(i);"
    "CREATE TABLE l AS SELECT [i, i + 1] AS list, {'a': i, 'b': 'field ' || i} AS pair, MAP {i: 'value'} AS m FROM range(6) r(i);"
    "CREATE VIEW v AS SELECT i, s, g FROM t WHERE i > 2;" MAKE_W
    "COPY t TO '%/t.csv'; COPY u TO '%/u.csv.gz'; COPY t TO '%/t.csv.zst'";

static const statement_case cases[] = {
    /* expressions */
    {.sql = "SELECT 1"},
    {.sql = "SELECT i + 1, -i, i * 2.5, d // 2, i % 3, m * m, i::VARCHAR || s FROM t"},
    {.sql = "SELECT upper(s), lower(s), substring(s, 3, 4), replace(s, 'n', 'NN'), repeat(s, 3), lpad(s, 40, 'ab'), trim(s), "
            "length(s) FROM t"},
    {.sql = "SELECT CASE WHEN i > 3 THEN s WHEN i > 1 THEN 'little' END, coalesce(g, i), nullif(i, 3), greatest(i, g), i IN (1, 2, "
            "3), "
            "s IN ('a', 'text number 4'), i BETWEEN 2 AND 5, s LIKE '%1_' FROM t"},
    {.sql = "SELECT CAST(s AS BLOB), TRY_CAST(s AS INTEGER), CAST(i AS DOUBLE), CAST(m AS INTEGER), CAST(day AS TIMESTAMP) FROM t"},
    {.sql = "SELECT s ~~ 'text%', s NOT LIKE '%9', contains(s, 'ber 1'), starts_with(s, 'te'), levenshtein(s, 'text'), strpos(s, "
            "'number') FROM t"},
    {.sql = "SELECT list[1], list || [9], len(list), pair.a, pair, m, list_sort(list), list_aggregate(list, 'sum'), "
            "array_distinct(list) FROM l"},
    {.sql = "SELECT [i, g], {'x': i, 'y': s}, range(i), [s, 'other'], map([i], [s]) FROM t"},
    {.sql = "SELECT TRY(1 + 9223372036854775807), 5"},
    {.sql = "SELECT CAST('x' AS INTEGER)"},
    {.sql = "SELECT nothing FROM t"},
    {.sql = "SELEC 1"},
    {.sql = "SELECT count(*) FROM tt"},
    /* operators */
    {.sql = "SELECT * FROM t WHERE i > 3 AND s <> 'x' AND g IS NOT NULL"},
    {.sql = "SELECT * EXCLUDE (s), s AS other FROM t LIMIT 7 OFFSET 3"},
    {.sql = "SELECT count(*), sum(i), avg(d), min(s), max(s), count(DISTINCT g), sum(m) FROM t"},
    {.sql = "SELECT g, count(*), sum(i), min(s), max(day), avg(m), stddev(i), median(i), first(s), string_agg(s, ', ') FROM t "
            "GROUP BY g"},
    {.sql = "SELECT s, count(*), count(DISTINCT i) FROM t GROUP BY s HAVING count(*) > 0"},
    {.sql =
         "SELECT g, s, quantile_cont(i, 0.5), arg_max(s, i), any_value(s), approx_count_distinct(i), list(s) FROM t GROUP BY g, s"},
    {.sql = "SELECT list, count(*) FROM l GROUP BY list"},
    {.sql = "SELECT sum(i) FILTER (WHERE g = 1), string_agg(s ORDER BY s DESC) FROM t"},
    {.sql = "SELECT * FROM t ORDER BY s DESC, i"},
    {.sql = "SELECT * FROM t ORDER BY g NULLS FIRST, m DESC LIMIT 5"},
    {.sql = "SELECT * FROM l ORDER BY list DESC"},
    {.sql = "SELECT DISTINCT g, g + 1 FROM t"},
    {.sql = "SELECT DISTINCT ON (g) g, s FROM t ORDER BY g, s"},
    {.sql = "SELECT t.i, u.s FROM t JOIN u ON t.i = u.i"},
    {.sql = "SELECT * FROM t LEFT JOIN u USING (i)"},
    {.sql = "SELECT * FROM t RIGHT JOIN u ON t.i = u.i AND t.s < u.s"},
    {.sql = "SELECT * FROM t FULL JOIN u ON t.s = u.s"},
    {.sql = "SELECT t.i, u.i FROM t, u WHERE t.i < u.i AND u.g = 1"},
    {.sql = "SELECT count(*) FROM t CROSS JOIN u CROSS JOIN w"},
    {.sql = "SELECT * FROM t SEMI JOIN u ON t.i = u.i"},
    {.sql = "SELECT * FROM t ANTI JOIN u ON t.i = u.i"},
    {.sql = "SELECT * FROM t WHERE i IN (SELECT i FROM u WHERE g > 1)"},
    {.sql = "SELECT * FROM t WHERE i NOT IN (SELECT i FROM u)"},
    {.sql = "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u)"},
    {.sql = "SELECT i, (SELECT max(i) FROM u) FROM t"},
    {.sql = "SELECT i, s FROM t UNION ALL SELECT i, s FROM u"},
    {.sql = "SELECT g FROM t UNION SELECT g FROM u ORDER BY 1"},
    {.sql = "SELECT g FROM t INTERSECT SELECT g FROM u"},
    {.sql = "SELECT s FROM t EXCEPT SELECT s FROM v"},
    {.sql = "SELECT g FROM t EXCEPT ALL SELECT g FROM u"},
    {.sql = "WITH a AS (SELECT g, count(*) AS n FROM t GROUP BY g), b AS (SELECT * FROM a WHERE n > 1) SELECT * FROM a JOIN b "
            "USING (g)"},
    {.sql = "SELECT * FROM v WHERE g = 1"},
    {.sql = "SELECT * FROM (VALUES (1, 'a'), (2, 'bb')) x(a, b)"},
    {.sql = "SELECT sum(i) FROM range(100) r(i)"},
    {.sql = "SELECT i, row_number() OVER (ORDER BY i) FROM t"},
    {.sql = "SELECT unnest([1, 2, 3])"},
    {.sql = "SELECT $1 + i, s || ? FROM t WHERE i > $1"},
    {.sql = "SELECT list_transform([1, 2], x -> x + 1)"},
    {.sql = "SELECT i FROM t QUALIFY row_number() OVER (ORDER BY i) < 3"},
    /* about tables */
    {.sql = "DESCRIBE t"},
    {.sql = "DESCRIBE SELECT i, s FROM t"},
    {.sql = "SUMMARIZE t"},
    {.sql = "SHOW TABLES"},
    {.sql = "EXPLAIN SELECT g, count(*) FROM t JOIN u USING (i, g) WHERE t.s > 'a' GROUP BY g ORDER BY g"},
    {.sql = "EXPLAIN ANALYZE SELECT g, count(*) FROM t GROUP BY g"},
    {.sql = "EXPLAIN (FORMAT json) SELECT g, count(*) FROM t JOIN u USING (i, g) GROUP BY g"},
    {.sql = "EXPLAIN (ANALYZE, FORMAT html) SELECT g, count(*) FROM t GROUP BY g"},
    /* what changes something */
    {.sql = "CREATE TABLE made AS SELECT * FROM t", .undo = "DROP TABLE IF EXISTS made", .check = "SHOW TABLES"},
    {.sql = "CREATE TABLE made (a INTEGER NOT NULL, b VARCHAR DEFAULT 'none', c DECIMAL(5,2))",
     .undo = "DROP TABLE IF EXISTS made",
     .check = "SHOW TABLES"},
    {.sql = "CREATE OR REPLACE TABLE w AS SELECT 1 AS one", .undo = MAKE_W, .check = "SELECT * FROM w"},
    {.sql = "CREATE VIEW made AS SELECT g, count(*) AS n FROM t GROUP BY g",
     .undo = "DROP VIEW IF EXISTS made",
     .check = "SHOW TABLES"},
    {.sql = "INSERT INTO w VALUES (7, 'seven'), (8, NULL)", .undo = MAKE_W, .check = "SELECT * FROM w"},
    {.sql = "INSERT INTO w SELECT i, s FROM t", .undo = MAKE_W, .check = "SELECT * FROM w"},
    {.sql = "INSERT INTO w (s) SELECT s FROM t LIMIT 2", .undo = MAKE_W, .check = "SELECT * FROM w"},
    {.sql = "TRUNCATE w", .undo = MAKE_W, .check = "SELECT * FROM w"},
    {.sql = "DROP TABLE w", .undo = MAKE_W, .check = "SELECT * FROM w"},
    {.sql = "SET timeout = '100s'", .undo = "SET timeout = 0", .check = "SELECT current_setting('timeout')"},
    /* CSV */
    {.sql = "SELECT * FROM '%/t.csv'"},
    {.sql = "SELECT g, count(*), max(s) FROM '%/t.csv' WHERE i > 2 GROUP BY g"},
    {.sql = "SELECT i FROM '%/u.csv.gz' WHERE s <> 'x' ORDER BY i DESC LIMIT 2"},
    {.sql = "SELECT count(*), min(s) FROM '%/t.csv.zst'"},
    {.sql = "SELECT * FROM read_csv('%/t.*', columns={'a': 'BIGINT', 'b': 'VARCHAR', 'c': 'DOUBLE', 'd': 'VARCHAR', 'e': "
            "'INTEGER', 'f': 'DATE'}, header=true, filename=true)"},
    {.sql = "SELECT * FROM read_csv('%/t.csv', all_varchar=true, delim=',')"},
    {.sql = "COPY t TO '%/out.csv'", .undo = "SELECT 1", .check = "SELECT count(*) FROM t"},
    {.sql = "COPY (SELECT g, list(s) FROM t GROUP BY g) TO '%/out.csv.gz' (HEADER false, DELIMITER ';')",
     .undo = "SELECT 1",
     .check = "SELECT 1"},
    {.sql = "COPY w FROM '%/w.csv'", .undo = MAKE_W, .check = "SELECT * FROM w"},
};

/* The same with what can be written to temporary files written at once. `u.g = n % 1` and the like: all of one key, so that partitions cannot be parted. */
static const statement_case spilled[] = {
    {.sql = "SELECT s, i FROM u ORDER BY g, s DESC"},
    {.sql = "SELECT g, s, count(*) FROM u GROUP BY g, s"},
    {.sql = "SELECT i, sum(i) OVER (PARTITION BY g ORDER BY i) FROM u"},
    {.sql = "SELECT * FROM w FULL JOIN u ON w.s = u.s"},
    {.sql = "SELECT i IN (SELECT g FROM u), EXISTS (SELECT 1 FROM u WHERE u.g = w.i AND u.i > w.i) FROM w"},
    {.sql = "SELECT i, (SELECT max(s) FROM u WHERE u.g = w.i) FROM w"},
    {.sql = "SELECT i, n FROM w FULL JOIN range(40) r(n) ON n % 1 = i"},
    {.sql = "SELECT i, i IN (SELECT n % 1 FROM range(40) r(n)) FROM w"},
};

/* running ------------------------------------------------------------------------------------------------------------------------ */
static void expand(char *out, size_t size, const char *sql)
{
    size_t at = 0;

    for (; *sql && at + sizeof folder < size; sql++) {
        if (*sql != '%' || sql[1] != '/') {
            out[at++] = *sql;
        } else {
            memcpy(out + at, folder, sizeof folder - 1);
            at += sizeof folder - 1;
        }
    }
    assert_int_equal(*sql, 0);
    out[at] = 0;
}

typedef struct text {
    char *data;
    size_t size, capacity;
} text;

static int keep_text(void *data, const char *bytes, size_t size)
{
    text *text = data;

    if (text->size + size + 1 > text->capacity) {
        text->capacity = 2 * (text->size + size + 1);
        text->data = realloc(text->data, text->capacity);
        assert_non_null(text->data);
    }
    memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = 0;
    return 0;
}

/* A script's rows as text into `out` (NULL: they are only read). Parameters: the first is a number, others are texts. */
static bp_status run(bp_connection *connection, const char *script, text *out, bp_error *err)
{
    static const bp_print_options options = {.format = "csv"};
    char sql[8192];
    const char *rest = sql;
    bp_status status = BP_OK;

    expand(sql, sizeof sql, script);
    while (!status && *rest) {
        bp_statement *statement = NULL;
        bp_result *result = NULL;
        struct ArrowArray batch = {0};
        size_t consumed = 0;

        if ((status = bp_prepare(&statement, connection, rest, strlen(rest), &consumed, err)) || !statement) break;
        for (size_t i = 1; !status && i <= bp_statement_parameter_count(statement); i++)
            status = i == 1 ? bp_statement_bind_int64(statement, i, 3, err)
                            : bp_statement_bind_text(statement, i, "text number 4 and more", 22, err);
        if (!status) status = bp_execute(&result, statement, err);
        if (!status && out && bp_result_get_kind(result) == BP_RESULT_ROWS)
            status = bp_result_print(result, &options, keep_text, out, err);
        while (!status && !out && bp_result_get_kind(result) == BP_RESULT_ROWS) {
            if ((status = bp_result_next(result, &batch, err)) || !batch.release) break;
            batch.release(&batch);
            batch.release = NULL;
        }
        bp_result_free(result);
        bp_statement_free(statement);
        rest += consumed;
    }
    return status;
}

static void must_run(bp_connection *connection, const char *script)
{
    bp_error err = {0};

    if (run(connection, script, NULL, &err)) fail_msg("%s: %s", script, err.message);
}

/* Rows in no promised order (threads, groups) are compared by what does not depend on it: how many bytes and their sum. */
static uint64_t sum_of(const text *text)
{
    uint64_t sum = text->size;

    for (size_t i = 0; i < text->size; i++) sum += (uint64_t)(unsigned char)text->data[i] * 257;
    return sum;
}

static uint64_t answer(bp_connection *connection, const char *sql)
{
    text rows = {0};
    bp_error err = {0};
    uint64_t sum;

    if (run(connection, sql, &rows, &err)) fail_msg("%s: %s", sql, err.message);
    sum = sum_of(&rows);
    free(rows.data);
    return sum;
}

/* one fault ------------------------------------------------------------------------------------------------------------------------- */
typedef struct fault_kind {
    int point; /* of the system; -1: memory */
    fault_effect effect;
} fault_kind;

typedef struct trial {
    bp_context *context;
    bp_connection *connection;
    const statement_case *statement;
    fault_kind kind;
    bp_status expected; /* without a fault */
    uint64_t rows, before;
    size_t used;
    bool print;
} trial;

static bool allowed(const trial *trial, bp_status status)
{
    if (trial->kind.point < 0) return status == BP_NO_MEMORY || status == BP_OVER_BUDGET;
    if (trial->kind.effect == FAULT_INTERRUPT || trial->kind.effect == FAULT_SHORT) return false;
    return status == BP_IO_ERROR;
}

/* Everything that a statement keeps on purpose (known files, spare capacity of the catalog) is there before the first trial. */
static size_t settle(const trial *trial)
{
    if (trial->statement->undo) must_run(trial->connection, trial->statement->undo);
    assert_int_equal(answer(trial->connection, "SELECT i, s FROM v WHERE i = 4"), trial->before);
    memory_trim(trial->context->memory);
    return memory_used(trial->context->memory);
}

static void set_fault(const trial *trial, uint64_t nth, bool from_then_on)
{
    if (trial->kind.point < 0)
        memory_fail_at(trial->context->memory, nth, from_then_on);
    else
        fault_at(trial->context, (fault_point)trial->kind.point, nth, trial->kind.effect, from_then_on);
}

static bool try_once(trial *trial, uint64_t nth, bool from_then_on)
{
    const statement_case *statement = trial->statement;
    uint64_t check = statement->check ? answer(trial->connection, statement->check) : 0;
    bp_error err = {.status = BP_OK};
    text rows = {0};
    size_t used;
    bool struck;
    bp_status status;

    set_fault(trial, nth, from_then_on);
    status = run(trial->connection, statement->sql, trial->print ? &rows : NULL, &err);
    struck = trial->kind.point < 0 ? memory_fault_seen(trial->context->memory)
                                   : fault_seen(trial->context, (fault_point)trial->kind.point);
    memory_fail_at(trial->context->memory, 0, false);
    fault_clear(trial->context);
    if (status != trial->expected && !(struck && allowed(trial, status)))
        fail_msg("%s: point %d, effect %d, call %llu%s: status %d (%s), expected %d", statement->sql, trial->kind.point,
                 (int)trial->kind.effect, (unsigned long long)nth, from_then_on ? " and all later" : "", status, err.message,
                 trial->expected);
    oom_check_told(status, &err);
    if (!status && trial->print && sum_of(&rows) != trial->rows)
        fail_msg("%s: call %llu%s failed, and other rows came out: %s", statement->sql, (unsigned long long)nth,
                 from_then_on ? " and all later" : "", rows.data ? rows.data : "none");
    free(rows.data);
    if (status && statement->check && answer(trial->connection, statement->check) != check)
        fail_msg("%s: call %llu failed, and something was changed", statement->sql, (unsigned long long)nth);
    used = settle(trial);
    if (used != trial->used)
        fail_msg("%s: point %d, call %llu%s: %zu bytes in use before, %zu after", statement->sql, trial->kind.point,
                 (unsigned long long)nth, from_then_on ? " and all later" : "", trial->used, used);
    return struck;
}

static void try_all(trial *trial)
{
    for (int mode = 0; mode < 2; mode++) {
        uint64_t nth = 1;
        while (try_once(trial, nth, mode == 1)) {
            assert_true(nth < OOM_MOST);
            nth++;
        }
    }
}

static void try_statement(bp_context *context, bp_connection *connection, const statement_case *statement, fault_kind kind)
{
    trial trial = {.context = context, .connection = connection, .statement = statement, .kind = kind};
    bool ordered = !strstr(statement->sql, "ANALYZE"); /* that prints times */
    text rows = {0};
    bp_error err = {0};

    trial.before = answer(connection, "SELECT i, s FROM v WHERE i = 4");
    for (int i = 0; i < 2; i++) { /* twice: the first makes what is kept */
        rows.size = 0;
        trial.expected = run(connection, statement->sql, &rows, &err);
        trial.used = settle(&trial);
    }
    if (getenv("BEDPLATE_TEST_CASE") && trial.expected) print_message("%s: %s\n", statement->sql, err.message);
    trial.print = ordered;
    trial.rows = sum_of(&rows);
    free(rows.data);
    try_all(&trial);
}

static size_t empty_used; /* by a context without connections: its pool */

static void begin(bp_context **context, bp_connection **connection, const char *threads)
{
    assert_int_equal(bp_context_new(context, NULL), BP_OK);
    empty_used = memory_used((*context)->memory);
    assert_int_equal(bp_context_set(*context, "threads", threads, NULL), BP_OK);
    assert_int_equal(bp_connection_new(connection, *context, NULL), BP_OK);
    must_run(*connection, setup);
    must_run(*connection, "COPY w TO '%/w.csv'");
}

static void end(bp_context *context, bp_connection *connection)
{
    bp_connection_free(connection);
    assert_int_equal(memory_used(context->memory), empty_used);
    bp_context_free(context);
}

static void memory_fails(const char *threads)
{
    bp_context *context;
    bp_connection *connection;

    begin(&context, &connection, threads);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *only = getenv("BEDPLATE_TEST_CASE"); /* for looking at one case by hand */
        if (only && !strstr(cases[i].sql, only)) continue;
        try_statement(context, connection, &cases[i], (fault_kind){.point = -1});
    }
    end(context, connection);
}

static void fails_while_spilling(const fault_kind *kinds, size_t count)
{
    bp_context *context;
    bp_connection *connection;

    begin(&context, &connection, "1");
    must_run(connection, "SET spill = 'always'");
    for (size_t i = 0; i < sizeof spilled / sizeof *spilled; i++)
        for (size_t kind = 0; kind < count; kind++) try_statement(context, connection, &spilled[i], kinds[kind]);
    end(context, connection);
}

static void memory_fails_while_spilling(void **state)
{
    (void)state;
    fails_while_spilling(&(fault_kind){.point = -1}, 1);
}

static void memory_fails_on_one_thread(void **state)
{
    (void)state;
    memory_fails("1");
}

static void memory_fails_on_three_threads(void **state)
{
    (void)state;
    memory_fails("3");
}

static void temporary_files_fail(void **state)
{
    static const fault_kind kinds[] = {{FAULT_OPEN, FAULT_FAIL},      {FAULT_READ, FAULT_FAIL},   {FAULT_WRITE, FAULT_FAIL},
                                       {FAULT_WRITE, FAULT_NO_SPACE}, {FAULT_WRITE, FAULT_SHORT}, {FAULT_READ, FAULT_SHORT}};

    (void)state;
    fails_while_spilling(kinds, sizeof kinds / sizeof *kinds);
}

static void files_fail(void **state)
{
    static const fault_kind kinds[] = {{FAULT_OPEN, FAULT_FAIL},      {FAULT_OPEN, FAULT_INTERRUPT},  {FAULT_READ, FAULT_FAIL},
                                       {FAULT_READ, FAULT_INTERRUPT}, {FAULT_READ, FAULT_SHORT},      {FAULT_WRITE, FAULT_FAIL},
                                       {FAULT_WRITE, FAULT_NO_SPACE}, {FAULT_WRITE, FAULT_INTERRUPT}, {FAULT_WRITE, FAULT_SHORT},
                                       {FAULT_SYNC, FAULT_FAIL},      {FAULT_RENAME, FAULT_FAIL}};
    bp_context *context;
    bp_connection *connection;

    (void)state;
    begin(&context, &connection, "1");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strstr(cases[i].sql, ".csv"))
            for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
                try_statement(context, connection, &cases[i], kinds[kind]);
    end(context, connection);
}

static int begin_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int end_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_fails_while_spilling), cmocka_unit_test(temporary_files_fail),
                                       cmocka_unit_test(memory_fails_on_one_thread),
                                       cmocka_unit_test(memory_fails_on_three_threads), cmocka_unit_test(files_fail)};

    return cmocka_run_group_tests(tests, begin_folder, end_folder);
}
