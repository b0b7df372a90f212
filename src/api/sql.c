/* The public face of SQL: checks arguments, guards against use by two calls at once, calls the session, fills the error. */
#include "bedplate/sql.h"

#include "base/context.h"
#include "column/arrow.h"
#include "sql/complete.h"
#include "sql/format_result.h"
#include "sql/lexer.h"
#include "sql/session.h"

#include <stdatomic.h>

struct bp_connection {
    bp_context *context;
    session session;
    atomic_flag busy;
    bp_replacement_function replacement;
    void *replacement_data;
};

struct bp_statement {
    bp_connection *connection;
    arena arena; /* of the tree and the parameters */
    syntax *tree;
    plan *bound; /* for the first execution; NULL: none */
    uint64_t bound_version;
    parameters parameters;
};

struct bp_result {
    bp_connection *connection;
    outcome outcome;
    bp_statement *owned_statement; /* of bp_query(): lives as long as the result */
    bool is_stream; /* read through bp_result_stream() */
    char **type_names;
    arena arena;
};

/* guards ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status null_argument(bp_error *err, const char *what)
{
    return error_set(err, BP_BAD_ARGUMENT, "%s is NULL", what);
}

/* A call on this connection begins: nobody else is in one, and cancellation and the time limit are set up. */
static bp_status enter(bp_connection *connection, bp_error *err)
{
    error_clear(err);
    if (atomic_flag_test_and_set(&connection->busy)) return error_set(err, BP_BUSY, "the connection is in use by another call");
    if (cancel_begin(&connection->context->cancel, connection->context->config.timeout_ms * 1000000)) return BP_OK;
    atomic_flag_clear(&connection->busy);
    return error_set(err, BP_BUSY, "the context is in use by another connection's call");
}

static void leave(bp_connection *connection)
{
    cancel_end(&connection->context->cancel);
    atomic_flag_clear(&connection->busy);
}

/* connections ------------------------------------------------------------------------------------------------------------------------------- */
static bp_status offer_replacement(void *data, string_view name, source **out, bp_error *err)
{
    bp_connection *connection = data;
    struct ArrowArrayStream stream = {0};
    char text[LIMIT_NAME_SIZE + 1];
    table *table;
    bp_status status;

    *out = NULL;
    if (!connection->replacement || name.size > LIMIT_NAME_SIZE || memchr(name.data, 0, name.size)) return BP_OK;
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    if (!connection->replacement(connection->replacement_data, text, &stream)) return BP_OK;
    if ((status = arrow_import_stream(&table, connection->context->memory, &connection->context->cancel, &stream, err)))
        return status;
    status = table_source_new(out, connection->context, table, err);
    table_release(table);
    return status;
}

bp_status bp_connection_new(bp_connection **out, bp_context *context, bp_error *err)
{
    bp_connection *connection;

    if (!out) return null_argument(err, "out");
    *out = NULL;
    if (!context) return null_argument(err, "context");
    if (!(connection = memory_new(context->memory, bp_connection)))
        return error_no_memory(err, context->memory, sizeof *connection);
    connection->context = context;
    session_init(&connection->session, context);
    connection->session.replacement = offer_replacement;
    connection->session.replacement_data = connection;
    *out = connection;
    return BP_OK;
}

void bp_connection_free(bp_connection *connection)
{
    if (!connection) return;
    session_clear(&connection->session);
    memory_delete(connection->context->memory, connection);
}

bp_context *bp_connection_context(bp_connection *connection)
{
    return connection ? connection->context : NULL;
}

void bp_connection_set_replacement(bp_connection *connection, bp_replacement_function function, void *data)
{
    if (!connection) return;
    connection->replacement = function;
    connection->replacement_data = data;
}

bp_status bp_register_arrow(bp_connection *connection, const char *name, struct ArrowArrayStream *stream, bp_error *err)
{
    catalog_entry *entry = NULL;
    table *table = NULL;
    bp_status status;

    if (!stream) return null_argument(err, "stream");
    if (!connection || !name) {
        if (stream->release) stream->release(stream);
        return null_argument(err, connection ? "name" : "connection");
    }
    if ((status = enter(connection, err))) {
        if (stream->release) stream->release(stream);
        return status;
    }
    status = arrow_import_stream(&table, connection->context->memory, &connection->context->cancel, stream, err);
    if (!status) status = catalog_entry_new(&entry, &connection->session.catalog, CATALOG_SOURCE, string_view_of(name), err);
    if (!status && (status = table_source_new(&entry->source, connection->context, table, err)))
        catalog_entry_free(&connection->session.catalog, entry);
    else if (!status)
        status = catalog_publish(&connection->session.catalog, entry, true, err);
    table_release(table);
    leave(connection);
    return status;
}

