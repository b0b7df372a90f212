/* Tables: a result's batches, all in memory; and the buffers of their columns, as memoryviews for NumPy. */
#include "binding.h"

typedef struct table_object {
    PyObject_HEAD struct ArrowSchema schema;
    struct ArrowArray *arrays;
    size_t count;
    int64_t rows;
    PyObject *types; /* list of (name, SQL type) */
} table_object;

static void table_dealloc(PyObject *object)
{
    table_object *self = (table_object *)object;
    PyTypeObject *type = Py_TYPE(object);

    for (size_t i = 0; i < self->count; i++) self->arrays[i].release(&self->arrays[i]);
    PyMem_Free(self->arrays);
    if (self->schema.release) self->schema.release(&self->schema);
    Py_XDECREF(self->types);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF((PyObject *)type);
}

PyObject *table_make(binding_state *state, struct ArrowSchema *schema, struct ArrowArray *arrays, size_t count, PyObject *types)
{
    table_object *self = (table_object *)PyType_GenericAlloc((PyTypeObject *)state->table_type, 0);

    if (!self) {
        for (size_t i = 0; i < count; i++) arrays[i].release(&arrays[i]);
        PyMem_Free(arrays);
        return NULL;
    }
    self->schema = *schema;
    schema->release = NULL; /* moved */
    self->arrays = arrays;
    self->count = count;
    for (size_t i = 0; i < count; i++) self->rows += arrays[i].length;
    self->types = Py_NewRef(types);
    return (PyObject *)self;
}

static PyObject *table_columns(PyObject *object, PyObject *unused)
{
    (void)unused;
    return Py_NewRef(((table_object *)object)->types);
}

static PyObject *table_height(PyObject *object, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLongLong(((table_object *)object)->rows);
}

/* rows ------------------------------------------------------------------------------------------------------------------------- */
static PyObject *table_fetch(PyObject *object, PyObject *arguments)
{
    table_object *self = (table_object *)object;
    binding_state *state = binding_state_of(object);
    Py_ssize_t start = 0, most = -1;
    PyObject *rows;

    if (!PyArg_ParseTuple(arguments, "|nn:fetch", &start, &most)) return NULL;
    rows = PyList_New(0);
    for (size_t i = 0; rows && i < self->count; i++) {
        for (int64_t row = start < self->arrays[i].length ? start : self->arrays[i].length; rows && row < self->arrays[i].length;
             row++) {
            PyObject *tuple;
            if (most >= 0 && PyList_Size(rows) >= most) return rows;
            tuple = value_row(state, &self->schema, &self->arrays[i], row, self->types);
            if (!tuple || PyList_Append(rows, tuple)) Py_CLEAR(rows);
            Py_XDECREF(tuple);
        }
        start = start > self->arrays[i].length ? start - (Py_ssize_t)self->arrays[i].length : 0;
    }
    return rows;
}

static bool has_column(const table_object *self, Py_ssize_t index)
{
    if (index >= 0 && index < self->schema.n_children) return true;
    PyErr_Format(PyExc_IndexError, "the table has %lld columns, so there is no column %zd", (long long)self->schema.n_children,
                 index);
    return false;
}

static PyObject *table_values(PyObject *object, PyObject *arguments)
{
    table_object *self = (table_object *)object;
    binding_state *state = binding_state_of(object);
    PyObject *values, *type;
    const char *sql_type;
    Py_ssize_t index;

    if (!PyArg_ParseTuple(arguments, "n:values", &index) || !has_column(self, index)) return NULL;
    type = PyTuple_GetItem(PyList_GetItem(self->types, index), 1);
    if (!(sql_type = PyUnicode_AsUTF8AndSize(type, NULL))) return NULL;
    values = PyList_New(0);
    for (size_t i = 0; values && i < self->count; i++) {
        const struct ArrowArray *array = &self->arrays[i];
        for (int64_t row = 0; values && row < array->length; row++) {
            PyObject *value =
                value_read(state, self->schema.children[index], array->children[index], row + array->offset, sql_type);
            if (!value || PyList_Append(values, value)) Py_CLEAR(values);
            Py_XDECREF(value);
        }
    }
    return values;
}

/* buffers ------------------------------------------------------------------------------------------------------------------------ */
typedef struct buffer_object {
    PyObject_HEAD PyObject *owner; /* the table */
    const void *data;
    Py_ssize_t size;
} buffer_object;

static int buffer_get(PyObject *object, Py_buffer *view, int flags)
{
    buffer_object *self = (buffer_object *)object;

    return PyBuffer_FillInfo(view, object, (void *)(uintptr_t)self->data, self->size, 1, flags);
}

static void buffer_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);

    Py_XDECREF(((buffer_object *)object)->owner);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF((PyObject *)type);
}

static PyObject *buffer_make(PyObject *owner, const void *data, int64_t size)
{
    static const char nothing[8];
    binding_state *state = binding_state_of(owner);
    buffer_object *self = (buffer_object *)PyType_GenericAlloc((PyTypeObject *)state->buffer_type, 0);

    if (!self) return NULL;
    self->owner = Py_NewRef(owner);
    self->data = size ? data : nothing;
    self->size = (Py_ssize_t)size;
    return (PyObject *)self;
}

static PyType_Slot buffer_slots[] = {
    {Py_tp_dealloc, (void *)buffer_dealloc},
    {Py_bf_getbuffer, (void *)buffer_get},
    {Py_tp_doc, (void *)(uintptr_t)"Bytes of an Arrow buffer, read-only; keeps its table."},
    {0, NULL},
};

