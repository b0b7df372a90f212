"""Bedplate: one C library under Python for tables, text, learning and circuits.

>>> import bedplate as bp
>>> con = bp.connect()
>>> con.execute("SELECT 1 + 1 AS two").fetchall()
[(2,)]
>>> bp.sql("SELECT * FROM 'flights.csv' LIMIT 3").show()        # doctest: +SKIP

Importing loads nothing but the extension module, starts no thread, and costs a few milliseconds: whatever needs more (NumPy,
pandas, Polars, pyarrow, the datetime module) is imported when it is asked for.
"""

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
from bedplate._bedplate import version as __version__

# Where the lazily imported names live.
_HOMES = {
    "connect": "dbapi",
    "Connection": "dbapi",
    "Cursor": "dbapi",
    "Warning": "dbapi",
    "apilevel": "dbapi",
    "threadsafety": "dbapi",
    "paramstyle": "dbapi",
    "Binary": "dbapi",
    "Date": "dbapi",
    "Time": "dbapi",
    "Timestamp": "dbapi",
    "DateFromTicks": "dbapi",
    "TimeFromTicks": "dbapi",
    "TimestampFromTicks": "dbapi",
    "STRING": "dbapi",
    "BINARY": "dbapi",
    "NUMBER": "dbapi",
    "DATETIME": "dbapi",
    "ROWID": "dbapi",
    "config": "default",
    "execute": "default",
    "executemany": "default",
    "register": "default",
    "sql": "default",
    "unregister": "default",
    "DataFrame": "frame",
    "LazyFrame": "frame",
    "from_arrow": "frame",
    "from_dict": "frame",
    "from_numpy": "frame",
    "from_pandas": "frame",
    "from_polars": "frame",
}

__all__ = [
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "__version__",
    *_HOMES,
]


def __getattr__(name):
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'bedplate' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"bedplate.{home}"), name)
    globals()[name] = value  # the next look finds it at once
    return value


def __dir__():
    return sorted({*globals(), *_HOMES})
