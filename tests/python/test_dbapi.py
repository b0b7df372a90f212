"""PEP 249 as the specification words it, and what con.execute() adds. Expected rows by hand."""

import datetime
import decimal
import gc
import subprocess
import sys
import threading
import time
import uuid

import bedplate as bp
import pytest


@pytest.fixture
def con():
    with bp.connect() as connection:
        yield connection


def test_module_attributes():
    assert (bp.apilevel, bp.threadsafety, bp.paramstyle) == ("2.0", 2, "qmark")
    assert issubclass(bp.Warning, Exception) and issubclass(bp.Error, Exception)
    assert issubclass(bp.InterfaceError, bp.Error) and issubclass(bp.DatabaseError, bp.Error)
    for name in ("DataError", "OperationalError", "IntegrityError", "InternalError", "ProgrammingError", "NotSupportedError"):
        assert issubclass(getattr(bp, name), bp.DatabaseError)
        assert getattr(bp.Connection, name) is getattr(bp, name)


def test_constructors():
    assert bp.Date(2020, 2, 29) == datetime.date(2020, 2, 29)
    assert bp.Time(1, 2, 3) == datetime.time(1, 2, 3)
    assert bp.Timestamp(2020, 1, 2, 3, 4, 5) == datetime.datetime(2020, 1, 2, 3, 4, 5)
    assert bp.DateFromTicks(0) == datetime.date(*time.localtime(0)[:3])
    assert bp.TimeFromTicks(0) == datetime.time(*time.localtime(0)[3:6])
    assert bp.TimestampFromTicks(0) == datetime.datetime(*time.localtime(0)[:6])
    assert bp.Binary("ab") == b"ab" and bp.Binary(bytearray(b"ab")) == b"ab"


def test_description_and_type_objects(con):
    cursor = con.cursor()
    assert cursor.description is None
    cursor.execute("SELECT 1 AS a, 'x' AS b, DATE '2020-01-01' AS c, 1.5 AS d, 'a'::BLOB AS e, true AS f")
    assert [entry[0] for entry in cursor.description] == ["a", "b", "c", "d", "e", "f"]
    assert all(len(entry) == 7 for entry in cursor.description)
    assert [entry[1] for entry in cursor.description] == [bp.NUMBER, bp.STRING, bp.DATETIME, bp.NUMBER, bp.BINARY, bp.NUMBER]
    assert cursor.description[0][1] != bp.STRING
    cursor.execute("CREATE TABLE t (a INTEGER)")
    assert cursor.description is None


def test_fetching(con):
    cursor = con.cursor().execute("SELECT * FROM (VALUES (1), (2), (3), (4), (5)) v(a)")
    assert cursor.rowcount == -1
    assert cursor.fetchone() == (1,) and cursor.rownumber == 1
    assert cursor.arraysize == 1 and cursor.fetchmany() == [(2,)]
    assert cursor.fetchmany(2) == [(3,), (4,)]
    assert cursor.fetchall() == [(5,)]
    assert cursor.fetchone() is None and cursor.fetchmany(3) == [] and cursor.fetchall() == []
    assert list(con.cursor().execute("VALUES (1), (2)")) == [(1,), (2,)]


def test_fetching_without_a_query_is_an_error(con):
    cursor = con.cursor()
    for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall):
        with pytest.raises(bp.ProgrammingError, match="execute"):
            fetch()
    cursor.execute("CREATE TABLE t (a INTEGER)")
    with pytest.raises(bp.ProgrammingError, match="no rows"):
        cursor.fetchall()


def test_rowcount(con):
    cursor = con.cursor()
    assert cursor.execute("CREATE TABLE t AS SELECT * FROM (VALUES (1), (2)) v(a)").rowcount == 2
    assert cursor.execute("INSERT INTO t VALUES (3)").rowcount == 1
    assert cursor.executemany("INSERT INTO t VALUES (?)", [[4], [5], (6,)]).rowcount == 3
    assert con.execute("SELECT count(*), sum(a) FROM t").fetchall() == [(6, 21)]


