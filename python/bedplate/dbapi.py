"""PEP 249 (DB-API 2.0): connections and cursors.

Threads may share a connection: they wait for each other. Each cursor holds one result; rows are computed as they are fetched.
"""

import sys
import time
import weakref

from bedplate import _bedplate
from bedplate._bedplate import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)

apilevel = "2.0"
threadsafety = 2
paramstyle = "qmark"  # ?, and also $1 and $name

# What Connection() sets first; bp.config() writes here.
initial_settings = {}


class Warning(Exception):  # noqa: A001, N818 (PEP 249 wants this name)
    """Important warnings; none is raised today."""


class _TypeObject:
    """Compares equal to the SQL types of its family, as PEP 249 wants of type objects."""

    def __init__(self, name, *types):
        self._name = name
        self._types = frozenset(types)

    def __eq__(self, other):
        if isinstance(other, _TypeObject):
            return self is other
        return isinstance(other, str) and other.partition("(")[0] in self._types

    def __hash__(self):
        return hash(self._name)

    def __repr__(self):
        return f"bedplate.{self._name}"


STRING = _TypeObject("STRING", "VARCHAR", "UUID", "ENUM")
BINARY = _TypeObject("BINARY", "BLOB", "BIT")
NUMBER = _TypeObject(
    "NUMBER",
    *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    *("FLOAT", "DOUBLE", "DECIMAL"),
)
DATETIME = _TypeObject(
    "DATETIME",
    *("DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "INTERVAL"),
)
ROWID = _TypeObject("ROWID")


def Date(year, month, day):
    """A datetime.date."""
    import datetime

    return datetime.date(year, month, day)


def Time(hour, minute, second):
    """A datetime.time."""
    import datetime

    return datetime.time(hour, minute, second)


def Timestamp(year, month, day, hour, minute, second):
    """A datetime.datetime."""
    import datetime

    return datetime.datetime(year, month, day, hour, minute, second)


def DateFromTicks(ticks):
    """The local date at `ticks` seconds after 1970."""
    return Date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks):
    """The local time of day at `ticks` seconds after 1970."""
    return Time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks):
    """The local date and time at `ticks` seconds after 1970."""
    return Timestamp(*time.localtime(ticks)[:6])


def Binary(data):
    """Bytes, from anything with a buffer or from text (as UTF-8)."""
    return data.encode() if isinstance(data, str) else bytes(data)


def connect(database=":memory:", *, config=None):
    """A new connection with its own memory, threads and tables.

    `config` is a mapping of settings: `connect(config={"threads": 2, "memory_limit": "1GB"})`.
    """
    return Connection(database, config=config)


def _setting_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _names(parameters):
    """Parameters as C takes them: a dict by name, or a list by place."""
    if parameters is None or type(parameters) in (list, tuple, dict):
        return parameters
    if isinstance(parameters, (str, bytes)):
        raise ProgrammingError(
            f"parameters are a list, tuple or mapping of values, not {parameters!r}; for one value write [value]"
        )
    return dict(parameters) if hasattr(parameters, "keys") else list(parameters)


class _Rows:
    """What gives rows, in every form: subclasses have _take(), which gives a Result for the whole."""

    def _table(self):
        return self._take().collect()

    def fetchnumpy(self):
        """A dict of NumPy arrays, one a column; masked arrays where there are NULLs."""
        from bedplate import export

        return export.to_numpy(self._table())

    def df(self):
        """A pandas DataFrame."""
        from bedplate import export

        return export.to_pandas(self._table())

    def pl(self):
        """A Polars DataFrame."""
        from bedplate import export

        return export.to_polars(self._take())

    def arrow(self):
        """A pyarrow Table."""
        from bedplate import export

        return export.to_arrow(self._take())

    def __arrow_c_stream__(self, requested_schema=None):
        """The rows as an Arrow C stream (PyCapsule protocol), computed as they are read."""
        return self._take().__arrow_c_stream__(requested_schema)

    fetchdf = df
    fetch_df = df
    fetch_arrow_table = arrow
    to_pandas = df
    to_polars = pl
    to_arrow = arrow


