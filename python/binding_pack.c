/* Python lists into Arrow buffers: the classes that are worth C (int, float, bool, str, bytes); Python does the others by way of these. */
#include "binding.h"

/* A set of the classes of the items: what a column is to be, is decided in Python by it. */
PyObject *pack_types(PyObject *module, PyObject *list)
{
    PyObject *types = PySet_New(NULL);
    PyTypeObject *last = NULL;
    Py_ssize_t count = PyList_Check(list) ? PyList_Size(list) : -1;

    (void)module;
    if (count < 0) PyErr_SetString(PyExc_TypeError, "types_of() wants a list");
    for (Py_ssize_t i = 0; types && i < count; i++) {
        PyTypeObject *type = Py_TYPE(PyList_GetItem(list, i));
        if (type != last && PySet_Add(types, (PyObject *)type)) Py_CLEAR(types);
        last = type;
    }
    if (count < 0) Py_CLEAR(types);
    return types;
}

/* What is being filled. */
typedef struct packing {
    PyObject *list;
    Py_ssize_t count, null_count;
    PyObject *validity, *values, *bytes; /* bytes objects */
    unsigned char *bits; /* of validity */
} packing;

static char *new_bytes(PyObject **out, size_t size)
{
    *out = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (*out) memset(PyBytes_AsString(*out), 0, size);
    return *out ? PyBytes_AsString(*out) : NULL;
}

/* The item at `i`, or NULL after noting a NULL value. */
static PyObject *item_at(packing *packing, Py_ssize_t i)
{
    PyObject *item = PyList_GetItem(packing->list, i);

    if (!item) PyErr_Clear(); /* the list shrank under us */
    if (!item || item == Py_None) {
        packing->null_count++;
        return NULL;
    }
    packing->bits[i / 8] = (unsigned char)(packing->bits[i / 8] | 1u << (i % 8));
    return item;
}

static bool pack_fixed(packing *packing, char format)
{
    size_t width = format == 'b' ? 1 : format == 'i' ? 4 : 8;
    char *values = new_bytes(&packing->values, format == 'b' ? (size_t)(packing->count + 7) / 8 : (size_t)packing->count * width);

    if (!values) return false;
    for (Py_ssize_t i = 0; i < packing->count; i++) {
        PyObject *item = item_at(packing, i);
        if (!item) continue;
        if (format == 'b') {
            int truth = PyObject_IsTrue(item);
            if (truth < 0) return false;
            values[i / 8] = (char)(values[i / 8] | truth << (i % 8));
        } else if (format == 'g') {
            double number = PyFloat_AsDouble(item);
            if (number == -1.0 && PyErr_Occurred()) return false;
            memcpy(values + (size_t)i * 8, &number, 8);
        } else {
            long long number = PyLong_AsLongLong(item);
            int32_t narrow = (int32_t)number;
            if (number == -1 && PyErr_Occurred()) return false;
            if (format == 'i' && narrow != number) {
                PyErr_SetString(PyExc_OverflowError, "the value does not fit into 32 bits");
                return false;
            }
            memcpy(values + (size_t)i * width, format == 'i' ? (const void *)&narrow : &number, width);
        }
    }
    return true;
}

/* Text or bytes of an item; borrowed. */
static const char *item_bytes(PyObject *item, bool text, Py_ssize_t *size)
{
    char *bytes;

    if (text) return PyUnicode_AsUTF8AndSize(item, size);
    return PyBytes_AsStringAndSize(item, &bytes, size) ? NULL : bytes;
}

/* Lengths first, so that the bytes are allocated once. Offsets have 64 bits (Arrow's large types). */
static bool pack_texts(packing *packing, bool text)
{
    int64_t end = 0;
    char *offsets = new_bytes(&packing->values, ((size_t)packing->count + 1) * 8), *bytes;

    if (!offsets) return false;
    for (Py_ssize_t i = 0; i < packing->count; i++) {
        PyObject *item = item_at(packing, i);
        Py_ssize_t size = 0;
        if (item && !item_bytes(item, text, &size)) return false;
        end += size;
        memcpy(offsets + ((size_t)i + 1) * 8, &end, 8);
    }
    if (!(bytes = new_bytes(&packing->bytes, (size_t)end))) return false;
    for (Py_ssize_t i = 0; i < packing->count; i++) {
        PyObject *item = PyList_GetItem(packing->list, i);
        Py_ssize_t size = 0;
        const char *from = !item || item == Py_None ? "" : item_bytes(item, text, &size);
        memcpy(bytes, from ? from : "", (size_t)size);
        bytes += size;
    }
    return true;
}

static PyObject *packed(const packing *packing)
{
    PyObject *validity = packing->null_count ? packing->validity : Py_None;

    if (packing->bytes) return Py_BuildValue("(n[OOO])", packing->null_count, validity, packing->values, packing->bytes);
    return Py_BuildValue("(n[OO])", packing->null_count, validity, packing->values);
}

/* Formats are Arrow's: b i l g, U and Z (large text and bytes). */
PyObject *pack_list(PyObject *module, PyObject *arguments)
{
    packing packing = {0};
    PyObject *out = NULL;
    int format;
    bool done;

    (void)module;
    if (!PyArg_ParseTuple(arguments, "O!C:pack", &PyList_Type, &packing.list, &format)) return NULL;
    packing.count = PyList_Size(packing.list);
    if (!format || !strchr("bilgUZ", format)) {
        PyErr_Format(PyExc_ValueError, "there is no packing %c", format);
        return NULL;
    }
    packing.bits = (unsigned char *)new_bytes(&packing.validity, (size_t)(packing.count + 7) / 8);
    done =
        packing.bits && (format == 'U' || format == 'Z' ? pack_texts(&packing, format == 'U') : pack_fixed(&packing, (char)format));
    if (done) out = packed(&packing);
    Py_XDECREF(packing.validity);
    Py_XDECREF(packing.values);
    Py_XDECREF(packing.bytes);
    return out;
}