def test_executemany_takes_generators_and_names(con):
    con.execute("CREATE TABLE t (a INTEGER, b VARCHAR)")
    con.executemany("INSERT INTO t VALUES ($a, $b)", ({"a": i, "b": str(i)} for i in range(3)))
    assert con.execute("FROM t").fetchall() == [(0, "0"), (1, "1"), (2, "2")]
    with pytest.raises(bp.ProgrammingError, match="exactly one statement"):
        con.executemany("INSERT INTO t VALUES (?, ?); SELECT 1", [[1, "a"]])
    with pytest.raises(ZeroDivisionError):
        con.executemany("INSERT INTO t VALUES (?, ?)", ([1 // 0, "x"] for _ in range(1)))


VALUES = [
    (1, "INTEGER"),
    (2**40, "BIGINT"),
    (-(2**63), "BIGINT"),
    (1.5, "DOUBLE"),
    ("x", "VARCHAR"),
    ("", "VARCHAR"),
    ("ä€😀", "VARCHAR"),
    (b"\x00\xff", "BLOB"),
    (True, "BOOLEAN"),
    (datetime.date(1, 1, 1), "DATE"),
    (datetime.date(9999, 12, 31), "DATE"),
    (datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), "TIMESTAMP"),
    (datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), "TIMESTAMP WITH TIME ZONE"),
    (datetime.time(23, 59, 59, 1), "TIME"),
    (datetime.timedelta(days=-3, seconds=5, microseconds=1), "INTERVAL"),
    (decimal.Decimal("-12.50"), "DECIMAL(4,2)"),
    (uuid.UUID(int=2**127 + 1), "UUID"),
    ([1, None, 3], "BIGINT[]"),
    ({"a": 1, "b": "x"}, "STRUCT(a INTEGER, b VARCHAR)"),
]


@pytest.mark.parametrize(("value", "sql_type"), VALUES, ids=[repr(value) for value, _ in VALUES])
def test_values_go_in_and_come_out(con, value, sql_type):
    assert con.execute("SELECT $1, typeof($1)", [value]).fetchall() == [(value, sql_type)]


def test_null_and_wide_integers(con):
    assert con.execute("SELECT ?", [None]).fetchone() == (None,)
    assert con.execute("SELECT ?", [2**100]).fetchone() == (2**100,)
    assert con.execute("SELECT -99999999999999999999999999999999999999::HUGEINT").fetchone() == (1 - 10**38,)


def test_text_parameters_take_the_type_of_their_place(con):
    assert con.execute("SELECT DATE '2020-01-01' > ?", ["2019-05-05"]).fetchone() == (True,)


def test_wrong_parameters_are_told(con):
    with pytest.raises(bp.ProgrammingError, match="1 parameter, but 2 values"):
        con.execute("SELECT ?", [1, 2])
    with pytest.raises(bp.ProgrammingError, match=r"\$b"):
        con.execute("SELECT $a, $b", {"a": 1, "c": 2})
    with pytest.raises(bp.ProgrammingError, match="list, tuple or mapping"):
        con.execute("SELECT ?", "x")
    with pytest.raises(bp.ProgrammingError, match="object"):
        con.execute("SELECT ?", [object()])
    with pytest.raises(bp.Error, match="no value"):
        con.execute("SELECT ?")


def test_errors_point_into_the_text(con):
    with pytest.raises(bp.ProgrammingError) as caught:
        con.execute("SELECT 1;\nSELECT 'ä', foo")
    assert str(caught.value).splitlines()[1:] == ["LINE 2: SELECT 'ä', foo", " " * 20 + "^"]
    with pytest.raises(bp.DataError):
        con.execute("SELECT CAST('x' AS INTEGER)").fetchall()
    with pytest.raises(bp.DatabaseError, match="No such file"):
        con.execute("FROM '/nowhere/at/all.csv'")
    assert con.execute("SELECT 1").fetchall() == [(1,)]


def test_several_statements(con):
    rows = con.execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1); SELECT a + ? FROM t; ", [5]).fetchall()
    assert rows == [(6,)]
    assert con.execute("  -- nothing\n").description is None


def test_close(con):
    cursor = con.cursor().execute("SELECT 1")
    cursor.close()
    with pytest.raises(bp.ProgrammingError, match="cursor is closed"):
        cursor.fetchone()
    other = con.cursor().execute("SELECT 1")
    con.close()
    con.close()
    for call in (other.fetchone, con.cursor, con.commit, lambda: con.execute("SELECT 1")):
        with pytest.raises(bp.ProgrammingError, match="connection is closed"):
            call()


