"""Python data into Arrow columns: lists of values, NumPy arrays, and whatever is a table.

A column is a tree (name, format, metadata, length, null_count, [buffers], [children]) of Arrow's C data interface; buffers are
anything with the buffer protocol, so NumPy arrays go in without a copy.
"""

import struct
import sys

from bedplate import _bedplate

WHAT_CAN = "what can: Arrow data, pandas and Polars frames, NumPy arrays (one or two dimensions, or structured), a dict of columns"


def stream(data):
    """An arrow_array_stream capsule of what is a table; None when it is none."""
    if hasattr(data, "__arrow_c_stream__"):
        capsule = _stream_of(data)
        if capsule is not None:
            return capsule
    if hasattr(data, "__arrow_c_array__"):
        return _stream_by_pyarrow(data)
    if isinstance(data, dict):
        return _bedplate.make_stream(_table(data.items()))
    if _is_of("pandas", "DataFrame", data):
        return _bedplate.make_stream(_table((str(name), data[name].to_numpy()) for name in data.columns))
    if _is_of("numpy", "ndarray", data):
        return _bedplate.make_stream(_table(_array_columns(data)))
    return None


def _stream_of(data):
    try:
        return data.__arrow_c_stream__()
    except ImportError:  # pandas asks pyarrow for its stream
        return None


def _stream_by_pyarrow(data):
    import pyarrow

    batch = pyarrow.record_batch(data)
    return pyarrow.RecordBatchReader.from_batches(batch.schema, [batch]).__arrow_c_stream__()


