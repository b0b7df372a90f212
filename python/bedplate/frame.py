"""Frames: a query that is computed when it is asked for (LazyFrame), and its rows (DataFrame)."""

from bedplate import _bedplate
from bedplate.dbapi import _Rows


def _width():
    import shutil

    return shutil.get_terminal_size((120, 24)).columns


class DataFrame(_Rows):
    """Columns of one length in memory, read-only. Copies of it share its memory; every library that speaks Arrow reads it in place.

    `DataFrame({"a": [1, 2], "b": ["x", None]})` takes what `Connection.register` takes.
    """

    def __init__(self, data=None):
        self._core = data if isinstance(data, _bedplate.Table) else _collect(data if data is not None else {})

    @property
    def columns(self):
        """The names of the columns."""
        return [name for name, _ in self._core.columns()]

    @property
    def types(self):
        """The SQL types of the columns."""
        return [kind for _, kind in self._core.columns()]

    @property
    def schema(self):
        """A dict of names to SQL types."""
        return dict(self._core.columns())

    @property
    def height(self):
        """The number of rows."""
        return self._core.height()

    @property
    def width(self):
        """The number of columns."""
        return len(self._core.columns())

    @property
    def shape(self):
        """(rows, columns)"""
        return (self.height, self.width)

    def __len__(self):
        return self.height

    def rows(self):
        """All rows, as a list of tuples."""
        return self._core.fetch()

    fetchall = rows

    def row(self, index):
        """One row, as a tuple; negative indices count from the end."""
        at = index + self.height if index < 0 else index
        if not 0 <= at < self.height:
            raise IndexError(f"there is no row {index}: the frame has {self.height} rows")
        return self._core.fetch(at, 1)[0]

    def iter_rows(self):
        """The rows one after another, as tuples."""
        for start in range(0, self.height, 4096):
            yield from self._core.fetch(start, 4096)

    def to_dict(self):
        """A dict of lists, one a column."""
        from bedplate.export import _names

        return {name: self._core.values(i) for i, name in enumerate(_names(self._core))}

    def to_dicts(self):
        """A list of dicts, one a row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.iter_rows()]

    def _table(self):
        return self._core

    def _take(self):
        return self._core

    def _text(self, form, most_rows):
        return _run_over(self._core, form, most_rows)

    def show(self, max_rows=40):
        """Print it as a box."""
        print(self._text("box", max_rows), end="")

    def __repr__(self):
        return self._text("box", 10).rstrip("\n")

    def _repr_html_(self):
        return self._text("html", 20)

    def __reduce__(self):
        return (_unpickled, (self._core.columns(), self.rows()))


def _unpickled(columns, rows):
    """The frame that was pickled, from its rows and SQL types."""
    lists = zip(*rows, strict=True) if rows else [()] * len(columns)
    names = ", ".join(f'CAST(c{i} AS {kind}) AS "{name.replace(chr(34), chr(34) * 2)}"' for i, (name, kind) in enumerate(columns))
    core = _bedplate.Connection()
    from bedplate import convert

    core.register("pickled", convert.stream({f"c{i}": list(values) for i, values in enumerate(lists)}))
    return DataFrame(core.run(f"SELECT {names} FROM pickled").collect())


def _collect(data):
    """The Table of what can be one."""
    from bedplate import convert

    capsule = convert.stream(data)
    if capsule is None:
        raise _bedplate.ProgrammingError(f"a {type(data).__name__} cannot be a frame; {convert.WHAT_CAN}")
    core = _bedplate.Connection()
    core.register("data", capsule)
    return core.run("FROM data").collect()


def _run_over(table, form, most_rows):
    core = _bedplate.Connection()
    core.register("frame", table.__arrow_c_stream__())
    return core.run("FROM frame").text(form, most_rows, _width())


class LazyFrame(_Rows):
    """A query. collect() computes it; show() prints it; SQL can name it like a table.

    Variables that its SQL named are kept with it, so it means the same wherever it is computed.
    """

    def __init__(self):
        raise TypeError("a LazyFrame comes from sql()")

    @classmethod
    def _of_query(cls, connection, query, parameters, captured, result):
        self = object.__new__(cls)
        self._connection = connection
        self._query = query
        self._parameters = parameters
        self._captured = captured
        self._columns = result.columns()
        self._result = result  # the first use reads it; later ones run the query again
        return self

    @property
    def columns(self):
        """The names of the columns."""
        return [name for name, _ in self._columns]

    @property
    def types(self):
        """The SQL types of the columns."""
        return [kind for _, kind in self._columns]

    def _take(self):
        result, self._result = self._result, None
        self._connection._check()
        if result is None:
            result = self._connection._run(self._query, self._parameters, self._captured)
        return result

    def collect(self):
        """Compute it: a DataFrame."""
        return DataFrame(self._table())

    def fetchall(self):
        """All rows, as a list of tuples."""
        return self._take().fetch()

    def show(self, max_rows=40):
        """Compute it and print it as a box, all but `max_rows` rows left out."""
        print(self._take().text("box", max_rows, _width()), end="")

    def __repr__(self):
        inside = ", ".join(f"{name}: {kind}" for name, kind in self._columns)
        return f"LazyFrame({inside})"

    def _repr_html_(self):
        return self._take().text("html", 20)


def from_arrow(data):
    """A DataFrame of anything that speaks Arrow's PyCapsule protocol; without a copy."""
    return DataFrame(data)


def from_dict(data):
    """A DataFrame of a dict of columns."""
    return DataFrame(data)


def from_numpy(array):
    """A DataFrame of a NumPy array of one or two dimensions, or a structured one."""
    return DataFrame(array)


def from_pandas(frame):
    """A DataFrame of a pandas one."""
    return DataFrame(frame)


def from_polars(frame):
    """A DataFrame of a Polars one."""
    return DataFrame(frame)
