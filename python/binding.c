/* bedplate._bedplate: connections and results for Python, hand-written against CPython's limited API 3.11.
 *
 * Connection owns a context and a connection; Result owns a result and a reference to its Connection. Values are read from the result's Arrow batches. The GIL is
 * released while C works; every 20 ms the poll function takes it and looks for signals, so Ctrl-C ends any call. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "binding.h"

/* errors -------------------------------------------------------------------------------------------------------------------------------------- */
static PyObject *exception_for(binding_state *state, bp_status status)
{
    switch (status) {
    case BP_NO_MEMORY:
    case BP_OVER_BUDGET: return PyExc_MemoryError;
    case BP_BAD_ARGUMENT:
    case BP_BUSY: return state->errors[ERROR_INTERFACE];
    case BP_SYNTAX_ERROR:
    case BP_BIND_ERROR:
    case BP_NOT_FOUND:
    case BP_EXISTS: return state->errors[ERROR_PROGRAMMING];
    case BP_CONVERSION:
    case BP_OUT_OF_RANGE:
    case BP_BAD_FORMAT: return state->errors[ERROR_DATA];
    case BP_NOT_SUPPORTED: return state->errors[ERROR_NOT_SUPPORTED];
    case BP_CONSTRAINT: return state->errors[ERROR_INTEGRITY];
    case BP_INTERNAL: return state->errors[ERROR_INTERNAL_DEFECT];
    default: return state->errors[ERROR_OPERATIONAL];
    }
}

PyObject *binding_raise(binding_state *state, const bp_error *err)
{
    if (PyErr_Occurred()) return NULL; /* KeyboardInterrupt, raised by the poll function */
    PyErr_SetString(exception_for(state, err->status), err->message);
    return NULL;
}

/* connections ---------------------------------------------------------------------------------------------------------------------------------- */
static int poll_signals(void *data)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    int signalled = PyErr_CheckSignals();

    (void)data;
    PyGILState_Release(gil);
    return signalled;
}

static PyObject *connection_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    binding_state *state = PyType_GetModuleState(type);
    connection_object *self;
    bp_error err;

    if (!state || (keywords && PyDict_Size(keywords)) || !PyArg_ParseTuple(arguments, ":Connection")) return NULL;
    self = (connection_object *)PyType_GenericAlloc(type, 0);
    if (!self) return NULL;
    if (bp_context_new(&self->context, &err) || bp_connection_new(&self->connection, self->context, &err)) {
        binding_raise(state, &err);
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    bp_context_set_poll(self->context, poll_signals, NULL);
    return (PyObject *)self;
}

static void connection_end(connection_object *self)
{
    bp_connection_free(self->connection);
    bp_context_free(self->context);
    self->connection = NULL;
    self->context = NULL;
}

static void connection_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);

    connection_end((connection_object *)object);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF((PyObject *)type);
}

static bool is_open(const connection_object *self, binding_state *state)
{
    if (self->connection) return true;
    PyErr_SetString(state->errors[ERROR_PROGRAMMING], "the connection is closed");
    return false;
}

static PyObject *connection_close(PyObject *object, PyObject *unused)
{
    connection_object *self = (connection_object *)object;
    binding_state *state = PyType_GetModuleState(Py_TYPE(object));

    (void)unused;
    if (self->result_count) {
        PyErr_SetString(state->errors[ERROR_PROGRAMMING], "the connection has open results; close them first");
        return NULL;
    }
    connection_end(self);
    Py_RETURN_NONE;
}

static PyObject *connection_interrupt(PyObject *object, PyObject *unused)
{
    (void)unused;
    bp_context_cancel(((connection_object *)object)->context);
    Py_RETURN_NONE;
}

static PyObject *connection_set(PyObject *object, PyObject *arguments)
{
    connection_object *self = (connection_object *)object;
    binding_state *state = PyType_GetModuleState(Py_TYPE(object));
    const char *name, *value;
    bp_error err;

    if (!PyArg_ParseTuple(arguments, "ss:set", &name, &value) || !is_open(self, state)) return NULL;
    if (bp_context_set(self->context, name, value, &err)) return binding_raise(state, &err);
    Py_RETURN_NONE;
}

static PyObject *connection_memory(PyObject *object, PyObject *unused)
{
    (void)unused;
    return PyLong_FromSize_t(bp_context_memory_used(((connection_object *)object)->context));
}

/* parameters -------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status bind_text(bp_statement *statement, size_t number, PyObject *value, bp_error *err, bool *raised)
{
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(value, &size);

    *raised = !text;
    return text ? bp_statement_bind_text(statement, number, text, (size_t)size, err) : BP_OK;
}

/* Other values go as their text, which takes the type that its place wants. */
static bp_status bind_as_text(bp_statement *statement, size_t number, PyObject *value, bp_error *err, bool *raised)
{
    PyObject *text = PyObject_Str(value);
    bp_status status = BP_OK;

    *raised = !text;
    if (text) status = bind_text(statement, number, text, err, raised);
    Py_XDECREF(text);
    return status;
}

