/* Results: rows as tuples, the whole as an Arrow stream, as a Table, or as text. */
#include "binding.h"

typedef struct result_object {
    PyObject_HEAD connection_object *connection; /* a reference, while it is open */
    bp_statement *statement;
    bp_result *result; /* NULL: ended, closed or given away */
    PyObject *types;   /* list of (name, SQL type) */
    int64_t changed;   /* rows written; -1: a query or a statement that writes none */
    struct ArrowSchema schema;
    struct ArrowArray batch; /* release NULL: none */
    int64_t row;             /* next row of the batch */
} result_object;

static void release_batch(result_object *self)
{
    if (self->batch.release) self->batch.release(&self->batch);
    self->batch.release = NULL;
    self->row = 0;
}

/* Everything but types and changed. */
static void result_end(result_object *self)
{
    release_batch(self);
    if (self->schema.release) self->schema.release(&self->schema);
    bp_result_free(self->result);
    bp_statement_free(self->statement);
    self->result = NULL;
    self->statement = NULL;
    if (self->connection) connection_result_ended(self->connection);
    Py_CLEAR(self->connection);
}

static void result_dealloc(PyObject *object)
{
    result_object *self = (result_object *)object;
    PyTypeObject *type = Py_TYPE(object);

    result_end(self);
    Py_CLEAR(self->types);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF((PyObject *)type);
}

static PyObject *read_types(const bp_result *result)
{
    size_t count = bp_result_column_count(result);
    PyObject *types = PyList_New(0);

    for (size_t i = 0; types && i < count; i++) {
        PyObject *pair = Py_BuildValue("(ss)", bp_result_column_name(result, i), bp_result_column_type(result, i));
        if (!pair || PyList_Append(types, pair)) Py_CLEAR(types);
        Py_XDECREF(pair);
    }
    return types;
}

PyObject *result_make(binding_state *state, connection_object *connection, bp_statement *statement, bp_result *result)
{
    result_object *self = (result_object *)PyType_GenericAlloc((PyTypeObject *)state->result_type, 0);
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
    self->changed = bp_result_get_kind(result) == BP_RESULT_CHANGED ? bp_result_rows_changed(result) : -1;
    self->types = read_types(result);
    if (self->types && bp_result_get_kind(result) != BP_RESULT_ROWS)
        result_end(self);
    else if (self->types && bp_result_schema(result, &self->schema, &err))
        binding_raise(state, &err);
    if (!PyErr_Occurred()) return (PyObject *)self;
    Py_DECREF((PyObject *)self);
    return NULL;
}

static bool result_enter(result_object *self)
{
    if (self->result) return connection_lock(self->connection);
    PyErr_SetString(binding_state_of((PyObject *)self)->errors[ERROR_INTERFACE],
                    "the result was read to its end, closed, or given away as an Arrow stream");
    return false;
}

static void result_leave(result_object *self)
{
    connection_leave(self->connection);
}

static bool next_batch(result_object *self, struct ArrowArray *batch)
{
    bp_error err;
    bp_status status;

    Py_BEGIN_ALLOW_THREADS;
    status = bp_result_next(self->result, batch, &err);
    Py_END_ALLOW_THREADS;
    if (status) binding_raise(binding_state_of((PyObject *)self), &err);
    if (!status && PyErr_Occurred() && batch->release) batch->release(batch);
    return !PyErr_Occurred();
}

/* A row is there: 1; the end: 0; an exception: -1. */
static int have_row(result_object *self)
{
    while (!self->batch.release || self->row >= self->batch.length) {
        release_batch(self);
        if (!next_batch(self, &self->batch)) return -1;
        if (!self->batch.release) return 0;
    }
    return 1;
}

static PyObject *fetch_rows(result_object *self, Py_ssize_t most)
{
    binding_state *state = binding_state_of((PyObject *)self);
    PyObject *rows = PyList_New(0);

    for (Py_ssize_t i = 0; rows && (most < 0 || i < most); i++) {
        int more = have_row(self);
        PyObject *row = more > 0 ? value_row(state, &self->schema, &self->batch, self->row++, self->types) : NULL;
        if (!row && more == 0) break;
        if (!row || PyList_Append(rows, row)) Py_CLEAR(rows);
        Py_XDECREF(row);
    }
    return rows;
}

