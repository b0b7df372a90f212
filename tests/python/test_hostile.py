"""Bad input and pressure: each case ends in a clear error or the right answer, the process lives, the connection answers, and memory is
back where it was. Limits are those of docs/LIMITS.md; right answers are worked out by hand."""

import contextlib
import faulthandler
import gc
import gzip
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import zlib

import bedplate as bp
import pytest

pytestmark = pytest.mark.hostile
MEGABYTE = 1 << 20
# A short run, for sanitized builds: the tests marked so, and less in each (`BEDPLATE_HOSTILE=short pytest -m short`).
SHORT = os.environ.get("BEDPLATE_HOSTILE") == "short"
MOST_SECONDS = 60  # of one case, on a machine that has other work; a hang is far beyond
SETTINGS = [{}, {"threads": 1}, {"threads": 7, "morsel_rows": 1000}, {"batch_size": 3, "threads": 2}]


@pytest.fixture(autouse=True)
def no_hang():
    faulthandler.dump_traceback_later(600, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def con():
    with bp.connect(config={"timeout": f"{MOST_SECONDS}s"}) as connection:
        yield connection


@pytest.fixture(params=SETTINGS, ids=lambda settings: "-".join(f"{name}{value}" for name, value in settings.items()) or "plain")
def any_con(request):
    with bp.connect(config={"timeout": f"{MOST_SECONDS}s", **request.param}) as connection:
        yield connection


@contextlib.contextmanager
def unharmed(connection):
    """What runs inside leaves the connection usable and no memory behind."""
    run(connection, "CREATE VIEW warm AS SELECT 1; DROP VIEW warm")  # the catalog keeps its room
    connection.execute("SELECT 1").fetchall()
    before = connection.memory_used()
    yield
    assert connection.execute("SELECT 1").fetchall() == [(1,)]
    if connection.memory_used() != before:  # collecting garbage is slow, so only then
        gc.collect()
    assert connection.memory_used() == before


def run(connection, sql, parameters=None):
    """The rows, or the exception without its traceback (which holds on to cursors)."""
    try:
        return connection.execute(sql, parameters).fetchall() if parameters is not None else connection.execute(sql).fetchall()
    except bp.ProgrammingError as error:
        if "no rows" in str(error):  # a statement that gives none
            return []
        return error.with_traceback(None)
    except (bp.Error, MemoryError) as error:
        return error.with_traceback(None)


def refused(connection, sql, words, parameters=None, kind=bp.Error):
    with unharmed(connection):
        result = run(connection, sql, parameters)
        assert isinstance(result, kind), (type(result), str(result)[:200])
        text = str(result)
        assert any(word in text for word in words), text[:300]
        assert len(text) < 5000
        del result


def answered(connection, sql, rows):
    with unharmed(connection):
        result = run(connection, sql)
        assert not isinstance(result, BaseException), str(result)[:300]
        assert result == rows
        del result


# nesting and length ------------------------------------------------------------------------------------------------------------

DEEP = 20_000
NESTED = {
    "parentheses": lambda n: "SELECT " + "(" * n + "1" + ")" * n,
    "open_parentheses": lambda n: "SELECT " + "(" * n,
    "scalar_subqueries": lambda n: "SELECT " + "(SELECT " * n + "1" + ")" * n,
    "from_subqueries": lambda n: "SELECT * FROM " + "(SELECT * FROM " * n + "range(1)" + ")" * n,
    "from_parentheses": lambda n: "SELECT * FROM " + "(" * n + "range(1)" + ")" * n,
    "query_parentheses": lambda n: "(" * n + "SELECT 1" + ")" * n,
    "exists": lambda n: "SELECT 1 WHERE " + "EXISTS (SELECT 1 WHERE " * n + "true" + ")" * n,
    "in_subqueries": lambda n: "SELECT " + "1 IN (SELECT " * n + "1" + ")" * n,
    "case_else": lambda n: "SELECT " + "CASE WHEN false THEN 0 ELSE " * n + "1" + " END" * n,
    "case_when": lambda n: "SELECT " + "CASE WHEN " * n + "true" + " THEN true END" * n,
    "case_then": lambda n: "SELECT " + "CASE WHEN true THEN " * n + "1" + " END" * n,
    "not": lambda n: "SELECT " + "NOT " * n + "true",
    "minus": lambda n: "SELECT " + "- " * n + "1",
    "plus": lambda n: "SELECT " + "+ " * n + "1",
    "tilde": lambda n: "SELECT " + "~" * n + "1",
    "lists": lambda n: "SELECT " + "[" * n + "1" + "]" * n,
    "structs": lambda n: "SELECT " + "{'a': " * n + "1" + "}" * n,
    "maps": lambda n: "SELECT " + "MAP {1: " * n + "1" + "}" * n,
    "casts": lambda n: "SELECT 1" + "::INTEGER" * n,
    "cast_calls": lambda n: "SELECT " + "CAST(" * n + "1" + " AS INTEGER)" * n,
    "calls": lambda n: "SELECT " + "abs(" * n + "1" + ")" * n,
    "coalesce": lambda n: "SELECT " + "coalesce(NULL, " * n + "1" + ")" * n,
    "aggregates": lambda n: "SELECT " + "sum(" * n + "1" + ")" * n,
    "plus_chain": lambda n: "SELECT 1" + "+1" * n,
    "power_chain": lambda n: "SELECT 1" + "^1" * n,
    "text_chain": lambda n: "SELECT 'a'" + "||'a'" * n,
    "compare_chain": lambda n: "SELECT true" + "=true" * n,
    "is_null_chain": lambda n: "SELECT 1" + " IS NULL" * n,
    "between_chain": lambda n: "SELECT 1" + " BETWEEN 0 AND 1" * n,
    "like_chain": lambda n: "SELECT 'a'" + " LIKE 'a'" * n,
    "subscripts": lambda n: "SELECT [1]" + "[1]" * n,
    "slices": lambda n: "SELECT [1]" + "[1:1]" * n,
    "fields": lambda n: "SELECT {'a': 1}" + ".a" * n,
    "dots": lambda n: "SELECT a" + ".a" * n,
    "list_type": lambda n: "SELECT NULL::INTEGER" + "[]" * n,
    "struct_type": lambda n: "SELECT NULL::" + "STRUCT(a " * n + "INTEGER" + ")" * n,
    "map_type": lambda n: "SELECT NULL::" + "MAP(INTEGER, " * n + "INTEGER" + ")" * n,
    "right_joins": lambda n: "SELECT * FROM " + "(range(1) CROSS JOIN " * n + "range(1)" + ")" * n,
    "with_in_with": lambda n: "WITH a AS (" * n + "SELECT 1" + ") SELECT * FROM a" * n,
    "try": lambda n: "SELECT " + "TRY(" * n + "1" + ")" * n,
    "filter": lambda n: "SELECT " + "count(*) FILTER (WHERE 1 = " * n + "1" + ")" * n,
    "rows": lambda n: "SELECT " + "ROW(" * n + "1" + ")" * n,
    "explain": lambda n: "EXPLAIN " * n + "SELECT 1",
    "describe": lambda n: "DESCRIBE " * n + "SELECT 1",
    "interval": lambda n: "SELECT " + "INTERVAL (" * n + "1" + ") DAY" * n,
    "comments": lambda n: "SELECT " + "/*" * n + "*/" * n + "1",
    "union_parentheses": lambda n: "SELECT 1 UNION ALL (" * n + "SELECT 1" + ")" * n,
    "order_by_case": lambda n: "SELECT 1 ORDER BY " + "CASE WHEN true THEN " * n + "1" + " END" * n,
    "create_view": lambda n: "CREATE VIEW deep AS SELECT " + "(" * n + "1" + ")" * n + "; DROP VIEW deep",
    "insert": lambda n: "INSERT INTO t VALUES (" + "(" * n + "1" + ")" * n + ")",
    "copy": lambda n: "COPY (SELECT " + "(" * n + "1" + ")" * n + ") TO '/tmp/never.csv'",
    "set": lambda n: "SET threads = " + "(" * n + "1" + ")" * n,
    "lambda": lambda n: "SELECT " + "list_transform([1], x -> " * n + "1" + ")" * n,
}


@pytest.mark.short
@pytest.mark.parametrize("name", NESTED)
def test_nesting(con, name):
    """Far too deep is an error of words; every depth on the way there is an answer or an error, never a crash."""
    for depth in (DEEP, 64, 999) if SHORT else (DEEP, 2, 10, 60, 63, 64, 65, 200, 499, 500, 998, 999, 1000, 1001, 2000):
        sql = NESTED[name](depth)
        if len(sql) > 1_000_000:
            continue
        with unharmed(con):
            result = run(con, sql)
            if depth == DEEP and name not in ("comments", "plus"):
                assert isinstance(result, bp.Error), str(result)[:200]
            del result


@pytest.mark.short
@pytest.mark.parametrize("name", ["parentheses", "plus_chain", "case_else", "not", "scalar_subqueries", "calls", "casts"])
def test_the_depth_error_says_so(con, name):
    refused(con, NESTED[name](DEEP), ["nested", "levels", "depth"])


LONG = {
    "and": ("SELECT " + " AND ".join(["true"] * DEEP), [(True,)]),
    "or": ("SELECT " + " OR ".join(["false"] * DEEP), [(False,)]),
    "and_of_columns": ("SELECT count(*) FROM range(9) r(i) WHERE " + " AND ".join(["i > 1"] * DEEP), [(7,)]),
    "or_of_columns": ("SELECT count(*) FROM range(9) r(i) WHERE " + " OR ".join(f"i = {i}" for i in range(DEEP)), [(9,)]),
    "in": ("SELECT 99999 IN (" + ",".join(map(str, range(100_000))) + ")", [(True,)]),
    "in_of_column": ("SELECT count(*) FROM range(9) r(i) WHERE i IN (" + ",".join(map(str, range(100_000))) + ")", [(9,)]),
    "in_of_texts": (
        "SELECT count(*) FROM range(9) r(i) WHERE i::VARCHAR IN (" + ",".join(f"'{i}'" for i in range(80_000)) + ")",
        [(9,)],
    ),
    "list": ("SELECT len([" + ",".join(map(str, range(100_000))) + "])", [(100_000,)]),
    "values": (
        "SELECT count(*), sum(a) FROM (VALUES " + ",".join(f"({i})" for i in range(100_000)) + ") v(a)",
        [(100_000, 4999950000)],
    ),
    "case": ("SELECT CASE 9 " + " ".join(f"WHEN {i} THEN {i}" for i in range(DEEP)) + " END", [(9,)]),
    "between": ("SELECT count(*) FROM range(9) r(i) WHERE i" + " BETWEEN 0 AND 9" * 60, [(9,)]),
    "coalesce": ("SELECT coalesce(" + "NULL," * DEEP + "1)", [(1,)]),
    "greatest": ("SELECT greatest(" + ",".join(map(str, range(DEEP))) + ")", [(DEEP - 1,)]),
    "statements": ("SELECT 1;" * 1000, [(1,)]),
    "semicolons": (";" * 100_000 + "SELECT 1", [(1,)]),
    "spaces": ("SELECT" + " " * 900_000 + "1", [(1,)]),
    "comment": ("SELECT /*" + "x" * 900_000 + "*/ 1", [(1,)]),
    "literal": ("SELECT length('" + "x" * 900_000 + "')", [(900_000,)]),
    "quotes": ("SELECT length('" + "''" * 400_000 + "')", [(400_000,)]),
    "digits": ("SELECT 0." + "0" * 20 + "1 > 0", [(True,)]),
}


@pytest.mark.parametrize("name", LONG)
def test_length(con, name):
    sql, rows = LONG[name]
    with unharmed(con):
        result = run(con, sql)
        if isinstance(result, bp.Error):
            assert any(word in str(result) for word in ("limit", "levels", "depth")), str(result)[:300]
            assert name in ("and", "or", "and_of_columns", "or_of_columns", "case", "greatest"), str(result)[:300]
        else:
            assert result == rows
        del result


LENGTHS = {
    "union_all": lambda n: "SELECT count(*) FROM (SELECT 1" + " UNION ALL SELECT 1" * n + ")",
    "union": lambda n: "SELECT count(*) FROM (SELECT 1" + " UNION SELECT 1" * n + ")",
    "except": lambda n: "SELECT 1" + " EXCEPT SELECT 1" * n,
    "comma_join": lambda n: "SELECT count(*) FROM " + ", ".join(f"range(1) t{i}" for i in range(n)),
    "join_on": lambda n: (
        "SELECT count(*) FROM range(1) t0(i) " + " ".join(f"JOIN range(1) t{k}(i) ON t0.i = t{k}.i" for k in range(1, n))
    ),
    "left_join": lambda n: (
        "SELECT count(*) FROM range(1) t0(i) " + " ".join(f"LEFT JOIN range(1) t{k}(i) ON t0.i = t{k}.i" for k in range(1, n))
    ),
    "using": lambda n: "SELECT count(*) FROM range(1) t0(i) " + " ".join(f"JOIN range(1) t{k}(i) USING (i)" for k in range(1, n)),
    "with": lambda n: (
        "WITH a0 AS (SELECT 1 AS i), "
        + ", ".join(f"a{k} AS (SELECT * FROM a{k - 1})" for k in range(1, n))
        + f" SELECT * FROM a{n - 1}"
    ),
    "with_twice": lambda n: (
        "WITH a0 AS (SELECT 1 AS i), "
        + ", ".join(f"a{k} AS (SELECT x.i FROM a{k - 1} x, a{k - 1} y)" for k in range(1, n))
        + f" SELECT * FROM a{n - 1}"
    ),
    "columns": lambda n: "SELECT " + ",".join(["1"] * n),
    "named_columns": lambda n: "SELECT " + ",".join(f"{i} AS c{i}" for i in range(n)),
    "aggregates": lambda n: "SELECT " + ",".join(f"sum(i + {i})" for i in range(n)) + " FROM range(3) r(i)",
    "group_by": lambda n: "SELECT count(*) FROM range(3) r(i) GROUP BY " + ",".join(f"i + {i}" for i in range(n)),
    "order_by": lambda n: "SELECT i FROM range(3) r(i) ORDER BY " + ",".join(f"i + {i}" for i in range(n)),
    "distinct_on": lambda n: "SELECT DISTINCT ON (" + ",".join(f"i + {i}" for i in range(n)) + ") i FROM range(3) r(i)",
    "arguments": lambda n: "SELECT abs(" + ",".join(["1"] * n) + ")",
    "exclude": lambda n: "SELECT * EXCLUDE (" + ",".join(f"c{i}" for i in range(n)) + ") FROM range(3)",
    "table": lambda n: "CREATE OR REPLACE TABLE wide (" + ",".join(f"c{i} INTEGER" for i in range(n)) + "); DROP TABLE wide",
    "struct": lambda n: "SELECT {" + ",".join(f"'c{i}': {i}" for i in range(n)) + "}",
    "subqueries": lambda n: "SELECT " + ",".join(["(SELECT 1)"] * n),
    "filters": lambda n: "SELECT " + ",".join(f"count(*) FILTER (WHERE i > {i})" for i in range(n)) + " FROM range(3) r(i)",
    "parameters": lambda n: "SELECT " + ",".join(["?"] * n),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_many(con, name):
    """More and more of one thing: an answer or an error of words, memory within the limit, and no hang."""
    con.set("memory_limit", "512MB")
    for count in (10, 30, 65, 100, 1000, 9999, 10_000, 10_001, 30_000):
        sql = LENGTHS[name](count)
        if len(sql) > 1_000_000:
            continue
        with unharmed(con):
            result = run(con, sql)
            assert not isinstance(result, bp.InternalError), str(result)[:300]
            assert "time limit" not in str(result)[:200] and "deadline" not in str(result)[:200], (count, str(result)[:200])
            stop = isinstance(result, BaseException)
            del result
        if stop:
            break


def test_views_of_views(con):
    """Twice itself, 40 times: 2^40 scans, were nobody counting."""
    con.set("memory_limit", "256MB")
    con.execute("CREATE VIEW v0 AS SELECT 1 AS i")
    for k in range(1, 80):
        result = run(con, f"CREATE VIEW v{k} AS SELECT x.i FROM v{k - 1} x, v{k - 1} y")
        if isinstance(result, BaseException):
            assert any(word in str(result) for word in ("levels", "limit", "memory", "budget")), str(result)
            break
    else:
        pytest.fail("80 views that double each other were accepted")
    assert con.execute("SELECT * FROM v1").fetchall() == [(1,)]


@pytest.mark.short
def test_text_of_just_the_limit(con):
    with unharmed(con):
        assert len(run(con, "SELECT '" + "x" * (1_000_000 - 9) + "'")[0][0]) == 1_000_000 - 9
    refused(con, "SELECT '" + "x" * (1_000_000 - 8) + "'", ["1000000", "1,000,000"])


# texts that are wrong ----------------------------------------------------------------------------------------------------------

WRONG = [
    "SELECT 'open",
    'SELECT "open',
    "SELECT /* open",
    "SELECT $$open",
    "SELECT $tag$ open $tga$",
    "SELECT 1 +",
    "SELECT (1",
    "SELECT 1)",
    "SELECT [1",
    "SELECT {'a': 1",
    "SELECT",
    "SELECT FROM",
    "SELECT * FROM",
    "SELECT 1 FROM range(1) WHERE",
    "SELECT 1 GROUP BY",
    "SELECT CASE WHEN 1",
    "WITH a AS",
    "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT i FROM a) SELECT * FROM a",
    "CREATE TABLE",
    "CREATE TABLE t (",
    "CREATE VIEW v",
    "INSERT INTO",
    "COPY",
    "COPY t TO",
    "SET",
    "SET threads",
    "SET threads = -1",
    "SET threads = 99999999999999999999",
    "SET memory_limit = '99999999999999999999GB'",
    "SET memory_limit = 'x'",
    "SET batch_size = 0",
    "SET timeout = '1e400s'",
    "SELECT \x00",
    "SELECT 'a\x00b' +",
    "\x00",
    "SELECT \u202e1",
    "SELECT \ufeff",
    "SELECT ÿ",
    "SELECT 1e+",
    "SELECT $999999999999999999999",
    "SELECT $70000",
    "SELECT $",
    "SELECT :",
    "SELECT @",
    "SELECT \\",
    "SELECT ..",
    "SELECT a.b.c.d.e.f",
    "SELECT 1 LIMIT -1",
    "SELECT 1 LIMIT 'x'",
    "SELECT 1 OFFSET -1",
    "SELECT 1 LIMIT 1.5e300",
    "SELECT 1 ORDER BY 99999999999999999999",
    "SELECT i FROM range(3) r(i) GROUP BY 99",
    "SELECT '1'::DECIMAL(99,2)",
    "SELECT '1'::DECIMAL(5,9)",
    "SELECT '1'::DECIMAL(-1)",
    "SELECT '1'::NOTHING",
    "SELECT 'x'::DOUBLE",
    "SELECT '99999999999999999999999'::BIGINT",
    "SELECT 9223372036854775807 + 1",
    "SELECT -9223372036854775808 - 1",
    "SELECT abs((-9223372036854775807 - 1)::BIGINT)",
    "SELECT 170141183460469231731687303715884105727 + 1",
    "SELECT '2020-13-45'::DATE",
    "SELECT '999999999-01-01'::DATE",
    "SELECT DATE '2020-01-01' + 99999999999",
    "SELECT list_resize([1], -1)",
    "SELECT 'abc' LIKE 'a' ESCAPE 'ab'",
    "SELECT unhex('xyz')",
    "SELECT from_base64('***')",
    "SELECT decode('\\xFF'::BLOB)",
    "SELECT sum('x') FROM range(3)",
    "SELECT sum(sum(1))",
    "SELECT i FROM range(3) r(i) WHERE sum(i) > 1",
    "SELECT * FROM range(1, 2, 0)",
    "SELECT count(*) FROM range('x')",
    "SELECT nothing(1)",
    "SELECT abs()",
    "SELECT abs(1, 2)",
    "SELECT * FROM nothing(1)",
    "DROP TABLE nothing",
    "EXPLAIN",
    "SELECT current_setting('nothing')",
    "SELECT * FROM read_csv(NULL)",
    "SELECT * FROM read_csv('')",
    "SELECT * FROM read_csv('/tmp/\x00.csv')",
    "SELECT * FROM '" + "x" * 5000 + ".csv'",
]


@pytest.mark.short
@pytest.mark.parametrize("sql", WRONG, ids=[ascii(sql)[:50] for sql in WRONG])
def test_wrong_texts(con, sql):
    with unharmed(con):
        result = run(con, sql)
        assert isinstance(result, bp.Error), result
        assert not isinstance(result, bp.InternalError) and len(str(result)) > 10
        del result


def test_wrong_texts_as_bytes_that_are_no_utf8(con):
    with unharmed(con):
        with pytest.raises((bp.Error, UnicodeEncodeError)):
            con.execute("SELECT '\ud800'")


RIGHT = [
    ("SELECT 1 LIMIT 9223372036854775807", [(1,)]),
    ("SELECT 1 LIMIT 9223372036854775807 OFFSET 9223372036854775807", []),
    ("SELECT 1e308 * 10", [(float("inf"),)]),
    ("SELECT length(repeat('', 9223372036854775807))", [(0,)]),
    ("SELECT repeat('x', -5)", [("",)]),
    ("SELECT substring('abc', -9223372036854775807, 9223372036854775807)", None),
    ("SELECT substring('abc', 9223372036854775807, 9223372036854775807)", [("",)]),
    ("SELECT 'abc'[9223372036854775807]", [("",)]),
    ("SELECT [1, 2, 3][-9223372036854775807]", [(None,)]),
    ("SELECT left('abc', -9223372036854775807), right('abc', -9223372036854775807)", [("", "")]),
    ("SELECT split_part('a,b', ',', 9223372036854775807)", [("",)]),
    ("SELECT 1 % -1, -9223372036854775807 % -1", [(0, 0)]),
    ("SELECT (-9223372036854775807 - 1) // 1", [(-(2**63),)]),
    ("SELECT round(1.5, 2147483647), round(12345, -2147483647)", None),
    ("SELECT count(*) FROM range(0)", [(0,)]),
    ("SELECT count(*) FROM range(9223372036854775806, 9223372036854775807)", [(1,)]),
    ("SELECT count(*) FROM range(-9223372036854775807, 9223372036854775807, 9223372036854775807)", [(2,)]),
    ("SELECT 1e999999", None),
    ("SELECT 1e-999999", [(0.0,)]),
    ("SELECT " + "9" * 38, [(int("9" * 38),)]),
    ("SELECT " + "9" * 100_000, None),
    ("SELECT 0." + "9" * 100_000, None),
    ('SELECT 1 AS "' + "n" * 1024 + '"', [(1,)]),
    ('SELECT 1 AS "' + "n" * 900_000 + '"', None),
    ("SELECT " + "n" * 900_000, None),
    ("SELECT " + "n" * 900_000 + "(1)", None),
    ('CREATE TABLE "' + "n" * 900_000 + '" (a INTEGER)', None),
    ('SELECT * FROM "' + "n" * 900_000 + '"', None),
    ("SELECT 'a\x00b'", [("a\x00b",)]),
    ("SELECT length('a\x00b')", [(3,)]),
    ("SELECT 'x' AS \"a\x00b\"", None),
    ("SELECT 1 << 63, 1 << 64, 1 << -1", None),
    ("SELECT gcd(-9223372036854775807 - 1, 0)", None),
    ("SELECT lcm(9223372036854775807, 9223372036854775806)", None),
    ("SELECT (-170141183460469231731687303715884105727 - 1) // -1", None),
    ("SELECT (-9223372036854775807 - 1) // -1, (-9223372036854775807 - 1) % -1", None),
    ("SELECT 'x'::BLOB, ''::BLOB, '\\x00'::BLOB", [(b"x", b"", b"\x00")]),
    ("SELECT 1::DECIMAL(38,37), 10::DECIMAL(38,37)", None),
    ("SELECT '1e30'::FLOAT::INTEGER", None),
    ("SELECT 'nan'::DOUBLE::INTEGER", None),
    ("SELECT 'inf'::DOUBLE::DECIMAL(10,2)", None),
    ("SELECT sum(9223372036854775807) FROM range(3)", [(3 * (2**63 - 1),)]),
    ("SELECT sum(170141183460469231731687303715884105727) FROM range(3)", None),
    ("SELECT sum(99999999999999999999999999999999999999) FROM range(3)", None),
    ("SELECT product(1e308) FROM range(3)", [(float("inf"),)]),
    ("SELECT DATE '2020-01-01' - INTERVAL 99999999 YEAR", None),
    ("SELECT INTERVAL 9999999999999 MONTH", None),
    ("SELECT TIMESTAMP '294247-01-10 04:00:54' + INTERVAL 1 DAY", None),
    ("SELECT quantile_cont(i, 2) FROM range(3) r(i)", None),
    ("SELECT quantile_cont(i, -1e300) FROM range(3) r(i)", None),
    ("SELECT log(0), ln(-1), sqrt(-1)", None),
    ("SELECT list_slice([1,2,3], -9223372036854775807, 9223372036854775807)", None),
    ("SELECT list_slice([1,2,3], -9223372036854775807, 9223372036854775807, 9223372036854775807)", None),
    ("SELECT list_slice([1,2,3], 1, 3, -9223372036854775807)", None),
    ("SELECT array_resize([1], 9223372036854775807)", None),
    ("SELECT len(range(-9223372036854775807, 9223372036854775807))", None),
    ("SELECT len(range(0, 9223372036854775807, 9223372036854775807))", [(1,)]),
]


@pytest.mark.short
@pytest.mark.parametrize(("sql", "rows"), RIGHT, ids=[ascii(sql)[:60] for sql, _ in RIGHT])
def test_values_at_the_edge(con, sql, rows):
    """rows None: an answer or an error, as long as it is no defect."""
    con.set("memory_limit", "256MB")
    with unharmed(con):
        result = run(con, sql)
        if rows is None:
            assert not isinstance(result, bp.InternalError), str(result)[:300]
        else:
            assert result == rows
        del result


@pytest.mark.short
def test_many_parameters(con):
    with unharmed(con):
        assert len(run(con, "SELECT [" + ",".join(["?"] * 65_535) + "]", list(range(65_535)))[0][0]) == 65_535
    refused(con, "SELECT [" + ",".join(["?"] * 65_536) + "]", ["65535", "65,535"], list(range(65_536)))


@pytest.mark.short
def test_random_texts(con):
    """Tokens in any order never do harm."""
    words = "SELECT FROM WHERE ( ) [ ] { } , . ; * + - / = < > 'a' \"b\" 1 2.5 NULL true CASE WHEN THEN END AS t i GROUP BY ORDER LIMIT JOIN ON USING UNION ALL DISTINCT COUNT sum WITH VALUES IN NOT LIKE BETWEEN AND OR IS CAST :: INTEGER ? $1 EXPLAIN CREATE TABLE VIEW INSERT INTO DROP COPY TO range abs INTERVAL DATE OVER FILTER -> ^ % || !".split()
    chance = random.Random(11)
    con.execute("CREATE TABLE t AS SELECT * FROM range(3) r(i)")
    for _ in range(300 if SHORT else 3000):
        sql = "SELECT " + " ".join(chance.choice(words) for _ in range(chance.randrange(1, 25)))
        result = run(con, sql)
        assert not isinstance(result, bp.InternalError), (sql, str(result))
    assert con.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.short
def test_cut_texts(con):
    """Every beginning of statements that use everything."""
    con.execute("CREATE TABLE t AS SELECT i, 's' || i AS s FROM range(3) r(i)")
    for sql in (
        "WITH a AS (SELECT i, s, CASE WHEN i > 1 THEN [i] ELSE [] END AS l FROM t WHERE s LIKE 's%' AND i IN (1, 2, 3)) SELECT DISTINCT a.i, count(*) FILTER (WHERE i <> 2) AS n, {'a': 1}.a, l[1:2] FROM a LEFT JOIN t USING (i, s) GROUP BY ALL HAVING n >= 0 ORDER BY 1 DESC NULLS LAST LIMIT 3 OFFSET 0",
        "SELECT i::DECIMAL(10, 2), CAST(s AS VARCHAR), DATE '2020-01-01' + INTERVAL 1 DAY, x'ff', $$a$$, E'\\n', -1.5e3, \"s\" FROM t UNION ALL (SELECT 1, 'a', NULL, NULL, NULL, NULL, 1, 'x') EXCEPT VALUES (1, 'a', NULL, NULL, NULL, NULL, 1, 'x')",
    ):
        for end in range(0, len(sql), 7 if SHORT else 1):
            result = run(con, sql[:end])
            assert not isinstance(result, bp.InternalError), (sql[:end], str(result))
    assert con.execute("SELECT 1").fetchall() == [(1,)]


# memory ------------------------------------------------------------------------------------------------------------------------

EXPLOSIONS = [
    "SELECT length(repeat('x', 8000000000))",
    "SELECT repeat('x', 1000000000) AS x",
    "SELECT lpad('x', 2000000000, 'ab')",
    "SELECT rpad('x', 2000000000, 'ab')",
    "SELECT count(*) FROM (SELECT DISTINCT repeat(i::VARCHAR, 1000000) FROM range(1000) r(i))",
    "SELECT max(length(replace(repeat('a', 1000000), 'a', repeat('b', 100000)))) FROM range(10)",
    "SELECT length(repeat(repeat(repeat('x', 1000), 1000), 1000))",
    "SELECT to_base64(repeat('x', 400000000)::BLOB)",
    "SELECT hex(repeat('x', 200000000))",
    "SELECT upper(repeat('x', 400000000))",
    "SELECT length(repeat('x', 200000000) || repeat('x', 200000000))",
    "SELECT len(range(10000000000))",
    "SELECT len(range(1000000000))",
    "SELECT len(list_resize([1], 1000000000))",
    "SELECT len(array_resize([1::BIGINT], 1000000000, 5))",
    "SELECT len(flatten([range(i + 20000000) FOR i IN [1]]))",
    "SELECT length(string_agg(repeat('x', 1000000), ',')) FROM range(5000)",
    "SELECT length(string_agg(i::VARCHAR, ',')) FROM range(1000000000) r(i)",
    "SELECT len(list(i)) FROM range(1000000000) r(i)",
    "SELECT len(list(repeat('x', 100000))) FROM range(100000)",
    "SELECT count(DISTINCT i) FROM range(1000000000) r(i)",
    "SELECT median(i) FROM range(1000000000) r(i)",
    "SELECT max(s) FROM (SELECT i, string_agg(i::VARCHAR, ',') AS s FROM range(100000000) r(i) GROUP BY i)",
    "SELECT count(*) FROM (SELECT i, count(*) FROM range(1000000000) r(i) GROUP BY i)",
    "SELECT count(*) FROM (SELECT DISTINCT i FROM range(1000000000) r(i))",
    "SELECT count(*) FROM (SELECT i FROM range(1000000000) r(i) UNION SELECT i FROM range(10) r(i))",
    "SELECT count(*) FROM (SELECT i FROM range(10) r(i) EXCEPT SELECT i FROM range(1000000000) r(i))",
    "SELECT count(*) FROM (SELECT i FROM range(1000000000) r(i) INTERSECT SELECT i FROM range(1000000000) r(i))",
    "SELECT * FROM range(1000000000) r(i) ORDER BY i % 1000",
    "SELECT * FROM range(1000000000) r(i) ORDER BY i::VARCHAR LIMIT 100000000",
    "SELECT count(*) FROM range(1000000000) a(i) JOIN range(1000000000) b(i) ON a.i = b.i",
    "SELECT count(*) FROM range(10) a(i) JOIN range(1000000000) b(i) ON a.i < b.i AND a.i + b.i < 5",
    "SELECT count(*) FROM range(1000000000) a(i) FULL JOIN range(1000000000) b(i) ON a.i = b.i",
    "CREATE TABLE huge AS SELECT * FROM range(1000000000)",
    "CREATE TABLE huge AS SELECT repeat('x', 1000) AS s FROM range(100000000)",
    "SELECT * FROM (SELECT repeat('x', 100000000) AS a, repeat('y', 100000000) AS b, repeat('z', 100000000) AS c)",
    "SELECT max(a.s || b.s) FROM (SELECT repeat('x', 30000000) AS s FROM range(3)) a, (SELECT repeat('y', 90000000) AS s FROM range(3)) b",
    "SUMMARIZE SELECT i, i::VARCHAR || repeat('x', 1000) AS s FROM range(100000000) r(i)",
]


@pytest.mark.parametrize("limit", ["256MB", "16MB"])
@pytest.mark.parametrize("sql", EXPLOSIONS)
def test_more_than_the_limit(con, sql, limit):
    con.set("memory_limit", limit)
    con.set("spill", "never")  # else the disk would have to hold it
    con.set("threads", 2)
    with unharmed(con):
        result = run(con, sql)
        assert (
            isinstance(result, MemoryError)
            or (
                isinstance(result, bp.Error)
                and any(word in str(result) for word in ("limit", "longer than", "larger than", "at most"))
            )
            or ("FOR i IN" in sql and isinstance(result, bp.Error))
        ), str(result)[:300]
        del result
    assert con.execute("SHOW TABLES").fetchall() == []


SMALL_EXPLOSIONS = [
    "SELECT repeat('x', 1000000000) AS x",
    "SELECT * FROM range(100000000) r(i) ORDER BY -i",
    "SELECT count(*) FROM (SELECT i, count(*) FROM range(100000000) r(i) GROUP BY i)",
    "SELECT count(*) FROM range(100000000) a(i) JOIN range(100000000) b(i) ON a.i = b.i",
    "CREATE TABLE huge AS SELECT * FROM range(100000000)",
    "SELECT length(string_agg(i::VARCHAR, ',')) FROM range(100000000) r(i)",
    "SELECT count(*) FROM (SELECT i FROM range(100000000) r(i) UNION SELECT i FROM range(10) r(i))",
]


@pytest.mark.parametrize("sql", SMALL_EXPLOSIONS)
def test_more_than_the_limit_in_any_setting(any_con, sql):
    any_con.set("memory_limit", "8MB")
    any_con.set("spill", "never")
    refused(any_con, sql, ["memory"], kind=MemoryError)


@pytest.mark.short
def test_a_limit_of_next_to_nothing(con):
    """With any limit from 1 byte on, a query gives its rows or the error."""
    con.execute("CREATE TABLE t AS SELECT i, i::VARCHAR AS s FROM range(5000) r(i)")
    outcomes = set()
    for limit in [1, 100, 1000, *range(400_000, 8_000_000, 200_000)]:
        con.set("memory_limit", str(limit))
        result = run(con, "SELECT s, count(*) FROM t a JOIN t b USING (i, s) GROUP BY s ORDER BY s LIMIT 1")
        assert isinstance(result, MemoryError) or result == [("0", 1)], str(result)
        outcomes.add(isinstance(result, MemoryError))
        con.set("memory_limit", "1GB")
        assert con.execute("SELECT count(*) FROM t").fetchall() == [(5000,)]
    assert outcomes == {True, False}


def test_results_larger_than_the_limit_stream(con):
    con.set("memory_limit", "32MB")
    total = 0
    with unharmed(con):
        cursor = con.cursor().execute("SELECT i, repeat('x', 100) FROM range(1000000) r(i)")
        while rows := cursor.fetchmany(10_000):
            total += len(rows)
        cursor.close()
        del cursor, rows
    assert total == 1_000_000


CROSS = "SELECT sum(a.i * b.i % 7) FROM range(1000000) a(i), range(1000000) b(i)"


def test_cross_join_with_a_timeout(any_con):
    any_con.set("timeout", "300ms")
    any_con.set("memory_limit", "64MB")
    began = time.perf_counter()
    refused(any_con, CROSS, ["time"])
    assert time.perf_counter() - began < 10


def test_resident_memory_stays_within_the_limit():
    """The process, not only the account: 400 MB of work under a limit of 64 MB."""
    program = """
import bedplate as bp
def peak():  # getrusage() begins with the peak of the process that started this one
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
con = bp.connect(config={"memory_limit": "64MB", "threads": 4, "spill": "never"})
con.execute("SELECT 1").fetchall()
before = peak()
for sql in ("SELECT * FROM range(50000000) r(i) ORDER BY -i", "SELECT count(*) FROM (SELECT DISTINCT i FROM range(50000000) r(i))",
            "SELECT length(string_agg(repeat('x', 1000000), ',')) FROM range(400)"):
    try:
        print(con.execute(sql).fetchall())
    except MemoryError:
        pass
print((peak() - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and int(done.stdout) < 64 + 64, done.stdout + done.stderr


def test_eight_gigabytes_where_the_system_gives_none():
    """The system refuses, not the account."""
    program = """
import resource, bedplate as bp
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
con = bp.connect(config={"memory_limit": "unlimited", "threads": 2})
for sql in ("SELECT length(repeat('x', 1000000000) || repeat('y', 1000000000))", "CREATE TABLE t AS SELECT * FROM range(1000000000)",
            "SELECT count(*) FROM (SELECT DISTINCT i FROM range(1000000000) r(i))", "SELECT * FROM range(1000000000) r(i) ORDER BY i % 10"):
    try:
        con.execute(sql).fetchall()
    except MemoryError:
        assert con.execute("SELECT 1").fetchall() == [(1,)]
    else:
        raise SystemExit("no error: " + sql)
print("fine")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "fine", done.stdout + done.stderr


# files -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def file_of(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return str(path)


def csv_cases():
    lines = b"a,b\n" + b"".join(b"%d,text %d\n" % (i, i) for i in range(20_000))
    packed = gzip.compress(lines)
    yield "field_100MB.csv", lambda: b"a,b\n1," + b"x" * (100 * MEGABYTE) + b"\n", "", ["limit", "bytes"]
    yield "quoted_100MB.csv", lambda: b'a,b\n1,"' + b"x\n" * (50 * MEGABYTE) + b'"\n', "", ["limit", "bytes"]
    yield (
        "open_quote.csv",
        lambda: b'a,b\n1,"x\n' + b"2,y\n" * 1000,
        ", header=true, delim=',', quote='\"', escape='\"', auto_detect=false, columns={'a': 'INTEGER', 'b': 'VARCHAR'}",
        ["quote"],
    )
    yield (
        "million_columns.csv",
        lambda: b",".join(b"c%d" % i for i in range(1_000_000)) + b"\n" + b",".join([b"1"] * 1_000_000) + b"\n",
        "",
        ["column", "10000"],
    )
    yield (
        "columns_10001.csv",
        lambda: b",".join(b"c%d" % i for i in range(10_001)) + b"\n" + b",".join([b"1"] * 10_001) + b"\n",
        "",
        ["column", "10000"],
    )
    yield "invalid.csv", lambda: b"a,b\n1,x\n2,\xff\xfe\xfd\n", ", header=true, delim=','", ["UTF-8"]
    yield "cut_gzip.csv.gz", lambda: packed[: len(packed) // 2], "", ["gzip", "end", "cut", "trunc"]
    yield "cut_gzip_trailer.csv.gz", lambda: packed[:-4], "", ["gzip", "end", "cut", "trunc"]
    yield (
        "bad_gzip.csv.gz",
        lambda: packed[:5000] + bytes(byte ^ 0x55 for byte in packed[5000:5100]) + packed[5100:],
        "",
        ["gzip", "damaged", "corrupt"],
    )
    yield "bad_checksum.csv.gz", lambda: packed[:-8] + b"\0\0\0\0" + packed[-4:], "", ["gzip", "check"]
    yield "no_gzip.csv.gz", lambda: b"a,b\n1,2\n", ", compression='gzip'", ["gzip"]
    yield "no_zstd.csv.zst", lambda: b"a,b\n1,2\n", ", compression='zstd'", ["zstd"]
    yield "cut_zstd.csv.zst", lambda: b"\x28\xb5\x2f\xfd\x04\x00", "", ["zstd", "end", "cut"]
    yield (
        "misfit.csv",
        lambda: b"a\n" + b"1\n" * 50_000 + b"x\n",
        ", columns={'a': 'INTEGER'}, header=true, delim=','",
        ["50002", "50,002"],
    )
    yield (
        "wide_row.csv",
        lambda: b"a,b\n1,2\n" * 100 + b"1,2,3\n",
        ", header=true, delim=',', auto_detect=false, columns={'a': 'VARCHAR', 'b': 'VARCHAR'}",
        ["column", "field", "line"],
    )
    yield "empty.csv", lambda: b"", ", columns={'a': 'INTEGER'}, encoding='utf-9'", ["utf-8"]


@pytest.mark.parametrize("case", list(csv_cases()), ids=lambda case: case[0])
def test_bad_csv(con, folder, case):
    name, data, options, words = case
    path = file_of(folder, name, data())
    con.set("memory_limit", "1GB")
    refused(
        con,
        f"SELECT count(*), count(COLUMNS(*)) FROM read_csv('{path}'{options})"
        if False
        else f"SELECT * FROM read_csv('{path}'{options})",
        words,
    )
    refused(con, f"CREATE TABLE t AS SELECT * FROM read_csv('{path}'{options})", words)
    assert con.execute("SHOW TABLES").fetchall() == []


ODD = [
    ("newlines.csv", b"\n" * 1_000_000),
    ("spaces.csv", b" " * 1_000_000),
    ("commas.csv", b"," * 9_999),
    ("nul.csv", b"\0" * 100_000),
    ("nul_in_field.csv", b"a,b\n1,x\0y\n2,z\n"),
    ("quotes.csv", b'"' * 1_000_001),
    ("quote_storm.csv", b"a,b\n" + b'"",""""""\n' * 50_000),
    ("quote_comma_storm.csv", b'",' * 500_000),
    ("crs.csv", b"\r" * 1_000_000),
    ("mixed_ends.csv", b"a,b\n1,2\r3,4\r\n5,6\n" * 1000),
    ("empty.csv", b""),
    ("one_byte.csv", b"a"),
    ("bom.csv", b"\xef\xbb\xbf"),
    ("half_bom.csv", b"\xef\xbb"),
    ("utf16.csv", "a,b\n1,ä\n".encode("utf-16")),
    ("utf16_be.csv", b"\xfe\xff" + "a,b\n1,ä\n".encode("utf-16-be")),
    ("odd_utf16.csv", "a,b\n1,2\n".encode("utf-16-le") + b"\x00"),
    ("lone_surrogate.csv", "a,b\n1,".encode("utf-16-le") + b"\x00\xd8" + "x\n".encode("utf-16-le")),
    ("utf32.csv", "a,b\n1,ä\n".encode("utf-32")),
    ("same_names.csv", b",".join([b"a"] * 9_999) + b"\n" + b",".join([b"1"] * 9_999) + b"\n"),
    ("columns_10000.csv", b",".join(b"c%d" % i for i in range(10_000)) + b"\n" + b",".join([b"1"] * 10_000) + b"\n"),
    ("long_name.csv", b"n" * 1_000_000 + b",b\n1,2\n"),
    ("long_numbers.csv", b"a\n" + b"9" * 1_000_000 + b"\n" + b"1" + b"0" * 400 + b"\n"),
    ("dates.csv", b"d\n" + b"0000-00-00\n9999-99-99\n2020-02-30\n-1-1-1\n99999999999-01-01\n" * 200),
    ("random.csv", random.Random(5).randbytes(300_000)),
    ("png.csv", b"\x89PNG\r\n\x1a\n" + random.Random(6).randbytes(10_000)),
    ("gzip_of_nothing.csv.gz", gzip.compress(b"")),
    ("gzip_and_junk.csv.gz", gzip.compress(b"a,b\n1,2\n") + b"junk behind it"),
    ("gzip_twice.csv.gz", gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n")),
    ("zero.csv.gz", b""),
    ("ten_bytes.csv.gz", gzip.compress(b"a,b\n")[:10]),
    ("escapes.csv", b'a,b\n"\\"\\\\",\\\n' * 10_000),
    ("comments.csv", b"# x\n" * 10_000 + b"a,b\n1,2\n"),
    ("ragged.csv", b"\n".join(b"," * (i % 50) for i in range(10_000))),
]
OPTIONS = [
    "",
    ", all_varchar=true, header=false",
    ", encoding='latin-1'",
    ", encoding='utf-16'",
    ", ignore_errors=true",
    ", null_padding=true, strict_mode=false",
    ", quote='', escape='', delim=';'",
    ", columns={'a': 'INTEGER', 'b': 'DATE'}, header=false, auto_detect=false",
]


@pytest.mark.short
@pytest.mark.parametrize("case", ODD, ids=lambda case: case[0])
def test_odd_csv(con, folder, case):
    """Rows or an error in words; the same with blocks of 16 bytes and seven threads."""
    path = file_of(folder, case[0], case[1][:50_000] if SHORT else case[1])
    con.set("memory_limit", "1GB")
    for options in OPTIONS[:2] if SHORT else OPTIONS:
        results = []
        for settings in ({"csv_block_size": "1MiB", "threads": 1}, {"csv_block_size": "64", "threads": 7}):
            if settings["threads"] == 7 and len(case[1]) > 200_000:
                settings["csv_block_size"] = "4096"
            for name, value in settings.items():
                con.set(name, value)
            with unharmed(con):
                result = run(con, f"SELECT * FROM read_csv('{path}'{options})")
                assert not isinstance(result, bp.InternalError), (options, str(result)[:300])
                assert "time limit" not in str(result)[:200]
                results.append(type(result) if isinstance(result, BaseException) else repr(result))
                del result
        assert results[0] == results[1], (
            options,
            results[0][:300] if isinstance(results[0], str) else results[0],
            results[1][:300] if isinstance(results[1], str) else results[1],
        )


def test_a_million_bytes_of_zeros_that_are_a_gigabyte(con, folder):
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    chunk = bytes(16 * MEGABYTE)
    bomb = b"".join([squeeze.compress(chunk) for _ in range(64)] + [squeeze.flush()])
    assert len(bomb) < 1_100_000
    path = file_of(folder, "bomb.csv.gz", bomb)
    con.set("memory_limit", "256MB")
    for options in ("", ", header=false, auto_detect=false, columns={'a': 'VARCHAR'}", ", ignore_errors=true"):
        refused(con, f"SELECT count(*) FROM read_csv('{path}'{options})", ["limit", "bytes"], kind=(bp.Error, MemoryError))


def test_a_bomb_of_lines(con, folder):
    """A gigabyte of short lines in a megabyte is legal: it streams."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    chunk = b"1\n" * (2 * MEGABYTE)
    path = file_of(folder, "lines.csv.gz", b"".join([squeeze.compress(chunk) for _ in range(50)] + [squeeze.flush()]))
    con.set("memory_limit", "256MB")
    answered(
        con,
        f"SELECT count(*), sum(a) FROM read_csv('{path}', header=false, columns={{'a': 'INTEGER'}})",
        [(50 * 2 * MEGABYTE,) * 2],
    )


@pytest.mark.short
def test_paths(con, folder):
    (folder / "there").mkdir()
    (folder / "there" / "a.csv").write_text("a\n1\n")
    (folder / "folder.csv").mkdir()
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    (folder / "dangling.csv").symlink_to(folder / "nothing")
    for path, words in (
        (folder, ["directory", "folder", "CSV"]),
        (folder / "folder.csv", ["directory", "folder"]),
        (folder / "nothing.csv", ["No such file"]),
        (folder / "nothing*.csv", ["match", "No such file", "no file"]),
        (folder / "there" / "a.csv" / "b.csv", ["Not a directory", "No such file"]),
        (folder / "loop.csv", ["symbolic links", "No such file"]),
        (folder / "dangling.csv", ["No such file"]),
        ("/dev/nothing.csv", ["No such file"]),
        ("/" + "x" * 300 + ".csv", ["too long"]),
        ("/" + "x/" * 3000 + "a.csv", ["4096", "too long"]),
        (str(folder) + "/[", ["match", "bracket", "No such file", "no file", "["]),
        (str(folder) + "/{a,b", ["match", "brace", "No such file", "no file", "{"]),
        (str(folder) + "/" + "{a,b}" * 20, ["1024", "alternatives"]),
        (str(folder) + "/" + "**/" * 1000 + "x.csv", ["match", "no file", "No such file"]),
        (str(folder) + "/" + "*a" * 1000 + ".csv", ["match", "no file", "No such file"]),
    ):
        refused(con, f"SELECT * FROM read_csv('{path}')", words)
    if os.geteuid():
        (folder / "secret.csv").write_text("a\n1\n")
        (folder / "secret.csv").chmod(0)
        refused(con, f"SELECT * FROM '{folder}/secret.csv'", ["Permission denied"])
    refused(con, "SELECT * FROM '/proc/self/mem.csv'", ["No such file", "Permission"])
    with unharmed(con):
        run(con, "SELECT * FROM read_csv('/proc/self/mem')")


def test_endless_files_end_by_timeout(con):
    con.set("timeout", "500ms")
    con.set("memory_limit", "256MB")
    for path in ("/dev/zero", "/dev/urandom"):
        with unharmed(con):
            result = run(con, f"SELECT count(*) FROM read_csv('{path}')")
            assert isinstance(result, (bp.Error, MemoryError)), result
            del result
    with unharmed(con):
        result = run(con, "SELECT count(*) FROM read_csv('/dev/null')")
        assert not isinstance(result, bp.InternalError)
        del result


def test_a_pipe_without_a_writer_ends_by_timeout(con, folder):
    os.mkfifo(folder / "pipe.csv")
    con.set("timeout", "300ms")
    began = time.perf_counter()
    refused(con, f"SELECT * FROM '{folder}/pipe.csv'", ["time"])
    assert time.perf_counter() - began < 5
    con.set("timeout", "30s")
    writer = threading.Thread(target=lambda: (folder / "pipe.csv").write_text("a,b\n1,2\n"))
    writer.start()
    assert con.execute(f"SELECT * FROM '{folder}/pipe.csv'").fetchall() == [(1, 2)]
    writer.join()


@pytest.mark.short
def test_a_pipe_whose_writer_falls_silent_ends_by_timeout(con, folder):
    os.mkfifo(folder / "pipe.csv")
    kept = os.open(folder / "pipe.csv", os.O_RDWR)
    os.write(kept, b"a,b\n1,2\n")
    con.set("timeout", "300ms")
    refused(con, f"SELECT * FROM '{folder}/pipe.csv'", ["time"])
    os.close(kept)


LINES = b"".join(b"%d,text of line %d\n" % (i, i) for i in range(300_000))


@pytest.mark.short
@pytest.mark.parametrize("threads", [1, 4])
def test_a_file_that_is_cut_while_it_is_read(con, folder, threads):
    path = pathlib.Path(file_of(folder, "cut.csv", b"a,b\n" + LINES))
    con.set("threads", threads)
    with unharmed(con):
        cursor = con.cursor().execute(f"SELECT a, b FROM read_csv('{path}', header=true, delim=',')")
        assert cursor.fetchone() == (0, "text of line 0")
        os.truncate(path, 1000)
        try:
            count = 1 + len(cursor.fetchall())
            assert count <= 300_000
        except bp.Error as error:
            assert any(word in str(error) for word in ("changed", "shorter", "cut", "end")), str(error)
        cursor.close()
        del cursor
    con.execute(f"SELECT count(*) FROM '{path}'").fetchall()


def test_a_file_that_shrinks_and_grows_under_repeated_queries(con, folder):
    path = pathlib.Path(file_of(folder, "moving.csv", b"a,b\n" + LINES))
    stop = threading.Event()

    def disturb():
        chance = random.Random(3)
        while not stop.is_set():
            os.truncate(path, chance.randrange(len(LINES)))
            with path.open("ab") as file:
                file.write(LINES[: chance.randrange(100_000)])
            time.sleep(0.002)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for _ in range(40):
            result = run(con, f"SELECT count(*), max(b), sum(a) FROM read_csv('{path}', header=true, delim=',')")
            assert not isinstance(result, (bp.InternalError, MemoryError)), str(result)
    finally:
        stop.set()
        thread.join()
    path.write_bytes(b"a,b\n1,x\n")
    assert con.execute(f"SELECT * FROM '{path}'").fetchall() == [(1, "x")]


def test_a_file_that_is_replaced_while_it_is_read(con, folder):
    path = pathlib.Path(file_of(folder, "old.csv", b"a,b\n" + LINES))
    cursor = con.cursor().execute(f"SELECT a, b FROM read_csv('{path}', header=true, delim=',')")
    cursor.fetchone()
    os.replace(file_of(folder, "new.csv", b"x\nnew\n"), path)
    assert len(cursor.fetchall()) == 299_999  # the open file is still the old one
    assert con.execute(f"SELECT * FROM '{path}'").fetchall() == [("new",)]
    view = f"CREATE VIEW v AS SELECT * FROM '{path}'"
    con.execute(view)
    path.write_text("p,q\n1,2\n")
    result = run(con, "SELECT * FROM v")
    assert isinstance(result, bp.Error) or result == [(1, 2)]


@pytest.mark.short
def test_copy_to_bad_places(con, folder):
    con.execute("CREATE TABLE t AS SELECT i, 'text ' || i AS s FROM range(100000) r(i)")
    (folder / "folder.csv").mkdir()
    (folder / "file").write_text("x")
    con.execute(f"COPY t TO '{folder}/first.csv'")  # starts the threads
    for path, words in (
        ("/dev/full", ["No space left"]),
        (f"{folder}/nothing/out.csv", ["No such file"]),
        (f"{folder}/file/out.csv", ["Not a directory"]),
        (f"{folder}/folder.csv", ["directory", "folder"]),
        (f"{folder}/" + "x" * 300, ["too long"]),
        ("/proc/out.csv", ["/proc/out.csv"]),
        ("", ["name", "path", "file"]),
    ):
        before = sorted(os.listdir(folder))
        refused(con, f"COPY t TO '{path}'" if path else "COPY t TO ''", words)
        assert sorted(os.listdir(folder)) == before  # nothing half-written is left
    assert con.execute("SELECT count(*) FROM t").fetchall() == [(100_000,)]


def test_a_full_disk(con, folder):
    """A file of at most 64 KiB, by RLIMIT_FSIZE: the target is as it was and no temporary file is left."""
    program = f"""
import resource, signal, os, bedplate as bp
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
con = bp.connect()
con.execute("CREATE TABLE t AS SELECT i, 'text ' || i AS s FROM range(100000) r(i)")
open("{folder}/out.csv", "w").write("old")
for options in ("", " (COMPRESSION gzip)"):
    try:
        con.execute("COPY t TO '{folder}/out.csv'" + options)
        raise SystemExit("no error")
    except bp.Error as error:
        assert "large" in str(error) or "space" in str(error), error
    assert open("{folder}/out.csv").read() == "old"
    assert os.listdir("{folder}") == ["out.csv"], os.listdir("{folder}")
print(con.execute("SELECT 1").fetchall())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[(1,)]", done.stdout + done.stderr


def test_copy_onto_the_file_that_is_read(con, folder):
    path = file_of(folder, "self.csv", b"a,b\n" + LINES)
    con.execute(f"COPY (SELECT a, b FROM '{path}' WHERE a % 2 = 0) TO '{path}'")
    assert con.execute(f"SELECT count(*), sum(a % 2) FROM '{path}'").fetchall() == [(150_000, 0)]
    assert os.listdir(folder) == ["self.csv"]


@pytest.mark.short
def test_copy_that_fails_half_way_leaves_the_target(con, folder):
    path = file_of(folder, "kept.csv", b"a\nold\n")
    refused(
        con, f"COPY (SELECT CASE WHEN i = 99999 THEN 'x' ELSE '1' END::INTEGER AS i FROM range(100000) r(i)) TO '{path}'", ["x"]
    )
    assert pathlib.Path(path).read_bytes() == b"a\nold\n" and os.listdir(folder) == ["kept.csv"]


def test_copy_into_a_closed_pipe(con, folder):
    os.mkfifo(folder / "pipe")
    reader = threading.Thread(target=lambda: open(folder / "pipe", "rb").read(10))
    reader.start()
    con.set("timeout", "10s")
    refused(con, f"COPY (SELECT * FROM range(10000000)) TO '{folder}/pipe'", ["pipe", "Broken", "regular"])
    with contextlib.suppress(OSError):  # a reader that nobody met
        os.close(os.open(folder / "pipe", os.O_WRONLY | os.O_NONBLOCK))
    reader.join(5)


@pytest.mark.short
@pytest.mark.parametrize("seed", range(6))
def test_damaged_files(con, folder, seed):
    """Bytes changed, cut and doubled at random, plain and packed."""
    chance = random.Random(seed)
    whole = b"id,name,when,value\n" + b"".join(b'%d,"na""me %d",2020-01-%02d,%d.5\n' % (i, i, i % 28 + 1, i) for i in range(300))
    for turn in range(6 if SHORT else 60):
        data = bytearray(gzip.compress(whole, mtime=0) if turn % 3 == 0 else whole)
        for _ in range(chance.randrange(1, 20)):
            kind, at = chance.randrange(4), chance.randrange(len(data))
            if kind == 0:
                data[at] = chance.randrange(256)
            elif kind == 1:
                data[at] ^= 1 << chance.randrange(8)
            elif kind == 2:
                data[at : at + chance.randrange(50)] = b'"' if chance.randrange(2) else b"\n"
            else:
                data[at:at] = data[at : at + chance.randrange(500)]
        path = file_of(folder, f"damaged{turn}.csv" + (".gz" if turn % 3 == 0 else ""), bytes(data))
        con.set("csv_block_size", "1MiB" if turn % 2 else "100")
        with unharmed(con):
            result = run(con, f"SELECT * FROM read_csv('{path}'{chance.choice(OPTIONS)})")
            assert not isinstance(result, bp.InternalError), str(result)
            del result


# registered data ---------------------------------------------------------------------------------------------------------------


class Angry:
    """An object whose stream raises."""

    def __arrow_c_stream__(self, requested_schema=None):
        raise RuntimeError("angry")


@pytest.mark.short
def test_registered_objects_that_fail(con):
    with unharmed(con):
        for value in (Angry(), object(), 5, [1, object()], {"a": [1], "b": [1, 2]}):
            with pytest.raises((bp.Error, RuntimeError, TypeError, ValueError)):
                con.register("bad", value)
                con.execute("SELECT * FROM bad").fetchall()


# Ctrl-C ------------------------------------------------------------------------------------------------------------------------

SLOW = {
    "cross_join_count": "SELECT count(*) FROM range(10000000) a(i), range(10000000) b(i) WHERE a.i + b.i = -1",
    "cross_join_sum": CROSS,
    "inequality_join": "SELECT count(*) FROM range(1000000) a(i) JOIN range(1000000) b(i) ON a.i < b.i",
    "scan": "SELECT sum(i * i % 7) FROM range(100000000000) r(i)",
    "sort": "SELECT i FROM range(20000000) r(i) ORDER BY hash(i)",
    "sort_numbers": "SELECT i FROM range(30000000) r(i) ORDER BY (i * 7919) % 1000003",
    "sort_texts": "SELECT i FROM range(5000000) r(i) ORDER BY 'a long common beginning of text ' || ((i * 7919) % 1000003)",
    "top_n": "SELECT i FROM range(100000000000) r(i) ORDER BY (i * 7919) % 1000003 LIMIT 10",
    "top_many": "SELECT i FROM range(100000000) r(i) ORDER BY (i * 7919) % 1000003 LIMIT 1000000",
    "groups": "SELECT i, count(*) FROM range(20000000) r(i) GROUP BY i",
    "groups_of_texts": "SELECT s, count(*) FROM (SELECT 'text ' || i AS s FROM range(10000000) r(i)) GROUP BY s",
    "count_distinct": "SELECT count(DISTINCT i) FROM range(50000000) r(i)",
    "count_distinct_in_groups": "SELECT i % 10, count(DISTINCT i) FROM range(30000000) r(i) GROUP BY 1",
    "median": "SELECT median((i * 7919) % 1000003) FROM range(30000000) r(i)",
    "string_agg": "SELECT length(string_agg(i::VARCHAR, ',')) FROM range(100000000) r(i)",
    "list": "SELECT len(list(i)) FROM range(100000000) r(i)",
    "distinct": "SELECT count(*) FROM (SELECT DISTINCT i FROM range(30000000) r(i))",
    "union": "SELECT count(*) FROM (SELECT i FROM range(20000000) r(i) UNION SELECT i + 1 FROM range(20000000) r(i))",
    "except": "SELECT count(*) FROM (SELECT i FROM range(20000000) r(i) EXCEPT SELECT i + 1 FROM range(20000000) r(i))",
    "intersect": "SELECT count(*) FROM (SELECT i FROM range(20000000) r(i) INTERSECT SELECT i + 1 FROM range(20000000) r(i))",
    "join": "SELECT count(*) FROM range(30000000) a(i) JOIN range(30000000) b(i) ON a.i = b.i",
    "join_texts": "SELECT count(*) FROM (SELECT 't' || i AS s FROM range(5000000) r(i)) a JOIN (SELECT 't' || i AS s FROM range(5000000) r(i)) b USING (s)",
    "join_many_matches": "SELECT count(*) FROM (SELECT i % 2 AS k FROM range(1000000) r(i)) a JOIN (SELECT i % 2 AS k FROM range(1000000) r(i)) b USING (k)",
    "left_join_residual": "SELECT count(*) FROM (SELECT i % 2 AS k, i FROM range(300000) r(i)) a LEFT JOIN (SELECT i % 2 AS k, i FROM range(300000) r(i)) b ON a.k = b.k AND a.i + b.i < 0",
    "anti_join": "SELECT count(*) FROM range(1000000) a(i) WHERE NOT EXISTS (SELECT 1 FROM range(1000000) b(i) WHERE b.i * 2 = a.i)",
    "not_in": "SELECT count(*) FROM range(30000000) a(i) WHERE i NOT IN (SELECT i * 2 FROM range(30000000) b(i))",
    "create_table": "CREATE TABLE made AS SELECT i, i * 2 AS j FROM range(100000000) r(i)",
    "insert": "CREATE TABLE made (i BIGINT); INSERT INTO made SELECT i FROM range(100000000) r(i)",
    "levenshtein": "SELECT levenshtein(repeat('ab', 20000), repeat('ba', 20000) || i) FROM range(100) r(i)",
    "damerau": "SELECT damerau_levenshtein(repeat('ab', 10000), repeat('ba', 10000) || i) FROM range(100) r(i)",
    "jaro": "SELECT jaro_similarity(repeat('ab', 30000), repeat('ba', 30000) || i) FROM range(1000) r(i)",
    "jaccard": "SELECT jaccard(repeat('ab', 10000000) || i, repeat('ba', 10000000)) FROM range(1000) r(i)",
    "repeat": "SELECT sum(length(repeat('text', 10000000 + i::INTEGER))) FROM range(1000) r(i)",
    "upper": "SELECT sum(length(upper(repeat('straße', 5000000) || i))) FROM range(1000) r(i)",
    "reverse": "SELECT sum(length(reverse(repeat('straße', 5000000) || i))) FROM range(1000) r(i)",
    "replace": "SELECT sum(length(replace(repeat('ab', 10000000) || i, 'a', 'xyz'))) FROM range(1000) r(i)",
    "replace_chain": "SELECT sum(length(replace(repeat('a', 20000000) || i, repeat('a', 1000) || 'b', ''))) FROM range(1000) r(i)",
    "like": "SELECT count(*) FROM range(1000) r(i) WHERE repeat('a', 20000000) || i LIKE '%a%a%a%b%'",
    "like_steps": "SELECT count(*) FROM range(100) r(i) WHERE repeat('a', 1000000) || i LIKE '%' || repeat('a', 5000) || 'b%'",
    "like_underscores": "SELECT count(*) FROM range(100) r(i) WHERE repeat('a', 1000000) || i LIKE '%' || repeat('_', 5000) || 'b%'",
    "strpos": "SELECT sum(strpos(repeat('a', 20000000) || i, repeat('a', 5000) || 'b')) FROM range(1000) r(i)",
    "translate": "SELECT sum(length(translate(repeat('abc', 10000000) || i, 'abc', 'xyz'))) FROM range(1000) r(i)",
    "trim": "SELECT sum(length(trim(repeat(' ', 20000000) || i))) FROM range(1000) r(i)",
    "lpad": "SELECT sum(length(lpad(i::VARCHAR, 30000000, 'ab'))) FROM range(1000) r(i)",
    "base64": "SELECT sum(length(to_base64((repeat('abc', 10000000) || i)::BLOB))) FROM range(1000) r(i)",
    "hex": "SELECT sum(length(hex(repeat('abc', 10000000) || i))) FROM range(1000) r(i)",
    "url_encode": "SELECT sum(length(url_encode(repeat('a c', 10000000) || i))) FROM range(1000) r(i)",
    "split_part": "SELECT sum(length(split_part(repeat('a,', 10000000) || i, ',', 9999999))) FROM range(1000) r(i)",
    "concat": "SELECT sum(length(repeat('a', 20000000) || i || repeat('b', 20000000))) FROM range(1000) r(i)",
    "range_list": "SELECT sum(len(range(i + 20000000))) FROM range(1000) r(i)",
    "list_sort": "SELECT sum(list_sort(range(i + 10000000), 'DESC')[1]) FROM range(1000) r(i)",
    "list_distinct": "SELECT sum(len(list_distinct(range(i + 10000000)))) FROM range(1000) r(i)",
    "list_sum": "SELECT sum(list_sum(range(i + 20000000))) FROM range(1000) r(i)",
    "list_contains": "SELECT count(*) FROM range(1000) r(i) WHERE list_contains(range(i + 20000000), -1)",
    "list_has_any": "SELECT count(*) FROM range(1000) r(i) WHERE list_has_any(range(i + 3000000), range(-3000000, 0))",
    "list_intersect": "SELECT count(*) FROM range(1000) r(i) WHERE len(list_intersect(range(i + 3000000), range(3000000))) = 1",
    "list_reverse": "SELECT sum(list_reverse(range(i + 20000000))[1]) FROM range(1000) r(i)",
    "list_texts": "SELECT sum(len(list_sort([repeat('a', 5000000) || i, repeat('a', 5000000) || 'b']))) FROM range(1000) r(i)",
    "fetch": "SELECT i, i::VARCHAR, i * 1.5 FROM range(100000000) r(i)",
    "csv_scan": "SELECT max(b), sum(a) FROM '{folder}/big.csv'",
    "csv_scan_many": "SELECT count(*) FROM '{folder}/big.csv' a, '{folder}/big.csv' b WHERE a.b = b.b || 'x' OR a.a < 0",
    "csv_gzip": "SELECT max(b), sum(a) FROM '{folder}/lines.csv.gz'",
    "csv_sniff_gzip": "SELECT count(*) FROM read_csv('{folder}/lines.csv.gz', sample_size=-1)",
    "csv_quotes": "SELECT * FROM read_csv('{folder}/quotes.csv')",
    "csv_pipe": "SELECT * FROM '{folder}/pipe.csv'",
    "csv_zero": "SELECT count(*) FROM read_csv('/dev/zero')",
    "csv_random": "SELECT count(*) FROM read_csv('/dev/urandom')",
    "copy": "COPY (SELECT i, i::VARCHAR || 'text' AS s, i * 1.5 AS d FROM range(100000000) r(i)) TO '{folder}/out.csv'",
    "copy_gzip": "COPY (SELECT i, i::VARCHAR || 'text' AS s, i * 1.5 AS d FROM range(100000000) r(i)) TO '{folder}/out.csv.gz'",
    "copy_zstd": "COPY (SELECT i, i::VARCHAR || 'text' AS s, i * 1.5 AS d FROM range(100000000) r(i)) TO '{folder}/out.csv.zst'",
    "summarize": "SUMMARIZE SELECT i, i::VARCHAR AS s FROM range(20000000) r(i)",
    "values": "SELECT count(*) FROM (VALUES " + ",".join(f"({i})" for i in range(100_000)) + ") v(a), range(100000000)",
    "views": "WITH a0 AS (SELECT 1 AS i), "
    + ", ".join(f"a{k} AS (SELECT x.i FROM a{k - 1} x, a{k - 1} y)" for k in range(1, 40))
    + " SELECT * FROM a39",
    "case": "SELECT sum(CASE WHEN i % 3 = 0 THEN i ELSE length(repeat('x', (i % 100)::INTEGER)) END) FROM range(10000000000) r(i)",
    "cast": "SELECT max(i::VARCHAR::DOUBLE::VARCHAR) FROM range(10000000000) r(i)",
    "limit_offset": "SELECT i FROM range(10000000000000) r(i) LIMIT 1 OFFSET 9999999999999",
    "empty_filter": "SELECT i FROM range(10000000000000) r(i) WHERE i < 0",
    "regexp": "SELECT count(*) FROM range(1000) r(i) WHERE regexp_matches(repeat('ab', 10000000) || i, '(a|b)*c$')",
    "regexp_replace": "SELECT sum(length(regexp_replace(repeat('ab', 10000000) || i, 'a+', 'x', 'g'))) FROM range(1000) r(i)",
    "split": "SELECT sum(len(string_split(repeat('a,', 5000000) || i, ','))) FROM range(1000) r(i)",
    "list_transform": "SELECT sum(len(list_transform(range(i + 10000000), x -> x * 2))) FROM range(1000) r(i)",
    "window": "SELECT sum(n) FROM (SELECT sum(i) OVER (ORDER BY (i * 7919) % 1000003) AS n FROM range(20000000) r(i))",
    "mode": "SELECT mode((i * 7919) % 1000003) FROM range(30000000) r(i)",
    "mode_of_one_value": "SELECT mode(i % 1) FROM range(100000000) r(i)",
    "mode_of_texts": "SELECT mode('t' || (i * 7919) % 1000003) FROM range(5000000) r(i)",
    "quantiles": "SELECT quantile_cont((i * 7919) % 1000003, [0.1, 0.5]) FROM range(30000000) r(i)",
    "mad": "SELECT mad((i * 7919) % 1000003) FROM range(30000000) r(i)",
    "list_in_order": "SELECT len(list(i ORDER BY (i * 7919) % 1000003)) FROM range(30000000) r(i)",
    "distinct_list": "SELECT len(list(DISTINCT i)) FROM range(30000000) r(i)",
    "sort_wide_texts": "SELECT s FROM (SELECT repeat('x', 1000) || (i * 7919) % 1000003 AS s FROM range(1000000) r(i)) ORDER BY s",
    "sort_many_keys": "SELECT i FROM range(10000000) r(i) ORDER BY i % 2, i % 3, i % 5, i % 7, i % 11, i DESC",
    "full_join": "SELECT count(*) FROM range(20000000) a(i) FULL JOIN range(10000000, 30000000) b(i) ON a.i = b.i",
    "explain_analyze": "EXPLAIN ANALYZE SELECT i, count(*) FROM range(20000000) r(i) GROUP BY i",
    "many_aggregates": "SELECT " + ",".join(f"sum(i + {k})" for k in range(9999)) + " FROM range(1000000) r(i)",
    "many_keys": "SELECT i FROM range(100000) r(i) ORDER BY " + ",".join(f"i + {k}" for k in range(9999)),
    "many_conditions": "SELECT count(*) FROM range(10) r(i) WHERE " + " AND ".join(["i > 1"] * 90_000),
    "many_columns": "CREATE TABLE made AS SELECT " + ",".join(f"i + {k} AS c{k}" for k in range(9999)) + " FROM range(100000) r(i)",
    "many_elements": "SELECT len([" + ",".join(["1"] * 480_000) + "]) FROM range(1000) r(i)",
    "length": "SELECT sum(length(repeat('ß', 30000000) || i)) FROM range(1000) r(i)",
    "graphemes": "SELECT sum(length_grapheme(repeat('ß', 30000000) || i)) FROM range(1000) r(i)",
    "substring": "SELECT sum(length(substring(repeat('ß', 50000000) || i, 40000000, 5))) FROM range(1000) r(i)",
    "trim_of_a_set": "SELECT sum(length(trim(repeat('äb', 10000000) || i, 'abcä'))) FROM range(1000) r(i)",
    "ilike": "SELECT count(*) FROM range(1000) r(i) WHERE repeat('ä', 20000000) || i ILIKE '%x%y%'",
    "unhex": "SELECT sum(octet_length(unhex(repeat('ab', 30000000)))) FROM range(1000) r(i) WHERE i >= 0",
    "from_base64": "SELECT sum(octet_length(from_base64(repeat('abcd', 10000000)))) FROM range(1000) r(i)",
    "blob": "SELECT sum(octet_length((repeat('ab', 30000000) || i)::BLOB)) FROM range(1000) r(i)",
    "md5": "SELECT max(md5(repeat('a', 200000000) || i)) FROM range(1000) r(i)",
    "sha256": "SELECT max(sha256(repeat('a', 200000000) || i)) FROM range(1000) r(i)",
    "list_of_texts": "SELECT sum(len(range(i + 5000000)::VARCHAR[])) FROM range(1000) r(i)",
    "text_of_a_list": "SELECT sum(length(range(i + 10000000)::VARCHAR)) FROM range(1000) r(i)",
    "list_from_text": "SELECT sum(len(('[' || repeat('1,', 3000000) || i || ']')::INTEGER[])) FROM range(1000) r(i)",
    "array_to_string": "SELECT sum(length(array_to_string(range(i + 10000000), ','))) FROM range(1000) r(i)",
    "list_filter": "SELECT sum(len(list_filter(range(i + 10000000), x -> x % 2 = 0))) FROM range(1000) r(i)",
    "list_reduce": "SELECT sum(list_reduce(range(i + 10000000), (a, b) -> a + b)) FROM range(1000) r(i)",
    "list_zip": "SELECT sum(len(list_zip(range(i + 5000000), range(5000000)))) FROM range(1000) r(i)",
    "list_concat": "SELECT sum(len(list_concat(range(i + 10000000), range(10000000)))) FROM range(1000) r(i)",
    "list_slice_step": "SELECT sum(len(range(i + 20000000)[2:10000000:2])) FROM range(1000) r(i)",
    "list_median": "SELECT sum(list_median(range(i + 10000000))) FROM range(1000) r(i)",
    "list_series": "SELECT sum(len(generate_series(TIMESTAMP '0001-01-01', TIMESTAMP '2024-01-01', INTERVAL 1 MINUTE))) FROM range(10) r(i) WHERE i >= 0",
    "strptime": "SELECT count(strptime('2020-01-01', '%Y-%m-%d')) FROM range(10000000000) r(i) WHERE i >= 0",
}

# Long values: few at once, so that they fit in memory.
FEW_ROWS = {
    *("jaro", "jaccard", "repeat", "upper", "reverse", "replace", "replace_chain", "like", "strpos", "translate", "trim", "lpad"),
    *("base64", "hex", "url_encode", "split_part", "concat", "list_texts", "range_list", "list_sort", "list_distinct", "list_sum"),
    *("list_contains", "list_has_any", "list_intersect", "list_reverse", "regexp", "regexp_replace", "split", "list_transform"),
    *(
        "length",
        "graphemes",
        "substring",
        "trim_of_a_set",
        "ilike",
        "unhex",
        "from_base64",
        "blob",
        "md5",
        "sha256",
        "list_of_texts",
    ),
    *("text_of_a_list", "list_from_text", "array_to_string", "list_filter", "list_reduce", "list_zip", "list_concat"),
    *("list_slice_step", "list_median", "list_series", "many_elements"),
}

INTERRUPTED = """
import signal, stat, threading, time, os, sys
import bedplate as bp
con = bp.connect(config={{"memory_limit": "3GB"{settings}}})
pressed = [None]
def held(): # bytes that the system will have to take back: resident ones, and those of temporary files
    bytes = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            file = os.fstat(int(descriptor))
        except OSError:
            continue
        bytes += 512 * file.st_blocks if stat.S_ISREG(file.st_mode) and file.st_nlink == 0 else 0
    return bytes
def press():
    pressed[0] = time.perf_counter(), time.process_time(), held()
    os.kill(os.getpid(), signal.SIGINT)
con.execute("SELECT 1").fetchall()
sql = sys.stdin.read()
timer = threading.Timer({delay}, press)
timer.start()
outcome = "done"
try:
    try:
        {action}
    except (bp.Error, MemoryError) as error:
        outcome = type(error).__name__ + ": " + str(error)[:100]
    timer.cancel()
except KeyboardInterrupt:
    outcome = "interrupted" if outcome == "done" else outcome
now = time.perf_counter(), time.process_time()
if outcome == "interrupted":
    given_back = int({per_gigabyte} * pressed[0][2] / 1e9)
    print(max(0, int(1000 * (now[1] - pressed[0][1])) - given_back), int(1000 * (now[0] - pressed[0][0])), end=" ")
else:
    print(-1, -1, end=" ")
assert con.execute("SELECT 1").fetchall() == [(1,)]
print(outcome, flush=True)  # _exit does not flush
os._exit(0)
"""


@pytest.fixture(scope="module")
def big_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("big")
    with open(folder / "big.csv", "wb") as file:
        file.write(b"a,b\n")
        for _ in range(40):
            file.write(LINES)
    with gzip.open(folder / "lines.csv.gz", "wb", compresslevel=1) as file:
        file.write(b"a,b\n")
        for _ in range(60):
            file.write(LINES)
    (folder / "quotes.csv").write_bytes(b'a,b\n1,"' + b'x""\n' * (12 * MEGABYTE))
    os.mkfifo(folder / "pipe.csv")
    return folder


def latency(sql, settings="", delay=0.3, action="con.execute(sql).fetchall()"):
    """From the key to the exception: milliseconds of all processors (without giving memory back), milliseconds by the clock; and what became
    of the query."""
    program = INTERRUPTED.format(settings=settings, delay=delay, action=action, per_gigabyte=GIVING_BACK_MS)
    done = subprocess.run([sys.executable, "-c", program], input=sql, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout, done.stderr[-2000:]
    work, took, outcome = done.stdout.split(" ", 2)
    return int(work), int(took), outcome.strip()


# What is promised is 150 ms. It is held by the time of the processors, of all threads together, which does not depend on what else the machine
# does (but for colder caches: hence three attempts); the clock has a bound that only a hang passes. The time the system needs for taking memory
# back is not ours: measured with 4 KiB pages, 3 GB take it 170 to 300 ms, a temporary file of 1 GB (what came through a pipe) 150.
MOST_WORK_MS = 150
GIVING_BACK_MS = 100  # a gigabyte
MOST_CLOCK_MS = 3000


def held(sql, settings, delays, **how):
    """Pressed at each of the moments. A stretch that is too long is there at every attempt; what disturbs one is not."""
    interrupted, outcome = 0, ""
    for delay in delays:
        attempts = []
        for _ in range(3):
            work, took, outcome = latency(sql, settings, delay, **how)
            assert not outcome.startswith("InternalError"), outcome
            if outcome != "interrupted":
                break
            assert took <= MOST_CLOCK_MS, f"{took} ms, pressed after {delay} s"
            attempts.append(min(work, took))  # two threads that work for 100 ms keep nobody waiting for 200
            if attempts[-1] <= MOST_WORK_MS:
                break
        if attempts:
            assert min(attempts) <= MOST_WORK_MS, f"{min(attempts)} ms of work, pressed after {delay} s"
            interrupted += 1
    if not interrupted:
        pytest.skip(outcome)


@pytest.mark.timing
@pytest.mark.parametrize("name", SLOW)
def test_ctrl_c(big_files, name):
    sql = SLOW[name].replace("{folder}", str(big_files))
    settings = ', "batch_size": 8, "threads": 2' if name in FEW_ROWS else ', "threads": 2'
    held(sql, settings, (0.2, 0.8))


FETCHES = {
    "fetchall": None,
    "fetchnumpy": "numpy",
    "df": "pandas",
    "arrow": "pyarrow",
    "pl": "polars",
}


@pytest.mark.timing
@pytest.mark.parametrize("name", FETCHES)
def test_ctrl_c_while_rows_become_objects(name):
    """Ctrl-C stays Ctrl-C, also where another library reads our stream and tells its end as an error of its own."""
    if FETCHES[name]:
        pytest.importorskip(FETCHES[name])
    load = f"__import__({FETCHES[name]!r}); " if FETCHES[name] else ""
    action = f"{load}timer.cancel(); timer = threading.Timer({{delay}}, press); timer.start(); con.execute(sql).{name}()"
    # Later our part is done, and what pandas makes of the arrays is not ours to interrupt.
    # of fetchall() the objects made so far are freed too, 50 ns each by Python: so it is pressed while they are few
    for delay in (0.1, 0.3) if name == "fetchall" else (0.2, 0.8):
        held("SELECT i, i::VARCHAR AS s FROM range(40000000) r(i)", "", (delay,), action=action.format(delay=delay))


@pytest.mark.timing
def test_ctrl_c_while_a_pipe_is_full(tmp_path):
    """Nobody reads what is written: no work, so the clock judges."""
    os.mkfifo(tmp_path / "pipe")
    action = (
        f"threading.Thread(target=lambda: os.open({str(tmp_path / 'pipe')!r}, os.O_RDONLY), daemon=True).start(); con.execute(sql)"
    )
    work, took, outcome = latency(f"COPY (SELECT i FROM range(100000000) r(i)) TO '{tmp_path}/pipe'", "", 1.0, action)
    assert outcome == "interrupted" and work <= MOST_WORK_MS and took <= MOST_CLOCK_MS, (outcome, work, took)


@pytest.mark.timing
def test_ctrl_c_while_text_is_made(big_files):
    """As the command prints it."""
    import signal

    command = pathlib.Path(__file__).parents[2] / "build/bin/bedplate"
    if not command.exists():
        pytest.skip("no command is built")
    for layout in ("box", "csv", "markdown", "html", "line", "json"):
        best = 10_000
        for _ in range(5):
            child = subprocess.Popen(
                [command, "sql", "--format", layout, "-c", "SELECT i, i::VARCHAR AS s, i * 1.5 AS d FROM range(10000000) r(i)"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            time.sleep(0.4)
            began = time.perf_counter()
            child.send_signal(signal.SIGINT)
            child.communicate(timeout=60)
            best = min(best, 1000 * (time.perf_counter() - began))
            assert child.returncode in (0, 130), child.returncode
            if best <= 100:
                break
        assert best <= 250, (layout, best)  # with the end of the process


# fork --------------------------------------------------------------------------------------------------------------------------

FORKED = """
import os, signal, threading, bedplate as bp
signal.alarm(100)
con = bp.connect(config={"threads": 4, "morsel_rows": 1000})
con.execute("CREATE TABLE t AS SELECT i, i % 10 AS g, 'text ' || i AS s FROM range(200000) r(i)")
query = "SELECT g, sum(i), count(DISTINCT s) FROM t GROUP BY g ORDER BY g"
expected = con.execute(query).fetchall()
def work():
    mine = bp.connect(config={"threads": 3, "morsel_rows": 1000})
    while not stop:
        mine.execute("SELECT count(*) FROM range(100000) r(i) WHERE i % 3 = 0").fetchall()
stop = False
others = [threading.Thread(target=work, daemon=True) for _ in range(2)]
for other in others: other.start()
for _ in range(30):
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        fine = con.execute(query).fetchall() == expected and bp.connect().execute("SELECT 1").fetchall() == [(1,)]
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(0 if con.execute(query).fetchall() == expected else 1)
        fine = fine and os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]) == 0
        os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert con.execute(query).fetchall() == expected
stop = True
for other in others: other.join()
print("fine")
"""


def test_fork_under_load():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], capture_output=True, text=True, timeout=200)
    assert done.stdout.strip() == "fine", done.stderr[-2000:]


STACK = """
import threading, sys, bedplate as bp
sys.path.insert(0, {folder!r})
threading.stack_size(128 * 1024)
import test_hostile
failed = []
def work():
    con = bp.connect()
    for name, make in test_hostile.NESTED.items():
        for depth in (60, 333, 499, 998, 1000, 5000):
            test_hostile.run(con, make(depth))
    for sql, rows in test_hostile.LONG.values():
        test_hostile.run(con, sql)
    for name, make in test_hostile.LENGTHS.items():
        test_hostile.run(con, make(64))
        test_hostile.run(con, make(1000))
    print("fine")
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def test_a_stack_of_128_kib():
    """Python's own frames are on it too. What C alone needs is tested by the step unit-small-stack."""
    program = STACK.format(folder=os.path.dirname(os.path.abspath(__file__)))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0 and done.stdout.strip() == "fine", (done.returncode, done.stderr[-2000:])
