"""Results into NumPy, pandas, Polars and pyarrow."""

_NUMPY_TYPES = {
    **{"c": "int8", "s": "int16", "i": "int32", "l": "int64", "C": "uint8", "S": "uint16", "I": "uint32", "L": "uint64"},
    **{"e": "float16", "f": "float32", "g": "float64", "tdm": "datetime64[ms]"},
}
_UNITS = {"s": "s", "m": "ms", "u": "us", "n": "ns"}


def _numpy_type(format_text):
    """The NumPy type of an Arrow format whose values NumPy can read in place; None: there is none."""
    if format_text.startswith("ts"):
        return f"datetime64[{_UNITS[format_text[2]]}]"
    if format_text.startswith("tD"):
        return f"timedelta64[{_UNITS[format_text[2]]}]"
    return _NUMPY_TYPES.get(format_text)


def _mask(batch):
    """True where the value is NULL; None: nowhere."""
    import numpy

    _, length, null_count, offset, buffers, _, _ = batch
    if not null_count or not buffers or buffers[0] is None:
        return None
    bits = numpy.unpackbits(numpy.frombuffer(buffers[0], "uint8"), count=offset + length, bitorder="little")
    return bits[offset:] == 0


def _joined(parts, dtype):
    import numpy

    if len(parts) == 1:
        return parts[0]
    return numpy.concatenate(parts) if parts else numpy.empty(0, dtype)


def _read_fixed(batches, dtype):
    import numpy

    parts = []
    for _, length, _, offset, buffers, _, _ in batches:
        parts.append(numpy.frombuffer(buffers[1], dtype, count=offset + length)[offset:])
    return _joined(parts, dtype)


def _read_dates(batches):
    """DATE as datetime64[us], as DuckDB gives it (datetime64[D] is no type of pandas)."""
    return _read_fixed(batches, "int32").astype("datetime64[D]").astype("datetime64[us]")


def _read_bits(batches):
    import numpy

    parts = []
    for _, length, _, offset, buffers, _, _ in batches:
        bits = numpy.unpackbits(numpy.frombuffer(buffers[1], "uint8"), count=offset + length, bitorder="little")
        parts.append(bits[offset:].view(bool))
    return _joined(parts, bool)


def _object_array(values):
    import numpy

    array = numpy.empty(len(values), dtype=object)
    array[:] = values
    return array


def _read_decimal(batches):
    """float64, as DuckDB gives decimals to NumPy; by way of Python's exact integers."""
    import numpy

    parts = []
    for format_text, length, _, offset, buffers, _, _ in batches:
        scale = int(format_text.rpartition(",")[2])
        halves = numpy.frombuffer(buffers[1], "<u8", count=2 * (offset + length))[2 * offset :].reshape(-1, 2)
        high = halves[:, 1].view("int64")
        small = (high == 0) & (halves[:, 0] < 2**53) | (high == -1) & (halves[:, 0] >= 2**64 - 2**53)
        values = halves[:, 0].view("int64").astype("float64") / 10.0**scale  # both exact below 2^53 and 10^22: rounded once
        for i in numpy.nonzero(~small)[0]:
            values[i] = ((int(high[i]) << 64) + int(halves[i, 0])) / 10**scale
        parts.append(values)
    return _joined(parts, "float64")


def _column(table, index):
    """(array, mask or None) of a column."""
    batches = table.column(index)
    format_text = batches[0][0] if batches else "n"
    masks = [_mask(batch) for batch in batches]
    is_plain = batches and batches[0][6] is None
    dtype = _numpy_type(format_text) if is_plain else None
    if dtype:
        array = _read_fixed(batches, dtype)
    elif format_text == "tdD":
        array = _read_dates(batches)
    elif format_text == "b":
        array = _read_bits(batches)
    elif format_text.startswith("d:"):
        array = _read_decimal(batches)
    else:
        return _object_column(table.values(index))
    return array, _joined_mask(masks, batches)


