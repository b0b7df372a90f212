/* What the files of the binding share. */
#ifndef PYTHON_BINDING_H
#define PYTHON_BINDING_H

#include <Python.h>

#include <stdbool.h>

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
    PyObject *connection_type, *result_type;
} binding_state;

typedef struct connection_object {
    PyObject_HEAD bp_context *context;
    bp_connection *connection; /* NULL: closed */
    Py_ssize_t result_count;   /* open results, which need the connection */
} connection_object;

/* Set the exception for an error; returns NULL. */
PyObject *binding_raise(binding_state *state, const bp_error *err);

extern PyType_Spec result_spec;
/* Statement and result are moved in, also on failure. */
PyObject *result_make(binding_state *state, connection_object *connection, bp_statement *statement, bp_result *result);

/* Row `row` of an Arrow array as a Python object; `sql_type` is the column's, for HUGEINT. */
PyObject *value_read(binding_state *state, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row,
                     const char *sql_type);

#endif
