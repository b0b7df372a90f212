/* Arrow streams out of the binding: from a Table's batches, and from Python buffers.
 *
 * Every struct that is given out owns itself: its private data holds a reference to the Python objects with the bytes, so a consumer
 * may move children out and keep them. Consumers call with or without the GIL; each callback takes it. */
#include "binding.h"

/* The private data of every schema and array here. */
typedef struct node_data {
    PyObject *owner;
    Py_buffer *views; /* of Python buffers */
    int64_t view_count;
    const void **buffers;
    void **children; /* struct ArrowSchema ** or struct ArrowArray ** */
} node_data;

static void node_end(node_data *node)
{
    for (int64_t i = 0; i < node->view_count; i++) PyBuffer_Release(&node->views[i]);
    PyMem_Free(node->views);
    PyMem_Free((void *)node->buffers);
    PyMem_Free(node->children);
    Py_XDECREF(node->owner);
    PyMem_Free(node);
}

static void release_schema(struct ArrowSchema *schema)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    node_data *node = schema->private_data;

    for (int64_t i = 0; i < schema->n_children && schema->children; i++) {
        if (schema->children[i] && schema->children[i]->release) schema->children[i]->release(schema->children[i]);
        PyMem_Free(schema->children[i]);
    }
    if (schema->dictionary && schema->dictionary->release) schema->dictionary->release(schema->dictionary);
    PyMem_Free(schema->dictionary);
    node_end(node);
    schema->release = NULL;
    PyGILState_Release(gil);
}

static void release_array(struct ArrowArray *array)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    node_data *node = array->private_data;

    for (int64_t i = 0; i < array->n_children && array->children; i++) {
        if (array->children[i] && array->children[i]->release) array->children[i]->release(array->children[i]);
        PyMem_Free(array->children[i]);
    }
    if (array->dictionary && array->dictionary->release) array->dictionary->release(array->dictionary);
    PyMem_Free(array->dictionary);
    node_end(node);
    array->release = NULL;
    PyGILState_Release(gil);
}

static node_data *node_new(PyObject *owner, int64_t child_count)
{
    node_data *node = PyMem_Calloc(1, sizeof *node);

    if (!node) return NULL;
    node->owner = Py_XNewRef(owner);
    node->children = PyMem_Calloc((size_t)child_count + 1, sizeof(void *));
    if (node->children) return node;
    node_end(node);
    return NULL;
}

/* copies of trees whose bytes `owner` keeps -------------------------------------------------------------------------------------- */
static bool share_schema(struct ArrowSchema *out, PyObject *owner, const struct ArrowSchema *in)
{
    node_data *node = node_new(owner, in->n_children);
    bool done = true;

    memset(out, 0, sizeof *out);
    if (!node) return false;
    *out = (struct ArrowSchema){.format = in->format,
                                .name = in->name,
                                .metadata = in->metadata,
                                .flags = in->flags,
                                .n_children = in->n_children,
                                .children = (struct ArrowSchema **)node->children,
                                .release = release_schema,
                                .private_data = node};
    for (int64_t i = 0; done && i < in->n_children; i++)
        done = (out->children[i] = PyMem_Calloc(1, sizeof *out)) && share_schema(out->children[i], owner, in->children[i]);
    if (done && in->dictionary)
        done = (out->dictionary = PyMem_Calloc(1, sizeof *out)) && share_schema(out->dictionary, owner, in->dictionary);
    if (!done) out->release(out);
    return done;
}