bp_status bp_unregister(bp_connection *connection, const char *name, bp_error *err)
{
    const catalog_entry *entry;
    bp_status status;

    if (!connection || !name) return null_argument(err, connection ? "name" : "connection");
    if ((status = enter(connection, err))) return status;
    entry = catalog_find(&connection->session.catalog, string_view_of(name));
    if (!entry || entry->kind != CATALOG_SOURCE)
        status = error_set(err, BP_NOT_FOUND, "no data is registered as \"%s\"", name);
    else
        catalog_drop(&connection->session.catalog, string_view_of(name));
    leave(connection);
    return status;
}

/* statements ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status read_parameters(bp_statement *statement, bp_error *err)
{
    string_view *names;
    bp_status status;

    if ((status = session_parameters(&names, &statement->parameters.count, &statement->arena, statement->tree, err))) return status;
    statement->parameters.names = names;
    statement->parameters.values = arena_allocate_array(&statement->arena, statement->parameters.count, sizeof(column *));
    return statement->parameters.values
               ? BP_OK
               : error_no_memory(err, statement->arena.memory, statement->parameters.count * sizeof(column *));
}

static bp_status prepare(bp_statement **out, bp_connection *connection, string_view sql, size_t *consumed, bp_error *err)
{
    memory *memory = connection->context->memory;
    bp_statement *statement = memory_new(memory, bp_statement);
    bp_status status;

    if (!statement) return error_no_memory(err, memory, sizeof *statement);
    statement->connection = connection;
    arena_init(&statement->arena, memory);
    status = sql_parse_statement(&statement->tree, &statement->arena, sql, consumed, err);
    if (!status && statement->tree->root) {
        status = read_parameters(statement, err);
        if (!status && statement->parameters.count == 0)
            status = session_bind(&statement->bound, &connection->session, statement->tree, &statement->parameters, err);
        statement->bound_version = connection->session.catalog.version;
    }
    if (status || !statement->tree->root)
        bp_statement_free(statement);
    else
        *out = statement;
    return status;
}

bp_status bp_prepare(bp_statement **out, bp_connection *connection, const char *sql, size_t size, size_t *consumed, bp_error *err)
{
    bp_status status;

    if (!out) return null_argument(err, "out");
    *out = NULL;
    if (!connection || !sql) return null_argument(err, connection ? "sql" : "connection");
    if ((status = enter(connection, err))) return status;
    status = prepare(out, connection, (string_view){sql, size}, consumed, err);
    leave(connection);
    return status;
}

void bp_statement_free(bp_statement *statement)
{
    memory *memory;

    if (!statement) return;
    memory = statement->connection->context->memory;
    plan_free(statement->bound);
    arena_clear(&statement->arena);
    memory_delete(memory, statement);
}

size_t bp_statement_parameter_count(const bp_statement *statement)
{
    return statement ? statement->parameters.count : 0;
}

const char *bp_statement_parameter_name(const bp_statement *statement, size_t number)
{
    if (!statement || number < 1 || number > statement->parameters.count) return NULL;
    return statement->parameters.names[number - 1].data;
}

static bp_status bind_value(bp_statement *statement, size_t number, const column *value, bp_error *err)
{
    column *kept;
    bp_status status;

    if (!statement) return null_argument(err, "statement");
    error_clear(err);
    if (number < 1 || number > statement->parameters.count)
        return error_set(err, BP_BAD_ARGUMENT, "there is no parameter %zu; the statement has %zu", number,
                         statement->parameters.count);
    if (!(kept = arena_new(&statement->arena, column))) return error_no_memory(err, statement->arena.memory, sizeof *kept);
    if ((status = column_copy(kept, value, &statement->arena, err))) return status;
    if ((status = type_copy(&kept->type, &statement->arena, value->type, err))) return status;
    kept->encoding = COLUMN_CONSTANT;
    kept->length = 1;
    statement->parameters.values[number - 1] = kept;
    return BP_OK;
}

bp_status bp_statement_bind_arrow(bp_statement *statement, size_t number, struct ArrowSchema *schema, struct ArrowArray *array,
                                  bp_error *err)
{
    region *region = NULL;
    column value;
    bp_status status;

    if (!statement || !schema || !array)
        status = null_argument(err, !statement ? "statement" : schema ? "array" : "schema");
    else
        status = arrow_import_column(&value, &region, statement->connection->context->memory, schema, array, err);
    if (array && array->release) array->release(array); /* not moved */
    if (schema && schema->release) schema->release(schema);
    if (!status && value.length != 1)
        status = error_set(err, BP_BAD_ARGUMENT, "a parameter wants one value, not %zu", value.length);
    if (!status) status = bind_value(statement, number, &value, err);
    region_release(region);
    return status;
}

