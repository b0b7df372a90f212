/* Results: rows as tuples, and the whole as an Arrow stream. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "binding.h"

typedef struct result_object {
    PyObject_HEAD connection_object *connection; /* a reference, while it is open */
    bp_statement *statement;
    bp_result *result; /* NULL: ended, closed or given away */
    struct ArrowSchema schema;
    struct ArrowArray batch; /* release NULL: none */
    int64_t row;             /* next row of the batch */
} result_object;

static void result_end(result_object *self)
{
    if (self->batch.release) self->batch.release(&self->batch);
    if (self->schema.release) self->schema.release(&self->schema);
    bp_result_free(self->result);
    bp_statement_free(self->statement);
    self->result = NULL;
    self->statement = NULL;
    if (self->connection) self->connection->result_count--;
    Py_CLEAR(self->connection);
}

static void result_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);

    result_end((result_object *)object);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF((PyObject *)type);
}

PyObject *result_make(binding_state *state, connection_object *connection, bp_statement *statement, bp_result *result)
{
    PyTypeObject *type = (PyTypeObject *)state->result_type;
    result_object *self = (result_object *)PyType_GenericAlloc(type, 0);
    bp_error err;

    if (!self) {
        bp_result_free(result);
        bp_statement_free(statement);
        return NULL;
    }
    self->connection = (connection_object *)Py_NewRef((PyObject *)connection);
    connection->result_count++;
    self->statement = statement;
    self->result = result;
    if (bp_result_schema(result, &self->schema, &err)) {
        binding_raise(state, &err);
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    return (PyObject *)self;
}

static bool is_open(const result_object *self, binding_state *state)
{
    if (self->result) return true;
    PyErr_SetString(state->errors[ERROR_INTERFACE], "the result is closed, or was given away as an Arrow stream");
    return false;
}

/* A row is there: 1; the end: 0; an exception: -1. */
static int have_row(result_object *self, binding_state *state)
{
    bp_error err;
    bp_status status;

    while (!self->batch.release || self->row >= self->batch.length) {
        if (self->batch.release) self->batch.release(&self->batch);
        self->batch.release = NULL;
        self->row = 0;
        Py_BEGIN_ALLOW_THREADS;
        status = bp_result_next(self->result, &self->batch, &err);
        Py_END_ALLOW_THREADS;
        if (status) {
            binding_raise(state, &err);
            return -1;
        }
        if (!self->batch.release) return 0;
    }
    return 1;
}

static PyObject *next_row(result_object *self, binding_state *state)
{
    int64_t count = self->batch.n_children;
    PyObject *row = PyTuple_New((Py_ssize_t)count);

    for (int64_t i = 0; row && i < count; i++) {
        PyObject *value = value_read(state, self->schema.children[i], self->batch.children[i], self->row,
                                     bp_result_column_type(self->result, (size_t)i));
        if (!value || PyTuple_SetItem(row, (Py_ssize_t)i, value)) Py_CLEAR(row);
    }
    self->row++;
    return row;
}

static PyObject *result_fetch(PyObject *object, PyObject *arguments)
{
    result_object *self = (result_object *)object;
    binding_state *state = PyType_GetModuleState(Py_TYPE(object));
    Py_ssize_t most = -1;
    PyObject *rows;

    if (!PyArg_ParseTuple(arguments, "|n:fetch", &most) || !is_open(self, state)) return NULL;
    rows = PyList_New(0);
    for (Py_ssize_t i = 0; rows && (most < 0 || i < most); i++) {
        int more = have_row(self, state);
        PyObject *row = more > 0 ? next_row(self, state) : NULL;
        if (!row && more == 0) break;
        if (!row || PyList_Append(rows, row)) Py_CLEAR(rows);
        Py_XDECREF(row);
    }
    return rows;
}

static PyObject *result_columns(PyObject *object, PyObject *unused)
{
    result_object *self = (result_object *)object;
    binding_state *state = PyType_GetModuleState(Py_TYPE(object));
    size_t count;
    PyObject *columns;

    (void)unused;
    if (!is_open(self, state)) return NULL;
    count = bp_result_column_count(self->result);
    columns = PyList_New(0);
    for (size_t i = 0; columns && i < count; i++) {
        PyObject *pair = Py_BuildValue("(ss)", bp_result_column_name(self->result, i), bp_result_column_type(self->result, i));
        if (!pair || PyList_Append(columns, pair)) Py_CLEAR(columns);
        Py_XDECREF(pair);
    }
    return columns;
}

/* -1: not known (a query); else the rows that an INSERT or CREATE TABLE wrote. */
static PyObject *result_rows_changed(PyObject *object, PyObject *unused)
{
    result_object *self = (result_object *)object;

    (void)unused;
    if (!self->result || bp_result_get_kind(self->result) != BP_RESULT_CHANGED) return PyLong_FromLong(-1);
    return PyLong_FromLongLong(bp_result_rows_changed(self->result));
}

static PyObject *result_close(PyObject *object, PyObject *unused)
{
    (void)unused;
    result_end((result_object *)object);
    Py_RETURN_NONE;
}

static int append_text(void *data, const char *bytes, size_t size)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *piece = PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)size, "replace");
    int failed = !piece || PyList_Append(data, piece);

    Py_XDECREF(piece);
    PyGILState_Release(gil);
    return failed;
}

