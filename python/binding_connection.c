/* Connections: a context and a connection, parameters, and running statements.
 *
 * Threads share a connection by waiting for each other: the lock is taken before the library is called and given back after it.
 * Every 20 ms the poll function takes the GIL and looks for signals, so Ctrl-C ends any call. */
#include "binding.h"

/* waiting for the connection ---------------------------------------------------------------------------------------------------- */
static bool is_open(const connection_object *self)
{
    if (!self->closed) return true;
    PyErr_SetString(binding_state_of((PyObject *)(uintptr_t)self)->errors[ERROR_PROGRAMMING], "the connection is closed");
    return false;
}

static bool wait_for_lock(connection_object *self)
{
    PyLockStatus taken;

    do {
        Py_BEGIN_ALLOW_THREADS;
        taken = PyThread_acquire_lock_timed(self->lock, 50000, 0);
        Py_END_ALLOW_THREADS;
        if (taken != PY_LOCK_ACQUIRED && PyErr_CheckSignals()) return false;
    } while (taken != PY_LOCK_ACQUIRED);
    return true;
}

bool connection_lock(connection_object *self)
{
    unsigned long thread = PyThread_get_thread_ident();

    if (self->owner == thread) {
        PyErr_SetString(binding_state_of((PyObject *)self)->errors[ERROR_INTERFACE],
                        "the connection is in use by the very call that asks for it");
        return false;
    }
    if (!PyThread_acquire_lock(self->lock, NOWAIT_LOCK) && !wait_for_lock(self)) return false;
    self->owner = thread;
    return true;
}

bool connection_enter(connection_object *self)
{
    if (!connection_lock(self)) return false;
    if (is_open(self)) return true;
    connection_leave(self);
    return false;
}

void connection_leave(connection_object *self)
{
    self->owner = 0;
    PyThread_release_lock(self->lock);
}

/* what the library calls ---------------------------------------------------------------------------------------------------------- */
static int poll_signals(void *data)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    int signalled = PyErr_CheckSignals();

    (void)data;
    PyGILState_Release(gil);
    return signalled;
}

/* An unknown table: 1 when Python offers an object under that name. An exception stays set and ends the statement later. */
static int offer_variable(void *data, const char *name, struct ArrowArrayStream *out)
{
    connection_object *self = data;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *capsule = self->replacement && !PyErr_Occurred() ? PyObject_CallFunction(self->replacement, "s", name) : NULL;
    struct ArrowArrayStream *stream = NULL;

    if (capsule && capsule != Py_None && (stream = PyCapsule_GetPointer(capsule, "arrow_array_stream"))) {
        *out = *stream;
        stream->release = NULL; /* moved */
    }
    Py_XDECREF(capsule);
    PyGILState_Release(gil);
    return stream != NULL;
}

/* life -------------------------------------------------------------------------------------------------------------------------------- */
static PyObject *connection_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    binding_state *state = PyType_GetModuleState(type);
    connection_object *self;
    bp_error err;

    if (!state || (keywords && PyDict_Size(keywords)) || !PyArg_ParseTuple(arguments, ":Connection")) return NULL;
    self = (connection_object *)PyType_GenericAlloc(type, 0);
    if (!self) return NULL;
    if (!(self->lock = PyThread_allocate_lock())) {
        Py_DECREF((PyObject *)self);
        return PyErr_NoMemory();
    }
    if (bp_context_new(&self->context, &err) || bp_connection_new(&self->connection, self->context, &err)) {
        binding_raise(state, &err);
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    bp_context_set_poll(self->context, poll_signals, NULL);
    bp_connection_set_replacement(self->connection, offer_variable, self);
    return (PyObject *)self;
}

static void connection_end(connection_object *self)
{
    bp_connection_free(self->connection);
    bp_context_free(self->context);
    self->connection = NULL;
    self->context = NULL;
}

void connection_result_ended(connection_object *self)
{
    if (--self->result_count == 0 && self->closed) connection_end(self);
}

static int connection_traverse(PyObject *object, visitproc visit, void *arg)
{
    connection_object *self = (connection_object *)object;

    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->replacement);
    Py_VISIT(self->convert);
    return 0;
}

static int connection_clear(PyObject *object)
{
    connection_object *self = (connection_object *)object;

    Py_CLEAR(self->replacement);
    Py_CLEAR(self->convert);
    return 0;
}

static void connection_dealloc(PyObject *object)
{
    connection_object *self = (connection_object *)object;
    PyTypeObject *type = Py_TYPE(object);

    PyObject_GC_UnTrack(object);
    connection_clear(object);
    connection_end(self);
    if (self->lock) PyThread_free_lock(self->lock);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF((PyObject *)type);
}