bp_status bp_statement_bind_null(bp_statement *statement, size_t number, bp_error *err)
{
    column value = column_nulls(type_of(TYPE_NULL), 1);

    return bind_value(statement, number, &value, err);
}

bp_status bp_statement_bind_bool(bp_statement *statement, size_t number, int flag, bp_error *err)
{
    uint64_t bit = flag != 0;

    return bind_value(statement, number, &(column){.type = type_of(TYPE_BOOLEAN), .length = 1, .values = &bit}, err);
}

bp_status bp_statement_bind_int64(bp_statement *statement, size_t number, int64_t given, bp_error *err)
{
    int32_t small = (int32_t)given;
    bool fits = small == given; /* as a literal of SQL: INTEGER if it fits */

    return bind_value(
        statement, number,
        &(column){.type = type_of(fits ? TYPE_INT32 : TYPE_INT64), .length = 1, .values = fits ? (const void *)&small : &given},
        err);
}

bp_status bp_statement_bind_double(bp_statement *statement, size_t number, double given, bp_error *err)
{
    return bind_value(statement, number, &(column){.type = type_of(TYPE_FLOAT64), .length = 1, .values = &given}, err);
}

static bp_status bind_bytes(bp_statement *statement, size_t number, type_id type, const void *bytes, size_t size, bp_error *err)
{
    string_ref ref;

    if (!bytes && size) return null_argument(err, "text");
    if (size > UINT32_MAX) return error_set(err, BP_LIMIT, "a text of %zu bytes; the limit is %u", size, UINT32_MAX);
    ref = string_ref_of(bytes, size);
    return bind_value(statement, number, &(column){.type = type_of(type), .length = 1, .values = &ref}, err);
}

bp_status bp_statement_bind_text(bp_statement *statement, size_t number, const char *text, size_t size, bp_error *err)
{
    bp_status status = bind_bytes(statement, number, TYPE_VARCHAR, text, size, err);

    if (status) return status;
    if ((status = column_validate(statement->parameters.values[number - 1], 1, err)))
        statement->parameters.values[number - 1] = NULL; /* nobody may run with a text that is no UTF-8 */
    return status;
}

bp_status bp_statement_bind_blob(bp_statement *statement, size_t number, const void *bytes, size_t size, bp_error *err)
{
    return bind_bytes(statement, number, TYPE_BLOB, bytes, size, err);
}

/* results ------------------------------------------------------------------------------------------------------------------------------------------ */
static bp_status all_bound(const bp_statement *statement, bp_error *err)
{
    for (size_t i = 0; i < statement->parameters.count; i++)
        if (!statement->parameters.values[i])
            return error_set(err, BP_BAD_ARGUMENT, "the parameter %.*s has no value",
                             STRING_ARGUMENTS(statement->parameters.names[i]));
    return BP_OK;
}

static bp_status execute(bp_result **out, bp_statement *statement, bp_error *err)
{
    bp_connection *connection = statement->connection;
    memory *memory = connection->context->memory;
    bp_result *result;
    plan *bound = statement->bound;
    bp_status status;

    if ((status = all_bound(statement, err))) return status;
    if (!(result = memory_new(memory, bp_result))) return error_no_memory(err, memory, sizeof *result);
    result->connection = connection;
    arena_init(&result->arena, memory);
    statement->bound = NULL;
    if (bound && statement->bound_version != connection->session.catalog.version) {
        plan_free(bound);
        bound = NULL;
    }
    status = session_execute(&result->outcome, &connection->session, statement->tree, &statement->parameters, bound, err);
    if (status)
        bp_result_free(result);
    else
        *out = result;
    return status;
}

bp_status bp_execute(bp_result **out, bp_statement *statement, bp_error *err)
{
    bp_status status;

    if (!out) return null_argument(err, "out");
    *out = NULL;
    if (!statement) return null_argument(err, "statement");
    if ((status = enter(statement->connection, err))) return status;
    status = execute(out, statement, err);
    leave(statement->connection);
    return status;
}