/* text(format, most_rows): what is left, as the command prints it. */
static PyObject *result_text(PyObject *object, PyObject *arguments)
{
    result_object *self = (result_object *)object;
    binding_state *state = PyType_GetModuleState(Py_TYPE(object));
    bp_print_options options = {.format = "box"};
    PyObject *pieces, *empty, *text;
    Py_ssize_t most = 0;
    bp_error err;
    bp_status status;

    if (!PyArg_ParseTuple(arguments, "|sn:text", &options.format, &most) || !is_open(self, state)) return NULL;
    options.most_rows = most > 0 ? (size_t)most : 0;
    if (!(pieces = PyList_New(0))) return NULL;
    Py_BEGIN_ALLOW_THREADS;
    status = bp_result_print(self->result, &options, append_text, pieces, &err);
    Py_END_ALLOW_THREADS;
    if (status) {
        Py_DECREF(pieces);
        return binding_raise(state, &err);
    }
    empty = PyUnicode_FromString("");
    text = empty ? PyUnicode_Join(empty, pieces) : NULL;
    Py_XDECREF(empty);
    Py_DECREF(pieces);
    return text;
}

/* the stream ------------------------------------------------------------------------------------------------------------------------------------------ */
/* The library's stream, with what must live as long: the statement, and the Python connection. */
typedef struct held_stream {
    struct ArrowArrayStream inner;
    bp_statement *statement;
    connection_object *connection;
} held_stream;

static int held_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    held_stream *held = stream->private_data;

    return held->inner.get_schema(&held->inner, out);
}

static int held_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    held_stream *held = stream->private_data;

    return held->inner.get_next(&held->inner, out);
}

static const char *held_error(struct ArrowArrayStream *stream)
{
    held_stream *held = stream->private_data;

    return held->inner.get_last_error(&held->inner);
}

static void held_release(struct ArrowArrayStream *stream)
{
    held_stream *held = stream->private_data;
    PyGILState_STATE gil = PyGILState_Ensure();

    held->inner.release(&held->inner);
    bp_statement_free(held->statement);
    held->connection->result_count--;
    Py_DECREF((PyObject *)held->connection);
    PyGILState_Release(gil);
    free(held);
    stream->release = NULL;
}

static void capsule_end(PyObject *capsule)
{
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");

    if (stream && stream->release) stream->release(stream);
    free(stream);
}

static PyObject *result_arrow_stream(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"requested_schema", NULL};
    result_object *self = (result_object *)object;
    binding_state *state = PyType_GetModuleState(Py_TYPE(object));
    struct ArrowArrayStream *stream;
    held_stream *held;
    PyObject *requested = Py_None, *capsule;
    bp_error err;

    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O:__arrow_c_stream__", names, &requested) || !is_open(self, state))
        return NULL;
    stream = calloc(1, sizeof *stream);
    held = calloc(1, sizeof *held);
    capsule = stream && held ? PyCapsule_New(stream, "arrow_array_stream", capsule_end) : PyErr_NoMemory();
    if (!capsule || bp_result_stream(&self->result, &held->inner, &err)) {
        if (capsule) binding_raise(state, &err);
        if (!capsule) free(stream);
        Py_XDECREF(capsule);
        free(held);
        return NULL;
    }
    held->statement = self->statement;
    held->connection = self->connection;
    self->statement = NULL;
    self->connection = NULL;
    *stream = (struct ArrowArrayStream){held_schema, held_next, held_error, held_release, held};
    result_end(self);
    return capsule;
}

static PyMethodDef result_methods[] = {
    {"fetch", result_fetch, METH_VARARGS, "fetch(most=-1) -> list of tuples"},
    {"columns", result_columns, METH_NOARGS, "list of (name, SQL type)"},
    {"rows_changed", result_rows_changed, METH_NOARGS, "rows written by an INSERT or CREATE TABLE AS; -1: a query"},
    {"text", result_text, METH_VARARGS, "text(format='box', most_rows=0) -> str"},
    {"close", result_close, METH_NOARGS, "Let the result go."},
    {"__arrow_c_stream__", (PyCFunction)(void (*)(void))result_arrow_stream, METH_VARARGS | METH_KEYWORDS,
     "An arrow_array_stream capsule of the rows that are left."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot result_slots[] = {
    {Py_tp_dealloc, result_dealloc},
    {Py_tp_methods, result_methods},
    {Py_tp_doc, "What a statement gave: rows that are computed as they are fetched."},
    {0, NULL},
};

PyType_Spec result_spec = {"bedplate.Result", sizeof(result_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                           result_slots};
