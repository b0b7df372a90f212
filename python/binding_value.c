/* Values of Arrow arrays as Python objects. */
#include "binding.h"

/* constructors of other modules ---------------------------------------------------------------------------------------------------------------- */
static const char *const cached_places[CACHED_KINDS][3] = {
    [CACHED_DATE_FROM_ORDINAL] = {"datetime", "date", "fromordinal"},
    [CACHED_DATETIME] = {"datetime", "datetime", NULL},
    [CACHED_TIMEDELTA] = {"datetime", "timedelta", NULL},
    [CACHED_TIME] = {"datetime", "time", NULL},
    [CACHED_DECIMAL] = {"decimal", "Decimal", NULL},
    [CACHED_UUID] = {"uuid", "UUID", NULL},
    [CACHED_ZONE] = {"zoneinfo", "ZoneInfo", NULL},
    [CACHED_UTC] = {"datetime", "timezone", "utc"},
};

/* Borrowed; NULL: an exception is set. */
static PyObject *cached(binding_state *state, int kind)
{
    PyObject *module, *found;

    if (state->cached[kind]) return state->cached[kind];
    module = PyImport_ImportModule(cached_places[kind][0]);
    found = module ? PyObject_GetAttrString(module, cached_places[kind][1]) : NULL;
    Py_XDECREF(module);
    if (found && cached_places[kind][2]) {
        PyObject *member = PyObject_GetAttrString(found, cached_places[kind][2]);
        Py_DECREF(found);
        found = member;
    }
    state->cached[kind] = found;
    return found;
}

/* numbers ------------------------------------------------------------------------------------------------------------------------------------------- */
static PyObject *integer_of_128(const unsigned char *bytes)
{
    int64_t high;
    uint64_t low;
    PyObject *upper, *shift, *shifted = NULL, *lower, *sum = NULL;

    memcpy(&low, bytes, 8);
    memcpy(&high, bytes + 8, 8);
    if (high == ((int64_t)low < 0 ? -1 : 0)) return PyLong_FromLongLong((int64_t)low);
    upper = PyLong_FromLongLong(high);
    shift = PyLong_FromLong(64);
    lower = PyLong_FromUnsignedLongLong(low);
    if (upper && shift) shifted = PyNumber_Lshift(upper, shift);
    if (shifted && lower) sum = PyNumber_Or(shifted, lower);
    Py_XDECREF(upper);
    Py_XDECREF(shift);
    Py_XDECREF(shifted);
    Py_XDECREF(lower);
    return sum;
}

/* Decimal((sign, digits, -scale)) by way of text: "1234E-2". */
static PyObject *decimal_of(binding_state *state, const unsigned char *bytes, int scale)
{
    PyObject *type = cached(state, CACHED_DECIMAL), *integer = type ? integer_of_128(bytes) : NULL, *text, *value;

    if (!integer) return NULL;
    text = PyUnicode_FromFormat("%SE%d", integer, -scale);
    Py_DECREF(integer);
    if (!text) return NULL;
    value = PyObject_CallFunctionObjArgs(type, text, NULL);
    Py_DECREF(text);
    return value;
}

/* time ------------------------------------------------------------------------------------------------------------------------------------------------ */
static PyObject *date_of(binding_state *state, int32_t days)
{
    PyObject *make = cached(state, CACHED_DATE_FROM_ORDINAL);

    return make ? PyObject_CallFunction(make, "l", (long)days + 719163) : NULL;
}

static PyObject *time_of(binding_state *state, int64_t micros)
{
    PyObject *make = cached(state, CACHED_TIME);

    if (!make) return NULL;
    return PyObject_CallFunction(make, "iiii", (int)(micros / 3600000000), (int)(micros / 60000000 % 60),
                                 (int)(micros / 1000000 % 60), (int)(micros % 1000000));
}

static PyObject *delta_of(binding_state *state, int64_t days, int64_t micros)
{
    PyObject *make = cached(state, CACHED_TIMEDELTA);

    return make ? PyObject_CallFunction(make, "LLL", (long long)days, (long long)(micros / 1000000), (long long)(micros % 1000000))
                : NULL;
}

/* A zone by name; a new reference. */
static PyObject *zone_of(binding_state *state, const char *name)
{
    PyObject *make;

    if (strcmp(name, "UTC") == 0 || !*name) return Py_XNewRef(cached(state, CACHED_UTC));
    make = cached(state, CACHED_ZONE);
    return make ? PyObject_CallFunction(make, "s", name) : NULL;
}