static PyObject *connection_close(PyObject *object, PyObject *unused)
{
    connection_object *self = (connection_object *)object;

    (void)unused;
    if (self->closed) Py_RETURN_NONE;
    if (!connection_lock(self)) return NULL;
    self->closed = true;
    if (self->result_count == 0) connection_end(self);
    connection_leave(self);
    Py_RETURN_NONE;
}

static PyObject *connection_interrupt(PyObject *object, PyObject *unused)
{
    connection_object *self = (connection_object *)object;

    (void)unused;
    if (self->context) bp_context_cancel(self->context);
    Py_RETURN_NONE;
}

static PyObject *connection_set(PyObject *object, PyObject *arguments)
{
    connection_object *self = (connection_object *)object;
    const char *name, *value;
    bp_error err;
    bp_status status;

    if (!PyArg_ParseTuple(arguments, "ss:set", &name, &value) || !connection_enter(self)) return NULL;
    status = bp_context_set(self->context, name, value, &err);
    connection_leave(self);
    if (status) return binding_raise(binding_state_of(object), &err);
    Py_RETURN_NONE;
}

static PyObject *connection_setting(PyObject *object, PyObject *name_object)
{
    connection_object *self = (connection_object *)object;
    const char *name = PyUnicode_AsUTF8AndSize(name_object, NULL);
    char text[1024];
    bp_error err;
    bp_status status;

    if (!name || !connection_enter(self)) return NULL;
    status = bp_context_get(self->context, name, text, sizeof text, &err);
    connection_leave(self);
    return status ? binding_raise(binding_state_of(object), &err) : PyUnicode_FromString(text);
}

static PyObject *connection_memory(PyObject *object, PyObject *unused)
{
    connection_object *self = (connection_object *)object;

    (void)unused;
    return is_open(self) ? PyLong_FromSize_t(bp_context_memory_used(self->context)) : NULL;
}

static PyObject *connection_hooks(PyObject *object, PyObject *arguments)
{
    connection_object *self = (connection_object *)object;
    PyObject *replacement, *convert;

    if (!PyArg_ParseTuple(arguments, "OO:set_hooks", &replacement, &convert)) return NULL;
    connection_clear(object);
    self->replacement = Py_NewRef(replacement);
    self->convert = Py_NewRef(convert);
    Py_RETURN_NONE;
}

/* parameters ---------------------------------------------------------------------------------------------------------------------------- */
/* A value for one parameter. On failure either `err` tells why, or an exception is set. */
static bp_status bind_text(bp_statement *statement, size_t number, PyObject *value, bp_error *err)
{
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(value, &size);

    return text ? bp_statement_bind_text(statement, number, text, (size_t)size, err) : BP_BAD_ARGUMENT;
}

static bp_status bind_bytes(bp_statement *statement, size_t number, PyObject *value, bp_error *err)
{
    Py_buffer view;
    bp_status status;

    if (PyObject_GetBuffer(value, &view, PyBUF_SIMPLE)) return BP_BAD_ARGUMENT;
    status = bp_statement_bind_blob(statement, number, view.buf, (size_t)view.len, err);
    PyBuffer_Release(&view);
    return status;
}

/* Any other class: Python makes a column of it. */
static bp_status bind_converted(connection_object *self, bp_statement *statement, size_t number, PyObject *value, bp_error *err)
{
    PyObject *tree = self->convert ? PyObject_CallFunctionObjArgs(self->convert, value, NULL) : NULL;
    struct ArrowSchema schema;
    struct ArrowArray array;
    bp_status status = BP_BAD_ARGUMENT;

    if (tree && stream_column(&schema, &array, tree)) status = bp_statement_bind_arrow(statement, number, &schema, &array, err);
    Py_XDECREF(tree);
    return status;
}

static bp_status bind_int(connection_object *self, bp_statement *statement, size_t number, PyObject *value, bp_error *err)
{
    int overflow;
    long long integer = PyLong_AsLongLongAndOverflow(value, &overflow);

    if (overflow) return bind_converted(self, statement, number, value, err);
    return bp_statement_bind_int64(statement, number, integer, err);
}

static bp_status bind_value(connection_object *self, bp_statement *statement, size_t number, PyObject *value, bp_error *err)
{
    if (value == Py_None) return bp_statement_bind_null(statement, number, err);
    if (PyBool_Check(value)) return bp_statement_bind_bool(statement, number, value == Py_True, err);
    if (PyLong_CheckExact(value)) return bind_int(self, statement, number, value, err);
    if (PyFloat_CheckExact(value)) return bp_statement_bind_double(statement, number, PyFloat_AsDouble(value), err);
    if (PyUnicode_Check(value)) return bind_text(statement, number, value, err);
    if (PyBytes_Check(value)) return bind_bytes(statement, number, value, err);
    return bind_converted(self, statement, number, value, err);
}

