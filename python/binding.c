/* The module bedplate._bedplate: exceptions, types, functions. */
#include "binding.h"

/* errors ------------------------------------------------------------------------------------------------------------------- */
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
    if (!PyErr_Occurred()) PyErr_SetString(exception_for(state, err->status), err->message);
    return NULL;
}

enum { MOST_EXCERPT = 160 };

/* "LINE 2: FROM nope" and a caret below; an empty text when the place is not in the text. A new reference. */
static PyObject *excerpt(int64_t position, const char *sql, size_t size)
{
    size_t at = position < 0 || (size_t)position > size ? size : (size_t)position, begin = at, end = at, line = 1, indent;
    PyObject *before, *after, *text = NULL, *pad, *space, *blank;

    for (size_t i = 0; i < at; i++) line += sql[i] == '\n';
    while (begin > 0 && sql[begin - 1] != '\n' && at - begin < MOST_EXCERPT / 2) begin--;
    while (begin < at && ((unsigned char)sql[begin] & 0xC0) == 0x80) begin++;
    while (end < size && sql[end] != '\n' && sql[end] != '\r' && end - begin < MOST_EXCERPT) end++;
    before = PyUnicode_DecodeUTF8(sql + begin, (Py_ssize_t)(at - begin), "replace");
    after = PyUnicode_DecodeUTF8(sql + at, (Py_ssize_t)(end - at), "ignore");
    indent = before ? (size_t)PyUnicode_GetLength(before) : 0;
    pad = PyUnicode_FromFormat("LINE %zu: ", line);
    if (pad) indent += (size_t)PyUnicode_GetLength(pad);
    space = PyUnicode_FromString(" ");
    blank = space ? PySequence_Repeat(space, (Py_ssize_t)indent) : NULL;
    if (before && after && pad && blank) text = PyUnicode_FromFormat("\n%U%U%U\n%U^", pad, before, after, blank);
    Py_XDECREF(space);
    Py_XDECREF(blank);
    Py_XDECREF(before);
    Py_XDECREF(after);
    Py_XDECREF(pad);
    return text;
}

PyObject *binding_raise_sql(binding_state *state, const bp_error *err, const char *sql, size_t size)
{
    PyObject *message, *place;

    if (err->position < 0 || PyErr_Occurred()) return binding_raise(state, err);
    place = excerpt(err->position, sql, size);
    message = place ? PyUnicode_FromFormat("%s%U", err->message, place) : NULL;
    if (message) PyErr_SetObject(exception_for(state, err->status), message);
    Py_XDECREF(place);
    Py_XDECREF(message);
    return NULL;
}

binding_state *binding_state_of(PyObject *object)
{
    return PyType_GetModuleState(Py_TYPE(object));
}

/* name, parent, docstring */
static const char *const error_names[ERROR_KINDS][3] = {
    {"bedplate.Error", NULL, "Base of all errors of Bedplate (PEP 249)."},
    {"bedplate.InterfaceError", "Error", "The interface was used wrongly."},
    {"bedplate.DatabaseError", "Error", "Base of the errors that have to do with data or SQL."},
    {"bedplate.DataError", "DatabaseError", "A value is out of range or cannot be converted, or a file is malformed."},
    {"bedplate.OperationalError", "DatabaseError", "Files, time limits, cancellation."},
    {"bedplate.IntegrityError", "DatabaseError", "A constraint does not hold."},
    {"bedplate.InternalError", "DatabaseError", "A defect of Bedplate; please report it."},
    {"bedplate.ProgrammingError", "DatabaseError", "Wrong SQL, an unknown or doubled name, a wrong number of parameters."},
    {"bedplate.NotSupportedError", "DatabaseError", "What Bedplate does not do."},
};

static int add_errors(PyObject *module, binding_state *state)
{
    for (size_t i = 0; i < ERROR_KINDS; i++) {
        const char *parent = error_names[i][1], *name = error_names[i][0] + sizeof "bedplate." - 1;
        PyObject *base = !parent ? PyExc_Exception : state->errors[parent[0] == 'E' ? ERROR_BASE : ERROR_DATABASE];
        state->errors[i] = PyErr_NewExceptionWithDoc(error_names[i][0], error_names[i][2], base, NULL);
        if (!state->errors[i] || PyModule_AddObjectRef(module, name, state->errors[i])) return -1;
    }
    return 0;
}

static int add_type(PyObject *module, PyObject **place, PyType_Spec *spec)
{
    *place = PyType_FromModuleAndSpec(module, spec, NULL);
    return *place ? PyModule_AddType(module, (PyTypeObject *)*place) : -1;
}

static int module_exec(PyObject *module)
{
    binding_state *state = PyModule_GetState(module);

    if (add_errors(module, state)) return -1;
    if (add_type(module, &state->connection_type, &connection_spec) || add_type(module, &state->result_type, &result_spec) ||
        add_type(module, &state->table_type, &table_spec) || add_type(module, &state->buffer_type, &buffer_spec))
        return -1;
    return PyModule_AddStringConstant(module, "version", bp_version());
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) /* the names that Py_VISIT wants */
{
    binding_state *state = PyModule_GetState(module);

    for (size_t i = 0; i < ERROR_KINDS; i++) Py_VISIT(state->errors[i]);
    for (size_t i = 0; i < CACHED_KINDS; i++) Py_VISIT(state->cached[i]);
    Py_VISIT(state->interruption);
    Py_VISIT(state->connection_type);
    Py_VISIT(state->result_type);
    Py_VISIT(state->table_type);
    Py_VISIT(state->buffer_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    binding_state *state = PyModule_GetState(module);

    for (size_t i = 0; i < ERROR_KINDS; i++) Py_CLEAR(state->errors[i]);
    for (size_t i = 0; i < CACHED_KINDS; i++) Py_CLEAR(state->cached[i]);
    Py_CLEAR(state->interruption);
    Py_CLEAR(state->connection_type);
    Py_CLEAR(state->result_type);
    Py_CLEAR(state->table_type);
    Py_CLEAR(state->buffer_type);
    return 0;
}

/* raise_interruption(): what a stream kept for us, since its reader tells it as an error of its own. */
static PyObject *raise_interruption(PyObject *module, PyObject *none)
{
    binding_state *state = PyModule_GetState(module);
    PyObject *kept = state->interruption;

    (void)none;
    if (!kept) Py_RETURN_NONE;
    state->interruption = NULL;
    PyErr_SetObject((PyObject *)Py_TYPE(kept), kept);
    Py_DECREF(kept);
    return NULL;
}

static PyMethodDef module_methods[] = {
    {"raise_interruption", raise_interruption, METH_NOARGS, "raise what a signal raised while another library read a stream"},
    {"make_stream", stream_make, METH_O, "make_stream(tree of a struct column) -> arrow_array_stream capsule of one batch"},
    {"types_of", pack_types, METH_O, "types_of(list) -> set of the items' types"},
    {"pack", pack_list, METH_VARARGS, "pack(list, format) -> (null_count, [validity or None, buffers ...])"},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, (void *)module_exec}, {0, NULL}};

static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, "_bedplate",    "The binding of Bedplate's C library; use `import bedplate`.",
    sizeof(binding_state), module_methods, module_slots,
    module_traverse,       module_clear,   NULL,
};

PyMODINIT_FUNC PyInit__bedplate(void)
{
    return PyModuleDef_Init(&module_definition);
}