def _joined_mask(masks, batches):
    import numpy

    if all(mask is None for mask in masks):
        return None
    return numpy.concatenate(
        [numpy.zeros(batch[1], bool) if mask is None else mask for mask, batch in zip(masks, batches, strict=True)]
    )


def _object_column(values):
    import numpy

    array = _object_array(values)
    mask = numpy.fromiter((value is None for value in values), bool, len(values))
    return array, mask if mask.any() else None


def _unique(names):
    """Names with _1, _2 … where they repeat, so that none is lost in a dict."""
    seen, out = set(), []
    for name in names:
        candidate, count = name, 0
        while candidate in seen:
            count += 1
            candidate = f"{name}_{count}"
        seen.add(candidate)
        out.append(candidate)
    return out


def _names(table):
    return _unique([name for name, _ in table.columns()])


def to_numpy(table):
    """A dict of arrays; masked arrays where there are NULLs. Columns of one batch are views of the result's memory."""
    import numpy

    out = {}
    for index, name in enumerate(_names(table)):
        array, mask = _column(table, index)
        out[name] = array if mask is None else numpy.ma.masked_array(array, mask)
    return out


def _pandas_column(table, index, sql_type):
    import pandas

    array, mask = _column(table, index)
    if sql_type == "VARCHAR":
        return pandas.array(table.values(index), dtype="str")
    if sql_type.startswith("ENUM"):
        return pandas.Categorical(table.values(index))
    if array.dtype.kind in "iu" and mask is not None:
        return pandas.arrays.IntegerArray(array.copy(), mask)
    if array.dtype.kind == "b" and mask is not None:
        return pandas.arrays.BooleanArray(array.copy(), mask)
    if sql_type == "INTERVAL":
        array = pandas.array(array, dtype="timedelta64[us]")
    if mask is not None and array.dtype.kind in "fmM":
        array = array.copy()
        array[mask] = "NaT" if array.dtype.kind in "mM" else float("nan")
    if sql_type == "TIMESTAMP WITH TIME ZONE":
        return pandas.DatetimeIndex(array).tz_localize("UTC")
    return array


def to_pandas(table):
    """A pandas DataFrame: NumPy types, nullable ones (Int64, boolean) where integers and booleans have NULLs."""
    import pandas

    kinds = [sql_type for _, sql_type in table.columns()]
    names = [name for name, _ in table.columns()]
    columns = {index: _pandas_column(table, index, kind) for index, kind in enumerate(kinds)}
    frame = pandas.DataFrame(columns, index=range(table.height()), copy=False)
    frame.columns = names
    return frame


def _read(reader, source):
    """What another library makes of our stream. A Ctrl-C meanwhile is an error of the stream to that library; here it is Ctrl-C again."""
    try:
        return reader(source)
    except Exception:
        from bedplate import _bedplate

        _bedplate.raise_interruption()
        raise


def to_polars(source):
    """A Polars DataFrame of a Table or Result. Polars has no type for INTERVAL: it becomes Duration, months counting 30 days."""
    import polars

    if all(kind != "INTERVAL" for _, kind in source.columns()):
        return _read(polars.DataFrame, source)
    table = source.collect() if hasattr(source, "collect") else source
    columns = []
    for index, (name, kind) in enumerate(zip(_names(table), (kind for _, kind in table.columns()), strict=True)):
        if kind == "INTERVAL":
            columns.append(polars.Series(name, table.values(index), dtype=polars.Duration("us")))
        else:
            columns.append(polars.Series(name, _one_column(table, index)))
    return polars.DataFrame(columns)


def _one_column(table, index):
    """A Polars series of one column, through Arrow."""
    import polars

    from bedplate import _bedplate

    core = _bedplate.Connection()
    core.register("frame", table.__arrow_c_stream__())
    names = ", ".join(f"c{i}" for i in range(len(table.columns())))
    return polars.DataFrame(core.run(f"SELECT c{index} FROM frame AS frame({names})")).to_series()


def to_arrow(source):
    """A pyarrow Table, of anything with an Arrow stream."""
    import pyarrow

    return _read(pyarrow.table, source)