bp_status bp_query(bp_result **out, bp_connection *connection, const char *sql, size_t size, bp_error *err)
{
    bp_statement *statement = NULL;
    size_t consumed = 0;
    bp_status status;

    if (!out) return null_argument(err, "out");
    *out = NULL;
    if (!connection || !sql) return null_argument(err, connection ? "sql" : "connection");
    if ((status = enter(connection, err))) return status;
    status = prepare(&statement, connection, (string_view){sql, size}, &consumed, err);
    if (!status && !statement)
        status = error_set(err, BP_SYNTAX_ERROR, "there is no statement in the text");
    else if (!status && string_trim((string_view){sql + consumed, size - consumed}).size)
        status = error_set_at(err, BP_SYNTAX_ERROR, consumed,
                              "one statement is wanted, but more text follows; run them one by one with bp_prepare()");
    if (!status) status = execute(out, statement, err);
    if (status)
        bp_statement_free(statement);
    else
        (*out)->owned_statement = statement;
    leave(connection);
    return status;
}

bp_result_kind bp_result_get_kind(const bp_result *result)
{
    return result ? (bp_result_kind)result->outcome.kind : BP_RESULT_NOTHING;
}

int64_t bp_result_rows_changed(const bp_result *result)
{
    return result ? result->outcome.rows_changed : 0;
}

size_t bp_result_column_count(const bp_result *result)
{
    return result && result->outcome.plan ? result->outcome.plan->result.count : 0;
}

const char *bp_result_column_name(const bp_result *result, size_t index)
{
    return index < bp_result_column_count(result) ? result->outcome.plan->result.names[index].data : NULL;
}

const char *bp_result_column_type(const bp_result *result, size_t index)
{
    bp_result *own = (bp_result *)(uintptr_t)result; /* the text is made at the first call and kept */
    builder text;

    if (index >= bp_result_column_count(result)) return NULL;
    if (!own->type_names) own->type_names = arena_allocate_array(&own->arena, bp_result_column_count(result), sizeof(char *));
    if (!own->type_names) return NULL;
    if (own->type_names[index]) return own->type_names[index];
    builder_init(&text, own->connection->context->memory, LIMIT_SQL_SIZE);
    if (type_print(&text, own->outcome.plan->result.types[index]))
        own->type_names[index] = (char *)(uintptr_t)arena_copy(&own->arena, builder_view(&text)).data;
    builder_clear(&text);
    return own->type_names[index];
}

bp_status bp_result_schema(bp_result *result, struct ArrowSchema *out, bp_error *err)
{
    schema empty = {0};

    if (!result || !out) return null_argument(err, result ? "out" : "result");
    error_clear(err);
    return arrow_export_schema(out, result->connection->context->memory,
                               result->outcome.plan ? &result->outcome.plan->result : &empty, err);
}

static bp_status next_array(bp_result *result, struct ArrowArray *out, bp_error *err)
{
    batch batch;
    bp_status status;

    memset(out, 0, sizeof *out);
    if (result->outcome.kind != OUTCOME_ROWS) return BP_OK;
    if (result->is_stream) return session_next_array(&result->outcome, out, err);
    if ((status = session_next(&result->connection->session, &result->outcome, &batch, err)) || batch.row_count == 0) return status;
    return arrow_export_batch(out, result->connection->context->memory, &result->outcome.plan->result, &batch, err);
}

bp_status bp_result_next(bp_result *result, struct ArrowArray *out, bp_error *err)
{
    bp_status status;

    if (!result || !out) return null_argument(err, result ? "out" : "result");
    if ((status = enter(result->connection, err))) return status;
    status = next_array(result, out, err);
    leave(result->connection);
    return status;
}

void bp_result_free(bp_result *result)
{
    memory *memory;

    if (!result) return;
    memory = result->connection->context->memory;
    outcome_clear(&result->outcome);
    bp_statement_free(result->owned_statement);
    arena_clear(&result->arena);
    memory_delete(memory, result);
}

_Static_assert((int)BP_TOKEN_END == (int)PIECE_END && (int)BP_TOKEN_BAD == (int)PIECE_BAD,
               "the public kinds are the lexer's pieces");

/* printing ----------------------------------------------------------------------------------------------------------------------------------- */
/* The caller's function as a sink. */
typedef struct taker {
    bp_write_function take;
    void *data;
} taker;

static bp_status take_bytes(void *data, const char *bytes, size_t size, bp_error *err)
{
    const taker *taker = data;

    if (taker->take(taker->data, bytes, size)) return error_set(err, BP_IO_ERROR, "the output could not be written");
    return BP_OK;
}

static bp_status print_rows(bp_result *result, target *target, bp_error *err)
{
    batch batch;
    bp_status status;

    for (;;) {
        if ((status = session_next(&result->connection->session, &result->outcome, &batch, err))) return status;
        if (batch.row_count == 0) return target_finish(target, err);
        if ((status = target_write(target, &batch, err))) return status;
    }
}