def _is_of(module, name, data):
    """isinstance(data, module.name), without importing the module."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(data, getattr(loaded, name))


def _array_columns(array):
    if array.dtype.names:
        return [(name, array[name]) for name in array.dtype.names]
    if array.ndim == 1:
        return [("column0", array)]
    if array.ndim == 2:
        return [(f"column{i}", array[:, i]) for i in range(array.shape[1])]
    raise _bedplate.ProgrammingError(f"an array of {array.ndim} dimensions is no table; one, two, or a structured one is")


def _table(items):
    columns = [column(str(name), values) for name, values in items]
    lengths = {tree[3] for tree in columns}
    if len(lengths) > 1:
        told = ", ".join(f"{tree[0]}: {tree[3]}" for tree in columns)
        raise _bedplate.ProgrammingError(f"the columns of a table have one length, not several ({told})")
    return ("", "+s", None, lengths.pop() if lengths else 0, 0, [None], columns)


def column(name, values):
    """The tree of a column: of a NumPy array, a pandas or Polars series, or any iterable of values."""
    if _is_of("numpy", "ndarray", values):
        return _array_column(name, values)
    if _is_of("pandas", "Series", values):
        return _array_column(name, values.to_numpy())
    if hasattr(values, "to_list"):
        values = values.to_list()
    elif hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, (str, bytes)):
        raise _bedplate.ProgrammingError(f"column {name}: a column is a list of values, not one text")
    return list_column(name, values if type(values) is list else list(values))


# Lists of values ------------------------------------------------------------------------------------------------------------


def list_column(name, values):
    """The tree of a list: its type is that of its values, None is NULL, int and float together are float."""
    types = _bedplate.types_of(values)
    types.discard(type(None))
    if not types:
        return (name, "n", None, len(values), len(values), [], [])
    return _maker(name, types)(name, values)


def _maker(name, types):
    for classes, make in _MAKERS:
        if types <= classes:
            return make
    if len(types) == 1 or all(issubclass(t, next(iter(types))) for t in types):
        make = _maker_of_one(next(iter(types)))
        if make is not None:
            return make
    told = ", ".join(sorted(t.__name__ for t in types))
    raise _bedplate.ProgrammingError(
        f"{f'column {name}: ' if name else ''}values of the class{'es' if len(types) > 1 else ''} {told} have no common SQL type"
    )


def _maker_of_one(kind):
    """Classes that must not be imported to be known, and subclasses."""
    module, name = kind.__module__, kind.__qualname__
    if module == "numpy":
        return lambda column_name, values: column(column_name, [v if v is None else v.item() for v in values])
    if (module, name) in _MAKERS_BY_NAME:
        return _MAKERS_BY_NAME[module, name]
    for base in kind.__mro__[1:-1]:
        if (base.__module__, base.__qualname__) in _MAKERS_BY_NAME:
            return _MAKERS_BY_NAME[base.__module__, base.__qualname__]
        for classes, make in _MAKERS:
            if base in classes:
                return make
    if hasattr(kind, "tolist"):  # numpy arrays as values, and the like
        return lambda column_name, values: column(column_name, [v if v is None else v.tolist() for v in values])
    return None


def _packed(name, values, code, format_text=None, metadata=None):
    nulls, buffers = _bedplate.pack(values, code)
    return (name, format_text or code, metadata, len(values), nulls, buffers, [])


def _booleans(name, values):
    return _packed(name, values, "b")


def _integers(name, values):
    try:
        if all(v is None or -(2**31) <= v < 2**31 for v in values) and len(values) == 1:
            return _packed(name, values, "i")  # a parameter: INTEGER, as a literal
        return _packed(name, values, "l")
    except OverflowError:
        return _wide_integers(name, values)


def _wide_integers(name, values):
    import decimal

    if any(v is not None and not -(2**127) <= v < 2**127 for v in values):
        return _packed(name, [None if v is None else float(v) for v in values], "g")
    if all(v is None or abs(v) < 10**38 for v in values):
        return _fixed(name, values, "d:38,0", 16, lambda v: v.to_bytes(16, "little", signed=True))
    return _decimals(name, [None if v is None else decimal.Decimal(v) for v in values])


def _doubles(name, values):
    return _packed(name, values, "g")


def _texts(name, values):
    return _packed(name, values, "U")


def _blobs(name, values):
    return _packed(name, [v if v is None else bytes(v) for v in values], "Z")


def _fixed(name, values, format_text, width, to_bytes, metadata=None):
    """Values of `width` bytes each."""
    nulls, (validity, _) = _bedplate.pack([None if v is None else True for v in values], "b")
    empty = bytes(width)
    data = b"".join(empty if v is None else to_bytes(v) for v in values)
    return (name, format_text, metadata, len(values), nulls, [validity, data], [])


def _dates(name, values):
    return _packed(name, [None if v is None else v.toordinal() - 719163 for v in values], "i", "tdD")


def _datetimes(name, values):
    import datetime

    zones = {v.tzinfo is not None for v in values if v is not None}
    if len(zones) > 1:
        raise _bedplate.ProgrammingError(f"column {name}: some datetimes have a time zone and some have none")
    aware = zones.pop()
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC if aware else None)
    micro = datetime.timedelta(microseconds=1)
    counts = [None if v is None else (v - epoch) // micro for v in values]
    return _packed(name, counts, "l", "tsu:UTC" if aware else "tsu:")


def _times(name, values):
    def micros(v):
        return ((v.hour * 60 + v.minute) * 60 + v.second) * 1000000 + v.microsecond

    return _packed(name, [None if v is None else micros(v) for v in values], "l", "ttu")


def _timedeltas(name, values):
    def interval(v):
        return struct.pack("<iiq", 0, v.days, (v.seconds * 1000000 + v.microseconds) * 1000)

    return _fixed(name, values, "tin", 16, interval)


def _decimals(name, values):
    import decimal

    finite = [v for v in values if v is not None]
    if any(not v.is_finite() for v in finite):
        return _packed(name, [None if v is None else float(v) for v in values], "g")
    scale = max(max(0, -v.as_tuple().exponent) for v in finite)
    whole = max(max(0, v.adjusted() + 1) for v in finite)
    precision = max(whole + scale, 1)
    if precision > 38:
        raise _bedplate.DataError(
            f"{f'column {name}: ' if name else ''}decimals of {precision} digits do not fit into DECIMAL(38, {scale})"
        )
    context = decimal.Context(prec=40)

    def scaled(v):
        return int(v.scaleb(scale, context)).to_bytes(16, "little", signed=True)

    return _fixed(name, values, f"d:{max(precision, 4)},{scale}" if scale else f"d:{max(precision, 4)},0", 16, scaled)


# Arrow's metadata: int32 count, then int32 length and bytes of each key and value.
def _extension(kind):
    items = [(b"ARROW:extension:name", kind), (b"ARROW:extension:metadata", b"")]
    out = struct.pack("<i", len(items))
    for key, value in items:
        out += struct.pack("<i", len(key)) + key + struct.pack("<i", len(value)) + value
    return out


def _uuids(name, values):
    return _fixed(name, values, "w:16", 16, lambda v: v.bytes, _extension(b"arrow.uuid"))


def _lists(name, values):
    offsets, flat = [0], []
    for value in values:
        flat.extend(value or () if not hasattr(value, "tolist") else value.tolist())
        offsets.append(len(flat))
    nulls, (validity, _) = _bedplate.pack([None if v is None else True for v in values], "b")
    _, (_, packed) = _bedplate.pack(offsets, "l")
    return (name, "+L", None, len(values), nulls, [validity, packed], [column("item", flat)])


def _structs(name, values):
    keys = list(dict.fromkeys(str(key) for value in values if value is not None for key in value))
    nulls, (validity, _) = _bedplate.pack([None if v is None else True for v in values], "b")
    children = [column(key, [None if v is None else v.get(key) for v in values]) for key in keys]
    return (name, "+s", None, len(values), nulls, [validity], children)


_MAKERS = [
    ({bool}, _booleans),
    ({bool, int}, _integers),
    ({bool, int, float}, _doubles),
    ({str}, _texts),
    ({bytes, bytearray, memoryview}, _blobs),
    ({list, tuple}, _lists),
    ({dict}, _structs),
]

_MAKERS_BY_NAME = {
    ("datetime", "date"): _dates,
    ("datetime", "datetime"): _datetimes,
    ("datetime", "time"): _times,
    ("datetime", "timedelta"): _timedeltas,
    ("decimal", "Decimal"): _decimals,
    ("uuid", "UUID"): _uuids,
}

# NumPy arrays ------------------------------------------------------------------------------------------------------------------

_NUMPY_FORMATS = {
    **{"i1": "c", "i2": "s", "i4": "i", "i8": "l", "u1": "C", "u2": "S", "u4": "I", "u8": "L", "f2": "e", "f4": "f", "f8": "g"},
}


def _array_column(name, array):
    import numpy

    mask = numpy.ma.getmaskarray(array) if isinstance(array, numpy.ma.MaskedArray) else None
    array = numpy.ma.getdata(array)
    if array.ndim > 1:
        return list_column(name, array.tolist())
    kind = array.dtype.kind
    if kind in "iuf" and array.dtype.str[1:] in _NUMPY_FORMATS:
        return _numbers(name, array, _NUMPY_FORMATS[array.dtype.str[1:]], mask)
    if kind == "b":
        return _bits(name, array, mask)
    if kind in "mM":
        return _numpy_times(name, array, mask)
    values = array.tolist()
    if mask is not None:
        values = [None if hidden else value for value, hidden in zip(values, mask, strict=True)]
    if kind == "O":
        values = [None if value is None or value != value else value for value in values]  # pandas has NaN where text is missing
    return list_column(name, values)


def _validity(mask):
    """(null_count, bits of what is there) of a mask that is true where something is missing."""
    import numpy

    count = 0 if mask is None else int(numpy.count_nonzero(mask))
    return (count, numpy.packbits(~mask, bitorder="little") if count else None)


def _native(array):
    """In the machine's byte order and without gaps; the array itself when it is so already."""
    import numpy

    return numpy.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def _numbers(name, array, format_text, mask):
    nulls, validity = _validity(mask)
    return (name, format_text, None, len(array), nulls, [validity, _native(array)], [])


def _bits(name, array, mask):
    import numpy

    nulls, validity = _validity(mask)
    return (name, "b", None, len(array), nulls, [validity, numpy.packbits(array, bitorder="little")], [])


_TIME_UNITS = {"s": "s", "ms": "m", "us": "u", "ns": "n"}


def _numpy_times(name, array, mask):
    import numpy

    missing = numpy.isnat(array)
    mask = missing if mask is None else mask | missing
    unit = numpy.datetime_data(array.dtype)[0]
    if array.dtype.kind == "m":
        micros = array.astype("timedelta64[us]").tolist()
        return list_column(name, [None if hidden else value for value, hidden in zip(micros, mask, strict=True)])
    if unit == "D":
        return _numbers(name, array.astype("int64").astype("int32"), "tdD", mask)
    if unit not in _TIME_UNITS:
        array, unit = array.astype("datetime64[s]"), "s"
    return _numbers(name, array.view("int64"), f"ts{_TIME_UNITS[unit]}:", mask)