def test_transactions_are_refused_clearly(con):
    con.commit()
    with pytest.raises(bp.NotSupportedError, match="transactions"):
        con.rollback()
    with pytest.raises(bp.NotSupportedError, match="database files"):
        bp.connect("file.db")


def test_settings():
    with bp.connect(config={"threads": 1, "memory_limit": "64MB"}) as con:
        assert con.setting("threads") == "1"
        with pytest.raises(bp.Error, match="thread"):
            con.set("thraeds", 2)
        with pytest.raises(MemoryError):
            con.execute("SELECT repeat('x', 1000000000) AS x").fetchall()
        assert con.execute("SELECT 1").fetchall() == [(1,)]


def test_config_is_put_back():
    before = bp.execute("SELECT current_setting('threads')").fetchall()
    with bp.config(threads=1):
        assert bp.execute("SELECT current_setting('threads')").fetchall() == [("1",)]
    assert bp.execute("SELECT current_setting('threads')").fetchall() == before


def test_memory_comes_back(con):
    con.execute("CREATE TABLE t (a INTEGER); DROP TABLE t; SELECT 1").fetchall()
    before = con.memory_used()
    con.execute("CREATE TABLE t AS FROM (VALUES (1), (2)) v(a)")
    con.execute("SELECT string_agg(a::VARCHAR, ',') FROM t").fetchall()
    con.execute("DROP TABLE t")
    con.cursor().execute("SELECT 1")
    gc.collect()
    assert con.memory_used() == before


def test_threads_wait_for_each_other(con):
    con.execute("CREATE TABLE t AS FROM (VALUES (1), (2), (3)) v(a)")
    results = []

    def work():
        cursor = con.cursor()
        for _ in range(50):
            results.append(cursor.execute("SELECT sum(a) FROM t").fetchone())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(6,)] * 200


MAKE = "CREATE TABLE big AS SELECT a.i * 10 + b.i AS i FROM {d} a(i), {d} b(i)".format(
    d="(VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))"
)
MAKE += "; CREATE TABLE huge AS SELECT a.i * 100 + b.i AS i FROM big a, big b"
SLOW = "SELECT sum(a.i * b.i % 7) FROM huge a, huge b, huge c"


def test_interrupt_from_another_thread(con):
    con.execute(MAKE)
    timer = threading.Timer(0.2, con.interrupt)
    timer.start()
    with pytest.raises(bp.OperationalError):
        con.execute(SLOW).fetchall()
    assert con.execute("SELECT 1").fetchall() == [(1,)]


INTERRUPTED = """
import signal, threading, time, os
import bedplate as bp
con = bp.connect()
con.execute({make!r})
def press():
    global pressed
    pressed = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)
threading.Timer(0.3, press).start()
try:
    con.execute({slow!r}).fetchall()
except KeyboardInterrupt:
    print(int(1000 * (time.perf_counter() - pressed)), con.execute("SELECT 1").fetchall())
"""


@pytest.mark.timing
def test_ctrl_c_within_150_ms():
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(make=MAKE, slow=SLOW)], capture_output=True, text=True, timeout=60
    )
    took, rows = run.stdout.split(" ", 1)
    assert int(took) <= 150 and rows.strip() == "[(1,)]", run.stderr


FORKED = """
import os, bedplate as bp
con = bp.connect()
con.execute({make!r})
query = "SELECT sum(i), count(DISTINCT i % 10) FROM huge WHERE i > 50"
expected = con.execute(query).fetchall()
for _ in range(3):
    child = os.fork()
    if child == 0:
        os._exit(0 if con.execute(query).fetchall() == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print("fine")
"""


def test_the_child_of_a_fork_can_query():
    run = subprocess.run([sys.executable, "-c", FORKED.format(make=MAKE)], capture_output=True, text=True, timeout=120)
    assert run.stdout.strip() == "fine", run.stderr


IMPORTS = """
import sys
before = set(sys.modules)
import threading
import bedplate
new = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
print(sorted(new), threading.active_count(), len(open('/proc/self/task').read()) if False else len(__import__('os').listdir('/proc/self/task')))
"""


def test_importing_loads_nothing_else_and_starts_no_thread():
    run = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['bedplate'] 1 1"