static bp_status print_result(bp_result *result, const result_options *options, taker *taker, bp_error *err)
{
    target *target;
    bp_status status;

    if (result->outcome.kind != OUTCOME_ROWS) return BP_OK;
    if ((status = result_target_new(&target, result->connection->context, (byte_sink){take_bytes, taker},
                                    &result->outcome.plan->result, options, err)))
        return status;
    status = print_rows(result, target, err);
    target_free(target);
    return status;
}

const char *bp_print_format(size_t index)
{
    return result_format_name(index);
}

int bp_print_format_is_binary(const char *format)
{
    return format && result_format_is_binary(format);
}

bp_status bp_result_print(bp_result *result, const bp_print_options *options, bp_write_function take, void *data, bp_error *err)
{
    result_options own = {.format = "box"};
    taker taker = {take, data};
    bp_status status;

    if (!result || !take) return null_argument(err, result ? "take" : "result");
    if (options) {
        if (options->format) own.format = options->format;
        own.path = options->path;
        own.text = (text_options){.null_text = options->null_text,
                                  .most_rows = options->most_rows,
                                  .width = options->width,
                                  .no_header = options->no_header != 0,
                                  .dim_null = options->dim_null != 0,
                                  .show_count = options->show_count != 0};
    }
    if ((status = enter(result->connection, err))) return status;
    status = print_result(result, &own, &taker, err);
    leave(result->connection);
    return status;
}

/* streams -------------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct result_stream {
    bp_result *result;
    memory *memory;
    bp_error error;
} result_stream;

static int status_to_errno(bp_status status)
{
    switch (status) {
    case BP_OK: return 0;
    case BP_NO_MEMORY:
    case BP_OVER_BUDGET: return 12; /* ENOMEM */
    case BP_CANCELLED: return 125; /* ECANCELED */
    case BP_IO_ERROR: return 5; /* EIO */
    default: return 22; /* EINVAL */
    }
}

static int stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    result_stream *own = stream->private_data;

    return status_to_errno(bp_result_schema(own->result, out, &own->error));
}

static int stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    result_stream *own = stream->private_data;

    return status_to_errno(bp_result_next(own->result, out, &own->error));
}

static const char *stream_last_error(struct ArrowArrayStream *stream)
{
    const bp_error *error = &((result_stream *)stream->private_data)->error;

    return error->status ? error->message : NULL;
}

static void stream_release(struct ArrowArrayStream *stream)
{
    result_stream *own = stream->private_data;
    memory *memory = own->memory;

    bp_result_free(own->result);
    memory_delete(memory, own);
    memory_release(memory);
    stream->release = NULL;
}

bp_status bp_result_stream(bp_result **result, struct ArrowArrayStream *out, bp_error *err)
{
    result_stream *own;
    memory *memory;

    if (!result || !*result || !out) return null_argument(err, out ? "result" : "out");
    error_clear(err);
    memory = (*result)->connection->context->memory;
    if (!(own = memory_new(memory, result_stream))) return error_no_memory(err, memory, sizeof *own);
    own->result = *result;
    own->result->is_stream = true;
    own->memory = memory_retain(memory);
    *result = NULL;
    *out = (struct ArrowArrayStream){.get_schema = stream_get_schema,
                                     .get_next = stream_get_next,
                                     .get_last_error = stream_last_error,
                                     .release = stream_release,
                                     .private_data = own};
    return BP_OK;
}

/* editing ---------------------------------------------------------------------------------------------------------------------------------------------- */
bp_status bp_complete(bp_connection *connection, const char *sql, size_t size, size_t position, bp_completion_function found,
                      void *data, bp_error *err)
{
    bp_status status;

    if (!connection || !sql || !found) return null_argument(err, !connection ? "connection" : !sql ? "sql" : "found");
    if (position > size) return error_set(err, BP_BAD_ARGUMENT, "position %zu is past the text of %zu bytes", position, size);
    if ((status = enter(connection, err))) return status;
    status = sql_complete(&connection->session, (string_view){sql, size}, position, found, data, err);
    leave(connection);
    return status;
}

bp_token_kind bp_scan_token(const char *sql, size_t size, size_t position, size_t *end, int *open)
{
    size_t behind = size;
    bool unclosed = false;
    sql_piece piece = sql ? lexer_piece((string_view){sql, size}, position, &behind, &unclosed) : PIECE_END;

    if (end) *end = behind;
    if (open) *open = unclosed;
    return (bp_token_kind)piece;
}

int bp_statement_is_complete(const char *sql, size_t size)
{
    return sql ? sql_statement_is_complete((string_view){sql, size}) : 0;
}
