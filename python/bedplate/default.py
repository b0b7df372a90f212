"""The connection behind `bp.sql()` and `bp.execute()`, and the settings that new connections start with."""

from bedplate import dbapi

_connection = None


def connection():
    """The default connection: made at the first use, for the whole process."""
    global _connection
    if _connection is None or _connection.closed:
        _connection = dbapi.Connection()
    return _connection


def sql(query, parameters=None):
    """Run SQL on the default connection: a query gives a LazyFrame, other statements run at once and give None."""
    return connection().sql(query, parameters)


def execute(query, parameters=None):
    """Run SQL on the default connection; fetch from what it returns."""
    return connection().cursor().execute(query, parameters)


def executemany(query, parameters):
    """Run one statement on the default connection once for each set of parameters."""
    return connection().cursor().executemany(query, parameters)


def register(name, data):
    """Make data a table of the default connection."""
    connection().register(name, data)


def unregister(name):
    """Forget a table that was registered with the default connection."""
    connection().unregister(name)


class config:
    """Settings of the default connection and of connections made later: `bp.config(threads=2, memory_limit="1GB")`.

    As a context manager it puts the earlier values back:

    >>> with config(threads=1):
    ...     execute("SELECT 1").fetchall()
    [(1,)]
    """

    def __init__(self, **settings):
        self._before = {name: connection().setting(name) for name in settings}
        self._apply(settings)

    def _apply(self, settings):
        for name, value in settings.items():
            connection().set(name, value)
            dbapi.initial_settings[name] = value

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._apply(self._before)