/* datetime(1970, 1, 1, tzinfo=utc) + timedelta, then to the zone. */
static PyObject *timestamp_of(binding_state *state, int64_t micros, const char *zone)
{
    PyObject *make = cached(state, CACHED_DATETIME), *epoch, *delta, *sum = NULL, *place, *moved;

    if (!make) return NULL;
    epoch = PyObject_CallFunction(make, "iii", 1970, 1, 1);
    if (zone && epoch) {
        PyObject *utc = cached(state, CACHED_UTC), *arguments = PyTuple_New(0),
                 *keywords = utc ? Py_BuildValue("{sO}", "tzinfo", utc) : NULL;
        PyObject *replace = PyObject_GetAttrString(epoch, "replace"), *aware = NULL;
        if (arguments && keywords && replace) aware = PyObject_Call(replace, arguments, keywords);
        Py_XDECREF(arguments);
        Py_XDECREF(keywords);
        Py_XDECREF(replace);
        Py_DECREF(epoch);
        epoch = aware;
    }
    delta = delta_of(state, 0, micros);
    if (epoch && delta) sum = PyNumber_Add(epoch, delta);
    Py_XDECREF(epoch);
    Py_XDECREF(delta);
    if (!sum || !zone) return sum;
    place = zone_of(state, zone);
    moved = place ? PyObject_CallMethod(sum, "astimezone", "O", place) : NULL;
    Py_XDECREF(place);
    Py_DECREF(sum);
    return moved;
}

static int64_t to_micros(int64_t value, char unit)
{
    switch (unit) {
    case 's': return value * 1000000;
    case 'm': return value * 1000;
    case 'n': return value / 1000 - (value % 1000 < 0);
    default: return value;
    }
}

static PyObject *interval_value(binding_state *state, const unsigned char *bytes)
{
    int32_t months, days;
    int64_t nanos;

    memcpy(&months, bytes, 4);
    memcpy(&days, bytes + 4, 4);
    memcpy(&nanos, bytes + 8, 8);
    return delta_of(state, (int64_t)months * 30 + days, nanos / 1000);
}

/* t…: dates, times, timestamps, durations, intervals. */
static PyObject *temporal_value(binding_state *state, const char *format, const unsigned char *values, int64_t row)
{
    int32_t narrow;
    int64_t wide;

    if (format[1] == 'i') return interval_value(state, values + row * 16);
    if (format[1] == 'd') {
        memcpy(&narrow, values + row * 4, 4);
        return date_of(state, narrow);
    }
    memcpy(&wide, values + row * 8, 8);
    if (format[1] == 't') return time_of(state, to_micros(wide, format[2]));
    if (format[1] == 'D') return delta_of(state, 0, to_micros(wide, format[2]));
    return timestamp_of(state, to_micros(wide, format[2]), format[3] == ':' && format[4] ? format + 4 : NULL);
}

/* nested values -------------------------------------------------------------------------------------------------------------------------------------------- */
static PyObject *list_value(binding_state *state, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t begin,
                            int64_t end)
{
    PyObject *list = PyList_New(0);

    for (int64_t i = begin; list && i < end; i++) {
        PyObject *value = value_read(state, schema->children[0], array->children[0], i, "");
        if (!value || PyList_Append(list, value)) Py_CLEAR(list);
        Py_XDECREF(value);
    }
    return list;
}

static PyObject *struct_value(binding_state *state, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row)
{
    PyObject *dict = PyDict_New();

    for (int64_t i = 0; dict && i < array->n_children; i++) {
        PyObject *value = value_read(state, schema->children[i], array->children[i], row, "");
        if (!value || PyDict_SetItemString(dict, schema->children[i]->name, value)) Py_CLEAR(dict);
        Py_XDECREF(value);
    }
    return dict;
}