class Cursor(_Rows):
    """One result at a time of a connection. Also an iterator of rows."""

    def __init__(self, connection):
        self._connection = connection
        self._result = None
        self._closed = False
        self._fetched = 0
        self._rowcount = -1
        self._description = None
        self.arraysize = 1

    @property
    def connection(self):
        """The Connection it belongs to."""
        return self._connection

    @property
    def description(self):
        """For each column (name, type, None, None, None, None, None); None when the statement gives no rows."""
        return self._description

    @property
    def rowcount(self):
        """Rows written by the last INSERT or CREATE TABLE AS; -1 for queries, whose rows are computed as they are fetched."""
        return self._rowcount

    @property
    def rownumber(self):
        """The index of the next row that is fetched."""
        return self._fetched if self._description else None

    def _check(self):
        self._connection._check()
        if self._closed:
            raise ProgrammingError("the cursor is closed")

    def _drop(self):
        if self._result is not None:
            self._result.close()
        self._result = None
        self._description = None
        self._rowcount = -1
        self._fetched = 0

    def execute(self, query, parameters=None):
        """Run SQL: one statement, or several of which the last gets the parameters and gives the rows. Returns the cursor."""
        self._check()
        self._drop()
        self._hold(self._connection._run(query, _names(parameters)))
        return self

    def _hold(self, result):
        self._result = result
        if result is None:
            return
        columns = result.columns()
        if columns:
            self._description = [(name, kind, None, None, None, None, None) for name, kind in columns]
        self._rowcount = result.rows_changed()

    def executemany(self, query, parameters):
        """Run one statement once for each set of parameters. Returns the cursor."""
        self._check()
        self._drop()
        self._rowcount = self._connection._core.run_many(query, (_names(each) for each in parameters))
        return self

    def _open_result(self):
        self._check()
        if self._description is None:
            raise ProgrammingError("there are no rows to fetch: execute() a query first")
        return self._result

    def fetchone(self):
        """The next row as a tuple, or None."""
        rows = self._open_result().fetch(1)
        self._fetched += len(rows)
        return rows[0] if rows else None

    def fetchmany(self, size=None):
        """The next `size` rows (arraysize by default) as a list of tuples."""
        rows = self._open_result().fetch(self.arraysize if size is None else max(size, 0))
        self._fetched += len(rows)
        return rows

    def fetchall(self):
        """All rows that are left, as a list of tuples."""
        rows = self._open_result().fetch()
        self._fetched += len(rows)
        return rows

    def _take(self):
        return self._open_result()

    def __iter__(self):
        return self

    def __next__(self):
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def nextset(self):
        """None: a cursor holds one result."""
        self._check()

    def setinputsizes(self, sizes):
        """Does nothing (PEP 249 allows that)."""

    def setoutputsize(self, size, column=None):
        """Does nothing (PEP 249 allows that)."""

    def close(self):
        """Let the result go; the cursor cannot be used any more."""
        if not self._closed:
            self._drop()
        self._closed = True

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class Connection(_Rows):
    """A database in memory with its own settings. Also a cursor: execute() and fetch…() work on it directly.

    Exceptions are attributes as well (`con.Error`), as PEP 249 suggests.
    """

    DataError = DataError
    DatabaseError = DatabaseError
    Error = Error
    IntegrityError = IntegrityError
    InterfaceError = InterfaceError
    InternalError = InternalError
    NotSupportedError = NotSupportedError
    OperationalError = OperationalError
    ProgrammingError = ProgrammingError
    Warning = Warning

    def __init__(self, database=":memory:", *, config=None):
        if database not in (":memory:", "", None):
            raise NotSupportedError(
                f"database files are not built yet, so {database!r} cannot be opened; connect() gives one in memory"
            )
        self._core = _bedplate.Connection()
        self._closed = False
        self._captured = None  # variables found for the call that runs, by name
        self._pending = None  # LazyFrames found, to be collected before it can run
        self._cursor = Cursor(self)
        myself = weakref.ref(self)  # the hooks must not keep the connection alive
        self._core.set_hooks(lambda name: _find_variable(myself(), name), _parameter_column)
        for name, value in {**initial_settings, **(config or {})}.items():
            self.set(name, value)

    @property
    def closed(self):
        """Whether close() was called."""
        return self._closed

    def _check(self):
        if self._closed:
            raise ProgrammingError("the connection is closed")

    def _run(self, query, parameters=None, captured=None):
        """Run SQL. LazyFrames that it names are collected outside of the call, which is then made again with their rows."""
        captured = {} if captured is None else captured
        while True:
            pending = {}
            self._captured, self._pending = captured, pending
            try:
                return self._core.run(query, parameters)
            except ProgrammingError:
                if not pending:
                    raise
            finally:
                self._captured = self._pending = None
            for name, frame in pending.items():
                captured[name] = frame.collect()

    # PEP 249

    def cursor(self):
        """A new cursor."""
        self._check()
        return Cursor(self)

    def commit(self):
        """Does nothing: every statement is final when it ends."""
        self._check()

    def rollback(self):
        """Not there: statements are final when they end."""
        raise NotSupportedError("there are no transactions yet: a statement is final when it ends")

    def close(self):
        """End the connection and drop its tables. Streams and tables made from it stay valid."""
        if not self._closed:
            self._cursor.close()
            self._core.close()
        self._closed = True

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    # the cursor in it

    def execute(self, query, parameters=None):
        """Run SQL and return the connection, to fetch from."""
        self._cursor.execute(query, parameters)
        return self

    def executemany(self, query, parameters):
        """Run one statement once for each set of parameters."""
        self._cursor.executemany(query, parameters)
        return self

    def fetchone(self):
        """The next row of the last execute() as a tuple, or None."""
        return self._cursor.fetchone()

    def fetchmany(self, size=None):
        """The next rows of the last execute()."""
        return self._cursor.fetchmany(size)

    def fetchall(self):
        """All rows of the last execute() that are left."""
        return self._cursor.fetchall()

    @property
    def description(self):
        """The columns of the last execute()."""
        return self._cursor.description

    @property
    def rowcount(self):
        """The rows written by the last execute()."""
        return self._cursor.rowcount

    def _take(self):
        return self._cursor._take()

    # beyond PEP 249

    def sql(self, query, parameters=None):
        """A query as a LazyFrame (other statements run at once and give None)."""
        from bedplate.frame import LazyFrame

        self._check()
        parameters = _names(parameters)
        captured = {}
        result = self._run(query, parameters, captured)
        if result is None or not result.columns():
            return None
        return LazyFrame._of_query(self, query, parameters, captured, result)

    def register(self, name, data):
        """Make data a table: Arrow (anything with __arrow_c_stream__ or __arrow_c_array__), pandas, Polars, NumPy, or a dict of columns."""
        from bedplate import convert

        self._check()
        capsule = convert.stream(data)
        if capsule is None:
            raise ProgrammingError(f"a {type(data).__name__} cannot be a table; {convert.WHAT_CAN}")
        self._core.register(name, capsule)
        return self

    def unregister(self, name):
        """Forget a registered table."""
        self._check()
        self._core.unregister(name)
        return self

    def set(self, name, value):
        """Change a setting, as SQL's SET does: threads, memory_limit, temp_directory, timeout …"""
        self._check()
        self._core.set(name, _setting_text(value))

    def setting(self, name):
        """The value of a setting, as text."""
        self._check()
        return self._core.setting(name)

    def memory_used(self):
        """Bytes that the connection's data and running queries use now."""
        self._check()
        return self._core.memory_used()

    def interrupt(self):
        """Stop the call that is running, from another thread; it raises OperationalError there."""
        self._core.interrupt()


_MISSING = object()


def _variable(name):
    """The caller's variable of that name: a local one, else a global one."""
    frame = sys._getframe(1)
    while frame is not None and (frame.f_globals.get("__name__") or "").partition(".")[0] == "bedplate":
        frame = frame.f_back
    if frame is None:
        return _MISSING
    value = frame.f_locals.get(name, _MISSING)
    return frame.f_globals.get(name, _MISSING) if value is _MISSING else value


def _find_variable(connection, name):
    """Called when SQL names an unknown table: an Arrow stream of the variable of that name, or None."""
    from bedplate import convert
    from bedplate.frame import LazyFrame

    value = connection._captured.get(name, _MISSING)
    if value is _MISSING:
        value = _variable(name)
    if value is _MISSING:
        return None
    if isinstance(value, LazyFrame):
        connection._pending[name] = value
        return None
    capsule = convert.stream(value)
    if capsule is not None:
        connection._captured[name] = value
    return capsule


def _parameter_column(value):
    """A parameter of a class that C does not know, as a column of one row."""
    from bedplate import convert

    return convert.column("", [value])