/* The value of parameter `number`: by its name from a mapping, else by its place; a new reference. */
static PyObject *parameter_of(binding_state *state, const bp_statement *statement, size_t number, PyObject *parameters)
{
    const char *name = bp_statement_parameter_name(statement, number);
    PyObject *value;

    if (!PyDict_Check(parameters)) return PySequence_GetItem(parameters, (Py_ssize_t)number - 1);
    value = PyDict_GetItemString(parameters, name);
    if (!value) PyErr_Format(state->errors[ERROR_PROGRAMMING], "no value is given for the parameter $%s", name);
    return Py_XNewRef(value);
}

static bool check_count(binding_state *state, size_t count, PyObject *parameters)
{
    Py_ssize_t given = PyObject_Size(parameters);

    if (given < 0 || (size_t)given == count) return given >= 0;
    PyErr_Format(state->errors[ERROR_PROGRAMMING], "the statement has %zu parameter%s, but %zd value%s given", count,
                 count == 1 ? "" : "s", given, given == 1 ? " is" : "s are");
    return false;
}

static bool bind_all(connection_object *self, bp_statement *statement, PyObject *parameters)
{
    binding_state *state = binding_state_of((PyObject *)self);
    size_t count = bp_statement_parameter_count(statement);

    if (parameters == Py_None) return true;
    if (!check_count(state, count, parameters)) return false;
    for (size_t number = 1; number <= count; number++) {
        PyObject *value = parameter_of(state, statement, number, parameters);
        bp_error err;
        bp_status status = value ? bind_value(self, statement, number, value, &err) : BP_BAD_ARGUMENT;
        Py_XDECREF(value);
        if (!status) continue;
        binding_raise(state, &err);
        return false;
    }
    return true;
}

/* running -------------------------------------------------------------------------------------------------------------------------------- */
/* The statement at byte `at` of the text; NULL without an exception: only blanks and comments are left. */
static bp_statement *prepare(connection_object *self, const char *sql, size_t size, size_t at, size_t *consumed)
{
    bp_statement *statement = NULL;
    bp_error err;
    bp_status status;

    Py_BEGIN_ALLOW_THREADS;
    status = bp_prepare(&statement, self->connection, sql + at, size - at, consumed, &err);
    Py_END_ALLOW_THREADS;
    if (status && err.position >= 0) err.position += (int64_t)at;
    if (status) binding_raise_sql(binding_state_of((PyObject *)self), &err, sql, size);
    if (!status && PyErr_Occurred()) { /* from the replacement or the poll */
        bp_statement_free(statement);
        return NULL;
    }
    return statement;
}

static bp_result *execute(connection_object *self, bp_statement *statement)
{
    bp_result *result = NULL;
    bp_error err;
    bp_status status;

    Py_BEGIN_ALLOW_THREADS;
    status = bp_execute(&result, statement, &err);
    Py_END_ALLOW_THREADS;
    if (status) binding_raise(binding_state_of((PyObject *)self), &err);
    if (!status && PyErr_Occurred()) {
        bp_result_free(result);
        return NULL;
    }
    return result;
}

static bool is_blank(const char *sql, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!strchr(" \t\r\n\f\v;", sql[i]) || !sql[i]) return false;
    return true;
}

/* All statements; parameters go to the last. The last one's Result, or None when there was none; NULL: an exception. */
static PyObject *run_all(connection_object *self, const char *sql, size_t size, PyObject *parameters)
{
    PyObject *last = Py_NewRef(Py_None);

    for (size_t at = 0, consumed; last && at < size; at += consumed) {
        bp_statement *statement = prepare(self, sql, size, at, &consumed);
        bp_result *result = NULL;
        bool is_last;
        if (!statement && !PyErr_Occurred()) return last;
        Py_CLEAR(last);
        if (!statement) return NULL;
        is_last = is_blank(sql + at + consumed, size - at - consumed);
        if (!is_last || bind_all(self, statement, parameters)) result = execute(self, statement);
        if (result)
            last = result_make(binding_state_of((PyObject *)self), self, statement, result);
        else
            bp_statement_free(statement);
    }
    return last;
}

static PyObject *connection_run(PyObject *object, PyObject *arguments)
{
    connection_object *self = (connection_object *)object;
    PyObject *parameters = Py_None, *result;
    const char *sql;
    Py_ssize_t size;

    if (!PyArg_ParseTuple(arguments, "s#|O:run", &sql, &size, &parameters) || !connection_enter(self)) return NULL;
    result = run_all(self, sql, (size_t)size, parameters);
    connection_leave(self);
    return result;
}