static bp_status bind_int(bp_statement *statement, size_t number, PyObject *value, bp_error *err, bool *raised)
{
    int overflow;
    long long integer = PyLong_AsLongLongAndOverflow(value, &overflow);

    if (overflow) return bind_as_text(statement, number, value, err, raised);
    return bp_statement_bind_int64(statement, number, integer, err);
}

static bp_status bind_bytes(bp_statement *statement, size_t number, PyObject *value, bp_error *err, bool *raised)
{
    Py_buffer view;
    bp_status status;

    *raised = PyObject_GetBuffer(value, &view, PyBUF_SIMPLE) != 0;
    if (*raised) return BP_OK;
    status = bp_statement_bind_blob(statement, number, view.buf, (size_t)view.len, err);
    PyBuffer_Release(&view);
    return status;
}

static bp_status bind_value(bp_statement *statement, size_t number, PyObject *value, bp_error *err, bool *raised)
{
    *raised = false;
    if (value == Py_None) return bp_statement_bind_null(statement, number, err);
    if (PyBool_Check(value)) return bp_statement_bind_bool(statement, number, value == Py_True, err);
    if (PyLong_Check(value)) return bind_int(statement, number, value, err, raised);
    if (PyFloat_Check(value)) return bp_statement_bind_double(statement, number, PyFloat_AsDouble(value), err);
    if (PyUnicode_Check(value)) return bind_text(statement, number, value, err, raised);
    if (PyObject_CheckBuffer(value)) return bind_bytes(statement, number, value, err, raised);
    return bind_as_text(statement, number, value, err, raised);
}

/* The value of parameter `number`: by its name from a mapping, else by its place; a new reference. */
static PyObject *parameter_of(binding_state *state, const bp_statement *statement, size_t number, PyObject *parameters)
{
    const char *name = bp_statement_parameter_name(statement, number);
    PyObject *value;

    if (PyDict_Check(parameters)) {
        value = PyDict_GetItemString(parameters, name);
        if (!value) PyErr_Format(state->errors[ERROR_PROGRAMMING], "no value is given for the parameter $%s", name);
        return Py_XNewRef(value);
    }
    return PySequence_GetItem(parameters, (Py_ssize_t)number - 1);
}

static bool bind_all(binding_state *state, bp_statement *statement, PyObject *parameters)
{
    size_t count = bp_statement_parameter_count(statement);

    if (!PyDict_Check(parameters)) {
        Py_ssize_t given = PySequence_Size(parameters);
        if (given < 0) return false;
        if ((size_t)given != count) {
            PyErr_Format(state->errors[ERROR_PROGRAMMING], "the statement has %zu parameters, but %zd values are given", count,
                         given);
            return false;
        }
    }
    for (size_t number = 1; number <= count; number++) {
        PyObject *value = parameter_of(state, statement, number, parameters);
        bool raised = false;
        bp_error err;
        bp_status status;
        if (!value) return false;
        status = bind_value(statement, number, value, &err, &raised);
        Py_DECREF(value);
        if (status) binding_raise(state, &err);
        if (status || raised) return false;
    }
    return true;
}

