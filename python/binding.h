/* What the files of the binding share.
 *
 * The extension module bedplate._bedplate is hand-written C against CPython's limited API 3.11, so one file serves every later
 * interpreter. Objects:
 *
 *   Connection --run--> Result --collect--> Table        rows as tuples from both; both give an Arrow stream capsule
 *   make_stream(column tree) -> capsule                 Python buffers into Arrow, without copies
 *
 * The GIL is released while C works. Results and streams hold a reference to their Connection. */
#ifndef PYTHON_BINDING_H
#define PYTHON_BINDING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <string.h>

#include "bedplate/bedplate.h"

enum {
    ERROR_BASE,
    ERROR_INTERFACE,
    ERROR_DATABASE,
    ERROR_DATA,
    ERROR_OPERATIONAL,
    ERROR_INTEGRITY,
    ERROR_INTERNAL_DEFECT,
    ERROR_PROGRAMMING,
    ERROR_NOT_SUPPORTED,
    ERROR_KINDS
};

/* Constructors of other modules, fetched at the first value of that type. */
enum {
    CACHED_DATE_FROM_ORDINAL,
    CACHED_DATETIME,
    CACHED_TIMEDELTA,
    CACHED_TIME,
    CACHED_DECIMAL,
    CACHED_UUID,
    CACHED_ZONE,
    CACHED_UTC,
    CACHED_KINDS
};

typedef struct binding_state {
    PyObject *errors[ERROR_KINDS];
    PyObject *cached[CACHED_KINDS];
    PyObject *connection_type, *result_type, *table_type, *buffer_type;
    PyObject *interruption; /* what a signal raised while another library read a stream, till raise_interruption(); NULL: nothing */
} binding_state;

typedef struct connection_object {
    PyObject_HEAD bp_context *context;
    bp_connection *connection;
    bool closed;               /* by the user; the connection itself ends with its last result */
    PyThread_type_lock lock;   /* held by the thread that is inside a call of the library */
    unsigned long owner;       /* that thread; 0: none */
    PyObject *replacement;     /* called with an unknown table's name; gives a capsule or None. NULL: not set */
    PyObject *convert;         /* turns a parameter of a class that C does not know into a column tree. NULL: not set */
    Py_ssize_t result_count;   /* open results, which need the connection */
} connection_object;

/* The module's state, from one of its objects or types. */
binding_state *binding_state_of(PyObject *object);
/* Set the exception for an error; returns NULL. An exception that is already set (KeyboardInterrupt from the poll) stays. */
PyObject *binding_raise(binding_state *state, const bp_error *err);
/* The same for SQL: the message is followed by the line where the trouble begins, and a caret under it. */
PyObject *binding_raise_sql(binding_state *state, const bp_error *err, const char *sql, size_t size);

extern PyType_Spec connection_spec, result_spec, table_spec, buffer_spec;

/* Wait for the connection, with the GIL released; false: an exception is set (closed, used by this thread already, Ctrl-C). Its
 * open results need only connection_lock(), which a closed connection grants. */
bool connection_enter(connection_object *self);
bool connection_lock(connection_object *self);
void connection_leave(connection_object *self);
/* A result of this connection ended; the caller keeps its reference to the object for the call. */
void connection_result_ended(connection_object *self);

/* Statement and result are moved in, also on failure. */
PyObject *result_make(binding_state *state, connection_object *connection, bp_statement *statement, bp_result *result);

/* Moved in: schema (a struct), and `count` arrays in memory of PyMem_Malloc. `types` is a list of (name, SQL type). */
PyObject *table_make(binding_state *state, struct ArrowSchema *schema, struct ArrowArray *arrays, size_t count, PyObject *types);

/* Row `row` of an Arrow array as a Python object; `sql_type` is the column's, for HUGEINT. */
PyObject *value_read(binding_state *state, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row,
                     const char *sql_type);
/* Row `row` of a struct array as a tuple. */
PyObject *value_row(binding_state *state, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row,
                    PyObject *types);

/* A capsule "arrow_array_stream" that owns `stream` (moved in; released also on failure). */
PyObject *stream_capsule(const struct ArrowArrayStream *stream);
/* A stream of `count` arrays that live as long as `owner`, whose trees of structs are copied as they are given out. */
PyObject *stream_of_arrays(PyObject *owner, const struct ArrowSchema *schema, const struct ArrowArray *arrays, size_t count);
/* make_stream(tree): one batch, a struct of columns; a tree is (name, format, metadata, length, null_count, [buffer or None …], [child tree …]). */
PyObject *stream_make(PyObject *module, PyObject *tree);
/* The schema and array of one column tree; false: an exception is set. */
bool stream_column(struct ArrowSchema *schema, struct ArrowArray *array, PyObject *tree);

/* types_of(list) -> set of the items' types; pack(list, format) -> (null_count, [validity, buffers …]). */
PyObject *pack_types(PyObject *module, PyObject *list);
PyObject *pack_list(PyObject *module, PyObject *arguments);

#endif
