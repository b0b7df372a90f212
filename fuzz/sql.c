/* SQL text on a few tables in memory, under tight limits and with no file in reach. Oracles beyond "no crash": the optimizer and the size of
 * batches change no result; after whatever happened the same connection answers a known query; all memory comes back.
 *
 * Bytes 0 and 1 choose the mode (see MODE_…) and the allocation that fails; the rest is a script. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/config.h"
#include "base/context.h"
#include "bedplate/sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())

enum {
    MODE_FAIL = 1, /* an allocation fails */
    MODE_THREADS = 2, /* three workers, small morsels */
    MODE_FREE = 4, /* settings may be changed; no results are compared then */
    MODE_COMPLETE = 8, /* offer completions at the end of the text as well */
    MODE_FORMAT_SHIFT = 5 /* bits 5 to 7: how results are printed */
};

static const char setup[] =
    "CREATE TABLE t AS SELECT * FROM (VALUES (1, 'one', 1.5e0, DATE '2020-02-29', true), (2, 'two', NULL, NULL, false), "
    "(NULL, NULL, 'nan'::DOUBLE, DATE '1999-12-31', NULL), (2, 'a rather longer text than that', -0.0e0, DATE '0001-01-01', true)) "
    "v(a, b, c, d, e);"
    "CREATE TABLE u(x BIGINT, y DECIMAL(9,2), s VARCHAR, ts TIMESTAMP);"
    "INSERT INTO u VALUES (1, 1.25, 'one', TIMESTAMP '2020-01-01 00:00:00'), (9223372036854775807, -9.99, '', NULL), (NULL, NULL, "
    "'caf\xc3\xa9', TIMESTAMP '1970-01-01 12:34:56.789');"
    "CREATE TABLE n AS SELECT * FROM range(300) r(i);"
    "CREATE VIEW w AS SELECT a, count(*) AS k FROM t GROUP BY a;";

static const char *const formats[8] = {"box", "csv", "json", "jsonl", "markdown", "html", "line", "tsv"};

static void set(bp_context *context, const char *name, const char *value)
{
    REQUIRE(bp_context_set(context, name, value, NULL) == BP_OK);
}

static int take(void *data, const char *bytes, size_t size)
{
    return !builder_append(data, bytes, size);
}

static bp_status bind_all(bp_statement *statement, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 1; i <= bp_statement_parameter_count(statement) && !status; i++) switch (i % 4) {
        case 0: status = bp_statement_bind_null(statement, i, err); break;
        case 1: status = bp_statement_bind_int64(statement, i, (int64_t)i, err); break;
        case 2: status = bp_statement_bind_text(statement, i, "one", 3, err); break;
        default: status = bp_statement_bind_double(statement, i, 0.5, err);
        }
    return status;
}

static bp_status run_statement(bp_statement *statement, unsigned format, builder *out, bp_error *err)
{
    bp_print_options options = {.format = formats[format], .most_rows = 20};
    bp_result *result = NULL;
    bp_status status = bind_all(statement, err);

    if (!status) status = bp_execute(&result, statement, err);
    if (!status) status = bp_result_print(result, &options, take, out, err);
    bp_result_free(result);
    return status;
}

/* Statement after statement up to the first failure, as the command does. */
static bp_status run_script(bp_connection *connection, string_view script, unsigned format, builder *out, bp_error *err)
{
    bp_status status = BP_OK;

    while (!status && script.size) {
        bp_statement *statement = NULL;
        size_t consumed = 0;

        status = bp_prepare(&statement, connection, script.data, script.size, &consumed, err);
        if (status || !statement) break;
        REQUIRE(consumed > 0 && consumed <= script.size);
        script = string_view_slice(script, consumed, script.size);
        status = run_statement(statement, format, out, err);
        bp_statement_free(statement);
    }
    return status;
}

static void check_error(bp_status status, const bp_error *err, size_t size)
{
    if (!status) return;
    REQUIRE(status != BP_INTERNAL);
    REQUIRE(err->status == status && err->message[0] && strlen(err->message) < BP_ERROR_MESSAGE_SIZE);
    REQUIRE(err->position < 0 || (uint64_t)err->position <= size);
}

/* The connection still works. */
static void check_alive(bp_connection *connection, bp_context *context)
{
    static const char query[] = "SELECT sum(i), count(*) FROM range(10) r(i)";
    bp_status status;
    builder out;

    builder_init(&out, context->memory, 1 << 16);
    status = run_script(connection, (string_view){query, sizeof query - 1}, 1, &out, NULL);
    if (status != BP_TIMEOUT)
        REQUIRE(!status && string_ends_with(builder_view(&out), STRING_VIEW("\n45,10\n"))); /* a busy machine */
    builder_clear(&out);
}

static void found_word(void *data, const char *word, size_t replace_from)
{
    REQUIRE(word[0] && replace_from <= *(const size_t *)data);
}