PyType_Spec buffer_spec = {"bedplate._bedplate.Buffer", sizeof(buffer_object), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, buffer_slots};

/* Bytes a row in the values buffer; 0: none of fixed width. */
static int64_t value_width(const char *format)
{
    switch (format[0]) {
    case 'c':
    case 'C': return 1;
    case 's':
    case 'S':
    case 'e': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    case 'l':
    case 'L':
    case 'g': return 8;
    case 'd': return 16;
    case 'w': return format[1] == ':' ? 16 : 0;
    case 't':
        return format[1] == 'd'                                             ? (format[2] == 'D' ? 4 : 8)
               : format[1] == 'i'                                           ? 16
               : format[1] == 't' && (format[2] == 's' || format[2] == 'm') ? 4
                                                                            : 8;
    default: return 0;
    }
}

/* Bytes of buffer `index` of an array, as the columnar format has it. */
static int64_t buffer_size(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t index)
{
    int64_t rows = array->offset + array->length;
    const char *format = schema->dictionary ? "I" : schema->format;
    bool text = format[0] == 'u' || format[0] == 'z';

    if (index == 0 || format[0] == 'b') return (rows + 7) / 8;
    if (text && index == 2) return rows ? ((const int32_t *)array->buffers[1])[rows] : 0;
    if (text || format[0] == '+') return array->length || array->buffers[1] ? (rows + 1) * 4 : 0;
    return rows * value_width(format);
}

static PyObject *column_tree(PyObject *owner, const struct ArrowSchema *schema, const struct ArrowArray *array);

static PyObject *buffer_list(PyObject *owner, const struct ArrowSchema *schema, const struct ArrowArray *array)
{
    PyObject *list = PyList_New(0);

    for (int64_t i = 0; list && i < array->n_buffers; i++) {
        PyObject *buffer =
            array->buffers[i] ? buffer_make(owner, array->buffers[i], buffer_size(schema, array, i)) : Py_NewRef(Py_None);
        if (!buffer || PyList_Append(list, buffer)) Py_CLEAR(list);
        Py_XDECREF(buffer);
    }
    return list;
}

static PyObject *child_list(PyObject *owner, const struct ArrowSchema *schema, const struct ArrowArray *array)
{
    PyObject *list = PyList_New(0);

    for (int64_t i = 0; list && i < array->n_children; i++) {
        PyObject *child = column_tree(owner, schema->children[i], array->children[i]);
        if (!child || PyList_Append(list, child)) Py_CLEAR(list);
        Py_XDECREF(child);
    }
    return list;
}

/* (format, length, null_count, offset, [buffers], [children], dictionary tree or None) */
static PyObject *column_tree(PyObject *owner, const struct ArrowSchema *schema, const struct ArrowArray *array)
{
    PyObject *buffers = buffer_list(owner, schema, array), *children = child_list(owner, schema, array), *tree = NULL;
    PyObject *dictionary = schema->dictionary ? column_tree(owner, schema->dictionary, array->dictionary) : Py_NewRef(Py_None);

    if (buffers && children && dictionary)
        tree = Py_BuildValue("(sLLLOOO)", schema->format, (long long)array->length, (long long)array->null_count,
                             (long long)array->offset, buffers, children, dictionary);
    Py_XDECREF(buffers);
    Py_XDECREF(children);
    Py_XDECREF(dictionary);
    return tree;
}

static PyObject *table_column(PyObject *object, PyObject *arguments)
{
    table_object *self = (table_object *)object;
    PyObject *list;
    Py_ssize_t index;

    if (!PyArg_ParseTuple(arguments, "n:column", &index) || !has_column(self, index)) return NULL;
    list = PyList_New(0);
    for (size_t i = 0; list && i < self->count; i++) {
        PyObject *tree = column_tree(object, self->schema.children[index], self->arrays[i].children[index]);
        if (!tree || PyList_Append(list, tree)) Py_CLEAR(list);
        Py_XDECREF(tree);
    }
    return list;
}

static PyObject *table_arrow_stream(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {(char *)(uintptr_t)"requested_schema", NULL};
    table_object *self = (table_object *)object;
    PyObject *requested = Py_None;

    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O:__arrow_c_stream__", names, &requested)) return NULL;
    return stream_of_arrays(object, &self->schema, self->arrays, self->count);
}

static PyMethodDef table_methods[] = {
    {"columns", table_columns, METH_NOARGS, "list of (name, SQL type)"},
    {"height", table_height, METH_NOARGS, "number of rows"},
    {"fetch", table_fetch, METH_VARARGS, "fetch(start=0, most=-1) -> list of tuples"},
    {"values", table_values, METH_VARARGS, "values(column index) -> list of its values"},
    {"column", table_column, METH_VARARGS,
     "column(index) -> for each batch (format, length, null_count, offset, [buffers], [children], dictionary)"},
    {"__arrow_c_stream__", (PyCFunction)(void (*)(void))table_arrow_stream, METH_VARARGS | METH_KEYWORDS,
     "An arrow_array_stream capsule; the table stays."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot table_slots[] = {
    {Py_tp_dealloc, (void *)table_dealloc},
    {Py_tp_methods, table_methods},
    {Py_tp_doc, (void *)(uintptr_t)"All rows of a result, as Arrow batches in memory. Read-only."},
    {0, NULL},
};

PyType_Spec table_spec = {"bedplate._bedplate.Table", sizeof(table_object), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, table_slots};