/* One statement for each set of parameters; the rows changed by all. -1: an exception. */
static long long run_each(connection_object *self, bp_statement *statement, PyObject *iterator)
{
    long long changed = 0;
    PyObject *parameters;

    while ((parameters = PyIter_Next(iterator))) {
        bp_result *result = bind_all(self, statement, parameters) ? execute(self, statement) : NULL;
        Py_DECREF(parameters);
        if (!result) return -1;
        changed += bp_result_get_kind(result) == BP_RESULT_CHANGED ? bp_result_rows_changed(result) : 0;
        bp_result_free(result);
    }
    return PyErr_Occurred() ? -1 : changed;
}

static PyObject *connection_run_many(PyObject *object, PyObject *arguments)
{
    connection_object *self = (connection_object *)object;
    PyObject *sets, *iterator;
    bp_statement *statement;
    const char *sql;
    Py_ssize_t size;
    size_t consumed = 0;
    long long changed = -1;

    if (!PyArg_ParseTuple(arguments, "s#O:run_many", &sql, &size, &sets) || !(iterator = PyObject_GetIter(sets))) return NULL;
    if (!connection_enter(self)) {
        Py_DECREF(iterator);
        return NULL;
    }
    statement = prepare(self, sql, (size_t)size, 0, &consumed);
    if (statement && is_blank(sql + consumed, (size_t)size - consumed))
        changed = run_each(self, statement, iterator);
    else if (!PyErr_Occurred())
        PyErr_SetString(binding_state_of(object)->errors[ERROR_PROGRAMMING], "executemany() wants exactly one statement");
    bp_statement_free(statement);
    connection_leave(self);
    Py_DECREF(iterator);
    return changed < 0 ? NULL : PyLong_FromLongLong(changed);
}

/* data of Python ----------------------------------------------------------------------------------------------------------------------------- */
static PyObject *connection_register(PyObject *object, PyObject *arguments)
{
    connection_object *self = (connection_object *)object;
    struct ArrowArrayStream *stream;
    PyObject *capsule;
    const char *name;
    bp_error err;
    bp_status status;

    if (!PyArg_ParseTuple(arguments, "sO:register", &name, &capsule)) return NULL;
    stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");
    if (!stream || !connection_enter(self)) return NULL;
    Py_BEGIN_ALLOW_THREADS;
    status = bp_register_arrow(self->connection, name, stream, &err);
    Py_END_ALLOW_THREADS;
    connection_leave(self);
    if (status) return binding_raise(binding_state_of(object), &err);
    Py_RETURN_NONE;
}

static PyObject *connection_unregister(PyObject *object, PyObject *arguments)
{
    connection_object *self = (connection_object *)object;
    const char *name;
    bp_error err;
    bp_status status;

    if (!PyArg_ParseTuple(arguments, "s:unregister", &name) || !connection_enter(self)) return NULL;
    status = bp_unregister(self->connection, name, &err);
    connection_leave(self);
    if (status) return binding_raise(binding_state_of(object), &err);
    Py_RETURN_NONE;
}

static PyMethodDef connection_methods[] = {
    {"run", connection_run, METH_VARARGS, "run(sql, parameters=None) -> Result or None: all statements; the last one's result."},
    {"run_many", connection_run_many, METH_VARARGS, "run_many(sql, sets of parameters) -> rows changed"},
    {"register", connection_register, METH_VARARGS, "register(name, capsule): an arrow_array_stream capsule's data as a table."},
    {"unregister", connection_unregister, METH_VARARGS, "unregister(name)"},
    {"set", connection_set, METH_VARARGS, "set(name, value): change a setting, the value as text."},
    {"setting", connection_setting, METH_O, "setting(name) -> its value as text"},
    {"set_hooks", connection_hooks, METH_VARARGS,
     "set_hooks(replacement, convert): replacement(name) -> capsule or None; convert(value) -> column tree"},
    {"memory_used", connection_memory, METH_NOARGS, "Bytes in use."},
    {"interrupt", connection_interrupt, METH_NOARGS, "Stop the running call, from any thread."},
    {"close", connection_close, METH_NOARGS, "End the connection."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot connection_slots[] = {
    {Py_tp_new, (void *)connection_new},
    {Py_tp_dealloc, (void *)connection_dealloc},
    {Py_tp_traverse, (void *)connection_traverse},
    {Py_tp_clear, (void *)connection_clear},
    {Py_tp_methods, connection_methods},
    {Py_tp_doc, (void *)(uintptr_t)"A context and a connection in it."},
    {0, NULL},
};

PyType_Spec connection_spec = {"bedplate._bedplate.Connection", sizeof(connection_object), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, connection_slots};