static bool share_array(struct ArrowArray *out, PyObject *owner, const struct ArrowArray *in)
{
    node_data *node = node_new(owner, in->n_children);
    bool done = true;

    memset(out, 0, sizeof *out);
    if (!node) return false;
    *out = (struct ArrowArray){.length = in->length,
                               .null_count = in->null_count,
                               .offset = in->offset,
                               .n_buffers = in->n_buffers,
                               .buffers = in->buffers,
                               .n_children = in->n_children,
                               .children = (struct ArrowArray **)node->children,
                               .release = release_array,
                               .private_data = node};
    for (int64_t i = 0; done && i < in->n_children; i++)
        done = (out->children[i] = PyMem_Calloc(1, sizeof *out)) && share_array(out->children[i], owner, in->children[i]);
    if (done && in->dictionary)
        done = (out->dictionary = PyMem_Calloc(1, sizeof *out)) && share_array(out->dictionary, owner, in->dictionary);
    if (!done) out->release(out);
    return done;
}

/* the stream ------------------------------------------------------------------------------------------------------------------------- */
typedef struct array_stream {
    PyObject *owner;
    const struct ArrowSchema *schema; /* in the owner, or own_schema */
    const struct ArrowArray *arrays;
    size_t count, next;
    struct ArrowSchema own_schema; /* release NULL: none */
    struct ArrowArray own_array;
} array_stream;

enum { ERRNO_NO_MEMORY = 12 };

static int array_stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    array_stream *own = stream->private_data;
    PyGILState_STATE gil = PyGILState_Ensure();
    bool done = share_schema(out, own->owner, own->schema);

    PyGILState_Release(gil);
    return done ? 0 : ERRNO_NO_MEMORY;
}

static int array_stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    array_stream *own = stream->private_data;
    PyGILState_STATE gil;
    bool done = true;

    memset(out, 0, sizeof *out);
    if (own->next == own->count) return 0;
    gil = PyGILState_Ensure();
    if (own->own_array.release) {
        *out = own->own_array;
        own->own_array.release = NULL; /* moved */
    } else {
        done = share_array(out, own->owner, &own->arrays[own->next]);
    }
    own->next++;
    PyGILState_Release(gil);
    return done ? 0 : ERRNO_NO_MEMORY;
}

static const char *array_stream_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "out of memory";
}

static void array_stream_end(array_stream *own)
{
    if (own->own_schema.release) own->own_schema.release(&own->own_schema);
    if (own->own_array.release) own->own_array.release(&own->own_array);
    Py_XDECREF(own->owner);
    PyMem_Free(own);
}

static void array_stream_release(struct ArrowArrayStream *stream)
{
    PyGILState_STATE gil = PyGILState_Ensure();

    array_stream_end(stream->private_data);
    PyGILState_Release(gil);
    stream->release = NULL;
}

static PyObject *array_stream_capsule(array_stream *own)
{
    struct ArrowArrayStream stream = {array_stream_schema, array_stream_next, array_stream_error, array_stream_release, own};

    return stream_capsule(&stream);
}

PyObject *stream_of_arrays(PyObject *owner, const struct ArrowSchema *schema, const struct ArrowArray *arrays, size_t count)
{
    array_stream *own = PyMem_Calloc(1, sizeof *own);

    if (!own) return PyErr_NoMemory();
    own->owner = Py_NewRef(owner);
    own->schema = schema;
    own->arrays = arrays;
    own->count = count;
    return array_stream_capsule(own);
}

/* capsules ------------------------------------------------------------------------------------------------------------------------------- */
static void capsule_end(PyObject *capsule)
{
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");

    if (stream && stream->release) stream->release(stream);
    PyMem_Free(stream);
}

PyObject *stream_capsule(const struct ArrowArrayStream *stream)
{
    struct ArrowArrayStream *kept = PyMem_Malloc(sizeof *kept), moved = *stream;
    PyObject *capsule = kept ? PyCapsule_New(kept, "arrow_array_stream", capsule_end) : PyErr_NoMemory();

    if (capsule) {
        *kept = moved;
    } else {
        moved.release(&moved);
        PyMem_Free(kept);
    }
    return capsule;
}