/* The end is not an exception here: a statement without rows and a result read to its end give []. */
static PyObject *result_fetch(PyObject *object, PyObject *arguments)
{
    result_object *self = (result_object *)object;
    connection_object *connection;
    Py_ssize_t most = -1;
    PyObject *rows;

    if (!PyArg_ParseTuple(arguments, "|n:fetch", &most)) return NULL;
    if (!self->result) return PyList_New(0);
    if (!result_enter(self)) return NULL;
    connection = (connection_object *)Py_NewRef((PyObject *)self->connection);
    rows = fetch_rows(self, most);
    if (!rows || most < 0 || PyList_Size(rows) < most) result_end(self);
    connection_leave(connection);
    Py_DECREF((PyObject *)connection);
    return rows;
}

/* collecting ------------------------------------------------------------------------------------------------------------------- */
typedef struct batch_list {
    struct ArrowArray *arrays;
    size_t count, capacity;
} batch_list;

static bool list_reserve(batch_list *list)
{
    size_t capacity = list->capacity ? list->capacity * 2 : 4;
    struct ArrowArray *grown;

    if (list->count < list->capacity) return true;
    if (!(grown = PyMem_Realloc(list->arrays, capacity * sizeof *grown))) {
        PyErr_NoMemory();
        return false;
    }
    list->arrays = grown;
    list->capacity = capacity;
    return true;
}

static bool collect_batches(result_object *self, batch_list *list)
{
    if (self->row && self->row < self->batch.length) {
        PyErr_SetString(binding_state_of((PyObject *)self)->errors[ERROR_INTERFACE],
                        "rows of the result were fetched already; fetch the rest as rows, or run the query again");
        return false;
    }
    for (;;) {
        struct ArrowArray batch = self->batch;
        if (!list_reserve(list)) return false;
        self->batch.release = NULL; /* moved, when there was one */
        if (!batch.release && !next_batch(self, &batch)) return false;
        if (!batch.release) return true;
        list->arrays[list->count++] = batch;
    }
}

static PyObject *result_collect(PyObject *object, PyObject *unused)
{
    result_object *self = (result_object *)object;
    connection_object *connection;
    batch_list list = {0};
    PyObject *table = NULL;

    (void)unused;
    if (!result_enter(self)) return NULL;
    connection = (connection_object *)Py_NewRef((PyObject *)self->connection);
    if (collect_batches(self, &list)) {
        table = table_make(binding_state_of(object), &self->schema, list.arrays, list.count, self->types);
    } else {
        for (size_t i = 0; i < list.count; i++) list.arrays[i].release(&list.arrays[i]);
        PyMem_Free(list.arrays);
    }
    result_end(self);
    connection_leave(connection);
    Py_DECREF((PyObject *)connection);
    return table;
}

/* facts --------------------------------------------------------------------------------------------------------------------------- */
static PyObject *result_columns(PyObject *object, PyObject *unused)
{
    (void)unused;
    return Py_NewRef(((result_object *)object)->types);
}

static PyObject *result_rows_changed(PyObject *object, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLongLong(((result_object *)object)->changed);
}

static PyObject *result_close(PyObject *object, PyObject *unused)
{
    result_object *self = (result_object *)object;
    connection_object *connection = self->connection;

    (void)unused;
    if (!self->result) Py_RETURN_NONE;
    if (!result_enter(self)) return NULL;
    Py_INCREF((PyObject *)connection);
    result_end(self);
    connection_leave(connection);
    Py_DECREF((PyObject *)connection);
    Py_RETURN_NONE;
}

/* text ------------------------------------------------------------------------------------------------------------------------------- */
static int append_text(void *data, const char *bytes, size_t size)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *piece = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)size);
    int failed = !piece || PyList_Append(data, piece);

    Py_XDECREF(piece);
    PyGILState_Release(gil);
    return failed;
}

static PyObject *join_pieces(PyObject *pieces, bool binary)
{
    PyObject *empty = PyBytes_FromString(""), *joined = empty ? PyObject_CallMethod(empty, "join", "O", pieces) : NULL, *text;

    Py_XDECREF(empty);
    if (!joined || binary) return joined;
    text = PyUnicode_FromEncodedObject(joined, "utf-8", "replace");
    Py_DECREF(joined);
    return text;
}