static bp_context *new_context(unsigned mode, bool plain)
{
    bp_context *context;

    REQUIRE(bp_context_new(&context, NULL) == BP_OK);
    set(context, "enable_external_access", "false");
    set(context, "memory_limit", "64MB");
    set(context, "threads", mode & MODE_THREADS ? "3" : "1");
    set(context, "morsel_rows", mode & MODE_THREADS ? "100" : "65536");
    set(context, "batch_size", plain ? "3" : "2048");
    set(context, "optimizer", plain ? "false" : "true");
    return context;
}

static bp_connection *new_connection(unsigned mode, bool plain, builder *out)
{
    bp_context *context = new_context(mode, plain);
    bp_connection *connection;

    REQUIRE(bp_connection_new(&connection, context, NULL) == BP_OK);
    REQUIRE(run_script(connection, (string_view){setup, sizeof setup - 1}, 0, out, NULL) == BP_OK);
    builder_reset(out);
    set(context, "timeout", "1s");
    if (!(mode & MODE_FREE)) set(context, "lock_configuration", "true");
    return connection;
}

static bp_status run(bp_connection *connection, unsigned mode, unsigned fail_at, string_view script, builder *out)
{
    bp_context *context = bp_connection_context(connection);
    bp_error err = {.status = BP_OK, .position = -1};
    bp_status status;

    if (fail_at) memory_fail_at(context->memory, fail_at, fail_at & 1);
    status = run_script(connection, script, mode >> MODE_FORMAT_SHIFT, out, &err);
    memory_fail_at(context->memory, 0, false);
    check_error(status, &err, script.size);
    if (mode & MODE_COMPLETE && bp_complete(connection, script.data, script.size, script.size, found_word, &script.size, &err))
        REQUIRE(err.message[0]);
    (void)bp_statement_is_complete(script.data, script.size);
    if (!(mode & MODE_FREE)) check_alive(connection, context);
    return status;
}

/* A connection that lives for this script alone; its end checks that all memory came back. */
static bp_status run_fresh(unsigned mode, bool plain, unsigned fail_at, string_view script, builder *out)
{
    bp_connection *connection = new_connection(mode, plain, out);
    bp_context *context = bp_connection_context(connection);
    bp_status status = run(connection, mode, fail_at, script, out);

    bp_connection_free(connection);
    bp_context_free(context);
    return status;
}

/* Making the tables costs more than most scripts do, so those that only read share a connection. */
static bp_status run_kept(unsigned mode, bool plain, string_view script, builder *out)
{
    static bp_connection *kept[2][2];
    bp_connection **connection = &kept[plain][(mode & MODE_THREADS) != 0];

    if (!*connection) *connection = new_connection(mode, plain, out);
    return run(*connection, mode, 0, script, out);
}

static bool has_word(string_view script, const char *const *words, size_t count)
{
    for (size_t i = 0; i < script.size; i++)
        for (size_t k = 0; k < count; k++)
            if (script.size - i >= strlen(words[k]) &&
                string_equal_nocase((string_view){script.data + i, strlen(words[k])}, string_view_of(words[k])))
                return true;
    return false;
}

static bool may_write(string_view script)
{
    static const char *const words[] = {"create", "insert", "drop", "alter",  "copy",   "update",   "delete", "set",
                                        "pragma", "attach", "use",  "import", "export", "truncate", "merge",  "begin"};

    return has_word(script, words, ARRAY_LENGTH(words));
}

/* What a clock, a generator or a plan says differs from run to run. */
static bool may_differ(string_view script)
{
    static const char *const words[] = {"now",     "current", "today",   "random",  "uuid",
                                        "explain", "time",    "analyze", "setting", "sample"};

    return has_word(script, words, ARRAY_LENGTH(words));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    builder outputs[2];
    bp_status statuses[2];
    string_view script;

    if (!account || size < 2) goto done;
    script = (string_view){(const char *)data + 2, size - 2};
    for (int i = 0; i < 2; i++) builder_init(&outputs[i], account, 1 << 24);
    if (data[0] & MODE_FAIL) {
        (void)run_fresh(data[0], false, 1 + data[1] * 3u, script, &outputs[0]);
    } else if (data[0] & MODE_FREE) {
        (void)run_fresh(data[0], false, 0, script, &outputs[0]);
    } else {
        bool fresh = data[1] & 1 || may_write(script);
        statuses[0] = fresh ? run_fresh(data[0], false, 0, script, &outputs[0]) : run_kept(data[0], false, script, &outputs[0]);
        if (!may_differ(script)) {
            statuses[1] = fresh ? run_fresh(data[0], true, 0, script, &outputs[1]) : run_kept(data[0], true, script, &outputs[1]);
            if (!statuses[0] && !statuses[1]) REQUIRE(string_equal(builder_view(&outputs[0]), builder_view(&outputs[1])));
        }
    }
    for (int i = 0; i < 2; i++) builder_clear(&outputs[i]);
    REQUIRE(memory_used(account) == 0);
done:
    if (account) memory_release(account);
    return 0;
}