/* columns from Python buffers ---------------------------------------------------------------------------------------------------------------- */
static bool view_buffers(struct ArrowArray *array, node_data *node, PyObject *buffers)
{
    Py_ssize_t count = PyList_Size(buffers);

    if (count < 0) return false;
    node->views = PyMem_Calloc((size_t)count + 1, sizeof *node->views);
    node->buffers = PyMem_Calloc((size_t)count + 1, sizeof *node->buffers);
    if (!node->views || !node->buffers) return PyErr_NoMemory() != NULL;
    array->buffers = node->buffers;
    array->n_buffers = count;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *buffer = PyList_GetItem(buffers, i);
        if (buffer == Py_None) continue;
        if (PyObject_GetBuffer(buffer, &node->views[node->view_count], PyBUF_SIMPLE)) return false;
        node->buffers[i] = node->views[node->view_count++].buf;
    }
    return true;
}

static bool fill_column(struct ArrowSchema *schema, struct ArrowArray *array, PyObject *tree, int depth);

static bool fill_children(struct ArrowSchema *schema, struct ArrowArray *array, PyObject *children, int depth)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        schema->children[i] = PyMem_Calloc(1, sizeof *schema);
        array->children[i] = PyMem_Calloc(1, sizeof *array);
        if (!schema->children[i] || !array->children[i]) return PyErr_NoMemory() != NULL;
        if (!fill_column(schema->children[i], array->children[i], PyList_GetItem(children, (Py_ssize_t)i), depth + 1)) return false;
    }
    return true;
}

enum { MOST_DEPTH = 64 };

/* On failure an exception is set and both are released. */
static bool fill_column(struct ArrowSchema *schema, struct ArrowArray *array, PyObject *tree, int depth)
{
    node_data *schema_node = NULL, *array_node = NULL;
    const char *name, *format, *metadata;
    PyObject *buffers, *children;
    long long length, null_count;
    Py_ssize_t metadata_size, child_count;

    memset(schema, 0, sizeof *schema);
    memset(array, 0, sizeof *array);
    if (depth > MOST_DEPTH) {
        PyErr_Format(PyExc_ValueError, "values nest more than %d levels deep", MOST_DEPTH);
        return false;
    }
    if (!PyArg_ParseTuple(tree, "ssz#LLO!O!:column", &name, &format, &metadata, &metadata_size, &length, &null_count, &PyList_Type,
                          &buffers, &PyList_Type, &children))
        return false;
    child_count = PyList_Size(children);
    schema_node = node_new(tree, child_count);
    array_node = schema_node ? node_new(tree, child_count) : NULL;
    if (!array_node) {
        if (schema_node) node_end(schema_node);
        return PyErr_NoMemory() != NULL;
    }
    *schema = (struct ArrowSchema){.format = format,
                                   .name = name,
                                   .metadata = metadata,
                                   .flags = ARROW_FLAG_NULLABLE,
                                   .n_children = child_count,
                                   .children = (struct ArrowSchema **)schema_node->children,
                                   .release = release_schema,
                                   .private_data = schema_node};
    *array = (struct ArrowArray){.length = length,
                                 .null_count = null_count,
                                 .n_children = child_count,
                                 .children = (struct ArrowArray **)array_node->children,
                                 .release = release_array,
                                 .private_data = array_node};
    if (view_buffers(array, array_node, buffers) && fill_children(schema, array, children, depth)) return true;
    schema->release(schema);
    array->release(array);
    return false;
}

bool stream_column(struct ArrowSchema *schema, struct ArrowArray *array, PyObject *tree)
{
    return fill_column(schema, array, tree, 0);
}

PyObject *stream_make(PyObject *module, PyObject *tree)
{
    array_stream *own = PyMem_Calloc(1, sizeof *own);

    (void)module;
    if (!own) return PyErr_NoMemory();
    own->owner = Py_NewRef(tree);
    if (!fill_column(&own->own_schema, &own->own_array, tree, 0)) {
        array_stream_end(own);
        return NULL;
    }
    own->schema = &own->own_schema;
    own->count = 1;
    return array_stream_capsule(own);
}