/* A map: a list of entries {key, value}. */
static PyObject *map_value(binding_state *state, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t begin,
                           int64_t end)
{
    const struct ArrowSchema *entry_schema = schema->children[0];
    const struct ArrowArray *entries = array->children[0];
    PyObject *dict = PyDict_New();

    for (int64_t i = begin; dict && i < end; i++) {
        PyObject *key = value_read(state, entry_schema->children[0], entries->children[0], i + entries->offset, "");
        PyObject *value = value_read(state, entry_schema->children[1], entries->children[1], i + entries->offset, "");
        if (!key || !value || PyDict_SetItem(dict, key, value)) Py_CLEAR(dict);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return dict;
}

static PyObject *nested_value(binding_state *state, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row)
{
    const int32_t *offsets = array->n_buffers > 1 ? array->buffers[1] : NULL;
    int64_t size = 0;

    switch (schema->format[1]) {
    case 's': return struct_value(state, schema, array, row);
    case 'm': return map_value(state, schema, array, offsets[row], offsets[row + 1]);
    case 'l': return list_value(state, schema, array, offsets[row], offsets[row + 1]);
    case 'w': /* +w:3 */
        for (const char *digit = schema->format + 3; *digit >= '0' && *digit <= '9'; digit++) size = size * 10 + (*digit - '0');
        return list_value(state, schema, array, row * size, (row + 1) * size);
    default: return PyErr_Format(state->errors[ERROR_NOT_SUPPORTED], "values of the Arrow format %s", schema->format);
    }
}

/* all ----------------------------------------------------------------------------------------------------------------------------------------------------------- */
#define READ(type)                                                                                                                 \
    type value;                                                                                                                    \
    memcpy(&value, values + row * (int64_t)sizeof value, sizeof value)

static PyObject *text_value(const struct ArrowArray *array, int64_t row, bool text)
{
    const int32_t *offsets = array->buffers[1];
    const char *bytes = (const char *)array->buffers[2] + offsets[row];
    Py_ssize_t size = offsets[row + 1] - offsets[row];

    return text ? PyUnicode_DecodeUTF8(bytes, size, "strict") : PyBytes_FromStringAndSize(bytes, size);
}

static PyObject *uuid_value(binding_state *state, const unsigned char *bytes)
{
    PyObject *make = cached(state, CACHED_UUID), *arguments = NULL, *keywords = NULL, *value = NULL;

    if (!make) return NULL;
    arguments = PyTuple_New(0);
    keywords = Py_BuildValue("{sy#}", "bytes", (const char *)bytes, (Py_ssize_t)16);
    if (arguments && keywords) value = PyObject_Call(make, arguments, keywords);
    Py_XDECREF(arguments);
    Py_XDECREF(keywords);
    return value;
}

static PyObject *decimal_value(binding_state *state, const char *format, const unsigned char *values, int64_t row,
                               const char *sql_type)
{
    const char *comma = strchr(format, ',');
    int scale = 0;

    if (strcmp(sql_type, "HUGEINT") == 0) return integer_of_128(values + row * 16);
    for (const char *digit = comma ? comma + 1 : ""; *digit >= '0' && *digit <= '9'; digit++) scale = scale * 10 + (*digit - '0');
    return decimal_of(state, values + row * 16, scale);
}

PyObject *value_read(binding_state *state, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row,
                     const char *sql_type)
{
    const unsigned char *validity = array->n_buffers > 0 ? array->buffers[0] : NULL,
                        *values = array->n_buffers > 1 ? array->buffers[1] : NULL;

    row += array->offset;
    if (schema->format[0] == 'n' || (validity && !((validity[row / 8] >> (row % 8)) & 1))) Py_RETURN_NONE;
    if (schema->dictionary) {
        READ(uint32_t);
        return value_read(state, schema->dictionary, array->dictionary, value, "");
    }
    switch (schema->format[0]) {
    case 'b': return PyBool_FromLong((values[row / 8] >> (row % 8)) & 1);
    case 'c': {
        READ(int8_t);
        return PyLong_FromLong(value);
    }
    case 's': {
        READ(int16_t);
        return PyLong_FromLong(value);
    }
    case 'i': {
        READ(int32_t);
        return PyLong_FromLong(value);
    }
    case 'l': {
        READ(int64_t);
        return PyLong_FromLongLong(value);
    }
    case 'C': {
        READ(uint8_t);
        return PyLong_FromLong(value);
    }
    case 'S': {
        READ(uint16_t);
        return PyLong_FromLong(value);
    }
    case 'I': {
        READ(uint32_t);
        return PyLong_FromUnsignedLong(value);
    }
    case 'L': {
        READ(uint64_t);
        return PyLong_FromUnsignedLongLong(value);
    }
    case 'f': {
        READ(float);
        return PyFloat_FromDouble((double)value);
    }
    case 'g': {
        READ(double);
        return PyFloat_FromDouble(value);
    }
    case 'u': return text_value(array, row, true);
    case 'z': return text_value(array, row, false);
    case 'w': return uuid_value(state, values + row * 16);
    case 'd': return decimal_value(state, schema->format, values, row, sql_type);
    case 't': return temporal_value(state, schema->format, values, row);
    default: return nested_value(state, schema, array, row);
    }
}

PyObject *value_row(binding_state *state, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row,
                    PyObject *types)
{
    int64_t count = array->n_children;
    PyObject *tuple = PyTuple_New((Py_ssize_t)count);

    for (int64_t i = 0; tuple && i < count; i++) {
        PyObject *pair = PyList_GetItem(types, (Py_ssize_t)i), *type = pair ? PyTuple_GetItem(pair, 1) : NULL;
        const char *sql_type = type ? PyUnicode_AsUTF8AndSize(type, NULL) : NULL;
        PyObject *value =
            sql_type ? value_read(state, schema->children[i], array->children[i], row + array->offset, sql_type) : NULL;
        if (!value || PyTuple_SetItem(tuple, (Py_ssize_t)i, value)) Py_CLEAR(tuple);
    }
    return tuple;
}