/* text(format, most_rows, width): what is left, as the command prints it; bytes for arrow and parquet. */
static PyObject *result_text(PyObject *object, PyObject *arguments)
{
    result_object *self = (result_object *)object;
    bp_print_options options = {.format = "box"};
    PyObject *pieces, *text;
    Py_ssize_t most = 0, width = 0;
    bp_error err;
    bp_status status;

    if (!PyArg_ParseTuple(arguments, "|snn:text", &options.format, &most, &width)) return NULL;
    options.most_rows = most > 0 ? (size_t)most : 0;
    options.width = width > 0 ? (size_t)width : 0;
    if (!(pieces = PyList_New(0))) return NULL;
    if (!result_enter(self)) {
        Py_DECREF(pieces);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS;
    status = bp_result_print(self->result, &options, append_text, pieces, &err);
    Py_END_ALLOW_THREADS;
    result_leave(self);
    if (status) binding_raise(binding_state_of(object), &err);
    text = PyErr_Occurred() ? NULL : join_pieces(pieces, bp_print_format_is_binary(options.format));
    Py_DECREF(pieces);
    return text;
}

/* the stream -------------------------------------------------------------------------------------------------------------------------- */
/* The library's stream, with what must live as long: the statement, and the Python connection. Whoever reads it may hold the GIL or
 * not; waiting for the connection takes it. */
typedef struct held_stream {
    struct ArrowArrayStream inner;
    bp_statement *statement;
    connection_object *connection;
    binding_state *state;
} held_stream;

static int held_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    held_stream *held = stream->private_data;

    return held->inner.get_schema(&held->inner, out);
}

/* Readers tell a failure as one of their own, and stumble over an exception that is set already (from the poll): it waits in the module. */
static void keep_interruption(binding_state *state)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *type, *value, *traceback, *old;

    if (PyErr_Occurred()) {
        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        old = state->interruption;
        state->interruption = value;
        Py_XDECREF(old);
        Py_XDECREF(type);
        Py_XDECREF(traceback);
    }
    PyGILState_Release(gil);
}

static int held_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    held_stream *held = stream->private_data;
    int failed = held->inner.get_next(&held->inner, out);

    if (failed) keep_interruption(held->state);
    return failed;
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
    connection_result_ended(held->connection);
    Py_DECREF((PyObject *)held->connection);
    PyMem_Free(held);
    PyGILState_Release(gil);
    stream->release = NULL;
}

static bool hold_stream(result_object *self, struct ArrowArrayStream *out)
{
    held_stream *held = PyMem_Calloc(1, sizeof *held);
    bp_error err;

    if (!held || bp_result_stream(&self->result, &held->inner, &err)) {
        if (held)
            binding_raise(binding_state_of((PyObject *)self), &err);
        else
            PyErr_NoMemory();
        PyMem_Free(held);
        return false;
    }
    held->state = binding_state_of((PyObject *)self);
    held->statement = self->statement;
    held->connection = self->connection;
    self->statement = NULL;
    self->connection = NULL;
    result_end(self);
    *out = (struct ArrowArrayStream){held_schema, held_next, held_error, held_release, held};
    return true;
}

static PyObject *result_arrow_stream(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {(char *)(uintptr_t)"requested_schema", NULL};
    result_object *self = (result_object *)object;
    PyObject *requested = Py_None;
    struct ArrowArrayStream stream;

    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O:__arrow_c_stream__", names, &requested)) return NULL;
    if (!self->result || self->batch.release) {
        PyErr_SetString(binding_state_of(object)->errors[ERROR_INTERFACE],
                        "the result has no stream to give: it was read, closed or given away before");
        return NULL;
    }
    return hold_stream(self, &stream) ? stream_capsule(&stream) : NULL;
}

static PyMethodDef result_methods[] = {
    {"fetch", result_fetch, METH_VARARGS, "fetch(most=-1) -> list of tuples"},
    {"collect", result_collect, METH_NOARGS, "collect() -> Table of all rows"},
    {"columns", result_columns, METH_NOARGS, "list of (name, SQL type)"},
    {"rows_changed", result_rows_changed, METH_NOARGS, "rows written by an INSERT or CREATE TABLE AS; -1: none of these"},
    {"text", result_text, METH_VARARGS, "text(format='box', most_rows=0, width=0) -> str, or bytes for arrow and parquet"},
    {"close", result_close, METH_NOARGS, "Let the result go."},
    {"__arrow_c_stream__", (PyCFunction)(void (*)(void))result_arrow_stream, METH_VARARGS | METH_KEYWORDS,
     "An arrow_array_stream capsule of the rows; the result is given away."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot result_slots[] = {
    {Py_tp_dealloc, (void *)result_dealloc},
    {Py_tp_methods, result_methods},
    {Py_tp_doc, (void *)(uintptr_t)"What a statement gave: rows that are computed as they are fetched."},
    {0, NULL},
};

PyType_Spec result_spec = {"bedplate._bedplate.Result", sizeof(result_object), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, result_slots};