/* running ------------------------------------------------------------------------------------------------------------------------------------------ */
/* Execute a statement; results of all but the last are dropped. NULL: an error is set. */
static PyObject *run_statement(connection_object *self, binding_state *state, bp_statement *statement, PyObject *parameters)
{
    bp_result *result = NULL;
    bp_error err;
    bp_status status;

    if (parameters != Py_None && !bind_all(state, statement, parameters)) {
        bp_statement_free(statement);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS;
    status = bp_execute(&result, statement, &err);
    Py_END_ALLOW_THREADS;
    if (status) {
        bp_statement_free(statement);
        return binding_raise(state, &err);
    }
    return result_make(state, self, statement, result);
}

static PyObject *connection_run(PyObject *object, PyObject *arguments)
{
    connection_object *self = (connection_object *)object;
    binding_state *state = PyType_GetModuleState(Py_TYPE(object));
    PyObject *parameters = Py_None, *last = NULL;
    const char *sql;
    Py_ssize_t size;

    if (!PyArg_ParseTuple(arguments, "s#|O:run", &sql, &size, &parameters) || !is_open(self, state)) return NULL;
    for (size_t at = 0; at < (size_t)size;) {
        bp_statement *statement = NULL;
        size_t consumed = 0;
        bp_error err;
        bp_status status;
        Py_BEGIN_ALLOW_THREADS;
        status = bp_prepare(&statement, self->connection, sql + at, (size_t)size - at, &consumed, &err);
        Py_END_ALLOW_THREADS;
        if (status) {
            Py_XDECREF(last);
            return binding_raise(state, &err);
        }
        if (!statement) break;
        Py_XDECREF(last);
        if (!(last = run_statement(self, state, statement, parameters))) return NULL;
        at += consumed;
    }
    if (last) return last;
    Py_RETURN_NONE;
}

/* Arrow data under a name: anything with __arrow_c_stream__. */
static PyObject *connection_register(PyObject *object, PyObject *arguments)
{
    connection_object *self = (connection_object *)object;
    binding_state *state = PyType_GetModuleState(Py_TYPE(object));
    struct ArrowArrayStream *stream;
    PyObject *capsule;
    const char *name;
    bp_error err;
    bp_status status;

    if (!PyArg_ParseTuple(arguments, "sO:register", &name, &capsule) || !is_open(self, state)) return NULL;
    stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");
    if (!stream) return NULL;
    status = bp_register_arrow(self->connection, name, stream, &err);
    if (status) return binding_raise(state, &err);
    Py_RETURN_NONE;
}

static PyObject *connection_unregister(PyObject *object, PyObject *arguments)
{
    connection_object *self = (connection_object *)object;
    binding_state *state = PyType_GetModuleState(Py_TYPE(object));
    const char *name;
    bp_error err;

    if (!PyArg_ParseTuple(arguments, "s:unregister", &name) || !is_open(self, state)) return NULL;
    if (bp_unregister(self->connection, name, &err)) return binding_raise(state, &err);
    Py_RETURN_NONE;
}

static PyMethodDef connection_methods[] = {
    {"run", connection_run, METH_VARARGS,
     "run(sql, parameters=None) -> Result or None: run all statements; the last one's result."},
    {"register", connection_register, METH_VARARGS, "register(name, capsule): make an arrow_array_stream capsule's data a table."},
    {"unregister", connection_unregister, METH_VARARGS, "unregister(name)"},
    {"set", connection_set, METH_VARARGS, "set(name, value): change a setting, the value as text."},
    {"memory_used", connection_memory, METH_NOARGS, "Bytes in use."},
    {"interrupt", connection_interrupt, METH_NOARGS, "Stop the running call, from any thread."},
    {"close", connection_close, METH_NOARGS, "End the connection."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot connection_slots[] = {
    {Py_tp_new, connection_new},
    {Py_tp_dealloc, connection_dealloc},
    {Py_tp_methods, connection_methods},
    {Py_tp_doc, "A context and a connection in it."},
    {0, NULL},
};

static PyType_Spec connection_spec = {"bedplate.Connection", sizeof(connection_object), 0, Py_TPFLAGS_DEFAULT, connection_slots};

/* the module -------------------------------------------------------------------------------------------------------------------------------------------- */
static const char *const error_names[ERROR_KINDS][2] = {
    {"bedplate.Error", NULL},
    {"bedplate.InterfaceError", "Error"},
    {"bedplate.DatabaseError", "Error"},
    {"bedplate.DataError", "DatabaseError"},
    {"bedplate.OperationalError", "DatabaseError"},
    {"bedplate.IntegrityError", "DatabaseError"},
    {"bedplate.InternalError", "DatabaseError"},
    {"bedplate.ProgrammingError", "DatabaseError"},
    {"bedplate.NotSupportedError", "DatabaseError"},
};

static int module_exec(PyObject *module)
{
    binding_state *state = PyModule_GetState(module);

    for (size_t i = 0; i < ERROR_KINDS; i++) {
        const char *parent = error_names[i][1], *name = error_names[i][0] + sizeof "bedplate." - 1;
        PyObject *base = !parent ? PyExc_Exception : state->errors[parent[0] == 'E' ? ERROR_BASE : ERROR_DATABASE];
        state->errors[i] = PyErr_NewException(error_names[i][0], base, NULL);
        if (!state->errors[i] || PyModule_AddObjectRef(module, name, state->errors[i])) return -1;
    }
    state->connection_type = PyType_FromModuleAndSpec(module, &connection_spec, NULL);
    if (!state->connection_type || PyModule_AddObjectRef(module, "Connection", state->connection_type)) return -1;
    state->result_type = PyType_FromModuleAndSpec(module, &result_spec, NULL);
    if (!state->result_type || PyModule_AddObjectRef(module, "Result", state->result_type)) return -1;
    return PyModule_AddStringConstant(module, "version", bp_version());
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) /* the names that Py_VISIT needs */
{
    binding_state *state = PyModule_GetState(module);

    for (size_t i = 0; i < ERROR_KINDS; i++) {
        PyObject *error = state->errors[i];
        Py_VISIT(error);
    }
    for (size_t i = 0; i < CACHED_KINDS; i++) {
        PyObject *cached = state->cached[i];
        Py_VISIT(cached);
    }
    Py_VISIT(state->connection_type);
    Py_VISIT(state->result_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    binding_state *state = PyModule_GetState(module);

    for (size_t i = 0; i < ERROR_KINDS; i++) Py_CLEAR(state->errors[i]);
    for (size_t i = 0; i < CACHED_KINDS; i++) Py_CLEAR(state->cached[i]);
    Py_CLEAR(state->connection_type);
    Py_CLEAR(state->result_type);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, module_exec}, {0, NULL}};

static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, "_bedplate",  "The binding of Bedplate's C library.",
    sizeof(binding_state), NULL,         module_slots,
    module_traverse,       module_clear, NULL,
};

PyMODINIT_FUNC PyInit__bedplate(void)
{
    return PyModuleDef_Init(&module_definition);
}
